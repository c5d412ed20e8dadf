/**
 * Dead letters on their way: a node publishes for its queues what died in them. At most once without asking
 * what became of it; at least once until every queue it is for has confirmed it.
 */
import type { Emission } from '../../sim/trace.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import type { DeathReason, Message } from './message.ts';
import { QueueClient, type QueueRoute } from './queue-client.ts';
import type { ChannelKey } from './queue.ts';
import { deadLetter, dropCycles } from './queues/dead-letter.ts';
import type { ToChannel } from './wire.ts';

/** how long a letter may be unconfirmed before it is published again, microseconds. */
export const SETTLE_TIMEOUT_MICROS = 180_000_000;

export interface DeadLetterHost extends QueueRoute {
  readonly id: string;
  readonly cluster: ClusterState;
  isReachable(record: QueueRecord): boolean;
  trace(event: Emission): void;
  /** Asks to be woken with {@link DeadLetters.retry} once. */
  retryTimer(letters: DeadLetters): void;
  /** every queue has it; the queue where it died lets go of it. */
  letterConfirmed(from: QueueRecord, position: number): void;
}

/** A letter that its queue keeps until it is confirmed. */
interface Held {
  readonly message: Message;
  readonly reason: DeathReason;
  /** The number of its last publish, and the queues that have yet to confirm that. */
  sequence: number;
  waits: Set<string>;
}

export class DeadLetters {
  /** It publishes as a channel does. */
  readonly key: ChannelKey;
  private readonly host: DeadLetterHost;
  private readonly from: QueueRecord;
  private readonly queues = new Map<string, QueueClient>();
  private readonly held = new Map<number, Held>();
  private readonly positions = new Map<number, number>();
  private sequence = 0;
  private timed = false;

  constructor(host: DeadLetterHost, from: QueueRecord) {
    this.host = host;
    this.from = from;
    this.key = DeadLetters.keyOf(host.id, from);
  }

  static keyOf(node: string, { name, incarnation }: QueueRecord): ChannelKey {
    return `${node}/dead letters of ${name}/${incarnation}`;
  }

  publish(message: Message, reason: DeathReason, position: number | null, held: boolean): void {
    const { cluster } = this.host;
    const { name, limits } = this.from;
    const letter = deadLetter(message, limits, name, reason, this.host.now(), cluster.version);
    const targets = this.targetsOf(letter, reason, held);
    const sequence = ++this.sequence;
    if (held && position !== null) {
      this.held.set(position, {
        message,
        reason,
        sequence,
        waits: new Set(targets.map((target) => target.name)),
      });
      this.positions.set(sequence, position);
      this.watch();
    }
    for (const target of targets) {
      const client = this.clientOf(target);
      if (client.refuses || !this.host.isReachable(target)) {
        if (!held) this.drop(letter, target.name, client.refuses ? 'maxlen' : 'unavailable');
        continue;
      }
      client.publish(this.key, letter, held ? { channel: this.key, sequence } : null, this.host);
    }
  }

  /** What has waited too long is published again, and what had nowhere to go. */
  retry(): void {
    this.timed = false;
    for (const [position, { message, reason, sequence }] of [...this.held]) {
      this.positions.delete(sequence);
      this.publish(message, reason, position, true);
    }
  }

  on(event: ToChannel): void {
    const client = this.queues.get(event.queue);
    if (!client) return;
    switch (event.type) {
      case 'credit':
        client.granted(event.count);
        return;
      case 'applied':
        for (const { command } of client.applied(event.order, this.host.now()))
          if (command.type === 'enqueue' && command.publish)
            this.confirmed(command.publish.sequence, event.queue);
        return;
      case 'confirmed':
        this.confirmed(event.publish.sequence, event.queue);
        return;
      case 'block':
        client.refuses = event.blocked;
        return;
      default:
      // A letter that is refused is published again when its time has come.
    }
  }

  /** Another replica leads the queue, or it can be reached again. */
  leaderChanged(record: QueueRecord): void {
    const client = this.queues.get(record.name);
    if (client?.record === record) client.resend(this.key, this.host);
  }

  queueGone(name: string, incarnation: number): void {
    if (this.queues.get(name)?.record.incarnation === incarnation) this.queues.delete(name);
  }

  /** where it may go; what comes of the rest. */
  private targetsOf(letter: Message, reason: DeathReason, held: boolean): readonly QueueRecord[] {
    const { cluster } = this.host;
    const route = cluster.router.route(letter.exchange, letter);
    const names = route.targets.map(({ queue }) => queue);
    const targets = dropCycles(names, letter, reason);
    for (const { queue, why } of route.targets)
      if (targets.includes(queue))
        this.host.trace({ kind: 'routed', by: letter.exchange, message: letter.id, place: queue, why });
    if (targets.length === 0 && !held)
      this.drop(letter, letter.exchange, names.length > 0 ? 'dead-letter cycle' : 'unroutable');
    return targets.map((name) => cluster.record(name));
  }

  private drop(letter: Message, place: string, reason: string): void {
    this.host.trace({ kind: 'dropped', node: this.host.id, place, message: letter.id, reason });
  }

  private confirmed(sequence: number, queue: string): void {
    const position = this.positions.get(sequence);
    const held = position === undefined ? undefined : this.held.get(position);
    if (position === undefined || !held) return;
    held.waits.delete(queue);
    if (held.waits.size > 0) return;
    this.positions.delete(sequence);
    this.held.delete(position);
    this.host.letterConfirmed(this.from, position);
  }

  private watch(): void {
    if (this.timed) return;
    this.timed = true;
    this.host.retryTimer(this);
  }

  private clientOf(record: QueueRecord): QueueClient {
    const known = this.queues.get(record.name);
    if (known?.record === record) return known;
    const client = new QueueClient(record, this.host);
    this.queues.set(record.name, client);
    return client;
  }
}
