/** How nodes and processes are called outside the simulation: `rabbit@rabbit-1`, `localhost:15672`, `<rabbit@rabbit-1.1.100.0>`. */

/** The port of the HTTP API of `rabbit-1`, seen from this one machine; the next node has the next one. */
export const HTTP_PORT = 15_672;
const FIRST_CLIENT_PORT = 50_000;
/** Processes of one connection that have numbers of their own. */
const PROCESSES = 100;

/** `rabbit@rabbit-1`: an Erlang node on a host that is called as the simulation's process is. */
export function erlangNode(node: string): string {
  return `rabbit@${node}`;
}

/** @returns the process behind an Erlang node's name, with or without the part before `@`; null for none */
export function nodeNamed(name: string, nodes: readonly string[]): string | null {
  const host = name.startsWith('rabbit@') ? name.slice('rabbit@'.length) : name;
  return nodes.find((node) => node === host) ?? null;
}

/** @returns the node that listens for HTTP there; null: nobody does */
export function httpNode(host: string, port: number, nodes: readonly string[]): string | null {
  if (host === 'localhost' || host === '127.0.0.1') return nodes[port - HTTP_PORT] ?? null;
  return port === HTTP_PORT ? (nodes.find((node) => node === host) ?? null) : null;
}

export function tcpPort(connection: number): number {
  return FIRST_CLIENT_PORT + connection;
}

/** An Erlang process of a connection: 0 is the connection's own, the others are its channels. */
export function processId(node: string, connection: number, part: number): string {
  return `<${erlangNode(node)}.1.${1000 + connection * PROCESSES + part}.0>`;
}
