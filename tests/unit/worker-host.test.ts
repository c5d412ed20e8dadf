// The worker's side without a Worker: every request is answered once, newer ones take the place of older ones.
import { describe, expect, test } from 'vitest';
import { Host } from '../../src/worker/host.ts';
import type { Answer, Ask, Replies } from '../../src/worker/protocol.ts';
import { kafkaView } from './fixtures/kafka.ts';

const spec = { experiment: 'kafka-consumer-groups', seed: null, knobs: {}, actions: [] };
const SECOND = 1_000_000;

function start() {
  const answers: Answer[] = [];
  let later: (() => void)[] = [];
  const host = new Host(
    (answer) => answers.push(answer),
    (work) => later.push(work),
  );
  let nextId = 1;
  return {
    answers,
    waiting: () => later.length,
    send(ask: Ask): number {
      const id = nextId++;
      host.receive({ ...ask, id });
      return id;
    },
    raw: (message: unknown) => host.receive(message),
    /** Lets the host go on until it has nothing left to do. */
    settle(): void {
      for (let turn = 0; later.length > 0; turn++) {
        if (turn > 10_000) throw new Error('it never comes to an end');
        const works = later;
        later = [];
        for (const work of works) work();
      }
    },
    value<T extends keyof Replies>(id: number): Replies[T] {
      const found = answers.filter((answer) => 'id' in answer && answer.id === id);
      expect(found, `answers to ${id}`).toHaveLength(1);
      const [answer] = found;
      if (!answer || !('ok' in answer) || !answer.ok) throw new Error(JSON.stringify(answer));
      return answer.value as Replies[T];
    },
    error(id: number): { code: string; message: string } {
      const found = answers.filter((answer) => 'id' in answer && answer.id === id);
      expect(found, `answers to ${id}`).toHaveLength(1);
      const [answer] = found;
      if (!answer || !('ok' in answer) || answer.ok) throw new Error('expected an error');
      return answer;
    },
  };
}

const open = (at = 0, events: number | null = null): Ask<'open'> => ({
  type: 'open',
  run: 'a',
  spec,
  position: { at, events },
});

describe('a run', () => {
  test('opens at a moment, and knows what lies ahead of it', () => {
    const worker = start();
    const id = worker.send(open(3 * SECOND));
    worker.settle();
    const { frame, about } = worker.value<'open'>(id);
    expect(frame.at).toBe(3 * SECOND);
    expect(frame.marks.some(({ kind, at }) => kind === 'fault' && at > 3 * SECOND)).toBe(true);
    expect(about.clients.map((client) => client.id)).toContain('c0');
  });

  test('goes to moments, events and steps, forward and back', () => {
    const worker = start();
    worker.send(open());
    const there = worker.send({ type: 'move', run: 'a', move: { to: 'moment', at: 20 * SECOND } });
    worker.settle();
    const frame = worker.value<'move'>(there);
    const forward = worker.send({ type: 'move', run: 'a', move: { to: 'step', by: 3 } });
    worker.settle();
    expect(worker.value<'move'>(forward).events).toBeGreaterThan(frame.events);
    const line = frame.recent.at(-5);
    if (!line) throw new Error('no events');
    const event = worker.send({ type: 'move', run: 'a', move: { to: 'event', seq: line.seq, at: line.at } });
    worker.settle();
    expect(worker.value<'move'>(event)).toMatchObject({ events: line.seq + 1, at: line.at });
  });

  test('comes back to exactly where it stood, between two events of one moment too', () => {
    const worker = start();
    worker.send(open());
    worker.send({ type: 'move', run: 'a', move: { to: 'moment', at: 12 * SECOND } });
    const step = worker.send({ type: 'move', run: 'a', move: { to: 'step', by: 2 } });
    worker.settle();
    const stood = worker.value<'move'>(step);
    const fresh = start();
    const id = fresh.send(open(stood.at, stood.events));
    fresh.settle();
    expect(fresh.value<'open'>(id).frame).toEqual(stood);
  });

  test('tells the life of a message, with rules', () => {
    const worker = start();
    worker.send(open(10 * SECOND));
    worker.settle();
    const id = worker.send({ type: 'life', run: 'a', message: 1 });
    const lines = worker.value<'life'>(id);
    expect(lines[0]).toMatchObject({ kind: 'published', message: 1 });
    expect(lines.some(({ rules }) => rules.length > 0)).toBe(true);
  });

  test('does what the reader did', () => {
    const worker = start();
    const action = { atMs: 5000, action: { do: 'crash', target: 'c0' } };
    const id = worker.send({ ...open(6 * SECOND), spec: { ...spec, actions: [action] } });
    worker.settle();
    const view = kafkaView(worker.value<'open'>(id).frame);
    expect(view.groups[0]?.members.find((member) => member.id === 'c0')?.state).toBe('crashed');
  });
});

