// J-12, J-14 and R-87: dead letters, alternates and exchanges bound to exchanges, through connections and channels.
import { describe, expect, it } from 'vitest';
import {
  ack,
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
const headersOf = (of: Run, place: string) =>
  of
    .of('delivered')
    .filter((event) => event.place === place)
    .map(({ headers }) => headers!);
const exchange = (name: string, type: 'direct' | 'fanout' | 'topic', args: object = {}) => ({
  name,
  type,
  arguments: args as Record<string, string>,
});
const bind = (
  source: string,
  destination: string,
  routingKey = '',
  destinationType: 'queue' | 'exchange' = 'queue',
) => ({
  source,
  destination,
  routingKey,
  destinationType,
});

describe('J-12: what is written on a dead letter', () => {
  it.each([
    ['classic', '4.3', ['n', 'r*']],
    ['quorum', '4.3', ['n', 'r*']],
    ['quorum', '4.2', ['n', 'r']],
  ])('R-52: what a %s queue of %s has got back by basic.nack has failed nowhere', (type, version, keys) => {
    const trace = runCalls(
      [
        declare('q', {
          'x-queue-type': type,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': 'dead',
        }),
        declare('dead', { 'x-queue-type': type }),
        publish('q', 'n'),
        publish('q', 'r'),
        on(get('q'), { atMs: 500 }),
        get('q'),
        nack(1, false),
        reject(2, false),
        on(get('dead', true), { atMs: 1000 }),
        get('dead', true),
      ],
      { system: { version: version as '4.2' | '4.3' } },
    );
    expect(given(trace, 'app', 'dead')).toEqual(keys);
  });

  it('R-82, R-83: of a rejected message with an expiration and headers', () => {
    const trace = run(
      {
        system: {
          ...old,
          exchanges: [exchange('src', 'direct'), exchange('dlx', 'fanout')],
          queues: [{ name: 'd1', arguments: { 'x-dead-letter-exchange': 'dlx' } }, { name: 'dead' }],
          bindings: [bind('src', 'd1', 'rk1'), bind('dlx', 'dead')],
        },
        clients: [
          application('app', [
            publish('rk1', 'm', { exchange: 'src', expiration: '60000', headers: { mine: 'yes' } }),
            get('d1'),
            reject(1, false),
            on(get('dead'), { atMs: 500 }),
          ]),
        ],
      },
      2000,
    );
    const dead = trace.of('delivered').at(-1)!;
    expect(dead).toMatchObject({ place: 'dead', exchange: 'dlx', routingKey: 'rk1', redelivered: false });
    expect(dead.headers).toMatchObject({
      mine: 'yes',
      'x-death': [
        {
          count: 1,
          reason: 'rejected',
          queue: 'd1',
          exchange: 'src',
          'routing-keys': ['rk1'],
          'original-expiration': '60000',
        },
      ],
    });
    // Without the property it does not expire where it is now.
    expect(trace.of('dropped')).toEqual([]);
  });

  it('R-86: a message that expires in two queues in turn is dropped when it would come back', () => {
    const trace = run(
      {
        system: {
          ...old,
          queues: [
            {
              name: 'a',
              arguments: {
                'x-message-ttl': 100,
                'x-dead-letter-exchange': '',
                'x-dead-letter-routing-key': 'b',
              },
            },
            {
              name: 'b',
              arguments: {
                'x-message-ttl': 100,
                'x-dead-letter-exchange': '',
                'x-dead-letter-routing-key': 'a',
              },
            },
          ],
        },
        clients: [application('app', [publish('a', 'm')])],
      },
      2000,
    );
    expect(trace.of('dead-lettered').map(({ place }) => place)).toEqual(['a', 'b']);
    expect(trace.of('dropped')).toMatchObject([{ reason: 'dead-letter cycle' }]);
  });

  it('R-86: a message that a client rejects goes round for ever, and is counted', () => {
    const trace = run(
      {
        system: {
          ...old,
          queues: [
            { name: 'q', arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q' } },
          ],
        },
        clients: [
          application('app', [
            publish('q', 'm'),
            ...[1, 2, 3, 4].flatMap((tag) => [on(get('q'), { atMs: tag * 100 }), reject(tag, false)]),
          ]),
        ],
      },
      3000,
    );
    const counts = headersOf(trace, 'q').map(
      (headers) => (headers['x-death'] as { count: number }[] | undefined)?.[0]!.count,
    );
    expect(counts).toEqual([undefined, 1, 2, 3]);
  });

  it('R-83, R-84: work, retry and work again: the history of attempt n', () => {
    const trace = run(
      {
        system: {
          version: '4.3',
          queues: [
            {
              name: 'work',
              arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'retry' },
            },
            {
              name: 'retry',
              arguments: {
                'x-message-ttl': 100,
                'x-dead-letter-exchange': '',
                'x-dead-letter-routing-key': 'work',
              },
            },
          ],
        },
        clients: [
          {
            id: 'c',
            role: 'consumer',
            queues: ['work'],
            prefetchCount: 1,
            processingMs: 0,
            troubles: [{ key: null, outcome: 'reject', times: 3 }],
          },
          application('p', [publish('work', 'm')]),
        ],
      },
      3000,
    );
    const histories = headersOf(trace, 'work').map((headers) =>
      ((headers['x-death'] ?? []) as { queue: string; reason: string; count: number }[]).map(
        ({ queue, reason, count }) => [queue, reason, count],
      ),
    );
    expect(histories).toEqual([
      [],
      ...[1, 2, 3].map((n) => [
        ['retry', 'expired', n],
        ['work', 'rejected', n],
      ]),
    ]);
    expect(headersOf(trace, 'work').at(-1)).toMatchObject({
      'x-first-death-queue': 'work',
      'x-first-death-reason': 'rejected',
      'x-last-death-queue': 'retry',
    });
  });
});

describe('R-87: at least once', () => {
  const source = {
    name: 'q',
    arguments: {
      'x-queue-type': 'quorum',
      'x-dead-letter-exchange': 'dlx',
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    },
  };
  const clients = [application('app', [publish('q', 'm'), get('q'), nack(1, false)])];

  it('the queue lets go of a letter when everybody it is for has it', () => {
    const trace = run(
      {
        system: {
          exchanges: [exchange('dlx', 'fanout')],
          queues: [source, { name: 'dead' }],
          bindings: [bind('dlx', 'dead')],
        },
        clients,
      },
      2000,
    );
    const appended = trace.of('appended').find(({ place }) => place === 'dead')!;
    const [gone] = trace.of('dead-lettered');
    expect(gone).toMatchObject({ place: 'q', to: 'dlx', reason: 'rejected' });
    expect(gone!.seq).toBeGreaterThan(appended.seq);
  });

  it('and keeps it while it has nowhere to go', () => {
    const trace = run(
      {
        system: { exchanges: [exchange('dlx', 'fanout')], queues: [source, { name: 'dead' }] },
        clients,
        steps: [{ atMs: 100_000, do: { do: 'bind', binding: bind('dlx', 'dead') } }],
      },
      400_000,
    );
    expect(trace.of('dropped')).toEqual([]);
    const [gone] = trace.of('dead-lettered');
    expect(gone!.at).toBeGreaterThan(180_000_000);
  });
});

describe('J-14: alternates, and exchanges bound to exchanges', () => {
  const alternate = {
    ...old,
    exchanges: [
      exchange('aeX', 'fanout'),
      exchange('aeM', 'direct', { 'alternate-exchange': 'aeX' }),
      exchange('nothing', 'fanout'),
    ],
    queues: [{ name: 'mine' }, { name: 'rest' }],
    bindings: [bind('aeM', 'mine', 'k'), bind('aeX', 'rest'), bind('aeM', 'nothing', 'q', 'exchange')],
  };

  it('R-25: what matches nothing goes to the alternate, and is not returned', () => {
    const trace = run(
      {
        system: alternate,
        clients: [
          application('app', [
            publish('k', 'matched', { exchange: 'aeM' }),
            publish('zz', 'other', { exchange: 'aeM', mandatory: true }),
            publish('q', 'lost', { exchange: 'aeM' }),
            on(get('rest'), { atMs: 500 }),
            get('mine'),
            get('rest'),
          ]),
        ],
      },
      2000,
    );
    expect(given(trace, 'app', 'mine')).toEqual(['matched']);
    expect(given(trace, 'app', 'rest')).toEqual(['other']);
    expect(trace.of('delivered')[0]).toMatchObject({ exchange: 'aeM', routingKey: 'zz' });
    expect(trace.of('returned')).toEqual([]);
    expect(trace.of('dropped')).toMatchObject([{ place: 'aeM', reason: 'unroutable' }]);
  });

  it('R-24: one copy for each queue, however many ways lead there', () => {
    const trace = run(
      {
        system: {
          ...old,
          exchanges: [exchange('e1', 'fanout'), exchange('e2', 'fanout')],
          queues: [{ name: 'q' }],
          bindings: [
            bind('e1', 'e2', '', 'exchange'),
            bind('e2', 'e1', '', 'exchange'),
            bind('e1', 'q'),
            bind('e2', 'q', 'again'),
            bind('e2', 'q'),
          ],
        },
        clients: [application('app', [publish('', 'm', { exchange: 'e1' }), get('q'), get('q')])],
      },
      2000,
    );
    expect(given(trace, 'app')).toEqual(['m']);
    expect(trace.of('routed')).toHaveLength(1);
  });

  it('R-26: CC and BCC are further keys, and nobody sees BCC', () => {
    const trace = run(
      {
        system: { ...old, queues: [{ name: 'dc1' }, { name: 'dc2' }, { name: 'dc3' }] },
        clients: [
          application('app', [
            publish('dc1', 'm', { headers: { CC: ['dc2'], BCC: ['dc3'] } }),
            ...['dc1', 'dc2', 'dc3'].map((queue) => get(queue)),
          ]),
        ],
      },
      2000,
    );
    const seen = trace.of('delivered');
    expect(seen.map(({ place, routingKey, headers }) => [place, routingKey, headers])).toEqual(
      ['dc1', 'dc2', 'dc3'].map((place) => [place, 'dc1', { CC: ['dc2'] }]),
    );
  });

  it('R-28: what is mandatory and goes nowhere comes back, and then it is confirmed', () => {
    const trace = runCalls([{ call: 'confirm.select' }, publish('nowhere', 'm', { mandatory: true })], {
      system: old,
    });
    const [returned] = trace.of('returned');
    expect(returned).toMatchObject({ reason: '312 NO_ROUTE' });
  });

  it('R-28: what is not mandatory vanishes, and is confirmed all the same', () => {
    const trace = runCalls([{ call: 'confirm.select' }, publish('nowhere', 'm')], { system: old });
    expect(trace.of('dropped')).toMatchObject([{ place: '', reason: 'unroutable' }]);
    expect(trace.of('publish-confirmed')).toHaveLength(1);
  });
});

describe('R-33: transactions', () => {
  it('nothing is there before the commit, and all of it after', () => {
    const trace = run(
      {
        system: { ...old, queues: [{ name: 'q' }] },
        clients: [
          application('app', [
            { call: 'tx.select' },
            publish('q', '1'),
            publish('q', '2'),
            on({ call: 'tx.commit' }, { atMs: 1000 }),
          ]),
          application('reader', [on(get('q'), { atMs: 500 }), on(consume('q', 't'), { atMs: 2000 })]),
        ],
      },
      3000,
    );
    expect(trace.of('nothing-there')).toHaveLength(1);
    expect(given(trace, 'reader')).toEqual(['1', '2']);
  });

  it('a rollback drops what was published, and leaves what was acknowledged unacknowledged', () => {
    const trace = runCalls(
      [
        declare('q'),
        publish('q', 'old'),
        { call: 'tx.select' },
        get('q'),
        publish('q', 'new'),
        ack(1),
        { call: 'tx.rollback' },
        get('q'),
        nack(1),
        { call: 'tx.commit' },
        get('q'),
      ],
      { system: old },
    );
    expect(given(trace, 'app')).toEqual(['old', 'old*']);
    expect(trace.of('nothing-there')).toHaveLength(1);
  });
});
