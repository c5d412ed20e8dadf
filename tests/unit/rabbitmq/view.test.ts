// RabbitMQ's picture, folded from events: what is in a queue and in which order, what is owed, what became of the rest.
import { describe, expect, test } from 'vitest';
import { fromMs } from '../../../src/sim/time.ts';
import type { QueueView } from '../../../src/brokers/rabbitmq/view-types.ts';
import { Story } from './view-events.ts';

const consumer = { id: 'c', role: 'consumer' as const, queues: ['jobs'], prefetchCount: 3 };
const publisher = {
  id: 'p',
  role: 'publisher' as const,
  exchange: 'orders',
  load: { ratePerSecond: 1 },
};

function jobs(queue: Record<string, string | number | boolean> = {}): Story {
  return new Story({
    system: {
      exchanges: [
        { name: 'orders', type: 'fanout' },
        { name: 'dlx', type: 'fanout' },
      ],
      queues: [{ name: 'jobs', arguments: queue }, { name: 'dead' }],
      bindings: [
        { source: 'orders', destination: 'jobs' },
        { source: 'dlx', destination: 'dead' },
      ],
    },
    clients: [publisher, consumer],
  });
}

function queue(story: Story, name = 'jobs'): QueueView {
  const found = story.view().queues.find((one) => one.name === name);
  if (!found) throw new Error(`there is a queue ${name}`);
  return found;
}

const publishAll = (story: Story, keys: string): number[] =>
  [...keys].map((key) => story.after(10).publish({ key, into: ['jobs'] }));
const keysOf = (view: QueueView): string => view.head.map(({ key }) => key ?? '.').join('');

