/**
 * Two runs of one workload that move together: each has a session of its own, and one transport moves both to the same
 * moment. While it plays, the next moment is asked for when both have arrived at the last one: the slower sets the pace.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import type { About, Client, Frame } from '../../client/client.ts';
import type { Action } from '../../scenarios/schema.ts';
import { Session } from '../experiment/session.ts';
import { told } from '../experiment/told.ts';
import { seconds, shortSeconds, SPEEDS, speedIndex } from '../experiment/words.ts';
import { actionWords } from './interventions.ts';
import { both, BROKERS, SIDES, type BesidePoster, type Both, type Side } from './poster.ts';

/**
 * Between two frames at most this much real time passes: a tab that was asleep does not jump, and a run that takes longer than
 * it lasts goes slower, and not by leaps.
 */
const TICK_MAX_MS = 100;
/** A page draws so often at most: whoever is slower is asked for the next frame as soon as this one is there. */
const DRAWN_EVERY_MS = 16;
const MICROS_PER_MS = 1000;
/** While it plays, the words under the stages are read out at most this often. */
const ANNOUNCE_EVERY_MS = 5000;

/** One side: what leads it to a moment leads the other one there as well. */
class Half extends Session {
  private readonly duo: Duo;
  private readonly side: Side;

  constructor(duo: Duo, side: Side, client: Client) {
    super(duo.poster.posters[side], client, { actionWords });
    this.duo = duo;
    this.side = side;
  }

  override jump(_seq: number, at: number): Promise<void> {
    this.duo.pause();
    return this.duo.seek(at);
  }

  override announce(text: string): void {
    this.duo.announce(`${BROKERS[this.side]}: ${text}`);
  }
}

export class Duo {
  readonly poster: BesidePoster;
  readonly sides: Both<Session>;
  readonly playing = signal(false);
  /** Still the first frames, untouched: Play begins at the beginning. */
  readonly untouched = signal(true);
  readonly speed;
  readonly announcement = signal('');
  /** What went wrong with the figure itself: an address that is of something else. */
  readonly error = signal<string | null>(null);
  /** What is shown: the latest frames that are of one moment. On the way to another, one side may be there first. */
  readonly shown;
  /** Those whose words and figures stand beside them. */
  readonly told;
  /** One clock and one timeline for both. */
  readonly frame = computed(() => {
    const { queue, stream } = this.shown.value;
    return {
      at: queue.at,
      endsAt: Math.max(queue.endsAt, stream.endsAt),
      ended: queue.ended && stream.ended,
      marks: [...queue.marks, ...stream.marks.map((mark) => ({ ...mark, seq: -1 - mark.seq }))],
      spans: [...queue.spans, ...stream.spans],
    };
  });
  /** The moment that both were last asked for. */
  private asked: number;
  private playhead: number;
  private ticked: number | null = null;
  private announcedAt = -Infinity;
  /** Something is done to both at once: playing waits for it, and so does a seek. */
  private busy = false;
  /** Where the reader wants to be once that is done. */
  private wish: number | null = null;
  private readonly stopShowing: () => void;

  /** @param clock the page's, milliseconds, on which {@link tick} is called */
  constructor(poster: BesidePoster, client: Client, clock: () => number = () => performance.now()) {
    this.poster = poster;
    this.sides = both((side) => new Half(this, side, client));
    this.shown = signal(both((side) => this.frameOf(side)));
    this.told = told(this.shown, this.playing, clock);
    this.stopShowing = effect(() => {
      const frames = both((side) => this.frameOf(side));
      if (frames.queue.at !== frames.stream.at) return;
      this.shown.value = frames;
      queueMicrotask(() => this.hurry(clock()));
    });
    this.speed = signal(speedIndex(poster.posters.queue.experiment.speed));
    this.asked = this.playhead = poster.posters.queue.frame.at;
  }

  /** @returns whether both runs are open */
  async open(): Promise<boolean> {
    const opened = await this.each((session) => session.open());
    return opened.every(Boolean);
  }

