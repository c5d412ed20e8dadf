// A steady workload against queueing theory: with Poisson arrivals, a network without delay and costs next to nothing, what a
// consumer's messages wait is what theory says, on both brokers. The mean's confidence interval is by batch means: waits of
// neighbours are alike, means of long batches nearly independent.
//
// One partition, or one queue, with one consumer is M/M/1 or M/D/1. One queue with c consumers and a prefetch of 1 is M/M/c.
// Kafka has no such thing: c partitions with a consumer each are c separate M/M/1 among which arrivals are split by key, and
// a message waits for its own consumer while others idle. That is shown too, by the same theory.
import { describe, expect, it } from 'vitest';
import { carry, type CarryingBroker } from '../../src/scenarios/compare.ts';
import { Simulation } from '../../src/scenarios/simulation.ts';
import { workloads } from '../../src/scenarios/workloads.ts';
import type { TraceEvent } from '../../src/sim/trace.ts';

const SECONDS = 400;
/** Producers begin then. */
const FROM = 10_000_000;
const BATCHES = 20;
/** Student's t with 19 degrees of freedom: so wide are 99.8 % of confidence, to each side. */
const T = 3.58;

/** What a run without network delay tells of each message, microseconds. */
interface Served {
  readonly publishedAt: number;
  readonly finishedAt: number;
  readonly server: string;
  /** When its consumer's library had it. */
  readonly givenAt: number;
}

interface Run {
  /** In the order in which they were published. */
  readonly messages: readonly Served[];
  /** The time-average of what the broker holds for the audience, from what the broker says. */
  readonly meanHeld: number;
}

function run(id: string, broker: CarryingBroker): Run {
  const { workload, choices } = workloads.get(id)!;
  const quiet = {
    ...workload,
    network: { latencyMs: 0, jitterMs: 0, loss: 0 },
    durationMs: FROM / 1000 + SECONDS * 1000,
  };
  const published: number[] = [];
  const given: number[] = [];
  const finished: { at: number; server: string }[] = [];
  let held = 0;
  let area = 0;
  let since = FROM;
  const change = (by: number, at: number): void => {
    area += held * (at - since);
    since = at;
    held += by;
  };
  const on = (event: TraceEvent): void => {
    switch (event.kind) {
      case 'published':
        published[event.message] = event.at;
        break;
      case 'appended':
        change(1, event.at);
        break;
      // A log keeps it: for the audience it is gone when it has been read and worked on. A queue says when it lets go.
      case 'removed':
        change(-1, event.at);
        break;
      case 'delivered':
        given[event.message] ??= event.at;
        break;
      case 'processed':
        finished[event.message] = { at: event.at, server: event.client };
        if (broker === 'kafka') change(-1, event.at);
        break;
    }
  };
  const simulation = new Simulation(carry(broker, quiet, choices[broker]).scenario, [], { on });
  simulation.finish();
  change(0, simulation.endsAt);
  // What is not finished when the run ends leaves holes.
  const messages = finished.flatMap(({ at, server }, message) => [
    { publishedAt: published[message]!, finishedAt: at, server, givenAt: given[message]! },
  ]);
  return { messages, meanHeld: area / (simulation.endsAt - FROM) };
}

