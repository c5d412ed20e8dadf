// The command line of the simulator, run as a reader runs it: what it prints, and its exit code.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scenarioById } from '../../../src/scenarios/library.ts';

const folder = mkdtempSync(join(tmpdir(), 'brokerbook-'));
const own = { ...scenarioById('kafka-eager'), id: 'kafka-eager', title: 'My own' };
beforeAll(() => writeFileSync(join(folder, 'own.json'), JSON.stringify(own)));
afterAll(() => rmSync(folder, { recursive: true }));

function simulate(args: string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/simulate.ts', ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return { status, stdout, stderr };
}

describe('simulate', () => {
  it('prints the figures and the verdict of each claim, and exits with 0 when every one holds', () => {
    const { status, stdout } = simulate(['kafka-consumer-groups']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^kafka-consumer-groups: Partitions and consumer groups\nseed 52, \d+ events/);
    expect(stdout).toMatch(/duplicates +3\n/);
    expect(stdout).toMatch(/holds +kafka\.crash-duplicates: .*\(K-71, K-70, 3 cases\)/);
  });

  it('--json prints one object with scenario, seed, metrics and claims', () => {
    const { status, stdout } = simulate(['kafka-keyless', '--json', '--seed', '5']);
    const result = JSON.parse(stdout) as Record<string, unknown>;
    expect(status).toBe(0);
    expect(Object.keys(result)).toEqual(['scenario', 'seed', 'metrics', 'claims']);
    expect(result).toMatchObject({ scenario: 'kafka-keyless', seed: 5 });
    expect(result.claims).toContainEqual(
      expect.objectContaining({ id: 'kafka.keyless-sticks', status: 'holds' }),
    );
  });

  it('--trace prints the trace as JSON lines and nothing else, the same bytes twice', () => {
    const first = simulate(['home-log', '--trace']);
    const lines = first.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; at: number });
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i));
    expect(lines.every(({ at }, i) => i === 0 || at >= lines[i - 1]!.at)).toBe(true);
    expect(simulate(['home-log', '--trace']).stdout).toBe(first.stdout);
    expect(first.stderr).toContain('home-log: ');
  });

  it('reads a file and standard input', () => {
    expect(simulate([join(folder, 'own.json')]).stdout).toMatch(/^kafka-eager: My own/);
    expect(simulate(['-'], JSON.stringify(own)).stdout).toMatch(/^kafka-eager: My own/);
  });

  it('exits with 1 when a claim fails, and names the event', () => {
    const cooperative = JSON.stringify(own).replaceAll('["range"]', '["cooperative-sticky"]');
    const { status, stdout } = simulate(['-'], cooperative);
    expect(status).toBe(1);
    expect(stdout).toMatch(/FAILS +kafka\.eager-revokes-all: .*\n +event \d+ at \d+\.\d+ s: C\d /);
  });

  it.each([
    [
      ['nope'],
      '',
      /"nope" is neither a scenario of the book nor a file:\n {2}expected one of kafka-consumer-groups/,
    ],
    [[], '', /expected one scenario, got 0/],
    [['home-log', 'kafka-keyless'], '', /expected one scenario, got 2/],
    [['home-log', '--seed', 'x'], '', /--seed: expected an integer, got "x"/],
    [['home-log', '--sed', '1'], '', /Unknown option '--sed'/],
    [['.'], '', /\. cannot be read/],
    [['-'], '{"version": 1', /Standard input is not JSON/],
    [['-'], '{"version": 3}', /version: expected 1, got 3/],
    [['-'], JSON.stringify({ ...own, seed: '1' }), /seed: expected number, got "1"/],
  ])('exits with 2 for bad input: %j %s', (args, input, message) => {
    const { status, stdout, stderr } = simulate(args, input);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
