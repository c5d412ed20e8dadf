// The challenges: each can be done by the buttons that its frame has, the solution does it, and neither doing nothing nor
// the first things that one would try do.
import { describe, expect, it } from 'vitest';
import { taskOf } from '../../../src/scenarios/challenge.ts';
import { decodeAddress, encodeAddress } from '../../../src/scenarios/address.ts';
import { currentOption, type KnobChoices } from '../../../src/scenarios/experiment.ts';
import {
  challengeById,
  challenges,
  claims,
  experiments,
  scenarioById,
} from '../../../src/scenarios/library.ts';
import { BROKER_IDS, parseActions } from '../../../src/scenarios/schema.ts';
import { isObservable } from '../../../src/sim/trace.ts';
import { kinds } from '../../../src/storage/kinds.ts';
import { keyOf } from '../../../src/storage/store.ts';
import { notOffered, play } from '../fixtures/challenges.ts';

/** Read by the schema of the challenge's broker. */
interface Timed {
  readonly atMs: number;
  readonly action: object;
}

interface Miss {
  readonly what: string;
  readonly knobs?: KnobChoices;
  readonly actions: readonly Timed[];
}

const act = (atMs: number, action: object): Timed => ({ atMs, action });
const type = (atMs: number, line: string): Timed => act(atMs, { do: 'type', line });
const on = (does: 'crash' | 'restart' | 'pause' | 'resume' | 'close', atMs: number, target: string): Timed =>
  act(atMs, { do: does, target });
const B = '--bootstrap-server localhost:9092';
const bind = (destination: string, routingKey: string): Timed =>
  act(8000, {
    do: 'bind',
    binding: { source: 'events', destination, destinationType: 'queue', routingKey, arguments: {} },
  });
/** What the button adds to a group whose members have this assignor. */
const joins = (atMs: number, id: string, assignor: string): Timed =>
  act(atMs, {
    do: 'join',
    client: {
      id,
      role: 'consumer',
      group: 'billing',
      topics: ['orders'],
      processingMs: 150,
      config: {
        'auto.offset.reset': 'earliest',
        'session.timeout.ms': 6000,
        'heartbeat.interval.ms': 2000,
        'partition.assignment.strategy': [assignor],
      },
    },
  });
const cutOff = (atMs: number, node: string): Timed[] =>
  ['controller', 'broker-1', 'broker-2', 'broker-3']
    .filter((end) => end !== node)
    .map((end) => act(atMs, { do: 'cut', between: [node, end] }));
const allButUnclean = [
  on('crash', 8000, 'broker-2'),
  on('crash', 8000, 'broker-3'),
  on('crash', 30_000, 'broker-1'),
  on('restart', 32_000, 'broker-2'),
];
const unclean = act(48_000, { do: 'elect-leaders', election: 'unclean', topic: 'orders' });

