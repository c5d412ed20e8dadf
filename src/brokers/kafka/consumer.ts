/**
 * A consuming application around a KafkaConsumer: one thread that polls, works on what it got and commits (K-71, K-72).
 * The library is in kafka-consumer.ts; what the two say to one another in consumer-api.ts.
 */
import type { Actor, Port } from '../../sim/kernel.ts';
import type { Random } from '../../sim/random.ts';
import { fromMs } from '../../sim/time.ts';
import { workMs } from '../load.ts';
import { offsetOf } from './batch.ts';
import type { KafkaConsumer } from './client-config.ts';
import type { ConsumerApp, Offsets, Run, SeekTarget } from './consumer-api.ts';
import { ConsumerLibrary } from './kafka-consumer.ts';
import type { ReplyEnvelope } from './protocol.ts';

export type { ConsumerApp, ConsumerOptions, Offsets, Run, SeekTarget } from './consumer-api.ts';
export { ConsumerLibrary } from './kafka-consumer.ts';

/** What somebody wants of the application before its next poll(). `places` null: every partition it has then. */
type Wish =
  | { readonly do: 'seek'; readonly to: SeekTarget; readonly places: readonly string[] | null }
  | { readonly do: 'pause' | 'resume'; readonly places: readonly string[] | null }
  | { readonly do: 'commit'; readonly async: boolean; readonly offsets: Offsets | null };

/** How long an application waits before it works again on a record that its work failed on. */
const RETRY_MS = 100;

export class ConsumerClient implements Actor, ConsumerApp {
  readonly id: string;
  private readonly port: Port;
  private readonly client: KafkaConsumer;
  private readonly workTimes: Random;
  /** How often each trouble has struck. It is the scenario's to count, and so outlives a crash. */
  private readonly struck: number[];
  private readonly consumer: ConsumerLibrary;
  /** What its thread is at: inside a call of the library, or at work, or waiting for the end of one record's work. */
  private thread: 'polling' | 'committing' | 'working' | 'busy' | 'closing' = 'polling';
  /** Whether {@link run} is at work further up the stack. */
  private running = false;
  private closeAsked = false;
  private wishes: Wish[] = [];
  /** What poll() returned, and how far the work on it has got. */
  private runs: readonly Run[] = [];
  private runIndex = 0;
  private recordIndex = 0;

  /**
   * @param brokers `bootstrap.servers`
   * @param work a generator of its own for how long it works
   */
  constructor(port: Port, client: KafkaConsumer, brokers: readonly string[], work: Random) {
    const { group, topics, assign, config } = client;
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.workTimes = work;
    this.struck = client.troubles.map(() => 0);
    this.consumer = new ConsumerLibrary(
      port,
      {
        client: port.id,
        group,
        topics,
        assign,
        config,
        brokers,
        correlations: { next: 0 },
        timers: 'consumer ',
      },
      this,
    );
  }

  start(): void {
    this.thread = 'polling';
    this.running = false;
    this.closeAsked = false;
    this.wishes = [];
    this.runs = [];
    this.port.emit({ kind: 'client-started', client: this.id, role: 'consumer' });
    this.consumer.start();
    this.consumer.poll();
  }

  receive(message: unknown): void {
    const { correlation, reply } = message as ReplyEnvelope;
    this.consumer.receive(correlation, reply);
  }

  wake(timer: string, data: unknown): void {
    if (timer === 'worked') {
      this.thread = 'working';
      this.finishRecord();
      this.run();
    } else if (timer === 'retry') {
      this.thread = 'working';
      this.run();
    } else this.consumer.wake(timer, data);
  }

  disconnected(peer: string): void {
    this.consumer.disconnected(peer);
  }

  /** The application calls `close()` as soon as it is done with what poll() gave it. */
  close(): void {
    this.closeAsked = true;
    if (this.thread === 'polling') this.poll();
  }

  // What a reader may have the application do (K-70); each takes effect before its next poll(), which is at once where
  // it waits in one: its poll() has a time limit.

  /** @returns why it cannot, or null */
  seek(to: SeekTarget, places?: readonly string[]): string | null {
    return this.wish({ do: 'seek', to, places: places ?? null });
  }

  pause(places?: readonly string[]): string | null {
    return this.wish({ do: 'pause', places: places ?? null });
  }

  resume(places?: readonly string[]): string | null {
    return this.wish({ do: 'resume', places: places ?? null });
  }

  /** K-72. Whose partitions they are, the library does not ask. @param offsets null: its positions */
  commitNow(offsets: Offsets | null, async: boolean): void {
    this.want({ do: 'commit', async, offsets });
  }

