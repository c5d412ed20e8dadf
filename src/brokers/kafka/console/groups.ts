/** `kafka-consumer-groups.sh`: lists, describes, deletes consumer groups, and sets or deletes their offsets. */
import type { GroupDescription } from '../protocol.ts';
import {
  allGroups,
  committed,
  describeGroup,
  offsetsAt,
  partitionsByPlace,
  placesOf,
  someTopics,
  topicAndPartitions,
  type GroupListing,
} from './admin.ts';
import {
  advertised,
  brokerId,
  CLIENT_HOST,
  comparePlaces,
  logLine,
  parseDateTime,
  parseDuration,
  placesByTopic,
  row,
  split,
  widest,
} from './format.ts';
import { OptionError, type Options } from './options.ts';
import { GROUPS, RESET_SCENARIOS } from './programs.ts';
import {
  ask,
  askOne,
  connect,
  errorOf,
  exclusive,
  guarded,
  illegalArgument,
  JavaError,
  optionsOf,
  required,
  uncaughtInMain,
  usageError,
  type Context,
  type Part,
  type Script,
} from './script.ts';
import { defaultMessage, exceptionOf } from './errors.ts';

const ACTIONS = ['list', 'describe', 'delete', 'reset-offsets', 'delete-offsets'];
const STATES = [
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Dead',
  'Empty',
  'Assigning',
  'Reconciling',
];
const REBALANCING = ['PreparingRebalance', 'CompletingRebalance', 'Assigning', 'Reconciling'];
const MISSING = '-';
const RESETTER = 'org.apache.kafka.tools.GroupOffsetsResetter';
const RUNTIME = 'java.lang.RuntimeException';

export function consumerGroups(context: Context): Script {
  // Options are read outside of whatever the tool catches.
  return guarded(context, main(context), uncaughtInMain);
}

function* main(context: Context): Script {
  const options = optionsOf(GROUPS, context.words);
  checkOptions(context, options);
  try {
    yield* connect(options, options.number('timeout') ?? 5000);
    if (options.has('list')) yield* list(context, options);
    else if (options.has('describe')) yield* describe(context, options);
    else if (options.has('delete')) yield* remove(context, options);
    else if (options.has('reset-offsets')) yield* reset(context, options);
    else yield* deleteOffsets(context, options);
  } catch (error) {
    if (error instanceof OptionError) throw usageError(error.message);
    if (!(error instanceof JavaError)) throw error;
    if (error.exception === 'java.lang.IllegalArgumentException') throw usageError(error.message);
    printError(context, `Executing consumer group command failed due to ${causeOf(error)}`);
  }
  // The tool ends with 0 even then.
  return 0;
}

/** What the tool's ExecutionException says: the exception that it wraps. */
function causeOf(error: JavaError): string {
  return error.exception === RUNTIME ? error.message : String(error);
}

function printError({ out }: Context, message: string): void {
  out.push('', `Error: ${message}`);
}

function checkOptions({ out }: Context, options: Options): void {
  required(options, 'bootstrap-server');
  const scope = !options.has('group') && !options.has('all-groups');
  const takesOne = '[group], [all-groups]';
  if (options.has('describe')) {
    if (scope) throw usageError(`Option [describe] takes one of these options: ${takesOne}`);
    if (['members', 'offsets', 'state'].filter((name) => options.has(name)).length > 1)
      throw usageError('Option [describe] takes at most one of these options: [members], [offsets], [state]');
    if (options.value('state') !== null)
      throw usageError('Option [describe] does not take a value for [state]');
  }
  if (options.has('delete')) {
    if (scope) throw usageError(`Option [delete] takes one of these options: ${takesOne}`);
    if (options.has('topic')) {
      throw usageError('The consumer does not support topic-specific offset deletion from a consumer group.');
    }
  }
  if (options.has('delete-offsets') && (!options.has('group') || !options.has('topic')))
    throw usageError('Option [delete-offsets] takes the following options: [group], [topic]');
  if (options.has('reset-offsets')) {
    if (options.has('dry-run') && options.has('execute'))
      throw usageError('Option [reset-offsets] only accepts one of [execute] and [dry-run]');
    if (!options.has('dry-run') && !options.has('execute')) {
      out.push(
        'WARN: No action will be performed as the --execute option is missing. In a future major release, the default behavior of this command will be to prompt the user before executing the reset rather than doing a dry run. You should add the --dry-run option explicitly if you are scripting this command and want to keep the current default behavior without prompting.',
      );
    }
    if (scope) throw usageError(`Option [reset-offsets] takes one of these options: ${takesOne}`);
    for (const scenario of RESET_SCENARIOS)
      exclusive(
        options,
        scenario,
        RESET_SCENARIOS.filter((other) => other !== scenario),
      );
  }
  exclusive(options, 'group', ['all-groups']);
  exclusive(options, 'group', ['list']);
  exclusive(options, 'topic', ['list', 'describe']);
  if (ACTIONS.filter((action) => options.has(action)).length !== 1) {
    throw usageError(
      `Command must include exactly one action: ${ACTIONS.map((action) => `--${action}`).join(', ')}`,
    );
  }
}

