import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entry, EntryHeap } from '../../../../src/brokers/rabbitmq/queues/entry.ts';
import { Ring } from '../../../../src/sim/ring.ts';
import { Rotation } from '../../../../src/brokers/rabbitmq/queues/rotation.ts';
import { message } from './harness.ts';

describe('Ring', () => {
  it('is a queue, whatever comes and goes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(99), fc.constant('shift'), fc.constant('even')), { maxLength: 200 }),
        (ops) => {
          const ring = new Ring<number>();
          let list: number[] = [];
          for (const op of ops) {
            if (typeof op === 'number') {
              ring.push(op);
              list.push(op);
            } else if (op === 'shift') {
              expect(ring.shift()).toBe(list.shift());
            } else {
              ring.filter((item) => item % 2 === 0);
              list = list.filter((item) => item % 2 === 0);
            }
            expect([...ring]).toEqual(list);
            expect([ring.length, ring.peek(), ring.at(list.length)]).toEqual([
              list.length,
              list[0],
              undefined,
            ]);
          }
        },
      ),
    );
  });

  it('lets go of the room of a backlog that is gone', () => {
    const ring = new Ring<number>();
    for (let n = 0; n < 3000; n++) ring.push(n);
    while (ring.length > 0) ring.shift();
    expect(JSON.stringify(ring).length).toBeLessThan(100);
  });
});

describe('EntryHeap', () => {
  it('gives the lowest number first, and of equal ones the earlier', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (keys) => {
        const heap = new EntryHeap();
        for (const [order, key] of keys.entries())
          heap.push(key, entry(order, message(order), Infinity, order));
        const expected = [...keys.entries()]
          .sort((a, b) => a[1] - b[1] || a[0] - b[0])
          .map(([order]) => order);
        expect(heap.sorted().map((one) => one.order)).toEqual(expected);
        expect(heap.first).toBe(keys.length === 0 ? Infinity : Math.min(...keys));
        expect(keys.map(() => heap.shift()?.order)).toEqual(expected);
        expect([heap.length, heap.peek(), heap.shift()]).toEqual([0, undefined, undefined]);
      }),
    );
  });
});

describe('Rotation', () => {
  const consumer = (tag: string, priority: number) => ({
    subscription: {
      channel: tag,
      tag,
      client: tag,
      noAck: false,
      exclusive: false,
      priority,
      prefetch: 0,
      offset: null,
    },
  });

  it('serves the highest priority, round robin among equals (R-37, R-40)', () => {
    const [a, b, c] = [consumer('a', 0), consumer('b', 5), consumer('c', 5)];
    const turns = new Rotation<ReturnType<typeof consumer>>();
    for (const one of [a, b, c]) turns.push(one);
    expect(turns.front()).toBe(b);
    turns.rotate();
    expect(turns.front()).toBe(c);
    turns.remove(c);
    expect(turns.shift()).toBe(b);
    expect(turns.shift()).toBe(a);
    expect([turns.front(), turns.shift()]).toEqual([undefined, undefined]);
    turns.rotate();
    expect(turns.front()).toBeUndefined();
  });
});
