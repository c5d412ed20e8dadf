// The console in a terminal: a session fed with lines, and the command as a reader runs it.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { kafkaConsole } from '../../../src/brokers/kafka/console/index.ts';
import { ConsoleSession, helpOf } from '../../../src/cli/console-session.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';

function session(beginMs = 0) {
  const lines: string[] = [];
  const made = new ConsoleSession(scenarioById('kafka-console'), (line) => lines.push(line), beginMs);
  return {
    session: made,
    /** What is printed after some lines of input. */
    feed: (...input: string[]): string[] => {
      lines.length = 0;
      for (const line of input) made.line(line);
      return [...lines];
    },
    end: (): string[] => {
      lines.length = 0;
      made.end();
      return [...lines];
    },
  };
}

const AT = '--bootstrap-server localhost:9092';

describe('a session', () => {
  it('runs a command to its end and prints what it prints', () => {
    const { feed, session: made } = session();
    expect(feed(`kafka-topics.sh ${AT} --list --exclude-internal`)).toEqual(['orders']);
    expect(made.exit).toBe(0);
    expect(made.prompt).toBe('$ ');
  });

  it('shows the cluster that it begins with at work', () => {
    const { feed } = session(10_000);
    const lines = feed(`kafka-consumer-groups.sh ${AT} --describe --group billing`);
    expect(lines[1]).toMatch(/^GROUP +TOPIC +PARTITION +CURRENT-OFFSET +LOG-END-OFFSET +LAG +CONSUMER-ID/);
    expect(lines.filter((line) => line.startsWith('billing'))).toHaveLength(3);
    expect(lines.filter((line) => line.endsWith(' c1'))).not.toHaveLength(0);
    expect(lines.filter((line) => line.endsWith(' c2'))).not.toHaveLength(0);
  });

  it('takes the lines after a console producer for records, up to ^D, without an echo', () => {
    const { feed, session: made } = session();
    feed(`kafka-topics.sh ${AT} --create --topic notes`);
    expect(feed(`kafka-console-producer.sh ${AT} --topic notes`)).toEqual([]);
    expect(made.prompt).toBe('>');
    expect(feed('one', 'two words', '::three', '^D')).toEqual([]);
    expect(made.prompt).toBe('$ ');
    expect(feed(`kafka-console-consumer.sh ${AT} --topic notes --from-beginning --max-messages 3`)).toEqual([
      'one',
      'two words',
      ':three',
      'Processed a total of 3 messages',
    ]);
    expect(made.exit).toBe(0);
  });

  it('ends a producer’s input with its own', () => {
    const { feed, end, session: made } = session();
    feed(
      `kafka-topics.sh ${AT} --create --topic notes`,
      `kafka-console-producer.sh ${AT} --topic notes`,
      'one',
    );
    expect(end()).toEqual([]);
    expect(made.exit).toBe(0);
    expect(feed(`kafka-get-offsets.sh ${AT} --topic notes`)).toEqual(['notes:0:1']);
  });

  it('interrupts a consumer that has been idle when the next line comes', () => {
    const { feed, session: made } = session();
    feed(
      `kafka-topics.sh ${AT} --create --topic notes`,
      `kafka-console-producer.sh ${AT} --topic notes`,
      'one',
      '^D',
    );
    expect(feed(`kafka-console-consumer.sh ${AT} --topic notes --from-beginning`)).toEqual(['one']);
    expect(made.prompt).toBe('');
    expect(feed(`kafka-get-offsets.sh ${AT} --topic notes`)).toEqual([
      'Processed a total of 1 messages',
      'notes:0:1',
    ]);
    // The interrupt was not the reader's: it is no failure.
    expect(made.exit).toBe(0);
  });

  it('ends a consumer of what never stops', () => {
    const { feed, end } = session();
    const lines = feed(`kafka-console-consumer.sh ${AT} --topic orders`);
    expect(lines.length).toBeGreaterThan(20);
    expect(end()).toEqual([`Processed a total of ${lines.length} messages`]);
  });

  it('keeps the exit code of the last command that failed', () => {
    const { feed, session: made } = session();
    expect(feed('foo')).toEqual(['sh: foo: command not found']);
    expect(made.exit).toBe(127);
    feed(`kafka-topics.sh ${AT} --describe --topic no`);
    expect(made.exit).toBe(1);
    feed(`kafka-topics.sh ${AT} --list`);
    expect(made.exit).toBe(1);
  });

  it('has commands of its own', () => {
    const { feed, session: made } = session();
    expect(feed(':help')).toEqual(helpOf(kafkaConsole, 'broker-1'));
    expect(feed(':status')[0]).toBe('kafka-console, seed 7, 0.000 s');
    expect(feed(':wait 10s', ':pause c1', ':crash broker-1', ':status')).toEqual([
      expect.stringMatching(/^kafka-console, seed 7, (9\.9\d\d|10\.000) s$/),
      '  broker-1         stopped',
      '  broker-2         running',
      '  broker-3         running',
      '  controller       running',
      '  shop             running',
      '  c1               paused',
      '  c2               running',
    ]);
    expect(
      feed(':restart broker-1', ':resume c1', ':status').filter((line) => !line.endsWith('running')),
    ).toEqual([expect.stringMatching(/^kafka-console/)]);
    expect(made.exit).toBe(0);
    expect(feed(':cut c1 broker-1', ':heal c1 broker-1')).toEqual([]);
  });

  it.each([
    [':crash', /^:crash: expected one of broker-1, broker-2, broker-3, controller, shop, c1, c2$/, 2],
    [':crash nobody', /^:crash: there is no process nobody$/, 1],
    [':wait long', /^:wait: expected a time such as 10s, got "long"$/, 2],
    [':cut c1', /^:cut: expected two of broker-1/, 2],
    [':jump', /^:jump: expected :wait, :crash/, 2],
  ])('%s', (line, message, exit) => {
    const { feed, session: made } = session();
    expect(feed(line)).toEqual([expect.stringMatching(message)]);
    expect(made.exit).toBe(exit);
  });

  it('shows a failover', () => {
    const { feed } = session(10_000);
    const leaders = () =>
      feed(`kafka-topics.sh --bootstrap-server localhost:9093 --describe --topic orders`)
        .slice(1)
        .map((line) => /Leader: (\S+)/.exec(line)![1]);
    expect(leaders()).toEqual(['1', '2', '3']);
    feed(':crash broker-1', ':wait 15s');
    expect(leaders()).toEqual(['2', '2', '3']);
  });

  it('knows names for tab completion', () => {
    const { feed, session: made } = session(10_000);
    feed(`kafka-topics.sh ${AT} --create --topic notes`);
    expect(made.names).toEqual({
      topics: ['notes', 'orders'],
      groups: ['billing'],
      brokers: ['broker-1', 'broker-2', 'broker-3'],
    });
  });

  it('is the same twice', () => {
    const once = () =>
      session(10_000).feed(
        `kafka-consumer-groups.sh ${AT} --describe --group billing`,
        `kafka-console-consumer.sh ${AT} --topic orders --max-messages 3 --formatter-property print.timestamp=true`,
      );
    expect(once()).toEqual(once());
  });
});

describe('npm run console', () => {
  const console = (args: string[], input = '') => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/console.ts', ...args], {
      input,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  it('reads commands from standard input, without a prompt', () => {
    const { status, stdout } = console(
      ['kafka', '--seed', '3'],
      `kafka-topics.sh ${AT} --list --exclude-internal\n:status\nfoo\n`,
    );
    expect(stdout).toMatch(/^orders\nkafka-console, seed 3, \d+\.\d+ s\n/);
    expect(stdout).toMatch(/\nsh: foo: command not found\n$/);
    expect(status).toBe(127);
  });

  it.each([
    [[], /expected a broker, "kafka" or "rabbitmq", got nothing/],
    [['rabbit'], /expected a broker, "kafka" or "rabbitmq", got "rabbit"/],
    [['kafka', 'nope'], /"nope" is neither a scenario of the book nor a file/],
    [['kafka', 'home-log', 'kafka-keyless'], /expected at most one scenario, got 2/],
    [['kafka', '--seed', 'x'], /--seed: expected an integer, got "x"/],
    [['kafka', '--sed', '1'], /Unknown option '--sed'/],
  ])('exits with 2 for bad arguments: %j', (args, message) => {
    const { status, stdout, stderr } = console(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
