// A consumer, whatever its broker does: what it declares and asks for, its work, how it settles, and what becomes of
// what it has when it cancels, ends, or loses its channel.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { consumer } from '../../../../src/brokers/rabbitmq/client-config.ts';
import { ConsumerClient } from '../../../../src/brokers/rabbitmq/clients/consumer.ts';
import { FakeCluster } from './fake-node.ts';

type Settings = v.InferInput<typeof consumer>;

function setUp(settings: Partial<Settings> = {}, nodes = 1) {
  const cluster = new FakeCluster(nodes);
  const client = v.parse(consumer, {
    id: 'c',
    role: 'consumer',
    queues: ['work'],
    processingMs: 10,
    ...settings,
  });
  const { kernel } = cluster;
  const app = cluster.client(
    'c',
    (port) => new ConsumerClient(port, client, cluster.nodes, kernel.random('c work')),
  );
  return { cluster, app };
}

const deliver = (cluster: FakeCluster, keys: readonly (string | null)[], tag = 'c') => {
  for (const key of keys) cluster.node().deliver('c', tag, { key });
};
const settlements = (cluster: FakeCluster) =>
  cluster.of('settled').map(({ outcome, position }) => `${outcome} ${position}`);
const keysOf = (events: readonly { key: string | null }[]) => events.map(({ key }) => key);

describe('what it sets up', () => {
  it('declares, asks for its prefetch (R-41), and consumes each queue, one call after another', () => {
    const { cluster } = setUp({
      queues: ['work', 'more'],
      prefetchCount: 5,
      arguments: { 'x-priority': 2 },
      exclusive: true,
      declares: {
        exchanges: [{ name: 'events', type: 'topic' }],
        queues: [{ name: 'more', exclusive: true }],
        bindings: [{ source: 'events', destination: 'more', routingKey: '#' }],
      },
    });
    cluster.until(100);
    expect(cluster.methods()).toEqual([
      'connection.open',
      'channel.open',
      'exchange.declare',
      'queue.declare',
      'bind',
      'basic.qos',
      'basic.consume',
      'basic.consume',
    ]);
    expect(cluster.frames('queue.declare')[0]).toMatchObject({
      queue: { name: 'more', exclusive: true },
      passive: false,
    });
    expect(cluster.frames('basic.qos')).toMatchObject([{ prefetchCount: 5, prefetchSize: 0, global: false }]);
    expect(cluster.frames('basic.consume')).toMatchObject([
      { queue: 'work', tag: 'c-1', noAck: false, exclusive: true, arguments: { 'x-priority': 2 } },
      { queue: 'more', tag: 'c-2' },
    ]);
    expect(cluster.of('consuming-began')).toMatchObject([
      { client: 'c', group: 'work', place: 'work', tag: 'c-1', prefetch: 5 },
      { client: 'c', group: 'more', place: 'more', tag: 'c-2', prefetch: 5 },
    ]);
  });

  it('R-4: sends no basic.qos where no prefetch is set, and knows no limit', () => {
    const { cluster } = setUp();
    cluster.until(100);
    expect(cluster.methods()).not.toContain('basic.qos');
    expect(cluster.of('consuming-began')).toMatchObject([{ tag: 'c', prefetch: null }]);
  });

  it('R-41: automatic acknowledgement knows no prefetch', () => {
    const { cluster } = setUp({ prefetchCount: 5, autoAck: true });
    cluster.until(100);
    expect(cluster.of('consuming-began')).toMatchObject([{ prefetch: null }]);
    expect(cluster.frames('basic.consume')).toMatchObject([{ noAck: true }]);
  });
});

