/**
 * The group coordinator of one partition of `__consumer_offsets` (K-75): which groups belong there, what kind each is
 * (classic, consumer, share), and the offsets that they have committed. A group's kind is decided by who comes first, and
 * changes only while it is empty, or between the two protocols of consumers (K-91).
 */
import { assert } from '../../../sim/errors.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import { splitPlace } from '../cluster-image.ts';
import type { CoordinatorShard, ShardContext, ShardEffects } from '../coordinator-shard.ts';
import type {
  ConsumerGroupHeartbeatRequest,
  ErrorCode,
  GroupDescription,
  GroupRequest,
  JoinGroupRequest,
  OffsetCommitRequest,
  Reply,
  Request,
  SyncGroupRequest,
  TxnOffsetCommitRequest,
} from '../protocol.ts';
import { ClassicGroups } from './classic.ts';
import type { ClassicGroupRecord } from './classic-group.ts';
import { ConsumerGroups } from './consumer.ts';
import type { ConsumerGroupRecord, ConsumerMemberRecord } from './consumer-group.ts';
import { GroupOffsets } from './offsets.ts';
import { joinError, parseKey, syncError, type Parked } from './parts.ts';
import type { CurrentAssignment } from './reconciliation.ts';
import { ShareGroups, type ShareGroupRecord, type ShareStateRecord } from './share-membership.ts';

export class GroupShard implements CoordinatorShard {
  private readonly context: ShardContext;
  private readonly classic: ClassicGroups;
  private readonly consumers: ConsumerGroups;
  private readonly shares: ShareGroups;
  private readonly offsets = new GroupOffsets();
  /** Topics that were there when it last looked. */
  private topics = new Set<string>();

  constructor(context: ShardContext) {
    this.context = context;
    this.classic = new ClassicGroups(context);
    this.consumers = new ConsumerGroups(context, this.classic);
    this.shares = new ShareGroups(context);
  }

  handle(request: Request, from: string, correlation: number, now: Micros, fx: ShardEffects): void {
    const parked = { from, correlation };
    const api = (request as GroupRequest).api;
    const answer = (reply: Reply): void => fx.reply(from, correlation, reply);
    switch (request.api) {
      case 'JoinGroup':
        this.join(request, parked, now, fx);
        break;
      case 'SyncGroup':
        this.sync(request, parked, now, fx);
        break;
      case 'Heartbeat':
        answer({ api: 'Heartbeat', error: this.classicHeartbeat(request, now, fx) });
        break;
      case 'LeaveGroup': {
        const error = this.classic.has(request.group)
          ? this.classic.leave(request, now, fx)
          : this.consumers.has(request.group)
            ? this.consumers.classicMembers.leave(request, fx)
            : 'UNKNOWN_MEMBER_ID';
        answer({ api: 'LeaveGroup', error });
        break;
      }
      case 'ConsumerGroupHeartbeat':
        answer(this.consumerHeartbeat(request, from, now, fx));
        break;
      case 'ShareGroupHeartbeat':
        answer(
          this.classic.has(request.group) || this.consumers.has(request.group)
            ? heartbeatError('ShareGroupHeartbeat', 'GROUP_ID_NOT_FOUND')
            : this.shares.heartbeat(request, from, now, fx),
        );
        break;
      case 'OffsetCommit':
        answer({ api: 'OffsetCommit', error: this.commit(request, now, fx) });
        break;
      case 'OffsetFetch':
        answer({
          api: 'OffsetFetch',
          ...this.offsets.fetch(request.group, request.places, request.requireStable),
        });
        break;
      case 'TxnOffsetCommit':
        answer({ api: 'TxnOffsetCommit', error: this.commitPending(request, now, fx) });
        break;
      case 'CompleteTxnOffsets': {
        const { group, producerId, producerEpoch, outcome } = request;
        this.offsets.complete(group, producerId, producerEpoch, outcome, fx);
        answer({ api: 'CompleteTxnOffsets', error: 'NONE' });
        break;
      }
      case 'DescribeGroup': {
        const description = this.partOf(request.group)?.describe(request.group) ?? null;
        answer({ api: 'DescribeGroup', error: description ? 'NONE' : 'GROUP_ID_NOT_FOUND', description });
        break;
      }
      case 'DeleteGroup':
        answer({ api: 'DeleteGroup', error: this.deleteGroup(request.group, fx) });
        break;
      case 'OffsetDelete':
        answer({ api: 'OffsetDelete', error: this.deleteOffsets(request.group, request.places, fx) });
        break;
      case 'ReadShareState':
        answer(this.shares.readState(request, fx));
        break;
      case 'WriteShareState':
        answer(this.shares.writeState(request, fx));
        break;
      default:
        assert(false, `a group coordinator was asked for ${api}`);
    }
  }

