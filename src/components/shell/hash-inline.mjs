// Astro's own hashing does not see Starlight's small inline scripts (theme before first paint, search shortcut) nor the
// styles that a page of content brings along. After the build this adds the hashes of every inline script and style to the
// page's Content-Security-Policy, so that neither needs 'unsafe-inline', and stops where a page has no policy to add to.
// @ts-check
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const inline = {
  'script-src': /<script(?![^>]*\ssrc=)([^>]*)>([\s\S]*?)<\/script>/gi,
  'style-src': /<style([^>]*)>([\s\S]*?)<\/style>/gi,
};
/** Scripts that are data: no policy asks about them. */
const data = /\stype=["']?(?:application\/(?:ld\+)?json|speculationrules)/i;

/**
 * Completes a page's policy with the hash of every inline script and style.
 * @param {string} html a whole page
 * @param {string} name the page, for the error's message
 * @returns {string} the page with its policy completed
 * @throws {Error} when the page has something inline and no policy that could name it
 */
export function withInlineHashes(html, name) {
  let page = html;
  for (const [directive, elements] of Object.entries(inline)) {
    const hashes = new Set();
    for (const [, attributes = '', content = ''] of html.matchAll(elements)) {
      if (data.test(attributes)) continue;
      hashes.add(`'sha256-${createHash('sha256').update(content).digest('base64')}'`);
    }
    const missing = [...hashes].filter((hash) => !page.includes(hash));
    if (missing.length === 0) continue;
    const policy = new RegExp(`<meta http-equiv="content-security-policy" content="[^"]*?${directive} `, 'i');
    if (!policy.test(page)) {
      throw new Error(
        `${name}: expected a Content-Security-Policy meta element with ${directive}, found none`,
      );
    }
    page = page.replace(policy, (found) => `${found}${missing.join(' ')} `);
  }
  return page;
}

/**
 * The Astro integration that does this for every page of the build.
 * @returns {import('astro').AstroIntegration}
 */
export function hashInline() {
  return {
    name: 'brokerbook:hash-inline',
    hooks: {
      'astro:build:done': async ({ dir }) => {
        const root = fileURLToPath(dir);
        for (const entry of await readdir(root, { recursive: true })) {
          if (!entry.endsWith('.html')) continue;
          const path = join(root, entry);
          const html = await readFile(path, 'utf8');
          const hashed = withInlineHashes(html, entry);
          if (hashed !== html) await writeFile(path, hashed);
        }
      },
    },
  };
}
