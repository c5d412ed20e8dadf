// Finds a Chromium that really starts, or installs one. The order: the one named by BROKERBOOK_CHROMIUM;
// Playwright's own; the system's Chromium or Chrome; Playwright's installer; Debian's package when root. A headless shell
// comes before a whole browser: it is what Playwright itself runs without a screen, and takes a quarter less time.
// Needs the packages installed: import it only after `install()`.
// @ts-check
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';
import { run, StepError } from './steps.mjs';

const systemNames = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
];
const systemPlaces = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * Why a browser does not start, or nothing when it does: a file alone may be a stub, or lack libraries.
 * @param {string} executablePath
 */
async function trial(executablePath) {
  try {
    const browser = await chromium.launch({ executablePath, timeout: 60_000 });
    await browser.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function systemCandidates() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const named = systemNames.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...named, ...systemPlaces].filter((path) => existsSync(path));
}

/**
 * The path of a Chromium that starts.
 * @returns {Promise<string>}
 * @throws {StepError} when there is none and none can be installed
 */
export async function findChromium() {
  const chosen = process.env.BROKERBOOK_CHROMIUM;
  if (chosen) {
    const problem = await trial(chosen);
    if (problem === undefined) return found(chosen, 'named by BROKERBOOK_CHROMIUM');
    throw new StepError(
      `BROKERBOOK_CHROMIUM is "${chosen}", and that does not start:\n${problem}`,
      'Name a Chromium that does, or unset it to have one found.',
    );
  }
  const own = chromium.executablePath();
  const candidates = [...(existsSync(own) ? [own] : []), ...systemCandidates()];
  for (const candidate of candidates) {
    const problem = await trial(candidate);
    if (problem === undefined)
      return found(candidate, candidate === own ? "Playwright's own" : "the system's");
    console.log(`  ${candidate} does not start: ${problem.split('\n')[0]}`);
  }
  console.log('  none found; asking Playwright to install one (playwright install chromium)');
  await run('playwright install chromium --no-shell', { timeoutMs: 300_000 });
  if (existsSync(own) && (await trial(own)) === undefined) return found(own, 'installed by Playwright');
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log("  that did not help; installing Debian's package (apt-get install chromium-headless-shell)");
    const install = (/** @type {string} */ name) =>
      `DEBIAN_FRONTEND=noninteractive apt-get install -y -q ${name}`;
    await run(`apt-get update -q && (${install('chromium-headless-shell')} || ${install('chromium')})`, {
      timeoutMs: 600_000,
    });
    for (const candidate of [own, ...systemCandidates()])
      if (existsSync(candidate) && (await trial(candidate)) === undefined)
        return found(candidate, 'installed from Debian');
  }
  throw new StepError(
    'There is no Chromium that starts, and none could be installed.',
    'Install Chromium or Chrome, or set BROKERBOOK_CHROMIUM to the path of one.',
  );
}

/**
 * @param {string} path
 * @param {string} origin
 */
function found(path, origin) {
  console.log(`  ${path} (${origin})`);
  return path;
}
