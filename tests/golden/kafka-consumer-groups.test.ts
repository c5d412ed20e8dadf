// The run that the chapter shows, word for word: what happens in kafka-consumer-groups, and when. A change here is a
// change of what readers see, so look at it before you accept it.
//
// To write the golden file anew after a change that is meant: npx vitest run tests/golden -u
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { kafka } from '../../src/brokers/kafka/model.ts';
import { scenarioById } from '../../src/scenarios/library.ts';
import { traceOf } from '../../src/scenarios/run.ts';
import { formatSeconds } from '../../src/sim/time.ts';
import { toJsonLine } from '../../src/sim/trace.ts';

it('kafka-consumer-groups tells its story as it did', async () => {
  const trace = traceOf(scenarioById('kafka-consumer-groups'));
  const story = trace.flatMap((event) => {
    const explanation = kafka.explain(event);
    if (!explanation || explanation.weight === 'detail') return [];
    const mark = explanation.weight === 'key' ? '*' : ' ';
    return [`${formatSeconds(event.at).padStart(9)} ${mark} ${explanation.text}`];
  });
  const bytes = trace.map(toJsonLine).join('\n');
  const digest = createHash('sha256').update(bytes).digest('hex');
  await expect(
    `${story.join('\n')}\n\n${trace.length} events, SHA-256 of the trace ${digest}\n`,
  ).toMatchFileSnapshot('kafka-consumer-groups.txt');
});

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
