// Each claim about retries on traces written by hand: one that shows it, one that contradicts it, and silence; and on
// its own scenarios, with other seeds and every setting a reader can choose.
import { describe, expect, it } from 'vitest';
import { idempotenceClaims } from '../../../src/claims/kafka/idempotence.ts';
import { withKnobs } from '../../../src/scenarios/experiment.ts';
import {
  idempotenceExperiment,
  idempotenceScenario,
  idempotenceScenarios,
} from '../../../src/scenarios/kafka/idempotence.ts';
import { run } from '../../../src/scenarios/run.ts';
import { parseScenario } from '../../../src/scenarios/schema.ts';
import { isObservable, type EventBody, type TraceEvent } from '../../../src/sim/trace.ts';

type Kind = 'plain' | 'idempotent';

/** Events at 1 s, 2 s, 3 s, … unless `at` (in seconds) says otherwise. */
function trace(...bodies: (EventBody & { at?: number })[]): TraceEvent[] {
  return bodies.map(({ at, ...body }, seq) => ({ at: (at ?? seq + 1) * 1_000_000, ...body, seq }));
}

function judge(id: string, events: TraceEvent[], ended = true) {
  const claim = idempotenceClaims.find((candidate) => candidate.id === id);
  if (!claim) throw new Error(`there is no claim ${id}`);
  const fold = claim.judge();
  for (const event of events) fold.on(event);
  return fold.verdict(ended);
}

const published = (client: Kind, message: number): EventBody => ({
  kind: 'published',
  client,
  message,
  key: 'K',
  to: client,
  bytes: 100,
});
const told = (client: Kind, message: number, position: number): EventBody => ({
  kind: 'publish-confirmed',
  client,
  message,
  place: `${client}-0`,
  position,
});
const given = (client: Kind, message: number, position: number): EventBody => ({
  kind: 'delivered',
  client: `reads-${client}`,
  group: `reads-${client}`,
  message,
  key: 'K',
  place: `${client}-0`,
  position,
  redelivered: false,
  deliveryCount: null,
});
const sent = (message: number): EventBody => ({
  kind: 'sent',
  from: 'idempotent',
  to: 'broker-1',
  what: 'Produce',
  place: 'idempotent-0',
  messages: [message],
  arrivesAt: 0,
});
const appended = (message: number, position: number): EventBody => ({
  kind: 'appended',
  node: 'broker-1',
  place: 'idempotent-0',
  position,
  message,
  key: 'K',
  epoch: 0,
});
const failed = (message: number): EventBody => ({
  kind: 'publish-failed',
  client: 'idempotent',
  message,
  error: 'TimeoutException: 1 record(s) not delivered within 120000 ms',
});

/** The reader of `plain` meets record 0 at two offsets. */
const trouble = [published('plain', 0), given('plain', 0, 0), given('plain', 0, 1)];

const cases: Record<string, { shown: TraceEvent[]; contradicted: TraceEvent[]; silent: TraceEvent[] }> = {
  'kafka.retry-writes-twice': {
    shown: trace(...trouble, told('plain', 0, 1)),
    contradicted: trace(
      published('plain', 0),
      given('plain', 0, 0),
      told('plain', 0, 0),
      given('plain', 0, 1),
    ),
    // The same offset again is a reader that goes back, and no second copy.
    silent: trace(published('plain', 0), given('plain', 0, 0), given('plain', 0, 0)),
  },
  'kafka.retry-reorders': {
    shown: trace(published('plain', 0), published('plain', 1), given('plain', 1, 0), given('plain', 0, 1)),
    contradicted: trace(
      published('plain', 0),
      told('plain', 0, 1),
      published('plain', 1),
      given('plain', 1, 0),
      given('plain', 0, 1),
    ),
    silent: trace(...trouble),
  },
  'kafka.idempotent-once': {
    shown: trace(...trouble, published('idempotent', 1), given('idempotent', 1, 0)),
    contradicted: trace(
      ...trouble,
      published('idempotent', 1),
      given('idempotent', 1, 0),
      given('idempotent', 1, 1),
    ),
    silent: trace(published('idempotent', 1), given('idempotent', 1, 0)),
  },
  'kafka.idempotent-in-order': {
    shown: trace(...trouble, published('idempotent', 1), given('idempotent', 1, 0)),
    contradicted: trace(
      ...trouble,
      published('idempotent', 1),
      published('idempotent', 2),
      given('idempotent', 2, 0),
      given('idempotent', 1, 1),
    ),
    silent: trace(published('idempotent', 1), given('idempotent', 1, 0)),
  },
  'kafka.retry-answered-with-first-offset': {
    shown: trace(published('idempotent', 0), sent(0), appended(0, 5), sent(0), told('idempotent', 0, 5)),
    contradicted: trace(
      published('idempotent', 0),
      sent(0),
      appended(0, 5),
      sent(0),
      told('idempotent', 0, 6),
    ),
    silent: trace(published('idempotent', 0), sent(0), sent(0), appended(0, 5), told('idempotent', 0, 5)),
  },
  'kafka.given-up-and-there': {
    shown: trace(published('idempotent', 0), given('idempotent', 0, 0), { ...failed(0), at: 121 }),
    contradicted: trace(published('idempotent', 0), given('idempotent', 0, 0), { ...failed(0), at: 120 }),
    silent: trace(published('idempotent', 0), { ...failed(0), at: 121 }),
  },
  'kafka.written-after-given-up': {
    shown: trace(published('idempotent', 0), failed(0), given('idempotent', 0, 0)),
    contradicted: trace(published('idempotent', 0), failed(0), told('idempotent', 0, 0)),
    // What had been read before is no proof when it is read again, nor what had been written and is read late.
    silent: trace(
      published('idempotent', 0),
      given('idempotent', 0, 0),
      published('idempotent', 1),
      appended(1, 1),
      failed(0),
      failed(1),
      given('idempotent', 0, 0),
      given('idempotent', 1, 1),
    ),
  },
};

