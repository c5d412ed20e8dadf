/**
 * What the reader may do to a run at the moment shown, for any broker: buttons, and forms that are filled in. Each broker
 * makes them of its own view (kafka/controls.ts, rabbitmq/controls.ts); the frame draws them. Pure.
 */
import type { AboutOf } from '../../client/client.ts';
import type { Control } from '../../scenarios/experiment.ts';
import type { ViewOf } from '../../scenarios/models.ts';
import type { Action, ActionOf, BrokerId, TimedAction, TimedOf } from '../../scenarios/schema.ts';

export interface Button {
  /** Unique among all buttons of the moment, those of forms included. */
  readonly id: string;
  readonly label: string;
  /** For those who do not see whom it stands beside; it begins with the label. */
  readonly words: string;
  readonly fault: boolean;
  /** Why it cannot be done now; null when it can. */
  readonly refused: string | null;
  readonly action: Action | null;
  /** What else happens at the same moment: the other links of a cut. */
  readonly also?: readonly Action[];
}

export interface ProcessControls {
  readonly id: string;
  readonly label: string;
  /** Small print beside the label: the group that begins with this row, where there are several. */
  readonly note?: string;
  readonly buttons: readonly Button[];
}

interface FieldBase {
  /** Unique in its form. */
  readonly id: string;
  /** What it asks for. */
  readonly label: string;
  /** What stands in it, or is chosen. */
  readonly value: string;
}

export type Field =
  | (FieldBase & {
      readonly kind: 'select';
      readonly options: readonly { readonly value: string; readonly label: string }[];
      /** The colour that belongs to what is chosen (that of a message's key), as a CSS value. */
      readonly colour?: string;
    })
  | (FieldBase & {
      readonly kind: 'text';
      /** Which keyboard a phone shows for it. */
      readonly inputMode: 'text' | 'numeric' | 'decimal';
      readonly placeholder?: string;
      readonly invalid: boolean;
      readonly size: 'short' | 'long';
    });

/** What the reader has chosen and typed, by the fields' ids; a field that was not touched is not in it. */
export type Typed = Readonly<Record<string, string>>;

export interface Form {
  readonly id: string;
  /** The form with what was typed into it: a choice that is no longer there falls back to one that is. */
  fill(typed: Typed): FilledForm;
}

export interface FilledForm {
  readonly fields: readonly Field[];
  /** The first is what the Enter key presses. */
  readonly buttons: readonly Button[];
  /** What is wrong with what was typed, or null. */
  readonly problem: string | null;
}

export interface Section {
  readonly title: string;
  /** Whose colour its rows have. */
  readonly of: 'broker' | 'producer' | 'consumer';
  readonly rows: readonly ProcessControls[];
  /** Below the rows; why one of them cannot be pressed is written out. */
  readonly buttons: readonly Button[];
  readonly forms: readonly Form[];
}

export interface Controls {
  /** What is done to the run as a whole: sending a message, adding a consumer. */
  readonly intervene: { readonly forms: readonly Form[]; readonly buttons: readonly Button[] };
  /** In the order in which they stand; one without anything in it is not there. */
  readonly sections: readonly Section[];
}

/** What a broker makes its controls of. */
export interface Moment<B extends BrokerId = BrokerId> {
  readonly view: ViewOf<B>;
  /** What the experiment lets the reader do. */
  readonly offered: readonly Control[];
  /** What the opened run is made of; null before it is open, when buttons say what they will do all the same. */
  readonly about: AboutOf<B> | null;
  /** What the reader has done, for what the view does not tell (cut links). */
  readonly actions: readonly TimedOf<ActionOf<B>>[];
  /** The moment shown, microseconds: links that are cut later are not cut yet. */
  readonly now: number;
}

/** Every button of the moment, outside of forms. */
export function everyButton({ intervene, sections }: Controls): Button[] {
  return [
    ...intervene.buttons,
    ...sections.flatMap(({ rows, buttons }) => [...buttons, ...rows.flatMap((row) => row.buttons)]),
  ];
}

const VERBS = {
  crash: 'Crash',
  restart: 'Restart',
  pause: 'Pause',
  resume: 'Resume',
  close: 'Close',
} as const;

/** Makes the buttons that every process of every broker has. */
export function buttonsOf(id: string, label: string) {
  return (what: keyof typeof VERBS, fault = false): Button => ({
    id: `${what}-${id}`,
    label: VERBS[what],
    words: `${VERBS[what]} ${label}`,
    fault,
    refused: null,
    action: { do: what, target: id },
  });
}

/** A link by its ends, whichever is named first. */
function linkId(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** Links that the reader has cut and not healed up to a moment. @param now microseconds */
export function cutLinks(actions: readonly TimedAction[], now: number): ReadonlySet<string> {
  const cut = new Set<string>();
  for (const { atMs, action } of actions) {
    if (atMs * 1000 > now) break;
    if (action.do === 'cut') cut.add(linkId(...action.between));
    if (action.do === 'heal') cut.delete(linkId(...action.between));
  }
  return cut;
}

export interface CutWords {
  readonly cut: string;
  readonly heal: string;
  readonly words: (verb: 'Cut' | 'Heal') => string;
}

/**
 * Heals when all of these links are cut; else cuts those that are not. Each link is an action.
 * @param cut what {@link cutLinks} found
 */
export function cutOrHeal(
  id: string,
  ends: readonly string[],
  cut: ReadonlySet<string>,
  words: CutWords,
): Button {
  const whole = ends.filter((end) => !cut.has(linkId(id, end)));
  const heals = whole.length === 0;
  const [first, ...also] = (heals ? ends : whole).map((end): Action => ({
    do: heals ? 'heal' : 'cut',
    between: [id, end],
  }));
  return {
    id: `link-${id}`,
    label: heals ? words.heal : words.cut,
    words: words.words(heals ? 'Heal' : 'Cut'),
    fault: !heals,
    refused: null,
    action: first ?? null,
    ...(also.length > 0 ? { also } : {}),
  };
}

/** What was chosen, where it is still there; else the first. */
export function chosen<T extends { readonly value: string }>(
  options: readonly T[],
  typed: string | undefined,
): T | undefined {
  return options.find(({ value }) => value === typed) ?? options[0];
}
