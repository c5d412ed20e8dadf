// Brokers that a test scripts: they lead what they are told, hold the batches they are given, and answer what the test
// does not answer itself. For what a client does when a real cluster would have to be brought into a rare state.
import type { StoredBatch } from '../../../src/brokers/kafka/batch.ts';
import type { PartitionImage } from '../../../src/brokers/kafka/cluster-image.ts';
import { splitPlace } from '../../../src/brokers/kafka/cluster-image.ts';
import type {
  AbortedTransaction,
  FetchedPartition,
  FetchRequest,
  Reply,
  Request,
  RequestEnvelope,
} from '../../../src/brokers/kafka/protocol.ts';
import { Kernel, type Actor, type Port } from '../../../src/sim/kernel.ts';
import { fromMs } from '../../../src/sim/time.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';

export interface FakePartition {
  leader: string | null;
  leaderEpoch: number;
  logStart: number;
  batches: StoredBatch[];
  aborted: AbortedTransaction[];
  lastStableOffset: number | null;
}

/** What a test answers itself: a reply, `park` for none, `close` for a broken connection, undefined to leave it. */
export type Script = (request: Request, node: string, from: string) => Reply | 'park' | 'close' | undefined;

export class FakeCluster {
  readonly events: TraceEvent[] = [];
  readonly kernel: Kernel;
  readonly brokers: readonly string[];
  readonly partitions = new Map<string, FakePartition>();
  /** Every request with the broker that got it, and when. */
  readonly asked: { readonly request: Request; readonly node: string; readonly atMs: number }[] = [];
  readonly committed = new Map<string, number>();
  /** What the script parked, to be answered by {@link release}. */
  readonly parked: { readonly port: Port; readonly from: string; readonly envelope: RequestEnvelope }[] = [];
  coordinator = 'broker-1';
  script: Script = () => undefined;

  constructor(brokers: number, leaders: Record<string, string>, latencyMs = 1) {
    const sink = { on: (event: TraceEvent) => void this.events.push(event) };
    this.kernel = new Kernel({ seed: 1, network: { latencyMs, jitterMs: 0, loss: 0 }, sink });
    this.brokers = Array.from({ length: brokers }, (_, i) => `broker-${i + 1}`);
    for (const [place, leader] of Object.entries(leaders)) {
      this.partitions.set(place, {
        leader,
        leaderEpoch: 0,
        logStart: 0,
        batches: [],
        aborted: [],
        lastStableOffset: null,
      });
    }
    for (const id of this.brokers) {
      this.kernel.add((port) => new FakeBroker(port, this), id);
      this.kernel.start(id);
    }
  }

  partition(place: string): FakePartition {
    return this.partitions.get(place)!;
  }

  /** Appends `count` records in one batch. */
  append(place: string, count: number, more: Partial<StoredBatch> = {}): void {
    const { batches, leaderEpoch } = this.partition(place);
    batches.push(batchOf(this.end(place), count, { leaderEpoch, ...more }));
  }

  end(place: string): number {
    const { batches, logStart } = this.partition(place);
    const last = batches.at(-1);
    return last ? last.lastOffset + 1 : logStart;
  }

  until(ms: number): void {
    while (this.kernel.nextAt() <= ms * 1000) this.kernel.step();
    this.kernel.now = ms * 1000;
  }

