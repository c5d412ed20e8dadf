/** Whatever tabs, storage and browser do to one another: the last text typed in a tab is never lost. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import { createStore } from '../../src/storage/store.ts';
import { openText, SAVE_DELAY_MS } from '../../src/storage/text.ts';
import type { KeptText } from '../../src/storage/text.ts';
import { FakeBrowser } from '../unit/fixtures/storage/fakes.ts';
import type { FakeTab } from '../unit/fixtures/storage/fakes.ts';

const ID = 'chapter-03/my-notes';

type Step =
  | { readonly do: 'type'; readonly tab: number; readonly text: string }
  | { readonly do: 'wait'; readonly tab: number; readonly byMs: number }
  | { readonly do: 'hide' | 'reload' | 'join'; readonly tab: number }
  | { readonly do: 'full' | 'forbidden'; readonly on: boolean }
  | { readonly do: 'settle' | 'corrupt' | 'clear' };

/** Runs that once went wrong. */
const found: readonly Step[][] = [
  // A tab is overwritten by one that has not heard of it, and goes before it hears of that.
  [
    { do: 'type', tab: 0, text: '' },
    { do: 'type', tab: 1, text: '' },
    { do: 'type', tab: 2, text: '' },
    { do: 'hide', tab: 1 },
    { do: 'hide', tab: 2 },
    { do: 'reload', tab: 1 },
  ],
  // A page opened on two texts shows one in the field; then the storage is cleared.
  [
    { do: 'type', tab: 0, text: '' },
    { do: 'type', tab: 2, text: '' },
    { do: 'wait', tab: 2, byMs: 300 },
    { do: 'reload', tab: 0 },
    { do: 'clear' },
  ],
  // The reader clears what is stored and leaves the page that shows it, while the others are being typed in.
  [
    { do: 'type', tab: 1, text: '' },
    { do: 'type', tab: 2, text: '' },
    { do: 'hide', tab: 2 },
    { do: 'clear' },
    { do: 'type', tab: 0, text: '' },
    { do: 'reload', tab: 2 },
  ],
];

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
    arbitrary: fc.record({ do: fc.constantFrom('hide', 'reload', 'join' as const), tab: tabIndex }),
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
  /** The reader cleared the storage while it held what they typed here; it was not stored again since. */
  erased: boolean;
}

describe('a text in three tabs', () => {
  it('is never lost, whatever happens to the storage', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const browser = new FakeBrowser();
        let opened = 0;
        const open = (): Open => {
          const tab = browser.openTab(`t${(opened += 1)}`);
          return {
            tab,
            note: openText(createStore(tab.surroundings), kinds.note, ID),
            typed: null,
            erased: false,
          };
        };
        const holds = (typed: string): boolean =>
          [...browser.values.values()].some((raw) => raw.includes(JSON.stringify(typed).slice(1, -1)));
        const tabs = [open(), open(), open()];
        const visible = (each: Open): string[] => [
          each.note.state.text,
          ...each.note.state.others.map(({ text }) => text),
        ];
        const shows = (page: Open, { typed }: Open): boolean =>
          typed !== null && visible(page).some((text) => text.includes(typed));

        for (const [at, now] of steps.entries()) {
          if (now.do === 'type') {
            const writer = tabs[now.tab] as Open;
            // Typing over a text that this tab shows replaces it on purpose.
            for (const each of tabs) {
              if (each.typed !== null && each !== writer && writer.note.state.text.includes(each.typed))
                each.typed = null;
            }
            writer.erased = false;
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
            const { typed, erased } = old;
            tabs[now.tab] = { ...open(), typed, erased };
            // Who clears a stored text and then leaves the only page that shows it has removed it by hand.
            for (const each of tabs)
              if (each.erased && shows(old, each) && !tabs.some((one) => shows(one, each))) each.typed = null;
          } else if (now.do === 'join') {
            const note = tabs[now.tab]?.note;
            const [other] = note?.state.others ?? [];
            if (other) note?.join(other);
          } else if (now.do === 'full' || now.do === 'forbidden') {
            browser[now.do] = now.on;
          } else if (now.do === 'settle') {
            browser.settle();
          } else if (now.do === 'corrupt') {
            for (const [key, raw] of [...browser.values])
              if (!key.includes('/set-aside/')) browser.put(key, raw.slice(0, -3));
          } else {
            for (const each of tabs) {
              each.erased ||= each.typed !== null && holds(each.typed);
              // So has who clears one that no page shows, such as one left while the storage was forbidden.
              if (each.erased && !tabs.some((one) => shows(one, each))) each.typed = null;
            }
            browser.clear();
          }
          for (const each of tabs) if (each.typed !== null && holds(each.typed)) each.erased = false;
        }

        browser.full = false;
        browser.forbidden = false;
        browser.settle();
        for (const each of tabs) each.tab.emit('focus');
        for (const each of tabs) each.tab.emit('pagehide');
        browser.settle();
        for (const { typed } of tabs) {
          if (typed === null || holds(typed)) continue;
          const kept = tabs.flatMap(visible);
          if (!kept.some((text) => text.includes(typed))) {
            throw new Error(
              `lost ${JSON.stringify(typed)}; kept ${JSON.stringify([...browser.values, ...kept])}`,
            );
          }
        }
      }),
      { numRuns: 1000, examples: found.map((steps) => [steps]) },
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
