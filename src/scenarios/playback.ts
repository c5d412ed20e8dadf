/**
 * A run that can be watched: forward, back, to any moment. One simulation, the folds that read its trace, and
 * checkpoints of all of them together, so that stepping back is restoring one and running forward.
 *
 * The worker wraps one of these per experiment; the build uses the same to draw first frames.
 */
import type { ViewFold } from '../brokers/broker.ts';
import type { Claim, ClaimFold } from '../claims/claim.ts';
import { MetricsFold } from '../claims/metrics.ts';
import { OutcomeFold, type OutcomeSettings } from '../claims/outcome.ts';
import { SimulationError } from '../sim/errors.ts';
import { displayName } from '../sim/names.ts';
import { Snapshot } from '../sim/snapshot.ts';
import { formatSeconds, type Micros } from '../sim/time.ts';
import { isEveryday, type TraceEvent } from '../sim/trace.ts';
import { KEPT_DENSE, KEPT_MAX, KeptEvents } from './kept-events.ts';
import type { EventLine, Frame, Mark, Series, Span } from './frame.ts';
import { Labels } from './labels.ts';
import { modelOf, type AnyModel, type AnyView } from './models.ts';
import type { Scenario, TimedAction } from './schema.ts';
import { Simulation, type Watch } from './simulation.ts';

/** Events between two checkpoints to begin with; it doubles whenever there would be too many of them. */
const CHECKPOINT_EVERY = 1000;
const CHECKPOINTS_MAX = 48;
/**
 * Virtual time that has to pass for each object that a checkpoint remembers before there is another. One takes about a third of
 * a microsecond: so that where much waits, and much happens, less than a hundredth of the time goes into checkpoints.
 */
const MICROS_PER_OBJECT = 60;
/** Events that are folded together, where there are many: the longer, the less a processor goes to and fro between folds. */
const BATCH = 5000;
const RECENT_MAX = 80;
/** Events that a frame looks back over for its list and its caption: where more happens in a moment, single ones say little. */
const LOOK_BACK_MAX = KEPT_DENSE;
/** A kind of which so many were details is one whose events are: a frame looks no further for others among them. */
const DETAILS_MAX = 16;
const MARKS_MAX = 400;
/** How long a moment that matters stays the caption when lesser ones follow it, virtual time. */
const CAPTION_HELD_MICROS = 6_000_000;
const SAMPLES = 160;
/** Actions that the timeline marks as faults. */
const FAULTS = ['crash', 'pause', 'cut', 'slow', 'skew', 'link', 'alarm'];

/** Holds what the simulation emitted until it is read. What has been read is written over. */
class Inbox {
  private readonly events: (TraceEvent | undefined)[] = [];
  private from = 0;
  private to = 0;

  get length(): number {
    return this.to - this.from;
  }

  on(event: TraceEvent): void {
    this.events[this.to++] = event;
  }

  /** @param n from the first, counted from 0 */
  at(n: number): TraceEvent {
    return this.events[this.from + n]!;
  }

  /** Forgets the first so many. */
  drop(count: number): void {
    for (let i = 0; i < count; i++) this.events[this.from++] = undefined;
    if (this.from === this.to) this.from = this.to = 0;
  }
}

/** Everything that a moment is made of. */
interface State {
  readonly inbox: Inbox;
  readonly simulation: Simulation;
  readonly view: ViewFold<AnyView>;
  readonly claims: readonly ClaimFold[];
  readonly metrics: MetricsFold;
  readonly outcome: OutcomeFold | null;
  readonly samples: { backlog: number[]; processed: number[]; duplicates: number[] };
  at: Micros;
  /** Events folded so far. */
  events: number;
}

/** The way back to a moment. */
interface Checkpoint {
  readonly at: Micros;
  readonly events: number;
  readonly snapshot: Snapshot;
}

