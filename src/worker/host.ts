/**
 * The worker without the Worker: it holds the runs of a page and answers requests. Long ways are gone in slices, so
 * that a newer request for the same run is heard in time and takes the place of the older one.
 */
import { decodeAddress, encodeAddress } from '../scenarios/address.ts';
import { brokerOf, setUp, type RunSpec } from '../scenarios/playable.ts';
import { Playback } from '../scenarios/playback.ts';
import { InvalidInput, parseActions } from '../scenarios/schema.ts';
import {
  type Answer,
  type ErrorCode,
  type Move,
  type Position,
  type Replies,
  type Request,
} from './protocol.ts';
import { parseRequest } from './request.ts';

/** Events folded before the worker listens again: some milliseconds' worth. */
const SLICE_EVENTS = 4000;
/** Events of a new run that are seen before its first frame. */
const LOOK_AHEAD_EVENTS = 12_000;

/** Goes on for one slice. @returns whether it has arrived */
type Way = () => boolean;

interface Job {
  readonly id: number;
  /** What is still to go. */
  readonly ways: Way[];
  readonly result: () => unknown;
}

interface Run {
  readonly playback: Playback;
  job: Job | null;
}

export class Host {
  private readonly post: (answer: Answer) => void;
  private readonly soon: (work: () => void) => void;
  private readonly runs = new Map<string, Run>();

  /**
   * @param post sends an answer to the page
   * @param soon calls back after messages that have arrived meanwhile were received
   */
  constructor(post: (answer: Answer) => void, soon: (work: () => void) => void) {
    this.post = post;
    this.soon = soon;
  }

  /** Takes one message of the page. Whatever happens, a request with a number is answered once. */
  receive(message: unknown): void {
    const request = parseRequest(message);
    if (typeof request === 'string') {
      const id = (message as { id?: unknown } | null)?.id;
      this.fail(typeof id === 'number' ? id : 0, 'invalid', request);
      return;
    }
    this.guarded(request.id, () => this.handle(request));
  }

  private handle(request: Request): void {
    switch (request.type) {
      case 'open': {
        this.drop(request.run);
        const spec = toSpec(request.spec);
        const { scenario, actions, claims, parts, rules, outcome } = setUp(spec);
        const playback = new Playback(scenario, actions, claims, parts, outcome);
        const { seed, clients } = scenario;
        const about = rules.length > 0 ? { seed, clients, rules } : { seed, clients };
        const run: Run = { playback, job: null };
        this.runs.set(request.run, run);
        this.begin(run, {
          id: request.id,
          ways: [lookAhead(playback), ...returnTo(playback, request.position)],
          result: (): Replies['open'] => ({ frame: playback.frame(), about }),
        });
        return;
      }
      case 'move': {
        const run = this.run(request.id, request.run);
        if (!run) return;
        // A step is taken from where the run was going to; any other move says itself where to.
        const before = request.move.to === 'step' ? (run.job?.ways ?? []) : [];
        this.supersede(run);
        this.begin(run, {
          id: request.id,
          ways: [...before, mover(run.playback, request.move)],
          result: (): Replies['move'] => run.playback.frame(),
        });
        return;
      }
      case 'life': {
        const run = this.run(request.id, request.run);
        if (run) this.reply<'life'>(request.id, run.playback.life(request.message));
        return;
      }
      case 'close':
        this.drop(request.run);
        this.reply<'close'>(request.id, null);
        return;
      case 'write-address':
        this.reply<'write-address'>(request.id, encodeAddress({ ...toSpec(request.spec), at: request.at }));
        return;
      case 'read-address':
        this.reply<'read-address'>(request.id, decodeAddress(request.text));
        return;
      case 'ping':
        this.reply<'ping'>(request.id, null);
    }
  }

  private run(id: number, name: string): Run | undefined {
    const run = this.runs.get(name);
    if (!run) this.fail(id, 'unknown-run', `there is no open run "${name}"`);
    return run;
  }

  private begin(run: Run, job: Job): void {
    run.job = job;
    this.work(run, job);
  }

  private work(run: Run, job: Job): void {
    if (run.job !== job) return;
    const well = this.guarded(job.id, () => {
      for (let way = job.ways[0]; way; way = job.ways[0]) {
        if (!way()) {
          this.soon(() => this.work(run, job));
          return;
        }
        job.ways.shift();
      }
      run.job = null;
      this.post({ id: job.id, ok: true, value: job.result() });
    });
    if (!well) run.job = null;
  }

  private supersede(run: Run): void {
    if (run.job) this.fail(run.job.id, 'superseded', 'a newer request took its place');
    run.job = null;
  }

  private drop(name: string): void {
    const run = this.runs.get(name);
    if (run) this.supersede(run);
    this.runs.delete(name);
  }

  /** @returns whether it went well; otherwise the request has been answered with what went wrong */
  private guarded(id: number, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.fail(id, error instanceof InvalidInput ? 'invalid' : 'failed', message);
      return false;
    }
  }

  private reply<T extends keyof Replies>(id: number, value: Replies[T]): void {
    this.post({ id, ok: true, value });
  }

  private fail(id: number, code: ErrorCode, message: string): void {
    this.post({ id, ok: false, code, message });
  }
}

/** @throws InvalidInput for an experiment that there is not, and for actions that are none of its broker's */
function toSpec(spec: Extract<Request, { type: 'open' }>['spec']): RunSpec {
  return { ...spec, actions: parseActions(spec.actions, brokerOf(spec.experiment)) };
}

/** Goes a little way ahead, to fill the timeline of a short run with what is to come. */
function lookAhead(playback: Playback): Way {
  return () => {
    playback.seek(Infinity, LOOK_AHEAD_EVENTS);
    return true;
  };
}

/** To where a run stood: with `events`, between two events of one moment. */
function returnTo(playback: Playback, { at, events }: Position): Way[] {
  if (events === null) return [mover(playback, { to: 'moment', at })];
  if (events === 0) return [() => playback.seek(0)];
  return [
    mover(playback, { to: 'event', seq: events - 1, at }),
    () => playback.at >= at || playback.seek(at, SLICE_EVENTS),
  ];
}

/** To where a move leads. */
function mover(playback: Playback, move: Move): Way {
  if (move.to === 'moment') return () => playback.seek(move.at, SLICE_EVENTS);
  if (move.to === 'step') {
    return () => {
      for (let i = 0; i < move.by; i++) if (!playback.stepForward()) break;
      for (let i = 0; i > move.by; i--) if (!playback.stepBack()) break;
      return true;
    };
  }
  // The long way to an event is gone as to a moment, so that it can be sliced; then exactly.
  return () => {
    if (!playback.seek(Math.max(0, move.at - 1), SLICE_EVENTS)) return false;
    playback.seekEvent(move.seq);
    return true;
  };
}
