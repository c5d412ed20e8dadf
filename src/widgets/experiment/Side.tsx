/** What stands around the stage: claims beside it, figures under it, settings and what the reader may do below. */
import type { ClaimState, Frame } from '../../scenarios/frame.ts';
import type { KafkaView } from '../../brokers/kafka/view-types.ts';
import { useState } from 'preact/hooks';
import {
  controlsFor,
  seekProblem,
  seekTo,
  type Button,
  type Controls,
  type ProcessControls,
  type Seeker,
  type SeekKind,
} from './kafka/controls.ts';
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
  if (controls.length + knobs.length + session.actions.value.length === 0) return null;
  return (
    <div class="xp-desk">
      <Doing session={session} ready={ready} view={session.frame.value.view} />
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

/** Presses a button; what it does is looked up again when the run is open: before that it may lack what to copy. */
type Press = (id: string) => void;

function everyButton(controls: Controls): Button[] {
  const rows = [...controls.brokers, ...controls.producers, ...controls.members];
  return [...controls.general, ...controls.elections, ...rows.flatMap(({ buttons }) => buttons)];
}

function Doing({ session, ready, view }: DoingProps) {
  const { controls: offered } = session.poster.experiment;
  const { at } = session.frame.value;
  const actions = session.actions.value;
  const controls = controlsFor(view, offered, session.about.value, actions, at);
  const press: Press = (id) =>
    void session.act((about, frame) => {
      const now = controlsFor(frame.view, offered, about, session.actions.value, frame.at);
      const button = everyButton(now).find((one) => one.id === id);
      return button?.action ? [button.action, ...(button.also ?? [])] : null;
    });
  const { general, brokers, elections, producers, members, produce, seek } = controls;
  const several = new Set(members.map(({ group }) => group)).size > 1;
  const readers = members.filter(({ buttons }) => buttons.length > 0);
  return (
    <>
      {produce.length + general.length + actions.length > 0 && (
        <section>
          {produce.length + general.length > 0 && (
            <>
              <h4>Intervene</h4>
              {produce.length > 0 && <Send session={session} ready={ready} controls={controls} />}
              <Buttons of={general} ready={ready} press={press} reasons />
            </>
          )}
          {actions.length > 0 && <Done session={session} />}
        </section>
      )}
      {brokers.length + elections.length > 0 && (
        <section>
          <h4>Brokers</h4>
          <Processes kind="broker" rows={brokers} ready={ready} press={press} />
          {elections.length > 0 && (
            <div class="xp-below">
              <Buttons of={elections} ready={ready} press={press} reasons />
            </div>
          )}
        </section>
      )}
      {producers.length > 0 && (
        <section>
          <h4>Producers</h4>
          <Processes kind="producer" rows={producers} ready={ready} press={press} />
        </section>
      )}
      {readers.length + seek.length > 0 && (
        <section>
          <h4>Consumers</h4>
          <Processes kind="consumer" rows={readers} ready={ready} press={press} groups={several} />
          {seek.length > 0 && <Seek session={session} ready={ready} seekers={seek} at={at} />}
        </section>
      )}
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
  readonly kind: 'broker' | 'producer' | 'consumer';
  readonly rows: readonly (ProcessControls & { readonly group?: string })[];
  readonly ready: boolean;
  readonly press: Press;
  /** Whether to tell the groups apart. */
  readonly groups?: boolean;
}

function Processes({ kind, rows, ready, press, groups = false }: ProcessesProps) {
  return (
    <ul class={`xp-members xp-of-${kind}`}>
      {rows.map(({ id, label, group, buttons }, i) => (
        <li key={id}>
          <b>
            {label}
            {groups && group !== rows[i - 1]?.group && <small> {group}</small>}
          </b>
          <Buttons of={buttons} ready={ready} press={press} />
        </li>
      ))}
    </ul>
  );
}

/** What the reader did, each to be taken back. */
function Done({ session }: { session: Session }) {
  return (
    <>
      <h4 class="xp-second">What you did</h4>
      <ul class="xp-actions">
        {session.actions.value.map(({ atMs, action }, i) => (
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
  );
}

interface SendProps extends Props {
  readonly controls: Controls;
}

/** Sends one record: from whom, with which key; or a tombstone for that key. */
function Send({ session, ready, controls: { produce, sends, tombstones } }: SendProps) {
  const [from, setFrom] = useState<string | null>(null);
  const [chosen, setKey] = useState<string | null>(null);
  const producer = produce.find(({ client }) => client === from) ?? produce[0];
  if (!producer) return null;
  const { client, keys, keyless } = producer;
  const key = chosen !== null && (chosen === '' ? keyless : keys.includes(chosen)) ? chosen : (keys[0] ?? '');
  const send = (value?: null): void =>
    void session.act(() => ({
      do: 'produce',
      client,
      key: key === '' ? null : key,
      count: 1,
      ...(value === null ? { value } : {}),
    }));
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
      {sends && (
        <button type="button" disabled={!ready} onClick={() => send()}>
          Send
        </button>
      )}
      {tombstones && (
        <button
          type="button"
          disabled={!ready || key === ''}
          title={key === '' ? 'without a key there is nothing to delete' : undefined}
          aria-label={`Send tombstone: a null value for key ${key}`}
          onClick={() => send(null)}
        >
          Send tombstone
        </button>
      )}
    </div>
  );
}

interface SeekProps extends Props {
  readonly seekers: readonly Seeker[];
  /** The moment shown. */
  readonly at: number;
}

const SEEKS: readonly (readonly [SeekKind, string])[] = [
  ['beginning', 'the beginning'],
  ['end', 'the end'],
  ['offset', 'offset'],
  ['time', 'a time, s'],
];

/** Sends a consumer to another place in all of its partitions. */
function Seek({ session, ready, seekers, at }: SeekProps) {
  const [who, setWho] = useState<string | null>(null);
  const [kind, setKind] = useState<SeekKind>('beginning');
  const [number, setNumber] = useState('0');
  const seeker = seekers.find(({ client }) => client === who) ?? seekers[0];
  if (!seeker) return null;
  const { client } = seeker;
  const problem = seekProblem(kind, number, at);
  const seek = (event: Event): void => {
    event.preventDefault();
    const to = seekTo(kind, number);
    if (problem === null) void session.act(() => ({ do: 'seek', client, to }));
  };
  return (
    <form class="xp-send xp-below" onSubmit={seek}>
      <select
        aria-label="Consumer that seeks"
        disabled={!ready}
        value={client}
        onChange={(event) => setWho(event.currentTarget.value)}
      >
        {seekers.map((one) => (
          <option key={one.client} value={one.client} selected={one.client === client}>
            {one.label}
          </option>
        ))}
      </select>
      <select
        aria-label="Where to"
        disabled={!ready}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as SeekKind)}
      >
        {SEEKS.map(([id, label]) => (
          <option key={id} value={id} selected={id === kind}>
            to {label}
          </option>
        ))}
      </select>
      {(kind === 'offset' || kind === 'time') && (
        <input
          type="text"
          inputMode={kind === 'offset' ? 'numeric' : 'decimal'}
          class="xp-number"
          aria-label={kind === 'offset' ? 'Offset' : 'Time of the run, seconds'}
          aria-invalid={problem !== null}
          disabled={!ready}
          value={number}
          onInput={(event) => setNumber(event.currentTarget.value)}
        />
      )}
      <button type="submit" disabled={!ready || problem !== null} title={problem ?? undefined}>
        Seek
      </button>
      {problem !== null && (
        <p class="xp-refused">
          <small>{problem}</small>
        </p>
      )}
    </form>
  );
}
