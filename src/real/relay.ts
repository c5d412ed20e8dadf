/**
 * A link between a client and a broker that can be cut: a relay on the loopback interface. While it is cut it holds what
 * comes, and the news that one end is gone, until it heals; so does a network that loses every packet and whose ends send
 * them again.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Relay {
  private readonly server: Server;
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private isCut = false;

  private constructor(server: Server) {
    this.server = server;
  }

  /** @param port where the broker listens, on the loopback interface if no host is named */
  static async to(port: number, host = '127.0.0.1'): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(server);
    server.on('connection', (client) => relay.join(client, connect(port, host)));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

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
    this.server.close();
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  private join(client: Socket, broker: Socket): void {
    const pair = [client, broker] as const;
    this.pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      // A socket that fails closes, too.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (!this.isCut) this.part(pair);
      });
    }
    if (!this.isCut) this.flow(pair);
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
