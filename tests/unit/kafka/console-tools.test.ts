// What each command-line tool asks, prints and ends with, against a cluster that a test makes up.
import { describe, expect, it } from 'vitest';
import { consumerCommand, printRecord } from '../../../src/brokers/kafka/console/consumer.ts';
import { producerCommand, readLine } from '../../../src/brokers/kafka/console/producer.ts';
import { FakeCluster, runTool, threePartitions } from './console-harness.ts';

const AT = '--bootstrap-server localhost:9092';

/** Each of them another value than the default. */
const EVERY_SETTING = {
  'cleanup.policy': 'compact',
  'delete.retention.ms': 1,
  'max.compaction.lag.ms': 2,
  'max.message.bytes': 3,
  'message.timestamp.after.max.ms': 4,
  'message.timestamp.before.max.ms': 5,
  'message.timestamp.type': 'LogAppendTime',
  'min.cleanable.dirty.ratio': 0.25,
  'min.compaction.lag.ms': 1,
  'min.insync.replicas': 2,
  'retention.bytes': 7,
  'retention.ms': 8,
  'segment.bytes': 2_000_000,
  'segment.jitter.ms': 9,
  'segment.ms': 10,
  'unclean.leader.election.enable': true,
} as const;

describe('kafka-topics.sh', () => {
  const topics = (args: string, cluster = threePartitions()) =>
    runTool(`kafka-topics.sh ${AT} ${args}`, cluster);

  it('creates a topic', () => {
    const cluster = new FakeCluster();
    expect(
      topics(
        '--create --topic orders --partitions 3 --replication-factor 2 --config retention.ms=1000',
        cluster,
      ),
    ).toEqual({ lines: ['Created topic orders.'], exit: 0 });
    expect(cluster.asked).toContainEqual({
      api: 'CreateTopics',
      topic: 'orders',
      partitions: 3,
      replicationFactor: 2,
      replicas: null,
      config: { 'retention.ms': 1000 },
      internal: false,
    });
  });

  it('takes replicas by hand', () => {
    const cluster = new FakeCluster();
    expect(topics('--create --topic a --replica-assignment 1:2,2:3', cluster).exit).toBe(0);
    expect(cluster.asked.at(-1)).toMatchObject({
      partitions: 2,
      replicas: [
        ['broker-1', 'broker-2'],
        ['broker-2', 'broker-3'],
      ],
    });
    expect(topics('--create --topic b --replica-assignment 1:1', cluster).lines).toEqual([
      'Error while executing topic command : Partition replica lists may not contain duplicate entries: 1',
    ]);
  });

  it('warns of names with periods and underscores', () => {
    expect(topics('--create --topic a.b', new FakeCluster()).lines[0]).toMatch(
      /^WARNING: Due to limitations/,
    );
  });

  it.each([
    [
      '--create --topic a --partitions 1025',
      'Error while executing topic command : This simulator takes at most 1024 partitions a topic',
    ],
    [
      '--alter --topic orders --partitions 1025',
      'Error while executing topic command : This simulator takes at most 1024 partitions a topic',
    ],
    ['--create --topic orders', "Error while executing topic command : Topic 'orders' already exists."],
    [
      '--create --topic a --partitions 0',
      'Error while executing topic command : The partitions must be greater than 0',
    ],
    [
      '--create --topic a --replication-factor 0',
      'Error while executing topic command : The replication factor must be between 1 and 32767 inclusive',
    ],
    [
      '--create --topic a --partitions x',
      "Error while executing topic command : Cannot parse argument 'x' of option partitions",
    ],
    [
      '--create --topic a --config foo=1',
      'Error while executing topic command : Unknown topic config name: foo',
    ],
    [
      '--create --topic a --config min.insync.replicas=0',
      'Error while executing topic command : Invalid value 0 for configuration min.insync.replicas: Value must be at least 1',
    ],
    [
      '--create --topic a --config x',
      'Error while executing topic command : requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".',
    ],
    ['--describe --topic no', "Error while executing topic command : Topic 'no' does not exist as expected"],
    ['--delete --topic no', "Error while executing topic command : Topic 'no' does not exist as expected"],
    ['--alter --topic orders', 'Missing required argument "[partitions]"'],
    ['--create', 'Missing required argument "[topic]"'],
    [
      '--list --create',
      'Command must include exactly one action: --list, --describe, --create, --alter or --delete',
    ],
    ['', 'Command must include exactly one action: --list, --describe, --create, --alter or --delete'],
    ['--list --partitions 3', 'Option "[partitions]" can\'t be used with option "[list]"'],
    ['--list --if-not-exists', 'Option "[if-not-exists]" can\'t be used with option "[list]"'],
    ['--foo', 'foo is not a recognized option'],
    ['--topic', 'Option topic requires an argument'],
  ])('%s', (args, message) => {
    expect(topics(args)).toEqual({ lines: [message], exit: 1 });
  });

  it('needs a server', () => {
    expect(runTool('kafka-topics.sh --list')).toEqual({
      lines: ['--bootstrap-server must be specified'],
      exit: 1,
    });
  });

  it('says what the controller says', () => {
    const cluster = new FakeCluster();
    cluster.errors.set('CreateTopics', {
      error: 'INVALID_REPLICATION_FACTOR',
      detail: 'Unable to replicate',
    });
    expect(topics('--create --topic a', cluster).lines).toEqual([
      'Error while executing topic command : Unable to replicate',
    ]);
  });

  it('--if-not-exists and --if-exists leave it at that', () => {
    expect(topics('--create --if-not-exists --topic orders')).toEqual({ lines: [], exit: 0 });
    expect(topics('--delete --if-exists --topic no')).toEqual({ lines: [], exit: 0 });
    expect(topics('--describe --if-exists --topic no')).toEqual({ lines: [], exit: 0 });
  });

  it('lists topics, internal ones too', () => {
    const cluster = threePartitions()
      .addTopic('a', [{}])
      .addTopic('__consumer_offsets', [{}], { internal: true });
    expect(topics('--list', cluster).lines).toEqual(['__consumer_offsets', 'a', 'orders']);
    expect(topics('--list --exclude-internal', cluster).lines).toEqual(['a', 'orders']);
    expect(topics('--list --topic "o.*,a"', cluster).lines).toEqual(['a', 'orders']);
    expect(topics('--list', new FakeCluster()).lines).toEqual(['']);
  });

  it('describes a topic', () => {
    const cluster = threePartitions();
    const orders = cluster.topics.get('orders')!;
    orders.config = { 'retention.ms': 1000, 'min.insync.replicas': 2 };
    orders.partitions[1]!.isr = ['broker-2'];
    orders.partitions[1]!.elr = ['broker-3'];
    orders.partitions[2]!.leader = null;
    const { lines, exit } = topics('--describe --topic orders', cluster);
    expect(exit).toBe(0);
    expect(lines[0]).toMatch(
      /^Topic: orders\tTopicId: [\w-]{22}\tPartitionCount: 3\tReplicationFactor: 3\tConfigs: min\.insync\.replicas=2,retention\.ms=1000$/,
    );
    expect(lines.slice(1)).toEqual([
      '\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\tElr: \tLastKnownElr: ',
      '\tTopic: orders\tPartition: 1\tLeader: 2\tReplicas: 2,3,1\tIsr: 2\tElr: 3\tLastKnownElr: ',
      '\tTopic: orders\tPartition: 2\tLeader: none\tReplicas: 3,1,2\tIsr: 3,1,2\tElr: \tLastKnownElr: ',
    ]);
  });

  // What Kafka 4.4.0 printed, in the order of one of its hash maps.
  it('describes what is no default, whether the topic or a broker sets it', () => {
    const cluster = threePartitions();
    const settings = (): string | undefined =>
      /Configs: (.*)/.exec(topics('--describe --topics-with-overrides', cluster).lines[0] ?? '')?.[1];
    expect(settings()).toBe('min.insync.replicas=1');
    cluster.topics.get('orders')!.config = EVERY_SETTING;
    expect(settings()).toBe(
      'min.insync.replicas=2,segment.jitter.ms=9,cleanup.policy=compact,segment.bytes=2000000,retention.ms=8,max.compaction.lag.ms=2,max.message.bytes=3,min.compaction.lag.ms=1,message.timestamp.type=LogAppendTime,min.cleanable.dirty.ratio=0.25,unclean.leader.election.enable=true,retention.bytes=7,delete.retention.ms=1,message.timestamp.after.max.ms=4,message.timestamp.before.max.ms=5,segment.ms=10',
    );
    cluster.clusterConfig = {};
    cluster.topics.get('orders')!.config = {};
    expect(settings()).toBeUndefined();
    cluster.brokerConfig = { 'min.insync.replicas': 2, 'cleanup.policy': 'delete' };
    expect(settings()).toBe('min.insync.replicas=2');
  });

  it.each([
    ['--under-replicated-partitions', [1]],
    ['--under-min-isr-partitions', [1, 2]],
    ['--at-min-isr-partitions', [0]],
    ['--unavailable-partitions', [2]],
  ])('describes with %s (K-57)', (report, expected) => {
    const cluster = threePartitions();
    const { partitions, ...orders } = cluster.topics.get('orders')!;
    cluster.topics.set('orders', { ...orders, config: { 'min.insync.replicas': 2 }, partitions });
    partitions[0]!.replicas = partitions[0]!.isr = ['broker-1', 'broker-2'];
    partitions[1]!.isr = ['broker-2'];
    partitions[2]!.leader = null;
    const { lines } = topics(`--describe ${report}`, cluster);
    expect(lines.map((line) => Number(/Partition: (\d)/.exec(line)?.[1]))).toEqual(expected);
  });

  it('alters and deletes what a pattern names', () => {
    const cluster = threePartitions().addTopic('old-orders', [{}]);
    expect(topics('--alter --topic orders --partitions 5', cluster)).toEqual({ lines: [], exit: 0 });
    expect(cluster.asked.at(-1)).toEqual({ api: 'CreatePartitions', topic: 'orders', total: 5 });
    expect(topics('--delete --topic ".*orders"', cluster)).toEqual({ lines: [], exit: 0 });
    expect(cluster.topics.size).toBe(0);
  });

  it('tells that nobody answered', () => {
    const cluster = threePartitions();
    cluster.silent.add('Metadata');
    expect(topics('--list', cluster)).toEqual({
      lines: [
        'Error while executing topic command : Timed out waiting for a node assignment. Call: listTopics',
      ],
      exit: 1,
    });
  });

  it('prints its options for --help and for nothing', () => {
    expect(runTool('kafka-topics.sh --help')).toMatchObject({ exit: 0 });
    const { lines, exit } = runTool('kafka-topics.sh');
    expect(exit).toBe(1);
    expect(lines[0]).toBe('Create, delete, describe, or change a topic.');
  });
});

