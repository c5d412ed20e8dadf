/**
 * A workload: what applications ask of a broker, whichever it is. Who publishes what and when, who reads it together with
 * whom, how long the work takes, what must survive, and what goes wrong. Nothing in it names a broker; each broker says in
 * its `carry.ts` by which rules it carries one.
 *
 * Times are of the run, from its beginning. Producers begin a little later (`startMs`), so that consumers have found one
 * another when the first message comes.
 */
import * as v from 'valibot';
import { load, processingMs, processingTimes } from './load.ts';
import { quoted } from './parts.ts';

export const WORKLOAD_VERSION = 1;

/** Audiences that one workload may have. */
export const AUDIENCES_MAX = 20;
/** Clients of one kind, and of all kinds together. */
const COUNT_MAX = 200;
const CLIENTS_MAX = 1000;
/** What one run can go through in minutes, and hold where all of it waits. */
const MESSAGES_MAX = 5_000_000;

const id = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,29}$/, 'expected 1 to 30 of a-z, 0-9 and hyphen, not starting with a hyphen'),
);
const count = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(COUNT_MAX)), 1);
const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86_400_000));
const number = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(COUNT_MAX));

/** Producers that are alike: each has the load for itself. */
export const producers = v.strictObject({
  id,
  count,
  startMs: v.optional(milliseconds, 10_000),
  load,
  /** `distinct` keys, the n-th with weight 1/n^skew: with skew 0 all are as frequent. Left out, messages have no keys. */
  keys: v.optional(
    v.strictObject({
      distinct: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
      skew: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(10)), 0),
    }),
  ),
  /** The size of each message. */
  bytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000)), 1000),
});

/** Consumers that share the reading: each message is for one of them. Every audience is to have every message. */
export const audience = v.strictObject({
  id,
  count,
  startMs: v.optional(milliseconds, 0),
  /** Of an audience that comes late: whether it wants what was published before. */
  wants: v.optional(v.picklist(['everything', 'new']), 'everything'),
  processingMs,
  processingTimes,
  /** The work on messages with the `key`-th key fails, each time or only so many times. */
  fails: v.optional(
    v.strictObject({
      key: v.pipe(v.number(), v.integer(), v.minValue(1)),
      times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    }),
  ),
});

const fault = {
  atMs: milliseconds,
  /**
   * `crash`: the process dies, and is started again `lastsMs` later. `pause`: it stands still, as in a long garbage collection.
   * `cut`: the network between it and every node.
   */
  fault: v.picklist(['crash', 'pause', 'cut']),
  /** Left out, it lasts to the end of the run. */
  lastsMs: v.optional(v.pipe(milliseconds, v.minValue(1))),
  /** Which of them, from 1. */
  number: v.optional(number, 1),
} as const;

export const faults = v.variant('of', [
  v.strictObject({ ...fault, of: v.literal('producer'), producers: id }),
  v.strictObject({ ...fault, of: v.literal('consumer'), audience: id }),
  v.strictObject({ ...fault, of: v.literal('node') }),
]);

export const workload = v.strictObject({
  version: v.literal(WORKLOAD_VERSION),
  id,
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  producers: v.pipe(v.array(producers), v.minLength(1), v.maxLength(20)),
  audiences: v.pipe(v.array(audience), v.minLength(1), v.maxLength(AUDIENCES_MAX)),
  /** `by-key`: an audience must work on messages of one producer and key in the order in which they were published. */
  order: v.optional(v.picklist(['none', 'by-key']), 'none'),
  /** What a confirmed message must survive: a restart of its node, or the loss of any one node for good. */
  survives: v.optional(v.picklist(['nothing', 'restart', 'node']), 'restart'),
  /**
   * How long a message must remain readable after it was published, for those who have read it and those who come late; 0: no
   * longer than somebody is owed it.
   */
  keepMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER)), 0),
  nodes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(9)), 1),
  /** Every link: one-way delay, up to how much more, and the chance that a segment is lost and sent again. */
  network: v.optional(
    v.strictObject({
      latencyMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(600_000)), 0.25),
      jitterMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(600_000)), 0),
      loss: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0),
    }),
    {},
  ),
  faults: v.optional(v.pipe(v.array(faults), v.maxLength(100)), []),
  durationMs: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400_000)),
  seed: v.optional(v.pipe(v.number(), v.safeInteger()), 1),
});

export type Workload = v.InferOutput<typeof workload>;
export type WorkloadInput = v.InferInput<typeof workload>;
export type Fault = v.InferOutput<typeof faults>;
export type Producers = v.InferOutput<typeof producers>;

/**
 * What no field can know by itself: that names are there to be used and are there once, that counts are enough.
 * @returns problems, each `path: what was expected, what there is`
 */
