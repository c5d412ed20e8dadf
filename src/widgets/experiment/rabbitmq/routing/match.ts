/**
 * One binding held against one message, as boxes in columns: above, what the binding asks for; below, what the message has
 * there. Pure geometry, from the left edge of its row.
 */
import type {
  BindingView,
  ExchangeView,
  RouteView,
  VerdictView,
} from '../../../../brokers/rabbitmq/view-types.ts';
import { shortened } from '../words.ts';

/** How a box fares: it matched, failed, was not come to, or is not compared at all. */
export type Fate = 'matched' | 'failed' | 'idle' | 'wild';

export interface Word {
  readonly x: number;
  readonly width: number;
  readonly text: string;
  readonly fate: Fate;
}

export interface Match {
  /** What the binding asks for. */
  readonly asks: readonly Word[];
  /** What the message has, beneath it. */
  readonly has: readonly Word[];
  readonly width: number;
}

const GAP = 4;
/** A letter of the mono face, and what a box has around its text. */
const LETTER = 7.1;
const PADDING = 12;

/** A column: what is asked for above some words of the message. */
interface Column {
  readonly ask: string | null;
  readonly askFate: Fate;
  readonly has: readonly { readonly text: string; readonly fate: Fate }[];
}

/** @param room the width that there is */
export function layMatch(
  binding: BindingView,
  exchange: ExchangeView | undefined,
  verdict: VerdictView | null,
  route: RouteView | null,
  room: number,
): Match {
  const columns = columnsOf(binding, exchange, verdict, route);
  // Words that are too long for the row are shortened, all alike.
  for (const letters of [Infinity, 14, 9, 6, 4, 2]) {
    const match = inColumns(columns, letters);
    if (match.width <= room) return match;
  }
  const few = inColumns(columns, 2);
  const fits = ({ x, width }: Word): boolean => x + width <= room;
  return { asks: few.asks.filter(fits), has: few.has.filter(fits), width: room };
}

function inColumns(columns: readonly Column[], letters: number): Match {
  const asks: Word[] = [];
  const has: Word[] = [];
  let x = 0;
  for (const { ask, askFate, has: words } of columns) {
    const askText = ask === null ? null : shortened(ask, letters);
    const texts = words.map(({ text, fate }) => ({ text: shortened(text, letters), fate }));
    const below = texts.reduce((sum, { text }, i) => sum + widthOf(text) + (i > 0 ? GAP : 0), 0);
    const above = askText === null ? 0 : widthOf(askText);
    const width = Math.max(below, above);
    if (askText !== null) asks.push({ x, width, text: askText, fate: askFate });
    // One word fills its column; several share it.
    let wordX = x;
    const spare = texts.length === 1 ? width - below : 0;
    for (const { text, fate } of texts) {
      has.push({ x: wordX, width: widthOf(text) + spare, text, fate });
      wordX += widthOf(text) + GAP;
    }
    x += width + GAP;
  }
  return { asks, has, width: Math.max(0, x - GAP) };
}

function widthOf(text: string): number {
  return text.length * LETTER + PADDING;
}

function columnsOf(
  binding: BindingView,
  exchange: ExchangeView | undefined,
  verdict: VerdictView | null,
  route: RouteView | null,
): Column[] {
  switch (exchange?.type) {
    case 'topic':
      return topicColumns(binding, verdict);
    case 'headers':
      return headerColumns(binding, verdict);
    case 'fanout':
      return [{ ask: 'any message', askFate: 'wild', has: [] }];
    case 'x-consistent-hash':
      return [
        {
          ask: `weight ${binding.routingKey}`,
          askFate: 'wild',
          has:
            verdict === null
              ? []
              : [
                  {
                    text: verdict.matched ? 'the hash is here' : 'elsewhere',
                    fate: verdict.matched ? 'matched' : 'idle',
                  },
                ],
        },
      ];
    default: {
      const fate: Fate = verdict === null ? 'idle' : verdict.matched ? 'matched' : 'failed';
      return [
        {
          ask: quoted(binding.routingKey),
          askFate: fate,
          has: verdict === null || route === null ? [] : [{ text: quoted(route.routingKey), fate }],
        },
      ];
    }
  }
}

/** An empty key, or word, has to be seen too. */
function quoted(text: string): string {
  return text === '' ? '""' : text;
}

function topicColumns({ routingKey }: BindingView, verdict: VerdictView | null): Column[] {
  const wild = (word: string): Fate => (word === '*' || word === '#' ? 'wild' : 'idle');
  const topic = verdict?.topic ?? null;
  if (topic === null) {
    const words = routingKey === '' ? ['""'] : routingKey.split('.');
    return words.map((word) => ({ ask: quoted(word), askFate: wild(word), has: [] }));
  }
  const { steps, bindingWords, routingWords, leftOver, matches } = topic;
  const columns = steps.map(({ word, kind, from, until, matched }): Column => {
    const fate: Fate = matched ? 'matched' : 'failed';
    const words = routingWords.slice(from, until).map((text) => ({ text: quoted(text), fate }));
    const none = kind === 'any-words' ? 'no word' : 'nothing';
    return {
      ask: quoted(word),
      askFate: fate,
      has: words.length > 0 ? words : [{ text: none, fate: matched ? 'wild' : 'failed' }],
    };
  });
  for (const word of bindingWords.slice(steps.length))
    columns.push({ ask: quoted(word), askFate: 'idle', has: [] });
  const reached = steps.at(-1)?.until ?? 0;
  const rest = routingWords.slice(leftOver ?? reached);
  if (!matches && rest.length > 0) {
    const fate: Fate = leftOver === null ? 'idle' : 'failed';
    columns.push({ ask: null, askFate: 'idle', has: rest.map((text) => ({ text: quoted(text), fate })) });
  }
  if (columns.length === 0)
    columns.push({ ask: '""', askFate: 'matched', has: [{ text: '""', fate: 'matched' }] });
  return columns;
}

function headerColumns({ arguments: args }: BindingView, verdict: VerdictView | null): Column[] {
  const mode = args['x-match'];
  const first: Column = { ask: typeof mode === 'string' ? mode : 'all', askFate: 'wild', has: [] };
  const explained = verdict?.headers ?? null;
  const say = (name: string, value: unknown): string =>
    value === null
      ? `${name} is there`
      : `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  if (explained === null) {
    const asked = Object.entries(args).filter(([name]) => name !== 'x-match');
    return [
      first,
      ...asked.map(([name, value]): Column => ({ ask: say(name, value), askFate: 'idle', has: [] })),
    ];
  }
  const steps = explained.steps.filter(({ name }) => name !== 'x-match');
  return [
    first,
    ...steps.map(({ name, value, outcome, found }): Column => {
      const fate: Fate = outcome === 'matched' ? 'matched' : outcome === 'not-considered' ? 'idle' : 'failed';
      const text =
        outcome === 'not-considered'
          ? 'not asked'
          : found === undefined
            ? 'missing'
            : typeof found === 'string'
              ? found
              : JSON.stringify(found);
      return { ask: say(name, value), askFate: fate, has: [{ text, fate }] };
    }),
  ];
}
