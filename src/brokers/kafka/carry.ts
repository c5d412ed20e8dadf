/**
 * How a workload is carried to Kafka: one topic, a consumer group for each audience. Each rule says what is made and why that
 * is the fair equivalent; a reader may choose otherwise where a rule offers it.
 */
import type * as v from 'valibot';
import {
  choose,
  keyName,
  keysOf,
  memberId,
  memberIds,
  timelineOf,
  type CarriedSetting,
  type Carried,
  type CarryChoices,
  type CarryRule,
  type Workload,
} from '../workload.ts';
import type { kafkaClient } from './client-config.ts';
import { brokerName, CONTROLLER, type kafkaSystem } from './config.ts';

export type KafkaCarried = Carried<v.InferInput<typeof kafkaSystem>, v.InferInput<typeof kafkaClient>>;
type Client = v.InferInput<typeof kafkaClient>;

/** A workload's ids that would be those of processes of the cluster. */
export const RESERVED_ON_KAFKA = ['broker'] as const;
const TOPIC = 'messages';
/** Network card and disk as those of the other systems, so that all run on the same machines. */
const MACHINE = { networkBytesPerSecond: 1_250_000_000, diskBytesPerSecond: 500_000_000 } as const;

const COMMITS = {
  auto: { settings: {}, commit: undefined },
  'after-batch': { settings: { 'enable.auto.commit': false }, commit: 'after-batch' },
  'after-each': { settings: { 'enable.auto.commit': false }, commit: 'after-each' },
  'before-batch': { settings: { 'enable.auto.commit': false }, commit: 'before-batch' },
} as const;

export function carryToKafka(workload: Workload, choices: CarryChoices): KafkaCarried {
  const chosen = choose(choices, {
    partitions: choices['reader'] === 'share-group' ? 'one' : 'as-consumers',
    acks: 'all',
    linger: '5',
    reader: 'consumer-group',
    commit: 'auto',
    failure: 'retry',
  });
  const most = Math.max(...workload.audiences.map(({ count }) => count));
  const partitions = partitionsOf(chosen.partitions, most, workload.nodes);
  const factor = workload.survives === 'node' ? Math.min(3, workload.nodes) : 1;
  const nodes = Array.from({ length: workload.nodes }, (_, i) => brokerName(i + 1));
  const isShared = chosen.reader === 'share-group';
  const topicConfig = {
    ...(factor === 3 ? { 'min.insync.replicas': 2 } : {}),
    ...(workload.keepMs > 0 ? { 'retention.ms': workload.keepMs } : {}),
  };
  const producerConfig = {
    ...(chosen.acks === 'all' ? {} : { acks: chosen.acks as '0' | '1' }),
    ...(chosen.linger === '5' ? {} : { 'linger.ms': Number(chosen.linger) }),
  };
  const commit = COMMITS[chosen.commit as keyof typeof COMMITS];
  const clients: Client[] = [];
  for (const producers of workload.producers) {
    const { startMs, load, bytes } = producers;
    for (const id of memberIds(producers)) {
      clients.push({
        id,
        role: 'producer',
        startMs,
        topic: TOPIC,
        load,
        keys: keysOf(producers),
        bytes,
        config: producerConfig,
      });
    }
  }
  for (const {
    id: group,
    count,
    startMs,
    wants,
    processingMs,
    processingTimes,
    fails,
  } of workload.audiences) {
    const trouble = fails && { key: keyName(fails.key), times: fails.times };
    for (let number = 1; number <= count; number++) {
      const consumer = {
        id: memberId(group, number),
        startMs,
        group,
        topics: [TOPIC],
        processingMs,
        processingTimes,
      };
      if (isShared)
        clients.push({ ...consumer, role: 'share-consumer', ...(trouble ? sharedTrouble(trouble.key) : {}) });
      else {
        clients.push({
          ...consumer,
          role: 'consumer',
          ...(commit.commit ? { commit: commit.commit } : {}),
          ...(trouble
            ? { troubles: [{ ...trouble, outcome: chosen.failure === 'skip' ? 'skip' : 'retry' }] }
            : {}),
          config: {
            ...(wants === 'everything' ? { 'auto.offset.reset': 'earliest' } : {}),
            ...commit.settings,
          },
        });
      }
    }
  }
  return {
    scenario: {
      id: `${workload.id}-kafka`,
      title: workload.title,
      system: {
        broker: 'kafka',
        brokers: workload.nodes,
        topics: [{ name: TOPIC, partitions, replicationFactor: factor, config: topicConfig }],
        config: isShared ? { 'share.auto.offset.reset': 'earliest' } : {},
        costs: MACHINE,
      },
      clients,
      network: workload.network,
      timeline: timelineOf(workload, nodes, [CONTROLLER]),
      durationMs: workload.durationMs,
      seed: workload.seed,
    },
    rules: [
      {
        id: 'topic',
        carries: 'Messages, and who publishes them',
        made: `One topic, "${TOPIC}"; each producer of the workload is a KafkaProducer with a connection to every broker.`,
        settings: [],
        why: 'A topic is one copy that any number of groups read, so it is where all audiences meet.',
        options: [],
        chosen: null,
      },
      partitionsRule(workload, chosen.partitions, partitions, isShared),
      replicasRule(workload, factor),
      acksRule(chosen.acks),
      lingerRule(chosen.linger),
      readerRule(workload, chosen.reader),
      ...(isShared ? [] : [commitRule(chosen.commit)]),
      ...(workload.audiences.some(({ fails }) => fails) ? [failureRule(chosen.failure, isShared)] : []),
      retentionRule(workload),
      {
        id: 'machine',
        carries: 'The machines',
        made: `${workload.nodes === 1 ? 'One broker' : `${workload.nodes} brokers`} and a controller, each on a machine of its own.`,
        settings: [
          {
            name: 'costs.networkBytesPerSecond',
            value: String(MACHINE.networkBytesPerSecond),
            default: 'not counted',
          },
          {
            name: 'costs.diskBytesPerSecond',
            value: String(MACHINE.diskBytesPerSecond),
            default: 'not counted',
          },
        ],
        why: 'The same network card and the same disk for every system. What Kafka writes goes to the page cache and is not waited for (K-66); what a disk takes in the end still bounds it.',
        options: [],
        chosen: null,
      },
    ],
  };
}

