/** Consumers in the order in which they are served: higher priority first, then who has waited longest. */
import type { Subscription } from '../queue.ts';
import { Ring } from '../../../sim/ring.ts';

interface Level<C> {
  readonly priority: number;
  readonly consumers: Ring<C>;
}

export class Rotation<C extends { readonly subscription: Subscription }> {
  /** Highest priority first; none of them empty. */
  private levels: Level<C>[] = [];

  front(): C | undefined {
    return this.levels[0]?.consumers.peek();
  }

  push(consumer: C): void {
    const { priority } = consumer.subscription;
    let at = this.levels.findIndex((level) => level.priority <= priority);
    if (at < 0) at = this.levels.length;
    let level = this.levels[at];
    if (level?.priority !== priority) {
      level = { priority, consumers: new Ring() };
      this.levels.splice(at, 0, level);
    }
    level.consumers.push(consumer);
  }

  /** The front one goes behind those of its priority. */
  rotate(): void {
    const consumers = this.levels[0]?.consumers;
    const front = consumers?.shift();
    if (front !== undefined) consumers?.push(front);
  }

  shift(): C | undefined {
    const level = this.levels[0];
    const front = level?.consumers.shift();
    if (level?.consumers.length === 0) this.levels.shift();
    return front;
  }

  remove(consumer: C): void {
    for (const level of this.levels) level.consumers.filter((other) => other !== consumer);
    this.levels = this.levels.filter((level) => level.consumers.length > 0);
  }
}
