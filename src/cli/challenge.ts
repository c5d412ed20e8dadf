/**
 * `npm run -s simulate -- challenge <id> [--run <address> | --solution] [--json]`
 *
 * Judges the goal of a challenge on a run: one that a reader shares (`run=` in its address), the solution, or else one in
 * which nothing is done. Prints the verdict and the events that show it; `--json` prints one JSON object `{challenge, seed,
 * events, goal}`. Exit code 0 when the goal holds, 1 when it does not, 2 for bad input.
 */
import { parseArgs } from 'node:util';
import { decodeAddress } from '../scenarios/address.ts';
import { challengeById, challenges } from '../scenarios/library.ts';
import { setUp, type RunSpec } from '../scenarios/playable.ts';
import { run } from '../scenarios/run.ts';
import { InvalidInput } from '../scenarios/schema.ts';
import { formatSeconds } from '../sim/time.ts';

const USAGE = `usage: npm run -s simulate -- challenge <id> [--run <address> | --solution] [--json]
challenges:
${challenges.map(({ id, title }) => `  ${id.padEnd(30)} ${title}`).join('\n')}`;

/** @throws InvalidInput for an address of something else */
function specOf(id: string, address: string | undefined, solved: boolean): RunSpec {
  if (address === undefined) {
    const { solution } = challengeById(id);
    return { experiment: id, seed: null, ...(solved ? solution : { knobs: {}, actions: [] }) };
  }
  const spec = decodeAddress(address);
  if (spec.experiment === id) return spec;
  throw new InvalidInput('This run is of something else', [
    `--run: expected a run of "${id}", got one of "${spec.experiment}"`,
  ]);
}

/** @param args what follows `challenge` @returns the exit code @throws InvalidInput */
export function challengeCommand(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      run: { type: 'string' },
      solution: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [id, ...rest] = positionals;
  if (id === undefined || rest.length > 0 || (values.solution && values.run !== undefined))
    throw new InvalidInput('The command is wrong', [
      'expected one challenge, and either a run or the solution',
      USAGE,
    ]);
  const { title, ask } = challengeById(id);
  const { scenario, actions, claims } = setUp(specOf(id, values.run, values.solution ?? false));
  const { seed, events, claims: judged } = run(scenario, actions, claims);
  const { verdict, ...goal } = judged[0]!;
  if (values.json) {
    console.log(JSON.stringify({ challenge: id, seed, events, goal: { ...goal, ...verdict } }));
  } else {
    const moves = `${actions.length} ${actions.length === 1 ? 'move' : 'moves'}`;
    console.log(`${id}: ${title}\n${ask}\n\nseed ${seed}, ${moves}, ${events} events`);
    if (verdict.status === 'open') console.log(`not yet: it waits for ${verdict.waitsFor}`);
    else {
      console.log(verdict.status === 'holds' ? `holds: ${goal.statement}` : 'not in this run');
      const shown =
        verdict.status === 'holds' ? verdict.evidence : [...verdict.evidence, verdict.counterexample];
      for (const { seq, at, text } of shown) console.log(`  event ${seq} at ${formatSeconds(at)}: ${text}`);
    }
  }
  return verdict.status === 'holds' ? 0 : 1;
}
