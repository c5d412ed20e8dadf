/**
 * One replica of one partition, on one broker: its log, and while it leads, what it knows of its followers (K-51 to
 * K-59). Pure bookkeeping: it sends nothing; replicas.ts does.
 */
import { fromMs, type Micros } from '../../sim/time.ts';
import { effectiveMinIsr, type PartitionImage } from './cluster-image.ts';
import type { EffectiveTopicConfig } from './config.ts';
import type { PartitionLog } from './log.ts';

/** K-54: what a leader remembers of one follower. */
interface Follower {
  /** −1 until its first fetch. */
  logEnd: number;
  lastCaughtUp: Micros;
  /** The leader's log end at the follower's previous fetch, and when that was. */
  leaderLogEndBefore: number;
  fetchedAt: Micros;
}

/** An append that waits until the high watermark has passed it (K-30). */
export interface WaitingAppend {
  readonly requiredOffset: number;
  readonly produce: number;
  readonly index: number;
}

export class Replica {
  readonly place: string;
  readonly node: string;
  readonly internal: boolean;
  readonly log: PartitionLog;
  image: PartitionImage;
  /** In order of `requiredOffset`. */
  waiting: WaitingAppend[] = [];
  /** The ISR that the controller has been asked for; null when no request is under way (K-55, K-56). */
  pendingIsr: readonly string[] | null = null;
  /** K-52: what the disk holds of the high watermark; a restart begins from there. */
  checkpointedHighWatermark = 0;
  /** Whether its last stable offset has ever differed from its high watermark, and what was last told of it. */
  transactional = false;
  stableOffset = 0;
  /** The first offset of the present leadership. */
  private epochStart = 0;
  private followers = new Map<string, Follower>();

  constructor(node: string, image: PartitionImage, internal: boolean, log: PartitionLog) {
    this.node = node;
    this.place = image.place;
    this.image = image;
    this.internal = internal;
    this.log = log;
  }

  get leads(): boolean {
    return this.image.leader === this.node;
  }

  get config(): EffectiveTopicConfig {
    return this.log.config;
  }

  /** K-57. */
  get minIsr(): number {
    return effectiveMinIsr(this.config['min.insync.replicas'], this.image.replicas.length);
  }

  /** K-53, K-57. */
  get underMinIsr(): boolean {
    return this.image.isr.length < this.minIsr;
  }

  /** Begins to lead, in the epoch of its image: what followers have is unknown until they fetch. */
  lead(now: Micros): void {
    this.log.beginEpoch(this.image.leaderEpoch);
    this.epochStart = this.log.logEnd;
    this.pendingIsr = null;
    this.followers = new Map();
    for (const node of this.image.replicas) {
      if (node === this.node) continue;
      const inSync = this.image.isr.includes(node);
      this.followers.set(node, {
        logEnd: -1,
        lastCaughtUp: inSync ? now : 0,
        leaderLogEndBefore: 0,
        fetchedAt: 0,
      });
    }
  }

  follow(): void {
    this.pendingIsr = null;
    this.followers = new Map();
  }

  /** K-54: a fetch at an offset says that the follower has everything below it. */
  fetchedBy(node: string, offset: number, now: Micros): void {
    const follower = this.followers.get(node);
    if (!follower) return;
    const { logEnd } = this.log;
    if (offset >= logEnd) follower.lastCaughtUp = Math.max(follower.lastCaughtUp, now);
    else if (offset >= follower.leaderLogEndBefore)
      follower.lastCaughtUp = Math.max(follower.lastCaughtUp, follower.fetchedAt);
    follower.leaderLogEndBefore = logEnd;
    follower.fetchedAt = now;
    follower.logEnd = offset;
  }

  /** K-55: who has not been caught up for longer than allowed. */
  outOfSync(now: Micros, lagTimeMaxMs: number): string[] {
    return this.image.isr.filter((node) => {
      if (node === this.node) return false;
      const follower = this.followers.get(node);
      if (!follower) return true;
      return follower.logEnd !== this.log.logEnd && now - follower.lastCaughtUp > fromMs(lagTimeMaxMs);
    });
  }

  /** K-56: whether it has what the ISR has, so that it may join. */
  mayJoin(node: string): boolean {
    const follower = this.followers.get(node);
    if (!follower || this.image.isr.includes(node)) return false;
    return follower.logEnd >= this.log.highWatermark && follower.logEnd >= this.epochStart;
  }

  /**
   * K-52: the smallest log end of the leader, of everyone in the ISR or about to be, and of those that are caught up and
   * may join.
   * @param unfenced whether a broker may be in an ISR
   */
  replicatedUpTo(now: Micros, lagTimeMaxMs: number, unfenced: (node: string) => boolean): number {
    let least = this.log.logEnd;
    for (const [node, { logEnd, lastCaughtUp }] of this.followers) {
      const counts =
        this.image.isr.includes(node) ||
        (this.pendingIsr?.includes(node) ?? false) ||
        (logEnd >= 0 && now - lastCaughtUp <= fromMs(lagTimeMaxMs) && unfenced(node));
      if (counts && logEnd < least) least = logEnd;
    }
    return least;
  }
}
