// The runs that the book's experiments show, by the moments that matter, and to the byte: what happens, and when. A change
// here is a change of what readers see, so look at it before you accept it.
//
// To write the golden files anew after a change that is meant: npx vitest run tests/golden -u
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { experiments, scenarioById } from '../../src/scenarios/library.ts';
import { modelOf } from '../../src/scenarios/models.ts';
import { traceOf } from '../../src/scenarios/run.ts';
import { formatSeconds } from '../../src/sim/time.ts';
import { toJsonLine } from '../../src/sim/trace.ts';

/** Those that were made to be played; a run that only proves a claim has no question. */
const played = experiments.filter(({ question }) => question !== '').map(({ id, scenario }) => [id, scenario] as const);

it.each(played)('%s tells its story as it did', async (id, scenarioId) => {
  const scenario = scenarioById(scenarioId);
  const model = modelOf(scenario.system.broker);
  const trace = traceOf(scenario);
  const story = trace.flatMap((event) => {
    const explanation = model.explain(event);
    return explanation?.weight === 'key' ? [`${formatSeconds(event.at).padStart(9)} ${explanation.text}`] : [];
  });
  const digest = createHash('sha256').update(trace.map(toJsonLine).join('\n')).digest('hex');
  await expect(
    `${story.join('\n')}\n\n${trace.length} events, SHA-256 of the trace ${digest}\n`,
  ).toMatchFileSnapshot(`${id}.txt`);
});
