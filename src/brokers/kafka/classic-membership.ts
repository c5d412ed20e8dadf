/**
 * A consumer in a group by the classic protocol (K-73, K-74, K-76 to K-84, from the member's side): it joins, gives up and
 * takes partitions only inside `poll()`; a background thread sends heartbeats and does nothing else. One of the members
 * leads the group and shares the partitions out.
 */
import { fromMs } from '../../sim/time.ts';
import { assign } from './assignors.ts';
import type { Commit, Context } from './consumer-context.ts';
import { dieRefused, type ConsumerCore, type Membership } from './consumer-core.ts';
import { latePoll } from './late-poll.ts';
import type { ErrorCode, JoinProtocol, Reply, ReplyTo, Request } from './protocol.ts';

const NOTHING = { owned: [], generation: -1 };

/** Where it stands (K-76, from the member's side). */
type State =
  | 'out'
  /** Its offsets are being committed, or its application gives them up, before it joins. */
  | 'preparing'
  | 'joining'
  | 'syncing'
  /** The assignment has come; the next poll() takes it up. */
  | 'assigned'
  /** It takes it up: what it must give up is with the application. */
  | 'taking-up'
  | 'stable';

export class ClassicMembership implements Membership {
  memberId = '';
  generation = -1;
  readonly instanceId: string | null;
  joinedAs = { memberId: '', generation: -1 };
  private readonly core: ConsumerCore;
  private readonly strategy: readonly string[];
  private readonly cooperative: boolean;
  private readonly heartbeatIntervalMs: number;
  private state: State = 'out';
  private leads = false;
  private rejoin = true;
  /** Whether partitions must be committed and revoked before the next JoinGroup. */
  private needsPrepare = true;
  /** The leader's members, while it asks for topics that only others of them read. */
  private toShareOut: ReplyTo<'JoinGroup'> | null = null;
  private pendingAssignment: { readonly assignor: string; readonly places: readonly string[] } | null = null;
  /** K-94: what the eager sticky assignor last gave it, and in which generation: its user data for the next join. */
  private remembered: Pick<JoinProtocol, 'owned' | 'generation'> = NOTHING;
  /** K-79: partition counts as the leader shared them out; others keep none. */
  private assignedMetadata: string | null = null;
  /** Counts memberships and their breaks: heartbeats of an earlier one are over. */
  private round = 0;
  private heartbeatOpen = false;

  constructor(core: ConsumerCore) {
    const { config } = core.options;
    this.core = core;
    this.strategy = config['partition.assignment.strategy'] ?? ['range', 'cooperative-sticky'];
    // K-82: a list of assignors is only as cooperative as its weakest entry.
    this.cooperative = this.strategy.every((name) => name === 'cooperative-sticky');
    this.heartbeatIntervalMs = config['heartbeat.interval.ms'] ?? 3000;
    this.instanceId = config['group.instance.id'] ?? null;
  }

  reset(): void {
    this.memberId = '';
    this.generation = -1;
    this.joinedAs = { memberId: '', generation: -1 };
    this.state = 'out';
    this.leads = false;
    this.rejoin = true;
    this.needsPrepare = true;
    this.toShareOut = null;
    this.pendingAssignment = null;
    this.remembered = NOTHING;
    this.assignedMetadata = null;
    this.round++;
    this.heartbeatOpen = false;
  }

  get settled(): boolean {
    return this.state === 'stable';
  }

  /** Finds the coordinator, joins, takes a new assignment up. */
  poll(): void {
    const { network } = this.core;
    if (!network.known) return;
    if (network.coordinator === null && (this.state === 'joining' || this.state === 'syncing'))
      this.state = 'out';
    if (network.readyCoordinator() === null) return;
    if (this.state === 'assigned') this.takeUp();
    if (this.state === 'stable' && this.leads && this.metadataText() !== this.assignedMetadata)
      this.rejoin = true;
    if (this.state === 'out' || (this.state === 'stable' && this.rejoin)) this.prepare();
  }

  background(): void {}

  answered(reply: Reply, context: Context): void {
    switch (reply.api) {
      case 'JoinGroup':
        this.joined(reply);
        break;
      case 'SyncGroup':
        this.synced(reply);
        break;
      case 'Heartbeat':
        if (context?.kind !== 'member' || context.round !== this.round) break;
        this.heartbeatOpen = false;
        this.heartbeatAnswered(reply.error);
        break;
      default:
        break;
    }
  }

  failed({ api }: Request, context: Context): void {
    if (api === 'JoinGroup' || api === 'SyncGroup') this.again();
    else if (context?.kind === 'member' && context.round === this.round) this.heartbeatOpen = false;
  }

  /** The rebalance is to be gone through again under the same membership. */
  private again(): void {
    if (this.state !== 'joining' && this.state !== 'syncing') return;
    this.state = 'out';
    this.rejoin = true;
  }

