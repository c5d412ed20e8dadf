/** A broker's process: the machine with the time that its requests and its disk take, and a network around it. */
import { assert } from '../../sim/errors.ts';
import type { Actor, Cargo, Port } from '../../sim/kernel.ts';
import type { Micros } from '../../sim/time.ts';
import type { EventBody, MessageId } from '../../sim/trace.ts';
import type { Effects } from '../broker.ts';
import type { KafkaSystem } from './config.ts';
import { BrokerMachine, type Command } from './machine.ts';
import type { FetchedRecords, Reply, ReplyEnvelope, Request, RequestEnvelope } from './protocol.ts';

/** What one request takes on the request thread. */
const REQUEST_MICROS = 20;
/** What an append takes on top of it, per batch: a write into the page cache (K-66). */
const APPEND_MICROS = 30;

export class BrokerNode implements Actor, Effects<Reply> {
  readonly id: string;
  private readonly port: Port;
  private readonly system: KafkaSystem;
  private readonly machine: BrokerMachine;
  private started = false;
  /** When the request thread is free again. */
  private busyUntil: Micros = 0;

  constructor(port: Port, system: KafkaSystem) {
    this.id = port.id;
    this.port = port;
    this.system = system;
    const { config } = system;
    this.machine = new BrokerMachine(
      port.id,
      {
        initialRebalanceDelayMs: config['group.initial.rebalance.delay.ms'],
        minSessionTimeoutMs: config['group.min.session.timeout.ms'],
        maxSessionTimeoutMs: config['group.max.session.timeout.ms'],
      },
      port.random,
    );
  }

  start(): void {
    this.busyUntil = this.port.now();
    if (this.started) {
      this.apply({ type: 'restarted' });
      return;
    }
    this.started = true;
    for (const { name, partitions } of this.system.topics) this.machine.createTopic(name, partitions, this);
  }

  receive(message: unknown, from: string): void {
    const { correlation, request } = message as RequestEnvelope;
    const now = this.port.now();
    const work = REQUEST_MICROS + (request.api === 'Produce' ? APPEND_MICROS * request.batches.length : 0);
    this.busyUntil = Math.max(this.busyUntil, now) + Math.round(work * this.port.slowness());
    this.port.timer(this.busyUntil - now, 'request', { type: 'request', from, correlation, request });
  }

  wake(timer: string, data: unknown): void {
    if (timer === 'request') this.apply(data as Command);
    else this.apply({ type: 'timer', timer, data });
  }

  crash(): void {
    this.apply({ type: 'crashed' });
  }

  disconnected(peer: string): void {
    this.apply({ type: 'disconnected', client: peer });
  }

  /** K-1: what an admin client's CreatePartitions does. @returns the broker's refusal, or null */
  createPartitions(topic: string, total: number): string | null {
    let refusal: string | null = null;
    const request: Request = { api: 'CreatePartitions', topic, total };
    this.machine.apply({ type: 'request', from: 'admin', correlation: 0, request }, this.port.now(), {
      reply: (_to, _correlation, reply) => {
        assert(reply.api === 'CreatePartitions', `a reply to ${reply.api}`);
        if (reply.error !== 'NONE') refusal = `${reply.error}: ${reply.detail}`;
      },
      timer: (delay, timer, data) => this.timer(delay, timer, data),
      trace: (event) => this.trace(event),
    });
    return refusal;
  }

  reply(to: string, correlation: number, reply: Reply): void {
    const envelope: ReplyEnvelope = { correlation, reply };
    this.port.send(to, envelope, cargoOf(reply));
  }

  timer(delay: Micros, timer: string, data: unknown): void {
    this.port.timer(delay, timer, data);
  }

  trace(event: EventBody): void {
    this.port.emit(event);
  }

  private apply(command: Command): void {
    this.machine.apply(command, this.port.now(), this);
  }
}

const REPLY_CARGO: Readonly<Record<Reply['api'], Cargo>> = {
  Metadata: { what: 'MetadataResponse' },
  InitProducerId: { what: 'InitProducerIdResponse' },
  Produce: { what: 'ProduceResponse' },
  Fetch: { what: 'FetchResponse' },
  ListOffsets: { what: 'ListOffsetsResponse' },
  CreatePartitions: { what: 'CreatePartitionsResponse' },
  FindCoordinator: { what: 'FindCoordinatorResponse' },
  JoinGroup: { what: 'JoinGroupResponse' },
  SyncGroup: { what: 'SyncGroupResponse' },
  Heartbeat: { what: 'HeartbeatResponse' },
  LeaveGroup: { what: 'LeaveGroupResponse' },
  OffsetCommit: { what: 'OffsetCommitResponse' },
  OffsetFetch: { what: 'OffsetFetchResponse' },
};

function cargoOf(reply: Reply): Cargo {
  const plain = REPLY_CARGO[reply.api];
  return reply.api === 'Fetch' ? carrying(plain.what, reply.partitions) : plain;
}

/** What a request or a reply carries, for the trace; the place is named when all of it belongs to one. */
export function carrying(
  what: string,
  parts: readonly (Pick<FetchedRecords, 'place'> & { readonly messages: readonly MessageId[] })[],
): Cargo {
  if (parts.length === 0) return { what };
  if (parts.length === 1) return { what, place: parts[0]!.place, messages: parts[0]!.messages };
  const messages: MessageId[] = [];
  for (const part of parts) for (const message of part.messages) messages.push(message);
  return { what, place: null, messages };
}
