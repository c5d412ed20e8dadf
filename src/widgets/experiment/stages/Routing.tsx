/** The island of the routing bench: what is picked in its picture stands in the form that binds. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { ExperimentFrame } from '../Experiment.tsx';
import type { Drawing, StageProps } from '../drawing.ts';
import '../kafka/stage.css';
import type { Picked } from '../rabbitmq/forms.ts';
import '../rabbitmq/queues/queues.css';
import { RoutingLegend } from '../rabbitmq/routing/Legend.tsx';
import '../rabbitmq/routing/routing.css';
import { RoutingStage, type Pick } from '../rabbitmq/routing/Stage.tsx';
import { summary } from '../rabbitmq/routing/words.ts';
import { benchSide } from '../rabbitmq/side.ts';

/** The field that is filled in once both ends of a binding are picked. */
const KEY_FIELD =
  ':is([aria-label="Routing key of the binding"], [aria-label="Header arguments of the binding"])';

export default function Routing({ poster }: { poster: string }) {
  const picked = useSignal<Picked>({ exchange: null, destination: null, serial: 0 });
  const drawing = useMemo((): Drawing<'rabbitmq'> => {
    const pick = ({ kind, name }: Pick, at: Element): void => {
      const { exchange, destination, serial } = picked.value;
      const next =
        kind === 'exchange'
          ? { exchange: name, destination: null, serial: serial + 1 }
          : { exchange, destination: name, serial: serial + 1 };
      picked.value = next;
      // Both ends are there: the key is what is left to be said.
      const figure = at.closest('figure');
      if (kind === 'queue' && exchange !== null && name !== destination)
        setTimeout(() => figure?.querySelector<HTMLElement>(KEY_FIELD)?.focus());
    };
    const Stage = (props: StageProps<'rabbitmq'>) => {
      const { exchange, destination } = picked.value;
      const last: Pick | null =
        destination !== null
          ? { kind: 'queue', name: destination }
          : exchange === null
            ? null
            : { kind: 'exchange', name: exchange };
      return <RoutingStage {...props} picked={last} onPick={props.onCell === null ? null : pick} />;
    };
    return { side: benchSide(() => picked.value), Stage, summary, Legend: RoutingLegend };
  }, [picked]);
  return <ExperimentFrame poster={poster} drawing={drawing} />;
}
