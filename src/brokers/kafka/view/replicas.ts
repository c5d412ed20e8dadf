/**
 * Who leads each partition and what each of its copies has. Positions of all copies are kept for every partition, since
 * the picture of a log is that of its leader; records of each copy, and what was lost, only where a stage shows them.
 */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import { effectiveMinIsr, splitPlace } from '../cluster-image.ts';
import { brokerName, type KafkaSystem } from '../config.ts';
import {
  CELLS_MAX,
  FADE_MICROS,
  LOST_MAX,
  REPLICATED_MAX,
  type LostCell,
  type ReplicaCell,
  type ReplicatedView,
  type ReplicaView,
} from '../view-types.ts';
import { Coverage } from './coverage.ts';
import type { Event } from './event.ts';
import type { KnownMessage } from './messages.ts';
import type { Nodes } from './nodes.ts';
import type { Settings } from './settings.ts';

/** A record as it was appended. All copies of it share this. */
interface CopiedRecord {
  readonly position: number;
  readonly message: MessageId | null;
  readonly key: string | null;
  readonly client: string | null;
  readonly epoch: number;
  confirmed: boolean;
}

interface ReplicaState {
  readonly node: string;
  logEnd: number;
  highWatermark: number;
  /** A ring, where the record at `position` is at `position % CELLS_MAX`; null where copies are not shown. */
  readonly cells: (CopiedRecord | undefined)[] | null;
  truncated: { at: Micros; from: number; to: number; cells: CopiedRecord[]; why: string } | null;
}

interface Copies {
  readonly place: string;
  leader: string | null;
  /** The last one there was: while nobody leads, what it had is what there was. */
  lastLeader: string | null;
  epoch: number;
  logStart: number;
  isr: readonly string[];
  election: ReplicatedView['election'];
  readonly replicas: Map<string, ReplicaState>;
  readonly shown: boolean;
  /** Positions that a producer was told of and that are still there. */
  readonly confirmed: Coverage;
  lost: LostCell[];
  lostTotal: number;
}

export class Replicas {
  private readonly shown: boolean;
  /** Brokers of each partition, where the scenario itself says them. */
  private readonly placed = new Map<string, readonly string[]>();
  private readonly copies = new Map<string, Copies>();

  constructor(system: KafkaSystem, shown: boolean) {
    this.shown = shown;
    for (const { name, replicas } of system.topics)
      replicas?.forEach((numbers, i) => this.placed.set(`${name}-${i}`, numbers.map(brokerName)));
  }

  /** @param nodes those that get a copy, the preferred leader first; undefined where the trace does not say */
  created(place: string, nodes?: readonly string[]): void {
    const copies = this.of(place);
    const assigned = nodes ?? this.placed.get(place);
    if (!copies || !assigned) return;
    // Who was heard of before comes in the order of the assignment too.
    const known = new Map(copies.replicas);
    copies.replicas.clear();
    for (const node of assigned) copies.replicas.set(node, known.get(node) ?? newReplica(copies, node));
    if (copies.isr.length === 0) copies.isr = assigned;
    if (copies.election) return;
    // Until an election says otherwise: a new partition is led by the first of its replicas (K-60).
    copies.leader = copies.lastLeader = assigned[0] ?? null;
  }

  /** An election may be told of before the topic is. Internal topics are no part of the picture. */
  private of(place: string): Copies | undefined {
    let copies = this.copies.get(place);
    if (copies || place.startsWith('__')) return copies;
    copies = {
      place,
      leader: null,
      lastLeader: null,
      epoch: 0,
      logStart: 0,
      isr: [],
      election: null,
      replicas: new Map(),
      shown: this.shown && this.copies.size < REPLICATED_MAX,
      confirmed: new Coverage(),
      lost: [],
      lostTotal: 0,
    };
    this.copies.set(place, copies);
    return copies;
  }

  deleted(place: string): void {
    this.copies.delete(place);
  }

  /** Whether what this node says of a partition holds for the partition: it leads it, or nobody else does. */
  leads(place: string, node: string): boolean {
    const copies = this.copies.get(place);
    if (!copies) return false;
    const leader = copies.leader ?? copies.lastLeader;
    return leader === null || leader === node;
  }

  leaderOf(place: string): string | null {
    return this.copies.get(place)?.leader ?? null;
  }

