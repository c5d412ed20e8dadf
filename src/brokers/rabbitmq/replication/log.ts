/**
 * Raft's log on one replica's disk: entries by index from 1, the beginning of which a snapshot may stand for. Entries are
 * frozen and shared by replicas and checkpoints.
 */
import type { Micros } from '../../../sim/time.ts';
import type { ChannelKey, QueueCommand } from '../queue.ts';

/** A command that every replica applies, in the words of the queue; null: the first entry of a leader, which says nothing. */
export interface Entry {
  readonly term: number;
  readonly command: QueueCommand | null;
  /** When the leader took it: the time that every replica applies it at. */
  readonly at: Micros;
  /** Who sent it, and its number among that channel's commands for this queue; it is taken once. */
  readonly channel: ChannelKey | null;
  readonly order: number;
  /** Of a message: the place that it gets in the queue; else -1. */
  readonly position: number;
}

export class RaftLog {
  /** Index of the last entry that a snapshot stands for, and its term. */
  private base = 0;
  private baseTerm = 0;
  private entries: Entry[] = [];

  get firstIndex(): number {
    return this.base + 1;
  }

  get lastIndex(): number {
    return this.base + this.entries.length;
  }

  get lastTerm(): number {
    return this.entries.at(-1)?.term ?? this.baseTerm;
  }

  get length(): number {
    return this.entries.length;
  }

  /** @returns undefined where it has none, or a snapshot stands for it */
  at(index: number): Entry | undefined {
    return this.entries[index - this.base - 1];
  }

  /** @returns undefined where it is not known any more, or not yet */
  termAt(index: number): number | undefined {
    return index === this.base ? this.baseTerm : this.at(index)?.term;
  }

  append(entry: Entry): void {
    this.entries.push(entry);
  }

  /** Entries from an index on, at most `max`. */
  from(index: number, max: number): Entry[] {
    const start = index - this.base - 1;
    return this.entries.slice(start, start + max);
  }

  /** Forgets everything from an index on. @returns what it forgot */
  truncate(index: number): Entry[] {
    return this.entries.splice(Math.max(0, index - this.base - 1));
  }

  /** A snapshot stands for everything up to an index that it has. */
  compact(index: number): void {
    if (index <= this.base) return;
    this.baseTerm = this.termAt(index) ?? this.baseTerm;
    this.entries = this.entries.slice(index - this.base);
    this.base = index;
  }

  /** Begins anew behind a snapshot. */
  reset(index: number, term: number): void {
    this.base = index;
    this.baseTerm = term;
    this.entries = [];
  }
}
