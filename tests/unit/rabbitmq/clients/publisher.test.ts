// A publisher, whatever its broker does: confirms, returns, blocked connections, and what is
// left when a channel or a connection goes.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { publisher } from '../../../../src/brokers/rabbitmq/client-config.ts';
import { PublisherClient, type PublishAction } from '../../../../src/brokers/rabbitmq/clients/publisher.ts';
import type { ServerFrame } from '../../../../src/brokers/rabbitmq/protocol.ts';
import { FakeCluster, messageOf } from './fake-node.ts';

type Settings = v.InferInput<typeof publisher>;

function setUp(settings: Partial<Settings> = {}, nodes = 1) {
  const cluster = new FakeCluster(nodes);
  const client = v.parse(publisher, {
    id: 'p',
    role: 'publisher',
    load: { ratePerSecond: 100, count: 5 },
    routingKey: 'work',
    ...settings,
  });
  const { kernel } = cluster;
  const app = cluster.client(
    'p',
    (port) => new PublisherClient(port, client, { next: 1 }, cluster.nodes, kernel.random('p load')),
  );
  return { cluster, app };
}

const ack = (deliveryTag: number, multiple = false): ServerFrame => ({
  method: 'basic.ack',
  channel: 1,
  deliveryTag,
  multiple,
});
const nack = (deliveryTag: number, multiple = false): ServerFrame => ({
  method: 'basic.nack',
  channel: 1,
  deliveryTag,
  multiple,
});
const numbers = (events: readonly { message: number }[]) => events.map(({ message }) => message);
const action = (more: Partial<PublishAction> = {}): PublishAction => ({
  do: 'publish',
  client: 'p',
  key: null,
  count: 1,
  ...more,
});

describe('what it publishes', () => {
  it('opens a connection, a channel, confirm mode (R-29), and then publishes', () => {
    const { cluster } = setUp();
    cluster.until(1000);
    expect(cluster.methods()).toEqual([
      'connection.open',
      'channel.open',
      'confirm.select',
      ...Array<string>(5).fill('basic.publish'),
    ]);
    expect(cluster.of('connected')).toMatchObject([{ client: 'p', node: 'rabbit-1' }]);
    expect(numbers(cluster.of('published'))).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps the moments of its load: one message on the wire for each', () => {
    const { cluster } = setUp();
    cluster.until(1000);
    expect(cluster.of('published').map(({ at }) => at)).toEqual([10_000, 20_000, 30_000, 40_000, 50_000]);
    expect(
      cluster.of('sent').flatMap(({ from, messages }) => (from === 'p' && messages ? [messages] : [])),
    ).toEqual([1, 2, 3, 4, 5].map((message) => [message]));
  });

  it('puts the key where its routing key names it, and its properties on each message', () => {
    const { cluster } = setUp({
      exchange: 'orders',
      routingKey: 'order.{key}.new',
      keys: { kind: 'cycle', keys: ['a', 'b'] },
      load: { ratePerSecond: 100, count: 2 },
      deliveryMode: 1,
      priority: 5,
      expiration: '1000',
      headers: { kind: 'x' },
      mandatory: true,
    });
    cluster.until(1000);
    expect(cluster.frames('basic.publish').map(({ routingKey }) => routingKey)).toEqual([
      'order.a.new',
      'order.b.new',
    ]);
    expect(cluster.frames('basic.publish')[0]).toMatchObject({
      exchange: 'orders',
      mandatory: true,
      content: { key: 'a', persistent: false, priority: 5, expiration: '1000', headers: { kind: 'x' } },
    });
    expect(cluster.of('published')[1]).toMatchObject({
      to: 'orders',
      key: 'b',
      routingKey: 'order.b.new',
      headers: { kind: 'x' },
    });
  });

  it('publishes what a reader asks for, in one segment', () => {
    const { cluster, app } = setUp({ load: { ratePerSecond: 0 } });
    cluster.until(10);
    app.publish(
      action({
        count: 3,
        key: 'k',
        exchange: 'e',
        routingKey: 'r',
        headers: { h: 1 },
        priority: 2,
        expiration: '7',
      }),
    );
    cluster.until(20);
    expect(cluster.frames('basic.publish')).toHaveLength(3);
    expect(cluster.frames('basic.publish')[2]).toMatchObject({
      exchange: 'e',
      routingKey: 'r',
      content: { key: 'k', headers: { h: 1 }, priority: 2, expiration: '7' },
    });
    expect(cluster.of('sent').some(({ messages }) => messages?.length === 3)).toBe(true);
  });

  it('without confirms asks for none, and is told nothing', () => {
    const { cluster } = setUp({ confirms: false });
    cluster.until(1000);
    expect(cluster.methods()).not.toContain('confirm.select');
    expect(cluster.frames('basic.publish')).toHaveLength(5);
    expect(cluster.of('publish-confirmed')).toEqual([]);
  });
});

