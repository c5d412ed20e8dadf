/**
 * Runs for real brokers, as those in held.ts, in which something breaks: a leader dies with what nobody had copied, and
 * applications that read and write die between the two.
 */
import type { ScenarioInputOf } from '../schema.ts';
import { HELD_CONFIG } from './held.ts';
import { audit } from './replication.ts';

type Input = ScenarioInputOf<'kafka'>;
type Client = Input['clients'][number];
type Processor = Extract<Client, { role: 'processor' }>;
type Timed = NonNullable<Input['timeline']>[number];

const sender = (id: string, topic: string, config: object = {}, bytes?: number): Client => ({
  id,
  role: 'producer',
  topic,
  load: { ratePerSecond: 0 },
  ...(bytes === undefined ? {} : { bytes }),
  config,
});

const send = (atMs: number, client: string, key: string, count = 1): Timed => ({
  atMs,
  action: { do: 'produce', client, key, count },
});

const broker = (atMs: number, what: 'pause' | 'resume' | 'crash', ...numbers: number[]): Timed[] =>
  numbers.map((number) => ({ atMs, action: { do: what, target: `broker-${number}` } }));

/** Three copies of orders-0, two of which must be in sync, and broker-1 its leader. */
const replicated = (config: object = {}): Input['system'] => ({
  broker: 'kafka',
  brokers: 3,
  topics: [
    {
      name: 'orders',
      partitions: 1,
      replicationFactor: 3,
      replicas: [[1, 2, 3]],
      config: { 'min.insync.replicas': 2, ...config },
    },
  ],
  config: HELD_CONFIG,
});

/**
 * Followers that stand still copy nothing. The fetch that each had under way is answered, with nothing, within
 * replica.fetch.wait.max.ms; what the leader takes after that, it has alone when it is killed. All of it is over before the
 * followers' sessions are (4 s), and they are in sync by what the controller knows: so one of them leads.
 */
const acksScenario: Input = {
  version: 1,
  id: 'kafka-held-acks',
  title: 'A leader is killed with what nobody had copied',
  system: replicated(),
  clients: [
    sender('acks-1', 'orders', { acks: '1' }),
    // Its retries end with the leader that can keep them.
    sender('acks-all', 'orders', { acks: 'all', 'request.timeout.ms': 5000 }),
    audit,
  ],
  timeline: [
    send(1500, 'acks-1', 'A'),
    send(2000, 'acks-all', 'B'),
    ...broker(4000, 'pause', 2, 3),
    send(5200, 'acks-1', 'C'),
    send(5300, 'acks-1', 'D'),
    send(5500, 'acks-all', 'E'),
    ...broker(5800, 'crash', 1),
    ...broker(6300, 'resume', 2, 3),
    send(18_000, 'acks-1', 'F'),
    send(18_500, 'acks-all', 'G'),
  ],
  network: { latencyMs: 1 },
  durationMs: 21_000,
  seed: 1,
};

/**
 * With acks=0 one record is too large for the topic, and one comes to a broker that no longer leads: it has stood still for
 * longer than its session, and has been told so since. That one closes the connection, and the next record finds the leader.
 */
const acksZeroScenario: Input = {
  version: 1,
  id: 'kafka-held-acks-zero',
  title: 'What nobody tells a producer without acknowledgements',
  system: replicated({ 'max.message.bytes': 1000 }),
  clients: [
    sender('acks-0', 'orders', { acks: '0' }),
    sender('acks-0-large', 'orders', { acks: '0' }, 2000),
    audit,
  ],
  timeline: [
    send(1500, 'acks-0', 'A'),
    send(2000, 'acks-0-large', 'B'),
    send(2500, 'acks-0', 'C'),
    ...broker(3500, 'pause', 1),
    ...broker(11_000, 'resume', 1),
    send(15_000, 'acks-0', 'D'),
    send(16_000, 'acks-0', 'E'),
    send(17_000, 'acks-0', 'F'),
  ],
  network: { latencyMs: 1 },
  durationMs: 19_000,
  seed: 1,
};

const processor = (id: string, to: string, more: Partial<Processor>): Processor => ({
  id,
  role: 'processor',
  startMs: 1500,
  group: id,
  topics: ['orders'],
  to,
  processingMs: 800,
  consumer: {
    'auto.offset.reset': 'earliest',
    'partition.assignment.strategy': ['range'],
    'session.timeout.ms': 6000,
    'heartbeat.interval.ms': 500,
  },
  ...more,
});

const reader = (id: string, topics: string[], isolation: 'read_committed' | 'read_uncommitted'): Client => ({
  id,
  role: 'consumer',
  group: id,
  topics,
  startMs: 1500,
  processingMs: 5,
  commit: 'after-each',
  config: {
    'auto.offset.reset': 'earliest',
    'enable.auto.commit': false,
    'partition.assignment.strategy': ['range'],
    'isolation.level': isolation,
  },
});

/**
 * Four orders. Invoicing has written four results and its transaction is open, Receipting has written two of four and
 * committed nothing, when they die; both read again when their group has found that out. Two more orders: the transaction
 * of these is aborted by the application, and then there is another.
 */
const exactlyOnceScenario: Input = {
  version: 1,
  id: 'kafka-held-exactly-once',
  title: 'Read, work, write, and die in between',
  system: {
    broker: 'kafka',
    topics: ['orders', 'invoices', 'receipts'].map((name) => ({ name, partitions: 1 })),
    config: HELD_CONFIG,
  },
  clients: [
    // What it sends at once is one batch, and so one poll().
    sender('shop', 'orders', { 'linger.ms': 100 }),
    processor('invoicing', 'invoices', {
      transaction: { records: 4, openMs: 3000, abortEvery: 3 },
      producer: { 'transactional.id': 'invoicing-1' },
    }),
    // Never at the same moment as the other: results are numbered as they are written.
    processor('receipting', 'receipts', { processingMs: 600 }),
    reader('ledger', ['invoices', 'receipts'], 'read_committed'),
    reader('dashboard', ['invoices'], 'read_uncommitted'),
  ],
  timeline: [
    send(5000, 'shop', 'A', 4),
    { atMs: 6600, action: { do: 'crash', target: 'receipting' } },
    { atMs: 9800, action: { do: 'crash', target: 'invoicing' } },
    ...['invoicing', 'receipting'].map((target): Timed => ({
      atMs: 11_000,
      action: { do: 'restart', target },
    })),
    send(26_000, 'shop', 'B', 2),
  ],
  network: { latencyMs: 1 },
  durationMs: 48_000,
  seed: 1,
};

export const heldFaultScenarios: readonly Input[] = [acksScenario, acksZeroScenario, exactlyOnceScenario];
