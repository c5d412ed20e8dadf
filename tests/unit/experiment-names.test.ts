// What a button is called where it is only heard contains the words that are seen on it, so that who speaks to the page
// can say what they see (WCAG 2.5.3).
import { expect, test } from 'vitest';
import { experimentPoster } from '../../src/components/experiment-poster.ts';
import { experiments } from '../../src/scenarios/library.ts';
import { everyButton } from '../../src/widgets/experiment/controls.ts';
import type { BrokerSide } from '../../src/widgets/experiment/drawing.ts';
import { kafkaSide } from '../../src/widgets/experiment/kafka/side.ts';
import { benchSide, rabbitmqSide } from '../../src/widgets/experiment/rabbitmq/side.ts';

test.each(experiments.map(({ id }) => id))('%s', (id) => {
  const { frame, experiment } = experimentPoster(id);
  const picked = { exchange: null, destination: null, serial: 0 };
  const side =
    experiment.stage === 'routing'
      ? benchSide(() => picked)
      : ['queues', 'quorum'].includes(experiment.stage)
        ? rabbitmqSide
        : kafkaSide;
  const controls = (side as unknown as BrokerSide).controls({
    view: frame.view,
    offered: experiment.controls,
    about: null,
    actions: [],
    now: frame.at,
  });
  const forms = [...controls.intervene.forms, ...controls.sections.flatMap((section) => section.forms)];
  const buttons = [...everyButton(controls), ...forms.flatMap((form) => form.fill({}).buttons)];
  for (const { label, words } of buttons) expect(words.toLowerCase()).toContain(label.toLowerCase());
});
