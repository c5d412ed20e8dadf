/** What the reader may do to a Kafka run at the moment shown, and the action that each button stands for. Pure. */
import type { GroupView, KafkaView, MemberView, NodeView } from '../../../brokers/kafka/view-types.ts';
import type { AboutOf } from '../../../client/client.ts';
import type { Control } from '../../../scenarios/experiment.ts';
import type { ActionOf, ClientOf, TimedOf } from '../../../scenarios/schema.ts';
import { buttonsOf, cutLinks, cutOrHeal, type Button, type ProcessControls } from '../controls.ts';
import { inOrder, LANES_MAX } from './words.ts';

type About = AboutOf<'kafka'>;
type TimedAction = TimedOf<ActionOf<'kafka'>>;

export interface MemberControls extends ProcessControls {
  readonly group: string;
}

/** A consumer that can be sent to another place. */
export interface Seeker {
  readonly client: string;
  readonly label: string;
}

export interface KafkaControls {
  readonly produce: {
    readonly client: string;
    readonly label: string;
    /** Keys to choose from; empty when records with a key are not offered. */
    readonly keys: readonly string[];
    readonly keyless: boolean;
  }[];
  /** Whether records may be sent, and whether null values may. */
  readonly sends: boolean;
  readonly tombstones: boolean;
  readonly general: readonly Button[];
  readonly brokers: readonly ProcessControls[];
  readonly elections: readonly Button[];
  readonly producers: readonly ProcessControls[];
  readonly members: readonly MemberControls[];
  readonly seek: readonly Seeker[];
}

/** Consumers of one group that a figure can show. */
const MEMBERS_MAX = 8;

/**
 * @param view the moment shown
 * @param offered what the experiment lets the reader do
 * @param about what the opened run is made of; null before it is open, when buttons say what they will do all the same
 * @param actions what the reader has done, for what the view does not tell (cut links)
 * @param now the moment shown, microseconds: links that are cut later are not cut yet
 */
export function controlsFor(
  view: KafkaView,
  offered: readonly Control[],
  about: About | null,
  actions: readonly TimedAction[],
  now = Infinity,
): KafkaControls {
  const has = (control: Control): boolean => offered.includes(control);
  const members = new Set(view.groups.flatMap((group) => group.members.map(({ id }) => id)));
  // A processor stands among the members: it is one process, which reads and writes.
  const producers = view.producers.filter(({ id }) => !members.has(id));
  const cut = cutLinks(actions, now);
  const keyed = has('produce-keyed') || has('tombstone');
  const produce =
    keyed || has('produce-keyless')
      ? producers
          .filter(({ state }) => state === 'running')
          .map(({ id, label, keys }) => ({
            client: id,
            label,
            keys: keyed ? offeredKeys(keys) : [],
            keyless: has('produce-keyless'),
          }))
      : [];
  return {
    produce,
    sends: has('produce-keyed') || has('produce-keyless'),
    tombstones: has('tombstone'),
    general: [
      ...(has('add-consumer') ? view.groups.map((group) => addMember(view, group, about, actions)) : []),
      ...(has('add-partition')
        ? view.topics.map((topic) => addPartition(topic, view.topics.length === 1))
        : []),
    ],
    brokers: view.nodes
      .map((node) => ({ id: node.id, label: nodeLabel(node), buttons: nodeButtons(node, view, has, cut) }))
      .filter(({ buttons }) => buttons.length > 0),
    elections: elections(view, has),
    producers: producers
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
      .filter(({ buttons }) => buttons.length > 0),
    members: view.groups.flatMap((group) =>
      inOrder(group).map((member) => ({
        id: member.id,
        label: member.label,
        group: group.id,
        buttons: memberButtons(member, group, view, has, cut),
      })),
    ),
    seek: has('seek')
      ? view.groups.flatMap((group) =>
          inOrder(group)
            .filter((member) => seeks(member, group, view) && member.places.length > 0)
            .map(({ id, label }) => ({ client: id, label })),
        )
      : [],
  };
}

type SeekTo = Extract<ActionOf<'kafka'>, { do: 'seek' }>['to'];
export type SeekKind = SeekTo['kind'];

/** Why a consumer cannot be sent there, or null. @param number what was typed @param now microseconds */
export function seekProblem(kind: SeekKind, number: string, now: number): string | null {
  if (kind === 'offset')
    return /^\d{1,15}$/.test(number.trim()) ? null : 'an offset is a whole number from 0 on';
  if (kind !== 'time') return null;
  const seconds = Number(number);
  if (number.trim() === '' || !(seconds >= 0)) return 'a time is seconds of the run, from 0 on';
  return seconds * 1_000_000 > now ? 'that time has not come yet: seek to the end instead' : null;
}

