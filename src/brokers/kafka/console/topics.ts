/** `kafka-topics.sh`: creates, lists, describes, alters and deletes topics. */
import type { PartitionImage } from '../cluster-image.ts';
import { PARTITIONS_MAX, type TopicConfig } from '../config.ts';
import type { TopicMetadata } from '../protocol.ts';
import { allTopics, liveBrokers, topicFilter } from './admin.ts';
import { brokerIds, brokerId } from './format.ts';

import { TOPICS } from './programs.ts';
import {
  ANY,
  ask,
  askOne,
  connect,
  errorOf,
  exclusive,
  guarded,
  illegalArgument,
  JavaError,
  optionsOf,
  required,
  usageError,
  type Context,
  type Part,
  type Script,
} from './script.ts';
import { OptionError, type Options } from './options.ts';
import {
  DEFAULT,
  parseConfig,
  showConfig,
  sourcesOf,
  TOPIC_CONFIGS,
  wrongConfigName,
  type ConfigValue,
} from './topic-configs.ts';

const ACTIONS = ['alter', 'create', 'describe', 'list', 'delete'];
const REPORTS = [
  'under-replicated-partitions',
  'under-min-isr-partitions',
  'at-min-isr-partitions',
  'unavailable-partitions',
];
const TIMEOUT_MS = 60_000;
const API_EXCEPTION = 'org.apache.kafka.common.errors';

/** @param defaults Kafka's defaults for every setting of a topic */
export function topics(context: Context, defaults: Readonly<Record<string, ConfigValue>>): Script {
  return guarded(context, main(context, defaults), (error) => [[error.message], 1]);
}

function* main(context: Context, defaults: Readonly<Record<string, ConfigValue>>): Script {
  const options = optionsOf(TOPICS, context.words);
  checkOptions(options);
  yield* connect(options, TIMEOUT_MS);
  // Whatever goes wrong from here on is said in one form.
  try {
    if (options.has('create')) yield* create(context, options);
    else if (options.has('alter')) yield* alter(options);
    else if (options.has('list')) yield* list(context, options);
    else if (options.has('describe')) yield* describe(context, options, defaults);
    else yield* remove(options);
    return 0;
  } catch (error) {
    if (!(error instanceof JavaError) && !(error instanceof OptionError)) throw error;
    context.out.push(`Error while executing topic command : ${error.message}`);
    return 1;
  }
}

function checkOptions(options: Options): void {
  if (ACTIONS.filter((action) => options.has(action)).length !== 1) {
    throw usageError(
      'Command must include exactly one action: --list, --describe, --create, --alter or --delete',
    );
  }
  if (!options.has('bootstrap-server')) throw illegalArgument('--bootstrap-server must be specified');
  if (options.has('describe') && options.has('if-exists') && !options.has('topic'))
    throw usageError('--topic or --topic-id is required to describe a topic');
  if (!options.has('list') && !options.has('describe')) required(options, 'topic');
  if (options.has('alter')) {
    if (options.has('config')) {
      throw usageError(
        'Option combination "[[bootstrap-server], [config]]" can\'t be used with option "[alter]" (To alter topic configurations, the kafka-configs tool can be used.)',
      );
    }
    required(options, 'partitions');
  }
  const only = (option: string, actions: readonly string[], others: readonly string[] = []): void =>
    exclusive(options, option, [...ACTIONS.filter((action) => !actions.includes(action)), ...others]);
  only('config', ['alter', 'create']);
  only('partitions', ['alter', 'create']);
  only('replication-factor', ['create']);
  only('replica-assignment', ['alter', 'create']);
  if (options.has('create')) exclusive(options, 'replica-assignment', ['partitions', 'replication-factor']);
  for (const report of REPORTS) only(report, ['describe'], ['topics-with-overrides']);
  only('topics-with-overrides', ['describe'], REPORTS);
  only('if-exists', ['alter', 'delete', 'describe']);
  only('if-not-exists', ['create']);
  only('exclude-internal', ['list', 'describe']);
}

/** Topics that the option names, or all. */
function* chosen(options: Options): Part<TopicMetadata[]> {
  const found = yield* allTopics(!options.has('exclude-internal'));
  const pattern = options.value('topic');
  if (pattern === null) return found;
  const filter = topicFilter(pattern);
  if (!filter) {
    throw new JavaError('java.lang.RuntimeException', `${pattern} is an invalid regex.`);
  }
  return found.filter(({ topic }) => filter.test(topic));
}

