/** Kafka's console in the page; it is loaded when the reader comes near one. Pure. */
import { addressesOf, kafkaConsole } from '../../../brokers/kafka/console/index.ts';
import type { KafkaView } from '../../../brokers/kafka/view-types.ts';
import type { ConsoleSide, Example } from '../drawing.ts';

export const kafkaConsoleSide: ConsoleSide<'kafka'> = {
  tools: kafkaConsole,
  examples,
  command: 'A command of Kafka’s command-line tools',
  input: 'A record for the console producer',
};

/** Commands worth trying on this run, at this moment. */
export function examples(view: KafkaView): Example[] {
  const brokers = view.nodes.filter(({ role }) => role === 'broker');
  const alive = Math.max(
    0,
    brokers.findIndex(({ state }) => state === 'running'),
  );
  const at = `--bootstrap-server ${addressesOf(brokers.map(({ id }) => id))[alive] ?? 'localhost:9092'}`;
  const topic = view.topics[0]?.name;
  const group = view.groups.find(({ kind }) => kind === 'consumer')?.id;
  const share = view.groups.find(({ kind }) => kind === 'share')?.id;
  const led = new Set(
    view.topics.flatMap(({ partitions }) => partitions.flatMap(({ leader }) => leader ?? [])),
  );
  return [
    ...(topic === undefined
      ? []
      : [{ label: 'Describe the topic', line: `kafka-topics.sh ${at} --describe --topic ${topic}` }]),
    ...(group === undefined
      ? []
      : [{ label: 'Lag of the group', line: `kafka-consumer-groups.sh ${at} --describe --group ${group}` }]),
    ...(share === undefined
      ? []
      : [{ label: 'The share group', line: `kafka-share-groups.sh ${at} --describe --group ${share}` }]),
    ...(topic === undefined
      ? []
      : [
          {
            label: 'Read from the beginning',
            line: `kafka-console-consumer.sh ${at} --topic ${topic} --from-beginning --max-messages 5 --formatter-property print.key=true`,
          },
          {
            label: 'Write records',
            line: `kafka-console-producer.sh ${at} --topic ${topic} --reader-property parse.key=true --reader-property key.separator=:`,
          },
          {
            label: 'Settings',
            line: `kafka-configs.sh ${at} --describe --entity-type topics --entity-name ${topic} --all`,
          },
        ]),
    ...(group === undefined || topic === undefined
      ? []
      : [
          {
            label: 'Back to the beginning',
            line: `kafka-consumer-groups.sh ${at} --group ${group} --topic ${topic} --reset-offsets --to-earliest --dry-run`,
          },
        ]),
    ...(brokers.length > 1 && led.size > 0
      ? [
          {
            label: 'Elect preferred leaders',
            line: `kafka-leader-election.sh ${at} --election-type preferred --all-topic-partitions`,
          },
        ]
      : []),
    { label: 'Help', line: 'help' },
  ];
}
