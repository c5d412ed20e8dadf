// The consumer's library against brokers that the test scripts: several leaders, positions, what is left out of a fetch,
// seek and pause, manual assignment, and the revocation that an application may hold.
import { describe, expect, it } from 'vitest';
import { kafkaConsumer, type KafkaConsumer } from '../../../src/brokers/kafka/client-config.ts';
import {
  ConsumerClient,
  ConsumerLibrary,
  type ConsumerApp,
  type Run,
} from '../../../src/brokers/kafka/consumer.ts';
import { durationMicros } from '../../../src/brokers/kafka/positions.ts';
import type { ReplyEnvelope, Request } from '../../../src/brokers/kafka/protocol.ts';
import { parse } from 'valibot';
import type { Actor, Port } from '../../../src/sim/kernel.ts';
import { FakeCluster, batchOf } from './fake-cluster.ts';

type Config = Partial<KafkaConsumer['config']>;

function client(config: Config = {}, more: object = {}): KafkaConsumer {
  return parse(kafkaConsumer, {
    id: 'c',
    role: 'consumer',
    group: 'billing',
    topics: ['orders'],
    processingMs: 0,
    assign: ['orders-0', 'orders-1'],
    ...more,
    config: { 'auto.offset.reset': 'earliest', 'enable.auto.commit': false, ...config },
  });
}

function start(cluster: FakeCluster, settings: KafkaConsumer, id = 'c'): ConsumerClient {
  let made: ConsumerClient | undefined;
  cluster.kernel.add((port) => (made = new ConsumerClient(port, settings, cluster.brokers, port.random)), id);
  cluster.kernel.start(id);
  return made!;
}

const two = (): FakeCluster => new FakeCluster(2, { 'orders-0': 'broker-1', 'orders-1': 'broker-2' });
const one = (): FakeCluster => new FakeCluster(1, { 'orders-0': 'broker-1' });
const alone = { assign: ['orders-0'] };
const given = (cluster: FakeCluster, place = 'orders-0'): number[] =>
  cluster.of('delivered').flatMap((event) => (event.place === place ? [event.position] : []));

