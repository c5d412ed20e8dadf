/**
 * Where a message goes: a topic exchange with an alternate and an exchange behind it, under a shop's events. Beside it
 * publishers whose messages match nothing, a queue that is bound too late, and the consistent-hash exchange.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInput } from '../schema.ts';

type RabbitmqInput = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
type Client = RabbitmqInput['clients'][number];

/** What the shop has to tell, a letter for each kind. */
const EVENTS = {
  A: 'orders.eu.created',
  B: 'orders.us.created',
  C: 'orders.eu.item.added',
  D: 'payments.card.failed',
  E: 'orders',
  F: 'users.signup',
};
const LETTERS = Object.keys(EVENTS);

const reader = (queue: string, processingMs = 300): Client => ({
  id: `reads-${queue}`,
  role: 'consumer',
  queues: [queue],
  prefetchCount: 1,
  processingMs,
});

const TOPIC = {
  exchanges: [
    { name: 'events', type: 'topic' as const, arguments: { 'alternate-exchange': 'unrouted' } },
    { name: 'audit', type: 'fanout' as const },
    { name: 'unrouted', type: 'fanout' as const },
  ],
  bindings: [
    { source: 'events', destination: 'eu-orders', routingKey: 'orders.eu.*' },
    { source: 'events', destination: 'all-orders', routingKey: 'orders.#' },
    // The same queue a second time: still one copy.
    { source: 'events', destination: 'all-orders', routingKey: 'orders.*.created' },
    { source: 'events', destination: 'failures', routingKey: '*.*.failed' },
    {
      source: 'events',
      destination: 'audit',
      destinationType: 'exchange' as const,
      routingKey: 'payments.#',
    },
    { source: 'audit', destination: 'audit-log' },
    { source: 'unrouted', destination: 'matched-nothing' },
  ],
};
const TOPIC_QUEUES = ['eu-orders', 'all-orders', 'failures', 'audit-log', 'matched-nothing'];

export const routingScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-routing',
  title: 'Where a message goes',
  system: { broker: 'rabbitmq', ...TOPIC, queues: TOPIC_QUEUES.map((name) => ({ name })) },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      label: 'Shop',
      exchange: 'events',
      routingKeys: EVENTS,
      mandatory: true,
      startMs: 1000,
      load: { ratePerSecond: 1, untilMs: 40_000 },
      keys: { kind: 'cycle', keys: LETTERS },
    },
    reader('eu-orders'),
    // The slowest: its copies are still there when the others are done with theirs.
    reader('all-orders', 1500),
    reader('failures'),
  ],
  network: { latencyMs: 100, jitterMs: 20 },
  durationMs: 60_000,
  seed: 1,
};

/** An exchange without an alternate: one publisher asks to have back what matches nothing, the other does not. */
export const unroutableScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-unroutable',
  title: 'Nowhere',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'events', type: 'topic' }],
    queues: [{ name: 'orders' }],
    bindings: [{ source: 'events', destination: 'orders', routingKey: 'orders.#' }],
  },
  clients: [
    ...[true, false].map((mandatory): Client => ({
      id: mandatory ? 'mandatory' : 'plain',
      role: 'publisher',
      exchange: 'events',
      routingKeys: EVENTS,
      mandatory,
      // By turns: of two that publish in one instant none is promised to be first.
      startMs: mandatory ? 0 : 250,
      load: { ratePerSecond: 2, count: 8 },
      keys: { kind: 'cycle', keys: ['A', 'F'] },
    })),
    reader('orders'),
  ],
  network: { latencyMs: 50 },
  durationMs: 10_000,
  seed: 1,
};

/** A second queue is bound after 4 s, between two messages, with the same key as the first. */
export const lateBindingScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-late-binding',
  title: 'Bound too late',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'events', type: 'topic' }],
    queues: [{ name: 'orders' }, { name: 'search' }],
    bindings: [{ source: 'events', destination: 'orders', routingKey: 'orders.#' }],
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      exchange: 'events',
      routingKeys: EVENTS,
      load: { ratePerSecond: 2, count: 16 },
      keys: { kind: 'cycle', keys: ['A', 'B'] },
    },
    reader('orders'),
    reader('search'),
  ],
  network: { latencyMs: 50 },
  timeline: [
    {
      atMs: 4250,
      action: { do: 'bind', binding: { source: 'events', destination: 'search', routingKey: 'orders.#' } },
    },
  ],
  durationMs: 15_000,
  seed: 1,
};

const HASHED = ['orders-0', 'orders-1', 'orders-2'];

/** Two hundred customers over three queues of the same weight. */
export const hashScenario: RabbitmqInput = {
  version: 1,
  id: 'rabbitmq-consistent-hash',
  title: 'A queue for each share of the keys',
  system: {
    broker: 'rabbitmq',
    exchanges: [{ name: 'by-customer', type: 'x-consistent-hash' }],
    queues: HASHED.map((name) => ({ name })),
    bindings: HASHED.map((destination) => ({ source: 'by-customer', destination, routingKey: '1' })),
  },
  clients: [
    {
      id: 'shop',
      role: 'publisher',
      exchange: 'by-customer',
      load: { ratePerSecond: 60, count: 600 },
      keys: { kind: 'uniform', keys: Array.from({ length: 200 }, (_, i) => `customer-${i}`) },
    },
    ...HASHED.map((queue): Client => ({
      id: `reads-${queue}`,
      role: 'consumer',
      queues: [queue],
      prefetchCount: 20,
      processingMs: 5,
    })),
  ],
  network: { latencyMs: 10 },
  durationMs: 15_000,
  seed: 1,
};

export const routingScenarios: readonly RabbitmqInput[] = [
  routingScenario,
  unroutableScenario,
  lateBindingScenario,
  hashScenario,
];

export const routingExperiment: Experiment = {
  id: 'rabbitmq-routing',
  scenario: 'rabbitmq-routing',
  home: [
    'rabbitmq-exchange-types',
    'rabbitmq-unroutable',
    'rabbitmq-late-binding',
    'rabbitmq-consistent-hash',
  ],
  title: 'Where a message goes',
  question:
    'Which queues get a copy, by which binding, and what becomes of a message that none of them wants?',
  posterMs: 4300,
  speed: 1,
  stage: 'routing',
  console: false,
  predict: {
    question: 'A message with the key orders.eu.item.added. The binding orders.eu.* …',
    options: [
      {
        id: 'takes',
        text: 'takes it: * stands for whatever follows',
        right: false,
        why: '* is one word. Two words follow orders.eu, item and added.',
      },
      {
        id: 'not',
        text: 'does not take it; orders.# does',
        right: true,
        why: '* is exactly one word, # any number of them.',
      },
      {
        id: 'error',
        text: 'makes the publish fail: the key has too many words',
        right: false,
        why: 'A key may have as many words as fit into 255 bytes. What matches nothing is no error.',
      },
    ],
  },
  knobs: [],
  controls: ['publish', 'declare', 'purge-queue'],
  claims: [
    'rabbitmq.star-is-one-word',
    'rabbitmq.one-copy-per-queue',
    'rabbitmq.copy-for-each-queue',
    'rabbitmq.alternate-takes-unmatched',
    'rabbitmq.alternate-is-not-returned',
  ],
};
