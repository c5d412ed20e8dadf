/** What an exchange's type asks of its declaration and of its bindings, in the server's words. */
import { AmqpError } from '../amqp-error.ts';
import {
  type BindingSettings,
  EXCHANGE_TYPES,
  type ExchangeSettings,
  type Table,
  type Version,
} from '../config.ts';
import { MATCH_MODES, own } from '../routing/explain-headers.ts';
import { HASH_WILDCARDS_MAX, hashWildcards } from '../routing/topic.ts';
import { fieldType, formatTerm, resource } from './terms.ts';

/** A declaration as a client sends it: the type may be one that there is not. */
export type ExchangeDeclaration = Omit<ExchangeSettings, 'type'> & { readonly type: string };

type Predeclared = Pick<ExchangeSettings, 'name' | 'type' | 'internal'>;

/** R-3, and the exchange that the firehose tracer publishes to. */
const PREDECLARED: readonly Predeclared[] = [
  { name: '', type: 'direct', internal: false },
  { name: 'amq.direct', type: 'direct', internal: false },
  { name: 'amq.topic', type: 'topic', internal: false },
  { name: 'amq.match', type: 'headers', internal: false },
  { name: 'amq.headers', type: 'headers', internal: false },
  { name: 'amq.fanout', type: 'fanout', internal: false },
  { name: 'amq.rabbitmq.trace', type: 'topic', internal: true },
];

/** That the log is published to, where it is asked for. */
const LOG: Predeclared = { name: 'amq.rabbitmq.log', type: 'topic', internal: true };

export function predeclared(version: Version): readonly Predeclared[] {
  return version === '4.3' ? [...PREDECLARED, LOG] : PREDECLARED;
}

/** @throws AmqpError 503 in 3.10, 406 since: a type that there is not */
export function checkExchangeType(version: Version, type: string): asserts type is ExchangeSettings['type'] {
  if (EXCHANGE_TYPES.some((known) => known === type)) return;
  throw new AmqpError(version === '3.10' ? 503 : 406, `unknown exchange type '${type}'`);
}

/** @throws AmqpError 403 */
export function checkNotDefault(exchange: string): void {
  if (exchange === '') throw new AmqpError(403, 'operation not permitted on the default exchange');
}

/** @throws AmqpError 403 */
export function checkName(kind: 'queue' | 'exchange', name: string): void {
  if (!name.startsWith('amq.')) return;
  throw new AmqpError(403, `${kind} name '${name}' contains reserved prefix 'amq.*'`);
}

/** @throws AmqpError 406 */
export function checkExchange(declared: ExchangeSettings): void {
  const alternate = own(declared.arguments, 'alternate-exchange');
  if (alternate !== undefined && typeof alternate !== 'string') {
    const type = fieldType(alternate);
    const where = resource('exchange', declared.name);
    throw new AmqpError(406, `invalid type '${type}' for arg 'alternate-exchange' in ${where}`);
  }
  if (declared.type === 'x-consistent-hash') checkHashArguments(declared.arguments);
}

function checkHashArguments(given: Table): void {
  const [header, property] = [own(given, 'hash-header'), own(given, 'hash-property')];
  for (const value of [header, property]) {
    // The plugin's own code fails here, and the connection with it.
    if (value !== undefined && typeof value !== 'string') throw new AmqpError(541, 'INTERNAL_ERROR');
  }
  if (header !== undefined && property !== undefined) {
    throw new AmqpError(406, 'hash-header and hash-property are mutually exclusive');
  }
  if (property === undefined || ['correlation_id', 'message_id', 'timestamp'].includes(property as string))
    return;
  throw new AmqpError(406, `Unsupported property: ${property as string}`);
}

/** The largest weight of a binding, since 4.0. */
const WEIGHT_MAX = 10_000;

/** @throws AmqpError 406 where the source's type takes no such binding */
export function checkBinding(version: Version, source: ExchangeSettings, binding: BindingSettings): void {
  const problem = bindingProblem(version, source, binding);
  if (problem !== null) throw new AmqpError(406, problem);
}

function bindingProblem(version: Version, source: ExchangeSettings, binding: BindingSettings): string | null {
  const key = binding.routingKey;
  switch (source.type) {
    case 'topic': {
      const hashes = version === '4.3' ? hashWildcards(key) : 0;
      if (hashes <= HASH_WILDCARDS_MAX) return null;
      return `Topic binding key '${key}' uses ${hashes} '#' wildcards, at most ${HASH_WILDCARDS_MAX} are allowed`;
    }
    case 'headers': {
      const mode = own(binding.arguments, 'x-match');
      if (mode === undefined || MATCH_MODES.some((known) => known === mode)) return null;
      return typeof mode === 'string'
        ? `Invalid x-match field value ${formatTerm(mode)}; expected all, any, all-with-x, or any-with-x`
        : `Invalid x-match field type ${fieldType(mode)} (value ${formatTerm(mode)}); expected longstr`;
    }
    case 'x-consistent-hash':
      if (!/^[+-]?\d+$/.test(key)) return `The binding key must be an integer: ${formatTerm(key)}`;
      if (Number(key) < 1) return 'The binding key must be greater than 0';
      if (version === '3.10' || Number(key) <= WEIGHT_MAX) return null;
      return `The binding key must not exceed ${WEIGHT_MAX}`;
    default:
      return null;
  }
}
