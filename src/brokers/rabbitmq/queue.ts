/**
 * What every kind of queue is to its node: a state machine. `apply(command, now, effects)`: a classic queue applies a
 * command when it comes, a quorum queue when a majority of its replicas has it (on every replica, with the leader's
 * time), a stream likewise. Deliveries, confirms and dead letters are effects; only a leader's effects reach anybody.
 *
 * A queue tells the trace what became of each copy it held: `appended` once, and one end (`removed`, `dropped`,
 * `dead-lettered`), or none while it is still owed. Nobody else tells it.
 */
import type { Micros } from '../../sim/time.ts';
import type { Emission } from '../../sim/trace.ts';
import type { Table } from './config.ts';
import type { DeathReason, Message } from './message.ts';

/** A channel, unique in the cluster and over time: a channel that is opened again is another one. */
export type ChannelKey = string;

/** A consumer of a channel; its tag is unique there. */
export interface Subscription {
  readonly channel: ChannelKey;
  readonly tag: string;
  /** The process behind it, for the trace. */
  readonly client: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  /** */
  readonly priority: number;
  /** unacknowledged messages that it may have; 0, any number. */
  readonly prefetch: number;
  /** R-58 `x-stream-offset`; null elsewhere. */
  readonly offset: StreamOffset | null;
}

