// Routes over exchanges and their bindings: J-14, the default exchange, and answers that are remembered.
import { describe, expect, it } from 'vitest';
import { Definitions } from '../../../src/brokers/rabbitmq/definitions.ts';
import { senderSelected } from '../../../src/brokers/rabbitmq/definitions/publish.ts';
import { Router } from '../../../src/brokers/rabbitmq/routing/router.ts';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import { binding, declared, exchange, message, policy, queue, queuesOf, refusal } from './declarations.ts';

describe('R-2: the default exchange', () => {
  it('leads to the queue that the key names, and knows no binding', () => {
    const definitions = declared([], []);
    for (const name of ['dc3', 'dc1', 'dc2']) definitions.declareQueue(queue(name), 'test');
    const router = new Router(definitions);
    expect(queuesOf(router, '', message('dc1'))).toEqual(['dc1']);
    expect(queuesOf(router, '', message('none'))).toEqual([]);
    expect(definitions.bindings()).toEqual(['dc3', 'dc1', 'dc2'].map((name) => binding('', name, name)));
  });

  it('R-26, J-14: CC and BCC name further queues', () => {
    const definitions = declared([], []);
    for (const name of ['dc3', 'dc1', 'dc2']) definitions.declareQueue(queue(name), 'test');
    const selected = senderSelected({ CC: ['dc2'], BCC: ['dc3', 'dc1', 5] });
    expect(queuesOf(new Router(definitions), '', message('dc1', selected))).toEqual(['dc1', 'dc2', 'dc3']);
  });
});

describe('R-12 to R-16: one exchange', () => {
  it('R-12: direct goes by the whole key', () => {
    const router = new Router(
      declared([exchange('x')], [binding('x', 'q', 'a.b'), binding('x', 'r', 'A.b')]),
    );
    expect(queuesOf(router, 'x', message('a.b'))).toEqual(['q']);
    expect(queuesOf(router, 'x', message('a.*'))).toEqual([]);
  });

  it('R-13: fanout goes by nothing', () => {
    const router = new Router(
      declared([exchange('x', 'fanout')], [binding('x', 'q', 'a'), binding('x', 'p')]),
    );
    expect(queuesOf(router, 'x', message('zz'))).toEqual(['p', 'q']);
  });

  it('gives a queue one copy, and names every binding that led to it', () => {
    const bindings = [binding('x', 'q', 'a.#'), binding('x', 'q', '#'), binding('x', 'q', 'b')];
    const { targets } = new Router(declared([exchange('x', 'topic')], bindings)).route('x', message('a.b'));
    expect(targets).toHaveLength(1);
    expect(targets[0]!.by.map(({ routingKey }) => routingKey).sort()).toEqual(['#', 'a.#']);
  });

  it('R-21: consistent hash chooses one, by the routing key, a header or a property', () => {
    const bind = (name: string) => [
      binding(name, 'q0', '1'),
      binding(name, 'q1', '1'),
      binding(name, 'q2', '1'),
    ];
    const hash = (name: string, given = {}) => exchange(name, 'x-consistent-hash', { arguments: given });
    const router = new Router(
      declared(
        [hash('k'), hash('h', { 'hash-header': 'id' }), hash('p', { 'hash-property': 'message_id' })],
        [...bind('k'), ...bind('h'), ...bind('p')],
      ),
    );
    // J-4: of three buckets, 6 falls into the first, tenant-a into the second, 2 into the third.
    for (const [key, name] of [
      ['6', 'q0'],
      ['tenant-a', 'q1'],
      ['2', 'q2'],
    ] as const) {
      expect(queuesOf(router, 'k', message(key))).toEqual([name]);
      expect(queuesOf(router, 'k', message(key, { cc: ['2', '6'] }))).toEqual([name]);
      expect(queuesOf(router, 'h', message('any', { headers: { id: key } }))).toEqual([name]);
      expect(queuesOf(router, 'p', message('any', { properties: { message_id: key } }))).toEqual([name]);
    }
    const without = queuesOf(router, 'h', message('6'));
    expect(without).toHaveLength(1);
    expect(queuesOf(router, 'h', message('2'))).toEqual(without);
  });
});

