/** The claims that the book makes about RabbitMQ; observable ones can be judged on a recording of a real broker too. */
import type { Claim } from './claim.ts';
import { ackClaims } from './rabbitmq/acks.ts';
import { overloadClaims } from './rabbitmq/overload.ts';
import { poisonClaims } from './rabbitmq/poison.ts';
import { prefetchClaims } from './rabbitmq/prefetch.ts';
import { quorumClaims } from './rabbitmq/quorum.ts';

export const rabbitmqClaims: readonly Claim[] = [
  ...ackClaims,
  ...prefetchClaims,
  ...poisonClaims,
  ...overloadClaims,
  ...quorumClaims,
];
