/** Tab completion: what could stand where the cursor is. */
import type { Completion, Names } from '../../console-tools.ts';
import type { KafkaView } from '../view-types.ts';
import { optionNamed, type OptionSpec, type ValueKind } from './options.ts';
import { BUILT_IN, PRODUCER, programNamed, PROGRAMS } from './programs.ts';
import { TOPIC_CONFIGS } from './topic-configs.ts';

/** Names that are there at this moment. */
export interface Knowledge extends Names {
  readonly topics: readonly string[];
  readonly groups: readonly string[];
  /** `broker-1`, `broker-2`, … */
  readonly brokers: readonly string[];
}

export function namesIn({ topics, groups, nodes }: KafkaView): Knowledge {
  return {
    topics: topics.map(({ name }) => name).sort(),
    groups: groups.map(({ id }) => id).sort(),
    brokers: nodes.filter(({ role }) => role === 'broker').map(({ id }) => id),
  };
}

const READER = ['ignore.error=true', 'key.separator=', 'null.marker=', 'parse.key=true'];
const FORMATTER = [
  'key.separator=',
  'null.literal=',
  'print.epoch=true',
  'print.key=true',
  'print.offset=true',
  'print.partition=true',
  'print.timestamp=true',
  'print.value=true',
];
const PRODUCER_SETTINGS = [
  'acks=',
  'batch.size=',
  'delivery.timeout.ms=',
  'enable.idempotence=',
  'linger.ms=',
  'max.block.ms=',
  'max.in.flight.requests.per.connection=',
  'request.timeout.ms=',
  'retries=',
];
const CONSUMER_SETTINGS = [
  'auto.offset.reset=',
  'enable.auto.commit=',
  'group.id=',
  'group.protocol=',
  'isolation.level=',
  'max.poll.records=',
  'session.timeout.ms=',
];

/** Where the client's address stands in a cluster on one machine (and by name): broker-1 is localhost:9092. */
export function addressesOf(brokers: readonly string[]): string[] {
  const local = brokers.map((_, i) => `localhost:${9092 + i}`);
  return [...local, ...brokers.map((broker) => `${broker}:9092`)];
}

function valuesOf(kind: ValueKind, knowledge: Knowledge): readonly string[] {
  if (typeof kind === 'object') return kind.oneOf;
  switch (kind) {
    case 'topic':
    case 'topic-partitions':
      return knowledge.topics;
    case 'group':
      return knowledge.groups;
    case 'server':
      return addressesOf(knowledge.brokers);
    case 'topic-config':
      return Object.keys(TOPIC_CONFIGS).map((name) => `${name}=`);
    case 'topic-config-name':
      return Object.keys(TOPIC_CONFIGS);
    case 'reader-property':
      return READER;
    case 'formatter-property':
      return FORMATTER;
    case 'producer-property':
      return PRODUCER_SETTINGS;
    case 'consumer-property':
      return CONSUMER_SETTINGS;
  }
}

/** Options that make sense more than once. */
function repeats({ name, value }: OptionSpec): boolean {
  return name.endsWith('property') || name === 'config' || value === 'group' || value === 'topic-partitions';
}

/**
 * What could stand at the cursor: a program, one of its options, or what an option takes.
 * @param line what has been typed
 * @param cursor where the cursor is, in characters from the beginning
 */
export function complete(line: string, cursor: number, knowledge: Knowledge): Completion {
  const before = line.slice(0, cursor);
  const words = before.split(/[ \t]+/);
  const word = words.pop() ?? '';
  const from = before.length - word.length;
  const typed = words.filter((w) => w !== '');
  const fitting = (all: readonly string[], start = word, at = from): Completion => ({
    from: at,
    candidates: [...new Set(all)].filter((candidate) => candidate.startsWith(start)).sort(),
  });
  const [first] = typed;
  if (first === undefined) {
    const folder = word.slice(0, word.lastIndexOf('/') + 1);
    const names = folder === '' ? [...PROGRAMS, ...BUILT_IN] : PROGRAMS.map((name) => folder + name);
    return fitting(names);
  }
  const program = programNamed(first);
  if (!program) return { from, candidates: [] };
  const last = typed.length > 1 ? typed.at(-1)! : '';
  const previous = /^--?[^=]+$/.test(last) ? optionNamed(program, last.replace(/^--?/, '')) : undefined;
  const isValue = previous?.arg === 'required' || (previous?.arg === 'optional' && !word.startsWith('-'));
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  const option = isValue ? previous : equals > 0 ? optionNamed(program, word.slice(2, equals)) : undefined;
  if (option) {
    if (option.value === undefined) return { from, candidates: [] };
    let start = isValue ? word : word.slice(equals + 1);
    // Lists are completed after their last comma.
    const lists =
      option.value === 'server' ||
      (program !== PRODUCER && /-config$/.test(option.name)) ||
      option.name === 'type';
    if (lists) start = start.slice(start.lastIndexOf(',') + 1);
    return fitting(valuesOf(option.value, knowledge), start, cursor - start.length);
  }
  const used = new Set(
    typed.filter((w) => w.startsWith('--')).map((w) => optionNamed(program, w.slice(2).split('=')[0]!)?.name),
  );
  const free = program.options.filter(
    (o) =>
      (repeats(o) || !used.has(o.name)) &&
      (o.availableIf === undefined || o.availableIf.some((needed) => used.has(needed))),
  );
  return fitting(free.map(({ name }) => `--${name}`));
}