/** What comes near, and does not do it. Settings alone, without a move, are tried for each of them. */
const MISSES: Readonly<Record<string, readonly Miss[]>> = {
  'kafka-first-topic': [
    {
      what: 'a topic that was there',
      actions: [
        type(5000, `kafka-console-producer.sh ${B} --topic orders`),
        type(7000, 'hello'),
        act(9000, { do: 'key', key: 'end' }),
        type(11_000, `kafka-console-consumer.sh ${B} --topic orders --from-beginning`),
      ],
    },
    {
      what: 'a consumer that begins at the end',
      actions: [
        type(5000, `kafka-topics.sh ${B} --create --topic mine`),
        type(7000, `kafka-console-producer.sh ${B} --topic mine`),
        type(9000, 'hello'),
        act(11_000, { do: 'key', key: 'end' }),
        type(13_000, `kafka-console-consumer.sh ${B} --topic mine`),
      ],
    },
  ],
  'kafka-processed-twice': [
    { what: 'a consumer that closes', actions: [on('close', 15_000, 'c1')] },
    {
      what: 'a pause that its session outlives',
      actions: [on('pause', 15_000, 'c1'), on('resume', 18_000, 'c1')],
    },
  ],
  'kafka-replay-from-ten': [
    {
      what: 'everything again',
      actions: [act(20_000, { do: 'seek', client: 'billing', to: { kind: 'beginning' } })],
    },
    { what: 'to the end', actions: [act(20_000, { do: 'seek', client: 'billing', to: { kind: 'end' } })] },
    {
      what: 'by the other group',
      actions: [act(20_000, { do: 'seek', client: 'audit', to: { kind: 'offset', offset: 10 } })],
    },
    {
      what: 'before there is anything to read again',
      actions: [act(5000, { do: 'seek', client: 'billing', to: { kind: 'offset', offset: 10 } })],
    },
  ],
  'kafka-drain-without-rebalance': [
    {
      what: 'a crash and a restart',
      actions: [on('crash', 10_000, 'c0'), on('restart', 22_000, 'c0')],
    },
    {
      what: 'processes that stand still for longer than their session',
      actions: [
        on('pause', 10_000, 'c0'),
        on('pause', 10_000, 'c1'),
        on('resume', 20_000, 'c0'),
        on('resume', 20_000, 'c1'),
      ],
    },
    {
      what: 'too short a pause',
      actions: [
        act(10_000, { do: 'pause-partitions', client: 'c0' }),
        act(12_000, { do: 'resume-partitions', client: 'c0' }),
      ],
    },
  ],
  'kafka-three-without-stopping': [
    { what: 'the assignor as it is', actions: [joins(12_000, 'c2', 'range')] },
    { what: 'a sticky one', knobs: { assignor: 'sticky' }, actions: [joins(12_000, 'c2', 'sticky')] },
    {
      what: 'two at once',
      knobs: { assignor: 'cooperative-sticky' },
      actions: [joins(12_000, 'c2', 'cooperative-sticky'), joins(12_000, 'c3', 'cooperative-sticky')],
    },
  ],
  'kafka-lose-with-acks-one': [
    { what: 'a follower that crashes', actions: [on('crash', 10_000, 'broker-2')] },
    { what: 'a leader that stops in good order', actions: [on('close', 10_000, 'broker-1')] },
    {
      what: 'a follower that is cut off and crashes',
      actions: [...cutOff(10_000, 'broker-3'), on('crash', 14_000, 'broker-3')],
    },
  ],
  'kafka-thrown-out': [
    {
      what: 'small polls',
      knobs: { processing: '450' },
      actions: [
        act(12_000, { do: 'pause-partitions', client: 'c0' }),
        act(26_000, { do: 'resume-partitions', client: 'c0' }),
      ],
    },
    {
      what: 'five minutes for a poll',
      knobs: { processing: '450', 'max-poll-records': '500', 'max-poll-interval': '300000' },
      actions: [
        act(12_000, { do: 'pause-partitions', client: 'c0' }),
        act(26_000, { do: 'resume-partitions', client: 'c0' }),
      ],
    },
    { what: 'a crash', knobs: { 'max-poll-records': '500' }, actions: [on('crash', 12_000, 'c0')] },
  ],
  'kafka-hide-the-aborted': [
    { what: 'a reader of everything', actions: [on('crash', 12_000, 'payments')] },
    {
      what: 'a pause that the transaction outlives',
      knobs: { isolation: 'read_committed' },
      actions: [on('pause', 12_000, 'payments'), on('resume', 15_000, 'payments')],
    },
  ],
  'kafka-lose-with-acks-all': [
    { what: 'with two in sync asked for', actions: [...allButUnclean, unclean] },
    { what: 'no unclean election', knobs: { 'min-isr': '1' }, actions: allButUnclean },
    {
      what: 'the old leader back instead',
      knobs: { 'min-isr': '1' },
      actions: [...allButUnclean, on('restart', 40_000, 'broker-1')],
    },
    {
      what: 'what loses acks=1',
      knobs: { 'min-isr': '2' },
      actions: [...cutOff(10_000, 'broker-1'), on('crash', 14_000, 'broker-1')],
    },
  ],
  'rabbitmq-bind-exactly': [
    {
      what: 'everything to all',
      actions: ['eu-desk', 'warehouse', 'alarms'].map((queue) => bind(queue, '#')),
    },
    {
      what: '# where * is meant',
      actions: [bind('eu-desk', 'orders.eu.#'), bind('warehouse', 'orders.#'), bind('alarms', '*.*.failed')],
    },
    {
      what: '* where # is meant',
      actions: [
        bind('eu-desk', 'orders.eu.*'),
        bind('warehouse', 'orders.*.*'),
        bind('alarms', '*.*.failed'),
      ],
    },
  ],
  'rabbitmq-processed-twice': [
    {
      what: 'a worker that only ends its subscription',
      actions: [act(13_900, { do: 'cancel', client: 'worker-1' })],
    },
    { what: 'a crash right after an acknowledgement', actions: [on('crash', 15_000, 'worker-1')] },
    { what: 'a pause', actions: [on('pause', 13_900, 'worker-1'), on('resume', 20_000, 'worker-1')] },
  ],
  'rabbitmq-block-and-go-on': [
    {
      what: 'an alarm without an end',
      actions: [act(10_000, { do: 'alarm', node: 1, resource: 'memory', on: true })],
    },
    {
      what: 'a publisher that stands still by itself',
      actions: [on('pause', 10_000, 'shop'), on('resume', 16_000, 'shop')],
    },
    { what: 'a full queue', actions: [on('pause', 10_000, 'billing'), on('resume', 30_000, 'billing')] },
  ],
  'rabbitmq-two-deaths': [
    {
      what: 'a queue that has room',
      knobs: { ttl: '3000', 'max-length': '200' },
      actions: [on('pause', 10_000, 'billing')],
    },
    {
      what: 'a worker that is back at once',
      knobs: { ttl: '3000' },
      actions: [on('pause', 10_000, 'billing'), on('resume', 11_000, 'billing')],
    },
    {
      what: 'only the first death',
      actions: [on('pause', 10_000, 'billing')],
    },
  ],
  'rabbitmq-poison-aside': [
    { what: 'a purge', actions: [act(10_000, { do: 'purge-queue', name: 'orders' })] },
    {
      what: 'a limit and nowhere to go',
      actions: [
        type(
          10_000,
          `rabbitmqctl set_policy poison "^orders$" '{"delivery-limit":3}' --apply-to quorum_queues`,
        ),
      ],
    },
    {
      what: 'a worker that is started anew',
      actions: [on('crash', 10_000, 'billing'), on('restart', 14_000, 'billing')],
    },
  ],
  'rabbitmq-lose-the-leader': [
    { what: 'one replica', actions: [on('crash', 15_000, 'rabbit-1'), on('restart', 25_000, 'rabbit-1')] },
    { what: 'a follower', knobs: { 'group-size': '3' }, actions: [on('crash', 15_000, 'rabbit-3')] },
    {
      what: 'a leader that stops in good order',
      knobs: { 'group-size': '3' },
      actions: [on('close', 15_000, 'rabbit-1')],
    },
  ],
};

