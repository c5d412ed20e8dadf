/** Claims about reading again: what a seek moves and what it leaves alone, what retention takes, where a new group begins. */
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import { formatSeconds } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict, tellsPlace } from '../claim.ts';
import { readerOf } from '../seen.ts';

type Of<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** K-70. From the offset that was sought, the same records come again at the same offsets. */
class SeekReadsAgain implements ClaimFold {
  private ledger = new Ledger();
  /** Per client and place, what lay at each offset that it was given. */
  private given = new Map<string, Map<number, number>>();
  /** Where a seek went and nothing has been given since. */
  private sought = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'positioned') {
      const id = `${event.client} ${event.place}`;
      if (event.by === 'seek') this.sought.set(id, event.position);
      else this.sought.delete(id);
    }
    if (event.kind !== 'delivered' || event.deliveryCount !== null) return;
    const { client, place, position, message } = event;
    const id = `${client} ${place}`;
    let given = this.given.get(id);
    if (!given) this.given.set(id, (given = new Map<number, number>()));
    const before = given.get(position);
    given.set(position, message);
    const from = this.sought.get(id);
    if (from === undefined) return;
    if (position < from)
      this.ledger.contradict(
        event,
        `${displayName(client)} went to offset ${from} of ${place} and was given ${position}`,
      );
    else if (before === undefined) this.sought.delete(id);
    else if (before !== message)
      this.ledger.contradict(
        event,
        `offset ${position} of ${place} was record ${before}, and is record ${message} now`,
      );
    else
      this.ledger.confirm(
        event,
        () => `${displayName(client)} went to offset ${from} of ${place} and is given ${position} again`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that goes back to what it has read');
  }
}

/** What a group had committed and been given when one of its members went back. */
interface Return {
  readonly from: number;
  readonly committed: number;
  /** One past the last offset given since. */
  read: number;
  /** Commits confirmed since; the first may have been under way. */
  commits: number;
}

/** K-70. A seek moves the position; the committed offset goes back only with the next commit, and only as far as was read. */
class SeekCommitsNothing implements ClaimFold {
  private ledger = new Ledger();
  private committed = new Map<string, number>();
  private returns = new Map<string, Return>();

  on(event: TraceEvent): void {
    if (event.kind === 'positioned') {
      const id = `${event.client} ${event.place}`;
      const committed = this.committed.get(`${event.group ?? ''} ${event.place}`);
      if (event.by === 'seek' && committed !== undefined && event.position < committed)
        this.returns.set(id, { from: event.position, committed, read: event.position, commits: 0 });
      else this.returns.delete(id);
    } else if (event.kind === 'client-stopped') {
      for (const id of [...this.returns.keys()])
        if (id.startsWith(`${event.client} `)) this.returns.delete(id);
    } else if (event.kind === 'delivered') {
      const back = this.returns.get(`${event.client} ${event.place}`);
      if (back) back.read = Math.max(back.read, event.position + 1);
    } else if (event.kind === 'settled' && event.outcome === 'committed') this.settled(event);
  }

  private settled(event: Of<'settled'>): void {
    const { client, place, position } = event;
    this.committed.set(`${event.group ?? ''} ${place}`, position);
    const id = `${client} ${place}`;
    const back = this.returns.get(id);
    if (!back) return;
    back.commits++;
    // This one was sent before the seek.
    if (back.commits === 1 && position >= back.committed && position > back.read) return;
    if (position > back.read) {
      this.ledger.contradict(
        event,
        `${displayName(client)} committed ${position} of ${place}, though since it went back to ${back.from} it has read up to ${back.read}`,
      );
    } else if (position < back.committed) {
      this.ledger.confirm(
        event,
        () =>
          `${displayName(client)} went back to offset ${back.from} of ${place}: only now its group’s committed offset goes from ${back.committed} to ${position}`,
      );
    } else this.returns.delete(id);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that goes back and then commits');
  }
}

/** K-70. While one group goes back, the others get no record a second time. */
class SeekLeavesOthers implements ClaimFold {
  private ledger = new Ledger();
  /** Per group and place, the offset that comes next. */
  private next = new Map<string, number>();
  /** Places that some group has gone back in, and which. */
  private soughtBy = new Map<string, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'positioned') {
      // A member that begins anew, by itself or after another, may be given again what was not committed.
      const group = event.group ?? event.client;
      this.next.set(`${group} ${event.place}`, event.position);
      if (event.by === 'seek') this.soughtBy.set(event.place, group);
    }
    if (event.kind !== 'delivered' || event.deliveryCount !== null) return;
    const group = readerOf(event);
    const id = `${group} ${event.place}`;
    const next = this.next.get(id);
    this.next.set(id, event.position + 1);
    const other = this.soughtBy.get(event.place);
    if (other === undefined || other === group || next === undefined) return;
    const text = `${other} has sought in ${event.place}: ${group} is given offset ${event.position}, where ${next} was next`;
    if (event.position >= next) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group that seeks while another reads the same partition');
  }
}

