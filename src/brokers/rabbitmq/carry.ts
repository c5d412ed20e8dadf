/**
 * How a workload is carried to RabbitMQ: one fanout exchange, and for each audience a queue of its own, or one for each
 * consumer where order by key is wanted. Each rule says what is made and why that is the fair equivalent; a reader may choose
 * otherwise where a rule offers it.
 */
import type * as v from 'valibot';
import {
  choose,
  keyName,
  keysOf,
  memberIds,
  timelineOf,
  type Carried,
  type CarriedSetting,
  type CarryChoices,
  type CarryRule,
  type Workload,
} from '../workload.ts';
import type { rabbitmqClient } from './client-config.ts';
import { nodeName, type rabbitmqSystem } from './config.ts';

export type RabbitmqCarried = Carried<
  v.InferInput<typeof rabbitmqSystem>,
  v.InferInput<typeof rabbitmqClient>
>;
type System = v.InferInput<typeof rabbitmqSystem>;
type Client = v.InferInput<typeof rabbitmqClient>;
type Audience = Workload['audiences'][number];
type Queue = NonNullable<System['queues']>[number];
type Exchange = NonNullable<System['exchanges']>[number];
type Binding = NonNullable<System['bindings']>[number];
type QueueType = 'classic' | 'quorum' | 'stream';

const EXCHANGE = 'messages';
/** Where what fails too often is put aside, for somebody to look at. */
const DEAD_LETTERS = 'dead-letters';
/** Of the streams that all audiences read, where streams are chosen. */
const STREAM = 'messages';
/** A workload's ids that would be those of processes of the cluster, or of what is made here. */
export const RESERVED_ON_RABBITMQ = ['rabbit', EXCHANGE, DEAD_LETTERS] as const;

interface Choice {
  readonly queue: QueueType;
  readonly spread: string;
  readonly prefetch: string;
  readonly ack: string;
  readonly confirms: string;
  readonly persistence: string;
  readonly failure: string;
}

/** What is to be there for somebody to read. */
interface Declarations {
  readonly exchanges: Exchange[];
  readonly queues: Queue[];
  readonly bindings: Binding[];
}

