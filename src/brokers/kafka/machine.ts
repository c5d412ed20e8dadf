/**
 * A broker as a state machine: `apply(command, now, effects)`. It stands on its replicas (replicas.ts), is coordinator of
 * groups and transactions (coordinators.ts), serves share groups (share/), and keeps itself registered with the
 * controller (K-65). Requests of an administrator come the same way as a client's.
 */
import { assert } from '../../sim/errors.ts';
import type { Random } from '../../sim/random.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Emission } from '../../sim/trace.ts';
import type { StateMachine } from '../broker.ts';
import type { BrokerContext, BrokerEffects } from './broker-effects.ts';
import { EMPTY_IMAGE, partitionOf, type ClusterImage } from './cluster-image.ts';
import { CONTROLLER, effectiveConfig, type KafkaBrokerConfig } from './config.ts';
import { Coordinators, type CoordinatorContext } from './coordinators.ts';
import { groupPlace, transactionPlace } from './coordinator-shard.ts';
import type { PartitionLog } from './log.ts';
import type {
  ControllerRequest,
  ErrorCode,
  ProduceRequest,
  Reply,
  ReplyTo,
  Request,
  TopicMetadata,
} from './protocol.ts';
import { Replicas, type ReplicaContext, type ReplicaListener } from './replicas.ts';
import type { Replica } from './replica.ts';
import { ShareManager, type ShareEffects } from './share/share-manager.ts';

export type Command =
  | {
      readonly type: 'request';
      readonly from: string;
      readonly correlation: number;
      readonly request: Request;
    }
  | { readonly type: 'image'; readonly image: ClusterImage }
  /** The end of a request of its own; null when the answer never came. */
  | { readonly type: 'answered'; readonly context: unknown; readonly reply: Reply | null }
  | { readonly type: 'timer'; readonly timer: string; readonly data: unknown }
  /** A peer's connection is gone: nobody waits for what it had parked. */
  | { readonly type: 'disconnected'; readonly peer: string }
  /** The process begins in a cluster that has been formed already. */
  | { readonly type: 'formed'; readonly image: ClusterImage }
  /** The process died: memory is gone, disk and page cache stay (K-66). */
  | { readonly type: 'crashed' }
  | { readonly type: 'restarted'; readonly incarnation: number }
  /** K-65: it is to stop in good order. */
  | { readonly type: 'shut-down' };

/** K-65: `starting` until it is registered and unfenced; it serves nobody before. */
type State = 'starting' | 'running' | 'shutting-down' | 'stopped';

type Context =
  | { readonly kind: 'register'; readonly attempt: number }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'forward'; readonly to: string; readonly correlation: number }
  | { readonly kind: 'producer-ids' }
  | { readonly kind: 'internal-partition' }
  | {
      readonly kind: 'add-to-transaction';
      readonly from: string;
      readonly correlation: number;
      readonly request: ProduceRequest;
      readonly places: readonly string[];
    }
  | { readonly kind: 'share'; readonly context: unknown }
  | ReplicaContext
  | CoordinatorContext;

/** K-52. */
const HIGH_WATERMARK_CHECKPOINT_MS = 5000;
/** Registration is tried again after this, doubling (BrokerLifecycleManager). */
const REGISTRATION_BACKOFF_MS = 100;

interface PendingProduce {
  readonly correlation: number;
  readonly request: ProduceRequest;
}

export class BrokerMachine implements StateMachine<Command, Reply, BrokerEffects>, ReplicaListener {
  private readonly context: BrokerContext;
  private readonly replicas: Replicas;
  private readonly coordinators: Coordinators;
  private readonly share: ShareManager;
  private state: State = 'starting';
  private incarnation = 1;
  /** Whether the last life ended in good order. */
  private cleanShutdown = false;
  private producerIds: { next: number; end: number } = { next: 0, end: 0 };
  /** Who waits for a producer id while a block of them is asked for. */
  private wantProducerId: { readonly from: string; readonly correlation: number }[] = [];
  /**
   * Produce requests of a client that came while an earlier one is unanswered, in order: a broker reads the next request
   * of a connection when it has answered the last (SocketServer mutes the channel). An entry means one is under way.
   */
  private producing = new Map<string, PendingProduce[]>();
  private readonly outward = new Outward();
  private readonly shareEffects: WithShare;

