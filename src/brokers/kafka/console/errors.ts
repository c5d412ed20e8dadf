/** The protocol's errors as the Java client names and explains them. */
import type { ErrorCode } from '../protocol.ts';

const PACKAGE = 'org.apache.kafka.common.errors';

/** Classes whose names do not follow from the error's. */
const CLASSES: Partial<Record<ErrorCode, string>> = {
  TOPIC_ALREADY_EXISTS: 'TopicExistsException',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopicException',
  INVALID_CONFIG: 'InvalidConfigurationException',
  MESSAGE_TOO_LARGE: 'RecordTooLargeException',
  REQUEST_TIMED_OUT: 'TimeoutException',
  NON_EMPTY_GROUP: 'GroupNotEmptyException',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'OutOfOrderSequenceException',
  INVALID_PRODUCER_ID_MAPPING: 'InvalidPidMappingException',
  COORDINATOR_LOAD_IN_PROGRESS: 'CoordinatorLoadInProgressException',
  INVALID_TRANSACTION_TIMEOUT: 'InvalidTxnTimeoutException',
};

const MESSAGES: Partial<Record<ErrorCode, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'This server does not host this topic-partition.',
  TOPIC_ALREADY_EXISTS: 'Topic with this name already exists.',
  INVALID_TOPIC_EXCEPTION: 'The request attempted to perform an operation on an invalid topic.',
  INVALID_REPLICATION_FACTOR: 'Replication factor is below 1 or larger than the number of available brokers.',
  INVALID_PARTITIONS: 'Number of partitions is below 1.',
  INVALID_CONFIG: 'Configuration is invalid.',
  INVALID_REQUEST: 'The request was not as the protocol wants it.',
  OFFSET_OUT_OF_RANGE: 'The requested offset is not within the range of offsets maintained by the server.',
  NOT_LEADER_OR_FOLLOWER: 'This broker is not the leader of the partition.',
  LEADER_NOT_AVAILABLE:
    'There is no leader for this topic-partition as we are in the middle of a leadership election.',
  REQUEST_TIMED_OUT: 'The request timed out.',
  NOT_ENOUGH_REPLICAS: 'Messages are rejected since there are fewer in-sync replicas than required.',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    'Messages are written to the log, but to fewer in-sync replicas than required.',
  COORDINATOR_NOT_AVAILABLE: 'The coordinator is not available.',
  COORDINATOR_LOAD_IN_PROGRESS: "The coordinator is loading and hence can't process requests.",
  NOT_COORDINATOR: 'This is not the correct coordinator.',
  UNKNOWN_MEMBER_ID: 'The coordinator is not aware of this member.',
  ILLEGAL_GENERATION: 'Specified group generation id is not valid.',
  STALE_MEMBER_EPOCH:
    'The member epoch is stale. The member must retry after receiving its updated member epoch via the ConsumerGroupHeartbeat API.',
  REBALANCE_IN_PROGRESS: 'The group is rebalancing, so a rejoin is needed.',
  GROUP_ID_NOT_FOUND: 'The group id does not exist.',
  NON_EMPTY_GROUP: 'The group is not empty.',
  GROUP_SUBSCRIBED_TO_TOPIC:
    'Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.',
  ELECTION_NOT_NEEDED: 'Leader election not needed for topic partition.',
  PREFERRED_LEADER_NOT_AVAILABLE: 'The preferred leader was not available.',
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 'Eligible topic partition leaders are not available.',
  NOT_CONTROLLER: 'This is not the correct controller for this cluster.',
};

/** The class of the client's exception: `GROUP_ID_NOT_FOUND` is `…GroupIdNotFoundException`. */
export function exceptionOf(code: ErrorCode): string {
  const own = CLASSES[code];
  if (own !== undefined) return `${PACKAGE}.${own}`;
  const name = code.replace(
    /_?([A-Z])([A-Z]*)/g,
    (_, first: string, rest: string) => first + rest.toLowerCase(),
  );
  return `${PACKAGE}.${name}Exception`;
}

/** What the client says of an error of which the broker says no more. */
export function defaultMessage(code: ErrorCode): string {
  return MESSAGES[code] ?? `The broker answered ${code}.`;
}

export const TIMEOUT_EXCEPTION = `${PACKAGE}.TimeoutException`;
