/**
 * Short runs made to be held to a real broker as well: each takes a few seconds, hangs on no latency, and shows itself in
 * what clients see. One for each type of exchange, for times to live, overflow, dead letters, priorities, the delivery limit, exclusive
 * consumers and queues, and a restart.
 */
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
type Client = RabbitmqInput['clients'][number];
type Call = Extract<Client, { role: 'application' }>['calls'][number]['do'];

const reader = (queue: string, more: Partial<Extract<Client, { role: 'consumer' }>> = {}): Client => ({
  id: `reads-${queue}`,
  role: 'consumer',
  queues: [queue],
  prefetchCount: 10,
  processingMs: 1,
  ...more,
});

/** One call after another, so far apart that each is done with before the next. */
const inTurn = (calls: readonly Call[], fromMs = 500, everyMs = 100): { atMs: number; do: Call }[] =>
  calls.map((call, i) => ({ atMs: fromMs + i * everyMs, do: call }));

const confirmSelect: Call = { call: 'confirm.select' };

/** The same keys to a direct exchange, to a fanout, and to queues by their names. */
export const exchangesScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-exchange-types',
  title: 'The same keys by each type of exchange',
  system: {
    broker: 'rabbitmq',
    exchanges: [
      { name: 'by-key', type: 'direct' },
      { name: 'to-all', type: 'fanout' },
      { name: 'by-words', type: 'topic' },
      { name: 'by-headers', type: 'headers' },
    ],
    queues: ['red', 'blue', 'left', 'right', 'eu', 'all', 'last', 'both', 'either'].map((name) => ({ name })),
    bindings: [
      { source: 'by-key', destination: 'red', routingKey: 'red' },
      // A queue with two keys, and a key with two queues.
      { source: 'by-key', destination: 'blue', routingKey: 'blue' },
      { source: 'by-key', destination: 'blue', routingKey: 'red' },
      { source: 'to-all', destination: 'left', routingKey: 'ignored' },
      { source: 'to-all', destination: 'right' },
      { source: 'by-words', destination: 'eu', routingKey: 'orders.eu.*' },
      { source: 'by-words', destination: 'all', routingKey: 'orders.#' },
      { source: 'by-words', destination: 'all', routingKey: 'orders.*.created' },
      { source: 'by-words', destination: 'last', routingKey: '#.created' },
      {
        source: 'by-headers',
        destination: 'both',
        arguments: { 'x-match': 'all', kind: 'order', region: 'eu' },
      },
      {
        source: 'by-headers',
        destination: 'either',
        arguments: { 'x-match': 'any', kind: 'order', region: 'eu' },
      },
    ],
  },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: inTurn([
        confirmSelect,
        ...['red', 'blue', 'green', 'redder'].flatMap((routingKey): Call[] => [
          { call: 'basic.publish', exchange: 'by-key', routingKey },
          { call: 'basic.publish', exchange: 'to-all', routingKey },
          { call: 'basic.publish', exchange: '', routingKey },
        ]),
        ...[
          'orders',
          'orders.eu',
          'orders.eu.created',
          'orders.eu.item.created',
          'users.created',
          'orders..created',
        ].map((routingKey): Call => ({ call: 'basic.publish', exchange: 'by-words', routingKey })),
        ...[
          { kind: 'order', region: 'eu' },
          { kind: 'order', region: 'us', more: 1 },
          { kind: 'refund' },
          {},
        ].map((headers): Call => ({
          call: 'basic.publish',
          exchange: 'by-headers',
          routingKey: 'red',
          headers,
        })),
      ]),
    },
    ...['red', 'blue', 'left', 'right', 'eu', 'all', 'last', 'both', 'either'].map((queue) => reader(queue)),
  ],
  network: { latencyMs: 5 },
  durationMs: 5000,
  seed: 1,
};

