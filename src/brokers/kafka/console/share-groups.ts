/** `kafka-share-groups.sh`: lists, describes and deletes share groups. */
import type { GroupDescription } from '../protocol.ts';
import { allGroups, describeGroup, offsetsAt, partitionsByPlace, placesOf, someTopics } from './admin.ts';
import {
  advertised,
  brokerId,
  CLIENT_HOST,
  comparePlaces,
  placesByTopic,
  row,
  split,
  widest,
} from './format.ts';
import { deletionReport } from './groups.ts';
import { OptionError, type Options } from './options.ts';
import { SHARE_GROUPS } from './programs.ts';
import {
  ask,
  connect,
  exclusive,
  guarded,
  illegalArgument,
  JavaError,
  optionsOf,
  required,
  usageError,
  type Context,
  type Part,
  type Script,
} from './script.ts';

const ACTIONS = ['list', 'describe', 'delete'];
const STATES = ['Stable', 'Dead', 'Empty'];
const MISSING = '-';

export function shareGroups(context: Context): Script {
  return guarded(context, main(context), (error) =>
    error instanceof OptionError || error.exception === 'java.lang.IllegalArgumentException'
      ? [[error.message], 1]
      : [['', `Error: Executing share group command failed due to ${error.message}`], 1],
  );
}

function* main(context: Context): Script {
  const options = optionsOf(SHARE_GROUPS, context.words);
  checkOptions(options);
  yield* connect(options, options.number('timeout') ?? 5000);
  if (options.has('list')) yield* list(context, options);
  else if (options.has('describe')) yield* describe(context, options);
  else yield* remove(context, options);
  return 0;
}

function checkOptions(options: Options): void {
  required(options, 'bootstrap-server');
  for (const action of ['describe', 'delete']) {
    if (options.has(action) && !options.has('group') && !options.has('all-groups'))
      throw usageError(`Option [${action}] takes one of these options: [group], [all-groups]`);
  }
  if (options.has('describe')) {
    if (['members', 'offsets', 'state'].filter((name) => options.has(name)).length > 1)
      throw usageError('Option [describe] takes at most one of these options: [members], [offsets], [state]');
    if (options.value('state') !== null)
      throw usageError('Option [describe] does not take a value for [state]');
  }
  exclusive(options, 'group', ['all-groups', 'list']);
  if (ACTIONS.filter((action) => options.has(action)).length !== 1) {
    throw usageError(
      'Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets.',
    );
  }
}

function* list({ out }: Context, options: Options): Part<void> {
  const states = options.has('state') ? statesOf(options.value('state')) : null;
  const groups = (yield* allGroups(['Share'])).filter(
    ({ state }) => states === null || states.includes(state),
  );
  if (!options.has('state')) {
    out.push(...groups.map(({ group }) => group));
    return;
  }
  const width = widest(
    15,
    groups.map(({ group }) => group),
  );
  out.push(row([width], ['GROUP', 'STATE']), ...groups.map((g) => row([width], [g.group, g.state])));
}

function statesOf(text: string | null): string[] | null {
  if (text === null || text === '') return null;
  return text.split(',').map((part) => {
    const found = STATES.find((state) => state.toLowerCase() === part.trim().toLowerCase());
    if (found === undefined)
      throw illegalArgument(`Invalid state list '${text}'. Valid states are: ${STATES.join(', ')}`);
    return found;
  });
}

function* namedGroups(options: Options): Part<readonly string[]> {
  if (!options.has('all-groups')) return options.values('group');
  return (yield* allGroups(['Share'])).map(({ group }) => group);
}

function* describe(context: Context, options: Options): Part<void> {
  const names = [...new Set(yield* namedGroups(options))].sort();
  const descriptions: GroupDescription[] = [];
  for (const name of names) {
    const description = yield* describeGroup(name);
    if (description?.type !== 'Share') {
      throw new JavaError(
        'org.apache.kafka.common.errors.GroupIdNotFoundException',
        `org.apache.kafka.common.errors.GroupIdNotFoundException: ${
          description ? `Group ${name} is not a share group.` : `Group ${name} not found.`
        }`,
      );
    }
    descriptions.push(description);
  }
  const verbose = options.has('verbose');
  for (const description of descriptions) {
    if (options.has('members')) members(context, description, verbose);
    else if (options.has('state')) state(context, description, verbose);
    else yield* offsets(context, description, verbose);
  }
}

function mayPrint({ out }: Context, { group, state }: GroupDescription, rows: number): boolean {
  if (state === 'Empty') out.push('', `Share group '${group}' has no active members.`);
  return rows > 0;
}

