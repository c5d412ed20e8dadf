/** Declares what a scenario names, tells the trace of it, and takes it away again. */
import type { Channel } from 'amqplib';
import type {
  BindingSettings,
  ExchangeSettings,
  QueueSettings,
  Table,
} from '../../brokers/rabbitmq/config.ts';
import { open } from './connect.ts';
import { isGone } from './link.ts';
import type { Made, Run } from './run.ts';

export async function declareExchange(run: Run, channel: Channel, exchange: ExchangeSettings): Promise<void> {
  const { name, type, durable, autoDelete, internal, arguments: args } = exchange;
  const outer = run.names.outer(name);
  const isNew = !run.made.exchanges.has(outer);
  await channel.assertExchange(outer, type, {
    durable,
    autoDelete,
    internal,
    arguments: run.names.outerArguments(args),
  });
  run.made.exchanges.add(outer);
  if (isNew) run.recorder.tell({ kind: 'exchange-created', node: 'rabbit-1', name, type, arguments: args });
}

/** @returns the name, which the server may have made */
export async function declareQueue(
  run: Run,
  channel: Channel,
  queue: QueueSettings,
  { exclusive = false } = {},
): Promise<string> {
  const { durable, autoDelete, arguments: args } = queue;
  const isNew = !run.made.queues.has(run.names.outer(queue.name));
  const declared = await channel.assertQueue(run.names.outer(queue.name), {
    durable,
    autoDelete,
    exclusive,
    arguments: run.names.outerArguments(args),
  });
  const name = run.names.inner(declared.queue);
  run.made.queues.add(declared.queue);
  if (isNew) tellQueue(run, name, queue.node, args);
  return name;
}

function tellQueue(run: Run, name: string, node: number, args: Table): void {
  const type = args['x-queue-type'];
  run.recorder.tell({
    kind: 'places-created',
    node: `rabbit-${node}`,
    name,
    places: [name],
    total: 1,
    holds: type === 'stream' ? 'log' : 'queue',
    type: typeof type === 'string' ? type : 'classic',
    arguments: args,
  });
}

export async function declareBinding(run: Run, channel: Channel, binding: BindingSettings): Promise<void> {
  const {
    source,
    destination,
    destinationType,
    routingKey,
    arguments: args,
  } = run.names.outerBinding(binding);
  if (destinationType === 'queue') await channel.bindQueue(destination, source, routingKey, args);
  else await channel.bindExchange(destination, source, routingKey, args);
  tellBinding(run, 'binding-created', binding);
}

export async function removeBinding(run: Run, channel: Channel, binding: BindingSettings): Promise<void> {
  const {
    source,
    destination,
    destinationType,
    routingKey,
    arguments: args,
  } = run.names.outerBinding(binding);
  if (destinationType === 'queue') await channel.unbindQueue(destination, source, routingKey, args);
  else await channel.unbindExchange(destination, source, routingKey, args);
  tellBinding(run, 'binding-deleted', binding);
}

function tellBinding(run: Run, kind: 'binding-created' | 'binding-deleted', binding: BindingSettings): void {
  const { source, destination, destinationType: to, routingKey, arguments: args } = binding;
  run.recorder.tell({ kind, node: 'rabbit-1', source, destination, to, routingKey, arguments: args });
}

/** Deletes all that the run has made. What is gone already is no error to the server. */
export async function takeAway({ exchanges, queues }: Made, url: string): Promise<void> {
  const model = await open(url);
  try {
    for (const queue of queues) await alone(model.createChannel(), (channel) => channel.deleteQueue(queue));
    for (const exchange of exchanges)
      await alone(model.createChannel(), (channel) => channel.deleteExchange(exchange));
  } finally {
    await model.close();
  }
}

/** On a channel of its own: an exclusive queue of a connection that is not gone yet would close the channel of all. */
async function alone(opening: Promise<Channel>, act: (channel: Channel) => Promise<unknown>): Promise<void> {
  const channel = await opening;
  const refused: Error[] = [];
  channel.on('error', (error: Error) => refused.push(error));
  try {
    await act(channel);
    await channel.close();
  } catch (error) {
    if (refused.length === 0 && !isGone(error)) throw error;
  }
}
