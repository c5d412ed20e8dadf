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
/** Clients of one kind. */
const COUNT_MAX = 200;

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
  /** How long a message must remain readable after everybody has read it; 0: it need not. */
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
export function checkWorkload({ producers, audiences, faults, survives, nodes }: Workload): string[] {
  const problems: string[] = [];
  const counts = new Map<string, number>();
  const add = (list: string, { id, count }: { readonly id: string; readonly count: number }): void => {
    if (counts.has(id)) problems.push(`${list}.id: expected an id not used before, got "${id}"`);
    counts.set(id, count);
  };
  producers.forEach((each, i) => add(`producers[${i}]`, each));
  audiences.forEach((each, i) => add(`audiences[${i}]`, each));
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

/** The faults as a scenario's timeline has them. @param nodes the nodes' names on this broker, the first first */
export function timelineOf({ faults }: Workload, nodes: readonly string[]): TimelineEntry[] {
  return faults
    .flatMap((fault) => {
      const target = targetOf(fault, nodes);
      const endsAt = fault.lastsMs === undefined ? null : fault.atMs + fault.lastsMs;
      if (fault.fault === 'cut') {
        return nodes
          .filter((node) => node !== target)
          .flatMap((node) =>
            pair(
              fault.atMs,
              endsAt,
              { do: 'cut', between: [target, node] },
              { do: 'heal', between: [target, node] },
            ),
          );
      }
      const [begin, end] =
        fault.fault === 'crash' ? (['crash', 'restart'] as const) : (['pause', 'resume'] as const);
      return pair(fault.atMs, endsAt, { do: begin, target }, { do: end, target });
    })
    .sort((a, b) => a.atMs - b.atMs);
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

function pair(
  atMs: number,
  endsAt: number | null,
  begin: TimelineEntry['action'],
  end: TimelineEntry['action'],
): TimelineEntry[] {
  return endsAt === null
    ? [{ atMs, action: begin }]
    : [
        { atMs, action: begin },
        { atMs: endsAt, action: end },
      ];
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
