// Nodes that crash, stop, are cut off and come back.
import { describe, expect, it } from 'vitest';
import { RabbitNode } from '../../../../src/brokers/rabbitmq/node.ts';
import { toJsonLine } from '../../../../src/sim/trace.ts';
import { answers, application, consume, errors, get, given, on, publish } from './calls.ts';
import { run, type ClientInput, type Run } from '../harness.ts';

const quorum = { 'x-queue-type': 'quorum' };
const publisher = (more: object = {}): ClientInput => ({
  id: 'p',
  role: 'publisher',
  routingKey: 'q',
  load: { ratePerSecond: 50, untilMs: 10_000 },
  recoveryMs: 500,
  ...more,
});
const consumer = (more: object = {}): ClientInput => ({
  id: 'c',
  role: 'consumer',
  queues: ['q'],
  prefetchCount: 10,
  processingMs: 1,
  recoveryMs: 500,
  ...more,
});
type Version = '3.10' | '4.2' | '4.3';

const leaders = (of: Run) => of.of('leader-elected').map(({ node, epoch }) => [node, epoch] as const);

describe('R-55: a node with a classic queue crashes', () => {
  const crashed = (queue: object, deliveryMode: 1 | 2, more: object = {}) =>
    run(
      {
        system: { queues: [{ name: 'q', ...queue }], version: '4.2', ...more },
        clients: [
          application(
            'app',
            [
              { call: 'confirm.select' },
              publish('q', '1', { deliveryMode }),
              on(publish('q', '2', { deliveryMode }), { atMs: 100 }),
              on(get('q'), { atMs: 3000 }),
            ],
            { recoveryMs: 500 },
          ),
        ],
        steps: [
          { atMs: 1000, do: { do: 'crash', target: 'rabbit-1' } },
          { atMs: 2000, do: { do: 'restart', target: 'rabbit-1' } },
        ],
      },
      5000,
    );

  it('persistent messages of a durable queue are there again, flagged as redelivered (R-52)', () => {
    expect(given(crashed({}, 2), 'app')).toEqual(['1*']);
  });

  it('transient ones are not, and the run says so', () => {
    const trace = crashed({}, 1);
    expect(given(trace, 'app')).toEqual([]);
    expect(trace.of('dropped')).toMatchObject([{ reason: 'node-crashed' }, { reason: 'node-crashed' }]);
    expect(trace.of('nothing-there')).toHaveLength(1);
  });

  it('and of a transient queue nothing is, nor the queue', () => {
    const trace = crashed({ durable: false }, 2);
    expect(trace.of('places-deleted')).toMatchObject([{ name: 'q' }]);
    expect(errors(trace).at(-1)).toBe("404 NOT_FOUND: no queue 'q' in vhost '/'");
  });

  it('what the disk did not have yet is lost, and was not confirmed', () => {
    const trace = run(
      {
        system: { queues: [{ name: 'q' }], costs: { fsyncMs: 500 } },
        clients: [
          application('app', [{ call: 'confirm.select' }, on(publish('q', '1'), { atMs: 900 })], {
            recoveryMs: 500,
          }),
        ],
        steps: [
          { atMs: 1000, do: { do: 'crash', target: 'rabbit-1' } },
          { atMs: 2000, do: { do: 'restart', target: 'rabbit-1' } },
        ],
      },
      5000,
    );
    expect(answers(trace)).toEqual(['1 nack']);
    expect(trace.of('dropped')).toMatchObject([{ position: 0, reason: 'node-crashed' }]);
  });
});

describe('a classic queue of another node that is down', () => {
  const trace = run(
    {
      system: {
        nodes: 2,
        queues: [{ name: 'q', node: 2 }],
        exchanges: [{ name: 'all', type: 'fanout' }],
        bindings: [{ source: 'all', destination: 'q' }],
      },
      clients: [
        application('app', [
          consume('q', 't'),
          { call: 'confirm.select' },
          on(publish('', 'm', { exchange: 'all' }), { atMs: 1500 }),
          on(get('q'), { atMs: 2000 }),
          on(get('q'), { atMs: 4000 }),
        ]),
      ],
      steps: [
        { atMs: 1000, do: { do: 'crash', target: 'rabbit-2' } },
        { atMs: 3000, do: { do: 'restart', target: 'rabbit-2' } },
      ],
    },
    6000,
  );

  it('R-46: its consumers elsewhere are cancelled', () => {
    expect(trace.of('consuming-ended')[0]).toMatchObject({ client: 'app', place: 'q', tag: 't' });
  });

  it('R-31: what is published to it is refused', () => {
    expect(answers(trace)).toEqual(['m nack']);
  });

  it('R-54: whoever asks for it is told that its node is down, and served when it is back', () => {
    expect(errors(trace)).toEqual([
      "404 NOT_FOUND: home node 'rabbit-2' of durable queue 'q' in vhost '/' is down or inaccessible",
    ]);
    expect(trace.of('nothing-there')).toHaveLength(1);
  });
});

