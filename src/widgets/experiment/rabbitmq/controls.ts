/** What the reader may do to a RabbitMQ run at the moment shown, and the action that each button stands for. Pure. */
import type { ConsumerView, NodeView, RabbitmqView } from '../../../brokers/rabbitmq/view-types.ts';
import type { AboutOf } from '../../../client/client.ts';
import type { Control } from '../../../scenarios/experiment.ts';
import type { ActionOf, ClientOf } from '../../../scenarios/schema.ts';
import {
  buttonsOf,
  cutLinks,
  cutOrHeal,
  type Button,
  type Moment,
  type ProcessControls,
} from '../controls.ts';
import { DRAWN, exchangeName, nodeLabel } from './words.ts';

export type RabbitmqAction = ActionOf<'rabbitmq'>;
type Consumer = Extract<ClientOf<'rabbitmq'>, { role: 'consumer' }>;
type Has = (control: Control) => boolean;

/** Bindings of the bench that are listed, to be taken out. */
const BINDINGS_LISTED_MAX = 14;

export function hasOf(offered: readonly Control[]): Has {
  return (control) => offered.includes(control);
}

export function nodeRows({ view, offered, actions, now }: Moment<'rabbitmq'>): ProcessControls[] {
  const has = hasOf(offered);
  const cut = cutLinks(actions, now);
  return view.nodes
    .map((node) => ({ id: node.id, label: nodeLabel(node.id), buttons: nodeButtons(node, view, has, cut) }))
    .filter(({ buttons }) => buttons.length > 0);
}

function nodeButtons(node: NodeView, { nodes }: RabbitmqView, has: Has, cut: ReadonlySet<string>): Button[] {
  const { id, state, up, alarms } = node;
  const label = nodeLabel(id);
  const button = buttonsOf(id, label);
  const buttons: Button[] = [];
  if (has('crash-node') && up) buttons.push(button('crash', true));
  if (has('pause-node') && state === 'running') buttons.push(button('pause', true));
  if (state === 'paused') buttons.push(button('resume'));
  if (has('stop-node') && up)
    buttons.push({
      id: `stop-${id}`,
      label: 'Stop',
      words: `Stop ${label} in good order`,
      fault: false,
      refused: state === 'paused' ? 'a paused node cannot stop in good order' : null,
      action: { do: 'close', target: id },
    });
  if (has('restart-node') && !up) buttons.push(button('restart'));
  if (has('cut-node') && up && nodes.length > 1) {
    const ends = nodes.filter((other) => other.id !== id).map((other) => other.id);
    buttons.push(
      cutOrHeal(id, ends, cut, {
        cut: 'Cut off from the cluster',
        heal: 'Heal links',
        words: (verb) =>
          `${verb === 'Heal' ? 'Heal links' : 'Cut off from the cluster'}: ${label}, which its clients reach all the while`,
      }),
    );
  }
  if (has('alarm') && up) {
    const on = !alarms.includes('memory');
    buttons.push({
      id: `alarm-${id}`,
      label: on ? 'Memory alarm' : 'End memory alarm',
      words: `${on ? 'Memory alarm' : 'End memory alarm'} on ${label}`,
      fault: on,
      refused: null,
      action: { do: 'alarm', node: Number(id.slice(id.lastIndexOf('-') + 1)), resource: 'memory', on },
    });
  }
  return buttons;
}

export function publisherRows({ view, offered }: Moment<'rabbitmq'>): ProcessControls[] {
  const has = hasOf(offered);
  return view.publishers
    .map(({ id, label, state }) => {
      const button = buttonsOf(id, label);
      const buttons: Button[] = [];
      if (has('crash-producer') && (state === 'running' || state === 'paused'))
        buttons.push(button('crash', true));
      if (has('pause-producer') && state === 'running') buttons.push(button('pause', true));
      if (state === 'paused' && (has('pause-producer') || has('crash-producer')))
        buttons.push(button('resume'));
      if (has('restart-producer') && (state === 'crashed' || state === 'closed'))
        buttons.push(button('restart'));
      return { id, label, buttons };
    })
    .filter(({ buttons }) => buttons.length > 0);
}

export function consumerRows(moment: Moment<'rabbitmq'>): ProcessControls[] {
  const { view, offered, actions, now } = moment;
  const has = hasOf(offered);
  const cut = cutLinks(actions, now);
  return [...view.consumers]
    .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }))
    .map((consumer) => ({
      id: consumer.id,
      label: consumer.label,
      buttons: consumerButtons(consumer, view.nodes, has, cut),
    }))
    .filter(({ buttons }) => buttons.length > 0);
}

