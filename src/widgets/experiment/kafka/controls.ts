/** What the reader may do to a Kafka run at the moment shown, and the action that each button stands for. Pure. */
import type { KafkaView } from '../../../brokers/kafka/view-types.ts';
import type { About } from '../../../client/client.ts';
import type { Control } from '../../../scenarios/experiment.ts';
import type { Action, TimedAction } from '../../../scenarios/schema.ts';
import { inOrder, LANES_MAX } from './words.ts';

export interface Button {
  readonly id: string;
  readonly label: string;
  /** For those who do not see whom it stands beside. */
  readonly words: string;
  readonly fault: boolean;
  /** Why it cannot be done now; null when it can. */
  readonly refused: string | null;
  readonly action: Action | null;
}

export interface MemberControls {
  readonly id: string;
  readonly label: string;
  readonly buttons: readonly Button[];
}

export interface Controls {
  readonly produce: {
    readonly client: string;
    readonly label: string;
    /** Keys to choose from; empty when records with a key are not offered. */
    readonly keys: readonly string[];
    readonly keyless: boolean;
  }[];
  readonly general: readonly Button[];
  readonly members: readonly MemberControls[];
}

/** Consumers of one group that a figure can show. */
const MEMBERS_MAX = 8;

/**
 * @param view the moment shown
 * @param offered what the experiment lets the reader do
 * @param about what the opened run is made of; null before it is open, when buttons say what they will do all the same
 * @param actions what the reader has done, for what the view does not tell (cut links)
 */
export function controlsFor(
  view: KafkaView,
  offered: readonly Control[],
  about: About | null,
  actions: readonly TimedAction[],
): Controls {
  const has = (control: Control): boolean => offered.includes(control);
  const running = view.producers.filter(({ state }) => state === 'running');
  const produce =
    has('produce-keyed') || has('produce-keyless')
      ? running.map(({ id, label, keys }) => ({
          client: id,
          label,
          keys: has('produce-keyed') ? offeredKeys(keys) : [],
          keyless: has('produce-keyless'),
        }))
      : [];
  return {
    produce,
    general: [
      ...(has('add-consumer') ? view.groups.map((group) => addConsumer(view, group.id, about, actions)) : []),
      ...(has('add-partition') ? view.topics.map(addPartition) : []),
    ],
    members: view.groups.flatMap((group) =>
      inOrder(group).map(({ id, label, state }) => {
        const button = (
          what: 'crash' | 'restart' | 'pause' | 'resume' | 'close',
          fault: boolean,
        ): Button => ({
          id: `${what}-${id}`,
          label: what.charAt(0).toUpperCase() + what.slice(1),
          words: `${what.charAt(0).toUpperCase()}${what.slice(1)} ${label}`,
          fault,
          refused: null,
          action: { do: what, target: id },
        });
        const buttons: Button[] = [];
        const up = state === 'joining' || state === 'stable';
        if (has('crash-consumer') && (up || state === 'paused')) buttons.push(button('crash', true));
        if (has('pause-consumer') && up) buttons.push(button('pause', true));
        if (state === 'paused') buttons.push(button('resume', false));
        if (has('close-consumer') && up) buttons.push(button('close', false));
        if (has('restart-consumer') && (state === 'crashed' || state === 'closed')) {
          buttons.push(button('restart', false));
        }
        const node = view.nodes[0];
        if (has('cut-link') && up && node) buttons.push(cutOrHeal(id, label, node.id, actions));
        return { id, label, buttons };
      }),
    ),
  };
}

/** The producer's own keys, and one that nobody has used yet, to see where a new key goes. */
function offeredKeys(keys: readonly (string | null)[]): string[] {
  const own = keys.filter((key) => key !== null).sort();
  const fresh = [...'ABCDEFGH'].find((letter) => !own.includes(letter));
  return [...own, ...(fresh ? [fresh] : [])];
}

function addConsumer(
  view: KafkaView,
  group: string,
  about: About | null,
  actions: readonly TimedAction[],
): Button {
  const members = view.groups.find(({ id }) => id === group)?.members ?? [];
  // Those that the reader added count, though the group may not have seen them yet at the moment shown.
  const added = actions.flatMap(({ action }) => (action.do === 'join' ? [action.client] : []));
  const inGroup = new Set([
    ...members.map(({ id }) => id),
    ...added.flatMap((client) => (client.role === 'consumer' && client.group === group ? [client.id] : [])),
  ]);
  const one = view.groups.length === 1;
  const template = about?.clients.find((client) => client.role === 'consumer' && client.group === group);
  const base = {
    id: `add-consumer-${group}`,
    label: one ? 'Add consumer' : `Add consumer to ${group}`,
    words: `Add consumer to${one ? ' group' : ''} ${group}`,
    fault: false,
  };
  if (inGroup.size >= MEMBERS_MAX) {
    return { ...base, refused: `the figure shows at most ${MEMBERS_MAX} consumers of a group`, action: null };
  }
  if (!template) return { ...base, refused: null, action: null };
  const taken = new Set(view.groups.flatMap((g) => g.members.map(({ id }) => id)));
  for (const client of [...(about?.clients ?? []), ...added]) taken.add(client.id);
  // Ids go on as they began: c0, c1, c2 are followed by c3.
  const stem = template.id.replace(/\d+$/, '');
  let n = 0;
  while (taken.has(`${stem}${n}`)) n++;
  const id = `${stem}${n}`;
  const { label: _, ...rest } = template;
  return { ...base, refused: null, action: { do: 'join', client: { ...rest, id, startMs: 0 } } };
}

function addPartition({ name, partitions }: KafkaView['topics'][number]): Button {
  const base = {
    id: `add-partition-${name}`,
    label: 'Add partition',
    words: `Add partition to topic ${name}`,
    fault: false,
  };
  return partitions.length >= LANES_MAX
    ? { ...base, refused: `the figure shows at most ${LANES_MAX} partitions`, action: null }
    : {
        ...base,
        refused: null,
        action: { do: 'create-partitions', topic: name, total: partitions.length + 1 },
      };
}

function cutOrHeal(id: string, label: string, node: string, actions: readonly TimedAction[]): Button {
  const last = actions.findLast(
    ({ action }) => (action.do === 'cut' || action.do === 'heal') && action.between.includes(id),
  );
  const cut = last?.action.do === 'cut';
  return {
    id: `link-${id}`,
    label: cut ? 'Heal link' : 'Cut link',
    words: `${cut ? 'Heal' : 'Cut'} the link between ${label} and the broker`,
    fault: !cut,
    refused: null,
    action: { do: cut ? 'heal' : 'cut', between: [id, node] },
  };
}
