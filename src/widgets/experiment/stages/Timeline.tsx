/** The island of experiments whose stage shows who reads what and when. */
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing } from '../drawing.ts';
import '../kafka/stage.css';
import { TimelineLegend } from '../kafka/timeline/Legend.tsx';
import '../kafka/timeline/timeline.css';
import { TimelineStage } from '../kafka/timeline/Stage.tsx';
import { kafkaSide } from '../kafka/side.ts';
import { summary } from '../kafka/timeline/words.ts';

const drawing: Drawing<'kafka'> = { side: kafkaSide, Stage: TimelineStage, summary, Legend: TimelineLegend };

export default function Timeline({ poster }: { poster: string }) {
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
