import { describe, expect, test } from 'vitest';
import * as v from 'valibot';
import type { RecordBatch } from '../../../src/brokers/kafka/batch.ts';
import { replyCargo } from '../../../src/brokers/kafka/cargo.ts';
import { kafkaShareConsumer } from '../../../src/brokers/kafka/client-config.ts';
import {
  EMPTY_IMAGE,
  type ClusterImage,
  type PartitionImage,
} from '../../../src/brokers/kafka/cluster-image.ts';
import {
  effectiveConfig,
  kafkaBrokerConfig,
  type KafkaBrokerConfig,
} from '../../../src/brokers/kafka/config.ts';
import { PartitionLog } from '../../../src/brokers/kafka/log.ts';
import type {
  ErrorCode,
  Reply,
  Request,
  RequestEnvelope,
  ShareState,
} from '../../../src/brokers/kafka/protocol.ts';
import { ShareConsumerClient } from '../../../src/brokers/kafka/share/share-consumer.ts';
import { ShareManager, type ShareEffects } from '../../../src/brokers/kafka/share/share-manager.ts';
import { Kernel, type Actor, type Port } from '../../../src/sim/kernel.ts';
import { fromMs } from '../../../src/sim/time.ts';
import type { EventBody, TraceEvent } from '../../../src/sim/trace.ts';

/** Two brokers' shared knowledge: broker-1 coordinates the group and leads orders-0, broker-2 leads orders-1. */
class Cluster {
  readonly kernel: Kernel;
  readonly events: TraceEvent[] = [];
  readonly asked: { atMs: number; to: string; from: string; request: Request }[] = [];
  readonly leaders = new Map([
    ['orders-0', 'broker-1'],
    ['orders-1', 'broker-2'],
  ]);
  readonly brokers = new Map<string, Broker>();
  readonly logs = new Map<string, PartitionLog>();
  readonly stored = new Map<string, ShareState>();
  readonly config: KafkaBrokerConfig;
  /** What the coordinator says to heartbeats. */
  heartbeatError: ErrorCode = 'NONE';
  private next = 0;

  constructor(config: Record<string, unknown> = {}) {
    this.config = v.parse(kafkaBrokerConfig, { 'share.auto.offset.reset': 'earliest', ...config });
    this.kernel = new Kernel({
      seed: 1,
      network: { latencyMs: 1, jitterMs: 0, loss: 0 },
      sink: { on: (event) => this.events.push(event) },
    });
    for (const place of this.leaders.keys()) {
      const log = new PartitionLog(place, effectiveConfig({}, this.config), 0);
      log.beginEpoch(0);
      this.logs.set(place, log);
    }
    for (const id of ['broker-1', 'broker-2']) {
      this.kernel.add((port) => {
        const broker = new Broker(port, this);
        this.brokers.set(id, broker);
        return broker;
      }, id);
      this.kernel.start(id);
    }
  }

  /** Appends a batch with these keys, from now on or before the run. */
  append(place: string, keys: (string | null)[]): void {
    const log = this.logs.get(place)!;
    const batch: RecordBatch = {
      place,
      producerId: -1,
      epoch: -1,
      baseSequence: -1,
      transactional: false,
      messages: keys.map(() => this.next++),
      keys,
      sizes: keys.map(() => 100),
      timestamps: keys.map(() => this.kernel.now),
      values: null,
    };
    log.appendAsLeader(batch, 0, this.kernel.now);
    log.advanceHighWatermark(log.logEnd);
    const leader = this.brokers.get(this.leaders.get(place)!)!;
    leader.manager.highWatermarkAdvanced(place, this.kernel.now, leader);
  }

  consumer(id: string, more: Record<string, unknown> = {}): ShareConsumerClient {
    const client = v.parse(kafkaShareConsumer, {
      id,
      role: 'share-consumer',
      group: 'g',
      topics: ['orders'],
      processingMs: 10,
      ...more,
    });
    let made: ShareConsumerClient | undefined;
    this.kernel.add(
      (port) => (made = new ShareConsumerClient(port, client, ['broker-1', 'broker-2'], port.random)),
      id,
    );
    this.kernel.start(id);
    return made!;
  }

  until(ms: number): void {
    const { kernel } = this;
    while (kernel.nextAt() <= fromMs(ms)) kernel.step();
    kernel.now = fromMs(ms);
  }

