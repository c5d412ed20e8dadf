/**
 * The programs of Kafka's `bin` folder that the console knows, with their options as Kafka 4.2 documents them. What the
 * model has no part for (files of properties, class names, streams groups) is left out.
 */
import type { CommandKind } from '../../console-tools.ts';
import type { OptionSpec, Program } from './options.ts';

const bootstrap: OptionSpec = {
  name: 'bootstrap-server',
  arg: 'required',
  value: 'server',
  label: 'host:port',
  about: 'REQUIRED: The servers to connect to.',
};
const topic = (about: string): OptionSpec => ({
  name: 'topic',
  arg: 'required',
  value: 'topic',
  label: 'topic',
  about,
});
const group = (about: string): OptionSpec => ({
  name: 'group',
  arg: 'required',
  value: 'group',
  label: 'group',
  about,
});

export const TOPICS: Program = {
  name: 'kafka-topics.sh',
  about: 'Create, delete, describe, or change a topic.',
  options: [
    bootstrap,
    { name: 'list', about: 'List the topics there are.' },
    { name: 'create', about: 'Create a topic.' },
    { name: 'delete', about: 'Delete a topic.' },
    { name: 'alter', about: 'Change the number of partitions.' },
    { name: 'describe', about: 'Show partitions, leaders and replicas.' },
    topic('The topic; a regular expression, except with --create.'),
    {
      name: 'config',
      arg: 'required',
      value: 'topic-config',
      label: 'name=value',
      about: 'A setting of the topic that is created.',
    },
    { name: 'partitions', arg: 'required', type: 'int', about: 'How many partitions it is to have.' },
    { name: 'replication-factor', arg: 'required', type: 'int', about: 'Copies of each partition.' },
    {
      name: 'replica-assignment',
      arg: 'required',
      label: '1:2,2:3',
      about: 'Broker ids of each partition, instead of --partitions and --replication-factor.',
    },
    {
      name: 'under-replicated-partitions',
      about: 'With --describe: only partitions with fewer in-sync replicas than replicas.',
    },
    { name: 'unavailable-partitions', about: 'With --describe: only partitions without a live leader.' },
    {
      name: 'under-min-isr-partitions',
      about: 'With --describe: only partitions with fewer in-sync replicas than min.insync.replicas.',
    },
    {
      name: 'at-min-isr-partitions',
      about: 'With --describe: only partitions with exactly min.insync.replicas in-sync replicas.',
    },
    { name: 'topics-with-overrides', about: 'With --describe: only topics with settings of their own.' },
    { name: 'if-exists', about: 'Do nothing when the topic is not there.' },
    { name: 'if-not-exists', about: 'With --create: do nothing when the topic is there.' },
    { name: 'exclude-internal', about: 'Leave internal topics out of --list and --describe.' },
  ],
};

export const PRODUCER: Program = {
  name: 'kafka-console-producer.sh',
  about: 'This tool helps to read data from standard input and publish it to Kafka.',
  options: [
    bootstrap,
    topic('REQUIRED: The topic to send to.'),
    { name: 'sync', about: 'Wait for the answer to each record before the next.' },
    {
      name: 'reader-property',
      arg: 'required',
      value: 'reader-property',
      label: 'key=value',
      about: 'How a line becomes a record: parse.key, key.separator, null.marker, ignore.error.',
    },
    {
      name: 'property',
      arg: 'required',
      value: 'reader-property',
      label: 'key=value',
      about: '(DEPRECATED) As --reader-property.',
    },
    {
      name: 'command-property',
      arg: 'required',
      value: 'producer-property',
      label: 'key=value',
      about: 'A setting of the producer.',
    },
    {
      name: 'producer-property',
      arg: 'required',
      value: 'producer-property',
      label: 'key=value',
      about: '(DEPRECATED) As --command-property.',
    },
    {
      name: 'request-required-acks',
      arg: 'required',
      value: { oneOf: ['-1', '0', '1', 'all'] },
      about: 'acks (default: -1).',
    },
    {
      name: 'request-timeout-ms',
      arg: 'required',
      type: 'int',
      about: 'request.timeout.ms (default: 1500).',
    },
    { name: 'message-send-max-retries', arg: 'required', type: 'int', about: 'retries (default: 3).' },
    { name: 'retry-backoff-ms', arg: 'required', type: 'long', about: 'retry.backoff.ms (default: 100).' },
    { name: 'timeout', arg: 'required', type: 'long', about: 'linger.ms (default: 1000).' },
    { name: 'batch-size', arg: 'required', type: 'int', about: 'batch.size (default: 16384).' },
    {
      name: 'max-partition-memory-bytes',
      arg: 'required',
      type: 'int',
      about: 'batch.size too, before --batch-size (default: 16384).',
    },
    { name: 'max-memory-bytes', arg: 'required', type: 'long', about: 'buffer.memory (default: 33554432).' },
    { name: 'max-block-ms', arg: 'required', type: 'long', about: 'max.block.ms (default: 60000).' },
    {
      name: 'metadata-expiry-ms',
      arg: 'required',
      type: 'long',
      about: 'metadata.max.age.ms (default: 300000).',
    },
  ],
};

