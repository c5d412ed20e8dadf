// `npm run dev`: installs what is missing and starts Astro's development server, which shows each change at once.
// Arguments go to Astro, e.g. `npm run dev -- --port 5000`.
// @ts-check
import { command, install, run, StepError } from './steps.mjs';

await command(async () => {
  await install();
  const { code } = await run(['astro dev', ...process.argv.slice(2)].join(' '));
  if (code !== 0)
    throw new StepError(`The server ended with code ${code}.`, 'Its last message above says why.');
});
