/**
 * Where a record goes: murmur2 over the key's bytes (K-22, K-23), and for records without a key the uniform sticky
 * partitioner of KIP-794 with its adaptive choice (K-24 to K-26), or the round robin of `partitioner.class` (K-27).
 */
import type { Random } from '../../sim/random.ts';

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** UTF-8, as StringSerializer gives it; written out because the pure core knows no TextEncoder. */
export function utf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    // Java encodes a lone surrogate as a question mark.
    if (code >= 0xd800 && code <= 0xdfff) bytes.push(0x3f);
    else if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000) {
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    } else {
      bytes.push(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 0x3f),
        0x80 | ((code >> 6) & 0x3f),
        0x80 | (code & 0x3f),
      );
    }
  }
  return Uint8Array.from(bytes);
}

/** Kafka's murmur2 (K-22). @returns a signed 32-bit integer, as in Java */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let h = SEED ^ length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const tail = length - whole;
  if (tail >= 3) h ^= data[whole + 2]! << 16;
  if (tail >= 2) h ^= data[whole + 1]! << 8;
  if (tail >= 1) {
    h ^= data[whole]!;
    h = Math.imul(h, M);
  }
  h ^= h >>> 13;
  h = Math.imul(h, M);
  h ^= h >>> 15;
  return h | 0;
}

/** The partition of a key (K-23): a mask, not an absolute value. @param partitions how many there are, at least 1 */
export function partitionForKey(key: string, partitions: number): number {
  return (murmur2(utf8(key)) & 0x7fffffff) % partitions;
}

/** Hashes already computed, bounded; keys of a scenario are few. */
const REMEMBERED_MAX = 4096;

/** {@link partitionForKey} that hashes a key once. */
export class KeyPartitioner {
  private hashes = new Map<string, number>();

  partition(key: string, partitions: number): number {
    let hash = this.hashes.get(key);
    if (hash === undefined) {
      if (this.hashes.size >= REMEMBERED_MAX) this.hashes.clear();
      hash = murmur2(utf8(key)) & 0x7fffffff;
      this.hashes.set(key, hash);
    }
    return hash % partitions;
  }
}

/** Running sums of the weights `longest queue + 1 − queue` (K-26). */
export function cumulativeWeights(queueSizes: readonly number[]): number[] {
  const most = Math.max(...queueSizes) + 1;
  let sum = 0;
  return queueSizes.map((size) => (sum += most - size));
}

/** The first index whose running sum is above the draw (K-26). @param draw 0 to the last sum, exclusive */
export function pickWeighted(cumulative: readonly number[], draw: number): number {
  return cumulative.findIndex((sum) => sum > draw);
}

/** What the sticky partitioner asks of a topic when it must choose; an object, and not closures, for the checkpoints. */
export interface TopicLoad {
  /** How many partitions the topic has. */
  partitionCount(): number;
  /** Indexes of the partitions whose leader is known, ascending (K-25). */
  available(): readonly number[];
  /** Whether a record of this size goes into the batch that a partition's queue ends in; one that it does not fit is over. */
  takes(index: number, bytes: number): boolean;
  /**
   * K-26: the partitions to choose from and the batches that wait for each, by the same index; null where not every
   * partition has a queue yet, or the adaptive choice is off.
   */
  load(): { readonly indexes: readonly number[]; readonly queueSizes: readonly number[] } | null;
}

/** The sticky partition of one topic, for records without a key (K-24). */
export class StickyPartitioner {
  private readonly random: Random;
  private readonly stickyBatchSize: number;
  private current = -1;
  private produced = 0;

  /** @param batchSize the producer's `batch.size`, bytes */
  constructor(random: Random, batchSize: number) {
    this.random = random;
    this.stickyBatchSize = Math.max(1, batchSize);
  }

  /**
   * The partition for the next record. The last append may have left a batch open there, and held the switch back: that may
   * have gone, or is over because this record does not fit.
   * @param bytes size of the record as it will be appended
   */
  partition(topic: TopicLoad, bytes: number): number {
    if (this.produced >= this.stickyBatchSize && this.current !== -1 && !topic.takes(this.current, bytes))
      this.current = -1;
    if (this.current === -1) {
      this.current = this.choose(topic);
      this.produced = 0;
    }
    return this.current;
  }

  /**
   * Counts what was appended and switches when it is time (K-24).
   * @param bytes size of the record as appended
   * @param openBatch whether the partition's queue ends in a batch that still has room
   */
  appended(bytes: number, openBatch: boolean): void {
    this.produced += bytes;
    const enough = this.produced >= this.stickyBatchSize;
    if ((enough && !openBatch) || this.produced >= 2 * this.stickyBatchSize) this.current = -1;
  }

  private choose(topic: TopicLoad): number {
    const load = topic.load();
    const partitions = topic.partitionCount();
    if (load && partitions > 1 && load.indexes.length > 0) {
      const { indexes, queueSizes } = load;
      // With equal queues the weights say nothing, unless a broker is left out for being slow.
      if (indexes.length < partitions || queueSizes.some((size) => size !== queueSizes[0])) {
        const cumulative = cumulativeWeights(queueSizes);
        return indexes[pickWeighted(cumulative, (this.random.uint32() >>> 1) % cumulative.at(-1)!)]!;
      }
    }
    const available = topic.available();
    return available.length > 0 ? this.random.pick(available) : this.random.below(partitions);
  }
}

/**
 * K-27: `RoundRobinPartitioner` as it is in 4.x: one partition further for every record of the topic, whatever its key,
 * over those whose leader is known, or over all when none is.
 */
export class RoundRobinPartitioner {
  private next = 0;

  partition(topic: TopicLoad): number {
    const turn = this.next;
    this.next = (this.next + 1) % 2 ** 31;
    const available = topic.available();
    return available.length > 0 ? available[turn % available.length]! : turn % topic.partitionCount();
  }
}
