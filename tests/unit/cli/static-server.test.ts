// The server of `npm start` and of the end-to-end tests answers as GitHub Pages would.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basePath, serve } from '../../../src/cli/static-server.mjs';

const directory = mkdtempSync(join(tmpdir(), 'brokerbook-server-'));
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  mkdirSync(join(directory, 'chapter'));
  mkdirSync(join(directory, 'empty'));
  for (const file of [
    'index.html',
    'chapter/index.html',
    'about.html',
    '404.html',
    'a b.svg',
    'code.js',
    'index.pf_meta',
  ])
    writeFileSync(join(directory, file), file);
  server = await serve({ directory, base: '/shelf/book/' });
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

/** Asks for a path exactly as written: fetch would tidy `..` away. */
function ask(
  path: string,
  method = 'GET',
): Promise<{ status: number; type: string; location: string; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port: server.port, path, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => {
        const { 'content-type': type = '', location = '' } = response.headers;
        resolve({ status: response.statusCode ?? 0, type, location, body });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

test('its address ends with the base path', () => {
  expect(server.url).toBe(`http://localhost:${server.port}/shelf/book/`);
});

test.each([
  ['/shelf/book/', 200, 'text/html; charset=utf-8', 'index.html'],
  ['/shelf/book/?q=1', 200, 'text/html; charset=utf-8', 'index.html'],
  ['/shelf/book/chapter/', 200, 'text/html; charset=utf-8', 'chapter/index.html'],
  ['/shelf/book/about', 200, 'text/html; charset=utf-8', 'about.html'],
  ['/shelf/book/a%20b.svg', 200, 'image/svg+xml', 'a b.svg'],
  ['/shelf/book/code.js', 200, 'text/javascript; charset=utf-8', 'code.js'],
  ['/shelf/book/index.pf_meta', 200, 'application/octet-stream', 'index.pf_meta'],
  ['/shelf/book/missing', 404, 'text/html; charset=utf-8', '404.html'],
  ['/shelf/book/empty/', 404, 'text/html; charset=utf-8', '404.html'],
  ['/shelf/book/about/', 404, 'text/html; charset=utf-8', '404.html'],
  ['/elsewhere/', 404, 'text/html; charset=utf-8', '404.html'],
  ['/shelf/book/../../../etc/passwd', 404, 'text/html; charset=utf-8', '404.html'],
  ['/shelf/book/..%2f..%2fetc%2fpasswd', 404, 'text/html; charset=utf-8', '404.html'],
  ['/shelf/book/%00', 404, 'text/html; charset=utf-8', '404.html'],
])('%s: %i, %s', async (path, status, type, body) => {
  expect(await ask(path)).toEqual({ status, type, location: '', body });
});

test.each([
  ['/shelf/book', '/shelf/book/'],
  ['/shelf/book/chapter', '/shelf/book/chapter/'],
  ['/shelf/book/chapter?at=3&b=?', '/shelf/book/chapter/?at=3&b=?'],
])('%s leads to %s', async (path, location) => {
  expect(await ask(path)).toMatchObject({ status: 301, location });
});

test('an address that is no address is refused', async () => {
  expect((await ask('/shelf/book/%E0%A4%A')).status).toBe(400);
});

test('it reads and never writes', async () => {
  expect((await ask('/shelf/book/', 'POST')).status).toBe(405);
  expect(await ask('/shelf/book/', 'HEAD')).toMatchObject({ status: 200, body: '' });
});

test('a port that is taken is told', async () => {
  await expect(serve({ directory, port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

describe('a base path', () => {
  test.each([
    [undefined, '/'],
    ['', '/'],
    ['/', '/'],
    ['book', '/book/'],
    ['/book', '/book/'],
    ['shelf/book/', '/shelf/book/'],
  ])('%s becomes %s', (path, expected) => {
    expect(basePath(path)).toBe(expected);
  });
});
