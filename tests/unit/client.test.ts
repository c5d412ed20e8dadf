// The page's side of the worker, with a Worker of our own: crashes, hangs, answers out of order, none at all.
import { describe, expect, test, vi } from 'vitest';
import { Client, coalesce, RunError, type WorkerLike } from '../../src/client/client.ts';
import type { Frame } from '../../src/scenarios/frame.ts';
import type { Request } from '../../src/worker/protocol.ts';
import { frame } from './fixtures/experiment/frames.ts';

const spec = { experiment: 'kafka-consumer-groups', seed: null, knobs: {}, actions: [] };

class FakeWorker implements WorkerLike {
  onmessage: WorkerLike['onmessage'] = null;
  onerror: WorkerLike['onerror'] = null;
  onmessageerror: WorkerLike['onmessageerror'] = null;
  readonly got: Request[] = [];
  terminated = false;
  /** Whether it answers pings by itself. */
  alive = true;

  postMessage(message: unknown): void {
    const request = message as Request;
    if (request.type !== 'ping') this.got.push(request);
    else if (this.alive) this.say({ id: request.id, ok: true, value: null });
  }

  terminate(): void {
    this.terminated = true;
  }

  say(data: unknown): void {
    this.onmessage?.({ data });
  }

  /** The latest request of this type. */
  last<T extends Request['type']>(type: T): Extract<Request, { type: T }> {
    const found = this.got.findLast((request) => request.type === type);
    if (!found) throw new Error(`no ${type} was asked`);
    return found as Extract<Request, { type: T }>;
  }

  answer(type: Request['type'], value: unknown): void {
    this.say({ id: this.last(type).id, ok: true, value });
  }
}

function start() {
  const workers: FakeWorker[] = [];
  const ticks = new Set<() => void>();
  const client = new Client(
    () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    {
      every: (_, callback) => {
        ticks.add(callback);
        return () => void ticks.delete(callback);
      },
    },
  );
  const frames: Frame[] = [];
  const errors: RunError[] = [];
  const run = client.run({ onFrame: (f) => frames.push(f), onError: (e) => errors.push(e) });
  return {
    client,
    run,
    workers,
    frames,
    errors,
    ticking: () => ticks.size > 0,
    tick: (times = 1): void => {
      for (let i = 0; i < times; i++) for (const callback of [...ticks]) callback();
    },
    get worker(): FakeWorker {
      const worker = workers.at(-1);
      if (!worker) throw new Error('no worker was made');
      return worker;
    },
  };
}

const opened = (at = 0, events = 0): { frame: Frame; about: object } => ({
  frame: frame(undefined, { at, events }),
  about: { seed: 7, clients: [] },
});
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

/** A client with an open run, at 5 µs after 3 events. */
async function running() {
  const page = start();
  const opening = page.run.start(spec, 5);
  page.worker.say({ type: 'ready' });
  page.worker.answer('open', opened(5, 3));
  await opening;
  return page;
}

test('no worker is made until one is needed, and all runs share it', async () => {
  const page = start();
  expect(page.workers).toHaveLength(0);
  void page.run.start(spec, 0);
  const other = page.client.run({ onFrame: () => undefined, onError: () => undefined });
  void other.start(spec, 0);
  await settled();
  expect(page.workers).toHaveLength(1);
  expect(new Set(page.worker.got.map((request) => 'run' in request && request.run)).size).toBe(2);
});

describe('frames', () => {
  test('while one is on its way, only the latest wish is kept', async () => {
    const page = await running();
    page.run.move({ to: 'moment', at: 10 });
    page.run.move({ to: 'moment', at: 20 });
    page.run.move({ to: 'moment', at: 30 });
    expect(page.worker.got.filter(({ type }) => type === 'move')).toHaveLength(1);
    page.worker.answer('move', frame(undefined, { at: 10 }));
    await settled();
    expect(page.worker.last('move').move).toEqual({ to: 'moment', at: 30 });
    expect(page.worker.got.filter(({ type }) => type === 'move')).toHaveLength(2);
  });

  test('steps add up, and a later moment replaces them', () => {
    expect(coalesce({ to: 'step', by: 1 }, { to: 'step', by: 1 })).toEqual({ to: 'step', by: 2 });
    expect(coalesce({ to: 'step', by: 2 }, { to: 'moment', at: 4 })).toEqual({ to: 'moment', at: 4 });
    expect(coalesce(null, { to: 'step', by: -1 })).toEqual({ to: 'step', by: -1 });
  });

  test('an answer to an earlier opening is no longer shown', async () => {
    const page = start();
    const first = page.run.start(spec, 0);
    const early = page.worker.last('open').id;
    const second = page.run.start({ ...spec, seed: 2 }, 9);
    page.worker.answer('open', opened(9, 1));
    page.worker.say({ id: early, ok: true, value: opened(0, 0) });
    await Promise.all([first, second]);
    expect(page.frames.map(({ at }) => at)).toEqual([9]);
  });

  test('answers may come in any order', async () => {
    const page = start();
    const one = page.client.readAddress('one');
    const first = page.worker.last('read-address').id;
    const two = page.client.readAddress('two');
    page.worker.answer('read-address', { at: 2 });
    page.worker.say({ id: first, ok: true, value: { at: 1 } });
    expect(await Promise.all([one, two])).toEqual([{ at: 1 }, { at: 2 }]);
  });

  test('an error of the worker is told once, and the run goes on', async () => {
    const page = await running();
    page.run.move({ to: 'moment', at: 10 });
    page.worker.say({ id: page.worker.last('move').id, ok: false, code: 'failed', message: 'oh' });
    await settled();
    expect(page.errors.map(({ code, message }) => [code, message])).toEqual([['failed', 'oh']]);
    page.run.move({ to: 'moment', at: 11 });
    expect(page.worker.last('move').move).toEqual({ to: 'moment', at: 11 });
  });

  test('what is no answer is not taken for one', async () => {
    const page = await running();
    page.run.move({ to: 'moment', at: 10 });
    page.worker.say({ id: page.worker.last('move').id, ok: 'maybe' });
    page.worker.say(null);
    await settled();
    expect(page.frames).toHaveLength(1);
  });
});