describe('the challenges', () => {
  it('are fourteen or more, on every broker, and become more difficult', () => {
    expect(challenges.length).toBeGreaterThanOrEqual(14);
    for (const broker of BROKER_IDS) {
      const own = challenges.filter((challenge) => challenge.broker === broker);
      expect(own.length, broker).toBeGreaterThanOrEqual(5);
      const levels = own.map(({ difficulty }) => difficulty);
      expect(levels, broker).toEqual([...levels].sort());
      expect(new Set(levels)).toEqual(new Set([1, 2, 3]));
    }
  });

  // They are in addresses of pages, in addresses of runs, and in readers' ticks: one that was given stays.
  it('keep their ids', () => {
    expect(challenges.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.keys(MISSES)));
  });

  it('have ids that nothing else has', () => {
    const ids = [...challenges, ...experiments].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const judged = [...claims, ...challenges.map(({ goal }) => goal)].map(({ id }) => id);
    expect(new Set(judged).size).toBe(judged.length);
    for (const { id } of challenges) expect(() => keyOf(kinds.task, taskOf(id))).not.toThrow();
    expect(() => challengeById('kafka-nothing')).toThrow(/expected one of "kafka-first-topic"/);
  });
});

describe.each(challenges)('$id', (challenge) => {
  const { id, play: how, goal, solution } = challenge;

  it('is played on a quiet scenario of its broker, with settings that this has', () => {
    const scenario = scenarioById(how.scenario);
    expect(scenario.system.broker).toBe(challenge.broker);
    expect(goal.broker).toBe(challenge.broker);
    expect(scenario.timeline).toEqual([]);
    expect(how.posterMs).toBeLessThan(scenario.durationMs);
    for (const knob of how.knobs) expect(currentOption(scenario, knob), knob.id).not.toBeNull();
  });

  it('is solved by its solution, and by nothing that was not done by hand', () => {
    const { verdict, refused } = play(challenge, solution.knobs, solution.actions);
    expect(verdict.status, JSON.stringify(verdict)).toBe('holds');
    expect(refused).toEqual([]);
    expect(play(challenge, {}, []).verdict.status, 'doing nothing').toBe('open');
    expect(play(challenge, solution.knobs, []).verdict.status, 'its settings alone').toBe('open');
    if (Object.keys(solution.knobs).length > 0)
      expect(play(challenge, {}, solution.actions).verdict.status, 'its moves alone').not.toBe('holds');
  });

  it('tells of events that come after the first move, the last of them at the end', () => {
    const { verdict, trace } = play(challenge, solution.knobs, solution.actions);
    if (verdict.status !== 'holds') throw new Error(JSON.stringify(verdict));
    expect(verdict.evidence.length).toBeGreaterThanOrEqual(2);
    const last = verdict.evidence.at(-1)!;
    expect(last.at).toBeGreaterThan(solution.actions[0]!.atMs * 1000);
    const seqs = verdict.evidence.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    const events = trace.split('\n').map((line) => JSON.parse(line) as { seq: number; at: number });
    for (const { seq, at } of verdict.evidence) expect(events[seq]).toMatchObject({ seq, at });
  });

  it('is not solved by doing nothing with another seed', () => {
    for (let seed = 100; seed < 105; seed++)
      expect(play(challenge, {}, [], seed).verdict.status, `seed ${seed}`).toBe('open');
  });

  it.each(MISSES[id] ?? [])('is not solved by $what', ({ knobs = {}, actions }) => {
    const moves = parseActions(actions, challenge.broker);
    expect(notOffered(challenge, knobs, moves)).toEqual([]);
    const { verdict, refused } = play(challenge, knobs, moves);
    expect(refused).toEqual([]);
    expect(verdict.status, JSON.stringify(verdict)).not.toBe('holds');
  });

  it('has moves that come near', () => {
    expect(MISSES[id]?.length).toBeGreaterThanOrEqual(1);
  });

  it('can be done by hand: its solution presses what the frame offers', () => {
    expect(notOffered(challenge, solution.knobs, solution.actions)).toEqual([]);
  });

  it('has a solution that is an address, and the same run each time', () => {
    const address = { experiment: id, seed: null, ...solution, at: 0 };
    const text = encodeAddress(address);
    const read = decodeAddress(text);
    expect(read).toEqual(address);
    const first = play(challenge, read.knobs, read.actions);
    expect(play(challenge, solution.knobs, solution.actions).trace).toBe(first.trace);
  });

  it('says of its goal whether a client of a real broker could see it', () => {
    if (!goal.observable) return;
    const { trace } = play(challenge, solution.knobs, solution.actions);
    const fold = goal.judge();
    for (const line of trace.split('\n')) {
      const event = JSON.parse(line) as Parameters<typeof fold.on>[0];
      if (isObservable(event)) fold.on(event);
    }
    expect(fold.verdict(true).status).toBe('holds');
  });
});
