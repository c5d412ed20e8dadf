/** `kafka-console-producer.sh`: its options, and how a typed line becomes a record. */
import { malformed } from './address.ts';
import type { Options } from './options.ts';
import { PRODUCER } from './programs.ts';
import { optionsOf, required, usageError } from './script.ts';

/** How lines become records (LineMessageReader). */
export interface Reader {
  readonly parseKey: boolean;
  readonly keySeparator: string;
  readonly nullMarker: string | null;
  readonly ignoreError: boolean;
}

export interface ProducerCommand {
  readonly topic: string;
  readonly bootstrap: string;
  readonly sync: boolean;
  readonly reader: Reader;
  /** The producer's settings, as text. */
  readonly settings: Readonly<Record<string, string>>;
  /** What it says before it begins. */
  readonly notices: readonly string[];
}

/** The producer's settings that have an option of their own, with that option's default. */
const MERGED: readonly (readonly [setting: string, option: string, byDefault: string])[] = [
  ['linger.ms', 'timeout', '1000'],
  ['acks', 'request-required-acks', '-1'],
  ['request.timeout.ms', 'request-timeout-ms', '1500'],
  ['retries', 'message-send-max-retries', '3'],
  ['retry.backoff.ms', 'retry-backoff-ms', '100'],
  ['buffer.memory', 'max-memory-bytes', '33554432'],
  ['batch.size', 'batch-size', '16384'],
  ['batch.size', 'max-partition-memory-bytes', '16384'],
  ['metadata.max.age.ms', 'metadata-expiry-ms', '300000'],
  ['max.block.ms', 'max-block-ms', '60000'],
];

/** @throws Exit, OptionError */
export function producerCommand(words: readonly string[]): ProducerCommand {
  const options = optionsOf(PRODUCER, words);
  required(options, 'topic');
  const notices: string[] = [];
  const bootstrap = options.value('bootstrap-server') ?? '';
  const wrong = malformed(bootstrap);
  if (wrong !== null) throw usageError(wrong);
  const property = renamed(options, 'property', 'reader-property', notices);
  const settings = pairs(renamed(options, 'producer-property', 'command-property', notices));
  const reader = pairs(property);
  for (const [setting, option, byDefault] of MERGED) {
    const given = options.value(option);
    if (given !== null) {
      if (option !== 'request-required-acks') options.number(option);
      settings[setting] = given;
    } else settings[setting] ??= byDefault;
  }
  const keySeparator = reader['key.separator'] ?? '\t';
  const nullMarker = reader['null.marker'] ?? null;
  if (keySeparator === nullMarker) throw usageError('null.marker and key.separator may not be equal');
  return {
    topic: options.value('topic')!,
    bootstrap,
    sync: options.has('sync'),
    reader: {
      parseKey: isTrue(reader['parse.key']),
      keySeparator,
      nullMarker,
      ignoreError: isTrue(reader['ignore.error']),
    },
    settings,
    notices,
  };
}

/**
 * Values of an option that goes by an old and a new name.
 * @throws Exit when both are used
 */
export function renamed(options: Options, old: string, name: string, notices: string[]): readonly string[] {
  if (!options.has(old)) return options.values(name);
  if (options.has(name)) throw usageError(`Options --${old} and --${name} cannot be specified together.`);
  notices.push(
    `Option --${old} is deprecated and will be removed in a future version. Use --${name} instead.`,
  );
  return options.values(old);
}

/** `key=value`; a value may contain equals signs, or be missing. */
export function pairs(texts: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    result[at < 0 ? text : text.slice(0, at)] = at < 0 ? '' : text.slice(at + 1);
  }
  return result;
}

export function isTrue(text: string | undefined): boolean {
  return text?.trim().toLowerCase() === 'true';
}

export interface LineRecord {
  readonly key: string | null;
  /** Null is a tombstone. */
  readonly value: string | null;
}

/** @param lineNumber from 1. @returns the record, or what the reader throws */
export function readLine(
  line: string,
  lineNumber: number,
  { parseKey, keySeparator, nullMarker, ignoreError }: Reader,
): LineRecord | { readonly error: string } {
  const orNull = (text: string): string | null => (text === nullMarker ? null : text);
  if (!parseKey) return { key: null, value: orNull(line) };
  const at = line.indexOf(keySeparator);
  if (at < 0) {
    if (ignoreError) return { key: null, value: orNull(line) };
    return { error: `No key separator found on line number ${lineNumber}: '${line}'` };
  }
  return { key: orNull(line.slice(0, at)), value: orNull(line.slice(at + keySeparator.length)) };
}
