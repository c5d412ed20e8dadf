/**
 * The tree of questions, to be answered: beside the figure the questions, each with what shows why it matters; below it
 * the path in words and what it leads to. The figure is the build's; the path is lit in it from here.
 *
 * All that can be shown has its place from the start: where one text stands for another, both lie in one cell, and the
 * taller one gives the height. So nothing shifts when answers come back from storage.
 */
import { useSignal } from '@preact/signals';
import { Fragment } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';
import type { Problem, SetAside as SetAsideValue, Store } from '../../storage/store.ts';
import { SetAside } from '../notes/SetAside.tsx';
import { CHOOSE, decodeChoice, encodeChoice } from './address.ts';
import { bringIntoFrame, lightUp } from './light.ts';
import { answersOfNext, follow, leafById, lightsOf, sayDifference, sayPath } from './tree.ts';
import type { Answer, Answers, Fact, Leaf, Path, Place, Question, Tree } from './tree.ts';
import './chooser.css';

/** A footnote of the chapter: its number there, and what it says. */
export interface Source {
  readonly number: number;
  readonly label: string;
}

interface Props {
  readonly tree: Tree;
  /** The footnotes that the tree's facts name, by id. */
  readonly sources: Readonly<Record<string, Source>>;
  /** The site's base path, with a slash at both ends. */
  readonly base: string;
}

const ANSWER = '.ch-answers input';
const OTHER_WAY = '.ch-end[data-shown="true"] button';

export default function Chooser({ tree, sources, base }: Props) {
  const answers = useSignal<Answers>({});
  /** False until the page is awake: the marks are the reader's own till then. */
  const awake = useSignal(false);
  /** The answers shown are those of the address. */
  const shared = useSignal(false);
  /** What is wrong with the address. */
  const trouble = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const setAside = useSignal<readonly SetAsideValue[]>([]);
  const questions = useRef<HTMLDivElement>(null);
  const way = useRef<HTMLDivElement>(null);
  const store = useRef<Store | null>(null);
  const figure = (): Element | null => questions.current?.closest('.chooser') ?? null;

  const path = follow(tree, answers.value);

  /** Shows what is stored, unless an address says what to show. */
  function look(): void {
    const opened = store.current;
    if (!opened || shared.value) return;
    const reading = opened.read(kinds.choice, tree.id);
    problem.value = reading.found === 'problem' ? reading.problem : null;
    if (reading.found !== 'problem') answers.value = reading.found === 'value' ? reading.value.answers : {};
    setAside.value = opened.setAside(kinds.choice, tree.id);
  }

  /** From here on the answers are the reader's: kept, and no longer those of the address. */
  function keep(next: Answers): void {
    const opened = store.current;
    if (!opened) return;
    leaveAddress();
    answers.value = next;
    problem.value = opened.write(kinds.choice, tree.id, { answers: next, changedAtMs: opened.clock.nowMs() });
    // What comes back from storage is there at once; what the reader answers may move.
    figure()?.setAttribute('data-moving', '');
  }

  function leaveAddress(): void {
    shared.value = false;
    trouble.value = null;
    const url = new URL(location.href);
    if (!url.searchParams.has(CHOOSE)) return;
    url.searchParams.delete(CHOOSE);
    history.replaceState(history.state, '', url);
  }

  useLayoutEffect(() => {
    const opened = readerStore();
    store.current = opened;
    const early = [...(questions.current?.querySelectorAll('input') ?? [])].find(({ checked }) => checked);
    const text = new URLSearchParams(location.search).get(CHOOSE);
    const decoded = text === null ? null : decodeChoice(tree, text);
    trouble.value = decoded?.problem ?? null;
    shared.value = Boolean(decoded?.answers);
    if (decoded?.answers) answers.value = decoded.answers;
    // Who has followed a bad address is told so where they look.
    else if (decoded) way.current?.scrollIntoView({ block: 'center', behavior: 'instant' });
    look();
    awake.value = true;
    // Answered while the page was still waking up; only the first question can be.
    if (early) keep({ ...answers.value, [tree.start.leads]: early.value as Answer });
    return opened.watch(kinds.choice, tree.id, look);
  }, []);

  useLayoutEffect(() => {
    const drawn = figure();
    if (!drawn) return;
    lightUp(drawn, lightsOf(tree, path));
    if (path.steps.length > 0) bringIntoFrame(drawn, drawn.hasAttribute('data-moving'));
  }, [answers.value]);

  /** A button that has done its work goes or falls asleep; the focus then goes on to where the reader would. */
  const focus = useRef('');
  useLayoutEffect(() => {
    if (focus.current !== '')
      figure()?.querySelector<HTMLElement>(focus.current)?.focus({ preventScroll: true });
    focus.current = '';
  });

  function startOver(): void {
    focus.current = ANSWER;
    keep({});
  }

  function showOwn(): void {
    focus.current = ANSWER;
    leaveAddress();
    look();
  }

  function answerForNext(leaf: Leaf): void {
    focus.current = OTHER_WAY;
    keep({ ...answers.value, ...answersOfNext(path, leaf) });
  }

  const context: Context = { sources, base };
  return (
    <>
      <div class="ch-questions" role="group" aria-label="The questions of the tree" ref={questions}>
        {tree.questions.map((question) => (
          <Asked
            key={question.id}
            question={question}
            place={placeOf(tree, path, question)}
            answer={awake.value ? (answers.value[question.id] ?? null) : undefined}
            onAnswer={(answer) => keep({ ...answers.value, [question.id]: answer })}
            context={context}
          />
        ))}
      </div>
      <div class="ch-way" ref={way}>
        <p role="status">
          {/* One text: a word put before it would move the others. */}
          {`${shared.value ? 'From the address: ' : ''}${sayPath(tree, path)}`}
          {trouble.value && <b class="ch-trouble"> {trouble.value} Your own answers are shown.</b>}
          {problem.value && <b class="ch-trouble"> {problem.value.message}</b>}
        </p>
        <div class="ch-buttons">
          <Share path={path} ready={awake.value} />
          <button type="button" disabled={path.steps.length === 0} onClick={startOver}>
            Start over
          </button>
          {shared.value && (
            <button type="button" onClick={showOwn}>
              Show my own answers
            </button>
          )}
        </div>
      </div>
      <div class="ch-ends">
        <AllEnds tree={tree} shown={path.leaf === null} context={context} />
        {tree.leaves.map((leaf) => (
          <End
            key={leaf.id}
            tree={tree}
            leaf={leaf}
            path={path}
            onNext={() => answerForNext(leaf)}
            context={context}
          />
        ))}
      </div>
      {setAside.value.length > 0 && (
        <div class="kept ch-aside">
          <SetAside values={setAside.value} onDiscard={(value) => store.current?.discard(value)} />
        </div>
      )}
    </>
  );
}