describe('its work', () => {
  it('has everything delivered at once, and works on one after another in that order', () => {
    const { cluster } = setUp();
    cluster.until(100);
    deliver(cluster, ['a', 'b', 'c']);
    cluster.until(200);
    expect(cluster.of('delivered').map(({ key, at }) => [key, at])).toEqual([
      ['a', 101_000],
      ['b', 101_000],
      ['c', 101_000],
    ]);
    expect(cluster.of('processed').map(({ key, at }) => [key, at])).toEqual([
      ['a', 111_000],
      ['b', 121_000],
      ['c', 131_000],
    ]);
    expect(settlements(cluster)).toEqual(['acked 0', 'acked 1', 'acked 2']);
    expect(cluster.frames('basic.ack')).toMatchObject(
      [1, 2, 3].map((deliveryTag) => ({ deliveryTag, multiple: false })),
    );
  });

  it('tells what the broker told it: the place, its group, the flag, the count, how it came there', () => {
    const { cluster } = setUp();
    cluster.until(100);
    cluster.node().deliver('c', 'c', { id: 7, exchange: 'x', routingKey: 'k' }, { h: 1 }, true);
    cluster.until(102);
    expect(cluster.of('delivered')).toMatchObject([
      {
        group: 'work',
        message: 7,
        place: 'work',
        position: 0,
        redelivered: true,
        deliveryCount: null,
        exchange: 'x',
        routingKey: 'k',
        headers: { h: 1 },
      },
    ]);
  });

  it('takes no time where none is asked for, however much there is', () => {
    const { cluster } = setUp({ processingMs: 0 });
    cluster.until(100);
    const node = cluster.node();
    node.say('c', ...Array.from({ length: 5000 }, () => node.delivery('c')));
    cluster.until(101);
    expect(cluster.of('processed')).toHaveLength(5000);
    expect(cluster.of('sent').filter(({ from, at }) => from === 'c' && at === 101_000)).toHaveLength(1);
  });

  it('takes exponentially distributed times, of the mean that is set', () => {
    const { cluster } = setUp({ processingTimes: 'exponential', processingMs: 10 });
    cluster.until(100);
    const node = cluster.node();
    node.say('c', ...Array.from({ length: 5000 }, () => node.delivery('c')));
    cluster.until(100_000);
    const ends = cluster.of('processed').map(({ at }) => at);
    const gaps = ends.map((at, i) => at - (ends[i - 1] ?? 101_000));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const long = gaps.filter((gap) => gap > mean).length / gaps.length;
    expect(mean).toBeGreaterThan(9_500);
    expect(mean).toBeLessThan(10_500);
    // P(X > mean) = 1/e.
    expect(long).toBeGreaterThan(0.33);
    expect(long).toBeLessThan(0.41);
  });

  it('takes longer where its process is slow', () => {
    const { cluster } = setUp();
    cluster.kernel.setSlowness('c', 3);
    cluster.until(100);
    deliver(cluster, ['a']);
    cluster.until(200);
    expect(cluster.of('processed')).toMatchObject([{ at: 131_000 }]);
  });
});