export function checkWorkload({
  producers,
  audiences,
  faults,
  survives,
  nodes,
  durationMs,
}: Workload): string[] {
  const problems: string[] = [];
  const counts = new Map<string, number>();
  const members = new Set<string>();
  const all = [...producers, ...audiences];
  for (const each of all) for (const member of memberIds(each)) members.add(member);
  const add = (list: string, { id, count }: { readonly id: string; readonly count: number }): void => {
    if (counts.has(id)) problems.push(`${list}.id: expected an id not used before, got "${id}"`);
    // A member's id may name a place of its own, which another's place must not be.
    else if (members.has(id))
      problems.push(`${list}.id: expected an id that no member of another has, got "${id}"`);
    counts.set(id, count);
  };
  producers.forEach((each, i) => add(`producers[${i}]`, each));
  audiences.forEach((each, i) => add(`audiences[${i}]`, each));
  const clients = all.reduce((sum, { count }) => sum + count, 0);
  if (clients > CLIENTS_MAX)
    problems.push(
      `producers, audiences: expected at most ${CLIENTS_MAX} of them by their counts together, got ${clients}`,
    );
  producers.forEach(({ load: { peak } }, i) => {
    if (peak && peak.untilMs <= peak.fromMs)
      problems.push(
        `producers[${i}].load.peak.untilMs: expected more than ${peak.fromMs}, its fromMs, got ${peak.untilMs}`,
      );
  });
  const messages = Math.round(producers.reduce((sum, each) => sum + offeredBy(each, durationMs), 0));
  if (messages > MESSAGES_MAX)
    problems.push(
      `producers: expected at most ${MESSAGES_MAX} messages in one run, got about ${messages}: a lower rate or a shorter durationMs`,
    );
  const keys = Math.max(0, ...producers.map((each) => each.keys?.distinct ?? 0));
  audiences.forEach(({ fails }, i) => {
    if (fails && fails.key > keys)
      problems.push(
        `audiences[${i}].fails.key: expected at most ${keys}, the keys there are, got ${fails.key}`,
      );
  });
  if (survives === 'node' && nodes < 3)
    problems.push(`nodes: expected at least 3 where survives is "node", got ${nodes}`);
  faults.forEach((fault, i) => {
    const path = `faults[${i}]`;
    if (fault.of === 'node') {
      if (fault.number > nodes)
        problems.push(`${path}.number: expected at most ${nodes}, got ${fault.number}`);
      return;
    }
    const [field, id, known] =
      fault.of === 'producer'
        ? (['producers', fault.producers, producers] as const)
        : (['audience', fault.audience, audiences] as const);
    if (!known.some((each) => each.id === id))
      problems.push(`${path}.${field}: expected one of ${quoted(known.map((each) => each.id))}, got "${id}"`);
    else if (fault.number > counts.get(id)!)
      problems.push(`${path}.number: expected at most ${counts.get(id)!}, got ${fault.number}`);
  });
  return problems;
}

/** How many messages producers that are alike bring in a run, about: a peak counts at its height, bursts on average. */
function offeredBy({ count, startMs, load }: Producers, durationMs: number): number {
  const { ratePerSecond, bursts, peak, untilMs = durationMs } = load;
  const endMs = Math.min(untilMs, durationMs);
  const overlap = (from: number, until: number): number =>
    Math.max(0, Math.min(until, endMs) - Math.max(from, startMs));
  const share = bursts ? Math.min(1, bursts.lastsMs / bursts.everyMs) : 0;
  const extra = peak ? (peak.factor - 1) * overlap(peak.fromMs, peak.untilMs) : 0;
  const workMs = (overlap(0, endMs) + extra) * (1 + share * ((bursts?.factor ?? 1) - 1));
  return count * Math.min(load.count ?? Infinity, (ratePerSecond * workMs) / 1000);
}

/** The id of a client: the same on every broker, so that runs can be laid beside one another. */
export function memberId(id: string, number: number): string {
  return `${id}-${number}`;
}

/** Ids of the consumers of an audience, or of producers that are alike. */
export function memberIds({ id, count }: { readonly id: string; readonly count: number }): string[] {
  return Array.from({ length: count }, (_, i) => memberId(id, i + 1));
}

/** @param rank from 1: the first is the most frequent where they differ */
export function keyName(rank: number): string {
  return `k${rank}`;
}

/** The keys in the words of every broker's load; a key is `k` and its rank. */
export function keysOf({
  keys,
}: Producers):
  | { readonly kind: 'none' }
  | { readonly kind: 'uniform'; readonly keys: string[] }
  | { readonly kind: 'zipf'; readonly keys: string[]; readonly skew: number } {
  if (!keys) return { kind: 'none' };
  const names = Array.from({ length: keys.distinct }, (_, i) => keyName(i + 1));
  return keys.skew === 0 ? { kind: 'uniform', keys: names } : { kind: 'zipf', keys: names, skew: keys.skew };
}

/**
 * The faults as a scenario's timeline has them. Of faults of one kind that overlap on one process or link, each lasts as long
 * as it says: together they are one that lasts until the last is over.
 * @param nodes the nodes' names on this broker, the first first
 * @param others processes of the broker that are no nodes of the workload, and from which a node that is cut off is cut off too
 */
