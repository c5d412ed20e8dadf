/**
 * Folds a trace into the picture of a Kafka cluster: partitions with their newest records, groups with who owns what,
 * what is on the wire, and what the stage asks for beside (view/). It reads events only, so a recording draws the same
 * picture; its memory is bounded by what the picture shows, not by the run.
 */
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import { Ring } from '../../sim/ring.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import type { ViewFold } from '../broker.ts';
import { ConsoleOutputs } from '../console-view.ts';
import type { KafkaClient } from './client-config.ts';
import type { KafkaSystem } from './config.ts';
import {
  CELLS_MAX,
  TRAVELS_MAX,
  type Cell,
  type GroupView,
  type KafkaView,
  type MemberView,
  type PartitionReader,
  type PartitionView,
  type ProducerView,
  type TargetView,
  type TopicView,
  type Travel,
  type ViewPart,
} from './view-types.ts';
import { Coverage } from './view/coverage.ts';
import { Distribution } from './view/distribution.ts';
import type { Event } from './view/event.ts';
import { Logs } from './view/log.ts';
import { Messages } from './view/messages.ts';
import { Nodes } from './view/nodes.ts';
import { Replicas } from './view/replicas.ts';
import { Settings } from './view/settings.ts';
import { Shares } from './view/shares.ts';
import { Timeline } from './view/timeline.ts';
import { Transactions } from './view/transactions.ts';

/** Distinct keys a producer's picture lists. */
const KEYS_MAX = 32;

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
  paused: boolean;
  readonly delivered: Coverage;
  readonly processed: Coverage;
}

interface PartitionState {
  readonly place: string;
  readonly index: number;
  logStart: number;
  logEnd: number;
  highWatermark: number;
  /** Null while the trace has told of no other end than the high watermark (K-3). */
  lastStableOffset: number | null;
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
  /** What its application was given and has not finished: it works on the first. */
  readonly work: Ring<Work>;
  processed: number;
}

interface GroupState {
  readonly id: string;
  readonly kind: GroupView['kind'];
  readonly number: number;
  /** Its members read what is committed, and nothing behind (K-4). */
  committedOnly: boolean;
  target: TargetView | null;
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

export class KafkaViewFold implements ViewFold<KafkaView> {
  private readonly nodes: Nodes;
  private readonly topics = new Map<string, PartitionState[]>();
  private readonly partitions = new Map<string, PartitionState>();
  private readonly producers = new Map<string, ProducerState>();
  private readonly groups = new Map<string, GroupState>();
  private readonly members = new Map<string, MemberState>();
  /** Partitions that a client reads by assign(): nobody shares them out. */
  private readonly assign = new Map<string, readonly string[]>();
  private readonly messages = new Messages();
  private readonly settings: Settings;
  private readonly replicas: Replicas;
  private readonly logs: Logs;
  private readonly timeline: Timeline;
  private readonly distribution: Distribution;
  private readonly transactions: Transactions;
  private readonly shares = new Shares();
  private readonly console = new ConsoleOutputs();
  private travels: Travel[] = [];

