import { describe, expect, it } from 'vitest';
import type { Version } from '../../../../src/brokers/rabbitmq/config.ts';
import type { ReturnReason } from '../../../../src/brokers/rabbitmq/queue.ts';
import { Bench, message, Node, UNLIMITED } from './harness.ts';

const DEAD = { deadLetterExchange: 'dlx' } as const;
const VERSIONS = ['3.10', '4.2', '4.3'] as const;

/** Gets three of five and gives back the third, then the first (J-7). */
function returned(version: Version, why: ReturnReason, deliveryLimit: number | null): string[] {
  const bench = new Bench('quorum', { deliveryLimit }, { version }).publish(1, 2, 3, 4, 5);
  for (const id of [1, 2, 3]) expect(bench.get()?.id).toBe(id);
  bench.ack('get', 2).requeue('get', why, 3).requeue('get', why, 1);
  return bench.drain();
}

describe('quorum queue: drop-head', () => {
  it.each([
    ['3.10', [4, 2, 1]],
    ['4.2', [1, 2, 4]],
    ['4.3', [1, 2, 4]],
  ] as const)(
    'of what one publish has dropped, %s lets the last one go first: %j (R-74)',
    (version, order) => {
      const bench = new Bench('quorum', { ...DEAD, maxLengthBytes: 25 }, { version });
      bench.publish(1, 2, message(4, { bytes: 40 }));
      expect(bench.node.dead.map(({ id }) => id)).toEqual(order);
    },
  );

  it('drops in order for what goes back to the tail, each of which is a command (R-51, R-74)', () => {
    const bench = new Bench('quorum', { ...DEAD, maxLength: 2 }, { version: '3.10' }).publish(1, 2);
    bench.get();
    bench.get();
    bench.publish(3, 4).requeue('get', 'nack', 1, 2);
    expect(bench.node.dead.map(({ id }) => id)).toEqual([3, 4]);
    expect(bench.drain()).toEqual(['1*', '2*']);
  });
});

describe('quorum queue: requeueing', () => {
  it('serves what came back first, in the order of its coming, where a limit holds (R-51, J-7)', () => {
    for (const version of VERSIONS) expect(returned(version, 'nack', 2)).toEqual(['3*', '1*', '4', '5']);
  });

  it('enqueues again at the tail what a client gives back without a limit (R-51, J-7)', () => {
    for (const version of VERSIONS) {
      expect(returned(version, 'nack', null)).toEqual(['4', '5', '3*', '1*']);
      expect(returned(version, 'recover', null)).toEqual(['4', '5', '3*', '1*']);
    }
    expect(returned('4.2', 'reject', null)).toEqual(['4', '5', '3*', '1*']);
  });

  it('makes another command of a reject in 4.3, which serves it first whatever the limit (R-51)', () => {
    expect(returned('4.3', 'reject', null)).toEqual(['3*', '1*', '4', '5']);
  });

  it('serves first what a channel leaves behind, by consumer and delivery, then what it got (R-49, R-51)', () => {
    const bench = new Bench('quorum').consume('a', { prefetch: 1 });
    bench.consume('b', { channel: 'channel of a', prefetch: 2 }).publish(1, 2, 3, 4, 5);
    bench.do({ type: 'get', channel: 'channel of a', client: 'a', noAck: false });
    expect([bench.node.to('a'), bench.node.to('b'), bench.node.answers.at(-1)?.id]).toEqual([
      ['1'],
      ['2', '3'],
      4,
    ]);
    expect(bench.down('a').drain()).toEqual(['1*', '2*', '3*', '4*', '5']);
    expect(bench.node.of('released').map((event) => event.where)).toEqual([
      'returns',
      'returns',
      'returns',
      'returns',
    ]);
  });

  it('says where a message is that came back (R-51)', () => {
    const bench = new Bench('quorum').consume('a', { prefetch: 1 }).publish(1, 2).requeue('a', 'nack', 1);
    expect(bench.node.of('released')).toMatchObject([
      { position: 0, message: 1, why: 'nack', where: 'tail' },
    ]);
    expect(bench.ack('a', 2).node.to('a')).toEqual(['1', '2', '1*']);
  });
});

