// The search index, whole. Starlight has Pagefind write it, and ends Pagefind as soon as that says that it has: now and then
// a file is there then and what is in it is not, and the site's search finds nothing. Where that has happened, the index is
// made once more, and written here.
// @ts-check
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as pagefind from 'pagefind';

/**
 * @param {string} site folder of a built site
 * @returns {Promise<boolean>} whether its index had to be written again
 * @throws {Error} with what Pagefind says, when it cannot make one
 */
export async function wholeSearchIndex(site) {
  const folder = join(site, 'pagefind');
  const names = await readdir(folder, { recursive: true });
  const all = await Promise.all(names.map((name) => stat(join(folder, name))));
  if (!all.some((file) => file.isFile() && file.size === 0)) return false;
  try {
    const { index, errors } = await pagefind.createIndex();
    if (!index) throw new Error(errors.join('\n'));
    const added = await index.addDirectory({ path: site });
    const made = await index.getFiles();
    const wrong = [...added.errors, ...made.errors];
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    for (const { path, content } of made.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
  } finally {
    await pagefind.close();
  }
  return true;
}

/** @returns {import('astro').AstroIntegration} which stands behind Starlight's */
export function searchIndex() {
  return {
    name: 'brokerbook:search-index',
    hooks: {
      'astro:build:done': async ({ dir, logger }) => {
        if (await wholeSearchIndex(fileURLToPath(dir)))
          logger.warn('the search index was not whole, and is written anew');
      },
    },
  };
}
