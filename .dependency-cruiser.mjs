// Imports run one way only (docs/architecture.md). Each folder of src says here what it may know; the rest is an
// error. tests/architecture holds the source to it and shows that each rule bites.
// `npx depcruise src --config` prints the same.

/**
 * A folder that may import itself and what is listed, and nothing else.
 * @param {string} folder below src
 * @param {string[]} known regular expressions of what else it may import, from the root of the project
 * @param {string} comment why
 */
const knows = (folder, known, comment) => ({
  name: `${folder}-knows`,
  severity: 'error',
  comment,
  from: { path: `^src/${folder}/` },
  to: { pathNot: [`^src/${folder}/`, ...known] },
});

const sim = '^src/sim/';
const brokers = '^src/brokers/';
const claims = '^src/claims/';
const scenarios = '^src/scenarios/';
const pure = [sim, brokers, claims, scenarios];
const validator = '(^|/)node_modules/valibot/';
/**
 * What of the core the page may run: names and bounds, no model. How a process is called, so that a stage says it as the
 * captions do; the bounds of a view; of a broker's command-line tools what tab completion needs at each key; and how a
 * router holds a key or headers against a binding, which the page shows while they are typed.
 */
const words = [
  '^src/sim/names\\.ts$',
  '^src/brokers/[^/]+/view-types\\.ts$',
  '^src/brokers/[^/]+/console/(index|complete|options|programs|topic-configs|admin2?-commands)\\.ts$',
  '^src/brokers/[^/]+/routing/explain-[a-z]+\\.ts$',
];
const view = '(^|/)node_modules/(preact|@preact/signals|@preact/signals-core|uplot)/';
/** The reader's notes are Markdown. */
const markdown = '(^|/)node_modules/markdown-it/';

export default {
  forbidden: [
    knows('sim', [], 'The kernel knows nobody: it would run any system.'),
    knows('brokers', [sim, validator], 'A model speaks to the kernel only; it is judged and run by others.'),
    knows(
      'claims',
      [sim],
      'A claim reads traces: it judges any broker, real or modelled, by the same events.',
    ),
    knows(
      'scenarios',
      [sim, brokers, claims, validator],
      'Scenarios join models, claims and the kernel to runs.',
    ),
    knows('worker', [...pure, validator], 'The worker is the pure core behind messages.'),
    knows('client', ['^src/worker/protocol\\.ts$', view], 'The page meets the worker by its protocol alone.'),
    knows('storage', [validator, view], 'What the reader keeps depends on nothing that we may rebuild.'),
    knows(
      'widgets',
      ['^src/client/', '^src/storage/', ...pure, view, markdown],
      'A widget shows what the client tells it and keeps what storage holds.',
    ),
    {
      name: 'widgets-know-the-core-by-types',
      severity: 'error',
      comment: 'Simulator code in a widget would run on the thread that draws, and weigh on the first load.',
      from: { path: '^src/widgets/' },
      to: { path: pure, pathNot: words, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'words-are-only-words',
      severity: 'error',
      comment: 'The page loads them: whatever they import comes along, up to the model itself.',
      from: { path: words },
      to: { pathNot: words, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'protocol-knows-the-core-by-types',
      severity: 'error',
      comment: 'The protocol may name types of the core; with its code the page would carry the simulator.',
      from: { path: '^src/worker/protocol\\.ts$' },
      to: { path: pure, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-imports-real-or-cli',
      severity: 'error',
      comment:
        'Both are ends of the way: what others need of them belongs elsewhere. Programs of a lab run on their own.',
      from: { path: '^src/', pathNot: '^src/(real|cli|labs/[a-z-]+)/' },
      to: { path: '^src/(real|cli)/' },
    },
    {
      name: 'nothing-imports-programs-of-labs',
      severity: 'error',
      comment: 'They are handed out as they are, and begin to work when they are read.',
      from: { path: '^src/', pathNot: '^src/labs/[a-z-]+/' },
      to: { path: '^src/labs/[a-z-]+/', pathNot: '^src/labs/recipes/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need one another are one file, or have a third one between them.',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'An import that leads nowhere, or to a package that package.json does not name.',
      from: { path: '^src/' },
      to: { couldNotResolve: true, pathNot: '^(astro|virtual):|^virtual:|\\.astro$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    detectJSDocImports: false,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
};
