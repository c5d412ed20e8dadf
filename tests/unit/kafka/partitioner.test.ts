// The partitioner against the vectors of the dossier (O-1 to O-3).
import { describe, expect, it } from 'vitest';
import {
  cumulativeWeights,
  murmur2,
  partitionForKey,
  pickWeighted,
  StickyPartitioner,
  utf8,
} from '../../../src/brokers/kafka/partitioner.ts';
import { Random } from '../../../src/sim/random.ts';
import { eventsOf, only, producer, scenario } from './harness.ts';

describe('murmur2', () => {
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('K-22 O-1: %s hashes to %i', (key, hash) => {
    expect(murmur2(utf8(key))).toBe(hash);
  });

  it('K-22: hashes the UTF-8 bytes of a key, as StringSerializer writes them', () => {
    for (const text of ['é', '€', '😀', 'naïve café', '\u0000']) {
      expect([...utf8(text)]).toEqual([...new TextEncoder().encode(text)]);
    }
  });
});

describe('key to partition', () => {
  const counts = [2, 3, 4, 6, 12, 50];
  it.each([
    ['', [1, 0, 1, 3, 9, 31]],
    ['a', [0, 1, 0, 4, 4, 24]],
    ['21', [0, 0, 0, 0, 0, 40]],
    ['abc', [1, 0, 3, 3, 3, 7]],
    ['foobar', [0, 0, 2, 0, 6, 16]],
    ['key1', [0, 2, 0, 2, 8, 40]],
    ['key2', [1, 2, 3, 5, 11, 11]],
    ['key-0', [1, 1, 1, 1, 1, 41]],
    ['key-1', [0, 0, 0, 0, 0, 40]],
    ['order-42', [0, 0, 0, 0, 0, 24]],
    ['user-1', [0, 2, 0, 2, 8, 28]],
    ['user-2', [0, 2, 0, 2, 8, 6]],
  ])('K-23 O-2: %j', (key, partitions) => {
    expect(counts.map((count) => partitionForKey(key, count))).toEqual(partitions);
  });

  it('K-23 O-2: masks the sign bit and does not take the absolute value', () => {
    expect(partitionForKey('foobar', 7)).toBe(0);
  });

  it('K-21: an empty key is a key; partitioner.ignore.keys makes keys count for nothing', () => {
    const produce = (key: string | null) =>
      ({ atMs: 1000, action: { do: 'produce' as const, client: 'p', key, count: 1 } }) as const;
    const why = (config: object, key: string | null) =>
      only(eventsOf(scenario([producer('p', { config })], { durationMs: 2000 }), [produce(key)]), 'routed')[0]
        ?.why;
    expect(why({}, '')).toBe('key');
    expect(why({}, null)).toBe('sticky');
    expect(why({ 'partitioner.ignore.keys': true }, 'a')).toBe('sticky');
  });
});

describe('the sticky partitioner', () => {
  it('K-24 O-3: stays for the first and second byte of three, and draws anew after the third', () => {
    const changes = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const sticky = new StickyPartitioner(new Random(seed), 3);
      const next = (): number => sticky.partition(null, 100, () => null);
      const first = next();
      sticky.appended(1, false);
      expect(next()).toBe(first);
      sticky.appended(1, false);
      expect(next()).toBe(first);
      sticky.appended(1, false);
      if (next() !== first) changes.add(seed);
    }
    // Random among a hundred: the same one may be picked again, but hardly ever.
    expect(changes.size).toBeGreaterThan(15);
  });

  it('K-24: an open batch holds the switch back until twice the size', () => {
    const drawn = (bytes: number): boolean => {
      let draws = 0;
      const sticky = new StickyPartitioner(new Random(1), 100);
      const next = (): number => sticky.partition(null, 1000, () => (draws++, null));
      next();
      sticky.appended(bytes, true);
      next();
      return draws === 2;
    };
    expect(drawn(100)).toBe(false);
    expect(drawn(199)).toBe(false);
    expect(drawn(200)).toBe(true);
  });

  it('K-25 O-3: a partition without a leader is never chosen, unless none has one', () => {
    for (let seed = 0; seed < 100; seed++) {
      expect(new StickyPartitioner(new Random(seed), 1).partition([0, 2], 3, () => null)).not.toBe(1);
      expect(new StickyPartitioner(new Random(seed), 1).partition([], 3, () => null)).toBeLessThan(3);
    }
  });

  it('K-26 O-3: queues [5,0,3,0,1] weigh [1,6,3,6,5] exactly', () => {
    const cumulative = cumulativeWeights([5, 0, 3, 0, 1]);
    expect(cumulative).toEqual([1, 7, 10, 16, 21]);
    const frequency = [0, 0, 0, 0, 0];
    for (let draw = 0; draw < 21; draw++) {
      const at = pickWeighted(cumulative, draw);
      frequency[at] = frequency[at]! + 1;
    }
    expect(frequency).toEqual([1, 6, 3, 6, 5]);
  });

  it('K-24: records without a key fill one partition with about batch.size bytes before the next', () => {
    const events = eventsOf(
      scenario(
        [producer('p', { load: { ratePerSecond: 100, count: 300 }, config: { 'batch.size': 1000 } })],
        { durationMs: 8000 },
      ),
    );
    const places = only(events, 'routed').map(({ place }) => place);
    const runs: number[] = [];
    places.forEach((place, i) => {
      if (place === places[i - 1]) runs[runs.length - 1] = runs.at(-1)! + 1;
      else runs.push(1);
    });
    // A record is 121 bytes: nine exceed 1000, seventeen exceed 2000; a draw may repeat the partition.
    expect(new Set(places).size).toBe(3);
    expect(Math.min(...runs.slice(0, -1))).toBeGreaterThanOrEqual(8);
  });
});