export function carryToRabbitmq(workload: Workload, choices: CarryChoices): RabbitmqCarried {
  const isKeyed = workload.producers.some(({ keys }) => keys);
  const chosen = choose(choices, {
    queue: workload.survives === 'node' ? 'quorum' : 'classic',
    spread: workload.order === 'by-key' && isKeyed ? 'by-hash' : 'one-queue',
    prefetch: '100',
    ack: 'after',
    confirms: 'on',
    persistence: workload.survives === 'nothing' ? 'transient' : 'persistent',
    failure: 'requeue',
  }) as Choice;
  const nodes = Array.from({ length: workload.nodes }, (_, i) => nodeName(i + 1));
  const nodeOf = dealer(workload.nodes);
  const queueNode = dealer(workload.nodes);
  const common: Declarations = {
    exchanges: [{ name: EXCHANGE, type: 'fanout' }],
    queues: [],
    bindings: [],
  };
  const clients: Client[] = [];
  for (const producers of workload.producers) {
    const { startMs, load, bytes } = producers;
    for (const id of memberIds(producers)) {
      clients.push({
        id,
        role: 'publisher',
        startMs,
        node: nodeOf(),
        exchange: EXCHANGE,
        load,
        keys: keysOf(producers),
        bytes,
        deliveryMode: chosen.persistence === 'transient' ? 1 : 2,
        confirms: chosen.confirms === 'on',
      });
    }
  }
  const mayFail = workload.audiences.some(({ fails }) => fails);
  if (mayFail && chosen.queue !== 'stream') add(common, deadLetters(chosen, queueNode));
  if (chosen.queue === 'stream') add(common, streams(workload, queueNode));
  for (const audience of workload.audiences) {
    const own = chosen.queue === 'stream' ? null : queuesOf(audience, chosen, queueNode);
    const isLate = audience.startMs > 0;
    if (own && !isLate) add(common, own);
    memberIds(audience).forEach((id, index) => {
      const { startMs, processingMs, processingTimes, fails } = audience;
      clients.push({
        id,
        role: 'consumer',
        startMs,
        node: nodeOf(),
        queues: own ? rotated(own.queues, index) : streamsOf(index, audience.count, streamCount(workload)),
        ...(own && isLate ? { declares: own } : {}),
        ...(chosen.prefetch === 'none' ? {} : { prefetchCount: Number(chosen.prefetch) }),
        ...(own
          ? {}
          : { arguments: { 'x-stream-offset': audience.wants === 'everything' ? 'first' : 'next' } }),
        autoAck: chosen.ack === 'auto',
        ack: chosen.ack === 'before' ? 'before' : 'after',
        processingMs,
        processingTimes,
        ...(fails
          ? {
              troubles: [
                {
                  key: keyName(fails.key),
                  times: fails.times,
                  outcome: chosen.failure === 'reject' ? 'reject' : 'reject-requeue',
                },
              ],
            }
          : {}),
      });
    });
  }
  return {
    scenario: {
      id: `${workload.id}-rabbitmq`,
      title: workload.title,
      system: { broker: 'rabbitmq', nodes: workload.nodes, ...common },
      clients,
      network: workload.network,
      timeline: timelineOf(workload, nodes),
      durationMs: workload.durationMs,
      seed: workload.seed,
    },
    rules: [
      {
        id: 'exchange',
        carries: 'Messages, and who publishes them',
        made: `One fanout exchange, "${EXCHANGE}"; each producer of the workload is a publisher with one connection and one channel.`,
        settings: [],
        why: 'Every audience is to have every message: a fanout exchange gives each message to every queue that is bound to it (R-13).',
        options: [],
        chosen: null,
      },
      queueRule(workload, chosen.queue),
      audiencesRule(workload, chosen),
      spreadRule(workload, chosen),
      prefetchRule(chosen),
      ackRule(chosen),
      confirmsRule(chosen.confirms),
      persistenceRule(workload, chosen.persistence),
      ...(mayFail ? [failureRule(chosen)] : []),
      {
        id: 'connections',
        carries: 'Which node a client talks to',
        made:
          workload.nodes === 1
            ? 'Everybody connects to the one node.'
            : 'Clients are dealt to the nodes in turn, and so are queues and the first leaders of quorum queues; who loses its connection waits five seconds and connects to the next node.',
        settings: [],
        why: `What a load balancer does, and the Java client’s automatic recovery with its default. Kafka’s clients talk to whoever leads a partition; here any node takes a message and hands it on.${chosen.queue === 'quorum' && workload.nodes > 1 ? ' A quorum queue that loses sight of a consumer’s node keeps what that consumer has in hand, and its turn as the active one, for up to 60 s (x-consumer-disconnected-timeout) or until the node is back.' : ''}`,
        options: [],
        chosen: null,
      },
      {
        id: 'machine',
        carries: 'The machines',
        made: `${workload.nodes === 1 ? 'One node' : `${workload.nodes} nodes, each`} on a machine of its own.`,
        settings: [],
        why: 'The same network card and the same disk for every system. What is confirmed has been written (R-30). A quorum queue syncs it, and gives out nothing before; a classic queue leaves the sync to the operating system, and here its confirm waits for the same write.',
        options: [],
        chosen: null,
      },
    ],
  };
}

/** Numbers of nodes, in turn. */
function dealer(nodes: number): () => number {
  let next = 0;
  return () => (next++ % nodes) + 1;
}

function add(to: Declarations, { exchanges, queues, bindings }: Declarations): void {
  to.exchanges.push(...exchanges);
  to.queues.push(...queues);
  to.bindings.push(...bindings);
}

function deadLetters({ queue }: Choice, node: () => number): Declarations {
  return {
    exchanges: [{ name: DEAD_LETTERS, type: 'fanout' }],
    queues: [
      { name: DEAD_LETTERS, arguments: queue === 'classic' ? {} : { 'x-queue-type': queue }, node: node() },
    ],
    bindings: [{ source: DEAD_LETTERS, destination: DEAD_LETTERS }],
  };
}

