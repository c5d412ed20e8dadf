/**
 * Short runs made to be held to a real broker as well: each takes seconds, hangs on no latency and on no chance, and shows
 * itself in what clients see. Where something must have happened before something else there are seconds between the two;
 * a group's members begin together, so that they come into one generation; and what is committed hangs on no timer.
 */
import type { ScenarioInputOf } from '../schema.ts';

export type Input = ScenarioInputOf<'kafka'>;
type Client = Input['clients'][number];
export type Producer = Extract<Client, { role: 'producer' }>;
export type Consumer = Extract<Client, { role: 'consumer' }>;
export type Timed = NonNullable<Input['timeline']>[number];
type Topic = Input['system']['topics'][number];

/** What real brokers have for these runs, and the simulated ones too; Kafka's defaults take minutes. */
export const HELD_CONFIG = {
  'group.initial.rebalance.delay.ms': 1500,
  'log.retention.check.interval.ms': 1000,
  'log.initial.task.delay.ms': 500,
  'log.cleaner.backoff.ms': 1000,
  'broker.heartbeat.interval.ms': 1000,
  'broker.session.timeout.ms': 4000,
} as const;

/** The shortest there is; 7 days, looked at every 10 minutes, by default. */
export const SHORT_OFFSET_RETENTION = {
  'offsets.retention.minutes': 1,
  'offsets.retention.check.interval.ms': 1000,
} as const;

/** What they are started with. No run is so long that it would see offsets expire, but those that are made for it. */
export const STARTED_CONFIG = { ...HELD_CONFIG, ...SHORT_OFFSET_RETENTION } as const;

export const system = (topics: readonly Topic[], more: Partial<Input['system']> = {}): Input['system'] => ({
  broker: 'kafka',
  topics: [...topics],
  ...more,
  config: { ...HELD_CONFIG, ...more.config },
});

/** Sends what the timeline tells it to, and nothing else. */
export const sender = (id: string, topic: string, more: Partial<Producer> = {}): Producer => ({
  id,
  role: 'producer',
  topic,
  load: { ratePerSecond: 0 },
  ...more,
});

export const send = (
  atMs: number,
  client: string,
  key: string | null,
  count = 1,
  value?: string | null,
): Timed => ({
  atMs,
  action: { do: 'produce', client, key, count, ...(value === undefined ? {} : { value }) },
});

/** One record after another, so far apart that each is a batch of its own. */
export const inTurn = (fromMs: number, client: string, keys: readonly string[], everyMs = 100): Timed[] =>
  keys.map((key, i) => send(fromMs + i * everyMs, client, key));

export const reader = (
  id: string,
  group: string,
  topic: string,
  config: Consumer['config'] = {},
  more: Partial<Consumer> = {},
): Consumer => ({
  id,
  role: 'consumer',
  group,
  topics: [topic],
  processingMs: 5,
  commit: 'after-each',
  ...more,
  config: {
    'auto.offset.reset': 'earliest',
    'enable.auto.commit': false,
    ...(config['group.protocol'] === 'consumer'
      ? {}
      : {
          'partition.assignment.strategy': ['range'],
          'session.timeout.ms': 6000,
          'heartbeat.interval.ms': 500,
        }),
    ...config,
  },
});

export const held = (
  id: string,
  title: string,
  rest: Pick<Input, 'system' | 'clients' | 'timeline' | 'durationMs'>,
): Input => ({
  version: 1,
  id: `kafka-held-${id}`,
  title,
  network: { latencyMs: 1 },
  seed: 1,
  ...rest,
});

/**
 * Of three partitions, murmur2 sends A and B to orders-1, D to orders-0, F to orders-2. Most orders are A's, and then come
 * payments with many keys.
 */
const keysScenario = held('keys', 'Keys, one of them hot, and one consumer too many', {
  system: system(['orders', 'payments'].map((name) => ({ name, partitions: 3 }))),
  clients: [
    sender('orders-api', 'orders', {
      load: { ratePerSecond: 25, count: 50 },
      keys: { kind: 'zipf', keys: ['A', 'B', 'C', 'D', 'E', 'F'], skew: 1.5 },
    }),
    // When the other has sent all: messages are numbered as they are sent.
    sender('payments-api', 'payments', {
      startMs: 3200,
      load: { ratePerSecond: 60, count: 90 },
      keys: { kind: 'uniform', keys: Array.from({ length: 45 }, (_, i) => `payment-${i + 1}`) },
    }),
    ...['c0', 'c1', 'c2', 'c3'].map((id) =>
      reader(id, 'billing', 'orders', {}, { topics: ['orders', 'payments'], startMs: 5500 }),
    ),
  ],
  durationMs: 12_000,
});

