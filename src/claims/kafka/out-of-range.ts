/** Claims about what readers find that come to a log whose beginning has gone (K-5, K-12, K-69). */
import { displayName } from '../../sim/names.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

/** K-12. Groups that begin at the beginning do so above 0, and after that nobody is given anything from below. */
class LogBeginsLater implements ClaimFold {
  private readonly groups: readonly string[];
  private readonly ledger = new Ledger();
  private readonly begins = new Map<string, number>();

  /** @param groups whose members have auto.offset.reset=earliest */
  constructor(groups: readonly string[]) {
    this.groups = groups;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'positioned' && event.by === 'reset' && this.groups.includes(event.group ?? '')) {
      const { place, position } = event;
      const before = this.begins.get(place) ?? 0;
      if (position < before)
        this.ledger.contradict(event, `${place} begins at ${position}, and began at ${before} before`);
      else if (position > 0)
        this.ledger.confirm(
          event,
          () => `${displayName(event.client)} finds that ${place} begins at ${position}`,
        );
      this.begins.set(place, position);
    }
    if (event.kind === 'delivered' && event.position < (this.begins.get(event.place) ?? 0))
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given offset ${event.position} of ${event.place}, which begins at ${this.begins.get(event.place)}`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group to begin at the beginning of a log that has lost some');
  }
}

/** K-5, K-69. */
class NoneRaises implements ClaimFold {
  private readonly ledger = new Ledger();
  private readonly raised = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'client-started') this.raised.delete(event.client);
    if (event.kind === 'error' && event.code === 'OffsetOutOfRangeException') {
      this.raised.add(event.client);
      this.ledger.confirm(event, () => `${displayName(event.client)} has ${event.code}: ${event.detail}`);
    }
    if (event.kind === 'delivered' && this.raised.has(event.client))
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given offset ${event.position} of ${event.place} all the same`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a reader with auto.offset.reset=none whose next record is gone');
  }
}

const scenarios = ['kafka-held-retention'];

export const outOfRangeClaims: readonly Claim[] = [
  {
    id: 'kafka.log-begins-later',
    broker: 'kafka',
    statement: 'After retention a log begins at a higher offset, for everyone',
    rules: ['K-12', 'K-69'],
    observable: true,
    scenarios,
    judge: () => new LogBeginsLater(['earliest', 'new', 'new-by-size']),
  },
  {
    id: 'kafka.out-of-range-raises',
    broker: 'kafka',
    statement: 'With none, a reader whose next record is gone gets an exception and no records',
    rules: ['K-5', 'K-69'],
    observable: true,
    scenarios,
    judge: () => new NoneRaises(),
  },
];
