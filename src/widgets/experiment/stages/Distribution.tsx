/** The island of experiments whose stage shows how records spread over partitions. */
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing } from '../drawing.ts';
import '../kafka/stage.css';
import '../kafka/distribution/distribution.css';
import { DistributionLegend } from '../kafka/distribution/Legend.tsx';
import { DistributionStage } from '../kafka/distribution/Stage.tsx';
import { kafkaSide } from '../kafka/side.ts';
import { summary } from '../kafka/distribution/words.ts';

const drawing: Drawing<'kafka'> = {
  side: kafkaSide,
  Stage: DistributionStage,
  summary,
  Legend: DistributionLegend,
};

export default function Distribution({ poster }: { poster: string }) {
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