describe('R-56: a quorum queue of three loses the node that leads it', () => {
  const trace = run(
    {
      system: { nodes: 3, queues: [{ name: 'q', arguments: quorum }] },
      clients: [publisher({ node: 2 }), consumer({ node: 3 })],
      steps: [
        { atMs: 3000, do: { do: 'crash', target: 'rabbit-1' } },
        { atMs: 6000, do: { do: 'restart', target: 'rabbit-1' } },
      ],
    },
    20_000,
  );

  it('another is elected within a second, and everything that was published is confirmed and processed once', () => {
    expect(leaders(trace).slice(0, 2)).toEqual([
      ['rabbit-1', 1],
      [null, 1],
    ]);
    const [, , elected] = trace.of('leader-elected');
    expect(elected!.at - 3_000_000).toBeLessThan(1_000_000);
    const published = trace.of('published').map(({ message }) => message);
    expect(trace.of('publish-confirmed').map(({ message }) => message)).toEqual(published);
    expect(trace.of('processed').map(({ message }) => message)).toEqual(published);
  });

  it('clients on the other nodes keep their connections', () => {
    expect(trace.of('disconnected')).toEqual([]);
  });

  it('the node that comes back gets what it missed', () => {
    const later = trace.of('replicated').filter(({ node, at }) => node === 'rabbit-1' && at > 6_000_000);
    expect(later.length).toBeGreaterThan(100);
  });
});

describe('R-56: without a majority', () => {
  const trace = run(
    {
      system: { nodes: 3, queues: [{ name: 'q', arguments: quorum }] },
      clients: [publisher(), application('app', [on(get('q'), { atMs: 4000 })])],
      steps: [
        { atMs: 2000, do: { do: 'crash', target: 'rabbit-2' } },
        { atMs: 3000, do: { do: 'crash', target: 'rabbit-3' } },
        { atMs: 12_000, do: { do: 'restart', target: 'rabbit-3' } },
      ],
    },
    20_000,
  );

  it('one of three may be lost; with two lost nothing is confirmed', () => {
    const confirmed = trace.of('publish-confirmed').map(({ at }) => at);
    expect(confirmed.some((at) => at > 2_500_000 && at < 3_000_000)).toBe(true);
    expect(confirmed.some((at) => at > 3_010_000 && at < 12_000_000)).toBe(false);
  });

  it('nothing is given out', () => {
    expect(errors(trace)).toContain(
      "541 INTERNAL_ERROR: Cannot get a message from queue 'queue 'q' in vhost '/'': timeout",
    );
  });

  it('and with a majority again everything is confirmed', () => {
    expect(trace.of('publish-confirmed')).toHaveLength(trace.of('published').length);
  });

  it('R-59: the metadata store takes no declaration', () => {
    const minority = run(
      {
        system: { nodes: 3 },
        clients: [
          application('app', [on({ call: 'queue.declare', queue: { name: 'new' } }, { atMs: 2000 })]),
        ],
        steps: ['rabbit-2', 'rabbit-3'].map((target) => ({
          atMs: 1000,
          do: { do: 'crash' as const, target },
        })),
      },
      3000,
    );
    expect(errors(minority)[0]).toMatch(/^541 INTERNAL_ERROR/);
    expect(minority.of('places-created')).toEqual([]);
  });
});

