// The builds that `npm test` makes and the end-to-end tests look at: one below a path that nobody would have
// written into the code by hand, and one at the root of its origin.
// @ts-check
import { join } from 'node:path';
import { root } from './steps.mjs';

/** What the builds believe to be their home; nothing is ever fetched from it. */
export const testSiteUrl = 'https://books.example';

export const testSites = {
  below: { base: '/shelf/brokerbook/', directory: join(root, '.site', 'below') },
  root: { base: '/', directory: join(root, '.site', 'root') },
};
