// What the checkers hold a broker with queues to, on traces made by hand: one that keeps to it, and those that do not.
import { describe, expect, it } from 'vitest';
import type { Checker } from '../../src/claims/checker.ts';
import { OneFate, Prefetch } from '../../src/claims/conformance-queues.ts';
import { AtLeastOnce, Conservation, PlaceOrder } from '../../src/claims/conformance.ts';
import type { EventBody } from '../../src/sim/trace.ts';

function judged(checker: Checker, events: readonly EventBody[]): string[] {
  events.forEach((event, seq) => checker.on({ ...event, seq, at: seq }));
  return checker.violations(true).map(({ text }) => text);
}

const node = 'n1';
const place = 'work';
const queue = (name = place): EventBody => ({
  kind: 'places-created',
  node,
  name,
  places: [name],
  total: 1,
  holds: 'queue',
});
const published = (message: number, more: object = {}): EventBody => ({
  kind: 'published',
  client: 'p',
  message,
  key: null,
  to: '',
  bytes: 1,
  ...more,
});
const appended = (position: number, more: object = {}): EventBody => ({
  kind: 'appended',
  node,
  place,
  position,
  message: position,
  key: null,
  epoch: 0,
  ...more,
});
const acquired = (position: number, client = 'c', more: object = {}): EventBody => ({
  kind: 'acquired',
  node,
  group: place,
  client,
  place,
  position,
  message: position,
  deliveryCount: 1,
  until: null,
  ...more,
});
const removed = (position: number, more: object = {}): EventBody => ({
  kind: 'removed',
  node,
  place,
  position,
  message: position,
  why: 'acknowledged',
  ...more,
});
const dropped = (position: number): EventBody => ({
  kind: 'dropped',
  node,
  place,
  position,
  message: position,
  reason: 'maxlen',
});
const deadLettered = (position: number): EventBody => ({
  kind: 'dead-lettered',
  node,
  place,
  position,
  message: position,
  to: 'dlx',
  reason: 'rejected',
});
const delivered = (position: number, client = 'c'): EventBody => ({
  kind: 'delivered',
  client,
  group: place,
  message: position,
  key: null,
  place,
  position,
  redelivered: false,
  deliveryCount: null,
});
const settled = (position: number, client = 'c'): EventBody => ({
  kind: 'settled',
  client,
  group: place,
  outcome: 'acked',
  place,
  position,
  message: position,
});
const confirmed = (message: number): EventBody => ({
  kind: 'publish-confirmed',
  client: 'p',
  message,
  place: null,
  position: null,
});
const consuming = (prefetch: number | null, tag = 't', client = 'c'): EventBody => ({
  kind: 'consuming-began',
  client,
  group: place,
  place,
  tag,
  prefetch,
});
const ended = (tag = 't'): EventBody => ({ kind: 'consuming-ended', client: 'c', place, tag, why: 'over' });

