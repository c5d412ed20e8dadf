/**
 * Random lives of a queue: what it does is what a naive model says, nothing is lost or had twice, nobody has more than his
 * prefetch, and a replica that only follows comes to the same.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Version } from '../../src/brokers/rabbitmq/config.ts';
import type { QueueCommand, QueueLimits, QueueMachine } from '../../src/brokers/rabbitmq/queue.ts';
import { ClassicQueue } from '../../src/brokers/rabbitmq/queues/classic.ts';
import { deepClone } from '../../src/sim/clone.ts';
import { Snapshot } from '../../src/sim/snapshot.ts';
import type { EventBody } from '../../src/sim/trace.ts';
import { machine, message, Node, UNLIMITED } from '../unit/rabbitmq/queues/harness.ts';
import { NaiveQueue } from './rabbitmq-queue-model.ts';

const CHANNELS = { a: 'x', b: 'x', c: 'y', d: 'z' } as const;
type Tag = keyof typeof CHANNELS;
const TAGS = Object.keys(CHANNELS) as Tag[];

const tag = fc.constantFrom(...TAGS);
const channel = fc.constantFrom('x', 'y', 'z');
/** Which of what a channel has: a bit for each, in the order of delivery. */
const some = fc.integer({ min: 1, max: 15 });
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      priority: fc.option(fc.constantFrom(0, 2, 5, 9, 40)),
      expiration: fc.option(fc.constantFrom('0', '3', '8'), { freq: 3 }),
      bytes: fc.constantFrom(10, 30),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('consume' as const),
      tag,
      prefetch: fc.constantFrom(0, 1, 2, 3),
      noAck: fc.boolean(),
      priority: fc.constantFrom(0, 0, 1, -1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), tag }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('down' as const), channel }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('ack' as const, 'ack' as const, 'discard' as const),
      channel,
      some,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('requeue' as const),
      channel,
      some,
      why: fc.constantFrom('nack' as const, 'reject' as const, 'recover' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('get' as const), channel, noAck: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: 'purge' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('room' as const), channel, room: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: 'settle-outside' as const }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;
const history = fc.array(operation, { minLength: 20, maxLength: 80, size: 'max' });

const limits: fc.Arbitrary<QueueLimits> = fc
  .record({
    messageTtl: fc.option(fc.constantFrom(0, 4_000, 20_000), { freq: 3 }),
    maxLength: fc.option(fc.integer({ min: 0, max: 4 }), { freq: 2 }),
    maxLengthBytes: fc.option(fc.constantFrom(25, 60), { freq: 3 }),
    overflow: fc.constantFrom('drop-head' as const, 'drop-head' as const, 'reject-publish' as const),
    deadLetterExchange: fc.option(fc.constantFrom('dlx', 'missing')),
    maxPriority: fc.constantFrom(0, 0, 5),
    deliveryLimit: fc.option(fc.constantFrom(0, 1, 3)),
    delayedRetry: fc.constantFrom(
      UNLIMITED.delayedRetry,
      { type: 'all' as const, min: 2_000, max: 5_000 },
      { type: 'failed' as const, min: 1_000, max: null },
      { type: 'returned' as const, min: 3_000, max: null },
    ),
  })
  .map((some) => ({ ...UNLIMITED, ...some }));

const strategies = fc.record({
  deadLetterStrategy: fc.constantFrom('at-most-once' as const, 'at-least-once' as const),
  singleActiveConsumer: fc.boolean(),
});

/** One queue, its node, and all commands that it was given. */
class Life {
  readonly node = new Node();
  readonly queue: QueueMachine;
  readonly commands: (readonly [QueueCommand, number])[] = [];
  private readonly consuming = new Set<Tag>();
  private now = 0;
  private published = 0;
  private readonly onCommand: (command: QueueCommand, now: number) => void;

  constructor(
    queue: QueueMachine,
    onCommand: (command: QueueCommand, now: number) => void = () => undefined,
  ) {
    this.queue = queue;
    this.onCommand = onCommand;
  }

