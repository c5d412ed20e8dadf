/**
 * What the page and the worker say to one another. Both sides check what they get: a message that is not of this
 * form is a mistake of ours and says so, and never becomes a wrong picture.
 *
 * Every request carries a number and is answered once, by a reply or an error with that number. The one unasked
 * message is `ready`, when the worker has loaded.
 */
import type { CarryRule } from '../brokers/workload.ts';
import type { Frame, EventLine } from '../scenarios/frame.ts';
import type { RunSpec } from '../scenarios/playable.ts';
import type { RunAddress } from '../scenarios/address.ts';
import type { BrokerId, ClientOf } from '../scenarios/schema.ts';
import type { Request } from './request.ts';

export type RequestType = Request['type'];
export type ErrorCode = 'invalid' | 'superseded' | 'unknown-run' | 'failed';
export type Answer =
  | { readonly type: 'ready' }
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: ErrorCode; readonly message: string };
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** A request before it has its number. */
export type Ask<T extends RequestType = RequestType> = Without<Extract<Request, { type: T }>, 'id'>;

/** What an opened run is made of, for the buttons: who is there to be copied, which seed it has. */
export interface AboutOf<B extends BrokerId> {
  readonly seed: number;
  readonly clients: readonly ClientOf<B>[];
  /** How the workload was carried, where one was. */
  readonly rules?: readonly CarryRule[];
}
export type About = AboutOf<BrokerId>;

export interface Replies {
  open: { readonly frame: Frame; readonly about: About };
  move: Frame;
  life: readonly EventLine[];
  close: null;
  'write-address': string;
  'read-address': RunAddress;
  ping: null;
}

export type { Move, Position, Request } from './request.ts';
export type { EventLine, Frame, RunAddress, RunSpec };

/**
 * By hand: the page hears it with every frame, and needs no parser besides.
 * @returns the answer, or null for something that is none
 */
export function parseAnswer(input: unknown): Answer | null {
  const answer = (input ?? {}) as Record<string, unknown>;
  const { type, id, ok, code, message } = answer;
  const isAnswer =
    type === 'ready' ||
    (typeof id === 'number' &&
      (ok === true
        ? 'value' in answer
        : ok === false && typeof code === 'string' && typeof message === 'string'));
  return isAnswer ? (answer as unknown as Answer) : null;
}
