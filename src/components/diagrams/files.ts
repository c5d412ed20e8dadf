// Where the diagrams' sources and pictures are, and which picture belongs to which source: the name of a rendered file is
// the hash of all that it was made from, so a picture that is out of date cannot be taken for the right one.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type DiagramTheme = 'light' | 'dark';
export const diagramThemes: readonly DiagramTheme[] = ['light', 'dark'];

/** Raised by hand whenever draw.ts draws differently, so that every picture is made anew. */
const drawingVersion = 2;

/** The tokens that a diagram is drawn with. */
const tokenNames = [
  'paper',
  'raised',
  'ink',
  'soft',
  'hair',
  'wash',
  'broker',
  'broker-wash',
  'consumer',
  'consumer-wash',
  'producer',
  'producer-wash',
] as const;
export type DiagramTokens = Readonly<Record<(typeof tokenNames)[number], string>>;

/** Folder of the .mmd sources, under the project's root. */
export const sourceFolder = (root: string): string => join(root, 'content/diagrams');

/** Folder of the rendered SVGs, under the project's root. */
export const renderedFolder = (root: string): string => join(root, 'content/diagrams/rendered');

/**
 * The colours of one theme, as src/styles/tokens.css gives them.
 * @param css the text of tokens.css
 * @throws Error naming the token that is not there as a hex colour
 */
export function diagramTokens(css: string, theme: DiagramTheme): DiagramTokens {
  const [light, dark] = css.split(":root[data-theme='dark']");
  const block = theme === 'light' ? light : dark;
  const colour = (name: string): string => {
    const found = new RegExp(`--${name}:\\s*(#[0-9a-f]{3,8});`).exec(block ?? '')?.[1];
    if (found === undefined) {
      throw new Error(`src/styles/tokens.css: expected --${name} as a hex colour in the ${theme} theme`);
    }
    return found;
  };
  return Object.fromEntries(tokenNames.map((name) => [name, colour(name)])) as DiagramTokens;
}

/**
 * The name, without theme and ending, of the pictures of a source.
 * @param source the text of a .mmd file
 * @param css the text of tokens.css
 */
export function diagramKey(source: string, css: string): string {
  const tokens = diagramThemes.map((theme) => diagramTokens(css, theme));
  return createHash('sha256')
    .update(JSON.stringify([drawingVersion, tokens, source.replaceAll('\r\n', '\n')]))
    .digest('hex')
    .slice(0, 16);
}

/** The text of tokens.css. */
export const readTokensCss = (root: string): string =>
  readFileSync(join(root, 'src/styles/tokens.css'), 'utf8');
