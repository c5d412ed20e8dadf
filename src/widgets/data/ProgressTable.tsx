/** Progress by page and section: each thing that counts is a cell of a tape, filled when it is done, and the same in words. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { distinct, doneKeys, keyOfItem, watchDone } from '../progress/countDone.ts';
import type { ProgressPage } from '../progress/countDone.ts';
import { Count } from '../progress/Progress.tsx';
import { Reset } from './Reset.tsx';
import { Said } from './Said.tsx';
import { look, useStored } from './stored.ts';
import { doneWords } from './summary.ts';
import { useUndo } from './useUndo.ts';
import './data.css';

interface Props {
  /** The site's base path, with a slash at both ends. */
  readonly base: string;
  readonly pages: readonly ProgressPage[];
}

export default function ProgressTable({ base, pages }: Props) {
  const done = useSignal<ReadonlySet<string>>(new Set());
  const resetting = useSignal<ProgressPage | null>(null);
  const { awake, entries } = useStored();
  const doing = useUndo();
  const all = distinct(pages.flatMap(({ sections }) => sections.flatMap(({ items }) => items)));

  useLayoutEffect(() => {
    const store = readerStore();
    const count = (): void => {
      done.value = doneKeys(store, all);
    };
    count();
    return watchDone(store, all, () => {
      count();
      look();
    });
  }, []);

  return (
    <div class="data not-content">
      <div class="data-book">
        <span>The book</span>
        <Count done={done.value.size} total={all.length} />
      </div>
      <Said doing={doing} />
      {pages.map((page) => {
        const { slug, title, sections } = page;
        const items = distinct(sections.flatMap((section) => section.items));
        return (
          <section key={slug} class="data-page" aria-label={title}>
            <div class="data-head">
              <h3>
                <a href={`${base}${slug}/`}>{title}</a>
              </h3>
              <Count
                done={items.filter((item) => done.value.has(keyOfItem(item))).length}
                total={items.length}
              />
              <button
                type="button"
                disabled={!awake}
                onClick={() => {
                  look();
                  resetting.value = page;
                }}
              >
                Reset…<span class="sr-only"> {title}</span>
              </button>
            </div>
            <ul>
              {sections.map((section) => {
                const cells = section.items.map((item) => ({
                  ...item,
                  done: done.value.has(keyOfItem(item)),
                }));
                return (
                  <li key={section.id}>
                    <a href={`${base}${slug}/#${section.id}`}>{section.title}</a>
                    <span class="data-tape" aria-hidden="true">
                      {cells.map((cell) => (
                        <i key={keyOfItem(cell)} data-done={cell.done ? '' : undefined} />
                      ))}
                    </span>
                    <span class="data-words">{doneWords(cells)}</span>
                  </li>
                );
              })}
            </ul>
          </section>
        );
      })}
      <Reset
        page={resetting.value}
        entries={entries}
        doing={doing}
        onClose={() => {
          resetting.value = null;
        }}
      />
    </div>
  );
}
