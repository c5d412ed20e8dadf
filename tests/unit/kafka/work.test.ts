// What a broker's work takes: its request thread, its network card and its disk, each one thing after another.
import { parse } from 'valibot';
import { describe, expect, it } from 'vitest';
import { costs } from '../../../src/brokers/kafka/config.ts';
import type { Reply, Request } from '../../../src/brokers/kafka/protocol.ts';
import { Work } from '../../../src/brokers/kafka/work.ts';

function work(settings: object = {}): Work {
  const made = new Work(parse(costs, settings));
  made.reset(0);
  return made;
}

const metadata = { api: 'Metadata' } as unknown as Request;
/** With batches of so many records of 1000 bytes. */
const produce = (...records: number[]): Request =>
  ({
    api: 'Produce',
    batches: records.map((count) => ({ sizes: Array.from({ length: count }, () => 1000) })),
  }) as unknown as Request;
const fetched = (bytes: number): Reply =>
  ({ api: 'Fetch', partitions: [{ batches: [{ bytes }] }] }) as unknown as Reply;
const produced = { api: 'Produce' } as unknown as Reply;

describe('the request thread', () => {
  it('takes one request after another, an append more for each batch', () => {
    const thread = work();
    expect(thread.request(metadata, 100, 1)).toBe(120);
    expect(thread.request(produce(1, 1), 100, 1)).toBe(120 + 20 + 60);
    expect(thread.request(metadata, 1000, 1)).toBe(1020);
  });

  it('is slower on a slow machine, and free again after a restart', () => {
    const thread = work({ requestMicros: 10 });
    expect(thread.request(metadata, 0, 3)).toBe(30);
    thread.reset(5);
    expect(thread.request(metadata, 5, 1)).toBe(15);
  });

  it('counts no bytes by itself, and the disk’s where they are', () => {
    expect(work().request(produce(1000), 0, 1)).toBe(50);
    // A million bytes at 500 MB/s: two milliseconds.
    expect(work({ diskBytesPerSecond: 500_000_000 }).request(produce(1000), 0, 1)).toBe(50 + 2000);
  });
});

describe('the network card', () => {
  const card = { networkBytesPerSecond: 1_000_000_000 };

  it('brings in what is produced, one after another', () => {
    const node = work(card);
    expect(node.request(produce(1000), 0, 1)).toBe(1000 + 50);
    // It comes in while the first is worked on.
    expect(node.request(produce(1000), 0, 1)).toBe(2000 + 50);
  });

  it('sends what is fetched, one after another; other replies wait behind', () => {
    const node = work(card);
    expect(node.reply(fetched(2_000_000), 0)).toBe(2000);
    expect(node.reply(produced, 0)).toBe(2000);
    expect(node.reply(fetched(1_000_000), 500)).toBe(2500);
    expect(node.reply(produced, 5000)).toBe(0);
  });

  it('takes no time where it is not counted', () => {
    expect(work().reply(fetched(2_000_000), 0)).toBe(0);
  });
});
