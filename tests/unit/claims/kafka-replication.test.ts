// Each claim about acknowledgements on traces written by hand: one that shows it, one that contradicts it, and silence;
// and on its own scenarios, with other seeds and every setting a reader can choose.
import { describe, expect, it } from 'vitest';
import { replicationClaims } from '../../../src/claims/kafka/replication.ts';
import { withKnobs } from '../../../src/scenarios/experiment.ts';
import { acksExperiment, replicationScenarios } from '../../../src/scenarios/kafka/replication.ts';
import { run } from '../../../src/scenarios/run.ts';
import { parseScenario } from '../../../src/scenarios/schema.ts';
import { isObservable, type EventBody, type TraceEvent } from '../../../src/sim/trace.ts';

const P = 'orders-0';
const ALL = ['broker-1', 'broker-2', 'broker-3'];

/** Events at 1 s, 2 s, 3 s, … unless `at` (in seconds) says otherwise. */
function trace(...bodies: (EventBody & { at?: number })[]): TraceEvent[] {
  return bodies.map(({ at, ...body }, seq) => ({ at: (at ?? seq + 1) * 1_000_000, ...body, seq }));
}

function judge(id: string, events: TraceEvent[], ended = true) {
  const claim = replicationClaims.find((candidate) => candidate.id === id);
  if (!claim) throw new Error(`there is no claim ${id}`);
  const fold = claim.judge();
  for (const event of events) fold.on(event);
  return fold.verdict(ended);
}

const published = (client: string, message: number): EventBody => ({
  kind: 'published',
  client,
  message,
  key: 'K',
  to: 'orders',
  bytes: 100,
});
const told = (client: string, message: number, position: number | null): EventBody => ({
  kind: 'publish-confirmed',
  client,
  message,
  place: P,
  position,
});
const given = (message: number, position: number): EventBody => ({
  kind: 'delivered',
  client: 'audit',
  group: 'audit',
  message,
  key: 'K',
  place: P,
  position,
  redelivered: false,
  deliveryCount: null,
});
const elected = (node: string | null, epoch: number, clean = true): EventBody => ({
  kind: 'leader-elected',
  place: P,
  node,
  epoch,
  clean,
  why: '',
});
const isr = (...nodes: string[]): EventBody => ({ kind: 'isr-changed', place: P, isr: nodes, why: '' });
const created: EventBody = {
  kind: 'places-created',
  node: 'controller',
  name: 'orders',
  places: [P],
  total: 1,
  replicas: [ALL],
};
const appended = (node: string, message: number, position: number, epoch = 0): EventBody => ({
  kind: 'appended',
  node,
  place: P,
  position,
  message,
  key: 'K',
  epoch,
});
const copied = (node: string, position: number): EventBody => ({
  kind: 'replicated',
  node,
  place: P,
  position,
});
const watermark = (node: string, position: number): EventBody => ({
  kind: 'high-watermark-advanced',
  node,
  place: P,
  position,
});
const truncated = (node: string, position: number, ...messages: number[]): EventBody => ({
  kind: 'truncated',
  node,
  place: P,
  position,
  messages,
  why: '',
});
const acted = (action: string, target: string): EventBody => ({
  kind: 'acted',
  action,
  target,
  refused: null,
});
const asked = (message: number): EventBody => ({
  kind: 'sent',
  from: 'acks-all',
  to: 'broker-1',
  what: 'Produce',
  place: P,
  messages: [message],
  arrivesAt: 0,
});
const heartbeat: EventBody = {
  kind: 'sent',
  from: 'broker-1',
  to: 'controller',
  what: 'BrokerHeartbeat',
  place: null,
  messages: null,
  arrivesAt: 0,
};

interface Case {
  shown: TraceEvent[];
  contradicted: TraceEvent[];
  /** Something like it that says nothing. */
  silent?: TraceEvent[];
}