describe('a long way', () => {
  const long = {
    ...open(),
    spec: {
      ...spec,
      // Thousands of records make the way longer than one slice.
      actions: [9001, 9002, 9003, 9004, 9005].map((atMs) => ({
        atMs,
        action: { do: 'produce', client: 'service-a', key: null, count: 1200 },
      })),
    },
  };

  test('is gone in slices, and given up for a newer wish', () => {
    const worker = start();
    worker.send(long);
    worker.settle();
    const first = worker.send({ type: 'move', run: 'a', move: { to: 'moment', at: 50 * SECOND } });
    expect(worker.waiting()).toBe(1);
    const second = worker.send({ type: 'move', run: 'a', move: { to: 'moment', at: 1 * SECOND } });
    expect(worker.error(first).code).toBe('superseded');
    worker.settle();
    expect(worker.value<'move'>(second).at).toBe(1 * SECOND);
  });

  test('is gone to its end before a step is taken from there', () => {
    const worker = start();
    worker.send(long);
    worker.settle();
    const first = worker.send({ type: 'move', run: 'a', move: { to: 'moment', at: 50 * SECOND } });
    const step = worker.send({ type: 'move', run: 'a', move: { to: 'step', by: 1 } });
    expect(worker.error(first).code).toBe('superseded');
    worker.settle();
    expect(worker.value<'move'>(step).at).toBeGreaterThanOrEqual(50 * SECOND);
  });

  test('ends when its run is closed', () => {
    const worker = start();
    worker.send(long);
    worker.settle();
    const move = worker.send({ type: 'move', run: 'a', move: { to: 'moment', at: 50 * SECOND } });
    const close = worker.send({ type: 'close', run: 'a' });
    worker.settle();
    expect(worker.error(move).code).toBe('superseded');
    expect(worker.value<'close'>(close)).toBeNull();
  });
});

describe('what is wrong is said, and nothing breaks', () => {
  test.each([
    [{ type: 'dance' }, /a request that is none/],
    [{ type: 'move', run: 'a', move: { to: 'moon' } }, /a request that is none/],
    ['hello', /a request that is none/],
  ])('%j', (message, expected) => {
    const worker = start();
    worker.raw(typeof message === 'string' ? message : { ...message, id: 7 });
    expect(worker.answers).toHaveLength(1);
    expect(worker.answers[0]).toMatchObject({ ok: false, code: 'invalid' });
    expect((worker.answers[0] as { message: string }).message).toMatch(expected);
  });

  test('a run that is not open', () => {
    const worker = start();
    const id = worker.send({ type: 'move', run: 'z', move: { to: 'step', by: 1 } });
    expect(worker.error(id)).toMatchObject({ code: 'unknown-run' });
  });

  test('an experiment that there is not, a knob that it has not, actions that are none', () => {
    const worker = start();
    const unknown = worker.send({ ...open(), spec: { ...spec, experiment: 'x' } });
    const knob = worker.send({ ...open(), spec: { ...spec, knobs: { x: 'y' } } });
    const actions = worker.send({ ...open(), spec: { ...spec, actions: [{ atMs: 1 }] } });
    expect(worker.error(unknown).message).toContain('There is no experiment "x"');
    expect(worker.error(knob).message).toContain('knobs.x: expected one of');
    expect(worker.error(actions).message).toContain('[0].action');
  });

  test('addresses are written and read', () => {
    const worker = start();
    const text = worker.value<'write-address'>(worker.send({ type: 'write-address', spec, at: 5 }));
    expect(worker.value<'read-address'>(worker.send({ type: 'read-address', text }))).toEqual({
      ...spec,
      at: 5,
    });
    expect(worker.error(worker.send({ type: 'read-address', text: text.slice(0, -1) })).message).toContain(
      'cut short',
    );
  });
});