/** K-10, K-70. A seek to a time goes to the first record made at that time or later. Clocks are taken to agree. */
class SeekByTime implements ClaimFold {
  private ledger = new Ledger();
  private made = new Map<number, Micros>();
  private confirmed = new Map<string, Map<number, Micros>>();

  on(event: TraceEvent): void {
    if (event.kind === 'published') this.made.set(event.message, event.at);
    if (tellsPlace(event) && event.position !== null) {
      let there = this.confirmed.get(event.place);
      if (!there) this.confirmed.set(event.place, (there = new Map<number, Micros>()));
      there.set(event.position, this.made.get(event.message) ?? event.at);
      this.made.delete(event.message);
    }
    if (event.kind !== 'positioned' || event.time === undefined) return;
    const { client, place, position, time } = event;
    const there = this.confirmed.get(place);
    const at = there?.get(position);
    if (at === undefined) return;
    const before = there?.get(position - 1);
    const text = `${displayName(client)} asks for ${formatSeconds(time)} and goes to offset ${position} of ${place}, made at ${formatSeconds(at)}`;
    if (at < time) this.ledger.contradict(event, text);
    else if (before !== undefined && before >= time)
      this.ledger.contradict(event, `${text}; ${position - 1} was made at ${formatSeconds(before)}`);
    else this.ledger.confirm(event, () => text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that seeks to a time');
  }
}

/** K-70. A paused partition gives its reader nothing, stays its own, and goes on where it stood. */
class PausedPartitionKept implements ClaimFold {
  private ledger = new Ledger();
  private next = new Map<string, number>();
  private paused = new Map<string, Micros>();
  /** Just resumed: since when it had been paused. */
  private resumed = new Map<string, Micros>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'reading-paused':
        for (const place of event.places) {
          const id = `${event.client} ${place}`;
          this.resumed.delete(id);
          this.paused.set(id, event.at);
        }
        break;
      case 'reading-resumed':
        for (const place of event.places) {
          const id = `${event.client} ${place}`;
          const since = this.paused.get(id);
          if (since !== undefined) this.resumed.set(id, since);
          this.paused.delete(id);
        }
        break;
      case 'positioned':
        this.next.set(`${event.client} ${event.place}`, event.position);
        this.resumed.delete(`${event.client} ${event.place}`);
        break;
      case 'client-stopped':
      case 'revoked':
        this.forget(event.client, event.kind === 'revoked' ? event.places : null);
        break;
      case 'delivered':
        this.delivered(event);
        break;
      default:
    }
  }

  private forget(client: string, places: readonly string[] | null): void {
    for (const map of [this.next, this.paused, this.resumed])
      for (const id of [...map.keys()]) {
        const [of, place] = id.split(' ') as [string, string];
        if (of === client && (places === null || places.includes(place))) map.delete(id);
      }
  }

  private delivered(event: Of<'delivered'>): void {
    const { client, place, position, at } = event;
    const id = `${client} ${place}`;
    const next = this.next.get(id);
    this.next.set(id, position + 1);
    if (this.paused.has(id)) {
      this.ledger.contradict(
        event,
        `${displayName(client)} was given offset ${position} of ${place}, which it has paused`,
      );
      return;
    }
    const since = this.resumed.get(id);
    this.resumed.delete(id);
    if (since === undefined || next === undefined) return;
    const text = `${displayName(client)} paused ${place} for ${formatSeconds(at - since)} and goes on at offset ${position}`;
    if (position === next) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, `${text}, where ${next} was next`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that pauses a partition and resumes it');
  }
}

