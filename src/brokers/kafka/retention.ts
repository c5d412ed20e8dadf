/** Which segments retention takes (K-11 to K-15). */
import { fromMs, type Micros } from '../../sim/time.ts';
import type { EffectiveTopicConfig } from './config.ts';
import type { Segment } from './segments.ts';

export interface RetentionView {
  /** Oldest first; the last is the active one. */
  readonly segments: readonly Segment[];
  readonly logStart: number;
  readonly logEnd: number;
  readonly highWatermark: number;
}

export interface RetentionPass {
  readonly why: string;
  /** How many segments go, counted from the oldest. */
  deletable(log: RetentionView, now: Micros): number;
}

/**
 * K-11: the passes in their order.
 * @param deletes whether the policy has `delete`; without it there is the first pass only
 */
export function retentionPasses(config: EffectiveTopicConfig, deletes: boolean): readonly RetentionPass[] {
  const retentionMs = config['retention.ms'];
  const retentionBytes = config['retention.bytes'];
  const start: RetentionPass = {
    why: 'below the start of the log',
    deletable: (log) => count(log, (_, next) => next !== undefined && next.baseOffset <= log.logStart),
  };
  if (!deletes) return [start];
  const size: RetentionPass = {
    why: `retention.bytes ${retentionBytes}`,
    deletable(log) {
      if (retentionBytes < 0) return 0;
      // K-14: a segment goes only if that much is left without it.
      let excess = -retentionBytes;
      for (const { bytes } of log.segments) excess += bytes;
      if (excess < 0) return 0;
      return count(log, ({ bytes }) => (excess -= bytes) >= 0);
    },
  };
  const time: RetentionPass = {
    why: `retention.ms ${retentionMs}`,
    deletable(log, now) {
      if (retentionMs < 0) return 0;
      const retention = fromMs(retentionMs);
      return count(log, ({ maxTimestamp }) => now - maxTimestamp > retention);
    },
  };
  return [start, size, time];
}

/** K-12, K-15: oldest first, while the predicate holds, below the high watermark; never an empty last one. */
function count(log: RetentionView, goes: (segment: Segment, next: Segment | undefined) => boolean): number {
  const { segments, highWatermark, logEnd } = log;
  let n = 0;
  for (const segment of segments) {
    const next = segments[n + 1];
    if (highWatermark < (next ? next.baseOffset : logEnd) || !goes(segment, next)) break;
    if (!next && segment.bytes === 0) break;
    n++;
  }
  return n;
}
