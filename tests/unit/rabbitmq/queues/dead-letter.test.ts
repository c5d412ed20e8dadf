import { describe, expect, it } from 'vitest';
import type { Table } from '../../../../src/brokers/rabbitmq/config.ts';
import type { DeathReason, Message } from '../../../../src/brokers/rabbitmq/message.ts';
import {
  deadLetter,
  dropCycles,
  visibleHeaders,
} from '../../../../src/brokers/rabbitmq/queues/dead-letter.ts';
import { Bench, message, type QueueType } from './harness.ts';

const SECOND = 1_000_000;

function die(
  from: Message,
  queue: string,
  reason: DeathReason,
  {
    key = null,
    seconds = 0,
    version = '4.3',
  }: { key?: string | null; seconds?: number; version?: '3.10' | '4.3' } = {},
): Message {
  const limits = { deadLetterExchange: 'dlx', deadLetterRoutingKey: key };
  return deadLetter(from, limits, queue, reason, seconds * SECOND, version);
}

/** Queue, reason and count of each entry, latest first. */
function history({ deaths }: Message): string[] {
  return deaths.map(({ queue, reason, count }) => `${queue} ${reason} ${count}`);
}

describe('a dead letter', () => {
  /** Rejected at its second delivery: the first came back as a failed one where `why` is reject. */
  const letter = (type: QueueType, why: 'reject' | 'nack', version: '4.2' | '4.3' = '4.3'): Message => {
    const bench = new Bench(type, { deadLetterExchange: 'dlx', deliveryLimit: 20 }, { version });
    bench.publish(1).get();
    bench.requeue('get', why, 1).get();
    bench.discard('get', 1);
    return deadLetter(
      bench.node.letters[0]!,
      { deadLetterExchange: 'dlx', deadLetterRoutingKey: null },
      'q',
      'rejected',
      0,
      version,
    );
  };

  it.each(['classic', 'quorum'] as const)(
    'of a %s queue has its failed deliveries with it in 4.3: the next queue gives it out as redelivered (R-52)',
    (type) => {
      expect(letter(type, 'reject').failures).toBe(2);
      expect(letter(type, 'nack').failures).toBe(1);
      expect(letter(type, 'reject', '4.2').failures).toBe(0);
      for (const next of ['classic', 'quorum'] as const) {
        const bench = new Bench(next).publish(letter(type, 'reject'));
        expect(bench.get()).toMatchObject({ redelivered: true, count: next === 'quorum' ? 2 : null });
      }
      expect(
        new Bench('classic', {}, { version: '4.2' }).publish(letter(type, 'reject', '4.2')).get(),
      ).toMatchObject({ redelivered: false });
    },
  );

  it('is flagged by a classic queue in which it waits, and not by one that hands it over at once (R-39, R-52)', () => {
    const waits = new Bench('classic').publish(letter('classic', 'reject')).consume('c');
    expect(waits.node.to('c')).toEqual(['1*']);
    const idle = new Bench('classic').consume('c').publish(letter('classic', 'reject'));
    expect(idle.node.to('c')).toEqual(['1']);
    expect(idle.requeue('c', 'nack', 1).node.to('c')).toEqual(['1', '1*']);
  });

  it('has its failures counted by the limit of the next queue (R-52, R-61)', () => {
    const bench = new Bench('quorum', { deadLetterExchange: 'dlx', deliveryLimit: 2 }).publish(
      letter('quorum', 'reject'),
    );
    expect(bench.get()?.headers).toEqual({ 'x-acquired-count': 2, 'x-delivery-count': 2 });
    bench.requeue('get', 'nack', 1);
    expect(bench.get()?.headers).toEqual({ 'x-acquired-count': 1, 'x-delivery-count': 2 });
    bench.requeue('get', 'reject', 1);
    expect(bench.node.dead).toMatchObject([{ reason: 'delivery_limit' }]);
  });

  it('whose time was over was given to nobody, and has none (R-52)', () => {
    const bench = new Bench('classic', { deadLetterExchange: 'dlx', messageTtl: 100 });
    expect(bench.publish(1).wait(200).node.letters[0]?.failures).toBe(0);
  });

  it('goes by its own key and is recorded (R-81 to R-83, J-12)', () => {
    const before = message(1, {
      exchange: 'src',
      routingKey: 'rk1',
      expiration: '60000',
      headers: { mine: 1 },
    });
    const dead = die(before, 'd1', 'rejected', { seconds: 12.9 });
    expect(dead).toMatchObject({ exchange: 'dlx', routingKey: 'rk1', expiration: null, id: 1, bytes: 10 });
    const death = { queue: 'd1', reason: 'rejected', exchange: 'src' };
    expect(visibleHeaders(dead, '4.3')).toEqual({
      mine: 1,
      'x-death': [{ ...death, count: 1, time: 12, 'routing-keys': ['rk1'], 'original-expiration': '60000' }],
      'x-first-death-queue': 'd1',
      'x-first-death-reason': 'rejected',
      'x-first-death-exchange': 'src',
      'x-last-death-queue': 'd1',
      'x-last-death-reason': 'rejected',
      'x-last-death-exchange': 'src',
    });
    expect(before.deaths).toEqual([]);
  });

  it('goes by the dead-letter key, without its other keys (R-81, R-82, J-12)', () => {
    const before = message(1, {
      routingKey: 'rk2',
      cc: ['cc1'],
      bcc: ['b1'],
      headers: { CC: ['cc1'], a: 1 },
    });
    const dead = die(before, 'q', 'expired', { key: 'newrk', version: '3.10' });
    expect(dead).toMatchObject({ routingKey: 'newrk', cc: [], bcc: [] });
    expect(dead.headers).toEqual({ a: 1 });
    expect(dead.deaths[0]?.routingKeys).toEqual(['rk2', 'cc1']);
    expect(dead.deaths[0]).not.toHaveProperty('originalExpiration');
    for (const version of ['3.10', '4.3'] as const) {
      const kept = die(before, 'q', 'expired', { version });
      expect(kept).toMatchObject({ cc: ['cc1'], bcc: ['b1'], headers: { CC: ['cc1'], a: 1 } });
    }
  });

  it('keeps the header of its other keys from 3.13 on, though they count no more (R-82)', () => {
    const dead = die(message(1, { cc: ['cc1'], headers: { CC: ['cc1'] } }), 'q', 'expired', { key: 'newrk' });
    expect(dead).toMatchObject({ routingKey: 'newrk', cc: [], headers: { CC: ['cc1'] } });
  });

  it.each([
    ['3.10', ['d', 'b', 'a', 'c']],
    ['4.3', ['d', 'c', 'b', 'a']],
  ] as const)(
    'puts the latest first, and 3.10 turns the others round each time (R-83, %s)',
    (version, order) => {
      let dead = message(1);
      for (const queue of ['a', 'b', 'c', 'd']) dead = die(dead, queue, 'rejected', { version });
      expect(dead.deaths.map(({ queue }) => queue)).toEqual(order);
    },
  );

  it('has one entry for a queue and a reason, the latest first, the first time kept (R-83, J-12)', () => {
    let dead = message(1, { exchange: 'src' });
    for (let n = 1; n <= 3; n++) {
      dead = die(dead, 'work', 'rejected', { seconds: 2 * n });
      dead = die(dead, 'retry', 'expired', { seconds: 2 * n + 1 });
      expect(history(dead)).toEqual([`retry expired ${n}`, `work rejected ${n}`]);
    }
    expect(dead.deaths.map((death) => [death.time / SECOND, death.exchange])).toEqual([
      [3, 'dlx'],
      [2, 'src'],
    ]);
    expect(dead.firstDeath).toEqual({ queue: 'work', reason: 'rejected', exchange: 'src' });
    expect(dead.lastDeath).toEqual({ queue: 'retry', reason: 'expired', exchange: 'dlx' });
  });

  it('tells of the last death from 4.0 on (R-84)', () => {
    const dead = die(message(1), 'q', 'maxlen', { version: '3.10' });
    expect(Object.keys(visibleHeaders(dead, '3.10'))).toEqual([
      'x-death',
      'x-first-death-queue',
      'x-first-death-reason',
      'x-first-death-exchange',
    ]);
  });

  it('tells of what the queue adds, and of nothing where nothing happened', () => {
    expect(visibleHeaders(message(1, { headers: { a: 1 } }), '4.3', { 'x-delivery-count': 2 })).toEqual({
      a: 1,
      'x-delivery-count': 2,
    });
    expect(visibleHeaders(die(message(1), 'q', 'maxlen'), '4.3', { 'x-stream-offset': 5 })).toMatchObject({
      'x-stream-offset': 5,
    });
  });
});

