/** The controller's process: the machine with the time its requests take, and a network around it. */
import type { Actor, Port } from '../../sim/kernel.ts';
import type { Micros } from '../../sim/time.ts';
import type { Emission } from '../../sim/trace.ts';
import { replyCargo } from './cargo.ts';
import { splitPlace, type ClusterImage } from './cluster-image.ts';
import type { KafkaSystem } from './config.ts';
import { ControllerMachine, type ControllerCommand, type ControllerEffects } from './controller.ts';
import type { Formation } from './formation.ts';
import type {
  ControllerRequest,
  Envelope,
  ImageEnvelope,
  Reply,
  ReplyEnvelope,
  ReplyTo,
  Request,
} from './protocol.ts';

/** What one request takes, with the write into the controller's log. */
const REQUEST_MICROS = 100;
const IMAGE_CARGO = Object.freeze({ what: 'ClusterImage' });

type Administration = Extract<
  ControllerRequest,
  { api: 'CreateTopics' | 'DeleteTopics' | 'CreatePartitions' | 'IncrementalAlterConfigs' | 'ElectLeaders' }
>;
type Done = Exclude<Administration['api'], 'ElectLeaders'>;

export class ControllerNode implements Actor, ControllerEffects {
  readonly id: string;
  private readonly port: Port;
  private readonly formation: Formation;
  private readonly machine: ControllerMachine;
  private started = false;
  /** When it is free again. */
  private busyUntil: Micros = 0;
  /** What it answered an administrator who stands beside it, and not at the end of a wire. */
  private beside: Reply | null = null;

  /** @param formation the cluster as it is when the run begins */
  constructor(port: Port, system: KafkaSystem, formation: Formation) {
    this.id = port.id;
    this.port = port;
    this.formation = formation;
    this.machine = new ControllerMachine(system.config);
  }

  start(): void {
    this.busyUntil = this.port.now();
    if (this.started) this.apply({ type: 'restarted' });
    else this.apply({ type: 'formed', image: this.formation.image() });
    this.started = true;
  }

  receive(message: unknown, from: string): void {
    const envelope = message as Envelope;
    if (!('request' in envelope)) return;
    const { correlation, request } = envelope;
    const now = this.port.now();
    this.busyUntil = Math.max(this.busyUntil, now) + Math.round(REQUEST_MICROS * this.port.slowness());
    this.port.timer(this.busyUntil - now, 'request', { type: 'request', from, correlation, request });
  }

  wake(timer: string, data: unknown): void {
    if (timer === 'request') this.apply(data as ControllerCommand);
    else this.apply({ type: 'timer', timer, data });
  }

  crash(): void {
    this.apply({ type: 'crashed' });
  }

  disconnected(peer: string): void {
    this.apply({ type: 'disconnected', peer });
  }

  /** An administrator's request, at once. @returns the refusal in the controller's own words, or null */
  administrate(request: Exclude<Administration, { api: 'ElectLeaders' }>): string | null {
    return refusal(this.ask(request) as ReplyTo<Done>);
  }

  /** K-60, K-64, at once. @param partition null for every one of the topic. @returns the refusal, or null */
  electLeaders(election: 'preferred' | 'unclean', topic: string, partition: number | null): string | null {
    const partitions = this.machine.cluster.topics.get(topic)?.partitions ?? [];
    const places =
      partition === null && partitions.length > 0
        ? partitions.map(({ place }) => place)
        : [`${topic}-${partition ?? 0}`];
    const { results } = this.ask({ api: 'ElectLeaders', election, places }) as ReplyTo<'ElectLeaders'>;
    const refused = results.filter(({ error }) => error !== 'NONE');
    if (refused.length < results.length) return null;
    return refused.map((result) => `${splitPlace(result.place).index}: ${refusal(result) ?? ''}`).join('; ');
  }

  reply(to: string, correlation: number, reply: Reply): void {
    if (to === this.id) {
      this.beside = reply;
      return;
    }
    const envelope: ReplyEnvelope = { correlation, reply };
    this.port.send(to, envelope, replyCargo(reply));
  }

  image(to: string, image: ClusterImage): void {
    const envelope: ImageEnvelope = { image };
    this.port.send(to, envelope, IMAGE_CARGO);
  }

  timer(delay: Micros, timer: string, data: unknown): void {
    this.port.timer(delay, timer, data);
  }

  trace(event: Emission): void {
    this.port.emit(event);
  }

  private ask(request: Request): Reply | null {
    this.apply({ type: 'request', from: this.id, correlation: 0, request });
    const reply = this.beside;
    this.beside = null;
    return reply;
  }

  private apply(command: ControllerCommand): void {
    this.machine.apply(command, this.port.now(), this);
  }
}

function refusal({ error, detail }: { error: string; detail: string }): string | null {
  if (error === 'NONE') return null;
  return detail === '' ? error : `${error}: ${detail}`;
}
