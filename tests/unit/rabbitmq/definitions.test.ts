// Declaring, declaring again, deleting: what the server says, in its words as 3.10.8 was seen to say them.
import { describe, expect, it } from 'vitest';
import { VERSIONS } from '../../../src/brokers/rabbitmq/config.ts';
import { Definitions } from '../../../src/brokers/rabbitmq/definitions.ts';
import { binding, declared, exchange, policy, queue, refusal } from './declarations.ts';

const LOCKED =
  "405 cannot obtain exclusive access to locked queue 'mine' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.";

describe('R-3, R-6: exchanges', () => {
  it('has those that nobody declared, the default one among them', () => {
    const rows = new Definitions('3.10').exchanges();
    expect(rows.map(({ name, type, internal }) => [name, type, internal])).toEqual([
      ['', 'direct', false],
      ['amq.direct', 'direct', false],
      ['amq.topic', 'topic', false],
      ['amq.match', 'headers', false],
      ['amq.headers', 'headers', false],
      ['amq.fanout', 'fanout', false],
      ['amq.rabbitmq.trace', 'topic', true],
    ]);
    expect(rows.every(({ durable, policy: applied }) => durable && applied === null)).toBe(true);
  });

  it('takes the same declaration again, and no other', () => {
    const definitions = new Definitions('4.3');
    expect(definitions.declareExchange(exchange('x', 'topic'))).toBe(true);
    expect(definitions.declareExchange(exchange('x', 'topic'))).toBe(false);
    const again = (rest: object) =>
      refusal(() => definitions.declareExchange({ ...exchange('x', 'topic'), ...rest }));
    const differs = "406 inequivalent arg '%s' for exchange 'x' in vhost '/': received %s but current is %s";
    const text = (...parts: string[]) => parts.reduce((whole, part) => whole.replace('%s', part), differs);
    expect(again({ type: 'direct' })).toBe(text('type', "'direct'", "'topic'"));
    expect(again({ durable: false })).toBe(text('durable', "'false'", "'true'"));
    expect(again({ autoDelete: true })).toBe(text('auto_delete', "'true'", "'false'"));
    expect(again({ internal: true })).toBe(text('internal', "'true'", "'false'"));
    expect(again({ arguments: { 'alternate-exchange': 'y' } })).toBe(
      text('alternate-exchange', "the value 'y' of type 'longstr'", 'none'),
    );
    expect(again({ arguments: { anything: 'else' } })).toBeNull();
  });

  it('keeps the names that are its own', () => {
    const definitions = new Definitions('3.10');
    expect(refusal(() => definitions.declareExchange(exchange('amq.mine')))).toBe(
      "403 exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    );
    expect(definitions.declareExchange(exchange('amq.direct'))).toBe(false);
    expect(refusal(() => definitions.deleteExchange('amq.direct'))).toBe(
      "403 deletion of system exchange 'amq.direct' in vhost '/' not allowed",
    );
    const forbidden = '403 operation not permitted on the default exchange';
    expect(refusal(() => definitions.declareExchange(exchange('')))).toBe(forbidden);
    expect(refusal(() => definitions.deleteExchange(''))).toBe(forbidden);
    expect(refusal(() => definitions.passiveExchange(''))).toBe(forbidden);
    expect(refusal(() => definitions.bind(binding('', 'q', 'k'), 'a'))).toBe(forbidden);
    expect(refusal(() => definitions.unbind(binding('x', '', '', {}, 'exchange'), 'a'))).toBe(forbidden);
  });

  it('J-13: closes the connection for a type that there is not, and since 4.0 the channel only', () => {
    const unknown = { ...exchange('x'), type: 'zzz' };
    expect(refusal(() => new Definitions('3.10').declareExchange(unknown))).toBe(
      "503 unknown exchange type 'zzz'",
    );
    expect(refusal(() => new Definitions('4.2').declareExchange(unknown))).toBe(
      "406 unknown exchange type 'zzz'",
    );
  });

  it('asks for what is there, and deletes what is not', () => {
    const definitions = declared([exchange('x')], [binding('x', 'q', 'k')]);
    expect(refusal(() => definitions.passiveExchange('y'))).toBe("404 no exchange 'y' in vhost '/'");
    expect(refusal(() => definitions.passiveExchange('x'))).toBeNull();
    expect(refusal(() => definitions.deleteExchange('x', true))).toBe("406 exchange 'x' in vhost '/' in use");
    expect(definitions.deleteExchange('y')).toEqual({ exchanges: [], queues: [], bindings: [] });
    expect(definitions.deleteExchange('x')).toEqual({
      exchanges: ['x'],
      queues: [],
      bindings: [binding('x', 'q', 'k')],
    });
  });

  it.each([
    [
      { 'alternate-exchange': 5 },
      "406 invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '/'",
    ],
    [
      { 'hash-header': 'h', 'hash-property': 'message_id' },
      '406 hash-header and hash-property are mutually exclusive',
    ],
    [{ 'hash-property': 'app_id' }, '406 Unsupported property: app_id'],
    [{ 'hash-property': 'timestamp' }, null],
  ])('R-21, R-25: arguments %j', (given, says) => {
    const hash = exchange('x', 'x-consistent-hash', { arguments: given });
    expect(refusal(() => new Definitions('4.3').declareExchange(hash))).toBe(says);
  });
});

describe('R-6, R-7: queues', () => {
  it('takes the same declaration again, and no other', () => {
    const definitions = new Definitions('3.10');
    expect(definitions.declareQueue(queue('q', { 'x-max-length': 5 }), 'a')).toEqual({
      name: 'q',
      isNew: true,
    });
    expect(definitions.declareQueue(queue('q', { 'x-max-length': 5, 'x-foo': 1 }), 'b')).toMatchObject({
      isNew: false,
    });
    const again = (given: object, rest: object = {}) =>
      refusal(() => definitions.declareQueue(queue('q', given as Record<string, string>, rest), 'a'));
    const differs = "406 inequivalent arg '%s' for queue 'q' in vhost '/': received %s but current is %s";
    const text = (...parts: string[]) => parts.reduce((whole, part) => whole.replace('%s', part), differs);
    expect(again({ 'x-max-length': 6 })).toBe(text('x-max-length', "'6'", "'5'"));
    expect(again({ 'x-max-length': '5' })).toBe(text('x-max-length', "'5'", "'5'"));
    expect(again({})).toBe(text('x-max-length', 'none', "the value '5' of type 'signedint'"));
    expect(again({ 'x-max-length': 5, 'x-message-ttl': 9 })).toBe(
      text('x-message-ttl', "the value '9' of type 'signedint'", 'none'),
    );
    expect(again({ 'x-max-length': 5 }, { durable: false })).toBe(text('durable', "'false'", "'true'"));
    expect(again({ 'x-max-length': 5 }, { autoDelete: true })).toBe(text('auto_delete', "'true'", "'false'"));
    expect(again({ 'x-max-length': 5, 'x-queue-type': 'classic' })).toBeNull();
  });

  it('R-6: in 4.3 a stream’s age is the same by other units', () => {
    const stream = (age: string) => queue('s', { 'x-queue-type': 'stream', 'x-max-age': age });
    const text = (received: string, current: string) =>
      `406 inequivalent arg 'x-max-age' for queue 's' in vhost '/': received ${received} but current is ${current}`;
    for (const version of VERSIONS) {
      const definitions = new Definitions(version);
      definitions.declareQueue(stream('1D'), 'a');
      const again = (age: string) => refusal(() => definitions.declareQueue(stream(age), 'a'));
      expect(again('24h')).toBe(version === '4.3' ? null : text("'24h'", "'1D'"));
      expect(again('2D')).toBe(version === '4.3' ? text("'172800000'", "'86400000'") : text("'2D'", "'1D'"));
    }
  });

  it('since 4.0 a queue says its type, so a redeclaration may leave it out only if it is classic', () => {
    for (const version of VERSIONS) {
      const definitions = new Definitions(version);
      definitions.declareQueue(queue('c'), 'a');
      definitions.declareQueue(queue('qq', { 'x-queue-type': 'quorum' }), 'a');
      expect(
        refusal(() => definitions.declareQueue(queue('c', { 'x-queue-type': 'classic' }), 'a')),
      ).toBeNull();
      expect(definitions.queue('c')!.arguments).toEqual(
        version === '3.10' ? {} : { 'x-queue-type': 'classic' },
      );
      const received = version === '3.10' ? 'none' : "'classic'";
      const current = version === '3.10' ? "the value 'quorum' of type 'longstr'" : "'quorum'";
      expect(refusal(() => definitions.declareQueue(queue('qq'), 'a'))).toBe(
        `406 inequivalent arg 'x-queue-type' for queue 'qq' in vhost '/': received ${received} but current is ${current}`,
      );
    }
  });

  it('an exclusive queue is its connection’s, and goes with it', () => {
    const definitions = declared([exchange('x')], []);
    const mine = queue('mine', {}, { exclusive: true });
    definitions.declareQueue(mine, 'a');
    definitions.bind(binding('x', 'mine', 'k'), 'a');
    expect(definitions.queue('mine')).toMatchObject({ owner: 'a', durable: false });
    expect(definitions.declareQueue(mine, 'a').isNew).toBe(false);
    expect(refusal(() => definitions.declareQueue(mine, 'b'))).toBe(LOCKED);
    expect(refusal(() => definitions.declareQueue({ ...mine, exclusive: false }, 'a'))).toBe(LOCKED);
    for (const use of [
      () => definitions.queueFor('mine', 'b'),
      () => definitions.deleteQueue('mine', 'b'),
      () => definitions.bind(binding('x', 'mine', 'other'), 'b'),
      () => definitions.unbind(binding('x', 'mine', 'k'), 'b'),
    ])
      expect(refusal(use)).toBe(LOCKED);
    expect(refusal(() => definitions.unbind(binding('x', 'mine', 'not bound'), 'b'))).toBeNull();
    expect(definitions.queueFor('mine', null).name).toBe('mine');
    expect(definitions.connectionClosed('b').queues).toEqual([]);
    expect(definitions.connectionClosed('a')).toEqual({
      exchanges: [],
      queues: ['mine'],
      bindings: [binding('x', 'mine', 'k')],
    });
    expect(refusal(() => definitions.queueFor('mine', 'a'))).toBe("404 no queue 'mine' in vhost '/'");
  });

  it('a name of none asks for the server’s', () => {
    const definitions = new Definitions('4.3');
    const names = [1, 2].map(() => definitions.declareQueue(queue('', {}, { exclusive: true }), 'a').name);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/);
    const other = new Definitions('4.3');
    expect(other.declareQueue(queue('', {}, { exclusive: true }), 'a').name).toBe(names[0]);
    expect(refusal(() => definitions.declareQueue(queue(names[0]!, {}, { exclusive: true }), 'a'))).toBe(
      `403 queue name '${names[0]!}' contains reserved prefix 'amq.*'`,
    );
    expect(refusal(() => definitions.declareQueue(queue('', { 'x-queue-type': 'quorum' }), 'a'))).toBe(
      '406 Cannot declare a server-named queue for type rabbit_quorum_queue',
    );
  });

  it('an auto-delete queue goes with its last consumer', () => {
    const definitions = new Definitions('4.3');
    definitions.declareQueue(queue('auto', {}, { autoDelete: true }), 'a');
    definitions.declareQueue(queue('stays'), 'a');
    expect(definitions.lastConsumerGone('stays').queues).toEqual([]);
    expect(definitions.lastConsumerGone('auto').queues).toEqual(['auto']);
  });

  it('R-6, J-13: is deleted on a condition, and if it is not there', () => {
    const definitions = new Definitions('4.3');
    definitions.declareQueue(queue('ne'), 'a');
    definitions.declareQueue(queue('qq', { 'x-queue-type': 'quorum' }), 'a');
    const use = { ifUnused: false, ifEmpty: false, consumers: 1, messages: 1 };
    expect(refusal(() => definitions.deleteQueue('ne', 'a', { ...use, ifEmpty: true }))).toBe(
      "406 queue 'ne' in vhost '/' not empty",
    );
    expect(refusal(() => definitions.deleteQueue('ne', 'a', { ...use, ifUnused: true }))).toBe(
      "406 queue 'ne' in vhost '/' in use",
    );
    expect(refusal(() => definitions.deleteQueue('qq', 'a', { ...use, ifUnused: true }))).toBe(
      "540 cannot delete queue 'qq' in vhost '/'. queue.delete operations with if-unused flag set are not supported by quorum queues",
    );
    const idle = { ...use, ifEmpty: true, ifUnused: true, consumers: 0, messages: 0 };
    expect(definitions.deleteQueue('ne', 'a', idle).queues).toEqual(['ne']);
    expect(definitions.deleteQueue('ne', 'a', use).queues).toEqual([]);
  });

  it('R-8: 4.3 refuses a transient queue for all', () => {
    const transient = queue('t', {}, { durable: false });
    expect(refusal(() => new Definitions('4.3').declareQueue(transient, 'a'))).toMatch(
      /^541 Feature `transient_nonexcl_queues` is deprecated\.\nBy default, this feature is not permitted anymore\./,
    );
    expect(refusal(() => new Definitions('4.2').declareQueue(transient, 'a'))).toBeNull();
    expect(
      refusal(() => new Definitions('4.3').declareQueue({ ...transient, exclusive: true }, 'a')),
    ).toBeNull();
  });
});

