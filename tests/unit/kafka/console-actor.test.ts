// The process that the tools run in: its time, its brokers, what is typed ahead, Ctrl-C; and the interactive tools on a
// whole cluster.
import { assert, describe, expect, it } from 'vitest';
import { ConsoleActor } from '../../../src/brokers/kafka/console.ts';
import type { RequestEnvelope } from '../../../src/brokers/kafka/protocol.ts';
import { parseScenario, type Action } from '../../../src/scenarios/schema.ts';
import { Simulation } from '../../../src/scenarios/simulation.ts';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import { Kernel, type Actor, type Port } from '../../../src/sim/kernel.ts';
import { fromMs, toMs } from '../../../src/sim/time.ts';
import type { Sink, TraceEvent } from '../../../src/sim/trace.ts';
import { threePartitions, type FakeCluster } from './console-harness.ts';

const BROKERS = ['broker-1', 'broker-2', 'broker-3'];

class FakeBroker implements Actor {
  readonly id: string;
  private readonly port: Port;
  private readonly cluster: FakeCluster;

  constructor(port: Port, cluster: FakeCluster) {
    this.id = port.id;
    this.port = port;
    this.cluster = cluster;
  }

  start(): void {}

  wake(): void {}

  receive(message: unknown, from: string): void {
    const { correlation, request } = message as RequestEnvelope;
    if (this.cluster.silent.has(request.api)) return;
    this.port.send(from, { correlation, reply: this.cluster.answer(request) }, { what: 'reply' });
  }
}

class Events implements Sink {
  all: TraceEvent[] = [];

  on(event: TraceEvent): void {
    this.all.push({ ...event });
  }
}

/** A console among brokers that answer at once, a millisecond away. */
class Bench {
  readonly cluster = threePartitions();
  readonly events = new Events();
  kernel = new Kernel({ seed: 1, network: { latencyMs: 1, jitterMs: 0, loss: 0 }, sink: this.events });

  constructor() {
    const { kernel, cluster } = this;
    for (const node of BROKERS) {
      kernel.add((port) => new FakeBroker(port, cluster), node);
      kernel.start(node);
    }
    kernel.add((port) => new ConsoleActor(port, BROKERS, { next: 0 }), 'console');
    kernel.start('console');
  }

  get console(): ConsoleActor {
    const actor = this.kernel.actor('console');
    assert(actor instanceof ConsoleActor);
    return actor;
  }

  /** Types, and lets time pass. @returns what was printed since, with its moment in milliseconds */
  type(...lines: string[]): { at: number; command: string; lines: readonly string[]; exit: number | null }[] {
    const from = this.events.all.length;
    for (const line of lines) this.console.type(line);
    this.run();
    return this.printed(from);
  }

  run(untilMs = Infinity): void {
    while (this.kernel.nextAt() <= (untilMs === Infinity ? 1e15 : fromMs(untilMs))) this.kernel.step();
  }

  printed(from = 0) {
    return this.events.all
      .slice(from)
      .flatMap((event) =>
        event.kind === 'printed'
          ? [{ at: toMs(event.at), command: event.command, lines: event.lines, exit: event.exit }]
          : [],
      );
  }
}

const LIST = 'kafka-topics.sh --bootstrap-server localhost:9092 --list';
const WARNING = (at: string, node: string, label: string) =>
  `[1970-01-01 00:00:${at}] WARN [AdminClient clientId=adminclient-1] Connection to node ${node} (${label}) could not be established. Node may not be available. (org.apache.kafka.clients.NetworkClient)`;

