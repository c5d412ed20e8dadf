/**
 * Links between clients and a broker that can be cut, or be slow: relays on the loopback interface. While a link is cut it
 * holds what comes, and the news that one end is gone, until it heals; so does a network that loses every packet and whose
 * ends send them again. Only that a connection can be opened meanwhile, on which nothing comes, where a network would let
 * nobody in. What comes on a slow link, and that news, goes on so much later; and there, too, a connection is opened at once.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** What comes in goes out so much later, milliseconds, in order. */
function later(ms: number): Transform {
  return new Transform({
    transform(chunk, _encoding, taken) {
      setTimeout(() => this.push(chunk), ms);
      taken();
    },
    flush(done) {
      setTimeout(done, ms);
    },
  });
}

/** The connections of one client with one node. */
export class Link {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private isCut = false;
  /** One way; of connections that are made after it was set. A link that has it is never cut. */
  latencyMs = 0;

  cut(): void {
    this.isCut = true;
    for (const [client, broker] of this.pairs) {
      client.unpipe(broker).pause();
      broker.unpipe(client).pause();
    }
  }

  heal(): void {
    this.isCut = false;
    for (const pair of this.pairs) this.flow(pair);
  }

  close(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  join(client: Socket, broker: Socket): void {
    const pair = [client, broker] as const;
    this.pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      // A socket that fails closes, too.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (this.latencyMs > 0) setTimeout(() => this.part(pair), this.latencyMs);
        else if (!this.isCut) this.part(pair);
      });
    }
    if (this.latencyMs > 0) {
      client.pipe(later(this.latencyMs)).pipe(broker);
      broker.pipe(later(this.latencyMs)).pipe(client);
    } else if (!this.isCut) this.flow(pair);
  }

  private flow(pair: readonly [Socket, Socket]): void {
    const [client, broker] = pair;
    if (pair.some((socket) => socket.destroyed)) {
      this.part(pair);
      return;
    }
    client.pipe(broker);
    broker.pipe(client);
  }

  private part(pair: readonly [Socket, Socket]): void {
    this.pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  }
}

/**
 * @param port 0 for any that is free
 * @throws Error when somebody else listens there
 */
export async function listen(port: number, joined: (client: Socket) => void): Promise<Server> {
  const server = createServer(joined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

/** A relay of one link's own: its client is told to go there. */
export class Relay {
  private readonly server: Server;
  private readonly link: Link;

  private constructor(server: Server, link: Link) {
    this.server = server;
    this.link = link;
  }

  /** @param port where the broker listens, on the loopback interface if no host is named */
  static async to(port: number, host = '127.0.0.1'): Promise<Relay> {
    const link = new Link();
    return new Relay(await listen(0, (client) => link.join(client, connect(port, host))), link);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  cut(): void {
    this.link.cut();
  }

  heal(): void {
    this.link.heal();
  }

  close(): void {
    this.server.close();
    this.link.close();
  }
}