describe('kafka-consumer-groups.sh', () => {
  const groups = (args: string, cluster: FakeCluster) =>
    runTool(`kafka-consumer-groups.sh ${AT} ${args}`, cluster);
  const member = (client: string, places: string[], more: object = {}) => ({
    memberId: `${client}-0a1b2c3d`,
    client,
    instanceId: null,
    epoch: null,
    places,
    targetPlaces: null,
    ...more,
  });
  const busy = (): FakeCluster =>
    threePartitions().addGroup(
      {
        group: 'billing',
        state: 'Stable',
        assignor: 'range',
        members: [member('c1', ['orders-0']), member('c2', ['orders-1', 'orders-2'])],
      },
      [
        ['orders-0', 10],
        ['orders-2', 9],
      ],
    );
  const empty = (): FakeCluster =>
    threePartitions().addGroup({ group: 'billing' }, [
      ['orders-0', 10],
      ['orders-1', 7],
    ]);

  it('lists groups, share groups not', () => {
    const cluster = busy()
      .addGroup({ group: 'audit', type: 'Consumer' })
      .addGroup({ group: 'shared', type: 'Share' });
    expect(groups('--list', cluster)).toEqual({ lines: ['audit', 'billing'], exit: 0 });
    expect(groups('--list --state', cluster).lines).toEqual([
      'GROUP                     STATE               ',
      'audit                     Empty               ',
      'billing                   Stable              ',
    ]);
    expect(groups('--list --type consumer --state empty', cluster).lines).toEqual([
      'GROUP                     TYPE                 STATE               ',
      'audit                     Consumer             Empty               ',
    ]);
    expect(groups('--list --state sleeping', cluster)).toEqual({
      lines: [
        "Invalid state list 'sleeping'. Valid states are: PreparingRebalance, CompletingRebalance, Stable, Dead, Empty, Assigning, Reconciling",
      ],
      exit: 1,
    });
  });

  it('describes offsets and lag, the member with most partitions first', () => {
    expect(groups('--describe --group billing', busy())).toEqual({
      lines: [
        '',
        'GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID',
        'billing         orders          1          -               7               -               c2-0a1b2c3d     /127.0.0.1      c2',
        'billing         orders          2          9               9               0               c2-0a1b2c3d     /127.0.0.1      c2',
        'billing         orders          0          10              12              2               c1-0a1b2c3d     /127.0.0.1      c1',
      ],
      exit: 0,
    });
  });

  it('describes a group without members, and a partition without a leader', () => {
    const cluster = empty();
    cluster.topics.get('orders')!.partitions[1]!.leader = null;
    expect(groups('--describe --group billing', cluster).lines).toEqual([
      '',
      "Consumer group 'billing' has no active members.",
      '',
      'GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID',
      'billing         orders          0          10              12              2               -               -               -',
      'billing         orders          1          7               -               -               -               -               -',
    ]);
  });

  it('says when a group rebalances', () => {
    const cluster = busy();
    cluster.groups.set('billing', { ...cluster.groups.get('billing')!, state: 'PreparingRebalance' });
    expect(groups('--describe --group billing', cluster).lines.slice(0, 2)).toEqual([
      '',
      "Warning: Consumer group 'billing' is rebalancing.",
    ]);
  });

  it('describes members, static ones with their instance id, and what they have', () => {
    const cluster = busy();
    expect(groups('--describe --members --group billing', cluster).lines).toEqual([
      '',
      'GROUP           CONSUMER-ID     HOST            CLIENT-ID       #PARTITIONS     ',
      'billing         c1-0a1b2c3d     /127.0.0.1      c1              1               ',
      'billing         c2-0a1b2c3d     /127.0.0.1      c2              2               ',
    ]);
    cluster.addGroup({
      group: 'billing',
      type: 'Consumer',
      state: 'Stable',
      targetEpoch: 8,
      members: [
        member('c1', ['orders-2', 'orders-0'], { instanceId: 'one', epoch: 7, targetPlaces: ['orders-0'] }),
      ],
    });
    expect(groups('--describe --members --verbose --group billing', cluster).lines).toEqual([
      '',
      'GROUP           CONSUMER-ID     GROUP-INSTANCE-ID HOST            CLIENT-ID       #PARTITIONS     CURRENT-EPOCH   CURRENT-ASSIGNMENT   TARGET-EPOCH    TARGET-ASSIGNMENT   ',
      'billing         c1-0a1b2c3d     one               /127.0.0.1      c1              2               7               orders:0,2           8               orders:0            ',
    ]);
  });

  it('describes the state', () => {
    expect(groups('--describe --state --group billing', busy()).lines).toEqual([
      '',
      'GROUP           COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE                #MEMBERS',
      'billing         broker-2:9092  (2)        range                Stable               2',
    ]);
    const cluster = busy().addGroup({ group: 'b', type: 'Consumer', epoch: 5, targetEpoch: 4 });
    expect(groups('--describe --state --verbose --group b', cluster).lines.slice(2)).toEqual([
      '',
      'GROUP           COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE                GROUP-EPOCH     TARGET-ASSIGNMENT-EPOCH   #MEMBERS',
      'b               broker-2:9092  (2)        -                    Empty                5               4                         0',
    ]);
  });

  it('describes all groups', () => {
    const { lines } = groups(
      '--describe --all-groups',
      busy().addGroup({ group: 'audit' }, [['orders-0', 1]]),
    );
    expect(lines.filter((line) => /^(audit|billing) /.test(line))).toHaveLength(4);
  });

  it('does not know groups that are not there, or are shared; and ends with 0 all the same', () => {
    expect(groups('--describe --group no', busy())).toEqual({
      lines: [
        '',
        'Error: Executing consumer group command failed due to org.apache.kafka.common.errors.GroupIdNotFoundException: Group no not found.',
      ],
      exit: 0,
    });
    const cluster = busy().addGroup({ group: 'shared', type: 'Share' });
    expect(groups('--describe --group shared', cluster).lines[1]).toMatch(
      /Group shared is not a classic group\.$/,
    );
  });

  it.each([
    ['', 'Missing required argument "[bootstrap-server]"', ''],
    [
      AT,
      'Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets',
      '',
    ],
    [AT, 'Option [describe] takes one of these options: [group], [all-groups]', '--describe'],
    [
      AT,
      'Option [describe] takes at most one of these options: [members], [offsets], [state]',
      '--describe --group a --members --offsets',
    ],
    [AT, 'Option [describe] does not take a value for [state]', '--describe --group a --state stable'],
    [AT, 'Option "[group]" can\'t be used with option "[all-groups]"', '--describe --group a --all-groups'],
    [AT, 'Option "[group]" can\'t be used with option "[list]"', '--list --group a'],
    [
      AT,
      'Option [reset-offsets] only accepts one of [execute] and [dry-run]',
      '--reset-offsets --group a --dry-run --execute',
    ],
    [
      AT,
      'Option "[to-offset]" can\'t be used with option "[to-latest]"',
      '--reset-offsets --group a --dry-run --to-offset 1 --to-latest',
    ],
    [AT, 'Option [delete-offsets] takes the following options: [group], [topic]', '--delete-offsets'],
  ])('wrong options %s %s', (server, message, args) => {
    expect(
      runTool(`kafka-consumer-groups.sh ${server} ${args === '' && server === '' ? '--list' : args}`),
    ).toEqual({
      lines: [message],
      exit: 1,
    });
  });

  it('lets the JVM say what the parser throws', () => {
    expect(groups('--lst', busy())).toEqual({
      lines: [
        'Exception in thread "main" joptsimple.UnrecognizedOptionException: lst is not a recognized option',
      ],
      exit: 1,
    });
  });

  describe('--reset-offsets', () => {
    const reset = (args: string, cluster = empty()) =>
      groups(`--reset-offsets --group billing ${args}`, cluster);
    const plan = (...rows: [number, number][]): string[] => [
      '',
      'GROUP           TOPIC           PARTITION  NEW-OFFSET',
      ...rows.map(
        ([partition, offset]) => `billing         orders          ${String(partition).padEnd(10)} ${offset}`,
      ),
    ];

    it.each([
      ['--to-earliest', plan([0, 0], [1, 0], [2, 3])],
      ['--to-latest', plan([0, 12], [1, 7], [2, 9])],
      ['--to-current', plan([0, 10], [1, 7], [2, 9])],
      ['--to-offset 5', plan([0, 5], [1, 5], [2, 5])],
    ])('%s shows a plan', (scenario, expected) => {
      const cluster = empty();
      expect(reset(`--topic orders --dry-run ${scenario}`, cluster)).toEqual({ lines: expected, exit: 0 });
      expect(cluster.offsets.get('billing')!.get('orders-0')).toBe(10);
    });

    it('--execute does it, without a member (K-81)', () => {
      const cluster = empty();
      expect(reset('--topic orders:0,2 --to-earliest --execute', cluster).lines).toEqual(
        plan([0, 0], [2, 3]),
      );
      expect(cluster.asked.at(-1)).toEqual({
        api: 'OffsetCommit',
        group: 'billing',
        memberId: '',
        instanceId: null,
        generation: -1,
        offsets: [
          ['orders-0', 0],
          ['orders-2', 3],
        ],
      });
    });

    it('--shift-by counts from what is committed', () => {
      expect(reset('--all-topics --dry-run --shift-by -3').lines).toEqual(plan([0, 7], [1, 4]));
      expect(reset('--topic orders --dry-run --shift-by 1')).toEqual({
        lines: ['Cannot shift offset for partition orders-2 since there is no current committed offset'],
        exit: 1,
      });
    });

    it('keeps offsets within the log', () => {
      expect(reset('--topic orders:2 --dry-run --to-offset 100').lines).toEqual([
        '[1970-01-01 00:00:12,345] WARN New offset (100) is higher than latest offset for topic partition orders-2. Value will be set to 9. (org.apache.kafka.tools.GroupOffsetsResetter)',
        ...plan([2, 9]),
      ]);
      expect(reset('--topic orders:2 --dry-run --to-offset 1').lines[0]).toMatch(
        /New offset \(1\) is lower than earliest offset for topic partition orders-2\. Value will be set to 3\./,
      );
    });

    it('--to-datetime and --by-duration look for times (K-10)', () => {
      const cluster = empty();
      cluster.topics.get('orders')!.partitions[0]!.times = [
        [1000, 2],
        [5000, 6],
      ];
      expect(
        reset('--topic orders:0 --dry-run --to-datetime 1970-01-01T00:00:01.500', cluster).lines,
      ).toEqual(plan([0, 6]));
      // Started at 12.345 s: 11.5 s back is 0.845 s.
      expect(reset('--topic orders:0 --dry-run --by-duration PT11.5S', cluster).lines).toEqual(plan([0, 2]));
      expect(reset('--topic orders:0 --dry-run --by-duration PT1S', cluster).lines).toEqual([
        '',
        'Warn: Partition 0 from topic orders is empty. Falling back to latest known offset.',
        ...plan([0, 12]),
      ]);
      expect(reset('--topic orders:0 --dry-run --to-datetime yesterday', cluster).lines[1]).toBe(
        'Error: Executing consumer group command failed due to java.text.ParseException: Unparseable date: "yesterday"',
      );
    });

    it('is refused while the group has members (K-81)', () => {
      expect(
        groups('--reset-offsets --group billing --topic orders --to-earliest --execute', busy()),
      ).toEqual({
        lines: [
          '',
          "Error: Assignments can only be reset if the group 'billing' is inactive, but the current state is Stable.",
          '',
          'GROUP           TOPIC           PARTITION  NEW-OFFSET',
        ],
        exit: 0,
      });
    });

    it('works for a group that is not there yet', () => {
      const cluster = threePartitions();
      expect(reset('--topic orders:0 --to-latest --execute', cluster).lines).toEqual(plan([0, 12]));
      expect(cluster.offsets.get('billing')!.get('orders-0')).toBe(12);
    });

    it('exports CSV', () => {
      expect(reset('--topic orders:0 --to-latest --dry-run --export').lines).toEqual(['"orders",0,12', '']);
    });

    it.each([
      ['--to-latest --dry-run', 'One of the reset scopes should be defined: --all-topics, --topic.'],
      [
        '--topic orders --dry-run',
        "Option '[reset-offsets]' requires one of the following scenarios: [[to-offset], [shift-by], [to-datetime], [by-duration], [to-earliest], [to-latest], [to-current]]",
      ],
      ['--topic orders:x --to-latest --dry-run', "Invalid partition 'x' specified in topic arg 'orders:x''"],
      [
        '--topic orders:1:2 --to-latest --dry-run',
        "Invalid topic arg 'orders:1:2', expected topic name and partitions",
      ],
    ])('%s', (args, message) => {
      expect(reset(args)).toEqual({ lines: [message], exit: 1 });
    });

    it('does not know partitions that are not there', () => {
      expect(reset('--topic orders:7 --to-latest --dry-run').lines[1]).toMatch(
        /UnknownTopicOrPartitionException: The partitions "orders-7" do not exist$/,
      );
    });

    it('warns when nothing says that it is to be done', () => {
      expect(reset('--topic orders --to-latest').lines[0]).toMatch(/^WARN: No action will be performed/);
    });
  });

  it('--delete deletes groups without members', () => {
    expect(groups('--delete --group billing', empty()).lines).toEqual([
      "Deletion of requested consumer groups ('billing') was successful.",
    ]);
    const cluster = busy().addGroup({ group: 'old' });
    expect(groups('--delete --group billing --group old --group no', cluster).lines).toEqual([
      '',
      'Error: Deletion of some consumer groups failed:',
      "* Group 'billing' could not be deleted due to: org.apache.kafka.common.errors.GroupNotEmptyException: The group is not empty.",
      "* Group 'no' could not be deleted due to: org.apache.kafka.common.errors.GroupIdNotFoundException: The group id does not exist.",
      '',
      "These consumer groups were deleted successfully: 'old'",
    ]);
  });

  it('--delete-offsets', () => {
    expect(groups('--delete-offsets --group billing --topic orders:0,1', empty()).lines).toEqual([
      'Request succeeded for deleting offsets from group billing.',
      '',
      'TOPIC           PARTITION  STATUS         ',
      'orders          0          Successful     ',
      'orders          1          Successful     ',
    ]);
    const cluster = busy();
    cluster.errors.set('OffsetDelete', { error: 'GROUP_SUBSCRIBED_TO_TOPIC', detail: '' });
    expect(groups('--delete-offsets --group billing --topic orders:0', cluster).lines.slice(0, 2)).toEqual([
      '',
      'Error: Encountered some partition-level error, see the follow-up details.',
    ]);
  });
});

