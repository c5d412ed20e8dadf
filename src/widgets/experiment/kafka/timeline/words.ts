/** What the drawing of a timeline says: of pauses, members and as a whole. Pure. */
import type {
  Interval,
  KafkaView,
  MemberInterval,
  TimelineView,
} from '../../../../brokers/kafka/view-types.ts';
import { shortSeconds } from '../../words.ts';
import { partitionName } from '../words.ts';

/** The part of the run that is drawn, virtual microseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How much time the drawing may cover, seconds: the least of them that holds the run, so that its scale seldom changes. */
const WINDOWS = [10, 20, 30, 45, 60] as const;
const LONGEST_MICROS = 60_000_000;

/** The same for all groups, so that their pauses can be compared by eye. A longer run is shown by its last minute. */
export function spanOf(now: number): Span {
  const seconds = WINDOWS.find((each) => each * 1_000_000 >= now);
  if (seconds !== undefined) return { from: 0, to: seconds * 1_000_000 };
  return { from: now - LONGEST_MICROS, to: now };
}

/** `3.1 s`; what lasted less than a tenth of one, in milliseconds. */
export function lasted(micros: number): string {
  return micros > 0 && micros < 100_000
    ? `${Math.max(1, Math.round(micros / 1000))} ms`
    : shortSeconds(micros);
}

/** The figures of a group: when nobody read, and how much went unread. */
export function figureWords({ stoppedMicros, unownedMicros }: TimelineView): readonly [string, string] {
  return [
    stoppedMicros > 0 ? `nobody read for ${lasted(stoppedMicros)}` : 'somebody read all the time',
    unownedMicros > 0 ? `partitions unowned ${lasted(unownedMicros)} in all` : 'no partition was unowned',
  ];
}

/** What stands in a bar, the longest first. */
export function barWords({ kind, places }: MemberInterval): readonly string[] {
  switch (kind) {
    case 'reading': {
      const names = places.map(partitionName);
      return [names.join(' + '), names.join(' '), `${names.length} partitions`, `${names.length}`];
    }
    case 'without':
      return ['no partition', 'none'];
    case 'joining':
      return ['joining', '…'];
    case 'paused':
      return ['paused'];
    case 'gone':
      return ['gone'];
  }
}

function doing(interval: MemberInterval): string {
  const { kind, places } = interval;
  if (kind === 'reading') return `reads ${places.map(partitionName).join(', ')}`;
  return { without: 'has no partition', joining: 'joins', paused: 'is paused', gone: 'is gone' }[kind];
}

/** When something was so, in the part that is drawn. */
function when({ from, to }: Interval): string {
  return to === null ? `since ${shortSeconds(from)}` : `from ${shortSeconds(from)} to ${shortSeconds(to)}`;
}

/** What lies in the part of the run that is drawn. */
export function within<T extends Interval>(intervals: readonly T[], { from }: Span): readonly T[] {
  return intervals.filter((interval) => interval.to === null || interval.to > from);
}

/** The latest moment that a view tells of: the words have no clock of their own. */
function latest({ members, rebalances, stopped, places }: TimelineView): number {
  const all: readonly Interval[] = [
    ...members.flatMap(({ intervals }) => intervals),
    ...rebalances,
    ...stopped,
    ...places.flatMap(({ unowned }) => unowned),
  ];
  return all.reduce((time, { from, to }) => Math.max(time, from, to ?? 0), 0);
}

/** The whole drawing in words: its text alternative. */
export function summary(view: KafkaView): string {
  const timelines = view.timelines ?? [];
  const span = spanOf(timelines.reduce((time, timeline) => Math.max(time, latest(timeline)), 0));
  return timelines
    .map((timeline) => {
      const { group, members, rebalances, stopped, places, rebalancingMicros } = timeline;
      const told = members.map(({ label, intervals }) => {
        const parts = within(intervals, span).map((interval) => `${doing(interval)} ${when(interval)}`);
        return `${label} ${parts.join(', ') || 'has not come yet'}.`;
      });
      const moments = (name: string, intervals: readonly Interval[]): string[] => {
        const found = within(intervals, span).map(when);
        return found.length > 0 ? [`${name} ${found.join(', ')}.`] : [];
      };
      const unowned = places
        .filter(({ unownedMicros }) => unownedMicros > 0)
        .map(({ place, unownedMicros }) => `${partitionName(place)} ${lasted(unownedMicros)}`);
      return [
        `Group ${group}: ${figureWords(timeline).join(', ')}${unowned.length > 0 ? ` (${unowned.join(', ')})` : ''}, rebalancing ${lasted(rebalancingMicros)}.`,
        ...told,
        ...moments('Nobody read', stopped),
        ...moments('Rebalances', rebalances),
      ].join(' ');
    })
    .join(' ');
}
