/**
 * What the challenges on RabbitMQ are played on: quiet runs, in which nothing goes wrong that the reader does not do. Rates,
 * limits and seeds are such that there is time to act, and that what was done shows.
 */
import type { ScenarioInputOf } from '../schema.ts';

type RabbitmqInput = ScenarioInputOf<'rabbitmq'>;
type Client = RabbitmqInput['clients'][number];
type Consumer = Extract<Client, { role: 'consumer' }>;
type Publisher = Extract<Client, { role: 'publisher' }>;

const consumer = (id: string, queue: string, more: Partial<Consumer> = {}): Consumer => ({
  id,
  role: 'consumer',
  queues: [queue],
  prefetchCount: 1,
  processingMs: 200,
  recoveryMs: 1500,
  ...more,
});

const shop = (more: Partial<Publisher>): Publisher => ({
  id: 'shop',
  role: 'publisher',
  label: 'Shop',
  startMs: 1000,
  load: { ratePerSecond: 2, untilMs: 40_000 },
  keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D'] },
  recoveryMs: 1500,
  ...more,
});

/** Five kinds of events, three queues, and not one binding. */
export const unbound: RabbitmqInput = {
  version: 1,
  id: 'practice-rabbitmq-unbound',
  title: 'Three queues and no bindings',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'events', type: 'topic' }],
    queues: [{ name: 'eu-desk' }, { name: 'warehouse' }, { name: 'alarms' }],
    bindings: [],
  },
  clients: [
    shop({
      exchange: 'events',
      routingKeys: {
        A: 'orders.eu.created',
        B: 'orders.us.created',
        C: 'orders.eu.item.added',
        D: 'payments.card.failed',
        F: 'users.signup',
      },
      load: { ratePerSecond: 1, untilMs: 80_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'F'] },
    }),
    ...['eu-desk', 'warehouse', 'alarms'].map((queue) =>
      consumer(`reads-${queue}`, queue, { processingMs: 600 }),
    ),
  ],
  network: { latencyMs: 60, jitterMs: 10 },
  durationMs: 90_000,
  seed: 1,
};

/** Two workers on one queue, each of which acknowledges when its work is done. */
export const workers: RabbitmqInput = {
  version: 1,
  id: 'practice-rabbitmq-workers',
  title: 'Two workers on one queue',
  system: { broker: 'rabbitmq', queues: [{ name: 'orders' }] },
  clients: [
    // A little more than the two can do: a worker that has nothing to do acknowledges what it has done.
    shop({ routingKey: 'orders', load: { ratePerSecond: 3.2, untilMs: 30_000 } }),
    // They acknowledge three at a time, as many do.
    ...[1, 2].map((n) =>
      consumer(`worker-${n}`, 'orders', {
        label: `Worker ${n}`,
        prefetchCount: 6,
        processingMs: 700,
        ackEvery: 3,
      }),
    ),
  ],
  network: { latencyMs: 80, jitterMs: 20 },
  durationMs: 50_000,
  seed: 1,
};

/** One node, one publisher, one consumer: all is well. */
export const calm: RabbitmqInput = {
  version: 1,
  id: 'practice-rabbitmq-calm',
  title: 'A node with memory to spare',
  system: { broker: 'rabbitmq', queues: [{ name: 'orders' }] },
  clients: [
    shop({ routingKey: 'orders', load: { ratePerSecond: 3, untilMs: 40_000 } }),
    consumer('billing', 'orders', { label: 'Billing', prefetchCount: 2, processingMs: 400 }),
  ],
  network: { latencyMs: 60, jitterMs: 10 },
  durationMs: 50_000,
  seed: 1,
};

/** What a short queue drops goes to a second one, and what waits there for too long to a third, which somebody reads. */
export const spill: RabbitmqInput = {
  version: 1,
  id: 'practice-rabbitmq-spill',
  title: 'A short queue, and one behind it',
  system: {
    broker: 'rabbitmq',
    exchanges: [
      { name: 'overflow', type: 'fanout' },
      { name: 'expired', type: 'fanout' },
    ],
    queues: [
      { name: 'orders', arguments: { 'x-max-length': 5, 'x-dead-letter-exchange': 'overflow' } },
      { name: 'spill', arguments: { 'x-message-ttl': 3_600_000, 'x-dead-letter-exchange': 'expired' } },
      { name: 'late' },
    ],
    bindings: [
      { source: 'overflow', destination: 'spill' },
      { source: 'expired', destination: 'late' },
    ],
  },
  clients: [
    shop({ routingKey: 'orders' }),
    consumer('billing', 'orders', { label: 'Billing' }),
    consumer('reads-late', 'late', { label: 'Reads late', processingMs: 50 }),
  ],
  network: { latencyMs: 60, jitterMs: 10 },
  durationMs: 50_000,
  seed: 1,
};

/** A quorum queue whose worker returns X each time; it may do so twenty times, and then X is dropped, for nothing else is said. */
export const poison: RabbitmqInput = {
  version: 1,
  id: 'practice-rabbitmq-poison',
  title: 'A message that fails each time',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'dlx', type: 'fanout' }],
    queues: [{ name: 'orders', arguments: { 'x-queue-type': 'quorum' } }, { name: 'dead' }],
    bindings: [{ source: 'dlx', destination: 'dead' }],
  },
  clients: [
    shop({
      routingKey: 'orders',
      load: { ratePerSecond: 1, count: 10 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'X', 'C', 'D', 'E', 'F', 'A', 'B', 'C'] },
    }),
    consumer('billing', 'orders', {
      label: 'Billing',
      processingMs: 1200,
      troubles: [{ key: 'X', outcome: 'reject-requeue' }],
    }),
    consumer('reads-dead', 'dead', { label: 'Reads dead', processingMs: 50 }),
  ],
  network: { latencyMs: 60, jitterMs: 10 },
  durationMs: 60_000,
  seed: 1,
};

/** Three nodes, and a quorum queue that was declared with one replica. */
export const replicas: RabbitmqInput = {
  version: 1,
  id: 'practice-rabbitmq-replicas',
  title: 'A quorum queue on three nodes, or on one',
  system: {
    broker: 'rabbitmq',
    nodes: 3,
    queues: [{ name: 'orders', arguments: { 'x-queue-type': 'quorum', 'x-quorum-initial-group-size': 1 } }],
  },
  clients: [
    shop({ node: 2, routingKey: 'orders', load: { ratePerSecond: 2, untilMs: 30_000 } }),
    // Slower than what comes, so that something lies in the queue.
    consumer('billing', 'orders', { label: 'Billing', node: 3, prefetchCount: 3, processingMs: 700 }),
  ],
  network: { latencyMs: 40, jitterMs: 10 },
  durationMs: 60_000,
  seed: 1,
};

export const practiceScenarios: readonly RabbitmqInput[] = [unbound, workers, calm, spill, poison, replicas];