describe('a queue', () => {
  test('R-39 gives out from its head; what is out is owed, until the broker hears of it', () => {
    const story = jobs();
    const [first] = publishAll(story, 'ABC');
    story.acquire('c', 'jobs', 0, first!);
    expect(queue(story)).toMatchObject({ ready: 2, unacked: 1 });
    expect(keysOf(queue(story))).toBe('BC');
    story.deliver('c', 'jobs', 0, first!);
    story.process('c', 'jobs', 0, first!);
    story.settle('c', 'jobs', 0, first!);
    expect(story.view().consumers[0]).toMatchObject({ unacked: 1, held: [{ at: 'settled', key: 'A' }] });
    story.remove('jobs', 0, first!);
    expect(queue(story)).toMatchObject({ unacked: 0, counts: { acked: 1 } });
    expect(story.view().consumers[0]).toMatchObject({ unacked: 0, held: [], processed: 1, acked: 1 });
  });

  test('R-50 takes a message back to where it stood, ringed', () => {
    const story = jobs();
    const numbers = publishAll(story, 'ABCD');
    for (const i of [0, 1, 2]) story.acquire('c', 'jobs', i, numbers[i]!);
    story.release('jobs', 1, numbers[1]!);
    story.release('jobs', 0, numbers[0]!);
    expect(keysOf(queue(story))).toBe('ABD');
    expect(queue(story).head.map(({ redelivered }) => redelivered)).toEqual([true, true, false]);
  });

  test('R-51 of type quorum gives what came back before everything else, in the order of its return', () => {
    const story = jobs({ 'x-queue-type': 'quorum' });
    const numbers = publishAll(story, 'ABCD');
    for (const i of [0, 1, 2]) story.acquire('c', 'jobs', i, numbers[i]!);
    story.release('jobs', 2, numbers[2]!, 'nack', 'returns');
    story.release('jobs', 0, numbers[0]!, 'nack', 'returns');
    expect(keysOf(queue(story))).toBe('CAD');
    story.release('jobs', 1, numbers[1]!, 'nack', 'tail');
    expect(keysOf(queue(story))).toBe('CADB');
  });

  test('R-65 keeps what waits for its retry behind the rest', () => {
    const story = jobs({ 'x-queue-type': 'quorum' });
    const numbers = publishAll(story, 'AB');
    story.acquire('c', 'jobs', 0, numbers[0]!);
    story.release('jobs', 0, numbers[0]!, 'reject', 'delayed');
    expect(keysOf(queue(story))).toBe('BA');
    expect(queue(story).head[1]).toMatchObject({ delayed: true, returns: 1 });
  });

  test('R-88 with priorities gives the highest first', () => {
    const urgent = { ...publisher, id: 'u', priority: 5 };
    const story = new Story({
      system: { queues: [{ name: 'jobs', arguments: { 'x-max-priority': 9 } }] },
      clients: [publisher, urgent],
    });
    story.publish({ key: 'A', to: '', into: ['jobs'] });
    story.publish({ client: 'u', key: 'U', to: '', into: ['jobs'] });
    story.publish({ key: 'B', to: '', into: ['jobs'] });
    expect(keysOf(queue(story))).toBe('UAB');
  });

  test('R-81 what dies goes to the dead-letter exchange, and is told of with its reason for a while', () => {
    const story = jobs({ 'x-dead-letter-exchange': 'dlx', 'x-message-ttl': 500 });
    const [first] = publishAll(story, 'A');
    expect(queue(story)).toMatchObject({ limits: { deadLetterExchange: 'dlx', messageTtlMs: 500 } });
    expect(queue(story).head[0]?.expiresAt).toBe(fromMs(story.now + 500));
    story.after(500).deadLetter('jobs', 0, first!, 'dlx', 'expired');
    story.arrive(first!, { to: 'dlx', into: ['dead'] });
    expect(queue(story)).toMatchObject({
      ready: 0,
      counts: { deadLettered: 1, expired: 1, dropped: 0 },
      fates: [{ what: 'dead-lettered', reason: 'expired', to: 'dlx', key: 'A' }],
    });
    expect(queue(story, 'dead').head).toMatchObject([{ key: 'A', died: 'expired', expiresAt: null }]);
    story.after(10_000);
    expect(queue(story).fates).toEqual([]);
  });

  test('R-11 has the limits that its policy says, from the moment it is set', () => {
    const story = jobs();
    expect(queue(story).limits.maxLength).toBeNull();
    story.tell({
      kind: 'configured',
      node: 'rabbit-1',
      name: 'short',
      settings: [
        ['max-length', '10'],
        ['overflow', 'reject-publish'],
      ],
      policy: { pattern: '^jobs', 'apply-to': 'queues', priority: 0, operator: false },
    });
    expect(queue(story).limits).toMatchObject({ maxLength: 10, overflow: 'reject-publish' });
    expect(queue(story, 'dead').limits.maxLength).toBeNull();
    story.tell({ kind: 'configured', node: 'rabbit-1', name: 'short', settings: [['max-length', null]] });
    expect(queue(story).limits.maxLength).toBeNull();
  });

  test('longer than the picture shows it is a head, a number and a tail', () => {
    const story = jobs();
    publishAll(story, 'ABCDEF'.repeat(50));
    const { head, between, tail, ready } = queue(story);
    expect(ready).toBe(300);
    expect(head.length + between + tail.length).toBe(300);
    expect(tail.at(-1)?.position).toBe(299);
    expect(head[0]?.position).toBe(0);
  });

  test('longer than the picture remembers it counts on, and knows the newest', () => {
    const story = jobs();
    const numbers: number[] = [];
    for (let i = 0; i < 5000; i++) numbers.push(story.publish({ key: 'A', into: ['jobs'] }));
    for (let i = 0; i < 4999; i++) {
      story.acquire('c', 'jobs', i, numbers[i]!);
      story.remove('jobs', i, numbers[i]!);
    }
    expect(queue(story)).toMatchObject({ ready: 1, unacked: 0, head: [{ position: 4999 }] });
  });

  test('deleted is gone, with its bindings and what consumers owed it', () => {
    const story = jobs();
    const [first] = publishAll(story, 'A');
    story.acquire('c', 'jobs', 0, first!);
    story.tell({ kind: 'places-deleted', node: 'rabbit-1', name: 'jobs', places: ['jobs'] });
    const view = story.view();
    expect(view.queues.map(({ name }) => name)).toEqual(['dead']);
    expect(view.bindings.map(({ destination }) => destination)).toEqual(['dead']);
    expect(view.consumers[0]?.unacked).toBe(0);
  });
});

