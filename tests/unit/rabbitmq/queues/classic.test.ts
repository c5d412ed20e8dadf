import { describe, expect, it } from 'vitest';
import { READY_MAX } from '../../../../src/brokers/rabbitmq/queues/entry.ts';
import { ClassicQueue } from '../../../../src/brokers/rabbitmq/queues/classic.ts';
import { Bench, message, UNLIMITED } from './harness.ts';

const DEAD = { deadLetterExchange: 'dlx' } as const;

describe('classic queue: requeueing', () => {
  it('puts a message back where it was (R-50, R-52, J-7)', () => {
    const bench = new Bench('classic').publish(1, 2, 3, 4, 5);
    expect([bench.get(), bench.get(), bench.get()].map((one) => one?.id)).toEqual([1, 2, 3]);
    expect(bench.node.left).toEqual([4, 3, 2]);
    bench.requeue('get', 'nack', 2);
    expect(bench.get()).toMatchObject({ id: 2, redelivered: true, count: null, headers: {} });
    bench.ack('get', 2).requeue('get', 'nack', 3).requeue('get', 'nack', 1);
    expect(bench.drain()).toEqual(['1*', '3*', '4', '5']);
    expect(bench.node.of('released').at(-1)).toMatchObject({
      group: 'q',
      position: 0,
      message: 1,
      why: 'nack',
      where: 'original place',
    });
  });

  it('gives everything back to its place when a channel recovers or ends (R-49, J-7)', () => {
    const bench = new Bench('classic').publish(0, 1, 2);
    bench.get();
    bench.get();
    expect(bench.requeue('get', 'recover', 1, 0).drain()).toEqual(['0*', '1*', '2']);
  });

  it('drops a requeued message where that makes the queue too long (R-74)', () => {
    const bench = new Bench('classic', { ...DEAD, maxLength: 2 }).publish(1);
    bench.get();
    bench.publish(2, 3).requeue('get', 'nack', 1);
    expect(bench.node.dead).toMatchObject([{ id: 1, reason: 'maxlen' }]);
    expect(bench.drain()).toEqual(['2', '3']);
  });

  it('keeps messages of one priority in their order when they come back (R-50, R-88)', () => {
    const bench = new Bench('classic', { maxPriority: 3 });
    bench.publish(message(1, { priority: 2 }), message(2, { priority: 2 }), 3);
    bench.get();
    bench.get();
    bench.get();
    bench.requeue('get', 'nack', 3, 2, 1);
    expect(bench.drain()).toEqual(['1*', '2*', '3*']);
  });
});

