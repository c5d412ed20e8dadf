/** What RabbitMQ's drawings say in words: on their boxes, of their messages, and as a whole for those who cannot see them. Pure. */
import type {
  BindingView,
  CellView,
  ConsumerView,
  ExchangeView,
  Fate,
  HeldView,
  NodeView,
  PublisherView,
  QueueView,
  RabbitmqView,
} from '../../../brokers/rabbitmq/view-types.ts';
import { keyWords } from '../kafka/look.ts';
import { duration, shortSeconds, thousands } from '../words.ts';

/** What is drawn of each, those made first. */
export const DRAWN = { publishers: 6, exchanges: 6, queues: 8, consumers: 8 } as const;

/** From so many messages a second on a way is drawn as flow, and not message by message. */
export const FLOW_PER_SECOND = 60;

export type Tone = 'producer' | 'broker' | 'consumer' | 'fault' | 'quiet';

export function count(n: number, thing: string): string {
  return `${thousands(n)} ${thing}${n === 1 ? '' : 's'}`;
}

/** `amq.default` has no name. */
export function exchangeName(name: string): string {
  return name === '' ? '(default)' : name;
}

/** A type of exchange in running text. */
export function typeWords(type: string): string {
  return type === 'x-consistent-hash' ? 'consistent hash' : type;
}

/** `rabbit-1` as one says it. */
export function nodeLabel(id: string): string {
  return `Node ${id.slice(id.lastIndexOf('-') + 1)}`;
}

/** A number where there is little room: `13k`. */
function shortCount(n: number): string {
  return n < 1000 ? String(n) : n < 1_000_000 ? `${Math.round(n / 1000)}k` : `${Math.round(n / 1_000_000)}M`;
}

export function rateWords(rate: number): string {
  return `${thousands(rate)}/s`;
}