describe('a consumer', () => {
  test('R-41 has what is on the wire, in its library and at work, in that order of age', () => {
    const story = jobs();
    const numbers = publishAll(story, 'ABC');
    for (const i of [0, 1]) {
      story.acquire('c', 'jobs', i, numbers[i]!);
      story.deliver('c', 'jobs', i, numbers[i]!);
    }
    story.acquire('c', 'jobs', 2, numbers[2]!, 50);
    const [view] = story.view().consumers;
    expect(view).toMatchObject({ unacked: 3, prefetch: 3 });
    expect(view?.held.map(({ at }) => at)).toEqual(['work', 'library', 'wire']);
    expect(story.view(story.now + 60).consumers[0]?.held[2]?.at).toBe('library');
  });

  test('with automatic acknowledgement loses what it had not finished', () => {
    const story = new Story({
      system: { queues: [{ name: 'jobs' }] },
      clients: [publisher, { ...consumer, autoAck: true }],
    });
    const numbers = [...'AB'].map((key) => story.publish({ key, to: '', into: ['jobs'] }));
    numbers.forEach((message, i) => {
      story.acquire('c', 'jobs', i, message);
      story.remove('jobs', i, message);
      story.deliver('c', 'jobs', i, message);
    });
    expect(story.view().consumers[0]).toMatchObject({
      unacked: 0,
      holding: 2,
      current: { key: 'A', owed: false },
    });
    story.tell({ kind: 'client-stopped', client: 'c', reason: 'crashed' });
    expect(story.view().consumers[0]).toMatchObject({
      lost: 2,
      holding: 0,
      wreck: [{ key: 'A' }, { key: 'B' }],
    });
    story.tell({ kind: 'client-started', client: 'c', role: 'consumer' });
    expect(story.view().consumers[0]).toMatchObject({ lost: 2, wreck: [] });
  });

  test('R-49 that lost its connection owes what it had until the broker takes it back', () => {
    const story = jobs();
    const [first] = publishAll(story, 'A');
    story.acquire('c', 'jobs', 0, first!);
    story.deliver('c', 'jobs', 0, first!);
    story.tell({ kind: 'disconnected', client: 'c', node: 'rabbit-1', why: 'cut' });
    expect(story.view().consumers[0]).toMatchObject({ unacked: 0, orphaned: 1, held: [{ at: 'orphaned' }] });
    expect(queue(story).unacked).toBe(1);
    story.release('jobs', 0, first!);
    expect(story.view().consumers[0]).toMatchObject({ orphaned: 0, held: [] });
    expect(queue(story)).toMatchObject({ ready: 1, unacked: 0 });
  });

  test('R-45 of a queue with a single active consumer waits its turn', () => {
    const story = new Story({
      system: { queues: [{ name: 'jobs', arguments: { 'x-single-active-consumer': true } }] },
      clients: [consumer, { ...consumer, id: 'd' }],
    });
    expect(story.view().consumers.map(({ subscriptions }) => subscriptions[0]?.active)).toEqual([
      true,
      false,
    ]);
  });

  test('R-58 of a stream has an offset, and what it reads stays', () => {
    const story = jobs({ 'x-queue-type': 'stream' });
    const numbers = publishAll(story, 'ABC');
    story.deliver('c', 'jobs', 0, numbers[0]!);
    story.settle('c', 'jobs', 0, numbers[0]!);
    const view = story.view();
    expect(view.consumers[0]?.subscriptions[0]?.offset).toBe(1);
    expect(queue(story)).toMatchObject({ ready: 3, log: { start: 0, end: 3 } });
    story.tell({ kind: 'expired', node: 'rabbit-1', place: 'jobs', position: 1, message: null, from: 0 });
    expect(queue(story).log?.cells.map(({ position }) => position)).toEqual([2]);
  });
});