describe('classic queue: time to live', () => {
  it('lets a message expire at the head only (R-69, J-9)', () => {
    const bench = new Bench('classic', DEAD);
    bench.publish(message(1, { expiration: '600' }), message(2, { expiration: '100' })).wait(300);
    expect(bench.queue.info().ready).toBe(2);
    expect(bench.node.dead).toEqual([]);
    bench.wait(300);
    expect(bench.node.dead).toEqual([
      { id: 1, reason: 'expired', position: 0, held: false },
      { id: 2, reason: 'expired', position: 1, held: false },
    ]);
    expect(bench.node.of('dead-lettered')).toMatchObject([
      { place: 'q', position: 0, message: 1, to: 'dlx', reason: 'expired' },
      { position: 1, message: 2 },
    ]);
  });

  it('takes the shorter of the two times, fixed when the message came (R-68, J-9)', () => {
    const bench = new Bench('classic', { messageTtl: 200_000 }).publish(message(1, { expiration: '5000' }));
    expect(bench.node.wake).toBe(200_000);
    bench.do({ type: 'configure', settings: { ...UNLIMITED, messageTtl: 1_000 } }).wait(199);
    expect(bench.queue.info().ready).toBe(1);
    bench.wait(1);
    expect(bench.node.of('dropped')).toMatchObject([{ position: 0, message: 1, reason: 'expired' }]);
  });

  it('hands a message with a TTL of 0 to whoever is ready, and has it expire otherwise (R-39, R-70, J-9)', () => {
    const bench = new Bench('classic', { messageTtl: 0 }).publish(1);
    expect(bench.queue.info().ready).toBe(0);
    expect(bench.node.of('dropped')).toMatchObject([{ message: 1, reason: 'expired' }]);
    expect(bench.consume('a').publish(2).node.to('a')).toEqual(['2']);
  });

  it('keeps a message with a TTL of 0 behind one that lives (R-69, R-70, obs-3.10.8)', () => {
    const bench = new Bench('classic').publish(1, message(2, { expiration: '0' }));
    expect(bench.queue.info().ready).toBe(2);
    expect(bench.drain()).toEqual(['1']);
  });

  it('lets nothing expire that is given out, and at once when it comes back (R-71, J-9)', () => {
    const bench = new Bench('classic', { messageTtl: 100_000 }).publish(1);
    bench.get();
    bench.wait(500);
    expect(bench.node.of('dropped')).toEqual([]);
    bench.requeue('get', 'nack', 1);
    expect(bench.node.of('dropped')).toMatchObject([{ message: 1, reason: 'expired' }]);
  });

  it('looks at the head of the highest priority that there is, and no further (R-88, obs-3.10.8)', () => {
    const bench = new Bench('classic', { maxPriority: 5 });
    bench.publish(message(1, { priority: 5 }), message(2, { expiration: '100' })).wait(400);
    expect(bench.queue.info().ready).toBe(2);
    expect(bench.drain()).toEqual(['1']);
  });

  it('asks to be woken for the head, and no more when there is nothing to wake for (R-72)', () => {
    const bench = new Bench('classic').publish(message(1, { expiration: '100' }));
    expect(bench.node.wake).toBe(100_000);
    bench.drain();
    expect(bench.node.wake).toBeNull();
  });

  it('asks again when it is woken too early (R-72)', () => {
    const bench = new Bench('classic').publish(message(1, { expiration: '100' }));
    bench.node.wake = null;
    bench.do({ type: 'tick' });
    expect(bench.node.wake).toBe(100_000);
  });
});

/** What four publishes in confirm mode come to. */
function overflow(limits: ConstructorParameters<typeof Bench>[1]): object {
  const bench = new Bench('classic', { ...DEAD, ...limits }, { durable: false }).publish(1, 2, 3, 4);
  const { confirms, nacks, dead } = bench.node;
  return { confirms, nacks, dead: dead.map((one) => one.id), kept: bench.drain() };
}

