/**
 * Differential runs of a consumer group: a random history of records, members that come, go and die, commits, seeks and an
 * administrator, made by a real cluster and by the model. Every step has the time that it needs, so that real time decides
 * nothing; what the clients of both saw is compared lane by lane (src/scenarios/lanes.ts).
 */
import fc from 'fast-check';
import { STARTED_CONFIG } from '../../scenarios/kafka/held.ts';
import { parted, type Parted } from '../../scenarios/lanes.ts';
import { parseScenario, type ScenarioInputOf } from '../../scenarios/schema.ts';
import type { Asked, Disagreement, Driver } from '../driver.ts';
import type { Installation } from '../installation.ts';
import { firstFound } from '../differing.ts';
import { Recorder } from '../recorder.ts';

type Input = ScenarioInputOf<'kafka'>;
type Action = NonNullable<Input['timeline']>[number]['action'];

/** Histories that are made at once: each waits for most of its time. */
const AT_ONCE = 6;
const PARTITIONS = 3;
const GROUP = 'group';
const TOPIC = 'orders';
/** The key of a record that a member may stumble over: it works on it again and again. */
const STOP = 'stop';
const OFFSET_MAX = 12;
/** A session timeout, a heartbeat that was under way, and a rebalance. */
const EXPELLED_MS = 8500;

const member = fc.integer({ min: 1, max: 2 });
const partition = fc.nat(PARTITIONS - 1);
const offset = fc.nat(OFFSET_MAX);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('produce' as const),
      partition,
      count: fc.integer({ min: 1, max: 4 }),
      stop: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), member }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), member }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), member }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('seek' as const),
      member,
      partition: fc.option(partition, { nil: null }),
      to: fc.oneof(
        fc.constantFrom({ kind: 'beginning' as const }, { kind: 'end' as const }),
        fc.record({ kind: fc.constant('offset' as const), offset }),
        /** Just before that step. */
        fc.record({ kind: fc.constant('time' as const), step: fc.nat(8) }),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      member,
      async: fc.boolean(),
      at: fc.option(fc.record({ partition, offset }), { nil: null }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('reset-offsets' as const),
      partition: fc.option(partition, { nil: null }),
      offset,
    }),
  },
);