/** @param number what was typed, for an offset or a time in seconds */
export function seekTo(kind: SeekKind, number: string): SeekTo {
  switch (kind) {
    case 'offset':
      return { kind, offset: Number(number) };
    case 'time':
      return { kind, atMs: Math.round(Number(number) * 1000) };
    default:
      return { kind };
  }
}

type Has = (control: Control) => boolean;

/** Whether it is a consumer that reads by itself: the application of a processor, or of a share consumer, does not seek. */
function seeks(member: MemberView, group: GroupView, view: KafkaView): boolean {
  return (
    group.kind === 'consumer' &&
    member.state === 'stable' &&
    !view.producers.some(({ id }) => id === member.id)
  );
}

function memberButtons(
  member: MemberView,
  group: GroupView,
  view: KafkaView,
  has: Has,
  cut: ReadonlySet<string>,
): Button[] {
  const { id, label, state, places, pausedPlaces } = member;
  const button = buttonsOf(id, label);
  const buttons: Button[] = [];
  const up = state === 'joining' || state === 'stable';
  if (has('crash-consumer') && (up || state === 'paused')) buttons.push(button('crash', true));
  if (has('pause-consumer') && up) buttons.push(button('pause', true));
  if (state === 'paused') buttons.push(button('resume'));
  if (has('close-consumer') && up) buttons.push(button('close'));
  if (has('restart-consumer') && (state === 'crashed' || state === 'closed')) buttons.push(button('restart'));
  if (has('pause-partitions') && seeks(member, group, view)) {
    if (pausedPlaces.length < places.length) buttons.push(reading(id, label, 'pause'));
    if (pausedPlaces.length > 0) buttons.push(reading(id, label, 'resume'));
  }
  if (has('cut-link') && up) {
    const brokers = view.nodes.filter(({ role }) => role === 'broker');
    if (brokers.length > 0) {
      const ends = brokers.map((broker) => broker.id);
      const many = ends.length > 1;
      const to = many ? 'the brokers' : 'the broker';
      buttons.push(
        cutOrHeal(id, ends, cut, {
          cut: many ? 'Cut links' : 'Cut link',
          heal: many ? 'Heal links' : 'Heal link',
          words: (verb) => `${verb} link${many ? 's' : ''} between ${label} and ${to}`,
        }),
      );
    }
  }
  return buttons;
}

/** The application keeps its partitions, but takes nothing from them for a while. */
function reading(id: string, label: string, what: 'pause' | 'resume'): Button {
  const verb = what === 'pause' ? 'Pause' : 'Resume';
  return {
    id: `${what}-reading-${id}`,
    label: `${verb} reading`,
    words: `${verb} reading of ${label}, which keeps its partitions`,
    fault: false,
    refused: null,
    action: { do: what === 'pause' ? 'pause-partitions' : 'resume-partitions', client: id },
  };
}

function nodeLabel({ id, role }: NodeView): string {
  return role === 'controller' ? 'Controller' : `Broker ${id.slice(id.lastIndexOf('-') + 1)}`;
}

function nodeButtons(node: NodeView, view: KafkaView, has: Has, cut: ReadonlySet<string>): Button[] {
  const { id, role, state, up } = node;
  const label = nodeLabel(node);
  const button = buttonsOf(id, label);
  const buttons: Button[] = [];
  if (role === 'controller') {
    if (!has('crash-controller')) return [];
    if (up) buttons.push(button('crash', true));
    // Without it nothing could ever be elected again.
    else buttons.push(button('restart'));
    return buttons;
  }
  if (has('crash-broker') && up) buttons.push(button('crash', true));
  if (has('pause-broker') && state === 'running') buttons.push(button('pause', true));
  if (state === 'paused') buttons.push(button('resume'));
  if (has('stop-broker') && up) {
    buttons.push({
      id: `stop-${id}`,
      label: 'Stop',
      words: `Stop ${label} in good order`,
      fault: false,
      refused: state === 'paused' ? 'a paused broker cannot stop in good order' : null,
      action: { do: 'close', target: id },
    });
  }
  if (has('restart-broker') && !up) buttons.push(button('restart'));
  if (has('cut-broker') && up) {
    const ends = view.nodes.filter((other) => other.id !== id).map((other) => other.id);
    const several = ends.length > 1;
    if (ends.length > 0) {
      buttons.push(
        cutOrHeal(id, ends, cut, {
          cut: several ? 'Cut off from the cluster' : 'Cut off from the controller',
          heal: several ? 'Heal links' : 'Heal link',
          words: (verb) =>
            `${verb === 'Heal' ? `Heal link${several ? 's' : ''}` : `Cut off from the ${several ? 'cluster' : 'controller'}`}: ${label}, which its clients reach all the while`,
        }),
      );
    }
  }
  return buttons;
}

