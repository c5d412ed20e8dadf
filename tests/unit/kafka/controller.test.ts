// The controller's rules on a bench. Cases named after Kafka's ReplicationControlManagerTest and ClusterControlManagerTest
// expect what they expect (brokers count from 1 here).
import { describe, expect, it } from 'vitest';
import { initialImage } from '../../../src/brokers/kafka/controller.ts';
import { effectiveMinIsr } from '../../../src/brokers/kafka/cluster-image.ts';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import { ControllerBench, system } from './controller-bench.ts';

const NO_ELR = { 'eligible.leader.replicas.version': 0 };

describe('the cluster at first', () => {
  it('K-51: replicas are dealt in turn, or as the scenario says; all in sync, the first leads', () => {
    const dealt = initialImage({
      ...system(3),
      topics: [{ name: 'foo', partitions: 3, replicationFactor: 2, config: {} }],
    });
    expect(dealt.topics.get('foo')!.partitions.map(({ replicas }) => replicas.join())).toEqual([
      'broker-1,broker-2',
      'broker-2,broker-3',
      'broker-3,broker-1',
    ]);
    const { partitions } = initialImage(system(3, [[3, 1]])).topics.get('foo')!;
    expect(partitions[0]).toMatchObject({
      leader: 'broker-3',
      isr: ['broker-3', 'broker-1'],
      leaderEpoch: 0,
    });
  });

  it('says what there is, and who leads it', () => {
    const bench = new ControllerBench(
      system(3, [
        [1, 2],
        [2, 3],
      ]),
    );
    expect(bench.of('places-created')).toMatchObject([
      {
        node: 'controller',
        name: 'foo',
        places: ['foo-0', 'foo-1'],
        total: 2,
        replicas: [
          ['broker-1', 'broker-2'],
          ['broker-2', 'broker-3'],
        ],
      },
    ]);
    expect(bench.of('leader-elected').map(({ node, clean, why }) => [node, clean, why])).toEqual([
      ['broker-1', true, 'created'],
      ['broker-2', true, 'created'],
    ]);
  });

  it('of internal topics only the partitions that are wanted are there', () => {
    const image = initialImage(system(2, [[1]]), ['__consumer_offsets-12', '__consumer_offsets-7']);
    const { partitions, internal } = image.topics.get('__consumer_offsets')!;
    expect(internal).toBe(true);
    expect(partitions.map(({ place, replicas }) => [place, replicas.length])).toEqual([
      ['__consumer_offsets-12', 2],
      ['__consumer_offsets-7', 2],
    ]);
  });
});

describe('K-65: sessions', () => {
  it('a silent broker is fenced at the first look after its session has run out, eight looks a session', () => {
    const bench = new ControllerBench();
    bench.until(20_000, 2, 3);
    const [fenced, ...others] = bench.of('node-fenced');
    expect(fenced).toMatchObject({ node: 'broker-1', why: 'its session ran out' });
    expect(fenced!.atMs).toBe(10_125);
    expect(others).toEqual([]);
    expect(bench.state()).toBe('2 [2,3] ()');
    expect(bench.image.brokers.get('broker-1')!.fenced).toBe(true);
  });

  it('one that is heard of in time is not', () => {
    const bench = new ControllerBench();
    bench.until(60_000, 1, 2, 3);
    expect(bench.of('node-fenced')).toEqual([]);
  });

  it('one that was only cut off is unfenced by its next heartbeat, and is not in the ISR by that', () => {
    const bench = new ControllerBench();
    bench.until(20_000, 2, 3);
    expect(bench.beat(1)).toMatchObject({ error: 'NONE', fenced: false });
    expect(bench.of('node-unfenced').map(({ node }) => node)).toEqual(['broker-1']);
    expect(bench.state()).toBe('2 [2,3] ()');
  });

  it('a crash keeps what was decided; the sessions begin anew', () => {
    const bench = new ControllerBench();
    bench.until(6000);
    bench.apply({ type: 'crashed' });
    const { image } = bench;
    bench.nowMs = 30_000;
    bench.apply({ type: 'restarted' });
    expect(bench.image).toBe(image);
    bench.until(38_000);
    expect(bench.of('node-fenced')).toEqual([]);
    bench.until(41_000);
    expect(bench.of('node-fenced').map(({ node }) => node)).toEqual(['broker-1', 'broker-2', 'broker-3']);
  });

  it('a controller that did not run for long has a successor, to whom all sessions are new', () => {
    const bench = new ControllerBench();
    bench.until(5000, 1, 2, 3);
    bench.nowMs = 60_000;
    bench.apply({ type: 'timer', timer: 'sessions', data: null });
    expect(bench.of('node-fenced')).toEqual([]);
  });

  it('testFenceMultipleBrokers', () => {
    const bench = new ControllerBench(
      system(
        5,
        [
          [2, 3, 4],
          [3, 4, 5],
          [1, 3, 2],
        ],
        {},
        NO_ELR,
      ),
    );
    bench.fence(3, 4);
    expect(['foo-0', 'foo-1', 'foo-2'].map((place) => bench.state(place))).toEqual([
      '2 [2] ()',
      '5 [5] ()',
      '1 [1,2] ()',
    ]);
  });
});

