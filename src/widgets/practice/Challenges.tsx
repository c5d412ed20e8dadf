/** The challenges of the book as a list: which of them the reader has done, and by what. Without scripts the list alone. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';
import { Difficulty } from './Difficulty.tsx';
import './challenges.css';

export interface Listed {
  readonly id: string;
  /** Under which its tick is kept. */
  readonly task: string;
  readonly title: string;
  readonly ask: string;
  readonly difficulty: 1 | 2 | 3;
  readonly href: string;
}

interface Props {
  readonly broker: string;
  readonly challenges: readonly Listed[];
}

export default function Challenges({ broker, challenges }: Props) {
  const done = useSignal<ReadonlyMap<string, 'hand' | 'run'>>(new Map());

  useLayoutEffect(() => {
    const store = readerStore();
    const look = (): void => {
      done.value = new Map(
        challenges.flatMap(({ task }) => {
          const reading = store.read(kinds.task, task);
          return reading.found === 'value' && reading.value.done ? [[task, reading.value.by] as const] : [];
        }),
      );
    };
    look();
    const stops = challenges.map(({ task }) => store.watch(kinds.task, task, look));
    return () => stops.forEach((stop) => stop());
  }, []);

  return (
    <div class="challenges not-content">
      <p class="challenges-count">
        {done.value.size} of {challenges.length} done
      </p>
      <ol aria-label={`Challenges on ${broker}`}>
        {challenges.map(({ id, task, title, ask, difficulty, href }) => {
          const by = done.value.get(task);
          return (
            <li key={id} class={by ? 'challenges-done' : ''}>
              <span class="challenges-mark" role="img" aria-label={by ? 'done' : 'not done'}>
                {by ? '✓' : '○'}
              </span>
              <div>
                <p>
                  <a href={href}>{title}</a> <Difficulty level={difficulty} />
                </p>
                <p class="challenges-ask">{ask}</p>
              </div>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
