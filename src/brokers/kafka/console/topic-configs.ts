/** Settings of a topic as text: which there are, what they may be, and what Kafka says to others. */

interface ConfigSpec {
  readonly type: 'INT' | 'LONG' | 'DOUBLE' | 'BOOLEAN' | 'STRING' | 'LIST';
  readonly min?: number;
  readonly max?: number;
  readonly oneOf?: readonly string[];
  /** The broker's setting whose value holds for topics that do not say. */
  readonly server: string;
  /** That setting's default, where it is not the topic's own. */
  readonly serverDefault?: string;
}

export const TOPIC_CONFIGS: Readonly<Record<string, ConfigSpec>> = {
  'cleanup.policy': { type: 'LIST', oneOf: ['compact', 'delete'], server: 'log.cleanup.policy' },
  'delete.retention.ms': { type: 'LONG', min: 0, server: 'log.cleaner.delete.retention.ms' },
  'max.compaction.lag.ms': { type: 'LONG', min: 1, server: 'log.cleaner.max.compaction.lag.ms' },
  'max.message.bytes': { type: 'INT', min: 0, server: 'message.max.bytes' },
  'message.timestamp.after.max.ms': { type: 'LONG', min: 0, server: 'log.message.timestamp.after.max.ms' },
  'message.timestamp.before.max.ms': { type: 'LONG', min: 0, server: 'log.message.timestamp.before.max.ms' },
  'message.timestamp.type': {
    type: 'STRING',
    oneOf: ['CreateTime', 'LogAppendTime'],
    server: 'log.message.timestamp.type',
  },
  'min.cleanable.dirty.ratio': { type: 'DOUBLE', min: 0, max: 1, server: 'log.cleaner.min.cleanable.ratio' },
  'min.compaction.lag.ms': { type: 'LONG', min: 0, server: 'log.cleaner.min.compaction.lag.ms' },
  'min.insync.replicas': { type: 'INT', min: 1, server: 'min.insync.replicas' },
  'retention.bytes': { type: 'LONG', min: -1, server: 'log.retention.bytes' },
  'retention.ms': { type: 'LONG', min: -1, server: 'log.retention.hours', serverDefault: '168' },
  'segment.bytes': { type: 'INT', min: 1_048_576, server: 'log.segment.bytes' },
  'segment.jitter.ms': { type: 'LONG', min: 0, server: 'log.roll.jitter.hours', serverDefault: '0' },
  'segment.ms': { type: 'LONG', min: 1, server: 'log.roll.hours', serverDefault: '168' },
  'unclean.leader.election.enable': { type: 'BOOLEAN', server: 'unclean.leader.election.enable' },
};

/** Settings that Kafka has and this model has not. */
const NOT_MODELLED: readonly string[] = [
  'compression.gzip.level',
  'compression.lz4.level',
  'compression.type',
  'compression.zstd.level',
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  'follower.replication.throttled.replicas',
  'index.interval.bytes',
  'leader.replication.throttled.replicas',
  'local.retention.bytes',
  'local.retention.ms',
  'preallocate',
  'remote.log.copy.disable',
  'remote.log.delete.on.disable',
  'remote.storage.enable',
  'segment.index.bytes',
];

export type ConfigValue = string | number | boolean;

/** Java's Long.MAX_VALUE, which stands in this model as the largest safe integer. */
const LONG_MAX = '9223372036854775807';

export function showConfig(value: ConfigValue): string {
  return value === Number.MAX_SAFE_INTEGER ? LONG_MAX : String(value);
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
