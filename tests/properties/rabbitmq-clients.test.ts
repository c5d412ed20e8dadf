// What must hold of RabbitMQ's clients whatever their node does: a publisher with confirms answers for every message, once;
// a consumer settles each delivery at most once, and with nothing lost works everything off.
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { consumer, publisher } from '../../src/brokers/rabbitmq/client-config.ts';
import { ConsumerClient } from '../../src/brokers/rabbitmq/clients/consumer.ts';
import { PublisherClient } from '../../src/brokers/rabbitmq/clients/publisher.ts';
import type { ServerFrame } from '../../src/brokers/rabbitmq/protocol.ts';
import { toJsonLine } from '../../src/sim/trace.ts';
import { FakeCluster, messageOf } from '../unit/rabbitmq/clients/fake-node.ts';

const MESSAGES = 40;
const FAULTS_END_MS = 2000;
const END_MS = 60_000;

type Trouble = 'crash' | 'cut' | 'close-channel' | 'close-connection' | 'block';
const troubles = fc.array(
  fc.record({
    atMs: fc.integer({ min: 1, max: FAULTS_END_MS - 500 }),
    lastsMs: fc.integer({ min: 1, max: 400 }),
    what: fc.constantFrom<Trouble>('crash', 'cut', 'close-channel', 'close-connection', 'block'),
    node: fc.constantFrom('rabbit-1', 'rabbit-2'),
  }),
  { maxLength: 6 },
);

/** Does what is to be done at its moments, each no sooner than the one before it is over. */
function suffer(
  cluster: FakeCluster,
  client: string,
  list: typeof troubles extends fc.Arbitrary<infer T> ? T : never,
): void {
  let now = 0;
  for (const { atMs, lastsMs, what, node } of [...list].sort((a, b) => a.atMs - b.atMs)) {
    now = Math.max(now, atMs);
    cluster.until(now);
    if (what === 'crash') cluster.kernel.crash(node);
    else if (what === 'cut') cluster.kernel.cut(client, node);
    else if (what === 'block')
      cluster.node(node).say(client, { method: 'connection.blocked', reason: 'low on memory' });
    else if (what === 'close-channel') cluster.node(node).closeChannel(client, 406, 'as the test wants');
    else cluster.node(node).say(client, { method: 'connection.close', code: 320, text: 'as the test wants' });
    now += lastsMs;
    cluster.until(now);
    if (what === 'crash') cluster.kernel.start(node);
    else if (what === 'cut') cluster.kernel.heal(client, node);
    else if (what === 'block') cluster.node(node).say(client, { method: 'connection.unblocked' });
  }
  cluster.until(END_MS);
}

/** A node that confirms one by one or many, late or early, nacks and forgets, as the draws say, until faults are over. */
function confirming(cluster: FakeCluster, draws: readonly number[]): void {
  const sequences = new Map<string, number>();
  const answered = new Map<string, Set<number>>();
  let at = 0;
  cluster.script = (frame, node) => {
    if (frame.method === 'channel.open' || frame.method === 'connection.open') {
      sequences.set(node.id, 0);
      answered.set(node.id, new Set());
    }
    if (frame.method !== 'basic.publish') return undefined;
    const deliveryTag = (sequences.get(node.id) ?? 0) + 1;
    sequences.set(node.id, deliveryTag);
    const told = answered.get(node.id)!;
    const over = cluster.kernel.now > FAULTS_END_MS * 1000;
    const draw = over ? 0 : draws[at++ % draws.length]!;
    const open = Array.from({ length: deliveryTag }, (_, i) => i + 1).filter((tag) => !told.has(tag));
    const say = (tag: number, multiple: boolean, method: 'basic.ack' | 'basic.nack'): ServerFrame[] => {
      for (const one of open) if (one === tag || (multiple && one < tag)) told.add(one);
      return [{ method, channel: 1, deliveryTag: tag, multiple }];
    };
    if (draw === 1) return say(deliveryTag, false, 'basic.nack');
    if (draw === 2) return say(deliveryTag, true, 'basic.ack');
    if (draw === 3) return say(open[0]!, false, 'basic.ack');
    if (draw === 4) return 'nothing';
    const mandatory: ServerFrame[] =
      draw === 5
        ? [
            {
              method: 'basic.return',
              channel: 1,
              code: 312,
              text: 'NO_ROUTE',
              message: messageOf({ id: frame.content.id }),
            },
          ]
        : [];
    return [...mandatory, ...say(deliveryTag, false, 'basic.ack')];
  };
}

