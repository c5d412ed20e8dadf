/**
 * A consuming application and its KafkaConsumer: one application thread that polls, works on what it got and commits
 * (K-68 to K-73), and a background thread that sends heartbeats and answers nothing else (K-74, K-79).
 *
 * The consumer rejoins, gives partitions up and takes new ones only inside `poll()`, as KafkaConsumer does: an
 * application that is busy learns of a rebalance when it comes back for more.
 */
import { assert } from '../../sim/errors.ts';
import type { Actor, Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import { assign, type TopicPlaces } from './assignors.ts';
import type { KafkaConsumer } from './config.ts';
import type { ErrorCode, FetchedRecords, JoinProtocol, ReplyEnvelope, ReplyTo, Request } from './protocol.ts';
import { atLeastMicros, backoffMicros, Requests } from './requests.ts';

/** K-67: how long commitSync and close go on trying. */
const API_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 30_000;
const BACKOFF_MAX_MS = 1000;
const NOTHING = { owned: [], generation: -1 };

interface Partition {
  readonly place: string;
  /** Next offset that poll() will return (K-70); null until it is known. */
  position: number | null;
  /** What this consumer knows to be committed. */
  committed: number | null;
  /** Why its position is looked up by auto.offset.reset; null where the committed offset is asked for. */
  finding: 'reset' | 'out-of-range' | null;
  /** An eager rebalance is about to take it: nothing more of it is returned. */
  leaving: boolean;
}

/** Records of one partition that poll() handed to the application. */
interface Run {
  readonly place: string;
  readonly records: FetchedRecords;
  /** Index of the first, and one past the last. */
  readonly from: number;
  readonly to: number;
}

/** Why a commit was sent, and so who waits for it. */
type CommitPurpose = 'auto' | 'before-rebalance' | 'sync' | 'closing';

interface Commit {
  readonly purpose: CommitPurpose;
  readonly offsets: readonly (readonly [place: string, offset: number])[];
  /** When it gives up trying again. */
  readonly until: Micros;
  attempt: number;
  /** The membership that it was last sent under. */
  memberId: string;
  generation: number;
}

type Context = Commit | null;

/** Where it stands in the group (K-76, from the member's side). */
type Membership =
  | 'out'
  /** Its offsets are being committed before it gives its partitions up. */
  | 'preparing'
  | 'joining'
  | 'syncing'
  /** The assignment has come; the next poll() takes it up. */
  | 'assigned'
  | 'stable';

export class ConsumerClient implements Actor {
  readonly id: string;
  private readonly port: Port;
  private readonly client: KafkaConsumer;
  private readonly cooperative: boolean;
  private readonly instanceId: string | null;
  private readonly requests: Requests<Context>;

  private thread: 'polling' | 'working' | 'committing' | 'closing' = 'polling';
  private closeAsked = false;
  /** Whether {@link advance} is at work further up the stack. */
  private advancing = false;
  /** The background thread learnt of an error that the next poll() throws. */
  private doomed: { readonly code: string; readonly detail: string } | null = null;
  private metadata: TopicPlaces = new Map();
  private metadataKnown = false;
  /** Counts replies, so that there is one timer for the next refresh. */
  private metadataRound = 0;
  /** What the group's members subscribe to altogether, while this one leads it. */
  private groupTopics: readonly string[] | null = null;
  /** The leader's members, while it asks for topics that only others of them read. */
  private toShareOut: ReplyTo<'JoinGroup'> | null = null;
  private coordinator: string | null = null;
  private findingCoordinator = false;
  private failures = 0;
  private retryAt: Micros = 0;
  private pollTimerAt: Micros = Infinity;

  private membership: Membership = 'out';
  private memberId = '';
  private generation = -1;
  private leads = false;
  private rejoin = true;
  /** Whether partitions must be committed and revoked before the next JoinGroup. */
  private needsPrepare = true;
  private pendingAssignment: { readonly assignor: string; readonly places: readonly string[] } | null = null;
  /** K-94: what the eager sticky assignor last gave it, and in which generation: its user data for the next join. */
  private remembered: Pick<JoinProtocol, 'owned' | 'generation'> = NOTHING;
  /** What it owned when it last began to join. */
  private ownedBefore: readonly string[] = [];
  /** K-79: partition counts as the leader shared them out; others keep none. */
  private assignedMetadata: string | null = null;
  private heartbeats = 0;
  private heartbeatOpen = false;

  private partitions = new Map<string, Partition>();
  private buffer: { records: FetchedRecords; next: number }[] = [];
  private fetching = false;
  private finding = false;

  private batch: Run[] = [];
  private runIndex = 0;
  private recordIndex = 0;
  private lastPollAt: Micros = 0;
  private maxPollArmed = false;
  private nextAutoCommitAt: Micros = Infinity;

  constructor(port: Port, client: KafkaConsumer, broker: string) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    // K-82: a list of assignors is only as cooperative as its weakest entry.
    this.cooperative = client.config['partition.assignment.strategy'].every(
      (name) => name === 'cooperative-sticky',
    );
    this.instanceId = client.config['group.instance.id'] ?? null;
    this.requests = new Requests(port, broker, client.config['request.timeout.ms']);
  }

  start(): void {
    this.reset();
    this.port.emit({ kind: 'client-started', client: this.id, role: 'consumer' });
    this.refreshMetadata();
    this.poll();
  }

  receive(message: unknown): void {
    const { correlation, reply } = message as ReplyEnvelope;
    const sent = this.requests.answered(correlation);
    if (!sent) return;
    this.failures = 0;
    switch (reply.api) {
      case 'Metadata':
        this.learn(reply);
        break;
      case 'FindCoordinator':
        this.findingCoordinator = false;
        this.coordinator = reply.node;
        break;
      case 'JoinGroup':
        this.joined(reply);
        break;
      case 'SyncGroup':
        this.synced(reply);
        break;
      case 'Heartbeat':
        this.heartbeatOpen = false;
        this.heartbeatAnswered(reply.error);
        break;
      case 'OffsetCommit':
        this.commitAnswered(sent.context!, reply.error);
        break;
      case 'OffsetFetch':
        this.foundCommitted(reply);
        break;
      case 'ListOffsets':
        this.foundReset(reply);
        break;
      case 'Fetch':
        this.fetched(reply);
        break;
      case 'LeaveGroup':
        break;
      default:
        assert(false, `${this.id} got an answer to ${reply.api}`);
    }
    this.proceed();
  }

  wake(timer: string, data: unknown): void {
    switch (timer) {
      case 'poll':
        this.pollTimerAt = Infinity;
        this.proceed();
        break;
      case 'worked':
        this.finishRecord();
        // After a commit of its own the application goes on when that is answered.
        if (!this.commitsItself('after-each')) this.advance();
        break;
      case 'heartbeat':
        if (data === this.heartbeats) this.beat();
        break;
      case 'max-poll':
        this.maxPollArmed = false;
        this.checkMaxPoll();
        break;
      case 'metadata':
        if (data === this.metadataRound) this.refreshMetadata();
        break;
      case 'commit-again':
        this.sendCommit(data as Commit);
        break;
      case 'close-timeout':
        this.leaveAndEnd();
        break;
      case 'request-timeout':
        this.fail(this.requests.timedOut());
        break;
    }
  }

  disconnected(): void {
    this.fail(this.requests.takeAll());
  }

  /** The application calls `close()` as soon as it is done with what poll() gave it. */
  close(): void {
    this.closeAsked = true;
    if (this.thread === 'polling') this.beginClose();
  }

  private reset(): void {
    this.thread = 'polling';
    this.closeAsked = false;
    this.doomed = null;
    this.metadata = new Map();
    this.metadataKnown = false;
    this.groupTopics = null;
    this.toShareOut = null;
    this.coordinator = null;
    this.findingCoordinator = false;
    this.failures = 0;
    this.retryAt = 0;
    this.pollTimerAt = Infinity;
    this.membership = 'out';
    this.memberId = '';
    this.generation = -1;
    this.leads = false;
    this.rejoin = true;
    this.needsPrepare = true;
    this.pendingAssignment = null;
    this.remembered = NOTHING;
    this.ownedBefore = [];
    this.assignedMetadata = null;
    this.heartbeats++;
    this.heartbeatOpen = false;
    this.partitions = new Map();
    this.buffer = [];
    this.fetching = false;
    this.finding = false;
    this.batch = [];
    this.runIndex = 0;
    this.recordIndex = 0;
    this.maxPollArmed = false;
    this.nextAutoCommitAt = Infinity;
    this.requests.reset();
  }

  // The application thread: poll, work, commit.

  private poll(): void {
    this.thread = 'polling';
    this.lastPollAt = this.port.now();
    if (this.doomed) this.dieOf(this.doomed.code, this.doomed.detail);
    else if (this.closeAsked) this.beginClose();
    else this.advance();
  }

  /** A poll() that waits looks again: something that it waits for has changed. */
  private proceed(): void {
    if (this.thread === 'polling') this.advance();
  }

  /**
   * Runs the application's thread until it has to wait. A loop, and not calls of one another: records that take no
   * time to work on can be many.
   */
  private advance(): void {
    if (this.advancing) return;
    this.advancing = true;
    let going = true;
    while (going) {
      if (this.thread === 'polling') going = this.look();
      else going = this.thread === 'working' && this.work();
    }
    this.advancing = false;
  }

  /** What `poll()` does. @returns whether it has returned records */
  private look(): boolean {
    this.group();
    if (this.isStopped()) return false;
    this.autoCommit();
    this.findPositions();
    if (this.isStopped()) return false;
    const found = this.collect();
    this.fetch();
    if (found) this.deliver();
    else this.armPoll();
    return found;
  }

  private isStopped(): boolean {
    return this.thread === 'closing';
  }

  private deliver(): void {
    const { group } = this.client;
    this.lastPollAt = this.port.now();
    this.armMaxPoll();
    for (const { place, records, from, to } of this.batch) {
      for (let i = from; i < to; i++) {
        this.port.emit({
          kind: 'delivered',
          client: this.id,
          group,
          message: records.messages[i]!,
          key: records.keys[i]!,
          place,
          position: records.baseOffset + i,
          redelivered: false,
          deliveryCount: null,
        });
      }
    }
    this.runIndex = 0;
    this.recordIndex = this.batch[0]!.from;
    if (this.commitsItself('before-batch')) this.commitSync(this.positions());
    else this.thread = 'working';
  }

  /** Works on one record, or ends the batch when there is none left. @returns whether it need not wait */
  private work(): boolean {
    const { processingMs } = this.client;
    if (!this.batch[this.runIndex]) {
      this.batch = [];
      if (this.commitsItself('after-batch')) this.commitSync(this.positions());
      else this.poll();
      return true;
    }
    if (processingMs > 0) {
      this.port.timer(fromMs(processingMs * this.port.slowness()), 'worked');
      return false;
    }
    this.finishRecord();
    return true;
  }

  private finishRecord(): void {
    const { place, records, to } = this.batch[this.runIndex]!;
    const i = this.recordIndex++;
    this.port.emit({
      kind: 'processed',
      client: this.id,
      group: this.client.group,
      message: records.messages[i]!,
      key: records.keys[i]!,
      place,
      position: records.baseOffset + i,
    });
    if (this.recordIndex >= to) {
      this.runIndex++;
      this.recordIndex = this.batch[this.runIndex]?.from ?? 0;
    }
    if (this.commitsItself('after-each')) this.commitSync([[place, records.baseOffset + i + 1]]);
  }

  private commitsItself(style: KafkaConsumer['commit']): boolean {
    return !this.client.config['enable.auto.commit'] && this.client.commit === style;
  }

  /** K-72: blocks the application until it is answered. */
  private commitSync(offsets: Commit['offsets']): void {
    this.thread = 'committing';
    const until = this.port.now() + fromMs(API_TIMEOUT_MS);
    this.sendCommit({ purpose: 'sync', offsets, until, attempt: 0, memberId: '', generation: -1 });
  }

  private afterCommitSync(): void {
    if (this.batch.length > 0) {
      this.thread = 'working';
      this.advance();
    } else this.poll();
  }

  // Positions and records.

  /** Position = next offset that poll() returns (K-70). */
  private positions(): [string, number][] {
    const positions: [string, number][] = [];
    for (const { place, position } of this.partitions.values())
      if (position !== null) positions.push([place, position]);
    return positions;
  }

  /** K-69: asks for the committed offset of every partition without a position, then for the reset offset. */
  private findPositions(): void {
    if (this.finding || !this.coordinator || this.port.now() < this.retryAt) return;
    const unknown = [...this.partitions.values()].filter(({ position }) => position === null);
    if (unknown.length === 0) return;
    const toReset = unknown.filter(({ finding }) => finding !== null).map(({ place }) => place);
    const rest = unknown.filter(({ finding }) => finding === null).map(({ place }) => place);
    this.finding = true;
    if (rest.length > 0) this.send({ api: 'OffsetFetch', group: this.client.group, places: rest });
    else {
      const at = this.client.config['auto.offset.reset'];
      if (at === 'none') {
        const outOfRange = unknown.some(({ finding }) => finding === 'out-of-range');
        this.dieOf(
          outOfRange ? 'OffsetOutOfRangeException' : 'NoOffsetForPartitionException',
          `no ${outOfRange ? 'record at the position' : 'committed offset'} for ${toReset.join(', ')}, and auto.offset.reset is none`,
        );
        return;
      }
      this.send({ api: 'ListOffsets', places: toReset, at });
    }
  }

  private foundCommitted(reply: ReplyTo<'OffsetFetch'>): void {
    this.finding = false;
    for (const [place, offset] of reply.offsets) {
      const partition = this.partitions.get(place);
      if (!partition || partition.position !== null) continue;
      if (offset < 0) {
        partition.finding = 'reset';
        continue;
      }
      partition.committed = offset;
      this.positionAt(partition, offset, 'committed');
    }
  }

  private foundReset(reply: ReplyTo<'ListOffsets'>): void {
    this.finding = false;
    for (const [place, offset] of reply.offsets) {
      const partition = this.partitions.get(place);
      if (partition?.position === null) this.positionAt(partition, offset, 'reset');
    }
  }

  private positionAt(partition: Partition, position: number, by: 'committed' | 'reset'): void {
    const { place, finding } = partition;
    partition.position = position;
    partition.finding = null;
    const outOfRange = finding === 'out-of-range';
    const takeover = by === 'committed' && !this.ownedBefore.includes(place);
    this.port.emit({
      kind: 'positioned',
      client: this.id,
      group: this.client.group,
      place,
      position,
      by,
      ...(takeover && { takeover }),
      ...(outOfRange && { outOfRange }),
    });
  }

  /** K-68: one fetch at a time, for every partition of which nothing is buffered. */
  private fetch(): void {
    if (this.fetching || this.port.now() < this.retryAt) return;
    const positions: [string, number][] = [];
    for (const { place, position, leaving } of this.partitions.values()) {
      if (position === null || leaving) continue;
      if (this.buffer.some(({ records }) => records.place === place)) continue;
      positions.push([place, position]);
    }
    if (positions.length === 0) return;
    const { config } = this.client;
    this.fetching = true;
    this.send({
      api: 'Fetch',
      minBytes: config['fetch.min.bytes'],
      maxWaitMs: config['fetch.max.wait.ms'],
      maxBytes: config['fetch.max.bytes'],
      maxPartitionBytes: config['max.partition.fetch.bytes'],
      positions,
    });
  }

  private fetched(reply: ReplyTo<'Fetch'>): void {
    this.fetching = false;
    for (const records of reply.partitions) {
      const partition = this.partitions.get(records.place);
      // What was asked for before a rebalance or a seek is thrown away.
      if (partition?.position !== records.baseOffset) continue;
      if (records.error === 'OFFSET_OUT_OF_RANGE') {
        partition.position = null;
        partition.finding = 'out-of-range';
      } else if (records.error === 'NONE') this.buffer.push({ records, next: 0 });
    }
  }

  /** Takes up to `max.poll.records` out of the buffer, and moves the positions past them. @returns whether there are any */
  private collect(): boolean {
    let room = this.client.config['max.poll.records'];
    this.batch = [];
    let drained = 0;
    let skipped = false;
    for (const entry of this.buffer) {
      if (room === 0) break;
      const { records, next } = entry;
      const partition = this.partitions.get(records.place);
      if (partition?.position !== records.baseOffset + next) {
        entry.next = records.messages.length;
        skipped = true;
        continue;
      }
      if (partition.leaving) continue;
      const to = Math.min(records.messages.length, next + room);
      room -= to - next;
      entry.next = to;
      partition.position = records.baseOffset + to;
      this.batch.push({ place: records.place, records, from: next, to });
      if (to === records.messages.length) drained++;
    }
    if (drained > 0 || skipped)
      this.buffer = this.buffer.filter(({ records, next }) => next < records.messages.length);
    return this.batch.length > 0;
  }

  // Commits.

  /** K-71: inside poll(), of the positions that earlier polls returned. */
  private autoCommit(): void {
    if (!this.client.config['enable.auto.commit'] || this.membership !== 'stable') return;
    if (this.port.now() < this.nextAutoCommitAt) return;
    this.nextAutoCommitAt = this.port.now() + atLeastMicros(this.client.config['auto.commit.interval.ms']);
    const offsets = this.positions();
    if (offsets.length > 0)
      this.sendCommit({ purpose: 'auto', offsets, until: 0, attempt: 0, memberId: '', generation: -1 });
  }

  private sendCommit(commit: Commit): void {
    const { group } = this.client;
    if (this.membership !== 'stable' && this.membership !== 'preparing') {
      // The client itself knows that this cannot succeed: it is out of the group, or in the middle of a rebalance.
      this.tellCommitFailed(commit, this.memberId === '' ? 'UNKNOWN_MEMBER_ID' : 'REBALANCE_IN_PROGRESS');
      this.commitDone(commit);
      return;
    }
    if (!this.coordinator) {
      this.findCoordinator();
      this.commitFailed(commit, null);
      return;
    }
    const { memberId, generation, instanceId } = this;
    commit.memberId = memberId;
    commit.generation = generation;
    this.send(
      { api: 'OffsetCommit', group, memberId, instanceId, generation, offsets: commit.offsets },
      commit,
    );
  }

  private commitAnswered(commit: Commit, error: ErrorCode): void {
    if (error === 'NONE') {
      for (const [place, offset] of commit.offsets) {
        const partition = this.partitions.get(place);
        // Offsets that had not moved are committed again, but that settles nothing.
        if (partition?.committed === offset) continue;
        if (partition) partition.committed = offset;
        this.port.emit({
          kind: 'settled',
          client: this.id,
          group: this.client.group,
          outcome: 'committed',
          place,
          position: offset,
          message: null,
        });
      }
    } else {
      this.tellCommitFailed(commit, error);
      if (error === 'FENCED_INSTANCE_ID') {
        this.dieOf(error, refusals[error]!);
        return;
      }
      // The answer to a commit of an earlier membership says nothing of the present one.
      if (commit.memberId === this.memberId && commit.generation === this.generation) {
        if (error === 'REBALANCE_IN_PROGRESS') this.rejoin = true;
        else this.loseMembership();
      }
    }
    this.commitDone(commit);
  }

  private tellCommitFailed({ offsets }: Commit, code: string): void {
    const what = offsets.map(([place, offset]) => `${place} at ${offset}`).join(', ');
    this.port.emit({ kind: 'error', client: this.id, code, detail: `the commit of ${what} failed` });
  }

  /** The answer never came. @param wait how long until it may be tried again, or null to choose */
  private commitFailed(commit: Commit, wait: Micros | null): void {
    const { config } = this.client;
    commit.attempt++;
    const pause =
      wait ?? backoffMicros(this.port, commit.attempt, config['retry.backoff.ms'], BACKOFF_MAX_MS);
    if (commit.purpose === 'auto') {
      this.nextAutoCommitAt = Math.min(this.nextAutoCommitAt, this.port.now() + pause);
      return;
    }
    if (this.port.now() + pause < commit.until) {
      this.port.timer(pause, 'commit-again', commit);
      return;
    }
    this.tellCommitFailed(commit, 'TimeoutException');
    this.commitDone(commit);
  }

  private commitDone(commit: Commit): void {
    if (this.isStopped() && commit.purpose !== 'closing') return;
    if (commit.purpose === 'sync') this.afterCommitSync();
    else if (commit.purpose === 'closing') this.leaveAndEnd();
    else if (commit.purpose === 'before-rebalance' && this.membership === 'preparing') this.giveUpAndJoin();
  }

  // Membership.

  /** The coordinator's part of poll(): finds it, joins, takes a new assignment up. */
  private group(): void {
    if (!this.metadataKnown || this.port.now() < this.retryAt) return;
    if (!this.coordinator) {
      if (this.membership === 'joining' || this.membership === 'syncing') this.membership = 'out';
      this.findCoordinator();
      return;
    }
    if (this.membership === 'assigned') this.takeUp();
    if (this.membership === 'stable' && this.leads && this.metadataText() !== this.assignedMetadata)
      this.rejoin = true;
    if (this.membership === 'out' || (this.membership === 'stable' && this.rejoin)) this.prepare();
  }

  private findCoordinator(): void {
    if (this.findingCoordinator) return;
    this.findingCoordinator = true;
    this.send({ api: 'FindCoordinator', group: this.client.group });
  }

  /** K-82: before it joins, an eager member commits and gives up everything; a cooperative one keeps what it has. */
  private prepare(): void {
    if (!this.needsPrepare) {
      this.join();
      return;
    }
    this.needsPrepare = false;
    this.ownedBefore = [...this.partitions.keys()];
    if (this.generation < 0) {
      this.ownedBefore = [];
      // It has been thrown out: whatever it had may be another's by now.
      this.drop([...this.partitions.keys()], true);
      this.join();
      return;
    }
    const offsets = this.positions();
    if (!this.client.config['enable.auto.commit'] || offsets.length === 0 || this.membership !== 'stable') {
      this.giveUpAndJoin();
      return;
    }
    this.membership = 'preparing';
    if (!this.cooperative) for (const partition of this.partitions.values()) partition.leaving = true;
    const until = this.port.now() + fromMs(this.client.config['max.poll.interval.ms']);
    this.sendCommit({
      purpose: 'before-rebalance',
      offsets,
      until,
      attempt: 0,
      memberId: '',
      generation: -1,
    });
  }

  private giveUpAndJoin(): void {
    if (!this.cooperative) this.drop([...this.partitions.keys()], false);
    this.join();
  }

  /** Gives partitions up (`lost`: finds them taken), as onPartitionsRevoked and onPartitionsLost tell it. */
  private drop(places: readonly string[], lost: boolean): void {
    if (places.length === 0) return;
    for (const place of places) this.partitions.delete(place);
    this.buffer = this.buffer.filter(({ records }) => this.partitions.has(records.place));
    const { generation } = this;
    this.port.emit({ kind: 'revoked', client: this.id, group: this.client.group, places, lost, generation });
  }

  private join(): void {
    const { group, config, topics } = this.client;
    this.membership = 'joining';
    this.rejoin = false;
    this.toShareOut = null;
    // While it joins it is alive by waiting: the coordinator expects no heartbeat.
    this.heartbeats++;
    const subscribed = [...topics].sort();
    const request: Request = {
      api: 'JoinGroup',
      group,
      memberId: this.memberId,
      instanceId: this.instanceId,
      sessionTimeoutMs: config['session.timeout.ms'],
      rebalanceTimeoutMs: config['max.poll.interval.ms'],
      protocols: config['partition.assignment.strategy'].map((name): JoinProtocol => ({
        name,
        topics: subscribed,
        ...this.ownership(name),
      })),
    };
    // A join may rightly take a whole rebalance.
    this.send(request, null, Math.max(config['request.timeout.ms'], config['max.poll.interval.ms'] + 5000));
  }

  /** K-83, K-94: what it tells an assignor that it owns. The eager sticky one remembers what has just been given up. */
  private ownership(assignor: string): Pick<JoinProtocol, 'owned' | 'generation'> {
    if (assignor === 'sticky') return this.remembered;
    return {
      owned: [...this.partitions.keys()],
      generation: assignor === 'cooperative-sticky' ? this.generation : -1,
    };
  }

  private joined(reply: ReplyTo<'JoinGroup'>): void {
    if (this.membership !== 'joining') return;
    switch (reply.error) {
      case 'NONE':
        break;
      case 'MEMBER_ID_REQUIRED':
        this.memberId = reply.memberId;
        this.join();
        return;
      case 'UNKNOWN_MEMBER_ID':
        this.loseMembership();
        return;
      default:
        this.dieOf(reply.error, refusals[reply.error] ?? 'the group refused this member');
        return;
    }
    this.memberId = reply.memberId;
    this.generation = reply.generation;
    this.leads = reply.leader === reply.memberId;
    this.membership = 'syncing';
    this.assignedMetadata = null;
    this.groupTopics = this.leads
      ? [...new Set(reply.members.flatMap(({ subscription }) => subscription.topics))].sort()
      : null;
    if (this.groupTopics?.every((topic) => this.metadata.has(topic)) ?? true) this.shareOut(reply);
    else {
      // Others subscribe to topics that the leader does not read: it asks for them before it shares them out.
      this.toShareOut = reply;
      this.refreshMetadata();
    }
    this.startHeartbeats();
  }

  /** K-80: every member asks for its part; the leader brings everyone's along. */
  private shareOut(reply: ReplyTo<'JoinGroup'>): void {
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
              this.metadata,
            ),
          ]
        : [];
    const { memberId, instanceId, generation } = this;
    this.send({
      api: 'SyncGroup',
      group: this.client.group,
      memberId,
      instanceId,
      generation,
      assignments,
    });
  }

  private synced(reply: ReplyTo<'SyncGroup'>): void {
    if (this.membership !== 'syncing') return;
    if (reply.error === 'NONE') {
      this.pendingAssignment = { assignor: reply.protocol, places: reply.places };
      this.membership = 'assigned';
    } else if (reply.error === 'REBALANCE_IN_PROGRESS') {
      this.membership = 'out';
      this.rejoin = true;
    } else if (reply.error === 'FENCED_INSTANCE_ID') this.dieOf(reply.error, refusals[reply.error]!);
    else this.loseMembership();
  }

  /** K-82, K-83: what the rebalance callbacks see. */
  private takeUp(): void {
    const { assignor, places } = this.pendingAssignment!;
    const { group } = this.client;
    this.pendingAssignment = null;
    if (assignor === 'sticky') this.remembered = { owned: places, generation: this.generation };
    this.membership = 'stable';
    this.needsPrepare = true;
    const gone = [...this.partitions.keys()].filter((place) => !places.includes(place));
    if (gone.length > 0) {
      // Cooperative only: what it had to give up can be handed out in another round.
      this.drop(gone, false);
      this.rejoin = true;
    }
    const added = places.filter((place) => !this.partitions.has(place));
    for (const place of added)
      this.partitions.set(place, { place, position: null, committed: null, finding: null, leaving: false });
    this.port.emit({
      kind: 'assigned',
      client: this.id,
      group,
      places: added,
      all: places,
      generation: this.generation,
    });
    this.nextAutoCommitAt = this.port.now() + atLeastMicros(this.client.config['auto.commit.interval.ms']);
  }

  /** The coordinator does not know it any more; it begins anew at its next poll(). */
  private loseMembership(): void {
    this.memberId = '';
    this.generation = -1;
    this.leads = false;
    this.groupTopics = null;
    this.toShareOut = null;
    this.membership = 'out';
    this.rejoin = true;
    this.needsPrepare = true;
    this.pendingAssignment = null;
    this.heartbeats++;
  }

  private startHeartbeats(): void {
    this.heartbeats++;
    this.heartbeatOpen = false;
    this.port.timer(fromMs(this.client.config['heartbeat.interval.ms']), 'heartbeat', this.heartbeats);
  }

  private beat(): void {
    const { group, config } = this.client;
    this.port.timer(fromMs(config['heartbeat.interval.ms']), 'heartbeat', this.heartbeats);
    if (this.heartbeatOpen || !this.coordinator) {
      if (!this.coordinator) this.findCoordinator();
      return;
    }
    this.heartbeatOpen = true;
    const { memberId, instanceId, generation } = this;
    this.send({ api: 'Heartbeat', group, memberId, instanceId, generation });
  }

  private heartbeatAnswered(error: ErrorCode): void {
    if (this.membership !== 'stable' && this.membership !== 'syncing' && this.membership !== 'assigned')
      return;
    switch (error) {
      case 'NONE':
        break;
      case 'REBALANCE_IN_PROGRESS':
        this.rejoin = true;
        break;
      case 'FENCED_INSTANCE_ID':
        this.dieOf(error, refusals[error]!);
        break;
      default:
        this.loseMembership();
    }
  }

  /** K-73: one timer, moved on as long as the application keeps polling. */
  private armMaxPoll(): void {
    if (this.maxPollArmed) return;
    this.maxPollArmed = true;
    const due = this.lastPollAt + fromMs(this.client.config['max.poll.interval.ms']);
    this.port.timer(Math.max(0, due - this.port.now()), 'max-poll');
  }

  private checkMaxPoll(): void {
    if (this.thread === 'polling' || this.thread === 'closing') return;
    const { group, config } = this.client;
    if (this.port.now() < this.lastPollAt + fromMs(config['max.poll.interval.ms'])) {
      this.armMaxPoll();
      return;
    }
    if (this.memberId === '') return;
    this.port.emit({
      kind: 'error',
      client: this.id,
      code: 'max.poll.interval.ms',
      detail: `no poll() for ${config['max.poll.interval.ms']} ms: the background thread ${
        this.instanceId === null ? 'takes this member out of the group' : 'sends no more heartbeats'
      }`,
    });
    // A static member only falls silent: unless it polls again and joins before, its session decides.
    if (this.instanceId === null) {
      this.send({
        api: 'LeaveGroup',
        group,
        memberId: this.memberId,
        why: 'consumer poll timeout has expired',
      });
    }
    this.loseMembership();
  }

  // Metadata, errors, the end.

  private refreshMetadata(): void {
    this.send({ api: 'Metadata', topics: this.groupTopics ?? this.client.topics });
  }

  private learn(reply: ReplyTo<'Metadata'>): void {
    this.metadata = new Map(reply.topics.map(({ topic, places }) => [topic, places]));
    this.metadataKnown = true;
    this.port.timer(
      atLeastMicros(this.client.config['metadata.max.age.ms']),
      'metadata',
      ++this.metadataRound,
    );
    const joined = this.toShareOut;
    if (!joined || !this.groupTopics?.every((topic) => this.metadata.has(topic))) return;
    this.toShareOut = null;
    this.shareOut(joined);
  }

  /** What the leader compares: topics and how many partitions each has. */
  private metadataText(): string {
    return [...this.metadata].map(([topic, places]) => `${topic} ${places.length}`).join('\n');
  }

  private send(request: Request, context: Context = null, timeoutMs?: number): void {
    this.requests.send(request, context, { what: request.api }, timeoutMs);
  }

  /** Everything under way is lost with its connection: each is tried again after a pause. */
  private fail(lost: readonly { readonly request: Request; readonly context: Context }[]): void {
    if (lost.length === 0) return;
    this.failures++;
    const { config } = this.client;
    const wait = backoffMicros(this.port, this.failures, config['retry.backoff.ms'], BACKOFF_MAX_MS);
    this.retryAt = this.port.now() + wait;
    for (const { request, context } of lost) {
      switch (request.api) {
        case 'Metadata':
          this.port.timer(wait, 'metadata', ++this.metadataRound);
          break;
        case 'FindCoordinator':
          this.findingCoordinator = false;
          break;
        case 'Fetch':
          this.fetching = false;
          break;
        case 'OffsetFetch':
        case 'ListOffsets':
          this.finding = false;
          break;
        case 'Heartbeat':
          this.heartbeatOpen = false;
          this.coordinator = null;
          break;
        case 'JoinGroup':
        case 'SyncGroup':
          this.membership = 'out';
          this.rejoin = true;
          this.coordinator = null;
          break;
        case 'OffsetCommit':
          this.commitFailed(context!, wait);
          break;
        default:
          break;
      }
    }
    this.armPoll();
  }

  /** Sets the moment at which a waiting poll() looks again by itself. */
  private armPoll(): void {
    if (this.thread !== 'polling') return;
    const now = this.port.now();
    let at = Infinity;
    if (this.retryAt > now) at = this.retryAt;
    if (this.membership === 'stable' && this.client.config['enable.auto.commit'])
      at = Math.min(at, Math.max(now, this.nextAutoCommitAt));
    if (at >= this.pollTimerAt) return;
    this.pollTimerAt = at;
    this.port.timer(at - now, 'poll');
  }

  /** An error that poll(), or the commit that waits, throws and the application does not survive. */
  private dieOf(code: string, detail: string): void {
    if (this.thread === 'working') {
      this.doomed = { code, detail };
      this.heartbeats++;
      return;
    }
    this.port.emit({ kind: 'error', client: this.id, code, detail });
    this.thread = 'closing';
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
    this.port.exit();
  }

  /** K-71, K-74, K-84: the last commit, then LeaveGroup (a static member stays in the group). */
  private beginClose(): void {
    this.thread = 'closing';
    this.port.timer(fromMs(CLOSE_TIMEOUT_MS), 'close-timeout');
    const offsets = this.positions();
    const commits = this.client.config['enable.auto.commit'] && this.membership === 'stable';
    if (commits && offsets.length > 0) {
      const until = this.port.now() + fromMs(CLOSE_TIMEOUT_MS);
      this.sendCommit({ purpose: 'closing', offsets, until, attempt: 0, memberId: '', generation: -1 });
    } else this.leaveAndEnd();
  }

  private leaveAndEnd(): void {
    const { group } = this.client;
    this.drop([...this.partitions.keys()], this.generation < 0);
    if (this.memberId !== '' && this.instanceId === null && this.coordinator)
      this.send({ api: 'LeaveGroup', group, memberId: this.memberId, why: 'the consumer is being closed' });
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
    this.port.exit();
  }
}

const refusals: Partial<Record<ErrorCode, string>> = {
  INVALID_SESSION_TIMEOUT:
    'session.timeout.ms is not within group.min.session.timeout.ms and group.max.session.timeout.ms of the broker',
  INCONSISTENT_GROUP_PROTOCOL: 'it shares no assignor with the members of the group',
  FENCED_INSTANCE_ID: 'another process has the same group.instance.id',
};
