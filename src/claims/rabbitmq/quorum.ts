/** Claims about nodes that die: what a majority keeps, what one node alone cannot, and what a stream keeps for everybody. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { UnackedComeBack } from './acks.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** What was on the wire when a node died may still arrive so much later. */
const ON_THE_WIRE_MICROS = 500_000;

/** Which queues there are, of which type and on which nodes; which nodes are up; and which queue a message is for. */
class Queues {
  private types = new Map<string, string>();
  private nodes = new Map<string, readonly string[]>();
  private down = new Map<string, TraceEvent>();
  private to = new Map<number, string>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        this.types.set(event.name, event.type ?? '');
        this.nodes.set(event.name, event.replicas?.[0] ?? [event.node]);
        break;
      case 'published':
        if (event.to === '' && event.routingKey !== undefined) this.to.set(event.message, event.routingKey);
        break;
      case 'node-crashed':
        this.down.set(event.node, event);
        break;
      case 'node-restarted':
        this.down.delete(event.node);
        break;
    }
  }

  typeOf(queue: string | undefined): string | undefined {
    return this.types.get(queue ?? '');
  }

  nodesOf(queue: string): readonly string[] {
    return this.nodes.get(queue) ?? [];
  }

  queueOf(message: number): string | undefined {
    return this.to.get(message);
  }

  /** The crash that left too few of a queue's nodes, or null while there are enough. */
  outage(queue: string): TraceEvent | null {
    const nodes = this.nodesOf(queue);
    const crashes = nodes.flatMap((node) => this.down.get(node) ?? []);
    const needed = Math.floor(nodes.length / 2) + 1;
    if (nodes.length - crashes.length >= needed) return null;
    return crashes.reduce((latest, crash) => (crash.seq > latest.seq ? crash : latest));
  }

  names(type: string): string[] {
    return [...this.types].filter(([, own]) => own === type).map(([name]) => name);
  }
}

/** Which replicas of a quorum queue have which of its messages. */
class Copies {
  /** Per queue and node, one past the last position that it has. */
  private has = new Map<string, Map<string, number>>();
  private lies = new Map<number, { place: string; position: number }>();

  on(event: TraceEvent): void {
    if (event.kind === 'appended') {
      this.lies.set(event.message, event);
      this.reached(event.place, event.node, event.position + 1);
    }
    if (event.kind === 'replicated') this.reached(event.place, event.node, event.position + 1);
    if (event.kind === 'truncated') this.of(event.place).set(event.node, event.position);
  }

  /** The nodes that have a message of this queue. */
  withMessage(message: number): string[] {
    const there = this.lies.get(message);
    if (!there) return [];
    return [...this.of(there.place)].filter(([, end]) => end > there.position).map(([node]) => node);
  }

  private reached(place: string, node: string, end: number): void {
    const of = this.of(place);
    of.set(node, Math.max(of.get(node) ?? 0, end));
  }

  private of(place: string): Map<string, number> {
    let of = this.has.get(place);
    if (!of) this.has.set(place, (of = new Map<string, number>()));
    return of;
  }
}

/** */
class ConfirmsByMajority implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private copies = new Copies();

  on(event: TraceEvent): void {
    this.queues.on(event);
    this.copies.on(event);
    if (event.kind !== 'publish-confirmed') return;
    const queue = this.queues.queueOf(event.message);
    if (queue === undefined || this.queues.typeOf(queue) !== 'quorum') return;
    const all = this.queues.nodesOf(queue).length;
    const have = this.copies.withMessage(event.message);
    const text = `message ${event.message} is confirmed, and ${have.length} of ${all} replicas have it`;
    if (have.length <= all / 2) this.ledger.contradict(event, text);
    else if (all > 1) this.ledger.confirm(event, () => text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a confirmed publish to a quorum queue of several replicas');
  }
}

/** After a crash another replica leads, one that has all that was confirmed. */
class Elects implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private copies = new Copies();
  private confirmed = new Map<string, Set<number>>();
  private leaderless = new Map<string, Micros>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    this.copies.on(event);
    if (event.kind === 'publish-confirmed') {
      const queue = this.queues.queueOf(event.message);
      if (queue === undefined || this.queues.typeOf(queue) !== 'quorum') return;
      const confirmed = this.confirmed.get(queue) ?? new Set<number>();
      this.confirmed.set(queue, confirmed.add(event.message));
    }
    if (event.kind !== 'leader-elected' || this.queues.typeOf(event.place) !== 'quorum') return;
    const { place, node } = event;
    if (node === null) {
      this.leaderless.set(place, event.at);
      return;
    }
    const since = this.leaderless.get(place);
    this.leaderless.delete(place);
    const confirmed = [...(this.confirmed.get(place) ?? [])];
    const lacks = confirmed.find((message) => !this.copies.withMessage(message).includes(node));
    if (lacks !== undefined)
      this.ledger.contradict(
        event,
        `${displayName(node)} leads ${place}, and lacks message ${lacks}, which was confirmed`,
      );
    else if (since !== undefined)
      this.ledger.confirm(
        event,
        () =>
          `${displayName(node)} leads ${place}, ${formatSeconds(event.at - since)} after it lost its leader; it has all ${confirmed.length} that were confirmed`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a quorum queue whose leader dies');
  }
}

