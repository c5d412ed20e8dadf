/**
 * RabbitMQ's queues once more, as naively as they can be said: one list of copies that is filtered and sorted for every
 * question. What the real ones do is compared with it.
 */
import type { Version } from '../../src/brokers/rabbitmq/config.ts';
import type { Message } from '../../src/brokers/rabbitmq/message.ts';
import type {
  QueueCommand,
  QueueLimits,
  ReturnReason,
  Subscription,
} from '../../src/brokers/rabbitmq/queue.ts';

interface Copy {
  readonly position: number;
  readonly message: Message;
  readonly expires: number;
  /** Its turn among those that wait: what came back to a quorum queue has one below zero. */
  turn: number;
  /** When it was last enqueued. */
  index: number;
  returns: number;
  failures: number;
  holder: { channel: string; consumer: Taker | null } | null;
  /** Until when its retry is delayed. */
  until: number | null;
  givenAt: number;
}

interface Taker {
  readonly subscription: Subscription;
  cancelled: boolean;
  /** Of a quorum queue: what it may still have, counted as the queue counts it. */
  credit: number;
  /** When it last went to the back of those that take turns; null while it takes none. */
  lined: number | null;
}

export interface Outcome {
  /** Consumer or `get`, message, whether redelivered. */
  readonly given: string[];
  /** What became of a copy, by position. */
  readonly ends: Map<number, string>;
  readonly confirms: number[];
  readonly nacks: number[];
}

export class NaiveQueue {
  readonly outcome: Outcome = { given: [], ends: new Map(), confirms: [], nacks: [] };
  private readonly type: 'classic' | 'quorum';
  private readonly version: Version;
  private readonly limits: QueueLimits;
  private copies: Copy[] = [];
  private takers: Taker[] = [];
  private full = new Set<string>();
  private clock = 0;
  private appended = 0;
  private enqueued = 0;
  private weight = 0;
  private now = 0;

  constructor(type: 'classic' | 'quorum', version: Version, limits: QueueLimits) {
    this.type = type;
    this.version = version;
    this.limits = limits;
  }

  setRoom(channel: string, room: boolean): void {
    if (room) this.full.delete(channel);
    else this.full.add(channel);
  }

  apply(command: QueueCommand, now: number): void {
    this.now = now;
    switch (command.type) {
      case 'enqueue':
        this.enqueue(command.message, command.publish!.sequence);
        break;
      case 'consume':
        this.consume(command.subscription);
        break;
      case 'cancel':
        for (const taker of this.takers) {
          const { channel, tag } = taker.subscription;
          if (channel === command.channel && tag === command.tag) taker.cancelled = true;
        }
        this.tidy();
        break;
      case 'channel-down': {
        const theirs = this.takers.filter((taker) => taker.subscription.channel === command.channel);
        for (const taker of theirs) taker.cancelled = true;
        const order = (copy: Copy) => {
          const at = theirs.indexOf(copy.holder!.consumer!);
          return at < 0 ? theirs.length : at;
        };
        const held = this.heldBy(command.channel).sort(
          (a, b) => order(a) - order(b) || a.givenAt - b.givenAt,
        );
        this.release(held, command.why, false);
        this.takers = this.takers.filter((taker) => !theirs.includes(taker));
        break;
      }
      case 'ack':
        for (const copy of this.take(command.channel, command.positions)) this.end(copy, 'removed');
        this.tidy();
        break;
      case 'discard':
        for (const copy of this.take(command.channel, command.positions)) this.end(copy, 'rejected');
        this.tidy();
        break;
      case 'requeue':
        this.release(this.pick(command.channel, command.positions), command.why, true);
        this.tidy();
        break;
      case 'get':
        this.get(command.channel, command.noAck);
        break;
      case 'purge':
        for (const copy of this.ready()) this.end(copy, 'purged');
        this.weight = 0;
        if (this.version === '4.3') for (const copy of this.delayed()) this.end(copy, 'purged');
        break;
      case 'resume':
        this.unblock(command.channel);
        break;
      case 'tick':
        if (this.type === 'quorum' && this.version === '4.3') {
          const due = this.delayed().filter((copy) => copy.until! <= now);
          for (const copy of due.sort((a, b) => a.until! - b.until! || a.index - b.index)) {
            copy.until = null;
            copy.turn = this.clock++;
          }
          this.expire(true);
        }
        break;
    }
    if (this.type === 'classic') this.limit();
    this.run();
    if (this.type === 'quorum') this.limit();
  }

