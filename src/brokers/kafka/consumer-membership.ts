/**
 * A consumer in a group by the consumer protocol (K-85 to K-89, from the member's side): ConsumerGroupHeartbeat in the
 * background does everything that is said; what it must give up and may take it gives up and takes inside `poll()`, and
 * goes on reading the rest.
 */
import type { Random } from '../../sim/random.ts';
import { fromMs } from '../../sim/time.ts';
import type { Commit, Context } from './consumer-context.ts';
import { dieRefused, type ConsumerCore, type Membership } from './consumer-core.ts';
import { latePoll } from './late-poll.ts';
import type { ErrorCode, Reply, ReplyTo, Request } from './protocol.ts';

/** Member epochs that say that it leaves (K-86). */
const LEAVES = -1;
const LEAVES_FOR_NOW = -2;

/** Where it stands, in the words of Kafka's client. */
type State =
  | 'unsubscribed'
  | 'joining'
  /** It has a target that it does not hold yet. */
  | 'reconciling'
  /** It holds its target, and the coordinator is to hear of it at once. */
  | 'acknowledging'
  | 'stable'
  /** The coordinator does not take it for a member any more; the next poll() learns it. */
  | 'fenced'
  /** K-73: it left because nobody called poll(). */
  | 'stale'
  | 'left';

export class ConsumerProtocolMembership implements Membership {
  /** K-86: made by the client, and the same over its life. */
  memberId = '';
  readonly instanceId: string | null;
  joinedAs = { memberId: '', generation: -1 };
  private readonly core: ConsumerCore;
  private epoch = 0;
  private state: State = 'unsubscribed';
  /** What the coordinator last told it to hold. */
  private target: readonly string[] | null = null;
  /** The target that it is moving to, and how far it has got. */
  private moving: readonly string[] | null = null;
  private step: 'committing' | 'committed' | 'revoking' | null = null;
  private heartbeatIntervalMs = 0;
  private heartbeatOpen = false;
  /** It has something to say, or it is time to. */
  private due = false;
  /** Everything is said anew: it joins, or what it said last may not have arrived. */
  private full = true;
  /** Whether the application has been told of an assignment since it joined. */
  private assigned = false;
  /** What it last told that it owns. */
  private told = '';
  /** Counts memberships: what was asked under an earlier one does not count. */
  private round = 0;
  /** Counts heartbeats, so that there is one timer for the next. */
  private beats = 0;

  constructor(core: ConsumerCore) {
    this.core = core;
    this.instanceId = core.options.config['group.instance.id'] ?? null;
  }

  get generation(): number {
    return this.epoch > 0 ? this.epoch : -1;
  }

  get settled(): boolean {
    return this.commitRefusal() === null;
  }

  reset(): void {
    this.memberId = uuid(this.core.port.random);
    this.joinedAs = { memberId: this.memberId, generation: -1 };
    this.epoch = 0;
    this.state = 'unsubscribed';
    this.heartbeatIntervalMs = 0;
    this.restart();
  }

  /** Nothing of an earlier membership is left. */
  private restart(): void {
    this.target = null;
    this.moving = null;
    this.step = null;
    this.heartbeatOpen = false;
    this.due = false;
    this.full = true;
    this.assigned = false;
    this.told = '';
    this.round++;
    this.beats++;
  }

  poll(): void {
    const { network, subscription } = this.core;
    if (!network.known) return;
    switch (this.state) {
      case 'fenced':
      case 'stale':
        // onPartitionsLost(): whatever it had may be another's by now.
        this.core.drop(subscription.places(), true);
        this.join();
        break;
      case 'unsubscribed':
        this.join();
        break;
      case 'reconciling':
        this.reconcile();
        break;
      default:
        break;
    }
  }

  private join(): void {
    this.epoch = 0;
    this.restart();
    this.state = 'joining';
    this.core.subscription.ownedBefore = [];
    this.beat();
  }

  // Heartbeats.

  background(): void {
    if (this.due) this.beat();
  }

  heartbeatDue(data: unknown): void {
    if (data === this.beats) this.beat();
  }

  private beat(): void {
    switch (this.state) {
      case 'unsubscribed':
      case 'fenced':
      case 'stale':
      case 'left':
        return;
      default:
        break;
    }
    this.due = true;
    if (this.heartbeatOpen) return;
    const { network, options } = this.core;
    const coordinator = network.readyCoordinator();
    if (coordinator === null) return;
    this.due = false;
    this.heartbeatOpen = true;
    const owned = this.core.subscription.places().sort();
    const text = owned.join(' ');
    network.send(
      coordinator,
      {
        api: 'ConsumerGroupHeartbeat',
        group: options.group,
        memberId: this.memberId,
        instanceId: this.instanceId,
        memberEpoch: this.epoch,
        rebalanceTimeoutMs: options.config['max.poll.interval.ms'],
        topics: this.full ? [...options.topics].sort() : null,
        serverAssignor: options.config['group.remote.assignor'] ?? null,
        owned: this.full || text !== this.told ? owned : null,
      },
      { kind: 'member', round: this.round },
    );
    this.full = false;
    this.told = text;
    if (this.state === 'acknowledging') this.state = this.target === null ? 'stable' : 'reconciling';
    this.armHeartbeat();
  }

  private armHeartbeat(): void {
    this.beats++;
    if (this.heartbeatIntervalMs === 0) return;
    const { port, options } = this.core;
    port.timer(fromMs(this.heartbeatIntervalMs), `${options.timers}heartbeat`, this.beats);
  }

