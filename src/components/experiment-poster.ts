/** Makes, at build time, what an experiment's island draws first. Node only: it runs the simulator. */
import { currentOption } from '../scenarios/experiment.ts';
import { experimentById } from '../scenarios/library.ts';
import { setUp } from '../scenarios/playable.ts';
import { Playback } from '../scenarios/playback.ts';
import { fromMs } from '../sim/time.ts';
import type { Poster } from '../widgets/experiment/poster.ts';

/** Lines of the event list that the page carries; the worker has them all. */
const RECENT_MAX = 14;

export interface PosterOptions {
  /** Shows this moment instead of the experiment's own, milliseconds. */
  readonly atMs?: number | undefined;
  readonly compact?: boolean | undefined;
}

/**
 * @param id an experiment of the library
 * @throws InvalidInput for an id that the library does not have, and lists those there are
 */
export function experimentPoster(id: string, { atMs, compact = false }: PosterOptions = {}): Poster {
  const experiment = experimentById(id);
  const { scenario, claims, parts } = setUp({ experiment: id, seed: null, knobs: {}, actions: [] });
  const playback = new Playback(scenario, [], claims, parts);
  // To the end first: so the timeline knows what is to come.
  playback.seek(Infinity);
  playback.seek(fromMs(atMs ?? experiment.posterMs));
  const frame = playback.frame();
  if (frame.failure !== null) {
    throw new Error(`Experiment "${id}" fails before its first frame: ${frame.failure}`);
  }
  const knobs = Object.fromEntries(experiment.knobs.map((knob) => [knob.id, currentOption(scenario, knob)]));
  // A figure that begins at the moment of an answer does not ask for it first.
  const shown = atMs === undefined ? experiment : { ...experiment, predict: null };
  return {
    experiment: shown,
    frame: { ...frame, recent: frame.recent.slice(-RECENT_MAX) },
    knobs,
    compact,
  };
}
