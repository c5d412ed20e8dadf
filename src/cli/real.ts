/**
 * `npm run real -- up|down|status|record|check|differ|labs …`: the book's scenarios on real brokers (docs/fidelity.md).
 *
 * Exit code 0 when all is well, 1 when a claim does not hold, a broker behaves otherwise than was recorded, or something
 * cannot be started or reached; 2 for bad input.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Driver } from '../real/driver.ts';
import { WAYS, type Installation, type Way } from '../real/installation.ts';
import { SERVICES, type Service } from '../labs/lab.ts';
import { drivers } from '../real/index.ts';
import { addressProblem, atAddress, deadOf, Installations } from '../real/installations.ts';
import { Recorder } from '../real/recorder.ts';
import { type BrokerId, type Scenario, InvalidInput, parseScenario } from '../scenarios/schema.ts';
import { partedLanes } from '../scenarios/lanes.ts';
import { scenarioById } from '../scenarios/library.ts';
import {
  parseRecording,
  recordingOf,
  recordingText,
  sameBehaviour,
  traceOfRecording,
  type Made,
  type Recording,
} from '../scenarios/recording.ts';
import { differences, drawnIn, heldBy, hurtsBroker, parting, realScenarios } from '../scenarios/real.ts';
import { runLabs } from './real-labs.ts';
import { parseSeed, readJson } from './scenario-input.ts';

const brokers = [...drivers.keys()];

const USAGE = `usage: npm run real -- up [broker…] [--way ${WAYS.join('|')}] [--nodes N] [--address URL]
       npm run real -- down [broker…]
       npm run real -- status [broker…]
       npm run real -- record [scenario or file…] [--address URL]
       npm run real -- check [scenario or file…] [--address URL]
       npm run real -- differ <broker> [what] [--runs N] [--shrinks N] [--seed S] [--address URL]
       npm run real -- labs [lab…] [--address URL]
brokers: ${brokers.join(', ')}
scenarios: ${Object.values(realScenarios).flat().join(', ')}`;

const RECORDINGS = fileURLToPath(new URL('../../tests/recordings/', import.meta.url));
/** Below it, recordings of scenarios that are none of the book's: the model and a broker were found to part in them. */
const FOUND = '*/found/*.json';
const NODES_MAX = 9;
/** Runs that make a disagreement smaller, where nobody says how many. */
const SHRINKS = 60;

interface Options {
  readonly way: Way | null;
  readonly nodes: number;
  readonly address: string | null;
  /** Null where nobody says: as many as a kind of differential runs has by itself. */
  readonly runs: number | null;
  readonly shrinks: number;
  readonly seed: number;
}

const installations = new Installations();
/** A run that is interrupted still takes away what it has made. */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupted.abort());

function driverOf(broker: string): Driver {
  const driver = drivers.get(broker as BrokerId);
  if (driver) return driver;
  throw new InvalidInput(`There is no driver for "${broker}"`, [`expected one of ${brokers.join(', ')}`]);
}

const named = (names: readonly string[]): Driver[] => (names.length > 0 ? names : brokers).map(driverOf);

// The brokers.

async function up(names: readonly string[], options: Options): Promise<number> {
  for (const driver of named(names)) {
    const there = installations.of(driver.broker);
    if (there && deadOf(there).length === 0) {
      console.log(`${driver.name} is up already: ${described(there)}`);
      continue;
    }
    // What is left of one that has died.
    if (there) await end(driver, there);
    const installation = await started(driver, options);
    installations.keep(installation);
    const { broker } = await driver.made(installation);
    console.log(`${broker.name} ${broker.version} is up: ${described(installation)}`);
  }
  return 0;
}

async function started(driver: Driver, { way, nodes, address }: Options): Promise<Installation> {
  const { broker, name, starters } = driver;
  const given = address ?? process.env[addressVariable(broker)] ?? null;
  if (way === 'address' || (way === null && given !== null)) return reached(driver, given ?? driver.address);
  const missing: string[] = [];
  for (const starter of starters) {
    if (way !== null && starter.way !== way) continue;
    const lacks = starter.missing();
    if (lacks !== null) {
      missing.push(`${starter.way}: needs ${lacks}`);
      continue;
    }
    console.log(`${name}: starting ${nodes === 1 ? 'a node' : `${nodes} nodes`} by ${starter.way} …`);
    try {
      return await starter.start(installations.newFolder(broker), nodes);
    } catch (error) {
      const others = starters.filter((other) => other !== starter && other.missing() === null);
      const hint = others.map((other) => `--way ${other.way}`).join(' or ');
      throw new Error(`${reason(error)}${hint === '' ? '' : `\nAnother way that is there: ${hint}`}`, {
        cause: error,
      });
    }
  }
  missing.push(`address: give --address, or ${addressVariable(broker)}, such as ${driver.address}`);
  throw new Error(`${name} cannot be started here:\n${missing.map((line) => `  ${line}`).join('\n')}`);
}

