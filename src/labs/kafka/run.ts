/** All steps in order, as the README tells them. */
import { step } from './cluster.ts';
import { consume } from './consume.ts';
import { offsets } from './offsets.ts';
import { produce } from './produce.ts';
import { replay } from './replay.ts';
import { topic } from './topic.ts';

await step(async () => {
  const steps: [string, () => Promise<void>][] = [
    ['npm run topic', topic],
    ['npm run produce', produce],
    ['npm run consume -- 1', () => consume(1)],
    ['npm run produce', produce],
    ['npm run offsets', offsets],
    ['npm run consume -- 1', () => consume(1)],
    ['npm run consume -- 4', () => consume(4)],
    ['npm run replay', () => replay(null)],
    ['npm run offsets', offsets],
  ];
  for (const [command, act] of steps) {
    console.log(`\n# ${command}`);
    await act();
  }
});