describe('kafka-share-groups.sh', () => {
  const shares = (args: string, cluster: FakeCluster) =>
    runTool(`kafka-share-groups.sh ${AT} ${args}`, cluster);
  const cluster = (): FakeCluster => {
    const made = threePartitions().addGroup({
      group: 'workers',
      type: 'Share',
      state: 'Stable',
      epoch: 3,
      targetEpoch: 3,
      members: [
        {
          memberId: 'w1-0a1b',
          client: 'w1',
          instanceId: null,
          epoch: 3,
          places: ['orders-0', 'orders-2'],
          targetPlaces: null,
        },
      ],
    });
    made.shares.set('orders-0', {
      startOffset: 4,
      records: [
        { offset: 4, state: 'available', deliveryCount: 1 },
        { offset: 5, state: 'acknowledged', deliveryCount: 1 },
      ],
    });
    return made.addGroup({ group: 'billing' });
  };

  it('lists', () => {
    expect(shares('--list', cluster()).lines).toEqual(['workers']);
    expect(shares('--list --state', cluster()).lines).toEqual([
      'GROUP           STATE',
      'workers         Stable',
    ]);
  });

  it('describes start offsets (K-105), members and state', () => {
    expect(shares('--describe --group workers', cluster()).lines).toEqual([
      '',
      'GROUP           TOPIC           PARTITION  START-OFFSET  LAG',
      'workers         orders          0          4             7',
      'workers         orders          2          -             -',
    ]);
    expect(shares('--describe --members --group workers', cluster()).lines).toEqual([
      '',
      'GROUP           CONSUMER-ID     HOST            CLIENT-ID       #PARTITIONS  ASSIGNMENT',
      'workers         w1-0a1b         /127.0.0.1      w1              2            orders:0,2',
    ]);
    expect(shares('--describe --state --group workers', cluster()).lines).toEqual([
      '',
      'GROUP           COORDINATOR (ID)          STATE           #MEMBERS',
      'workers         broker-2:9092  (2)        Stable          1',
    ]);
  });

  it('knows consumer groups from share groups, and ends with 1', () => {
    expect(shares('--describe --group billing', cluster())).toEqual({
      lines: [
        '',
        'Error: Executing share group command failed due to org.apache.kafka.common.errors.GroupIdNotFoundException: Group billing is not a share group.',
      ],
      exit: 1,
    });
  });

  it('deletes those without members', () => {
    expect(shares('--delete --group workers', cluster()).lines).toEqual([
      '',
      'Error: Deletion of some share groups failed:',
      "* Group 'workers' could not be deleted due to: org.apache.kafka.common.errors.GroupNotEmptyException: The group is not empty.",
    ]);
  });
});

