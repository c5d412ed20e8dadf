/** The challenges by broker, in the order in which the book takes the brokers up, each with the heading that it has. */
import type { AnyChallenge } from '../../scenarios/challenge.ts';
import { challenges } from '../../scenarios/library.ts';
import type { BrokerId } from '../../scenarios/schema.ts';

export const BROKER_NAMES: Readonly<Record<BrokerId, string>> = { kafka: 'Kafka', rabbitmq: 'RabbitMQ' };

/** The page that lists them. */
export const PRACTICE = { slug: 'practice', title: 'Practice' } as const;

export interface ChallengeGroup {
  /** The id of its heading on the page of practice. */
  readonly broker: BrokerId;
  readonly name: string;
  readonly challenges: readonly AnyChallenge[];
}

export const challengeGroups: readonly ChallengeGroup[] = (Object.keys(BROKER_NAMES) as BrokerId[]).map(
  (broker) => ({
    broker,
    name: BROKER_NAMES[broker],
    challenges: challenges.filter((challenge) => challenge.broker === broker),
  }),
);
