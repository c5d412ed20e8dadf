/**
 * What real brokers have done with the book's scenarios, and the verdicts on it. Node only: it runs in the build, in the
 * project's folder.
 */
import { globSync, readFileSync } from 'node:fs';
import type { Claim, Verdict } from '../../claims/claim.ts';
import { scenarioById } from '../../scenarios/library.ts';
import { lengthMs, parseRecording, traceOfRecording, type Recording } from '../../scenarios/recording.ts';
import { heldBy } from '../../scenarios/real.ts';

/** A claim that was judged on a recording. */
export interface Witness {
  readonly recording: Recording;
  readonly verdict: Verdict;
}

let read: readonly Recording[] | null = null;

export function recordings(): readonly Recording[] {
  read ??= globSync('tests/recordings/*/*.json')
    .sort()
    .map((file) => parseRecording(JSON.parse(readFileSync(file, 'utf8'))));
  return read;
}

let judged: ReadonlyMap<string, readonly Witness[]> | null = null;

/** By the claim's id: every recording on which it was shown, or contradicted. */
function witnesses(): ReadonlyMap<string, readonly Witness[]> {
  if (judged) return judged;
  const all = new Map<string, Witness[]>();
  for (const recording of recordings()) {
    const scenario = scenarioById(recording.scenario);
    for (const { claim, real } of heldBy(
      scenario,
      traceOfRecording(recording),
      recording.made.broker.version,
    )) {
      if (real.status === 'open') continue;
      all.set(claim.id, [...(all.get(claim.id) ?? []), { recording, verdict: real }]);
    }
  }
  return (judged = all);
}

export function witnessesOf({ id }: Claim): readonly Witness[] {
  return witnesses().get(id) ?? [];
}

/** `RabbitMQ 3.10.8`. */
export function brokerOf({ made }: Recording): string {
  return `${made.broker.name} ${made.broker.version}`;
}

/** The day of the recording, as a reader reads it: `28 November 2026`. */
export function dayOf({ occasion }: Recording): string {
  return new Date(occasion.recordedAt).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
}

/** How long it took, whole seconds. */
export function secondsOf(recording: Recording): number {
  return Math.round(lengthMs(recording) / 1000);
}

/** How many of a broker's claims a recording has shown. */
export function shownIn(recording: Recording): number {
  return [...witnesses().values()]
    .flat()
    .filter((witness) => witness.recording === recording && witness.verdict.status === 'holds').length;
}
