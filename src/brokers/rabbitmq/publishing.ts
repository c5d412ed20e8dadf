/** What is published on a channel: routed, handed to queues as far as their credit goes, confirmed or committed. */
import { AmqpError } from './amqp-error.ts';
import type { ChannelParts, Frame } from './channel-host.ts';
import type { QueueRecord } from './cluster-state.ts';
import { Confirms } from './confirms.ts';
import { checkPublish } from './definitions/publish.ts';
import type { Message } from './message.ts';
import type { Content } from './protocol.ts';
import type { QueueClient } from './queue-client.ts';
import type { Settlement } from './reading.ts';

/** Who is logged in on every connection. */
const USER = 'guest';

/** A publish that waits for a commit. */
interface Buffered {
  readonly message: Message;
  readonly targets: readonly QueueRecord[];
  readonly mandatory: boolean;
}

/** Acknowledgements in order: what is done with which deliveries. */
interface Transaction {
  readonly publishes: Buffered[];
  readonly answers: Settlement[];
}

export class Publishing {
  confirms: Confirms | null = null;
  tx: Transaction | null = null;
  /** tx.commit waits for the queues. */
  committing = false;
  private readonly channel: ChannelParts;
  /** Queues that have to get on before the channel grants its reader more. */
  private blockers = 0;
  /** Messages that its reader may hand over until then: the credit that it has. */
  private readerCredit = 0;

  constructor(channel: ChannelParts) {
    this.channel = channel;
  }

  get isInFlow(): boolean {
    return this.blockers > 0 && this.readerCredit <= 0;
  }

  /** @throws AmqpError 406 */
  confirmSelect(): void {
    if (this.tx) throw new AmqpError(406, 'cannot switch from tx to confirm mode');
    this.confirms ??= new Confirms();
  }

  /** @throws AmqpError 406 */
  txSelect(): void {
    if (this.confirms && !this.tx) throw new AmqpError(406, 'cannot switch from confirm to tx mode');
    this.confirms ??= new Confirms();
    this.tx ??= newTransaction();
  }

  /** publishes what waited, in order; the reply waits until it is safe. @returns what is to be settled then */
  commit(): readonly Settlement[] {
    const { publishes, answers } = this.takeTransaction();
    const { queues } = this.channel.host.cluster;
    // A queue that has been deleted meanwhile is waited for by nobody.
    for (const { message, targets, mandatory } of publishes)
      this.deliver(
        message,
        targets.filter((record) => queues.get(record.name) === record),
        mandatory,
      );
    this.committing = true;
    return answers;
  }

  /** @returns what is unacknowledged again */
  rollback(): readonly Settlement[] {
    return this.takeTransaction().answers;
  }

  /** What is confirmed, refused or committed by now goes out. */
  tellNews(): void {
    const { confirms, channel } = this;
    if (!confirms || channel.closed) return;
    const { host, number } = channel;
    if (!this.tx) {
      for (const answer of confirms.take()) host.reply(channel, { ...answer, channel: number });
      return;
    }
    if (!this.committing || confirms.pending > 0) return;
    this.committing = false;
    if (confirms.takeAll()) host.reply(channel, { method: 'ok', channel: number, to: 'tx.commit' });
    else host.fail(channel, new AmqpError(406, 'partial tx completion'));
    host.stateChanged(channel);
  }

  /** A queue has what was published under this number. */
  confirm(number: number, queue: string): void {
    if (!this.confirms) return;
    this.confirms.confirm(number, queue);
    this.channel.host.hasNews(this.channel);
  }

  reject(number: number): void {
    if (!this.confirms) return;
    this.confirms.reject(number);
    this.channel.host.hasNews(this.channel);
  }

  /** A queue is gone: deleted, or lost with its node. */
  lost(client: QueueClient, deleted: boolean): void {
    const { channel } = this;
    if (this.confirms) {
      this.confirms.lost(client.record.name, deleted);
      channel.host.hasNews(channel);
    }
    if (!client.blocks) return;
    this.blockers--;
    channel.host.stateChanged(channel);
  }

  publish(frame: Frame<'basic.publish'>): void {
    const { host } = this.channel;
    const { cluster } = host;
    const { exchange, routingKey, content } = frame;
    const keys = checkPublish(cluster.definitions, frame, USER, cluster.maxMessageSize);
    const message = newMessage(exchange, routingKey, keys, content);
    const route = cluster.router.route(exchange, message);
    for (const { queue, why } of route.targets)
      host.trace({ seq: 0, at: 0, kind: 'routed', by: exchange, message: message.id, place: queue, why });
    const targets = cluster.targetsOf(route);
    if (this.tx) this.tx.publishes.push({ message, targets, mandatory: frame.mandatory });
    else this.deliver(message, targets, frame.mandatory);
  }

  /** a return comes before the confirm. */
  private deliver(message: Message, targets: readonly QueueRecord[], mandatory: boolean): void {
    const { confirms, channel } = this;
    const { host, key, number: on } = channel;
    if (targets.length === 0) {
      if (mandatory) {
        host.reply(
          channel,
          { method: 'basic.return', channel: on, code: 312, text: 'NO_ROUTE', message },
          message.id,
        );
      } else {
        host.trace({
          kind: 'dropped',
          node: host.id,
          place: message.exchange,
          message: message.id,
          reason: 'unroutable',
        });
      }
    }
    const number = confirms ? confirms.published(targets) : 0;
    for (const record of targets) {
      const client = channel.clientOf(record);
      if (client.refuses || !host.isReachable(record)) {
        // a queue that wants no more, and one whose node is down. Nobody has the message.
        confirms?.reject(number);
        host.trace({
          kind: 'dropped',
          node: host.id,
          place: record.name,
          message: message.id,
          reason: client.refuses ? 'maxlen' : 'unavailable',
        });
        continue;
      }
      client.publish(key, message, confirms ? { channel: key, sequence: number } : null, host);
      if (client.isBlocked) this.block(client);
    }
    if (this.blockers > 0 && --this.readerCredit === 0) host.stateChanged(channel);
    if (confirms?.hasAnswers) host.hasNews(channel);
  }

  private block(client: QueueClient): void {
    if (client.blocks) return;
    client.blocks = true;
    if (this.blockers++ === 0) this.readerCredit = this.channel.host.cluster.config.credit_flow_initial;
  }

  /** A queue has got on. */
  unblock(client: QueueClient): void {
    if (!client.blocks || client.isBlocked) return;
    client.blocks = false;
    this.blockers--;
    this.channel.host.stateChanged(this.channel);
  }

  private takeTransaction(): Transaction {
    const { tx } = this;
    if (!tx) throw new AmqpError(406, 'channel is not transactional');
    this.tx = newTransaction();
    return tx;
  }
}

function newTransaction(): Transaction {
  return { publishes: [], answers: [] };
}

const NO_DEATHS: readonly never[] = Object.freeze([]);

/** `BCC` is removed before anybody sees it. Frozen: queues, replicas and checkpoints share it. */
function newMessage(
  exchange: string,
  routingKey: string,
  { cc, bcc }: Pick<Message, 'cc' | 'bcc'>,
  content: Content,
): Message {
  let headers = content.headers;
  if (bcc.length > 0) {
    const { BCC: _, ...rest } = headers;
    headers = rest;
  }
  return Object.freeze({
    id: content.id,
    key: content.key,
    bytes: content.bytes,
    exchange,
    routingKey,
    cc,
    bcc,
    persistent: content.persistent,
    priority: content.priority,
    expiration: content.expiration,
    headers,
    deaths: NO_DEATHS,
    firstDeath: null,
    lastDeath: null,
    failures: 0,
  });
}
