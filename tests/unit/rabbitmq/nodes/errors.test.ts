// J-13 and the rules behind it: what closes a channel, what a connection, and in which words.
import { describe, expect, it } from 'vitest';
import {
  ack,
  application,
  consume,
  declare,
  errors,
  get,
  given,
  nack,
  on,
  publish,
  qos,
  runCalls,
} from './calls.ts';
import { run } from '../harness.ts';

const old = { version: '3.10' } as const;
type Calls = Parameters<typeof runCalls>[0];

describe('J-13: what the server says', () => {
  it.each<[string, Calls, string]>([
    [
      'ack twice',
      [declare('q'), publish('q'), get('q'), ack(1), ack(1)],
      '406 PRECONDITION_FAILED: unknown delivery tag 1',
    ],
    ['ack 99', [ack(99)], '406 PRECONDITION_FAILED: unknown delivery tag 99'],
    ['ack 0', [ack(0)], '406 PRECONDITION_FAILED: unknown delivery tag 0'],
    ['ack 7 and below', [ack(7, true)], '406 PRECONDITION_FAILED: unknown delivery tag 7'],
    ['nack 5', [nack(5)], '406 PRECONDITION_FAILED: unknown delivery tag 5'],
    [
      'no exchange',
      [publish('k', null, { exchange: 'nope' })],
      "404 NOT_FOUND: no exchange 'nope' in vhost '/'",
    ],
    [
      'expiration',
      [declare('q'), publish('q', null, { expiration: 'abc' })],
      "406 PRECONDITION_FAILED: invalid expiration 'abc': no_integer",
    ],
    [
      'another user',
      [declare('q'), publish('q', null, { userId: 'bob' })],
      "406 PRECONDITION_FAILED: user_id property set to 'bob' but authenticated user was 'guest'",
    ],
    [
      'delete if empty',
      [declare('ne'), publish('ne'), { call: 'queue.delete', name: 'ne', ifEmpty: true }],
      "406 PRECONDITION_FAILED: queue 'ne' in vhost '/' not empty",
    ],
    [
      'delete if unused',
      [declare('u'), consume('u', 't'), { call: 'queue.delete', name: 'u', ifUnused: true }],
      "406 PRECONDITION_FAILED: queue 'u' in vhost '/' in use",
    ],
    [
      'prefetch size',
      [{ call: 'basic.qos', prefetchCount: 1, prefetchSize: 10 }],
      '540 NOT_IMPLEMENTED: prefetch_size!=0 (10)',
    ],
    [
      'quorum queue with a limit for the channel',
      [declare('qq7', { 'x-queue-type': 'quorum' }), qos(5, true), consume('qq7', 't')],
      "540 NOT_IMPLEMENTED: queue 'qq7' in vhost '/' does not support global qos",
    ],
    ['immediate', [publish('k', null, { immediate: true })], '540 NOT_IMPLEMENTED: immediate=true'],
    [
      'recover without requeue',
      [{ call: 'basic.recover', requeue: false }],
      '540 NOT_IMPLEMENTED: requeue=false',
    ],
    [
      'a tag twice',
      [declare('q'), consume('q', 't'), consume('q', 't')],
      "530 NOT_ALLOWED: attempt to reuse consumer tag 't'",
    ],
    ['no queue', [consume('nope', 't')], "404 NOT_FOUND: no queue 'nope' in vhost '/'"],
    [
      'declared otherwise',
      [declare('q'), declare('q', { 'x-max-length': 5 })],
      "406 PRECONDITION_FAILED: inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received the value '5' of type " +
        "'signedint' but current is none",
    ],
    [
      'get of a stream',
      [declare('s', { 'x-queue-type': 'stream' }), get('s')],
      "540 NOT_IMPLEMENTED: basic.get not supported by stream queues queue 's' in vhost '/'",
    ],
    [
      'purge of a stream',
      [declare('s', { 'x-queue-type': 'stream' }), { call: 'queue.purge', name: 's' }],
      "540 NOT_IMPLEMENTED: queue.purge not supported by stream queues queue 's' in vhost '/'",
    ],
    [
      'commit without a transaction',
      [{ call: 'tx.commit' }],
      '406 PRECONDITION_FAILED: channel is not transactional',
    ],
    [
      'from confirms to transactions',
      [{ call: 'confirm.select' }, { call: 'tx.select' }],
      '406 PRECONDITION_FAILED: cannot switch from confirm to tx mode',
    ],
    [
      'from transactions to confirms',
      [{ call: 'tx.select' }, { call: 'confirm.select' }],
      '406 PRECONDITION_FAILED: cannot switch from tx to confirm mode',
    ],
  ])('%s', (_, calls, error) => {
    expect(errors(runCalls(calls, { system: old }))).toEqual([error]);
  });

  it('R-48: tag 0 and below is everything, and nothing is fine too', () => {
    expect(errors(runCalls([ack(0, true)], { system: old }))).toEqual([]);
  });

  it('R-5: a soft error ends the channel and gives back what was on it; the connection lives', () => {
    const calls = [declare('q'), publish('q', 'm'), get('q'), ack(99), on(get('q'), { atMs: 500 })];
    const trace = runCalls(calls, { system: old });
    expect(given(trace, 'app')).toEqual(['m', 'm*']);
    expect(trace.of('disconnected')).toEqual([]);
  });

  it('R-5: a hard error ends the connection', () => {
    const trace = runCalls([{ call: 'basic.qos', prefetchCount: 1, prefetchSize: 10 }], { system: old });
    expect(trace.of('disconnected')).toMatchObject([{ why: 'the server closed it: 540 NOT_IMPLEMENTED' }]);
  });
});