/** A text that may be too long for its place. @param limit characters */
export function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, Math.max(1, limit - 1))}…`;
}

/** What stands on a binding's track: its key, or the headers it asks for. */
export function bindingLabel({ routingKey, arguments: args }: BindingView, exchange?: ExchangeView): string {
  if (exchange?.type === 'fanout') return '';
  if (exchange?.type === 'headers') {
    const asked = Object.entries(args)
      .filter(([name]) => name !== 'x-match')
      .map(([name, value]) =>
        value === null ? name : `${name}=${JSON.stringify(value).replaceAll('"', '')}`,
      );
    const mode = args['x-match'];
    return `${typeof mode === 'string' ? mode : 'all'}: ${asked.join(', ') || 'nothing'}`;
  }
  if (exchange?.type === 'x-consistent-hash') return `weight ${routingKey}`;
  if (exchange?.name === '') return '';
  return routingKey === '' ? '""' : routingKey;
}

/** A setting as the scenario names it, shortly. */
export function limitsWords({ limits, node, type }: QueueView, cluster: boolean): string[] {
  const words: string[] = [];
  const { maxLength, maxLengthBytes, messageTtlMs, overflow, deliveryLimit, maxPriority } = limits;
  if (maxLength !== null) words.push(`max-length ${thousands(maxLength)}`);
  if (maxLengthBytes !== null) words.push(`max ${thousands(maxLengthBytes)} bytes`);
  if (maxLength !== null || maxLengthBytes !== null) words.push(overflow);
  if (messageTtlMs !== null) words.push(`TTL ${duration(messageTtlMs)}`);
  if (deliveryLimit !== null)
    words.push(deliveryLimit < 0 ? 'no delivery limit' : `delivery limit ${deliveryLimit}`);
  if (maxPriority !== null) words.push(`max-priority ${maxPriority}`);
  if (limits.singleActiveConsumer) words.push('single active consumer');
  if (cluster && node !== null && type === 'classic') words.push(`on ${nodeLabel(node).toLowerCase()}`);
  return words;
}

export interface ConsumerWords {
  readonly consumer: ConsumerView;
  readonly note: string;
  readonly tone: Tone;
}

export function consumerWords(consumer: ConsumerView): ConsumerWords {
  const { state, since, prefetch, unacked, autoAck, rate, holding, subscriptions } = consumer;
  const at = shortSeconds(since);
  switch (state) {
    case 'waiting':
      return { consumer, note: 'not started yet', tone: 'quiet' };
    case 'crashed': {
      const lost = consumer.wreck.length > 0 ? `, ${thousands(consumer.wreck.length)} lost` : '';
      return { consumer, note: `crashed at ${at}${lost}`, tone: 'fault' };
    }
    case 'closed':
      return { consumer, note: `closed at ${at}`, tone: 'quiet' };
    case 'paused':
      return { consumer, note: `paused at ${at}`, tone: 'fault' };
  }
  if (consumer.node === null) {
    const owed = consumer.orphaned > 0 ? `, owed ${thousands(consumer.orphaned)}` : '';
    return { consumer, note: `no connection${owed}`, tone: 'quiet' };
  }
  if (subscriptions.length === 0) {
    const owed =
      consumer.orphaned > 0 ? `not consuming, owed ${thousands(consumer.orphaned)}` : 'does not consume';
    return { consumer, note: unacked > 0 ? `cancelled, owes ${thousands(unacked)}` : owed, tone: 'quiet' };
  }
  if (subscriptions.every(({ active }) => !active))
    return { consumer, note: 'waits its turn', tone: 'quiet' };
  const fast = rate >= FLOW_PER_SECOND ? ` · ${rateWords(rate)}` : '';
  if (autoAck) return { consumer, note: `auto ack, holds ${thousands(holding)}${fast}`, tone: 'consumer' };
  const of = prefetch === null ? 'no limit' : `of ${thousands(prefetch)}`;
  return {
    consumer,
    note: `owes ${thousands(unacked)}${fast === '' ? ` ${prefetch === null ? `· ${of}` : of}` : fast}`,
    tone: 'consumer',
  };
}

export interface PublisherWords {
  readonly publisher: PublisherView;
  readonly notes: readonly [string, string];
  readonly tone: Tone;
}

export function publisherWords(publisher: PublisherView): PublisherWords {
  const { state, since, published, unconfirmed, failed, resent, returned, blocked, rate, confirms } =
    publisher;
  const sent = rate >= FLOW_PER_SECOND ? rateWords(rate) : `${thousands(published)} sent`;
  if (state === 'crashed' || state === 'closed' || state === 'paused')
    return {
      publisher,
      notes: [`${state} at ${shortSeconds(since)}`, sent],
      tone: state === 'closed' ? 'quiet' : 'fault',
    };
  if (state === 'waiting') return { publisher, notes: ['not started yet', ''], tone: 'quiet' };
  if (blocked !== null) return { publisher, notes: ['blocked', sent], tone: 'fault' };
  if (publisher.node === null) return { publisher, notes: ['no connection', sent], tone: 'quiet' };
  const bad = [
    failed > 0 ? `${shortCount(failed)} given up` : '',
    resent > 0 ? `${shortCount(resent)} sent again` : '',
    returned > 0 ? `${shortCount(returned)} returned` : '',
  ];
  const second = bad.find(Boolean) ?? (confirms ? `${shortCount(unconfirmed)} unconfirmed` : 'no confirms');
  return { publisher, notes: [sent, second], tone: 'producer' };
}

export function fateWords({ what, reason, to, key }: Fate): string {
  const because = reason === '' ? '' : `: ${reason}`;
  switch (what) {
    case 'dead-lettered':
      return `dead-lettered to ${exchangeName(to ?? '')}${because}, ${keyWords(key)}`;
    case 'returned':
      return `returned to its publisher${because}, ${keyWords(key)}`;
    case 'unroutable':
      return `unroutable${because}, ${keyWords(key)}`;
    default:
      return `dropped${because}, ${keyWords(key)}`;
  }
}

function cameBack(returns: number, redelivered: boolean): string[] {
  if (returns > 0)
    return [`came back ${returns === 1 ? 'once' : returns === 2 ? 'twice' : `${returns} times`}`];
  return redelivered ? ['redelivered'] : [];
}

export function cellWords(queue: QueueView, cell: CellView, place: string, now: number): string {
  const parts = [`${queue.name}, ${place}`, keyWords(cell.key)];
  if (!cell.confirmed) parts.push('not confirmed yet');
  parts.push(...cameBack(cell.returns, cell.redelivered));
  if (cell.died !== null) parts.push(`a dead letter (${cell.died})`);
  if (cell.expiresAt !== null)
    parts.push(
      cell.expiresAt > now
        ? `expires in ${duration((cell.expiresAt - now) / 1000)}`
        : 'expired, not at the head',
    );
  return parts.join(', ');
}

const AT: Record<HeldView['at'], string> = {
  wire: 'on its way to',
  library: 'waits at',
  work: 'worked on by',
  done: 'finished, not settled yet, by',
  settled: 'settled by',
  orphaned: 'still owed by a lost connection of',
};

export function heldWords({ label }: ConsumerView, held: HeldView): string {
  const parts = [`${AT[held.at]} ${label}`, keyWords(held.key), `from ${held.queue}`];
  if (!held.owed) parts.push('acknowledged already');
  parts.push(...cameBack(held.returns, held.redelivered));
  return parts.join(', ');
}

/** Nodes that are not well, and what they are short of; empty when all is well. */
export function nodesWords(nodes: readonly NodeView[]): string[] {
  return nodes.flatMap(({ id, state, alarms }) => [
    ...(state === 'running' ? [] : [`${nodeLabel(id)} ${state}`]),
    ...alarms.map((resource) => `${nodeLabel(id)}: ${resource} alarm`),
  ]);
}

export function queueState(queue: QueueView): string {
  if (!queue.up) return queue.type === 'classic' ? 'its node is down' : 'no leader';
  if (queue.log) return count(queue.ready, 'message');
  return `${thousands(queue.ready)} ready · ${thousands(queue.unacked)} out`;
}

/** The whole drawing in words: its text alternative. */
export function summary(view: RabbitmqView): string {
  const publishers = view.publishers.map(
    ({ label, published, unconfirmed, blocked, exchanges, confirms }) => {
      const to = `to ${exchanges.map((name) => (name === '' ? 'the default exchange' : name)).join(', ')}`;
      const waits = confirms && unconfirmed > 0 ? `, ${unconfirmed} unconfirmed` : '';
      return `${label} has sent ${published} ${to}${waits}${blocked === null ? '' : ', blocked'}`;
    },
  );
  const exchanges = view.exchanges
    .filter(({ name, unroutable }) => unroutable > 0 || view.bindings.some(({ source }) => source === name))
    .map((exchange) => {
      const ways = view.bindings
        .filter(({ source }) => source === exchange.name)
        .map((binding) => {
          const label = bindingLabel(binding, exchange);
          return `${binding.destination}${label === '' ? '' : ` by ${label}`} (${binding.fired})`;
        });
      const lost = exchange.unroutable > 0 ? `; ${exchange.unroutable} went nowhere` : '';
      return `Exchange ${exchangeName(exchange.name)}, ${exchange.type}: ${ways.join(', ') || 'no bindings'}${lost}.`;
    });
  const queues = view.queues.map((queue) => {
    const { deadLettered, dropped } = queue.counts;
    const parts = [
      queue.log
        ? `${count(queue.ready, 'message')} from offset ${queue.log.start} to ${queue.log.end}`
        : `${queue.ready} ready, ${queue.unacked} owed by consumers`,
      ...(queue.up ? [] : [queueState(queue)]),
      ...(deadLettered > 0 ? [`${deadLettered} dead-lettered`] : []),
      ...(dropped > 0 ? [`${dropped} dropped`] : []),
    ];
    return `${queue.type === 'stream' ? 'Stream' : 'Queue'} ${queue.name}${queue.type === 'quorum' ? ' (quorum)' : ''}: ${parts.join(', ')}.`;
  });
  const consumers = view.consumers.map((consumer) => {
    const { note } = consumerWords(consumer);
    const lost = consumer.lost > 0 ? `, ${consumer.lost} acknowledged and not finished` : '';
    const from = consumer.subscriptions.map(({ queue }) => queue).join(', ');
    return `${consumer.label}${from === '' ? '' : ` of ${from}`}: ${note}, ${consumer.processed} processed${lost}.`;
  });
  const trouble = nodesWords(view.nodes);
  return [
    publishers.length > 0 ? `${publishers.join('; ')}.` : '',
    ...exchanges,
    ...queues,
    ...consumers,
    trouble.length > 0 ? `${trouble.join('; ')}.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}
