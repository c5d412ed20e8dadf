/** A consumer's commits: by itself inside poll() (K-71), and as the application asks (K-72). */
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Offsets } from './consumer-api.ts';
import type { Commit, CommitPurpose } from './consumer-context.ts';
import { dieRefused, type ConsumerCore } from './consumer-core.ts';
import { isRetriable } from './exceptions.ts';
import type { ErrorCode } from './protocol.ts';
import { atLeastMicros } from './requests.ts';

export class Commits {
  private readonly core: ConsumerCore;
  private readonly auto: boolean;
  private nextAutoAt: Micros = Infinity;

  constructor(core: ConsumerCore) {
    this.core = core;
    this.auto = core.options.config['enable.auto.commit'];
  }

  reset(): void {
    this.nextAutoAt = Infinity;
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
    this.send({ purpose, offsets, until, attempt: 0, memberId: '', generation: -1 });
  }

  send(commit: Commit): void {
    const { network, membership, options } = this.core;
    const refusal = membership.commitRefusal();
    if (refusal !== null) {
      // The client itself knows that this cannot succeed: it is out of the group, or in the middle of a rebalance.
      this.tellFailed(commit, refusal);
      this.core.commitDone(commit, refusal);
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
    if (error === 'NONE') {
      this.settled(commit.offsets);
      this.core.commitDone(commit, null);
    } else if (
      network.coordinatorFailed(error) ||
      isRetriable(error) ||
      membership.commitRefused(commit, error)
    )
      this.later(commit);
    else {
      this.tellFailed(commit, error);
      if (error === 'FENCED_INSTANCE_ID') dieRefused(this.core, error);
      else this.core.commitDone(commit, error);
    }
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
    this.tellFailed(commit, 'TimeoutException');
    this.core.commitDone(commit, 'TimeoutException');
  }

  private tellFailed({ offsets }: Commit, code: string): void {
    const { port, options } = this.core;
    const what = offsets.map(([place, offset]) => `${place} at ${offset}`).join(', ');
    port.emit({ kind: 'error', client: options.client, code, detail: `the commit of ${what} failed` });
  }
}
