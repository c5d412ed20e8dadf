/** What an application is told of a commit that failed: the exceptions of Kafka's own client, word for word (K-72, K-81, K-89). */
import { defaultMessage } from './console/errors.ts';
import type { Offsets } from './consumer-api.ts';
import { exceptionName } from './exceptions.ts';
import type { ErrorCode } from './protocol.ts';

export interface CommitFailure {
  readonly code: string;
  readonly detail: string;
}

const failed = (detail: string): CommitFailure => ({ code: 'CommitFailedException', detail });

const rebalancing = (why: string, what: string): CommitFailure => ({
  code: 'RebalanceInProgressException',
  detail: `Offset commit cannot be completed since the consumer ${why}. You can try completing the rebalance by calling poll() and then retry ${what}`,
});

/** The client knows that it is no member now, or that its membership is about to change. */
export function refusedByClient(error: ErrorCode): CommitFailure {
  return error === 'REBALANCE_IN_PROGRESS'
    ? rebalancing('is undergoing a rebalance for auto partition assignment', 'the operation.')
    : failed(
        'Offset commit cannot be completed since the consumer is not part of an active group for auto partition assignment; it is likely that the consumer was kicked out of the group.',
      );
}

/** @param isStale whether it was sent under a membership that the client has left meanwhile, to join again */
export function refusedByClassicGroup(error: ErrorCode, isStale: boolean): CommitFailure {
  switch (error) {
    case 'REBALANCE_IN_PROGRESS':
      return rebalancing('group is executing a rebalance at the moment', 'commit again');
    case 'UNKNOWN_MEMBER_ID':
    case 'ILLEGAL_GENERATION':
      return isStale
        ? rebalancing(
            "member's generation is already stale, meaning it has already participated another rebalance and got a new generation",
            'commit again',
          )
        : failed(
            'Commit cannot be completed since the group has already rebalanced and assigned the partitions to another member. This means that the time between subsequent calls to poll() was longer than the configured max.poll.interval.ms, which typically implies that the poll loop is spending too much time message processing. You can address this either by increasing max.poll.interval.ms or by reducing the maximum size of batches returned in poll() with max.poll.records.',
          );
    default:
      return { code: exceptionName(error), detail: defaultMessage(error) };
  }
}

/** Of the consumer protocol. */
export function refusedByGroup(error: ErrorCode): CommitFailure {
  switch (error) {
    case 'UNKNOWN_MEMBER_ID':
      return failed(`OffsetCommit failed with unknown member ID. ${defaultMessage(error)}`);
    case 'STALE_MEMBER_EPOCH':
      return failed(`OffsetCommit failed with stale member epoch. ${defaultMessage(error)}`);
    default:
      return { code: exceptionName(error), detail: defaultMessage(error) };
  }
}

/** `commitAsync()` is tried once. */
export const NOT_TRIED_AGAIN: CommitFailure = {
  code: 'RetriableCommitFailedException',
  detail:
    'Offset commit failed with a retriable exception. You should retry committing the latest consumed offsets.',
};

/** The same of the consumer protocol: one of the two wordings that come of which of its threads looks first. */
export const EXPIRED: CommitFailure = {
  code: 'TimeoutException',
  detail: 'java.util.concurrent.TimeoutException',
};

/** `commitSync()` has waited as long as it may, in a classic group. @param timeoutMs `default.api.timeout.ms` */
export function timedOut(offsets: Offsets, timeoutMs: number): CommitFailure {
  const what = offsets.map(
    ([place, offset]) => `${place}=OffsetAndMetadata{offset=${offset}, leaderEpoch=null, metadata=''}`,
  );
  return {
    code: 'TimeoutException',
    detail: `Timeout of ${timeoutMs}ms expired before successfully committing offsets {${what.join(', ')}}`,
  };
}
