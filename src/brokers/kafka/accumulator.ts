/**
 * The producer's accumulator: a queue of batches for each partition, the memory that they take, and which of them may
 * be sent (K-29, K-31, K-35, K-36). What it knows of topics and leaders it learns from the producer's metadata.
 */
import type { Random } from '../../sim/random.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import { BATCH_OVERHEAD, SEQUENCE_RANGE, type RecordBatch } from './batch.ts';
import type { KafkaProducerConfig } from './client-config.ts';
import { RoundRobinPartitioner, StickyPartitioner, type TopicLoad } from './partitioner.ts';
import type { TopicMetadata } from './protocol.ts';

export interface Batch {
  readonly queue: PartitionQueue;
  readonly messages: MessageId[];
  readonly keys: (string | null)[];
  readonly sizes: number[];
  readonly timestamps: Micros[];
  /** Null while every record has an ordinary content. */
  values: (string | null | undefined)[] | null;
  readonly createdAt: Micros;
  /** Size with its header, bytes. */
  bytes: number;
  /** Taken from `buffer.memory`: a whole `batch.size`, or the record that does not fit it (K-35). */
  readonly allocated: number;
  /** Nothing is added to it any more. */
  closed: boolean;
  attempts: number;
  /** Not to be sent again before this moment. */
  retryAt: Micros;
  /** Leader epoch of the partition when it was last sent. */
  sentEpoch: number;
  /** −1 until it is given a sequence number (K-37). */
  producerId: number;
  epoch: number;
  baseSequence: number;
  /** It was given another sequence number after it had been sent. */
  sequenceReset: boolean;
  /** It is a part of one that was too large (K-36). */
  readonly part: boolean;
  /** Its records' fate is decided and told: a late answer changes nothing. */
  done: boolean;
}

export interface PartitionQueue {
  readonly topic: Topic;
  readonly index: number;
  readonly place: string;
  /** Null while nobody is known to lead it. */
  leader: string | null;
  leaderEpoch: number;
  /** Waiting to be sent, retries first. */
  batches: Batch[];
  /** Whether a record was ever appended here (K-26). */
  used: boolean;
  /** Requests under way that carry a batch of this partition. */
  inFlight: number;
  /** Sent at least once and not decided, in the order of their sequence numbers, or first sent. */
  outstanding: Batch[];
  /** K-37: the identity under which its sequence numbers count. */
  producerId: number;
  epoch: number;
  nextSequence: number;
  lastAcked: number;
  /** The sequence number after one that was given up; −1 for none. Nothing new is sent meanwhile (K-40). */
  unresolved: number;
}

/** A topic as the producer knows it. */
export class Topic implements TopicLoad {
  readonly name: string;
  readonly queues: PartitionQueue[] = [];
  readonly sticky: StickyPartitioner;
  readonly roundRobin = new RoundRobinPartitioner();
  /** False before the first metadata, and when the broker says that there is no such topic. */
  known = false;
  private readonly accumulator: Accumulator;
  private ledIndexes: readonly number[] = [];

  constructor(name: string, accumulator: Accumulator, sticky: StickyPartitioner) {
    this.name = name;
    this.accumulator = accumulator;
    this.sticky = sticky;
  }

  partitionCount(): number {
    return this.queues.length;
  }

  available(): readonly number[] {
    return this.ledIndexes;
  }

  takes(index: number, bytes: number): boolean {
    const queue = this.queues[index]!;
    if (this.accumulator.hasRoom(queue, bytes)) return true;
    const last = queue.batches.at(-1);
    if (last) last.closed = true;
    return false;
  }

  load(): { indexes: readonly number[]; queueSizes: readonly number[] } | null {
    if (!this.accumulator.adaptive) return null;
    const indexes: number[] = [];
    const queueSizes: number[] = [];
    for (const { used, leader, index, batches } of this.queues) {
      if (!used) return null;
      if (leader === null || !this.accumulator.isPrompt(leader)) continue;
      indexes.push(index);
      queueSizes.push(batches.length);
    }
    return { indexes, queueSizes };
  }

  /** @returns false when some partition has no leader, or the topic is not there */
  learn({ partitions, error }: TopicMetadata): boolean {
    this.known = error === 'NONE' && partitions.length > 0;
    if (!this.known) {
      for (const queue of this.queues) queue.leader = null;
      this.ledIndexes = [];
      return false;
    }
    for (const { index, place, leader, leaderEpoch } of partitions) {
      const queue = (this.queues[index] ??= newQueue(this, index, place));
      // A broker whose picture is older than what is known here is not believed.
      if (leaderEpoch < queue.leaderEpoch) continue;
      queue.leader = leader;
      queue.leaderEpoch = leaderEpoch;
    }
    this.ledIndexes = this.queues.filter(({ leader }) => leader !== null).map(({ index }) => index);
    return this.ledIndexes.length === this.queues.length;
  }
}

