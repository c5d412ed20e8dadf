/** What a channel's parts need of one another, and of the node that it is on. */
import type { Micros } from '../../sim/time.ts';
import type { Emission, MessageId } from '../../sim/trace.ts';
import type { Administration } from './administration.ts';
import type { AmqpError } from './amqp-error.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import type { ClientFrame, ServerFrame } from './protocol.ts';
import type { QueueClient, QueueRoute } from './queue-client.ts';
import type { ChannelKey } from './queue.ts';

export type ChannelFrame = Extract<ClientFrame, { readonly channel: number }>;
export type Frame<M extends ChannelFrame['method']> = Extract<ChannelFrame, { readonly method: M }>;

/** A channel as its parts and its node see it. */
export interface ChannelParts {
  readonly key: ChannelKey;
  readonly number: number;
  readonly client: string;
  /** It has ended: what still comes for it is not its own. */
  readonly closed: boolean;
  /** a queue holds it up, and its reader has used up what it was granted before. */
  readonly isInFlow: boolean;
  readonly host: ChannelHost;
  /** By name; a queue that is declared again is another one. */
  readonly queues: Map<string, QueueClient>;
  clientOf(record: QueueRecord): QueueClient;
  /** What is confirmed, refused or committed by now goes out. */
  tellNews(): void;
}

/** What a channel needs of its node and its connection. */
export interface ChannelHost extends QueueRoute {
  readonly id: string;
  readonly cluster: ClusterState;
  readonly admin: Administration;
  /** Whether the queue's node can be spoken to; of a replicated queue its leader need not be known. */
  isReachable(record: QueueRecord): boolean;
  trace(event: Emission): void;
  /** Sends the channel's client a frame, at the end of this handler. */
  reply(channel: ChannelParts, frame: ServerFrame, message?: MessageId): void;
  /** At the end of this handler the channel says what it has to confirm. */
  hasNews(channel: ChannelParts): void;
  /** The channel waits for a call, or no longer; it is blocked by a queue, or no longer. */
  stateChanged(channel: ChannelParts): void;
  /** Wakes the channel with `callTimedOut` unless the call has been answered. */
  callTimer(channel: ChannelParts, call: number, delay: Micros): void;
  /** Its client closes it. */
  close(channel: ChannelParts): void;
  /** It has something unacknowledged now, and had nothing. */
  hasUnacked(channel: ChannelParts): void;
  /** An error of the server: closes the channel or its connection. */
  fail(channel: ChannelParts, error: AmqpError): void;
}
