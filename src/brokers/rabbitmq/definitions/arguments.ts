/** Arguments of queue.declare: which a type of queue knows in which version, and what the server says of a bad one. */
import { AmqpError } from '../amqp-error.ts';
import type { FieldValue, Table, Version } from '../config.ts';
import { own } from '../routing/explain-headers.ts';
import { fieldType, formatString, formatTerm, resource } from './terms.ts';

export const QUEUE_TYPES = ['classic', 'quorum', 'stream'] as const;
export type QueueType = (typeof QUEUE_TYPES)[number];

const EVERYWHERE = ['x-queue-type', 'x-max-length-bytes'];
const CLASSIC = [
  ...EVERYWHERE,
  'x-expires',
  'x-message-ttl',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-max-length',
  'x-max-priority',
  'x-overflow',
  'x-queue-mode',
  'x-queue-version',
  'x-single-active-consumer',
  'x-queue-master-locator',
];
const QUORUM = [
  ...EVERYWHERE,
  'x-expires',
  'x-message-ttl',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-dead-letter-strategy',
  'x-max-length',
  'x-max-in-memory-length',
  'x-max-in-memory-bytes',
  'x-overflow',
  'x-single-active-consumer',
  'x-quorum-initial-group-size',
  'x-delivery-limit',
  'x-queue-leader-locator',
];
const QUORUM_4_3 = [
  'x-consumer-disconnected-timeout',
  'x-consumer-timeout',
  'x-delayed-retry-type',
  'x-delayed-retry-min',
  'x-delayed-retry-max',
];
const STREAM = [
  ...EVERYWHERE,
  'x-max-age',
  'x-stream-max-segment-size-bytes',
  'x-initial-cluster-size',
  'x-queue-leader-locator',
];

const KNOWN: Readonly<Record<Version, Readonly<Record<QueueType, readonly string[]>>>> = {
  '3.10': { classic: CLASSIC, quorum: QUORUM, stream: STREAM },
  '4.2': {
    classic: [...CLASSIC, 'x-queue-leader-locator'],
    quorum: QUORUM,
    stream: [...STREAM, 'x-stream-filter-size-bytes'],
  },
  '4.3': {
    classic: [...CLASSIC, 'x-queue-leader-locator'],
    quorum: [...QUORUM, ...QUORUM_4_3],
    stream: [...STREAM, 'x-stream-filter-size-bytes'],
  },
};

/** The arguments of which a redeclaration must say the same. */
export function knownArguments(version: Version, type: QueueType): readonly string[] {
  return KNOWN[version][type];
}

/** Ten years, the longest time that the server takes, milliseconds. */
export const EXPIRY_MAX_MS = 315_360_000_000;
/** Of a stream's segment. */
const SEGMENT_BYTES_MAX = 3_000_000_000;

/** What is wrong with a value, as Erlang prints it; null, nothing. */
type Check = (value: FieldValue, all: Table, version: Version) => string | null;

function unacceptable(value: FieldValue): string {
  return `{unacceptable_type,${fieldType(value)}}`;
}

/** Whether it is an integer, and if so what `then` says. */
function integer(then: (value: number) => string | null): Check {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value)
      ? then(value)
      : formatString(`expected integer, got ${fieldType(value)}`);
}

/** from 0 to ten years. @returns what the server says, without what it says it of; null, nothing */
export function checkExpiry(ms: number): string | null {
  if (ms < 0) return `{value_negative,${ms}}`;
  return ms > EXPIRY_MAX_MS ? `{value_too_large,${ms}}` : null;
}

const notNegative = integer((value) => (value < 0 ? `{value_negative,${value}}` : null));
const positive = integer((value) =>
  value < 0 ? `{value_negative,${value}}` : value === 0 ? '{value_zero,0}' : null,
);
const boolean: Check = (value) => (typeof value === 'boolean' ? null : unacceptable(value));
const text: Check = (value) => (typeof value === 'string' ? null : unacceptable(value));

