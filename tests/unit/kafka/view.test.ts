// The picture of a cluster, from traces made by hand: what the ordinary view says of leaders, positions, lag and groups,
// and what transactions, share groups and the console add to it.
import { describe, expect, it } from 'vitest';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import { fromMs } from '../../../src/sim/time.ts';
import { CONSOLE_LINES_MAX } from '../../../src/brokers/console-view.ts';
import { SHARE_CELLS_MAX, type KafkaView } from '../../../src/brokers/kafka/view-types.ts';
import {
  append,
  confirm,
  created,
  foldOf,
  highWatermark,
  stamped,
  viewOf,
  type Timed,
} from './view-events.ts';

const three = created(['orders-0'], ['broker-1', 'broker-2', 'broker-3']);
const elected = (at: number, node: string | null, epoch: number, clean = true): Timed => [
  at,
  { kind: 'leader-elected', place: 'orders-0', node, epoch, clean, why: 'a test wants it' },
];
const replicated = (at: number, node: string, position: number): Timed => [
  at,
  { kind: 'replicated', node, place: 'orders-0', position },
];
const partitionOf = (view: KafkaView) => view.topics[0]!.partitions[0]!;

describe('nodes', () => {
  it('K-65: a broker that crashed is counted out when its session has run out, and in again when it is back', () => {
    const events: Timed[] = [
      [1, { kind: 'node-crashed', node: 'broker-2' }],
      [9, { kind: 'node-fenced', node: 'broker-2', why: 'no heartbeat' }],
      [20, { kind: 'node-restarted', node: 'broker-2' }],
      [21, { kind: 'node-unfenced', node: 'broker-2' }],
    ];
    const after = (n: number) => viewOf({}, events.slice(0, n)).nodes[1]!;
    expect(after(0)).toMatchObject({ id: 'broker-2', role: 'broker', up: true, state: 'running' });
    expect(after(1)).toMatchObject({ up: false, state: 'crashed', fenced: false, since: 1000 });
    expect(after(2)).toMatchObject({ up: false, state: 'crashed', fenced: true, since: 9000 });
    expect(after(3)).toMatchObject({ up: true, state: 'running', fenced: true });
    expect(after(4)).toMatchObject({ up: true, fenced: false });
    expect(viewOf({}, []).nodes.map(({ id }) => id)).toEqual([
      'broker-1',
      'broker-2',
      'broker-3',
      'controller',
    ]);
  });

  it('tells a broker that stopped by its own will, and one that stands still, from one that crashed', () => {
    const act = (action: string): Timed => [2, { kind: 'acted', action, target: 'broker-3', refused: null }];
    const { nodes } = viewOf({}, [
      [1, { kind: 'node-stopped', node: 'broker-1' }],
      act('pause'),
      [3, { kind: 'node-crashed', node: 'console' }],
    ]);
    expect(nodes).toHaveLength(4);
    expect(nodes[0]).toMatchObject({ up: false, state: 'stopped' });
    expect(nodes[2]).toMatchObject({ up: true, state: 'paused' });
  });
});