describe('kafka-configs.sh', () => {
  const configs = (args: string, cluster = threePartitions()) =>
    runTool(`kafka-configs.sh ${AT} ${args}`, cluster);

  it('adds and deletes settings', () => {
    const cluster = threePartitions();
    expect(
      configs(
        "--alter --entity-type topics --entity-name orders --add-config 'retention.ms=1000,cleanup.policy=[compact,delete]'",
        cluster,
      ),
    ).toEqual({ lines: ['Completed updating config for topic orders.'], exit: 0 });
    expect(cluster.topics.get('orders')!.config).toEqual({
      'retention.ms': 1000,
      'cleanup.policy': 'compact,delete',
    });
    expect(configs('--alter --topic orders --delete-config retention.ms', cluster).exit).toBe(0);
    expect(cluster.topics.get('orders')!.config).toEqual({ 'cleanup.policy': 'compact,delete' });
  });

  // What Kafka 4.4.0 printed; of `--all` without the settings that the model does not have.
  it('describes a topic’s own settings, and where each value could come from', () => {
    const cluster = threePartitions();
    cluster.topics.get('orders')!.config = EVERY_SETTING;
    expect(configs('--describe --entity-type topics --entity-name orders', cluster).lines).toEqual([
      'Dynamic configs for topic orders are:',
      '  cleanup.policy=compact sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact, DEFAULT_CONFIG:log.cleanup.policy=delete}',
      '  delete.retention.ms=1 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:delete.retention.ms=1, DEFAULT_CONFIG:log.cleaner.delete.retention.ms=86400000}',
      '  max.compaction.lag.ms=2 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:max.compaction.lag.ms=2, DEFAULT_CONFIG:log.cleaner.max.compaction.lag.ms=9223372036854775807}',
      '  max.message.bytes=3 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:max.message.bytes=3, DEFAULT_CONFIG:message.max.bytes=1048588}',
      '  message.timestamp.after.max.ms=4 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:message.timestamp.after.max.ms=4, DEFAULT_CONFIG:log.message.timestamp.after.max.ms=3600000}',
      '  message.timestamp.before.max.ms=5 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:message.timestamp.before.max.ms=5, DEFAULT_CONFIG:log.message.timestamp.before.max.ms=9223372036854775807}',
      '  message.timestamp.type=LogAppendTime sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:message.timestamp.type=LogAppendTime, DEFAULT_CONFIG:log.message.timestamp.type=CreateTime}',
      '  min.cleanable.dirty.ratio=0.25 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:min.cleanable.dirty.ratio=0.25, DEFAULT_CONFIG:log.cleaner.min.cleanable.ratio=0.5}',
      '  min.compaction.lag.ms=1 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:min.compaction.lag.ms=1, DEFAULT_CONFIG:log.cleaner.min.compaction.lag.ms=0}',
      '  min.insync.replicas=2 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:min.insync.replicas=2, DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=1, DEFAULT_CONFIG:min.insync.replicas=1}',
      '  retention.bytes=7 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.bytes=7, DEFAULT_CONFIG:log.retention.bytes=-1}',
      '  retention.ms=8 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=8}',
      '  segment.bytes=2000000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:segment.bytes=2000000, DEFAULT_CONFIG:log.segment.bytes=1073741824}',
      '  segment.jitter.ms=9 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:segment.jitter.ms=9}',
      '  segment.ms=10 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:segment.ms=10}',
      '  unclean.leader.election.enable=true sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:unclean.leader.election.enable=true, DEFAULT_CONFIG:unclean.leader.election.enable=false}',
    ]);
  });

  it('describes all settings with --all', () => {
    expect(configs('--describe --all --topic orders').lines).toEqual([
      'All configs for topic orders are:',
      '  cleanup.policy=delete sensitive=false synonyms={DEFAULT_CONFIG:log.cleanup.policy=delete}',
      '  delete.retention.ms=86400000 sensitive=false synonyms={DEFAULT_CONFIG:log.cleaner.delete.retention.ms=86400000}',
      '  max.compaction.lag.ms=9223372036854775807 sensitive=false synonyms={DEFAULT_CONFIG:log.cleaner.max.compaction.lag.ms=9223372036854775807}',
      '  max.message.bytes=1048588 sensitive=false synonyms={DEFAULT_CONFIG:message.max.bytes=1048588}',
      '  message.timestamp.after.max.ms=3600000 sensitive=false synonyms={DEFAULT_CONFIG:log.message.timestamp.after.max.ms=3600000}',
      '  message.timestamp.before.max.ms=9223372036854775807 sensitive=false synonyms={DEFAULT_CONFIG:log.message.timestamp.before.max.ms=9223372036854775807}',
      '  message.timestamp.type=CreateTime sensitive=false synonyms={DEFAULT_CONFIG:log.message.timestamp.type=CreateTime}',
      '  min.cleanable.dirty.ratio=0.5 sensitive=false synonyms={DEFAULT_CONFIG:log.cleaner.min.cleanable.ratio=0.5}',
      '  min.compaction.lag.ms=0 sensitive=false synonyms={DEFAULT_CONFIG:log.cleaner.min.compaction.lag.ms=0}',
      '  min.insync.replicas=1 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=1, DEFAULT_CONFIG:min.insync.replicas=1}',
      '  retention.bytes=-1 sensitive=false synonyms={DEFAULT_CONFIG:log.retention.bytes=-1}',
      '  retention.ms=604800000 sensitive=false synonyms={}',
      '  segment.bytes=1073741824 sensitive=false synonyms={DEFAULT_CONFIG:log.segment.bytes=1073741824}',
      '  segment.jitter.ms=0 sensitive=false synonyms={}',
      '  segment.ms=604800000 sensitive=false synonyms={}',
      '  unclean.leader.election.enable=false sensitive=false synonyms={DEFAULT_CONFIG:unclean.leader.election.enable=false}',
    ]);
  });

  it.each([
    ['--describe', 'At least one entity type must be specified'],
    ['--entity-type topics', 'Command must include exactly one action: --describe, --alter'],
    [
      '--alter --entity-type topics --add-config a=1',
      'An entity name must be specified with --alter of topics',
    ],
    [
      '--alter --topic orders',
      'At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter',
    ],
    [
      '--alter --topic orders --add-config a',
      'Invalid entity config: all configs to be added must be in the format "key=val".',
    ],
    ['--alter --topic orders --delete-config retention.ms', 'Invalid config(s): retention.ms'],
    ['--alter --topic orders --add-config a$b=1', 'Invalid character found for config key: a$b'],
    ['--foo', 'foo is not a recognized option'],
  ])('%s', (args, message) => {
    expect(configs(args)).toEqual({ lines: [message], exit: 1 });
  });

  it.each([
    ['--add-config foo=1', 'InvalidConfigurationException: Unknown topic config name: foo'],
    [
      '--add-config min.insync.replicas=0',
      'InvalidConfigurationException: Invalid value 0 for configuration min.insync.replicas: Value must be at least 1',
    ],
  ])('says what the controller says: %s', (args, message) => {
    expect(configs(`--alter --topic orders ${args}`)).toEqual({
      lines: [
        `Error while executing config command with args '${AT} --alter --topic orders ${args}'`,
        `java.util.concurrent.ExecutionException: org.apache.kafka.common.errors.${message}`,
      ],
      exit: 1,
    });
  });

  it('does not know a topic that is not there', () => {
    expect(configs('--describe --topic no').lines[1]).toBe(
      'java.util.concurrent.ExecutionException: org.apache.kafka.common.errors.UnknownTopicOrPartitionException: This server does not host this topic-partition.',
    );
  });
});

