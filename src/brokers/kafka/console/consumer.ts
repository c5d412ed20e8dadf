/** `kafka-console-consumer.sh`: its options, and what it prints of a record. */
import { CONSUMER } from './programs.ts';
import { isTrue, pairs, renamed } from './producer.ts';
import { Exit, optionsOf, required, usageError } from './script.ts';

/** What is printed of a record (DefaultMessageFormatter). */
export interface Formatter {
  readonly timestamp: boolean;
  readonly partition: boolean;
  readonly offset: boolean;
  readonly epoch: boolean;
  readonly headers: boolean;
  readonly key: boolean;
  readonly value: boolean;
  readonly keySeparator: string;
  readonly nullLiteral: string;
}

export interface ConsumerCommand {
  readonly topic: string;
  readonly bootstrap: string;
  /** Null: it subscribes, and its group shares the partitions out. */
  readonly partition: number | null;
  /** Where it begins in that partition. */
  readonly from: 'earliest' | 'latest' | number;
  /** Null: one made for this run alone. */
  readonly group: string | null;
  readonly maxMessages: number | null;
  readonly timeoutMs: number | null;
  readonly formatter: Formatter;
  /** The consumer's settings, as text. */
  readonly settings: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
}

/** @throws Exit, OptionError */
export function consumerCommand(words: readonly string[]): ConsumerCommand {
  const options = optionsOf(CONSUMER, words);
  if (!options.has('topic')) throw usageError('Exactly one of --include/--topic is required. ');
  const partition = options.number('partition');
  const fromBeginning = options.has('from-beginning');
  if (partition !== null) {
    if (fromBeginning && options.has('offset'))
      throw usageError('Options from-beginning and offset cannot be specified together.');
  } else if (options.has('offset')) throw usageError('The partition is required when offset is specified.');
  required(options, 'bootstrap-server');
  const notices: string[] = [];
  const settings = pairs(renamed(options, 'consumer-property', 'command-property', notices));
  const groups = [...new Set([...options.values('group'), ...groupIn(settings)])];
  if (groups.length > 1) {
    throw usageError(
      `The group ids provided in different places (directly using '--group', via '--consumer-property', or via '--consumer.config') do not match. Detected group ids: ${groups.map((group) => `'${group}'`).join(', ')}`,
    );
  }
  if (groups.length > 0 && partition !== null)
    throw usageError('Options group and partition cannot be specified together.');
  const reset = settings['auto.offset.reset'];
  if (reset !== undefined && fromBeginning && reset !== 'earliest') {
    throw new Exit(1, [
      `Can't simultaneously specify --from-beginning and 'auto.offset.reset=${reset}', please remove one option`,
    ]);
  }
  delete settings['group.id'];
  settings['auto.offset.reset'] ??= fromBeginning ? 'earliest' : 'latest';
  const isolation = options.value('isolation-level');
  if (isolation !== null) settings['isolation.level'] = isolation;
  settings['isolation.level'] ??= 'read_uncommitted';
  if (groups.length === 0) settings['enable.auto.commit'] ??= 'false';
  const formatter = pairs(renamed(options, 'property', 'formatter-property', notices));
  const maxMessages = options.number('max-messages');
  const timeoutMs = options.number('timeout-ms');
  return {
    topic: options.value('topic')!,
    bootstrap: options.value('bootstrap-server')!,
    partition,
    from: offsetOf(options.value('offset'), fromBeginning),
    group: groups[0] ?? null,
    // A negative number is no limit.
    maxMessages: maxMessages !== null && maxMessages >= 0 ? maxMessages : null,
    timeoutMs: timeoutMs !== null && timeoutMs >= 0 ? timeoutMs : null,
    formatter: {
      timestamp: isTrue(formatter['print.timestamp']),
      partition: isTrue(formatter['print.partition']),
      offset: isTrue(formatter['print.offset']),
      epoch: isTrue(formatter['print.epoch']),
      headers: isTrue(formatter['print.headers']),
      key: isTrue(formatter['print.key']),
      value: isTrue(formatter['print.value'] ?? 'true'),
      keySeparator: formatter['key.separator'] ?? '\t',
      nullLiteral: formatter['null.literal'] ?? 'null',
    },
    settings,
    notices,
  };
}

function groupIn(settings: Readonly<Record<string, string>>): string[] {
  const group = settings['group.id'];
  return group === undefined ? [] : [group];
}

function offsetOf(text: string | null, fromBeginning: boolean): 'earliest' | 'latest' | number {
  if (text === null) return fromBeginning ? 'earliest' : 'latest';
  const lower = text.toLowerCase();
  if (lower === 'earliest' || lower === 'latest') return lower;
  if (!/^\d+$/.test(text)) {
    throw usageError(
      `The provided offset value '${text}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.`,
    );
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

export interface PrintedRecord {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds of the run. */
  readonly timestampMs: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly leaderEpoch: number | null;
  readonly key: string | null;
  readonly value: string | null;
}

/** A record as a line. */
export function printRecord(record: PrintedRecord, formatter: Formatter): string {
  const columns: string[] = [];
  const { nullLiteral } = formatter;
  if (formatter.timestamp) columns.push(`${record.timestampType}:${Math.floor(record.timestampMs)}`);
  if (formatter.partition) columns.push(`Partition:${record.partition}`);
  if (formatter.offset) columns.push(`Offset:${record.offset}`);
  if (formatter.epoch) columns.push(`Epoch:${record.leaderEpoch ?? 'NOT_PRESENT'}`);
  if (formatter.headers) columns.push('NO_HEADERS');
  if (formatter.key) columns.push(record.key ?? nullLiteral);
  if (formatter.value) columns.push(record.value ?? nullLiteral);
  return columns.join(formatter.keySeparator);
}
