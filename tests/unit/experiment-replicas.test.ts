// The stage of replicas as geometry and words.
import { describe, expect, test } from 'vitest';
import type { Shape } from '../../src/widgets/experiment/drawing.ts';
import { COPIED_MAX, layOutReplicas } from '../../src/widgets/experiment/kafka/replicas/layout.ts';
import {
  copyWords,
  nodeNotes,
  statusWords,
  summary,
} from '../../src/widgets/experiment/kafka/replicas/words.ts';
import { neighbour } from '../../src/widgets/experiment/kafka/cells/spots.ts';
import { crashView } from './fixtures/experiment/frames.ts';
import {
  cluster,
  healthy,
  lost,
  node,
  parted,
  replica,
  replicated,
  underMin,
} from './fixtures/experiment/replicas.ts';

const AT = 16_500_000;
const shapes: Shape[] = ['wide', 'tall'];

describe.each(shapes)('the %s drawing', (shape) => {
  test.each([
    [0, 1],
    [1, 1],
    [1, 3],
    [2, 3],
    [3, 3],
    [6, 5],
    [24, 7],
  ])('of %i partitions on %i brokers keeps everything inside, and apart', (partitions, brokers) => {
    const picture = layOutReplicas(cluster(partitions, brokers), AT, shape);
    expect(picture.nodes).toHaveLength(brokers);
    const shown = Math.min(partitions, COPIED_MAX[shape]);
    expect(picture.lanes).toHaveLength(shown * Math.min(3, brokers));
    expect(picture.more?.count ?? 0).toBe(partitions - shown);
    const boxes = [...picture.producers, ...picture.nodes, ...picture.lanes, ...picture.lost];
    for (const box of boxes) {
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(picture.width);
      expect(box.y + box.height).toBeLessThanOrEqual(picture.height);
    }
    boxes.forEach((a, i) => {
      for (const b of boxes.slice(i + 1)) {
        const apart =
          a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
        expect(apart).toBe(true);
      }
    });
    for (const lane of picture.lanes) {
      expect(lane.cells.length).toBeGreaterThan(4);
      for (const { x } of [...lane.cells, ...(lane.next ? [lane.next] : [])]) {
        expect(x).toBeGreaterThanOrEqual(lane.x);
        expect(x + picture.cell).toBeLessThanOrEqual(lane.x + lane.width);
      }
      expect(lane.highWatermarkX ?? 0).toBeLessThanOrEqual(lane.x + lane.width);
    }
    const ids = [...picture.lanes, ...picture.lost].flatMap(({ cells }) => cells.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('one offset has one x, in every copy and among what is lost', () => {
    const picture = layOutReplicas(parted(), AT, shape);
    const xs = new Map<number, Set<number>>();
    const note = (position: number, x: number) => xs.set(position, (xs.get(position) ?? new Set()).add(x));
    for (const lane of picture.lanes) {
      for (const { cell, x } of [...lane.cells, ...lane.falling]) note(cell.position, x);
    }
    for (const { cells } of picture.lost) for (const { cell, x } of cells) note(cell.position, x);
    expect([...xs.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const at of xs.values()) expect(at.size).toBe(1);
  });

  test('what was cut off falls as time goes on', () => {
    const fallen = (at: number) =>
      layOutReplicas(parted(), at, shape)
        .lanes.flatMap(({ falling }) => falling)
        .map((cell) => cell.fallen);
    expect(fallen(15_000_000)).toEqual([0, 0]);
    expect(fallen(17_000_000)).toEqual([0.5, 0.5]);
    expect(fallen(19_000_000)).toEqual([1, 1]);
  });

  test('the leader’s end stays in view, however far beyond it another copy goes', () => {
    const far = replicated(0, [
      replica(1, 'ABCABCABCABC', { from: 0 }),
      replica(2, 'ABCABCABCABC', { from: 188, role: 'follower' }),
    ]);
    const [leader, other] = layOutReplicas({ ...cluster(1, 2), replicas: [far] }, AT, shape).lanes;
    expect(leader?.next).not.toBeNull();
    expect(other?.note).toBe('to 200 ›');
  });

  test('a copy goes from the leader’s offset straight to the follower’s', () => {
    const at = (now: number) =>
      layOutReplicas(healthy(), now, shape).tokens.find(({ id }) => id.includes('broker-3'));
    const { lanes } = layOutReplicas(healthy(), AT, shape);
    const from = lanes
      .find(({ id }) => id === 'broker-1@orders-0')
      ?.cells.find(({ cell }) => cell.position === 7);
    const to = lanes.find(({ id }) => id === 'broker-3@orders-0')?.next;
    expect(at(16_400_000)?.y).toBeCloseTo((from?.y ?? 0) + 0.5);
    expect(at(16_600_000)?.y).toBeCloseTo((to?.y ?? 0) + 0.5);
    expect(at(16_500_000)?.x).toBeCloseTo((to?.x ?? 0) + 0.5);
  });

  test('what was lost long ago is still shown, side by side, and a high watermark before the window is not', () => {
    const old = replicated(
      0,
      [replica(1, 'ABCABCABC', { from: 191 }), replica(2, 'AB', { role: 'follower', inIsr: false })],
      { lost: [lost(40, 'A'), lost(50, 'B')], lostTotal: 9 },
    );
    const picture = layOutReplicas({ ...cluster(1, 2), replicas: [old] }, AT, shape);
    const [lane] = picture.lost;
    expect(lane?.caption).toBe('P0 9 records, the last at offset 50');
    expect(lane?.cells.map(({ cell }) => cell.position)).toEqual([40, 50]);
    expect(lane!.cells[1]!.x - lane!.cells[0]!.x).toBeGreaterThanOrEqual(picture.cell);
    expect(picture.lanes.map(({ highWatermarkX }) => highWatermarkX === null)).toEqual([false, true]);
    expect(picture.lanes[1]?.note).toBe('‹ ends at 2');
  });

  test('who is waited for is marked', () => {
    const awaited = layOutReplicas(healthy(), AT, shape).lanes.filter((lane) => lane.awaited);
    expect(awaited.map(({ replica: { node: name } }) => name)).toEqual(['broker-3']);
  });

  test('without the part there is nothing to draw, and no harm', () => {
    expect(layOutReplicas(crashView(), AT, shape).lanes).toEqual([]);
  });

  test('arrow keys go along a copy, and to the same offset of the next one', () => {
    const { lanes } = layOutReplicas(healthy(), AT, shape);
    const rows = lanes.map(({ cells }) => cells);
    expect(neighbour(rows, 'broker-1@orders-0@3', 'ArrowDown')?.id).toBe('broker-2@orders-0@3');
    expect(neighbour(rows, 'broker-1@orders-0@8', 'ArrowDown')?.id).toBe('broker-2@orders-0@7');
    expect(neighbour(rows, 'broker-1@orders-0@3', 'ArrowRight')?.id).toBe('broker-1@orders-0@4');
  });
});

describe('its words', () => {
  test('K-57: too few in sync comes before all else that can be said', () => {
    expect(statusWords(underMin().replicas![0]!)).toMatchObject({
      tone: 'fault',
      texts: expect.arrayContaining(['1 in sync of at least 2: acks=all is refused']) as unknown,
    });
  });

  test('K-52: says whom the high watermark waits for', () => {
    expect(statusWords(healthy().replicas![0]!).texts[0]).toBe('offset 7 waits for broker 3');
  });

  test('nobody leads: since when', () => {
    const none = replicated(0, [replica(1, 'AB', { role: 'follower' })], {
      election: { at: 9_300_000, node: null, clean: true, why: 'none is left' },
    });
    expect(statusWords(none)).toMatchObject({ tone: 'fault' });
    expect(statusWords(none).texts[1]).toBe('no leader since 9.3 s');
  });

  test('K-65: a broker that has crashed is not noticed until it is fenced', () => {
    expect(nodeNotes(node(1, { state: 'crashed', since: 9_200_000 }), 0)).toEqual([
      'crashed at 9.2 s',
      'not noticed yet',
    ]);
    expect(nodeNotes(node(1, { state: 'crashed', fenced: true, since: 18_200_000 }), 0)).toEqual([
      'crashed',
      'fenced at 18.2 s',
    ]);
  });

  test('of each copy say whether it is in the ISR, and how far it is', () => {
    const [partition] = parted().replicas!;
    expect(partition!.replicas.map((each) => copyWords(partition!, each)[0])).toEqual([
      'out of sync, 3 not the leader’s',
      'leader, epoch 1',
      'in sync, 2 behind',
    ]);
  });

  test('the whole names leader, ISR, every copy, what was cut off and what is lost', () => {
    const words = summary(parted());
    for (const part of [
      'orders-0, led by broker 2 in epoch 1, ISR 2 and 3, at least 2',
      'broker 1 out of sync, log end 9, 3 of them not the leader’s, high watermark 6',
      'just cut off 6 to 7',
      'Confirmed, and gone: 2 records: offsets 6 to 7',
      'Service A: 15 of 16 confirmed',
      'Controller is up',
    ])
      expect(words).toContain(part);
    expect(summary(underMin())).toContain('Broker 2 crashed at 9.2 s, not noticed yet');
  });

  test('more lost than are listed are counted', () => {
    const many = replicated(0, [replica(1, 'AB')], { lost: [lost(40, 'A')], lostTotal: 66 });
    expect(summary({ ...parted(), replicas: [many] })).toContain(
      'Confirmed, and gone: 66 records, the last at offset 40.',
    );
  });
});
