// What a run came to: each figure on a trace written by hand that shows it, and on one that does not. Nothing here knows a
// broker; "log" and "queue" are what a place says that it is.
import { describe, expect, it } from 'vitest';
import { Log } from '../../../src/claims/outcome/log.ts';
import { History } from '../../../src/claims/outcome/history.ts';
import {
  OutcomeFold,
  type Audience,
  type Outcome,
  type OutcomeSettings,
} from '../../../src/claims/outcome.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

type Event = EventBody & { at?: number };

const unroutable: Event = {
  kind: 'dropped',
  node: 'n1',
  place: 'exchange',
  message: 0,
  reason: 'unroutable',
};

const BILLING: Audience = { id: 'billing', clients: ['b1', 'b2'], wants: 'everything' };
const LATE: Audience = { id: 'late', clients: ['l1'], wants: 'everything' };
const MS = 1000;

/** Events a millisecond apart, unless `at` says otherwise; the run ends ten seconds after the last. */
function outcomeOf(
  events: readonly Event[],
  audiences: readonly Audience[] = [BILLING],
  disturbed: OutcomeSettings['disturbed'] = null,
): Outcome {
  const fold = new OutcomeFold({ audiences, disturbed });
  let now = 0;
  events.forEach((event, seq) => {
    now = event.at ?? now + MS;
    fold.on({ ...event, seq, at: now });
  });
  return fold.outcome(now + 10_000 * MS);
}

const start = (client: string, role: 'producer' | 'consumer' = 'consumer'): Event => ({
  kind: 'client-started',
  client,
  role,
});
const stop = (client: string): Event => ({ kind: 'client-stopped', client, reason: 'crashed' });
const publish = (message: number, key: string | null = 'A', client = 'p', bytes = 100): Event => ({
  kind: 'published',
  client,
  message,
  key,
  to: 'x',
  bytes,
});
const confirm = (message: number): Event => ({
  kind: 'publish-confirmed',
  client: 'p',
  message,
  place: null,
  position: null,
});
const append = (place: string, message: number, position = message, node = 'n1', epoch = 0): Event => ({
  kind: 'appended',
  node,
  place,
  position,
  message,
  key: 'A',
  epoch,
});
const reading = (client: string, message: number, place: string, position: number) =>
  ({ client, group: place, message, key: 'A', place, position }) as const;
const deliver = (client: string, message: number, place = 'q', position = message): Event => ({
  kind: 'delivered',
  ...reading(client, message, place, position),
  redelivered: false,
  deliveryCount: null,
});
const finish = (client: string, message: number, place = 'q', position = message): Event => ({
  kind: 'processed',
  ...reading(client, message, place, position),
});
const remove = (message: number, place = 'q', position = message): Event => ({
  kind: 'removed',
  node: 'n1',
  place,
  position,
  message,
  why: 'acked',
});
const queue = (...places: string[]): Event => ({
  kind: 'places-created',
  node: 'n1',
  name: places[0]!,
  places,
  total: places.length,
  holds: 'queue',
});
const log = (place: string, ...replicas: string[]): Event => ({
  kind: 'places-created',
  node: 'n1',
  name: place,
  places: [place],
  total: 1,
  replicas: [replicas.length > 0 ? replicas : ['n1']],
});
const consume = (client: string, place = 'q'): Event => ({
  kind: 'consuming-began',
  client,
  group: place,
  place,
  tag: 't',
  prefetch: null,
});
const assign = (client: string, place: string): Event => ({
  kind: 'assigned',
  client,
  group: 'billing',
  places: [place],
  all: [place],
  generation: 1,
});
const position = (client: string, place: string, at: number): Event => ({
  kind: 'positioned',
  client,
  group: 'billing',
  place,
  position: at,
  by: 'reset',
});
const commit = (client: string, place: string, at: number): Event => ({
  kind: 'settled',
  client,
  group: 'billing',
  outcome: 'committed',
  place,
  position: at,
  message: null,
});
const lead = (place: string, node: string | null, epoch: number): Event => ({
  kind: 'leader-elected',
  place,
  node,
  epoch,
  clean: true,
  why: 'test',
});
const replicate = (place: string, node: string, end: number): Event => ({
  kind: 'replicated',
  node,
  place,
  position: end,
});

