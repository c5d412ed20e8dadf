/** What the build hands an experiment's island: enough for its first frame, which both sides draw alike. */
import type { Experiment } from '../../scenarios/experiment.ts';
import type { Frame } from '../../scenarios/frame.ts';

export interface Poster {
  readonly experiment: Experiment;
  readonly frame: Frame;
  /** The option that each knob stands at in the scenario itself; null where it is none of the offered. */
  readonly knobs: Readonly<Record<string, string | null>>;
  /** For a page's figure: stage, caption and transport only. */
  readonly compact: boolean;
}