  timer(timer: string, data: unknown, now: Micros, fx: ShardEffects): void {
    if (timer === 'expiration') this.expire(now, fx);
    else if (timer === 'share-session') this.shares.timer(data, now, fx);
    else if (timer.startsWith('consumer-')) this.consumers.timer(timer, data, now, fx);
    else this.classic.timer(timer, data, now, fx);
  }

  /** It asks nothing of anybody. */
  answered(): void {
    assert(false, 'a group coordinator has sent no request');
  }

  replay(text: string, value: object | null): void {
    const key = parseKey(text);
    const { kind, group, of } = key;
    switch (kind) {
      case 'classic-group':
        this.classic.store.replay(group, value as ClassicGroupRecord | null);
        break;
      case 'consumer-group':
        this.consumers.store.replayGroup(group, value as ConsumerGroupRecord | null);
        break;
      case 'consumer-member':
        this.consumers.store.replayMember(group, of, value as ConsumerMemberRecord | null);
        break;
      case 'consumer-target':
        this.consumers.store.replayTarget(group, of, value as { places: readonly string[] } | null);
        break;
      case 'consumer-current':
        this.consumers.store.replayCurrent(group, of, value as CurrentAssignment | null);
        break;
      case 'share-group':
        this.shares.replayGroup(group, value as ShareGroupRecord | null);
        break;
      case 'share-state':
        this.shares.replayState(group, of, value as ShareStateRecord | null);
        break;
      case 'offset':
      case 'pending-offset':
      case 'producer-epoch':
        this.offsets.replay(key, value);
        break;
    }
  }

  loaded(now: Micros, fx: ShardEffects): void {
    // Groups that only hold offsets are not written themselves.
    for (const group of this.offsets.ids()) if (!this.partOf(group)) this.classic.ensure(group, now);
    this.classic.store.loaded(now, fx);
    this.consumers.store.loaded(now, fx);
    this.shares.loaded(now, fx);
    this.topics = new Set(fx.image().topics.keys());
    this.armExpiration(fx);
  }

  unloaded(fx: Pick<ShardEffects, 'reply'>): void {
    this.classic.unloaded(fx);
  }

  imageChanged(_now: Micros, fx: ShardEffects): void {
    const { topics } = fx.image();
    for (const topic of this.topics) {
      if (topics.has(topic)) continue;
      this.offsets.topicDeleted(topic, fx);
      this.shares.topicDeleted(topic, fx);
    }
    this.topics = new Set(topics.keys());
    this.consumers.imageChanged();
    this.shares.imageChanged();
  }

  /** What ListGroups says of the groups of this partition. */
  list(): readonly Pick<GroupDescription, 'group' | 'type' | 'state'>[] {
    return this.ids().map((group) => {
      const type = this.classic.has(group) ? 'Classic' : this.consumers.has(group) ? 'Consumer' : 'Share';
      return { group, type, state: this.partOf(group)!.state(group) };
    });
  }

  private ids(): string[] {
    return [...this.classic.ids(), ...this.consumers.ids(), ...this.shares.ids()].toSorted();
  }

  private partOf(group: string): ClassicGroups | ConsumerGroups | ShareGroups | null {
    if (this.classic.has(group)) return this.classic;
    if (this.consumers.has(group)) return this.consumers;
    return this.shares.has(group) ? this.shares : null;
  }

  // The protocols.

  private join(request: JoinGroupRequest, parked: Parked, now: Micros, fx: ShardEffects): void {
    const { group, memberId } = request;
    const refuse = (error: ErrorCode): void =>
      fx.reply(parked.from, parked.correlation, joinError(error, memberId));
    if (!this.classic.allows(request.sessionTimeoutMs)) refuse('INVALID_SESSION_TIMEOUT');
    else if (this.shares.has(group)) refuse('INCONSISTENT_GROUP_PROTOCOL');
    else if (this.consumers.has(group) && !this.consumers.isEmpty(group))
      this.consumers.classicMembers.join(request, parked, now, fx);
    else {
      // An empty group is of the kind of whoever comes next.
      if (this.consumers.has(group) && memberId === '') this.consumers.delete(group, fx);
      this.classic.join(request, parked, now, fx);
    }
  }

  private sync(request: SyncGroupRequest, parked: Parked, now: Micros, fx: ShardEffects): void {
    if (this.classic.has(request.group)) {
      this.classic.sync(request, parked, now, fx);
      return;
    }
    const reply = this.consumers.has(request.group)
      ? this.consumers.classicMembers.sync(request, now, fx)
      : syncError('UNKNOWN_MEMBER_ID');
    fx.reply(parked.from, parked.correlation, reply);
  }

