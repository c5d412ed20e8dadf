/** What a run has come to, in rows of figures: the same for every broker. Pure. */
import type { Frame } from '../../scenarios/frame.ts';
import { thousands } from '../experiment/words.ts';

type Outcome = NonNullable<Frame['outcome']>;

export interface Row {
  readonly name: string;
  /** What the word means, where it does not say so itself. */
  readonly means: string;
  value(this: void, outcome: Outcome): string;
  /** Whether it is something to worry about. */
  bad(this: void, outcome: Outcome): boolean;
}

/** Milliseconds with as many digits as are of use. */
function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return value < 10 ? `${value.toFixed(2)} ms` : `${thousands(Math.round(value))} ms`;
}

function bytes(value: number): string {
  if (value < 10_000) return `${thousands(value)} B`;
  return value < 10_000_000
    ? `${thousands(Math.round(value / 1000))} KB`
    : `${(value / 1_000_000).toFixed(1)} MB`;
}

const counted = (name: string, means: string, of: (outcome: Outcome) => number, worry = false): Row => ({
  name,
  means,
  value: (outcome) => thousands(of(outcome)),
  bad: (outcome) => worry && of(outcome) > 0,
});

const timed = (name: string, of: (latency: NonNullable<Outcome['latencyMs']>) => number): Row => ({
  name,
  means: '',
  value: ({ latencyMs }) => (latencyMs ? ms(of(latencyMs)) : '–'),
  bad: () => false,
});

export const GROUPS: readonly { readonly title: string; readonly rows: readonly Row[] }[] = [
  {
    title: 'Messages',
    rows: [
      counted('Published', '', ({ published }) => published),
      counted('Confirmed', 'its publisher was told that the broker has it', ({ confirmed }) => confirmed),
      counted(
        'Refused',
        'its publisher was told that it failed, and nobody finished it',
        ({ refused }) => refused,
      ),
      counted('Finished', 'worked on for the first time, summed over audiences', ({ finished }) => finished),
      counted('Still owed', 'somebody has it, or will come to it', ({ owed }) => owed),
    ],
  },
  {
    title: 'What went wrong',
    rows: [
      counted('Lost, though confirmed', 'gone, and nobody was told', ({ lost }) => lost.confirmed, true),
      counted('Lost, not confirmed', 'gone on its way', ({ lost }) => lost.unconfirmed, true),
      counted('Duplicated', 'worked on again', ({ duplicated }) => duplicated, true),
      counted(
        'Reordered by key',
        'finished after a later one of its producer and key',
        ({ reordered }) => reordered.finished,
        true,
      ),
      counted(
        'Dead-lettered',
        'moved to where somebody looks at it',
        ({ deadLettered }) => deadLettered,
        true,
      ),
      counted('Dropped', 'a stated limit let go of it', ({ dropped }) => dropped, true),
      counted('Missed', 'gone before its audience came, or began to read', ({ missed }) => missed, true),
      {
        name: 'Time to recover',
        means: 'until the backlog, where it rose, is what it was before',
        value: ({ recovery }) =>
          recovery.kind === 'recovered'
            ? recovery.ms === 0
              ? 'no rise'
              : ms(recovery.ms)
            : recovery.kind === 'undisturbed'
              ? '–'
              : 'not yet',
        bad: ({ recovery }) => recovery.kind === 'not-recovered',
      },
    ],
  },
  {
    title: 'Speed, from publish to finish',
    rows: [
      timed('Latency, mean', ({ mean }) => mean),
      timed('Latency p50', ({ p50 }) => p50),
      timed('p95', ({ p95 }) => p95),
      timed('p99', ({ p99 }) => p99),
      timed('p99.9', ({ p999 }) => p999),
      {
        name: 'Throughput',
        means: '',
        value: ({ throughputPerSecond }) => `${thousands(Math.round(throughputPerSecond))}/s`,
        bad: () => false,
      },
    ],
  },
  {
    title: 'Storage',
    rows: [
      counted('Stored now', 'messages, each place counted once', ({ storage }) => storage.atEnd.messages),
      counted('Stored at most', '', ({ storage }) => storage.atMost.messages),
      {
        name: 'On all nodes at most',
        means: 'replicas counted',
        value: ({ storage }) => bytes(storage.atMost.bytesOnAllNodes),
        bad: () => false,
      },
      counted(
        'Can be replayed',
        'what a new audience would be given that asks for everything',
        ({ replayable }) => replayable,
      ),
    ],
  },
];
