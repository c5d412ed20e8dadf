/** What is filled in to act on a RabbitMQ run: a message to publish, and on the routing bench what to declare and bind. Pure. */
import type { RabbitmqView, Table } from '../../../brokers/rabbitmq/view-types.ts';
import { chosen, type Button, type Field, type FilledForm, type Form } from '../controls.ts';
import { keyLook } from '../kafka/look.ts';
import type { RabbitmqAction } from './controls.ts';
import { exchangeName } from './words.ts';

/** What the reader picked in the picture: fields begin with it, whatever was chosen before. */
export interface Picked {
  readonly exchange: string | null;
  /** A queue. */
  readonly destination: string | null;
  /** Counts the picks. */
  readonly serial: number;
}

const NOTHING: FilledForm = { fields: [], buttons: [], problem: null };

function button(
  id: string,
  label: string,
  action: RabbitmqAction | null,
  refused: string | null = null,
): Button {
  return { id, label, words: label, fault: false, refused, action: refused === null ? action : null };
}

type Text = Extract<Field, { kind: 'text' }>;
function text(id: string, label: string, value: string, more: Partial<Text> = {}): Text {
  return { kind: 'text', id, label, value, inputMode: 'text', invalid: false, size: 'long', ...more };
}

interface Option {
  readonly value: string;
  readonly label: string;
}
function select(
  id: string,
  label: string,
  value: string,
  options: readonly Option[],
  colour?: string,
): Field {
  return { kind: 'select', id, label, value, options, ...(colour === undefined ? {} : { colour }) };
}

/** One message with a key: its exchange and routing key are its publisher's. */
export function publishForm({ publishers }: RabbitmqView): Form {
  const running = publishers
    .filter(({ state }) => state === 'running')
    .map(({ id, label, keys }) => ({ value: id, label, keys }));
  return {
    id: 'publish',
    fill: (typed) => {
      const publisher = chosen(running, typed['from']);
      if (!publisher) return NOTHING;
      const own = publisher.keys.filter((key) => key !== null).sort();
      const fresh = [...'ABCDEFGH'].find((letter) => !own.includes(letter));
      const options = [
        ...own.map((key) => ({ value: key, label: `key ${key}` })),
        ...(fresh ? [{ value: fresh, label: `key ${fresh}` }] : []),
      ];
      const key = chosen(options, typed['key'])?.value ?? 'A';
      return {
        fields: [
          ...(running.length > 1 ? [select('from', 'Publisher', publisher.value, running)] : []),
          select('key', 'Key', key, options, keyLook(key).colour),
        ],
        buttons: [button('publish', 'Publish', { do: 'publish', client: publisher.value, key, count: 1 })],
        problem: null,
      };
    },
  };
}

/** On the bench: to any exchange, with any routing key and headers. */
export function benchPublishForm(view: RabbitmqView): Form {
  const publisher = view.publishers.find(({ state }) => state === 'running');
  const exchanges = exchangeOptions(view, true);
  return {
    id: 'bench-publish',
    fill: (typed) => {
      if (!publisher) return NOTHING;
      const exchange = chosen(exchanges, typed['exchange'] ?? publisher.exchanges[0])?.value ?? '';
      const routingKey = typed['routing-key'] ?? publisher.routingKey?.replace('{key}', 'A') ?? '';
      const headers = readTable(typed['headers'] ?? '');
      const long = routingKey.length > 255 ? 'a routing key has at most 255 characters' : null;
      const wrong = long ?? headers.problem;
      const problem = wrong ?? brokerProblem(view, ['publish']);
      const action: RabbitmqAction = {
        do: 'publish',
        client: publisher.id,
        key: 'A',
        exchange,
        routingKey,
        headers: headers.table,
        count: 1,
      };
      return {
        fields: [
          select('exchange', 'Exchange', exchange, exchanges),
          text('routing-key', 'Routing key', routingKey, {
            placeholder: 'routing key',
            invalid: long !== null,
          }),
          text('headers', 'Headers', typed['headers'] ?? '', {
            placeholder: 'headers: format=pdf, urgent=true',
            invalid: headers.problem !== null,
          }),
        ],
        buttons: [button('bench-publish', 'Publish', action, wrong)],
        problem,
      };
    },
  };
}

const TYPES: readonly Option[] = ['topic', 'direct', 'fanout', 'headers', 'x-consistent-hash'].map(
  (type) => ({
    value: type,
    label: type,
  }),
);

export function declareExchangeForm(view: RabbitmqView): Form {
  const alternates = [
    { value: '', label: 'no alternate' },
    ...exchangeOptions(view, false).map(({ value }) => ({ value, label: `else ${value}` })),
  ];
  return {
    id: 'declare-exchange',
    fill: (typed) => {
      const name = typed['name'] ?? '';
      const type = chosen(TYPES, typed['type'])?.value ?? 'topic';
      const alternate = chosen(alternates, typed['alternate'])?.value ?? '';
      const problem = brokerProblem(view, ['declare-exchange', 'delete-exchange']);
      return {
        fields: [
          text('name', 'Name of the exchange', name, {
            placeholder: 'new exchange',
            invalid: problem !== null && concerns(problem, name),
          }),
          select('type', 'Type of the exchange', type, TYPES),
          ...(alternates.length > 1
            ? [select('alternate', 'Alternate exchange', alternate, alternates)]
            : []),
        ],
        buttons: [
          button(
            'declare-exchange',
            'Declare',
            {
              do: 'declare-exchange',
              exchange: {
                name,
                type: type as 'topic',
                durable: true,
                autoDelete: false,
                internal: false,
                arguments: alternate === '' ? {} : { 'alternate-exchange': alternate },
              },
            },
            name === '' ? 'it needs a name' : null,
          ),
        ],
        problem,
      };
    },
  };
}

