/**
 * The library: KafkaConsumer with its poll loop (K-5, K-49, K-50, K-67 to K-74, K-79 to K-89). The application's thread
 * calls `poll()`; partitions are given up and taken only in there. A background thread knows of time and of answers.
 * Its parts: the network (consumer-network.ts), what it has (subscription.ts), positions.ts, fetcher.ts, commits.ts, and
 * how it takes part in its group (classic-membership.ts, consumer-membership.ts, manual-assignment.ts).
 */
import { assert } from '../../sim/errors.ts';
import type { Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Emission } from '../../sim/trace.ts';
import { ClassicMembership } from './classic-membership.ts';
import { Commits } from './commits.ts';
import type { ConsumerApp, ConsumerOptions, Offsets, Run, SeekTarget } from './consumer-api.ts';
import type { Commit, Context } from './consumer-context.ts';
import type { ConsumerCore, Membership } from './consumer-core.ts';
import { ConsumerProtocolMembership } from './consumer-membership.ts';
import { ConsumerNetwork } from './consumer-network.ts';
import { Fetcher } from './fetcher.ts';
import { ManualAssignment } from './manual-assignment.ts';
import { PositionFinder } from './positions.ts';
import type { GroupMetadata } from './producer-api.ts';
import type { Reply } from './protocol.ts';
import type { Sent } from './requests.ts';
import { Subscription } from './subscription.ts';

/** How long `close()` goes on trying (KafkaConsumer's default). */
const CLOSE_TIMEOUT_MS = 30_000;

/** Whose turn it is. */
type Thread =
  /** The application's: it works on what poll() returned, or does nothing. */
  | 'application'
  | 'polling'
  /** Inside poll(), or close(), the application has its partitions' revocation in hand. */
  | 'revoking'
  | 'committing'
  | 'closing'
  | 'closed';

export class ConsumerLibrary implements ConsumerCore {
  readonly port: Port;
  readonly options: ConsumerOptions;
  readonly app: ConsumerApp;
  readonly network: ConsumerNetwork;
  readonly subscription = new Subscription();
  readonly commits: Commits;
  readonly membership: Membership;
  private readonly positionFinder: PositionFinder;
  private readonly fetcher: Fetcher;
  private thread: Thread = 'closed';
  /** What goes on when the application has let its partitions go. */
  private revokingIn: 'polling' | 'closing' = 'polling';
  /** `close()` was called meanwhile. */
  private closeWanted = false;
  /** Whether {@link advance} is at work further up the stack. */
  private advancing = false;
  /** The background thread learnt of an error that the next poll() throws. */
  private doomed: { readonly code: string; readonly detail: string } | null = null;
  private lastPollAt: Micros = 0;
  private maxPollArmed = false;
  /** When everything looks again by itself. */
  private lookAgainAt: Micros = Infinity;

  /** @param app what the library tells; an actor that lives as long as the library */
  constructor(port: Port, options: ConsumerOptions, app: ConsumerApp) {
    this.port = port;
    this.options = options;
    this.app = app;
    this.network = new ConsumerNetwork(port, options, this);
    this.commits = new Commits(this);
    this.membership =
      options.assign !== undefined
        ? new ManualAssignment(this)
        : options.config['group.protocol'] === 'consumer'
          ? new ConsumerProtocolMembership(this)
          : new ClassicMembership(this);
    this.positionFinder = new PositionFinder(this);
    this.fetcher = new Fetcher(this, this.positionFinder);
  }

  /** The process began: nothing of an earlier life is left. The application calls {@link poll} when it likes. */
  start(): void {
    this.network.reset();
    this.subscription.reset();
    this.commits.reset();
    this.membership.reset();
    this.fetcher.reset();
    this.thread = 'application';
    this.advancing = false;
    this.closeWanted = false;
    this.doomed = null;
    this.lastPollAt = this.port.now();
    this.maxPollArmed = false;
    this.lookAgainAt = Infinity;
    this.network.refresh();
  }

  /** @returns whether it was the answer to a request of its own */
  receive(correlation: number, reply: Reply): boolean {
    const sent = this.network.answered(correlation);
    if (!sent) return false;
    if (this.thread === 'closed') return true;
    this.answered(sent, reply);
    this.look();
    return true;
  }