describe('queues of a connection, and of nobody', () => {
  const others = (calls: Calls, more: Calls) =>
    run({ system: old, clients: [application('owner', calls), application('other', more)] }, 3000);

  it('R-7: an exclusive queue is its connection’s alone', () => {
    const trace = others([declare('mine', {}, { exclusive: true })], [on(get('mine'), { atMs: 500 })]);
    expect(errors(trace)).toEqual([
      "405 RESOURCE_LOCKED: cannot obtain exclusive access to locked queue 'mine' in vhost '/'. It could be originally " +
        'declared on another connection or the exclusive property value does not match that of the original declaration.',
    ]);
  });

  it('R-7: and goes with it', () => {
    const trace = others(
      [declare('mine', {}, { exclusive: true }), on({ call: 'connection.close' }, { atMs: 500 })],
      [on(get('mine'), { atMs: 1000 })],
    );
    expect(trace.of('places-deleted')).toMatchObject([{ name: 'mine' }]);
    expect(errors(trace)).toEqual(["404 NOT_FOUND: no queue 'mine' in vhost '/'"]);
  });

  it('R-7: an auto-delete queue goes with its last consumer, once it had one', () => {
    const trace = others(
      [
        declare('auto', {}, { autoDelete: true }),
        on(consume('auto', 't'), { atMs: 500 }),
        on({ call: 'basic.cancel', tag: 't' }, { atMs: 1000 }),
      ],
      [on(get('auto'), { atMs: 300 }), on(get('auto'), { atMs: 1500 })],
    );
    expect(trace.of('nothing-there')).toHaveLength(1);
    expect(errors(trace)).toEqual(["404 NOT_FOUND: no queue 'auto' in vhost '/'"]);
  });

  it('R-44: an exclusive consumer wants no other', () => {
    const trace = others(
      [declare('q'), consume('q', 't', { exclusive: true })],
      [on(consume('q', 'u'), { atMs: 500 })],
    );
    expect(errors(trace)).toEqual(["403 ACCESS_REFUSED: queue 'q' in vhost '/' in exclusive use"]);
  });

  it('R-46: whoever consumes a queue that is deleted is told', () => {
    const trace = others(
      [declare('q'), consume('q', 't')],
      [on({ call: 'queue.delete', name: 'q' }, { atMs: 500 })],
    );
    expect(trace.of('consuming-ended')).toMatchObject([{ client: 'owner', place: 'q', tag: 't' }]);
  });

  it('R-9: a queue that nobody uses for so long goes, and nothing of it is dead-lettered', () => {
    const trace = runCalls(
      [
        declare('q', { 'x-expires': 500, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }),
        declare('dead'),
        publish('q', 'm'),
        on(get('q', true), { atMs: 300 }),
        publish('q', 'n'),
      ],
      { system: old },
    );
    const [gone] = trace.of('places-deleted');
    expect(gone).toMatchObject({ name: 'q' });
    expect(gone!.at).toBeGreaterThan(800_000);
    expect(trace.of('dead-lettered')).toEqual([]);
  });

  it('R-9: a quorum queue looks every five seconds, and a declaration keeps it no longer', () => {
    const expiring = { 'x-queue-type': 'quorum', 'x-expires': 600 };
    const trace = runCalls(
      [
        declare('declared', expiring),
        declare('read', expiring),
        declare('owed', expiring),
        publish('owed', 'm'),
        on(get('owed'), { atMs: 1000 }),
        on(declare('declared', expiring), { atMs: 4500 }),
        on(get('read'), { atMs: 4600 }),
        on(ack(1), { atMs: 11_000 }),
      ],
      {},
      20_000,
    );
    const gone = trace.of('places-deleted').map(({ name, at }) => [name, Math.round(at / 1_000_000)]);
    expect(gone).toEqual([
      ['declared', 5],
      ['read', 10],
      ['owed', 15],
    ]);
  });

  it('R-47, R-36: a consumer without a tag is given a name, the same in every run', () => {
    const tags = () =>
      runCalls([declare('q'), consume('q', '')], { system: old })
        .of('consuming-began')
        .map(({ tag }) => tag);
    expect(tags()).toEqual(tags());
    expect(tags()[0]).toMatch(/^amq\.ctag-[\w-]{22}$/);
  });
});
