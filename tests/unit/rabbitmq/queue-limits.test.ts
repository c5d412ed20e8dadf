// What holds for a queue: arguments, policies and the version's defaults, merged.
import { describe, expect, it } from 'vitest';
import type { PolicySettings, Table, Version } from '../../../src/brokers/rabbitmq/config.ts';
import { Definitions } from '../../../src/brokers/rabbitmq/definitions.ts';
import type { QueueLimits } from '../../../src/brokers/rabbitmq/queue.ts';
import { policy, queue } from './declarations.ts';

function definitionsWith(given: Table, version: Version, policies: readonly PolicySettings[]): Definitions {
  const definitions = new Definitions(version);
  definitions.declareQueue(queue('q', given), 'a');
  for (const one of policies) expect(definitions.setPolicy(one)).toBeNull();
  return definitions;
}

function limits(given: Table, version: Version = '4.3', ...policies: readonly PolicySettings[]): QueueLimits {
  return definitionsWith(given, version, policies).effectiveLimits('q');
}

const QUORUM = { 'x-queue-type': 'quorum' };
const STREAM = { 'x-queue-type': 'stream' };

describe('defaults', () => {
  it('of a classic queue', () => {
    expect(limits({})).toEqual({
      messageTtl: null,
      maxLength: null,
      maxLengthBytes: null,
      overflow: 'drop-head',
      deadLetterExchange: null,
      deadLetterRoutingKey: null,
      deadLetterStrategy: 'at-most-once',
      maxPriority: 0,
      deliveryLimit: null,
      singleActiveConsumer: false,
      delayedRetry: { type: 'disabled', min: 0, max: null },
      maxAge: null,
      maxSegmentBytes: 500_000_000,
    });
  });

  it('R-60: of a quorum queue’s delivery limit', () => {
    expect(limits(QUORUM, '3.10').deliveryLimit).toBeNull();
    expect(limits(QUORUM, '4.2').deliveryLimit).toBe(20);
    expect(limits(QUORUM, '4.3').deliveryLimit).toBe(20);
    expect(limits({ ...QUORUM, 'x-delivery-limit': 3 }, '3.10').deliveryLimit).toBe(3);
    expect(limits({ ...QUORUM, 'x-delivery-limit': -1 }, '4.3').deliveryLimit).toBeNull();
    // What 3.10.8 was seen to do: the first return is over the limit.
    expect(limits({ ...QUORUM, 'x-delivery-limit': -1 }, '3.10').deliveryLimit).toBe(-1);
    expect(limits({ ...QUORUM, 'x-delivery-limit': '5' }, '3.10').deliveryLimit).toBeNull();
    expect(limits({ ...QUORUM, 'x-delivery-limit': '5' }, '4.3').deliveryLimit).toBe(20);
  });
});

