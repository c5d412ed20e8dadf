/** What holds for each queue, as the picture shows it: its arguments and the policies, merged as the broker does it. */
import { toMs, type Micros } from '../../../sim/time.ts';
import type { FieldValue, PolicySettings, RabbitmqSystem, Table } from '../config.ts';
import { limitsOf } from '../definitions/limits.ts';
import { Policies } from '../definitions/policies.ts';
import type { QueueLimitsView, QueueView } from '../view-types.ts';
import type { Event } from './event.ts';

export const NO_LIMITS: QueueLimitsView = Object.freeze({
  messageTtlMs: null,
  maxLength: null,
  maxLengthBytes: null,
  overflow: 'drop-head',
  deadLetterExchange: null,
  deadLetterRoutingKey: null,
  deliveryLimit: null,
  maxPriority: null,
  singleActiveConsumer: false,
});

export class Limits {
  readonly version: RabbitmqSystem['version'];
  private readonly policies: Policies;

  constructor({ version, policies }: RabbitmqSystem) {
    this.version = version;
    this.policies = new Policies(version);
    for (const policy of policies) this.policies.set(policy);
  }

  /** Names of all policies, those of operators too. */
  get names(): string[] {
    const all = [false, true].flatMap((operator) => this.policies.list(operator));
    return [...new Set(all.map(({ name }) => name))];
  }

  of(name: string, type: QueueView['type'], given: Table): QueueLimitsView {
    const policy = this.policies.definition({ kind: 'queue', name, type });
    const limits = limitsOf(this.version, { type, arguments: given, policy });
    return Object.freeze({
      messageTtlMs: millis(limits.messageTtl),
      maxLength: limits.maxLength,
      maxLengthBytes: limits.maxLengthBytes,
      overflow: limits.overflow,
      deadLetterExchange: limits.deadLetterExchange,
      deadLetterRoutingKey: limits.deadLetterRoutingKey,
      deliveryLimit: limits.deliveryLimit,
      maxPriority: limits.maxPriority === 0 ? null : limits.maxPriority,
      singleActiveConsumer: limits.singleActiveConsumer,
    });
  }

  /** an argument goes before a policy. */
  alternateOf(name: string, given: Table): string | null {
    const alternate =
      given['alternate-exchange'] ??
      this.policies.definition({ kind: 'exchange', name })['alternate-exchange'];
    return typeof alternate === 'string' ? alternate : null;
  }

  /** A policy was set, or taken back. */
  configured({ name, settings, policy }: Event<'configured'>): void {
    if (policy === undefined) {
      for (const operator of [false, true])
        if (this.policies.list(operator).some((one) => one.name === name))
          this.policies.clear(name, operator);
      return;
    }
    const definition = Object.fromEntries(settings.map(([key, value]) => [key, read(value)]));
    this.policies.set({ name, definition, ...policy } as PolicySettings);
  }
}

function millis(micros: Micros | null): number | null {
  return micros === null ? null : toMs(micros);
}

/** The trace has values as the tools print them: words as they are, the rest as JSON. */
function read(value: string | null): FieldValue {
  if (value === null) return null;
  return /^(-?\d|true$|false$)/.test(value) ? (JSON.parse(value) as FieldValue) : value;
}
