/** A lab: a folder to take home, as texts by path. Node only: it reads the sources and bundles the judge. */
import { readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { build } from 'esbuild';
import { strToU8, zipSync } from 'fflate';

export interface Lab {
  readonly id: string;
  readonly title: string;
  /** What must listen for it. */
  readonly services: readonly Service[];
  /** What it needs of its broker beyond that it listens. */
  readonly needs: Needs;
  /** Whose library its clients are. */
  readonly clients: Clients;
  /** Texts by their path in the folder. */
  readonly files: Readonly<Record<string, string>>;
}

/** What a lab is made of beside its own texts. */
export interface Recipe {
  readonly id: string;
  readonly title: string;
  /** Programs of the lab, below the project's folder: they come with all that they import, as they are. */
  readonly programs: readonly string[];
  /** What these read beside. */
  readonly read?: readonly string[];
  /** Becomes `judge.mjs`, with the claims that it judges by. */
  readonly judge: string;
  /** Further programs that are bundled, by the names of their files. */
  readonly bundles?: Readonly<Record<string, string>>;
  /** npm scripts by name, beside those that every lab has. */
  readonly scripts: Readonly<Record<string, string>>;
  readonly services: readonly Service[];
  readonly needs: Needs;
  readonly clients: Clients;
  readonly texts: Readonly<Record<string, string>>;
}

export const SERVICES = ['rabbitmq', 'kafka'] as const;
export type Service = (typeof SERVICES)[number];

/**
 * `plugin`: the consistent-hash exchange, which is on in the container and in what is started here. `own`: it is stopped and
 * started, or administered, so that it must be the one that `npm run up` starts, as containers or without Docker.
 */
export type Needs = 'nothing' | 'plugin' | 'own';

/** Java's are processes of their own, of a broker with the settings that are in the lab's compose.yaml. */
export type Clients = 'node' | 'java';

/** The variables that say where else than in its container a broker listens. */
export const ADDRESSES: Readonly<Record<Service, string>> = { rabbitmq: 'AMQP_URL', kafka: 'KAFKA' };

/** What one broker has of a compose.yaml. */
export interface ComposePart {
  /** What stands before the services. */
  readonly shared: string;
  readonly services: string;
  /** By their paths in the lab. */
  readonly files: Readonly<Record<string, string>>;
}

/** A port in a compose.yaml, which src/labs/services/ports.ts sets where the usual one is taken. */
export function portVariable(node: string, name: string, usual: number): string {
  return `\${${node.toUpperCase().replace('-', '_')}_${name}:-${usual}}`;
}

/** Runs TypeScript as it is since; @platformatic/kafka asks for as much. */
export const NODE = '22.22';

/**
 * Makes the folder.
 * @throws Error for an import that leads nowhere
 */
export async function labOf(recipe: Recipe): Promise<Lab> {
  const { id, title, programs, scripts, services, needs, clients, texts } = recipe;
  const sources = { ...withImports(programs), ...asTheyAre(recipe.read ?? []) };
  const files = {
    'README.md': '',
    'compose.yaml': '',
    'package.json': manifest(id, title, scripts, packagesOf(Object.values(sources))),
    'tsconfig.json': TSCONFIG,
    // An older Node would only say that it does not know the extension .ts.
    '.npmrc': 'engine-strict=true\n',
    '.gitignore': 'node_modules/\nrun/\n.env\n',
    LICENSE: readFileSync('LICENSE', 'utf8'),
    'judge.mjs': await bundled(recipe.judge),
    ...(await allBundled(recipe.bundles ?? {})),
    ...texts,
    ...sources,
  };
  return { id, title, services, needs, clients, files };
}

async function allBundled(entries: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const texts = Object.entries(entries).map(
    async ([file, entry]) => [file, await bundled(entry, true)] as const,
  );
  return Object.fromEntries(await Promise.all(texts));
}

/** No clock is asked, so that the same folder is the same file: this is when zips begin to count. */
const ZIP_EPOCH = new Date(1980, 0, 1);

/** The folder as a zip; the same bytes each time. */
export function zipOf({ id, files }: Lab): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).map(([path, text]) => [`${folderOf(id)}/${path}`, strToU8(text)]);
  return zipSync(Object.fromEntries(entries) as Record<string, Uint8Array>, { mtime: ZIP_EPOCH, level: 9 });
}

/** What the zip unpacks to. */
export function folderOf(id: string): string {
  return `brokerbook-${id}`;
}

const IMPORT = /(?:^|\n)(?:import|export)\b[^;]*?\bfrom '([^']+)';/g;

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, from]) => from!);
}

/** Files and all that they import, by path. */
function withImports(programs: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  const queue = [...programs];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (found[path] !== undefined) continue;
    const text = readFileSync(path, 'utf8');
    found[path] = text;
    for (const from of importsOf(text)) if (from.startsWith('.')) queue.push(posix.join(dirname(path), from));
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function asTheyAre(paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

/** Names of the packages that some sources import. */
function packagesOf(texts: readonly string[]): string[] {
  const names = texts.flatMap((text) => importsOf(text)).filter((from) => !/^(\.|node:)/.test(from));
  return [...new Set(names)].sort();
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function manifest(
  id: string,
  title: string,
  scripts: Readonly<Record<string, string>>,
  packages: readonly string[],
): string {
  const ours = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
  const pinned = { ...ours.dependencies, ...ours.devDependencies };
  const versions = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      names.map((name) => {
        const version = pinned[name];
        if (version === undefined) throw new Error(`The book has no version of ${name}, which ${id} needs`);
        return [name, version];
      }),
    );
  const text = {
    name: folderOf(id),
    version: '1.0.0',
    private: true,
    description: title,
    license: 'MIT',
    type: 'module',
    engines: { node: `>=${NODE}` },
    scripts: {
      ...scripts,
      judge: 'node judge.mjs',
      check: 'tsc',
    },
    dependencies: versions(packages),
    devDependencies: versions(['@types/node', 'typescript']),
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

const TSCONFIG = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'es2023',
      lib: ['es2023'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      erasableSyntaxOnly: true,
    },
    include: ['src'],
  },
  null,
  2,
)}\n`;

/** The version that the chapter's commands are of. */
export const KAFKA = 'apache/kafka:4.4.0';

/** As the book's own compose.yaml pins it. */
export function imageOf(service: Service): string {
  const found = new RegExp(`image: (\\S*\\b${service}:\\S+)`).exec(readFileSync('compose.yaml', 'utf8'))?.[1];
  if (found === undefined) throw new Error(`compose.yaml has no image of ${service}`);
  return found;
}

const bundles = new Map<string, Promise<string>>();

/** A program and all that it imports as one file for Node. @param minify where it is large, and nobody is asked to read it */
function bundled(entry: string, minify = false): Promise<string> {
  let bundle = bundles.get(entry);
  if (!bundle) {
    bundle = build({
      entryPoints: [entry],
      bundle: true,
      minify,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node22',
      legalComments: 'none',
      banner: {
        js: '// Bundled from the book’s own sources: made by its build, not by hand.',
      },
    }).then(({ outputFiles }) => outputFiles[0]!.text);
    bundles.set(entry, bundle);
  }
  return bundle;
}
