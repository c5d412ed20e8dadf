/**
 * One side of a process's connections to the brokers: requests under way on each, their time limits, and waiting before
 * trying again. When a request is not answered within its limit its connection is closed, and everything under way on
 * it fails, as in Kafka's NetworkClient. Clients use it, and brokers among themselves.
 */
import type { Cargo, Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Request, RequestEnvelope } from './protocol.ts';

export interface Sent<Context> {
  readonly correlation: number;
  readonly to: string;
  readonly request: Request;
  readonly context: Context;
  readonly deadline: Micros;
}

/** Numbers for the requests of one process; they go on counting over restarts, so that no answer is taken for another's. */
export interface Correlations {
  next: number;
}

export class Requests<Context> {
  private readonly port: Port;
  private readonly timeoutMs: number;
  private readonly timer: string;
  private readonly correlations: Correlations;
  private underWay = new Map<number, Sent<Context>>();
  private counts = new Map<string, number>();
  private armedAt: Micros = Infinity;

  /**
   * @param timeoutMs `request.timeout.ms`
   * @param timer the name under which its timer comes back, for {@link timedOut}
   * @param correlations shared by all that one process sends with
   */
  constructor(
    port: Port,
    timeoutMs: number,
    timer = 'request-timeout',
    correlations: Correlations = { next: 0 },
  ) {
    this.port = port;
    this.timeoutMs = timeoutMs;
    this.timer = timer;
    this.correlations = correlations;
  }

  get count(): number {
    return this.underWay.size;
  }

  countTo(node: string): number {
    return this.counts.get(node) ?? 0;
  }

  /** The process starts anew. */
  reset(): void {
    this.underWay.clear();
    this.counts.clear();
    this.armedAt = Infinity;
  }

  /** @param timeoutMs for a request that may rightly take longer than others */
  send(to: string, request: Request, context: Context, cargo: Cargo, timeoutMs = this.timeoutMs): void {
    const correlation = this.correlations.next++;
    const deadline = this.port.now() + fromMs(timeoutMs);
    this.underWay.set(correlation, { correlation, to, request, context, deadline });
    this.counts.set(to, this.countTo(to) + 1);
    this.arm(deadline);
    this.port.send(to, envelope(correlation, request), cargo);
  }

  /** Sends what is not answered (K-30, acks=0). */
  sendUnanswered(to: string, request: Request, cargo: Cargo): void {
    this.port.send(to, envelope(this.correlations.next++, request), cargo);
  }

  /** @returns what was sent, or undefined when its connection has been given up since, or it is not this sender's */
  answered(correlation: number): Sent<Context> | undefined {
    const sent = this.underWay.get(correlation);
    if (sent) this.forget(sent);
    return sent;
  }

  /** Takes everything under way to a node, in the order sent: that connection is gone. */
  takeAll(node: string): Sent<Context>[] {
    const all = [...this.underWay.values()].filter(({ to }) => to === node);
    for (const sent of all) this.forget(sent);
    return all;
  }

  /** Its timer fired. @returns what failed, the connections being closed on which something was late */
  timedOut(): Sent<Context>[] {
    this.armedAt = Infinity;
    const now = this.port.now();
    const late = new Set<string>();
    for (const { to, deadline } of this.underWay.values()) if (deadline <= now) late.add(to);
    const lost: Sent<Context>[] = [];
    for (const node of late) {
      this.port.disconnect(node);
      lost.push(...this.takeAll(node));
    }
    let earliest = Infinity;
    for (const { deadline } of this.underWay.values()) earliest = Math.min(earliest, deadline);
    if (earliest < Infinity) this.arm(earliest);
    return lost;
  }

  private forget({ correlation, to }: Sent<Context>): void {
    this.underWay.delete(correlation);
    const left = this.countTo(to) - 1;
    if (left > 0) this.counts.set(to, left);
    else this.counts.delete(to);
  }

  private arm(deadline: Micros): void {
    if (deadline >= this.armedAt) return;
    this.armedAt = deadline;
    this.port.timer(deadline - this.port.now(), this.timer);
  }
}

function envelope(correlation: number, request: Request): RequestEnvelope {
  return { correlation, request };
}

/** KIP-580: `base · 2^attempt`, at most `max`, give or take a fifth. @param attempt failures so far, from 1 */
export function backoffMicros(port: Port, attempt: number, baseMs: number, maxMs: number): Micros {
  const ms = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.max(atLeastMicros(0), fromMs(ms * port.random.between(0.8, 1.2)));
}

/** An interval that a setting may put at 0, "as often as possible": a millisecond, so that time goes on. */
export function atLeastMicros(ms: number): Micros {
  return fromMs(Math.max(1, ms));
}