function addressVariable(broker: BrokerId): string {
  return `BROKERBOOK_${broker.toUpperCase()}`;
}

async function reached(driver: Driver, url: string): Promise<Installation> {
  const problem = addressProblem(url);
  if (problem !== null) throw new InvalidInput('The command is wrong', [`--address: ${problem}`]);
  const installation = atAddress(driver.broker, url);
  try {
    await driver.made(installation);
  } catch (error) {
    throw new Error(`${driver.name} does not answer at ${new URL(url).host}: ${reason(error)}`, {
      cause: error,
    });
  }
  return installation;
}

async function end(driver: Driver, installation: Installation): Promise<void> {
  await driver.starters.find(({ way }) => way === installation.way)?.stop(installation);
  installations.forget(installation);
}

async function down(names: readonly string[]): Promise<number> {
  for (const driver of named(names)) {
    const installation = installations.of(driver.broker);
    if (!installation) {
      console.log(`${driver.name} is not up`);
      continue;
    }
    await end(driver, installation);
    console.log(`${driver.name} is ${installation.way === 'address' ? 'left to whoever runs it' : 'down'}`);
  }
  return 0;
}

async function status(names: readonly string[]): Promise<number> {
  let code = 0;
  for (const driver of named(names)) {
    const installation = installations.of(driver.broker);
    if (!installation) {
      const ways = driver.starters.map((starter) => {
        const lacks = starter.missing();
        return `  ${starter.way}: ${lacks === null ? 'can start it here' : `needs ${lacks}`}`;
      });
      console.log([`${driver.name} is not up`, ...ways].join('\n'));
      continue;
    }
    const dead = deadOf(installation);
    if (dead.length > 0) {
      console.log(`${driver.name}: ${dead.join(', ')} has died; npm run real -- down ${driver.broker}`);
      code = 1;
      continue;
    }
    try {
      const { broker } = await driver.made(installation);
      console.log(`${broker.name} ${broker.version} is up: ${described(installation)}`);
    } catch (error) {
      console.log(`${driver.name} does not answer: ${reason(error)}`);
      code = 1;
    }
  }
  return code;
}

function described({ way, urls, nodes, folder }: Installation): string {
  const where = urls.map((url) => new URL(url).host).join(', ');
  const pids = nodes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  return [
    `${way}, at ${where}`,
    ...(pids.length > 0 ? [`process ${pids.join(', ')}`] : []),
    ...(folder === null ? [] : [`data in ${folder}`]),
  ].join('; ');
}

function reason(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message === '' ? (code ?? 'no reason given') : message;
}

// The scenarios.

interface Chosen {
  readonly scenario: Scenario;
  /** Where it is none of the book's, but one that was found: itself, and the file that it came from. */
  readonly found: { readonly asked: NonNullable<Recording['asked']>; readonly file: string } | null;
}

interface Ran extends Chosen {
  readonly recording: Recording;
}

/** Scenarios by broker: those that are named, by id or by file, or all of them and all that were found. */
function chosen(names: readonly string[]): Map<BrokerId, Chosen[]> {
  const known = Object.values(realScenarios).flat();
  const wrong = names.filter((name) => !known.includes(name) && !isFile(name));
  if (wrong.length > 0)
    throw new InvalidInput(`${wrong.map((id) => `"${id}"`).join(', ')} cannot be run for real`, [
      `expected a .json file that differ or record has written, or one of ${known.join(', ')}`,
    ]);
  const byBroker = new Map<BrokerId, Chosen[]>();
  for (const name of names.length > 0 ? names : [...known, ...globSync(join(RECORDINGS, FOUND)).sort()]) {
    const one = isFile(name) ? foundIn(name) : { scenario: scenarioById(name), found: null };
    const { broker } = one.scenario.system;
    byBroker.set(broker, [...(byBroker.get(broker) ?? []), one]);
  }
  return byBroker;
}

const isFile = (name: string): boolean => name.endsWith('.json');

/** What differ has written, a recording of such, or a scenario by itself. */
function foundIn(file: string): Chosen {
  const input = readJson(file) as { readonly asked?: unknown; readonly scenario?: unknown } | null;
  const asked = input?.asked ?? (typeof input?.scenario === 'object' ? input.scenario : input);
  const scenario = parseScenario(asked);
  if (Object.values(realScenarios).flat().includes(scenario.id))
    throw new InvalidInput(`${file} cannot be recorded`, [
      `id: expected another one than those of the book, got "${scenario.id}"`,
    ]);
  return { scenario, found: { asked: asked as NonNullable<Recording['asked']>, file } };
}

