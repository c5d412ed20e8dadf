// A cluster that answers an administrator's requests from what a test puts into it, without a network or a log: for the
// tools' own behaviour. What real brokers answer is tested with them.
import { TOPIC_DEFAULTS, type TopicConfig } from '../../../src/brokers/kafka/config.ts';
import type { PartitionImage } from '../../../src/brokers/kafka/cluster-image.ts';
import { programNamed } from '../../../src/brokers/kafka/console/programs.ts';
import { scriptOf } from '../../../src/brokers/kafka/console/run.ts';
import type { Answer, Ask } from '../../../src/brokers/kafka/console/script.ts';
import { tokenise } from '../../../src/brokers/console-tokens.ts';
import type {
  ErrorCode,
  GroupDescription,
  Reply,
  Request,
  ShareState,
} from '../../../src/brokers/kafka/protocol.ts';

export interface FakePartition {
  replicas: string[];
  isr: string[];
  elr: string[];
  leader: string | null;
  start: number;
  end: number;
  /** Offsets of times, milliseconds: the first record at or after. */
  times: readonly (readonly [ms: number, offset: number])[];
}

export interface FakeTopic {
  config: TopicConfig;
  internal: boolean;
  partitions: FakePartition[];
}

export class FakeCluster {
  brokers = ['broker-1', 'broker-2', 'broker-3'];
  topics = new Map<string, FakeTopic>();
  /** As the brokers tell them: by default what a new cluster of 4.x has. */
  clusterConfig: TopicConfig = { 'min.insync.replicas': 1 };
  brokerConfig: TopicConfig = {};
  groups = new Map<string, GroupDescription>();
  offsets = new Map<string, Map<string, number>>();
  shares = new Map<string, ShareState>();
  /** Answers that come in place of the ordinary ones. */
  errors = new Map<Request['api'], { error: ErrorCode; detail: string }>();
  /** APIs to which nobody answers. */
  silent = new Set<Request['api']>();
  asked: Request[] = [];

  addTopic(name: string, partitions: Partial<FakePartition>[], more: Partial<FakeTopic> = {}): this {
    this.topics.set(name, {
      config: {},
      internal: false,
      partitions: partitions.map((partition) => {
        const replicas = partition.replicas ?? ['broker-1', 'broker-2', 'broker-3'];
        return {
          replicas,
          isr: replicas,
          elr: [],
          leader: replicas[0]!,
          start: 0,
          end: 0,
          times: [],
          ...partition,
        };
      }),
      ...more,
    });
    return this;
  }

  addGroup(
    description: Partial<GroupDescription> & { group: string },
    offsets: [string, number][] = [],
  ): this {
    this.groups.set(description.group, {
      type: 'Classic',
      state: 'Empty',
      coordinator: 'broker-2',
      assignor: '',
      epoch: 0,
      targetEpoch: null,
      members: [],
      ...description,
    });
    this.offsets.set(description.group, new Map(offsets));
    return this;
  }

  private images(topic: string): PartitionImage[] {
    return this.topics.get(topic)!.partitions.map((partition, index) => ({
      place: `${topic}-${index}`,
      topic,
      index,
      replicas: partition.replicas,
      isr: partition.isr,
      elr: partition.elr,
      leader: partition.leader,
      leaderEpoch: 4,
      partitionEpoch: 0,
    }));
  }

  private partition(place: string): FakePartition | undefined {
    const at = place.lastIndexOf('-');
    return this.topics.get(place.slice(0, at))?.partitions[Number(place.slice(at + 1))];
  }