describe('positions', () => {
  it('K-52: are those of the leader; what followers say is of their copies', () => {
    const view = viewOf({}, [
      three,
      ...append(0),
      ...append(1),
      replicated(2, 'broker-2', 2),
      highWatermark(1, 'broker-1'),
      highWatermark(2, 'broker-2'),
    ]);
    expect(partitionOf(view)).toMatchObject({ leader: 'broker-1', logEnd: 2, highWatermark: 1 });
  });

  it('K-61: end where the log of a new leader ends', () => {
    const events: Timed[] = [
      three,
      ...append(0),
      ...append(1),
      ...append(2),
      replicated(3, 'broker-2', 1),
      highWatermark(1, 'broker-2', 3),
      elected(4, null, 1),
    ];
    expect(partitionOf(viewOf({}, events))).toMatchObject({ leader: null, logEnd: 3 });
    const after = partitionOf(viewOf({}, [...events, elected(5, 'broker-2', 2, false)]));
    expect(after).toMatchObject({ leader: 'broker-2', logEnd: 1, highWatermark: 1 });
    expect(after.cells.map(({ position }) => position)).toEqual([0]);
    // What the old leader, which has not heard of it, still says does not move the partition.
    const zombie = partitionOf(viewOf({}, [...events, elected(5, 'broker-2', 2), ...append(3, { at: 6 })]));
    expect(zombie.logEnd).toBe(1);
  });

  it('K-12: retention moves the start, a follower’s does not', () => {
    const expired = (node: string, position: number): Timed => [
      9,
      { kind: 'expired', node, place: 'orders-0', position, message: null, from: 0, why: 'too old' },
    ];
    const logs = [...append(0), ...append(1), ...append(2)];
    expect(partitionOf(viewOf({}, [three, ...logs, expired('broker-2', 1)])).logStart).toBe(0);
    expect(partitionOf(viewOf({}, [three, ...logs, expired('broker-1', 1)])).logStart).toBe(2);
  });

  it('keeps internal topics out of the picture', () => {
    const view = viewOf({}, [
      [
        0,
        {
          kind: 'places-created',
          node: 'broker-1',
          name: '__consumer_offsets',
          places: ['__consumer_offsets-1'],
          total: 50,
        },
      ],
      [
        0,
        {
          kind: 'leader-elected',
          place: '__consumer_offsets-1',
          node: 'broker-1',
          epoch: 0,
          clean: true,
          why: 'x',
        },
      ],
    ]);
    expect(view.topics.map(({ name }) => name)).toEqual(['orders']);
  });

  it('forgets a topic that was deleted', () => {
    const view = viewOf({ parts: ['replicas', 'log', 'distribution'] }, [
      three,
      ...append(0),
      [5, { kind: 'places-deleted', node: 'broker-1', name: 'orders', places: ['orders-0'] }],
    ]);
    expect(view).toMatchObject({ topics: [], replicas: [], logs: [], distribution: [] });
  });
});

describe('lag', () => {
  const reader = (isolation: 'read_committed' | 'read_uncommitted') => ({
    clients: [
      {
        id: 'c1',
        role: 'consumer' as const,
        group: 'billing',
        topics: ['orders'],
        config: { 'isolation.level': isolation },
      },
    ],
  });
  const events: Timed[] = [
    three,
    ...[0, 1, 2, 3, 4].flatMap((position) => append(position)),
    highWatermark(4),
    [5, { kind: 'stable-offset-advanced', node: 'broker-1', place: 'orders-0', position: 2 }],
    [
      6,
      {
        kind: 'settled',
        client: 'c1',
        group: 'billing',
        outcome: 'committed',
        place: 'orders-0',
        position: 1,
        message: null,
      },
    ],
  ];

  it('K-4: counts up to the high watermark, not to the end of the log', () => {
    const view = viewOf(reader('read_uncommitted'), events);
    expect(partitionOf(view)).toMatchObject({ logEnd: 5, highWatermark: 4, lastStableOffset: 2 });
    expect(partitionOf(view).readers[0]).toMatchObject({ committed: 1, lag: 3, readable: 4 });
    expect(view.groups[0]!.lag).toBe(3);
  });

  it('K-47: a reader of committed records may not read past the last stable offset, and its lag says what is behind', () => {
    const view = viewOf(reader('read_committed'), events);
    expect(partitionOf(view).readers[0]).toMatchObject({ lag: 3, readable: 2 });
  });

  it('K-3: without transactions, what is stable is what is replicated', () => {
    expect(partitionOf(viewOf({}, events.slice(0, -2))).lastStableOffset).toBe(4);
  });
});

it('shows which partitions a member keeps without reading from them', () => {
  const view = viewOf({ clients: [{ id: 'c1', role: 'consumer', group: 'g', topics: ['orders'] }] }, [
    three,
    [1, { kind: 'client-started', client: 'c1', role: 'consumer' }],
    [
      2,
      { kind: 'assigned', client: 'c1', group: 'g', places: ['orders-0'], all: ['orders-0'], generation: 1 },
    ],
    [3, { kind: 'reading-paused', client: 'c1', group: 'g', places: ['orders-0'] }],
  ]);
  expect(view.groups[0]!.members[0]).toMatchObject({ places: ['orders-0'], pausedPlaces: ['orders-0'] });
  expect(partitionOf(view).readers[0]).toMatchObject({ owner: 'c1', paused: true });
});

it('K-70: a client that reads by assign() has its partitions without a group’s help', () => {
  const view = viewOf(
    { clients: [{ id: 'c1', role: 'consumer', group: 'g', topics: ['orders'], assign: ['orders-0'] }] },
    [three, [1, { kind: 'client-started', client: 'c1', role: 'consumer' }]],
  );
  expect(view.groups[0]!.members[0]).toMatchObject({ state: 'stable', places: ['orders-0'] });
});

