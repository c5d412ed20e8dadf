/** Kafka's side of the frame: what the reader may do, in which words, and its console. */
import type { ActionOf } from '../../../scenarios/schema.ts';
import type { Controls, Moment, ProcessControls, Section } from '../controls.ts';
import type { BrokerSide } from '../drawing.ts';
import { commonWords, shortSeconds, typedWords } from '../words.ts';
import { controlsFor, type MemberControls } from './controls.ts';
import { seekForm, sendForm } from './forms.ts';

export const kafkaSide: BrokerSide<'kafka'> = {
  message: 'record',
  spans: 'rebalances',
  controls,
  actionWords,
  console: async () => (await import('./console.ts')).kafkaConsoleSide,
};

function controls({ view, offered, about, actions, now }: Moment<'kafka'>): Controls {
  const all = controlsFor(view, offered, about, actions, now);
  const sections: readonly Section[] = [
    { title: 'Brokers', of: 'broker', rows: all.brokers, buttons: all.elections, forms: [] },
    { title: 'Producers', of: 'producer', rows: all.producers, buttons: [], forms: [] },
    {
      title: 'Consumers',
      of: 'consumer',
      rows: byGroup(all.members),
      buttons: [],
      forms: all.seek.length > 0 ? [seekForm(all.seek, now)] : [],
    },
  ];
  return {
    intervene: { forms: all.produce.length > 0 ? [sendForm(all)] : [], buttons: all.general },
    sections: sections.filter(({ rows, buttons, forms }) => rows.length + buttons.length + forms.length > 0),
  };
}

/** Those that can be asked for something; where there are several groups, the first of each says which it is. */
function byGroup(members: readonly MemberControls[]): ProcessControls[] {
  const several = new Set(members.map(({ group }) => group)).size > 1;
  const rows = members.filter(({ buttons }) => buttons.length > 0);
  return rows.map(({ id, label, group, buttons }, i) => ({
    id,
    label,
    buttons,
    ...(several && group !== rows[i - 1]?.group ? { note: group } : {}),
  }));
}

function actionWords(action: ActionOf<'kafka'>, nameOf: (id: string) => string): string {
  switch (action.do) {
    case 'produce':
      return `send ${action.value === null ? 'a tombstone' : action.count === 1 ? 'a record' : `${action.count} records`} ${action.key === null ? 'without a key' : `with key ${action.key}`}`;
    case 'create-partitions':
      return `raise ${action.topic} to ${action.total} partitions`;
    case 'alter-configs':
      return `set ${Object.entries(action.config)
        .map(([name, value]) => `${name} to ${String(value ?? 'its default')}`)
        .join(', ')} of ${action.topic}`;
    case 'elect-leaders':
      return `elect ${action.election === 'unclean' ? 'any leader there is' : 'preferred leaders'} for ${action.topic}${action.partition === undefined ? '' : `-${action.partition}`}`;
    case 'seek':
      return `${nameOf(action.client)} seeks to ${seekWords(action.to)}`;
    case 'commit':
      return `${nameOf(action.client)} commits`;
    case 'pause-partitions':
    case 'resume-partitions':
      return `${nameOf(action.client)} ${action.do.split('-')[0]}s ${action.places?.join(', ') ?? 'its partitions'}`;
    case 'type':
    case 'key':
      return typedWords(action);
    case 'close':
      return `${action.target.startsWith('broker-') ? 'stop' : 'close'} ${nameOf(action.target)}`;
    default:
      return commonWords(action, nameOf);
  }
}

function seekWords(to: Extract<ActionOf<'kafka'>, { do: 'seek' }>['to']): string {
  switch (to.kind) {
    case 'beginning':
      return 'the beginning';
    case 'end':
      return 'the end';
    case 'offset':
      return `offset ${to.offset}`;
    case 'time':
      return shortSeconds(to.atMs * 1000);
  }
}