  only<K extends TraceEvent['kind']>(kind: K, client?: string): Extract<TraceEvent, { kind: K }>[] {
    return this.events.filter(
      (event): event is Extract<TraceEvent, { kind: K }> =>
        event.kind === kind && (client === undefined || ('client' in event && event.client === client)),
    );
  }

  /** Each as "place position". */
  at(kind: 'delivered' | 'processed' | 'settled' | 'released', client?: string): string[] {
    return this.only(kind, client).map(({ place, position }) => `${place} ${position}`);
  }
}

/** A broker as far as share groups go: the real manager, a store, and a group of which everyone gets everything. */
class Broker implements Actor, ShareEffects {
  readonly id: string;
  readonly manager: ShareManager;
  private readonly port: Port;
  private readonly cluster: Cluster;
  private members = new Set<string>();

  constructor(port: Port, cluster: Cluster) {
    this.id = port.id;
    this.port = port;
    this.cluster = cluster;
    this.manager = new ShareManager({ node: port.id, config: cluster.config });
  }

  start(): void {
    this.members.clear();
  }

  crash(): void {
    this.manager.crash();
  }

  receive(message: unknown, from: string): void {
    const { correlation, request } = message as RequestEnvelope;
    this.cluster.asked.push({ atMs: this.port.now() / 1000, to: this.id, from, request });
    if (request.api === 'ShareFetch') this.manager.fetch(request, from, correlation, this.port.now(), this);
    else this.reply(from, correlation, this.answer(request));
  }

  wake(timer: string, data: unknown): void {
    if (timer === 'stored') {
      const { reply, context } = data as { reply: Reply; context: unknown };
      this.manager.answered(context, reply, this.port.now(), this);
    } else this.manager.timer(timer, data, this.port.now(), this);
  }

  disconnected(peer: string): void {
    this.manager.disconnected(peer, this.port.now(), this);
  }

  reply(to: string, correlation: number, reply: Reply): void {
    this.port.send(to, { correlation, reply }, replyCargo(reply));
  }
  timer(delay: number, timer: string, data: unknown): void {
    this.port.timer(delay, timer, data);
  }
  trace(event: EventBody): void {
    this.port.emit(event);
  }
  request(_to: string, request: Request, context: unknown): void {
    this.port.timer(fromMs(2), 'stored', { reply: this.answer(request), context });
  }
  image(): ClusterImage {
    return EMPTY_IMAGE;
  }
  log(place: string): PartitionLog | null {
    return this.cluster.leaders.get(place) === this.id ? this.cluster.logs.get(place)! : null;
  }
  coordinatorOf(): string {
    return 'broker-1';
  }

  private answer(request: Request): Reply {
    const { leaders, stored } = this.cluster;
    switch (request.api) {
      case 'Metadata':
        return {
          api: 'Metadata',
          brokers: ['broker-1', 'broker-2'],
          topics: [
            {
              topic: 'orders',
              error: 'NONE',
              config: {},
              partitions: [...leaders].map(([place, leader], index): PartitionImage => ({
                place,
                topic: 'orders',
                index,
                replicas: [leader],
                isr: [leader],
                elr: [],
                leader,
                leaderEpoch: 0,
                partitionEpoch: 0,
              })),
            },
          ],
        };
      case 'FindCoordinator':
        return { api: 'FindCoordinator', error: 'NONE', node: 'broker-1' };
      case 'ShareGroupHeartbeat': {
        const error = this.heartbeat(request.memberId, request.memberEpoch);
        const joined = error === 'NONE' && request.memberEpoch === 0;
        return {
          api: 'ShareGroupHeartbeat',
          error,
          memberEpoch: request.memberEpoch < 0 ? request.memberEpoch : 1,
          heartbeatIntervalMs: 5000,
          assignment: joined ? [...leaders.keys()] : null,
        };
      }
      case 'WriteShareState':
        stored.set(request.place, request.state);
        return { api: 'WriteShareState', error: 'NONE' };
      case 'ReadShareState':
        return { api: 'ReadShareState', error: 'NONE', state: stored.get(request.place) ?? null };
      default:
        throw new Error(request.api);
    }
  }

  private heartbeat(memberId: string, epoch: number): ErrorCode {
    if (this.cluster.heartbeatError !== 'NONE') return this.cluster.heartbeatError;
    if (epoch === 0) this.members.add(memberId);
    else if (!this.members.has(memberId)) return 'UNKNOWN_MEMBER_ID';
    if (epoch < 0) this.members.delete(memberId);
    return 'NONE';
  }
}