/** K-5, K-11. Who begins to read after retention has been there is given nothing of what it took. */
class ReplayEndsAtRetention implements ClaimFold {
  private ledger = new Ledger();
  private starts = new Map<string, number>();
  /** Per client and place, the start of the log when it was last positioned. */
  private known = new Map<string, number>();
  private read = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'expired')
      this.starts.set(event.place, Math.max(this.starts.get(event.place) ?? 0, event.position + 1));
    if (event.kind === 'positioned') {
      const id = `${event.client} ${event.place}`;
      const start = this.starts.get(event.place) ?? 0;
      this.known.set(id, start);
      if (event.by === 'seek' && start > 0 && event.position === start && this.read.has(id))
        this.ledger.confirm(
          event,
          () =>
            `${displayName(event.client)} goes back in ${event.place} and gets to offset ${start}: what lay before it, and was read once, is gone`,
        );
    }
    if (event.kind !== 'delivered') return;
    const id = `${event.client} ${event.place}`;
    const start = this.known.get(id) ?? 0;
    if (event.position === 0) this.read.add(id);
    if (event.position < start)
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given offset ${event.position} of ${event.place}, whose log began at ${start} when it started to read`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      'a consumer that goes back to the beginning after retention has removed something',
    );
  }
}

/** K-69. A group that begins at the end of a partition is never given what lay there before. */
class LatestSkipsEarlier implements ClaimFold {
  private ledger = new Ledger();
  private confirmed = new Map<string, number>();
  /** Per group and place, where it began when everything before had been confirmed already, and that was the end. */
  private began = new Map<string, number>();

  on(event: TraceEvent): void {
    if (tellsPlace(event) && event.position !== null)
      this.confirmed.set(event.place, Math.max(this.confirmed.get(event.place) ?? 0, event.position + 1));
    if (event.kind === 'positioned') {
      const group = event.group ?? event.client;
      const id = `${group} ${event.place}`;
      const end = this.confirmed.get(event.place) ?? 0;
      // Whoever is told to go elsewhere goes elsewhere.
      if (event.by === 'seek' || event.outOfRange) this.began.delete(id);
      else if (event.by === 'reset' && !this.began.has(id) && end > 0 && event.position >= end)
        this.began.set(id, event.position);
    }
    if (event.kind !== 'delivered') return;
    const began = this.began.get(`${readerOf(event)} ${event.place}`);
    if (began === undefined) return;
    const text = `${readerOf(event)} began at offset ${began} of ${event.place}, the end, and is given ${event.position}`;
    if (event.position >= began) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group that begins at the end of a partition');
  }
}

/** K-69. With `none`, no committed offset is an error that the application gets, and no record with it. */
class NoResetFails implements ClaimFold {
  private ledger = new Ledger();
  private failed = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'client-started') this.failed.delete(event.client);
    if (event.kind === 'error' && event.code === 'NoOffsetForPartitionException') {
      this.failed.add(event.client);
      this.ledger.confirm(event, () => `${displayName(event.client)}: ${event.detail}`);
    }
    if (event.kind === 'delivered' && this.failed.has(event.client))
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given offset ${event.position} of ${event.place} after poll() had thrown`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group with auto.offset.reset=none and no committed offset');
  }
}

/** A `--reset-offsets --execute` that has ended, as it was typed and as it was answered. */
interface Reset {
  readonly group: string;
  readonly refused: boolean;
  /** Place and new offset of each line of its table. */
  readonly offsets: readonly (readonly [place: string, offset: number])[];
}

function resetIn(event: TraceEvent): Reset | null {
  if (event.kind !== 'printed' || event.exit === null) return null;
  const words = event.command.split(/\s+/);
  if (!words.includes('--reset-offsets') || !words.includes('--execute')) return null;
  const group = words[words.indexOf('--group') + 1];
  if (!words.includes('--group') || group === undefined) return null;
  const offsets = event.lines.flatMap((line) => {
    const [of, topic, partition, offset] = line.trim().split(/\s+/);
    return of === group && /^\d+$/.test(offset ?? '')
      ? [[`${topic!}-${partition!}`, Number(offset)] as const]
      : [];
  });
  return { group, refused: event.lines.some((line) => line.includes('is inactive')), offsets };
}

/** K-81. The tool sets no offsets of a group that has a member. */
class ResetNeedsInactiveGroup implements ClaimFold {
  private ledger = new Ledger();
  /** Members that hold partitions, with the group of each. */
  private members = new Map<string, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'assigned') this.members.set(event.client, event.group);
    // Whoever stands still may have been given up by its coordinator, and does not know it.
    if (event.kind === 'acted' && event.action === 'pause') this.members.delete(event.target);
    if (event.kind === 'client-stopped' || event.kind === 'revoked') this.members.delete(event.client);
    const reset = resetIn(event);
    if (!reset) return;
    const member = [...this.members].find(([, group]) => group === reset.group)?.[0];
    if (reset.refused)
      this.ledger.confirm(
        event,
        () => `refused: ${reset.group} has ${member === undefined ? 'a member still' : displayName(member)}`,
      );
    else if (member !== undefined && reset.offsets.length > 0)
      this.ledger.contradict(
        event,
        `the offsets of ${reset.group} were set while ${displayName(member)} was a member of it`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('somebody to reset the offsets of a group that has a member');
  }
}