  async play(): Promise<void> {
    if (this.playing.value) return;
    const { at, ended } = this.frame.value;
    const from = this.untouched.value || ended ? 0 : at;
    if (!(await this.open())) return;
    batch(() => {
      this.untouched.value = false;
      this.playing.value = true;
    });
    this.ticked = null;
    this.playhead = from;
    this.ask(from);
    this.announce('Playing');
  }

  pause(): void {
    if (!this.playing.value) return;
    this.playing.value = false;
    this.announce(`Paused at ${shortSeconds(this.frame.value.at)}`);
  }

  toggle(): void {
    if (this.playing.value) this.pause();
    else void this.play();
  }

  /** One turn of the playing: asks for the frames of this time, once both have the last ones. @param nowMs the page's clock */
  tick(nowMs: number): void {
    if (!this.playing.value || this.busy) return;
    if (SIDES.some((side) => this.sides[side].error.value !== null || this.frameOf(side).failure !== null)) {
      this.playing.value = false;
      return;
    }
    if (!this.arrived()) return;
    const { endsAt } = this.frame.value;
    if (this.playhead >= endsAt) {
      this.playing.value = false;
      this.announce('The end of the run');
      return;
    }
    const passed = this.ticked === null ? 0 : Math.min(TICK_MAX_MS, nowMs - this.ticked);
    if (passed < 0) return;
    this.ticked = nowMs;
    if (passed === 0) return;
    this.playhead = Math.min(
      endsAt,
      this.playhead + passed * MICROS_PER_MS * (SPEEDS[this.speed.value] ?? 1),
    );
    this.ask(Math.round(this.playhead));
  }

  /** Both have arrived: where that took longer than a frame, the worker goes on while the page draws. */
  private hurry(nowMs: number): void {
    if (this.ticked !== null && nowMs - this.ticked >= DRAWN_EVERY_MS) this.tick(nowMs);
  }

  /** Time stands still while nobody looks: the next tick begins anew. */
  hold(): void {
    this.ticked = null;
  }

  /** @param at virtual microseconds */
  async seek(at: number): Promise<void> {
    if (this.busy) {
      this.wish = at;
      return;
    }
    this.untouched.value = false;
    this.playhead = Math.round(Math.max(0, Math.min(this.frame.value.endsAt, at)));
    if (await this.open()) this.ask(this.playhead);
  }

  /** To the next moment, or the one before, at which something happens that has words, on either side. */
  async step(by: number): Promise<void> {
    this.pause();
    if (this.busy || !(await this.open())) return;
    await this.alone(async () => {
      await this.settled();
      const from = this.frame.value.at;
      await this.each((session) => stepBeyond(session, from, by));
      const moments = SIDES.map((side) => this.frameOf(side).at);
      this.ask(by > 0 ? Math.min(...moments) : Math.max(...moments));
      await this.settled();
    });
    this.announce(seconds(this.asked));
  }

  /** Everything as it was: the scenarios' own settings, no actions, the first frames. */
  async reset(): Promise<void> {
    this.playing.value = false;
    await this.alone(
      () => this.each((session) => session.reset()),
      () => this.poster.posters.queue.frame.at,
    );
    this.untouched.value = true;
    this.error.value = null;
    this.announce('Reset');
  }

  /**
   * Does the same to both at the moment shown.
   * @param make gives each side's actions once its run is open; null where nothing is to be done
   */
  async act(make: (side: Side, about: About, frame: Frame) => Action | null): Promise<void> {
    if (this.busy) return;
    await this.alone(async () => {
      if (!(await this.open())) return;
      this.untouched.value = false;
      await this.settled();
      const before = both((side) => this.sides[side].actions.value.length);
      const done = both((side) => this.sides[side].act((about, frame) => make(side, about, frame)));
      const well = { queue: await done.queue, stream: await done.stream };
      if (well.queue === well.stream) return;
      // What only one of them can do is done to neither.
      for (const side of SIDES) if (well[side]) await this.takeBack(side, before[side]);
    });
  }

