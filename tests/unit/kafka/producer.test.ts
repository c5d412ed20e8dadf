// The producer library among brokers that misbehave as the test wants (K-28 to K-40): cases of Kafka's own SenderTest,
// RecordAccumulatorTest and TransactionManagerTest among them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProducerBench, type Verdict } from './producer-bench.ts';

const plain = { 'enable.idempotence': false } as const;
/** Each record in a batch of its own. */
const single = { 'batch.size': 0, 'linger.ms': 0 } as const;
const errors = (bench: ProducerBench): string[] => bench.of('publish-failed').map(({ error }) => error);
const confirmed = (bench: ProducerBench): (number | null)[] =>
  bench.of('publish-confirmed').map(({ position }) => position);

describe('several brokers', () => {
  const three = { 'orders-0': 'broker-1', 'orders-1': 'broker-2', 'orders-2': 'broker-3' };

  it('K-29: one request per broker, with at most one batch of each partition', () => {
    const bench = new ProducerBench(
      { config: { 'linger.ms': 20, 'partitioner.class': 'RoundRobinPartitioner' } },
      { ...three, 'orders-3': 'broker-1' },
    );
    bench.client.produce(null, 12);
    bench.until(100);
    const requests = bench.cluster.requests.filter(({ request }) => request.api === 'Produce');
    const carried = requests.map(({ node, request }) =>
      request.api === 'Produce' ? `${node} ${request.batches.map(({ place }) => place).join(' ')}` : '',
    );
    expect(carried.toSorted()).toEqual([
      'broker-1 orders-0 orders-3',
      'broker-2 orders-1',
      'broker-3 orders-2',
    ]);
  });

  it('K-32: NOT_LEADER_OR_FOLLOWER brings new metadata, and the batch goes to the new leader', () => {
    const bench = new ProducerBench({}, { 'orders-0': 'broker-1', 'orders-1': 'broker-2' });
    bench.cluster.lead('orders-0', 'broker-2');
    bench.client.produce('order-42', 1);
    bench.until(2000);
    expect(bench.cluster.produced.map(({ node, verdict }) => `${node} ${verdict}`)).toEqual([
      'broker-1 NOT_LEADER_OR_FOLLOWER',
      'broker-2 store',
    ]);
    expect(confirmed(bench)).toEqual([0]);
  });

  it('K-29: without a leader a batch waits for one, and asks for metadata meanwhile', () => {
    const bench = new ProducerBench({ partition: 0 }, { 'orders-0': null, 'orders-1': 'broker-1' });
    bench.client.produce(null, 1);
    bench.until(3000);
    expect(bench.cluster.produced).toEqual([]);
    const asked = bench.asked('Metadata').length;
    expect(asked).toBeGreaterThan(3);
    bench.cluster.lead('orders-0', 'broker-1');
    bench.until(5000);
    expect(confirmed(bench)).toEqual([0]);
  });

  it('K-32: metadata of an older leader epoch is not believed', () => {
    const bench = new ProducerBench({ partition: 0, config: { 'metadata.max.age.ms': 1000 } }, three);
    const { leaders } = bench.cluster;
    leaders.set('orders-0', { leader: 'broker-2', epoch: 5 });
    bench.until(1500);
    leaders.set('orders-0', { leader: 'broker-3', epoch: 4 });
    bench.until(3000);
    leaders.set('orders-0', { leader: 'broker-2', epoch: 5 });
    bench.client.produce(null, 1);
    bench.until(3500);
    expect(bench.cluster.produced.map(({ node }) => node)).toEqual(['broker-2']);
  });

  it('K-26: with partitioner.availability.timeout.ms a broker that takes nothing gets no records without a key', () => {
    const bench = new ProducerBench(
      {
        load: { ratePerSecond: 1000, untilMs: 4000 },
        config: {
          'partitioner.availability.timeout.ms': 200,
          'max.in.flight.requests.per.connection': 2,
          'batch.size': 500,
        },
      },
      three,
    );
    bench.until(500);
    bench.kernel.pause('broker-2');
    bench.until(4000);
    const late = bench.of('routed').filter(({ at }) => at > 1_500_000);
    expect(new Set(late.map(({ place }) => place))).toEqual(new Set(['orders-0', 'orders-2']));
  });

  it('K-21: the partition that a record names is taken; one that is not there is waited for', () => {
    const bench = new ProducerBench({ partition: 2, config: { 'max.block.ms': 500 } }, three);
    bench.client.produce('order-42', 1);
    bench.until(100);
    expect(bench.of('routed')).toMatchObject([{ place: 'orders-2', why: 'partition' }]);
    const none = new ProducerBench({ partition: 7, config: { 'max.block.ms': 500 } }, three);
    none.client.produce(null, 1);
    none.until(1000);
    expect(errors(none)).toEqual([
      'TimeoutException: partition 7 of topic orders with partition count 3 not present in metadata after 500 ms',
    ]);
  });
});