// --list

function* list({ out }: Context, options: Options): Part<void> {
  const withType = options.has('type');
  const withState = options.has('state');
  const types = withType ? typesOf(options.value('type')) : null;
  const states = withState ? statesOf(options.value('state')) : null;
  const all = yield* allGroups(['Classic', 'Consumer']);
  const groups = all.filter(
    ({ type, state }) =>
      (types === null || types.includes(type)) && (states === null || states.includes(state)),
  );
  if (!withType && !withState) {
    out.push(...groups.map(({ group }) => group));
    return;
  }
  const width =
    widest(
      15,
      groups.map(({ group }) => group),
    ) + 10;
  const widths = [width, 20, 20];
  const cells = ({ group, type, state }: { group: string; type: string; state: string }): string[] => [
    group,
    ...(withType ? [type] : []),
    ...(withState ? [state] : []),
  ];
  out.push(row(widths, cells({ group: 'GROUP', type: 'TYPE', state: 'STATE' })));
  for (const listing of groups) out.push(row(widths, cells(listing)));
}

/** `stable,empty`. @returns null for all. @throws JavaError */
function statesOf(text: string | null): string[] | null {
  if (text === null || text === '') return null;
  const plain = (state: string): string => state.replaceAll('_', '').toLowerCase();
  return text.split(',').map((part) => {
    const found = STATES.find((state) => plain(state) === plain(part.trim()));
    if (found === undefined)
      throw illegalArgument(`Invalid state list '${text}'. Valid states are: ${STATES.join(', ')}`);
    return found;
  });
}

function typesOf(text: string | null): GroupListing['type'][] | null {
  if (text === null || text === '') return null;
  return text.split(',').map((part) => {
    const found = (['Classic', 'Consumer'] as const).find(
      (type) => type.toLowerCase() === part.trim().toLowerCase(),
    );
    if (found === undefined)
      throw illegalArgument(`Invalid types list '${text}'. Valid types are: Classic, Consumer`);
    return found;
  });
}

function* namedGroups(options: Options): Part<readonly string[]> {
  if (!options.has('all-groups')) return options.values('group');
  return (yield* allGroups(['Classic', 'Consumer'])).map(({ group }) => group);
}

// --describe

function notFound(message: string): JavaError {
  return new JavaError('org.apache.kafka.common.errors.GroupIdNotFoundException', message);
}

/** @throws JavaError for a group that is not there, or is another kind of group */
function* consumerGroup(group: string): Part<GroupDescription> {
  const description = yield* describeGroup(group);
  if (!description) throw notFound(`Group ${group} not found.`);
  if (description.type === 'Share') throw notFound(`Group ${group} is not a classic group.`);
  return description;
}

function* describe(context: Context, options: Options): Part<void> {
  const names = [...new Set(yield* namedGroups(options))].sort();
  const descriptions: GroupDescription[] = [];
  for (const name of names) descriptions.push(yield* consumerGroup(name));
  for (const description of descriptions) {
    if (options.has('members')) members(context, description, options.has('verbose'));
    else if (options.has('state')) state(context, description, options.has('verbose'));
    else yield* offsets(context, description, options.has('verbose'));
  }
}

