/** The partitions that a consumer has, and where it is in each (Kafka's SubscriptionState; K-69, K-70). */
import type { Micros } from '../../sim/time.ts';

/** What decides a position that is not known yet. */
export type Finding =
  | { readonly kind: 'committed' }
  /**
   * `auto.offset.reset` (K-69); `outOfRange` because what it was to read next is gone (K-5), `toEnd` because the policy
   * asked for a moment and nothing is so young.
   */
  | { readonly kind: 'reset'; readonly outOfRange: boolean; readonly toEnd: boolean }
  | { readonly kind: 'seek'; readonly at: 'earliest' | 'latest' | Micros };

export interface PartitionState {
  readonly place: string;
  /** Next offset that poll() will return (K-70); null until it is known. */
  position: number | null;
  /** Leader epoch of the last record before the position, where it has read that; −1 (K-9). */
  lastEpoch: number;
  /** What this consumer knows to be committed. */
  committed: number | null;
  /** How the position is found while it is null. */
  finding: Finding;
  /** Whether somebody has been asked. */
  asked: boolean;
  paused: boolean;
  /** A rebalance is about to take it: nothing more of it is fetched or returned. */
  leaving: boolean;
  /** The first offset that it may not read yet, as the last fetch told it (K-4). */
  end: number | null;
  /** It is left alone until then, after an error. */
  notBefore: Micros;
}

/** A question about a position; its answer counts while the partition still looks for the same. */
export interface Lookup {
  readonly partition: PartitionState;
  readonly finding: Finding;
}

export class Subscription {
  private partitions = new Map<string, PartitionState>();
  /** What it owned when it last began to join. */
  ownedBefore: readonly string[] = [];

  reset(): void {
    this.partitions = new Map();
    this.ownedBefore = [];
  }

  get size(): number {
    return this.partitions.size;
  }

  get(place: string): PartitionState | undefined {
    return this.partitions.get(place);
  }

  has(place: string): boolean {
    return this.partitions.has(place);
  }

  all(): Iterable<PartitionState> {
    return this.partitions.values();
  }

  places(): string[] {
    return [...this.partitions.keys()];
  }

  add(place: string): void {
    this.partitions.set(place, {
      place,
      position: null,
      lastEpoch: -1,
      committed: null,
      finding: { kind: 'committed' },
      asked: false,
      paused: false,
      leaving: false,
      end: null,
      notBefore: 0,
    });
  }

  delete(place: string): void {
    this.partitions.delete(place);
  }

  positions(): [string, number][] {
    const positions: [string, number][] = [];
    for (const { place, position } of this.partitions.values())
      if (position !== null) positions.push([place, position]);
    return positions;
  }

  /** Whether the answer still counts. */
  wants({ partition, finding }: Lookup): boolean {
    return (
      this.partitions.get(partition.place) === partition &&
      partition.position === null &&
      partition.finding === finding
    );
  }

  /** The position is to be found anew. */
  find(partition: PartitionState, finding: Finding): void {
    partition.position = null;
    partition.lastEpoch = -1;
    partition.finding = finding;
    partition.asked = false;
    partition.notBefore = 0;
  }
}
