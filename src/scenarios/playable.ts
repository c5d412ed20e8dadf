/** A run as a reader makes it: an experiment, and what they chose and did. The worker, the build and addresses set runs up here. */
import type { CarryRule } from '../brokers/workload.ts';
import type { Claim } from '../claims/claim.ts';
import type { OutcomeSettings } from '../claims/outcome.ts';
import { carried } from './comparisons.ts';
import { viewParts, withKnobs, type KnobChoices } from './experiment.ts';
import { claimById, experimentById, scenarioById } from './library.ts';
import { parseActions, type BrokerId, type Scenario, type TimedAction } from './schema.ts';

/** What a run is a function of. */
export interface RunSpec {
  readonly experiment: string;
  /** null: the scenario's own, chosen so that the point shows. */
  readonly seed: number | null;
  readonly knobs: KnobChoices;
  readonly actions: readonly TimedAction[];
}

/** Whose scenario an experiment plays. @throws InvalidInput for an experiment that there is not */
export function brokerOf(experiment: string): BrokerId {
  const { carried: which, scenario } = experimentById(experiment);
  return which?.broker ?? scenarioById(scenario).system.broker;
}

export interface SetUp {
  readonly scenario: Scenario;
  readonly actions: readonly TimedAction[];
  readonly claims: readonly Claim[];
  /** What its stage draws beside the ordinary picture. */
  readonly parts: readonly string[];
  /** How a workload was carried; empty where the scenario is written. */
  readonly rules: readonly CarryRule[];
  /** What the checkers of outcomes need to know; null where nobody asks for one. */
  readonly outcome: OutcomeSettings | null;
}

/**
 * The scenario, actions and claims of a run. A knob turns every client that it names, those that the reader added too.
 * @throws InvalidInput for an experiment, a knob or a client that cannot be
 */
export function setUp(spec: RunSpec): SetUp {
  const experiment = experimentById(spec.experiment);
  const made = carried(experiment, spec.knobs);
  const base = made?.scenario ?? scenarioById(experiment.scenario);
  const joined = spec.actions.flatMap(({ action }) => (action.do === 'join' ? [action.client] : []));
  const turned = withKnobs(
    { ...base, seed: spec.seed ?? base.seed, clients: [...base.clients, ...joined] },
    experiment,
    spec.knobs,
  );
  const added: object[] = turned.clients.splice(base.clients.length);
  const actions = spec.actions.map(({ atMs, action }) => ({
    atMs,
    action: action.do === 'join' ? { ...action, client: added.shift() } : action,
  }));
  return {
    scenario: turned,
    actions: parseActions(actions, base.system.broker),
    claims: experiment.claims.map(claimById),
    parts: viewParts(experiment.stage),
    rules: made?.rules ?? [],
    outcome: made?.outcome ?? null,
  };
}
