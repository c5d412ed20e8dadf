/** `rabbitmqadmin` of the 3.x releases: a Python script that speaks to a node's HTTP API. */
import type { BindingSettings, ExchangeSettings, Table } from '../config.ts';
import {
  ADMIN_SWITCHES,
  GET,
  LISTABLE,
  OBJECTS,
  OVERVIEW_COLUMNS,
  PUBLISH,
  type AdminObject,
} from './admin-commands.ts';
import { display, FORMATS } from './admin-format.ts';
import { erlangNode, httpNode, nodeNamed } from './address.ts';
import {
  ACK_MODES,
  direct,
  getMessages,
  NOT_FOUND,
  objects,
  overview,
  propertiesIn,
  propertiesKey,
  publish,
  RELEASES,
  type ApiError,
  plain,
  type JsonObject,
  type Listed,
} from './api.ts';
import { adminHelp, subcommandsHelp } from './admin-help.ts';
import { problemWith, settings } from './policies.ts';
import {
  ask,
  Exit,
  gather,
  type AskOptions,
  type ClusterFacts,
  type Context,
  type Part,
  type Script,
} from './script.ts';

const BAD_OPTIONS = 2;

interface Options {
  readonly given: ReadonlyMap<string, string | null>;
  readonly words: readonly string[];
}

interface Session {
  readonly context: Context;
  readonly options: Options;
  readonly node: string;
  readonly vhost: string | null;
  readonly asking: AskOptions;
  /** `<what> declared`, unless it is to be quiet. */
  readonly verbose: (text: string) => void;
}

export function* rabbitmqadmin(context: Context): Script {
  const options = optionsIn(context.words);
  if (options.given.has('help')) throw new Exit(0, adminHelp());
  if (options.given.has('version')) throw new Exit(0, [`rabbitmqadmin ${RELEASES[context.version]}`]);
  const [action, ...words] = options.words;
  if (action === undefined) throw usage('Action not specified');
  if (action === 'help') return helpAbout(context, words);
  const session = sessionOf(context, options);
  switch (action) {
    case 'list':
    case 'show':
      return yield* list(session, action, words);
    case 'declare':
    case 'delete':
    case 'purge':
      return yield* change(session, action, words);
    case 'publish':
      return yield* publishMessage(session, words);
    case 'get':
      return yield* getFrom(session, words);
    case 'close':
    case 'export':
    case 'import':
      throw new Exit(1, [`rabbitmqadmin ${action} is not in this simulation`]);
    default:
      throw usage(`Action ${action} not understood`);
  }
}

/** What is wrong with the words of the command. */
function usage(what: string): Exit {
  return new Exit(1, ['', `ERROR: ${what}`, '', 'rabbitmqadmin --help for help', '']);
}

/** What the server has against it, or that there is none. */
function die(text: string): Exit {
  return new Exit(1, [...`*** ${text}`.split('\n'), '']);
}

function optionsIn(words: readonly string[]): Options {
  const given = new Map<string, string | null>();
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!/^-./.test(word)) {
      rest.push(word);
      continue;
    }
    const long = word.startsWith('--');
    const name = long ? word.slice(2).split('=')[0]! : word.slice(1, 2);
    const spec = ADMIN_SWITCHES.find((one) => (long ? one.name === name : one.short === name));
    if (!spec) throw badOption(`no such option: ${long ? `--${name}` : `-${name}`}`);
    let value = long
      ? word.includes('=')
        ? word.slice(word.indexOf('=') + 1)
        : null
      : word.slice(2) || null;
    if (spec.takes !== null && value === null) {
      value = words[++i] ?? null;
      if (value === null) throw badOption(`${long ? '--' : '-'}${name} option requires 1 argument`);
    }
    if (spec.takes === 'integer' && !/^-?\d+$/.test(value!))
      throw badOption(`option ${long ? '--' : '-'}${name}: invalid integer value: '${value!}'`);
    given.set(spec.name, value);
  }
  return { given, words: rest };
}

function badOption(what: string): Exit {
  return new Exit(BAD_OPTIONS, [
    'Usage',
    '=====',
    '  rabbitmqadmin [options] subcommand',
    '',
    `rabbitmqadmin: error: ${what}`,
  ]);
}

