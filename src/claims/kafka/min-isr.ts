/**
 * Claims about a leader that is short of replicas, as far as its clients can judge (K-53, K-57): short it is, for them, from
 * one refusal to the next. Producers with acks=all are known by their names, as is the one with acks=1.
 */
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import { Ledger, tellsPlace, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

const TOO_FEW = 'NotEnoughReplicasException';

function refusesForWantOfReplicas(
  event: TraceEvent,
): event is Extract<TraceEvent, { kind: 'publish-failed' }> {
  return event.kind === 'publish-failed' && event.error.startsWith(TOO_FEW);
}

/** K-57. What is refused is in no log, and acks=1 is not refused. */
class RefusedAndNotWritten implements ClaimFold {
  private readonly ledger = new Ledger();
  private readonly writers = new Map<MessageId, string>();
  private readonly refused = new Set<MessageId>();
  /** Confirmed to acks=1 since the last refusal. */
  private taken: MessageId[] = [];
  private short = false;

  on(event: TraceEvent): void {
    if (event.kind === 'published') this.writers.set(event.message, event.client);
    if (event.kind === 'delivered' && this.refused.has(event.message))
      this.ledger.contradict(
        event,
        `record ${event.message} was refused, and ${displayName(event.client)} reads it`,
      );
    if (this.short && tellsPlace(event) && event.client === 'acks-1') this.taken.push(event.message);
    if (!refusesForWantOfReplicas(event)) return;
    if (this.writers.get(event.message) === 'acks-1') {
      this.ledger.contradict(event, `record ${event.message} of acks=1 was refused: ${event.error}`);
      return;
    }
    this.refused.add(event.message);
    const { taken } = this;
    if (taken.length > 0)
      this.ledger.confirm(
        event,
        () =>
          `record ${event.message} of acks=all was refused, before and after record ${taken.join(', ')} of acks=1 was confirmed`,
      );
    this.taken = [];
    this.short = true;
  }

  verdict(): Verdict {
    return this.ledger.verdict('acks=all to be refused twice, and acks=1 to be confirmed between');
  }
}

/** K-53. What acks=1 is told between two refusals is given to readers only later. */
class TakenAndNotReadable implements ClaimFold {
  private readonly ledger = new Ledger();
  private refusedAt: Micros | null = null;
  /** Confirmed to acks=1 since the last refusal, and whether it was read since. */
  private readonly since = new Map<MessageId, TraceEvent | null>();
  /** Hidden for certain, and not read yet. */
  private readonly hidden = new Set<MessageId>();

  on(event: TraceEvent): void {
    if (this.refusedAt !== null && tellsPlace(event) && event.client === 'acks-1')
      this.since.set(event.message, null);
    if (event.kind === 'delivered') {
      if (this.since.get(event.message) === null) this.since.set(event.message, event);
      if (this.hidden.delete(event.message))
        this.ledger.confirm(
          event,
          () => `record ${event.message}, confirmed while it was hidden, is read now`,
        );
    }
    if (!refusesForWantOfReplicas(event)) return;
    for (const [message, read] of this.since) {
      if (read)
        this.ledger.contradict(
          read,
          `record ${message} was read while acks=all was refused for want of replicas`,
        );
      else this.hidden.add(message);
    }
    this.since.clear();
    this.refusedAt = event.at;
  }

  verdict(): Verdict {
    return this.ledger.verdict('what acks=1 was told between two refusals of acks=all to be read');
  }
}

const scenarios = ['kafka-held-min-isr'];

export const minIsrClaims: readonly Claim[] = [
  {
    id: 'kafka.min-isr-refused-unwritten',
    broker: 'kafka',
    statement: 'Too few in sync: what acks=all is refused is in no log, and acks=1 is taken',
    rules: ['K-57'],
    observable: true,
    scenarios,
    judge: () => new RefusedAndNotWritten(),
  },
  {
    id: 'kafka.min-isr-taken-unreadable',
    broker: 'kafka',
    statement: 'Too few in sync: what acks=1 is told is read only later',
    rules: ['K-53'],
    observable: true,
    scenarios,
    judge: () => new TakenAndNotReadable(),
  },
];