const EXPLICIT = { config: { 'share.acknowledgement.mode': 'explicit' } };

describe('a share consumer', () => {
  test('joins, is given partitions, and gets records from every leader', () => {
    const c = new Cluster();
    c.append('orders-0', ['a', 'b']);
    c.append('orders-1', ['c']);
    c.consumer('app');
    c.until(1000);
    expect(c.only('client-started')).toMatchObject([{ client: 'app', role: 'consumer' }]);
    expect(c.only('assigned')).toMatchObject([
      { group: 'g', places: ['orders-0', 'orders-1'], all: ['orders-0', 'orders-1'], generation: 1 },
    ]);
    expect(c.at('delivered').sort()).toEqual(['orders-0 0', 'orders-0 1', 'orders-1 0']);
    expect(c.only('delivered')[0]).toMatchObject({ redelivered: false, deliveryCount: 1, key: 'a' });
    expect(c.at('processed').sort()).toEqual(c.at('delivered').sort());
    c.append('orders-1', ['d']);
    c.until(1020);
    expect(c.at('delivered')).toContain('orders-1 1');
  });

  test('K-106: implicitly, the next poll() accepts what the last one gave', () => {
    const c = new Cluster();
    c.append('orders-0', ['a', 'b', 'c']);
    c.consumer('app');
    c.until(1000);
    const settled = c.only('settled');
    expect(settled.map(({ position, outcome }) => `${position} ${outcome}`)).toEqual([
      '0 acked',
      '1 acked',
      '2 acked',
    ]);
    // All at once, once the last of them has been worked on, with the next fetch.
    expect(new Set(settled.map(({ at }) => at)).size).toBe(1);
    expect(settled[0]!.at).toBeGreaterThan(c.only('processed').at(-1)!.at);
    const carrying = c.asked.filter(
      ({ request }) => request.api === 'ShareFetch' && request.acknowledgements.length > 0,
    );
    expect(carrying).toHaveLength(1);
    expect(carrying[0]!.request).toMatchObject({ places: ['orders-0'] });
    expect(c.stored.get('orders-0')!.startOffset).toBe(3);
  });

  test('acknowledgements go alone while records of another leader are at hand', () => {
    const c = new Cluster();
    c.append('orders-0', ['a']);
    c.append('orders-1', ['b']);
    c.consumer('app', { config: { 'max.poll.records': 1 }, processingMs: 50 });
    c.until(1000);
    const alone = c.asked.find(
      ({ request }) => request.api === 'ShareFetch' && request.acknowledgements.length > 0,
    )!;
    expect(alone.request).toMatchObject({ places: [], acknowledgements: [{ type: 'accept', offset: 0 }] });
    expect(c.only('settled')).toHaveLength(2);
  });

  test('max.poll.records bounds what one poll() gives, but parts no batch (KAFKA-17863)', () => {
    const polled = (batches: (string | null)[][]): number[] => {
      const c = new Cluster();
      for (const keys of batches) c.append('orders-0', keys);
      c.consumer('app', { config: { 'max.poll.records': 2 } });
      c.until(1000);
      const polls = new Map<number, number>();
      for (const { at } of c.only('delivered')) polls.set(at, (polls.get(at) ?? 0) + 1);
      return [...polls.values()];
    };
    expect(polled([['a'], ['b'], ['c'], ['d'], ['e']])).toEqual([2, 2, 1]);
    expect(polled([['a'], ['b', 'c', 'd'], ['e']])).toEqual([4, 1]);
  });

  test('K-102: two members share one partition; together they get each record once', () => {
    const c = new Cluster();
    for (let i = 0; i < 20; i++) c.append('orders-0', [`k${i}`]);
    const config = { 'max.poll.records': 2 };
    c.consumer('one', { config });
    c.consumer('two', { config });
    c.until(2000);
    const both = [...c.at('delivered', 'one'), ...c.at('delivered', 'two')];
    expect(new Set(both).size).toBe(20);
    expect(both).toHaveLength(20);
    expect(c.at('delivered', 'one').length).toBeGreaterThan(5);
    expect(c.at('delivered', 'two').length).toBeGreaterThan(5);
  });
});

