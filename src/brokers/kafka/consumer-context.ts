/** What the requests of a KafkaConsumer are about, while they are under way. */
import type { Micros } from '../../sim/time.ts';
import type { Offsets } from './consumer-api.ts';
import type { Lookup } from './subscription.ts';

/** Why a commit was sent, and so who waits for it. */
export type CommitPurpose = 'auto' | 'async' | 'before-rebalance' | 'sync' | 'closing';

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
