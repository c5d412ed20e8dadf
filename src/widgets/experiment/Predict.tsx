/** A question to answer before the run: the answer is kept, and told why it is right or not. */
import { useEffect, useState } from 'preact/hooks';
import type { Prediction } from '../../scenarios/experiment.ts';
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';

interface Props {
  readonly id: string;
  readonly predict: Prediction;
  readonly ready: boolean;
}

export function Predict({ id, predict, ready }: Props) {
  const [choice, setChoice] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const store = readerStore();
    const read = (): void => {
      const reading = store.read(kinds.prediction, id);
      if (reading.found === 'value') setChoice(reading.value.choice);
    };
    read();
    return store.watch(kinds.prediction, id, read);
  }, [id]);
  const choose = (option: string): void => {
    setChoice(option);
    const store = readerStore();
    const value = { choice: option, chosenAtMs: store.clock.nowMs() };
    setProblem(store.write(kinds.prediction, id, value)?.message ?? null);
  };
  const chosen = predict.options.find((option) => option.id === choice);
  return (
    <div class="xp-predict" role="group" aria-label="Your prediction">
      <p>
        <b>Before you run it:</b> {predict.question}
      </p>
      <div class="xp-options">
        {predict.options.map((option) => (
          <button
            key={option.id}
            type="button"
            disabled={!ready}
            aria-pressed={option.id === choice}
            onClick={() => choose(option.id)}
          >
            {option.text}
          </button>
        ))}
      </div>
      <p class="xp-feedback" role="status">
        {chosen && (
          <>
            <b class={chosen.right ? 'xp-right' : 'xp-wrong'}>{chosen.right ? '✓ Yes.' : '✗ No.'}</b>{' '}
            {chosen.why}
          </>
        )}
        {problem && <span class="xp-problem"> {problem}</span>}
      </p>
    </div>
  );
}