const twoGroupsScenario = held('two-groups', 'Two groups, the second when the first has read', {
  system: system([{ name: 'orders', partitions: 2 }]),
  clients: [
    sender('orders-api', 'orders', {
      load: { ratePerSecond: 10, count: 12 },
      keys: { kind: 'cycle', keys: ['A', 'D'] },
    }),
    reader('b0', 'billing', 'orders', {}, { startMs: 2000 }),
    reader('a0', 'audit', 'orders', {}, { startMs: 7000 }),
  ],
  durationMs: 12_000,
});

/**
 * The producer asks for metadata every second, and is silent while it may or may not know. A group has not begun when the
 * topic grows; who has the old partitions of it is slow, and who has the new ones reads what comes at once.
 */
const newPartitionsScenario = held('new-partitions', 'Two partitions become four', {
  system: system([{ name: 'orders', partitions: 2 }]),
  clients: [
    sender('orders-api', 'orders', { config: { 'metadata.max.age.ms': 1000 } }),
    ...['c0', 'c1'].map((id) =>
      reader(
        id,
        'billing',
        'orders',
        { 'max.poll.records': 1 },
        { startMs: 3500, processingMs: id === 'c0' ? 1000 : 5 },
      ),
    ),
  ],
  timeline: [
    ...inTurn(1000, 'orders-api', ['A', 'B', 'C', 'D', 'E', 'F']),
    { atMs: 2500, action: { do: 'create-partitions', topic: 'orders', total: 4 } },
    ...inTurn(7000, 'orders-api', ['A', 'B', 'C', 'D', 'E', 'F']),
  ],
  durationMs: 19_000,
});

/**
 * Two members, a third, and the first of them goes. Under KIP-848 the third would get its share from both in either order,
 * and who inherits hangs on member ids, which are random: there it is two, and the second comes when the first has all.
 */
const joining = (id: string, title: string, config: Consumer['config']): Input =>
  held(id, title, {
    system: system([{ name: 'orders', partitions: 6 }], {
      config: { 'group.consumer.heartbeat.interval.ms': 1000 },
    }),
    clients: [
      sender('orders-api', 'orders', {
        load: { ratePerSecond: 20, count: 12 },
        keys: { kind: 'cycle', keys: ['A', 'D', 'E', 'F', 'H'] },
      }),
      reader('c0', 'billing', 'orders', config, { startMs: 1500 }),
      reader('c1', 'billing', 'orders', config, { startMs: config?.['group.protocol'] ? 4000 : 1500 }),
      ...(config?.['group.protocol'] ? [] : [reader('c2', 'billing', 'orders', config, { startMs: 8000 })]),
    ],
    timeline: [{ atMs: 13_000, action: { do: 'close', target: 'c0' } }],
    durationMs: 17_000,
  });

