/** `rabbitmqadmin` v2, for RabbitMQ 4.x: a program of its own that speaks to a node's HTTP API. */
import type { BindingSettings, ExchangeSettings, Table } from '../config.ts';
import { HTTP_PORT, httpNode } from './address.ts';
import { parse, type Parsed2 } from './admin2-parse.ts';
import { overviewTable, tableOf } from './admin2-rows.ts';
import { draw, type TableStyle } from './admin2-table.ts';
import {
  ACK_MODES,
  direct,
  getMessages,
  NOT_FOUND,
  objects,
  overview,
  propertiesIn,
  publish,
  RELEASES,
  type ApiError,
  type Listed,
} from './api.ts';
import { problemWith, settings, tableIn } from './policies.ts';
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

const DATA_ERROR = 65;

interface Session2 {
  readonly context: Context;
  readonly parsed: Parsed2;
  readonly node: string;
  readonly asking: AskOptions;
  readonly table: { readonly style: TableStyle; readonly nonInteractive: boolean };
}

export function* rabbitmqadmin2(context: Context): Script {
  const release = RELEASES[context.version];
  const parsed = parse(context.words, release);
  const { command } = parsed;
  // What is read from the input is read before anything is asked.
  const payload = command.act === 'publish message' ? yield* payloadIn(parsed) : '';
  const session = sessionOf(context, parsed);
  const facts = yield* gather(session.node, session.asking);
  if ((parsed.value('username') ?? 'guest') !== 'guest' || (parsed.value('password') ?? 'guest') !== 'guest')
    throw failed('API responded with a client error: status code of 401 Unauthorized');
  if ((parsed.value('vhost') ?? '/') !== '/') check(NOT_FOUND, session);
  const { act } = command;
  if (act === 'show overview') {
    const rows = overviewTable(overview(facts, release));
    context.out.push(...draw(rows, { ...session.table, title: 'Overview' }));
  } else if (act === 'show queue') show(session, facts);
  else if (act.startsWith('list ')) list(session, facts, act.slice(5) as Listed);
  else if (act === 'publish message') yield* publishMessage(session, payload);
  else if (act === 'get messages') yield* getFrom(session, facts);
  else check(yield* changed(session, facts), session);
  return 0;
}

function failed(text: string): Exit {
  return new Exit(DATA_ERROR, text.split('\n'));
}

function check(error: ApiError | null, { parsed }: Session2): void {
  if (!error) return;
  if (error.status === 404) {
    if (parsed.has('idempotently')) return;
    throw failed('API responded with a 404 Not Found');
  }
  throw failed(
    error.status === 'unreachable' ? 'Encountered an error when performing an HTTP request' : error.reason,
  );
}

function sessionOf(context: Context, parsed: Parsed2): Session2 {
  const [host, port] = [parsed.value('host') ?? 'localhost', Number(parsed.value('port') ?? HTTP_PORT)];
  const request = `Encountered an error when performing an HTTP request: error sending request for url (http://${host}:${port}/api)`;
  const node = httpNode(host, port, context.nodes);
  if (node === null) throw failed(request);
  return {
    context,
    parsed,
    node,
    asking: { timeoutMs: Number(parsed.value('timeout')) * 1000, failed: () => failed(request) },
    table: {
      style: (parsed.value('table_style') ?? 'modern') as TableStyle,
      nonInteractive: parsed.has('non_interactive'),
    },
  };
}

function columnsAsked(parsed: Parsed2): readonly string[] | null {
  const asked = parsed.value('columns');
  return asked === null ? null : asked.split(',').map((column) => column.trim());
}

function list({ context, parsed, table }: Session2, facts: ClusterFacts, listed: Listed): void {
  const { consumerTimeoutMs } = facts.target;
  const items = objects(listed, facts).map((item) =>
    listed === 'consumers' ? { ...item, consumer_timeout: consumerTimeoutMs } : item,
  );
  context.out.push(...draw(tableOf(listed, items, columnsAsked(parsed)), table));
}

function show(session: Session2, facts: ClusterFacts): void {
  const { context, parsed, table } = session;
  const item = objects('queues', facts).find(({ name }) => name === parsed.value('name'));
  if (item) context.out.push(...draw(tableOf('queues', [item], columnsAsked(parsed)), table));
  else check(NOT_FOUND, session);
}

function tableArgument(parsed: Parsed2, id: string): Table {
  const text = parsed.value(id) ?? '{}';
  const table = tableIn(text);
  if (!table) throw failed(`Failed to parse JSON argument: \`${text}\` is not a valid JSON`);
  return table;
}

