// `npm run serve`: serves dist, as the last build left it, and says where. BASE_PATH is the path it was built
// for; PORT and HOST override where it listens.
// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { basePath, serve } from './static-server.mjs';
import { command, root, StepError } from './steps.mjs';

/** Tried first, and the same each time: what a reader keeps belongs to an address, port included. */
const usualPort = 4303;

/** @throws {StepError} when there is no build, or the port asked for cannot be had */
export async function serveDist() {
  const directory = join(root, 'dist');
  const base = basePath(process.env.BASE_PATH);
  if (!existsSync(join(directory, 'index.html')))
    throw new StepError('There is no built site in dist.', 'Run `npm start`, which builds it first.');
  const asked = process.env.PORT;
  if (asked !== undefined && !(/^\d+$/.test(asked) && Number(asked) < 65536))
    throw new StepError(`PORT is "${asked}".`, 'Give a number from 0 (any free port) to 65535, or unset it.');
  /** @param {number} port */
  const listen = (port) => serve({ directory, base, port, host: process.env.HOST ?? '127.0.0.1' });
  let server;
  if (asked === undefined) {
    server = await listen(usualPort).catch(async () => {
      const other = await listen(0);
      console.log(`\nPort ${usualPort} is taken, so this is another address: notes kept under the usual one`);
      console.log('are not seen here. Stop what uses that port to come back to them.');
      return other;
    });
  } else {
    server = await listen(Number(asked)).catch((error) => {
      throw new StepError(
        `Port ${asked} cannot be used (${error.code}).`,
        'Choose another, or unset PORT to have one picked.',
      );
    });
  }
  console.log(`\nThe book is open at ${server.url}\nPress Ctrl+C to close it.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await command(serveDist);