describe('K-65: registration', () => {
  it('a new life is refused while the session of the last one may still run (ClusterControlManager)', () => {
    const bench = new ControllerBench();
    bench.until(3000, 1, 2, 3);
    expect(bench.register(1)).toMatchObject({ error: 'DUPLICATE_BROKER_REGISTRATION', brokerEpoch: -1 });
    bench.until(13_000, 2, 3);
    const { error, brokerEpoch } = bench.register(1);
    expect(error).toBe('NONE');
    expect(brokerEpoch).toBeGreaterThan(0);
  });

  it('once the session has run out it is let in, fenced already or not, and is eligible for nothing (K-63)', () => {
    const bench = new ControllerBench(system(3, [[1, 2, 3]], { 'min.insync.replicas': 3 }));
    bench.until(9500, 2, 3);
    expect(bench.of('node-fenced')).toEqual([]);
    expect(bench.register(1).error).toBe('NONE');
    expect(bench.of('node-fenced').map(({ node }) => node)).toEqual(['broker-1']);
    expect(bench.state()).toBe('2 [2,3] ()');
  });

  it('the same life keeps its epoch', () => {
    const bench = new ControllerBench();
    bench.fence(1);
    const { brokerEpoch } = bench.register(1);
    expect(bench.register(1, { sameLife: true })).toMatchObject({ error: 'NONE', brokerEpoch });
    bench.beat(1);
    expect(bench.register(1, { sameLife: true })).toMatchObject({ error: 'NONE', brokerEpoch });
    expect(bench.image.brokers.get('broker-1')!.fenced).toBe(false);
  });

  it('it is sent the image, and not unfenced before it has it', () => {
    const bench = new ControllerBench();
    bench.fence(1);
    bench.pushed.length = 0;
    bench.register(1);
    const mine = bench.pushed.filter(({ to }) => to === 'broker-1');
    expect(mine.map(({ image }) => image.version)).toEqual([bench.image.version]);
    expect(bench.beat(1, { imageVersion: 0 })).toMatchObject({ fenced: true });
    expect(bench.beat(1)).toMatchObject({ fenced: false });
  });

  it('an old epoch is stale, in every request that carries one', () => {
    const bench = new ControllerBench();
    bench.fence(1);
    bench.restart(1);
    expect(bench.beat(1, { brokerEpoch: 0 }).error).toBe('STALE_BROKER_EPOCH');
    const old = { node: 'broker-1', brokerEpoch: 0 } as const;
    expect(bench.ask({ api: 'AlterPartition', ...old, partitions: [] }).error).toBe('STALE_BROKER_EPOCH');
    expect(bench.ask({ api: 'AllocateProducerIds', ...old }).error).toBe('STALE_BROKER_EPOCH');
  });

  it('what a broken connection took is sent again with the next heartbeat, once', () => {
    const bench = new ControllerBench();
    bench.config({ 'retention.ms': 1 });
    const behind = { imageVersion: bench.image.version - 1 };
    const toFirst = () => bench.pushed.filter(({ to }) => to === 'broker-1').length;
    expect(toFirst()).toBe(1);
    bench.beat(1, behind);
    expect(toFirst()).toBe(1);
    bench.apply({ type: 'disconnected', peer: 'broker-1' });
    bench.beat(1, behind);
    bench.beat(1, behind);
    expect(toFirst()).toBe(2);
  });
});

