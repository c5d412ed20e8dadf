// Random RabbitMQ systems: classic and quorum queues behind an exchange of any type, consumers that acknowledge or need
// not, that refuse, give back and crash, and nodes, clients and links that fail.
import fc from 'fast-check';
import type { ScenarioInputOf } from '../../../src/scenarios/schema.ts';
import { FAULTS_UNTIL_MS, faultOn, SOURCES_UNTIL_MS, type Fault } from './phases.ts';

type Input = ScenarioInputOf<'rabbitmq'>;
type Client = Input['clients'][number];
type Consumer = Extract<Client, { role: 'consumer' }>;

/** Half an hour: the slowest has 60 messages a second to work off, each for 40 ms, over a link of 50 ms. */
const DURATION_MS = 1_800_000;
const KEYS = ['a.x', 'a.y', 'b.x'];

const queueShape = fc.record({
  type: fc.constantFrom('classic', 'quorum'),
  durable: fc.constantFrom(true, true, true, false),
  node: fc.integer({ min: 1, max: 3 }),
  pattern: fc.constantFrom('a.x', 'a.*', '#', 'b.#'),
  maxLength: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null, freq: 3 }),
  overflow: fc.constantFrom('drop-head', 'reject-publish'),
  ttlMs: fc.option(fc.integer({ min: 50, max: 5000 }), { nil: null, freq: 3 }),
  deadLetters: fc.boolean(),
  /** A quorum queue then sends its dead letters on until they are confirmed. */
  atLeastOnce: fc.boolean(),
});
type QueueShape = typeof queueShape extends fc.Arbitrary<infer T> ? T : never;

const trouble = fc.record({
  key: fc.constantFrom(...KEYS),
  outcome: fc.constantFrom('reject', 'reject-requeue', 'nack', 'nack-requeue', 'crash'),
  times: fc.integer({ min: 1, max: 3 }),
});

const consumerShape = fc.record({
  queue: fc.nat({ max: 3 }),
  node: fc.integer({ min: 1, max: 3 }),
  prefetch: fc.constantFrom(0, 1, 2, 10),
  autoAck: fc.constantFrom(false, false, false, true),
  ack: fc.constantFrom('after', 'before'),
  processingMs: fc.integer({ min: 0, max: 40 }),
  recoveryMs: fc.integer({ min: 100, max: 3000 }),
  troubles: fc.array(trouble, { maxLength: 2 }),
});

function queueOf(
  shape: QueueShape,
  i: number,
  nodes: number,
  version: string,
): NonNullable<Input['system']['queues']>[number] {
  const { type, maxLength, overflow, ttlMs, deadLetters, atLeastOnce } = shape;
  const quorum = type === 'quorum';
  return {
    name: `q${i}`,
    // 4.3 takes no transient queue that is not exclusive.
    durable: quorum || shape.durable || version === '4.3',
    node: 1 + ((shape.node - 1) % nodes),
    arguments: {
      'x-queue-type': type,
      ...(maxLength === null ? {} : { 'x-max-length': maxLength, 'x-overflow': overflow }),
      ...(ttlMs === null ? {} : { 'x-message-ttl': ttlMs }),
      ...(deadLetters ? { 'x-dead-letter-exchange': 'dead' } : {}),
      // The strategy asks for an overflow that rejects.
      ...(deadLetters && quorum && atLeastOnce && maxLength !== null && overflow === 'reject-publish'
        ? { 'x-dead-letter-strategy': 'at-least-once' }
        : {}),
    },
  };
}