describe('several brokers', () => {
  it('K-68: each leader is asked for its own partitions, one fetch at a time', () => {
    const cluster = two();
    let open = 0;
    let most = 0;
    cluster.script = (request, node) => {
      if (request.api !== 'Fetch') return undefined;
      expect(request.positions.map(({ place }) => place)).toEqual([
        node === 'broker-1' ? 'orders-0' : 'orders-1',
      ]);
      return undefined;
    };
    start(cluster, client());
    for (let ms = 0; ms < 3000; ms += 100) {
      cluster.append('orders-0', 1);
      cluster.append('orders-1', 2);
      cluster.until(ms);
    }
    for (const node of cluster.brokers) {
      for (const event of cluster.of('sent')) {
        if (event.what === 'Fetch' && event.to === node) most = Math.max(most, ++open);
        if (event.what === 'FetchResponse' && event.from === node) open--;
      }
      open = 0;
    }
    expect(most).toBe(1);
    expect(given(cluster).length).toBeGreaterThan(20);
    expect(given(cluster, 'orders-1').length).toBeGreaterThan(40);
  });

  it('K-60: a leader that is one no more refuses, metadata is asked for anew, and the new one is read', () => {
    const cluster = two();
    cluster.append('orders-0', 3);
    start(cluster, client());
    cluster.until(1000);
    const before = cluster.requests('Metadata').length;
    Object.assign(cluster.partition('orders-0'), { leader: 'broker-2', leaderEpoch: 1 });
    cluster.append('orders-0', 2);
    cluster.until(3000);
    expect(given(cluster)).toEqual([0, 1, 2, 3, 4]);
    expect(cluster.requests('Metadata').length).toBeGreaterThan(before);
    const last = cluster.requests('Fetch').findLast(({ positions }) => positions[0]!.place === 'orders-0')!;
    expect(last.positions.find(({ place }) => place === 'orders-0')).toEqual({
      place: 'orders-0',
      offset: 5,
      leaderEpoch: 1,
      lastFetchedEpoch: 1,
    });
  });

  it.each(['FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH'])(
    'K-8: %s: asks for metadata, and not in haste',
    (error) => {
      const cluster = one();
      start(cluster, client({}, alone));
      cluster.until(1000);
      // The broker knows an epoch that the metadata do not tell of yet, or the other way about.
      cluster.script = (request) =>
        request.api === 'Fetch'
          ? {
              api: 'Fetch',
              partitions: [
                {
                  place: 'orders-0',
                  error: error as 'FENCED_LEADER_EPOCH',
                  batches: [],
                  highWatermark: 0,
                  lastStableOffset: 0,
                  logStart: 0,
                  aborted: [],
                  diverging: null,
                },
              ],
            }
          : undefined;
      cluster.until(2000);
      const fetches = cluster.asked.filter(
        ({ request, atMs }) => request.api === 'Fetch' && atMs > 1000,
      ).length;
      expect(fetches).toBeGreaterThan(2);
      expect(fetches).toBeLessThan(15);
      expect(
        cluster.asked.filter(({ request, atMs }) => request.api === 'Metadata' && atMs > 1000).length,
      ).toBeGreaterThan(1);
      cluster.script = () => undefined;
      cluster.append('orders-0', 1);
      cluster.until(3000);
      expect(given(cluster)).toEqual([0]);
    },
  );

  it('K-9: metadata of an epoch that is over do not count', () => {
    const cluster = two();
    Object.assign(cluster.partition('orders-0'), { leader: 'broker-2', leaderEpoch: 3 });
    cluster.append('orders-0', 1);
    start(cluster, client({ 'metadata.max.age.ms': 600 }));
    cluster.until(200);
    cluster.script = (request) => {
      if (request.api !== 'Metadata') return undefined;
      const { partitions } = cluster;
      const now = { ...partitions.get('orders-0')! };
      Object.assign(partitions.get('orders-0')!, { leader: 'broker-1', leaderEpoch: 2 });
      const old = cluster.answer(request, 'broker-1');
      Object.assign(partitions.get('orders-0')!, now);
      return old;
    };
    cluster.until(1500);
    cluster.append('orders-0', 1);
    cluster.until(2200);
    expect(given(cluster)).toEqual([0, 1]);
    const wrong = cluster.asked.filter(
      ({ request, node }) =>
        request.api === 'Fetch' &&
        node === 'broker-1' &&
        request.positions.some(({ place }) => place === 'orders-0'),
    );
    expect(wrong).toEqual([]);
  });

  it('K-66: a broker that died is left alone, longer each time, while the other is read', () => {
    const cluster = two();
    start(cluster, client());
    cluster.until(1000);
    cluster.kernel.crash('broker-1');
    cluster.append('orders-1', 2);
    cluster.until(6000);
    expect(given(cluster, 'orders-1')).toEqual([0, 1]);
    cluster.kernel.start('broker-1');
    cluster.append('orders-0', 2);
    cluster.until(9000);
    expect(given(cluster)).toEqual([0, 1]);
  });

  it.each(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'] as const)(
    'K-75: %s: the coordinator is looked for, or waited for, and the commit is made',
    (error) => {
      const cluster = two();
      cluster.append('orders-0', 2);
      cluster.script = (request, node) => {
        if (request.api !== 'OffsetCommit' || node === 'broker-2') return undefined;
        if (error === 'COORDINATOR_LOAD_IN_PROGRESS' && cluster.kernel.now > 500_000) return undefined;
        if (error !== 'COORDINATOR_LOAD_IN_PROGRESS') cluster.coordinator = 'broker-2';
        return { api: 'OffsetCommit', error };
      };
      start(cluster, client());
      cluster.until(3000);
      expect(cluster.committed.get('orders-0')).toBe(2);
      expect(cluster.of('error')).toEqual([]);
      expect(cluster.requests('FindCoordinator')).toHaveLength(
        error === 'COORDINATOR_LOAD_IN_PROGRESS' ? 1 : 2,
      );
    },
  );

  it('K-72: commitSync gives up after default.api.timeout.ms', () => {
    const cluster = one();
    cluster.append('orders-0', 1);
    cluster.script = (request) =>
      request.api === 'OffsetCommit'
        ? { api: 'OffsetCommit', error: 'COORDINATOR_LOAD_IN_PROGRESS' }
        : undefined;
    start(cluster, client({ 'default.api.timeout.ms': 2000 }, alone));
    cluster.until(10_000);
    expect(cluster.of('error')).toMatchObject([{ code: 'TimeoutException' }]);
    expect(cluster.of('error')[0]!.at).toBeLessThan(2_300_000);
    cluster.append('orders-0', 1);
    cluster.until(11_000);
    expect(given(cluster)).toEqual([0, 1]);
  });
});

