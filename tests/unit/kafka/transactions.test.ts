// The transaction coordinator by itself (K-43 to K-46): what it answers, writes, asks of others, and carries through.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { ClusterImage, PartitionImage, TopicImage } from '../../../src/brokers/kafka/cluster-image.ts';
import { kafkaBrokerConfig } from '../../../src/brokers/kafka/config.ts';
import {
  groupPlace,
  transactionPlace,
  type ShardEffects,
} from '../../../src/brokers/kafka/coordinator-shard.ts';
import type { ErrorCode, Reply, ReplyTo, Request } from '../../../src/brokers/kafka/protocol.ts';
import { TransactionShard } from '../../../src/brokers/kafka/transactions.ts';
import { Random } from '../../../src/sim/random.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

const ID = 'tx-1';

function imageOf(leaders: Record<string, string | null>): ClusterImage {
  const topics = new Map<string, TopicImage>();
  for (const [place, leader] of Object.entries(leaders)) {
    const at = place.lastIndexOf('-');
    const name = place.slice(0, at);
    const known = topics.get(name)?.partitions ?? [];
    const partition: PartitionImage = {
      place,
      topic: name,
      index: Number(place.slice(at + 1)),
      replicas: [],
      isr: [],
      elr: [],
      leader,
      leaderEpoch: 4,
      partitionEpoch: 0,
    };
    topics.set(name, {
      name,
      internal: name.startsWith('__'),
      config: {},
      partitions: [...known, partition].toSorted((a, b) => a.index - b.index),
    });
  }
  return { version: 1, brokers: new Map(), topics };
}

const LEADERS = {
  'orders-0': 'broker-1',
  'orders-1': 'broker-2',
  'orders-2': 'broker-2',
  [transactionPlace(ID)]: 'broker-1',
  [groupPlace('billing')]: 'broker-3',
};

/** A shard with its partition, a clock that the test moves, and other brokers that the test answers for. */
class Bench implements ShardEffects {
  shard: TransactionShard;
  nowMs = 0;
  leaders: Record<string, string | null> = { ...LEADERS };
  /** Whether its log takes writes. */
  inSync = true;
  readonly log: { key: string; value: object | null }[] = [];
  readonly events: EventBody[] = [];
  /** Requests of the shard that nobody has answered. */
  asked: { to: string; request: Request; context: unknown }[] = [];
  private replies = new Map<number, Reply>();
  private timers: { atMs: number; timer: string; data: unknown }[] = [];
  private next = 0;
  private nextId = 100;
  readonly config = v.parse(kafkaBrokerConfig, {});

  constructor() {
    this.shard = this.make();
  }

  private make(): TransactionShard {
    const place = transactionPlace(ID);
    return new TransactionShard({ node: 'broker-1', place, config: this.config, random: new Random(1) });
  }

  load(): void {
    this.shard.loaded(this.nowMs * 1000, this);
  }

  /** The partition has a new leader: everything but the log is gone. */
  failOver(): void {
    this.timers = [];
    this.asked = [];
    this.shard = this.make();
    for (const { key, value } of this.log) this.shard.replay(key, value);
    this.load();
  }

  reply(_to: string, correlation: number, reply: Reply): void {
    this.replies.set(correlation, reply);
  }

  timer(delay: number, timer: string, data: unknown): void {
    this.timers.push({ atMs: this.nowMs + delay / 1000, timer, data });
  }

  trace(event: EventBody): void {
    this.events.push(event);
  }

  write(key: string, value: object | null): void {
    this.log.push({ key, value });
  }

  request(to: string, request: Request, context: unknown): void {
    if (request.api === 'InitProducerId') {
      // The broker's own producer ids.
      const reply: Reply = { api: 'InitProducerId', error: 'NONE', producerId: this.nextId++, epoch: 0 };
      this.shard.answered(context, reply, this.nowMs * 1000, this);
    } else this.asked.push({ to, request, context });
  }

