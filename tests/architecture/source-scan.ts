// Reads source as a syntax tree and reports what the house forbids: in the pure folders whatever brings in a clock,
// chance, the page or the outside; anywhere else the doors that only one folder may use.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import ts from 'typescript';

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** `path:line what`, as an editor can open it. */
export type Finding = string;

const scanned = new Set(['.ts', '.tsx', '.js', '.mjs', '.astro']);

/** Every source file below a folder. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && scanned.has(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/**
 * The script in a file with everything else blanked out, so that lines keep their numbers: all of a TypeScript
 * file; the frontmatter and the script elements of an Astro one.
 */
function scriptOf(path: string, text: string): string {
  if (!path.endsWith('.astro')) return text;
  const blank = (part: string): string => part.replace(/[^\n]/g, ' ');
  const frontmatter = /^---\n[\s\S]*?\n---/.exec(text)?.[0] ?? '';
  let script = frontmatter.replace(/^---|---$/g, '   ');
  let place = frontmatter.length;
  for (const match of text.slice(place).matchAll(/(<script\b[^>]*>)([\s\S]*?)<\/script>/g)) {
    const start = frontmatter.length + match.index + match[1]!.length;
    script += `${blank(text.slice(place, start))};${match[2]!}`;
    place = start + match[2]!.length;
  }
  return script;
}

function parse(path: string, text: string): ts.SourceFile {
  const kind = path.endsWith('.tsx') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  return ts.createSourceFile(path, scriptOf(path, text), ts.ScriptTarget.Latest, true, kind);
}

function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

function finding(source: ts.SourceFile, node: ts.Node, what: string): Finding {
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`;
}

/** What a file imports, statically or not, as written. */
export function importsOf(path: string, text: string): string[] {
  const found: string[] = [];
  for (const node of nodesOf(parse(path, text))) {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier)
      found.push((node.moduleSpecifier as ts.StringLiteral).text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      if (node.arguments[0] && ts.isStringLiteralLike(node.arguments[0])) found.push(node.arguments[0].text);
  }
  return found;
}

/** Whether a name stands for a value of its own, and not for a property, a key or a label of that name. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isJsxAttribute(parent) || ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  const declaration = parent as Partial<ts.NamedDeclaration>;
  if (declaration.name !== node) return true;
  return ts.isShorthandPropertyAssignment(parent);
}

/** Names that the file itself declares: a parameter called `location` is not the page's. */
function declaredNames(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  for (const node of nodesOf(source)) {
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isImportSpecifier(node) ||
      ts.isTypeParameterDeclaration(node);
    if (declares && node.name && ts.isIdentifier(node.name)) names.add(node.name.text);
  }
  return names;
}

function references(source: ts.SourceFile, forbidden: ReadonlyMap<string, string>): Finding[] {
  const declared = declaredNames(source);
  return [...nodesOf(source)].flatMap((node) => {
    if (!ts.isIdentifier(node)) return [];
    const why = forbidden.get(node.text);
    if (why === undefined || declared.has(node.text) || !isReference(node)) return [];
    return [finding(source, node, `${node.text}: ${why}`)];
  });
}

const outside = new Map<string, string>(
  Object.entries({
    'is of the page': [
      'window document navigator location history self globalThis localStorage sessionStorage indexedDB',
      'requestAnimationFrame cancelAnimationFrame requestIdleCallback postMessage HTMLElement',
    ],
    'is a clock': [
      'Date performance setTimeout setInterval setImmediate clearTimeout clearInterval queueMicrotask',
    ],
    'is chance from outside': ['crypto'],
    'reaches outside': ['fetch XMLHttpRequest WebSocket EventSource Worker BroadcastChannel process console'],
    'differs between machines': ['Intl'],
    'makes code from text': ['eval Function'],
  }).flatMap(([why, names]) => names.flatMap((line) => line.split(' ').map((name) => [name, why] as const))),
);

const impureMembers = new Map([
  ['localeCompare', 'depends on the language of the machine'],
  ['toLocaleString', 'depends on the language of the machine'],
]);

/** Functions of Math whose every digit the language fixes. */
const exactMath = new Set('abs ceil clz32 floor fround imul max min round sign sqrt trunc'.split(' '));

/** What makes a file of the pure folders impure. */
export function impurities(path: string, text: string): Finding[] {
  const source = parse(path, text);
  const found = references(source, outside);
  for (const node of nodesOf(source)) {
    if (ts.isPropertyAccessExpression(node)) {
      if (node.expression.getText() === 'Math') {
        if (node.name.text === 'random')
          found.push(finding(source, node, 'Math.random: draw from the Random of the run'));
        if (!exactMath.has(node.name.text) && node.name.text !== 'random')
          found.push(finding(source, node, `Math.${node.name.text}: engines differ; see src/sim/numbers.ts`));
      }
      const why = impureMembers.get(node.name.text);
      if (why !== undefined) found.push(finding(source, node, `${node.name.text}: ${why}`));
    }
    if (ts.isElementAccessExpression(node) && node.expression.getText() === 'Math')
      found.push(finding(source, node, 'Math[…]: name the function'));
    if (ts.isPrivateIdentifier(node) && !ts.isPropertyAccessExpression(node.parent))
      found.push(finding(source, node, `${node.text}: checkpoints cannot copy a #private member`));
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      found.push(finding(source, node, 'import(): loads while it runs'));
    if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword)
      found.push(finding(source, node, 'async: a run is a plain function'));
  }
  return found;
}

const rawStorage = new Map(
  ['localStorage', 'sessionStorage', 'indexedDB'].map((name) => [name, 'only src/storage touches it']),
);

/** Uses of the browser's storage, called by its name or through `window`. */
export function rawStorageUses(path: string, text: string): Finding[] {
  const source = parse(path, text);
  const members = [...nodesOf(source)].flatMap((node) =>
    ts.isPropertyAccessExpression(node) &&
    rawStorage.has(node.name.text) &&
    /^(window|globalThis|self)$/.test(node.expression.getText())
      ? [finding(source, node, `${node.getText()}: only src/storage touches it`)]
      : [],
  );
  return [...references(source, rawStorage), ...members];
}

/** Places where a Worker is made. */
export function workersMade(path: string, text: string): Finding[] {
  const source = parse(path, text);
  return [...nodesOf(source)].flatMap((node) =>
    ts.isNewExpression(node) &&
    /^(window\.|globalThis\.|self\.)?(Shared)?Worker$/.test(node.expression.getText())
      ? [finding(source, node, `${node.getText()}: only src/client makes workers`)]
      : [],
  );
}
