/** `judge.mjs` of the labs at the prompt: of each command, whether the real tool printed what the page's console prints. */
import { readFileSync } from 'node:fs';
import { judging } from '../judge.ts';
import { alike, essence, type Step } from './session.ts';

judging(() => {
  const { steps } = JSON.parse(readFileSync('session.json', 'utf8')) as { steps: Step[] };
  let printed: string[][];
  try {
    printed = JSON.parse(readFileSync('run/session.json', 'utf8')) as string[][];
  } catch (error) {
    throw new Error('There is nothing to judge: npm start runs the session', { cause: error });
  }
  const holds = steps.map(({ line, printed: expected }, i) => {
    if (line === undefined) return true;
    const same = alike(printed[i]!, expected);
    console.log(`${same ? 'holds' : 'FAILS'}     ${line}`);
    if (!same) {
      for (const text of essence(expected)) console.log(`          on the page  ${text}`);
      for (const text of essence(printed[i]!)) console.log(`          here         ${text}`);
    }
    return same;
  });
  return holds.every(Boolean);
});
