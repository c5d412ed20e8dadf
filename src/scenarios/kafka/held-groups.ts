/**
 * Groups held to a real broker: static members that die and come back, a second process with the id of one, and the
 * broker's own assignors as members with different subscriptions come and go, and members that come to poll() too late.
 */
import { held, inTurn, reader, send, sender, system, type Consumer, type Input } from './held.ts';

/** A member that keeps its place while it is away, by the protocol that the configuration names. */
const fixed = (id: string, group: string, instance: string, config: Consumer['config'], startMs: number) =>
  reader(id, group, 'orders', { 'group.instance.id': instance, ...config }, { startMs });

/** Some for each of four partitions. */
const KEYS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
const COOPERATIVE = { 'partition.assignment.strategy': ['cooperative-sticky' as const] };
const KIP_848 = { 'group.protocol': 'consumer' as const };

/** In each group a member dies, is back well within its session, and is then thrown out by another of its id. */
const staticScenario = held('static', 'A static member dies, comes back, and is fenced', {
  system: system([{ name: 'orders', partitions: 4 }]),
  clients: [
    sender('shop', 'orders'),
    ...[0, 1].map((n) => fixed(`r${n}`, 'range', `r-${n}`, {}, 1500)),
    ...[0, 1].map((n) => fixed(`k${n}`, 'cooperative', `k-${n}`, COOPERATIVE, 1500)),
    fixed('r1-again', 'range', 'r-1', {}, 13_000),
    fixed('k1-again', 'cooperative', 'k-1', COOPERATIVE, 13_000),
  ],
  timeline: [
    ...inTurn(5500, 'shop', KEYS),
    ...['r1', 'k1'].map((target) => ({ atMs: 7500, action: { do: 'crash' as const, target } })),
    ...inTurn(8500, 'shop', KEYS),
    ...['r1', 'k1'].map((target) => ({ atMs: 9500, action: { do: 'restart' as const, target } })),
    ...inTurn(11_500, 'shop', KEYS),
    ...inTurn(15_000, 'shop', KEYS),
  ],
  durationMs: 16_000,
});

/** Under KIP-848 it is the second that is refused, until the first has left, or its session has run out. */
const staticKip848Scenario = held('static-kip-848', 'A static member closes, and one dies: KIP-848', {
  system: system([{ name: 'orders', partitions: 4 }], {
    config: { 'group.consumer.heartbeat.interval.ms': 1000, 'group.consumer.session.timeout.ms': 6000 },
  }),
  clients: [
    sender('shop', 'orders'),
    fixed('n0', 'billing', 'n-0', KIP_848, 1500),
    fixed('n1', 'billing', 'n-1', KIP_848, 4000),
    fixed('n1-again', 'billing', 'n-1', KIP_848, 12_000),
  ],
  timeline: [
    ...inTurn(1000, 'shop', KEYS),
    { atMs: 7500, action: { do: 'close', target: 'n1' } },
    ...inTurn(8500, 'shop', KEYS),
    { atMs: 9500, action: { do: 'restart', target: 'n1' } },
    ...inTurn(13_500, 'shop', KEYS),
    { atMs: 15_000, action: { do: 'crash', target: 'n1' } },
    { atMs: 16_500, action: { do: 'restart', target: 'n1' } },
    ...inTurn(17_500, 'shop', KEYS),
  ],
  durationMs: 25_000,
});

/**
 * Each member takes from one other at most, so that what it gets comes at once; and who inherits is the only one that may.
 */
const assigning = (
  assignor: 'uniform' | 'range',
  members: readonly (readonly [topics: readonly string[], more?: Consumer['config']])[],
): Input =>
  held(`server-${assignor}`, `The broker shares out: ${assignor}`, {
    system: system(
      [
        { name: 'orders', partitions: 4 },
        { name: 'invoices', partitions: 2 },
      ],
      { config: { 'group.consumer.heartbeat.interval.ms': 1000, 'group.consumer.session.timeout.ms': 6000 } },
    ),
    clients: [
      sender('shop', 'orders'),
      sender('books', 'invoices'),
      ...members.map(([topics, more], n) =>
        reader(
          `c${n}`,
          assignor,
          'orders',
          { ...KIP_848, 'group.remote.assignor': assignor, ...more },
          { topics: [...topics], startMs: 1500 + 4000 * n },
        ),
      ),
    ],
    timeline: [
      ...inTurn(500, 'shop', ['A', 'B', 'C', 'D', 'E', 'F']),
      ...inTurn(500, 'books', ['A', 'B', 'C', 'D']),
      { atMs: 14_000, action: { do: 'close', target: 'c1' } },
    ],
    durationMs: assignor === 'range' ? 25_000 : 19_000,
  });

const uniformScenario = assigning('uniform', [[['orders']], [['orders', 'invoices']], [['invoices']]]);

/** By range a partition goes by the member's name, which is random but for static members. */
const rangeScenario = assigning('range', [
  [['orders', 'invoices'], { 'group.instance.id': 'c-0' }],
  [['orders', 'invoices'], { 'group.instance.id': 'c-1' }],
  [['orders'], { 'group.instance.id': 'c-2' }],
]);

/** Works for longer than there may be between two polls. */
const slow = (id: string, group: string, config: Consumer['config']): Consumer =>
  reader(
    id,
    group,
    'orders',
    { 'max.poll.interval.ms': 4000, 'max.poll.records': 1, ...config },
    { startMs: 1500, processingMs: 6500 },
  );

/** Takes over what the slow one has lost. */
const next = (id: string, group: string, config: Consumer['config'] = {}): Consumer =>
  reader(id, group, 'orders', config, { startMs: 7000 });

/**
 * One member of each group is thrown out while it works, and then commits: of the classic protocol, of KIP-848, a static one,
 * whose session has to run out as well, and one that is alone and comes back to the same record.
 */
const latePollScenario = held('late-poll', 'Members that take too long over a record', {
  system: system([{ name: 'orders', partitions: 1 }], {
    config: { 'group.consumer.heartbeat.interval.ms': 1000, 'group.consumer.session.timeout.ms': 6000 },
  }),
  clients: [
    sender('shop', 'orders'),
    slow('c-slow', 'classic', {}),
    next('c-next', 'classic'),
    slow('n-slow', 'kip-848', KIP_848),
    next('n-next', 'kip-848', KIP_848),
    slow('s-slow', 'static', { 'group.instance.id': 's-0' }),
    slow('a-slow', 'alone', {}),
  ],
  timeline: [send(12_000, 'shop', 'A'), send(26_000, 'shop', 'B')],
  durationMs: 36_000,
});

export const heldGroupScenarios: readonly Input[] = [
  staticScenario,
  staticKip848Scenario,
  uniformScenario,
  rangeScenario,
  latePollScenario,
];
