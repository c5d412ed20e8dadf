import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../../../src/brokers/rabbitmq/amqp-error.ts';
import type { Version } from '../../../../src/brokers/rabbitmq/config.ts';
import type { StreamOffset } from '../../../../src/brokers/rabbitmq/queue.ts';
import { StreamLog } from '../../../../src/brokers/rabbitmq/queues/stream.ts';
import { Bench, message, UNLIMITED } from './harness.ts';

/** Message 0 in a chunk of its own, then 1 to 4 in one (J-15). */
function five(version: Version = '4.3'): Bench {
  return new Bench('stream', {}, { version }).publish(0).wait(1000).publish(1, 2, 3, 4);
}

function read(bench: Bench, offset: StreamOffset | null, prefetch = 100): number[] {
  bench.consume('reader', { offset, prefetch });
  return offsets(bench);
}

function offsets(bench: Bench, tag = 'reader'): number[] {
  return bench.node.given.filter((one) => one.tag === tag).map((one) => one.position);
}

function settle(bench: Bench, type: 'ack' | 'discard', ...positions: number[]): Bench {
  return bench.do({ type, channel: 'channel of reader', positions, failed: true });
}

describe('stream: where a consumer begins', () => {
  it('reads from the first message, and again from there (R-58, J-15)', () => {
    const bench = five();
    expect(read(bench, { kind: 'first' })).toEqual([0, 1, 2, 3, 4]);
    bench.consume('again', { offset: { kind: 'first' }, prefetch: 9 });
    expect(offsets(bench, 'again')).toEqual([0, 1, 2, 3, 4]);
    expect(bench.queue.info()).toMatchObject({ ready: 5, readyBytes: 50, unacknowledged: 10 });
  });

  it('reads from an offset, inside a chunk too (R-58, J-15)', () => {
    expect(read(five(), { kind: 'offset', offset: 3 })).toEqual([3, 4]);
  });

  it('waits for an offset that is not there yet, and skips what is before it (R-58, obs-3.10.8)', () => {
    const bench = five();
    expect(read(bench, { kind: 'offset', offset: 6 }, 1)).toEqual([]);
    expect(offsets(bench.publish(5, 6, 7))).toEqual([6]);
  });

  it('reads what comes next, which is the default (R-58, J-15)', () => {
    for (const offset of [{ kind: 'next' } as const, null]) {
      const bench = five();
      expect(read(bench, offset)).toEqual([]);
      expect(offsets(bench.publish(5))).toEqual([5]);
    }
  });

  it('reads from the start of the last chunk (R-58, J-15)', () => {
    expect(read(five(), { kind: 'last' })).toEqual([1, 2, 3, 4]);
    expect(read(new Bench('stream'), { kind: 'last' })).toEqual([]);
  });

  it('reads from the first chunk that is not earlier than a time (R-58)', () => {
    const at = (time: number) => read(five(), { kind: 'time', at: time });
    expect([at(0), at(1), at(1_000_000), at(1_000_001)]).toEqual([
      [0, 1, 2, 3, 4],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [],
    ]);
  });

  it('tells the offset in a header (R-58)', () => {
    expect(five().consume('a', { prefetch: 1, offset: { kind: 'first' } }).node.given[0]).toEqual({
      tag: 'a',
      id: 0,
      position: 0,
      redelivered: false,
      count: null,
      headers: { 'x-stream-offset': 0 },
    });
  });
});

