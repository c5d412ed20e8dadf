// Two runs of one workload that move together: whatever the reader does, both come to the same moment.
import { describe, expect, test } from 'vitest';
import { Client, type WorkerLike } from '../../src/client/client.ts';
import { scenePoster } from '../../src/components/beside-poster.ts';
import { scenes } from '../../src/scenarios/beside/scenes.ts';
import { Duo } from '../../src/widgets/comparison/duo.ts';
import { interventions, LATE, sending } from '../../src/widgets/comparison/interventions.ts';
import { both, SIDES } from '../../src/widgets/comparison/poster.ts';
import { Host } from '../../src/worker/host.ts';

const poster = scenePoster(scenes.find(({ id }) => id === 'beside-replay')!);

/** Both sessions on one simulator, in the same thread. */
function start(of = poster, clock = () => 0): Duo {
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
  return new Duo(of, new Client(() => worker, { every: () => () => undefined }), clock);
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 1000) throw new Error('it did not come true');
    await new Promise((done) => setTimeout(done, 2));
  }
}

const moments = (duo: Duo): number[] => SIDES.map((side) => duo.sides[side].frame.value.at);
const areAt = (duo: Duo, at: number): boolean => moments(duo).every((each) => each === at);
const frames = (duo: Duo) => both((side) => duo.sides[side].frame.value);
const press = (duo: Duo, id: string) =>
  interventions(
    duo.poster,
    frames(duo),
    duo.sides.queue.actions.value.map(({ action }) => action),
  ).find((each) => each.id === id)!;

