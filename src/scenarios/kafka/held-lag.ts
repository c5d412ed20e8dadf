/**
 * Lag held to a real broker: three groups of different sizes on one topic, and what the tool prints of them; and a group that
 * is set back by the tool.
 */
import { held, inTurn, reader, sender, system, type Input, type Timed } from './held.ts';

const TOOL = 'kafka-consumer-groups.sh --bootstrap-server broker-1:9092';
const describe = (atMs: number, group: string): Timed => ({
  atMs,
  action: { do: 'type', line: `${TOOL} --describe --group ${group}` },
});
const GROUPS = { one: 1, four: 4, five: 5 };

/**
 * 300 ms for a record are 3.3 records a second and eight of them arrive, two in each partition: one consumer cannot do it,
 * four can, and a fifth has nothing to do. Members join before anything is there, so that no place hangs on the machine.
 */
const lagScenario = held('lag', 'One, four and five consumers for four partitions', {
  system: system([{ name: 'orders', partitions: 4 }]),
  clients: [
    // Of four partitions, murmur2 sends B to orders-0, D to orders-1, A to orders-2, G to orders-3.
    sender('orders-api', 'orders', {
      startMs: 6000,
      load: { ratePerSecond: 8, count: 96 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'D', 'G'] },
    }),
    ...Object.entries(GROUPS).flatMap(([group, members]) =>
      Array.from({ length: members }, (_, i) =>
        reader(
          `${group}-${i}`,
          group,
          'orders',
          { 'max.poll.records': 4 },
          { startMs: 1500, processingMs: 300, commit: 'after-batch' },
        ),
      ),
    ),
  ],
  // When the last has been sent, and when everybody must be done.
  timeline: [17_000, 46_000].flatMap((atMs) =>
    Object.keys(GROUPS).map((group, i) => describe(atMs + i * 2500, group)),
  ),
  durationMs: 54_000,
});

const RESET = `${TOOL} --group billing --topic orders --reset-offsets --to-earliest --execute`;

/** Refused while the group has a member, done once it has none. */
const toolScenario = held('reset-tool', 'An operator sets a group back', {
  system: system([{ name: 'orders', partitions: 1 }]),
  clients: [sender('shop', 'orders'), reader('c0', 'billing', 'orders', {}, { startMs: 1500 })],
  timeline: [
    ...inTurn(500, 'shop', [...'ABCDEF']),
    { atMs: 6000, action: { do: 'type', line: RESET } },
    { atMs: 9000, action: { do: 'close', target: 'c0' } },
    { atMs: 11_000, action: { do: 'type', line: RESET } },
    { atMs: 14_000, action: { do: 'restart', target: 'c0' } },
  ],
  durationMs: 19_000,
});

export const heldLagScenarios: readonly Input[] = [lagScenario, toolScenario];