describe('kafka-leader-election.sh', () => {
  const elect = (args: string, cluster = threePartitions()) =>
    runTool(`kafka-leader-election.sh ${AT} ${args}`, cluster);

  it('elects preferred leaders where others lead (K-64)', () => {
    const cluster = threePartitions();
    expect(elect('--election-type preferred --all-topic-partitions', cluster)).toEqual({
      lines: [],
      exit: 0,
    });
    cluster.topics.get('orders')!.partitions[1]!.leader = 'broker-3';
    expect(elect('--election-type preferred --all-topic-partitions', cluster)).toEqual({
      lines: ['Successfully completed leader election (PREFERRED) for partitions orders-1'],
      exit: 0,
    });
  });

  it('tells what needed no election, and what failed', () => {
    const cluster = threePartitions();
    cluster.errors.set('ElectLeaders', { error: 'ELECTION_NOT_NEEDED', detail: '' });
    expect(elect('--election-type PREFERRED --topic orders --partition 0', cluster)).toEqual({
      lines: ['Valid replica already elected for partitions orders-0'],
      exit: 0,
    });
    cluster.errors.set('ElectLeaders', { error: 'ELIGIBLE_LEADERS_NOT_AVAILABLE', detail: '' });
    expect(elect('--election-type unclean --topic orders --partition 0', cluster)).toEqual({
      lines: [
        'Error completing leader election (UNCLEAN) for partition: orders-0: org.apache.kafka.common.errors.EligibleLeadersNotAvailableException: Eligible topic partition leaders are not available.',
        '1 replica(s) could not be elected',
      ],
      exit: 1,
    });
  });

  it.each([
    ['', 'Missing required option(s): election-type'],
    [
      '--election-type unclean',
      'One and only one of the following options is required: topic, all-topic-partitions, path-to-json-file',
    ],
    ['--election-type unclean --topic orders', 'Missing required option(s): partition'],
    [
      '--election-type unclean --all-topic-partitions --partition 1',
      'Option partition is only allowed if topic is used',
    ],
    ['--election-type dirty --all-topic-partitions', "Cannot parse argument 'dirty' of option election-type"],
  ])('%s', (args, message) => {
    expect(elect(args)).toEqual({ lines: [message], exit: 1 });
  });

  it('gives up when nobody answers', () => {
    const cluster = threePartitions();
    cluster.silent.add('ElectLeaders');
    expect(elect('--election-type preferred --topic orders --partition 0', cluster)).toEqual({
      lines: ['Timeout waiting for election results', 'Timeout waiting for election results'],
      exit: 1,
    });
  });
});

