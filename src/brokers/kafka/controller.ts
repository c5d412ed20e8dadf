/**
 * The controller as a state machine: KRaft's quorum as one process whose log is on disk. It registers brokers and counts
 * them out when they fall silent (K-65), has leaders elected and ISRs changed (partition-change.ts; K-60 to K-64), makes
 * and changes topics, and tells every broker what the cluster is then.
 */
import { assert } from '../../sim/errors.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Effects, StateMachine } from '../broker.ts';
import { BrokerRegistry, type Heartbeat } from './broker-registry.ts';
import {
  effectiveMinIsr,
  EMPTY_IMAGE,
  splitPlace,
  type ClusterImage,
  type PartitionImage,
  type TopicImage,
} from './cluster-image.ts';
import {
  brokerName,
  CONTROLLER,
  effectiveConfig,
  type KafkaBrokerConfig,
  type KafkaSystem,
  type TopicConfig,
} from './config.ts';
import { dealt } from './dealt.ts';
import { changePartition, lossy, type Election, type Entitlement } from './partition-change.ts';
import { internalTopic, newPartition } from './placement.ts';
import type { ControllerRequest, ErrorCode, Reply, Request } from './protocol.ts';

export interface ControllerEffects extends Effects<Reply> {
  /** Tells one broker what the cluster is now. */
  image(to: string, image: ClusterImage): void;
}

export type ControllerCommand =
  /** The cluster as it is when the run begins, every broker registered and unfenced. */
  | { readonly type: 'formed'; readonly image: ClusterImage }
  | {
      readonly type: 'request';
      readonly from: string;
      readonly correlation: number;
      readonly request: Request;
    }
  | { readonly type: 'timer'; readonly timer: string; readonly data: unknown }
  /** The process died; what it decided is on its disk. */
  | { readonly type: 'crashed' }
  | { readonly type: 'restarted' }
  /** A peer's connection is gone, and with it what was on its way. */
  | { readonly type: 'disconnected'; readonly peer: string };

type Fx = ControllerEffects;
type Of<Api extends ControllerRequest['api']> = Extract<ControllerRequest, { api: Api }>;
type Outcome = readonly [error: ErrorCode, detail: string];

const DONE: Outcome = ['NONE', ''];
/** How often in a session's length the controller looks for sessions that have run out (QuorumController). */
const CHECKS_PER_SESSION = 8;
/** `controller.quorum.fetch.timeout.ms`: a controller that is silent longer has a successor. */
const TAKEOVER_MS = 2000;
/** `unclean.leader.election.interval.ms`. */
const UNCLEAN_CHECK_MS = 300_000;
const PRODUCER_IDS_PER_BLOCK = 1000;
const TOPIC_NAME_MAX = 249;

export class ControllerMachine implements StateMachine<ControllerCommand, Reply, ControllerEffects> {
  private readonly config: KafkaBrokerConfig;
  private readonly checkEvery: Micros;
  private readonly elrEnabled: boolean;
  private readonly registry: BrokerRegistry;
  private image: ClusterImage = EMPTY_IMAGE;
  /** Per place, who led when the ISR became empty (K-60). */
  private lastKnownLeaders = new Map<string, string>();
  private nextProducerId = 0;
  /** What the command at hand changes: topics by name, null for one that is deleted. */
  private edited = new Map<string, TopicImage | null>();
  /** Brokers have changed by the command at hand. */
  private brokersEdited = false;
  /** The image that was last sent to each broker over the connection that there is. */
  private sent = new Map<string, number>();
  private lastCheck: Micros = 0;

  /** @param config of every broker alike, and of the controller */
  constructor(config: KafkaBrokerConfig) {
    this.config = config;
    const sessionTimeout = fromMs(config['broker.session.timeout.ms']);
    this.checkEvery = Math.max(fromMs(1), Math.round(sessionTimeout / CHECKS_PER_SESSION));
    this.elrEnabled = config['eligible.leader.replicas.version'] === 1;
    this.registry = new BrokerRegistry(sessionTimeout);
  }

  /** What it has decided so far. */
  get cluster(): ClusterImage {
    return this.image;
  }

