/** The island of experiments whose stage shows queues as their replicas on the nodes of a cluster. */
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing } from '../drawing.ts';
import '../kafka/stage.css';
import '../rabbitmq/queues/queues.css';
import { QuorumLegend } from '../rabbitmq/quorum/Legend.tsx';
import '../rabbitmq/quorum/quorum.css';
import { QuorumStage } from '../rabbitmq/quorum/Stage.tsx';
import { summary } from '../rabbitmq/quorum/words.ts';
import { rabbitmqSide } from '../rabbitmq/side.ts';

const drawing: Drawing<'rabbitmq'> = {
  side: rabbitmqSide,
  Stage: QuorumStage,
  summary,
  Legend: QuorumLegend,
};

export default function Quorum({ poster }: { poster: string }) {
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
