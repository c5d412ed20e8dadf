/** `kafka-configs.sh`: describes and changes the settings of topics. */
import type { TopicConfig } from '../config.ts';
import { allTopics, someTopics } from './admin.ts';
import { OptionError, type Options } from './options.ts';
import { CONFIGS } from './programs.ts';
import {
  ANY,
  askOne,
  connect,
  errorOf,
  exclusive,
  guarded,
  illegalArgument,
  JavaError,
  optionsOf,
  usageError,
  type Context,
  type Part,
  type Script,
} from './script.ts';
import {
  parseConfig,
  showConfig,
  sourcesOf,
  TOPIC_CONFIGS,
  wrongConfigName,
  type Configs,
  type ConfigValue,
} from './topic-configs.ts';

const TIMEOUT_MS = 60_000;
const ENTITY_TYPES = [
  'topics',
  'clients',
  'users',
  'brokers',
  'ips',
  'broker-loggers',
  'client-metrics',
  'groups',
];
const INVALID_CONFIG = 'org.apache.kafka.common.errors.InvalidConfigurationException';

/** @param defaults Kafka's defaults for every setting of a topic */
export function configs(context: Context, defaults: Readonly<Record<string, ConfigValue>>): Script {
  return guarded(context, main(context, defaults), (error) => {
    const own =
      error instanceof OptionError ||
      error.exception === 'java.lang.IllegalArgumentException' ||
      (error.exception === INVALID_CONFIG && error.message.startsWith('Invalid config(s)'));
    if (own) return [[error.message], 1];
    return [
      [
        `Error while executing config command with args '${context.words.join(' ')}'`,
        `java.util.concurrent.ExecutionException: ${String(error)}`,
      ],
      1,
    ];
  });
}

function* main(context: Context, defaults: Readonly<Record<string, ConfigValue>>): Script {
  const options = optionsOf(CONFIGS, context.words);
  const entity = checkOptions(options);
  yield* connect(options, TIMEOUT_MS);
  if (options.has('alter')) yield* alter(context, options, entity!);
  else yield* describe(context, options, entity, defaults);
  return 0;
}

/** @returns the topic that is named, or null. @throws Exit, JavaError */
function checkOptions(options: Options): string | null {
  if (['alter', 'describe'].filter((action) => options.has(action)).length !== 1)
    throw usageError('Command must include exactly one action: --describe, --alter');
  exclusive(options, 'describe', ['alter', 'add-config', 'delete-config']);
  const types = options.values('entity-type');
  for (const type of types) {
    if (!ENTITY_TYPES.includes(type)) {
      throw illegalArgument(
        `Invalid entity type ${type}, the entity type must be one of ${ENTITY_TYPES.join(', ')} with a --bootstrap-server or --bootstrap-controller argument`,
      );
    }
    if (type !== 'topics')
      throw illegalArgument(`Entity type ${type} is Kafka's, but this simulator has settings of topics only`);
  }
  if (types.length === 0 && !options.has('topic'))
    throw illegalArgument('At least one entity type must be specified');
  if (options.has('topic') && (types.length > 0 || options.has('entity-name'))) {
    throw illegalArgument(
      '--entity-{type,name,default} should not be used in conjunction with specific entity flags',
    );
  }
  if (!options.has('bootstrap-server')) {
    throw illegalArgument(
      'One of the required --bootstrap-server or --bootstrap-controller arguments must be specified',
    );
  }
  const entity = options.value('topic') ?? options.value('entity-name');
  if (options.has('alter')) {
    if (entity === null || entity === '')
      throw illegalArgument('An entity name must be specified with --alter of topics');
    if (!options.has('add-config') && !options.has('delete-config')) {
      throw illegalArgument(
        'At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter',
      );
    }
  }
  return entity;
}

/** `k=v,k=[v,v]`. @throws JavaError */
function pairsOf(text: string | null): (readonly [name: string, value: string])[] {
  if (text === null) return [];
  // Commas and equals signs inside of brackets belong to the value.
  return text.split(/,(?=[^\]]*(?:\[|$))/).map((pair) => {
    const parts = pair.split(/\s*=\s*(?=[^\]]*(?:\[|$))/);
    if (parts.length !== 2) {
      throw illegalArgument(
        'Invalid entity config: all configs to be added must be in the format "key=val".',
      );
    }
    const name = parts[0]!.trim();
    if (!/^[a-zA-Z0-9._-]*$/.test(name))
      throw illegalArgument(`Invalid character found for config key: ${name}`);
    return [name, parts[1]!.replaceAll(/[[\]]/g, '').trim()] as const;
  });
}

/** The settings that a topic has of its own. @throws JavaError for a topic that is not there */
function* ownConfig(topic: string): Part<TopicConfig> {
  const [found] = yield* someTopics([topic]);
  if (!found) throw errorOf('UNKNOWN_TOPIC_OR_PARTITION');
  return found.config;
}

function* alter({ out }: Context, options: Options, topic: string): Part<void> {
  const added = pairsOf(options.value('add-config'));
  const deleted = options
    .values('delete-config')
    .flatMap((list) => list.split(',').map((name) => name.trim()));
  const own = yield* ownConfig(topic);
  const there = new Set(Object.keys(own));
  const missing = deleted.filter((name) => !there.has(name));
  if (missing.length > 0) throw new JavaError(INVALID_CONFIG, `Invalid config(s): ${missing.join(',')}`);
  const config: Record<string, ConfigValue | null> = {};
  for (const name of deleted) config[name] = null;
  for (const [name, text] of added) {
    // As the controller judges them.
    const wrong = wrongConfigName(name);
    const parsed = wrong === null ? parseConfig(name, text) : { error: wrong };
    if ('error' in parsed) throw new JavaError(INVALID_CONFIG, parsed.error);
    config[name] = parsed.value;
  }
  const reply = yield* askOne<'IncrementalAlterConfigs'>(ANY, 'incrementalAlterConfigs', {
    api: 'IncrementalAlterConfigs',
    topic,
    config: config,
  });
  if (reply.error !== 'NONE') throw errorOf(reply.error, reply.detail);
  out.push(`Completed updating config for topic ${topic}.`);
}

function* describe(
  { out }: Context,
  options: Options,
  entity: string | null,
  defaults: Readonly<Record<string, ConfigValue>>,
): Part<void> {
  const topics = entity === null ? (yield* allTopics(true)).map(({ topic }) => topic) : [entity];
  const all = options.has('all');
  for (const topic of topics) {
    const own: Configs = yield* ownConfig(topic);
    const reply = yield* askOne<'DescribeConfigs'>(ANY, 'describeConfigs', {
      api: 'DescribeConfigs',
      topic,
    });
    if (reply.error !== 'NONE') throw errorOf(reply.error);
    const broker: Configs = reply.broker;
    out.push(`${all ? 'All' : 'Dynamic'} configs for topic ${topic} are:`);
    for (const name of Object.keys(TOPIC_CONFIGS).sort()) {
      if (!all && own[name] === undefined) continue;
      const value = own[name] ?? broker[name] ?? defaults[name]!;
      const synonyms = sourcesOf(name, own, reply, defaults[name]!).map(
        ([kind, setting, there]) => `${kind}:${setting}=${showConfig(there)}`,
      );
      out.push(`  ${name}=${showConfig(value)} sensitive=false synonyms={${synonyms.join(', ')}}`);
    }
  }
}