describe('a leader that is cut off', () => {
  const trace = run(
    {
      system: { nodes: 3, queues: [{ name: 'q', arguments: quorum }] },
      clients: [
        publisher({ id: 'old', node: 1, load: { ratePerSecond: 10, untilMs: 20_000 } }),
        publisher({ node: 2, load: { ratePerSecond: 10, untilMs: 20_000 } }),
        consumer({ node: 3 }),
      ],
      steps: [
        { atMs: 3000, do: { do: 'cut', between: ['rabbit-1', 'rabbit-2'] } },
        { atMs: 3000, do: { do: 'cut', between: ['rabbit-1', 'rabbit-3'] } },
        { atMs: 15_000, do: { do: 'heal', between: ['rabbit-1', 'rabbit-2'] } },
        { atMs: 15_000, do: { do: 'heal', between: ['rabbit-1', 'rabbit-3'] } },
      ],
    },
    60_000,
  );

  it('goes on taking messages and confirms none of them; the majority elects another', () => {
    const confirmedByOld = trace
      .of('publish-confirmed')
      .filter(({ client, at }) => client === 'old' && at > 3_010_000 && at < 15_000_000);
    expect(confirmedByOld).toEqual([]);
    expect(leaders(trace).some(([node, epoch]) => epoch > 1 && node !== 'rabbit-1')).toBe(true);
  });

  it('throws away what nobody else has when it hears of the other', () => {
    const [gone] = trace.of('truncated');
    expect(gone).toMatchObject({ node: 'rabbit-1', place: 'q' });
    expect(gone!.messages.length).toBeGreaterThan(0);
  });

  it('and its publishers’ messages are taken by the new leader: confirmed and processed once', () => {
    const published = trace.of('published').map(({ message }) => message);
    const sorted = (messages: number[]): number[] => [...messages].sort((a, b) => a - b);
    expect(sorted(trace.of('publish-confirmed').map(({ message }) => message))).toEqual(published);
    expect(sorted(trace.of('processed').map(({ message }) => message))).toEqual(published);
  });
});

describe('R-58: a stream of three', () => {
  it('is read on from where the reader was when another node leads it', () => {
    const trace = run(
      {
        system: { nodes: 3, queues: [{ name: 'q', arguments: { 'x-queue-type': 'stream' } }] },
        clients: [publisher({ node: 2 }), consumer({ node: 3, arguments: { 'x-stream-offset': 'first' } })],
        steps: [{ atMs: 3000, do: { do: 'crash', target: 'rabbit-1' } }],
      },
      20_000,
    );
    const published = trace.of('published').map(({ message }) => message);
    expect(trace.of('delivered').map(({ message }) => message)).toEqual(published);
  });
});

describe('a node that stops in good order', () => {
  const trace = run(
    {
      system: { nodes: 3, queues: [{ name: 'q', arguments: quorum }, { name: 'classic' }] },
      clients: [publisher({ node: 2 }), application('app', [publish('classic', 'm')])],
      steps: [
        { atMs: 3000, do: { do: 'close', target: 'rabbit-1' } },
        { atMs: 6000, do: { do: 'restart', target: 'rabbit-1' } },
      ],
    },
    10_500,
  );

  it('has others lead its queues before it goes', () => {
    const [, left, elected] = trace.of('leader-elected');
    const [stopped] = trace.of('node-stopped');
    expect(elected!.node).not.toBe('rabbit-1');
    expect(elected!.seq).toBeLessThan(stopped!.seq);
    expect(elected!.at - left!.at).toBeLessThan(20_000);
  });

  it('closes its connections and keeps what is durable', () => {
    expect(errors(trace)).toContain(
      "320 CONNECTION_FORCED: broker forced connection closure with reason 'shutdown'",
    );
    expect(trace.of('dropped')).toEqual([]);
  });
});

it('R-64: in 4.3 a consumer on a lost node keeps its messages for a minute', () => {
  const lost = (version: '4.2' | '4.3') => {
    const trace = run(
      {
        system: { version, nodes: 3, queues: [{ name: 'q', arguments: quorum }] },
        clients: [
          application('lost', [consume('q', 't')], { node: 3, recoveryMs: 1_000_000 }),
          application('p', [on(publish('q', 'm'), { atMs: 500 })]),
          application('other', [on(consume('q', 'o'), { atMs: 1000 })], { node: 2 }),
        ],
        steps: [{ atMs: 2000, do: { do: 'crash', target: 'rabbit-3' } }],
      },
      120_000,
    );
    expect(given(trace, 'other')).toEqual(['m*']);
    return trace.of('delivered').at(-1)!.at / 1_000_000;
  };
  expect(lost('4.2')).toBeLessThan(3);
  const late = lost('4.3');
  expect(late).toBeGreaterThan(62);
  expect(late).toBeLessThan(63);
});