describe('retries', () => {
  it.each([
    'NOT_ENOUGH_REPLICAS',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'REQUEST_TIMED_OUT',
    'LEADER_NOT_AVAILABLE',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ] as const)('K-32: %s is tried again after retry.backoff.ms, give or take a fifth', (error) => {
    const bench = new ProducerBench();
    bench.cluster.judge = (_batch, n) => (n === 0 ? error : 'store');
    bench.client.produce(null, 1);
    bench.until(1000);
    const [first, second] = bench.cluster.produced;
    expect((second!.at - first!.at) / 1000).toBeGreaterThan(80);
    expect((second!.at - first!.at) / 1000).toBeLessThan(125);
    expect(confirmed(bench)).toEqual([0]);
  });

  it('K-32: a fatal error fails the batch at once', () => {
    for (const [error, exception] of [
      ['INVALID_RECORD', 'InvalidRecordException'],
      ['INVALID_TIMESTAMP', 'InvalidTimestampException'],
      ['MESSAGE_TOO_LARGE', 'RecordTooLargeException'],
    ] as const) {
      const bench = new ProducerBench();
      bench.cluster.judge = () => error;
      bench.client.produce(null, 1);
      bench.until(1000);
      expect(bench.cluster.produced).toHaveLength(1);
      expect(errors(bench)[0]).toMatch(new RegExp(`^${exception}`));
    }
  });

  it('K-32: gives up when retries are used up', () => {
    const bench = new ProducerBench({ config: { ...plain, retries: 2 } });
    bench.cluster.judge = () => 'NOT_ENOUGH_REPLICAS';
    bench.client.produce(null, 1);
    bench.until(5000);
    expect(bench.cluster.produced).toHaveLength(3);
    expect(errors(bench)[0]).toMatch(/^NotEnoughReplicasException/);
  });

  it('K-32: a connection that is lost counts as one try, the first as none', () => {
    const bench = new ProducerBench({ config: { ...plain, retries: 2, 'request.timeout.ms': 500 } });
    bench.cluster.judge = () => 'silence';
    bench.client.produce(null, 1);
    bench.until(10_000);
    expect(bench.cluster.produced).toHaveLength(3);
    expect(errors(bench)).toEqual(['NetworkException: the connection was lost before the answer came']);
  });

  it('K-32: nothing is sent to a broker that does not speak, so no try is used up there', () => {
    const bench = new ProducerBench({ config: { ...plain, retries: 2, 'request.timeout.ms': 500 } });
    bench.kernel.pause('broker-1');
    bench.client.produce(null, 1);
    bench.until(10_000);
    expect(errors(bench)).toEqual([]);
    bench.kernel.resume('broker-1');
    bench.until(20_000);
    expect(confirmed(bench)).toEqual([0]);
  });

  it('K-33: without idempotence a batch that is sent again lands behind the next one', () => {
    const bench = new ProducerBench({ config: { ...plain, ...single } });
    bench.cluster.judge = (_batch, n) => (n === 0 ? 'NOT_ENOUGH_REPLICAS' : 'store');
    bench.client.produce(null, 3);
    bench.until(1000);
    expect(bench.log()).toEqual([1, 2, 0]);
  });

  it('K-33: with one request in flight the order holds', () => {
    const bench = new ProducerBench({
      config: { ...plain, ...single, 'max.in.flight.requests.per.connection': 1 },
    });
    bench.cluster.judge = (_batch, n) => (n === 0 ? 'NOT_ENOUGH_REPLICAS' : 'store');
    bench.client.produce(null, 3);
    bench.until(1000);
    expect(bench.log()).toEqual([0, 1, 2]);
  });

  it('K-33: NOT_ENOUGH_REPLICAS_AFTER_APPEND duplicates without idempotence, and does not with it', () => {
    for (const [config, copies] of [
      [plain, [0, 0]],
      [{}, [0]],
    ] as const) {
      const bench = new ProducerBench({ config });
      const { cluster } = bench;
      cluster.judge = (batch, n) => {
        if (n > 0) return 'store';
        cluster.store(batch);
        return 'NOT_ENOUGH_REPLICAS_AFTER_APPEND';
      };
      bench.client.produce(null, 1);
      bench.until(1000);
      expect(bench.log()).toEqual(copies);
      expect(bench.of('publish-confirmed')).toHaveLength(1);
    }
  });

  it('K-33: max.in.flight.requests.per.connection bounds each connection', () => {
    const bench = new ProducerBench({
      config: { ...plain, ...single, 'max.in.flight.requests.per.connection': 3 },
    });
    bench.cluster.judge = () => 'silence';
    bench.client.produce(null, 20);
    bench.until(5000);
    expect(bench.cluster.produced).toHaveLength(3);
  });

  it('K-30: acks=0 loses what a dead broker was sent, and sends nothing until it has spoken again', () => {
    const bench = new ProducerBench({
      load: { ratePerSecond: 100, untilMs: 5000 },
      config: { acks: '0', 'linger.ms': 0 },
    });
    bench.until(1000);
    bench.kernel.crash('broker-1');
    bench.until(3000);
    bench.kernel.start('broker-1');
    bench.until(6000);
    const total = bench.of('published').length;
    expect(bench.of('publish-confirmed')).toHaveLength(total);
    expect(total - bench.log().length).toBeLessThan(3);
    expect(bench.log().length).toBeLessThan(total);
  });

  it('K-31: a batch in flight fails when its time is over, and a late answer changes nothing', () => {
    const bench = new ProducerBench({
      config: { ...plain, 'delivery.timeout.ms': 2000, 'request.timeout.ms': 1900, 'linger.ms': 0 },
    });
    bench.cluster.judge = (_batch, n) => (n === 0 ? 'NOT_ENOUGH_REPLICAS' : 'silence');
    bench.client.produce(null, 2);
    bench.until(4000);
    expect(errors(bench)).toEqual(
      Array(2).fill(
        expect.stringContaining('TimeoutException: Expiring 2 record(s) for orders-0:2000 ms has passed'),
      ),
    );
    expect(confirmed(bench)).toEqual([]);
  });
});

