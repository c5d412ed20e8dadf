// The Kafka stage as geometry and words: what is drawn where, for how many, and what is said for those who cannot see it.
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { kafkaClient } from '../../src/brokers/kafka/client-config.ts';
import type { Shape } from '../../src/widgets/experiment/drawing.ts';
import { layOut } from '../../src/widgets/experiment/kafka/layout.ts';
import { LANES_MAX, summary } from '../../src/widgets/experiment/kafka/words.ts';
import { controlsFor } from '../../src/widgets/experiment/kafka/controls.ts';
import { parseActions } from '../../src/scenarios/schema.ts';
import { keyLook } from '../../src/widgets/experiment/kafka/look.ts';
import type { KafkaView } from '../../src/brokers/kafka/view-types.ts';
import { crashView, member, partition } from './fixtures/experiment/frames.ts';

const AT = 16_500_000;
const shapes: Shape[] = ['wide', 'tall'];

/** A topic of so many partitions, a group of so many members. */
function view(partitions: number, members: number): KafkaView {
  const base = crashView();
  const group = base.groups[0];
  if (!group) throw new Error('the fixture has a group');
  return {
    ...base,
    topics: [
      {
        name: 'orders',
        partitions: Array.from({ length: partitions }, (_, i) =>
          partition(i, 'AABBCCDDEEFFAABBCCDDEEFF', `c${i % members}`, 10, 14),
        ),
      },
    ],
    groups: [{ ...group, members: Array.from({ length: members }, (_, i) => member(`c${i}`, [])) }],
    travels: [],
  };
}