describe('a publisher', () => {
  test('R-29 waits for a word on each message; hollow until then', () => {
    const story = jobs();
    const message = story.send({ into: ['jobs'] });
    story.arrive(message, { into: ['jobs'] });
    expect(story.view().publishers[0]).toMatchObject({ published: 1, unconfirmed: 1 });
    expect(queue(story).head[0]?.confirmed).toBe(false);
    story.tell({ kind: 'publish-confirmed', client: 'p', message, place: null, position: null });
    expect(story.view().publishers[0]).toMatchObject({ confirmed: 1, unconfirmed: 0 });
    expect(queue(story).head[0]?.confirmed).toBe(true);
  });

  test('R-31 that sends again waits again, for one word', () => {
    const story = jobs();
    const message = story.send();
    story.tell({ kind: 'republished', client: 'p', message, to: 'orders', why: 'nacked' });
    expect(story.view().publishers[0]).toMatchObject({ unconfirmed: 1, resent: 1 });
    story.tell({ kind: 'publish-failed', client: 'p', message, error: 'nacked' });
    expect(story.view().publishers[0]).toMatchObject({ unconfirmed: 0, failed: 1 });
  });

  test('R-35 is blocked by an alarm, and says by which', () => {
    const story = jobs();
    story.tell({ kind: 'alarm-raised', node: 'rabbit-1', resource: 'memory' });
    story.tell({ kind: 'publishing-blocked', client: 'p', reason: 'low on memory' });
    expect(story.view()).toMatchObject({
      nodes: [{ alarms: ['memory'] }],
      publishers: [{ blocked: 'low on memory' }],
    });
    story.tell({ kind: 'publishing-unblocked', client: 'p' });
    story.tell({ kind: 'alarm-cleared', node: 'rabbit-1', resource: 'memory' });
    expect(story.view()).toMatchObject({ nodes: [{ alarms: [] }], publishers: [{ blocked: null }] });
  });

  test('R-28 hears of what no queue took', () => {
    const story = jobs();
    const message = story.send({ key: 'X' });
    story.tell({ kind: 'returned', client: 'p', message, reason: 'NO_ROUTE' });
    story.arrive(story.send({ key: 'Y' }), { key: 'Y' });
    const view = story.view();
    expect(view.publishers[0]?.returned).toBe(1);
    expect(view.exchanges[0]).toMatchObject({
      unroutable: 2,
      fates: [
        { what: 'returned', key: 'X' },
        { what: 'unroutable', key: 'Y' },
      ],
    });
  });
});

describe('part routing', () => {
  const bench = (): Story =>
    new Story({
      parts: ['routing'],
      system: {
        exchanges: [
          { name: 'events', type: 'topic', arguments: { 'alternate-exchange': 'rest' } },
          { name: 'reports', type: 'headers' },
          { name: 'rest', type: 'fanout' },
        ],
        queues: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
        bindings: [
          { source: 'events', destination: 'a', routingKey: 'orders.*' },
          { source: 'events', destination: 'a', routingKey: 'orders.#' },
          { source: 'events', destination: 'reports', destinationType: 'exchange', routingKey: '#.made' },
          { source: 'reports', destination: 'b', arguments: { 'x-match': 'any', format: 'pdf', n: 1 } },
          { source: 'rest', destination: 'c' },
        ],
      },
      clients: [{ ...publisher, exchange: 'events' }],
    });

  test('R-24 explains each exchange on the way, binding by binding, and gives each queue one copy', () => {
    const story = bench();
    const what = { to: 'events', routingKey: 'orders.made', headers: { format: 'pdf' } };
    const message = story.send(what);
    expect(story.view().routes?.[0]).toMatchObject({ arrived: false, visits: [] });
    story.arrive(message, { ...what, into: ['a', 'b'] });
    const route = story.view().routes?.[0];
    expect(route).toMatchObject({ arrived: true, queues: ['a', 'b'], routingKey: 'orders.made' });
    expect(route?.visits.map(({ exchange, via }) => [exchange, via])).toEqual([
      ['events', 'published'],
      ['reports', 'binding'],
    ]);
    expect(route?.visits[0]?.verdicts.map(({ matched }) => matched)).toEqual([true, true, true]);
    expect(
      route?.visits[0]?.verdicts[1]?.topic?.steps.map(({ word, from, until }) => [word, from, until]),
    ).toEqual([
      ['orders', 0, 1],
      ['#', 1, 2],
    ]);
    expect(route?.visits[1]?.verdicts[0]?.headers).toMatchObject({ matches: true, mode: 'any' });
  });

  test('R-25 goes to the alternate where nothing matches, and keeps the bindings that it met', () => {
    const story = bench();
    story.arrive(story.send({ to: 'events', routingKey: 'x.y' }), { to: 'events', into: ['c'] });
    story.tell({
      kind: 'binding-deleted',
      node: 'rabbit-1',
      source: 'events',
      destination: 'a',
      to: 'queue',
      routingKey: 'orders.*',
      arguments: {},
    });
    const view = story.view();
    expect(view.bindings).toHaveLength(4);
    const [route] = view.routes ?? [];
    expect(route?.visits.map(({ exchange, via }) => [exchange, via])).toEqual([
      ['events', 'published'],
      ['rest', 'alternate'],
    ]);
    expect(route?.visits[0]?.verdicts).toHaveLength(3);
    expect(route?.queues).toEqual(['c']);
  });

  test('is neither folded nor posted where no stage asks for it', () => {
    expect(jobs().view()).toMatchObject({ routes: null, quorum: null });
  });
});