/** Says what is special about the group's state. @returns whether its rows are to be printed */
function mayPrint({ out }: Context, { group, state }: GroupDescription, rows: number): boolean {
  if (state === 'Empty') out.push('', `Consumer group '${group}' has no active members.`);
  else if (REBALANCING.includes(state)) out.push('', `Warning: Consumer group '${group}' is rebalancing.`);
  return rows > 0;
}

function* offsets(context: Context, description: GroupDescription, verbose: boolean): Part<void> {
  const { group } = description;
  const positions = yield* committed(group);
  const withPlaces = description.members
    .filter(({ places }) => places.length > 0)
    .sort((a, b) => b.places.length - a.places.length);
  const assigned = new Set(withPlaces.flatMap(({ places }) => places));
  const rest = [...positions.keys()].filter((place) => !assigned.has(place));
  const all = [...assigned, ...rest];
  const topics = yield* someTopics([...new Set(all.map((place) => split(place).topic))]);
  const partitions = partitionsByPlace(topics);
  const led = all.filter((place) => (partitions.get(place)?.leader ?? null) !== null);
  const ends = yield* offsetsAt(led, 'latest');
  const rows: string[][] = [];
  const add = (places: readonly string[], member: string, host: string, client: string): void => {
    for (const place of [...places].sort(comparePlaces)) {
      const { topic, index } = split(place);
      const position = positions.get(place);
      const end = ends.get(place);
      rows.push([
        group,
        topic,
        String(index),
        // The model's commits do not carry the leader epoch: there is nothing to show.
        ...(verbose ? [MISSING] : []),
        position === undefined ? MISSING : String(position),
        end === undefined ? MISSING : String(end),
        position === undefined || end === undefined ? MISSING : String(end - position),
        member,
        host,
        client,
      ]);
    }
  };
  for (const { places, memberId, client } of withPlaces) add(places, memberId, CLIENT_HOST, client);
  add(rest, MISSING, MISSING, MISSING);
  if (!mayPrint(context, description, rows.length)) return;
  const column = (at: number, least = 15): number =>
    widest(
      least,
      rows.map((cells) => cells[at]!),
    );
  const more = verbose ? 1 : 0;
  const widths = [
    column(0),
    column(1),
    10,
    ...(verbose ? [15] : []),
    15,
    15,
    15,
    column(6 + more),
    column(7 + more),
  ];
  context.out.push('');
  context.out.push(
    row(widths, [
      'GROUP',
      'TOPIC',
      'PARTITION',
      ...(verbose ? ['LEADER-EPOCH'] : []),
      'CURRENT-OFFSET',
      'LOG-END-OFFSET',
      'LAG',
      'CONSUMER-ID',
      'HOST',
      'CLIENT-ID',
    ]),
    ...rows.map((cells) => row(widths, cells)),
  );
}

function members(context: Context, description: GroupDescription, verbose: boolean): void {
  const { group, members: all, targetEpoch } = description;
  mayPrint(context, description, all.length);
  const current = all.map(({ places }) => placesByTopic(places) || MISSING);
  const target = all.map(({ targetPlaces }) => placesByTopic(targetPlaces ?? []) || MISSING);
  const withInstance = all.some(({ instanceId }) => instanceId !== null);
  const widths = [
    widest(15, [group]),
    widest(
      15,
      all.map(({ memberId }) => memberId),
    ),
    ...(withInstance
      ? [
          widest(
            17,
            all.map(({ instanceId }) => instanceId ?? ''),
          ),
        ]
      : []),
    widest(15, [CLIENT_HOST]),
    widest(
      15,
      all.map(({ client }) => client),
    ),
    15,
    15,
    widest(20, current),
    15,
    widest(20, target),
  ];
  const line = (cells: readonly (string | number)[], more: readonly (string | number)[]): string =>
    verbose ? row(widths, [...cells, ...more]) : `${row(widths, cells)} `;
  context.out.push(
    '',
    line(
      [
        'GROUP',
        'CONSUMER-ID',
        ...(withInstance ? ['GROUP-INSTANCE-ID'] : []),
        'HOST',
        'CLIENT-ID',
        '#PARTITIONS',
      ],
      ['CURRENT-EPOCH', 'CURRENT-ASSIGNMENT', 'TARGET-EPOCH', 'TARGET-ASSIGNMENT'],
    ),
    ...all.map(({ memberId, instanceId, client, places, epoch }, i) =>
      line(
        [group, memberId, ...(withInstance ? [instanceId ?? ''] : []), CLIENT_HOST, client, places.length],
        [epoch ?? MISSING, current[i]!, targetEpoch ?? MISSING, target[i]!],
      ),
    ),
  );
}

