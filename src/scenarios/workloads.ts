/**
 * The workloads that the book and its commands know by name. Each is one thing that brokers answer differently, or that
 * theory foretells; what must come of it on each broker, tests/unit/workloads says.
 */
import type { Workload, WorkloadInput } from '../brokers/workload.ts';
import { ownWorkload, type Choices } from './compare.ts';

export interface NamedWorkload {
  readonly workload: Workload;
  /** What it is to show, in one sentence. */
  readonly about: string;
  /** Choices that the point needs; elsewhere each broker's own rules hold. */
  readonly choices: Choices;
}

type Producers = WorkloadInput['producers'][number];
type Audience = WorkloadInput['audiences'][number];
type Parts = Partial<Omit<WorkloadInput, 'version'>>;
type Input = Omit<WorkloadInput, 'version'> & { readonly about: string; readonly choices?: Choices };

const SHOP: Producers = {
  id: 'shop',
  count: 2,
  load: { ratePerSecond: 100, arrivals: 'poisson', untilMs: 40_000 },
  keys: { distinct: 20 },
  bytes: 500,
};
const BILLING: Audience = { id: 'billing', count: 2, processingMs: 4 };

/** An ordinary one, which the others change in one respect: 200 orders a second, two consumers that work 4 ms on each. */
const ORDERS = {
  producers: [SHOP],
  audiences: [BILLING],
  order: 'by-key',
  durationMs: 50_000,
  seed: 1,
} satisfies Parts;

/** In a burst at the beginning of every fifth second there is always something in hand. */
const BURSTS: Producers[] = [
  {
    ...SHOP,
    load: {
      ratePerSecond: 60,
      arrivals: 'poisson',
      bursts: { everyMs: 5000, lastsMs: 500, factor: 8 },
      untilMs: 40_000,
    },
  },
];
/** In the middle of a burst. */
const CRASH_MS = 20_400;

/** More of them over a slower network: there is always something on the wire. */
const STREAM = {
  producers: [{ ...SHOP, load: { ratePerSecond: 400, arrivals: 'poisson', untilMs: 30_000 } }],
  audiences: [{ ...BILLING, processingMs: 1 }],
  network: { latencyMs: 10 },
} satisfies Parts;