function sessionOf(context: Context, options: Options): Session {
  const { given } = options;
  const seconds = Number(given.get('request-timeout') ?? 120);
  const host = given.get('host') ?? 'localhost';
  const node = httpNode(host, Number(given.get('port') ?? 15_672), context.nodes);
  const isHost = host === 'localhost' || host === '127.0.0.1' || context.nodes.includes(host);
  if (node === null)
    throw die(
      isHost
        ? 'Could not connect: [Errno 111] Connection refused'
        : 'Could not connect: [Errno -2] Name or service not known',
    );
  return {
    context,
    options,
    node,
    vhost: given.get('vhost') ?? null,
    asking: {
      timeoutMs: seconds * 1000,
      failed: (why) =>
        die(
          why === 'unreachable'
            ? 'Could not connect: [Errno 111] Connection refused'
            : `Timed out getting HTTP response (request timeout: ${seconds} seconds)`,
        ),
    },
    verbose: (text) => {
      if (!given.has('quiet')) context.out.push(text);
    },
  };
}

/** As Python's `quote` leaves no character of its own kind. */
function quoted(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Asks for what a request needs to know. @throws Exit where its user or its virtual host is unknown */
function* begin({ node, options, vhost, asking }: Session, path: string): Part<ClusterFacts> {
  const facts = yield* gather(node, asking);
  const { given } = options;
  if ((given.get('username') ?? 'guest') !== 'guest' || (given.get('password') ?? 'guest') !== 'guest')
    throw die(`Access refused: /api${path}`);
  if (vhost !== null && vhost !== '/') throw die(`Not found: /api${path}`);
  return facts;
}

function check(error: ApiError | null, path: string): void {
  if (!error) return;
  if (error.status === 404) throw die(`Not found: /api${path}`);
  if (error.status === 401) throw die(`Access refused: /api${path}`);
  if (error.status === 'unreachable') throw die('Could not connect: [Errno 111] Connection refused');
  throw die(error.reason);
}

// Listing.

function* list(session: Session, action: 'list' | 'show', words: readonly string[]): Script {
  const { options, vhost, context } = session;
  const { given } = options;
  const [name, ...asked] = words;
  // The script itself stumbles over the missing word.
  if (name === undefined) throw new Exit(1, ['IndexError: list index out of range']);
  const known =
    action === 'list'
      ? LISTABLE[name]
      : name === 'overview'
        ? { vhost: false, columns: OVERVIEW_COLUMNS }
        : undefined;
  if (!known) throw usage(`Don't know how to ${action} ${name}`);
  const formatName = given.get('format') ?? 'table';
  const format = FORMATS.find((one) => one === formatName);
  if (!format) throw new Exit(1, [`KeyError: '${formatName}'`]);
  const depth = Number(given.get('depth') ?? 1);
  const columns =
    asked.length > 0 ? asked : depth === 1 && !format.includes('json') ? (known.columns ?? []) : [];
  const query = columns.length > 0 ? `?columns=${columns.join(',')}` : '';
  const path = `/${name}${vhost !== null && known.vhost ? `/${quoted(vhost)}` : ''}${query}`;
  const facts = yield* begin(session, path);
  const release = RELEASES[context.version];
  const items = action === 'show' ? [overview(facts, release)] : objects(name as Listed, facts);
  const shown = {
    format,
    columns,
    depth,
    asJson: ('json' in known && known.json) || [],
    quiet: given.has('quiet'),
  };
  context.out.push(...display(inOrder(items, given), shown));
  return 0;
}

function inOrder(items: readonly JsonObject[], given: Options['given']): readonly JsonObject[] {
  const key = given.get('sort');
  if (key === null || key === undefined) return items;
  const value = (item: JsonObject): number | string => {
    const found = item[key];
    return typeof found === 'number' ? found : plain(found);
  };
  const down = given.has('sort-reverse') ? -1 : 1;
  return [...items].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x === y ? 0 : (x < y ? -1 : 1) * down;
  });
}

// Changing.

type Upload = ReadonlyMap<string, string>;

