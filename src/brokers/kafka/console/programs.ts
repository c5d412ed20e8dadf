/** The programs of Kafka's `bin` folder that the console knows, and the prompt that stands before what is typed. */

/** Programs by name, in the order in which completion and `help` list them. */
export const PROGRAMS: readonly string[] = [
  'kafka-topics.sh',
  'kafka-console-producer.sh',
  'kafka-console-consumer.sh',
  'kafka-consumer-groups.sh',
  'kafka-share-groups.sh',
  'kafka-configs.sh',
  'kafka-leader-election.sh',
  'kafka-get-offsets.sh',
];

/**
 * @param running the command that runs, as it was typed; null when none does
 * @returns what stands before the place where the reader types; empty where typing only waits
 */
export function promptOf(running: string | null): string {
  if (running === null) return '$ ';
  return /(^|\/)kafka-console-producer(\.sh)?(\s|$)/.test(running) ? '>' : '';
}
