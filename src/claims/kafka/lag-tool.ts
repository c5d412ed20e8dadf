/** The claim about what `kafka-consumer-groups.sh --describe` prints as lag. */
import { fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, tellsPlace, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

/** What was committed so long before the tool’s answer, the tool must have seen: it takes a second or two. */
const SEEN_MICROS = fromMs(5000);

interface Row {
  readonly group: string;
  readonly place: string;
  /** Committed, the end of the partition, and the lag. */
  readonly numbers: readonly [number, number, number];
}

/** The lines of a description that has ended, of partitions in which something was committed. */
function rowsIn(event: TraceEvent): Row[] {
  if (event.kind !== 'printed' || event.exit !== 0 || !event.command.includes('--describe')) return [];
  return event.lines.flatMap((line) => {
    const [, group, topic, partition, ...numbers] =
      /^(\S+) +(\S+) +(\d+) +(\d+) +(\d+) +(-?\d+) /.exec(line.trim()) ?? [];
    const [committed, end, lag] = numbers.map(Number);
    return group === undefined
      ? []
      : [{ group, place: `${topic!}-${partition!}`, numbers: [committed!, end!, lag!] }];
  });
}

/** K-70, K-72. A difference of two numbers that the tool asks for one after the other, the committed one first. */
class LagIsSubtraction implements ClaimFold {
  private ledger = new Ledger();
  /** Of each place, the end as far as producers have been told. */
  private ends = new Map<string, number>();
  /** Of each group and place, what was committed, and when. */
  private committed = new Map<string, { position: number; at: Micros }>();
  private lastSentAt: Micros = 0;

  on(event: TraceEvent): void {
    if (event.kind === 'published') this.lastSentAt = event.at;
    if (tellsPlace(event) && event.position !== null)
      this.ends.set(event.place, Math.max(this.ends.get(event.place) ?? 0, event.position + 1));
    if (event.kind === 'settled' && event.outcome === 'committed')
      this.committed.set(`${event.group ?? ''} ${event.place}`, { position: event.position, at: event.at });
    for (const row of rowsIn(event)) this.judge(event, row);
  }

  private judge(event: TraceEvent, { group, place, numbers: [committed, end, lag] }: Row): void {
    const text = `of ${group} in ${place} the tool says ${committed} committed, ${end} the end, ${lag} the lag`;
    const own = this.committed.get(`${group} ${place}`);
    const isDone =
      own?.position === this.ends.get(place) &&
      event.at - Math.max(own?.at ?? 0, this.lastSentAt) > SEEN_MICROS;
    if (lag === end - committed && committed <= end && (!isDone || lag === 0))
      this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, isDone ? `${text}, though all is done` : text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('somebody to describe a group that has committed');
  }
}

export const lagToolClaim: Claim = {
  id: 'kafka.lag-is-a-subtraction',
  broker: 'kafka',
  statement:
    'The lag that the tool prints is where the partition ends minus what is committed, and 0 when all is done',
  rules: ['K-70', 'K-72'],
  observable: true,
  scenarios: ['kafka-held-lag'],
  judge: () => new LagIsSubtraction(),
};
