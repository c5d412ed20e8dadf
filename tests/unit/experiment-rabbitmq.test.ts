// RabbitMQ's stages as geometry and words: what is drawn where, for how many, and what is said for those who cannot see it.
import { describe, expect, test } from 'vitest';
import type { RabbitmqView } from '../../src/brokers/rabbitmq/view-types.ts';
import type { Shape } from '../../src/widgets/experiment/drawing.ts';
import { layOutQueues, type QueuesPicture } from '../../src/widgets/experiment/rabbitmq/queues/layout.ts';
import { CELL } from '../../src/widgets/experiment/rabbitmq/queues/lane.ts';
import { SLOT } from '../../src/widgets/experiment/rabbitmq/queues/boxes.ts';
import { layOutQuorum } from '../../src/widgets/experiment/rabbitmq/quorum/layout.ts';
import { summary as quorumSummary } from '../../src/widgets/experiment/rabbitmq/quorum/words.ts';
import { layOutRouting } from '../../src/widgets/experiment/rabbitmq/routing/layout.ts';
import { summary as routingSummary } from '../../src/widgets/experiment/rabbitmq/routing/words.ts';
import { DRAWN, summary } from '../../src/widgets/experiment/rabbitmq/words.ts';
import { fromMs } from '../../src/sim/time.ts';
import { benchView, clusterView, crowdedView, fastView, workView } from './fixtures/experiment/rabbitmq.ts';

const shapes: Shape[] = ['wide', 'tall'];

interface Boxed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function inside(boxes: readonly Boxed[], { width, height }: { width: number; height: number }): void {
  for (const box of boxes) {
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.y).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(width);
    expect(box.y + box.height).toBeLessThanOrEqual(height);
  }
}

function apart(boxes: readonly Boxed[]): void {
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(i + 1)) {
      const free =
        a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      expect(free, `${JSON.stringify(a)} and ${JSON.stringify(b)}`).toBe(true);
    }
  });
}

const outline = ({ x, y, width, height }: Boxed): Boxed => ({ x, y, width, height });
const squares = (points: readonly { x: number; y: number }[], size: number): Boxed[] =>
  points.map(({ x, y }) => ({ x, y, width: size, height: size }));

/** Every point that a path names lies in the drawing. */
function pathInside(d: string, { width, height }: { width: number; height: number }): void {
  let x = 0;
  let y = 0;
  for (const [, letter, rest] of d.matchAll(/([MLQCHV])([^MLQCHV]*)/g)) {
    const numbers = (rest ?? '')
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    if (letter === 'H') x = numbers[0] ?? 0;
    else if (letter === 'V') y = numbers[0] ?? 0;
    else [x = 0, y = 0] = numbers.slice(-2);
    expect(x, d).toBeGreaterThanOrEqual(0);
    expect(x, d).toBeLessThanOrEqual(width);
    expect(y, d).toBeGreaterThanOrEqual(0);
    expect(y, d).toBeLessThanOrEqual(height);
  }
}

function boxesOf({ publishers, exchanges, lanes, consumers }: QueuesPicture): Boxed[] {
  return [...publishers, ...exchanges, ...lanes, ...consumers].map(outline);
}