/** What every part needs to say where something is. */
interface Context {
  readonly sources: Props['sources'];
  readonly base: string;
}

/** Where a question stands: answered on the path, asked now, still possible, or ruled out by the answers. */
type Standing = 'answered' | 'here' | 'later' | 'away';

function placeOf(tree: Tree, path: Path, question: Question): Standing {
  if (path.open?.id === question.id) return 'here';
  if (path.steps.some((step) => step.question.id === question.id)) return 'answered';
  return lightsOf(tree, path).nodes.has(question.node) ? 'away' : 'later';
}

interface AskedProps {
  readonly question: Question;
  readonly place: Standing;
  /** Null for none; undefined leaves the marks as the reader has set them. */
  readonly answer: Answer | null | undefined;
  readonly onAnswer: (answer: Answer) => void;
  readonly context: Context;
}

function Asked({ question, place, answer, onAnswer, context }: AskedProps) {
  return (
    <fieldset class={`ch-question ch-${place}`} disabled={place === 'later' || place === 'away'}>
      <legend>{question.ask}</legend>
      <div class="ch-answers">
        {(['yes', 'no'] as const).map((value) => (
          <label key={value}>
            <input
              type="radio"
              name={`choose-${question.id}`}
              value={value}
              autocomplete="off"
              checked={answer === undefined ? undefined : answer === value && place === 'answered'}
              onChange={() => onAnswer(value)}
            />
            <span>{value === 'yes' ? 'Yes' : 'No'}</span>
          </label>
        ))}
        <small>{place === 'away' ? 'not asked on this way' : ''}</small>
      </div>
      <p>
        <Said fact={question.why} context={context} />
      </p>
      <p class="ch-see">
        See it: <Places places={question.see} context={context} />
      </p>
    </fieldset>
  );
}

/** Before the last answer: where the tree can lead, and what it leaves out. */
function AllEnds({ tree, shown, context }: { tree: Tree; shown: boolean; context: Context }) {
  return (
    <div class="ch-end" data-shown={shown}>
      <h4>Where the tree can lead</h4>
      <dl class="ch-all">
        {tree.leaves.map((leaf) => (
          <div key={leaf.id}>
            <dt>
              <Places
                places={leaf.places.filter(({ page }) => page === undefined)}
                context={context}
                separator=" / "
              />
            </dt>
            <dd>
              <Said fact={leaf.what} context={context} />
            </dd>
          </div>
        ))}
        <div>
          <dt>What it never asks</dt>
          <dd>
            What must stay in order, what a lost message costs, and which of them your people know how to run.
          </dd>
        </div>
      </dl>
    </div>
  );
}

