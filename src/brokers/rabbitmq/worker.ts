/**
 * A serial worker of a node: an Erlang process that takes one thing after another. What waits when it begins is one batch:
 * the batch takes as long as all its parts, and their effects show when it is done. So an idle worker answers at once, and a
 * busy one costs the simulation no more than an idle one.
 */
import type { Micros } from '../../sim/time.ts';
import type { ToQueue } from './wire.ts';

export interface Worker {
  isBusy: boolean;
  /** When it has done what earlier batches left it to do. */
  freeAt: Micros;
  /** Takes a batch of what waits. @returns how long it takes at the ordinary pace, microseconds; null: nothing to do */
  begin(): Micros | null;
  /** The batch is done. */
  finish(): void;
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
