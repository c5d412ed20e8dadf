// A producer among brokers that do what the test says: for cases of the library alone, without the model's brokers.
import * as v from 'valibot';
import { kafkaProducer, type KafkaProducer as Settings } from '../../../src/brokers/kafka/client-config.ts';
import { SEQUENCE_RANGE, type RecordBatch } from '../../../src/brokers/kafka/batch.ts';
import { splitPlace } from '../../../src/brokers/kafka/cluster-image.ts';
import { ProducerClient } from '../../../src/brokers/kafka/producer.ts';
import type {
  ErrorCode,
  Reply,
  Request,
  RequestEnvelope,
  TopicMetadata,
} from '../../../src/brokers/kafka/protocol.ts';
import { Kernel, type Actor, type Port } from '../../../src/sim/kernel.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';

/** What a broker does with a batch: stores it, refuses it, stores it and loses the answer, or says nothing at all. */
export type Verdict = 'store' | ErrorCode | 'store-unanswered' | 'silence';

/** One cluster for all its brokers: logs, leaders, and the checks of sequence numbers that a leader makes (K-38). */
export class FakeCluster {
  readonly logs = new Map<string, number[]>();
  readonly sizes = new Map<string, RecordBatch[]>();
  leaders = new Map<string, { leader: string | null; epoch: number }>();
  /** Batches as they came in, and what was made of them. */
  readonly produced: { at: number; node: string; batch: RecordBatch; verdict: Verdict }[] = [];
  readonly requests: { at: number; node: string; request: Request }[] = [];
  /** Decides what becomes of the n-th batch that arrives, from 0. */
  judge: (batch: RecordBatch, n: number, node: string) => Verdict = () => 'store';
  /** Answers requests other than Produce and Metadata. */
  answer: (request: Request, n: number, node: string) => Reply | null = standard;
  private seen = new Map<
    string,
    { epoch: number; batches: { first: number; last: number; offset: number }[] }
  >();

  constructor(places: Record<string, string | null>) {
    for (const [place, leader] of Object.entries(places)) this.lead(place, leader);
  }

  lead(place: string, leader: string | null): void {
    this.leaders.set(place, { leader, epoch: (this.leaders.get(place)?.epoch ?? -1) + 1 });
    if (!this.logs.has(place)) this.logs.set(place, []);
  }

  metadata(topics: readonly string[]): TopicMetadata[] {
    return topics.map((topic) => {
      const partitions = [...this.leaders]
        .filter(([place]) => splitPlace(place).topic === topic)
        .map(([place, { leader, epoch }]) => ({
          place,
          ...splitPlace(place),
          replicas: [],
          isr: [],
          elr: [],
          leader,
          leaderEpoch: epoch,
          partitionEpoch: 0,
        }));
      const error = partitions.length > 0 ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION';
      return { topic, partitions, error, config: {} };
    });
  }

