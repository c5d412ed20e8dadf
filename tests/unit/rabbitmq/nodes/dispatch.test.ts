// J-5, J-6, J-7: who is given what, through connections and channels, as 3.10.8 was seen to do it.
import { describe, expect, it } from 'vitest';
import { ack, application, consume, declare, get, given, nack, on, publish, qos, runCalls } from './calls.ts';
import { run } from '../harness.ts';

const old = { version: '3.10' } as const;
const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i + 1));
const publishAll = (queue: string, n: number) => numbers(n).map((key) => publish(queue, key));

describe('J-5: three consumers of a classic queue', () => {
  const consumers = (prefetch: number | null, atMs = 100) =>
    ['a', 'b', 'c'].map((id, i) =>
      application(id, [
        ...(prefetch === null ? [] : [on(qos(prefetch), { atMs: atMs + i * 10 })]),
        on(consume('q', id), { atMs: atMs + i * 10 }),
      ]),
    );

  it('R-37: take turns where nothing limits them', () => {
    const trace = run(
      {
        system: { ...old, queues: [{ name: 'q' }] },
        clients: [
          ...consumers(null),
          application('p', [on(publish('q', '1'), { atMs: 500 }), ...publishAll('q', 9).slice(1)]),
        ],
      },
      2000,
    );
    expect(given(trace, 'a')).toEqual(['1', '4', '7']);
    expect(given(trace, 'b')).toEqual(['2', '5', '8']);
    expect(given(trace, 'c')).toEqual(['3', '6', '9']);
  });

  it('R-41: with a prefetch of one and no acknowledgement are given one each', () => {
    const trace = run(
      {
        system: { ...old, queues: [{ name: 'q' }] },
        clients: [
          ...consumers(1),
          application('p', [on(publish('q', '1'), { atMs: 500 }), ...publishAll('q', 9).slice(1)]),
        ],
      },
      2000,
    );
    expect([given(trace, 'a'), given(trace, 'b'), given(trace, 'c')]).toEqual([['1'], ['2'], ['3']]);
    expect(trace.of('appended')).toHaveLength(9);
    expect(trace.of('acquired')).toHaveLength(3);
  });

  it('R-38: the first to come to a backlog drains it', () => {
    const trace = run(
      {
        system: { ...old, queues: [{ name: 'q' }] },
        clients: [application('p', publishAll('q', 6)), ...consumers(null, 500).slice(0, 2)],
      },
      2000,
    );
    expect(given(trace, 'a')).toEqual(numbers(6));
    expect(given(trace, 'b')).toEqual([]);
  });

  it('R-38, R-41: with a prefetch of two it takes two, and so does the next', () => {
    const trace = run(
      {
        system: { ...old, queues: [{ name: 'q' }] },
        clients: [application('p', publishAll('q', 6)), ...consumers(2, 500).slice(0, 2)],
      },
      2000,
    );
    expect(given(trace, 'a')).toEqual(['1', '2']);
    expect(given(trace, 'b')).toEqual(['3', '4']);
  });

  it('R-40: whoever has the highest priority is given everything', () => {
    const trace = run(
      {
        system: { ...old, queues: [{ name: 'q' }] },
        clients: [
          ...[0, 10, 5].map((priority, i) =>
            application(`c${priority}`, [
              on(consume('q', 't', { arguments: { 'x-priority': priority } }), { atMs: 100 + i * 10 }),
            ]),
          ),
          application('p', [on(publish('q', '1'), { atMs: 500 }), ...publishAll('q', 6).slice(1)]),
        ],
      },
      2000,
    );
    expect(given(trace, 'c10')).toEqual(numbers(6));
    expect([...given(trace, 'c0'), ...given(trace, 'c5')]).toEqual([]);
  });

  it('R-45: a single active consumer keeps what it has when it cancels, and gives it back when it goes', () => {
    const trace = run(
      {
        system: { ...old, queues: [{ name: 'q', arguments: { 'x-single-active-consumer': true } }] },
        clients: [
          application('a', [
            on(consume('q', 'a'), { atMs: 100 }),
            on({ call: 'basic.cancel', tag: 'a' }, { atMs: 600 }),
            on({ call: 'connection.close' }, { atMs: 1000 }),
          ]),
          application('b', [on(consume('q', 'b'), { atMs: 200 })]),
          application('p', [
            on(publish('q', '0'), { atMs: 400 }),
            publish('q', '1'),
            publish('q', '2'),
            on(publish('q', 'new'), { atMs: 800 }),
          ]),
        ],
      },
      2000,
    );
    expect(given(trace, 'a')).toEqual(['0', '1', '2']);
    expect(given(trace, 'b')).toEqual(['new', '0*', '1*', '2*']);
  });
});