function state(context: Context, description: GroupDescription, verbose: boolean): void {
  const { group, assignor, state: now, epoch, targetEpoch, type } = description;
  mayPrint(context, description, 1);
  const coordinator = `${advertised(description.coordinator)}  (${brokerId(description.coordinator)})`;
  const widths = [widest(15, [group]), widest(25, [coordinator]), 20, 20, ...(verbose ? [15, 25] : [])];
  const strategy = assignor === '' ? MISSING : assignor;
  const consumer = type === 'Consumer';
  context.out.push(
    '',
    row(widths, [
      'GROUP',
      'COORDINATOR (ID)',
      'ASSIGNMENT-STRATEGY',
      'STATE',
      ...(verbose ? ['GROUP-EPOCH', 'TARGET-ASSIGNMENT-EPOCH'] : []),
      '#MEMBERS',
    ]),
    row(widths, [
      group,
      coordinator,
      strategy,
      now,
      ...(verbose ? [consumer ? epoch : MISSING, consumer ? (targetEpoch ?? MISSING) : MISSING] : []),
      description.members.length,
    ]),
  );
}

// --delete

function* remove(context: Context, options: Options): Part<void> {
  const names = [...new Set(yield* namedGroups(options))];
  const replies = yield* ask(
    names.map((group) => ({
      to: { kind: 'coordinator', group } as const,
      call: 'deleteConsumerGroups',
      request: { api: 'DeleteGroup', group } as const,
    })),
  );
  deletionReport(
    context,
    'consumer',
    names,
    replies.map((reply) => ('error' in reply ? reply.error : 'NONE')),
  );
}

/** What both group tools say after `--delete`. */
export function deletionReport(
  { out }: Pick<Context, 'out'>,
  kind: 'consumer' | 'share',
  names: readonly string[],
  errors: readonly Parameters<typeof exceptionOf>[0][],
): void {
  const quoted = (groups: readonly string[]): string => groups.map((group) => `'${group}'`).join(', ');
  const deleted = names.filter((_, i) => errors[i] === 'NONE');
  if (deleted.length === names.length) {
    out.push(`Deletion of requested ${kind} groups (${quoted(names)}) was successful.`);
    return;
  }
  out.push('', `Error: Deletion of some ${kind} groups failed:`);
  names.forEach((group, i) => {
    const error = errors[i]!;
    if (error === 'NONE') return;
    out.push(
      `* Group '${group}' could not be deleted due to: ${exceptionOf(error)}: ${defaultMessage(error)}`,
    );
  });
  if (deleted.length > 0) out.push('', `These ${kind} groups were deleted successfully: ${quoted(deleted)}`);
}

// --reset-offsets

function* reset(context: Context, options: Options): Part<void> {
  const names = [...new Set(yield* namedGroups(options))];
  const result = new Map<string, Map<string, number>>();
  for (const group of names) {
    const description = yield* describeGroup(group);
    if (description && description.state !== 'Empty') {
      printError(
        context,
        `Assignments can only be reset if the group '${group}' is inactive, but the current state is ${description.state}.`,
      );
      result.set(group, new Map());
      continue;
    }
    const places = yield* placesToReset(options, group);
    const offsets = yield* newOffsets(context, options, group, places);
    if (options.has('execute') && offsets.size > 0) {
      const reply = yield* askOne<'OffsetCommit'>(
        { kind: 'coordinator', group },
        'alterConsumerGroupOffsets',
        {
          api: 'OffsetCommit',
          group,
          memberId: '',
          instanceId: null,
          generation: -1,
          offsets: [...offsets],
        },
      );
      if (reply.error !== 'NONE') throw errorOf(reply.error);
    }
    result.set(group, offsets);
  }
  if (options.has('export')) {
    const single = options.values('group').length === 1;
    for (const [group, offsets] of result)
      for (const [place, offset] of offsets) {
        const { topic, index } = split(place);
        const quoted = (text: string): string => `"${text}"`;
        context.out.push([...(single ? [] : [quoted(group)]), quoted(topic), index, offset].join(','));
      }
    context.out.push('');
    return;
  }
  const rows = [...result].flatMap(([group, offsets]) =>
    [...offsets].map(([place, offset]) => {
      const { topic, index } = split(place);
      return [group, topic, index, offset] as const;
    }),
  );
  const widths = [
    widest(15, [...result.keys()]),
    widest(
      15,
      rows.map(([, topic]) => topic),
    ),
    10,
  ];
  context.out.push('');
  if (result.size > 0)
    context.out.push(
      row(widths, ['GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET']),
      ...rows.map((cells) => row(widths, cells)),
    );
}

