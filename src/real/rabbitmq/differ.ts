/**
 * Differential runs: random exchanges, bindings and messages, on a real RabbitMQ and on the model. Both must say the same of
 * each message: which queues have it, in which order, and whether it came back.
 */
import { randomBytes } from 'node:crypto';
import type { ChannelModel } from 'amqplib';
import fc from 'fast-check';
import type { ExchangeType, Table } from '../../brokers/rabbitmq/config.ts';
import { asOf } from '../../scenarios/real.ts';
import { traceOf } from '../../scenarios/run.ts';
import { parseScenario, type ScenarioInputOf } from '../../scenarios/schema.ts';
import type { Differential, Disagreement } from '../driver.ts';
import { firstFound } from '../differing.ts';
import { Recorder } from '../recorder.ts';
import { Agenda } from '../agenda.ts';
import { open, unheard } from './connect.ts';
import { Copies } from './copies.ts';
import { Names } from './names.ts';
import { bodyOf, contentOf, type Run } from './run.ts';
import { declareBinding, declareExchange, declareQueue, takeAway } from './topology.ts';

type Input = ScenarioInputOf<'rabbitmq'>;

const word = fc.constantFrom('a', 'b', '');
const key = fc.array(word, { maxLength: 4 }).map((words) => words.join('.'));
/** The scenario is read as one of 4.3, which takes two of `#` in a binding at most. */
const pattern = fc
  .array(fc.oneof({ weight: 2, arbitrary: word }, { weight: 1, arbitrary: fc.constantFrom('*', '#') }), {
    maxLength: 4,
  })
  .filter((words) => words.filter((one) => one === '#').length <= 2)
  .map((words) => words.join('.'));
const value = fc.constantFrom<Table[string]>('red', 'blue', 1, 2, true, false, null);
const headers = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'x-d'), value, { maxKeys: 3 });
const match = fc.constantFrom('all', 'any', 'all-with-x', 'any-with-x', undefined);
/** Weights of what is bound to a consistent-hash exchange. */
const weight = fc.integer({ min: 1, max: 3 });
const TYPES = ['direct', 'fanout', 'topic', 'headers'] as const;
/** A plugin's: a broker that was started here has it. */
const HASH = 'x-consistent-hash';

/** Indices that are drawn before it is known how many there are: each is taken modulo their number. */
const index = fc.nat(11);

/** @param types of exchanges that the broker has */
const drawn = (types: readonly ExchangeType[]) =>
  fc.record({
    exchanges: fc.array(
      fc.record({ type: fc.constantFrom(...types), alternate: fc.option(index, { nil: null }) }),
      { minLength: 1, maxLength: 4 },
    ),
    queues: fc.integer({ min: 1, max: 4 }),
    bindings: fc.array(
      fc.record({
        source: index,
        destination: index,
        toExchange: fc.boolean(),
        pattern,
        weight,
        headers,
        match,
      }),
      { maxLength: 10 },
    ),
    messages: fc.array(fc.record({ to: fc.option(index, { nil: null }), queue: index, key, headers }), {
      minLength: 1,
      maxLength: 8,
    }),
  });

type Drawn = ReturnType<typeof drawn> extends fc.Arbitrary<infer T> ? T : never;

/** The scenario that was drawn: whoever publishes asks for confirms, and for what reaches no queue to come back. */
function scenarioFor({ exchanges, queues, bindings, messages }: Drawn): Input {
  const exchange = (i: number): string => `e${i % exchanges.length}`;
  const queue = (i: number): string => `q${i % queues}`;
  return {
    version: 1,
    id: 'rabbitmq-differ',
    title: 'What the model and the broker were asked',
    system: {
      broker: 'rabbitmq',
      exchanges: exchanges.map(({ type, alternate }, i) => ({
        name: `e${i}`,
        type,
        arguments: alternate === null ? {} : { 'alternate-exchange': exchange(alternate) },
      })),
      queues: Array.from({ length: queues }, (_, i) => ({ name: `q${i}` })),
      bindings: bindings.map(({ source, destination, toExchange, pattern, weight, headers, match }) => {
        const { type } = exchanges[source % exchanges.length]!;
        return {
          source: exchange(source),
          destination: toExchange ? exchange(destination) : queue(destination),
          destinationType: toExchange ? ('exchange' as const) : ('queue' as const),
          routingKey: type === HASH ? String(weight) : pattern,
          arguments:
            type === 'headers' ? { ...headers, ...(match === undefined ? {} : { 'x-match': match }) } : {},
        };
      }),
    },
    clients: [
      {
        id: 'shop',
        role: 'application',
        calls: [
          { do: { call: 'confirm.select' } },
          ...messages.map(({ to, queue: name, key, headers }) => ({
            do: {
              call: 'basic.publish' as const,
              exchange: to === null ? '' : exchange(to),
              routingKey: to === null ? queue(name) : key,
              headers,
              mandatory: true,
            },
          })),
        ],
      },
    ],
    network: { latencyMs: 1 },
    durationMs: 2000,
    seed: 1,
  };
}