function newQueue(topic: Topic, index: number, place: string): PartitionQueue {
  return {
    topic,
    index,
    place,
    leader: null,
    leaderEpoch: -1,
    batches: [],
    used: false,
    inFlight: 0,
    outstanding: [],
    producerId: -1,
    epoch: -1,
    nextSequence: 0,
    lastAcked: -1,
    unresolved: -1,
  };
}

/** K-26: since when a broker has had data waiting for it, and when it last took some. */
interface Promptness {
  readyAt: Micros;
  drainedAt: Micros;
}

export class Accumulator {
  readonly adaptive: boolean;
  topics = new Map<string, Topic>();
  /** Of `buffer.memory`, bytes. */
  memory = 0;
  /** Batches that are not decided: waiting or sent. */
  incomplete = 0;
  private readonly config: KafkaProducerConfig;
  private readonly random: Random;
  private readonly batchSize: number;
  private readonly availabilityMicros: Micros;
  private promptness = new Map<string, Promptness>();
  /** Which partition of a broker is the first to be looked at, so that none starves where a request is full. */
  private drainFrom = new Map<string, number>();

  constructor(config: KafkaProducerConfig, random: Random) {
    this.config = config;
    this.random = random;
    this.batchSize = Math.max(1, config['batch.size']);
    this.adaptive = config['partitioner.adaptive.partitioning.enable'];
    this.availabilityMicros = fromMs(config['partitioner.availability.timeout.ms']);
  }

  reset(): void {
    this.topics = new Map();
    this.memory = 0;
    this.incomplete = 0;
    this.promptness = new Map();
    this.drainFrom = new Map();
  }

  /** @returns the topic, known or not yet */
  topic(name: string): Topic {
    let topic = this.topics.get(name);
    if (!topic) {
      topic = new Topic(name, this, new StickyPartitioner(this.random, this.batchSize));
      this.topics.set(name, topic);
    }
    return topic;
  }

  /** Whether a record of this size could ever find memory (K-35). */
  fits(size: number): boolean {
    return this.allocation(size) <= this.config['buffer.memory'];
  }

  /** What a new batch for a record takes of `buffer.memory`, bytes. */
  allocation(size: number): number {
    return Math.max(this.batchSize, BATCH_OVERHEAD + size);
  }

  /** Whether a record of this size goes into the last batch of a queue. */
  hasRoom(queue: PartitionQueue, size: number): boolean {
    const last = queue.batches.at(-1);
    return last !== undefined && !last.closed && last.bytes + size <= this.batchSize;
  }

  /** @returns whether there is memory for a new batch with a record of this size */
  canAllocate(size: number): boolean {
    return this.memory + this.allocation(size) <= this.config['buffer.memory'];
  }

  /** Appends a record; there must be room, or memory. @returns the batch when it is a new one, else null */
  append(
    queue: PartitionQueue,
    now: Micros,
    message: MessageId,
    key: string | null,
    value: string | null | undefined,
    size: number,
    timestamp: Micros,
  ): Batch | null {
    const last = queue.batches.at(-1);
    let batch: Batch;
    let fresh: Batch | null = null;
    if (last !== undefined && !last.closed && last.bytes + size <= this.batchSize) batch = last;
    else {
      if (last) last.closed = true;
      batch = fresh = newBatch(queue, now, this.allocation(size));
      this.memory += batch.allocated;
      this.incomplete++;
      queue.batches.push(batch);
      queue.used = true;
    }
    add(batch, message, key, value, size, timestamp);
    return fresh;
  }

  isFull(batch: Batch): boolean {
    return batch.closed || batch.bytes >= this.batchSize;
  }

  /**
   * K-29: when the first batch of a queue may go.
   * @param hurried memory is exhausted, the producer is closing, a flush is under way or a transaction is ending
   */
  dueAt(queue: PartitionQueue, batch: Batch, hurried: boolean): Micros {
    // A new leader is worth a try at once (KIP-951).
    if (batch.attempts > 0) return queue.leaderEpoch > batch.sentEpoch ? 0 : batch.retryAt;
    if (hurried || queue.batches.length > 1 || this.isFull(batch)) return 0;
    return batch.createdAt + fromMs(this.config['linger.ms']);
  }

  /** K-26: a broker has data waiting. @param drained it may be sent now */
  noteReady(node: string, now: Micros, drained: boolean): void {
    if (this.availabilityMicros === 0) return;
    const known = this.promptness.get(node);
    if (!known) {
      this.promptness.set(node, { readyAt: now, drainedAt: now });
      return;
    }
    known.readyAt = now;
    if (drained) known.drainedAt = now;
  }

  /** K-26: whether a broker takes what is ready for it within `partitioner.availability.timeout.ms`; 0 never asks. */
  isPrompt(node: string): boolean {
    const known = this.promptness.get(node);
    return !known || known.readyAt - known.drainedAt <= this.availabilityMicros;
  }

