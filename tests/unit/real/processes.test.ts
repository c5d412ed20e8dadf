// Processes of our own, from one command to the next: what a file says of them holds until the machine begins anew.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Installations } from '../../../src/real/installations.ts';
import { isOfThisBoot } from '../../../src/real/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'brokerbook-processes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const beforeBoot = Date.now() / 1000 - uptime() - 60;

it('a file of before the machine began anew tells of nobody', () => {
  const file = join(folder, 'nodes.json');
  expect(isOfThisBoot(file)).toBe(false);
  writeFileSync(file, '{}');
  expect(isOfThisBoot(file)).toBe(true);
  utimesSync(file, beforeBoot, beforeBoot);
  expect(isOfThisBoot(file)).toBe(false);
});

it('and so no broker of then is up', () => {
  const installations = new Installations(folder);
  installations.keep({
    broker: 'kafka',
    way: 'packages',
    urls: ['kafka://127.0.0.1:1'],
    relayed: [],
    nodes: [{ name: 'broker-1', pid: 1 }],
    helpers: [],
    folder: null,
  });
  expect(installations.all()).toHaveLength(1);
  utimesSync(join(folder, 'installations.json'), beforeBoot, beforeBoot);
  expect(installations.all()).toEqual([]);
});