export function timelineOf(
  { faults }: Workload,
  nodes: readonly string[],
  others: readonly string[] = [],
): TimelineEntry[] {
  const troubles = new Map<string, Trouble>();
  const add = (
    key: string,
    { atMs, lastsMs = Infinity }: Fault,
    begin: TimelineEntry['action'],
    end: TimelineEntry['action'],
  ): void => {
    const trouble = troubles.get(key) ?? { begin, end, spans: [] };
    trouble.spans.push({ from: atMs, until: atMs + lastsMs });
    troubles.set(key, trouble);
  };
  for (const fault of faults) {
    const target = targetOf(fault, nodes);
    if (fault.fault === 'crash')
      add(`crash ${target}`, fault, { do: 'crash', target }, { do: 'restart', target });
    else if (fault.fault === 'pause')
      add(`pause ${target}`, fault, { do: 'pause', target }, { do: 'resume', target });
    else
      for (const other of fault.of === 'node' ? [...nodes, ...others] : nodes) {
        if (other === target) continue;
        const between: [string, string] = [target, other];
        add([target, other].sort().join(' '), fault, { do: 'cut', between }, { do: 'heal', between });
      }
  }
  return [...troubles.values()]
    .flatMap(({ begin, end, spans }) =>
      joined(spans).flatMap(({ from, until }) => [
        { atMs: from, action: begin },
        ...(until === Infinity ? [] : [{ atMs: until, action: end }]),
      ]),
    )
    .sort((a, b) => a.atMs - b.atMs);
}

/** What goes wrong with one process or link, in one way, and when. */
interface Trouble {
  readonly begin: TimelineEntry['action'];
  readonly end: TimelineEntry['action'];
  readonly spans: Span[];
}

interface Span {
  readonly from: number;
  readonly until: number;
}

/** Spans that overlap or touch as one. */
function joined(spans: readonly Span[]): Span[] {
  const apart: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last && span.from <= last.until)
      apart.splice(-1, 1, { from: last.from, until: Math.max(last.until, span.until) });
    else apart.push(span);
  }
  return apart;
}

export interface TimelineEntry {
  readonly atMs: number;
  readonly action:
    | { readonly do: 'crash' | 'restart' | 'pause' | 'resume'; readonly target: string }
    | { readonly do: 'cut' | 'heal'; readonly between: [string, string] };
}

function targetOf(fault: Fault, nodes: readonly string[]): string {
  if (fault.of === 'node') return nodes[fault.number - 1]!;
  return memberId(fault.of === 'producer' ? fault.producers : fault.audience, fault.number);
}

// Rules of carrying.

/** One setting by the broker's own name. */
export interface CarriedSetting {
  readonly name: string;
  readonly value: string;
  /** What the broker has where nobody says anything; null where it has no default. */
  readonly default: string | null;
}

/**
 * How one thing that a workload asks is carried to a broker: what is made, with which settings, and why that is the fair
 * equivalent. Where there is a choice, the reader may make another one.
 */
export interface CarryRule {
  readonly id: string;
  /** What of the workload it carries. */
  readonly carries: string;
  /** What it becomes. */
  readonly made: string;
  readonly settings: readonly CarriedSetting[];
  /** Why that is the fair equivalent, and why settings that are not the broker's defaults are not. */
  readonly why: string;
  /** Empty where there is no choice. */
  readonly options: readonly { readonly id: string; readonly label: string }[];
  /** The option that holds; null where there is no choice. */
  readonly chosen: string | null;
}

/** Rule id to option id; what is left out is as the rule says. */
export type CarryChoices = Readonly<Record<string, string>>;

/** A workload on one broker: a scenario's fields but for its version, and the rules by which it was made. */
export interface Carried<System, Client> {
  readonly scenario: {
    readonly id: string;
    readonly title: string;
    readonly system: System;
    readonly clients: Client[];
    readonly network: Workload['network'];
    readonly timeline: TimelineEntry[];
    readonly durationMs: number;
    readonly seed: number;
  };
  readonly rules: readonly CarryRule[];
}

/**
 * What the reader chose, or what a rule says of itself.
 * @param own per rule with a choice, what holds where nobody chooses
 */
export function choose<Own extends Readonly<Record<string, string>>>(
  choices: CarryChoices,
  own: Own,
): { readonly [Rule in keyof Own]: string } {
  return { ...own, ...choices };
}

/** @returns for every choice that cannot be made, what could be */
export function checkChoices(choices: CarryChoices, rules: readonly CarryRule[]): string[] {
  const open = rules.filter(({ options }) => options.length > 0);
  return Object.entries(choices).flatMap(([id, option]) => {
    const rule = open.find((each) => each.id === id);
    if (!rule) return [`choices.${id}: expected one of ${quoted(open.map((each) => each.id))}`];
    if (rule.options.some((each) => each.id === option)) return [];
    return [`choices.${id}: expected one of ${quoted(rule.options.map((each) => each.id))}, got "${option}"`];
  });
}