describe('sizes', () => {
  it('K-36: a batch that is too large is cut until the broker takes it; idempotence keeps the order', () => {
    for (const [config, ordered] of [
      [plain, false],
      [{}, true],
    ] as const) {
      const bench = new ProducerBench({ bytes: 100, config: { ...config, 'linger.ms': 5 } });
      bench.cluster.judge = (batch) => (batch.messages.length > 10 ? 'MESSAGE_TOO_LARGE' : 'store');
      bench.client.produce('a', 40);
      bench.until(500);
      const all = Array.from({ length: 40 }, (_, i) => i);
      expect(ordered ? bench.log() : bench.log().toSorted((a, b) => a - b)).toEqual(all);
      const tried = bench.cluster.produced.map(({ batch }) => batch.messages.length);
      // As a whole; in parts of batch.size, which is the whole again; in parts of half its bytes.
      expect(tried.slice(0, 3)).toEqual([40, 40, 19]);
      expect(bench.of('publish-confirmed')).toHaveLength(40);
    }
  });

  it('K-36: a record that is too large even alone fails, and what came after it is stored', () => {
    const bench = new ProducerBench({ bytes: 400, config: { 'linger.ms': 5 } });
    bench.client.produce('a', 1);
    bench.until(50);
    bench.cluster.judge = (batch) => (batch.messages.includes(2) ? 'MESSAGE_TOO_LARGE' : 'store');
    bench.client.produce('a', 4);
    bench.until(3000);
    expect(errors(bench)).toHaveLength(1);
    expect(bench.of('publish-failed')).toMatchObject([{ message: 2 }]);
    expect(errors(bench)[0]).toMatch(/^RecordTooLargeException/);
    expect(bench.log()).toEqual([0, 1, 3, 4]);
  });

  it('K-35: a record above max.request.size, or above buffer.memory, fails at once', () => {
    const big = new ProducerBench({ bytes: 2000, config: { 'max.request.size': 2000 } });
    big.client.produce(null, 1);
    expect(errors(big)).toEqual([
      'RecordTooLargeException: The message is 2082 bytes when serialized which is larger than 2000, which is the value of the max.request.size configuration.',
    ]);
    const memory = new ProducerBench({ bytes: 2000, config: { 'buffer.memory': 2000, 'batch.size': 100 } });
    memory.client.produce(null, 1);
    expect(errors(memory)[0]).toMatch(/^RecordTooLargeException: .* buffer.memory configuration/);
  });

  it('K-6: max.request.size bounds a request, and what does not fit goes next', () => {
    const bench = new ProducerBench(
      {
        bytes: 300,
        config: { 'max.request.size': 700, 'linger.ms': 10, 'partitioner.class': 'RoundRobinPartitioner' },
      },
      { 'orders-0': 'broker-1', 'orders-1': 'broker-1', 'orders-2': 'broker-1' },
    );
    bench.client.produce(null, 3);
    bench.until(100);
    const requests = bench
      .asked('Produce')
      .map((request) => (request.api === 'Produce' ? request.batches.length : 0));
    expect(requests).toEqual([1, 1, 1]);
  });

  it('K-35: a batch takes a whole batch.size of buffer.memory, and send() blocks until one is free', () => {
    const bench = new ProducerBench(
      {
        config: {
          'buffer.memory': 2000,
          'batch.size': 1000,
          'max.block.ms': 300,
          'partitioner.class': 'RoundRobinPartitioner',
        },
      },
      { 'orders-0': 'broker-1', 'orders-1': 'broker-1', 'orders-2': 'broker-1' },
    );
    bench.cluster.judge = () => 'silence';
    bench.client.produce(null, 3);
    bench.until(400);
    expect(errors(bench)).toEqual(['TimeoutException: no memory for a batch after 300 ms']);
  });
});

