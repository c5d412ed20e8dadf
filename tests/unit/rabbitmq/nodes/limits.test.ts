// J-8, J-9, J-10: delivery limits, time-to-live and length limits, through connections and channels.
import { describe, expect, it } from 'vitest';
import {
  answers,
  application,
  consume,
  declare,
  get,
  given,
  nack,
  on,
  publish,
  reject,
  runCalls,
} from './calls.ts';
import { run, type Run } from '../harness.ts';

const old = { version: '3.10' } as const;
const quorum = { 'x-queue-type': 'quorum' };
const deadLetters = (of: Run): string[] => {
  const keys = new Map(of.of('published').map(({ message, key }) => [message, key]));
  return of.of('dead-lettered').map(({ message, reason }) => `${keys.get(message) ?? ''} ${reason}`);
};
const deliveryCounts = (of: Run) =>
  of.of('delivered').map(({ redelivered, deliveryCount }) => [redelivered, deliveryCount]);

describe('J-8: the delivery limit of a quorum queue', () => {
  const dlx = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };

  it('R-61, R-62: 3.10 with a limit of two gives a message out three times', () => {
    const trace = runCalls(
      [
        declare('dead'),
        declare('q', { ...quorum, ...dlx, 'x-delivery-limit': 2 }),
        publish('q', 'm'),
        get('q'),
        nack(1),
        get('q'),
        nack(2),
        get('q'),
        nack(3),
        on(get('dead', true), { atMs: 1000 }),
      ],
      { system: old },
    );
    expect(deliveryCounts(trace).slice(0, 3)).toEqual([
      [false, 0],
      [true, 1],
      [true, 2],
    ]);
    expect(deadLetters(trace)).toEqual(['m delivery_limit']);
    expect(trace.of('delivered').at(-1)!.headers!['x-death']).toMatchObject([
      { count: 1, reason: 'delivery_limit', queue: 'q', exchange: '', 'routing-keys': ['q'] },
    ]);
  });

  it('R-61, R-62: 4.2 with a limit of one gives it out twice and says so the second time', () => {
    const trace = run(
      {
        system: { version: '4.2', queues: [{ name: 'q', arguments: { ...quorum, 'x-delivery-limit': 1 } }] },
        clients: [
          application('app', [
            publish('q', 'm'),
            consume('q', 't'),
            on(nack(1), { atMs: 200 }),
            on(nack(2), { atMs: 400 }),
          ]),
        ],
      },
      2000,
    );
    expect(deliveryCounts(trace)).toEqual([
      [false, null],
      [true, 1],
    ]);
    expect(trace.of('dropped')).toMatchObject([{ place: 'q', reason: 'delivery_limit' }]);
  });

  it('R-64: 4.3 counts a reject and not a nack', () => {
    const calls = (settle: typeof nack | typeof reject) => [
      declare('q', { ...quorum, 'x-delivery-limit': 1 }),
      publish('q', 'm'),
      ...[1, 2].flatMap((tag) => [get('q'), settle(tag, true)]),
      get('q'),
    ];
    expect(given(runCalls(calls(nack)), 'app')).toEqual(['m', 'm*', 'm*']);
    const rejected = runCalls(calls(reject));
    expect(given(rejected, 'app')).toEqual(['m', 'm*']);
    expect(rejected.of('nothing-there')).toHaveLength(1);
  });
});

describe('J-9: time-to-live', () => {
  it('R-69: a message behind one that lives longer waits for it, and they go in order', () => {
    const trace = runCalls(
      [
        declare('dead'),
        declare('q', { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }),
        on(publish('q', 'long', { expiration: '600' }), { atMs: 100 }),
        publish('q', 'short', { expiration: '100' }),
        on({ call: 'queue.declare', queue: { name: 'q' }, passive: true }, { atMs: 400 }),
      ],
      { system: old },
      2000,
    );
    const died = trace.of('dead-lettered');
    expect(died.map(({ at }) => at)).toEqual([died[0]!.at, died[0]!.at]);
    expect(died[0]!.at).toBeGreaterThanOrEqual(700_000);
    expect(died[0]!.at).toBeLessThan(703_000);
    expect(deadLetters(trace)).toEqual(['long expired', 'short expired']);
  });

  it('R-68: the lower of the queue’s and the message’s counts', () => {
    const trace = runCalls(
      [declare('q', { 'x-message-ttl': 200 }), on(publish('q', 'm', { expiration: '5000' }), { atMs: 100 })],
      { system: old },
      2000,
    );
    const [gone] = trace.of('dropped');
    expect(gone).toMatchObject({ place: 'q', reason: 'expired' });
    expect(gone!.at).toBeLessThan(303_000);
  });

  it('R-70: nothing keeps a message of no time; a consumer that is ready is given it', () => {
    const trace = runCalls(
      [
        declare('q', { 'x-message-ttl': 0 }),
        publish('q', 'lost'),
        on(consume('q', 't'), { atMs: 100 }),
        publish('q', 'given'),
      ],
      { system: old },
    );
    expect(given(trace, 'app')).toEqual(['given']);
    expect(trace.of('dropped')).toMatchObject([{ reason: 'expired' }]);
  });

  it('R-71: what is given out does not expire; it does when it comes back', () => {
    const trace = runCalls(
      [
        declare('q', { 'x-message-ttl': 200 }),
        publish('q', 'm'),
        get('q'),
        on(nack(1), { atMs: 1000 }),
        on(get('q'), { atMs: 1200 }),
      ],
      { system: old },
    );
    expect(given(trace, 'app')).toEqual(['m']);
    expect(trace.of('dropped')[0]!.at).toBeGreaterThan(1_000_000);
    expect(trace.of('nothing-there')).toHaveLength(1);
  });
});

