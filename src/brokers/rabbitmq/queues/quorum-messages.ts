/**
 * What is ready in a quorum queue, and in which order it leaves: what came back first, then by priority as the
 * version has it.
 */
import type { Micros } from '../../../sim/time.ts';
import type { Version } from '../config.ts';
import type { Message } from '../message.ts';
import type { Entry } from './entry.ts';
import { Ring } from '../../../sim/ring.ts';

/** levels of 4.3, and that of a message without a priority. */
const LEVELS_STRICT = 32;
const LEVEL_USUAL = 4;
/** 4.2 has a normal and a high level, and gives out so many high ones before a normal one. */
const NORMAL = 0;
const HIGH = 1;
const HIGH_FROM = 5;
const HIGH_IN_A_ROW = 2;

export class QuorumMessages {
  private readonly version: Version;
  private readonly returns = new Ring<Entry>();
  /** Those that never left, or were enqueued again; by level. */
  private readonly levels: readonly Ring<Entry>[];
  private count = 0;
  /** How many of them expire one day. */
  private expiring = 0;
  /** No level above this one has anything. */
  private highest = 0;
  /** how many have left since the last normal one had its turn. */
  private turn = 0;

  constructor(version: Version) {
    this.version = version;
    const levels = version === '4.3' ? LEVELS_STRICT : version === '4.2' ? 2 : 1;
    this.levels = Array.from({ length: levels }, () => new Ring());
  }

  get length(): number {
    return this.count;
  }

  add(one: Entry): void {
    this.addTo(this.levelOf(one.message), one);
  }

  /** R-51, without a delivery limit: as new, and of no priority. */
  addAgain(one: Entry): void {
    this.addTo(this.version === '4.3' ? LEVEL_USUAL : NORMAL, one);
  }

  giveBack(one: Entry): void {
    this.returns.push(one);
    this.tally(one, 1);
  }

  peek(): Entry | undefined {
    return this.returns.peek() ?? this.nextLevel()?.peek();
  }

  take(): Entry | undefined {
    if (this.returns.length > 0) return this.takeFrom(this.returns);
    const level = this.nextLevel();
    if (level === undefined) return undefined;
    this.turn = this.turn === HIGH_IN_A_ROW ? 0 : this.turn + 1;
    return this.takeFrom(level);
  }

  /** A purge: all of them, and the turns begin anew. */
  takeAll(): Entry[] {
    const all: Entry[] = [];
    for (let one = this.take(); one !== undefined; one = this.take()) all.push(one);
    this.turn = 0;
    return all;
  }

  /**
   * takes what has expired, if the next one to leave has. Up to 4.2 one after another from the head, in 4.3 from
   * the head of each level.
   */
  takeExpired(now: Micros): Entry[] {
    if ((this.peek()?.expires ?? Infinity) > now) return [];
    return this.takeExpiredHeads(now);
  }

  /** The same, though the next one to leave may live on: 4.3's timer does so. */
  takeExpiredHeads(now: Micros): Entry[] {
    const expired: Entry[] = [];
    if (this.version !== '4.3') {
      while ((this.peek()?.expires ?? Infinity) <= now) expired.push(this.take()!);
      return expired;
    }
    this.takeExpiredFrom(this.returns, now, expired);
    for (let at = LEVELS_STRICT - 1; at >= 0; at--) this.takeExpiredFrom(this.levels[at]!, now, expired);
    return expired;
  }

  /** When the next message can expire: Infinity, never. */
  nextExpiry(): number {
    if (this.expiring === 0) return Infinity;
    if (this.version !== '4.3') return this.peek()?.expires ?? Infinity;
    let first = this.returns.peek()?.expires ?? Infinity;
    for (const level of this.levels) first = Math.min(first, level.peek()?.expires ?? Infinity);
    return first;
  }

  private takeExpiredFrom(ring: Ring<Entry>, now: Micros, expired: Entry[]): void {
    while ((ring.peek()?.expires ?? Infinity) <= now) expired.push(this.takeFrom(ring));
  }

  private takeFrom(ring: Ring<Entry>): Entry {
    const one = ring.shift()!;
    this.tally(one, -1);
    return one;
  }

  private addTo(level: number, one: Entry): void {
    this.levels[level]!.push(one);
    this.highest = Math.max(this.highest, level);
    this.tally(one, 1);
  }

  private tally(one: Entry, by: 1 | -1): void {
    this.count += by;
    if (one.expires !== Infinity) this.expiring += by;
  }

  /** @returns the level that the next one leaves from; undefined where all are empty */
  private nextLevel(): Ring<Entry> | undefined {
    while (this.highest > 0 && this.levels[this.highest]!.length === 0) this.highest--;
    const level = this.levels[this.highest]!;
    if (level.length === 0) return undefined;
    if (this.version !== '4.2' || this.highest === NORMAL || this.turn !== HIGH_IN_A_ROW) return level;
    const normal = this.levels[NORMAL]!;
    // A high one that was enqueued before the normal one takes nobody's turn.
    return (normal.peek()?.order ?? Infinity) < level.peek()!.order ? normal : level;
  }

  private levelOf({ priority }: Message): number {
    if (this.version === '3.10') return 0;
    if (this.version === '4.2') return (priority ?? 0) >= HIGH_FROM ? HIGH : NORMAL;
    return Math.min(priority ?? LEVEL_USUAL, LEVELS_STRICT - 1);
  }
}