  /** Positions that a channel has, in the order in which it got them. */
  positionsOf(channel: string): number[] {
    return this.heldBy(channel)
      .sort((a, b) => a.givenAt - b.givenAt)
      .map((copy) => copy.position);
  }

  get counts(): { ready: number; unacknowledged: number; held: number } {
    const unacknowledged = this.copies.filter((copy) => copy.holder !== null).length;
    return { ready: this.ready().length, unacknowledged, held: this.delayed().length };
  }

  private enqueue(message: Message, sequence: number): void {
    const { overflow, maxLength, messageTtl, maxLengthBytes } = this.limits;
    const ready = this.ready();
    const bytes = ready.reduce((sum, copy) => sum + copy.message.bytes, 0);
    const refuses = overflow !== 'drop-head' && this.type === 'classic';
    const over =
      ready.length + 1 > (maxLength ?? Infinity) || bytes + message.bytes > (maxLengthBytes ?? Infinity);
    if (refuses && over) {
      this.outcome.nacks.push(sequence);
      return;
    }
    this.outcome.confirms.push(sequence);
    const own = message.expiration === null ? Infinity : Number(message.expiration) * 1000;
    const ttl = Math.max(Math.min(own, messageTtl ?? Infinity), this.type === 'quorum' ? 1000 : 0);
    const copy: Copy = {
      position: this.appended++,
      message,
      expires: this.now + ttl,
      turn: 0,
      index: 0,
      returns: 0,
      failures: 0,
      holder: null,
      until: null,
      givenAt: 0,
    };
    copy.index = this.enqueued++;
    copy.turn = this.type === 'classic' ? copy.position : FRESH + copy.index;
    this.copies.push(copy);
    // Handed over before anything else is looked at, where nothing waits.
    if (this.type === 'classic' && ready.length === 0) {
      const taker = this.nextTaker();
      if (taker !== undefined) this.give(copy, taker);
    }
  }

  private consume(subscription: Subscription): void {
    if (this.type === 'quorum') {
      const { channel, tag } = subscription;
      const known = this.takers.find(
        (one) => one.subscription.channel === channel && one.subscription.tag === tag,
      );
      if (known !== undefined) {
        const credit = Math.max(0, mostOf(subscription) - this.holds(known));
        const again: Taker = { subscription, credit, cancelled: false, lined: null };
        this.takers = this.takers.map((one) => (one === known ? again : one));
        for (const copy of this.copies) if (copy.holder?.consumer === known) copy.holder.consumer = again;
        if (this.credit(again) > 0) again.lined = this.clock++;
        return;
      }
    }
    this.takers.push({ subscription, credit: mostOf(subscription), cancelled: false, lined: this.clock++ });
  }

  private get(channel: string, noAck: boolean): void {
    this.expire(false);
    const head = this.head();
    if (head === undefined) {
      this.outcome.given.push('get nothing');
      return;
    }
    this.countTurn(head);
    this.outcome.given.push(`get ${this.word(head)}`);
    if (noAck) this.end(head, 'removed');
    else this.hold(head, channel, null);
  }

  private run(): void {
    for (;;) {
      this.expire(false);
      const head = this.head();
      if (head === undefined) return;
      const taker = this.nextTaker();
      if (taker === undefined) return;
      this.countTurn(head);
      this.give(head, taker);
    }
  }

