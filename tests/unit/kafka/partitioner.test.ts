// The partitioner against the vectors of the dossier (O-1 to O-3).
import { describe, expect, it } from 'vitest';
import {
  cumulativeWeights,
  murmur2,
  partitionForKey,
  pickWeighted,
  RoundRobinPartitioner,
  StickyPartitioner,
  type TopicLoad,
  utf8,
} from '../../../src/brokers/kafka/partitioner.ts';
import { utf8Length } from '../../../src/brokers/utf8.ts';
import { Random } from '../../../src/sim/random.ts';

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

it('K-28: a key counts with its bytes in UTF-8', () => {
  for (const text of ['', 'order-1', 'Größe', '注文', '🧾x', '\ud800'])
    expect(utf8Length(text)).toBe(utf8(text).length);
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
});

/** A topic with this many partitions, as the partitioners see it. */
const topicOf = (
  partitions: number,
  available: readonly number[] = Array.from({ length: partitions }, (_, i) => i),
  load: { indexes: readonly number[]; queueSizes: readonly number[] } | null = null,
): TopicLoad & { draws: number; open: boolean } => ({
  draws: 0,
  open: true,
  partitionCount: () => partitions,
  available: () => available,
  takes() {
    return this.open;
  },
  load() {
    this.draws++;
    return load;
  },
});

describe('the sticky partitioner', () => {
  it('K-24 O-3: stays for the first and second byte of three, and draws anew after the third', () => {
    const changes = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const sticky = new StickyPartitioner(new Random(seed), 3);
      const topic = topicOf(100);
      const next = (): number => sticky.partition(topic, 1);
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
      const sticky = new StickyPartitioner(new Random(1), 100);
      const topic = topicOf(1000);
      sticky.partition(topic, 1);
      sticky.appended(bytes, true);
      sticky.partition(topic, 1);
      return topic.draws === 2;
    };
    expect(drawn(100)).toBe(false);
    expect(drawn(199)).toBe(false);
    expect(drawn(200)).toBe(true);
  });

  it('K-24: a batch that was open lets it change when it is gone, or takes the next record no more', () => {
    const left = (takes: boolean, bytes: number): boolean => {
      const sticky = new StickyPartitioner(new Random(1), 100);
      const topic = topicOf(1000);
      sticky.partition(topic, 10);
      sticky.appended(bytes, true);
      topic.open = takes;
      sticky.partition(topic, 10);
      return topic.draws === 2;
    };
    expect(left(true, 100)).toBe(false);
    expect(left(false, 99)).toBe(false);
    expect(left(false, 100)).toBe(true);
  });

  it('K-25 O-3: a partition without a leader is never chosen, unless none has one', () => {
    for (let seed = 0; seed < 100; seed++) {
      expect(new StickyPartitioner(new Random(seed), 1).partition(topicOf(3, [0, 2]), 1)).not.toBe(1);
      expect(new StickyPartitioner(new Random(seed), 1).partition(topicOf(3, []), 1)).toBeLessThan(3);
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

  const shares = (topic: TopicLoad): number[] => {
    const sticky = new StickyPartitioner(new Random(7), 1);
    const counts = Array.from({ length: topic.partitionCount() }, () => 0);
    for (let i = 0; i < 2000; i++) {
      const at = sticky.partition(topic, 1);
      counts[at] = counts[at]! + 1;
      sticky.appended(1, false);
    }
    return counts;
  };

  it('K-26: a shorter queue is chosen more often; equal queues are all alike', () => {
    const uneven = shares(topicOf(3, [0, 1, 2], { indexes: [0, 1, 2], queueSizes: [9, 0, 0] }));
    expect(uneven[0]).toBeLessThan(150);
    const even = shares(topicOf(3, [0, 1, 2], { indexes: [0, 1, 2], queueSizes: [4, 4, 4] }));
    expect(Math.min(...even)).toBeGreaterThan(560);
  });

  it('K-26: a broker that is left out for being slow gets nothing, though all queues are alike', () => {
    const counts = shares(topicOf(3, [0, 1, 2], { indexes: [0, 2], queueSizes: [2, 2] }));
    expect(counts[1]).toBe(0);
    expect(Math.min(counts[0]!, counts[2]!)).toBeGreaterThan(850);
  });
});

describe('RoundRobinPartitioner', () => {
  const turns = (topic: TopicLoad, count: number): number[] => {
    const partitioner = new RoundRobinPartitioner();
    return Array.from({ length: count }, () => partitioner.partition(topic));
  };

  it('K-27: goes one partition further with every record', () => {
    expect(turns(topicOf(3), 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it('K-27: leaves out partitions without a leader, unless none has one', () => {
    expect(turns(topicOf(3, [0, 2]), 4)).toEqual([0, 2, 0, 2]);
    expect(turns(topicOf(3, []), 4)).toEqual([0, 1, 2, 0]);
  });
});
