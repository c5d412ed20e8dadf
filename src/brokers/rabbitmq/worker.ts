/**
 * A serial worker of a node: an Erlang process that takes one thing after another. What waits when it begins is one batch:
 * the batch takes as long as all its parts, and their effects show when it is done. So an idle worker answers at once, and a
 * busy one costs the simulation no more than an idle one.
 */
import type { Micros } from '../../sim/time.ts';
import type { ToQueue } from './wire.ts';

export interface Worker {
  /** It works, or its turn to do so is set. */
  isBusy: boolean;
  /** When it has done all that it has begun. */
  freeAt: number;
  /** Takes a batch of what waits. @returns how long it takes at the ordinary pace, microseconds; null: nothing to do */
  begin(): number | null;
  /** The batch is done. @returns what work is left to do of it, microseconds */
  finish(): number;
}

/**
 * What is done so soon shows its effects when it comes: it saves the simulation an event, and nobody sees the difference. The
 * time that it takes is counted all the same, so that a worker can do no more than it can.
 */
const AT_ONCE_MICROS: Micros = 100;

/** What a node's workers need of it. */
interface WorkplaceHost {
  now(): Micros;
  slowness(): number;
  workTimer(delay: Micros, timer: 'work' | 'done', worker: Worker): void;
}

/** The workers of a node. */
export class Workplace {
  private readonly host: WorkplaceHost;
  /** Those whose turn it is now: the first so many. What lies behind them is to be written over. */
  private readonly ready: Worker[] = [];
  private turns = 0;

  constructor(host: WorkplaceHost) {
    this.host = host;
  }

  /** More has come for a worker. */
  schedule(worker: Worker): void {
    if (worker.isBusy) return;
    worker.isBusy = true;
    const wait = worker.freeAt - this.host.now();
    if (wait <= AT_ONCE_MICROS) this.ready[this.turns++] = worker;
    else this.host.workTimer(Math.ceil(wait), 'work', worker);
  }

  wake(timer: 'work' | 'done', worker: Worker): void {
    if (timer === 'work') this.ready[this.turns++] = worker;
    else this.end(worker);
  }

  /** Lets everybody work whose turn it is, and who is given work by them. */
  run(): void {
    for (let i = 0; i < this.turns; i++) {
      const worker = this.ready[i]!;
      const work = worker.begin();
      if (work === null) {
        worker.isBusy = false;
        continue;
      }
      const now = this.host.now();
      worker.freeAt = Math.max(worker.freeAt, now) + work * this.host.slowness();
      const takes = worker.freeAt - now;
      if (takes <= AT_ONCE_MICROS) this.end(worker);
      else this.host.workTimer(Math.ceil(takes), 'done', worker);
    }
    this.turns = 0;
  }

  private end(worker: Worker): void {
    worker.freeAt += worker.finish() * this.host.slowness();
    worker.isBusy = false;
    this.schedule(worker);
  }

  reset(): void {
    this.ready.length = 0;
    this.turns = 0;
  }
}

/** How many messages a command is about. */
export function workOf(command: ToQueue): number {
  switch (command.type) {
    case 'ack':
    case 'discard':
    case 'requeue':
      return command.positions.length;
    default:
      return 1;
  }
}