describe('a history that a client has published (R-85)', () => {
  const entry: Table = {
    queue: 'work',
    reason: 'rejected',
    count: 4,
    time: 7,
    exchange: 'src',
    'routing-keys': ['k'],
  };

  it('is taken for one in 3.10', () => {
    const from = message(1, {
      headers: { 'x-death': [entry, { queue: 3 }, 'nonsense', { queue: 'a' }] },
    });
    const dead = die(from, 'work', 'rejected', { version: '3.10' });
    expect(history(dead)).toEqual(['work rejected 5']);
    expect(dead.deaths[0]).toMatchObject({ time: 7 * SECOND, routingKeys: ['k'], exchange: 'src' });
    expect(dead.firstDeath).toBeNull();
    expect(history(die(from, 'other', 'expired', { version: '3.10' }))).toEqual([
      'other expired 1',
      'work rejected 4',
    ]);
    expect(
      history(die(die(from, 'q', 'expired', { version: '3.10' }), 'q', 'expired', { version: '3.10' })),
    ).toEqual(['q expired 2', 'work rejected 4']);
  });

  it('is reset in 3.10 where it is no array, and fills in what is missing', () => {
    const broken = message(1, { headers: { 'x-death': 'a string' } });
    expect(history(die(broken, 'q', 'expired', { version: '3.10' }))).toEqual(['q expired 1']);
    const sparse = message(1, {
      headers: { 'x-death': [{ queue: 'q', reason: 'expired', 'original-expiration': '9' }] },
    });
    const dead = die(sparse, 'r', 'maxlen', { version: '3.10' });
    expect(dead.deaths[1]).toEqual({
      queue: 'q',
      reason: 'expired',
      count: 1,
      time: 0,
      exchange: '',
      routingKeys: [],
      originalExpiration: '9',
    });
  });

  it('is no history from 4.0 on', () => {
    const dead = die(message(1, { headers: { 'x-death': [entry] } }), 'work', 'rejected');
    expect(history(dead)).toEqual(['work rejected 1']);
    expect(dead.firstDeath).toMatchObject({ queue: 'work' });
    expect(visibleHeaders(dead, '4.3')['x-death']).toHaveLength(1);
  });
});