/** A queue with two consumers and a producer. */
const QUEUE = [queue('q'), start('p', 'producer'), start('b1'), start('b2'), consume('b1'), consume('b2')];
/** A log that b1 reads from its beginning. */
const LOG = [log('l'), start('p', 'producer'), start('b1'), assign('b1', 'l'), position('b1', 'l', 0)];
const stored = (message: number, place = 'q', key: string | null = 'A'): Event[] => [
  publish(message, key),
  append(place, message),
  confirm(message),
];
const done = (client: string, message: number, place = 'q'): Event[] => [
  deliver(client, message, place),
  finish(client, message, place),
  remove(message, place),
];

/** Everything that is not finished, by what became of it. */
function fates({ owed, deadLettered, dropped, missed, lost }: Outcome) {
  return { owed, deadLettered, dropped, missed, lost: lost.confirmed + lost.unconfirmed };
}
const NOTHING = { owed: 0, deadLettered: 0, dropped: 0, missed: 0, lost: 0 };

describe('finished and duplicated', () => {
  it('counts a message once for each audience, and the times it was finished again', () => {
    const second = { id: 'analytics', clients: ['a1'], wants: 'everything' } as const;
    const outcome = outcomeOf(
      [
        ...QUEUE,
        start('a1'),
        consume('a1'),
        ...stored(0),
        ...done('b1', 0),
        finish('b2', 0),
        finish('a1', 0),
      ],
      [BILLING, second],
    );
    expect(outcome.audiences.map(({ finished, duplicated }) => [finished, duplicated])).toEqual([
      [1, 1],
      [1, 0],
    ]);
    expect(outcome).toMatchObject({ published: 1, confirmed: 1, finished: 2, duplicated: 1 });
    expect(fates(outcome)).toEqual(NOTHING);
  });
});

describe('order by key', () => {
  it('counts a message that is given, and one that is finished, after a later one of its producer and key', () => {
    const { reordered } = outcomeOf([
      ...QUEUE,
      ...stored(0),
      ...stored(1),
      deliver('b1', 0),
      deliver('b2', 1),
      finish('b2', 1),
      finish('b1', 0),
    ]);
    expect(reordered).toEqual({ given: 0, finished: 1 });
    expect(
      outcomeOf([...QUEUE, ...stored(0), ...stored(1), deliver('b1', 1), deliver('b1', 0)]).reordered,
    ).toEqual({ given: 1, finished: 0 });
  });

  it('does not count other keys, other producers, messages without a key, or a second time', () => {
    const none = { given: 0, finished: 0 };
    const backwards = [...done('b1', 1), ...done('b1', 0)];
    expect(
      outcomeOf([...QUEUE, ...stored(0, 'q', 'A'), ...stored(1, 'q', 'B'), ...backwards]).reordered,
    ).toEqual(none);
    expect(
      outcomeOf([...QUEUE, ...stored(0, 'q', null), ...stored(1, 'q', null), ...backwards]).reordered,
    ).toEqual(none);
    expect(
      outcomeOf([...QUEUE, publish(0, 'A', 'p'), publish(1, 'A', 'other'), ...backwards]).reordered,
    ).toEqual(none);
    expect(
      outcomeOf([
        ...QUEUE,
        ...stored(0),
        ...stored(1),
        ...done('b1', 0),
        ...done('b1', 1),
        deliver('b2', 0),
        finish('b2', 0),
      ]).reordered,
    ).toEqual(none);
  });
});