  /** @returns where the new leader's log ends and its high watermark is, or null where it is nobody or unknown */
  elected(event: Event<'leader-elected'>): { logEnd: number; highWatermark: number } | null {
    const copies = this.of(event.place);
    if (!copies) return null;
    const { node, at, clean, why, epoch } = event;
    copies.leader = node;
    copies.epoch = epoch;
    copies.election = { at, node, clean, why };
    if (node === null) return null;
    const leader = replicaOf(copies, node);
    const before = copies.lastLeader === null ? undefined : copies.replicas.get(copies.lastLeader);
    copies.lastLeader = node;
    if (before && before !== leader && copies.shown) recordLoss(copies, before, leader, at);
    return { logEnd: leader.logEnd, highWatermark: leader.highWatermark };
  }

  isrChanged({ place, isr }: Event<'isr-changed'>): void {
    const copies = this.of(place);
    if (!copies) return;
    copies.isr = [...isr];
    for (const node of isr) replicaOf(copies, node);
  }

  appended({ node, place, position, message, key, epoch }: Event<'appended'>, client: string | null): void {
    this.take(node, { position, message, key, client, epoch, confirmed: false }, place);
  }

  markerAppended({ node, place, position }: Event<'marker-appended'>): void {
    const epoch = this.copies.get(place)?.epoch ?? 0;
    this.take(node, { position, message: null, key: null, client: null, epoch, confirmed: false }, place);
  }

  private take(node: string, record: CopiedRecord, place: string): void {
    const copies = this.copies.get(place);
    if (!copies) return;
    // Where nothing was said of elections, whoever appends leads.
    if (copies.lastLeader === null) copies.leader = copies.lastLeader = node;
    const replica = replicaOf(copies, node);
    replica.logEnd = record.position + 1;
    if (replica.cells) replica.cells[record.position % CELLS_MAX] = record;
  }

  /** A follower has what its leader had from its own log's end up to `position`. */
  replicated({ node, place, position }: Event<'replicated'>): void {
    const copies = this.copies.get(place);
    if (!copies) return;
    const replica = replicaOf(copies, node);
    if (replica.cells) {
      for (let p = Math.max(replica.logEnd, position - CELLS_MAX); p < position; p++) {
        const record = recordFor(copies, node, p);
        if (record) replica.cells[p % CELLS_MAX] = record;
      }
    }
    replica.logEnd = position;
  }

  highWatermark({ node, place, position }: Event<'high-watermark-advanced'>): void {
    const copies = this.copies.get(place);
    if (copies) replicaOf(copies, node).highWatermark = position;
  }

  truncated({ node, place, position, at, why }: Event<'truncated'>): void {
    const copies = this.copies.get(place);
    if (!copies) return;
    const replica = replicaOf(copies, node);
    if (replica.cells) {
      const cells = newest(replica, 0).filter((cell) => cell.position >= position);
      for (const cell of cells) replica.cells[cell.position % CELLS_MAX] = undefined;
      replica.truncated = { at, from: position, to: replica.logEnd, cells, why };
    }
    replica.logEnd = position;
    replica.highWatermark = Math.min(replica.highWatermark, position);
  }

  logStart(place: string, position: number): void {
    const copies = this.copies.get(place);
    if (copies) copies.logStart = position;
  }

  /** A producer was told of a record. It may have been lost since. */
  confirmed(place: string, position: number, known: KnownMessage | undefined, at: Micros): void {
    const copies = this.copies.get(place);
    if (!copies?.shown) return;
    const current = copies.lastLeader === null ? undefined : copies.replicas.get(copies.lastLeader);
    if (!current || !known) return;
    const { message, key, client } = known;
    const there = current.cells?.[position % CELLS_MAX];
    if (position >= current.logEnd || (there?.position === position && there.message !== message)) {
      lose(copies, { position, message, key, client, at });
      return;
    }
    copies.confirmed.add(position);
    if (there?.message === message) there.confirmed = true;
  }

