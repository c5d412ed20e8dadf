/**
 * The picture of a Kafka run at one moment, as plain data: what the stage draws and the worker posts.
 * Bounded whatever the run's length: a partition shows its last cells, not its history.
 */
import type { Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';

/** Records of a partition that the picture keeps, the newest ones. */
export const CELLS_MAX = 24;
/** Messages on the wire that the picture keeps. */
export const TRAVELS_MAX = 64;

export interface KafkaView {
  readonly broker: 'kafka';
  readonly nodes: readonly { readonly id: string; readonly up: boolean }[];
  readonly producers: readonly ProducerView[];
  readonly topics: readonly TopicView[];
  readonly groups: readonly GroupView[];
  readonly travels: readonly Travel[];
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
  readonly logStart: number;
  /** Log end offset: the next one to be written. */
  readonly logEnd: number;
  readonly highWatermark: number;
  /** The newest records, ascending. */
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
  readonly owner: string | null;
  /** The committed offset: where the group would go on after a restart; null before the first commit. */
  readonly committed: number | null;
  /** The owner's position: the next offset that poll() will return to it. */
  readonly position: number | null;
  /** Log end offset minus committed offset (minus position before the first commit; everything readable when neither). */
  readonly lag: number;
}

export interface GroupView {
  readonly id: string;
  /** The coordinator's state (K-76): Empty, PreparingRebalance, CompletingRebalance, Stable. */
  readonly state: string;
  readonly generation: number;
  /** When the rebalance under way began, or null. */
  readonly rebalancingSince: Micros | null;
  readonly members: readonly MemberView[];
  readonly lag: number;
  readonly delivered: number;
  readonly processed: number;
  /** Times the application finished a record that some member of the group had already finished. */
  readonly duplicates: number;
}

export interface MemberView {
  readonly id: string;
  readonly label: string;
  readonly state: 'waiting' | 'joining' | 'stable' | 'paused' | 'crashed' | 'closed';
  /** When it entered this state. */
  readonly since: Micros;
  readonly places: readonly string[];
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
