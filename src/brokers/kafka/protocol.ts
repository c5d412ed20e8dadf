/**
 * What clients and brokers say to one another: Kafka's requests and replies by their API names, as far as this model
 * speaks them. A partition is named by its place, `orders-0`, on the wire too, so that no string is built per record.
 */
import type { MessageId } from '../../sim/trace.ts';
import type { RecordBatch, StoredBatch } from './batch.ts';
import type { ClusterImage, PartitionImage } from './cluster-image.ts';
import type { TopicConfig } from './config.ts';

/** Errors by their names in the protocol. */
export type ErrorCode =
  | 'NONE'
  | 'UNKNOWN_TOPIC_OR_PARTITION'
  | 'TOPIC_ALREADY_EXISTS'
  | 'INVALID_TOPIC_EXCEPTION'
  | 'INVALID_REPLICATION_FACTOR'
  | 'INVALID_REPLICA_ASSIGNMENT'
  | 'INVALID_PARTITIONS'
  | 'INVALID_CONFIG'
  | 'INVALID_REQUEST'
  | 'OFFSET_OUT_OF_RANGE'
  | 'NOT_LEADER_OR_FOLLOWER'
  | 'LEADER_NOT_AVAILABLE'
  | 'FENCED_LEADER_EPOCH'
  | 'UNKNOWN_LEADER_EPOCH'
  | 'NOT_ENOUGH_REPLICAS'
  | 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'
  | 'REQUEST_TIMED_OUT'
  | 'MESSAGE_TOO_LARGE'
  | 'INVALID_RECORD'
  | 'INVALID_TIMESTAMP'
  | 'INVALID_PRODUCER_EPOCH'
  | 'PRODUCER_FENCED'
  | 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  | 'INVALID_TXN_STATE'
  | 'INVALID_PRODUCER_ID_MAPPING'
  | 'INVALID_TRANSACTION_TIMEOUT'
  | 'CONCURRENT_TRANSACTIONS'
  | 'TRANSACTION_ABORTABLE'
  | 'NOT_COORDINATOR'
  | 'COORDINATOR_NOT_AVAILABLE'
  | 'COORDINATOR_LOAD_IN_PROGRESS'
  | 'MEMBER_ID_REQUIRED'
  | 'UNKNOWN_MEMBER_ID'
  | 'ILLEGAL_GENERATION'
  | 'REBALANCE_IN_PROGRESS'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'INVALID_SESSION_TIMEOUT'
  | 'FENCED_INSTANCE_ID'
  | 'FENCED_MEMBER_EPOCH'
  | 'STALE_MEMBER_EPOCH'
  | 'UNRELEASED_INSTANCE_ID'
  | 'UNSUPPORTED_ASSIGNOR'
  | 'UNSTABLE_OFFSET_COMMIT'
  | 'GROUP_ID_NOT_FOUND'
  | 'NON_EMPTY_GROUP'
  | 'GROUP_SUBSCRIBED_TO_TOPIC'
  | 'GROUP_MAX_SIZE_REACHED'
  | 'INVALID_RECORD_STATE'
  | 'FENCED_STATE_EPOCH'
  | 'ELECTION_NOT_NEEDED'
  | 'PREFERRED_LEADER_NOT_AVAILABLE'
  | 'ELIGIBLE_LEADERS_NOT_AVAILABLE'
  | 'STALE_BROKER_EPOCH'
  | 'DUPLICATE_BROKER_REGISTRATION'
  | 'INVALID_UPDATE_VERSION'
  | 'INELIGIBLE_REPLICA'
  | 'NOT_CONTROLLER';

type Offsets = readonly (readonly [place: string, offset: number])[];

// Producing and fetching.

export interface ProduceRequest {
  readonly api: 'Produce';
  readonly acks: '0' | '1' | 'all';
  /** The producer's `request.timeout.ms`: how long the leader waits for its followers (K-58). */
  readonly timeoutMs: number;
  readonly transactionalId: string | null;
  readonly batches: readonly RecordBatch[];
}

export interface FetchPosition {
  readonly place: string;
  readonly offset: number;
  /** The leader epoch that the fetcher believes in; −1 for none. */
  readonly leaderEpoch: number;
  /** Epoch of the last record it has, or has read (K-9); −1 for none. */
  readonly lastFetchedEpoch: number;
}