/** A queue for an audience, or one for each of its consumers behind an exchange that spreads keys over them. */
function queuesOf(
  { id, count, fails }: Audience,
  { queue, spread }: Choice,
  node: () => number,
): Declarations {
  const isHashed = spread === 'by-hash' && count > 1;
  const args = {
    ...(queue === 'classic' ? {} : { 'x-queue-type': queue }),
    ...(fails ? { 'x-dead-letter-exchange': DEAD_LETTERS } : {}),
    // One consumer alone needs it too: a queue may not know yet that the one before it is gone.
    ...(spread === 'one-queue' ? {} : { 'x-single-active-consumer': true }),
  };
  if (!isHashed) {
    return {
      exchanges: [],
      queues: [{ name: id, arguments: args, node: node() }],
      bindings: [{ source: EXCHANGE, destination: id }],
    };
  }
  return {
    exchanges: [{ name: id, type: 'x-consistent-hash' }],
    queues: memberIds({ id, count }).map((name) => ({ name, arguments: args, node: node() })),
    // Messages last: while queues are being bound, keys move from one to another.
    bindings: [
      ...memberIds({ id, count }).map((name) => ({ source: id, destination: name, routingKey: '1' })),
      { source: EXCHANGE, destination: id, destinationType: 'exchange' },
    ],
  };
}

/** Its own queue first: whoever is first on a queue becomes the active one there (R-45). */
function rotated(queues: readonly Queue[], by: number): string[] {
  const names = queues.map(({ name }) => name);
  const at = by % names.length;
  return [...names.slice(at), ...names.slice(0, at)];
}

function streamCount({ audiences }: Workload): number {
  return Math.max(...audiences.map(({ count }) => count));
}

function streamName(index: number, count: number): string {
  return count === 1 ? STREAM : `${STREAM}-${index + 1}`;
}

/** The streams that one of so many consumers reads: they are dealt to an audience's consumers in turn. */
function streamsOf(index: number, consumers: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => streamName(i, count)).filter(
    (_, i) => i % consumers === index,
  );
}

/** One stream for all audiences, or as many as the largest has consumers: what RabbitMQ calls a super stream. */
function streams(workload: Workload, node: () => number): Declarations {
  const count = streamCount(workload);
  const names = Array.from({ length: count }, (_, i) => streamName(i, count));
  const args = {
    'x-queue-type': 'stream',
    ...(workload.keepMs > 0 ? { 'x-max-age': maxAge(workload.keepMs) } : {}),
  };
  const queues = names.map((name) => ({ name, arguments: args, node: node() }));
  if (count === 1) return { exchanges: [], queues, bindings: [{ source: EXCHANGE, destination: STREAM }] };
  const spread = `${STREAM}-by-key`;
  return {
    exchanges: [{ name: spread, type: 'x-consistent-hash' }],
    queues,
    bindings: [
      { source: EXCHANGE, destination: spread, destinationType: 'exchange' },
      ...names.map((destination) => ({ source: spread, destination, routingKey: '1' })),
    ],
  };
}

/** R-58: whole seconds. */
function maxAge(keepMs: number): string {
  return `${Math.ceil(keepMs / 1000)}s`;
}

function setting(name: string, value: string | number, byDefault: string | number | null): CarriedSetting {
  return { name, value: String(value), default: byDefault === null ? null : String(byDefault) };
}

function queueRule({ survives, keepMs, nodes }: Workload, chosen: QueueType): CarryRule {
  const replicas = Math.min(3, nodes);
  return {
    id: 'queue',
    carries: 'What a confirmed message must survive, and how long it stays readable',
    made: {
      classic: 'Durable classic queues: each lives on one node.',
      quorum: `Quorum queues: each has ${replicas === 1 ? 'one replica' : `${replicas} replicas`}, and a message is confirmed when ${replicas === 1 ? 'that' : 'a majority'} has it on disk.`,
      stream: `Streams: each is a log${nodes === 1 ? '' : ', replicated'}; reading removes nothing.${keepMs > 0 ? ' What is older than is asked goes, read or not.' : ''}`,
    }[chosen],
    settings: [
      ...(chosen === 'classic' ? [] : [setting('x-queue-type', chosen, 'classic')]),
      ...(chosen === 'stream' && keepMs > 0 ? [setting('x-max-age', maxAge(keepMs), null)] : []),
    ],
    why: `${
      survives === 'node'
        ? 'The loss of a node is to be survived: a quorum queue has the message on another one (R-56), a classic queue is gone with its node until that comes back (R-54).'
        : 'One node’s disk is enough, and a classic queue is what RabbitMQ makes by default (R-54, R-55).'
    }${keepMs > 0 ? ' A queue forgets what is acknowledged, so what is to stay readable is not kept; a stream would keep it (R-58).' : ''}`,
    options: [
      { id: 'classic', label: 'classic queue' },
      { id: 'quorum', label: 'quorum queue' },
      { id: 'stream', label: 'stream' },
    ],
    chosen,
  };
}