  constructor(node: string, config: KafkaBrokerConfig, random: Random) {
    this.context = { node, config, random, image: EMPTY_IMAGE, brokerEpoch: 0 };
    this.replicas = new Replicas(this.context, this);
    this.coordinators = new Coordinators(this.context, this.replicas);
    this.share = new ShareManager({ node, config });
    this.shareEffects = new WithShare(this.outward, this.context, this.replicas);
  }

  /** Whether it has stopped in good order, so that its process may end. */
  get stopped(): boolean {
    return this.state === 'stopped';
  }

  apply(command: Command, now: Micros, effects: BrokerEffects): void {
    const { outward } = this;
    outward.target = effects;
    this.take(command, now, outward);
    for (let client = outward.answered.shift(); client !== undefined; client = outward.answered.shift())
      this.produceAnswered(client, now, outward);
  }

  private take(command: Command, now: Micros, fx: BrokerEffects): void {
    switch (command.type) {
      case 'request':
        if (this.state === 'starting' || this.state === 'stopped') fx.disconnect(command.from);
        else this.request(command.request, command.from, command.correlation, now, fx);
        break;
      case 'image':
        this.imageChanged(command.image, now, fx);
        break;
      case 'answered':
        this.answered(command.context as Context, command.reply, now, fx);
        break;
      case 'timer':
        this.timer(command.timer, command.data, now, fx);
        break;
      case 'disconnected':
        this.replicas.disconnected(command.peer);
        this.producing.delete(command.peer);
        this.share.disconnected(command.peer, now, this.shareEffects);
        break;
      case 'formed':
        this.state = 'running';
        this.startTimers(fx);
        this.imageChanged(command.image, now, fx);
        this.heartbeat(fx);
        break;
      case 'crashed':
        this.crash();
        break;
      case 'restarted':
        this.cleanShutdown = this.state === 'stopped';
        this.crash();
        this.state = 'starting';
        this.incarnation = command.incarnation;
        this.startTimers(fx);
        this.register(1, fx);
        break;
      case 'shut-down':
        if (this.state === 'running') this.state = 'shutting-down';
        this.heartbeat(fx);
        break;
    }
  }

  // ReplicaListener.

  ledHere(replica: Replica, now: Micros, fx: BrokerEffects): void {
    if (replica.internal) this.coordinators.ledHere(replica, now, fx);
  }

  ledElsewhere(place: string, _now: Micros, fx: BrokerEffects): void {
    this.coordinators.ledElsewhere(place, fx);
    this.share.stopLeading(place);
  }

  highWatermarkAdvanced(replica: Replica, now: Micros, fx: BrokerEffects): void {
    if (replica.internal) this.coordinators.highWatermarkAdvanced(replica, fx);
    else this.share.highWatermarkAdvanced(replica.place, now, this.shareEffects);
  }

  logStartAdvanced(replica: Replica, now: Micros): void {
    this.share.logStartAdvanced(replica.place, replica.log.logStart, now, this.shareEffects);
  }

  // Requests.

