/** Queues as their replicas: what each node has of them, and how much of it a majority has. */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../../sim/trace.ts';
import {
  FADE_MICROS,
  LOG_MAX,
  QUORUM_MAX,
  type LogEntryView,
  type QuorumReplicaView,
  type QuorumView,
} from '../view-types.ts';
import type { Event } from './event.ts';
import { isSafe, type KnownMessage } from './messages.ts';
import type { Nodes } from './nodes.ts';
import type { Queues } from './queues.ts';

/** An entry as its leader wrote it; all copies of it share this. */
interface LogEntry {
  readonly index: number;
  readonly term: number;
  readonly message: MessageId | null;
  readonly key: string | null;
  readonly known: KnownMessage | null;
  gone: string | null;
}

interface ReplicaState {
  readonly node: string;
  /** The next index to be written. */
  logEnd: number;
  commitIndex: number;
  /** A ring: the entry at `index` is at `index % LOG_MAX`. */
  readonly log: (LogEntry | undefined)[];
  truncated: { at: Micros; from: number; entries: LogEntry[]; why: string } | null;
}

interface QuorumState {
  readonly queue: string;
  readonly type: QuorumView['type'];
  leader: string | null;
  /** While nobody leads, what the last leader had is what there was. */
  lastLeader: string | null;
  term: number;
  election: QuorumView['election'];
  readonly replicas: Map<string, ReplicaState>;
}

export class Quorum {
  private readonly shown: boolean;
  private readonly queues = new Map<string, QuorumState>();

  constructor(shown: boolean) {
    this.shown = shown;
  }

  create(queue: string, type: QuorumState['type'], nodes: readonly string[]): void {
    if (!this.shown || this.queues.has(queue) || this.queues.size >= QUORUM_MAX) return;
    const state: QuorumState = {
      queue,
      type,
      // A classic queue lives where it was declared.
      leader: type === 'classic' ? (nodes[0] ?? null) : null,
      lastLeader: nodes[0] ?? null,
      term: 0,
      election: null,
      replicas: new Map(),
    };
    for (const node of nodes) replicaOf(state, node);
    this.queues.set(queue, state);
  }

  remove(queue: string): void {
    this.queues.delete(queue);
  }

  appended(
    { node, place, position, message, key, epoch }: Event<'appended'>,
    known: KnownMessage | undefined,
  ): void {
    const queue = this.queues.get(place);
    if (!queue) return;
    const replica = replicaOf(queue, node);
    const there = this.entry(queue, position, message);
    replica.log[position % LOG_MAX] = there ?? {
      index: position,
      term: epoch,
      message,
      key,
      known: known ?? null,
      gone: null,
    };
    replica.logEnd = Math.max(replica.logEnd, position + 1);
    queue.term = Math.max(queue.term, epoch);
  }

  /** What a message was in the queue is over: the entry that brought it stays in the log. */
  gone(place: string, position: number, why: string): void {
    const queue = this.queues.get(place);
    if (!queue) return;
    for (const { log } of queue.replicas.values()) {
      const entry = log[position % LOG_MAX];
      if (entry?.index === position) entry.gone = why;
    }
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'replicated':
        this.replicated(event);
        break;
      case 'high-watermark-advanced': {
        const queue = this.queues.get(event.place);
        if (queue) replicaOf(queue, event.node).commitIndex = event.position;
        break;
      }
      case 'leader-elected': {
        const queue = this.queues.get(event.place);
        if (!queue) break;
        queue.leader = event.node;
        queue.lastLeader = event.node ?? queue.lastLeader;
        queue.term = event.epoch;
        queue.election = { at: event.at, node: event.node, why: event.why };
        break;
      }
    }
  }

  truncated({ node, place, position, at, why }: Event<'truncated'>): void {
    const queue = this.queues.get(place);
    if (!queue) return;
    const replica = replicaOf(queue, node);
    const entries = entriesOf(replica).filter(({ index }) => index >= position);
    for (const { index } of entries) replica.log[index % LOG_MAX] = undefined;
    replica.logEnd = Math.min(replica.logEnd, position);
    replica.commitIndex = Math.min(replica.commitIndex, position);
    if (entries.length > 0) replica.truncated = { at, from: position, entries, why };
  }

  view(now: Micros, queues: Queues, nodes: Nodes): QuorumView[] | null {
    if (!this.shown) return null;
    return [...this.queues.values()].map((state) => this.queueView(state, now, queues, nodes));
  }

  private queueView(state: QuorumState, now: Micros, queues: Queues, nodes: Nodes): QuorumView {
    const led = state.replicas.get(state.leader ?? state.lastLeader ?? '');
    const alone = state.type === 'classic';
    const leader = alone && !nodes.isUp(state.leader ?? '') ? null : state.leader;
    const replicas = [...state.replicas.values()]
      .sort((a, b) => (a.node < b.node ? -1 : 1))
      .map((replica): QuorumReplicaView => {
        const up = nodes.isUp(replica.node);
        const { truncated } = replica;
        return {
          node: replica.node,
          role: replica.node === leader ? 'leader' : 'follower',
          up,
          reachable: up && (leader === null || leader === replica.node || nodes.linked(replica.node, leader)),
          logEnd: replica.logEnd,
          commitIndex: replica.commitIndex,
          entries: entriesOf(replica).map(entryView),
          truncated:
            truncated && truncated.at + FADE_MICROS > now
              ? { ...truncated, entries: truncated.entries.map(entryView) }
              : null,
        };
      });
    const queue = queues.get(state.queue);
    return {
      queue: state.queue,
      type: state.type,
      durable: queue?.durable ?? true,
      leader,
      term: state.term,
      replicas,
      connected: replicas.filter(({ reachable }) => reachable).length,
      majority: Math.floor(replicas.length / 2) + 1,
      logEnd: led?.logEnd ?? 0,
      commitIndex: (alone ? led?.logEnd : led?.commitIndex) ?? 0,
      ready: queue?.line.count ?? 0,
      unacked: queue?.unacked ?? 0,
      election: state.election && { ...state.election },
    };
  }

  /** A follower has this entry of its leader's. */
  private replicated({ node, place, position }: Event<'replicated'>): void {
    const queue = this.queues.get(place);
    if (!queue) return;
    const replica = replicaOf(queue, node);
    const entry = queue.replicas.get(queue.leader ?? queue.lastLeader ?? '')?.log[position % LOG_MAX];
    if (entry?.index === position) replica.log[position % LOG_MAX] = entry;
    replica.logEnd = Math.max(replica.logEnd, position + 1);
  }

  private entry(queue: QuorumState, index: number, message: MessageId): LogEntry | undefined {
    for (const { log } of queue.replicas.values()) {
      const entry = log[index % LOG_MAX];
      if (entry?.index === index && entry.message === message) return entry;
    }
    return undefined;
  }
}

function replicaOf(queue: QuorumState, node: string): ReplicaState {
  let replica = queue.replicas.get(node);
  if (!replica) {
    replica = { node, logEnd: 0, commitIndex: 0, log: [], truncated: null };
    queue.replicas.set(node, replica);
  }
  return replica;
}

function entriesOf({ log, logEnd }: ReplicaState): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let index = Math.max(0, logEnd - LOG_MAX); index < logEnd; index++) {
    const entry = log[index % LOG_MAX];
    if (entry?.index === index) entries.push(entry);
  }
  return entries;
}

function entryView({ index, term, message, key, known, gone }: LogEntry): LogEntryView {
  return { index, term, message, key, confirmed: isSafe(known, message), gone };
}
