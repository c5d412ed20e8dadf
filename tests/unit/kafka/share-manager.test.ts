import { describe, expect, test } from 'vitest';
import * as v from 'valibot';
import type { RecordBatch } from '../../../src/brokers/kafka/batch.ts';
import { EMPTY_IMAGE, type ClusterImage } from '../../../src/brokers/kafka/cluster-image.ts';
import { effectiveConfig, kafkaBrokerConfig } from '../../../src/brokers/kafka/config.ts';
import { PartitionLog } from '../../../src/brokers/kafka/log.ts';
import type {
  AcknowledgeType,
  ErrorCode,
  Reply,
  ReplyTo,
  Request,
  ShareFetchRequest,
  ShareState,
} from '../../../src/brokers/kafka/protocol.ts';
import { ShareManager, type ShareEffects } from '../../../src/brokers/kafka/share/share-manager.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

type ShareReply = ReplyTo<'ShareFetch'>;

/** The manager of broker-1, with a coordinator that answers when the test lets it. */
class Bench implements ShareEffects {
  readonly manager: ShareManager;
  readonly events: EventBody[] = [];
  readonly stored = new Map<string, ShareState>();
  nowMs = 0;
  coordinator: string | null = 'broker-2';
  /** What the coordinator answers; null: the connection broke. */
  error: ErrorCode | null = 'NONE';
  readonly config;
  private logs = new Map<string, PartitionLog>();
  private asked: { request: Request; context: unknown }[] = [];
  private replies = new Map<number, ShareReply>();
  private timers: { atMs: number; timer: string; data: unknown }[] = [];
  private next = 0;

  constructor(config: Record<string, unknown> = {}) {
    this.config = v.parse(kafkaBrokerConfig, { 'share.auto.offset.reset': 'earliest', ...config });
    this.manager = new ShareManager({ node: 'broker-1', config: this.config });
  }

  get now(): number {
    return this.nowMs * 1000;
  }

  reply(_to: string, correlation: number, reply: Reply): void {
    if (this.replies.has(correlation)) throw new Error('answered twice');
    this.replies.set(correlation, reply as ShareReply);
  }
  timer(delay: number, timer: string, data: unknown): void {
    this.timers.push({ atMs: this.nowMs + delay / 1000, timer, data });
  }
  trace(event: EventBody): void {
    this.events.push(event);
  }
  request(to: string, request: Request, context: unknown): void {
    expect(to).toBe(this.coordinator);
    this.asked.push({ request, context });
  }
  image(): ClusterImage {
    return EMPTY_IMAGE;
  }
  log(place: string): PartitionLog | null {
    return this.logs.get(place) ?? null;
  }
  coordinatorOf(): string | null {
    return this.coordinator;
  }

  lead(place: string): void {
    const log = new PartitionLog(place, effectiveConfig({}, this.config), 0);
    log.beginEpoch(0);
    this.logs.set(place, log);
  }

  stopLeading(place: string): void {
    this.logs.delete(place);
    this.manager.stopLeading(place);
  }

  /** Appends a batch, which is committed at once. */
  append(place: string, count: number): void {
    const log = this.logs.get(place)!;
    const range = Array.from({ length: count }, (_, i) => log.logEnd + i);
    const batch: RecordBatch = {
      place,
      producerId: -1,
      epoch: -1,
      baseSequence: -1,
      transactional: false,
      messages: range,
      keys: range.map(() => null),
      sizes: range.map(() => 100),
      timestamps: range.map(() => this.now),
      values: null,
    };
    expect(log.appendAsLeader(batch, 0, this.now).error).toBe('NONE');
    log.advanceHighWatermark(log.logEnd);
    this.manager.highWatermarkAdvanced(place, this.now, this);
  }

  /** Sends a ShareFetch. @returns asks for its answer */
  send(memberId: string, more: Partial<ShareFetchRequest> = {}): () => ShareReply | undefined {
    const correlation = this.next++;
    const request: ShareFetchRequest = {
      api: 'ShareFetch',
      group: 'g',
      memberId,
      minBytes: 1,
      maxWaitMs: 500,
      maxRecords: 500,
      places: ['orders-0'],
      acknowledgements: [],
      closing: false,
      ...more,
    };
    this.manager.fetch(request, `${memberId}-client`, correlation, this.now, this);
    return () => this.replies.get(correlation);
  }

  /** Sends one that the coordinator's answers suffice for. */
  ask(memberId: string, more: Partial<ShareFetchRequest> = {}): ShareReply {
    const reply = this.send(memberId, more);
    this.coordinate();
    return reply()!;
  }

  say(memberId: string, type: AcknowledgeType, offsets: number[], place = 'orders-0') {
    const acknowledgements = offsets.map((offset) => ({ place, offset, type }));
    return this.send(memberId, { places: [], acknowledgements });
  }

