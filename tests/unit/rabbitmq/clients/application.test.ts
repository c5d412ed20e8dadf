// An application's calls, in order: what they send, what they tell, and how it goes on after errors.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { application } from '../../../../src/brokers/rabbitmq/client-config.ts';
import { ApplicationClient } from '../../../../src/brokers/rabbitmq/clients/application.ts';
import type { ServerFrame } from '../../../../src/brokers/rabbitmq/protocol.ts';
import { FakeCluster, messageOf, type FakeNode } from './fake-node.ts';

type Settings = v.InferInput<typeof application>;

function setUp(calls: Settings['calls'], settings: Partial<Settings> = {}) {
  const cluster = new FakeCluster();
  const client = v.parse(application, { id: 'a', role: 'application', calls, ...settings });
  const app = cluster.client('a', (port) => new ApplicationClient(port, client, { next: 1 }, cluster.nodes));
  return { cluster, app };
}

const get = (queue = 'work') => ({ do: { call: 'basic.get', queue } }) as const;
const publish = (more: object = {}) =>
  ({ do: { call: 'basic.publish', routingKey: 'work', ...more } }) as const;
const ack = (tag: number, multiple = false) => ({ do: { call: 'basic.ack', tag, multiple } }) as const;

/** A node whose queue has something whenever it is asked. */
function full(tag: { next: number }): (node: FakeNode) => ServerFrame[] {
  return () => {
    const deliveryTag = tag.next++;
    const position = deliveryTag - 1;
    const message = messageOf({ id: position });
    const delivery = {
      deliveryTag,
      redelivered: false,
      message,
      headers: {},
      place: 'work',
      position,
      deliveryCount: null,
    };
    return [{ method: 'basic.get-ok', channel: 1, delivery, messages: 0 }];
  };
}

