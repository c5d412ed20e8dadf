// The stages of distributions and share groups as geometry and words.
import { describe, expect, test } from 'vitest';
import type { Shape } from '../../src/widgets/experiment/drawing.ts';
import type { Box } from '../../src/widgets/experiment/kafka/cells/tracks.ts';
import { layOutDistribution } from '../../src/widgets/experiment/kafka/distribution/layout.ts';
import * as distribution from '../../src/widgets/experiment/kafka/distribution/words.ts';
import { layOutShares, shortened } from '../../src/widgets/experiment/kafka/shares/layout.ts';
import * as shares from '../../src/widgets/experiment/kafka/shares/words.ts';
import { LANES_MAX } from '../../src/widgets/experiment/kafka/words.ts';
import { distributionOf, distributionView, strategiesView } from './fixtures/experiment/distribution.ts';
import { member } from './fixtures/experiment/frames.ts';
import { SHARES_AT, sharesView } from './fixtures/experiment/shares.ts';

const shapes: Shape[] = ['wide', 'tall'];

function apart(boxes: readonly Box[], width: number, height: number): void {
  boxes.forEach((a, i) => {
    expect(a.x).toBeGreaterThanOrEqual(0);
    expect(a.x + a.width).toBeLessThanOrEqual(width);
    expect(a.y + a.height).toBeLessThanOrEqual(height);
    for (const b of boxes.slice(i + 1)) {
      expect(
        a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y,
      ).toBe(true);
    }
  });
}

describe.each(shapes)('the %s drawing of a distribution', (shape) => {
  test.each([1, 3, 12, 40])('of %i partitions keeps everything inside, and apart', (n) => {
    const topic = distributionOf(
      'orders',
      Array.from({ length: n }, (_, i) => ({ keys: { [`k${i}`]: 5 + i, same: 4 }, keyless: i })),
      ['a', 'b', 'c', 'd', 'e', 'f'],
    );
    const { topics, width, height } = layOutDistribution(distributionView([topic, topic]), shape);
    const lanes = topics.flatMap((one) => one.lanes);
    expect(lanes).toHaveLength(2 * Math.min(n, LANES_MAX));
    apart([...lanes, ...topics.flatMap(({ callout }) => (callout ? [callout] : []))], width, height);
    for (const lane of lanes) {
      for (const part of [...lane.pieces, ...lane.strips]) {
        expect(part.x).toBeGreaterThanOrEqual(lane.bar.x - 0.001);
        expect(part.x + part.width).toBeLessThanOrEqual(lane.bar.x + lane.bar.width + 0.001);
        expect(part.y + part.height).toBeLessThanOrEqual(lane.y + lane.height);
      }
      expect(lane.amount.x + lane.amount.text.length * 5.5).toBeLessThanOrEqual(width);
      for (const { x } of [...lane.cells, lane.next]) {
        expect(x + lane.cellSize).toBeLessThanOrEqual(lane.x + lane.width);
      }
    }
  });

  test('bars of all topics are to one scale, and as long as the shares are large', () => {
    const { topics } = layOutDistribution(strategiesView(), shape);
    const scales = topics.flatMap(({ lanes }, t) => {
      const view = strategiesView().distribution![t]!;
      return lanes.map(({ bar, partition }) => bar.width / distribution.shareOf(partition, view));
    });
    for (const scale of scales) expect(scale).toBeCloseTo(scales[0]!);
  });

  test('only the partition that is hot is drawn hot, and the line of an even spread is where a third ends', () => {
    const [byKey, roundRobin] = layOutDistribution(strategiesView(), shape).topics;
    expect(byKey?.lanes.map(({ hot }) => hot)).toEqual([false, true, false]);
    expect(byKey?.lanes[1]?.heat?.text).toMatch(/^hot: 2\.1 × /);
    const third = roundRobin?.lanes[0];
    expect(third?.even).toBeCloseTo(third!.bar.x + third!.bar.width * (1 / 3 / (28 / 83)));
  });

  test('a record of a key that lies in several partitions is marked, and says so', () => {
    const grown = layOutDistribution(strategiesView(), shape).topics[2];
    const marked = grown?.lanes[0]?.cells.filter(({ split }) => split) ?? [];
    expect(marked.length).toBeGreaterThan(0);
    expect(marked.every(({ cell }) => cell.key === 'B')).toBe(true);
    expect(marked[0]?.words).toContain('key B, a key that lies in other partitions too');
    expect(grown?.split.map(({ entry }) => entry.key)).toEqual(['B', 'D']);
  });
});

