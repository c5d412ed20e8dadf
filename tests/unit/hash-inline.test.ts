// What is inline on a page is named by hash in the page's policy.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { withInlineHashes } from '../../src/components/shell/hash-inline.mjs';

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const page = (body: string, policy = "script-src 'self'; style-src 'self';"): string =>
  `<head><meta http-equiv="content-security-policy" content="default-src 'self'; ${policy}"></head>${body}`;

test('adds the hash of each inline script and style to its own directive', () => {
  const html = withInlineHashes(page('<script>go();</script><style>a{color:red}</style>'), 'x.html');
  expect(html).toContain(`script-src ${hash('go();')} 'self'; style-src ${hash('a{color:red}')} 'self'`);
});

test('leaves files, data and what is already named alone', () => {
  const named = page('<script>go();</script>', `script-src 'self' ${hash('go();')}; style-src 'self';`);
  for (const html of [
    page('<script type="module" src="/a.js"></script>'),
    page('<script type="application/ld+json">{}</script>'),
    named,
  ])
    expect(withInlineHashes(html, 'x.html')).toBe(html);
});

test('stops where a page has something inline and no policy, naming the page', () => {
  expect(() => withInlineHashes('<script>go();</script>', 'some/page.html')).toThrow(
    /some\/page\.html.*script-src/,
  );
});
