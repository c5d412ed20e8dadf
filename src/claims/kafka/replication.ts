/**
 * Claims about what an acknowledgement is worth: who has a record when its producer is told, what a change of leader
 * takes away and what it leaves. No event tells a producer's `acks`: where a claim turns on it, the scenario's producers
 * are called after it, `acks-0` (or with more behind that), `acks-1` and `acks-all`.
 */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict, tellsPlace } from '../claim.ts';
import { named } from './partitions.ts';

const SECOND: Micros = 1_000_000;
/** Defaults of Kafka that the scenarios of these claims leave as they are. */
const SESSION_TIMEOUT = 9 * SECOND;
const LAG_TIME_MAX = 30 * SECOND;
/** `min.insync.replicas` of the scenarios in which replicas become too few. */
const MIN_ISR = 2;
/** How long a decision of the controller, or an answer that was under way, may take to arrive. */
const NEWS = SECOND;

/** An offset that a producer was told, and what a reader was given there. */
interface Told {
  readonly at: string;
  readonly client: string;
  readonly message: number;
  readonly given: number;
  /** Whether a reader had been given the producer's record before. */
  readonly seen: boolean;
}

/**
 * What the readers were given at each offset, beside what producers were told of it. After a loss an offset is told
 * again, so there may be several. That the two differ only a reading after the telling shows, for the same reason.
 */
class Offsets {
  private told = new Map<string, { message: number; client: string }[]>();
  private given = new Map<string, number>();
  private delivered = new Set<number>();
  private keys = new Map<number, string | null>();

  on(event: TraceEvent): readonly Told[] {
    if (event.kind === 'published') this.keys.set(event.message, event.key);
    if (event.kind === 'publish-confirmed' && event.position !== null) {
      const at = `offset ${event.position} of ${event.place}`;
      const { message, client } = event;
      this.told.set(at, [...(this.told.get(at) ?? []), { message, client }]);
      return this.given.get(at) === message ? [{ at, client, message, given: message, seen: true }] : [];
    }
    if (event.kind !== 'delivered') return [];
    const at = `offset ${event.position} of ${event.place}`;
    const given = event.message;
    this.given.set(at, given);
    const found = (this.told.get(at) ?? []).map(({ client, message }) => ({
      at,
      client,
      message,
      given,
      seen: this.delivered.has(message),
    }));
    this.delivered.add(given);
    return found;
  }

  name(message: number): string {
    return named(this.keys.get(message) ?? null, message);
  }
}

/**
 * K-30, K-52. Where acks=all was told that its record is, there the readers find it. An unclean election takes the promise
 * back: from then on nothing is judged. (A recording does not tell of elections; its cluster holds none but clean ones.)
 */
class AcksAllKept implements ClaimFold {
  private ledger = new Ledger();
  private offsets = new Offsets();
  private unclean = false;

  on(event: TraceEvent): void {
    if (event.kind === 'leader-elected' && !event.clean) this.unclean = true;
    for (const { client, at, message, given } of this.offsets.on(event)) {
      if (this.unclean || client !== 'acks-all') continue;
      const text = `${this.offsets.name(message)} was confirmed at ${at}`;
      if (given === message) this.ledger.confirm(event, () => `${text}, and read there`);
      else this.ledger.contradict(event, `${text}, where ${this.offsets.name(given)} is`);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record confirmed under acks=all to be read');
  }
}

/** K-30. At the offset that acks=1 was told, readers are given another record, and never the one that was confirmed. */
class AcksOneLoses implements ClaimFold {
  private ledger = new Ledger();
  private offsets = new Offsets();
  private lost = new Set<number>();