describe('R-24, R-25, J-14: exchanges that lead to exchanges', () => {
  const withAlternate = exchange('aeM', 'direct', { arguments: { 'alternate-exchange': 'aeX' } });

  it('asks the alternate only where nothing matched', () => {
    const definitions = declared(
      [withAlternate, exchange('aeX', 'fanout')],
      [binding('aeM', 'main', 'k'), binding('aeX', 'rest')],
    );
    const router = new Router(definitions);
    expect(router.route('aeM', message('k'))).toMatchObject({
      alternate: false,
      targets: [{ queue: 'main' }],
    });
    const { alternate, targets, visits } = router.route('aeM', message('zz'));
    expect({ alternate, queues: targets.map((target) => target.queue) }).toEqual({
      alternate: true,
      queues: ['rest'],
    });
    expect(visits.map((visit) => visit.by)).toEqual([null, { kind: 'alternate', of: 'aeM' }]);
    expect(targets[0]!.why).toBe('aeM: no match, so its alternate, then aeX: binding ""');
  });

  it('does not ask it where an exchange matched that leads nowhere', () => {
    const router = new Router(
      declared(
        [withAlternate, exchange('aeX', 'fanout'), exchange('dead-end')],
        [binding('aeM', 'dead-end', 'q', {}, 'exchange'), binding('aeX', 'rest')],
      ),
    );
    expect(router.route('aeM', message('q'))).toMatchObject({ alternate: false, targets: [] });
  });

  it('goes by alternates of alternates, and stops at a ring of them or at one that is missing', () => {
    const to = (name: string) => ({ arguments: { 'alternate-exchange': name } });
    const router = new Router(
      declared(
        [
          exchange('a', 'direct', to('b')),
          exchange('b', 'direct', to('a')),
          exchange('c', 'direct', to('none')),
        ],
        [binding('b', 'q', 'k')],
      ),
    );
    expect(queuesOf(router, 'a', message('k'))).toEqual(['q']);
    expect(queuesOf(router, 'a', message('zz'))).toEqual([]);
    expect(queuesOf(router, 'c', message('zz'))).toEqual([]);
  });

  it('R-11: takes an alternate by policy, and the argument before it', () => {
    const definitions = declared(
      [exchange('x'), exchange('aeX', 'fanout'), exchange('aeY', 'fanout'), withAlternate],
      [binding('aeX', 'rest'), binding('aeY', 'other')],
    );
    definitions.setPolicy(policy('p', { 'alternate-exchange': 'aeY' }, { pattern: '^(x|aeM)$' }));
    const router = new Router(definitions);
    expect(queuesOf(router, 'x', message('k'))).toEqual(['other']);
    expect(queuesOf(router, 'aeM', message('k'))).toEqual(['rest']);
  });

  it('gives one copy round a ring of exchanges', () => {
    const router = new Router(
      declared(
        [exchange('e1', 'fanout'), exchange('e2', 'fanout')],
        [
          binding('e1', 'e2', '', {}, 'exchange'),
          binding('e2', 'e1', '', {}, 'exchange'),
          binding('e1', 'q'),
          binding('e2', 'q', 'x'),
          binding('e2', 'q', 'y'),
        ],
      ),
    );
    const { targets, visits } = router.route('e1', message(''));
    expect(targets.map((target) => [target.queue, target.by.length])).toEqual([['q', 3]]);
    expect(visits.map((visit) => visit.exchange)).toEqual(['e1', 'e2']);
  });

  it('keeps the key and the headers all the way', () => {
    const router = new Router(
      declared(
        [exchange('in', 'topic'), exchange('mid', 'headers'), exchange('out', 'direct')],
        [
          binding('in', 'mid', 'a.#', {}, 'exchange'),
          binding('mid', 'out', '', { h: 1 }, 'exchange'),
          binding('out', 'q', 'a.b'),
        ],
      ),
    );
    expect(queuesOf(router, 'in', message('a.b', { headers: { h: 1 } }))).toEqual(['q']);
    expect(queuesOf(router, 'in', message('a.b', { headers: { h: 2 } }))).toEqual([]);
    expect(queuesOf(router, 'in', message('a.c', { headers: { h: 1 } }))).toEqual([]);
    expect(router.route('in', message('a.b', { headers: { h: 1 } })).targets[0]!.why).toBe(
      'in: binding "a.#", then mid: binding "" h=1, then out: binding "a.b"',
    );
  });

  it('R-26, J-14: CC reaches by its own bindings, one copy where both do', () => {
    const router = new Router(declared([exchange('x')], [binding('x', 'q', 'x'), binding('x', 'q', 'y')]));
    const { targets } = router.route('x', message('x', { cc: ['y'] }));
    expect(targets.map((target) => [target.queue, target.by.length])).toEqual([['q', 2]]);
  });
});

