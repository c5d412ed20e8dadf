/** RabbitMQ's side of the frame: what the reader may do, and in which words. */
import type { ActionOf } from '../../../scenarios/schema.ts';
import type { Controls, Moment, Section } from '../controls.ts';
import type { BrokerSide } from '../drawing.ts';
import { commonWords, typedWords } from '../words.ts';
import {
  addConsumers,
  bindingRows,
  consumerRows,
  exchangeRows,
  hasOf,
  nodeRows,
  publisherRows,
  queueRows,
} from './controls.ts';
import {
  benchPublishForm,
  bindForm,
  declareExchangeForm,
  declareQueueForm,
  publishForm,
  type Picked,
} from './forms.ts';
import { exchangeName } from './words.ts';

const NOTHING_PICKED: Picked = { exchange: null, destination: null, serial: 0 };

export const rabbitmqSide: BrokerSide<'rabbitmq'> = {
  message: 'message',
  spans: 'times without a leader and under an alarm',
  controls: (moment) => controls(moment, NOTHING_PICKED),
  actionWords,
  console: async () => (await import('./console.ts')).rabbitmqConsoleSide,
};

/** @param picked what is picked in the picture, read whenever the controls are made */
export function benchSide(picked: () => Picked): BrokerSide<'rabbitmq'> {
  return { ...rabbitmqSide, controls: (moment) => controls(moment, picked()) };
}

function controls(moment: Moment<'rabbitmq'>, picked: Picked): Controls {
  const { view, offered } = moment;
  const has = hasOf(offered);
  const bench = has('declare');
  const running = view.publishers.some(({ state }) => state === 'running');
  const sections: readonly Section[] = [
    {
      title: 'Bindings',
      of: 'broker',
      rows: bindingRows(moment),
      buttons: [],
      forms: bench && view.exchanges.length > 0 ? [bindForm(view, picked)] : [],
    },
    {
      title: 'Exchanges',
      of: 'broker',
      rows: exchangeRows(moment),
      buttons: [],
      forms: bench ? [declareExchangeForm(view)] : [],
    },
    {
      title: 'Queues',
      of: 'broker',
      rows: queueRows(moment),
      buttons: [],
      forms: bench ? [declareQueueForm(view)] : [],
    },
    { title: 'Nodes', of: 'broker', rows: nodeRows(moment), buttons: [], forms: [] },
    { title: 'Publishers', of: 'producer', rows: publisherRows(moment), buttons: [], forms: [] },
    { title: 'Consumers', of: 'consumer', rows: consumerRows(moment), buttons: [], forms: [] },
  ];
  return {
    intervene: {
      forms: has('publish') && running ? [bench ? benchPublishForm(view) : publishForm(view)] : [],
      buttons: addConsumers(moment),
    },
    sections: sections.filter(({ rows, buttons, forms }) => rows.length + buttons.length + forms.length > 0),
  };
}

function actionWords(action: ActionOf<'rabbitmq'>, nameOf: (id: string) => string): string {
  switch (action.do) {
    case 'publish': {
      const to = action.exchange === undefined ? '' : ` to ${exchangeName(action.exchange)}`;
      const what =
        action.routingKey === undefined
          ? `with key ${action.key ?? 'none'}`
          : `as ${action.routingKey === '' ? '""' : action.routingKey}`;
      return `publish ${action.count === 1 ? 'a message' : `${action.count} messages`}${to} ${what}`;
    }
    case 'declare-exchange':
      return `declare exchange ${action.exchange.name} (${action.exchange.type})`;
    case 'delete-exchange':
      return `delete exchange ${action.name}`;
    case 'declare-queue':
      return `declare queue ${action.queue.name}`;
    case 'delete-queue':
      return `delete queue ${action.name}`;
    case 'purge-queue':
      return `purge ${action.name}`;
    case 'bind':
    case 'unbind':
      return `${action.do} ${action.binding.source} → ${action.binding.destination}${action.binding.routingKey === '' ? '' : ` by ${action.binding.routingKey}`}`;
    case 'set-policy':
      return `set policy ${action.policy.name}`;
    case 'clear-policy':
      return `clear policy ${action.name}`;
    case 'alarm':
      return `${action.on ? 'raise' : 'end'} the ${action.resource} alarm of ${nameOf(`rabbit-${action.node}`)}`;
    case 'cancel':
      return `cancel ${nameOf(action.client)}`;
    case 'type':
    case 'key':
      return typedWords(action);
    case 'close':
      return `${action.target.startsWith('rabbit-') ? 'stop' : 'close'} ${nameOf(action.target)}`;
    default:
      return commonWords(action, nameOf);
  }
}