describe('how it settles', () => {
  it('acknowledges before it works where it is told to', () => {
    const { cluster } = setUp({ ack: 'before' });
    cluster.until(100);
    deliver(cluster, ['a']);
    cluster.until(200);
    expect(
      cluster.events.flatMap(({ kind, at }) =>
        ['delivered', 'settled', 'processed'].includes(kind) ? [[kind, at]] : [],
      ),
    ).toEqual([
      ['delivered', 101_000],
      ['settled', 101_000],
      ['processed', 111_000],
    ]);
  });

  it('R-48: acknowledges every third with all before it, and the last ones when nothing has come for a while', () => {
    const { cluster } = setUp({ ackEvery: 3 });
    cluster.until(100);
    deliver(cluster, ['a', 'b', 'c', 'd', 'e']);
    cluster.until(1000);
    expect(cluster.frames('basic.ack')).toMatchObject([
      { deliveryTag: 3, multiple: true },
      { deliveryTag: 5, multiple: true },
    ]);
    expect(cluster.of('settled').map(({ position, at }) => [position, at])).toEqual([
      [0, 131_000],
      [1, 131_000],
      [2, 131_000],
      [3, 251_000],
      [4, 251_000],
    ]);
  });

  it('settles nothing that is settled already when it is sent (autoAck)', () => {
    const { cluster } = setUp({ autoAck: true, troubles: [{ key: 'bad', outcome: 'reject' }] });
    cluster.until(100);
    deliver(cluster, ['a', 'bad']);
    cluster.until(200);
    expect(cluster.methods().filter((method) => /ack|reject/.test(method))).toEqual([]);
    expect(cluster.of('settled')).toEqual([]);
    expect(keysOf(cluster.of('processed'))).toEqual(['a']);
  });

  it.each([
    ['reject', 'basic.reject', false, 'rejected'],
    ['reject-requeue', 'basic.reject', true, 'rejected'],
    ['nack', 'basic.nack', false, 'nacked'],
    ['nack-requeue', 'basic.nack', true, 'nacked'],
  ] as const)(
    '%s: what it does not process it gives back, as often as it is told to',
    (outcome, method, requeue, word) => {
      const { cluster } = setUp({ troubles: [{ key: 'bad', outcome, times: 2 }] });
      cluster.until(100);
      deliver(cluster, ['bad', 'good', 'bad', 'bad']);
      cluster.until(200);
      expect(cluster.frames(method)).toMatchObject([
        { deliveryTag: 1, requeue },
        { deliveryTag: 3, requeue },
      ]);
      expect(keysOf(cluster.of('processed'))).toEqual(['good', 'bad']);
      expect(settlements(cluster)).toEqual([`${word} 0`, 'acked 1', `${word} 2`, 'acked 3']);
    },
  );

  it('stall: it never answers, and takes nothing more until its channel ends', () => {
    const { cluster } = setUp({ recoveryMs: 1000, troubles: [{ key: 'bad', outcome: 'stall', times: 1 }] });
    cluster.until(100);
    deliver(cluster, ['bad', 'good']);
    cluster.until(10_000);
    expect(cluster.of('processed')).toEqual([]);
    cluster.node().closeChannel('c', 406, 'delivery acknowledgement on channel 1 timed out');
    cluster.until(12_000);
    expect(cluster.of('consuming-ended')).toMatchObject([{ why: 'the server closed its channel' }]);
    expect(cluster.of('consuming-began')).toHaveLength(2);
    deliver(cluster, ['bad', 'good']);
    cluster.until(13_000);
    expect(keysOf(cluster.of('processed'))).toEqual(['bad', 'good']);
  });

  it('crash: the process dies with all it has; what it said before still arrives', () => {
    const { cluster } = setUp({ processingMs: 0, troubles: [{ key: 'bad', outcome: 'crash', times: 1 }] });
    cluster.until(100);
    const node = cluster.node();
    node.say(
      'c',
      node.delivery('c', { key: 'a' }),
      node.delivery('c', { key: 'bad' }),
      node.delivery('c', { key: 'b' }),
    );
    cluster.until(200);
    expect(cluster.of('client-stopped')).toMatchObject([{ client: 'c', reason: 'crashed' }]);
    expect(cluster.kernel.isUp('c')).toBe(false);
    expect(cluster.frames('basic.ack')).toMatchObject([{ deliveryTag: 1 }]);
    // Its next life begins anew; the trouble has struck as often as it was to.
    cluster.kernel.start('c');
    cluster.until(300);
    deliver(cluster, ['bad', 'b']);
    cluster.until(400);
    expect(keysOf(cluster.of('processed'))).toEqual(['a', 'bad', 'b']);
  });

  it('crash after an acknowledgement that came before the work: the message is settled and not processed', () => {
    const { cluster } = setUp({ ack: 'before', troubles: [{ key: null, outcome: 'crash' }] });
    cluster.until(100);
    deliver(cluster, ['a']);
    cluster.until(200);
    expect(settlements(cluster)).toEqual(['acked 0']);
    expect(cluster.frames('basic.ack')).toHaveLength(1);
    expect(cluster.of('processed')).toEqual([]);
  });
});

