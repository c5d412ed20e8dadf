/**
 * When a message is done: the same messages in three queues, whose workers acknowledge after their work, before it, or not
 * at all (automatic acknowledgement), and crash in the middle of it. Beside it two small runs: publishers with and without
 * confirms whose connection breaks, and a worker that holds a delivery longer than the consumer timeout allows.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
type Consumer = Extract<RabbitmqInput['clients'][number], { role: 'consumer' }>;

const worker = (id: string, queue: string, how: Partial<Consumer>): Consumer => ({
  id,
  role: 'consumer',
  queues: [queue],
  processingMs: 1400,
  recoveryMs: 1000,
  ...how,
});

const CRASH_MS = 6200;
const RESTART_MS = 9200;
const workers = ['acks-after', 'acks-before', 'auto-acks'];

export const acksScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-acks',
  title: 'Done, or not',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'orders', type: 'fanout' }],
    queues: [{ name: 'ack-after' }, { name: 'ack-before' }, { name: 'auto-ack' }],
    bindings: ['ack-after', 'ack-before', 'auto-ack'].map((destination) => ({
      source: 'orders',
      destination,
    })),
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      label: 'Shop',
      exchange: 'orders',
      load: { ratePerSecond: 1.25, count: 14 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
    },
    // It acknowledges two at a time, as many do: so there is a moment at which one is finished and not acknowledged.
    worker('acks-after', 'ack-after', { label: 'Late acker', prefetchCount: 4, ackEvery: 2 }),
    worker('acks-before', 'ack-before', { label: 'Early acker', prefetchCount: 4, ack: 'before' }),
    worker('auto-acks', 'auto-ack', { label: 'Auto acker', autoAck: true }),
  ],
  network: { latencyMs: 120, jitterMs: 20 },
  timeline: workers.flatMap((target) => [
    { atMs: CRASH_MS, action: { do: 'crash' as const, target } },
    { atMs: RESTART_MS, action: { do: 'restart' as const, target } },
  ]),
  durationMs: 30_000,
  seed: 1,
};

/** A link that is cut and a node that crashes meanwhile: what was on its way is lost. */
export const unconfirmedScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-without-confirms',
  title: 'What was on its way',
  system: { broker: 'rabbitmq', queues: [{ name: 'asked' }, { name: 'hoped' }] },
  clients: [
    ...(['asked', 'hoped'] as const).map((id) => ({
      id,
      role: 'publisher' as const,
      routingKey: id,
      load: { ratePerSecond: 4, count: 40 },
      keys: { kind: 'cycle' as const, keys: ['A', 'B', 'C', 'D'] },
      confirms: id === 'asked',
      recoveryMs: 1000,
    })),
    ...(['asked', 'hoped'] as const).map((queue) => ({
      id: `reads-${queue}`,
      role: 'consumer' as const,
      queues: [queue],
      prefetchCount: 10,
      processingMs: 5,
      recoveryMs: 1000,
    })),
  ],
  network: { latencyMs: 150 },
  timeline: [
    { atMs: 5000, action: { do: 'crash', target: 'rabbit-1' } },
    { atMs: 7000, action: { do: 'restart', target: 'rabbit-1' } },
  ],
  durationMs: 25_000,
  seed: 1,
};

/** Half a minute instead of half an hour; the clock is looked at every ten seconds instead of every minute. */
export const consumerTimeoutScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-consumer-timeout',
  title: 'A worker that does not answer',
  system: {
    broker: 'rabbitmq',
    version: '4.2',
    queues: [{ name: 'jobs' }],
    config: { consumer_timeout: 30_000, channel_tick_interval: 10_000 },
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'jobs',
      load: { ratePerSecond: 1, count: 6 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'X', 'C', 'D', 'E'] },
    },
    {
      id: 'slow',
      role: 'consumer',
      queues: ['jobs'],
      prefetchCount: 4,
      processingMs: 200,
      troubles: [{ key: 'X', outcome: 'stall' }],
      recoveryMs: 2000,
    },
    { id: 'other', role: 'consumer', queues: ['jobs'], prefetchCount: 1, processingMs: 400, startMs: 20_000 },
  ],
  network: { latencyMs: 20 },
  durationMs: 70_000,
  seed: 1,
};

export const acksExperiment: Experiment = {
  id: 'rabbitmq-acks',
  scenario: 'rabbitmq-acks',
  home: ['rabbitmq-acks', 'rabbitmq-cut-off'],
  title: 'Done, or not',
  question: 'Three workers crash in the middle of their work. What is done twice, and what is never done?',
  posterMs: 8000,
  speed: 1,
  stage: 'queues',
  console: false,
  predict: {
    question:
      'A worker with automatic acknowledgement has been sent three messages, is working on the first, and crashes. The three…',
    options: [
      {
        id: 'come-back',
        text: 'come back to the queue',
        right: false,
        why: 'The queue forgot each of them when it had been written to the socket. Nobody has them.',
      },
      {
        id: 'one-lost',
        text: 'come back, save the one it was working on',
        right: false,
        why: 'The broker does not know on which of them it was working. To the broker all three were done when they had been sent.',
      },
      {
        id: 'lost',
        text: 'are lost, all three',
        right: true,
        why: 'Sent is settled. What waits in the consumer’s memory dies with it, and nothing limits how much waits there.',
      },
    ],
  },
  knobs: [
    {
      id: 'prefetch',
      name: 'prefetchCount',
      hint: 'Unacknowledged messages that a worker may have; automatic acknowledgement ignores it',
      path: ['clients', { role: 'consumer', id: ['acks-after', 'acks-before'] }, 'prefetchCount'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '4', label: '4', value: 4 },
        { id: '0', label: '0 (default)', value: 0 },
      ],
    },
    {
      id: 'processing',
      name: 'processing time',
      hint: 'How long a worker works on one message, milliseconds',
      path: ['clients', { role: 'consumer' }, 'processingMs'],
      options: [
        { id: '400', label: '400', value: 400 },
        { id: '1400', label: '1 400', value: 1400 },
        { id: '2500', label: '2 500', value: 2500 },
      ],
    },
  ],
  controls: [
    'publish',
    'crash-consumer',
    'restart-consumer',
    'pause-consumer',
    'close-consumer',
    'cancel-consumer',
  ],
  claims: [
    'rabbitmq.unacked-come-back',
    'rabbitmq.requeued-to-its-place',
    'rabbitmq.work-then-ack-repeats',
    'rabbitmq.redelivered-is-not-done',
    'rabbitmq.ack-first-loses',
    'rabbitmq.auto-ack-loses',
    'rabbitmq.confirm-says-nothing-of-consumers',
  ],
};
