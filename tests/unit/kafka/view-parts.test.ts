// What stages ask for beside the ordinary picture: copies and what is lost, logs in detail, timelines, distribution.
import { describe, expect, it } from 'vitest';
import { fromMs } from '../../../src/sim/time.ts';
import {
  CELLS_MAX,
  FADE_MICROS,
  INTERVALS_MAX,
  KEYS_LISTED_MAX,
  LOG_CELLS_MAX,
  LOST_MAX,
} from '../../../src/brokers/kafka/view-types.ts';
import { append, confirm, created, highWatermark, viewOf, type Setting, type Timed } from './view-events.ts';

const three = created(['orders-0'], ['broker-1', 'broker-2', 'broker-3']);
const elected = (at: number, node: string | null, epoch: number, clean = true): Timed => [
  at,
  { kind: 'leader-elected', place: 'orders-0', node, epoch, clean, why: 'the controller chose it' },
];
const replicated = (at: number, node: string, position: number): Timed => [
  at,
  { kind: 'replicated', node, place: 'orders-0', position },
];
const isr = (at: number, ...nodes: string[]): Timed => [
  at,
  { kind: 'isr-changed', place: 'orders-0', isr: nodes, why: 'w' },
];

describe('replicas', () => {
  const setting: Setting = {
    topics: [{ name: 'orders', partitions: 1, replicationFactor: 3, config: { 'min.insync.replicas': 2 } }],
    parts: ['replicas'],
  };
  const show = (events: readonly Timed[], atMs?: number) => viewOf(setting, events, atMs).replicas![0]!;
  const copies = (events: readonly Timed[]) =>
    show(events).replicas.map(({ node, logEnd, cells }) => [
      node,
      logEnd,
      cells.map(({ message }) => message),
    ]);

  it('K-51: a follower has what it has copied, and nothing more', () => {
    const events = [
      three,
      ...append(0),
      ...append(1),
      replicated(2, 'broker-2', 2),
      replicated(2, 'broker-3', 1),
    ];
    expect(copies(events)).toEqual([
      ['broker-1', 2, [100, 101]],
      ['broker-2', 2, [100, 101]],
      ['broker-3', 1, [100]],
    ]);
    expect(show(events).replicas.map(({ role }) => role)).toEqual(['leader', 'follower', 'follower']);
  });

  it('K-52: each knows a high watermark of its own', () => {
    const events = [three, ...append(0), replicated(1, 'broker-2', 1), highWatermark(1, 'broker-1')];
    expect(show(events).replicas.map((replica) => replica.highWatermark)).toEqual([1, 0, 0]);
    expect(show(events).highWatermark).toBe(1);
  });

  it('K-57: says when there are too few in sync for acks=all', () => {
    expect(show([three])).toMatchObject({ minIsr: 2, replicationFactor: 3, underMinIsr: false });
    expect(show([three, isr(1, 'broker-1')])).toMatchObject({ isr: ['broker-1'], underMinIsr: true });
    const configured: Timed = [
      2,
      { kind: 'configured', node: 'controller', name: 'orders', settings: [['min.insync.replicas', '1']] },
    ];
    expect(show([three, isr(1, 'broker-1'), configured])).toMatchObject({ minIsr: 1, underMinIsr: false });
  });

  it('O-7: min ISR is never more than there are replicas', () => {
    const two = created(['orders-0'], ['broker-1', 'broker-2']);
    const topics = [{ ...setting.topics![0]!, replicationFactor: 2, config: { 'min.insync.replicas': 3 } }];
    expect(viewOf({ ...setting, topics }, [two]).replicas![0]).toMatchObject({
      minIsr: 2,
      replicationFactor: 2,
    });
  });

  it('K-51: replicas are in the order of their assignment, also when elections were told of first', () => {
    const events = [elected(0, 'broker-3', 1), created(['orders-0'], ['broker-2', 'broker-3', 'broker-1'])];
    expect(show(events).replicas.map(({ node }) => node)).toEqual(['broker-2', 'broker-3', 'broker-1']);
    expect(show(events)).toMatchObject({ leader: 'broker-3', leaderEpoch: 1 });
    const topics = [{ name: 'orders', partitions: 1, replicas: [[3, 1]] }];
    const fromScenario = viewOf({ topics, parts: ['replicas'] }, [created(['orders-0'])]).replicas![0]!;
    expect(fromScenario.replicas.map(({ node }) => node)).toEqual(['broker-3', 'broker-1']);
  });

  // K-9: broker-1 wrote 1 and 2 that nobody copied; broker-2 leads and writes its own 1.
  const parted = [
    three,
    ...append(0),
    replicated(1, 'broker-2', 1),
    confirm(0, { at: 2 }),
    ...append(1, { at: 3 }),
    ...append(2, { at: 3 }),
    elected(4, 'broker-2', 1),
    ...append(1, { at: 5, node: 'broker-2', epoch: 1 }),
  ];

  it('K-9: what parts from the leader’s log is marked, then truncated, and shown for a while', () => {
    const diverged = (events: readonly Timed[]) =>
      show(events).replicas[0]!.cells.map(
        ({ position, diverged: d }) => `${position}${d ? ' diverged' : ''}`,
      );
    expect(diverged(parted)).toEqual(['0', '1 diverged', '2 diverged']);
    const events: Timed[] = [
      ...parted,
      [
        10,
        {
          kind: 'truncated',
          node: 'broker-1',
          place: 'orders-0',
          position: 1,
          messages: [101, 102],
          why: 'it parts from its leader',
        },
      ],
    ];
    const replica = show(events).replicas[0]!;
    expect(replica).toMatchObject({
      logEnd: 1,
      truncated: { from: 1, to: 3, why: 'it parts from its leader' },
    });
    expect(replica.truncated!.cells.map(({ message }) => message)).toEqual([101, 102]);
    expect(replica.cells.map(({ message }) => message)).toEqual([100]);
    expect(show(events, 10 + FADE_MICROS / 1000 + 1).replicas[0]!.truncated).toBeNull();
    // Then it copies what the new leader has.
    const caughtUp = show([...events, replicated(11, 'broker-1', 2)]).replicas[0]!;
    expect(caughtUp.cells).toMatchObject([
      { message: 100, epoch: 0 },
      { message: 1101, epoch: 1 },
    ]);
    expect(caughtUp.cells.some(({ diverged: d }) => d)).toBe(false);
  });

  it('K-9: nothing is lost by it that no producer was told of', () => {
    expect(show(parted)).toMatchObject({ lost: [], lostTotal: 0 });
  });

  it('K-30: a record that acks=1 confirmed is lost with the leader that alone had it', () => {
    const events = [...parted.slice(0, 6), confirm(1, { at: 3 }), elected(4, 'broker-2', 1)];
    expect(show(events)).toMatchObject({ lostTotal: 1, lost: [{ position: 1, message: 101, client: 'p' }] });
  });

  it('K-30: also one whose confirmation arrives when its leader is deposed already', () => {
    expect(show([...parted, confirm(1, { at: 6 })])).toMatchObject({
      lostTotal: 1,
      lost: [{ message: 101 }],
    });
    expect(show([...parted, confirm(2, { at: 6 })])).toMatchObject({
      lostTotal: 1,
      lost: [{ message: 102 }],
    });
    expect(show([...parted, confirm(1, { at: 6, epoch: 1 })])).toMatchObject({ lostTotal: 0 });
  });

  it('K-61: an unclean leader loses everything confirmed that it does not have, however much', () => {
    const count = 100;
    const records = Array.from({ length: count }, (_, i) => [...append(i), confirm(i)]).flat();
    const events = [
      three,
      ...records,
      replicated(200, 'broker-2', count),
      replicated(200, 'broker-3', 10),
      elected(201, null, 1),
      elected(202, 'broker-3', 2, false),
    ];
    const after = show(events);
    expect(after).toMatchObject({ lostTotal: 90, logEnd: 10, election: { clean: false, node: 'broker-3' } });
    expect(after.lost.length).toBeLessThanOrEqual(LOST_MAX);
    expect(after.lost.at(-1)).toMatchObject({ position: 99 });
  });

  it('K-30: what no producer was told of is not counted among the lost', () => {
    const records = Array.from({ length: 100 }, (_, i) =>
      i % 2 === 0 ? [...append(i), confirm(i)] : append(i),
    );
    const events = [
      three,
      ...records.flat(),
      replicated(200, 'broker-3', 11),
      elected(202, 'broker-3', 2, false),
    ];
    // The even ones from 12 to 98.
    expect(show(events).lostTotal).toBe(44);
  });

  it('K-51: a follower copies from its leader, whatever another broker has', () => {
    const events = [
      three,
      ...append(0),
      ...append(1),
      elected(4, 'broker-2', 1, false),
      ...append(0, { at: 5, node: 'broker-2', epoch: 1 }),
      elected(6, 'broker-1', 2, false),
      replicated(7, 'broker-3', 2),
    ];
    expect(show(events).replicas[2]!.cells.map(({ message }) => message)).toEqual([100, 101]);
  });

  it('a record comes back with a leader that has it still', () => {
    const events = [
      three,
      ...append(0),
      confirm(0),
      elected(4, 'broker-2', 1, false),
      elected(5, 'broker-1', 2, false),
    ];
    expect(show(events.slice(0, -1))).toMatchObject({ lostTotal: 1 });
    expect(show(events)).toMatchObject({ lostTotal: 0, lost: [] });
  });

  it('K-66: a broker that is down keeps its copy in the picture', () => {
    const events: Timed[] = [three, ...append(0), [5, { kind: 'node-crashed', node: 'broker-1' }]];
    expect(show(events).replicas[0]).toMatchObject({ up: false, logEnd: 1 });
  });

  it('shows the newest of each copy', () => {
    const records = Array.from({ length: 3 * CELLS_MAX }, (_, i) => append(i)).flat();
    const { replicas } = show([three, ...records, replicated(500, 'broker-2', 3 * CELLS_MAX)]);
    for (const { cells } of replicas.slice(0, 2)) {
      expect(cells).toHaveLength(CELLS_MAX);
      expect(cells[0]!.position).toBe(2 * CELLS_MAX);
    }
  });
});