function* changed(session: Session2, { target }: ClusterFacts): Part<ApiError | null> {
  const { node, parsed } = session;
  const { act } = parsed.command;
  const name = parsed.value('name') ?? '';
  const durable = parsed.value('durable') !== 'false';
  const autoDelete = parsed.value('auto_delete') === 'true';
  switch (act) {
    case 'declare queue': {
      const given = { 'x-queue-type': parsed.value('type')!, ...tableArgument(parsed, 'arguments') };
      const queue = { name, durable, autoDelete, arguments: given, node: target.nodes.indexOf(node) + 1 };
      return yield* direct(node, { call: 'declare-queue', queue });
    }
    case 'declare exchange': {
      const type = parsed.value('type') as ExchangeSettings['type'];
      const exchange = {
        name,
        type,
        durable,
        autoDelete,
        internal: false,
        arguments: tableArgument(parsed, 'arguments'),
      };
      return yield* direct(node, { call: 'declare-exchange', exchange });
    }
    case 'declare binding': {
      const binding = bindingIn(parsed);
      const ends = binding.destinationType === 'queue' ? target.queues : target.exchanges;
      const areThere =
        target.exchanges.some((one) => one.name === binding.source) &&
        ends.some((one) => one.name === binding.destination);
      return areThere ? yield* direct(node, { call: 'bind', binding }) : NOT_FOUND;
    }
    case 'delete queue':
      if (!target.queues.some((one) => one.name === name)) return NOT_FOUND;
      return yield* direct(node, { call: 'delete-queue', name, ifUnused: false, ifEmpty: false });
    case 'delete exchange':
      if (!target.exchanges.some((one) => one.name === name)) return NOT_FOUND;
      return yield* direct(node, { call: 'delete-exchange', name });
    case 'delete binding': {
      const asked = bindingIn(parsed);
      const binding = target.bindings.find(
        (one) => JSON.stringify(keyOf(one)) === JSON.stringify(keyOf(asked)),
      );
      return binding ? yield* direct(node, { call: 'unbind', binding }) : NOT_FOUND;
    }
    case 'purge queue':
      if (!target.queues.some((one) => one.name === name)) return NOT_FOUND;
      return yield* direct(node, { call: 'purge', name });
    case 'delete policy':
    case 'delete operator_policy': {
      const operator = act === 'delete operator_policy';
      const { found } = yield* ask(node, { ask: 'clear-policy', name, operator }, session.asking);
      return found ? null : NOT_FOUND;
    }
    default:
      return yield* setPolicy(session, act === 'declare operator_policy');
  }
}

function bindingIn(parsed: Parsed2): BindingSettings {
  return {
    source: parsed.value('source')!,
    destination: parsed.value('destination')!,
    destinationType: parsed.value('destination_type') === 'exchange' ? 'exchange' : 'queue',
    routingKey: parsed.value('routing_key')!,
    arguments: tableArgument(parsed, 'arguments'),
  };
}

function keyOf({
  source,
  destination,
  destinationType,
  routingKey,
  arguments: given,
}: BindingSettings): unknown {
  return [source, destination, destinationType, routingKey, Object.entries(given).sort()];
}

function* setPolicy({ node, parsed, context, asking }: Session2, operator: boolean): Part<ApiError | null> {
  const definition = tableArgument(parsed, 'definition');
  const asked = {
    name: parsed.value('name')!,
    pattern: parsed.value('pattern')!,
    definition: parsed.value('definition')!,
    priority: Number(parsed.value('priority')),
    applyTo: parsed.value('apply_to')!,
    operator,
  };
  let problem = problemWith(asked, context.version);
  if (problem === null)
    ({ problem } = yield* ask(node, { ask: 'set-policy', policy: settings(asked, definition) }, asking));
  return problem === null ? null : { status: 400, reason: `Validation failed\n\n${problem}\n` };
}

/** @throws Exit where it would have to come from a file */
function* payloadIn(parsed: Parsed2): Part<string> {
  const file = parsed.value('payload_file');
  if (file === null) return parsed.value('payload')!;
  if (file !== '-')
    throw failed(
      `Command execution failed: could not read message payload from \`${file}\`: No such file or directory (os error 2)`,
    );
  const answer = yield { do: 'read' };
  return answer.to === 'read' ? answer.lines.map((line) => `${line}\n`).join('') : '';
}

function* publishMessage(session: Session2, payload: string): Part<void> {
  const { parsed, node, context } = session;
  const routed = yield* publish(node, {
    exchange: parsed.value('exchange')!,
    routingKey: parsed.value('routing_key')!,
    payload,
    ...propertiesIn(tableArgument(parsed, 'properties')),
  });
  if (typeof routed === 'object') check(routed, session);
  else
    context.out.push(
      routed ? 'Message published and routed successfully' : 'Message published but NOT routed',
    );
}

function* getFrom(session: Session2, { target }: ClusterFacts): Part<void> {
  const { parsed, node, context, table } = session;
  const queue = parsed.value('queue')!;
  const given = parsed.value('ack_mode')!;
  const mode = ACK_MODES.find((one) => one === given);
  if (!target.queues.some(({ name }) => name === queue)) check(NOT_FOUND, session);
  if (!mode)
    throw failed(
      `Invalid ackmode value: ${given}. Valid values are: ack_requeue_true, ack_requeue_false, reject_requeue_true, reject_requeue_false`,
    );
  const got = yield* getMessages(node, queue, Number(parsed.value('count')), mode, context.version);
  if (Array.isArray(got)) context.out.push(...draw(tableOf('messages', got, null), table));
  else check(got, session);
}
