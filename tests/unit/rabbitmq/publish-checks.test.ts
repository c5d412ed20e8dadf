// What the server refuses of a publish before it routes (J-13), and of a system before it runs.
import { describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { rabbitmqSystem } from '../../../src/brokers/rabbitmq/config.ts';
import {
  checkPublish,
  maxMessageSize,
  type Publish,
} from '../../../src/brokers/rabbitmq/definitions/publish.ts';
import { validateSystem } from '../../../src/brokers/rabbitmq/definitions/validate-system.ts';
import { declared, exchange, refusal } from './declarations.ts';

type Content = Publish['content'];

function publish(
  content: Partial<Content> = {},
  rest: Partial<Publish> = {},
  version: '3.10' | '4.3' = '4.3',
) {
  const definitions = declared([exchange('x'), exchange('inner', 'fanout', { internal: true })], [], version);
  const whole = { bytes: 10, expiration: null, headers: {}, ...content };
  const asked = { exchange: 'x', immediate: false, content: whole, ...rest };
  return () => checkPublish(definitions, asked, 'guest', maxMessageSize(version));
}

describe('R-27, J-13', () => {
  it.each<[string, Partial<Publish>, string]>([
    ['an exchange that is not there', { exchange: 'nope' }, "404 no exchange 'nope' in vhost '/'"],
    [
      'an internal one',
      { exchange: 'inner' },
      "403 cannot publish to internal exchange 'inner' in vhost '/'",
    ],
    ['immediate', { immediate: true }, '540 immediate=true'],
  ])('%s', (_, rest, text) => {
    expect(refusal(publish({}, rest))).toBe(text);
  });

  it.each<[Partial<Content>, string]>([
    [{ expiration: 'abc' }, "406 invalid expiration 'abc': no_integer"],
    [{ expiration: '' }, "406 invalid expiration '': no_integer"],
    [{ expiration: '-1' }, "406 invalid expiration '-1': {value_negative,-1}"],
    [{ expiration: '1.5' }, `406 invalid expiration '1.5': {leftover_string,".5"}`],
    [{ expiration: '315360000001' }, "406 invalid expiration '315360000001': {value_too_large,315360000001}"],
    [{ userId: 'bob' }, "406 user_id property set to 'bob' but authenticated user was 'guest'"],
    [{ bytes: 16_777_217 }, '406 message size 16777217 is larger than configured max size 16777216'],
    [{ headers: { CC: 'k' } }, '406 invalid message: {unacceptable_type_in_header,"CC",longstr}'],
  ])('%j', (content, text) => {
    expect(refusal(publish(content))).toBe(text);
  });

  it('takes what is in order, and gives the further keys', () => {
    expect(publish({ expiration: '+5', userId: 'guest', headers: { CC: ['a'], BCC: ['b'] } })()).toEqual({
      cc: ['a'],
      bcc: ['b'],
    });
    expect(refusal(publish({ expiration: '0' }, { exchange: '' }))).toBeNull();
  });

  it('R-4: 3.10 takes eight times as much', () => {
    expect(refusal(publish({ bytes: 16_777_217 }, {}, '3.10'))).toBeNull();
    expect(refusal(publish({ bytes: 134_217_729 }, {}, '3.10'))).toContain('max size 134217728');
  });

  it('3.10 looks at the user before the expiration', () => {
    const both = { userId: 'bob', expiration: 'abc' };
    expect(refusal(publish(both, {}, '3.10'))).toContain('user_id');
    expect(refusal(publish(both, {}, '4.3'))).toContain('invalid expiration');
  });
});

describe('a system that the server would not take', () => {
  it('is told of with paths', () => {
    const system = v.parse(rabbitmqSystem, {
      broker: 'rabbitmq',
      exchanges: [
        { name: 'x', type: 'topic' },
        { name: 'amq.x', type: 'direct' },
      ],
      queues: [
        { name: 'q' },
        { name: 'r', arguments: { 'x-max-length': '5' } },
        { name: 's', durable: false },
      ],
      bindings: [
        { source: 'x', destination: 'q', routingKey: '#.a.#.b.#' },
        { source: 'x', destination: 'q' },
        { source: 'x', destination: 'none' },
      ],
      policies: [{ name: 'p', pattern: '.*', definition: { 'max-length': -1 } }],
    });
    expect(validateSystem(system).map((line) => line.split('\n')[0])).toEqual([
      "system.exchanges[1]: expected what the server accepts, got ACCESS_REFUSED - exchange name 'amq.x' contains reserved prefix 'amq.*'",
      `system.queues[1].arguments.x-max-length: expected what the server accepts, got PRECONDITION_FAILED - invalid arg 'x-max-length' for queue 'r' in vhost '/': "expected integer, got longstr"`,
      'system.queues[2]: expected what the server accepts, got INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.',
      "system.bindings[0]: expected what the server accepts, got PRECONDITION_FAILED - Topic binding key '#.a.#.b.#' uses 3 '#' wildcards, at most 2 are allowed",
      "system.bindings[2]: expected what the server accepts, got NOT_FOUND - no queue 'none' in vhost '/'",
      'system.policies[0]: expected what rabbitmqctl accepts, got -1 is not a valid maximum length',
    ]);
  });

  it('has nothing said of it where it is in order', () => {
    expect(validateSystem(v.parse(rabbitmqSystem, { broker: 'rabbitmq', queues: [{ name: 'q' }] }))).toEqual(
      [],
    );
  });
});
