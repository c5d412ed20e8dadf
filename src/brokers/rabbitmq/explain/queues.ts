/** What happens to messages in queues and streams: how they come, go back, and leave (R-36 to R-88). */
import type { Explanation } from '../../broker.ts';
import { capital, detail, exchange, key, message, name, step, type Event } from './words.ts';

export function routed({ by, message: number, place, why }: Event<'routed'>): Explanation {
  if (by === '') {
    return detail(
      `The default exchange puts message ${number} into ${place}: its routing key is the name of that queue.`,
      ['R-2'],
    );
  }
  const rules = ['R-1'];
  if (why.includes(', then ')) rules.push('R-24');
  if (why.includes('alternate')) rules.push('R-25');
  return detail(`${capital(exchange(by))} puts message ${number} into ${place} (${why}).`, rules);
}

export function appended({ place, position, message: number, key: k }: Event<'appended'>): Explanation {
  return step(`${place} takes ${message(number, k)} at position ${position}.`, ['R-30']);
}

export function acquired(event: Event<'acquired'>): Explanation {
  const { client, place, message: number, deliveryCount } = event;
  const owed = `${name(client)} owes its acknowledgement until it settles it or its channel ends`;
  return deliveryCount > 1
    ? step(
        `${place} gives ${message(number)} out to ${name(client)}, delivery ${deliveryCount} of it. ${owed}.`,
        ['R-37', 'R-52'],
      )
    : detail(`${place} gives ${message(number)} out to ${name(client)}. ${owed}.`, ['R-37', 'R-41']);
}

const RETURNED: Readonly<Record<string, readonly [why: string, rule: string]>> = {
  reject: ['its consumer rejected it and asked for it to be requeued', 'R-48'],
  nack: ['its consumer gave it back (basic.nack)', 'R-48'],
  recover: ['its channel asked for everything back (basic.recover)', 'R-49'],
  'channel-down': ['the channel that had it has ended', 'R-49'],
  'node-down': ['the node that had its channel is gone', 'R-49'],
  timeout: ['it was not acknowledged within consumer_timeout', 'R-53'],
};

const WHERE: Readonly<Record<string, readonly [where: string, rule: string]>> = {
  'original place': ['It lies in its old place, before all that came after it', 'R-50'],
  tail: ['It is written anew at the tail, behind all that waits', 'R-51'],
  returns: ['It lies with the returned ones, which are given out before everything else', 'R-51'],
  delayed: ['It waits for its retry before it may be given out again', 'R-65'],
};

export function released({ place, why, message: number, where }: Event<'released'>): Explanation {
  const [reason, rule] = RETURNED[why] ?? [why, 'R-49'];
  const [lies, at] = WHERE[where ?? ''] ?? [where === undefined ? '' : `It lies here: ${where}`, 'R-50'];
  return key(
    `${capital(message(number ?? null))} is back in ${place}: ${reason}.${lies === '' ? '' : ` ${lies}.`}`,
    [rule, at],
  );
}

export function removed({ place, message: number, why }: Event<'removed'>): Explanation {
  switch (why) {
    case 'acknowledged':
      return detail(`${place} forgets message ${number}: it is acknowledged.`, ['R-48']);
    case 'got':
      return step(
        `${place} gives message ${number} to a basic.get that need not acknowledge, and forgets it.`,
        ['R-36'],
      );
    default:
      return step(`${place} forgets message ${number}: ${why}.`, ['R-36', 'R-41']);
  }
}

/** Why a queue gives a message up (R-80), and the rule of it. */
const DEATHS: Readonly<Record<string, readonly [why: string, rule: string]>> = {
  rejected: ['its consumer refused it for good', 'R-80'],
  expired: ['its time-to-live is over, and it is at the head', 'R-69'],
  maxlen: ['the queue is longer than it may be', 'R-74'],
  delivery_limit: ['it has come back more often than its delivery limit allows', 'R-61'],
};

export function deadLettered({ place, message: number, to, reason }: Event<'dead-lettered'>): Explanation {
  const [why, rule] = DEATHS[reason] ?? [reason, 'R-80'];
  return key(
    `${place} gives message ${number} up (${reason}): ${why}. It goes to ${exchange(to)} as a dead letter.`,
    [rule, ...(rule === 'R-80' ? [] : ['R-80']), 'R-81', 'R-83'],
  );
}

export function dropped({ node, place, position, message: number, reason }: Event<'dropped'>): Explanation {
  const what = message(number);
  switch (reason) {
    case 'maxlen':
      return position === undefined
        ? key(`${place} refuses ${what}: it is as long as it may be. Nobody has it now.`, ['R-76', 'R-79'])
        : key(
            `${place} drops ${what} from its head: it is longer than it may be, and has no dead-letter exchange.`,
            ['R-74', 'R-80'],
          );
    case 'expired':
    case 'rejected':
    case 'delivery_limit': {
      const [why, rule] = DEATHS[reason]!;
      return key(
        `${place} drops ${what}: ${why}, and there is no dead-letter exchange for it.`,
        rule === 'R-80' ? [rule] : [rule, 'R-80'],
      );
    }
    case 'purged':
      return step(`${capital(what)} is gone: ${place} was purged.`, ['R-80']);
    case 'deleted':
      return step(`${capital(what)} is gone with its queue, ${place}.`, ['R-80']);
    case 'node-crashed':
      return key(
        `${capital(what)} of ${place} is lost with the memory of ${name(node)}: it was not persistent, its queue not durable, or neither had reached the disk.`,
        ['R-30', 'R-55'],
      );
    case 'unavailable':
      return step(`${capital(what)} does not reach ${place}: its node is down, or no replica leads it.`, [
        'R-31',
        'R-54',
        'R-56',
      ]);
    case 'unroutable':
      return key(`No queue is bound to ${exchange(place)} for ${what}: it is dropped, and nobody is told.`, [
        'R-28',
        'R-81',
      ]);
    case 'dead-letter cycle':
      return key(
        `${capital(what)} has gone round in a circle of dead-letter exchanges, and nobody rejected it on its way: it is dropped.`,
        ['R-86'],
      );
    case 'limit-reached':
      return key(`${place} takes ${what} no more: the simulator holds no more in one queue.`, []);
    default:
      return key(`${place} drops ${what}: ${reason}.`, ['R-80']);
  }
}

/** R-58: of streams. */
export function expired({ node, place, position, from, why }: Event<'expired'>): Explanation {
  const range =
    from === undefined
      ? `everything up to offset ${position}`
      : from === position
        ? `offset ${position}`
        : `offsets ${from} to ${position}`;
  return key(`${name(node)} deletes ${range} of ${place}${why === undefined ? '' : `: ${why}`}.`, ['R-58']);
}

export function segmentRolled({ node, place, position, why }: Event<'segment-rolled'>): Explanation {
  return step(`${name(node)} begins a new segment of ${place} at offset ${position}: ${why}.`, ['R-58']);
}

export function positioned({ client, place, position }: Event<'positioned'>): Explanation {
  return step(`${name(client)} reads ${place} from offset ${position} on.`, ['R-58']);
}