/** K-60, K-64. */
function elections(view: KafkaView, has: Has): Button[] {
  const controller = view.nodes.find(({ role }) => role === 'controller');
  const down = controller && controller.state !== 'running' ? 'the controller is not running' : null;
  const one = view.topics.length === 1;
  return view.topics.flatMap(({ name, partitions }): Button[] => {
    const of = one ? '' : ` of ${name}`;
    const leaderless = partitions.some(({ leader }) => leader === null);
    // Where the copies are part of the view, it tells who is preferred: the first one.
    const known = view.replicas?.filter(({ topic }) => topic === name) ?? [];
    const settled = known.length > 0 && known.every(({ leader, replicas }) => leader === replicas[0]?.node);
    return [
      ...(has('elect-preferred')
        ? [
            {
              id: `elect-preferred-${name}`,
              label: `Elect preferred leaders${of}`,
              words: `Elect preferred leaders of topic ${name}`,
              fault: false,
              refused: down ?? (settled ? 'the preferred leaders lead' : null),
              action: { do: 'elect-leaders', election: 'preferred', topic: name } as const,
            },
          ]
        : []),
      ...(has('elect-unclean')
        ? [
            {
              id: `elect-unclean-${name}`,
              label: `Elect any replica${of}`,
              words: `Elect any replica of ${name}, even one that lacks records`,
              fault: true,
              refused: down ?? (leaderless ? null : 'every partition has a leader'),
              action: { do: 'elect-leaders', election: 'unclean', topic: name } as const,
            },
          ]
        : []),
    ];
  });
}

/** The producer's own keys, and one that nobody has used yet, to see where a new key goes. */
function offeredKeys(keys: readonly (string | null)[]): string[] {
  const own = keys.filter((key) => key !== null).sort();
  const fresh = [...'ABCDEFGH'].find((letter) => !own.includes(letter));
  return [...own, ...(fresh ? [fresh] : [])];
}

type Member = Exclude<ClientOf<'kafka'>, { readonly role: 'producer' }>;

function addMember(
  view: KafkaView,
  { id: group, kind, members }: GroupView,
  about: About | null,
  actions: readonly TimedAction[],
): Button {
  // Those that the reader added count, though the group may not have seen them yet at the moment shown.
  const added = actions.flatMap(({ action }) => (action.do === 'join' ? [action.client] : []));
  const inGroup = new Set([
    ...members.map(({ id }) => id),
    ...added.flatMap((client) => (client.role !== 'producer' && client.group === group ? [client.id] : [])),
  ]);
  const one = view.groups.length === 1;
  const template = about?.clients.find(
    (client): client is Member => client.role !== 'producer' && client.group === group,
  );
  const writes = members.some(({ id }) => view.producers.some((producer) => producer.id === id));
  const what = kind === 'share' ? 'share consumer' : writes ? 'processor' : 'consumer';
  const base = {
    id: `add-consumer-${group}`,
    label: one ? `Add ${what}` : `Add ${what} to ${group}`,
    words: `Add ${what} to${one ? ' group' : ''} ${group}`,
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
  return {
    ...base,
    refused: null,
    action: { do: 'join', client: copyOf(template, `${stem}${n}`) },
  };
}

/** A member like another: what the broker knows one of them by is its own, so that neither is taken for the other. */
function copyOf(template: Member, id: string): Member {
  const { label: _, ...rest } = template;
  const copy = { ...rest, id, startMs: 0 } as Member;
  const own = <T extends object>(config: T, name: string): T =>
    Object.hasOwn(config, name) ? { ...config, [name]: id } : config;
  switch (copy.role) {
    case 'consumer':
      return { ...copy, config: own(copy.config, 'group.instance.id') };
    case 'processor':
      return {
        ...copy,
        consumer: own(copy.consumer, 'group.instance.id'),
        producer: own(copy.producer, 'transactional.id'),
      };
    default:
      return copy;
  }
}

function addPartition({ name, partitions }: KafkaView['topics'][number], only: boolean): Button {
  const base = {
    id: `add-partition-${name}`,
    label: only ? 'Add partition' : `Add partition to ${name}`,
    words: `Add partition to ${name}`,
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
