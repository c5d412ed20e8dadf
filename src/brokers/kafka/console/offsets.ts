/** `kafka-get-offsets.sh`: where partitions begin and end, or which offset a time has (K-10). */
import { malformed } from './address.ts';
import { allTopics, offsetsAt, topicFilter } from './admin.ts';
import { split } from './format.ts';
import type { Options } from './options.ts';
import { OFFSETS } from './programs.ts';
import {
  connect,
  guarded,
  JavaError,
  optionsOf,
  required,
  usageError,
  type Context,
  type Script,
} from './script.ts';

const TIMEOUT_MS = 60_000;

export function getOffsets(context: Context): Script {
  return guarded(context, main(context), (error) => [[`Error occurred: ${error.message}`], 1]);
}

/** An error that is said in one line. */
function terse(message: string): JavaError {
  return new JavaError('org.apache.kafka.tools.TerseException', message);
}

function* main({ words, out }: Context): Script {
  const options = optionsOf(OFFSETS, words);
  required(options, 'bootstrap-server');
  const wrong = malformed(options.value('bootstrap-server') ?? '');
  if (wrong !== null) throw usageError(wrong);
  if (options.has('topic-partitions') && (options.has('topic') || options.has('partitions')))
    throw terse('--topic-partitions cannot be used with --topic or --partitions');
  const at = momentOf(options.value('time') ?? 'latest');
  const filters = filtersOf(options);
  yield* connect(options, TIMEOUT_MS);
  const topics = yield* allTopics(!options.has('exclude-internal-topics'));
  const chosen = topics
    .flatMap(({ partitions }) => partitions)
    .filter(({ topic, index }) => filters.some((f) => f.topic.test(topic) && f.has(index)));
  if (chosen.length === 0) throw terse('Could not match any topic-partitions with the specified filters');
  const led = chosen.filter(({ leader }) => leader !== null).map(({ place }) => place);
  for (const { place, leader } of chosen) {
    if (leader === null) {
      out.push(
        `Skip getting offsets for topic-partition ${place} due to error: org.apache.kafka.common.errors.LeaderNotAvailableException: There is no leader for this topic-partition as we are in the middle of a leadership election.`,
      );
    }
  }
  const offsets = yield* offsetsAt(led, at);
  // The tool sorts places as text: orders-10 before orders-2.
  for (const [place, offset] of [...offsets].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (offset < 0) continue;
    const { topic, index } = split(place);
    out.push(`${topic}:${index}:${offset}`);
  }
  return 0;
}

function momentOf(text: string): 'earliest' | 'latest' | number {
  if (text === 'earliest' || text === '-2') return 'earliest';
  if (text === 'latest' || text === '-1') return 'latest';
  if (['-3', 'max-timestamp', '-4', 'earliest-local', '-5', 'latest-tiered'].includes(text))
    throw terse(`--time ${text} is Kafka's, but this simulator does not model it`);
  if (!/^-?\d+$/.test(text)) {
    throw terse(
      `Malformed time argument ${text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered, or a specified long format timestamp`,
    );
  }
  return Number(text);
}

interface Filter {
  readonly topic: RegExp;
  has(index: number): boolean;
}

function filtersOf(options: Options): readonly Filter[] {
  const patterns = options.value('topic-partitions');
  if (patterns === null) {
    const list = options.value('partitions') ?? '';
    const ids = list === '' ? null : list.split(',').map(Number);
    if (ids?.some((id) => !Number.isInteger(id))) {
      throw terse(
        `--partitions expects a comma separated list of numeric partition ids, but received: ${list}`,
      );
    }
    return [{ topic: filter(options.value('topic') ?? '.*'), has: (i) => ids === null || ids.includes(i) }];
  }
  return patterns.split(',').map((rule) => {
    const parts = /^([^:,]*)(?::(?:(\d*)|(\d*)-(\d*)))?$/.exec(rule);
    if (!parts) throw terse(`Invalid rule specification: ${rule}`);
    const [, name, one, from, to] = parts;
    const topic = filter(name === '' || name === undefined ? '.*' : name);
    if (one) return { topic, has: (i) => i === Number(one) };
    return { topic, has: (i) => i >= Number(from ?? 0) && (!to || i < Number(to)) };
  });
}

function filter(pattern: string): RegExp {
  const found = topicFilter(pattern);
  if (!found) throw terse(`${pattern} is an invalid regex.`);
  return found;
}
