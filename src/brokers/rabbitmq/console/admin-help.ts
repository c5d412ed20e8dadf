/** What the Python `rabbitmqadmin` says of itself, as far as the simulation has it. */
import { ADMIN_SWITCHES, GET, LISTABLE, OBJECTS, PUBLISH, type AdminObject } from './admin-commands.ts';

export function adminHelp(): string[] {
  return [
    'Usage',
    '=====',
    '  rabbitmqadmin [options] subcommand',
    '',
    'Options',
    '=======',
    ...ADMIN_SWITCHES.map(({ name, short, takes, about }) => {
      const value = takes === null ? '' : `=${name.toUpperCase().replace(/-/g, '_')}`;
      const brief = short === null ? '' : `, -${short}${value === '' ? '' : ` ${value.slice(1)}`}`;
      return `${`--${name}${value}${brief}`.padEnd(44)}${about}`;
    }),
    '',
    'More Help',
    '=========',
    '',
    '  rabbitmqadmin help subcommands  # For a list of available subcommands',
  ];
}

export function subcommandsHelp(): string[] {
  const changes = (['declare', 'delete', 'purge'] as const).flatMap((action) =>
    Object.entries(OBJECTS[action]).map(([type, object]) => `  ${action} ${type} ${wordsOf(object)}`),
  );
  return [
    'Usage',
    '=====',
    '  rabbitmqadmin [options] subcommand',
    '',
    '  where subcommand is one of:',
    '',
    'Display',
    '=======',
    '',
    ...Object.keys(LISTABLE).map((name) => `  list ${name} [<column>...]`),
    '  show overview [<column>...]',
    '',
    'Object Manipulation',
    '===================',
    '',
    ...changes,
    '',
    'Publishing and Consuming',
    '========================',
    '',
    `  publish ${wordsOf(PUBLISH)}`,
    `  get ${wordsOf(GET)}`,
    '',
    '  * If payload is not specified on publish, standard input is used',
  ];
}

function wordsOf({ mandatory, optional }: AdminObject): string {
  const must = mandatory.map((name) => `${name}=...`).join(' ');
  const may = Object.keys(optional).map((name) => `${name}=...`);
  return may.length > 0 ? `${must} [${may.join(' ')}]` : must;
}