/** */
class LosesNothingConfirmed implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private crashed: TraceEvent | null = null;
  private owed = new Map<number, { event: TraceEvent; queue: string }>();
  private furthest = new Map<string, number>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    if (event.kind === 'node-crashed') this.crashed = event;
    if (event.kind === 'publish-confirmed') {
      const queue = this.queues.queueOf(event.message);
      if (queue !== undefined && this.queues.typeOf(queue) === 'quorum')
        this.owed.set(event.message, { event, queue });
    }
    if (event.kind !== 'processed') return;
    const owed = this.owed.get(event.message);
    this.owed.delete(event.message);
    this.furthest.set(event.place, Math.max(this.furthest.get(event.place) ?? -1, event.message));
    if (owed && this.crashed && owed.event.at < this.crashed.at)
      this.ledger.confirm(
        event,
        () =>
          `message ${event.message}, confirmed before the crash, is processed by ${displayName(event.client)}`,
      );
  }

  verdict(ended: boolean): Verdict {
    if (ended && this.crashed)
      for (const [message, { event, queue }] of this.owed)
        if ((this.furthest.get(queue) ?? -1) > message)
          this.ledger.contradict(event, `message ${message} was confirmed, and nobody has been given it`);
    return this.ledger.verdict('messages of a quorum queue that were confirmed before a node died');
  }
}

/** while too few of its nodes are there, a queue confirms nothing and gives nothing out. */
class StandsStill implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private tried = new Map<string, number>();
  private readonly type: 'classic' | 'quorum';

  constructor(type: 'classic' | 'quorum') {
    this.type = type;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'node-restarted') this.back(event);
    this.queues.on(event);
    switch (event.kind) {
      case 'published': {
        const queue = this.queues.queueOf(event.message);
        if (queue !== undefined && this.outage(queue)) this.attempted(queue);
        break;
      }
      case 'error':
        for (const queue of this.queues.names(this.type))
          if (this.outage(queue) && event.detail.includes(`'${queue}'`)) this.attempted(queue);
        break;
      case 'publish-confirmed': {
        const queue = this.queues.queueOf(event.message);
        if (queue !== undefined) this.check(event, queue, `message ${event.message} is confirmed`);
        break;
      }
      case 'acquired':
        this.check(
          event,
          event.place,
          `message ${event.message ?? '?'} is given to ${displayName(event.client)}`,
        );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      this.type === 'quorum' ? 'a quorum queue without a majority' : 'a classic queue whose node is down',
    );
  }

  private outage(queue: string): TraceEvent | null {
    return this.queues.typeOf(queue) === this.type ? this.queues.outage(queue) : null;
  }

  private attempted(queue: string): void {
    this.tried.set(queue, (this.tried.get(queue) ?? 0) + 1);
  }

  private check(event: TraceEvent, queue: string, text: string): void {
    const since = this.outage(queue);
    if (since && event.at - since.at > ON_THE_WIRE_MICROS)
      this.ledger.contradict(
        event,
        `${text}, ${formatSeconds(event.at - since.at)} after ${queue} lost its nodes`,
      );
  }

  private back(event: Event<'node-restarted'>): void {
    for (const queue of this.queues.names(this.type)) {
      const since = this.outage(queue);
      const tried = this.tried.get(queue) ?? 0;
      if (!since || tried === 0 || !this.queues.nodesOf(queue).includes(event.node)) continue;
      this.tried.delete(queue);
      this.ledger.confirm(
        event,
        () =>
          `for ${formatSeconds(event.at - since.at)} ${queue} confirmed nothing and gave nothing out; ${tried} tried`,
      );
    }
  }
}

