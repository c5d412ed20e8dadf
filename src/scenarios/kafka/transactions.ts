/**
 * All or nothing: a producer that uses transactions beside one that does not, and two readers who differ in
 * `isolation.level` alone. Then an application that reads, works and writes, with transactions and without, and two
 * producers that say they are the same one.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Producer = Extract<Client, { role: 'producer' }>;
type Consumer = Extract<Client, { role: 'consumer' }>;

const VERSION = 1;

function system(...topics: string[]): ScenarioInputOf<'kafka'>['system'] {
  return {
    broker: 'kafka',
    topics: topics.map((name) => ({ name, partitions: 1 })),
    // Shorter than the default of 3000, so that the groups read before a reader has waited long.
    config: { 'group.initial.rebalance.delay.ms': 500 },
  };
}

const reader = (
  id: string,
  label: string,
  isolation: 'read_committed' | 'read_uncommitted',
  topics: string[],
): Consumer => ({
  id,
  role: 'consumer',
  label,
  group: id,
  topics,
  processingMs: 10,
  config: { 'auto.offset.reset': 'earliest', 'isolation.level': isolation, 'session.timeout.ms': 6000 },
});

const transactional = (id: string, label: string, key: string, more: Partial<Producer>): Producer => ({
  id,
  role: 'producer',
  label,
  topic: 'orders',
  load: { ratePerSecond: 1, arrivals: 'poisson', untilMs: 60_000 },
  keys: { kind: 'cycle', keys: [key] },
  config: { 'transactional.id': 'payments-1', 'transaction.timeout.ms': 10_000 },
  ...more,
});

export const transactionsScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-transactions',
  title: 'A transaction that stays open',
  system: system('orders'),
  clients: [
    // The timeout is 60 s by default; ten show the end of it within the run.
    transactional('payments', 'Payments', 'A', {
      transaction: { records: 3, abortEvery: 3, openMs: 1000 },
    }),
    {
      id: 'shop',
      role: 'producer',
      label: 'Shop',
      topic: 'orders',
      load: { ratePerSecond: 0.6, arrivals: 'poisson', untilMs: 60_000 },
      keys: { kind: 'cycle', keys: ['D'] },
    },
    reader('dashboard', 'Dashboard', 'read_uncommitted', ['orders']),
    reader('ledger', 'Ledger', 'read_committed', ['orders']),
  ],
  network: { latencyMs: 60, jitterMs: 30 },
  timeline: [
    // A long pause of the garbage collector, with a transaction open.
    { atMs: 20_000, action: { do: 'pause', target: 'payments' } },
    { atMs: 42_000, action: { do: 'resume', target: 'payments' } },
    { atMs: 45_000, action: { do: 'restart', target: 'payments' } },
  ],
  durationMs: 70_000,
  seed: 1,
};

const processor = (
  id: string,
  label: string,
  to: string,
  producer: Record<string, unknown>,
): Extract<Client, { role: 'processor' }> => ({
  id,
  role: 'processor',
  label,
  group: id,
  topics: ['orders'],
  to,
  processingMs: 600,
  transaction: { records: 3, abortEvery: 5, openMs: 300 },
  consumer: { 'auto.offset.reset': 'earliest', 'session.timeout.ms': 6000, 'max.poll.records': 3 },
  producer,
});

export const exactlyOnceScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-exactly-once',
  title: 'Read, work, write, crash',
  system: system('orders', 'invoices', 'receipts'),
  clients: [
    {
      id: 'shop',
      role: 'producer',
      label: 'Shop',
      topic: 'orders',
      load: { ratePerSecond: 1.2, arrivals: 'poisson', untilMs: 28_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E', 'F'] },
    },
    processor('invoicing', 'Invoicing', 'invoices', {
      'transactional.id': 'invoicing-1',
      'transaction.timeout.ms': 10_000,
    }),
    processor('receipting', 'Receipting', 'receipts', {}),
    reader('ledger', 'Ledger', 'read_committed', ['invoices', 'receipts']),
  ],
  network: { latencyMs: 60, jitterMs: 30 },
  timeline: [
    { atMs: 11_450, action: { do: 'crash', target: 'invoicing' } },
    { atMs: 11_450, action: { do: 'crash', target: 'receipting' } },
    { atMs: 13_500, action: { do: 'restart', target: 'invoicing' } },
    { atMs: 13_500, action: { do: 'restart', target: 'receipting' } },
  ],
  durationMs: 55_000,
  seed: 1,
};

/** The same transactional.id twice: the first one is paused in mid-transaction, and another is started in its place. */
export const zombieScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-zombie',
  title: 'Two producers with one transactional.id',
  system: system('orders'),
  clients: [
    transactional('p1', 'Payments, first', 'A', {
      load: { ratePerSecond: 1, untilMs: 25_000 },
      transaction: { records: 4 },
    }),
    transactional('p2', 'Payments, second', 'B', {
      startMs: 12_000,
      load: { ratePerSecond: 1, untilMs: 35_000 },
      transaction: { records: 4 },
    }),
    reader('ledger', 'Ledger', 'read_committed', ['orders']),
  ],
  network: { latencyMs: 60, jitterMs: 30 },
  timeline: [
    { atMs: 10_500, action: { do: 'pause', target: 'p1' } },
    { atMs: 18_000, action: { do: 'resume', target: 'p1' } },
  ],
  durationMs: 50_000,
  seed: 1,
};

