/**
 * The picture of a Kafka run at one moment, as plain data: what the stages draw and the worker posts.
 * Bounded whatever the run's length: a partition shows its last cells, not its history.
 *
 * Some of it only one kind of stage needs. Those are the {@link ViewPart}s: a view is made with the parts that its stage
 * draws, and the others are neither folded nor posted.
 */
import type { Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import type { ConsoleView } from '../console-view.ts';

/** Records of a partition, and of each of its replicas, that the picture keeps, the newest ones. */
export const CELLS_MAX = 24;
/** Messages on the wire that the picture keeps. */
export const TRAVELS_MAX = 64;
/** Partitions whose replicas are shown, those made first. */
export const REPLICATED_MAX = 24;
/** Lost records that a partition lists, the newest ones; `lostTotal` counts them all. */
export const LOST_MAX = 24;
/** Partitions whose log is shown in detail, those made first. */
export const LOGS_MAX = 4;
/** Records, markers and what was removed a moment ago that a log in detail shows, the newest ones. */
export const LOG_CELLS_MAX = 96;
/** Segments that a log in detail shows, the newest ones. */
export const SEGMENTS_MAX = 32;
/** How long what was truncated, or removed from a log, stays in the picture: virtual time. */
export const FADE_MICROS: Micros = 4_000_000;
/** Intervals that the timeline keeps of a member, a group or a partition, the newest ones; totals count them all. */
export const INTERVALS_MAX = 48;
/** Members of a group that the timeline shows, those met first, and partitions, in order of their names. */
export const TIMELINE_ROWS_MAX = 24;
/** Partitions of a topic whose share is counted, those made first. */
export const DISTRIBUTION_MAX = 64;
/** Keys of one partition that are told apart; what comes after them is counted, but not by key. */
export const KEYS_COUNTED_MAX = 512;
/** Keys that a partition lists, those with the most records first. */
export const KEYS_LISTED_MAX = 8;
/** Keys found in more than one partition of a topic that are listed, those found first. */
export const SPLIT_KEYS_MAX = 16;
/** Transactional ids that the picture keeps, those met first. */
export const TRANSACTIONAL_IDS_MAX = 32;
/** Records of a share partition's window that the picture shows, the oldest ones; `counts` counts them all. */
export const SHARE_CELLS_MAX = 48;
/** Records before the window that the picture still shows. */
export const SHARE_DONE_MAX = 12;
/** Records that a member of a share group is shown to hold, the oldest ones. */
export const HELD_MAX = 24;

/**
 * What a stage may ask for beside the ordinary picture. What a cluster's transactions, share groups and console show needs
 * no asking: it is there as soon as there is any.
 */
export const VIEW_PARTS = ['replicas', 'log', 'timeline', 'distribution'] as const;
export type ViewPart = (typeof VIEW_PARTS)[number];

export interface KafkaView {
  readonly broker: 'kafka';
  /** The brokers in order of their numbers, then the controller. */
  readonly nodes: readonly NodeView[];
  readonly producers: readonly ProducerView[];
  readonly topics: readonly TopicView[];
  readonly groups: readonly GroupView[];
  readonly travels: readonly Travel[];
  /** By transactional.id, in the order in which they were met. */
  readonly transactions: readonly TransactionView[];
  readonly shares: readonly ShareGroupView[];
  /** Null until a tool has printed something. */
  readonly console: ConsoleView | null;
  /** Part `replicas`; null where it was not asked for. So with the following. */
  readonly replicas: readonly ReplicatedView[] | null;
  /** Part `log`. */
  readonly logs: readonly LogView[] | null;
  /** Part `timeline`. One per consumer group. */
  readonly timelines: readonly TimelineView[] | null;
  /** Part `distribution`. */
  readonly distribution: readonly DistributionView[] | null;
}

export interface NodeView {
  readonly id: string;
  readonly role: 'broker' | 'controller';
  /** Whether its process runs. */
  readonly up: boolean;
  /** `stopped`: by its own will (a controlled shutdown). A paused process is up, but does nothing. */
  readonly state: 'running' | 'paused' | 'crashed' | 'stopped';
  /** The controller counts it out (K-65); also a crashed one is not, until its session has run out. */
  readonly fenced: boolean;
  /** When `state` or `fenced` last changed. */
  readonly since: Micros;
}

export interface ProducerView {
  readonly id: string;
  readonly label: string;
  readonly state: 'waiting' | 'running' | 'paused' | 'crashed' | 'closed';
  readonly topic: string;
  readonly published: number;
  readonly confirmed: number;
  readonly failed: number;
  /** Keys it has used so far, in order of first use; null stands for records without a key. */
  readonly keys: readonly (string | null)[];
}

export interface TopicView {
  readonly name: string;
  readonly partitions: readonly PartitionView[];
}

export interface PartitionView {
  readonly place: string;
  readonly index: number;
  /** Who leads it; null while nobody may, or before anybody was elected. */
  readonly leader: string | null;
  readonly logStart: number;
  /** Log end offset of its leader: the next one to be written. */
  readonly logEnd: number;
  readonly highWatermark: number;
  /** K-3: up to where a reader of committed transactions may read; the high watermark where none is open. */
  readonly lastStableOffset: number;
  /** The newest records, ascending. Markers take an offset, but are not among them. */
  readonly cells: readonly Cell[];
  readonly readers: readonly PartitionReader[];
}

export interface Cell {
  readonly position: number;
  readonly message: MessageId;
  readonly key: string | null;
  /** Whether its producer has been told that it is there. */
  readonly confirmed: boolean;
  /** Per group in the order of {@link KafkaView.groups}: how often it was given to the application, and finished. */
  readonly delivered: readonly number[];
  readonly processed: readonly number[];
}

export interface PartitionReader {
  readonly group: string;
  /** In a share group, where every member may read, always null. */
  readonly owner: string | null;
  /** The committed offset: where the group would go on after a restart; null before the first commit. Of a share group,
   * the start of its window (K-105). */
  readonly committed: number | null;
  /** The owner's position: the next offset that poll() will return to it. Of a share group, the end of its window. */
  readonly position: number | null;
  /** The owner keeps the partition, but has paused reading from it. */
  readonly paused: boolean;
  /** Up to where the group may read now: the high watermark, or with `read_committed` the last stable offset (K-4). */
  readonly readable: number;
  /** High watermark minus committed offset (minus position before the first commit; everything readable when neither):
   * what kafka-consumer-groups.sh calls LAG. It also counts what an open transaction keeps back (K-47). */
  readonly lag: number;
}

export interface GroupView {
  readonly id: string;
  /** A consumer group, whichever protocol it speaks, or a share group. */
  readonly kind: 'consumer' | 'share';
  /** The coordinator's state: Empty, PreparingRebalance, CompletingRebalance, Stable (K-76), or Empty, Assigning,
   * Reconciling, Stable (K-87). */
  readonly state: string;
  readonly generation: number;
  /** When the rebalance under way began, or null. */
  readonly rebalancingSince: Micros | null;
  readonly members: readonly MemberView[];
  /** The target assignment and its epoch, where the broker computes one (K-87); null in the classic protocol. */
  readonly target: TargetView | null;
  readonly lag: number;
  readonly delivered: number;
  readonly processed: number;
  /** Times the application finished a record that some member of the group had already finished. */
  readonly duplicates: number;
}

export interface TargetView {
  readonly epoch: number;
  readonly assignment: readonly { readonly client: string; readonly places: readonly string[] }[];
}

export interface MemberView {
  readonly id: string;
  readonly label: string;
  readonly state: 'waiting' | 'joining' | 'stable' | 'paused' | 'crashed' | 'closed';
  /** When it entered this state. */
  readonly since: Micros;
  readonly places: readonly string[];
  /** Those of its places that it does not read from for now. */
  readonly pausedPlaces: readonly string[];
  /** In the group, stable, and without a partition: there is nothing for it to do (K-100). */
  readonly idle: boolean;
  /** What its application works on now. */
  readonly current: {
    readonly message: MessageId;
    readonly key: string | null;
    readonly place: string;
    readonly position: number;
    readonly again: boolean;
  } | null;
  /** Given to the application, not finished yet. */
  readonly waiting: number;
  readonly processed: number;
}

/** Messages on the wire, or waiting for a cut link to heal (`arrivesAt` null). */
export interface Travel {
  readonly from: string;
  readonly to: string;
  readonly place: string | null;
  readonly messages: readonly { readonly message: MessageId; readonly key: string | null }[];
  readonly sentAt: Micros;
  readonly arrivesAt: Micros | null;
}

// Transactions, share groups, the console: there as soon as there is any.

/** A transactional.id, with the transaction it has under way. */
export interface TransactionView {
  readonly id: string;
  /** Who uses it, the newest one: whoever came before is fenced (K-44). */
  readonly client: string | null;
  /** Producer id and epoch as the coordinator knows them; −1 before it has told. */
  readonly producer: number;
  readonly epoch: number;
  /** The coordinator's: Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort … (K-43). */
  readonly state: string;
  /** When the application began the transaction under way, or null. */
  readonly openSince: Micros | null;
  /** Records that this transaction has in logs, and where. */
  readonly records: number;
  readonly places: readonly string[];
  readonly committed: number;
  readonly aborted: number;
  /** How the last one ended, by the client's word. */
  readonly last: {
    readonly outcome: 'committed' | 'aborted' | 'unknown';
    readonly at: Micros;
    readonly why: string;
  } | null;
}

export interface ShareGroupView {
  readonly group: string;
  readonly partitions: readonly SharePartitionView[];
  readonly members: readonly ShareMemberView[];
}

export interface SharePartitionView {
  readonly place: string;
  /** K-105: the first record that is not done for (SPSO), and the first that was never acquired (SPEO + 1). */
  readonly start: number;
  readonly end: number;
  /** Of the window's records. */
  readonly counts: { readonly available: number; readonly acquired: number; readonly done: number };
  readonly acknowledged: number;
  readonly archived: number;
  /** Some that are done, then the window from its start, ascending. What lies behind `end` is in the partition's cells. */
  readonly records: readonly ShareRecordView[];
}

export interface ShareRecordView {
  readonly position: number;
  readonly message: MessageId | null;
  readonly key: string | null;
  /** K-103. */
  readonly state: 'available' | 'acquired' | 'acknowledged' | 'archived';
  readonly deliveryCount: number;
  /** Who holds it, from when on, and when that lock runs out; null unless acquired. */
  readonly holder: string | null;
  readonly since: Micros | null;
  readonly until: Micros | null;
  /** Why it was let go of or archived, in the broker's words; null where it was not. */
  readonly why: string | null;
}

export interface ShareMemberView {
  readonly client: string;
  readonly label: string;
  /** How many records it holds, and the oldest of them. */
  readonly holding: number;
  readonly held: readonly {
    readonly place: string;
    readonly position: number;
    readonly message: MessageId | null;
    readonly key: string | null;
    readonly deliveryCount: number;
    readonly until: Micros;
  }[];
}

// Part `replicas`.

/** A partition as its copies (K-51). */
export interface ReplicatedView {
  readonly place: string;
  readonly topic: string;
  readonly index: number;
  readonly leader: string | null;
  readonly leaderEpoch: number;
  readonly isr: readonly string[];
  readonly replicationFactor: number;
  /** K-57: `min(min.insync.replicas, replicas)`. */
  readonly minIsr: number;
  /** acks=all is refused, and the high watermark stands still (K-53, K-57). */
  readonly underMinIsr: boolean;
  readonly logStart: number;
  readonly logEnd: number;
  readonly highWatermark: number;
  /** The last election; null before the first. */
  readonly election: {
    readonly at: Micros;
    readonly node: string | null;
    readonly clean: boolean;
    readonly why: string;
  } | null;
  /** The preferred leader first. */
  readonly replicas: readonly ReplicaView[];
  /** Records whose producer was told that they are there, and that the leader does not have. */
  readonly lost: readonly LostCell[];
  readonly lostTotal: number;
}

export interface ReplicaView {
  readonly node: string;
  readonly role: 'leader' | 'follower';
  readonly inIsr: boolean;
  /** Whether its broker's process runs. */
  readonly up: boolean;
  readonly logEnd: number;
  /** The high watermark as this replica knows it: a follower's is a moment old (K-52). */
  readonly highWatermark: number;
  /** The newest of what this replica has, ascending; a record that parts from the leader's has another message. */
  readonly cells: readonly ReplicaCell[];
  /** What it threw away within the last {@link FADE_MICROS} (K-9). */
  readonly truncated: {
    readonly at: Micros;
    /** From this offset up to what its log end was. */
    readonly from: number;
    readonly to: number;
    readonly cells: readonly ReplicaCell[];
    readonly why: string;
  } | null;
}

export interface ReplicaCell {
  readonly position: number;
  /** Null for the marker of a transaction. */
  readonly message: MessageId | null;
  readonly key: string | null;
  /** The leader epoch in which it was appended (K-8). */
  readonly epoch: number;
  readonly confirmed: boolean;
  /** The leader has another record, or none, at this offset: it will be truncated. */
  readonly diverged: boolean;
}

export interface LostCell {
  readonly position: number;
  readonly message: MessageId;
  readonly key: string | null;
  /** Who had been told that it was there. */
  readonly client: string;
  readonly at: Micros;
}

// Part `log`.

/** One partition's log, as its leader has it. */
export interface LogView {
  readonly place: string;
  /** Of the topic's settings, what its drawing needs. */
  readonly cleanupPolicy: string;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  /** Oldest first. */
  readonly segments: readonly SegmentView[];
  /** Ascending; what was removed a moment ago is still among them. */
  readonly cells: readonly LogCell[];
  readonly logStart: number;
  readonly logEnd: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  /** Everything below has been looked at by the log cleaner (K-16); null before its first pass. */
  readonly cleanedTo: number | null;
  readonly readers: readonly PartitionReader[];
}

export interface SegmentView {
  readonly base: number;
  /** The first offset that is no longer its own. */
  readonly end: number;
  /** The one that is written to. */
  readonly active: boolean;
  /** Sum of what the applications sent, without headers. */
  readonly bytes: number;
  /** The newest timestamp in it: what retention by time looks at (K-13); null without records. */
  readonly newestTimestamp: Micros | null;
  /** When retention took it away; null while it is there. */
  readonly removedAt: Micros | null;
}

export interface LogCell {
  readonly position: number;
  /** Null for the marker of a transaction. */
  readonly message: MessageId | null;
  readonly key: string | null;
  /** Null where the run gives it none, and for a tombstone. */
  readonly value: string | null;
  readonly tombstone: boolean;
  readonly bytes: number;
  /** When its producer made it or, with LogAppendTime, the leader appended it (K-10). */
  readonly timestamp: Micros;
  readonly producer: string | null;
  readonly confirmed: boolean;
  readonly state: 'live' | 'expired' | 'compacted' | 'truncated';
  /** When it ceased to be live. */
  readonly removedAt: Micros | null;
  /** The transaction that it belongs to; null for an ordinary record. */
  readonly transaction: {
    readonly id: string;
    readonly state: 'open' | 'committed' | 'aborted';
  } | null;
  /** What a marker says; null for a record. */
  readonly marker: 'committed' | 'aborted' | null;
}

// Part `timeline`.

/** Who of one group read what and when. */
export interface TimelineView {
  readonly group: string;
  readonly members: readonly {
    readonly client: string;
    readonly label: string;
    readonly intervals: readonly MemberInterval[];
  }[];
  /** When the group was not stable. */
  readonly rebalances: readonly Interval[];
  readonly places: readonly {
    readonly place: string;
    /** When no live member had it, from the first time that one had. */
    readonly unowned: readonly Interval[];
    readonly unownedMicros: Micros;
  }[];
  /** Time in which live members had no partition at all, all of them together: the world stood still. */
  readonly stoppedMicros: Micros;
  /** When that was. */
  readonly stopped: readonly Interval[];
  /** Sum of the partitions' unowned time. */
  readonly unownedMicros: Micros;
  readonly rebalancingMicros: Micros;
}

/** `to` is null while it lasts. */
export interface Interval {
  readonly from: Micros;
  readonly to: Micros | null;
}

export interface MemberInterval extends Interval {
  /** `reading`: it has partitions; `without`: a member that has none; `joining`: no member yet, or not any more;
   * `paused`: its process stands still; `gone`: crashed or closed. */
  readonly kind: 'reading' | 'without' | 'joining' | 'paused' | 'gone';
  readonly places: readonly string[];
}

// Part `distribution`.

/** How the records of one topic lie in its partitions. */
export interface DistributionView {
  readonly topic: string;
  readonly records: number;
  readonly partitions: readonly PartitionShare[];
  /** Keys whose records lie in more than one partition: their order is nobody's promise any more (K-23, K-111). */
  readonly splitKeys: readonly { readonly key: string; readonly places: readonly string[] }[];
}

/** Everything ever appended, also what has been removed since. */
export interface PartitionShare {
  readonly place: string;
  readonly records: number;
  /** Sum of what the applications sent, without headers. */
  readonly bytes: number;
  /** Different keys, and whether there are more than are counted ({@link KEYS_COUNTED_MAX}). */
  readonly keys: number;
  readonly moreKeys: boolean;
  readonly keyless: number;
  readonly topKeys: readonly { readonly key: string; readonly records: number }[];
  readonly producers: readonly {
    readonly client: string;
    readonly records: number;
    readonly bytes: number;
  }[];
}
