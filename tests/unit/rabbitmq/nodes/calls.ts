// Words for what an application does on its channels, and what a run says of it: for tests of whole nodes.
import { run, type ClientInput, type Run, type Setup } from '../harness.ts';

type ApplicationInput = Extract<ClientInput, { role: 'application' }>;
export type Step = ApplicationInput['calls'][number];
type Do = Step['do'];
type CallOf<K extends Do['call']> = Extract<Do, { call: K }>;

/** A call, on channel 1 and as soon as it can be, unless said otherwise. */
export function on(what: Do, more: Omit<Step, 'do'> = {}): Step {
  return { ...more, do: what };
}

export const declare = (name: string, args: Record<string, unknown> = {}, more: object = {}): Do =>
  ({ call: 'queue.declare', queue: { name, arguments: args, ...more } }) as CallOf<'queue.declare'>;
export const publish = (routingKey: string, key: string | null = null, more: object = {}): Do => ({
  call: 'basic.publish',
  routingKey,
  key,
  ...more,
});
export const get = (queue: string, noAck = false): Do => ({ call: 'basic.get', queue, noAck });
export const consume = (queue: string, tag: string, more: object = {}): Do => ({
  call: 'basic.consume',
  queue,
  tag,
  ...more,
});
export const qos = (prefetchCount: number, global = false): Do => ({
  call: 'basic.qos',
  prefetchCount,
  global,
});
export const ack = (tag: number, multiple = false): Do => ({ call: 'basic.ack', tag, multiple });
export const nack = (tag: number, requeue = true, multiple = false): Do => ({
  call: 'basic.nack',
  tag,
  requeue,
  multiple,
});
export const reject = (tag: number, requeue: boolean): Do => ({ call: 'basic.reject', tag, requeue });

/** An application that makes these calls one after another. */
export function application(id: string, calls: readonly (Do | Step)[], more: object = {}): ClientInput {
  return {
    id,
    role: 'application',
    calls: calls.map((one) => ('do' in one ? one : on(one))),
    ...more,
  };
}

/** The rest of the run as one application does it. */
export function runCalls(calls: readonly (Do | Step)[], setup: Setup = {}, untilMs = 5000): Run {
  return run({ ...setup, clients: [application('app', calls), ...(setup.clients ?? [])] }, untilMs);
}

/** Keys that a client was given, in order; an asterisk marks a redelivery. */
export function given(of: Run, client: string, place?: string): string[] {
  return of
    .of('delivered')
    .filter((event) => event.client === client && (place === undefined || event.place === place))
    .map(({ key, redelivered }) => `${key ?? ''}${redelivered ? '*' : ''}`);
}

/** What the server said to a client that it refused: `404 NOT_FOUND: no queue …`. */
export function errors(of: Run): string[] {
  return of.of('error').map(({ code, detail }) => `${code}: ${detail}`);
}

/** By key, what became of what was published: ack or nack, in order of the answers. */
export function answers(of: Run): string[] {
  const keys = new Map(of.of('published').map(({ message, key }) => [message, key]));
  return of.trace.flatMap((event) => {
    if (event.kind === 'publish-confirmed') return [`${keys.get(event.message) ?? ''} ack`];
    return event.kind === 'publish-failed' ? [`${keys.get(event.message) ?? ''} nack`] : [];
  });
}