/** K-103, K-106: a share consumer gives back what it could not do; that takes explicit acknowledgement. */
function sharedTrouble(key: string) {
  return {
    troubles: [{ key, outcome: 'release' as const }],
    config: { 'share.acknowledgement.mode': 'explicit' as const },
  };
}

function partitionsOf(choice: string, most: number, nodes: number): number {
  if (choice === 'one') return 1;
  return choice === 'four-times' ? 4 * Math.max(most, nodes) : Math.max(most, nodes);
}

function setting(name: string, value: string | number, byDefault: string | number | null): CarriedSetting {
  return { name, value: String(value), default: byDefault === null ? null : String(byDefault) };
}

function partitionsRule(
  { order, producers }: Workload,
  chosen: string,
  partitions: number,
  isShared: boolean,
): CarryRule {
  const isKeyed = producers.some(({ keys }) => keys);
  return {
    id: 'partitions',
    carries: 'Work for several consumers, and order by key',
    made: `${partitions === 1 ? 'One partition' : `${partitions} partitions`}; ${isKeyed ? 'a key always goes to the same one' : 'messages without a key stick to one for a batch at a time'}.`,
    settings: [setting('partitions', partitions, 1)],
    why: isShared
      ? 'A partition is given to several consumers of a share group where there are more of them than partitions (K-102).'
      : order === 'by-key' && isKeyed
        ? 'A partition is read by one consumer of a group, in order. As many as the largest audience has consumers, and at least one for each broker, give everybody work and keep each key in order.'
        : 'A group cannot put more consumers to work than there are partitions, so one for each is the least that is fair; at least one for each broker lets all of them serve.',
    options: [
      { id: 'as-consumers', label: 'as many as the largest audience has consumers' },
      { id: 'four-times', label: 'four times as many' },
      { id: 'one', label: 'one' },
    ],
    chosen,
  };
}

function replicasRule({ survives }: Workload, factor: number): CarryRule {
  const settings = [setting('replication factor', factor, 1)];
  if (factor === 3) settings.push(setting('min.insync.replicas', 2, 1));
  return {
    id: 'replicas',
    carries: 'What a confirmed message must survive',
    made:
      factor === 1
        ? 'One copy of each partition.'
        : 'Three copies of each partition, of which two must have a record before it is confirmed.',
    settings,
    why:
      survives === 'node'
        ? 'Two copies at the least when it is confirmed: whichever broker is lost, another one has it. With the default of 1 a lone leader would confirm what nobody else has (K-57).'
        : survives === 'restart'
          ? 'Nothing more is asked than that a broker finds its log again when it restarts. The page cache outlives the process, not the machine: Kafka leaves the rest to replicas (K-66).'
          : 'Nothing is asked, so one copy.',
    options: [],
    chosen: null,
  };
}

function acksRule(chosen: string): CarryRule {
  return {
    id: 'acks',
    carries: 'Confirmation to the producer',
    made:
      chosen === 'all'
        ? 'The leader answers when every in-sync replica has the record; the producer is idempotent and retries.'
        : chosen === '1'
          ? 'The leader answers when it has the record itself; the producer retries, and is not idempotent: what is sent again may be there twice, and out of order.'
          : 'Nobody answers: what has been sent is never sent again.',
    settings: [
      setting('acks', chosen, 'all'),
      // What the library makes of itself where acks is set to less and nobody asks for idempotence.
      ...(chosen === 'all' ? [] : [setting('enable.idempotence', 'false', 'true')]),
    ],
    why: 'Kafka’s default, and the only one with which a confirmed record survives the loss of its leader (K-57).',
    options: [
      { id: 'all', label: 'all in-sync replicas' },
      { id: '1', label: 'the leader alone' },
      { id: '0', label: 'nobody' },
    ],
    chosen,
  };
}