describe('the console', () => {
  it('says that a command has begun, and what it printed when the brokers have answered', () => {
    expect(new Bench().type(LIST)).toEqual([
      { at: 0, command: LIST, lines: [], exit: null },
      // There and back for the metadata, and again for the topics.
      { at: 4, command: LIST, lines: ['orders'], exit: 0 },
    ]);
  });

  it('is silent while nothing is typed, and for an empty line', () => {
    const bench = new Bench();
    bench.run();
    expect(bench.type('', '   ', '# a comment')).toEqual([]);
    expect(bench.events.all).toEqual([]);
  });

  it('knows no other programs', () => {
    const printed = (line: string) => new Bench().type(line);
    expect(printed('foo --bar')).toEqual([
      { at: 0, command: 'foo --bar', lines: ['sh: foo: command not found'], exit: 127 },
    ]);
    expect(printed('ls "')).toMatchObject([
      { lines: ['sh: syntax error: unterminated quoted string'], exit: 2 },
    ]);
    expect(printed('help')[0]!.lines).toContain('  kafka-topics.sh');
    expect(printed('clear')).toEqual([{ at: 0, command: 'clear', lines: [], exit: 0 }]);
  });

  it('takes up what was typed ahead when the tool has ended', () => {
    const ended = new Bench()
      .type(LIST, 'foo', 'kafka-get-offsets.sh --bootstrap-server localhost:9093 --topic orders')
      .filter(({ exit }) => exit !== null);
    expect(ended.map(({ at, lines }) => [at, ...lines])).toEqual([
      [4, 'orders'],
      [4, 'sh: foo: command not found'],
      [10, 'orders:0:12', 'orders:1:7', 'orders:2:9'],
    ]);
  });

  it('Ctrl-C ends the tool and throws away what was typed ahead', () => {
    const bench = new Bench();
    bench.console.type(LIST);
    bench.console.type('foo');
    bench.console.key('end');
    bench.console.key('interrupt');
    bench.console.key('interrupt');
    bench.run();
    expect(bench.printed().slice(1)).toEqual([
      { at: 0, command: LIST, lines: ['^C'], exit: null },
      { at: 0, command: LIST, lines: [], exit: 130 },
    ]);
    expect(bench.type('clear')).toHaveLength(1);
  });

  it('waits for a broker that is down until its time is up', () => {
    const bench = new Bench();
    bench.kernel.crash('broker-1');
    expect(bench.type(LIST)).toEqual([
      { at: 0, command: LIST, lines: [], exit: null },
      { at: 1, command: LIST, lines: [WARNING('00,001', '-1', 'localhost/127.0.0.1:9092')], exit: null },
      {
        at: 60_000,
        command: LIST,
        lines: [
          'Error while executing topic command : Timed out waiting for a node assignment. Call: listTopics',
        ],
        exit: 1,
      },
    ]);
  });

  it('uses the next address when the first is down, or nobody listens there', () => {
    const bench = new Bench();
    bench.kernel.crash('broker-1');
    const outcome = (servers: string) => {
      const printed = bench.type(`kafka-topics.sh --bootstrap-server ${servers} --list`);
      return { lines: printed.flatMap(({ lines }) => lines), exit: printed.at(-1)!.exit };
    };
    expect(outcome('localhost:9092,localhost:9093')).toEqual({
      lines: [WARNING('00,001', '-1', 'localhost/127.0.0.1:9092'), 'orders'],
      exit: 0,
    });
    expect(outcome('localhost:9099,broker-2:9092')).toMatchObject({
      lines: [expect.stringContaining('(localhost/127.0.0.1:9099) could not be established'), 'orders'],
      exit: 0,
    });
  });

  it('says what is wrong with an address', () => {
    const bench = new Bench();
    const outcome = (server: string) =>
      bench.type(`kafka-topics.sh --bootstrap-server ${server} --list`).at(-1);
    expect(outcome('elsewhere:9092')).toMatchObject({
      lines: [
        'Failed to create new KafkaAdminClient',
        'Caused by: org.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls given in bootstrap.servers',
      ],
      exit: 1,
    });
    expect(outcome('localhost')).toMatchObject({
      lines: [
        'Failed to create new KafkaAdminClient',
        'Caused by: org.apache.kafka.common.config.ConfigException: Invalid url in bootstrap.servers: localhost',
      ],
    });
  });

  it('asks another broker when the one it asked dies', () => {
    const bench = new Bench();
    bench.console.type(LIST);
    bench.run(2.5);
    bench.kernel.crash('broker-1');
    bench.run();
    const last = bench.printed().at(-1)!;
    expect(last).toMatchObject({ lines: ['orders'], exit: 0 });
    expect(last.at).toBeGreaterThan(80);
    expect(last.at).toBeLessThan(150);
  });

  it('asks again for the coordinator when it has moved', () => {
    const bench = new Bench();
    bench.cluster.addGroup({ group: 'billing' });
    bench.cluster.errors.set('OffsetDelete', { error: 'NOT_COORDINATOR', detail: '' });
    bench.console.type(
      'kafka-consumer-groups.sh --bootstrap-server localhost:9092 --delete-offsets --group billing --topic orders:0',
    );
    bench.run(500);
    expect(bench.console.running).not.toBeNull();
    bench.cluster.errors.clear();
    bench.run();
    expect(bench.printed().at(-1)).toMatchObject({ exit: 0 });
    const apis = bench.cluster.asked.map(({ api }) => api);
    expect(apis.filter((api) => api === 'FindCoordinator').length).toBeGreaterThan(2);
  });

  it('gives up after the tool’s own time, and says of a call that is under way how often it was tried', () => {
    const bench = new Bench();
    bench.cluster.silent.add('ListGroups');
    expect(
      bench.type('kafka-consumer-groups.sh --bootstrap-server localhost:9092 --list').at(-1),
    ).toMatchObject({
      at: 5004,
      lines: [
        '',
        expect.stringMatching(
          /^Error: Executing consumer group command failed due to org\.apache\.kafka\.common\.errors\.TimeoutException: Call\(callName=listGroups, deadlineMs=\d+, tries=1, nextAllowedTryMs=\d+\) timed out at \d+ after 1 attempt\(s\)$/,
        ),
      ],
      exit: 0,
    });
  });

  it('comes back to a checkpoint in the middle of a command', () => {
    const bench = new Bench();
    bench.console.type('kafka-get-offsets.sh --bootstrap-server localhost:9092 --topic orders');
    bench.run(3);
    const snapshot = new Snapshot({ kernel: bench.kernel, events: bench.events });
    bench.run();
    const first = [...bench.events.all];
    snapshot.restore();
    expect(bench.events.all.length).toBeLessThan(first.length);
    while (bench.kernel.nextAt() < Infinity) bench.kernel.step();
    expect(bench.events.all).toEqual(first);
    expect(bench.printed().at(-1)!.lines).toEqual(['orders:0:12', 'orders:1:7', 'orders:2:9']);
  });
});

