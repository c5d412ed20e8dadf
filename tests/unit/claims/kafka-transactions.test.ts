// Claims about transactions, on traces written by hand and on their scenarios; and the dossier's vector, offset by offset.
import { describe, expect, it } from 'vitest';
import { transactionClaims } from '../../../src/claims/kafka/transactions.ts';
import { claimById, scenarioById } from '../../../src/scenarios/library.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import {
  assigned,
  committed,
  confirmed,
  delivered,
  failed,
  itJudges,
  judge,
  positioned,
  processed,
  published,
  started,
  stopped,
  trace,
  type Case,
} from './hand.ts';

const P = 'orders-0';

const began = (transaction: string, client = 'p', id = 'tid'): EventBody => ({
  kind: 'transaction-began',
  client,
  transaction,
  id,
});
const ended = (
  transaction: string,
  outcome: 'committed' | 'aborted' | 'unknown',
  client = 'p',
): EventBody => ({
  kind: 'transaction-ended',
  client,
  transaction,
  outcome,
  why: '',
});
const sent = (message: number, transaction: string, more: Partial<EventBody> = {}): EventBody =>
  ({ ...published(message), transaction, ...more }) as EventBody;
const result = (message: number, source: number, transaction?: string): EventBody =>
  ({
    ...published(message),
    source,
    ...(transaction === undefined ? {} : { transaction }),
  }) as EventBody;
const committedOnly = (client: string, place = P, position = 0): EventBody =>
  ({ ...positioned(client, place, position, client), committedOnly: true }) as EventBody;
const uncommitted = (client: string): EventBody => positioned(client, P, 0, client);
const given = (client: string, message: number, position = message): EventBody =>
  delivered(client, message, P, position, client);
const marker = (position: number, outcome: 'committed' | 'aborted' = 'committed'): EventBody => ({
  kind: 'marker-appended',
  node: 'broker-1',
  place: P,
  position,
  producer: 1,
  epoch: 1,
  outcome,
});
const visible = (position: number): EventBody => ({
  kind: 'high-watermark-advanced',
  node: 'broker-1',
  place: P,
  position,
});
const stable = (position: number): EventBody => ({
  kind: 'stable-offset-advanced',
  node: 'broker-1',
  place: P,
  position,
});
const state = (to: string): EventBody => ({
  kind: 'transaction-state-changed',
  node: 'broker-1',
  id: 'tid',
  state: to,
  producer: 1,
  epoch: 1,
  why: '',
});
const acted = (action: string, target: string): EventBody => ({
  kind: 'acted',
  action,
  target,
  refused: null,
});

/** A transaction of record 0, at offset 0, then a plain record 1, at offset 2. */
const one = (outcome: 'committed' | 'aborted' | 'unknown') => [
  began('t'),
  sent(0, 't'),
  confirmed(0, P, 0),
  ended('t', outcome),
  published(1),
  confirmed(1, P, 2),
];
/** Two records of one transaction. */
const two = [
  began('t'),
  sent(0, 't'),
  sent(1, 't'),
  confirmed(0, P, 0),
  confirmed(1, P, 1),
  ended('t', 'committed'),
];
const silent = [
  began('t'),
  sent(0, 't'),
  acted('pause', 'p'),
  { at: 20_000_000, ...state('PrepareAbort') },
] as const;
const twins = [
  started('old'),
  began('t1', 'old'),
  started('new'),
  began('t2', 'new'),
  sent(5, 't1', { client: 'old' }),
];
/** A result written, its offset not committed. */
const crashed = [
  processed('p', 7, 'in-0', 3),
  result(10, 7),
  confirmed(10, P, 0),
  stopped('p'),
  positioned('p', 'in-0', 3),
];
const aborted = [processed('p', 7, 'in-0', 3), began('t'), result(10, 7, 't'), ended('t', 'aborted')];

