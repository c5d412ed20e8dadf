/**
 * Scenarios that are run on real brokers too, by broker. A scenario is on this list when its claims ask for nothing that
 * only virtual time or a simulated network could give: a virtual millisecond is a real one there, and links have no latency.
 * What else a scenario needs (a broker that may be killed, a plugin, several nodes) follows from what it says.
 */
import * as v from 'valibot';
import { serverConfig, VERSIONS } from '../brokers/rabbitmq/config.ts';
import type { Claim, Verdict } from '../claims/claim.ts';
import { formatSeconds } from '../sim/time.ts';
import type { EventBody, TraceEvent } from '../sim/trace.ts';
import { claimsFor } from './library.ts';
import { isDrawn, lasting } from './recording.ts';
import { run, traceOf } from './run.ts';
import { isOf, nodesOf, type BrokerId, type Scenario } from './schema.ts';

const RABBITMQ_DEFAULTS = JSON.stringify(v.parse(serverConfig, {}));

export const realScenarios: Readonly<Record<BrokerId, readonly string[]>> = {
  kafka: [
    'kafka-murmur2',
    'kafka-adaptive',
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
    'kafka-held-acks-zero',
    'kafka-held-idempotence',
    'kafka-held-transactions',
    'kafka-held-zombie',
    'kafka-held-exactly-once',
    'kafka-held-replay',
    'kafka-held-reset',
    'kafka-held-share-group',
    'kafka-held-compaction',
    'kafka-held-static',
    'kafka-held-static-kip-848',
    'kafka-held-server-uniform',
    'kafka-held-server-range',
    'kafka-held-min-isr',
    'kafka-held-retention',
    'kafka-offsets-expire',
    'kafka-offsets-kip-848',
    'kafka-held-keyless',
    'kafka-held-cut-consumer',
    'kafka-held-cut-processor',
    'kafka-held-cut-briefly',
    'kafka-held-cut-producer',
    'kafka-held-cut-given-up',
    'kafka-held-lag',
    'kafka-held-reset-tool',
    'kafka-held-late-poll',
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
    'rabbitmq-alarm',
    'rabbitmq-policy',
    'rabbitmq-timeout-43',
    'rabbitmq-timeout-310',
    'rabbitmq-transaction',
    'rabbitmq-cut-off',
    'rabbitmq-given-up',
    'rabbitmq-lost-on-the-way',
    'rabbitmq-poison-short',
    'rabbitmq-overload-short',
    'rabbitmq-majority',
    'rabbitmq-corners',
  ],
};

/** The claims that can be judged on what clients of a real broker saw of this scenario. */
export function observableClaims(scenario: Scenario): Claim[] {
  return claimsFor(scenario).filter(({ observable }) => observable);
}

/**
 * Whether something is done to a process of the broker, or set for all of it, or takes what it has once (Kafka's relays),
 * so that no other run can use it meanwhile.
 */
export function hurtsBroker(scenario: Scenario): boolean {
  const nodes = nodesOf(scenario);
  if (isOf(scenario, 'kafka') && scenario.network.links.length > 0) return true;
  if (isOf(scenario, 'rabbitmq') && JSON.stringify(scenario.system.config) !== RABBITMQ_DEFAULTS) return true;
  return scenario.timeline.some(
    ({ action }) =>
      ('target' in action && nodes.includes(action.target)) ||
      action.do === 'alarm' ||
      (action.do === 'cut' && isOf(scenario, 'kafka')),
  );
}

/** A number that grows with the version: `4.10.1` is newer than `4.9`. */
function orderOf(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
}

/**
 * The scenario as this version of the broker would have it: a model that knows several is asked for the nearest that is not
 * newer, and for its oldest where all are.
 */
export function asOf(scenario: Scenario, version: string): Scenario {
  if (!isOf(scenario, 'rabbitmq')) return scenario;
  const fits = VERSIONS.filter((known) => orderOf(known) <= orderOf(version)).at(-1);
  return { ...scenario, system: { ...scenario.system, version: fits ?? VERSIONS[0] } };
}

/**
 * Whether this version of the broker can show it: a scenario that says an older version than the newest is about what was
 * so in that one.
 */