/** Four ways to die, and one queue for the dead. */
export const deathsScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-deaths',
  title: 'Why it died',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'dead', type: 'fanout' }],
    queues: [
      { name: 'refuses', arguments: { 'x-dead-letter-exchange': 'dead' } },
      { name: 'waits', arguments: { 'x-dead-letter-exchange': 'dead', 'x-message-ttl': 300 } },
      { name: 'holds-two', arguments: { 'x-dead-letter-exchange': 'dead', 'x-max-length': 2 } },
      {
        name: 'gives-up',
        arguments: { 'x-dead-letter-exchange': 'dead', 'x-queue-type': 'quorum', 'x-delivery-limit': 2 },
      },
      { name: 'graves' },
    ],
    bindings: [{ source: 'dead', destination: 'graves' }],
  },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: inTurn(
        [
          confirmSelect,
          { call: 'basic.publish', routingKey: 'refuses', key: 'bad' },
          { call: 'basic.publish', routingKey: 'refuses', key: 'good' },
          { call: 'basic.publish', routingKey: 'gives-up', key: 'bad' },
          { call: 'basic.publish', routingKey: 'gives-up', key: 'good' },
          { call: 'basic.publish', routingKey: 'waits', key: 'old' },
          ...['first', 'second', 'third'].map((key): Call => ({
            call: 'basic.publish',
            routingKey: 'holds-two',
            key,
          })),
          // what basic.nack gives back for good has not failed, by 4.3.
          { call: 'basic.publish', routingKey: 'refuses', key: 'not mine' },
        ],
        1000,
      ),
    },
    reader('refuses', {
      prefetchCount: 1,
      troubles: [
        { key: 'bad', outcome: 'reject' },
        { key: 'not mine', outcome: 'nack' },
      ],
    }),
    reader('gives-up', { prefetchCount: 1, troubles: [{ key: 'bad', outcome: 'reject-requeue' }] }),
    reader('graves', { startMs: 3000 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 5000,
  seed: 1,
};

/** Messages with and without a time to live, in a queue that nobody reads until it is over. */
export const ttlScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-ttl',
  title: 'Too late',
  system: {
    broker: 'rabbitmq',
    queues: [{ name: 'orders', arguments: { 'x-message-ttl': 1500 } }, { name: 'mail' }],
  },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: [
        { atMs: 500, do: confirmSelect },
        // Gone before anybody comes: by the queue's time, and by its own, which is shorter.
        { atMs: 600, do: { call: 'basic.publish', routingKey: 'orders', key: 'A' } },
        { atMs: 600, do: { call: 'basic.publish', routingKey: 'mail', key: 'B', expiration: '500' } },
        { atMs: 700, do: { call: 'basic.publish', routingKey: 'mail', key: 'C' } },
        // Read in time.
        { atMs: 2500, do: { call: 'basic.publish', routingKey: 'orders', key: 'D' } },
        { atMs: 2600, do: { call: 'basic.publish', routingKey: 'mail', key: 'E', expiration: '5000' } },
      ],
    },
    reader('orders', { startMs: 3000 }),
    reader('mail', { startMs: 3000 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 4500,
  seed: 1,
};

/** Five messages for a queue that may have three, by two ways to overflow; then somebody reads what is left. */
export const overflowScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-overflow',
  title: 'Five for three',
  system: {
    broker: 'rabbitmq',
    queues: [
      { name: 'drops', arguments: { 'x-max-length': 3 } },
      { name: 'refuses', arguments: { 'x-max-length': 3, 'x-overflow': 'reject-publish' } },
    ],
  },
  clients: [
    ...['drops', 'refuses'].map((routingKey): Client => ({
      id: `to-${routingKey}`,
      role: 'application',
      calls: inTurn(
        [
          confirmSelect,
          ...['A', 'B', 'C', 'D', 'E'].map((key): Call => ({ call: 'basic.publish', routingKey, key })),
        ],
        routingKey === 'drops' ? 500 : 550,
      ),
    })),
    reader('drops', { startMs: 2000 }),
    reader('refuses', { startMs: 2000 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 3500,
  seed: 1,
};

/** Messages of three priorities wait; then a consumer comes. */
export const priorityScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-priority',
  title: 'The urgent ones first',
  system: { broker: 'rabbitmq', queues: [{ name: 'jobs', arguments: { 'x-max-priority': 5 } }] },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: inTurn([
        confirmSelect,
        ...[0, 5, 2, 0, 5, 2, 9].map((priority): Call => ({
          call: 'basic.publish',
          routingKey: 'jobs',
          key: `p${priority}`,
          priority,
        })),
      ]),
    },
    reader('jobs', { startMs: 2500, prefetchCount: 1, processingMs: 50 }),
  ],
  network: { latencyMs: 5 },
  durationMs: 4000,
  seed: 1,
};