  private give(copy: Copy, taker: Taker): void {
    this.outcome.given.push(`${taker.subscription.tag} ${this.word(copy)}`);
    if (taker.subscription.noAck) this.end(copy, 'removed');
    else this.hold(copy, taker.subscription.channel, taker);
    taker.lined = this.type === 'quorum' && this.credit(taker) === 0 ? null : this.clock++;
  }

  private nextTaker(): Taker | undefined {
    for (;;) {
      const next = this.takers
        .filter((taker) => taker.lined !== null && !taker.cancelled)
        .sort((a, b) => b.subscription.priority - a.subscription.priority || a.lined! - b.lined!)[0];
      if (next === undefined) return undefined;
      const room = this.type === 'quorum' || !this.full.has(next.subscription.channel);
      if (room && this.credit(next) > 0) return next;
      // Passed over; it comes back behind those who were passed over before it.
      next.lined = null;
      this.passed.set(next, this.clock++);
    }
  }

  private readonly passed = new Map<Taker, number>();

  private unblock(channel: string): void {
    const theirs = this.takers.filter(
      (taker) => taker.subscription.channel === channel && taker.lined === null,
    );
    for (const taker of theirs.sort((a, b) => this.passed.get(a)! - this.passed.get(b)!)) {
      if (this.credit(taker) > 0) taker.lined = this.clock++;
    }
  }

  private credit(taker: Taker): number {
    if (this.type === 'quorum') return taker.credit;
    const { prefetch, noAck } = taker.subscription;
    return noAck || prefetch === 0 ? Infinity : prefetch - this.holds(taker);
  }

  private holds(taker: Taker): number {
    return this.copies.filter((copy) => copy.holder?.consumer === taker).length;
  }

  private pick(channel: string, positions: readonly number[]): Copy[] {
    return positions.flatMap((position) =>
      this.copies.filter((copy) => copy.position === position && copy.holder?.channel === channel),
    );
  }

  /** Frees the copies, one after another, and lets their consumers go on. */
  private take(channel: string, positions: readonly number[]): Copy[] {
    const copies = this.pick(channel, positions);
    for (const copy of copies) this.free(copy);
    return copies;
  }

  private free(copy: Copy): void {
    const { consumer } = copy.holder!;
    const had = consumer === null ? 1 : this.credit(consumer);
    copy.holder = null;
    if (consumer === null || consumer.cancelled) return;
    if (this.type === 'classic') {
      if (had === 0) this.unblock(consumer.subscription.channel);
    } else {
      consumer.credit = Math.min(mostOf(consumer.subscription), consumer.credit + 1);
      consumer.lined ??= this.clock++;
    }
  }

  private release(copies: Copy[], why: ReturnReason, byClient: boolean): void {
    for (const copy of copies) this.free(copy);
    for (const copy of copies) {
      copy.returns++;
      if (this.type === 'classic') continue;
      const limit = this.limits.deliveryLimit;
      const again = this.version === '4.3' ? ['nack', 'recover'] : ['nack', 'recover', 'reject'];
      if (limit === null && byClient && again.includes(why)) {
        copy.index = this.enqueued++;
        copy.turn = FRESH + copy.index;
        this.plain.add(copy);
        continue;
      }
      const failed = why === 'reject' || why === 'channel-down';
      if (failed) copy.failures++;
      if ((this.version === '4.3' ? copy.failures : copy.returns) > (limit ?? Infinity)) {
        this.end(copy, 'delivery_limit');
        continue;
      }
      const { type, min, max } = this.limits.delayedRetry;
      if (this.version === '4.3' && (type === 'all' || type === (failed ? 'failed' : 'returned'))) {
        copy.until = this.now + Math.min(min * Math.max(1, copy.failures), max ?? Infinity);
      } else {
        copy.turn = this.clock++;
      }
    }
  }

  /** What was enqueued again and has no priority any more. */
  private readonly plain = new Set<Copy>();