describe('kafka-get-offsets.sh', () => {
  const offsets = (args: string, cluster = threePartitions()) =>
    runTool(`kafka-get-offsets.sh ${AT} ${args}`, cluster);

  it('tells where partitions end, begin, and what a time has', () => {
    expect(offsets('--topic orders')).toEqual({
      lines: ['orders:0:12', 'orders:1:7', 'orders:2:9'],
      exit: 0,
    });
    expect(offsets('--time earliest').lines).toEqual(['orders:0:0', 'orders:1:0', 'orders:2:3']);
    const cluster = threePartitions();
    cluster.topics.get('orders')!.partitions[1]!.times = [[2000, 4]];
    expect(offsets('--time 1500', cluster).lines).toEqual(['orders:1:4']);
  });

  it('takes partitions by number and by pattern', () => {
    expect(offsets('--topic orders --partitions 0,2').lines).toEqual(['orders:0:12', 'orders:2:9']);
    expect(offsets('--topic-partitions orders:1-').lines).toEqual(['orders:1:7', 'orders:2:9']);
    expect(offsets('--topic-partitions :0').lines).toEqual(['orders:0:12']);
  });

  it.each([
    ['--topic no', 'Error occurred: Could not match any topic-partitions with the specified filters'],
    [
      '--topic-partitions orders --topic orders',
      'Error occurred: --topic-partitions cannot be used with --topic or --partitions',
    ],
    [
      '--partitions a',
      'Error occurred: --partitions expects a comma separated list of numeric partition ids, but received: a',
    ],
    ['--time x', /^Error occurred: Malformed time argument x\. Please use -1 or latest/],
    ['--foo', 'Error occurred: foo is not a recognized option'],
  ])('%s', (args, message) => {
    const { lines, exit } = offsets(args);
    expect(lines).toEqual([typeof message === 'string' ? message : expect.stringMatching(message)]);
    expect(exit).toBe(1);
  });

  it('looks at its addresses itself', () => {
    expect(runTool('kafka-get-offsets.sh --bootstrap-server localhost').lines).toEqual([
      'Please provide valid host:port like host1:9091,host2:9092',
    ]);
  });

  it('passes over a partition that nobody leads', () => {
    const cluster = threePartitions();
    cluster.topics.get('orders')!.partitions[0]!.leader = null;
    const { lines } = offsets('--topic orders', cluster);
    expect(lines[0]).toMatch(/^Skip getting offsets for topic-partition orders-0 due to error: /);
    expect(lines.slice(1)).toEqual(['orders:1:7', 'orders:2:9']);
  });
});