describe('a message in a queue', () => {
  it('is owed while it lies there, or a consumer that lives has it', () => {
    expect(fates(outcomeOf([...QUEUE, ...stored(0)]))).toEqual({ ...NOTHING, owed: 1 });
    expect(fates(outcomeOf([...QUEUE, ...stored(0), deliver('b1', 0), remove(0)]))).toEqual({
      ...NOTHING,
      owed: 1,
    });
  });

  it('is lost when the queue has let go of it and its consumer died, and the worse if it was confirmed', () => {
    const gone = [deliver('b1', 0), remove(0), stop('b1')];
    expect(outcomeOf([...QUEUE, ...stored(0), ...gone]).lost).toEqual({ confirmed: 1, unconfirmed: 0 });
    expect(outcomeOf([...QUEUE, publish(0), append('q', 0), ...gone]).lost).toEqual({
      confirmed: 0,
      unconfirmed: 1,
    });
    // A consumer that has been started again remembers nothing.
    expect(outcomeOf([...QUEUE, ...stored(0), ...gone, start('b1')]).lost.confirmed).toBe(1);
  });

  it('is lost when its consumer went past it, and owed while it gave it back', () => {
    const both = [
      ...QUEUE,
      ...stored(0),
      ...stored(1),
      deliver('b1', 0),
      remove(0),
      deliver('b1', 1),
      remove(1),
    ];
    expect(fates(outcomeOf(both))).toEqual({ ...NOTHING, owed: 2 });
    expect(fates(outcomeOf([...both, finish('b1', 1)]))).toEqual({ ...NOTHING, lost: 1 });
    const rejected: Event = {
      kind: 'settled',
      client: 'b1',
      group: 'q',
      outcome: 'rejected',
      place: 'q',
      position: 0,
      message: 0,
    };
    const dead: Event = {
      kind: 'dead-lettered',
      node: 'n1',
      place: 'q',
      position: 0,
      message: 0,
      to: 'dlx',
      reason: 'delivery_limit',
    };
    const given = [...QUEUE, ...stored(0), deliver('b1', 0)];
    expect(fates(outcomeOf([...given, rejected]))).toEqual({ ...NOTHING, owed: 1 });
    expect(fates(outcomeOf([...given, dead]))).toEqual({ ...NOTHING, deadLettered: 1 });
    expect(fates(outcomeOf([...given, rejected, remove(0)]))).toEqual({ ...NOTHING, lost: 1 });
  });

  it('is owed when it came back before its consumer died', () => {
    const back: Event = {
      kind: 'released',
      node: 'n1',
      group: 'q',
      place: 'q',
      position: 0,
      why: 'channel-down',
      message: 0,
    };
    expect(fates(outcomeOf([...QUEUE, ...stored(0), deliver('b1', 0), stop('b1'), back]))).toEqual({
      ...NOTHING,
      owed: 1,
    });
  });

  it('is there once for all that it was appended twice, until both copies are gone', () => {
    const twice = [...QUEUE, publish(0), append('q', 0, 0), append('q', 0, 1)];
    expect(outcomeOf([...twice, remove(0, 'q', 0)])).toMatchObject({
      owed: 1,
      storage: { atEnd: { messages: 1 }, atMost: { messages: 2 } },
    });
    expect(outcomeOf([...twice, remove(0, 'q', 0), remove(0, 'q', 1)])).toMatchObject({
      owed: 0,
      storage: { atEnd: { messages: 0 } },
    });
  });

  it('is not there where another leader wrote, or the one that wrote it took it back', () => {
    const back: Event = {
      kind: 'truncated',
      node: 'n1',
      place: 'q',
      position: 1,
      messages: [1, 2],
      why: 'raft',
    };
    const lonely = [
      ...QUEUE,
      ...stored(0),
      publish(1),
      append('q', 1),
      publish(2),
      append('q', 2),
      confirm(1),
    ];
    const next = [lead('q', 'n2', 1), publish(3), append('q', 3, 1, 'n2', 1), confirm(3)];
    const over = outcomeOf([...lonely, ...next, stop('p')]);
    expect(over).toMatchObject({ lost: { confirmed: 1 }, storage: { atEnd: { messages: 3, bytes: 300 } } });
    expect(outcomeOf([...lonely, ...next, back, stop('p')])).toMatchObject({
      owed: 2,
      lost: { confirmed: 1, unconfirmed: 1 },
      storage: { atEnd: { messages: 2, bytes: 200 } },
    });
  });

  it('is dead-lettered or dropped by the word of the queue that the audience reads, and no other', () => {
    const dead: Event = {
      kind: 'dead-lettered',
      node: 'n1',
      place: 'q',
      position: 0,
      message: 0,
      to: 'dlx',
      reason: 'rejected',
    };
    const dropped: Event = {
      kind: 'dropped',
      node: 'n1',
      place: 'q',
      position: 0,
      message: 0,
      reason: 'maxlen',
    };
    const elsewhere: Event = { ...dropped, place: 'other' };
    expect(fates(outcomeOf([...QUEUE, ...stored(0), dead]))).toEqual({ ...NOTHING, deadLettered: 1 });
    expect(fates(outcomeOf([...QUEUE, ...stored(0), dropped]))).toEqual({ ...NOTHING, dropped: 1 });
    expect(fates(outcomeOf([...QUEUE, queue('other'), ...stored(0), elsewhere]))).toEqual({
      ...NOTHING,
      owed: 1,
    });
    // What is finished after all is finished.
    expect(fates(outcomeOf([...QUEUE, ...stored(0), dead, finish('b1', 0)]))).toEqual(NOTHING);
  });

  it('is dropped for everybody when no place took it', () => {
    expect(fates(outcomeOf([...QUEUE, publish(0), confirm(0), unroutable]))).toEqual({
      ...NOTHING,
      dropped: 1,
    });
  });
});

