// A reader knows a process by its label, and what is told of it calls it so.
import { expect, test } from 'vitest';
import { Labels } from '../../../src/scenarios/labels.ts';
import { Playback } from '../../../src/scenarios/playback.ts';
import { parseScenario } from '../../../src/scenarios/schema.ts';

test('a process is called by its label wherever a text has its id in words', () => {
  const labels = new Labels([
    { id: 'c1', label: 'Line 1' },
    { id: 'acks-all', label: 'acks=all' },
    { id: 'acks-all-late', label: 'late' },
    { id: 'shop' },
  ]);
  expect(labels.in('C1 reads on from C10; Acks All Late waits for Acks All, and Shop for nobody.')).toBe(
    'Line 1 reads on from C10; late waits for acks=all, and Shop for nobody.',
  );
});

test('a text without labels is what it was', () => {
  expect(new Labels([{ id: 'c1' }, { id: 'c2', label: 'C2' }]).in('C1 and C2')).toBe('C1 and C2');
});

test('captions, events and marks of a run have them, of who joins later too', () => {
  const scenario = parseScenario({
    version: 1,
    id: 'labelled',
    title: 'Labelled',
    system: { broker: 'rabbitmq', queues: [{ name: 'jobs' }] },
    clients: [{ id: 'w1', label: 'First worker', role: 'consumer', queues: ['jobs'] }],
    timeline: [
      { atMs: 500, action: { do: 'crash', target: 'w1' } },
      {
        atMs: 1000,
        action: {
          do: 'join',
          client: { id: 'w2', label: 'Second worker', role: 'consumer', queues: ['jobs'] },
        },
      },
    ],
    durationMs: 2000,
    seed: 1,
  });
  const playback = new Playback(scenario, [], []);
  playback.seek(2_000_000);
  const { recent, marks } = playback.frame();
  const told = [...recent, ...marks].map(({ text }) => text).join('\n');
  expect(told).toContain('First worker');
  expect(told).toContain('Second worker');
  expect(told).not.toMatch(/\bW[12]\b/);
});