  private wish(wish: Exclude<Wish, { do: 'commit' }>): string | null {
    const { assignment } = this.consumer;
    if (assignment.length === 0) return `${this.id} has no partitions`;
    const other = wish.places?.find((place) => !assignment.includes(place));
    if (other !== undefined) return `IllegalStateException: No current assignment for partition ${other}`;
    this.want(wish);
    return null;
  }

  private want(wish: Wish): void {
    this.wishes.push(wish);
    if (this.thread === 'polling') this.grant();
  }

  /** One after another; a commit that blocks goes back to poll() when it returns, and so to those behind it. */
  private grant(): void {
    while (this.thread === 'polling') {
      const wish = this.wishes.shift();
      if (!wish) return;
      if (wish.do === 'commit') {
        const offsets = wish.offsets ?? this.consumer.positions();
        if (wish.async) this.consumer.commitAsync(offsets);
        else this.commit(offsets);
        continue;
      }
      const places = wish.places ?? this.consumer.assignment;
      if (wish.do === 'seek') this.consumer.seek(wish.to, places);
      else if (wish.do === 'pause') this.consumer.pause(places);
      else this.consumer.resume(places);
    }
  }

  // The thread.

  private poll(): void {
    this.runs = [];
    if (this.closeAsked) {
      this.thread = 'closing';
      this.consumer.close();
      return;
    }
    this.thread = 'polling';
    this.grant();
    if (this.isPolling()) this.consumer.poll();
  }

  private isPolling(): boolean {
    return this.thread === 'polling';
  }

  polled(runs: readonly Run[]): void {
    this.runs = runs;
    this.runIndex = 0;
    this.recordIndex = runs[0]!.from;
    this.thread = 'working';
    if (this.commitsItself('before-batch')) this.commit(this.consumer.positions());
    this.run();
  }

  /** Works as long as that takes no time. A loop, and not calls of one another: records can be many. */
  private run(): void {
    if (this.running) return;
    this.running = true;
    while (this.thread === 'working') this.step();
    this.running = false;
  }

  /** Begins the work on one record, or ends the batch when there is none left. */
  private step(): void {
    const { processingMs } = this.client;
    if (!this.runs[this.runIndex]) {
      const had = this.runs.length > 0;
      this.runs = [];
      if (had && this.commitsItself('after-batch')) this.commit(this.consumer.positions());
      else this.poll();
    } else if (processingMs > 0) {
      this.thread = 'busy';
      this.port.timer(fromMs(workMs(this.client, this.workTimes) * this.port.slowness()), 'worked');
    } else this.finishRecord();
  }

  private finishRecord(): void {
    const { place, batch, to } = this.runs[this.runIndex]!;
    const i = this.recordIndex;
    const key = batch.keys[i]!;
    const trouble = this.trouble(key);
    if (trouble === 'retry') {
      this.thread = 'busy';
      this.port.timer(fromMs(RETRY_MS), 'retry');
      return;
    }
    this.recordIndex++;
    const position = offsetOf(batch, i);
    const { group } = this.client;
    const message = batch.messages[i]!;
    if (trouble === null)
      this.port.emit({
        seq: 0,
        at: 0,
        kind: 'processed',
        client: this.id,
        group,
        message,
        key,
        place,
        position,
      });
    if (this.recordIndex >= to) {
      this.runIndex++;
      this.recordIndex = this.runs[this.runIndex]?.from ?? 0;
    }
    if (this.commitsItself('after-each')) this.commit([[place, position + 1]]);
  }

  /** What comes of the work on a record of this key; null: it succeeds. */
  private trouble(key: string | null): 'retry' | 'skip' | null {
    const { troubles } = this.client;
    for (let i = 0; i < troubles.length; i++) {
      const { key: of, outcome, times } = troubles[i]!;
      if (of !== key || this.struck[i]! >= (times ?? Infinity)) continue;
      this.struck[i]!++;
      return outcome;
    }
    return null;
  }

  private commitsItself(style: KafkaConsumer['commit']): boolean {
    return !this.client.config['enable.auto.commit'] && this.client.commit === style;
  }

  /** K-72: blocks the application until it is answered. */
  private commit(offsets: Offsets): void {
    this.thread = 'committing';
    this.consumer.commitSync(offsets);
  }

  /** A commit that failed is an exception that the application catches: it goes on. */
  committed(): void {
    this.thread = 'working';
    this.run();
  }

  revoking(): boolean {
    return true;
  }

  revoked(): void {}

  assigned(): void {}

  failed(code: string, detail: string): void {
    this.port.emit({ kind: 'error', client: this.id, code, detail });
    this.end();
  }

  closed(): void {
    this.end();
  }

  private end(): void {
    this.thread = 'closing';
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
    this.port.exit();
  }
}