describe('J-10: four publishes in confirm mode', () => {
  const four = ['1', '2', '3', '4'].map((key) => publish('q', key));
  const dlx = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
  const overflow = (args: object, publishes = four) =>
    runCalls(
      [
        declare('dead'),
        declare('q', { ...args, ...dlx }),
        { call: 'confirm.select' },
        ...publishes,
        on(get('q', true), { atMs: 2000 }),
        ...Array.from({ length: 14 }, () => get('q', true)),
      ],
      { system: old },
    );
  const inOrder = (of: Run): string[] => [...answers(of)].sort();

  it.each([
    [
      'classic, drop-head',
      { 'x-max-length': 2 },
      ['1 ack', '2 ack', '3 ack', '4 ack'],
      ['3', '4'],
      ['1 maxlen', '2 maxlen'],
    ],
    [
      'classic, reject-publish',
      { 'x-max-length': 2, 'x-overflow': 'reject-publish' },
      ['1 ack', '2 ack', '3 nack', '4 nack'],
      ['1', '2'],
      [],
    ],
    [
      'classic, reject-publish-dlx',
      { 'x-max-length': 2, 'x-overflow': 'reject-publish-dlx' },
      ['1 ack', '2 ack', '3 nack', '4 nack'],
      ['1', '2'],
      ['3 maxlen', '4 maxlen'],
    ],
    [
      'quorum, drop-head',
      { ...quorum, 'x-max-length': 2 },
      ['1 ack', '2 ack', '3 ack', '4 ack'],
      ['3', '4'],
      ['1 maxlen', '2 maxlen'],
    ],
  ])('R-74 to R-77: %s', (_, args, confirms, kept, dead) => {
    const trace = overflow(args);
    expect(inOrder(trace)).toEqual(confirms);
    expect(given(trace, 'app')).toEqual(kept);
    expect(deadLetters(trace)).toEqual(dead);
  });

  it.each([
    ['drop-head', 'ack'],
    ['reject-publish', 'nack'],
  ])('R-78: of no length, %s', (how, answer) => {
    const trace = overflow({ 'x-max-length': 0, 'x-overflow': how });
    expect(inOrder(trace)).toEqual(['1', '2', '3', '4'].map((key) => `${key} ${answer}`));
    expect(given(trace, 'app')).toEqual([]);
  });

  it('R-79: a quorum queue takes one more than its limit before it refuses', () => {
    const one = (key: string, atMs: number) => on(publish('q', key), { atMs });
    const trace = runCalls(
      [
        declare('q', { ...quorum, 'x-max-length': 2, 'x-overflow': 'reject-publish' }),
        { call: 'confirm.select' },
        ...['1', '2', '3', '4', '5', '6'].map((key, i) => one(key, 100 * (i + 1))),
        on(get('q', true), { atMs: 2000 }),
        get('q', true),
        get('q', true),
      ],
      { system: old },
    );
    expect(answers(trace)).toEqual(['1 ack', '2 ack', '3 ack', '4 nack', '5 nack', '6 nack']);
    expect(given(trace, 'app')).toEqual(['1', '2', '3']);
  });

  it('R-79: and of thirteen, one after another, with a limit of ten, eleven', () => {
    const trace = runCalls(
      [
        declare('q', { ...quorum, 'x-max-length': 10, 'x-overflow': 'reject-publish' }),
        { call: 'confirm.select' },
        ...Array.from({ length: 13 }, (_, i) => on(publish('q', String(i + 1)), { atMs: 100 * (i + 1) })),
      ],
      { system: old },
    );
    expect(answers(trace).map((answer) => answer.split(' ')[1])).toEqual([
      ...Array<string>(11).fill('ack'),
      'nack',
      'nack',
    ]);
  });
});
