/** Whatever tabs, storage and browser do to one another: the last text typed in a tab is never lost. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import type { StoredText } from '../../src/storage/kinds.ts';
import { createStore } from '../../src/storage/store.ts';
import { openText, SAVE_DELAY_MS } from '../../src/storage/text.ts';
import type { KeptText } from '../../src/storage/text.ts';
import { FakeBrowser } from '../unit/fixtures/storage/fakes.ts';
import type { FakeTab } from '../unit/fixtures/storage/fakes.ts';

const ID = 'chapter-03/my-notes';
const KEY = `brokerbook/v1/note/${ID}`;

type Step =
  | { readonly do: 'type'; readonly tab: number; readonly text: string }
  | { readonly do: 'wait'; readonly tab: number; readonly byMs: number }
  | { readonly do: 'hide' | 'reload'; readonly tab: number }
  | { readonly do: 'full' | 'forbidden'; readonly on: boolean }
  | { readonly do: 'settle' | 'corrupt' | 'clear' };

const tabIndex = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('type' as const),
      tab: tabIndex,
      text: fc.string({ maxLength: 8 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      tab: tabIndex,
      byMs: fc.nat({ max: 2 * SAVE_DELAY_MS }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('hide' as const, 'reload' as const), tab: tabIndex }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('full' as const, 'forbidden' as const), on: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('settle', 'settle', 'corrupt', 'clear' as const) }),
  },
);

interface Open {
  tab: FakeTab;
  note: KeptText;
  /** What the reader typed here last and has not replaced by knowingly typing over it in another tab. */
  typed: string | null;
}

describe('a text in three tabs', () => {
  it('is never lost, whatever happens to the storage', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const browser = new FakeBrowser();
        let opened = 0;
        const open = (): Open => {
          const tab = browser.openTab(`t${(opened += 1)}`);
          return { tab, note: openText(createStore(tab.surroundings), kinds.note, ID), typed: null };
        };
        const tabs = [open(), open(), open()];
        const visible = (each: Open): string[] => [
          each.note.state.text,
          ...each.note.state.others.map(({ text }) => text),
        ];

        for (const [at, now] of steps.entries()) {
          if (now.do === 'type') {
            const writer = tabs[now.tab] as Open;
            // Typing over a text that this tab shows replaces it on purpose.
            for (const each of tabs) {
              if (each.typed !== null && each !== writer && writer.note.state.text.includes(each.typed))
                each.typed = null;
            }
            writer.typed = `<${at}>${now.text}`;
            writer.note.edit(writer.typed);
          } else if (now.do === 'wait') {
            tabs[now.tab]?.tab.advance(now.byMs);
          } else if (now.do === 'hide') {
            tabs[now.tab]?.tab.emit('pagehide');
          } else if (now.do === 'reload') {
            const old = tabs[now.tab] as Open;
            old.tab.emit('pagehide');
            // A tab whose text could not be saved asks the reader before it goes; this reader stays.
            if (old.note.state.unsaved) continue;
            browser.closeTab(old.tab);
            tabs[now.tab] = { ...open(), typed: old.typed };
          } else if (now.do === 'full' || now.do === 'forbidden') {
            browser[now.do] = now.on;
          } else if (now.do === 'settle') {
            browser.settle();
          } else if (now.do === 'corrupt') {
            const raw = browser.values.get(KEY);
            if (raw !== undefined) browser.put(KEY, raw.slice(0, -3));
          } else {
            browser.clear();
          }
        }

        browser.full = false;
        browser.forbidden = false;
        browser.settle();
        for (const each of tabs) each.tab.emit('focus');
        for (const each of tabs) each.tab.emit('pagehide');
        browser.settle();
        const raw = browser.values.get(KEY);
        const stored = raw === undefined ? null : (JSON.parse(raw) as StoredText);
        const kept = [
          ...(stored ? [stored.text, ...stored.others.map(({ text }) => text)] : []),
          ...[...browser.values].filter(([key]) => key !== KEY).map(([, value]) => value),
          ...tabs.flatMap(visible),
        ];
        for (const each of tabs) {
          if (each.typed === null) continue;
          const { typed } = each;
          const inJson = JSON.stringify(typed).slice(1, -1);
          if (!kept.some((text) => text.includes(typed) || text.includes(inJson))) {
            throw new Error(`lost ${JSON.stringify(typed)}; kept ${JSON.stringify(kept)}`);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('ends as the text typed last when nothing goes wrong and one tab follows another', () => {
    const edits = fc.array(fc.record({ tab: tabIndex, text: fc.string({ maxLength: 8 }) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(edits, (all) => {
        const browser = new FakeBrowser();
        const tabs = [1, 2, 3].map((name) => {
          const tab = browser.openTab(`t${name}`);
          return { tab, note: openText(createStore(tab.surroundings), kinds.note, ID) };
        });
        for (const edit of all) {
          tabs[edit.tab]?.note.edit(edit.text);
          tabs[edit.tab]?.tab.advance(SAVE_DELAY_MS);
          browser.settle();
        }
        const last = all.at(-1)?.text;
        for (const { note } of tabs) {
          if (note.state.text !== last || note.state.others.length > 0 || note.state.unsaved) {
            throw new Error(`expected ${JSON.stringify(last)}, found ${JSON.stringify(note.state)}`);
          }
        }
      }),
    );
  });
});
