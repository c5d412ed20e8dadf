// Declarations of a few words, for tests of definitions and routing.
import type {
  BindingSettings,
  ExchangeSettings,
  PolicySettings,
  Table,
  Version,
} from '../../../src/brokers/rabbitmq/config.ts';
import { Definitions, type QueueDeclaration } from '../../../src/brokers/rabbitmq/definitions.ts';
import type { Routable, Router } from '../../../src/brokers/rabbitmq/routing/router.ts';

export function exchange(
  name: string,
  type: ExchangeSettings['type'] = 'direct',
  rest: Partial<ExchangeSettings> = {},
): ExchangeSettings {
  return { name, type, durable: true, autoDelete: false, internal: false, arguments: {}, ...rest };
}

export function queue(
  name: string,
  given: Table = {},
  rest: Partial<QueueDeclaration> = {},
): QueueDeclaration {
  return { name, durable: true, autoDelete: false, exclusive: false, arguments: given, node: 1, ...rest };
}

/** `source` and `destination` are names; an exchange as destination is marked by `to`. */
export function binding(
  source: string,
  destination: string,
  routingKey = '',
  given: Table = {},
  to: 'queue' | 'exchange' = 'queue',
): BindingSettings {
  return { source, destination, destinationType: to, routingKey, arguments: given };
}

export function policy(name: string, definition: Table, rest: Partial<PolicySettings> = {}): PolicySettings {
  return { name, pattern: '.*', 'apply-to': 'all', priority: 0, definition, operator: false, ...rest };
}

/** Definitions with these exchanges and bindings, and every queue that a binding names. */
export function declared(
  exchanges: readonly ExchangeSettings[],
  bindings: readonly BindingSettings[],
  version: Version = '4.3',
): Definitions {
  const definitions = new Definitions(version);
  for (const one of exchanges) definitions.declareExchange(one);
  for (const one of bindings) {
    if (one.destinationType === 'queue') definitions.declareQueue(queue(one.destination), 'test');
    definitions.bind(one, 'test');
  }
  return definitions;
}

export function message(routingKey: string, rest: Partial<Routable> = {}): Routable {
  return { routingKey, cc: [], bcc: [], headers: {}, ...rest };
}

/** The queues of a route. */
export function queuesOf(router: Router, exchangeName: string, routed: Routable): readonly string[] {
  return router.route(exchangeName, routed).targets.map((target) => target.queue);
}

/** What the server says: `406 text`. Null where it takes it. */
export function refusal(attempt: () => unknown): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    const { code, text } = error as { code: number; text: string };
    return `${code} ${text}`;
  }
}
