// The ring, and the bucket of a key, against J-4 and further vectors from Erlang/OTP 25 itself.
import { describe, expect, it } from 'vitest';
import type { BindingSettings, FieldValue } from '../../../src/brokers/rabbitmq/config.ts';
import {
  addToRing,
  bucketOf,
  hashOfHeader,
  hashOfText,
  partOf,
  removeFromRing,
  type Ring,
} from '../../../src/brokers/rabbitmq/routing/consistent-hash.ts';
import { binding } from './declarations.ts';

describe('R-22, J-4: phash2 and the jump', () => {
  it.each([
    ['', 13708901, [0, 0, 9]],
    ['a', 112802447, [1, 1, 6]],
    ['b', 17711093, [1, 1, 1]],
    ['c', 52466273, [1, 1, 4]],
    ['0', 107350362, [1, 3, 3]],
    ['1', 59054609, [2, 2, 8]],
    ['2', 19175561, [2, 2, 5]],
    ['3', 105144219, [2, 2, 2]],
    ['4', 9908109, [0, 0, 0]],
    ['5', 6501355, [0, 0, 0]],
    ['6', 44062900, [0, 3, 7]],
    ['7', 32301851, [2, 2, 2]],
    ['8', 105869307, [1, 1, 6]],
    ['9', 85624395, [0, 0, 7]],
    ['order-1', 128070018, [0, 0, 9]],
    ['order-2', 16886478, [1, 1, 7]],
    ['order-3', 99779212, [2, 2, 2]],
    ['user.42', 95083751, [0, 0, 9]],
    ['tenant-a', 131560432, [1, 3, 9]],
    ['tenant-b', 62799263, [0, 0, 8]],
  ])('%j hashes to %i and falls into %j of 3, 4, 10', (key, hash, buckets) => {
    expect(hashOfText(key)).toBe(hash);
    expect([3, 4, 10].map((count) => bucketOf(hash, count))).toEqual(buckets);
  });

  it.each([
    ['orders', 124023671, [0, 1, 1, 11, 47, 417, 8952]],
    ['eu.orders.created', 63049321, [0, 0, 4, 13, 46, 633, 11461]],
    ['customer-1', 79594774, [0, 0, 3, 6, 6, 807, 5065]],
    ['customer-2', 41797550, [0, 1, 2, 7, 26, 778, 7302]],
    ['customer-3', 78325364, [0, 1, 1, 1, 1, 639, 16959]],
    ['11 bytes lo', 3941253, [0, 1, 2, 8, 49, 868, 18731]],
    ['12 bytes lon', 96892826, [0, 1, 2, 2, 27, 818, 8565]],
    ['13 bytes long', 25946133, [0, 1, 3, 3, 42, 783, 8928]],
    ['a key of twenty-four by', 98724255, [0, 1, 1, 9, 45, 45, 1288]],
    ['0123456789abcdef0123456789abcdef0123456789abcdef', 87281636, [0, 0, 4, 4, 4, 761, 3768]],
    [' ', 72664382, [0, 1, 1, 1, 58, 732, 14581]],
    ['.', 4275270, [0, 0, 2, 2, 19, 763, 3910]],
    ['#', 106969089, [0, 0, 4, 4, 40, 359, 4286]],
    ['00', 41713862, [0, 0, 0, 0, 51, 530, 17381]],
    ['true', 63965877, [0, 0, 2, 11, 23, 176, 8931]],
    ['undefined', 4869687, [0, 0, 0, 7, 28, 28, 10758]],
    ['Order-1', 105096895, [0, 0, 3, 11, 45, 854, 10986]],
    ['k0', 92414295, [0, 1, 1, 7, 7, 828, 10894]],
    ['k1', 57409138, [0, 0, 3, 7, 43, 913, 15087]],
    ['k2', 41770838, [0, 1, 1, 5, 5, 431, 4422]],
    ['k3', 107611983, [0, 1, 1, 9, 51, 91, 2961]],
    ['k4', 115711397, [0, 0, 2, 2, 2, 2, 8618]],
    ['k5', 49747828, [0, 1, 4, 4, 19, 871, 14284]],
    ['k6', 53534377, [0, 1, 1, 1, 1, 503, 6294]],
    ['k7', 1865924, [0, 0, 3, 9, 48, 152, 4148]],
    ['Größe', 132581138, [0, 0, 3, 9, 54, 585, 14673]],
    ['注文', 68269333, [0, 1, 3, 9, 33, 457, 18044]],
    ['🧾x', 88446030, [0, 0, 3, 10, 10, 129, 8968]],
    ['x'.repeat(255), 113300833, [0, 1, 4, 11, 11, 769, 16494]],
  ])('%j hashes to %i, as in Erlang', (key, hash, buckets) => {
    expect(hashOfText(key)).toBe(hash);
    expect([1, 2, 5, 16, 64, 1000, 20_000].map((count) => bucketOf(hash, count))).toEqual(buckets);
  });

  it.each([
    [0, [0, 0, 4]],
    [1, [0, 2, 3]],
    [5, [0, 2, 4]],
    [-1, [0, 2, 6]],
    [-5, [0, 2, 2]],
    [2_097_151, [0, 2, 6]],
    [2_097_152, [0, 0, 4]],
    [5_000_000_000, [0, 0, 9]],
    [-5_000_000_000, [0, 2, 2]],
  ])('an integer seeds the generator itself: %i', (seed, buckets) => {
    expect([2, 3, 10].map((count) => bucketOf(seed, count))).toEqual(buckets);
  });
});

