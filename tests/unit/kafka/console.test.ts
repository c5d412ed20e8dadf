// How a typed line is read: words, options, the settings of topics, times; and what Tab offers.
import { describe, expect, it } from 'vitest';
import { topicConfigEntries, TOPIC_DEFAULTS, topicConfig } from '../../../src/brokers/kafka/config.ts';
import { addressesOf, complete, PROGRAMS, promptOf } from '../../../src/brokers/kafka/console/index.ts';
import { malformed, resolve } from '../../../src/brokers/kafka/console/address.ts';
import { exceptionOf } from '../../../src/brokers/kafka/console/errors.ts';
import { dateTime, parseDateTime, parseDuration, row } from '../../../src/brokers/kafka/console/format.ts';
import { parseOptions, usage } from '../../../src/brokers/kafka/console/options.ts';
import { GROUPS, programNamed, TOPICS } from '../../../src/brokers/kafka/console/programs.ts';
import { parseConfig, showConfig, TOPIC_CONFIGS } from '../../../src/brokers/kafka/console/topic-configs.ts';
import { tokenise } from '../../../src/brokers/console-tokens.ts';
import * as v from 'valibot';

function words(line: string): readonly string[] | string {
  const tokens = tokenise(line);
  return tokens.ok ? tokens.words : tokens.error;
}

describe('a line', () => {
  it.each([
    ['', []],
    ['  a  b\tc ', ['a', 'b', 'c']],
    [`a 'b c' "d e" f\\ g`, ['a', 'b c', 'd e', 'f g']],
    [`key.separator=$'\\t' x`, ['key.separator=\t', 'x']],
    [`"a \\"quoted\\" \\n" 'b\\'`, ['a "quoted" \\n', 'b\\']],
    [`''`, ['']],
    [`a#b # the rest`, ['a#b']],
    [`--property 'key.separator=|'`, ['--property', 'key.separator=|']],
  ])('%j', (line, expected) => {
    expect(words(line)).toEqual(expected);
  });

  it('says what a shell says, and what it cannot do', () => {
    expect(words(`echo "a`)).toBe('sh: syntax error: unterminated quoted string');
    expect(words('echo a | kafka-topics.sh')).toMatch(/^sh: \|: this console runs one program a line/);
  });
});

describe('options', () => {
  const parse = (...args: string[]) => parseOptions(TOPICS, args);

  it('takes values after a blank and after an equals sign, and unambiguous beginnings of names', () => {
    const options = parse(
      '--create',
      '--topic=a=b',
      '--part',
      '3',
      '-replication-factor',
      '2',
      '--config',
      'x=1',
    );
    expect(options.value('topic')).toBe('a=b');
    expect(options.number('partitions')).toBe(3);
    expect(options.number('replication-factor')).toBe(2);
    expect(options.values('config')).toEqual(['x=1']);
  });

  it('takes a negative number as a value', () => {
    expect(parseOptions(GROUPS, ['--shift-by', '-2']).number('shift-by')).toBe(-2);
  });

  it.each([
    [['--topicz', 'x'], 'topicz is not a recognized option'],
    [['--con'], 'Option config requires an argument'],
    [['--t', 'x'], 't is not a recognized option'],
    [['-x'], 'x is not a recognized option'],
    [['--topic'], 'Option topic requires an argument'],
  ])('%j', (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });

  it('knows values that are no numbers, and options that were given twice, when they are asked for', () => {
    expect(() => parse('--partitions', 'many').number('partitions')).toThrow(
      "Cannot parse argument 'many' of option partitions",
    );
    expect(() => parse('--topic', 'a', '--topic', 'b').value('topic')).toThrow(
      'Found multiple arguments for option topic, but you asked for only one',
    );
  });

  it('has options that others make available', () => {
    expect(() => parseOptions(GROUPS, ['--list', '--members'])).toThrow(
      'Option(s) [members] are unavailable given other options on the command line',
    );
    expect(parseOptions(GROUPS, ['--describe', '--members']).has('members')).toBe(true);
    expect(parseOptions(GROUPS, ['--list', '--state']).value('state')).toBeNull();
    expect(parseOptions(GROUPS, ['--list', '--state', 'stable']).value('state')).toBe('stable');
  });

  it('prints them in two columns within 80 characters', () => {
    const lines = usage(TOPICS);
    expect(lines[0]).toMatch(/^Option +Description$/);
    expect(lines.some((line) => line.startsWith('--partitions <Integer>'))).toBe(true);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(80);
  });
});

