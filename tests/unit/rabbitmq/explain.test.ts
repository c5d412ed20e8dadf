// Words: every event of the model has some, they carry their reason and its rules, and what matters is told from noise.
import { describe, expect, it } from 'vitest';
import { CANCELLED } from '../../../src/brokers/rabbitmq/clients/deliveries.ts';
import { explain } from '../../../src/brokers/rabbitmq/explain.ts';
import { displayName } from '../../../src/sim/names.ts';
import type { EventBody, TraceEvent, TraceEventKind } from '../../../src/sim/trace.ts';

const words = (body: EventBody, at = 5_000_000) => explain({ ...body, seq: 1, at });

const place = 'work';
const node = 'rabbit-2';
const group = place;
const client = 'c1';
type Body<K extends TraceEventKind> = Omit<Extract<TraceEvent, { kind: K }>, 'seq' | 'at' | 'kind'>;
const delivery = {
  client,
  group,
  message: 7,
  key: 'A',
  place,
  position: 3,
  redelivered: false,
  deliveryCount: null,
};
const binding = {
  node,
  source: 'orders',
  destination: place,
  to: 'queue' as const,
  routingKey: 'order.*',
  arguments: {},
};
/** One of each kind that RabbitMQ's model emits. */
const samples = {
  'client-started': { client, role: 'consumer' },
  'client-stopped': { client, reason: 'crashed' },
  connected: { client, node },
  disconnected: { client, node, why: 'the connection broke' },
  published: { client, message: 7, key: 'A', to: 'orders', bytes: 10, routingKey: 'order.new' },
  republished: { client, message: 7, to: 'orders', why: 'it was nacked' },
  'publish-confirmed': { client, message: 7, place: null, position: null },
  'publish-failed': { client, message: 7, error: 'nacked' },
  returned: { client, message: 7, reason: '312 NO_ROUTE' },
  'publishing-blocked': { client, reason: 'low on memory' },
  'publishing-unblocked': { client },
  'consuming-began': { client, group, place, tag: client, prefetch: 10 },
  'consuming-ended': { client, place, tag: client, why: 'its connection was lost' },
  'nothing-there': { client, place },
  delivered: delivery,
  processed: { client, group, message: 7, key: 'A', place, position: 3 },
  settled: { client, group, outcome: 'acked', place, position: 3, message: 7 },
  assigned: { client, group, places: [place], all: [place], generation: 1 },
  revoked: { client, group, places: [place], lost: false, generation: 1 },
  positioned: { client, group: null, place, position: 4, by: 'seek' },
  printed: { client: 'console', command: 'rabbitmqctl list_queues', lines: ['name\tmessages'], exit: 0 },
  error: { client, code: '404 NOT_FOUND', detail: "no exchange 'nope' in vhost '/'" },
  'exchange-created': { node, name: 'orders', type: 'topic' },
  'exchange-deleted': { node, name: 'orders' },
  'binding-created': binding,
  'binding-deleted': binding,
  'places-created': {
    node,
    name: place,
    places: [place],
    total: 1,
    holds: 'queue',
    type: 'classic',
    replicas: [[node]],
  },
  'places-deleted': { node, name: place, places: [place] },
  configured: { node, name: 'limits', settings: [['max-length', '10']] },
  sent: { from: client, to: node, what: 'basic.publish', place: null, messages: [7], arrivesAt: 1 },
  routed: { by: 'orders', message: 7, place, why: 'orders: binding "order.*"' },
  appended: { node, place, position: 3, message: 7, key: 'A', epoch: 0 },
  acquired: { node, group, client, place, position: 3, message: 7, deliveryCount: 1, until: null },
  released: { node, group, place, position: 3, why: 'channel-down', message: 7, where: 'original place' },
  removed: { node, place, position: 3, message: 7, why: 'acknowledged' },
  'dead-lettered': { node, place, position: 3, message: 7, to: 'dlx', reason: 'expired' },
  dropped: { node, place, position: 3, message: 7, reason: 'maxlen' },
  expired: { node, place, position: 3, message: null, from: 0, why: 'max-age' },
  'segment-rolled': { node, place, position: 4, why: 'the segment before it has 500 bytes' },
  'alarm-raised': { node, resource: 'memory' },
  'alarm-cleared': { node, resource: 'memory' },
  'leader-elected': { place, node, epoch: 3, clean: true, why: 'rabbit-1 is down' },
  replicated: { node, place, position: 4 },
  'high-watermark-advanced': { node, place, position: 4 },
  truncated: { node, place, position: 2, messages: [7, 8], why: 'its leader has other entries' },
  'node-crashed': { node },
  'node-restarted': { node },
  'node-stopped': { node },
  acted: { action: 'crash', target: node, refused: null },
  'limit-reached': { what: 'messages ready in work', limit: 100_000 },
} satisfies { [K in TraceEventKind]?: Body<K> };
type Kind = keyof typeof samples;

