/** What stands around the stage: claims beside it, figures under it, settings and what the reader may do below. */
import type { ClaimState, Frame } from '../../scenarios/frame.ts';
import type { About } from '../../client/client.ts';
import { useState } from 'preact/hooks';
import {
  everyButton,
  type Button,
  type Controls,
  type Field,
  type Form,
  type ProcessControls,
  type Section,
  type Typed,
} from './controls.ts';
import type { BrokerSide } from './drawing.ts';
import type { Session } from './session.ts';
import { showStage } from './showStage.ts';
import { figures, shortSeconds, verdictWords } from './words.ts';

interface Props {
  readonly session: Session;
  readonly ready: boolean;
}

interface ClaimsProps extends Props {
  readonly frame: Frame;
}

export function Claims({ session, frame, ready }: ClaimsProps) {
  if (frame.claims.length === 0) return null;
  return (
    <section class="xp-side">
      <h4>Claims</h4>
      <ul class="xp-claims">
        {frame.claims.map((claim) => (
          <ClaimLine key={claim.id} claim={claim} session={session} ready={ready} />
        ))}
      </ul>
    </section>
  );
}

/** What the reader may turn and do, and has done. */
export function Desk({ session, ready, side }: DeskProps) {
  const { controls, knobs } = session.poster.experiment;
  if (controls.length + knobs.length + session.actions.value.length === 0) return null;
  return (
    <div class="xp-desk">
      <Doing session={session} ready={ready} side={side} />
      {knobs.length > 0 && <Knobs session={session} ready={ready} />}
    </div>
  );
}

interface ClaimProps extends Props {
  readonly claim: ClaimState;
}

function ClaimLine({ claim, session, ready }: ClaimProps) {
  const { mark, word, detail, jump } = verdictWords(claim.verdict);
  return (
    <li class={`xp-claim xp-claim-${claim.verdict.status}`}>
      <span class="xp-verdict" aria-hidden="true">
        {mark}
      </span>
      <div>
        <span class="xp-hidden">{word}: </span>
        {claim.statement}{' '}
        <small>
          {detail}
          {jump && (
            <span class="xp-jump">
              {' · '}
              <button
                type="button"
                class="xp-link"
                disabled={!ready}
                aria-label={`${jump.label}: ${claim.statement}`}
                onClick={({ currentTarget }) => {
                  void session.jump(jump.seq, jump.at);
                  showStage(currentTarget);
                }}
              >
                {jump.label}
              </button>
            </span>
          )}
        </small>
      </div>
    </li>
  );
}