function audiencesRule({ audiences }: Workload, { queue }: Choice): CarryRule {
  const isLate = audiences.some(({ startMs }) => startMs > 0);
  return {
    id: 'audiences',
    carries: 'Audiences',
    made:
      queue === 'stream'
        ? 'All audiences read the same streams, which each deals to its consumers.'
        : `A queue for each audience, bound to the exchange.${isLate ? ' An audience that comes late declares and binds its own when it comes.' : ''}`,
    settings: queue === 'stream' ? [setting('x-stream-offset', 'first or next', 'next')] : [],
    why:
      queue === 'stream'
        ? 'A log is shared by all who read it. Who wants everything begins at the first message that is there.'
        : 'The consumers of one queue share its messages out; who is to have all of them needs a queue of its own, with a copy of each message. No queue is kept for an audience that nobody knows of yet.',
    options: [],
    chosen: null,
  };
}

function spreadRule(workload: Workload, { queue, spread }: Choice): CarryRule {
  const { order, producers } = workload;
  const isKeyed = producers.some(({ keys }) => keys);
  const count = streamCount(workload);
  if (queue === 'stream') {
    return {
      id: 'spread',
      carries: 'Work for several consumers, and order by key',
      made:
        count === 1
          ? 'One stream.'
          : `${count} streams behind a consistent-hash exchange (a plugin that comes with RabbitMQ): a key always goes to the same one.`,
      settings: [],
      why: 'Every consumer of a stream is given all of it, so work is shared out by sharing out streams: a super stream.',
      options: [],
      chosen: null,
    };
  }
  return {
    id: 'spread',
    carries: 'Work for several consumers, and order by key',
    made: {
      'one-queue': 'One queue for each audience; its consumers take messages in turn.',
      'single-active':
        'One queue for each audience, of whose consumers one is active and the others stand by.',
      'by-hash':
        'As many queues as an audience has consumers, behind a consistent-hash exchange (a plugin that comes with RabbitMQ): a key always goes to the same one. Every consumer registers with all of them, with its own first, and one is active on each.',
    }[spread]!,
    settings: spread === 'one-queue' ? [] : [setting('x-single-active-consumer', 'true', 'false')],
    why:
      order === 'by-key' && isKeyed
        ? 'A queue is in order, its consumers are not: two of them work at the same time. Keys keep their order where each has one queue and each queue one consumer at a time (R-21, R-45); this is what partitions are in Kafka. One consumer alone is not enough: while a queue does not know that a consumer is gone, the same one that came back is a second one.'
        : `${order === 'by-key' ? 'Order by key is asked for, and no message has one' : 'No order is asked for'}, so the plainest way to share work: whoever is free takes the next message (R-37).`,
    options: [
      { id: 'one-queue', label: 'one queue, competing consumers' },
      { id: 'by-hash', label: 'a queue for each consumer, by hash of the key' },
      { id: 'single-active', label: 'one queue, one active consumer' },
    ],
    chosen: spread,
  };
}

function prefetchRule({ queue, prefetch, ack }: Choice): CarryRule {
  const options = [
    { id: '1', label: '1' },
    { id: '10', label: '10' },
    { id: '100', label: '100' },
    { id: '1000', label: '1000' },
    { id: 'none', label: 'no limit' },
  ];
  return {
    id: 'prefetch',
    carries: 'How much a consumer takes before it is done',
    made:
      ack === 'auto'
        ? 'No limit, whatever is set: with no-ack nothing is ever unacknowledged, so all that comes is sent on at once.'
        : prefetch === 'none'
          ? 'No limit.'
          : `Up to ${prefetch} unacknowledged messages for each consumer.`,
    settings: [setting('prefetch_count', prefetch === 'none' ? 0 : prefetch, 0)],
    why: `Without a limit the first consumer is given all that waits (R-38), and a crash returns all of it. RabbitMQ’s guide recommends 100 to 300 for throughput; 1 shares long work out best.${queue === 'stream' ? ' A stream asks for one (R-58).' : ''}`,
    options: queue === 'stream' ? options.filter(({ id }) => id !== 'none') : options,
    chosen: prefetch,
  };
}

