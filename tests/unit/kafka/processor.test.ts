// The application that reads, works and writes (K-48, K-112), with a consumer library and brokers that do what the test
// says.
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import type { StoredBatch } from '../../../src/brokers/kafka/batch.ts';
import { kafkaProcessor } from '../../../src/brokers/kafka/client-config.ts';
import type {
  ConsumerApp,
  ConsumerOptions,
  Offsets,
  Run,
  SeekTarget,
} from '../../../src/brokers/kafka/consumer-api.ts';
import { ProcessorClient } from '../../../src/brokers/kafka/processor.ts';
import type { ErrorCode, Reply } from '../../../src/brokers/kafka/protocol.ts';
import type { Port } from '../../../src/sim/kernel.ts';
import { addBrokers, Bench, FakeCluster, standard } from './producer-bench.ts';

/** What the tests hand out and see of the consumer, by the process's name. */
const shared = vi.hoisted(() => ({
  source: [] as number[],
  calls: [] as string[],
  position: 0,
  configs: [] as object[],
}));

vi.mock('../../../src/brokers/kafka/kafka-consumer.ts', () => ({
  /** One partition, `in-0`: its records are numbers, and poll() returns at most six. */
  ConsumerLibrary: class {
    private readonly port: Port;
    private readonly app: ConsumerApp;

    constructor(port: Port, options: ConsumerOptions, app: ConsumerApp) {
      this.port = port;
      this.app = app;
      shared.configs.push(options.config);
    }

    start(): void {}

    receive(): boolean {
      return false;
    }

    wake(timer: string): boolean {
      if (timer !== 'polled') return false;
      const count = Math.min(6, shared.source.length - shared.position);
      if (count <= 0) this.poll();
      else {
        const run: Run = {
          place: 'in-0',
          batch: batchOf(shared.source),
          from: shared.position,
          to: shared.position + count,
        };
        shared.position += count;
        this.app.polled([run]);
      }
      return true;
    }

    disconnected(): void {}

    poll(): void {
      this.port.timer(1000, 'polled');
    }

    commitSync(offsets: Offsets): void {
      shared.calls.push(`commit ${JSON.stringify(offsets)}`);
      this.app.committed(null);
    }

    committedByTransaction(offsets: Offsets): void {
      shared.calls.push(`committed ${JSON.stringify(offsets)}`);
    }

    groupMetadata(): object {
      return { group: 'g', memberId: 'm-1', instanceId: null, generation: 3 };
    }

    seek(to: SeekTarget, places: readonly string[]): void {
      if (to.kind === 'offset') shared.position = to.offset;
      shared.calls.push(`seek ${places.join()} ${to.kind === 'offset' ? to.offset : to.kind}`);
    }

    close(): void {
      shared.calls.push('close');
      this.app.closed();
    }
  },
}));

function batchOf(messages: readonly number[]): StoredBatch {
  return {
    baseOffset: 0,
    lastOffset: messages.length - 1,
    offsets: null,
    leaderEpoch: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    transactional: false,
    marker: null,
    messages,
    keys: messages.map((message) => `k${message}`),
    sizes: messages.map(() => 100),
    timestamps: messages.map(() => 0),
    values: null,
    coordinator: null,
    maxTimestamp: 0,
    bytes: 100,
    deleteHorizon: null,
  };
}

class ProcessorBench extends Bench {
  readonly client: ProcessorClient;

  constructor(
    records: number,
    settings: Partial<v.InferInput<typeof kafkaProcessor>> = {},
    judge?: FakeCluster['judge'],
  ) {
    super(new FakeCluster({ 'out-0': 'broker-1' }));
    if (judge) this.cluster.judge = judge;
    shared.source = Array.from({ length: records }, (_, i) => 900 + i);
    shared.calls = [];
    shared.position = 0;
    shared.configs = [];
    addBrokers(this.kernel, this.cluster, ['broker-1']);
    const parsed = v.parse(kafkaProcessor, {
      id: 'p',
      role: 'processor',
      group: 'g',
      topics: ['in'],
      to: 'out',
      processingMs: 2,
      ...settings,
    });
    let made: ProcessorClient | undefined;
    this.kernel.add(
      (port) => (made = new ProcessorClient(port, parsed, { next: 0 }, ['broker-1'], port.random)),
      'p',
    );
    this.client = made!;
    this.kernel.start('p');
  }

  get ended(): string[] {
    return this.of('transaction-ended').map(({ outcome }) => outcome);
  }
}

const transactional = { 'transactional.id': 'tx' } as const;

