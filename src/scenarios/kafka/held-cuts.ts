/**
 * Links held to a real broker: members of a group that are cut off for longer than their session and for less, producers
 * that are cut off when their records have been written and nobody has told them, and such as send into the cut and give the
 * connection up.
 */
import { held, inTurn, reader, send, sender, system, type Consumer, type Input, type Timed } from './held.ts';

const BROKERS = ['broker-1', 'broker-2', 'broker-3'] as const;

/** Of each client with each of the brokers. */
const links = (
  atMs: number,
  what: 'cut' | 'heal',
  clients: readonly string[],
  brokers: readonly string[] = BROKERS,
): Timed[] =>
  clients.flatMap((client) =>
    brokers.map((broker): Timed => ({ atMs, action: { do: what, between: [client, broker] } })),
  );

/** Works for two seconds on a record, and then commits. */
const member = (id: string, group: string, config: Consumer['config'], startMs: number): Consumer =>
  reader(id, group, 'orders', config, { startMs, processingMs: 2000 });

const KIP_848 = { 'group.protocol': 'consumer' as const };

/**
 * The second member of each group is cut off while it works on a record: it has done with it before its session runs out,
 * and cannot say so. Nothing is sent meanwhile: when it is back, it may be given that before it hears that it has lost its
 * partition, or not.
 */
const consumerScenario = held('cut-consumer', 'A member of a group is cut off', {
  system: system([{ name: 'orders', partitions: 2 }], {
    brokers: 3,
    config: { 'group.consumer.heartbeat.interval.ms': 1000, 'group.consumer.session.timeout.ms': 6000 },
  }),
  clients: [
    sender('shop', 'orders'),
    member('c0', 'classic', {}, 1500),
    member('c1', 'classic', {}, 1500),
    member('n0', 'kip-848', KIP_848, 1500),
    member('n1', 'kip-848', KIP_848, 4000),
  ],
  timeline: [
    ...inTurn(9500, 'shop', ['A', 'D']),
    ...inTurn(14_000, 'shop', ['A', 'D']),
    ...links(15_200, 'cut', ['c1', 'n1']),
    ...links(31_000, 'heal', ['c1', 'n1']),
    ...inTurn(38_000, 'shop', ['A', 'D']),
  ],
  durationMs: 42_000,
});

type Processor = Extract<Input['clients'][number], { role: 'processor' }>;

/**
 * Reads, works for three seconds and writes, one record to a transaction. What it reads comes a second late: when it is back it
 * hears what became of its partitions before it can read them again.
 */
const processor = (id: string): Processor => ({
  id,
  role: 'processor',
  startMs: 1500,
  group: 'invoicing',
  topics: ['orders'],
  to: 'invoices',
  processingMs: 3000,
  transaction: { records: 1 },
  consumer: {
    'auto.offset.reset': 'earliest',
    'partition.assignment.strategy': ['range'],
    'session.timeout.ms': 6000,
    'heartbeat.interval.ms': 500,
    'fetch.min.bytes': 10_000,
    'fetch.max.wait.ms': 1000,
  },
  producer: { 'transactional.id': id },
});

/** As above, and what the second one writes is in a transaction with how far it has read. */
const processorScenario = held('cut-processor', 'An application that reads and writes is cut off', {
  system: system(
    [
      { name: 'orders', partitions: 2 },
      { name: 'invoices', partitions: 1 },
    ],
    { brokers: 3 },
  ),
  clients: [
    sender('shop', 'orders'),
    processor('p0'),
    processor('p1'),
    ...(
      [
        ['ledger', 'read_committed'],
        ['dashboard', 'read_uncommitted'],
      ] as const
    ).map(([id, isolation]) =>
      reader(
        id,
        id,
        'invoices',
        { 'isolation.level': isolation },
        { assign: ['invoices-0'], commit: 'never' },
      ),
    ),
  ],
  timeline: [
    ...inTurn(9000, 'shop', ['A', 'D'], 2000),
    send(17_000, 'shop', 'D'),
    ...links(19_000, 'cut', ['p1']),
    ...links(35_000, 'heal', ['p1']),
    send(40_000, 'shop', 'D'),
  ],
  durationMs: 46_000,
});

