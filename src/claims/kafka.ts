/** The claims that the chapter makes about Kafka: each a fold over observable events where the real broker can be asked too. */
import type { Claim } from './claim.ts';

export const kafkaClaims: readonly Claim[] = [];