describe('the end of its channel', () => {
  it('what was answered before the work is not answered again when its channel goes meanwhile', () => {
    const troubles = [{ key: 'bad', outcome: 'reject' as const, times: 1 }];
    const { cluster } = setUp({ ack: 'before', processingMs: 500, recoveryMs: 100, troubles });
    cluster.until(100);
    deliver(cluster, ['a', 'bad', 'b']);
    cluster.until(200);
    cluster.node().closeChannel('c', 406, 'as the test wants');
    cluster.until(3000);
    // The first was acknowledged; of the others, which waited, one is refused and the other done, and nobody can be told.
    expect(keysOf(cluster.of('processed'))).toEqual(['a', 'b']);
    expect(settlements(cluster)).toEqual(['acked 0']);
  });

  it('R-49: what waits is worked off all the same, and nothing is said of it on the new channel', () => {
    const { cluster } = setUp({ processingMs: 5000, recoveryMs: 1000 });
    cluster.until(100);
    deliver(cluster, ['a', 'b']);
    cluster.until(200);
    cluster.kernel.crash('rabbit-1');
    cluster.until(300);
    cluster.kernel.start('rabbit-1');
    cluster.until(4000);
    expect(cluster.of('consuming-ended')).toMatchObject([
      { place: 'work', tag: 'c', why: 'its connection was lost' },
    ]);
    expect(cluster.of('consuming-began')).toHaveLength(2);
    deliver(cluster, ['a', 'b']);
    cluster.until(30_000);
    expect(cluster.of('processed').map(({ key, at }) => `${key} ${at}`)).toEqual([
      'a 5101000',
      'b 10101000',
      'a 15101000',
      'b 20101000',
    ]);
    expect(cluster.frames('basic.ack').map(({ deliveryTag }) => deliveryTag)).toEqual([1, 2]);
    expect(cluster.of('settled').map(({ at }) => at)).toEqual([15_101_000, 20_101_000]);
  });

  it('what waits is bounded, and the bound is said', () => {
    const { cluster } = setUp({ processingMs: 1000 });
    cluster.until(100);
    const node = cluster.node();
    node.say('c', ...Array.from({ length: 100_010 }, () => node.delivery('c')));
    cluster.until(200);
    expect(cluster.of('delivered')).toHaveLength(100_010);
    expect(cluster.of('limit-reached')).toMatchObject([{ limit: 100_000 }]);
  });

  it('recovery sets up again what was there, one call after another: qos, what it declared, its consumers', () => {
    const { cluster } = setUp(
      {
        recoveryMs: 1000,
        prefetchCount: 1,
        queues: ['mine'],
        declares: {
          exchanges: [{ name: 'events', type: 'fanout' }],
          queues: [{ name: 'mine', exclusive: true }],
          bindings: [{ source: 'events', destination: 'mine' }],
        },
      },
      2,
    );
    cluster.until(100);
    cluster.kernel.crash('rabbit-1');
    cluster.until(2000);
    expect(cluster.methods('rabbit-2')).toEqual([
      'connection.open',
      'channel.open',
      'basic.qos',
      'exchange.declare',
      'queue.declare',
      'bind',
      'basic.consume',
    ]);
    expect(cluster.of('consuming-began').map(({ prefetch }) => prefetch)).toEqual([1, 1]);
  });

  it('what was not set up yet when its connection was lost is set up when it is there again', () => {
    const { cluster } = setUp({ recoveryMs: 1000, prefetchCount: 1 });
    cluster.script = ({ method }, _node, from) =>
      method === 'basic.consume' && cluster.asked.length < 6 && from === 'c' ? 'nothing' : undefined;
    cluster.until(100);
    cluster.kernel.crash('rabbit-1');
    cluster.until(200);
    cluster.kernel.start('rabbit-1');
    cluster.until(3000);
    expect(cluster.of('consuming-began')).toHaveLength(1);
    expect(cluster.methods().slice(4)).toEqual([
      'connection.open',
      'channel.open',
      'basic.qos',
      'basic.consume',
    ]);
  });

  it('R-5: after an error of its channel the application sets everything up on another, as often as it takes', () => {
    const { cluster } = setUp({ recoveryMs: 1000 });
    let there = false;
    cluster.script = ({ method }) =>
      method === 'basic.consume' && !there
        ? [{ method: 'channel.close', channel: 1, code: 404, text: "no queue 'work' in vhost '/'" }]
        : undefined;
    cluster.until(2500);
    expect(cluster.of('error')).toHaveLength(3);
    there = true;
    cluster.until(4000);
    expect(cluster.of('consuming-began')).toHaveLength(1);
    expect(cluster.of('connected')).toHaveLength(1);
  });

  it('R-46: a consumer that the server cancels is asked for again after a while', () => {
    const { cluster } = setUp({ recoveryMs: 1000 });
    cluster.until(100);
    cluster.node().say('c', { method: 'basic.cancel', channel: 1, tag: 'c' });
    cluster.until(2000);
    expect(cluster.of('consuming-ended')).toMatchObject([{ why: 'the server cancelled it' }]);
    expect(cluster.of('consuming-began').map(({ at }) => at)).toEqual([5_000 + 1_000, 1_103_000]);
  });

  it.each([1500, 500])(
    'R-46: it is so too when its connection is lost meanwhile, for %i ms',
    (recoveryMs) => {
      const { cluster } = setUp({ recoveryMs });
      cluster.until(100);
      cluster.node().say('c', { method: 'basic.cancel', channel: 1, tag: 'c' });
      cluster.until(120);
      cluster.kernel.crash('rabbit-1');
      cluster.until(200);
      cluster.kernel.start('rabbit-1');
      cluster.until(5000);
      expect(cluster.of('consuming-began')).toHaveLength(2);
      expect(cluster.frames('basic.consume')).toHaveLength(2);
    },
  );

  it('R-58: a stream is read on from the offset after the last that it settled', () => {
    const { cluster } = setUp({
      recoveryMs: 1000,
      prefetchCount: 10,
      arguments: { 'x-stream-offset': 'first' },
    });
    cluster.until(100);
    for (let offset = 0; offset < 3; offset++)
      cluster.node().deliver('c', 'c', {}, { 'x-stream-offset': offset });
    cluster.until(122);
    cluster.kernel.crash('rabbit-1');
    cluster.until(200);
    cluster.kernel.start('rabbit-1');
    cluster.until(2000);
    expect(settlements(cluster)).toEqual(['acked 0', 'acked 1']);
    expect(cluster.of('delivered').map(({ group }) => group)).toEqual([null, null, null]);
    expect(cluster.of('consuming-began').map(({ group }) => group)).toEqual([null, null]);
    expect(cluster.frames('basic.consume').map((frame) => frame.arguments)).toEqual([
      { 'x-stream-offset': 'first' },
      { 'x-stream-offset': 2 },
    ]);
  });
});