describe('settings of a topic', () => {
  it('are those that the model knows, with the same limits', () => {
    expect(Object.keys(TOPIC_CONFIGS).sort()).toEqual(Object.keys(topicConfigEntries).sort());
    for (const [name, { min }] of Object.entries(TOPIC_CONFIGS)) {
      if (min === undefined) continue;
      expect(v.is(topicConfig, { [name]: min }), name).toBe(true);
      expect(v.is(topicConfig, { [name]: min - 1 }), name).toBe(false);
    }
  });

  it.each([
    ['retention.ms', '1000', { value: 1000 }],
    ['retention.ms', '-1', { value: -1 }],
    ['cleanup.policy', 'delete, compact', { value: 'compact,delete' }],
    ['unclean.leader.election.enable', 'TRUE', { value: true }],
    ['min.cleanable.dirty.ratio', '0.2', { value: 0.2 }],
    ['max.compaction.lag.ms', '9223372036854775807', { value: Number.MAX_SAFE_INTEGER }],
    ['foo', '1', { error: 'Unknown topic config name: foo' }],
    [
      'min.insync.replicas',
      '0',
      { error: 'Invalid value 0 for configuration min.insync.replicas: Value must be at least 1' },
    ],
    [
      'min.cleanable.dirty.ratio',
      '1.5',
      {
        error: 'Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
      },
    ],
    [
      'retention.ms',
      'long',
      { error: 'Invalid value long for configuration retention.ms: Not a number of type LONG' },
    ],
    [
      'segment.bytes',
      '3000000000',
      { error: 'Invalid value 3000000000 for configuration segment.bytes: Not a number of type INT' },
    ],
    [
      'unclean.leader.election.enable',
      'yes',
      {
        error:
          'Invalid value yes for configuration unclean.leader.election.enable: Expected value to be either true or false',
      },
    ],
    [
      'cleanup.policy',
      'compact,drop',
      {
        error: 'Invalid value drop for configuration cleanup.policy: String must be one of: compact, delete',
      },
    ],
    ['flush.ms', '1', { error: "Topic config flush.ms is Kafka's, but this simulator does not model it" }],
  ])('%s=%s', (name, text, expected) => {
    expect(parseConfig(name, text)).toEqual(expected);
  });

  it('shows Java’s largest long for the model’s', () => {
    expect(showConfig(TOPIC_DEFAULTS['max.compaction.lag.ms'])).toBe('9223372036854775807');
  });
});

describe('formats', () => {
  it('pads columns as printf does, the last one not', () => {
    expect(row([6, 3], ['a', 'bcde', 'f'])).toBe('a      bcde f');
  });

  it('reads and writes times of a run that began on 1970-01-01', () => {
    expect(dateTime(0)).toBe('1970-01-01 00:00:00,000');
    expect(dateTime(951_782_400_000 + 3_723_004)).toBe('2000-02-29 01:02:03,004');
    expect(parseDateTime('1970-01-01T00:00:05.250')).toBe(5250);
    expect(parseDateTime('2000-02-29T00:00:00.000')).toBe(951_782_400_000);
    expect(parseDateTime('1970-01-01T02:00:00.000+0200')).toBe(0);
    expect(parseDateTime('1970-01-01T02:00:00.000Z')).toBe(7_200_000);
    expect(parseDateTime('1970-01-01')).toBeNull();
    expect(parseDateTime('1970-13-01T00:00:00.000')).toBeNull();
  });

  it.each([
    ['PT10S', 10_000],
    ['PT1.5S', 1500],
    ['P1DT2H3M4S', 93_784_000],
    ['-PT1M', -60_000],
    ['P', null],
    ['PT', null],
    ['10s', null],
  ])('the duration %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it('names the client’s exceptions', () => {
    expect(exceptionOf('GROUP_ID_NOT_FOUND')).toBe('org.apache.kafka.common.errors.GroupIdNotFoundException');
    expect(exceptionOf('INVALID_CONFIG')).toBe(
      'org.apache.kafka.common.errors.InvalidConfigurationException',
    );
    expect(exceptionOf('NOT_LEADER_OR_FOLLOWER')).toBe(
      'org.apache.kafka.common.errors.NotLeaderOrFollowerException',
    );
  });
});

