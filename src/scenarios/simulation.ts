/**
 * One run of a scenario: `run(scenario, actions) → trace`, a pure function, taken step by step.
 *
 * It builds the broker's processes on a kernel, starts clients when they are due, and applies the timeline and the
 * reader's actions at their moments; an action that cannot be (crash what is not running) is refused in the trace.
 */
import type { Cluster } from '../brokers/broker.ts';
import { AssertionFailed, SimulationError } from '../sim/errors.ts';
import { Kernel, type Controller } from '../sim/kernel.ts';
import { fromMs, type Micros } from '../sim/time.ts';
import type { Sink } from '../sim/trace.ts';
import { modelOf } from './models.ts';
import {
  isOwn,
  type Action,
  type Client,
  type BrokerId,
  type OwnActionOf,
  type Scenario,
  type TimedAction,
} from './schema.ts';

/** Who has a simulation run, and looks on. */
export interface Watch {
  goesOn(): boolean;
}

export class Simulation implements Controller {
  readonly endsAt: Micros;
  private readonly scenario: Scenario;
  private readonly actions: readonly TimedAction[];
  private readonly kernel: Kernel;
  private readonly cluster: Cluster<Client, OwnActionOf<BrokerId>>;
  private over = false;

  /**
   * @param scenario a parsed scenario
   * @param actions what the reader does, in any order; at one moment the timeline comes first
   * @param sink where the trace goes
   */
  constructor(scenario: Scenario, actions: readonly TimedAction[], sink: Sink) {
    this.scenario = scenario;
    this.actions = actions;
    this.endsAt = fromMs(scenario.durationMs);
    const { links, ...quality } = scenario.network;
    this.kernel = new Kernel({ seed: scenario.seed, network: quality, sink });
    this.kernel.setController(this);
    this.cluster = this.guarded(() => {
      const cluster = modelOf(scenario.system.broker).build(this.kernel, scenario.system);
      for (const client of scenario.clients) cluster.addClient(client);
      for (const node of cluster.nodes) this.kernel.start(node);
      for (const { between, ...different } of links)
        this.kernel.setLink(between[0], between[1], definedOnly(different));
      for (const { id, startMs } of scenario.clients) this.kernel.control(fromMs(startMs), 'start', id);
      return cluster;
    });
    for (const { atMs, action } of scenario.timeline) this.kernel.control(fromMs(atMs), 'act', action);
    for (const { atMs, action } of actions) this.kernel.control(fromMs(atMs), 'act', action);
  }

  get now(): Micros {
    return this.kernel.now;
  }

  get ended(): boolean {
    return this.over;
  }

  /** When the next step will be, or Infinity when the run is over. */
  nextAt(): Micros {
    if (this.over) return Infinity;
    const at = this.kernel.nextAt();
    return at > this.endsAt ? Infinity : at;
  }

  /**
   * Takes one step of the kernel; it may emit any number of events, none included.
   * @returns false when the run is over
   * @throws SimulationError when an assertion of the kernel or of a model fails
   */
  step(): boolean {
    if (this.nextAt() === Infinity) {
      this.over = true;
      return false;
    }
    return this.guarded(() => this.kernel.step());
  }

  /**
   * Takes every step up to a moment.
   * @param until virtual microseconds
   * @param watch is asked after each step whether there shall be another
   * @returns whether the moment was reached
   * @throws SimulationError when an assertion of the kernel or of a model fails
   */
  advance(until: Micros, watch: Watch): boolean {
    const last = Math.min(until, this.endsAt);
    return this.guarded(() => {
      while (this.kernel.nextAt() <= last) {
        this.kernel.step();
        if (!watch.goesOn()) return false;
      }
      return true;
    });
  }

  /** Runs to the end. @throws SimulationError */
  finish(): void {
    this.guarded(() => {
      while (this.kernel.nextAt() <= this.endsAt) this.kernel.step();
    });
    this.over = true;
  }

  control(name: string, data: unknown): void {
    if (name === 'start') {
      // The timeline, or the reader, may have started it before its time.
      if (!this.kernel.isUp(data as string)) this.kernel.start(data as string);
      return;
    }
    const action = data as Action;
    const refused = this.act(action);
    this.kernel.emit({ kind: 'acted', action: action.do, target: this.targetOf(action), refused });
  }

  /** @returns why it was refused, or null */
  private act(action: Action): string | null {
    const kernel = this.kernel;
    if ('target' in action) {
      const { target } = action;
      if (!kernel.has(target)) return `there is no process ${target}`;
      const up = kernel.isUp(target);
      if (action.do === 'restart') {
        if (up) return `${target} is already running`;
      } else if (!up) return `${target} is not running`;
      switch (action.do) {
        case 'crash':
          this.stopped(target, 'crashed');
          kernel.crash(target);
          return null;
        case 'restart':
          if (this.cluster.nodes.includes(target)) kernel.emit({ kind: 'node-restarted', node: target });
          kernel.start(target);
          return null;
        case 'close':
          if (kernel.isPaused(target)) return `${target} is paused`;
          return this.cluster.close(target);
        case 'pause':
          if (kernel.isPaused(target)) return `${target} is already paused`;
          kernel.pause(target);
          return null;
        case 'resume':
          if (!kernel.isPaused(target)) return `${target} is not paused`;
          kernel.resume(target);
          return null;
        case 'slow':
          kernel.setSlowness(target, action.factor);
          return null;
        case 'skew':
          kernel.setSkew(target, fromMs(action.ms));
          return null;
      }
    }
    if ('between' in action) {
      const [a, b] = action.between;
      for (const id of action.between) if (!kernel.has(id)) return `there is no process ${id}`;
      if (action.do === 'cut') {
        if (kernel.isCut(a, b)) return `the link is already cut`;
        kernel.cut(a, b);
      } else if (action.do === 'heal') {
        if (!kernel.isCut(a, b)) return `the link is not cut`;
        kernel.heal(a, b);
      } else {
        const { latencyMs, jitterMs, loss } = action;
        kernel.setLink(a, b, definedOnly({ latencyMs, jitterMs, loss }));
      }
      return null;
    }
    if (action.do === 'join') {
      if (kernel.has(action.client.id)) return `there already is a process ${action.client.id}`;
      this.cluster.addClient(action.client);
      kernel.start(action.client.id);
      return null;
    }
    return this.cluster.act(action);
  }

  private targetOf(action: Action): string {
    if (isOwn(action)) return modelOf(this.scenario.system.broker).targetOf(action);
    if (action.do === 'join') return action.client.id;
    return 'target' in action ? action.target : action.between.join(' ');
  }

  private stopped(target: string, reason: 'crashed'): void {
    if (this.cluster.nodes.includes(target)) this.kernel.emit({ kind: 'node-crashed', node: target });
    else this.kernel.emit({ kind: 'client-stopped', client: target, reason });
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof AssertionFailed)) throw error;
      const { id, seed } = this.scenario;
      throw new SimulationError(
        error.message,
        { scenario: id, seed, actions: this.actions, at: this.kernel.now },
        error,
      );
    }
  }
}

/** Without the fields that are undefined, so that what is left out keeps its value. */
function definedOnly<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
