// Brokers in containers, without an engine: what compose.yaml asks for is given, and what a stand-in for `docker` is told.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { Containers } from '../../../src/real/docker.ts';

interface Service {
  readonly image: string;
  readonly hostname: string;
  readonly volumes: readonly string[];
  readonly ports: readonly string[];
}

const text = readFileSync('compose.yaml', 'utf8');
const { services } = parse(text, { merge: true }) as { readonly services: Readonly<Record<string, Service>> };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'brokerbook-Docker-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('compose.yaml', () => {
  it('has three nodes of each broker, by their names in scenarios', () => {
    expect(Object.keys(services)).toEqual(
      ['rabbit', 'broker'].flatMap((name) => [1, 2, 3].map((id) => `${name}-${id}`)),
    );
    for (const [name, { hostname }] of Object.entries(services)) expect(hostname).toBe(name);
  });

  it('pins official images, one of each broker', () => {
    expect(new Set(Object.values(services).map(({ image }) => image))).toEqual(
      new Set(['rabbitmq:4.3.6', 'apache/kafka:4.4.0']),
    );
  });

  it('publishes every port on the loopback interface, each by a variable of its own', () => {
    const ports = Object.entries(services).flatMap(([name, { ports }]) => ports.map((port) => [name, port]));
    for (const [name, port] of ports) {
      const variable = name!.toUpperCase().replace('-', '_');
      expect(port).toMatch(new RegExp(`^127\\.0\\.0\\.1:\\$\\{${variable}(_RELAYED)?_PORT:-\\d+\\}:\\d+$`));
    }
    expect(new Set(ports.map(([, port]) => /-(\d+)\}/.exec(port!)![1])).size).toBe(ports.length);
  });

  it('mounts for each node what is written for it', () => {
    for (const [name, { volumes }] of Object.entries(services)) {
      expect(volumes).toHaveLength(1);
      expect(volumes[0]).toMatch(new RegExp(`^\\$\\{FOLDER\\}/${name}[/:].*:ro$`));
    }
  });
});

describe('what a container reads', () => {
  it('can be read by a user who is not ours, whatever this process keeps to itself', () => {
    const before = process.umask(0o077);
    try {
      new Containers(folder).write('broker-1', 'server.properties', 'node.id=1\n');
    } finally {
      process.umask(before);
    }
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect(mode(join(folder, 'broker-1'))).toBe(0o755);
    expect(mode(join(folder, 'broker-1', 'server.properties'))).toBe(0o644);
  });
});

describe('the engine', () => {
  /** What was asked of `docker compose`, without what goes with every command. */
  const asked = (): string[] => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');

  /** @param script of a `docker` that has $* behind what goes with every command of Docker Compose */
  function standIn(script: string): Containers {
    const program = join(folder, 'docker');
    writeFileSync(
      program,
      `#!/bin/sh\necho "$*" >> ${join(folder, 'all')}\n[ $1 = compose ] && shift 7\necho "$*" >> ${join(folder, 'asked')}\n${script}\n`,
    );
    chmodSync(program, 0o755);
    vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
    const containers = new Containers(folder);
    containers.given({ RABBIT_1_PORT: 40_001 });
    return containers;
  }

  it('is told with each command whose project it is, and what compose.yaml leaves open', async () => {
    await standIn('').inside('rabbit-1', ['rabbitmqctl', 'status']);
    const words = readFileSync(join(folder, 'all'), 'utf8').trim().split(' ');
    expect(words[words.indexOf('--project-name') + 1]).toBe(`brokerbook-${basename(folder).toLowerCase()}`);
    expect(readFileSync(words[words.indexOf('--env-file') + 1]!, 'utf8')).toBe(
      `FOLDER=${folder}\nRABBIT_1_PORT=40001\n`,
    );
  });

  it('does to one container what is done to a process, and does not ask Docker Compose first', async () => {
    const containers = standIn('');
    for (const fault of ['crash', 'close', 'restart', 'pause', 'resume'] as const)
      await containers.hurt('rabbit-1', fault);
    const name = `brokerbook-${basename(folder).toLowerCase()}-rabbit-1-1`;
    expect(asked()).toEqual(['kill', 'stop', 'start', 'pause', 'unpause'].map((word) => `${word} ${name}`));
  });

  it('takes away what did not answer, and the error has what it wrote', async () => {
    const containers = standIn('[ "$1" = logs ] && echo "rabbit-1  | no such plugin"\nexit 0');
    await expect(
      containers.start(['rabbit-1'], () => Promise.reject(new Error('rabbit-1 did not answer'))),
    ).rejects.toThrow('rabbit-1 did not answer\nrabbit-1  | no such plugin');
    expect(asked().map((line) => line.split(' ')[0])).toEqual(['up', 'logs', 'down']);
  });

  it('says why it did not start them', async () => {
    const containers = standIn('[ "$1" = up ] && { echo "no such image" >&2; exit 1; }\nexit 0');
    await expect(containers.start(['rabbit-1'], () => Promise.resolve())).rejects.toThrow('no such image');
  });
});