/** A whole cluster with nobody else on it. */
class Run {
  readonly events = new Events();
  readonly simulation: Simulation;

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    const scenario = parseScenario({
      version: 1,
      id: 'console-tools',
      title: 'Console',
      system: {
        broker: 'kafka',
        brokers: 3,
        topics: [{ name: 'orders', partitions: 2, replicationFactor: 3 }],
        config,
      },
      clients: [],
      durationMs: 600_000,
      seed: 11,
    });
    this.simulation = new Simulation(scenario, [], this.events);
  }

  act(action: Action): this {
    this.simulation.control('act', action);
    return this;
  }

  type(...lines: string[]): this {
    for (const line of lines) this.act({ do: 'type', line });
    return this;
  }

  for(ms: number): this {
    const until = this.simulation.now + fromMs(ms);
    while (this.simulation.nextAt() <= until) this.simulation.step();
    return this;
  }

  /** What a command printed, and its exit code. */
  output(beginning: string): { lines: string[]; exit: number | null } {
    const printed = this.events.all.flatMap((event) =>
      event.kind === 'printed' && event.command.startsWith(beginning) ? [event] : [],
    );
    return { lines: printed.flatMap(({ lines }) => lines), exit: printed.at(-1)?.exit ?? null };
  }

  of<Kind extends TraceEvent['kind']>(kind: Kind): Extract<TraceEvent, { kind: Kind }>[] {
    return this.events.all.filter(
      (event): event is Extract<TraceEvent, { kind: Kind }> => event.kind === kind,
    );
  }
}

const PRODUCE = 'kafka-console-producer.sh --bootstrap-server localhost:9092 --topic orders';
const CONSUME = 'kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic orders';
const KEYED = `${PRODUCE} --reader-property parse.key=true --reader-property key.separator=: --reader-property null.marker=NULL`;

