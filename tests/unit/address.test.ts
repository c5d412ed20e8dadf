// What a bad address of a run is told: the field, and what was expected there.
import { expect, test } from 'vitest';
import { decodeAddress, encodeAddress, type RunAddress } from '../../src/scenarios/address.ts';
import { setUp } from '../../src/scenarios/playable.ts';
import { InvalidInput } from '../../src/scenarios/schema.ts';
import { kafkaScenario } from './fixtures/kafka.ts';

const good: RunAddress = {
  experiment: 'kafka-consumer-groups',
  seed: null,
  knobs: { session: '10000' },
  actions: [{ atMs: 12_000.5, action: { do: 'crash', target: 'c0' } }],
  at: 25_500_000,
};
const told = (text: string): string => {
  try {
    decodeAddress(text);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  throw new Error('it was taken');
};
const changed = (more: object): string => told(encodeAddress({ ...good, ...more }));

test('a good one is taken', () => {
  expect(decodeAddress(encodeAddress(good))).toEqual(good);
});

test('another version says so, even in a form that this one does not know', () => {
  expect(told('2.whatever')).toContain('made by another version of this page: expected 1, got 2');
});

test('one that was cut short says so', () => {
  expect(told(encodeAddress(good).slice(0, -3))).toContain('cut short');
  expect(told('1.')).toContain('cut short');
});

test('something else altogether says how an address begins', () => {
  expect(told('hello')).toContain('expected an address that begins with "1."');
});

test.each([
  [{ experiment: 'nothing' }, /experiment: expected one of "kafka-/],
  [{ seed: 1.5 }, /seed: expected a whole number/],
  [{ at: -1 }, /at: expected a moment that is not before the beginning/],
  [{ knobs: { volume: '11' } }, /knobs\.volume: expected one of "assignor"/],
  [{ knobs: { session: '7' } }, /knobs\.session: expected one of "6000".*got "7"/],
  [
    { actions: [{ atMs: 'soon', action: { do: 'crash', target: 'c0' } }] },
    /actions\[0\]\.atMs: expected number/,
  ],
  [{ actions: [{ atMs: 1, action: { do: 'explode' } }] }, /actions\[0\]\.action\.do: expected/],
  [{ surprise: true }, null],
])('%j is told which field is wrong', (more, message) => {
  // What the encoder does not write cannot get in by it.
  if (message === null) expect(decodeAddress(encodeAddress({ ...good, ...more }))).toEqual(good);
  else expect(changed(more)).toMatch(message);
});

test('a knob turns the consumers that the reader added, too', () => {
  const client = kafkaScenario(setUp({ ...good, actions: [] }).scenario).clients.find(
    ({ id }) => id === 'c0',
  );
  if (client?.role !== 'consumer') throw new Error('c0 is a consumer');
  const joined = { ...client, id: 'c9' };
  const { scenario, actions } = setUp({
    ...good,
    knobs: { session: '45000' },
    actions: [{ atMs: 1, action: { do: 'join', client: joined } }],
  });
  expect(scenario.clients.map(({ id }) => id)).not.toContain('c9');
  expect(actions[0]?.action).toMatchObject({
    client: { id: 'c9', config: { 'session.timeout.ms': 45_000 } },
  });
});
