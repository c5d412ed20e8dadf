/** `npm run up` and `npm run down` of a lab whose programs are small ones of its own. */
import { down, up } from './services.ts';

try {
  if (process.argv[2] === 'down') await down();
  else await up();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
