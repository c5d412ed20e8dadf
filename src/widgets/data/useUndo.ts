/** Doing something to the storage with a word of it, and taking it back for as long as the page is open. */
import { useSignal } from '@preact/signals';
import { readerStore } from '../../storage/browser.ts';
import { takeBack } from '../../storage/reset.ts';
import type { Change } from '../../storage/store.ts';
import { look } from './stored.ts';

interface Said {
  readonly words: string;
  /** What can be taken back, or null. */
  readonly changes: readonly Change[] | null;
}

export interface Doing {
  readonly said: Said;
  say(words: string): void;
  /** @returns whether it was done; if not, why not has been said */
  run(changes: readonly Change[], done: string): boolean;
  undo(): void;
}

export function useUndo(): Doing {
  const said = useSignal<Said>({ words: '', changes: null });
  const say = (words: string, changes: readonly Change[] | null = null): void => {
    said.value = { words, changes };
  };
  return {
    said: said.value,
    say,
    run(changes, done) {
      const problem = readerStore().change(changes);
      if (!problem) say(done, changes);
      else if (problem.code === 'moved') say(problem.message);
      else
        say(`Nothing was done, and everything is as it was: ${problem.message.replace(/^Not saved: /, '')}`);
      look();
      return problem === null;
    },
    undo() {
      const { changes } = said.value;
      const problem = changes ? takeBack(readerStore(), changes) : null;
      say(
        problem ? `Not taken back. ${problem.message}` : 'Taken back: everything is as it was.',
        problem && changes,
      );
      look();
    },
  };
}
