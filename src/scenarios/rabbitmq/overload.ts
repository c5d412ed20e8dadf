/**
 * Too much: one load in four queues, without a limit and with each way to overflow. Beside it smaller runs: a publisher
 * that waits for its confirms, a node that is short of memory, a quorum queue that decides after it has taken.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
type Client = RabbitmqInput['clients'][number];

/** Ready messages that the limited queues may have. */
const LIMIT = 8;
const QUEUES = [
  ['unlimited', {}],
  ['drop-head', { 'x-max-length': LIMIT }],
  ['reject', { 'x-max-length': LIMIT, 'x-overflow': 'reject-publish' }],
  [
    'reject-dlx',
    { 'x-max-length': LIMIT, 'x-overflow': 'reject-publish-dlx', 'x-dead-letter-exchange': 'overflow' },
  ],
] as const;

/** A burst every eight seconds, more than a worker does in that time. */
const publisher = (queue: string, letter: string): Client => ({
  id: `to-${queue}`,
  role: 'publisher',
  label: `To ${queue}`,
  routingKey: queue,
  load: { ratePerSecond: 0.5, bursts: { everyMs: 8000, lastsMs: 3000, factor: 12 }, untilMs: 30_000 },
  keys: { kind: 'cycle', keys: [letter] },
  unconfirmed: 'give-up',
});

const worker = (queue: string): Client => ({
  id: `from-${queue}`,
  role: 'consumer',
  label: `Worker of ${queue}`,
  queues: [queue],
  prefetchCount: 2,
  processingMs: 600,
});

export const overloadScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-overload',
  title: 'Too much',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'overflow', type: 'fanout' }],
    queues: [...QUEUES.map(([name, args]) => ({ name, arguments: { ...args } })), { name: 'refused' }],
    bindings: [{ source: 'overflow', destination: 'refused' }],
  },
  clients: QUEUES.flatMap(([queue], i) => [publisher(queue, 'ABCD'.charAt(i)), worker(queue)]),
  network: { latencyMs: 40, jitterMs: 10 },
  durationMs: 45_000,
  seed: 1,
};

/** One waits when five of its messages are unconfirmed, the other does not; the disk is slow for a while. */
export const confirmWindowScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-confirm-window',
  title: 'A publisher that waits',
  system: { broker: 'rabbitmq', queues: [{ name: 'waits' }, { name: 'goes-on' }] },
  clients: [
    ...(['waits', 'goes-on'] as const).map((queue) => ({
      id: queue,
      role: 'publisher' as const,
      routingKey: queue,
      load: { ratePerSecond: 20, untilMs: 8000 },
      keys: { kind: 'cycle' as const, keys: ['A', 'B', 'C', 'D'] },
      maxUnconfirmed: queue === 'waits' ? 5 : 0,
    })),
    ...(['waits', 'goes-on'] as const).map((queue) => ({
      id: `from-${queue}`,
      role: 'consumer' as const,
      queues: [queue],
      prefetchCount: 20,
      processingMs: 5,
      // What is acknowledged at once is confirmed at once, disk or no disk: so they come later.
      startMs: 10_000,
    })),
  ],
  network: { latencyMs: 20 },
  // A disk that takes half a second for what took a millisecond.
  timeline: [
    { atMs: 2000, action: { do: 'slow', target: 'rabbit-1', factor: 500 } },
    { atMs: 5000, action: { do: 'slow', target: 'rabbit-1', factor: 1 } },
  ],
  durationMs: 20_000,
  seed: 1,
};

/** Two nodes; one of them is short of memory from 4 s to 9 s. */
export const alarmScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-alarm',
  title: 'Short of memory',
  system: { broker: 'rabbitmq', nodes: 2, queues: [{ name: 'orders' }] },
  clients: [
    ...[1, 2].map((node) => ({
      id: `shop-${node}`,
      role: 'publisher' as const,
      node,
      routingKey: 'orders',
      load: { ratePerSecond: 4, untilMs: 14_000 },
      keys: { kind: 'cycle' as const, keys: ['A', 'B', 'C', 'D'] },
    })),
    // It is behind when the alarm comes, so that there is something to go on with.
    { id: 'billing', role: 'consumer', queues: ['orders'], prefetchCount: 2, processingMs: 200 },
  ],
  network: { latencyMs: 20 },
  timeline: [
    { atMs: 4000, action: { do: 'alarm', node: 2, on: true } },
    { atMs: 9000, action: { do: 'alarm', node: 2, on: false } },
  ],
  durationMs: 30_000,
  seed: 1,
};