describe('with transactions', () => {
  it('K-48: what it writes and how far it has read end together', () => {
    const bench = new ProcessorBench(4, { producer: transactional, transaction: { records: 2 } });
    bench.until(2000);
    expect(bench.ended).toEqual(['committed', 'committed']);
    expect(bench.asked('TxnOffsetCommit')).toMatchObject([
      { group: 'g', memberId: 'm-1', generation: 3, offsets: [['in-0', 2]], producerEpoch: 0 },
      { offsets: [['in-0', 4]], producerEpoch: 1 },
    ]);
    expect(bench.asked('AddOffsetsToTxn')).toMatchObject([{ group: 'g' }, { group: 'g' }]);
    expect(shared.calls).toEqual(['committed [["in-0",2]]', 'committed [["in-0",4]]']);
    expect(bench.of('published').map(({ key, source, transaction }) => [key, source, transaction])).toEqual([
      ['k900', 900, 'p-tx-1'],
      ['k901', 901, 'p-tx-1'],
      ['k902', 902, 'p-tx-2'],
      ['k903', 903, 'p-tx-2'],
    ]);
    expect(shared.configs[0]).toMatchObject({ 'enable.auto.commit': false });
  });

  it('K-48: fewer records than a transaction takes are committed when poll() had no more', () => {
    const bench = new ProcessorBench(3, { producer: transactional, transaction: { records: 100 } });
    bench.until(2000);
    expect(bench.ended).toEqual(['committed']);
    expect(shared.calls).toEqual(['committed [["in-0",3]]']);
  });

  it('K-48: after an abort it goes back to where the transaction began, and writes again', () => {
    const bench = new ProcessorBench(6, {
      producer: transactional,
      transaction: { records: 2, abortEvery: 2 },
    });
    bench.until(3000);
    expect(bench.ended).toEqual(['committed', 'aborted', 'committed', 'aborted', 'committed']);
    expect(shared.calls).toEqual([
      'committed [["in-0",2]]',
      'seek in-0 2',
      'committed [["in-0",4]]',
      'seek in-0 4',
      'committed [["in-0",6]]',
    ]);
    expect(bench.of('processed').map(({ position }) => position)).toEqual([0, 1, 2, 3, 2, 3, 4, 5, 4, 5]);
  });

  it('K-48: a record that cannot be written, or a group that has rebalanced, makes it abort and begin again', () => {
    const spoilt = new ProcessorBench(2, { producer: transactional }, (_batch, n) =>
      n === 0 ? 'INVALID_RECORD' : 'store',
    );
    spoilt.until(3000);
    expect(spoilt.ended).toEqual(['aborted', 'committed']);
    expect(shared.calls.at(-1)).toBe('committed [["in-0",2]]');

    const moved = new ProcessorBench(2, { producer: transactional });
    let once: ErrorCode = 'ILLEGAL_GENERATION';
    moved.cluster.answer = (request) => {
      if (request.api !== 'TxnOffsetCommit') return standard(request);
      const reply: Reply = { api: 'TxnOffsetCommit', error: once };
      once = 'NONE';
      return reply;
    };
    moved.until(3000);
    expect(moved.ended).toEqual(['aborted', 'committed']);
    expect(shared.calls).toEqual(['seek in-0 0', 'committed [["in-0",2]]']);
  });

  it('K-44: one that is fenced ends', () => {
    const bench = new ProcessorBench(2, { producer: transactional });
    bench.cluster.answer = (request) =>
      request.api === 'AddOffsetsToTxn' ? { api: request.api, error: 'PRODUCER_FENCED' } : standard(request);
    bench.until(3000);
    expect(bench.of('error')).toMatchObject([{ client: 'p', code: 'ProducerFencedException' }]);
    expect(bench.ended).toEqual(['aborted']);
    expect(bench.of('client-stopped')).toMatchObject([{ client: 'p' }]);
    expect(shared.calls).toEqual(['close']);
  });

  it('K-43: close() aborts what is open, and then leaves the group', () => {
    const bench = new ProcessorBench(6, {
      producer: transactional,
      processingMs: 100,
      transaction: { records: 6 },
    });
    bench.until(350);
    bench.client.close();
    bench.until(1000);
    expect(bench.ended).toEqual(['aborted']);
    expect(shared.calls).toEqual(['close']);
    expect(bench.of('client-stopped')).toHaveLength(1);
  });
});

describe('without transactions', () => {
  it('K-112: commits what poll() returned once all of it is written', () => {
    const bench = new ProcessorBench(8, { producer: { 'linger.ms': 1000 } });
    bench.until(2000);
    expect(bench.log('out-0')).toHaveLength(8);
    expect(shared.calls).toEqual(['commit [["in-0",6]]', 'commit [["in-0",8]]']);
  });

  it('K-112: what could not be written is read, and written, again', () => {
    const bench = new ProcessorBench(2, {}, (_batch, n) => (n === 0 ? 'INVALID_RECORD' : 'store'));
    bench.until(2000);
    expect(shared.calls).toEqual(['seek in-0 0', 'commit [["in-0",2]]']);
    expect(bench.log('out-0')).toHaveLength(2);
  });
});