  /** Takes back what the reader did to both, by its place in the list. */
  async withdraw(index: number): Promise<void> {
    if (this.busy) return;
    await this.alone(() => this.each((session) => session.withdraw(index)));
  }

  /** Another setting of one side, or of both: what is set starts over, and goes to the moment shown. */
  async turn(sides: readonly Side[], knob: string, option: string): Promise<void> {
    if (this.busy) return;
    this.pause();
    await this.alone(async () => {
      if (this.sides.queue.about.value) await this.settled();
      await Promise.all(sides.map((side) => this.sides[side].turn(knob, option)));
    });
    this.untouched.value = false;
  }

  /** What stands in the address of this comparison at this moment. @throws RunError (as a rejection) */
  async parameters(): Promise<Readonly<Record<'run' | 'beside', string>>> {
    return { run: await this.sides.queue.address(), beside: await this.sides.stream.address() };
  }

  /** Shows the runs of an address. @param texts what stood in it for each side */
  async readAddress(texts: Both<string>): Promise<void> {
    await this.alone(() => this.each((session, side) => session.readAddress(texts[side], true)));
    this.untouched.value = false;
  }

  announce(text: string): void {
    if (text !== '') this.announcement.value = text;
  }

  /** Reads the captions out, not too often. @param nowMs the page's clock */
  tell(nowMs: number): void {
    if (this.playing.value && nowMs - this.announcedAt < ANNOUNCE_EVERY_MS) return;
    this.announcedAt = nowMs;
    this.announce(
      SIDES.flatMap((side) => {
        const { caption } = this.told.value[side];
        return caption ? [`${BROKERS[side]}, ${shortSeconds(caption.at)}: ${caption.text}`] : [];
      }).join(' '),
    );
  }

  close(): void {
    this.playing.value = false;
    this.stopShowing();
    for (const side of SIDES) this.sides[side].close();
  }

  private frameOf(side: Side): Frame {
    return this.sides[side].frame.value;
  }

  private ask(at: number): void {
    this.asked = at;
    for (const side of SIDES) void this.sides[side].seek(at);
  }

  private arrived(): boolean {
    return SIDES.every((side) => this.frameOf(side).at === this.asked);
  }

  /** When both are at the moment that was asked for, or cannot get there. */
  private settled(): Promise<void> {
    return until(() => this.arrived() || SIDES.some((side) => this.sides[side].error.value !== null));
  }

  private async each<T>(work: (session: Session, side: Side) => Promise<T>): Promise<T[]> {
    return Promise.all(SIDES.map((side) => work(this.sides[side], side)));
  }

  /**
   * Does what nothing may come between, and then goes where the reader has wished to be meanwhile.
   * @param moment where both are when it is done
   */
  private async alone(
    work: () => Promise<unknown>,
    moment = (): number => this.frame.value.at,
  ): Promise<void> {
    this.busy = true;
    this.wish = null;
    try {
      await work();
    } finally {
      this.busy = false;
      this.playhead = this.asked = moment();
      this.goOn();
    }
  }

  private goOn(): void {
    if (this.wish !== null) void this.seek(this.wish);
  }

  private async takeBack(side: Side, length: number): Promise<void> {
    const session = this.sides[side];
    const last = session.actions.value.length - 1;
    if (last >= length) await session.withdraw(last);
  }
}

/** Steps until another moment is reached: several things may happen in one. */
async function stepBeyond(session: Session, from: number, by: number): Promise<void> {
  for (;;) {
    const before = session.frame.value;
    void session.step(by);
    await until(() => session.frame.value !== before || session.error.value !== null);
    const { at, endsAt } = session.frame.value;
    if (session.error.value !== null || at !== from || at === 0 || at === endsAt) return;
  }
}

/** Waits for signals. */
function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (!isSo()) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
}
