// Claims about nodes that die, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { quorumClaims } from '../../../src/claims/rabbitmq/quorum.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { failed, itJudges, stopped, trace, type Case } from './hand.ts';
import { again, confirmed, consumes, created, delivered, processed, settled } from './rabbitmq-hand.ts';

const NODES = ['rabbit-1', 'rabbit-2', 'rabbit-3'];
const quorum = created('q', { type: 'quorum', replicas: [NODES] });
const classic = created('q', { replicas: [['rabbit-1']] });
const stream = created('q', { type: 'stream', holds: 'log' });
const published = (message: number, more: { transient?: boolean } = {}): EventBody => ({
  kind: 'published',
  client: 'p',
  message,
  key: 'A',
  to: '',
  routingKey: 'q',
  bytes: 100,
  ...more,
});
const appended = (message: number, node = 'rabbit-1'): EventBody => ({
  kind: 'appended',
  node,
  place: 'q',
  position: message,
  message,
  key: 'A',
  epoch: 1,
});
const copied = (position: number, node = 'rabbit-2'): EventBody => ({
  kind: 'replicated',
  node,
  place: 'q',
  position,
});
const crash = (node = 'rabbit-1'): EventBody => ({ kind: 'node-crashed', node });
const restart = (node = 'rabbit-1'): EventBody => ({ kind: 'node-restarted', node });
const leads = (node: string | null): EventBody => ({
  kind: 'leader-elected',
  place: 'q',
  node,
  epoch: 2,
  clean: true,
  why: 'a majority voted for it',
});
const gone = (message: number): EventBody => ({
  kind: 'dropped',
  node: 'rabbit-1',
  place: 'q',
  position: message,
  message,
  reason: 'node-crashed',
});
const acquired = (message: number): EventBody => ({
  kind: 'acquired',
  node: 'rabbit-1',
  group: 'q',
  client: 'c',
  place: 'q',
  position: message,
  message,
  deliveryCount: 1,
  until: null,
});
/** On two of three nodes, and confirmed. */
const safe = [quorum, published(0), appended(0), copied(0), confirmed(0)];
const held = [quorum, consumes('c0'), delivered('c0', 0), delivered('c0', 1), stopped('c0')];

const cases: Record<string, Case> = {
  'rabbitmq.quorum-confirms-by-majority': {
    shown: trace(...safe),
    contradicted: [trace(quorum, published(0), appended(0), confirmed(0))],
    allowed: [trace(classic, published(0), appended(0), confirmed(0))],
  },
  'rabbitmq.quorum-elects': {
    shown: trace(...safe, crash(), leads(null), leads('rabbit-2')),
    contradicted: [trace(...safe, crash(), leads(null), leads('rabbit-3'))],
    // What was not confirmed nobody needs to have.
    allowed: [trace(quorum, published(0), appended(0), crash(), leads(null), leads('rabbit-3'))],
  },
  'rabbitmq.quorum-loses-nothing-confirmed': {
    shown: trace(...safe, crash(), processed('c', 0)),
    contradicted: [trace(...safe, crash(), published(1), processed('c', 1))],
    allowed: [trace(...safe, processed('c', 0), crash(), published(1), processed('c', 1))],
  },
  'rabbitmq.quorum-redelivers': {
    shown: trace(...held, again('c1', 0), again('c1', 1)),
    contradicted: [trace(...held, delivered('c1', 0)), trace(...held, again('c1', 0), delivered('c1', 2))],
    allowed: [trace(classic, ...held.slice(1), delivered('c1', 2))],
  },
  'rabbitmq.quorum-minority-stands': {
    shown: trace(
      quorum,
      crash('rabbit-2'),
      crash('rabbit-3'),
      published(0),
      restart('rabbit-2'),
      confirmed(0),
    ),
    contradicted: [
      trace(quorum, crash('rabbit-2'), crash('rabbit-3'), published(0), confirmed(0)),
      trace(quorum, crash('rabbit-2'), crash('rabbit-3'), acquired(0)),
    ],
    // One of three is missing: a majority is there. Or it was on the wire.
    allowed: [
      trace(quorum, crash('rabbit-3'), published(0), confirmed(0)),
      trace(
        quorum,
        published(0),
        { ...crash('rabbit-2'), at: 5_000_000 },
        { ...crash('rabbit-3'), at: 5_000_000 },
        { ...confirmed(0), at: 5_020_000 },
      ),
    ],
  },
  'rabbitmq.classic-waits-for-node': {
    shown: trace(
      classic,
      crash(),
      failed(
        'c',
        '404 NOT_FOUND',
        "home node 'rabbit-1' of durable queue 'q' in vhost '/' is down or inaccessible",
      ),
      restart(),
    ),
    contradicted: [trace(classic, crash(), published(0), confirmed(0)), trace(classic, crash(), acquired(0))],
    allowed: [trace(quorum, crash(), published(0), confirmed(0))],
  },
  'rabbitmq.persistent-survives-restart': {
    shown: trace(
      classic,
      published(0),
      published(1, { transient: true }),
      appended(0),
      appended(1),
      crash(),
      restart(),
      gone(1),
      delivered('c', 0),
    ),
    contradicted: [
      trace(classic, published(0), appended(0), crash(), restart(), gone(0)),
      trace(classic, published(0, { transient: true }), appended(0), crash(), restart(), delivered('c', 0)),
    ],
    allowed: [
      trace(
        classic,
        published(0, { transient: true }),
        appended(0),
        delivered('c', 0),
        crash(),
        restart(),
        gone(0),
      ),
    ],
  },
  'rabbitmq.stream-keeps-what-is-acked': {
    shown: trace(stream, delivered('c0', 0), settled('c0', 0), delivered('c1', 0)),
    contradicted: [trace(stream, delivered('c0', 0), settled('c0', 0), delivered('c1', 1))],
    allowed: [trace(classic, delivered('c0', 0), settled('c0', 0), delivered('c1', 1))],
  },
};

describe('claims about nodes', () => {
  itJudges(quorumClaims, cases);
});
