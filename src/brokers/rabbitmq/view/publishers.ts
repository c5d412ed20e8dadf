/** Publishers: what they have sent, and what they have been told of it. */
import { displayName } from '../../../sim/names.ts';
import type { Micros } from '../../../sim/time.ts';
import { KEYS_MAX, PEERS_MAX, PUBLISHERS_MAX, type PublisherView } from '../view-types.ts';
import type { KnownMessage, PublisherDefaults } from './messages.ts';
import { Rate } from './rate.ts';

export class PublisherState implements PublisherDefaults {
  readonly id: string;
  readonly label: string;
  private readonly exchanges: string[];
  readonly routingKey: string | null;
  readonly confirms: boolean;
  readonly priority: number;
  readonly expirationMs: number | null;
  state: PublisherView['state'] = 'waiting';
  before: PublisherView['state'] = 'waiting';
  since: Micros = 0;
  node: string | null = null;
  blocked: string | null = null;
  returned = 0;
  resent = 0;
  private published = 0;
  private confirmed = 0;
  private failed = 0;
  private unconfirmed = 0;
  private life = 0;
  private readonly keys = new Set<string | null>();
  private readonly rate = new Rate();

  constructor(
    id: string,
    label: string,
    {
      exchange,
      routingKey,
      ...defaults
    }: PublisherDefaults & { exchange: string; routingKey: string | null },
  ) {
    this.id = id;
    this.label = label;
    this.exchanges = [exchange];
    this.routingKey = routingKey;
    this.confirms = defaults.confirms;
    this.priority = defaults.priority;
    this.expirationMs = defaults.expirationMs;
  }

  publish(known: KnownMessage, at: Micros): void {
    this.published++;
    this.rate.count(at);
    if (this.keys.size < KEYS_MAX) this.keys.add(known.key);
    if (this.exchanges.length < PEERS_MAX && !this.exchanges.includes(known.exchange))
      this.exchanges.push(known.exchange);
    this.await(known);
  }

  /** It waits for a word on this message. */
  await(known: KnownMessage): void {
    if (!this.confirms || known.awaitedIn === this.life) return;
    known.awaitedIn = this.life;
    this.unconfirmed++;
  }

  answered(known: KnownMessage | undefined, confirmed: boolean): void {
    if (confirmed) this.confirmed++;
    else this.failed++;
    if (known) {
      if (confirmed) known.confirmed = true;
      if (known.awaitedIn !== this.life) return;
      known.awaitedIn = -1;
    }
    if (this.unconfirmed > 0) this.unconfirmed--;
  }

  disconnect(): void {
    this.node = null;
    this.blocked = null;
  }

  /** Its process ended: nobody waits for those answers any more. */
  stop(): void {
    this.life++;
    this.unconfirmed = 0;
    this.blocked = null;
  }

  view(now: Micros): PublisherView {
    const { id, label, state, since, node, routingKey, confirms, blocked, returned, resent } = this;
    return {
      id,
      label,
      state,
      since,
      node,
      exchanges: [...this.exchanges],
      routingKey,
      confirms,
      blocked,
      returned,
      resent,
      published: this.published,
      confirmed: this.confirmed,
      failed: this.failed,
      unconfirmed: this.unconfirmed,
      keys: [...this.keys],
      rate: this.rate.perSecond(now),
    };
  }
}

export class Publishers {
  private readonly publishers = new Map<string, PublisherState>();

  add(publisher: PublisherState): PublisherState {
    this.publishers.set(publisher.id, publisher);
    return publisher;
  }

  /** Whoever publishes and was not announced: an application, or one who joined. */
  meet(id: string, exchange: string): PublisherState {
    return (
      this.publishers.get(id) ??
      this.add(
        new PublisherState(id, displayName(id), {
          exchange,
          routingKey: null,
          confirms: true,
          priority: -1,
          expirationMs: null,
        }),
      )
    );
  }

  get(id: string): PublisherState | undefined {
    return this.publishers.get(id);
  }

  get count(): number {
    return this.publishers.size;
  }

  all(): Iterable<PublisherState> {
    return this.publishers.values();
  }

  view(now: Micros): PublisherView[] {
    return [...this.publishers.values()].slice(0, PUBLISHERS_MAX).map((publisher) => publisher.view(now));
  }
}
