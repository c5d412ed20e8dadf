// A run that can be watched: the same moment is the same frame, whichever way one came to it.
import { describe, expect, it } from 'vitest';
import { claimsFor, scenarioById, scenarios } from '../../../src/scenarios/library.ts';
import { Playback } from '../../../src/scenarios/playback.ts';
import { setUp } from '../../../src/scenarios/playable.ts';
import { run, traceOf } from '../../../src/scenarios/run.ts';
import { parseScenario } from '../../../src/scenarios/schema.ts';
import { Simulation } from '../../../src/scenarios/simulation.ts';
import { assert, SimulationError } from '../../../src/sim/errors.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';
import { kafkaView } from '../fixtures/kafka.ts';

const scenario = scenarioById('kafka-consumer-groups');
const open = () => new Playback(scenario, [], claimsFor(scenario));
const SECOND = 1_000_000;

describe('seeking', () => {
  it('forward and back gives the frame of going there at once', () => {
    const direct = open();
    direct.seek(19.5 * SECOND);
    const wandering = open();
    for (const at of [30, 5, 60, 19.4, 19.5]) wandering.seek(at * SECOND);
    // The timeline keeps what has been seen, so it alone may know more.
    expect({ ...wandering.frame(), marks: [], spans: [] }).toEqual({
      ...direct.frame(),
      marks: [],
      spans: [],
    });
  });

  it.each([...scenarios.values()].map((one) => [one.id, one] as const))('back and forth in %s', (_, one) => {
    const made = () => new Playback(one, [], claimsFor(one));
    const told = (playback: Playback) => JSON.stringify({ ...playback.frame(), marks: [], spans: [] });
    const end = one.durationMs * 1000;
    const wandering = made();
    wandering.seek(end);
    const last = told(wandering);
    for (const share of [0.7, 0.45, 0.2]) {
      const direct = made();
      direct.seek(end * share);
      wandering.seek(end * share);
      expect(told(wandering)).toBe(told(direct));
    }
    wandering.seek(end);
    expect(told(wandering)).toBe(last);
  });

  it('is clamped to the run, and says at its end that it has ended', () => {
    const playback = open();
    playback.seek(10_000 * SECOND);
    expect(playback.frame()).toMatchObject({ ended: true, at: scenario.durationMs * 1000 });
    playback.seek(-5);
    expect(playback.frame()).toMatchObject({ ended: false, at: 0, events: expect.any(Number) as number });
  });

  it('can be done in slices, and gets there', () => {
    const playback = open();
    let slices = 1;
    while (!playback.seek(30 * SECOND, 100)) slices++;
    const direct = open();
    direct.seek(30 * SECOND);
    expect(slices).toBeGreaterThan(5);
    expect(playback.frame()).toEqual(direct.frame());
  });

  it('judges claims as a run without a picture does', () => {
    const playback = open();
    playback.seek(scenario.durationMs * 1000);
    expect(playback.frame().claims).toEqual(run(scenario, [], claimsFor(scenario)).claims);
  });
});

describe('stepping', () => {
  it('goes from one event that has words to the next, and back the same way', () => {
    const playback = open();
    playback.seek(10 * SECOND);
    const there: [number, number][] = [];
    for (let i = 0; i < 12; i++) {
      playback.stepForward();
      there.push([playback.frame().events, playback.frame().at]);
    }
    const back: [number, number][] = [];
    for (let i = 0; i < 11; i++) {
      playback.stepBack();
      back.push([playback.frame().events, playback.frame().at]);
    }
    expect(back).toEqual(there.slice(0, -1).reverse());
    expect(new Set(there.map(([events]) => events)).size).toBe(12);
  });

  it('stops at both ends', () => {
    const playback = open();
    expect(playback.stepBack()).toBe(false);
    playback.seek(scenario.durationMs * 1000);
    expect(playback.stepForward()).toBe(false);
    expect(playback.frame().ended).toBe(true);
  });

  it('to one event shows the moment right after it', () => {
    const crash = traceOf(scenario).find((event) => event.kind === 'client-stopped')!;
    const playback = open();
    playback.seek(40 * SECOND);
    playback.seekEvent(crash.seq);
    const frame = playback.frame();
    expect(frame.events).toBe(crash.seq + 1);
    expect(frame.caption?.seq).toBe(crash.seq);
    const members = kafkaView(frame).groups[0]?.members ?? [];
    expect(members.find(({ id }) => id === 'c1')?.state).toBe('crashed');
  });
});

