import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../../../src/brokers/rabbitmq/amqp-error.ts';
import { Bench } from './harness.ts';

/** What a call is refused with. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof AmqpError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'not refused';
}

for (const type of ['classic', 'quorum'] as const) {
  describe(`${type} queue: who is given what`, () => {
    it('gives idle consumers one message each, in turn (R-37, J-5)', () => {
      const { node } = new Bench(type)
        .consume('a')
        .consume('b')
        .consume('c')
        .publish(1, 2, 3, 4, 5, 6, 7, 8, 9);
      expect([node.to('a'), node.to('b'), node.to('c')]).toEqual([
        ['1', '4', '7'],
        ['2', '5', '8'],
        ['3', '6', '9'],
      ]);
    });

    it('gives no consumer more than its prefetch (R-37, R-41, J-5)', () => {
      const bench = new Bench(type);
      for (const tag of ['a', 'b', 'c']) bench.consume(tag, { prefetch: 1 });
      bench.publish(1, 2, 3, 4, 5, 6, 7, 8, 9);
      expect([bench.node.to('a'), bench.node.to('b'), bench.node.to('c')]).toEqual([['1'], ['2'], ['3']]);
      expect(bench.queue.info()).toMatchObject({ ready: 6, unacknowledged: 3, readyBytes: 60 });
    });

    it('gives a backlog to the first consumer that comes (R-38, J-5)', () => {
      const { node } = new Bench(type).publish(1, 2, 3, 4, 5, 6).consume('a').consume('b');
      expect([node.to('a').length, node.to('b').length]).toEqual([6, 0]);
    });

    it('shares a backlog by prefetch (R-41, J-5)', () => {
      const bench = new Bench(type).publish(1, 2, 3, 4, 5, 6);
      bench.consume('a', { prefetch: 2 }).consume('b', { prefetch: 2 });
      expect([bench.node.to('a'), bench.node.to('b')]).toEqual([
        ['1', '2'],
        ['3', '4'],
      ]);
      expect(bench.queue.info().ready).toBe(2);
    });

    it('gives a consumer of a higher priority everything that it can take (R-40, J-5)', () => {
      const bench = new Bench(type);
      bench
        .consume('a')
        .consume('b', { priority: 10 })
        .consume('c', { priority: 5 })
        .publish(1, 2, 3, 4, 5, 6);
      expect([bench.node.to('a').length, bench.node.to('b').length, bench.node.to('c').length]).toEqual([
        0, 6, 0,
      ]);
    });

    it('turns to the next priority when the higher one is busy, and back (R-40)', () => {
      const bench = new Bench(type).consume('low', { priority: -1 }).consume('high', { prefetch: 1 });
      bench.publish(1, 2).ack('high', 1).publish(3);
      expect([bench.node.to('high'), bench.node.to('low')]).toEqual([['1', '3'], ['2']]);
    });

    it('puts a consumer that was passed over, and has room again, behind the others (R-37, obs-3.10.8)', () => {
      const bench = new Bench(type).consume('a', { prefetch: 1 }).consume('b', { prefetch: 3 });
      bench.publish(1, 2, 3).ack('a', 1).publish(4, 5);
      expect([bench.node.to('a'), bench.node.to('b')]).toEqual([
        ['1', '5'],
        ['2', '3', '4'],
      ]);
    });

    it('keeps nothing of what it gives a consumer that does not acknowledge, whatever its prefetch (R-41)', () => {
      const bench = new Bench(type).consume('a', { noAck: true, prefetch: 1 }).publish(1, 2, 3);
      expect(bench.node.to('a')).toEqual(['1', '2', '3']);
      expect(bench.queue.info()).toMatchObject({ ready: 0, unacknowledged: 0 });
      expect(bench.node.of('removed').map((event) => event.message)).toEqual([1, 2, 3]);
      expect(bench.node.of('acquired')).toEqual([]);
    });

    it('has one active consumer where that is asked for, and the next when it goes (R-45, J-5)', () => {
      const bench = new Bench(type, { singleActiveConsumer: true }).consume('a').consume('b');
      bench.publish(0, 1, 2);
      expect(bench.queue.info().consumers.map((one) => one.active)).toEqual([true, false]);
      bench.cancel('a').publish(3);
      expect(bench.node.to('b')).toEqual(['3']);
      bench.down('a');
      expect([bench.node.to('a'), bench.node.to('b')]).toEqual([
        ['0', '1', '2'],
        ['3', '0*', '1*', '2*'],
      ]);
    });

    it('chooses the next single active consumer by priority, then by age (R-45)', () => {
      const bench = new Bench(type, { singleActiveConsumer: true }).consume('a', { priority: 9 });
      bench.consume('b').consume('c', { priority: 5 }).consume('d', { priority: 5 });
      bench.cancel('a').publish(1).cancel('c').publish(2);
      expect([bench.node.to('c'), bench.node.to('d')]).toEqual([['1'], ['2']]);
    });

    it('leaves with its channel what a cancelled consumer has not settled (R-45)', () => {
      const bench = new Bench(type).consume('a').publish(1, 2).cancel('a');
      expect(bench.queue.info()).toMatchObject({ unacknowledged: 2, consumers: [] });
      bench.ack('a', 1).consume('b').down('a');
      expect(bench.node.to('b')).toEqual(['2*']);
    });

    it('takes no notice of what a channel does not have (R-48)', () => {
      const bench = new Bench(type).consume('a', { prefetch: 1 }).publish(1, 2).ack('b', 1).ack('a', 2);
      expect(bench.queue.info()).toMatchObject({ ready: 1, unacknowledged: 1 });
      expect(bench.node.of('removed')).toEqual([]);
    });

    it('answers a get with the head and how many are left, or with nothing (R-36, J-7)', () => {
      const bench = new Bench(type).publish(1, 2);
      expect(bench.get()).toMatchObject({ id: 1, redelivered: false });
      expect(bench.get(true)).toMatchObject({ id: 2 });
      expect(bench.get()).toBeNull();
      expect(bench.node.left).toEqual([1, 0, 0]);
      expect(bench.node.of('removed')).toMatchObject([{ message: 2, why: 'got' }]);
      expect(bench.queue.info().unacknowledged).toBe(1);
    });

    it('gives back what a get took when its channel ends (R-49)', () => {
      const bench = new Bench(type).publish(1);
      bench.get();
      expect(bench.down('get').get()).toMatchObject({ id: 1, redelivered: true });
    });

    it('purges what is ready and nothing that is given out (R-80)', () => {
      const bench = new Bench(type, { deadLetterExchange: 'dlx' })
        .consume('a', { prefetch: 1 })
        .publish(1, 2, 3);
      bench.do({ type: 'purge', channel: 'c' });
      expect(bench.node.purges).toEqual([2]);
      expect(bench.node.of('dropped').map(({ message, reason }) => [message, reason])).toEqual([
        [2, 'purged'],
        [3, 'purged'],
      ]);
      expect(bench.node.dead).toEqual([]);
      bench.ack('a', 1);
      expect(bench.queue.info()).toMatchObject({ ready: 0, unacknowledged: 0, readyBytes: 0 });
    });

    it('is deleted with all that it holds, and dead-letters none of it (R-9, R-80)', () => {
      const bench = new Bench(type, { deadLetterExchange: 'dlx' })
        .consume('a', { prefetch: 1 })
        .publish(1, 2);
      bench.do({ type: 'delete' });
      expect(bench.node.of('dropped').map(({ message, reason }) => [message, reason])).toEqual([
        [2, 'deleted'],
        [1, 'deleted'],
      ]);
      expect(bench.node.dead).toEqual([]);
    });

    it('numbers what it keeps from 0, and what becomes of each is in the trace', () => {
      const bench = new Bench(type).consume('a').publish(7, 8).requeue('a', 'nack', 7).ack('a', 8);
      expect(bench.node.of('appended')).toMatchObject([
        { node: 'rabbit-1', place: 'q', position: 0, message: 7, epoch: 0 },
        { place: 'q', position: 1, message: 8 },
      ]);
      expect(bench.node.of('acquired')).toMatchObject([
        { group: 'q', client: 'client of a', position: 0, deliveryCount: 1, until: null },
        { position: 1, deliveryCount: 1 },
        { position: 0, deliveryCount: 2 },
      ]);
      expect(bench.node.of('removed')).toMatchObject([{ position: 1, message: 8, why: 'acknowledged' }]);
    });
  });
}

describe('classic queue: consumers', () => {
  it('passes a consumer over only when its turn comes: until then it keeps its place (R-37, obs-3.10.8)', () => {
    const bench = new Bench('classic').consume('a', { prefetch: 1 }).consume('b', { prefetch: 2 });
    bench.publish(1, 2).ack('a', 1).publish(3, 4);
    expect([bench.node.to('a'), bench.node.to('b')]).toEqual([
      ['1', '3'],
      ['2', '4'],
    ]);
  });

  it('asks the channel for its own limit, and goes on when it has room (R-37, R-41)', () => {
    const bench = new Bench('classic').consume('a').consume('b');
    bench.node.full.add('channel of a');
    bench.publish(1, 2);
    expect([bench.node.to('a'), bench.node.to('b')]).toEqual([[], ['1', '2']]);
    bench.node.full.add('channel of b');
    bench.publish(3);
    bench.node.full.clear();
    bench.do({ type: 'resume', channel: 'channel of a' });
    expect([bench.node.to('a'), bench.node.to('b')]).toEqual([['3'], ['1', '2']]);
  });

  it('does not resume a consumer whose own prefetch is used (R-41)', () => {
    const bench = new Bench('classic').consume('a', { prefetch: 1 }).publish(1, 2);
    bench.do({ type: 'resume', channel: 'channel of a' });
    expect(bench.node.to('a')).toEqual(['1']);
  });

  it('lets an exclusive consumer in only alone, and others only when it has gone (R-44)', () => {
    const text = "403 ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use";
    const bench = new Bench('classic').consume('a');
    expect(refusal(() => bench.consume('b', { exclusive: true }))).toBe(text);
    bench.cancel('a').consume('b', { exclusive: true });
    expect(refusal(() => bench.consume('c'))).toBe(text);
    bench.down('b').consume('c').publish(1);
    expect(bench.node.to('c')).toEqual(['1']);
    expect(bench.queue.info().consumers.map((one) => one.tag)).toEqual(['c']);
  });

  it('takes no exclusive consumer where one is active (R-45)', () => {
    const bench = new Bench('classic', { singleActiveConsumer: true });
    expect(refusal(() => bench.consume('a', { exclusive: true }))).toMatch(/^403 /);
  });

  it('gives the next active consumer the backlog at once, in 3.10 with the next event (R-45, obs-3.10.8)', () => {
    const next = (version: '3.10' | '4.2') => {
      const bench = new Bench('classic', { singleActiveConsumer: true }, { version }).consume('a', {
        prefetch: 1,
      });
      return bench.consume('b').publish(1, 2).cancel('a');
    };
    expect(next('4.2').node.to('b')).toEqual(['2']);
    expect(next('3.10').node.to('b')).toEqual([]);
    expect(next('3.10').publish(3).node.to('b')).toEqual(['2', '3']);
  });

  it('answers a get though one consumer is active (R-45)', () => {
    expect(new Bench('classic', { singleActiveConsumer: true }).publish(1).get()).toMatchObject({ id: 1 });
  });

  it('keeps the active consumer though one of a higher priority comes (R-45)', () => {
    const bench = new Bench('classic', { singleActiveConsumer: true })
      .consume('a')
      .consume('b', { priority: 9 });
    bench.publish(1);
    expect([bench.node.to('a'), bench.node.to('b')]).toEqual([['1'], []]);
  });
});

describe('quorum queue: consumers', () => {
  it('lets only those take turns who have credit (R-37, obs-3.10.8)', () => {
    const bench = new Bench('quorum').consume('a', { prefetch: 1 }).consume('b', { prefetch: 2 });
    bench.publish(1, 2).ack('a', 1).publish(3, 4);
    expect([bench.node.to('a'), bench.node.to('b')]).toEqual([
      ['1', '4'],
      ['2', '3'],
    ]);
  });

  it('gives a consumer without a prefetch 2000 messages at most (R-43)', () => {
    const bench = new Bench('quorum').consume('a');
    for (let id = 1; id <= 2001; id++) bench.publish(id);
    expect(bench.node.to('a')).toHaveLength(2000);
    bench.ack('a', 1);
    expect(bench.node.to('a')).toHaveLength(2001);
  });

  it('takes whoever comes beside an exclusive consumer (R-44)', () => {
    const bench = new Bench('quorum').consume('a', { exclusive: true }).consume('b').publish(1, 2);
    expect([bench.node.to('a'), bench.node.to('b')]).toEqual([['1'], ['2']]);
  });

  it('asks no channel for room: its replicas must all come to the same (R-42)', () => {
    const bench = new Bench('quorum').consume('a');
    bench.node.full.add('channel of a');
    expect(bench.publish(1).node.to('a')).toEqual(['1']);
  });

  it.each([
    ['3.10', 'quorum'],
    ['4.2', '<<"quorum">>'],
    ['4.3', '<<"quorum">>'],
  ] as const)('refuses a get with a single active consumer (R-45, %s)', (version, type) => {
    const bench = new Bench('quorum', { singleActiveConsumer: true }, { version }).publish(1);
    expect(refusal(() => bench.get())).toBe(
      "405 RESOURCE_LOCKED - cannot obtain access to locked queue 'q' in vhost '/'. basic.get operations are not " +
        `supported by ${type} queues with single active consumer`,
    );
  });

  it('hands over to a consumer of a higher priority once the active one has settled all (R-45)', () => {
    const bench = new Bench('quorum', { singleActiveConsumer: true }).consume('a').publish(1);
    bench.consume('b', { priority: 1 }).publish(2);
    expect([bench.node.to('a'), bench.node.to('b')]).toEqual([['1'], []]);
    bench.ack('a', 1);
    expect([bench.node.to('a'), bench.node.to('b')]).toEqual([['1'], ['2']]);
    bench.cancel('b').publish(3);
    expect(bench.node.to('a')).toEqual(['1', '3']);
  });

  it('hands over at once when the active one has nothing to settle (R-45)', () => {
    const bench = new Bench('quorum', { singleActiveConsumer: true })
      .consume('a')
      .consume('b', { priority: 1 });
    expect(bench.publish(1).node.to('b')).toEqual(['1']);
  });

  it('knows no priority among waiting consumers in 3.10 (R-45)', () => {
    const bench = new Bench('quorum', { singleActiveConsumer: true }, { version: '3.10' }).consume('a');
    bench.consume('b').consume('c', { priority: 9 }).publish(1).cancel('a').publish(2);
    expect([bench.node.to('a'), bench.node.to('b'), bench.node.to('c')]).toEqual([['1'], ['2'], []]);
  });

  it('counts against a consumer what one of its tag has yet to settle (R-41)', () => {
    const bench = new Bench('quorum').consume('a', { prefetch: 2 }).publish(1).cancel('a');
    bench.consume('a', { prefetch: 2 }).publish(2, 3);
    expect(bench.node.to('a')).toEqual(['1', '2']);
    expect(bench.ack('a', 1).node.to('a')).toEqual(['1', '2', '3']);
  });

  it('can say again what a consumer was given and has not settled', () => {
    const bench = new Bench('quorum').consume('a').publish(1, 2, 3).ack('a', 2);
    expect(bench.quorum.owedTo('channel of a', 'a').map((one) => one.message.id)).toEqual([1, 3]);
  });
});
