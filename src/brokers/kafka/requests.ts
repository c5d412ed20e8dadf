/**
 * A client's side of its connection to the broker: requests under way, their time limits, and waiting before trying
 * again. When a request is not answered within its limit the connection is closed, and everything under way on it
 * fails, as in Kafka's NetworkClient.
 */
import type { Cargo, Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Request, RequestEnvelope } from './protocol.ts';

export interface Sent<Context> {
  readonly correlation: number;
  readonly request: Request;
  readonly context: Context;
  readonly deadline: Micros;
}

export class Requests<Context> {
  private readonly port: Port;
  private readonly broker: string;
  private readonly timeoutMs: number;
  /** Goes on counting over restarts, so that no answer is taken for another's. */
  private nextCorrelation = 0;
  private underWay = new Map<number, Sent<Context>>();
  private armedAt: Micros = Infinity;

  /** @param timeoutMs `request.timeout.ms` */
  constructor(port: Port, broker: string, timeoutMs: number) {
    this.port = port;
    this.broker = broker;
    this.timeoutMs = timeoutMs;
  }

  get count(): number {
    return this.underWay.size;
  }

  /** The process starts anew. */
  reset(): void {
    this.underWay.clear();
    this.armedAt = Infinity;
  }

  /** @param timeoutMs for a request that may rightly take longer than others */
  send(request: Request, context: Context, cargo: Cargo, timeoutMs = this.timeoutMs): void {
    const correlation = this.nextCorrelation++;
    const deadline = this.port.now() + fromMs(timeoutMs);
    this.underWay.set(correlation, { correlation, request, context, deadline });
    this.arm(deadline);
    this.port.send(this.broker, this.envelope(correlation, request), cargo);
  }

  /** Sends what is not answered (K-30, acks=0). */
  sendUnanswered(request: Request, cargo: Cargo): void {
    this.port.send(this.broker, this.envelope(this.nextCorrelation++, request), cargo);
  }

  /** @returns what was sent, or undefined when its connection has been given up since */
  answered(correlation: number): Sent<Context> | undefined {
    const sent = this.underWay.get(correlation);
    this.underWay.delete(correlation);
    return sent;
  }

  /** Takes everything under way, in the order sent: its connection is gone. */
  takeAll(): Sent<Context>[] {
    const all = [...this.underWay.values()];
    this.underWay.clear();
    return all;
  }

  /** The `request-timeout` timer fired. @returns what failed, the connection being closed if there is any */
  timedOut(): Sent<Context>[] {
    this.armedAt = Infinity;
    let earliest = Infinity;
    for (const { deadline } of this.underWay.values()) earliest = Math.min(earliest, deadline);
    if (earliest > this.port.now()) {
      if (earliest < Infinity) this.arm(earliest);
      return [];
    }
    this.port.disconnect(this.broker);
    return this.takeAll();
  }

  private arm(deadline: Micros): void {
    if (deadline >= this.armedAt) return;
    this.armedAt = deadline;
    this.port.timer(deadline - this.port.now(), 'request-timeout');
  }

  private envelope(correlation: number, request: Request): RequestEnvelope {
    return { correlation, request };
  }
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
