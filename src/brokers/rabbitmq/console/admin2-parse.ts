/** The command line of `rabbitmqadmin` v2, with the words of its parser (clap) for what is wrong in it. */
import { COMMANDS2, GLOBAL2, GROUPS2, longOf, type Command2, type Option2 } from './admin2-commands.ts';
import { Exit } from './script.ts';

const USAGE = 2;
const MORE = "For more information, try '--help'.";

export interface Parsed2 {
  readonly command: Command2;
  value(id: string): string | null;
  has(id: string): boolean;
}

/** @throws Exit for help, and for what is wrong */
export function parse(words: readonly string[], release: string): Parsed2 {
  const given = new Map<string, string>();
  let group: string | null = null;
  let command: Command2 | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--help' || word === '-h') throw new Exit(0, help(group, command));
    if (!/^-./.test(word)) {
      if (word === 'help' && command === null) throw helpFor(group, words.slice(i + 1));
      if (group === null) group = groupNamed(word);
      else if (command === null) command = commandNamed(group, word);
      else throw unexpected(word, command);
      continue;
    }
    const option = optionNamed(word, group, command);
    if (!option) throw unexpected(word.split('=')[0]!, command ?? group);
    const attached = word.startsWith('--') ? word.indexOf('=') : -1;
    const short = !word.startsWith('--') && word.length > 2 ? word.slice(2).replace(/^=/, '') : null;
    if (given.has(option.id))
      throw clap(
        [`error: the argument '${labelOf(option)}' cannot be used multiple times`],
        command ?? group,
      );
    if (option.kind === 'flag') given.set(option.id, '');
    else
      given.set(
        option.id,
        valueFor(option, attached >= 0 ? word.slice(attached + 1) : short, words[++i], () => i--),
      );
  }
  if (given.has('version')) throw new Exit(0, [`rabbitmqadmin 2.35.0 (for RabbitMQ ${release})`]);
  if (group === null || command === null) throw new Exit(USAGE, help(group, null));
  const missing = command.options.filter(({ id, required }) => required && !given.has(id));
  if (missing.length > 0) {
    throw new Exit(USAGE, [
      'error: the following required arguments were not provided:',
      ...missing.map((option) => `  ${labelOf(option)}`),
      '',
      usageOf(command),
      '',
      MORE,
    ]);
  }
  const { options } = command;
  const defaultOf = (id: string): string | null =>
    [...options, ...GLOBAL2].find((option) => option.id === id)?.default ?? null;
  return {
    command,
    value: (id) => given.get(id) ?? defaultOf(id),
    has: (id) => given.has(id),
  };
}

/** @param unread gives the next word back: the value is in this one */
function valueFor(
  option: Option2,
  attached: string | null,
  next: string | undefined,
  unread: () => void,
): string {
  const value = attached ?? next;
  if (attached !== null) unread();
  if (value === undefined || (attached === null && /^--?[a-z]/i.test(value)))
    throw new Exit(USAGE, [
      `error: a value is required for '${labelOf(option)}' but none was supplied`,
      '',
      MORE,
    ]);
  const oneOf = option.kind === 'bool' ? ['true', 'false'] : option.oneOf;
  const fits = oneOf ? oneOf.includes(value) : option.kind !== 'count' || /^\d+$/.test(value);
  if (fits) return value;
  throw new Exit(USAGE, [
    `error: invalid value '${value}' for '${labelOf(option)}'${oneOf ? '' : ': invalid digit found in string'}`,
    ...(oneOf ? [`  [possible values: ${oneOf.join(', ')}]`] : []),
    '',
    MORE,
  ]);
}

function optionNamed(word: string, group: string | null, command: Command2 | null): Option2 | null {
  const long = word.startsWith('--');
  const name = long ? word.split('=')[0]! : word.slice(1, 2);
  const matches = (option: Option2): boolean => (long ? longOf(option) === name : option.short === name);
  const own = command?.options.find(matches);
  return own ?? GLOBAL2.find((option) => matches(option) && (group === null || option.global)) ?? null;
}

function groupNamed(word: string): string {
  if (GROUPS2.includes(word)) return word;
  throw clap([`error: unrecognized subcommand '${word}'`], null);
}

function commandNamed(group: string, word: string): Command2 {
  const command = COMMANDS2.find((one) => one.group === group && one.name === word);
  if (command) return command;
  throw clap([`error: unrecognized subcommand '${word}'`], group);
}

function unexpected(word: string, where: Command2 | string | null): Exit {
  return clap([`error: unexpected argument '${word}' found`], where);
}

function clap(lines: readonly string[], where: Command2 | string | null): Exit {
  return new Exit(USAGE, [...lines, '', usageOf(where), '', MORE]);
}

/** `--name <name>` */
function labelOf(option: Option2): string {
  const short = option.short !== undefined && !option.required ? longOf(option) : longOf(option);
  return option.kind === 'flag' ? short : `${short} <${option.id}>`;
}

function usageOf(where: Command2 | string | null): string {
  if (where === null) return 'Usage: rabbitmqadmin [OPTIONS] <COMMAND>';
  if (typeof where === 'string') return `Usage: rabbitmqadmin ${where} [OPTIONS] <COMMAND>`;
  const must = where.options.filter(({ required }) => required).map(labelOf);
  const may = where.options.some(({ required }) => !required) || must.length === 0 ? ['[OPTIONS]'] : [];
  return ['Usage: rabbitmqadmin', where.group, where.name, ...may, ...must].join(' ');
}

function helpFor(group: string | null, words: readonly string[]): Exit {
  const [first, second] = words;
  if (first === undefined) return new Exit(0, help(group, null));
  if (group !== null) return new Exit(0, help(group, commandNamed(group, first)));
  const named = groupNamed(first);
  return new Exit(0, help(named, second === undefined ? null : commandNamed(named, second)));
}

function help(group: string | null, command: Command2 | null): string[] {
  if (command) {
    return [
      command.about,
      '',
      usageOf(command),
      '',
      'Options:',
      ...[...command.options, ...GLOBAL2.filter(({ global }) => global)].map(describe),
    ];
  }
  if (group !== null) {
    const commands = COMMANDS2.filter((one) => one.group === group);
    return [
      usageOf(group),
      '',
      'Commands:',
      ...commands.map(({ name, about }) => `  ${name.padEnd(20)}${about}`),
    ];
  }
  return [
    'rabbitmqadmin gen 2, the command line tool for the HTTP API of RabbitMQ 4.x',
    '',
    usageOf(null),
    '',
    'Commands, as far as the simulation has them:',
    ...GROUPS2.map((name) => {
      const commands = COMMANDS2.filter((one) => one.group === name).map((one) => one.name);
      return `  ${name.padEnd(20)}${commands.join(', ')}`;
    }),
    '',
    'Options:',
    ...GLOBAL2.map(describe),
  ];
}

function describe(option: Option2): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  return `  ${`${short}${labelOf(option)}`.padEnd(42)}${option.about}`;
}
