// What holds publishers up, and consumers that never answer.
import { describe, expect, it } from 'vitest';
import { application, consume, errors, given, on, publish } from './calls.ts';
import { run, type ClientInput } from '../harness.ts';

const publisher = (id: string, more: object = {}): ClientInput => ({
  id,
  role: 'publisher',
  routingKey: 'q',
  load: { ratePerSecond: 100, untilMs: 4000 },
  ...more,
});

describe('R-35: a node is short of memory', () => {
  const alarm = (on: boolean, node = 1) => ({ do: 'alarm' as const, node, resource: 'memory' as const, on });
  const trace = run(
    {
      system: { nodes: 2, queues: [{ name: 'q' }] },
      clients: [
        publisher('p', { node: 2 }),
        { id: 'c', role: 'consumer', queues: ['q'], processingMs: 0, startMs: 1500 },
      ],
      steps: [
        { atMs: 1000, do: alarm(true) },
        { atMs: 3000, do: alarm(false) },
      ],
    },
    10_000,
  );

  it('whoever publishes next, on any node, is told and read no more', () => {
    const [blocked] = trace.of('publishing-blocked');
    expect(blocked).toMatchObject({ client: 'p', reason: 'low on memory' });
    expect(blocked!.at).toBeLessThan(1_030_000);
    const routed = trace.of('routed').filter(({ at }) => at > 1_020_000 && at < 3_000_000);
    expect(routed).toEqual([]);
  });

  it('consumers on other connections go on', () => {
    expect(trace.of('processed').some(({ at }) => at > 1_500_000 && at < 3_000_000)).toBe(true);
  });

  it('and when it is over everything that waited is taken', () => {
    expect(trace.of('publishing-unblocked')).toMatchObject([{ client: 'p' }]);
    expect(trace.of('publish-confirmed')).toHaveLength(trace.of('published').length);
  });

  it('a connection that does not publish is not blocked', () => {
    expect(trace.of('publishing-blocked')).toHaveLength(1);
  });

  it('R-35: acknowledgements on a blocked connection stop too', () => {
    const both = run(
      {
        system: { queues: [{ name: 'q' }] },
        clients: [
          application('app', [
            consume('q', 't'),
            on(publish('q', 'm'), { atMs: 2000 }),
            on({ call: 'basic.ack', tag: 1 }, { atMs: 2500 }),
          ]),
        ],
        steps: [{ atMs: 1000, do: alarm(true) }],
      },
      5000,
    );
    expect(given(both, 'app')).toEqual(['m']);
    expect(both.of('settled')).toHaveLength(1);
    expect(both.of('removed')).toEqual([]);
  });

  it('R-35: more bytes than the watermark raise the alarm, and fewer clear it', () => {
    const full = run(
      {
        system: { queues: [{ name: 'q' }], config: { 'vm_memory_high_watermark.absolute': 50_000 } },
        clients: [
          publisher('p', { bytes: 1000, load: { ratePerSecond: 100 } }),
          { id: 'c', role: 'consumer', queues: ['q'], processingMs: 0, startMs: 10_000 },
        ],
      },
      20_000,
    );
    expect(full.of('alarm-raised')).toMatchObject([{ node: 'rabbit-1', resource: 'memory' }]);
    expect(full.of('alarm-cleared')[0]!.at).toBeGreaterThan(10_000_000);
    expect(full.of('publishing-unblocked')).toHaveLength(1);
  });
});

