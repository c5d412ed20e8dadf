// A broker's machine by hand: appends and fetches, what waits for what, the high watermark and the ISR as its leader sees
// them. The followers are the test's.
import { beforeEach, describe, expect, it } from 'vitest';
import type { RecordBatch } from '../../../src/brokers/kafka/batch.ts';
import type { BrokerEffects } from '../../../src/brokers/kafka/broker-effects.ts';
import type { ClusterImage, PartitionImage } from '../../../src/brokers/kafka/cluster-image.ts';
import { initialImage } from '../../../src/brokers/kafka/controller.ts';
import { BrokerMachine } from '../../../src/brokers/kafka/machine.ts';
import type { Reply, ReplyTo, Request } from '../../../src/brokers/kafka/protocol.ts';
import { parseScenario } from '../../../src/scenarios/schema.ts';
import { Random } from '../../../src/sim/random.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

const PLACE = 'orders-0';

class Bench implements BrokerEffects {
  readonly events: (EventBody & { atMs: number })[] = [];
  /** What the broker asked of others, not answered yet. */
  readonly asked: { to: string; request: Request; context: unknown }[] = [];
  /** Whose connections it has closed. */
  readonly closed: string[] = [];
  readonly machine: BrokerMachine;
  nowMs = 0;
  image: ClusterImage;
  private replies = new Map<string, Reply>();
  private timers: { atMs: number; order: number; timer: string; data: unknown }[] = [];
  private next = 0;

  constructor(topic: { replicationFactor?: number; config?: Record<string, unknown> } = {}, brokers = 3) {
    const { system } = parseScenario({
      version: 1,
      id: 'bench',
      title: 'Bench',
      system: {
        broker: 'kafka',
        brokers,
        topics: [{ name: 'orders', partitions: 1, replicationFactor: Math.min(brokers, 3), ...topic }],
      },
      clients: [],
      durationMs: 1,
      seed: 1,
    });
    this.image = initialImage(system);
    this.machine = new BrokerMachine('broker-1', system.config, new Random(1, 'bench'));
    this.machine.apply({ type: 'formed', image: this.image }, 0, this);
  }

  reply(to: string, correlation: number, reply: Reply): void {
    this.replies.set(`${to} ${correlation}`, reply);
  }

  timer(delay: number, timer: string, data: unknown): void {
    this.timers.push({ atMs: this.nowMs + delay / 1000, order: this.next++, timer, data });
  }

  trace(event: EventBody): void {
    this.events.push({ ...event, atMs: this.nowMs });
  }

  request(to: string, request: Request, context: unknown): void {
    this.asked.push({ to, request, context });
  }

  disconnect(peer: string): void {
    this.closed.push(peer);
  }

  /** Sends a request. @returns asks for its answer, or undefined while it waits */
  ask<R extends Request>(from: string, request: R): () => ReplyTo<R['api']> | undefined {
    const correlation = this.next++;
    this.machine.apply({ type: 'request', from, correlation, request }, this.nowMs * 1000, this);
    return () => this.replies.get(`${from} ${correlation}`) as ReplyTo<R['api']> | undefined;
  }

  produce(from: string, count: number, more: Partial<{ acks: '0' | '1' | 'all'; timeoutMs: number }> = {}) {
    return this.ask(from, {
      api: 'Produce',
      acks: 'all',
      timeoutMs: 30_000,
      transactionalId: null,
      batches: [batch(count)],
      ...more,
    });
  }

  fetch(replica: string | null, offset: number, maxWaitMs = 500, client = replica ?? 'c0') {
    return this.ask(client, {
      api: 'Fetch',
      replica,
      isolation: 'read_uncommitted',
      minBytes: 1,
      maxWaitMs,
      maxBytes: 1_000_000,
      maxPartitionBytes: 1_000_000,
      positions: [
        {
          place: PLACE,
          offset,
          leaderEpoch: replica === null ? -1 : this.partition.leaderEpoch,
          lastFetchedEpoch: -1,
        },
      ],
    });
  }

  get partition(): PartitionImage {
    return this.image.topics.get('orders')!.partitions[0]!;
  }

  /** The controller decides. */
  decide(change: Partial<PartitionImage>): void {
    const partition = { ...this.partition, ...change, partitionEpoch: this.partition.partitionEpoch + 1 };
    const topic = this.image.topics.get('orders')!;
    this.image = {
      ...this.image,
      version: this.image.version + 1,
      topics: new Map([['orders', { ...topic, partitions: [partition] }]]),
    };
    this.machine.apply({ type: 'image', image: this.image }, this.nowMs * 1000, this);
  }

