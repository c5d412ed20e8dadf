/** A connection by amqplib, as all of the driver's are. */
import type { Socket } from 'node:net';
import { connect, type ChannelModel } from 'amqplib';

const TIMEOUT_MS = 5000;

/**
 * Without heartbeats: on the loopback interface a peer that dies is noticed at once, and amqplib goes on beating for a
 * socket that was destroyed.
 * @throws Error when nobody answers there
 */
export async function open(url: string): Promise<ChannelModel> {
  const address = new URL(url);
  address.searchParams.set('heartbeat', '0');
  const model = await connect(address.href, { noDelay: true, timeout: TIMEOUT_MS });
  model.on('error', unheard);
  return model;
}

/**
 * For the errors of a connection or a channel whose calls are awaited: what went wrong is told by the call that fails, and
 * an event that nobody hears would end the process.
 */
export function unheard(): void {
  // See above.
}

/** Breaks a connection without a word. amqplib has no call for it: a process that dies asks nobody. */
export function destroy({ connection }: ChannelModel): void {
  (connection as unknown as { stream: Socket }).stream.destroy();
}