describe.each(shapes)('the %s drawing', (shape) => {
  test.each([
    [1, 1],
    [3, 3],
    [6, 5],
    [12, 8],
    [40, 2],
  ])('of %i partitions and %i consumers keeps everything inside, and apart', (partitions, members) => {
    const picture = layOut(view(partitions, members), AT, shape);
    const lanes = picture.topics.flatMap((topic) => topic.lanes);
    const boxes = [...picture.producers, ...lanes, ...picture.groups.flatMap((group) => group.members)];
    expect(lanes).toHaveLength(Math.min(partitions, LANES_MAX));
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
    for (const lane of lanes) {
      for (const { x } of [...lane.cells, lane.next]) {
        expect(x).toBeGreaterThanOrEqual(lane.x);
        expect(x + lane.cellSize).toBeLessThanOrEqual(lane.x + lane.width);
      }
    }
  });

  test('shows the newest records, with the free place after them', () => {
    const [topic] = layOut(view(1, 1), AT, shape).topics;
    const [lane] = topic?.lanes ?? [];
    const shown = lane?.cells.map(({ cell }) => cell.position) ?? [];
    expect(shown.at(-1)).toBe(23);
    expect(shown.length).toBeGreaterThanOrEqual(8);
    expect(lane?.hidden).toBe(24 - shown.length);
    expect(lane?.next.x).toBeGreaterThan(lane?.cells.at(-1)?.x ?? 0);
  });

  test('a committed offset that lies before the cells is told with its number', () => {
    const base = view(1, 1);
    const far = partition(0, 'AABBCCDDEEFFAABBCCDDEEFF', 'c0', 1, 20);
    const [lane] =
      layOut({ ...base, topics: [{ name: 'orders', partitions: [far] }] }, AT, shape).topics[0]?.lanes ?? [];
    const caret = lane?.rows[0]?.carets.find(({ kind }) => kind === 'committed');
    expect(caret).toMatchObject({ before: true, label: { text: 'committed 1' } });
  });

  test.each([
    [24, 1],
    [24, 24],
    [23, 1],
    [20, 3],
    [24, 20],
    [2, 1],
  ])(
    'with the position %i and %i committed the lag is written over no caret, and over no word',
    (position, committed) => {
      const base = view(1, 1);
      const one = partition(0, 'AABBCCDDEEFFAABBCCDDEEFF', 'c0', committed, position);
      const [lane] =
        layOut({ ...base, topics: [{ name: 'orders', partitions: [one] }] }, AT, shape).topics[0]?.lanes ??
        [];
      const { lag, carets } = lane!.rows[0]!;
      const span = (text: string, x: number, anchor: string): [number, number] => {
        const width = text.length * 5.5;
        return anchor === 'end' ? [x - width, x] : [x, x + width];
      };
      const [from, to] = span(lag.text, lag.x, lag.anchor);
      for (const { x, label } of carets) {
        expect(x + 6 < from || x - 6 > to).toBe(true);
        if (!label) continue;
        const [left, right] = span(label.text, label.x, label.anchor);
        expect(right < from || left > to).toBe(true);
      }
    },
  );

  test('of long offsets every other one is written, and none beside the end of the log', () => {
    const base = view(1, 1);
    const short = partition(0, 'AABBCCDDEEFFAABBCCDDEEFF', 'c0', 1, 20);
    const shift = 38_331;
    const long = {
      ...short,
      logEnd: short.logEnd + shift,
      cells: short.cells.map((cell) => ({ ...cell, position: cell.position + shift })),
    };
    const [lane] =
      layOut({ ...base, topics: [{ name: 'orders', partitions: [long] }] }, AT, shape).topics[0]?.lanes ?? [];
    const written = lane!.cells.filter(({ numbered }) => numbered).map(({ cell }) => cell.position);
    expect(written.length).toBeGreaterThan(1);
    for (const position of written) expect(position % 2).toBe(0);
    expect(written.at(-1)).toBeLessThan(long.logEnd - 1);
    expect(written[0]).toBeGreaterThan(lane!.cells[0]!.cell.position);
  });

  test('what travels is where it is at that moment, from wire end to wire end', () => {
    const base = crashView();
    const place = (now: number) => {
      const found = layOut(base, now, shape).travellers.find(({ keys }) => keys[0] === 'B');
      if (!found) throw new Error('it travels');
      return found;
    };
    const picture = layOut(base, AT, shape);
    const producer = picture.producers[0];
    const lane = picture.topics[0]?.lanes[0];
    if (!producer || !lane) throw new Error('the fixture has both');
    const start = place(16_400_000);
    const end = place(16_600_000);
    expect(start.x).toBeLessThanOrEqual(producer.x + producer.width);
    expect(start.y).toBeLessThanOrEqual(producer.y + producer.height);
    expect(end.x).toBeCloseTo(lane.x);
    const middle = place(16_500_000);
    expect([middle.x, middle.y]).not.toEqual([start.x, start.y]);
    expect([middle.x, middle.y]).not.toEqual([end.x, end.y]);
  });

  test('a message behind a cut link waits at its sender', () => {
    const base = crashView();
    const [first] = base.travels;
    if (!first) throw new Error('the fixture has one');
    const cut = { ...base, travels: [{ ...first, arrivesAt: null }] };
    const [early] = layOut(cut, 17_000_000, shape).travellers;
    const [late] = layOut(cut, 50_000_000, shape).travellers;
    expect(early?.held).toBe(true);
    expect(late).toEqual(early);
  });

  test('members stand in the order of their names, whenever they joined', () => {
    const base = view(1, 1);
    const group = { ...base.groups[0]!, members: ['c10', 'c2', 'c1'].map((id) => member(id, [])) };
    const [area] = layOut({ ...base, groups: [group] }, AT, shape).groups;
    expect(area?.members.map((box) => box.member.id)).toEqual(['c1', 'c2', 'c10']);
  });

  test('marks what was processed twice, and says who is dead, idle or away', () => {
    const picture = layOut(crashView(), AT, shape);
    const again = picture.topics[0]?.lanes[1]?.cells.filter((cell) => cell.again) ?? [];
    expect(again.map(({ cell }) => cell.position)).toEqual([4, 5, 6]);
    expect(again[0]?.words).toBe('P1 offset 4, key C, processed 2 times by billing');
    const notes = picture.groups[0]?.members.map(({ note, tone }) => `${note}: ${tone}`);
    expect(notes).toEqual(['P0 + P1: consumer', 'crashed at 9.2 s: fault', 'P2: consumer']);
  });
});