/** Somebody has it for himself: a consumer its queue, a connection a queue that it has declared. */
export const exclusiveScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-exclusive',
  title: 'For one alone',
  system: { broker: 'rabbitmq', queues: [{ name: 'jobs' }] },
  clients: [
    {
      id: 'first',
      role: 'application',
      calls: [
        { atMs: 300, do: { call: 'basic.consume', queue: 'jobs', tag: 'first', exclusive: true } },
        { atMs: 400, do: { call: 'queue.declare', queue: { name: 'private', exclusive: true } } },
        { atMs: 2000, do: { call: 'connection.close' } },
      ],
    },
    {
      id: 'second',
      role: 'application',
      calls: [
        { atMs: 800, do: { call: 'basic.consume', queue: 'jobs', tag: 'second' } },
        { atMs: 1000, do: { call: 'basic.consume', queue: 'private', tag: 'second' } },
        { atMs: 1200, do: { call: 'queue.declare', queue: { name: 'private' }, passive: true } },
        // With the connection the queue has gone.
        { atMs: 2500, do: { call: 'queue.declare', queue: { name: 'private' }, passive: true } },
        { atMs: 2700, do: { call: 'basic.consume', queue: 'jobs', tag: 'second' } },
      ],
    },
  ],
  network: { latencyMs: 5 },
  durationMs: 3500,
  seed: 1,
};

/** A node stops in good order and comes back: what lay in a classic queue and in a quorum queue. */
export const restartScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-restart',
  title: 'After a restart',
  system: {
    broker: 'rabbitmq',
    queues: [{ name: 'classic' }, { name: 'quorum', arguments: { 'x-queue-type': 'quorum' } }],
  },
  clients: [
    {
      id: 'shop',
      role: 'application',
      recoveryMs: 500,
      calls: inTurn([
        confirmSelect,
        ...([2, 1, 2, 1] as const).flatMap((deliveryMode) =>
          ['classic', 'quorum'].map((routingKey): Call => ({
            call: 'basic.publish',
            routingKey,
            key: deliveryMode === 2 ? 'kept' : 'not-kept',
            deliveryMode,
          })),
        ),
      ]),
    },
    reader('classic', { startMs: 6000, recoveryMs: 500 }),
    reader('quorum', { startMs: 6000, recoveryMs: 500 }),
  ],
  network: { latencyMs: 5 },
  timeline: [
    { atMs: 2500, action: { do: 'close', target: 'rabbit-1' } },
    { atMs: 5000, action: { do: 'restart', target: 'rabbit-1' } },
  ],
  durationMs: 9000,
  seed: 1,
};

/** Three nodes; the one that leads a quorum queue dies with six confirmed messages in it, and four come after. */
export const leaderScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-leader-dies',
  title: 'The node of the leader dies',
  system: {
    broker: 'rabbitmq',
    nodes: 3,
    queues: [{ name: 'orders', arguments: { 'x-queue-type': 'quorum' } }],
  },
  clients: [
    // It is connected to that node, and sees it go.
    { id: 'witness', role: 'application', node: 1, recoveryMs: 20_000, calls: [] },
    {
      id: 'shop',
      role: 'application',
      node: 2,
      calls: [
        ...inTurn([
          confirmSelect,
          ...['A', 'B', 'C', 'D', 'E', 'F'].map((key): Call => ({
            call: 'basic.publish',
            routingKey: 'orders',
            key,
          })),
        ]),
        // When another one leads.
        ...inTurn(
          ['G', 'H', 'I', 'J'].map((key): Call => ({ call: 'basic.publish', routingKey: 'orders', key })),
          7000,
        ),
      ],
    },
    reader('orders', { node: 3, startMs: 9000 }),
  ],
  network: { latencyMs: 5 },
  timeline: [{ atMs: 3000, action: { do: 'crash', target: 'rabbit-1' } }],
  durationMs: 11_000,
  seed: 1,
};

export const heldScenarios: readonly RabbitmqInput[] = [
  exchangesScenario,
  deathsScenario,
  ttlScenario,
  overflowScenario,
  priorityScenario,
  exclusiveScenario,
  restartScenario,
  leaderScenario,
];