  private request(request: Request, from: string, correlation: number, now: Micros, fx: BrokerEffects): void {
    switch (request.api) {
      case 'Produce':
        this.produceInTurn(request, from, correlation, now, fx);
        break;
      case 'Fetch':
        this.replicas.fetch(request, from, correlation, now, fx);
        break;
      case 'Metadata':
        fx.reply(from, correlation, this.metadata(request.topics));
        break;
      case 'ListOffsets':
        fx.reply(from, correlation, this.replicas.listOffsets(request));
        break;
      case 'InitProducerId':
        if (request.transactionalId !== null)
          this.coordinate(transactionPlace(request.transactionalId), request, from, correlation, now, fx);
        else this.initProducerId(from, correlation, fx);
        break;
      case 'AddPartitionsToTxn':
      case 'AddOffsetsToTxn':
      case 'EndTxn':
        this.coordinate(transactionPlace(request.transactionalId), request, from, correlation, now, fx);
        break;
      case 'WriteTxnMarkers':
        this.replicas.writeMarkers(request, from, correlation, now, fx);
        break;
      case 'FindCoordinator':
        fx.reply(from, correlation, this.findCoordinator(request.key, request.keyType, fx));
        break;
      case 'ListGroups':
        fx.reply(from, correlation, { api: 'ListGroups', groups: this.coordinators.groups() });
        break;
      case 'ShareFetch':
        this.share.fetch(request, from, correlation, now, this.shareEffects);
        break;
      case 'DescribeConfigs': {
        const { config, image } = this.context;
        fx.reply(from, correlation, {
          api: 'DescribeConfigs',
          error: image.topics.has(request.topic) ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION',
          // K-63: with the ELR the controller makes the brokers' own minimum one of the whole cluster.
          cluster:
            config['eligible.leader.replicas.version'] === 1
              ? { 'min.insync.replicas': config['min.insync.replicas'] }
              : {},
          broker: effectiveConfig({}, config),
        });
        break;
      }
      case 'DeleteRecords':
        fx.reply(from, correlation, this.replicas.deleteRecords(request.place, request.before, now, fx));
        break;
      case 'CreateTopics':
      case 'DeleteTopics':
      case 'CreatePartitions':
      case 'IncrementalAlterConfigs':
      case 'ElectLeaders':
        this.forward(request, from, correlation, fx);
        break;
      case 'BrokerRegistration':
      case 'BrokerHeartbeat':
      case 'AlterPartition':
      case 'CreateInternalPartition':
      case 'AllocateProducerIds':
        assert(false, `${this.context.node} is not the controller, and is asked for ${request.api}`);
      default:
        this.coordinate(groupPlace(request.group), request, from, correlation, now, fx);
    }
  }

  private coordinate(
    place: string,
    request: Request,
    from: string,
    correlation: number,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    if (this.coordinators.handle(place, request, from, correlation, now, fx)) return;
    fx.reply(from, correlation, notCoordinator(request));
  }

  private produceInTurn(
    request: ProduceRequest,
    from: string,
    correlation: number,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    if (request.acks === '0') {
      this.replicas.produce(request, from, correlation, now, fx);
      return;
    }
    const queue = this.producing.get(from);
    if (queue) {
      queue.push({ request, correlation });
      return;
    }
    this.producing.set(from, []);
    this.produce(request, from, correlation, now, fx);
  }

  /** K-45: partitions that the transaction does not have yet are added to it before anything is appended. */
  private produce(
    request: ProduceRequest,
    from: string,
    correlation: number,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    const { transactionalId } = request;
    const places = request.batches
      .filter(({ place, producerId, epoch, transactional }) => {
        const replica = this.replicas.led(place);
        return transactional && replica && !replica.log.hasOngoingTransaction(producerId, epoch);
      })
      .map(({ place }) => place);
    if (transactionalId === null || places.length === 0) {
      this.replicas.produce(request, from, correlation, now, fx);
      return;
    }
    const { producerId, epoch } = request.batches[0]!;
    const coordinator = partitionOf(this.context.image, transactionPlace(transactionalId))?.leader ?? null;
    const context: Context = { kind: 'add-to-transaction', from, correlation, request, places };
    if (coordinator === null) {
      this.addedToTransaction(context, null, now, fx);
      return;
    }
    fx.request(
      coordinator,
      { api: 'AddPartitionsToTxn', transactionalId, producerId, producerEpoch: epoch, places },
      context,
    );
  }

  private addedToTransaction(
    { from, correlation, request, places }: Extract<Context, { kind: 'add-to-transaction' }>,
    reply: ReplyTo<'AddPartitionsToTxn'> | null,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    const error = unverified(reply?.error ?? 'COORDINATOR_NOT_AVAILABLE');
    if (error === 'NONE') {
      this.replicas.produce(request, from, correlation, now, fx);
      return;
    }
    const refusedOnes = new Set(places);
    fx.reply(from, correlation, {
      api: 'Produce',
      results: request.batches.map(({ place }) => ({
        place,
        // What of the same request is in the transaction already waits for its neighbours, and is sent again.
        error: refusedOnes.has(place) ? error : 'NOT_ENOUGH_REPLICAS',
        baseOffset: -1,
      })),
    });
  }

  /** A produce was answered: the next one of that client begins. */
  private produceAnswered(client: string, now: Micros, fx: BrokerEffects): void {
    const queue = this.producing.get(client);
    if (!queue) return;
    const next = queue.shift();
    if (next) this.produce(next.request, client, next.correlation, now, fx);
    else this.producing.delete(client);
  }

