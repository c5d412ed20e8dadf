/**
 * Scenarios that are run on real brokers too, by broker. A scenario is on this list when its claims ask for nothing that
 * only virtual time or a simulated network could give: a virtual millisecond is a real one there, and links have no latency.
 * What else a scenario needs (a broker that may be killed, a plugin, several nodes) follows from what it says.
 */
import { VERSIONS } from '../brokers/rabbitmq/config.ts';
import type { Claim, Verdict } from '../claims/claim.ts';
import { formatSeconds } from '../sim/time.ts';
import type { TraceEvent } from '../sim/trace.ts';
import { claimsFor } from './library.ts';
import { run, traceOf } from './run.ts';
import { isOf, nodesOf, type BrokerId, type Scenario } from './schema.ts';

export const realScenarios: Readonly<Record<BrokerId, readonly string[]>> = {
  kafka: [
    'kafka-murmur2',
    'kafka-held-keys',
    'kafka-held-two-groups',
    'kafka-held-new-partitions',
    'kafka-held-range',
    'kafka-held-roundrobin',
    'kafka-held-sticky',
    'kafka-held-cooperative-sticky',
    'kafka-held-kip-848',
    'kafka-held-commits',
    'kafka-held-auto-commit',
    'kafka-held-leader',
    'kafka-held-acks',
    'kafka-held-idempotence',
    'kafka-held-transactions',
    'kafka-held-zombie',
    'kafka-held-exactly-once',
    'kafka-held-replay',
    'kafka-held-reset',
    'kafka-held-share-group',
    'kafka-held-compaction',
  ],
  rabbitmq: [
    'rabbitmq-exchange-types',
    'rabbitmq-unroutable',
    'rabbitmq-late-binding',
    'rabbitmq-consistent-hash',
    'rabbitmq-prefetch',
    'rabbitmq-backlog',
    'rabbitmq-single-active',
    'rabbitmq-exclusive',
    'rabbitmq-acks',
    'rabbitmq-deaths',
    'rabbitmq-ttl',
    'rabbitmq-overflow',
    'rabbitmq-priority',
    'rabbitmq-restart',
    'rabbitmq-leader-dies',
    'rabbitmq-quorum-overflow',
    'rabbitmq-stream',
    'beside-replay-rabbitmq',
  ],
};

/** The claims that can be judged on what clients of a real broker saw of this scenario. */
export function observableClaims(scenario: Scenario): Claim[] {
  return claimsFor(scenario).filter(({ observable }) => observable);
}

/** Whether something is done to a process of the broker, so that nobody else can use it meanwhile. */
export function hurtsBroker(scenario: Scenario): boolean {
  const nodes = nodesOf(scenario);
  return scenario.timeline.some(({ action }) => 'target' in action && nodes.includes(action.target));
}

/**
 * The scenario as this version of the broker would have it: a model that knows several is asked for the nearest that is not
 * newer, and for its oldest where all are.
 */
export function asOf(scenario: Scenario, version: string): Scenario {
  if (!isOf(scenario, 'rabbitmq')) return scenario;
  const order = ([major = 0, minor = 0]: number[]): number => major * 1000 + minor;
  const wanted = order(version.split('.').map(Number));
  const fits = VERSIONS.filter((known) => order(known.split('.').map(Number)) <= wanted).at(-1);
  return { ...scenario, system: { ...scenario.system, version: fits ?? VERSIONS[0] } };
}

/** A claim on both: the simulated run of a scenario, and what a real broker did with it. */
export interface Held {
  readonly claim: Claim;
  readonly simulated: Verdict;
  readonly real: Verdict;
}

/**
 * Judges every observable claim of a scenario on both.
 * @param real what clients of a real broker saw
 * @param version of that broker
 */
export function heldBy(scenario: Scenario, real: readonly TraceEvent[], version: string): Held[] {
  const judged = observableClaims(scenario);
  const { claims } = run(asOf(scenario, version), [], judged);
  return judged.map((claim, i) => {
    const fold = claim.judge();
    for (const event of real) fold.on(event);
    return { claim, simulated: claims[i]!.verdict, real: fold.verdict(true) };
  });
}

/** Headers as text: names in order, and without the moments that a broker writes into them. */
function timeless(headers: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(headers, (name, value: unknown) => {
    if (name === 'time') return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** What clients were told, whatever the moment and the order: which messages, by which places, with which answers. */
function told(trace: readonly TraceEvent[]): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>();
  const add = (what: string, value: string | number | null): void => {
    all.set(what, (all.get(what) ?? new Set<string>()).add(String(value)));
  };
  for (const event of trace) {
    switch (event.kind) {
      case 'publish-confirmed':
      case 'publish-failed':
      case 'returned':
        add(event.kind, event.message);
        break;
      case 'delivered':
        add(`given out by ${event.place}`, event.message);
        add(`headers in what ${event.place} gave out`, `${event.message} ${timeless(event.headers ?? {})}`);
        if (event.redelivered) add(`flagged as redelivered by ${event.place}`, event.message);
        break;
      case 'settled':
        add(`${event.outcome} in ${event.place}`, event.message);
        break;
      case 'error':
        add(`errors of ${event.client}`, `${event.code} ${event.detail}`);
    }
  }
  return all;
}

/**
 * What the clients of one were told and those of the other were not, beside what any claim asks.
 * @param real what clients of a real broker saw
 * @param version of that broker
 * @returns a line for each kind of answer in which they differ
 */
export function differences(scenario: Scenario, real: readonly TraceEvent[], version: string): string[] {
  const simulated = told(traceOf(asOf(scenario, version)));
  const seen = told(real);
  const lines: string[] = [];
  for (const what of new Set([...simulated.keys(), ...seen.keys()])) {
    const [ours, theirs] = [simulated, seen].map((one) => [...(one.get(what) ?? [])].sort().join(', '));
    if (ours !== theirs)
      lines.push(`${what}: on the simulator ${ours || 'none'}; on the real broker ${theirs || 'none'}`);
  }
  return lines;
}

/** @returns in what the model and the real broker part, or null where they agree */
export function parting({ claim, simulated, real }: Held): string | null {
  const needed = claim.scenarios !== 'every';
  for (const [where, verdict] of [
    ['the simulator', simulated],
    ['the real broker', real],
  ] as const) {
    if (verdict.status === 'fails') {
      const { at, text } = verdict.counterexample;
      return `${claim.id} fails on ${where}: ${text} (${formatSeconds(at)})`;
    }
    // A claim that is true of every run need not be shown by each of them.
    if (verdict.status === 'open' && needed)
      return `${claim.id} is not shown on ${where}: it waits for ${verdict.waitsFor}`;
  }
  return null;
}
