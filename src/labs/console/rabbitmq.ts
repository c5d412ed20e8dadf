/** `rabbitmqctl` on a lab's nodes; and what there is to ask of: the exchanges, queues and messages of `declared.json`. */
import { readFileSync } from 'node:fs';
import { eventually } from '../../real/processes.ts';
import { open } from '../../real/rabbitmq/connect.ts';
import { administer, urls } from '../rabbitmq/nodes.ts';
import type { Printed } from './session.ts';

/** @param words the tool, and what stands after it @throws Error for another tool, or where nothing is up */
export async function rabbitmqTool(words: readonly string[]): Promise<Printed> {
  const [tool = '', ...args] = words;
  if (tool !== 'rabbitmqctl') throw new Error(`There is no tool "${tool}" here: expected rabbitmqctl`);
  let text: string;
  let code = 0;
  try {
    text = await administer('rabbit-1', args);
  } catch (error) {
    const failed = error as { stdout?: string; stderr?: string; code?: unknown };
    text = (failed.stdout ?? '') + (failed.stderr ?? '');
    if (text === '' || typeof failed.code !== 'number') throw error;
    code = failed.code;
  }
  process.stdout.write(text);
  return { lines: text.split('\n'), code };
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

/** A quorum queue tells of what lies in it every five seconds. */
const TOLD_MS = 30_000;

/** Declares and publishes, on nodes that are new. @returns when the tool, too, knows what lies where */
export async function declare(): Promise<void> {
  const { exchanges, queues, bindings, messages } = JSON.parse(
    readFileSync('declared.json', 'utf8'),
  ) as Declared;
  // Names have no prefix here: on a broker that somebody else has started nothing is declared.
  await administer('rabbit-1', ['ping']);
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
  const lying = new Map<string, number>();
  for (const { name } of queues) lying.set(name, (await channel.checkQueue(name)).messageCount);
  await model.close();
  await eventually('rabbitmqctl did not count what lies in the queues', TOLD_MS, async () => {
    const rows = (await administer('rabbit-1', ['list_queues', 'name', 'messages', '--silent'])).split('\n');
    for (const [name, messages] of lying)
      if (!rows.includes(`${name}\t${messages}`)) throw new Error(`${name} has ${messages}`);
  });
}