export function Now({ frame }: { frame: Frame }) {
  return (
    <div class="xp-now" role="group" aria-label="Figures at this moment">
      <dl class="xp-figures">
        {figures(frame).map(({ name, value, bad }) => (
          <div key={name} class={bad ? 'xp-bad' : ''}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

interface KnobsProps extends Props {
  readonly title?: string;
}

export function Knobs({ session, ready, title = 'Settings' }: KnobsProps) {
  const { experiment, knobs: own } = session.poster;
  const chosen = session.knobs.value;
  return (
    <section>
      <h4>{title}</h4>
      <div class="xp-knobs">
        {experiment.knobs.map(({ id, name, hint, options }) => {
          const value = chosen[id] ?? own[id] ?? '';
          return (
            <label key={id} class="xp-knob">
              <code>{name}</code>
              <select
                value={value}
                disabled={!ready}
                title={hint}
                onChange={(event) => void session.turn(id, event.currentTarget.value)}
              >
                {options.map((option) => (
                  <option key={option.id} value={option.id} selected={option.id === value}>
                    {option.label}
                  </option>
                ))}
              </select>
              <small>{hint}</small>
            </label>
          );
        })}
      </div>
    </section>
  );
}

interface DeskProps extends Props {
  readonly side: BrokerSide;
}

/** Presses a button; what it does is looked up again when the run is open: before that it may lack what to copy. */
type Press = (id: string) => void;

function Doing({ session, ready, side }: DeskProps) {
  const { controls: offered } = session.poster.experiment;
  const actions = session.actions.value;
  const controlsAt = ({ view, at }: Frame, about: About | null): Controls =>
    side.controls({ view, offered, about, actions: session.actions.value, now: at });
  const { intervene, sections } = controlsAt(session.told.value, session.about.value);
  const press: Press = (id) =>
    void session.act((about, frame) => {
      const button = everyButton(controlsAt(frame, about)).find((one) => one.id === id);
      return button?.action ? [button.action, ...(button.also ?? [])] : null;
    });
  const offers = intervene.forms.length + intervene.buttons.length > 0;
  return (
    <>
      {(offers || actions.length > 0) && (
        <section>
          {offers && (
            <>
              <h4>Intervene</h4>
              {intervene.forms.map((form) => (
                <FormOf key={form.id} form={form} session={session} ready={ready} />
              ))}
              <Buttons of={intervene.buttons} ready={ready} press={press} reasons />
            </>
          )}
          {actions.length > 0 && <Done session={session} />}
        </section>
      )}
      {sections.map(({ title, of, rows, buttons, forms }) => (
        <section key={title}>
          <h4>{title}</h4>
          <Processes of={of} rows={rows} ready={ready} press={press} />
          {buttons.length > 0 && (
            <div class="xp-below">
              <Buttons of={buttons} ready={ready} press={press} reasons />
            </div>
          )}
          {forms.map((form) => (
            <FormOf key={form.id} form={form} session={session} ready={ready} below />
          ))}
        </section>
      ))}
    </>
  );
}

interface ButtonsProps {
  readonly of: readonly Button[];
  readonly ready: boolean;
  readonly press: Press;
  /** Whether the reasons for what cannot be done are written out below. */
  readonly reasons?: boolean;
}

function Buttons({ of, ready, press, reasons = false }: ButtonsProps) {
  if (of.length === 0) return null;
  const refused = reasons ? of.flatMap(({ label, refused: why }) => (why ? [`${label}: ${why}`] : [])) : [];
  return (
    <>
      <span class="xp-buttons">
        {of.map((b) => (
          <button
            key={b.id}
            type="button"
            class={b.fault ? 'xp-fault-button' : ''}
            disabled={!ready || b.refused !== null}
            title={b.refused ?? undefined}
            aria-label={b.words}
            onClick={() => press(b.id)}
          >
            {b.label}
          </button>
        ))}
      </span>
      {refused.length > 0 && (
        <p class="xp-refused">
          <small>{refused.join('; ')}</small>
        </p>
      )}
    </>
  );
}

interface ProcessesProps {
  readonly of: Section['of'];
  readonly rows: readonly ProcessControls[];
  readonly ready: boolean;
  readonly press: Press;
}

function Processes({ of, rows, ready, press }: ProcessesProps) {
  return (
    <ul class={`xp-members xp-of-${of}`}>
      {rows.map(({ id, label, note, buttons }) => (
        <li key={id}>
          <b>
            {label}
            {note !== undefined && <small> {note}</small>}
          </b>
          <Buttons of={buttons} ready={ready} press={press} />
        </li>
      ))}
    </ul>
  );
}

/** What the reader did, each to be taken back. */
function Done({ session }: Pick<Props, 'session'>) {
  return (
    <>
      <h4 class="xp-second">What you did</h4>
      <ul class="xp-actions">
        {session.actions.value.map(({ atMs, action }, i) => {
          const at = shortSeconds(atMs * 1000);
          const words = session.wordsOf(action);
          return (
            <li key={`${i}-${atMs}`}>
              <span>
                {at} {words}
              </span>
              <button
                type="button"
                class="xp-link"
                aria-label={`Take back: ${words} at ${at}`}
                onClick={() => void session.withdraw(i)}
              >
                take back
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

interface FormProps extends Props {
  readonly form: Form;
  /** Whether it stands below something of its section. */
  readonly below?: boolean;
}

/** A form that is filled in and sent by one of its buttons, the first of them with Enter. */
function FormOf({ form, session, ready, below = false }: FormProps) {
  const [typed, setTyped] = useState<Typed>({});
  const { fields, buttons, problem } = form.fill(typed);
  const type = (id: string, value: string): void => setTyped((before) => ({ ...before, [id]: value }));
  const send = (button: Button | undefined): void => {
    if (button?.action && button.refused === null) {
      const actions = [button.action, ...(button.also ?? [])];
      void session.act(() => actions);
    }
  };
  return (
    <form
      class={`xp-send${below ? ' xp-below' : ''}`}
      onSubmit={(event) => {
        event.preventDefault();
        send(buttons[0]);
      }}
    >
      {fields.map((field) => (
        <FieldOf key={field.id} field={field} ready={ready} onType={(value) => type(field.id, value)} />
      ))}
      {buttons.map((button, i) => (
        <button
          key={button.id}
          type={i === 0 ? 'submit' : 'button'}
          class={button.fault ? 'xp-fault-button' : ''}
          disabled={!ready || button.refused !== null}
          title={button.refused ?? undefined}
          aria-label={button.words}
          onClick={i === 0 ? undefined : () => send(button)}
        >
          {button.label}
        </button>
      ))}
      {problem !== null && (
        <p class="xp-refused">
          <small>{problem}</small>
        </p>
      )}
    </form>
  );
}

interface FieldProps {
  readonly field: Field;
  readonly ready: boolean;
  readonly onType: (value: string) => void;
}

function FieldOf({ field, ready, onType }: FieldProps) {
  if (field.kind === 'text') {
    return (
      <input
        type="text"
        inputMode={field.inputMode}
        class={field.size === 'short' ? 'xp-number' : 'xp-text'}
        aria-label={field.label}
        aria-invalid={field.invalid}
        placeholder={field.placeholder}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        disabled={!ready}
        value={field.value}
        onInput={(event) => onType(event.currentTarget.value)}
      />
    );
  }
  return (
    <select
      aria-label={field.label}
      disabled={!ready}
      value={field.value}
      style={field.colour === undefined ? undefined : `--key:${field.colour}`}
      onChange={(event) => onType(event.currentTarget.value)}
    >
      {field.options.map(({ value, label }) => (
        <option key={value} value={value} selected={value === field.value}>
          {label}
        </option>
      ))}
    </select>
  );
}
