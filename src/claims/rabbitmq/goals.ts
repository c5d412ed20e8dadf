/** The goals of the challenges on RabbitMQ: claims over the run that a reader makes (../goal.ts). */
import { displayName } from '../../sim/names.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import type { Claim, Evidence } from '../claim.ts';
import { Goal, goal, message, ProcessedTwice } from '../goal.ts';

/** The latest message of each kind has come to the queues that want it, and to no others. */
class RoutedExactly extends Goal {
  private readonly wanted: Readonly<Record<string, readonly string[]>>;
  private kinds = new Map<MessageId, string>();
  private reachedBy = new Map<MessageId, Set<string>>();
  /** Per kind, where its latest message went; null where that is not where it should have gone. */
  private latest = new Map<string, Evidence | null>();

  /** @param wanted per routing key, the queues that want it */
  constructor(wanted: Readonly<Record<string, readonly string[]>>) {
    super();
    this.wanted = wanted;
  }

  protected follow(event: TraceEvent): void {
    if (event.kind === 'published' && event.routingKey !== undefined && event.routingKey in this.wanted) {
      this.kinds.set(event.message, event.routingKey);
      this.reachedBy.set(event.message, new Set());
    }
    if (event.kind === 'appended') this.reachedBy.get(event.message)?.add(event.place);
    // A confirm comes when every queue that a message was routed to has it.
    if (event.kind !== 'publish-confirmed') return;
    const kind = this.kinds.get(event.message);
    const queues = this.reachedBy.get(event.message);
    if (kind === undefined || queues === undefined) return;
    this.reachedBy.delete(event.message);
    this.kinds.delete(event.message);
    const wanted = this.wanted[kind] ?? [];
    const right = queues.size === wanted.length && wanted.every((queue) => queues.has(queue));
    const text = `${kind} is in ${queues.size === 0 ? 'no queue' : [...queues].join(' and ')}`;
    this.latest.set(kind, right ? { seq: event.seq, at: event.at, text } : null);
    const told = [...this.latest.values()].filter((one) => one !== null);
    if (told.length < Object.keys(this.wanted).length) return;
    told.sort((a, b) => a.seq - b.seq);
    for (const one of told.slice(0, -1)) this.step(one, one.text);
    this.reach(event, text);
  }

  protected missing(): string {
    const wrong = Object.keys(this.wanted).filter((kind) => !this.latest.get(kind));
    return `the right queues for ${wrong.join(', ')}`;
  }
}

/** A publisher's connection was blocked, and unblocked, and what it has published since is confirmed. */
class BlockedAndOn extends Goal {
  private blocked = new Set<string>();
  private free = new Set<string>();
  private since = new Map<MessageId, string>();

  protected follow(event: TraceEvent): void {
    if (event.kind === 'publishing-blocked') {
      this.blocked.add(event.client);
      this.step(event, `${displayName(event.client)} is blocked: ${event.reason}`);
    }
    if (event.kind === 'publishing-unblocked' && this.blocked.has(event.client)) {
      this.free.add(event.client);
      this.step(event, `${displayName(event.client)} may publish again`);
    }
    if (event.kind === 'published' && this.free.has(event.client))
      this.since.set(event.message, event.client);
    if (event.kind === 'publish-confirmed' && this.since.has(event.message))
      this.reach(event, `message ${event.message}, published since then, is confirmed`);
  }

  protected missing(): string {
    if (this.blocked.size === 0) return 'a publisher that the broker blocks';
    return this.free.size === 0
      ? 'the end of what blocks it'
      : 'a confirm for what the publisher has published since';
  }
}

/** Somebody is given a message that was dead-lettered twice, each time for another reason. */
class TwoDeaths extends Goal {
  private once: string | null = null;

  protected follow(event: TraceEvent): void {
    if (event.kind === 'dead-lettered') {
      if (this.once === null)
        this.step(event, `message ${event.message} dies in ${event.place}: ${event.reason}`);
      this.once ??= event.reason;
    }
    if (event.kind !== 'delivered') return;
    const deaths = event.headers?.['x-death'];
    if (!Array.isArray(deaths)) return;
    const told = (deaths as { queue?: unknown; reason?: unknown }[]).map(
      ({ queue, reason }) => [String(queue), String(reason)] as const,
    );
    if (new Set(told.map(([, reason]) => reason)).size < 2) return;
    this.reach(
      event,
      `${displayName(event.client)} is given ${message(event.key, event.message)}; its x-death says ${told
        .map(([queue, reason]) => `${reason} in ${queue}`)
        .join(', before that ')}`,
    );
  }

  protected missing(): string {
    return this.once === null
      ? 'a message that is dead-lettered'
      : `a message that is dead-lettered for a second reason, beside ${this.once}`;
  }
}

/** The poison message has come to the queue of dead letters, all its neighbours have been processed, and none is with it. */
class PoisonAside extends Goal {
  private readonly poison: string;
  private readonly aside: string;
  private open = new Set<MessageId>();
  private away = false;