export interface FetchRequest {
  readonly api: 'Fetch';
  /** The follower that fetches (K-51); null for a consumer. */
  readonly replica: string | null;
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  readonly positions: readonly FetchPosition[];
}

/** A transaction that was aborted: what its producer wrote from there to its marker is to be dropped (K-50). */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface FetchedPartition {
  readonly place: string;
  readonly error: ErrorCode;
  /** Whole batches: the first may begin below the offset asked for (K-2). */
  readonly batches: readonly StoredBatch[];
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStart: number;
  /** For read_committed only. */
  readonly aborted: readonly AbortedTransaction[];
  /** K-9: the fetcher's log parts from the leader's; then there are no batches. */
  readonly diverging: { readonly epoch: number; readonly endOffset: number } | null;
}

export interface ListOffsetsRequest {
  readonly api: 'ListOffsets';
  readonly places: readonly string[];
  /** A number is a timestamp in microseconds of the run (K-10). */
  readonly at: 'earliest' | 'latest' | number;
  readonly isolation: 'read_uncommitted' | 'read_committed';
}

// Groups: the classic protocol (K-76 to K-84), the consumer protocol (K-85 to K-91), share groups (K-101 to K-108).

/** One assignor that a member offers, with what it tells the assignor (K-77, K-83). */
export interface JoinProtocol {
  readonly name: string;
  readonly topics: readonly string[];
  readonly owned: readonly string[];
  /** The generation in which `owned` was assigned; −1 for none. */
  readonly generation: number;
}

export interface GroupMember {
  readonly memberId: string;
  readonly client: string;
  readonly instanceId: string | null;
  readonly subscription: JoinProtocol;
}

export interface JoinGroupRequest {
  readonly api: 'JoinGroup';
  readonly group: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: readonly JoinProtocol[];
}

export interface SyncGroupRequest {
  readonly api: 'SyncGroup';
  readonly group: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
  /** From the leader: places per member id. Empty from the others. */
  readonly assignments: readonly (readonly [memberId: string, places: readonly string[]])[];
}

export interface HeartbeatRequest {
  readonly api: 'Heartbeat';
  readonly group: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
}

export interface LeaveGroupRequest {
  readonly api: 'LeaveGroup';
  readonly group: string;
  readonly memberId: string;
  readonly why: string;
}

export interface OffsetCommitRequest {
  readonly api: 'OffsetCommit';
  readonly group: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Generation, or member epoch; −1 commits without membership (K-81). */
  readonly generation: number;
  readonly offsets: Offsets;
}

export interface OffsetFetchRequest {
  readonly api: 'OffsetFetch';
  readonly group: string;
  /** Null asks for all that the group has. */
  readonly places: readonly string[] | null;
  /** K-48: not while a transaction that holds offsets of these places is open. */
  readonly requireStable: boolean;
}

/** K-86: joins (epoch 0), stays, acknowledges, leaves (−1; −2 a static member that will be back). */
export interface ConsumerGroupHeartbeatRequest {
  readonly api: 'ConsumerGroupHeartbeat';
  readonly group: string;
  /** Made by the client itself; the same over its life. */
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly memberEpoch: number;
  readonly rebalanceTimeoutMs: number;
  /** Null: as before. */
  readonly topics: readonly string[] | null;
  /** `group.remote.assignor`; null leaves it to the broker. */
  readonly serverAssignor: string | null;
  /** What it owns now; null: as before. */
  readonly owned: readonly string[] | null;
}

export interface ShareGroupHeartbeatRequest {
  readonly api: 'ShareGroupHeartbeat';
  readonly group: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly topics: readonly string[] | null;
}

