/** What a client makes of a broker's error: the exception an application sees, and whether the library tries again. */
import type { ErrorCode } from './protocol.ts';

/** Errors that a client may repeat a request after: subclasses of Kafka's RetriableException. */
const RETRIABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'REQUEST_TIMED_OUT',
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'CONCURRENT_TRANSACTIONS',
  'UNSTABLE_OFFSET_COMMIT',
]);

/** Those that say that the client's metadata is old: subclasses of InvalidMetadataException. */
const STALE_METADATA: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
]);

/** Exceptions with another name than their error's. */
const NAMES: Partial<Record<ErrorCode, string>> = {
  MESSAGE_TOO_LARGE: 'RecordTooLargeException',
  REQUEST_TIMED_OUT: 'TimeoutException',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'OutOfOrderSequenceException',
  INVALID_PRODUCER_ID_MAPPING: 'InvalidPidMappingException',
  INVALID_TRANSACTION_TIMEOUT: 'InvalidTxnTimeoutException',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopicException',
  FENCED_INSTANCE_ID: 'FencedInstanceIdException',
};

const DETAILS: Partial<Record<ErrorCode, string>> = {
  MESSAGE_TOO_LARGE: 'the record is larger than the broker takes (max.message.bytes)',
  INVALID_RECORD: 'the broker refused a record of the batch',
  INVALID_TIMESTAMP: 'the timestamp lies too far from the time of the broker',
  NOT_ENOUGH_REPLICAS: 'Messages are rejected since there are fewer in-sync replicas than required.',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'written, but to fewer in-sync replicas than min.insync.replicas',
  NOT_LEADER_OR_FOLLOWER: 'the broker that was asked does not lead the partition',
  UNKNOWN_TOPIC_OR_PARTITION: 'the broker does not host this partition',
  REQUEST_TIMED_OUT: 'the in-sync replicas did not get the records in time',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'the broker expected another sequence number',
  INVALID_PRODUCER_EPOCH: 'Producer attempted to produce with an old epoch.',
  INVALID_TXN_STATE: 'the transaction is not in a state that allows this',
  INVALID_PRODUCER_ID_MAPPING: 'the producer id is not assigned to this transactional.id any more',
  INVALID_TRANSACTION_TIMEOUT: 'transaction.timeout.ms is above the broker’s transaction.max.timeout.ms',
  TRANSACTION_ABORTABLE: 'the transaction can only be aborted',
};

export function isRetriable(error: ErrorCode): boolean {
  return RETRIABLE.has(error);
}

export function saysMetadataIsOld(error: ErrorCode): boolean {
  return STALE_METADATA.has(error);
}

/** @returns the exception's name */
export function exceptionName(error: ErrorCode): string {
  return (
    NAMES[error] ??
    `${error
      .split('_')
      .map((word) => word[0]! + word.slice(1).toLowerCase())
      .join('')}Exception`
  );
}

/** @returns the exception's name and a message, as an application prints them */
export function exceptionOf(error: ErrorCode): string {
  const name = exceptionName(error);
  const detail = DETAILS[error];
  return detail === undefined ? name : `${name}: ${detail}`;
}