describe('dead-letter cycles (R-86, J-12)', () => {
  it('leaves out a queue that the message would come back to by itself', () => {
    const once = die(message(1), 'a', 'expired');
    expect(dropCycles(['b'], once, 'expired')).toEqual(['b']);
    const twice = die(once, 'b', 'expired');
    expect(dropCycles(['a', 'c'], twice, 'expired')).toEqual(['c']);
    expect(dropCycles(['a'], die(message(1), 'a', 'expired'), 'expired')).toEqual([]);
  });

  it('lets a client reject a message round for ever', () => {
    let dead = message(1);
    for (let n = 1; n <= 3; n++) {
      dead = die(dead, 'a', 'rejected');
      expect(dropCycles(['a'], dead, 'rejected')).toEqual(['a']);
      expect(history(dead)).toEqual([`a rejected ${n}`]);
    }
  });

  it('lets a cycle go on that a rejection is part of', () => {
    const dead = die(die(message(1), 'work', 'rejected'), 'retry', 'expired');
    expect(dropCycles(['work'], dead, 'expired')).toEqual(['work']);
    const later = die(die(dead, 'b', 'maxlen'), 'retry', 'expired');
    expect(dropCycles(['b', 'retry', 'work'], later, 'expired')).toEqual(['work']);
  });
});