describe('confirms', () => {
  it('R-29: one for many, out of order, each message once, and no place is named', () => {
    const { cluster } = setUp();
    cluster.until(100);
    cluster.node().say('p', ack(4), ack(2, true), ack(2), ack(5, true));
    cluster.until(200);
    expect(numbers(cluster.of('publish-confirmed'))).toEqual([4, 1, 2, 3, 5]);
    expect(cluster.of('publish-confirmed')[0]).toMatchObject({ place: null, position: null });
  });

  it('R-31: what was nacked is published again after resendMs, as the same message with a new number', () => {
    const { cluster } = setUp({ load: { ratePerSecond: 100, count: 2 }, resendMs: 500 });
    cluster.until(100);
    cluster.node().say('p', nack(1), ack(2));
    cluster.until(600);
    expect(cluster.of('republished')).toEqual([]);
    cluster.until(700);
    expect(cluster.of('republished')).toMatchObject([{ message: 1, why: 'it was nacked', at: 601_000 }]);
    expect(cluster.of('publish-failed')).toEqual([]);
    cluster.node().say('p', ack(3));
    cluster.until(800);
    expect(numbers(cluster.of('publish-confirmed'))).toEqual([2, 1]);
  });

  it('R-31: or given up', () => {
    const { cluster } = setUp({ unconfirmed: 'give-up' });
    cluster.until(100);
    cluster.node().say('p', nack(3, true), ack(5, true));
    cluster.until(2000);
    expect(cluster.of('publish-failed')).toMatchObject(
      [1, 2, 3].map((message) => ({ message, error: 'nacked' })),
    );
    expect(numbers(cluster.of('publish-confirmed'))).toEqual([4, 5]);
    expect(cluster.frames('basic.publish')).toHaveLength(5);
  });

  it('waits when as many are unconfirmed as it allows itself', () => {
    const { cluster } = setUp({ maxUnconfirmed: 2 });
    cluster.until(100);
    expect(cluster.frames('basic.publish')).toHaveLength(2);
    expect(cluster.of('published')).toHaveLength(5);
    cluster.node().say('p', ack(1));
    cluster.until(200);
    expect(cluster.frames('basic.publish')).toHaveLength(3);
    cluster.node().say('p', ack(3, true));
    cluster.until(300);
    expect(cluster.frames('basic.publish')).toHaveLength(5);
  });

  it('R-28: a message that comes back is returned, and confirmed as well', () => {
    const { cluster } = setUp({ mandatory: true, load: { ratePerSecond: 100, count: 1 } });
    cluster.until(100);
    cluster
      .node()
      .say(
        'p',
        { method: 'basic.return', channel: 1, code: 312, text: 'NO_ROUTE', message: messageOf({ id: 1 }) },
        ack(1),
      );
    cluster.until(200);
    expect(cluster.of('returned')).toMatchObject([{ message: 1, reason: '312 NO_ROUTE' }]);
    expect(numbers(cluster.of('publish-confirmed'))).toEqual([1]);
  });
});

