/** The claims that the book makes about RabbitMQ; observable ones can be judged on a recording of a real broker too. */
import type { Claim } from './claim.ts';
import { ackClaims } from './rabbitmq/acks.ts';
import { besideClaims } from './rabbitmq/beside.ts';
import { furtherClaims } from './rabbitmq/held-further.ts';
import { heldClaims } from './rabbitmq/held.ts';
import { overloadClaims } from './rabbitmq/overload.ts';
import { poisonClaims } from './rabbitmq/poison.ts';
import { prefetchClaims } from './rabbitmq/prefetch.ts';
import { quorumClaims } from './rabbitmq/quorum.ts';
import { routingClaims } from './rabbitmq/routing.ts';

export const rabbitmqClaims: readonly Claim[] = [
  ...routingClaims,
  ...ackClaims,
  ...prefetchClaims,
  ...poisonClaims,
  ...overloadClaims,
  ...quorumClaims,
  ...besideClaims,
  ...heldClaims,
  ...furtherClaims,
];
