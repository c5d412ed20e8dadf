// A broker that is cut off goes on taking records with acks=1, until another leads: the life of one of them ends with it.
import { expect, test } from 'vitest';
import { Playback } from '../../../src/scenarios/playback.ts';
import { parseActions, parseScenario, type ActionOf, type TimedOf } from '../../../src/scenarios/schema.ts';
import { controlsFor } from '../../../src/widgets/experiment/kafka/controls.ts';
import { kafkaView } from '../fixtures/kafka.ts';

type TimedAction = TimedOf<ActionOf<'kafka'>>;

const scenario = parseScenario({
  version: 1,
  id: 'lost',
  title: 'A leader that is cut off',
  seed: 3,
  durationMs: 40_000,
  system: {
    broker: 'kafka',
    brokers: 3,
    topics: [{ name: 'orders', partitions: 1, replicas: [[1, 2, 3]] }],
  },
  clients: [
    {
      id: 'service-a',
      role: 'producer',
      topic: 'orders',
      load: { ratePerSecond: 4, untilMs: 9000 },
      config: { acks: '1', 'enable.idempotence': false },
    },
  ],
});

/** What the reader’s button for broker-1 does at a moment. */
function pressed(label: string, atMs: number, before: readonly TimedAction[]): TimedAction[] {
  const playback = new Playback(scenario, before, []);
  playback.seek(atMs * 1000);
  const frame = playback.frame();
  const { brokers } = controlsFor(kafkaView(frame), ['cut-broker'], null, before, frame.at);
  const button = brokers.find(({ id }) => id === 'broker-1')?.buttons.find((one) => one.label === label);
  const actions = button?.action ? [button.action, ...(button.also ?? [])] : [];
  return parseActions(
    actions.map((action) => ({ atMs, action })),
    'kafka',
  );
}

test('K-9: the life of a record that a truncation threw away tells of it', () => {
  const cut = pressed('Cut off from the cluster', 5000, []);
  expect(cut).toHaveLength(3);
  const actions = [...cut, ...pressed('Heal links', 25_000, cut)];
  expect(actions).toHaveLength(6);
  const playback = new Playback(scenario, actions, [], ['replicas']);
  playback.seek(Infinity);
  expect(playback.frame().failure).toBeNull();
  const lost = kafkaView(playback.frame()).replicas?.[0]?.lost ?? [];
  expect(lost.length).toBeGreaterThan(0);
  const life = playback.life(lost[0]!.message);
  expect(life.map(({ kind }) => kind)).toContain('truncated');
  expect(life.at(-1)?.text).toContain('cuts its copy of orders-0 off');
  const kept = kafkaView(playback.frame()).topics[0]!.partitions[0]!.cells[0]!;
  expect(playback.life(kept.message).map(({ kind }) => kind)).not.toContain('truncated');
});
