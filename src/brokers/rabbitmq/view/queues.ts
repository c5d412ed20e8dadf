/** Queues and streams: what is ready in them, what is out with consumers, and what became of the rest. */
import { Numbered } from '../../../sim/numbered.ts';
import type { Micros } from '../../../sim/time.ts';
import { fromMs } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { Table } from '../config.ts';
import {
  HEAD_MAX,
  QUEUES_MAX,
  STREAM_CELLS_MAX,
  TAIL_MAX,
  type CellView,
  type QueueLimitsView,
  type QueueView,
} from '../view-types.ts';
import type { Entry } from './consumers.ts';
import { Fates } from './fates.ts';
import { Line, type Cell } from './line.ts';
import { NO_LIMITS } from './limits.ts';
import { isSafe, type KnownMessage } from './messages.ts';
import { Rate } from './rate.ts';

/** Ranks of a queue's order: what came back to a quorum queue goes before everything else. */
const RETURNED = -1_000_000;
/** what waits before it may be had again is behind everything. */
const DELAYED = 1_000_000;

export class QueueState {
  readonly name: string;
  type: QueueView['type'] = 'classic';
  durable = true;
  /** Where it lives, or who leads it. */
  node: string | null = null;
  arguments: Table = {};
  limits: QueueLimitsView = NO_LIMITS;
  readonly line = new Line();
  /** Out with consumers, by position. */
  readonly owed = new Numbered<Entry>();
  /** Out with consumers, and too many to be remembered one by one. */
  owedBeyond = 0;
  /** Stream: a ring of entries by offset. */
  private readonly log: (Cell | null)[] = [];
  private start = 0;
  private end = 0;
  committed = 0;
  /** Of a quorum queue or stream: the first position that each replica does not have. */
  private readonly ends = new Map<string, number>();
  private turns = 0;
  private returns = 0;
  private readonly counts = { entered: 0, acked: 0, redelivered: 0, deadLettered: 0, dropped: 0, expired: 0 };
  readonly fates = new Fates();
  private readonly in = new Rate();
  private readonly out = new Rate();
  private readonly dead = new Rate();

  constructor(name: string) {
    this.name = name;
  }

  get unacked(): number {
    return this.owed.size + this.owedBeyond;
  }

  enter(
    position: number,
    message: MessageId,
    key: string | null,
    known: KnownMessage | undefined,
    at: Micros,
  ): void {
    this.counts.entered++;
    this.in.count(at);
    const cell: Cell = {
      position,
      message,
      key,
      known: known ?? null,
      bytes: known?.bytes ?? 0,
      expiresAt: this.expiry(known, at),
      died: known?.died ?? null,
      rank: this.rankOf(known),
      priority: this.rankOf(known),
      turn: this.turns++,
      returns: 0,
      redelivered: false,
      delayed: false,
      ready: false,
    };
    if (this.type === 'stream') {
      this.log[position % STREAM_CELLS_MAX] = cell;
      this.end = Math.max(this.end, position + 1);
    } else {
      this.line.add(cell);
    }
  }

  /** It goes out to a consumer. @returns the message as the queue knew it */
  giveOut(position: number, message: MessageId | null, known: KnownMessage | undefined, at: Micros): Cell {
    this.out.count(at);
    const cell = this.line.remove(position, known?.bytes ?? 0) ?? this.stranger(position, message, known);
    if (cell.redelivered || cell.returns > 0) this.counts.redelivered++;
    return cell;
  }

  /** it comes back, to where it stood, to the returned ones, or to the tail. */
  takeBack(cell: Cell, where: string | undefined): void {
    const delayed = where === 'delayed';
    const returned = delayed || where === 'returns';
    this.line.add({
      ...cell,
      returns: cell.returns + 1,
      redelivered: true,
      delayed,
      rank: delayed ? DELAYED : returned ? RETURNED : cell.priority,
      turn: where === 'tail' ? this.turns++ : returned ? this.returns++ : cell.turn,
    });
  }

  acked(): void {
    this.counts.acked++;
  }

  died(reason: string, deadLettered: boolean, at: Micros): void {
    if (reason === 'expired') this.counts.expired++;
    if (deadLettered) {
      this.counts.deadLettered++;
      this.dead.count(at);
    } else this.counts.dropped++;
  }

  retain(from: number): void {
    this.start = Math.max(this.start, from);
    this.end = Math.max(this.end, this.start);
  }

  /** A replica has a message. */
  copied(node: string, position: number): void {
    this.ends.set(node, Math.max(this.ends.get(node) ?? 0, position + 1));
  }

  /** A replica threw away what it had from a position on. */
  truncated(node: string, position: number): void {
    this.ends.set(node, Math.min(this.ends.get(node) ?? position, position));
    if (node === this.node) this.cut(position);
  }