  private ready(): Copy[] {
    return this.copies.filter((copy) => copy.holder === null && copy.until === null);
  }

  private delayed(): Copy[] {
    return this.copies.filter((copy) => copy.until !== null);
  }

  private heldBy(channel: string): Copy[] {
    return this.copies.filter((copy) => copy.holder?.channel === channel);
  }

  private level(copy: Copy): number {
    const { priority } = copy.message;
    if (this.type === 'classic') return Math.min(priority ?? 0, this.limits.maxPriority);
    if (copy.turn < FRESH) return Infinity;
    if (this.version === '3.10') return 0;
    if (this.plain.has(copy)) return this.version === '4.2' ? 0 : 4;
    return this.version === '4.2' ? Number((priority ?? 0) > 4) : Math.min(priority ?? 4, 31);
  }

  private head(): Copy | undefined {
    const first = (copies: Copy[]) =>
      copies.sort((a, b) => this.level(b) - this.level(a) || a.turn - b.turn)[0];
    const ready = this.ready();
    const head = first(ready);
    if (this.type === 'classic' || this.version !== '4.2' || head === undefined || this.level(head) !== 1)
      return head;
    const normal = first(ready.filter((copy) => this.level(copy) === 0));
    return this.weight === 2 && normal !== undefined && normal.turn < head.turn ? normal : head;
  }

  private countTurn(copy: Copy): void {
    if (this.level(copy) !== Infinity) this.weight = (this.weight + 1) % 3;
  }

  private expire(everyLevel: boolean): void {
    if (this.type === 'quorum' && this.version === '4.3') {
      const head = this.head();
      if (!everyLevel && (head === undefined || head.expires > this.now)) return;
      const levels = new Set(this.ready().map((copy) => this.level(copy)));
      for (const level of [...levels].sort((a, b) => b - a)) {
        const copies = this.ready()
          .filter((copy) => this.level(copy) === level)
          .sort((a, b) => a.turn - b.turn);
        for (const copy of copies) {
          if (copy.expires > this.now) break;
          this.end(copy, 'expired');
        }
      }
      return;
    }
    for (let head = this.head(); head !== undefined && head.expires <= this.now; head = this.head()) {
      this.countTurn(head);
      this.end(head, 'expired');
    }
  }

  private limit(): void {
    const { overflow, maxLength, maxLengthBytes } = this.limits;
    if (this.type === 'classic' ? overflow !== 'drop-head' : overflow === 'reject-publish') return;
    for (;;) {
      const counted = [...this.ready(), ...this.delayed()];
      const bytes = counted.reduce((sum, copy) => sum + copy.message.bytes, 0);
      const head = this.head();
      if (head === undefined) return;
      if (counted.length <= (maxLength ?? Infinity) && bytes <= (maxLengthBytes ?? Infinity)) return;
      this.countTurn(head);
      this.end(head, 'maxlen');
    }
  }

  private hold(copy: Copy, channel: string, consumer: Taker | null): void {
    copy.holder = { channel, consumer };
    if (consumer !== null) consumer.credit--;
    copy.givenAt = this.clock++;
  }

  private end(copy: Copy, how: string): void {
    this.outcome.ends.set(copy.position, how);
    this.copies = this.copies.filter((one) => one !== copy);
  }

  /** A cancelled consumer is nobody once it has settled all; a classic queue forgets it at once. */
  private tidy(): void {
    this.takers = this.takers.filter((taker) => {
      if (!taker.cancelled) return true;
      return this.type === 'quorum' && this.copies.some((copy) => copy.holder?.consumer === taker);
    });
  }

  private word({ message, returns }: Copy): string {
    return `${message.id}${returns > 0 ? '*' : ''}`;
  }
}

const FRESH = 1_000_000_000;

/** */
function mostOf({ prefetch }: Subscription): number {
  return prefetch === 0 ? 2000 : prefetch;
}