  answered(reply: Reply, context: Context): void {
    if (reply.api !== 'ConsumerGroupHeartbeat') return;
    if (context?.kind !== 'member' || context.round !== this.round) return;
    this.heartbeatOpen = false;
    if (reply.error === 'NONE') this.heard(reply as ReplyTo<'ConsumerGroupHeartbeat'>);
    else this.refused(reply.error, reply.message);
    if (this.due) this.beat();
  }

  private heard({ memberEpoch, heartbeatIntervalMs, assignment }: ReplyTo<'ConsumerGroupHeartbeat'>): void {
    const { state } = this;
    if (state === 'fenced' || state === 'stale' || state === 'left') return;
    this.epoch = memberEpoch;
    this.joinedAs = { memberId: this.memberId, generation: memberEpoch };
    if (heartbeatIntervalMs !== this.heartbeatIntervalMs) {
      this.heartbeatIntervalMs = heartbeatIntervalMs;
      this.armHeartbeat();
    }
    if (assignment !== null) {
      this.target = assignment;
      this.state = 'reconciling';
    } else if (state === 'joining') this.state = 'stable';
  }

  private refused(error: ErrorCode, message?: string): void {
    const { network } = this.core;
    switch (error) {
      case 'FENCED_MEMBER_EPOCH':
      case 'UNKNOWN_MEMBER_ID':
        this.leaveBehind('fenced');
        break;
      default:
        if (network.coordinatorFailed(error)) this.sayAgain();
        else dieRefused(this.core, error, message);
    }
  }

  failed(_request: Request, context: Context): void {
    if (context?.kind !== 'member' || context.round !== this.round) return;
    this.heartbeatOpen = false;
    this.sayAgain();
  }

  /** Whether the coordinator has heard it is not known. */
  private sayAgain(): void {
    this.full = true;
    this.due = true;
  }

  /** It is no member any more; what it holds is lost when the application comes back. */
  private leaveBehind(state: 'fenced' | 'stale'): void {
    this.epoch = 0;
    this.restart();
    this.state = state;
  }

  // Reconciliation (K-88, from the member's side).

  /** Moves towards the target as far as it can inside this poll(). */
  private reconcile(): void {
    const { subscription, commits, options } = this.core;
    if (this.step === 'committed') this.revoke();
    if (this.step !== null || this.state !== 'reconciling') return;
    const { target } = this;
    if (target === null) return;
    this.target = null;
    this.moving = target;
    const gone = this.gone();
    if (gone.length === 0 && subscription.size === target.length) {
      this.moved();
      return;
    }
    for (const place of gone) subscription.get(place)!.leaving = true;
    if (commits.hasAutomatic && this.settled) {
      this.step = 'committing';
      commits.start('before-rebalance', subscription.positions(), options.config['max.poll.interval.ms']);
    } else this.revoke();
  }

  private gone(): string[] {
    const { moving } = this;
    return this.core.subscription.places().filter((place) => !moving!.includes(place));
  }

  committedBeforeRebalance(): void {
    // The application hears of it inside poll(), and not while it works.
    if (this.step === 'committing') this.step = 'committed';
  }

  private revoke(): void {
    const gone = this.gone();
    this.step = 'revoking';
    if (gone.length === 0 || this.core.revoking(gone)) this.moved();
  }

  revocationDone(): void {
    if (this.step === 'revoking') this.moved();
  }

  private moved(): void {
    const { subscription } = this.core;
    const moving = this.moving!;
    const gone = this.gone();
    this.core.drop(gone, false);
    const added = moving.filter((place) => !subscription.has(place));
    this.moving = null;
    this.step = null;
    // The first assignment is told even where it is empty: an idle member is one that has nothing.
    if (gone.length > 0 || added.length > 0 || !this.assigned) this.core.take(added, moving);
    this.assigned = true;
    this.state = 'acknowledging';
    this.beat();
  }

  // Commits.

  commitRefusal(): ErrorCode | null {
    return this.epoch > 0 && this.state !== 'left' ? null : 'UNKNOWN_MEMBER_ID';
  }

  commitRefused(commit: Commit, error: ErrorCode): boolean {
    // K-89: a heartbeat brings, or has brought, the epoch that it moved to while the commit was on its way.
    return error === 'STALE_MEMBER_EPOCH' && commit.purpose === 'before-rebalance' && this.epoch > 0;
  }

  // The end.

  metadataChanged(): void {}

  pollTimedOut(): void {
    if (this.state === 'unsubscribed' || this.state === 'fenced' || this.state === 'stale') return;
    const { port, options } = this.core;
    port.emit(latePoll(options.client, options.config['max.poll.interval.ms']));
    this.sendLeave();
    this.leaveBehind('stale');
  }

  stop(): void {
    this.round++;
    this.beats++;
    this.due = false;
    this.state = 'left';
  }

  leave(): void {
    if (this.epoch > 0 || this.state === 'joining') this.sendLeave();
    this.stop();
  }

  private sendLeave(): void {
    const { network, options } = this.core;
    if (network.coordinator === null) return;
    network.send(network.coordinator, {
      api: 'ConsumerGroupHeartbeat',
      group: options.group,
      memberId: this.memberId,
      instanceId: this.instanceId,
      memberEpoch: this.instanceId === null ? LEAVES : LEAVES_FOR_NOW,
      rebalanceTimeoutMs: options.config['max.poll.interval.ms'],
      topics: null,
      serverAssignor: null,
      owned: null,
    });
  }
}

function uuid(random: Random): string {
  const hex = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
