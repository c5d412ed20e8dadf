/** The terminal under the stage: the broker's own command-line tools, acting on this run at the moment shown. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ConsoleOutput } from '../../../brokers/console-view.ts';
import type { ConsoleSide } from '../drawing.ts';
import type { Session } from '../session.ts';
import { shortSeconds } from '../words.ts';
import './console.css';
import { entered, moved, NO_HISTORY } from './history.ts';
import { answered, completed, screen } from './terminal.ts';

export interface ConsoleProps {
  readonly session: Session;
  readonly ready: boolean;
  readonly side: ConsoleSide;
  /** The id of what says how its keys work. */
  readonly help: string;
}

export function Console({ session, ready, side, help }: ConsoleProps) {
  const { tools } = side;
  const { view, at, ended } = session.told.value;
  const [line, setLine] = useState('');
  const [history, setHistory] = useState(NO_HISTORY);
  const [candidates, setCandidates] = useState<readonly string[]>([]);
  /** After Escape the Tab key leaves the field. */
  const [leaving, setLeaving] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const cursor = useRef<number | null>(null);
  const running = view.console?.running ?? null;
  const prompt = tools.promptOf(running);
  const reads = running !== null && tools.kindOf(running) === 'reads';
  const outputs = screen(view.console);

  // As a property it is a truth value in some browsers, and "off" would be true.
  useLayoutEffect(() => field.current?.setAttribute('autocorrect', 'off'), []);
  // At once: the next key may come before the page is painted.
  useLayoutEffect(() => {
    if (cursor.current === null) return;
    field.current?.setSelectionRange(cursor.current, cursor.current);
    cursor.current = null;
  }, [line]);

  const show = (text: string, to = text.length): void => {
    cursor.current = to;
    setLine(text);
    setLeaving(false);
  };

  const enter = async (): Promise<void> => {
    const typed = line;
    if (ended) return;
    if (typed.trim() === '' && !reads) return;
    setHistory(entered(history, typed));
    setCandidates([]);
    setLine('');
    const typedAt = session.frame.value.at;
    if (await session.act(() => ({ do: 'type', line: typed })))
      await session.playUntil((frame) => answered(tools, frame, typedAt));
    else setLine(typed);
  };

  const press = async (key: 'interrupt' | 'end'): Promise<void> => {
    setCandidates([]);
    if (running === null) {
      // As a shell does: Ctrl-C throws the line away.
      if (key === 'interrupt') show('');
      return;
    }
    const pressedAt = session.frame.value.at;
    if (await session.act(() => ({ do: 'key', key })))
      await session.playUntil((frame) => answered(tools, frame, pressedAt));
  };

  const tab = (): boolean => {
    const now = field.current?.selectionStart ?? line.length;
    const next = running === null ? completed(tools, line, now, tools.names(view)) : null;
    if (!next) return false;
    setCandidates(next.candidates);
    show(next.line, next.cursor);
    return true;
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const plain = !event.altKey && !event.metaKey && !event.ctrlKey;
    const selected = field.current && field.current.selectionStart !== field.current.selectionEnd;
    if (event.key === 'Escape') {
      setLeaving(true);
      setCandidates([]);
    } else if (event.key === 'Tab' && plain && !event.shiftKey) {
      if (leaving || line.trim() === '' || !tab()) return;
      event.preventDefault();
    } else if ((event.key === 'ArrowUp' || event.key === 'ArrowDown') && plain) {
      const step = moved(history, event.key === 'ArrowUp' ? -1 : 1, line);
      event.preventDefault();
      if (!step) return;
      setHistory(step.history);
      setCandidates([]);
      show(step.line);
    } else if (event.ctrlKey && event.key.toLowerCase() === 'c' && !selected) {
      event.preventDefault();
      void press('interrupt');
    } else if (event.ctrlKey && event.key.toLowerCase() === 'd' && line === '') {
      event.preventDefault();
      void press('end');
    }
  };

  return (
    <>
      <Screen outputs={outputs} dropped={view.console?.dropped ?? 0} at={at} />
      <form
        class="xp-prompt"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <span aria-hidden="true">{prompt.trim() || '\u00a0'}</span>
        <input
          ref={field}
          type="text"
          aria-label={reads ? side.input : side.command}
          aria-describedby={help}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          enterkeyhint="send"
          placeholder={ended ? 'the run is over: go back in it to type' : ''}
          disabled={!ready || ended}
          value={line}
          onInput={(event) => {
            setLine(event.currentTarget.value);
            setLeaving(false);
            setCandidates([]);
          }}
          onKeyDown={onKeyDown}
        />
        <button type="submit" disabled={!ready || ended}>
          Enter
        </button>
      </form>
      <p class="xp-candidates" role="status">
        {candidates.join('  ')}
      </p>
      <div class="xp-buttons">
        <button
          type="button"
          disabled={!ready || ended || line.trim() === '' || running !== null}
          aria-label="Tab: complete what is typed"
          onClick={() => {
            tab();
            field.current?.focus();
          }}
        >
          Tab
        </button>
        <button
          type="button"
          disabled={!ready || ended || running === null}
          aria-label="Ctrl-C: interrupt the tool that runs"
          onClick={() => void press('interrupt')}
        >
          Ctrl-C
        </button>
        <button
          type="button"
          disabled={!ready || ended || running === null}
          aria-label="Ctrl-D: end of input"
          onClick={() => void press('end')}
        >
          Ctrl-D
        </button>
      </div>
      {running === null && (
        <div class="xp-examples" role="group" aria-label="Commands to try">
          {side.examples(view).map((example) => (
            <button
              key={example.label}
              type="button"
              class="xp-chip"
              title={example.line}
              disabled={!ready || ended}
              onClick={() => {
                show(example.line);
                setCandidates([]);
                field.current?.focus();
              }}
            >
              {example.label}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

interface ScreenProps {
  readonly outputs: readonly ConsoleOutput[];
  readonly dropped: number;
  readonly at: number;
}

/** What was printed. It keeps to its end, unless the reader has scrolled back. */
function Screen({ outputs, dropped, at }: ScreenProps) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (box.current && follows.current) box.current.scrollTop = box.current.scrollHeight;
  }, [outputs, at]);
  return (
    <div
      ref={box}
      class="xp-screen"
      role="log"
      aria-label="Output of the console"
      aria-live="polite"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
        (follows.current = scrollTop + clientHeight > scrollHeight - 24)
      }
    >
      {dropped > 0 && <p class="xp-dropped">{dropped} earlier lines are gone</p>}
      {outputs.map((output, i) => (
        <Output key={`${output.at} ${output.command} ${i}`} output={output} />
      ))}
    </div>
  );
}

function Output({ output: { command, at, lines, exit } }: { output: ConsoleOutput }) {
  return (
    <div class="xp-output">
      <p class="xp-command">
        <span>
          <span aria-hidden="true">$ </span>
          {command}
        </span>
        <small>{shortSeconds(at)}</small>
      </p>
      {lines.length > 0 && <pre>{lines.join('\n')}</pre>}
      {exit !== null && exit !== 0 && <p class="xp-exit">exit code {exit}</p>}
    </div>
  );
}
