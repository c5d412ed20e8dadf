// The steps that `npm start`, `npm run dev` and `npm test` share: say what is done and how long it took,
// run a command under the project's own Node, install what is missing.
// Plain JavaScript without dependencies: it runs on Node 20, before anything is installed.
// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the project, without a trailing slash. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

const windows = process.platform === 'win32';
const binaries = join(root, 'node_modules', '.bin');

/** What Astro asks of Node; the package `node` brings a newer one than this. */
const nodeMinimum = /** @type {const} */ ([22, 12]);

/** A failure whose message is written for the person at the terminal; no stack trace is shown for it. */
export class StepError extends Error {
  /**
   * @param {string} message what went wrong
   * @param {string} advice what to do about it
   */
  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

/**
 * Whole and tenths of seconds since a moment.
 * @param {number} startedMs from `performance.now()`
 */
export const elapsed = (startedMs) => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;

/**
 * Announces a piece of work, does it, and says how long it took.
 * @template T
 * @param {string} title what is about to happen, said before it does
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const startedMs = performance.now();
  console.log(`\n> ${title}`);
  try {
    const result = await work();
    console.log(`  done in ${elapsed(startedMs)}`);
    return result;
  } catch (error) {
    console.log(`  failed after ${elapsed(startedMs)}`);
    throw error;
  }
}

/** The environment of every command: the project's binaries first, and no telemetry. */
function environment() {
  const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  return {
    ...process.env,
    [pathName]: [binaries, process.env[pathName]].filter(Boolean).join(delimiter),
    ASTRO_TELEMETRY_DISABLED: '1',
  };
}

/**
 * Runs a command to its end.
 * @param {string} command a command line of our own making, never of input
 * @param {{ env?: Record<string, string>, quiet?: boolean, timeoutMs?: number }} [options] `quiet` keeps the
 *   output for the caller instead of showing it as it comes; a command that outlives `timeoutMs` is stopped
 * @returns {Promise<{ code: number, output: string }>} the exit code, 1 when a signal ended it
 */
export function run(command, { env = {}, quiet = false, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      cwd: root,
      env: { ...environment(), ...env },
      shell: true,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Whether node_modules holds what package-lock.json asks for, package by package. */
function installed() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(marker)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(marker, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = present[path];
    // A package for another platform is absent and has to be.
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version;
  });
}

/** The version of the Node that commands of this project get, e.g. [24, 21]; [0, 0] when there is none. */
function nodeVersion() {
  const { stdout } = spawnSync('node -p process.versions.node', {
    cwd: root,
    env: environment(),
    shell: true,
    encoding: 'utf8',
  });
  const [major = 0, minor = 0] = (stdout ?? '').trim().split('.').map(Number);
  return /** @type {[number, number]} */ ([major || 0, minor || 0]);
}

function nodeSuffices() {
  const [major, minor] = nodeVersion();
  return major > nodeMinimum[0] || (major === nodeMinimum[0] && minor >= nodeMinimum[1]);
}

/**
 * Installs the packages of package-lock.json when they are not there, and makes sure that a Node new enough
 * for Astro is first in the path of what follows.
 * @throws {StepError} when either cannot be had
 */
export async function install() {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 20)
    throw new StepError(
      `This is Node ${process.versions.node}.`,
      'Install Node 20 or newer: https://nodejs.org',
    );
  if (!installed())
    await step('Install the packages of package-lock.json (npm ci)', async () => {
      // Warnings about the engine are about the Node that runs npm, not the one that the packages will get.
      const { code } = await run('npm ci --no-audit --no-fund --loglevel=error');
      if (code !== 0)
        throw new StepError(
          `npm ci ended with code ${code}.`,
          'Read its message above; it needs the npm registry. Then run the command again.',
        );
    });
  if (!nodeSuffices())
    await step('Fetch the Node that the build needs (npm rebuild node)', async () => {
      // npm was told somewhere not to run install scripts; the script of the package `node` brings its binary.
      await run('npm rebuild node --ignore-scripts=false --loglevel=error');
      if (!nodeSuffices())
        throw new StepError(
          `The build needs Node ${nodeMinimum.join('.')} or newer, and this is Node ${nodeVersion().join('.')}.`,
          windows
            ? 'Install a newer Node: https://nodejs.org'
            : 'Allow the install script of the package "node" (npm config ignore-scripts), or install a newer Node.',
        );
    });
}

/**
 * Runs a command's main function; a StepError is told in words, anything else with its stack.
 * @param {() => Promise<void>} main
 */
export async function command(main) {
  try {
    await main();
  } catch (error) {
    process.exitCode = 1;
    if (!(error instanceof StepError)) throw error;
    console.error(`\n${error.message}\nWhat to do: ${error.advice}`);
  }
}