it('K-87: keeps the newest target assignment', () => {
  const target = (epoch: number, places: string[]): Timed => [
    epoch,
    { kind: 'target-computed', group: 'g', epoch, assignment: [['c1', places]] },
  ];
  const { groups } = viewOf({}, [target(1, ['orders-0']), target(2, [])]);
  expect(groups[0]!.target).toEqual({ epoch: 2, assignment: [{ client: 'c1', places: [] }] });
});

describe('transactions', () => {
  const setting = {
    clients: [
      {
        id: 'p',
        role: 'producer' as const,
        topic: 'orders',
        load: { ratePerSecond: 1 },
        config: { 'transactional.id': 'tx' },
      },
    ],
    parts: ['log' as const],
  };
  const state = (at: number, to: string, epoch = 0): Timed => [
    at,
    {
      kind: 'transaction-state-changed',
      node: 'broker-1',
      id: 'tx',
      state: to,
      producer: 7,
      epoch,
      why: 'w',
    },
  ];
  const began = (at: number, transaction: string): Timed => [
    at,
    { kind: 'transaction-began', client: 'p', transaction },
  ];
  const ended = (at: number, transaction: string, outcome: 'committed' | 'aborted' | 'unknown'): Timed => [
    at,
    { kind: 'transaction-ended', client: 'p', transaction, outcome, why: 'it said so' },
  ];
  const marker = (at: number, position: number, outcome: 'committed' | 'aborted'): Timed => [
    at,
    {
      kind: 'marker-appended',
      node: 'broker-1',
      place: 'orders-0',
      position,
      producer: 7,
      epoch: 0,
      outcome,
    },
  ];
  const open = [three, state(0, 'Empty'), began(1, 't1'), ...append(0, { at: 2, transaction: 't1' })];

  it('K-43: say what is open since when, with how many records, and how it ended', () => {
    expect(viewOf(setting, open).transactions).toEqual([
      {
        id: 'tx',
        client: 'p',
        producer: 7,
        epoch: 0,
        state: 'Empty',
        openSince: fromMs(1),
        records: 1,
        places: ['orders-0'],
        committed: 0,
        aborted: 0,
        last: null,
      },
    ]);
    const done = [...open, state(3, 'PrepareCommit'), ended(4, 't1', 'committed')];
    expect(viewOf(setting, done).transactions[0]).toMatchObject({
      openSince: null,
      committed: 1,
      last: { outcome: 'committed', at: fromMs(4), why: 'it said so' },
    });
  });

  it('K-46: one whose client died is over when its coordinator says so, and counted once', () => {
    const timedOut = [...open, state(60, 'PrepareAbort', 1), state(61, 'CompleteAbort', 1)];
    expect(viewOf(setting, timedOut).transactions[0]).toMatchObject({ openSince: null, aborted: 1 });
    const told = [...timedOut, ended(70, 't1', 'unknown')];
    expect(viewOf(setting, told).transactions[0]).toMatchObject({
      aborted: 1,
      last: { outcome: 'unknown' },
    });
  });

  it('K-45: the end of one does not end the next, which began before all markers were written', () => {
    const next = [
      ...open,
      state(3, 'PrepareCommit'),
      ended(4, 't1', 'committed'),
      began(5, 't2'),
      state(6, 'CompleteCommit', 1),
    ];
    expect(viewOf(setting, next).transactions[0]).toMatchObject({
      openSince: fromMs(5),
      committed: 1,
      epoch: 1,
    });
  });

  it('O-9: each record of a log knows the transaction it belongs to, and a marker decides it', () => {
    const cells = (events: readonly Timed[]) =>
      viewOf(setting, events).logs![0]!.cells.map(({ transaction, marker }) =>
        marker ? `marker ${marker}` : transaction ? `${transaction.id} ${transaction.state}` : 'plain',
      );
    const records = [...open, ...append(1, { at: 3, client: 'q' })];
    expect(cells(records)).toEqual(['tx open', 'plain']);
    const aborted = [...records, marker(5, 2, 'aborted')];
    expect(cells(aborted)).toEqual(['tx aborted', 'plain', 'marker aborted']);
    const again = [
      ...aborted,
      began(6, 't2'),
      ...append(3, { at: 7, transaction: 't2' }),
      marker(8, 4, 'committed'),
    ];
    expect(cells(again)).toEqual([
      'tx aborted',
      'plain',
      'marker aborted',
      'tx committed',
      'marker committed',
    ]);
    expect(partitionOf(viewOf(setting, again)).logEnd).toBe(5);
  });

  it('K-44: whoever uses a transactional id last is its client', () => {
    const second = { ...setting.clients[0]!, id: 'p2' };
    const two = { ...setting, clients: [...setting.clients, second] };
    const events: Timed[] = [
      ...open,
      state(3, 'PrepareAbort', 1),
      state(4, 'CompleteAbort', 1),
      [5, { kind: 'transaction-began', client: 'p2', transaction: 't9' }],
      ended(6, 't1', 'aborted'),
    ];
    expect(viewOf(two, events).transactions).toMatchObject([
      { client: 'p2', openSince: fromMs(5), aborted: 1 },
    ]);
  });
});

