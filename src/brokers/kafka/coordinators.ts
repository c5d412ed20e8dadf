/**
 * The coordinators of one broker: a shard for each partition of an internal topic that it leads (K-43, K-75). What a
 * shard writes is appended to its partition, and what it answers or asks meanwhile waits until that is replicated; when the
 * broker stops leading, the shard is gone and those who still wait are told to look elsewhere.
 */
import { assert } from '../../sim/errors.ts';
import type { Micros } from '../../sim/time.ts';
import type { Emission, EventBody } from '../../sim/trace.ts';
import type { CoordinatorRecord } from './batch.ts';
import type { BrokerContext, BrokerEffects } from './broker-effects.ts';
import { splitPlace, type ClusterImage } from './cluster-image.ts';
import {
  OFFSETS_TOPIC,
  TRANSACTIONS_TOPIC,
  type CoordinatorShard,
  type ShardContext,
  type ShardEffects,
} from './coordinator-shard.ts';
import { GroupShard } from './groups/group-shard.ts';
import type { ErrorCode, GroupDescription, Reply, Request } from './protocol.ts';
import type { Replica } from './replica.ts';
import type { Replicas } from './replicas.ts';
import { TransactionShard } from './transactions.ts';

interface HeldReply {
  readonly to: string;
  readonly correlation: number;
  readonly reply: Reply;
}

/** A request of a shard's own that goes out once what it wrote is replicated. */
interface HeldRequest {
  readonly to: string;
  readonly request: Request;
  readonly context: CoordinatorContext;
}

interface Held {
  readonly requiredOffset: number;
  readonly replies: readonly HeldReply[];
  readonly requests: readonly HeldRequest[];
}

interface Hosted {
  readonly place: string;
  readonly shard: CoordinatorShard;
  /** Counts the shards made here: timers and answers of an earlier one are void. */
  readonly life: number;
  /** What waits until the partition is replicated so far, in order. */
  held: Held[];
}

/** What comes back to {@link Coordinators.answered}. */
export interface CoordinatorContext {
  readonly kind: 'shard';
  readonly place: string;
  readonly life: number;
  readonly context: unknown;
}

export class Coordinators {
  private readonly context: BrokerContext;
  private readonly replicas: Replicas;
  private hosted = new Map<string, Hosted>();
  private lives = 0;
  /** Whether a shard is being made anew because its partition took nothing. */
  private reloading = false;

  constructor(context: BrokerContext, replicas: Replicas) {
    this.context = context;
    this.replicas = replicas;
  }

  crash(): void {
    this.hosted.clear();
  }

  /** The broker leads an internal partition now: its shard is made from what is in the log. */
  ledHere(replica: Replica, now: Micros, fx: BrokerEffects): void {
    this.ledElsewhere(replica.place, fx);
    this.load(replica, now, fx);
  }

  private load(replica: Replica, now: Micros, fx: BrokerEffects): void {
    const { place } = replica;
    const { topic } = splitPlace(place);
    assert(topic === OFFSETS_TOPIC || topic === TRANSACTIONS_TOPIC, `nobody coordinates ${place}`);
    const { node, config, random } = this.context;
    const context: ShardContext = { node, place, config, random };
    const shard = topic === OFFSETS_TOPIC ? new GroupShard(context) : new TransactionShard(context);
    for (const { key, value } of replica.log.coordinatorRecords()) shard.replay(key, value);
    const hosted: Hosted = { place, shard, life: this.lives++, held: [] };
    this.hosted.set(place, hosted);
    this.within(hosted, now, fx, (effects) => shard.loaded(now, effects));
  }

  ledElsewhere(place: string, fx: BrokerEffects): void {
    const hosted = this.hosted.get(place);
    if (!hosted) return;
    this.hosted.delete(place);
    hosted.shard.unloaded?.(fx);
    for (const { replies } of hosted.held) {
      for (const { to, correlation, reply } of replies) {
        assert('error' in reply, `a reply to ${reply.api} has no error`);
        fx.reply(to, correlation, { ...reply, error: 'NOT_COORDINATOR' });
      }
    }
  }

  /** What was written is replicated: those who waited for it are answered. */
  highWatermarkAdvanced(replica: Replica, fx: BrokerEffects): void {
    const hosted = this.hosted.get(replica.place);
    if (!hosted) return;
    const { highWatermark } = replica.log;
    while (hosted.held.length > 0 && hosted.held[0]!.requiredOffset <= highWatermark)
      letGo(hosted.held.shift()!, fx);
  }

  imageChanged(now: Micros, fx: BrokerEffects): void {
    for (const hosted of this.hosted.values())
      this.within(hosted, now, fx, (effects) => hosted.shard.imageChanged(now, effects));
  }

  /** @returns false when this broker does not coordinate there */
  handle(
    place: string,
    request: Request,
    from: string,
    correlation: number,
    now: Micros,
    fx: BrokerEffects,
  ): boolean {
    const hosted = this.hosted.get(place);
    if (!hosted) return false;
    this.within(hosted, now, fx, (effects) => hosted.shard.handle(request, from, correlation, now, effects));
    return true;
  }

