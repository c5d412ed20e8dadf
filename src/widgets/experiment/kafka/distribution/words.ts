/** What the picture of a distribution says in words: shares, hot partitions, keys whose order is lost. Pure. */
import type {
  Cell,
  DistributionView,
  KafkaView,
  PartitionShare,
  ProducerView,
} from '../../../../brokers/kafka/view-types.ts';
import { thousands } from '../../words.ts';
import { keyWords } from '../look.ts';
import { LANES_MAX, partitionName } from '../words.ts';

/** A partition is hot when it has this many times what an even spread would give it. */
export const HOT_FROM = 1.5;
/** Before a topic has so many records for each partition, chance alone looks like heat. */
const TELLING_RECORDS = 5;

/** The part of the topic's records that lies in a partition, 0 to 1. */
export function shareOf({ records }: PartitionShare, topic: DistributionView): number {
  return topic.records === 0 ? 0 : records / topic.records;
}

/** How many times its even share a partition has. */
export function heatOf(partition: PartitionShare, topic: DistributionView): number {
  return shareOf(partition, topic) * topic.partitions.length;
}

export function isHot(partition: PartitionShare, topic: DistributionView): boolean {
  return (
    topic.partitions.length > 1 &&
    topic.records >= TELLING_RECORDS * topic.partitions.length &&
    heatOf(partition, topic) >= HOT_FROM
  );
}

/** @param share 0 to 1 */
export function percentWords(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 1 ? '< 1' : Math.round(percent)} %`;
}

function count(n: number, thing: string): string {
  return `${thousands(n)} ${thing}${n === 1 ? '' : 's'}`;
}

/** Who writes to the topic, by their names. */
export function writers(topic: string, producers: readonly ProducerView[]): string {
  const names = producers.filter((producer) => producer.topic === topic).map(({ label }) => label);
  if (names.length > 3) return `${names.length} producers`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** The line beside a topic's name. */
export function topicWords(topic: DistributionView): string {
  const { records, partitions } = topic;
  if (partitions.length < 2) return count(records, 'record');
  return `${count(records, 'record')} · an even share is ${percentWords(1 / partitions.length)}`;
}

/** What is beside a bar: the number of its records and their share. */
export function barWords(partition: PartitionShare, topic: DistributionView): string {
  return `${thousands(partition.records)} · ${percentWords(shareOf(partition, topic))}`;
}

/** @param whole whether there is room for all of it */
export function heatWords(partition: PartitionShare, topic: DistributionView, whole = true): string {
  return `hot: ${heatOf(partition, topic).toFixed(1)} ×${whole ? ' an even share' : ' even'}`;
}

/** How many keys there are, and how many records have none. */
export function keysWords({ keys, moreKeys, keyless }: PartitionShare): string {
  const told: string[] = [];
  if (keys > 0) told.push(`${thousands(keys)}${moreKeys ? '+' : ''} ${keys === 1 ? 'key' : 'keys'}`);
  if (keyless > 0) told.push(`${thousands(keyless)} without a key`);
  return told.join(' · ');
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Where a key's records lie, shortened when they lie almost everywhere. */
export function splitWords({ key, places }: DistributionView['splitKeys'][number]): string {
  const names = [...places].map(partitionName).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return `Key ${key} is in ${names.length > 4 ? `${names.length} partitions` : listed(names)}`;
}

/** What follows from it (K-23, K-111). */
export const SPLIT_MEANS = 'its order is nobody’s promise now';

export function cellWords(place: string, cell: Cell, split: boolean): string {
  const parts = [`${partitionName(place)} offset ${cell.position}`, keyWords(cell.key)];
  if (!cell.confirmed) parts.push('not confirmed yet');
  if (split) parts.push('a key that lies in other partitions too');
  return parts.join(', ');
}

/** The whole drawing in words: its text alternative. */
export function summary(view: KafkaView): string {
  const topics = (view.distribution ?? []).map((topic) => {
    const from = writers(topic.topic, view.producers);
    const lanes = topic.partitions.slice(0, LANES_MAX).map((partition) => {
      const top = partition.topKeys.map(({ key, records }) => `${key} ${thousands(records)}`);
      const parts = [
        `${count(partition.records, 'record')}, ${percentWords(shareOf(partition, topic))}`,
        ...(isHot(partition, topic) ? [heatWords(partition, topic)] : []),
        ...(top.length > 0
          ? [`${top.length < partition.keys ? 'most by key' : 'by key'}: ${top.join(', ')}`]
          : []),
        ...(partition.keyless > 0 ? [`${thousands(partition.keyless)} without a key`] : []),
        ...(topic.partitions.some(({ producers }) => producers.length > 1) || partition.producers.length > 1
          ? [
              `by producer: ${partition.producers.map(({ client, records }) => `${labelOf(client, view.producers)} ${thousands(records)}`).join(', ')}`,
            ]
          : []),
      ];
      return `${partitionName(partition.place)} has ${parts.join('; ')}`;
    });
    const more = topic.partitions.length - lanes.length;
    const split = topic.splitKeys.map((entry) => `${splitWords(entry)}: ${SPLIT_MEANS}`);
    return [
      `Topic ${topic.topic}${from ? `, written by ${from}` : ''}: ${topicWords(topic)}`,
      ...lanes,
      ...(more > 0 ? [`And ${more} more partitions`] : []),
      ...split,
    ].join('. ');
  });
  return topics.length === 0 ? 'No topic yet.' : `${topics.join('. ')}.`;
}

export function labelOf(client: string, producers: readonly ProducerView[]): string {
  return producers.find(({ id }) => id === client)?.label ?? client;
}
