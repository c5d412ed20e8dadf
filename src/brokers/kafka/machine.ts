/**
 * A broker as a state machine: `apply(command, now, effects)`. It holds the logs it leads, parks fetches that have to
 * wait (K-68), and is the coordinator of every group (K-75). Requests of an admin client come the same way.
 */
import { assert } from '../../sim/errors.ts';
import type { Random } from '../../sim/random.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Effects, StateMachine } from '../broker.ts';
import { GroupCoordinator, type CoordinatorConfig } from './coordinator.ts';
import { PartitionLog, RECORDS_MAX } from './log.ts';
import type {
  FetchedRecords,
  FetchRequest,
  ProduceRequest,
  RecordBatch,
  Reply,
  Request,
} from './protocol.ts';

export type Command =
  | {
      readonly type: 'request';
      readonly from: string;
      readonly correlation: number;
      readonly request: Request;
    }
  | { readonly type: 'timer'; readonly timer: string; readonly data: unknown }
  /** A client's connection is gone: nobody waits for what it had parked. */
  | { readonly type: 'disconnected'; readonly client: string }
  /** The process died: memory is gone, disk and page cache stay (K-66). */
  | { readonly type: 'crashed' }
  | { readonly type: 'restarted' };

interface WaitingFetch {
  readonly client: string;
  readonly correlation: number;
  readonly request: FetchRequest;
  readonly positions: ReadonlyMap<string, number>;
  bytes: number;
}

export class BrokerMachine implements StateMachine<Command, Reply> {
  private readonly node: string;
  private readonly coordinator: GroupCoordinator;
  private topics = new Map<string, string[]>();
  private logs = new Map<string, PartitionLog>();
  private nextProducerId = 0;
  /** At most one per client, as a client has at most one fetch on its way. */
  private waiting = new Map<string, WaitingFetch>();
  /** Per partition, the clients whose waiting fetch it would complete. */
  private watchers = new Map<string, Set<string>>();
  /** Partitions whose bound has been told. */
  private full = new Set<string>();

  constructor(node: string, config: CoordinatorConfig, random: Random) {
    this.node = node;
    this.coordinator = new GroupCoordinator(config, random);
  }

  apply(command: Command, now: Micros, fx: Effects<Reply>): void {
    switch (command.type) {
      case 'request':
        this.request(command.request, command.from, command.correlation, now, fx);
        break;
      case 'timer':
        if (command.timer === 'fetch-wait') this.fetchWaited(command.data, fx);
        else this.coordinator.timer(command.timer, command.data, now, fx);
        break;
      case 'disconnected':
        this.forgetFetch(command.client);
        break;
      case 'crashed':
        this.waiting.clear();
        this.watchers.clear();
        this.coordinator.crash();
        break;
      case 'restarted':
        this.coordinator.restart(now, fx);
        break;
    }
  }

  /** Makes a topic as the cluster is set up. @throws AssertionFailed for a name that is taken */
  createTopic(name: string, partitions: number, fx: Effects<Reply>): void {
    assert(!this.topics.has(name), `the topic ${name} exists`);
    this.topics.set(name, []);
    this.addPartitions(name, partitions, fx);
  }

  private request(
    request: Request,
    from: string,
    correlation: number,
    now: Micros,
    fx: Effects<Reply>,
  ): void {
    switch (request.api) {
      case 'Produce':
        this.produce(request, from, correlation, fx);
        break;
      case 'Fetch':
        this.fetch(request, from, correlation, fx);
        break;
      case 'Metadata':
        fx.reply(from, correlation, {
          api: 'Metadata',
          topics: request.topics.map((topic) => ({ topic, places: [...(this.topics.get(topic) ?? [])] })),
        });
        break;
      case 'InitProducerId':
        fx.reply(from, correlation, {
          api: 'InitProducerId',
          producerId: this.nextProducerId++,
          epoch: 0,
        });
        break;
      case 'ListOffsets':
        fx.reply(from, correlation, {
          api: 'ListOffsets',
          offsets: request.places.flatMap((place) => {
            const log = this.logs.get(place);
            if (!log) return [];
            return [[place, request.at === 'earliest' ? log.logStart : log.highWatermark] as const];
          }),
        });
        break;
      case 'CreatePartitions':
        fx.reply(from, correlation, this.createPartitions(request.topic, request.total, fx));
        break;
      case 'FindCoordinator':
        fx.reply(from, correlation, { api: 'FindCoordinator', node: this.node });
        break;
      default:
        this.coordinator.handle(request, from, correlation, now, fx);
    }
  }

  private produce(request: ProduceRequest, from: string, correlation: number, fx: Effects<Reply>): void {
    const results = request.batches.map((batch) => {
      const log = this.logs.get(batch.place);
      if (!log) return { place: batch.place, error: 'UNKNOWN_TOPIC_OR_PARTITION', baseOffset: -1 } as const;
      const { error, baseOffset, appended, truncated } = log.append(batch);
      if (appended) this.appended(log, batch, baseOffset, truncated, fx);
      return { place: batch.place, error, baseOffset };
    });
    // K-30: acks=0 is never answered. With one replica, acks=all is satisfied as soon as acks=1 is.
    if (request.acks !== '0') fx.reply(from, correlation, { api: 'Produce', results });
    for (const { place } of request.batches) this.wakeFetches(place, fx);
  }

