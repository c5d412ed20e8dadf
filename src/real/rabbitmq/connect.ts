/** A connection by amqplib, as all of the driver's are. */
import type { Socket } from 'node:net';
import { connect, type ChannelModel } from 'amqplib';

const TIMEOUT_MS = 5000;

/**
 * Without heartbeats: on the loopback interface a peer that dies is noticed at once, and amqplib goes on beating for a
 * socket that was destroyed.
 * @throws Error when nobody answers there
 */
export function open(url: string): Promise<ChannelModel> {
  const address = new URL(url);
  address.searchParams.set('heartbeat', '0');
  return connect(address.href, { noDelay: true, timeout: TIMEOUT_MS });
}

/** Breaks a connection without a word. amqplib has no call for it: a process that dies asks nobody. */
export function destroy({ connection }: ChannelModel): void {
  (connection as unknown as { stream: Socket }).stream.destroy();
}
