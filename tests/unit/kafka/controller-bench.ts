// A controller driven by hand: its clock, its brokers' heartbeats, what it answers, pushes and says.
import {
  partitionOf,
  type ClusterImage,
  type PartitionImage,
} from '../../../src/brokers/kafka/cluster-image.ts';
import { parse } from 'valibot';
import { kafkaSystem, type KafkaSystem } from '../../../src/brokers/kafka/config.ts';
import {
  ControllerMachine,
  initialImage,
  type ControllerCommand,
} from '../../../src/brokers/kafka/controller.ts';
import type { ControllerRequest, Reply, ReplyTo } from '../../../src/brokers/kafka/protocol.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

type Event = EventBody & { atMs: number };

/** A system with brokers and one topic, `foo`, on the replicas that are given per partition. */
export function system(
  brokers: number,
  replicas: readonly (readonly number[])[] = [[1, 2, 3]],
  topic: Record<string, unknown> = {},
  config: Record<string, unknown> = {},
): KafkaSystem {
  return parse(kafkaSystem, {
    broker: 'kafka',
    brokers,
    topics: [
      {
        name: 'foo',
        partitions: replicas.length,
        replicationFactor: replicas[0]!.length,
        replicas,
        config: topic,
      },
    ],
    config,
  });
}

export class ControllerBench {
  readonly machine: ControllerMachine;
  readonly events: Event[] = [];
  /** What was pushed to each broker, in order. */
  readonly pushed: { to: string; image: ClusterImage }[] = [];
  nowMs = 0;
  private replies: Reply[] = [];
  private timers: { atMs: number; timer: string; data: unknown }[] = [];
  private incarnations = new Map<string, number>();
  private epochs = new Map<string, number>();
  private readonly fx = {
    reply: (_to: string, _correlation: number, reply: Reply): void => {
      this.replies.push(reply);
    },
    timer: (delay: number, timer: string, data: unknown): void => {
      this.timers.push({ atMs: this.nowMs + delay / 1000, timer, data });
    },
    trace: (event: EventBody): void => {
      this.events.push({ ...event, atMs: this.nowMs });
    },
    image: (to: string, image: ClusterImage): void => {
      this.pushed.push({ to, image });
    },
  };

  constructor(of: KafkaSystem = system(3)) {
    this.machine = new ControllerMachine(of.config);
    this.apply({ type: 'formed', image: initialImage(of) });
  }

  get image(): ClusterImage {
    return this.machine.cluster;
  }

  apply(command: ControllerCommand): void {
    this.machine.apply(command, this.nowMs * 1000, this.fx);
  }

  ask<R extends ControllerRequest>(request: R): ReplyTo<R['api']> {
    this.apply({ type: 'request', from: 'somebody', correlation: 0, request });
    const reply = this.replies.pop();
    if (!reply || this.replies.length > 0) throw new Error(`${request.api} was not answered once`);
    return reply as ReplyTo<R['api']>;
  }

  /** Time passes; brokers that are named beat as they do, every two seconds. */
  until(ms: number, ...alive: number[]): void {
    for (let at = Math.floor(this.nowMs / 2000) * 2000 + 2000; at <= ms; at += 2000) {
      this.fire(at);
      for (const number of alive) this.beat(number);
    }
    this.fire(ms);
  }

  private fire(ms: number): void {
    for (;;) {
      this.timers.sort((a, b) => a.atMs - b.atMs);
      const first = this.timers[0];
      if (!first || first.atMs > ms) break;
      this.timers.shift();
      this.nowMs = first.atMs;
      this.apply({ type: 'timer', timer: first.timer, data: first.data });
    }
    this.nowMs = ms;
  }

  beat(
    number: number,
    more: Partial<Extract<ControllerRequest, { api: 'BrokerHeartbeat' }>> = {},
  ): ReplyTo<'BrokerHeartbeat'> {
    const node = `broker-${number}`;
    return this.ask({
      api: 'BrokerHeartbeat',
      node,
      brokerEpoch: this.epochs.get(node) ?? 0,
      wantFence: false,
      wantShutDown: false,
      imageVersion: this.image.version,
      ...more,
    });
  }

  /** A life of a broker asks to be registered: a new one after a crash, if nothing else is said. */
  register(number: number, { sameLife = false, cleanShutdown = false } = {}): ReplyTo<'BrokerRegistration'> {
    const node = `broker-${number}`;
    const incarnation = (this.incarnations.get(node) ?? 1) + (sameLife ? 0 : 1);
    this.incarnations.set(node, incarnation);
    const reply = this.ask({ api: 'BrokerRegistration', node, incarnation, cleanShutdown });
    if (reply.error === 'NONE') this.epochs.set(node, reply.brokerEpoch);
    return reply;
  }

  /** Brokers are fenced at their own wish: the quickest way to be. */
  fence(...numbers: number[]): void {
    for (const number of numbers) this.beat(number, { wantFence: true });
  }

  /** A process that died unseen comes back, its session being over. */
  restart(number: number): void {
    this.register(number);
    this.beat(number);
  }

  alter(
    number: number,
    isr: readonly number[],
    more: Partial<Pick<PartitionImage, 'leaderEpoch' | 'partitionEpoch'>> = {},
    place = 'foo-0',
  ): ReplyTo<'AlterPartition'> {
    const node = `broker-${number}`;
    const { leaderEpoch, partitionEpoch } = { ...this.partition(place), ...more };
    return this.ask({
      api: 'AlterPartition',
      node,
      brokerEpoch: this.epochs.get(node) ?? 0,
      partitions: [{ place, isr: isr.map((n) => `broker-${n}`), leaderEpoch, partitionEpoch }],
    });
  }

  config(config: Extract<ControllerRequest, { api: 'IncrementalAlterConfigs' }>['config']): void {
    this.ask({ api: 'IncrementalAlterConfigs', topic: 'foo', config });
  }

  elect(election: 'preferred' | 'unclean', ...places: string[]): string[] {
    return this.ask({ api: 'ElectLeaders', election, places }).results.map(({ error }) => error);
  }

  partition(place = 'foo-0'): PartitionImage {
    const partition = partitionOf(this.image, place);
    if (!partition) throw new Error(`there is no ${place}`);
    return partition;
  }

  /** `1 [1,2] (3)`: the leader, the ISR, the ELR. */
  state(place = 'foo-0'): string {
    const { leader, isr, elr } = this.partition(place);
    const numbers = (nodes: readonly string[]) => nodes.map((node) => node.slice(7)).join(',');
    return `${leader?.slice(7) ?? '-'} [${numbers(isr)}] (${numbers(elr)})`;
  }

  of<K extends EventBody['kind']>(kind: K): Extract<Event, { kind: K }>[] {
    return this.events.filter((event): event is Extract<Event, { kind: K }> => event.kind === kind);
  }
}
