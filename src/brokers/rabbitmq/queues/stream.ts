/**
 * A stream: a log in segments. Reading takes nothing away, a consumer reads from where it likes, and an
 * acknowledgement only lets it have more. What was appended in one instant is one chunk.
 */
import type { Micros } from '../../../sim/time.ts';
import { AmqpError } from '../amqp-error.ts';
import type { Version } from '../config.ts';
import type { Message } from '../message.ts';
import type {
  ChannelKey,
  PublishKey,
  QueueCommand,
  QueueEffects,
  QueueInfo,
  QueueLimits,
  QueueMachine,
  StreamOffset,
  Subscription,
} from '../queue.ts';
import { Copies, type QueueOptions } from './copies.ts';
import { Ring } from '../../../sim/ring.ts';

/** What a file has at its beginning, a chunk before its messages, a message before its bytes. */
const FILE_HEADER_BYTES = 8;
const CHUNK_HEADER_BYTES = 48;
const MESSAGE_HEADER_BYTES = 4;

interface Chunk {
  readonly first: number;
  readonly at: Micros;
}

interface Segment {
  readonly first: number;
  bytes: number;
  /** When its last chunk was appended. */
  lastAt: Micros;
}

interface Reader {
  readonly subscription: Subscription;
  /** The offset that it reads next. */
  next: number;
  /** Below this it is given nothing: an offset that was asked for may lie inside a chunk, or not be there yet. */
  readonly from: number;
  /** How many more it may have. */
  credit: number;
  readonly unsettled: Set<number>;
}

export class StreamLog implements QueueMachine {
  readonly name: string;
  private readonly version: Version;
  private readonly node: string;
  private readonly copies: Copies;
  private limits: QueueLimits;
  /** Offset of the first message that is kept, and of the next to come. */
  private start = 0;
  private end = 0;
  private readonly messages = new Ring<Message>();
  private bytes = 0;
  private readonly chunks = new Ring<Chunk>();
  private readonly segments = new Ring<Segment>();
  /** The last of the chunks and of the segments. */
  private chunk: Chunk | null = null;
  private segment: Segment | null = null;
  private readonly readers = new Map<ChannelKey, Reader[]>();

  constructor(options: QueueOptions) {
    this.name = options.name;
    this.version = options.version;
    this.node = options.node;
    this.limits = options.limits;
    this.copies = new Copies(options.node, options.name);
  }

  /** @throws AmqpError for what a stream does not do; nothing has happened then */
  apply(command: QueueCommand, now: Micros, effects: QueueEffects): void {
    switch (command.type) {
      case 'enqueue':
        this.append(command.message, command.publish, now, effects);
        break;
      case 'consume':
        this.subscribe(command.subscription, effects);
        break;
      case 'cancel':
        this.leave(command.channel, (reader) => reader.subscription.tag === command.tag);
        break;
      case 'channel-down':
        this.leave(command.channel, () => true);
        break;
      case 'ack':
        this.settle(command.channel, command.positions, effects);
        break;
      case 'discard':
      case 'requeue':
        if (this.version === '3.10') throw this.unsupported('basic.nack and basic.reject');
        this.settle(command.channel, command.positions, effects);
        break;
      case 'get':
        throw this.unsupported('basic.get');
      case 'purge':
        throw this.unsupported('queue.purge');
      case 'configure':
        this.limits = command.settings;
        this.retain(now, effects);
        break;
      case 'delete':
        this.dropTo(this.end, 'deleted', effects);
        break;
      case 'resume':
      case 'tick':
      case 'synced':
      case 'dead-letter-confirmed':
        break;
    }
  }

  /** This replica leads from now on. @param term for the trace */
  lead(term: number): void {
    this.copies.epoch = term;
  }

  info(): QueueInfo {
    const readers = [...this.readers.values()].flat();
    return {
      ready: this.end - this.start,
      unacknowledged: readers.reduce((sum, reader) => sum + reader.unsettled.size, 0),
      held: 0,
      readyBytes: this.bytes,
      unacknowledgedBytes: 0,
      consumers: readers.map(({ subscription }) => {
        const { channel, tag, client, noAck, prefetch, priority } = subscription;
        return { channel, tag, client, ackRequired: !noAck, prefetch, active: true, priority };
      }),
    };
  }

  private append(message: Message, publish: PublishKey | null, now: Micros, effects: QueueEffects): void {
    if (this.copies.isFull(this.end - this.start, effects)) {
      if (publish === null) this.copies.refused(message, 'limit-reached', effects);
      else effects.rejected(publish);
      return;
    }
    if (this.chunk?.at !== now) this.openChunk(now, effects);
    const offset = this.end++;
    // Frozen, a checkpoint shares it.
    this.messages.push(Object.freeze(message));
    this.bytes += message.bytes;
    this.segment!.bytes += MESSAGE_HEADER_BYTES + message.bytes;
    this.copies.appended(offset, message, effects);
    if (publish !== null) effects.confirmed(publish);
    for (const readers of this.readers.values()) for (const reader of readers) this.read(reader, effects);
  }

  /** A file that is full enough ends with its last chunk; the next begins another, and old ones may go. */
  private openChunk(now: Micros, effects: QueueEffects): void {
    const { segment } = this;
    if (segment === null || segment.bytes >= this.limits.maxSegmentBytes) {
      this.segment = { first: this.end, bytes: FILE_HEADER_BYTES, lastAt: now };
      this.segments.push(this.segment);
      if (segment !== null) {
        effects.trace({
          kind: 'segment-rolled',
          node: this.node,
          place: this.name,
          position: this.end,
          why: `the segment before it has ${segment.bytes} bytes`,
        });
      }
      this.retain(now, effects);
    }
    this.segment!.bytes += CHUNK_HEADER_BYTES;
    this.segment!.lastAt = now;
    this.chunk = Object.freeze({ first: this.end, at: now });
    this.chunks.push(this.chunk);
  }

