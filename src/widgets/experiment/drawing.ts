/** What a stage is made of: one kind of picture of a run, in two shapes, with its words and its legend. */
import type { ComponentType } from 'preact';
import type { AnyView } from '../../scenarios/models.ts';

/** `wide` lies; `tall` stands upright, for narrow screens. */
export type Shape = 'wide' | 'tall';

export interface StageProps {
  readonly view: AnyView;
  /** The moment shown, microseconds of virtual time. */
  readonly at: number;
  readonly shape: Shape;
  /** The message whose life is listed, or null. */
  readonly selected: number | null;
  /** Lists the life of a message; null before the page can do anything. */
  readonly onCell: ((message: number, title: string) => void) | null;
}

export interface Drawing {
  readonly Stage: ComponentType<StageProps>;
  /** The whole picture in words: its text alternative. */
  readonly summary: (view: AnyView) => string;
  /** How to read it: entries of a list. */
  readonly Legend: ComponentType;
}