function* placesToReset(options: Options, group: string): Part<string[]> {
  if (options.has('all-topics')) return [...(yield* committed(group)).keys()];
  if (!options.has('topic'))
    throw usageError('One of the reset scopes should be defined: --all-topics, --topic.');
  return yield* placesNamed(options.values('topic'));
}

/** `orders:0,1` and `orders`. @throws JavaError for a topic or a partition that is not there */
function* placesNamed(texts: readonly string[]): Part<string[]> {
  const named = texts.map((text) => {
    const parsed = topicAndPartitions(text);
    if ('error' in parsed) throw illegalArgument(parsed.error);
    return parsed;
  });
  const topics = yield* someTopics([...new Set(named.map(({ topic }) => topic))]);
  const there = new Set(placesOf(topics));
  const missing = named.find(({ topic }) => !topics.some((found) => found.topic === topic));
  if (missing) throw executionError(errorOf('UNKNOWN_TOPIC_OR_PARTITION'));
  const places = named.flatMap(({ topic, partitions }) =>
    partitions === null
      ? placesOf(topics.filter((found) => found.topic === topic))
      : partitions.map((index) => `${topic}-${index}`),
  );
  const unknown = places.filter((place) => !there.has(place));
  if (unknown.length > 0)
    throw errorOf('UNKNOWN_TOPIC_OR_PARTITION', `The partitions "${unknown.join(',')}" do not exist`);
  const partitions = partitionsByPlace(topics);
  const unled = places.filter((place) => partitions.get(place)!.leader === null);
  if (unled.length > 0)
    throw errorOf('LEADER_NOT_AVAILABLE', `The partitions "${unled.join(',')}" have no leader`);
  return [...new Set(places)].sort(comparePlaces);
}

function executionError(error: JavaError): JavaError {
  return new JavaError(RUNTIME, `java.util.concurrent.ExecutionException: ${String(error)}`);
}

function* newOffsets(
  context: Context,
  options: Options,
  group: string,
  places: readonly string[],
): Part<Map<string, number>> {
  if (options.has('to-offset')) {
    const offset = options.number('to-offset')!;
    return yield* withinRange(context, new Map(places.map((place) => [place, offset])));
  }
  if (options.has('to-earliest')) return yield* offsetsAt(places, 'earliest');
  if (options.has('to-latest')) return yield* offsetsAt(places, 'latest');
  if (options.has('shift-by')) {
    const by = options.number('shift-by')!;
    const current = yield* committed(group);
    const wanted = new Map<string, number>();
    for (const place of places) {
      const offset = current.get(place);
      if (offset === undefined) {
        throw illegalArgument(
          `Cannot shift offset for partition ${place} since there is no current committed offset`,
        );
      }
      wanted.set(place, offset + by);
    }
    return yield* withinRange(context, wanted);
  }
  if (options.has('to-datetime')) {
    const text = options.value('to-datetime')!;
    const ms = parseDateTime(text);
    if (ms === null) throw new JavaError(RUNTIME, `java.text.ParseException: Unparseable date: "${text}"`);
    return yield* offsetsFrom(context, places, ms);
  }
  if (options.has('by-duration')) {
    const ms = parseDuration(options.value('by-duration')!);
    if (ms === null) {
      throw new JavaError('java.time.format.DateTimeParseException', 'Text cannot be parsed to a Duration');
    }
    return yield* offsetsFrom(context, places, context.startedMs - ms);
  }
  if (options.has('to-current')) {
    const current = yield* committed(group);
    const ends = yield* offsetsAt(
      places.filter((place) => !current.has(place)),
      'latest',
    );
    return new Map(places.map((place) => [place, current.get(place) ?? ends.get(place)!]));
  }
  throw usageError(
    `Option '[reset-offsets]' requires one of the following scenarios: [${RESET_SCENARIOS.map((name) => `[${name}]`).join(', ')}]`,
  );
}