/** What each message waited for its consumer, milliseconds, where a consumer does one after another in order. */
function waits(messages: readonly Served[]): number[] {
  const freeAt = new Map<string, number>();
  return messages.map(({ publishedAt, finishedAt, server }) => {
    const begun = Math.max(publishedAt, freeAt.get(server) ?? 0);
    freeAt.set(server, finishedAt);
    return (begun - publishedAt) / 1000;
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean of values that depend on their neighbours, and how far it may be off. */
function batchMeans(values: readonly number[]): { readonly mean: number; readonly halfWidth: number } {
  const size = Math.floor(values.length / BATCHES);
  const means = Array.from({ length: BATCHES }, (_, i) => mean(values.slice(i * size, (i + 1) * size)));
  const centre = mean(means);
  const variance = means.reduce((sum, each) => sum + (each - centre) ** 2, 0) / (BATCHES - 1);
  return { mean: centre, halfWidth: T * Math.sqrt(variance / BATCHES) };
}

/** Holds the mean wait to theory, and the interval to a width at which holding means something. */
function expectMeanWait(values: readonly number[], theory: number): void {
  const { mean: found, halfWidth } = batchMeans(values);
  expect(halfWidth).toBeLessThan(0.35 * theory);
  expect(Math.abs(found - theory)).toBeLessThan(halfWidth);
}

/** Erlang's C: the share of messages that find c servers busy. @param offered arrivals in one service time */
function erlangC(c: number, offered: number): number {
  let term = 1;
  let below = 0;
  for (let n = 0; n < c; n++) {
    below += term;
    term *= offered / (n + 1);
  }
  const busy = term / (1 - offered / c);
  return busy / (below + busy);
}

/** Of the named workloads, milliseconds and messages for each. */
const SERVICE = 10;
const ARRIVALS = 0.07;
const BUSY = ARRIVALS * SERVICE;

const BROKERS = ['kafka', 'rabbitmq'] as const;

describe.each(BROKERS)('on %s', (broker) => {
  it('M/M/1: the mean wait is ρ/(1−ρ) service times, and Little’s law holds', { timeout: 120_000 }, () => {
    const { messages, meanHeld } = run('mm1', broker);
    expectMeanWait(waits(messages), (BUSY / (1 - BUSY)) * SERVICE);
    expectLittlesLaw(messages, meanHeld);
  });

  it('M/D/1: the mean wait is half of that, and Little’s law holds', { timeout: 120_000 }, () => {
    const { messages, meanHeld } = run('md1', broker);
    expectMeanWait(waits(messages), (BUSY / (1 - BUSY) / 2) * SERVICE);
    expectLittlesLaw(messages, meanHeld);
  });
});

/** What the broker holds on average is the rate times the time that clients see a message take. */
function expectLittlesLaw(messages: readonly Served[], meanHeld: number): void {
  const rate = messages.length / SECONDS;
  const took = mean(messages.map(({ publishedAt, finishedAt }) => (finishedAt - publishedAt) / 1_000_000));
  expect(meanHeld / (rate * took)).toBeGreaterThan(0.98);
  expect(meanHeld / (rate * took)).toBeLessThan(1.02);
}

describe('four consumers', () => {
  it('on one queue of RabbitMQ, one message each: M/M/4', { timeout: 120_000 }, () => {
    const { messages, meanHeld } = run('mmc', 'rabbitmq');
    const offered = 4 * BUSY;
    const theory = (erlangC(4, offered) * SERVICE) / (4 - offered);
    expectMeanWait(
      messages.map(({ givenAt, publishedAt }) => (givenAt - publishedAt) / 1000),
      theory,
    );
    expectLittlesLaw(messages, meanHeld);
  });

  it(
    'on four partitions of Kafka: four times M/M/1, by the share of keys that each has',
    { timeout: 120_000 },
    () => {
      const { messages, meanHeld } = run('mmc', 'kafka');
      const counts = new Map<string, number>();
      for (const { server } of messages) counts.set(server, (counts.get(server) ?? 0) + 1);
      expect(counts.size).toBe(4);
      const each = [...counts.values()].map((count) => {
        const busy = (count / (SECONDS * 1000)) * SERVICE;
        return { share: count / messages.length, wait: (busy / (1 - busy)) * SERVICE };
      });
      const theory = each.reduce((sum, { share, wait }) => sum + share * wait, 0);
      expectMeanWait(waits(messages), theory);
      expectLittlesLaw(messages, meanHeld);
      // Several times what the same four consumers would make of one queue.
      expect(mean(waits(messages))).toBeGreaterThan((3 * erlangC(4, 4 * BUSY) * SERVICE) / (4 - 4 * BUSY));
    },
  );
});
