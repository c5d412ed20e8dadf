// The story that the chapter tells of kafka-consumer-groups, number by number.
import { expect, it } from 'vitest';
import { scenarioById } from '../../src/scenarios/library.ts';
import { traceOf } from '../../src/scenarios/run.ts';

it('C1 dies with three records processed and not committed, and exactly those are processed again', () => {
  const trace = traceOf(scenarioById('kafka-consumer-groups'));
  const crash = trace.find((event) => event.kind === 'client-stopped')!;
  const committed = trace.findLast(
    (event) => event.kind === 'settled' && event.place === 'orders-1' && event.at < crash.at,
  );
  const done = trace.flatMap((event) =>
    event.kind === 'processed' && event.place === 'orders-1' ? [event] : [],
  );
  const before = done.filter(({ at }) => at < crash.at).map(({ position }) => position);
  const after = done.filter(({ at }) => at > crash.at).map(({ position }) => position);
  const again = after.filter((position) => before.includes(position));
  expect(committed).toMatchObject({ client: 'c1', position: 8 });
  expect(again).toEqual([8, 9, 10]);
  expect(before.at(-1)).toBe(10);
  expect(after[0]).toBe(8);
});
