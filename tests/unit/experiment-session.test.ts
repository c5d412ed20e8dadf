// An experiment without its picture: the playhead, the reader's choices, and what is asked of the worker for them.
import { describe, expect, test } from 'vitest';
import { Client, type WorkerLike } from '../../src/client/client.ts';
import { Session } from '../../src/widgets/experiment/session.ts';
import {
  figures,
  seriesWords,
  speedIndex,
  SPEEDS,
  thousands,
  verdictWords,
} from '../../src/widgets/experiment/words.ts';
import { Host } from '../../src/worker/host.ts';
import { experimentPoster } from '../../src/components/experiment-poster.ts';
import { frame } from './fixtures/experiment/frames.ts';
import type { ClientOf } from '../../src/scenarios/schema.ts';
import { kafkaSide } from '../../src/widgets/experiment/kafka/side.ts';
import { kafkaView } from './fixtures/kafka.ts';

const poster = experimentPoster('kafka-consumer-groups');

/** A session on the real simulator, in the same thread. */
function start(shown = poster) {
  const worker: WorkerLike = {
    onmessage: null,
    onerror: null,
    onmessageerror: null,
    terminate: () => undefined,
    postMessage: (message) => void setTimeout(() => host.receive(structuredClone(message)), 0),
  };
  const host = new Host(
    (answer) => void setTimeout(() => worker.onmessage?.({ data: structuredClone(answer) }), 0),
    (work) => void setTimeout(work, 0),
  );
  const client = new Client(() => worker, { every: () => () => undefined });
  return new Session(shown, client, kafkaSide);
}

