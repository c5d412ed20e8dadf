/** How records are spread over a topic's partitions: by count, by bytes, by key and by producer (K-21 to K-27). */
import {
  DISTRIBUTION_MAX,
  KEYS_COUNTED_MAX,
  KEYS_LISTED_MAX,
  SPLIT_KEYS_MAX,
  type DistributionView,
} from '../view-types.ts';
import type { Event } from './event.ts';
import type { KnownMessage } from './messages.ts';

interface Share {
  readonly place: string;
  records: number;
  bytes: number;
  keyless: number;
  moreKeys: boolean;
  readonly keys: Map<string, number>;
  /** The keys with the most records, most first. */
  readonly top: { key: string; records: number }[];
  readonly producers: Map<string, { client: string; records: number; bytes: number }>;
}

interface TopicState {
  readonly topic: string;
  records: number;
  readonly shares: Map<string, Share>;
  /** Where each key was seen first. */
  readonly home: Map<string, string>;
  readonly split: Map<string, Set<string>>;
}

export class Distribution {
  private readonly shown: boolean;
  private readonly topics = new Map<string, TopicState>();
  private readonly byPlace = new Map<string, TopicState>();

  constructor(shown: boolean) {
    this.shown = shown;
  }

  created(name: string, place: string): void {
    if (!this.shown) return;
    let topic = this.topics.get(name);
    if (!topic) {
      topic = { topic: name, records: 0, shares: new Map(), home: new Map(), split: new Map() };
      this.topics.set(name, topic);
    }
    this.byPlace.set(place, topic);
    if (topic.shares.size >= DISTRIBUTION_MAX) return;
    topic.shares.set(place, {
      place,
      records: 0,
      bytes: 0,
      keyless: 0,
      moreKeys: false,
      keys: new Map(),
      top: [],
      producers: new Map(),
    });
  }

  deleted(name: string, places: readonly string[]): void {
    this.topics.delete(name);
    for (const place of places) this.byPlace.delete(place);
  }

  appended({ place, key }: Event<'appended'>, known: KnownMessage | undefined): void {
    const topic = this.byPlace.get(place);
    if (!topic) return;
    topic.records++;
    if (key !== null) seen(topic, key, place);
    const share = topic.shares.get(place);
    if (!share) return;
    const bytes = known?.bytes ?? 0;
    share.records++;
    share.bytes += bytes;
    if (key === null) share.keyless++;
    else count(share, key);
    if (!known) return;
    const { client } = known;
    let producer = share.producers.get(client);
    if (!producer) share.producers.set(client, (producer = { client, records: 0, bytes: 0 }));
    producer.records++;
    producer.bytes += bytes;
  }

  view(): DistributionView[] | null {
    if (!this.shown) return null;
    return [...this.topics.values()].map(({ topic, records, shares, split }) => ({
      topic,
      records,
      partitions: [...shares.values()].map((share) => ({
        place: share.place,
        records: share.records,
        bytes: share.bytes,
        keys: share.keys.size,
        moreKeys: share.moreKeys,
        keyless: share.keyless,
        topKeys: share.top.map((entry) => ({ ...entry })),
        producers: [...share.producers.values()].map((entry) => ({ ...entry })),
      })),
      splitKeys: [...split].map(([key, places]) => ({ key, places: [...places] })),
    }));
  }
}

function seen({ home, split }: TopicState, key: string, place: string): void {
  const first = home.get(key);
  if (first === undefined) {
    if (home.size < KEYS_COUNTED_MAX) home.set(key, place);
    return;
  }
  if (first === place) return;
  const places = split.get(key);
  if (places) places.add(place);
  else if (split.size < SPLIT_KEYS_MAX) split.set(key, new Set([first, place]));
}

function count(share: Share, key: string): void {
  const before = share.keys.get(key);
  if (before === undefined && share.keys.size >= KEYS_COUNTED_MAX) {
    share.moreKeys = true;
    return;
  }
  const records = (before ?? 0) + 1;
  share.keys.set(key, records);
  // Counts only grow, so the list of the largest is kept by moving one entry forward.
  const { top } = share;
  let at = top.findIndex((entry) => entry.key === key);
  if (at === -1) {
    if (top.length < KEYS_LISTED_MAX) at = top.push({ key, records }) - 1;
    else if (records > top.at(-1)!.records) top[(at = top.length - 1)] = { key, records };
    else return;
  }
  top[at]!.records = records;
  for (; at > 0 && top[at - 1]!.records < records; at--) [top[at - 1], top[at]] = [top[at]!, top[at - 1]!];
}