const assignors = (['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const).map((strategy) =>
  joining(strategy, `A member joins, another goes: ${strategy}`, {
    'partition.assignment.strategy': [strategy],
  }),
);
const kip848Scenario = joining('kip-848', 'A member joins, another goes: KIP-848', {
  'group.protocol': 'consumer',
});

/**
 * As in kafka-commits: three groups differ in when they commit, and a member of each dies with the second of its batches
 * in hand, one of whose records is done.
 */
const commitsScenario = held('commits', 'A crash, and three times to commit', {
  system: system([{ name: 'orders', partitions: 2 }]),
  clients: [
    sender('orders-api', 'orders', {
      load: { ratePerSecond: 10, count: 14 },
      keys: { kind: 'cycle', keys: ['A', 'D'] },
    }),
    ...(
      [
        ['auto-commit', 'a', 'after-batch', true],
        ['commit-after', 'w', 'after-batch', false],
        ['commit-before', 'b', 'before-batch', false],
      ] as const
    ).flatMap(([group, letter, commit, auto]) =>
      [0, 1].map((n) =>
        reader(
          `${letter}${n}`,
          group,
          'orders',
          {
            'enable.auto.commit': auto,
            // Nothing of it before the crash.
            'auto.commit.interval.ms': 15_000,
            'max.poll.records': 3,
            'heartbeat.interval.ms': 2000,
          },
          { startMs: 1000, processingMs: 1500, commit },
        ),
      ),
    ),
  ],
  // They read from 4 s on; four records later, and far from both ends of the fifth.
  timeline: ['a', 'w', 'b'].map((letter) => ({
    atMs: 11_200,
    action: { do: 'crash' as const, target: `${letter}1` },
  })),
  durationMs: 32_000,
});

/** A poll() every three seconds, an interval of four: every other one commits what earlier ones returned. */
const autoCommitScenario = held('auto-commit', 'When auto-commit commits', {
  system: system([{ name: 'orders', partitions: 1 }]),
  clients: [
    sender('orders-api', 'orders', {
      load: { ratePerSecond: 10, count: 8 },
      keys: { kind: 'cycle', keys: ['A', 'B'] },
    }),
    reader(
      'c0',
      'billing',
      'orders',
      { 'enable.auto.commit': true, 'auto.commit.interval.ms': 4000, 'max.poll.records': 2 },
      { startMs: 500, processingMs: 1500 },
    ),
  ],
  timeline: [
    { atMs: 13_700, action: { do: 'crash', target: 'c0' } },
    { atMs: 15_000, action: { do: 'restart', target: 'c0' } },
  ],
  durationMs: 28_000,
});

const replicated = (name: string): Topic => ({
  name,
  partitions: 1,
  replicationFactor: 3,
  replicas: [[1, 2, 3]],
  config: { 'min.insync.replicas': 2 },
});

/** Reads by assign() and commits nothing: what it is given is what the log has. */
export const audit = (topic: string): Consumer =>
  reader('audit', 'audit', topic, {}, { assign: [`${topic}-0`], commit: 'never' });

/** The leader is killed: before that, meanwhile, and under the next leader acks=all is sent. */
const leaderScenario = held('leader', 'A leader is killed', {
  system: system([replicated('orders')], { brokers: 3 }),
  clients: [sender('acks-all', 'orders', { config: { acks: 'all' } }), audit('orders')],
  timeline: [
    ...inTurn(1500, 'acks-all', ['A', 'B', 'C']),
    { atMs: 3500, action: { do: 'crash', target: 'broker-1' } },
    send(4500, 'acks-all', 'D'),
    ...inTurn(12_000, 'acks-all', ['E', 'F', 'G']),
  ],
  durationMs: 16_000,
});

const KINDS = ['plain', 'idempotent'] as const;

/** The broker stands still with a request unread for longer than the producer waits; both copies are there when it goes on. */
const idempotenceScenario = held('idempotence', 'A retry, with idempotence and without', {
  system: system(KINDS.map((name) => ({ name, partitions: 1 }))),
  clients: [
    ...KINDS.map((kind) =>
      sender(kind, kind, {
        config: {
          'enable.idempotence': kind === 'idempotent',
          'linger.ms': 0,
          'max.in.flight.requests.per.connection': 1,
          'request.timeout.ms': 1500,
        },
      }),
    ),
    ...KINDS.map((kind) => reader(`reads-${kind}`, `reads-${kind}`, kind)),
  ],
  timeline: [
    ...KINDS.flatMap((kind) => inTurn(4000, kind, ['A', 'B'])),
    { atMs: 5000, action: { do: 'pause', target: 'broker-1' } },
    ...KINDS.flatMap((kind) => inTurn(5200, kind, ['C', 'D', 'E'])),
    { atMs: 7900, action: { do: 'resume', target: 'broker-1' } },
    ...KINDS.flatMap((kind) => inTurn(12_000, kind, ['F'])),
  ],
  durationMs: 15_000,
});

const transactional = (id: string, more: Partial<Producer>): Producer =>
  sender(id, 'orders', { config: { 'transactional.id': 'payments-1' }, ...more });

const isolated = (id: string, isolation: 'read_committed' | 'read_uncommitted'): Consumer =>
  reader(id, id, 'orders', { 'isolation.level': isolation });

/** Three transactions of three, the second of them aborted, and records outside of any. */
const transactionsScenario = held('transactions', 'Committed, aborted, and outside of any', {
  system: system([{ name: 'orders', partitions: 1 }]),
  clients: [
    transactional('payments', { transaction: { records: 3, abortEvery: 2, openMs: 1000 } }),
    sender('shop', 'orders'),
    isolated('dashboard', 'read_uncommitted'),
    isolated('ledger', 'read_committed'),
  ],
  timeline: [
    send(1500, 'shop', 'D'),
    ...inTurn(4000, 'payments', ['A', 'A', 'A']),
    send(4600, 'shop', 'E'),
    ...inTurn(7000, 'payments', ['B', 'B', 'B']),
    send(7600, 'shop', 'F'),
    ...inTurn(10_000, 'payments', ['C', 'C', 'C']),
  ],
  durationMs: 14_000,
});

/** The first has a transaction open when the second says that it is the same one. */
const zombieScenario = held('zombie', 'Two producers with one transactional.id', {
  system: system([{ name: 'orders', partitions: 1 }]),
  clients: [
    transactional('p1', { transaction: { records: 4 } }),
    transactional('p2', { startMs: 5000, transaction: { records: 2 } }),
    isolated('ledger', 'read_committed'),
  ],
  timeline: [...inTurn(2000, 'p1', ['A', 'A']), ...inTurn(8000, 'p2', ['B', 'B']), send(10_000, 'p1', 'A')],
  durationMs: 14_000,
});

const replayScenario = held('replay', 'Back to the beginning, and to a time', {
  system: system([{ name: 'orders', partitions: 2 }]),
  clients: [
    sender('shop', 'orders'),
    reader('billing', 'billing', 'orders'),
    reader('audit', 'audit', 'orders'),
  ],
  timeline: [
    ...inTurn(1000, 'shop', ['A', 'D', 'A', 'D', 'A', 'D']),
    ...inTurn(4500, 'shop', ['A', 'D', 'A', 'D']),
    { atMs: 7000, action: { do: 'seek', client: 'billing', to: { kind: 'beginning' } } },
    { atMs: 9000, action: { do: 'pause-partitions', client: 'billing', places: ['orders-0'] } },
    ...inTurn(10_000, 'shop', ['A', 'D', 'A', 'D']),
    { atMs: 12_000, action: { do: 'resume-partitions', client: 'billing', places: ['orders-0'] } },
    { atMs: 14_000, action: { do: 'seek', client: 'billing', to: { kind: 'time', atMs: 3000 } } },
  ],
  durationMs: 17_000,
});

const resetScenario = held('reset', 'Where a new group begins', {
  system: system([{ name: 'orders', partitions: 1 }]),
  clients: [
    sender('shop', 'orders'),
    ...(
      [
        ['latest', 'latest'],
        ['earliest', 'earliest'],
        ['none', 'none'],
        ['recent', 'by_duration:PT6S'],
      ] as const
    ).map(([id, reset]) => reader(id, id, 'orders', { 'auto.offset.reset': reset }, { startMs: 6000 })),
  ],
  timeline: [
    ...inTurn(1000, 'shop', ['A', 'B']),
    ...inTurn(5000, 'shop', ['C', 'D']),
    ...inTurn(11_000, 'shop', ['E', 'F']),
  ],
  durationMs: 14_000,
});

/**
 * The first worker waits for the partition, takes a record that was there before it and needs seconds for it; the second
 * has the partition at once, and takes what comes behind.
 */
const shareScenario = held('share-group', 'A slow worker and a quick one', {
  system: system([{ name: 'jobs', partitions: 1 }], { config: { 'share.auto.offset.reset': 'earliest' } }),
  clients: [
    sender('shop', 'jobs'),
    ...(
      [
        ['w1', 1000, 10_000],
        ['w2', 8000, 100],
      ] as const
    ).map(([id, startMs, processingMs]): Client => ({
      id,
      role: 'share-consumer',
      group: 'workers',
      topics: ['jobs'],
      startMs,
      processingMs,
      config: { 'share.acknowledgement.mode': 'explicit', 'max.poll.records': 1 },
    })),
  ],
  timeline: [send(400, 'shop', 'A'), ...inTurn(9500, 'shop', ['B', 'C', 'D', 'E', 'F'], 300)],
  durationMs: 20_000,
});

/** Values of keys, a tombstone, and a record that closes their segment; a reader comes when the cleaner has been there. */
const compactionScenario = held('compaction', 'What a compacted topic still has', {
  system: system([
    {
      name: 'prices',
      partitions: 1,
      config: { 'cleanup.policy': 'compact', 'segment.ms': 1000, 'min.cleanable.dirty.ratio': 0.01 },
    },
  ]),
  clients: [sender('shop', 'prices'), reader('late', 'late', 'prices', {}, { startMs: 10_000 })],
  timeline: [
    send(1000, 'shop', 'A', 1, '1'),
    send(1100, 'shop', 'B', 1, '1'),
    send(1200, 'shop', 'A', 1, '2'),
    send(1300, 'shop', 'C', 1, '1'),
    send(1400, 'shop', 'A', 1, '3'),
    send(1500, 'shop', 'B', 1, '2'),
    send(4000, 'shop', 'D', 1, '1'),
  ],
  durationMs: 14_000,
});

export const heldScenarios: readonly Input[] = [
  keysScenario,
  twoGroupsScenario,
  newPartitionsScenario,
  ...assignors,
  kip848Scenario,
  commitsScenario,
  autoCommitScenario,
  leaderScenario,
  idempotenceScenario,
  transactionsScenario,
  zombieScenario,
  replayScenario,
  resetScenario,
  shareScenario,
  compactionScenario,
];