  private metadata(topics: readonly string[] | null): Reply {
    const { image } = this.context;
    const names =
      topics ?? [...image.topics.values()].filter(({ internal }) => !internal).map(({ name }) => name);
    return {
      api: 'Metadata',
      brokers: [...image.brokers.values()].filter(({ fenced }) => !fenced).map(({ node }) => node),
      topics: names.map((name): TopicMetadata => {
        const topic = image.topics.get(name);
        return {
          topic: name,
          partitions: topic?.partitions ?? [],
          error: topic ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION',
          config: topic?.config ?? {},
        };
      }),
    };
  }

  /** K-75: who leads the partition that the key belongs to; a partition that is not there yet is asked for. */
  private findCoordinator(key: string, keyType: 'group' | 'transaction', fx: BrokerEffects): Reply {
    const place = keyType === 'group' ? groupPlace(key) : transactionPlace(key);
    const partition = partitionOf(this.context.image, place);
    if (!partition)
      fx.request(CONTROLLER, { api: 'CreateInternalPartition', place }, {
        kind: 'internal-partition',
      } satisfies Context);
    const node = partition?.leader ?? null;
    return { api: 'FindCoordinator', error: node === null ? 'COORDINATOR_NOT_AVAILABLE' : 'NONE', node };
  }

  private forward(
    request: Extract<ControllerRequest, Request>,
    to: string,
    correlation: number,
    fx: BrokerEffects,
  ): void {
    fx.request(CONTROLLER, request, { kind: 'forward', to, correlation } satisfies Context);
  }

  /** K-37: from the block that the controller gave this broker. */
  private initProducerId(from: string, correlation: number, fx: BrokerEffects): void {
    if (this.producerIds.next < this.producerIds.end) {
      const producerId = this.producerIds.next++;
      fx.reply(from, correlation, { api: 'InitProducerId', error: 'NONE', producerId, epoch: 0 });
      return;
    }
    this.wantProducerId.push({ from, correlation });
    if (this.wantProducerId.length > 1) return;
    const { node, brokerEpoch } = this.context;
    fx.request(CONTROLLER, { api: 'AllocateProducerIds', node, brokerEpoch }, {
      kind: 'producer-ids',
    } satisfies Context);
  }

  private producerIdsGiven(reply: ReplyTo<'AllocateProducerIds'> | null, fx: BrokerEffects): void {
    const waiting = this.wantProducerId.splice(0);
    if (reply?.error === 'NONE') {
      this.producerIds = { next: reply.first, end: reply.first + reply.count };
      for (const { from, correlation } of waiting) this.initProducerId(from, correlation, fx);
      return;
    }
    for (const { from, correlation } of waiting) {
      fx.reply(from, correlation, {
        api: 'InitProducerId',
        error: 'COORDINATOR_LOAD_IN_PROGRESS',
        producerId: -1,
        epoch: -1,
      });
    }
  }

  // Answers and timers.

  private answered(context: Context, reply: Reply | null, now: Micros, fx: BrokerEffects): void {
    switch (context.kind) {
      case 'register':
        this.registered(context.attempt, reply as ReplyTo<'BrokerRegistration'> | null, fx);
        break;
      case 'heartbeat':
        this.heartbeatAnswered(reply as ReplyTo<'BrokerHeartbeat'> | null, fx);
        break;
      case 'forward':
        // Nobody answered in time: the client's own limit tells it so.
        if (reply) fx.reply(context.to, context.correlation, reply);
        break;
      case 'producer-ids':
        this.producerIdsGiven(reply as ReplyTo<'AllocateProducerIds'> | null, fx);
        break;
      case 'internal-partition':
        break;
      case 'add-to-transaction':
        this.addedToTransaction(context, reply as ReplyTo<'AddPartitionsToTxn'> | null, now, fx);
        break;
      case 'follow':
        this.replicas.fetched(context, reply as ReplyTo<'Fetch'> | null, now, fx);
        break;
      case 'isr':
        this.replicas.isrAnswered(context.place, now, fx);
        break;
      case 'shard':
        this.coordinators.answered(context, reply, now, fx);
        break;
      case 'share':
        this.share.answered(context.context, reply, now, this.shareEffects);
        break;
    }
  }

