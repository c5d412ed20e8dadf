/**
 * A consumer's fetches and what they brought (Kafka's Fetcher, FetchCollector and CompletedFetch): one fetch under way to
 * each leader, whole batches in a buffer, and out of it what poll() returns (K-2, K-50, K-68). Records are not copied:
 * poll() returns stretches of batches.
 */
import type { StoredBatch } from './batch.ts';
import { offsetOf } from './batch.ts';
import type { PartitionImage } from './cluster-image.ts';
import type { Run } from './consumer-api.ts';
import type { ConsumerCore } from './consumer-core.ts';
import { saysMetadataIsOld } from './exceptions.ts';
import type { PositionFinder } from './positions.ts';
import type {
  AbortedTransaction,
  FetchedPartition,
  FetchPosition,
  FetchRequest,
  ReplyTo,
} from './protocol.ts';
import type { PartitionState } from './subscription.ts';

/** What one fetch brought of one partition, as far as poll() has got in it. */
interface Buffered {
  readonly place: string;
  readonly batches: readonly StoredBatch[];
  /** In order of their first offsets; null where none are left out. */
  readonly aborted: readonly AbortedTransaction[] | null;
  nextAborted: number;
  /** Producers whose aborted transactions begin before where it has got to, and end after. */
  abortedProducers: readonly number[];
  /** The batch that comes next, and the record in it; −1 before it has been looked at. */
  batch: number;
  record: number;
  /** The partition's position after what has been returned: when it is another, there was a seek. */
  next: number;
}

const NONE: readonly number[] = [];

export class Fetcher {
  private readonly core: ConsumerCore;
  private readonly positions: PositionFinder;
  /** At most one entry per partition, in the order that they came. */
  private buffered = new Map<string, Buffered>();
  /** Brokers to which a fetch is under way. */
  private fetching = new Set<string>();

  constructor(core: ConsumerCore, positions: PositionFinder) {
    this.core = core;
    this.positions = positions;
  }

  reset(): void {
    this.buffered = new Map();
    this.fetching = new Set();
  }

  /** The partition is another's: what was fetched of it is thrown away. */
  forget(place: string): void {
    this.buffered.delete(place);
  }

  /** K-68: one fetch to each leader, for its partitions of which nothing is buffered. */
  send(): void {
    const { subscription, network, port } = this.core;
    const now = port.now();
    let perLeader: Map<string, FetchPosition[]> | null = null;
    for (const partition of subscription.all()) {
      const { place, position, lastEpoch, leaving, paused, notBefore } = partition;
      if (position === null || leaving || paused || this.buffered.has(place)) continue;
      if (notBefore > now) {
        this.core.lookAt(notBefore);
        continue;
      }
      const known = network.leaderOf(place);
      if (!known?.leader) {
        this.positions.leave(partition);
        continue;
      }
      const { leader, leaderEpoch } = known;
      if (this.fetching.has(leader) || !network.ready(leader)) continue;
      perLeader ??= new Map();
      const fetched = { place, offset: position, leaderEpoch, lastFetchedEpoch: lastEpoch };
      const together = perLeader.get(leader);
      if (together) together.push(fetched);
      else perLeader.set(leader, [fetched]);
    }
    if (!perLeader) return;
    for (const [leader, positions] of perLeader) {
      this.fetching.add(leader);
      network.send(leader, this.request(positions));
    }
  }

  private request(positions: readonly FetchPosition[]): FetchRequest {
    const { config } = this.core.options;
    return {
      api: 'Fetch',
      replica: null,
      isolation: config['isolation.level'],
      minBytes: config['fetch.min.bytes'],
      maxWaitMs: config['fetch.max.wait.ms'],
      maxBytes: config['fetch.max.bytes'],
      maxPartitionBytes: config['max.partition.fetch.bytes'],
      positions,
    };
  }

  lost(from: string): void {
    this.fetching.delete(from);
  }

  fetched(reply: ReplyTo<'Fetch'>, request: FetchRequest, from: string): void {
    this.fetching.delete(from);
    const { subscription } = this.core;
    const asked = new Map(request.positions.map(({ place, offset }) => [place, offset]));
    for (const fetched of reply.partitions) {
      const partition = subscription.get(fetched.place);
      const offset = asked.get(fetched.place);
      // What was asked for before a rebalance or a seek is thrown away.
      if (!partition || offset === undefined || partition.position !== offset) continue;
      if (fetched.error !== 'NONE') this.refused(partition, fetched);
      else if (fetched.diverging) this.positions.diverged(partition, fetched.diverging);
      else this.keep(partition, offset, fetched, request.isolation);
    }
  }