  /** @returns whether the timer was its own */
  wake(timer: string, data: unknown): boolean {
    const { timers } = this.options;
    if (!timer.startsWith(timers)) return false;
    const name = timer.slice(timers.length);
    if (!isTimer(name)) return false;
    if (this.thread === 'closed') return true;
    switch (name) {
      case 'look':
        if (data !== this.lookAgainAt) return true;
        this.lookAgainAt = Infinity;
        break;
      case 'heartbeat':
        this.membership.heartbeatDue(data);
        break;
      case 'max-poll':
        this.maxPollArmed = false;
        this.checkMaxPoll();
        break;
      case 'metadata':
        this.network.refreshDue(data);
        break;
      case 'commit-again':
        this.commits.send(data as Commit);
        break;
      case 'commit-timeout':
        this.commits.timeout();
        break;
      case 'close':
        this.leaveAndEnd();
        break;
      case 'requests':
        this.failed(this.network.timedOut());
        break;
    }
    this.look();
    return true;
  }

  /** The connection to a broker broke. */
  disconnected(peer: string): void {
    const lost = this.network.disconnected(peer);
    if (this.thread === 'closed') return;
    this.failed(lost);
    this.look();
  }

  // What the application calls.

  /** `poll()`: {@link ConsumerApp.polled} is its return; it waits as long as there is nothing. */
  poll(): void {
    if (this.thread !== 'application') return;
    this.thread = 'polling';
    this.lastPollAt = this.port.now();
    if (this.doomed) this.die(this.doomed.code, this.doomed.detail);
    else this.advance();
  }

  /**
   * K-72: `commitSync()`; {@link ConsumerApp.committed} is its return. Ends a poll() that waits, as it has a time limit.
   * @param offsets left out: the positions
   */
  commitSync(offsets: Offsets = this.positions()): void {
    if (this.thread !== 'application' && this.thread !== 'polling') return;
    if (offsets.length === 0) {
      this.thread = 'application';
      this.app.committed(null);
      return;
    }
    this.thread = 'committing';
    this.commits.start('sync', offsets, this.options.config['default.api.timeout.ms']);
  }

  /** K-72: `commitAsync()`; nobody waits, and it is tried once. */
  commitAsync(offsets: Offsets): void {
    if (offsets.length > 0) this.commits.start('async', offsets, 0);
  }

  /** The application's onPartitionsRevoked() returned. */
  revocationDone(): void {
    if (this.thread !== 'revoking') return;
    this.thread = this.revokingIn;
    if (this.thread === 'closing') this.leaveAndEnd();
    else {
      this.lastPollAt = this.port.now();
      this.membership.revocationDone();
      if (this.closeWanted) this.close();
      else this.advance();
    }
  }

  /** The partitions that it has now. */
  get assignment(): readonly string[] {
    return this.subscription.places();
  }

  /** The next offset that poll() returns, of every partition where it is known (K-70). */
  positions(): [string, number][] {
    return this.subscription.positions();
  }

  /** Records behind the high watermark, or the last stable offset for read_committed; null before the first fetch. */
  currentLag(place: string): number | null {
    const partition = this.subscription.get(place);
    if (!partition || partition.position === null || partition.end === null) return null;
    return Math.max(0, partition.end - partition.position);
  }

  /** What `sendOffsetsToTransaction()` says of the member (K-48). */
  groupMetadata(): GroupMetadata {
    const { joinedAs, instanceId } = this.membership;
    return { group: this.options.group, instanceId, ...joinedAs };
  }

  /** Offsets that a transaction carried are committed (K-48): as if it had committed them itself, for the trace. */
  committedByTransaction(offsets: Offsets): void {
    this.commits.settled(offsets);
  }

  /** K-70: `seek()`; partitions that it does not have are passed over. */
  seek(to: SeekTarget, places: readonly string[]): void {
    for (const place of places) {
      const partition = this.subscription.get(place);
      if (!partition) continue;
      const at = to.kind === 'time' ? to.at : to.kind === 'beginning' ? 'earliest' : 'latest';
      this.subscription.find(partition, { kind: 'seek', at });
      if (to.kind === 'offset') this.positionFinder.positionAt(partition, to.offset, 'seek');
    }
    this.look();
  }

  /** `pause()`: the partitions stay its own, and nothing of them is returned; what is buffered is kept. */
  pause(places: readonly string[]): void {
    this.setPaused(places, true);
  }

  resume(places: readonly string[]): void {
    this.setPaused(places, false);
  }