export class Playback implements Watch {
  readonly scenario: Scenario;
  private readonly claims: readonly Claim[];
  private readonly model: AnyModel;
  private readonly labels: Labels;
  private readonly shared: readonly object[];
  private readonly sampleEvery: Micros;
  private readonly state: State;
  private checkpoints: Checkpoint[] = [];
  private checkpointEvery = CHECKPOINT_EVERY;
  /** When the next checkpoint may be, and after how many events. */
  private checkpointFrom: Micros = 0;
  private checkpointAt = 0;
  /** Events that a seek may reach before it makes a pause. */
  private pauseAt = Infinity;
  private readonly kept = new KeptEvents();
  /** What is replayed is kept, however dense it is. */
  private recalling = false;
  /** Of the message that was last asked for: it goes on while the run does. */
  private story: Story | null = null;
  /** The timeline of what has been seen: filled once, at the furthest point reached. */
  private furthest = 0;
  private marks: Mark[] = [];
  private spans: (Span & { to: Micros | null; readonly id: string })[] = [];
  private failure: string | null = null;

  /**
   * @param scenario a parsed scenario
   * @param actions what the reader does
   * @param claims what to judge
   * @param parts what the stage draws beside the ordinary picture
   * @param outcome what the checkers of outcomes need to know; null where nobody asks for one
   * @throws SimulationError when the system cannot be built
   */
  constructor(
    scenario: Scenario,
    actions: readonly TimedAction[],
    claims: readonly Claim[],
    parts: readonly string[] = [],
    outcome: OutcomeSettings | null = null,
  ) {
    this.scenario = scenario;
    this.claims = claims;
    this.model = modelOf(scenario.system.broker);
    const joining = [...scenario.timeline, ...actions].flatMap(({ action }) =>
      action.do === 'join' ? [action.client] : [],
    );
    this.labels = new Labels([...scenario.clients, ...joining]);
    this.shared = [scenario, ...scenario.clients, scenario.system, actions];
    const inbox = new Inbox();
    const simulation = new Simulation(scenario, actions, inbox);
    this.sampleEvery = Math.max(1, Math.ceil(simulation.endsAt / SAMPLES));
    this.state = {
      inbox,
      simulation,
      view: this.model.createView(scenario.system, scenario.clients, parts),
      claims: claims.map((claim) => claim.judge()),
      metrics: new MetricsFold(),
      outcome: outcome && new OutcomeFold(outcome),
      samples: { backlog: [], processed: [], duplicates: [] },
      at: 0,
      events: 0,
    };
    this.checkpoint();
  }

  get at(): Micros {
    return this.state.at;
  }

  /**
   * Moves to a moment: every event up to and including it has happened.
   * @param at virtual microseconds; clamped to the run
   * @param budget events to fold at most, so that a caller can do it in slices
   * @returns whether the moment was reached
   */
  seek(at: Micros, budget = Infinity): boolean {
    const target = Math.max(0, Math.min(at, this.state.simulation.endsAt));
    if (target < this.state.at) this.restore((checkpoint) => checkpoint.at <= target);
    this.pauseAt = this.state.events + budget;
    // What is left of a step first.
    this.fold(this.state.inbox.length);
    if (!this.advance(target)) return false;
    this.sampleUntil(target);
    this.state.at = target;
    return true;
  }

  /** Runs the simulation, and folds what it emits in batches. @returns whether the moment was reached */
  private advance(target: Micros): boolean {
    if (this.failure !== null) return true;
    let reached = true;
    try {
      reached = this.state.simulation.advance(target, this);
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      this.failure = error.message;
    }
    this.foldBatch();
    return reached;
  }

  /** After each step. */
  goesOn(): boolean {
    const { state } = this;
    const { length } = state.inbox;
    if (length >= BATCH) this.foldBatch();
    return state.events + state.inbox.length < this.pauseAt;
  }

  private foldBatch(): void {
    const { state } = this;
    this.fold(state.inbox.length);
    state.at = state.simulation.now;
    this.checkpointIfDue();
  }