  /** @param has positions that a channel has now */
  do(op: Operation, has: (channel: string) => readonly number[]): void {
    const chosen = (channel: string, bits: number) => has(channel).filter((_, i) => (bits >> (i & 3)) & 1);
    switch (op.do) {
      case 'publish': {
        const { priority, expiration, bytes } = op;
        const id = this.published++;
        const publish = { channel: 'publisher', sequence: id };
        this.apply({ type: 'enqueue', message: message(id, { priority, expiration, bytes }), publish });
        break;
      }
      case 'consume': {
        if (this.consuming.has(op.tag)) break;
        this.consuming.add(op.tag);
        const { prefetch, noAck, priority } = op;
        const shared = { client: op.tag, exclusive: false, offset: null };
        const subscription = { channel: CHANNELS[op.tag], tag: op.tag, prefetch, noAck, priority, ...shared };
        this.apply({ type: 'consume', subscription });
        break;
      }
      case 'cancel':
        this.consuming.delete(op.tag);
        this.apply({ type: 'cancel', channel: CHANNELS[op.tag], tag: op.tag });
        break;
      case 'down':
        for (const one of TAGS) if (CHANNELS[one] === op.channel) this.consuming.delete(one);
        this.apply({ type: 'channel-down', channel: op.channel, why: 'channel-down' });
        break;
      case 'ack':
      case 'discard':
        this.apply({
          type: op.do,
          channel: op.channel,
          positions: chosen(op.channel, op.some),
          failed: true,
        });
        break;
      case 'requeue':
        this.apply({
          type: 'requeue',
          channel: op.channel,
          positions: chosen(op.channel, op.some),
          why: op.why,
        });
        break;
      case 'get':
        this.apply({ type: 'get', channel: op.channel, client: 'getter', noAck: op.noAck });
        break;
      case 'purge':
        this.apply({ type: 'purge', channel: 'x' });
        break;
      case 'wait':
        this.wait(op.ms * 1000);
        break;
      case 'room':
        if (op.room) {
          this.node.full.delete(op.channel);
          this.apply({ type: 'resume', channel: op.channel });
        } else {
          this.node.full.add(op.channel);
        }
        break;
      case 'settle-outside': {
        // The disk, and whoever dead letters are for.
        const written = this.node.stored.at(-1);
        if (written !== undefined) this.apply({ type: 'synced', position: written });
        for (const { position, held } of this.node.dead) {
          if (held && position !== null) this.apply({ type: 'dead-letter-confirmed', position });
        }
        break;
      }
    }
  }

  private wait(micros: number): void {
    const until = this.now + micros;
    for (let at = this.node.wake; at !== null && at <= until; at = this.node.wake) {
      this.now = Math.max(this.now, at);
      this.node.wake = null;
      this.apply({ type: 'tick' });
    }
    this.now = until;
  }

  private apply(command: QueueCommand): void {
    this.commands.push([command, this.now]);
    this.onCommand(command, this.now);
    this.queue.apply(command, this.now, this.node);
  }
}

function play(life: Life, ops: readonly Operation[]): void {
  const debts = new Debts(life.node);
  for (const op of ops) life.do(op, (one) => debts.of(one));
}

function queueOf(
  type: 'classic' | 'quorum',
  version: Version,
  settings: QueueLimits,
  durable: boolean,
): QueueMachine {
  return machine(type, { name: 'q', node: 'rabbit-1', durable, version, limits: settings });
}

/** What the trace says became of each copy, and how often. */
function ends({ events }: Node): Map<number, string[]> {
  const map = new Map<number, string[]>();
  for (const event of events) {
    const end = endOf(event);
    const { position } = event as Positioned;
    if (end !== null && position !== undefined) map.set(position, [...(map.get(position) ?? []), end]);
  }
  return map;
}

interface Positioned {
  readonly position?: number;
}

/** What an event says of the end of a copy, if it does. */
function endOf(event: EventBody): string | null {
  if (event.kind === 'removed') return 'removed';
  return event.kind === 'dropped' || event.kind === 'dead-lettered' ? event.reason : null;
}

/** Everything that was said to anybody, in order. */
function said(node: Node): unknown[] {
  const { given, answers, left, purges, confirms, nacks, stored, dead, events, blocks, wake } = node;
  return [given, answers, left, purges, confirms, nacks, stored, dead, events, blocks, wake];
}

const channelOf = (client: string): string => (client === 'getter' ? 'x' : CHANNELS[client as Tag]);

/** Who has which position, as the trace tells it; in the order of delivery. */
class Debts {
  private readonly holders = new Map<number, string>();
  private readonly node: Node;
  private heard = 0;

