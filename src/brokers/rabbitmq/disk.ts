/**
 * A node's disk: what is to be written waits for the write before it, and one fsync makes a whole batch safe. All queues of
 * a node share it, as RabbitMQ's message stores and Raft's write-ahead log do.
 */
import type { Micros } from '../../sim/time.ts';
import type { Costs } from './config.ts';

/** Something to be written: for which queue, and up to where. */
export interface Write {
  readonly queue: string;
  /** The queue's own life: a queue that is deleted and declared again is another one. */
  readonly incarnation: number;
  readonly upTo: number;
  /** Of a Raft log, which it is, as {@link Raft.version} counts; else 0. */
  readonly version: number;
}

export class Disk {
  private readonly costs: Costs;
  /** By queue, the furthest that waits; in order of the first. */
  private waiting = new Map<string, Write>();
  private bytes = 0;
  private writing: readonly Write[] | null = null;

  constructor(costs: Costs) {
    this.costs = costs;
  }

  get isBusy(): boolean {
    return this.writing !== null;
  }

  get hasWaiting(): boolean {
    return this.waiting.size > 0;
  }

  write(write: Write, bytes: number): void {
    this.waiting.set(write.queue, write);
    this.bytes += bytes;
  }

  /** Begins to write all that waits. @returns how long it takes, microseconds */
  begin(slowness: number): Micros {
    const micros =
      (this.costs.fsyncMs * 1000 + (this.bytes / this.costs.diskBytesPerSecond) * 1_000_000) * slowness;
    this.writing = [...this.waiting.values()];
    this.waiting.clear();
    this.bytes = 0;
    return Math.round(micros);
  }

  /** @returns what is safe now */
  end(): readonly Write[] {
    const written = this.writing ?? [];
    this.writing = null;
    return written;
  }

  /** The node died: what was not safe is gone. */
  reset(): void {
    this.waiting.clear();
    this.bytes = 0;
    this.writing = null;
  }
}
