/**
 * The message that cannot be processed: the same six messages in four queues, whose workers return the bad one, reject it
 * against a limit, send it round a waiting queue, or nack it. Beside it runs about what is counted in which version, about
 * cycles without a consumer, about when a message expires, and about dead letters that lead nowhere.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
type Client = RabbitmqInput['clients'][number];
type Consumer = Extract<Client, { role: 'consumer' }>;
type Outcome = NonNullable<Consumer['troubles']>[number]['outcome'];

const LIMIT = 3;
const LETTERS = ['A', 'B', 'X', 'C', 'D', 'E'];

const limited = { 'x-queue-type': 'quorum', 'x-delivery-limit': LIMIT, 'x-dead-letter-exchange': 'dlx' };
/** Each queue, its arguments, and what its worker does with X. */
const QUEUES: readonly (readonly [string, Record<string, string | number>, Outcome])[] = [
  ['returns', {}, 'reject-requeue'],
  ['limit', limited, 'reject-requeue'],
  ['retry', { 'x-dead-letter-exchange': 'wait' }, 'reject'],
  ['nacks', limited, 'nack-requeue'],
];

export const poisonScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-poison',
  title: 'The message that cannot be processed',
  system: {
    broker: 'rabbitmq',
    exchanges: [
      { name: 'orders', type: 'fanout' },
      { name: 'dlx', type: 'fanout' },
      { name: 'wait', type: 'fanout' },
    ],
    queues: [
      ...QUEUES.map(([name, args]) => ({ name, arguments: args })),
      // Four seconds, then back: the dead-letter exchange of the waiting queue is the default one, and the key the queue's name.
      {
        name: 'waiting',
        arguments: {
          'x-message-ttl': 4000,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': 'retry',
        },
      },
      { name: 'dead', arguments: {} },
    ],
    bindings: [
      ...QUEUES.map(([destination]) => ({ source: 'orders', destination })),
      { source: 'wait', destination: 'waiting' },
      { source: 'dlx', destination: 'dead' },
    ],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      label: 'Shop',
      exchange: 'orders',
      startMs: 1000,
      load: { ratePerSecond: 1, count: LETTERS.length },
      keys: { kind: 'cycle', keys: LETTERS },
    },
    ...QUEUES.map(([queue, , outcome]): Client => ({
      id: `from-${queue}`,
      role: 'consumer',
      label: `Worker of ${queue}`,
      queues: [queue],
      prefetchCount: 1,
      processingMs: 400,
      troubles: [{ key: 'X', outcome }],
    })),
  ],
  network: { latencyMs: 60, jitterMs: 10 },
  durationMs: 25_000,
  seed: 1,
};

/** The worker that nacks, on 4.2 and on 4.3, with a limit of three. */
const nacking = (version: '4.2' | '4.3'): RabbitmqInput => ({
  version: 1,
  id: `rabbitmq-nack-${version.replace('.', '')}`,
  title: `Returned by nack, in ${version}`,
  system: {
    broker: 'rabbitmq',
    version,
    queues: [{ name: 'orders', arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': LIMIT } }],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'orders',
      startMs: 500,
      load: { ratePerSecond: 2, count: 4 },
      keys: { kind: 'cycle', keys: ['A', 'X', 'B', 'C'] },
    },
    {
      id: 'billing',
      role: 'consumer',
      queues: ['orders'],
      prefetchCount: 1,
      processingMs: 100,
      troubles: [{ key: 'X', outcome: 'nack-requeue' }],
    },
  ],
  network: { latencyMs: 20 },
  durationMs: 12_000,
  seed: 1,
});

/** Two queues that expire into one another, without a consumer; and one whose messages have times of their own. */
export const expiryScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-expiry',
  title: 'Expired, and where to',
  system: {
    broker: 'rabbitmq',
    queues: [
      {
        name: 'ping',
        arguments: {
          'x-message-ttl': 1000,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': 'pong',
        },
      },
      {
        name: 'pong',
        arguments: {
          'x-message-ttl': 1000,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': 'ping',
        },
      },
      { name: 'mixed', arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'expired' } },
      { name: 'expired' },
    ],
  },
  clients: [
    {
      id: 'once',
      role: 'publisher',
      routingKey: 'ping',
      load: { ratePerSecond: 2, count: 2 },
      keys: { kind: 'cycle', keys: ['A', 'B'] },
    },
    {
      id: 'times',
      role: 'application',
      // L may wait for five seconds, S, right behind it, for one.
      calls: (['L', 'S'] as const).map((key) => ({
        atMs: 1000,
        do: {
          call: 'basic.publish' as const,
          routingKey: 'mixed',
          key,
          expiration: key === 'L' ? '5000' : '1000',
        },
      })),
    },
    // It comes when what was dead-lettered would have expired a second time, had it kept its time.
    {
      id: 'reads',
      role: 'consumer',
      queues: ['expired'],
      startMs: 9000,
      prefetchCount: 10,
      processingMs: 10,
    },
  ],
  network: { latencyMs: 20 },
  durationMs: 12_000,
  seed: 1,
};