  constructor(node: Node) {
    this.node = node;
  }

  /** @returns the next event that gave a copy out, and how many copies its client has then; undefined: there is none */
  next(): { client: string; holds: number } | undefined {
    const { events } = this.node;
    while (this.heard < events.length) {
      const event = events[this.heard++]!;
      if (event.kind === 'acquired') {
        const { position, client } = event;
        this.holders.set(position, client);
        return { client, holds: [...this.holders.values()].filter((one) => one === client).length };
      }
      if (event.kind === 'released' || endOf(event) !== null)
        this.holders.delete((event as Positioned).position!);
    }
    return undefined;
  }

  of(channel: string): number[] {
    while (this.next() !== undefined);
    return [...this.holders]
      .filter(([, client]) => channelOf(client) === channel)
      .map(([position]) => position);
  }
}

const CASES = [
  ['classic', '4.3'],
  ['quorum', '3.10'],
  ['quorum', '4.2'],
  ['quorum', '4.3'],
] as const;

describe.each(CASES)('%s queue, %s', (type, version) => {
  it('does what the naive model does (R-37 to R-51, R-60 to R-78, R-88)', () => {
    fc.assert(
      fc.property(limits, history, (settings, ops) => {
        const model = new NaiveQueue(type, version, settings);
        const queue = queueOf(type, version, settings, false);
        const life = new Life(queue, (command, now) => {
          for (const one of ['x', 'y', 'z']) model.setRoom(one, !life.node.full.has(one));
          model.apply(command, now);
        });
        let heard = 0;
        const words: string[] = [];
        const listen = (): void => {
          const { given, answers } = life.node;
          for (; heard < given.length; heard++) {
            const { tag: who, id, redelivered } = given[heard]!;
            words.push(`${who} ${id}${redelivered ? '*' : ''}`);
          }
          for (const answer of answers.splice(0)) {
            words.push(answer === null ? 'get nothing' : `get ${answer.id}${answer.redelivered ? '*' : ''}`);
          }
        };
        for (const op of ops) {
          life.do(op, (one) => model.positionsOf(one));
          // A get answers before what the command gives to others.
          const before = words.length;
          listen();
          const news = model.outcome.given.slice(before);
          expect([...words.slice(before)].sort()).toEqual([...news].sort());
          expect(words.slice(before).filter((word) => !word.startsWith('get'))).toEqual(
            news.filter((word) => !word.startsWith('get')),
          );
          const { ready, unacknowledged, held } = queue.info();
          expect({ ready, unacknowledged, held }).toEqual(model.counts);
        }
        expect(Object.fromEntries([...ends(life.node)].sort())).toEqual(
          Object.fromEntries([...model.outcome.ends].map(([position, how]) => [position, [how]]).sort()),
        );
        expect([life.node.confirms, life.node.nacks]).toEqual([model.outcome.confirms, model.outcome.nacks]);
      }),
      { numRuns: 120 },
    );
  });

  it('lets every copy have one end or be owed, and nobody more than his prefetch (R-41, R-80, R-87)', () => {
    fc.assert(
      fc.property(limits, strategies, history, (some, more, ops) => {
        const settings = { ...some, ...more };
        const life = new Life(queueOf(type, version, settings, true));
        const debts = new Debts(life.node);
        const has = (one: string) => debts.of(one);
        for (const op of ops) {
          if (op.do === 'get' && more.singleActiveConsumer) continue;
          // What is got goes by the channel of the getter.
          life.do(op.do === 'get' ? { ...op, channel: 'x' } : op, has);
          const { consumers, ready, unacknowledged, held, readyBytes } = life.queue.info();
          const appended = life.node.of('appended').length;
          const ended = ends(life.node);
          expect([...ended.values()].filter((how) => how.length !== 1)).toEqual([]);
          expect(appended - ended.size).toBe(ready + unacknowledged + held);
          expect(readyBytes).toBeGreaterThanOrEqual(ready * 10);
          expect(unacknowledged).toBe(['x', 'y', 'z'].reduce((sum, one) => sum + has(one).length, 0));
          expect(consumers.filter((one) => one.active).length).toBeLessThanOrEqual(
            more.singleActiveConsumer ? 1 : TAGS.length,
          );
        }
        // Who cancelled and came again may have what it had before and what it may have now.
        const most = new Map<string, number>();
        for (const [command] of life.commands) {
          if (command.type !== 'consume') continue;
          const { tag: who, prefetch, noAck } = command.subscription;
          const limit = noAck ? 0 : prefetch === 0 ? Infinity : prefetch;
          const before = most.get(who) ?? 0;
          // A quorum queue takes a consumer for the one of its tag that has yet to settle.
          const isOne = type === 'quorum' && !more.singleActiveConsumer;
          most.set(who, isOne ? Math.max(before, limit) : before + limit);
        }
        const told = new Debts(life.node);
        for (let given = told.next(); given !== undefined; given = told.next()) {
          if (given.client !== 'getter') expect(given.holds).toBeLessThanOrEqual(most.get(given.client) ?? 0);
        }
        const answered = [...life.node.confirms, ...life.node.nacks];
        expect(new Set(answered).size).toBe(answered.length);
      }),
      { numRuns: 80 },
    );
  });

  it('says the same to the same commands, and goes on from where it is restored to as it did', () => {
    fc.assert(
      fc.property(limits, history, (settings, ops) => {
        const life = new Life(queueOf(type, version, settings, true));
        play(life, ops);
        const half = life.commands.length >> 1;
        const run = { queue: queueOf(type, version, settings, true), node: new Node() };
        for (const [command, now] of life.commands.slice(0, half)) run.queue.apply(command, now, run.node);
        const snapshot = new Snapshot(run);
        const goOn = () => {
          for (const [command, now] of life.commands.slice(half)) run.queue.apply(command, now, run.node);
          return deepClone({ said: said(run.node), queue: run.queue });
        };
        const first = goOn();
        snapshot.restore();
        expect(goOn()).toEqual(first);
      }),
      { numRuns: 60 },
    );
  });
});