  takesWrites(): boolean {
    return this.inSync;
  }

  image(): ClusterImage {
    return imageOf(this.leaders);
  }

  ask<R extends Request>(request: R): ReplyTo<R['api']> {
    const correlation = this.next++;
    this.shard.handle(request, 'p', correlation, this.nowMs * 1000, this);
    return this.replies.get(correlation) as ReplyTo<R['api']>;
  }

  until(ms: number): void {
    for (;;) {
      this.timers.sort((a, b) => a.atMs - b.atMs);
      const first = this.timers[0];
      if (!first || first.atMs > ms) break;
      this.timers.shift();
      this.nowMs = first.atMs;
      this.shard.timer(first.timer, first.data, this.nowMs * 1000, this);
    }
    this.nowMs = ms;
  }

  /** Answers every request under way. @param error of the places that are named; the others are well */
  answer(error: ErrorCode = 'NONE', ...places: string[]): string[] {
    const all = this.asked.splice(0);
    for (const { request, context } of all) {
      const of = (place: string): ErrorCode =>
        places.length === 0 || places.includes(place) ? error : 'NONE';
      let reply: Reply;
      if (request.api === 'WriteTxnMarkers') {
        const results = request.places.map((place) => ({ place, error: of(place) }));
        reply = { api: 'WriteTxnMarkers', results };
      } else reply = { api: 'CompleteTxnOffsets', error: places.length === 0 ? error : 'NONE' };
      this.shard.answered(context, reply, this.nowMs * 1000, this);
    }
    return all.map(({ to, request }) =>
      request.api === 'WriteTxnMarkers'
        ? `${to} ${request.outcome} ${request.places.join(' ')}`
        : `${to} ${request.api}`,
    );
  }

  /** States and epochs as the trace tells them. */
  states(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'transaction-state-changed' ? [`${event.state} ${event.epoch}`] : [],
    );
  }

  // What producers ask.

  init(more: { producerId?: number; producerEpoch?: number; timeoutMs?: number } = {}) {
    const { producerId = -1, producerEpoch = -1, timeoutMs: transactionTimeoutMs = 60_000 } = more;
    return this.ask({
      api: 'InitProducerId' as const,
      transactionalId: ID,
      transactionTimeoutMs,
      producerId,
      producerEpoch,
    });
  }

  add(producerEpoch: number, ...places: string[]): ErrorCode {
    return this.ask({
      api: 'AddPartitionsToTxn' as const,
      transactionalId: ID,
      producerId: 100,
      producerEpoch,
      places,
    }).error;
  }

  end(producerEpoch: number, outcome: 'committed' | 'aborted') {
    return this.ask({ api: 'EndTxn' as const, transactionalId: ID, producerId: 100, producerEpoch, outcome });
  }
}

/** A producer with epoch 0 and a transaction over two partitions. */
function ongoing(): Bench {
  const bench = new Bench();
  bench.load();
  bench.init();
  bench.add(0, 'orders-0');
  bench.add(0, 'orders-1');
  return bench;
}