describe('addresses', () => {
  const brokers = ['broker-1', 'broker-2', 'broker-3'];
  const nodes = (text: string) => {
    const resolved = resolve(text, brokers);
    return 'error' in resolved ? resolved.error : resolved.addresses.map(({ node }) => node);
  };

  it('lead to brokers by name and by local port', () => {
    expect(nodes('localhost:9092')).toEqual(['broker-1']);
    expect(nodes('127.0.0.1:9094,broker-2:9092')).toEqual(['broker-3', 'broker-2']);
    expect(nodes('localhost:9099,broker-1:9093')).toEqual([null, null]);
    expect(addressesOf(['broker-1', 'broker-2'])).toEqual([
      'localhost:9092',
      'localhost:9093',
      'broker-1:9092',
      'broker-2:9092',
    ]);
  });

  it('say what is wrong with them', () => {
    expect(nodes('localhost')).toBe('Invalid url in bootstrap.servers: localhost');
    expect(nodes('elsewhere:9092')).toBe('No resolvable bootstrap urls given in bootstrap.servers');
    expect(resolve('elsewhere:9092,broker-1:9092', brokers)).toMatchObject({
      addresses: [{ node: 'broker-1' }],
      warnings: [
        [
          "Couldn't resolve server elsewhere:9092 from bootstrap.servers as DNS resolution failed for elsewhere",
          'org.apache.kafka.clients.ClientUtils',
        ],
      ],
    });
    expect(malformed('localhost')).toBe('Please provide valid host:port like host1:9091,host2:9092');
    expect(malformed('a:1,b:2')).toBeNull();
  });
});

describe('programs', () => {
  it('go by their names with and without a path and an ending', () => {
    for (const name of [
      'kafka-topics.sh',
      'kafka-topics',
      'bin/kafka-topics.sh',
      '/opt/kafka/bin/kafka-topics.sh',
    ])
      expect(programNamed(name), name).toBe(TOPICS);
    expect(programNamed('kafka-topics.bat')).toBeUndefined();
  });

  it('have a prompt where they read lines', () => {
    expect(promptOf(null)).toBe('$ ');
    expect(promptOf('bin/kafka-console-producer.sh --topic a')).toBe('>');
    expect(promptOf('kafka-console-consumer.sh --topic a')).toBe('');
  });
});

describe('Tab', () => {
  const knowledge = {
    topics: ['orders', 'payments'],
    groups: ['billing'],
    brokers: ['broker-1', 'broker-2'],
  };
  const at = (line: string, cursor = line.length) => complete(line, cursor, knowledge);
  const candidates = (line: string) => at(line).candidates;

  it('offers programs', () => {
    expect(candidates('')).toEqual([...PROGRAMS, 'clear', 'help'].sort());
    expect(at('  kafka-con')).toEqual({
      from: 2,
      candidates: [
        'kafka-configs.sh',
        'kafka-console-consumer.sh',
        'kafka-console-producer.sh',
        'kafka-consumer-groups.sh',
      ],
    });
    expect(candidates('bin/kafka-t')).toEqual(['bin/kafka-topics.sh']);
    expect(candidates('ls -')).toEqual([]);
  });

  it('offers options that are not there yet, and that the others make available', () => {
    expect(candidates('kafka-topics.sh --de')).toEqual(['--delete', '--describe']);
    expect(candidates('kafka-topics.sh --describe --de')).toEqual(['--delete']);
    expect(candidates('kafka-topics.sh --create --config a=1 --conf')).toEqual(['--config']);
    expect(candidates('kafka-consumer-groups.sh --mem')).toEqual([]);
    expect(candidates('kafka-consumer-groups.sh --describe --mem')).toEqual(['--members']);
  });

  it.each([
    ['kafka-topics.sh --topic ', ['orders', 'payments']],
    ['kafka-topics.sh --topic=pa', ['payments']],
    ['kafka-consumer-groups.sh --describe --group b', ['billing']],
    ['kafka-topics.sh --bootstrap-server localhost:9092,bro', ['broker-1:9092', 'broker-2:9092']],
    ['kafka-leader-election.sh --election-type ', ['PREFERRED', 'UNCLEAN']],
    ['kafka-configs.sh --alter --add-config retention.ms=1,retention.b', ['retention.bytes=']],
    ['kafka-configs.sh --alter --delete-config retention.b', ['retention.bytes']],
    ['kafka-topics.sh --create --config min.i', ['min.insync.replicas=']],
    ['kafka-console-consumer.sh --formatter-property print.k', ['print.key=true']],
    ['kafka-topics.sh --partitions ', []],
  ])('offers values: %s', (line, expected) => {
    expect(candidates(line)).toEqual(expected);
  });

  it('looks at what stands before the cursor only, and says what is replaced', () => {
    const line = 'kafka-topics.sh --bootstrap-server localhost:9092,bro --list';
    expect(at(line, line.indexOf(' --list'))).toEqual({
      from: line.indexOf('bro', 40),
      candidates: ['broker-1:9092', 'broker-2:9092'],
    });
  });
});