/** K-105: where each share-partition of the group begins. */
function* offsets({ out }: Context, { group, members }: GroupDescription, verbose: boolean): Part<void> {
  const assigned = [...new Set(members.flatMap(({ places }) => places))].sort(comparePlaces);
  const names = [...new Set(assigned.map((place) => split(place).topic))];
  const topics = yield* someTopics(names);
  const partitions = partitionsByPlace(topics);
  // All partitions of the topics that it reads, whoever has which of them at the moment.
  const places = placesOf(topics);
  const states = yield* ask(
    places.map((place) => ({
      to: { kind: 'coordinator', group } as const,
      call: 'listShareGroupOffsets',
      request: {
        api: 'ReadShareState',
        group,
        place,
        leaderEpoch: partitions.get(place)!.leaderEpoch,
      } as const,
    })),
  );
  const ends = yield* offsetsAt(
    places.filter((place) => partitions.get(place)!.leader !== null),
    'latest',
  );
  const rows = places.flatMap((place, i) => {
    const reply = states[i];
    const known = reply?.api === 'ReadShareState' ? reply.state : null;
    if (!known && !assigned.includes(place)) return [];
    const { topic, index } = split(place);
    const end = ends.get(place);
    // Lag counts what is behind the start offset and not yet done with.
    const done = known?.records.filter(({ state }) => state !== 'available').length ?? 0;
    return [
      [
        group,
        topic,
        String(index),
        ...(verbose ? [String(partitions.get(place)!.leaderEpoch)] : []),
        known ? String(known.startOffset) : MISSING,
        known && end !== undefined ? String(end - known.startOffset - done) : MISSING,
      ],
    ];
  });
  if (rows.length === 0) {
    out.push('', `Share group '${group}' has no offset information.`);
    return;
  }
  const widths = [
    widest(15, [group]),
    widest(
      15,
      rows.map(([, topic]) => topic!),
    ),
    10,
    13,
    ...(verbose ? [13] : []),
  ];
  out.push(
    '',
    row(widths, ['GROUP', 'TOPIC', 'PARTITION', ...(verbose ? ['LEADER-EPOCH'] : []), 'START-OFFSET', 'LAG']),
    ...rows.map((cells) => row(widths, cells)),
  );
}

function members(context: Context, description: GroupDescription, verbose: boolean): void {
  const { group } = description;
  const all = [...description.members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  if (!mayPrint(context, description, all.length)) return;
  const widths = [
    widest(15, [group]),
    widest(
      15,
      all.map(({ memberId }) => memberId),
    ),
    widest(15, [CLIENT_HOST]),
    widest(
      15,
      all.map(({ client }) => client),
    ),
    12,
    ...(verbose ? [13] : []),
  ];
  context.out.push(
    '',
    row(widths, [
      'GROUP',
      'CONSUMER-ID',
      'HOST',
      'CLIENT-ID',
      '#PARTITIONS',
      ...(verbose ? ['MEMBER-EPOCH'] : []),
      'ASSIGNMENT',
    ]),
    ...all.map(({ memberId, client, places, epoch }) =>
      row(widths, [
        group,
        memberId,
        CLIENT_HOST,
        client,
        places.length,
        ...(verbose ? [epoch ?? MISSING] : []),
        placesByTopic(places),
      ]),
    ),
  );
}

function state(context: Context, description: GroupDescription, verbose: boolean): void {
  const { group, coordinator, epoch, targetEpoch } = description;
  mayPrint(context, description, 1);
  const where = `${advertised(coordinator)}  (${brokerId(coordinator)})`;
  const widths = [widest(15, [group]), widest(25, [where]), 15, ...(verbose ? [12, 17] : [])];
  context.out.push(
    '',
    row(widths, [
      'GROUP',
      'COORDINATOR (ID)',
      'STATE',
      ...(verbose ? ['GROUP-EPOCH', 'ASSIGNMENT-EPOCH'] : []),
      '#MEMBERS',
    ]),
    row(widths, [
      group,
      where,
      description.state,
      ...(verbose ? [epoch, targetEpoch ?? MISSING] : []),
      description.members.length,
    ]),
  );
}

function* remove(context: Context, options: Options): Part<void> {
  const listings = yield* allGroups(['Share']);
  const names = options.has('all-groups')
    ? listings.map(({ group }) => group)
    : [...new Set(options.values('group'))];
  const empty = names.filter((name) => listings.find(({ group }) => group === name)?.state === 'Empty');
  const replies = yield* ask(
    empty.map((group) => ({
      to: { kind: 'coordinator', group } as const,
      call: 'deleteShareGroups',
      request: { api: 'DeleteGroup', group } as const,
    })),
  );
  const errors = names.map((name) => {
    const reply = replies[empty.indexOf(name)];
    if (reply) return 'error' in reply ? reply.error : 'NONE';
    return listings.some(({ group }) => group === name) ? 'NON_EMPTY_GROUP' : 'GROUP_ID_NOT_FOUND';
  });
  deletionReport(context, 'share', names, errors);
}