describe('kafka-console-producer.sh', () => {
  const command = (...words: string[]) => producerCommand(['--bootstrap-server', 'localhost:9092', ...words]);

  it('has the tool’s own defaults, and options that go before properties', () => {
    const { settings, sync, topic } = command('--topic', 'orders');
    expect({ sync, topic }).toEqual({ sync: false, topic: 'orders' });
    expect(settings).toEqual({
      'linger.ms': '1000',
      acks: '-1',
      'request.timeout.ms': '1500',
      retries: '3',
      'retry.backoff.ms': '100',
      'buffer.memory': '33554432',
      'batch.size': '16384',
      'metadata.max.age.ms': '300000',
      'max.block.ms': '60000',
    });
    expect(
      command(
        '--topic',
        'a',
        '--command-property',
        'acks=0',
        '--command-property',
        'linger.ms=5',
        '--timeout',
        '7',
      ).settings,
    ).toMatchObject({ acks: '0', 'linger.ms': '7' });
    expect(command('--topic', 'a', '--request-required-acks', 'all').settings).toMatchObject({ acks: 'all' });
  });

  it('takes the old names and says so, but not both', () => {
    expect(command('--topic', 'a', '--property', 'parse.key=true')).toMatchObject({
      reader: { parseKey: true },
      notices: [
        'Option --property is deprecated and will be removed in a future version. Use --reader-property instead.',
      ],
    });
    expect(() => command('--topic', 'a', '--property', 'a=b', '--reader-property', 'a=b')).toThrow(
      'Options --property and --reader-property cannot be specified together.',
    );
  });

  it.each([
    [[], 'Missing required argument "[topic]"'],
    [['--topic', 'a', '--timeout', 'x'], "Cannot parse argument 'x' of option timeout"],
    [
      ['--topic', 'a', '--reader-property', 'null.marker=:', '--reader-property', 'key.separator=:'],
      'null.marker and key.separator may not be equal',
    ],
  ])('%j', (words, message) => {
    expect(() => command(...words)).toThrow(message);
  });

  it('reads keys, values and tombstones out of lines (K-19)', () => {
    const reader = { parseKey: true, keySeparator: ':', nullMarker: 'NULL', ignoreError: false };
    expect(readLine('k:v:w', 1, reader)).toEqual({ key: 'k', value: 'v:w' });
    expect(readLine('k:NULL', 1, reader)).toEqual({ key: 'k', value: null });
    expect(readLine('NULL:v', 1, reader)).toEqual({ key: null, value: 'v' });
    expect(readLine('v', 3, reader)).toEqual({ error: "No key separator found on line number 3: 'v'" });
    expect(readLine('v', 3, { ...reader, ignoreError: true })).toEqual({ key: null, value: 'v' });
    expect(readLine('k:v', 1, { ...reader, parseKey: false })).toEqual({ key: null, value: 'k:v' });
  });
});