  /** `close()`: K-71, K-74, K-84; {@link ConsumerApp.closed} is its return. Ends a poll() that waits. */
  close(): void {
    if (this.thread === 'revoking') this.closeWanted = true;
    if (this.thread !== 'application' && this.thread !== 'polling') return;
    this.thread = 'closing';
    if (this.doomed) {
      this.die(this.doomed.code, this.doomed.detail);
      return;
    }
    this.port.timer(fromMs(CLOSE_TIMEOUT_MS), `${this.options.timers}close`);
    if (this.membership.settled && this.commits.hasAutomatic)
      this.commits.start('closing', this.positions(), CLOSE_TIMEOUT_MS);
    else this.giveUpAndLeave();
  }

  private setPaused(places: readonly string[], paused: boolean): void {
    const changed: string[] = [];
    for (const place of places) {
      const partition = this.subscription.get(place);
      if (!partition || partition.paused === paused) continue;
      partition.paused = paused;
      changed.push(place);
    }
    if (changed.length === 0) return;
    const { client, group } = this.options;
    const kind = paused ? 'reading-paused' : 'reading-resumed';
    this.port.emit({ kind, client, group, places: changed });
    this.look();
  }

  // The poll loop.

  /** Something has changed: the background thread looks, and a poll() that waits. */
  private look(): void {
    if (this.thread === 'closed') return;
    this.network.background();
    this.membership.background();
    if (this.thread === 'polling') this.advance();
  }

  /**
   * Polls until there is nothing to return. A loop, and not calls of one another: an application that needs no time for
   * its records calls poll() from within, and they can be many.
   */
  private advance(): void {
    if (this.advancing) return;
    this.advancing = true;
    while (this.thread === 'polling') {
      const runs = this.pollOnce();
      if (runs.length === 0) break;
      this.deliver(runs);
    }
    this.advancing = false;
  }

  private isPolling(): boolean {
    return this.thread === 'polling';
  }

  private pollOnce(): readonly Run[] {
    this.membership.poll();
    if (!this.isPolling()) return [];
    this.commits.maybeCommit();
    this.positionFinder.find();
    if (!this.isPolling()) return [];
    const runs = this.fetcher.collect();
    this.fetcher.send();
    if (runs.length === 0) this.lookAt(this.commits.nextAt);
    return runs;
  }

  private deliver(runs: readonly Run[]): void {
    const { port } = this;
    const { client, group } = this.options;
    this.lastPollAt = port.now();
    this.armMaxPoll();
    for (const { place, batch, from, to } of runs) {
      const { messages, keys, offsets, baseOffset, values } = batch;
      for (let i = from; i < to; i++) {
        const delivered: Extract<Emission, { kind: 'delivered' }> = {
          seq: 0,
          at: 0,
          kind: 'delivered',
          client,
          group,
          message: messages[i]!,
          key: keys[i]!,
          place,
          position: offsets === null ? baseOffset + i : offsets[i]!,
          redelivered: false,
          deliveryCount: null,
        };
        const value = values?.[i];
        if (value !== undefined) delivered.value = value;
        port.emit(delivered);
      }
    }
    this.thread = 'application';
    this.app.polled(runs);
  }

  /** K-73: one timer, moved on as long as the application keeps polling. */
  private armMaxPoll(): void {
    if (this.maxPollArmed) return;
    this.maxPollArmed = true;
    const { timers, config } = this.options;
    const due = this.lastPollAt + fromMs(config['max.poll.interval.ms']);
    this.port.timer(Math.max(0, due - this.port.now()), `${timers}max-poll`);
  }

  private checkMaxPoll(): void {
    if (this.thread === 'polling' || this.thread === 'closing') return;
    if (this.port.now() < this.lastPollAt + fromMs(this.options.config['max.poll.interval.ms']))
      this.armMaxPoll();
    else this.membership.pollTimedOut();
  }

  // Answers.