  answer(request: Request): Reply {
    this.asked.push(request);
    const wrong = this.errors.get(request.api);
    const done = wrong ?? { error: 'NONE' as const, detail: '' };
    switch (request.api) {
      case 'Metadata': {
        const names =
          request.topics ?? [...this.topics].filter(([, { internal }]) => !internal).map(([name]) => name);
        return {
          api: 'Metadata',
          brokers: this.brokers,
          topics: names.map((topic) => ({
            topic,
            partitions: this.topics.has(topic) ? this.images(topic) : [],
            error: this.topics.has(topic) ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION',
            config: this.topics.get(topic)?.config ?? {},
          })),
        };
      }
      case 'FindCoordinator':
        return { api: 'FindCoordinator', error: 'NONE', node: 'broker-2' };
      case 'DescribeConfigs':
        return {
          api: 'DescribeConfigs',
          error: this.topics.has(request.topic) ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION',
          cluster: this.clusterConfig,
          broker: this.brokerConfig,
        };
      case 'CreateTopics': {
        if (!wrong && this.topics.has(request.topic))
          return { api: 'CreateTopics', error: 'TOPIC_ALREADY_EXISTS', detail: '' };
        if (!wrong)
          this.addTopic(
            request.topic,
            Array.from({ length: request.partitions }, (_, i) => ({
              replicas: [...(request.replicas?.[i] ?? this.brokers.slice(0, request.replicationFactor))],
            })),
            { config: request.config },
          );
        return { api: 'CreateTopics', ...done };
      }
      case 'DeleteTopics':
        if (!wrong) this.topics.delete(request.topic);
        return { api: 'DeleteTopics', ...done };
      case 'CreatePartitions':
        return { api: 'CreatePartitions', ...done };
      case 'IncrementalAlterConfigs': {
        const topic = this.topics.get(request.topic)!;
        const merged = { ...topic.config, ...request.config };
        if (!wrong)
          topic.config = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
        return { api: 'IncrementalAlterConfigs', ...done };
      }
      case 'ElectLeaders':
        return {
          api: 'ElectLeaders',
          results: request.places.map((place) => ({ place, ...done })),
        };
      case 'ListOffsets':
        return {
          api: 'ListOffsets',
          offsets: request.places.map((place) => {
            const found = this.partition(place);
            if (!found) return { place, error: 'UNKNOWN_TOPIC_OR_PARTITION', offset: -1 };
            const { at } = request;
            if (at === 'earliest') return { place, error: 'NONE', offset: found.start };
            if (at === 'latest') return { place, error: 'NONE', offset: found.end };
            const first = found.times.find(([ms]) => ms * 1000 >= at);
            return { place, error: 'NONE', offset: first?.[1] ?? -1 };
          }),
        };
      case 'ListGroups':
        return { api: 'ListGroups', groups: [...this.groups.values()] };
      case 'DescribeGroup': {
        const description = this.groups.get(request.group) ?? null;
        return {
          api: 'DescribeGroup',
          error: description ? 'NONE' : 'GROUP_ID_NOT_FOUND',
          description,
        };
      }
      case 'OffsetFetch': {
        const offsets = this.offsets.get(request.group);
        return { api: 'OffsetFetch', error: 'NONE', offsets: [...(offsets ?? [])] };
      }
      case 'OffsetCommit': {
        const offsets = this.offsets.get(request.group) ?? new Map<string, number>();
        for (const [place, offset] of request.offsets) offsets.set(place, offset);
        this.offsets.set(request.group, offsets);
        return { api: 'OffsetCommit', error: done.error };
      }
      case 'OffsetDelete':
        return { api: 'OffsetDelete', error: done.error };
      case 'DeleteGroup': {
        const group = this.groups.get(request.group);
        const error =
          wrong?.error ??
          (!group ? 'GROUP_ID_NOT_FOUND' : group.state === 'Empty' ? 'NONE' : 'NON_EMPTY_GROUP');
        return { api: 'DeleteGroup', error };
      }
      case 'ReadShareState':
        return { api: 'ReadShareState', error: 'NONE', state: this.shares.get(request.place) ?? null };
      default:
        throw new Error(`the fake cluster does not answer ${request.api}`);
    }
  }
}

export interface Outcome {
  readonly lines: readonly string[];
  readonly exit: number;
}

/** Runs one command line against the cluster, every answer coming at once. */
export function runTool(line: string, cluster = new FakeCluster(), startedMs = 12_345): Outcome {
  const tokens = tokenise(line);
  if (!tokens.ok) throw new Error(tokens.error);
  const [first = '', ...words] = tokens.words;
  const out: string[] = [];
  const script = scriptOf(programNamed(first)!, { words, startedMs, out }, TOPIC_DEFAULTS)!;
  const answerTo = (ask: Ask): Answer =>
    cluster.silent.has(ask.request.api)
      ? {
          failure: {
            exception: 'org.apache.kafka.common.errors.TimeoutException',
            message: `Timed out waiting for a node assignment. Call: ${ask.call}`,
          },
        }
      : { reply: cluster.answer(ask.request) };
  let next = script.next();
  while (!next.done)
    next = script.next(next.value.do === 'connect' ? [] : next.value.asks.map((ask) => answerTo(ask)));
  return { lines: out.flatMap((text) => text.split('\n')), exit: next.value };
}

/** The three partitions that most tests use. */
export function threePartitions(): FakeCluster {
  return new FakeCluster().addTopic('orders', [
    { replicas: ['broker-1', 'broker-2', 'broker-3'], end: 12 },
    { replicas: ['broker-2', 'broker-3', 'broker-1'], end: 7 },
    { replicas: ['broker-3', 'broker-1', 'broker-2'], start: 3, end: 9 },
  ]);
}