describe('answers that are remembered', () => {
  it('are the same object for the same exchange and key, and for keys that end with the same binding', () => {
    const bindings = [binding('x', 'q', 'a.#'), binding('x', 'q', 'b.#'), binding('x', 'r', '*.c')];
    const router = new Router(declared([exchange('x', 'topic')], bindings));
    const route = (key: string) => router.route('x', message(key));
    expect(route('a.c')).toBe(route('a.c'));
    expect(route('a.1')).toBe(route('a.2'));
    expect(route('a.1')).not.toBe(route('b.1'));
    expect(route('a.c')).not.toBe(route('a.1'));
  });

  it('end with every change that matters', () => {
    const definitions = declared([exchange('x', 'topic')], [binding('x', 'q', '#')]);
    const router = new Router(definitions);
    const now = () => queuesOf(router, 'x', message('a'));
    expect(now()).toEqual(['q']);
    definitions.declareQueue(queue('r'), 'test');
    definitions.bind(binding('x', 'r', 'a'), 'test');
    expect(now()).toEqual(['q', 'r']);
    definitions.unbind(binding('x', 'q', '#'), 'test');
    expect(now()).toEqual(['r']);
    definitions.deleteQueue('r', 'test');
    expect(now()).toEqual([]);
    definitions.deleteExchange('x');
    definitions.declareExchange(exchange('x', 'fanout'));
    definitions.bind(binding('x', 'q'), 'test');
    expect(now()).toEqual(['q']);
    definitions.declareExchange(exchange('other', 'fanout'));
    definitions.unbind(binding('x', 'q'), 'test');
    definitions.bind(binding('other', 'q'), 'test');
    definitions.setPolicy(policy('p', { 'alternate-exchange': 'other' }, { 'apply-to': 'exchanges' }));
    expect(now()).toEqual(['q']);
    definitions.clearPolicy('p', false);
    expect(now()).toEqual([]);
  });

  it('are not kept where a header decides', () => {
    const router = new Router(declared([exchange('x', 'headers')], [binding('x', 'q', '', { h: 1 })]));
    expect(queuesOf(router, 'x', message('k', { headers: { h: 1 } }))).toEqual(['q']);
    expect(queuesOf(router, 'x', message('k'))).toEqual([]);
  });

  it('are those again that they were, once the run is restored', () => {
    const state = {
      definitions: declared([exchange('x')], [binding('x', 'q', 'k')]),
      router: null as Router | null,
    };
    state.router = new Router(state.definitions);
    const before = state.router.route('x', message('k'));
    const snapshot = new Snapshot(state);
    state.definitions.unbind(binding('x', 'q', 'k'), 'test');
    expect(queuesOf(state.router, 'x', message('k'))).toEqual([]);
    snapshot.restore();
    expect(state.router.route('x', message('k'))).toBe(before);
    expect(queuesOf(state.router, 'x', message('k'))).toEqual(['q']);
  });
});

it('R-26: CC and BCC must be arrays', () => {
  expect(refusal(() => senderSelected({ CC: 'dc2' }))).toBe(
    '406 invalid message: {unacceptable_type_in_header,"CC",longstr}',
  );
  expect(refusal(() => senderSelected({ CC: [], BCC: null }))).toBe(
    '406 invalid message: {unacceptable_type_in_header,"BCC",void}',
  );
  expect(senderSelected({ cc: 'lower case is another header' })).toEqual({ cc: [], bcc: [] });
});

it('leads nowhere from an exchange that is not there', () => {
  expect(queuesOf(new Router(new Definitions('4.3')), 'nope', message('k'))).toEqual([]);
});
