// The backlog: what is stored and not yet finished, whatever takes positions without being a message, and whatever will
// never be read.
import { describe, expect, it } from 'vitest';
import { MetricsFold } from '../../../src/claims/metrics.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

const PLACE = 'orders-0';

function backlogAfter(events: readonly EventBody[]): number {
  const fold = new MetricsFold();
  events.forEach((event, seq) => fold.on({ ...event, seq, at: seq }));
  return fold.metrics().backlog;
}

const published = (message: number, transaction?: string): EventBody => ({
  kind: 'published',
  client: 'p0',
  message,
  key: 'a',
  to: 'orders',
  bytes: 1,
  ...(transaction !== undefined && { transaction }),
});
const appended = (position: number, message = position, epoch = 0): EventBody => ({
  kind: 'appended',
  node: 'b',
  place: PLACE,
  position,
  message,
  key: 'a',
  epoch,
});
const marker = (position: number, outcome: 'committed' | 'aborted'): EventBody => ({
  kind: 'marker-appended',
  node: 'b',
  place: PLACE,
  position,
  producer: 1,
  epoch: 0,
  outcome,
});
const began = (transaction: string): EventBody => ({ kind: 'transaction-began', client: 'p0', transaction });
const ended = (transaction: string, outcome: 'committed' | 'aborted'): EventBody => ({
  kind: 'transaction-ended',
  client: 'p0',
  transaction,
  outcome,
  why: '',
});
const positioned = (position: number, committedOnly = false): EventBody => ({
  kind: 'positioned',
  client: 'c0',
  group: 'g',
  place: PLACE,
  position,
  by: 'reset',
  ...(committedOnly && { committedOnly }),
});
const processed = (position: number): EventBody => ({
  kind: 'processed',
  client: 'c0',
  group: 'g',
  message: position,
  key: 'a',
  place: PLACE,
  position,
});

describe('the backlog', () => {
  it('is what is stored and not finished', () => {
    expect(backlogAfter([appended(0), appended(1), positioned(0), appended(2), processed(0)])).toBe(2);
  });

  it('counts no control records, whether they come before the reader or after it', () => {
    const one = [published(0, 't'), appended(0), marker(1, 'committed')];
    expect(backlogAfter([...one, positioned(0)])).toBe(1);
    expect(backlogAfter([positioned(0), ...one])).toBe(1);
  });

  it('counts what was aborted for those who read it, and not for those who ask for committed messages', () => {
    const aborted = [began('t'), published(0, 't'), appended(0), ended('t', 'aborted'), marker(1, 'aborted')];
    expect(backlogAfter([...aborted, positioned(0)])).toBe(1);
    expect(backlogAfter([...aborted, positioned(0, true)])).toBe(0);
    expect(backlogAfter([positioned(0, true), ...aborted])).toBe(0);
  });

  it('counts what a client had open when it crashed as aborted', () => {
    const open = [began('t'), published(0, 't'), appended(0)];
    const crash: EventBody = { kind: 'client-stopped', client: 'p0', reason: 'crashed' };
    expect(backlogAfter([positioned(0, true), ...open])).toBe(1);
    expect(backlogAfter([positioned(0, true), ...open, crash])).toBe(0);
  });

  it('forgets what a cleaner took, once, however many replicas say so', () => {
    const compacted: EventBody = { kind: 'compacted', node: 'b', place: PLACE, position: 0, message: 0 };
    const rest = [
      appended(0),
      appended(1),
      positioned(0),
      compacted,
      { ...compacted, node: 'b2' } as EventBody,
    ];
    expect(backlogAfter(rest)).toBe(1);
  });

  it('counts a position once that a later leader writes anew', () => {
    expect(backlogAfter([positioned(0), appended(0), appended(1), appended(1, 9, 1)])).toBe(2);
  });

  it('counts nothing that a group has archived', () => {
    const archived: EventBody = {
      kind: 'archived',
      node: 'b',
      group: 'g',
      place: PLACE,
      position: 0,
      message: 0,
      why: 'delivery count limit',
    };
    expect(backlogAfter([appended(0), positioned(0), archived])).toBe(0);
  });
});

describe('the backlog of a queue', () => {
  const created: EventBody = {
    kind: 'places-created',
    node: 'b',
    name: PLACE,
    places: [PLACE],
    total: 1,
    holds: 'queue',
  };
  const at = { node: 'b', place: PLACE };
  const removed = (position: number): EventBody => ({
    kind: 'removed',
    ...at,
    position,
    message: position,
    why: '',
  });
  const dropped = (position?: number): EventBody => ({
    kind: 'dropped',
    ...at,
    message: 7,
    reason: 'maxlen',
    ...(position !== undefined && { position }),
  });
  const deadLettered = (position: number): EventBody => ({
    kind: 'dead-lettered',
    ...at,
    position,
    message: position,
    to: 'dlx',
    reason: 'rejected',
  });
  const three = [created, appended(0), appended(1), appended(2)];

  it('is what is in it, whoever reads it and whether it is given out or not', () => {
    expect(backlogAfter(three)).toBe(3);
    expect(backlogAfter([...three, processed(0)])).toBe(3);
    expect(backlogAfter([...three, removed(0), dropped(1), deadLettered(2)])).toBe(0);
  });

  it('counts each copy once, though another leader tells of it again', () => {
    expect(backlogAfter([...three, appended(0, 0, 1), removed(0), removed(0)])).toBe(2);
  });

  it('goes with the queue', () => {
    const deleted: EventBody = { kind: 'places-deleted', node: 'b', name: PLACE, places: [PLACE] };
    expect(backlogAfter([...three, deleted])).toBe(0);
    expect(backlogAfter([...three, deleted, created, appended(0)])).toBe(1);
  });

  it('is not what never got in; that is counted all the same, as what was let go', () => {
    const fold = new MetricsFold();
    [...three, dropped(), dropped(0), deadLettered(1)].forEach((event, seq) =>
      fold.on({ ...event, seq, at: seq }),
    );
    expect(fold.metrics()).toMatchObject({ backlog: 1, dropped: 2, deadLettered: 1 });
  });

  it('finishes a message again where another consumer of the queue does', () => {
    const fold = new MetricsFold();
    const by = (client: string): EventBody => ({ ...processed(0), client, group: null }) as EventBody;
    [...three, by('c0'), by('c1')].forEach((event, seq) => fold.on({ ...event, seq, at: seq }));
    expect(fold.metrics()).toMatchObject({ processed: 2, duplicates: 1 });
  });
});