describe('conservation', () => {
  const stored = [queue(), published(0), appended(0)];
  const returned: EventBody = { kind: 'returned', client: 'p', message: 0, reason: '312 NO_ROUTE' };

  it('takes a confirm that tells no place for what is stored, in one queue or several', () => {
    const copies = [queue('audit'), appended(0, { place: 'audit' })];
    expect(judged(new Conservation(), [...stored, ...copies, confirmed(0)])).toEqual([]);
  });

  it('takes no such confirm for what came nowhere', () => {
    expect(judged(new Conservation(), [queue(), published(0), confirmed(0)])).toEqual([
      'message 0 is confirmed and was stored nowhere',
    ]);
  });

  it('lets what was returned, or let go for want of a route, be confirmed', () => {
    expect(judged(new Conservation(), [published(0), returned, confirmed(0)])).toEqual([]);
    const unroutable: EventBody = { kind: 'dropped', node, place: 'x', message: 0, reason: 'unroutable' };
    expect(judged(new Conservation(), [published(0), unroutable, confirmed(0)])).toEqual([]);
  });

  it('wants a message returned before its confirm, and confirmed once', () => {
    expect(judged(new Conservation(), [...stored, confirmed(0), returned, confirmed(0)])).toEqual([
      'message 0 is returned and was settled',
      'message 0 is settled twice',
    ]);
  });

  it('waits for a word on each message of a publisher that asks for one', () => {
    expect(judged(new Conservation(), stored)).toEqual(['p never learnt what became of message 0']);
    expect(judged(new Conservation(), [queue(), published(0, { untold: true }), appended(0)])).toEqual([]);
  });

  it('takes a message that is sent again, and stored twice', () => {
    const again: EventBody = { kind: 'republished', client: 'p', message: 0, to: '', why: 'lost' };
    expect(judged(new Conservation(), [...stored, again, appended(1, { message: 0 }), confirmed(0)])).toEqual(
      [],
    );
  });

  it('lets a queue that is made anew count from the beginning, and no other', () => {
    const deleted: EventBody = { kind: 'places-deleted', node, name: place, places: [place] };
    const more = [published(1), appended(0, { message: 1 }), confirmed(0), confirmed(1)];
    expect(judged(new Conservation(), [...stored, deleted, queue(), ...more])).toEqual([]);
    expect(judged(new Conservation(), [...stored, ...more])).toEqual(['position 0 of work is taken']);
  });
});

describe('order of each place', () => {
  const three = [queue(), appended(0), appended(1), appended(2)];

  it('holds what a queue gives out for the first time, to whomever, to the order of its positions', () => {
    expect(judged(new PlaceOrder(), [...three, acquired(0), acquired(1, 'd'), acquired(2)])).toEqual([]);
    expect(judged(new PlaceOrder(), [...three, acquired(1), acquired(0, 'd')])).toEqual([
      'work gave out 0 for the first time after 1',
    ]);
  });

  it('counts what goes to one who need not acknowledge as given out', () => {
    expect(judged(new PlaceOrder(), [...three, removed(1), removed(0)])).toEqual([
      'work gave out 0 for the first time after 1',
    ]);
  });

  it('lets come back later what came back', () => {
    const released: EventBody = { kind: 'released', node, group: place, place, position: 0, why: 'nack' };
    expect(judged(new PlaceOrder(), [...three, acquired(0), released, acquired(1), acquired(0)])).toEqual([]);
  });
});

describe('at least once', () => {
  const stored = [queue(), published(0), appended(0), confirmed(0)];

  it('leaves nothing confirmed in a queue that is consumed', () => {
    expect(judged(new AtLeastOnce(), [...stored, consuming(1)])).toEqual([
      'message 0 was confirmed, and is left in work, which is consumed',
    ]);
    expect(judged(new AtLeastOnce(), [...stored, consuming(1), acquired(0), removed(0)])).toEqual([]);
  });

  it('asks nothing of a queue that nobody consumes any more, nor for what was dropped or sent on', () => {
    expect(judged(new AtLeastOnce(), stored)).toEqual([]);
    expect(judged(new AtLeastOnce(), [...stored, consuming(1), ended()])).toEqual([]);
    expect(judged(new AtLeastOnce(), [...stored, consuming(1), dropped(0)])).toEqual([]);
    expect(judged(new AtLeastOnce(), [...stored, consuming(1), deadLettered(0)])).toEqual([]);
  });

  it('asks nothing of what a leader of before wrote and threw away, and all of the leader of now', () => {
    const late = appended(1, { node: 'n2', message: 7 });
    const thrownAway: EventBody = {
      kind: 'truncated',
      node: 'n2',
      place,
      position: 1,
      messages: [7],
      why: 'n1 leads',
    };
    const now = [queue(), published(1), published(7), appended(1, { epoch: 2 }), consuming(1)];
    const told = [confirmed(1), confirmed(7)];
    // It comes when the other has come and gone, and while that is there.
    expect(judged(new AtLeastOnce(), [...now, dropped(1), late, thrownAway, ...told])).toEqual([]);
    expect(judged(new AtLeastOnce(), [...now, late, thrownAway, ...told])).toEqual([
      'message 1 was confirmed, and is left in work, which is consumed',
    ]);
  });

  it('asks for each copy of a message', () => {
    const copy = [queue('audit'), appended(0, { place: 'audit' })];
    expect(
      judged(new AtLeastOnce(), [...stored, ...copy, consuming(1), removed(0, { place: 'audit' })]),
    ).toEqual(['message 0 was confirmed, and is left in work, which is consumed']);
  });
});

