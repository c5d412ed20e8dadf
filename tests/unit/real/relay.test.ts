// A link that can be cut: what is sent meanwhile, and the news that an end is gone, arrive when it heals. And a slow one.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Link, listen, Relay } from '../../../src/real/relay.ts';

let server: Server;
let relay: Relay;
/** What the broker's side has read, and whether its connection has ended. */
let broker: { read: string; ended: boolean; socket: Socket | null };

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 200 && !condition(); i++) await sleep(5);
  expect(condition()).toBe(true);
};
const HOLDS_MS = 60;

beforeEach(async () => {
  // Its own each time: connections of the test before may end in this one.
  const own: typeof broker = { read: '', ended: false, socket: null };
  broker = own;
  server = createServer((socket) => {
    own.socket = socket;
    socket.on('data', (data) => (own.read += data.toString()));
    socket.on('close', () => (own.ended = true));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  relay = await Relay.to((server.address() as AddressInfo).port);
});

afterEach(() => {
  relay.close();
  server.close();
});

const client = async (): Promise<Socket> => {
  const socket = connect(relay.port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  await until(() => broker.socket !== null);
  return socket;
};

describe('a link', () => {
  it('carries both ways', async () => {
    const socket = await client();
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.write('hello');
    await until(() => broker.read === 'hello');
    broker.socket!.write('yes');
    await until(() => answer === 'yes');
  });

  it('holds what comes while it is cut, in order, and carries it when it heals', async () => {
    const socket = await client();
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    relay.cut();
    socket.write('a');
    socket.write('b');
    broker.socket!.write('c');
    await sleep(HOLDS_MS);
    expect([broker.read, answer]).toEqual(['', '']);
    relay.heal();
    await until(() => broker.read === 'ab' && answer === 'c');
  });

  it('tells of an end that is gone when it heals, and not before', async () => {
    const socket = await client();
    relay.cut();
    socket.destroy();
    await sleep(HOLDS_MS);
    expect(broker.ended).toBe(false);
    relay.heal();
    await until(() => broker.ended);
  });

  it('tells of it at once where it is not cut', async () => {
    (await client()).destroy();
    await until(() => broker.ended);
  });

  it('holds a connection that is made while it is cut', async () => {
    relay.cut();
    const socket = connect(relay.port, '127.0.0.1');
    socket.write('late');
    await sleep(HOLDS_MS);
    expect(broker.read).toBe('');
    relay.heal();
    await until(() => broker.read === 'late');
    socket.destroy();
  });
});

describe('a slow link', () => {
  const LATENCY_MS = 150;
  let slow: Server;
  let link: Link;

  beforeEach(async () => {
    link = new Link();
    link.latencyMs = LATENCY_MS;
    const { port } = server.address() as AddressInfo;
    slow = await listen(0, (joined) => link.join(joined, connect(port, '127.0.0.1')));
  });

  afterEach(() => {
    slow.close();
    link.close();
  });

  it('carries each thing so much later, in order, and not one after the other has arrived', async () => {
    const socket = connect((slow.address() as AddressInfo).port, '127.0.0.1');
    const from = performance.now();
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    for (const word of ['a', 'b', 'c', 'd']) {
      socket.write(word);
      await sleep(20);
    }
    await until(() => broker.read === 'abcd');
    const there = performance.now() - from;
    expect(there).toBeGreaterThanOrEqual(LATENCY_MS + 3 * 20 - 5);
    expect(there).toBeLessThan(4 * LATENCY_MS);
    broker.socket!.write('yes');
    await until(() => answer === 'yes');
    expect(performance.now() - from).toBeGreaterThanOrEqual(there + LATENCY_MS - 5);
    socket.destroy();
  });

  it('tells of an end that is gone so much later, behind what it had sent', async () => {
    const socket = connect((slow.address() as AddressInfo).port, '127.0.0.1');
    await until(() => broker.socket !== null);
    const from = performance.now();
    socket.end('last');
    await until(() => broker.ended);
    expect(performance.now() - from).toBeGreaterThanOrEqual(LATENCY_MS - 5);
    expect(broker.read).toBe('last');
  });
});