  view(now: Micros, nodes: Nodes, settings: Settings): ReplicatedView[] | null {
    if (!this.shown) return null;
    return [...this.copies.values()]
      .filter(({ shown }) => shown)
      .map((copies): ReplicatedView => {
        const { place, leader, lastLeader, epoch, isr, election, lost, lostTotal, logStart } = copies;
        const { topic, index } = splitPlace(place);
        const replicas = [...copies.replicas.values()];
        const truth = replicas.find(({ node }) => node === (leader ?? lastLeader));
        const minIsr = effectiveMinIsr(settings.of(topic)['min.insync.replicas'], replicas.length);
        return {
          place,
          topic,
          index,
          leader,
          leaderEpoch: epoch,
          isr: [...isr],
          replicationFactor: replicas.length,
          minIsr,
          underMinIsr: isr.length < minIsr,
          logStart,
          logEnd: truth?.logEnd ?? 0,
          highWatermark: truth?.highWatermark ?? 0,
          election: election && { ...election },
          replicas: replicas.map((replica): ReplicaView => {
            const { node, logEnd, highWatermark, truncated } = replica;
            const cell = ({ position, message, key, epoch, confirmed }: CopiedRecord): ReplicaCell => ({
              position,
              message,
              key,
              epoch,
              confirmed,
              diverged: leader !== null && truth !== undefined && parts(truth, position, message),
            });
            return {
              node,
              role: node === leader ? 'leader' : 'follower',
              inIsr: isr.includes(node),
              up: nodes.isUp(node),
              logEnd,
              highWatermark,
              cells: newest(replica, logStart).map(cell),
              truncated:
                truncated && now - truncated.at <= FADE_MICROS
                  ? { ...truncated, cells: truncated.cells.map(cell) }
                  : null,
            };
          }),
          lost: lost.map((cell) => ({ ...cell })),
          lostTotal,
        };
      });
  }
}

function replicaOf(copies: Copies, node: string): ReplicaState {
  let replica = copies.replicas.get(node);
  if (!replica) copies.replicas.set(node, (replica = newReplica(copies, node)));
  return replica;
}

function newReplica({ shown }: Copies, node: string): ReplicaState {
  const cells = shown ? new Array<CopiedRecord | undefined>(CELLS_MAX).fill(undefined) : null;
  return { node, logEnd: 0, highWatermark: 0, cells, truncated: null };
}

/** The record that a follower gets at a position: its leader's; what a leader of a moment ago sent, where it has none. */
function recordFor(copies: Copies, follower: string, position: number): CopiedRecord | undefined {
  const leader = copies.leader ?? copies.lastLeader;
  let best: CopiedRecord | undefined;
  for (const { node, cells } of copies.replicas.values()) {
    const cell = cells?.[position % CELLS_MAX];
    if (node === follower || cell?.position !== position) continue;
    if (node === leader) return cell;
    if (!best || cell.epoch > best.epoch) best = cell;
  }
  return best;
}

function newest({ cells, logEnd }: ReplicaState, from: number): CopiedRecord[] {
  const found: CopiedRecord[] = [];
  for (let position = Math.max(from, logEnd - CELLS_MAX); position < logEnd; position++) {
    const cell = cells?.[position % CELLS_MAX];
    if (cell?.position === position) found.push(cell);
  }
  return found;
}

/** Whether a copy's record is not what the leader has there. */
function parts(leader: ReplicaState, position: number, message: MessageId | null): boolean {
  if (position >= leader.logEnd) return true;
  const there = leader.cells?.[position % CELLS_MAX];
  return there?.position === position && there.message !== message;
}

/** K-61: what producers were told is there, and the new leader does not have. */
function recordLoss(copies: Copies, before: ReplicaState, leader: ReplicaState, at: Micros): void {
  // It comes back with a leader that has it still.
  const back = copies.lost.filter(({ position, message }) => {
    const there = leader.cells?.[position % CELLS_MAX];
    return position < leader.logEnd && there?.position === position && there.message === message;
  });
  copies.lost = copies.lost.filter((cell) => !back.includes(cell));
  copies.lostTotal -= back.length;
  const gone = newest(before, 0).filter(
    ({ position, message, confirmed }) => confirmed && parts(leader, position, message),
  );
  const beyond = copies.confirmed.cut(leader.logEnd);
  for (const { position } of back) copies.confirmed.add(position);
  for (const { position, message, key, client } of gone)
    if (message !== null) lose(copies, { position, message, key, client: client ?? '', at });
  // More were confirmed than the ring remembers.
  copies.lostTotal += Math.max(0, beyond - gone.filter(({ position }) => position >= leader.logEnd).length);
}

function lose(copies: Copies, cell: LostCell): void {
  copies.lost.push(cell);
  copies.lostTotal++;
  if (copies.lost.length > LOST_MAX) copies.lost.shift();
}