/** The words for a sample with other fields. */
const told = <K extends Kind>(kind: K, more: Partial<Body<K>> = {}, at?: number) =>
  words({ kind, ...samples[kind], ...more } as unknown as EventBody, at)!;

describe('every event', () => {
  it.each(Object.keys(samples) as Kind[])(
    '%s has words: a sentence that ends, and rules that exist',
    (kind) => {
      const { text, rules } = told(kind);
      expect(text).toMatch(kind === 'printed' ? /^[\w.-]+ / : /^[A-Za-z].*\.$/);
      expect(text).not.toMatch(/undefined|null|NaN|\.\.|: \.|rabbit-\d/);
      for (const rule of rules) {
        expect(rule).toMatch(/^R-\d+$/);
        expect(Number(rule.slice(2))).toBeLessThanOrEqual(88);
      }
      expect(new Set(rules).size).toBe(rules.length);
    },
  );

  it('says nothing of what RabbitMQ does not have', () => {
    expect(words({ kind: 'transaction-began', client, transaction: 't' })).toBeNull();
    expect(
      words({ kind: 'settled', client, group, outcome: 'committed', place, position: 4, message: null }),
    ).toBeNull();
  });

  it.each([
    'client-stopped',
    'disconnected',
    'publish-failed',
    'returned',
    'publishing-blocked',
    'released',
    'dead-lettered',
    'dropped',
    'error',
    'leader-elected',
    'truncated',
    'node-crashed',
    'node-restarted',
    'alarm-raised',
    'configured',
    'places-deleted',
  ] as const)('%s makes a caption', (kind) => {
    expect(told(kind).weight).toBe('key');
  });

  it.each([
    'replicated',
    'high-watermark-advanced',
    'routed',
    'sent',
    'publish-confirmed',
    'acquired',
    'removed',
  ] as const)('%s is for the curious', (kind) => {
    expect(told(kind).weight).toBe('detail');
  });
});

describe('names', () => {
  it('a node is called by its number', () => {
    expect(displayName('rabbit-2')).toBe('Node 2');
    expect(displayName('rabbit-hole')).toBe('Rabbit Hole');
    expect(told('connected').text).toBe('C1 is connected to Node 2.');
  });

  it('R-2: the default exchange has no other name', () => {
    expect(told('published', { to: '', routingKey: 'work' })).toEqual({
      text: 'C1 publishes message 7 (key A) to the default exchange with routing key work.',
      rules: ['R-2'],
      weight: 'step',
    });
    expect(told('routed', { by: '', why: "the default exchange: the key is the queue's name" })).toEqual({
      text: 'The default exchange puts message 7 into work: its routing key is the name of that queue.',
      rules: ['R-2'],
      weight: 'detail',
    });
  });
});

describe('publishing', () => {
  it('says what a router goes by', () => {
    expect(told('published', { key: null, headers: { region: 'eu', n: 1 } }).text).toBe(
      'C1 publishes message 7 to exchange orders with routing key order.new and headers region=eu, n=1.',
    );
    expect(told('published', { routingKey: '' }).text).toMatch(/with no routing key\.$/);
  });

  it('R-24, R-25: says by which way a message came to a queue', () => {
    expect(told('routed').text).toBe('Exchange orders puts message 7 into work (orders: binding "order.*").');
    expect(told('routed', { why: 'a: binding "x", then b: binding "y"' }).rules).toContain('R-24');
    expect(told('routed', { why: 'orders: no match, so its alternate' }).rules).toContain('R-25');
  });

  it('R-31, R-33: tells a refusal from a rollback and from not knowing', () => {
    expect(told('publish-failed')).toMatchObject({ rules: ['R-31'] });
    expect(told('publish-failed', { error: 'tx.rollback' })).toMatchObject({
      rules: ['R-33'],
      weight: 'step',
    });
    expect(told('publish-failed', { error: 'its connection was lost' })).toMatchObject({
      text: 'C1 gives message 7 up, and does not know whether the broker has it: its connection was lost.',
      rules: ['R-29'],
    });
  });

  it('R-28: says why a message comes back', () => {
    expect(told('returned').text).toBe(
      'Message 7 comes back to C1 (312 NO_ROUTE): it was mandatory, and no queue is bound for it.',
    );
  });
});