  /** The coordinator answers what it has been asked. @returns how often */
  coordinate(): number {
    let count = 0;
    for (let one = this.asked.shift(); one; one = this.asked.shift(), count++)
      this.manager.answered(one.context, this.coordinatorSays(one.request), this.now, this);
    return count;
  }

  until(ms: number): void {
    for (;;) {
      this.timers.sort((a, b) => a.atMs - b.atMs);
      const first = this.timers[0];
      if (!first || first.atMs > ms) break;
      this.timers.shift();
      this.nowMs = first.atMs;
      this.manager.timer(first.timer, first.data, this.now, this);
      this.coordinate();
    }
    this.nowMs = ms;
  }

  told(kind: EventBody['kind']): string[] {
    return this.events.flatMap((event) => {
      if (event.kind !== kind) return [];
      if (event.kind === 'acquired') return [`${event.position} ${event.client} ${event.deliveryCount}`];
      if (event.kind === 'released' || event.kind === 'archived') return [`${event.position} ${event.why}`];
      return [];
    });
  }

  private coordinatorSays(request: Request): Reply | null {
    const { error } = this;
    if (error === null) return null;
    if (request.api === 'WriteShareState') {
      if (error === 'NONE') this.stored.set(`${request.group} ${request.place}`, request.state);
      return { api: 'WriteShareState', error };
    }
    if (request.api !== 'ReadShareState') throw new Error(request.api);
    const state = this.stored.get(`${request.group} ${request.place}`) ?? null;
    return { api: 'ReadShareState', error, state: error === 'NONE' ? state : null };
  }
}

function offsets(reply: ShareReply, at = 0): number[] {
  return reply.partitions[at]!.acquired.map(({ offset }) => offset);
}

function bench(records: readonly number[] = [5], config: Record<string, unknown> = {}): Bench {
  const made = new Bench(config);
  made.lead('orders-0');
  for (const count of records) made.append('orders-0', count);
  return made;
}