describe.each(shapes)('queues, %s', (shape) => {
  test.each([
    [1, 1, 1, 0],
    [1, 1, 1, 1],
    [2, 2, 3, 4],
    [6, 6, 8, 8],
    [9, 9, 12, 14],
  ])('%i publishers, %i exchanges, %i queues and %i consumers are inside, and apart', (...sizes) => {
    const view = crowdedView(...sizes);
    const picture = layOutQueues(view, fromMs(400), shape);
    inside(boxesOf(picture), picture);
    apart(boxesOf(picture));
    for (const { d } of picture.tracks) pathInside(d, picture);
    for (const lane of picture.lanes) {
      const cells = [...squares(lane.cells, CELL), ...squares(lane.empties, CELL)];
      apart(cells);
      for (const cell of cells) {
        expect(cell.x).toBeGreaterThanOrEqual(lane.x);
        expect(cell.x + CELL).toBeLessThanOrEqual(lane.x + lane.width);
      }
    }
    for (const box of picture.consumers) {
      const slots = squares(box.slots, SLOT);
      apart(slots);
      for (const slot of slots) {
        expect(slot.x + SLOT).toBeLessThanOrEqual(box.x + box.width);
        expect(slot.y + SLOT).toBeLessThanOrEqual(box.y + box.height);
      }
    }
    for (const { label } of picture.tracks) if (label) expect(label.x).toBeLessThan(picture.width - 60);
  });

  test('says how many found no room', () => {
    const picture = layOutQueues(crowdedView(9, 9, 12, 14), 0, shape);
    expect(picture.lanes).toHaveLength(DRAWN.queues);
    expect(picture.consumers).toHaveLength(DRAWN.consumers);
    expect(picture.hidden?.text).toBe(
      'and 3 more publishers, 3 more exchanges, 4 more queues, 6 more consumers',
    );
  });

  test('the head of a queue is at its right end, and what came back is ringed', () => {
    const { lanes } = layOutQueues(workView(), fromMs(2600), shape);
    const [billing] = lanes;
    const cells = billing?.cells ?? [];
    expect(cells.map(({ cell }) => cell.key)).toEqual([...'CBADECD']);
    expect(cells.map(({ x }) => x)).toEqual(cells.map(({ x }) => x).sort((a, b) => a - b));
    expect(cells.at(-1)?.again).toBe(true);
    expect(cells.at(-1)?.words).toContain('billing, at the head');
  });

  test('what a consumer owes stands in its slots, the rest of its prefetch is free', () => {
    const { consumers } = layOutQueues(workView(), fromMs(2600), shape);
    const slots = consumers.map(({ consumer, slots: all }) => [
      consumer.id,
      all.map(({ held }) => held?.at ?? 'free'),
    ]);
    expect(slots).toEqual([
      ['worker-1', ['work', 'library', 'wire']],
      ['worker-2', []],
      ['auditor', ['done']],
    ]);
  });

  test('what died is crossed, with the reason of the newest', () => {
    const { lanes, tracks } = layOutQueues(workView(), fromMs(2600), shape);
    expect(lanes[0]?.fates.map(({ fate }) => fate.reason)).toEqual(['expired']);
    expect(lanes[0]?.fateWord?.text).toBe('expired');
    expect(lanes[2]?.cells[0]?.cell.died).toBe('expired');
    expect(tracks.filter(({ role }) => role === 'dead')).toHaveLength(1);
  });

  test('where too much goes along a way it is drawn as flow, and no message by itself', () => {
    const { tracks, tokens } = layOutQueues(fastView(), fromMs(1000), shape);
    const way = (role: string) => tracks.filter((track) => track.role === role).map(({ flow }) => flow);
    expect(way('producer')).toEqual([2.5]);
    expect(way('broker')).toEqual([2.5]);
    expect(way('consumer')).toEqual([2.5]);
    expect(tokens).toEqual([]);
  });

  test('what travels is where it is at that moment, and behind a cut link stays near its sender', () => {
    const view = workView();
    const token = (now: number) => layOutQueues(view, now, shape).tokens.find(({ keys }) => keys[0] === 'F');
    const [early, late] = [token(fromMs(2610)), token(fromMs(2700))];
    expect(early).toBeDefined();
    expect([early?.x, early?.y]).not.toEqual([late?.x, late?.y]);
    const held: RabbitmqView = {
      ...view,
      travels: view.travels.map((travel) => ({ ...travel, arrivesAt: null })),
    };
    const at = (now: number) => layOutQueues(held, now, shape).tokens.find(({ keys }) => keys[0] === 'F');
    expect(at(fromMs(3000))).toEqual(at(fromMs(90_000)));
    expect(at(fromMs(3000))?.held).toBe(true);
  });
});

describe.each(shapes)('routing, %s', (shape) => {
  test.each(['orders.eu.created', '', 'a.b.c.d.e.f.g.h.i.j.k', 'x'.repeat(200)])(
    'with the key "%s" everything is inside, and apart',
    (key) => {
      const picture = layOutRouting(benchView(key), shape);
      const rows = picture.blocks.flatMap((block) => block.rows);
      const boxes = [...rows, ...picture.queues].map(outline);
      inside([...boxes, ...(picture.message ? [outline(picture.message)] : [])], picture);
      apart(boxes);
      for (const { d } of picture.tracks) pathInside(d, picture);
      for (const { match, x, width, matchX } of rows)
        for (const word of [...match.asks, ...match.has]) {
          expect(matchX + word.x).toBeGreaterThanOrEqual(x);
          expect(matchX + word.x + word.width).toBeLessThanOrEqual(x + width);
        }
    },
  );

  test('R-15 words of the key stand under the words of the binding that took them', () => {
    const picture = layOutRouting(benchView('orders.eu.created'), shape);
    const row = picture.blocks[0]?.rows[0];
    expect(row?.binding.routingKey).toBe('orders.#');
    const { asks = [], has = [] } = row?.match ?? {};
    expect(asks.map(({ text, fate }) => [text, fate])).toEqual([
      ['orders', 'matched'],
      ['#', 'matched'],
    ]);
    expect(has.map(({ text }) => text)).toEqual(['orders', 'eu', 'created']);
    expect(has[0]?.x).toBe(asks[0]?.x);
    expect(has[1]?.x).toBe(asks[1]?.x);
    // The # is as wide as all that it took.
    expect((has[2]?.x ?? 0) + (has[2]?.width ?? 0)).toBeCloseTo((asks[1]?.x ?? 0) + (asks[1]?.width ?? 0));
  });

  test('a word that does not match ends the match, and what it met is red', () => {
    const row = layOutRouting(benchView('refunds.eu'), shape).blocks[0]?.rows[0];
    expect(row?.match.asks.map(({ text, fate }) => [text, fate])).toEqual([
      ['orders', 'failed'],
      ['#', 'idle'],
    ]);
    expect(row?.why).toBe('"orders" is not "refunds"');
  });

  test('a queue has one copy, however many of its bindings match', () => {
    const { queues, outcome } = layOutRouting(benchView('orders.eu.created'), shape);
    expect(queues.filter(({ copied }) => copied).map(({ queue }) => queue.name)).toEqual(['all', 'pdf']);
    expect(outcome?.text).toBe('2 copies: all, pdf');
  });
});

