// What RabbitMQ promises of what it confirmed, on the random systems of the conformance suite.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { run } from '../../src/scenarios/run.ts';
import { parseScenario, type ScenarioOf } from '../../src/scenarios/schema.ts';
import type { TraceEvent } from '../../src/sim/trace.ts';
import { rabbitmqScenario } from './conformance/rabbitmq.ts';

/** a node that dies takes with it what is transient, or was not confirmed; from a quorum queue, nothing. */
class KeptThroughCrashes {
  readonly lost: string[] = [];
  private readonly durable: ReadonlySet<string>;
  private readonly quorum: ReadonlySet<string>;
  private transient = new Set<number>();
  private confirmed = new Set<number>();

  constructor({ system }: ScenarioOf<'rabbitmq'>) {
    const named = (queues: typeof system.queues) => new Set(queues.map(({ name }) => name));
    this.durable = named(system.queues.filter(({ durable }) => durable));
    this.quorum = named(system.queues.filter((queue) => queue.arguments['x-queue-type'] === 'quorum'));
  }

  on(event: TraceEvent): void {
    if (event.kind === 'published' && event.transient) this.transient.add(event.message);
    if (event.kind === 'publish-confirmed') this.confirmed.add(event.message);
    if (event.kind !== 'dropped' || event.reason !== 'node-crashed' || event.message === null) return;
    const { place, message } = event;
    const kept = this.durable.has(place) && !this.transient.has(message) && this.confirmed.has(message);
    if (kept || this.quorum.has(place)) this.lost.push(`message ${message} of ${place}, at ${event.at}`);
  }
}

it('R-30, R-55: nothing confirmed and durable is lost when a node dies, and nothing at all from a quorum queue', () => {
  let crashes = 0;
  fc.assert(
    fc.property(rabbitmqScenario, (input) => {
      const scenario = parseScenario({ ...input, durationMs: 60_000 });
      const kept = new KeptThroughCrashes(scenario);
      run(
        scenario,
        [],
        [],
        [kept, { on: (event) => void (crashes += event.kind === 'node-crashed' ? 1 : 0) }],
      );
      expect(kept.lost).toEqual([]);
    }),
    { numRuns: 100 },
  );
  expect(crashes).toBeGreaterThan(0);
});