/** The same to be run by clients: when all of it is published, somebody reads each queue, and so says what is in it. */
function readable(input: Input): Input {
  const queues = (input.system.queues ?? []).map(({ name }) => name);
  return {
    ...input,
    clients: [
      ...input.clients,
      ...queues.map((name) => ({
        id: `reads-${name}`,
        role: 'consumer' as const,
        queues: [name],
        prefetchCount: 1,
        startMs: 1500,
      })),
    ],
    durationMs: 3500,
  };
}

/** What became of the messages, by their numbers. */
interface Routing {
  readonly queues: Readonly<Record<string, readonly number[]>>;
  readonly returned: readonly number[];
}

/** What the model says of that version. */
function simulated(input: Input, version: string): Routing {
  const queues: Record<string, number[]> = Object.fromEntries(
    (input.system.queues ?? []).map(({ name }) => [name, []]),
  );
  const returned: number[] = [];
  for (const event of traceOf(asOf(parseScenario(input), version))) {
    if (event.kind === 'appended') queues[event.place]!.push(event.message);
    if (event.kind === 'returned') returned.push(event.message);
  }
  return { queues, returned };
}

async function real(input: Input, model: ChannelModel, url: string): Promise<Routing> {
  const scenario = parseScenario(input);
  const recorder = new Recorder();
  const names = new Names(randomBytes(4).toString('hex'));
  const run: Run = {
    names,
    made: { exchanges: new Set(), queues: new Set() },
    recorder,
    agenda: new Agenda(recorder, () => undefined),
    copies: new Copies(),
    urls: [url],
    route: () => url,
    seed: 1,
    nextMessage: 0,
    failed: () => undefined,
  };
  const channel = await model.createConfirmChannel();
  channel.on('error', unheard);
  const returned: number[] = [];
  channel.on('return', (message) => void returned.push(contentOf(message).message));
  try {
    const { exchanges, queues, bindings } = scenario.system;
    for (const exchange of exchanges) await declareExchange(run, channel, exchange);
    for (const queue of queues) await declareQueue(run, channel, queue);
    for (const binding of bindings) await declareBinding(run, channel, binding);
    for (const client of scenario.clients)
      for (const { do: call } of client.role === 'application' ? client.calls : []) {
        if (call.call !== 'basic.publish') continue;
        const { exchange, routingKey, headers, mandatory } = call;
        const body = bodyOf({ message: run.nextMessage++, key: null }, 0);
        channel.publish(names.outer(exchange), names.outerKey(exchange, routingKey), body, {
          headers: { ...headers },
          mandatory,
        });
      }
    await channel.waitForConfirms();
    const found: Record<string, number[]> = {};
    for (const { name } of queues) {
      found[name] = [];
      for (let got = await channel.get(names.outer(name), { noAck: true }); got;) {
        found[name].push(contentOf(got).message);
        got = await channel.get(names.outer(name), { noAck: true });
      }
    }
    return { queues: found, returned };
  } finally {
    await channel.close();
    await takeAway(run.made, url);
  }
}

/** One run is one topology with its messages. */
export const differ: Differential['differ'] = async (
  { urls, nodes },
  asked,
): Promise<Disagreement | null> => {
  const url = urls[0]!;
  const model = await open(url);
  try {
    const compare = async (draw: Drawn): Promise<Omit<Disagreement, 'scenario'> | null> => {
      const input = scenarioFor(draw);
      const both = { simulated: simulated(input, asked.version), real: await real(input, model, url) };
      return JSON.stringify(both.real) === JSON.stringify(both.simulated) ? null : both;
    };
    const types = nodes.length > 0 ? ([...TYPES, HASH] as const) : TYPES;
    const found = await firstFound(drawn(types), asked, { compare, atOnce: 1, asks: scenarioFor });
    return found && { scenario: readable(scenarioFor(found.draw)), ...found.parted };
  } finally {
    await model.close();
  }
};