  timer(data: unknown, now: Micros, fx: BrokerEffects): void {
    const {
      place,
      life,
      timer,
      data: own,
    } = data as {
      place: string;
      life: number;
      timer: string;
      data: unknown;
    };
    const hosted = this.hosted.get(place);
    if (hosted?.life !== life) return;
    this.within(hosted, now, fx, (effects) => hosted.shard.timer(timer, own, now, effects));
  }

  answered(
    { place, life, context }: CoordinatorContext,
    reply: Reply | null,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    const hosted = this.hosted.get(place);
    if (hosted?.life !== life) return;
    this.within(hosted, now, fx, (effects) => hosted.shard.answered(context, reply, now, effects));
  }

  /** Every group that this broker coordinates. */
  groups(): Pick<GroupDescription, 'group' | 'type' | 'state'>[] {
    return [...this.hosted.values()].flatMap(({ shard }) =>
      shard instanceof GroupShard ? [...shard.list()] : [],
    );
  }

  /** Runs one call of a shard: what it writes goes to the log as one batch, and its replies wait for that. */
  private within(
    hosted: Hosted,
    now: Micros,
    fx: BrokerEffects,
    call: (effects: ShardEffects) => void,
  ): void {
    const effects = new Collected(hosted, this.context, this.replicas, fx);
    call(effects);
    const { records, replies, requests, events } = effects;
    // What is undone has not happened: nothing is told of it.
    if (records.length === 0 || effects.takesWrites()) for (const event of events) fx.trace(event);
    if (records.length === 0) {
      // What reads must not tell of what is not replicated yet: it waits for the last write (CoordinatorRuntime).
      const last = hosted.held.at(-1);
      if (!last) letGo(effects, fx);
      else if (replies.length > 0 || requests.length > 0)
        hosted.held.push({ requiredOffset: last.requiredOffset, replies, requests });
      return;
    }
    const replica = this.replicas.led(hosted.place);
    assert(replica, `${hosted.place} is coordinated where it is not led`);
    const { error, requiredOffset } = this.replicas.appendCoordinator(replica, records, now, fx);
    if (error !== 'NONE') {
      this.fail(replies, error, replica, now, fx);
      return;
    }
    if (requiredOffset <= replica.log.highWatermark) letGo(effects, fx);
    else if (replies.length > 0 || requests.length > 0)
      hosted.held.push({ requiredOffset, replies, requests });
  }

  /** Its partition takes nothing: what the shard did is undone, by making it anew from what is there. */
  private fail(
    replies: readonly HeldReply[],
    error: ErrorCode,
    replica: Replica,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    assert(error === 'NOT_ENOUGH_REPLICAS', `a coordinator's write failed with ${error}`);
    for (const { to, correlation, reply } of replies) {
      assert('error' in reply, `a reply to ${reply.api} has no error`);
      fx.reply(to, correlation, { ...reply, error: 'COORDINATOR_NOT_AVAILABLE' });
    }
    if (this.reloading) return;
    this.reloading = true;
    this.hosted.get(replica.place)?.shard.unloaded?.(fx);
    this.load(replica, now, fx);
    this.reloading = false;
  }
}

function letGo({ replies, requests }: Pick<Held, 'replies' | 'requests'>, fx: BrokerEffects): void {
  for (const { to, correlation, reply } of replies) fx.reply(to, correlation, reply);
  for (const { to, request, context } of requests) fx.request(to, request, context);
}

/** The effects of one call of a shard, collected. */
class Collected implements ShardEffects {
  readonly records: CoordinatorRecord[] = [];
  readonly replies: HeldReply[] = [];
  readonly requests: HeldRequest[] = [];
  readonly events: EventBody[] = [];
  private readonly hosted: Hosted;
  private readonly context: BrokerContext;
  private readonly replicas: Replicas;
  private readonly fx: BrokerEffects;

  constructor(hosted: Hosted, context: BrokerContext, replicas: Replicas, fx: BrokerEffects) {
    this.hosted = hosted;
    this.context = context;
    this.replicas = replicas;
    this.fx = fx;
  }

  reply(to: string, correlation: number, reply: Reply): void {
    this.replies.push({ to, correlation, reply });
  }

  timer(delay: Micros, timer: string, data: unknown): void {
    const { place, life } = this.hosted;
    this.fx.timer(delay, 'shard', { place, life, timer, data });
  }

  trace(event: Emission): void {
    this.events.push(event);
  }

  write(key: string, value: object | null): void {
    this.records.push({ key, value });
  }

  takesWrites(): boolean {
    return this.replicas.led(this.hosted.place)?.underMinIsr === false;
  }

  request(to: string, request: Request, context: unknown): void {
    const { place, life } = this.hosted;
    this.requests.push({ to, request, context: { kind: 'shard', place, life, context } });
  }

  image(): ClusterImage {
    return this.context.image;
  }
}