describe('what a fetch brings', () => {
  const marker = (outcome: 'committed' | 'aborted', producerId: number) => ({
    marker: { outcome },
    transactional: true,
    producerId,
  });
  const inTransaction = (producerId: number) => ({ transactional: true, producerId });
  /** O-9: 0 T1, 1 plain, 2 T2, 3 T1, 4 commit(T1), 5 abort(T2). */
  const o9 = (isolation: 'read_uncommitted' | 'read_committed'): FakeCluster => {
    const cluster = one();
    cluster.append('orders-0', 1, inTransaction(1));
    cluster.append('orders-0', 1);
    cluster.append('orders-0', 1, inTransaction(2));
    cluster.append('orders-0', 1, inTransaction(1));
    cluster.append('orders-0', 0, marker('committed', 1));
    cluster.append('orders-0', 0, marker('aborted', 2));
    cluster.partition('orders-0').aborted.push({ producerId: 2, firstOffset: 2 });
    start(cluster, client({ 'isolation.level': isolation }, alone));
    cluster.until(1000);
    return cluster;
  };

  it('K-49 K-50 O-9: read_committed leaves aborted records out, read_uncommitted gives them; markers go to nobody', () => {
    expect(given(o9('read_committed'))).toEqual([0, 1, 3]);
    expect(given(o9('read_uncommitted'))).toEqual([0, 1, 2, 3]);
  });

  it('K-50 O-9: the position passes what is left out', () => {
    for (const isolation of ['read_committed', 'read_uncommitted'] as const) {
      const cluster = o9(isolation);
      expect(cluster.requests('Fetch').at(-1)!.positions).toMatchObject([{ offset: 6 }]);
      expect(cluster.committed.get('orders-0')).toBe(6);
    }
  });

  it('K-50: what an aborting producer writes after its marker is another matter', () => {
    const cluster = one();
    cluster.append('orders-0', 2, inTransaction(7));
    cluster.append('orders-0', 0, marker('aborted', 7));
    cluster.append('orders-0', 2, inTransaction(7));
    cluster.append('orders-0', 0, marker('committed', 7));
    cluster.partition('orders-0').aborted.push({ producerId: 7, firstOffset: 0 });
    start(cluster, client({ 'isolation.level': 'read_committed' }, alone));
    cluster.until(1000);
    expect(given(cluster)).toEqual([3, 4]);
  });

  it('K-50: the position moves also when nothing is returned at all', () => {
    const cluster = one();
    cluster.append('orders-0', 3, inTransaction(7));
    cluster.append('orders-0', 0, marker('aborted', 7));
    cluster.partition('orders-0').aborted.push({ producerId: 7, firstOffset: 0 });
    start(
      cluster,
      client(
        { 'isolation.level': 'read_committed', 'enable.auto.commit': true, 'auto.commit.interval.ms': 500 },
        alone,
      ),
    );
    cluster.until(2000);
    expect(given(cluster)).toEqual([]);
    expect(cluster.of('settled')).toMatchObject([{ position: 4 }]);
  });

  it('K-2: records below the position are thrown away, as are the holes that compaction left', () => {
    const cluster = one();
    cluster.append('orders-0', 5);
    cluster.partition('orders-0').batches.push(
      // Of 5 to 9 compaction has kept 6 and 8.
      batchOf(5, 2, { offsets: [6, 8], lastOffset: 9, messages: [6, 8] }),
      batchOf(12, 1),
    );
    cluster.committed.set('orders-0', 3);
    start(cluster, client({ 'max.poll.records': 3 }, alone));
    cluster.until(1000);
    expect(given(cluster)).toEqual([3, 4, 6, 8, 12]);
    expect(cluster.of('processed').map(({ position }) => position)).toEqual([3, 4, 6, 8, 12]);
    const committed = cluster.of('settled').map(({ position }) => position);
    expect(committed).toEqual([7, 13]);
  });

  it('K-68: max.poll.records bounds what poll() returns, and not what is fetched', () => {
    const cluster = one();
    for (let i = 0; i < 10; i++) cluster.append('orders-0', 7);
    start(cluster, client({ 'max.poll.records': 4 }, alone));
    cluster.until(300);
    expect(given(cluster)).toEqual(Array.from({ length: 70 }, (_, i) => i));
    expect(cluster.requests('Fetch')).toHaveLength(2);
    expect(
      cluster
        .requests('OffsetCommit')
        .map(({ offsets }) => offsets[0]![1])
        .slice(0, 3),
    ).toEqual([4, 8, 12]);
  });

  it('K-4: lag is what lies between the position and the high watermark, or the last stable offset', () => {
    const lag = (isolation: 'read_uncommitted' | 'read_committed'): number | null => {
      const cluster = one();
      cluster.append('orders-0', 4);
      cluster.append('orders-0', 6);
      cluster.partition('orders-0').lastStableOffset = 4;
      const app = new Held();
      const library = held(
        cluster,
        client({ 'isolation.level': isolation, 'max.poll.records': 3 }, alone),
        app,
      );
      cluster.until(100);
      expect(app.polls).toHaveLength(1);
      return library.currentLag('orders-0');
    };
    expect(lag('read_uncommitted')).toBe(7);
    expect(lag('read_committed')).toBe(1);
  });
});

