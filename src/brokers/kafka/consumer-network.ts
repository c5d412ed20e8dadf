/**
 * A consumer's connections: which brokers there are, who leads what, who coordinates the group (K-75), and waiting before
 * a broker is tried again.
 */
import type { Cargo, Port } from '../../sim/kernel.ts';
import type { Micros } from '../../sim/time.ts';
import type { TopicPlaces } from './assignors.ts';
import type { PartitionImage } from './cluster-image.ts';
import type { ConsumerOptions } from './consumer-api.ts';
import type { Context } from './consumer-context.ts';
import type { ErrorCode, ReplyTo, Request } from './protocol.ts';
import { atLeastMicros, backoffMicros, Requests, type Sent } from './requests.ts';

/** `retry.backoff.max.ms`, at its default. */
export const RETRY_BACKOFF_MAX_MS = 1000;
/** `reconnect.backoff.ms` and `reconnect.backoff.max.ms`, at their defaults. */
const RECONNECT_BACKOFF_MS = 50;
const RECONNECT_BACKOFF_MAX_MS = 1000;
/** Answers in a row that tell of an older epoch than is known, until they are believed: the topic has been made anew. */
const OLDER_ANSWERS_MAX = 5;

interface Node {
  readonly name: string;
  /** Connections in a row that came to nothing. */
  failures: number;
  /** No new attempt before this moment. */
  notBefore: Micros;
}

const CARGO = new Map<Request['api'], Cargo>();

function cargoOf(api: Request['api']): Cargo {
  let cargo = CARGO.get(api);
  if (!cargo) CARGO.set(api, (cargo = { what: api }));
  return cargo;
}

/** What the network asks of the consumer around it. */
interface Waker {
  lookAt(at: Micros): void;
}

export class ConsumerNetwork {
  /** Who coordinates the group, as far as is known. */
  coordinator: string | null = null;
  /** Topics with their partitions, as the last answers had them. */
  topics: TopicPlaces = new Map();
  /** Whether any answer has come. */
  known = false;
  /** What it wants to know of, beside its own topics: a group's leader shares out what others read. */
  groupTopics: readonly string[] | null = null;
  private readonly port: Port;
  private readonly options: ConsumerOptions;
  private readonly waker: Waker;
  private readonly requests: Requests<Context>;
  private nodes = new Map<string, Node>();
  private partitions = new Map<string, PartitionImage>();
  /** Per partition, answers in a row that were older than what is known. */
  private older = new Map<string, number>();
  private finding = false;
  private findFailures = 0;
  private findNotBefore: Micros = 0;
  /** The coordinator is loading the group: it is left alone until then. */
  private busyUntil: Micros = 0;
  private metadataWanted = false;
  private metadataUnderWay = false;
  private metadataNotBefore: Micros = 0;
  /** Counts answers, so that there is one timer for the next refresh. */
  private metadataRound = 0;

  constructor(port: Port, options: ConsumerOptions, waker: Waker) {
    this.port = port;
    this.options = options;
    this.waker = waker;
    this.requests = new Requests(
      port,
      options.config['request.timeout.ms'],
      `${options.timers}requests`,
      options.correlations,
    );
  }

  reset(): void {
    this.requests.reset();
    this.coordinator = null;
    this.topics = new Map();
    this.known = false;
    this.groupTopics = null;
    this.nodes = new Map(
      this.options.brokers.map((name) => [name, { name, failures: 0, notBefore: 0 }] as const),
    );
    this.partitions = new Map();
    this.older = new Map();
    this.finding = false;
    this.findFailures = 0;
    this.findNotBefore = 0;
    this.busyUntil = 0;
    this.metadataWanted = false;
    this.metadataUnderWay = false;
    this.metadataNotBefore = 0;
  }

  // Requests.

  send(to: string, request: Request, context: Context = null, timeoutMs?: number): void {
    this.requests.send(to, request, context, cargoOf(request.api), timeoutMs);
  }

  answered(correlation: number): Sent<Context> | undefined {
    const sent = this.requests.answered(correlation);
    if (sent) this.node(sent.to).failures = 0;
    return sent;
  }

  /** @returns what was lost with the connection */
  disconnected(peer: string): Sent<Context>[] {
    if (!this.nodes.has(peer)) return [];
    this.broke(peer);
    return this.requests.takeAll(peer);
  }

  /** @returns what failed, the connections being closed on which something was late */
  timedOut(): Sent<Context>[] {
    const lost = this.requests.timedOut();
    for (const node of new Set(lost.map(({ to }) => to))) this.broke(node);
    return lost;
  }

  /** Whether a broker may be sent something; if not, everyone looks again when it may. */
  ready(name: string): boolean {
    const { notBefore } = this.node(name);
    if (notBefore <= this.port.now()) return true;
    this.waker.lookAt(notBefore);
    return false;
  }

  backoff(attempt: number): Micros {
    return backoffMicros(this.port, attempt, this.options.config['retry.backoff.ms'], RETRY_BACKOFF_MAX_MS);
  }

  private broke(name: string): void {
    const node = this.node(name);
    node.failures++;
    node.notBefore =
      this.port.now() +
      backoffMicros(this.port, node.failures, RECONNECT_BACKOFF_MS, RECONNECT_BACKOFF_MAX_MS);
    if (this.coordinator === name) this.coordinator = null;
    this.refresh();
  }

  private node(name: string): Node {
    let node = this.nodes.get(name);
    if (!node) this.nodes.set(name, (node = { name, failures: 0, notBefore: 0 }));
    return node;
  }