  until(ms: number): void {
    for (;;) {
      this.timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const first = this.timers[0];
      if (!first || first.atMs > ms) break;
      this.timers.shift();
      this.nowMs = first.atMs;
      const { timer, data } = first;
      this.machine.apply({ type: 'timer', timer, data }, this.nowMs * 1000, this);
    }
    this.nowMs = ms;
  }

  highWatermarks(): number[] {
    return this.events.flatMap((event) => (event.kind === 'high-watermark-advanced' ? [event.position] : []));
  }

  alterations(): (readonly string[])[] {
    return this.asked.flatMap(({ request }) =>
      request.api === 'AlterPartition' ? request.partitions.map(({ isr }) => isr) : [],
    );
  }
}

function batch(count: number, more: Partial<RecordBatch> = {}): RecordBatch {
  const of = <T>(value: T): T[] => Array.from({ length: count }, () => value);
  return {
    place: PLACE,
    producerId: -1,
    epoch: -1,
    baseSequence: -1,
    transactional: false,
    messages: of(1).map((_, i) => i),
    keys: of(null),
    sizes: of(100),
    timestamps: of(0),
    values: null,
    ...more,
  };
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe('the high watermark', () => {
  it('K-52, O-7.1: is the smallest log end of the ISR, and moves when the last of it has fetched', () => {
    bench.produce('p0', 10);
    bench.fetch('broker-2', 10);
    expect(bench.highWatermarks()).toEqual([]);
    bench.fetch('broker-3', 7);
    expect(bench.highWatermarks()).toEqual([7]);
    bench.fetch('broker-3', 10);
    expect(bench.highWatermarks()).toEqual([7, 10]);
  });

  it('K-52, O-7.2: does not wait for a replica that is out of the ISR and behind', () => {
    bench.decide({ isr: ['broker-1', 'broker-2'] });
    bench.produce('p0', 10);
    // Out of sync for so long that it does not count as caught up either.
    bench.until(40_000);
    bench.fetch('broker-2', 10);
    bench.fetch('broker-3', 7);
    expect(bench.highWatermarks()).toEqual([10]);
  });

  it('K-53: stands still while the ISR is under its minimum, and goes on when it is not', () => {
    bench = new Bench({ config: { 'min.insync.replicas': 2 } });
    bench.decide({ isr: ['broker-1'] });
    bench.produce('p0', 3, { acks: '1' });
    expect(bench.highWatermarks()).toEqual([]);
    expect(bench.fetch(null, 0, 0)()!.partitions).toEqual([]);
    bench.fetch('broker-2', 3);
    bench.decide({ isr: ['broker-1', 'broker-2'] });
    expect(bench.highWatermarks()).toEqual([3]);
  });

  it('K-4: is as far as a consumer reads, whatever its producer has been told; a follower reads on', () => {
    const told = bench.produce('p0', 2, { acks: '1' });
    expect(told()!.results[0]).toMatchObject({ error: 'NONE', baseOffset: 0 });
    expect(bench.fetch(null, 0, 0)()!.partitions).toEqual([]);
    const follower = bench.fetch('broker-2', 0)()!;
    expect(follower.partitions[0]!.batches).toHaveLength(1);
  });

  it('K-52: is told to a follower with the next fetch', () => {
    bench.produce('p0', 1);
    bench.fetch('broker-3', 1);
    expect(bench.fetch('broker-2', 0)()!.partitions[0]!.highWatermark).toBe(0);
    const waiting = bench.fetch('broker-2', 1);
    expect(waiting()).toBeUndefined();
    bench.until(500);
    expect(waiting()!.partitions[0]!.highWatermark).toBe(1);
  });
});

describe('acks', () => {
  it('K-30: 0 is never answered, 1 when the leader has it, all when the whole ISR has it', () => {
    expect(bench.produce('p0', 1, { acks: '0' })()).toBeUndefined();
    expect(bench.produce('p1', 1, { acks: '1' })()!.results[0]!.error).toBe('NONE');
    const all = bench.produce('p2', 1);
    bench.fetch('broker-2', 3);
    expect(all()).toBeUndefined();
    bench.fetch('broker-3', 3);
    expect(all()!.results[0]).toEqual({ place: PLACE, error: 'NONE', baseOffset: 2 });
  });

  it('K-30: what 0 cannot be refused properly closes its connection, and nobody else’s', () => {
    bench = new Bench({ config: { 'max.message.bytes': 200 } });
    bench.produce('p0', 1, { acks: '0' });
    bench.produce('p1', 100, { acks: '1' });
    expect(bench.closed).toEqual([]);
    bench.produce('p0', 100, { acks: '0' });
    expect(bench.closed).toEqual(['p0']);
    bench.decide({ leader: 'broker-2' });
    bench.produce('p2', 1, { acks: '0' });
    expect(bench.closed).toEqual(['p0', 'p2']);
  });

  it('K-59: all means all of the ISR, not as many as min.insync.replicas', () => {
    bench = new Bench({ config: { 'min.insync.replicas': 2 } });
    const all = bench.produce('p0', 1);
    bench.fetch('broker-2', 1);
    expect(all()).toBeUndefined();
    bench.fetch('broker-3', 1);
    expect(all()!.results[0]!.error).toBe('NONE');
  });

  it('K-57: too small an ISR refuses acks=all before anything is written, and nobody else', () => {
    bench = new Bench({ config: { 'min.insync.replicas': 2 } });
    bench.decide({ isr: ['broker-1'] });
    expect(bench.produce('p0', 1)()!.results[0]!.error).toBe('NOT_ENOUGH_REPLICAS');
    expect(bench.produce('p1', 1, { acks: '1' })()!.results[0]).toMatchObject({
      error: 'NONE',
      baseOffset: 0,
    });
  });

  it('K-57, O-7.5: the minimum is never above the number of replicas', () => {
    bench = new Bench({ replicationFactor: 2, config: { 'min.insync.replicas': 3 } });
    const all = bench.produce('p0', 1);
    bench.fetch('broker-2', 1);
    expect(all()!.results[0]!.error).toBe('NONE');
  });

  it('K-58: followers that do not come in time leave the record in the log and the producer with a timeout', () => {
    const all = bench.produce('p0', 1, { timeoutMs: 1000 });
    bench.until(999);
    expect(all()).toBeUndefined();
    bench.until(1000);
    expect(all()!.results[0]!.error).toBe('REQUEST_TIMED_OUT');
    expect(bench.fetch('broker-2', 0)()!.partitions[0]!.batches).toHaveLength(1);
  });

  it('K-52: does not wait for one that has left the ISR, once it has been behind for long enough', () => {
    const all = bench.produce('p0', 1, { timeoutMs: 60_000 });
    bench.fetch('broker-3', 0);
    bench.until(30_000);
    bench.fetch('broker-2', 1);
    expect(all()).toBeUndefined();
    bench.decide({ isr: ['broker-1', 'broker-2'] });
    // It was caught up less than replica.lag.time.max.ms ago, and might be about to join again.
    expect(all()).toBeUndefined();
    bench.until(30_001);
    bench.fetch('broker-2', 1);
    expect(all()!.results[0]!.error).toBe('NONE');
  });

  it('reads the next request of a connection when it has answered the last', () => {
    const first = bench.produce('p0', 1);
    const second = bench.produce('p0', 1, { acks: '1' });
    expect(second()).toBeUndefined();
    bench.fetch('broker-2', 1);
    bench.fetch('broker-3', 1);
    expect(first()!.results[0]!.baseOffset).toBe(0);
    expect(second()!.results[0]!.baseOffset).toBe(1);
  });

  it('K-43: the end of a transaction is answered when the whole ISR has its marker, and refused where the ISR is too small', () => {
    bench = new Bench({ config: { 'min.insync.replicas': 2 } });
    const end = () =>
      bench.ask('broker-2', {
        api: 'WriteTxnMarkers',
        producerId: 1,
        producerEpoch: 0,
        coordinatorEpoch: 0,
        outcome: 'aborted',
        places: [PLACE],
      });
    const marked = end();
    bench.fetch('broker-2', 1);
    expect(marked()).toBeUndefined();
    bench.fetch('broker-3', 1);
    expect(marked()!.results).toEqual([{ place: PLACE, error: 'NONE' }]);
    bench.decide({ isr: ['broker-1'] });
    expect(end()()!.results).toEqual([{ place: PLACE, error: 'NOT_ENOUGH_REPLICAS' }]);
  });

  it('K-60: a leader that is deposed tells those who wait', () => {
    const all = bench.produce('p0', 1);
    bench.decide({ leader: 'broker-2', leaderEpoch: 1, isr: ['broker-2', 'broker-3'] });
    expect(all()!.results[0]!.error).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(bench.produce('p1', 1)()!.results[0]!.error).toBe('NOT_LEADER_OR_FOLLOWER');
  });
});

describe('the ISR', () => {
  it('K-55, O-7.4: a follower leaves at the first check at which it has been behind for longer than the limit', () => {
    bench.fetch('broker-2', 0);
    bench.fetch('broker-3', 0);
    bench.nowMs = 1;
    bench.produce('p0', 1, { acks: '1' });
    for (let ms = 500; ms < 45_000; ms += 500) {
      bench.until(ms);
      bench.fetch('broker-2', 1);
    }
    expect(bench.alterations()).toEqual([]);
    bench.until(45_000);
    expect(bench.alterations()).toEqual([['broker-1', 'broker-2']]);
  });

  it('K-55: on an idle partition nobody falls behind', () => {
    bench.fetch('broker-2', 0);
    bench.fetch('broker-3', 0);
    bench.until(100_000);
    expect(bench.alterations()).toEqual([]);
  });

  it('K-54: who had everything there was at its previous fetch counts as caught up then', () => {
    for (let ms = 0; ms <= 60_000; ms += 1000) {
      bench.until(ms);
      // Something new comes before each fetch: it never has the end, and is never far from it.
      bench.produce('p0', 1, { acks: '1' });
      bench.fetch('broker-2', ms / 1000);
      bench.fetch('broker-3', ms / 1000);
    }
    expect(bench.alterations()).toEqual([]);
  });

  it('K-56: a follower joins when it has reached the high watermark, and its broker is not fenced', () => {
    bench.decide({ isr: ['broker-1', 'broker-2'] });
    bench.produce('p0', 5, { acks: '1' });
    bench.fetch('broker-2', 5);
    bench.fetch('broker-3', 4);
    expect(bench.alterations()).toEqual([]);
    bench.image = {
      ...bench.image,
      brokers: new Map([...bench.image.brokers, ['broker-3', { node: 'broker-3', fenced: true }]]),
    };
    bench.decide({});
    bench.fetch('broker-3', 5);
    expect(bench.alterations()).toEqual([]);
    bench.image = {
      ...bench.image,
      brokers: new Map([...bench.image.brokers, ['broker-3', { node: 'broker-3', fenced: false }]]),
    };
    bench.decide({});
    bench.fetch('broker-3', 5);
    expect(bench.alterations()).toEqual([['broker-1', 'broker-2', 'broker-3']]);
  });
});

describe('fetches', () => {
  it('K-5, K-8: a position outside the log and an epoch that is not the leader’s are errors', () => {
    expect(bench.fetch(null, 1)()!.partitions[0]!.error).toBe('OFFSET_OUT_OF_RANGE');
    bench.decide({ leader: 'broker-2', leaderEpoch: 1 });
    bench.decide({ leader: 'broker-1', leaderEpoch: 2 });
    const of = (leaderEpoch: number) =>
      bench.ask('c1', {
        api: 'Fetch',
        replica: null,
        isolation: 'read_uncommitted',
        minBytes: 1,
        maxWaitMs: 0,
        maxBytes: 1000,
        maxPartitionBytes: 1000,
        positions: [{ place: PLACE, offset: 0, leaderEpoch, lastFetchedEpoch: -1 }],
      })()!.partitions[0]?.error;
    expect(of(1)).toBe('FENCED_LEADER_EPOCH');
    expect(of(3)).toBe('UNKNOWN_LEADER_EPOCH');
    expect(of(2)).toBeUndefined();
  });

  it('K-9: a fetcher whose last epoch ended earlier here is told where, and given nothing', () => {
    bench.produce('p0', 3, { acks: '1' });
    bench.decide({ leader: 'broker-2', leaderEpoch: 1 });
    bench.decide({ leader: 'broker-1', leaderEpoch: 2 });
    bench.produce('p0', 1, { acks: '1' });
    const reply = bench.ask('broker-2', {
      api: 'Fetch',
      replica: 'broker-2',
      isolation: 'read_uncommitted',
      minBytes: 1,
      maxWaitMs: 0,
      maxBytes: 1000,
      maxPartitionBytes: 1000,
      // It led in epoch 1, and wrote two records that nobody else has.
      positions: [{ place: PLACE, offset: 5, leaderEpoch: 2, lastFetchedEpoch: 1 }],
    })()!;
    // Though its end lies beyond this log's, where they part is what it needs, and not that it asked too far: it would
    // cut off what the high watermark has passed.
    expect(reply.partitions[0]).toMatchObject({
      error: 'NONE',
      diverging: { epoch: 0, endOffset: 3 },
      batches: [],
    });
    const within = bench.ask('broker-2', {
      api: 'Fetch',
      replica: 'broker-2',
      isolation: 'read_uncommitted',
      minBytes: 1,
      maxWaitMs: 0,
      maxBytes: 1000,
      maxPartitionBytes: 1000,
      positions: [{ place: PLACE, offset: 4, leaderEpoch: 2, lastFetchedEpoch: 1 }],
    })()!;
    expect(within.partitions[0]).toMatchObject({
      error: 'NONE',
      batches: [],
      diverging: { epoch: 0, endOffset: 3 },
    });
  });

  it('K-68: waits for fetch.min.bytes or fetch.max.wait.ms, whichever comes first', () => {
    bench = new Bench({}, 1);
    const waiting = bench.fetch(null, 0, 300);
    bench.until(299);
    expect(waiting()).toBeUndefined();
    bench.until(300);
    expect(waiting()!.partitions).toEqual([]);
    const woken = bench.fetch(null, 0, 300);
    bench.produce('p0', 1);
    expect(woken()!.partitions[0]!.batches).toHaveLength(1);
  });
});

describe('sizes of a fetch', () => {
  const ask = (bench: Bench, minBytes: number, maxBytes: number) =>
    bench.ask('c0', {
      api: 'Fetch',
      replica: null,
      isolation: 'read_uncommitted',
      minBytes,
      maxWaitMs: 500,
      maxBytes,
      maxPartitionBytes: 1_000_000,
      positions: [{ place: PLACE, offset: 0, leaderEpoch: -1, lastFetchedEpoch: -1 }],
    });

  it('K-68: fetch.min.bytes makes it wait for more than the first record', () => {
    bench = new Bench({}, 1);
    const waiting = ask(bench, 400, 1_000_000);
    bench.produce('p0', 1);
    bench.produce('p0', 1);
    expect(waiting()).toBeUndefined();
    bench.produce('p0', 1);
    expect(waiting()!.partitions[0]!.batches).toHaveLength(3);
  });

  it('K-6, K-67: fetch.max.bytes bounds the answer, in whole batches, and never to nothing', () => {
    bench = new Bench({}, 1);
    for (let i = 0; i < 4; i++) bench.produce('p0', 1);
    expect(ask(bench, 1, 350)()!.partitions[0]!.batches).toHaveLength(2);
    expect(ask(bench, 1, 10)()!.partitions[0]!.batches).toHaveLength(1);
  });
});

describe('a broker’s life', () => {
  it('K-65: serves nobody until it is registered and unfenced', () => {
    bench.machine.apply({ type: 'crashed' }, 0, bench);
    bench.machine.apply({ type: 'restarted', incarnation: 2 }, 0, bench);
    const answer = bench.produce('p0', 1);
    expect(answer()).toBeUndefined();
    const registration = bench.asked.find(({ request }) => request.api === 'BrokerRegistration')!;
    const answered = (context: unknown, reply: Reply): void =>
      bench.machine.apply({ type: 'answered', context, reply }, bench.nowMs * 1000, bench);
    answered(registration.context, { api: 'BrokerRegistration', error: 'NONE', brokerEpoch: 7 });
    const heartbeat = bench.asked.findLast(({ request }) => request.api === 'BrokerHeartbeat')!;
    expect(heartbeat.request).toMatchObject({ brokerEpoch: 7 });
    bench.machine.apply({ type: 'image', image: { ...bench.image, version: 9 } }, 0, bench);
    answered(heartbeat.context, {
      api: 'BrokerHeartbeat',
      error: 'NONE',
      fenced: false,
      shouldShutDown: false,
    });
    expect(bench.produce('p1', 1, { acks: '1' })()!.results[0]!.error).toBe('NONE');
  });

  it('K-65: a registration that is refused is tried again', () => {
    bench.machine.apply({ type: 'crashed' }, 0, bench);
    bench.machine.apply({ type: 'restarted', incarnation: 2 }, 0, bench);
    const registrations = () => bench.asked.filter(({ request }) => request.api === 'BrokerRegistration');
    const refused: Reply = {
      api: 'BrokerRegistration',
      error: 'DUPLICATE_BROKER_REGISTRATION',
      brokerEpoch: -1,
    };
    bench.machine.apply({ type: 'answered', context: registrations()[0]!.context, reply: refused }, 0, bench);
    bench.until(100);
    expect(registrations()).toHaveLength(2);
  });

  it('K-52, K-66: a crash keeps the log, and of the high watermark what was written down', () => {
    bench = new Bench({}, 1);
    bench.produce('p0', 3);
    bench.until(5000);
    bench.produce('p0', 2);
    bench.machine.apply({ type: 'crashed' }, 5_000_000, bench);
    expect(bench.highWatermarks()).toEqual([3, 5]);
    bench.machine.apply({ type: 'restarted', incarnation: 2 }, 5_000_000, bench);
    bench.decide({ leaderEpoch: 1 });
    // It leads again, alone: what is in its log is replicated to all there are.
    expect(bench.highWatermarks()).toEqual([3, 5, 5]);
  });
});