/** Waits until what was asked has arrived. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 500) throw new Error('it did not come true');
    await new Promise((done) => setTimeout(done, 2));
  }
}

test('the first frame is the poster’s, and opening the run does not change it', async () => {
  const session = start();
  const before = JSON.stringify({ ...session.frame.value, recent: [] });
  await session.open();
  expect(JSON.stringify({ ...session.frame.value, recent: [] })).toBe(before);
});

test('the first Play begins at the beginning, and goes as fast as was chosen', async () => {
  const session = start();
  session.speed.value = speedIndex(10);
  await session.play();
  await until(() => session.frame.value.at === 0);
  session.tick(1000);
  session.tick(1100);
  await until(() => session.frame.value.at === 1_000_000);
  session.pause();
  session.tick(1200);
  expect(session.playing.value).toBe(false);
  await session.play();
  session.tick(5000);
  session.tick(5100);
  await until(() => session.frame.value.at === 2_000_000);
  session.close();
});

test('a tab that slept does not jump', async () => {
  const session = start();
  await session.play();
  await until(() => session.frame.value.at === 0);
  session.tick(0);
  session.tick(60_000);
  await until(() => session.frame.value.at > 0);
  expect(session.frame.value.at).toBeLessThanOrEqual(250_000);
});

test('it stops at the end, and plays again from the beginning', async () => {
  const session = start();
  await session.seek(Infinity);
  await until(() => session.frame.value.ended);
  await session.play();
  await until(() => session.frame.value.at === 0);
  expect(session.playing.value).toBe(true);
});

test('an action happens at the moment shown, can be taken back, and reset forgets everything', async () => {
  const session = start();
  await session.seek(5_000_000);
  await until(() => session.frame.value.at === 5_000_000);
  await session.act(() => ({ do: 'crash', target: 'c0' }));
  expect(session.actions.value).toEqual([{ atMs: 5000, action: { do: 'crash', target: 'c0' } }]);
  const state = (): string | undefined => kafkaView(session.frame.value).groups[0]?.members[0]?.state;
  expect(state()).toBe('crashed');
  await session.withdraw(0);
  expect(state()).not.toBe('crashed');
  await session.turn('assignor', 'cooperative-sticky');
  expect(session.frame.value.at).toBe(5_000_000);
  await session.reset();
  expect(session.knobs.value).toEqual({});
  expect(session.frame.value.at).toBe(poster.frame.at);
  expect(session.untouched.value).toBe(true);
});

test('what the reader did calls a process as the stage does: by its label, where it has one', async () => {
  const session = start(experimentPoster('rabbitmq-acks'));
  const about = await session.open();
  const labelled = about!.clients.find(({ label }) => label !== undefined)!;
  expect(session.wordsOf({ do: 'crash', target: labelled.id })).toBe(`crash ${labelled.label}`);
  expect(session.wordsOf({ do: 'crash', target: 'rabbit-1' })).toBe('crash Node 1');
});

test('actions stand in the order of the run, whatever the order in which they were thought of', async () => {
  const session = start();
  for (const at of [9_000_000, 3_000_000, 6_000_000]) {
    await session.seek(at);
    await until(() => session.frame.value.at === at);
    await session.act(() => ({ do: 'produce', client: 'service-a', key: null, count: 1 }));
  }
  expect(session.actions.value.map(({ atMs }) => atMs)).toEqual([3000, 6000, 9000]);
});

test('an action that cannot be is not kept, and the reader is told', async () => {
  const session = start();
  await session.act((about) => {
    const client = about.clients.find(({ id }) => id === 'c0') as ClientOf<'kafka'> | undefined;
    return client ? { do: 'join', client } : null;
  });
  expect(session.actions.value).toEqual([]);
  expect(session.error.value).toContain('expected an id not used before, got "c0"');
  await session.seek(1_000_000);
  await until(() => session.frame.value.at === 1_000_000);
  expect(session.error.value).toBeNull();
});

test('a run’s address leads back to the run, and a bad one leaves it and says why', async () => {
  const session = start();
  await session.turn('session', '10000');
  await session.act(() => ({ do: 'produce', client: 'service-a', key: null, count: 1 }));
  const address = await session.address();
  const other = start();
  expect(await other.readAddress(address, true)).toBe(true);
  expect(other.actions.value).toEqual(session.actions.value);
  expect(other.knobs.value).toEqual({ session: '10000' });
  expect(JSON.stringify(other.frame.value)).toBe(JSON.stringify(session.frame.value));
  const bad = start();
  expect(await bad.readAddress(address.slice(0, -2), true)).toBe(false);
  expect(bad.error.value).toContain('cut short');
  const elsewhere = start(experimentPoster('home-log'));
  expect(await elsewhere.readAddress(address, true)).toBe(false);
  expect(elsewhere.error.value).toContain('another experiment, "kafka-consumer-groups"');
  expect(await elsewhere.readAddress(address, false)).toBe(false);
  expect(bad.frame.value).toEqual(poster.frame);
});

test('a run is the reader’s own when none of its moves came with an address', async () => {
  const session = start();
  await session.seek(5_000_000);
  await until(() => session.frame.value.at === 5_000_000);
  expect(session.isOwn, 'nothing was done').toBe(false);
  await session.act(() => ({ do: 'crash', target: 'c0' }));
  expect(session.isOwn).toBe(true);
  const address = await session.address();

  const other = start();
  await other.readAddress(address, true);
  expect(other.moves.value).toHaveLength(1);
  expect(other.isOwn, 'as it came').toBe(false);
  await other.act(() => ({ do: 'crash', target: 'c2' }));
  expect(other.isOwn, 'with a move beside those that came').toBe(false);
  await other.withdraw(0);
  expect(other.moves.value.map(({ action }) => action)).toEqual([{ do: 'crash', target: 'c2' }]);
  expect(other.isOwn, 'with those taken back').toBe(true);
  await other.readAddress(address, true);
  await other.reset();
  expect(other.moves.value).toEqual([]);
  await other.act(() => ({ do: 'crash', target: 'c0' }));
  expect(other.isOwn, 'the same move by hand').toBe(true);
});

test('the moves are those of the frame that is shown, and not of one that is on its way', async () => {
  const session = start();
  await session.open();
  const before = session.frame.value;
  const acting = session.act(() => ({ do: 'crash', target: 'c0' }));
  await until(() => session.actions.value.length === 1);
  expect(session.frame.value).toBe(before);
  expect(session.moves.value).toEqual([]);
  await acting;
  expect(session.moves.value).toBe(session.actions.value);
});

test('the life of a record grows with the run', async () => {
  const session = start();
  await session.seek(1_000_000);
  await session.showLife(0, 'the first');
  await until(() => session.life.value?.lines !== null);
  const early = session.life.value?.lines?.length ?? 0;
  await session.seek(15_000_000);
  await until(() => (session.life.value?.lines?.length ?? 0) > early);
});

describe('words', () => {
  test('of verdicts say what they are without colour, and where they are shown', () => {
    const [holds, fails, open] = frame().claims.map(({ verdict }) => verdictWords(verdict));
    expect(holds).toMatchObject({
      mark: '✓',
      word: 'Holds',
      detail: '42 cases',
      jump: { seq: 12, label: 'show' },
    });
    expect(fails).toMatchObject({ mark: '✗', word: 'Fails', jump: { seq: 300, label: 'why' } });
    expect(open).toMatchObject({ mark: '○', word: 'Not shown yet', jump: null });
  });

  test('of figures and charts', () => {
    expect(figures(frame()).map(({ name, value }) => `${name} ${value}`)).toEqual([
      'backlog 3',
      'processed 26',
      'processed again 3',
      'rebalances 2',
      'latency p50 312 ms',
      'latency p99 6.4 s',
    ]);
    expect(seriesWords(frame())).toBe(
      'Backlog: 3 now, at most 5 at 1.1 s. Processed again: 3 now, at most 3 at 1.5 s.',
    );
    // What happened since the last sample counts.
    const later = { ...frame(), metrics: { ...frame().metrics, duplicates: 4 } };
    expect(seriesWords(later)).toContain('Processed again: 4 now, at most 4 at 16.5 s.');
    expect(thousands(1234567)).toBe('1\u202f234\u202f567');
  });

  test('of speeds: every stop is its own nearest', () => {
    SPEEDS.forEach((speed, i) => expect(speedIndex(speed)).toBe(i));
    expect(speedIndex(7)).toBe(SPEEDS.indexOf(5));
  });
});