export type StreamOffset =
  | { readonly kind: 'first' | 'last' | 'next' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** The first message of this time or later, virtual microseconds. */
  | { readonly kind: 'time'; readonly at: Micros };

/** Who published a message and wants to hear of it: the channel, and its own number for the publish. */
export interface PublishKey {
  readonly channel: ChannelKey;
  readonly sequence: number;
}

export type QueueCommand =
  | { readonly type: 'enqueue'; readonly message: Message; readonly publish: PublishKey | null }
  | { readonly type: 'consume'; readonly subscription: Subscription }
  /** what it has not settled stays with its channel. */
  | { readonly type: 'cancel'; readonly channel: ChannelKey; readonly tag: string }
  /** a channel has ended: its consumers go, what it had comes back. */
  | { readonly type: 'channel-down'; readonly channel: ChannelKey; readonly why: ReturnReason }
  /** The channel takes one message (basic.get); the answer is `got`. */
  | { readonly type: 'get'; readonly channel: ChannelKey; readonly client: string; readonly noAck: boolean }
  /** Messages of the channel, by position. */
  | { readonly type: 'ack'; readonly channel: ChannelKey; readonly positions: readonly number[] }
  | {
      readonly type: 'discard';
      readonly channel: ChannelKey;
      readonly positions: readonly number[];
      /** whether that counts as a failed delivery. */
      readonly failed: boolean;
    }
  | {
      readonly type: 'requeue';
      readonly channel: ChannelKey;
      readonly positions: readonly number[];
      readonly why: ReturnReason;
    }
  | { readonly type: 'purge'; readonly channel: ChannelKey }
  /** The channel has room again: its global prefetch, or its connection. */
  | { readonly type: 'resume'; readonly channel: ChannelKey }
  /** Other arguments or policies hold from now on. */
  | { readonly type: 'configure'; readonly settings: QueueLimits }
  /** A moment that the queue asked for has come: the head expires, a delayed retry is due. */
  | { readonly type: 'tick' }
  /** the worker's publish of a held dead letter was confirmed. */
  | { readonly type: 'dead-letter-confirmed'; readonly position: number }
  /** Of a classic queue: the node's disk has everything that it was asked to {@link QueueEffects.store} up to and with
   * this position. */
  | { readonly type: 'synced'; readonly position: number }
  /** The queue is deleted, and what it holds is gone: nothing is dead-lettered. */
  | { readonly type: 'delete' };

/** Why a message comes back unsettled: it decides what is counted. */
export type ReturnReason = 'reject' | 'nack' | 'recover' | 'channel-down' | 'node-down' | 'timeout';

/** A queue's arguments and policies, merged: what holds for it. Microseconds and bytes. */
export interface QueueLimits {
  readonly messageTtl: Micros | null;
  readonly maxLength: number | null;
  readonly maxLengthBytes: number | null;
  readonly overflow: 'drop-head' | 'reject-publish' | 'reject-publish-dlx';
  readonly deadLetterExchange: string | null;
  readonly deadLetterRoutingKey: string | null;
  /** */
  readonly deadLetterStrategy: 'at-most-once' | 'at-least-once';
  /** R-88; 0, none. */
  readonly maxPriority: number;
  /** R-60; null, none. */
  readonly deliveryLimit: number | null;
  readonly singleActiveConsumer: boolean;
  /** */
  readonly delayedRetry: {
    readonly type: 'disabled' | 'all' | 'failed' | 'returned';
    readonly min: Micros;
    readonly max: Micros | null;
  };
  /** R-58, of streams. */
  readonly maxAge: Micros | null;
  readonly maxSegmentBytes: number;
}

/** A message as it goes out. `extraHeaders`: `x-delivery-count`, `x-acquired-count`, `x-stream-offset`. */
export interface QueueDelivery {
  readonly message: Message;
  readonly position: number;
  readonly redelivered: boolean;
  readonly deliveryCount: number | null;
  readonly extraHeaders: Table;
}

export interface QueueEffects {
  /** Nobody listens: this replica does not lead. What it would say need not be made. */
  readonly isSilent?: boolean;
  /** To a consumer. With `noAck` the queue has already forgotten it. */
  deliver(to: Subscription, delivery: QueueDelivery): void;
  /** Answers a `get`; null: get-empty. `left`: messages still ready. */
  got(channel: ChannelKey, delivery: QueueDelivery | null, left: number): void;
  purged(channel: ChannelKey, messages: number): void;
  /** the queue has the message as safely as it promises, or refuses it. Once for each publish. */
  confirmed(publish: PublishKey): void;
  rejected(publish: PublishKey): void;
  /** a persistent message of a durable classic queue is to be written to the node's disk, this many bytes. The
   * node says `synced` after its fsync, and the queue then confirms; or before, when the message is settled first. */
  store(position: number, bytes: number): void;
  /** whether the dead-letter exchange is there now. If it is not, the queue drops the message. */
  hasExchange(name: string): boolean;
  /** to the dead-letter exchange, in the words of {@link QueueLimits}; the queue has already forgotten it, unless
   * `held`: then it waits for `dead-letter-confirmed`, and this may be asked again after a change of leader.
   * `position` is null where it was refused and never had one. */
  deadLetter(message: Message, reason: DeathReason, position: number | null, held: boolean): void;
  /** whether the channel of this consumer takes another delivery now. */
  hasRoom(subscription: Subscription): boolean;
  /** Asks for a `tick` at this moment, instead of the one asked for before; null: none. */
  wakeAt(at: Micros | null): void;
  /** The queue's publishers are to stop, or may go on. */
  blockPublishers(blocked: boolean): void;
  trace(event: Emission): void;
}

/** What tools and replies ask of a queue. */
export interface QueueInfo {
  readonly ready: number;
  readonly unacknowledged: number;
  /** Neither: a quorum queue delays its retry, or awaits that its dead letter is confirmed. */
  readonly held: number;
  readonly readyBytes: number;
  readonly unacknowledgedBytes: number;
  readonly consumers: readonly {
    readonly channel: ChannelKey;
    readonly tag: string;
    readonly client: string;
    readonly ackRequired: boolean;
    readonly prefetch: number;
    readonly active: boolean;
    readonly priority: number;
  }[];
}

export interface QueueMachine {
  readonly name: string;
  /** @throws AmqpError where the server refuses: an exclusive consumer, `get` on a stream */
  apply(command: QueueCommand, now: Micros, effects: QueueEffects): void;
  info(): QueueInfo;
}
