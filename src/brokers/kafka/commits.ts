/** A consumer's commits: by itself inside poll() (K-71), and as the application asks (K-72). */
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Offsets } from './consumer-api.ts';
import type { Commit, CommitPurpose } from './consumer-context.ts';
import {
  EXPIRED,
  NOT_TRIED_AGAIN,
  refusedByClassicGroup,
  refusedByClient,
  refusedByGroup,
  timedOut,
  type CommitFailure,
} from './commit-failures.ts';
import { dieRefused, type ConsumerCore } from './consumer-core.ts';
import { isRetriable } from './exceptions.ts';
import type { ErrorCode } from './protocol.ts';
import { atLeastMicros } from './requests.ts';

export class Commits {
  private readonly core: ConsumerCore;
  private readonly auto: boolean;
  private nextAutoAt: Micros = Infinity;
  /** The commitSync() that has not returned. */
  private waiting: Commit | null = null;
  /** Whether there is a timer for its end, or for that of an earlier one. */
  private isTimed = false;

  constructor(core: ConsumerCore) {
    this.core = core;
    this.auto = core.options.config['enable.auto.commit'];
  }

  reset(): void {
    this.nextAutoAt = Infinity;
    this.waiting = null;
    this.isTimed = false;
  }

  /** Whether it commits by itself and has something to commit. */
  get hasAutomatic(): boolean {
    return this.auto && this.core.subscription.positions().length > 0;
  }

  /** K-71: the interval begins anew with every assignment. */
  restartTimer(): void {
    const { port, options } = this.core;
    if (this.auto) this.nextAutoAt = port.now() + atLeastMicros(options.config['auto.commit.interval.ms']);
  }

  /** K-71: inside poll(), of the positions that earlier polls returned. */
  maybeCommit(): void {
    const { port, membership } = this.core;
    if (!this.auto || !membership.settled || port.now() < this.nextAutoAt) return;
    this.restartTimer();
    const offsets = this.core.subscription.positions();
    if (offsets.length > 0) this.start('auto', offsets, 0);
  }

  /** When a poll() that waits has to look again. */
  get nextAt(): Micros {
    return this.auto && this.core.membership.settled ? this.nextAutoAt : Infinity;
  }

  /** @param timeoutMs how long it is tried again */
  start(purpose: CommitPurpose, offsets: Offsets, timeoutMs: number): void {
    const until = this.core.port.now() + fromMs(timeoutMs);
    const commit = { purpose, offsets, until, attempt: 0, memberId: '', generation: -1 };
    if (purpose === 'sync') {
      this.waiting = commit;
      this.armTimeout(commit);
    }
    this.send(commit);
  }

  /** One timer, moved on as long as commits are made: most are answered long before. */
  private armTimeout({ until }: Commit): void {
    if (this.isTimed) return;
    this.isTimed = true;
    const { port, options } = this.core;
    port.timer(until - port.now(), `${options.timers}commit-timeout`);
  }

  /** K-72: commitSync() returns when its time is over, whatever is under way. */
  timeout(): void {
    this.isTimed = false;
    const commit = this.waiting;
    if (!commit) return;
    const { port, options } = this.core;
    if (port.now() < commit.until) {
      this.armTimeout(commit);
      return;
    }
    const timeoutMs = options.config['default.api.timeout.ms'];
    this.fail(commit, this.isClassic ? timedOut(commit.offsets, timeoutMs) : EXPIRED, 'TimeoutException');
  }

  /** Whether its caller has been told already: nobody waits for the answer. */
  private isOver(commit: Commit): boolean {
    return commit.purpose === 'sync' && this.waiting !== commit;
  }

  private done(commit: Commit, error: string | null): void {
    if (this.waiting === commit) this.waiting = null;
    this.core.commitDone(commit, error);
  }

  private fail(commit: Commit, failure: CommitFailure, error: string): void {
    this.tellFailed(commit, failure);
    this.done(commit, error);
  }

  send(commit: Commit): void {
    if (this.isOver(commit)) return;
    const { network, membership, options } = this.core;
    const refusal = membership.commitRefusal();
    if (refusal !== null) {
      // The client itself knows that this cannot succeed: it is out of the group, or in the middle of a rebalance.
      this.fail(commit, this.isClassic ? refusedByClient(refusal) : refusedByGroup(refusal), refusal);
      return;
    }
    const coordinator = network.readyCoordinator();
    if (coordinator === null) {
      this.later(commit);
      return;
    }
    const { memberId, generation, instanceId } = membership;
    commit.memberId = memberId;
    commit.generation = generation;
    const { group } = options;
    network.send(
      coordinator,
      { api: 'OffsetCommit', group, memberId, instanceId, generation, offsets: commit.offsets },
      { kind: 'commit', commit },
    );
  }

  answered(commit: Commit, error: ErrorCode): void {
    const { network, membership } = this.core;
    if (this.isOver(commit)) return;
    if (error === 'NONE') {
      this.settled(commit.offsets);
      this.done(commit, null);
    } else if (
      network.coordinatorFailed(error) ||
      isRetriable(error) ||
      membership.commitRefused(commit, error)
    )
      this.later(commit);
    else if (error === 'FENCED_INSTANCE_ID') {
      this.tellFailed(commit, this.refused(commit, error));
      dieRefused(this.core, error);
    } else this.fail(commit, this.refused(commit, error), error);
  }

  /** Says what is committed now. */
  settled(offsets: Offsets): void {
    const { port, options, subscription } = this.core;
    for (const [place, offset] of offsets) {
      const partition = subscription.get(place);
      // Offsets that had not moved are committed again, but that settles nothing.
      if (partition?.committed === offset) continue;
      if (partition) partition.committed = offset;
      port.emit({
        kind: 'settled',
        client: options.client,
        group: options.group,
        outcome: 'committed',
        place,
        position: offset,
        message: null,
      });
    }
  }

  /** The answer never came, or may be another one later. */
  later(commit: Commit): void {
    const { network, port, options } = this.core;
    commit.attempt++;
    const pause = network.backoff(commit.attempt);
    if (commit.purpose === 'auto') {
      this.nextAutoAt = Math.min(this.nextAutoAt, port.now() + pause);
      return;
    }
    if (port.now() + pause < commit.until) {
      port.timer(pause, `${options.timers}commit-again`, commit);
      return;
    }
    // The end of a commitSync() has a timer of its own.
    if (commit.purpose !== 'sync') this.fail(commit, NOT_TRIED_AGAIN, 'TimeoutException');
  }

  private get isClassic(): boolean {
    return this.core.options.config['group.protocol'] !== 'consumer';
  }

  private refused({ generation }: Commit, error: ErrorCode): CommitFailure {
    if (!this.isClassic) return refusedByGroup(error);
    const { membership } = this.core;
    const isJoining = membership.commitRefusal() === 'REBALANCE_IN_PROGRESS';
    return refusedByClassicGroup(error, isJoining && membership.generation !== generation);
  }

  /** Of a commit that nobody has asked for only the client's log says that it failed. */
  private tellFailed({ purpose }: Commit, failure: CommitFailure): void {
    const { port, options } = this.core;
    if (purpose === 'sync' || purpose === 'async')
      port.emit({ kind: 'error', client: options.client, ...failure });
  }
}