function lingerRule(chosen: string): CarryRule {
  return {
    id: 'linger',
    carries: 'Batching at the producer',
    made: `A batch waits ${chosen} ms for more records before it is sent, unless it is full.`,
    settings: [setting('linger.ms', chosen, 5)],
    why: 'Kafka’s default since 4.0: it trades a little latency for fewer and larger requests. RabbitMQ’s publishers send each message at once, so this is where the two differ most at low rates.',
    options: [
      { id: '5', label: '5 ms' },
      { id: '0', label: '0 ms' },
      { id: '50', label: '50 ms' },
    ],
    chosen,
  };
}

function readerRule({ audiences }: Workload, chosen: string): CarryRule {
  const isShared = chosen === 'share-group';
  const isNew = audiences.every(({ wants }) => wants === 'new');
  return {
    id: 'reader',
    carries: 'Audiences',
    made: isShared
      ? 'A share group for each audience: consumers of one partition take its records one by one, and acknowledge them one by one.'
      : 'A consumer group for each audience: its partitions are shared out among its consumers.',
    settings: isShared
      ? [setting('share.auto.offset.reset', 'earliest', 'latest')]
      : isNew
        ? []
        : [setting('auto.offset.reset', 'earliest', 'latest')],
    why: `${isShared ? 'The equivalent of a queue inside Kafka, without order (K-102).' : 'What Kafka is read by.'} Audiences that want everything begin at the beginning: with the default, what is published before a group has settled would never be theirs (K-69).`,
    options: [
      { id: 'consumer-group', label: 'consumer group' },
      { id: 'share-group', label: 'share group' },
    ],
    chosen,
  };
}

function commitRule(chosen: string): CarryRule {
  const style = COMMITS[chosen as keyof typeof COMMITS];
  return {
    id: 'commit',
    carries: 'What a crashed consumer’s successor does again',
    made: {
      auto: 'The library commits by itself every five seconds, at a poll, what earlier polls returned.',
      'after-batch': 'The application commits when it has worked on everything that a poll returned.',
      'after-each': 'The application commits after each record.',
      'before-batch': 'The application commits before it works on what a poll returned.',
    }[chosen]!,
    settings: style.commit === undefined ? [] : [setting('enable.auto.commit', 'false', 'true')],
    why: 'Kafka’s default. It loses nothing that was not finished, and works again on what was finished since the last commit (K-71). Committing before the work turns that around: nothing twice, and a crash loses the batch (K-72).',
    options: [
      { id: 'auto', label: 'every five seconds, by the library' },
      { id: 'after-batch', label: 'after each batch' },
      { id: 'after-each', label: 'after each record' },
      { id: 'before-batch', label: 'before each batch' },
    ],
    chosen,
  };
}

function failureRule(chosen: string, isShared: boolean): CarryRule {
  if (isShared) {
    return {
      id: 'failure',
      carries: 'Work that fails',
      made: 'The consumer releases the record; after five deliveries the broker gives up on it.',
      settings: [setting('share.acknowledgement.mode', 'explicit', 'implicit')],
      why: 'A share group counts deliveries and archives what fails too often (K-104); to release one record, acknowledgement must be explicit (K-106).',
      options: [],
      chosen: null,
    };
  }
  return {
    id: 'failure',
    carries: 'Work that fails',
    made:
      chosen === 'skip'
        ? 'The application logs the failure and goes on with the next record.'
        : 'The application works on the record again, and again, and does not go on without it.',
    settings: [],
    why: 'A consumer group knows an offset and nothing of single records, so the application must choose: hold up what lies behind the record, or go on, and nobody will do it.',
    options: [
      { id: 'retry', label: 'retry until it succeeds' },
      { id: 'skip', label: 'skip it' },
    ],
    chosen,
  };
}

function retentionRule({ keepMs }: Workload): CarryRule {
  return {
    id: 'retention',
    carries: 'How long messages stay readable',
    made:
      keepMs > 0
        ? `Segments whose last record is older than ${keepMs} ms are deleted, read or not.`
        : 'Segments older than a week are deleted.',
    settings: [setting('retention.ms', keepMs > 0 ? keepMs : 604_800_000, 604_800_000)],
    why:
      keepMs > 0
        ? 'A log keeps what was read; for how long is one setting. It counts from when a record was written and asks nobody whether it has been read: an audience that is later than that loses it.'
        : 'Nothing is asked, so Kafka’s default: a log keeps what was read whether anybody wants it or not.',
    options: [],
    chosen: null,
  };
}