  /** Moves to the moment right after one event. @param seq the event's number in the trace */
  seekEvent(seq: number): void {
    if (seq < this.state.events) this.restore((checkpoint) => checkpoint.events <= seq + 1);
    while (this.state.events <= seq) {
      const event = this.next(this.state.simulation.endsAt);
      if (!event) return;
      this.take(event);
    }
  }

  /** One event that has words forward. @returns false at the end */
  stepForward(): boolean {
    for (;;) {
      const event = this.next(this.state.simulation.endsAt);
      if (!event) {
        this.seek(this.state.simulation.endsAt);
        return false;
      }
      this.take(event);
      if (this.isStep(event)) return true;
    }
  }

  /** One event that has words back: to the moment right after the one before. @returns false at the beginning */
  stepBack(): boolean {
    const current = this.state.events;
    if (current === 0) {
      this.seek(0);
      return false;
    }
    // The event that the moment rests on is the last one with words; the target is the one before it.
    let steps = 0;
    for (let seq = current - 1; seq >= 0; seq--) {
      const event = this.kept.get(seq);
      if (!event) break;
      if (!this.isStep(event)) continue;
      // A playhead that stands later than the last event first goes back to that event.
      if (++steps === 1 && this.state.at === event.at) continue;
      this.seekEvent(seq);
      return true;
    }
    if (this.kept.from > 0) {
      // What is before the kept window comes back by replaying it.
      this.restore((checkpoint) => checkpoint.events < this.kept.from);
      while (this.state.events < current - 1) {
        const event = this.next(this.state.simulation.endsAt);
        if (!event) break;
        this.take(event);
      }
      return this.stepBack();
    }
    this.restore((checkpoint) => checkpoint.events === 0);
    return false;
  }

  frame(): Frame {
    this.recall(LOOK_BACK_MAX);
    const { state } = this;
    const ended = state.at >= state.simulation.endsAt;
    const recent: EventLine[] = [];
    let caption: EventLine | null = null;
    let latest: EventLine | null = null;
    const oldest = Math.max(0, state.events - LOOK_BACK_MAX);
    const details = new Map<string, number>();
    for (let seq = state.events - 1; seq >= oldest && (recent.length < RECENT_MAX || !caption); seq--) {
      const event = this.kept.get(seq);
      if (!event) break;
      const before = details.get(event.kind) ?? 0;
      if (before >= DETAILS_MAX) continue;
      const line = this.line(event, this.model.explain(event));
      const listed = line !== null && line.weight !== 'detail' && recent.length < RECENT_MAX;
      if (!listed && line?.weight !== 'key') details.set(event.kind, before + 1);
      if (!line || line.weight === 'detail') continue;
      if (listed) recent.push(line);
      latest ??= line;
      if (line.weight === 'key') caption ??= line;
      if (state.at - event.at > CAPTION_HELD_MICROS && recent.length >= RECENT_MAX) break;
    }
    if (latest && (!caption || state.at - caption.at > CAPTION_HELD_MICROS)) caption = latest;
    const claims = this.claims.map(({ id, statement, rules }, i) => ({
      id,
      statement,
      rules,
      verdict: (state.claims[i] as ClaimFold).verdict(ended),
    }));
    return {
      at: state.at,
      events: state.events,
      endsAt: state.simulation.endsAt,
      ended,
      view: state.view.view(state.at),
      claims,
      figures: this.model.figures,
      metrics: state.metrics.metrics(),
      series: this.series(),
      outcome: this.outcome(),
      caption,
      recent: recent.reverse(),
      marks: [...this.marks, ...claimMarks(claims)],
      spans: this.spans.map(({ from, to, text }): Span => ({ from, to, text })),
      failure: this.failure,
    };
  }