/** Offsets that lie outside of the log are moved to its nearer end. */
function* withinRange(context: Context, wanted: ReadonlyMap<string, number>): Part<Map<string, number>> {
  const places = [...wanted.keys()];
  const starts = yield* offsetsAt(places, 'earliest');
  const ends = yield* offsetsAt(places, 'latest');
  const warn = (text: string): void => {
    context.out.push(logLine(context.startedMs, 'WARN', text, RESETTER));
  };
  const result = new Map<string, number>();
  for (const [place, offset] of wanted) {
    const [start, end] = [starts.get(place)!, ends.get(place)!];
    if (offset > end) {
      warn(
        `New offset (${offset}) is higher than latest offset for topic partition ${place}. Value will be set to ${end}.`,
      );
      result.set(place, end);
    } else if (offset < start) {
      warn(
        `New offset (${offset}) is lower than earliest offset for topic partition ${place}. Value will be set to ${start}.`,
      );
      result.set(place, start);
    } else result.set(place, offset);
  }
  return result;
}

/** Of the first record that is not older (K-10); where there is none, the end. */
function* offsetsFrom(context: Context, places: readonly string[], ms: number): Part<Map<string, number>> {
  const found = yield* offsetsAt(places, ms);
  const without = places.filter((place) => found.get(place)! < 0);
  for (const place of without) {
    const { topic, index } = split(place);
    context.out.push(
      '',
      `Warn: Partition ${index} from topic ${topic} is empty. Falling back to latest known offset.`,
    );
  }
  const ends = yield* offsetsAt(without, 'latest');
  return new Map(places.map((place) => [place, ends.get(place) ?? found.get(place)!]));
}

// --delete-offsets

function* deleteOffsets(context: Context, options: Options): Part<void> {
  const { out } = context;
  const group = options.value('group')!;
  const rows: (readonly [topic: string, partition: string, status: string])[] = [];
  const places: string[] = [];
  for (const text of options.values('topic')) {
    const parsed = topicAndPartitions(text);
    if ('error' in parsed) throw illegalArgument(parsed.error);
    const { topic, partitions } = parsed;
    if (partitions === null) {
      const found = placesOf(yield* someTopics([topic]));
      if (found.length === 0)
        rows.push([topic, MISSING, `Error: ${String(errorOf('UNKNOWN_TOPIC_OR_PARTITION'))}`]);
      places.push(...found);
    } else places.push(...partitions.map((index) => `${topic}-${index}`));
  }
  const reply = yield* askOne<'OffsetDelete'>({ kind: 'coordinator', group }, 'deleteConsumerGroupOffsets', {
    api: 'OffsetDelete',
    group,
    places,
  });
  const error = reply.error;
  if (error === 'NONE') out.push(`Request succeeded for deleting offsets from group ${group}.`);
  else if (error === 'GROUP_SUBSCRIBED_TO_TOPIC' || error === 'UNKNOWN_TOPIC_OR_PARTITION')
    printError(context, 'Encountered some partition-level error, see the follow-up details.');
  else if (error === 'GROUP_ID_NOT_FOUND' || error === 'NON_EMPTY_GROUP')
    printError(context, defaultMessage(error));
  else printError(context, `Encountered some unknown error: ${error}`);
  const status = error === 'NONE' ? 'Successful' : `Error: ${String(errorOf(error))}`;
  for (const place of places.sort(comparePlaces)) {
    const { topic, index } = split(place);
    rows.push([topic, String(index), status]);
  }
  const widths = [
    widest(
      15,
      rows.map(([topic]) => topic),
    ),
    10,
    15,
  ];
  out.push('', row(widths, ['TOPIC', 'PARTITION', 'STATUS']), ...rows.map((cells) => row(widths, cells)));
}
