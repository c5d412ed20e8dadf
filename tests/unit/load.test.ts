// What an application brings to any broker: when it sends, with which keys, how long it works.
import { describe, expect, it } from 'vitest';
import { parse } from 'valibot';
import { keys, load, LoadSource, workMs } from '../../src/brokers/load.ts';
import { traceOf } from '../../src/scenarios/run.ts';
import { parseScenario } from '../../src/scenarios/schema.ts';
import { Random } from '../../src/sim/random.ts';

const SECOND = 1_000_000;

/** The moments of the messages before `until`, and their keys. */
function drawn(settings: object, until: number, ofKeys: object = { kind: 'none' }) {
  const source = new LoadSource(
    { load: parse(load, settings), keys: parse(keys, ofKeys) },
    new Random(1, 'load'),
    0,
  );
  const messages: { at: number; key: string | null }[] = [];
  for (let at = source.next(); at !== null && at < until; at = source.next())
    messages.push({ at, key: source.take() });
  return messages;
}

function between(messages: readonly { at: number }[], from: number, until: number): number {
  return messages.filter(({ at }) => at >= from && at < until).length;
}

describe('a load', () => {
  it('is steady: one gap after another', () => {
    expect(drawn({ ratePerSecond: 4 }, 1.1 * SECOND).map(({ at }) => at)).toEqual([
      250_000, 500_000, 750_000, 1_000_000,
    ]);
  });

  it('is Poisson: the mean of the gaps is their standard deviation', () => {
    const messages = drawn({ ratePerSecond: 100, arrivals: 'poisson' }, 200 * SECOND);
    const gaps = messages.map(({ at }, i) => at - (messages[i - 1]?.at ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(mean / 10_000).toBeCloseTo(1, 1);
    expect(deviation / mean).toBeCloseTo(1, 1);
  });

  it('has bursts: at the beginning of every period so many times as much', () => {
    const messages = drawn(
      { ratePerSecond: 10, bursts: { everyMs: 2000, lastsMs: 500, factor: 10 } },
      10 * SECOND,
    );
    for (let period = 0; period < 5; period++) {
      const from = period * 2 * SECOND;
      expect(between(messages, from, from + 0.5 * SECOND)).toBeCloseTo(50, -1);
      expect(between(messages, from + 0.5 * SECOND, from + 2 * SECOND)).toBeCloseTo(15, -1);
    }
  });

  it('has a peak, once, beside its bursts', () => {
    const messages = drawn(
      { ratePerSecond: 20, arrivals: 'poisson', peak: { fromMs: 10_000, untilMs: 20_000, factor: 5 } },
      30 * SECOND,
    );
    expect(between(messages, 0, 10 * SECOND)).toBeGreaterThan(150);
    expect(between(messages, 0, 10 * SECOND)).toBeLessThan(250);
    expect(between(messages, 10 * SECOND, 20 * SECOND)).toBeGreaterThan(900);
    expect(between(messages, 10 * SECOND, 20 * SECOND)).toBeLessThan(1100);
    expect(between(messages, 20 * SECOND, 30 * SECOND)).toBeLessThan(250);
  });

  it('may be silent within its peak, and ends by count or time', () => {
    const silent = drawn({ ratePerSecond: 10, peak: { fromMs: 1000, untilMs: 3000, factor: 0 } }, 5 * SECOND);
    expect(between(silent, SECOND + 1, 3 * SECOND)).toBe(0);
    expect(between(silent, 3 * SECOND, 5 * SECOND)).toBeGreaterThan(15);
    expect(drawn({ ratePerSecond: 10, count: 3 }, 5 * SECOND)).toHaveLength(3);
    expect(drawn({ ratePerSecond: 10, untilMs: 1000 }, 5 * SECOND)).toHaveLength(10);
    expect(drawn({ ratePerSecond: 0 }, 5 * SECOND)).toHaveLength(0);
  });

  it('has keys in turn, evenly, or with the n-th weighing 1/n^skew', () => {
    const counts = (of: object): number[] => {
      const names = ['a', 'b', 'c', 'd'];
      const messages = drawn({ ratePerSecond: 1000 }, 20 * SECOND, { ...of, keys: names });
      return names.map((name) => messages.filter(({ key }) => key === name).length / messages.length);
    };
    expect(counts({ kind: 'cycle' }).every((share) => Math.abs(share - 0.25) < 0.001)).toBe(true);
    expect(counts({ kind: 'uniform' }).every((share) => Math.abs(share - 0.25) < 0.02)).toBe(true);
    const zipf = counts({ kind: 'zipf', skew: 1 });
    const sum = 1 + 1 / 2 + 1 / 3 + 1 / 4;
    zipf.forEach((share, i) => expect(share).toBeCloseTo(1 / (i + 1) / sum, 1));
  });
});

describe('work', () => {
  it('takes exactly so long, or so long on average', () => {
    const random = new Random(1, 'work');
    expect(workMs({ processingMs: 7, processingTimes: 'fixed' }, random)).toBe(7);
    const times = Array.from({ length: 20_000 }, () =>
      workMs({ processingMs: 7, processingTimes: 'exponential' }, random),
    );
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    expect(mean / 7).toBeCloseTo(1, 1);
    expect(times.filter((time) => time > 7).length / times.length).toBeCloseTo(Math.exp(-1), 1);
  });

  it('of one Kafka consumer does not change what another draws, nor a share consumer, nor a processor', () => {
    const consumer = (id: string) => ({
      id,
      role: 'consumer',
      group: id,
      topics: ['t'],
      processingMs: 5,
      processingTimes: 'exponential',
      config: { 'auto.offset.reset': 'earliest' },
    });
    const workOf = (id: string, clients: object[]): number[] => {
      const trace = traceOf(
        parseScenario({
          version: 1,
          id: 'work',
          title: 'Work',
          system: {
            broker: 'kafka',
            topics: [
              { name: 't', partitions: 1 },
              { name: 'u', partitions: 1 },
            ],
            config: { 'share.auto.offset.reset': 'earliest' },
          },
          clients: [
            { id: 'p', role: 'producer', topic: 't', load: { ratePerSecond: 50, untilMs: 8000 } },
            ...clients,
          ],
          durationMs: 20_000,
          seed: 3,
        }),
      );
      const at = trace.flatMap((event) =>
        event.kind === 'processed' && event.client === id ? [event.at] : [],
      );
      return at.slice(1).map((each, i) => each - at[i]!);
    };
    const alone = workOf('a', [consumer('a')]);
    const shared = {
      id: 's',
      role: 'share-consumer',
      group: 's',
      topics: ['t'],
      processingMs: 5,
      processingTimes: 'exponential',
    };
    const processor = {
      id: 'q',
      role: 'processor',
      group: 'q',
      topics: ['t'],
      to: 'u',
      processingMs: 5,
      processingTimes: 'exponential',
      consumer: { 'auto.offset.reset': 'earliest' },
    };
    const all = [consumer('a'), consumer('b'), shared, processor];
    // What lies in the log when it begins it works on without a pause: there, gaps are times of work.
    expect(new Set(alone.slice(0, 20)).size).toBe(20);
    expect(workOf('a', all).slice(0, 20)).toEqual(alone.slice(0, 20));
    for (const id of ['b', 's', 'q']) {
      const work = workOf(id, all).slice(0, 20);
      expect(new Set(work).size).toBeGreaterThan(15);
      expect(work).not.toEqual(alone.slice(0, 20));
    }
  });
});