describe('a log that was truncated', () => {
  const truncated = (config: Config, epoch = 0, endOffset = 3): FakeCluster => {
    const cluster = one();
    cluster.append('orders-0', 5);
    cluster.committed.set('orders-0', 0);
    start(cluster, client(config, alone));
    cluster.until(1000);
    const partition = cluster.partition('orders-0');
    // An unclean leader knows the first three only, and goes on in an epoch of its own.
    Object.assign(partition, { leaderEpoch: 1, batches: [batchOf(0, 3)] });
    cluster.append('orders-0', 2);
    let told = false;
    cluster.script = (request) => {
      if (request.api !== 'Fetch' || request.positions[0]!.leaderEpoch < 1 || told) return undefined;
      expect(request.positions[0]).toMatchObject({ offset: 5, lastFetchedEpoch: 0 });
      told = true;
      return {
        api: 'Fetch',
        partitions: [
          {
            place: 'orders-0',
            error: 'NONE',
            batches: [],
            aborted: [],
            highWatermark: 5,
            lastStableOffset: 5,
            logStart: 0,
            diverging: { epoch, endOffset },
          },
        ],
      };
    };
    cluster.append('orders-0', 1);
    cluster.until(3000);
    return cluster;
  };

  it('K-9: with a reset policy the consumer goes back to where its log and the leader’s part', () => {
    for (const policy of ['earliest', 'latest']) {
      const cluster = truncated({ 'auto.offset.reset': policy });
      expect(cluster.of('positioned').at(-1)).toMatchObject({ position: 3, by: 'reset', outOfRange: true });
      expect(given(cluster)).toEqual([0, 1, 2, 3, 4, 3, 4, 5]);
    }
  });

  it('K-9: with none it is for the application to decide', () => {
    const cluster = one();
    cluster.committed.set('orders-0', 0);
    cluster.append('orders-0', 5);
    start(cluster, client({ 'auto.offset.reset': 'none' }, alone));
    cluster.until(1000);
    cluster.script = (request) =>
      request.api === 'Fetch'
        ? {
            api: 'Fetch',
            partitions: [
              {
                place: 'orders-0',
                error: 'NONE',
                batches: [],
                aborted: [],
                highWatermark: 5,
                lastStableOffset: 5,
                logStart: 0,
                diverging: { epoch: 0, endOffset: 3 },
              },
            ],
          }
        : undefined;
    cluster.until(3000);
    expect(cluster.of('error')).toMatchObject([{ code: 'LogTruncationException' }]);
    expect(cluster.of('client-stopped')).toHaveLength(1);
  });

  it('K-9: an epoch that the leader knows otherwise, at or behind the position, is no truncation', () => {
    const cluster = truncated({}, 0, 5);
    expect(cluster.of('positioned')).toHaveLength(1);
    expect(given(cluster)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('where it begins', () => {
  const reset = (policy: string, found: (at: unknown) => number): FakeCluster => {
    const cluster = one();
    cluster.append('orders-0', 10);
    cluster.script = (request) =>
      request.api === 'ListOffsets'
        ? { api: 'ListOffsets', offsets: [{ place: 'orders-0', error: 'NONE', offset: found(request.at) }] }
        : undefined;
    cluster.until(7_200_000);
    start(cluster, client({ 'auto.offset.reset': policy }, alone));
    cluster.until(7_201_000);
    return cluster;
  };

  it('K-69: by_duration begins at the first record of that time or later', () => {
    const cluster = reset('by_duration:PT1H', (at) => (typeof at === 'number' ? 4 : 10));
    expect(cluster.requests('ListOffsets')).toMatchObject([{ at: 3_600_004_000 }]);
    expect(cluster.of('positioned')).toMatchObject([{ position: 4, by: 'reset' }]);
  });

  it('K-69: by_duration begins at the end when nothing is so young', () => {
    const cluster = reset('by_duration:PT10S', (at) => (typeof at === 'number' ? -1 : 10));
    expect(cluster.requests('ListOffsets').map(({ at }) => at)).toEqual([7_190_004_000, 'latest']);
    expect(cluster.of('positioned')).toMatchObject([{ position: 10, by: 'reset' }]);
  });

  it('K-69: durations are ISO 8601', () => {
    expect(durationMicros('PT1H')).toBe(3600e6);
    expect(durationMicros('P1DT2H3M4.5S')).toBe((((24 + 2) * 60 + 3) * 60 + 4.5) * 1e6);
  });

  it('K-69: the leader of each partition is asked, and asked again when it is another', () => {
    const cluster = two();
    let refused = 0;
    cluster.script = (request, node) => {
      if (request.api !== 'ListOffsets') return undefined;
      expect(request.places).toEqual([node === 'broker-1' ? 'orders-0' : 'orders-1']);
      if (node === 'broker-2' && refused++ === 0)
        return {
          api: 'ListOffsets',
          offsets: [{ place: 'orders-1', error: 'NOT_LEADER_OR_FOLLOWER', offset: -1 }],
        };
      return undefined;
    };
    start(cluster, client());
    cluster.until(1000);
    expect(cluster.of('positioned').map(({ place }) => place)).toEqual(['orders-0', 'orders-1']);
    expect(refused).toBe(2);
  });

  it('K-48: asks for offsets that no open transaction holds, and waits for them', () => {
    const cluster = one();
    cluster.committed.set('orders-0', 2);
    cluster.append('orders-0', 4);
    let open = true;
    cluster.script = (request) =>
      request.api === 'OffsetFetch' && open
        ? { api: 'OffsetFetch', error: 'UNSTABLE_OFFSET_COMMIT', offsets: [] }
        : undefined;
    start(cluster, client({}, alone));
    cluster.until(1000);
    expect(cluster.requests('OffsetFetch').every(({ requireStable }) => requireStable)).toBe(true);
    expect(given(cluster)).toEqual([]);
    open = false;
    cluster.until(1500);
    expect(given(cluster)).toEqual([2, 3]);
  });
});

describe('seek, pause and resume', () => {
  it('K-70: seek goes to an offset, the beginning, the end or a time', () => {
    const cluster = one();
    cluster.append('orders-0', 10);
    const consumer = start(cluster, client({}, alone));
    cluster.until(1000);
    const positions = (): number[] => cluster.of('positioned').map(({ position }) => position);
    expect(consumer.seek({ kind: 'offset', offset: 7 })).toBeNull();
    cluster.until(2000);
    expect(given(cluster).slice(10)).toEqual([7, 8, 9]);
    expect(consumer.seek({ kind: 'beginning' }, ['orders-0'])).toBeNull();
    cluster.until(3000);
    expect(given(cluster).slice(13)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(consumer.seek({ kind: 'end' })).toBeNull();
    cluster.until(4000);
    cluster.script = (request) =>
      request.api === 'ListOffsets'
        ? {
            api: 'ListOffsets',
            offsets: [{ place: 'orders-0', error: 'NONE', offset: request.at === 5_000 ? 4 : -9 }],
          }
        : undefined;
    expect(consumer.seek({ kind: 'time', at: 5_000 })).toBeNull();
    cluster.until(5000);
    expect(given(cluster).slice(23)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(positions()).toEqual([0, 7, 0, 10, 4]);
    expect(
      cluster
        .of('positioned')
        .slice(1)
        .every(({ by }) => by === 'seek'),
    ).toBe(true);
  });

  it('K-70: what was fetched for the position before is thrown away', () => {
    const cluster = one();
    cluster.append('orders-0', 10);
    const consumer = start(cluster, client({ 'max.poll.records': 2 }, { ...alone, processingMs: 100 }));
    cluster.until(150);
    consumer.seek({ kind: 'offset', offset: 8 });
    cluster.until(1000);
    expect(given(cluster)).toEqual([0, 1, 8, 9]);
  });

  it('K-70: a busy application does it before its next poll()', () => {
    const cluster = one();
    cluster.append('orders-0', 4);
    const consumer = start(cluster, client({ 'max.poll.records': 4 }, { ...alone, processingMs: 100 }));
    cluster.until(120);
    consumer.seek({ kind: 'beginning' });
    cluster.until(800);
    expect(
      cluster
        .of('processed')
        .map(({ position }) => position)
        .slice(0, 6),
    ).toEqual([0, 1, 2, 3, 0, 1]);
  });

  it('says why it cannot', () => {
    const cluster = two();
    cluster.script = (request) => (request.api === 'JoinGroup' ? 'park' : undefined);
    const outside = start(cluster, client({}, { assign: undefined }));
    expect(outside.pause()).toBe('c has no partitions');
    const consumer = start(cluster, client({}, alone), 'd');
    cluster.until(1000);
    expect(consumer.seek({ kind: 'end' }, ['orders-1'])).toBe(
      'IllegalStateException: No current assignment for partition orders-1',
    );
  });

  it('pause keeps the partition and what is buffered, and returns nothing of it until resume', () => {
    const cluster = two();
    cluster.append('orders-0', 6);
    const consumer = start(cluster, client({ 'max.poll.records': 2 }, { processingMs: 100 }));
    cluster.until(120);
    consumer.pause(['orders-0']);
    cluster.until(1000);
    cluster.append('orders-1', 2);
    cluster.until(3000);
    expect(given(cluster)).toEqual([0, 1]);
    expect(given(cluster, 'orders-1')).toEqual([0, 1]);
    const fetches = cluster.requests('Fetch').length;
    expect(consumer.resume()).toBeNull();
    cluster.until(3050);
    expect(given(cluster)).toEqual([0, 1, 2, 3]);
    cluster.until(3500);
    expect(given(cluster)).toEqual([0, 1, 2, 3, 4, 5]);
    // What it gave after that was there already.
    const later = cluster.requests('Fetch').slice(fetches);
    expect(later.flatMap(({ positions }) => positions)).not.toContainEqual(
      expect.objectContaining({ place: 'orders-0', offset: 2 }),
    );
    expect(cluster.of('reading-paused')).toMatchObject([{ places: ['orders-0'] }]);
    expect(cluster.of('reading-resumed')).toMatchObject([{ places: ['orders-0'] }]);
    expect(cluster.of('revoked')).toEqual([]);
  });
});

/** An application that holds what it is asked, until the test says otherwise. */
class Held implements Actor, ConsumerApp {
  readonly id = 'c';
  library!: ConsumerLibrary;
  readonly polls: (readonly Run[])[] = [];
  readonly calls: string[] = [];
  holds = true;
  start(): void {
    this.library.start();
    this.library.poll();
  }
  receive(message: unknown): void {
    const { correlation, reply } = message as ReplyEnvelope;
    expect(this.library.receive(correlation, reply)).toBe(true);
  }
  wake(timer: string, data: unknown): void {
    expect(this.library.wake(timer, data)).toBe(true);
  }
  disconnected(peer: string): void {
    this.library.disconnected(peer);
  }
  polled(runs: readonly Run[]): void {
    this.polls.push(runs);
  }
  committed(error: string | null): void {
    this.calls.push(`committed ${error}`);
  }
  revoking(places: readonly string[]): boolean {
    this.calls.push(`revoking ${places.join(' ')}`);
    return !this.holds;
  }
  revoked(places: readonly string[], lost: boolean): void {
    this.calls.push(`${lost ? 'lost' : 'revoked'} ${places.join(' ')}`);
  }
  assigned(places: readonly string[]): void {
    this.calls.push(`assigned ${places.join(' ')}`);
  }
  failed(code: string): void {
    this.calls.push(`failed ${code}`);
  }
  closed(): void {
    this.calls.push('closed');
  }
}

function held(
  cluster: FakeCluster,
  { group, topics, assign, config }: KafkaConsumer,
  app: Held,
): ConsumerLibrary {
  cluster.kernel.add((port: Port) => {
    const { brokers } = cluster;
    const correlations = { next: 0 };
    app.library = new ConsumerLibrary(
      port,
      { client: 'c', group, topics, assign, config, brokers, correlations, timers: 'consumer ' },
      app,
    );
    return app;
  }, 'c');
  cluster.kernel.start('c');
  return app.library;
}

describe('manual assignment', () => {
  it('K-81: is no membership: commits carry generation −1, and nobody is asked to join', () => {
    const cluster = two();
    cluster.append('orders-0', 3);
    const consumer = start(cluster, client());
    cluster.until(1000);
    consumer.close();
    cluster.until(1100);
    expect(cluster.of('assigned')).toMatchObject([{ places: ['orders-0', 'orders-1'], generation: -1 }]);
    expect(cluster.requests('OffsetCommit')).toMatchObject([
      { generation: -1, memberId: '', instanceId: null },
    ]);
    const apis = new Set(cluster.asked.map(({ request }) => request.api));
    expect([...apis].sort()).toEqual([
      'Fetch',
      'FindCoordinator',
      'ListOffsets',
      'Metadata',
      'OffsetCommit',
      'OffsetFetch',
    ]);
    expect(cluster.of('client-stopped')).toHaveLength(1);
  });

  it('K-71: commits by itself, and when it closes', () => {
    const cluster = one();
    cluster.append('orders-0', 3);
    const consumer = start(
      cluster,
      client({ 'enable.auto.commit': true, 'auto.commit.interval.ms': 1000 }, alone),
    );
    cluster.until(1500);
    expect(cluster.committed.get('orders-0')).toBe(3);
    cluster.append('orders-0', 3);
    cluster.until(1900);
    consumer.close();
    cluster.until(2000);
    expect(cluster.committed.get('orders-0')).toBe(6);
  });
});

describe('the rebalance listener', () => {
  /** One member alone in a classic group, whose coordinator the test plays. */
  const coordinator = (cluster: FakeCluster): { rebalance: boolean; generation: number } => {
    const state = { rebalance: false, generation: 0 };
    cluster.script = (request: Request) => {
      switch (request.api) {
        case 'JoinGroup':
          state.rebalance = false;
          return {
            api: 'JoinGroup',
            error: 'NONE',
            memberId: 'm',
            generation: ++state.generation,
            protocol: 'range',
            leader: 'x',
            members: [],
            skipAssignment: false,
          };
        case 'SyncGroup':
          return { api: 'SyncGroup', error: 'NONE', protocol: 'range', places: ['orders-0'] };
        case 'Heartbeat':
          return { api: 'Heartbeat', error: state.rebalance ? 'REBALANCE_IN_PROGRESS' : 'NONE' };
        case 'LeaveGroup':
          return { api: 'LeaveGroup', error: 'NONE' };
        default:
          return undefined;
      }
    };
    return state;
  };

  it('K-82: holds the library inside onPartitionsRevoked until the application is done; then it joins again', () => {
    const cluster = one();
    const state = coordinator(cluster);
    const app = new Held();
    const library = held(cluster, client({}, { assign: undefined }), app);
    cluster.until(1000);
    expect(app.calls).toEqual(['assigned orders-0']);
    expect(library.groupMetadata()).toEqual({
      group: 'billing',
      memberId: 'm',
      instanceId: null,
      generation: 1,
    });
    state.rebalance = true;
    cluster.until(6000);
    expect(app.calls).toEqual(['assigned orders-0', 'revoking orders-0']);
    expect(cluster.requests('JoinGroup')).toHaveLength(1);
    expect(library.positions()).toEqual([['orders-0', 0]]);
    cluster.append('orders-0', 1);
    cluster.until(8000);
    expect(app.polls).toEqual([]);
    library.revocationDone();
    cluster.until(9000);
    expect(app.calls.slice(2)).toEqual(['revoked orders-0', 'assigned orders-0']);
    expect(cluster.requests('JoinGroup')).toHaveLength(2);
    expect(app.polls).toHaveLength(1);
  });

  it('K-84: close() holds as well, and what was thrown out meanwhile is lost', () => {
    const cluster = one();
    coordinator(cluster);
    const app = new Held();
    const library = held(cluster, client({}, { assign: undefined }), app);
    cluster.until(1000);
    library.close();
    expect(app.calls.slice(1)).toEqual(['revoking orders-0']);
    library.revocationDone();
    expect(app.calls.slice(2)).toEqual(['revoked orders-0', 'closed']);
    cluster.until(1100);
    expect(cluster.requests('LeaveGroup')).toHaveLength(1);
  });

  it('K-73: a callback that takes longer than max.poll.interval.ms costs the membership', () => {
    const cluster = one();
    const state = coordinator(cluster);
    const app = new Held();
    const library = held(cluster, client({ 'max.poll.interval.ms': 5000 }, { assign: undefined }), app);
    cluster.until(1000);
    state.rebalance = true;
    cluster.until(12_000);
    expect(cluster.requests('LeaveGroup')).toHaveLength(1);
    library.revocationDone();
    cluster.until(13_000);
    expect(app.calls).toEqual([
      'assigned orders-0',
      'revoking orders-0',
      'lost orders-0',
      'assigned orders-0',
    ]);
  });

  it('K-48: groupMetadata() names the membership that was lost, so that offsets sent with it are refused', () => {
    const cluster = one();
    const state = coordinator(cluster);
    const app = new Held();
    const library = held(cluster, client({ 'max.poll.interval.ms': 5000 }, { assign: undefined }), app);
    cluster.until(1000);
    state.rebalance = true;
    cluster.until(12_000);
    expect(cluster.requests('LeaveGroup')).toHaveLength(1);
    expect(library.groupMetadata()).toMatchObject({ memberId: 'm', generation: 1 });
  });
});
