/** Notes under the headings that they belong to, some at a time: ten thousand of them are drawn as quickly as ten. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { NoteItem } from './NoteItem.tsx';
import type { ListProps } from './NoteItem.tsx';
import type { Group } from './places.ts';

/** How many notes are drawn, and how many more each time the reader asks. */
export const DRAWN = 40;

const APART = 'Without a place';

interface Props extends ListProps {
  readonly groups: readonly Group[];
  /** What stands above the notes: pages with their places, the places of one page, or nothing, as the list is of one place. */
  readonly headed: 'pages' | 'places' | 'none';
}

export function NoteGroups({ groups, headed, ...rest }: Props) {
  const [limit, setLimit] = useState(DRAWN);
  const list = useRef<HTMLDivElement>(null);
  const before = useRef<number | null>(null);
  useEffect(() => {
    // The focus goes on to the first of the notes that came.
    if (before.current === null) return;
    const first = list.current?.querySelectorAll<HTMLElement>('.note')[before.current];
    first?.querySelector<HTMLElement>('a, button')?.focus();
    before.current = null;
  }, [limit]);

  let left = limit;
  const drawn = groups.flatMap((group) => {
    const notes = group.notes.slice(0, Math.max(0, left));
    left -= group.notes.length;
    return notes.length > 0 ? [{ group, notes }] : [];
  });
  const more = Math.max(0, -left);

  return (
    <div class="note-groups" ref={list}>
      {drawn.map(({ group, notes }, index) => {
        const { page, heading } = group;
        const key = page ? `${page.id}#${heading?.id ?? ''}` : '';
        const newPage = index === 0 || page?.id !== drawn[index - 1]?.group.page?.id;
        return (
          <section key={key} class="note-group" aria-label={page ? undefined : APART}>
            {headed === 'pages' && newPage && <h2 class="note-page">{page?.title ?? APART}</h2>}
            {headed !== 'none' && page && (
              <h3 class="note-place">{heading?.text ?? 'At the top of the page'}</h3>
            )}
            {headed === 'places' && !page && <h3 class="note-place">{APART}</h3>}
            {!page && (
              <p class="note-hint">
                What these were made for is not in the text any more, or not where it was. They are yours all
                the same.
              </p>
            )}
            <ul class="note-list">
              {notes.map((placed) => (
                <NoteItem key={placed.note.id} placed={placed} siblings={group.notes} {...rest} />
              ))}
            </ul>
          </section>
        );
      })}
      {more > 0 && (
        <button
          type="button"
          class="note-more"
          onClick={() => {
            before.current = limit;
            setLimit(limit + DRAWN);
          }}
        >
          Show {Math.min(DRAWN, more)} more of {more.toLocaleString('en')}
        </button>
      )}
    </div>
  );
}
