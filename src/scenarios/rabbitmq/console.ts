/**
 * What RabbitMQ's console begins with: three nodes, an exchange of each kind, a classic queue, a quorum queue and a stream, a
 * queue for dead letters, services that publish, and consumers of which one refuses a message now and then.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'rabbitmq'>['clients'][number];

const consumer = (
  id: string,
  queue: string,
  more: Partial<Extract<Client, { role: 'consumer' }>>,
): Client => ({
  id,
  role: 'consumer',
  queues: [queue],
  prefetchCount: 5,
  recoveryMs: 1000,
  ...more,
});

export const consoleScenario: ScenarioInputOf<'rabbitmq'> = {
  version: 1,
  id: 'rabbitmq-console',
  title: 'A RabbitMQ cluster to try commands on',
  system: {
    broker: 'rabbitmq',
    nodes: 3,
    exchanges: [
      { name: 'orders', type: 'topic', arguments: { 'alternate-exchange': 'unrouted' } },
      { name: 'payments', type: 'direct' },
      { name: 'reports', type: 'headers' },
      { name: 'shards', type: 'x-consistent-hash' },
      { name: 'dead', type: 'fanout' },
      { name: 'unrouted', type: 'fanout' },
    ],
    queues: [
      { name: 'billing', arguments: { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': 'dead' } },
      { name: 'shipping', node: 2, arguments: { 'x-dead-letter-exchange': 'dead' } },
      { name: 'audit', node: 3, arguments: { 'x-queue-type': 'stream' } },
      { name: 'dead-letters' },
      { name: 'lost' },
    ],
    bindings: [
      { source: 'orders', destination: 'billing', routingKey: 'order.#' },
      { source: 'orders', destination: 'shipping', routingKey: '*.paid' },
      { source: 'orders', destination: 'audit', routingKey: '#' },
      { source: 'payments', destination: 'billing', routingKey: 'card' },
      { source: 'reports', destination: 'audit', arguments: { format: 'pdf', 'x-match': 'any' } },
      { source: 'shards', destination: 'shipping', routingKey: '1' },
      { source: 'dead', destination: 'dead-letters' },
      { source: 'unrouted', destination: 'lost' },
    ],
    policies: [
      { name: 'no-floods', pattern: '^lost$', 'apply-to': 'queues', definition: { 'max-length': 100 } },
    ],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      label: 'Shop',
      exchange: 'orders',
      routingKey: 'order.paid',
      load: { ratePerSecond: 3, arrivals: 'poisson' },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
    },
    {
      id: 'bank',
      role: 'publisher',
      label: 'Bank',
      node: 3,
      exchange: 'payments',
      routingKey: 'card',
      load: { ratePerSecond: 1, arrivals: 'poisson' },
      keys: { kind: 'cycle', keys: ['P', 'Q'] },
    },
    consumer('b1', 'billing', { label: 'Billing 1', processingMs: 200 }),
    consumer('b2', 'billing', { label: 'Billing 2', node: 2, processingMs: 300 }),
    consumer('s1', 'shipping', {
      label: 'Shipping',
      node: 2,
      processingMs: 450,
      troubles: [{ key: 'D', outcome: 'reject' }],
    }),
  ],
  network: { latencyMs: 20, jitterMs: 5 },
  durationMs: 120_000,
  seed: 7,
};

export const consoleExperiment: Experiment = {
  id: 'rabbitmq-console',
  scenario: 'rabbitmq-console',
  title: 'A RabbitMQ cluster to try commands on',
  question: 'What do RabbitMQ’s own tools say of a cluster, and what can be done with them?',
  posterMs: 12_000,
  speed: 1,
  stage: 'queues',
  console: true,
  predict: null,
  knobs: [],
  controls: [
    'crash-node',
    'restart-node',
    'stop-node',
    'alarm',
    'publish',
    'crash-consumer',
    'restart-consumer',
    'close-consumer',
    'purge-queue',
  ],
  claims: [],
};
