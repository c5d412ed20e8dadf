/**
 * Logs held to a real broker: a leader with too few replicas in sync, records that are too old or too many, and records
 * without a key.
 */
import { audit, held, inTurn, reader, send, sender, system, type Input } from './held.ts';

/** Two copies, both of which must be in sync, and a third broker, so that the controllers have a majority without one. */
const minIsrScenario = held('min-isr', 'Too few replicas in sync', {
  system: system(
    [
      {
        name: 'orders',
        partitions: 1,
        replicationFactor: 2,
        replicas: [[1, 2]],
        config: { 'min.insync.replicas': 2 },
      },
    ],
    { brokers: 3 },
  ),
  clients: [
    sender('acks-all', 'orders'),
    // One gives up by its own clock, one by the number of its attempts.
    sender('acks-all-brief', 'orders', {
      config: { 'request.timeout.ms': 1000, 'delivery.timeout.ms': 2000 },
    }),
    sender('acks-all-twice', 'orders', { config: { retries: 1 } }),
    sender('acks-1', 'orders', { config: { acks: '1' } }),
    audit('orders'),
  ],
  timeline: [
    ...inTurn(1500, 'acks-all', ['A', 'B']),
    send(1800, 'acks-1', 'C'),
    { atMs: 2500, action: { do: 'crash', target: 'broker-2' } },
    // By then its session has run out, also where the controllers had to elect one of themselves first.
    send(11_000, 'acks-all-twice', 'D'),
    send(12_000, 'acks-1', 'E'),
    send(12_500, 'acks-all-brief', 'F'),
    send(12_800, 'acks-all', 'G'),
    send(13_500, 'acks-all-twice', 'H'),
    send(15_000, 'acks-1', 'I'),
    { atMs: 16_000, action: { do: 'restart', target: 'broker-2' } },
    send(22_000, 'acks-all', 'J'),
  ],
  durationMs: 24_000,
});

const SEGMENT_BYTES = 1_048_576;

/**
 * By time all goes, and two records come after; by size the first of three segments goes. Groups that had read the first
 * record come back, one for each way to go on, and another one comes for the first time.
 */
const retentionScenario = held('retention', 'What is left when a reader comes back', {
  system: system([
    { name: 'by-time', partitions: 1, config: { 'retention.ms': 5000 } },
    {
      name: 'by-size',
      partitions: 1,
      config: { 'segment.bytes': SEGMENT_BYTES, 'retention.bytes': 1_500_000 },
    },
  ]),
  clients: [
    sender('shop', 'by-time'),
    sender('sensor', 'by-size', { bytes: 200_000 }),
    reader('earliest', 'earliest', 'by-time', {}, { startMs: 500 }),
    reader('latest', 'latest', 'by-time', { 'auto.offset.reset': 'latest' }, { startMs: 500 }),
    reader('strict-before', 'strict', 'by-time', {}, { startMs: 500 }),
    reader('strict', 'strict', 'by-time', { 'auto.offset.reset': 'none' }, { startMs: 14_200 }),
    reader('new', 'new', 'by-time', {}, { startMs: 14_200 }),
    reader('new-by-size', 'new-by-size', 'by-size', {}, { startMs: 14_200 }),
  ],
  timeline: [
    ...inTurn(4000, 'shop', ['A']),
    ...inTurn(
      4000,
      'sensor',
      Array.from({ length: 15 }, () => 'S'),
    ),
    ...['earliest', 'latest', 'strict-before'].map((target) => ({
      atMs: 5500,
      action: { do: 'close' as const, target },
    })),
    ...inTurn(6000, 'shop', ['B', 'C', 'D', 'E']),
    ...inTurn(13_000, 'shop', ['F', 'G']),
    // What it passes over the others are given later.
    { atMs: 13_200, action: { do: 'restart', target: 'latest' } },
    { atMs: 14_200, action: { do: 'restart', target: 'earliest' } },
    send(17_300, 'shop', 'H'),
  ],
  durationMs: 19_500,
});

/**
 * Small batches, so that a partition is drawn many times; and the default, which a few records do not fill. One producer
 * after another: messages are numbered as they are sent.
 */
const keylessScenario = held('keyless', 'Records without a key', {
  system: system([
    { name: 'in-turn', partitions: 3 },
    { name: 'large-batches', partitions: 3 },
    { name: 'small-batches', partitions: 3 },
  ]),
  clients: [
    sender('in-turn', 'in-turn', {
      startMs: 500,
      load: { ratePerSecond: 20, count: 24 },
      keys: { kind: 'cycle', keys: ['A'] },
      config: { 'partitioner.class': 'RoundRobinPartitioner' },
    }),
    sender('large-batches', 'large-batches', { startMs: 3000, load: { ratePerSecond: 20, count: 40 } }),
    sender('small-batches', 'small-batches', {
      startMs: 6500,
      load: { ratePerSecond: 60, count: 240 },
      config: { 'batch.size': 400 },
    }),
    reader(
      'audit',
      'audit',
      'large-batches',
      {},
      { assign: [0, 1, 2].map((n) => `large-batches-${n}`), commit: 'never' },
    ),
  ],
  durationMs: 12_000,
});

export const heldLogScenarios: readonly Input[] = [minIsrScenario, retentionScenario, keylessScenario];
