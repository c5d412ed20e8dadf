/** What is on the wire, for the trace: requests and replies by their names, and the records in them. */
import type { Cargo } from '../../sim/kernel.ts';
import type { MessageId } from '../../sim/trace.ts';
import type { Reply } from './protocol.ts';

const RESPONSES = new Map<Reply['api'], Cargo>();

/** @returns the same object for every reply without records */
export function replyCargo(reply: Reply): Cargo {
  if (reply.api === 'Fetch')
    return carrying(
      'FetchResponse',
      reply.partitions.flatMap(({ place, batches }) => batches.map(({ messages }) => ({ place, messages }))),
    );
  if (reply.api === 'ShareFetch') {
    return carrying(
      'ShareFetchResponse',
      reply.partitions
        .filter(({ acquired }) => acquired.length > 0)
        .map(({ place, acquired }) => ({ place, messages: acquired.map(({ message }) => message) })),
    );
  }
  let cargo = RESPONSES.get(reply.api);
  if (!cargo) RESPONSES.set(reply.api, (cargo = { what: `${reply.api}Response` }));
  return cargo;
}

/** The place is named when all that is carried belongs to one. */
export function carrying(
  what: string,
  parts: readonly { readonly place: string; readonly messages: readonly MessageId[] }[],
): Cargo {
  const [first] = parts;
  if (!first) return { what };
  if (parts.length === 1) return { what, place: first.place, messages: first.messages };
  const messages: MessageId[] = [];
  let place: string | null = first.place;
  for (const part of parts) {
    if (part.place !== place) place = null;
    for (const message of part.messages) messages.push(message);
  }
  return { what, place, messages };
}
