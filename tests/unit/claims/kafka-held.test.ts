// Claims made for runs on real brokers: each on its scenarios, on traces that show it and that break it, and on silence.
import { describe } from 'vitest';
import { keylessClaims } from '../../../src/claims/kafka/keyless.ts';
import { minIsrClaims } from '../../../src/claims/kafka/min-isr.ts';
import { outOfRangeClaims } from '../../../src/claims/kafka/out-of-range.ts';
import { serverAssignorClaims } from '../../../src/claims/kafka/server-assignors.ts';
import { staticMemberClaims } from '../../../src/claims/kafka/static-members.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import {
  assigned,
  confirmed,
  delivered,
  failed,
  itJudges,
  positioned,
  published,
  revoked,
  started,
  stopped,
  trace,
  type Case,
} from './hand.ts';

const P0 = 'orders-0';
const P1 = 'orders-1';

/** By this client, whatever the helper says. */
const by = (client: string, event: EventBody): EventBody => ({ ...event, client }) as EventBody;
const at = (seconds: number, event: EventBody): EventBody & { at: number } => ({
  ...event,
  at: seconds * 1_000_000,
});
const created = (name: string, total: number): EventBody => ({
  kind: 'places-created',
  node: 'controller',
  name,
  places: Array.from({ length: total }, (_, i) => `${name}-${i}`),
  total,
});
/** A record after another, each of which is confirmed by the place that is named. */
const sent = (client: string, places: readonly string[], key: string | null = null): EventBody[] =>
  places.flatMap((place, message) => [
    by(client, published(message, key)),
    by(client, confirmed(message, place)),
  ]);
const unsent = (client: string, message: number, error = 'TimeoutException: too late'): EventBody => ({
  kind: 'publish-failed',
  client,
  message,
  error,
});
const times = (count: number, places: readonly string[]): string[] =>
  Array.from({ length: count }, () => places).flat();

const keyless: Record<string, Case> = {
  // Records of 100 bytes: 400 are reached with the third at the earliest.
  'kafka.keyless-until-batch-size': {
    shown: trace(...sent('small-batches', [P0, P0, P0, P1, P1])),
    contradicted: [
      trace(...sent('small-batches', [P0, P0, P1])),
      trace(...sent('small-batches', [P0, P0, P0, P1, P0])),
      trace(...sent('large-batches', [...times(80, [P0]), P1])),
    ],
    allowed: [
      // Confirmed in another order than sent.
      trace(
        by('small-batches', published(0, null)),
        by('small-batches', published(1, null)),
        by('small-batches', published(2, null)),
        by('small-batches', published(3, null)),
        by('small-batches', confirmed(3, P1)),
        by('small-batches', confirmed(0, P0)),
        by('small-batches', confirmed(1, P0)),
        by('small-batches', confirmed(2, P0)),
      ),
      // Another producer; one that began anew; what lies between them failed; records with a key.
      trace(...sent('other', [P0, P1])),
      trace(
        ...sent('small-batches', [P0]),
        started('small-batches'),
        by('small-batches', published(7, null)),
        by('small-batches', confirmed(7, P1)),
      ),
      trace(
        ...sent('small-batches', [P0]),
        by('small-batches', published(7, null)),
        unsent('small-batches', 7),
        by('small-batches', published(8, null)),
        by('small-batches', confirmed(8, P1)),
      ),
      trace(...sent('small-batches', [P0, P1], 'A')),
    ],
  },
  'kafka.keyless-every-partition': {
    shown: trace(created('orders', 2), ...sent('p', times(10, [P0, P1]))),
    contradicted: [trace(created('orders', 3), ...sent('p', times(15, [P0, P1])))],
    // Too few to say; a topic that somebody writes to by key.
    allowed: [
      trace(created('orders', 3), ...sent('p', times(14, [P0, P1]))),
      trace(created('orders', 2), ...sent('p', times(40, [P0]), 'A')),
    ],
  },
  'kafka.round-robin-told': {
    shown: trace(created('orders', 2), ...sent('in-turn', [P1, P0, P1, P0], 'A')),
    contradicted: [
      trace(created('orders', 2), ...sent('in-turn', [P1, P0, P0])),
      trace(created('orders', 2), ...sent('in-turn', [P0, P0])),
    ],
    allowed: [
      trace(created('orders', 2), ...sent('p', [P0, P0])),
      trace(
        created('orders', 2),
        ...sent('in-turn', [P1, P0]),
        started('in-turn'),
        by('in-turn', published(7)),
        by('in-turn', confirmed(7, P0)),
      ),
    ],
  },
};

const comeBack = (places: string[], generation: number, seconds = 12): EventBody[] => [
  at(2, assigned('r0', [P0], 1, 'range')),
  at(2, assigned('r1', [P1], 1, 'range')),
  at(8, stopped('r1')),
  at(10, started('r1')),
  at(seconds, assigned('r1', places, generation, 'range')),
];