  constructor(poison: string, aside: string) {
    super();
    this.poison = poison;
    this.aside = aside;
  }

  protected follow(event: TraceEvent): void {
    if (event.kind === 'published' && event.key !== this.poison) this.open.add(event.message);
    if (event.kind === 'delivered' && event.place === this.aside) {
      if (event.key !== this.poison) {
        this.spoil(
          event,
          `${message(event.key, event.message)} is in ${this.aside}, and nothing was wrong with it`,
        );
        return;
      }
      if (!this.away) this.step(event, `${message(event.key, event.message)} is in ${this.aside}`);
      this.away = true;
    } else if (event.kind === 'processed') this.open.delete(event.message);
    else return;
    if (this.away && this.open.size === 0)
      this.reach(event, 'all its neighbours have been processed, and none is missing');
  }

  protected missing(): string {
    return this.away
      ? `the work on ${this.open.size} of its neighbours`
      : `${this.poison} in the queue ${this.aside}`;
  }
}

/** The leader of a quorum queue crashed, another node leads, and what was confirmed and not yet worked off then is done. */
class LeaderLost extends Goal {
  private readonly queue: string;
  private leader: string | null = null;
  private confirmed = new Set<MessageId>();
  private done = new Set<MessageId>();
  /** What the crash put at risk; null before there was one. */
  private owed: Set<MessageId> | null = null;
  private dead: string | null = null;
  private elected = false;

  constructor(queue: string) {
    super();
    this.queue = queue;
  }

  protected follow(event: TraceEvent): void {
    switch (event.kind) {
      case 'publish-confirmed':
        if (!this.done.has(event.message)) this.confirmed.add(event.message);
        break;
      case 'leader-elected':
        if (event.place !== this.queue || event.node === null) break;
        this.leader = event.node;
        if (this.owed !== null && !this.elected && event.node !== this.dead) {
          this.elected = true;
          this.step(event, `${displayName(event.node)} leads ${this.queue} now`);
        }
        break;
      case 'node-crashed':
        if (event.node !== this.leader || this.confirmed.size === 0) break;
        this.beginAgain();
        this.elected = false;
        this.dead = event.node;
        this.owed = new Set(this.confirmed);
        this.step(
          event,
          `${displayName(event.node)}, which leads ${this.queue}, crashes; ${this.owed.size} confirmed messages are not worked off`,
        );
        break;
      case 'processed':
        this.done.add(event.message);
        this.confirmed.delete(event.message);
        this.owed?.delete(event.message);
        if (this.elected && this.owed?.size === 0)
          this.reach(event, 'the last of them has been worked off: none is lost');
        break;
    }
  }

  protected missing(): string {
    if (this.owed === null)
      return `the crash of the node that leads ${this.queue}, with confirmed messages in the queue`;
    return this.elected
      ? `the work on ${this.owed.size} messages that were in the queue then`
      : 'another leader, which has them';
  }
}

export const goals = {
  routedExactly: goal({
    id: 'rabbitmq.goal-routed-exactly',
    broker: 'rabbitmq',
    statement: 'Each kind of event is in the queues that want it, and in no others',
    rules: ['R-14', 'R-15', 'R-16'],
    observable: false,
    judge: () =>
      new RoutedExactly({
        'orders.eu.created': ['eu-desk', 'warehouse'],
        'orders.us.created': ['warehouse'],
        'orders.eu.item.added': ['warehouse'],
        'payments.card.failed': ['alarms'],
        'users.signup': [],
      }),
  }),
  processedTwice: goal({
    id: 'rabbitmq.goal-processed-twice',
    broker: 'rabbitmq',
    statement: 'One message of a queue has been processed twice',
    rules: ['R-48', 'R-49'],
    observable: true,
    judge: () => new ProcessedTwice(),
  }),
  blockedAndOn: goal({
    id: 'rabbitmq.goal-blocked-and-on',
    broker: 'rabbitmq',
    statement: 'A publisher was blocked, and has gone on publishing',
    rules: ['R-35'],
    observable: true,
    judge: () => new BlockedAndOn(),
  }),
  twoDeaths: goal({
    id: 'rabbitmq.goal-two-deaths',
    broker: 'rabbitmq',
    statement: 'A message has died twice, for two reasons, and tells of both',
    rules: ['R-83', 'R-80'],
    observable: false,
    judge: () => new TwoDeaths(),
  }),
  poisonAside: goal({
    id: 'rabbitmq.goal-poison-aside',
    broker: 'rabbitmq',
    statement: 'X is in “dead”, and all its neighbours have been processed',
    rules: ['R-60', 'R-80'],
    observable: true,
    judge: () => new PoisonAside('X', 'dead'),
  }),
  leaderLost: goal({
    id: 'rabbitmq.goal-leader-lost',
    broker: 'rabbitmq',
    statement: 'The leader has crashed, and no confirmed message with it',
    rules: ['R-56', 'R-30'],
    observable: false,
    judge: () => new LeaderLost('orders'),
  }),
} satisfies Record<string, Claim>;