  apply(command: ControllerCommand, now: Micros, fx: ControllerEffects): void {
    switch (command.type) {
      case 'formed':
        this.form(command.image, fx);
        this.begin(now, fx);
        break;
      case 'request': {
        const { request, from, correlation } = command;
        const reply = this.handle(request as ControllerRequest, now, fx);
        this.publish(fx);
        if (request.api === 'BrokerHeartbeat') this.catchUp(request, fx);
        fx.reply(from, correlation, reply);
        break;
      }
      case 'timer':
        this.timer(command.timer, now, fx);
        break;
      case 'crashed':
        this.registry.endSessions();
        this.sent.clear();
        break;
      case 'restarted':
        this.begin(now, fx);
        break;
      case 'disconnected':
        this.sent.delete(command.peer);
        break;
    }
  }

  // A controller begins.

  private form(image: ClusterImage, fx: Fx): void {
    this.image = image;
    for (const { node, fenced } of image.brokers.values()) {
      this.registry.set({
        node,
        incarnation: 1,
        brokerEpoch: 0,
        registeredIn: image.version,
        fenced,
        inControlledShutdown: false,
      });
    }
    for (const { name, partitions } of image.topics.values()) this.tellCreated(name, partitions, fx);
  }

  private begin(now: Micros, fx: Fx): void {
    const { config } = this;
    this.registry.beginSessions(now);
    this.lastCheck = now;
    fx.timer(this.checkEvery, 'sessions', null);
    fx.timer(fromMs(UNCLEAN_CHECK_MS), 'unclean', null);
    if (config['auto.leader.rebalance.enable'])
      fx.timer(fromMs(config['leader.imbalance.check.interval.seconds'] * 1000), 'balance', null);
  }

  private timer(timer: string, now: Micros, fx: Fx): void {
    const { config } = this;
    switch (timer) {
      case 'sessions':
        fx.timer(this.checkEvery, timer, null);
        this.checkSessions(now, fx);
        break;
      case 'unclean':
        fx.timer(fromMs(UNCLEAN_CHECK_MS), timer, null);
        this.electUncleanLeaders(fx);
        break;
      case 'balance':
        fx.timer(fromMs(config['leader.imbalance.check.interval.seconds'] * 1000), timer, null);
        this.balanceLeaders(fx);
        break;
      default:
        assert(false, `the controller has no timer ${timer}`);
    }
    this.publish(fx);
  }

  private handle(request: ControllerRequest, now: Micros, fx: Fx): Reply {
    switch (request.api) {
      case 'BrokerRegistration':
        return this.register(request, now, fx);
      case 'BrokerHeartbeat':
        return this.heartbeat(request, now, fx);
      case 'AlterPartition':
        return this.alterPartitions(request, fx);
      case 'CreateTopics':
        return done(request.api, this.createTopic(request, fx));
      case 'CreateInternalPartition':
        return done(request.api, this.createInternalPartition(request.place, fx));
      case 'DeleteTopics':
        return done(request.api, this.deleteTopic(request.topic, fx));
      case 'CreatePartitions':
        return done(request.api, this.createPartitions(request, fx));
      case 'IncrementalAlterConfigs':
        return done(request.api, this.alterConfig(request, fx));
      case 'ElectLeaders':
        return {
          api: 'ElectLeaders',
          results: request.places.map((place) => {
            const [error, detail] = this.electLeader(place, request.election, 'an administrator asked', fx);
            return { place, error, detail };
          }),
        };
      case 'AllocateProducerIds':
        return this.allocateProducerIds(request);
    }
  }

  // Brokers (K-65).

