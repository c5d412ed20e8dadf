/** Whatever the reader does to notes in two tabs, reloads and deletions included: what was typed last is never lost. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import { createNotes } from '../../src/storage/notes.ts';
import type { Note, Notes, Where } from '../../src/storage/notes.ts';
import { createStore } from '../../src/storage/store.ts';
import { openText, SAVE_DELAY_MS } from '../../src/storage/text.ts';
import type { KeptText } from '../../src/storage/text.ts';
import { FakeBrowser } from '../unit/fixtures/storage/fakes.ts';
import type { FakeTab } from '../unit/fixtures/storage/fakes.ts';

type Step =
  | { readonly do: 'begin' | 'hide' | 'reload'; readonly tab: number }
  | { readonly do: 'wait'; readonly tab: number; readonly byMs: number }
  | { readonly do: 'type' | 'remove' | 'restore' | 'end'; readonly tab: number; readonly note: number }
  | { readonly do: 'move'; readonly tab: number; readonly note: number; readonly by: number }
  | { readonly do: 'tag'; readonly tab: number; readonly note: number; readonly tags: readonly string[] }
  | { readonly do: 'full'; readonly on: boolean }
  | { readonly do: 'settle' }
  | { readonly do: 'corrupt places' };

const tab = fc.nat({ max: 1 });
const note = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const), tab }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('hide' as const, 'reload' as const), tab }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('type' as const), tab, note }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), tab, byMs: fc.nat({ max: 2 * SAVE_DELAY_MS }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('remove', 'restore', 'end' as const), tab, note }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      tab,
      note,
      by: fc.integer({ min: -3, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('tag' as const),
      tab,
      note,
      tags: fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('full' as const), on: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('settle', 'settle', 'corrupt places' as const) }),
  },
);

const where: Where = { page: 'brokers/kafka', heading: null, quote: null, run: null, order: 0 };

interface Open {
  readonly tab: FakeTab;
  readonly notes: Notes;
  readonly texts: Map<string, KeptText>;
  readonly textOf: (id: string) => KeptText;
}

describe('notes in two tabs', () => {
  it('no text that was typed last in a tab is lost', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const browser = new FakeBrowser();
        let opened = 0;
        const open = (): Open => {
          const one = browser.openTab(`t${(opened += 1)}`);
          const store = createStore(one.surroundings);
          const texts = new Map<string, KeptText>();
          const textOf = (id: string): KeptText => {
            const text = texts.get(id) ?? openText(store, kinds.note, id);
            texts.set(id, text);
            return text;
          };
          return { tab: one, notes: createNotes(store, textOf), texts, textOf };
        };
        const tabs = [open(), open()];
        const ids: string[] = [];
        /** What was typed last into a note, by note and tab; typing over a text that the field shows replaces it. */
        const typed = new Map<string, string>();

        for (const [at, now] of steps.entries()) {
          if (now.do === 'full') {
            browser.full = now.on;
            continue;
          }
          if (now.do === 'settle' || now.do === 'corrupt places') {
            if (now.do === 'settle') browser.settle();
            else
              for (const [key, raw] of [...browser.values])
                if (key.startsWith('brokerbook/v1/note-place/') && !key.includes('/set-aside/'))
                  browser.put(key, raw.slice(0, -3));
            continue;
          }
          const page = tabs[now.tab] as Open;
          const id = 'note' in now ? (ids[now.note] ?? '') : '';
          if (now.do === 'begin') {
            if (ids.length < 4) ids.push(page.notes.begin(where));
          } else if (now.do === 'hide') {
            page.tab.emit('pagehide');
          } else if (now.do === 'wait') {
            page.tab.advance(now.byMs);
          } else if (now.do === 'reload') {
            page.tab.emit('pagehide');
            // A tab whose text could not be saved asks the reader before it goes; this reader stays.
            if ([...page.texts.values()].some(({ state }) => state.unsaved)) continue;
            browser.closeTab(page.tab);
            tabs[now.tab] = open();
          } else if (id === '') {
            continue;
          } else if (now.do === 'type') {
            const text = page.textOf(id);
            for (const [key, mine] of typed)
              if (key.startsWith(`${id} `) && text.state.text.includes(mine)) typed.delete(key);
            typed.set(`${id} ${now.tab}`, `<${at}>`);
            text.edit(`<${at}>`);
          } else if (now.do === 'move') {
            page.notes.move(id, page.notes.list().notes, now.by);
          } else if (now.do === 'tag') {
            page.notes.change(id, { tags: [...now.tags] });
          } else {
            page.notes[now.do](id);
          }
        }

        browser.full = false;
        browser.settle();
        for (const each of tabs) each.tab.emit('focus');
        for (const each of tabs) each.tab.emit('pagehide');
        browser.settle();
        const { notes } = open().notes.list();
        const everything = (one: Note): string[] => [one.text, ...one.others.map(({ text }) => text)];
        for (const [key, text] of typed) {
          const [id] = key.split(' ');
          const kept = notes.filter((one) => one.id === id).flatMap(everything);
          if (kept.some((each) => each.includes(text))) continue;
          throw new Error(`${text} of ${key} is lost: stored ${JSON.stringify(kept)}`);
        }
      }),
      { numRuns: 400 },
    );
  });
});
