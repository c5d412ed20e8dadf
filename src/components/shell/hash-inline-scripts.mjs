// Starlight writes a few small inline scripts (theme before first paint, search shortcut) that Astro's own hashing does not
// see. After the build this adds their hashes to each page's Content-Security-Policy, so that no inline script needs
// 'unsafe-inline', and stops the build where a page has no policy to add to.
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const inlineScript = /<script(?![^>]*\ssrc=)([^>]*)>([\s\S]*?)<\/script>/gi;
const dataType = /\stype=["']?(?:application\/(?:ld\+)?json|speculationrules)/i;

/**
 * Adds the hash of every inline script of a page to the script-src of its policy.
 * @param {string} html a whole page
 * @param {string} name the page, for the error's message
 * @returns {string} the page with its policy completed
 * @throws {Error} when the page has inline scripts and no policy with a script-src
 */
export function withScriptHashes(html, name) {
  const hashes = new Set();
  for (const [, attributes, content] of html.matchAll(inlineScript)) {
    if (dataType.test(attributes)) continue;
    hashes.add(`'sha256-${createHash('sha256').update(content).digest('base64')}'`);
  }
  const missing = [...hashes].filter((hash) => !html.includes(hash));
  if (missing.length === 0) return html;
  const policy = /(<meta http-equiv="content-security-policy" content="[^"]*?script-src )/i;
  if (!policy.test(html)) {
    throw new Error(
      `${name}: inline scripts, but no Content-Security-Policy meta element with script-src to add them to`,
    );
  }
  return html.replace(policy, (found) => `${found}${missing.join(' ')} `);
}

/** The Astro integration that does this for every page of the build. */
export function hashInlineScripts() {
  return {
    name: 'brokerbook:hash-inline-scripts',
    hooks: {
      /** @param {{ dir: URL }} build */
      'astro:build:done': async ({ dir }) => {
        const root = fileURLToPath(dir);
        for (const entry of await readdir(root, { recursive: true })) {
          if (!entry.endsWith('.html')) continue;
          const path = join(root, entry);
          const html = await readFile(path, 'utf8');
          const hashed = withScriptHashes(html, entry);
          if (hashed !== html) await writeFile(path, hashed);
        }
      },
    },
  };
}