  on(event: TraceEvent): void {
    if (event.kind === 'delivered' && this.lost.has(event.message))
      this.ledger.contradict(
        event,
        `${named(event.key, event.message)} is there after all, at offset ${event.position}`,
      );
    for (const { client, at, message, given, seen } of this.offsets.on(event)) {
      if (client !== 'acks-1' || given === message || seen || this.lost.has(message)) continue;
      this.lost.add(message);
      this.ledger.confirm(
        event,
        () => `${this.offsets.name(message)} was confirmed at ${at}; there is ${this.offsets.name(given)}`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a leader that goes before a follower has copied what acks=1 was told');
  }
}

/** K-30. acks=0 is told of no offset and of no failure; what became of its records only a reader finds out. */
class AcksZeroUnaware implements ClaimFold {
  private told = new Map<number, TraceEvent>();
  private read = new Set<number>();
  private last = -1;
  private wrong: { event: TraceEvent; text: string } | null = null;
  private keys = new Map<number, string | null>();

  on(event: TraceEvent): void {
    if (event.kind === 'published' && event.client.startsWith('acks-0'))
      this.keys.set(event.message, event.key);
    if (event.kind === 'publish-confirmed' && event.client.startsWith('acks-0')) {
      this.told.set(event.message, event);
      if (event.position !== null)
        this.wrong ??= { event, text: `record ${event.message} was given the offset ${event.position}` };
    }
    if (event.kind === 'publish-failed' && this.told.has(event.message))
      this.wrong ??= { event, text: `the failure of record ${event.message} was told` };
    if (event.kind === 'delivered' && this.keys.has(event.message)) {
      this.read.add(event.message);
      this.last = Math.max(this.last, event.message);
    }
  }

  verdict(ended: boolean): Verdict {
    const waitsFor = 'a record of acks=0 that no reader is given, though later ones were';
    const ledger = new Ledger();
    if (this.wrong) ledger.contradict(this.wrong.event, this.wrong.text);
    else if (!ended) return { status: 'open', waitsFor };
    for (const [message, event] of this.told) {
      if (message > this.last || this.read.has(message)) continue;
      ledger.confirm(
        event,
        () => `${named(this.keys.get(message) ?? null, message)} counted as sent, and no reader was given it`,
      );
    }
    return ledger.verdict(waitsFor);
  }
}

/**
 * K-65. After a crash of its leader a partition has no other one until the dead broker's session has run out, unless the
 * broker comes back or an administrator has a leader elected.
 */
class FailoverWaits implements ClaimFold {
  private ledger = new Ledger();
  private leaders = new Map<string, string>();
  private heard = new Map<string, Micros>();
  private closing = new Set<string>();
  private orphans = new Map<string, { node: string; at: Micros }>();
  /** Elections that came too soon; the event of an administrator's hand follows at the same moment. */
  private soon: { seq: number; at: Micros; text: string }[] = [];

  on(event: TraceEvent): void {
    if (this.soon.length > 0 && event.at > this.soon[0]!.at) {
      for (const { seq, at, text } of this.soon) this.ledger.contradict({ seq, at }, text);
      this.soon = [];
    }
    switch (event.kind) {
      case 'sent':
        if (event.what === 'BrokerHeartbeat' && event.arrivesAt !== null)
          this.heard.set(event.from, event.at);
        break;
      case 'acted':
        if (event.action === 'close' && event.refused === null) this.closing.add(event.target);
        if (event.action === 'elect-leaders') this.soon = [];
        break;
      case 'node-crashed':
        if (this.closing.has(event.node)) break;
        for (const [place, leader] of this.leaders)
          if (leader === event.node) this.orphans.set(place, { node: event.node, at: event.at });
        break;
      case 'node-restarted':
        // Whoever registers anew is told from the dead one at once.
        this.closing.delete(event.node);
        for (const [place, { node }] of this.orphans) if (node === event.node) this.orphans.delete(place);
        break;
      case 'leader-elected':
        this.elected(event);
        if (event.node === null) this.leaders.delete(event.place);
        else this.leaders.set(event.place, event.node);
        break;
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a leader that crashes, and another to be elected');
  }

  private elected(event: Extract<TraceEvent, { kind: 'leader-elected' }>): void {
    const orphan = this.orphans.get(event.place);
    this.orphans.delete(event.place);
    if (!orphan || event.node === null) return;
    const { seq, at } = event;
    const silent = at - (this.heard.get(orphan.node) ?? orphan.at);
    const text = `${displayName(event.node)} leads ${event.place} ${formatSeconds(at - orphan.at)} after the crash, ${formatSeconds(silent)} after ${displayName(orphan.node)} was last heard of`;
    if (silent >= SESSION_TIMEOUT) this.ledger.confirm(event, () => text);
    else this.soon.push({ seq, at, text });
  }
}

/**
 * K-9, K-52. What a replica cuts off, the high watermark had not passed. Each replica's log is followed as what was
 * appended where and when, since a record that is sent again may come to lie at the same offset once more. An unclean
 * election ends the following, as it may take what lies below.
 */
class CutAboveHighWatermark implements ClaimFold {
  private ledger = new Ledger();
  private leaders = new Map<string, string | null>();
  private logs = new Map<string, { seq: number; message: number }[]>();
  private watermarks = new Map<string, number>();
  /** By the event that appended them. */
  private passed = new Set<number>();
  private unclean = new Set<string>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'leader-elected':
        this.leaders.set(event.place, event.node);
        if (!event.clean) this.unclean.add(event.place);
        break;
      case 'appended': {
        const log = this.log(event.node, event.place);
        log.length = Math.min(log.length, event.position);
        log[event.position] = { seq: event.seq, message: event.message };
        break;
      }
      case 'replicated': {
        const log = this.log(event.node, event.place);
        const source = this.log(this.leaders.get(event.place) ?? '', event.place);
        for (let at = log.length; at < event.position && source[at]; at++) log[at] = source[at]!;
        break;
      }
      case 'high-watermark-advanced': {
        const { node, place, position } = event;
        if (this.leaders.get(place) !== node) break;
        const log = this.log(node, place);
        for (let at = this.watermarks.get(place) ?? 0; at < position; at++)
          this.passed.add(log[at]?.seq ?? -1);
        this.watermarks.set(place, Math.max(this.watermarks.get(place) ?? 0, position));
        break;
      }
      case 'truncated':
        this.cut(event);
        break;
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a replica to cut off what its leader does not have');
  }

  private cut(event: Extract<TraceEvent, { kind: 'truncated' }>): void {
    const { node, place, position, messages } = event;
    const gone = this.log(node, place).splice(position);
    if (messages.length === 0 || this.unclean.has(place)) return;
    const kept = gone.find(({ seq }) => this.passed.has(seq));
    if (kept)
      this.ledger.contradict(
        event,
        `${displayName(node)} cut record ${kept.message} off ${place}, which the high watermark had passed`,
      );
    else
      this.ledger.confirm(
        event,
        () =>
          `${displayName(node)} cut ${messages.length === 1 ? 'one record' : `${messages.length} records`} off ${place} from offset ${position} on: ${messages.join(', ')}`,
      );
  }

  private log(node: string, place: string): { seq: number; message: number }[] {
    const id = `${node} ${place}`;
    let log = this.logs.get(id);
    if (!log) this.logs.set(id, (log = []));
    return log;
  }
}

/** K-4. */
class ReadBelowHighWatermark implements ClaimFold {
  private ledger = new Ledger();
  private watermarks = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'high-watermark-advanced') {
      const before = this.watermarks.get(event.place) ?? 0;
      if (event.position > before) this.watermarks.set(event.place, event.position);
    }
    if (event.kind !== 'delivered') return;
    const watermark = this.watermarks.get(event.place) ?? 0;
    if (event.position < watermark)
      this.ledger.confirm(
        event,
        () => `offset ${event.position} of ${event.place}, below the high watermark ${watermark}`,
      );
    else
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given offset ${event.position} of ${event.place} at a high watermark of ${watermark}`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record to be delivered');
  }
}

/** Who is in sync, by the controller's word, who leads, and how far each replica has copied. */
class Replicas {
  readonly isr = new Map<string, readonly string[]>();
  readonly leaders = new Map<string, string | null>();
  private ends = new Map<string, number>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        event.replicas?.forEach((nodes, i) => this.isr.set(event.places[i]!, nodes));
        break;
      case 'isr-changed':
        this.isr.set(event.place, event.isr);
        break;
      case 'leader-elected':
        this.leaders.set(event.place, event.node);
        break;
      case 'appended':
        this.ends.set(`${event.node} ${event.place}`, event.position + 1);
        break;
      case 'replicated':
      case 'truncated':
        this.ends.set(`${event.node} ${event.place}`, event.position);
        break;
    }
  }

  end(node: string, place: string): number {
    return this.ends.get(`${node} ${place}`) ?? 0;
  }
}

/** K-59. When acks=all is told, every replica in sync has the record: all of them, however few would have been enough. */
class AcksAllWaitsForIsr implements ClaimFold {
  private ledger = new Ledger();
  private replicas = new Replicas();

  on(event: TraceEvent): void {
    this.replicas.on(event);
    if (!tellsPlace(event) || event.client !== 'acks-all' || event.position === null) return;
    const { place, position, message } = event;
    const isr = this.replicas.isr.get(place) ?? [];
    const without = isr.find((node) => this.replicas.end(node, place) <= position);
    if (without !== undefined)
      this.ledger.contradict(
        event,
        `record ${message} was confirmed at offset ${position} of ${place}, which ${displayName(without)} lacks though it counts as in sync`,
      );
    else
      this.ledger.confirm(
        event,
        () => `record ${message} was confirmed once ${isr.map(displayName).join(', ')} had it`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record to be confirmed under acks=all');
  }
}

/** Since when a partition has had fewer in sync than `min.insync.replicas`; null while it has enough. */
class Shortage {
  since = new Map<string, Micros | null>();

  on(event: TraceEvent): void {
    if (event.kind !== 'isr-changed') return;
    if (event.isr.length >= MIN_ISR) this.since.set(event.place, null);
    else if ((this.since.get(event.place) ?? null) === null) this.since.set(event.place, event.at);
  }

  /** Whether it has lasted long enough for the leader to know of it. */
  known(place: string, at: Micros): boolean {
    const since = this.since.get(place) ?? null;
    return since !== null && at > since + NEWS;
  }
}

/** K-57. Short of replicas, the leader writes nothing that asks for acks=all, and goes on writing what asks for less. */
class TooFewRefused implements ClaimFold {
  private ledger = new Ledger();
  private shortage = new Shortage();
  private writers = new Map<number, string>();
  private asked = new Map<number, Micros>();

  on(event: TraceEvent): void {
    this.shortage.on(event);
    if (event.kind === 'published') this.writers.set(event.message, event.client);
    if (
      event.kind === 'sent' &&
      event.from === 'acks-all' &&
      event.what === 'Produce' &&
      event.place !== null
    ) {
      if (this.shortage.known(event.place, event.at)) {
        for (const message of event.messages ?? []) {
          if (this.asked.has(message)) continue;
          this.asked.set(message, event.at);
        }
      }
    }
    if (event.kind !== 'appended' || this.writers.get(event.message) !== 'acks-all') return;
    const { message, place, at } = event;
    if (this.shortage.known(place, at)) {
      this.ledger.contradict(
        event,
        `record ${message} of acks=all was written while too few replicas were in sync`,
      );
      return;
    }
    const asked = this.asked.get(message);
    if (asked === undefined) return;
    this.asked.delete(message);
    this.ledger.confirm(
      event,
      () => `record ${message} of acks=all was written ${formatSeconds(at - asked)} after it was first sent`,
    );
  }

  verdict(): Verdict {
    return this.ledger.verdict('acks=all to be sent while too few replicas are in sync');
  }
}

/** K-53. What acks=1 is told meanwhile, readers see only when there are enough replicas again. */
class TooFewInvisible implements ClaimFold {
  private ledger = new Ledger();
  private shortage = new Shortage();
  private hidden = new Map<number, Micros>();

  on(event: TraceEvent): void {
    this.shortage.on(event);
    if (tellsPlace(event) && event.client === 'acks-1') {
      if (this.shortage.known(event.place, event.at)) this.hidden.set(event.message, event.at);
    } else if (event.kind === 'delivered') {
      const told = this.hidden.get(event.message);
      if (told === undefined) return;
      const text = `${named(event.key, event.message)} was read ${formatSeconds(event.at - told)} after it was confirmed`;
      if (this.shortage.known(event.place, event.at)) this.ledger.contradict(event, text);
      else this.ledger.confirm(event, () => text);
      this.hidden.delete(event.message);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('records of acks=1 that are written while too few replicas are in sync');
  }
}

/**
 * K-54, K-55. A follower that copies nothing more is borne for `replica.lag.time.max.ms`, and as long again, by half, as
 * the leader takes to look. What it had last is known to within one fetch.
 */
class LagBorne implements ClaimFold {
  private ledger = new Ledger();
  private replicas = new Replicas();
  private fenced = new Set<string>();
  private caughtUpAt = new Map<string, Micros>();
  private late = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'node-fenced') this.fenced.add(event.node);
    if (event.kind === 'node-unfenced') this.fenced.delete(event.node);
    if (event.kind === 'appended') this.appended(event);
    if (event.kind === 'isr-changed') this.changed(event);
    this.replicas.on(event);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a follower that falls behind to be taken out of the ISR');
  }

  private appended({
    seq,
    at,
    node: leader,
    place,
    position,
  }: Extract<TraceEvent, { kind: 'appended' }>): void {
    for (const node of this.replicas.isr.get(place) ?? []) {
      if (node === leader) continue;
      const id = `${node} ${place}`;
      if (this.replicas.end(node, place) >= position || !this.caughtUpAt.has(id)) this.caughtUpAt.set(id, at);
      const behind = at - this.caughtUpAt.get(id)!;
      if (behind <= LAG_TIME_MAX * 1.5 + 2 * NEWS || this.late.has(id)) continue;
      this.late.add(id);
      this.ledger.contradict(
        { seq, at },
        `${displayName(node)} counts as in sync, ${formatSeconds(behind)} behind`,
      );
    }
  }

  private changed(event: Extract<TraceEvent, { kind: 'isr-changed' }>): void {
    const { place, at, isr } = event;
    for (const node of this.replicas.isr.get(place) ?? []) {
      if (isr.includes(node) || this.fenced.has(node)) continue;
      const since = this.caughtUpAt.get(`${node} ${place}`);
      if (since === undefined) continue;
      const text = `${displayName(node)} left the ISR of ${place} ${formatSeconds(at - since)} after it last had everything`;
      if (at - since >= LAG_TIME_MAX - NEWS) this.ledger.confirm(event, () => text);
      else this.ledger.contradict(event, text);
    }
  }
}

/** K-56. A replica that comes into the ISR has everything below the high watermark. */
class BackInIsr implements ClaimFold {
  private ledger = new Ledger();
  private replicas = new Replicas();
  private watermarks = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'high-watermark-advanced' && this.replicas.leaders.get(event.place) === event.node)
      this.watermarks.set(event.place, event.position);
    if (event.kind === 'isr-changed') {
      const { place } = event;
      const before = this.replicas.isr.get(place);
      const watermark = this.watermarks.get(place) ?? 0;
      for (const node of event.isr) {
        if (!before || before.includes(node) || this.replicas.leaders.get(place) === node) continue;
        const end = this.replicas.end(node, place);
        const text = `${displayName(node)} is in sync again with ${place} up to offset ${end}, at a high watermark of ${watermark}`;
        if (end >= watermark) this.ledger.confirm(event, () => text);
        else this.ledger.contradict(event, text);
      }
    }
    this.replicas.on(event);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a replica to come back into the ISR');
  }
}

/** K-62. While nobody may lead a partition nothing is written to it. */
class LeaderlessStands implements ClaimFold {
  private ledger = new Ledger();
  private without = new Map<string, Micros>();

  on(event: TraceEvent): void {
    if (event.kind === 'leader-elected') {
      const { place, node, at } = event;
      const since = this.without.get(place);
      if (node === null) {
        if (since === undefined) this.without.set(place, at);
        return;
      }
      this.without.delete(place);
      if (since !== undefined)
        this.ledger.confirm(
          event,
          () => `${place} was without a leader for ${formatSeconds(at - since)}, until ${displayName(node)}`,
        );
    } else if (event.kind === 'appended' && this.without.has(event.place)) {
      this.ledger.contradict(
        event,
        `record ${event.message} was written to ${event.place}, which nobody leads`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a partition that nobody may lead to have a leader again');
  }
}

/** K-61. After an unclean election also what acks=all was told is gone, and its offset is another record's. */
class UncleanLoses implements ClaimFold {
  private ledger = new Ledger();
  private offsets = new Offsets();
  private unclean = false;
  private lost = new Set<number>();

  on(event: TraceEvent): void {
    if (event.kind === 'leader-elected' && !event.clean) this.unclean = true;
    if (event.kind === 'delivered' && this.lost.has(event.message))
      this.ledger.contradict(event, `${named(event.key, event.message)} is there after all`);
    for (const { client, at, message, given, seen } of this.offsets.on(event)) {
      if (client !== 'acks-all' || given === message || this.lost.has(message)) continue;
      const text = `${this.offsets.name(message)} was confirmed at ${at}${seen ? ' and read there' : ''}; now ${this.offsets.name(given)} is there`;
      if (!this.unclean) this.ledger.contradict(event, text);
      else {
        this.lost.add(message);
        this.ledger.confirm(event, () => text);
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('an unclean election, and its consequences to be read');
  }
}

/** K-65. A broker that stops in order leads nothing any more when it goes, and nobody had to wait for a session. */
class StopHandsOver implements ClaimFold {
  private ledger = new Ledger();
  private leaders = new Map<string, string>();
  private asked = new Map<string, Micros>();
  private moved = new Map<string, string[]>();

  on(event: TraceEvent): void {
    if (event.kind === 'acted' && event.action === 'close' && event.refused === null) {
      this.asked.set(event.target, event.at);
      this.moved.set(event.target, []);
    } else if (event.kind === 'leader-elected') {
      const before = this.leaders.get(event.place);
      if (before !== undefined && before !== event.node) this.moved.get(before)?.push(event.place);
      if (event.node === null) this.leaders.delete(event.place);
      else this.leaders.set(event.place, event.node);
    } else if (event.kind === 'node-stopped') {
      const { node, at } = event;
      const took = at - (this.asked.get(node) ?? at);
      const left = [...this.leaders].filter(([, leader]) => leader === node).map(([place]) => place);
      const moved = this.moved.get(node) ?? [];
      if (left.length > 0 || took >= SESSION_TIMEOUT)
        this.ledger.contradict(
          event,
          `${displayName(node)} stopped after ${formatSeconds(took)}, and leads ${left.join(', ') || 'nothing'}`,
        );
      else if (moved.length > 0)
        this.ledger.confirm(
          event,
          () =>
            `${displayName(node)} handed over ${moved.join(', ')} and stopped, ${formatSeconds(took)} after it was told to`,
        );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a broker that leads something to be stopped in order');
  }
}

/** K-64. A preferred election gives each partition to the first of its replicas, if that one is in sync. */
class PreferredLeads implements ClaimFold {
  private ledger = new Ledger();
  private replicas = new Replicas();
  private preferred = new Map<string, { topic: string; node: string }>();
  private electedAt = new Map<string, Micros>();

  on(event: TraceEvent): void {
    this.replicas.on(event);
    if (event.kind === 'places-created')
      event.replicas?.forEach(([node], i) => {
        if (node !== undefined) this.preferred.set(event.places[i]!, { topic: event.name, node });
      });
    if (event.kind === 'leader-elected') this.electedAt.set(event.place, event.at);
    if (event.kind !== 'acted' || event.action !== 'elect-leaders' || event.refused !== null) return;
    for (const [place, { topic, node }] of this.preferred) {
      if (topic !== event.target || !this.replicas.isr.get(place)?.includes(node)) continue;
      if (this.replicas.leaders.get(place) !== node)
        this.ledger.contradict(event, `${displayName(node)} is in sync with ${place} and does not lead it`);
      else if (this.electedAt.get(place) === event.at)
        this.ledger.confirm(event, () => `${displayName(node)} leads ${place} again`);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a preferred election where another replica leads');
  }
}

export const replicationClaims: readonly Claim[] = [
  {
    id: 'kafka.acks-all-kept',
    broker: 'kafka',
    statement: 'What acks=all was told stays, as long as elections are clean',
    rules: ['K-30', 'K-52', 'K-60'],
    observable: true,
    scenarios: [
      'kafka-acks',
      'kafka-rolling-restart',
      'kafka-slow-follower',
      'kafka-too-few-replicas',
      'kafka-held-leader',
      'kafka-held-min-isr',
      'kafka-held-acks',
    ],
    judge: () => new AcksAllKept(),
  },
  {
    id: 'kafka.acks-one-loses',
    broker: 'kafka',
    statement: 'What acks=1 was told is lost if the leader goes before a follower has copied it',
    rules: ['K-30', 'K-9'],
    observable: true,
    scenarios: ['kafka-acks', 'kafka-rolling-restart', 'kafka-held-acks'],
    judge: () => new AcksOneLoses(),
  },
  {
    id: 'kafka.acks-zero-unaware',
    broker: 'kafka',
    statement: 'With acks=0 a record counts as sent, and nobody learns that it was lost',
    rules: ['K-30'],
    observable: true,
    scenarios: ['kafka-acks', 'kafka-held-acks-zero'],
    judge: () => new AcksZeroUnaware(),
  },
  {
    id: 'kafka.failover-waits-for-session',
    broker: 'kafka',
    statement: 'A crashed leader is replaced when its session has run out',
    rules: ['K-65', 'K-60'],
    observable: false,
    scenarios: ['kafka-acks'],
    judge: () => new FailoverWaits(),
  },
  {
    id: 'kafka.truncated-above-high-watermark',
    broker: 'kafka',
    statement: 'A replica cuts off what its leader lacks, and nothing that the high watermark had passed',
    rules: ['K-9', 'K-52'],
    observable: false,
    scenarios: ['kafka-acks', 'kafka-rolling-restart'],
    judge: () => new CutAboveHighWatermark(),
  },
  {
    id: 'kafka.read-below-high-watermark',
    broker: 'kafka',
    statement: 'Consumers are given what lies below the high watermark, and nothing else',
    rules: ['K-4', 'K-52'],
    observable: false,
    scenarios: 'every',
    judge: () => new ReadBelowHighWatermark(),
  },
  {
    id: 'kafka.acks-all-waits-for-isr',
    broker: 'kafka',
    statement: 'acks=all is told when every in-sync replica has the record',
    rules: ['K-59', 'K-30'],
    observable: false,
    scenarios: ['kafka-slow-follower', 'kafka-acks', 'kafka-rolling-restart'],
    judge: () => new AcksAllWaitsForIsr(),
  },
  {
    id: 'kafka.min-isr-refuses',
    broker: 'kafka',
    statement: 'With fewer than min.insync.replicas in sync, nothing of acks=all is written',
    rules: ['K-57'],
    observable: false,
    scenarios: ['kafka-too-few-replicas'],
    judge: () => new TooFewRefused(),
  },
  {
    id: 'kafka.under-min-isr-invisible',
    broker: 'kafka',
    statement: 'What acks=1 is told meanwhile stays invisible until enough are in sync',
    rules: ['K-53', 'K-57'],
    observable: false,
    scenarios: ['kafka-too-few-replicas'],
    judge: () => new TooFewInvisible(),
  },
  {
    id: 'kafka.lag-is-borne',
    broker: 'kafka',
    statement: 'A follower that stands still stays in the ISR for replica.lag.time.max.ms',
    rules: ['K-54', 'K-55'],
    observable: false,
    scenarios: ['kafka-slow-follower'],
    judge: () => new LagBorne(),
  },
  {
    id: 'kafka.back-in-isr-when-caught-up',
    broker: 'kafka',
    statement: 'A replica is in sync again when it has reached the high watermark',
    rules: ['K-56'],
    observable: false,
    scenarios: ['kafka-slow-follower', 'kafka-acks', 'kafka-too-few-replicas', 'kafka-rolling-restart'],
    judge: () => new BackInIsr(),
  },
  {
    id: 'kafka.leaderless-stands',
    broker: 'kafka',
    statement: 'With no replica left that may lead, nothing is written',
    rules: ['K-62', 'K-60'],
    observable: false,
    scenarios: ['kafka-unclean-election'],
    judge: () => new LeaderlessStands(),
  },
  {
    id: 'kafka.unclean-loses',
    broker: 'kafka',
    statement: 'An unclean election loses what acks=all was told, and gives its offsets to others',
    rules: ['K-61'],
    observable: false,
    scenarios: ['kafka-unclean-election'],
    judge: () => new UncleanLoses(),
  },
  {
    id: 'kafka.stop-hands-over',
    broker: 'kafka',
    statement: 'A broker that is stopped in order hands its partitions over before it goes',
    rules: ['K-65'],
    observable: false,
    scenarios: ['kafka-rolling-restart'],
    judge: () => new StopHandsOver(),
  },
  {
    id: 'kafka.preferred-leads',
    broker: 'kafka',
    statement: 'A preferred election gives a partition back to its first replica',
    rules: ['K-64'],
    observable: false,
    scenarios: ['kafka-rolling-restart'],
    judge: () => new PreferredLeads(),
  },
];