async function installationOf(driver: Driver, address: string | null): Promise<Installation> {
  if (address !== null) return reached(driver, address);
  const installation = installations.of(driver.broker);
  if (installation) return installation;
  throw new Error(`${driver.name} is not up: npm run real -- up ${driver.broker}`);
}

/**
 * Runs scenarios, some at once; those that hurt the broker alone and last.
 * @param isNamed whether somebody has asked for these: one that cannot be run is an error then
 * @param each is told of each when it is over
 * @returns how many went wrong
 */
async function runAll(
  all: readonly Chosen[],
  driver: Driver,
  start: Installation,
  isNamed: boolean,
  each: (ran: Ran) => boolean,
): Promise<number> {
  let installation = start;
  let wrong = 0;
  const made = await driver.made(installation);
  const one = async ({ scenario, found }: Chosen): Promise<void> => {
    const refusal = driver.refusal(scenario, installation, made);
    if (refusal !== null) {
      console.log(`${scenario.id}: left out, ${refusal}`);
      if (isNamed) wrong++;
      return;
    }
    const observed = await driver.run(scenario, installation, {
      recorder: new Recorder(),
      signal: interrupted.signal,
      changed: (after) => installations.keep((installation = after)),
    });
    const recording = recordingFor({ scenario, found }, observed, made);
    if (!each({ scenario, found, recording })) wrong++;
  };
  const tried = async (chosen: Chosen): Promise<void> => {
    if (interrupted.signal.aborted) return;
    try {
      await one(chosen);
    } catch (error) {
      wrong++;
      console.error(`${chosen.scenario.id}: ${reason(error)}`);
    }
  };
  const alone = all.filter(({ scenario }) => hurtsBroker(scenario));
  const together = all.filter(({ scenario }) => !hurtsBroker(scenario));
  const queue = [...together];
  await Promise.all(
    Array.from({ length: driver.atOnce }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await tried(next);
    }),
  );
  for (const one of alone) await tried(one);
  return wrong;
}

function recordingFor(
  { scenario, found }: Chosen,
  observed: Parameters<typeof recordingOf>[0],
  made: Made,
): Recording {
  return recordingOf(observed, {
    scenario: scenario.id,
    broker: scenario.system.broker,
    asked: found?.asked,
    made,
    drawn: drawnIn(scenario, observed),
    recordedAt: new Date().toISOString(),
    command: `npm run real -- record ${found ? `tests/recordings/${scenario.system.broker}/found/${scenario.id}.json` : scenario.id}`,
  });
}

function fileOf({ broker, scenario, asked }: Recording): string {
  return join(RECORDINGS, broker, ...(asked ? ['found'] : []), `${scenario}.json`);
}

/** Prints the verdicts on both. @returns whether the model and the broker agree */
function judged({ scenario, found, recording }: Ran): boolean {
  const { name, version } = recording.made.broker;
  const held = heldBy(scenario, traceOfRecording(recording), version);
  const parts = [
    ...held.flatMap((one) => parting(one) ?? []),
    ...differences(scenario, traceOfRecording(recording), version),
    ...(found ? partedLanes(scenario, traceOfRecording(recording), version) : []),
  ];
  const shown = held.filter(({ real }) => real.status === 'holds');
  console.log(`${scenario.id}: ${shown.length} of ${held.length} claims hold on ${name} ${version}`);
  for (const { claim, real } of shown)
    console.log(`  holds  ${claim.id}${real.status === 'holds' ? ` (${real.cases})` : ''}`);
  for (const text of parts) console.log(`  PARTS  ${text}`);
  return parts.length === 0;
}

async function record(ids: readonly string[], { address }: Options): Promise<number> {
  return overBrokers(ids, address, (ran) => {
    const { recording } = ran;
    const file = fileOf(recording);
    const before = existsSync(file) ? parseRecording(JSON.parse(readFileSync(file, 'utf8'))) : null;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, recordingText(recording));
    const agrees = judged(ran);
    const said = !before
      ? 'recorded'
      : sameBehaviour(before, recording)
        ? 'as recorded before'
        : 'CHANGED since it was recorded';
    console.log(`  ${said}`);
    return agrees && !(before && !sameBehaviour(before, recording));
  });
}

async function check(ids: readonly string[], { address }: Options): Promise<number> {
  return overBrokers(ids, address, judged);
}

async function overBrokers(
  ids: readonly string[],
  address: string | null,
  each: (ran: Ran) => boolean,
): Promise<number> {
  let wrong = 0;
  for (const [broker, all] of chosen(ids)) {
    const driver = driverOf(broker);
    wrong += await runAll(all, driver, await installationOf(driver, address), ids.length > 0, each);
  }
  return wrong === 0 ? 0 : 1;
}

