/** The challenges on Kafka, by rising difficulty (../challenge.ts). */
import { goals } from '../../claims/kafka/goals.ts';
import type { Challenge } from '../challenge.ts';
import type { Knob } from '../experiment.ts';
import { consoleExperiment } from './console.ts';
import { lagExperiment } from './lag.ts';
import { acks, again, pace, payments, six, twice } from './practice.ts';
import { acksExperiment } from './replication.ts';

type KafkaChallenge = Challenge<'kafka'>;

/** A setting that an experiment has too. @throws RangeError for an id that it does not have */
function knobOf({ knobs }: { readonly knobs: readonly Knob[] }, id: string): Knob {
  const knob = knobs.find((one) => one.id === id);
  if (!knob) throw new RangeError(`there is no setting "${id}"`);
  return knob;
}

const BOOTSTRAP = '--bootstrap-server localhost:9092';

const firstTopic: KafkaChallenge = {
  id: 'kafka-first-topic',
  broker: 'kafka',
  title: 'Your first topic, at the prompt',
  ask: 'At the console below the figure, create a topic of your own, send a record to it, and read it back.',
  why: 'The same three commands, in the same words, are the quick start of a real Kafka. Whoever has seen them answer here knows what a healthy answer looks like.',
  difficulty: 1,
  play: {
    scenario: consoleExperiment.scenario,
    stage: consoleExperiment.stage,
    console: true,
    posterMs: 4000,
    speed: 1,
    knobs: [],
    controls: [],
  },
  goal: goals.firstTopic,
  hints: [
    'kafka-topics.sh creates, kafka-console-producer.sh sends, kafka-console-consumer.sh reads. Tab completes, and an empty command tells its options.',
    'A producer takes each line as a record until Ctrl+D ends it. A new consumer begins at the end, unless it is told --from-beginning.',
  ],
  solution: {
    knobs: {},
    actions: [
      {
        atMs: 5000,
        action: { do: 'type', line: `kafka-topics.sh ${BOOTSTRAP} --create --topic quickstart` },
      },
      {
        atMs: 7000,
        action: { do: 'type', line: `kafka-console-producer.sh ${BOOTSTRAP} --topic quickstart` },
      },
      { atMs: 9000, action: { do: 'type', line: 'my first event' } },
      { atMs: 11_000, action: { do: 'key', key: 'end' } },
      {
        atMs: 13_000,
        action: {
          do: 'type',
          line: `kafka-console-consumer.sh ${BOOTSTRAP} --topic quickstart --from-beginning`,
        },
      },
    ],
  },
  solved:
    'The topic has one partition, for nothing else was asked for. The consumer makes a group of its own, which has no committed offset; --from-beginning is auto.offset.reset=earliest.',
};

const processedTwice: KafkaChallenge = {
  id: 'kafka-processed-twice',
  broker: 'kafka',
  title: 'Make the same work be done twice',
  ask: 'Have the group process one record twice.',
  why: '“At least once” is what a consumer group promises. Whoever has made it happen once writes the application that bears it.',
  difficulty: 1,
  play: {
    scenario: twice.id,
    stage: 'groups',
    console: false,
    posterMs: 9000,
    speed: 1,
    knobs: [],
    controls: ['crash-consumer', 'restart-consumer', 'pause-consumer', 'close-consumer'],
  },
  goal: goals.processedTwice,
  hints: [
    'The committed offset trails the work, by up to auto.commit.interval.ms. Who has to begin there?',
    'Let a consumer die when it has processed something since its last commit, and wait for session.timeout.ms, six seconds here.',
  ],
  solution: { knobs: {}, actions: [{ atMs: 15_000, action: { do: 'crash', target: 'c1' } }] },
  solved:
    'C1 dies with work that it has done and not committed. Six seconds later its partition goes to C0, which begins at the committed offset, and does that work again. To close C1 would not do: a consumer that closes commits first.',
};

