/** What happens in groups: consumer groups of both protocols and share groups (K-73 to K-108). */
import { formatSeconds } from '../../../sim/time.ts';
import type { Explanation } from '../../broker.ts';
import { CONSOLE } from '../config.ts';
import { at, capital, detail, key, list, name, record, step, type Event } from './words.ts';

export function positioned(event: Event<'positioned'>): Explanation {
  const who = name(event.client);
  const { place, position } = event;
  switch (event.by) {
    case 'seek':
      return key(`${who} seeks in ${place}: what poll() returns next begins at offset ${position}.`, [
        'K-70',
      ]);
    case 'reset':
      return event.outOfRange
        ? key(
            `What ${who} was to read next of ${place} is gone, so it goes on at offset ${position}, as auto.offset.reset says.`,
            ['K-5', 'K-69'],
          )
        : step(
            `Nothing is committed for ${place}, so ${who} begins at offset ${position}, as auto.offset.reset says.`,
            ['K-69'],
          );
    case 'committed':
      return event.takeover
        ? key(
            `${who} takes over ${place} and starts at the committed offset ${position}. What was processed after that commit is processed again.`,
            ['K-69', 'K-70', 'K-71'],
          )
        : step(`${who} goes on with ${place} at its committed offset ${position}.`, ['K-69', 'K-70']);
  }
}

export function assigned({ client, places, all, generation, shared }: Event<'assigned'>): Explanation {
  if (shared && all.length === 0)
    return key(
      `${name(client)} gets no partition in generation ${generation}: none is shared out to it before its group has the state of it.`,
      ['K-102'],
    );
  if (all.length === 0) {
    return key(
      `${name(client)} gets no partition in generation ${generation}: a partition has one owner in a group, and each of them is somebody’s, or is yet to be given up.`,
      ['K-100', 'K-88', 'K-97'],
    );
  }
  if (places.length === 0)
    return step(`${name(client)} keeps ${list(all)} in generation ${generation}.`, ['K-83']);
  return places.length === all.length
    ? key(`${name(client)} gets ${list(places)} in generation ${generation}.`, [
        'K-80',
        'K-92',
        'K-93',
        'K-94',
      ])
    : key(`${name(client)} gets ${list(places)} beside what it had, in generation ${generation}.`, [
        'K-83',
        'K-94',
      ]);
}

export function groupChanged(event: Event<'group-state-changed'>): Explanation {
  const { group, state, generation, members, why } = event;
  switch (state) {
    case 'PreparingRebalance':
      return key(`Group ${group} begins to rebalance: ${why}. Every member has to join again.`, [
        'K-76',
        'K-79',
      ]);
    case 'CompletingRebalance':
      return step(
        `${capital(why)}: generation ${generation} of group ${group} begins, and its leader shares the partitions out.`,
        ['K-76', 'K-80'],
      );
    case 'Assigning':
      return step(`The broker is to share the partitions of group ${group} out anew: ${why}.`, ['K-87']);
    case 'Reconciling':
      return key(
        `Group ${group} moves to epoch ${generation}: ${why}. Its members give up and take over one by one; who keeps a partition reads on.`,
        ['K-87', 'K-88'],
      );
    case 'Stable':
      return key(
        `Group ${group} is stable in generation ${generation} with ${list(members.map(name))}: ${why}.`,
        ['K-76', 'K-80'],
      );
    default:
      return step(`Group ${group} is ${state}: ${why}.`, ['K-76']);
  }
}

export function targetComputed({ group, epoch, shared, assignment }: Event<'target-computed'>): Explanation {
  const targets = assignment.map(([client, places]) => `${name(client)} ${list(places)}`);
  return key(
    `The broker computes who is to have what in group ${group}, epoch ${epoch}: ${targets.length === 0 ? 'nobody is there' : targets.join('; ')}.${shared ? '' : ' Nobody gets a partition before it has been given up.'}`,
    shared ? ['K-102'] : ['K-87', 'K-88', 'K-98', 'K-99'],
  );
}

