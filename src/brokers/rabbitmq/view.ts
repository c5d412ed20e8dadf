/**
 * Folds a trace into the picture of a RabbitMQ cluster: exchanges, bindings, queues with their head and tail, who has what
 * and owes its acknowledgement, what is on the wire, and what the stage asks for beside (view/). It reads events only; its
 * memory is bounded by what the picture shows, not by the run.
 */
import { ConsoleOutputs } from '../console-view.ts';
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import type { ViewFold } from '../broker.ts';
import type { RabbitmqClient } from './client-config.ts';
import { type QueueSettings, type RabbitmqSystem, type Table } from './config.ts';
import {
  ERRORS_MAX,
  type ClientState,
  type ErrorView,
  type Fate,
  type RabbitmqView,
  type ViewPart,
} from './view-types.ts';
import { Consumers, type ConsumerState, type Entry } from './view/consumers.ts';
import type { Event } from './view/event.ts';
import { Limits } from './view/limits.ts';
import { Messages, type KnownMessage } from './view/messages.ts';
import { Nodes } from './view/nodes.ts';
import { Publishers, PublisherState } from './view/publishers.ts';
import { Queues, type QueueState } from './view/queues.ts';
import { Quorum } from './view/quorum.ts';
import { Routers } from './view/routers.ts';
import { Routes } from './view/routes.ts';
import { Travels } from './view/travels.ts';

/** Messages out with consumers that a queue remembers one by one. */
const OWED_MAX = 4096;

export class RabbitmqViewFold implements ViewFold<RabbitmqView> {
  private readonly nodes: Nodes;
  private readonly queues = new Queues();
  private readonly routers = new Routers();
  private readonly publishers = new Publishers();
  private readonly consumers = new Consumers();
  private readonly messages = new Messages();
  private readonly travels = new Travels();
  private readonly quorum: Quorum;
  private readonly routes: Routes;
  private readonly console = new ConsoleOutputs();
  private errors: ErrorView[] = [];
  private refused: RabbitmqView['refused'] = null;
  private readonly limits: Limits;
  /** What the scenario says of queues: a trace does not tell all of it. */
  private readonly declared = new Map<string, QueueSettings>();