describe('a message that was refused', () => {
  const failed: Event = { kind: 'publish-failed', client: 'p', message: 0, error: 'nack' };

  it('is nobody’s, unless it is published again', () => {
    expect(outcomeOf([...QUEUE, publish(0), failed])).toMatchObject({
      refused: 1,
      owed: 0,
      lost: { confirmed: 0, unconfirmed: 0 },
    });
    const again: Event = { kind: 'republished', client: 'p', message: 0, to: 'x', why: 'nack' };
    expect(outcomeOf([...QUEUE, publish(0), failed, again, append('q', 0)])).toMatchObject({
      refused: 0,
      owed: 1,
    });
  });
});

describe('a message that was finished although its publisher was told that it failed', () => {
  const failed: Event = { kind: 'publish-failed', client: 'p', message: 0, error: 'timeout' };
  const two: Audience = { id: 'analytics', clients: ['a1'], wants: 'everything' };

  it('is finished and not refused, whichever comes first', () => {
    const before = outcomeOf([...QUEUE, publish(0), append('q', 0), ...done('b1', 0), failed]);
    expect(before).toMatchObject({ published: 1, refused: 0, finished: 1 });
    const after = outcomeOf([...QUEUE, publish(0), append('q', 0), failed, ...done('b1', 0)]);
    expect(after).toMatchObject({ published: 1, refused: 0, finished: 1 });
    expect(after.backlog.most.at(-1)).toBe(0);
  });

  it('is owed to audiences that will come to it', () => {
    const queues = [...QUEUE, queue('q2'), start('a1'), consume('a1', 'q2')];
    const both = [...queues, publish(0), append('q', 0), append('q2', 0), failed, ...done('b1', 0)];
    const outcome = outcomeOf(both, [BILLING, two]);
    expect(outcome).toMatchObject({ refused: 0, finished: 1, owed: 1 });
    expect(outcome.backlog.most.at(-1)).toBe(1);
  });
});

describe('a message that a queue refused to take', () => {
  const unavailable: Event = { kind: 'dropped', node: 'n1', place: 'q', message: 1, reason: 'unavailable' };
  const events = [...QUEUE, ...stored(0), ...done('b1', 0), publish(1), unavailable];

  it('is owed while its producer waits for a confirm, and lost when the producer was told that all is well', () => {
    expect(fates(outcomeOf(events))).toEqual({ ...NOTHING, owed: 1 });
    expect(fates(outcomeOf([...events, confirm(1)]))).toEqual({ ...NOTHING, lost: 1 });
    const again: Event = { kind: 'republished', client: 'p', message: 1, to: 'x', why: 'nack' };
    expect(fates(outcomeOf([...events, again, append('q', 1), confirm(1)]))).toEqual({ ...NOTHING, owed: 1 });
  });
});

describe('a message that was only in the memory of a node', () => {
  it('is lost when the node crashes: that is no limit that somebody stated', () => {
    const crashed: Event = {
      kind: 'dropped',
      node: 'n1',
      place: 'q',
      position: 0,
      message: 0,
      reason: 'node-crashed',
    };
    expect(outcomeOf([...QUEUE, ...stored(0), crashed])).toMatchObject({
      dropped: 0,
      lost: { confirmed: 1, unconfirmed: 0 },
      storage: { atEnd: { messages: 0 } },
    });
    // From the place of an audience that had not begun to read it, too.
    const early = [queue('q'), start('p', 'producer'), start('b1'), ...stored(0), crashed, consume('b1')];
    expect(outcomeOf(early)).toMatchObject({ missed: 0, lost: { confirmed: 1 } });
  });
});

