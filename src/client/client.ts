/**
 * The page's side of the worker: one for all widgets, made when the first one needs it.
 *
 * Every request settles. When the worker crashes, or stops answering pings while something is asked of it, it is
 * replaced, every open run is put back to where it stood, and what was asked is asked once more; what fails twice is
 * given up with a message. A run asks for one frame at a time: while one is on its way, only the latest wish is kept.
 */
import {
  parseAnswer,
  type About,
  type AboutOf,
  type Ask,
  type ErrorCode,
  type EventLine,
  type Frame,
  type Move,
  type Position,
  type Replies,
  type RunAddress,
  type RunSpec,
} from '../worker/protocol.ts';

/** Pings go out this often while an answer is due. */
const PING_EVERY_MS = 1000;
/** So many in a row without an answer, and the worker hangs. */
const PINGS_MISSED_MAX = 4;
/** A worker that loads over a slow line is no hang: it has this long to say that it is ready. */
const LOADING_MAX_MS = 45_000;

/** The parts of a Worker that are used; tests have one of their own. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  onmessageerror: ((event: unknown) => void) | null;
}

export interface Timers {
  /** Calls back again and again; @returns what stops it */
  every(ms: number, callback: () => void): () => void;
}

/** What the worker answered instead of a value, or what became of the worker. */
export class RunError extends Error {
  override name = 'RunError';
  readonly code: ErrorCode | 'no-worker' | 'worker-died';

