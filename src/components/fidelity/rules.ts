/** What a model says of its rules, read from its RULES.md. Node only: it runs in the build, in the project's folder. */
import { readFileSync } from 'node:fs';

export const STATUSES = ['modelled', 'simplified', 'left out'] as const;
export type Status = (typeof STATUSES)[number];

export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly status: Status;
  /** How it is modelled, or why not; Markdown. */
  readonly how: string;
}

export interface RuleBook {
  readonly rules: readonly Rule[];
  /** Where the real broker turned out to be otherwise than its rules said; Markdown. */
  readonly corrections: readonly string[];
}

/** @param broker the folder's name @throws Error for a row with another status */
export function ruleBookOf(broker: string): RuleBook {
  return parseRuleBook(readFileSync(`src/brokers/${broker}/RULES.md`, 'utf8'));
}

export function parseRuleBook(text: string): RuleBook {
  const rules = [...text.matchAll(/^\| ([A-Z]-\d+) +\|(.*)\|$/gm)].map(([, id = '', rest = '']): Rule => {
    const [name = '', status = '', ...how] = rest.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const known = STATUSES.find((one) => one === status);
    if (!known) throw new Error(`${id}: expected one of ${STATUSES.join(', ')}, got "${status}"`);
    return { id, name, status: known, how: how.join(' | ').replaceAll('\\|', '|') };
  });
  const [, after = ''] = text.split(/^## Corrections to the dossier$/m);
  const [section = ''] = after.split(/^## /m);
  const corrections = section
    .split(/^- /m)
    .slice(1)
    .map((item) => item.replace(/\s+/g, ' ').trim());
  return { rules, corrections };
}

/** A piece of text, as code or as it is. */
export interface Piece {
  readonly text: string;
  readonly code: boolean;
}

/** Markdown of one line: its code is set as code, and its emphasis is left out. */
export function piecesOf(markdown: string): Piece[] {
  return markdown
    .split('`')
    .map((text, i) => ({
      text: i % 2 === 1 ? text : text.replace(/(?<!\w)_([^_]+)_(?!\w)/g, '$1'),
      code: i % 2 === 1,
    }))
    .filter(({ text }) => text !== '');
}
