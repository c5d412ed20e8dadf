/** The island of experiments whose stage shows a log in detail. */
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing } from '../drawing.ts';
import '../kafka/stage.css';
import { LogLegend } from '../kafka/log/Legend.tsx';
import '../kafka/log/log.css';
import { LogStage } from '../kafka/log/Stage.tsx';
import { kafkaSide } from '../kafka/side.ts';
import { summary } from '../kafka/log/words.ts';

const drawing: Drawing<'kafka'> = { side: kafkaSide, Stage: LogStage, summary, Legend: LogLegend };

export default function Log({ poster }: { poster: string }) {
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