/** The node of a follower: it tells nobody anything. */
class Silent extends Node {
  override deliver(): void {}
  override got(): void {}
  override purged(): void {}
  override confirmed(): void {}
  override rejected(): void {}
  override hasExchange(): boolean {
    return false;
  }
  override hasRoom(): boolean {
    return false;
  }
  override deadLetter(): void {}
  override wakeAt(): void {}
  override blockPublishers(): void {}
  override trace(): void {}
}

describe.each(['3.10', '4.2', '4.3'] as const)('quorum queue, %s', (version) => {
  it('is the same on a follower as on the leader (R-56)', () => {
    fc.assert(
      fc.property(limits, strategies, history, (some, more, ops) => {
        const settings = { ...some, ...more, singleActiveConsumer: false };
        const leader = new Life(queueOf('quorum', version, settings, true));
        play(leader, ops);
        const follower = queueOf('quorum', version, settings, true);
        const silent = new Silent();
        for (const [command, now] of leader.commands) follower.apply(command, now, silent);
        expect(follower).toEqual(leader.queue);
      }),
      { numRuns: 60 },
    );
  });
});

describe('classic queue', () => {
  it('has after a crash what its disk had, and loses nothing that was confirmed and persistent (R-30, R-55)', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (ops, transient) => {
        const life = new Life(queueOf('classic', '4.3', UNLIMITED, true));
        play(life, ops);
        if (transient) {
          life.queue.apply(
            { type: 'enqueue', message: message(-1, { persistent: false }), publish: null },
            0,
            life.node,
          );
        }
        const { queue, node } = life;
        if (!(queue instanceof ClassicQueue)) throw new Error('not a classic queue');
        const confirmed = new Set(node.confirms);
        queue.restart(1_000_000, true, node);
        const lost = node.of('dropped').filter((event) => event.reason === 'node-crashed');
        expect(lost.filter(({ message: id }) => confirmed.has(id!))).toEqual([]);
        expect(queue.info()).toMatchObject({ unacknowledged: 0, consumers: [], unacknowledgedBytes: 0 });
        expect(queue.info().ready + ends(node).size).toBe(node.of('appended').length);
        const positions: number[] = [];
        node.answers.length = 0;
        for (let n = queue.info().ready; n > 0; n--) {
          queue.apply({ type: 'get', channel: 'x', client: 'x', noAck: true }, 1_000_000, node);
          // What expired behind the head is gone without having been asked for.
          const answer = node.answers.at(-1) ?? null;
          if (answer !== null) positions.push(answer.position);
        }
        expect(positions).toEqual([...positions].sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });
});
