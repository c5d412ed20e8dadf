/**
 * What can be played by id: an experiment of the book, or the proof of a claim (`claim:<claim id>`), which is the run
 * that the claim is held on, with nothing to turn. The worker, the build and shared addresses set runs up here.
 */
import type { Claim } from '../claims/claim.ts';
import type { KnobChoices, Experiment } from './experiment.ts';
import { withKnobs } from './experiment.ts';
import { claimById, experimentById, scenarioById, scenarios } from './library.ts';
import { InvalidInput, type Scenario, type TimedAction } from './schema.ts';

const PROOF = 'claim:';

/** A run as the reader made it; everything else follows. */
export interface RunSpec {
  /** What {@link playableById} knows. */
  readonly experiment: string;
  /** null: the scenario's own, chosen so that the point shows. */
  readonly seed: number | null;
  readonly knobs: KnobChoices;
  readonly actions: readonly TimedAction[];
}

/** The id under which the proof of a claim can be played. */
export function proofId(claim: string): string {
  return PROOF + claim;
}

/** @throws InvalidInput that lists the ids there are */
export function playableById(id: string): Experiment {
  return id.startsWith(PROOF) ? proof(claimById(id.slice(PROOF.length))) : experimentById(id);
}

function proof(claim: Claim): Experiment {
  const scenario =
    claim.scenarios === 'every'
      ? [...scenarios.values()].find((s) => s.system.broker === claim.broker)
      : scenarios.get(claim.scenarios[0] ?? '');
  if (!scenario) {
    throw new InvalidInput(`Claim "${claim.id}" has no run to prove it`, [
      `scenarios: expected the id of a scenario, got ${JSON.stringify(claim.scenarios)}`,
    ]);
  }
  return {
    id: proofId(claim.id),
    scenario: scenario.id,
    title: claim.statement,
    question: scenario.title,
    posterMs: scenario.durationMs,
    speed: 1,
    predict: null,
    knobs: [],
    controls: [],
    claims: [claim.id],
  };
}

/**
 * The scenario, actions and claims of a run. A knob turns every client that it names, those that the reader added too.
 * @throws InvalidInput for an experiment, a knob or a client that cannot be
 */
export function setUp(spec: RunSpec): {
  scenario: Scenario;
  actions: readonly TimedAction[];
  claims: readonly Claim[];
} {
  const experiment = playableById(spec.experiment);
  const base = scenarioById(experiment.scenario);
  const joined = spec.actions.flatMap(({ action }) => (action.do === 'join' ? [action.client] : []));
  const turned = withKnobs(
    { ...base, seed: spec.seed ?? base.seed, clients: [...base.clients, ...joined] },
    experiment,
    spec.knobs,
  );
  const added = turned.clients.slice(base.clients.length);
  const actions = spec.actions.map((timed): TimedAction => {
    if (timed.action.do !== 'join') return timed;
    const client = added.shift();
    return client ? { ...timed, action: { ...timed.action, client } } : timed;
  });
  const scenario = { ...turned, clients: turned.clients.slice(0, base.clients.length) };
  return { scenario, actions, claims: experiment.claims.map(claimById) };
}