/** O-9, offset by offset: T1 at 0, a plain record at 1, T2 at 2, T1 at 3, commit of T1 at 4, abort of T2 at 5. */
export const stableOffsetScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-stable-offset',
  title: 'Two transactions and the last stable offset',
  system: system('orders'),
  clients: [
    transactional('t1', 'T1', 'A', { load: { ratePerSecond: 0 }, transaction: { records: 2 } }),
    transactional('t2', 'T2', 'B', {
      load: { ratePerSecond: 0 },
      transaction: { records: 1, abortEvery: 1, openMs: 5000 },
      config: { 'transactional.id': 't2' },
    }),
    {
      id: 'plain',
      role: 'producer',
      label: 'Plain',
      topic: 'orders',
      load: { ratePerSecond: 0 },
    },
    reader('dashboard', 'Dashboard', 'read_uncommitted', ['orders']),
    reader('ledger', 'Ledger', 'read_committed', ['orders']),
  ],
  network: { latencyMs: 20, jitterMs: 5 },
  timeline: [
    { atMs: 3_000, action: { do: 'produce', client: 't1', key: 'A' } },
    { atMs: 4_000, action: { do: 'produce', client: 'plain', key: 'D' } },
    { atMs: 5_000, action: { do: 'produce', client: 't2', key: 'B' } },
    { atMs: 6_000, action: { do: 'produce', client: 't1', key: 'A' } },
  ],
  durationMs: 15_000,
  seed: 1,
};

export const transactionScenarios: readonly ScenarioInputOf<'kafka'>[] = [
  transactionsScenario,
  exactlyOnceScenario,
  zombieScenario,
  stableOffsetScenario,
];

const CONSUMER_CONTROLS = ['crash-consumer', 'restart-consumer', 'pause-consumer'] as const;
const PRODUCER_CONTROLS = ['pause-producer', 'crash-producer', 'restart-producer', 'produce-keyed'] as const;

