// A goal judged on the command line: what it prints, and its exit code.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { encodeAddress } from '../../../src/scenarios/address.ts';
import { challengeById } from '../../../src/scenarios/library.ts';

function challenge(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['src/cli/simulate.ts', 'challenge', ...args],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

const id = 'kafka-processed-twice';
const address = (experiment: string, atMs: number): string =>
  encodeAddress({
    experiment,
    seed: null,
    knobs: {},
    actions: [{ atMs, action: { do: 'crash', target: 'c1' } }],
    at: 0,
  });

describe('simulate challenge', () => {
  it('says what a run in which nothing is done lacks, and exits with 1', () => {
    const { status, stdout } = challenge(id);
    expect(status).toBe(1);
    expect(stdout).toContain('seed 1, 0 moves, ');
    expect(stdout).toContain('not yet: it waits for a message that is processed a second time');
  });

  it('judges the solution and a shared run, tells the events, and exits with 0', () => {
    const { status, stdout } = challenge(id, '--solution');
    expect(status).toBe(0);
    expect(stdout).toContain(`holds: ${challengeById(id).goal.statement}`);
    expect(stdout.match(/^ {2}event \d+ at [\d.]+ s: C\d has processed/gm)).toHaveLength(2);
    const shared = challenge(id, '--run', address(id, 16_000), '--json');
    expect(shared.status).toBe(0);
    expect(JSON.parse(shared.stdout)).toMatchObject({
      challenge: id,
      seed: 1,
      goal: { id: 'kafka.goal-processed-twice', status: 'holds', cases: 1 },
    });
  });

  it('says why a run has spoilt its goal', () => {
    const run = encodeAddress({
      experiment: 'kafka-replay-from-ten',
      seed: null,
      knobs: {},
      actions: [{ atMs: 20_000, action: { do: 'seek', client: 'billing', to: { kind: 'beginning' } } }],
      at: 0,
    });
    const { status, stdout } = challenge('kafka-replay-from-ten', '--run', run);
    expect(status).toBe(1);
    expect(stdout).toMatch(/not in this run\n {2}event \d+ at 2\d\.\d+ s: Billing is given offset 0 again/);
  });

  it.each([
    ['no challenge', [], /expected one challenge/],
    ['two ways at once', [id, '--solution', '--run', 'x'], /either a run or the solution/],
    ['one that there is not', ['kafka-nothing'], /expected one of "kafka-first-topic"/],
    ['a broken address', [id, '--run', '1.abc'], /This address of a run cannot be used/],
    ['a run of another', [id, '--run', address('kafka-commits', 1000)], /got one of "kafka-commits"/],
    ['an unknown option', [id, '--luck'], /--luck/],
  ])('exits with 2 for %s', (_, args, expected) => {
    const { status, stdout, stderr } = challenge(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(expected);
  });
});