describe('records', () => {
  it('K-10 K-19: carry the time of the producer’s clock and, where they have one, a value', () => {
    const bench = new ProducerBench();
    bench.kernel.setSkew('p', 5_000_000);
    bench.until(20);
    bench.client.produce('a', 1);
    bench.client.produce('a', 1, null);
    bench.client.produce('b', 1, 'x');
    bench.until(100);
    const { batch } = bench.cluster.produced[0]!;
    expect(batch.timestamps).toEqual([5_020_000, 5_020_000, 5_020_000]);
    expect(batch.values).toEqual([undefined, null, 'x']);
    expect(bench.of('published').map(({ value }) => value)).toEqual([undefined, null, 'x']);
  });
});

describe('idempotence', () => {
  it('K-37 O-8: sequence numbers count records, from 0, and go on over batches', () => {
    const bench = new ProducerBench({ config: { 'linger.ms': 5 } });
    for (const at of [20, 40, 60]) {
      bench.until(at);
      bench.client.produce('a', 2);
    }
    bench.until(200);
    expect(bench.cluster.produced.map(({ batch }) => [batch.baseSequence, batch.epoch])).toEqual([
      [0, 0],
      [2, 0],
      [4, 0],
    ]);
  });

  it('K-38 O-8: a batch whose answer was lost is sent again under the same number, and stored once', () => {
    const bench = new ProducerBench({ config: { 'request.timeout.ms': 500 } });
    bench.cluster.judge = (_batch, n) => (n === 0 ? 'store-unanswered' : 'store');
    bench.client.produce('a', 2);
    bench.until(3000);
    expect(bench.cluster.produced.map(({ batch }) => batch.baseSequence)).toEqual([0, 0]);
    expect(bench.log()).toEqual([0, 1]);
    expect(confirmed(bench)).toEqual([0, 1]);
  });

  it('K-40: batches behind one that is tried again are refused, tried again too, and land in order', () => {
    const bench = new ProducerBench({ config: single });
    bench.cluster.judge = (_batch, n) => (n === 0 ? 'NOT_ENOUGH_REPLICAS' : 'store');
    // A state to compare with: without any the broker takes whatever comes first (K-38).
    bench.client.produce('a', 1);
    bench.until(500);
    bench.cluster.judge = (_batch, n) => (n === 2 ? 'NOT_ENOUGH_REPLICAS' : 'store');
    bench.client.produce('a', 4);
    bench.until(3000);
    expect(bench.log()).toEqual([0, 1, 2, 3, 4]);
    expect(errors(bench)).toEqual([]);
    // While it recovers, one at a time.
    const after = bench.cluster.produced.slice(6);
    expect(after.map(({ batch }) => batch.baseSequence)).toEqual([1, 2, 3, 4]);
  });

  it('K-40: when the broker has lost what it confirmed, the epoch is raised and the numbers begin again', () => {
    const bench = new ProducerBench({ config: single });
    bench.client.produce('a', 2);
    bench.until(100);
    // An unclean election: the new leader has never seen this batch, and expects number 1.
    let refused = false;
    bench.cluster.judge = () => {
      if (refused) return 'store';
      refused = true;
      return 'OUT_OF_ORDER_SEQUENCE_NUMBER';
    };
    bench.client.produce('a', 2);
    bench.until(2000);
    expect(bench.cluster.produced.at(-1)!.batch.epoch).toBe(1);
    expect(bench.of('publish-confirmed')).toHaveLength(4);
    const fresh = bench.cluster.produced.filter(({ batch }) => batch.epoch === 1);
    expect(fresh[0]!.batch.baseSequence).toBe(0);
  });

  it('K-40: the other partitions go over to the new epoch, at 0, once nothing of theirs is under way', () => {
    const bench = new ProducerBench(
      { config: { ...single, 'partitioner.class': 'RoundRobinPartitioner' } },
      { 'orders-0': 'broker-1', 'orders-1': 'broker-1' },
    );
    bench.client.produce(null, 2);
    bench.until(100);
    bench.cluster.judge = (_batch, n) => (n === 2 ? 'OUT_OF_ORDER_SEQUENCE_NUMBER' : 'store');
    bench.client.produce(null, 1);
    bench.until(1000);
    bench.client.produce(null, 1);
    bench.until(2000);
    const last = bench.cluster.produced.at(-1)!.batch;
    expect([last.place, last.epoch, last.baseSequence]).toEqual(['orders-1', 1, 0]);
    expect(bench.of('publish-confirmed')).toHaveLength(4);
  });

  it('K-40: after a batch whose fate nobody knows, new ones wait until all is decided, in a new epoch', () => {
    const bench = new ProducerBench({
      config: { ...single, 'request.timeout.ms': 500, 'delivery.timeout.ms': 1000 },
    });
    bench.client.produce('a', 1);
    bench.until(100);
    bench.cluster.judge = (_batch, _n) => (bench.kernel.now < 1_300_000 ? 'silence' : 'store');
    bench.client.produce('a', 1);
    bench.until(1200);
    bench.client.produce('a', 1);
    bench.until(4000);
    expect(errors(bench)).toHaveLength(1);
    expect(bench.log()).toEqual([0, 2]);
    expect(bench.cluster.produced.at(-1)!.batch).toMatchObject({ epoch: 1, baseSequence: 0 });
  });

  it('K-37: a restarted producer has another id', () => {
    const bench = new ProducerBench();
    bench.client.produce('a', 1);
    bench.until(100);
    bench.kernel.crash('p');
    bench.kernel.start('p');
    bench.until(200);
    bench.client.produce('a', 1);
    bench.until(300);
    const ids = bench.cluster.produced.map(({ batch }) => batch.producerId);
    expect(ids[0]).not.toBe(ids[1]);
    expect(bench.log()).toHaveLength(2);
  });
});

