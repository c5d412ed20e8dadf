/** basic.consume: what the server refuses, and the subscription that comes of the rest. */
import { fromMs, type Micros } from '../../sim/time.ts';
import { AmqpError } from './amqp-error.ts';
import type { QueueRecord } from './cluster-state.ts';
import type { Version } from './config.ts';
import { checkConsumer, parseOffset } from './definitions/consume.ts';
import { resource } from './definitions/terms.ts';
import type { ClientFrame } from './protocol.ts';
import type { ChannelKey, StreamOffset, Subscription } from './queue.ts';
import { own } from './routing/explain-headers.ts';

type Consume = Extract<ClientFrame, { readonly method: 'basic.consume' }>;

interface Context {
  readonly version: Version;
  readonly channel: ChannelKey;
  readonly client: string;
  /** The consumer's name, which the server may have made up. */
  readonly tag: string;
  /** of consumers that begin now. */
  readonly prefetch: number;
  /** the channel has a limit for all its consumers. */
  readonly limited: boolean;
  readonly now: Micros;
}

/** @throws AmqpError where the server closes the channel, or the connection */
export function subscribe(record: QueueRecord, frame: Consume, context: Context): Subscription {
  const { name, type } = record;
  checkConsumer(context.version, record, frame.arguments);
  if (type !== 'classic' && context.limited)
    throw new AmqpError(540, `${resource('queue', name)} does not support global qos`);
  const priority = own(frame.arguments, 'x-priority');
  return Object.freeze({
    channel: context.channel,
    tag: context.tag,
    client: context.client,
    noAck: frame.noAck,
    exclusive: frame.exclusive,
    priority: typeof priority === 'number' ? priority : 0,
    // who acknowledges nothing to a classic queue is limited by nothing.
    prefetch: frame.noAck && type === 'classic' ? 0 : context.prefetch,
    offset: type === 'stream' ? offsetOf(frame, context.now) : null,
  });
}

/** R-58 `x-stream-offset`, as it was checked. */
function offsetOf(frame: Consume, now: Micros): StreamOffset {
  const offset = parseOffset(own(frame.arguments, 'x-stream-offset')) ?? { kind: 'next' };
  return offset.kind === 'interval' ? { kind: 'time', at: Math.max(0, now - fromMs(offset.ms)) } : offset;
}