export function fitsVersion(scenario: Scenario, version: string): boolean {
  if (!isOf(scenario, 'rabbitmq') || scenario.system.version === VERSIONS.at(-1)) return true;
  return version.startsWith(`${scenario.system.version}.`);
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
  const judged = observableClaims(scenario).filter(
    ({ since }) => since === undefined || orderOf(version) >= orderOf(since),
  );
  const { claims } = run(asOf(scenario, version), [], judged);
  return judged.map((claim, i) => {
    const fold = claim.judge();
    for (const event of real) fold.on(event);
    return { claim, simulated: claims[i]!.verdict, real: fold.verdict(true) };
  });
}

/**
 * Records whose partition is by lot: those without a key, for which one is drawn; and all of a producer that takes them in
 * turn, for the turns go by the order of the client's metadata, which is another one for each name of a topic.
 */
export function drawnIn(scenario: Scenario, trace: readonly EventBody[]): Set<number> {
  const drawers = new Map<string, 'without a key' | 'all'>();
  if (isOf(scenario, 'kafka'))
    for (const client of scenario.clients)
      if (client.role === 'producer' && client.partition === undefined)
        drawers.set(client.id, client.config['partitioner.class'] === undefined ? 'without a key' : 'all');
  const drawn = new Set<number>();
  for (const event of trace) {
    if (event.kind !== 'published') continue;
    const which = drawers.get(event.client);
    if (which === 'all' || (which === 'without a key' && event.key === null)) drawn.add(event.message);
  }
  return drawn;
}

/** Headers as text: names in order, and without the moments that a broker writes into them. */
function timeless(headers: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(headers, (name, value: unknown) => {
    if (name === 'time') return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Queues whose consumers have different priorities: which of them is given a message is promised there. */
function rankedIn(trace: readonly TraceEvent[]): Set<string> {
  const first = new Map<string, number>();
  const ranked = new Set<string>();
  for (const event of trace) {
    if (event.kind !== 'consuming-began') continue;
    const { place, priority = 0 } = event;
    if ((first.get(place) ?? priority) !== priority) ranked.add(place);
    first.set(place, priority);
  }
  return ranked;
}

/**
 * What clients were told, whatever the moment and the order: which messages, by which places, with which answers; of a group
 * who had which places, and where it began in each.
 */
function told(scenario: Scenario, trace: readonly TraceEvent[]): Map<string, Set<string>> {
  const drawn = drawnIn(scenario, trace);
  const ranked = rankedIn(trace);
  /** What a share group has is shared, and no client of a real one is told which places that are. */
  const sharers = new Set<string>();
  const all = new Map<string, Set<string>>();
  const add = (what: string, value: string | number | null): void => {
    all.set(what, (all.get(what) ?? new Set<string>()).add(String(value)));
  };
  for (const event of trace) {
    switch (event.kind) {
      case 'publish-confirmed':
      case 'returned':
        add(event.kind, event.message);
        break;
      case 'publish-failed':
        add(event.kind, `${event.message} ${lasting(event.error)}`);
        break;
      case 'delivered': {
        const place = isDrawn(event, drawn)
          ? event.place.slice(0, event.place.lastIndexOf('-'))
          : event.place;
        add(`given out by ${place} to ${event.group ?? event.client}`, event.message);
        if (ranked.has(place)) add(`given out by ${place} to ${event.client} by its priority`, event.message);
        add(`headers in what ${place} gave out`, `${event.message} ${timeless(event.headers ?? {})}`);
        if (event.redelivered) add(`flagged as redelivered by ${place}`, event.message);
        break;
      }
      case 'assigned':
        if (event.shared) sharers.add(event.client);
        // By a group that shares its places out; who takes them by assign() is told nothing.
        else if (event.generation >= 0)
          add(`places of ${event.client}`, `[${[...event.all].sort().join(' ')}] in ${event.generation}`);
        break;
      case 'revoked':
        if (sharers.has(event.client)) break;
        // Who has lost them is in no generation; Java’s client still tells the last that it was in.
        if (event.lost) add(`places that ${event.client} lost`, [...event.places].sort().join(' '));
        else if (event.generation >= 0)
          add(
            `places that ${event.client} gave up`,
            `[${[...event.places].sort().join(' ')}] in ${event.generation}`,
          );
        break;
      case 'positioned':
        add(
          `where ${event.client} began in ${event.place}`,
          `${event.position} (${event.by}${event.outOfRange ? ', out of range' : ''})`,
        );
        break;
      case 'settled':
        add(`${event.outcome} in ${event.place}`, event.message);
        break;
      case 'error':
        add(`errors of ${event.client}`, `${event.code} ${lasting(event.detail)}`);
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
  const simulated = told(scenario, traceOf(asOf(scenario, version)));
  const seen = told(scenario, real);
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