describe.each(shapes)('quorum, %s', (shape) => {
  test.each([1, 2, 4])('%i queues on three nodes are inside, and apart', (queues) => {
    const picture = layOutQuorum(clusterView(queues), fromMs(3000), shape);
    const boxes = [...picture.publishers, ...picture.lanes, ...picture.consumers].map(outline);
    inside([...boxes, ...picture.nodes.map(outline)], picture);
    apart([...boxes, ...picture.nodes.map(outline)]);
    for (const { d } of picture.tracks) pathInside(d, picture);
    for (const lane of picture.lanes) {
      const cells = [...squares(lane.cells, 20), ...squares(lane.missing, 20)];
      apart(cells);
      for (const { x } of cells) {
        expect(x).toBeGreaterThanOrEqual(lane.x);
        expect(x + 20).toBeLessThanOrEqual(lane.x + lane.width);
      }
    }
  });

  test('one entry has one x in all replicas, and the committed ones end at one line', () => {
    const { lanes, commits } = layOutQuorum(clusterView(1), fromMs(3000), shape);
    const [leader, follower] = lanes;
    const x = (lane: typeof leader, index: number) =>
      lane?.cells.find(({ entry }) => entry.index === index)?.x;
    expect(x(leader, 1)).toBe(x(follower, 1));
    expect(new Set(commits.map((line) => line.x)).size).toBe(1);
    expect(commits[0]?.x).toBeGreaterThan(x(leader, 1) ?? Infinity);
    expect(commits[0]?.x).toBeLessThan(x(leader, 2) ?? 0);
    expect(lanes[2]?.missing.length).toBeGreaterThan(0);
  });
});

describe('in words', () => {
  test('queues: every publisher, exchange, queue and consumer is told of', () => {
    expect(summary(workView())).toBe(
      'Shop has sent 13 to orders, 1 unconfirmed; Backoffice has sent 1 to orders, 1 unconfirmed. ' +
        'Exchange orders, topic: billing by order.*.paid (12), audit by order.# (12), audit by refund.# (0). ' +
        'Exchange dlx, fanout: dead (1). ' +
        'Queue billing (quorum): 7 ready, 3 owed by consumers, 1 dead-lettered. ' +
        'Queue audit: 8 ready, 1 owed by consumers. Queue dead: 1 ready, 0 owed by consumers. ' +
        'Worker 1 of billing: owes 3 of 3, 1 processed. Worker 2: crashed at 2.2 s, 0 processed. ' +
        'Auditor of audit: owes 1 · no limit, 4 processed.',
    );
  });

  test('routing: each verdict with its reason', () => {
    const words = routingSummary(benchView('orders.eu.created'));
    expect(words).toContain('routing key orders.eu.created: 2 copies: all, pdf.');
    expect(words).toContain('all by orders.# matches (every word is matched)');
    expect(words).toContain('pdf by any: format=pdf, n=1 matches');
    expect(routingSummary(benchView(null))).toContain(
      'Nothing has been published yet. Further bindings: events to all',
    );
  });

  test('quorum: who leads, what each replica has, and what is committed', () => {
    const words = quorumSummary(clusterView(1));
    expect(words).toContain(
      'Queue jobs-0 (quorum), led by node 1 in term 1, 3 of 3 replicas in touch, 2 of them committed',
    );
    expect(words).toContain('Node 3: follower, 2 behind, 1 message in its log');
  });
});
