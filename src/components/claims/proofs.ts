/**
 * The proof of each claim, made once per build: its scenario run to the end, its verdict, and the moment that shows it.
 */
import type { Claim, Evidence, Verdict } from '../../claims/claim.ts';
import { claimById, claims, claimsFor, scenarioById, scenarios } from '../../scenarios/library.ts';
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

const verdicts = new Map<string, ReadonlyMap<string, Verdict>>();

function verdictsOn(scenarioId: string): ReadonlyMap<string, Verdict> {
  let known = verdicts.get(scenarioId);
  if (!known) {
    const scenario = scenarioById(scenarioId);
    const result = run(scenario, [], claimsFor(scenario));
    known = new Map(result.claims.map(({ id, verdict }) => [id, verdict]));
    verdicts.set(scenarioId, known);
  }
  return known;
}

/** Every scenario on which a claim must hold. */
export function scenariosOf(claim: Claim): string[] {
  if (claim.scenarios !== 'every') return [...claim.scenarios];
  return [...scenarios.values()].filter(({ system }) => system.broker === claim.broker).map(({ id }) => id);
}

/** @throws InvalidInput for a claim or a scenario that does not exist */
export function proofOn(claimId: string, scenarioId: string): Proof {
  const claim = claimById(claimId);
  const scenario = scenarioById(scenarioId);
  const verdict = verdictsOn(scenarioId).get(claimId);
  if (!verdict) throw new Error(`the claim ${claimId} is not judged on ${scenarioId}`);
  const shownBy =
    verdict.status === 'fails'
      ? verdict.counterexample
      : verdict.status === 'holds'
        ? (verdict.evidence[0] ?? null)
        : null;
  return { claim, scenario, verdict, shownBy };
}

/** The proof a reader is shown: the claim's first scenario. */
export function proofOf(claimId: string): Proof {
  const [first] = scenariosOf(claimById(claimId));
  if (first === undefined) throw new Error(`the claim ${claimId} names no scenario`);
  return proofOn(claimId, first);
}

export function allProofs(): Proof[] {
  return claims.map(({ id }) => proofOf(id));
}

/**
 * What is wrong with a sentence: a claim that does not hold, or is not shown, on a scenario that it names.
 * @returns one text for each scenario on which it does not hold, naming file, sentence, seed and the first event
 *   that contradicts it
 */
export function problemsOf(sentence: Sentence): string[] {
  const claim = claims.find(({ id }) => id === sentence.claim);
  const head = `${sentence.file}:${sentence.line}: “${sentence.text}”`;
  if (!claim) {
    return [
      `${head}\n  there is no claim "${sentence.claim}"; expected one of ${claims.map(({ id }) => id).join(', ')}`,
    ];
  }
  return scenariosOf(claim).flatMap((scenarioId) => {
    const { verdict, scenario } = proofOn(claim.id, scenarioId);
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
