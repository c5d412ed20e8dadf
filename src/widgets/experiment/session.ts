/**
 * One experiment on a page, without its picture: what the reader chose, where the playhead is, what arrives from the
 * worker. It knows no DOM; the view gives it the time and what is stored, and draws its signals.
 */
import { batch, signal } from '@preact/signals';
import type {
  About,
  Client,
  EventLine,
  Frame,
  Move,
  Run,
  RunAddress,
  RunError,
  RunSpec,
} from '../../client/client.ts';
import type { Action, TimedAction } from '../../scenarios/schema.ts';
import { displayName } from '../../sim/names.ts';
import type { BrokerSide } from './drawing.ts';
import type { Poster } from './poster.ts';
import { told } from './told.ts';
import { shortSeconds, SPEEDS, speedIndex } from './words.ts';

/** A tab that was asleep does not jump: between two frames at most this much real time passes. */
const TICK_MAX_MS = 250;
const MICROS_PER_MS = 1000;
/** While it plays, the words under the stage are read out at most this often. */
const ANNOUNCE_EVERY_MS = 4000;

export interface Life {
  readonly message: number;
  readonly title: string;
  /** null until they are there. */
  readonly lines: readonly EventLine[] | null;
}

type Words = Pick<BrokerSide, 'actionWords'>;

export class Session {
  readonly poster: Poster;
  readonly frame;
  /** The frame whose words and figures stand beside the stage. */
  readonly told;
  readonly playing = signal(false);
  /** Still the first frame, untouched: Play begins at the beginning. */
  readonly untouched = signal(true);
  readonly speed;
  readonly knobs = signal<Readonly<Record<string, string>>>({});
  readonly actions = signal<readonly TimedAction[]>([]);
  /** Those of the run that the frame shows: the frame of a new move is a moment on its way. */
  readonly moves = signal<readonly TimedAction[]>([]);
  readonly about = signal<About | null>(null);
  /** What went wrong, for the reader. */
  readonly error = signal<string | null>(null);
  readonly announcement = signal('');
  readonly life = signal<Life | null>(null);
  private seed: number | null = null;
  /** What came with an address: somebody else's moves, or those of a solution. */
  private borrowed: ReadonlySet<TimedAction> = new Set();
  /** Those of the run that was opened last. */
  private opened: readonly TimedAction[] = [];
  private readonly client: Client;
  private readonly words: Words;
  private readonly run: Run;
  private opening: Promise<About> | null = null;
  /** The playhead while playing, virtual microseconds; the frame follows it. */
  private playhead = 0;
  private ticked: number | null = null;
  private announcedAt = -Infinity;
  private lifeOf = '';
  /** When playing that nobody asked for ends by itself. */
  private until: ((frame: Frame) => boolean) | null = null;

  /**
   * @param words says what the reader did, in the broker's words
   * @param clock the page's, milliseconds, on which {@link tick} is called
   */
  constructor(poster: Poster, client: Client, words: Words, clock: () => number = () => performance.now()) {
    this.poster = poster;
    this.words = words;
    this.client = client;
    this.frame = signal(poster.frame);
    this.told = told(this.frame, this.playing, clock);
    this.speed = signal(speedIndex(poster.experiment.speed));
    this.run = client.run({
      onFrame: (frame) => this.onFrame(frame),
      onError: (error) => this.onError(error),
    });
  }

  /** Opens the run where the frame is, unless it is open: the first thing that needs the worker. */
  async open(): Promise<About | null> {
    this.opening ??= this.start(this.frame.value.at);
    try {
      return await this.opening;
    } catch {
      this.opening = null;
      return null;
    }
  }

  async play(): Promise<void> {
    if (this.playing.value) return;
    const fromStart = this.untouched.value || this.frame.value.ended;
    if (!(await this.open())) return;
    batch(() => {
      this.untouched.value = false;
      this.playing.value = true;
    });
    this.ticked = null;
    this.playhead = fromStart ? 0 : this.frame.value.at;
    if (fromStart) this.run.move({ to: 'moment', at: 0 });
    this.announce('Playing');
  }

  /** Plays on from the first frame, unasked and without a word; whatever the reader does takes over. */
  async playUnasked(): Promise<void> {
    if (!(await this.open()) || !this.untouched.value) return;
    this.ticked = null;
    this.playhead = this.frame.value.at;
    this.playing.value = true;
  }