  private register(
    { node, incarnation, cleanShutdown }: Of<'BrokerRegistration'>,
    now: Micros,
    fx: Fx,
  ): Reply {
    const existing = this.registry.get(node);
    const anew = existing?.incarnation !== incarnation;
    // A process that died is still taken for alive until its session has run out. One that stopped in order is not.
    if (existing && anew && this.registry.isActive(node) && this.registry.hasValidSession(node, now))
      return { api: 'BrokerRegistration', error: 'DUPLICATE_BROKER_REGISTRATION', brokerEpoch: -1 };
    this.brokersEdited = true;
    const registeredIn = this.image.version + 1;
    if (!anew) {
      this.registry.set({ ...existing, registeredIn });
      this.registry.touch(node, now, -1);
      return { api: 'BrokerRegistration', error: 'NONE', brokerEpoch: existing.brokerEpoch };
    }
    this.registry.set({
      node,
      incarnation,
      brokerEpoch: registeredIn,
      registeredIn,
      fenced: true,
      inControlledShutdown: false,
    });
    this.registry.beginSession(node, now);
    if (existing && !existing.fenced)
      fx.trace({ kind: 'node-fenced', node, why: 'it starts anew, and is not ready yet' });
    this.ended(node, cleanShutdown, fx);
    return { api: 'BrokerRegistration', error: 'NONE', brokerEpoch: registeredIn };
  }

  /** The last life of a broker is over. K-63: it cannot be counted on unless that ended in good order. */
  private ended(node: string, inOrder: boolean, fx: Fx): void {
    const why = `${node} starts anew${inOrder ? '' : ' without having stopped in order'}`;
    this.leaves(node, why, inOrder ? null : node, fx);
    if (inOrder) return;
    for (const partition of this.partitions())
      if (partition.elr.includes(node)) this.change(partition, partition.isr, 'online', why, fx, node);
  }

  private heartbeat(request: Heartbeat, now: Micros, fx: Fx): Reply {
    const { node, brokerEpoch, imageVersion } = request;
    const broker = this.registry.get(node);
    if (broker?.brokerEpoch !== brokerEpoch)
      return { api: 'BrokerHeartbeat', error: 'STALE_BROKER_EPOCH', fenced: true, shouldShutDown: false };
    const { before, after } = this.registry.transition(request, () => this.leadsAnything(node));
    if (before !== after) {
      switch (after) {
        case 'fenced':
          this.fence(node, 'it asked for it', fx);
          break;
        case 'shutdown-now':
          this.fence(node, 'it stops in order', fx);
          break;
        case 'unfenced':
          this.unfence(node, fx);
          break;
        case 'controlled-shutdown':
          this.registry.set({ ...broker, inControlledShutdown: true });
          this.brokersEdited = true;
          this.leaves(node, `${node} is about to stop`, null, fx);
      }
    }
    this.registry.touch(node, now, imageVersion);
    if (after === 'controlled-shutdown') {
      const changes = this.edited.size > 0 || this.brokersEdited;
      this.registry.stopAfter(node, this.image.version + (changes ? 1 : 0));
    }
    return {
      api: 'BrokerHeartbeat',
      error: 'NONE',
      fenced: this.registry.get(node)!.fenced,
      shouldShutDown: after === 'shutdown-now',
    };
  }

  private checkSessions(now: Micros, fx: Fx): void {
    const late = now - this.lastCheck - this.checkEvery;
    this.lastCheck = now;
    if (late > fromMs(TAKEOVER_MS)) {
      // It did not run for so long that another member of the quorum has taken over, who knows no sessions.
      this.registry.beginSessions(now);
      return;
    }
    // One after the other, as each may lead to elections that the next one is part of.
    for (let node = this.registry.stale(now); node !== null; node = this.registry.stale(now))
      this.fence(node, 'its session ran out', fx);
  }

  private fence(node: string, why: string, fx: Fx): void {
    const broker = this.registry.get(node)!;
    // One that is fenced already is told so again, no more.
    if (broker.fenced) return;
    this.registry.set({ ...broker, fenced: true, inControlledShutdown: false });
    this.brokersEdited = true;
    fx.trace({ kind: 'node-fenced', node, why });
    this.leaves(node, `${node} is fenced`, null, fx);
  }

  private unfence(node: string, fx: Fx): void {
    this.registry.set({ ...this.registry.get(node)!, fenced: false, inControlledShutdown: false });
    this.brokersEdited = true;
    fx.trace({ kind: 'node-unfenced', node });
    for (const partition of this.partitions()) {
      if (partition.leader === null)
        this.change(partition, partition.isr, 'online', `${node} is there again`, fx);
    }
  }