describe('classic queue: length limits', () => {
  it('drops the head and confirms (R-74, J-10)', () => {
    expect(overflow({ maxLength: 2 })).toEqual({
      confirms: [1, 2, 3, 4],
      nacks: [],
      dead: [1, 2],
      kept: ['3', '4'],
    });
  });

  it('refuses what comes, and dead-letters nothing (R-76, J-10)', () => {
    expect(overflow({ maxLength: 2, overflow: 'reject-publish' })).toEqual({
      confirms: [1, 2],
      nacks: [3, 4],
      dead: [],
      kept: ['1', '2'],
    });
  });

  it('refuses what comes, and dead-letters that (R-77, J-10)', () => {
    expect(overflow({ maxLength: 2, overflow: 'reject-publish-dlx' })).toEqual({
      confirms: [1, 2],
      nacks: [3, 4],
      dead: [3, 4],
      kept: ['1', '2'],
    });
  });

  it('has no number for what it refuses (R-77)', () => {
    const { node } = new Bench('classic', { ...DEAD, maxLength: 0, overflow: 'reject-publish-dlx' }).publish(
      1,
    );
    expect(node.dead).toEqual([{ id: 1, reason: 'maxlen', position: null, held: false }]);
    expect(node.of('dead-lettered')[0]).not.toHaveProperty('position');
    expect(node.of('appended')).toEqual([]);
  });

  it('says so when it refuses a message whose publisher does not hear of it (R-76)', () => {
    const bench = new Bench('classic', { maxLength: 0, overflow: 'reject-publish' });
    bench.do({ type: 'enqueue', message: message(1), publish: null });
    expect(bench.node.of('dropped')).toEqual([
      { kind: 'dropped', node: 'rabbit-1', place: 'q', message: 1, reason: 'maxlen' },
    ]);
  });

  it('holds a limit of 0: nothing is kept, or nothing taken (R-78, J-10)', () => {
    expect(overflow({ maxLength: 0 })).toMatchObject({ confirms: [1, 2, 3, 4], kept: [] });
    expect(overflow({ maxLength: 0, overflow: 'reject-publish' })).toMatchObject({
      nacks: [1, 2, 3, 4],
      kept: [],
    });
  });

  it('hands over past a limit of 0, unless it refuses (R-39, R-78)', () => {
    expect(new Bench('classic', { maxLength: 0 }).consume('a').publish(1).node.to('a')).toEqual(['1']);
    const bench = new Bench('classic', { maxLength: 0, overflow: 'reject-publish' }).consume('a').publish(1);
    expect([bench.node.to('a'), bench.node.nacks]).toEqual([[], [1]]);
  });

  it('counts the bytes of what is ready (R-73)', () => {
    const bench = new Bench('classic', { maxLengthBytes: 25 }).publish(1, 2, 3);
    expect(bench.queue.info()).toMatchObject({ ready: 2, readyBytes: 20 });
    bench.get();
    bench.publish(4);
    expect(bench.drain()).toEqual(['3', '4']);
  });

  it('drops the head though what came expires behind it (R-74, obs-3.10.8)', () => {
    const bench = new Bench('classic', { maxLength: 2 }).publish(1, 2, message(3, { expiration: '0' }));
    expect(bench.drain()).toEqual(['2']);
  });

  it('drops what would be delivered next: the highest priority (R-75, R-88, J-11)', () => {
    const bench = new Bench('classic', { ...DEAD, maxPriority: 3, maxLength: 2 });
    bench.publish(message(1, { priority: 3 }), message(2, { priority: 1 }), message(3, { priority: 2 }));
    expect(bench.node.dead.map((one) => one.id)).toEqual([1]);
    expect(bench.drain()).toEqual(['3', '2']);
  });

  it('holds a limit that is set later (R-11, R-74)', () => {
    const bench = new Bench('classic').publish(1, 2, 3);
    bench.do({ type: 'configure', settings: { ...UNLIMITED, maxLength: 1 } });
    expect(bench.drain()).toEqual(['3']);
  });

  it('refuses more than this model keeps, and says so once', () => {
    const bench = new Bench('classic', {}, { durable: false });
    for (let n = 0; n < READY_MAX; n++) bench.do({ type: 'enqueue', message: message(n), publish: null });
    bench.publish(-1, -2);
    bench.do({ type: 'enqueue', message: message(-3), publish: null });
    expect(bench.node.nacks).toEqual([1, 2]);
    expect(bench.node.of('limit-reached')).toEqual([
      { kind: 'limit-reached', what: 'messages ready in q', limit: 262_144 },
    ]);
    expect(bench.node.of('dropped')).toMatchObject([{ message: -3, reason: 'limit-reached' }]);
    bench.get(true);
    expect(bench.publish(-4).node.confirms).toEqual([3]);
  });
});

describe('classic queue: priorities', () => {
  it('gives the highest first, absent as 0, above the limit as the limit (R-88, J-11)', () => {
    const bench = new Bench('classic', { maxPriority: 3 });
    for (const [id, priority] of [null, 1, 3, 9, 2, 0, 3].entries()) bench.publish(message(id, { priority }));
    expect(bench.drain()).toEqual(['2', '3', '6', '4', '1', '0', '5']);
  });

  it('knows none where no limit is set (R-88)', () => {
    const bench = new Bench('classic').publish(1, message(2, { priority: 9 }));
    expect(bench.drain()).toEqual(['1', '2']);
  });
});