/** Attempts until a queue with limit 2 lets go of a message: redelivered, and what the header says. */
function attempts(version: Version, why: ReturnReason): (string | null)[] {
  const bench = new Bench('quorum', { ...DEAD, deliveryLimit: 2 }, { version })
    .consume('a', { prefetch: 1 })
    .publish(1);
  for (let n = 0; n < 10 && bench.queue.info().unacknowledged > 0; n++) bench.requeue('a', why, 1);
  return bench.node.given.map(({ redelivered, count }) => `${redelivered} ${count}`);
}

describe('quorum queue: delivery limit', () => {
  it('allows one delivery more than the limit (R-61, J-8)', () => {
    for (const version of VERSIONS)
      expect(attempts(version, 'reject')).toEqual(['false null', 'true 1', 'true 2']);
    const bench = new Bench('quorum', { deliveryLimit: 1 }).consume('a').publish(1);
    bench.requeue('a', 'reject', 1).requeue('a', 'reject', 1);
    expect(bench.queue.info()).toMatchObject({ ready: 0, unacknowledged: 0 });
    expect(bench.node.of('dropped')).toMatchObject([{ message: 1, reason: 'delivery_limit' }]);
  });

  it('dead-letters what is over the limit, for that reason (R-61, J-8)', () => {
    const bench = new Bench('quorum', { ...DEAD, deliveryLimit: 0 }).consume('a').publish(1).down('a');
    expect(bench.node.dead).toEqual([{ id: 1, reason: 'delivery_limit', position: 0, held: false }]);
  });

  it('counts every return up to 4.2 (R-63)', () => {
    for (const why of ['nack', 'reject', 'timeout'] as const) expect(attempts('4.2', why)).toHaveLength(3);
    expect(attempts('3.10', 'nack')).toHaveLength(3);
  });

  it('counts in 4.3 what failed, and no other return (R-64)', () => {
    for (const why of ['nack', 'recover', 'timeout', 'node-down'] as const)
      expect(attempts('4.3', why)).toHaveLength(11);
    const bench = new Bench('quorum', { deliveryLimit: 20 }).consume('a').publish(1);
    bench.requeue('a', 'nack', 1).requeue('a', 'reject', 1).consume('b').down('a');
    expect(bench.node.given.map((one) => one.headers)).toEqual([
      {},
      { 'x-acquired-count': 1 },
      { 'x-acquired-count': 2, 'x-delivery-count': 1 },
      { 'x-acquired-count': 3, 'x-delivery-count': 2 },
    ]);
    expect(bench.node.given.map((one) => one.redelivered)).toEqual([false, true, true, true]);
  });

  it('tells of the count from the first delivery in the answer to a get of 3.10 only (R-62, obs-3.10.8)', () => {
    const old = new Bench('quorum', { deliveryLimit: 5 }, { version: '3.10' }).publish(1);
    expect(old.get()).toMatchObject({ redelivered: false, count: 0, headers: { 'x-delivery-count': 0 } });
    expect(old.requeue('get', 'nack', 1).get()).toMatchObject({ redelivered: true, count: 1 });
    expect(
      new Bench('quorum', {}, { version: '3.10' }).consume('a').publish(1).node.given[0]?.headers,
    ).toEqual({});
    expect(new Bench('quorum', {}, { version: '4.2' }).publish(1).get()).toMatchObject({
      count: null,
      headers: {},
    });
  });

  it('lets go of nothing where no limit holds (R-60)', () => {
    const bench = new Bench('quorum').consume('a').publish(1);
    for (let n = 0; n < 50; n++) bench.requeue('a', 'reject', 1);
    expect(bench.node.given).toHaveLength(51);
  });
});