/** K-69, K-70. Where the tool has set a group is where its next member begins. */
class ResetMovesTheGroup implements ClaimFold {
  private ledger = new Ledger();
  private set = new Map<string, number>();

  on(event: TraceEvent): void {
    const reset = resetIn(event);
    for (const [place, offset] of reset?.offsets ?? []) this.set.set(`${reset!.group} ${place}`, offset);
    if (event.kind === 'settled') this.set.delete(`${event.group ?? ''} ${event.place}`);
    if (event.kind !== 'positioned') return;
    const id = `${event.group ?? ''} ${event.place}`;
    const offset = this.set.get(id);
    this.set.delete(id);
    if (offset === undefined || event.by !== 'committed') return;
    const text = `${event.group ?? ''} was set to offset ${offset} of ${event.place}: ${displayName(event.client)} begins at ${event.position}`;
    if (event.position === offset) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a member to join a group whose offsets have been reset');
  }
}

export const replayClaims: readonly Claim[] = [
  {
    id: 'kafka.seek-reads-again',
    broker: 'kafka',
    statement: 'After a seek, the same records come again at the same offsets',
    rules: ['K-70'],
    observable: true,
    scenarios: ['kafka-replay', 'beside-replay-kafka', 'kafka-held-replay'],
    judge: () => new SeekReadsAgain(),
  },
  {
    id: 'kafka.seek-commits-nothing',
    broker: 'kafka',
    statement: 'A seek moves the position; the committed offset follows with the next commit',
    rules: ['K-70', 'K-71'],
    observable: true,
    scenarios: ['kafka-replay', 'kafka-held-replay'],
    judge: () => new SeekCommitsNothing(),
  },
  {
    id: 'kafka.seek-leaves-others',
    broker: 'kafka',
    statement: 'Other groups do not notice that one goes back',
    rules: ['K-70'],
    observable: true,
    scenarios: ['kafka-replay', 'kafka-held-replay'],
    judge: () => new SeekLeavesOthers(),
  },
  {
    id: 'kafka.seek-by-time',
    broker: 'kafka',
    statement: 'A seek to a time finds the first record of that time or later',
    rules: ['K-10', 'K-70'],
    observable: true,
    scenarios: ['kafka-replay', 'kafka-held-replay'],
    judge: () => new SeekByTime(),
  },
  {
    id: 'kafka.paused-partition-kept',
    broker: 'kafka',
    statement: 'A paused partition gives nothing, and goes on where it stood',
    rules: ['K-70'],
    observable: true,
    scenarios: ['kafka-replay', 'kafka-held-replay'],
    judge: () => new PausedPartitionKept(),
  },
  {
    id: 'kafka.replay-ends-at-retention',
    broker: 'kafka',
    statement: 'What retention has removed cannot be read again',
    rules: ['K-5', 'K-11'],
    observable: false,
    scenarios: ['kafka-replay'],
    judge: () => new ReplayEndsAtRetention(),
  },
  {
    id: 'kafka.latest-skips-earlier',
    broker: 'kafka',
    statement: 'A group that begins at the end is never given what came before',
    rules: ['K-69'],
    observable: true,
    scenarios: ['kafka-offset-reset', 'kafka-held-reset'],
    judge: () => new LatestSkipsEarlier(),
  },
  {
    id: 'kafka.no-reset-fails',
    broker: 'kafka',
    statement: 'With auto.offset.reset=none, a group without an offset gets an exception',
    rules: ['K-69'],
    observable: true,
    scenarios: ['kafka-offset-reset', 'kafka-held-reset'],
    judge: () => new NoResetFails(),
  },
  {
    id: 'kafka.reset-needs-inactive-group',
    broker: 'kafka',
    statement: 'The tool resets no offsets of a group that has members',
    rules: ['K-81'],
    observable: true,
    scenarios: ['kafka-reset-offsets', 'kafka-held-reset-tool'],
    judge: () => new ResetNeedsInactiveGroup(),
  },
  {
    id: 'kafka.reset-moves-the-group',
    broker: 'kafka',
    statement: 'Where the tool has set a group, its next member begins',
    rules: ['K-69', 'K-70'],
    observable: true,
    scenarios: ['kafka-reset-offsets', 'kafka-held-reset-tool'],
    judge: () => new ResetMovesTheGroup(),
  },
];