  /** K-82: before it joins, an eager member commits and gives up everything; a cooperative one keeps what it has. */
  private prepare(): void {
    const { subscription, commits, options } = this.core;
    if (!this.needsPrepare) {
      this.join();
      return;
    }
    this.needsPrepare = false;
    if (this.generation < 0) {
      subscription.ownedBefore = [];
      // It has been thrown out: whatever it had may be another's by now.
      this.core.drop(subscription.places(), true);
      this.join();
      return;
    }
    subscription.ownedBefore = subscription.places();
    if (!commits.hasAutomatic || this.state !== 'stable') {
      this.giveUpAndJoin();
      return;
    }
    this.state = 'preparing';
    if (!this.cooperative) for (const partition of subscription.all()) partition.leaving = true;
    commits.start('before-rebalance', subscription.positions(), options.config['max.poll.interval.ms']);
  }

  committedBeforeRebalance(): void {
    if (this.state === 'preparing') this.giveUpAndJoin();
  }

  private giveUpAndJoin(): void {
    const places = this.core.subscription.places();
    this.state = 'preparing';
    if (!this.cooperative && places.length > 0) {
      if (!this.core.revoking(places)) return;
      this.core.drop(places, false);
    }
    this.join();
  }

  revocationDone(): void {
    if (this.state === 'taking-up') this.giveUpAndTake();
    else if (this.state === 'preparing') {
      this.core.drop(this.core.subscription.places(), false);
      this.join();
    }
  }

  private join(): void {
    const { options, network } = this.core;
    const { group, config, topics } = options;
    const coordinator = network.readyCoordinator();
    if (coordinator === null) {
      this.state = 'out';
      this.rejoin = true;
      return;
    }
    this.state = 'joining';
    this.rejoin = false;
    this.toShareOut = null;
    // While it joins it is alive by waiting: the coordinator expects no heartbeat.
    this.round++;
    const subscribed = [...topics].sort();
    const request: Request = {
      api: 'JoinGroup',
      group,
      memberId: this.memberId,
      instanceId: this.instanceId,
      sessionTimeoutMs: config['session.timeout.ms'] ?? 45_000,
      rebalanceTimeoutMs: config['max.poll.interval.ms'],
      protocols: this.strategy.map((name): JoinProtocol => ({
        name,
        topics: subscribed,
        ...this.ownership(name),
      })),
    };
    // A join may rightly take a whole rebalance.
    const timeoutMs = Math.max(config['request.timeout.ms'], config['max.poll.interval.ms'] + 5000);
    network.send(coordinator, request, null, timeoutMs);
  }

  /** K-83, K-94: what it tells an assignor that it owns. The eager sticky one remembers what has just been given up. */
  private ownership(assignor: string): Pick<JoinProtocol, 'owned' | 'generation'> {
    if (assignor === 'sticky') return this.remembered;
    return {
      owned: this.core.subscription.places(),
      generation: assignor === 'cooperative-sticky' ? this.generation : -1,
    };
  }

  private joined(reply: ReplyTo<'JoinGroup'>): void {
    if (this.state !== 'joining') return;
    const { network } = this.core;
    switch (reply.error) {
      case 'NONE':
        break;
      case 'MEMBER_ID_REQUIRED':
        this.memberId = reply.memberId;
        this.join();
        return;
      case 'UNKNOWN_MEMBER_ID':
        this.lose();
        return;
      case 'REBALANCE_IN_PROGRESS':
        this.again();
        return;
      default:
        if (network.coordinatorFailed(reply.error)) this.again();
        else dieRefused(this.core, reply.error);
        return;
    }
    this.memberId = reply.memberId;
    this.generation = reply.generation;
    this.leads = reply.leader === reply.memberId;
    this.state = 'syncing';
    this.assignedMetadata = null;
    network.groupTopics = this.leads
      ? [...new Set(reply.members.flatMap(({ subscription }) => subscription.topics))].sort()
      : null;
    if (this.knowsTopics()) this.shareOut(reply);
    else {
      // Others subscribe to topics that the leader does not read: it asks for them before it shares them out.
      this.toShareOut = reply;
      network.refreshNow();
    }
    this.startHeartbeats();
  }

  private knowsTopics(): boolean {
    const { groupTopics, topics } = this.core.network;
    return groupTopics?.every((topic) => topics.has(topic)) ?? true;
  }

  metadataChanged(): void {
    const joined = this.toShareOut;
    if (!joined || !this.knowsTopics()) return;
    this.toShareOut = null;
    this.shareOut(joined);
  }

  /** K-80: every member asks for its part; the leader brings everyone's along. */
  private shareOut(reply: ReplyTo<'JoinGroup'>): void {
    const { network, options } = this.core;
    if (this.leads) this.assignedMetadata = this.metadataText();
    const assignments =
      this.leads && !reply.skipAssignment
        ? [
            ...assign(
              reply.protocol,
              reply.members.map(({ memberId, instanceId, subscription }) => ({
                memberId,
                instanceId,
                topics: subscription.topics,
                owned: subscription.owned,
                generation: subscription.generation,
              })),
              network.topics,
            ),
          ]
        : [];
    const coordinator = network.readyCoordinator();
    if (coordinator === null) {
      this.again();
      return;
    }
    const { memberId, instanceId, generation } = this;
    network.send(coordinator, {
      api: 'SyncGroup',
      group: options.group,
      memberId,
      instanceId,
      generation,
      assignments,
    });
  }

