// The address of a run: whatever a reader did comes back as it was, and no part of it can be lost unnoticed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAddress, encodeAddress } from '../../src/scenarios/address.ts';
import { InvalidInput, type TimedAction } from '../../src/scenarios/schema.ts';

const target = fc.constantFrom('c0', 'c1', 'c2');
const action: fc.Arbitrary<TimedAction['action']> = fc.oneof(
  fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const, 'pause' as const), target }),
  fc.record({
    do: fc.constant('produce' as const),
    client: fc.constantFrom('service-a', 'service-b'),
    key: fc.option(fc.string({ unit: 'grapheme' })),
    count: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    do: fc.constant('create-partitions' as const),
    topic: fc.constant('orders'),
    total: fc.integer({ min: 1, max: 12 }),
  }),
);

const address = fc.record({
  experiment: fc.constant('kafka-consumer-groups'),
  seed: fc.option(fc.maxSafeInteger()),
  knobs: fc.record(
    {
      assignor: fc.constantFrom('range', 'roundrobin', 'sticky', 'cooperative-sticky'),
      session: fc.constantFrom('6000', '10000', '45000'),
    },
    { requiredKeys: [] },
  ),
  actions: fc.array(
    fc.record({ atMs: fc.integer({ min: 0, max: 60_000_000 }).map((micros) => micros / 1000), action }),
    { maxLength: 12 },
  ),
  at: fc.integer({ min: 0, max: 60_000_000 }),
});

test('an address decodes to the run that it was made of, and is made of letters that no mail program breaks', () => {
  fc.assert(
    fc.property(address, (run) => {
      const text = encodeAddress(run);
      expect(text).toMatch(/^1\.[A-Za-z0-9_-]+\.[a-z0-9]+$/);
      expect(decodeAddress(text)).toEqual(run);
    }),
  );
});

test('an address that was cut short is refused, wherever it was cut', () => {
  fc.assert(
    fc.property(address, fc.double({ min: 0, max: 1, noNaN: true }), (run, where) => {
      const text = encodeAddress(run);
      const cut = text.slice(0, Math.floor(where * (text.length - 1)));
      expect(() => decodeAddress(cut)).toThrow(InvalidInput);
    }),
  );
});

test('one changed letter is noticed', () => {
  fc.assert(
    fc.property(address, fc.nat(), (run, n) => {
      const text = encodeAddress(run);
      const at = 2 + (n % (text.length - 2));
      const changed = text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1);
      expect(() => decodeAddress(changed)).toThrow(InvalidInput);
    }),
  );
});