export type GroupRequest =
  | JoinGroupRequest
  | SyncGroupRequest
  | HeartbeatRequest
  | LeaveGroupRequest
  | OffsetCommitRequest
  | OffsetFetchRequest
  | ConsumerGroupHeartbeatRequest
  | ShareGroupHeartbeatRequest
  | TxnOffsetCommitRequest
  /** From a transaction's coordinator: how it ended for the offsets in it (K-48). */
  | {
      readonly api: 'CompleteTxnOffsets';
      readonly group: string;
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly outcome: 'committed' | 'aborted';
    }
  | { readonly api: 'DescribeGroup'; readonly group: string }
  | { readonly api: 'DeleteGroup'; readonly group: string }
  | { readonly api: 'OffsetDelete'; readonly group: string; readonly places: readonly string[] }
  /** From a share-partition's leader: what the group has there; kept with the group (K-107). */
  | {
      readonly api: 'WriteShareState';
      readonly group: string;
      readonly place: string;
      readonly leaderEpoch: number;
      readonly state: ShareState;
    }
  | {
      readonly api: 'ReadShareState';
      readonly group: string;
      readonly place: string;
      readonly leaderEpoch: number;
    };

/** K-105: what outlives a leader: the start offset and every record at or after it that is not simply available. */
export interface ShareState {
  readonly startOffset: number;
  readonly records: readonly {
    readonly offset: number;
    readonly state: 'available' | 'acknowledged' | 'archived';
    readonly deliveryCount: number;
  }[];
}

export type AcknowledgeType = 'accept' | 'release' | 'reject' | 'renew';

export interface ShareAcknowledgement {
  readonly place: string;
  readonly offset: number;
  readonly type: AcknowledgeType;
}

/** Acknowledges what an earlier fetch brought, and fetches (K-103, K-105). */
export interface ShareFetchRequest {
  readonly api: 'ShareFetch';
  readonly group: string;
  readonly memberId: string;
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly maxRecords: number;
  /** Empty: acknowledges only. */
  readonly places: readonly string[];
  readonly acknowledgements: readonly ShareAcknowledgement[];
  /** Its last words: what it still holds becomes available. */
  readonly closing: boolean;
}

export interface AcquiredRecord {
  readonly offset: number;
  /** Base offset of the batch that it lies in: poll() does not part a batch (KAFKA-17863). */
  readonly batch: number;
  readonly message: MessageId;
  readonly key: string | null;
  readonly value: string | null | undefined;
  readonly deliveryCount: number;
}

// Transactions (K-43 to K-48).

export type TransactionRequest =
  | {
      readonly api: 'InitProducerId';
      /** Null for an idempotent producer: any broker answers. */
      readonly transactionalId: string | null;
      readonly transactionTimeoutMs: number;
      /** What it was given before, when it recovers from an error; −1 for none. */
      readonly producerId: number;
      readonly producerEpoch: number;
    }
  /** From the leader that gets a first produce of a transaction (K-45), or from the producer itself. */
  | {
      readonly api: 'AddPartitionsToTxn';
      readonly transactionalId: string;
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly places: readonly string[];
    }
  | {
      readonly api: 'AddOffsetsToTxn';
      readonly transactionalId: string;
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly group: string;
    }
  | {
      readonly api: 'EndTxn';
      readonly transactionalId: string;
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly outcome: 'committed' | 'aborted';
    };

export interface TxnOffsetCommitRequest {
  readonly api: 'TxnOffsetCommit';
  readonly group: string;
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
  readonly offsets: Offsets;
}

/** From a transaction's coordinator to the leader of a partition in it. */
export interface WriteTxnMarkersRequest {
  readonly api: 'WriteTxnMarkers';
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly outcome: 'committed' | 'aborted';
  readonly places: readonly string[];
}

// The cluster: brokers and controller, administrators.

