// What the picture counts adds up: under random histories of one queue, and at any moment of the runs of the book.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RabbitmqView } from '../../../src/brokers/rabbitmq/view-types.ts';
import { RabbitmqViewFold } from '../../../src/brokers/rabbitmq/view.ts';
import { rabbitmqScenarios } from '../../../src/scenarios/rabbitmq/index.ts';
import { parseScenario } from '../../../src/scenarios/schema.ts';
import { Simulation } from '../../../src/scenarios/simulation.ts';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';
import { Story } from './view-events.ts';

/** Where each copy is, by the events alone: no bound, no order, nothing forgotten. */
class Ledger {
  private readonly ready = new Map<string, Set<number>>();
  private readonly owed = new Map<string, Set<number>>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'appended':
        of(this.ready, event.place).add(event.position);
        break;
      case 'acquired':
        of(this.ready, event.place).delete(event.position);
        of(this.owed, event.place).add(event.position);
        break;
      case 'released':
        of(this.owed, event.place).delete(event.position);
        of(this.ready, event.place).add(event.position);
        break;
      case 'removed':
      case 'dead-lettered':
      case 'dropped':
        if (event.position === undefined) break;
        of(this.ready, event.place).delete(event.position);
        of(this.owed, event.place).delete(event.position);
        break;
    }
  }

  counts(place: string): { ready: number; unacked: number } {
    return { ready: of(this.ready, place).size, unacked: of(this.owed, place).size };
  }
}

function of(map: Map<string, Set<number>>, place: string): Set<number> {
  let set = map.get(place);
  if (!set) map.set(place, (set = new Set()));
  return set;
}

/** What must be so of every picture, whatever led to it. */
function consistent(view: RabbitmqView): void {
  for (const { name, type, head, tail, between, ready, unacked } of view.queues) {
    if (type !== 'stream') expect(head.length + between + tail.length, name).toBe(ready);
    expect(between, name).toBeGreaterThanOrEqual(0);
    expect(unacked, name).toBeGreaterThanOrEqual(0);
  }
  for (const { id, held, holding, unacked, orphaned, prefetch, autoAck } of view.consumers) {
    expect(holding, id).toBeGreaterThanOrEqual(held.length);
    expect(unacked, id).toBeGreaterThanOrEqual(0);
    expect(orphaned, id).toBeGreaterThanOrEqual(0);
    if (prefetch !== null && !autoAck) expect(unacked, id).toBeLessThanOrEqual(prefetch);
  }
  for (const { id, unconfirmed, published } of view.publishers) {
    expect(unconfirmed, id).toBeGreaterThanOrEqual(0);
    expect(unconfirmed, id).toBeLessThanOrEqual(published);
  }
}

describe('of one queue, under random histories', () => {
  const step = fc.constantFrom('publish', 'acquire', 'ack', 'release', 'drop', 'kill', 'disconnect');

  test.each(['classic', 'quorum'])('the counts of a %s queue are those of its copies', (type) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(1000)), { maxLength: 200 }), (steps) => {
        const story = new Story({
          system: { queues: [{ name: 'jobs', arguments: { 'x-queue-type': type } }] },
          clients: [
            { id: 'p', role: 'publisher', load: { ratePerSecond: 1 } },
            { id: 'c', role: 'consumer', queues: ['jobs'] },
            { id: 'd', role: 'consumer', queues: ['jobs'] },
          ],
        });
        let ready: number[] = [];
        let owed: number[] = [];
        const messages: number[] = [];
        for (const [what, n] of steps) {
          const one = ready[n % ready.length];
          const out = owed[n % owed.length];
          if (what === 'publish') {
            ready.push(messages.length);
            messages.push(story.publish({ to: '', into: ['jobs'] }));
          } else if (what === 'acquire' && one !== undefined) {
            ready = ready.filter((position) => position !== one);
            owed.push(one);
            story.acquire(n % 2 === 0 ? 'c' : 'd', 'jobs', one, messages[one]!);
          } else if (what === 'drop' && one !== undefined) {
            ready = ready.filter((position) => position !== one);
            story.tell({
              kind: 'dropped',
              node: 'rabbit-1',
              place: 'jobs',
              position: one,
              message: messages[one]!,
              reason: 'maxlen',
            });
          } else if (what === 'disconnect') {
            story.tell({ kind: 'disconnected', client: 'c', node: 'rabbit-1', why: 'cut' });
          } else if (out !== undefined && what !== 'acquire' && what !== 'drop') {
            owed = owed.filter((position) => position !== out);
            if (what === 'ack') story.remove('jobs', out, messages[out]!);
            if (what === 'kill') story.deadLetter('jobs', out, messages[out]!, 'dlx', 'rejected');
            if (what === 'release') {
              story.release('jobs', out, messages[out]!);
              ready.push(out);
            }
          }
        }
        const view = story.view();
        consistent(view);
        const [queue] = view.queues;
        expect(queue).toMatchObject({ ready: ready.length, unacked: owed.length });
        const shown = [...queue!.head, ...queue!.tail].map(({ position }) => position);
        expect(new Set(shown).size).toBe(shown.length);
        expect(shown.every((position) => ready.includes(position))).toBe(true);
        const has = view.consumers.reduce((sum, { unacked, orphaned }) => sum + unacked + orphaned, 0);
        expect(has).toBe(owed.length);
      }),
      { numRuns: 200 },
    );
  });
});

describe('at any moment of the runs of the book', () => {
  test.each(rabbitmqScenarios.map((input) => [input.id, input] as const))('%s', (_, input) => {
    const scenario = parseScenario(input);
    const clients = scenario.clients as ConstructorParameters<typeof RabbitmqViewFold>[1];
    const events: TraceEvent[] = [];
    const simulation = new Simulation(scenario, [], { on: (event) => events.push(event) });
    while (simulation.step());
    const fold = new RabbitmqViewFold(scenario.system, clients, ['routing', 'quorum']);
    const ledger = new Ledger();
    const looks = Math.max(1, Math.floor(events.length / 60));
    events.forEach((event, i) => {
      fold.on(event);
      ledger.on(event);
      if (i % looks !== 0) return;
      // As the player does when it goes on and comes back.
      const snapshot = new Snapshot(fold);
      for (const later of events.slice(i + 1, i + 100)) fold.on(later);
      snapshot.restore();
      const view = fold.view(event.at);
      consistent(view);
      for (const { name, type, ready, unacked } of view.queues)
        if (type === 'classic') expect({ name, ready, unacked }).toEqual({ name, ...ledger.counts(name) });
      expect(JSON.stringify(view).length).toBeLessThan(200_000);
    });
  });
});
