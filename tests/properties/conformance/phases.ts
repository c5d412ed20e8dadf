// The phases of a conformance run: faults first, then everything heals, sources stop, and the run must drain.
import fc from 'fast-check';

export const FAULTS_UNTIL_MS = 30_000;
export const SOURCES_UNTIL_MS = 40_000;

/** What can be done to any broker's processes, at a moment. */
export interface Fault {
  readonly atMs: number;
  readonly action:
    | { readonly do: 'crash' | 'restart' | 'pause' | 'resume'; readonly target: string }
    | { readonly do: 'cut' | 'heal'; readonly between: [string, string] };
}

/**
 * A fault on one process, healed before the second phase begins.
 * @param peer the other end of the link that may be cut
 */
export function faultOn(target: string, peer: string): fc.Arbitrary<Fault[]> {
  return fc
    .record({
      at: fc.integer({ min: 500, max: FAULTS_UNTIL_MS - 1000 }),
      lasts: fc.integer({ min: 100, max: 12_000 }),
      kind: fc.constantFrom('crash' as const, 'pause' as const, 'cut' as const),
    })
    .map(({ at, lasts, kind }): Fault[] => {
      const healedAt = Math.min(at + lasts, FAULTS_UNTIL_MS);
      if (kind === 'cut') {
        return [
          { atMs: at, action: { do: 'cut', between: [target, peer] } },
          { atMs: healedAt, action: { do: 'heal', between: [target, peer] } },
        ];
      }
      const heal = kind === 'crash' ? 'restart' : 'resume';
      return [
        { atMs: at, action: { do: kind, target } },
        { atMs: healedAt, action: { do: heal, target } },
      ];
    });
}