export type ControllerRequest =
  | {
      readonly api: 'BrokerRegistration';
      readonly node: string;
      readonly incarnation: number;
      /** Whether its last life ended in good order (K-63). */
      readonly cleanShutdown: boolean;
    }
  | {
      readonly api: 'BrokerHeartbeat';
      readonly node: string;
      readonly brokerEpoch: number;
      readonly wantFence: boolean;
      readonly wantShutDown: boolean;
      /** The image it has: one that is behind is sent the present one, and not unfenced before. */
      readonly imageVersion: number;
    }
  /** A partition of an internal topic, made when the first of its groups or transactional ids is looked for. */
  | { readonly api: 'CreateInternalPartition'; readonly place: string }
  | {
      readonly api: 'AlterPartition';
      readonly node: string;
      readonly brokerEpoch: number;
      readonly partitions: readonly {
        readonly place: string;
        readonly isr: readonly string[];
        readonly leaderEpoch: number;
        readonly partitionEpoch: number;
      }[];
    }
  | {
      readonly api: 'CreateTopics';
      readonly topic: string;
      readonly partitions: number;
      readonly replicationFactor: number;
      readonly replicas: readonly (readonly string[])[] | null;
      readonly config: TopicConfig;
      readonly internal: boolean;
    }
  | { readonly api: 'DeleteTopics'; readonly topic: string }
  | { readonly api: 'CreatePartitions'; readonly topic: string; readonly total: number }
  /** A null value removes the topic's own setting. */
  | {
      readonly api: 'IncrementalAlterConfigs';
      readonly topic: string;
      readonly config: { readonly [K in keyof TopicConfig]?: TopicConfig[K] | null };
    }
  | {
      readonly api: 'ElectLeaders';
      readonly election: 'preferred' | 'unclean';
      readonly places: readonly string[];
    }
  | { readonly api: 'AllocateProducerIds'; readonly node: string; readonly brokerEpoch: number };

export type Request =
  | ProduceRequest
  | FetchRequest
  | ListOffsetsRequest
  | {
      readonly api: 'Metadata';
      /** Null: all that are not internal. */ readonly topics: readonly string[] | null;
    }
  | {
      readonly api: 'FindCoordinator';
      readonly key: string;
      readonly keyType: 'group' | 'transaction';
    }
  | GroupRequest
  | { readonly api: 'ListGroups' }
  | ShareFetchRequest
  | TransactionRequest
  | WriteTxnMarkersRequest
  | ControllerRequest
  | { readonly api: 'DescribeConfigs'; readonly topic: string }
  | {
      readonly api: 'DeleteRecords';
      readonly place: string;
      /** −1: up to the high watermark. */ readonly before: number;
    };

export interface TopicMetadata {
  readonly topic: string;
  /** Its partitions in order; empty for a topic that is not there. */
  readonly partitions: readonly PartitionImage[];
  readonly error: ErrorCode;
  readonly config: TopicConfig;
}

export interface GroupDescription {
  readonly group: string;
  readonly type: 'Classic' | 'Consumer' | 'Share';
  readonly state: string;
  /** The coordinator's node. */
  readonly coordinator: string;
  readonly assignor: string;
  /** Generation, or group epoch. */
  readonly epoch: number;
  readonly targetEpoch: number | null;
  readonly members: readonly {
    readonly memberId: string;
    readonly client: string;
    readonly instanceId: string | null;
    readonly epoch: number | null;
    readonly places: readonly string[];
    readonly targetPlaces: readonly string[] | null;
  }[];
}

interface Done {
  readonly error: ErrorCode;
  /** What the broker says beside the code; empty for nothing. */
  readonly detail: string;
}