  pause(): void {
    if (!this.playing.value) return;
    batch(() => {
      this.untouched.value = false;
      this.stop();
    });
    this.announce(`Paused at ${shortSeconds(this.frame.value.at)}`);
  }

  private stop(): void {
    this.playing.value = false;
    this.until = null;
  }

  toggle(): void {
    if (this.playing.value) this.pause();
    else void this.play();
  }

  /** One turn of the playing: asks for the frame of this time. @param nowMs the page's clock */
  tick(nowMs: number): void {
    if (!this.playing.value) return;
    const passed = this.ticked === null ? 0 : Math.min(TICK_MAX_MS, nowMs - this.ticked);
    this.ticked = nowMs;
    if (passed <= 0) return;
    const { endsAt } = this.frame.value;
    this.playhead = Math.min(
      endsAt,
      this.playhead + passed * MICROS_PER_MS * (SPEEDS[this.speed.value] ?? 1),
    );
    this.run.move({ to: 'moment', at: Math.round(this.playhead) });
  }

  /** Time stands still while nobody looks: the next tick begins anew. */
  hold(): void {
    this.ticked = null;
  }

  step(by: number): Promise<void> {
    return this.go({ to: 'step', by });
  }

  /** @param at virtual microseconds */
  seek(at: number): Promise<void> {
    return this.go({ to: 'moment', at: Math.round(Math.max(0, Math.min(this.frame.value.endsAt, at))) });
  }

  jump(seq: number, at: number): Promise<void> {
    return this.go({ to: 'event', seq, at });
  }

  /** Everything as it was: the scenario's own settings, no actions, the first frame. */
  async reset(): Promise<void> {
    this.stop();
    this.seed = null;
    this.knobs.value = {};
    this.actions.value = [];
    this.life.value = null;
    if (await this.again(this.poster.frame.at)) this.untouched.value = true;
    this.announce('Reset');
  }

  /** Another setting: the run starts over with it and goes to the moment shown. */
  async turn(knob: string, option: string): Promise<void> {
    this.knobs.value = { ...this.knobs.value, [knob]: option };
    await this.again(this.frame.value.at);
    this.announce('The run was started over with the new setting');
  }

  /**
   * Does something, or several things at once, at the moment shown.
   * @param make gives the actions once the run is open; null where nothing is to be done
   * @returns whether it was done
   */
  async act(make: (about: About, frame: Frame) => Action | readonly Action[] | null): Promise<boolean> {
    const about = await this.open();
    const actions = [(about && make(about, this.frame.value)) ?? []].flat();
    if (actions.length === 0) return false;
    const { at } = this.frame.value;
    const before = this.actions.value;
    const atMs = at / MICROS_PER_MS;
    // In the order of the run, whatever the order in which the reader thought of them.
    const later = before.findIndex((earlier) => earlier.atMs > atMs);
    const timed = actions.map((action) => ({ atMs, action }));
    this.actions.value = before.toSpliced(later === -1 ? before.length : later, 0, ...timed);
    if (!(await this.again(at))) {
      // What cannot be done is not kept: the run is as it was, and the message says why.
      this.actions.value = before;
      return false;
    }
    this.announce(`At ${shortSeconds(at)}: ${actions.map((action) => this.wordsOf(action)).join(', ')}`);
    return true;
  }

  /** What the reader did, in words that call every process as the stage does: by its label, where its scenario has one. */
  wordsOf(action: Action): string {
    return this.words.actionWords(
      action,
      (id) => this.about.value?.clients.find((client) => client.id === id)?.label ?? displayName(id),
    );
  }

  /**
   * Plays on by itself from the moment shown until something has come to pass; a run that plays already goes on playing.
   * Whatever the reader does meanwhile takes over.
   */
  async playUntil(passed: (frame: Frame) => boolean): Promise<void> {
    if (this.playing.value || passed(this.frame.value) || this.frame.value.ended) return;
    if (!(await this.open())) return;
    this.ticked = null;
    this.playhead = this.frame.value.at;
    batch(() => {
      this.until = passed;
      this.untouched.value = false;
      this.playing.value = true;
    });
  }

