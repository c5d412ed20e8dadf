/**
 * What clients and broker say to one another: Kafka's requests and replies by their API names, as far as this model
 * speaks them. A partition is named by its place, `orders-0`, on the wire too, so that no string is built per record.
 */
import type { MessageId } from '../../sim/trace.ts';

/** Errors by their names in the protocol. */
export type ErrorCode =
  | 'NONE'
  | 'UNKNOWN_TOPIC_OR_PARTITION'
  | 'OFFSET_OUT_OF_RANGE'
  | 'INVALID_PARTITIONS'
  | 'INVALID_PRODUCER_EPOCH'
  | 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  | 'MEMBER_ID_REQUIRED'
  | 'UNKNOWN_MEMBER_ID'
  | 'ILLEGAL_GENERATION'
  | 'REBALANCE_IN_PROGRESS'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'INVALID_SESSION_TIMEOUT'
  | 'FENCED_INSTANCE_ID';

/** The unit of produce (K-2): records of one partition, with the producer's identity and sequence (K-37). */
export interface RecordBatch {
  readonly place: string;
  /** −1 without idempotence. */
  producerId: number;
  epoch: number;
  baseSequence: number;
  readonly messages: MessageId[];
  readonly keys: (string | null)[];
  /** Size of each record as stored, bytes. */
  readonly sizes: number[];
}

/** Records of one partition in a fetch reply; offsets are dense from `baseOffset`. */
export interface FetchedRecords {
  readonly place: string;
  readonly error: ErrorCode;
  readonly baseOffset: number;
  readonly messages: readonly MessageId[];
  readonly keys: readonly (string | null)[];
}

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
  /** −1 commits without membership (K-81). */
  readonly generation: number;
  readonly offsets: readonly (readonly [place: string, offset: number])[];
}

export interface OffsetFetchRequest {
  readonly api: 'OffsetFetch';
  readonly group: string;
  readonly places: readonly string[];
}

export type GroupRequest =
  | JoinGroupRequest
  | SyncGroupRequest
  | HeartbeatRequest
  | LeaveGroupRequest
  | OffsetCommitRequest
  | OffsetFetchRequest;

export interface ProduceRequest {
  readonly api: 'Produce';
  readonly acks: '0' | '1' | 'all';
  readonly batches: readonly RecordBatch[];
}

export interface FetchRequest {
  readonly api: 'Fetch';
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  readonly positions: readonly (readonly [place: string, offset: number])[];
}

export type Request =
  | { readonly api: 'Metadata'; readonly topics: readonly string[] }
  | { readonly api: 'InitProducerId' }
  | ProduceRequest
  | FetchRequest
  | { readonly api: 'ListOffsets'; readonly places: readonly string[]; readonly at: 'earliest' | 'latest' }
  | { readonly api: 'CreatePartitions'; readonly topic: string; readonly total: number }
  | { readonly api: 'FindCoordinator'; readonly group: string }
  | GroupRequest;

export interface TopicMetadata {
  readonly topic: string;
  /** Its partitions in order; empty for a topic that is not there. */
  readonly places: readonly string[];
}

export type Reply =
  | { readonly api: 'Metadata'; readonly topics: readonly TopicMetadata[] }
  | { readonly api: 'InitProducerId'; readonly producerId: number; readonly epoch: number }
  | {
      readonly api: 'Produce';
      readonly results: readonly {
        readonly place: string;
        readonly error: ErrorCode;
        readonly baseOffset: number;
      }[];
    }
  | { readonly api: 'Fetch'; readonly partitions: readonly FetchedRecords[] }
  | {
      readonly api: 'ListOffsets';
      readonly offsets: readonly (readonly [place: string, offset: number])[];
    }
  | { readonly api: 'CreatePartitions'; readonly error: ErrorCode; readonly detail: string }
  | { readonly api: 'FindCoordinator'; readonly node: string }
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
  | {
      readonly api: 'OffsetFetch';
      readonly offsets: readonly (readonly [place: string, offset: number])[];
    };

export type ReplyTo<Api extends Request['api']> = Extract<Reply, { api: Api }>;

/** On the wire. */
export interface RequestEnvelope {
  readonly correlation: number;
  readonly request: Request;
}
export interface ReplyEnvelope {
  readonly correlation: number;
  readonly reply: Reply;
}