describe('R-34: credit', () => {
  it('a publisher gets no further ahead of a slow queue than its credit', () => {
    const trace = run(
      {
        system: { queues: [{ name: 'q' }], costs: { channelMicros: 1, queueMicros: 1000 } },
        clients: [
          application(
            'app',
            Array.from({ length: 5000 }, () => publish('q')),
          ),
        ],
      },
      1000,
    );
    const routed = trace.of('routed').length;
    const appended = trace.of('appended').length;
    expect(routed - appended).toBeGreaterThanOrEqual(200);
    // What the queue granted, and what the channel had granted its reader before (400 each), and one batch.
    expect(routed - appended).toBeLessThanOrEqual(1000);
  });

  it('and loses nothing by waiting', () => {
    const trace = run(
      {
        system: { queues: [{ name: 'q' }], costs: { queueMicros: 100 } },
        clients: [
          application(
            'app',
            Array.from({ length: 3000 }, () => publish('q')),
          ),
        ],
      },
      5000,
    );
    expect(trace.of('appended')).toHaveLength(3000);
  });

  it('a channel has no more than so many commands under way to a quorum queue', () => {
    const trace = run(
      {
        system: {
          nodes: 3,
          queues: [{ name: 'q', arguments: { 'x-queue-type': 'quorum' } }],
          config: { credit_flow_initial: 1, credit_flow_more_after: 1 },
          costs: { fsyncMs: 100 },
        },
        clients: [
          application(
            'app',
            Array.from({ length: 500 }, () => publish('q')),
          ),
        ],
      },
      150,
    );
    expect(trace.of('routed').length).toBeLessThan(64);
  });
});

describe('R-53: a delivery that is never acknowledged', () => {
  const late = (version: '3.10' | '4.2' | '4.3', args: Record<string, string | number> = {}) =>
    run(
      {
        system: {
          version,
          queues: [{ name: 'q', arguments: args }],
          config: { consumer_timeout: 100_000, channel_tick_interval: 60_000 },
        },
        clients: [
          application('app', [consume('q', 't')]),
          application('p', [on(publish('q', 'm'), { atMs: 1000 })]),
          application('other', [on(consume('q', 'o'), { atMs: 2000 })]),
        ],
      },
      400_000,
    );
  const error =
    '406 PRECONDITION_FAILED: delivery acknowledgement on channel 1 timed out. Timeout value used: 100000 ms. This timeout ' +
    'value can be configured, see consumers doc guide to learn more';

  it.each(['3.10', '4.2'] as const)(
    'in %s closes the channel within a tick, and others get the message',
    (version) => {
      const trace = late(version);
      expect(errors(trace)[0]).toBe(error);
      const [first] = trace.of('error');
      expect(first!.at).toBeGreaterThan(101_000_000);
      expect(first!.at).toBeLessThanOrEqual(162_000_000);
      expect(given(trace, 'other')).toEqual(['m*']);
    },
  );

  it('in 4.3 a classic queue waits for ever', () => {
    const trace = late('4.3');
    expect(errors(trace)).toEqual([]);
    expect(given(trace, 'other')).toEqual([]);
  });

  it('in 4.3 a quorum queue cancels the consumer, and does not count that against the message', () => {
    const trace = late('4.3', { 'x-queue-type': 'quorum', 'x-delivery-limit': 0 });
    expect(errors(trace)).toEqual([]);
    const [ended] = trace.of('consuming-ended');
    expect(ended).toMatchObject({ client: 'app', tag: 't' });
    // When it is due, whatever the channel's tick.
    expect(ended!.at).toBeGreaterThan(101_000_000);
    expect(ended!.at).toBeLessThan(102_000_000);
    expect(given(trace, 'other')).toEqual(['m*']);
  });

  it('in 4.3 what was not too late stays with the consumer, and an answer that is too late is no error', () => {
    const trace = run(
      {
        system: {
          version: '4.3',
          queues: [{ name: 'q', arguments: { 'x-queue-type': 'quorum' } }],
          config: { consumer_timeout: 10_000 },
        },
        clients: [
          application('app', [
            consume('q', 't'),
            on({ call: 'basic.ack', tag: 2 }, { atMs: 15_000 }),
            on({ call: 'basic.ack', tag: 1 }, { atMs: 30_000 }),
          ]),
          application('p', [on(publish('q', 'm'), { atMs: 1000 }), on(publish('q', 'n'), { atMs: 8000 })]),
          application('other', [on(consume('q', 'o'), { atMs: 9000 })]),
        ],
      },
      60_000,
    );
    expect(errors(trace)).toEqual([]);
    // It has been given m for good when app answers for it: nobody has n but app.
    expect(given(trace, 'other')[0]).toBe('m*');
    expect(given(trace, 'other')).not.toContain('n*');
    expect(trace.of('removed').map(({ message }) => message)).toEqual([1]);
  });
});
