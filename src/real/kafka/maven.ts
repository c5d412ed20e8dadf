/**
 * Kafka's artifacts from Maven Central (pom.xml), and our Clients.java compiled against them: in a folder of the machine's
 * temporary one, made once for each state of these two files.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const SOURCE = fileURLToPath(new URL('Clients.java', import.meta.url));
const JAVA_MIN = 17;

const BIN = process.env['JAVA_HOME'] ? join(process.env['JAVA_HOME'], 'bin') : null;
const tool = (name: string): string => (BIN ? join(BIN, name) : name);
export const JAVA = tool('java');

/** @returns what is missing, or null */
export function javaMissing(): string | null {
  const absent = [tool('javac'), 'mvn'].filter((name) => !answers(name));
  if (absent.length > 0)
    return `${absent.join(' and ')} (Debian: apt-get install openjdk-17-jdk-headless maven)`;
  const version = /javac (\d+)/.exec(
    execFileSync(tool('javac'), ['-version'], { encoding: 'utf8', stdio: 'pipe' }),
  );
  return Number(version?.[1] ?? 0) >= JAVA_MIN ? null : `Java ${JAVA_MIN} or newer`;
}

function answers(name: string): boolean {
  try {
    execFileSync(name, ['-version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

let made: Promise<string> | null = null;

/**
 * What `java -cp` is to be given; taken from Maven Central the first time.
 * @throws Error with what Maven or the compiler printed
 */
export function classpath(): Promise<string> {
  return (made ??= make());
}

async function make(): Promise<string> {
  const missing = javaMissing();
  if (missing !== null) throw new Error(`Kafka’s client needs ${missing}`);
  const hash = createHash('sha256');
  for (const file of [POM, SOURCE]) hash.update(readFileSync(file));
  const folder = join(tmpdir(), `brokerbook-kafka-${hash.digest('hex').slice(0, 12)}`);
  const paths = (root: string): string => `${join(root, 'classes')}${delimiter}${join(root, 'lib', '*')}`;
  if (existsSync(folder)) return paths(folder);
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished);
  const run = promisify(execFile);
  await run('mvn', [
    '--quiet',
    '--batch-mode',
    '--file',
    POM,
    'dependency:copy-dependencies',
    `-DoutputDirectory=${join(unfinished, 'lib')}`,
  ]);
  await run(tool('javac'), [
    '-nowarn',
    '-cp',
    `${join(unfinished, 'lib')}/*`,
    '-d',
    join(unfinished, 'classes'),
    SOURCE,
  ]);
  // Another process may have been quicker.
  if (existsSync(folder)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, folder);
  return paths(folder);
}