function oneOf(known: readonly string[], otherwise: (value: string) => string): Check {
  return (value) => {
    if (typeof value !== 'string') return unacceptable(value);
    return known.includes(value) ? null : otherwise(value);
  };
}

/** in 4.3 (4.3.6) an age counts as its milliseconds, and errors say them. */
export function ageInMs(version: Version, given: Table): Table {
  const age = own(given, 'x-max-age');
  const ms = version === '4.3' && typeof age === 'string' ? parseMaxAge(age) : null;
  return ms === null ? given : { ...given, 'x-max-age': String(ms) };
}

/** `x-max-age`: a number and one of these, in seconds. @returns milliseconds; null where it is no such text */
export function parseMaxAge(age: string): number | null {
  const parts = /^(\d+)([YMDhms])$/.exec(age);
  const number = Number(parts?.[1] ?? 0);
  if (number === 0) return null;
  return number * UNIT_MS[parts![2] as keyof typeof UNIT_MS];
}

const HOUR_MS = 3_600_000;
const UNIT_MS = {
  Y: 365 * 24 * HOUR_MS,
  M: 30 * 24 * HOUR_MS,
  D: 24 * HOUR_MS,
  h: HOUR_MS,
  m: 60_000,
  s: 1000,
} as const;

const queueMode = oneOf(['default', 'lazy'], (value) => formatString(`unsupported queue mode '${value}'`));

/** In the order in which the server looks at them. */
const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['x-expires', integer((value) => (value === 0 ? '{value_zero,0}' : checkExpiry(value)))],
  ['x-message-ttl', integer(checkExpiry)],
  ['x-dead-letter-exchange', text],
  [
    'x-dead-letter-routing-key',
    (value, all) => {
      if (typeof value !== 'string') return unacceptable(value);
      return own(all, 'x-dead-letter-exchange') === undefined ? 'routing_key_but_no_dlx_defined' : null;
    },
  ],
  ['x-dead-letter-strategy', oneOf(['at-most-once', 'at-least-once'], () => 'invalid_dlx_strategy')],
  ['x-max-length', notNegative],
  ['x-max-length-bytes', notNegative],
  ['x-max-in-memory-length', notNegative],
  ['x-max-in-memory-bytes', notNegative],
  [
    'x-max-priority',
    integer((value) => {
      if (value < 0) return `{value_negative,${value}}`;
      return value > 255 ? `{max_value_exceeded,${value}}` : null;
    }),
  ],
  ['x-overflow', oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], () => 'invalid_overflow')],
  [
    'x-queue-mode',
    // 4.3 knows its name, and takes anything.
    (value, all, version) => (version === '4.3' ? null : queueMode(value, all, version)),
  ],
  [
    'x-queue-version',
    (value, all, version) => {
      const problem = notNegative(value, all, version);
      if (problem !== null || value === 2 || (value === 1 && version !== '4.3')) return problem;
      return formatString(`unsupported queue version '${formatTerm(value)}'`);
    },
  ],
  ['x-single-active-consumer', boolean],
  ['x-consumer-timeout', notNegative],
  ['x-consumer-disconnected-timeout', notNegative],
  ['x-quorum-initial-group-size', positive],
  ['x-max-age', (value) => (typeof value === 'string' ? maxAge(value) : unacceptable(value))],
  ['x-stream-max-segment-size-bytes', notNegative],
  ['x-stream-filter-size-bytes', notNegative],
  ['x-initial-cluster-size', positive],
  [
    'x-queue-leader-locator',
    oneOf(['client-local', 'balanced', 'random', 'least-leaders'], () => 'invalid_queue_locator_arg'),
  ],
];

function maxAge(value: string): string | null {
  return parseMaxAge(value) === null ? 'invalid_max_age' : null;
}

const typeCheck = oneOf(QUEUE_TYPES, (value) => formatString(`unsupported queue type '${value}'`));