const cases: Record<string, Case> = {
  'kafka.acks-all-kept': {
    shown: trace(published('acks-all', 0), told('acks-all', 0, 0), given(0, 0)),
    contradicted: trace(published('acks-all', 0), told('acks-all', 0, 0), given(1, 0)),
    silent: trace(elected('broker-2', 1, false), told('acks-all', 0, 0), given(1, 0)),
  },
  'kafka.acks-one-loses': {
    shown: trace(told('acks-1', 0, 0), given(1, 0)),
    contradicted: trace(told('acks-1', 0, 0), given(1, 0), given(0, 1)),
    silent: trace(told('acks-1', 0, 0), given(0, 0), told('acks-all', 1, 1), given(2, 1)),
  },
  'kafka.acks-zero-unaware': {
    shown: trace(
      published('acks-0-large', 0),
      told('acks-0-large', 0, null),
      published('acks-0', 1),
      told('acks-0', 1, null),
      given(1, 0),
    ),
    contradicted: trace(published('acks-0', 0), told('acks-0', 0, 7)),
    silent: trace(published('acks-0', 0), told('acks-0', 0, null), given(0, 0)),
  },
  'kafka.failover-waits-for-session': {
    shown: trace(
      elected('broker-1', 0),
      { ...heartbeat, at: 2 },
      { kind: 'node-crashed', node: 'broker-1', at: 3 },
      { ...elected('broker-2', 1), at: 11 },
    ),
    contradicted: trace(
      elected('broker-1', 0),
      { ...heartbeat, at: 2 },
      { kind: 'node-crashed', node: 'broker-1', at: 3 },
      { ...elected('broker-2', 1), at: 10.9 },
      { ...watermark('broker-2', 1), at: 12 },
    ),
    silent: trace(
      elected('broker-1', 0),
      { ...heartbeat, at: 2 },
      { kind: 'node-crashed', node: 'broker-1', at: 3 },
      { ...elected('broker-2', 1), at: 5 },
      { ...acted('elect-leaders', 'orders'), at: 5 },
    ),
  },
  'kafka.truncated-above-high-watermark': {
    shown: trace(
      elected('broker-1', 0),
      appended('broker-1', 0, 0),
      appended('broker-1', 1, 1),
      copied('broker-2', 1),
      watermark('broker-1', 1),
      elected('broker-2', 1),
      // The same record at the same offset once more, and this time the high watermark passes it.
      appended('broker-2', 1, 1, 1),
      watermark('broker-2', 2),
      truncated('broker-1', 1, 1),
    ),
    contradicted: trace(
      elected('broker-1', 0),
      appended('broker-1', 0, 0),
      copied('broker-2', 1),
      watermark('broker-1', 1),
      elected('broker-3', 1),
      truncated('broker-2', 0, 0),
    ),
    silent: trace(
      elected('broker-1', 0),
      appended('broker-1', 0, 0),
      watermark('broker-1', 1),
      elected('broker-2', 1, false),
      truncated('broker-1', 0, 0),
    ),
  },
  'kafka.read-below-high-watermark': {
    shown: trace(watermark('broker-1', 1), given(0, 0)),
    contradicted: trace(watermark('broker-1', 1), given(1, 1)),
  },
  'kafka.acks-all-waits-for-isr': {
    shown: trace(
      created,
      appended('broker-1', 0, 0),
      copied('broker-2', 1),
      copied('broker-3', 1),
      told('acks-all', 0, 0),
    ),
    contradicted: trace(created, appended('broker-1', 0, 0), copied('broker-2', 1), told('acks-all', 0, 0)),
    silent: trace(created, appended('broker-1', 0, 0), told('acks-1', 0, 0)),
  },
  'kafka.min-isr-refuses': {
    shown: trace(
      isr('broker-1'),
      published('acks-all', 0),
      asked(0),
      isr('broker-1', 'broker-2'),
      appended('broker-1', 0, 0),
    ),
    contradicted: trace(isr('broker-1'), published('acks-all', 0), asked(0), appended('broker-1', 0, 0)),
    silent: trace(
      isr('broker-1', 'broker-2'),
      published('acks-all', 0),
      asked(0),
      appended('broker-1', 0, 0),
    ),
  },
  'kafka.under-min-isr-invisible': {
    shown: trace(
      isr('broker-1'),
      { ...told('acks-1', 0, 0), at: 4 },
      isr('broker-1', 'broker-2'),
      given(0, 0),
    ),
    contradicted: trace(isr('broker-1'), { ...told('acks-1', 0, 0), at: 4 }, { ...given(0, 0), at: 5 }),
    silent: trace(told('acks-1', 0, 0), given(0, 0)),
  },
  'kafka.lag-is-borne': {
    shown: trace(
      created,
      elected('broker-1', 0),
      { ...appended('broker-1', 0, 0), at: 5 },
      { ...isr('broker-1', 'broker-2'), at: 36 },
    ),
    contradicted: trace(
      created,
      elected('broker-1', 0),
      { ...appended('broker-1', 0, 0), at: 5 },
      { ...isr('broker-1', 'broker-2'), at: 20 },
    ),
    silent: trace(
      created,
      { ...appended('broker-1', 0, 0), at: 5 },
      { kind: 'node-fenced', node: 'broker-3', why: '', at: 9 },
      { ...isr('broker-1', 'broker-2'), at: 9 },
    ),
  },
  'kafka.back-in-isr-when-caught-up': {
    shown: trace(
      elected('broker-1', 0),
      isr('broker-1'),
      watermark('broker-1', 5),
      copied('broker-2', 5),
      isr('broker-1', 'broker-2'),
    ),
    contradicted: trace(
      elected('broker-1', 0),
      isr('broker-1'),
      watermark('broker-1', 5),
      copied('broker-2', 4),
      isr('broker-1', 'broker-2'),
    ),
  },
  'kafka.leaderless-stands': {
    shown: trace(
      elected('broker-1', 0),
      elected(null, 1),
      elected('broker-1', 2),
      appended('broker-1', 0, 0),
    ),
    contradicted: trace(elected('broker-1', 0), elected(null, 1), appended('broker-1', 0, 0)),
  },
  'kafka.unclean-loses': {
    shown: trace(told('acks-all', 0, 0), given(0, 0), elected('broker-2', 1, false), given(1, 0)),
    contradicted: trace(told('acks-all', 0, 0), given(0, 0), elected('broker-2', 1), given(1, 0)),
  },
  'kafka.stop-hands-over': {
    shown: trace(elected('broker-1', 0), acted('close', 'broker-1'), elected('broker-2', 1), {
      kind: 'node-stopped',
      node: 'broker-1',
    }),
    contradicted: trace(elected('broker-1', 0), acted('close', 'broker-1'), {
      kind: 'node-stopped',
      node: 'broker-1',
    }),
  },
  'kafka.preferred-leads': {
    shown: trace(
      created,
      elected('broker-2', 1),
      { ...elected('broker-1', 2), at: 9 },
      { ...acted('elect-leaders', 'orders'), at: 9 },
    ),
    contradicted: trace(created, elected('broker-2', 1), acted('elect-leaders', 'orders')),
    silent: trace(created, isr('broker-2'), elected('broker-2', 1), acted('elect-leaders', 'orders')),
  },
};

