/**
 * Who gets a message: the same load in two queues, each with a fast and a slow worker, and a prefetch of 1 beside one of
 * 100. Beside it smaller runs: a backlog that the first consumer takes whole, single active consumer, consumer priority.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
type Client = RabbitmqInput['clients'][number];
type Consumer = Extract<Client, { role: 'consumer' }>;

const FAST_MS = 100;
const SLOW_MS = 1500;

const worker = (id: string, queue: string, more: Partial<Consumer>): Consumer => ({
  id,
  role: 'consumer',
  queues: [queue],
  recoveryMs: 1000,
  ...more,
});

/** A fast and a slow one for a queue. */
const pair = (queue: string, prefetchCount: number): Consumer[] => [
  worker(`fast-${prefetchCount}`, queue, {
    label: `Fast ${prefetchCount}`,
    processingMs: FAST_MS,
    prefetchCount,
  }),
  worker(`slow-${prefetchCount}`, queue, {
    label: `Slow ${prefetchCount}`,
    processingMs: SLOW_MS,
    prefetchCount,
  }),
];

export const prefetchScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-prefetch',
  title: 'A fast and a slow worker',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'jobs', type: 'fanout' }],
    queues: [{ name: 'prefetch-1' }, { name: 'prefetch-100' }],
    bindings: [
      { source: 'jobs', destination: 'prefetch-1' },
      { source: 'jobs', destination: 'prefetch-100' },
    ],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      label: 'Shop',
      exchange: 'jobs',
      // The workers are there before the first job.
      startMs: 1000,
      load: { ratePerSecond: 3, untilMs: 11_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E'] },
    },
    ...pair('prefetch-1', 1),
    ...pair('prefetch-100', 100),
  ],
  network: { latencyMs: 40, jitterMs: 10 },
  durationMs: 30_000,
  seed: 1,
};

/** Twelve messages wait; two consumers without a prefetch limit come one after the other. */
export const backlogScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-backlog',
  title: 'The first takes all',
  system: { broker: 'rabbitmq', queues: [{ name: 'jobs' }] },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'jobs',
      load: { ratePerSecond: 12, count: 12 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
    },
    worker('first', 'jobs', { startMs: 3000, processingMs: 500 }),
    worker('second', 'jobs', { startMs: 3500, processingMs: 500 }),
  ],
  network: { latencyMs: 20 },
  durationMs: 15_000,
  seed: 1,
};

/** Three register, one is active; it crashes, and the next one goes on. */
export const singleActiveScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-single-active',
  title: 'One works, the others wait',
  system: {
    broker: 'rabbitmq',
    queues: [{ name: 'ledger', arguments: { 'x-single-active-consumer': true } }],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'ledger',
      load: { ratePerSecond: 4, untilMs: 12_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
      startMs: 1000,
    },
    ...['w0', 'w1', 'w2'].map((id, i) =>
      worker(id, 'ledger', { startMs: i * 200, processingMs: 150, prefetchCount: 2 }),
    ),
  ],
  network: { latencyMs: 20 },
  timeline: [{ atMs: 6100, action: { do: 'crash', target: 'w0' } }],
  durationMs: 20_000,
  seed: 1,
};

/** A consumer of priority 10 with room for two, and one of priority 0. */
export const consumerPriorityScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-consumer-priority',
  title: 'The other one only when this one has no room',
  system: { broker: 'rabbitmq', queues: [{ name: 'jobs' }] },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'jobs',
      // One and a half times as much as the first one works off.
      load: { ratePerSecond: 6, untilMs: 10_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
      startMs: 1000,
    },
    worker('high', 'jobs', { processingMs: 250, prefetchCount: 2, arguments: { 'x-priority': 10 } }),
    worker('low', 'jobs', { processingMs: 250, prefetchCount: 2 }),
  ],
  network: { latencyMs: 10 },
  durationMs: 15_000,
  seed: 1,
};

export const prefetchScenarios: readonly RabbitmqInput[] = [
  prefetchScenario,
  backlogScenario,
  singleActiveScenario,
  consumerPriorityScenario,
];

export const prefetchExperiment: Experiment = {
  id: 'rabbitmq-prefetch',
  scenario: 'rabbitmq-prefetch',
  home: ['rabbitmq-prefetch', 'rabbitmq-backlog', 'rabbitmq-single-active'],
  title: 'A fast and a slow worker',
  question: 'The same jobs in two queues. What does a prefetch of 100 do that one of 1 does not?',
  posterMs: 10_900,
  speed: 1,
  stage: 'queues',
  console: false,
  predict: {
    question:
      'Three jobs a second; the fast worker could do ten, the slow one two in three seconds. With a prefetch of 100, the jobs…',
    options: [
      {
        id: 'faster',
        text: 'are done sooner: nobody waits for the network',
        right: false,
        why: 'The round trip is saved, and a far longer wait is made: half the jobs stand behind the slow worker.',
      },
      {
        id: 'same',
        text: 'are done about as fast: the fast worker takes what it can',
        right: false,
        why: 'It takes what it is sent. With room on both sides each gets every second job, whatever its pace.',
      },
      {
        id: 'stuck',
        text: 'pile up at the slow worker, while the fast one has nothing to do',
        right: true,
        why: 'A delivery belongs to its consumer until it is acknowledged. Nobody takes it away from a slow one.',
      },
    ],
  },
  knobs: [
    {
      id: 'prefetch-one',
      name: 'prefetchCount of the first',
      hint: 'Unacknowledged messages that each worker of the first queue may have',
      path: ['clients', { role: 'consumer', id: ['fast-1', 'slow-1'] }, 'prefetchCount'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '3', label: '3', value: 3 },
        { id: '10', label: '10', value: 10 },
      ],
    },
    {
      id: 'prefetch-hundred',
      name: 'prefetchCount of the second',
      hint: 'The same of the second queue; 0 is no limit',
      path: ['clients', { role: 'consumer', id: ['fast-100', 'slow-100'] }, 'prefetchCount'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '5', label: '5', value: 5 },
        { id: '100', label: '100', value: 100 },
        { id: '0', label: '0 (default)', value: 0 },
      ],
    },
  ],
  controls: [
    'publish',
    'add-consumer',
    'crash-consumer',
    'restart-consumer',
    'pause-consumer',
    'close-consumer',
    'cancel-consumer',
  ],
  claims: [
    'rabbitmq.round-robin',
    'rabbitmq.prefetch-bounds-unacked',
    'rabbitmq.large-prefetch-strands',
    'rabbitmq.prefetch-one-follows-pace',
    'rabbitmq.competing-breaks-order',
  ],
};