  /** K-38: what a leader says to a batch, storing it where it may. */
  store(batch: RecordBatch): { error: ErrorCode; baseOffset: number } {
    const log = this.logs.get(batch.place)!;
    const offset = log.length;
    if (batch.producerId >= 0) {
      const key = `${batch.place} ${batch.producerId}`;
      const state = this.seen.get(key) ?? { epoch: batch.epoch, batches: [] };
      const first = batch.baseSequence;
      const last = (first + batch.messages.length - 1) % SEQUENCE_RANGE;
      if (batch.epoch < state.epoch) return { error: 'INVALID_PRODUCER_EPOCH', baseOffset: -1 };
      if (batch.epoch === state.epoch) {
        const same = state.batches.find((other) => other.first === first && other.last === last);
        if (same) return { error: 'NONE', baseOffset: same.offset };
        const before = state.batches.at(-1);
        if (before && first !== (before.last + 1) % SEQUENCE_RANGE)
          return { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', baseOffset: -1 };
      } else if (first !== 0) return { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', baseOffset: -1 };
      const kept = batch.epoch === state.epoch ? state.batches : [];
      this.seen.set(key, { epoch: batch.epoch, batches: [...kept, { first, last, offset }].slice(-5) });
    }
    log.push(...batch.messages);
    this.sizes.set(batch.place, [...(this.sizes.get(batch.place) ?? []), batch]);
    return { error: 'NONE', baseOffset: offset };
  }
}

let nextProducerId = 0;

/** InitProducerId, FindCoordinator (broker-1) and EndTxn as they go when nothing is wrong. */
export function standard(request: Request): Reply | null {
  switch (request.api) {
    case 'InitProducerId':
      return { api: 'InitProducerId', error: 'NONE', producerId: nextProducerId++, epoch: 0 };
    case 'FindCoordinator':
      return { api: 'FindCoordinator', error: 'NONE', node: 'broker-1' };
    case 'AddOffsetsToTxn':
    case 'TxnOffsetCommit':
      return { api: request.api, error: 'NONE' };
    case 'EndTxn': {
      const { producerId, producerEpoch } = request;
      return { api: 'EndTxn', error: 'NONE', producerId, epoch: producerEpoch + 1 };
    }
    default:
      return null;
  }
}

class FakeBroker implements Actor {
  /** Answers come in the order of their requests: behind one that never comes, none does on that connection. */
  private stuck: 'store-unanswered' | 'silence' | null = null;
  readonly id: string;
  private readonly port: Port;
  private readonly cluster: FakeCluster;

  constructor(port: Port, cluster: FakeCluster) {
    this.id = port.id;
    this.port = port;
    this.cluster = cluster;
  }

  start(): void {}

  wake(): void {}

  disconnected(): void {
    this.stuck = null;
  }

  receive(message: unknown, from: string): void {
    const { correlation, request } = message as RequestEnvelope;
    const { cluster } = this;
    cluster.requests.push({ at: this.port.now(), node: this.id, request });
    const reply = this.reply(request);
    if (reply && this.stuck === null)
      this.port.send(from, { correlation, reply }, { what: `${reply.api}Response` });
  }

  private reply(request: Request): Reply | null {
    const { cluster } = this;
    if (request.api === 'Metadata') {
      const brokers = [...new Set([...cluster.leaders.values()].map(({ leader }) => leader))];
      return {
        api: 'Metadata',
        brokers: brokers.filter((node) => node !== null),
        topics: cluster.metadata(request.topics ?? []),
      };
    }
    if (request.api !== 'Produce') return cluster.answer(request, cluster.requests.length - 1, this.id);
    const results = request.batches.map((batch) => {
      const { place } = batch;
      const leads = cluster.leaders.get(place)?.leader === this.id;
      let verdict: Verdict = 'NOT_LEADER_OR_FOLLOWER';
      if (this.stuck === 'silence') verdict = 'silence';
      else if (leads) verdict = cluster.judge(batch, cluster.produced.length, this.id);
      cluster.produced.push({ at: this.port.now(), node: this.id, batch, verdict });
      if (verdict === 'silence' || verdict === 'store-unanswered') this.stuck = verdict;
      if (verdict === 'silence') return { place, error: 'NONE' as const, baseOffset: -1 };
      if (verdict === 'store' || verdict === 'store-unanswered') return { place, ...cluster.store(batch) };
      return { place, error: verdict, baseOffset: -1 };
    });
    return request.acks === '0' ? null : { api: 'Produce', results };
  }
}

/** Adds brokers to a kernel and starts them. */
export function addBrokers(kernel: Kernel, cluster: FakeCluster, names: readonly string[]): void {
  for (const name of names) {
    kernel.add((port) => new FakeBroker(port, cluster), name);
    kernel.start(name);
  }
}

/** A kernel with a fake cluster, and what happened there. */
export class Bench {
  readonly events: TraceEvent[] = [];
  readonly kernel: Kernel;
  readonly cluster: FakeCluster;

  constructor(cluster: FakeCluster) {
    this.cluster = cluster;
    const { events } = this;
    this.kernel = new Kernel({
      seed: 1,
      network: { latencyMs: 1, jitterMs: 0, loss: 0 },
      sink: { on: (event) => void events.push({ ...event }) },
    });
  }

  /** Lets time pass up to this moment, milliseconds. */
  until(ms: number): void {
    while (this.kernel.nextAt() <= ms * 1000) this.kernel.step();
    this.kernel.now = ms * 1000;
  }

  of<K extends TraceEvent['kind']>(kind: K): Extract<TraceEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
  }

  /** Messages in a partition's log, in order. */
  log(place = 'orders-0'): readonly number[] {
    return this.cluster.logs.get(place)!;
  }

  asked(api: Request['api']): Request[] {
    return this.cluster.requests.map(({ request }) => request).filter((request) => request.api === api);
  }
}

export class ProducerBench extends Bench {
  readonly client: ProducerClient;

  /** @param places with their leaders: as many brokers as these name, and broker-1 */
  constructor(
    settings: Partial<v.InferInput<typeof kafkaProducer>> = {},
    places: Record<string, string | null> = { 'orders-0': 'broker-1' },
  ) {
    super(new FakeCluster(places));
    const leaders = Object.values(places).filter((name) => name !== null);
    const names = [...new Set(['broker-1', ...leaders])].toSorted();
    addBrokers(this.kernel, this.cluster, names);
    const parsed: Settings = v.parse(kafkaProducer, {
      id: 'p',
      role: 'producer',
      topic: 'orders',
      load: { ratePerSecond: 0 },
      ...settings,
    });
    let made: ProducerClient | undefined;
    this.kernel.add((port) => {
      made = new ProducerClient(port, parsed, { next: 0 }, names, this.kernel.random('load'));
      return made;
    }, 'p');
    this.client = made!;
    this.kernel.start('p');
    this.until(10);
  }
}