  /** A broker that can no longer lead is taken out of every ISR. */
  private leaves(node: string, cause: string, uncleanShutdown: string | null, fx: Fx): void {
    for (const partition of this.partitions()) {
      const { isr } = partition;
      if (!isr.includes(node)) continue;
      const without = isr.filter((other) => other !== node);
      this.change(partition, without, 'online', cause, fx, uncleanShutdown);
    }
  }

  private leadsAnything(node: string): boolean {
    return this.partitions().some(({ leader }) => leader === node);
  }

  // Leaders and ISRs (K-60 to K-64).

  /**
   * Lets something happen to a partition.
   * @param wanted the ISR that is wanted
   * @param cause what happened, in the words of the trace
   * @returns whether anything changed
   */
  private change(
    partition: PartitionImage,
    wanted: readonly string[],
    election: Election,
    cause: string,
    fx: Fx,
    uncleanShutdown: string | null = null,
  ): boolean {
    const { place, topic } = partition;
    const config = effectiveConfig(this.topic(topic)!.config, this.config);
    const change = changePartition(partition, this.lastKnownLeaders.get(place) ?? null, {
      // K-61: allowed for the topic, an unclean election is the last resort of every election.
      election: election === 'online' && config['unclean.leader.election.enable'] ? 'unclean' : election,
      isr: wanted,
      uncleanShutdown,
      effectiveMinIsr: effectiveMinIsr(config['min.insync.replicas'], partition.replicas.length),
      elrEnabled: this.elrEnabled,
      mayLead: (node) => this.registry.isActive(node),
    });
    if (!change) return false;
    const { partition: next, lastKnownLeader, entitlement } = change;
    if (lastKnownLeader === null) this.lastKnownLeaders.delete(place);
    else this.lastKnownLeaders.set(place, lastKnownLeader);
    this.edit(next);
    const { leader: node, leaderEpoch: epoch, isr } = next;
    if (epoch !== partition.leaderEpoch) {
      const clean = entitlement === null || !lossy(entitlement);
      const why = `${cause}, and ${reason(next, entitlement)}`;
      fx.trace({ kind: 'leader-elected', place, node, epoch, clean, why });
    }
    if (isr !== partition.isr) {
      const byElection = entitlement !== null && entitlement !== 'isr';
      fx.trace({
        kind: 'isr-changed',
        place,
        isr,
        why: byElection ? 'its new leader is alone in it' : cause,
      });
    }
    return true;
  }

  /** K-55, K-56: what a leader asks for. */
  private alterPartitions(request: Of<'AlterPartition'>, fx: Fx): Reply {
    const { node, brokerEpoch } = request;
    if (this.registry.get(node)?.brokerEpoch !== brokerEpoch)
      return { api: 'AlterPartition', error: 'STALE_BROKER_EPOCH', results: [] };
    const results = request.partitions.map((asked) => ({
      place: asked.place,
      error: this.alterPartition(node, asked, fx),
    }));
    return { api: 'AlterPartition', error: 'NONE', results };
  }