const members: Record<string, Case> = {
  'kafka.static-absence-unnoticed': {
    // It may be told at first that it has nothing yet.
    shown: trace(...comeBack([], 1, 11), at(12, assigned('r1', [P1], 1, 'range'))),
    contradicted: [
      trace(...comeBack([P0], 1)),
      trace(...comeBack([], 1, 11), at(12, assigned('r1', [P0], 1, 'range'))),
      trace(...comeBack([P1], 2)),
      trace(
        at(2, assigned('r0', [P0], 1, 'range')),
        at(2, assigned('r1', [P1], 1, 'range')),
        at(8, stopped('r1')),
        at(9, assigned('r0', [P0, P1], 2, 'range')),
      ),
      trace(
        at(2, assigned('r0', [P0], 1, 'range')),
        at(2, assigned('r1', [P1], 1, 'range')),
        at(8, stopped('r1')),
        at(9, revoked('r0', [P0], 'range')),
      ),
    ],
    allowed: [
      // Too late; in a group of dynamic members; one more member, another that goes, or more partitions.
      trace(...comeBack([P0], 2, 14)),
      trace(
        at(2, assigned('d0', [P0], 1, 'dynamic')),
        at(3, stopped('d0')),
        at(4, assigned('d1', [P0], 2, 'dynamic')),
      ),
      ...[started('r2'), stopped('r0'), created('orders', 2)].map((event) =>
        trace(
          at(2, assigned('r0', [P0], 1, 'range')),
          at(2, assigned('r1', [P1], 1, 'range')),
          at(8, stopped('r1')),
          at(9, event),
          at(10, started('r1')),
          at(11, assigned('r1', [P0, P1], 2, 'range')),
        ),
      ),
      // It was refused; and then it was away for as long as it liked.
      trace(
        ...comeBack([P1], 1),
        at(13, failed('r1', 'UnreleasedInstanceIdException', '')),
        at(14, assigned('r0', [P0, P1], 2, 'range')),
      ),
    ],
  },
  'kafka.static-later-stays': {
    shown: trace(
      assigned('r1', [P1], 1, 'range'),
      assigned('r1-again', [P1], 1, 'range'),
      failed('r1', 'FencedInstanceIdException', ''),
      stopped('r1', 'closed'),
    ),
    contradicted: [
      trace(
        assigned('r1', [P1], 1, 'range'),
        assigned('r1-again', [P1], 1, 'range'),
        failed('r1', 'FencedInstanceIdException', ''),
        delivered('r1', 0, P1, 0, 'range'),
      ),
      // It was never told.
      trace(
        assigned('r1', [P1], 1, 'range'),
        assigned('r1-again', [P1], 1, 'range'),
        started('somebody'),
        started('somebody'),
      ),
    ],
    allowed: [
      // The error may come first; who has stopped is told nothing; another generation is another share.
      trace(
        assigned('r1', [P1], 1, 'range'),
        failed('r1', 'FencedInstanceIdException', ''),
        stopped('r1', 'closed'),
        assigned('r1-again', [P1], 1, 'range'),
      ),
      trace(
        assigned('r1', [P1], 1, 'range'),
        assigned('r1-again', [P1], 1, 'range'),
        stopped('r1'),
        started('somebody'),
        started('somebody'),
      ),
      trace(
        assigned('r1', [P1], 1, 'range'),
        assigned('r2', [P1], 2, 'range'),
        started('somebody'),
        started('somebody'),
      ),
    ],
  },
  'kafka.static-earlier-stays': {
    shown: trace(assigned('n1', [P1], 2, 'billing'), failed('n1-again', 'UnreleasedInstanceIdException', '')),
    contradicted: [
      trace(
        failed('n1-again', 'UnreleasedInstanceIdException', ''),
        assigned('n1-again', [P1], 2, 'billing'),
      ),
      trace(
        failed('n1-again', 'UnreleasedInstanceIdException', ''),
        failed('n1', 'FencedInstanceIdException', ''),
      ),
    ],
    allowed: [
      trace(
        failed('n1-again', 'UnreleasedInstanceIdException', ''),
        started('n1-again'),
        assigned('n1-again', [P1], 2, 'billing'),
      ),
    ],
  },
};

const tooFew = (message: number): EventBody[] => [
  by('acks-all', published(message)),
  unsent('acks-all', message, 'NotEnoughReplicasException: Messages are rejected'),
];
const taken = (message: number): EventBody[] => [
  by('acks-1', published(message)),
  by('acks-1', confirmed(message, P0)),
];

