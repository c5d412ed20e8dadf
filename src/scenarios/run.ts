/** Runs a scenario from beginning to end, without a picture: for tests, the build and the command line. */
import type { Claim } from '../claims/claim.ts';
import { MetricsFold, type Metrics } from '../claims/metrics.ts';
import type { Sink, TraceEvent } from '../sim/trace.ts';
import type { ClaimState } from './frame.ts';
import type { Scenario, TimedAction } from './schema.ts';
import { Simulation } from './simulation.ts';

export interface RunResult {
  readonly scenario: string;
  readonly seed: number;
  readonly events: number;
  readonly metrics: Metrics;
  readonly claims: readonly ClaimState[];
}

/**
 * A pure function of scenario and actions; memory does not grow with the run, the folds being fed as events happen.
 * @param scenario a parsed scenario
 * @param actions what a reader does
 * @param claims what to judge
 * @param sinks who else is told of every event
 * @throws SimulationError when an assertion of the kernel or of a model fails
 */
export function run(
  scenario: Scenario,
  actions: readonly TimedAction[] = [],
  claims: readonly Claim[] = [],
  sinks: readonly Sink[] = [],
): RunResult {
  const metrics = new MetricsFold();
  const folds = claims.map((claim) => claim.judge());
  let events = 0;
  new Simulation(scenario, actions, {
    on(event: TraceEvent): void {
      events++;
      metrics.on(event);
      for (const fold of folds) fold.on(event);
      for (const sink of sinks) sink.on(event);
    },
  }).finish();
  return {
    scenario: scenario.id,
    seed: scenario.seed,
    events,
    metrics: metrics.metrics(),
    claims: claims.map(({ id, statement, rules }, i) => ({
      id,
      statement,
      rules,
      verdict: folds[i]!.verdict(true),
    })),
  };
}

/** The whole trace of a run, for tests and short runs. */
export function traceOf(scenario: Scenario, actions: readonly TimedAction[] = []): TraceEvent[] {
  const trace: TraceEvent[] = [];
  run(scenario, actions, [], [{ on: (event) => void trace.push(event) }]);
  return trace;
}