describe('R-11: a policy beside an argument', () => {
  it('the lower number holds', () => {
    const both = { 'max-length': 5, 'message-ttl': 100, 'max-length-bytes': 50 };
    for (const type of [{}, QUORUM]) {
      const given = { ...type, 'x-max-length': 8, 'x-message-ttl': 20, 'x-max-length-bytes': 50 };
      expect(limits(given, '4.3', policy('p', both))).toMatchObject({
        maxLength: 5,
        messageTtl: 20_000,
        maxLengthBytes: 50,
      });
      expect(limits(type, '4.3', policy('p', both))).toMatchObject({ maxLength: 5, messageTtl: 100_000 });
    }
  });

  it('where it dead-letters to, the argument holds', () => {
    const words = { 'dead-letter-exchange': 'p', 'dead-letter-routing-key': 'pk' };
    for (const type of [{}, QUORUM]) {
      const given = { ...type, 'x-dead-letter-exchange': 'a', 'x-dead-letter-routing-key': 'ak' };
      expect(limits(given, '4.3', policy('p', words))).toMatchObject({
        deadLetterExchange: 'a',
        deadLetterRoutingKey: 'ak',
      });
      expect(limits({ ...type, 'x-dead-letter-exchange': 'a' }, '4.3', policy('p', words))).toMatchObject({
        deadLetterExchange: 'a',
        deadLetterRoutingKey: 'pk',
      });
      expect(limits(type, '4.3', policy('p', { 'dead-letter-routing-key': 'pk' }))).toMatchObject({
        deadLetterExchange: null,
        deadLetterRoutingKey: null,
      });
    }
  });

  it('of overflows, a classic queue takes the argument, a quorum queue the policy', () => {
    const reject = policy('p', { overflow: 'reject-publish' });
    const given = { 'x-overflow': 'drop-head' };
    expect(limits(given, '4.3', reject).overflow).toBe('drop-head');
    expect(limits({}, '4.3', reject).overflow).toBe('reject-publish');
    expect(limits({ ...QUORUM, ...given }, '4.3', reject).overflow).toBe('reject-publish');
  });

  it('R-57: reject-publish-dlx is drop-head to a quorum queue', () => {
    expect(limits({ 'x-overflow': 'reject-publish-dlx' }).overflow).toBe('reject-publish-dlx');
    expect(limits({ ...QUORUM, 'x-overflow': 'reject-publish-dlx' }).overflow).toBe('drop-head');
  });

  it('R-60: of delivery limits the lower, and any is lower than none', () => {
    const limit = (argument: number, by: number, version: Version = '4.3') =>
      limits({ ...QUORUM, 'x-delivery-limit': argument }, version, policy('p', { 'delivery-limit': by }))
        .deliveryLimit;
    expect(limit(5, 3)).toBe(3);
    expect(limit(3, 5)).toBe(3);
    expect(limit(-1, 5)).toBe(5);
    expect(limit(5, -1)).toBe(5);
    expect(limit(-1, -1)).toBeNull();
  });

  it('R-9: expiry takes the lower, in 3.10 a quorum queue the policy’s', () => {
    const expiry = (type: Table, version: Version) =>
      definitionsWith({ ...type, 'x-expires': 10 }, version, [policy('p', { expires: 20 })]).expiry('q');
    expect(expiry({}, '3.10')).toBe(10_000);
    expect(expiry(QUORUM, '4.2')).toBe(10_000);
    expect(expiry(QUORUM, '3.10')).toBe(20_000);
    expect(definitionsWith(STREAM, '4.3', []).expiry('q')).toBeNull();
  });

  it('R-58: a stream takes the policy’s', () => {
    const given = { ...STREAM, 'x-max-length-bytes': 10, 'x-max-age': '1h' };
    const by = policy('p', {
      'max-length-bytes': 20,
      'max-age': '2h',
      'stream-max-segment-size-bytes': 1000,
    });
    expect(limits(given, '4.3', by)).toMatchObject({
      maxLengthBytes: 20,
      maxAge: 7_200_000_000,
      maxSegmentBytes: 1000,
    });
    expect(limits(given)).toMatchObject({ maxLengthBytes: 10, maxAge: 3_600_000_000, overflow: 'drop-head' });
  });
});

describe('R-11: which policy applies', () => {
  it('the one of the highest priority alone; of equals the first by name', () => {
    const a = policy('a', { 'max-length': 1 });
    const b = policy('b', { 'max-length': 2, 'message-ttl': 7 }, { priority: 1 });
    expect(limits({}, '4.3', a, b)).toMatchObject({ maxLength: 2, messageTtl: 7000 });
    expect(limits({}, '4.3', b, { ...a, priority: 1 })).toMatchObject({ maxLength: 1, messageTtl: null });
  });

  it('by pattern and by kind', () => {
    const cap = (rest: Partial<PolicySettings>) => policy('p', { 'max-length': 1 }, rest);
    const holds = (rest: Partial<PolicySettings>, given: Table = {}) =>
      limits(given, '4.3', cap(rest)).maxLength === 1;
    expect(holds({ pattern: 'q' })).toBe(true);
    expect(holds({ pattern: '^x' })).toBe(false);
    expect(holds({ 'apply-to': 'queues' })).toBe(true);
    expect(holds({ 'apply-to': 'exchanges' })).toBe(false);
    expect(holds({ 'apply-to': 'classic_queues' })).toBe(true);
    expect(holds({ 'apply-to': 'quorum_queues' })).toBe(false);
    expect(holds({ 'apply-to': 'quorum_queues' }, QUORUM)).toBe(true);
  });

  it('none that says something a type of queue cannot have', () => {
    const by = policy('p', { 'max-length': 1, 'delivery-limit': 3 });
    expect(limits({}, '4.3', by).maxLength).toBeNull();
    expect(limits(QUORUM, '4.3', by)).toMatchObject({ maxLength: 1, deliveryLimit: 3 });
    expect(
      limits(STREAM, '4.3', policy('p', { 'max-length-bytes': 1, 'message-ttl': 1 })).maxLengthBytes,
    ).toBeNull();
  });

  it('an operator’s on top: the lower number, and its own word for an overflow', () => {
    const ordinary = policy('p', { 'max-length': 5, overflow: 'drop-head', 'message-ttl': 3 });
    const operator = policy('o', { 'max-length': 8, overflow: 'reject-publish' }, { operator: true });
    expect(limits({}, '4.3', ordinary, operator)).toMatchObject({
      maxLength: 5,
      overflow: 'reject-publish',
      messageTtl: 3000,
    });
    const limit = (value: number, by: number) =>
      limits(
        QUORUM,
        '4.3',
        policy('p', { 'delivery-limit': value }),
        policy('o', { 'delivery-limit': by }, { operator: true }),
      );
    expect(limit(-1, 5).deliveryLimit).toBe(5);
    expect(limit(4, 5).deliveryLimit).toBe(4);
  });
});