  private answered({ context, request, to }: Sent<Context>, reply: Reply): void {
    switch (reply.api) {
      case 'Metadata': {
        for (const place of this.network.learn(reply)) {
          const partition = this.subscription.get(place);
          if (partition) partition.notBefore = 0;
        }
        this.membership.metadataChanged();
        break;
      }
      case 'FindCoordinator':
        this.network.coordinatorFound(reply);
        break;
      case 'OffsetCommit':
        if (context?.kind === 'commit') this.commits.answered(context.commit, reply.error);
        break;
      case 'OffsetFetch':
        if (context?.kind === 'lookup') this.positionFinder.foundCommitted(reply, context.lookups);
        break;
      case 'ListOffsets':
        if (context?.kind === 'lookup') this.positionFinder.listed(reply, context.lookups);
        break;
      case 'Fetch':
        if (request.api === 'Fetch') this.fetcher.fetched(reply, request, to);
        break;
      case 'JoinGroup':
      case 'SyncGroup':
      case 'Heartbeat':
      case 'LeaveGroup':
      case 'ConsumerGroupHeartbeat':
        this.membership.answered(reply, context);
        break;
      default:
        assert(false, `${this.options.client} got an answer to ${reply.api}`);
    }
  }

  /** Everything under way is lost with its connection: each is tried again after a pause. */
  private failed(lost: readonly Sent<Context>[]): void {
    for (const { request, context, to } of lost) {
      switch (request.api) {
        case 'Metadata':
          this.network.metadataLost();
          break;
        case 'FindCoordinator':
          this.network.findLost();
          break;
        case 'Fetch':
          this.fetcher.lost(to);
          break;
        case 'OffsetFetch':
        case 'ListOffsets':
          if (context?.kind === 'lookup') this.positionFinder.failed(context.lookups);
          break;
        case 'OffsetCommit':
          if (context?.kind === 'commit') this.commits.later(context.commit);
          break;
        default:
          this.membership.failed(request, context);
      }
    }
  }

  // ConsumerCore: what its parts ask for.

  lookAt(at: Micros): void {
    if (at >= this.lookAgainAt) return;
    const { port } = this;
    const moment = Math.max(at, port.now());
    this.lookAgainAt = moment;
    port.timer(moment - port.now(), `${this.options.timers}look`, moment);
  }

  die(code: string, detail: string): void {
    if (this.thread === 'closed') return;
    this.membership.stop();
    if (this.thread === 'application') {
      this.doomed = { code, detail };
      return;
    }
    this.thread = 'closed';
    this.app.failed(code, detail);
  }

  revoking(places: readonly string[]): boolean {
    if (this.app.revoking(places)) return true;
    this.revokingIn = this.thread === 'closing' ? 'closing' : 'polling';
    this.thread = 'revoking';
    // onPartitionsRevoked() is part of the poll() that has not returned (K-73).
    this.lastPollAt = this.port.now();
    this.armMaxPoll();
    return false;
  }

  drop(places: readonly string[], lost: boolean): void {
    if (places.length === 0) return;
    for (const place of places) {
      this.subscription.delete(place);
      this.fetcher.forget(place);
    }
    const { client, group } = this.options;
    const { generation } = this.membership;
    this.port.emit({ kind: 'revoked', client, group, places, lost, generation });
    this.app.revoked(places, lost);
  }

  take(places: readonly string[], all: readonly string[]): void {
    const { client, group } = this.options;
    const { generation } = this.membership;
    for (const place of places) this.subscription.add(place);
    this.port.emit({ kind: 'assigned', client, group, places, all, generation });
    this.commits.restartTimer();
    this.app.assigned(places);
  }

  commitDone({ purpose }: Commit, error: string | null): void {
    switch (purpose) {
      case 'auto':
      case 'async':
        break;
      case 'before-rebalance':
        if (this.thread !== 'closing') this.membership.committedBeforeRebalance();
        break;
      case 'sync':
        if (this.thread !== 'committing') break;
        this.thread = 'application';
        this.app.committed(error);
        break;
      case 'closing':
        this.giveUpAndLeave();
        break;
    }
  }

  // The end.

  private giveUpAndLeave(): void {
    if (this.thread !== 'closing') return;
    const places = this.subscription.places();
    if (
      places.length === 0 ||
      this.membership.commitRefusal() === 'UNKNOWN_MEMBER_ID' ||
      this.revoking(places)
    )
      this.leaveAndEnd();
  }

  private leaveAndEnd(): void {
    this.drop(this.subscription.places(), this.membership.commitRefusal() === 'UNKNOWN_MEMBER_ID');
    this.membership.leave();
    this.thread = 'closed';
    this.app.closed();
  }
}

const TIMERS: ReadonlySet<string> = new Set([
  'look',
  'heartbeat',
  'max-poll',
  'metadata',
  'commit-again',
  'commit-timeout',
  'close',
  'requests',
]);

function isTimer(name: string): boolean {
  return TIMERS.has(name);
}