const QUEUE_TYPES: readonly Option[] = ['classic', 'quorum', 'stream'].map((type) => ({
  value: type,
  label: type,
}));

export function declareQueueForm(view: RabbitmqView): Form {
  return {
    id: 'declare-queue',
    fill: (typed) => {
      const name = typed['name'] ?? '';
      const type = chosen(QUEUE_TYPES, typed['type'])?.value ?? 'classic';
      const problem = brokerProblem(view, ['declare-queue', 'delete-queue']);
      return {
        fields: [
          text('name', 'Name of the queue', name, {
            placeholder: 'new queue',
            invalid: problem !== null && concerns(problem, name),
          }),
          select('type', 'Type of the queue', type, QUEUE_TYPES),
        ],
        buttons: [
          button(
            'declare-queue',
            'Declare',
            {
              do: 'declare-queue',
              queue: { name, durable: true, autoDelete: false, arguments: { 'x-queue-type': type }, node: 1 },
            },
            name === '' ? 'it needs a name' : null,
          ),
        ],
        problem,
      };
    },
  };
}

/** @param picked what the reader picked in the picture */
export function bindForm(view: RabbitmqView, picked: Picked): Form {
  const sources = exchangeOptions(view, false);
  const destinations = [
    ...view.queues.map(({ name }) => ({ value: `queue:${name}`, label: name })),
    ...sources.map(({ value }) => ({ value: `exchange:${value}`, label: `exchange ${value}` })),
  ];
  // What is picked begins a form anew: what was chosen before belongs to another one.
  const id = (field: string): string => (picked.serial === 0 ? field : `${field}-${picked.serial}`);
  return {
    id: 'bind',
    fill: (typed) => {
      const source = chosen(sources, typed[id('source')] ?? picked.exchange ?? undefined)?.value;
      const to = chosen(
        destinations,
        typed[id('destination')] ?? (picked.destination === null ? undefined : `queue:${picked.destination}`),
      )?.value;
      if (source === undefined || to === undefined) return NOTHING;
      const type = view.exchanges.find(({ name }) => name === source)?.type ?? '';
      const byHeaders = type === 'headers';
      const [kind, ...rest] = to.split(':');
      const destination = rest.join(':');
      const key = typed['key'] ?? '';
      const args = readTable(typed['arguments'] ?? '');
      const problem = brokerProblem(view, ['bind', 'unbind']);
      const wrong = byHeaders ? args.problem : null;
      return {
        fields: [
          select(id('source'), 'From exchange', source, sources),
          select(id('destination'), 'To', to, destinations),
          byHeaders
            ? text('arguments', 'Header arguments of the binding', typed['arguments'] ?? '', {
                placeholder: 'x-match=any, format=pdf',
                invalid: args.problem !== null,
              })
            : text('key', 'Routing key of the binding', key, {
                placeholder:
                  type === 'x-consistent-hash'
                    ? 'weight: 1'
                    : type === 'fanout'
                      ? 'no key needed'
                      : 'orders.*.created',
                invalid: problem !== null && concerns(problem, key),
              }),
        ],
        buttons: [
          button(
            'bind',
            'Bind',
            {
              do: 'bind',
              binding: {
                source,
                destination,
                destinationType: kind === 'exchange' ? 'exchange' : 'queue',
                routingKey: byHeaders ? '' : key,
                arguments: byHeaders ? args.table : {},
              },
            },
            wrong,
          ),
        ],
        problem: wrong ?? problem,
      };
    },
  };
}

function exchangeOptions(view: RabbitmqView, withDefault: boolean): Option[] {
  const named = view.exchanges
    .filter(({ name }) => name !== '' && !name.startsWith('amq.'))
    .map(({ name }) => ({ value: name, label: name }));
  return withDefault ? [...named, { value: '', label: exchangeName('') }] : named;
}

/** The broker's last word, where it refused one of these. */
function brokerProblem({ refused }: RabbitmqView, actions: readonly string[]): string | null {
  return refused !== null && actions.includes(refused.action) ? refused.why : null;
}

/** Whether the broker's word names what stands in a field. */
function concerns(problem: string, value: string): boolean {
  return value !== '' && problem.includes(value);
}

/** A table as it is typed: `format=pdf, urgent=true, n=3, there`; a name alone asks for its presence (AMQP's void). */
export function readTable(typed: string): { readonly table: Table; readonly problem: string | null } {
  const table: Record<string, Table[string]> = {};
  for (const part of typed.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = (at < 0 ? part : part.slice(0, at)).trim();
    if (name === '') return { table, problem: 'a header is name=value' };
    const value = part.slice(at + 1).trim();
    table[name] = at < 0 ? null : readValue(value);
  }
  return { table, problem: null };
}

/** Numbers and booleans are what they look like; in quotation marks they are words. */
function readValue(value: string): string | number | boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return /^".*"$/.test(value) ? value.slice(1, -1) : value;
}
