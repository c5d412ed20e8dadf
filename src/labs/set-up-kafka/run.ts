/** The steps as commands: `topic`, `produce`, `consume <members>`, `offsets`, `replay [seconds ago]`; without one, all in order. */
import { said } from './cluster.ts';
import { consume } from './consume.ts';
import { offsets } from './offsets.ts';
import { produce } from './produce.ts';
import { replay } from './replay.ts';
import { topic } from './topic.ts';

const MEMBERS_MAX = 9;
const ALL = [
  'topic',
  'produce',
  'consume 1',
  'produce',
  'offsets',
  'consume 1',
  'consume 4',
  'replay',
  'offsets',
];

async function step(command: string, value: string | undefined): Promise<void> {
  const number = Number(value ?? 1);
  switch (command) {
    case 'topic':
      return topic();
    case 'produce':
      return produce();
    case 'consume':
      if (!Number.isInteger(number) || number < 1 || number > MEMBERS_MAX)
        throw new Error(`A group has 1 to ${MEMBERS_MAX} members here, not "${value ?? ''}"`);
      return consume(number);
    case 'offsets':
      return offsets();
    case 'replay':
      if (!(number >= 0)) throw new Error(`Expected seconds, got "${value ?? ''}"`);
      return replay(value === undefined ? null : number);
    default:
      throw new Error(`There is no step "${command}"`);
  }
}

const [, , command, value] = process.argv;
try {
  if (command !== undefined) await step(command, value);
  else
    for (const one of ALL) {
      console.log(`\n# ${one}`);
      await step(...(one.split(' ') as [string, string | undefined]));
    }
} catch (error) {
  console.error(said(error));
  process.exitCode = 1;
}
