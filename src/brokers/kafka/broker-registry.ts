/**
 * The brokers as the controller knows them (K-65): who is registered under which epoch, whose session runs, and what a
 * broker becomes by its heartbeat. Registrations are in the controller's log; sessions are in its memory only, and begin
 * anew with every new controller.
 */
import { assert } from '../../sim/errors.ts';
import type { Micros } from '../../sim/time.ts';
import type { BrokerImage } from './cluster-image.ts';
import type { ControllerRequest } from './protocol.ts';

export interface Registration {
  readonly node: string;
  /** Which life of the process registered. */
  readonly incarnation: number;
  readonly brokerEpoch: number;
  /** The image in which it was first to be seen: it is not unfenced before it has got that far. */
  readonly registeredIn: number;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
}

interface Session {
  lastContact: Micros;
  /** The image it had by its last heartbeat. */
  imageVersion: number;
  /** What all others must have before it may stop: its leaderships are theirs then. Null while it does not stop. */
  stopsAfter: number | null;
}

export type Heartbeat = Extract<ControllerRequest, { api: 'BrokerHeartbeat' }>;
export type BrokerState = 'fenced' | 'unfenced' | 'controlled-shutdown' | 'shutdown-now';

export class BrokerRegistry {
  private readonly sessionTimeout: Micros;
  private registrations = new Map<string, Registration>();
  private sessions = new Map<string, Session>();

  constructor(sessionTimeout: Micros) {
    this.sessionTimeout = sessionTimeout;
  }

  /** @returns all registered brokers, in the order of their first registrations */
  all(): readonly Registration[] {
    return [...this.registrations.values()];
  }

  get(node: string): Registration | undefined {
    return this.registrations.get(node);
  }

  set(registration: Registration): void {
    this.registrations.set(registration.node, Object.freeze(registration));
  }

  /** Whether a broker may lead and be in sync: not fenced, and not about to stop. */
  isActive(node: string): boolean {
    const broker = this.registrations.get(node);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
  }

  image(): ReadonlyMap<string, BrokerImage> {
    return new Map(this.all().map(({ node, fenced }) => [node, Object.freeze({ node, fenced })]));
  }

  /** A new controller knows nobody's last contact: every session begins anew. */
  beginSessions(now: Micros): void {
    this.sessions.clear();
    for (const { node } of this.all()) this.beginSession(node, now);
  }

  beginSession(node: string, now: Micros): void {
    this.sessions.set(node, { lastContact: now, imageVersion: -1, stopsAfter: null });
  }

  endSessions(): void {
    this.sessions.clear();
  }

  hasValidSession(node: string, now: Micros): boolean {
    const session = this.sessions.get(node);
    return session !== undefined && session.lastContact + this.sessionTimeout >= now;
  }

  /** @returns the unfenced broker that has been silent longest, if its session has run out */
  stale(now: Micros): string | null {
    let longest: string | null = null;
    let contact = Infinity;
    for (const { node, fenced } of this.registrations.values()) {
      if (fenced || this.hasValidSession(node, now)) continue;
      const { lastContact } = this.session(node);
      if (lastContact >= contact) continue;
      longest = node;
      contact = lastContact;
    }
    return longest;
  }

  /** What a broker is before, and after, a heartbeat (BrokerHeartbeatManager). @param leads whether it leads anything */
  transition(
    { node, wantFence, wantShutDown, imageVersion }: Heartbeat,
    leads: () => boolean,
  ): { readonly before: BrokerState; readonly after: BrokerState } {
    const { fenced, registeredIn } = this.registrations.get(node)!;
    const { stopsAfter } = this.session(node);
    if (stopsAfter !== null) {
      // It has led nothing since it asked; whether the others know that is what it waits for.
      const known = stopsAfter <= this.lowestActiveVersion();
      return { before: 'controlled-shutdown', after: known ? 'shutdown-now' : 'controlled-shutdown' };
    }
    if (fenced) {
      if (wantShutDown) return { before: 'fenced', after: 'shutdown-now' };
      const unfenced = !wantFence && imageVersion >= registeredIn;
      return { before: 'fenced', after: unfenced ? 'unfenced' : 'fenced' };
    }
    if (wantShutDown) {
      const after = !wantFence && leads() ? 'controlled-shutdown' : 'shutdown-now';
      return { before: 'unfenced', after };
    }
    return { before: 'unfenced', after: wantFence ? 'fenced' : 'unfenced' };
  }

  /** It has been heard of. */
  touch(node: string, now: Micros, imageVersion: number): void {
    const session = this.session(node);
    session.lastContact = now;
    session.imageVersion = imageVersion;
    if (this.registrations.get(node)!.fenced) session.stopsAfter = null;
  }

  /** A controlled shutdown goes on; the first call says what the others have to know before it ends. */
  stopAfter(node: string, imageVersion: number): void {
    this.session(node).stopsAfter ??= imageVersion;
  }

  /** What every broker that stays knows by its last heartbeat. */
  private lowestActiveVersion(): number {
    let lowest = Infinity;
    for (const [node, { imageVersion, stopsAfter }] of this.sessions) {
      if (stopsAfter === null && !this.registrations.get(node)!.fenced)
        lowest = Math.min(lowest, imageVersion);
    }
    return lowest;
  }

  private session(node: string): Session {
    const session = this.sessions.get(node);
    assert(session, `${node} has no session`);
    return session;
  }
}
