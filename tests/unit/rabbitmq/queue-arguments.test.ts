// Arguments of queue.declare and basic.consume: J-13, and what each type of queue knows in each version.
import { describe, expect, it } from 'vitest';
import type { FieldValue, Table, Version } from '../../../src/brokers/rabbitmq/config.ts';
import { Definitions } from '../../../src/brokers/rabbitmq/definitions.ts';
import { checkConsumer, parseOffset } from '../../../src/brokers/rabbitmq/definitions/consume.ts';
import { queue, refusal } from './declarations.ts';

function declare(given: Table, version: Version = '4.3', rest = {}): string | null {
  return refusal(() => new Definitions(version).declareQueue(queue('Q', given, rest), 'a'));
}

describe('R-10, J-13: a value that cannot be', () => {
  it.each<[string, FieldValue, string]>([
    ['x-message-ttl', -1, '{value_negative,-1}'],
    ['x-message-ttl', 315_360_000_001, '{value_too_large,315360000001}'],
    ['x-message-ttl', '5', '"expected integer, got longstr"'],
    ['x-expires', 0, '{value_zero,0}'],
    ['x-expires', -1, '{value_negative,-1}'],
    ['x-expires', 315_360_000_001, '{value_too_large,315360000001}'],
    ['x-max-length', '5', '"expected integer, got longstr"'],
    ['x-max-length', 1.5, '"expected integer, got double"'],
    ['x-max-length', null, '"expected integer, got void"'],
    ['x-max-length-bytes', -1, '{value_negative,-1}'],
    ['x-max-length-bytes', [1], '"expected integer, got array"'],
    ['x-max-priority', 256, '{max_value_exceeded,256}'],
    ['x-max-priority', -1, '{value_negative,-1}'],
    ['x-overflow', 'bad', 'invalid_overflow'],
    ['x-overflow', 5, '{unacceptable_type,signedint}'],
    ['x-dead-letter-routing-key', 'k', 'routing_key_but_no_dlx_defined'],
    ['x-dead-letter-routing-key', true, '{unacceptable_type,bool}'],
    ['x-single-active-consumer', 'true', '{unacceptable_type,longstr}'],
    ['x-single-active-consumer', { a: 1 }, '{unacceptable_type,table}'],
    ['x-queue-leader-locator', 'nearest', 'invalid_queue_locator_arg'],
    ['x-queue-version', 3, '"unsupported queue version \'3\'"'],
    ['x-queue-type', 'lazy', '"unsupported queue type \'lazy\'"'],
    ['x-queue-type', 5, '{unacceptable_type,signedint}'],
  ])('%s of %j', (argument, value, reason) => {
    expect(declare({ [argument]: value })).toBe(
      `406 invalid arg '${argument}' for queue 'Q' in vhost '/': ${reason}`,
    );
  });

  it.each<[string, FieldValue]>([
    ['x-message-ttl', 0],
    ['x-message-ttl', 315_360_000_000],
    ['x-expires', 1],
    ['x-max-length', 0],
    ['x-max-priority', 255],
    ['x-overflow', 'reject-publish-dlx'],
    ['x-dead-letter-exchange', 'not there'],
    ['x-foo', 'a name that no type knows'],
  ])('takes %s of %j', (argument, value) => {
    expect(declare({ [argument]: value })).toBeNull();
  });

  it('looks at the dead-letter exchange first', () => {
    expect(declare({ 'x-dead-letter-exchange': 5, 'x-max-length': -1 })).toBe(
      "406 invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'Q' in vhost '/'",
    );
    expect(declare({ 'x-dead-letter-routing-key': 'k', 'x-dead-letter-exchange': 'd' })).toBeNull();
  });

  it('prints text as Erlang does', () => {
    expect(declare({ 'x-queue-type': 'a"b\\c' })).toContain(String.raw`"unsupported queue type 'a\"b\\c'"`);
  });

  it.each([
    ['0h', 'invalid_max_age'],
    ['1', 'invalid_max_age'],
    ['1w', 'invalid_max_age'],
    ['h', 'invalid_max_age'],
  ])('x-max-age of %j', (age, reason) => {
    expect(declare({ 'x-queue-type': 'stream', 'x-max-age': age })).toBe(
      `406 invalid arg 'x-max-age' for queue 'Q' in vhost '/': ${reason}`,
    );
  });
});

