/**
 * What each event means, in a sentence with its numbers: the captions of an experiment, its event list, and the life of
 * a message. Rules are those of RULES.md. The words themselves are in explain/.
 */
import { formatSeconds } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import type { Explanation } from '../broker.ts';
import * as cluster from './explain/cluster.ts';
import { errorRules } from './explain/errors.ts';
import * as groups from './explain/groups.ts';
import * as log from './explain/log.ts';
import * as transactions from './explain/transactions.ts';
import { at, detail, key, name, records, step, withKey, type Event } from './explain/words.ts';

/** @returns null for an event that needs no words */
export function explain(event: TraceEvent): Explanation | null {
  switch (event.kind) {
    case 'client-started':
      return step(`${name(event.client)} starts.`, []);
    case 'client-stopped':
      return event.reason === 'crashed'
        ? key(
            `${name(event.client)} crashes. Nobody is told: a group learns of it when its session runs out, a transaction's coordinator when the transaction does.`,
            ['K-74', 'K-46'],
          )
        : step(`${name(event.client)} has closed.`, ['K-74']);
    case 'published':
      return published(event);
    case 'routed':
      return routed(event);
    case 'appended':
      return step(
        `${event.place} takes record ${event.message} ${withKey(event.key)} at offset ${event.position}.`,
        ['K-1'],
      );
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
      return key(
        `${name(event.client)} could not send record ${event.message}: ${event.error}.`,
        errorRules(event.error, ['K-31', 'K-32']),
      );
    case 'delivered':
      return groups.delivered(event);
    case 'processed':
      return step(
        `${name(event.client)} has processed record ${event.message} ${withKey(event.key)} from ${at(event)}.`,
        [],
      );
    case 'settled':
      return groups.settled(event);
    case 'positioned':
      return groups.positioned(event);
    case 'assigned':
      return groups.assigned(event);
    case 'revoked':
      return groups.revoked(event);
    case 'member-joined':
      return groups.memberJoined(event);
    case 'member-removed':
      return key(`The coordinator removes ${name(event.client)} from group ${event.group}: ${event.why}.`, [
        'K-74',
        'K-79',
      ]);
    case 'group-state-changed':
      return groups.groupChanged(event);
    case 'target-computed':
      return groups.targetComputed(event);
    case 'acquired':
      return groups.acquired(event);
    case 'released':
      return groups.released(event);
    case 'archived':
      return groups.archived(event);
    case 'reading-paused':
    case 'reading-resumed':
      return groups.readingPaused(event);
    case 'printed':
      return groups.printed(event);
    case 'transaction-began':
      return step(`${name(event.client)} begins a transaction.`, ['K-43']);
    case 'transaction-ended':
      return transactions.transactionEnded(event);
    case 'transaction-state-changed':
      return transactions.transactionStateChanged(event);
    case 'leader-elected':
      return cluster.leaderElected(event);
    case 'isr-changed':
      return cluster.isrChanged(event);
    case 'truncated':
      return cluster.truncated(event);
    case 'replicated':
      return cluster.replicated(event);
    case 'high-watermark-advanced':
      return cluster.highWatermark(event);
    case 'node-crashed':
      return cluster.nodeCrashed(event);
    case 'node-restarted':
      return cluster.nodeRestarted(event);
    case 'node-fenced':
      return cluster.nodeFenced(event);
    case 'node-unfenced':
      return cluster.nodeUnfenced(event);
    case 'node-stopped':
      return cluster.nodeStopped(event);
    case 'places-created':
      return cluster.placesCreated(event);
    case 'places-deleted':
      return key(`Topic ${event.name} is deleted, with everything in it.`, ['K-1']);
    case 'configured':
      return cluster.configured(event);
    case 'segment-rolled':
      return log.segmentRolled(event);
    case 'expired':
      return log.expired(event);
    case 'compacted':
      return log.compacted(event);
    case 'cleaned':
      return log.cleaned(event);
    case 'marker-appended':
      return log.markerAppended(event);
    case 'stable-offset-advanced':
      return log.stableOffset(event);
    case 'error':
      return key(
        `${name(event.client)} gets an error, ${event.code}: ${event.detail}.`,
        errorRules(event.code, []),
      );
    case 'acted':
      return event.refused === null
        ? step(`Done: ${event.action} ${event.target.split(' ').map(name).join(' – ')}.`, [])
        : key(
            `Refused: ${event.action} ${event.target.split(' ').map(name).join(' – ')}. ${event.refused}`,
            [],
          );
    case 'limit-reached':
      return key(`A bound of the simulator is reached: ${event.what}, ${event.limit}.`, []);
    case 'sent':
      return sent(event);
    default:
      // Not Kafka's: it has no routers, no way back, no dead letters and no queue that overflows (K-110, K-113).
      return null;
  }
}

function published(event: Event<'published'>): Explanation {
  const { client, message, to, transaction, source } = event;
  const made = source === undefined ? '' : `, made from record ${source},`;
  const within = transaction === undefined ? '' : ' within its transaction';
  return step(
    `${name(client)} sends record ${message} ${groups.withContent(event)}${made} to ${to}${within}.`,
    transaction === undefined ? ['K-21'] : ['K-21', 'K-43'],
  );
}

function routed({ message, place, why }: Event<'routed'>): Explanation {
  switch (why) {
    case 'key':
      return detail(
        `Record ${message} goes to ${place}: murmur2 of its key, modulo the number of partitions.`,
        ['K-22', 'K-23'],
      );
    case 'partition':
      return detail(`Record ${message} goes to ${place}: its application named that partition.`, ['K-21']);
    case 'round-robin':
      return detail(`Record ${message} goes to ${place}, the next partition in turn.`, ['K-27']);
    default:
      return detail(
        `Record ${message} has no key, so it goes to ${place}, the partition its producer sticks to for now.`,
        ['K-24', 'K-25', 'K-26'],
      );
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
