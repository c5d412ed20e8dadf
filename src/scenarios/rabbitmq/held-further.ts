/**
 * Further short runs that are held to a real broker: what an administrator sets while it runs (policies, the consumer
 * timeout), transactions, links that are cut, a cluster that loses a node and then its majority; and two experiments again,
 * at a pace at which nothing hangs on a millisecond.
 */
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
type Client = RabbitmqInput['clients'][number];
type Consumer = Extract<Client, { role: 'consumer' }>;
type Call = Extract<Client, { role: 'application' }>['calls'][number]['do'];

const inTurn = (calls: readonly Call[], fromMs: number, everyMs = 100): { atMs: number; do: Call }[] =>
  calls.map((call, i) => ({ atMs: fromMs + i * everyMs, do: call }));

const confirmSelect: Call = { call: 'confirm.select' };
const publish = (routingKey: string, keys: string): Call[] =>
  [...keys].map((key) => ({ call: 'basic.publish', routingKey, key }));

const reader = (queue: string, more: Partial<Consumer> = {}): Client => ({
  id: `reads-${queue}`,
  role: 'consumer',
  queues: [queue],
  prefetchCount: 10,
  processingMs: 1,
  ...more,
});

/** Five messages lie in a queue when a policy gives it a limit of two; two more come, the policy goes, three more come. */
export const policyScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-policy',
  title: 'A limit that came later',
  system: { broker: 'rabbitmq', queues: [{ name: 'orders' }] },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: [
        ...inTurn([confirmSelect, ...publish('orders', 'ABCDE')], 500),
        ...inTurn(publish('orders', 'FG'), 3000),
        ...inTurn(publish('orders', 'HIJ'), 5000),
      ],
    },
    // It looks what is first when the limit holds and nothing has been published since.
    {
      id: 'looks',
      role: 'application',
      calls: [{ atMs: 2500, do: { call: 'basic.get', queue: 'orders', noAck: true } }],
    },
    reader('orders', { startMs: 6000 }),
  ],
  network: { latencyMs: 5 },
  timeline: [
    {
      atMs: 2000,
      action: {
        do: 'set-policy',
        policy: {
          name: 'short',
          pattern: '^orders$',
          'apply-to': 'queues',
          definition: { 'max-length': 2 },
        },
      },
    },
    { atMs: 4000, action: { do: 'clear-policy', name: 'short' } },
  ],
  durationMs: 7500,
  seed: 1,
};

/** Three seconds instead of half an hour. */
const TIMEOUT = { consumer_timeout: 3000, channel_tick_interval: 1000 };

/** A worker has X and Y, answers in time for Y and much too late for X; another comes when it has them. */
export const timeoutScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-timeout-43',
  title: 'A worker that answers too late, in 4.3',
  system: {
    broker: 'rabbitmq',
    queues: [{ name: 'jobs', arguments: { 'x-queue-type': 'quorum' } }],
    config: TIMEOUT,
  },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: [
        { atMs: 700, do: confirmSelect },
        ...inTurn(publish('jobs', 'X'), 1000),
        ...inTurn(publish('jobs', 'Y'), 3200),
      ],
    },
    {
      id: 'slow',
      role: 'application',
      calls: [
        { atMs: 500, do: { call: 'basic.qos', prefetchCount: 2 } },
        { atMs: 600, do: { call: 'basic.consume', queue: 'jobs', tag: 'slow' } },
        { atMs: 4800, do: { call: 'basic.ack', tag: 2 } },
        { atMs: 6500, do: { call: 'basic.ack', tag: 1 } },
      ],
    },
    reader('jobs', { id: 'other', prefetchCount: 1, startMs: 3500 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 8000,
  seed: 1,
};

/** A worker never answers for X; another comes when it has it. */
export const timeoutBeforeScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-timeout-310',
  title: 'A worker that does not answer, in 3.10',
  system: { broker: 'rabbitmq', version: '3.10', queues: [{ name: 'jobs' }], config: TIMEOUT },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: inTurn([confirmSelect, ...publish('jobs', 'AXB')], 1000, 200),
    },
    reader('jobs', {
      id: 'slow',
      prefetchCount: 1,
      troubles: [{ key: 'X', outcome: 'stall' }],
      // It is not there again before the run is over.
      recoveryMs: 20_000,
    }),
    reader('jobs', { id: 'other', prefetchCount: 1, startMs: 2500 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 9000,
  seed: 1,
};

/** Two messages in a transaction that is committed, two in one that is rolled back; then an acknowledgement in one. */
export const transactionScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-transaction',
  title: 'All at once, or not at all',
  system: { broker: 'rabbitmq', queues: [{ name: 'orders' }, { name: 'jobs' }] },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: [
        ...inTurn([{ call: 'tx.select' }, ...publish('orders', 'AB')], 1000),
        { atMs: 2000, do: { call: 'tx.commit' } },
        ...inTurn(publish('orders', 'CD'), 2500),
        { atMs: 3500, do: { call: 'tx.rollback' } },
        ...inTurn(publish('jobs', 'EF'), 4000),
        { atMs: 4500, do: { call: 'tx.commit' } },
      ],
    },
    // It acknowledges both: the second time for good.
    {
      id: 'worker',
      role: 'application',
      calls: [
        { atMs: 5000, do: { call: 'tx.select' } },
        { atMs: 5100, do: { call: 'basic.get', queue: 'jobs' } },
        { atMs: 5200, do: { call: 'basic.ack', tag: 1 } },
        { atMs: 5300, do: { call: 'tx.commit' } },
        { atMs: 5400, do: { call: 'basic.get', queue: 'jobs' } },
        { atMs: 5500, do: { call: 'basic.ack', tag: 2 } },
        { atMs: 5600, do: { call: 'tx.rollback' } },
        { atMs: 5700, do: { call: 'connection.close' } },
      ],
    },
    reader('orders'),
    reader('jobs', { startMs: 6500 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 7500,
  seed: 1,
};

/** The link to one of two consumers is cut while it has three messages, and the publisher's after that. */
export const cutOffScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-cut-off',
  title: 'Cut off, and there again',
  system: { broker: 'rabbitmq', queues: [{ name: 'orders' }] },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'orders',
      startMs: 1000,
      load: { ratePerSecond: 4, count: 20 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
    },
    // It is at work on the first of them when it is cut off, and goes on with what it has.
    reader('orders', { id: 'far', prefetchCount: 3, processingMs: 1200 }),
    reader('orders', { id: 'near', prefetchCount: 1, startMs: 2600 }),
  ],
  network: { latencyMs: 5 },
  timeline: [
    { atMs: 1900, action: { do: 'cut', between: ['far', 'rabbit-1'] } },
    { atMs: 3350, action: { do: 'cut', between: ['shop', 'rabbit-1'] } },
    { atMs: 5350, action: { do: 'heal', between: ['shop', 'rabbit-1'] } },
    { atMs: 6850, action: { do: 'heal', between: ['far', 'rabbit-1'] } },
  ],
  durationMs: 10_000,
  seed: 1,
};

