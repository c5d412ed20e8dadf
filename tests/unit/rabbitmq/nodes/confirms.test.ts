// and what a channel keeps of its deliveries.
import { describe, expect, it } from 'vitest';
import { Confirms } from '../../../../src/brokers/rabbitmq/confirms.ts';
import { UnackedList } from '../../../../src/brokers/rabbitmq/unacked.ts';
import { answers, application, declare, on, publish, runCalls } from './calls.ts';
import { run } from '../harness.ts';

const queue = (name: string) => ({ name });
const told = (confirms: Confirms) =>
  confirms
    .take()
    .map(
      ({ method, deliveryTag, multiple }) =>
        `${method.slice(6)} ${deliveryTag}${multiple ? ' and below' : ''}`,
    );

describe('R-32: how confirms are grouped', () => {
  it('one by itself is answered by itself', () => {
    const confirms = new Confirms();
    confirms.published([]);
    expect(told(confirms)).toEqual(['ack 1']);
  });

  it('all below the first that still waits are one answer, the rest one by one', () => {
    const confirms = new Confirms();
    for (let i = 0; i < 6; i++) confirms.published([queue('q')]);
    for (const number of [1, 2, 3, 5, 6]) confirms.confirm(number, 'q');
    expect(told(confirms)).toEqual(['ack 3 and below', 'ack 5', 'ack 6']);
  });

  it('a refusal is a limit for the others, and they for it', () => {
    const confirms = new Confirms();
    for (let i = 0; i < 5; i++) confirms.published([queue('q')]);
    for (const number of [1, 2, 4, 5]) confirms.confirm(number, 'q');
    confirms.reject(3);
    expect(told(confirms)).toEqual(['ack 2 and below', 'ack 4', 'ack 5', 'nack 3']);
  });

  it('R-30: every queue must have it; R-31: one refusal is enough', () => {
    const confirms = new Confirms();
    confirms.published([queue('a'), queue('b')]);
    confirms.published([queue('a'), queue('b')]);
    confirms.confirm(1, 'a');
    confirms.confirm(2, 'a');
    expect(told(confirms)).toEqual([]);
    confirms.reject(2);
    confirms.confirm(1, 'b');
    expect(told(confirms)).toEqual(['ack 1', 'nack 2']);
  });

  it('R-31: a queue lost with its node refuses; one that is deleted is waited for no more', () => {
    const confirms = new Confirms();
    confirms.published([queue('a')]);
    confirms.published([queue('b')]);
    confirms.lost('a', false);
    confirms.lost('b', true);
    // The refusal comes first of the two, so the other is answered by itself.
    expect(told(confirms)).toEqual(['ack 2', 'nack 1 and below']);
  });
});

describe('R-48: what an answer settles', () => {
  const list = (n: number) => {
    const unacked = new UnackedList();
    for (let tag = 1; tag <= n; tag++)
      unacked.add({ deliveryTag: tag, queue: 'q', tag: 't', position: tag, at: 0 });
    return unacked;
  };
  const tags = (entries: readonly { deliveryTag: number }[]) => entries.map(({ deliveryTag }) => deliveryTag);

  it('one, or all up to it that are still there', () => {
    const unacked = list(1000);
    expect(tags(unacked.collect(7, false))).toEqual([7]);
    expect(tags(unacked.collect(5, false))).toEqual([5]);
    expect(() => unacked.collect(7, false)).toThrow('unknown delivery tag 7');
    expect(tags(unacked.collect(8, true))).toEqual([1, 2, 3, 4, 6, 8]);
    expect(() => unacked.collect(8, true)).toThrow('unknown delivery tag 8');
    expect(unacked.size).toBe(992);
    expect(unacked.oldest()?.deliveryTag).toBe(9);
    for (let tag = 1000; tag >= 9; tag--) expect(tags(unacked.collect(tag, false))).toEqual([tag]);
    expect([unacked.size, unacked.oldest()]).toEqual([0, null]);
  });

  it('tag 0 and below is everything', () => {
    expect(tags(list(3).collect(0, true))).toEqual([1, 2, 3]);
    expect(() => list(3).collect(0, false)).toThrow('unknown delivery tag 0');
  });

  it('R-33: what a rollback gives back is in order again', () => {
    const unacked = list(5);
    const two = [...unacked.collect(2, false), ...unacked.collect(4, false)];
    unacked.restore(two);
    expect(tags(unacked.all())).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('R-30: when a publish is confirmed', () => {
  const confirmedAfter = (args: object, more: object, nodes = 1, fsyncMs = 20): number => {
    const trace = run(
      {
        system: {
          nodes,
          queues: [{ name: 'q', arguments: args as Record<string, string> }],
          costs: { fsyncMs },
        },
        clients: [
          application('app', [{ call: 'confirm.select' }, on(publish('q', 'm', more), { atMs: 100 })]),
        ],
      },
      1000,
    );
    return (trace.of('publish-confirmed')[0]!.at - 100_000) / 1000;
  };

  it('a transient message as soon as its classic queue has it', () => {
    expect(confirmedAfter({}, { deliveryMode: 1 })).toBeLessThan(3);
  });

  it('a persistent one when it is on the disk', () => {
    const after = confirmedAfter({}, {});
    expect(after).toBeGreaterThan(20);
    expect(after).toBeLessThan(25);
  });

  it('of a quorum queue when a majority has it on disk, whatever its delivery mode', () => {
    const after = confirmedAfter({ 'x-queue-type': 'quorum' }, { deliveryMode: 1 }, 3);
    expect(after).toBeGreaterThan(20);
    expect(after).toBeLessThan(30);
  });

  it('of one that a consumer has settled, the disk or not', () => {
    const trace = run(
      {
        system: { queues: [{ name: 'q' }], costs: { fsyncMs: 500 } },
        clients: [
          { id: 'c', role: 'consumer', queues: ['q'], processingMs: 0, autoAck: true },
          application('app', [{ call: 'confirm.select' }, on(publish('q', 'm'), { atMs: 100 })]),
        ],
      },
      1000,
    );
    expect(trace.of('publish-confirmed')[0]!.at).toBeLessThan(110_000);
  });

  it('R-33: a commit is answered when all of it is on the disk', () => {
    const trace = runCalls(
      [
        declare('q'),
        { call: 'tx.select' },
        on(publish('q', '1'), { atMs: 100 }),
        { call: 'tx.commit' },
        { call: 'queue.declare', queue: { name: 'after' } },
      ],
      { system: { costs: { fsyncMs: 50 } } },
    );
    const after = trace.of('places-created').find(({ name }) => name === 'after')!;
    expect(after.at).toBeGreaterThan(150_000);
    expect(answers(trace)).toEqual(['1 ack']);
  });
});
