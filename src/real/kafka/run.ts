/** What a run on a real Kafka has, what its clients share, and how a message is known again when it comes back. */
import { brokerName } from '../../brokers/kafka/config.ts';
import { advertised } from '../../brokers/kafka/console/format.ts';
import type { EventBody } from '../../sim/trace.ts';
import type { Agenda } from '../agenda.ts';
import type { Recorder } from '../recorder.ts';
import { HostGone, type Host, type Told } from './host.ts';

export interface Run {
  readonly names: Names;
  readonly recorder: Recorder;
  readonly agenda: Agenda;
  /** `bootstrap.servers` of a client: the brokers, or what stands between the two. */
  readonly bootstrap: (client: string) => string;
  readonly seed: number;
  /** The number of the next message that is published. */
  nextMessage: number;
  /** When the run began by the wall clock, milliseconds since 1970. */
  beganAtMs: number;
  /** A process for this client: its own where it is to be hurt, else one that it shares. */
  readonly host: (client: string) => Promise<Host>;
  readonly isAlone: (client: string) => boolean;
  /** Ends the run: something happened that is neither the scenario's nor the broker's answer to it. */
  readonly failed: (error: unknown) => void;
}

/** Topics, groups and so on have the run's prefix at the broker, and none in what is recorded; brokers, the model's addresses. */
export class Names {
  private readonly prefix: string;
  private readonly hosts: readonly string[];

  /**
   * @param run unique among all that use the broker
   * @param urls where clients connect, for each node in order
   */
  constructor(run: string, urls: readonly string[]) {
    this.prefix = `brokerbook-${run}-`;
    this.hosts = urls.map((url) => new URL(url).host);
  }

  outer(name: string): string {
    return `${this.prefix}${name}`;
  }

  /** Anything that came from the broker, as the scenario would say it. */
  inner(text: string): string {
    return this.hosts.reduce(
      (all, host, i) => all.replaceAll(host, advertised(brokerName(i + 1))),
      text.replaceAll(this.prefix, ''),
    );
  }

  innerAll(names: unknown): string[] {
    return (names as string[]).map((name) => this.inner(name));
  }
}

/** A client of the scenario, through all its lives: what its application does, with its library in a process of Java. */
export abstract class RealClient {
  protected readonly run: Run;
  readonly id: string;
  protected host: Host | null = null;
  protected life = 0;
  private paused: { readonly over: Promise<void>; readonly end: () => void } | null = null;

  constructor(run: Run, id: string) {
    this.run = run;
    this.id = id;
  }

  get isUp(): boolean {
    return this.host !== null;
  }

  /** Begins to run; resolves when its library is made. */
  async start(): Promise<void> {
    const life = ++this.life;
    this.tell({ kind: 'client-started', client: this.id, role: this.role });
    const host = await this.run.host(this.id);
    if (this.life !== life) return;
    this.host = host;
    host.listen(this.id, (told) => {
      if (this.life === life) this.told(told);
    });
    await this.begin(life);
  }

  /** Its process dies. One that shares its process with others only falls silent: for the end of a run. */
  crash(): void {
    if (this.host === null) return;
    this.life++;
    if (this.run.isAlone(this.id)) this.host.kill();
    this.host = null;
    this.goOn();
    this.tell({ kind: 'client-stopped', client: this.id, reason: 'crashed' });
  }

  abstract close(): Promise<void>;

  /** Its process stands still, and so does what its application does here. */
  pause(): void {
    if (this.paused) return;
    this.host?.pause();
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.paused = { over, end };
  }

  resume(): void {
    this.host?.resume();
    this.goOn();
  }

  private goOn(): void {
    this.paused?.end();
    this.paused = null;
  }

  protected abstract readonly role: 'producer' | 'consumer';
  protected abstract begin(life: number): Promise<void>;
  protected abstract told(told: Told): void;

  protected tell(event: EventBody): void {
    this.run.recorder.tell(event);
  }

  /** The work of an application: it takes so long, and longer while the process stands still. @returns whether it still lives */
  protected async work(ms: number, life: number): Promise<boolean> {
    if (ms > 0) await new Promise<void>((resolve) => this.run.agenda.in(ms, resolve));
    while (this.paused) await this.paused.over;
    return this.life === life;
  }

  /** It ends by its own will. */
  protected stopped(): void {
    this.life++;
    if (this.run.isAlone(this.id)) this.host?.kill();
    this.host = null;
    this.tell({ kind: 'client-stopped', client: this.id, reason: 'closed' });
  }

  /** Runs what an application does on its thread, to its end or that of its process. */
  protected thread(life: number, act: () => Promise<void>): void {
    act().catch((error: unknown) => {
      if (this.life === life && !(error instanceof HostGone)) this.run.failed(error);
    });
  }
}

type Setting = string | number | boolean | readonly string[];

/** Settings as Kafka's own clients take them; what a scenario leaves open they decide. */
export function configOf(
  run: Run,
  client: string,
  config: Readonly<Record<string, Setting | undefined>>,
): Record<string, string> {
  const out: Record<string, string> = { 'bootstrap.servers': run.bootstrap(client), 'client.id': client };
  for (const [name, value] of Object.entries(config))
    if (value !== undefined) out[name] = Array.isArray(value) ? value.join(',') : String(value);
  return out;
}

/** The header that tells which message it is, where the value is the scenario's own. */
const MESSAGE = 'message';

/** What is sent so that a message is known when it comes back: its number is its value, or a header beside it. */
export function contentOf(
  message: number,
  value: string | null | undefined,
  bytes: number,
): { value: string | null; headers: Record<string, string> } {
  const text = String(message).padEnd(bytes);
  // A value of the scenario's own, or one too short for the number.
  if (value !== undefined || text.length > bytes)
    return {
      value: value === undefined ? ' '.repeat(bytes) : value,
      headers: { [MESSAGE]: String(message) },
    };
  return { value: text, headers: {} };
}

/** A record as poll() gave it. */
export interface Polled {
  readonly place: string;
  readonly position: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly deliveryCount?: number;
}

/** A record as the application has it. */
export interface Given {
  /** How the library's process knows it. */
  readonly record: string;
  readonly message: number;
  readonly key: string | null;
  readonly place: string;
  readonly position: number;
}

/** poll() has given it to the application. */
export function given(run: Run, client: string, group: string, polled: Polled): Given {
  const { position, key, value, headers, deliveryCount } = polled;
  const place = run.names.inner(polled.place);
  const header = headers[MESSAGE];
  const message = Number(header ?? value);
  run.recorder.tell({
    kind: 'delivered',
    client,
    group,
    message,
    key,
    place,
    position,
    redelivered: (deliveryCount ?? 1) > 1,
    deliveryCount: deliveryCount ?? null,
    ...(header === undefined ? {} : { value }),
  });
  return { record: `${polled.place}@${position}`, message, key, place, position };
}