describe('where a group begins', () => {
  test('K-104: by share.auto.offset.reset where nothing is stored', () => {
    expect(offsets(bench([5]).ask('m1'))).toEqual([0, 1, 2, 3, 4]);
    const latest = bench([5], { 'share.auto.offset.reset': 'latest' });
    const reply = latest.send('m1');
    latest.coordinate();
    expect(reply()).toBeUndefined();
    latest.append('orders-0', 2);
    expect(offsets(reply()!)).toEqual([5, 6]);
  });

  test('K-107: else where what is stored says', () => {
    const b = bench([5]);
    const records = [{ offset: 3, state: 'acknowledged' as const, deliveryCount: 1 }];
    b.stored.set('g orders-0', { startOffset: 2, records });
    expect(offsets(b.ask('m1'))).toEqual([2, 4]);
  });

  test('K-107: a coordinator that is not ready is asked again, and then that is the answer', () => {
    const b = bench([5]);
    b.error = 'COORDINATOR_LOAD_IN_PROGRESS';
    const reply = b.send('m1', { maxWaitMs: 60_000 });
    b.coordinate();
    b.until(900);
    b.error = 'NONE';
    b.until(1000);
    expect(offsets(reply()!)).toEqual([0, 1, 2, 3, 4]);

    const never = bench([5]);
    never.coordinator = null;
    const refused = never.send('m1', { maxWaitMs: 60_000 });
    never.until(14_999);
    expect(refused()).toBeUndefined();
    never.until(15_000);
    expect(refused()!.partitions[0]).toMatchObject({ error: 'COORDINATOR_NOT_AVAILABLE', acquired: [] });
  });

  test('a partition that another broker leads', () => {
    const reply = new Bench().ask('m1');
    expect(reply.partitions[0]!.error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });
});

describe('fetching', () => {
  test('K-103: what one holds the next does not get; each waits for more, up to its maxWaitMs', () => {
    const b = bench([5]);
    expect(offsets(b.ask('m1'))).toEqual([0, 1, 2, 3, 4]);
    const m2 = b.send('m2');
    const m3 = b.send('m3');
    b.until(499);
    expect(m2()).toBeUndefined();
    b.append('orders-0', 1);
    expect(offsets(m2()!)).toEqual([5]);
    expect(m3()).toBeUndefined();
    b.until(500);
    expect(offsets(m3()!)).toEqual([]);
    expect(b.told('acquired').at(-1)).toBe('5 m2-client 1');
    const acquired = b.events.find((event) => event.kind === 'acquired');
    expect(acquired).toMatchObject({ node: 'broker-1', group: 'g', until: 30_000_000, message: 0 });
  });

  test('minBytes is waited for', () => {
    const b = bench([1]);
    const reply = b.send('m1', { minBytes: 300 });
    b.coordinate();
    expect(reply()).toBeUndefined();
    b.append('orders-0', 1);
    expect(offsets(reply()!)).toEqual([0, 1]);
  });

  test('partitions take turns at being the first, so that none starves', () => {
    const b = bench([5, 5]);
    b.lead('orders-1');
    b.append('orders-1', 5);
    b.append('orders-1', 5);
    const both = { places: ['orders-0', 'orders-1'], maxRecords: 5 };
    const first = b.ask('m1', both);
    expect([offsets(first, 0).length, offsets(first, 1).length]).toEqual([5, 0]);
    const second = b.ask('m1', both);
    expect([offsets(second, 0).length, offsets(second, 1).length]).toEqual([0, 5]);
  });

  test('K-107: two groups on one partition know nothing of one another', () => {
    const b = bench([2]);
    expect(offsets(b.ask('m1'))).toEqual([0, 1]);
    expect(offsets(b.ask('m2', { group: 'h' }))).toEqual([0, 1]);
  });

  test('K-105: a window that is full gives nothing new until SPSO moves', () => {
    const b = bench([60, 60, 60], { 'group.share.partition.max.record.locks': 100 });
    expect(offsets(b.ask('m1'))).toHaveLength(120);
    const reply = b.send('m2', { maxWaitMs: 10_000 });
    b.until(100);
    expect(reply()).toBeUndefined();
    b.say(
      'm1',
      'accept',
      Array.from({ length: 60 }, (_, i) => i),
    );
    b.coordinate();
    expect(offsets(reply()!)[0]).toBe(120);
  });
});

describe('acknowledging', () => {
  test('K-107: it is answered when it is stored, and released records go on to who waits', () => {
    const b = bench([5]);
    b.ask('m1');
    const waiting = b.send('m2', { maxWaitMs: 5000 });
    const said = b.say('m1', 'release', [1]);
    expect(said()).toBeUndefined();
    expect(waiting()).toBeUndefined();
    expect(b.told('released')).toEqual([]);
    b.coordinate();
    expect(said()!.partitions).toEqual([
      { place: 'orders-0', error: 'NONE', acknowledgeError: 'NONE', acquired: [] },
    ]);
    expect(b.told('released')).toEqual(['1 released by the application']);
    expect(waiting()!.partitions[0]!.acquired).toMatchObject([{ offset: 1, deliveryCount: 2 }]);
    expect(b.stored.get('g orders-0')).toEqual({
      startOffset: 0,
      records: [{ offset: 1, state: 'available', deliveryCount: 1 }],
    });
  });

  test('one write at a time: what is said meanwhile goes with the next', () => {
    const b = bench([5]);
    b.ask('m1');
    const said = [0, 1, 2].map((offset) => b.say('m1', 'accept', [offset]));
    // The first alone, the other two together.
    expect(b.coordinate()).toBe(2);
    expect(said.every((reply) => reply()!.partitions[0]!.acknowledgeError === 'NONE')).toBe(true);
    expect(b.stored.get('g orders-0')!.startOffset).toBe(3);
  });

  test('K-103: rejected, and released for the last time', () => {
    const b = bench([2], { 'group.share.delivery.count.limit': 2 });
    b.ask('m1');
    b.say('m1', 'reject', [0]);
    b.say('m1', 'release', [1]);
    b.coordinate();
    b.ask('m1');
    b.say('m1', 'release', [1]);
    b.coordinate();
    expect(b.told('released')).toEqual(['1 released by the application']);
    expect(b.told('archived')).toEqual(['0 rejected', '1 delivery count limit']);
    expect(b.stored.get('g orders-0')).toEqual({ startOffset: 2, records: [] });
  });

  test('K-103: of what another holds, or of what is unknown here, nothing can be said', () => {
    const b = bench([2]);
    b.ask('m1');
    expect(b.say('m2', 'accept', [0])()!.partitions[0]!.acknowledgeError).toBe('INVALID_RECORD_STATE');
    expect(b.say('m1', 'accept', [0], 'orders-7')()!.partitions[0]!.acknowledgeError).toBe(
      'NOT_LEADER_OR_FOLLOWER',
    );
  });

  test('K-107: what cannot be stored has not happened', () => {
    const b = bench([2]);
    b.ask('m1');
    b.error = null;
    const said = b.say('m1', 'accept', [0]);
    b.coordinate();
    b.until(20_000);
    expect(said()!.partitions[0]!.acknowledgeError).toBe('COORDINATOR_NOT_AVAILABLE');
    b.error = 'NONE';
    const again = b.say('m1', 'accept', [0]);
    b.coordinate();
    expect(again()!.partitions[0]!.acknowledgeError).toBe('NONE');
  });

  test('K-107: where a newer leader has written, this one’s share-partition is dropped', () => {
    const b = bench([2]);
    b.ask('m1');
    b.error = 'FENCED_LEADER_EPOCH';
    const said = b.say('m1', 'accept', [0]);
    b.coordinate();
    expect(said()!.partitions[0]!.acknowledgeError).toBe('NOT_LEADER_OR_FOLLOWER');
    b.error = 'NONE';
    expect(b.ask('m2').partitions[0]!.acquired).toMatchObject([{ deliveryCount: 1 }, { deliveryCount: 1 }]);
  });
});

describe('locks and members', () => {
  test('K-103: a lock runs out after 30 s: at once for others, and stored afterwards', () => {
    const b = bench([1]);
    b.ask('m1');
    const waiting = b.send('m2', { maxWaitMs: 60_000 });
    b.until(29_999);
    expect(waiting()).toBeUndefined();
    b.until(30_000);
    expect(waiting()!.partitions[0]!.acquired).toMatchObject([{ offset: 0, deliveryCount: 2 }]);
    expect(b.told('released')).toEqual(['0 the lock ran out']);
    expect(b.stored.get('g orders-0')!.records).toEqual([
      { offset: 0, state: 'available', deliveryCount: 1 },
    ]);
    const late = b.say('m1', 'accept', [0]);
    expect(late()!.partitions[0]!.acknowledgeError).toBe('INVALID_RECORD_STATE');
  });

  test('K-103: whoever is disconnected gives back what it holds, and its requests are forgotten', () => {
    const b = bench([3]);
    b.ask('m1', { maxRecords: 3 });
    const waiting = b.send('m1');
    const other = b.send('m2', { maxWaitMs: 5000 });
    b.manager.disconnected('m1-client', b.now, b);
    b.coordinate();
    expect(other()!.partitions[0]!.acquired).toMatchObject([
      { offset: 0, deliveryCount: 2 },
      { offset: 1, deliveryCount: 2 },
      { offset: 2, deliveryCount: 2 },
    ]);
    expect(b.told('released')).toEqual([0, 1, 2].map((offset) => `${offset} the member left`));
    b.until(6000);
    expect(waiting()).toBeUndefined();
  });

  test('K-103: who leaves says its last words, and gives the rest back before it is answered', () => {
    const b = bench([3]);
    b.ask('m1');
    const acknowledgements = [{ place: 'orders-0', offset: 0, type: 'accept' as const }];
    const bye = b.send('m1', { places: [], acknowledgements, closing: true });
    expect(bye()).toBeUndefined();
    b.coordinate();
    expect(bye()!.partitions[0]!.acknowledgeError).toBe('NONE');
    expect(offsets(b.ask('m2'))).toEqual([1, 2]);
  });
});

describe('the partition moves', () => {
  test('K-107: nobody is told that something was stored that was not, and nothing is left waiting', () => {
    const b = bench([3]);
    b.ask('m1');
    const said = [b.say('m1', 'accept', [0]), b.say('m1', 'accept', [1])];
    const waiting = b.send('m2');
    b.stopLeading('orders-0');
    b.error = null;
    b.coordinate();
    for (const reply of said) expect(reply()!.partitions[0]!.acknowledgeError).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(waiting()!.partitions[0]!.error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    // Its timers mean nothing any more.
    b.until(40_000);
    expect(b.told('released')).toEqual([]);
  });

  test('K-107: the next leader gives out again what was held; what was accepted stays so', () => {
    const b = bench([3]);
    b.ask('m1');
    b.say('m1', 'accept', [0]);
    b.coordinate();
    b.stopLeading('orders-0');
    b.lead('orders-0');
    b.append('orders-0', 3);
    expect(b.ask('m2').partitions[0]!.acquired).toMatchObject([
      { offset: 1, deliveryCount: 1 },
      { offset: 2, deliveryCount: 1 },
    ]);
  });

  test('records that retention took are not waited for', () => {
    const b = bench([3, 3]);
    expect(offsets(b.ask('m1', { maxRecords: 1 }))).toEqual([0, 1, 2]);
    b.log('orders-0')!.deleteRecordsBefore(4);
    b.manager.logStartAdvanced('orders-0', 4, b.now, b);
    expect(offsets(b.ask('m2'))).toEqual([4, 5]);
  });

  test('a crash leaves nothing behind', () => {
    const b = bench([3]);
    b.ask('m1');
    b.say('m1', 'accept', [0]);
    b.manager.crash();
    b.coordinate();
    b.until(40_000);
    expect(b.told('released')).toEqual([]);
    expect(offsets(b.ask('m2'))).toEqual([1, 2]);
  });
});