export const transactionsExperiment: Experiment = {
  id: 'kafka-transactions',
  scenario: 'kafka-transactions',
  home: ['kafka-held-transactions', 'kafka-held-zombie'],
  title: 'A transaction that stays open',
  question: 'Who waits, and for what, while one producer keeps its transaction open?',
  posterMs: 29_000,
  speed: 1,
  stage: 'log',
  console: false,
  predict: {
    question:
      'Payments stands still with a transaction open. Shop, which uses none, goes on writing to the same partition. Ledger reads with read_committed and…',
    options: [
      {
        id: 'skips',
        text: 'reads Shop’s records, and Payments’ later, if they are committed',
        right: false,
        why: 'A partition is read in the order of its offsets. Ledger cannot pass an offset that may yet turn out to count.',
      },
      {
        id: 'waits',
        text: 'reads neither until the transaction is over',
        right: true,
        why: 'It is not given anything from the first record of the open transaction on, whoever wrote it: that offset is the last stable offset.',
      },
      {
        id: 'both',
        text: 'reads both, and is told later which to forget',
        right: false,
        why: 'That is what Dashboard does, with read_uncommitted, and nobody tells it later.',
      },
    ],
  },
  knobs: [
    {
      id: 'isolation',
      name: 'isolation.level',
      hint: 'What Ledger asks for',
      path: ['clients', { id: 'ledger' }, 'config', 'isolation.level'],
      options: [
        { id: 'read_committed', label: 'read_committed', value: 'read_committed' },
        { id: 'read_uncommitted', label: 'read_uncommitted (default)', value: 'read_uncommitted' },
      ],
    },
    {
      id: 'timeout',
      name: 'transaction.timeout.ms',
      hint: 'How long the coordinator lets a transaction stay open',
      path: ['clients', { id: 'payments' }, 'config', 'transaction.timeout.ms'],
      options: [
        { id: '5000', label: '5 000', value: 5000 },
        { id: '10000', label: '10 000', value: 10_000 },
        { id: '60000', label: '60 000 (default)', value: 60_000 },
      ],
    },
    {
      id: 'abort',
      name: 'aborts',
      hint: 'Which of its transactions Payments gives up',
      path: ['clients', { id: 'payments' }, 'transaction', 'abortEvery'],
      options: [
        { id: '0', label: 'none', value: 0 },
        { id: '3', label: 'every third', value: 3 },
        { id: '1', label: 'all', value: 1 },
      ],
    },
    {
      id: 'open',
      name: 'commit delay',
      hint: 'How long Payments waits between its last record and the end of a transaction',
      path: ['clients', { id: 'payments' }, 'transaction', 'openMs'],
      options: [
        { id: '0', label: 'none', value: 0 },
        { id: '1000', label: '1 s', value: 1000 },
        { id: '5000', label: '5 s', value: 5000 },
      ],
    },
  ],
  controls: [...PRODUCER_CONTROLS, ...CONSUMER_CONTROLS],
  claims: [
    'kafka.read-committed-hides-aborted',
    'kafka.read-uncommitted-shows-aborted',
    'kafka.committed-transaction-whole',
    'kafka.open-transaction-blocks',
    'kafka.markers-take-offsets',
    'kafka.silent-transaction-aborted',
  ],
};

export const exactlyOnceExperiment: Experiment = {
  id: 'kafka-exactly-once',
  scenario: 'kafka-exactly-once',
  home: ['kafka-held-exactly-once', 'kafka-held-cut-processor'],
  title: 'Read, work, write, crash',
  question:
    'Two applications crash between writing a result and saying how far they have read. Which results come twice?',
  posterMs: 20_500,
  speed: 1,
  stage: 'groups',
  console: false,
  predict: {
    question:
      'Both are restarted and read again what they had not committed. In the topics that they write to…',
    options: [
      {
        id: 'none',
        text: 'no result is there twice: their producers are idempotent',
        right: false,
        why: 'Idempotence recognizes a batch that is sent again by the same producer. After a restart the result is a new record of a new producer.',
      },
      {
        id: 'one',
        text: 'Receipting’s results are there twice, Invoicing’s too, but of those a reader is shown one',
        right: true,
        why: 'Both have written again. Invoicing’s first attempt belongs to a transaction that was aborted, so that read_committed passes over it.',
      },
      {
        id: 'rolled',
        text: 'Invoicing’s first results have been taken out again',
        right: false,
        why: 'Nothing is taken out of a log by an abort. The records stay, followed by a marker that says they do not count.',
      },
    ],
  },
  knobs: [
    {
      id: 'isolation',
      name: 'isolation.level',
      hint: 'What Ledger asks for',
      path: ['clients', { id: 'ledger' }, 'config', 'isolation.level'],
      options: [
        { id: 'read_committed', label: 'read_committed', value: 'read_committed' },
        { id: 'read_uncommitted', label: 'read_uncommitted (default)', value: 'read_uncommitted' },
      ],
    },
    {
      id: 'size',
      name: 'records in a transaction',
      hint: 'How many results Invoicing commits together',
      path: ['clients', { id: 'invoicing' }, 'transaction', 'records'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '3', label: '3', value: 3 },
        { id: '10', label: '10', value: 10 },
      ],
    },
  ],
  controls: [...CONSUMER_CONTROLS, 'produce-keyed'],
  claims: ['kafka.exactly-once', 'kafka.without-transaction-twice', 'kafka.aborted-input-read-again'],
};