describe('stream: credit', () => {
  it('gives as much as the prefetch, and more for each settlement, whatever it is (R-58)', () => {
    const bench = five();
    expect(read(bench, { kind: 'first' }, 2)).toEqual([0, 1]);
    expect(offsets(settle(bench, 'ack', 0))).toEqual([0, 1, 2]);
    expect(offsets(settle(bench, 'discard', 1, 2))).toEqual([0, 1, 2, 3, 4]);
    expect(bench.requeue('reader', 'nack', 3).node.given).toHaveLength(5);
    expect(bench.queue.info()).toMatchObject({ ready: 5, unacknowledged: 1 });
    expect([bench.node.dead, bench.node.of('removed'), bench.node.of('released')]).toEqual([[], [], []]);
  });

  it('gives no credit twice (R-58)', () => {
    const bench = five();
    read(bench, { kind: 'first' }, 1);
    settle(settle(bench, 'ack', 0), 'ack', 0);
    expect(offsets(bench)).toEqual([0, 1]);
  });

  it('credits two consumers of one channel with what each was given (R-58)', () => {
    const bench = five();
    read(bench, { kind: 'first' }, 1);
    bench.consume('other', { channel: 'channel of reader', offset: { kind: 'first' }, prefetch: 1 });
    settle(settle(bench, 'ack', 0), 'ack', 0);
    expect([offsets(bench), offsets(bench, 'other')]).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('reads whole chunks in 3.10, past the prefetch (R-58, obs-3.10.8)', () => {
    const bench = five('3.10');
    expect(read(bench, { kind: 'first' }, 2)).toEqual([0, 1, 2, 3, 4]);
    settle(bench, 'ack', 0, 1, 2);
    expect(bench.publish(5).node.given).toHaveLength(5);
    expect(offsets(settle(bench, 'ack', 3))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('stops when the consumer or its channel goes (R-58)', () => {
    const bench = five()
      .consume('a', { prefetch: 9 })
      .consume('b', { prefetch: 9 })
      .cancel('a')
      .down('b')
      .publish(5);
    expect(bench.node.given).toEqual([]);
    expect(bench.queue.info().consumers).toEqual([]);
  });

  it('confirms what it has (R-30)', () => {
    expect(five().node.confirms).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('stream: retention', () => {
  /** A message with its header fills a segment: each chunk begins another. */
  const SMALL = { maxSegmentBytes: 1 } as const;

  it('drops whole segments by size when a new one begins, and never the last (R-58)', () => {
    const bench = new Bench('stream', { ...SMALL, maxLengthBytes: 150 });
    for (let n = 0; n < 5; n++) bench.wait(1).publish(n);
    // 70 bytes each: 8 of the file, 48 of the chunk, 4 and 10 of the message. The newest has 8 when it begins.
    expect(bench.node.of('segment-rolled').map((event) => event.position)).toEqual([1, 2, 3, 4]);
    expect(bench.node.of('expired').map(({ from, position, why }) => [from, position, why])).toEqual([
      [0, 0, 'max-length-bytes'],
      [1, 1, 'max-length-bytes'],
    ]);
    expect(read(bench, { kind: 'first' })).toEqual([2, 3, 4]);
    expect(bench.queue.info()).toMatchObject({ ready: 3, readyBytes: 30 });
  });

  it('drops segments whose last chunk is too old, when another begins (R-58)', () => {
    const bench = new Bench('stream', { ...SMALL, maxAge: 1_000_000 }).publish(0).wait(10_000);
    expect(bench.queue.info().ready).toBe(1);
    bench.publish(1);
    expect(bench.node.of('expired')).toMatchObject([{ from: 0, position: 0, why: 'max-age', message: null }]);
  });

  it('looks at once when the limits change (R-11)', () => {
    const bench = new Bench('stream', SMALL).publish(0).wait(1).publish(1).wait(1);
    bench.do({ type: 'configure', settings: { ...UNLIMITED, maxLengthBytes: 0 } });
    expect(read(bench, { kind: 'offset', offset: 0 })).toEqual([1]);
  });

  it('leads a consumer that lags on to what is left (R-58)', () => {
    const bench = new Bench('stream', { ...SMALL, maxLengthBytes: 80 })
      .consume('reader', { prefetch: 1 })
      .publish(0);
    for (let n = 1; n < 4; n++) bench.wait(1).publish(n);
    expect(offsets(settle(bench, 'ack', 0))).toEqual([0, 2]);
  });

  it('goes with all it has when it is deleted', () => {
    const bench = five().do({ type: 'delete' });
    expect(bench.node.of('expired')).toMatchObject([{ from: 0, position: 4, why: 'deleted' }]);
    expect(bench.queue.info()).toMatchObject({ ready: 0, readyBytes: 0 });
  });
});

describe('stream: what it does not do', () => {
  function refusal(version: Version, call: (bench: Bench) => unknown): string {
    try {
      call(new Bench('stream', {}, { version }).publish(0));
    } catch (error) {
      if (error instanceof AmqpError) return `${error.code} ${error.text}`;
      throw error;
    }
    return 'not refused';
  }
  const queue = "queue 'q' in vhost '/'";

  it('refuses in the words of its version (R-58, J-13, obs-3.10.8)', () => {
    const noPrefetch = (bench: Bench) => bench.consume('a');
    const autoAck = (bench: Bench) => bench.consume('a', { noAck: true, prefetch: 1 });
    expect(refusal('3.10', noPrefetch)).toBe(`406 consumer prefetch count is not set for '${queue}'`);
    expect(refusal('4.3', noPrefetch)).toBe(`406 consumer prefetch count is not set for stream ${queue}`);
    expect(refusal('3.10', autoAck)).toBe(
      `540 automatic acknowledgement not supported by stream queues ${queue}`,
    );
    expect(refusal('4.3', autoAck)).toBe(`540 automatic acknowledgement not supported by stream ${queue}`);
    expect(refusal('4.3', (bench) => bench.get())).toBe(
      `540 basic.get not supported by stream queues ${queue}`,
    );
    expect(refusal('4.3', (bench) => bench.do({ type: 'purge', channel: 'c' }))).toBe(
      `540 queue.purge not supported by stream queues ${queue}`,
    );
    expect(refusal('3.10', (bench) => bench.requeue('a', 'nack', 0))).toBe(
      `540 basic.nack and basic.reject not supported by stream queues ${queue}`,
    );
  });
});

describe('stream: its trace', () => {
  it('appends by offset, and by the term of its leader (R-58)', () => {
    const bench = new Bench('stream').publish(7);
    if (!(bench.queue instanceof StreamLog)) throw new Error('not a stream');
    bench.queue.lead(4);
    bench.do({ type: 'enqueue', message: message(8), publish: null });
    expect(
      bench.node.of('appended').map(({ position, message: id, epoch }) => [position, id, epoch]),
    ).toEqual([
      [0, 7, 0],
      [1, 8, 4],
    ]);
  });
});