  private classicHeartbeat(
    request: Extract<GroupRequest, { api: 'Heartbeat' }>,
    now: Micros,
    fx: ShardEffects,
  ): ErrorCode {
    if (this.classic.has(request.group)) return this.classic.heartbeat(request, now, fx);
    if (this.consumers.has(request.group)) return this.consumers.classicMembers.heartbeat(request, now, fx);
    return 'UNKNOWN_MEMBER_ID';
  }

  private consumerHeartbeat(
    request: ConsumerGroupHeartbeatRequest,
    from: string,
    now: Micros,
    fx: ShardEffects,
  ): Reply {
    const { group, memberEpoch } = request;
    const refusal = this.consumers.refusal(request);
    if (refusal) return heartbeatError('ConsumerGroupHeartbeat', refusal);
    if (this.shares.has(group) || (this.classic.has(group) && memberEpoch !== 0))
      return heartbeatError('ConsumerGroupHeartbeat', 'GROUP_ID_NOT_FOUND');
    if (this.classic.has(group)) {
      if (this.classic.isEmpty(group)) this.classic.delete(group, fx);
      else this.consumers.classicMembers.takeOver(group, this.classic.takeAway(group, fx), now, fx);
    }
    return this.consumers.heartbeat(request, from, now, fx);
  }

  // Offsets.

  private commit(request: OffsetCommitRequest, now: Micros, fx: ShardEffects): ErrorCode {
    const { group, generation, offsets } = request;
    if (!this.partOf(group) && generation >= 0) return 'GROUP_ID_NOT_FOUND';
    const error = this.mayCommit(request, false, now, fx);
    if (error === 'NONE') this.offsets.commit(group, offsets, now, fx);
    return error;
  }

  private commitPending(request: TxnOffsetCommitRequest, now: Micros, fx: ShardEffects): ErrorCode {
    const { group, generation, producerId, producerEpoch, offsets } = request;
    if (!this.partOf(group) && generation >= 0) return 'ILLEGAL_GENERATION';
    const error = this.mayCommit(request, true, now, fx);
    if (error !== 'NONE') return error;
    return this.offsets.commitPending(group, producerId, producerEpoch, offsets, now, fx);
  }

  private mayCommit(
    request: OffsetCommitRequest | TxnOffsetCommitRequest,
    transactional: boolean,
    now: Micros,
    fx: ShardEffects,
  ): ErrorCode {
    const { group } = request;
    if (this.consumers.has(group)) return this.consumers.mayCommit(request, transactional);
    if (this.shares.has(group)) return 'GROUP_ID_NOT_FOUND';
    if (!this.classic.has(group)) this.classic.ensure(group, now);
    return this.classic.mayCommit(request, transactional, now, fx);
  }

  private deleteGroup(group: string, fx: ShardEffects): ErrorCode {
    const part = this.partOf(group);
    if (!part) return 'GROUP_ID_NOT_FOUND';
    if (!part.isEmpty(group)) return 'NON_EMPTY_GROUP';
    this.offsets.deleteAll(group, fx);
    part.delete(group, fx);
    return 'NONE';
  }

  /** @returns GROUP_SUBSCRIBED_TO_TOPIC when members read one of the topics; the offsets of the others are gone */
  private deleteOffsets(group: string, places: readonly string[], fx: ShardEffects): ErrorCode {
    const part = this.partOf(group);
    if (!part) return 'GROUP_ID_NOT_FOUND';
    const free = places.filter((place) => !part.subscribes(group, splitPlace(place).topic));
    this.offsets.delete(group, free, fx);
    return free.length < places.length ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE';
  }

  /** K-20: drops offsets that have been kept long enough, and empty groups that have none; share groups stay. */
  private expire(now: Micros, fx: ShardEffects): void {
    const retentionMs = this.context.config['offsets.retention.minutes'] * 60_000;
    for (const group of this.ids()) {
      const part = this.partOf(group)!;
      if (part === this.shares) continue;
      const empty = this.offsets.expire(
        group,
        retentionMs,
        (topic) => part.subscribes(group, topic),
        (committedAt) =>
          part === this.classic ? this.classic.retainedFrom(group, committedAt) : committedAt,
        now,
        fx,
      );
      if (empty && part.isEmpty(group)) part.delete(group, fx);
    }
    this.armExpiration(fx);
  }

  private armExpiration(fx: ShardEffects): void {
    fx.timer(fromMs(this.context.config['offsets.retention.check.interval.ms']), 'expiration', null);
  }
}

function heartbeatError(api: 'ConsumerGroupHeartbeat' | 'ShareGroupHeartbeat', error: ErrorCode): Reply {
  return { api, error, memberEpoch: -1, heartbeatIntervalMs: 0, assignment: null };
}
