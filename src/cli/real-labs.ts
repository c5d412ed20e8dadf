/** `npm run real -- labs [lab…]`: each lab as a reader has it, made in a temporary folder, run on a real broker and judged. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { labFor, labIds } from '../labs/index.ts';
import { ADDRESSES, type Clients, type Lab, type Service } from '../labs/lab.ts';
import { InvalidInput } from '../scenarios/schema.ts';

/** Labs that are run at once, by whose clients they have; they wait for most of their time. */
const AT_ONCE: Readonly<Record<Clients, number>> = { node: 6, java: 2 };

/** Writes a lab's files into a folder, with the book's own packages in the place of `npm install`. */
export function unpack({ files }: Lab, folder: string): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
}

/** Brokers that are up. */
export interface Brokers {
  /** Where they listen. */
  readonly addresses: ReadonlyMap<Service, string>;
  /** Those that were started here: with every plugin and setting that a lab may need. */
  readonly own: ReadonlySet<Service>;
}

/**
 * Runs labs and lets their judges speak. Those that stop their broker start it themselves, one after the other.
 * @param ids all where none is named
 * @returns the exit code: 1 where a lab fails, a claim does not hold, or one that is named cannot be run
 * @throws InvalidInput for an id of none
 */
export async function runLabs(
  ids: readonly string[],
  brokers: Brokers,
  signal: AbortSignal,
): Promise<number> {
  const wrong = ids.filter((id) => !labIds.includes(id));
  if (wrong.length > 0)
    throw new InvalidInput(`${wrong.map((id) => `"${id}"`).join(', ')} is no lab`, [
      `expected one of ${labIds.join(', ')}`,
    ]);
  const labs = await Promise.all((ids.length > 0 ? ids : labIds).map((id) => labFor(id)));
  let failed = 0;
  const one = async (lab: Lab): Promise<void> => {
    const { id } = lab;
    const why = whyNotHere(lab, brokers);
    if (why !== null) {
      console.log(`${id}: left out, ${why}`);
      if (ids.length > 0) failed++;
      return;
    }
    const { code, output } = await ran(lab, brokers.addresses, signal);
    if (code !== 0) failed++;
    console.log(`${id}: ${code === 0 ? 'its claims hold' : `FAILS with exit code ${code}`}\n${output}`);
  };
  const lane = async (some: readonly Lab[], atOnce: number): Promise<void> => {
    const queue = [...some];
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let next = queue.shift(); next && !signal.aborted; next = queue.shift()) await one(next);
      }),
    );
  };
  const guests = labs.filter((lab) => !startsItsOwn(lab));
  await Promise.all(
    (['node', 'java'] as const).map((whose) =>
      lane(
        guests.filter(({ clients }) => clients === whose),
        AT_ONCE[whose],
      ),
    ),
  );
  await lane(labs.filter(startsItsOwn), 1);
  return failed === 0 ? 0 : 1;
}

function startsItsOwn({ needs }: Lab): boolean {
  return needs === 'own';
}

/** @returns why it cannot be run with these brokers, or null */
function whyNotHere(lab: Lab, { addresses, own }: Brokers): string | null {
  const { services, needs, clients } = lab;
  if (startsItsOwn(lab)) return null;
  const lacks = services.filter((service) => !addresses.has(service));
  if (lacks.length > 0)
    return `no ${lacks.join(' and no ')} is up, or named by ${lacks.map((one) => `BROKERBOOK_${one.toUpperCase()}`).join(' and ')}`;
  if (needs === 'plugin' && !own.has('rabbitmq'))
    return 'it needs a plugin, which is on in a broker that was started here';
  if (clients === 'java' && !own.has('kafka'))
    return 'it needs settings that are those of a Kafka that was started here';
  return null;
}

/** As its README says: `npm start`, `npm run judge`; and before and after, where it starts its broker, `up` and `down`. */
async function ran(
  lab: Lab,
  addresses: ReadonlyMap<Service, string>,
  signal: AbortSignal,
): Promise<{ code: number; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), `brokerbook-lab-${lab.id}-`));
  const env = startsItsOwn(lab)
    ? {}
    : Object.fromEntries(lab.services.map((service) => [ADDRESSES[service], addresses.get(service)!]));
  let output = '';
  const run = (script: string): Promise<number> =>
    command(['run', '--silent', script], folder, env, signal, (text) => (output += text));
  let code = 0;
  try {
    unpack(lab, folder);
    try {
      for (const script of [...(startsItsOwn(lab) ? ['up'] : []), 'start', 'judge']) {
        code = await run(script);
        if (code !== 0) break;
      }
    } finally {
      if (startsItsOwn(lab)) await run('down');
    }
    return { code, output };
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
