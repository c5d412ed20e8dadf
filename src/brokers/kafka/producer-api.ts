/**
 * What a KafkaProducer and the application around it say to one another. The library's calls that block in Java come
 * back through {@link ProducerApp}: an object that lives in the same actor, so that a checkpoint copies both.
 */
import type { MessageId } from '../../sim/trace.ts';
import type { KafkaProducerConfig } from './client-config.ts';
import type { Correlations } from './requests.ts';

/** Numbers for messages, dense over the run, whoever publishes. */
export interface MessageCounter {
  next: MessageId;
}

/** What `send()` is given; read in the call, and not kept: an application may use one object again and again. */
export interface ProducerRecord {
  topic: string;
  key: string | null;
  /** Content, where the run gives any; null is a tombstone (K-19). */
  value?: string | null | undefined;
  /** Size of the value, bytes. */
  bytes: number;
  /** K-21: the partition that the record names. */
  partition?: number | undefined;
  /** The message that it was made from. */
  source?: MessageId | undefined;
}

/** The members of a group as `sendOffsetsToTransaction()` names them (K-48). */
export interface GroupMetadata {
  readonly group: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Generation, or member epoch. */
  readonly generation: number;
}

export interface ProducerOptions {
  /** The process it belongs to, as the trace names it. */
  readonly client: string;
  readonly config: KafkaProducerConfig;
  /** Topics that it asks the metadata of from the start; others are added by the first `send()`. */
  readonly topics: readonly string[];
  /** `bootstrap.servers`. */
  readonly brokers: readonly string[];
  readonly counter: MessageCounter;
  readonly correlations: Correlations;
  /** Prefix of its timers' names. */
  readonly timers: string;
}

export interface ProducerApp {
  /** `initTransactions()` returned: a transaction may begin. */
  transactionsReady(): void;
  /** `sendOffsetsToTransaction()` returned. */
  offsetsSent(): void;
  /** `commitTransaction()` or `abortTransaction()` returned. */
  transactionEnded(outcome: 'committed' | 'aborted'): void;
  /** Something failed in the open transaction: it can only be aborted. @param error exception and message */
  transactionFailed(error: string): void;
  /** `flush()` returned: nothing that was sent before is undecided. */
  flushed(): void;
  /** A record will not arrive. The trace has been told. @param error exception and message */
  sendFailed(message: MessageId, error: string): void;
  /** The producer cannot go on (K-44): what it held has failed, and all that is left is to close it. */
  fatal(exception: string, detail: string): void;
  /** `close()` returned. */
  closed(): void;
}