export const CONSUMER: Program = {
  name: 'kafka-console-consumer.sh',
  about: 'This tool helps to read data from Kafka topics and outputs it to standard output.',
  options: [
    bootstrap,
    topic('The topic to read.'),
    { name: 'from-beginning', about: 'Begin at the earliest record where the group has no offset yet.' },
    { name: 'partition', arg: 'required', type: 'int', about: 'The one partition to read.' },
    {
      name: 'offset',
      arg: 'required',
      value: { oneOf: ['earliest', 'latest'] },
      about: 'With --partition: where to begin (default: latest).',
    },
    group('The consumer group; left out, one that is not used again.'),
    { name: 'max-messages', arg: 'required', type: 'int', about: 'End after so many records.' },
    { name: 'timeout-ms', arg: 'required', type: 'long', about: 'End when none has come for so long.' },
    {
      name: 'formatter-property',
      arg: 'required',
      value: 'formatter-property',
      label: 'key=value',
      about: 'What to print of a record: print.key, print.offset, print.partition, print.timestamp, …',
    },
    {
      name: 'property',
      arg: 'required',
      value: 'formatter-property',
      label: 'key=value',
      about: '(DEPRECATED) As --formatter-property.',
    },
    {
      name: 'command-property',
      arg: 'required',
      value: 'consumer-property',
      label: 'key=value',
      about: 'A setting of the consumer.',
    },
    {
      name: 'consumer-property',
      arg: 'required',
      value: 'consumer-property',
      label: 'key=value',
      about: '(DEPRECATED) As --command-property.',
    },
    {
      name: 'isolation-level',
      arg: 'required',
      value: { oneOf: ['read_committed', 'read_uncommitted'] },
      about: 'read_committed leaves out what was not committed (default: read_uncommitted).',
    },
  ],
};

const timeout: OptionSpec = {
  name: 'timeout',
  arg: 'required',
  type: 'long',
  label: 'timeout (ms)',
  about: 'How long to wait for the brokers (default: 5000).',
};
const reset = [
  'to-offset',
  'shift-by',
  'to-datetime',
  'by-duration',
  'to-earliest',
  'to-latest',
  'to-current',
];
/** Ways to say where a reset is to lead. */
export const RESET_SCENARIOS: readonly string[] = reset;

export const GROUPS: Program = {
  name: 'kafka-consumer-groups.sh',
  about:
    'This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer group offsets.',
  options: [
    bootstrap,
    group('The consumer group.'),
    { name: 'all-groups', about: 'Every consumer group.' },
    {
      name: 'topic',
      arg: 'required',
      value: 'topic-partitions',
      label: 'topic',
      about: 'A topic, or `topic:0,1` for some of its partitions.',
    },
    { name: 'all-topics', about: 'Every topic in which the group has offsets.' },
    { name: 'list', about: 'List all consumer groups.' },
    { name: 'describe', about: 'Show offsets and lag, members or state of a group.' },
    { name: 'delete', about: 'Delete a group and its offsets.' },
    { name: 'reset-offsets', about: 'Set the offsets of a group that has no members.' },
    { name: 'delete-offsets', about: 'Delete the offsets of a group in some topics.' },
    { name: 'dry-run', about: 'With --reset-offsets: only show what it would do.' },
    { name: 'execute', about: 'With --reset-offsets: do it.' },
    { name: 'export', about: 'With --reset-offsets: print as CSV.' },
    { name: 'to-earliest', about: 'To the first record there is.' },
    { name: 'to-latest', about: 'To the end.' },
    { name: 'to-current', about: 'To where the group is; where it has no offset, to the end.' },
    { name: 'to-offset', arg: 'required', type: 'long', label: 'offset', about: 'To this offset.' },
    { name: 'shift-by', arg: 'required', type: 'long', about: 'By so many records, back with a minus.' },
    {
      name: 'to-datetime',
      arg: 'required',
      label: 'datetime',
      about:
        "To the first record of this time or later: 'YYYY-MM-DDTHH:mm:SS.sss'. A run begins on 1970-01-01.",
    },
    {
      name: 'by-duration',
      arg: 'required',
      label: 'duration',
      about: "To the first record not older than this: 'PnDTnHnMnS'.",
    },
    { name: 'members', availableIf: ['describe'], about: 'With --describe: the members.' },
    { name: 'verbose', availableIf: ['describe'], about: 'With --describe: more columns.' },
    { name: 'offsets', availableIf: ['describe'], about: 'With --describe: offsets and lag, the default.' },
    {
      name: 'state',
      arg: 'optional',
      availableIf: ['describe', 'list'],
      about: 'With --describe: the state; with --list: the states, or only groups in these.',
    },
    {
      name: 'type',
      arg: 'optional',
      availableIf: ['list'],
      value: { oneOf: ['classic', 'consumer'] },
      about: 'With --list: the types, or only groups of these.',
    },
    timeout,
  ],
};