describe('the frame', () => {
  it('marks faults, rebalances and the moments claims were shown', () => {
    const playback = open();
    playback.seek(30 * SECOND);
    const { marks, spans } = playback.frame();
    expect(marks.find(({ kind }) => kind === 'fault')).toMatchObject({ at: 10.6 * SECOND });
    expect(marks.some(({ kind }) => kind === 'claim-holds')).toBe(true);
    expect(spans).toHaveLength(2);
    for (const { from, to } of spans) expect(to).toBeGreaterThan(from);
  });

  it('shades what is amiss with any broker: an alarm, and a queue without a leader (R-35, R-56)', () => {
    const crash = (target: string) => ({ atMs: 12_000, action: { do: 'crash', target } });
    const alarm = (atMs: number, on: boolean) => ({ atMs, action: { do: 'alarm', node: 1, on } });
    const scenario = parseScenario({
      version: 1,
      id: 'amiss',
      title: 'An alarm, and two nodes that die',
      system: {
        broker: 'rabbitmq',
        nodes: 3,
        queues: [{ name: 'work', node: 3, arguments: { 'x-queue-type': 'quorum' } }],
      },
      clients: [],
      timeline: [alarm(2000, true), alarm(4000, false), crash('rabbit-2'), crash('rabbit-3')],
      durationMs: 60_000,
      seed: 1,
    });
    const playback = new Playback(scenario, [], []);
    playback.seek(60 * SECOND);
    const { spans, figures } = playback.frame();
    const [short, leaderless, ...more] = spans;
    expect(short).toEqual({ from: 2 * SECOND, to: 4 * SECOND, text: 'Node 1 is short of memory' });
    expect(leaderless?.text).toMatch(/^work has no leader: /);
    expect(leaderless?.from).toBeGreaterThanOrEqual(12 * SECOND);
    expect(leaderless?.to).toBeNull();
    expect(more).toEqual([]);
    expect(figures).not.toContain('rebalances');
  });

  it('takes samples over the run, up to the moment shown', () => {
    const playback = open();
    playback.seek(30 * SECOND);
    const { series, metrics } = playback.frame();
    expect(series.processed.length).toBe(Math.floor((30 * SECOND) / series.stepMicros) + 1);
    expect(series.processed).toEqual([...series.processed].sort((a, b) => a - b));
    expect(series.processed.at(-1)).toBeLessThanOrEqual(metrics.processed);
  });

  it('is plain data: it survives being posted to a page', () => {
    const playback = open();
    playback.seek(20 * SECOND);
    expect(JSON.parse(JSON.stringify(playback.frame()))).toEqual(playback.frame());
  });
});

describe("a message's life", () => {
  it('tells every step with its reason, and the commit that passed it', () => {
    const playback = open();
    playback.seek(30 * SECOND);
    const twice = traceOf(scenario).flatMap((event) =>
      event.kind === 'processed' && event.position === 9 && event.place === 'orders-1' ? [event.message] : [],
    );
    expect(twice).toHaveLength(2);
    const message = twice[0]!;
    const life = playback.life(message);
    const kinds = life.map(({ kind }) => kind);
    for (const kind of [
      'published',
      'routed',
      'appended',
      'publish-confirmed',
      'delivered',
      'processed',
      'settled',
    ]) {
      expect(kinds).toContain(kind);
    }
    expect(kinds.filter((kind) => kind === 'processed')).toHaveLength(2);
    expect(life.map(({ seq }) => seq)).toEqual(life.map(({ seq }) => seq).sort((a, b) => a - b));
    for (const { text, rules } of life) {
      expect(text).not.toBe('');
      for (const rule of rules) expect(rule).toMatch(/^K-\d+$/);
    }
  });

  it('ends at the moment shown', () => {
    const playback = open();
    playback.seek(9.5 * SECOND);
    const trace = traceOf(scenario);
    const message = trace.find(
      (event) => event.kind === 'appended' && event.place === 'orders-1' && event.position === 8,
    );
    if (message?.kind !== 'appended') throw new Error('the scenario has changed');
    for (const { at } of playback.life(message.message)) expect(at).toBeLessThanOrEqual(9.5 * SECOND);
  });
});