  /**
   * Takes the first batch of every partition of one broker that may be sent, as many as a request holds (K-29).
   * @param queues the broker's partitions
   * @param allowed decides for each queue whether its first batch may go now
   */
  drain(
    node: string,
    queues: readonly PartitionQueue[],
    now: Micros,
    allowed: { maySend(queue: PartitionQueue, batch: Batch, now: Micros): boolean },
  ): Batch[] {
    const drained: Batch[] = [];
    const from = this.drainFrom.get(node) ?? 0;
    let bytes = 0;
    for (let i = 0; i < queues.length; i++) {
      const at = (from + i) % queues.length;
      const queue = queues[at]!;
      const batch = queue.batches[0];
      if (!batch || !allowed.maySend(queue, batch, now)) continue;
      if (drained.length > 0 && bytes + batch.bytes > this.config['max.request.size']) {
        this.drainFrom.set(node, at);
        return drained;
      }
      queue.batches.shift();
      batch.closed = true;
      bytes += batch.bytes;
      drained.push(batch);
    }
    return drained;
  }

  /** K-32: again, at the front of its queue; with sequence numbers, in their order. */
  requeue(batch: Batch): void {
    const { batches, outstanding } = batch.queue;
    let at = 0;
    if (batch.baseSequence >= 0) {
      const order = outstanding.indexOf(batch);
      while (at < batches.length) {
        const other = outstanding.indexOf(batches[at]!);
        if (other === -1 || other > order) break;
        at++;
      }
    }
    batches.splice(at, 0, batch);
  }

  /**
   * K-36: the records of a batch that was too large, in batches of at most `batch.size`, sequence numbers kept. One that
   * is such a part already is cut in halves, so that something changes (KAFKA-8350).
   */
  split(batch: Batch): Batch[] {
    const { queue } = batch;
    const parts: Batch[] = [];
    const largest = BATCH_OVERHEAD + Math.max(...batch.sizes);
    const target = batch.part ? Math.max(largest, batch.bytes / 2) : this.batchSize;
    let part: Batch | null = null;
    for (let i = 0; i < batch.messages.length; i++) {
      const size = batch.sizes[i]!;
      if (!part || part.bytes + size > target) {
        part = newBatch(queue, batch.createdAt, 0, true);
        part.closed = true;
        if (batch.baseSequence >= 0) {
          part.producerId = batch.producerId;
          part.epoch = batch.epoch;
          part.baseSequence = (batch.baseSequence + i) % SEQUENCE_RANGE;
        }
        parts.push(part);
      }
      add(part, batch.messages[i]!, batch.keys[i]!, batch.values?.[i], size, batch.timestamps[i]!);
    }
    const at = queue.outstanding.indexOf(batch);
    queue.outstanding.splice(at, 1, ...(batch.baseSequence >= 0 ? parts : []));
    batch.done = true;
    this.memory -= batch.allocated;
    this.incomplete += parts.length - 1;
    // The last first, so that they stand in their order where nothing is numbered.
    for (const each of parts.toReversed()) this.requeue(each);
    return parts;
  }

  /** A batch is decided. */
  settle(batch: Batch): void {
    const { queue } = batch;
    batch.done = true;
    this.memory -= batch.allocated;
    this.incomplete--;
    const sent = queue.outstanding.indexOf(batch);
    if (sent !== -1) queue.outstanding.splice(sent, 1);
    const waiting = queue.batches.indexOf(batch);
    if (waiting !== -1) queue.batches.splice(waiting, 1);
  }

  /** Every batch that is not decided: of each partition, those sent first. */
  undecided(): Batch[] {
    const all: Batch[] = [];
    for (const { queues } of this.topics.values()) {
      for (const { outstanding, batches } of queues) {
        all.push(...outstanding);
        for (const batch of batches) if (!outstanding.includes(batch)) all.push(batch);
      }
    }
    return all;
  }
}

function newBatch(queue: PartitionQueue, createdAt: Micros, allocated: number, part = false): Batch {
  return {
    queue,
    messages: [],
    keys: [],
    sizes: [],
    timestamps: [],
    values: null,
    createdAt,
    bytes: BATCH_OVERHEAD,
    allocated,
    closed: false,
    attempts: 0,
    retryAt: 0,
    sentEpoch: -1,
    producerId: -1,
    epoch: -1,
    baseSequence: -1,
    sequenceReset: false,
    part,
    done: false,
  };
}

function add(
  batch: Batch,
  message: MessageId,
  key: string | null,
  value: string | null | undefined,
  size: number,
  timestamp: Micros,
): void {
  if (value !== undefined && batch.values === null) batch.values = batch.messages.map(() => undefined);
  batch.values?.push(value);
  batch.messages.push(message);
  batch.keys.push(key);
  batch.sizes.push(size);
  batch.timestamps.push(timestamp);
  batch.bytes += size;
}

/** The batch as it goes on the wire: a request that is still on its way keeps the number it was sent with. */
export function onWire(batch: Batch, transactional: boolean): RecordBatch {
  const { queue, producerId, epoch, baseSequence, messages, keys, sizes, timestamps, values } = batch;
  return Object.freeze({
    place: queue.place,
    producerId,
    epoch,
    baseSequence,
    transactional,
    messages,
    keys,
    sizes,
    timestamps,
    values,
  });
}