  /** The broker with the least under way of those that may be asked now. */
  private anyNode(): string | null {
    const now = this.port.now();
    let best: Node | null = null;
    let earliest = Infinity;
    for (const node of this.nodes.values()) {
      if (node.notBefore > now) {
        earliest = Math.min(earliest, node.notBefore);
        continue;
      }
      if (
        !best ||
        node.failures < best.failures ||
        (node.failures === best.failures &&
          this.requests.countTo(node.name) < this.requests.countTo(best.name))
      )
        best = node;
    }
    if (!best) this.waker.lookAt(earliest);
    return best?.name ?? null;
  }

  // Who leads what.

  leaderOf(place: string): PartitionImage | undefined {
    return this.partitions.get(place);
  }

  /** Metadata is old: asks anew, as soon as it may. */
  refresh(): void {
    this.metadataWanted = true;
    this.askMetadata();
  }

  /** Something is needed that nobody has been asked for yet. */
  refreshNow(): void {
    this.metadataNotBefore = 0;
    this.refresh();
  }

  /** The refresh that `metadata.max.age.ms` asks for. */
  refreshDue(round: unknown): void {
    if (round === this.metadataRound) this.refresh();
  }

  /** Tries what had to wait. */
  background(): void {
    if (this.metadataWanted) this.askMetadata();
  }

  private askMetadata(): void {
    if (this.metadataUnderWay) return;
    if (this.metadataNotBefore > this.port.now()) {
      this.waker.lookAt(this.metadataNotBefore);
      return;
    }
    const node = this.anyNode();
    if (node === null) return;
    this.metadataWanted = false;
    this.metadataUnderWay = true;
    this.send(node, { api: 'Metadata', topics: this.groupTopics ?? this.options.topics });
  }

  metadataLost(): void {
    this.metadataUnderWay = false;
    this.refresh();
  }

  /** @returns the partitions that are led by another broker, or in another epoch, than was known */
  learn({ brokers, topics }: ReplyTo<'Metadata'>): string[] {
    const { port, options } = this;
    this.metadataUnderWay = false;
    for (const name of brokers) this.node(name);
    const changed: string[] = [];
    const before = this.partitions;
    this.partitions = new Map();
    for (const { partitions } of topics) {
      for (const partition of partitions) {
        const { place, leader, leaderEpoch } = partition;
        const known = before.get(place);
        const image = known && this.isOlder(partition, known) ? known : partition;
        this.partitions.set(place, image);
        if (image !== known && (leader !== known?.leader || leaderEpoch !== known.leaderEpoch))
          changed.push(place);
      }
    }
    this.topics = new Map(
      topics.map(({ topic, partitions }) => [topic, partitions.map(({ place }) => place)]),
    );
    this.known = true;
    this.metadataNotBefore = port.now() + this.backoff(1);
    port.timer(
      atLeastMicros(options.config['metadata.max.age.ms']),
      `${options.timers}metadata`,
      ++this.metadataRound,
    );
    // What was asked for while this answer was on its way.
    if (!(this.groupTopics ?? options.topics).every((topic) => this.topics.has(topic))) this.refreshNow();
    return changed;
  }

  /** A broker that lags behind may tell of an epoch that is over. */
  private isOlder({ place, leaderEpoch }: PartitionImage, known: PartitionImage): boolean {
    const count = leaderEpoch < known.leaderEpoch ? (this.older.get(place) ?? 0) + 1 : 0;
    if (count === 0 || count > OLDER_ANSWERS_MAX) {
      this.older.delete(place);
      return false;
    }
    this.older.set(place, count);
    return true;
  }

  // Who coordinates the group.

  /** @returns the coordinator if it is known and may be sent something; else it is looked for, or waited for */
  readyCoordinator(): string | null {
    if (this.coordinator === null) {
      this.findCoordinator();
      return null;
    }
    if (this.busyUntil > this.port.now()) {
      this.waker.lookAt(this.busyUntil);
      return null;
    }
    return this.ready(this.coordinator) ? this.coordinator : null;
  }

  findCoordinator(): void {
    if (this.finding || this.coordinator !== null) return;
    if (this.findNotBefore > this.port.now()) {
      this.waker.lookAt(this.findNotBefore);
      return;
    }
    const node = this.anyNode();
    if (node === null) return;
    this.finding = true;
    this.send(node, { api: 'FindCoordinator', key: this.options.group, keyType: 'group' });
  }

  coordinatorFound({ error, node }: ReplyTo<'FindCoordinator'>): void {
    this.finding = false;
    if (error === 'NONE' && node !== null) {
      this.findFailures = 0;
      this.coordinator = node;
      return;
    }
    this.findFailures++;
    this.findNotBefore = this.port.now() + this.backoff(this.findFailures);
    this.waker.lookAt(this.findNotBefore);
  }

  findLost(): void {
    this.finding = false;
  }

  /**
   * An answer of the coordinator. @returns whether it says that the coordinator is elsewhere or not ready, so that the
   * same request may be made again later
   */
  coordinatorFailed(error: ErrorCode): boolean {
    switch (error) {
      case 'NOT_COORDINATOR':
      case 'COORDINATOR_NOT_AVAILABLE':
        this.coordinator = null;
        // Whoever is asked now may not have heard of the change yet.
        this.findNotBefore = this.port.now() + this.backoff(1);
        this.waker.lookAt(this.findNotBefore);
        return true;
      case 'COORDINATOR_LOAD_IN_PROGRESS':
        this.busyUntil = this.port.now() + this.backoff(1);
        return true;
      default:
        return false;
    }
  }
}
