// Each lab as a reader has it: the folder is whole, its commands are there, its sources compile where nothing else of the
// book is, its judge tells right from wrong, and its zip is the same each time. `npm run real -- labs` runs them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { unpack } from '../../src/cli/real-labs.ts';
import { whyNot } from '../../src/labs/home.ts';
import { labFor, labIds } from '../../src/labs/index.ts';
import { folderOf, zipOf, type Lab } from '../../src/labs/lab.ts';
import { experiments } from '../../src/scenarios/library.ts';
import { parseRecording, traceOfRecording } from '../../src/scenarios/recording.ts';

/** A zip is a short wait on a phone. */
const ZIP_MAX_BYTES = 100_000;

const folder = mkdtempSync(join(tmpdir(), 'brokerbook-labs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const labs = await Promise.all(labIds.map((id) => labFor(id)));
const byId = new Map(labs.map((lab) => [lab.id, lab]));
/** Labs whose sources are the same compile alike. */
const distinct = [...new Map(labs.map((lab) => [sourcesOf(lab), lab])).values()];

function sourcesOf({ files }: Lab): string {
  return Object.keys(files)
    .filter((path) => path.startsWith('src/'))
    .join(' ');
}

/** Runs one of its commands. @returns what it printed and its exit code */
function node(cwd: string, ...args: string[]): { code: number; output: string } {
  try {
    return {
      code: 0,
      output: execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: 'pipe' }),
    };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, output: stdout + stderr };
  }
}

function unpacked(lab: Lab): string {
  const own = mkdtempSync(join(folder, `${lab.id}-`));
  unpack(lab, own);
  return own;
}

describe.each(labs)('$id', (lab) => {
  const { files } = lab;
  const { scripts, dependencies } = JSON.parse(files['package.json']!) as {
    scripts: Record<string, string>;
    dependencies: Record<string, string>;
  };

  it('has what a reader needs', () => {
    for (const path of ['README.md', 'compose.yaml', 'package.json', 'tsconfig.json', 'judge.mjs', 'LICENSE'])
      expect(files[path], path).toBeTruthy();
    for (const service of lab.services) expect(files['compose.yaml']).toMatch(`  ${service}:\n    image: `);
    for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d/);
  });

  it('names in its README only commands and files that are there', () => {
    const readme = files['README.md']!;
    const named = [...readme.matchAll(/npm run ([a-z-]+)/g)].map(([, script]) => script!);
    expect(named).toEqual(expect.arrayContaining(['up', 'judge', 'down']));
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    expect(scripts['start']).toBeTruthy();
    for (const [, path] of Object.values(scripts)
      .join('\n')
      .matchAll(/^node (\S+)/gm))
      expect(files).toHaveProperty([path!]);
    for (const [, path] of readme.matchAll(/`(src\/[^` ]+)`/g))
      expect(
        Object.keys(files).some((file) => file.startsWith(path!)),
        path,
      ).toBe(true);
  });

  it('is a small zip that opens, and the same one each time', async () => {
    const zip = zipOf(lab);
    expect(zip.length).toBeLessThan(ZIP_MAX_BYTES);
    expect(Buffer.from(zipOf(await labFor(lab.id))).equals(Buffer.from(zip))).toBe(true);
    const opened = Object.entries(unzipSync(zip)).map(([path, bytes]) => [path, strFromU8(bytes)]);
    const all = Object.entries(files).map(([path, text]) => [`${folderOf(lab.id)}/${path}`, text]);
    expect(Object.fromEntries(opened)).toEqual(Object.fromEntries(all));
  });
});

it.each(distinct)('the sources of $id compile by themselves', (lab) => {
  const own = unpacked(lab);
  expect(node(own, 'node_modules/typescript/bin/tsc')).toEqual({ code: 0, output: '' });
});

describe('the judge of an experiment', () => {
  const recorded = traceOfRecording(
    parseRecording(
      JSON.parse(readFileSync('tests/recordings/rabbitmq/rabbitmq-exchange-types.json', 'utf8')),
    ),
  );
  const judged = (events: readonly object[]): { code: number; output: string } => {
    const own = unpacked(byId.get('rabbitmq-exchange-types')!);
    writeFileSync(join(own, 'events.jsonl'), events.map((event) => JSON.stringify(event)).join('\n'));
    return node(own, 'judge.mjs', 'events.jsonl');
  };

  it('says of what a real broker did that each claim holds', () => {
    const { code, output } = judged(recorded);
    expect(output).toMatch(/^holds +A topic exchange goes by words/m);
    expect(output).not.toMatch(/^(FAILS|not shown)/m);
    expect(code).toBe(0);
  });

  it('names the event of a broker that routes otherwise', () => {
    const { code, output } = judged(
      recorded.map((event) =>
        event.kind === 'published' && event.to === 'by-words' ? { ...event, routingKey: 'nowhere' } : event,
      ),
    );
    expect(output).toMatch(/^FAILS +A topic exchange goes by words.*\n +at \d/m);
    expect(code).toBe(1);
  });

  it('holds nothing where nothing happened', () => {
    expect(judged([]).output).toMatch(/^not shown /m);
    expect(judged([]).code).toBe(1);
  });

  it('says that there is nothing to judge', () => {
    const { code, output } = node(unpacked(byId.get('rabbitmq-exchange-types')!), 'judge.mjs');
    expect(output).toMatch(/npm start writes it/);
    expect(code).toBe(2);
  });
});

it('says of every experiment that is no lab why not', () => {
  for (const experiment of experiments) {
    const why = whyNot(experiment);
    if (why === null) expect(labIds).toContain(experiment.id);
    else expect(why, experiment.id).toMatch(/^[a-z].*[^.]$/);
  }
});