const cases: Record<string, Case> = {
  'kafka.read-committed-hides-aborted': {
    shown: trace(committedOnly('r'), ...one('aborted'), given('r', 1, 2)),
    contradicted: [
      trace(committedOnly('r'), ...one('aborted'), given('r', 0)),
      // Given before its producer was told.
      trace(committedOnly('r'), began('t'), sent(0, 't'), given('r', 0), ended('t', 'aborted')),
    ],
    allowed: [
      trace(committedOnly('r'), ...one('committed'), given('r', 0)),
      trace(committedOnly('r'), ...one('unknown'), given('r', 0)),
      trace(uncommitted('r'), ...one('aborted'), given('r', 0)),
    ],
  },
  'kafka.read-uncommitted-shows-aborted': {
    shown: trace(uncommitted('r'), ...one('aborted'), given('r', 0)),
    contradicted: [trace(uncommitted('r'), ...one('aborted'), given('r', 1, 2))],
    allowed: [trace(committedOnly('r'), ...one('aborted'), given('r', 1, 2))],
  },
  'kafka.committed-transaction-whole': {
    shown: trace(committedOnly('r'), ...two, given('r', 0), given('r', 1)),
    contradicted: [trace(committedOnly('r'), ...two, given('r', 0), given('r', 2, 3))],
    // Who begins in the middle of it, who is in the middle of it, and who goes forward over it.
    allowed: [
      trace(committedOnly('r', P, 1), ...two, given('r', 1)),
      trace(committedOnly('r'), ...two, given('r', 0)),
      trace(committedOnly('r'), ...two, given('r', 0), committedOnly('r', P, 5), given('r', 9, 5)),
    ],
  },
  'kafka.open-transaction-blocks': {
    shown: trace(
      committedOnly('r'),
      began('t'),
      sent(0, 't'),
      published(1),
      visible(1),
      visible(2),
      stable(3),
      given('r', 0),
      given('r', 1),
    ),
    contradicted: [trace(committedOnly('r'), published(1), stable(1), visible(2), given('r', 1))],
    allowed: [trace(uncommitted('r'), published(1), stable(1), visible(2), given('r', 1))],
  },
  'kafka.markers-take-offsets': {
    shown: trace(uncommitted('r'), given('r', 0), marker(1), given('r', 1, 2)),
    contradicted: [trace(uncommitted('r'), given('r', 0), marker(1), given('r', 1, 1))],
    // A marker that a new leader does not have, and a record in its place.
    allowed: [
      trace(
        uncommitted('r'),
        marker(1),
        { kind: 'truncated', node: 'broker-2', place: P, position: 1, messages: [], why: '' },
        given('r', 1, 1),
      ),
    ],
  },
  'kafka.silent-transaction-aborted': {
    shown: trace(...silent),
    contradicted: [
      trace(committedOnly('r'), ...silent, { at: 21_000_000, ...given('r', 0) }),
      trace(...silent, { at: 21_000_000, ...ended('t', 'committed') }),
    ],
    // An abort that was on its way when the producer was stopped.
    allowed: [
      trace(began('t'), sent(0, 't'), acted('pause', 'p'), { at: 3_100_000, ...state('PrepareAbort') }),
    ],
  },
  'kafka.zombie-fenced': {
    shown: trace(...twins, failed('old', 'ProducerFencedException', '')),
    contradicted: [trace(...twins, { ...confirmed(5, P), client: 'old' } as EventBody)],
    // The older one is started again, and so is the newer.
    allowed: [
      trace(...twins.slice(0, 4), started('old'), began('t3', 'old'), sent(6, 't3', { client: 'old' }), {
        ...confirmed(6, P),
        client: 'old',
      } as EventBody),
    ],
  },
  'kafka.exactly-once': {
    shown: trace(
      committedOnly('r'),
      began('t1'),
      result(10, 7, 't1'),
      began('t2'),
      result(11, 7, 't2'),
      given('r', 11),
    ),
    contradicted: [
      trace(
        committedOnly('r'),
        began('t1'),
        result(10, 7, 't1'),
        began('t2'),
        result(11, 7, 't2'),
        given('r', 10),
        given('r', 11),
      ),
    ],
    // The same record twice: that is the reader's own affair. And results without a transaction.
    allowed: [
      trace(committedOnly('r'), began('t1'), result(10, 7, 't1'), given('r', 10), given('r', 10)),
      trace(committedOnly('r'), result(10, 7), result(11, 7), given('r', 10), given('r', 11)),
    ],
  },
  'kafka.without-transaction-twice': {
    shown: trace(...crashed, processed('p', 7, 'in-0', 3), result(11, 7)),
    contradicted: [trace(...crashed, processed('p', 8, 'in-0', 4))],
    // The commit had reached the broker.
    allowed: [trace(...crashed, positioned('p', 'in-0', 4), processed('p', 8, 'in-0', 4))],
  },
  'kafka.aborted-input-read-again': {
    shown: trace(...aborted, delivered('p', 7, 'in-0', 3)),
    contradicted: [trace(...aborted, delivered('p', 8, 'in-0', 4))],
    allowed: [
      trace(...aborted, stopped('p'), delivered('p', 8, 'in-0', 4)),
      trace(...aborted, committed('p', 'in-0', 3)),
    ],
  },
};

