// The claims that short runs hold to a real broker as well, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { heldClaims } from '../../../src/claims/rabbitmq/held.ts';
import type { EventBody, TraceEvent } from '../../../src/sim/trace.ts';
import { failed, itJudges, trace, type Case } from './hand.ts';
import { again, confirmed, consumes, created, delivered, published, settled } from './rabbitmq-hand.ts';

type Published = Extract<EventBody, { kind: 'published' }>;
const sent = (message: number, to: string, routingKey: string, more: Partial<Published> = {}): EventBody =>
  ({ ...published(message), to, routingKey, ...more }) as EventBody;
const exchange = (type: string): EventBody => ({
  kind: 'exchange-created',
  node: 'rabbit-1',
  name: 'x',
  type,
});
const bound = (routingKey: string, args: Record<string, unknown> = {}, destination = 'q'): EventBody => ({
  kind: 'binding-created',
  node: 'rabbit-1',
  source: 'x',
  destination,
  to: 'queue',
  routingKey,
  arguments: args,
});

/** @param yes what the binding takes @param no what it does not */
const routed = (type: string, binding: EventBody, yes: EventBody, no: EventBody): Case => {
  const before = [exchange(type), created(), binding, consumes('c'), yes, confirmed(0), no, confirmed(1)];
  return {
    shown: trace(...before, delivered('c', 0)),
    contradicted: [
      trace(...before, delivered('c', 0), delivered('c', 1)),
      trace(...before, delivered('c', 0), delivered('c', 0)),
      trace(...before),
    ],
    // It came back; or nobody has confirmed it, or nobody reads.
    allowed: [
      trace(...before, delivered('c', 0), again('c', 0)),
      trace(exchange(type), created(), binding, consumes('c'), yes),
      trace(exchange(type), created(), binding, yes, confirmed(0)),
    ],
  };
};

const TTL = { arguments: { 'x-message-ttl': 500 } };
const late = (message: number, at: number): EventBody & { at: number } => ({
  ...delivered('c', message),
  at,
});

const buried = (reason: string, entry: object = {}, headers: object = {}): EventBody =>
  delivered('g', 0, {
    place: 'graves',
    headers: {
      'x-death': [{ count: 1, reason, queue: 'q', exchange: '', 'routing-keys': ['q'], ...entry }],
      'x-first-death-queue': 'q',
      'x-first-death-reason': reason,
      ...headers,
    },
  });
/** @param before what makes the death true @param not what does not */
const death = (reason: string, before: EventBody[], not: EventBody[]): Case => ({
  shown: trace(...before, buried(reason)),
  contradicted: [
    trace(...not, buried(reason)),
    trace(...before, buried(reason, { queue: 'other' })),
    trace(...before, buried(reason, { count: 2 })),
    trace(...before, buried(reason, { exchange: 'other' })),
    trace(...before, buried(reason, { 'routing-keys': ['other'] })),
    trace(...before, buried(reason, {}, { 'x-first-death-reason': 'other' })),
  ],
  allowed: [trace(...before, buried('another reason'))],
});
const limited = created('q', { type: 'quorum', arguments: { 'x-delivery-limit': 1 } });
const held = created('q', { arguments: { 'x-max-length': 1 } });
const urgent = created('q', { arguments: { 'x-max-priority': 5 } });
const three = [0, 5, 9].map((priority, message) => sent(message, '', 'q', { priority }));

const BUSY = "queue 'q' in vhost '/' in exclusive use";
const LOCKED = "cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be…";
const forced: EventBody = {
  kind: 'disconnected',
  client: 'p',
  node: 'rabbit-1',
  why: '320 CONNECTION_FORCED',
};
const restarted = (type: string, ...after: EventBody[]): TraceEvent[] =>
  trace(
    created('q', { type }),
    sent(0, '', 'q'),
    confirmed(0),
    sent(1, '', 'q', { transient: true }),
    confirmed(1),
    forced,
    consumes('c'),
    ...after,
  );

const gone: EventBody = { kind: 'disconnected', client: 'w', node: 'rabbit-1', why: 'it crashed' };
const led = [
  created('q', { type: 'quorum' }),
  sent(0, '', 'q'),
  confirmed(0),
  gone,
  sent(1, '', 'q'),
  confirmed(1),
];

