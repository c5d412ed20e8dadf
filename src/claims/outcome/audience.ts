/** What one audience made of a run: what it finished, how often, in which order, and how long that took. */
import type { Micros } from '../../sim/time.ts';
import { Histogram } from '../histogram.ts';
import { Seen } from '../seen.ts';

/** Consumers that share one reading: each message is for one of them. */
export interface Audience {
  readonly id: string;
  /** The ids of its consumers. */
  readonly clients: readonly string[];
  /** Whether messages are meant for it that were published before it was there. */
  readonly wants: 'everything' | 'new';
}

/** What a consumer of an audience is at. */
export interface Member {
  readonly audience: number;
  up: boolean;
  /** Counts its lives: what was given to an earlier one is held by nobody. */
  life: number;
  /** Counts what it was given, and how far of that it has worked: it works in the order in which it is given. */
  given: number;
  worked: number;
}

/** How far an audience is with one log: it goes on from there. */
export class Reading {
  /** Where it first began. */
  readonly from: number;
  next: number;

  constructor(from: number) {
    this.from = from;
    this.next = from;
  }
}

export class AudienceFold {
  readonly settings: Audience;
  /** When its first consumer began; null until one does. */
  begunAt: Micros | null = null;
  /** When it first said what it reads; null until it does. */
  readsAt: Micros | null = null;
  finished = 0;
  duplicated = 0;
  givenOutOfOrder = 0;
  finishedOutOfOrder = 0;
  lastFinishedAt: Micros = 0;
  readonly latency = new Histogram();
  readonly done = new Seen();
  /** The places it reads, and how far it is where they are logs. */
  readonly reads = new Map<string, Reading | null>();

  constructor(settings: Audience) {
    this.settings = settings;
  }

  read(place: string, at: Micros): void {
    this.readsAt ??= at;
    if (!this.reads.has(place)) this.reads.set(place, null);
  }

  /** It reads on from this position: because it said so, or had left off there. */
  positioned(place: string, position: number, at: Micros): void {
    this.readsAt ??= at;
    const reading = this.reads.get(place);
    if (reading) reading.next = position;
    else this.reads.set(place, new Reading(position));
  }
}