describe('trouble with a record', () => {
  test('K-103: released until the limit, then nobody gets it any more', () => {
    const c = new Cluster({ 'group.share.delivery.count.limit': 3 });
    c.append('orders-0', ['a', 'bad', 'b']);
    c.consumer('app', { ...EXPLICIT, troubles: [{ key: 'bad', outcome: 'release' }] });
    c.until(3000);
    const bad = c.only('delivered').filter(({ key }) => key === 'bad');
    expect(bad.map(({ deliveryCount, redelivered }) => [deliveryCount, redelivered])).toEqual([
      [1, false],
      [2, true],
      [3, true],
    ]);
    expect(c.only('settled').map(({ position, outcome }) => `${position} ${outcome}`)).toEqual([
      '0 acked',
      '1 nacked',
      '2 acked',
      '1 nacked',
      '1 nacked',
    ]);
    expect(c.only('archived')).toMatchObject([{ position: 1, why: 'delivery count limit' }]);
    expect(c.at('processed')).toEqual(['orders-0 0', 'orders-0 2']);
  });

  test('K-103: rejected, it is gone at once', () => {
    const c = new Cluster();
    c.append('orders-0', ['bad']);
    c.consumer('app', { ...EXPLICIT, troubles: [{ key: 'bad', outcome: 'reject' }] });
    c.until(1000);
    expect(c.only('settled')).toMatchObject([{ outcome: 'rejected', message: 0 }]);
    expect(c.only('archived')).toMatchObject([{ position: 0, why: 'rejected' }]);
  });

  test('K-106: acknowledge() is an error where acknowledgement is implicit', () => {
    const c = new Cluster();
    c.append('orders-0', ['bad']);
    c.consumer('app', { troubles: [{ key: 'bad', outcome: 'release' }] });
    c.until(1000);
    expect(c.only('error')).toMatchObject([{ code: 'IllegalStateException' }]);
    expect(c.only('client-stopped')).toHaveLength(1);
    expect(c.at('released')).toEqual(['orders-0 0']);
  });

  test('K-103: what an application hangs on goes to another member when the lock has run out', () => {
    const c = new Cluster();
    c.append('orders-0', ['slow']);
    c.consumer('hung', { troubles: [{ key: 'slow', outcome: 'stall' }] });
    c.until(100);
    c.consumer('other');
    c.until(30_100);
    expect(c.only('released')).toMatchObject([{ position: 0, why: 'the lock ran out' }]);
    expect(c.only('delivered', 'other')).toMatchObject([{ deliveryCount: 2, redelivered: true }]);
    // It is a member as before, until max.poll.interval.ms says otherwise.
    expect(c.only('revoked', 'hung')).toEqual([]);
    c.until(301_000);
    expect(c.only('revoked', 'hung')).toMatchObject([{ lost: true }]);
    expect(c.only('error', 'hung')).toMatchObject([{ code: 'max.poll.interval.ms' }]);
  });

  test('K-103: a process that crashes gives its records back at once, and that delivery counts', () => {
    const c = new Cluster();
    c.append('orders-0', ['bad']);
    c.consumer('first', { troubles: [{ key: 'bad', outcome: 'crash' }] });
    c.until(100);
    expect(c.only('client-stopped')).toMatchObject([{ client: 'first', reason: 'crashed' }]);
    expect(c.only('released')).toMatchObject([{ position: 0, why: 'the member left' }]);
    c.consumer('second');
    c.until(200);
    expect(c.only('delivered', 'second')).toMatchObject([{ deliveryCount: 2, redelivered: true }]);
  });

  test('K-103: who takes longer than the lock hears of it, and another has worked on it too', () => {
    const c = new Cluster({ 'group.share.record.lock.duration.ms': 1000 });
    c.append('orders-0', ['a']);
    c.consumer('slow', { processingMs: 1500 });
    c.until(100);
    c.consumer('quick', { processingMs: 700 });
    c.until(3000);
    expect(c.only('error', 'slow')).toMatchObject([{ code: 'INVALID_RECORD_STATE' }]);
    expect(c.only('settled')).toMatchObject([{ client: 'quick', outcome: 'acked' }]);
    expect(c.at('processed')).toEqual(['orders-0 0', 'orders-0 0']);
  });
});