test('the drawing in words names every partition, its reader and lag, and every member', () => {
  expect(summary(crashView())).toBe(
    'Service A has sent 16, Service B has sent 14. ' +
      'Topic orders, 3 partitions: P0 has 8 records (billing: read by c0, committed 6, lag 2). ' +
      'P1 has 7 records (billing: read by c0, committed 4, lag 3). ' +
      'P2 has 5 records (billing: read by c2, committed 5, lag 0). ' +
      'Group billing is Stable: C0 reads P0 + P1, C1 crashed at 9.2 s, C2 reads P2.',
  );
});

describe('a key', () => {
  test('keeps its colour and glyph, and always has a glyph', () => {
    expect(keyLook('A')).toEqual({ colour: 'var(--k-a)', glyph: 'A' });
    expect(keyLook('customer-42')).toEqual(keyLook('customer-42'));
    expect(keyLook('customer-42').glyph).toBe('42');
    expect(keyLook('').glyph).toBe('?');
    expect(keyLook(null).glyph).toBe('•');
  });
});

describe('what the reader may do', () => {
  const all = [
    'produce-keyed',
    'produce-keyless',
    'add-consumer',
    'crash-consumer',
    'restart-consumer',
    'pause-consumer',
    'close-consumer',
    'add-partition',
    'cut-link',
  ] as const;
  const about = {
    seed: 7,
    clients: [
      v.parse(kafkaClient, {
        id: 'c0',
        role: 'consumer',
        label: 'C0',
        startMs: 500,
        group: 'billing',
        topics: ['orders'],
      }),
    ],
  };

  test('depends on each consumer’s state', () => {
    const { members } = controlsFor(crashView(), all, about, []);
    const offered = members.map(({ id, buttons }) => [id, buttons.map(({ label }) => label)]);
    expect(offered).toEqual([
      ['c0', ['Crash', 'Pause', 'Close', 'Cut link']],
      ['c1', ['Restart']],
      ['c2', ['Crash', 'Pause', 'Close', 'Cut link']],
    ]);
  });

  test('is what the experiment offers, and no more', () => {
    const { members, general, produce } = controlsFor(crashView(), ['add-partition'], about, []);
    expect(general.map(({ action }) => action)).toEqual([
      { do: 'create-partitions', topic: 'orders', total: 4 },
    ]);
    expect(members.every(({ buttons }) => buttons.length === 0)).toBe(true);
    expect(produce).toEqual([]);
  });

  test('a new consumer is a copy of one of its group, under the next free name, and starts at once', () => {
    const [add] = controlsFor(crashView(), ['add-consumer'], about, []).general;
    expect(add?.action).toMatchObject({ do: 'join', client: { id: 'c3', group: 'billing', startMs: 0 } });
    expect(add?.action).not.toHaveProperty('client.label');
    if (add?.action?.do !== 'join') throw new Error('it joins');
    const added = parseActions([{ atMs: 1, action: add.action }], 'kafka');
    const [next] = controlsFor(crashView(), ['add-consumer'], about, added).general;
    expect(next?.action).toMatchObject({ client: { id: 'c4' } });
  });

  test('ends where the figure ends, and says so', () => {
    const { general } = controlsFor(view(LANES_MAX, 8), all, about, []);
    expect(general.map(({ refused }) => refused)).toEqual([
      'the figure shows at most 8 consumers of a group',
      `the figure shows at most ${LANES_MAX} partitions`,
    ]);
  });

  test('a link that was cut can be healed', () => {
    const cut = { atMs: 1, action: { do: 'cut' as const, between: ['c0', 'kafka-0'] as [string, string] } };
    const { members } = controlsFor(crashView(), ['cut-link'], about, [cut]);
    expect(members.map(({ buttons }) => buttons.map(({ label }) => label))).toEqual([
      ['Heal link'],
      [],
      ['Cut link'],
    ]);
  });

  test('records may be sent with a key of the producer’s, one that is new, or none', () => {
    const { produce } = controlsFor(crashView(), all, about, []);
    expect(produce).toEqual([
      { client: 'service-a', label: 'Service A', keys: ['A', 'B', 'C'], keyless: true },
      { client: 'service-b', label: 'Service B', keys: ['C', 'D', 'E', 'A'], keyless: true },
    ]);
  });
});