export function settled(event: Event<'settled'>): Explanation {
  const { client, group, outcome, place, position, message } = event;
  const which = `${record(message)} at ${at({ place, position })}`;
  switch (outcome) {
    case 'committed':
      return client === CONSOLE
        ? key(
            `The committed offset of group ${group ?? ''} in ${place} is set to ${position}: there it goes on when it starts.`,
            ['K-70', 'K-81'],
          )
        : step(
            `${name(client)} commits ${place} at offset ${position}: after a restart its group would go on there.`,
            ['K-70', 'K-71', 'K-72'],
          );
    case 'acked':
      return step(`${name(client)} accepts ${which}: its group is done with it.`, ['K-103', 'K-106']);
    case 'nacked':
      return step(`${name(client)} releases ${which}: somebody of its group is to try again.`, [
        'K-103',
        'K-106',
      ]);
    case 'rejected':
      return key(`${name(client)} rejects ${which}: nobody of its group is to try it again.`, [
        'K-103',
        'K-106',
      ]);
  }
}

export function acquired(event: Event<'acquired'>): Explanation {
  const { client, message, deliveryCount, until } = event;
  return step(
    `${name(client)} acquires ${record(message)} from ${at(event)}, delivery ${deliveryCount}: nobody else of its group gets it ${until === null ? 'until it is released' : `before ${formatSeconds(until)}`}.`,
    ['K-103', 'K-104'],
  );
}

export function released(event: Event<'released'>): Explanation {
  return step(`${capital(at(event))}, may be acquired again in group ${event.group}: ${event.why}.`, [
    'K-103',
  ]);
}

export function archived(event: Event<'archived'>): Explanation {
  return key(
    `${capital(record(event.message))} at ${at(event)} is archived: ${event.why}. Group ${event.group} never sees it again, though nobody accepted it.`,
    ['K-103', 'K-104', 'K-108'],
  );
}

export function readingPaused(event: Event<'reading-paused' | 'reading-resumed'>): Explanation {
  const { client, places } = event;
  return event.kind === 'reading-paused'
    ? step(`${name(client)} pauses ${list(places)}: it keeps them, and poll() returns nothing of them.`, [])
    : step(`${name(client)} resumes ${list(places)}.`, []);
}

export function memberJoined({ client, group }: Event<'member-joined'>): Explanation {
  return step(`${name(client)} is now a member of group ${group}.`, ['K-77']);
}

export function revoked({ client, places, lost }: Event<'revoked'>): Explanation {
  return lost
    ? key(
        `${name(client)} finds that ${list(places)} ${places.length === 1 ? 'is' : 'are'} no longer its own.`,
        ['K-73', 'K-79'],
      )
    : step(`${name(client)} gives up ${list(places)} for the rebalance.`, ['K-82', 'K-83', 'K-88']);
}

export function delivered(event: Event<'delivered'>): Explanation {
  const { client, message, deliveryCount } = event;
  const text = `poll() gives ${name(client)} record ${message} ${withContent(event)} from ${at(event)}`;
  return deliveryCount === null
    ? step(`${text}.`, ['K-68', 'K-70'])
    : step(`${text}, delivery ${deliveryCount}.`, ['K-103', 'K-106']);
}

/** A key, and that it is deleted where it is. */
export function withContent(event: { readonly key: string | null; readonly value?: string | null }): string {
  if (event.key === null) return '(no key)';
  return event.value === null ? `(a tombstone for key ${event.key})` : `(key ${event.key})`;
}

export function printed({ command, lines, exit }: Event<'printed'>): Explanation {
  const tool = command.split(' ')[0] ?? command;
  const first = lines[0] === undefined ? '' : `: ${lines[0]}`;
  if (exit === null) return detail(`${tool} prints${first || ' nothing'}`, []);
  return exit === 0
    ? step(`${tool} has ended${first}`, [])
    : step(`${tool} ends with exit code ${exit}${first}`, []);
}