describe('R-21: what is hashed of a header', () => {
  it.each<[FieldValue | undefined, number]>([
    [undefined, 45914356],
    [null, 45914356],
    ['a', 112802447],
    [5, 5],
    [-5, -5],
    [1.5, 10380315],
    [-2.25, 106798634],
    [true, 506293],
    [false, 7111573],
  ])('since 4.0, %j gives %i', (value, hash) => {
    expect(hashOfHeader(value, '4.3')).toBe(hash);
  });

  it.each<[FieldValue | undefined, number]>([
    [undefined, 45914356],
    [null, 27077197],
    ['', 116351706],
    ['x', 14442427],
    ['abcdefghijklmnop', 8507402],
    [5, 40839585],
    [-1, 78275235],
    [4_294_967_296, 62461374],
    [-5_000_000_000, 45891831],
    [1.5, 115320697],
    [true, 32030443],
  ])('in 3.10 with its type: %j gives %i', (value, hash) => {
    expect(hashOfHeader(value, '3.10')).toBe(hash);
  });
});

describe('R-21: the ring', () => {
  const a = binding('x', 'a', '2');
  const b = binding('x', 'b', '1');
  const c = binding('x', 'c', '3');
  const ring = [a, b, c].reduce<Ring>(addToRing, []);

  /** Whose each bucket is. */
  function owners(of: Ring): string {
    return of.map(({ binding: bound, weight }) => bound.destination.repeat(weight)).join('');
  }

  it('gives each destination as many buckets as its weight, in the order of being bound', () => {
    expect(owners(ring)).toBe('aabccc');
  });

  it('takes no second binding of a destination, but loses it with either', () => {
    const again = binding('x', 'a', '5');
    expect(addToRing(ring, again)).toBe(ring);
    expect(owners(removeFromRing(ring, again))).toBe('bccc');
  });

  it('tells a queue from an exchange of the same name', () => {
    expect(owners(addToRing(ring, binding('x', 'a', '1', {}, 'exchange')))).toBe('aabccca');
  });

  it('sends a hash to the owner of its bucket', () => {
    for (const key of ['a', 'b', 'order-1', 'order-2', 'tenant-a']) {
      const owner = owners(ring)[bucketOf(hashOfText(key), 6)];
      expect(partOf(ring, hashOfText(key))!.binding.destination).toBe(owner);
    }
    expect(partOf([], 5)).toBeUndefined();
  });

  it('keeps a heavy destination in few words', () => {
    const heavy: BindingSettings = binding('x', 'h', '10000');
    expect(addToRing(ring, heavy)).toHaveLength(4);
  });
});