describe('R-10: an argument of another type', () => {
  const belongs = (type: string, argument: string) =>
    `406 invalid arg '${argument}' for queue 'Q' in vhost '/' of queue type rabbit_${type}_queue`;

  it.each([
    ['quorum', 'x-max-priority', 5],
    ['quorum', 'x-max-age', '1h'],
    ['quorum', 'x-queue-mode', 'lazy'],
    ['classic', 'x-delivery-limit', 5],
    ['classic', 'x-dead-letter-strategy', 'at-least-once'],
    ['classic', 'x-max-age', '1h'],
    ['classic', 'x-delayed-retry-type', 'all'],
    ['stream', 'x-message-ttl', 5],
    ['stream', 'x-max-length', 5],
    ['stream', 'x-overflow', 'drop-head'],
    ['stream', 'x-single-active-consumer', true],
  ])('%s knows no %s', (type, argument, value) => {
    expect(declare({ 'x-queue-type': type, [argument]: value })).toBe(belongs(type, argument));
  });

  it('each version knows its own', () => {
    const retry = { 'x-queue-type': 'quorum', 'x-delayed-retry-type': 'all' };
    expect(declare({ ...retry, 'x-queue-type': 'classic' }, '4.2')).toBeNull();
    expect(declare({ 'x-consumer-timeout': 5 }, '4.2')).toBeNull();
    expect(declare({ 'x-consumer-timeout': 5 }, '4.3')).toBe(belongs('classic', 'x-consumer-timeout'));
    expect(declare({ 'x-queue-leader-locator': 'balanced' }, '3.10')).toBe(
      belongs('classic', 'x-queue-leader-locator'),
    );
    expect(declare({ 'x-queue-leader-locator': 'balanced' }, '4.2')).toBeNull();
  });

  it('in 4.3 a classic queue may not say where its leader is to be by the old name', () => {
    expect(declare({ 'x-queue-master-locator': 'random' }, '4.2')).toBeNull();
    expect(declare({ 'x-queue-master-locator': 5 }, '4.3')).toMatch(
      /^541 Feature `queue_master_locator` is deprecated\..*queue_master_locator = true"$/s,
    );
  });

  it('R-54: in 4.3 x-queue-mode means nothing, and the first version of classic queues is gone', () => {
    for (const version of ['3.10', '4.2'] as const) {
      expect(declare({ 'x-queue-mode': 'lazy', 'x-queue-version': 1 }, version)).toBeNull();
    }
    for (const mode of ['lazy', 'eager', 5]) expect(declare({ 'x-queue-mode': mode }, '4.3')).toBeNull();
    expect(declare({ 'x-queue-version': 1 }, '4.3')).toContain("unsupported queue version '1'");
    expect(declare({ 'x-queue-mode': 'eager' }, '3.10')).toContain('"unsupported queue mode \'eager\'"');
  });
});

describe('R-56, R-57, R-58: quorum queues and streams', () => {
  it.each(['quorum', 'stream'])('%s is durable, nobody’s own, and not auto-delete', (type) => {
    const given = { 'x-queue-type': type };
    const text = (property: string) => `406 invalid property '${property}' for queue 'Q' in vhost '/'`;
    expect(declare(given, '4.2', { autoDelete: true, durable: false })).toBe(text('auto-delete'));
    expect(declare(given, '4.2', { exclusive: true })).toBe(text('exclusive-owner'));
    expect(declare(given, '4.2', { durable: false })).toBe(text('non-durable'));
  });

  it('quorum takes reject-publish-dlx and names that no type knows', () => {
    expect(declare({ 'x-queue-type': 'quorum', 'x-overflow': 'reject-publish-dlx', 'x-foo': 1 })).toBeNull();
  });

  it('a stream bounds its segments and its filters', () => {
    expect(declare({ 'x-queue-type': 'stream', 'x-stream-max-segment-size-bytes': 3_000_000_001 })).toBe(
      '406 Exceeded max value for x-stream-max-segment-size-bytes',
    );
    const filter = { 'x-queue-type': 'stream', 'x-stream-filter-size-bytes': 15 };
    expect(declare(filter)).toBe('406 Invalid value for x-stream-filter-size-bytes');
    expect(declare(filter, '3.10')).toBeNull();
  });
});

describe('R-40, R-58: arguments of basic.consume', () => {
  const consume = (type: 'classic' | 'quorum' | 'stream', given: Table, version: Version = '4.3') =>
    refusal(() => {
      checkConsumer(version, { name: 'Q', type }, given);
    });

  it('x-priority is any integer', () => {
    expect(consume('classic', { 'x-priority': -5 })).toBeNull();
    expect(consume('quorum', { 'x-priority': '5' })).toBe(
      "406 invalid arg 'x-priority' for queue 'Q' in vhost '/': \"expected integer, got longstr\"",
    );
  });

  it('an argument of another type is refused, one that none knows is not', () => {
    expect(consume('stream', { 'x-priority': 5 })).toBe(
      "406 invalid arg 'x-priority' for queue 'Q' in vhost '/' of queue type rabbit_stream_queue",
    );
    expect(consume('classic', { 'x-stream-offset': 'first' })).toBe(
      "406 invalid arg 'x-stream-offset' for queue 'Q' in vhost '/' of queue type rabbit_classic_queue",
    );
    expect(consume('classic', { 'x-foo': 5 })).toBeNull();
    expect(consume('classic', { 'x-cancel-on-ha-failover': true }, '3.10')).toBeNull();
  });

  it('x-stream-offset is a word, a number or an interval', () => {
    expect(parseOffset(undefined)).toEqual({ kind: 'next' });
    expect(parseOffset('last')).toEqual({ kind: 'last' });
    expect(parseOffset(3)).toEqual({ kind: 'offset', offset: 3 });
    expect(parseOffset('2h')).toEqual({ kind: 'interval', ms: 7_200_000 });
    expect(consume('stream', { 'x-stream-offset': 'first' })).toBeNull();
    expect(consume('stream', { 'x-stream-offset': 'foo' })).toBe(
      "406 invalid arg 'x-stream-offset' for queue 'Q' in vhost '/': {invalid_stream_offset_arg,{longstr,<<\"foo\">>}}",
    );
  });
});
