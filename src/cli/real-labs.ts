/** `npm run real -- labs [lab…]`: each lab as a reader has it, made in a temporary folder, run on a real broker and judged. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { labFor, labIds } from '../labs/index.ts';
import { ADDRESSES, type Lab, type Service } from '../labs/lab.ts';
import { InvalidInput } from '../scenarios/schema.ts';

/** Labs that are run at once; they wait for most of their time. */
const AT_ONCE = 6;

/** Writes a lab's files into a folder, with the book's own packages in the place of `npm install`. */
export function unpack({ files }: Lab, folder: string): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
}

/**
 * Runs labs and lets their judges speak.
 * @param ids all where none is named
 * @param addresses where brokers listen
 * @param hasPlugin whether RabbitMQ's has the consistent-hash exchange
 * @returns the exit code: 1 where a lab fails, a claim does not hold, or one that is named cannot be run
 * @throws InvalidInput for an id of none
 */
export async function runLabs(
  ids: readonly string[],
  addresses: ReadonlyMap<Service, string>,
  hasPlugin: boolean,
  signal: AbortSignal,
): Promise<number> {
  const wrong = ids.filter((id) => !labIds.includes(id));
  if (wrong.length > 0)
    throw new InvalidInput(`${wrong.map((id) => `"${id}"`).join(', ')} is no lab`, [
      `expected one of ${labIds.join(', ')}`,
    ]);
  const queue = [...(ids.length > 0 ? ids : labIds)];
  let failed = 0;
  const one = async (id: string): Promise<void> => {
    const lab = await labFor(id);
    const lacks = lab.services.filter((service) => !addresses.has(service));
    const why =
      lacks.length > 0
        ? `no ${lacks.join(' and no ')} is up, or named by ${lacks.map((one) => `BROKERBOOK_${one.toUpperCase()}`).join(' and ')}`
        : lab.needs === 'container'
          ? 'it stops its broker, which must be the container of its own compose.yaml'
          : lab.needs === 'plugin' && !hasPlugin
            ? 'it needs a plugin, which is on in a broker that was started here'
            : null;
    if (why !== null) {
      console.log(`${id}: left out, ${why}`);
      if (ids.length > 0) failed++;
      return;
    }
    const { code, output } = await ran(lab, addresses, signal);
    if (code !== 0) failed++;
    console.log(`${id}: ${code === 0 ? 'its claims hold' : `FAILS with exit code ${code}`}\n${output}`);
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift())
        await one(next);
    }),
  );
  return failed === 0 ? 0 : 1;
}

/** As its README says: `npm start`, `npm run judge`. */
async function ran(
  lab: Lab,
  addresses: ReadonlyMap<Service, string>,
  signal: AbortSignal,
): Promise<{ code: number; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), `brokerbook-lab-${lab.id}-`));
  const env = Object.fromEntries(
    lab.services.map((service) => [ADDRESSES[service], addresses.get(service)!]),
  );
  let output = '';
  try {
    unpack(lab, folder);
    for (const script of ['start', 'judge']) {
      const code = await command(
        ['run', '--silent', script],
        folder,
        env,
        signal,
        (text) => (output += text),
      );
      if (code !== 0) return { code, output };
    }
    return { code: 0, output };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function command(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  said: (text: string) => void,
): Promise<number> {
  return new Promise((resolved, failed) => {
    const child = spawn('npm', args, { cwd, env: { ...process.env, ...env } });
    signal.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
    child.stdout.on('data', (data: Buffer) => said(data.toString()));
    child.stderr.on('data', (data: Buffer) => said(data.toString()));
    child.once('error', failed);
    child.once('close', (code) => resolved(code ?? 1));
  });
}