describe('part quorum', () => {
  const cluster = (): Story =>
    new Story({
      parts: ['quorum'],
      system: { nodes: 3, queues: [{ name: 'jobs', arguments: { 'x-queue-type': 'quorum' } }] },
      clients: [publisher],
    });
  const log = (story: Story) => story.view().quorum?.[0];

  test('R-56 shows what each replica has, and how far a majority has it', () => {
    const story = cluster();
    const numbers = [...'AB'].map((key) => story.send({ key, to: '' }));
    numbers.forEach((message, i) => story.append('jobs', message, 'AB'[i]));
    story.tell({ kind: 'replicated', node: 'rabbit-2', place: 'jobs', position: 0 });
    story.tell({ kind: 'high-watermark-advanced', node: 'rabbit-1', place: 'jobs', position: 1 });
    expect(log(story)).toMatchObject({
      leader: 'rabbit-1',
      logEnd: 2,
      commitIndex: 1,
      majority: 2,
      connected: 3,
    });
    expect(log(story)?.replicas.map(({ entries }) => entries.map(({ key }) => key).join(''))).toEqual([
      'AB',
      'A',
      '',
    ]);
  });

  test('what the new leader does not have is not in the queue, and is struck from the old one', () => {
    const story = cluster();
    const numbers = [...'AB'].map((key) => story.send({ key, to: '' }));
    numbers.forEach((message, i) => story.append('jobs', message, 'AB'[i]));
    story.tell({ kind: 'replicated', node: 'rabbit-2', place: 'jobs', position: 0 });
    story.tell({ kind: 'node-crashed', node: 'rabbit-1' });
    story.tell({
      kind: 'leader-elected',
      place: 'jobs',
      node: 'rabbit-2',
      epoch: 2,
      clean: true,
      why: 'a majority voted for it',
    });
    expect(queue(story)).toMatchObject({ ready: 1, node: 'rabbit-2', up: true });
    expect(log(story)).toMatchObject({ leader: 'rabbit-2', term: 2, connected: 2 });
    story.tell({ kind: 'node-restarted', node: 'rabbit-1' });
    story.tell({
      kind: 'truncated',
      node: 'rabbit-1',
      place: 'jobs',
      position: 1,
      messages: [numbers[1]!],
      why: 'rabbit-2 leads, and does not have them',
    });
    expect(log(story)?.replicas[0]).toMatchObject({
      logEnd: 1,
      truncated: { from: 1, entries: [{ key: 'B' }] },
    });
    story.after(10_000);
    expect(log(story)?.replicas[0]?.truncated).toBeNull();
  });

  test('a node that is cut off is up, and not in touch', () => {
    const story = cluster();
    for (const other of ['rabbit-1', 'rabbit-2'])
      story.tell({ kind: 'acted', action: 'cut', target: `rabbit-3 ${other}`, refused: null });
    expect(log(story)?.replicas.map(({ up, reachable }) => [up, reachable])).toEqual([
      [true, true],
      [true, true],
      [true, false],
    ]);
  });
});

test('what the broker refuses the reader is in the picture until it takes something', () => {
  const story = jobs();
  story.tell({ kind: 'acted', action: 'bind', target: 'nowhere', refused: 'NOT_FOUND - no queue' });
  expect(story.view().refused).toMatchObject({ action: 'bind', why: 'NOT_FOUND - no queue' });
  story.tell({ kind: 'acted', action: 'bind', target: 'jobs', refused: null });
  expect(story.view().refused).toBeNull();
});
