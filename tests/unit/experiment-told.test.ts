// Words and figures beside a stage: now and then while it plays, at once when it stands still.
import { signal } from '@preact/signals';
import { expect, test } from 'vitest';
import { told } from '../../src/widgets/experiment/told.ts';

function start() {
  const at = { ms: 1000 };
  const drawn = signal(0);
  const playing = signal(false);
  return { at, drawn, playing, words: told(drawn, playing, () => at.ms) };
}

test('what stands still is told at once', () => {
  const { drawn, words } = start();
  for (const moment of [1, 2, 3]) {
    drawn.value = moment;
    expect(words.value).toBe(moment);
  }
});

test('while it plays it is told a few times a second, each time the latest', () => {
  const { at, drawn, playing, words } = start();
  playing.value = true;
  const seen = new Set<number>();
  for (let frame = 1; frame <= 60; frame++) {
    at.ms += 16;
    drawn.value = frame;
    seen.add(words.value);
  }
  expect(seen.size).toBeGreaterThanOrEqual(4);
  expect(seen.size).toBeLessThanOrEqual(8);
  expect(words.value).toBeGreaterThan(45);
});

test('the moment at which it was paused is told, and so is a frame that arrives after that', () => {
  const { at, drawn, playing, words } = start();
  playing.value = true;
  drawn.value = 1;
  at.ms += 16;
  drawn.value = 2;
  expect(words.value).not.toBe(2);
  playing.value = false;
  expect(words.value).toBe(2);
  drawn.value = 3;
  expect(words.value).toBe(3);
});
