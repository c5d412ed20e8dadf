// What each workload of the library comes to on each broker, as its documentation foretells: who must lose what under which
// crash, who must do work twice, who must reorder, who can replay. The rules of each dossier are named.
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/claims/outcome.ts';
import { compare, parseWorkload, type CarryingBroker, type Choices } from '../../../src/scenarios/compare.ts';
import { workloads } from '../../../src/scenarios/workloads.ts';

const known = new Map<string, Outcome>();

function outcome(id: string, broker: CarryingBroker, choices?: Choices): Outcome {
  const key = JSON.stringify([id, broker, choices]);
  const there = known.get(key);
  if (there) return there;
  const named = workloads.get(id)!;
  const asked = { ...named.choices, ...choices };
  const made = compare(named.workload, { brokers: [broker], choices: asked }).brokers[broker]!.outcomes[0]!;
  known.set(key, made);
  return made;
}

const lost = ({ lost: { confirmed, unconfirmed } }: Outcome): number => confirmed + unconfirmed;
/** What becomes of every message of every audience sums up to all of them. */
function fatesOf(of: Outcome): number {
  return of.finished + of.owed + of.deadLettered + of.dropped + of.missed + lost(of);
}

const BROKERS = ['kafka', 'rabbitmq'] as const;
const NONE = { given: 0, finished: 0 };

describe.each(BROKERS)('%s', (broker) => {
  it.each([...workloads.keys()].filter((id) => !['steady-100k', 'mm1', 'md1', 'mmc'].includes(id)))(
    'gives account of every message of %s',
    (id) => {
      const of = outcome(id, broker);
      const { audiences } = workloads.get(id)!.workload;
      expect(fatesOf(of)).toBe((of.published - of.refused) * audiences.length);
      expect(of.limits).toEqual([]);
    },
  );

  it('carries an ordinary day without loss, duplicates or disorder', () => {
    const of = outcome('orders', broker);
    expect(of).toMatchObject({ duplicated: 0, reordered: NONE, owed: 0, recovery: { kind: 'undisturbed' } });
    expect(of.finished).toBe(of.published);
    expect(of.throughputPerSecond).toBeGreaterThan(180);
  });

  it('holds what a spike brings and works it off', () => {
    const of = outcome('spike', broker);
    expect(of).toMatchObject({ duplicated: 0, reordered: NONE, owed: 0, finished: of.published });
    expect(of.storage.atMost.messages).toBeGreaterThan(4000);
    expect(of.recovery).toMatchObject({ kind: 'recovered' });
    expect(of.recovery.kind === 'recovered' && of.recovery.ms).toBeGreaterThan(10_000);
  });

  it('keeps order by key under the busiest key, which one consumer has to itself', () => {
    const of = outcome('skewed-keys', broker);
    expect(of).toMatchObject({ reordered: NONE, owed: 0, duplicated: 0 });
    // Far more than when the same four consumers share evenly.
    expect(of.latencyMs!.p95).toBeGreaterThan(10 * outcome('orders', broker).latencyMs!.p95);
  });

  it('loses nothing with a consumer that dies, and keeps order by key', () => {
    expect(outcome('consumer-crash', broker)).toMatchObject({
      lost: { confirmed: 0, unconfirmed: 0 },
      owed: 0,
      reordered: NONE,
    });
  });

  it('loses what was in hand when it was settled before the work, and does nothing twice', () => {
    const of = outcome('at-most-once', broker);
    expect(of.lost.confirmed).toBeGreaterThan(0);
    expect(of.duplicated).toBe(0);
  });

  it('loses nothing confirmed with a producer that dies', () => {
    expect(outcome('producer-crash', broker)).toMatchObject({ lost: { confirmed: 0 }, owed: 0 });
  });

  it('loses nothing confirmed with one node of three, where it is replicated', () => {
    const of = outcome('node-crash', broker);
    expect(of).toMatchObject({ lost: { confirmed: 0, unconfirmed: 0 }, owed: 0, finished: of.published });
    expect(of.storage.atMost.bytesOnAllNodes).toBe(3 * of.storage.atMost.bytes);
  });

  it('loses nothing confirmed when the only node restarts, and serves nobody meanwhile', () => {
    const of = outcome('node-restart', broker);
    expect(of).toMatchObject({ lost: { confirmed: 0, unconfirmed: 0 }, owed: 0, finished: of.published });
    expect(of.latencyMs!.max).toBeGreaterThan(5000);
  });

  it('loses what was on the wire when nobody asked for confirms', () => {
    expect(lost(outcome('fire-and-forget', broker))).toBeGreaterThan(0);
  });

  it('keeps order by key for an audience that comes while messages do', () => {
    const late = {
      version: 1,
      id: 'late',
      title: 'Late',
      producers: [{ id: 'p', load: { ratePerSecond: 400, untilMs: 32_000 }, keys: { distinct: 8 } }],
      audiences: [{ id: 'late', count: 4, startMs: 30_000, processingMs: 1, processingTimes: 'exponential' }],
      order: 'by-key',
      network: { latencyMs: 10, jitterMs: 5 },
      durationMs: 60_000,
    };
    const { outcomes } = compare(parseWorkload(late), { brokers: [broker], seeds: 10 }).brokers[broker]!;
    for (const of of outcomes) {
      expect(of).toMatchObject({ reordered: { finished: 0 }, lost: { confirmed: 0 }, owed: 0 });
      expect(fatesOf(of)).toBe(of.published);
    }
  });

  it('gives each audience every message', () => {
    const of = outcome('two-audiences', broker);
    expect(of.audiences.map(({ finished }) => finished)).toEqual([of.published, of.published]);
  });
});

