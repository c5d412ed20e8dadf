/** The claims that the chapter makes about Kafka; observable ones can be judged on a recording of a real broker too. */
import type { Claim } from './claim.ts';
import { crashClaims } from './kafka/crash.ts';
import { groupClaims } from './kafka/groups.ts';
import { compactionClaims } from './kafka/compaction.ts';
import { idempotenceClaims } from './kafka/idempotence.ts';
import { partitionClaims } from './kafka/partitions.ts';
import { replicationClaims } from './kafka/replication.ts';
import { retentionClaims } from './kafka/retention.ts';

export const kafkaClaims: readonly Claim[] = [
  ...partitionClaims,
  ...groupClaims,
  ...crashClaims,
  ...replicationClaims,
  ...idempotenceClaims,
  ...retentionClaims,
  ...compactionClaims,
];
