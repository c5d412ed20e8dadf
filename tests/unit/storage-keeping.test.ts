import { describe, expect, it, vi } from 'vitest';
import { careOf, createKeeper, isExportDue, MUCH, noteCare, WEEK_MS } from '../../src/storage/keeping.ts';
import { kinds } from '../../src/storage/kinds.ts';
import { createStore } from '../../src/storage/store.ts';
import type { Store } from '../../src/storage/store.ts';
import { FakeBrowser } from './fixtures/storage/fakes.ts';
import type { FakeTab } from './fixtures/storage/fakes.ts';

const task = { done: true, changedAtMs: 5, by: 'hand' as const, run: null };
const place = { page: 'p', label: 'P', heading: { id: 'h', text: 'H' }, seenAtMs: 5 };

/** A browser that has granted nothing yet and answers as told, and a store that tells its keeper of each value. */
function open(answer: boolean | Error = true) {
  const browser = new FakeBrowser();
  const tab = browser.openTab('t1');
  let granted = false;
  const manager = {
    persisted: vi.fn(() => Promise.resolve(granted)),
    persist: vi.fn(() => {
      if (answer instanceof Error) return Promise.reject(answer);
      granted = answer;
      return Promise.resolve(answer);
    }),
  };
  const visit = (at: FakeTab = tab) => {
    const store: Store = createStore({ ...at.surroundings, onStored: (kind) => keeper.stored(kind) });
    const keeper = createKeeper(store, () => manager);
    return { store, keeper };
  };
  return { browser, tab, manager, visit, ...visit() };
}

describe('the browser', () => {
  it('is asked to keep things once the reader has made one, and not for reading', async () => {
    const { store, keeper, manager } = open();
    store.read(kinds.task, 'a');
    store.write(kinds.place, 'last', place);
    await keeper.look();
    expect(manager.persist).not.toHaveBeenCalled();
    expect(keeper.lasting).toBe('refused');

    const listener = vi.fn();
    keeper.subscribe(listener);
    store.write(kinds.task, 'a', task);
    store.write(kinds.task, 'b', task);
    await vi.waitFor(() => expect(keeper.lasting).toBe('granted'));
    expect(manager.persist).toHaveBeenCalledTimes(1);
    expect(listener).toHaveBeenCalled();
    expect(careOf(store).askedAtMs).toBe(store.clock.nowMs());
  });

  it('that has granted it is not asked again', async () => {
    const { store, keeper, manager, visit } = open();
    store.write(kinds.task, 'a', task);
    await vi.waitFor(() => expect(keeper.lasting).toBe('granted'));
    const again = visit();
    again.store.write(kinds.task, 'a', task);
    await vi.waitFor(() => expect(again.keeper.lasting).toBe('granted'));
    expect(manager.persist).toHaveBeenCalledTimes(1);
  });

  it('that said no is asked again after a week, or when the reader says so', async () => {
    const { store, keeper, manager, visit, tab } = open(false);
    store.write(kinds.task, 'a', task);
    await vi.waitFor(() => expect(manager.persist).toHaveBeenCalledTimes(1));
    const soon = visit();
    soon.store.write(kinds.task, 'a', task);
    await vi.waitFor(() => expect(soon.keeper.lasting).toBe('refused'));
    expect(manager.persist).toHaveBeenCalledTimes(1);
    tab.advance(WEEK_MS);
    visit().store.write(kinds.task, 'a', task);
    await vi.waitFor(() => expect(manager.persist).toHaveBeenCalledTimes(2));
    await keeper.ask();
    expect(manager.persist).toHaveBeenCalledTimes(3);
  });

  it.each([
    ['throws', new TypeError('not here'), 'refused'],
    ['refuses', false, 'refused'],
  ])('that %s has refused, and nothing breaks or is written', async (_, answer, lasting) => {
    const { keeper, browser } = open(answer);
    await keeper.ask();
    expect(keeper.lasting).toBe(lasting);
    expect(browser.values.size).toBe(0);
  });

  it('is asked though there is no room to note it', async () => {
    const { store, keeper, browser } = open();
    browser.full = true;
    keeper.stored('task');
    await vi.waitFor(() => expect(keeper.lasting).toBe('granted'));
    expect(careOf(store).askedAtMs).toBeNull();
  });

  it('that cannot be asked leaves it unknown', async () => {
    const { store } = open();
    const keeper = createKeeper(store, () => undefined);
    await keeper.look();
    await keeper.ask();
    expect(keeper.lasting).toBe('unknown');
  });
});

describe('a reminder to export', () => {
  /** So many ticks, at times since the tab was opened. */
  function withTicks(count: number) {
    const opened = open();
    for (let at = 0; at < count; at += 1)
      opened.store.write(kinds.task, `c/practice/${at}`, {
        ...task,
        changedAtMs: opened.store.clock.nowMs(),
      });
    return opened;
  }

  it('comes when there is much and no export', () => {
    expect(isExportDue(withTicks(MUCH - 1).store)).toBe(false);
    const { store } = withTicks(MUCH);
    expect(isExportDue(store)).toBe(true);
  });

  it('does not count the place, what was set aside, or the saves of one text', () => {
    const { store, browser } = withTicks(MUCH - 1);
    store.write(kinds.place, 'last', place);
    browser.put('brokerbook/v1/task/z/set-aside/1', 'rubbish');
    browser.settle();
    const save = (by: string) => ({
      name: `${by}-1`,
      value: { text: by, savedAtMs: 1, by, seen: { [by]: 1 } },
    });
    expect(isExportDue(store)).toBe(false);
    store.writeSaves(kinds.note, 'n', [save('x'), save('y')], []);
    expect(isExportDue(store)).toBe(true);
  });

  it('rests for a week after an export, and longer where nothing was made since', () => {
    const { store, tab } = withTicks(MUCH);
    tab.advance(1);
    noteCare(store, { exportedAtMs: store.clock.nowMs() });
    expect(isExportDue(store)).toBe(false);
    tab.advance(WEEK_MS);
    expect(isExportDue(store)).toBe(false);
    store.write(kinds.task, 'c/practice/0', { ...task, changedAtMs: store.clock.nowMs() });
    expect(isExportDue(store)).toBe(true);
  });

  it('rests for a week when it was put off', () => {
    const { store, tab } = withTicks(MUCH);
    noteCare(store, { putOffAtMs: store.clock.nowMs() });
    expect(isExportDue(store)).toBe(false);
    tab.advance(WEEK_MS);
    expect(isExportDue(store)).toBe(true);
  });

  it('says nothing where the storage is out of reach', () => {
    const { store, browser } = withTicks(MUCH);
    browser.forbidden = true;
    expect(isExportDue(store)).toBe(false);
  });
});