export const SHARE_GROUPS: Program = {
  name: 'kafka-share-groups.sh',
  about: 'This tool helps to list, describe and delete share groups.',
  options: [
    bootstrap,
    group('The share group.'),
    { name: 'all-groups', about: 'Every share group.' },
    { name: 'list', about: 'List all share groups.' },
    { name: 'describe', about: 'Show start offsets, members or state of a group.' },
    { name: 'delete', about: 'Delete a share group.' },
    { name: 'members', availableIf: ['describe'], about: 'With --describe: the members.' },
    { name: 'offsets', availableIf: ['describe'], about: 'With --describe: start offsets, the default.' },
    { name: 'verbose', availableIf: ['describe'], about: 'With --describe: more columns.' },
    {
      name: 'state',
      arg: 'optional',
      availableIf: ['describe', 'list'],
      about: 'With --describe: the state; with --list: the states, or only groups in these.',
    },
    timeout,
  ],
};

export const CONFIGS: Program = {
  name: 'kafka-configs.sh',
  about: 'This tool helps to manipulate and describe entity config for a topic.',
  options: [
    bootstrap,
    { name: 'alter', about: 'Change settings.' },
    { name: 'describe', about: 'Show the settings that an entity has of its own.' },
    { name: 'all', about: 'With --describe: those of the broker and the defaults too.' },
    {
      name: 'entity-type',
      arg: 'required',
      value: { oneOf: ['topics'] },
      about: 'The kind of entity: topics.',
    },
    { name: 'entity-name', arg: 'required', value: 'topic', about: 'The topic.' },
    topic('As --entity-type topics --entity-name.'),
    {
      name: 'add-config',
      arg: 'required',
      value: 'topic-config',
      label: 'k=v,k=[v,v]',
      about: 'Settings to set; square brackets hold values with commas.',
    },
    {
      name: 'delete-config',
      arg: 'required',
      value: 'topic-config-name',
      label: 'k1,k2',
      about: 'Settings to remove.',
    },
  ],
};

export const ELECTION: Program = {
  name: 'kafka-leader-election.sh',
  about:
    'This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported are preferred replicas and unclean replicas.',
  options: [
    bootstrap,
    {
      name: 'election-type',
      arg: 'required',
      value: { oneOf: ['PREFERRED', 'UNCLEAN'] },
      label: 'election type',
      about:
        'REQUIRED: preferred gives leadership back to the preferred replica; unclean elects, where nobody leads, a replica that may lack records.',
    },
    topic('The topic of --partition.'),
    { name: 'partition', arg: 'required', type: 'int', about: 'Its partition.' },
    { name: 'all-topic-partitions', about: 'Every partition that is eligible.' },
  ],
};

export const OFFSETS: Program = {
  name: 'kafka-get-offsets.sh',
  about: 'An interactive shell for getting topic-partition offsets.',
  options: [
    bootstrap,
    topic('A topic, or a regular expression; left out, all.'),
    {
      name: 'topic-partitions',
      arg: 'required',
      value: 'topic',
      label: 'topic1:1,topic2:0-3',
      about: 'Topics with partitions, instead of --topic and --partitions.',
    },
    { name: 'partitions', arg: 'required', label: 'partition ids', about: 'Only these partitions: 0,2.' },
    {
      name: 'time',
      arg: 'required',
      value: { oneOf: ['earliest', 'latest'] },
      label: 'timestamp / latest / earliest',
      about:
        '-1 or latest, -2 or earliest, or milliseconds: the first record of this time or later (default: latest).',
    },
    { name: 'exclude-internal-topics', about: 'Leave internal topics out.' },
  ],
};

const ALL: readonly Program[] = [
  TOPICS,
  PRODUCER,
  CONSUMER,
  GROUPS,
  SHARE_GROUPS,
  CONFIGS,
  ELECTION,
  OFFSETS,
];

/** Programs by name, in the order in which `help` lists them. */
export const PROGRAMS: readonly string[] = ALL.map(({ name }) => name);

/** Words that are no program of Kafka's. */
export const BUILT_IN: readonly string[] = ['clear', 'help'];

/**
 * @param word a program as typed: with or without a path and `.sh`
 * @returns undefined when it is none of Kafka's
 */
export function programNamed(word: string): Program | undefined {
  const name = word.slice(word.lastIndexOf('/') + 1).replace(/\.sh$/, '');
  return ALL.find((program) => program.name === `${name}.sh`);
}

function programOf(command: string): Program | undefined {
  const [first = ''] = command.trim().split(/\s/);
  return programNamed(first);
}

/** What a command does once it has been started. */
export function kindOf(command: string): CommandKind {
  const program = programOf(command);
  if (program === PRODUCER) return 'reads';
  if (program !== CONSUMER) return 'works';
  if (command.includes('--timeout-ms')) return 'waits';
  return command.includes('--max-messages') ? 'counts' : 'follows';
}

/**
 * @param running the command that runs, as it was typed; null when none does
 * @returns what stands before the place where the reader types; empty where typing only waits
 */
export function promptOf(running: string | null): string {
  if (running === null) return '$ ';
  return kindOf(running) === 'reads' ? '>' : '';
}
