/**
 * Kafka's admin client as the command-line tools use it: it learns the brokers from those that it is given, finds
 * leaders and coordinators, and asks again, elsewhere or later, until its time is up.
 */
import { assert } from '../../sim/errors.ts';
import type { Port } from '../../sim/kernel.ts';
import { fromMs, toMs } from '../../sim/time.ts';
import { CONFIG_EXCEPTION, connectionWarning, labelOf, resolve } from './console/address.ts';
import { isPassing } from './console/admin.ts';
import { TIMEOUT_EXCEPTION } from './console/errors.ts';
import { brokerId, logLine } from './console/format.ts';
import type { Answer, Ask, Failure } from './console/script.ts';
import { splitPlace } from './cluster-image.ts';
import type { Reply, Request } from './protocol.ts';
import { backoffMicros, Requests, type Correlations, type Sent } from './requests.ts';

const REQUEST_TIMEOUT_MS = 30_000;
const RETRY_BACKOFF_MS = 100;
const RETRY_BACKOFF_MAX_MS = 1000;
const RECONNECT_BACKOFF_MS = 50;
const RECONNECT_BACKOFF_MAX_MS = 1000;
/** How long it takes to be refused where nobody listens. */
const REFUSED_MS = 1;
const NETWORK_CLIENT = 'org.apache.kafka.clients.NetworkClient';

export interface AdminOwner {
  adminPrinted(lines: readonly string[]): void;
  /** One answer for each thing asked, in their order. */
  adminAnswered(answers: readonly Answer[]): void;
}

/** A broker it may ask. `id` is negative for an address that it was given and knows no broker of. */
interface Candidate {
  readonly id: number;
  readonly label: string;
  readonly node: string | null;
}

interface Call {
  readonly index: number;
  readonly ask: Ask;
  tries: number;
  /** Whether its request proper is under way, so that a timeout is that of a call and not of finding a node. */
  sent: boolean;
  answer: Answer | null;
}

type Context =
  | { readonly kind: 'metadata' }
  | { readonly kind: 'lookup' | 'call'; readonly round: number; readonly index: number };

export class AdminClient {
  private readonly port: Port;
  private readonly owner: AdminOwner;
  private readonly brokers: readonly string[];
  private readonly requests: Requests<Context>;
  private readonly timeoutMs: number;
  private readonly timers: string;
  private candidates: Candidate[] = [];
  private cursor = 0;
  /** Nodes that have answered: their connections were made. */
  private connected = new Set<string>();
  /** Labels of addresses that have been warned of. */
  private warned = new Set<string>();
  private metadata: 'unknown' | 'asked' | 'known' = 'unknown';
  private metadataFailures = 0;
  private leaders = new Map<string, string>();
  private coordinators = new Map<string, string>();
  private calls: Call[] = [];
  /** Counts what was asked together, so that timers of earlier rounds are void. */
  private round = 0;

  /**
   * @param brokers names of all brokers, broker-1 first
   * @param timeoutMs how long a call may take (`default.api.timeout.ms`)
   * @param timers prefix of its timers' names, another for every client of the process
   */
  constructor(
    port: Port,
    owner: AdminOwner,
    brokers: readonly string[],
    timeoutMs: number,
    correlations: Correlations,
    timers: string,
  ) {
    this.port = port;
    this.owner = owner;
    this.brokers = brokers;
    this.timeoutMs = timeoutMs;
    this.timers = timers;
    this.requests = new Requests(
      port,
      Math.min(REQUEST_TIMEOUT_MS, Math.max(1, timeoutMs)),
      `${timers}request-timeout`,
      correlations,
    );
  }

  /** Takes the addresses of `bootstrap.servers`; nothing is sent yet. @returns why it cannot be made, or null */
  connect(bootstrap: string): Failure | null {
    const resolved = resolve(bootstrap, this.brokers);
    if ('error' in resolved) {
      return {
        exception: 'org.apache.kafka.common.KafkaException',
        message: `Failed to create new KafkaAdminClient\nCaused by: ${CONFIG_EXCEPTION}: ${resolved.error}`,
      };
    }
    for (const [text, logger] of resolved.warnings) this.warn(text, logger);
    this.candidates = resolved.addresses.map(({ label, node }, i) => ({ id: -1 - i, label, node }));
    return null;
  }