describe('the end, and what comes before it', () => {
  test('close(): what was worked on is accepted, what was not goes to others, the group hears of it', () => {
    const c = new Cluster();
    c.append('orders-0', ['a', 'b']);
    c.append('orders-0', ['c', 'd']);
    const app = c.consumer('app', { config: { 'max.poll.records': 2 }, processingMs: 100 });
    c.until(150);
    app.close();
    c.until(1000);
    expect(c.only('settled', 'app').map(({ position }) => position)).toEqual([0, 1]);
    expect(c.only('revoked', 'app')).toMatchObject([{ lost: false }]);
    expect(c.only('client-stopped')).toMatchObject([{ client: 'app', reason: 'closed' }]);
    const last = c.asked.at(-1)!;
    expect(last.request).toMatchObject({ api: 'ShareGroupHeartbeat', memberEpoch: -1 });
    c.consumer('next');
    c.until(2000);
    expect(c.at('delivered', 'next')).toEqual(['orders-0 2', 'orders-0 3']);
  });

  test('close() while it waits for records: nothing is left acquired for it', () => {
    const c = new Cluster();
    const app = c.consumer('app');
    c.until(100);
    app.close();
    c.append('orders-0', ['a']);
    c.until(5000);
    expect(c.only('client-stopped')).toHaveLength(1);
    expect(c.only('delivered')).toEqual([]);
    c.consumer('next');
    c.until(6000);
    expect(c.at('processed', 'next')).toEqual(['orders-0 0']);
  });

  test('K-102: it answers at once to what it is given, and then waits for its interval', () => {
    const c = new Cluster();
    c.consumer('app');
    c.until(9000);
    const beats = c.asked.filter(({ request }) => request.api === 'ShareGroupHeartbeat');
    expect(beats.map(({ atMs }) => Math.round(atMs / 100) * 100)).toEqual([0, 0, 5000]);
  });

  test('a member that the coordinator does not know joins again', () => {
    const c = new Cluster();
    c.consumer('app');
    c.until(1000);
    c.heartbeatError = 'UNKNOWN_MEMBER_ID';
    c.until(5012);
    c.heartbeatError = 'NONE';
    c.until(6000);
    expect(c.only('revoked')).toMatchObject([{ lost: true }]);
    expect(c.only('assigned')).toHaveLength(2);
    c.append('orders-0', ['a']);
    c.until(7000);
    expect(c.at('processed')).toEqual(['orders-0 0']);
  });

  test('a group that refuses it ends it', () => {
    const c = new Cluster();
    c.heartbeatError = 'GROUP_MAX_SIZE_REACHED';
    c.consumer('app');
    c.until(1000);
    expect(c.only('error')).toMatchObject([{ code: 'GROUP_MAX_SIZE_REACHED' }]);
    expect(c.only('client-stopped')).toHaveLength(1);
  });

  test('it finds the new leader of a partition, which gives out what the old one had given', () => {
    const c = new Cluster();
    c.append('orders-1', ['a', 'b']);
    c.consumer('app', { processingMs: 200, config: { 'metadata.max.age.ms': 300_000 } });
    c.until(100);
    expect(c.at('delivered')).toEqual(['orders-1 0', 'orders-1 1']);
    c.leaders.set('orders-1', 'broker-1');
    c.brokers.get('broker-2')!.manager.stopLeading('orders-1');
    c.until(3000);
    expect(c.only('error')[0]).toMatchObject({ code: 'NOT_LEADER_OR_FOLLOWER' });
    expect(c.at('delivered').slice(2)).toEqual(['orders-1 0', 'orders-1 1']);
    expect(c.stored.get('orders-1')!.startOffset).toBe(2);
  });

  test('brokers that crash are asked again when they are back', () => {
    const c = new Cluster();
    c.consumer('app');
    c.until(100);
    c.kernel.crash('broker-1');
    c.append('orders-1', ['a']);
    c.until(3000);
    expect(c.at('processed')).toEqual(['orders-1 0']);
    c.kernel.start('broker-1');
    c.until(10_000);
    c.append('orders-0', ['b']);
    c.until(11_000);
    expect(c.at('processed')).toEqual(['orders-1 0', 'orders-0 0']);
    // The coordinator came back without knowing it: it has joined again.
    expect(c.only('assigned')).toHaveLength(2);
  });

  test('after a crash and a restart it is another member', () => {
    const c = new Cluster();
    c.append('orders-0', ['a']);
    c.consumer('app', { processingMs: 1000 });
    c.until(100);
    c.kernel.crash('app');
    c.until(200);
    c.kernel.start('app');
    c.until(2000);
    expect(c.at('delivered')).toEqual(['orders-0 0', 'orders-0 0']);
    const members = c.asked.flatMap(({ request }) =>
      request.api === 'ShareGroupHeartbeat' ? [request.memberId] : [],
    );
    expect(new Set(members).size).toBe(2);
  });
});
