/** The island of experiments whose stage shows producers, partitions and groups. */
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing } from '../drawing.ts';
import { GroupsLegend } from '../kafka/GroupsLegend.tsx';
import '../kafka/stage.css';
import { Stage } from '../kafka/Stage.tsx';
import { kafkaSide } from '../kafka/side.ts';
import { summary } from '../kafka/words.ts';

const drawing: Drawing<'kafka'> = { side: kafkaSide, Stage, summary, Legend: GroupsLegend };

export default function Groups({ poster }: { poster: string }) {
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