describe('consuming', () => {
  it('R-41: names the limit', () => {
    expect(told('consuming-began').text).toBe(
      'C1 consumes work as c1 and is given at most 10 ahead of its acknowledgements.',
    );
    expect(told('consuming-began', { prefetch: 1 }).text).toMatch(
      /at most 1 ahead of its acknowledgement\.$/,
    );
    expect(told('consuming-began', { prefetch: null }).text).toMatch(/with no limit/);
    expect(told('consuming-began', { group: null }).rules).toContain('R-58');
  });

  it('R-46: tells a server that cancels from an application that does, and from a channel that is gone', () => {
    expect(told('consuming-ended', { why: CANCELLED.byServer })).toMatchObject({
      weight: 'key',
      rules: ['R-46', 'R-53'],
    });
    expect(told('consuming-ended', { why: CANCELLED.byApplication }).text).toMatch(/may still settle/);
    expect(told('consuming-ended')).toMatchObject({ weight: 'step', rules: ['R-49'] });
  });

  it('R-52, R-62, R-83: says what the broker wrote on a delivery', () => {
    expect(told('delivered').text).toBe('C1 is given message 7 (key A) from work.');
    expect(told('delivered', { redelivered: true, deliveryCount: 2, headers: { 'x-death': [] } })).toEqual({
      text: 'C1 is given message 7 (key A) from work, a dead letter, marked as redelivered (x-delivery-count 2).',
      rules: ['R-36', 'R-83', 'R-52', 'R-62'],
      weight: 'step',
    });
    expect(told('delivered', { group: null }).text).toMatch(/from work, offset 3/);
  });

  it('R-48, R-58: tells an acknowledgement from a refusal, and a queue from a stream', () => {
    expect(told('settled')).toMatchObject({ text: 'C1 acknowledges message 7 of work.', weight: 'step' });
    expect(told('settled', { group: null }).text).toMatch(/the stream keeps it/);
    expect(told('settled', { outcome: 'nacked' })).toMatchObject({ weight: 'key' });
    expect(told('settled', { outcome: 'rejected', message: null }).text).toBe(
      'C1 rejects the message of work (basic.reject).',
    );
  });

  it('R-52: a second delivery is no detail', () => {
    expect(told('acquired', { deliveryCount: 2 })).toMatchObject({
      weight: 'step',
      text: expect.stringMatching(/delivery 2 of it/) as string,
    });
  });
});

describe('what comes back', () => {
  it.each([
    ['reject', 'returns', /rejected it.*given out before everything else/, ['R-48', 'R-51']],
    ['nack', 'tail', /basic\.nack.*anew at the tail/, ['R-48', 'R-51']],
    ['recover', 'original place', /basic\.recover.*old place/, ['R-49', 'R-50']],
    ['channel-down', 'original place', /channel that had it has ended/, ['R-49', 'R-50']],
    ['node-down', 'returns', /node that had its channel is gone/, ['R-49', 'R-51']],
    ['timeout', 'delayed', /consumer_timeout.*waits for its retry/, ['R-53', 'R-65']],
  ] as const)('%s, to %s', (why, where, text, rules) => {
    const words = told('released', { why, where });
    expect(words.text).toMatch(text);
    expect(words.rules).toEqual(rules);
  });

  it('in words of its own where they are known to nobody', () => {
    expect(told('released', { why: 'an operator wished it', where: 'the head' }).text).toBe(
      'Message 7 is back in work: an operator wished it. It lies here: the head.',
    );
  });
});

