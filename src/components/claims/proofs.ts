/**
 * The proof of each claim, made once per build: its scenario run to the end, its verdict, and the moment that shows it.
 */
import type { Claim, Evidence, Verdict } from '../../claims/claim.ts';
import { claimById, claims, scenarioById, scenarios } from '../../scenarios/library.ts';
import { run } from '../../scenarios/run.ts';
import type { Scenario } from '../../scenarios/schema.ts';
import type { Sentence } from './sentences.ts';

export interface Proof {
  readonly claim: Claim;
  readonly scenario: Scenario;
  readonly verdict: Verdict;
  /** The event that shows it first, or contradicts it; null when the run shows nothing. */
  readonly shownBy: Evidence | null;
}

const made = new WeakMap<Claim, Map<string, Proof>>();

/** Every scenario on which a claim must hold. */
export function scenariosOf(claim: Claim): string[] {
  if (claim.scenarios !== 'every') return [...claim.scenarios];
  return [...scenarios.values()].filter(({ system }) => system.broker === claim.broker).map(({ id }) => id);
}

/** @throws InvalidInput for a scenario that does not exist */
export function proofOn(claim: Claim, scenarioId: string): Proof {
  const known = made.get(claim)?.get(scenarioId);
  if (known) return known;
  const scenario = scenarioById(scenarioId);
  const { verdict } = run(scenario, [], [claim]).claims[0]!;
  const shownBy =
    verdict.status === 'fails'
      ? verdict.counterexample
      : verdict.status === 'holds'
        ? (verdict.evidence[0] ?? null)
        : null;
  const proof = { claim, scenario, verdict, shownBy };
  made.set(claim, (made.get(claim) ?? new Map<string, Proof>()).set(scenarioId, proof));
  return proof;
}

/** The proof a reader is shown: the claim's first scenario. @throws InvalidInput for a claim that does not exist */
export function proofOf(claimId: string): Proof {
  const claim = claimById(claimId);
  const [first] = scenariosOf(claim);
  if (first === undefined) throw new Error(`the claim ${claimId} names no scenario`);
  return proofOn(claim, first);
}

export function allProofs(): Proof[] {
  return claims.map(({ id }) => proofOf(id));
}

/**
 * What is wrong with a sentence: a claim that does not hold, or is not shown, on a scenario that it names.
 * @param known the claims there are; a test gives its own
 * @returns one text for each scenario on which it does not hold, naming file, sentence, seed and the first event
 *   that contradicts it
 */
export function problemsOf(sentence: Sentence, known: readonly Claim[] = claims): string[] {
  const claim = known.find(({ id }) => id === sentence.claim);
  const head = `${sentence.file}:${sentence.line}: “${sentence.text}”`;
  if (!claim) {
    return [
      `${head}\n  there is no claim "${sentence.claim}"; expected one of ${known.map(({ id }) => id).join(', ')}`,
    ];
  }
  return scenariosOf(claim).flatMap((scenarioId) => {
    const { verdict, scenario } = proofOn(claim, scenarioId);
    const where = `${claim.id} on ${scenarioId} with seed ${scenario.seed}`;
    if (verdict.status === 'holds') return [];
    // A claim that is true of every run need not be shown by each of them.
    if (verdict.status === 'open') {
      return claim.scenarios === 'every'
        ? []
        : [`${head}\n  ${where} is not shown: it waits for ${verdict.waitsFor}`];
    }
    const { seq, at, text } = verdict.counterexample;
    return [
      `${head}\n  ${where} does not hold: event ${seq} at ${at} µs, ${text}\n  see: npm run -s simulate -- ${scenarioId}`,
    ];
  });
}