describe('K-65: controlled shutdown', () => {
  it('moves what it leads first; then, when all others know, it may stop', () => {
    const bench = new ControllerBench();
    expect(bench.beat(1, { wantShutDown: true })).toMatchObject({ fenced: false, shouldShutDown: false });
    expect(bench.state()).toBe('2 [2,3] ()');
    expect(bench.of('node-fenced')).toEqual([]);
    const before = { imageVersion: bench.image.version - 1 };
    bench.beat(2, before);
    bench.beat(3, before);
    expect(bench.beat(1, { wantShutDown: true }).shouldShutDown).toBe(false);
    bench.beat(2);
    bench.beat(3);
    expect(bench.beat(1, { wantShutDown: true })).toMatchObject({ fenced: true, shouldShutDown: true });
    expect(bench.of('node-fenced')).toMatchObject([{ node: 'broker-1', why: 'it stops in order' }]);
  });

  it('later changes do not put it off (KAFKA-14292), and told once it stays told', () => {
    const bench = new ControllerBench();
    bench.beat(1, { wantShutDown: true });
    const { version: imageVersion } = bench.image;
    bench.config({ 'retention.ms': 1 });
    bench.beat(1, { wantShutDown: true });
    bench.beat(2, { imageVersion });
    bench.beat(3, { imageVersion });
    expect(bench.beat(1, { wantShutDown: true }).shouldShutDown).toBe(true);
    // The answer was lost; what others have no longer matters.
    bench.beat(2, { imageVersion: 0 });
    expect(bench.beat(1, { wantShutDown: true }).shouldShutDown).toBe(true);
  });

  it('one that leads nothing may stop at once, and one that stopped in order may come back at once', () => {
    const bench = new ControllerBench();
    expect(bench.beat(3, { wantShutDown: true }).shouldShutDown).toBe(true);
    expect(bench.state()).toBe('1 [1,2] ()');
    expect(bench.register(3, { cleanShutdown: true }).error).toBe('NONE');
  });

  it('nobody else can lead: without ELR it stays in the ISR, and leads again when it is back', () => {
    const bench = new ControllerBench(system(1, [[1]], {}, NO_ELR));
    bench.beat(1, { wantShutDown: true });
    expect(bench.state()).toBe('- [1] ()');
    expect(bench.beat(1, { wantShutDown: true }).shouldShutDown).toBe(true);
    bench.restart(1);
    expect(bench.state()).toBe('1 [1] ()');
    expect(bench.of('leader-elected').every(({ clean }) => clean)).toBe(true);
  });

  it('testAlterPartitionShouldRejectShuttingDownBrokers', () => {
    const bench = new ControllerBench(
      system(3, [
        [1, 2, 3],
        [2, 1, 3],
      ]),
    );
    bench.beat(2, { wantShutDown: true });
    expect(bench.alter(1, [1, 2, 3]).results).toEqual([{ place: 'foo-0', error: 'INELIGIBLE_REPLICA' }]);
  });
});