describe('a message that no place has', () => {
  it('is owed while a producer that hears of confirms lives to send it, and lost when it dies', () => {
    const events = [...QUEUE, ...stored(0), ...done('b1', 0), publish(1)];
    expect(fates(outcomeOf(events))).toEqual({ ...NOTHING, owed: 1 });
    expect(outcomeOf([...events, stop('p')]).lost).toEqual({ confirmed: 0, unconfirmed: 1 });
    expect(outcomeOf([...events, stop('p'), start('p', 'producer')]).lost).toEqual({
      confirmed: 0,
      unconfirmed: 1,
    });
  });

  it('is lost a second after a producer sent it that asks for no confirms', () => {
    expect(outcomeOf([...QUEUE, publish(0)]).lost).toEqual({ confirmed: 0, unconfirmed: 1 });
    const justNow = new OutcomeFold({ audiences: [BILLING], disturbed: null });
    [...QUEUE, publish(0)].forEach((event, seq) => justNow.on({ ...event, seq, at: 0 }));
    expect(justNow.outcome(MS)).toMatchObject({ owed: 1, lost: { unconfirmed: 0 } });
  });
});

describe('a message in a log', () => {
  it('is owed until the audience has passed it', () => {
    expect(fates(outcomeOf([...LOG, ...stored(0, 'l')]))).toEqual({ ...NOTHING, owed: 1 });
    expect(fates(outcomeOf([...LOG, ...stored(0, 'l'), commit('b1', 'l', 0)]))).toEqual({
      ...NOTHING,
      owed: 1,
    });
  });

  it('is lost for an audience that committed beyond it and died before it was done', () => {
    const passed = [...LOG, ...stored(0, 'l'), deliver('b1', 0, 'l'), commit('b1', 'l', 1)];
    expect(fates(outcomeOf(passed))).toEqual({ ...NOTHING, owed: 1 });
    expect(outcomeOf([...passed, stop('b1')]).lost).toEqual({ confirmed: 1, unconfirmed: 0 });
    // It may be given again by somebody who goes back.
    expect(fates(outcomeOf([...passed, stop('b1'), position('b2', 'l', 0)]))).toEqual({
      ...NOTHING,
      owed: 1,
    });
  });

  it('is dropped when its group gave up on it, though the log still has it', () => {
    const archived: Event = {
      kind: 'archived',
      node: 'n1',
      group: 'billing',
      place: 'l',
      position: 0,
      message: 0,
      why: 'delivered five times',
    };
    expect(fates(outcomeOf([...LOG, ...stored(0, 'l'), archived]))).toEqual({ ...NOTHING, dropped: 1 });
    const others: Event = { ...archived, group: 'others' };
    expect(fates(outcomeOf([...LOG, ...stored(0, 'l'), others]))).toEqual({ ...NOTHING, owed: 1 });
  });

  it('is dropped when it expired unread', () => {
    const expired: Event = {
      kind: 'expired',
      node: 'n1',
      place: 'l',
      position: 0,
      message: null,
      why: 'retention',
    };
    expect(fates(outcomeOf([...LOG, ...stored(0, 'l'), ...stored(1, 'l'), expired]))).toEqual({
      ...NOTHING,
      owed: 1,
      dropped: 1,
    });
  });

  const replicated = [
    log('l', 'n1', 'n2'),
    start('p', 'producer'),
    start('b1'),
    assign('b1', 'l'),
    lead('l', 'n1', 0),
  ];

  it('is lost when a leader without it takes over, and not when one with it does', () => {
    const events = [...replicated, ...stored(0, 'l'), replicate('l', 'n2', 1), ...stored(1, 'l')];
    const outcome = outcomeOf([...events, lead('l', 'n2', 1)]);
    expect(outcome).toMatchObject({
      owed: 1,
      lost: { confirmed: 1 },
      storage: { atEnd: { messages: 1, bytesOnAllNodes: 200 } },
    });
    expect(fates(outcomeOf([...events, replicate('l', 'n2', 2), lead('l', 'n2', 1)]))).toEqual({
      ...NOTHING,
      owed: 2,
    });
    // While nobody leads, whoever has it may come back.
    expect(fates(outcomeOf([...events, lead('l', null, 1)]))).toEqual({ ...NOTHING, owed: 2 });
  });

  it('is lost when another takes its position under a later leader', () => {
    const outcome = outcomeOf([
      ...replicated,
      ...stored(0, 'l'),
      replicate('l', 'n2', 1),
      ...stored(1, 'l'),
      lead('l', 'n2', 1),
      publish(2),
      append('l', 2, 1, 'n2', 1),
      confirm(2),
      { kind: 'truncated', node: 'n1', place: 'l', position: 1, messages: [1], why: 'diverged' },
      replicate('l', 'n1', 2),
    ]);
    expect(outcome).toMatchObject({ owed: 2, lost: { confirmed: 1 }, replayable: 2 });
  });
});