  /** Asks all at once. */
  ask(asks: readonly Ask[]): void {
    assert(this.calls.length === 0, 'the admin client is asked while it is at work');
    this.round++;
    this.calls = asks.map((ask, index) => ({ index, ask, tries: 0, sent: false, answer: null }));
    this.port.timer(fromMs(this.timeoutMs), `${this.timers}deadline`, this.round);
    for (const call of this.calls) this.drive(call);
  }

  /** @returns whether it was the answer to a request of its own */
  receive(correlation: number, reply: Reply): boolean {
    const sent = this.requests.answered(correlation);
    if (!sent) return false;
    this.connected.add(sent.to);
    this.learn(reply);
    const { context } = sent;
    if (context.kind === 'metadata') {
      this.metadata = 'known';
      this.metadataFailures = 0;
      for (const call of this.calls) this.drive(call);
      return true;
    }
    const call = this.callOf(context);
    if (!call) return true;
    if (context.kind === 'lookup') this.lookedUp(call, reply);
    else {
      call.sent = false;
      if (isPassing(reply)) {
        this.forgetTarget(call);
        this.later(call);
      } else this.finish(call, { reply });
    }
    return true;
  }

  /** @returns whether the timer was its own */
  wake(timer: string, data: unknown): boolean {
    switch (timer) {
      case `${this.timers}request-timeout`:
        this.lost(this.requests.timedOut());
        return true;
      case `${this.timers}deadline`:
        if (data === this.round) this.timeUp();
        return true;
      case `${this.timers}retry`: {
        const call = this.callOf(data as { round: number; index: number });
        if (call) this.drive(call);
        return true;
      }
      case `${this.timers}metadata`:
        this.askMetadata();
        return true;
      case `${this.timers}refused`:
        this.refused(data as Candidate);
        return true;
      default:
        return false;
    }
  }

  /** The connection to a broker broke. */
  disconnected(peer: string): void {
    const candidate = this.candidates.find(({ node }) => node === peer);
    if (candidate && !this.connected.has(peer)) this.unreachable(candidate);
    this.connected.delete(peer);
    const sent = this.requests.takeAll(peer);
    if (candidate) this.passOver(peer);
    this.lost(sent);
  }

  // Calls.

  private callOf({ round, index }: { round: number; index: number }): Call | undefined {
    const call = round === this.round ? this.calls[index] : undefined;
    return call?.answer ? undefined : call;
  }

  private drive(call: Call): void {
    if (call.answer || call.sent) return;
    if (this.metadata !== 'known') {
      if (this.metadata === 'unknown') this.askMetadata();
      return;
    }
    const { to, request } = call.ask;
    const { round } = this;
    const lookup = { kind: 'lookup', round, index: call.index } as const;
    switch (to.kind) {
      case 'any':
        this.send(this.pick(), call, request);
        break;
      case 'node':
        this.send(this.candidateOf(to.node), call, request);
        break;
      case 'leader': {
        const node = this.leaders.get(to.place);
        if (node !== undefined) this.send(this.candidateOf(node), call, request);
        else {
          const { topic } = splitPlace(to.place);
          this.sendTo(this.pick(), { api: 'Metadata', topics: [topic] }, lookup);
        }
        break;
      }
      case 'coordinator': {
        const node = this.coordinators.get(to.group);
        if (node !== undefined) this.send(this.candidateOf(node), call, request);
        else this.sendTo(this.pick(), { api: 'FindCoordinator', key: to.group, keyType: 'group' }, lookup);
      }
    }
  }

  private send(candidate: Candidate, call: Call, request: Request): void {
    call.sent = true;
    this.sendTo(candidate, request, { kind: 'call', round: this.round, index: call.index });
  }

  private sendTo(candidate: Candidate, request: Request, context: Context): void {
    if (candidate.node === null) {
      // Nobody listens there: it is refused, and another is asked.
      this.port.timer(fromMs(REFUSED_MS), `${this.timers}refused`, candidate);
      if (context.kind === 'metadata') return;
      const call = this.callOf(context);
      if (call) {
        call.sent = false;
        this.later(call);
      }
      return;
    }
    this.requests.send(candidate.node, request, context, { what: request.api });
  }

  private lookedUp(call: Call, reply: Reply): void {
    const { to } = call.ask;
    if (reply.api === 'FindCoordinator' && to.kind === 'coordinator' && reply.node !== null)
      this.coordinators.set(to.group, reply.node);
    const found =
      (to.kind === 'leader' && this.leaders.has(to.place)) ||
      (to.kind === 'coordinator' && this.coordinators.has(to.group));
    if (found) this.drive(call);
    else this.later(call);
  }