const drained: KafkaChallenge = {
  id: 'kafka-drain-without-rebalance',
  broker: 'kafka',
  title: 'Fall behind, and catch up in peace',
  ask: 'Let fifteen records wait for the group at once, and have them worked off without a single rebalance.',
  why: 'A database that is away for some seconds is no reason to leave the group. Who stops consuming in the wrong way pays for it with a rebalance, in the very moment when there is most to do.',
  difficulty: 2,
  play: {
    scenario: pace.id,
    stage: 'groups',
    console: true,
    posterMs: 8000,
    speed: 1,
    knobs: [],
    controls: ['pause-partitions', 'pause-consumer', 'crash-consumer', 'restart-consumer', 'close-consumer'],
  },
  goal: goals.drained,
  hints: [
    'A consumer that is paused as a process sends no heartbeats either. Is there a way to take nothing and still be there?',
    'consumer.pause() keeps the partitions, and poll() goes on without records: that is “Pause reading”. Two records a second arrive for each of the two.',
  ],
  solution: {
    knobs: {},
    actions: [
      { atMs: 10_000, action: { do: 'pause-partitions', client: 'c0' } },
      { atMs: 10_000, action: { do: 'pause-partitions', client: 'c1' } },
      { atMs: 16_000, action: { do: 'resume-partitions', client: 'c0' } },
      { atMs: 16_000, action: { do: 'resume-partitions', client: 'c1' } },
    ],
  },
  solved:
    'Both stop taking records and go on calling poll(), so that their heartbeats and their membership go on. When they read again, each works three times as fast as records arrive, and nobody’s partitions have changed.',
};

const replayed: KafkaChallenge = {
  id: 'kafka-replay-from-ten',
  broker: 'kafka',
  title: 'Read it again, from there',
  ask: 'Have Billing read everything from offset 10 on again: nothing older, and nobody else.',
  why: 'After a bug is fixed, what it spoilt is read again. To read more than that, or to disturb the others, would be the next bug.',
  difficulty: 1,
  play: {
    scenario: again.id,
    stage: 'groups',
    console: false,
    posterMs: 15_000,
    speed: 1,
    knobs: [],
    controls: ['seek', 'crash-consumer', 'restart-consumer'],
  },
  goal: goals.replayed,
  hints: [
    'There must be something to read again: let some more than ten records go by.',
    'Billing seeks, to an offset, and that offset is 10. Then let it run until it is where it was.',
  ],
  solution: {
    knobs: {},
    actions: [
      { atMs: 20_000, action: { do: 'seek', client: 'billing', to: { kind: 'offset', offset: 10 } } },
    ],
  },
  solved:
    'A position belongs to a consumer, not to the partition. Billing sets its own back to 10 and reads on from there; Audit’s has not moved.',
};

const threeWithoutStopping: KafkaChallenge = {
  id: 'kafka-three-without-stopping',
  broker: 'kafka',
  title: 'A third consumer, without stopping the world',
  ask: 'Give the six partitions to exactly three consumers, so that no partition stops being read but those that move.',
  why: 'With the eager protocol every rollout stops the whole group, once for each instance. It is a setting of the consumers, and many have never touched it.',
  difficulty: 2,
  play: {
    scenario: six.id,
    stage: 'groups',
    console: false,
    posterMs: 12_000,
    speed: 1,
    knobs: [
      {
        id: 'assignor',
        name: 'partition.assignment.strategy',
        hint: 'How the group shares its partitions out',
        path: ['clients', { role: 'consumer' }, 'config', 'partition.assignment.strategy'],
        options: [
          { id: 'range', label: 'range', value: ['range'] },
          { id: 'roundrobin', label: 'roundrobin', value: ['roundrobin'] },
          { id: 'sticky', label: 'sticky', value: ['sticky'] },
          { id: 'cooperative-sticky', label: 'cooperative-sticky', value: ['cooperative-sticky'] },
        ],
      },
    ],
    controls: ['add-consumer', 'crash-consumer', 'restart-consumer', 'close-consumer'],
  },
  goal: goals.threeWithoutStopping,
  hints: [
    'Add one and watch what the other two give up. They get most of it back, a moment later.',
    'Sticky is not enough: it keeps the assignment, but gives everything up on the way. One of the assignors speaks another protocol.',
  ],
  solution: {
    knobs: { assignor: 'cooperative-sticky' },
    actions: [
      {
        atMs: 12_000,
        action: {
          do: 'join',
          client: {
            id: 'c2',
            role: 'consumer',
            group: 'billing',
            topics: ['orders'],
            processingMs: 150,
            config: {
              'auto.offset.reset': 'earliest',
              'session.timeout.ms': 6000,
              'heartbeat.interval.ms': 2000,
              'partition.assignment.strategy': ['cooperative-sticky'],
            },
          },
        },
      },
    ],
  },
  solved:
    'With cooperative-sticky the two tell what they have and keep it. The first rebalance only names the two partitions that are to move; these are let go of, and a second one hands them to C2. The other four are read all the while.',
};