  /** Everything that happened to one message up to the moment shown, with the reason for each step. */
  life(message: number): EventLine[] {
    const { events } = this.state;
    let { story } = this;
    if (story?.message !== message || story.upTo !== events) {
      this.recall(KEPT_MAX / 2);
      this.story = story = new Story(message, this.kept.from);
      while (story.upTo < events) story.read(this.kept.get(story.upTo)!);
    }
    return story.events.flatMap((event) => this.line(event, this.model.explain(event)) ?? []);
  }

  /** Sees to it that the last so many events are kept: those that are not are replayed. */
  private recall(count: number): void {
    const { events, at } = this.state;
    const from = Math.max(0, events - count);
    if (this.kept.from <= from) return;
    this.recalling = true;
    this.restore((checkpoint) => checkpoint.events <= from);
    this.seekEvent(events - 1);
    this.seek(at);
    this.recalling = false;
  }

  /** The next event up to a moment, the simulation being run as far as that takes. */
  private next(until: Micros): TraceEvent | undefined {
    const { inbox, simulation } = this.state;
    for (;;) {
      if (inbox.length > 0) {
        const event = inbox.at(0);
        return event.at <= until ? event : undefined;
      }
      if (this.failure !== null || simulation.nextAt() > until) return undefined;
      try {
        if (!simulation.step()) return undefined;
      } catch (error) {
        if (!(error instanceof SimulationError)) throw error;
        this.failure = error.message;
        return undefined;
      }
    }
  }

  /** Of a step that is read event by event: the next one. */
  private take(event: TraceEvent): void {
    this.fold(1);
    this.state.at = event.at;
    this.checkpointIfDue();
  }

  /**
   * Folds the first so many events that have been emitted. Fold by fold, and not event by event: that is faster (docs/architecture.md).
   */
  private fold(count: number): void {
    const { inbox, view, metrics, outcome, claims } = this.state;
    for (let i = 0; i < count; i++) view.on(inbox.at(i));
    for (let i = 0; i < count; i++) {
      const event = inbox.at(i);
      this.sampleUntil(event.at - 1);
      metrics.on(event);
    }
    if (outcome) for (let i = 0; i < count; i++) outcome.on(inbox.at(i));
    for (const claim of claims) for (let i = 0; i < count; i++) claim.on(inbox.at(i));
    for (let i = 0; i < count; i++) this.note(inbox.at(i));
    inbox.drop(count);
    this.state.events += count;
  }

  /** What the run itself keeps of an event. */
  private note(event: TraceEvent): void {
    // Read once: events have many forms, and an engine looks each of them up anew.
    const { seq, at, kind } = event;
    this.kept.add(event, seq, at, this.recalling);
    if (this.story?.upTo === seq) this.story.read(event);
    if (seq < this.furthest) return;
    this.furthest = seq + 1;
    if (!isEveryday(kind)) this.mark(event);
  }

  private isStep(event: TraceEvent): boolean {
    const explanation = this.model.explain(event);
    return explanation !== null && explanation.weight !== 'detail';
  }

  private line(
    event: TraceEvent,
    explanation: { text: string; rules: readonly string[]; weight: EventLine['weight'] } | null,
  ): EventLine | null {
    if (!explanation) return null;
    return {
      seq: event.seq,
      at: event.at,
      kind: event.kind,
      ...explanation,
      text: this.labels.in(explanation.text),
      message: 'message' in event ? event.message : null,
    };
  }

  /** Another where enough has passed and happened since the last, of what is seen for the first time. */
  private checkpointIfDue(): void {
    const { at, events } = this.state;
    if (at >= this.checkpointFrom && events >= this.checkpointAt && events === this.furthest)
      this.checkpoint();
  }

  private checkpoint(): void {
    const { at, events } = this.state;
    const snapshot = new Snapshot(this.state, this.shared);
    this.checkpoints.push({ at, events, snapshot });
    if (this.checkpoints.length > CHECKPOINTS_MAX) {
      this.checkpoints = this.checkpoints.filter((_, i) => i % 2 === 0);
      this.checkpointEvery *= 2;
    }
    this.checkpointFrom = at + snapshot.size * MICROS_PER_OBJECT;
    this.checkpointAt = this.checkpoints.at(-1)!.events + this.checkpointEvery;
  }

