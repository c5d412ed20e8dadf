/** The island of experiments whose stage shows publishers, exchanges, queues and consumers. */
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing } from '../drawing.ts';
import '../kafka/stage.css';
import { QueuesLegend } from '../rabbitmq/queues/Legend.tsx';
import '../rabbitmq/queues/queues.css';
import { QueuesStage } from '../rabbitmq/queues/Stage.tsx';
import { rabbitmqSide } from '../rabbitmq/side.ts';
import { summary } from '../rabbitmq/words.ts';

const drawing: Drawing<'rabbitmq'> = {
  side: rabbitmqSide,
  Stage: QueuesStage,
  summary,
  Legend: QueuesLegend,
};

export default function Queues({ poster }: { poster: string }) {
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