  /**
   * @param clients those of the scenario; whoever joins later is met in the trace
   * @param parts what the stage draws beside the ordinary picture; the rest is null, and costs nothing
   */
  constructor(system: KafkaSystem, clients: readonly KafkaClient[], parts: readonly ViewPart[] = []) {
    this.nodes = new Nodes(system);
    this.settings = new Settings(system);
    this.replicas = new Replicas(system, parts.includes('replicas'));
    this.logs = new Logs(parts.includes('log'));
    this.timeline = new Timeline(parts.includes('timeline'));
    this.distribution = new Distribution(parts.includes('distribution'));
    this.transactions = new Transactions(clients);
    for (const { name } of system.topics) this.topics.set(name, []);
    for (const client of clients) {
      const label = client.label ?? displayName(client.id);
      if (client.role === 'producer') this.addProducer(client.id, label, client.topic);
      else {
        if (client.role === 'processor') this.addProducer(client.id, label, client.to);
        const group = this.group(client.group, client.role === 'share-consumer' ? 'share' : 'consumer');
        const reading = client.role === 'processor' ? client.consumer : client.config;
        if ('isolation.level' in reading && reading['isolation.level'] === 'read_committed')
          group.committedOnly = true;
        if (client.role === 'consumer' && client.assign) this.assign.set(client.id, client.assign);
        this.addMember(client.id, label, client.group);
      }
    }
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        this.createPlaces(event.name, event.places, event.replicas);
        return;
      case 'places-deleted':
        this.deletePlaces(event.name, event.places);
        return;
      case 'configured':
        this.settings.configured(event);
        return;
      case 'node-crashed':
      case 'node-stopped':
        this.dropTravels(event.node);
        this.nodes.on(event);
        return;
      case 'node-restarted':
      case 'node-fenced':
      case 'node-unfenced':
        this.nodes.on(event);
        return;
      case 'client-started':
        this.timeline.on(event);
        this.clientStarted(event.client, event.role, event.at);
        return;
      case 'client-stopped':
        this.timeline.on(event);
        this.clientStopped(event.client, event.reason, event.at);
        return;
      case 'acted':
        this.nodes.on(event);
        this.timeline.on(event);
        if (event.refused === null && (event.action === 'pause' || event.action === 'resume'))
          this.paused(event.target, event.action === 'pause', event.at);
        return;
      case 'published':
        this.published(event);
        return;
      case 'routed': {
        const known = this.messages.get(event.message);
        if (known) known.place = event.place;
        return;
      }
      case 'appended':
        this.appended(event);
        return;
      case 'marker-appended':
        this.markerAppended(event);
        return;
      case 'replicated':
        this.replicas.replicated(event);
        return;
      case 'truncated':
        this.replicas.truncated(event);
        return;
      case 'leader-elected':
        this.elected(event);
        return;
      case 'isr-changed':
        this.replicas.isrChanged(event);
        return;
      case 'high-watermark-advanced': {
        this.replicas.highWatermark(event);
        const partition = this.led(event);
        if (partition) partition.highWatermark = event.position;
        return;
      }
      case 'stable-offset-advanced': {
        const partition = this.led(event);
        if (partition) partition.lastStableOffset = event.position;
        return;
      }
      case 'segment-rolled':
        if (this.led(event)) this.logs.rolled(event);
        return;
      case 'expired': {
        const partition = this.led(event);
        if (!partition) return;
        partition.logStart = event.position + 1;
        partition.logEnd = Math.max(partition.logEnd, partition.logStart);
        this.replicas.logStart(event.place, partition.logStart);
        this.logs.expired(event.place, partition.logStart, partition.logEnd, event.at);
        return;
      }
      case 'compacted': {
        const partition = this.led(event);
        if (!partition) return;
        if (this.cell(event.place, event.position)) partition.cells[event.position % CELLS_MAX] = null;
        this.logs.compacted(event);
        return;
      }
      case 'cleaned':
        if (this.led(event)) this.logs.cleaned(event);
        return;
      case 'publish-confirmed':
        this.confirmed(event);
        return;
      case 'publish-failed': {
        const producer = this.producers.get(event.client);
        if (producer) producer.failed++;
        return;
      }
      case 'transaction-began':
      case 'transaction-ended':
      case 'transaction-state-changed':
        this.transactions.on(event);
        return;
      case 'delivered':
        this.delivered(event);
        return;
      case 'processed':
        this.processed(event);
        return;
      case 'settled':
        this.shares.on(event, this.messages);
        if (event.group !== null && event.outcome === 'committed')
          this.reader(event.group, event.place).committed = event.position;
        return;
      case 'acquired':
      case 'released':
      case 'archived':
        this.shares.on(event, this.messages);
        return;
      case 'positioned':
        if (event.group !== null) {
          const reader = this.reader(event.group, event.place);
          reader.position = event.position;
          if (event.by === 'committed') reader.committed = event.position;
        }
        return;
      case 'reading-paused':
      case 'reading-resumed':
        if (event.group !== null)
          for (const place of event.places)
            this.reader(event.group, place).paused = event.kind === 'reading-paused';
        return;
      case 'assigned':
        this.timeline.on(event);
        this.assigned(event);
        return;
      case 'revoked':
        this.timeline.on(event);
        this.revoked(event);
        return;
      case 'member-joined':
        this.memberJoined(event.group, event.client, event.member, event.at);
        this.timeline.on(event);
        return;
      case 'member-removed':
        this.timeline.on(event);
        this.memberRemoved(event.client, event.member, event.at);
        return;
      case 'group-state-changed':
        this.timeline.on(event);
        this.groupChanged(event);
        return;
      case 'target-computed':
        this.group(event.group).target = {
          epoch: event.epoch,
          assignment: event.assignment.map(([client, places]) => ({ client, places: [...places] })),
        };
        return;
      case 'sent':
        this.sent(event);
        return;
      case 'printed':
        this.console.printed(event);
        return;
    }
  }

