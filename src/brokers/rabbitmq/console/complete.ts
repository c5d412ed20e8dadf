/** Tab completion: what could stand where the cursor is. */
import type { Completion, Names } from '../../console-tools.ts';
import type { RabbitmqView } from '../view-types.ts';
import {
  ACTIONS,
  ADMIN_SWITCHES,
  GET,
  LISTABLE,
  OBJECTS,
  PUBLISH,
  valueOf,
  type AdminObject,
} from './admin-commands.ts';
import { COMMANDS2, GLOBAL2, GROUPS2, longOf, QUEUE_COLUMNS2, type Option2 } from './admin2-commands.ts';
import {
  applyToWords,
  columnsOf,
  CTL_COMMANDS,
  FORMATTERS,
  GENERAL,
  switchNamed,
  type Release,
  type ValueKind,
} from './options.ts';
import { BUILT_IN, programNamed, PROGRAMS } from './programs.ts';

/** Names that are there at this moment. */
export interface Knowledge extends Names {
  readonly queues: readonly string[];
  readonly exchanges: readonly string[];
  /** `rabbit-1`, `rabbit-2`, … */
  readonly nodes: readonly string[];
  readonly policies: readonly string[];
  /** One: the release whose tools these are. */
  readonly releases: readonly string[];
}

export function namesIn({ queues, exchanges, nodes, policies, version }: RabbitmqView): Knowledge {
  return {
    queues: queues.map(({ name }) => name).sort(),
    exchanges: exchanges
      .map(({ name }) => name)
      .filter((name) => name !== '')
      .sort(),
    nodes: nodes.map(({ id }) => id),
    policies: [...policies].sort(),
    releases: [version],
  };
}

function valuesOf(kind: ValueKind, names: Names): readonly string[] {
  switch (kind) {
    case 'queue':
      return names['queues'] ?? [];
    case 'exchange':
    case 'source':
      return names['exchanges'] ?? [];
    case 'policy':
      return names['policies'] ?? [];
    case 'node':
      return (names['nodes'] ?? []).map((node) => `rabbit@${node}`);
    case 'formatter':
      return FORMATTERS;
    case 'apply-to':
      return applyToWords(releaseIn(names));
    case null:
      return [];
  }
}

function releaseIn(names: Names): Release {
  const [release] = names['releases'] ?? [];
  return release === '3.10' || release === '4.2' ? release : '4.3';
}

/** Candidates, and where the word that they replace begins. */
interface Found {
  readonly candidates: readonly string[];
  readonly start: string;
}

/**
 * What could stand at the cursor: a program, a command, an option, or what one of them takes.
 * @param line what has been typed
 * @param cursor where the cursor is, in characters from the beginning
 */
export function complete(line: string, cursor: number, names: Names): Completion {
  const before = line.slice(0, cursor);
  const words = before.split(/[ \t]+/);
  const word = words.pop() ?? '';
  const typed = words.filter((one) => one !== '');
  const [first, ...rest] = typed;
  const program = first === undefined ? null : programNamed(first);
  let found: Found = { candidates: [], start: word };
  if (first === undefined) found = { candidates: [...PROGRAMS, ...BUILT_IN], start: word };
  else if (program === 'rabbitmqctl') found = ctl(rest, word, names);
  else if (program === 'rabbitmqadmin')
    found = releaseIn(names) === '3.10' ? admin(rest, word, names) : admin2(rest, word, names);
  const fitting = [...new Set(found.candidates)].filter((one) => one.startsWith(found.start)).sort();
  return { from: before.length - found.start.length, candidates: fitting };
}

function ctl(typed: readonly string[], word: string, names: Names): Found {
  const command = CTL_COMMANDS.find(({ name }) => typed.includes(name)) ?? null;
  const last = typed.at(-1) ?? '';
  const before = last.startsWith('-') && !last.includes('=') ? switchNamed(command, last) : null;
  if (before && before.takes !== 'nothing')
    return { candidates: valuesOf(before.value ?? null, names), start: word };
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  if (equals > 0) {
    const named = switchNamed(command, word);
    return { candidates: valuesOf(named?.value ?? null, names), start: word.slice(equals + 1) };
  }
  if (word.startsWith('-')) {
    const switches = [...GENERAL, ...(command?.switches ?? [])];
    return { candidates: switches.map(({ name }) => `--${name}`), start: word };
  }
  if (!command) return { candidates: [...CTL_COMMANDS.map(({ name }) => name), 'help'], start: word };
  if (typed.includes('help')) return { candidates: [], start: word };
  const columns = columnsOf(command, releaseIn(names)).filter((column) => !typed.includes(column));
  if (columns.length > 0) return { candidates: columns, start: word };
  const at = typed.slice(typed.indexOf(command.name) + 1).filter((one) => !one.startsWith('-')).length;
  return { candidates: valuesOf(command.values?.[at] ?? null, names), start: word };
}

