/** `rabbitmqctl` on a lab's nodes; and what there is to ask of: the exchanges, queues and messages of `declared.json`. */
import { readFileSync } from 'node:fs';
import { open } from '../../real/rabbitmq/connect.ts';
import { administer, urls } from '../rabbitmq/nodes.ts';

/** @param words the tool, and what stands after it @returns what it printed @throws Error for another tool */
export async function rabbitmqTool(words: readonly string[]): Promise<string[]> {
  const [tool = '', ...args] = words;
  if (tool !== 'rabbitmqctl') throw new Error(`There is no tool "${tool}" here: expected rabbitmqctl`);
  let text: string;
  try {
    text = await administer('rabbit-1', args);
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    if (stdout + stderr === '') throw error;
    text = stdout + stderr;
  }
  process.stdout.write(text);
  return text.split('\n');
}

interface Declared {
  readonly exchanges: readonly { readonly name: string; readonly type: string }[];
  readonly queues: readonly {
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }[];
  readonly bindings: readonly {
    readonly source: string;
    readonly destination: string;
    readonly routingKey: string;
  }[];
  readonly messages: readonly { readonly exchange: string; readonly routingKey: string }[];
}

/** Declares and publishes, on nodes that are new. */
export async function declare(): Promise<void> {
  const { exchanges, queues, bindings, messages } = JSON.parse(
    readFileSync('declared.json', 'utf8'),
  ) as Declared;
  const model = await open(urls()[0]!);
  const channel = await model.createConfirmChannel();
  for (const { name, type } of exchanges) await channel.assertExchange(name, type, { durable: true });
  for (const { name, arguments: args } of queues)
    await channel.assertQueue(name, { durable: true, arguments: args });
  for (const { source, destination, routingKey } of bindings)
    await channel.bindQueue(destination, source, routingKey);
  for (const { exchange, routingKey } of messages)
    channel.publish(exchange, routingKey, Buffer.from('An order'), { persistent: true });
  await channel.waitForConfirms();
  await model.close();
}