describe('the console producer', () => {
  it('makes a record of each line until its input ends, with the tool’s linger of a second', () => {
    const run = new Run().type(KEYED, 'a:1', 'b:NULL', 'a:2').act({ do: 'key', key: 'end' }).for(5000);
    expect(run.output('kafka-console-producer')).toEqual({ lines: ['>a:1', '>b:NULL', '>a:2'], exit: 0 });
    expect(run.of('published').map(({ client, key, value }) => [client, key, value])).toEqual([
      ['console', 'a', '1'],
      ['console', 'b', null],
      ['console', 'a', '2'],
    ]);
    expect(run.of('publish-confirmed')).toHaveLength(3);
  });

  it('stops at a line without a key, and sends what came before', () => {
    const run = new Run().type(KEYED, 'a:1', 'b', 'a:2', 'clear').for(5000);
    expect(run.output('kafka-console-producer').lines).toContain(
      "org.apache.kafka.common.KafkaException: No key separator found on line number 2: 'b'",
    );
    expect(run.output('kafka-console-producer').exit).toBe(1);
    expect(run.of('publish-confirmed')).toHaveLength(1);
  });

  it('--sync waits for each answer before the next line', () => {
    const run = new Run().type(`${PRODUCE} --sync`, 'one', 'two').act({ do: 'key', key: 'end' }).for(5000);
    const order = run.events.all.filter(({ kind }) => kind === 'published' || kind === 'publish-confirmed');
    expect(order.map(({ kind }) => kind)).toEqual([
      'published',
      'publish-confirmed',
      'published',
      'publish-confirmed',
    ]);
    expect(run.output('kafka-console-producer').exit).toBe(0);
  });

  it('warns of a topic that is not there, and gives the record up after max.block.ms (K-35)', () => {
    const run = new Run()
      .type(PRODUCE.replace('orders', 'nosuch'), 'x')
      .act({ do: 'key', key: 'end' })
      .for(70_000);
    const { lines, exit } = run.output('kafka-console-producer');
    expect(lines).toEqual([
      '>x',
      expect.stringMatching(
        /WARN \[Producer clientId=console-producer\] The metadata response from the cluster reported a recoverable issue with correlation id \d+ : \{nosuch=UNKNOWN_TOPIC_OR_PARTITION\} \(org\.apache\.kafka\.clients\.NetworkClient\)$/,
      ),
      '[1970-01-01 00:01:00,000] ERROR Error when sending message to topic nosuch with key: null, value: 1 bytes with error: (org.apache.kafka.clients.producer.internals.ErrorLoggingCallback)',
      'org.apache.kafka.common.errors.TimeoutException: Topic nosuch not present in metadata after 60000 ms.',
    ]);
    expect(exit).toBe(0);
  });

  it('says what is wrong with a setting, and warns of one that is none', () => {
    const run = new Run().type(`${PRODUCE} --command-property acks=2`).for(10);
    expect(run.output('kafka-console-producer')).toEqual({
      lines: [
        'org.apache.kafka.common.KafkaException: Failed to construct kafka producer',
        'Caused by: org.apache.kafka.common.config.ConfigException: Invalid value 2 for configuration acks: String must be one of: 0, 1, all',
      ],
      exit: 1,
    });
    const other = new Run()
      .type(`${PRODUCE} --command-property foo=1`)
      .act({ do: 'key', key: 'end' })
      .for(2000);
    expect(other.output('kafka-console-producer')).toEqual({
      lines: [
        "[1970-01-01 00:00:00,000] WARN These configurations '[foo]' were supplied but are not used yet. (org.apache.kafka.clients.producer.ProducerConfig)",
      ],
      exit: 0,
    });
  });

  it('Ctrl-C ends it with 130', () => {
    const run = new Run().type(PRODUCE, 'x').for(100).act({ do: 'key', key: 'interrupt' }).for(5000);
    expect(run.output('kafka-console-producer')).toEqual({ lines: ['>x', '^C'], exit: 130 });
  });
});