  /** Goes back to the latest checkpoint that fits; the first, at the beginning, always does. */
  private restore(fits: (checkpoint: Checkpoint) => boolean): void {
    const from = this.checkpoints.findLast(fits) ?? this.checkpoints[0]!;
    from.snapshot.restore();
    this.failure = null;
  }

  private mark(event: TraceEvent): void {
    const change = this.model.span(event);
    if (change) {
      const { id, text } = change;
      const open = this.spans.find((span) => span.id === id && span.to === null);
      if (text === null) {
        if (open) open.to = event.at;
      } else if (!open && this.spans.length < MARKS_MAX) {
        this.spans.push({ from: event.at, to: null, text: this.labels.in(text), id });
      }
    }
    if (event.kind !== 'acted' || event.refused !== null || this.marks.length >= MARKS_MAX) return;
    const fault = FAULTS.includes(event.action);
    this.marks.push({
      at: event.at,
      seq: event.seq,
      kind: fault ? 'fault' : 'command',
      text: this.labels.in(
        `${event.action} ${event.target.split(' ').map(displayName).join(', ')} at ${formatSeconds(event.at)}`,
      ),
    });
  }

  /** Samples are taken at fixed moments, of the state that held then. */
  private sampleUntil(at: Micros): void {
    const { samples, metrics } = this.state;
    while (samples.backlog.length * this.sampleEvery <= at) {
      const { backlog, processed, duplicates } = metrics.metrics();
      samples.backlog.push(backlog);
      samples.processed.push(processed);
      samples.duplicates.push(duplicates);
    }
  }

  /** The backlog's history stays here: the frame has a series of its own. */
  private outcome(): Frame['outcome'] {
    const { outcome, at } = this.state;
    return outcome && outcome.soFar(at);
  }

  private series(): Series {
    const { backlog, processed, duplicates } = this.state.samples;
    return {
      stepMicros: this.sampleEvery,
      backlog: [...backlog],
      processed: [...processed],
      duplicates: [...duplicates],
    };
  }
}

/** The events of one message, in order, read as they come. */
class Story {
  readonly message: number;
  readonly events: TraceEvent[] = [];
  /** Events before this one were read, or are not to be had. */
  upTo: number;
  /** Where it lies, and which groups have since committed past it. */
  private place: string | null = null;
  private position = -1;
  private readonly passed = new Set<string>();

  constructor(message: number, from: number) {
    this.message = message;
    this.upTo = from;
  }

  read(event: TraceEvent): void {
    if (this.concerns(event)) this.events.push(event);
    this.upTo = event.seq + 1;
  }

  private concerns(event: TraceEvent): boolean {
    const { message } = this;
    const itself = 'message' in event && event.message === message;
    if (event.kind === 'appended' && itself) ({ place: this.place, position: this.position } = event);
    if (event.kind === 'sent') return event.messages?.includes(message) ?? false;
    if (event.kind === 'truncated') return event.messages.includes(message);
    if (event.kind !== 'settled' || event.outcome !== 'committed') return itself;
    if (event.place !== this.place || event.position <= this.position) return itself;
    const group = event.group ?? event.client;
    if (this.passed.has(group)) return false;
    this.passed.add(group);
    return true;
  }
}

function claimMarks(claims: Frame['claims']): Mark[] {
  return claims.flatMap(({ statement, verdict }): Mark[] => {
    if (verdict.status === 'fails') {
      const { at, seq, text } = verdict.counterexample;
      return [{ at, seq, kind: 'claim-fails', text: `fails: ${statement} (${text})` }];
    }
    const first = verdict.status === 'holds' ? verdict.evidence[0] : undefined;
    return first ? [{ at: first.at, seq: first.seq, kind: 'claim-holds', text: `shown: ${statement}` }] : [];
  });
}