describe('claims about acknowledgements', () => {
  it('are all tested here', () => {
    expect(Object.keys(cases).sort()).toEqual(replicationClaims.map(({ id }) => id).sort());
  });

  for (const claim of replicationClaims) {
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
      expect(judge(claim.id, silent ?? [])).toMatchObject({ status: 'open' });
    });

    if (claim.observable) {
      it(`${claim.id} needs nothing that a client of a real broker cannot see`, () => {
        expect(judge(claim.id, shown.filter(isObservable))).toMatchObject({ status: 'holds' });
      });
    }
  }

  it('K-55: a follower that stays in the ISR much longer than the leader looks for it contradicts', () => {
    const late = trace(
      created,
      { ...appended('broker-1', 0, 0), at: 5 },
      { ...appended('broker-1', 1, 1), at: 60 },
    );
    expect(judge('kafka.lag-is-borne', late)).toMatchObject({ status: 'fails' });
  });
});

describe('the runs they are shown on', () => {
  it.each(replicationScenarios.map((input) => [input.id, input] as const))(
    '%s, with its seed',
    (id, input) => {
      const claims = replicationClaims.filter(
        ({ scenarios }) => scenarios === 'every' || scenarios.includes(id),
      );
      for (const { id: claim, verdict } of run(parseScenario(input), [], claims).claims)
        expect([claim, verdict.status]).toEqual([claim, 'holds']);
    },
  );

  it('contradict nothing with other seeds', () => {
    for (const input of replicationScenarios) {
      const claims = replicationClaims.filter(
        ({ scenarios }) => scenarios === 'every' || scenarios.includes(input.id),
      );
      for (let seed = 1; seed <= 8; seed++)
        for (const { id, verdict } of run(parseScenario({ ...input, seed }), [], claims).claims)
          expect([input.id, seed, id, verdict.status === 'fails' && verdict.counterexample.text]).toEqual([
            input.id,
            seed,
            id,
            false,
          ]);
    }
  });

  it('kafka-acks contradicts nothing whatever the settings', () => {
    const scenario = parseScenario(replicationScenarios[0]!);
    const claims = replicationClaims.filter(({ id }) => acksExperiment.claims.includes(id));
    for (const minIsr of ['1', '2', '3'])
      for (const unclean of ['false', 'true']) {
        const chosen = withKnobs(scenario, acksExperiment, { 'min-isr': minIsr, unclean });
        for (const { id, verdict } of run(chosen, [], claims).claims)
          expect([minIsr, unclean, id, verdict.status]).toEqual([minIsr, unclean, id, 'holds']);
      }
  });
});
