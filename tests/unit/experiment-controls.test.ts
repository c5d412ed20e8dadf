// What the reader may do to a cluster: brokers, producers, members of all kinds, seeking, tombstones, elections.
import { describe, expect, test } from 'vitest';
import type { AboutOf } from '../../src/client/client.ts';
import type { Control } from '../../src/scenarios/experiment.ts';
import { parseActions, type ActionOf, type TimedOf } from '../../src/scenarios/schema.ts';
import type { Button, ProcessControls } from '../../src/widgets/experiment/controls.ts';
import { controlsFor, seekProblem, seekTo } from '../../src/widgets/experiment/kafka/controls.ts';
import { ALL_CONTROLS, clusterView, node } from './fixtures/experiment/cluster.ts';

type Action = ActionOf<'kafka'>;
type TimedAction = TimedOf<Action>;

const client = (id: string, role: string, group: string, more: object = {}) =>
  ({
    id,
    role,
    label: id.toUpperCase(),
    startMs: 500,
    group,
    topics: ['orders'],
    processingMs: 1,
    ...more,
  }) as never;
const about: AboutOf<'kafka'> = {
  seed: 7,
  clients: [
    client('c0', 'consumer', 'billing', {
      commit: 'after-batch',
      config: { 'group.instance.id': 'static-c0' },
    }),
    client('p0', 'processor', 'enrich', {
      to: 'orders',
      transaction: {},
      bytes: 10,
      consumer: {},
      producer: { 'transactional.id': 'tx-0' },
    }),
    client('s0', 'share-consumer', 'workers', { troubles: [], config: {} }),
  ],
};
const labels = (rows: readonly ProcessControls[]) =>
  Object.fromEntries(rows.map(({ id, buttons }) => [id, buttons.map(({ label }) => label)]));
const find = (rows: readonly ProcessControls[], id: string, label: string): Button => {
  const button = rows.find((row) => row.id === id)?.buttons.find((one) => one.label === label);
  if (!button) throw new Error(`${id} has no ${label}`);
  return button;
};
const all = (actions: readonly TimedAction[] = [], now?: number) =>
  controlsFor(clusterView(), ALL_CONTROLS, about, actions, now);
const offer = (...offered: Control[]) => controlsFor(clusterView(), offered, about, []);

describe('brokers', () => {
  test('offer what fits the state of each', () => {
    expect(labels(all().brokers)).toEqual({
      'broker-1': ['Crash', 'Pause', 'Stop', 'Cut off from the cluster'],
      'broker-2': ['Restart'],
      'broker-3': ['Crash', 'Resume', 'Stop', 'Cut off from the cluster'],
      controller: ['Crash'],
    });
    expect(find(all().brokers, 'broker-1', 'Stop').action).toEqual({ do: 'close', target: 'broker-1' });
  });

  test('a paused one cannot stop in good order, and the reason is told', () => {
    expect(find(all().brokers, 'broker-3', 'Stop').refused).toBe('a paused broker cannot stop in good order');
  });

  test('are not there where the experiment does not offer them', () => {
    expect(offer('crash-consumer').brokers).toEqual([
      { id: 'broker-3', label: 'Broker 3', buttons: [expect.objectContaining({ label: 'Resume' })] },
    ]);
    expect(labels(offer('crash-controller').brokers)).toMatchObject({ controller: ['Crash'] });
  });

  test('a controller that crashed can be restarted', () => {
    const view = {
      ...clusterView(),
      nodes: [node('broker-1'), node('controller', { up: false, state: 'crashed' })],
    };
    const { brokers, elections } = controlsFor(view, ALL_CONTROLS, about, []);
    expect(labels(brokers)['controller']).toEqual(['Restart']);
    expect(elections.map(({ refused }) => refused)).toEqual(Array(2).fill('the controller is not running'));
  });

  test('cutting one off cuts each link to the others and the controller, and no link of a client', () => {
    const { action, also = [] } = find(all().brokers, 'broker-1', 'Cut off from the cluster');
    expect([action, ...also]).toEqual(
      ['broker-2', 'broker-3', 'controller'].map((end) => ({ do: 'cut', between: ['broker-1', end] })),
    );
    expect(() =>
      parseActions(
        [action, ...also].map((one) => ({ atMs: 1, action: one })),
        'kafka',
      ),
    ).not.toThrow();
  });

  test('what is cut is healed, what is cut in part is cut in whole, and what will be cut is not cut yet', () => {
    const { action, also = [] } = find(all().brokers, 'broker-1', 'Cut off from the cluster');
    const done = parseActions(
      [action!, ...also].map((one) => ({ atMs: 5000, action: one })),
      'kafka',
    );
    const heal = find(all(done, 5_000_000).brokers, 'broker-1', 'Heal links');
    expect([heal.action, ...heal.also!].every((one) => one?.do === 'heal')).toBe(true);
    const part = find(all(done, 5_000_000).brokers, 'broker-3', 'Cut off from the cluster');
    expect([part.action, ...part.also!].map((one) => (one as { between: string[] }).between[1])).toEqual([
      'broker-2',
      'controller',
    ]);
    expect(labels(all(done, 4_999_999).brokers)['broker-1']).toContain('Cut off from the cluster');
    const healed = [
      ...done,
      ...done.map(({ action: cut }) => ({ atMs: 6000, action: { ...cut, do: 'heal' } as Action })),
    ];
    expect(labels(all(healed, 7_000_000).brokers)['broker-1']).toContain('Cut off from the cluster');
  });

  test('with a single broker only its link to the controller is cut', () => {
    const view = { ...clusterView(), nodes: [node('broker-1'), node('controller')] };
    const { brokers } = controlsFor(view, ['cut-broker'], about, []);
    const { action, also } = find(brokers, 'broker-1', 'Cut off from the controller');
    expect([action, also]).toEqual([{ do: 'cut', between: ['broker-1', 'controller'] }, undefined]);
  });

  test('K-60: any replica may be elected only where a partition has no leader', () => {
    const [preferred, unclean] = all().elections;
    expect(preferred).toMatchObject({
      refused: null,
      action: { do: 'elect-leaders', election: 'preferred' },
    });
    expect(unclean?.refused).toBe('every partition has a leader');
    const base = clusterView();
    const [topic] = base.topics;
    const headless = topic!.partitions.map((one, i) => (i === 1 ? { ...one, leader: null } : one));
    const view = { ...base, topics: [{ ...topic!, partitions: headless }] };
    const { elections } = controlsFor(view, ['elect-unclean'], about, []);
    expect(elections).toMatchObject([{ refused: null, action: { election: 'unclean', topic: 'orders' } }]);
  });
});