describe('classic queue: dead letters', () => {
  it('dead-letters what is rejected, in the order in which it was (R-80)', () => {
    const bench = new Bench('classic', DEAD).consume('a').publish(1, 2, 3).discard('a', 2, 1);
    expect(bench.node.dead.map(({ id, reason }) => [id, reason])).toEqual([
      [2, 'rejected'],
      [1, 'rejected'],
    ]);
    expect(bench.queue.info().unacknowledged).toBe(1);
  });

  it('drops it where there is no such exchange, or none is set (R-81)', () => {
    const bench = new Bench('classic', { deadLetterExchange: 'missing' })
      .consume('a')
      .publish(1)
      .discard('a', 1);
    expect(bench.node.dead).toEqual([]);
    expect(bench.node.of('dropped')).toMatchObject([{ position: 0, message: 1, reason: 'rejected' }]);
    expect(new Bench('classic').consume('a').publish(1).discard('a', 1).node.of('dropped')).toHaveLength(1);
  });
});

describe('classic queue: confirms and the disk', () => {
  it('confirms at once what need not be on disk (R-30)', () => {
    expect(new Bench('classic').publish(message(1, { persistent: false })).node.confirms).toEqual([1]);
    expect(new Bench('classic', {}, { durable: false }).publish(1).node).toMatchObject({
      confirms: [1],
      stored: [],
    });
  });

  it('confirms a persistent message when the disk has it (R-30)', () => {
    const bench = new Bench('classic').publish(1, 2, 3);
    expect(bench.node).toMatchObject({ confirms: [], stored: [0, 1, 2] });
    bench.do({ type: 'synced', position: 1 });
    expect(bench.node.confirms).toEqual([1, 2]);
    bench.do({ type: 'synced', position: 2 });
    expect(bench.node.confirms).toEqual([1, 2, 3]);
  });

  it('confirms it earlier when it is settled first, and once (R-30)', () => {
    const bench = new Bench('classic').consume('a').publish(1, 2).ack('a', 2);
    expect(bench.node.confirms).toEqual([2]);
    bench.do({ type: 'synced', position: 1 });
    expect(bench.node.confirms).toEqual([2, 1]);
    expect(new Bench('classic').consume('a', { noAck: true }).publish(1).node.confirms).toEqual([1]);
    expect(new Bench('classic', { maxLength: 0 }).publish(1).node.confirms).toEqual([1]);
  });

  it.each([true, false])(
    'keeps what the disk had: durable, persistent; after a crash (%s) all flagged (R-52, R-55)',
    (crashed) => {
      const bench = new Bench('classic', { messageTtl: 900_000 }).consume('a', { prefetch: 1 });
      bench.publish(1, 2, message(3, { persistent: false }), 4);
      bench.do({ type: 'synced', position: 2 });
      const { queue } = bench;
      if (!(queue instanceof ClassicQueue)) throw new Error('not a classic queue');
      bench.node.wake = null;
      queue.restart(1000, crashed, bench.node);
      expect(queue.info()).toMatchObject({ ready: 2, readyBytes: 20, unacknowledged: 0, consumers: [] });
      expect(bench.node.wake).toBe(900_000);
      expect(bench.node.of('dropped').map(({ message: id, reason }) => [id, reason])).toEqual([
        [3, 'node-crashed'],
        [4, 'node-crashed'],
      ]);
      expect(bench.node.of('released')).toMatchObject([{ message: 1, why: 'node-down' }]);
      expect(bench.publish(5).drain()).toEqual(['1*', crashed ? '2*' : '2', '5']);
      expect(bench.node.of('appended').at(-1)).toMatchObject({ position: 4 });
    },
  );

  it('keeps nothing of a transient queue (R-55)', () => {
    const bench = new Bench('classic', {}, { durable: false }).publish(1);
    if (!(bench.queue instanceof ClassicQueue)) throw new Error('not a classic queue');
    bench.queue.restart(0, true, bench.node);
    expect(bench.node.of('dropped')).toMatchObject([{ message: 1, reason: 'node-crashed' }]);
    expect(bench.queue.info().ready).toBe(0);
  });
});
