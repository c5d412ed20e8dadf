/** Which script a program is, and what stands for programs that are none. */
import { configs } from './configs.ts';
import { consumerGroups } from './groups.ts';
import { getOffsets } from './offsets.ts';
import { leaderElection } from './election.ts';
import type { Program } from './options.ts';
import { CONFIGS, ELECTION, GROUPS, OFFSETS, PROGRAMS, SHARE_GROUPS, TOPICS } from './programs.ts';
import type { Context, Script } from './script.ts';
import { shareGroups } from './share-groups.ts';
import type { ConfigValue } from './topic-configs.ts';
import { topics } from './topics.ts';

/**
 * @param defaults Kafka's defaults for every setting of a topic
 * @returns null for a program that is not a script: the console producer and the console consumer
 */
export function scriptOf(
  program: Program,
  context: Context,
  defaults: Readonly<Record<string, ConfigValue>>,
): Script | null {
  switch (program) {
    case TOPICS:
      return topics(context, defaults);
    case GROUPS:
      return consumerGroups(context);
    case SHARE_GROUPS:
      return shareGroups(context);
    case CONFIGS:
      return configs(context, defaults);
    case ELECTION:
      return leaderElection(context);
    case OFFSETS:
      return getOffsets(context);
    default:
      return null;
  }
}

/** What `help` prints. */
export function help(brokers: readonly string[]): string[] {
  const first = brokers[0] ?? 'broker-1';
  return [
    'Kafka’s own command-line tools:',
    ...PROGRAMS.map((name) => `  ${name}`),
    '',
    `Each says what it takes with --help. ${first} is localhost:9092, and so on:`,
    `  kafka-topics.sh --bootstrap-server localhost:9092 --list`,
  ];
}