  private appended(
    log: PartitionLog,
    batch: RecordBatch,
    baseOffset: number,
    truncated: boolean,
    fx: Effects<Reply>,
  ): void {
    const { node } = this;
    const { place } = log;
    if (truncated) {
      if (!this.full.has(place)) {
        this.full.add(place);
        fx.trace({ kind: 'limit-reached', what: `records of ${place}`, limit: RECORDS_MAX });
      }
      fx.trace({ kind: 'expired', node, place, position: log.logStart - 1, message: null });
    }
    for (let i = 0; i < batch.messages.length; i++) {
      fx.trace({
        kind: 'appended',
        node,
        place,
        position: baseOffset + i,
        message: batch.messages[i]!,
        key: batch.keys[i]!,
        epoch: 0,
      });
    }
    fx.trace({ kind: 'high-watermark-advanced', node, place, position: log.highWatermark });
    const watchers = this.watchers.get(place);
    if (!watchers || watchers.size === 0) return;
    let bytes = 0;
    for (const size of batch.sizes) bytes += size;
    for (const client of watchers) this.waiting.get(client)!.bytes += bytes;
  }

  /** K-68: answers at once if enough is there or a position is out of range, and otherwise waits. */
  private fetch(request: FetchRequest, client: string, correlation: number, fx: Effects<Reply>): void {
    this.forgetFetch(client);
    let bytes = 0;
    let atOnce = false;
    for (const [place, offset] of request.positions) {
      const log = this.logs.get(place);
      if (!log || offset < log.logStart || offset > log.logEnd) atOnce = true;
      else if (bytes < request.minBytes) bytes += log.bytesFrom(offset, request.minBytes - bytes);
    }
    const waiting: WaitingFetch = {
      client,
      correlation,
      request,
      positions: new Map(request.positions),
      bytes,
    };
    if (atOnce || bytes >= request.minBytes || request.maxWaitMs === 0) {
      this.answerFetch(waiting, fx);
      return;
    }
    this.waiting.set(client, waiting);
    for (const [place] of request.positions) {
      let watchers = this.watchers.get(place);
      if (!watchers) this.watchers.set(place, (watchers = new Set()));
      watchers.add(client);
    }
    fx.timer(fromMs(request.maxWaitMs), 'fetch-wait', { client, correlation });
  }

  private wakeFetches(place: string, fx: Effects<Reply>): void {
    const watchers = this.watchers.get(place);
    if (!watchers || watchers.size === 0) return;
    for (const client of [...watchers]) {
      const waiting = this.waiting.get(client)!;
      if (waiting.bytes < waiting.request.minBytes) continue;
      this.forgetFetch(client);
      this.answerFetch(waiting, fx);
    }
  }

  private fetchWaited(data: unknown, fx: Effects<Reply>): void {
    const { client, correlation } = data as { client: string; correlation: number };
    const waiting = this.waiting.get(client);
    if (waiting?.correlation !== correlation) return;
    this.forgetFetch(client);
    this.answerFetch(waiting, fx);
  }

  private answerFetch({ client, correlation, request }: WaitingFetch, fx: Effects<Reply>): void {
    let left = request.maxBytes;
    const partitions: FetchedRecords[] = [];
    for (const [place, offset] of request.positions) {
      const log = this.logs.get(place);
      if (!log) {
        partitions.push({
          place,
          error: 'UNKNOWN_TOPIC_OR_PARTITION',
          baseOffset: offset,
          messages: [],
          keys: [],
        });
        continue;
      }
      // K-6: a limit never blocks progress, so the first partition with data gives at least one record.
      if (left <= 0) break;
      const { bytes, ...records } = log.read(offset, Math.min(left, request.maxPartitionBytes));
      left -= bytes;
      if (records.error !== 'NONE' || records.messages.length > 0) partitions.push(records);
    }
    fx.reply(client, correlation, { api: 'Fetch', partitions });
  }

  private forgetFetch(client: string): void {
    const waiting = this.waiting.get(client);
    if (!waiting) return;
    this.waiting.delete(client);
    for (const place of waiting.positions.keys()) this.watchers.get(place)?.delete(client);
  }

  private createPartitions(topic: string, total: number, fx: Effects<Reply>): Reply {
    const current = this.topics.get(topic)?.length;
    const refuse = (error: 'UNKNOWN_TOPIC_OR_PARTITION' | 'INVALID_PARTITIONS', detail: string): Reply => ({
      api: 'CreatePartitions',
      error,
      detail,
    });
    if (current === undefined)
      return refuse('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.');
    if (total === current) return refuse('INVALID_PARTITIONS', `Topic already has ${current} partition(s).`);
    if (total < current) {
      return refuse(
        'INVALID_PARTITIONS',
        `The topic ${topic} currently has ${current} partition(s); ${total} would not be an increase.`,
      );
    }
    this.addPartitions(topic, total - current, fx);
    return { api: 'CreatePartitions', error: 'NONE', detail: '' };
  }

  private addPartitions(topic: string, count: number, fx: Effects<Reply>): void {
    const places = this.topics.get(topic)!;
    const added = Array.from({ length: count }, (_, i) => `${topic}-${places.length + i}`);
    for (const place of added) {
      places.push(place);
      this.logs.set(place, new PartitionLog(place));
    }
    fx.trace({ kind: 'places-created', node: this.node, name: topic, places: added, total: places.length });
  }
}
