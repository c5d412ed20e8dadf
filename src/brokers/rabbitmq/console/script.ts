/**
 * A tool as a script: straight-line code that says what it wants to know and to have done, and goes on with the answers.
 *
 * A script is a pure function of its words and of the answers so far. A checkpoint cannot hold a generator half way, so
 * none is kept: whoever runs a script keeps the answers and runs it again from its beginning for each new one.
 */
import type { AmqpCode } from '../amqp-error.ts';
import type { BindingSettings, ExchangeSettings, QueueSettings, Table, Version } from '../config.ts';
import type { NodeFacts, ToolReply, ToolRequest } from '../management.ts';

/** What a tool does as a client (console-channel.ts). */
export type AmqpCall =
  | { readonly call: 'declare-exchange'; readonly exchange: ExchangeSettings }
  | { readonly call: 'delete-exchange'; readonly name: string }
  | { readonly call: 'declare-queue'; readonly queue: QueueSettings }
  | {
      readonly call: 'delete-queue';
      readonly name: string;
      readonly ifUnused: boolean;
      readonly ifEmpty: boolean;
    }
  | { readonly call: 'purge'; readonly name: string }
  | { readonly call: 'bind' | 'unbind'; readonly binding: BindingSettings }
  | {
      readonly call: 'publish';
      readonly exchange: string;
      readonly routingKey: string;
      readonly payload: string;
      readonly persistent: boolean;
      readonly priority: number | null;
      readonly expiration: string | null;
      readonly headers: Table;
    }
  | { readonly call: 'get'; readonly queue: string; readonly noAck: boolean }
  | { readonly call: 'settle'; readonly deliveryTag: number; readonly how: 'nack' | 'reject' | 'requeue' };

export interface Gotten {
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
  readonly payload: string;
  readonly persistent: boolean;
  readonly priority: number | null;
  readonly expiration: string | null;
  readonly headers: Table;
}

export type AmqpAnswer =
  | { readonly kind: 'done'; readonly messages: number }
  | { readonly kind: 'published'; readonly routed: boolean; readonly confirmed: boolean }
  /** `left`: ready messages behind it. */
  | { readonly kind: 'got'; readonly delivery: Gotten | null; readonly left: number }
  | { readonly kind: 'refused'; readonly code: AmqpCode; readonly text: string }
  | { readonly kind: 'confirm-timeout' }
  | { readonly kind: 'unreachable' };

export type Step =
  | { readonly do: 'ask'; readonly node: string; readonly request: ToolRequest; readonly timeoutMs: number }
  /** On the connection of the tool, which stays with the node that its first call was for. */
  | { readonly do: 'amqp'; readonly node: string; readonly call: AmqpCall }
  /** Reads lines until the input ends. */
  | { readonly do: 'read' };

export type Answer =
  | { readonly to: 'ask'; readonly reply: ToolReply }
  | { readonly to: 'ask'; readonly failure: 'unreachable' | 'timeout' }
  | { readonly to: 'amqp'; readonly answer: AmqpAnswer }
  | { readonly to: 'read'; readonly lines: readonly string[] };

/** @yields what it wants. @returns the exit code */
export type Script = Generator<Step, number, Answer>;
/** A part of a script. */
export type Part<T> = Generator<Step, T, Answer>;

export interface Context {
  /** What stands after the program's name. */
  readonly words: readonly string[];
  readonly version: Version;
  /** The cluster's nodes, `rabbit-1` first. */
  readonly nodes: readonly string[];
  /** What it prints; it only ever adds. */
  readonly out: string[];
}

/** The end of a tool: what it prints then, and its exit code. */
export class Exit extends Error {
  override name = 'Exit';
  readonly code: number;
  readonly lines: readonly string[];

  constructor(code: number, lines: readonly string[]) {
    super(lines.join('\n'));
    this.code = code;
    this.lines = lines;
  }
}

/** Runs a script; an {@link Exit} is its end. */
export function* guarded({ out }: Context, script: Script): Script {
  try {
    return yield* script;
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    out.push(...error.lines);
    return error.code;
  }
}

/** What the target node knows, and what the nodes that it hears have. */
export interface ClusterFacts {
  readonly target: NodeFacts;
  /** Those that answered, the target among them, in the order of their numbers. */
  readonly nodes: readonly NodeFacts[];
}

export interface AskOptions {
  /** Milliseconds; the tool's own limit. */
  readonly timeoutMs: number;
  /** Ends the tool: the target does not answer. */
  readonly failed: (why: 'unreachable' | 'timeout') => Exit;
}

/** Asks a node. @throws Exit where it does not answer */
export function* ask<A extends ToolRequest['ask']>(
  node: string,
  request: Extract<ToolRequest, { ask: A }>,
  { timeoutMs, failed }: AskOptions,
): Part<Extract<ToolReply, { ask: A }>> {
  const answer = yield { do: 'ask', node, request, timeoutMs };
  if (answer.to === 'ask' && 'reply' in answer) return answer.reply as Extract<ToolReply, { ask: A }>;
  throw failed(answer.to === 'ask' && 'failure' in answer ? answer.failure : 'unreachable');
}

/** Asks the target, and then the nodes that it hears, as the target itself would: one that does not answer has nothing. */
export function* gather(node: string, options: AskOptions): Part<ClusterFacts> {
  const { facts: target } = yield* ask(node, { ask: 'facts' }, options);
  const nodes = [target];
  for (const other of target.running) {
    if (other === node) continue;
    const answer = yield { do: 'ask', node: other, request: { ask: 'facts' }, timeoutMs: options.timeoutMs };
    if (answer.to === 'ask' && 'reply' in answer && answer.reply.ask === 'facts')
      nodes.push(answer.reply.facts);
  }
  return { target, nodes: nodes.sort((a, b) => (a.node < b.node ? -1 : 1)) };
}

/** Makes a call as a client. */
export function* amqp(node: string, call: AmqpCall): Part<AmqpAnswer> {
  const answer = yield { do: 'amqp', node, call };
  return answer.to === 'amqp' ? answer.answer : { kind: 'unreachable' };
}
