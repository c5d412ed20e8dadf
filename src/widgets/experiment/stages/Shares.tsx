/** The island of experiments whose stage shows what a share group holds, beside consumer groups. */
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing } from '../drawing.ts';
import '../kafka/stage.css';
import { SharesLegend } from '../kafka/shares/Legend.tsx';
import '../kafka/shares/shares.css';
import { SharesStage } from '../kafka/shares/Stage.tsx';
import { kafkaSide } from '../kafka/side.ts';
import { summary } from '../kafka/shares/words.ts';

const drawing: Drawing<'kafka'> = { side: kafkaSide, Stage: SharesStage, summary, Legend: SharesLegend };

export default function Shares({ poster }: { poster: string }) {
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