describe('the life of a transaction', () => {
  it('K-43: initTransactions() gives an id with epoch 0, and every later one the next epoch', () => {
    const bench = new Bench();
    bench.load();
    expect(bench.init()).toEqual({ api: 'InitProducerId', error: 'NONE', producerId: 100, epoch: 0 });
    expect(bench.init()).toMatchObject({ error: 'NONE', producerId: 100, epoch: 1 });
    expect(bench.states()).toEqual(['Empty 0', 'Empty 1']);
  });

  it('K-43 K-45: PREPARE is written before any marker is asked for, and COMPLETE after the last', () => {
    const bench = ongoing();
    expect(bench.end(0, 'committed')).toEqual({ api: 'EndTxn', error: 'NONE', producerId: 100, epoch: 1 });
    expect(bench.log.at(-1)!.value).toMatchObject({
      state: 'PrepareCommit',
      places: ['orders-0', 'orders-1'],
    });
    expect(bench.asked.map(({ request }) => request)).toMatchObject([
      { api: 'WriteTxnMarkers', producerEpoch: 1, coordinatorEpoch: 4, outcome: 'committed' },
      { api: 'WriteTxnMarkers', producerEpoch: 1 },
    ]);
    expect(bench.answer()).toEqual(['broker-1 committed orders-0', 'broker-2 committed orders-1']);
    expect(bench.log.at(-1)!.value).toMatchObject({ state: 'CompleteCommit', places: [] });
    expect(bench.states()).toEqual(['Empty 0', 'Ongoing 0', 'PrepareCommit 1', 'CompleteCommit 1']);
  });

  it('K-45: the next transaction runs under the epoch that the end of the last one brought', () => {
    const bench = ongoing();
    bench.end(0, 'committed');
    expect(bench.add(1, 'orders-0')).toBe('CONCURRENT_TRANSACTIONS');
    bench.answer();
    expect(bench.add(0, 'orders-0')).toBe('PRODUCER_FENCED');
    expect(bench.add(1, 'orders-0')).toBe('NONE');
    expect(bench.end(1, 'aborted')).toMatchObject({ error: 'NONE', epoch: 2 });
    expect(bench.answer()).toEqual(['broker-1 aborted orders-0']);
  });

  it('K-45: markers of partitions with one leader go in one request', () => {
    const bench = ongoing();
    bench.add(0, 'orders-2');
    bench.end(0, 'aborted');
    expect(bench.answer()).toEqual(['broker-1 aborted orders-0', 'broker-2 aborted orders-1 orders-2']);
  });

  it('K-48: the offsets of a group end with the transaction, at the group’s coordinator', () => {
    const bench = new Bench();
    bench.load();
    bench.init();
    const request = { transactionalId: ID, producerId: 100, producerEpoch: 0, group: 'billing' };
    expect(bench.ask({ api: 'AddOffsetsToTxn', ...request }).error).toBe('NONE');
    bench.end(0, 'committed');
    expect(bench.asked.map(({ to, request: { api } }) => `${to} ${api}`)).toEqual([
      'broker-3 CompleteTxnOffsets',
    ]);
    bench.answer();
    expect(bench.states().at(-1)).toBe('CompleteCommit 1');
  });

  it('K-43: an EndTxn whose answer was lost is answered again, and not done again', () => {
    const bench = ongoing();
    bench.end(0, 'committed');
    expect(bench.end(0, 'committed').error).toBe('CONCURRENT_TRANSACTIONS');
    expect(bench.end(0, 'aborted').error).toBe('INVALID_TXN_STATE');
    bench.answer();
    expect(bench.end(0, 'committed')).toMatchObject({ error: 'NONE', producerId: 100, epoch: 1 });
    expect(bench.end(0, 'aborted').error).toBe('INVALID_TXN_STATE');
    expect(bench.asked).toEqual([]);
  });

  it('K-45: a transaction that the coordinator never heard of can be given up, and not be committed', () => {
    const bench = new Bench();
    bench.load();
    bench.init();
    expect(bench.end(0, 'committed').error).toBe('INVALID_TXN_STATE');
    expect(bench.end(0, 'aborted')).toMatchObject({ error: 'NONE', epoch: 1 });
    expect(bench.states().at(-1)).toBe('CompleteAbort 1');
  });

  it('K-43: whoever is not known, or has another id, is told so', () => {
    const bench = ongoing();
    const other = {
      api: 'EndTxn',
      transactionalId: 'else',
      producerId: 100,
      producerEpoch: 0,
      outcome: 'committed',
    };
    expect(bench.ask(other as Extract<Request, { api: 'EndTxn' }>).error).toBe('INVALID_PRODUCER_ID_MAPPING');
    const wrong = {
      api: 'AddPartitionsToTxn' as const,
      transactionalId: ID,
      producerId: 7,
      producerEpoch: 0,
      places: [],
    };
    expect(bench.ask(wrong).error).toBe('INVALID_PRODUCER_ID_MAPPING');
  });
});