describe('its calls', () => {
  it('are made in order, each when the one before was answered', () => {
    const { cluster } = setUp([
      { do: { call: 'exchange.declare', exchange: { name: 'x', type: 'direct' } } },
      { do: { call: 'queue.declare', queue: { name: 'work' } } },
      { do: { call: 'bind', binding: { source: 'x', destination: 'work', routingKey: 'k' } } },
      { do: { call: 'basic.qos', prefetchCount: 3 } },
      { do: { call: 'basic.consume', queue: 'work', tag: 't' } },
      { do: { call: 'basic.cancel', tag: 't' } },
      { do: { call: 'unbind', binding: { source: 'x', destination: 'work', routingKey: 'k' } } },
      { do: { call: 'queue.purge', name: 'work' } },
      { do: { call: 'queue.delete', name: 'work', ifEmpty: true } },
      { do: { call: 'exchange.delete', name: 'x', ifUnused: true } },
    ]);
    cluster.until(100);
    expect(cluster.methods()).toEqual([
      'connection.open',
      'channel.open',
      'exchange.declare',
      'queue.declare',
      'bind',
      'basic.qos',
      'basic.consume',
      'basic.cancel',
      'unbind',
      'queue.purge',
      'queue.delete',
      'exchange.delete',
    ]);
    expect(cluster.asked.map(({ atMs }) => atMs)).toEqual(cluster.asked.map((_, i) => 1 + 2 * i));
    expect(cluster.frames('queue.delete')).toMatchObject([{ ifUnused: false, ifEmpty: true }]);
    expect(cluster.of('consuming-began')).toMatchObject([{ place: 'work', tag: 't', prefetch: 3 }]);
    expect(cluster.of('consuming-ended')).toMatchObject([{ tag: 't', why: 'the application cancelled it' }]);
  });

  it('are not made before their time', () => {
    const { cluster } = setUp([publish(), { atMs: 500, ...publish() }, publish()]);
    cluster.until(1000);
    expect(cluster.of('published').map(({ at }) => at)).toEqual([4_000, 500_000, 500_000]);
  });

  it('publish with all that a message has', () => {
    const { cluster } = setUp([
      publish({
        exchange: 'x',
        mandatory: true,
        immediate: true,
        key: 'k',
        bytes: 7,
        deliveryMode: 1,
        priority: 3,
        expiration: '5',
        headers: { h: 1 },
        userId: 'bob',
      }),
    ]);
    cluster.until(100);
    expect(cluster.frames('basic.publish')).toMatchObject([
      {
        exchange: 'x',
        routingKey: 'work',
        mandatory: true,
        immediate: true,
        content: {
          key: 'k',
          bytes: 7,
          persistent: false,
          priority: 3,
          expiration: '5',
          headers: { h: 1 },
          userId: 'bob',
        },
      },
    ]);
    expect(cluster.of('published')).toMatchObject([
      { message: 1, to: 'x', routingKey: 'work', headers: { h: 1 } },
    ]);
  });

  it('R-36: get one message or learn that there is none; settle by tag, one or many (R-48)', () => {
    const { cluster } = setUp([
      get(),
      get(),
      get(),
      get(),
      { do: { call: 'basic.reject', tag: 2, requeue: false } },
      ack(3, true),
      { do: { call: 'basic.nack', tag: 0, multiple: true } },
      ack(99),
      { do: { call: 'basic.get', queue: 'empty' } },
    ]);
    const answer = full({ next: 1 });
    cluster.script = (frame, node) =>
      frame.method === 'basic.get' && frame.queue === 'work' ? answer(node) : undefined;
    cluster.until(100);
    expect(cluster.of('delivered').map(({ position }) => position)).toEqual([0, 1, 2, 3]);
    expect(cluster.of('settled').map(({ outcome, position }) => `${outcome} ${position}`)).toEqual([
      'rejected 1',
      'acked 0',
      'acked 2',
      'nacked 3',
    ]);
    expect(cluster.of('nothing-there')).toMatchObject([{ client: 'a', place: 'empty' }]);
  });

  it('with automatic acknowledgement there is nothing to settle', () => {
    const { cluster } = setUp([{ do: { call: 'basic.get', queue: 'work', noAck: true } }, ack(0, true)]);
    const answer = full({ next: 1 });
    cluster.script = (frame, node) => (frame.method === 'basic.get' ? answer(node) : undefined);
    cluster.until(100);
    expect(cluster.of('delivered')).toHaveLength(1);
    expect(cluster.of('settled')).toEqual([]);
  });

  it('R-29: confirms and returns come when they come', () => {
    const { cluster } = setUp([
      { do: { call: 'confirm.select' } },
      publish(),
      publish(),
      publish({ mandatory: true }),
    ]);
    cluster.until(100);
    cluster
      .node()
      .say(
        'a',
        { method: 'basic.nack', channel: 1, deliveryTag: 2, multiple: false },
        { method: 'basic.return', channel: 1, code: 312, text: 'NO_ROUTE', message: messageOf({ id: 3 }) },
        { method: 'basic.ack', channel: 1, deliveryTag: 3, multiple: true },
      );
    cluster.until(200);
    expect(cluster.of('publish-confirmed').map(({ message }) => message)).toEqual([1, 3]);
    expect(cluster.of('publish-failed')).toMatchObject([{ message: 2, error: 'nacked' }]);
    expect(cluster.of('returned')).toMatchObject([{ message: 3, reason: '312 NO_ROUTE' }]);
  });

  it('R-33: in a transaction nothing is settled or confirmed before the commit, and a rollback takes it back', () => {
    const { cluster } = setUp([
      { do: { call: 'tx.select' } },
      get(),
      get(),
      publish(),
      ack(1),
      { atMs: 50, do: { call: 'tx.rollback' } },
      publish(),
      ack(2, true),
      { atMs: 100, do: { call: 'tx.commit' } },
    ]);
    const answer = full({ next: 1 });
    cluster.script = (frame, node) => (frame.method === 'basic.get' ? answer(node) : undefined);
    cluster.until(40);
    expect(cluster.of('settled')).toEqual([]);
    cluster.until(99);
    expect(cluster.of('publish-failed')).toMatchObject([{ message: 1, error: 'tx.rollback' }]);
    cluster.until(200);
    expect(cluster.of('publish-confirmed')).toMatchObject([{ message: 2 }]);
    expect(cluster.of('settled').map(({ position }) => position)).toEqual([0, 1]);
  });

  it('R-7: a queue without a name is the one that was declared last', () => {
    const { cluster } = setUp([
      { do: { call: 'queue.declare', queue: { name: '', exclusive: true } } },
      { do: { call: 'basic.consume', queue: '' } },
      get(''),
    ]);
    cluster.until(100);
    expect(cluster.frames('basic.consume')).toMatchObject([{ queue: 'amq.gen-1' }]);
    expect(cluster.of('consuming-began')).toMatchObject([{ place: 'amq.gen-1', tag: 'amq.ctag-2' }]);
    expect(cluster.of('nothing-there')).toMatchObject([{ place: 'amq.gen-1' }]);
  });

  it('use as many channels as they name', () => {
    const { cluster } = setUp([
      publish(),
      { channel: 2, ...publish() },
      { channel: 2, do: { call: 'channel.close' } },
      { channel: 2, ...publish() },
    ]);
    cluster.until(100);
    expect(
      cluster.asked.flatMap(({ frame }) => ('channel' in frame ? [`${frame.method} ${frame.channel}`] : [])),
    ).toEqual([
      'channel.open 1',
      'basic.publish 1',
      'channel.open 2',
      'basic.publish 2',
      'channel.close 2',
      'channel.open 2',
      'basic.publish 2',
    ]);
  });
});