function uploadIn(words: readonly string[], { mandatory, optional, json }: AdminObject): Upload {
  const upload = new Map<string, string>();
  for (const [name, value] of Object.entries(optional)) if (value !== null) upload.set(name, value);
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 0) throw usage(`Argument "${word}" not in the name=value format`);
    const name = word.slice(0, equals);
    if (!mandatory.includes(name) && !(name in optional)) throw usage(`Argument "${name}" is not recognised`);
    const value = word.slice(equals + 1);
    if (json.includes(name) && !isJson(value))
      throw new Exit(1, ['ERROR: Could not parse JSON:', `  ${value}`]);
    upload.set(name, value);
  }
  for (const name of mandatory)
    if (!upload.has(name)) throw usage(`mandatory argument "${name}" is required`);
  return upload;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function pathOf(object: AdminObject, upload: Upload, vhost: string | null): string {
  return object.path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    if (name === 'vhost') return quoted(vhost ?? '/');
    if (name === 'destination_char') return (upload.get('destination_type') ?? 'queue').slice(0, 1);
    return quoted(upload.get(name) ?? '');
  });
}

function tableOf(upload: Upload, name: string): Table {
  const value: unknown = JSON.parse(upload.get(name) ?? '{}');
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

/** @throws Exit with the words of Erlang's decoder */
function truth(upload: Upload, name: string): boolean {
  const value = upload.get(name);
  if (value !== 'true' && value !== 'false') throw die(`['not_boolean', '${value ?? ''}']`);
  return value === 'true';
}

function* change(session: Session, action: 'declare' | 'delete' | 'purge', words: readonly string[]): Script {
  const [type, ...rest] = words;
  if (type === undefined) throw usage('Type not specified');
  const object = OBJECTS[action][type];
  if (!object) throw usage(`Type ${type} not recognised`);
  const upload = uploadIn(rest, object);
  const path = pathOf(object, upload, session.vhost);
  const facts = yield* begin(session, path);
  check(yield* changed(session, action, type, upload, facts), path);
  session.verbose(`${type} ${action === 'purge' ? 'purged' : `${action}d`}`);
  return 0;
}

function* changed(
  session: Session,
  action: 'declare' | 'delete' | 'purge',
  type: string,
  upload: Upload,
  { target }: ClusterFacts,
): Part<ApiError | null> {
  const { node, context } = session;
  const name = upload.get('name') ?? '';
  const operator = type === 'operator_policy';
  switch (`${action} ${type}`) {
    case 'declare exchange': {
      const exchange = {
        name,
        type: upload.get('type')! as ExchangeSettings['type'],
        durable: truth(upload, 'durable'),
        autoDelete: truth(upload, 'auto_delete'),
        internal: truth(upload, 'internal'),
        arguments: tableOf(upload, 'arguments'),
      };
      return yield* direct(node, { call: 'declare-exchange', exchange });
    }
    case 'declare queue': {
      const asked = upload.get('node');
      const home = asked === undefined ? node : nodeNamed(asked, context.nodes);
      if (home === null) return { status: 400, reason: `Node '${asked!}' could not be contacted` };
      const kind = upload.get('queue_type');
      const given = tableOf(upload, 'arguments');
      const queue = {
        name,
        durable: truth(upload, 'durable'),
        autoDelete: truth(upload, 'auto_delete'),
        arguments: kind === undefined ? given : { ...given, 'x-queue-type': kind },
        node: context.nodes.indexOf(home) + 1,
      };
      const error = yield* direct(home, { call: 'declare-queue', queue });
      return error?.status === 'unreachable' && home !== node
        ? { status: 400, reason: `Node '${erlangNode(home)}' could not be contacted` }
        : error;
    }
    case 'declare binding':
      return yield* bind(node, bindingIn(upload), target);
    case 'delete exchange':
      if (!target.exchanges.some((one) => one.name === name)) return NOT_FOUND;
      return yield* direct(node, { call: 'delete-exchange', name });
    case 'delete queue':
      if (!target.queues.some((one) => one.name === name)) return NOT_FOUND;
      return yield* direct(node, { call: 'delete-queue', name, ifUnused: false, ifEmpty: false });
    case 'delete binding': {
      const asked = bindingIn(upload);
      const binding = target.bindings.find(
        (one) =>
          one.source === asked.source &&
          one.destination === asked.destination &&
          one.destinationType === asked.destinationType &&
          propertiesKey(one) === upload.get('properties_key'),
      );
      return binding ? yield* direct(node, { call: 'unbind', binding }) : NOT_FOUND;
    }
    case 'purge queue':
      if (!target.queues.some((one) => one.name === name)) return NOT_FOUND;
      return yield* direct(node, { call: 'purge', name });
    case 'declare policy':
    case 'declare operator_policy':
      return yield* setPolicy(session, upload, operator);
    default: {
      const { found } = yield* ask(node, { ask: 'clear-policy', name, operator }, session.asking);
      return found ? null : NOT_FOUND;
    }
  }
}

function bindingIn(upload: Upload): BindingSettings {
  return {
    source: upload.get('source')!,
    destination: upload.get('destination')!,
    destinationType: upload.get('destination_type') === 'exchange' ? 'exchange' : 'queue',
    routingKey: upload.get('routing_key') ?? '',
    arguments: tableOf(upload, 'arguments'),
  };
}

/** Both ends must be there. */
function* bind(
  node: string,
  binding: BindingSettings,
  target: ClusterFacts['target'],
): Part<ApiError | null> {
  const { source, destination, destinationType } = binding;
  const ends = destinationType === 'queue' ? target.queues : target.exchanges;
  const areThere =
    target.exchanges.some(({ name }) => name === source) && ends.some(({ name }) => name === destination);
  return areThere ? yield* direct(node, { call: 'bind', binding }) : NOT_FOUND;
}

function* setPolicy(session: Session, upload: Upload, operator: boolean): Part<ApiError | null> {
  const asked = {
    name: upload.get('name')!,
    pattern: upload.get('pattern')!,
    definition: upload.get('definition')!,
    priority: Number(upload.get('priority')),
    applyTo: upload.get('apply-to') ?? 'all',
    operator,
  };
  let problem = problemWith(asked, session.context.version);
  if (problem === null)
    ({ problem } = yield* ask(
      session.node,
      { ask: 'set-policy', policy: settings(asked, tableOf(upload, 'definition')) },
      session.asking,
    ));
  // The API answers in HTML.
  const html = problem?.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return html === undefined ? null : { status: 400, reason: `Validation failed\n\n${html}\n` };
}

// Messages.

function* publishMessage(session: Session, words: readonly string[]): Script {
  const upload = uploadIn(words, PUBLISH);
  const path = pathOf(PUBLISH, upload, session.vhost);
  let payload = upload.get('payload');
  if (payload === undefined) {
    const answer = yield { do: 'read' };
    payload = answer.to === 'read' ? answer.lines.map((line) => `${line}\n`).join('') : '';
  }
  yield* begin(session, path);
  const routed = yield* publish(session.node, {
    exchange: upload.get('exchange')!,
    routingKey: upload.get('routing_key')!,
    payload,
    ...propertiesIn(tableOf(upload, 'properties')),
  });
  if (typeof routed === 'object') check(routed, path);
  session.verbose(routed === true ? 'Message published' : 'Message published but NOT routed');
  return 0;
}

function* getFrom(session: Session, words: readonly string[]): Script {
  const upload = uploadIn(words, GET);
  if (upload.has('payload_file')) throw new Exit(1, ['payload_file: this console has no files']);
  const queue = upload.get('queue')!;
  const path = pathOf(GET, upload, session.vhost);
  const { target } = yield* begin(session, path);
  if (!target.queues.some(({ name }) => name === queue)) check(NOT_FOUND, path);
  const mode = ACK_MODES.find((one) => one === upload.get('ackmode'));
  const count = upload.get('count')!;
  if (!mode)
    throw new Exit(1, [`Exception: Received response 500 Internal Server Error for path /api${path}`, "b''"]);
  if (!/^\d+$/.test(count)) throw die(`['not_integer', '${count}']`);
  const got = yield* getMessages(session.node, queue, Number(count), mode, session.context.version);
  if (!Array.isArray(got)) {
    check(got, path);
    return 1;
  }
  const { given } = session.options;
  const format = FORMATS.find((one) => one === (given.get('format') ?? 'table')) ?? 'table';
  const shown = {
    format,
    columns: [],
    depth: Number(given.get('depth') ?? 1),
    asJson: [],
    quiet: given.has('quiet'),
  };
  session.context.out.push(...display(got, shown));
  return 0;
}

function helpAbout({ out }: Context, words: readonly string[]): number {
  const [topic] = words;
  if (topic === undefined) out.push(...adminHelp());
  else if (topic === 'subcommands') out.push(...subcommandsHelp());
  else throw usage('help topic must be one of:\n  subcommands');
  return 0;
}
