// What of RabbitMQ's driver needs no broker: names on a broker that others use, positions, and what cannot be run for real.
import { describe, expect, it } from 'vitest';
import type { Installation } from '../../../src/real/installation.ts';
import { addressProblem, atAddress } from '../../../src/real/installations.ts';
import { Copies, numbered } from '../../../src/real/rabbitmq/copies.ts';
import { rabbitmqDriver } from '../../../src/real/rabbitmq/driver.ts';
import { serverError } from '../../../src/real/rabbitmq/link.ts';
import { Names } from '../../../src/real/rabbitmq/names.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { heldBy } from '../../../src/scenarios/real.ts';
import type { Observed } from '../../../src/sim/trace.ts';
import { parseScenario, type ScenarioInputOf } from '../../../src/scenarios/schema.ts';

describe('the names of a run', () => {
  const names = new Names('abc');

  it('have its prefix, save those that are everybody’s', () => {
    expect(names.outer('orders')).toBe('brokerbook-abc.orders');
    for (const name of ['', 'amq.topic', 'amq.gen-x1']) expect(names.outer(name)).toBe(name);
  });

  it('have it in keys where the default exchange goes by them, and nowhere else', () => {
    expect(names.outerKey('', 'orders')).toBe('brokerbook-abc.orders');
    expect(names.outerKey('events', 'orders.eu')).toBe('orders.eu');
    expect(
      names.outerArguments({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }),
    ).toEqual({
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'brokerbook-abc.dead',
    });
    expect(
      names.outerArguments({ 'x-dead-letter-exchange': 'dlx', 'x-dead-letter-routing-key': 'k' }),
    ).toEqual({
      'x-dead-letter-exchange': 'brokerbook-abc.dlx',
      'x-dead-letter-routing-key': 'k',
    });
    expect(names.outerArguments({ 'alternate-exchange': 'rest', 'x-max-length': 3 })).toEqual({
      'alternate-exchange': 'brokerbook-abc.rest',
      'x-max-length': 3,
    });
  });

  it('are the only ones that a policy of the run applies to', () => {
    const applies = (pattern: string, name: string): boolean =>
      new RegExp(names.outerPattern(pattern), 'u').test(name);
    expect(applies('^orders$', 'brokerbook-abc.orders')).toBe(true);
    expect(applies('^orders$', 'brokerbook-abc.new-orders')).toBe(false);
    expect(applies('orders', 'brokerbook-abc.new-orders')).toBe(true);
    for (const other of ['orders', 'brokerbook-abd.orders', 'brokerbook-abcx.orders'])
      expect(applies('orders', other)).toBe(false);
    expect(names.outerDefinition({ 'dead-letter-exchange': 'dlx', 'max-length': 3 })).toEqual({
      'dead-letter-exchange': 'brokerbook-abc.dlx',
      'max-length': 3,
    });
  });

  it('are as the scenario says them in all that comes back', () => {
    const header = {
      'x-death': [{ queue: 'brokerbook-abc.orders', count: 1, 'routing-keys': ['brokerbook-abc.orders'] }],
    };
    expect(names.inner(header)).toEqual({
      'x-death': [{ queue: 'orders', count: 1, 'routing-keys': ['orders'] }],
    });
    expect(names.inner("no queue 'brokerbook-abc.orders' in vhost '/'")).toBe(
      "no queue 'orders' in vhost '/'",
    );
  });
});

const published = (message: number): Observed => ({
  at: 0,
  kind: 'published',
  client: 'shop',
  message,
  key: null,
  to: 'orders',
  bytes: 100,
});
const delivered = (copies: Copies, message: number, { redelivered = false, deaths = 0 } = {}): Observed => ({
  at: 0,
  kind: 'delivered',
  client: 'c',
  group: 'q',
  message,
  key: null,
  place: 'q',
  position: copies.of('q', message, deaths, redelivered),
  redelivered,
  deliveryCount: null,
  headers: deaths > 0 ? { 'x-death': [{ count: deaths }] } : {},
});
const positions = (events: readonly Observed[]): number[] =>
  numbered(events).flatMap((event) => (event.kind === 'delivered' ? [event.position] : []));

describe('positions of what was seen in a queue', () => {
  it('go by the order of publishing, and not by that of being given out', () => {
    const copies = new Copies();
    const out = [2, 0, 1].map((message) => delivered(copies, message));
    expect(positions([published(0), published(1), published(2), ...out])).toEqual([2, 0, 1]);
  });

  it('are the same for one copy, however often it is given out', () => {
    const copies = new Copies();
    const out = [delivered(copies, 0), delivered(copies, 1), delivered(copies, 0, { redelivered: true })];
    expect(positions([published(0), published(1), ...out])).toEqual([0, 1, 0]);
    // Even if the broker forgets to flag it: that is for a claim to find.
    const unflagged = new Copies();
    expect(positions([published(0), delivered(unflagged, 0), delivered(unflagged, 0)])).toEqual([0, 0]);
  });

  it('are two for a message that was published twice', () => {
    const copies = new Copies();
    const first = delivered(copies, 0);
    copies.republished(0);
    expect(positions([published(0), first, delivered(copies, 0)])).toEqual([0, 1]);
  });

  it('put a dead letter before what was given out after it', () => {
    const copies = new Copies();
    const out = [delivered(copies, 0), delivered(copies, 0, { deaths: 1 }), delivered(copies, 1)];
    expect(positions([published(0), published(1), ...out])).toEqual([0, 1, 2]);
  });
});