describe('claims about retries', () => {
  it('are all tested here', () => {
    expect(Object.keys(cases).sort()).toEqual(idempotenceClaims.map(({ id }) => id).sort());
  });

  for (const claim of idempotenceClaims) {
    const { shown, contradicted, silent } = cases[claim.id]!;

    it(`${claim.id} holds on a run that shows it (${claim.rules.join(', ')})`, () => {
      expect(judge(claim.id, shown)).toMatchObject({ status: 'holds' });
    });

    it(`${claim.id} fails on a run that contradicts it, and names the event`, () => {
      const verdict = judge(claim.id, contradicted);
      expect(verdict.status).toBe('fails');
      if (verdict.status === 'fails')
        expect(contradicted.map(({ seq }) => seq)).toContain(verdict.counterexample.seq);
    });

    it(`${claim.id} is open where nothing happens that could show it`, () => {
      expect(judge(claim.id, [])).toMatchObject({ status: 'open' });
      expect(judge(claim.id, silent)).toMatchObject({ status: 'open' });
    });

    if (claim.observable) {
      it(`${claim.id} needs nothing that a client of a real broker cannot see`, () => {
        expect(judge(claim.id, shown.filter(isObservable))).toMatchObject({ status: 'holds' });
      });
    }
  }

  it('K-33: a second copy that lands behind a later record is a retry out of order, and one that is read again is none', () => {
    const both = [published('plain', 0), published('plain', 1), given('plain', 0, 0), given('plain', 1, 1)];
    expect(judge('kafka.retry-reorders', trace(...both, given('plain', 0, 2)))).toMatchObject({
      status: 'holds',
    });
    expect(judge('kafka.retry-reorders', trace(...both, given('plain', 0, 0)))).toMatchObject({
      status: 'open',
    });
  });

  it('K-38: a second copy in the idempotent producer’s log contradicts, answered or not', () => {
    const twice = trace(published('idempotent', 0), sent(0), appended(0, 5), sent(0), appended(0, 6));
    expect(judge('kafka.retry-answered-with-first-offset', twice)).toMatchObject({ status: 'fails' });
  });
});

describe('the runs they are shown on', () => {
  it('show them, and contradict nothing with other seeds', () => {
    for (const input of idempotenceScenarios) {
      const claims = idempotenceClaims.filter(({ scenarios }) => scenarios.includes(input.id));
      for (let seed = 1; seed <= 8; seed++)
        for (const { id, verdict } of run(parseScenario({ ...input, seed }), [], claims).claims)
          expect([input.id, seed, id, verdict.status]).toEqual([input.id, seed, id, 'holds']);
    }
  });

  it('K-33: with one request in flight nothing is reordered, and one record is still there twice', () => {
    const verdicts = verdictsWith({ 'max-in-flight': '1' });
    expect(verdicts.get('kafka.retry-writes-twice')).toBe('holds');
    expect(verdicts.get('kafka.retry-reorders')).toBe('open');
    expect(verdicts.get('kafka.idempotent-in-order')).toBe('holds');
  });

  it('K-32: without retries, or with time enough for the answer, nothing is there twice', () => {
    for (const choices of [{ retries: '0' }, { 'request-timeout': '30000' }]) {
      const verdicts = verdictsWith(choices);
      expect(verdicts.get('kafka.retry-writes-twice')).toBe('open');
      expect([...verdicts.values()]).not.toContain('fails');
    }
  });
});

function verdictsWith(choices: Record<string, string>): Map<string, string> {
  const chosen = withKnobs(parseScenario(idempotenceScenario), idempotenceExperiment, choices);
  const claims = idempotenceClaims.filter(({ id }) => idempotenceExperiment.claims.includes(id));
  return new Map(run(chosen, [], claims).claims.map(({ id, verdict }) => [id, verdict.status]));
}