function ensureExists(found: readonly TopicMetadata[], options: Options): void {
  const wanted = options.value('topic');
  if (wanted !== null && wanted !== '' && found.length === 0 && !options.has('if-exists'))
    throw illegalArgument(`Topic '${wanted}' does not exist as expected`);
}

function* create({ out }: Context, options: Options): Part<void> {
  const topic = options.value('topic')!;
  const partitions = options.number('partitions');
  const replicationFactor = options.number('replication-factor');
  const replicas = assignment(options.value('replica-assignment'));
  const config = topicConfigs(options.values('config'));
  if (/[._]/.test(topic)) {
    out.push(
      "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.",
    );
  }
  if (replicationFactor !== null && (replicationFactor < 1 || replicationFactor > 32_767))
    throw illegalArgument('The replication factor must be between 1 and 32767 inclusive');
  if (partitions !== null && partitions < 1) throw illegalArgument('The partitions must be greater than 0');
  boundPartitions(replicas?.length ?? partitions ?? 1);
  const reply = yield* askOne<'CreateTopics'>(ANY, 'createTopics', {
    api: 'CreateTopics',
    topic,
    partitions: replicas?.length ?? partitions ?? 1,
    replicationFactor: replicas?.[0]?.length ?? replicationFactor ?? 1,
    replicas,
    config,
    internal: false,
  });
  if (reply.error === 'TOPIC_ALREADY_EXISTS' && options.has('if-not-exists')) return;
  if (reply.error !== 'NONE') {
    // The controller's own words, where the model does not give them.
    const detail = reply.error === 'TOPIC_ALREADY_EXISTS' ? `Topic '${topic}' already exists.` : '';
    throw errorOf(reply.error, reply.detail === '' ? detail : reply.detail);
  }
  out.push(`Created topic ${topic}.`);
}

/** The simulator's own limit. */
function boundPartitions(partitions: number): void {
  if (partitions > PARTITIONS_MAX)
    throw illegalArgument(`This simulator takes at most ${PARTITIONS_MAX} partitions a topic`);
}

/** `1:2,2:3`: broker ids of each partition. */
function assignment(text: string | null): string[][] | null {
  if (text === null || text === '') return null;
  const partitions = text.split(',').map((part) =>
    part.split(':').map((id) => {
      if (!/^\s*\d+\s*$/.test(id))
        throw new JavaError('java.lang.NumberFormatException', `For input string: "${id.trim()}"`);
      return `broker-${Number(id)}`;
    }),
  );
  partitions.forEach((replicas, i) => {
    const twice = replicas.filter((replica, at) => replicas.indexOf(replica) !== at);
    if (twice.length > 0) {
      throw new JavaError(
        `${API_EXCEPTION}.AdminCommandFailedException`,
        `Partition replica lists may not contain duplicate entries: ${brokerIds([...new Set(twice)])}`,
      );
    }
    if (replicas.length !== partitions[0]!.length) {
      throw new JavaError(
        `${API_EXCEPTION}.AdminOperationException`,
        `Partition ${i} has different replication factor: [${replicas.map(brokerId).join(', ')}]`,
      );
    }
  });
  return partitions;
}

/** `--config name=value`, checked as the tool checks it before it sends anything. */
function topicConfigs(pairs: readonly string[]): TopicConfig {
  const config: Record<string, ConfigValue> = {};
  const split = pairs.map((pair) => pair.split(/\s*=\s*/));
  if (split.some((pair) => pair.length !== 2 || pair[1] === '')) {
    throw illegalArgument(
      'requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".',
    );
  }
  const invalid = (message: string): JavaError =>
    new JavaError(`${API_EXCEPTION}.InvalidConfigurationException`, message);
  for (const [name] of split) {
    const unknown = wrongConfigName(name!.trim());
    if (unknown !== null) throw invalid(unknown);
  }
  for (const [name, text] of split) {
    const parsed = parseConfig(name!.trim(), text!);
    if ('error' in parsed) throw invalid(parsed.error);
    config[name!.trim()] = parsed.value;
  }
  return config;
}

function* list({ out }: Context, options: Options): Part<void> {
  const found = yield* chosen(options);
  out.push(...(found.length === 0 ? [''] : found.map(({ topic }) => topic)));
}