describe('what is gone', () => {
  it.each([
    ['expired', /time-to-live is over/, 'R-69'],
    ['rejected', /refused it for good/, 'R-80'],
    ['delivery_limit', /more often than its delivery limit/, 'R-61'],
    ['purged', /was purged/, 'R-80'],
    ['deleted', /gone with its queue/, 'R-80'],
    ['node-crashed', /memory of Node 2/, 'R-55'],
    ['unavailable', /does not reach work/, 'R-31'],
    ['unroutable', /nobody is told/, 'R-28'],
    ['dead-letter cycle', /in a circle/, 'R-86'],
    ['a whim', /work drops message 7: a whim/, 'R-80'],
  ])('%s: says why', (reason, text, rule) => {
    const words = told('dropped', { reason });
    expect(words.text).toMatch(text);
    expect(words.rules).toContain(rule);
  });

  it('R-74, R-76: tells what is dropped from the head from what was never taken', () => {
    expect(told('dropped').text).toMatch(/from its head/);
    expect(told('dropped').rules).toContain('R-74');
    const { position, ...refused } = samples.dropped;
    expect(position).toBe(3);
    expect(words({ kind: 'dropped', ...refused })).toMatchObject({ rules: ['R-76', 'R-79'] });
  });

  it.each([
    ['rejected', 'R-80'],
    ['expired', 'R-69'],
    ['maxlen', 'R-74'],
    ['delivery_limit', 'R-61'],
  ])('R-80: dead-lettered as %s', (reason, rule) => {
    const { text, rules } = told('dead-lettered', { reason });
    expect(text).toMatch(
      new RegExp(`^work gives message 7 up \\(${reason}\\): .* It goes to exchange dlx as a dead letter\\.$`),
    );
    expect(rules).toEqual(expect.arrayContaining([rule, 'R-80', 'R-81', 'R-83']));
  });

  it('R-36: an acknowledgement that nobody has to give', () => {
    expect(told('removed', { why: 'got' })).toMatchObject({ weight: 'step' });
    expect(told('removed', { why: 'sent, and needs no acknowledgement' }).text).toBe(
      'work forgets message 7: sent, and needs no acknowledgement.',
    );
  });

  it('R-58: how much retention took', () => {
    expect(told('expired').text).toBe('Node 2 deletes offsets 0 to 3 of work: max-age.');
    expect(told('expired', { from: 3 }).text).toMatch(/deletes offset 3 of/);
  });
});

describe('what is declared', () => {
  it.each([
    ['direct', 'R-12'],
    ['fanout', 'R-13'],
    ['topic', 'R-15'],
    ['headers', 'R-19'],
    ['x-consistent-hash', 'R-21'],
    ['x-random', 'R-23'],
  ])('an exchange of type %s', (type, rule) => {
    expect(told('exchange-created', { type })).toMatchObject({ rules: [rule] });
  });

  it('R-1, R-24: bindings to queues and to exchanges', () => {
    expect(told('binding-created').text).toBe(
      'Queue work is bound to exchange orders with binding key order.*.',
    );
    expect(
      told('binding-created', { to: 'exchange', routingKey: '', arguments: { 'x-match': 'all', a: 1 } }),
    ).toMatchObject({
      text: 'Exchange work is bound to exchange orders with arguments x-match=all, a=1.',
      rules: ['R-24'],
    });
    expect(told('binding-deleted', { routingKey: '' }).text).toBe(
      'Queue work is no longer bound to exchange orders.',
    );
  });

  it('R-54, R-56, R-58: each kind of queue', () => {
    expect(told('places-created').text).toBe('Classic queue work is declared; it lives on Node 2 alone.');
    const replicas = [['rabbit-1', 'rabbit-2', 'rabbit-3']];
    expect(told('places-created', { type: 'quorum', replicas }).text).toMatch(
      /replicas on Node 1, Node 2 and Node 3/,
    );
    expect(told('places-created', { type: 'stream', replicas }).text).toMatch(/reading takes nothing out/);
  });

  it('R-11: a policy', () => {
    expect(
      told('configured', {
        settings: [
          ['max-length', '10'],
          ['overflow', null],
        ],
      }).text,
    ).toBe(
      'Policy limits: max-length is 10 and overflow is as it was declared again from now on, for whatever it matches.',
    );
  });
});

describe('the cluster', () => {
  it('R-56: an election', () => {
    expect(told('leader-elected', { why: 'it has a majority' }).text).toBe(
      'Node 2 is elected leader of work in term 3: it has a majority.',
    );
    expect(told('leader-elected', { node: null }).text).toMatch(
      /^Nobody leads work now.*nothing is confirmed/,
    );
    expect(told('leader-elected', { clean: false }).text).toMatch(/also what was confirmed/);
    expect(told('leader-elected', {}, 0).weight).toBe('detail');
  });

  it('R-56: a truncation that loses something from one that does not', () => {
    expect(told('truncated').text).toMatch(/That was 2 messages which no majority had/);
    expect(told('truncated', { messages: [] }).weight).toBe('step');
  });

  it('R-35: an alarm', () => {
    expect(told('alarm-raised', { resource: 'disk' }).text).toMatch(/^Node 2 is short of disk space/);
    expect(told('alarm-cleared').text).toBe('Node 2 has enough memory again.');
  });

  it('R-49: who closed a connection', () => {
    expect(told('disconnected')).toMatchObject({ weight: 'key' });
    expect(told('disconnected', { why: 'the application closed it' })).toMatchObject({ weight: 'step' });
    expect(told('client-stopped', { reason: 'closed' })).toMatchObject({ weight: 'step' });
  });
});

