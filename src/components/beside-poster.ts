/** Makes, at build time, what an island draws first that shows one workload on two brokers. Node only: it runs the simulator. */
import costs from '../../content/facts/costs.json' with { type: 'json' };
import { memberIds, type CarryRule } from '../brokers/workload.ts';
import { scenes, type Scene } from '../scenarios/beside/scenes.ts';
import type { CarryingBroker } from '../scenarios/compare.ts';
import { comparisonId } from '../scenarios/comparisons.ts';
import { currentOption } from '../scenarios/experiment.ts';
import type { Frame } from '../scenarios/frame.ts';
import { experimentById, scenarioById } from '../scenarios/library.ts';
import { setUp } from '../scenarios/playable.ts';
import { Playback } from '../scenarios/playback.ts';
import { workloads } from '../scenarios/workloads.ts';
import { fromMs } from '../sim/time.ts';
import { both, type BesidePoster, type Cost, type WorkloadsPoster } from '../widgets/comparison/poster.ts';
import type { Poster } from '../widgets/experiment/poster.ts';
import { experimentPoster } from './experiment-poster.ts';

/** Lines of the event lists that the page carries for each side. */
const RECENT_MAX = 6;

/** @param brief whether it is not the first of its page */
export function scenePoster(scene: Scene, brief = false): BesidePoster {
  const { id, title, question, workload } = scene;
  return {
    id,
    title,
    question,
    posters: both((side) => {
      const poster = experimentPoster(scene[side]);
      return { ...poster, frame: slim(poster.frame) };
    }),
    rules: scene.rules,
    brief,
    producers: workload.producers.flatMap(memberIds),
    consumers: workload.audiences.flatMap(memberIds),
    keys: keysIn(scene.queue),
  };
}

/** What a figure of two runs shows of a frame: no charts, and of the proofs the latest. */
function slim(frame: Frame): Frame {
  return {
    ...frame,
    recent: frame.recent.slice(-RECENT_MAX),
    series: { ...frame.series, backlog: [], processed: [], duplicates: [] },
    claims: frame.claims.map(({ verdict, ...claim }) => ({
      ...claim,
      verdict: 'evidence' in verdict ? { ...verdict, evidence: verdict.evidence.slice(-1) } : verdict,
    })),
  };
}

export const scenePosters = (): BesidePoster[] => scenes.map((scene, i) => scenePoster(scene, i > 0));

function keysIn(scenario: string): string[] {
  const found = scenarioById(scenario).clients.flatMap((client) =>
    'keys' in client && 'keys' in client.keys ? client.keys.keys : [],
  );
  return [...new Set(found)];
}

/** Events of a run that are seen before its first frame, as the worker does it. */
const LOOK_AHEAD_EVENTS = 12_000;

/** @param id a workload of the library */
export function workloadPoster(id: string): BesidePoster {
  const { workload } = workloads.get(id)!;
  const made = both((side) => carriedPoster(id, BROKER_OF[side]));
  return {
    id: 'compare',
    title: workload.title,
    question: workloads.get(id)!.about,
    posters: both((side) => made[side].poster),
    rules: both((side) => made[side].rules),
    brief: false,
    producers: workload.producers.flatMap(memberIds),
    consumers: workload.audiences.flatMap(memberIds).slice(0, CONSUMERS_MAX),
    keys: workload.producers.some(({ keys }) => keys) ? ['k1', 'k2', 'k3'] : [],
  };
}

const BROKER_OF = { queue: 'rabbitmq', stream: 'kafka' } as const;
/** Of a large audience the reader may crash so many. */
const CONSUMERS_MAX = 4;

function carriedPoster(id: string, broker: CarryingBroker): { poster: Poster; rules: readonly CarryRule[] } {
  const experiment = experimentById(comparisonId(id, broker));
  const { scenario, claims, parts, rules, outcome } = setUp({
    experiment: experiment.id,
    seed: null,
    knobs: {},
    actions: [],
  });
  const playback = new Playback(scenario, [], claims, parts, outcome);
  playback.seek(Infinity, LOOK_AHEAD_EVENTS);
  playback.seek(fromMs(experiment.posterMs));
  const frame = playback.frame();
  const chosen = new Map(rules.map((rule) => [rule.id, rule.chosen]));
  const knobs = Object.fromEntries(
    experiment.knobs.map((knob) => [knob.id, chosen.get(knob.id) ?? currentOption(scenario, knob)]),
  );
  const poster = {
    experiment,
    frame: slim(frame),
    knobs,
    compact: false,
  };
  return { poster, rules };
}

type Sources = typeof costs.sources;
interface CostOfFile {
  readonly means: string;
  readonly derived: string;
  readonly from: readonly { readonly source: string; readonly figure: string }[];
}

function costsOf(entries: Readonly<Record<string, CostOfFile>>): Cost[] {
  return Object.entries(entries).map(([id, { means, derived, from }]) => ({
    id,
    means,
    derived,
    from: from.map(({ source, figure }) => {
      const { title, by, url } = costs.sources[source as keyof Sources];
      return { title, by, url, figure };
    }),
  }));
}

/**
 * What the page of workloads is given.
 * @param chosen the workload that it shows first
 * @param base the address under which the other posters lie
 */
export function workloadsPoster(chosen: string, base: string): WorkloadsPoster {
  return {
    chosen,
    workloads: [...workloads].map(([id, { workload }]) => ({ id, title: workload.title })),
    first: workloadPoster(chosen),
    costs: both((side) => costsOf(costs.brokers[BROKER_OF[side]])),
    network: costsOf(costs.workload)[0]!,
    base,
  };
}
