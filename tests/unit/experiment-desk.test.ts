// The desk of a Kafka experiment as the frame draws it: sections, rows, and forms that are filled in.
import { describe, expect, test } from 'vitest';
import { parseActions } from '../../src/scenarios/schema.ts';
import { displayName } from '../../src/sim/names.ts';
import {
  everyButton,
  type Controls,
  type FilledForm,
  type Typed,
} from '../../src/widgets/experiment/controls.ts';
import { kafkaSide } from '../../src/widgets/experiment/kafka/side.ts';
import { ALL_CONTROLS, clusterView } from './fixtures/experiment/cluster.ts';

const desk = (offered = ALL_CONTROLS, now = 16_500_000): Controls =>
  kafkaSide.controls({ view: clusterView(), offered, about: null, actions: [], now });

function filled(id: string, typed: Typed, controls = desk()): FilledForm {
  const forms = [...controls.intervene.forms, ...controls.sections.flatMap((section) => section.forms)];
  const form = forms.find((one) => one.id === id);
  if (!form) throw new Error(`there is no form ${id}`);
  return form.fill(typed);
}

const valuesOf = ({ fields }: FilledForm) => Object.fromEntries(fields.map(({ id, value }) => [id, value]));

describe('the desk', () => {
  test('has its sections in order, and none that is empty', () => {
    expect(desk().sections.map(({ title }) => title)).toEqual(['Brokers', 'Producers', 'Consumers']);
    expect(desk(['crash-producer']).sections.map(({ title }) => title)).toEqual([
      'Brokers',
      'Producers',
      'Consumers',
    ]);
    const { sections, intervene } = desk([]);
    // What is paused can always go on.
    expect(
      sections.flatMap(({ rows }) => rows.flatMap(({ buttons }) => buttons.map(({ label }) => label))),
    ).toEqual(['Resume', 'Resume']);
    expect(intervene).toEqual({ forms: [], buttons: [] });
  });

  test('says the group of the first row of each, where there are several', () => {
    const rows = desk().sections.find(({ title }) => title === 'Consumers')!.rows;
    expect(rows.map(({ id, note }) => [id, note])).toEqual([
      ['c0', 'billing'],
      ['c1', undefined],
      ['p0', 'enrich'],
      ['s0', 'workers'],
    ]);
  });

  test('has no two buttons of one id', () => {
    const ids = everyButton(desk()).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(10);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('sending a record', () => {
  test('begins with the first producer and key, and falls back where a choice is gone', () => {
    expect(valuesOf(filled('send', {}))).toEqual({ key: 'A' });
    expect(valuesOf(filled('send', { key: 'Z' }))).toEqual({ key: 'A' });
    expect(filled('send', { key: 'B' }).buttons[0]?.action).toEqual({
      do: 'produce',
      client: 'service-a',
      key: 'B',
      count: 1,
    });
  });

  test('without a key sends none, and no tombstone (K-19)', () => {
    const { buttons } = filled('send', { key: '' });
    expect(buttons.map(({ label, refused }) => [label, refused])).toEqual([
      ['Send', null],
      ['Send tombstone', 'without a key there is nothing to delete'],
    ]);
    expect(buttons[0]?.action).toMatchObject({ key: null });
    expect(filled('send', {}).buttons[1]?.action).toMatchObject({ key: 'A', value: null });
  });
});

describe('seeking', () => {
  test('asks for a number where one is needed, and says what is wrong with it', () => {
    expect(valuesOf(filled('seek', {}))).toEqual({ who: 'c0', to: 'beginning' });
    expect(valuesOf(filled('seek', { to: 'offset' }))).toEqual({ who: 'c0', to: 'offset', number: '0' });
    const wrong = filled('seek', { to: 'time', number: '17' });
    expect(wrong.problem).toBe('that time has not come yet: seek to the end instead');
    expect(wrong.buttons[0]).toMatchObject({ refused: wrong.problem, action: null });
  });

  test('gives an action that the parser takes', () => {
    for (const typed of [{}, { to: 'end' }, { to: 'offset', number: '3' }, { to: 'time', number: '1.5' }]) {
      const { action } = filled('seek', typed).buttons[0]!;
      expect(() => parseActions([{ atMs: 1, action }], 'kafka')).not.toThrow();
    }
  });
});

test('actions have words, those of any broker and Kafka’s own, with the names that the stage has', () => {
  const nameOf = (id: string) => (id === 'c0' ? 'Billing' : displayName(id));
  const words = (action: object) =>
    kafkaSide.actionWords(parseActions([{ atMs: 1, action }], 'kafka')[0]!.action, nameOf);
  expect(words({ do: 'crash', target: 'c0' })).toBe('crash Billing');
  expect(words({ do: 'close', target: 'broker-1' })).toBe('stop Broker 1');
  expect(words({ do: 'close', target: 'c0' })).toBe('close Billing');
  expect(words({ do: 'cut', between: ['c0', 'broker-1'] })).toBe('cut the link Billing – Broker 1');
  expect(words({ do: 'produce', client: 'p', key: 'A' })).toBe('send a record with key A');
  expect(words({ do: 'seek', client: 'c0', to: { kind: 'time', atMs: 2500 } })).toBe(
    'Billing seeks to 2.5 s',
  );
  expect(words({ do: 'key', key: 'interrupt' })).toBe('press Ctrl-C');
});