interface EndProps {
  readonly tree: Tree;
  readonly leaf: Leaf;
  readonly path: Path;
  readonly onNext: () => void;
  readonly context: Context;
}

/** A recommendation: what it is, why, what would come next, and where the tree is too simple about it. */
function End({ tree, leaf, path, onNext, context }: EndProps) {
  const shown = path.leaf?.id === leaf.id;
  const next = leafById(tree, leaf.next.leaf);
  return (
    <div class="ch-end" data-shown={shown}>
      <h4>
        <small>The tree leads to</small> {leaf.name}
      </h4>
      <p class="ch-what">
        <Said fact={leaf.what} context={context} />{' '}
        <span class="ch-see">
          In this book: <Places places={leaf.places} context={context} />
        </span>
      </p>
      <div class="ch-columns">
        <dl class="ch-reasons">
          {reasonsOf(tree, leaf).map(({ question, answer, fact }) => (
            <div key={question.id}>
              <dt>
                {question.topic}: {answer}
              </dt>
              <dd>
                <Said fact={fact} context={context} />
              </dd>
            </div>
          ))}
        </dl>
        <div>
          <h5>The runner-up: {next.name}</h5>
          <p>
            It would win if {sayDifference(tree, leaf)}. <Said fact={leaf.next.why} context={context} />
          </p>
          <button type="button" class="ch-link" onClick={onNext}>
            Take that way
          </button>
        </div>
        <div>
          <h5>Where the tree is too simple</h5>
          <p>
            <Said fact={leaf.simple} context={context} />
          </p>
        </div>
      </div>
    </div>
  );
}

interface Reason {
  readonly question: Question;
  readonly answer: Answer;
  readonly fact: Fact;
}

/** The answers that lead to a leaf, in the order in which they are asked for, each with what it says for the leaf. */
function reasonsOf(tree: Tree, leaf: Leaf): Reason[] {
  const walk = (id: string, before: Reason[]): Reason[] => {
    const question = tree.questions.find((one) => one.id === id);
    if (!question) return id === leaf.id ? before : [];
    return (['yes', 'no'] as const).flatMap((answer) => {
      const fact = leaf.reasons[question.id] ?? { text: '', sources: [] };
      return walk(question[answer], [...before, { question, answer, fact }]);
    });
  };
  return walk(tree.start.leads, []);
}

/** Words, with the numbers of their sources in the chapter's list. */
function Said({ fact, context }: { fact: Fact; context: Context }) {
  return (
    <>
      {fact.text}
      {fact.sources.map((id) => {
        const source = context.sources[id];
        return (
          source && (
            <sup key={id}>
              <a href={`#source-fn-${id}`} aria-label={`Source ${source.number}: ${source.label}`}>
                {source.number}
              </a>
            </sup>
          )
        );
      })}
    </>
  );
}

interface PlacesProps {
  readonly places: readonly Place[];
  readonly context: Context;
  readonly separator?: string;
}

function Places({ places, context, separator = ' · ' }: PlacesProps) {
  return places.map(({ text, page, at }, index) => (
    <Fragment key={text}>
      {index > 0 && separator}
      <a href={`${page === undefined ? '' : `${context.base}${page}/`}${at === undefined ? '' : `#${at}`}`}>
        {text}
      </a>
    </Fragment>
  ));
}

/** Copies the address of the answers; where the clipboard is closed to us, shows it to be copied by hand. */
function Share({ path, ready }: { path: Path; ready: boolean }) {
  const shown = useSignal<string | null>(null);
  const said = useSignal('');
  const field = useRef<HTMLInputElement>(null);
  const choice = encodeChoice(path);

  useLayoutEffect(() => field.current?.select(), [shown.value]);
  // An address that was copied is not that of the next answer.
  useLayoutEffect(() => {
    shown.value = null;
    said.value = '';
  }, [choice]);

  async function share(): Promise<void> {
    const url = new URL(location.pathname, location.href);
    url.searchParams.set(CHOOSE, choice);
    url.hash = 'chooser';
    try {
      await navigator.clipboard.writeText(url.href);
      said.value = 'The address of these answers was copied';
    } catch {
      shown.value = url.href;
      said.value = 'Copy the address from the field';
    }
  }

  return (
    <>
      {shown.value !== null && (
        <input ref={field} type="text" readOnly value={shown.value} aria-label="Address of these answers" />
      )}
      <button type="button" disabled={!ready || choice === ''} onClick={() => void share()}>
        {said.value !== '' && shown.value === null ? 'Copied' : 'Share'}
      </button>
      <span class="ch-unseen" role="status">
        {said.value}
      </span>
    </>
  );
}
