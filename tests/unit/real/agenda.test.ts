// The clock of a run on a real broker: what is due together is done in order, and time stands still while a node is hurt.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Agenda } from '../../../src/real/agenda.ts';
import { Recorder } from '../../../src/real/recorder.ts';

let recorder: Recorder;
let agenda: Agenda;
const failures: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  recorder = new Recorder();
  failures.length = 0;
  agenda = new Agenda(recorder, (error) => void failures.push(error));
  recorder.begin();
});
afterEach(() => {
  agenda.end();
  vi.useRealTimers();
});

it('does what is due by its moment, and what is due together in the order of asking', async () => {
  const done: string[] = [];
  agenda.at(20, () => done.push('late'));
  agenda.at(10, () => done.push('first'));
  agenda.at(10, () => {
    done.push('second');
    agenda.in(0, () => done.push('third'));
  });
  await vi.advanceTimersByTimeAsync(15);
  expect(done).toEqual(['first', 'second', 'third']);
  await vi.advanceTimersByTimeAsync(10);
  expect(done).toEqual(['first', 'second', 'third', 'late']);
});

it('tells who is to know of it when an entry throws, and goes on', async () => {
  const done: string[] = [];
  agenda.at(1, () => {
    throw new Error('broken');
  });
  agenda.at(1, () => done.push('next'));
  await vi.advanceTimersByTimeAsync(2);
  expect(failures).toEqual([new Error('broken')]);
  expect(done).toEqual(['next']);
});

it('lets no time pass while something is done to the broker', async () => {
  const done: number[] = [];
  agenda.at(30, () => done.push(agenda.now()));
  await vi.advanceTimersByTimeAsync(10);
  const holding = agenda.holding(() => new Promise((resolve) => setTimeout(resolve, 5000)));
  recorder.tell({ kind: 'connected', client: 'c', node: 'rabbit-1' });
  await vi.advanceTimersByTimeAsync(5000);
  await holding;
  recorder.tell({ kind: 'connected', client: 'c', node: 'rabbit-1' });
  expect(done).toEqual([]);
  await vi.advanceTimersByTimeAsync(20);
  expect(done.map(Math.round)).toEqual([30]);
  expect(recorder.observed.map(({ at }) => Math.round(at / 1000))).toEqual([10, 10]);
});

it('does nothing more when the run is over, and tells nothing more', async () => {
  const done: string[] = [];
  agenda.at(10, () => done.push('never'));
  agenda.end();
  recorder.end();
  recorder.tell({ kind: 'connected', client: 'c', node: 'rabbit-1' });
  await vi.advanceTimersByTimeAsync(20);
  expect(done).toEqual([]);
  expect(recorder.observed).toEqual([]);
});
