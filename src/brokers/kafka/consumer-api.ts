/**
 * What a KafkaConsumer and the application around it say to one another. The library's calls that block in Java come
 * back through {@link ConsumerApp}: an object that lives in the same actor, so that a checkpoint copies both.
 */
import type { Micros } from '../../sim/time.ts';
import type { StoredBatch } from './batch.ts';
import type { KafkaConsumerConfig } from './client-config.ts';
import type { Correlations } from './requests.ts';

export type Offsets = readonly (readonly [place: string, offset: number])[];

export interface ConsumerOptions {
  /** The process it belongs to, as the trace names it. */
  readonly client: string;
  readonly group: string;
  /** What it subscribes to; with {@link assign}, where its partitions belong. */
  readonly topics: readonly string[];
  /** The partitions that it reads by `assign()`: then it is no member of its group. */
  readonly assign?: readonly string[] | undefined;
  readonly config: KafkaConsumerConfig;
  /** `bootstrap.servers`. */
  readonly brokers: readonly string[];
  readonly correlations: Correlations;
  /** Prefix of its timers' names. */
  readonly timers: string;
}

/** Records of one partition that `poll()` returned: those of a batch from index `from` up to `to`, `to` not included. */
export interface Run {
  readonly place: string;
  readonly batch: StoredBatch;
  readonly from: number;
  readonly to: number;
}

/** Where `seek()` goes: `at` is a moment of the run, microseconds (K-10). */
export type SeekTarget =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly at: Micros };

export interface ConsumerApp {
  /** `poll()` returned records. The trace has been told (`delivered`); they are to be worked on, then comes `poll()` again. */
  polled(runs: readonly Run[]): void;
  /** `commitSync()` returned. @param error the code of what it threw, or null; the trace has been told */
  committed(error: string | null): void;
  /**
   * onPartitionsRevoked(), called inside `poll()` or `close()` before the partitions are given up (K-82, K-83, K-88):
   * positions and membership are still as they were.
   * @returns whether it has returned; false holds the library until `revocationDone()`
   */
  revoking(places: readonly string[]): boolean;
  /** The partitions are gone: given up, or (`lost`, onPartitionsLost()) found to be another's. */
  revoked(places: readonly string[], lost: boolean): void;
  /** onPartitionsAssigned(). */
  assigned(places: readonly string[]): void;
  /** `poll()` threw: nothing more comes of this consumer. @param code exception or error code */
  failed(code: string, detail: string): void;
  /** `close()` returned. */
  closed(): void;
}
