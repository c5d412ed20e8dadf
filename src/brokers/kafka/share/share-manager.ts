/**
 * What a partition leader's broker does for share groups (K-103 to K-107): it keeps one share-partition for each group
 * that reads a partition it leads.
 */
import type { Micros } from '../../../sim/time.ts';
import type { Effects } from '../../broker.ts';
import type { ClusterImage } from '../cluster-image.ts';
import type { KafkaBrokerConfig } from '../config.ts';
import type { PartitionLog } from '../log.ts';
import type { Reply, Request, ShareFetchRequest } from '../protocol.ts';

export interface ShareEffects extends Effects<Reply> {
  /** Sends a request to another broker, or to this one; its end comes back through {@link ShareManager.answered}. */
  request(to: string, request: Request, context: unknown): void;
  image(): ClusterImage;
  /** The leader's log of a partition; null when this broker does not lead it. */
  log(place: string): PartitionLog | null;
  /** The node that leads the group's partition of `__consumer_offsets`; null while nobody does. */
  coordinatorOf(group: string): string | null;
}

export interface ShareContext {
  readonly node: string;
  readonly config: KafkaBrokerConfig;
}

export class ShareManager {
  readonly context: ShareContext;

  constructor(context: ShareContext) {
    this.context = context;
  }

  /** Takes acknowledgements, then acquires what is there to be had; parked while that is less than `minBytes`. */
  fetch(request: ShareFetchRequest, from: string, correlation: number, now: Micros, fx: ShareEffects): void {
    void [request, from, correlation, now, fx];
  }

  /** A timer of its own fired; their names begin with `share-`. */
  timer(timer: string, data: unknown, now: Micros, fx: ShareEffects): void {
    void [timer, data, now, fx];
  }

  /** The end of a Read- or WriteShareState. @param reply null when the connection broke or nobody answered in time */
  answered(context: unknown, reply: Reply | null, now: Micros, fx: ShareEffects): void {
    void [context, reply, now, fx];
  }

  /** There is more to be read of a partition that this broker leads. */
  highWatermarkAdvanced(place: string, now: Micros, fx: ShareEffects): void {
    void [place, now, fx];
  }

  /** A client's connection is gone: what its members hold becomes available. */
  disconnected(client: string, now: Micros, fx: ShareEffects): void {
    void [client, now, fx];
  }

  /** This broker leads the partition no longer; who asks again is told so. */
  stopLeading(place: string): void {
    void place;
  }

  /** Records below `start` are gone from the log. */
  logStartAdvanced(place: string, start: number, now: Micros, fx: ShareEffects): void {
    void [place, start, now, fx];
  }

  /** The process died. */
  crash(): void {}
}
