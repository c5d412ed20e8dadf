// What is compared of the model and a real broker beside claims: which words and places count, and which are by lot.
import { describe, expect, it } from 'vitest';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { differences, drawnIn } from '../../../src/scenarios/real.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import { isObservable, type TraceEvent } from '../../../src/sim/trace.ts';

const seen = (id: string): TraceEvent[] => traceOf(scenarioById(id)).filter(isObservable);
const compared = (id: string, events: readonly TraceEvent[]): string[] =>
  differences(scenarioById(id), events, '4.4.0');

describe('where a record is that has no key', () => {
  const moved = (place: string) =>
    seen('kafka-held-keyless').map((event) => (event.kind === 'delivered' ? { ...event, place } : event));

  it('may be another partition, and not another topic', () => {
    expect(compared('kafka-held-keyless', moved('large-batches-2'))).toEqual([]);
    expect(compared('kafka-held-keyless', moved('small-batches-2'))).not.toEqual([]);
  });

  it('is by lot, as it is in turn; and with a key it is not', () => {
    const all = seen('kafka-held-keyless').filter(({ kind }) => kind === 'published');
    expect(drawnIn(scenarioById('kafka-held-keyless'), all).size).toBe(all.length);
    expect(drawnIn(scenarioById('kafka-held-keys'), seen('kafka-held-keys')).size).toBe(0);
    const keyed = seen('kafka-held-keys').map((event) =>
      event.kind === 'delivered' ? { ...event, place: 'orders-0' } : event,
    );
    expect(compared('kafka-held-keys', keyed)).not.toEqual([]);
  });
});

describe('what a group shares out', () => {
  const altered = (id: string, alter: (event: TraceEvent) => TraceEvent) => compared(id, seen(id).map(alter));

  it('is who has which places, and where each begins', () => {
    const id = 'kafka-held-range';
    expect(altered(id, (event) => event)).toEqual([]);
    expect(
      altered(id, (event) =>
        event.kind === 'assigned' && event.client === 'c2' ? { ...event, all: ['orders-0'] } : event,
      ),
    ).toEqual([expect.stringMatching(/^places of c2: /)]);
    expect(
      altered(id, (event) =>
        event.kind === 'positioned' && event.client === 'c2' ? { ...event, position: 7 } : event,
      ).length,
    ).toBeGreaterThan(0);
  });

  it('is what each group is given', () => {
    const id = 'kafka-held-two-groups';
    expect(
      altered(id, (event) =>
        event.kind === 'delivered' && event.group === 'audit' ? { ...event, message: 0 } : event,
      ),
    ).toEqual(expect.arrayContaining([expect.stringMatching(/^given out by orders-1 to audit: /)]));
  });
});

it('of consumers with different priorities it is who was given what', () => {
  const id = 'rabbitmq-corners';
  const compare = (alter: (event: TraceEvent) => TraceEvent) =>
    differences(scenarioById(id), seen(id).map(alter), '4.3.6');
  expect(compare((event) => event)).toEqual([]);
  const other = (client: string) =>
    client === 'priority-0' ? 'priority-10' : client === 'priority-10' ? 'priority-0' : client;
  expect(
    compare((event) => (event.kind === 'delivered' ? { ...event, client: other(event.client) } : event)),
  ).toEqual([
    expect.stringMatching(/^given out by urgent to priority-10 by its priority: /),
    expect.stringMatching(/^given out by urgent to priority-0 by its priority: /),
  ]);
});

describe('the words of an error', () => {
  const id = 'kafka-held-min-isr';
  const told = (error: (message: number) => string | undefined) =>
    seen(id).map((event) =>
      event.kind === 'publish-failed' ? { ...event, error: error(event.message) ?? event.error } : event,
    );

  it('count, but for how long something took', () => {
    const failed = seen(id).flatMap((event) => (event.kind === 'publish-failed' ? [event.message] : []));
    expect(failed).toHaveLength(3);
    const another = told((message) => (message === failed[0] ? 'TimeoutException: too late' : undefined));
    expect(compared(id, another)).toEqual([expect.stringContaining('TimeoutException: too late')]);
    const late =
      'TimeoutException: Expiring 1 record(s) for orders-0:2013 ms has passed since batch creation. The request has not been sent, or no server response has been received yet.';
    const longer = seen(id).map((event) =>
      event.kind === 'publish-failed' && event.error.startsWith('Timeout')
        ? { ...event, error: late }
        : event,
    );
    expect(compared(id, longer)).toEqual([]);
  });
});