function admin(typed: readonly string[], word: string, names: Names): Found {
  if (word.startsWith('-')) return { candidates: ADMIN_SWITCHES.map(({ name }) => `--${name}`), start: word };
  const [action, type, ...given] = plain(typed);
  if (action === undefined) return { candidates: ACTIONS, start: word };
  if (action === 'list' && type === undefined) return { candidates: Object.keys(LISTABLE), start: word };
  if (action === 'show' && type === undefined) return { candidates: ['overview'], start: word };
  if (action === 'help') return { candidates: ['subcommands'], start: word };
  if (action === 'publish') return namedWords('publish', null, PUBLISH, [type, ...given], word, names);
  if (action === 'get') return namedWords('get', null, GET, [type, ...given], word, names);
  if (action !== 'declare' && action !== 'delete' && action !== 'purge')
    return { candidates: [], start: word };
  const objects = OBJECTS[action];
  if (type === undefined) return { candidates: Object.keys(objects), start: word };
  const object = objects[type];
  return object ? namedWords(action, type, object, given, word, names) : { candidates: [], start: word };
}

/** Words without options and what those take. */
function plain(typed: readonly string[]): string[] {
  const rest: string[] = [];
  for (let i = 0; i < typed.length; i++) {
    const word = typed[i]!;
    if (!word.startsWith('-')) rest.push(word);
    else {
      const spec = ADMIN_SWITCHES.find(
        ({ name, short }) => word === `--${name}` || word === `-${short ?? ''}`,
      );
      if (spec?.takes) i++;
    }
  }
  return rest;
}

/** `name=value`: the names that are still free, or after the sign what the value could be. */
function namedWords(
  action: string,
  type: string | null,
  { mandatory, optional }: AdminObject,
  given: readonly (string | undefined)[],
  word: string,
  names: Names,
): Found {
  const equals = word.indexOf('=');
  if (equals >= 0) {
    const name = word.slice(0, equals);
    const fixed =
      name === 'type' ? ['direct', 'fanout', 'headers', 'topic', 'x-consistent-hash'] : FIXED[name];
    return {
      candidates: fixed ?? valuesOf(valueOf(action, type, name), names),
      start: word.slice(equals + 1),
    };
  }
  const used = given.map((one) => one?.split('=')[0]);
  const free = [...mandatory, ...Object.keys(optional)].filter((name) => !used.includes(name));
  return { candidates: free.map((name) => `${name}=`), start: word };
}

const FIXED: Readonly<Record<string, readonly string[]>> = {
  queue_type: ['classic', 'quorum', 'stream'],
  durable: ['false', 'true'],
  auto_delete: ['false', 'true'],
  internal: ['false', 'true'],
  destination_type: ['exchange', 'queue'],
  ackmode: ['ack_requeue_false', 'ack_requeue_true', 'reject_requeue_false', 'reject_requeue_true'],
};

function admin2(typed: readonly string[], word: string, names: Names): Found {
  const positional = typed.filter((one, i) => !one.startsWith('-') && !takesValue(typed[i - 1]));
  const [group, name] = positional;
  const command = COMMANDS2.find((one) => one.group === group && one.name === name);
  const own = command?.options ?? [];
  const all: readonly Option2[] = [...own, ...GLOBAL2];
  const last = typed.at(-1);
  const before = last?.startsWith('-') ? all.find((one) => names2(one).includes(last)) : undefined;
  if (before && before.kind !== 'flag') return { candidates: optionValues(before, names), start: word };
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  if (equals > 0) {
    const option = all.find((one) => longOf(one) === word.slice(0, equals));
    return { candidates: option ? optionValues(option, names) : [], start: word.slice(equals + 1) };
  }
  if (command || word.startsWith('-')) {
    const free = all.filter((one) => !typed.some((given) => names2(one).includes(given)));
    const fitting = command ? free.filter((one) => own.includes(one) || word.startsWith('-')) : free;
    return { candidates: fitting.map(longOf), start: word };
  }
  if (group === undefined || !GROUPS2.includes(group))
    return { candidates: [...GROUPS2, 'help'], start: word };
  return { candidates: COMMANDS2.filter((one) => one.group === group).map((one) => one.name), start: word };
}

function names2(option: Option2): string[] {
  return [longOf(option), ...(option.short === undefined ? [] : [`-${option.short}`])];
}

/** Whether the word before takes the next one, among the options that stand before a command. */
function takesValue(word: string | undefined): boolean {
  const option = GLOBAL2.find((one) => word !== undefined && names2(one).includes(word));
  return option !== undefined && option.kind !== 'flag';
}

function optionValues(option: Option2, names: Names): readonly string[] {
  if (option.oneOf) return option.oneOf;
  if (option.kind === 'bool') return ['false', 'true'];
  if (option.id === 'columns') return QUEUE_COLUMNS2;
  if (option.id === 'ack_mode') return FIXED['ackmode']!;
  return valuesOf(option.value ?? null, names);
}
