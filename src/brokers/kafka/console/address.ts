/** `bootstrap.servers`: which broker an address leads to, on a machine that runs them all. */
import { brokerId } from './format.ts';

export interface Address {
  /** `localhost/127.0.0.1:9092` */
  readonly label: string;
  /** Null: nobody listens there. */
  readonly node: string | null;
}

const CLIENT_UTILS = 'org.apache.kafka.clients.ClientUtils';
export const CONFIG_EXCEPTION = 'org.apache.kafka.common.config.ConfigException';

/**
 * `broker-2:9092` and `localhost:9093` are broker-2.
 * @param brokers their names, broker-1 first
 * @returns addresses, and what the client warns of; or why there are none
 */
export function resolve(
  bootstrap: string,
  brokers: readonly string[],
):
  | { readonly addresses: readonly Address[]; readonly warnings: readonly (readonly [string, string])[] }
  | { readonly error: string } {
  const addresses: Address[] = [];
  const warnings: (readonly [string, string])[] = [];
  for (const url of bootstrap.split(',').map((part) => part.trim())) {
    if (url === '') continue;
    const parts = hostAndPort(url);
    if (!parts) return { error: `Invalid url in bootstrap.servers: ${url}` };
    const { host, port } = parts;
    if (host === 'localhost' || host === '127.0.0.1') {
      const label = host === 'localhost' ? `localhost/127.0.0.1:${port}` : `/127.0.0.1:${port}`;
      addresses.push({ label, node: brokers[port - 9092] ?? null });
    } else if (brokers.includes(host)) {
      addresses.push({ label: labelOf(host, port), node: port === 9092 ? host : null });
    } else {
      warnings.push([
        `Couldn't resolve server ${url} from bootstrap.servers as DNS resolution failed for ${host}`,
        CLIENT_UTILS,
      ]);
    }
  }
  if (addresses.length === 0) return { error: 'No resolvable bootstrap urls given in bootstrap.servers' };
  return { addresses, warnings };
}

/** A broker's own address as the client's log says it. */
export function labelOf(node: string, port = 9092): string {
  return `${node}/10.0.0.${brokerId(node)}:${port}`;
}

function hostAndPort(url: string): { host: string; port: number } | null {
  const parts = /^(?:[a-zA-Z0-9+]+:\/\/)?([0-9a-zA-Z\-%._]+):(\d{1,5})$/.exec(url);
  return parts ? { host: parts[1]!, port: Number(parts[2]) } : null;
}

/** What the tools that look at the addresses themselves say of them. @returns null when all have host and port */
export function malformed(bootstrap: string): string | null {
  if (bootstrap.trim() === '') return 'Error while validating the bootstrap address';
  return bootstrap.split(',').every((url) => hostAndPort(url.trim()))
    ? null
    : 'Please provide valid host:port like host1:9091,host2:9092';
}

/** What a client's log says of a connection that cannot be made. @param id negative for an address that it was given */
export function connectionWarning(client: string, id: number, label: string): string {
  return `[${client}] Connection to node ${id} (${label}) could not be established. Node may not be available.`;
}