describe('log', () => {
  const setting: Setting = {
    topics: [
      { name: 'orders', partitions: 1, config: { 'cleanup.policy': 'compact', 'retention.ms': 5000 } },
    ],
    brokers: 1,
    parts: ['log'],
  };
  const one = created(['orders-0'], ['broker-1']);
  const show = (events: readonly Timed[], atMs?: number) => viewOf(setting, events, atMs).logs![0]!;
  const states = (events: readonly Timed[], atMs?: number) =>
    show(events, atMs).cells.map(({ position, state }) => `${position} ${state}`);
  const rolled = (at: number, position: number): Timed => [
    at,
    { kind: 'segment-rolled', node: 'broker-1', place: 'orders-0', position, why: 'w' },
  ];
  const four = [0, 1, 2, 3].flatMap((position) => append(position));
  const segmented = [one, ...four.slice(0, 4), rolled(2, 2), ...four.slice(4)];

  it('K-7: is a list of segments, the last of which is written to', () => {
    expect(show(segmented).segments).toEqual([
      { base: 0, end: 2, active: false, bytes: 20, newestTimestamp: fromMs(1), removedAt: null },
      { base: 2, end: 4, active: true, bytes: 20, newestTimestamp: fromMs(3), removedAt: null },
    ]);
    expect(show(segmented)).toMatchObject({ cleanupPolicy: 'compact', retentionMs: 5000, logEnd: 4 });
  });

  it('K-12: what retention takes stays for a moment, a whole segment of it', () => {
    const events: Timed[] = [
      ...segmented,
      [
        10,
        {
          kind: 'expired',
          node: 'broker-1',
          place: 'orders-0',
          position: 1,
          message: null,
          from: 0,
          why: 'old',
        },
      ],
    ];
    expect(states(events)).toEqual(['0 expired', '1 expired', '2 live', '3 live']);
    expect(show(events).segments.map(({ base, removedAt }) => [base, removedAt])).toEqual([
      [0, fromMs(10)],
      [2, null],
    ]);
    const later = 10 + FADE_MICROS / 1000 + 1;
    expect(states(events, later)).toEqual(['2 live', '3 live']);
    expect(show(events, later).segments).toHaveLength(1);
    expect(show(events)).toMatchObject({ logStart: 2 });
  });

  it('K-15: when all of it has expired, an empty segment is left', () => {
    const events: Timed[] = [
      ...segmented,
      [10, { kind: 'expired', node: 'broker-1', place: 'orders-0', position: 3, message: null, from: 0 }],
    ];
    expect(show(events, 10_000)).toMatchObject({ logStart: 4, logEnd: 4, cells: [] });
    expect(show(events, 10_000).segments).toMatchObject([{ base: 4, end: 4, active: true, bytes: 0 }]);
  });

  it('K-18: compaction leaves gaps, and the cleaner says how far it has been', () => {
    const events: Timed[] = [
      ...segmented,
      [10, { kind: 'compacted', node: 'broker-1', place: 'orders-0', position: 1, message: 101 }],
      [10, { kind: 'cleaned', node: 'broker-1', place: 'orders-0', position: 2, kept: 1, removed: 1 }],
    ];
    expect(states(events)).toEqual(['0 live', '1 compacted', '2 live', '3 live']);
    expect(show(events).segments.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(30);
    expect(show(events)).toMatchObject({ cleanedTo: 2, logStart: 0, logEnd: 4 });
    expect(states(events, 10_000)).toEqual(['0 live', '2 live', '3 live']);
    // The ordinary picture has no such record either.
    const cells = viewOf(setting, events).topics[0]!.partitions[0]!.cells;
    expect(cells.map(({ position }) => position)).toEqual([0, 2, 3]);
  });

  it('K-19: tells a tombstone from a record without content', () => {
    const cells = show([
      one,
      ...append(0, { value: 'x' }),
      ...append(1, { value: null }),
      ...append(2),
    ]).cells.map(({ value, tombstone }) => [value, tombstone]);
    expect(cells).toEqual([
      ['x', false],
      [null, true],
      [null, false],
    ]);
  });

  it('K-10: a timestamp is the producer’s, or with LogAppendTime the leader’s', () => {
    const [sent, stored] = append(0, { at: 5 });
    const late: Timed[] = [one, sent!, [9, stored![1]]];
    expect(show(late).cells[0]!.timestamp).toBe(fromMs(5));
    const configured: Timed = [
      1,
      {
        kind: 'configured',
        node: 'controller',
        name: 'orders',
        settings: [['message.timestamp.type', 'LogAppendTime']],
      },
    ];
    const before = append(0);
    const [, second] = show([
      one,
      ...before,
      configured,
      ...append(1, { at: 5 }).slice(0, 1),
      [9, append(1)[1]![1]],
    ]).cells;
    expect(second!.timestamp).toBe(fromMs(9));
  });

  it('K-61: ends where the log of a new leader ends', () => {
    const events = [
      three,
      ...four,
      rolled(4, 4),
      replicated(5, 'broker-2', 2),
      elected(6, 'broker-2', 1, false),
      ...append(2, { at: 7, node: 'broker-2', epoch: 1 }),
    ];
    const log = viewOf({ parts: ['log'] }, events).logs![0]!;
    expect(log.cells.map(({ position, message, state }) => [position, message, state])).toEqual([
      [0, 100, 'live'],
      [1, 101, 'live'],
      [2, 102, 'truncated'],
      [3, 103, 'truncated'],
      [2, 1102, 'live'],
    ]);
    expect(log.segments.map(({ base }) => base)).toEqual([0]);
  });

  it('shows the newest cells, and of a compacted log those that survive', () => {
    const events: Timed[] = [one];
    for (let position = 0; position < 1000; position++) {
      events.push(...append(position));
      // Every tenth record survives the cleaner.
      if (position % 10 !== 0)
        events.push([
          position,
          { kind: 'compacted', node: 'broker-1', place: 'orders-0', position, message: null },
        ]);
    }
    const { cells } = show(events, 100_000);
    expect(cells).toHaveLength(LOG_CELLS_MAX);
    expect(cells.every(({ position }) => position % 10 === 0)).toBe(true);
    expect(cells.at(-1)!.position).toBe(990);
  });
});

describe('timeline', () => {
  const setting: Setting = {
    clients: ['c1', 'c2'].map((id) => ({ id, role: 'consumer', group: 'g', topics: ['orders'] }) as const),
    parts: ['timeline'],
  };
  const start = (at: number, client: string): Timed => [
    at,
    { kind: 'client-started', client, role: 'consumer' },
  ];
  const assigned = (at: number, client: string, ...all: string[]): Timed => [
    at,
    { kind: 'assigned', client, group: 'g', places: all, all, generation: 1 },
  ];
  const revoked = (at: number, client: string, ...places: string[]): Timed => [
    at,
    { kind: 'revoked', client, group: 'g', places, lost: false, generation: 1 },
  ];
  const rebalance = (at: number, stable: boolean): Timed => [
    at,
    {
      kind: 'group-state-changed',
      group: 'g',
      state: stable ? 'Stable' : 'PreparingRebalance',
      stable,
      generation: 1,
      members: [],
      why: 'w',
    },
  ];
  const show = (events: readonly Timed[], atMs?: number) => viewOf(setting, events, atMs).timelines![0]!;
  const rows = (events: readonly Timed[], member = 0) =>
    show(events).members[member]!.intervals.map(
      ({ from, to, kind, places }) =>
        `${from / 1000}-${to === null ? '' : to / 1000} ${kind}${places.length > 0 ? ` ${places.join()}` : ''}`,
    );
  const c1Alone = [
    start(0, 'c1'),
    rebalance(0, false),
    assigned(10, 'c1', 'a-0', 'a-1'),
    rebalance(10, true),
  ];

  it('K-82: an eager rebalance stops everyone', () => {
    const events = [
      ...c1Alone,
      start(20, 'c2'),
      rebalance(20, false),
      revoked(22, 'c1', 'a-0', 'a-1'),
      assigned(30, 'c1', 'a-0'),
      assigned(34, 'c2', 'a-1'),
      rebalance(35, true),
    ];
    expect(rows(events)).toEqual([
      '0-10 joining',
      '10-22 reading a-0,a-1',
      '22-30 joining',
      '30- reading a-0',
    ]);
    expect(rows(events, 1)).toEqual(['20-34 joining', '34- reading a-1']);
    expect(show(events)).toMatchObject({
      stoppedMicros: fromMs(8),
      stopped: [{ from: fromMs(22), to: fromMs(30) }],
      unownedMicros: fromMs(8 + 12),
      rebalancingMicros: fromMs(10 + 15),
      places: [
        { place: 'a-0', unownedMicros: fromMs(8) },
        { place: 'a-1', unownedMicros: fromMs(12) },
      ],
    });
    expect(show(events).rebalances).toEqual([
      { from: 0, to: fromMs(10) },
      { from: fromMs(20), to: fromMs(35) },
    ]);
  });

  it('K-83: a cooperative one stops only what moves', () => {
    const events = [
      ...c1Alone,
      start(20, 'c2'),
      rebalance(20, false),
      revoked(22, 'c1', 'a-1'),
      assigned(34, 'c2', 'a-1'),
      rebalance(35, true),
    ];
    expect(rows(events)).toEqual(['0-10 joining', '10-22 reading a-0,a-1', '22- reading a-0']);
    expect(show(events)).toMatchObject({ stoppedMicros: 0, stopped: [], unownedMicros: fromMs(12) });
  });

  it('K-74: what a crashed member had is nobody’s from the crash until others get it', () => {
    const events: Timed[] = [...c1Alone, [20, { kind: 'client-stopped', client: 'c1', reason: 'crashed' }]];
    expect(rows(events)).toEqual(['0-10 joining', '10-20 reading a-0,a-1', '20- gone']);
    expect(show(events, 50)).toMatchObject({ unownedMicros: fromMs(60), stoppedMicros: 0 });
    const taken = [...events, start(21, 'c2'), assigned(40, 'c2', 'a-0', 'a-1')];
    // The world stands still while c2, alive, has nothing.
    expect(show(taken, 50)).toMatchObject({ unownedMicros: fromMs(40), stoppedMicros: fromMs(19) });
  });

  it('K-73: what a late member is told of what it lost does not touch the new owner', () => {
    const events: Timed[] = [
      ...c1Alone,
      start(11, 'c2'),
      [12, { kind: 'member-joined', group: 'g', client: 'c1', member: 'm1', sessionTimeout: null }],
      [20, { kind: 'member-removed', group: 'g', client: 'c1', member: 'm1', why: 'it did not poll' }],
      assigned(25, 'c2', 'a-0', 'a-1'),
      [30, { kind: 'revoked', client: 'c1', group: 'g', places: ['a-0', 'a-1'], lost: true, generation: 1 }],
    ];
    expect(show(events, 50).places).toMatchObject([
      { unownedMicros: fromMs(5) },
      { unownedMicros: fromMs(5) },
    ]);
    expect(rows(events)).toEqual(['0-10 joining', '10-30 reading a-0,a-1', '30- joining']);
  });

  it('K-84: the end of an earlier life takes nothing from the present one', () => {
    const joined = (at: number, member: string): Timed => [
      at,
      { kind: 'member-joined', group: 'g', client: 'c1', member, sessionTimeout: null },
    ];
    const events: Timed[] = [
      joined(0, 'm1'),
      joined(5, 'm2'),
      ...c1Alone,
      [20, { kind: 'member-removed', group: 'g', client: 'c1', member: 'm1', why: 'its session ran out' }],
    ];
    expect(show(events, 50)).toMatchObject({ unownedMicros: 0 });
  });

  it('K-100: a member that is told it has nothing is one without, and a paused one comes back to what it was', () => {
    const act = (at: number, action: string): Timed => [
      at,
      { kind: 'acted', action, target: 'c1', refused: null },
    ];
    const events = [start(0, 'c1'), assigned(10, 'c1'), act(20, 'pause'), act(30, 'resume')];
    expect(rows(events)).toEqual(['0-10 joining', '10-20 without', '20-30 paused', '30- without']);
  });

  it('has its partitions in order, whoever had which first', () => {
    const events = [start(0, 'c1'), assigned(1, 'c1', 'b-1', 'a-10', 'a-2')];
    expect(show(events).places.map(({ place }) => place)).toEqual(['a-2', 'a-10', 'b-1']);
  });

  it('what lasts no time did not happen', () => {
    const events = [...c1Alone, revoked(20, 'c1', 'a-0', 'a-1'), assigned(20, 'c1', 'a-0', 'a-1')];
    expect(rows(events)).toEqual(['0-10 joining', '10- reading a-0,a-1']);
    expect(show(events)).toMatchObject({ stopped: [], unownedMicros: 0 });
  });

  it('keeps the newest intervals and counts all of them', () => {
    const events: Timed[] = [...c1Alone];
    for (let i = 0; i < 200; i++)
      events.push(revoked(100 + 10 * i, 'c1', 'a-0', 'a-1'), assigned(105 + 10 * i, 'c1', 'a-0', 'a-1'));
    const { members, stopped, stoppedMicros, places } = show(events);
    expect(members[0]!.intervals).toHaveLength(INTERVALS_MAX);
    expect(stopped.length).toBeLessThanOrEqual(INTERVALS_MAX);
    expect(places[0]!.unowned.length).toBeLessThanOrEqual(INTERVALS_MAX);
    expect(stoppedMicros).toBe(fromMs(1000));
  });

  it('K-102: share groups have none: nobody owns anything there', () => {
    const clients = [{ id: 's1', role: 'share-consumer' as const, group: 'w', topics: ['orders'] }];
    expect(viewOf({ clients, parts: ['timeline'] }, []).timelines).toEqual([]);
  });
});

describe('distribution', () => {
  const setting: Setting = {
    topics: [{ name: 'orders', partitions: 2 }],
    brokers: 1,
    parts: ['distribution'],
  };
  const two = created(['orders-0', 'orders-1'], ['broker-1'], ['broker-1']);
  const show = (events: readonly Timed[]) => viewOf(setting, events).distribution![0]!;

  it('counts records, bytes, keys and producers per partition', () => {
    const { records, partitions } = show([
      two,
      ...append(0, { key: 'A' }),
      ...append(1, { key: 'B', bytes: 5 }),
      ...append(2, { key: 'B', client: 'q' }),
      ...append(0, { place: 'orders-1', key: null }),
    ]);
    expect(records).toBe(4);
    expect(partitions).toEqual([
      {
        place: 'orders-0',
        records: 3,
        bytes: 25,
        keys: 2,
        moreKeys: false,
        keyless: 0,
        topKeys: [
          { key: 'B', records: 2 },
          { key: 'A', records: 1 },
        ],
        producers: [
          { client: 'p', records: 2, bytes: 15 },
          { client: 'q', records: 1, bytes: 10 },
        ],
      },
      {
        place: 'orders-1',
        records: 1,
        bytes: 10,
        keys: 0,
        moreKeys: false,
        keyless: 1,
        topKeys: [],
        producers: [{ client: 'p', records: 1, bytes: 10 }],
      },
    ]);
  });

  it('K-23: finds keys that lie in two partitions after some were added', () => {
    const grown: Timed = [
      5,
      { kind: 'places-created', node: 'broker-1', name: 'orders', places: ['orders-2'], total: 3 },
    ];
    const { splitKeys, partitions } = show([
      two,
      ...append(0, { key: 'A' }),
      ...append(1, { key: 'B' }),
      ...append(2, { key: 'B' }),
      grown,
      ...append(0, { at: 6, place: 'orders-2', key: 'A' }),
    ]);
    expect(partitions).toHaveLength(3);
    expect(splitKeys).toEqual([{ key: 'A', places: ['orders-0', 'orders-2'] }]);
  });

  it('lists the hottest keys, whichever order they came in', () => {
    const events: Timed[] = [two];
    let position = 0;
    for (let i = 0; i < 20; i++)
      for (let n = 0; n <= i; n++) events.push(...append(position++, { key: `k${i}` }));
    const [first] = show(events).partitions;
    expect(first!.topKeys).toEqual(
      Array.from({ length: KEYS_LISTED_MAX }, (_, i) => ({ key: `k${19 - i}`, records: 20 - i })),
    );
    expect(first!.keys).toBe(20);
  });
});