/** The type that arguments ask for. @throws AmqpError 406 of a type that there is not */
export function queueType(name: string, queueArguments: Table): QueueType {
  const asked = own(queueArguments, 'x-queue-type');
  if (asked === undefined) return 'classic';
  const problem = typeCheck(asked, queueArguments, '4.3');
  if (problem !== null) refuse('x-queue-type', name, problem);
  return asked as QueueType;
}

/**
 * whether a new queue of this name may have these arguments and properties.
 * @param exclusive whether it has an owner
 * @throws AmqpError 406 in the server's words
 */
export function checkQueue(
  version: Version,
  queue: {
    readonly name: string;
    readonly durable: boolean;
    readonly exclusive: boolean;
    readonly autoDelete: boolean;
    readonly arguments: Table;
  },
): void {
  const { name, arguments: given } = queue;
  const where = resource('queue', name);
  const exchange = own(given, 'x-dead-letter-exchange');
  if (exchange !== undefined && typeof exchange !== 'string') {
    const type = fieldType(exchange);
    throw new AmqpError(406, `invalid type '${type}' for arg 'x-dead-letter-exchange' in ${where}`);
  }
  const type = queueType(name, given);
  const known = KNOWN[version][type];
  for (const [argument, check] of CHECKS) {
    const value = own(given, argument);
    if (value === undefined || !known.includes(argument)) continue;
    const problem = check(value, given, version);
    if (problem !== null) refuse(argument, name, problem);
  }
  for (const argument of Object.keys(given)) {
    if (known.includes(argument) || !belongsToSome(version, argument)) continue;
    throw new AmqpError(406, `invalid arg '${argument}' for ${where} of queue type rabbit_${type}_queue`);
  }
  if (version === '4.3' && !queue.durable && !queue.exclusive) throw denied('transient_nonexcl_queues');
  if (type === 'classic') {
    if (version === '4.3' && own(given, 'x-queue-master-locator') !== undefined)
      throw denied('queue_master_locator');
    return;
  }
  if (queue.autoDelete) throw new AmqpError(406, `invalid property 'auto-delete' for ${where}`);
  if (queue.exclusive) throw new AmqpError(406, `invalid property 'exclusive-owner' for ${where}`);
  if (!queue.durable) throw new AmqpError(406, `invalid property 'non-durable' for ${where}`);
  if (type === 'stream') checkStream(version, given);
}

function checkStream(version: Version, given: Table): void {
  const segment = own(given, 'x-stream-max-segment-size-bytes');
  if (typeof segment === 'number' && segment > SEGMENT_BYTES_MAX) {
    throw new AmqpError(406, 'Exceeded max value for x-stream-max-segment-size-bytes');
  }
  const filter = own(given, 'x-stream-filter-size-bytes');
  if (version !== '3.10' && typeof filter === 'number' && (filter < 16 || filter > 255)) {
    throw new AmqpError(406, 'Invalid value for x-stream-filter-size-bytes');
  }
}

/** An argument that some type knows is refused by the others; one that none knows is accepted, and means nothing. */
function belongsToSome(version: Version, argument: string): boolean {
  return QUEUE_TYPES.some((type) => KNOWN[version][type].includes(argument));
}

function refuse(argument: string, queue: string, problem: string): never {
  throw new AmqpError(406, `invalid arg '${argument}' for ${resource('queue', queue)}: ${problem}`);
}

/** what a server of 4.3 no longer does unless its settings say so. */
function denied(feature: string): AmqpError {
  const text = [
    `Feature \`${feature}\` is deprecated.`,
    'By default, this feature is not permitted anymore.',
    'The feature will be removed from a future major RabbitMQ version, regardless of the configuration; actual version to ' +
      'be determined.',
    'To continue using this feature when it is not permitted by default, set the following parameter in your configuration:',
    `    "deprecated_features.permit.${feature} = true"`,
  ];
  return new AmqpError(541, text.join('\n'));
}
