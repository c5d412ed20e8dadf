/** How long it will last, what was exported when, and the two ways: everything into a file, and a file into here. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { readArchive, tooLarge } from '../../storage/archive.ts';
import type { Archive } from '../../storage/archive.ts';
import { readerKeeper, readerStore } from '../../storage/browser.ts';
import { careOf, isExportDue, noteCare } from '../../storage/keeping.ts';
import type { Lasting } from '../../storage/keeping.ts';
import { planImport } from '../../storage/merge.ts';
import type { Plan } from '../../storage/merge.ts';
import { isProblem } from '../../storage/store.ts';
import { timeOfDay } from '../notes/saveStatus.ts';
import { exportFile } from './exportFile.ts';
import { ImportPlan } from './ImportPlan.tsx';
import { Said } from './Said.tsx';
import { look, useStored } from './stored.ts';
import { sizeWords, storedOf, summaryOf } from './summary.ts';
import { useUndo } from './useUndo.ts';
import './data.css';

const LASTING: Readonly<Record<Lasting, string>> = {
  granted: 'This browser keeps it until you clear it.',
  refused: 'This browser may clear it by itself.',
  unknown: 'This browser does not say.',
};

interface Chosen {
  readonly name: string;
  readonly archive: Archive;
  readonly plan: Plan;
}

export default function KeepACopy() {
  const lasting = useSignal<Lasting>('unknown');
  const chosen = useSignal<Chosen | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const doing = useUndo();
  const { awake, entries, problem } = useStored();

  useLayoutEffect(() => {
    const keeper = readerKeeper();
    const show = (): void => {
      lasting.value = keeper.lasting;
      look();
    };
    void keeper.look();
    return keeper.subscribe(show);
  }, []);

  function plan(name: string, archive: Archive): void {
    const planned = planImport(readerStore(), archive);
    if (isProblem(planned)) doing.say(planned.message.replace(/^Not saved/, 'Not imported'));
    else chosen.value = { name, archive, plan: planned };
  }

  async function choose(picked: File): Promise<void> {
    chosen.value = null;
    const refused = tooLarge(picked.size);
    if (refused) {
      doing.say(refused);
      return;
    }
    const read = await picked.text().then(readArchive, () => ({
      error: 'The file could not be read; it may have been moved or changed. Choose it again.',
    }));
    if ('error' in read) doing.say(`Nothing was imported from ${picked.name}. ${read.error}`);
    else {
      doing.say('');
      plan(picked.name, read.archive);
    }
  }

  function importChosen({ name, archive, plan: planned }: Chosen): void {
    const { all } = summaryOf(planned);
    const done = doing.run(
      planned.changes,
      `Imported ${name}: ${all.add} added, ${all.change} changed, ${all.keep} kept.`,
    );
    if (done) {
      chosen.value = null;
      // Now there is something to keep. What was imported stays as it was, to the byte: that it was asked is not noted.
      if (lasting.value === 'refused') void readerKeeper().ask();
    } else plan(name, archive);
    file.current?.focus();
  }

  const { things, bytes } = storedOf(entries);
  const store = awake ? readerStore() : null;
  const exportedAtMs = store ? careOf(store).exportedAtMs : null;
  const due = store !== null && isExportDue(store);
  return (
    <div class="data not-content">
      <dl class="data-facts">
        <dt>Stored here</dt>
        <dd>{problem?.message ?? `${things} things, ${sizeWords(bytes)}`}</dd>
        <dt>How long</dt>
        <dd class="data-lasting">
          {LASTING[lasting.value]}
          {lasting.value === 'refused' && (
            <button type="button" onClick={() => void readerKeeper().ask()}>
              Ask it to keep it
            </button>
          )}
        </dd>
        <dt>Last export</dt>
        <dd class="data-last">
          {store && exportedAtMs !== null ? timeOfDay(exportedAtMs, store.clock.nowMs()) : 'Never'}
          {due && (
            <>
              <span class="data-due">time for a copy</span>
              <button
                type="button"
                onClick={() => {
                  noteCare(store, { putOffAtMs: store.clock.nowMs() });
                  look();
                }}
              >
                Remind me in a week
              </button>
            </>
          )}
        </dd>
      </dl>
      <div class="data-actions">
        <button
          type="button"
          class="data-main"
          disabled={!awake}
          onClick={() => {
            doing.say(exportFile());
            look();
          }}
        >
          Export everything
        </button>
        <label class="data-file" aria-disabled={!awake}>
          <input
            ref={file}
            type="file"
            accept=".json,application/json"
            disabled={!awake}
            onChange={({ currentTarget }) => {
              const [picked] = currentTarget.files ?? [];
              if (picked) void choose(picked);
              // So that the same file can be chosen again.
              currentTarget.value = '';
            }}
          />
          Import a file…
        </label>
      </div>
      <Said doing={doing} />
      {chosen.value && (
        <ImportPlan
          name={chosen.value.name}
          exportedAtMs={chosen.value.archive.exportedAtMs}
          plan={chosen.value.plan}
          onImport={() => chosen.value && importChosen(chosen.value)}
          onCancel={() => {
            chosen.value = null;
            file.current?.focus();
          }}
        />
      )}
    </div>
  );
}