describe('a distribution in words', () => {
  test('tells shares, heat, keys, producers, and whose order is lost', () => {
    const words = distribution.summary(strategiesView());
    expect(words).toContain('Topic by-key, written by Service A: 83 records · an even share is 33 %. ');
    expect(words).toContain('P1 has 58 records, 70 %; hot: 2.1 × an even share; by key: A 52, C 6. ');
    expect(words).toContain('P0 has 28 records, 34 %; 28 without a key. ');
    expect(words).toContain('by producer: Service C 17, Service D 8');
    expect(words).toContain('Key B is in P0 and P3: its order is nobody’s promise now');
  });

  test('few records are not called hot, whatever their spread', () => {
    const few = distributionOf('orders', [{ keys: { A: 4 } }, { keys: {} }]);
    expect(distribution.isHot(few.partitions[0]!, few)).toBe(false);
    const one = distributionOf('orders', [{ keys: { A: 40 } }]);
    expect(distribution.isHot(one.partitions[0]!, one)).toBe(false);
  });

  test('a share that rounds to nothing is not nothing', () => {
    expect([0, 0.004, 0.333].map(distribution.percentWords)).toEqual(['0 %', '< 1 %', '33 %']);
  });

  test('a key in almost all partitions is told by their number', () => {
    const places = Array.from({ length: 6 }, (_, i) => `orders-${i}`);
    expect(distribution.splitWords({ key: 'A', places })).toBe('Key A is in 6 partitions');
    expect(distribution.splitWords({ key: 'A', places: ['o-3', 'o-1', 'o-10'] })).toBe(
      'Key A is in P1, P3 and P10',
    );
  });
});

describe.each(shapes)('the %s drawing of share groups', (shape) => {
  test.each([1, 3, 8])('with %i members keeps everything inside, and apart', (n) => {
    const base = sharesView();
    const groups = base.groups.map((group) => ({
      ...group,
      members: Array.from({ length: n }, (_, i) => member(`${group.id}-${i}`, [])),
    }));
    const { bands, width, height } = layOutShares({ ...base, groups }, SHARES_AT, shape);
    apart(
      bands.flatMap(({ lanes, members }) => [...lanes, ...members]),
      width,
      height,
    );
    for (const lane of bands.flatMap(({ lanes }) => lanes)) {
      for (const { x } of lane.cells) expect(x + lane.cellSize).toBeLessThanOrEqual(lane.x + lane.width);
    }
  });

  test('the share group comes first, and offsets stand beneath offsets', () => {
    const [workers, billing] = layOutShares(sharesView(), SHARES_AT, shape).bands;
    expect([workers?.group.id, billing?.group.id]).toEqual(['workers', 'billing']);
    const xs = (band: typeof workers) => band?.lanes[0]?.cells.map(({ position, x }) => [position, x]);
    expect(xs(billing)).toEqual(xs(workers));
  });

  test('K-105: the window is drawn from SPSO to SPEO', () => {
    const lane = layOutShares(sharesView(), SHARES_AT, shape).bands[0]!.lanes[0]!;
    const seven = lane.cells.find(({ position }) => position === 7)!;
    expect(lane.window!.x).toBeLessThan(seven.x);
    expect(lane.window!.x).toBeGreaterThan(seven.x - lane.cellSize / 2);
    expect(lane.edges.map(({ text }) => text.slice(0, 7))).toEqual(['SPSO 7', 'SPEO 14']);
  });

  test('K-103: each record shows its state, who holds it, and what is left of its lock', () => {
    const lane = layOutShares(sharesView(), SHARES_AT, shape).bands[0]!.lanes[0]!;
    const cell = (position: number) => lane.cells.find((one) => one.position === position)!;
    expect([4, 5, 7, 10].map((at) => cell(at).state)).toEqual([
      'acknowledged',
      'archived',
      'acquired',
      'available',
    ]);
    expect(cell(8).lock).toBe(1);
    expect(cell(7).lock).toBeCloseTo(1 / 5);
    expect(cell(7).words).toBe(
      'P0 offset 7, key E, held by Worker 1, its lock ends in 6.0 s, delivered once',
    );
    expect(cell(10)).toMatchObject({ deliveries: 2, lock: null });
    expect(cell(10).words).toBe('P0 offset 10, key A, available: released, delivered 2 times');
    const runs = lane.runs.map(({ client, label }) => `${client} ${label}`);
    expect(runs.slice(0, 2)).toEqual(['worker-1 Worker 1', 'worker-2 W2']);
  });

  test('a lock that ran out has nothing left', () => {
    const lane = layOutShares(sharesView(), SHARES_AT + 60_000_000, shape).bands[0]!.lanes[0]!;
    expect(lane.cells.filter(({ lock }) => lock !== null).every(({ lock }) => lock === 0)).toBe(true);
  });

  test('a window that is longer than the tape stays open', () => {
    const base = sharesView();
    const [group] = base.shares;
    const [own] = group!.partitions;
    const long = { ...own!, end: 400 };
    const [topic] = base.topics;
    const view = {
      ...base,
      topics: [{ ...topic!, partitions: [{ ...topic!.partitions[0]!, logEnd: 400 }] }],
      shares: [{ ...group!, partitions: [long] }],
    };
    const lane = layOutShares(view, SHARES_AT, shape).bands[0]!.lanes[0]!;
    expect(lane.window?.open).toBe(true);
    expect(lane.window!.x + lane.window!.width).toBeLessThanOrEqual(lane.x + lane.width);
    expect(lane.edges.at(-1)?.text).toBe('SPEO 399 →');
  });
});