describe('its own end', () => {
  it('a cancelled consumer keeps its channel and goes on with what it has', () => {
    const { cluster, app } = setUp();
    cluster.until(100);
    deliver(cluster, ['a', 'b']);
    cluster.until(105);
    expect(app.cancel()).toBeNull();
    cluster.until(300);
    expect(cluster.of('consuming-ended')).toMatchObject([{ tag: 'c', why: 'the application cancelled it' }]);
    expect(settlements(cluster)).toEqual(['acked 0', 'acked 1']);
    expect(app.cancel()).toBe('c has cancelled already');
    cluster.kernel.crash('rabbit-1');
    cluster.until(400);
    cluster.kernel.start('rabbit-1');
    cluster.until(10_000);
    expect(cluster.of('connected')).toHaveLength(2);
    expect(cluster.of('consuming-began')).toHaveLength(1);
  });

  it('cannot cancel what it does not do', () => {
    const { cluster, app } = setUp();
    cluster.until(1);
    expect(app.cancel()).toBe('c consumes nothing now');
  });

  it('closes when it is done with the message it works on; what waits is the broker’s again', () => {
    const { cluster, app } = setUp({ ackEvery: 5 });
    cluster.until(100);
    deliver(cluster, ['a', 'b', 'c']);
    cluster.until(115);
    app.close();
    cluster.until(300);
    expect(keysOf(cluster.of('processed'))).toEqual(['a', 'b']);
    expect(settlements(cluster)).toEqual(['acked 0', 'acked 1']);
    expect(cluster.methods().slice(-2)).toEqual(['basic.ack', 'connection.close']);
    expect(cluster.of('consuming-ended')).toMatchObject([{ why: 'its connection was closed' }]);
    expect(cluster.of('client-stopped')).toMatchObject([{ reason: 'closed' }]);
  });

  it('closes at once where it has nothing to do, or works on what never ends', () => {
    const { cluster, app } = setUp({ troubles: [{ key: 'bad', outcome: 'stall' }] });
    cluster.until(100);
    deliver(cluster, ['bad']);
    cluster.until(200);
    app.close();
    cluster.until(300);
    expect(cluster.kernel.isUp('c')).toBe(false);
  });

  it('closes though its node does not answer', () => {
    const { cluster, app } = setUp();
    cluster.until(100);
    cluster.kernel.cut('c', 'rabbit-1');
    app.close();
    cluster.until(20_000);
    expect(cluster.kernel.isUp('c')).toBe(false);
  });
});
