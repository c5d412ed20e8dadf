/** What is declared, and what happens to nodes, leaders and replicas. */
import type { Explanation } from '../../broker.ts';
import { detail, key, list, messages, name, reason, step, table, type Event } from './words.ts';

const EXCHANGES: Readonly<Record<string, readonly [what: string, rule: string]>> = {
  direct: ['a message goes where the binding key is its routing key', 'R-12'],
  fanout: ['a message goes wherever it is bound to, whatever its key', 'R-13'],
  topic: ['binding keys match routing keys word by word', 'R-15'],
  headers: ['bindings match the headers of a message', 'R-19'],
  'x-consistent-hash': ['a hash of its routing key chooses one destination', 'R-21'],
};

export function exchangeCreated({ name: id, type }: Event<'exchange-created'>): Explanation {
  const [what, rule] = EXCHANGES[type] ?? ['as its plugin says', 'R-23'];
  return step(`Exchange ${id} is declared, of type ${type}: ${what}.`, [rule]);
}

export function exchangeDeleted({ name: id }: Event<'exchange-deleted'>): Explanation {
  return key(`Exchange ${id} is gone, and its bindings with it.`, ['R-1', 'R-7']);
}

export function bindingCreated(event: Event<'binding-created'>): Explanation {
  return step(`${binding(event)} is bound to exchange ${event.source}${by(event)}.`, [
    event.to === 'exchange' ? 'R-24' : 'R-1',
  ]);
}

export function bindingDeleted(event: Event<'binding-deleted'>): Explanation {
  return step(`${binding(event)} is no longer bound to exchange ${event.source}${by(event)}.`, ['R-1']);
}

function binding({ to, destination }: Event<'binding-created' | 'binding-deleted'>): string {
  return `${to === 'queue' ? 'Queue' : 'Exchange'} ${destination}`;
}

function by({ routingKey, arguments: more }: Event<'binding-created' | 'binding-deleted'>): string {
  const parts = [
    ...(routingKey === '' ? [] : [`binding key ${routingKey}`]),
    ...(Object.keys(more).length === 0 ? [] : [`arguments ${table(more)}`]),
  ];
  return parts.length === 0 ? '' : ` with ${list(parts)}`;
}

export function placesCreated({ node, name: id, type, replicas }: Event<'places-created'>): Explanation {
  const on = list((replicas?.[0] ?? [node]).map(name));
  switch (type) {
    case 'quorum':
      return step(
        `Quorum queue ${id} is declared, with replicas on ${on}: what a majority of them has is safe.`,
        ['R-56'],
      );
    case 'stream':
      return step(`Stream ${id} is declared, with replicas on ${on}: reading takes nothing out of it.`, [
        'R-58',
      ]);
    default:
      return step(`Classic queue ${id} is declared; it lives on ${on} alone.`, ['R-54']);
  }
}

export function placesDeleted({ name: id }: Event<'places-deleted'>): Explanation {
  return key(`Queue ${id} is gone with everything in it. Nothing of it is dead-lettered.`, ['R-7', 'R-80']);
}

/** of a policy. */
export function configured({ name: id, settings }: Event<'configured'>): Explanation {
  const changes = settings.map(([setting, value]) =>
    value === null ? `${setting} is as it was declared again` : `${setting} is ${value}`,
  );
  return key(`Policy ${id}: ${list(changes)} from now on, for whatever it matches.`, ['R-11']);
}

export function alarmRaised({ node, resource }: Event<'alarm-raised'>): Explanation {
  return key(
    `${name(node)} is short of ${short(resource)}: no node reads from a connection that publishes until it is not.`,
    ['R-35'],
  );
}

export function alarmCleared({ node, resource }: Event<'alarm-cleared'>): Explanation {
  return key(`${name(node)} has enough ${short(resource)} again.`, ['R-35']);
}

function short(resource: string): string {
  return resource === 'disk' ? 'disk space' : resource;
}

export function leaderElected({ place, node, epoch, clean, why, at }: Event<'leader-elected'>): Explanation {
  if (node === null) {
    return key(
      `Nobody leads ${place} now: ${reason(why)}. Until a majority of its replicas elects a leader, nothing is confirmed and nothing given out.`,
      ['R-56'],
    );
  }
  const text = `${name(node)} is elected leader of ${place} in term ${epoch}: ${reason(why)}.`;
  if (!clean) return key(`${text} What it does not have is lost, also what was confirmed.`, ['R-56']);
  return at === 0 ? detail(text, ['R-56']) : key(text, ['R-56']);
}

export function replicated({ node, place, position }: Event<'replicated'>): Explanation {
  return detail(
    `${name(node)} has entry ${position} of ${place} on its way to its disk; its leader learns of it when it is there.`,
    ['R-30', 'R-56'],
  );
}

export function committed({ node, place, position }: Event<'high-watermark-advanced'>): Explanation {
  return detail(
    `To ${name(node)} a majority of the replicas of ${place} has what lies below entry ${position}: it is confirmed, and may be given out.`,
    ['R-30', 'R-56'],
  );
}

export function truncated({ node, place, position, messages: gone, why }: Event<'truncated'>): Explanation {
  const text = `${name(node)} cuts its copy of ${place} off at entry ${position}: ${reason(why)}.`;
  if (gone.length === 0) return step(text, ['R-56']);
  return key(`${text} That was ${messages(gone.length)} which no majority had.`, ['R-56']);
}

export function nodeCrashed({ node }: Event<'node-crashed'>): Explanation {
  return key(
    `${name(node)} crashes. Its classic queues are not to be had until it is back, and what was transient in them is lost; quorum queues and streams go on where a majority of their replicas is up.`,
    ['R-54', 'R-55', 'R-56'],
  );
}

export function nodeRestarted({ node }: Event<'node-restarted'>): Explanation {
  return key(
    `${name(node)} runs again with what its disk kept: durable queues, and the persistent messages in them.`,
    ['R-55'],
  );
}

export function nodeStopped({ node }: Event<'node-stopped'>): Explanation {
  return key(
    `${name(node)} stops in good order: it closes its connections first, and what it has taken is on disk.`,
    ['R-5', 'R-55'],
  );
}
