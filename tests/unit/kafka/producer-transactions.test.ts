// Transactions from the producer's side (K-43 to K-45), among brokers that answer as the test says: cases of Kafka's own
// TransactionManagerTest among them.
import { describe, expect, it } from 'vitest';
import type { ErrorCode, Reply, Request } from '../../../src/brokers/kafka/protocol.ts';
import { ProducerBench, standard } from './producer-bench.ts';

const transactional = { 'transactional.id': 'tx' } as const;
const ended = (bench: ProducerBench): string[] =>
  bench.of('transaction-ended').map(({ transaction, outcome }) => `${transaction} ${outcome}`);

/** Answers the first requests of one kind with these errors, and everything else as it should be. */
function failing(bench: ProducerBench, api: Request['api'], ...errors: ErrorCode[]): void {
  bench.cluster.answer = (request) => {
    const reply = standard(request);
    const error = request.api === api ? errors.shift() : undefined;
    return error === undefined || reply === null ? reply : ({ ...reply, error } as Reply);
  };
}

describe('a transactional application', () => {
  it('K-43: initTransactions() finds the coordinator, and then gets an id from it', () => {
    const bench = new ProducerBench({ config: transactional });
    const [find, init] = bench.cluster.requests
      .map(({ request }) => request)
      .filter(({ api }) => api === 'FindCoordinator' || api === 'InitProducerId');
    expect(find).toMatchObject({ api: 'FindCoordinator', key: 'tx', keyType: 'transaction' });
    expect(init).toMatchObject({
      api: 'InitProducerId',
      transactionalId: 'tx',
      transactionTimeoutMs: 60_000,
    });
  });

  it('K-43: begins with the first record, ends after `records`, and aborts every n-th', () => {
    const bench = new ProducerBench({
      config: transactional,
      transaction: { records: 3, abortEvery: 2, openMs: 50 },
      load: { ratePerSecond: 100, count: 9 },
    });
    bench.until(2000);
    expect(bench.of('transaction-began').map(({ transaction }) => transaction)).toEqual([
      'p-tx-1',
      'p-tx-2',
      'p-tx-3',
    ]);
    expect(ended(bench)).toEqual(['p-tx-1 committed', 'p-tx-2 aborted', 'p-tx-3 committed']);
    expect(
      bench
        .of('published')
        .map(({ transaction }) => transaction?.at(-1))
        .join(''),
    ).toBe('111222333');
    // What is aborted was sent all the same.
    expect(bench.log()).toHaveLength(9);
    const [began] = bench.of('transaction-began');
    const [over] = bench.of('transaction-ended');
    expect(over!.at - began!.at).toBeGreaterThan(70_000);
  });

  it('K-45: a commit brings a new epoch, in which the numbers of every partition begin at 0', () => {
    const bench = new ProducerBench({ config: transactional, transaction: { records: 2 } });
    bench.client.produce('a', 4);
    bench.until(1000);
    const sent = bench.cluster.produced.map(({ batch }) => [
      batch.epoch,
      batch.baseSequence,
      batch.transactional,
    ]);
    expect(sent).toEqual([
      [0, 0, true],
      [1, 0, true],
    ]);
    expect(bench.asked('EndTxn')).toMatchObject([
      { producerEpoch: 0, outcome: 'committed' },
      { producerEpoch: 1, outcome: 'committed' },
    ]);
  });

  it('K-43: EndTxn waits for the records, and linger.ms is not waited for', () => {
    const bench = new ProducerBench({
      config: { ...transactional, 'linger.ms': 5000 },
      transaction: { records: 2 },
    });
    bench.cluster.judge = (_batch, n) => (n === 0 ? 'NOT_ENOUGH_REPLICAS' : 'store');
    bench.client.produce('a', 2);
    bench.until(1000);
    const end = bench.cluster.requests.find(({ request }) => request.api === 'EndTxn')!;
    expect(end.at).toBeGreaterThan(bench.cluster.produced[1]!.at);
    expect(ended(bench)).toEqual(['p-tx-1 committed']);
  });

  it('K-43: the last transaction ends with the load, however few its records', () => {
    const bench = new ProducerBench({
      config: transactional,
      transaction: { records: 5 },
      load: { ratePerSecond: 100, count: 7 },
    });
    bench.until(2000);
    expect(ended(bench)).toEqual(['p-tx-1 committed', 'p-tx-2 committed']);
  });

  it('K-43: close() aborts what is open', () => {
    const bench = new ProducerBench({ config: transactional, transaction: { records: 5 } });
    bench.client.produce('a', 2);
    bench.until(100);
    bench.client.close();
    bench.until(500);
    expect(bench.asked('EndTxn')).toMatchObject([{ outcome: 'aborted' }]);
    expect(ended(bench)).toEqual(['p-tx-1 aborted']);
    expect(bench.of('client-stopped')).toHaveLength(1);
  });

  it('K-34: transactions without a transactional.id are an error of the application', () => {
    const bench = new ProducerBench({ transaction: { records: 5 } });
    bench.until(500);
    expect(bench.of('error')).toMatchObject([{ client: 'p', code: 'IllegalStateException' }]);
    expect(bench.of('client-stopped')).toHaveLength(1);
  });
});

