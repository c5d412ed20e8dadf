/** What clients do and what they are told: connections, publishing and confirms, consuming and settling. */
import type { Explanation } from '../../broker.ts';
import { CANCELLED } from '../clients/deliveries.ts';
import { errorRules } from './errors.ts';
import { bare, capital, detail, exchange, key, message, name, step, table, type Event } from './words.ts';

export function clientStopped({ client, reason }: Event<'client-stopped'>): Explanation {
  return reason === 'crashed'
    ? key(
        `${name(client)} crashes, and its connection breaks with it: what was delivered to it and not acknowledged goes back to its queue.`,
        ['R-49'],
      )
    : step(`${name(client)} has ended.`, ['R-49']);
}

export function disconnected({ client, node, why }: Event<'disconnected'>): Explanation {
  return why === 'the application closed it'
    ? step(`${name(client)} has closed its connection to ${name(node)}.`, ['R-49'])
    : key(
        `${name(client)} has lost its connection to ${name(node)}: ${why}. What it had not acknowledged goes back to its queue; of what was not confirmed it knows nothing.`,
        ['R-29', 'R-49'],
      );
}

export function published({
  client,
  message: number,
  key: k,
  to,
  routingKey,
  headers,
}: Event<'published'>): Explanation {
  const by = routingKey === undefined || routingKey === '' ? 'no routing key' : `routing key ${routingKey}`;
  const also =
    headers === undefined || Object.keys(headers).length === 0 ? '' : ` and headers ${table(headers)}`;
  return step(`${name(client)} publishes ${message(number, k)} to ${exchange(to)} with ${by}${also}.`, [
    to === '' ? 'R-2' : 'R-1',
  ]);
}

export function republished({ client, message: number, to, why }: Event<'republished'>): Explanation {
  return step(
    `${name(client)} publishes message ${number} again, to ${exchange(to)}: ${why}. If the broker had it after all, it is there twice now.`,
    ['R-29', 'R-31'],
  );
}

export function confirmed({ client, message: number }: Event<'publish-confirmed'>): Explanation {
  return detail(
    `${name(client)} learns that message ${number} is confirmed: every queue that it went to has it as safely as that queue promises.`,
    ['R-29', 'R-30'],
  );
}

export function failed({ client, message: number, error }: Event<'publish-failed'>): Explanation {
  switch (error) {
    case 'nacked':
      return key(`The broker refuses message ${number} of ${name(client)} (basic.nack), which gives it up.`, [
        'R-31',
      ]);
    case 'tx.rollback':
      return step(`Message ${number} of ${name(client)} is dropped with its transaction (tx.rollback).`, [
        'R-33',
      ]);
    default:
      return key(
        `${name(client)} gives message ${number} up, and does not know whether the broker has it: ${bare(error)}.`,
        errorRules(error, '', ['R-29']),
      );
  }
}

export function returned({ client, message: number, reason }: Event<'returned'>): Explanation {
  return key(
    `Message ${number} comes back to ${name(client)} (${reason}): it was mandatory, and no queue is bound for it.`,
    ['R-28'],
  );
}

export function blocked({ client, reason }: Event<'publishing-blocked'>): Explanation {
  return key(
    `The broker reads nothing more from ${name(client)}: ${reason}. What it publishes waits, and so would its acknowledgements on this connection.`,
    ['R-35'],
  );
}

export function unblocked({ client }: Event<'publishing-unblocked'>): Explanation {
  return key(`The broker reads from ${name(client)} again.`, ['R-35']);
}

export function consumingBegan({
  client,
  group,
  place,
  tag,
  prefetch,
}: Event<'consuming-began'>): Explanation {
  const limit =
    prefetch === null
      ? 'with no limit to what it is given ahead'
      : `and is given at most ${prefetch} ahead of ${prefetch === 1 ? 'its acknowledgement' : 'its acknowledgements'}`;
  return step(
    `${name(client)} consumes ${place} as ${tag} ${limit}.`,
    group === null ? ['R-36', 'R-58'] : ['R-36', 'R-41'],
  );
}

export function consumingEnded({ client, place, tag, why }: Event<'consuming-ended'>): Explanation {
  switch (why) {
    case CANCELLED.byApplication:
      return step(
        `${name(client)} has cancelled its consumer ${tag} of ${place}. What it was given it may still settle.`,
        ['R-36', 'R-45'],
      );
    case CANCELLED.byServer:
      return key(
        `The server cancels consumer ${tag} of ${name(client)}: ${place} is deleted or its node is down, or an acknowledgement is overdue.`,
        ['R-46', 'R-53'],
      );
    default:
      return step(`${name(client)} consumes ${place} no longer: ${why}.`, ['R-49']);
  }
}

export function nothingThere({ client, place }: Event<'nothing-there'>): Explanation {
  return step(`${name(client)} asks ${place} for a message, and none is ready (basic.get-empty).`, ['R-36']);
}

export function delivered(event: Event<'delivered'>): Explanation {
  const {
    client,
    group,
    message: number,
    key: k,
    place,
    position,
    redelivered,
    deliveryCount,
    headers,
  } = event;
  const from = group === null ? `${place}, offset ${position}` : place;
  const rules = [group === null ? 'R-58' : 'R-36'];
  let text = `${name(client)} is given ${message(number, k)} from ${from}`;
  if (headers && 'x-death' in headers) {
    text += ', a dead letter';
    rules.push('R-83');
  }
  if (redelivered) {
    text += ', marked as redelivered';
    rules.push('R-52');
  }
  if (deliveryCount !== null) {
    text += ` (x-delivery-count ${deliveryCount})`;
    rules.push('R-62');
  }
  return step(`${text}.`, rules);
}

export function processed({ client, message: number, key: k, place }: Event<'processed'>): Explanation {
  return step(`${name(client)} has processed ${message(number, k)} from ${place}.`, []);
}

export function settled({
  client,
  group,
  outcome,
  place,
  message: number,
}: Event<'settled'>): Explanation | null {
  const who = name(client);
  const what = `${message(number)} of ${place}`;
  switch (outcome) {
    case 'acked':
      return group === null
        ? detail(`${who} acknowledges ${what}: the stream keeps it, and may send one more.`, ['R-58'])
        : step(`${who} acknowledges ${what}.`, ['R-48']);
    case 'nacked':
      return key(`${who} gives ${what} back without having processed it (basic.nack).`, ['R-48']);
    case 'rejected':
      return key(`${who} rejects ${what} (basic.reject).`, ['R-48']);
    case 'committed':
      // Not RabbitMQ's: nobody keeps how far a group has read.
      return null;
  }
}

export function printed({ command, lines, exit }: Event<'printed'>): Explanation {
  const tool = command.split(' ')[0] ?? command;
  const first = lines[0] === undefined ? '' : `: ${lines[0]}`;
  if (exit === null) return detail(`${tool} prints${first || ' nothing'}`, []);
  return exit === 0
    ? step(`${tool} has ended${first}`, [])
    : step(`${tool} ends with exit code ${exit}${first}`, []);
}

/** whose turn it is among consumers of which one at a time is active. */
export function turn({ kind, client, places }: Event<'assigned' | 'revoked'>): Explanation {
  return kind === 'assigned'
    ? key(
        `${name(client)} is now the active consumer of ${places.join(', ')}: the others wait for their turn.`,
        ['R-45'],
      )
    : step(`${capital(name(client))} is no longer the active consumer of ${places.join(', ')}.`, ['R-45']);
}