/** */
class PersistentSurvives implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private transient = new Set<number>();
  /** What lay in a classic queue when its node died, by message. */
  private stored = new Map<number, string>();
  private survived = new Map<number, string>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    switch (event.kind) {
      case 'published':
        if (event.transient) this.transient.add(event.message);
        break;
      case 'appended':
        if (this.queues.typeOf(event.place) === 'classic') this.stored.set(event.message, event.place);
        break;
      case 'removed':
        this.stored.delete(event.message);
        break;
      case 'node-crashed':
        for (const [message, place] of this.stored)
          if (this.queues.nodesOf(place).includes(event.node)) this.survived.set(message, place);
        break;
      case 'dropped':
        if (event.reason !== 'node-crashed' || event.message === null) break;
        this.stored.delete(event.message);
        this.survived.delete(event.message);
        if (this.transient.has(event.message))
          this.ledger.confirm(
            event,
            () => `message ${event.message}, transient, is gone with its node’s memory`,
          );
        else this.ledger.contradict(event, `message ${event.message}, persistent, is gone`);
        break;
      case 'delivered': {
        const place = this.survived.get(event.message);
        if (place === undefined || place !== event.place) break;
        this.survived.delete(event.message);
        if (this.transient.has(event.message))
          this.ledger.contradict(event, `message ${event.message}, transient, is still there`);
        else this.ledger.confirm(event, () => `message ${event.message}, persistent, is there again`);
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a classic queue with messages whose node is restarted');
  }
}

/** */
class StreamKeeps implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private acked = new Map<string, string>();
  private begun = new Set<string>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    if (event.kind === 'settled' && this.queues.typeOf(event.place) === 'stream')
      this.acked.set(`${event.place} ${event.position}`, event.client);
    if (event.kind !== 'delivered' || this.queues.typeOf(event.place) !== 'stream') return;
    const by = this.acked.get(`${event.place} ${event.position}`);
    const first = !this.begun.has(`${event.client} ${event.place}`);
    this.begun.add(`${event.client} ${event.place}`);
    if (by !== undefined && by !== event.client)
      this.ledger.confirm(
        event,
        () =>
          `${displayName(event.client)} is given offset ${event.position}, which ${displayName(by)} has acknowledged`,
      );
    else if (first && event.position > 0 && this.acked.size > 0)
      this.ledger.contradict(
        event,
        `${displayName(event.client)} begins at offset ${event.position}: what others have acknowledged is gone`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a stream, and a reader that comes when another has acknowledged');
  }
}

const base = { broker: 'rabbitmq', observable: false } as const;
const NODE_DIES = ['rabbitmq-quorum'] as const;

export const quorumClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.quorum-confirms-by-majority',
    statement: 'A quorum queue confirms when a majority of its replicas has the message',
    rules: ['R-30', 'R-56'],
    scenarios: [...NODE_DIES, 'rabbitmq-minority'],
    judge: () => new ConfirmsByMajority(),
  },
  {
    ...base,
    id: 'rabbitmq.quorum-elects',
    statement: 'When its leader dies, one that has all that was confirmed takes over',
    rules: ['R-56'],
    scenarios: NODE_DIES,
    judge: () => new Elects(),
  },
  {
    ...base,
    id: 'rabbitmq.quorum-loses-nothing-confirmed',
    statement: 'Nothing that a quorum queue had confirmed is lost',
    rules: ['R-56'],
    scenarios: NODE_DIES,
    judge: () => new LosesNothingConfirmed(),
  },
  {
    ...base,
    id: 'rabbitmq.quorum-redelivers',
    statement: 'What a consumer on the dead node had not acknowledged is given out again',
    rules: ['R-49', 'R-53'],
    observable: true,
    scenarios: [...NODE_DIES, 'rabbitmq-majority'],
    judge: () => new UnackedComeBack('quorum'),
  },
  {
    ...base,
    id: 'rabbitmq.quorum-minority-stands',
    statement: 'Without a majority nothing is confirmed and nothing given out',
    rules: ['R-56'],
    scenarios: ['rabbitmq-minority', 'rabbitmq-majority'],
    judge: () => new StandsStill('quorum'),
  },
  {
    ...base,
    id: 'rabbitmq.classic-waits-for-node',
    statement: 'While its node is down, a classic queue is down',
    rules: ['R-54'],
    scenarios: NODE_DIES,
    judge: () => new StandsStill('classic'),
  },
  {
    ...base,
    id: 'rabbitmq.persistent-survives-restart',
    statement: 'After the restart persistent messages of a durable queue are there, transient ones are not',
    rules: ['R-55'],
    scenarios: NODE_DIES,
    judge: () => new PersistentSurvives(),
  },
  {
    ...base,
    id: 'rabbitmq.stream-keeps-what-is-acked',
    statement: 'What one reader of a stream has acknowledged, another is given from the beginning',
    rules: ['R-58'],
    observable: true,
    scenarios: ['rabbitmq-stream', 'beside-rabbitmq-stream-rabbitmq'],
    judge: () => new StreamKeeps(),
  },
];
