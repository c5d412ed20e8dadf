// `simulate compare`, run as a reader runs it: what it prints, and its exit code.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../../src/scenarios/compare.ts';

const SMALL = JSON.stringify({
  version: 1,
  id: 'small',
  title: 'My own workload',
  producers: [{ id: 'p', load: { ratePerSecond: 50, arrivals: 'poisson', untilMs: 12_000 } }],
  audiences: [{ id: 'a', count: 2 }],
  durationMs: 13_000,
});

function simulate(args: string[], input = '') {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['src/cli/simulate.ts', 'compare', ...args],
    {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  return { status, stdout, stderr };
}

describe('simulate compare', () => {
  it('prints figures below one another, brokers side by side, for one seed', () => {
    const { status, stdout } = simulate(['-'], SMALL);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^small: My own workload\nseed 1\n\n +kafka +rabbitmq\n/);
    const published = /^ {2}published +(\d+) +(\d+)$/m.exec(stdout)!;
    expect(published[1]).toBe(published[2]);
    expect(stdout).toMatch(/^ {2}can be replayed +\d\d+ +0$/m);
    expect(stdout).toMatch(/^ {2}time to recover +- +-$/m);
  });

  it('prints median and range over several seeds', () => {
    const { stdout } = simulate(['-', '--seeds', '3', '--brokers', 'rabbitmq'], SMALL);
    expect(stdout).toMatch(/3 seeds, 1 to 3: median \[least, most\]\n\n +rabbitmq\n/);
    const [, median, least, most] = /^ {2}published +(\d+) \[(\d+), (\d+)\]$/m.exec(stdout)!.map(Number);
    expect(least).toBeLessThanOrEqual(median!);
    expect(median).toBeLessThanOrEqual(most!);
    expect(least).toBeLessThan(most!);
  });

  it('--json prints one object with workload, seeds and brokers', () => {
    const { status, stdout } = simulate(['-', '--seeds', '2', '--json'], SMALL);
    const comparison = JSON.parse(stdout) as Comparison;
    expect(status).toBe(0);
    expect(Object.keys(comparison)).toEqual(['workload', 'title', 'seeds', 'brokers']);
    expect(comparison).toMatchObject({ workload: 'small', seeds: [1, 2] });
    expect(Object.keys(comparison.brokers)).toEqual(['kafka', 'rabbitmq']);
    for (const { rules, outcomes } of Object.values(comparison.brokers)) {
      expect(rules.length).toBeGreaterThan(5);
      expect(outcomes).toHaveLength(2);
      for (const outcome of outcomes) expect(outcome.finished).toBe(outcome.published);
    }
    expect(simulate(['-', '--seeds', '2', '--json'], SMALL).stdout).toBe(stdout);
  });

  it('--rules prints how it is carried, --choose takes another option', () => {
    const { stdout } = simulate(
      ['-', '--rules', '--choose', 'kafka.acks=1', '--choose', 'rabbitmq.queue=quorum'],
      SMALL,
    );
    expect(stdout).toContain('How it is carried to kafka:');
    expect(stdout).toMatch(/^ {4}acks=1 \(default all\)$/m);
    expect(stdout).toMatch(/^ {4}options: all, \[1\], 0$/m);
    expect(stdout).toMatch(/^ {4}x-queue-type=quorum \(default classic\)$/m);
  });

  it('--help lists the workloads', () => {
    expect(simulate(['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^ {2}orders +Orders, billed in order$/m) as string,
    });
  });

  it.each([
    [['nope'], '', /"nope" is neither a workload of the book nor a file:\n {2}expected one of orders/],
    [[], '', /expected one workload, got 0/],
    [['orders', '--brokers', 'kafka,pulsar'], '', /--brokers: expected "kafka", "rabbitmq", got "pulsar"/],
    [['orders', '--seeds', '0'], '', /--seeds: expected an integer from 1 to 1000, got "0"/],
    [['orders', '--seeds', '-1'], '', /--seeds: expected an integer from 1 to 1000, got "-1"/],
    [['orders', '--choose', 'kafka.__proto__=1'], '', /choices\.__proto__: expected one of "partitions", /],
    [
      ['orders', '--brokers', 'rabbitmq', '--choose', 'kafka.acks=2'],
      '',
      /choices\.acks: expected one of "all", "1", "0", got "2"/,
    ],
    [
      ['orders', '--choose', 'acks=1'],
      '',
      /--choose: expected broker\.rule=option, such as kafka\.acks=1, got "acks=1"/,
    ],
    [['orders', '--choose', 'kafka.acks=2'], '', /choices\.acks: expected one of "all", "1", "0", got "2"/],
    [['orders', '--trace'], '', /Unknown option '--trace'/],
    [['-'], '{"version": 1', /Standard input is not JSON/],
    [['-'], SMALL.replace('"count":2', '"count":0'), /audiences\[0\]\.count: expected >=1, got 0/],
  ])('exits with 2 for bad input: %j %s', (args, input, message) => {
    const { status, stdout, stderr } = simulate(args, input);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