  private later(call: Call): void {
    call.tries++;
    const wait = backoffMicros(this.port, call.tries, RETRY_BACKOFF_MS, RETRY_BACKOFF_MAX_MS);
    this.port.timer(wait, `${this.timers}retry`, { round: this.round, index: call.index });
  }

  private forgetTarget({ ask: { to } }: Call): void {
    if (to.kind === 'leader') this.leaders.delete(to.place);
    else if (to.kind === 'coordinator') this.coordinators.delete(to.group);
  }

  private finish(call: Call, answer: Answer): void {
    call.answer = answer;
    const { calls } = this;
    if (calls.some((other) => other.answer === null)) return;
    this.calls = [];
    this.owner.adminAnswered(calls.map((done) => done.answer!));
  }

  private timeUp(): void {
    const nowMs = Math.floor(toMs(this.port.clock()));
    for (const call of [...this.calls]) {
      if (call.answer) continue;
      const { call: name } = call.ask;
      const message = call.sent
        ? `Call(callName=${name}, deadlineMs=${nowMs}, tries=${call.tries + 1}, nextAllowedTryMs=${nowMs + RETRY_BACKOFF_MS}) timed out at ${nowMs} after ${call.tries + 1} attempt(s)`
        : `Timed out waiting for a node assignment. Call: ${name}`;
      this.finish(call, { failure: { exception: TIMEOUT_EXCEPTION, message } });
    }
  }

  // Brokers.

  private askMetadata(): void {
    if (this.calls.length === 0) return;
    this.metadata = 'asked';
    this.sendTo(this.pick(), { api: 'Metadata', topics: [] }, { kind: 'metadata' });
  }

  private pick(): Candidate {
    return this.candidates[this.cursor % this.candidates.length]!;
  }

  private candidateOf(node: string): Candidate {
    return this.candidates.find((c) => c.node === node) ?? { id: brokerId(node), label: labelOf(node), node };
  }

  /** What a reply says of brokers and leaders. */
  private learn(reply: Reply): void {
    if (reply.api !== 'Metadata') return;
    if (reply.brokers.length > 0) {
      const at = this.pick().node;
      const known = reply.brokers.map((node) => ({ id: brokerId(node), label: labelOf(node), node }));
      // Addresses that it was given are the last resort.
      const given = this.candidates.filter(({ id }) => id < 0);
      this.candidates = [...known, ...given];
      this.cursor = Math.max(
        0,
        this.candidates.findIndex(({ node }) => node === at),
      );
    }
    for (const { partitions } of reply.topics)
      for (const { place, leader } of partitions)
        if (leader === null) this.leaders.delete(place);
        else this.leaders.set(place, leader);
  }

  private passOver(node: string | null): void {
    if (this.pick().node === node) this.cursor = (this.cursor + 1) % this.candidates.length;
    for (const [place, leader] of [...this.leaders]) if (leader === node) this.leaders.delete(place);
    for (const [group, at] of [...this.coordinators]) if (at === node) this.coordinators.delete(group);
  }

  private refused(candidate: Candidate): void {
    this.unreachable(candidate);
    if (this.pick().label === candidate.label) this.cursor = (this.cursor + 1) % this.candidates.length;
    if (this.metadata === 'asked') this.metadataFailed();
  }

  private metadataFailed(): void {
    this.metadataFailures++;
    const wait = backoffMicros(
      this.port,
      this.metadataFailures,
      RECONNECT_BACKOFF_MS,
      RECONNECT_BACKOFF_MAX_MS,
    );
    this.port.timer(wait, `${this.timers}metadata`);
  }

  private lost(sent: readonly Sent<Context>[]): void {
    for (const { to, context } of sent) {
      this.passOver(to);
      if (context.kind === 'metadata') {
        this.metadataFailed();
        continue;
      }
      const call = this.callOf(context);
      if (!call) continue;
      call.sent = false;
      this.later(call);
    }
  }

  /** The client says it again and again while it tries; here once for each address. */
  private unreachable({ id, label }: Candidate): void {
    if (this.warned.has(label)) return;
    this.warned.add(label);
    this.warn(connectionWarning('AdminClient clientId=adminclient-1', id, label), NETWORK_CLIENT);
  }

  private warn(text: string, logger: string): void {
    this.owner.adminPrinted([logLine(toMs(this.port.clock()), 'WARN', text, logger)]);
  }
}
