/** What the parts of a KafkaConsumer share: who they are, what they ask of one another, what a request was about. */
import type { Port } from '../../sim/kernel.ts';
import type { Micros } from '../../sim/time.ts';
import type { ConsumerApp, ConsumerOptions, Offsets } from './consumer-api.ts';
import type { Commit, CommitPurpose, Context } from './consumer-context.ts';
import type { ConsumerNetwork } from './consumer-network.ts';
import { exceptionName } from './exceptions.ts';
import type { ErrorCode, Reply, Request } from './protocol.ts';
import type { Subscription } from './subscription.ts';

/** How a consumer takes part in its group: the classic protocol, the consumer protocol, or not at all. */
export interface Membership {
  /** As commits name it. */
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Generation, or member epoch; −1 for none. */
  readonly generation: number;
  /**
   * As `groupMetadata()` names it: how it last joined, even when it has been thrown out since. A transaction that carries
   * its offsets is refused by that; without any membership it would be taken (K-48, K-81).
   */
  readonly joinedAs: { readonly memberId: string; readonly generation: number };
  /** Whether it may commit by itself now (K-71): not in the middle of a rebalance. */
  readonly settled: boolean;
  reset(): void;
  /** Its part of `poll()`. */
  poll(): void;
  /** What a background thread does: something may have become possible, whatever the application is at. */
  background(): void;
  answered(reply: Reply, context: Context): void;
  /** A request of its own was lost with its connection. */
  failed(request: Request, context: Context): void;
  heartbeatDue(data: unknown): void;
  /** K-73: the application has not called poll() in time. */
  pollTimedOut(): void;
  metadataChanged(): void;
  /** @returns the error that the client itself knows a commit would come to, or null */
  commitRefusal(): ErrorCode | null;
  /** A commit was refused. @returns whether it may be sent again, under the membership that it has then */
  commitRefused(commit: Commit, error: ErrorCode): boolean;
  /** The commit before a rebalance came to its end. */
  committedBeforeRebalance(): void;
  /** onPartitionsRevoked() returned. */
  revocationDone(): void;
  /** An error has ended it: no more heartbeats. */
  stop(): void;
  /** It leaves the group, as far as it is to (K-84). */
  leave(): void;
}

/** A consumer's commits, as its memberships use them. */
export interface Committing {
  /** Whether it commits by itself and has something to commit. */
  readonly hasAutomatic: boolean;
  /** The interval of auto-commit begins anew (K-71). */
  restartTimer(): void;
  start(purpose: CommitPurpose, offsets: Offsets, timeoutMs: number): void;
  send(commit: Commit): void;
}

export interface ConsumerCore {
  readonly port: Port;
  readonly options: ConsumerOptions;
  readonly app: ConsumerApp;
  readonly network: ConsumerNetwork;
  readonly subscription: Subscription;
  readonly commits: Committing;
  readonly membership: Membership;
  /** Everything waits for `poll()` and the background thread to look again at this moment, or earlier. */
  lookAt(at: Micros): void;
  /** An error that `poll()` throws, now or when it is called next. */
  die(code: string, detail: string): void;
  /** Calls onPartitionsRevoked(). @returns whether it has returned */
  revoking(places: readonly string[]): boolean;
  /** Gives partitions up, or (`lost`) finds them taken. */
  drop(places: readonly string[], lost: boolean): void;
  /** Takes partitions up. @param all what it holds then */
  take(places: readonly string[], all: readonly string[]): void;
  commitDone(commit: Commit, error: string | null): void;
}

/** What a group's refusals mean, for the errors that an application does not survive, unless the broker says it itself. */
const REFUSALS: Partial<Record<ErrorCode, string>> = {
  INVALID_SESSION_TIMEOUT:
    'session.timeout.ms is not within group.min.session.timeout.ms and group.max.session.timeout.ms of the broker',
  INCONSISTENT_GROUP_PROTOCOL: 'it shares no assignor with the members of the group',
  FENCED_INSTANCE_ID:
    'The broker rejected this static consumer since another consumer with the same group.instance.id has registered with a different member.id.',
  UNSUPPORTED_ASSIGNOR: 'the broker has no such assignor as group.remote.assignor names',
  GROUP_MAX_SIZE_REACHED: 'the group has as many members as it may',
};

/** poll() throws what the client makes of a group's refusal. @param message the broker's own words, where it has any */
export function dieRefused(core: Pick<ConsumerCore, 'die'>, error: ErrorCode, message?: string): void {
  core.die(exceptionName(error), message ?? REFUSALS[error] ?? 'the group refused this member');
}