describe('R-45, R-65, R-87, R-88: what else is set', () => {
  it('R-45: single active consumer, by argument alone', () => {
    expect(limits({ 'x-single-active-consumer': true }).singleActiveConsumer).toBe(true);
    expect(limits({ ...QUORUM, 'x-single-active-consumer': false }).singleActiveConsumer).toBe(false);
  });

  it('R-88: levels; since 4.0 an argument of 0 gives two', () => {
    expect(limits({ 'x-max-priority': 5 }).maxPriority).toBe(5);
    expect(limits({ 'x-max-priority': 0 }, '3.10').maxPriority).toBe(0);
    expect(limits({ 'x-max-priority': 0 }, '4.2').maxPriority).toBe(1);
  });

  it('R-87: at-least-once only with reject-publish and an exchange', () => {
    const strategy = { ...QUORUM, 'x-dead-letter-strategy': 'at-least-once' };
    const exchange = { 'x-dead-letter-exchange': 'd' };
    const reject = { 'x-overflow': 'reject-publish' };
    expect(limits({ ...strategy, ...exchange, ...reject }).deadLetterStrategy).toBe('at-least-once');
    expect(limits({ ...strategy, ...exchange }).deadLetterStrategy).toBe('at-most-once');
    expect(limits({ ...strategy, ...reject }).deadLetterStrategy).toBe('at-most-once');
  });

  it('R-65: delayed retry needs a minimum, and its maximum is the minimum where none is said', () => {
    const retry = { ...QUORUM, 'x-delayed-retry-type': 'failed' };
    const min = { 'x-delayed-retry-min': 1000 };
    expect(limits({ ...retry, ...min, 'x-delayed-retry-max': 30_000 }).delayedRetry).toEqual({
      type: 'failed',
      min: 1_000_000,
      max: 30_000_000,
    });
    expect(limits({ ...retry, ...min }).delayedRetry).toEqual({
      type: 'failed',
      min: 1_000_000,
      max: 1_000_000,
    });
    expect(limits(retry).delayedRetry.type).toBe('disabled');
    expect(limits({ ...retry, ...min }, '4.2').delayedRetry.type).toBe('disabled');
  });

  it('R-53: the acknowledgement timeout, in 4.2 of every queue, in 4.3 of quorum queues', () => {
    const timeout = (given: Table, version: Version, ...policies: PolicySettings[]) =>
      definitionsWith(given, version, policies).consumerTimeout('q');
    const by = policy('p', { 'consumer-timeout': 5000 });
    expect(timeout({ 'x-consumer-timeout': 9000 }, '4.2', by)).toBe(5_000_000);
    expect(timeout({}, '4.3', by)).toBeNull();
    expect(timeout({ ...QUORUM, 'x-consumer-timeout': 4000 }, '4.3', by)).toBe(4_000_000);
    expect(timeout({ 'x-consumer-timeout': 9000 }, '3.10')).toBeNull();
  });
});

describe('R-11: what rabbitmqctl says of a policy', () => {
  const says = (definition: Table, rest: Partial<PolicySettings> = {}, version: Version = '3.10') =>
    new Definitions(version).setPolicy(policy('p', definition, rest));

  it.each<[Table, string]>([
    [{}, 'no policy provided'],
    [{ 'max-length': -1 }, '-1 is not a valid maximum length'],
    [{ foo: 1 }, '[{<<"foo">>,1}] are not recognised policy settings'],
    [{ overflow: 'none' }, '<<"none">> is not a valid overflow value'],
    [{ 'delivery-limit': -1 }, '-1 is not a valid delivery limit'],
    [{ 'delayed-retry-min': 5 }, '[{<<"delayed-retry-min">>,5}] are not recognised policy settings'],
  ])('%j', (definition, text) => {
    expect(says(definition)).toBe(text);
  });

  it('depends on the version and on whose policy it is', () => {
    const overflow = { overflow: 'drop-head' };
    expect(says(overflow, { operator: true })).toBe(
      '[{<<"overflow">>,<<"drop-head">>}] are not recognised policy settings',
    );
    expect(says(overflow, { operator: true }, '4.2')).toBeNull();
    expect(says({ 'dead-letter-exchange': 'd' }, { operator: true }, '4.3')).toContain('not recognised');
    expect(says({ 'delivery-limit': -1 }, {}, '4.2')).toBeNull();
    expect(says({ 'max-length': 1 }, { 'apply-to': 'streams' })).toContain("apply-to 'streams' unrecognised");
    expect(says({ 'delayed-retry-type': 'all' }, {}, '4.3')).toBe(
      'delayed-retry-min is required when delayed-retry-type is all',
    );
    expect(says({ 'delayed-retry-min': 5, 'delayed-retry-max': 4 }, {}, '4.3')).toBe(
      'delayed-retry-max (4) must not be smaller than delayed-retry-min (5)',
    );
  });
});