  /**
   * @param clients those of the scenario; whoever joins later is met in the trace
   * @param parts what the stage draws beside the ordinary picture; the rest is null, and costs nothing
   */
  constructor(system: RabbitmqSystem, clients: readonly RabbitmqClient[], parts: readonly ViewPart[] = []) {
    this.nodes = new Nodes(system.nodes);
    this.quorum = new Quorum(parts.includes('quorum'));
    this.routes = new Routes(parts.includes('routing'));
    this.limits = new Limits(system);
    for (const queue of system.queues) this.declared.set(queue.name, queue);
    for (const client of clients) this.addClient(client);
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'exchange-created': {
        const exchange = this.routers.create(event.name, event.type);
        exchange.arguments = (event.arguments ?? {}) as Table;
        exchange.alternate = this.limits.alternateOf(exchange.name, exchange.arguments);
        return;
      }
      case 'exchange-deleted':
        this.routers.remove(event.name);
        return;
      case 'binding-created':
        this.routers.bind(event);
        return;
      case 'binding-deleted':
        this.routers.unbind(event);
        return;
      case 'places-created':
        for (const place of event.places) this.createQueue(place, event);
        return;
      case 'places-deleted':
        for (const place of event.places) this.deleteQueue(place);
        return;
      case 'configured':
        this.configured(event);
        return;
      case 'node-crashed':
      case 'node-stopped':
        this.nodes.on(event);
        this.quorum.on(event);
        this.travels.drop(event.node);
        return;
      case 'node-restarted':
        this.nodes.on(event);
        this.quorum.on(event);
        return;
      case 'alarm-raised':
      case 'alarm-cleared':
        this.nodes.on(event);
        return;
      case 'client-started':
        this.clientStarted(event);
        return;
      case 'client-stopped':
        this.clientStopped(event);
        return;
      case 'connected':
        this.bothOf(event.client, (client) => (client.node = event.node));
        return;
      case 'disconnected':
        this.bothOf(event.client, (client) => {
          client.disconnect();
        });
        this.travels.drop(event.client);
        return;
      case 'acted':
        this.acted(event);
        return;
      case 'published': {
        const publisher = this.publishers.meet(event.client, event.to);
        const known = this.messages.published(event, publisher);
        publisher.publish(known, event.at);
        this.routes.published(known);
        return;
      }
      case 'republished': {
        const known = this.messages.get(event.message);
        const publisher = this.publishers.get(event.client);
        if (publisher) publisher.resent++;
        if (known) publisher?.await(known);
        return;
      }
      case 'publish-confirmed':
        this.answered(event, true);
        return;
      case 'publish-failed':
        this.answered(event, false);
        return;
      case 'returned':
        this.returned(event);
        return;
      case 'publishing-blocked': {
        const publisher = this.publishers.get(event.client);
        if (publisher) publisher.blocked = event.reason;
        return;
      }
      case 'publishing-unblocked': {
        const publisher = this.publishers.get(event.client);
        if (publisher) publisher.blocked = null;
        return;
      }
      case 'routed':
        this.routed(event);
        return;
      case 'appended':
        this.appended(event);
        return;
      case 'replicated':
        this.quorum.on(event);
        this.queues.get(event.place)?.copied(event.node, event.position);
        return;
      case 'high-watermark-advanced': {
        this.quorum.on(event);
        const queue = this.queues.get(event.place);
        if (queue && event.node === queue.node) queue.committed = event.position;
        return;
      }
      case 'leader-elected':
        this.quorum.on(event);
        this.queues.get(event.place)?.led(event.node);
        return;
      case 'truncated':
        this.quorum.truncated(event);
        this.queues.get(event.place)?.truncated(event.node, event.position);
        return;
      case 'acquired':
        this.acquired(event);
        return;
      case 'delivered':
        this.delivered(event);
        return;
      case 'processed': {
        const consumer = this.consumers.get(event.client);
        consumer?.process(consumer.find(event.place, event.position), event.at);
        return;
      }
      case 'settled':
        this.settled(event);
        return;
      case 'released':
        this.released(event);
        return;
      case 'removed':
        this.removed(event);
        return;
      case 'dead-lettered':
        this.deadLettered(event);
        return;
      case 'dropped':
        this.dropped(event);
        return;
      case 'expired':
        this.expired(event);
        return;
      case 'consuming-began':
        this.consumingBegan(event);
        return;
      case 'consuming-ended': {
        const subscriptions = this.consumers.get(event.client)?.subscriptions;
        const at = subscriptions?.findIndex(({ tag }) => tag === event.tag) ?? -1;
        if (at >= 0) subscriptions!.splice(at, 1);
        return;
      }
      case 'assigned':
      case 'revoked':
        this.activated(event);
        return;
      case 'positioned': {
        const subscription = this.subscription(event.client, event.place);
        if (subscription) subscription.offset = event.position;
        return;
      }
      case 'sent':
        this.sent(event);
        return;
      case 'printed':
        this.console.printed(event);
        return;
      case 'error':
        this.errors = [
          ...this.errors.slice(1 - ERRORS_MAX),
          { client: event.client, code: event.code, detail: event.detail, at: event.at },
        ];
        return;
    }
  }

  view(now: Micros): RabbitmqView {
    const { exchanges, bindings } = this.routers.view(now);
    const isUp = (node: string): boolean => this.nodes.isUp(node);
    const queues = this.queues.view(now, isUp);
    const again = (client: string, message: MessageId): boolean =>
      this.consumers.get(client)?.hasAgain(message) ?? false;
    return {
      broker: 'rabbitmq',
      version: this.limits.version,
      nodes: this.nodes.view(),
      publishers: this.publishers.view(now),
      exchanges,
      bindings,
      queues,
      consumers: this.consumers.view(now, this.travels.inFlight(now)),
      travels: this.travels.view(now, this.messages, again),
      totals: {
        exchanges: this.routers.count,
        bindings: this.routers.bindings.length,
        queues: this.queues.count,
        consumers: this.consumers.count,
        publishers: this.publishers.count,
      },
      errors: this.errors.map((error) => ({ ...error })),
      refused: this.refused && { ...this.refused },
      policies: this.limits.names,
      console: this.console.view(),
      routes: this.routes.view(this.routers),
      quorum: this.quorum.view(now, this.queues, this.nodes),
    };
  }

  private addClient(client: RabbitmqClient): void {
    const label = client.label ?? displayName(client.id);
    if (client.role === 'publisher') {
      this.publishers.add(
        new PublisherState(client.id, label, {
          exchange: client.exchange,
          routingKey: client.routingKey,
          confirms: client.confirms,
          priority: client.priority ?? -1,
          expirationMs: client.expiration === undefined ? null : Number(client.expiration),
        }),
      );
      return;
    }
    if (client.role !== 'consumer') return;
    const consumer = this.consumers.add(client.id, label);
    for (const queue of client.queues) consumer.knows(queue);
    consumer.autoAck = client.autoAck;
    consumer.prefetch =
      client.prefetchCount === undefined || client.prefetchCount === 0 ? null : client.prefetchCount;
    for (const queue of client.declares.queues) this.declared.set(queue.name, queue);
  }

  private createQueue(name: string, event: Event<'places-created'>): void {
    const queue = this.queues.create(name);
    const settings = this.declared.get(name);
    queue.arguments = (event.arguments as Table | undefined) ?? settings?.arguments ?? {};
    queue.type = kindOf(event.type ?? queue.arguments['x-queue-type']);
    queue.node ??= queue.type === 'classic' ? (event.replicas?.[0]?.[0] ?? event.node) : event.node;
    queue.durable = settings?.durable ?? true;
    queue.limits = this.limits.of(name, queue.type, queue.arguments);
    this.quorum.create(name, queue.type, event.replicas?.[0] ?? [event.node]);
  }

  private deleteQueue(name: string): void {
    const queue = this.queues.get(name);
    if (!queue) return;
    for (const entry of queue.owed.values()) this.consumers.get(entry.client)?.release(entry, true);
    this.queues.remove(name);
    this.routers.unbindAll('queue', name);
    this.quorum.remove(name);
  }

  /** A policy may be about any of them. */
  private configured(event: Event<'configured'>): void {
    this.limits.configured(event);
    for (const queue of this.queues.all())
      queue.limits = this.limits.of(queue.name, queue.type, queue.arguments);
    for (const exchange of this.routers.all())
      exchange.alternate = this.limits.alternateOf(exchange.name, exchange.arguments);
  }

  private clientStarted({ client, role, at }: Event<'client-started'>): void {
    if (!this.publishers.get(client) && !this.consumers.get(client) && role === 'consumer')
      this.consumers.add(client);
    this.consumers.get(client)?.start();
    this.bothOf(client, (state) => enter(state, 'running', at));
  }

  private clientStopped({ client, reason, at }: Event<'client-stopped'>): void {
    this.bothOf(client, (state) => {
      enter(state, reason, at);
      state.node = null;
    });
    this.publishers.get(client)?.stop();
    this.consumers.get(client)?.stop(at);
    this.travels.drop(client);
  }

  private acted(event: Event<'acted'>): void {
    this.nodes.on(event);
    const { action, refused, at } = event;
    this.refused = refused === null ? null : { action, why: refused, at };
    if (refused !== null) return;
    if (event.action === 'pause')
      this.bothOf(event.target, (state) => {
        if (state.state !== 'running') return;
        state.before = state.state;
        enter(state, 'paused', event.at);
      });
    if (event.action === 'resume')
      this.bothOf(event.target, (state) => {
        if (state.state === 'paused') enter(state, state.before, event.at);
      });
  }

  private answered({ client, message }: { client: string; message: MessageId }, confirmed: boolean): void {
    this.publishers.get(client)?.answered(this.messages.get(message), confirmed);
  }

  private returned({ client, message, reason, at }: Event<'returned'>): void {
    const known = this.messages.get(message);
    const publisher = this.publishers.get(client);
    if (publisher) publisher.returned++;
    const exchange = known && this.routers.get(known.exchange);
    if (exchange) this.routers.unroutable(exchange, message, known.key, true, reason, at);
    this.routes.returned(message, this.routers);
  }

  private routed(event: Event<'routed'>): void {
    const { message, place } = event;
    this.routers.routed(event, this.messages.get(message)?.key ?? null);
    this.routes.routed(message, place, this.routers);
  }

  private appended(event: Event<'appended'>): void {
    const { node, place, position, message, key, at } = event;
    const known = this.messages.get(message);
    const queue = this.queues.get(place);
    this.quorum.appended(event, known);
    if (!queue) return;
    queue.node ??= node;
    queue.copied(node, position);
    queue.enter(position, message, key, known, at);
  }

  private acquired({ client, place, position, message, at }: Event<'acquired'>): void {
    const queue = this.queues.get(place);
    if (!queue) return;
    const consumer = this.consumer(client, at);
    const cell = queue.giveOut(position, message, this.messages.get(message), at);
    if (queue.owed.size >= OWED_MAX) {
      queue.owedBeyond++;
      consumer.beyond++;
      return;
    }
    queue.owed.set(position, consumer.take(place, cell, true, true));
  }

  private delivered({ client, place, position, message, key, redelivered, at }: Event<'delivered'>): void {
    const consumer = this.consumer(client, at);
    const queue = this.queues.get(place);
    let entry = consumer.find(place, position);
    if (!entry) {
      const known = this.messages.get(message);
      const cell =
        (queue?.type === 'stream' ? queue.streamCell(position) : undefined) ??
        queue?.stranger(position, message, known, key);
      if (!cell) return;
      // Nobody told that it was given out: a stream, or a recording.
      entry = consumer.take(place, cell, false, !consumer.autoAck);
    }
    consumer.deliver(entry, redelivered);
    const subscription = this.subscription(client, place);
    if (queue?.type === 'stream' && subscription) subscription.offset = position + 1;
  }

  private settled({ client, place, position, outcome }: Event<'settled'>): void {
    const consumer = this.consumers.get(client);
    consumer?.settle(consumer.find(place, position), outcome);
  }

  private released({ place, position, message, where }: Event<'released'>): void {
    const queue = this.queues.get(place);
    if (!queue) return;
    const entry = this.giveBack(queue, position, false);
    const known = this.messages.get(message ?? null);
    queue.takeBack(entry?.cell ?? queue.stranger(position, message ?? null, known), where);
  }

  private removed({ place, position, message, why }: Event<'removed'>): void {
    const queue = this.queues.get(place);
    if (!queue) return;
    const known = this.messages.get(message);
    this.quorum.gone(place, position, why);
    if (queue.owed.has(position) || (!queue.line.find(position) && queue.owedBeyond > 0)) {
      // A consumer that joined later: nobody told that it acknowledges nothing.
      const consumer = this.consumers.get(queue.owed.get(position)?.client ?? '');
      if (consumer && why.startsWith('sent')) consumer.autoAck = true;
      this.giveBack(queue, position, true);
      queue.acked();
    } else queue.line.remove(position, known?.bytes ?? 0);
  }

  private deadLettered(event: Event<'dead-lettered'>): void {
    const { place, position, message, to, reason, at } = event;
    const known = this.messages.get(message);
    this.leave(place, position, message, known, reason);
    if (known) {
      known.died = reason;
      known.expirationMs = null;
    }
    const queue = this.queues.get(place);
    if (!queue) return;
    queue.died(reason, true, at);
    queue.fates.add(fate(at, message, known, 'dead-lettered', reason, to));
  }

  private dropped({ place, position, message, reason, at }: Event<'dropped'>): void {
    const known = this.messages.get(message);
    const queue =
      reason === 'unroutable' || reason === 'dead-letter cycle' ? undefined : this.queues.get(place);
    if (!queue) {
      const exchange = this.routers.get(place) ?? this.routers.get(known?.exchange ?? '');
      if (exchange) this.routers.unroutable(exchange, message, known?.key ?? null, false, reason, at);
      if (message !== null) this.routes.routed(message, null, this.routers);
      return;
    }
    this.leave(place, position, message, known, reason);
    queue.died(reason, false, at);
    queue.fates.add(fate(at, message, known, 'dropped', reason, null));
  }

  /** Of a stream: retention. */
  private expired({ place, position, message, at }: Event<'expired'>): void {
    const queue = this.queues.get(place);
    if (!queue) return;
    if (queue.type === 'stream') queue.retain(position + 1);
    else {
      this.leave(place, position, message, this.messages.get(message), 'expired');
      queue.died('expired', false, at);
    }
  }

  /** It is no longer in its queue, ready or owed. */
  private leave(
    place: string,
    position: number | undefined,
    message: MessageId | null,
    known: KnownMessage | undefined,
    reason: string,
  ): void {
    const queue = this.queues.get(place);
    if (!queue || position === undefined || message === null) return;
    this.quorum.gone(place, position, reason);
    if (queue.owed.has(position)) this.giveBack(queue, position, false);
    else if (queue.line.find(position)) queue.line.remove(position, 0);
    else if (fromConsumer(reason) && queue.owedBeyond > 0) this.giveBack(queue, position, false);
    else queue.line.remove(position, known?.bytes ?? 0);
  }

  /** A consumer owes it no longer. */
  private giveBack(queue: QueueState, position: number, settled: boolean): Entry | undefined {
    const entry = queue.owed.get(position);
    if (entry) {
      queue.owed.delete(position);
      this.consumers.get(entry.client)?.release(entry, settled);
    } else if (queue.owedBeyond > 0) {
      queue.owedBeyond--;
      for (const consumer of this.consumers.all())
        if (consumer.beyond > 0) {
          consumer.beyond--;
          break;
        }
    }
    return entry;
  }

  private consumingBegan({ client, place, tag, prefetch, at }: Event<'consuming-began'>): void {
    const consumer = this.consumer(client, at);
    const others = [...this.consumers.all()].some(({ subscriptions }) =>
      subscriptions.some(({ queue, active }) => queue === place && active),
    );
    const single = this.queues.get(place)?.limits.singleActiveConsumer ?? false;
    consumer.knows(place);
    consumer.subscriptions.push({ queue: place, tag, active: !single || !others, offset: null });
    consumer.prefetch = prefetch;
  }

  /** who of a queue's consumers has its turn. */
  private activated(event: Event<'assigned'> | Event<'revoked'>): void {
    for (const place of event.places) {
      const subscription = this.subscription(event.client, place);
      if (subscription) subscription.active = event.kind === 'assigned';
    }
  }

  private sent(event: Event<'sent'>): void {
    const { from, to, messages } = event;
    if (!messages || messages.length === 0) return;
    const consumer = this.consumers.get(to);
    let place: string | null = null;
    if (consumer && this.nodes.has(from)) place = consumer.queueOf(messages[0]!);
    else if (this.nodes.has(to) && !this.nodes.has(from))
      place = this.messages.get(messages[0]!)?.exchange ?? null;
    this.travels.sent(event, place);
  }

  private consumer(client: string, at: Micros): ConsumerState {
    const known = this.consumers.get(client);
    if (known) return known;
    const consumer = this.consumers.add(client);
    enter(consumer, 'running', at);
    consumer.node = this.publishers.get(client)?.node ?? null;
    return consumer;
  }

  private subscription(client: string, place: string) {
    return this.consumers.get(client)?.subscriptions.find(({ queue }) => queue === place);
  }

  /** An application may both publish and consume. */
  private bothOf(client: string, change: (state: PublisherState | ConsumerState) => void): void {
    const publisher = this.publishers.get(client);
    if (publisher) change(publisher);
    const consumer = this.consumers.get(client);
    if (consumer) change(consumer);
  }
}

function enter(
  client: { state: ClientState['state']; since: Micros },
  state: ClientState['state'],
  at: Micros,
): void {
  if (client.state === state) return;
  client.state = state;
  client.since = at;
}

function kindOf(type: unknown): QueueState['type'] {
  return type === 'quorum' || type === 'stream' ? type : 'classic';
}

/** Whether what goes for this reason was out with a consumer. */
function fromConsumer(reason: string): boolean {
  return reason === 'rejected' || reason === 'delivery_limit';
}

function fate(
  at: Micros,
  message: MessageId | null,
  known: KnownMessage | undefined,
  what: Fate['what'],
  reason: string,
  to: string | null,
): Fate {
  return { at, message, key: known?.key ?? null, what, reason, to };
}
