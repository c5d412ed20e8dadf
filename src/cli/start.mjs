// `npm start`: on a fresh clone with only Node and npm, installs what is missing, builds the site and serves it.
// BASE_PATH and SITE_URL are those of the build; PORT and HOST those of serve.mjs.
// @ts-check
import { serveDist } from './serve.mjs';
import { command, install, run, step, StepError } from './steps.mjs';

await command(async () => {
  await install();
  await step('Build the site into dist (astro build)', async () => {
    const { code } = await run('astro build');
    if (code !== 0)
      throw new StepError(
        `The build ended with code ${code}.`,
        'Its last message above names the file and the reason.',
      );
  });
  await serveDist();
});