describe('when it cannot publish', () => {
  it('R-35: a blocked connection holds what is published until it is unblocked', () => {
    const { cluster, app } = setUp({ load: { ratePerSecond: 0 } });
    cluster.until(10);
    cluster.node().say('p', { method: 'connection.blocked', reason: 'low on memory' });
    cluster.until(20);
    app.publish(action({ count: 3 }));
    cluster.until(30);
    expect(cluster.of('publishing-blocked')).toMatchObject([{ client: 'p', reason: 'low on memory' }]);
    expect(cluster.frames('basic.publish')).toEqual([]);
    cluster.node().say('p', { method: 'connection.unblocked' });
    cluster.until(40);
    expect(cluster.of('publishing-unblocked')).toHaveLength(1);
    expect(cluster.frames('basic.publish')).toHaveLength(3);
  });

  it('holds so much and no more, and says so once', () => {
    const { cluster, app } = setUp({ load: { ratePerSecond: 0 }, maxUnconfirmed: 1 });
    cluster.until(10);
    app.publish(action({ count: 100_005 }));
    app.publish(action());
    expect(cluster.of('limit-reached')).toMatchObject([{ limit: 100_000 }]);
    expect(cluster.of('published')).toHaveLength(100_001);
  });

  it('goes to the next node when its connection is lost, and publishes again what was not confirmed, in order', () => {
    const { cluster } = setUp({ recoveryMs: 1000 }, 2);
    cluster.until(100);
    cluster.node().say('p', ack(2));
    cluster.until(200);
    cluster.kernel.crash('rabbit-1');
    cluster.until(1100);
    expect(cluster.of('disconnected')).toMatchObject([{ node: 'rabbit-1', why: 'the connection broke' }]);
    cluster.until(1300);
    expect(cluster.of('connected').map(({ node }) => node)).toEqual(['rabbit-1', 'rabbit-2']);
    expect(cluster.methods('rabbit-2')).toEqual([
      'connection.open',
      'channel.open',
      'confirm.select',
      ...Array<string>(4).fill('basic.publish'),
    ]);
    expect(numbers(cluster.of('republished'))).toEqual([1, 3, 4, 5]);
    cluster.node('rabbit-2').say('p', ack(4, true));
    cluster.until(1400);
    expect(numbers(cluster.of('publish-confirmed'))).toEqual([2, 1, 3, 4, 5]);
  });

  it('or gives it up, but not what it has not published yet', () => {
    const { cluster } = setUp({
      recoveryMs: 1000,
      unconfirmed: 'give-up',
      load: { ratePerSecond: 10, count: 5 },
    });
    cluster.until(250);
    cluster.kernel.crash('rabbit-1');
    cluster.until(400);
    cluster.kernel.start('rabbit-1');
    cluster.until(3000);
    expect(cluster.of('publish-failed')).toMatchObject([
      { message: 1, error: 'its connection was lost' },
      { message: 2, error: 'its connection was lost' },
    ]);
    expect(cluster.frames('basic.publish').map(({ content }) => content.id)).toEqual([1, 2, 3, 4, 5]);
  });

  it('without confirms what was on the wire is gone, and nobody is told', () => {
    const { cluster } = setUp({ recoveryMs: 1000, confirms: false });
    // The third is under way.
    cluster.until(30.5);
    cluster.kernel.crash('rabbit-1');
    cluster.until(100);
    cluster.kernel.start('rabbit-1');
    cluster.until(3000);
    expect(cluster.of('republished')).toEqual([]);
    expect(cluster.of('publish-failed')).toEqual([]);
    expect(cluster.frames('basic.publish').map(({ content }) => content.id)).toEqual([1, 2, 4, 5]);
  });

  it('goes on trying node after node when none answers', () => {
    const { cluster } = setUp({ recoveryMs: 100 }, 3);
    for (const node of cluster.nodes) cluster.kernel.crash(node);
    cluster.until(1000);
    expect(
      cluster
        .of('error')
        .slice(0, 4)
        .map(({ code, detail }) => `${code} ${detail}`),
    ).toEqual([
      'ConnectException rabbit-1: Connection refused',
      'ConnectException rabbit-2: Connection refused',
      'ConnectException rabbit-3: Connection refused',
      'ConnectException rabbit-1: Connection refused',
    ]);
    cluster.kernel.start('rabbit-2');
    cluster.until(2000);
    expect(cluster.of('connected')).toMatchObject([{ node: 'rabbit-2' }]);
    expect(cluster.frames('basic.publish')).toHaveLength(5);
  });

  it('a node that does not answer at all is given up after a minute', () => {
    const { cluster } = setUp({}, 2);
    cluster.kernel.cut('p', 'rabbit-1');
    cluster.until(70_000);
    expect(cluster.of('error')).toMatchObject([{ code: 'SocketTimeoutException' }]);
    expect(cluster.of('connected')).toMatchObject([{ node: 'rabbit-2' }]);
  });

  it('R-5: a channel error is an error; a new channel is opened after recoveryMs, on the same connection', () => {
    const { cluster } = setUp({ recoveryMs: 1000, load: { ratePerSecond: 100, count: 1 } });
    cluster.until(100);
    cluster.node().closeChannel('p', 404, "no exchange 'nope' in vhost '/'");
    cluster.until(2000);
    expect(cluster.of('error')).toMatchObject([
      { client: 'p', code: '404 NOT_FOUND', detail: "no exchange 'nope' in vhost '/'" },
    ]);
    expect(cluster.of('disconnected')).toEqual([]);
    expect(cluster.methods().filter((method) => method !== 'basic.publish')).toEqual([
      'connection.open',
      'channel.open',
      'confirm.select',
      'channel.open',
      'confirm.select',
    ]);
    expect(cluster.of('republished')).toMatchObject([
      { message: 1, why: 'its channel was closed before it was confirmed' },
    ]);
  });

  it('R-5: a connection that the server closes is recovered too', () => {
    const { cluster } = setUp({ recoveryMs: 1000 });
    cluster.until(100);
    cluster.node().say('p', { method: 'connection.close', code: 320, text: 'shutdown' });
    cluster.until(2000);
    expect(cluster.of('error')).toMatchObject([{ code: '320 CONNECTION_FORCED', detail: 'shutdown' }]);
    expect(cluster.of('disconnected')).toMatchObject([
      { why: 'the server closed it: 320 CONNECTION_FORCED' },
    ]);
    expect(cluster.of('connected')).toHaveLength(2);
  });

  it('a message that came back is not published again when its confirm is lost', () => {
    const { cluster } = setUp({ mandatory: true, recoveryMs: 100, load: { ratePerSecond: 100, count: 1 } });
    cluster.until(100);
    cluster.node().say('p', {
      method: 'basic.return',
      channel: 1,
      code: 312,
      text: 'NO_ROUTE',
      message: messageOf({ id: 1 }),
    });
    cluster.until(110);
    cluster.kernel.crash('rabbit-1');
    cluster.until(120);
    cluster.kernel.start('rabbit-1');
    cluster.until(1000);
    expect(cluster.of('connected')).toHaveLength(2);
    expect(cluster.of('republished')).toEqual([]);
    expect(cluster.of('publish-failed')).toEqual([]);
  });
});

