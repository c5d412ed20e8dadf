/**
 * The groups of the classic protocol as their coordinator keeps them: what is written of them and read again from the log,
 * the sessions of their members, and what is told of them.
 */
import { assert } from '../../../sim/errors.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { ShardEffects } from '../coordinator-shard.ts';
import {
  fromRecord,
  toRecord,
  type ClassicGroupRecord,
  type Group,
  type GroupState,
  type Member,
} from './classic-group.ts';
import { recordKey } from './parts.ts';

const GROUPS_MAX = 1000;

export class ClassicStore {
  groups = new Map<string, Group>();

  replay(id: string, value: ClassicGroupRecord | null): void {
    if (!value) {
      this.groups.delete(id);
      return;
    }
    const { generation, protocol, leader, since, members } = value;
    const group = this.group(id, since);
    group.generation = generation;
    group.protocol = protocol;
    group.leader = leader;
    group.since = since;
    group.membership = true;
    group.members = new Map(members.map((member) => [member.id, fromRecord(member)]));
    group.instances = new Map(
      members.flatMap(({ instanceId, id: memberId }) =>
        instanceId === null ? [] : [[instanceId, memberId]],
      ),
    );
    group.state = members.length === 0 ? 'Empty' : 'Stable';
  }

  /** Members get a whole session to be heard of. */
  loaded(now: Micros, fx: ShardEffects): void {
    for (const group of this.groups.values()) {
      for (const member of group.members.values()) this.touch(group, member, now, fx);
      if (group.generation > 0) this.tell(group, 'the coordinator loaded the group from its log', fx);
    }
  }

  /** The member was heard of: its session begins anew (K-74). */
  touch(group: Group, member: Member, now: Micros, fx: ShardEffects): void {
    member.deadline = now + fromMs(member.sessionTimeoutMs);
    if (!member.timed) this.time(group, member, now, fx);
  }

  time(group: Group, member: Member, now: Micros, fx: ShardEffects): void {
    member.timed = true;
    fx.timer(member.deadline - now, 'session', { group: group.id, member: member.id, phase: 0 });
  }

  enter(group: Group, state: GroupState, why: string, now: Micros, fx: ShardEffects): void {
    group.state = state;
    group.since = now;
    group.phase++;
    this.tell(group, why, fx);
  }

  tell(group: Group, why: string, fx: ShardEffects): void {
    fx.trace({
      kind: 'group-state-changed',
      group: group.id,
      state: group.state,
      stable: group.state === 'Stable' || group.state === 'Empty',
      generation: group.generation,
      members: [...group.members.values()].map(({ client }) => client),
      why,
    });
  }

  tellJoined(group: Group, member: Member, fx: ShardEffects): void {
    fx.trace({
      kind: 'member-joined',
      group: group.id,
      client: member.client,
      member: member.id,
      sessionTimeout: fromMs(member.sessionTimeoutMs),
    });
  }

  write(group: Group, fx: ShardEffects): void {
    fx.write(recordKey('classic-group', group.id), toRecord(group));
  }

  forget(id: string, fx: ShardEffects): void {
    const { membership } = this.existing(id);
    this.groups.delete(id);
    // One that only held offsets was never written.
    if (membership) fx.write(recordKey('classic-group', id), null);
  }

  existing(id: string): Group {
    const group = this.groups.get(id);
    assert(group, `there is no classic group ${id}`);
    return group;
  }

  group(id: string, now: Micros): Group {
    let group = this.groups.get(id);
    if (!group) {
      assert(this.groups.size < GROUPS_MAX, `more than ${GROUPS_MAX} groups`);
      group = {
        id,
        state: 'Empty',
        generation: 0,
        protocol: '',
        leader: null,
        members: new Map(),
        pending: new Set(),
        instances: new Map(),
        phase: 0,
        initialDelay: null,
        unsynced: new Set(),
        membership: false,
        since: now,
      };
      this.groups.set(id, group);
    }
    return group;
  }
}