describe('R-1, R-6, R-7: bindings', () => {
  it('are apart by key and arguments, and the same one again is nothing', () => {
    const definitions = declared([exchange('x', 'headers')], [binding('x', 'q', 'k')]);
    expect(definitions.bind(binding('x', 'q', 'k'), 'a')).toBe(false);
    expect(definitions.bind(binding('x', 'q', 'k', { a: 1, b: 2 }), 'a')).toBe(true);
    expect(definitions.bind(binding('x', 'q', 'k', { b: 2, a: 1 }), 'a')).toBe(false);
    expect(definitions.bindings().filter(({ source }) => source === 'x')).toHaveLength(2);
    expect(definitions.unbind(binding('x', 'q', 'k'), 'a').bindings).toHaveLength(1);
    expect(definitions.unbind(binding('x', 'q', 'k'), 'a').bindings).toHaveLength(0);
    expect(definitions.unbind(binding('none', 'none', 'k'), 'a').bindings).toHaveLength(0);
  });

  it('need both ends, the source first', () => {
    const definitions = declared([exchange('x')], []);
    expect(refusal(() => definitions.bind(binding('y', 'q'), 'a'))).toBe("404 no exchange 'y' in vhost '/'");
    expect(refusal(() => definitions.bind(binding('x', 'q'), 'a'))).toBe("404 no queue 'q' in vhost '/'");
    expect(refusal(() => definitions.bind(binding('x', 'y', '', {}, 'exchange'), 'a'))).toBe(
      "404 no exchange 'y' in vhost '/'",
    );
  });

  it('take an auto-delete exchange with the last of them, and so on up', () => {
    const auto = { autoDelete: true };
    const definitions = declared(
      [exchange('a', 'fanout', auto), exchange('b', 'fanout', auto), exchange('unbound', 'fanout', auto)],
      [binding('a', 'b', '', {}, 'exchange'), binding('b', 'q'), binding('b', 'r')],
    );
    expect(definitions.deleteQueue('q', 'test').exchanges).toEqual([]);
    expect(definitions.deleteQueue('r', 'test')).toEqual({
      exchanges: ['b', 'a'],
      queues: ['r'],
      bindings: [binding('b', 'r'), binding('a', 'b', '', {}, 'exchange')],
    });
    expect(definitions.exchange('unbound')).toBeDefined();
  });

  it('R-17: 4.3 takes at most two # in a binding key', () => {
    const bind = (version: '4.2' | '4.3', key: string) =>
      refusal(() => declared([exchange('t', 'topic')], [binding('t', 'q', key)], version));
    expect(bind('4.3', '#.a.#')).toBeNull();
    expect(bind('4.3', '#.a#.#')).toBeNull();
    expect(bind('4.3', '#.a.#.b.#')).toBe(
      "406 Topic binding key '#.a.#.b.#' uses 3 '#' wildcards, at most 2 are allowed",
    );
    expect(bind('4.2', '#.a.#.b.#')).toBeNull();
  });

  it.each([
    ['foo', '406 Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x'],
    [1, '406 Invalid x-match field type signedint (value 1); expected longstr'],
    [null, '406 Invalid x-match field type void (value undefined); expected longstr'],
    [true, '406 Invalid x-match field type bool (value true); expected longstr'],
    ['any-with-x', null],
  ])('R-18: x-match %j', (mode, says) => {
    const bind = () => declared([exchange('h', 'headers')], [binding('h', 'q', '', { 'x-match': mode })]);
    expect(refusal(bind)).toBe(says);
  });

  it.each([
    ['abc', '406 The binding key must be an integer: <<"abc">>'],
    ['', '406 The binding key must be an integer: <<>>'],
    ['1.5', '406 The binding key must be an integer: <<"1.5">>'],
    ['0', '406 The binding key must be greater than 0'],
    ['10001', '406 The binding key must not exceed 10000'],
    ['10000', null],
  ])('R-21: weight %j', (key, says) => {
    expect(refusal(() => declared([exchange('c', 'x-consistent-hash')], [binding('c', 'q', key)]))).toBe(
      says,
    );
  });
});