const thrownOut: KafkaChallenge = {
  id: 'kafka-thrown-out',
  broker: 'kafka',
  title: 'Thrown out for working',
  ask: 'Get a consumer that is alive and well thrown out of its group because it did not call poll() in time.',
  why: 'It is among the commonest incidents with Kafka, and it comes when there is most to do: a backlog makes polls bigger, bigger polls take longer, and the group loses the member that it needs.',
  difficulty: 3,
  play: {
    scenario: pace.id,
    stage: 'groups',
    console: true,
    posterMs: 8000,
    speed: 2,
    knobs: ['processing', 'max-poll-records', 'max-poll-interval'].map((id) =>
      id === 'processing'
        ? {
            ...knobOf(lagExperiment, id),
            options: [
              { id: '150', label: '150', value: 150 },
              { id: '450', label: '450', value: 450 },
            ],
          }
        : knobOf(lagExperiment, id),
    ),
    controls: ['pause-partitions', 'pause-consumer', 'crash-consumer', 'restart-consumer', 'close-consumer'],
  },
  goal: goals.thrownOut,
  hints: [
    'Between two polls a consumer works on all that the last one gave it. How much may that be, and how long does it take?',
    'With max.poll.records at its default a poll hands out the whole backlog. Work more slowly, stop reading until some thirty records wait, and read on.',
  ],
  solution: {
    knobs: { processing: '450', 'max-poll-records': '500' },
    actions: [
      { atMs: 12_000, action: { do: 'pause-partitions', client: 'c0' } },
      { atMs: 26_000, action: { do: 'resume-partitions', client: 'c0' } },
    ],
  },
  solved:
    'Nearly thirty records wait for C0, and its next poll() hands out all of them: thirteen seconds of work, where ten are allowed. Heartbeats go on all the while, from a thread of their own; it is the missing poll() that ends its membership, and C1 begins the same records anew. Smaller polls end the spiral.',
};

const lostWithAcksOne: KafkaChallenge = {
  id: 'kafka-lose-with-acks-one',
  broker: 'kafka',
  title: 'Lose what acks=1 confirmed',
  ask: 'Have a record lost that the producer with acks=1 had been told is stored.',
  why: 'acks=1 is one copy’s word. How little must go wrong for it to be worth nothing is best found out here.',
  difficulty: 2,
  play: {
    scenario: acks.id,
    stage: 'replicas',
    console: false,
    posterMs: 8000,
    speed: 1,
    knobs: [],
    controls: ['crash-broker', 'restart-broker', 'stop-broker', 'pause-broker', 'cut-broker'],
  },
  goal: goals.lostWithAcksOne,
  hints: [
    'The leader answers acks=1 when it has the record itself. Keep it from being copied.',
    'Cut the leader off from the cluster: its clients still reach it, its followers do not. Then let it crash, and see who leads.',
  ],
  solution: {
    knobs: {},
    actions: [
      ...['controller', 'broker-2', 'broker-3'].map((end) => ({
        atMs: 10_000,
        action: { do: 'cut' as const, between: ['broker-1', end] as [string, string] },
      })),
      { atMs: 14_000, action: { do: 'crash', target: 'broker-1' } },
    ],
  },
  solved:
    'For four seconds broker 1 takes records that nobody copies, and confirms those of acks=1. It dies with them. A follower that never had them is elected, in perfectly good order, and gives their offsets to other records. Those of acks=all were not confirmed, and are sent again.',
};

