/** A consumer that says itself what it reads, by `assign()`: no member of its group, whose offsets it may still use. */
import type { ConsumerCore, Membership } from './consumer-core.ts';

export class ManualAssignment implements Membership {
  readonly memberId = '';
  readonly instanceId = null;
  /** K-81: commits without membership, which a coordinator takes only while the group has no members. */
  readonly generation = -1;
  readonly joinedAs = { memberId: '', generation: -1 };
  private readonly core: ConsumerCore;
  private assigned = false;

  constructor(core: ConsumerCore) {
    this.core = core;
  }

  get settled(): boolean {
    return this.assigned;
  }

  reset(): void {
    this.assigned = false;
  }

  poll(): void {
    if (this.assigned) return;
    this.assigned = true;
    const places = this.core.options.assign ?? [];
    // It takes nothing over from anybody.
    this.core.subscription.ownedBefore = places;
    this.core.take(places, places);
  }

  commitRefusal(): null {
    return null;
  }

  commitRefused(): boolean {
    return false;
  }

  background(): void {}
  answered(): void {}
  failed(): void {}
  heartbeatDue(): void {}
  pollTimedOut(): void {}
  metadataChanged(): void {}
  committedBeforeRebalance(): void {}
  revocationDone(): void {}
  stop(): void {}
  leave(): void {}
}
