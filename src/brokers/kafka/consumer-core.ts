/** What the parts of a KafkaConsumer share: who they are, what they ask of one another, what a request was about. */
import type { Port } from '../../sim/kernel.ts';
import type { Micros } from '../../sim/time.ts';
import type { ConsumerApp, ConsumerOptions, Offsets } from './consumer-api.ts';
import type { Commits } from './commits.ts';
import type { ConsumerNetwork } from './consumer-network.ts';
import type { ErrorCode, Reply, Request } from './protocol.ts';
import type { Lookup, Subscription } from './subscription.ts';

/** Why a commit was sent, and so who waits for it. */
export type CommitPurpose = 'auto' | 'before-rebalance' | 'sync' | 'closing';

export interface Commit {
  readonly purpose: CommitPurpose;
  readonly offsets: Offsets;
  /** When it gives up trying again. */
  readonly until: Micros;
  attempt: number;
  /** The membership that it was last sent under. */
  memberId: string;
  generation: number;
}

/** What a request under way is about; null where the request says it. */
export type Context =
  | { readonly kind: 'commit'; readonly commit: Commit }
  | { readonly kind: 'lookup'; readonly lookups: readonly Lookup[] }
  /** Of a membership; `round` is that of the membership when it was sent. */
  | { readonly kind: 'member'; readonly round: number }
  | null;

/** How a consumer takes part in its group: the classic protocol, the consumer protocol, or not at all. */
export interface Membership {
  /** As commits and `groupMetadata()` name it. */
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Generation, or member epoch; −1 for none. */
  readonly generation: number;
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

export interface ConsumerCore {
  readonly port: Port;
  readonly options: ConsumerOptions;
  readonly app: ConsumerApp;
  readonly network: ConsumerNetwork;
  readonly subscription: Subscription;
  readonly commits: Commits;
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

/** What a group's refusals mean, for the errors that an application does not survive. */
export const refusals: Partial<Record<ErrorCode, string>> = {
  INVALID_SESSION_TIMEOUT:
    'session.timeout.ms is not within group.min.session.timeout.ms and group.max.session.timeout.ms of the broker',
  INCONSISTENT_GROUP_PROTOCOL: 'it shares no assignor with the members of the group',
  FENCED_INSTANCE_ID: 'another process has the same group.instance.id',
  UNRELEASED_INSTANCE_ID: 'another member of the group has the same group.instance.id and has not left',
  UNSUPPORTED_ASSIGNOR: 'the broker has no such assignor as group.remote.assignor names',
  GROUP_MAX_SIZE_REACHED: 'the group has as many members as it may',
};