describe('an audience that comes late', () => {
  const first = [...QUEUE, ...stored(0), ...done('b1', 0)];

  it('misses what queues have let go of', () => {
    const late = [start('l1'), consume('l1', 'q2')];
    const { audiences } = outcomeOf([...first, queue('q2'), ...late], [BILLING, LATE]);
    expect(audiences[1]).toMatchObject({ finished: 0, missed: 1, owed: 0, lost: { confirmed: 0 } });
  });

  it('is owed what a log has kept', () => {
    const inLog = [
      log('l'),
      start('p', 'producer'),
      start('b1'),
      assign('b1', 'l'),
      ...stored(0, 'l'),
      ...done('b1', 0, 'l'),
    ];
    const late = [start('l1'), assign('l1', 'l'), position('l1', 'l', 0)];
    expect(outcomeOf([...inLog, ...late], [BILLING, LATE]).audiences[1]).toMatchObject({
      missed: 0,
      owed: 1,
    });
    expect(outcomeOf([...inLog, ...late, finish('l1', 0, 'l')], [BILLING, LATE]).audiences[1]).toMatchObject({
      finished: 1,
      owed: 0,
    });
  });

  it('misses what passes by between its coming and its reading', () => {
    const between = [start('l1'), ...stored(1), ...done('b1', 1)];
    const { audiences } = outcomeOf(
      [...first, ...between, queue('q2'), consume('l1', 'q2')],
      [BILLING, LATE],
    );
    expect(audiences[1]).toMatchObject({ missed: 2, lost: { confirmed: 0 } });
    // For one that came before all messages and was not ready for the first, it is the same.
    const soon = [
      start('p', 'producer'),
      start('l1'),
      publish(0),
      confirm(0),
      queue('q2'),
      consume('l1', 'q2'),
    ];
    expect(outcomeOf(soon, [LATE])).toMatchObject({ missed: 1, lost: { confirmed: 0 } });
    // Of a log, new messages are those behind where it began.
    const inLog = [...LOG, ...stored(0, 'l'), start('l1'), ...stored(1, 'l'), assign('l1', 'l')];
    const begins = [...stored(2, 'l'), position('l1', 'l', 3), ...stored(3, 'l')];
    const late = outcomeOf([...inLog, ...begins], [BILLING, { ...LATE, wants: 'new' }]);
    expect(late.audiences[1]).toMatchObject({ missed: 2, owed: 1, lost: { confirmed: 0 } });
  });

  it('misses what no place took before it came', () => {
    const came = [start('p', 'producer'), publish(0), confirm(0), unroutable, start('l1'), queue('q2')];
    expect(outcomeOf([...came, consume('l1', 'q2')], [LATE])).toMatchObject({ missed: 1, dropped: 0 });
  });

  it('is owed nothing from before when it asks for new messages only', () => {
    const late = { ...LATE, wants: 'new' } as const;
    const { audiences } = outcomeOf(
      [...first, start('l1'), queue('q2'), consume('l1', 'q2')],
      [BILLING, late],
    );
    expect(fates({ ...outcomeOf(first), ...audiences[1] })).toEqual(NOTHING);
  });
});

describe('latency and throughput', () => {
  it('is from publish to first finish, with quantiles and an exact mean', () => {
    const events = [...QUEUE];
    for (let message = 0; message < 1000; message++) {
      const at = 1_000_000 + message * 10 * MS;
      const took = message < 500 ? 10 : message < 950 ? 20 : message < 990 ? 40 : message < 999 ? 80 : 160;
      events.push({ ...publish(message), at }, { ...finish('b1', message), at: at + took * MS });
    }
    // In the order of time, as every trace is.
    events.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
    const { latencyMs, throughputPerSecond } = outcomeOf(events);
    expect(latencyMs!.mean).toBeCloseTo(0.5 * 10 + 0.45 * 20 + 0.04 * 40 + 0.009 * 80 + 0.001 * 160, 9);
    const near = (value: number, exact: number) => {
      expect(value).toBeGreaterThanOrEqual(exact);
      expect(value).toBeLessThanOrEqual(exact * 1.05);
    };
    near(latencyMs!.p50, 10);
    near(latencyMs!.p95, 20);
    near(latencyMs!.p99, 40);
    near(latencyMs!.p999, 80);
    expect(latencyMs!.max).toBe(160);
    expect(throughputPerSecond).toBeCloseTo(1000 / (9.99 + 0.16), 6);
  });

  it('is null and 0 where nothing was finished', () => {
    expect(outcomeOf([...QUEUE, publish(0)])).toMatchObject({ latencyMs: null, throughputPerSecond: 0 });
  });
});

