/** `rabbitmqctl`: what is typed, what the tool checks before it asks a node, and which command does what. */
import type { Version } from '../config.ts';
import { erlangNode, nodeNamed } from './address.ts';
import { RELEASES } from './api.ts';
import { isModelled } from './columns.ts';
import type { CtlCall, Say } from './ctl-call.ts';
import { cluster } from './ctl-cluster.ts';
import { listing } from './ctl-lists.ts';
import { columnsOf, CTL_COMMANDS, FORMATTERS, GENERAL, switchNamed, type CtlCommand } from './options.ts';
import { policy } from './policies.ts';
import { deleteQueue, purgeQueue } from './queues.ts';
import { suggestion } from './suggest.ts';
import { Exit, type Context, type Script } from './script.ts';

const USAGE = 64;
const UNAVAILABLE = 69;
const TEMPFAIL = 75;
const DEFAULT_TIMEOUT_S = 60;

/** Commands that the real tool has and the simulation has not. */
const ELSEWHERE = `add_user add_vhost authenticate_user autocomplete await_online_nodes await_startup
  cancel_sync_queue change_cluster_node_type change_password clear_global_parameter clear_parameter clear_password
  clear_permissions clear_topic_permissions clear_user_limits clear_vhost_limits close_all_connections
  close_all_user_connections close_connection decode delete_user delete_vhost enable_feature_flag encode environment eval
  eval_file exec export_definitions force_boot force_gc force_reset forget_cluster_node hash_password hipe_compile
  import_definitions join_cluster list_ciphers list_deprecated_features list_feature_flags list_global_parameters
  list_hashes list_node_auth_attempt_stats list_parameters list_permissions list_topic_permissions
  list_unresponsive_queues list_user_limits list_user_permissions list_user_topic_permissions list_users
  list_vhost_limits list_vhosts node_health_check rename_cluster_node report reset restart_vhost resume_listeners
  rotate_logs schema_info set_cluster_name set_disk_free_limit set_global_parameter set_log_level set_parameter
  set_permissions set_topic_permissions set_user_limits set_user_tags set_vhost_limits set_vhost_tags
  set_vm_memory_high_watermark shutdown start_app stop stop_app suspend_listeners sync_queue trace_off trace_on
  update_cluster_nodes wait`.split(/\s+/);

/** @throws Exit for what is wrong with the words */
export function* rabbitmqctl(context: Context): Script {
  const { out, version } = context;
  const call = understood(context);
  const say: Say = (...lines) => {
    if (!call.quiet && call.shape.formatter !== 'json' && call.shape.formatter !== 'csv') out.push(...lines);
  };
  switch (call.command.name) {
    case 'version':
      out.push(RELEASES[version]);
      return 0;
    case 'ping':
    case 'status':
    case 'cluster_status':
      return yield* cluster(call, say, out, RELEASES[version]);
    case 'purge_queue':
      return yield* purgeQueue(call, say, out);
    case 'delete_queue':
      return yield* deleteQueue(call, say, out);
    case 'set_policy':
    case 'set_operator_policy':
    case 'clear_policy':
    case 'clear_operator_policy':
      return yield* policy(call, say, out);
    default:
      return yield* listing(call, say, out);
  }
}

function understood(context: Context): CtlCall {
  const { words, version, nodes } = context;
  const command = commandIn(words);
  const given = new Map<string, string | null>();
  const bad: string[] = [];
  const positional: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!/^-./.test(word)) {
      positional.push(word);
      continue;
    }
    const spec = switchNamed(command, word);
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    let value = equals < 0 ? null : word.slice(equals + 1);
    if (spec && spec.takes !== 'nothing' && value === null) value = words[++i] ?? null;
    const fits =
      spec &&
      (spec.takes === 'nothing' || (value !== null && (spec.takes === 'text' || /^-?\d+$/.test(value))));
    if (fits) given.set(spec.name, value);
    else bad.push(`${name} : ${value ?? ''}`);
  }
  const rest = positional.slice(1);
  if (given.has('help')) throw new Exit(0, helpOf(command, version));
  if (bad.length > 0)
    throw invalid(command, version, words, `Invalid options for this command:\n${bad.join('\n')}`);
  const formatter = FORMATTERS.find((one) => one === (given.get('formatter') ?? 'table'));
  if (!formatter) {
    throw new Exit(1, [
      '** (ArgumentError) errors were found at the given arguments:',
      '',
      '  * 1st argument: not an already existing atom',
      '',
    ]);
  }
  checkArguments(command, version, words, rest);
  const asked = given.get('node') ?? nodes[0]!;
  const node = nodeNamed(asked, nodes);
  if (node === null) throw unreachable(asked.includes('@') ? asked : erlangNode(asked));
  const timeoutMs = Number(given.get('timeout') ?? DEFAULT_TIMEOUT_S) * 1000;
  const silent = given.has('silent');
  return {
    command,
    version,
    arguments: rest,
    node,
    vhost: given.get('vhost') ?? '/',
    quiet: silent || given.has('quiet'),
    shape: { formatter, headers: !silent && !given.has('no-table-headers') },
    timeoutMs,
    has: (name) => given.has(name),
    value: (name) => given.get(name) ?? null,
    asking: {
      timeoutMs,
      failed: (why) =>
        why === 'unreachable'
          ? unreachable(erlangNode(node))
          : new Exit(TEMPFAIL, [
              `Error: operation ${command.name} on node ${erlangNode(node)} timed out. Timeout value used: ${timeoutMs}`,
            ]),
    },
  };
}