describe('producers', () => {
  test('offer what fits their state; a processor stands with the members', () => {
    expect(labels(all().producers)).toEqual({ 'service-a': ['Crash', 'Pause'], 'service-b': ['Restart'] });
    expect(all().produce.map(({ client: id }) => id)).toEqual(['service-a']);
  });

  test('K-19: tombstones are for keys', () => {
    const { produce, sends, tombstones } = offer('tombstone');
    expect({ sends, tombstones }).toEqual({ sends: false, tombstones: true });
    expect(produce[0]).toMatchObject({ keys: ['A', 'B', 'C'], keyless: false });
  });
});

describe('members', () => {
  test('of every kind can crash and be paused; only consumers pause reading', () => {
    expect(labels(all().members)).toEqual({
      c0: ['Crash', 'Pause', 'Close', 'Pause reading', 'Resume reading', 'Cut links'],
      c1: ['Crash', 'Resume'],
      p0: ['Crash', 'Pause', 'Close', 'Cut links'],
      s0: ['Crash', 'Pause', 'Close', 'Cut links'],
    });
    expect(all().seek).toEqual([{ client: 'c0', label: 'C0' }]);
  });

  test('are added as what their group is made of, under names of their own', () => {
    const [billing, enrich, workers] = offer('add-consumer').general;
    expect([billing, enrich, workers].map((button) => button?.label)).toEqual([
      'Add consumer to billing',
      'Add processor to enrich',
      'Add share consumer to workers',
    ]);
    expect(billing?.action).toMatchObject({ client: { id: 'c2', config: { 'group.instance.id': 'c2' } } });
    expect(enrich?.action).toMatchObject({
      client: { id: 'p1', role: 'processor', producer: { 'transactional.id': 'p1' } },
    });
    expect(workers?.action).toMatchObject({ client: { id: 's1', role: 'share-consumer', startMs: 0 } });
  });
});

describe('seeking', () => {
  test.each([
    ['beginning', '', null],
    ['end', 'x', null],
    ['offset', '12', null],
    ['offset', '-1', 'an offset is a whole number from 0 on'],
    ['offset', '1.5', 'an offset is a whole number from 0 on'],
    ['time', '4.25', null],
    ['time', '', 'a time is seconds of the run, from 0 on'],
    ['time', 'soon', 'a time is seconds of the run, from 0 on'],
    ['time', '17', 'that time has not come yet: seek to the end instead'],
  ] as const)('to %s %s: %s', (kind, number, problem) => {
    expect(seekProblem(kind, number, 16_500_000)).toBe(problem);
  });

  test('K-70: makes an action that the simulator takes', () => {
    for (const [kind, number, to] of [
      ['beginning', '', { kind: 'beginning' }],
      ['offset', '12', { kind: 'offset', offset: 12 }],
      ['time', '4.25', { kind: 'time', atMs: 4250 }],
    ] as const) {
      expect(seekTo(kind, number)).toEqual(to);
      const action = { do: 'seek', client: 'c0', to: seekTo(kind, number) };
      expect(() => parseActions([{ atMs: 1, action }], 'kafka')).not.toThrow();
    }
  });
});

test('every button makes actions that the simulator takes', () => {
  const { general, elections, brokers, producers, members } = controlsFor(
    clusterView(),
    ALL_CONTROLS,
    null,
    [],
  );
  const rows = [...brokers, ...producers, ...members].flatMap(({ buttons }) => buttons);
  for (const { action, also = [] } of [...general, ...elections, ...rows]) {
    for (const one of action ? [action, ...also] : []) {
      expect(() => parseActions([{ atMs: 1, action: one }], 'kafka')).not.toThrow();
    }
  }
  const ids = [...general, ...elections, ...rows].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