describe('storage and replay', () => {
  it('counts queues once for each, a log once with its copies, and what was there at most', () => {
    const two = { id: 'analytics', clients: ['a1'], wants: 'everything' } as const;
    const queues = outcomeOf(
      [
        ...QUEUE,
        queue('q2'),
        start('a1'),
        consume('a1', 'q2'),
        publish(0),
        append('q', 0),
        append('q2', 0),
        remove(0, 'q2'),
      ],
      [BILLING, two],
    );
    expect(queues.storage).toEqual({
      atEnd: { messages: 1, bytes: 100, bytesOnAllNodes: 100 },
      atMost: { messages: 2, bytes: 200, bytesOnAllNodes: 200 },
    });
    expect(queues.replayable).toBe(0);
    const kept = outcomeOf([
      log('l', 'n1', 'n2', 'n3'),
      publish(0),
      append('l', 0),
      publish(1, null, 'p', 300),
      append('l', 1),
    ]);
    expect(kept.storage.atEnd).toEqual({ messages: 2, bytes: 400, bytesOnAllNodes: 1200 });
    expect(kept.replayable).toBe(2);
  });

  it('counts what nobody has asked for yet, and what comes again when all have finished it', () => {
    const late = { ...LATE, wants: 'new' } as const;
    const unasked = [
      log('l'),
      publish(0, null, 'p', 700),
      publish(1, null, 'p', 40),
      append('l', 0),
      append('l', 1),
    ];
    expect(outcomeOf(unasked, [late]).storage.atEnd).toEqual({
      messages: 2,
      bytes: 740,
      bytesOnAllNodes: 740,
    });
    const again = [...LOG, ...stored(0, 'l'), ...done('b1', 0, 'l'), append('l', 0, 1)];
    expect(outcomeOf(again).storage.atEnd).toEqual({ messages: 2, bytes: 200, bytesOnAllNodes: 200 });
  });

  it('takes off what expires with its segment, exactly', () => {
    const events: Event[] = [
      log('l'),
      publish(0, null, 'p', 100),
      append('l', 0),
      publish(1, null, 'p', 300),
      append('l', 1),
    ];
    const rolled: Event = { kind: 'segment-rolled', node: 'n1', place: 'l', position: 2, why: 'full' };
    const expired: Event = { kind: 'expired', node: 'n1', place: 'l', position: 1, message: null };
    const { storage, replayable } = outcomeOf([
      ...events,
      rolled,
      publish(2, null, 'p', 50),
      append('l', 2),
      expired,
    ]);
    expect(storage.atEnd).toMatchObject({ messages: 1, bytes: 50 });
    expect(replayable).toBe(1);
  });

  it('keeps no marker and nothing compacted for replay', () => {
    const marker: Event = {
      kind: 'marker-appended',
      node: 'n1',
      place: 'l',
      position: 2,
      producer: 1,
      epoch: 0,
      outcome: 'committed',
    };
    const compacted: Event = { kind: 'compacted', node: 'n1', place: 'l', position: 0, message: 0 };
    expect(
      outcomeOf([log('l'), publish(0), append('l', 0), publish(1), append('l', 1), marker, compacted])
        .replayable,
    ).toBe(1);
  });

  it('forgets a place that is deleted', () => {
    const deleted: Event = { kind: 'places-deleted', node: 'n1', name: 'q', places: ['q'] };
    expect(outcomeOf([...QUEUE, ...stored(0), deleted]).storage.atEnd.messages).toBe(0);
  });
});