describe('J-6: two queues of twenty, two consumers on one channel', () => {
  const setUp = [declare('x'), declare('y'), ...publishAll('x', 20), ...publishAll('y', 20)];
  const counts = (calls: Parameters<typeof runCalls>[0], version: '3.10' | '4.3' = '3.10') => {
    const trace = runCalls([...setUp, ...calls], { system: { version } });
    return [given(trace, 'app', 'x').length, given(trace, 'app', 'y').length];
  };

  it('R-41: a limit for each consumer', () => {
    expect(counts([qos(3), consume('x', 'x'), consume('y', 'y')])).toEqual([3, 3]);
  });

  it('R-41: one limit for the channel', () => {
    expect(counts([qos(3, true), consume('x', 'x'), consume('y', 'y')])).toEqual([3, 0]);
  });

  it('R-41: who consumes already keeps what was', () => {
    expect(counts([consume('x', 'x'), qos(2), consume('y', 'y')])).toEqual([20, 2]);
  });

  it('R-41: a limit for each takes the channel’s away', () => {
    expect(counts([qos(4, true), qos(3), consume('x', 'x'), consume('y', 'y')])).toEqual([3, 3]);
  });

  it('R-42: 4.3 takes a limit for the channel for one of each consumer', () => {
    expect(counts([qos(3, true), consume('x', 'x'), consume('y', 'y')], '4.3')).toEqual([3, 3]);
  });

  it('R-41: an acknowledgement makes room for whichever consumer is next', () => {
    expect(counts([qos(3, true), consume('x', 'x'), consume('y', 'y'), on(ack(1), { atMs: 1000 })])).toEqual([
      4, 0,
    ]);
  });
});

describe('J-7: what comes back', () => {
  const five = publishAll('q', 5);
  const drain = Array.from({ length: 4 }, () => get('q'));

  it('R-50: to its original place in a classic queue', () => {
    const trace = runCalls(
      [declare('q'), ...five, get('q'), get('q'), get('q'), nack(2), get('q'), nack(3), nack(1), ...drain],
      { system: old },
    );
    expect(given(trace, 'app')).toEqual(['1', '2', '3', '2*', '1*', '3*', '4', '5']);
  });

  const quorum = { 'x-queue-type': 'quorum' };

  it('R-51: to the tail of a quorum queue without a limit', () => {
    const trace = runCalls(
      [declare('q', quorum), ...five, get('q'), get('q'), get('q'), ack(2), nack(3), nack(1), ...drain],
      { system: old },
    );
    expect(given(trace, 'app').slice(3)).toEqual(['4', '5', '3*', '1*']);
  });

  it('R-51: before all others of a quorum queue with a limit', () => {
    const limited = { ...quorum, 'x-delivery-limit': 2 };
    const trace = runCalls(
      [declare('q', limited), ...five, get('q'), get('q'), get('q'), ack(2), nack(3), nack(1), ...drain],
      { system: old },
    );
    expect(given(trace, 'app').slice(3)).toEqual(['3*', '1*', '4', '5']);
  });

  it('R-49: basic.recover gives all back', () => {
    const trace = runCalls(
      [
        declare('q'),
        ...['0', '1', '2'].map((key) => publish('q', key)),
        get('q'),
        get('q'),
        { call: 'basic.recover' },
        get('q'),
        get('q'),
        get('q'),
      ],
      { system: old },
    );
    expect(given(trace, 'app')).toEqual(['0', '1', '0*', '1*', '2']);
  });
});