function publishing(
  list: Parameters<typeof suffer>[2],
  draws: readonly number[],
  settings: object,
): FakeCluster {
  const cluster = new FakeCluster(2);
  confirming(cluster, draws);
  const client = v.parse(publisher, {
    id: 'p',
    role: 'publisher',
    load: { ratePerSecond: 50, count: MESSAGES },
    recoveryMs: 50,
    resendMs: 20,
    ...settings,
  });
  const load = cluster.kernel.random('p load');
  const app = cluster.client(
    'p',
    (port) => new PublisherClient(port, client, { next: 0 }, cluster.nodes, load),
  );
  suffer(cluster, 'p', list);
  // What the node forgot is only settled when its application ends.
  app.close();
  cluster.until(2 * END_MS);
  return cluster;
}

describe('a publisher with confirms', () => {
  const runs = fc.tuple(
    troubles,
    fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 20 }),
    fc.record({
      unconfirmed: fc.constantFrom('resend' as const, 'give-up' as const),
      maxUnconfirmed: fc.constantFrom(0, 1, 5),
    }),
  );

  it('R-29: learns of every message, and of none twice; what it gives up it does not publish again', () => {
    fc.assert(
      fc.property(runs, ([list, draws, settings]) => {
        const cluster = publishing(list, draws, settings);
        const confirmed = cluster.of('publish-confirmed').map(({ message }) => message);
        const failed = cluster.of('publish-failed').map(({ message }) => message);
        const returned = cluster.of('returned').map(({ message }) => message);
        const published = cluster.of('published').map(({ message }) => message);
        expect(published).toEqual(Array.from({ length: MESSAGES }, (_, i) => i));
        expect(new Set(confirmed).size).toBe(confirmed.length);
        expect(new Set(failed).size).toBe(failed.length);
        expect(failed.filter((message) => confirmed.includes(message))).toEqual([]);
        expect(failed.filter((message) => returned.includes(message))).toEqual([]);
        const known = new Set([...confirmed, ...failed, ...returned]);
        expect(published.filter((message) => !known.has(message))).toEqual([]);
        if (settings.unconfirmed === 'give-up') expect(cluster.of('republished')).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('is the same run every time', () => {
    fc.assert(
      fc.property(runs, ([list, draws, settings]) => {
        const [one, two] = [publishing(list, draws, settings), publishing(list, draws, settings)];
        expect(one.events.map(toJsonLine)).toEqual(two.events.map(toJsonLine));
      }),
      { numRuns: 20 },
    );
  });
});

describe('a consumer', () => {
  it('R-48: settles no delivery tag of a channel twice, and none of a channel that is gone', () => {
    const settings = fc.record({
      ack: fc.constantFrom('after' as const, 'before' as const),
      ackEvery: fc.constantFrom(1, 3, 10),
      processingMs: fc.constantFrom(0, 7, 60),
      troubles: fc.constantFrom(
        [],
        [{ key: 'a', outcome: 'nack-requeue' as const }],
        [{ key: 'a', outcome: 'reject' as const, times: 3 }],
      ),
    });
    fc.assert(
      fc.property(troubles, settings, (list, more) => {
        const cluster = new FakeCluster(2);
        const client = v.parse(consumer, {
          id: 'c',
          role: 'consumer',
          queues: ['work'],
          recoveryMs: 50,
          ...more,
        });
        const given = new Map<string, Set<number>>();
        const wrong: string[] = [];
        cluster.script = (frame, node, from) => {
          if (frame.method === 'connection.open' || frame.method === 'channel.open')
            given.set(node.id, new Set());
          if (frame.method === 'basic.consume') {
            const tags = given.get(node.id)!;
            const pushed = Array.from({ length: 10 }, (_, i) =>
              node.delivery(frame.tag, { key: i % 3 === 0 ? 'a' : 'b' }),
            );
            for (const { delivery } of pushed as Extract<ServerFrame, { method: 'basic.deliver' }>[])
              tags.add(delivery.deliveryTag);
            node.say(from, { method: 'basic.consume-ok', channel: 1, tag: frame.tag }, ...pushed);
            return 'nothing';
          }
          if (
            frame.method !== 'basic.ack' &&
            frame.method !== 'basic.nack' &&
            frame.method !== 'basic.reject'
          )
            return undefined;
          const tags = given.get(node.id)!;
          if (!tags.has(frame.deliveryTag)) wrong.push(`${frame.method} ${frame.deliveryTag}`);
          for (const tag of [...tags])
            if (
              tag === frame.deliveryTag ||
              ('multiple' in frame && frame.multiple && tag < frame.deliveryTag)
            )
              tags.delete(tag);
          return 'nothing';
        };
        const work = cluster.kernel.random('c work');
        cluster.client('c', (port) => new ConsumerClient(port, client, cluster.nodes, work));
        suffer(cluster, 'c', list);
        expect(wrong).toEqual([]);
        // The last channel it had is worked off.
        expect([...given.values()].some((tags) => tags.size === 0)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
