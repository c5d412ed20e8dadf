import { expect, test } from 'vitest';
import { keptTogether } from '../../src/components/shell/measures.mjs';

test('a number is kept with its unit, and a process with its number', () => {
  expect(keptTogether('at 6.2 s, after 1.4 seconds, in 600 ms')).toBe(
    'at 6.2\u00a0s, after 1.4\u00a0seconds, in 600\u00a0ms',
  );
  expect(keptTogether('lives on Node 1')).toBe('lives on Node\u00a01');
});

test('what only begins like a unit is no unit', () => {
  const text = 'of the 20 sent, 3 messages and 5 s-shaped ones; version 4 minus 1';
  expect(keptTogether(text)).toBe(text);
});
