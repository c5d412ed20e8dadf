/**
 * A sharing application and its KafkaShareConsumer (K-101 to K-107): one application thread that polls, works on what it
 * got and says of each record what became of it, and a background thread that keeps it in the group.
 *
 * Every member may read every partition that its group gives it, beside others: the partition's leader decides who gets
 * which record. What the application says of records travels with the next fetch from that leader, or by itself while
 * records from elsewhere are at hand.
 */
import { assert } from '../../../sim/errors.ts';
import type { Actor, Port } from '../../../sim/kernel.ts';
import type { Random } from '../../../sim/random.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import { workMs } from '../../load.ts';
import type { KafkaShareConsumer } from '../client-config.ts';
import { saysMetadataIsOld } from '../exceptions.ts';
import { latePoll } from '../late-poll.ts';
import type {
  AcknowledgeType,
  AcquiredRecord,
  ErrorCode,
  ReplyEnvelope,
  ReplyTo,
  Request,
} from '../protocol.ts';
import { atLeastMicros, backoffMicros, Requests, type Sent } from '../requests.ts';

const BACKOFF_MAX_MS = 1000;
/** How long close() goes on trying (K-67). */
const CLOSE_TIMEOUT_MS = 30_000;
/** What a heartbeat that leaves carries as its epoch. */
const LEAVING = -1;

/** A record that a leader gave this member. */
interface Taken {
  readonly place: string;
  /** The leader that gave it, and wants to hear of it. */
  readonly node: string;
  readonly record: AcquiredRecord;
}

interface Acknowledged {
  readonly taken: Taken;
  readonly type: AcknowledgeType;
}

/** The acknowledgements that a ShareFetch carries; null for other requests. */
type Context = readonly Acknowledged[] | null;

type Outcome = KafkaShareConsumer['troubles'][number]['outcome'];

export class ShareConsumerClient implements Actor {
  readonly id: string;
  private readonly port: Port;
  private readonly client: KafkaShareConsumer;
  private readonly workTimes: Random;
  private readonly bootstrap: readonly string[];
  private readonly explicit: boolean;
  private readonly requests: Requests<Context>;
  private readonly troubles: ReadonlyMap<string, Outcome>;
  /** Counts its lives: each is another member. */
  private lives = 0;

  private thread: 'polling' | 'working' | 'stalled' | 'closing' = 'polling';
  private advancing = false;
  private closeAsked = false;
  /** The background thread learnt of an error that the next poll() throws. */
  private doomed: { readonly code: string; readonly detail: string } | null = null;
  private lastPollAt: Micros = 0;
  private maxPollArmed = false;

  private brokers: readonly string[] = [];
  /** Which of them is asked what any can answer. */
  private anyBroker = 0;
  /** Nodes that it has spoken to. */
  private contacted = new Set<string>();
  private leaders = new Map<string, string>();
  private metadataRound = 0;
  private metadataUnderWay = false;
  private failures = 0;
  private retryAt: Micros = 0;

  private coordinator: string | null = null;
  private findingCoordinator = false;
  private memberId = '';
  private memberEpoch = 0;
  /** False once it has left, until it polls again. */
  private wantsMembership = true;
  private heartbeatOpen = false;
  private heartbeats = 0;
  private assigned: readonly string[] = [];

  private buffer: Taken[] = [];
  /** What poll() gave the application, and which of it is next. */
  private batch: Taken[] = [];
  private next = 0;
  /** Said by the application and not sent yet, per leader. */
  private acknowledgements = new Map<string, Acknowledged[]>();
  /** Leaders that a fetch for records is under way to. */
  private fetching = new Set<string>();
  /** Brokers that have been asked for records, and may have some locked for this member. */
  private sessions = new Set<string>();
  /** Those of them that have been told that this is the end. */
  private farewells = new Set<string>();

