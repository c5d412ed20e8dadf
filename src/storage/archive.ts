/**
 * Everything that the reader keeps as one file, and back: writing it, and reading one that may be anything. Pure but for
 * the store that is passed in.
 *
 * The file is JSON: `{ "brokerbook": 1, "exportedAt": "…", "entries": [{ "key", "value" }] }`. Each value is the stored
 * string as it is, whether this page can read it or not, so that what is imported is byte for byte what was exported.
 * Nothing of a file is ever more than text.
 */
import * as v from 'valibot';
import { isProblem, PREFIX } from './store.ts';
import type { Entry, Problem, Store } from './store.ts';

/** The version of the file's own shape; the values in it have their own. */
const VERSION = 1;
/** Ten times what browsers let a site store. Asked of a file's size before it is read. */
export const ARCHIVE_MAX_BYTES = 50_000_000;

export interface Archive {
  readonly exportedAtMs: number;
  readonly entries: readonly Entry[];
}

const key = v.pipe(
  v.string('expected text'),
  v.startsWith(PREFIX, (issue) => `expected a key that begins with "${PREFIX}", found ${issue.received}`),
);
const archiveSchema = v.object({
  exportedAt: v.pipe(
    v.string('expected a time like "2026-11-28T12:00:00.000Z"'),
    v.check(
      (text) => !Number.isNaN(Date.parse(text)),
      (issue) => `expected a time like "2026-11-28T12:00:00.000Z", found ${issue.received}`,
    ),
  ),
  entries: v.array(
    v.object({ key, value: v.string('expected text') }, 'expected an object with "key" and "value"'),
    'expected a list',
  ),
});

/** The text of a file with everything of ours in it, or why the storage could not be read. */
export function exportAll(store: Store): string | Problem {
  const entries = store.entries();
  if (isProblem(entries)) return entries;
  const archive = {
    brokerbook: VERSION,
    exportedAt: new Date(store.clock.nowMs()).toISOString(),
    entries: entries.map(({ key: name, raw }) => ({ key: name, value: raw })),
  };
  return `${JSON.stringify(archive, null, 1)}\n`;
}

/** Why a file of this size is not read at all, or null when it may be. */
export function tooLarge(bytes: number): string | null {
  if (bytes <= ARCHIVE_MAX_BYTES) return null;
  const mb = (size: number): string => (size / 1_000_000).toFixed(0);
  return `The file has ${mb(bytes)} MB; expected an export of at most ${mb(ARCHIVE_MAX_BYTES)} MB. It was not read.`;
}

/** Reads a file's text. Never throws; `error` names the field and what was expected of it. */
export function readArchive(text: string): { readonly archive: Archive } | { readonly error: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { error: notJson(text) };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json) || !Object.hasOwn(json, 'brokerbook'))
    return { error: 'Not an export of this book: expected an object with a field "brokerbook".' };
  const { brokerbook: version } = json as { brokerbook: unknown };
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    return { error: `brokerbook: expected a version such as ${VERSION}, found ${excerpt(version)}.` };
  if (version > VERSION)
    return {
      error:
        `brokerbook: this file has version ${version}, and this page reads version ${VERSION}. ` +
        'A newer book wrote it: reload the page to get the newest book, then import again.',
    };
  const read = v.safeParse(archiveSchema, json);
  if (!read.success) {
    const [issue] = read.issues;
    return { error: `${v.getDotPath(issue) ?? 'file'}: ${issue.message}.` };
  }
  const { entries, exportedAt } = read.output;
  const seen = new Map<string, number>();
  for (const [at, entry] of entries.entries()) {
    const first = seen.get(entry.key);
    if (first !== undefined)
      return {
        error: `entries.${at}.key: expected each key once, found that of entries.${first} again: ${excerpt(entry.key)}.`,
      };
    seen.set(entry.key, at);
  }
  return {
    archive: {
      exportedAtMs: Date.parse(exportedAt),
      entries: entries.map(({ key: name, value }) => ({ key: name, raw: value })),
    },
  };
}

function notJson(text: string): string {
  if (text.trim() === '') return 'The file is empty: expected an export of this book.';
  if (/^\s*\{\s*"brokerbook"/.test(text))
    return `The file is cut short or damaged: expected whole JSON, and it stops making sense before its end, “${text.slice(-40).trim()}”.`;
  return `Not an export of this book: expected JSON, found ${excerpt(text)}.`;
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