function consumerButtons(
  { id, label, state, subscriptions }: ConsumerView,
  nodes: readonly NodeView[],
  has: Has,
  cut: ReadonlySet<string>,
): Button[] {
  const button = buttonsOf(id, label);
  const buttons: Button[] = [];
  const running = state === 'running';
  if (has('crash-consumer') && (running || state === 'paused')) buttons.push(button('crash', true));
  if (has('pause-consumer') && running) buttons.push(button('pause', true));
  if (state === 'paused') buttons.push(button('resume'));
  if (has('cancel-consumer') && running)
    buttons.push({
      id: `cancel-${id}`,
      label: 'Cancel',
      words: `Cancel ${label}: it keeps its channel, and what it has`,
      fault: false,
      refused: subscriptions.length === 0 ? 'it does not consume' : null,
      action: { do: 'cancel', client: id },
    });
  if (has('close-consumer') && running) buttons.push(button('close'));
  if (has('restart-consumer') && (state === 'crashed' || state === 'closed')) buttons.push(button('restart'));
  if (has('cut-link') && running)
    buttons.push(
      cutOrHeal(
        id,
        nodes.map((node) => node.id),
        cut,
        {
          cut: nodes.length > 1 ? 'Cut links' : 'Cut link',
          heal: nodes.length > 1 ? 'Heal links' : 'Heal link',
          words: (verb) => `${verb} link${nodes.length > 1 ? 's' : ''} between ${label} and the broker`,
        },
      ),
    );
  return buttons;
}

/** One button for each queue that somebody consumes: another consumer like one that it has. */
export function addConsumers({ view, offered, about, actions }: Moment<'rabbitmq'>): Button[] {
  if (!hasOf(offered)('add-consumer')) return [];
  // Those that the reader added count, though the run may not have met them yet at the moment shown.
  const added = actions.flatMap(({ action }) => (action.do === 'join' ? [action.client] : []));
  const queues = [...new Set(view.consumers.flatMap((consumer) => consumer.queues))];
  const ids = new Set([...view.consumers.map(({ id }) => id), ...added.map(({ id }) => id)]);
  return queues.map((queue): Button => {
    const label = queues.length === 1 ? 'Add consumer' : `Add consumer to ${queue}`;
    const base = {
      id: `add-consumer-${queue}`,
      label,
      words: queues.length === 1 ? `Add consumer to ${queue}` : label,
      fault: false,
    };
    if (ids.size >= DRAWN.consumers)
      return { ...base, refused: `the figure shows at most ${DRAWN.consumers} consumers`, action: null };
    const template = templateFor(queue, about);
    if (!template) return { ...base, refused: null, action: null };
    const taken = new Set([...ids, ...(about?.clients ?? []).map(({ id }) => id)]);
    // Ids go on as they began: worker-1 and worker-2 are followed by worker-3.
    const stem = /\d$/.test(template.id) ? template.id.replace(/\d+$/, '') : `${template.id}-`;
    let n = 1;
    while (taken.has(`${stem}${n}`)) n++;
    const { label: _, ...rest } = template;
    return {
      ...base,
      refused: null,
      action: { do: 'join', client: { ...rest, id: `${stem}${n}`, startMs: 0 } },
    };
  });
}

function templateFor(queue: string, about: AboutOf<'rabbitmq'> | null): Consumer | undefined {
  return about?.clients.find(
    (client): client is Consumer => client.role === 'consumer' && client.queues.includes(queue),
  );
}

export function queueRows({ view, offered }: Moment<'rabbitmq'>): ProcessControls[] {
  const has = hasOf(offered);
  return view.queues.slice(0, DRAWN.queues).flatMap(({ name, type, ready }) => {
    const buttons: Button[] = [];
    if (has('purge-queue'))
      buttons.push({
        id: `purge-${name}`,
        label: 'Purge',
        words: `Purge ${name}: what is ready in it is gone`,
        fault: false,
        refused:
          type === 'stream' ? 'a stream cannot be purged' : ready === 0 ? 'nothing is ready in it' : null,
        action: { do: 'purge-queue', name },
      });
    if (has('declare'))
      buttons.push(deletion(`delete-queue-${name}`, `queue ${name}`, { do: 'delete-queue', name }));
    return buttons.length === 0 ? [] : [{ id: `queue-${name}`, label: name, buttons }];
  });
}

export function exchangeRows({ view, offered }: Moment<'rabbitmq'>): ProcessControls[] {
  if (!hasOf(offered)('declare')) return [];
  return view.exchanges
    .filter(({ name }) => name !== '' && !name.startsWith('amq.'))
    .map(({ name, type }) => ({
      id: `exchange-${name}`,
      label: name,
      note: type,
      buttons: [deletion(`delete-exchange-${name}`, `exchange ${name}`, { do: 'delete-exchange', name })],
    }));
}

export function bindingRows({ view, offered }: Moment<'rabbitmq'>): ProcessControls[] {
  if (!hasOf(offered)('declare')) return [];
  return view.bindings
    .filter(({ source }) => source !== '')
    .slice(0, BINDINGS_LISTED_MAX)
    .map((binding) => {
      const { source, destination, to, routingKey, arguments: args } = binding;
      const asked = Object.keys(args).length > 0 ? JSON.stringify(args) : routingKey === '' ? '' : routingKey;
      const way = `${exchangeName(source)} → ${destination}`;
      return {
        id: `binding-${binding.id}`,
        label: way,
        ...(asked === '' ? {} : { note: asked }),
        buttons: [
          {
            id: `unbind-${binding.id}`,
            label: 'Unbind',
            words: `Unbind ${way}${asked === '' ? '' : ` by ${asked}`}`,
            fault: false,
            refused: null,
            action: {
              do: 'unbind',
              binding: { source, destination, destinationType: to, routingKey, arguments: args },
            } as const,
          },
        ],
      };
    });
}

function deletion(id: string, what: string, action: RabbitmqAction): Button {
  return { id, label: 'Delete', words: `Delete ${what}`, fault: false, refused: null, action };
}