describe('errors', () => {
  const error = (code: string, detail: string) => told('error', { code, detail });

  it('R-5: say what is closed and what to do', () => {
    expect(told('error')).toEqual({
      text: "C1 gets an error, 404 NOT_FOUND: no exchange 'nope' in vhost '/'. The server has closed its channel, and what was unacknowledged on it goes back. An exchange must be declared before anything is published to it or bound to it.",
      rules: ['R-5', 'R-27'],
      weight: 'key',
    });
    expect(error('540 NOT_IMPLEMENTED', 'immediate=true').text).toMatch(
      /closed its connection\. RabbitMQ has no immediate/,
    );
  });

  // The server's own texts (J-13 and the rules).
  it.each([
    ['404 NOT_FOUND', "no queue 'work' in vhost '/'", 'R-6'],
    [
      '404 NOT_FOUND',
      "home node 'rabbit-1' of durable queue 'work' in vhost '/' is down or inaccessible",
      'R-54',
    ],
    ['403 ACCESS_REFUSED', 'operation not permitted on the default exchange', 'R-2'],
    ['403 ACCESS_REFUSED', "exchange name 'amq.x' contains reserved prefix 'amq.*'", 'R-3'],
    ['403 ACCESS_REFUSED', "cannot publish to internal exchange 'x' in vhost '/'", 'R-27'],
    ['403 ACCESS_REFUSED', "queue 'work' in vhost '/' in exclusive use", 'R-44'],
    ['405 RESOURCE_LOCKED', "cannot obtain exclusive access to locked queue 'work' in vhost '/'", 'R-7'],
    [
      '406 PRECONDITION_FAILED',
      "inequivalent arg 'durable' for queue 'work' in vhost '/': received 'false' but current is 'true'",
      'R-6',
    ],
    ['406 PRECONDITION_FAILED', 'unknown delivery tag 99', 'R-48'],
    [
      '406 PRECONDITION_FAILED',
      'delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms.',
      'R-53',
    ],
    ['406 PRECONDITION_FAILED', "invalid expiration 'abc': no_integer", 'R-68'],
    ['406 PRECONDITION_FAILED', "user_id property set to 'bob' but authenticated user was 'guest'", 'R-27'],
    ['406 PRECONDITION_FAILED', "queue 'ne' in vhost '/' not empty", 'R-6'],
    ['406 PRECONDITION_FAILED', 'cannot switch from tx to confirm mode', 'R-33'],
    ['406 PRECONDITION_FAILED', 'channel is not transactional', 'R-33'],
    ['406 PRECONDITION_FAILED', "invalid arg 'x-expires' for queue 'Q' in vhost '/': {value_zero,0}", 'R-10'],
    ['406 PRECONDITION_FAILED', "invalid property 'non-durable' for queue 'Q' in vhost '/'", 'R-56'],
    [
      '406 PRECONDITION_FAILED',
      "consumer prefetch count is not set for stream queue 's' in vhost '/'",
      'R-58',
    ],
    [
      '406 PRECONDITION_FAILED',
      'Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x',
      'R-18',
    ],
    ['503 COMMAND_INVALID', "unknown exchange type 'zzz'", 'R-21'],
    ['530 NOT_ALLOWED', "attempt to reuse consumer tag 't'", 'R-47'],
    ['540 NOT_IMPLEMENTED', 'prefetch_size!=0 (10)', 'R-41'],
    ['540 NOT_IMPLEMENTED', "queue 'qq7' in vhost '/' does not support global qos", 'R-42'],
    ['540 NOT_IMPLEMENTED', 'requeue=false', 'R-49'],
    ['540 NOT_IMPLEMENTED', "queue.purge not supported by stream queues queue 's' in vhost '/'", 'R-58'],
    ['541 INTERNAL_ERROR', "Cannot get a message from queue 'q' in vhost '/': timeout", 'R-56'],
    ['ConnectException', 'rabbit-1: Connection refused', 'R-54'],
  ])('%s %s', (code, detail, rule) => {
    const { text, rules } = error(code, detail);
    expect(rules).toContain(rule);
    expect(text).toMatch(/\.$/);
    expect(text).not.toMatch(/\.\./);
  });

  it('and nothing more where they are known to nobody', () => {
    expect(error('declaration', 'a problem')).toEqual({
      text: 'C1 gets an error, declaration: a problem.',
      rules: [],
      weight: 'key',
    });
  });

  it('say what an action was refused for', () => {
    expect(
      told('acted', { action: 'cancel', target: client, refused: 'c1 consumes nothing now' }),
    ).toMatchObject({
      text: 'Refused: cancel C1. c1 consumes nothing now.',
      weight: 'key',
    });
  });
});