/**
 * The second member of each group is cut off for four seconds while it works. A reader with a group of its own has less
 * patience with a commit than the cut lasts: it fails, and the next one has what this one had. (A reader of KIP-848 is told in
 * one wording or the other, as its threads come.)
 */
const brieflyScenario = held('cut-briefly', 'A member of a group is cut off for less than its session', {
  system: system([{ name: 'orders', partitions: 2 }], {
    brokers: 3,
    config: { 'group.consumer.heartbeat.interval.ms': 1000, 'group.consumer.session.timeout.ms': 6000 },
  }),
  clients: [
    sender('shop', 'orders'),
    member('c0', 'classic', {}, 1500),
    member('c1', 'classic', {}, 1500),
    member('n0', 'kip-848', KIP_848, 1500),
    member('n1', 'kip-848', KIP_848, 4000),
    member('ci', 'impatient', { 'default.api.timeout.ms': 2000 }, 1500),
  ],
  timeline: [
    send(11_000, 'shop', 'D'),
    ...links(12_200, 'cut', ['c1', 'n1', 'ci']),
    ...links(16_200, 'heal', ['c1', 'n1', 'ci']),
    send(19_000, 'shop', 'D'),
  ],
  durationMs: 23_000,
});

const KINDS = ['plain', 'idempotent', 'hasty'] as const;

/** Three producers with the same faults, a topic and a reader to each; of the topics broker-1 is the leader. */
const producers = (
  id: string,
  title: string,
  maxInFlight: number,
  timeline: readonly Timed[],
  durationMs: number,
): Input =>
  held(id, title, {
    system: system(
      KINDS.map((name) => ({ name, partitions: 1, replicationFactor: 3, replicas: [[1, 2, 3]] })),
      { brokers: 3 },
    ),
    clients: [
      ...KINDS.map((kind) =>
        sender(kind, kind, {
          config: {
            acks: 'all',
            'enable.idempotence': kind === 'idempotent',
            'linger.ms': 0,
            'max.in.flight.requests.per.connection': maxInFlight,
            'request.timeout.ms': 2000,
            ...(kind === 'hasty' ? { 'delivery.timeout.ms': 4000 } : {}),
          },
        }),
      ),
      ...KINDS.map((kind) =>
        reader(`reads-${kind}`, `reads-${kind}`, kind, {}, { assign: [`${kind}-0`], commit: 'never' }),
      ),
    ],
    timeline: [...timeline],
    durationMs,
  });

/**
 * A first cut, which begins when the leader has written a record of each and waits for followers that stand still: so its
 * answer goes into the cut, and the producers have waited long enough when it heals.
 */
const answerLost: readonly Timed[] = [
  ...KINDS.flatMap((kind) => inTurn(4000, kind, ['A', 'B'])),
  ...[2, 3].map((n): Timed => ({ atMs: 6000, action: { do: 'pause', target: `broker-${n}` } })),
  ...KINDS.map((kind) => send(7200, kind, 'C')),
  ...links(7600, 'cut', KINDS, ['broker-1']),
  ...[2, 3].map((n): Timed => ({ atMs: 8000, action: { do: 'resume', target: `broker-${n}` } })),
  ...KINDS.map((kind) => send(8500, kind, 'D')),
  ...links(13_000, 'heal', KINDS, ['broker-1']),
  ...KINDS.map((kind) => send(17_000, kind, 'E')),
];

/** One request at a time: what is sent during the cut waits in the producer. A second cut heals before they have waited. */
const producerScenario = producers(
  'cut-producer',
  'A producer is cut off from the leader',
  1,
  [
    ...answerLost,
    ...links(18_500, 'cut', KINDS, ['broker-1']),
    ...KINDS.map((kind) => send(19_000, kind, 'F')),
    ...links(20_000, 'heal', KINDS, ['broker-1']),
    ...KINDS.map((kind) => send(22_000, kind, 'G')),
  ],
  24_000,
);

/**
 * Several at a time: what is sent during the cut is in the connection when that is given up, and is carried out when the
 * link heals. It is one request of each: of several a broker that cannot answer the first may read no more.
 */
const givenUpScenario = producers(
  'cut-given-up',
  'A producer gives up the connection that it has sent into',
  5,
  answerLost,
  20_000,
);

export const heldCutScenarios: readonly Input[] = [
  consumerScenario,
  processorScenario,
  brieflyScenario,
  producerScenario,
  givenUpScenario,
];