describe('claims about transactions', () => {
  itJudges(transactionClaims, cases);
});

describe('two transactions and a plain record in one partition', () => {
  it('O-9: the last stable offset stands at 0, then at 2, then at 6, and each reader gets what the vector says', () => {
    const events = traceOf(scenarioById('kafka-stable-offset'));
    const offsets = (group: string) =>
      events.flatMap((e) => (e.kind === 'delivered' && e.group === group ? [e.position] : []));
    expect(offsets('ledger')).toEqual([0, 1, 3]);
    expect(offsets('dashboard')).toEqual([0, 1, 2, 3]);
    expect(events.flatMap((e) => (e.kind === 'marker-appended' ? [[e.position, e.outcome]] : []))).toEqual([
      [4, 'committed'],
      [5, 'aborted'],
    ]);
    expect(
      events.flatMap((e) => (e.kind === 'stable-offset-advanced' && e.place === P ? [e.position] : [])),
    ).toEqual([2, 6]);
    // K-47: the plain record at 1 waits for the commit of the transaction that began at 0.
    const commit = events.find((e) => e.kind === 'marker-appended')!;
    const plain = events.find((e) => e.kind === 'delivered' && e.group === 'ledger' && e.position === 1)!;
    expect(plain.at).toBeGreaterThan(commit.at);
  });
});

describe('claims that hold on any run', () => {
  const dense = claimById('kafka.offsets-dense');
  const gap = [positioned('c', P, 0), delivered('c', 0, P, 0), delivered('c', 1, P, 2)];

  it('K-50: a topic that transactions write to may have gaps, another not, and nobody is given an offset twice', () => {
    expect(judge(dense, trace(...gap)).status).toBe('fails');
    expect(judge(dense, trace(began('t'), sent(0, 't'), ...gap)).status).toBe('holds');
    const back = delivered('c', 0, P, 0);
    expect(judge(dense, trace(began('t'), sent(0, 't'), ...gap, back)).status).toBe('fails');
  });

  it('K-107: a share group keeps no order', () => {
    const shared = gap.map((event) => (event.kind === 'delivered' ? { ...event, deliveryCount: 1 } : event));
    expect(judge(dense, trace(...shared)).status).toBe('open');
  });

  it('K-102: members of a share group may be assigned the same partition', () => {
    const owner = claimById('kafka.one-owner');
    const both = [assigned('a', [P], 1), assigned('b', [P], 1)];
    expect(judge(owner, trace(...both)).status).toBe('fails');
    const shared = both.map((event) => ({ ...event, shared: true }) as EventBody);
    expect(judge(owner, trace(...shared)).status).toBe('open');
  });
});