function* alter(options: Options): Part<void> {
  const found = yield* chosen(options);
  ensureExists(found, options);
  const total = options.number('partitions')!;
  boundPartitions(total);
  const replies = yield* ask(
    found.map(({ topic }) => ({
      to: ANY,
      call: 'createPartitions',
      request: { api: 'CreatePartitions', topic, total } as const,
    })),
  );
  for (const reply of replies)
    if (reply.api === 'CreatePartitions' && reply.error !== 'NONE') throw errorOf(reply.error, reply.detail);
}

function* remove(options: Options): Part<void> {
  const found = yield* chosen(options);
  ensureExists(found, options);
  const replies = yield* ask(
    found.map(({ topic }) => ({
      to: ANY,
      call: 'deleteTopics',
      request: { api: 'DeleteTopics', topic } as const,
    })),
  );
  for (const reply of replies)
    if (reply.api === 'DeleteTopics' && reply.error !== 'NONE') throw errorOf(reply.error, reply.detail);
}

function* describe(
  { out }: Context,
  options: Options,
  defaults: Readonly<Record<string, ConfigValue>>,
): Part<void> {
  const found = yield* chosen(options);
  ensureExists(found, options);
  const replies = yield* ask(
    found.map(({ topic }) => ({
      to: ANY,
      call: 'describeConfigs',
      request: { api: 'DescribeConfigs', topic } as const,
    })),
  );
  const configs = replies.filter((reply) => reply.api === 'DescribeConfigs');
  const live = yield* liveBrokers('describeCluster');
  const report = REPORTS.some((name) => options.has(name));
  found.forEach(({ topic, partitions, config: own }, i) => {
    const reply = configs[i]!;
    if (reply.error !== 'NONE') throw errorOf(reply.error);
    const minIsr = own['min.insync.replicas'] ?? reply.broker['min.insync.replicas'] ?? 1;
    // What is no default, wherever it was set.
    const settings = Object.keys(TOPIC_CONFIGS).flatMap((name) => {
      const [source] = sourcesOf(name, own, reply, defaults[name]!);
      return source && source[0] !== DEFAULT ? [`${name}=${showConfig(source[2])}`] : [];
    });
    if (!report && (!options.has('topics-with-overrides') || settings.length > 0)) {
      out.push(
        [
          `Topic: ${topic}`,
          `TopicId: ${topicId(topic)}`,
          `PartitionCount: ${partitions.length}`,
          `ReplicationFactor: ${partitions[0]!.replicas.length}`,
          `Configs: ${settings.join(',')}`,
        ].join('\t'),
      );
    }
    if (options.has('topics-with-overrides')) return;
    for (const partition of partitions)
      if (!report || isReported(partition, options, minIsr, live)) out.push(partitionLine(partition));
  });
}

function isReported(
  { replicas, isr, leader }: PartitionImage,
  options: Options,
  minIsr: number,
  live: readonly string[],
): boolean {
  return (
    (options.has('under-replicated-partitions') && isr.length < replicas.length) ||
    (options.has('unavailable-partitions') && (leader === null || !live.includes(leader))) ||
    (options.has('under-min-isr-partitions') && (leader === null || isr.length < minIsr)) ||
    (options.has('at-min-isr-partitions') && isr.length === minIsr)
  );
}

function partitionLine({ topic, index, leader, replicas, isr, elr }: PartitionImage): string {
  return [
    '',
    `Topic: ${topic}`,
    `Partition: ${index}`,
    `Leader: ${leader === null ? 'none' : brokerId(leader)}`,
    `Replicas: ${brokerIds(replicas)}`,
    `Isr: ${brokerIds(isr)}`,
    `Elr: ${brokerIds(elr)}`,
    'LastKnownElr: ',
  ].join('\t');
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The model's topics have no ids but their names: 22 letters made of the name stand in the column. */
function topicId(topic: string): string {
  let hash = 0x811c9dc5;
  let id = '';
  for (let i = 0; i < 22; i++) {
    for (let c = 0; c < topic.length; c++) hash = Math.imul(hash ^ topic.charCodeAt(c), 0x01000193) >>> 0;
    id += ALPHABET[(hash >>> 8) & (i === 21 ? 48 : 63)]!;
  }
  return id;
}