export const rabbitmqScenario: fc.Arbitrary<Input> = fc
  .record({
    version: fc.constantFrom('3.10' as const, '4.2' as const, '4.3' as const),
    nodes: fc.constantFrom(1, 3),
    exchange: fc.constantFrom('direct' as const, 'fanout' as const, 'topic' as const),
    queues: fc.array(queueShape, { minLength: 1, maxLength: 4 }),
    publishers: fc.array(
      fc.record({
        node: fc.integer({ min: 1, max: 3 }),
        rate: fc.integer({ min: 1, max: 20 }),
        confirms: fc.constantFrom(true, true, true, false),
        mandatory: fc.boolean(),
        deliveryMode: fc.constantFrom(1 as const, 2 as const, 2 as const),
        maxUnconfirmed: fc.constantFrom(0, 1, 10),
        unconfirmed: fc.constantFrom('resend' as const, 'give-up' as const),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    consumers: fc.array(consumerShape, { minLength: 1, maxLength: 4 }),
    latencyMs: fc.integer({ min: 0, max: 50 }),
    jitterMs: fc.integer({ min: 0, max: 50 }),
    loss: fc.constantFrom(0, 0, 0.05),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .chain((shape) => {
    const nodes = Array.from({ length: shape.nodes }, (_, i) => `rabbit-${i + 1}`);
    const clients = [...shape.publishers.map((_, i) => `p${i}`), ...shape.consumers.map((_, i) => `c${i}`)];
    const victims = [...clients, ...nodes];
    const fault = fc
      .tuple(fc.constantFrom(...victims), fc.constantFrom(...nodes))
      .chain(([target, peer]) => faultOn(target, peer === target ? clients[0]! : peer));
    return fc.array(fault, { maxLength: 4 }).map((faults) => inputOf(shape, clients, faults.flat()));
  });

function inputOf(
  shape: {
    version: '3.10' | '4.2' | '4.3';
    nodes: number;
    exchange: 'direct' | 'fanout' | 'topic';
    queues: QueueShape[];
    publishers: {
      node: number;
      rate: number;
      confirms: boolean;
      mandatory: boolean;
      deliveryMode: 1 | 2;
      maxUnconfirmed: number;
      unconfirmed: 'resend' | 'give-up';
    }[];
    consumers: (typeof consumerShape extends fc.Arbitrary<infer T> ? T : never)[];
    latencyMs: number;
    jitterMs: number;
    loss: number;
    seed: number;
  },
  clients: readonly string[],
  faults: readonly Fault[],
): Input {
  const onNode = (node: number): number => 1 + ((node - 1) % shape.nodes);
  const consumed = new Set(shape.consumers.map(({ queue }) => queue % shape.queues.length));
  // A full queue that nobody consumes would be offered the same message for ever.
  const queues = shape.queues.map((queue, i) =>
    consumed.has(i) ? queue : { ...queue, overflow: 'drop-head' as const },
  );
  // that a queue takes publishes again is said once, and a channel whose node was lost then does not hear it.
  const missesNews =
    shape.nodes > 1 &&
    queues.some(
      ({ type, maxLength, overflow }) =>
        type === 'quorum' && maxLength !== null && overflow === 'reject-publish',
    ) &&
    faults.some(({ action }) => action.do === 'pause' || action.do === 'cut');
  return {
    version: 1,
    id: 'random',
    title: 'A random system with random faults',
    system: {
      broker: 'rabbitmq',
      version: shape.version,
      nodes: shape.nodes,
      exchanges: [
        { name: 'orders', type: shape.exchange },
        { name: 'dead', type: 'fanout' },
      ],
      queues: [...queues.map((queue, i) => queueOf(queue, i, shape.nodes, shape.version)), { name: 'dead' }],
      bindings: [
        ...shape.queues.map(({ pattern }, i) => ({
          source: 'orders',
          destination: `q${i}`,
          routingKey: pattern,
        })),
        { source: 'dead', destination: 'dead' },
      ],
      config: { net_ticktime: 4 },
    },
    clients: [
      ...shape.publishers.map(({ rate, node, ...publisher }, i): Client => ({
        ...publisher,
        id: `p${i}`,
        role: 'publisher',
        node: onNode(node),
        exchange: 'orders',
        load: { ratePerSecond: rate, arrivals: 'poisson', untilMs: SOURCES_UNTIL_MS },
        keys: { kind: 'uniform', keys: KEYS },
        recoveryMs: 500,
      })),
      ...shape.consumers.map(({ queue, prefetch, node, ack, troubles, ...consumer }, i): Consumer => ({
        ...consumer,
        id: `c${i}`,
        role: 'consumer',
        node: onNode(node),
        queues: [`q${queue % shape.queues.length}`],
        prefetchCount: prefetch,
        ack: ack,
        troubles: troubles,
      })),
    ],
    network: { latencyMs: shape.latencyMs, jitterMs: shape.jitterMs, loss: shape.loss },
    timeline: [
      ...faults,
      ...(missesNews ? shape.publishers : []).map((_, i): Fault => ({
        atMs: FAULTS_UNTIL_MS + 500,
        action: { do: 'crash', target: `p${i}` },
      })),
      // Those that troubles have killed begin again; for the others this is refused.
      ...Array.from({ length: 4 }, (_, round) =>
        clients.map((target): Fault => ({
          atMs: FAULTS_UNTIL_MS + 1000 + round * 15_000,
          action: { do: 'restart', target },
        })),
      ).flat(),
    ].sort((a, b) => a.atMs - b.atMs),
    durationMs: DURATION_MS,
    seed: shape.seed,
  };
}