  of<K extends TraceEvent['kind']>(kind: K): Extract<TraceEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
  }

  requests<A extends Request['api']>(api: A): Extract<Request, { api: A }>[] {
    return this.asked.flatMap(({ request }) =>
      request.api === api ? [request as Extract<Request, { api: A }>] : [],
    );
  }

  /** Answers the oldest request that was parked. */
  release(reply: Reply): void {
    const { port, from, envelope } = this.parked.shift()!;
    port.send(from, { correlation: envelope.correlation, reply }, { what: `${reply.api}Response` });
  }

  answer(request: Request, node: string): Reply | 'park' {
    switch (request.api) {
      case 'Metadata':
        return { api: 'Metadata', brokers: this.brokers, topics: this.topics(request.topics ?? []) };
      case 'FindCoordinator':
        return { api: 'FindCoordinator', error: 'NONE', node: this.coordinator };
      case 'OffsetFetch':
        return {
          api: 'OffsetFetch',
          error: 'NONE',
          offsets: (request.places ?? []).map((place) => [place, this.committed.get(place) ?? -1] as const),
        };
      case 'OffsetCommit':
        for (const [place, offset] of request.offsets) this.committed.set(place, offset);
        return { api: 'OffsetCommit', error: 'NONE' };
      case 'ListOffsets':
        return {
          api: 'ListOffsets',
          offsets: request.places.map((place) => {
            const { logStart, leader } = this.partition(place);
            if (leader !== node) return { place, error: 'NOT_LEADER_OR_FOLLOWER', offset: -1 };
            const offset =
              request.at === 'earliest' ? logStart : request.at === 'latest' ? this.end(place) : -1;
            return { place, error: 'NONE', offset };
          }),
        };
      case 'Fetch':
        return this.fetch(request, node);
      default:
        throw new Error(`${node} cannot answer ${request.api}`);
    }
  }

  private topics(names: readonly string[]): Extract<Reply, { api: 'Metadata' }>['topics'] {
    return names.map((topic) => {
      const partitions = [...this.partitions].flatMap(([place, { leader, leaderEpoch }]) => {
        const { topic: of, index } = splitPlace(place);
        if (of !== topic) return [];
        const replicas = leader === null ? [] : [leader];
        const image: PartitionImage = {
          place,
          topic,
          index,
          replicas,
          isr: replicas,
          elr: [],
          leader,
          leaderEpoch,
          partitionEpoch: leaderEpoch,
        };
        return [image];
      });
      return { topic, partitions, error: 'NONE', config: {} };
    });
  }

  private fetch({ positions, isolation }: FetchRequest, node: string): Reply | 'park' {
    const fetched = positions.flatMap(({ place, offset, leaderEpoch }): FetchedPartition[] => {
      const {
        leader,
        leaderEpoch: epoch,
        batches,
        aborted,
        lastStableOffset,
        logStart,
      } = this.partition(place);
      const end = this.end(place);
      const stable = lastStableOffset ?? end;
      const to = isolation === 'read_committed' ? stable : end;
      const part = { place, highWatermark: end, lastStableOffset: stable, logStart, diverging: null };
      const refuse = (error: FetchedPartition['error']): FetchedPartition[] => [
        { ...part, error, batches: [], aborted: [] },
      ];
      if (leader !== node) return refuse('NOT_LEADER_OR_FOLLOWER');
      if (leaderEpoch < epoch) return refuse('FENCED_LEADER_EPOCH');
      if (leaderEpoch > epoch) return refuse('UNKNOWN_LEADER_EPOCH');
      if (offset < logStart || offset > end) return refuse('OFFSET_OUT_OF_RANGE');
      const read = batches.filter((batch) => batch.lastOffset >= offset && batch.baseOffset < to);
      if (read.length === 0) return [];
      return [
        { ...part, error: 'NONE', batches: read, aborted: isolation === 'read_committed' ? aborted : [] },
      ];
    });
    return fetched.length === 0 ? 'park' : { api: 'Fetch', partitions: fetched };
  }
}

class FakeBroker implements Actor {
  readonly id: string;
  private readonly port: Port;
  private readonly cluster: FakeCluster;

  constructor(port: Port, cluster: FakeCluster) {
    this.id = port.id;
    this.port = port;
    this.cluster = cluster;
  }

  start(): void {}

  receive(message: unknown, from: string): void {
    const { correlation, request } = message as RequestEnvelope;
    this.cluster.asked.push({ request, node: this.id, atMs: this.port.now() / 1000 });
    const scripted = this.cluster.script(request, this.id, from);
    if (scripted === 'park') {
      const { port } = this;
      this.cluster.parked.push({ port, from, envelope: { correlation, request } });
      return;
    }
    if (scripted === 'close') {
      this.port.disconnect(from);
      return;
    }
    const reply = scripted ?? this.cluster.answer(request, this.id);
    if (reply !== 'park') this.port.send(from, { correlation, reply }, { what: `${request.api}Response` });
    else if (request.api === 'Fetch')
      this.port.timer(fromMs(request.maxWaitMs), 'waited', { from, correlation, request });
  }

  wake(_timer: string, data: unknown): void {
    const { from, correlation, request } = data as {
      from: string;
      correlation: number;
      request: FetchRequest;
    };
    const reply = this.cluster.answer(request, this.id);
    const waited: Reply = reply === 'park' ? { api: 'Fetch', partitions: [] } : reply;
    this.port.send(from, { correlation, reply: waited }, { what: 'FetchResponse' });
  }
}

/** A batch as a leader stores it; its messages are numbered like its offsets. */
export function batchOf(baseOffset: number, count: number, more: Partial<StoredBatch> = {}): StoredBatch {
  const indexes = Array.from({ length: count }, (_, i) => i);
  return Object.freeze({
    baseOffset,
    lastOffset: baseOffset + Math.max(count, 1) - 1,
    offsets: null,
    leaderEpoch: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    transactional: false,
    marker: null,
    messages: indexes.map((i) => baseOffset + i),
    keys: indexes.map(() => null),
    sizes: indexes.map(() => 100),
    timestamps: indexes.map(() => 0),
    values: null,
    coordinator: null,
    maxTimestamp: 0,
    bytes: 61 + count * 121,
    deleteHorizon: null,
    ...more,
  });
}