const lostWithAcksAll: KafkaChallenge = {
  id: 'kafka-lose-with-acks-all',
  broker: 'kafka',
  title: 'Lose what acks=all confirmed',
  ask: 'Now lose a record that the producer with acks=all had been told is stored.',
  why: 'acks=all means all that are in sync, and that may be one. What it is worth is decided by two settings of the topic, and by whoever runs the cluster at three in the morning.',
  difficulty: 3,
  play: {
    scenario: acks.id,
    stage: 'replicas',
    console: false,
    posterMs: 8000,
    speed: 2,
    knobs: acksExperiment.knobs,
    controls: [
      'crash-broker',
      'restart-broker',
      'stop-broker',
      'pause-broker',
      'cut-broker',
      'elect-preferred',
      'elect-unclean',
    ],
  },
  goal: goals.lostWithAcksAll,
  hints: [
    'With min.insync.replicas=1 the leader confirms acks=all when it is the only one left. How does it come to be alone?',
    'Crash both followers and wait until the leader writes alone. Then crash it, restart a follower, and have any replica elected, though it lacks records.',
  ],
  solution: {
    knobs: { 'min-isr': '1' },
    actions: [
      { atMs: 8000, action: { do: 'crash', target: 'broker-2' } },
      { atMs: 8000, action: { do: 'crash', target: 'broker-3' } },
      { atMs: 30_000, action: { do: 'crash', target: 'broker-1' } },
      { atMs: 32_000, action: { do: 'restart', target: 'broker-2' } },
      { atMs: 48_000, action: { do: 'elect-leaders', election: 'unclean', topic: 'orders' } },
    ],
  },
  solved:
    'When the followers are fenced the in-sync replicas are the leader alone, and with min.insync.replicas=1 that is enough for acks=all. It fails. Broker 2 is back, but was not in sync, so that nobody may lead; the unclean election makes it leader all the same, and what only broker 1 had is gone. With 2 the leader would have refused to take anything alone.',
};

const abortedIsHidden: KafkaChallenge = {
  id: 'kafka-hide-the-aborted',
  broker: 'kafka',
  title: 'Seen by one, hidden from the other',
  ask: 'Have a record be given to Dashboard that Ledger never gets to see: one of a transaction that is not committed.',
  why: 'Both halves of a transaction are settings: the producer’s transactional.id and the reader’s isolation.level. With one of them missing nobody warns you.',
  difficulty: 3,
  play: {
    scenario: payments.id,
    stage: 'log',
    console: false,
    posterMs: 9000,
    speed: 1,
    knobs: [
      {
        id: 'isolation',
        name: 'isolation.level',
        hint: 'What Ledger asks for',
        path: ['clients', { id: 'ledger' }, 'config', 'isolation.level'],
        options: [
          { id: 'read_committed', label: 'read_committed', value: 'read_committed' },
          { id: 'read_uncommitted', label: 'read_uncommitted (default)', value: 'read_uncommitted' },
        ],
      },
    ],
    controls: ['crash-producer', 'restart-producer', 'pause-producer', 'crash-consumer', 'restart-consumer'],
  },
  goal: goals.abortedIsHidden,
  hints: [
    'Payments commits all that it begins. What would keep it from doing so? And what does Ledger ask for?',
    'Set Ledger’s isolation.level to read_committed and crash Payments while a transaction of it is open. The coordinator aborts it when transaction.timeout.ms, ten seconds here, is over and it looks again.',
  ],
  solution: {
    knobs: { isolation: 'read_committed' },
    actions: [{ atMs: 12_000, action: { do: 'crash', target: 'payments' } }],
  },
  solved:
    'Payments dies with a transaction open. Every ten seconds the coordinator looks for transactions that are open for longer than transaction.timeout.ms; it finds this one, and writes an abort marker. Dashboard had been given the records when they came; Ledger waited at the last stable offset, and is led past them.',
};

export const kafkaChallenges: readonly KafkaChallenge[] = [
  firstTopic,
  processedTwice,
  replayed,
  drained,
  threeWithoutStopping,
  lostWithAcksOne,
  thrownOut,
  abortedIsHidden,
  lostWithAcksAll,
];
