import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/storage/codec.ts';
import { defineKind, kinds, migration } from '../../src/storage/kinds.ts';
import type { Kind } from '../../src/storage/kinds.ts';

const folder = new URL('./fixtures/storage/', import.meta.url);
const fixtures = readdirSync(folder)
  .filter((name) => /^version-\d+\.json$/.test(name))
  .map((name) => ({
    name,
    values: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, string>,
  }));
const kindOf = (key: string): Kind<unknown> => kinds[key.split('/')[2] as keyof typeof kinds];

describe.each(fixtures)('values as the book once wrote them: $name', ({ values }) => {
  it.each(Object.entries(values))('%s is read', (key, raw) => {
    const kind = kindOf(key);
    const decoded = decode(kind, key, raw);
    if (decoded.result !== 'value') throw new Error(decoded.message);
    const { version } = JSON.parse(raw) as { version: number };
    if (version === kind.version) expect(encode(kind, decoded.value)).toBe(raw);
  });
});

it('has a fixture of every version of every kind', () => {
  const stored = fixtures.flatMap(({ values }) =>
    Object.entries(values).map(
      ([key, raw]) => `${kindOf(key).name} ${(JSON.parse(raw) as { version: number }).version}`,
    ),
  );
  const known = Object.values(kinds).flatMap(({ name, version }) =>
    Array.from({ length: version }, (_, index) => `${name} ${index + 1}`),
  );
  expect(new Set(stored)).toEqual(new Set(known));
});

describe('what is not a value', () => {
  const key = 'brokerbook/v1/task/a';
  it.each([
    ['{"version":1,"done":tr', /brokerbook\/v1\/task\/a: expected JSON/],
    ['', /expected JSON, found ""/],
    ['null', /expected an object with a version/],
    ['[1]', /expected an object with a version/],
    ['{"done":true}', /expected an object with a version/],
    ['{"version":1,"done":"yes","changedAtMs":1}', /version 1: done: .*Expected boolean/],
    ['{"version":1,"done":true,"changedAtMs":1,"extra":1}', /version 1: extra: .*Expected never/],
    ['{"version":2,"done":true,"changedAtMs":1,"by":"cat","run":null}', /version 2: by: .*Expected \("hand"/],
  ])('%s is corrupt, and says what was expected', (raw, message) => {
    const decoded = decode(kinds.task, key, raw);
    expect(decoded).toMatchObject({ result: 'corrupt', message: expect.stringMatching(message) as string });
  });

  it.each(['3', '0', '"1"', '1.5', 'null', '-1'])('version %s is unknown, not corrupt', (version) => {
    expect(decode(kinds.task, key, `{"version":${version},"done":true}`)).toEqual({
      result: 'unknown-version',
      message: `${key} has version ${version}; this page knows versions 1 to 2`,
    });
  });

  it('a place cannot smuggle a link to elsewhere', () => {
    for (const page of ['javascript:alert(1)', '//evil.example', '../x', 'https://evil.example/']) {
      const raw = JSON.stringify({
        version: 1,
        page,
        label: 'x',
        heading: { id: 'a', text: 'A' },
        seenAtMs: 1,
      });
      expect(decode(kinds.place, 'k', raw).result, page).toBe('corrupt');
    }
  });
});

describe('migrations', () => {
  const first = v.strictObject({ done: v.boolean() });
  const second = v.strictObject({ state: v.picklist(['open', 'done']) });
  const third = v.strictObject({ state: v.picklist(['open', 'done']), tries: v.number() });
  const chain = defineKind('chain', third, [
    migration(1, first, ({ done }) => ({ state: done ? 'done' : 'open' })),
    migration(2, second, ({ state }) => ({ state, tries: 0 })),
  ]);

  it.each([
    ['{"version":1,"done":true}', { state: 'done', tries: 0 }],
    ['{"version":2,"state":"open"}', { state: 'open', tries: 0 }],
    ['{"version":3,"state":"open","tries":7}', { state: 'open', tries: 7 }],
  ])('%s arrives at the newest version', (raw, value) => {
    expect(decode(chain, 'k', raw)).toEqual({ result: 'value', value });
  });

  it('writes the newest version', () => {
    expect(encode(chain, { state: 'done', tries: 1 })).toBe('{"version":3,"state":"done","tries":1}');
  });

  it('does not migrate what its own version could not have written', () => {
    expect(decode(chain, 'k', '{"version":1,"done":"maybe"}')).toMatchObject({
      result: 'corrupt',
      message: expect.stringMatching(/^k, version 1: done: .*Expected boolean/) as string,
    });
    expect(decode(chain, 'k', '{"version":4,"state":"open"}')).toEqual({
      result: 'unknown-version',
      message: 'k has version 4; this page knows versions 1 to 3',
    });
  });

  it('notices a step that makes something else than the next version', () => {
    const wrong = defineKind('wrong', second, [migration(1, first, () => ({ state: 'maybe' }))]);
    expect(decode(wrong, 'k', '{"version":1,"done":true}')).toMatchObject({
      result: 'corrupt',
      message: expect.stringMatching(/^k, version 2: state/) as string,
    });
  });

  it('refuses a chain with a gap', () => {
    expect(() => defineKind('gap', third, [migration(2, second, (old) => old)])).toThrow(
      'Kind "gap": migration 1 starts from version 2; expected 1',
    );
  });
});