const cases: Record<string, Case> = {
  'rabbitmq.direct-by-equal-key': routed('direct', bound('red'), sent(0, 'x', 'red'), sent(1, 'x', 'redder')),
  'rabbitmq.fanout-to-all': {
    shown: trace(
      exchange('fanout'),
      created(),
      bound('a'),
      consumes('c'),
      sent(0, 'x', 'b'),
      delivered('c', 0),
    ),
    contradicted: [
      trace(exchange('fanout'), created(), bound('a'), consumes('c'), sent(0, 'x', 'b'), confirmed(0)),
      trace(exchange('fanout'), created(), consumes('c'), sent(0, 'x', 'b'), delivered('c', 0)),
    ],
  },
  'rabbitmq.topic-by-words': routed('topic', bound('a.*'), sent(0, 'x', 'a.b'), sent(1, 'x', 'a.b.c')),
  'rabbitmq.headers-all-or-any': routed(
    'headers',
    bound('', { 'x-match': 'any', a: 1, b: 2 }),
    sent(0, 'x', '', { headers: { b: 2 } }),
    sent(1, 'x', '', { headers: { a: 2 } }),
  ),
  'rabbitmq.default-by-queue-name': {
    shown: trace(created(), consumes('c'), sent(0, '', 'q'), delivered('c', 0)),
    contradicted: [
      trace(created(), consumes('c'), sent(0, '', 'q'), confirmed(0)),
      trace(created(), consumes('c'), sent(0, '', 'r'), delivered('c', 0)),
    ],
  },
  'rabbitmq.expired-is-not-given': {
    shown: trace(created('q', TTL), sent(0, '', 'q'), consumes('c')),
    contradicted: [
      trace(created('q', TTL), sent(0, '', 'q'), consumes('c'), delivered('c', 0)),
      trace(created('q'), sent(0, '', 'q', { expiration: '500' }), consumes('c'), delivered('c', 0)),
      // Nobody has it, though somebody was there all the time.
      trace(created('q', TTL), consumes('c'), sent(0, '', 'q')),
    ],
    allowed: [
      trace(created('q', TTL), consumes('c'), sent(0, '', 'q'), late(0, 3_400_000)),
      trace(created('q', TTL), sent(0, '', 'q')),
    ],
  },
  'rabbitmq.dead-letter-rejected': death(
    'rejected',
    [created(), sent(0, '', 'q'), delivered('c', 0), settled('c', 0, 'rejected')],
    [created(), sent(0, '', 'q'), delivered('c', 0), settled('c', 0)],
  ),
  'rabbitmq.dead-letter-expired': death(
    'expired',
    [created('q', TTL), sent(0, '', 'q')],
    [created(), sent(0, '', 'q')],
  ),
  'rabbitmq.dead-letter-maxlen': death(
    'maxlen',
    [held, sent(0, '', 'q'), sent(1, '', 'q')],
    [held, sent(0, '', 'q')],
  ),
  'rabbitmq.dead-letter-delivery-limit': death(
    'delivery_limit',
    [limited, sent(0, '', 'q'), delivered('c', 0), again('c', 0)],
    [limited, sent(0, '', 'q'), delivered('c', 0)],
  ),
  'rabbitmq.higher-priority-first': {
    // 9 is more than the queue knows, and so equal to 5.
    shown: trace(urgent, ...three, delivered('c', 1), delivered('c', 2), delivered('c', 0)),
    contradicted: [trace(urgent, ...three, delivered('c', 0)), trace(urgent, ...three, delivered('c', 2))],
    allowed: [trace(created(), ...three, delivered('c', 0))],
  },
  'rabbitmq.exclusive-consumer-refuses': {
    shown: trace(consumes('a'), failed('b', '403 ACCESS_REFUSED', BUSY)),
    contradicted: [
      trace(consumes('a'), failed('b', '404 NOT_FOUND', BUSY)),
      trace(failed('b', '403 ACCESS_REFUSED', BUSY)),
    ],
    allowed: [trace(consumes('a'), failed('b', '405 RESOURCE_LOCKED', LOCKED))],
  },
  'rabbitmq.exclusive-queue-locked': {
    shown: trace(created(), failed('b', '405 RESOURCE_LOCKED', LOCKED)),
    contradicted: [
      trace(created(), failed('b', '403 ACCESS_REFUSED', LOCKED)),
      trace(failed('b', '405 RESOURCE_LOCKED', LOCKED)),
    ],
    allowed: [trace(created(), consumes('a'), failed('b', '403 ACCESS_REFUSED', BUSY))],
  },
  'rabbitmq.classic-restart-keeps-persistent': {
    shown: restarted('classic', delivered('c', 0)),
    contradicted: [restarted('classic', delivered('c', 0), delivered('c', 1)), restarted('classic')],
    allowed: [restarted('quorum', delivered('c', 0), delivered('c', 1))],
  },
  'rabbitmq.quorum-outlives-leader': {
    shown: trace(...led, consumes('c'), delivered('c', 0), delivered('c', 1)),
    contradicted: [
      trace(...led, consumes('c'), delivered('c', 0)),
      trace(...led, consumes('c'), delivered('c', 1)),
      trace(...led, sent(2, '', 'q'), consumes('c'), delivered('c', 0), delivered('c', 1)),
    ],
    // Nobody reads; or it was another node.
    allowed: [
      trace(...led),
      trace(
        created('q', { type: 'quorum', node: 'rabbit-2' }),
        sent(0, '', 'q'),
        confirmed(0),
        gone,
        consumes('c'),
      ),
    ],
  },
  'rabbitmq.quorum-restart-keeps-all': {
    shown: restarted('quorum', delivered('c', 0), delivered('c', 1)),
    contradicted: [restarted('quorum', delivered('c', 0))],
    allowed: [restarted('classic', delivered('c', 0))],
  },
};

describe('claims that short runs hold to a real broker', () => {
  itJudges(heldClaims, cases);
});