describe('where they differ', () => {
  it('order: a partition keeps it however many consumers; a queue with several does not (R-37)', () => {
    expect(outcome('competing', 'kafka').reordered).toEqual(NONE);
    const { reordered } = outcome('competing', 'rabbitmq');
    expect(reordered.given).toBe(0);
    expect(reordered.finished).toBeGreaterThan(0);
  });

  it('order in RabbitMQ is a choice: one queue for each consumer, or one active consumer (R-21, R-45)', () => {
    for (const spread of ['by-hash', 'single-active'])
      expect(outcome('competing', 'rabbitmq', { rabbitmq: { spread } }).reordered).toEqual(NONE);
  });

  it('order in Kafka is given up by a share group (K-102)', () => {
    expect(
      outcome('competing', 'kafka', { kafka: { reader: 'share-group' } }).reordered.finished,
    ).toBeGreaterThan(0);
  });

  it('a crash: Kafka does again what was finished since the last commit (K-71), RabbitMQ what was in hand (R-49)', () => {
    expect(outcome('consumer-crash', 'kafka').duplicated).toBeGreaterThan(100);
    expect(outcome('consumer-crash', 'rabbitmq').duplicated).toBeLessThanOrEqual(1);
    // Committing each record, Kafka does at most one again as well.
    expect(
      outcome('consumer-crash', 'kafka', { kafka: { commit: 'after-each' } }).duplicated,
    ).toBeLessThanOrEqual(1);
  });

  it('a crash is noticed by a closed connection in RabbitMQ, after the session timeout in Kafka (K-74)', () => {
    const [kafka, rabbitmq] = BROKERS.map((broker) => outcome('consumer-crash', broker).latencyMs!.max);
    expect(kafka).toBeGreaterThan(40_000);
    expect(rabbitmq).toBeLessThan(5000);
  });

  it('one node alone: Kafka’s new leader lacks what was confirmed (K-57); RabbitMQ’s queue waits for its node (R-54)', () => {
    expect(outcome('leader-only', 'kafka')).toMatchObject({ owed: 0, recovery: { kind: 'recovered' } });
    expect(outcome('leader-only', 'kafka').lost.confirmed).toBeGreaterThan(0);
    expect(outcome('leader-only', 'rabbitmq')).toMatchObject({
      lost: { confirmed: 0, unconfirmed: 0 },
      recovery: { kind: 'not-recovered' },
    });
    expect(outcome('leader-only', 'rabbitmq').owed).toBeGreaterThan(1000);
  });

  it('uneven work: a queue gives it to whoever is free, a partition holds up what lies behind it', () => {
    const [kafka, rabbitmq] = BROKERS.map((broker) => outcome('uneven-work', broker).latencyMs!.p95);
    expect(kafka).toBeGreaterThan(5 * rabbitmq!);
    // With a prefetch of 100 RabbitMQ deals blindly too.
    expect(
      outcome('uneven-work', 'rabbitmq', { rabbitmq: { prefetch: '100' } }).latencyMs!.p95,
    ).toBeGreaterThan(1.5 * rabbitmq!);
  });

  it('a message that nobody can process: a quorum queue puts it aside (R-60), a partition waits for it', () => {
    const rabbitmq = outcome('poison', 'rabbitmq');
    const poisoned = rabbitmq.deadLettered;
    expect(poisoned).toBeGreaterThan(5);
    expect(rabbitmq).toMatchObject({ owed: 0, finished: rabbitmq.published - poisoned });
    expect(outcome('poison', 'kafka').owed).toBeGreaterThan(1000);
    // Skipped, it is lost, and nothing else waits; a share group gives up on it (K-104).
    expect(outcome('poison', 'kafka', { kafka: { failure: 'skip' } })).toMatchObject({
      owed: 0,
      lost: { confirmed: poisoned },
    });
    expect(outcome('poison', 'kafka', { kafka: { reader: 'share-group' } })).toMatchObject({
      owed: 0,
      dropped: poisoned,
    });
    // A classic queue does not count: what is given back comes round for ever.
    expect(outcome('poison', 'rabbitmq', { rabbitmq: { queue: 'classic' } })).toMatchObject({
      deadLettered: 0,
      owed: poisoned,
    });
  });

  it('two audiences: one copy in a log, one in each of two queues', () => {
    const kafka = outcome('two-audiences', 'kafka');
    expect(kafka.storage.atEnd.messages).toBe(kafka.published);
    const rabbitmq = outcome('two-audiences', 'rabbitmq');
    expect(rabbitmq.storage.atEnd.messages).toBe(0);
    expect(rabbitmq.storage.atMost.messages).toBeGreaterThan(0);
  });

  it('replay: a log gives all of it, a queue nothing, a stream all of it (R-58)', () => {
    const kafka = outcome('replay', 'kafka');
    expect(kafka).toMatchObject({ replayable: kafka.published, missed: 0, finished: 2 * kafka.published });
    const queue = outcome('replay', 'rabbitmq');
    expect(queue).toMatchObject({ replayable: 0, missed: queue.published, finished: queue.published });
    const stream = outcome('replay', 'rabbitmq', { rabbitmq: { queue: 'stream' } });
    expect(stream).toMatchObject({ replayable: stream.published, missed: 0, finished: 2 * stream.published });
  });

  it('100,000 messages a second: both keep up', { timeout: 180_000 }, () => {
    for (const broker of BROKERS) {
      const of = outcome('steady-100k', broker);
      expect(of).toMatchObject({ finished: 500_000, duplicated: 0, reordered: NONE, owed: 0, limits: [] });
      expect(of.throughputPerSecond).toBeGreaterThan(99_000);
      expect(of.latencyMs!.p99).toBeLessThan(20);
    }
  });
});