  constructor(code: RunError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface Pending {
  readonly ask: Ask;
  readonly resolve: (value: never) => void;
  readonly reject: (error: RunError) => void;
  /** How often a worker died over it. */
  deaths: number;
}

/** An open run, as the client remembers it for a new worker. */
interface Open {
  readonly name: string;
  spec: RunSpec;
  position: Position;
}

export class Client {
  private readonly makeWorker: () => WorkerLike;
  private readonly timers: Timers;
  private worker: WorkerLike | null = null;
  private ready = false;
  private stopPings: (() => void) | null = null;
  private missed = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly runs = new Map<string, Open>();
  private nextId = 1;
  private nextRun = 1;

  /**
   * @param makeWorker makes a worker; it may throw where there are none
   * @param timers the page's clock
   */
  constructor(makeWorker: () => WorkerLike, timers: Timers) {
    this.makeWorker = makeWorker;
    this.timers = timers;
  }

  /** A run of this page that can be opened; nothing is asked of the worker yet. */
  run(listener: RunListener): Run {
    return new Run(this, `run-${this.nextRun++}`, listener);
  }

  /** @throws RunError (as a rejection) with what is wrong with it */
  readAddress(text: string): Promise<RunAddress> {
    return this.ask({ type: 'read-address', text });
  }

  /** @throws RunError (as a rejection) */
  writeAddress(spec: RunSpec, at: number): Promise<string> {
    return this.ask({ type: 'write-address', spec: toWire(spec), at });
  }

  /** Asks the worker, which is started when there is none. The promise always settles. */
  ask<T extends keyof Replies>(ask: Ask<T> & { readonly type: T }): Promise<Replies[T]> {
    return new Promise((resolve, reject) => {
      this.send({ ask, resolve: resolve, reject, deaths: 0 });
    });
  }

  /** Remembers where a run stands, for the day its worker dies. */
  remember(open: Open): void {
    this.runs.set(open.name, open);
  }

  forget(name: string): void {
    this.runs.delete(name);
  }

  private send(pending: Pending): void {
    if (!this.start()) {
      pending.reject(new RunError('no-worker', NO_WORKER));
      return;
    }
    const id = this.nextId++;
    this.pending.set(id, pending);
    this.worker?.postMessage({ ...pending.ask, id });
    this.watch();
  }

  /** @returns whether there is a worker */
  private start(): boolean {
    if (this.worker) return true;
    let worker: WorkerLike;
    try {
      worker = this.makeWorker();
    } catch {
      return false;
    }
    this.worker = worker;
    this.ready = false;
    this.missed = 0;
    worker.onmessage = ({ data }) => {
      if (this.worker === worker) this.hear(data);
    };
    worker.onerror = () => this.died(worker, 'It stopped with an error.');
    worker.onmessageerror = () => this.died(worker, 'A message could not be read.');
    for (const { name, spec, position } of this.runs.values()) {
      // A run whose opening is among the pending is opened by that.
      if ([...this.pending.values()].some(({ ask }) => ask.type === 'open' && ask.run === name)) continue;
      worker.postMessage({ type: 'open', run: name, spec: toWire(spec), position, id: this.nextId++ });
    }
    return true;
  }

  private hear(data: unknown): void {
    this.missed = 0;
    const answer = parseAnswer(data);
    if (!answer) return;
    if ('type' in answer) {
      this.ready = true;
      return;
    }
    const pending = this.pending.get(answer.id);
    if (!pending) return;
    this.pending.delete(answer.id);
    if (this.pending.size === 0) this.unwatch();
    if (answer.ok) pending.resolve(answer.value as never);
    else pending.reject(new RunError(answer.code, answer.message));
  }

  private watch(): void {
    this.stopPings ??= this.timers.every(PING_EVERY_MS, () => {
      const worker = this.worker;
      if (!worker) return;
      this.missed++;
      const limit = this.ready ? PINGS_MISSED_MAX : LOADING_MAX_MS / PING_EVERY_MS;
      if (this.missed > limit) {
        this.died(worker, this.ready ? 'It did not answer any more.' : 'It could not be loaded.');
        return;
      }
      worker.postMessage({ type: 'ping', id: this.nextId++ });
    });
  }

  private unwatch(): void {
    this.stopPings?.();
    this.stopPings = null;
    this.missed = 0;
  }

  private died(worker: WorkerLike, why: string): void {
    if (this.worker !== worker) return;
    const loaded = this.ready;
    worker.onmessage = worker.onerror = worker.onmessageerror = null;
    worker.terminate();
    this.worker = null;
    this.unwatch();
    const asked = [...this.pending.values()];
    this.pending.clear();
    const again: Pending[] = [];
    for (const pending of asked) {
      pending.deaths++;
      // One that never loaded will not load the next moment either.
      if (loaded && pending.deaths < 2) again.push(pending);
      else {
        // A run that kills every worker must not take the page's other runs with it.
        if ('run' in pending.ask) this.runs.delete(pending.ask.run);
        pending.reject(new RunError('worker-died', `The simulator had to be stopped. ${why}`));
      }
    }
    for (const pending of again) this.send(pending);
  }
}

const NO_WORKER =
  'The simulator cannot start: this browser gives the page no Web Worker. The figure shows one moment of the run; the events of that moment are listed below it.';

export interface RunListener {
  onFrame(frame: Frame): void;
  onError(error: RunError): void;
}

/** One run of the page. Calls do not wait for one another; the listener hears of each frame that arrives. */
export class Run {
  private readonly client: Client;
  private readonly name: string;
  private readonly listener: RunListener;
  private open: Open | null = null;
  /** Grows with each opening; an answer to an earlier one is no longer of interest. */
  private generation = 0;
  private inFlight = false;
  private wish: Move | null = null;

  constructor(client: Client, name: string, listener: RunListener) {
    this.client = client;
    this.name = name;
    this.listener = listener;
  }

  /**
   * Opens the run, or opens it anew with other settings, and goes to a moment.
   * @returns what it is made of
   * @throws RunError (as a rejection); the listener hears of it too
   */
  async start(spec: RunSpec, at: number): Promise<About> {
    const generation = ++this.generation;
    const open: Open = { name: this.name, spec, position: { at: Math.round(at), events: null } };
    this.open = open;
    this.wish = null;
    this.inFlight = true;
    this.client.remember(open);
    try {
      const { frame, about } = await this.client.ask({
        type: 'open',
        run: this.name,
        spec: toWire(spec),
        position: open.position,
      });
      if (generation === this.generation) this.arrived(frame);
      return about;
    } catch (error) {
      const known = asRunError(error);
      if (generation === this.generation) {
        this.inFlight = false;
        this.open = null;
        this.client.forget(this.name);
        this.listener.onError(known);
      }
      throw known;
    }
  }

  /** Wishes for another moment. While a frame is on its way only the latest wish is kept; steps add up. */
  move(move: Move): void {
    this.wish = coalesce(this.wish, move);
    if (!this.inFlight) this.fulfil();
  }

  /** Everything that happened to one message up to the moment shown. @throws RunError (as a rejection) */
  life(message: number): Promise<readonly EventLine[]> {
    return this.client.ask({ type: 'life', run: this.name, message });
  }

  close(): void {
    this.generation++;
    this.wish = null;
    this.client.forget(this.name);
    if (this.open) this.client.ask({ type: 'close', run: this.name }).catch(() => undefined);
    this.open = null;
  }

  private fulfil(): void {
    const { wish, generation } = this;
    if (!wish || !this.open) return;
    this.wish = null;
    this.inFlight = true;
    this.client.ask({ type: 'move', run: this.name, move: wish }).then(
      (frame) => {
        if (generation === this.generation) this.arrived(frame);
      },
      (error: unknown) => {
        if (generation !== this.generation) return;
        this.inFlight = false;
        this.wish = null;
        this.listener.onError(asRunError(error));
      },
    );
  }

  private arrived(frame: Frame): void {
    if (this.open) this.open.position = { at: frame.at, events: frame.events };
    this.inFlight = false;
    this.listener.onFrame(frame);
    this.fulfil();
  }
}

/** What is left of two wishes: the later one, but steps add up. */
export function coalesce(earlier: Move | null, later: Move): Move {
  if (earlier?.to === 'step' && later.to === 'step') return { to: 'step', by: earlier.by + later.by };
  return later;
}

function toWire(spec: RunSpec): Ask<'open'>['spec'] {
  return {
    experiment: spec.experiment,
    seed: spec.seed,
    knobs: { ...spec.knobs },
    actions: [...spec.actions],
  };
}

function asRunError(error: unknown): RunError {
  return error instanceof RunError ? error : new RunError('failed', String(error));
}

export type { About, AboutOf, EventLine, Frame, Move, RunAddress, RunSpec };
