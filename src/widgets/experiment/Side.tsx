/** What stands around the stage: claims beside it, figures under it, settings and what the reader may do below. */
import type { ClaimState, Frame } from '../../scenarios/frame.ts';
import type { KafkaView } from '../../brokers/kafka/view-types.ts';
import { useState } from 'preact/hooks';
import { controlsFor, type Button, type Controls } from './kafka/controls.ts';
import { keyLook } from './kafka/look.ts';
import type { Session } from './session.ts';
import { showStage } from './showStage.ts';
import { actionWords, figures, shortSeconds, verdictWords } from './words.ts';

interface Props {
  readonly session: Session;
  readonly ready: boolean;
}

export function Claims({ session, ready }: Props) {
  return (
    <section class="xp-side">
      <h4>Claims</h4>
      <ul class="xp-claims">
        {session.frame.value.claims.map((claim) => (
          <ClaimLine key={claim.id} claim={claim} session={session} ready={ready} />
        ))}
      </ul>
    </section>
  );
}

/** What the reader may turn and do, and has done. */
export function Desk({ session, ready }: Props) {
  const { controls, knobs } = session.poster.experiment;
  if (controls.length + knobs.length === 0) return null;
  return (
    <div class="xp-desk">
      {controls.length > 0 && <Doing session={session} ready={ready} view={session.frame.value.view} />}
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
    <section class="xp-now" aria-label="Figures at this moment">
      <dl class="xp-figures">
        {figures(frame).map(({ name, value, bad }) => (
          <div key={name} class={bad ? 'xp-bad' : ''}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Knobs({ session, ready }: Props) {
  const { experiment, knobs: own } = session.poster;
  const chosen = session.knobs.value;
  return (
    <section>
      <h4>Settings</h4>
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

interface DoingProps extends Props {
  readonly view: KafkaView;
}

function Doing({ session, ready, view }: DoingProps) {
  const offered = session.poster.experiment.controls;
  const controls = controlsFor(view, offered, session.about.value, session.actions.value);
  // The button is looked up again when the run is open: before that it may lack what to copy.
  const press = (id: string): void =>
    void session.act((about, frame) => {
      const now = controlsFor(frame.view, offered, about, session.actions.value);
      return (
        [...now.general, ...now.members.flatMap(({ buttons }) => buttons)].find((b) => b.id === id)?.action ??
        null
      );
    });
  const button = (b: Button) => (
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
  );
  const actions = session.actions.value;
  const refused = controls.general.flatMap(({ label, refused: why }) => (why ? [`${label}: ${why}`] : []));
  return (
    <>
      <section>
        <h4>Intervene</h4>
        {controls.produce.length > 0 && <Send session={session} ready={ready} produce={controls.produce} />}
        {controls.general.length > 0 && <div class="xp-buttons">{controls.general.map(button)}</div>}
        {refused.length > 0 && (
          <p class="xp-refused">
            <small>{refused.join('; ')}</small>
          </p>
        )}
        {actions.length > 0 && (
          <>
            <h4 class="xp-second">What you did</h4>
            <ul class="xp-actions">
              {actions.map(({ atMs, action }, i) => (
                <li key={`${i}-${atMs}`}>
                  <span>
                    {shortSeconds(atMs * 1000)} {actionWords(action)}
                  </span>
                  <button
                    type="button"
                    class="xp-link"
                    aria-label={`Take back: ${actionWords(action)} at ${shortSeconds(atMs * 1000)}`}
                    onClick={() => void session.withdraw(i)}
                  >
                    take back
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
      {controls.members.some(({ buttons }) => buttons.length > 0) && (
        <section>
          <h4>Consumers</h4>
          <ul class="xp-members">
            {controls.members.map(({ id, label, buttons }) => (
              <li key={id}>
                <b>{label}</b>
                <span class="xp-buttons">{buttons.map(button)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

interface SendProps extends Props {
  readonly produce: Controls['produce'];
}

/** Sends one record: from whom, with which key. */
function Send({ session, ready, produce }: SendProps) {
  const [from, setFrom] = useState<string | null>(null);
  const [chosen, setKey] = useState<string | null>(null);
  const producer = produce.find(({ client }) => client === from) ?? produce[0];
  if (!producer) return null;
  const { client, keys, keyless } = producer;
  const key = chosen !== null && (chosen === '' ? keyless : keys.includes(chosen)) ? chosen : (keys[0] ?? '');
  return (
    <div class="xp-send">
      {produce.length > 1 && (
        <select
          aria-label="Producer"
          disabled={!ready}
          value={client}
          onChange={(event) => setFrom(event.currentTarget.value)}
        >
          {produce.map((p) => (
            <option key={p.client} value={p.client} selected={p.client === client}>
              {p.label}
            </option>
          ))}
        </select>
      )}
      <select
        aria-label="Key"
        disabled={!ready}
        value={key}
        style={`--key:${keyLook(key === '' ? null : key).colour}`}
        onChange={(event) => setKey(event.currentTarget.value)}
      >
        {keys.map((k) => (
          <option key={k} value={k} selected={k === key}>
            key {k}
          </option>
        ))}
        {keyless && (
          <option value="" selected={key === ''}>
            no key
          </option>
        )}
      </select>
      <button
        type="button"
        disabled={!ready}
        onClick={() =>
          void session.act(() => ({ do: 'produce', client, key: key === '' ? null : key, count: 1 }))
        }
      >
        Send
      </button>
    </div>
  );
}
