// A consumer by the consumer protocol (KIP-848), with a coordinator that the test plays: what its heartbeats say, what it
// gives up and takes inside poll(), and what becomes of it when it is fenced, late, or closed.
import { describe, expect, it } from 'vitest';
import { parse } from 'valibot';
import { kafkaConsumer, type KafkaConsumer } from '../../../src/brokers/kafka/client-config.ts';
import { ConsumerClient } from '../../../src/brokers/kafka/consumer.ts';
import type {
  ConsumerGroupHeartbeatRequest,
  ErrorCode,
  OffsetCommitRequest,
  Reply,
} from '../../../src/brokers/kafka/protocol.ts';
import { FakeCluster } from './fake-cluster.ts';

const INTERVAL_MS = 2000;

function reply(error: ErrorCode, memberEpoch: number, assignment: readonly string[] | null): Reply {
  return { api: 'ConsumerGroupHeartbeat', error, memberEpoch, heartbeatIntervalMs: INTERVAL_MS, assignment };
}

/** The coordinator, and its one member. */
class Coordinator {
  readonly cluster = new FakeCluster(2, { 'orders-0': 'broker-1', 'orders-1': 'broker-2' });
  readonly heartbeats: (ConsumerGroupHeartbeatRequest & { atMs: number })[] = [];
  readonly commits: OffsetCommitRequest[] = [];
  consumer!: ConsumerClient;
  epoch = 1;
  /** Told once, with the next heartbeat, as is the error. */
  assignment: readonly string[] | null = ['orders-0', 'orders-1'];
  error: ErrorCode = 'NONE';
  commitError: ErrorCode | 'park' = 'NONE';
  /** The epoch that a member moves to by reporting just this. */
  readonly moves = new Map<string, number>();
  silent = false;

  constructor(config: Partial<KafkaConsumer['config']> = {}, more: object = {}) {
    const { cluster } = this;
    cluster.script = (request) => {
      if (request.api === 'ConsumerGroupHeartbeat') return this.heartbeat(request);
      if (request.api !== 'OffsetCommit') return undefined;
      this.commits.push(request);
      const error = this.commitError;
      if (error === 'park') return 'park';
      return error === 'NONE' ? undefined : { api: 'OffsetCommit', error };
    };
    const settings = parse(kafkaConsumer, {
      id: 'c',
      role: 'consumer',
      group: 'billing',
      topics: ['orders'],
      processingMs: 0,
      ...more,
      config: {
        'group.protocol': 'consumer',
        'auto.offset.reset': 'earliest',
        'enable.auto.commit': false,
        ...config,
      },
    });
    cluster.kernel.add(
      (port) => (this.consumer = new ConsumerClient(port, settings, cluster.brokers, port.random)),
      'c',
    );
    cluster.kernel.start('c');
  }

  private heartbeat(request: ConsumerGroupHeartbeatRequest): Reply | 'park' {
    this.heartbeats.push({ ...request, atMs: this.cluster.kernel.now / 1000 });
    if (this.silent) return 'park';
    if (request.memberEpoch < 0) return reply('NONE', request.memberEpoch, null);
    this.epoch = this.moves.get(request.owned?.join(' ') ?? '') ?? this.epoch;
    const { error, epoch, assignment } = this;
    this.error = 'NONE';
    if (error !== 'NONE') return reply(error, -1, null);
    this.assignment = null;
    return reply('NONE', epoch, assignment);
  }

  /** What the client said, in short: epoch and, where told, what it owns. */
  said(): string[] {
    return this.heartbeats.map(
      ({ memberEpoch, owned }) => `${memberEpoch}${owned ? ` [${owned.join(' ')}]` : ''}`,
    );
  }

  held(): string[] {
    return this.cluster.events.flatMap((event) => {
      if (event.kind === 'assigned') return [`+${event.places.join(' ')} @${event.generation}`];
      if (event.kind !== 'revoked') return [];
      return [`${event.lost ? '!' : '-'}${event.places.join(' ')} @${event.generation}`];
    });
  }
}