/** @throws Exit where there is none, or none of that name */
function commandIn(words: readonly string[]): CtlCommand {
  let name = '';
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!/^-./.test(word)) {
      name = word;
      break;
    }
    // Whichever command it will be: a timeout is followed by its seconds.
    const takes = /^(?:-t|--timeout)$/.test(word) ? 'integer' : (switchNamed(null, word)?.takes ?? 'nothing');
    if (takes !== 'nothing' && !word.includes('=')) i++;
  }
  if (name === 'help') throw helpAbout(words[words.indexOf('help') + 1] ?? null);
  const command = CTL_COMMANDS.find((one) => one.name === name);
  if (command) return command;
  if (ELSEWHERE.includes(name)) {
    throw new Exit(USAGE, [
      `Command '${name}' is not in this simulation. 'rabbitmqctl help' lists those that are.`,
    ]);
  }
  const lines = name === '' ? [''] : ['', `Command '${name}' not found. `];
  const near = name === '' ? null : suggestion(name, [...CTL_COMMANDS.map((one) => one.name), ...ELSEWHERE]);
  throw new Exit(USAGE, near === null ? [...lines, ...allUsage()] : [...lines, `Did you mean '${near}'? `]);
}

function checkArguments(
  command: CtlCommand,
  version: Version,
  words: readonly string[],
  given: readonly string[],
): void {
  if (command.arguments === null) {
    const known = columnsOf(command, version);
    const unknown = given
      .flatMap((word) => word.split(','))
      .filter((word) => word !== '' && !known.includes(word));
    if (unknown.length > 0)
      throw invalid(command, version, words, `Info key(s) ${unknown.join(',')} are not supported`);
  } else if (given.length < command.arguments)
    throw invalid(command, version, words, 'not enough arguments.');
  else if (given.length > command.arguments) throw invalid(command, version, words, 'too many arguments.');
}

function invalid(command: CtlCommand, version: Version, words: readonly string[], what: string): Exit {
  return new Exit(USAGE, [
    ...`Error (argument validation): ${what}`.split('\n'),
    'Arguments given:',
    `\t${words.join(' ')}`,
    '',
    ...usageOf(command, version),
  ]);
}

function usageOf(command: CtlCommand, version: Version): string[] {
  const usage = (version === '3.10' ? null : command.usage4) ?? command.usage;
  const timed = command.switches.some(({ name }) => name === 'timeout') ? ' [--timeout <timeout>]' : '';
  return ['Usage', '', `rabbitmqctl [--node <node>] [--longnames] [--quiet] ${usage}${timed}`];
}

/** What `rabbitmqctl help <command>` says. */
function helpOf(command: CtlCommand, version: Version): string[] {
  const columns = columnsOf(command, version);
  return [
    '',
    ...usageOf(command, version),
    '',
    `${command.about}.`,
    '',
    'Arguments and Options',
    '',
    ...(columns.length > 0 ? ['<column>', `\tmust be one of ${[...columns].sort().join(', ')}`, ''] : []),
    ...[...command.switches, ...GENERAL].flatMap(({ name, short, about }) => [
      short === undefined ? `--${name}` : `--${name}, -${short}`,
      `\t${about}`,
      '',
    ]),
    ...(columns.length > 0
      ? [`Not in this simulation: ${columns.filter((column) => !isModelled(column)).join(', ')}`]
      : []),
  ];
}

function helpAbout(name: string | null): Exit {
  if (name === null) return new Exit(0, allUsage());
  const command = CTL_COMMANDS.find((one) => one.name === name);
  return command
    ? new Exit(0, helpOf(command, '4.3'))
    : new Exit(USAGE, ['Error:', '', `Command '${name}' not found.`]);
}

function allUsage(): string[] {
  return [
    'Usage',
    '',
    'rabbitmqctl [--node <node>] [--timeout <timeout>] [--longnames] [--quiet] <command> [<command options>]',
    '',
    'Available commands:',
    '',
    ...CTL_COMMANDS.map(({ name, about }) => `   ${name.padEnd(30)}${about}`),
    '',
    "Use 'rabbitmqctl help <command>' to learn more about a specific command",
  ];
}

/** Nobody answers there. */
export function unreachable(node: string): Exit {
  return new Exit(UNAVAILABLE, [
    `Error: unable to perform an operation on node '${node}'. Please see diagnostics information and suggestions below.`,
    '',
    'Most common reasons for this are:',
    '',
    ' * Target node is unreachable (e.g. due to hostname resolution, TCP connection or firewall issues)',
    " * CLI tool fails to authenticate with the server (e.g. due to CLI tool's Erlang cookie not matching that of the server)",
    ' * Target node is not running',
    '',
    'DIAGNOSTICS',
    '===========',
    '',
    `attempted to contact: [${node}]`,
  ]);
}
