/**
 * Links between clients of Kafka and its nodes that can be cut. A client goes where metadata says that a node is, and that
 * is one address for all: so each node that was started here has a second listener, at which it says that it is found where
 * a relay is. What connects there is known by its first request, whose header has its `client.id`.
 */
import { connect, type Server, type Socket } from 'node:net';
import { brokerName } from '../../brokers/kafka/config.ts';
import type { Relayed } from '../installation.ts';
import { Link, listen } from '../relay.ts';

/** Of a request's header: its length, key, version and correlation id, and then the length of the client's name. */
const NAME_LENGTH_AT = 12;
const NAME_AT = NAME_LENGTH_AT + 2;

/** @returns whose request it is; null while it has not come so far */
export function clientOf(request: Buffer): string | null {
  if (request.length < NAME_AT) return null;
  const end = NAME_AT + request.readInt16BE(NAME_LENGTH_AT);
  return request.length < end ? null : request.toString('utf8', NAME_AT, end);
}

export class Relays {
  private readonly servers: Server[] = [];
  private readonly links = new Map<string, Link>();
  private readonly unknown = new Set<Socket>();

  /**
   * @param all of every node in order
   * @throws Error when somebody else listens where a node says that its relay is
   */
  static async open(all: readonly Relayed[]): Promise<Relays> {
    const relays = new Relays();
    try {
      for (const [i, { port, via }] of all.entries())
        relays.servers.push(await listen(via, (client) => relays.meet(client, brokerName(i + 1), port)));
    } catch (error) {
      relays.close();
      throw error;
    }
    return relays;
  }

  /** The link of a client with a node, by their names in scenarios. */
  link(client: string, node: string): Link {
    const name = `${client} ${node}`;
    const known = this.links.get(name);
    if (known) return known;
    const link = new Link();
    this.links.set(name, link);
    return link;
  }

  close(): void {
    for (const server of this.servers) server.close();
    for (const socket of this.unknown) socket.destroy();
    for (const link of this.links.values()) link.close();
  }

  private meet(client: Socket, node: string, port: number): void {
    let read = Buffer.alloc(0);
    this.unknown.add(client);
    client.on('error', () => undefined);
    client.on('close', () => this.unknown.delete(client));
    const hear = (data: Buffer): void => {
      read = Buffer.concat([read, data]);
      const name = clientOf(read);
      if (name === null) return;
      client.off('data', hear).pause().unshift(read);
      this.unknown.delete(client);
      this.link(name, node).join(client, connect(port, '127.0.0.1'));
    };
    client.on('data', hear);
  }
}