/** Asks model and broker the same at random; what they part in is written down, for a scenario of the book. */
async function disagree(
  names: readonly string[],
  { address, runs, shrinks, seed }: Options,
): Promise<number> {
  const [name, only, ...rest] = names;
  if (name === undefined || rest.length > 0)
    throw new InvalidInput('The command is wrong', [`differ: expected one of ${brokers.join(', ')}`]);
  const driver = driverOf(name);
  const kinds = Object.keys(driver.differentials);
  if (only !== undefined && !kinds.includes(only))
    throw new InvalidInput('The command is wrong', [
      `differ ${name}: expected one of ${kinds.join(', ')}, got "${only}"`,
    ]);
  const installation = await installationOf(driver, address);
  const { broker } = await driver.made(installation);
  let code = 0;
  for (const [what, differential] of Object.entries(driver.differentials)) {
    if (only !== undefined && what !== only) continue;
    const asked = { runs: runs ?? differential.runs, seed, shrinks, version: broker.version };
    const tell = (line: string): void => console.log(`  ${what}: ${line}`);
    const found = await differential.differ(installation, { ...asked, tell });
    if (!found) {
      console.log(
        `${broker.name} ${broker.version} and the model agree in ${asked.runs} ${what}, seed ${seed}`,
      );
      continue;
    }
    const file = join(installations.newFolder(driver.broker), 'disagreement.json');
    const scenario = { ...found.scenario, id: `${name}-${what}-${seed}` };
    writeFileSync(file, JSON.stringify({ ...found, scenario }, null, 2));
    console.log(`${broker.name} ${broker.version} and the model part in ${what}, seed ${seed}: ${file}`);
    console.log(`  model   ${JSON.stringify(found.simulated)}`);
    console.log(`  broker  ${JSON.stringify(found.real)}`);
    console.log(`  to keep it: npm run real -- record ${file}`);
    code = 1;
  }
  return code;
}

/** Where brokers listen, for labs: the one that is named by its address, and those that are up or given. */
function addressesFor(address: string | null): Map<Service, string> {
  const all = new Map<Service, string>();
  for (const service of SERVICES) {
    const there = process.env[`BROKERBOOK_${service.toUpperCase()}`] ?? installations.of(service)?.urls[0];
    if (there !== undefined) all.set(service, there);
  }
  if (address !== null) all.set(address.startsWith('amqp') ? 'rabbitmq' : 'kafka', address);
  return all;
}

async function labs(ids: readonly string[], { address }: Options): Promise<number> {
  const addresses = addressesFor(address);
  const own = SERVICES.filter((service) => {
    const here = installations.of(service);
    return here !== undefined && here.nodes.length > 0 && addresses.get(service) === here.urls[0];
  });
  return runLabs(ids, { addresses, own: new Set(own) }, interrupted.signal);
}

// The command.

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      way: { type: 'string' },
      nodes: { type: 'string' },
      address: { type: 'string' },
      runs: { type: 'string' },
      shrinks: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const wrong = (problem: string): never => {
    throw new InvalidInput('The command is wrong', [problem, USAGE]);
  };
  const way = WAYS.find((known) => known === values.way) ?? null;
  if (values.way !== undefined && way === null)
    wrong(`--way: expected ${WAYS.join(' | ')}, got "${values.way}"`);
  const nodes = Number(values.nodes ?? 1);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX)
    wrong(`--nodes: expected an integer from 1 to ${NODES_MAX}, got "${values.nodes ?? ''}"`);
  const runs = values.runs === undefined ? null : Number(values.runs);
  if (runs !== null && (!Number.isInteger(runs) || runs < 1))
    wrong(`--runs: expected a whole number from 1, got "${values.runs ?? ''}"`);
  const shrinks = Number(values.shrinks ?? SHRINKS);
  if (!Number.isInteger(shrinks) || shrinks < 0 || values.shrinks === '')
    wrong(`--shrinks: expected a whole number from 0, got "${values.shrinks ?? ''}"`);
  // Another one each time, unless it is asked for: it is printed.
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : parseSeed(values.seed);
  const options = { way, nodes, address: values.address ?? null, runs, shrinks, seed };
  const [command, ...rest] = positionals;
  switch (command) {
    case 'up':
      return up(rest, options);
    case 'down':
      return down(rest);
    case 'status':
      return status(rest);
    case 'record':
      return record(rest, options);
    case 'check':
      return check(rest, options);
    case 'differ':
      return disagree(rest, options);
    case 'labs':
      return labs(rest, options);
    default:
      return wrong(
        `expected up, down, status, record, check, differ or labs, got ${command === undefined ? 'nothing' : `"${command}"`}`,
      );
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const badInput =
    error instanceof InvalidInput ||
    String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
  console.error(reason(error));
  process.exitCode = badInput ? 2 : 1;
}
