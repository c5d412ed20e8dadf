/**
 * What an experiment's frame is given of a broker: a drawing, one kind of picture of a run in two shapes with its words and
 * its legend; and the broker's side of the frame, the same for all of its drawings.
 *
 * Functions are methods on purpose: one broker's then stand for any broker's, and the frame knows none. That is sound
 * because an island's drawing is of the broker whose experiment it shows.
 */
import type { ComponentType, JSX } from 'preact';
import type { ConsoleTools } from '../../brokers/console-tools.ts';
import type { ActionOf, BrokerId } from '../../scenarios/schema.ts';
import type { ViewOf } from '../../scenarios/models.ts';
import type { Controls, Moment } from './controls.ts';

/** `wide` lies; `tall` stands upright, for narrow screens. */
export type Shape = 'wide' | 'tall';

export interface StageProps<B extends BrokerId = BrokerId> {
  readonly view: ViewOf<B>;
  /** The moment shown, microseconds of virtual time. */
  readonly at: number;
  readonly shape: Shape;
  /** The message whose life is listed, or null. */
  readonly selected: number | null;
  /** Lists the life of a message; null before the page can do anything. */
  readonly onCell: ((message: number, title: string) => void) | null;
}

export interface Drawing<B extends BrokerId = BrokerId> {
  readonly side: BrokerSide<B>;
  Stage(this: void, props: StageProps<B>): JSX.Element;
  /** The whole picture in words: its text alternative. */
  summary(this: void, view: ViewOf<B>): string;
  /** How to read it: entries of a list. */
  readonly Legend: ComponentType;
}

/** What stands around a broker's drawings. */
export interface BrokerSide<B extends BrokerId = BrokerId> {
  /** What a message is called: a record, a message. */
  readonly message: string;
  /** What the timeline shades, in the plural: rebalances. */
  readonly spans: string;
  /** What the reader may do now. */
  controls(this: void, moment: Moment<B>): Controls;
  /**
   * What the reader did, in the list of their actions.
   * @param nameOf how a process is called on the stage, by its id
   */
  actionWords(this: void, action: ActionOf<B>, nameOf: (id: string) => string): string;
  /** Loads what its console needs; null where it offers none. */
  readonly console: (() => Promise<ConsoleSide<B>>) | null;
}

/** A broker's console in the page. */
export interface ConsoleSide<B extends BrokerId = BrokerId> {
  readonly tools: ConsoleTools<ViewOf<B>>;
  /** Commands worth trying on this run, at this moment. */
  examples(this: void, view: ViewOf<B>): readonly Example[];
  /** What is typed at the prompt: `A command of Kafka’s command-line tools`. */
  readonly command: string;
  /** What is typed into a tool that reads lines. */
  readonly input: string;
}

export interface Example {
  readonly label: string;
  readonly line: string;
}
