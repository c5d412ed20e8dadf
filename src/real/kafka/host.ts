/** A Java process with Kafka's own clients (Clients.java): commands to it, and what it tells. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { classpath, JAVA } from './maven.ts';

/** Small, and soon at work: a run has several, and lasts for seconds. */
const OPTIONS = ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
/** Nothing, but for what a client tells nobody in another way. */
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
  '-Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients.consumer.internals=warn',
];
const LATE_POLL =
  /\[(?:Share)?Consumer (?:instanceId=[^,]+, )?clientId=([^,\]]+)[^\]]*\] consumer poll timeout has expired/i;

export type Answer = Readonly<Record<string, unknown>>;
/** What a client tells unasked. */
export type Told = { readonly client: string; readonly event: string } & Readonly<Record<string, unknown>>;

/** An exception that a call of the client has thrown. */
export class KafkaError extends Error {
  /** Its class: `CommitFailedException`. */
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** The process is gone, and so is the answer. */
export class HostGone extends Error {}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Host {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private readonly listeners = new Map<string, (told: Told) => void>();
  private next = 0;
  private gone = false;

  private constructor(child: ChildProcess) {
    this.child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => this.line(line));
    createInterface({ input: child.stderr! }).on('line', (line) => this.logged(line));
    child.on('exit', () => this.over());
    // A command to one that has just died.
    child.stdin!.on('error', () => this.over());
  }

  static async start(): Promise<Host> {
    const args = [...OPTIONS, ...LOGGING, '-cp', await classpath(), 'Clients'];
    return new Host(spawn(JAVA, args, { stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  /** @param listener is told what this client tells unasked, in order, and before any later answer */
  listen(client: string, listener: (told: Told) => void): void {
    this.listeners.set(client, listener);
  }

  /**
   * One call of a client's; the calls of one client are made one after another.
   * @throws KafkaError when the call throws, HostGone when the process has died
   */
  ask(client: string, what: string, more: object = {}): Promise<Answer> {
    if (this.gone) return Promise.reject(new HostGone('its process is gone'));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.stdin!.write(`${JSON.stringify({ id, client, do: what, ...more })}\n`);
    });
  }

  /** Its end, without a word to anyone. */
  kill(): void {
    this.child.kill('SIGKILL');
    this.over();
  }

  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  private line(text: string): void {
    if (this.gone) return;
    const line = JSON.parse(text) as Record<string, unknown>;
    if (typeof line['answer'] !== 'number') {
      const told = line as Told;
      this.listeners.get(told.client)?.(told);
      return;
    }
    const waiting = this.waiting.get(line['answer']);
    this.waiting.delete(line['answer']);
    const error = line['error'] as { code: string; detail: string } | undefined;
    if (error) waiting?.reject(new KafkaError(error.code, error.detail));
    else waiting?.resolve(line);
  }

  private logged(text: string): void {
    const client = LATE_POLL.exec(text)?.[1];
    if (client !== undefined && !this.gone) this.listeners.get(client)?.({ client, event: 'late-poll' });
  }

  private over(): void {
    if (this.gone) return;
    this.gone = true;
    for (const { reject } of this.waiting.values()) reject(new HostGone('its process is gone'));
    this.waiting.clear();
  }
}