describe('R-7: what a stop leaves', () => {
  function running(version: '3.10' | '4.3'): Definitions {
    const definitions = declared(
      [exchange('x'), exchange('gone', 'direct', { durable: false })],
      [binding('x', 'q', 'k'), binding('gone', 'q', 'k')],
      version,
    );
    definitions.declareQueue(queue('mine', {}, { exclusive: true, node: 2 }), 'a');
    definitions.bind(binding('x', 'mine', 'k'), 'a');
    return definitions;
  }

  it('one node: its transient queues go, exchanges stay', () => {
    const definitions = running('3.10');
    expect(definitions.nodeStopped(1).queues).toEqual([]);
    expect(definitions.nodeStopped(2)).toMatchObject({ queues: ['mine'], exchanges: [] });
  });

  it('all nodes: transient exchanges go too, but in 4.3 they are kept', () => {
    expect(running('3.10').allStopped()).toEqual({
      queues: ['mine'],
      exchanges: ['gone'],
      bindings: [binding('x', 'mine', 'k'), binding('gone', 'q', 'k')],
    });
    expect(running('4.3').allStopped()).toMatchObject({ queues: ['mine'], exchanges: [] });
  });

  it('R-21: a ring is made again by key and name, except in 4.3', () => {
    const order = (version: '3.10' | '4.3') => {
      const bindings = [binding('c', 'b', '2'), binding('c', 'a', '2'), binding('c', 'z', '1')];
      const definitions = declared([exchange('c', 'x-consistent-hash')], bindings, version);
      definitions.allStopped();
      return definitions
        .routing('c')!
        .ring.map((part) => part.binding.destination)
        .join('');
    };
    expect(order('3.10')).toBe('zab');
    expect(order('4.3')).toBe('baz');
  });
});

it('R-11: says which policy applies to what', () => {
  const definitions = declared([exchange('x')], [binding('x', 'q1', 'k')]);
  definitions.setPolicy(policy('low', { 'max-length': 10 }, { pattern: '^q' }));
  definitions.setPolicy(policy('high', { 'message-ttl': 9 }, { pattern: '^q1$', priority: 1 }));
  definitions.setPolicy(policy('op', { 'max-length': 3 }, { pattern: '^q', operator: true }));
  expect(definitions.queues()[0]).toMatchObject({
    policy: 'high',
    operatorPolicy: 'op',
    effectivePolicyDefinition: { 'message-ttl': 9, 'max-length': 3 },
    exclusive: false,
  });
  expect(definitions.exchanges().find(({ name }) => name === 'x')!.policy).toBeNull();
  expect(definitions.policies().map(({ name }) => name)).toEqual(['low', 'high']);
  expect(definitions.policies(true).map(({ name }) => name)).toEqual(['op']);
  expect(definitions.clearPolicy('high', false)).toBe(true);
  expect(definitions.queues()[0]!.policy).toBe('low');
  expect(definitions.clearPolicy('high', false)).toBe(false);
});
