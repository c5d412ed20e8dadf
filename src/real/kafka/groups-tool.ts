/** A line that is typed for kafka-consumer-groups.sh, carried out by Kafka’s own tool. */
import { CONSOLE } from '../../brokers/kafka/config.ts';
import type { EventBody } from '../../sim/trace.ts';
import type { Administrator } from './administrator.ts';
import type { Run } from './run.ts';

/** The one tool that a line may name: the driver’s process has it. */
export const GROUPS_TOOL = 'kafka-consumer-groups.sh ';
/** Options whose value is a name that has the run’s prefix at the broker. */
const NAMED = ['--group', '--topic'];

/** @returns what the tool printed, as the trace tells it: names without the prefix, and for that one space between columns */
export async function groupsTool(
  line: string,
  administrator: Administrator,
  { names, bootstrap }: Run,
): Promise<EventBody> {
  const words = line.slice(GROUPS_TOOL.length).trim().split(/\s+/);
  const outer = words.map((word, i): string => {
    const option = words[i - 1] ?? '';
    if (option === '--bootstrap-server') return bootstrap(CONSOLE);
    return NAMED.includes(option) ? names.outer(word) : word;
  });
  const { printed, exit } = await administrator.ask('groups-tool', { arguments: outer });
  const lines = (printed as string).replace(/\n$/, '').split('\n');
  return {
    kind: 'printed',
    client: CONSOLE,
    command: line,
    lines: lines.map((text) => names.inner(text).replace(/ +/g, ' ').trim()),
    exit: exit as number,
  };
}