describe('close()', () => {
  it('K-29: sends what is in the accumulator at once, and ends', () => {
    const bench = new ProducerBench({ config: { 'linger.ms': 5000 } });
    bench.client.produce('a', 3);
    bench.until(100);
    expect(bench.log()).toEqual([]);
    bench.client.close();
    bench.until(200);
    expect(bench.log()).toEqual([0, 1, 2]);
    expect(bench.of('client-stopped')).toMatchObject([{ client: 'p', reason: 'closed' }]);
  });
});

describe('whatever happens to requests', () => {
  const verdict = fc.constantFrom<Verdict>(
    'store',
    'store',
    'store-unanswered',
    'silence',
    'NOT_ENOUGH_REPLICAS',
    'NOT_LEADER_OR_FOLLOWER',
  );
  const runs = fc.record({
    verdicts: fc.array(verdict, { maxLength: 25 }),
    gaps: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 12 }),
    inFlight: fc.integer({ min: 1, max: 5 }),
    batchSize: fc.constantFrom(0, 300, 16_384),
    /** Records of a batch that the broker takes (K-36). */
    most: fc.integer({ min: 1, max: 30 }),
    leaves: fc.option(fc.integer({ min: 0, max: 3000 })),
  });
  const play = (
    run: typeof runs extends fc.Arbitrary<infer R> ? R : never,
    config: object,
  ): ProducerBench => {
    const bench = new ProducerBench(
      {
        config: {
          'request.timeout.ms': 400,
          'batch.size': run.batchSize,
          'max.in.flight.requests.per.connection': run.inFlight,
          ...config,
        },
      },
      { 'orders-0': 'broker-1', 'orders-1': 'broker-2' },
    );
    // One that is stored first: a leader that knows nothing of a producer takes any of its batches for the first (K-38).
    bench.client.produce('order-42', 1);
    bench.until(100);
    bench.cluster.judge = (batch, n) => {
      if (batch.messages.length > run.most) return 'MESSAGE_TOO_LARGE';
      return run.verdicts[n - 1] ?? 'store';
    };
    let at = 100;
    for (const gap of run.gaps) {
      at += gap;
      if (run.leaves !== null && at > run.leaves) bench.cluster.lead('orders-0', 'broker-2');
      bench.until(at);
      bench.client.produce('order-42', 2);
    }
    bench.until(at + 60_000);
    return bench;
  };

  it('K-38 K-111: an idempotent producer stores every record once, in the order of send(), and hears of it', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const bench = play(run, {});
        const all = Array.from({ length: 1 + 2 * run.gaps.length }, (_, i) => i);
        expect(bench.log()).toEqual(all);
        expect(
          bench
            .of('publish-confirmed')
            .map(({ message }) => message)
            .toSorted((a, b) => a - b),
        ).toEqual(all);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it('K-33 K-112: without idempotence each is stored at least once, and with one in flight no later one comes first', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const bench = play({ ...run, inFlight: 1 }, plain);
        const all = Array.from({ length: 1 + 2 * run.gaps.length }, (_, i) => i);
        const firsts = [...new Set(bench.log())];
        expect(firsts.toSorted((a, b) => a - b)).toEqual(all);
        expect(firsts).toEqual(all);
      }),
      { numRuns: 100, seed: 7 },
    );
  });
});