describe('errors', () => {
  it('K-44: CONCURRENT_TRANSACTIONS is waited out, for as long as the leftover takes', () => {
    const bench = new ProducerBench({ config: transactional, transaction: { records: 1 }, startMs: 0 });
    failing(bench, 'EndTxn', 'CONCURRENT_TRANSACTIONS', 'CONCURRENT_TRANSACTIONS');
    bench.client.produce('a', 1);
    bench.until(3000);
    expect(bench.asked('EndTxn')).toHaveLength(3);
    expect(ended(bench)).toEqual(['p-tx-1 committed']);
  });

  it.each(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'] as const)(
    'K-43: %s makes it look for the coordinator again',
    (error) => {
      const bench = new ProducerBench({ config: transactional, transaction: { records: 1 } });
      failing(bench, 'EndTxn', error);
      const before = bench.asked('FindCoordinator').length;
      bench.client.produce('a', 1);
      bench.until(2000);
      expect(bench.asked('FindCoordinator')).toHaveLength(before + 1);
      expect(ended(bench)).toEqual(['p-tx-1 committed']);
    },
  );

  it('K-43: a coordinator whose connection broke is looked for again, and EndTxn repeated', () => {
    const bench = new ProducerBench(
      { config: { ...transactional, 'request.timeout.ms': 500 }, transaction: { records: 1 } },
      { 'orders-0': 'broker-2' },
    );
    let lost = 0;
    bench.cluster.answer = (request) => (request.api === 'EndTxn' && lost++ === 0 ? null : standard(request));
    bench.client.produce('a', 1);
    bench.until(5000);
    expect(bench.asked('EndTxn')).toHaveLength(2);
    expect(ended(bench)).toEqual(['p-tx-1 committed']);
  });

  it.each(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'] as const)(
    'K-44: %s of the coordinator is the end of the application',
    (error) => {
      const bench = new ProducerBench({ config: transactional, transaction: { records: 1, abortEvery: 1 } });
      failing(bench, 'EndTxn', error);
      bench.client.produce('a', 1);
      bench.until(1000);
      expect(bench.of('error')).toMatchObject([{ code: 'ProducerFencedException' }]);
      expect(ended(bench)).toEqual(['p-tx-1 aborted']);
      expect(bench.of('client-stopped')).toMatchObject([{ reason: 'closed' }]);
    },
  );

  it('K-44: whoever asked for a commit and is fenced cannot know what became of it', () => {
    const bench = new ProducerBench({ config: transactional, transaction: { records: 1 } });
    failing(bench, 'EndTxn', 'PRODUCER_FENCED');
    bench.client.produce('a', 1);
    bench.until(1000);
    expect(ended(bench)).toEqual(['p-tx-1 unknown']);
  });

  it('K-44: a leader’s INVALID_PRODUCER_EPOCH makes it abort; only the coordinator’s word is final', () => {
    const bench = new ProducerBench({ config: transactional, transaction: { records: 2 } });
    bench.cluster.judge = () => 'INVALID_PRODUCER_EPOCH';
    failing(bench, 'EndTxn', 'PRODUCER_FENCED');
    bench.client.produce('a', 2);
    bench.until(1000);
    expect(bench.asked('EndTxn')).toMatchObject([{ outcome: 'aborted' }]);
    expect(bench.of('error')).toMatchObject([{ code: 'ProducerFencedException' }]);
    expect(bench.of('publish-failed')).toHaveLength(2);
  });

  it('K-43: a record that fails makes the transaction fit for nothing but an abort; the next one is well', () => {
    const bench = new ProducerBench({
      config: { ...transactional, 'batch.size': 0, 'linger.ms': 0 },
      transaction: { records: 3 },
    });
    bench.cluster.judge = (_batch, n) => (n === 1 ? 'INVALID_RECORD' : 'store');
    bench.client.produce('a', 6);
    bench.until(3000);
    expect(ended(bench)).toEqual(['p-tx-1 aborted', 'p-tx-2 committed']);
    expect(bench.cluster.produced.at(-1)!.batch.epoch).toBe(1);
    expect(bench.of('publish-failed').length).toBeGreaterThan(0);
  });

  it('K-40: what is out of order and next in line is abortable in a transaction', () => {
    const bench = new ProducerBench({ config: transactional, transaction: { records: 2 } });
    bench.cluster.judge = () => 'OUT_OF_ORDER_SEQUENCE_NUMBER';
    bench.client.produce('a', 2);
    bench.until(1000);
    expect(ended(bench)).toEqual(['p-tx-1 aborted']);
    expect(bench.of('publish-failed')[0]!.error).toMatch(/^OutOfOrderSequenceException/);
  });

  it('K-43: records that were not sent yet when the application aborts are not sent any more', () => {
    const bench = new ProducerBench(
      { config: { ...transactional, 'linger.ms': 0 }, transaction: { records: 2 }, partition: 0 },
      { 'orders-0': 'broker-1', 'orders-1': 'broker-1' },
    );
    bench.cluster.judge = (_batch, n) => (n === 0 ? 'INVALID_RECORD' : 'store');
    bench.client.produce('a', 1);
    bench.until(200);
    // The transaction has failed; it is aborted at once, so nothing more of it can be sent.
    expect(ended(bench)).toEqual(['p-tx-1 aborted']);
    bench.client.produce('a', 2);
    bench.until(500);
    expect(ended(bench)).toEqual(['p-tx-1 aborted', 'p-tx-2 committed']);
  });

  it('K-31: a batch of a transaction that is not delivered in time makes it abort, and a new epoch begins', () => {
    const bench = new ProducerBench({
      config: { ...transactional, 'delivery.timeout.ms': 1000, 'request.timeout.ms': 400 },
      transaction: { records: 1 },
    });
    bench.cluster.judge = () => (bench.kernel.now < 900_000 ? 'silence' : 'store');
    bench.client.produce('a', 2);
    bench.until(6000);
    expect(ended(bench)[0]).toMatch(/aborted|committed/);
    expect(ended(bench).at(-1)).toBe('p-tx-2 committed');
  });

  it('K-46: a transaction.timeout.ms that the broker does not allow ends the application', () => {
    const bench = new ProducerBench({ config: { ...transactional, 'transaction.timeout.ms': 1_000_000 } });
    const fresh = new ProducerBench({ config: transactional });
    failing(fresh, 'InitProducerId', 'INVALID_TRANSACTION_TIMEOUT');
    fresh.kernel.crash('p');
    fresh.kernel.start('p');
    fresh.until(500);
    expect(fresh.of('error')).toMatchObject([{ code: 'InvalidTxnTimeoutException' }]);
    expect(bench.asked('InitProducerId')).toMatchObject([{ transactionTimeoutMs: 1_000_000 }]);
  });
});