/**
 * Two messages are on their way into a cut when their publisher closes: it waits for their confirms as long as it does, then
 * for the reply to its close, and is gone a second before the link heals.
 */
const givenUpScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-given-up',
  title: 'Given up, and there',
  system: { broker: 'rabbitmq', queues: [{ name: 'orders' }] },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'orders',
      load: { ratePerSecond: 1, count: 3 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C'] },
    },
    reader('orders'),
  ],
  network: { latencyMs: 5 },
  timeline: [
    { atMs: 1500, action: { do: 'cut', between: ['shop', 'rabbit-1'] } },
    { atMs: 3500, action: { do: 'close', target: 'shop' } },
    { atMs: 24_500, action: { do: 'heal', between: ['shop', 'rabbit-1'] } },
  ],
  durationMs: 26_000,
  seed: 1,
};

const BOTH = ['asked', 'hoped'];
const links = (what: 'cut' | 'heal', atMs: number) =>
  BOTH.map((id) => ({ atMs, action: { do: what, between: [id, 'rabbit-1'] as [string, string] } }));

/** Two publishers, of which one asks for confirms; their node dies with what they have sent into a cut still before it. */
const lostOnTheWayScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-lost-on-the-way',
  title: 'Sent to a node that dies',
  system: { broker: 'rabbitmq', queues: BOTH.map((name) => ({ name })) },
  clients: BOTH.flatMap((id): Client[] => [
    {
      id,
      role: 'publisher',
      routingKey: id,
      startMs: 1000,
      load: { ratePerSecond: 1, count: 7 },
      keys: { kind: 'cycle', keys: [...'ABCDEFG'] },
      confirms: id === 'asked',
      recoveryMs: 1000,
    },
    reader(id, { startMs: 8500 }),
  ]),
  network: { latencyMs: 5 },
  timeline: [
    ...links('cut', 2500),
    { atMs: 4500, action: { do: 'crash', target: 'rabbit-1' } },
    { atMs: 5500, action: { do: 'restart', target: 'rabbit-1' } },
    ...links('heal', 6500),
  ],
  durationMs: 10_000,
  seed: 1,
};

const QUORUM = { 'x-queue-type': 'quorum' };
const LIMITED = { ...QUORUM, 'x-delivery-limit': 3, 'x-dead-letter-exchange': 'dlx' };
const WORKERS = [
  ['returns', {}, { outcome: 'reject-requeue', times: 8 }],
  ['limit', LIMITED, { outcome: 'reject-requeue' }],
  ['retry', { 'x-dead-letter-exchange': 'wait' }, { outcome: 'reject', times: 3 }],
  ['nacks', LIMITED, { outcome: 'nack-requeue', times: 6 }],
] as const;

