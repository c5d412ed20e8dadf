/**
 * What a model could get wrong without any other run that is held to a real broker showing it: found by breaking the model on
 * purpose, a line at a time.
 */
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;

/**
 * Two times to live, of which the shorter one is the message's; a dead letter that then waits longer than that; one whose
 * way would lead back to where it expired; headers that begin with `x-`, which some bindings ask for and some leave out; the head of a quorum queue that is too long;
 * and a consumer of a higher priority.
 */
export const cornersScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-corners',
  title: 'Where a message would get lost in a model',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'tagged', type: 'headers' }],
    queues: [
      {
        name: 'waits',
        arguments: {
          'x-message-ttl': 30_000,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': 'graves',
        },
      },
      {
        name: 'round',
        arguments: {
          'x-message-ttl': 300,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': 'round',
        },
      },
      { name: 'graves' },
      { name: 'short', arguments: { 'x-queue-type': 'quorum', 'x-max-length': 2 } },
      { name: 'urgent' },
      { name: 'any' },
      { name: 'any-with-x' },
    ],
    bindings: [
      {
        source: 'tagged',
        destination: 'any',
        arguments: { 'x-match': 'any', 'x-colour': 'blue', kind: 'order' },
      },
      {
        source: 'tagged',
        destination: 'any-with-x',
        arguments: { 'x-match': 'any-with-x', 'x-colour': 'blue', kind: 'order' },
      },
    ],
  },
  clients: [
    {
      id: 'shop',
      role: 'application',
      calls: [
        { atMs: 500, do: { call: 'confirm.select' } },
        {
          atMs: 600,
          do: { call: 'basic.publish', routingKey: 'waits', key: 'soon', expiration: '400' },
        },
        { atMs: 700, do: { call: 'basic.publish', routingKey: 'round', key: 'again' } },
        {
          atMs: 800,
          do: { call: 'basic.publish', exchange: 'tagged', key: 'blue', headers: { 'x-colour': 'blue' } },
        },
        {
          atMs: 900,
          do: { call: 'basic.publish', exchange: 'tagged', key: 'order', headers: { kind: 'order' } },
        },
        ...['A', 'B', 'C', 'D'].map((key, i) => ({
          atMs: 1000 + 100 * i,
          do: { call: 'basic.publish' as const, routingKey: 'short', key },
        })),
        ...['E', 'F', 'G', 'H'].map((key, i) => ({
          atMs: 1500 + 200 * i,
          do: { call: 'basic.publish' as const, routingKey: 'urgent', key },
        })),
      ],
    },
    // Whoever reads comes long after all that dies has died.
    ...['graves', 'round', 'any', 'any-with-x', 'short'].map((name) => ({
      id: `reads-${name}`,
      role: 'consumer' as const,
      queues: [name],
      prefetchCount: 1,
      processingMs: 1,
      startMs: 3000,
    })),
    // One that came later and comes first; what it cannot take goes to the other.
    ...[0, 10].map((priority, i) => ({
      id: `priority-${priority}`,
      role: 'consumer' as const,
      queues: ['urgent'],
      arguments: { 'x-priority': priority },
      prefetchCount: 2,
      processingMs: 5000,
      startMs: 300 + 100 * i,
    })),
  ],
  network: { latencyMs: 5 },
  durationMs: 6000,
  seed: 1,
};
