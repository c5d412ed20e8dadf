/** What the console's interactive tools have in common: who they belong to, their settings, their log. */
import * as v from 'valibot';
import type { Port } from '../../sim/kernel.ts';
import { toMs } from '../../sim/time.ts';
import { CONFIG_EXCEPTION, connectionWarning, labelOf, type Address } from './console/address.ts';
import { brokerId, logLine } from './console/format.ts';
import type { Reply } from './protocol.ts';
import type { Correlations } from './requests.ts';

const NETWORK_CLIENT = 'org.apache.kafka.clients.NetworkClient';
/** The exit code of what Ctrl-C ended. */
export const INTERRUPTED = 130;

export interface ToolOwner {
  toolPrinted(lines: readonly string[]): void;
  toolEnded(exit: number): void;
}

/** What a tool needs of the process that it runs in. */
export interface ToolContext {
  readonly port: Port;
  readonly owner: ToolOwner;
  readonly addresses: readonly Address[];
  readonly correlations: Correlations;
  /** Prefix of its timers' names, another for every tool of the process. */
  readonly timers: string;
}

/** A tool that goes on until its input, or its reader, ends it. */
export interface InteractiveTool {
  /** Whether what is typed is its input; else it waits until the tool has ended. */
  readonly reads: boolean;
  /** A line was typed. */
  line(text: string): void;
  key(key: 'interrupt' | 'end'): void;
  receive(correlation: number, reply: Reply, from: string): void;
  wake(timer: string, data: unknown): void;
  disconnected(peer: string): void;
}

/** The log of a client's connections: each address that cannot be reached is told of once. */
export class ConnectionLog {
  private readonly port: Port;
  /** `Producer clientId=console-producer` */
  private readonly client: string;
  private readonly addresses: readonly Address[];
  private connected = new Set<string>();
  private said = new Set<string>();

  constructor(port: Port, client: string, addresses: readonly Address[]) {
    this.port = port;
    this.client = client;
    this.addresses = addresses;
  }

  /** @returns lines about addresses where nobody listens */
  began(): string[] {
    return this.addresses.flatMap(({ node, label }, i) =>
      node === null ? this.unreachable(-1 - i, label) : [],
    );
  }

  answered(from: string): void {
    this.connected.add(from);
  }

  /** @returns lines about a broken connection: none when it had been made */
  broke(peer: string): string[] {
    if (this.connected.delete(peer)) return [];
    const given = this.addresses.findIndex(({ node }) => node === peer);
    return given >= 0
      ? this.unreachable(-1 - given, this.addresses[given]!.label)
      : this.unreachable(brokerId(peer), labelOf(peer));
  }

  /** @returns a line about topics that the cluster does not know, once for each of them */
  metadata(correlation: number, reply: Reply): string[] {
    if (reply.api !== 'Metadata') return [];
    const wrong = reply.topics.filter(({ topic, error }) => error !== 'NONE' && !this.said.has(topic));
    if (wrong.length === 0) return [];
    for (const { topic } of wrong) this.said.add(topic);
    const errors = wrong.map(({ topic, error }) => `${topic}=${error}`).join(', ');
    return [
      this.line(
        `[${this.client}] The metadata response from the cluster reported a recoverable issue with correlation id ${correlation} : {${errors}}`,
      ),
    ];
  }

  private unreachable(id: number, label: string): string[] {
    if (this.said.has(label)) return [];
    this.said.add(label);
    return [this.line(connectionWarning(this.client, id, label))];
  }

  private line(text: string): string {
    return logLine(toMs(this.port.clock()), 'WARN', text, NETWORK_CLIENT);
  }
}

/** Settings that are text even when they look like numbers. */
const TEXTS = new Set(['acks', 'transactional.id', 'group.instance.id']);

function typed(name: string, text: string): unknown {
  if (name === 'acks') return text === '-1' ? 'all' : text;
  if (name === 'partition.assignment.strategy') return text.split(',').map((part) => assignor(part.trim()));
  if (TEXTS.has(name)) return text;
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text;
}

/** `org.apache.kafka.clients.consumer.CooperativeStickyAssignor` is `cooperative-sticky`. */
function assignor(name: string): string {
  const simple = name.slice(name.lastIndexOf('.') + 1).replace(/Assignor$/, '');
  const known: Readonly<Record<string, string>> = {
    Range: 'range',
    RoundRobin: 'roundrobin',
    Sticky: 'sticky',
    CooperativeSticky: 'cooperative-sticky',
  };
  return known[simple] ?? name;
}

/**
 * Settings given as text, by a client's own schema.
 * @param kind what cannot be made when one is wrong: `producer`
 * @returns the configuration and the names that it does not know; or what the client throws, in lines
 */
export function clientSettings<const Schema extends v.GenericSchema & { readonly entries: object }>(
  schema: Schema,
  settings: Readonly<Record<string, string>>,
  kind: 'producer' | 'consumer',
):
  | { readonly config: v.InferOutput<Schema>; readonly unused: readonly string[] }
  | { readonly error: string[] } {
  const known = Object.entries(settings).filter(([name]) => Object.hasOwn(schema.entries, name));
  const unused = Object.keys(settings).filter((name) => !Object.hasOwn(schema.entries, name));
  const result = v.safeParse(
    schema,
    Object.fromEntries(known.map(([name, text]) => [name, typed(name, text)])),
  );
  if (result.success) return { config: result.output, unused };
  const [issue] = result.issues;
  const key = issue.path?.[0]?.key;
  const name = typeof key === 'string' ? key : '';
  return {
    error: [
      `org.apache.kafka.common.KafkaException: Failed to construct kafka ${kind}`,
      `Caused by: ${CONFIG_EXCEPTION}: Invalid value ${settings[name] ?? ''} for configuration ${name}: ${because(issue)}`,
    ],
  };
}

function because(issue: v.BaseIssue<unknown>): string {
  switch (issue.type) {
    case 'picklist':
      return `String must be one of: ${String(issue.expected).replaceAll(/["()]/g, '').replaceAll(' | ', ', ')}`;
    case 'number':
    case 'integer':
      return 'Not a number of type INT';
    case 'boolean':
      return 'Expected value to be either true or false';
    case 'min_value':
      return `Value must be at least ${String(issue.requirement)}`;
    case 'max_value':
      return `Value must be no more than ${String(issue.requirement)}`;
    default:
      return issue.message;
  }
}

/** What a client logs of settings that are none of its own. */
export function unusedWarning(port: Port, names: readonly string[], kind: 'Producer' | 'Consumer'): string[] {
  if (names.length === 0) return [];
  const text = `These configurations '[${names.join(', ')}]' were supplied but are not used yet.`;
  return [
    logLine(toMs(port.clock()), 'WARN', text, `org.apache.kafka.clients.${kind.toLowerCase()}.${kind}Config`),
  ];
}
