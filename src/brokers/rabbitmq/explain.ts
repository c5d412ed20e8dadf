/**
 * What each event means, in a sentence with its numbers: the captions of an experiment, its event list, and the life of
 * a message. Rules are those of RULES.md. The words themselves are in explain/.
 */
import { formatSeconds } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import type { Explanation } from '../broker.ts';
import * as clients from './explain/clients.ts';
import * as cluster from './explain/cluster.ts';
import { error } from './explain/errors.ts';
import * as queues from './explain/queues.ts';
import { bare, detail, key, messages, name, reason, step, type Event } from './explain/words.ts';

/** @returns null for an event that needs no words, or that is not RabbitMQ's */
export function explain(event: TraceEvent): Explanation | null {
  switch (event.kind) {
    case 'client-started':
      return step(`${name(event.client)} starts.`, []);
    case 'client-stopped':
      return clients.clientStopped(event);
    case 'connected':
      return step(`${name(event.client)} is connected to ${name(event.node)}.`, []);
    case 'disconnected':
      return clients.disconnected(event);
    case 'published':
      return clients.published(event);
    case 'republished':
      return clients.republished(event);
    case 'publish-confirmed':
      return clients.confirmed(event);
    case 'publish-failed':
      return clients.failed(event);
    case 'returned':
      return clients.returned(event);
    case 'publishing-blocked':
      return clients.blocked(event);
    case 'publishing-unblocked':
      return clients.unblocked(event);
    case 'consuming-began':
      return clients.consumingBegan(event);
    case 'consuming-ended':
      return clients.consumingEnded(event);
    case 'nothing-there':
      return clients.nothingThere(event);
    case 'delivered':
      return clients.delivered(event);
    case 'processed':
      return clients.processed(event);
    case 'settled':
      return clients.settled(event);
    case 'assigned':
    case 'revoked':
      return clients.turn(event);
    case 'positioned':
      return queues.positioned(event);
    case 'printed':
      return clients.printed(event);
    case 'error':
      return error(event);
    case 'routed':
      return queues.routed(event);
    case 'appended':
      return queues.appended(event);
    case 'acquired':
      return queues.acquired(event);
    case 'released':
      return queues.released(event);
    case 'removed':
      return queues.removed(event);
    case 'dead-lettered':
      return queues.deadLettered(event);
    case 'dropped':
      return queues.dropped(event);
    case 'expired':
      return queues.expired(event);
    case 'segment-rolled':
      return queues.segmentRolled(event);
    case 'exchange-created':
      return cluster.exchangeCreated(event);
    case 'exchange-deleted':
      return cluster.exchangeDeleted(event);
    case 'binding-created':
      return cluster.bindingCreated(event);
    case 'binding-deleted':
      return cluster.bindingDeleted(event);
    case 'places-created':
      return cluster.placesCreated(event);
    case 'places-deleted':
      return cluster.placesDeleted(event);
    case 'configured':
      return cluster.configured(event);
    case 'alarm-raised':
      return cluster.alarmRaised(event);
    case 'alarm-cleared':
      return cluster.alarmCleared(event);
    case 'leader-elected':
      return cluster.leaderElected(event);
    case 'replicated':
      return cluster.replicated(event);
    case 'high-watermark-advanced':
      return cluster.committed(event);
    case 'truncated':
      return cluster.truncated(event);
    case 'node-crashed':
      return cluster.nodeCrashed(event);
    case 'node-restarted':
      return cluster.nodeRestarted(event);
    case 'node-stopped':
      return cluster.nodeStopped(event);
    case 'acted':
      return acted(event);
    case 'limit-reached':
      return key(`A bound of the simulator is reached: ${event.what}, ${event.limit}.`, []);
    case 'sent':
      return sent(event);
    default:
      return null;
  }
}

function acted({ action, target, refused }: Event<'acted'>): Explanation {
  const what = `${action} ${target.split(' ').map(name).join(' – ')}`.trim();
  return refused === null
    ? step(`Done: ${what}.`, [])
    : key(`Refused: ${what}. ${bare(reason(refused))}.`, []);
}

function sent({ from, to, what, messages: carried, arrivesAt }: Event<'sent'>): Explanation {
  const load = carried && carried.length > 0 ? ` with ${messages(carried.length)}` : '';
  return detail(
    arrivesAt === null
      ? `${what}${load} from ${name(from)} to ${name(to)} waits for the link.`
      : `${what}${load} travels from ${name(from)} to ${name(to)}; it arrives at ${formatSeconds(arrivesAt)}.`,
    [],
  );
}
