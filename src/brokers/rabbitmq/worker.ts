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

/** A batch that takes no longer shows its effects when it begins: it saves the simulation an event, and nobody sees it. */
const AT_ONCE_MICROS: Micros = 20;

/** What a node's workers need of it. */
interface WorkplaceHost {
  now(): Micros;
  slowness(): number;
  workTimer(delay: Micros, timer: 'work' | 'done', worker: Worker): void;
}

/** The workers of a node. */
export class Workplace {
  private readonly host: WorkplaceHost;
  /** Those whose turn it is now. */
  private ready: Worker[] = [];

  constructor(host: WorkplaceHost) {
    this.host = host;
  }

  /** More has come for a worker. */
  schedule(worker: Worker): void {
    if (worker.isBusy) return;
    worker.isBusy = true;
    const now = this.host.now();
    if (worker.freeAt <= now) this.ready.push(worker);
    else this.host.workTimer(Math.ceil(worker.freeAt - now), 'work', worker);
  }

  wake(timer: 'work' | 'done', worker: Worker): void {
    if (timer === 'work') this.ready.push(worker);
    else this.end(worker);
  }

  /** Lets everybody work whose turn it is, and who is given work by them. */
  run(): void {
    for (let i = 0; i < this.ready.length; i++) {
      const worker = this.ready[i]!;
      const work = worker.begin();
      if (work === null) {
        worker.isBusy = false;
        continue;
      }
      const takes = work * this.host.slowness();
      const now = this.host.now();
      worker.freeAt = now + takes;
      if (takes <= AT_ONCE_MICROS) this.end(worker);
      else this.host.workTimer(Math.ceil(takes), 'done', worker);
    }
    if (this.ready.length > 0) this.ready = [];
  }

  private end(worker: Worker): void {
    worker.freeAt += worker.finish() * this.host.slowness();
    worker.isBusy = false;
    this.schedule(worker);
  }

  reset(): void {
    this.ready = [];
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
