/** The island of experiments whose stage shows partitions as their copies. */
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing } from '../drawing.ts';
import '../kafka/stage.css';
import { ReplicasLegend } from '../kafka/replicas/Legend.tsx';
import '../kafka/replicas/replicas.css';
import { ReplicasStage } from '../kafka/replicas/Stage.tsx';
import { kafkaSide } from '../kafka/side.ts';
import { summary } from '../kafka/replicas/words.ts';

const drawing: Drawing<'kafka'> = { side: kafkaSide, Stage: ReplicasStage, summary, Legend: ReplicasLegend };

export default function Replicas({ poster }: { poster: string }) {
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