describe('kafka-console-consumer.sh', () => {
  const command = (...words: string[]) =>
    consumerCommand(['--bootstrap-server', 'localhost:9092', '--topic', 'orders', ...words]);

  it('reads from the end with a group of its own that does not commit, unless told otherwise', () => {
    expect(command()).toMatchObject({
      group: null,
      partition: null,
      from: 'latest',
      maxMessages: null,
      timeoutMs: null,
      settings: {
        'auto.offset.reset': 'latest',
        'enable.auto.commit': 'false',
        'isolation.level': 'read_uncommitted',
      },
    });
    expect(command('--group', 'g', '--from-beginning').settings).toEqual({
      'auto.offset.reset': 'earliest',
      'isolation.level': 'read_uncommitted',
    });
    expect(command('--command-property', 'group.id=g')).toMatchObject({ group: 'g' });
    expect(command('--partition', '1', '--offset', '42')).toMatchObject({ partition: 1, from: 42 });
    expect(command('--partition', '1', '--from-beginning')).toMatchObject({ from: 'earliest' });
    expect(command('--isolation-level', 'read_committed').settings['isolation.level']).toBe('read_committed');
  });

  it.each([
    [['--offset', '1'], 'The partition is required when offset is specified.'],
    [
      ['--partition', '0', '--offset', 'x'],
      "The provided offset value 'x' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.",
    ],
    [
      ['--partition', '0', '--offset', '1', '--from-beginning'],
      'Options from-beginning and offset cannot be specified together.',
    ],
    [['--partition', '0', '--group', 'g'], 'Options group and partition cannot be specified together.'],
    [
      ['--from-beginning', '--command-property', 'auto.offset.reset=latest'],
      "Can't simultaneously specify --from-beginning and 'auto.offset.reset=latest', please remove one option",
    ],
    [['--group', 'a', '--command-property', 'group.id=b'], /do not match\. Detected group ids: 'a', 'b'$/],
  ])('%j', (words, message) => {
    expect(() => command(...words)).toThrow(message);
  });

  it('needs a topic and a server', () => {
    expect(() => consumerCommand(['--bootstrap-server', 'a:1'])).toThrow(
      'Exactly one of --include/--topic is required. ',
    );
    expect(() => consumerCommand(['--topic', 'a'])).toThrow('Missing required argument "[bootstrap-server]"');
  });

  it('prints the columns that are asked for, in the tool’s order', () => {
    const record = {
      partition: 2,
      offset: 17,
      timestampMs: 5230.7,
      timestampType: 'CreateTime',
      leaderEpoch: 1,
      key: 'alice',
      value: 'tea',
    } as const;
    const all = command(
      ...['key', 'value', 'offset', 'partition', 'timestamp', 'epoch', 'headers'].flatMap((name) => [
        '--formatter-property',
        `print.${name}=true`,
      ]),
    ).formatter;
    expect(printRecord(record, all)).toBe(
      'CreateTime:5230\tPartition:2\tOffset:17\tEpoch:1\tNO_HEADERS\talice\ttea',
    );
    expect(printRecord(record, command().formatter)).toBe('tea');
    expect(
      printRecord(
        { ...record, key: null, value: null },
        command(
          '--formatter-property',
          'print.key=true',
          '--formatter-property',
          'key.separator=|',
          '--formatter-property',
          'null.literal=-',
        ).formatter,
      ),
    ).toBe('-|-');
  });
});
