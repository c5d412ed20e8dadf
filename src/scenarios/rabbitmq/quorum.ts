/**
 * A node dies: a quorum queue with a replica on each of three nodes, and a classic queue that lives on the one that
 * crashes, under the same load. Beside it a run in which two of three nodes are gone, and a stream that two read.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
type Client = RabbitmqInput['clients'][number];

const publisher = (id: string, more: Partial<Extract<Client, { role: 'publisher' }>>): Client => ({
  id,
  role: 'publisher',
  load: { ratePerSecond: 2, untilMs: 30_000 },
  startMs: 1500,
  recoveryMs: 1500,
  ...more,
});

export const quorumScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-quorum',
  title: 'A node dies',
  system: {
    broker: 'rabbitmq',
    nodes: 3,
    queues: [
      { name: 'orders', arguments: { 'x-queue-type': 'quorum', 'x-quorum-initial-group-size': 3 } },
      { name: 'quotes' },
    ],
  },
  clients: [
    publisher('shop', {
      label: 'Shop',
      node: 2,
      routingKey: 'orders',
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
    }),
    // To the classic queue: persistent messages from one, transient ones from the other.
    publisher('persistent', {
      label: 'Persistent',
      routingKey: 'quotes',
      keys: { kind: 'cycle', keys: ['P'] },
      load: { ratePerSecond: 1, untilMs: 9000 },
    }),
    publisher('transient', {
      label: 'Transient',
      routingKey: 'quotes',
      keys: { kind: 'cycle', keys: ['T'] },
      deliveryMode: 1,
      load: { ratePerSecond: 1, untilMs: 9000 },
    }),
    {
      id: 'billing',
      role: 'consumer',
      label: 'Billing',
      node: 1,
      queues: ['orders'],
      prefetchCount: 3,
      processingMs: 800,
      recoveryMs: 1500,
    },
    // Slower than what comes, so that something lies in the queue when its node dies.
    {
      id: 'prices',
      role: 'consumer',
      label: 'Prices',
      queues: ['quotes'],
      prefetchCount: 1,
      processingMs: 1300,
      recoveryMs: 5000,
    },
  ],
  network: { latencyMs: 40, jitterMs: 10 },
  timeline: [
    { atMs: 10_000, action: { do: 'crash', target: 'rabbit-1' } },
    { atMs: 25_000, action: { do: 'restart', target: 'rabbit-1' } },
  ],
  durationMs: 60_000,
  seed: 1,
};

export const minorityScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-minority',
  title: 'One of three is left',
  system: {
    broker: 'rabbitmq',
    nodes: 3,
    queues: [{ name: 'orders', arguments: { 'x-queue-type': 'quorum', 'x-quorum-initial-group-size': 3 } }],
  },
  clients: [
    publisher('shop', { node: 1, routingKey: 'orders', keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] } }),
    {
      id: 'billing',
      role: 'consumer',
      node: 1,
      queues: ['orders'],
      prefetchCount: 2,
      processingMs: 600,
      recoveryMs: 1500,
    },
  ],
  network: { latencyMs: 20 },
  timeline: [
    { atMs: 8000, action: { do: 'crash', target: 'rabbit-2' } },
    { atMs: 8000, action: { do: 'crash', target: 'rabbit-3' } },
    { atMs: 20_000, action: { do: 'restart', target: 'rabbit-2' } },
  ],
  durationMs: 60_000,
  seed: 1,
};

/** The second reader comes when the first has acknowledged what there was. */
export const streamScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-stream',
  title: 'Reading again',
  system: { broker: 'rabbitmq', queues: [{ name: 'events', arguments: { 'x-queue-type': 'stream' } }] },
  clients: [
    publisher('shop', {
      routingKey: 'events',
      load: { ratePerSecond: 2, count: 12 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
    }),
    ...['first', 'later'].map((id, i): Client => ({
      id,
      role: 'consumer',
      queues: ['events'],
      startMs: i * 12_000,
      prefetchCount: 5,
      processingMs: 100,
      arguments: { 'x-stream-offset': 'first' },
    })),
  ],
  network: { latencyMs: 20 },
  durationMs: 20_000,
  seed: 1,
};

export const quorumScenarios: readonly RabbitmqInput[] = [quorumScenario, minorityScenario, streamScenario];

export const quorumExperiment: Experiment = {
  id: 'rabbitmq-quorum',
  scenario: 'rabbitmq-quorum',
  home: ['rabbitmq-leader-dies', 'rabbitmq-majority'],
  title: 'A node dies',
  question:
    'Three nodes, one crashes for 15 seconds. What of each queue is still there, and who can reach it?',
  posterMs: 16_000,
  speed: 1,
  stage: 'quorum',
  console: false,
  predict: {
    question: 'The node that leads the quorum queue crashes. A message that it had confirmed…',
    options: [
      {
        id: 'lost',
        text: 'is lost if the other nodes had not caught up',
        right: false,
        why: 'It was not confirmed before a majority had it. One that lacks it cannot become leader.',
      },
      {
        id: 'waits',
        text: 'waits until the node is back',
        right: false,
        why: 'That is the classic queue. A quorum queue elects another leader, and goes on.',
      },
      {
        id: 'there',
        text: 'is there, and is given out by another leader',
        right: true,
        why: 'A majority of the replicas has it, and only a replica that has everything that a majority has is elected.',
      },
    ],
  },
  knobs: [
    {
      id: 'group-size',
      name: 'x-quorum-initial-group-size',
      hint: 'Replicas of the quorum queue',
      path: ['system', 'queues', { name: 'orders' }, 'arguments', 'x-quorum-initial-group-size'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '3', label: '3 (default)', value: 3 },
      ],
    },
    {
      id: 'prefetch',
      name: 'prefetchCount',
      hint: 'Unacknowledged messages that Billing may have',
      path: ['clients', { role: 'consumer', id: 'billing' }, 'prefetchCount'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '3', label: '3', value: 3 },
        { id: '20', label: '20', value: 20 },
      ],
    },
  ],
  controls: [
    'crash-node',
    'restart-node',
    'pause-node',
    'stop-node',
    'cut-node',
    'publish',
    'crash-consumer',
    'restart-consumer',
  ],
  claims: [
    'rabbitmq.quorum-confirms-by-majority',
    'rabbitmq.quorum-elects',
    'rabbitmq.quorum-loses-nothing-confirmed',
    'rabbitmq.quorum-redelivers',
    'rabbitmq.classic-waits-for-node',
    'rabbitmq.persistent-survives-restart',
  ],
};