describe('two runs in step', () => {
  test('play begins both at the beginning, and neither runs ahead of the other', async () => {
    const duo = start();
    await duo.play();
    await until(() => areAt(duo, 0));
    duo.tick(1000);
    duo.tick(1100);
    // Asked for, and not there yet: time does not go on.
    duo.tick(1150);
    await until(() => areAt(duo, 100_000));
    duo.tick(1180);
    await until(() => areAt(duo, 180_000));
    // No leaps, however late the next frame is.
    duo.tick(2000);
    await until(() => areAt(duo, 280_000));
    duo.close();
  });

  test('when both took longer than a frame, the next is asked for as soon as they are there', async () => {
    let now = 1000;
    const duo = start(poster, () => now);
    await duo.play();
    await until(() => areAt(duo, 0));
    duo.tick(1000);
    now = 1050;
    duo.tick(1010);
    await until(() => areAt(duo, 50_000));
    // It is there within the frame: the page asks when it draws.
    now = 1060;
    await new Promise((done) => setTimeout(done, 40));
    expect(moments(duo)).toEqual([50_000, 50_000]);
    // A page's clock stands where its frame began, before what was asked for in between.
    duo.tick(1045);
    expect(moments(duo)).toEqual([50_000, 50_000]);
    duo.tick(1070);
    await until(() => areAt(duo, 70_000));
    duo.close();
  });

  test('the end is the end of both', async () => {
    const duo = start();
    await duo.seek(Infinity);
    await until(() => areAt(duo, 34_000_000));
    expect(duo.frame.value.ended).toBe(true);
    duo.close();
  });

  test('a step leads both to the next moment at which something happens on either side, and back', async () => {
    const duo = start();
    await duo.seek(5_000_000);
    await until(() => areAt(duo, 5_000_000));
    const seen: number[] = [];
    for (let i = 0; i < 6; i++) {
      await duo.step(1);
      const [first, second] = moments(duo);
      expect(first).toBe(second);
      seen.push(first!);
    }
    expect([...new Set(seen)].sort((a, b) => a - b)).toEqual(seen);
    for (const at of seen.slice(0, -1).reverse()) {
      await duo.step(-1);
      expect(moments(duo)).toEqual([at, at]);
    }
    duo.close();
  });

  test('what leads one side to a moment leads the other there', async () => {
    const duo = start();
    await duo.sides.stream.jump(100, 9_000_000);
    await until(() => areAt(duo, 9_000_000));
    duo.close();
  });

  test('what is done is done to both at the same moment, and taken back from both', async () => {
    const duo = start();
    await duo.seek(8_000_000);
    await duo.act(sending(poster, 'A'));
    await duo.act(press(duo, 'crash-billing-1').make);
    expect(areAt(duo, 8_000_000)).toBe(true);
    const done = both((side) => duo.sides[side].actions.value.map(({ atMs, action }) => [atMs, action.do]));
    expect(done.queue).toEqual([
      [8000, 'publish'],
      [8000, 'crash'],
    ]);
    expect(done.stream).toEqual([
      [8000, 'produce'],
      [8000, 'crash'],
    ]);
    const said = both((side) =>
      duo.sides[side].actions.value.map(({ action }) => duo.sides[side].wordsOf(action)),
    );
    expect(said.queue).toEqual(['send a message with key A', 'crash Billing 1']);
    expect(said.stream).toEqual(said.queue);
    expect(press(duo, 'restart-billing-1').fault).toBe(false);
    await duo.withdraw(1);
    expect(SIDES.map((side) => duo.sides[side].actions.value.length)).toEqual([1, 1]);
    await duo.reset();
    expect(SIDES.map((side) => duo.sides[side].actions.value.length)).toEqual([0, 0]);
    expect(areAt(duo, 18_000_000)).toBe(true);
    duo.close();
  });

  test('a late audience that asks for everything is given it by the log, and by the queue nothing', async () => {
    const duo = start();
    await duo.seek(27_000_000);
    await duo.act(press(duo, 'late').make);
    expect(press(duo, 'late').refused).not.toBeNull();
    await duo.seek(Infinity);
    await until(() => areAt(duo, 34_000_000));
    const { queue, stream } = frames(duo);
    if (!('consumers' in queue.view) || !('groups' in stream.view)) throw new Error('other views');
    expect(queue.view.consumers.find(({ id }) => id === `${LATE}-1`)?.processed).toBe(0);
    const place = stream.view.topics[0]!.partitions[0]!;
    expect(place.readers.find(({ group }) => group === LATE)?.lag).toBeLessThan(place.logEnd - 10);
    duo.close();
  });

  test('beside a share group it comes as a share group of its own', async () => {
    const duo = start(scenePoster(scenes.find(({ id }) => id === 'beside-share-group')!));
    await duo.act(press(duo, 'late').make);
    expect(press(duo, 'late').refused).not.toBeNull();
    await duo.seek(Infinity);
    await until(() => duo.frame.value.ended);
    const { stream } = frames(duo);
    if (!('groups' in stream.view)) throw new Error('another view');
    expect(stream.view.groups.map(({ id }) => id)).toContain(LATE);
    duo.close();
  });

  test('a moment that is asked for while something is done to both is shown when it is done', async () => {
    const duo = start();
    await duo.seek(5_000_000);
    const done = duo.act(sending(poster, 'A'));
    await duo.seek(20_000_000);
    await done;
    await until(() => areAt(duo, 20_000_000));
    expect(SIDES.map((side) => duo.sides[side].actions.value[0]?.atMs)).toEqual([5000, 5000]);
    duo.close();
  });

  test('what only one of them can do is done to neither', async () => {
    const duo = start();
    // Kafka knows no publish.
    await duo.act(() => ({ do: 'publish', client: 'shop-1', key: null, count: 1 }));
    expect(SIDES.map((side) => duo.sides[side].actions.value.length)).toEqual([0, 0]);
    expect(duo.sides.stream.error.value).toMatch(/publish/);
    duo.close();
  });

  test('an address holds both, and leads another page to the same moment', async () => {
    const duo = start();
    await duo.seek(12_345_000);
    await duo.act(sending(poster, 'B'));
    const { run, beside } = await duo.parameters();
    const other = start();
    await other.readAddress({ queue: run, stream: beside });
    await until(() => areAt(other, 12_345_000));
    expect(other.sides.stream.actions.value).toEqual(duo.sides.stream.actions.value);
    expect(frames(other)).toEqual(frames(duo));
    await other.readAddress({ queue: run, stream: 'cut short' });
    expect(other.sides.stream.error.value).toMatch(/address/i);
    duo.close();
    other.close();
  });
});
