/** What holds for a queue: its arguments, its policies and the version's defaults, merged. */
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { FieldValue, Table, Version } from '../config.ts';
import type { QueueLimits } from '../queue.ts';
import { own } from '../routing/explain-headers.ts';
import { parseMaxAge, type QueueType } from './arguments.ts';
import { lowerDeliveryLimit } from './policies.ts';

const DELIVERY_LIMIT = 20;
const SEGMENT_BYTES = 500_000_000;
const RETRY_DISABLED = { type: 'disabled', min: 0, max: null } as const;

/** A queue as far as its limits go. */
export interface Limited {
  readonly type: QueueType;
  readonly arguments: Table;
  /** What its policies say together. */
  readonly policy: Table;
}

/** A key of both sides, where both say something: which holds. */
type Resolve = 'lower' | 'argument' | 'policy';

function lookUp(queue: Limited, key: string, resolve: Resolve): FieldValue | undefined {
  const argument = own(queue.arguments, `x-${key}`);
  const policy = own(queue.policy, key);
  if (argument === undefined || policy === undefined) return argument ?? policy;
  if (resolve === 'lower' && typeof argument === 'number' && typeof policy === 'number') {
    return Math.min(argument, policy);
  }
  return resolve === 'policy' ? policy : argument;
}

function number(queue: Limited, key: string, resolve: Resolve = 'lower'): number | null {
  const value = lookUp(queue, key, resolve);
  return typeof value === 'number' ? value : null;
}

function text(queue: Limited, key: string, resolve: Resolve = 'argument'): string | null {
  const value = lookUp(queue, key, resolve);
  return typeof value === 'string' ? value : null;
}

function micros(ms: number | null): Micros | null {
  return ms === null ? null : fromMs(ms);
}

/** how long it may be unused, and in 3.10 a quorum queue's policy goes before its argument. */
export function expiryOf(version: Version, queue: Limited): Micros | null {
  if (queue.type === 'stream') return null;
  const resolve = version === '3.10' && queue.type === 'quorum' ? 'policy' : 'lower';
  return micros(number(queue, 'expires', resolve));
}

/** how long a delivery may be unacknowledged, where the queue says so; null: the node's own setting holds. */
export function consumerTimeoutOf(version: Version, queue: Limited): Micros | null {
  if (version === '3.10' || (version === '4.3' && queue.type !== 'quorum')) return null;
  return micros(number(queue, 'consumer-timeout'));
}

export function limitsOf(version: Version, queue: Limited): QueueLimits {
  const none: QueueLimits = {
    messageTtl: null,
    maxLength: null,
    maxLengthBytes: null,
    overflow: 'drop-head',
    deadLetterExchange: null,
    deadLetterRoutingKey: null,
    deadLetterStrategy: 'at-most-once',
    maxPriority: 0,
    deliveryLimit: null,
    singleActiveConsumer: false,
    delayedRetry: RETRY_DISABLED,
    maxAge: null,
    maxSegmentBytes: SEGMENT_BYTES,
  };
  if (queue.type === 'stream') return Object.freeze({ ...none, ...streamLimits(queue) });
  const deadLetterExchange = text(queue, 'dead-letter-exchange');
  const overflow = overflowOf(queue);
  return Object.freeze({
    ...none,
    messageTtl: micros(number(queue, 'message-ttl')),
    maxLength: number(queue, 'max-length'),
    maxLengthBytes: number(queue, 'max-length-bytes'),
    overflow,
    deadLetterExchange,
    deadLetterRoutingKey: deadLetterExchange === null ? null : text(queue, 'dead-letter-routing-key'),
    singleActiveConsumer: own(queue.arguments, 'x-single-active-consumer') === true,
    ...(queue.type === 'classic'
      ? { maxPriority: maxPriority(version, queue) }
      : {
          deadLetterStrategy: strategy(queue, overflow, deadLetterExchange),
          deliveryLimit: deliveryLimit(version, queue),
          delayedRetry: version === '4.3' ? delayedRetry(queue) : RETRY_DISABLED,
        }),
  });
}

/** what a policy says goes before the argument. */
function streamLimits(queue: Limited): Pick<QueueLimits, 'maxLengthBytes' | 'maxAge' | 'maxSegmentBytes'> {
  const age = text(queue, 'max-age', 'policy');
  return {
    maxLengthBytes: number(queue, 'max-length-bytes', 'policy'),
    maxAge: age === null ? null : micros(parseMaxAge(age)),
    maxSegmentBytes: number(queue, 'stream-max-segment-size-bytes', 'policy') ?? SEGMENT_BYTES,
  };
}

/** an argument goes first on a classic queue, a policy on a quorum queue, which knows no reject-publish-dlx. */
function overflowOf(queue: Limited): QueueLimits['overflow'] {
  const quorum = queue.type === 'quorum';
  switch (text(queue, 'overflow', quorum ? 'policy' : 'argument')) {
    case 'reject-publish':
      return 'reject-publish';
    case 'reject-publish-dlx':
      return quorum ? 'drop-head' : 'reject-publish-dlx';
    default:
      return 'drop-head';
  }
}

/** at-least-once only where nothing is dropped for want of room. */
function strategy(
  queue: Limited,
  overflow: QueueLimits['overflow'],
  exchange: string | null,
): QueueLimits['deadLetterStrategy'] {
  const asked = text(queue, 'dead-letter-strategy') === 'at-least-once';
  return asked && overflow === 'reject-publish' && exchange !== null ? 'at-least-once' : 'at-most-once';
}

/** no policy sets it. Since 4.0 an argument of 0 gives two levels, as 1 does. */
function maxPriority(version: Version, queue: Limited): number {
  const asked = own(queue.arguments, 'x-max-priority');
  if (typeof asked !== 'number') return 0;
  return version === '3.10' ? asked : Math.max(1, asked);
}

/** In 3.10 a negative limit is one that the first return is over. */
function deliveryLimit(version: Version, queue: Limited): number | null {
  const argument = own(queue.arguments, 'x-delivery-limit');
  const policy = own(queue.policy, 'delivery-limit');
  const both = typeof argument === 'number' && typeof policy === 'number';
  const limit = both ? lowerDeliveryLimit(argument, policy, version) : number(queue, 'delivery-limit');
  if (version === '3.10') return limit;
  if (limit === null) return DELIVERY_LIMIT;
  return limit < 0 ? null : limit;
}

/** without a minimum there is no delay; without a maximum every delay is the minimum. */
function delayedRetry(queue: Limited): QueueLimits['delayedRetry'] {
  const type = text(queue, 'delayed-retry-type', 'policy');
  const min = number(queue, 'delayed-retry-min');
  if ((type !== 'all' && type !== 'failed' && type !== 'returned') || min === null || min <= 0) {
    return RETRY_DISABLED;
  }
  const max = number(queue, 'delayed-retry-max');
  return { type, min: fromMs(min), max: fromMs(max !== null && max > 0 ? max : min) };
}