  async withdraw(index: number): Promise<void> {
    this.actions.value = this.actions.value.filter((_, i) => i !== index);
    await this.again(this.frame.value.at);
    this.announce('The action was taken back');
  }

  /** Shows a message's life. @param title what it is called */
  async showLife(message: number, title: string): Promise<void> {
    this.life.value = { message, title, lines: null };
    this.lifeOf = '';
    if (await this.open()) this.refreshLife();
  }

  /** The text of this run's address. @throws RunError (as a rejection) */
  address(): Promise<string> {
    return this.client.writeAddress(this.spec(), this.frame.value.at);
  }

  /**
   * Shows the run of an address.
   * @param text what stood in the page's address
   * @param ours whether a bad one is for this experiment to tell of
   */
  async readAddress(text: string, ours: boolean): Promise<boolean> {
    const refuse = (why: string): false => {
      if (ours) this.error.value = `${why}\nThe figure shows its own run instead.`;
      return false;
    };
    let address: RunAddress;
    try {
      address = await this.client.readAddress(text);
    } catch (error) {
      return refuse((error as Error).message);
    }
    if (address.experiment !== this.poster.experiment.id)
      return refuse(
        `This address is of a run of another experiment, "${address.experiment}", which is not this figure.`,
      );
    this.seed = address.seed;
    this.knobs.value = address.knobs;
    this.actions.value = address.actions;
    this.borrowed = new Set(address.actions);
    await this.again(address.at);
    this.announce(`Showing a shared run at ${shortSeconds(address.at)}`);
    return true;
  }

  /** Whether the run shown is the reader's own doing: there are moves in it, and none of them came with an address. */
  get isOwn(): boolean {
    const moves = this.moves.value;
    return moves.length > 0 && !moves.some((move) => this.borrowed.has(move));
  }

  announce(text: string): void {
    this.announcement.value = text;
  }

  /** Reads the caption out, not too often. @param nowMs the page's clock */
  tell(nowMs: number): void {
    const { caption, at } = this.frame.value;
    if (!caption || (this.playing.value && nowMs - this.announcedAt < ANNOUNCE_EVERY_MS)) return;
    this.announcedAt = nowMs;
    this.announce(`${shortSeconds(at)}: ${caption.text}`);
  }

  close(): void {
    this.stop();
    this.run.close();
    this.opening = null;
  }

  private spec(): RunSpec {
    const { experiment } = this.poster;
    return {
      experiment: experiment.id,
      seed: this.seed,
      knobs: this.knobs.value,
      actions: this.actions.value,
    };
  }

  private async start(at: number): Promise<About> {
    this.opened = this.actions.value;
    const about = await this.run.start(this.spec(), at);
    this.error.value = null;
    this.about.value = about;
    return about;
  }

  /** Opens the run anew, with what the reader has chosen by now. @returns whether it could be */
  private async again(at: number): Promise<boolean> {
    this.untouched.value = false;
    this.playhead = at;
    this.opening = this.start(at);
    return (await this.open()) !== null;
  }

  private async go(move: Move): Promise<void> {
    this.untouched.value = false;
    if (move.to === 'moment') this.playhead = move.at;
    else this.pause();
    if (await this.open()) this.run.move(move);
  }

  private onFrame(frame: Frame): void {
    batch(() => {
      this.frame.value = frame;
      this.moves.value = this.opened;
      if (!this.playing.value) this.playhead = frame.at;
      if (this.until?.(frame)) this.stop();
      if (this.playing.value && (frame.failure !== null || (frame.ended && this.playhead >= frame.endsAt))) {
        this.stop();
        if (!this.untouched.value) this.announce('The end of the run');
      }
    });
    this.refreshLife();
  }

  private onError(error: RunError): void {
    if (error.code === 'superseded') return;
    this.opening = null;
    batch(() => {
      this.stop();
      this.error.value = error.message;
    });
  }

  private refreshLife(): void {
    const life = this.life.value;
    const wanted = life ? `${life.message}@${this.frame.value.events}` : '';
    if (!life || this.lifeOf === wanted) return;
    this.lifeOf = wanted;
    this.run.life(life.message).then(
      (lines) => {
        if (this.life.value?.message === life.message) this.life.value = { ...life, lines };
      },
      () => undefined,
    );
  }
}
