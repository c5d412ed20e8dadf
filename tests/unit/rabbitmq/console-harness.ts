// A console session on a cluster like the one that the real tools were recorded on, and what a line of it prints.
import { ConsoleSession } from '../../../src/cli/console-session.ts';
import { parseScenario, type ScenarioInput } from '../../../src/scenarios/schema.ts';

type Input = Extract<ScenarioInput, { system: { broker: 'rabbitmq' } }>;
export type Version = NonNullable<Input['system']['version']>;

/**
 * RabbitMQ 3.10.8 ran with these definitions, these clients and this backlog when its tools were recorded: seven messages
 * `order.new`, one that went to the alternate exchange, and two consumers with a prefetch of 2 that acknowledge nothing.
 */
export function recorded(version: Version = '3.10', nodes = 1): Input {
  const consumer = (id: string, queue: string, more: object = {}): Input['clients'][number] => ({
    id,
    role: 'consumer',
    queues: [queue],
    prefetchCount: 2,
    troubles: [{ key: null, outcome: 'stall' }],
    ...more,
  });
  const publisher = (id: string, routingKey: string, count: number): Input['clients'][number] => ({
    id,
    role: 'publisher',
    exchange: 'orders',
    routingKey,
    load: { ratePerSecond: 100, count },
  });
  return {
    version: 1,
    id: 'recorded',
    title: 'As recorded',
    system: {
      broker: 'rabbitmq',
      version,
      nodes,
      exchanges: [
        { name: 'orders', type: 'topic', arguments: { 'alternate-exchange': 'unrouted' } },
        { name: 'unrouted', type: 'fanout' },
        { name: 'hdr', type: 'headers', durable: version !== '3.10', autoDelete: true },
      ],
      queues: [
        {
          name: 'billing',
          arguments: {
            'x-dead-letter-exchange': '',
            'x-dead-letter-routing-key': 'dead',
            'x-max-length': 1000,
          },
        },
        { name: 'audit', arguments: { 'x-queue-type': 'stream' } },
        { name: 'temp', durable: version !== '3.10', autoDelete: true },
        { name: 'dead', node: nodes },
        { name: 'ship', arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 3 } },
      ],
      bindings: [
        { source: 'orders', destination: 'billing', routingKey: 'order.#' },
        { source: 'orders', destination: 'ship', routingKey: '*.new' },
        { source: 'orders', destination: 'unrouted', destinationType: 'exchange', routingKey: 'x.y' },
        { source: 'unrouted', destination: 'dead' },
        { source: 'hdr', destination: 'temp', arguments: { format: 'pdf', 'x-match': 'any' } },
      ],
    },
    clients: [
      publisher('shop', 'order.new', 7),
      publisher('stray', 'nope', 1),
      consumer('c1', 'billing'),
      consumer('c2', 'ship', { arguments: { 'x-priority': 5 } }),
      consumer('c3', 'temp', { autoAck: true, prefetchCount: 0, startMs: 100 }),
    ],
    network: { latencyMs: 1 },
    durationMs: 60_000,
    seed: 1,
  };
}

export interface Printed {
  readonly lines: readonly string[];
  readonly exit: number;
}

/** @returns a function that types lines, and says what the last of them printed and ended with */
export function consoleOn(input: Input = recorded(), beginMs = 2000): (...lines: string[]) => Printed {
  const printed: string[] = [];
  const session = new ConsoleSession(parseScenario(input), (line) => printed.push(line), beginMs);
  return (...lines) => {
    for (const line of lines) {
      printed.length = 0;
      session.exit = 0;
      session.line(line);
    }
    return { lines: [...printed], exit: session.exit };
  };
}

/** What was recorded, with the name of the simulated node. */
export function text(recording: string): string[] {
  return recording
    .replace(/^\n|\n *$/g, '')
    .replaceAll('h8@localhost', 'rabbit@rabbit-1')
    .split('\n')
    .map((line) => line.replace(/^ {6}/, ''));
}