  /**
   * @param brokers `bootstrap.servers`
   * @param work a generator of its own for how long it works
   */
  constructor(port: Port, client: KafkaShareConsumer, brokers: readonly string[], work: Random) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.workTimes = work;
    this.bootstrap = brokers;
    this.explicit = client.config['share.acknowledgement.mode'] === 'explicit';
    this.requests = new Requests(port, client.config['request.timeout.ms']);
    this.troubles = new Map(client.troubles.map(({ key, outcome }) => [key, outcome]));
  }

  start(): void {
    this.reset();
    this.port.emit({ kind: 'client-started', client: this.id, role: 'consumer' });
    this.refreshMetadata();
    this.beat();
    this.poll();
  }

  receive(message: unknown): void {
    const { correlation, reply } = message as ReplyEnvelope;
    const sent = this.requests.answered(correlation);
    if (!sent) return;
    switch (reply.api) {
      case 'Metadata':
        this.learn(reply);
        break;
      case 'FindCoordinator':
        this.findingCoordinator = false;
        if (reply.error === 'NONE') {
          this.coordinator = reply.node;
          this.beat();
        } else this.tryAgain();
        break;
      case 'ShareGroupHeartbeat':
        this.heartbeatAnswered(reply);
        break;
      case 'ShareFetch':
        this.fetched(sent, reply);
        break;
      default:
        assert(false, `${this.id} got an answer to ${reply.api}`);
    }
    this.proceed();
  }

  wake(timer: string, data: unknown): void {
    switch (timer) {
      case 'again':
        if (!this.coordinator) this.beat();
        this.proceed();
        break;
      case 'worked':
        this.finishRecord(data as Outcome);
        this.advance();
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
      case 'close-timeout':
        this.leaveAndEnd();
        break;
      case 'request-timeout':
        this.fail(this.requests.timedOut());
        break;
    }
  }

  disconnected(peer: string): void {
    this.fail(this.requests.takeAll(peer));
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
    this.maxPollArmed = false;
    this.brokers = this.bootstrap;
    this.anyBroker = 0;
    this.contacted = new Set();
    this.leaders = new Map();
    this.metadataRound++;
    this.metadataUnderWay = false;
    this.failures = 0;
    this.retryAt = 0;
    this.coordinator = null;
    this.findingCoordinator = false;
    this.memberId = `${this.id}-${++this.lives}`;
    this.memberEpoch = 0;
    this.wantsMembership = true;
    this.heartbeatOpen = false;
    this.heartbeats++;
    this.assigned = [];
    this.buffer = [];
    this.batch = [];
    this.next = 0;
    this.acknowledgements = new Map();
    this.fetching = new Set();
    this.sessions = new Set();
    this.farewells = new Set();
    this.requests.reset();
  }

  // The application thread: poll, work, acknowledge.

  private poll(): void {
    this.thread = 'polling';
    this.lastPollAt = this.port.now();
    // K-106: calling poll() again says that all that the last one gave has been dealt with.
    if (!this.explicit) for (const taken of this.batch) this.acknowledge(taken, 'accept');
    this.batch = [];
    if (!this.wantsMembership) {
      this.wantsMembership = true;
      this.beat();
    }
    if (this.doomed) this.dieOf(this.doomed.code, this.doomed.detail);
    else if (this.closeAsked) this.beginClose();
    else this.advance();
  }

  /** A poll() that waits looks again: something that it waits for has changed. */
  private proceed(): void {
    if (this.thread === 'polling') this.advance();
    else if (this.thread === 'closing') this.sayFarewell();
  }

  /** Runs the application's thread until it has to wait: a loop, because work may take no time. */
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
    if (this.doomed) {
      this.dieOf(this.doomed.code, this.doomed.detail);
      return false;
    }
    // Records of partitions that are no longer its own are dropped; their locks run out.
    if (this.buffer.length > 0)
      this.buffer = this.buffer.filter(({ place }) => this.assigned.includes(place));
    this.batch = this.takeBatch();
    if (this.batch.length === 0) {
      this.fetch();
      return false;
    }
    for (const node of [...this.acknowledgements.keys()]) this.sendAcknowledgements(node, [], false);
    this.deliver();
    return true;
  }

  /** Up to `max.poll.records`, and on to the end of the batch that the last of them lies in. */
  private takeBatch(): Taken[] {
    let count = Math.min(this.client.config['max.poll.records'], this.buffer.length);
    for (; count > 0 && count < this.buffer.length; count++) {
      const last = this.buffer[count - 1]!;
      const next = this.buffer[count]!;
      if (next.place !== last.place || next.record.batch !== last.record.batch) break;
    }
    return this.buffer.splice(0, count);
  }

  private deliver(): void {
    this.lastPollAt = this.port.now();
    this.armMaxPoll();
    for (const { place, record } of this.batch) {
      const { offset, message, key, value, deliveryCount } = record;
      this.port.emit({
        kind: 'delivered',
        client: this.id,
        group: this.client.group,
        message,
        key,
        place,
        position: offset,
        redelivered: deliveryCount > 1,
        deliveryCount,
        ...(value === undefined ? {} : { value }),
      });
    }
    this.next = 0;
    this.thread = 'working';
  }

  /** Works on one record, or ends the batch when there is none left. @returns whether it need not wait */
  private work(): boolean {
    const taken = this.batch[this.next];
    if (!taken) {
      this.poll();
      return this.thread === 'polling';
    }
    const outcome = this.outcomeOf(taken);
    if (outcome === 'stall') {
      // The application never comes back from this record: what it holds it holds until the locks run out.
      this.thread = 'stalled';
      return false;
    }
    const { processingMs } = this.client;
    if (processingMs > 0) {
      this.port.timer(fromMs(workMs(this.client, this.workTimes) * this.port.slowness()), 'worked', outcome);
      return false;
    }
    this.finishRecord(outcome);
    return true;
  }

  private outcomeOf({ record }: Taken): Outcome {
    return (record.key === null ? undefined : this.troubles.get(record.key)) ?? 'accept';
  }

  private finishRecord(outcome: Outcome): void {
    const taken = this.batch[this.next++]!;
    if (outcome === 'crash') {
      this.crashNow();
      return;
    }
    if (outcome === 'accept') {
      this.port.emit({
        kind: 'processed',
        client: this.id,
        group: this.client.group,
        message: taken.record.message,
        key: taken.record.key,
        place: taken.place,
        position: taken.record.offset,
      });
    } else if (!this.explicit) {
      this.dieOf(
        'IllegalStateException',
        `acknowledge() of ${taken.place} ${taken.record.offset}, while share.acknowledgement.mode is implicit`,
      );
      return;
    }
    if (this.explicit && outcome !== 'stall') this.acknowledge(taken, outcome);
  }

  private acknowledge(taken: Taken, type: AcknowledgeType): void {
    const list = this.acknowledgements.get(taken.node);
    if (list) list.push({ taken, type });
    else this.acknowledgements.set(taken.node, [{ taken, type }]);
  }

  // Fetching and acknowledging.

  /** Asks every leader that is not asked already for records, with what is to be said of earlier ones. */
  private fetch(): void {
    if (this.port.now() < this.retryAt) return;
    const perLeader = new Map<string, string[]>();
    let leaderless = false;
    for (const place of this.assigned) {
      const leader = this.leaders.get(place);
      if (leader === undefined) leaderless = true;
      else if (perLeader.has(leader)) perLeader.get(leader)!.push(place);
      else perLeader.set(leader, [place]);
    }
    for (const [node, places] of perLeader) {
      if (this.fetching.has(node)) continue;
      this.fetching.add(node);
      this.sendAcknowledgements(node, places, false);
    }
    // What is left is for brokers that lead nothing of its own any more.
    for (const node of [...this.acknowledgements.keys()])
      if (!perLeader.has(node)) this.sendAcknowledgements(node, [], false);
    if (leaderless && !this.metadataUnderWay) this.refreshMetadataSoon();
  }

  /** @param places where records are wanted too */
  private sendAcknowledgements(node: string, places: readonly string[], closing: boolean): void {
    const { group, config } = this.client;
    const acknowledged = this.acknowledgements.get(node) ?? [];
    this.acknowledgements.delete(node);
    this.sessions.add(node);
    this.send(
      node,
      {
        api: 'ShareFetch',
        group,
        memberId: this.memberId,
        minBytes: config['fetch.min.bytes'],
        maxWaitMs: config['fetch.max.wait.ms'],
        maxRecords: config['max.poll.records'],
        places,
        acknowledgements: acknowledged.map(({ taken, type }) => ({
          place: taken.place,
          offset: taken.record.offset,
          type,
        })),
        closing,
      },
      acknowledged,
    );
  }

  private fetched({ to, request, context }: Sent<Context>, reply: ReplyTo<'ShareFetch'>): void {
    assert(request.api === 'ShareFetch', 'what is answered is what was asked');
    if (request.places.length > 0) this.fetching.delete(to);
    let stale = false;
    let failed = false;
    for (const { place, error, acknowledgeError, acquired } of reply.partitions) {
      this.settled(
        context!.filter(({ taken }) => taken.place === place),
        acknowledgeError,
      );
      stale ||= saysMetadataIsOld(error) || saysMetadataIsOld(acknowledgeError);
      failed ||= error !== 'NONE';
      for (const record of acquired) this.buffer.push({ place, node: to, record });
    }
    if (stale) this.refreshMetadataSoon();
    if (failed) this.tryAgain();
    else this.failures = 0;
  }

  /** What the leader says to acknowledgements of one partition. */
  private settled(acknowledged: readonly Acknowledged[], error: ErrorCode): void {
    if (acknowledged.length === 0) return;
    if (error !== 'NONE') {
      this.refused(acknowledged, error);
      return;
    }
    for (const { taken, type } of acknowledged) {
      if (type === 'renew') continue;
      this.port.emit({
        kind: 'settled',
        client: this.id,
        group: this.client.group,
        outcome: SETTLED[type],
        place: taken.place,
        position: taken.record.offset,
        message: taken.record.message,
      });
    }
  }

  private refused(acknowledged: readonly Acknowledged[], code: string): void {
    const offsets = acknowledged.map(({ taken }) => taken.record.offset).join(', ');
    this.port.emit({
      kind: 'error',
      client: this.id,
      code,
      detail: `the acknowledgement of ${acknowledged[0]!.taken.place} ${offsets} failed`,
    });
  }

  // Membership: the background thread.

  /** Sends the next heartbeat, or looks for the coordinator first. */
  private beat(): void {
    if (!this.wantsMembership || this.thread === 'closing' || this.heartbeatOpen) return;
    if (!this.coordinator) {
      this.findCoordinator();
      return;
    }
    this.heartbeatOpen = true;
    const { group, topics } = this.client;
    const joining = this.memberEpoch === 0;
    this.send(this.coordinator, {
      api: 'ShareGroupHeartbeat',
      group,
      memberId: this.memberId,
      memberEpoch: this.memberEpoch,
      topics: joining ? [...topics].sort() : null,
    });
  }

  private heartbeatAnswered(reply: Omit<ReplyTo<'ShareGroupHeartbeat'>, 'api'>): void {
    if (reply.memberEpoch === LEAVING && reply.error === 'NONE') return;
    this.heartbeatOpen = false;
    if (!this.wantsMembership || this.thread === 'closing') return;
    const { error } = reply;
    switch (error) {
      case 'NONE':
        this.failures = 0;
        this.memberEpoch = reply.memberEpoch;
        if (reply.assignment) {
          this.takeUp(reply.assignment);
          // It tells the coordinator at once that it has taken it up, empty or not.
          this.beat();
          break;
        }
        this.port.timer(atLeastMicros(reply.heartbeatIntervalMs), 'heartbeat', ++this.heartbeats);
        break;
      case 'NOT_COORDINATOR':
      case 'COORDINATOR_NOT_AVAILABLE':
        this.coordinator = null;
        this.tryAgain();
        break;
      case 'COORDINATOR_LOAD_IN_PROGRESS':
        this.port.timer(this.tryAgain(), 'heartbeat', ++this.heartbeats);
        break;
      case 'UNKNOWN_MEMBER_ID':
      case 'FENCED_MEMBER_EPOCH':
        this.giveUp(true);
        this.memberEpoch = 0;
        this.beat();
        break;
      default:
        this.doomed = { code: error, detail: 'the group refused this member' };
    }
  }

  private takeUp(places: readonly string[]): void {
    const { group } = this.client;
    const generation = this.memberEpoch;
    const gone = this.assigned.filter((place) => !places.includes(place));
    const added = places.filter((place) => !this.assigned.includes(place));
    const first = this.assigned.length === 0 && gone.length === 0;
    this.assigned = places;
    if (gone.length > 0)
      this.port.emit({ kind: 'revoked', client: this.id, group, places: gone, lost: false, generation });
    if (added.length > 0 || first)
      this.port.emit({
        kind: 'assigned',
        client: this.id,
        group,
        places: added,
        all: places,
        generation,
        shared: true,
      });
    if (added.some((place) => !this.leaders.has(place))) this.refreshMetadata();
  }

  private giveUp(lost: boolean): void {
    const { group } = this.client;
    const places = this.assigned;
    if (places.length === 0) return;
    this.assigned = [];
    this.port.emit({ kind: 'revoked', client: this.id, group, places, lost, generation: this.memberEpoch });
  }

  private leave(): void {
    if (this.memberEpoch <= 0 || !this.coordinator) return;
    const { group } = this.client;
    this.send(this.coordinator, {
      api: 'ShareGroupHeartbeat',
      group,
      memberId: this.memberId,
      memberEpoch: LEAVING,
      topics: null,
    });
  }

  private findCoordinator(): void {
    if (this.findingCoordinator || this.port.now() < this.retryAt) return;
    this.findingCoordinator = true;
    this.send(this.someBroker(), { api: 'FindCoordinator', key: this.client.group, keyType: 'group' });
  }

  /** One timer, moved on as long as the application keeps polling (K-73). */
  private armMaxPoll(): void {
    if (this.maxPollArmed) return;
    this.maxPollArmed = true;
    const due = this.lastPollAt + fromMs(this.client.config['max.poll.interval.ms']);
    this.port.timer(Math.max(0, due - this.port.now()), 'max-poll');
  }

  private checkMaxPoll(): void {
    if (this.thread === 'polling' || this.thread === 'closing') return;
    const limit = this.client.config['max.poll.interval.ms'];
    if (this.port.now() < this.lastPollAt + fromMs(limit)) {
      this.armMaxPoll();
      return;
    }
    this.port.emit(latePoll(this.id, limit));
    this.leave();
    this.giveUp(true);
    this.memberEpoch = 0;
    this.wantsMembership = false;
    this.heartbeatOpen = false;
    this.heartbeats++;
  }

  // Metadata and failures.

  private someBroker(): string {
    return this.brokers[this.anyBroker % this.brokers.length]!;
  }

  private refreshMetadata(): void {
    if (this.metadataUnderWay) return;
    this.metadataUnderWay = true;
    this.metadataRound++;
    this.send(this.someBroker(), { api: 'Metadata', topics: this.client.topics });
  }

  private refreshMetadataSoon(): void {
    if (this.metadataUnderWay) return;
    const wait = atLeastMicros(this.client.config['retry.backoff.ms']);
    this.port.timer(wait, 'metadata', ++this.metadataRound);
  }

  private learn(reply: ReplyTo<'Metadata'>): void {
    this.metadataUnderWay = false;
    if (reply.brokers.length > 0) this.brokers = reply.brokers;
    this.leaders = new Map();
    for (const { partitions } of reply.topics)
      for (const { place, leader } of partitions) if (leader !== null) this.leaders.set(place, leader);
    this.port.timer(
      atLeastMicros(this.client.config['metadata.max.age.ms']),
      'metadata',
      ++this.metadataRound,
    );
  }

  private send(to: string, request: Request, context: Context = null): void {
    this.contacted.add(to);
    this.requests.send(to, request, context, { what: request.api });
  }

  /** @returns how long it waits before it tries again, microseconds */
  private tryAgain(): Micros {
    this.failures++;
    const wait = backoffMicros(
      this.port,
      this.failures,
      this.client.config['retry.backoff.ms'],
      BACKOFF_MAX_MS,
    );
    this.retryAt = this.port.now() + wait;
    this.port.timer(wait, 'again');
    return wait;
  }

  /** Everything under way to a broker is lost with its connection. */
  private fail(lost: readonly Sent<Context>[]): void {
    if (lost.length === 0) return;
    this.tryAgain();
    this.anyBroker++;
    for (const { to, request, context } of lost) {
      switch (request.api) {
        case 'Metadata':
          this.metadataUnderWay = false;
          break;
        case 'FindCoordinator':
          this.findingCoordinator = false;
          break;
        case 'ShareGroupHeartbeat':
          this.heartbeatOpen = false;
          this.coordinator = null;
          break;
        case 'ShareFetch':
          if (request.places.length > 0) this.fetching.delete(to);
          // Whether the leader took them is not known; what it did not take it gives to others.
          for (const place of new Set(context!.map(({ taken }) => taken.place)))
            this.refused(
              context!.filter(({ taken }) => taken.place === place),
              'DisconnectException',
            );
          break;
        default:
          break;
      }
    }
    this.refreshMetadataSoon();
    this.proceed();
  }

  // The end.

  /** An error that poll() throws and the application does not survive. */
  private dieOf(code: string, detail: string): void {
    this.port.emit({ kind: 'error', client: this.id, code, detail });
    this.end('closed');
    this.breakConnections();
  }

  private crashNow(): void {
    this.end('crashed');
    this.breakConnections();
  }

  /** The system closes the connections of a process that is gone, and so each broker learns of it. */
  private breakConnections(): void {
    for (const node of this.contacted) this.port.disconnect(node);
  }

  /** What the application has worked on is acknowledged (commitSync()), and every leader hears that this is the end. */
  private beginClose(): void {
    this.thread = 'closing';
    this.port.timer(fromMs(CLOSE_TIMEOUT_MS), 'close-timeout');
    this.sayFarewell();
  }

  /** A leader hears it once its fetch is answered: nothing may be acquired for a member that is gone. */
  private sayFarewell(): void {
    for (const node of this.sessions) {
      if (this.fetching.has(node) || this.farewells.has(node)) continue;
      this.farewells.add(node);
      this.sendAcknowledgements(node, [], true);
    }
    if (![...this.sessions].some((node) => this.requests.countTo(node) > 0)) this.leaveAndEnd();
  }

  private leaveAndEnd(): void {
    this.leave();
    this.giveUp(false);
    this.end('closed');
  }

  private end(reason: 'closed' | 'crashed'): void {
    this.thread = 'closing';
    this.port.emit({ kind: 'client-stopped', client: this.id, reason });
    this.port.exit();
  }
}

const SETTLED = { accept: 'acked', release: 'nacked', reject: 'rejected' } as const;