  view(now: Micros): KafkaView {
    const groups = [...this.groups.values()];
    const shown = new Map<string, PartitionView>();
    const topics = [...this.topics].map(([name, partitions]): TopicView => ({
      name,
      partitions: partitions.map((partition) => {
        const view: PartitionView = {
          place: partition.place,
          index: partition.index,
          leader: this.replicas.leaderOf(partition.place),
          logStart: partition.logStart,
          logEnd: partition.logEnd,
          highWatermark: partition.highWatermark,
          lastStableOffset: stableOf(partition),
          cells: cellsOf(partition, groups.length),
          readers: groups
            .filter(({ id }) => partition.readers.has(id))
            .map((group) => this.readerView(partition, group)),
        };
        shown.set(partition.place, view);
        return view;
      }),
    }));
    return {
      broker: 'kafka',
      nodes: this.nodes.view(),
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
      transactions: this.transactions.view(),
      shares: this.shares.view((client) => this.members.get(client)?.label ?? displayName(client)),
      console: this.console.view(),
      replicas: this.replicas.view(now, this.nodes, this.settings),
      logs: this.logs.view(now, (place) => shown.get(place), this.settings),
      timelines: this.timeline.view(now),
      distribution: this.distribution.view(),
    };
  }

  private readerView(partition: PartitionState, { id, kind, committedOnly }: GroupState): PartitionReader {
    const { owner, committed, position, paused } = partition.readers.get(id)!;
    const { highWatermark, logStart } = partition;
    const readable = committedOnly ? stableOf(partition) : highWatermark;
    if (kind === 'share') {
      const window = this.shares.window(id, partition.place);
      const start = window?.start ?? null;
      const lag = Math.max(0, highWatermark - (start ?? highWatermark));
      return {
        group: id,
        owner: null,
        committed: start,
        position: window?.end ?? null,
        paused,
        readable,
        lag,
      };
    }
    const lag = Math.max(0, highWatermark - (committed ?? position ?? logStart));
    return { group: id, owner, committed, position, paused, readable, lag };
  }

  private groupView(group: GroupState): GroupView {
    const { id, kind, state, generation, since, target, delivered, processed, duplicates } = group;
    let lag = 0;
    for (const partition of this.partitions.values())
      if (partition.readers.has(id)) lag += this.readerView(partition, group).lag;
    return {
      id,
      kind,
      state,
      generation,
      rebalancingSince: since,
      members: [...group.members.values()].map((member): MemberView => {
        const current = member.work.peek();
        return {
          id: member.id,
          label: member.label,
          state: member.state,
          since: member.since,
          places: [...member.places],
          pausedPlaces: member.places.filter(
            (place) => this.partitions.get(place)?.readers.get(id)?.paused ?? false,
          ),
          idle: member.state === 'stable' && group.stable && member.places.length === 0,
          current: current ? { ...current } : null,
          waiting: Math.max(0, member.work.length - 1),
          processed: member.processed,
        };
      }),
      target: target && { ...target },
      lag,
      delivered,
      processed,
      duplicates,
    };
  }

