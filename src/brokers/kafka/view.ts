/**
 * Folds a trace into the picture of a Kafka cluster: partitions with their newest records, groups with who owns what,
 * and what is on the wire. It reads events only, so a recording draws the same picture; its memory is bounded by what
 * the picture shows, not by the run.
 */
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import type { ViewFold } from '../broker.ts';
import type { KafkaClient, KafkaSystem } from './config.ts';
import {
  CELLS_MAX,
  TRAVELS_MAX,
  type Cell,
  type GroupView,
  type KafkaView,
  type MemberView,
  type PartitionReader,
  type ProducerView,
  type TopicView,
  type Travel,
} from './view-types.ts';

/** Distinct keys a producer's picture lists. */
const KEYS_MAX = 32;
/** Messages whose key and partition are remembered, to draw what travels; the newest ones. */
const MESSAGES_MAX = 8192;
/** Gaps remembered in what a group has done of a partition. */
const GAPS_MAX = 64;

/** Which positions of a partition a group has done: all below a mark, but for a few gaps. */
class Coverage {
  private mark = 0;
  private gaps: { from: number; to: number }[] = [];

  /** @returns whether it had been done before */
  add(position: number): boolean {
    if (position >= this.mark) {
      if (position > this.mark) {
        this.gaps.push({ from: this.mark, to: position });
        if (this.gaps.length > GAPS_MAX) this.gaps.shift();
      }
      this.mark = position + 1;
      return false;
    }
    const at = this.gaps.findIndex(({ from, to }) => position >= from && position < to);
    if (at === -1) return true;
    const { from, to } = this.gaps[at]!;
    const rest = [
      { from, to: position },
      { from: position + 1, to },
    ].filter((gap) => gap.from < gap.to);
    this.gaps.splice(at, 1, ...rest);
    return false;
  }

  has(position: number): boolean {
    return position < this.mark && !this.gaps.some(({ from, to }) => position >= from && position < to);
  }
}

interface CellState {
  position: number;
  message: MessageId;
  key: string | null;
  confirmed: boolean;
  /** Per group, in the order of the groups. */
  delivered: number[];
  processed: number[];
}

interface ReaderState {
  owner: string | null;
  committed: number | null;
  position: number | null;
  readonly delivered: Coverage;
  readonly processed: Coverage;
}

interface PartitionState {
  readonly place: string;
  readonly index: number;
  logStart: number;
  logEnd: number;
  highWatermark: number;
  /** A ring: the record at `position` is at `position % CELLS_MAX`. */
  readonly cells: (CellState | null)[];
  readonly readers: Map<string, ReaderState>;
}

interface Work {
  readonly message: MessageId;
  readonly key: string | null;
  readonly place: string;
  readonly position: number;
  readonly again: boolean;
}

interface MemberState {
  readonly id: string;
  readonly label: string;
  readonly group: string;
  /** The id the coordinator knows it by, in its present life. */
  memberId: string | null;
  state: MemberView['state'];
  since: Micros;
  /** What it was before a pause. */
  before: MemberView['state'];
  places: string[];
  work: Work[];
  /** Index of the record it works on; finished ones are cut off now and then. */
  head: number;
  processed: number;
}

interface GroupState {
  readonly id: string;
  readonly number: number;
  state: string;
  stable: boolean;
  generation: number;
  since: Micros | null;
  readonly members: Map<string, MemberState>;
  delivered: number;
  processed: number;
  duplicates: number;
}

interface ProducerState {
  readonly id: string;
  readonly label: string;
  topic: string;
  state: ProducerView['state'];
  before: ProducerView['state'];
  published: number;
  confirmed: number;
  failed: number;
  readonly keys: Set<string | null>;
}

interface KnownMessage {
  readonly message: MessageId;
  readonly key: string | null;
  place: string | null;
  position: number;
}