const drawn = fc.record({
  /** How members have their partitions: by assign(), or shared out in either protocol. */
  membership: fc.constantFrom('assign', 'classic', 'classic', 'consumer'),
  partitions: fc.integer({ min: 1, max: PARTITIONS }),
  reset: fc.constantFrom('earliest', 'earliest', 'latest', 'none'),
  commit: fc.constantFrom('after-batch', 'after-each', 'before-batch', 'never', 'auto'),
  pollRecords: fc.constantFrom(500, 1, 2, 3),
  /** Whether the first member stumbles over records of one key. */
  stumbles: fc.boolean(),
  /** When the first member comes: records that are there, and whether something is committed of each partition. */
  before: fc.nat(5),
  isCommitted: fc.boolean(),
  steps: fc.array(step, { maxLength: 10 }),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;
type Step = Drawn['steps'][number];

const memberName = (n: number): string => `member-${n}`;
const producerName = (n: number): string => `shop-${n}`;

/**
 * The history as a scenario. Steps that make no sense where they stand (who is there cannot join) are left out. With several
 * partitions, of which none is promised to be read first, nothing hangs on where a poll() ends.
 */
function scenarioFor(draw: Drawn): Input {
  const { membership, partitions, reset, commit, pollRecords, stumbles } = draw;
  const isAlone = partitions === 1;
  const timeline: NonNullable<Input['timeline']> = [];
  const starts = new Map<string, number>();
  const there = new Set<string>();
  /** When each step began. */
  const moments: number[] = [];
  let now = 500;
  const act = (action: Action): void => void timeline.push({ atMs: now, action });
  const first: Step[] = [
    ...(draw.before > 0 ? [{ do: 'produce' as const, partition: 0, count: draw.before, stop: false }] : []),
    ...(draw.isCommitted ? [{ do: 'reset-offsets' as const, partition: null, offset: 0 }] : []),
    { do: 'join', member: 1 },
  ];
  for (const step of [...first, ...draw.steps]) {
    const took = play(step);
    if (took === null) continue;
    moments.push(now);
    now += took;
  }
  return {
    version: 1,
    id: 'kafka-history',
    title: 'A group’s history, drawn at random',
    system: {
      broker: 'kafka',
      topics: [{ name: TOPIC, partitions }],
      config: {
        ...STARTED_CONFIG,
        'group.consumer.heartbeat.interval.ms': 1000,
        'group.consumer.session.timeout.ms': 6000,
      },
    },
    clients: [
      ...Array.from({ length: partitions }, (_, i) => ({
        id: producerName(i),
        role: 'producer' as const,
        topic: TOPIC,
        partition: i,
        load: { ratePerSecond: 0 },
        // What is sent in one step is one batch.
        config: { 'linger.ms': 100 },
      })),
      ...[...starts].map(([id, startMs]) => consumer(id, startMs)),
      // Reads nothing that is asked for: where it begins is what is committed in the end.
      {
        ...consumer('probe', now),
        assign: places(),
        config: { 'auto.offset.reset': 'latest', 'enable.auto.commit': false },
        commit: 'never' as const,
        troubles: [],
      },
    ],
    timeline,
    network: { latencyMs: 1 },
    durationMs: now + 1500,
    seed: 1,
  };

  function places(): string[] {
    return Array.from({ length: partitions }, (_, i) => `${TOPIC}-${i}`);
  }

  function consumer(id: string, startMs: number) {
    return {
      id,
      role: 'consumer' as const,
      group: GROUP,
      topics: [TOPIC],
      startMs,
      ...(membership === 'assign' ? { assign: places() } : {}),
      processingMs: 0,
      commit: commit === 'auto' ? ('never' as const) : commit,
      troubles: stumbles && isAlone && id === memberName(1) ? [{ key: STOP, outcome: 'retry' as const }] : [],
      config: {
        'auto.offset.reset': reset,
        'enable.auto.commit': commit === 'auto',
        // Only when it gives partitions up.
        'auto.commit.interval.ms': 600_000,
        'max.poll.records': isAlone ? pollRecords : 500,
        ...(membership === 'classic'
          ? {
              'partition.assignment.strategy': ['range' as const],
              'session.timeout.ms': 6000,
              'heartbeat.interval.ms': 500,
            }
          : {}),
        ...(membership === 'consumer' ? { 'group.protocol': 'consumer' as const } : {}),
      },
    };
  }

  /** @returns how long the step takes, or null where there is nothing to do */
  function play(step: Step): number | null {
    switch (step.do) {
      case 'produce': {
        const { count, stop } = step;
        const client = producerName(step.partition % partitions);
        act({ do: 'produce', client, key: 'go', count });
        if (stop) act({ do: 'produce', client, key: STOP });
        if (stop) act({ do: 'produce', client, key: 'go' });
        return 700;
      }
      case 'join': {
        const id = memberName(step.member);
        if (there.has(id) || (isSingle() && there.size > 0)) return null;
        there.add(id);
        if (starts.has(id)) act({ do: 'restart', target: id });
        else starts.set(id, now);
        return membership === 'classic' ? 3500 : membership === 'consumer' ? 2500 : 1200;
      }
      case 'close':
      case 'crash': {
        const id = memberName(step.member);
        if (!there.delete(id)) return null;
        act({ do: step.do, target: id });
        // One whose poll() threw, or who works without end, is out of its group only when its session is.
        const isSilent = step.do === 'crash' || reset === 'none' || stumbles;
        return membership === 'assign' ? 700 : isSilent ? EXPELLED_MS : 2000;
      }
      case 'seek': {
        const client = memberName(step.member);
        if (!there.has(client)) return null;
        const { to } = step;
        // Which of two has a partition may be a matter of chance, and who is alone has all.
        const place = step.partition !== null && (membership === 'assign' || there.size === 1);
        act({
          do: 'seek',
          client,
          to: to.kind === 'time' ? { kind: 'time', atMs: (moments[to.step] ?? now) - 50 } : to,
          ...(place ? { places: [`${TOPIC}-${step.partition! % partitions}`] } : {}),
        });
        return 800;
      }
      case 'commit': {
        const client = memberName(step.member);
        if (!there.has(client)) return null;
        const { async, at } = step;
        const offsets = at && { [`${TOPIC}-${at.partition % partitions}`]: at.offset };
        act({ do: 'commit', client, async, ...(offsets ? { offsets } : {}) });
        return 600;
      }
      case 'reset-offsets':
        act({
          do: 'type',
          line: `kafka-consumer-groups.sh --bootstrap-server broker-1:9092 --group ${GROUP} --reset-offsets --topic ${TOPIC}${step.partition === null ? '' : `:${step.partition % partitions}`} --to-offset ${step.offset} --execute`,
        });
        return 2500;
    }
  }

  /**
   * Which of several gets what is drawn by the broker (K-92), or hangs on when one who died is found out; and two that take
   * the same partition by assign() commit it side by side, so that the last is who was slower.
   */
  function isSingle(): boolean {
    return membership !== 'classic' || reset === 'none';
  }
}

/** @param run makes a scenario on a real cluster */
export async function differInHistories(
  installation: Installation,
  asked: Asked,
  run: Driver['run'],
): Promise<Disagreement | null> {
  const { signal } = new AbortController();
  const compare = async (draw: Drawn): Promise<Parted | null> => {
    const scenario = parseScenario(scenarioFor(draw));
    const observed = await run(scenario, installation, {
      recorder: new Recorder(),
      signal,
      changed: () => undefined,
    });
    return parted(scenario, observed, asked.version);
  };
  const found = await firstFound(drawn, asked, { compare, atOnce: AT_ONCE, asks: scenarioFor });
  return found && { scenario: scenarioFor(found.draw), ...found.parted };
}
