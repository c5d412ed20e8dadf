/** Policies: which applies to what, and how an operator's merges with an ordinary one. */
import type { FieldValue, PolicySettings, Table, Version } from '../config.ts';
import { own } from '../routing/explain-headers.ts';
import type { QueueType } from './arguments.ts';
import { compare } from './bindings.ts';
import { policyProblem } from './policy-keys.ts';

/** Keys that a type of queue cannot have by policy: a policy with one of them does not apply to it at all. */
const UNSUPPORTED: Readonly<Record<QueueType, readonly string[]>> = {
  classic: [
    'max-age',
    'stream-max-segment-size-bytes',
    'initial-cluster-size',
    'delivery-limit',
    'dead-letter-strategy',
    'target-group-size',
  ],
  quorum: ['queue-mode', 'max-age', 'stream-max-segment-size-bytes', 'initial-cluster-size'],
  stream: [
    'expires',
    'message-ttl',
    'dead-letter-exchange',
    'dead-letter-routing-key',
    'dead-letter-strategy',
    'max-length',
    'max-in-memory-length',
    'max-in-memory-bytes',
    'overflow',
    'queue-mode',
    'delivery-limit',
    'target-group-size',
  ],
};

function isUnsupported(version: Version, type: QueueType, key: string): boolean {
  if (version === '3.10' && type === 'classic' && key === 'queue-leader-locator') return true;
  if (version !== '3.10' && type === 'classic' && key.startsWith('max-in-memory-')) return true;
  return UNSUPPORTED[type].includes(key);
}

/** A thing that a policy may apply to. */
export type Subject =
  | { readonly kind: 'exchange'; readonly name: string }
  | { readonly kind: 'queue'; readonly name: string; readonly type: QueueType };

const TYPE_WORDS = { classic: 'classic_queues', quorum: 'quorum_queues', stream: 'streams' } as const;

function applies(policy: PolicySettings, subject: Subject, version: Version): boolean {
  const to = policy['apply-to'];
  if (subject.kind === 'exchange') {
    if (to !== 'all' && to !== 'exchanges') return false;
  } else {
    if (to !== 'all' && to !== 'queues' && to !== TYPE_WORDS[subject.type]) return false;
    if (Object.keys(policy.definition).some((key) => isUnsupported(version, subject.type, key))) return false;
  }
  return new RegExp(policy.pattern, 'u').test(subject.name);
}

/** A virtual host's policies, ordinary ones and operators'. */
export class Policies {
  private readonly version: Version;
  private readonly ordinary = new Map<string, PolicySettings>();
  private readonly operators = new Map<string, PolicySettings>();

  constructor(version: Version) {
    this.version = version;
  }

  /** @returns what is wrong with it; null: it holds now */
  set(policy: PolicySettings): string | null {
    const problem = policyProblem(policy, this.version);
    if (problem === null) this.of(policy.operator).set(policy.name, policy);
    return problem;
  }

  /** @returns whether there was one */
  clear(name: string, operator: boolean): boolean {
    return this.of(operator).delete(name);
  }

  list(operator: boolean): readonly PolicySettings[] {
    return [...this.of(operator).values()];
  }

  /** The one that applies: the highest priority; of equals, the first by name, which the server leaves open. */
  applied(subject: Subject, operator: boolean): PolicySettings | null {
    const found = this.list(operator).filter((policy) => applies(policy, subject, this.version));
    found.sort((a, b) => b.priority - a.priority || compare(a.name, b.name));
    return found[0] ?? null;
  }

  /** What an ordinary policy and an operator's say together. */
  definition(subject: Subject): Table {
    const merged: Record<string, FieldValue> = { ...this.applied(subject, false)?.definition };
    for (const [key, value] of Object.entries(this.applied(subject, true)?.definition ?? {})) {
      const before = own(merged, key);
      merged[key] = before === undefined ? value : mergeValue(key, before, value, this.version);
    }
    return merged;
  }

  private of(operator: boolean): Map<string, PolicySettings> {
    return operator ? this.operators : this.ordinary;
  }
}

/** Limits: the lower one. Where it is no limit, and of two lists of words, the operator's. */
function mergeValue(key: string, value: FieldValue, operator: FieldValue, version: Version): FieldValue {
  if (typeof value !== 'number' || typeof operator !== 'number') return operator;
  switch (key) {
    case 'queue-version':
      return operator;
    case 'delivery-limit':
      return lowerDeliveryLimit(value, operator, version);
    case 'target-group-size':
    case 'delayed-retry-min':
      return Math.max(value, operator);
    default:
      return Math.min(value, operator);
  }
}

/** since 4.0 a negative limit is none, and any other is lower. */
export function lowerDeliveryLimit(a: number, b: number, version: Version): number {
  return version !== '3.10' && (a < 0 || b < 0) ? Math.max(a, b) : Math.min(a, b);
}