it('the same run twice is the same, byte for byte', () => {
  const trace = () =>
    run(
      {
        system: { nodes: 3, queues: [{ name: 'q', arguments: quorum }, { name: 'r' }] },
        clients: [publisher(), consumer({ node: 2 })],
        steps: [{ atMs: 2000, do: { do: 'crash', target: 'rabbit-1' } }],
      },
      5000,
    ).trace.map(toJsonLine);
  expect(trace()).toEqual(trace());
});

describe('R-59: nodes that have lost one another', () => {
  it('read nothing of what the other had sent before', () => {
    const trace = run(
      {
        system: {
          version: '4.2',
          nodes: 3,
          queues: [{ name: 'q', arguments: quorum, node: 1 }],
          config: { net_ticktime: 4 },
        },
        clients: [publisher({ node: 2 })],
        steps: [
          { atMs: 500, do: { do: 'pause', target: 'rabbit-1' } },
          { atMs: 7000, do: { do: 'resume', target: 'rabbit-1' } },
        ],
      },
      12_000,
    );
    const [before, after] = leaders(trace);
    expect([before![0], after![0]]).toEqual(['rabbit-1', expect.not.stringMatching('rabbit-1')]);
    // What it would append as the leader that it was, it would have to take back.
    const since = (kind: 'appended' | 'replicated' | 'truncated') =>
      trace.of(kind).filter(({ node, at }) => node === 'rabbit-1' && at >= 7_000_000).length;
    expect([since('appended'), since('truncated')]).toEqual([0, 0]);
    expect(since('replicated')).toBeGreaterThan(0);
  });

  const paused = (version: Version, untilMs: number, type: string) =>
    run(
      {
        system: {
          version,
          nodes: 3,
          queues: [{ name: 'q', arguments: { 'x-queue-type': type }, node: 1 }],
          config: { net_ticktime: 20 },
        },
        clients: [
          publisher({ node: 1, load: { ratePerSecond: 50, untilMs: 70_000 } }),
          consumer({ node: 3, ...(type === 'stream' ? { arguments: { 'x-stream-offset': 'first' } } : {}) }),
        ],
        steps: [
          { atMs: 1000, do: { do: 'pause', target: 'rabbit-3' } },
          { atMs: untilMs, do: { do: 'resume', target: 'rabbit-3' } },
        ],
      },
      120_000,
    );
  const processed = (of: Run) => new Set(of.of('processed').map(({ message }) => message)).size;

  it.each<Version>(['3.10', '4.2', '4.3'])(
    'R-56: a node that is only silent keeps its consumers of a quorum queue, and they what they have: %s',
    (version) => {
      const trace = paused(version, 12_000, 'quorum');
      expect(trace.of('released')).toEqual([]);
      expect(processed(trace)).toBe(trace.of('published').length);
    },
  );

  it.each<[Version, number | null]>([
    ['3.10', 22],
    ['4.2', 22],
    // and then as long as `consumer_disconnected_timeout`, which it does not take.
    ['4.3', null],
  ])('R-64: what consumers on a lost node have comes back, and so do they: %s', (version, seconds) => {
    const trace = paused(version, 40_000, 'quorum');
    const back = trace.of('released').filter(({ why }) => why === 'node-down');
    expect(back.length > 0).toBe(seconds !== null);
    for (const { at } of back) expect(Math.round(at / 1e6)).toBe(seconds);
    expect(processed(trace)).toBe(trace.of('published').length);
  });

  it.each<Version>(['3.10', '4.2', '4.3'])('R-58: a reader of a stream reads on, and once: %s', (version) => {
    const trace = paused(version, 40_000, 'stream');
    expect(processed(trace)).toBe(trace.of('published').length);
    const leader = trace.kernel.actor('rabbit-1');
    const machines = leader instanceof RabbitNode ? leader.queues.machines() : [];
    expect(machines.map(([, machine]) => machine.info().consumers.length)).toEqual([1]);
  });
});