describe('after an error', () => {
  it('R-5: the next call on the channel opens another; what was not answered has failed', () => {
    const { cluster } = setUp([
      { do: { call: 'confirm.select' } },
      publish(),
      { do: { call: 'queue.declare', queue: { name: 'work', durable: false } } },
      { do: { call: 'queue.declare', queue: { name: 'other' } } },
    ]);
    cluster.script = (frame) =>
      frame.method === 'queue.declare' && frame.queue.name === 'work'
        ? [{ method: 'channel.close', channel: 1, code: 406, text: "inequivalent arg 'durable'" }]
        : undefined;
    cluster.until(100);
    expect(cluster.of('error')).toMatchObject([
      { code: '406 PRECONDITION_FAILED', detail: "inequivalent arg 'durable'" },
    ]);
    expect(cluster.of('publish-failed')).toMatchObject([{ message: 1, error: '406 PRECONDITION_FAILED' }]);
    expect(cluster.methods().slice(-2)).toEqual(['channel.open', 'queue.declare']);
  });

  it('R-5: after one of the connection it goes on when the connection is recovered', () => {
    const { cluster } = setUp([{ do: { call: 'basic.qos', prefetchCount: 0, prefetchSize: 10 } }, get()], {
      recoveryMs: 1000,
    });
    cluster.script = (frame) =>
      frame.method === 'basic.qos'
        ? [{ method: 'connection.close', code: 540, text: 'prefetch_size!=0 (10)' }]
        : undefined;
    cluster.until(500);
    expect(cluster.of('error')).toMatchObject([{ code: '540 NOT_IMPLEMENTED' }]);
    expect(cluster.of('nothing-there')).toEqual([]);
    cluster.until(2000);
    expect(cluster.of('nothing-there')).toHaveLength(1);
  });

  it('recovery sets up channels, modes and consumers again, and a queue that the server named has a new name', () => {
    const { cluster } = setUp(
      [
        { do: { call: 'queue.declare', queue: { name: '', exclusive: true } } },
        { do: { call: 'exchange.declare', exchange: { name: 'x', type: 'fanout' } } },
        { do: { call: 'bind', binding: { source: 'x', destination: 'amq.gen-1' } } },
        { do: { call: 'basic.consume', queue: '', tag: 't' } },
        { do: { call: 'confirm.select' } },
        { channel: 2, do: { call: 'tx.select' } },
      ],
      { recoveryMs: 1000 },
    );
    cluster.until(100);
    cluster.kernel.crash('rabbit-1');
    cluster.until(200);
    cluster.kernel.start('rabbit-1');
    const before = cluster.asked.length;
    cluster.until(2000);
    expect(
      cluster.asked.slice(before).map(({ frame }) => {
        switch (frame.method) {
          case 'bind':
            return `bind ${frame.binding.destination}`;
          case 'basic.consume':
            return `consume ${frame.queue}`;
          default:
            return frame.method;
        }
      }),
    ).toEqual([
      'connection.open',
      'channel.open',
      'channel.open',
      'confirm.select',
      'tx.select',
      'exchange.declare',
      'queue.declare',
      'bind amq.gen-2',
      'consume amq.gen-2',
    ]);
  });

  it('what it has deleted, unbound or cancelled is not set up again', () => {
    const { cluster } = setUp(
      [
        { do: { call: 'exchange.declare', exchange: { name: 'x', type: 'fanout' } } },
        { do: { call: 'exchange.declare', exchange: { name: 'y', type: 'fanout' } } },
        { do: { call: 'queue.declare', queue: { name: 'q' } } },
        { do: { call: 'queue.declare', queue: { name: 'r' } } },
        { do: { call: 'bind', binding: { source: 'x', destination: 'q' } } },
        { do: { call: 'bind', binding: { source: 'y', destination: 'r' } } },
        { do: { call: 'bind', binding: { source: 'x', destination: 'y', destinationType: 'exchange' } } },
        { do: { call: 'basic.consume', queue: 'r', tag: 't' } },
        { do: { call: 'unbind', binding: { source: 'y', destination: 'r' } } },
        { do: { call: 'basic.cancel', tag: 't' } },
        { do: { call: 'exchange.delete', name: 'x' } },
        { do: { call: 'queue.delete', name: 'q' } },
      ],
      { recoveryMs: 1000 },
    );
    cluster.until(100);
    cluster.kernel.crash('rabbit-1');
    cluster.until(200);
    cluster.kernel.start('rabbit-1');
    const before = cluster.asked.length;
    cluster.until(2000);
    expect(cluster.asked.slice(before).map(({ frame }) => frame.method)).toEqual([
      'connection.open',
      'channel.open',
      'exchange.declare',
      'queue.declare',
    ]);
  });

  it('a connection that it closes is opened again by the next call, with nothing on it', () => {
    const { cluster, app } = setUp([get(), { do: { call: 'connection.close' } }, get()]);
    cluster.until(100);
    expect(cluster.methods()).toEqual([
      'connection.open',
      'channel.open',
      'basic.get',
      'connection.close',
      'connection.open',
      'channel.open',
      'basic.get',
    ]);
    expect(cluster.of('disconnected')).toMatchObject([{ why: 'the application closed it' }]);
    app.close();
    cluster.until(200);
    expect(cluster.of('client-stopped')).toMatchObject([{ client: 'a', reason: 'closed' }]);
  });
});