  private synced(reply: ReplyTo<'SyncGroup'>): void {
    if (this.state !== 'syncing') return;
    if (reply.error === 'NONE') {
      this.pendingAssignment = { assignor: reply.protocol, places: reply.places };
      this.state = 'assigned';
    } else if (reply.error === 'REBALANCE_IN_PROGRESS' || this.core.network.coordinatorFailed(reply.error))
      this.again();
    else if (reply.error === 'FENCED_INSTANCE_ID') dieRefused(this.core, reply.error);
    else this.lose();
  }

  /** K-82, K-83: what the rebalance callbacks see. */
  private takeUp(): void {
    const { assignor, places } = this.pendingAssignment!;
    if (assignor === 'sticky') this.remembered = { owned: places, generation: this.generation };
    const gone = this.gone(places);
    this.state = 'taking-up';
    if (gone.length === 0 || this.core.revoking(gone)) this.giveUpAndTake();
  }

  private giveUpAndTake(): void {
    const { places } = this.pendingAssignment!;
    const gone = this.gone(places);
    this.pendingAssignment = null;
    this.state = 'stable';
    this.joinedAs = { memberId: this.memberId, generation: this.generation };
    this.needsPrepare = true;
    if (gone.length > 0) {
      // Cooperative only: what it had to give up can be handed out in another round.
      this.core.drop(gone, false);
      this.rejoin = true;
    }
    const { subscription } = this.core;
    this.core.take(
      places.filter((place) => !subscription.has(place)),
      places,
    );
  }

  private gone(places: readonly string[]): string[] {
    return this.core.subscription.places().filter((place) => !places.includes(place));
  }

  /** The coordinator does not know it any more; it begins anew at its next poll(). */
  private lose(): void {
    this.memberId = '';
    this.generation = -1;
    this.leads = false;
    this.core.network.groupTopics = null;
    this.toShareOut = null;
    this.state = 'out';
    this.rejoin = true;
    this.needsPrepare = true;
    this.pendingAssignment = null;
    this.round++;
  }

  stop(): void {
    this.round++;
  }

  private startHeartbeats(): void {
    this.round++;
    this.heartbeatOpen = false;
    this.armHeartbeat();
  }

  private armHeartbeat(): void {
    const { port, options } = this.core;
    port.timer(fromMs(this.heartbeatIntervalMs), `${options.timers}heartbeat`, this.round);
  }

  heartbeatDue(data: unknown): void {
    if (data !== this.round) return;
    const { network, options } = this.core;
    this.armHeartbeat();
    if (this.heartbeatOpen) return;
    const coordinator = network.readyCoordinator();
    if (coordinator === null) return;
    this.heartbeatOpen = true;
    const { memberId, instanceId, generation, round } = this;
    network.send(
      coordinator,
      { api: 'Heartbeat', group: options.group, memberId, instanceId, generation },
      { kind: 'member', round },
    );
  }

  private heartbeatAnswered(error: ErrorCode): void {
    switch (error) {
      case 'NONE':
        break;
      case 'REBALANCE_IN_PROGRESS':
        this.rejoin = true;
        break;
      case 'FENCED_INSTANCE_ID':
        dieRefused(this.core, error);
        break;
      default:
        if (!this.core.network.coordinatorFailed(error)) this.lose();
    }
  }

  pollTimedOut(): void {
    if (this.memberId === '') return;
    const { port, options } = this.core;
    const fixed = this.instanceId !== null;
    port.emit(latePoll(options.client, options.config['max.poll.interval.ms'], fixed));
    // A static member only falls silent: unless it polls again and joins before, its session decides.
    if (!fixed) this.sendLeave('consumer poll timeout has expired');
    this.lose();
  }

  leave(): void {
    if (this.instanceId === null) this.sendLeave('the consumer is being closed');
    this.stop();
  }

  private sendLeave(why: string): void {
    const { network, options } = this.core;
    if (this.memberId === '' || network.coordinator === null) return;
    network.send(network.coordinator, {
      api: 'LeaveGroup',
      group: options.group,
      memberId: this.memberId,
      why,
    });
  }

  commitRefusal(): ErrorCode | null {
    if (this.state === 'stable' || this.state === 'preparing') return null;
    return this.memberId === '' ? 'UNKNOWN_MEMBER_ID' : 'REBALANCE_IN_PROGRESS';
  }

  commitRefused(commit: Commit, error: ErrorCode): boolean {
    // The answer to a commit of an earlier membership says nothing of the present one.
    if (commit.memberId !== this.memberId || commit.generation !== this.generation) return false;
    if (error === 'REBALANCE_IN_PROGRESS') this.rejoin = true;
    else if (error !== 'FENCED_INSTANCE_ID') this.lose();
    return false;
  }

  /** What the leader compares: topics and how many partitions each has. */
  private metadataText(): string {
    return [...this.core.network.topics].map(([topic, places]) => `${topic} ${places.length}`).join('\n');
  }
}