  private createPlaces(
    name: string,
    places: readonly string[],
    replicas?: readonly (readonly string[])[],
  ): void {
    // Internal topics are no part of the picture.
    if (name.startsWith('__')) return;
    let partitions = this.topics.get(name);
    if (!partitions) this.topics.set(name, (partitions = []));
    for (const [i, place] of places.entries()) {
      if (this.partitions.has(place)) continue;
      const partition: PartitionState = {
        place,
        index: partitions.length,
        logStart: 0,
        logEnd: 0,
        highWatermark: 0,
        lastStableOffset: null,
        cells: new Array<CellState | null>(CELLS_MAX).fill(null),
        readers: new Map(),
      };
      partitions.push(partition);
      this.partitions.set(place, partition);
      this.replicas.created(place, replicas?.[i]);
      this.logs.created(place);
      this.distribution.created(name, place);
    }
  }

  private deletePlaces(name: string, places: readonly string[]): void {
    for (const place of places) {
      this.partitions.delete(place);
      this.replicas.deleted(place);
      this.logs.deleted(place);
    }
    this.distribution.deleted(name, places);
    this.topics.delete(name);
  }

  /** The partition that an event is about, where its node speaks for it: what followers do with their copies is theirs. */
  private led({ place, node }: { place: string; node: string }): PartitionState | undefined {
    return this.replicas.leads(place, node) ? this.partitions.get(place) : undefined;
  }

  private elected(event: Event<'leader-elected'>): void {
    const { place, at } = event;
    const partition = this.partitions.get(place);
    const leader = this.replicas.elected(event);
    if (!partition || !leader) return;
    partition.highWatermark = leader.highWatermark;
    if (leader.logEnd < partition.logEnd) {
      // K-61, K-9: what the new leader does not have is gone.
      for (const [i, cell] of partition.cells.entries())
        if (cell && cell.position >= leader.logEnd) partition.cells[i] = null;
      this.logs.cut(place, leader.logEnd, at);
    }
    partition.logEnd = leader.logEnd;
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
    if (group.kind === 'share') this.shares.expect(groupId, id);
    else this.timeline.expect(groupId, id, label);
    const member: MemberState = {
      id,
      label,
      group: groupId,
      memberId: null,
      state: 'waiting',
      since: 0,
      before: 'waiting',
      places: [],
      work: new Ring(),
      processed: 0,
    };
    group.members.set(id, member);
    this.members.set(id, member);
    return member;
  }