describe('time to recover', () => {
  const second = 1_000_000;
  /** A message each 10 ms for ten seconds, worked on at once, but for those from 4 s on: they wait until `until`. */
  function disturbedUntil(until: number | null): Event[] {
    const events: Event[] = [];
    for (let message = 0; message < 1000; message++) {
      const at = message * 10 * MS;
      const finishedAt = at >= 4 * second && until !== null ? Math.max(at, until * second) + MS : at + MS;
      events.push({ ...publish(message), at });
      if (at < 4 * second || until !== null) events.push({ ...finish('b1', message), at: finishedAt });
    }
    return [...QUEUE.map((event) => ({ ...event, at: 0 })), ...events.sort((a, b) => a.at! - b.at!)];
  }
  const at4 = { firstAt: 4 * second, lastAt: 4 * second };

  it('is until the backlog is back at the most that it was before', () => {
    const { recovery, backlog } = outcomeOf(disturbedUntil(7), [BILLING], at4);
    expect(recovery).toEqual({ kind: 'recovered', ms: 3000 });
    expect(Math.max(...backlog.most)).toBeGreaterThanOrEqual(300);
    expect(backlog.everyMs * backlog.most.length).toBeGreaterThanOrEqual(10_000);
  });

  it('is nothing where the backlog never rose, and never where it does not come back', () => {
    expect(outcomeOf(disturbedUntil(4), [BILLING], at4).recovery).toEqual({ kind: 'recovered', ms: 0 });
    const waiting = disturbedUntil(null).flatMap((event): Event[] =>
      event.kind === 'published' ? [event, { ...append('q', event.message), at: event.at! }] : [event],
    );
    expect(outcomeOf(waiting, [BILLING], at4).recovery).toEqual({ kind: 'not-recovered' });
    expect(outcomeOf(disturbedUntil(7)).recovery).toEqual({ kind: 'undisturbed' });
  });

  it('is none before the first disturbance, and has no end before the last', () => {
    const endsAt = 20 * second;
    const recovery = (firstAt: number, lastAt: number) =>
      outcomeOf(disturbedUntil(7), [BILLING], { firstAt, lastAt }).recovery;
    expect(recovery(endsAt, endsAt)).toEqual({ kind: 'undisturbed' });
    expect(recovery(4 * second, endsAt + second)).toEqual({ kind: 'not-recovered' });
  });

  it('does not wait for what is lost', () => {
    // Message 400 goes the way of its consumer; all others are finished at once.
    const events = disturbedUntil(4).filter(
      (event) => !(event.kind === 'processed' && event.message === 400),
    );
    const gone = events.flatMap((event): Event[] =>
      event.kind === 'published' && event.message === 400
        ? [
            event,
            ...[append('q', 400), deliver('b1', 400), remove(400), stop('b1'), start('b1')].map((e) => ({
              ...e,
              at: event.at!,
            })),
          ]
        : [event],
    );
    const outcome = outcomeOf(gone, [BILLING], at4);
    expect(outcome.lost.unconfirmed + outcome.lost.confirmed).toBe(1);
    expect(outcome.recovery).toEqual({ kind: 'recovered', ms: 0 });
  });
});

describe('limits', () => {
  it('are told once each', () => {
    const limit: Event = { kind: 'limit-reached', what: 'records of l', limit: 10 };
    expect(outcomeOf([limit, limit]).limits).toEqual(['10 records of l']);
    expect(outcomeOf(QUEUE).limits).toEqual([]);
  });
});

describe('History', () => {
  it('stays within its bound, however long the run, and keeps the least and the most', () => {
    const history = new History(1);
    history.add(5, 3);
    history.add(6, -2);
    history.add(1_000_000, 7);
    const stretches = history.stretches([]);
    expect(stretches.length).toBeLessThanOrEqual(4096);
    expect(stretches[0]).toMatchObject({ from: 0, least: 0, most: 3 });
    expect(stretches.at(-1)).toMatchObject({ least: 1, most: 8 });
  });
});

describe('Log', () => {
  it('has what a leader has whose copy came from the one that wrote it', () => {
    const log = new Log();
    log.appended('a', 0, 0, 10);
    log.appended('a', 1, 0, 10);
    log.replicated('b', 2);
    log.led('b');
    log.appended('b', 2, 1, 10);
    expect([log.has(0, 0), log.has(1, 0), log.has(2, 1), log.has(2, 0), log.has(3, 1)]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect([log.messages, log.bytes]).toEqual([3, 30]);
  });

  it('does not count what one writes that has been deposed', () => {
    const log = new Log();
    log.appended('a', 0, 0, 10);
    log.replicated('b', 1);
    log.led('b');
    log.appended('a', 1, 0, 10);
    expect([log.messages, log.has(1, 0)]).toEqual([1, false]);
  });

  it('gives back what an old leader has kept when it leads again', () => {
    const log = new Log();
    for (let at = 0; at < 3; at++) log.appended('a', at, 0, 10);
    log.replicated('b', 1);
    log.led('b');
    expect([log.has(2, 0), log.messages]).toEqual([false, 1]);
    log.led('a');
    expect(log.has(2, 0)).toBe(true);
  });
});