const ours: Installation = {
  broker: 'rabbitmq',
  way: 'packages',
  urls: ['amqp://guest:guest@127.0.0.1:5672'],
  nodes: [{ name: 'rabbit-1', pid: 1 }],
  relayed: [],
  helpers: [],
  folder: '/tmp/x',
};
const theirs = atAddress('rabbitmq', 'amqp://guest:guest@127.0.0.1:5672');
const scenario = (more: Partial<ScenarioInputOf<'rabbitmq'>>) =>
  parseScenario({
    version: 1,
    id: 'some-run',
    title: 'Some run',
    system: { broker: 'rabbitmq', queues: [{ name: 'q' }] },
    clients: [{ id: 'c', role: 'consumer', queues: ['q'] }],
    durationMs: 1000,
    seed: 1,
    ...more,
  });

const made = {
  broker: { name: 'RabbitMQ', version: '4.3.6' },
  client: { name: 'amqplib', version: '2.3.1' },
  settings: {},
};

describe('what cannot be run for real', () => {
  it('is told with the reason', () => {
    const refusal = (more: Partial<ScenarioInputOf<'rabbitmq'>>, at = ours): string | null =>
      rabbitmqDriver.refusal(scenario(more), at, made);
    expect(refusal({})).toBeNull();
    expect(refusal({ system: { broker: 'rabbitmq', nodes: 3, queues: [{ name: 'q' }] } })).toMatch(
      /needs 3 nodes/,
    );
    const crash = { timeline: [{ atMs: 1, action: { do: 'crash' as const, target: 'rabbit-1' } }] };
    expect(refusal(crash)).toBeNull();
    expect(refusal(crash, theirs)).toMatch(/only a broker that was started here is hurt/);
    const pause = { timeline: [{ atMs: 1, action: { do: 'pause' as const, target: 'c' } }] };
    expect(refusal(pause)).toMatch(/"pause" cannot be done to c from outside/);
    const cut = {
      timeline: [{ atMs: 1, action: { do: 'cut' as const, between: ['c', 'rabbit-1'] as [string, string] } }],
    };
    expect(refusal(cut)).toBeNull();
    expect(refusal(cut, theirs)).toBeNull();
    const between = ['rabbit-1', 'rabbit-2'] as [string, string];
    expect(
      refusal(
        {
          system: { broker: 'rabbitmq', nodes: 2, queues: [{ name: 'q' }] },
          timeline: [{ atMs: 1, action: { do: 'cut', between } }],
        },
        { ...ours, urls: [...ours.urls, ...ours.urls] },
      ),
    ).toMatch(/between rabbit-1 and rabbit-2, and only clients connect through it/);
    const hash = {
      system: {
        broker: 'rabbitmq' as const,
        queues: [{ name: 'q' }],
        exchanges: [{ name: 'h', type: 'x-consistent-hash' as const }],
      },
    };
    expect(refusal(hash)).toBeNull();
    expect(refusal(hash, theirs)).toMatch(/needs the plugin/);
    const system = (more: object) => ({
      system: { broker: 'rabbitmq' as const, queues: [{ name: 'q' }], ...more },
    });
    expect(refusal(system({ config: { quorum_cluster_size: 1 } }))).toMatch(/rabbitmq\.conf/);
    const timeout = system({ config: { consumer_timeout: 1000 } });
    expect(refusal(timeout)).toBeNull();
    expect(refusal(timeout, theirs)).toMatch(/needs an administrator/);
    expect(
      refusal({ ...timeout, timeline: [{ atMs: 1, action: { do: 'restart', target: 'rabbit-1' } }] }),
    ).toMatch(/restarts a node whose settings were changed/);
    const policy = (pattern: string) =>
      system({ policies: [{ name: 'p', pattern, definition: { 'max-length': 3 } }] });
    expect(refusal(policy('^q'))).toBeNull();
    expect(refusal(policy('^q'), theirs)).toMatch(/needs an administrator/);
    expect(refusal(policy('^q|^r'))).toMatch(/one pattern or another/);
    const alarm = { timeline: [{ atMs: 1, action: { do: 'alarm' as const, node: 1, on: true } }] };
    expect(refusal(alarm)).toBeNull();
    expect(refusal(alarm, theirs)).toMatch(/needs an administrator/);
    expect(refusal(system({ version: '3.10' }))).toMatch(/it is about 3\.10, and 4\.3\.6 is up/);
    expect(refusal(system({ version: '4.3' }))).toBeNull();
  });
});

describe('a claim about a newer version', () => {
  it('is not asked of an older one', () => {
    const asked = (version: string): string[] =>
      heldBy(scenarioById('rabbitmq-deaths'), [], version).map(({ claim }) => claim.id);
    expect(asked('3.10.8')).not.toContain('rabbitmq.dead-letter-flagged');
    expect(asked('4.2.1')).not.toContain('rabbitmq.dead-letter-flagged');
    for (const version of ['4.3.6', '4.10.0', '5.0.0'])
      expect(asked(version)).toContain('rabbitmq.dead-letter-flagged');
    expect(asked('3.10.8')).toContain('rabbitmq.dead-letter-rejected');
  });
});

describe('what the server says', () => {
  it('is read from the errors of amqplib', () => {
    const text = `Operation failed: QueueDeclare; 405 (RESOURCE-LOCKED) with message "RESOURCE_LOCKED - cannot obtain exclusive access"`;
    expect(serverError(new Error(text))).toEqual({
      code: '405 RESOURCE_LOCKED',
      detail: 'cannot obtain exclusive access',
    });
    expect(serverError(new Error('connect ECONNREFUSED'))).toBeNull();
  });
});

describe('addresses', () => {
  it('are of this machine', () => {
    for (const host of ['127.0.0.1', '[::1]', 'localhost'])
      expect(addressProblem(`amqp://guest:guest@${host}:5672`)).toBeNull();
    expect(addressProblem('amqp://broker.example.com')).toMatch(/of this machine/);
    expect(addressProblem('somewhere')).toMatch(/expected an address/);
  });
});
