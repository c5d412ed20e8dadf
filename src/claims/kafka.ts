/** The claims that the chapter makes about Kafka; observable ones can be judged on a recording of a real broker too. */
import type { Claim } from './claim.ts';
import { besideClaims } from './kafka/beside.ts';
import { commitClaims } from './kafka/commits.ts';
import { crashClaims } from './kafka/crash.ts';
import { cutOffClaims } from './kafka/cut-off.ts';
import { groupClaims } from './kafka/groups.ts';
import { compactionClaims } from './kafka/compaction.ts';
import { idempotenceClaims } from './kafka/idempotence.ts';
import { keylessClaims } from './kafka/keyless.ts';
import { lagClaims } from './kafka/lag.ts';
import { minIsrClaims } from './kafka/min-isr.ts';
import { outOfRangeClaims } from './kafka/out-of-range.ts';
import { partitioningClaims } from './kafka/partitioning.ts';
import { partitionClaims } from './kafka/partitions.ts';
import { rebalanceClaims } from './kafka/rebalance.ts';
import { replicationClaims } from './kafka/replication.ts';
import { replayClaims } from './kafka/replay.ts';
import { retentionClaims } from './kafka/retention.ts';
import { serverAssignorClaims } from './kafka/server-assignors.ts';
import { shareClaims } from './kafka/shares.ts';
import { staticMemberClaims } from './kafka/static-members.ts';
import { transactionClaims } from './kafka/transactions.ts';

export const kafkaClaims: readonly Claim[] = [
  ...partitionClaims,
  ...groupClaims,
  ...crashClaims,
  ...replicationClaims,
  ...idempotenceClaims,
  ...partitioningClaims,
  ...retentionClaims,
  ...compactionClaims,
  ...lagClaims,
  ...rebalanceClaims,
  ...commitClaims,
  ...transactionClaims,
  ...replayClaims,
  ...shareClaims,
  ...besideClaims,
  ...keylessClaims,
  ...staticMemberClaims,
  ...minIsrClaims,
  ...outOfRangeClaims,
  ...serverAssignorClaims,
  ...cutOffClaims,
];
