// Serves a built site as GitHub Pages would: under a base path, with directory indexes and redirects to them,
// 404.html with status 404, and no isolation headers. `npm start` and the end-to-end tests use it.
// @ts-check
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

/** @type {Record<string, string>} */
const mimeTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml; charset=utf-8',
  '.zip': 'application/zip',
};

/** @param {string} path */
const kindOf = (path) =>
  stat(path).then(
    (found) => (found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'none'),
    () => 'none',
  );

/**
 * A base path with a slash at both ends: `/` for none.
 * @param {string | undefined} path e.g. `brokerbook`, `/brokerbook`, `/brokerbook/` or nothing
 */
export const basePath = (path) => `/${path ?? ''}/`.replace(/\/+/g, '/');

/**
 * What a request for a path gets.
 * @param {string} directory the built site
 * @param {string} base with a slash at both ends
 * @param {string} path the path of the request, still encoded
 * @returns {Promise<{ status: number, file?: string, location?: string }>}
 */
async function resolve(directory, base, path) {
  if (`${path}/` === base) return { status: 301, location: base };
  let decoded;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return { status: 400 };
  }
  const notFound = { status: 404, file: join(directory, '404.html') };
  if (!decoded.startsWith(base) || decoded.includes('\0')) return notFound;
  const target = normalize(join(directory, decoded.slice(base.length)));
  if (target !== normalize(directory) && !target.startsWith(normalize(directory + sep))) return notFound;
  const kind = await kindOf(target);
  if (kind === 'file' && !decoded.endsWith('/')) return { status: 200, file: target };
  if (kind === 'directory' && (await kindOf(join(target, 'index.html'))) === 'file')
    return decoded.endsWith('/')
      ? { status: 200, file: join(target, 'index.html') }
      : { status: 301, location: `${path}/` };
  if (!decoded.endsWith('/') && (await kindOf(`${target}.html`)) === 'file')
    return { status: 200, file: `${target}.html` };
  return notFound;
}

/**
 * Starts serving on the loopback interface.
 * @param {{ directory: string, base?: string, port?: number, host?: string }} options `port` 0 picks a free one
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>} `url` ends with the base path
 * @throws the error of `listen` when the port is taken or not allowed (`code` EADDRINUSE, EACCES)
 */
export function serve({ directory, base = '/', port = 0, host = '127.0.0.1' }) {
  const server = createServer(async (request, response) => {
    const [path = '/', query] = (request.url ?? '/').split(/\?(.*)/s, 2);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    const { status, file, location } = await resolve(directory, base, path);
    if (location !== undefined) {
      response.writeHead(status, { location: query === undefined ? location : `${location}?${query}` }).end();
      return;
    }
    if (file === undefined || (await kindOf(file)) !== 'file') {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(`${status}\n`);
      return;
    }
    const contentType = mimeTypes[extname(file)] ?? 'application/octet-stream';
    response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-cache' });
    if (request.method === 'HEAD') response.end();
    else
      createReadStream(file)
        .on('error', () => response.destroy())
        .pipe(response);
  });
  return new Promise((fulfil, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      fulfil({
        url: `http://localhost:${address.port}${base}`,
        port: address.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