describe('quorum queue: delayed retry', () => {
  const delayedRetry = (type: 'all' | 'failed' | 'returned', max: number | null = null) =>
    ({ deliveryLimit: 20, delayedRetry: { type, min: 1_000_000, max } }) as const;

  it('waits longer with each failure, up to a maximum (R-65)', () => {
    const bench = new Bench('quorum', delayedRetry('all', 3_000_000)).consume('a').publish(1);
    const waits: number[] = [];
    let now = 0;
    for (let n = 1; n <= 4; n++) {
      bench.requeue('a', 'reject', 1);
      const due = bench.node.wake! / 1000;
      waits.push(due - now);
      now = due;
      bench.wait(waits.at(-1)! - 1);
      expect(bench.node.given).toHaveLength(n);
      bench.wait(1);
      expect(bench.node.given).toHaveLength(n + 1);
    }
    expect(waits).toEqual([1000, 2000, 3000, 3000]);
    expect(bench.node.of('released')[0]).toMatchObject({ where: 'delayed', why: 'reject' });
  });

  it('takes a return that did not fail for the first (R-65)', () => {
    const bench = new Bench('quorum', delayedRetry('all')).consume('a').publish(1).requeue('a', 'nack', 1);
    expect(bench.node.wake).toBe(1_000_000);
    bench.wait(1000).requeue('a', 'nack', 1);
    expect(bench.node.wake).toBe(2_000_000);
  });

  it('delays returns of its kind, in 4.3 (R-65)', () => {
    const where = (type: 'failed' | 'returned', why: ReturnReason, version: Version = '4.3') =>
      new Bench('quorum', delayedRetry(type), { version })
        .consume('a')
        .publish(1)
        .requeue('a', why, 1)
        .node.of('released')[0]?.where;
    expect([where('failed', 'reject'), where('failed', 'nack')]).toEqual(['delayed', 'returns']);
    expect([where('returned', 'reject'), where('returned', 'nack')]).toEqual(['returns', 'delayed']);
    expect(where('failed', 'reject', '4.2')).toBe('returns');
  });

  it('counts what is delayed for the length, and purges it too (R-65, R-73)', () => {
    const bench = new Bench('quorum', { ...delayedRetry('all'), maxLength: 1 }).consume('a', { prefetch: 1 });
    bench.publish(1).requeue('a', 'reject', 1);
    expect(bench.queue.info()).toMatchObject({ ready: 0, held: 1, readyBytes: 10 });
    bench.cancel('a').publish(2);
    expect(bench.node.of('dropped')).toMatchObject([{ message: 2, reason: 'maxlen' }]);
    bench.do({ type: 'purge', channel: 'c' });
    expect(bench.node.purges).toEqual([1]);
    expect(bench.queue.info()).toMatchObject({ held: 0, readyBytes: 0 });
    expect(bench.node.wake).toBeNull();
  });
});

/** Ids in the order in which they leave; the n-th message has the n-th priority. */
function byPriority(version: Version, ...priorities: (number | null)[]): string[] {
  const bench = new Bench('quorum', {}, { version });
  for (const [id, priority] of priorities.entries()) bench.publish(message(id, { priority }));
  return bench.drain();
}

describe('quorum queue: priorities', () => {
  it('knows none in 3.10', () => {
    expect(byPriority('3.10', 0, 9)).toEqual(['0', '1']);
  });

  it('gives two high ones for each normal one in 4.2 (R-66)', () => {
    expect(byPriority('4.2', null, 4, 0, 5, 6, 9, 255, 7)).toEqual(['3', '4', '0', '5', '6', '1', '7', '2']);
  });

  it('lets a high one that came earlier go before the normal one whose turn it is in 4.2 (R-66)', () => {
    expect(byPriority('4.2', 9, 9, 9, 0, 9)).toEqual(['0', '1', '2', '4', '3']);
  });

  it('has 32 strict levels in 4.3, absent as 4 (R-67)', () => {
    expect(byPriority('4.3', null, 4, 5, 31, 32, 3, 0)).toEqual(['3', '4', '2', '0', '1', '5', '6']);
  });

  it('serves what came back before any priority (R-51, R-67)', () => {
    const bench = new Bench('quorum', { deliveryLimit: 9 }).publish(message(1, { priority: 0 }));
    bench.get();
    bench.publish(message(2, { priority: 31 })).requeue('get', 'nack', 1);
    expect(bench.drain()).toEqual(['1*', '2']);
  });
});

