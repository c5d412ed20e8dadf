/** Between a stored string and a value of a kind: decoding, migrating, and saying what is wrong. Pure. */
import * as v from 'valibot';
import type { Kind } from './kinds.ts';

/** `unknown-version`: not ours to touch. `corrupt`: what no version of this kind could have written. */
export type Decoded<T> =
  | { readonly result: 'value'; readonly value: T }
  | { readonly result: 'unknown-version'; readonly message: string }
  | { readonly result: 'corrupt'; readonly message: string };

export function encode<T>(kind: Kind<T>, value: T): string {
  return JSON.stringify({ version: kind.version, ...value });
}

/** Reads a stored string, through every migration that it still has ahead of it. Never throws. */
export function decode<T>(kind: Kind<T>, key: string, raw: string): Decoded<T> {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    return corrupt(`${key}: expected JSON, found ${excerpt(raw)}`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json) || !('version' in json)) {
    return corrupt(`${key}: expected an object with a version, found ${excerpt(raw)}`);
  }
  const { version, ...fields } = json;
  const start = typeof version === 'number' && Number.isInteger(version) ? version : 0;
  if (start < 1 || start > kind.version) {
    const known = kind.version === 1 ? 'version 1' : `versions 1 to ${kind.version}`;
    return {
      result: 'unknown-version',
      message: `${key} has version ${JSON.stringify(version)}; this page knows ${known}`,
    };
  }
  let data: unknown = fields;
  for (const step of kind.migrations.slice(start - 1)) {
    const old = v.safeParse(step.schema, data);
    if (!old.success) return corrupt(`${key}, version ${step.from}: ${explain(old.issues)}`);
    data = step.up(old.output);
  }
  const current = v.safeParse(kind.schema, data);
  if (!current.success) return corrupt(`${key}, version ${kind.version}: ${explain(current.issues)}`);
  return { result: 'value', value: current.output };
}

function corrupt(message: string): { result: 'corrupt'; message: string } {
  return { result: 'corrupt', message };
}

function explain(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const [first] = issues;
  const path = v.getDotPath(first);
  return `${path === null ? '' : `${path}: `}${first.message}`;
}

function excerpt(raw: string): string {
  return JSON.stringify(raw.length > 40 ? `${raw.slice(0, 40)}…` : raw);
}
