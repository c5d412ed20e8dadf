/** Share groups: the window of each share partition with the state of its records, and who holds what (K-101 to K-107). */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../../sim/trace.ts';
import {
  HELD_MAX,
  SHARE_CELLS_MAX,
  SHARE_DONE_MAX,
  type ShareGroupView,
  type ShareMemberView,
  type SharePartitionView,
  type ShareRecordView,
} from '../view-types.ts';
import type { Event } from './event.ts';
import type { Messages } from './messages.ts';

interface RecordState {
  readonly position: number;
  readonly message: MessageId | null;
  readonly key: string | null;
  state: ShareRecordView['state'];
  deliveryCount: number;
  holder: string | null;
  since: Micros | null;
  until: Micros | null;
  why: string | null;
}

interface PartitionState {
  readonly place: string;
  start: number;
  end: number;
  /** The window by position, ascending: a record enters it when it is acquired first, and that goes in order. */
  readonly window: Map<number, RecordState>;
  /** The last ones that left it. */
  done: RecordState[];
  available: number;
  acquired: number;
  acknowledged: number;
  archived: number;
}

interface GroupState {
  readonly group: string;
  readonly partitions: Map<string, PartitionState>;
  /** Per member, how many records it holds. */
  readonly holding: Map<string, number>;
}

export class Shares {
  private readonly groups = new Map<string, GroupState>();

  /** A share group, or a member of one, that the scenario names. */
  expect(group: string, client: string): void {
    const { holding } = this.group(group);
    if (!holding.has(client)) holding.set(client, 0);
  }

  on(event: TraceEvent, messages: Messages): void {
    switch (event.kind) {
      case 'acquired':
        this.acquired(event, messages);
        break;
      case 'released':
        this.ended(event.group, event.place, event.position, 'available', event.why);
        break;
      case 'archived':
        this.ended(event.group, event.place, event.position, 'archived', event.why);
        break;
      case 'settled':
        if (event.outcome === 'acked' && event.group !== null) this.accepted(event.group, event);
        break;
    }
  }

  /** Start and end of a group's window, or null where it has none yet. */
  window(group: string, place: string): { start: number; end: number } | null {
    return this.groups.get(group)?.partitions.get(place) ?? null;
  }

  /** @param label what to call a client */
  view(label: (client: string) => string): ShareGroupView[] {
    return [...this.groups.values()].map(({ group, partitions, holding }) => {
      const held = new Map<string, ShareMemberView['held'][number][]>();
      for (const { place, window } of partitions.values()) {
        for (const { position, message, key, state, holder, deliveryCount, until } of window.values()) {
          if (state !== 'acquired' || holder === null) continue;
          let list = held.get(holder);
          if (!list) held.set(holder, (list = []));
          if (list.length < HELD_MAX)
            list.push({ place, position, message, key, deliveryCount, until: until ?? 0 });
        }
      }
      return {
        group,
        partitions: [...partitions.values()].map(viewOf),
        members: [...holding].map(([client, count]) => ({
          client,
          label: label(client),
          holding: count,
          held: held.get(client) ?? [],
        })),
      };
    });
  }

  private acquired(event: Event<'acquired'>, messages: Messages): void {
    const { group: id, client, place, position, message, deliveryCount, until, at } = event;
    const group = this.group(id);
    let partition = group.partitions.get(place);
    if (!partition) {
      partition = {
        place,
        start: position,
        end: position,
        window: new Map(),
        done: [],
        available: 0,
        acquired: 0,
        acknowledged: 0,
        archived: 0,
      };
      group.partitions.set(place, partition);
    }
    let record = partition.window.get(position);
    if (record) leave(group, partition, record);
    else {
      const key = message === null ? null : (messages.get(message)?.key ?? null);
      record = {
        position,
        message,
        key,
        state: 'acquired',
        deliveryCount,
        holder: null,
        since: null,
        until: null,
        why: null,
      };
      partition.window.set(position, record);
      partition.end = Math.max(partition.end, position + 1);
    }
    record.state = 'acquired';
    record.deliveryCount = deliveryCount;
    record.holder = client;
    record.since = at;
    record.until = until;
    record.why = null;
    partition.acquired++;
    group.holding.set(client, (group.holding.get(client) ?? 0) + 1);
  }

  private accepted(id: string, { client, place, position }: Event<'settled'>): void {
    const record = this.groups.get(id)?.partitions.get(place)?.window.get(position);
    // Too late where the lock has run out: the record is free, or someone else's (K-103).
    if (record?.state === 'acquired' && record.holder === client)
      this.ended(id, place, position, 'acknowledged', null);
  }

  private ended(
    id: string,
    place: string,
    position: number,
    state: 'available' | 'acknowledged' | 'archived',
    why: string | null,
  ): void {
    const group = this.groups.get(id);
    const partition = group?.partitions.get(place);
    const record = partition?.window.get(position);
    if (!group || !partition || !record) return;
    leave(group, partition, record);
    record.state = state;
    record.holder = null;
    record.since = null;
    record.until = null;
    record.why = why;
    partition[state]++;
    if (state !== 'available') advance(partition);
  }

  private group(id: string): GroupState {
    let group = this.groups.get(id);
    if (!group) {
      group = { group: id, partitions: new Map(), holding: new Map() };
      this.groups.set(id, group);
    }
    return group;
  }
}

/** Takes a record out of the counts of the state that it is in. */
function leave(group: GroupState, partition: PartitionState, record: RecordState): void {
  partition[record.state]--;
  if (record.holder !== null) group.holding.set(record.holder, (group.holding.get(record.holder) ?? 1) - 1);
}

/** K-105: the start moves over records that are done. */
function advance(partition: PartitionState): void {
  const { window } = partition;
  partition.start = partition.end;
  for (const record of window.values()) {
    if (record.state === 'available' || record.state === 'acquired') {
      partition.start = record.position;
      break;
    }
    window.delete(record.position);
    partition.done.push(record);
  }
  if (partition.done.length > SHARE_DONE_MAX) partition.done = partition.done.slice(-SHARE_DONE_MAX);
}

function viewOf(partition: PartitionState): SharePartitionView {
  const { place, start, end, window, done, available, acquired, acknowledged, archived } = partition;
  const records: ShareRecordView[] = done.map((record) => ({ ...record }));
  for (const record of window.values()) {
    if (records.length >= done.length + SHARE_CELLS_MAX) break;
    records.push({ ...record });
  }
  return {
    place,
    start,
    end,
    counts: { available, acquired, done: window.size - available - acquired },
    acknowledged,
    archived,
    records,
  };
}
