/**
 * The ready messages of one queue in the order in which they will be given out. It remembers so many at the head, and the
 * newest few; what lies between them in a longer queue it only counts.
 */
import { Numbered } from '../../../sim/numbered.ts';
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import { TAIL_MAX } from '../view-types.ts';
import type { KnownMessage } from './messages.ts';

/** Messages that are remembered from the head on. */
const KEPT_MAX = 4096;

/** A message of a queue, ready or out with a consumer. */
export interface Cell {
  readonly position: number;
  readonly message: MessageId | null;
  readonly key: string | null;
  readonly known: KnownMessage | null;
  readonly bytes: number;
  readonly expiresAt: Micros | null;
  readonly died: string | null;
  /** What goes first: the lower rank, and of one rank the lower turn. */
  rank: number;
  /** The rank that its priority gives it. */
  readonly priority: number;
  turn: number;
  returns: number;
  redelivered: boolean;
  /** it came back, and may not be had yet. */
  delayed: boolean;
  /** It is in the line. */
  ready: boolean;
}

export class Line {
  /** In order; those that have left are skipped, and cut off now and then. */
  private cells: Cell[] = [];
  private first = 0;
  /** Of {@link cells}: those that are still there. */
  private live = 0;
  /** Behind {@link cells}: how many, and the newest of them. */
  private beyond = 0;
  private newest: Cell[] = [];
  private readonly at = new Numbered<Cell>();
  bytes = 0;

  get count(): number {
    return this.live + this.beyond;
  }

  find(position: number): Cell | undefined {
    return this.at.get(position);
  }

  add(cell: Cell): void {
    cell.ready = true;
    this.bytes += cell.bytes;
    const last = this.cells.at(-1);
    const behind = last === undefined || !before(cell, last) || this.live === 0;
    if (behind && (this.beyond > 0 || this.live >= KEPT_MAX) && !this.beforeUnknown(cell)) {
      this.beyond++;
      this.newest.push(cell);
      this.at.set(cell.position, cell);
      if (this.newest.length > TAIL_MAX) this.at.delete(this.newest.shift()!.position);
      return;
    }
    this.at.set(cell.position, cell);
    this.live++;
    if (last === undefined || !before(cell, last)) this.cells.push(cell);
    else this.cells.splice(this.placeOf(cell), 0, cell);
    if (this.live > KEPT_MAX) this.forgetLast();
  }

  /** @param bytes of the message, for one that is no longer remembered */
  remove(position: number, bytes: number): Cell | undefined {
    const cell = this.at.get(position);
    if (cell === undefined) {
      if (this.beyond > 0) {
        this.beyond--;
        this.bytes = Math.max(0, this.bytes - bytes);
      }
    } else {
      this.at.delete(position);
      this.bytes = Math.max(0, this.bytes - cell.bytes);
      cell.ready = false;
      if (this.beyond > 0 && this.newest.includes(cell)) {
        this.newest = this.newest.filter((one) => one !== cell);
        this.beyond--;
      } else {
        this.live--;
        this.skip();
      }
    }
    if (this.beyond <= this.newest.length && this.beyond > 0) this.reach();
    if (this.count === 0) this.bytes = 0;
    return cell;
  }

  /** Everything from a position on is not there. @returns how many those were */
  cut(from: number): number {
    const gone = [...this.at.values()].filter(({ position }) => position >= from);
    for (const { position } of gone) this.remove(position, 0);
    return gone.length;
  }

  clear(): void {
    this.cells = [];
    this.first = 0;
    this.live = 0;
    this.beyond = 0;
    this.newest = [];
    this.at.clear();
    this.bytes = 0;
  }

  /** @returns up to so many from the head, and how many of them the line no longer knows by name */
  head(max: number): { readonly cells: readonly Cell[]; readonly unknown: number } {
    const cells: Cell[] = [];
    for (let i = this.first; i < this.cells.length && cells.length < max; i++) {
      const cell = this.cells[i]!;
      if (cell.ready) cells.push(cell);
    }
    return { cells, unknown: Math.min(max - cells.length, this.beyond - this.newest.length) };
  }

  /** @returns up to so many of the newest, in the line's order */
  tail(max: number): readonly Cell[] {
    if (this.beyond > 0) return this.newest.slice(-max);
    const cells: Cell[] = [];
    for (let i = this.cells.length - 1; i >= this.first && cells.length < max; i--) {
      const cell = this.cells[i]!;
      if (cell.ready) cells.push(cell);
    }
    return cells.reverse();
  }

  /** What came back is older than what the line has forgotten, and has a better rank, or an earlier turn. */
  private beforeUnknown(cell: Cell): boolean {
    const next = this.newest[0];
    return this.beyond > 0 && next !== undefined && before(cell, next) && cell.returns > 0;
  }

  private placeOf(cell: Cell): number {
    let low = this.first;
    let high = this.cells.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(cell, this.cells[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private forgetLast(): void {
    for (;;) {
      const last = this.cells.pop()!;
      if (!last.ready) continue;
      this.at.delete(last.position);
      this.live--;
      this.beyond++;
      return;
    }
  }

  /** Only the newest are left of what lay behind: they are next. */
  private reach(): void {
    for (const cell of this.newest) {
      this.cells.push(cell);
      this.live++;
    }
    this.newest = [];
    this.beyond = 0;
  }

  private skip(): void {
    while (this.first < this.cells.length && !this.cells[this.first]!.ready) this.first++;
    if (this.first > 64 && this.first * 2 > this.cells.length) {
      this.cells = this.cells.slice(this.first);
      this.first = 0;
    }
  }
}

function before(a: Cell, b: Cell): boolean {
  return a.rank === b.rank ? a.turn < b.turn : a.rank < b.rank;
}