describe('share groups', () => {
  const setting = {
    clients: ['s1', 's2'].map((id) => ({
      id,
      role: 'share-consumer' as const,
      group: 'workers',
      topics: ['orders'],
    })),
  };
  const acquired = (at: number, client: string, position: number, deliveryCount = 1): Timed => [
    at,
    {
      kind: 'acquired',
      node: 'broker-1',
      group: 'workers',
      client,
      place: 'orders-0',
      position,
      message: 100 + position,
      deliveryCount,
      until: fromMs(at + 30_000),
    },
  ];
  const letGo = (kind: 'released' | 'archived', at: number, position: number, why: string): Timed => [
    at,
    kind === 'released'
      ? { kind, node: 'broker-1', group: 'workers', place: 'orders-0', position, why }
      : {
          kind,
          node: 'broker-1',
          group: 'workers',
          place: 'orders-0',
          position,
          message: 100 + position,
          why,
        },
  ];
  const accepted = (at: number, client: string, position: number): Timed => [
    at,
    {
      kind: 'settled',
      client,
      group: 'workers',
      outcome: 'acked',
      place: 'orders-0',
      position,
      message: 100 + position,
    },
  ];
  const log = [three, ...[5, 6, 7, 8, 9].flatMap((position) => append(position)), highWatermark(10)];
  const held = [...log, acquired(20, 's1', 5), acquired(20, 's1', 6), acquired(20, 's2', 7)];
  const share = (events: readonly Timed[]) => viewOf(setting, events).shares[0]!;

  it('K-103: a record is acquired by one member, with a lock and a count', () => {
    const { partitions, members } = share(held);
    expect(partitions[0]).toMatchObject({
      start: 5,
      end: 8,
      counts: { available: 0, acquired: 3, done: 0 },
    });
    expect(partitions[0]!.records[0]).toEqual({
      position: 5,
      message: 105,
      key: 'A',
      state: 'acquired',
      deliveryCount: 1,
      holder: 's1',
      since: fromMs(20),
      until: fromMs(30_020),
      why: null,
    });
    expect(members).toMatchObject([
      { client: 's1', holding: 2, held: [{ position: 5 }, { position: 6 }] },
      { client: 's2', holding: 1, held: [{ position: 7 }] },
    ]);
  });

  it('K-105: the start moves over what is done, and over nothing else', () => {
    const behind = share([...held, accepted(21, 's1', 6)]);
    expect(behind.partitions[0]).toMatchObject({ start: 5, counts: { acquired: 2, done: 1 } });
    const moved = share([...held, accepted(21, 's1', 6), accepted(22, 's1', 5)]);
    expect(moved.partitions[0]).toMatchObject({ start: 7, end: 8, acknowledged: 2 });
    // What is done is shown for a while, before the window.
    expect(moved.partitions[0]!.records.map(({ position, state }) => `${position} ${state}`)).toEqual([
      '5 acknowledged',
      '6 acknowledged',
      '7 acquired',
    ]);
  });

  it('K-103: a record whose lock ran out may be acquired by another, and the late accept of the first counts nothing', () => {
    const events = [
      ...held,
      letGo('released', 30_020, 5, 'its lock has run out'),
      accepted(30_021, 's1', 5),
      acquired(30_030, 's2', 5, 2),
      accepted(30_031, 's1', 5),
    ];
    expect(share(events).partitions[0]!.records[0]).toMatchObject({
      state: 'acquired',
      holder: 's2',
      deliveryCount: 2,
    });
    expect(share(events).members).toMatchObject([{ holding: 1 }, { holding: 2 }]);
    expect(share(events).partitions[0]!.counts).toEqual({ available: 0, acquired: 3, done: 0 });
  });

  it('K-104: at the delivery limit it is archived, and the window goes on', () => {
    const { partitions, members } = share([...held, letGo('archived', 21, 5, 'delivered 5 times')]);
    expect(partitions[0]).toMatchObject({ start: 6, archived: 1 });
    expect(partitions[0]!.records[0]).toMatchObject({ state: 'archived', why: 'delivered 5 times' });
    expect(members[0]).toMatchObject({ holding: 1 });
  });

  it('K-102: has no owners; its lag counts from the start of the window', () => {
    const events: Timed[] = [
      ...held,
      ...['s1', 's2'].map((client): Timed => [
        21,
        {
          kind: 'assigned',
          client,
          group: 'workers',
          places: ['orders-0'],
          all: ['orders-0'],
          generation: 1,
        },
      ]),
    ];
    const view = viewOf(setting, events);
    expect(view.groups[0]).toMatchObject({ kind: 'share', lag: 5 });
    expect(partitionOf(view).readers[0]).toMatchObject({ owner: null, committed: 5, position: 8 });
  });

  it('shows no more of a window than a stage can draw, and counts all of it', () => {
    const many = Array.from({ length: 200 }, (_, i) => acquired(20, 's1', i));
    const [partition] = share([three, ...many]).partitions;
    expect(partition!.records).toHaveLength(SHARE_CELLS_MAX);
    expect(partition!.counts.acquired).toBe(200);
  });
});

