/** The drawings that a comparison can show, each with its words. */
import type { ComponentType } from 'preact';
import type { StageKind } from '../../scenarios/experiment.ts';
import type { Drawing } from '../experiment/drawing.ts';
import { GroupsLegend } from '../experiment/kafka/GroupsLegend.tsx';
import { SharesLegend } from '../experiment/kafka/shares/Legend.tsx';
import '../experiment/kafka/shares/shares.css';
import { SharesStage } from '../experiment/kafka/shares/Stage.tsx';
import { summary as sharesSummary } from '../experiment/kafka/shares/words.ts';
import '../experiment/kafka/stage.css';
import { Stage as GroupsStage } from '../experiment/kafka/Stage.tsx';
import { summary as groupsSummary } from '../experiment/kafka/words.ts';
import { QueuesLegend } from '../experiment/rabbitmq/queues/Legend.tsx';
import '../experiment/rabbitmq/queues/queues.css';
import { QueuesStage } from '../experiment/rabbitmq/queues/Stage.tsx';
import { summary as queuesSummary } from '../experiment/rabbitmq/words.ts';

/** A drawing without the broker's desk: what is done here is done to both. */
export interface Picture extends Pick<Drawing, 'Stage' | 'summary'> {
  readonly Legend: ComponentType;
  /** What a message is called. */
  readonly message: string;
}

const QUEUES = {
  Stage: QueuesStage,
  summary: queuesSummary,
  Legend: QueuesLegend,
  message: 'message',
} satisfies Pick<Drawing<'rabbitmq'>, 'Stage' | 'summary' | 'Legend'> & { message: string };

const GROUPS = {
  Stage: GroupsStage,
  summary: groupsSummary,
  Legend: GroupsLegend,
  message: 'record',
} satisfies Pick<Drawing<'kafka'>, 'Stage' | 'summary' | 'Legend'> & { message: string };

const SHARES = {
  Stage: SharesStage,
  summary: sharesSummary,
  Legend: SharesLegend,
  message: 'record',
} satisfies Pick<Drawing<'kafka'>, 'Stage' | 'summary' | 'Legend'> & { message: string };

/** A stage is drawn of its own broker's views only: that is what an experiment's stage is. */
export function pictureOf(stage: StageKind): Picture {
  const picture: unknown = stage === 'queues' ? QUEUES : stage === 'shares' ? SHARES : GROUPS;
  return picture as Picture;
}
