/** What the console panel does with a line, and what it shows of the tools' output. Pure. */
import type { ConsoleOutput, ConsoleView, KafkaView } from '../../../brokers/kafka/view-types.ts';
import {
  addressesOf,
  complete,
  promptOf,
  type Completion,
  type Knowledge,
} from '../../../brokers/kafka/console/index.ts';
import type { Frame } from '../../../scenarios/frame.ts';

/** A record that was typed is sent within linger.ms, a second by default; its answer needs a little longer. */
const RECORD_MICROS = 2_000_000;

/** Names for tab completion, at the moment shown. */
export function knowledgeOf({ topics, groups, nodes }: KafkaView): Knowledge {
  return {
    topics: topics.map(({ name }) => name).sort(),
    groups: groups.map(({ id }) => id).sort(),
    brokers: nodes.filter(({ role }) => role === 'broker').map(({ id }) => id),
  };
}

export function promptNow(view: ConsoleView | null): string {
  return promptOf(view?.running ?? null);
}

/** The outputs since the screen was cleared last. */
export function screen(view: ConsoleView | null): readonly ConsoleOutput[] {
  const outputs = view?.outputs ?? [];
  const cleared = outputs.findLastIndex(({ command }) => command.trim() === 'clear');
  return outputs.slice(cleared + 1);
}

/**
 * Whether the run has gone far enough after a line was typed: the command has ended; or the tool that runs reads lines,
 * and has had the time to send this one.
 * @param typedAt microseconds
 */
export function answered({ view, at }: Frame, typedAt: number): boolean {
  const running = view.console?.running ?? null;
  if (running === null) return true;
  return promptOf(running) !== '' && at >= typedAt + RECORD_MICROS;
}

export interface Completed {
  readonly line: string;
  readonly cursor: number;
  /** What is still possible; empty when it is settled. */
  readonly candidates: readonly string[];
}

/**
 * The line after the Tab key, as a shell completes it: whole where one candidate is left, else as far as all agree.
 * @returns null where nothing fits
 */
export function completed(line: string, cursor: number, knowledge: Knowledge): Completed | null {
  const { from, candidates }: Completion = complete(line, cursor, knowledge);
  const [first] = candidates;
  if (first === undefined) return null;
  const common = candidates.reduce((prefix, one) => {
    let same = 0;
    while (same < prefix.length && prefix[same] === one[same]) same++;
    return prefix.slice(0, same);
  }, first);
  const settled = candidates.length === 1;
  // After a name that asks for a value, the value follows without a space.
  const word = settled && !/[=/]$/.test(common) ? `${common} ` : common;
  const rest = line.slice(cursor);
  return {
    line: line.slice(0, from) + word + (word.endsWith(' ') ? rest.replace(/^ /, '') : rest),
    cursor: from + word.length,
    candidates: settled ? [] : candidates,
  };
}

export interface Example {
  readonly label: string;
  readonly line: string;
}

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