  private alterPartition(
    from: string,
    { place, isr, leaderEpoch, partitionEpoch }: Of<'AlterPartition'>['partitions'][number],
    fx: Fx,
  ): ErrorCode {
    const partition = this.partition(place);
    if (!partition) return 'UNKNOWN_TOPIC_OR_PARTITION';
    // It knows more than this controller: another one must have told it.
    if (leaderEpoch > partition.leaderEpoch || partitionEpoch > partition.partitionEpoch)
      return 'NOT_CONTROLLER';
    if (leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH';
    if (from !== partition.leader) return 'INVALID_REQUEST';
    if (partitionEpoch < partition.partitionEpoch) return 'INVALID_UPDATE_VERSION';
    const assigned = isr.every((node) => partition.replicas.includes(node));
    if (!assigned || new Set(isr).size < isr.length || !isr.includes(from)) return 'INVALID_REQUEST';
    if (!isr.every((node) => this.registry.isActive(node))) return 'INELIGIBLE_REPLICA';
    const joined = isr.filter((node) => !partition.isr.includes(node));
    const left = partition.isr.filter((node) => !isr.includes(node));
    const causes = [
      ...(joined.length > 0 ? [`${joined.join(' and ')} caught up`] : []),
      ...(left.length > 0 ? [`${left.join(' and ')} fell behind`] : []),
    ];
    this.change(partition, isr, 'online', causes.join(', ') || 'its leader asked for this order', fx);
    return 'NONE';
  }

  private electLeader(place: string, election: 'preferred' | 'unclean', cause: string, fx: Fx): Outcome {
    const partition = this.partition(place);
    if (!partition) {
      const { topic } = splitPlace(place);
      const unknown = this.topic(topic) ? `No such partition as ${place}` : `No such topic as ${topic}`;
      return ['UNKNOWN_TOPIC_OR_PARTITION', unknown];
    }
    const { leader, replicas, isr } = partition;
    if (election === 'preferred' ? leader === replicas[0] : leader !== null)
      return ['ELECTION_NOT_NEEDED', ''];
    if (this.change(partition, isr, election, cause, fx)) return DONE;
    return [
      election === 'preferred' ? 'PREFERRED_LEADER_NOT_AVAILABLE' : 'ELIGIBLE_LEADERS_NOT_AVAILABLE',
      '',
    ];
  }

  /** K-64. KRaft's controller asks nothing of `leader.imbalance.per.broker.percentage`. */
  private balanceLeaders(fx: Fx): void {
    for (const { place, leader, replicas } of this.partitions()) {
      if (leader !== replicas[0])
        this.electLeader(place, 'preferred', 'leaders are balanced from time to time', fx);
    }
  }

  /** K-61: allowing it while nobody leads takes effect with the next such check, and not at once. */
  private electUncleanLeaders(fx: Fx): void {
    for (const { place, topic } of this.partitions()) {
      const allowed = effectiveConfig(this.topic(topic)!.config, this.config)[
        'unclean.leader.election.enable'
      ];
      if (allowed) this.electLeader(place, 'unclean', 'it was without a leader', fx);
    }
  }

  // Topics (K-1, K-20, K-51).

  private createTopic(request: Of<'CreateTopics'>, fx: Fx): Outcome {
    const { topic: name, partitions, replicationFactor, replicas, config, internal } = request;
    const wrong = wrongName(name);
    if (wrong !== null) return ['INVALID_TOPIC_EXCEPTION', `Topic name is invalid: ${wrong}`];
    if (this.topic(name)) return ['TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`];
    const collides = this.topicNames().find((other) => unified(other) === unified(name));
    if (collides !== undefined) {
      return ['INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${collides}`];
    }
    if (!replicas && replicationFactor <= 0) {
      return [
        'INVALID_REPLICATION_FACTOR',
        'Replication factor must be larger than 0, or -1 to use the default value.',
      ];
    }
    if (!replicas && partitions <= 0)
      return ['INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.'];
    const made = replicas
      ? this.assigned(name, replicas)
      : this.placed(name, 0, partitions, replicationFactor);
    if ('error' in made) {
      const prefix = replicas ? '' : `Unable to replicate the partition ${replicationFactor} time(s): `;
      return [made.error, prefix + made.detail];
    }
    this.editTopic({ name, internal, config: Object.freeze({ ...config }), partitions: made.partitions });
    this.tellCreated(name, made.partitions, fx);
    return DONE;
  }

  /** Made when somebody looks for the coordinator that it is to have. */
  private createInternalPartition(place: string, fx: Fx): Outcome {
    if (this.partition(place)) return DONE;
    const { topic: name, index } = splitPlace(place);
    const { replicationFactor, config } = internalTopic(name, this.registry.all().length, this.config);
    const made = this.placed(name, index, 1, replicationFactor);
    if ('error' in made) return [made.error, made.detail];
    const existing = this.topic(name) ?? {
      name,
      internal: true,
      config: Object.freeze(config),
      partitions: [],
    };
    this.editTopic({ ...existing, partitions: [...existing.partitions, ...made.partitions] });
    this.tellCreated(name, made.partitions, fx);
    return DONE;
  }

  private deleteTopic(name: string, fx: Fx): Outcome {
    const topic = this.topic(name);
    if (!topic) return ['UNKNOWN_TOPIC_OR_PARTITION', ''];
    this.edited.set(name, null);
    const places = topic.partitions.map(({ place }) => place);
    for (const place of places) this.lastKnownLeaders.delete(place);
    fx.trace({ kind: 'places-deleted', node: CONTROLLER, name, places });
    return DONE;
  }

  /** K-1, K-23. */
  private createPartitions({ topic: name, total }: Of<'CreatePartitions'>, fx: Fx): Outcome {
    const topic = this.topic(name);
    if (!topic) return ['UNKNOWN_TOPIC_OR_PARTITION', ''];
    const { partitions } = topic;
    const { length } = partitions;
    if (total === length) return ['INVALID_PARTITIONS', `Topic already has ${length} partition(s).`];
    if (total < length) {
      return [
        'INVALID_PARTITIONS',
        `The topic ${name} currently has ${length} partition(s); ${total} would not be an increase.`,
      ];
    }
    const made = this.placed(name, length, total - length, partitions[0]!.replicas.length);
    if ('error' in made) return [made.error, made.detail];
    this.editTopic({ ...topic, partitions: [...partitions, ...made.partitions] });
    this.tellCreated(name, made.partitions, fx);
    return DONE;
  }

  private alterConfig({ topic: name, config }: Of<'IncrementalAlterConfigs'>, fx: Fx): Outcome {
    const topic = this.topic(name);
    if (!topic) return ['UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`];
    const settings = Object.entries(config).filter(([, value]) => value !== undefined);
    const own = Object.fromEntries(
      Object.entries({ ...topic.config, ...config }).filter(
        ([, value]) => value !== null && value !== undefined,
      ),
    ) as TopicConfig;
    let { partitions } = topic;
    // K-63: who was eligible under another minimum may not be under this one.
    if (this.elrEnabled && config['min.insync.replicas'] !== undefined)
      partitions = partitions.map((partition) => this.withoutElr(partition));
    this.editTopic({ ...topic, config: Object.freeze(own), partitions });
    fx.trace({
      kind: 'configured',
      node: CONTROLLER,
      name,
      settings: settings.map(([setting, value]) => [setting, value === null ? null : String(value)]),
    });
    return DONE;
  }

  private withoutElr(partition: PartitionImage): PartitionImage {
    const known = this.lastKnownLeaders.delete(partition.place);
    if (partition.elr.length === 0 && !known) return partition;
    return Object.freeze({
      ...partition,
      elr: Object.freeze([]),
      partitionEpoch: partition.partitionEpoch + 1,
    });
  }

  /** Replicas for new partitions, or why there can be none. */
  private placed(topic: string, from: number, count: number, factor: number): Made {
    const usable = this.registry.all().filter(({ inControlledShutdown }) => !inControlledShutdown);
    const brokers = usable.map(({ node }) => node);
    const unfenced = usable.filter(({ fenced }) => !fenced).map(({ node }) => node);
    if (unfenced.length === 0)
      return { error: 'INVALID_REPLICATION_FACTOR', detail: 'All brokers are currently fenced.' };
    if (factor > brokers.length) {
      return {
        error: 'INVALID_REPLICATION_FACTOR',
        detail: `The target replication factor of ${factor} cannot be reached because only ${brokers.length} broker(s) are registered.`,
      };
    }
    const partitions = Array.from({ length: count }, (_, i) => {
      const replicas = dealt(brokers, unfenced, from + i, factor);
      return newPartition(topic, from + i, replicas, this.active(replicas));
    });
    return { partitions };
  }

  /** Partitions with the replicas that somebody chose for them. */
  private assigned(topic: string, sets: readonly (readonly string[])[]): Made {
    const partitions: PartitionImage[] = [];
    for (const [index, replicas] of sets.entries()) {
      const detail = this.wrongAssignment(replicas, index, sets[0]!.length);
      if (detail !== null) return { error: 'INVALID_REPLICA_ASSIGNMENT', detail };
      partitions.push(newPartition(topic, index, replicas, this.active(replicas)));
    }
    return { partitions };
  }

  private wrongAssignment(replicas: readonly string[], index: number, factor: number): string | null {
    const the = 'The manual partition assignment includes';
    if (replicas.length === 0) return `${the} an empty replica list.`;
    const sorted = [...replicas].sort();
    for (const [i, node] of sorted.entries()) {
      if (!this.registry.get(node))
        return `${the} broker ${brokerId(node)}, but no such broker is registered.`;
      if (node === sorted[i - 1]) return `${the} the broker ${brokerId(node)} more than once.`;
    }
    if (replicas.length !== factor)
      return `${the} a partition with ${replicas.length} replica(s), but this is not consistent with previous partitions, which have ${factor} replica(s).`;
    if (this.active(replicas).length === 0)
      return `All brokers specified in the manual partition assignment for partition ${index} are fenced or in controlled shutdown.`;
    return null;
  }

  private active(replicas: readonly string[]): string[] {
    return replicas.filter((node) => this.registry.isActive(node));
  }

  private tellCreated(name: string, created: readonly PartitionImage[], fx: Fx): void {
    // An internal topic is no place of the run's messages; who leads its partitions matters all the same.
    const { internal, config } = this.topic(name)!;
    if (!internal) {
      fx.trace({
        kind: 'places-created',
        node: CONTROLLER,
        name,
        places: created.map(({ place }) => place),
        total: this.topic(name)!.partitions.length,
        replicas: created.map(({ replicas }) => replicas),
        ...(Object.keys(config).length > 0 && { arguments: config }),
      });
    }
    for (const { place, leader: node, leaderEpoch: epoch } of created)
      fx.trace({ kind: 'leader-elected', place, node, epoch, clean: true, why: 'created' });
    for (const { place, isr, replicas } of created) {
      if (isr.length < replicas.length)
        fx.trace({ kind: 'isr-changed', place, isr, why: 'only live brokers are in sync at first' });
    }
  }

  /** K-37. */
  private allocateProducerIds({ node, brokerEpoch }: Of<'AllocateProducerIds'>): Reply {
    if (this.registry.get(node)?.brokerEpoch !== brokerEpoch)
      return { api: 'AllocateProducerIds', error: 'STALE_BROKER_EPOCH', first: -1, count: 0 };
    const first = this.nextProducerId;
    this.nextProducerId += PRODUCER_IDS_PER_BLOCK;
    return { api: 'AllocateProducerIds', error: 'NONE', first, count: PRODUCER_IDS_PER_BLOCK };
  }

  // What is, with what the command at hand has changed, and how it is told.

  private topic(name: string): TopicImage | undefined {
    const edited = this.edited.get(name);
    return edited === undefined ? this.image.topics.get(name) : (edited ?? undefined);
  }

  private topicNames(): string[] {
    const names = [...this.image.topics.keys()].filter((name) => !this.edited.has(name));
    for (const [name, topic] of this.edited) if (topic) names.push(name);
    return names;
  }

  private partition(place: string): PartitionImage | undefined {
    const { topic, index } = splitPlace(place);
    return this.topic(topic)?.partitions.find((partition) => partition.index === index);
  }

  /** As they are now: what happens to one of them later does not show. */
  private partitions(): PartitionImage[] {
    const all: PartitionImage[] = [];
    for (const name of this.image.topics.keys()) all.push(...(this.topic(name)?.partitions ?? []));
    return all;
  }

  private edit(partition: PartitionImage): void {
    const topic = this.topic(partition.topic)!;
    const at = topic.partitions.findIndex(({ index }) => index === partition.index);
    this.editTopic({ ...topic, partitions: topic.partitions.with(at, partition) });
  }

  private editTopic(topic: TopicImage): void {
    this.edited.set(topic.name, topic);
  }

  /** The command at hand is done: what it changed is the cluster's next image, and every broker is sent it. */
  private publish(fx: Fx): void {
    if (this.edited.size === 0 && !this.brokersEdited) return;
    const { image } = this;
    const topics = new Map(image.topics);
    for (const [name, topic] of this.edited) {
      if (!topic) topics.delete(name);
      else topics.set(name, Object.freeze({ ...topic, partitions: Object.freeze([...topic.partitions]) }));
    }
    this.image = Object.freeze({
      version: image.version + 1,
      brokers: this.brokersEdited ? this.registry.image() : image.brokers,
      topics,
    });
    this.edited.clear();
    this.brokersEdited = false;
    for (const { node } of this.registry.all()) this.send(node, fx);
  }

  /** What was sent to this broker went down with a connection, or with the last controller. */
  private catchUp({ node, imageVersion }: Heartbeat, fx: Fx): void {
    const { version } = this.image;
    if (imageVersion < version && (this.sent.get(node) ?? -1) < version) this.send(node, fx);
  }

  private send(node: string, fx: Fx): void {
    this.sent.set(node, this.image.version);
    fx.image(node, this.image);
  }
}

type Made =
  { readonly partitions: readonly PartitionImage[] } | { readonly error: ErrorCode; readonly detail: string };

/**
 * The cluster of a scenario, formed: every broker registered and unfenced, every topic there, each partition led by its
 * preferred leader and all its replicas in sync.
 * @param internalPlaces partitions of internal topics that are there too, sorted
 */
export function initialImage(system: KafkaSystem, internalPlaces: readonly string[] = []): ClusterImage {
  const brokers = Array.from({ length: system.brokers }, (_, i) => brokerName(i + 1));
  const topics = new Map<string, TopicImage>();
  const place = (topic: string, index: number, factor: number): PartitionImage => {
    const replicas = dealt(brokers, brokers, index, factor);
    return newPartition(topic, index, replicas, replicas);
  };
  const add = (name: string, internal: boolean, config: TopicConfig, partitions: PartitionImage[]): void => {
    topics.set(
      name,
      Object.freeze({
        name,
        internal,
        config: Object.freeze({ ...config }),
        partitions: Object.freeze(partitions),
      }),
    );
  };
  for (const { name, partitions, replicationFactor, replicas, config } of system.topics) {
    const made = replicas
      ? replicas.map((numbers, index) => {
          const nodes = numbers.map(brokerName);
          return newPartition(name, index, nodes, nodes);
        })
      : Array.from({ length: partitions }, (_, index) => place(name, index, replicationFactor));
    add(name, false, config, made);
  }
  for (const { topic: name, index } of internalPlaces.map(splitPlace)) {
    const { replicationFactor, config } = internalTopic(name, brokers.length, system.config);
    add(name, true, config, [...(topics.get(name)?.partitions ?? []), place(name, index, replicationFactor)]);
  }
  return Object.freeze({
    version: 1,
    brokers: new Map(brokers.map((node) => [node, Object.freeze({ node, fenced: false })])),
    topics,
  });
}

function done(
  api:
    | 'CreateTopics'
    | 'CreateInternalPartition'
    | 'DeleteTopics'
    | 'CreatePartitions'
    | 'IncrementalAlterConfigs',
  [error, detail]: Outcome,
): Reply {
  return { api, error, detail };
}

/** Why this one leads, or nobody. */
function reason({ leader, replicas }: PartitionImage, entitlement: Entitlement | null): string {
  if (leader === null) return 'no other replica may lead';
  const preferred = leader === replicas[0] ? 'the preferred leader' : 'the next in line';
  switch (entitlement) {
    case 'elr':
      return `${leader}, out of the ISR, has everything that was confirmed`;
    case 'last-known':
      return `${leader}, the last to lead it, is all there is`;
    case 'unclean':
      return `no replica in sync is alive, but ${leader} is`;
    default:
      return `${leader} is in sync and ${preferred}`;
  }
}

/** Of `broker-3`, 3: Kafka's brokers are numbers. */
function brokerId(node: string): string {
  return node.replace(/^broker-/, '');
}

/** @returns why a topic cannot be called so, or null */
function wrongName(name: string): string | null {
  if (name === '') return 'the empty string is not allowed';
  if (name === '.' || name === '..') return `'${name}' is not allowed`;
  if (name.length > TOPIC_NAME_MAX)
    return `the length of '${name}' is longer than the max allowed length ${TOPIC_NAME_MAX}`;
  if (!/^[A-Za-z0-9._-]+$/.test(name))
    return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  return null;
}

/** Names that are alike but for "." and "_" are one name to the metrics. */
function unified(name: string): string {
  return name.replaceAll('.', '_');
}
