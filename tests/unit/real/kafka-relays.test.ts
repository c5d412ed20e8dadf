// Links of Kafka's clients that can be cut: one relay a node tells clients apart by what their first request says.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientOf, Relays } from '../../../src/real/kafka/relays.ts';
import { freePort } from '../../../src/real/processes.ts';

/** As Kafka's clients begin: ApiVersions, version 4, with more behind it. */
function request(client: string, rest = 'more'): Buffer {
  const name = Buffer.from(client);
  const header = Buffer.alloc(14);
  header.writeInt32BE(10 + name.length + rest.length, 0);
  header.writeInt16BE(18, 4);
  header.writeInt16BE(4, 6);
  header.writeInt32BE(1, 8);
  header.writeInt16BE(name.length, 12);
  return Buffer.concat([header, name, Buffer.from(rest)]);
}

describe('whose request it is', () => {
  it('is in its header, once that has come', () => {
    const whole = request('c1');
    for (let length = 0; length < 16; length++) expect(clientOf(whole.subarray(0, length))).toBeNull();
    expect(clientOf(whole)).toBe('c1');
  });
});

describe('relays', () => {
  let broker: Server;
  let read: string[];
  let relays: Relays;
  let via: number;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    read = [];
    const all = read;
    broker = createServer((socket) => {
      socket.on('data', (data) => all.push(data.toString('utf8', 14)));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
    via = await freePort();
    relays = await Relays.open([{ port: (broker.address() as AddressInfo).port, via }]);
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    relays.close();
    broker.close();
  });

  const client = async (): Promise<Socket> => {
    const socket = connect(via, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return socket;
  };
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 200 && !condition(); i++) await sleep(5);
    expect(condition()).toBe(true);
  };

  it('cut one client off and no other', async () => {
    relays.link('c1', 'broker-1').cut();
    (await client()).write(request('c1'));
    (await client()).write(request('c0'));
    await until(() => read.length > 0);
    await sleep(60);
    expect(read).toEqual(['c0more']);
    relays.link('c1', 'broker-1').heal();
    await until(() => read.length > 1);
    expect(read).toEqual(['c0more', 'c1more']);
  });

  it('pass on all of a request whose name came in pieces', async () => {
    const socket = await client();
    const whole = request('c1');
    socket.setNoDelay(true);
    socket.write(whole.subarray(0, 7));
    await sleep(20);
    socket.write(whole.subarray(7));
    await until(() => read.join('') === 'c1more');
  });

  it('say so when somebody listens where one should', async () => {
    await expect(Relays.open([{ port: 1, via }])).rejects.toThrow(/EADDRINUSE/);
  });
});