const replicas: Record<string, Case> = {
  'kafka.min-isr-refused-unwritten': {
    shown: trace(...tooFew(0), ...taken(1), ...tooFew(2)),
    contradicted: [
      trace(...tooFew(0), ...taken(1), ...tooFew(2), delivered('audit', 2, P0)),
      trace(by('acks-1', published(0)), unsent('acks-1', 0, 'NotEnoughReplicasException: rejected')),
    ],
    // Of one that was given up nobody knows.
    allowed: [
      trace(...tooFew(0), by('acks-all', published(1)), unsent('acks-all', 1), delivered('audit', 1, P0)),
    ],
  },
  'kafka.min-isr-taken-unreadable': {
    shown: trace(...tooFew(0), ...taken(1), ...tooFew(2), delivered('audit', 1, P0)),
    contradicted: [trace(...tooFew(0), ...taken(1), delivered('audit', 1, P0), ...tooFew(2))],
    // Nothing says that the leader was still short of replicas.
    allowed: [trace(...tooFew(0), ...taken(1), delivered('audit', 1, P0))],
  },
};

const ranges: Record<string, Case> = {
  'kafka.log-begins-later': {
    shown: trace(positioned('new', P0, 5, 'new', 'reset'), delivered('new', 5, P0, 5, 'new')),
    contradicted: [
      trace(positioned('new', P0, 5, 'new', 'reset'), delivered('other', 4, P0, 4, 'other')),
      trace(positioned('new', P0, 5, 'new', 'reset'), positioned('earliest', P0, 3, 'earliest', 'reset')),
    ],
    // Who begins at the end says nothing of the beginning.
    allowed: [trace(positioned('x', P0, 5, 'latest', 'reset'), delivered('new', 1, P0, 1, 'new'))],
  },
  'kafka.out-of-range-raises': {
    shown: trace(
      failed('strict', 'OffsetOutOfRangeException', 'Fetch position …'),
      stopped('strict', 'closed'),
    ),
    contradicted: [
      trace(failed('strict', 'OffsetOutOfRangeException', ''), delivered('strict', 5, P0, 5, 'strict')),
    ],
    allowed: [
      trace(
        failed('strict', 'OffsetOutOfRangeException', ''),
        started('strict'),
        delivered('strict', 5, P0, 5, 'strict'),
      ),
    ],
  },
};

/** Partitions of orders by number. */
const orders = (...numbers: number[]): string[] => numbers.map((number) => `orders-${number}`);
const rest = (event: EventBody) => at(60, event);

const assignors: Record<string, Case> = {
  'kafka.uniform-within-one': {
    shown: trace(
      at(1, assigned('c0', orders(0, 1, 2), 1, 'uniform')),
      at(4, revoked('c0', orders(2), 'uniform')),
      at(5, assigned('c1', orders(2), 2, 'uniform')),
      rest(started('somebody')),
    ),
    contradicted: [
      trace(
        at(1, assigned('c0', orders(0, 1, 2), 1, 'uniform')),
        at(1, assigned('c1', orders(3), 1, 'uniform')),
        rest(started('somebody')),
      ),
    ],
    allowed: [
      // Something has nobody; it is still on its way; they read different topics; in another group.
      trace(
        at(1, assigned('c0', orders(0, 1, 2, 4), 1, 'uniform')),
        at(1, assigned('c1', orders(3), 1, 'uniform')),
        at(2, revoked('c0', orders(4), 'uniform')),
        rest(started('somebody')),
      ),
      trace(
        at(1, assigned('c0', orders(0, 1, 2), 1, 'uniform')),
        at(1, assigned('c1', orders(3), 1, 'uniform')),
        at(2, started('somebody')),
      ),
      trace(
        at(1, assigned('c0', orders(0, 1, 2), 1, 'uniform')),
        at(1, assigned('c1', ['invoices-0'], 1, 'uniform')),
        rest(started('somebody')),
      ),
      trace(
        at(1, assigned('c0', orders(0, 1, 2), 1)),
        at(1, assigned('c1', orders(3), 1)),
        rest(started('somebody')),
      ),
    ],
  },
  'kafka.server-range-blocks': {
    shown: trace(
      at(1, assigned('c1', orders(2), 1, 'range')),
      at(1, assigned('c0', orders(0, 1), 1, 'range')),
      rest(started('somebody')),
    ),
    contradicted: [
      [orders(0, 2), orders(1, 3)],
      [orders(2, 3), orders(0, 1)],
      [orders(0), orders(1, 2)],
      [orders(0, 1, 2), orders(3)],
    ].map(([first, second]) =>
      trace(
        at(1, assigned('c0', first!, 1, 'range')),
        at(1, assigned('c1', second!, 1, 'range')),
        rest(started('somebody')),
      ),
    ),
    // A member that is away keeps its block.
    allowed: [
      trace(
        at(1, assigned('c0', orders(0), 1, 'range')),
        at(1, assigned('c1', orders(1), 1, 'range')),
        at(1, assigned('c2', orders(2), 1, 'range')),
        at(2, stopped('c1')),
        rest(started('somebody')),
      ),
    ],
  },
};

describe('without a key', () => itJudges(keylessClaims, keyless));
describe('static members', () => itJudges(staticMemberClaims, members));
describe('too few replicas', () => itJudges(minIsrClaims, replicas));
describe('a log whose beginning has gone', () => itJudges(outOfRangeClaims, ranges));
describe('the broker’s assignors', () => itJudges(serverAssignorClaims, assignors));