describe('one fate', () => {
  const stored = [queue(), appended(0), appended(1), appended(2), appended(3)];

  it('is what each stored message meets, or it is still there', () => {
    const events = [...stored, acquired(0), removed(0), dropped(1), acquired(2), deadLettered(2)];
    expect(judged(new OneFate(), events)).toEqual([]);
  });

  it('is not two', () => {
    expect(judged(new OneFate(), [...stored, removed(0), dropped(0)])).toEqual([
      '0 of work is dropped, and was removed already',
    ]);
    expect(judged(new OneFate(), [...stored, removed(0), removed(0)])).toEqual([
      '0 of work is removed, and was removed already',
    ]);
  });

  it('may be told again by the next leader, but not told otherwise', () => {
    expect(judged(new OneFate(), [...stored, removed(0), removed(0, { node: 'n2' })])).toEqual([]);
    expect(judged(new OneFate(), [...stored, deadLettered(0), removed(0, { node: 'n2' })])).toEqual([
      '0 of work is removed, and was dead-lettered already',
    ]);
  });

  it('meets nothing that was not stored, and nothing is given out after it', () => {
    expect(judged(new OneFate(), [...stored, removed(7), acquired(8)])).toEqual([
      '7 of work is removed and was never stored',
      'work gives out 8, which it does not hold',
    ]);
    expect(judged(new OneFate(), [...stored, removed(0), acquired(0)])).toEqual([
      'work gives out 0, which was removed',
    ]);
  });

  it('is no matter of logs', () => {
    const log: EventBody = { ...queue(), holds: 'log' } as EventBody;
    expect(judged(new OneFate(), [log, acquired(0), dropped(0)])).toEqual([]);
  });
});

describe('prefetch', () => {
  it('bounds what a consumer has and has not settled', () => {
    const two = [consuming(2), delivered(0), delivered(1)];
    expect(judged(new Prefetch(), [...two, settled(0), delivered(2)])).toEqual([]);
    expect(judged(new Prefetch(), [...two, delivered(2)])).toEqual([
      'c has 3 unsettled deliveries of work, and a prefetch of 2',
    ]);
  });

  it('adds up for two consumers of one client, and bounds none without one', () => {
    const both = [consuming(1), consuming(1, 'u'), delivered(0), delivered(1)];
    expect(judged(new Prefetch(), both)).toEqual([]);
    expect(judged(new Prefetch(), [...both, delivered(2)])).toHaveLength(1);
    expect(judged(new Prefetch(), [consuming(null), delivered(0), delivered(1)])).toEqual([]);
  });

  it('is for one consumer and one connection: what went with those before it is not counted', () => {
    const lost: EventBody = { kind: 'disconnected', client: 'c', node, why: 'cut' };
    expect(judged(new Prefetch(), [consuming(1), delivered(0), lost, consuming(1), delivered(0)])).toEqual(
      [],
    );
    expect(judged(new Prefetch(), [consuming(1), delivered(0), ended(), consuming(1), delivered(1)])).toEqual(
      [],
    );
  });

  it('counts a message that comes back once', () => {
    expect(judged(new Prefetch(), [consuming(1), delivered(0), delivered(0)])).toEqual([]);
  });
});
