// The command that holds claims to real brokers, as far as it needs none: what bad input gets, and what is said of a broker
// that is not up.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'brokerbook-'));
afterAll(() => rmSync(folder, { recursive: true }));

function real(...args: string[]) {
  return realWith({}, ...args);
}

function realWith(env: NodeJS.ProcessEnv, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/real.ts', ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      BROKERBOOK_REAL: folder,
      BROKERBOOK_RABBITMQ: undefined,
      BROKERBOOK_KAFKA: undefined,
      ...env,
    },
  });
  return { status, stdout, stderr };
}

describe('real', () => {
  it.each([
    [[], /expected up, down, status, record, check, differ or labs, got nothing/],
    [['fly'], /got "fly"/],
    [['up', 'somebroker'], /There is no driver for "somebroker":\n {2}expected one of kafka, rabbitmq/],
    [['up', '--way', 'boat'], /--way: expected address \| docker \| debian \| packages, got "boat"/],
    [['up', '--nodes', '0'], /--nodes: expected an integer from 1 to 9, got "0"/],
    [['up', '--address', 'amqp://broker.example.com'], /expected an address of this machine/],
    [['check', 'rabbitmq-nothing'], /"rabbitmq-nothing" cannot be run for real/],
    [['differ'], /differ: expected one of kafka, rabbitmq/],
    [['differ', 'kafka', 'dreams'], /differ kafka: expected one of assignors, histories, got "dreams"/],
    [['record', 'none.json'], /none\.json cannot be read/],
    [['differ', 'rabbitmq', '--runs', 'many'], /--runs: expected a whole number from 1, got "many"/],
    [['differ', 'kafka', '--shrinks', '-'], /--shrinks: expected a whole number from 0, got "-"/],
    [['differ', 'rabbitmq', '--seed', 'x'], /--seed: expected an integer, got "x"/],
    [['labs', 'kafka-nothing'], /"kafka-nothing" is no lab/],
    [['check', '--sometimes'], /--sometimes/],
  ])('%j is bad input: 2, and what was expected', (args, expected) => {
    const { status, stderr } = real(...args);
    expect(stderr).toMatch(expected);
    expect(status).toBe(2);
  });

  it('says how to start a broker that is not up, and fails', () => {
    const { status, stderr } = real('check', 'rabbitmq-ttl');
    expect(stderr).toBe('RabbitMQ is not up: npm run real -- up rabbitmq\n');
    expect(status).toBe(1);
  });

  it('says who does not answer, and where', () => {
    const { status, stderr } = real('check', 'rabbitmq-ttl', '--address', 'amqp://127.0.0.1:1');
    expect(stderr).toMatch(/^RabbitMQ does not answer at 127\.0\.0\.1:1: /);
    expect(status).toBe(1);
  });

  it.each([
    [[], /^home-log: left out, no kafka is up, or named by BROKERBOOK_KAFKA\n$/],
    // Somebody else’s may have any settings.
    [
      ['--address', 'kafka://127.0.0.1:1'],
      /^home-log: left out, it needs settings that are those of a Kafka that was started here\n$/,
    ],
  ])('fails for a lab that is named and cannot be run: labs home-log %j', (args, expected) => {
    const { status, stdout } = real('labs', 'home-log', ...args);
    expect(stdout).toMatch(expected);
    expect(status).toBe(1);
  });

  describe('where an engine answers that has no image', () => {
    const programs = join(folder, 'programs');
    mkdirSync(programs);
    for (const [name, script] of [
      ['docker', 'case "$*" in *" up "*) echo "no such host" >&2; exit 1;; esac'],
      ['javac', 'echo javac 17.0.1'],
      ['mvn', ''],
    ] as const) {
      writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const env = { PATH: programs, JAVA_HOME: undefined };

    it('says what the engine said, and which other way is there', () => {
      const { status, stderr } = realWith(env, 'up', 'kafka');
      expect(stderr).toMatch(/no such host\nAnother way that is there: --way packages\n$/);
      expect(status).toBe(1);
    });

    it('says how many nodes compose.yaml has', () => {
      const { status, stderr } = realWith(env, 'up', 'kafka', '--way', 'docker', '--nodes', '4');
      expect(stderr).toMatch(/^compose\.yaml has 3 nodes of each broker, and 4 were asked for\n/);
      expect(status).toBe(1);
    });
  });

  it('tells the ways there are, and has nothing to take down', () => {
    const { status, stdout } = real('status');
    expect(stdout).toMatch(
      /^Apache Kafka is not up\n {2}docker: .+\n {2}packages: .+\nRabbitMQ is not up\n {2}docker: .+\n {2}debian: .+\n {2}packages: .+\n$/,
    );
    expect(status).toBe(0);
    expect(real('down')).toMatchObject({ status: 0, stdout: 'Apache Kafka is not up\nRabbitMQ is not up\n' });
  });
});