const inputs: readonly Input[] = [
  {
    ...ORDERS,
    id: 'orders',
    title: 'Orders, billed in order',
    about: 'An ordinary day: both carry it, and nothing is lost, duplicated or out of order.',
  },
  {
    ...ORDERS,
    id: 'spike',
    title: 'A sale begins',
    about:
      'For five seconds ten times as many orders come as usual, three times what the consumers can do: who holds the backlog, and how long until it is gone.',
    producers: [
      {
        ...SHOP,
        load: {
          ratePerSecond: 75,
          arrivals: 'poisson',
          peak: { fromMs: 20_000, untilMs: 25_000, factor: 10 },
          untilMs: 50_000,
        },
      },
    ],
    durationMs: 70_000,
  },
  {
    ...ORDERS,
    id: 'skewed-keys',
    title: 'One customer orders more than all others',
    about:
      'Order by key ties a key to one consumer: the busiest key is all that one of them can do, while the others idle.',
    producers: [{ ...SHOP, keys: { distinct: 20, skew: 2 } }],
    audiences: [{ ...BILLING, count: 4, processingMs: 8 }],
  },
  {
    ...ORDERS,
    id: 'uneven-work',
    title: 'Some orders take much longer than others',
    about:
      'A long piece of work holds up what lies behind it in the same partition; a queue gives the next message to whoever is free.',
    producers: [
      { id: 'shop', count: 2, load: { ratePerSecond: 40, arrivals: 'poisson', untilMs: 40_000 }, bytes: 500 },
    ],
    audiences: [{ id: 'billing', count: 4, processingMs: 40, processingTimes: 'exponential' }],
    order: 'none',
    choices: { rabbitmq: { prefetch: '1' } },
  },
  {
    ...ORDERS,
    id: 'consumer-crash',
    title: 'A consumer dies at work',
    about:
      'What it had in hand is done again by another: RabbitMQ gives back what was not acknowledged, Kafka reads on from the last commit.',
    producers: BURSTS,
    faults: [
      { atMs: CRASH_MS, fault: 'crash', of: 'consumer', audience: 'billing', number: 1, lastsMs: 10_000 },
    ],
    durationMs: 100_000,
  },
  {
    ...ORDERS,
    id: 'at-most-once',
    title: 'A consumer dies after it said that it was done',
    about: 'Settled before the work is done, a message is never done twice, and what was in hand is lost.',
    producers: BURSTS,
    faults: [
      { atMs: CRASH_MS, fault: 'crash', of: 'consumer', audience: 'billing', number: 1, lastsMs: 1000 },
    ],
    choices: { kafka: { commit: 'before-batch' }, rabbitmq: { ack: 'auto' } },
    durationMs: 100_000,
  },
  {
    ...ORDERS,
    id: 'producer-crash',
    title: 'A producer dies',
    about: 'What it had not sent dies with it; what was confirmed stays.',
    faults: [{ atMs: 20_000, fault: 'crash', of: 'producer', producers: 'shop', number: 1, lastsMs: 2000 }],
  },
  {
    ...ORDERS,
    id: 'node-crash',
    title: 'One of three nodes is lost',
    about:
      'With replicas nothing that was confirmed is lost. Others go on, but not at once: Kafka waits until a node has been silent for its session, a queue of RabbitMQ for a consumer whose node may come back.',
    survives: 'node',
    nodes: 3,
    faults: [{ atMs: 20_000, fault: 'crash', of: 'node', number: 1, lastsMs: 20_000 }],
    durationMs: 100_000,
  },
  {
    ...ORDERS,
    id: 'node-restart',
    title: 'The only node restarts',
    about:
      'While it is away nobody is served. What was confirmed is on its disk; what was promised nowhere is gone.',
    faults: [{ atMs: 20_000, fault: 'crash', of: 'node', number: 1, lastsMs: 5000 }],
    durationMs: 100_000,
  },
  {
    ...ORDERS,
    ...STREAM,
    id: 'leader-only',
    title: 'Confirmed by one node alone',
    seed: 4,
    about:
      'What a confirm is worth when one node has the message, and that node is lost for good: Kafka forgets it and goes on, RabbitMQ waits for it.',
    nodes: 3,
    survives: 'node',
    faults: [{ atMs: 20_000, fault: 'crash', of: 'node', number: 1 }],
    choices: { kafka: { acks: '1' }, rabbitmq: { queue: 'classic' } },
    durationMs: 60_000,
  },
  {
    ...ORDERS,
    ...STREAM,
    id: 'fire-and-forget',
    title: 'Nobody is asked whether it arrived',
    about: 'Without confirms what is on the wire when a node dies is gone, and nobody is told.',
    survives: 'nothing',
    order: 'none',
    faults: [{ atMs: 20_000, fault: 'crash', of: 'node', number: 1, lastsMs: 5000 }],
    choices: { kafka: { acks: '0' }, rabbitmq: { confirms: 'off' } },
    durationMs: 60_000,
  },
  {
    ...ORDERS,
    id: 'competing',
    title: 'Order given up for speed',
    about:
      'Several consumers on one queue finish messages of a key in whatever order their work ends; several on one topic do not.',
    audiences: [{ ...BILLING, count: 4, processingMs: 8, processingTimes: 'exponential' }],
    order: 'none',
    producers: [{ ...SHOP, keys: { distinct: 5 } }],
  },
  {
    ...ORDERS,
    id: 'poison',
    title: 'A message that nobody can process',
    about:
      'A quorum queue gives it out twenty times more and puts it aside; in a partition everything behind it waits, or somebody skips it.',
    producers: [{ ...SHOP, keys: { distinct: 200 } }],
    audiences: [{ ...BILLING, fails: { key: 200 } }],
    survives: 'node',
    nodes: 3,
  },
  {
    ...ORDERS,
    id: 'two-audiences',
    title: 'Billing and analytics',
    about: 'Each has every message: from one log with two positions, or from two queues with a copy each.',
    audiences: [BILLING, { id: 'analytics', count: 1, processingMs: 2 }],
  },
  {
    ...ORDERS,
    id: 'replay',
    title: 'A new service wants the history',
    about: 'It comes when everything has been read. A log gives it all; a queue has nothing left.',
    audiences: [BILLING, { id: 'fraud', count: 1, startMs: 45_000, processingMs: 1 }],
    keepMs: 3_600_000,
    durationMs: 60_000,
  },
  {
    id: 'steady-100k',
    title: '100,000 messages a second',
    about: 'Four producers and four consumers at a rate that both can carry.',
    producers: [
      {
        id: 'sensors',
        count: 4,
        load: { ratePerSecond: 25_000, untilMs: 15_000 },
        keys: { distinct: 64 },
        bytes: 100,
      },
    ],
    audiences: [{ id: 'storage', count: 4, processingMs: 0.01 }],
    order: 'by-key',
    durationMs: 16_000,
  },
  {
    id: 'mm1',
    title: 'M/M/1',
    about: 'Poisson arrivals, exponential work, one consumer that is busy 70 % of the time.',
    producers: [{ id: 'source', load: { ratePerSecond: 70, arrivals: 'poisson' }, bytes: 100 }],
    audiences: [{ id: 'server', processingMs: 10, processingTimes: 'exponential' }],
    choices: { kafka: { linger: '0', partitions: 'one' } },
    durationMs: 610_000,
  },
  {
    id: 'md1',
    title: 'M/D/1',
    about: 'The same with work that always takes as long: the wait is half as long.',
    producers: [{ id: 'source', load: { ratePerSecond: 70, arrivals: 'poisson' }, bytes: 100 }],
    audiences: [{ id: 'server', processingMs: 10 }],
    choices: { kafka: { linger: '0', partitions: 'one' } },
    durationMs: 610_000,
  },
  {
    id: 'mmc',
    title: 'M/M/c',
    about:
      'Four consumers on one queue wait less than four queues with a consumer each, which is what four partitions are.',
    producers: [
      {
        id: 'source',
        load: { ratePerSecond: 280, arrivals: 'poisson' },
        keys: { distinct: 1000 },
        bytes: 100,
      },
    ],
    audiences: [{ id: 'server', count: 4, processingMs: 10, processingTimes: 'exponential' }],
    choices: { kafka: { linger: '0' }, rabbitmq: { prefetch: '1' } },
    durationMs: 310_000,
  },
];

export const workloads: ReadonlyMap<string, NamedWorkload> = new Map(
  inputs.map(({ about, choices = {}, ...input }) => [
    input.id,
    { workload: ownWorkload({ version: 1, ...input }), about, choices },
  ]),
);
