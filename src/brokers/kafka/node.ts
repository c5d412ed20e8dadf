/** A broker's process: the machine with the time that its requests and its disk take, and a network around it. */
import type { Actor, Port } from '../../sim/kernel.ts';
import type { Micros } from '../../sim/time.ts';
import type { Emission } from '../../sim/trace.ts';
import type { BrokerEffects } from './broker-effects.ts';
import { replyCargo } from './cargo.ts';
import type { KafkaSystem } from './config.ts';
import type { Formation } from './formation.ts';
import { BrokerMachine, type Command } from './machine.ts';
import type { Envelope, Reply, ReplyEnvelope, Request } from './protocol.ts';
import { Requests } from './requests.ts';
import { Work } from './work.ts';

/** How long a broker waits for another's answer (`request.timeout.ms` of its own clients). */
const REQUEST_TIMEOUT_MS = 30_000;

/** A reply whose turn on the network card will come. */
interface OutgoingReply extends ReplyEnvelope {
  readonly to: string;
}

export class BrokerNode implements Actor, BrokerEffects {
  readonly id: string;
  private readonly port: Port;
  private readonly formation: Formation;
  private readonly machine: BrokerMachine;
  private readonly requests: Requests<unknown>;
  /** Counts its lives: a restarted broker registers as a new one (K-65). */
  private lives = 0;
  /** What it asked of itself and has not answered yet. */
  private own = new Map<number, unknown>();
  private nextOwn = 0;
  private readonly work: Work;

  /** @param formation the cluster as it is when the run begins, this broker registered in it */
  constructor(port: Port, system: KafkaSystem, formation: Formation) {
    this.id = port.id;
    this.port = port;
    this.formation = formation;
    this.work = new Work(system.costs);
    this.machine = new BrokerMachine(port.id, system.config, port.random);
    this.requests = new Requests(port, REQUEST_TIMEOUT_MS);
  }

  start(): void {
    this.work.reset(this.port.now());
    this.requests.reset();
    this.own.clear();
    this.lives++;
    if (this.lives === 1) this.apply({ type: 'formed', image: this.formation.image() });
    else this.apply({ type: 'restarted', incarnation: this.lives });
  }

  /** K-33: a request of a producer that has given up its connection is written all the same. */
  readsWhatArrived(): boolean {
    return true;
  }

  receive(message: unknown, from: string): void {
    const envelope = message as Envelope;
    if ('image' in envelope) {
      this.apply({ type: 'image', image: envelope.image });
      return;
    }
    if ('reply' in envelope) {
      const sent = this.requests.answered(envelope.correlation);
      if (sent) this.answered(sent.context, envelope.reply);
      return;
    }
    const { correlation, request } = envelope;
    const now = this.port.now();
    const doneAt = this.work.request(request, now, this.port.slowness());
    this.port.timer(doneAt - now, 'request', { type: 'request', from, correlation, request });
  }

  wake(timer: string, data: unknown): void {
    if (timer === 'request') this.apply(data as Command);
    else if (timer === 'reply') this.send(data as OutgoingReply);
    else if (timer === 'own-reply') {
      const { correlation, reply } = data as ReplyEnvelope;
      const context = this.own.get(correlation);
      this.own.delete(correlation);
      this.answered(context, reply);
    } else if (timer === 'request-timeout')
      for (const { context } of this.requests.timedOut()) this.answered(context, null);
    else this.apply({ type: 'timer', timer, data });
  }

  crash(): void {
    this.apply({ type: 'crashed' });
  }

  disconnected(peer: string): void {
    this.apply({ type: 'disconnected', peer });
    for (const { context } of this.requests.takeAll(peer)) this.answered(context, null);
  }

  /** K-65: stops in good order, once its partitions are led by others. */
  shutDown(): void {
    this.apply({ type: 'shut-down' });
  }

  reply(to: string, correlation: number, reply: Reply): void {
    if (to === this.id) {
      this.port.timer(0, 'own-reply', { correlation, reply });
      return;
    }
    const takes = this.work.reply(reply, this.port.now());
    if (takes > 0) this.port.timer(takes, 'reply', { to, correlation, reply });
    else this.send({ to, correlation, reply });
  }

  request(to: string, request: Request, context: unknown): void {
    if (to !== this.id) {
      this.requests.send(to, request, context, { what: request.api });
      return;
    }
    // A request to itself takes no wire, but its turn like any other.
    const correlation = this.nextOwn++;
    this.own.set(correlation, context);
    this.receive({ correlation, request }, this.id);
  }

  disconnect(peer: string): void {
    this.port.disconnect(peer);
  }

  timer(delay: Micros, timer: string, data: unknown): void {
    this.port.timer(delay, timer, data);
  }

  trace(event: Emission): void {
    this.port.emit(event);
  }

  private send({ to, correlation, reply }: OutgoingReply): void {
    const envelope: ReplyEnvelope = { correlation, reply };
    this.port.send(to, envelope, replyCargo(reply));
  }

  private answered(context: unknown, reply: Reply | null): void {
    this.apply({ type: 'answered', context, reply });
  }

  private apply(command: Command): void {
    this.machine.apply(command, this.port.now(), this);
    if (!this.machine.stopped) return;
    this.port.emit({ kind: 'node-stopped', node: this.id });
    this.port.exit();
  }
}