describe('quorum queue: time to live', () => {
  it('lets a message expire at the head, by the time of the commands (R-69, J-9)', () => {
    for (const version of VERSIONS) {
      const bench = new Bench('quorum', DEAD, { version });
      bench.publish(message(1, { expiration: '600' }), message(2, { expiration: '100' })).wait(300);
      expect(bench.queue.info().ready).toBe(2);
      expect(bench.wait(300).node.dead.map(({ id, reason }) => [id, reason])).toEqual([
        [1, 'expired'],
        [2, 'expired'],
      ]);
    }
  });

  it('gives a TTL of 0 one millisecond (R-70)', () => {
    const bench = new Bench('quorum', { messageTtl: 0 }).publish(1);
    expect(bench.queue.info().ready).toBe(1);
    expect(bench.node.wake).toBe(1000);
    expect(bench.wait(1).queue.info().ready).toBe(0);
  });

  it('looks at the head of every level in 4.3 (R-67)', () => {
    const high = message(1, { priority: 9 });
    const low = message(2, { priority: 0, expiration: '100' });
    expect(new Bench('quorum').publish(high, low).wait(200).queue.info().ready).toBe(1);
    expect(new Bench('quorum', {}, { version: '4.2' }).publish(high, low).wait(200).queue.info().ready).toBe(
      2,
    );
  });

  it('lets what came back expire in 4.3 with what never left (R-67, R-71)', () => {
    const bench = new Bench('quorum', { ...DEAD, messageTtl: 100_000, deliveryLimit: 9 }).publish(1, 2);
    bench.get();
    bench.wait(200).requeue('get', 'nack', 1);
    expect(bench.node.dead.map((one) => one.id)).toEqual([2, 1]);
  });
});

describe('quorum queue: length limits', () => {
  it('drops the head (R-74, J-10)', () => {
    const bench = new Bench('quorum', { ...DEAD, maxLength: 2 }).publish(1, 2, 3, 4);
    expect(bench.node).toMatchObject({ confirms: [1, 2, 3, 4], nacks: [], blocks: [] });
    expect(bench.node.dead.map(({ id, reason }) => [id, reason])).toEqual([
      [1, 'maxlen'],
      [2, 'maxlen'],
    ]);
    expect(bench.drain()).toEqual(['3', '4']);
  });

  it('takes reject-publish-dlx for drop-head (R-57, R-79)', () => {
    const bench = new Bench('quorum', { maxLength: 1, overflow: 'reject-publish-dlx' }).publish(1, 2);
    expect(bench.node.of('dropped')).toMatchObject([{ message: 1, reason: 'maxlen' }]);
  });

  it.each([
    [2, 3],
    [10, 11],
  ])(
    'stops publishers when it is over a limit of %i, and has taken one too many (R-79, J-10)',
    (limit, taken) => {
      const bench = new Bench('quorum', { maxLength: limit, overflow: 'reject-publish' });
      let n = 0;
      while (bench.node.blocks.length === 0) bench.publish(++n);
      expect([n, bench.node.blocks, bench.node.nacks]).toEqual([taken, [true], []]);
    },
  );

  it('lets them go on when a fifth of the limit is free (R-79, obs-3.10.8)', () => {
    const bench = new Bench('quorum', { maxLength: 10, overflow: 'reject-publish' });
    for (let n = 1; n <= 11; n++) bench.publish(n);
    bench.get(true);
    bench.get(true);
    expect([bench.queue.info().ready, bench.node.blocks]).toEqual([9, [true]]);
    bench.get(true);
    expect([bench.queue.info().ready, bench.node.blocks]).toEqual([8, [true, false]]);
  });

  it('holds both limits, and none when they are taken back (R-79)', () => {
    const limits = { maxLength: 100, maxLengthBytes: 15, overflow: 'reject-publish' } as const;
    const bench = new Bench('quorum', limits).publish(1, 2);
    expect(bench.node.blocks).toEqual([true]);
    bench.do({ type: 'configure', settings: { ...UNLIMITED, overflow: 'reject-publish' } });
    expect(bench.node.blocks).toEqual([true, false]);
  });
});