  private startTimers(fx: BrokerEffects): void {
    const { config } = this.context;
    fx.timer(fromMs(HIGH_WATERMARK_CHECKPOINT_MS), 'high-watermarks', null);
    fx.timer(fromMs(config['replica.lag.time.max.ms'] / 2), 'isr-check', null);
    fx.timer(fromMs(config['log.initial.task.delay.ms']), 'retention', null);
    fx.timer(fromMs(config['log.cleaner.backoff.ms']), 'cleaner', null);
  }

  private timer(timer: string, data: unknown, now: Micros, fx: BrokerEffects): void {
    const { config } = this.context;
    switch (timer) {
      case 'fetch-wait': {
        const { client, correlation } = data as { client: string; correlation: number };
        this.replicas.fetchWaited(client, correlation, fx);
        break;
      }
      case 'produce-wait':
        this.replicas.produceTimedOut(data as number, fx);
        break;
      case 'follow-again':
        this.replicas.followAgain(data as string, fx);
        break;
      case 'isr-check':
        fx.timer(fromMs(config['replica.lag.time.max.ms'] / 2), timer, null);
        this.replicas.checkIsr(now, fx);
        break;
      case 'high-watermarks':
        fx.timer(fromMs(HIGH_WATERMARK_CHECKPOINT_MS), timer, null);
        this.replicas.checkpointHighWatermarks();
        break;
      case 'retention':
        fx.timer(fromMs(config['log.retention.check.interval.ms']), timer, null);
        this.replicas.runRetention(now, fx);
        break;
      case 'cleaner':
        fx.timer(fromMs(config['log.cleaner.backoff.ms']), timer, null);
        this.replicas.clean(now, fx);
        break;
      case 'heartbeat':
        this.heartbeat(fx);
        break;
      case 'register':
        this.register(data as number, fx);
        break;
      case 'shard':
        this.coordinators.timer(data, now, fx);
        break;
      default:
        this.share.timer(timer, data, now, this.shareEffects);
    }
  }

  // K-65: registration, heartbeats, shutting down.

  private register(attempt: number, fx: BrokerEffects): void {
    const { node } = this.context;
    fx.request(
      CONTROLLER,
      { api: 'BrokerRegistration', node, incarnation: this.incarnation, cleanShutdown: this.cleanShutdown },
      {
        kind: 'register',
        attempt,
      } satisfies Context,
    );
  }

  private registered(attempt: number, reply: ReplyTo<'BrokerRegistration'> | null, fx: BrokerEffects): void {
    if (reply?.error === 'NONE') {
      this.context.brokerEpoch = reply.brokerEpoch;
      this.heartbeat(fx);
      return;
    }
    const most = this.context.config['broker.session.timeout.ms'];
    const wait = Math.min(most, REGISTRATION_BACKOFF_MS * 2 ** Math.min(attempt - 1, 20));
    fx.timer(fromMs(wait), 'register', attempt + 1);
  }

  private heartbeat(fx: BrokerEffects): void {
    const { node, brokerEpoch, image } = this.context;
    fx.request(
      CONTROLLER,
      {
        api: 'BrokerHeartbeat',
        node,
        brokerEpoch,
        wantFence: false,
        wantShutDown: this.state === 'shutting-down',
        imageVersion: image.version,
      },
      { kind: 'heartbeat' } satisfies Context,
    );
  }

  private heartbeatAnswered(reply: ReplyTo<'BrokerHeartbeat'> | null, fx: BrokerEffects): void {
    if (this.state === 'stopped') return;
    if (reply?.error === 'STALE_BROKER_EPOCH') {
      this.register(1, fx);
      return;
    }
    if (reply?.error === 'NONE') {
      if (this.state === 'starting' && !reply.fenced) this.state = 'running';
      if (this.state === 'shutting-down' && reply.shouldShutDown) {
        this.replicas.checkpointHighWatermarks();
        this.state = 'stopped';
        return;
      }
    }
    const waits =
      this.state === 'running' || !reply ? this.context.config['broker.heartbeat.interval.ms'] : 100;
    fx.timer(fromMs(waits), 'heartbeat', null);
  }

  private imageChanged(image: ClusterImage, now: Micros, fx: BrokerEffects): void {
    const before = this.context.image;
    if (image.version < before.version) return;
    this.context.image = image;
    this.replicas.imageChanged(image, before, now, fx);
    this.coordinators.imageChanged(now, fx);
  }