describe('its end', () => {
  it('waits for its confirms, closes its connection and stops', () => {
    const { cluster, app } = setUp();
    cluster.until(100);
    app.close();
    cluster.until(200);
    expect(cluster.of('client-stopped')).toEqual([]);
    cluster.node().say('p', ack(5, true));
    cluster.until(300);
    expect(cluster.methods().at(-1)).toBe('connection.close');
    expect(cluster.of('client-stopped')).toMatchObject([{ client: 'p', reason: 'closed' }]);
    expect(cluster.kernel.isUp('p')).toBe(false);
  });

  it('but not for ever: what is not confirmed then has failed', () => {
    const { cluster, app } = setUp();
    cluster.until(100);
    app.close();
    cluster.until(11_000);
    expect(cluster.of('publish-failed')).toMatchObject(
      [1, 2, 3, 4, 5].map((message) => ({ message, error: 'not confirmed within 10 s' })),
    );
    expect(cluster.kernel.isUp('p')).toBe(false);
  });

  it('ends at once where it is not connected; what it could not publish has failed', () => {
    const { cluster, app } = setUp();
    cluster.kernel.crash('rabbit-1');
    cluster.until(100);
    app.close();
    expect(cluster.of('publish-failed')).toHaveLength(5);
    expect(cluster.kernel.isUp('p')).toBe(false);
  });

  it('after a crash it begins anew: what it had is forgotten, its load goes on', () => {
    const { cluster } = setUp();
    cluster.until(35);
    cluster.kernel.crash('p');
    cluster.until(100);
    cluster.kernel.start('p');
    cluster.until(1000);
    expect(numbers(cluster.of('published'))).toEqual([1, 2, 3, 4, 5]);
    expect(cluster.of('republished')).toEqual([]);
    expect(cluster.of('connected')).toHaveLength(2);
  });
});