  /** Another replica leads: the queue is what that one has. */
  led(node: string | null): void {
    this.node = node;
    const end = node === null ? undefined : this.ends.get(node);
    if (end !== undefined) this.cut(end);
  }

  private cut(from: number): void {
    if (this.type === 'stream') this.end = Math.max(this.start, Math.min(this.end, from));
    else this.counts.entered -= this.line.cut(from);
  }

  streamCell(offset: number): Cell | undefined {
    const cell = this.log[offset % STREAM_CELLS_MAX];
    return cell?.position === offset ? cell : undefined;
  }

  stranger(
    position: number,
    message: MessageId | null,
    known: KnownMessage | undefined,
    key = known?.key ?? null,
  ): Cell {
    return {
      position,
      message,
      key,
      known: known ?? null,
      bytes: known?.bytes ?? 0,
      expiresAt: null,
      died: known?.died ?? null,
      rank: this.rankOf(known),
      priority: this.rankOf(known),
      turn: this.turns++,
      returns: 0,
      redelivered: false,
      delayed: false,
      ready: false,
    };
  }

  view(now: Micros, isUp: (node: string) => boolean): QueueView {
    const { line } = this;
    const stream = this.type === 'stream';
    const ready = stream ? this.end - this.start : line.count;
    const { cells, unknown } = line.head(HEAD_MAX);
    const head = cells.map(cellView);
    for (let i = 0; i < unknown; i++) head.push(FORGOTTEN);
    const tail = stream ? [] : line.tail(Math.min(TAIL_MAX, ready - head.length)).map(cellView);
    return {
      name: this.name,
      type: this.type,
      durable: this.durable,
      node: this.node,
      up: this.node !== null && isUp(this.node),
      limits: this.limits,
      ready,
      unacked: this.unacked,
      bytes: line.bytes,
      head: stream ? [] : head,
      tail,
      between: stream ? 0 : ready - head.length - tail.length,
      log: stream ? this.logView() : null,
      counts: { ...this.counts },
      fates: this.fates.view(now),
      rates: { in: this.in.perSecond(now), out: this.out.perSecond(now), dead: this.dead.perSecond(now) },
    };
  }

  private logView(): QueueView['log'] {
    const cells: CellView[] = [];
    for (let offset = Math.max(this.start, this.end - STREAM_CELLS_MAX); offset < this.end; offset++) {
      const cell = this.streamCell(offset);
      if (cell) cells.push(cellView(cell));
    }
    return { start: this.start, end: this.end, committed: Math.min(this.committed, this.end), cells };
  }

  /** */
  private expiry(known: KnownMessage | undefined, at: Micros): Micros | null {
    const { messageTtlMs } = this.limits;
    const own = known?.expirationMs ?? null;
    if (this.type === 'stream' || (messageTtlMs === null && own === null)) return null;
    return at + fromMs(Math.min(messageTtlMs ?? Infinity, own ?? Infinity));
  }

  /** The higher its priority the lower. Taken from 0, for what is negated may be −0, which is kept in an object of its own. */
  private rankOf(known: KnownMessage | undefined): number {
    return 0 - this.priorityOf(known);
  }

  /** what the queue makes of a message's priority. */
  private priorityOf(known: KnownMessage | undefined): number {
    const priority = known?.priority ?? -1;
    if (this.type === 'classic')
      return this.limits.maxPriority === null ? 0 : Math.min(Math.max(0, priority), this.limits.maxPriority);
    return priority < 0 ? 4 : Math.min(priority, 31);
  }
}

const FORGOTTEN: CellView = Object.freeze({
  position: -1,
  message: null,
  key: null,
  confirmed: true,
  redelivered: false,
  returns: 0,
  delayed: false,
  expiresAt: null,
  died: null,
});

export function cellView({
  position,
  message,
  key,
  known,
  redelivered,
  returns,
  delayed,
  expiresAt,
  died,
}: Cell): CellView {
  return {
    position,
    message,
    key,
    confirmed: isSafe(known, message),
    redelivered,
    returns,
    delayed,
    expiresAt,
    died,
  };
}

/** Queues by name, those made first. */
export class Queues {
  private readonly queues = new Map<string, QueueState>();

  create(name: string): QueueState {
    let queue = this.queues.get(name);
    if (!queue) this.queues.set(name, (queue = new QueueState(name)));
    return queue;
  }

  remove(name: string): void {
    this.queues.delete(name);
  }

  get(name: string): QueueState | undefined {
    return this.queues.get(name);
  }

  get count(): number {
    return this.queues.size;
  }

  all(): Iterable<QueueState> {
    return this.queues.values();
  }

  view(now: Micros, isUp: (node: string) => boolean): QueueView[] {
    const views: QueueView[] = [];
    for (const queue of this.queues.values()) {
      if (views.length >= QUEUES_MAX) break;
      views.push(queue.view(now, isUp));
    }
    return views;
  }
}