  /** Whole segments go, the oldest first, and never the last one. */
  private retain(now: Micros, effects: QueueEffects): void {
    const { maxLengthBytes, maxAge } = this.limits;
    if (maxLengthBytes !== null) {
      let total = 0;
      for (const { bytes } of this.segments) total += bytes;
      while (this.segments.length > 1 && total > maxLengthBytes) {
        total -= this.segments.peek()!.bytes;
        this.dropSegment('max-length-bytes', effects);
      }
    }
    if (maxAge !== null) {
      while (this.segments.length > 1 && this.segments.peek()!.lastAt < now - maxAge) {
        this.dropSegment('max-age', effects);
      }
    }
  }

  private dropSegment(why: string, effects: QueueEffects): void {
    this.segments.shift();
    this.dropTo(this.segments.peek()!.first, why, effects);
  }

  /** @param position the first that stays */
  private dropTo(position: number, why: string, effects: QueueEffects): void {
    const from = this.start;
    if (position === from) return;
    for (; this.start < position; this.start++) this.bytes -= this.messages.shift()!.bytes;
    while ((this.chunks.peek()?.first ?? Infinity) < position) this.chunks.shift();
    effects.trace({
      kind: 'expired',
      node: this.node,
      place: this.name,
      position: position - 1,
      message: null,
      from,
      why,
    });
  }

  private subscribe(subscription: Subscription, effects: QueueEffects): void {
    const named = `queue '${this.name}' in vhost '/'`;
    if (subscription.prefetch === 0) {
      const where = this.version === '3.10' ? `'${named}'` : `stream ${named}`;
      throw new AmqpError(406, `consumer prefetch count is not set for ${where}`);
    }
    if (subscription.noAck) {
      const where = this.version === '3.10' ? `stream queues ${named}` : `stream ${named}`;
      throw new AmqpError(540, `automatic acknowledgement not supported by ${where}`);
    }
    const offset = subscription.offset ?? { kind: 'next' as const };
    const reader: Reader = {
      subscription,
      next: Math.min(Math.max(this.startOf(offset), this.start), this.end),
      from: offset.kind === 'offset' ? offset.offset : 0,
      credit: subscription.prefetch,
      unsettled: new Set(),
    };
    const { channel } = subscription;
    const others = this.readers.get(channel);
    if (others === undefined) this.readers.set(channel, [reader]);
    else others.push(reader);
    this.read(reader, effects);
  }

  private startOf(offset: StreamOffset): number {
    switch (offset.kind) {
      case 'first':
        return this.start;
      case 'last':
        return this.chunk?.first ?? this.end;
      case 'next':
        return this.end;
      case 'offset':
        return offset.offset;
      case 'time':
        // Chunks are in order of time: a binary search for the first that is not earlier.
        return this.chunks.at(this.chunksBefore((chunk) => chunk.at < offset.at))?.first ?? this.end;
    }
  }

  /** @returns how many chunks from the first on are so */
  private chunksBefore(isBefore: (chunk: Chunk) => boolean): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(this.chunks.at(middle)!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Gives it what it may have. 3.10 reads whole chunks, and so exceeds a consumer's prefetch. */
  private read(reader: Reader, effects: QueueEffects): void {
    const { subscription } = reader;
    // What retention took while it lagged behind is skipped.
    reader.next = Math.max(reader.next, this.start);
    while (reader.credit > 0 && reader.next < this.end) {
      const until = this.version === '3.10' ? this.chunkEnd(reader.next) : reader.next + 1;
      for (; reader.next < until; reader.next++) {
        if (reader.next >= reader.from) this.give(reader, subscription, effects);
      }
    }
  }

  private give(reader: Reader, subscription: Subscription, effects: QueueEffects): void {
    const position = reader.next;
    reader.credit--;
    reader.unsettled.add(position);
    effects.deliver(subscription, {
      message: this.messages.at(position - this.start)!,
      position,
      redelivered: false,
      deliveryCount: null,
      extraHeaders: { 'x-stream-offset': position },
    });
  }

  private chunkEnd(offset: number): number {
    return this.chunks.at(this.chunksBefore((chunk) => chunk.first <= offset))?.first ?? this.end;
  }

  /** However it is settled, it is worth one credit. Of two consumers of one channel, the older one has it. */
  private settle(channel: ChannelKey, positions: readonly number[], effects: QueueEffects): void {
    const readers = this.readers.get(channel) ?? [];
    for (const position of positions) {
      const reader = readers.find((one) => one.unsettled.delete(position));
      if (reader !== undefined) reader.credit++;
    }
    for (const reader of readers) this.read(reader, effects);
  }

  private leave(channel: ChannelKey, leaves: (reader: Reader) => boolean): void {
    const stay = (this.readers.get(channel) ?? []).filter((reader) => !leaves(reader));
    if (stay.length > 0) this.readers.set(channel, stay);
    else this.readers.delete(channel);
  }

  private unsupported(what: string): AmqpError {
    return new AmqpError(540, `${what} not supported by stream queues queue '${this.name}' in vhost '/'`);
  }
}
