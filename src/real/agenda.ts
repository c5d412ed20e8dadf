/** What is to be done at a moment of the run, by the real clock: what is due together is done in the order of asking. */
import type { Recorder } from './recorder.ts';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

export class Agenda {
  private readonly clock: Recorder;
  private readonly failed: (error: unknown) => void;
  private entries: Entry[] = [];
  private order = 0;
  private timer: NodeJS.Timeout | null = null;
  private over = false;

  /** @param failed is told what an entry has thrown */
  constructor(clock: Recorder, failed: (error: unknown) => void) {
    this.clock = clock;
    this.failed = failed;
  }

  now(): number {
    return this.clock.now();
  }

  /** @param atMs milliseconds since the run began; what is past is done as soon as it can be */
  at(atMs: number, act: () => void): void {
    if (this.over) return;
    const entry = { atMs, order: this.order++, act };
    const index = this.entries.findIndex((other) => other.atMs > atMs);
    this.entries.splice(index < 0 ? this.entries.length : index, 0, entry);
    this.arm();
  }

  in(ms: number, act: () => void): void {
    this.at(this.now() + ms, act);
  }

  /** Nothing is due while something is done to the broker, however long that takes. */
  async holding<T>(act: () => Promise<T>): Promise<T> {
    this.clock.hold();
    try {
      return await act();
    } finally {
      this.clock.release();
      this.arm();
    }
  }

  /** Nothing that is still to be done will be. */
  end(): void {
    this.over = true;
    this.entries = [];
    if (this.timer) clearTimeout(this.timer);
  }

  private arm(): void {
    if (this.timer) clearTimeout(this.timer);
    const [first] = this.entries;
    if (first && !this.clock.isHeld)
      this.timer = setTimeout(() => this.due(), Math.max(0, first.atMs - this.now()));
  }

  private due(): void {
    const now = this.now();
    while (!this.over && !this.clock.isHeld && this.entries[0] !== undefined && this.entries[0].atMs <= now) {
      try {
        this.entries.shift()!.act();
      } catch (error) {
        this.failed(error);
      }
    }
    this.arm();
  }
}