  private keep(
    partition: PartitionState,
    next: number,
    { place, batches, aborted, highWatermark, lastStableOffset }: FetchedPartition,
    isolation: FetchRequest['isolation'],
  ): void {
    const committedOnly = isolation === 'read_committed';
    partition.end = committedOnly ? lastStableOffset : highWatermark;
    if (batches.length === 0) return;
    this.buffered.set(place, {
      place,
      batches,
      aborted:
        committedOnly && aborted.length > 0
          ? aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
          : null,
      nextAborted: 0,
      abortedProducers: NONE,
      batch: 0,
      record: -1,
      next,
    });
  }

  private refused(partition: PartitionState, { error }: FetchedPartition): void {
    const { subscription, network, options } = this.core;
    if (error === 'OFFSET_OUT_OF_RANGE') {
      if (options.config['auto.offset.reset'] === 'none')
        this.core.die(
          'OffsetOutOfRangeException',
          outOfRangeText(partition, network.leaderOf(partition.place)),
        );
      else subscription.find(partition, { kind: 'reset', outOfRange: true, toEnd: false });
      return;
    }
    // The leader may be another, or be in another epoch, than this consumer or that broker knows yet.
    if (saysMetadataIsOld(error) || error === 'UNKNOWN_LEADER_EPOCH') network.refresh();
    this.positions.leave(partition);
  }

  /** Takes up to `max.poll.records` out of the buffer, and moves the positions past them and past what is left out. */
  collect(): Run[] {
    const { subscription, options } = this.core;
    let room = options.config['max.poll.records'];
    const runs: Run[] = [];
    for (const entry of this.buffered.values()) {
      if (room === 0) break;
      const partition = subscription.get(entry.place);
      if (partition?.position !== entry.next) {
        this.buffered.delete(entry.place);
        continue;
      }
      if (partition.paused || partition.leaving) continue;
      room -= takeFrom(entry, partition, room, runs);
      if (entry.batch === entry.batches.length) this.buffered.delete(entry.place);
    }
    return runs;
  }
}

/** @returns how many records it took */
function takeFrom(entry: Buffered, partition: PartitionState, room: number, runs: Run[]): number {
  const { place, batches } = entry;
  let taken = 0;
  while (taken < room && entry.batch < batches.length) {
    const batch = batches[entry.batch]!;
    const count = batch.messages.length;
    if (entry.record < 0) entry.record = isLeftOut(entry, batch) ? count : firstFrom(batch, entry.next);
    if (entry.record < count) {
      const from = entry.record;
      const to = Math.min(count, from + room - taken);
      runs.push({ place, batch, from, to });
      taken += to - from;
      entry.record = to;
      entry.next = offsetOf(batch, to - 1) + 1;
    }
    if (entry.record === count) {
      // Compaction may have removed the batch's last records, and markers are for nobody: the position passes both.
      entry.next = Math.max(entry.next, batch.lastOffset + 1);
      entry.batch++;
      entry.record = -1;
    }
    partition.position = entry.next;
    partition.lastEpoch = batch.leaderEpoch;
  }
  return taken;
}

/** K-50: a control batch, or a batch of a transaction that was aborted, where only committed ones are read. */
function isLeftOut(entry: Buffered, batch: StoredBatch): boolean {
  const { aborted } = entry;
  if (aborted) {
    while (
      entry.nextAborted < aborted.length &&
      aborted[entry.nextAborted]!.firstOffset <= batch.lastOffset
    ) {
      const { producerId } = aborted[entry.nextAborted++]!;
      if (!entry.abortedProducers.includes(producerId))
        entry.abortedProducers = [...entry.abortedProducers, producerId];
    }
    if (batch.marker?.outcome === 'aborted')
      entry.abortedProducers = entry.abortedProducers.filter((id) => id !== batch.producerId);
    else if (batch.transactional && entry.abortedProducers.includes(batch.producerId)) return true;
  }
  return batch.marker !== null;
}

/** K-2: index of the first record at or after an offset. */
function firstFrom(batch: StoredBatch, offset: number): number {
  const count = batch.messages.length;
  if (batch.offsets === null) return Math.min(count, Math.max(0, offset - batch.baseOffset));
  let index = 0;
  while (index < count && batch.offsets[index]! < offset) index++;
  return index;
}

/** K-5: as the Java client prints a FetchPosition. A broker listens on port 9092 of a host with its name. */
function outOfRangeText(
  { place, position, lastEpoch }: PartitionState,
  leader: PartitionImage | undefined,
): string {
  const node = leader?.leader ?? null;
  const number = node?.slice(node.lastIndexOf('-') + 1) ?? '';
  const at =
    node === null ? 'Optional.empty' : `Optional[${node}:9092 (id: ${number} rack: null isFenced: false)]`;
  const epoch = lastEpoch < 0 ? 'Optional.empty' : `Optional[${lastEpoch}]`;
  return `Fetch position FetchPosition{offset=${position}, offsetEpoch=${epoch}, currentLeader=LeaderAndEpoch{leader=${at}, epoch=${leader?.leaderEpoch ?? 'absent'}}} is out of range for partition ${place}`;
}
