/** What an import will do, before it does it: counts by kind, and each entry with why. What is in the file is shown as text. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Plan, Planned } from '../../storage/merge.ts';
import { excerpt, kindWords, planWords, summaryOf } from './summary.ts';

interface Props {
  readonly name: string;
  readonly exportedAtMs: number;
  readonly plan: Plan;
  readonly onImport: () => void;
  readonly onCancel: () => void;
}

/** No more than so many entries of a list are shown; the counts are of all. */
const SHOWN = 100;

const LISTS: readonly (readonly [Planned['what'], string])[] = [
  ['add', 'What it adds'],
  ['change', 'What it changes'],
  ['keep', 'What it keeps as it is'],
  ['leave-out', 'What it leaves out'],
];

export function ImportPlan({ name, exportedAtMs, plan, onImport, onCancel }: Props) {
  const panel = useRef<HTMLElement>(null);
  useLayoutEffect(() => panel.current?.focus(), [plan]);
  const { kinds, all } = summaryOf(plan);
  const time = new Date(exportedAtMs).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <section ref={panel} class="data-plan" tabIndex={-1} aria-labelledby="data-plan-words">
      <p>
        <b>{name}</b>, exported {time}
      </p>
      <p id="data-plan-words">{planWords(all)}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="sr-only">What</span>
            </th>
            <th scope="col">Adds</th>
            <th scope="col">Changes</th>
            <th scope="col">Keeps</th>
          </tr>
        </thead>
        <tbody>
          {[...kinds].map(([kind, tally]) => (
            <tr key={kind}>
              <th scope="row">{kindWords(kind)}</th>
              <td>{tally.add}</td>
              <td>{tally.change}</td>
              <td>{tally.keep}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {LISTS.map(([what, title]) => {
        const items = plan.items.filter((item) => item.what === what);
        return (
          items.length > 0 && (
            <details key={what}>
              <summary>
                {title} ({items.length})
              </summary>
              <ul>
                {items.slice(0, SHOWN).map((item) => (
                  <li key={item.key}>
                    {kindWords(item.kind)} · <code>{item.id}</code>: {item.why}
                    {item.text !== null && item.text !== '' && <q>{excerpt(item.text)}</q>}
                  </li>
                ))}
              </ul>
              {items.length > SHOWN && <p>and {items.length - SHOWN} more</p>}
            </details>
          )
        );
      })}
      <div class="data-actions">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="button" class="data-main" disabled={plan.changes.length === 0} onClick={onImport}>
          Import
        </button>
      </div>
    </section>
  );
}