describe('K-55, K-56: what a leader may ask for', () => {
  it('testInvalidAlterPartitionRequests', () => {
    const bench = new ControllerBench();
    bench.alter(1, [1, 2]);
    const error = (...args: Parameters<ControllerBench['alter']>) => bench.alter(...args).results[0]!.error;
    expect(error(1, [1, 2], { leaderEpoch: 1 })).toBe('NOT_CONTROLLER');
    expect(error(1, [1, 2], { partitionEpoch: 9 })).toBe('NOT_CONTROLLER');
    expect(error(1, [1, 2], { leaderEpoch: -1 })).toBe('FENCED_LEADER_EPOCH');
    expect(error(2, [1, 2])).toBe('INVALID_REQUEST');
    expect(error(1, [1, 3], { partitionEpoch: 0 })).toBe('INVALID_UPDATE_VERSION');
    expect(error(1, [1, 4])).toBe('INVALID_REQUEST');
    expect(error(1, [1, 1])).toBe('INVALID_REQUEST');
    expect(error(1, [2])).toBe('INVALID_REQUEST');
    expect(error(1, [])).toBe('INVALID_REQUEST');
    const unknown = { api: 'AlterPartition', node: 'broker-1', brokerEpoch: 0 } as const;
    const partitions = [{ place: 'bar-0', isr: ['broker-1'], leaderEpoch: 0, partitionEpoch: 0 }];
    expect(bench.ask({ ...unknown, partitions }).results[0]!.error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(bench.state()).toBe('1 [1,2] ()');
  });

  it('testAlterPartitionShouldRejectFencedBrokers', () => {
    const bench = new ControllerBench();
    bench.fence(3);
    expect(bench.alter(1, [1, 2, 3]).results[0]!.error).toBe('INELIGIBLE_REPLICA');
    bench.beat(3);
    expect(bench.alter(1, [1, 2, 3]).results[0]!.error).toBe('NONE');
  });

  it('K-60: testShrinkAndExpandIsr counts the partition epoch, and not the leader epoch', () => {
    const bench = new ControllerBench();
    bench.alter(1, [1]);
    bench.alter(1, [1, 2]);
    expect(bench.partition()).toMatchObject({ leaderEpoch: 0, partitionEpoch: 2 });
    expect(bench.of('isr-changed').map(({ isr, why }) => [isr.join(), why])).toEqual([
      ['broker-1', 'broker-2 and broker-3 fell behind'],
      ['broker-1,broker-2', 'broker-2 caught up'],
    ]);
  });
});

describe('K-62, K-63: the last in sync', () => {
  it('K-62: without ELR a partition waits for the last member of its ISR', () => {
    const bench = new ControllerBench(system(3, [[1, 2, 3]], {}, NO_ELR));
    bench.fence(3, 2);
    bench.fence(1);
    expect(bench.state()).toBe('- [1] ()');
    bench.beat(2);
    bench.beat(3);
    expect(bench.state()).toBe('- [1] ()');
    bench.beat(1);
    expect(bench.state()).toBe('1 [1] ()');
    expect(bench.partition().leaderEpoch).toBe(2);
  });

  const four = () => new ControllerBench(system(4, [[1, 2, 3, 4]], { 'min.insync.replicas': 3 }));

  it('testEligibleLeaderReplicas_BrokerFence', () => {
    const bench = four();
    bench.fence(3, 4);
    expect(bench.state()).toBe('1 [1,2] (4)');
    bench.fence(2);
    expect(bench.state()).toBe('1 [1] (2,4)');
    for (const number of [1, 2, 3, 4]) bench.beat(number);
    expect(bench.state()).toBe('1 [1] (2,4)');
  });

  it('testEligibleLeaderReplicas_CleanElection', () => {
    const bench = four();
    bench.fence(2, 3, 4);
    expect(bench.state()).toBe('1 [1] (3,4)');
    bench.beat(3);
    bench.fence(1);
    expect(bench.state()).toBe('3 [3] (1,4)');
    expect(bench.of('leader-elected').at(-1)).toMatchObject({ node: 'broker-3', clean: true });
  });

  it('testEligibleLeaderReplicas_UncleanShutdown; the last known leader leads in the end, uncleanly', () => {
    const bench = four();
    bench.fence(2, 3, 4);
    bench.register(4);
    expect(bench.state()).toBe('1 [1] (3)');
    bench.fence(1);
    expect(bench.state()).toBe('- [] (1,3)');
    bench.register(1);
    expect(bench.state()).toBe('- [] (3)');
    bench.beat(1);
    expect(bench.state()).toBe('- [] (3)');
    bench.register(3);
    bench.beat(3);
    expect(bench.state()).toBe('1 [1] ()');
    expect(bench.of('leader-elected').at(-1)).toMatchObject({ node: 'broker-1', clean: false });
  });

  it('a broker that stopped in order stays eligible', () => {
    const bench = four();
    bench.fence(3, 4);
    expect(bench.beat(2, { wantShutDown: true }).shouldShutDown).toBe(true);
    bench.register(2, { cleanShutdown: true });
    expect(bench.state()).toBe('1 [1] (2,4)');
  });

  it('K-57, O-7.5: testEligibleLeaderReplicas_EffectiveMinIsr', () => {
    expect([effectiveMinIsr(3, 2), effectiveMinIsr(2, 3)]).toEqual([2, 2]);
    const bench = new ControllerBench(system(2, [[1, 2]], { 'min.insync.replicas': 3 }));
    bench.fence(2);
    expect(bench.state()).toBe('1 [1] (2)');
    bench.beat(2);
    bench.alter(1, [1, 2]);
    expect(bench.state()).toBe('1 [1,2] ()');
  });

  it('a new minimum clears the ELR (KAFKA-16540)', () => {
    const bench = four();
    bench.fence(3, 4);
    bench.config({ 'retention.ms': 1 });
    expect(bench.state()).toBe('1 [1,2] (4)');
    bench.config({ 'min.insync.replicas': 2 });
    expect(bench.state()).toBe('1 [1,2] ()');
  });
});

describe('K-61: unclean election', () => {
  /** Only broker-1 is in sync, and it is gone. */
  const leaderless = (topic = {}, config: object = NO_ELR) => {
    const bench = new ControllerBench(system(3, [[1, 2, 3]], topic, { ...config }));
    bench.fence(2, 3, 1);
    return bench;
  };

  it('O-7.8: off, nobody leads; on, for the topic or for all, the first that is alive', () => {
    const off = leaderless();
    off.beat(3);
    expect(off.state()).toBe('- [1] ()');
    const topic = leaderless({ 'unclean.leader.election.enable': true });
    topic.beat(3);
    expect(topic.state()).toBe('3 [3] ()');
    expect(topic.of('leader-elected').at(-1)).toMatchObject({ node: 'broker-3', clean: false });
    const all = leaderless({}, { ...NO_ELR, 'unclean.leader.election.enable': true });
    all.beat(2);
    expect(all.state()).toBe('2 [2] ()');
  });

  it('testElectUncleanLeaders_WithoutElr', () => {
    const bench = new ControllerBench(
      system(
        5,
        [
          [2, 3, 4],
          [3, 4, 5],
          [1, 3, 2],
        ],
        {},
        NO_ELR,
      ),
    );
    bench.fence(3, 4, 2);
    const all = ['foo-0', 'foo-1', 'foo-2'];
    expect(all.map((place) => bench.state(place))).toEqual(['- [2] ()', '5 [5] ()', '1 [1] ()']);
    expect(bench.elect('unclean', ...all)).toEqual([
      'ELIGIBLE_LEADERS_NOT_AVAILABLE',
      'ELECTION_NOT_NEEDED',
      'ELECTION_NOT_NEEDED',
    ]);
    bench.beat(3);
    bench.alter(5, [3, 5], {}, 'foo-1');
    expect(bench.elect('unclean', ...all)).toEqual(['NONE', 'ELECTION_NOT_NEEDED', 'ELECTION_NOT_NEEDED']);
    expect(all.map((place) => bench.state(place))).toEqual(['3 [3] ()', '5 [3,5] ()', '1 [1] ()']);
  });

  it('testPreferredElectionDoesNotTriggerUncleanElection', () => {
    const bench = leaderless();
    bench.beat(2);
    bench.config({ 'unclean.leader.election.enable': true });
    expect(bench.elect('preferred', 'foo-0')).toEqual(['PREFERRED_LEADER_NOT_AVAILABLE']);
    expect(bench.state()).toBe('- [1] ()');
  });

  it('switched on while nobody leads, it takes effect with the next check, every five minutes', () => {
    const bench = leaderless();
    bench.until(10_000, 2);
    bench.config({ 'unclean.leader.election.enable': true });
    bench.until(299_000, 2);
    expect(bench.state()).toBe('- [1] ()');
    bench.until(301_000, 2);
    expect(bench.state()).toBe('2 [2] ()');
  });
});

describe('K-64: preferred leaders', () => {
  it('testElectPreferredLeaders', () => {
    const bench = new ControllerBench(
      system(3, [
        [1, 2, 3],
        [2, 3, 1],
      ]),
    );
    bench.fence(1);
    expect(bench.elect('preferred', 'foo-0', 'foo-1', 'bar-0', 'foo-7')).toEqual([
      'PREFERRED_LEADER_NOT_AVAILABLE',
      'ELECTION_NOT_NEEDED',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    const { results } = bench.ask({ api: 'ElectLeaders', election: 'preferred', places: ['bar-0', 'foo-7'] });
    expect(results.map(({ detail }) => detail)).toEqual([
      'No such topic as bar',
      'No such partition as foo-7',
    ]);
    bench.beat(1);
    expect(bench.elect('preferred', 'foo-0')).toEqual(['PREFERRED_LEADER_NOT_AVAILABLE']);
    bench.alter(2, [1, 2, 3]);
    expect(bench.elect('preferred', 'foo-0')).toEqual(['NONE']);
    expect(bench.state()).toBe('1 [1,2,3] ()');
    expect(bench.partition().leaderEpoch).toBe(2);
  });

  const moved = (config: object) => {
    const bench = new ControllerBench(system(3, [[1, 2, 3]], {}, { ...config }));
    bench.fence(1);
    bench.beat(1);
    bench.alter(2, [2, 3, 1]);
    return bench;
  };

  it('testBalancePartitionLeaders: by itself, at the interval that is set', () => {
    const bench = moved({ 'leader.imbalance.check.interval.seconds': 60 });
    bench.until(59_000, 1, 2, 3);
    expect(bench.state()).toBe('2 [2,3,1] ()');
    bench.until(61_000, 1, 2, 3);
    expect(bench.state()).toBe('1 [2,3,1] ()');
  });

  it('or not at all', () => {
    const bench = moved({ 'auto.leader.rebalance.enable': false });
    bench.until(700_000, 1, 2, 3);
    expect(bench.state()).toBe('2 [2,3,1] ()');
  });

  it('a preferred leader that is not in sync stays where it is', () => {
    const bench = new ControllerBench();
    bench.fence(1);
    bench.beat(1);
    bench.until(301_000, 1, 2, 3);
    expect(bench.state()).toBe('2 [2,3] ()');
  });
});

describe('topics', () => {
  const create = (bench: ControllerBench, topic: string, partitions = 1, replicationFactor = 1) =>
    bench.ask({
      api: 'CreateTopics',
      topic,
      partitions,
      replicationFactor,
      replicas: null,
      config: {},
      internal: false,
    });
  const assign = (bench: ControllerBench, ...replicas: string[][]) =>
    bench.ask({
      api: 'CreateTopics',
      topic: 'bar',
      partitions: replicas.length,
      replicationFactor: replicas[0]!.length,
      replicas,
      config: {},
      internal: false,
    });

  it('K-1: testCreateTopics', () => {
    const bench = new ControllerBench();
    expect(create(bench, 'bar', 2, 3)).toMatchObject({ error: 'NONE', detail: '' });
    expect(bench.state('bar-1')).toBe('2 [2,3,1] ()');
    expect(create(bench, 'foo')).toMatchObject({
      error: 'TOPIC_ALREADY_EXISTS',
      detail: "Topic 'foo' already exists.",
    });
    expect(create(bench, 'baz', 1, 4)).toMatchObject({
      error: 'INVALID_REPLICATION_FACTOR',
      detail:
        'Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached because only 3 broker(s) are registered.',
    });
    expect(create(bench, 'baz', 0).error).toBe('INVALID_PARTITIONS');
    expect(create(bench, 'baz', 1, 0).error).toBe('INVALID_REPLICATION_FACTOR');
    expect(create(bench, 'b/z')).toMatchObject({
      error: 'INVALID_TOPIC_EXCEPTION',
      detail:
        "Topic name is invalid: 'b/z' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    });
  });

  it('testTopicNameCollision', () => {
    const bench = new ControllerBench();
    create(bench, 'a.b_c');
    expect(create(bench, 'a_b.c')).toMatchObject({
      error: 'INVALID_TOPIC_EXCEPTION',
      detail: "Topic 'a_b.c' collides with existing topic: a.b_c",
    });
  });

  it('testCreateTopicsISRInvariants: fenced brokers get replicas, and are not in sync', () => {
    const bench = new ControllerBench();
    bench.fence(1);
    create(bench, 'bar', 1, 3);
    expect(bench.partition('bar-0').replicas).toEqual(['broker-2', 'broker-3', 'broker-1']);
    expect(bench.state('bar-0')).toBe('2 [2,3] ()');
    bench.fence(2, 3);
    expect(create(bench, 'baz').detail).toBe(
      'Unable to replicate the partition 1 time(s): All brokers are currently fenced.',
    );
  });

  it('testValidateBadManualPartitionAssignments', () => {
    const bench = new ControllerBench();
    const the = 'The manual partition assignment includes';
    expect(assign(bench, ['broker-1'], ['broker-1', 'broker-2'])).toMatchObject({
      error: 'INVALID_REPLICA_ASSIGNMENT',
      detail: `${the} a partition with 2 replica(s), but this is not consistent with previous partitions, which have 1 replica(s).`,
    });
    expect(assign(bench, []).detail).toBe(`${the} an empty replica list.`);
    expect(assign(bench, ['broker-9']).detail).toBe(`${the} broker 9, but no such broker is registered.`);
    expect(assign(bench, ['broker-2', 'broker-2']).detail).toBe(`${the} the broker 2 more than once.`);
    bench.fence(2);
    expect(assign(bench, ['broker-2']).detail).toBe(
      'All brokers specified in the manual partition assignment for partition 0 are fenced or in controlled shutdown.',
    );
    expect(assign(bench, ['broker-2', 'broker-3']).error).toBe('NONE');
    expect(bench.state('bar-0')).toBe('3 [3] ()');
  });

  it('K-1, K-23: testCreatePartitions', () => {
    const bench = new ControllerBench(
      system(3, [
        [1, 2],
        [2, 3],
        [3, 1],
      ]),
    );
    const to = (total: number) => bench.ask({ api: 'CreatePartitions', topic: 'foo', total });
    expect(to(3)).toMatchObject({ error: 'INVALID_PARTITIONS', detail: 'Topic already has 3 partition(s).' });
    expect(to(2).detail).toBe('The topic foo currently has 3 partition(s); 2 would not be an increase.');
    expect(bench.ask({ api: 'CreatePartitions', topic: 'bar', total: 2 }).error).toBe(
      'UNKNOWN_TOPIC_OR_PARTITION',
    );
    expect(to(5).error).toBe('NONE');
    expect(bench.state('foo-4')).toBe('2 [2,3] ()');
    expect(bench.of('places-created').at(-1)).toMatchObject({ places: ['foo-3', 'foo-4'], total: 5 });
  });

  it('testDeleteTopics', () => {
    const bench = new ControllerBench();
    expect(bench.ask({ api: 'DeleteTopics', topic: 'bar' }).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(bench.ask({ api: 'DeleteTopics', topic: 'foo' }).error).toBe('NONE');
    expect(bench.image.topics.size).toBe(0);
    expect(bench.of('places-deleted')).toMatchObject([{ name: 'foo', places: ['foo-0'] }]);
    expect(create(bench, 'foo').error).toBe('NONE');
  });

  it('settings are added, changed and taken back', () => {
    const bench = new ControllerBench(system(3, [[1]], { 'retention.ms': 5 }));
    bench.config({ 'retention.ms': null, 'segment.ms': 7 });
    expect(bench.image.topics.get('foo')!.config).toEqual({ 'segment.ms': 7 });
    expect(bench.of('configured')).toMatchObject([
      {
        name: 'foo',
        settings: [
          ['retention.ms', null],
          ['segment.ms', '7'],
        ],
      },
    ]);
    expect(bench.ask({ api: 'IncrementalAlterConfigs', topic: 'bar', config: {} })).toMatchObject({
      error: 'UNKNOWN_TOPIC_OR_PARTITION',
      detail: "The topic 'bar' does not exist.",
    });
  });

  it('K-20: a partition of an internal topic is made when it is first looked for', () => {
    const bench = new ControllerBench(system(2, [[1]]));
    const look = () => bench.ask({ api: 'CreateInternalPartition', place: '__transaction_state-9' });
    expect(look().error).toBe('NONE');
    const { version } = bench.image;
    expect(look().error).toBe('NONE');
    expect(bench.image.version).toBe(version);
    expect(bench.state('__transaction_state-9')).toBe('2 [2,1] ()');
    expect(bench.image.topics.get('__transaction_state')!.config).toMatchObject({ 'min.insync.replicas': 2 });
  });

  it('K-37: producer ids are given out by blocks, which no crash gives again', () => {
    const bench = new ControllerBench();
    const block = () => bench.ask({ api: 'AllocateProducerIds', node: 'broker-1', brokerEpoch: 0 });
    expect(block()).toMatchObject({ error: 'NONE', first: 0, count: 1000 });
    bench.apply({ type: 'crashed' });
    bench.apply({ type: 'restarted' });
    expect(block().first).toBe(1000);
  });
});

describe('the image', () => {
  it('every change is a version, and is pushed to every broker; what did not change is shared', () => {
    const bench = new ControllerBench(
      system(3, [
        [1, 2],
        [2, 3],
      ]),
    );
    const before = bench.image;
    bench.alter(1, [1]);
    const after = bench.image;
    expect(after.version).toBe(before.version + 1);
    expect(bench.pushed.map(({ to, image }) => [to, image === after])).toEqual([
      ['broker-1', true],
      ['broker-2', true],
      ['broker-3', true],
    ]);
    expect(after.brokers).toBe(before.brokers);
    expect(after.topics.get('foo')!.partitions[1]).toBe(before.topics.get('foo')!.partitions[1]);
    expect(before.topics.get('foo')!.partitions[0]!.isr).toHaveLength(2);
  });

  it('a refusal changes nothing', () => {
    const bench = new ControllerBench();
    const before = bench.image;
    bench.alter(2, [1]);
    bench.elect('preferred', 'foo-0');
    bench.ask({ api: 'CreatePartitions', topic: 'foo', total: 1 });
    for (const number of [1, 2, 3]) bench.beat(number);
    expect(bench.image).toBe(before);
    expect(bench.pushed).toEqual([]);
  });

  it('once restored it is the one it was', () => {
    const bench = new ControllerBench();
    const before = bench.machine.cluster;
    const snapshot = new Snapshot(bench.machine);
    bench.fence(1);
    expect(bench.machine.cluster.brokers.get('broker-1')!.fenced).toBe(true);
    snapshot.restore();
    expect(bench.machine.cluster).toBe(before);
    expect(bench.machine.cluster.brokers.get('broker-1')!.fenced).toBe(false);
  });
});