  private crash(): void {
    this.producing.clear();
    this.wantProducerId = [];
    this.producerIds = { next: 0, end: 0 };
    this.coordinators.crash();
    this.replicas.crash();
    this.share.crash();
  }
}

/** Passes effects on, and remembers whose produce has been answered. */
class Outward implements BrokerEffects {
  /** Set for each command. */
  target!: BrokerEffects;
  readonly answered: string[] = [];

  reply(to: string, correlation: number, reply: Reply): void {
    if (reply.api === 'Produce') this.answered.push(to);
    this.target.reply(to, correlation, reply);
  }

  timer(delay: Micros, timer: string, data: unknown): void {
    this.target.timer(delay, timer, data);
  }

  trace(event: Emission): void {
    this.target.trace(event);
  }

  request(to: string, request: Request, context: unknown): void {
    this.target.request(to, request, context);
  }

  disconnect(peer: string): void {
    this.target.disconnect(peer);
  }
}

/** What share-partitions need beside what any part of a broker does. */
class WithShare implements ShareEffects {
  private readonly fx: BrokerEffects;
  private readonly context: BrokerContext;
  private readonly replicas: Replicas;

  constructor(fx: BrokerEffects, context: BrokerContext, replicas: Replicas) {
    this.fx = fx;
    this.context = context;
    this.replicas = replicas;
  }

  reply(to: string, correlation: number, reply: Reply): void {
    this.fx.reply(to, correlation, reply);
  }

  timer(delay: Micros, timer: string, data: unknown): void {
    this.fx.timer(delay, timer, data);
  }

  trace(event: Emission): void {
    this.fx.trace(event);
  }

  request(to: string, request: Request, context: unknown): void {
    this.fx.request(to, request, { kind: 'share', context } satisfies Context);
  }

  image(): ClusterImage {
    return this.context.image;
  }

  log(place: string): PartitionLog | null {
    return this.replicas.led(place)?.log ?? null;
  }

  coordinatorOf(group: string): string | null {
    return partitionOf(this.context.image, groupPlace(group))?.leader ?? null;
  }
}

/** K-45: what a producer is told when the coordinator did not take its partitions. */
function unverified(error: ErrorCode): ErrorCode {
  switch (error) {
    case 'NOT_COORDINATOR':
    case 'COORDINATOR_NOT_AVAILABLE':
    case 'COORDINATOR_LOAD_IN_PROGRESS':
      return 'NOT_ENOUGH_REPLICAS';
    // K-44: only the coordinator itself says that a producer is fenced; told this, it aborts, and learns it there.
    case 'PRODUCER_FENCED':
      return 'INVALID_PRODUCER_EPOCH';
    default:
      return error;
  }
}

/** The answer of a broker that does not coordinate what it is asked about. */
function notCoordinator(request: Request): Reply {
  const error = 'NOT_COORDINATOR' as const;
  switch (request.api) {
    case 'JoinGroup':
      return {
        api: 'JoinGroup',
        error,
        memberId: request.memberId,
        generation: -1,
        protocol: '',
        leader: '',
        members: [],
        skipAssignment: false,
      };
    case 'SyncGroup':
      return { api: 'SyncGroup', error, protocol: '', places: [] };
    case 'OffsetFetch':
      return { api: 'OffsetFetch', error, offsets: [] };
    case 'ConsumerGroupHeartbeat':
    case 'ShareGroupHeartbeat':
      return { api: request.api, error, memberEpoch: -1, heartbeatIntervalMs: 0, assignment: null };
    case 'DescribeGroup':
      return { api: 'DescribeGroup', error, description: null };
    case 'ReadShareState':
      return { api: 'ReadShareState', error, state: null };
    case 'InitProducerId':
    case 'EndTxn':
      return { api: request.api, error, producerId: -1, epoch: -1 };
    case 'Heartbeat':
    case 'LeaveGroup':
    case 'OffsetCommit':
    case 'TxnOffsetCommit':
    case 'CompleteTxnOffsets':
    case 'DeleteGroup':
    case 'OffsetDelete':
    case 'WriteShareState':
    case 'AddPartitionsToTxn':
    case 'AddOffsetsToTxn':
      return { api: request.api, error };
    default:
      assert(false, `${request.api} is not asked of a coordinator`);
  }
}