describe('fencing', () => {
  it('K-44: a second producer gets CONCURRENT_TRANSACTIONS until the leftover is aborted, then a higher epoch', () => {
    const bench = ongoing();
    expect(bench.init().error).toBe('CONCURRENT_TRANSACTIONS');
    expect(bench.states().slice(-1)).toEqual(['PrepareAbort 2']);
    expect(bench.init().error).toBe('CONCURRENT_TRANSACTIONS');
    bench.answer();
    expect(bench.init()).toMatchObject({ error: 'NONE', epoch: 3 });
    for (const outcome of ['committed', 'aborted'] as const)
      expect(bench.end(0, outcome).error).toBe('PRODUCER_FENCED');
    expect(bench.add(0, 'orders-0')).toBe('PRODUCER_FENCED');
  });

  it('K-44: one that recovers with what it was given before gets the next epoch, and the same again', () => {
    const bench = new Bench();
    bench.load();
    bench.init();
    expect(bench.init({ producerId: 100, producerEpoch: 0 })).toMatchObject({ error: 'NONE', epoch: 1 });
    expect(bench.init({ producerId: 100, producerEpoch: 0 })).toMatchObject({ error: 'NONE', epoch: 1 });
    bench.init();
    expect(bench.init({ producerId: 100, producerEpoch: 0 }).error).toBe('PRODUCER_FENCED');
    expect(bench.init({ producerId: 5, producerEpoch: 0 }).error).toBe('PRODUCER_FENCED');
  });

  it('K-46: a timeout above transaction.max.timeout.ms is refused', () => {
    const bench = new Bench();
    bench.load();
    expect(bench.init({ timeoutMs: 900_001 }).error).toBe('INVALID_TRANSACTION_TIMEOUT');
    expect(bench.init({ timeoutMs: 900_000 }).error).toBe('NONE');
  });
});

describe('time', () => {
  it('K-46: a transaction that is open too long is aborted at the next look, and its producer fenced', () => {
    const bench = new Bench();
    bench.load();
    bench.nowMs = 5000;
    bench.init({ timeoutMs: 10_000 });
    bench.add(0, 'orders-0');
    bench.until(15_000);
    expect(bench.states().at(-1)).toBe('Ongoing 0');
    bench.until(20_000);
    expect(bench.states().at(-1)).toBe('PrepareAbort 2');
    expect(bench.answer()).toEqual(['broker-1 aborted orders-0']);
    expect(bench.end(0, 'aborted').error).toBe('PRODUCER_FENCED');
    expect(bench.end(0, 'committed').error).toBe('PRODUCER_FENCED');
  });

  it('K-46: a transactional.id that nobody uses is forgotten after transactional.id.expiration.ms', () => {
    const bench = ongoing();
    bench.end(0, 'committed');
    bench.answer();
    bench.until(604_800_000 + 3_600_000);
    expect(bench.log.at(-1)).toEqual({ key: ID, value: null });
    expect(bench.states().at(-1)).toBe('Dead 1');
    expect(bench.add(1, 'orders-0')).toBe('INVALID_PRODUCER_ID_MAPPING');
  });

  it('K-46: an open transaction keeps its id however long it lasts', () => {
    const bench = new Bench();
    bench.config['transactional.id.expiration.ms'] = 1000;
    bench.load();
    bench.init({ timeoutMs: 900_000 });
    bench.nowMs = 3_500_000;
    bench.add(0, 'orders-0');
    bench.until(3_700_000);
    expect(bench.add(0, 'orders-1')).toBe('NONE');
  });
});

