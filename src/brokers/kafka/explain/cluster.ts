/** What happens to brokers, to leadership and to the copies of a partition (K-51 to K-66). */
import type { Explanation } from '../../broker.ts';
import { CONTROLLER } from '../config.ts';
import {
  capital,
  detail,
  internal,
  key,
  list,
  name,
  partitions,
  records,
  step,
  type Event,
} from './words.ts';

export function leaderElected(event: Event<'leader-elected'>): Explanation {
  const { place, node, epoch, clean, why } = event;
  const inside = internal(place);
  if (node === null) {
    return key(
      inside === null
        ? `Nobody leads ${place} now: ${why}. Until a leader is found nothing is written to it or read from it.`
        : `Nobody leads ${place} now: ${why}. Until a leader is found nobody coordinates ${inside}.`,
      ['K-60', 'K-62', 'K-63'],
    );
  }
  if (!clean) {
    return key(
      `${name(node)} is elected leader of ${place} in epoch ${epoch} though it was not in sync: ${why}. What it does not have is lost, also what producers were told is there.`,
      ['K-60', 'K-61'],
    );
  }
  if (inside !== null) {
    return step(
      `${name(node)} is elected leader of ${place} in epoch ${epoch}, and so coordinates ${inside}: ${why}.`,
      ['K-60', place.startsWith('__transaction_state-') ? 'K-43' : 'K-75'],
    );
  }
  // How a partition begins is no event of its story.
  if (epoch === 0) {
    const text = `${name(node)} is the first to lead ${place}: ${why}.`;
    return event.at === 0 ? detail(text, ['K-60']) : step(text, ['K-60']);
  }
  return key(`${name(node)} is elected leader of ${place} in epoch ${epoch}: ${why}.`, ['K-60', 'K-8']);
}

export function isrChanged({ place, isr, why, at }: Event<'isr-changed'>): Explanation {
  const now = isr.length === 0 ? 'empty' : list(isr.map(name));
  const text = `The in-sync replicas of ${place} are now ${now}: ${why}.`;
  if (isr.length === 0) return key(`No replica of ${place} is in sync any more: ${why}.`, ['K-62', 'K-63']);
  return internal(place) !== null || at === 0
    ? detail(text, ['K-55', 'K-56'])
    : key(text, ['K-55', 'K-56', 'K-65']);
}

export function truncated({ node, place, position, messages, why }: Event<'truncated'>): Explanation {
  const cut = `${name(node)} cuts its copy of ${place} off at offset ${position}: ${why}.`;
  return messages.length === 0
    ? step(cut, ['K-9'])
    : key(
        `${cut} ${capital(records(messages.length))} that its leader does not have ${messages.length === 1 ? 'is' : 'are'} gone.`,
        ['K-9', 'K-61'],
      );
}

export function replicated({ node, place, position }: Event<'replicated'>): Explanation {
  return detail(
    `${name(node)} has copied ${place} up to offset ${position - 1}. Its leader learns of it from the next fetch.`,
    ['K-51', 'K-52'],
  );
}

export function highWatermark({ node, place, position }: Event<'high-watermark-advanced'>): Explanation {
  return detail(
    `To ${name(node)} the high watermark of ${place} is ${position}: every in-sync replica has what lies below, and consumers may read it.`,
    ['K-3', 'K-4', 'K-52'],
  );
}

export function nodeCrashed({ node }: Event<'node-crashed'>): Explanation {
  return node === CONTROLLER
    ? key(
        'The controller crashes. What is led goes on; nobody is elected and nothing is decided until it is back.',
        ['K-60', 'K-65'],
      )
    : key(
        `${name(node)} crashes. Its log stays on disk. The controller learns of it when its session runs out (broker.session.timeout.ms).`,
        ['K-65', 'K-66'],
      );
}

export function nodeRestarted({ node }: Event<'node-restarted'>): Explanation {
  return node === CONTROLLER
    ? key('The controller runs again and knows what it had decided.', ['K-65'])
    : key(`${name(node)} runs again with the log it had.`, ['K-66']);
}

export function nodeFenced({ node, why }: Event<'node-fenced'>): Explanation {
  return key(
    `The controller fences ${name(node)}: ${why}. It leads nothing and is in no ISR where another can be, until it is back.`,
    ['K-65'],
  );
}

export function nodeUnfenced({ node, at }: Event<'node-unfenced'>): Explanation {
  const text = `${name(node)} is part of the cluster: it may follow, catch up and be elected.`;
  return at === 0 ? detail(text, ['K-65']) : key(text, ['K-56', 'K-65']);
}

export function nodeStopped({ node }: Event<'node-stopped'>): Explanation {
  return key(
    `${name(node)} has stopped in order: the controller moved what it led before it went, so nobody waits for a session to run out.`,
    ['K-65'],
  );
}

export function placesCreated({
  name: topic,
  places,
  total,
  replicas,
}: Event<'places-created'>): Explanation {
  if (topic.startsWith('__')) return detail(`Internal topic ${topic} has ${list(places)}.`, ['K-20', 'K-43']);
  if (total !== places.length) {
    return key(
      `Topic ${topic} grows to ${partitions(total)}. From now on a key may go to another partition than before.`,
      ['K-1', 'K-23'],
    );
  }
  const copies = replicas?.[0]?.length ?? 1;
  return step(`Topic ${topic} has ${partitions(total)}${copies > 1 ? `, each on ${copies} brokers` : ''}.`, [
    'K-1',
    'K-51',
  ]);
}

export function configured({ name: topic, settings }: Event<'configured'>): Explanation {
  const changes = settings.map(([setting, value]) =>
    value === null ? `${setting} is its broker's again` : `${setting} is ${value}`,
  );
  return key(`For topic ${topic}, ${list(changes)} from now on.`, []);
}