/** Thirteen messages, one at a time, for a quorum queue that may have ten (J-10). */
export const overshootScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-quorum-overflow',
  title: 'One more than the limit',
  system: {
    broker: 'rabbitmq',
    nodes: 3,
    queues: [
      {
        name: 'orders',
        arguments: { 'x-queue-type': 'quorum', 'x-max-length': 10, 'x-overflow': 'reject-publish' },
      },
    ],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      routingKey: 'orders',
      startMs: 2000,
      load: { ratePerSecond: 4, count: 13 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
      unconfirmed: 'give-up',
    },
  ],
  network: { latencyMs: 5 },
  durationMs: 10_000,
  seed: 1,
};

export const overloadScenarios: readonly RabbitmqInput[] = [
  overloadScenario,
  confirmWindowScenario,
  alarmScenario,
  overshootScenario,
];

export const overloadExperiment: Experiment = {
  id: 'rabbitmq-overload',
  scenario: 'rabbitmq-overload',
  home: ['rabbitmq-overload-short', 'rabbitmq-overflow'],
  title: 'Too much',
  question: 'More arrives than is worked off. Who is told, and which messages pay for it?',
  posterMs: 19_500,
  speed: 2,
  stage: 'queues',
  console: false,
  predict: {
    question:
      'A queue with a limit of 8 and the default overflow takes its ninth message. Its publisher, with confirms on, is told…',
    options: [
      {
        id: 'nack',
        text: 'that it was refused',
        right: false,
        why: 'That is reject-publish. The default, drop-head, takes the ninth and drops the oldest.',
      },
      {
        id: 'ack',
        text: 'that all is well; the oldest message is dropped',
        right: true,
        why: 'The publish was accepted, and is confirmed. The dropped one was confirmed long ago, to somebody who will not hear of it again.',
      },
      {
        id: 'nothing',
        text: 'nothing, until there is room',
        right: false,
        why: 'A queue never makes a publisher wait for room. Only an alarm, or flow control within a node, holds a connection up.',
      },
    ],
  },
  knobs: [
    {
      id: 'max-length',
      name: 'x-max-length',
      hint: 'Ready messages that the three limited queues may have',
      path: [
        'system',
        'queues',
        { name: ['drop-head', 'reject', 'reject-dlx'] },
        'arguments',
        'x-max-length',
      ],
      options: [
        { id: '2', label: '2', value: 2 },
        { id: '8', label: '8', value: LIMIT },
        { id: '20', label: '20', value: 20 },
      ],
    },
    {
      id: 'prefetch',
      name: 'prefetchCount',
      hint: 'What is out with a worker does not count towards the limit',
      path: ['clients', { role: 'consumer' }, 'prefetchCount'],
      options: [
        { id: '2', label: '2', value: 2 },
        { id: '6', label: '6', value: 6 },
        { id: '0', label: '0 (default)', value: 0 },
      ],
    },
    {
      id: 'confirms',
      name: 'confirms',
      hint: 'Whether publishers ask for confirms',
      path: ['clients', { role: 'publisher' }, 'confirms'],
      options: [
        { id: 'on', label: 'on', value: true },
        { id: 'off', label: 'off (default)', value: false },
      ],
    },
    {
      id: 'processing',
      name: 'processing time',
      hint: 'How long a worker works on one message, milliseconds',
      path: ['clients', { role: 'consumer' }, 'processingMs'],
      options: [
        { id: '150', label: '150', value: 150 },
        { id: '600', label: '600', value: 600 },
        { id: '1500', label: '1 500', value: 1500 },
      ],
    },
  ],
  controls: [
    'publish',
    'add-consumer',
    'pause-consumer',
    'crash-consumer',
    'restart-consumer',
    'alarm',
    'purge-queue',
  ],
  claims: [
    'rabbitmq.drop-head-confirmed',
    'rabbitmq.reject-publish-nacks',
    'rabbitmq.reject-dlx-keeps',
    'rabbitmq.length-counts-ready',
    'rabbitmq.backlog-is-latency',
  ],
};