/** As in the experiment, and in the end each bad message can be processed after all: so the run has an end. */
export const poisonAtHomeScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-poison-short',
  title: 'The message that cannot be processed, for a while',
  system: {
    broker: 'rabbitmq',
    exchanges: ['orders', 'dlx', 'wait'].map((name) => ({ name, type: 'fanout' })),
    queues: [
      ...WORKERS.map(([name, args]) => ({ name, arguments: { ...args } })),
      {
        name: 'waiting',
        arguments: {
          'x-message-ttl': 1000,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': 'retry',
        },
      },
      { name: 'dead' },
    ],
    bindings: [
      ...WORKERS.map(([destination]) => ({ source: 'orders', destination })),
      { source: 'wait', destination: 'waiting' },
      { source: 'dlx', destination: 'dead' },
    ],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      exchange: 'orders',
      startMs: 1000,
      load: { ratePerSecond: 5, count: 6 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'X', 'C', 'D', 'E'] },
    },
    ...WORKERS.map(([queue, , trouble]) =>
      reader(queue, {
        id: `from-${queue}`,
        prefetchCount: 1,
        processingMs: 130,
        troubles: [{ key: 'X', ...trouble }],
      }),
    ),
    reader('dead', { startMs: 6000 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 8000,
  seed: 1,
};

/** As in the experiment: ten messages a second, for workers that do one in that time, or two. */
export const overloadAtHomeScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-overload-short',
  title: 'Too much at once',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'overflow', type: 'fanout' }],
    queues: [
      { name: 'unlimited' },
      { name: 'drop-head', arguments: { 'x-max-length': 3 } },
      { name: 'reject', arguments: { 'x-max-length': 3, 'x-overflow': 'reject-publish' } },
      {
        name: 'reject-dlx',
        arguments: {
          'x-max-length': 3,
          'x-overflow': 'reject-publish-dlx',
          'x-dead-letter-exchange': 'overflow',
        },
      },
      { name: 'refused' },
    ],
    bindings: [{ source: 'overflow', destination: 'refused' }],
  },
  clients: [
    ...['unlimited', 'drop-head', 'reject', 'reject-dlx'].flatMap((queue, i): Client[] => [
      {
        id: `to-${queue}`,
        role: 'publisher',
        routingKey: queue,
        // By turns.
        startMs: 1000 + i * 20,
        load: { ratePerSecond: 10, count: i === 0 ? 40 : 8 },
        keys: { kind: 'cycle', keys: ['ABCD'.charAt(i)] },
        unconfirmed: 'give-up',
      },
      reader(queue, { id: `from-${queue}`, prefetchCount: 2, processingMs: i === 0 ? 400 : 1000 }),
    ]),
    reader('refused', { startMs: 7000 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 10_400,
  seed: 1,
};

/**
 * Three nodes and a quorum queue. One node dies; then another one, with a consumer, which comes back.
 */
export const majorityScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-majority',
  title: 'One node gone, and then two',
  system: {
    broker: 'rabbitmq',
    nodes: 3,
    queues: [{ name: 'orders', arguments: QUORUM }],
  },
  clients: [
    // Each is connected to a node, and sees it go; the second has a message then that it has not acknowledged.
    { id: 'witness-2', role: 'application', node: 2, recoveryMs: 30_000, calls: [] },
    reader('orders', {
      id: 'witness-3',
      node: 3,
      recoveryMs: 30_000,
      prefetchCount: 1,
      processingMs: 30_000,
    }),
    {
      id: 'shop',
      role: 'application',
      node: 1,
      calls: [
        ...inTurn([confirmSelect, ...publish('orders', 'ABC')], 1000),
        // One of three is gone.
        ...inTurn(publish('orders', 'DEF'), 6000),
        // Two are: nobody answers.
        ...inTurn(publish('orders', 'GH'), 11_000),
        // One is back.
        ...inTurn(publish('orders', 'IJ'), 22_000),
      ],
    },
    reader('orders', { node: 1, startMs: 25_000 }),
  ],
  network: { latencyMs: 5 },
  timeline: [
    { atMs: 4000, action: { do: 'crash', target: 'rabbit-2' } },
    { atMs: 9000, action: { do: 'crash', target: 'rabbit-3' } },
    { atMs: 15_000, action: { do: 'restart', target: 'rabbit-3' } },
  ],
  durationMs: 28_000,
  seed: 1,
};

export const furtherScenarios: readonly RabbitmqInput[] = [
  policyScenario,
  timeoutScenario,
  timeoutBeforeScenario,
  transactionScenario,
  cutOffScenario,
  givenUpScenario,
  lostOnTheWayScenario,
  poisonAtHomeScenario,
  overloadAtHomeScenario,
  majorityScenario,
];
