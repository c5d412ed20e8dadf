/** What happens to a log itself: segments, retention, compaction, transactions' markers (K-3, K-7, K-11 to K-19, K-43). */
import type { Explanation } from '../../broker.ts';
import { at, detail, internal, key, name, record, records, step, type Event } from './words.ts';

export function segmentRolled({ node, place, position, why }: Event<'segment-rolled'>): Explanation {
  return step(`${name(node)} begins a new segment of ${place} at offset ${position}: ${why}.`, ['K-7']);
}

export function expired({ node, place, position, from, why }: Event<'expired'>): Explanation {
  const range =
    from === undefined
      ? `everything up to offset ${position}`
      : from === position
        ? `offset ${position}`
        : `offsets ${from} to ${position}`;
  return key(`${name(node)} deletes ${range} of ${place}${why === undefined ? '' : `: ${why}`}.`, [
    'K-11',
    'K-12',
    'K-13',
    'K-14',
  ]);
}

export function compacted({ place, position, message }: Event<'compacted'>): Explanation {
  return detail(
    `The log cleaner takes ${record(message)} away from ${at({ place, position })}: its key has a newer one, or it was a tombstone whose time is over. Offsets stay as they are.`,
    ['K-18', 'K-19'],
  );
}

export function cleaned({ node, place, position, kept, removed }: Event<'cleaned'>): Explanation {
  const text = `The log cleaner of ${name(node)} has been through ${place} up to offset ${position - 1}: ${removed === 0 ? 'nothing' : records(removed)} removed, ${kept} kept, of each key the newest.`;
  return removed === 0 ? step(text, ['K-16', 'K-18']) : key(text, ['K-16', 'K-17', 'K-18']);
}

export function markerAppended(event: Event<'marker-appended'>): Explanation {
  const { node, place, position, producer, epoch, outcome } = event;
  const what = outcome === 'committed' ? 'a commit marker' : 'an abort marker';
  const text = `${name(node)} writes ${what} of producer id ${producer}, epoch ${epoch}, at ${at({ place, position })}. It takes an offset and is given to nobody.`;
  return internal(place) === null ? step(text, ['K-2', 'K-43']) : detail(text, ['K-43', 'K-48']);
}

export function stableOffset({ place, position }: Event<'stable-offset-advanced'>): Explanation {
  return detail(
    `The last stable offset of ${place} is ${position}: no transaction is open below it, and so far may readers of committed records read.`,
    ['K-3', 'K-4', 'K-47'],
  );
}
