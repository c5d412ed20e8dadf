/**
 * What a cluster's nodes say to one another, as plain data. What one node has to send another in one handler travels as one
 * message, as the clients' frames do (protocol.ts).
 */
import type { AmqpCode } from './amqp-error.ts';
import type { ChannelKey, PublishKey, QueueCommand, QueueDelivery, Subscription } from './queue.ts';
import type { Rpc } from './replication/raft.ts';

/** What a channel asks of a queue beyond what a queue's machine does. */
export type QueueCall =
  /** How many messages and consumers it has; a declaration asks too, and then the queue counts as used. */
  | { readonly type: 'stat'; readonly channel: ChannelKey }
  | {
      readonly type: 'delete-if';
      readonly channel: ChannelKey;
      /** Who asks: an exclusive queue is its connection's alone. Null for the server's own tools. */
      readonly connection: string | null;
      readonly ifUnused: boolean;
      readonly ifEmpty: boolean;
    };

/** Of a replicated queue: a channel that may have missed deliveries says what it has of these consumers. */
export interface Attach {
  readonly type: 'attach';
  readonly channel: ChannelKey;
  readonly tags: readonly string[];
  readonly held: readonly number[];
}

export type ToQueue = QueueCommand | QueueCall | Attach;

/** Whether it is for the queue's machine. */
export function isCommand(asked: ToQueue): asked is QueueCommand {
  return asked.type !== 'stat' && asked.type !== 'delete-if' && asked.type !== 'attach';
}

/** What a queue tells a channel. */
export type ToChannel =
  | {
      readonly type: 'deliver';
      readonly queue: string;
      readonly to: Subscription;
      readonly delivery: QueueDelivery;
    }
  /** A delivery that the channel may have missed. */
  | {
      readonly type: 'owed';
      readonly queue: string;
      readonly to: Subscription;
      readonly delivery: QueueDelivery;
    }
  | {
      readonly type: 'got';
      readonly queue: string;
      readonly delivery: QueueDelivery | null;
      readonly left: number;
    }
  | { readonly type: 'confirmed' | 'rejected'; readonly queue: string; readonly publish: PublishKey }
  /** so many more publishes may come. */
  | { readonly type: 'credit'; readonly queue: string; readonly count: number }
  /** Of a replicated queue: the channel's commands up to this one are applied. */
  | { readonly type: 'applied'; readonly queue: string; readonly order: number }
  /** */
  | { readonly type: 'block'; readonly queue: string; readonly blocked: boolean }
  /** Answers to calls. */
  | { readonly type: 'stat'; readonly queue: string; readonly messages: number; readonly consumers: number }
  | { readonly type: 'purged' | 'deleted'; readonly queue: string; readonly messages: number }
  | { readonly type: 'consuming' | 'cancelled'; readonly queue: string; readonly tag: string }
  | { readonly type: 'refused'; readonly queue: string; readonly code: AmqpCode; readonly text: string };

/** A replicated queue's command on its way to the leader: `order` counts those of the channel for this queue. */
export interface Ordered {
  readonly order: number;
  readonly command: QueueCommand;
}

export type NodeFrame =
  | {
      readonly to: 'queue';
      readonly queue: string;
      readonly incarnation: number;
      readonly sender: ChannelKey;
      readonly command: ToQueue;
    }
  | {
      readonly to: 'leader';
      readonly queue: string;
      readonly incarnation: number;
      readonly channel: ChannelKey;
      readonly ordered: Ordered;
    }
  /** Of a replicated queue with the entry of its log that the event comes of, and its leader's term; else 0 and 0. */
  | {
      readonly to: 'channel';
      readonly channel: ChannelKey;
      readonly event: ToChannel;
      readonly index: number;
      readonly term: number;
    }
  | { readonly to: 'replica'; readonly queue: string; readonly incarnation: number; readonly rpc: Rpc }
  /** A node of the cluster is told. */
  | { readonly to: 'node'; readonly notice: Notice };

export type Notice =
  | { readonly type: 'alive' }
  /** what is short where has changed. */
  | { readonly type: 'alarm' }
  | QueueNotice;

/** What nodes tell one another of queues. */
export type QueueNotice =
  | { readonly type: 'queue-deleted'; readonly queue: string; readonly incarnation: number }
  /** Who leads a queue, as far as the sender has heard. */
  | {
      readonly type: 'leader';
      readonly queue: string;
      readonly incarnation: number;
      readonly leader: string;
      readonly term: number;
    }
  /** other limits hold for a queue of the receiver's. */
  | { readonly type: 'configured'; readonly queue: string }
  /** A queue with replicas is declared. */
  | { readonly type: 'queue-declared'; readonly queue: string; readonly incarnation: number }
  /** Which of these channels are gone? */
  | {
      readonly type: 'monitor';
      readonly queue: string;
      readonly incarnation: number;
      readonly channels: readonly ChannelKey[];
    };

export interface NodeFrames {
  readonly nodeFrames: readonly NodeFrame[];
}