  private group(id: string, kind: GroupState['kind'] = 'consumer'): GroupState {
    let group = this.groups.get(id);
    if (!group) {
      group = {
        id,
        kind,
        committedOnly: false,
        target: null,
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
    const producer =
      this.producers.get(id) ?? (role === 'producer' ? this.addProducer(id, displayName(id), '') : undefined);
    if (producer) producer.state = 'running';
    const member = this.members.get(id);
    // Who joins the run later is met when its group's coordinator meets it.
    if (!member) return;
    enter(member, 'joining', at);
    member.memberId = null;
    this.letGo(member);
    const places = this.assign.get(id);
    if (!places) return;
    enter(member, 'stable', at);
    member.places = [...places];
    for (const place of places) this.reader(member.group, place).owner = id;
  }

  private clientStopped(id: string, reason: 'closed' | 'crashed', at: Micros): void {
    this.dropTravels(id);
    const producer = this.producers.get(id);
    if (producer) producer.state = reason;
    const member = this.members.get(id);
    if (!member) return;
    enter(member, reason, at);
    member.work.clear();
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

  private published(event: Event<'published'>): void {
    const { client, key, to } = event;
    const producer = this.producers.get(client) ?? this.addProducer(client, displayName(client), to);
    producer.topic = to;
    producer.published++;
    if (producer.keys.size < KEYS_MAX) producer.keys.add(key);
    this.messages.published(event);
  }

  private appended(event: Event<'appended'>): void {
    const { place, position, message, key } = event;
    const known = this.messages.get(message);
    if (known) {
      known.place = place;
      known.position = position;
    }
    this.replicas.appended(event, known?.client ?? null);
    const partition = this.led(event);
    if (!partition) return;
    partition.logEnd = position + 1;
    // Written over: no cell is known outside of its partition.
    const cell = (partition.cells[position % CELLS_MAX] ??= newCell());
    cell.position = position;
    cell.message = message;
    cell.key = key;
    cell.confirmed = false;
    zero(cell.delivered);
    zero(cell.processed);
    this.transactions.appended(place, known);
    this.distribution.appended(event, known);
    this.logs.appended(event, known, this.transactions.idOf(known), this.settings);
  }

  private markerAppended(event: Event<'marker-appended'>): void {
    this.replicas.markerAppended(event);
    const partition = this.led(event);
    if (!partition) return;
    partition.logEnd = event.position + 1;
    this.logs.markerAppended(event, this.transactions.idOfProducer(event.producer));
  }

  private confirmed({ client, message, place, position, at }: Event<'publish-confirmed'>): void {
    const producer = this.producers.get(client);
    if (producer) producer.confirmed++;
    const known = this.messages.get(message);
    if (place === null) return;
    const told = position ?? known?.position ?? -1;
    const cell = this.cell(place, told);
    if (cell?.message === message) cell.confirmed = true;
    // With acks=0 nobody tells the producer anything (K-30).
    if (position === null) return;
    this.replicas.confirmed(place, position, known, at);
    this.logs.confirmed(place, position, message);
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
    member.work.shift();
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
    member.work.clear();
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
      const known = this.messages.get(message);
      const where = place ?? known?.place ?? null;
      let list = byPlace.get(where);
      if (!list) byPlace.set(where, (list = []));
      if (list.length < TRAVELS_MAX) list.push({ message, key: known?.key ?? null });
      else if (place !== null) break;
    }
    for (const [where, list] of byPlace)
      this.travels.push({ from, to, place: where, messages: list, sentAt: at, arrivesAt });
    if (this.travels.length > TRAVELS_MAX) this.travels = this.travels.slice(-TRAVELS_MAX);
  }

  private dropTravels(id: string): void {
    this.travels = this.travels.filter(({ from, to }) => from !== id && to !== id);
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
        paused: false,
        delivered: new Coverage(),
        processed: new Coverage(),
      };
      partition.readers.set(group, reader);
    }
    return reader;
  }
}

function enter(member: MemberState, state: MemberState['state'], at: Micros): void {
  if (member.state === state) return;
  member.state = state;
  member.since = at;
}

function newCell(): CellState {
  return { position: -1, message: -1, key: null, confirmed: false, delivered: [], processed: [] };
}

function zero(counts: number[]): void {
  for (let i = 0; i < counts.length; i++) counts[i] = 0;
}

/** @param groups how many there are: of those that have come since, nothing was counted */
function countsOf(counts: readonly number[], groups: number): number[] {
  const all: number[] = [];
  for (let i = 0; i < groups; i++) all.push(counts[i] ?? 0);
  return all;
}

function clear(reader: ReaderState): void {
  reader.owner = null;
  reader.position = null;
  reader.paused = false;
}

/** K-3: the high watermark, unless an open transaction begins below it. */
function stableOf({ lastStableOffset, highWatermark }: PartitionState): number {
  return lastStableOffset === null ? highWatermark : Math.min(lastStableOffset, highWatermark);
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
      delivered: countsOf(delivered, groups),
      processed: countsOf(processed, groups),
    });
  }
  return shown;
}