describe('console', () => {
  const printed = (at: number, command: string, lines: string[], exit: number | null): Timed => [
    at,
    { kind: 'printed', client: 'console', command, lines, exit },
  ];

  it('keeps what tools printed with how they ended, and says which one runs', () => {
    expect(viewOf({}, []).console).toBeNull();
    const events = [
      printed(1, 'kafka-topics.sh --list', ['orders'], 0),
      printed(2, 'kafka-console-consumer.sh', ['a'], null),
      printed(3, 'kafka-console-consumer.sh', ['b'], null),
    ];
    const running = viewOf({}, events).console!;
    expect(running.running).toBe('kafka-console-consumer.sh');
    expect(running.outputs.map(({ lines, exit }) => [lines, exit])).toEqual([
      [['orders'], 0],
      [['a', 'b'], null],
    ]);
    const over = [
      ...events,
      printed(4, 'kafka-console-consumer.sh', ['Processed a total of 2 messages'], 130),
    ];
    expect(viewOf({}, over).console).toMatchObject({ running: null, outputs: [{}, { exit: 130 }] });
    // The same command once more is an output of its own.
    expect(viewOf({}, [...events.slice(0, 1), ...events.slice(0, 1)]).console!.outputs).toHaveLength(2);
  });

  it('keeps the newest lines and counts the rest', () => {
    const events = Array.from({ length: 30 }, (_, i) =>
      printed(
        i,
        `command ${i}`,
        Array.from({ length: 10 }, (_, line) => `${i}.${line}`),
        0,
      ),
    );
    const console = viewOf({}, events).console!;
    expect(console.outputs.flatMap(({ lines }) => lines)).toHaveLength(CONSOLE_LINES_MAX);
    expect(console.outputs[0]!.lines[0]).toBe('10.0');
    expect(console.dropped).toBe(100);
  });
});

it('leaves out what the stage does not draw', () => {
  const { replicas, logs, timelines, distribution } = viewOf({}, [three, ...append(0), confirm(0)]);
  expect([replicas, logs, timelines, distribution]).toEqual([null, null, null, null]);
});

it('is plain data, and once restored it is the same', () => {
  const fold = foldOf({ parts: ['replicas', 'log', 'timeline', 'distribution'] });
  for (const event of stamped([three, ...append(0), confirm(0), highWatermark(1)])) fold.on(event);
  const snapshot = new Snapshot(fold);
  const before = structuredClone(fold.view(1000));
  expect(fold.view(1000)).toEqual(before);
  for (const event of stamped([...append(1), [9, { kind: 'node-crashed', node: 'broker-1' }]]))
    fold.on(event);
  expect(fold.view(1000)).not.toEqual(before);
  snapshot.restore();
  expect(fold.view(1000)).toEqual(before);
});