describe('a worker that dies', () => {
  test('is replaced: runs are put back to where they stood, and what was asked is asked again', async () => {
    const page = await running();
    page.run.move({ to: 'step', by: 1 });
    const dead = page.worker;
    dead.onerror?.({});
    expect(dead.terminated).toBe(true);
    expect(page.workers).toHaveLength(2);
    expect(page.worker.got).toMatchObject([
      { type: 'open', position: { at: 5, events: 3 }, spec },
      { type: 'move', move: { to: 'step', by: 1 } },
    ]);
    page.worker.answer('move', frame(undefined, { at: 6, events: 4 }));
    await settled();
    expect(page.frames.at(-1)?.events).toBe(4);
    expect(page.errors).toEqual([]);
  });

  test('without anything asked of it is replaced when something is', async () => {
    const page = await running();
    page.worker.onerror?.({});
    expect(page.workers).toHaveLength(1);
    page.run.move({ to: 'moment', at: 8 });
    expect(page.worker.got.map(({ type }) => type)).toEqual(['open', 'move']);
  });

  test('twice over one request: that one is given up, and its run does not kill a third', async () => {
    const page = await running();
    page.run.move({ to: 'moment', at: 10 });
    page.worker.onerror?.({});
    page.worker.say({ type: 'ready' });
    page.worker.onerror?.({});
    await settled();
    expect(page.errors.map(({ code }) => code)).toEqual(['worker-died']);
    void page.client.readAddress('x').catch(() => undefined);
    expect(page.worker.got.map(({ type }) => type)).toEqual(['read-address']);
  });

  test('that hangs is noticed by its silence, and only while something is asked', async () => {
    const page = await running();
    expect(page.ticking()).toBe(false);
    page.run.move({ to: 'moment', at: 10 });
    page.tick(20);
    expect(page.workers).toHaveLength(1);
    page.worker.alive = false;
    page.tick(5);
    expect(page.workers).toHaveLength(2);
    expect(page.worker.last('move').move).toEqual({ to: 'moment', at: 10 });
  });

  test('that is slow to load is waited for; one that never loads is given up', async () => {
    const page = start();
    const opening = page.run.start(spec, 0).catch((error: unknown) => error);
    page.worker.alive = false;
    page.tick(30);
    expect(page.workers).toHaveLength(1);
    page.tick(30);
    expect(await opening).toBeInstanceOf(RunError);
    expect(page.errors[0]?.message).toContain('could not be loaded');
  });

  test('late words of a dead one are not heard', async () => {
    const page = await running();
    const dead = page.worker;
    const listener = dead.onmessage;
    page.run.move({ to: 'moment', at: 10 });
    const { id } = dead.last('move');
    dead.onerror?.({});
    listener?.({ data: { id, ok: true, value: frame(undefined, { at: 99 }) } });
    await settled();
    expect(page.frames.map(({ at }) => at)).not.toContain(99);
  });
});

test('where there is no Worker, each request says so', async () => {
  const onError = vi.fn();
  const client = new Client(
    () => {
      throw new ReferenceError('Worker is not defined');
    },
    { every: () => () => undefined },
  );
  const run = client.run({ onFrame: () => undefined, onError });
  await expect(run.start(spec, 0)).rejects.toMatchObject({ code: 'no-worker' });
  expect(onError).toHaveBeenCalledOnce();
});

test('a closed run is closed in the worker too, and forgotten', async () => {
  const page = await running();
  page.run.close();
  expect(page.worker.last('close').run).toBe(page.worker.last('open').run);
  page.worker.onerror?.({});
  void page.client.readAddress('x').catch(() => undefined);
  expect(page.worker.got.map(({ type }) => type)).not.toContain('open');
});