describe('the consumer protocol', () => {
  it('K-86: joins with epoch 0 and an id of its own, acknowledges at once, and beats at the broker’s interval', () => {
    const group = new Coordinator({ 'group.remote.assignor': 'range' });
    group.cluster.until(7000);
    expect(group.said().slice(0, 4)).toEqual(['0 []', '1 [orders-0 orders-1]', '1', '1']);
    const [join, acknowledgement, third, fourth] = group.heartbeats;
    expect(join).toMatchObject({ topics: ['orders'], serverAssignor: 'range', instanceId: null });
    expect(join!.memberId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(new Set(group.heartbeats.map(({ memberId }) => memberId)).size).toBe(1);
    expect(acknowledgement).toMatchObject({ topics: null, rebalanceTimeoutMs: 300_000 });
    expect(acknowledgement!.atMs - join!.atMs).toBeLessThan(10);
    expect(third!.atMs - acknowledgement!.atMs).toBe(INTERVAL_MS);
    expect(fourth!.atMs - third!.atMs).toBe(INTERVAL_MS);
    expect(group.held()).toEqual(['+orders-0 orders-1 @1']);
  });

  it('K-88 O-15: gives up what is not in its target, goes on with the rest, and says so at once', () => {
    const group = new Coordinator();
    const { cluster } = group;
    group.moves.set('orders-0', 2);
    for (let ms = 0; ms < 9000; ms += 50) {
      cluster.append('orders-0', 1);
      if (ms === 3000) group.assignment = ['orders-0'];
      cluster.until(ms);
    }
    expect(group.said()).toEqual(['0 []', '1 [orders-0 orders-1]', '1', '1', '1 [orders-0]', '2', '2']);
    expect(group.held()).toEqual(['+orders-0 orders-1 @1', '-orders-1 @1', '+ @1']);
    expect(group.heartbeats[4]!.atMs - group.heartbeats[3]!.atMs).toBeLessThan(10);
    // Reading went on throughout: nothing was looked up again, and no gap is longer than a fetch waits.
    expect(cluster.of('positioned').filter(({ place }) => place === 'orders-0')).toHaveLength(1);
    const times = cluster
      .of('delivered')
      .flatMap(({ place, at }) => (place === 'orders-0' ? [at / 1000] : []));
    expect(Math.max(...times.slice(1).map((at, i) => at - times[i]!))).toBeLessThan(600);
  });

  it('K-88: what it gets beside is taken up at the next poll(), and read from its committed offset', () => {
    const group = new Coordinator();
    group.assignment = [];
    const { cluster } = group;
    cluster.committed.set('orders-1', 2);
    cluster.append('orders-1', 4);
    cluster.until(3000);
    group.assignment = ['orders-1'];
    group.epoch = 2;
    cluster.until(7000);
    expect(group.held()).toEqual(['+ @1', '+orders-1 @2']);
    expect(cluster.of('positioned')).toMatchObject([{ place: 'orders-1', position: 2, takeover: true }]);
    expect(cluster.of('delivered').map(({ position }) => position)).toEqual([2, 3]);
  });

  it('K-88: a busy application reconciles when it comes back; meanwhile heartbeats go on', () => {
    const group = new Coordinator({ 'max.poll.records': 1 }, { processingMs: 5000 });
    group.cluster.append('orders-0', 1);
    group.cluster.until(1000);
    group.assignment = ['orders-0'];
    group.cluster.until(4900);
    expect(group.held()).toHaveLength(1);
    expect(group.said().slice(2)).toEqual(['1', '1']);
    group.cluster.until(5500);
    expect(group.held().slice(1)).toEqual(['-orders-1 @1', '+ @1']);
    expect(group.said().at(-1)).toBe('1 [orders-0]');
  });

  it('K-71 K-88: commits before it gives anything up', () => {
    const group = new Coordinator({ 'enable.auto.commit': true });
    const { cluster } = group;
    cluster.append('orders-1', 3);
    cluster.until(1000);
    group.assignment = ['orders-0'];
    cluster.until(2500);
    const committed = cluster.of('settled').find(({ place }) => place === 'orders-1')!;
    expect(committed).toMatchObject({ position: 3 });
    expect(committed.seq).toBeLessThan(cluster.of('revoked')[0]!.seq);
    expect(group.commits).toMatchObject([{ generation: 1, memberId: group.heartbeats[0]!.memberId }]);
  });

  it('K-89: a commit before a rebalance is sent again with the epoch that came meanwhile', () => {
    const group = new Coordinator({ 'enable.auto.commit': true });
    const { cluster } = group;
    cluster.append('orders-1', 3);
    cluster.until(1000);
    group.assignment = ['orders-0'];
    group.commitError = 'park';
    cluster.until(2100);
    expect(group.commits).toMatchObject([{ generation: 1 }]);
    expect(group.held()).toHaveLength(1);
    group.commitError = 'NONE';
    group.epoch = 2;
    cluster.until(4100);
    cluster.release({ api: 'OffsetCommit', error: 'STALE_MEMBER_EPOCH' });
    cluster.until(4900);
    expect(group.held()[1]).toBe('-orders-1 @2');
    expect(group.commits.map(({ generation }) => generation)).toEqual([1, 2]);
    expect(cluster.committed.get('orders-1')).toBe(3);
    expect(cluster.of('error')).toEqual([]);
  });

  it('K-89: commitSync with an epoch that is over fails, and the member stays', () => {
    const group = new Coordinator();
    group.cluster.append('orders-0', 1);
    group.commitError = 'STALE_MEMBER_EPOCH';
    group.cluster.until(1000);
    expect(group.cluster.of('error')).toMatchObject([
      { code: 'CommitFailedException', detail: expect.stringContaining('stale member epoch') as string },
    ]);
    expect(group.held()).toEqual(['+orders-0 orders-1 @1']);
    group.commitError = 'NONE';
    group.cluster.append('orders-0', 1);
    group.cluster.until(2000);
    expect(group.cluster.committed.get('orders-0')).toBe(2);
  });

  it.each(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] as const)(
    'K-89: %s: everything is lost, and it joins anew',
    (error) => {
      const group = new Coordinator();
      group.cluster.until(1000);
      group.error = error;
      group.epoch = 5;
      group.cluster.until(2500);
      expect(group.held()).toEqual(['+orders-0 orders-1 @1', '!orders-0 orders-1 @-1']);
      expect(group.said().at(-1)).toBe('0 []');
      group.assignment = ['orders-1'];
      group.cluster.until(5000);
      expect(group.held().at(-1)).toBe('+orders-1 @5');
      expect(new Set(group.heartbeats.map(({ memberId }) => memberId)).size).toBe(1);
    },
  );

  it('K-73: leaves when poll() is late, and joins anew when it is called', () => {
    const late = { 'max.poll.interval.ms': 3000, 'max.poll.records': 1 };
    const group = new Coordinator(late, { processingMs: 5000 });
    group.cluster.append('orders-0', 1);
    group.cluster.until(4500);
    expect(group.said().at(-1)).toBe('-1');
    const errors = (): string[] => group.cluster.of('error').map(({ code }) => code);
    expect(errors()).toEqual(['max.poll.interval.ms']);
    expect(group.held()).toHaveLength(1);
    group.cluster.until(5500);
    expect(group.held()[1]).toBe('!orders-0 orders-1 @-1');
    expect(group.said().at(-1)).toBe('0 []');
    // Its commit came too late.
    expect(errors()).toEqual(['max.poll.interval.ms', 'CommitFailedException']);
  });

  it.each([
    ['a dynamic member', {}, '-1'],
    ['a static member', { 'group.instance.id': 's' }, '-2'],
  ] as const)('K-86: %s leaves when it closes, in its own way', (_who, config, epoch) => {
    const group = new Coordinator({ ...config, 'enable.auto.commit': true });
    group.cluster.append('orders-0', 3);
    group.cluster.until(1000);
    group.consumer.close();
    group.cluster.until(1200);
    expect(group.said().at(-1)).toBe(epoch);
    expect(group.commits).toHaveLength(1);
    expect(group.held().at(-1)).toBe('-orders-0 orders-1 @1');
    expect(group.cluster.of('client-stopped')).toHaveLength(1);
  });

  it('K-89: an instance id that another member has ends the application', () => {
    const group = new Coordinator({ 'group.instance.id': 's' });
    group.error = 'UNRELEASED_INSTANCE_ID';
    group.cluster.until(1000);
    expect(group.cluster.of('error')).toMatchObject([{ code: 'UnreleasedInstanceIdException' }]);
    expect(group.cluster.of('client-stopped')).toHaveLength(1);
  });

  it('K-75: a coordinator that moved is found, and told everything anew', () => {
    const group = new Coordinator();
    const { cluster } = group;
    cluster.until(3000);
    group.error = 'NOT_COORDINATOR';
    cluster.coordinator = 'broker-2';
    cluster.until(5000);
    const [before, after] = group.heartbeats.slice(-2);
    expect(after).toMatchObject({ memberEpoch: 1, topics: ['orders'], owned: ['orders-0', 'orders-1'] });
    expect(after!.atMs - before!.atMs).toBeLessThan(200);
    expect(cluster.asked.findLast(({ request }) => request.api === 'ConsumerGroupHeartbeat')!.node).toBe(
      'broker-2',
    );
    expect(group.held()).toHaveLength(1);
  });

  it('K-86: a heartbeat that was lost with its connection is sent again in full', () => {
    const group = new Coordinator();
    group.cluster.until(1000);
    group.silent = true;
    group.cluster.until(3000);
    group.silent = false;
    group.cluster.kernel.disconnect('broker-1', 'c');
    group.cluster.until(4000);
    expect(group.heartbeats.at(-1)).toMatchObject({ topics: ['orders'], owned: ['orders-0', 'orders-1'] });
    expect(group.held()).toHaveLength(1);
  });
});