describe('quorum queue: dead letters, at least once', () => {
  const SAFE = { ...DEAD, deadLetterStrategy: 'at-least-once', overflow: 'reject-publish' } as const;

  it('holds a dead letter until it is confirmed, and counts it for the length (R-73, R-87)', () => {
    const bench = new Bench('quorum', { ...SAFE, maxLength: 1 })
      .consume('a')
      .publish(1, 2, 3)
      .discard('a', 1, 2);
    expect(bench.node.dead).toEqual([
      { id: 1, reason: 'rejected', position: 0, held: true },
      { id: 2, reason: 'rejected', position: 1, held: true },
    ]);
    expect(bench.queue.info()).toMatchObject({ held: 2, unacknowledged: 1 });
    expect([bench.node.blocks, bench.node.of('dead-lettered')]).toEqual([[true], []]);
    expect(bench.node.of('released')).toMatchObject([{ why: 'rejected', where: 'dead-lettering' }, {}]);
    bench
      .do({ type: 'dead-letter-confirmed', position: 0 })
      .do({ type: 'dead-letter-confirmed', position: 0 });
    bench.do({ type: 'dead-letter-confirmed', position: 1 });
    expect(bench.node.of('dead-lettered')).toMatchObject([
      { position: 0, message: 1, to: 'dlx', reason: 'rejected' },
      { position: 1, message: 2 },
    ]);
    expect([bench.queue.info().held, bench.node.blocks]).toEqual([0, [true, false]]);
  });

  it('has 32 under way at once (R-87)', () => {
    const bench = new Bench('quorum', { ...SAFE, messageTtl: 1000 });
    for (let id = 1; id <= 40; id++) bench.publish(id);
    bench.wait(10);
    expect(bench.node.dead).toHaveLength(32);
    expect(bench.do({ type: 'dead-letter-confirmed', position: 5 }).node.dead.at(-1)).toMatchObject({
      id: 33,
    });
  });

  it('sends again what is under way when it begins to lead (R-87)', () => {
    const bench = new Bench('quorum', SAFE).consume('a').publish(1).discard('a', 1);
    const leader = new Node();
    bench.quorum.lead(7, 0, leader);
    expect(leader.dead).toEqual([{ id: 1, reason: 'rejected', position: 0, held: true }]);
  });

  it('drops what it holds when the strategy changes (R-87)', () => {
    const bench = new Bench('quorum', SAFE).consume('a').publish(1).discard('a', 1);
    bench.do({ type: 'configure', settings: { ...UNLIMITED, ...DEAD } });
    expect(bench.node.of('dropped')).toMatchObject([{ position: 0, message: 1, reason: 'rejected' }]);
    expect(bench.queue.info().held).toBe(0);
  });

  it('stays at-most-once with any other overflow (R-87)', () => {
    const bench = new Bench('quorum', { ...SAFE, overflow: 'drop-head' })
      .consume('a')
      .publish(1)
      .discard('a', 1);
    expect(bench.node.dead).toMatchObject([{ held: false }]);
    expect(bench.node.of('dead-lettered')).toHaveLength(1);
  });
});

describe('quorum queue: a new leader', () => {
  it('says again what only a leader says, and its term (R-56)', () => {
    const limits = { maxLength: 0, overflow: 'reject-publish', messageTtl: 5_000 } as const;
    const bench = new Bench('quorum', limits).publish(1);
    const leader = new Node();
    bench.quorum.lead(3, 1_000, leader);
    expect(leader).toMatchObject({ wake: 5_000, blocks: [true] });
    bench.quorum.apply({ type: 'enqueue', message: message(2), publish: null }, 1_000, leader);
    expect(leader.of('appended')).toMatchObject([{ position: 1, epoch: 3 }]);
  });
});
