/**
 * What the book plays: its scenarios, its experiments and the claims behind its prose, by id. Each scenario goes
 * through the same parser as a reader's file.
 */
import type { Claim } from '../claims/claim.ts';
import { kafkaClaims } from '../claims/kafka.ts';
import { rabbitmqClaims } from '../claims/rabbitmq.ts';
import { experimentOf, type AnyChallenge } from './challenge.ts';
import { besideExperiments, besideScenarios } from './beside/scenes.ts';
import { comparisonExperiment } from './comparisons.ts';
import type { Experiment } from './experiment.ts';
import { kafkaChallenges } from './kafka/challenges.ts';
import { kafkaExperiments, kafkaPlain, kafkaScenarios } from './kafka/index.ts';
import { rabbitmqChallenges } from './rabbitmq/challenges.ts';
import { rabbitmqExperiments, rabbitmqPlain, rabbitmqScenarios } from './rabbitmq/index.ts';
import {
  InvalidInput,
  parseActions,
  parseScenario,
  type BrokerId,
  type Scenario,
  type ScenarioInput,
} from './schema.ts';

const inputs: readonly ScenarioInput[] = [...kafkaScenarios, ...rabbitmqScenarios, ...besideScenarios];

export const claims: readonly Claim[] = [...kafkaClaims, ...rabbitmqClaims];

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  inputs.map((input) => [input.id, parseScenario(input)]),
);

/** In the order in which they are to be tried, broker by broker. */
export const challenges: readonly AnyChallenge[] = [...kafkaChallenges, ...rabbitmqChallenges].map(
  (challenge) => {
    const { knobs, actions } = challenge.solution;
    return { ...challenge, solution: { knobs, actions: parseActions(actions, challenge.broker) } };
  },
);

const made: readonly Experiment[] = [...kafkaExperiments, ...rabbitmqExperiments, ...besideExperiments];

const PLAIN = { kafka: kafkaPlain, rabbitmq: rabbitmqPlain } satisfies Record<BrokerId, object>;

/** A run that only a proof shows is still an experiment: one without settings, with everything a reader can do to it. */
const plain = [...scenarios.values()]
  .filter(
    ({ id }) =>
      !made.some(({ scenario }) => scenario === id) && !challenges.some(({ play }) => play.scenario === id),
  )
  .map(({ id, title, durationMs, system }): Experiment => ({
    id,
    scenario: id,
    title,
    question: '',
    posterMs: durationMs / 2,
    speed: 1,
    ...PLAIN[system.broker],
    console: false,
    predict: null,
    knobs: [],
    claims: claims.filter(({ scenarios: on }) => on !== 'every' && on.includes(id)).map((claim) => claim.id),
  }));

export const experiments: readonly Experiment[] = [...made, ...plain];

/** @throws InvalidInput that lists the ids there are */
export function scenarioById(id: string): Scenario {
  return found('scenario', id, scenarios.get(id), [...scenarios.keys()]);
}

/** A challenge of the library. @throws InvalidInput that lists the ids there are */
export function challengeById(id: string): AnyChallenge {
  return found(
    'challenge',
    id,
    challenges.find((challenge) => challenge.id === id),
    challenges.map((challenge) => challenge.id),
  );
}

function challengeExperiment(id: string): Experiment | undefined {
  const challenge = challenges.find((one) => one.id === id);
  return challenge && experimentOf(challenge);
}

/** Those of challenges and those that carry a workload of the library are made when they are asked for. @throws InvalidInput that lists the ids there are */
export function experimentById(id: string): Experiment {
  return found(
    'experiment',
    id,
    experiments.find((e) => e.id === id) ?? challengeExperiment(id) ?? comparisonExperiment(id),
    experiments.map((e) => e.id),
  );
}

/** One of the book's claims, or the goal of a challenge. @throws InvalidInput that lists the ids there are */
export function claimById(id: string): Claim {
  return found(
    'claim',
    id,
    claims.find((c) => c.id === id) ?? challenges.find(({ goal }) => goal.id === id)?.goal,
    claims.map((c) => c.id),
  );
}

/** The claims to be judged on a run of this scenario: those that name it, and those true of every run of its broker. */
export function claimsFor(scenario: Scenario): Claim[] {
  return claims.filter(
    (claim) =>
      claim.broker === scenario.system.broker &&
      (claim.scenarios === 'every' || claim.scenarios.includes(scenario.id)),
  );
}

function found<T>(what: string, id: string, thing: T | undefined, known: readonly string[]): T {
  if (thing !== undefined) return thing;
  throw new InvalidInput(`There is no ${what} "${id}"`, [
    `expected one of ${known.map((k) => `"${k}"`).join(', ')}`,
  ]);
}