describe('carrying it through', () => {
  it('K-43: markers are sent again until each is written, wherever the leader has gone', () => {
    const bench = ongoing();
    bench.end(0, 'committed');
    bench.answer('NOT_LEADER_OR_FOLLOWER', 'orders-1');
    expect(bench.states().at(-1)).toBe('PrepareCommit 1');
    bench.leaders['orders-1'] = 'broker-3';
    bench.until(200);
    expect(bench.answer()).toEqual(['broker-3 committed orders-1']);
    expect(bench.states().at(-1)).toBe('CompleteCommit 1');
  });

  it('K-43: a broken connection is one more reason to send again', () => {
    const bench = ongoing();
    bench.end(0, 'committed');
    for (const { context } of bench.asked.splice(0)) bench.shard.answered(context, null, 0, bench);
    bench.until(200);
    expect(bench.answer()).toHaveLength(2);
    expect(bench.states().at(-1)).toBe('CompleteCommit 1');
  });

  it('K-43: a partition without a leader is waited for, and a topic that is gone is not', () => {
    const bench = ongoing();
    bench.leaders['orders-1'] = null;
    bench.end(0, 'aborted');
    expect(bench.answer()).toEqual(['broker-1 aborted orders-0']);
    bench.until(5000);
    expect(bench.asked).toEqual([]);
    bench.leaders['orders-1'] = 'broker-2';
    bench.shard.imageChanged(5_000_000, bench);
    expect(bench.answer()).toEqual(['broker-2 aborted orders-1']);
    expect(bench.states().at(-1)).toBe('CompleteAbort 1');

    const gone = ongoing();
    gone.leaders = { [transactionPlace(ID)]: 'broker-1' };
    gone.end(0, 'aborted');
    expect(gone.states().at(-1)).toBe('CompleteAbort 1');
  });

  it('K-43, K-57: the end is written when the log takes it again, and no marker is sent twice meanwhile', () => {
    const bench = ongoing();
    bench.end(0, 'committed');
    bench.inSync = false;
    expect(bench.answer()).toEqual(['broker-1 committed orders-0', 'broker-2 committed orders-1']);
    bench.until(5000);
    expect(bench.states().at(-1)).toBe('PrepareCommit 1');
    bench.inSync = true;
    bench.until(5200);
    expect(bench.answer()).toEqual([]);
    expect(bench.states().at(-1)).toBe('CompleteCommit 1');
  });

  it('K-43: a coordinator that finds PREPARE in its log sends the markers that its predecessor owed', () => {
    const bench = ongoing();
    bench.end(0, 'committed');
    bench.failOver();
    expect(bench.states().at(-1)).toBe('PrepareCommit 1');
    expect(bench.answer()).toEqual(['broker-1 committed orders-0', 'broker-2 committed orders-1']);
    expect(bench.states().at(-1)).toBe('CompleteCommit 1');
    expect(bench.end(0, 'committed')).toMatchObject({ error: 'NONE', epoch: 1 });
  });

  it('K-43: an open transaction outlives its coordinator: it goes on, or times out, with the next', () => {
    const bench = ongoing();
    bench.failOver();
    expect(bench.add(0, 'orders-2')).toBe('NONE');
    bench.failOver();
    bench.until(80_000);
    expect(bench.answer()).toEqual(['broker-1 aborted orders-0', 'broker-2 aborted orders-1 orders-2']);
  });

  it('K-43: an answer that belongs to an earlier transaction is not taken for this one’s', () => {
    const bench = ongoing();
    bench.end(0, 'committed');
    const old = bench.asked.map(({ context }) => context);
    bench.answer();
    bench.add(1, 'orders-0');
    bench.end(1, 'committed');
    const late: Reply = { api: 'WriteTxnMarkers', results: [{ place: 'orders-0', error: 'NONE' }] };
    bench.shard.answered(old[0], late, 0, bench);
    expect(bench.states().at(-1)).toBe('PrepareCommit 2');
  });
});