function ackRule({ queue, ack }: Choice): CarryRule {
  const isStream = queue === 'stream';
  return {
    id: 'ack',
    carries: 'What a crashed consumer’s successor does again',
    made: {
      after: 'A consumer acknowledges each message when its work on it is done.',
      before: 'A consumer acknowledges each message before it works on it.',
      auto: 'A message is settled as soon as it is sent (no-ack).',
    }[ack]!,
    settings: [],
    why: isStream
      ? 'A stream keeps what is acknowledged, and refuses no-ack (R-58). Where a consumer goes on is its own affair: one that crashed begins again where it first began.'
      : 'Acknowledged after the work: what a consumer that dies has not acknowledged goes back to the queue (R-49). Before the work, or with no-ack, nothing is done twice, and a crash loses what was in hand.',
    options: [
      { id: 'after', label: 'after the work' },
      { id: 'before', label: 'before the work' },
      ...(isStream ? [] : [{ id: 'auto', label: 'no-ack' }]),
    ],
    chosen: ack,
  };
}

function confirmsRule(chosen: string): CarryRule {
  return {
    id: 'confirms',
    carries: 'Confirmation to the producer',
    made:
      chosen === 'on'
        ? 'Publishers use confirms and publish again what was not confirmed when a connection is lost.'
        : 'Publishers hear nothing.',
    settings: [setting('publisher confirms', chosen, 'off')],
    why: 'AMQP confirms nothing by default; a producer that must know, as with acks=all in Kafka, asks for confirms (R-29, R-30). What is published again may be in a queue twice, or behind a later message of its key: RabbitMQ does not tell.',
    options: [
      { id: 'on', label: 'publisher confirms' },
      { id: 'off', label: 'none' },
    ],
    chosen,
  };
}

function failureRule({ queue, failure }: Choice): CarryRule {
  if (queue === 'stream') {
    return {
      id: 'failure',
      carries: 'Work that fails',
      made: 'The consumer rejects the message, which changes nothing, and goes on.',
      settings: [],
      why: 'To a stream a rejection is an acknowledgement, and it has no dead letters (R-58): what failed is not done.',
      options: [],
      chosen: null,
    };
  }
  return {
    id: 'failure',
    carries: 'Work that fails',
    made:
      failure === 'reject'
        ? 'The consumer rejects the message without requeue, and the queue puts it aside.'
        : 'The consumer rejects the message with requeue, and is given it again.',
    settings: [setting('x-dead-letter-exchange', DEAD_LETTERS, null)],
    why: `A queue settles single messages, so one that fails need not hold up the others for ever. ${
      queue === 'quorum'
        ? 'A quorum queue counts how often it came back, and after twenty times puts it aside (R-60, R-61).'
        : 'A classic queue does not count: what is given back comes back, without end (R-50).'
    } A dead-letter exchange takes what is put aside, and would otherwise lose it (R-80).`,
    options: [
      { id: 'requeue', label: 'give it back' },
      { id: 'reject', label: 'put it aside at once' },
    ],
    chosen: failure,
  };
}

function persistenceRule({ survives }: Workload, chosen: string): CarryRule {
  return {
    id: 'persistence',
    carries: 'Whether a message is written to disk',
    made: chosen === 'persistent' ? 'Persistent messages.' : 'Transient messages.',
    settings: chosen === 'persistent' ? [setting('delivery_mode', 2, 1)] : [],
    why:
      survives === 'nothing'
        ? 'Nothing is to be survived, so AMQP’s default.'
        : 'What is to survive a restart must be persistent, in a durable queue (R-55). A quorum queue writes everything whatever this says.',
    options: [
      { id: 'persistent', label: 'persistent' },
      { id: 'transient', label: 'transient' },
    ],
    chosen,
  };
}
