/** Which sections of a page to begin anew: what goes is said before it goes, and can be taken back afterwards. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { planReset } from '../../storage/reset.ts';
import { isProblem, SET_ASIDE, watchedKey } from '../../storage/store.ts';
import type { Entry } from '../../storage/store.ts';
import { distinct, keyOfItem } from '../progress/countDone.ts';
import type { ProgressPage } from '../progress/countDone.ts';
import { Confirm } from './Confirm.tsx';
import { exportFile } from './exportFile.ts';
import { look } from './stored.ts';
import { countWords } from './summary.ts';
import type { Doing } from './useUndo.ts';

interface Props {
  /** The page that is to be reset, or null while none is. */
  readonly page: ProgressPage | null;
  /** What is stored. */
  readonly entries: readonly Entry[];
  readonly doing: Doing;
  readonly onClose: () => void;
}

export function Reset({ page, entries, doing, onClose }: Props) {
  /** The sections that are spared. */
  const spared = useSignal<ReadonlySet<string>>(new Set());
  const exported = useSignal('');
  useEffect(() => {
    spared.value = new Set();
    exported.value = '';
  }, [page]);

  const present = new Set(
    entries.filter(({ key }) => !key.includes(SET_ASIDE)).map(({ key }) => watchedKey(key)),
  );
  const sections = (page?.sections ?? [])
    .map(({ id, title, items }) => ({
      id,
      title,
      items: items.filter((item) => present.has(keyOfItem(item))),
    }))
    .filter(({ items }) => items.length > 0);
  const chosen = distinct(sections.filter(({ id }) => !spared.value.has(id)).flatMap(({ items }) => items));
  const words = countWords(chosen.map(({ kind }) => kind));

  function reset(): void {
    const changes = planReset(readerStore(), new Set(chosen.map(keyOfItem)));
    if (isProblem(changes)) doing.say(changes.message);
    else doing.run(changes, `Reset: ${words}, in ${page?.title ?? ''}.`);
    onClose();
  }

  return (
    <Confirm
      open={page !== null}
      title={`Reset ${page?.title ?? ''}`}
      action="Reset"
      idle={chosen.length === 0}
      onConfirm={reset}
      onExport={() => {
        exported.value = exportFile();
        look();
      }}
      onClose={onClose}
    >
      {sections.length === 0 ? (
        <p>Nothing of yours is here yet.</p>
      ) : (
        <fieldset>
          <legend>Begin anew in these sections. Notes stay.</legend>
          {sections.map(({ id, title, items }) => (
            <label key={id}>
              <input
                type="checkbox"
                checked={!spared.value.has(id)}
                onChange={({ currentTarget: { checked } }) => {
                  const next = new Set(spared.value);
                  if (checked) next.delete(id);
                  else next.add(id);
                  spared.value = next;
                }}
              />
              <span>
                {title} <small>{countWords(items.map(({ kind }) => kind))}</small>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      <p role="status">{exported.value || (words === '' ? 'Nothing will go.' : `What goes: ${words}.`)}</p>
    </Confirm>
  );
}