describe("the reader's actions", () => {
  it('happen at their moment, after the timeline, and what cannot be done is refused in the trace', () => {
    const actions = [
      { atMs: 12_000, action: { do: 'crash' as const, target: 'c1' } },
      { atMs: 5000, action: { do: 'close' as const, target: 'c2' } },
      { atMs: 6000, action: { do: 'crash' as const, target: 'nobody' } },
    ];
    const acted = traceOf(scenario, actions).filter((event) => event.kind === 'acted');
    expect(acted.map(({ at, action, target, refused }) => [at / 1000, action, target, refused])).toEqual([
      [5000, 'close', 'c2', null],
      [6000, 'crash', 'nobody', 'there is no process nobody'],
      [10_600, 'crash', 'c1', null],
      [12_000, 'crash', 'c1', 'c1 is not running'],
    ]);
  });
});

describe('an assertion that fails', () => {
  it('ends the run with all that is needed to see it again', () => {
    const actions = [{ atMs: 5000, action: { do: 'close' as const, target: 'c2' } }];
    const simulation = new Simulation(scenario, actions, {
      on(event) {
        assert(event.kind !== 'client-stopped' || event.client !== 'c1', 'c1 must live');
      },
    });
    expect(() => simulation.finish()).toThrow(SimulationError);
    const again = new Simulation(scenario, actions, {
      on(event) {
        assert(event.kind !== 'client-stopped' || event.client !== 'c1', 'c1 must live');
      },
    });
    expect(() => {
      while (again.step());
    }).toThrow('c1 must live (scenario kafka-consumer-groups, seed 52, 1 actions, at 10600000 µs)');
  });
});

describe('where more happens than is kept', () => {
  const { scenario: dense, ...setup } = setUp({
    experiment: 'compare-steady-100k-kafka',
    seed: null,
    knobs: {},
    actions: [],
  });
  const busy = () => new Playback(dense, [], setup.claims);
  const at = 10.6 * SECOND;

  it('the frame is the same whichever way one came to it', () => {
    const direct = busy();
    direct.seek(at);
    const wandering = busy();
    wandering.seek(at + 100_000);
    wandering.frame();
    wandering.seek(at);
    const frame = wandering.frame();
    expect(frame.events).toBeGreaterThan(30_000);
    expect(frame.recent.length).toBeGreaterThan(20);
    expect({ ...frame, marks: [], spans: [] }).toEqual({ ...direct.frame(), marks: [], spans: [] });
  });

  it('the life of a message is whole, and grows while it is looked at', () => {
    const playback = busy();
    playback.seek(at);
    const { events } = playback.frame();
    const trace: TraceEvent[] = [];
    const simulation = new Simulation(dense, [], { on: (event) => void trace.push(event) });
    while (trace.length < events) simulation.step();
    // So long ago that it is kept no more, where that many happen.
    const message = trace.slice(0, -10_000).findLast((event) => event.kind === 'published')!.message;
    const early = playback.life(message).map(({ kind }) => kind);
    expect(early).toContain('published');
    expect(early).toContain('appended');
    expect(playback.frame().events).toBe(events);
    expect(early.length).toBe(
      trace.slice(0, events).filter((event) => 'message' in event && event.message === message).length +
        trace.slice(0, events).filter((event) => event.kind === 'sent' && event.messages?.includes(message))
          .length,
    );
    playback.seek(at + 200_000);
    expect(
      playback
        .life(message)
        .slice(0, early.length)
        .map(({ kind }) => kind),
    ).toEqual(early);
  });
});