describe('the console consumer', () => {
  const filled = (): Run =>
    new Run().type(KEYED, 'a:1', 'b:2', 'c:3', 'd:4', 'e:NULL').act({ do: 'key', key: 'end' }).for(5000);

  it('prints what is there, and then what comes, until Ctrl-C', () => {
    const run = filled().type(`${CONSUME} --from-beginning`).for(10_000);
    expect(run.output(CONSUME).lines.toSorted()).toEqual(['1', '2', '3', '4', 'null']);
    expect(run.output(CONSUME).exit).toBeNull();
    run.act({ do: 'key', key: 'interrupt' }).for(5000);
    expect(run.output(CONSUME).lines.slice(-2)).toEqual(['^C', 'Processed a total of 5 messages']);
    expect(run.output(CONSUME).exit).toBe(130);
  });

  it('begins at the end where nothing else is said', () => {
    const run = filled().type(CONSUME).for(10_000).act({ do: 'key', key: 'interrupt' }).for(5000);
    expect(run.output(CONSUME).lines).toEqual(['^C', 'Processed a total of 0 messages']);
  });

  it('reads one partition from an offset, without a group', () => {
    const run = filled()
      .type(
        `${CONSUME} --partition 0 --offset 1 --max-messages 1 --formatter-property print.offset=true --formatter-property print.partition=true`,
      )
      .for(10_000);
    const { lines, exit } = run.output(CONSUME);
    expect(lines).toEqual([
      expect.stringMatching(/^Partition:0\tOffset:1\t/),
      'Processed a total of 1 messages',
    ]);
    expect(exit).toBe(0);
  });

  it('--max-messages commits no more than it has printed (K-73)', () => {
    const run = filled();
    // More batches of the same partitions, so that one poll returns several of each.
    for (const line of ['a:5', 'b:6', 'a:7']) run.type(KEYED, line).act({ do: 'key', key: 'end' }).for(3000);
    run.type(`${CONSUME} --from-beginning --group g --max-messages 2`).for(15_000);
    expect(run.output(CONSUME)).toMatchObject({ exit: 0 });
    const committed = new Map<string, number>();
    for (const { outcome, place, position } of run.of('settled'))
      if (outcome === 'committed') committed.set(place, position);
    expect([...committed.values()].reduce((a, b) => a + b, 0)).toBe(2);
  });

  it('--timeout-ms ends it when no record comes', () => {
    const run = filled().type(`${CONSUME} --from-beginning --timeout-ms 4000`).for(20_000);
    const { lines, exit } = run.output(CONSUME);
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(
        /ERROR Error processing message, terminating consumer process: {2}\(org\.apache\.kafka\.tools\.consumer\.ConsoleConsumer\)$/,
      ),
      'org.apache.kafka.common.errors.TimeoutException',
      'Processed a total of 5 messages',
    ]);
    expect(exit).toBe(0);
  });

  it('leaves typing to the shell, after it has ended', () => {
    const run = filled().type(`${CONSUME} --from-beginning --max-messages 1`, 'foo').for(15_000);
    expect(run.output('foo')).toEqual({ lines: ['sh: foo: command not found'], exit: 127 });
  });
});

// Each line is one of Kafka 4.4.0's.
describe('the tools on a whole cluster', () => {
  const AT = '--bootstrap-server localhost:9092';

  it.each([
    [
      2,
      {},
      'DYNAMIC_TOPIC_CONFIG:min.insync.replicas=2, DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=1, DEFAULT_CONFIG:min.insync.replicas=1',
    ],
    [
      3,
      { 'min.insync.replicas': 2 },
      'DYNAMIC_TOPIC_CONFIG:min.insync.replicas=3, DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=2, STATIC_BROKER_CONFIG:min.insync.replicas=2, DEFAULT_CONFIG:min.insync.replicas=1',
    ],
    [
      1,
      { 'min.insync.replicas': 2, 'eligible.leader.replicas.version': 0 },
      'DYNAMIC_TOPIC_CONFIG:min.insync.replicas=1, STATIC_BROKER_CONFIG:min.insync.replicas=2, DEFAULT_CONFIG:min.insync.replicas=1',
    ],
  ])('say where a minimum of %i comes from, on brokers with %o (K-63)', (own, config, synonyms) => {
    const run = new Run(config)
      .type(`kafka-configs.sh ${AT} --alter --topic orders --add-config min.insync.replicas=${own}`)
      .for(5000)
      .type(`kafka-configs.sh ${AT} --describe --topic orders`)
      .for(5000);
    expect(run.output(`kafka-configs.sh ${AT} --describe`).lines).toEqual([
      'Dynamic configs for topic orders are:',
      `  min.insync.replicas=${own} sensitive=false synonyms={${synonyms}}`,
    ]);
  });

  it('name who is in sync as a leader asked for it: in ascending order (K-56)', () => {
    const describe = `kafka-topics.sh ${AT} --describe --topic b`;
    const isrs = (run: Run): string[] =>
      run.output(describe).lines.flatMap((line) => /Isr: (\S+)/.exec(line)?.[1] ?? []);
    const run = new Run()
      .type(`kafka-topics.sh ${AT} --create --topic b --replica-assignment 2:3:1,3:2:1,1:3:2,3:1:2,2:1:3`)
      .for(5000)
      .type(describe)
      .for(5000);
    expect(isrs(run)).toEqual(['2,3,1', '3,2,1', '1,3,2', '3,1,2', '2,1,3']);
    run.act({ do: 'crash', target: 'broker-2' }).for(20_000).type(describe).for(5000);
    expect(isrs(run).slice(5)).toEqual(['3,1', '3,1', '1,3', '3,1', '1,3']);
    run.act({ do: 'restart', target: 'broker-2' }).for(20_000).type(describe).for(5000);
    expect(isrs(run).slice(10)).toEqual(['1,2,3', '1,2,3', '1,2,3', '1,2,3', '1,2,3']);
  });
});