/** The dead-letter exchange that a queue names is not there. */
export const missingDlxScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-missing-dlx',
  title: 'Dead letters to nowhere',
  system: {
    broker: 'rabbitmq',
    nodes: 3,
    queues: [{ name: 'orders', arguments: { ...limited, 'x-dead-letter-exchange': 'forgotten' } }],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'orders',
      startMs: 1500,
      load: { ratePerSecond: 2, count: 4 },
      keys: { kind: 'cycle', keys: ['A', 'X', 'B', 'C'] },
    },
    {
      id: 'billing',
      role: 'consumer',
      queues: ['orders'],
      prefetchCount: 1,
      processingMs: 100,
      troubles: [{ key: 'X', outcome: 'reject' }],
    },
  ],
  network: { latencyMs: 20 },
  durationMs: 8000,
  seed: 1,
};

export const poisonScenarios: readonly RabbitmqInput[] = [
  poisonScenario,
  nacking('4.2'),
  nacking('4.3'),
  expiryScenario,
  missingDlxScenario,
];

export const poisonExperiment: Experiment = {
  id: 'rabbitmq-poison',
  scenario: 'rabbitmq-poison',
  home: ['rabbitmq-poison-short', 'rabbitmq-deaths', 'rabbitmq-ttl'],
  title: 'The message that cannot be processed',
  question:
    'X makes its worker fail, each time. How does it leave the queue, and what do its neighbours pay?',
  posterMs: 9500,
  speed: 1,
  stage: 'queues',
  console: false,
  predict: {
    question:
      'A quorum queue has a delivery limit of 3. Its worker rejects X with requeue each time. X is delivered…',
    options: [
      {
        id: 'three',
        text: 'three times',
        right: false,
        why: 'The limit is for returns. The third return is within it; only the fourth exceeds it.',
      },
      {
        id: 'four',
        text: 'four times',
        right: true,
        why: 'It may be returned three times, and so is delivered once more than that. The default of 20 allows 21 deliveries.',
      },
      {
        id: 'ever',
        text: 'for ever: only a dead-letter policy ends it',
        right: false,
        why: 'That is the classic queue, which counts nothing. A quorum queue gives up, with or without a dead-letter exchange.',
      },
    ],
  },
  knobs: [
    {
      id: 'limit',
      name: 'x-delivery-limit',
      hint: 'Counted returns after which the quorum queues give a message up',
      path: ['system', 'queues', { name: ['limit', 'nacks'] }, 'arguments', 'x-delivery-limit'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '3', label: '3', value: LIMIT },
        { id: '20', label: '20 (default)', value: 20 },
      ],
    },
    {
      id: 'ttl',
      name: 'x-message-ttl',
      hint: 'How long a message stays in the waiting queue, milliseconds',
      path: ['system', 'queues', { name: 'waiting' }, 'arguments', 'x-message-ttl'],
      options: [
        { id: '1000', label: '1 000', value: 1000 },
        { id: '4000', label: '4 000', value: 4000 },
        { id: '8000', label: '8 000', value: 8000 },
      ],
    },
    {
      id: 'version',
      name: 'version',
      hint: 'What counts as a return has changed with 4.3',
      path: ['system', 'version'],
      options: [
        { id: '4.2', label: '4.2', value: '4.2' },
        { id: '4.3', label: '4.3', value: '4.3' },
      ],
    },
  ],
  controls: [
    'publish',
    'add-consumer',
    'crash-consumer',
    'restart-consumer',
    'pause-consumer',
    'purge-queue',
  ],
  claims: [
    'rabbitmq.requeue-spins',
    'rabbitmq.limit-allows-one-more',
    'rabbitmq.neighbours-pass',
    'rabbitmq.death-counts-rounds',
    'rabbitmq.rejected-cycle-never-ends',
  ],
};
