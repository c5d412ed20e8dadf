/** Settings of a topic as text: which there are, what they may be, and what Kafka says to others. */

interface ConfigSpec {
  readonly type: 'INT' | 'LONG' | 'DOUBLE' | 'BOOLEAN' | 'STRING' | 'LIST';
  readonly min?: number;
  readonly max?: number;
  readonly oneOf?: readonly string[];
  /**
   * The broker's setting whose value holds for topics that do not say. None where a broker's default is that of another
   * one (`log.retention.hours`): Kafka does not name it.
   */
  readonly server?: string;
}

/** In the order in which `kafka-topics.sh` prints them, that of one of Java’s hash maps. */
export const TOPIC_CONFIGS: Readonly<Record<string, ConfigSpec>> = {
  'min.insync.replicas': { type: 'INT', min: 1, server: 'min.insync.replicas' },
  'segment.jitter.ms': { type: 'LONG', min: 0 },
  'cleanup.policy': { type: 'LIST', oneOf: ['compact', 'delete'], server: 'log.cleanup.policy' },
  'segment.bytes': { type: 'INT', min: 1_048_576, server: 'log.segment.bytes' },
  'retention.ms': { type: 'LONG', min: -1 },
  'max.compaction.lag.ms': { type: 'LONG', min: 1, server: 'log.cleaner.max.compaction.lag.ms' },
  'max.message.bytes': { type: 'INT', min: 0, server: 'message.max.bytes' },
  'min.compaction.lag.ms': { type: 'LONG', min: 0, server: 'log.cleaner.min.compaction.lag.ms' },
  'message.timestamp.type': {
    type: 'STRING',
    oneOf: ['CreateTime', 'LogAppendTime'],
    server: 'log.message.timestamp.type',
  },
  'min.cleanable.dirty.ratio': { type: 'DOUBLE', min: 0, max: 1, server: 'log.cleaner.min.cleanable.ratio' },
  'unclean.leader.election.enable': { type: 'BOOLEAN', server: 'unclean.leader.election.enable' },
  'retention.bytes': { type: 'LONG', min: -1, server: 'log.retention.bytes' },
  'delete.retention.ms': { type: 'LONG', min: 0, server: 'log.cleaner.delete.retention.ms' },
  'message.timestamp.after.max.ms': { type: 'LONG', min: 0, server: 'log.message.timestamp.after.max.ms' },
  'message.timestamp.before.max.ms': { type: 'LONG', min: 0, server: 'log.message.timestamp.before.max.ms' },
  'segment.ms': { type: 'LONG', min: 1 },
};

/** Settings that Kafka has and this model has not. */
const NOT_MODELLED: readonly string[] = [
  'compression.gzip.level',
  'compression.lz4.level',
  'compression.type',
  'compression.zstd.level',
  'errors.deadletterqueue.group.enable',
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  'follower.replication.throttled.replicas',
  'index.interval.bytes',
  'leader.replication.throttled.replicas',
  'local.retention.bytes',
  'local.retention.ms',
  'max.decompressed.message.bytes',
  'preallocate',
  'remote.copy.lag.bytes',
  'remote.copy.lag.ms',
  'remote.log.copy.disable',
  'remote.log.delete.on.disable',
  'remote.storage.enable',
  'segment.index.bytes',
];

export type ConfigValue = string | number | boolean;
export type Configs = Readonly<Record<string, ConfigValue | undefined>>;

/** A value, and where it comes from: the kind of source, and what the setting is called there. */
export type Source = readonly [kind: string, name: string, value: ConfigValue];
/** The kind of what nobody has set. */
export const DEFAULT = 'DEFAULT_CONFIG';

/** Java's Long.MAX_VALUE, which stands in this model as the largest safe integer. */
const LONG_MAX = '9223372036854775807';

export function showConfig(value: ConfigValue): string {
  return value === Number.MAX_SAFE_INTEGER ? LONG_MAX : String(value);
}

/**
 * Where a setting's value could come from, the one that holds first.
 * @param own what the topic sets
 * @param described what the broker tells
 */
export function sourcesOf(
  name: string,
  own: Configs,
  described: { readonly cluster: Configs; readonly broker: Configs },
  byDefault: ConfigValue,
): Source[] {
  const { server } = TOPIC_CONFIGS[name]!;
  const { cluster, broker } = described;
  const stated = broker[name] === byDefault ? undefined : broker[name];
  const sources: [string, string | undefined, ConfigValue | undefined][] = [
    ['DYNAMIC_TOPIC_CONFIG', name, own[name]],
    ['DYNAMIC_DEFAULT_BROKER_CONFIG', server, cluster[name]],
    ['STATIC_BROKER_CONFIG', server, stated],
    [DEFAULT, server, byDefault],
  ];
  return sources.filter((source): source is [...Source] => !source.includes(undefined));
}

/** @returns why there is no such setting, in Kafka's words where it has none either, or null */
export function wrongConfigName(name: string): string | null {
  if (Object.hasOwn(TOPIC_CONFIGS, name)) return null;
  return NOT_MODELLED.includes(name)
    ? `Topic config ${name} is Kafka's, but this simulator does not model it`
    : `Unknown topic config name: ${name}`;
}

/** @returns the value, or what Kafka says against it */
export function parseConfig(
  name: string,
  text: string,
): { readonly value: ConfigValue } | { readonly error: string } {
  const unknown = wrongConfigName(name);
  if (unknown !== null) return { error: unknown };
  const spec = TOPIC_CONFIGS[name]!;
  const wrong = (why: string, value = text): { error: string } => ({
    error: `Invalid value ${value} for configuration ${name}: ${why}`,
  });
  const trimmed = text.trim();
  switch (spec.type) {
    case 'BOOLEAN': {
      const lower = trimmed.toLowerCase();
      if (lower !== 'true' && lower !== 'false') return wrong('Expected value to be either true or false');
      return { value: lower === 'true' };
    }
    case 'STRING':
    case 'LIST': {
      const parts = spec.type === 'LIST' ? trimmed.split(/\s*,\s*/) : [trimmed];
      for (const part of parts)
        if (!spec.oneOf!.includes(part))
          return wrong(`String must be one of: ${spec.oneOf!.join(', ')}`, part);
      return { value: [...new Set(parts)].sort().join(',') };
    }
    default: {
      const shape = spec.type === 'DOUBLE' ? /^[+-]?(\d+\.?\d*|\.\d+)$/ : /^[+-]?\d+$/;
      const value = Number(trimmed);
      if (!shape.test(trimmed) || (spec.type === 'INT' && Math.abs(value) > 2_147_483_647))
        return wrong(`Not a number of type ${spec.type}`);
      if (spec.min !== undefined && value < spec.min) return wrong(`Value must be at least ${spec.min}`);
      if (spec.max !== undefined && value > spec.max) return wrong(`Value must be no more than ${spec.max}`);
      return { value: Math.min(value, Number.MAX_SAFE_INTEGER) };
    }
  }
}