export type Reply =
  | {
      readonly api: 'Produce';
      readonly results: readonly {
        readonly place: string;
        readonly error: ErrorCode;
        readonly baseOffset: number;
      }[];
    }
  | { readonly api: 'Fetch'; readonly partitions: readonly FetchedPartition[] }
  | {
      readonly api: 'ListOffsets';
      /** An offset of −1: no record has that timestamp or a later one. */
      readonly offsets: readonly {
        readonly place: string;
        readonly error: ErrorCode;
        readonly offset: number;
      }[];
    }
  | {
      readonly api: 'Metadata';
      readonly brokers: readonly string[];
      readonly topics: readonly TopicMetadata[];
    }
  | { readonly api: 'FindCoordinator'; readonly error: ErrorCode; readonly node: string | null }
  | {
      readonly api: 'JoinGroup';
      readonly error: ErrorCode;
      readonly memberId: string;
      readonly generation: number;
      readonly protocol: string;
      readonly leader: string;
      /** For the leader alone, and not when its assignment is to be kept (K-84). */
      readonly members: readonly GroupMember[];
      readonly skipAssignment: boolean;
    }
  | {
      readonly api: 'SyncGroup';
      readonly error: ErrorCode;
      readonly protocol: string;
      readonly places: readonly string[];
    }
  | { readonly api: 'Heartbeat'; readonly error: ErrorCode }
  | { readonly api: 'LeaveGroup'; readonly error: ErrorCode }
  | { readonly api: 'OffsetCommit'; readonly error: ErrorCode }
  /** An offset of −1: nothing is committed there. */
  | { readonly api: 'OffsetFetch'; readonly error: ErrorCode; readonly offsets: Offsets }
  | {
      readonly api: 'ConsumerGroupHeartbeat' | 'ShareGroupHeartbeat';
      readonly error: ErrorCode;
      /** The broker's own words for the error. */
      readonly message?: string;
      readonly memberEpoch: number;
      readonly heartbeatIntervalMs: number;
      /** Null: as before. */
      readonly assignment: readonly string[] | null;
    }
  | { readonly api: 'TxnOffsetCommit'; readonly error: ErrorCode }
  | { readonly api: 'CompleteTxnOffsets'; readonly error: ErrorCode }
  | {
      readonly api: 'DescribeGroup';
      readonly error: ErrorCode;
      readonly description: GroupDescription | null;
    }
  | {
      readonly api: 'ListGroups';
      readonly groups: readonly Pick<GroupDescription, 'group' | 'type' | 'state'>[];
    }
  | { readonly api: 'DeleteGroup' | 'OffsetDelete'; readonly error: ErrorCode }
  | { readonly api: 'WriteShareState'; readonly error: ErrorCode }
  /** Null: the group has never had anything there. */
  | { readonly api: 'ReadShareState'; readonly error: ErrorCode; readonly state: ShareState | null }
  | {
      readonly api: 'ShareFetch';
      readonly partitions: readonly {
        readonly place: string;
        readonly error: ErrorCode;
        readonly acknowledgeError: ErrorCode;
        readonly acquired: readonly AcquiredRecord[];
      }[];
    }
  | {
      readonly api: 'InitProducerId' | 'EndTxn';
      readonly error: ErrorCode;
      /** K-45: with transactions v2 the end of a transaction brings a new epoch. */
      readonly producerId: number;
      readonly epoch: number;
    }
  | { readonly api: 'AddPartitionsToTxn' | 'AddOffsetsToTxn'; readonly error: ErrorCode }
  | {
      readonly api: 'WriteTxnMarkers';
      readonly results: readonly { readonly place: string; readonly error: ErrorCode }[];
    }
  | { readonly api: 'BrokerRegistration'; readonly error: ErrorCode; readonly brokerEpoch: number }
  | {
      readonly api: 'BrokerHeartbeat';
      readonly error: ErrorCode;
      readonly fenced: boolean;
      readonly shouldShutDown: boolean;
    }
  | {
      readonly api: 'AlterPartition';
      readonly error: ErrorCode;
      readonly results: readonly { readonly place: string; readonly error: ErrorCode }[];
    }
  | ({
      readonly api:
        | 'CreateTopics'
        | 'DeleteTopics'
        | 'CreatePartitions'
        | 'CreateInternalPartition'
        | 'IncrementalAlterConfigs';
    } & Done)
  | {
      readonly api: 'ElectLeaders';
      readonly results: readonly ({ readonly place: string } & Done)[];
    }
  | {
      readonly api: 'AllocateProducerIds';
      readonly error: ErrorCode;
      readonly first: number;
      readonly count: number;
    }
  | {
      readonly api: 'DescribeConfigs';
      readonly error: ErrorCode;
      /** What is set for all brokers while they run. */
      readonly cluster: TopicConfig;
      /** What holds for topics that do not say. */
      readonly broker: TopicConfig;
    }
  | { readonly api: 'DeleteRecords'; readonly error: ErrorCode; readonly logStart: number };

type ReplyOf<R, Api> = R extends { readonly api: infer Apis }
  ? Api extends Apis
    ? R & { readonly api: Api }
    : never
  : never;
export type ReplyTo<Api extends Request['api']> = ReplyOf<Reply, Api>;

/** On the wire. */
export interface RequestEnvelope {
  readonly correlation: number;
  readonly request: Request;
}
export interface ReplyEnvelope {
  readonly correlation: number;
  readonly reply: Reply;
}
/** What the controller tells a broker unasked, after every change and when it registers. */
export interface ImageEnvelope {
  readonly image: ClusterImage;
}
export type Envelope = RequestEnvelope | ReplyEnvelope | ImageEnvelope;