export class KafkaViewFold implements ViewFold<KafkaView> {
  private readonly nodes = new Map<string, boolean>();
  private readonly topics = new Map<string, PartitionState[]>();
  private readonly partitions = new Map<string, PartitionState>();
  private readonly producers = new Map<string, ProducerState>();
  private readonly groups = new Map<string, GroupState>();
  private readonly members = new Map<string, MemberState>();
  private readonly messages: (KnownMessage | undefined)[] = [];
  private travels: Travel[] = [];

  /** @param clients those of the scenario; whoever joins later is met in the trace */
  constructor(system: KafkaSystem, clients: readonly KafkaClient[]) {
    for (const { name } of system.topics) this.topics.set(name, []);
    for (const client of clients) {
      if (client.role === 'producer')
        this.addProducer(client.id, client.label ?? displayName(client.id), client.topic);
      else this.addMember(client.id, client.label ?? displayName(client.id), client.group);
    }
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        this.nodes.set(event.node, true);
        this.createPlaces(event.name, event.places);
        break;
      case 'node-crashed':
      case 'node-restarted':
        this.nodes.set(event.node, event.kind === 'node-restarted');
        if (event.kind === 'node-crashed') this.dropTravels(event.node);
        break;
      case 'client-started':
        this.clientStarted(event.client, event.role, event.at);
        break;
      case 'client-stopped':
        this.clientStopped(event.client, event.reason, event.at);
        break;
      case 'acted':
        if (event.refused === null && (event.action === 'pause' || event.action === 'resume'))
          this.paused(event.target, event.action === 'pause', event.at);
        break;
      case 'published':
        this.published(event);
        break;
      case 'routed': {
        const known = this.known(event.message);
        if (known) known.place = event.place;
        break;
      }
      case 'appended':
        this.appended(event);
        break;
      case 'high-watermark-advanced': {
        const partition = this.partitions.get(event.place);
        if (partition) partition.highWatermark = event.position;
        break;
      }
      case 'expired': {
        const partition = this.partitions.get(event.place);
        if (partition) partition.logStart = event.position + 1;
        break;
      }
      case 'publish-confirmed':
        this.confirmed(event);
        break;
      case 'publish-failed': {
        const producer = this.producers.get(event.client);
        if (producer) producer.failed++;
        break;
      }
      case 'delivered':
        this.delivered(event);
        break;
      case 'processed':
        this.processed(event);
        break;
      case 'settled':
        if (event.group !== null) this.reader(event.group, event.place).committed = event.position;
        break;
      case 'positioned':
        if (event.group !== null) {
          const reader = this.reader(event.group, event.place);
          reader.position = event.position;
          if (event.by === 'committed') reader.committed = event.position;
        }
        break;
      case 'assigned':
        this.assigned(event);
        break;
      case 'revoked':
        this.revoked(event);
        break;
      case 'member-joined':
        this.memberJoined(event.group, event.client, event.member, event.at);
        break;
      case 'member-removed':
        this.memberRemoved(event.client, event.member, event.at);
        break;
      case 'group-state-changed':
        this.groupChanged(event);
        break;
      case 'sent':
        this.sent(event);
        break;
    }
  }

  view(now: Micros): KafkaView {
    const groups = [...this.groups.values()];
    const topics = [...this.topics].map(([name, partitions]): TopicView => ({
      name,
      partitions: partitions.map((partition) => ({
        place: partition.place,
        index: partition.index,
        logStart: partition.logStart,
        logEnd: partition.logEnd,
        highWatermark: partition.highWatermark,
        cells: cellsOf(partition, groups.length),
        readers: groups
          .filter(({ id }) => partition.readers.has(id))
          .map(({ id }) => readerOf(partition, id)),
      })),
    }));
    return {
      broker: 'kafka',
      nodes: [...this.nodes].map(([id, up]) => ({ id, up })),
      producers: [...this.producers.values()].map(
        ({ id, label, state, topic, published, confirmed, failed, keys }): ProducerView => ({
          id,
          label,
          state,
          topic,
          published,
          confirmed,
          failed,
          keys: [...keys],
        }),
      ),
      topics,
      groups: groups.map((group) => this.groupView(group)),
      travels: this.travels.filter(({ arrivesAt }) => arrivesAt === null || arrivesAt > now),
    };
  }

  private groupView(group: GroupState): GroupView {
    const { id, state, generation, since, delivered, processed, duplicates } = group;
    let lag = 0;
    for (const partition of this.partitions.values())
      if (partition.readers.has(id)) lag += readerOf(partition, id).lag;
    return {
      id,
      state,
      generation,
      rebalancingSince: since,
      members: [...group.members.values()].map((member): MemberView => {
        const current = member.work[member.head];
        return {
          id: member.id,
          label: member.label,
          state: member.state,
          since: member.since,
          places: [...member.places],
          idle: member.state === 'stable' && group.stable && member.places.length === 0,
          current: current ? { ...current } : null,
          waiting: Math.max(0, member.work.length - member.head - 1),
          processed: member.processed,
        };
      }),
      lag,
      delivered,
      processed,
      duplicates,
    };
  }

  private createPlaces(name: string, places: readonly string[]): void {
    let partitions = this.topics.get(name);
    if (!partitions) this.topics.set(name, (partitions = []));
    for (const place of places) {
      const partition: PartitionState = {
        place,
        index: partitions.length,
        logStart: 0,
        logEnd: 0,
        highWatermark: 0,
        cells: new Array<CellState | null>(CELLS_MAX).fill(null),
        readers: new Map(),
      };
      partitions.push(partition);
      this.partitions.set(place, partition);
    }
  }

  private addProducer(id: string, label: string, topic: string): ProducerState {
    const producer: ProducerState = {
      id,
      label,
      topic,
      state: 'waiting',
      before: 'waiting',
      published: 0,
      confirmed: 0,
      failed: 0,
      keys: new Set(),
    };
    this.producers.set(id, producer);
    return producer;
  }

  private addMember(id: string, label: string, groupId: string): MemberState {
    const group = this.group(groupId);
    const member: MemberState = {
      id,
      label,
      group: groupId,
      memberId: null,
      state: 'waiting',
      since: 0,
      before: 'waiting',
      places: [],
      work: [],
      head: 0,
      processed: 0,
    };
    group.members.set(id, member);
    this.members.set(id, member);
    return member;
  }

  private group(id: string): GroupState {
    let group = this.groups.get(id);
    if (!group) {
      group = {
        id,
        number: this.groups.size,
        state: 'Empty',
        stable: true,
        generation: 0,
        since: null,
        members: new Map(),
        delivered: 0,
        processed: 0,
        duplicates: 0,
      };
      this.groups.set(id, group);
    }
    return group;
  }

  private clientStarted(id: string, role: 'producer' | 'consumer', at: Micros): void {
    if (role === 'producer') {
      (this.producers.get(id) ?? this.addProducer(id, displayName(id), '')).state = 'running';
      return;
    }
    const member = this.members.get(id);
    // Who joins the run later is met when its group's coordinator meets it.
    if (!member) return;
    enter(member, 'joining', at);
    member.memberId = null;
    this.letGo(member);
  }

  private clientStopped(id: string, reason: 'closed' | 'crashed', at: Micros): void {
    this.dropTravels(id);
    const producer = this.producers.get(id);
    if (producer) producer.state = reason;
    const member = this.members.get(id);
    if (!member) return;
    enter(member, reason, at);
    member.work = [];
    member.head = 0;
  }

  private paused(id: string, pause: boolean, at: Micros): void {
    const producer = this.producers.get(id);
    if (producer) {
      if (pause) producer.before = producer.state;
      producer.state = pause ? 'paused' : producer.before;
    }
    const member = this.members.get(id);
    if (!member) return;
    if (pause) {
      const { state } = member;
      enter(member, 'paused', at);
      member.before = state;
    } else enter(member, member.before, at);
  }

  private published({ client, message, key, to }: Event<'published'>): void {
    const producer = this.producers.get(client) ?? this.addProducer(client, displayName(client), to);
    producer.topic = to;
    producer.published++;
    if (producer.keys.size < KEYS_MAX) producer.keys.add(key);
    this.messages[message % MESSAGES_MAX] = { message, key, place: null, position: -1 };
  }

  private appended({ place, position, message, key }: Event<'appended'>): void {
    const known = this.known(message);
    if (known) {
      known.place = place;
      known.position = position;
    }
    const partition = this.partitions.get(place);
    if (!partition) return;
    partition.logEnd = position + 1;
    partition.cells[position % CELLS_MAX] = {
      position,
      message,
      key,
      confirmed: false,
      delivered: [],
      processed: [],
    };
  }

  private confirmed({ client, message, place, position }: Event<'publish-confirmed'>): void {
    const producer = this.producers.get(client);
    if (producer) producer.confirmed++;
    const at = position ?? this.known(message)?.position ?? -1;
    const cell = this.cell(place, at);
    if (cell) cell.confirmed = true;
  }

  private delivered({ client, group, message, key, place, position }: Event<'delivered'>): void {
    const member = this.members.get(client);
    if (group === null || !member) return;
    const state = this.group(group);
    const reader = this.reader(group, place);
    const again = reader.delivered.add(position);
    reader.position = position + 1;
    state.delivered++;
    const cell = this.cell(place, position);
    if (cell) cell.delivered[state.number] = (cell.delivered[state.number] ?? 0) + 1;
    member.work.push({ message, key, place, position, again });
  }

  private processed({ client, group, place, position }: Event<'processed'>): void {
    const member = this.members.get(client);
    if (group === null || !member) return;
    const state = this.group(group);
    state.processed++;
    if (this.reader(group, place).processed.add(position)) state.duplicates++;
    const cell = this.cell(place, position);
    if (cell) cell.processed[state.number] = (cell.processed[state.number] ?? 0) + 1;
    member.processed++;
    member.head++;
    if (member.head === member.work.length) {
      member.work = [];
      member.head = 0;
    }
  }

  private assigned({ client, group, all, at }: Event<'assigned'>): void {
    const member = this.members.get(client);
    if (!member) return;
    if (member.state === 'paused') member.before = 'stable';
    else enter(member, 'stable', at);
    member.places = [...all];
    for (const place of all) {
      const reader = this.reader(group, place);
      if (reader.owner !== client) reader.position = null;
      reader.owner = client;
    }
  }

  private revoked({ client, group, places, at }: Event<'revoked'>): void {
    const member = this.members.get(client);
    if (!member) return;
    member.places = member.places.filter((place) => !places.includes(place));
    if (member.places.length === 0) enter(member, 'joining', at);
    for (const place of places) {
      const reader = this.reader(group, place);
      if (reader.owner === client) clear(reader);
    }
  }

  private memberJoined(group: string, client: string, memberId: string, at: Micros): void {
    const member = this.members.get(client) ?? this.addMember(client, displayName(client), group);
    if (member.state === 'waiting') enter(member, 'joining', at);
    member.memberId = memberId;
  }

  private memberRemoved(client: string, memberId: string, at: Micros): void {
    const member = this.members.get(client);
    // A restarted client's earlier life may leave the group later than its present one has joined it.
    if (member?.memberId !== memberId) return;
    member.memberId = null;
    if (member.state !== 'stable' && member.state !== 'paused') {
      this.letGo(member);
      return;
    }
    for (const place of member.places) {
      const reader = this.reader(member.group, place);
      if (reader.owner === client) clear(reader);
    }
    if (member.state === 'stable') enter(member, 'joining', at);
  }

  private letGo(member: MemberState): void {
    for (const place of member.places) {
      const reader = this.reader(member.group, place);
      if (reader.owner === member.id) clear(reader);
    }
    member.places = [];
    member.work = [];
    member.head = 0;
  }

  private groupChanged({ group: id, state, stable, generation, at }: Event<'group-state-changed'>): void {
    const group = this.group(id);
    group.state = state;
    group.generation = generation;
    group.stable = stable;
    if (stable) group.since = null;
    else group.since ??= at;
  }

  private sent({ from, to, place, messages, at, arrivesAt }: Event<'sent'>): void {
    if (!messages || messages.length === 0) return;
    const first = messages[0];
    // What waited on a cut link, or is sent again, is drawn once.
    this.travels = this.travels.filter(
      (travel) =>
        (travel.arrivesAt === null || travel.arrivesAt > at) &&
        !(travel.from === from && travel.to === to && travel.messages[0]?.message === first),
    );
    const byPlace = new Map<string | null, { message: MessageId; key: string | null }[]>();
    for (const message of messages) {
      const known = this.known(message);
      const where = place ?? known?.place ?? null;
      let list = byPlace.get(where);
      if (!list) byPlace.set(where, (list = []));
      if (list.length < TRAVELS_MAX) list.push({ message, key: known?.key ?? null });
    }
    for (const [where, list] of byPlace)
      this.travels.push({ from, to, place: where, messages: list, sentAt: at, arrivesAt });
    if (this.travels.length > TRAVELS_MAX) this.travels = this.travels.slice(-TRAVELS_MAX);
  }

  private dropTravels(id: string): void {
    this.travels = this.travels.filter(({ from, to }) => from !== id && to !== id);
  }

  private known(message: MessageId): KnownMessage | undefined {
    const known = this.messages[message % MESSAGES_MAX];
    return known?.message === message ? known : undefined;
  }

  private cell(place: string, position: number): CellState | undefined {
    if (position < 0) return undefined;
    const cell = this.partitions.get(place)?.cells[position % CELLS_MAX];
    return cell?.position === position ? cell : undefined;
  }

  private reader(group: string, place: string): ReaderState {
    let partition = this.partitions.get(place);
    if (!partition) {
      const name = place.slice(0, place.lastIndexOf('-'));
      this.createPlaces(name, [place]);
      partition = this.partitions.get(place)!;
    }
    let reader = partition.readers.get(group);
    if (!reader) {
      reader = {
        owner: null,
        committed: null,
        position: null,
        delivered: new Coverage(),
        processed: new Coverage(),
      };
      partition.readers.set(group, reader);
    }
    return reader;
  }
}

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

function enter(member: MemberState, state: MemberState['state'], at: Micros): void {
  if (member.state === state) return;
  member.state = state;
  member.since = at;
}

function clear(reader: ReaderState): void {
  reader.owner = null;
  reader.position = null;
}

function cellsOf({ cells, logStart, logEnd }: PartitionState, groups: number): Cell[] {
  const shown: Cell[] = [];
  for (let position = Math.max(logStart, logEnd - CELLS_MAX); position < logEnd; position++) {
    const cell = cells[position % CELLS_MAX];
    if (cell?.position !== position) continue;
    const { message, key, confirmed, delivered, processed } = cell;
    shown.push({
      position,
      message,
      key,
      confirmed,
      delivered: Array.from({ length: groups }, (_, i) => delivered[i] ?? 0),
      processed: Array.from({ length: groups }, (_, i) => processed[i] ?? 0),
    });
  }
  return shown;
}

function readerOf(partition: PartitionState, group: string): PartitionReader {
  const { owner, committed, position } = partition.readers.get(group)!;
  const from = committed ?? position ?? partition.logStart;
  return { group, owner, committed, position, lag: Math.max(0, partition.logEnd - from) };
}