test('three workers have a wire each to one partition; of three consumers one has', () => {
  const [workers, billing] = layOutShares(sharesView(), SHARES_AT, 'wide').bands;
  expect(workers?.wires.map(({ busy }) => busy)).toEqual([true, true, true]);
  expect(billing?.wires.map(({ id }) => id)).toEqual(['orders-0>c0']);
});

test('share groups in words name the window, who holds what, and the readers beside them', () => {
  const words = shares.summary(sharesView());
  expect(words).toContain(
    'Share group workers is Stable: 1 partition, 3 workers: all 3 hold records of their own. ' +
      'P0, window from 7 to 14: 6 held, 1 free again, 7 done, 1 given up. ' +
      'Worker 1 holds 7, 8, 11 (delivered 2 times). Worker 2 holds 9, 14. Worker 3 holds 12. ' +
      'Available again: 10 (delivered 2 times). Archived: 5 (delivered 5 times). ' +
      'Worker 1: holds 3, Worker 2: holds 2 and Worker 3: holds 1. ',
  );
  expect(words).toContain(
    'Consumer group billing is Stable: 1 partition, 3 members: 2 have nothing to do. ' +
      'P0 is read by C0, committed 5, lag 15, position 8. C0: P0, C1: idle: no partition and C2: idle: no partition.',
  );
});

test('K-103: whoever crashed keeps its locks, and no worker is counted who is not there', () => {
  const base = sharesView();
  const [workers] = base.groups.filter(({ kind }) => kind === 'share');
  const members = workers!.members.map((one, i) =>
    i === 1 ? { ...one, state: 'crashed' as const, since: 9_200_000 } : one,
  );
  const group = { ...workers!, members };
  expect(shares.bandWords(group, base.shares[0], 1)).toBe(
    '1 partition, 2 workers: both hold records of their own; Worker 2 still has locks',
  );
  expect(shares.workerWords(group, 'worker-2', 2)).toMatchObject({
    note: 'crashed at 9.2 s · holds 2',
    tone: 'fault',
  });
});

test('before anything was acquired, and with nobody there, it says so', () => {
  const base = sharesView();
  const empty = {
    ...base,
    shares: [],
    groups: base.groups.map((group) => ({ ...group, members: [] })),
  };
  expect(shares.summary(empty)).toContain(
    '1 partition, nobody to work. P0: nothing acquired yet. No members',
  );
  expect(shares.summary({ ...empty, groups: [] })).toBe('No group yet.');
});

test('a name that has no room becomes its letter and number', () => {
  expect([shortened('Worker 1', 60), shortened('Worker 12', 20), shortened('Ann', 10)]).toEqual([
    'Worker 1',
    'W12',
    'A',
  ]);
});
