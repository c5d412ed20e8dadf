/**
 * What each event means, in a sentence with its numbers: the captions of an experiment, its event list, and the life of
 * a message. Rules are those of RULES.md.
 */
import { displayName } from '../../sim/names.ts';
import { formatSeconds } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import type { Explanation } from '../broker.ts';

/** @returns null for an event that needs no words */
export function explain(event: TraceEvent): Explanation | null {
  switch (event.kind) {
    case 'client-started':
      return step(`${name(event.client)} starts.`, []);
    case 'client-stopped':
      return event.reason === 'crashed'
        ? key(
            `${name(event.client)} crashes. Nobody is told: the group learns of it when its session runs out.`,
            ['K-74'],
          )
        : step(`${name(event.client)} has closed.`, ['K-74']);
    case 'published': {
      const { client, message, to } = event;
      return step(`${name(client)} sends record ${message} ${withKey(event.key)} to ${to}.`, ['K-21']);
    }
    case 'routed':
      return event.why === 'key'
        ? detail(
            `Record ${event.message} goes to ${event.place}: murmur2 of its key, modulo the number of partitions.`,
            ['K-22', 'K-23'],
          )
        : detail(
            `Record ${event.message} has no key, so it goes to ${event.place}, the partition its producer sticks to for now.`,
            ['K-24'],
          );
    case 'appended':
      return step(
        `${event.place} takes record ${event.message} ${withKey(event.key)} at offset ${event.position}.`,
        ['K-1'],
      );
    case 'high-watermark-advanced':
      return detail(`Consumers may now read ${event.place} up to offset ${event.position - 1}.`, [
        'K-3',
        'K-4',
      ]);
    case 'publish-confirmed':
      return event.position === null
        ? detail(
            `${name(event.client)} asks for no answer (acks=0) and counts record ${event.message} as sent.`,
            ['K-30'],
          )
        : detail(
            `${name(event.client)} learns that record ${event.message} is in ${event.place} at offset ${event.position}.`,
            ['K-30'],
          );
    case 'publish-failed':
      return key(`${name(event.client)} could not send record ${event.message}: ${event.error}.`, [
        'K-31',
        'K-32',
      ]);
    case 'delivered':
      return step(
        `poll() gives ${name(event.client)} record ${event.message} ${withKey(event.key)} from ${at(event)}.`,
        ['K-68', 'K-70'],
      );
    case 'processed':
      return step(
        `${name(event.client)} has processed record ${event.message} ${withKey(event.key)} from ${at(event)}.`,
        [],
      );
    case 'settled':
      return step(
        `${name(event.client)} commits ${event.place} at offset ${event.position}: after a restart its group would go on there.`,
        ['K-70', 'K-71', 'K-72'],
      );
    case 'positioned':
      return positioned(event);
    case 'assigned':
      return assigned(event);
    case 'revoked':
      return event.lost
        ? key(
            `${name(event.client)} finds that ${list(event.places)} ${event.places.length === 1 ? 'is' : 'are'} no longer its own.`,
            ['K-73', 'K-79'],
          )
        : step(`${name(event.client)} gives up ${list(event.places)} for the rebalance.`, ['K-82', 'K-83']);
    case 'member-joined':
      return step(`${name(event.client)} is now a member of group ${event.group}.`, ['K-77']);
    case 'member-removed':
      return key(`The coordinator removes ${name(event.client)} from group ${event.group}: ${event.why}.`, [
        'K-74',
        'K-79',
      ]);
    case 'group-state-changed':
      return groupChanged(event);
    case 'places-created':
      return event.total === event.places.length
        ? step(`Topic ${event.name} has ${partitions(event.total)}.`, ['K-1'])
        : key(
            `Topic ${event.name} grows to ${partitions(event.total)}. From now on a key may go to another partition than before.`,
            ['K-1', 'K-23'],
          );
    case 'error':
      return key(`${name(event.client)} gets an error, ${event.code}: ${event.detail}.`, ['K-81']);
    case 'node-crashed':
      return key(`${name(event.node)} crashes. Its log stays on disk.`, ['K-66']);
    case 'node-restarted':
      return key(`${name(event.node)} runs again with the log it had.`, ['K-66']);
    case 'acted':
      return event.refused === null
        ? step(`Done: ${event.action} ${event.target.split(' ').map(name).join(' – ')}.`, [])
        : key(
            `Refused: ${event.action} ${event.target.split(' ').map(name).join(' – ')}. ${event.refused}`,
            [],
          );
    case 'expired':
      return step(`${event.place} drops its records up to offset ${event.position}.`, ['K-12']);
    case 'limit-reached':
      return key(`A bound of the simulator is reached: ${event.what}, ${event.limit}.`, []);
    case 'sent':
      return sent(event);
    default:
      return null;
  }
}

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

function positioned(event: Event<'positioned'>): Explanation {
  const who = name(event.client);
  const { place, position } = event;
  if (event.by !== 'committed') {
    return event.outOfRange
      ? key(
          `What ${who} was to read next of ${place} is gone, so it goes on at offset ${position}, as auto.offset.reset says.`,
          ['K-5', 'K-69'],
        )
      : step(
          `Nothing is committed for ${place}, so ${who} begins at offset ${position}, as auto.offset.reset says.`,
          ['K-69'],
        );
  }
  return event.takeover
    ? key(
        `${who} takes over ${place} and starts at the committed offset ${position}. What was processed after that commit is processed again.`,
        ['K-69', 'K-70', 'K-71'],
      )
    : step(`${who} goes on with ${place} at its committed offset ${position}.`, ['K-69', 'K-70']);
}

function assigned({ client, places, all, generation }: Event<'assigned'>): Explanation {
  if (all.length === 0) {
    return key(
      `${name(client)} gets no partition in generation ${generation}: a partition has one owner in a group, and there are not enough to go round.`,
      ['K-100'],
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

function groupChanged({ group, state, generation, members, why }: Event<'group-state-changed'>): Explanation {
  switch (state) {
    case 'PreparingRebalance':
      return key(`Group ${group} begins to rebalance: ${why}. Every member has to join again.`, [
        'K-76',
        'K-79',
      ]);
    case 'CompletingRebalance':
      return step(
        `${why[0]!.toUpperCase()}${why.slice(1)}: generation ${generation} of group ${group} begins, and its leader shares the partitions out.`,
        ['K-76', 'K-80'],
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

function sent({ from, to, what, messages, arrivesAt }: Event<'sent'>): Explanation {
  const load = messages && messages.length > 0 ? ` with ${records(messages.length)}` : '';
  return detail(
    arrivesAt === null
      ? `${what}${load} from ${name(from)} to ${name(to)} waits for the link.`
      : `${what}${load} travels from ${name(from)} to ${name(to)}; it arrives at ${formatSeconds(arrivesAt)}.`,
    [],
  );
}

const name = displayName;

function key(text: string, rules: readonly string[]): Explanation {
  return { text, rules, weight: 'key' };
}

function step(text: string, rules: readonly string[]): Explanation {
  return { text, rules, weight: 'step' };
}

function detail(text: string, rules: readonly string[]): Explanation {
  return { text, rules, weight: 'detail' };
}

function withKey(k: string | null): string {
  return k === null ? '(no key)' : `(key ${k})`;
}

function at({ place, position }: { place: string; position: number }): string {
  return `${place}, offset ${position}`;
}

function partitions(n: number): string {
  return n === 1 ? 'one partition' : `${n} partitions`;
}

function records(n: number): string {
  return n === 1 ? 'one record' : `${n} records`;
}

/** `a`, `a and b`, `a, b and c`. */
function list(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? 'nothing') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;
}
