/**
 * Whole workloads on both brokers: one of the library is chosen, carried to each by rules that can be changed, run side by
 * side, and judged by checkers that know no broker. What work takes is a model, and every figure of it can be turned.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { simulator } from '../../client/page.ts';
import { shortSeconds } from '../experiment/words.ts';
import { BesideFrame } from './Beside.tsx';
import { Duo } from './duo.ts';
import { GROUPS } from './outcome.ts';
import { BROKERS, SIDES, type BesidePoster, type Cost, type Side, type WorkloadsPoster } from './poster.ts';
import { Rules } from './Rules.tsx';

/** @param poster a {@link WorkloadsPoster} as JSON */
export default function Workloads({ poster }: { poster: string }) {
  const page = useMemo(() => JSON.parse(poster) as WorkloadsPoster, [poster]);
  const [chosen, setChosen] = useState(page.chosen);
  const [duo, setDuo] = useState(() => new Duo(page.first, simulator()));
  const [addressed, setAddressed] = useState(false);
  const [ready, setReady] = useState(false);
  const latest = useRef(page.chosen);

  /** Shows another workload. @returns whether it is there */
  const load = async (id: string): Promise<boolean> => {
    latest.current = id;
    try {
      const next = id === page.chosen ? page.first : await fetched(page.base, id);
      // Another one was chosen meanwhile.
      if (latest.current !== id) return false;
      setDuo(new Duo(next, simulator()));
      setChosen(id);
      return true;
    } catch {
      if (latest.current !== id) return false;
      latest.current = chosen;
      duo.error.value = 'This workload could not be loaded. The figure shows the one before.';
      return false;
    }
  };
  useEffect(() => {
    setReady(true);
    const run = new URLSearchParams(location.search).get('run');
    if (run === null || location.hash.slice(1) !== duo.poster.id) return;
    simulator()
      .readAddress(run)
      .then(
        async ({ experiment }) => {
          const id = page.workloads.find((each) => experiment === `compare-${each.id}-rabbitmq`)?.id;
          // What is of no workload, the figure itself tells of.
          if (id === undefined || id === page.chosen || (await load(id))) setAddressed(true);
        },
        () => setAddressed(true),
      );
    // Once: what the reader chooses later is no longer of the address.
  }, []);

  return (
    <>
      <label class="xb-choice not-content">
        <span>Workload</span>
        <select
          value={chosen}
          disabled={!ready}
          onChange={(event) => {
            const select = event.currentTarget;
            setAddressed(false);
            // One that does not come is not shown as chosen.
            void load(select.value).then(() => (select.value = latest.current));
          }}
        >
          {page.workloads.map(({ id, title }) => (
            <option key={id} value={id} selected={id === chosen}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <BesideFrame key={chosen} duo={duo} addressed={addressed}>
        <Outcomes duo={duo} />
        <Carrying duo={duo} ready={ready} />
        <Costs duo={duo} ready={ready} page={page} />
      </BesideFrame>
    </>
  );
}

async function fetched(base: string, id: string): Promise<BesidePoster> {
  const response = await fetch(`${base}${id}.json`);
  if (!response.ok) throw new Error(response.statusText);
  return (await response.json()) as BesidePoster;
}

function Outcomes({ duo }: { duo: Duo }) {
  const outcomes = SIDES.map((side) => duo.told.value[side].outcome);
  return (
    <section class="xb-part" aria-label="What it has come to">
      <h4>What it has come to by {shortSeconds(duo.told.value.queue.at)}</h4>
      <div class="xb-pair xb-outcomes">
        {GROUPS.map(({ title, rows }) => (
          <table key={title} class="xb-outcome">
            <thead>
              <tr>
                <th scope="col">{title}</th>
                {SIDES.map((side) => (
                  <th key={side} scope="col">
                    {BROKERS[side]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, means, value, bad }) => (
                <tr key={name}>
                  <th scope="row">
                    {name} {means !== '' && <small>{means}</small>}
                  </th>
                  {outcomes.map((outcome, i) => (
                    <td key={SIDES[i]} class={outcome && bad(outcome) ? 'xb-bad' : ''}>
                      {outcome ? value(outcome) : '–'}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </section>
  );
}

interface Props {
  readonly duo: Duo;
  readonly ready: boolean;
}

function Carrying({ duo, ready }: Props) {
  return (
    <section class="xb-part" aria-label="How it is carried">
      <div class="xb-pair">
        {SIDES.map((side) => (
          <section key={side}>
            <h4>How it is carried to {BROKERS[side]}</h4>
            <Rules
              rules={duo.sides[side].about.value?.rules ?? duo.poster.rules[side]}
              choose={(rule, option) => void duo.turn([side], rule, option)}
              ready={ready}
            />
          </section>
        ))}
      </div>
    </section>
  );
}

function Costs({ duo, ready, page }: Props & { page: WorkloadsPoster }) {
  return (
    <section class="xb-part" aria-label="What work takes">
      <h4>What work takes</h4>
      <p class="xb-note">
        These figures are a model of each system’s work, not a measurement of yours. Latency and throughput
        above follow from them; what is lost, repeated or out of order mostly does not.
      </p>
      <CostLine cost={page.network} sides={SIDES} duo={duo} ready={ready} />
      <div class="xb-pair">
        {SIDES.map((side) => (
          <section key={side}>
            <h4>{BROKERS[side]}</h4>
            {page.costs[side].map((cost) => (
              <CostLine key={cost.id} cost={cost} sides={[side]} duo={duo} ready={ready} />
            ))}
          </section>
        ))}
      </div>
    </section>
  );
}

function CostLine({ cost, sides, duo, ready }: Props & { cost: Cost; sides: readonly Side[] }) {
  const { id, means, derived, from } = cost;
  const [side = 'queue'] = sides;
  const { knobs, experiment } = duo.poster.posters[side];
  const knob = experiment.knobs.find((each) => each.id === id);
  if (!knob) return null;
  const value = duo.sides[side].knobs.value[id] ?? knobs[id] ?? '';
  return (
    <div class="xb-cost">
      <label>
        <code>{knob.name}</code>
        <select
          value={value}
          disabled={!ready}
          onChange={(event) => void duo.turn(sides, id, event.currentTarget.value)}
        >
          {knob.options.map((option) => (
            <option key={option.id} value={option.id} selected={option.id === value}>
              {option.label}
            </option>
          ))}
        </select>
      </label>
      <p>{means}</p>
      <details>
        <summary>Where the figure comes from</summary>
        <ul>
          {from.map(({ title, by, url, figure }) => (
            <li key={`${url} ${figure}`}>
              {figure}: <a href={url}>{title}</a>, {by}
            </li>
          ))}
        </ul>
        <p>{derived}</p>
      </details>
    </div>
  );
}
