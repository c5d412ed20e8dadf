// The process that the tools run in: what the trace says of what they do, Ctrl-C, lines typed ahead, nodes that die, copies;
// and tab completion.
import { assert, describe, expect, it } from 'vitest';
import { complete } from '../../../src/brokers/rabbitmq/console/complete.ts';
import { rabbitmqConsole } from '../../../src/brokers/rabbitmq/console/index.ts';
import { kindOf, promptOf } from '../../../src/brokers/rabbitmq/console/programs.ts';
import { checkersFor } from '../../../src/claims/conformance.ts';
import { OneFate } from '../../../src/claims/conformance-queues.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { modelOf } from '../../../src/scenarios/models.ts';
import { parseScenario, type Action } from '../../../src/scenarios/schema.ts';
import { Simulation } from '../../../src/scenarios/simulation.ts';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import { fromMs } from '../../../src/sim/time.ts';
import type { Sink, TraceEvent } from '../../../src/sim/trace.ts';
import { examples } from '../../../src/widgets/experiment/rabbitmq/console.ts';
import { consoleOn, recorded } from './console-harness.ts';

class Events implements Sink {
  all: TraceEvent[] = [];

  on(event: TraceEvent): void {
    this.all.push({ ...event });
  }
}

/** A run that is typed into. */
class Bench {
  readonly events = new Events();
  simulation: Simulation;

  constructor(input = recorded()) {
    this.simulation = new Simulation(parseScenario(input), [], this.events);
    this.run(2000);
  }

  act(action: Action): void {
    this.simulation.control('act', action);
  }

  type(...lines: string[]): void {
    for (const line of lines) this.act({ do: 'type', line });
  }

  run(ms: number): void {
    const until = this.simulation.now + fromMs(ms);
    while (this.simulation.nextAt() <= until && this.simulation.step());
  }

  /** What was printed, command by command, with the exit code. */
  get printed(): [string, ...(string | number | null)[]][] {
    const outputs: [string, ...(string | number | null)[]][] = [];
    for (const event of this.events.all) {
      if (event.kind !== 'printed') continue;
      const last = outputs.at(-1);
      if (last?.[0] === event.command && typeof last.at(-1) !== 'number') {
        last.push(...event.lines, ...(event.exit === null ? [] : [event.exit]));
      } else outputs.push([event.command, ...event.lines, ...(event.exit === null ? [] : [event.exit])]);
    }
    return outputs;
  }

  of<K extends TraceEvent['kind']>(kind: K): Extract<TraceEvent, { kind: K }>[] {
    return this.events.all.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
  }
}

describe('what a tool does is done', () => {
  it('a message that is published is routed, confirmed, got and settled as any other', () => {
    const bench = new Bench();
    bench.type(
      'rabbitmqadmin publish exchange=orders routing_key=order.new payload=A',
      'rabbitmqadmin publish routing_key=nowhere payload=lost',
      'rabbitmqadmin get queue=dead ackmode=reject_requeue_true',
      'rabbitmqadmin get queue=dead ackmode=ack_requeue_false',
      'rabbitmqadmin get queue=dead',
    );
    bench.run(1000);
    const published = bench.of('published').filter(({ client }) => client === 'console');
    expect(published).toMatchObject([
      { key: 'A', to: 'orders', routingKey: 'order.new', bytes: 1, transient: true },
      { key: null, to: '', routingKey: 'nowhere', bytes: 4 },
    ]);
    const [first, lost] = published.map(({ message }) => message);
    const places = bench.of('appended').filter(({ message }) => message === first);
    expect(new Set(places.map(({ place }) => place))).toEqual(new Set(['billing', 'ship']));
    expect(bench.of('publish-confirmed').map(({ message }) => message)).toEqual(
      expect.arrayContaining([first, lost]),
    );
    expect(bench.of('returned')).toMatchObject([
      { client: 'console', message: lost, reason: '312 NO_ROUTE' },
    ]);
    const got = bench.of('delivered').filter(({ client }) => client === 'console');
    expect(got.map(({ place, redelivered }) => [place, redelivered])).toEqual([
      ['dead', false],
      ['dead', true],
    ]);
    expect(bench.of('settled').filter(({ client }) => client === 'console')).toMatchObject([
      { outcome: 'rejected', place: 'dead' },
    ]);
    expect(bench.of('nothing-there')).toMatchObject([{ client: 'console', place: 'dead' }]);
  });

  it('what it declares and deletes, the trace says, and a run with it keeps to the rules', () => {
    const bench = new Bench();
    const checkers = [...checkersFor({ orderedPlaces: false, atLeastOnce: true }), new OneFate()];
    bench.type(
      'rabbitmqadmin declare exchange name=e type=fanout',
      'rabbitmqadmin declare queue name=q',
      'rabbitmqadmin declare binding source=e destination=q',
      'rabbitmqadmin publish exchange=e routing_key= payload=x',
      `rabbitmqctl set_policy p ^q '{"max-length":1}'`,
      'rabbitmqadmin publish exchange=e routing_key= payload=y',
      'rabbitmqctl clear_policy p',
      'rabbitmqctl purge_queue q',
      'rabbitmqctl delete_queue q',
    );
    bench.run(2000);
    expect(bench.printed.map((output) => output.at(-1))).toEqual(Array(9).fill(0));
    expect(bench.of('exchange-created').at(-1)).toMatchObject({ name: 'e', type: 'fanout' });
    expect(bench.of('binding-created').at(-1)).toMatchObject({ source: 'e', destination: 'q' });
    // The policy holds at once: the older message makes room for the newer one.
    expect(bench.of('dropped').filter(({ place }) => place === 'q')).toMatchObject([
      { reason: 'maxlen' },
      { reason: 'purged' },
    ]);
    expect(bench.of('places-deleted').at(-1)).toMatchObject({ name: 'q' });
    for (const checker of checkers) {
      for (const event of bench.events.all) checker.on(event);
      expect(checker.violations(false)).toEqual([]);
    }
  });

  it('an error of the server closes its channel, and the next command has another', () => {
    const run = consoleOn(recorded('4.3'));
    expect(run('rabbitmqadmin publish message -e nope').exit).toBe(65);
    expect(run('rabbitmqadmin publish message -k dead').exit).toBe(0);
    // The tools' own connections do not stay.
    expect(run('rabbitmqctl list_connections peer_host -s').lines).not.toContain('console');
  });

  it('a queue that is full and refuses says so', () => {
    const run = consoleOn();
    run(`rabbitmqadmin declare queue name=full arguments='{"x-max-length":1,"x-overflow":"reject-publish"}'`);
    expect(run('rabbitmqadmin publish routing_key=full payload=1').exit).toBe(0);
    expect(run('rabbitmqadmin publish routing_key=full payload=2')).toEqual({
      lines: ['*** rejected Unable to publish message. Check queue limits.', ''],
      exit: 1,
    });
  });
});

describe('the process', () => {
  it('runs one command after another, and knows no other programs', () => {
    const bench = new Bench();
    bench.type('', '# a comment', 'rabbitmqctl version', 'foo --bar', 'ls "', 'clear', 'help');
    bench.run(100);
    expect(bench.printed.slice(0, 4)).toEqual([
      ['rabbitmqctl version', '3.10.8', 0],
      ['foo --bar', 'sh: foo: command not found', 127],
      ['ls "', 'sh: syntax error: unterminated quoted string', 2],
      ['clear', 0],
    ]);
    expect(bench.printed[4]).toContain('  rabbitmqctl');
  });

  it('Ctrl-C ends a tool, and throws away what was typed ahead', () => {
    const bench = new Bench();
    bench.type('rabbitmqadmin get queue=dead', 'foo');
    bench.act({ do: 'key', key: 'end' });
    bench.act({ do: 'key', key: 'interrupt' });
    bench.act({ do: 'key', key: 'interrupt' });
    bench.run(1000);
    expect(bench.printed).toEqual([['rabbitmqadmin get queue=dead', '^C', 130]]);
    // While it reads: nothing is published.
    bench.type('rabbitmqadmin publish routing_key=dead', 'half a');
    bench.act({ do: 'key', key: 'interrupt' });
    bench.run(1000);
    expect(bench.printed.at(-1)).toEqual(['rabbitmqadmin publish routing_key=dead', '> half a', '^C', 130]);
    expect(bench.of('published').filter(({ client }) => client === 'console')).toEqual([]);
  });

  it('what it got and did not settle goes back when it is interrupted', () => {
    const bench = new Bench({ ...recorded(), network: { latencyMs: 50 } });
    bench.run(3000);
    bench.type('rabbitmqadmin get queue=dead count=2 ackmode=reject_requeue_false');
    for (let i = 0; i < 100 && !bench.of('delivered').some(({ client }) => client === 'console'); i++)
      bench.run(20);
    bench.act({ do: 'key', key: 'interrupt' });
    bench.run(1000);
    expect(bench.of('settled').filter(({ client }) => client === 'console')).toEqual([]);
    const run = bench.printed.length;
    bench.type('rabbitmqctl list_queues name messages_ready -s');
    bench.run(1000);
    expect(bench.printed[run]).toContain('dead\t1');
  });

  it('a node that dies under it', () => {
    const bench = new Bench(recorded('4.3', 3));
    bench.type('rabbitmqadmin -P 15673 publish message -k dead');
    bench.act({ do: 'crash', target: 'rabbit-2' });
    bench.run(1000);
    expect(bench.printed.at(-1)!.at(-1)).toBe(65);
    bench.act({ do: 'crash', target: 'rabbit-3' });
    bench.run(1000);
    // A classic queue whose node is down: the server says where it was.
    bench.type('rabbitmqctl purge_queue dead');
    bench.run(1000);
    expect(bench.printed.at(-1)).toContain(
      "home node 'rabbit-3' of durable queue 'dead' in vhost '/' is down or inaccessible",
    );
    // without a majority nothing is declared.
    bench.run(8000);
    bench.type('rabbitmqadmin declare queue --name q');
    bench.run(1000);
    expect(bench.printed.at(-1)!.at(-1)).toBe(65);
  });

  it('comes back to a checkpoint in the middle of a command', () => {
    const bench = new Bench();
    bench.type('rabbitmqadmin get queue=billing count=3', 'rabbitmqctl list_queues');
    bench.run(3);
    const { simulation, events } = bench;
    const snapshot = new Snapshot({ simulation, events });
    bench.run(500);
    const until = simulation.now;
    const first = [...events.all];
    snapshot.restore();
    expect(events.all.length).toBeLessThan(first.length);
    while (simulation.nextAt() <= until && simulation.step());
    expect(events.all).toEqual(first);
    expect(bench.printed.at(-1)!.at(-1)).toBe(0);
  });

  it('a crash of its own process ends what runs', () => {
    const bench = new Bench();
    bench.type('rabbitmqadmin get queue=dead');
    bench.run(3);
    bench.act({ do: 'crash', target: 'console' });
    bench.run(100);
    bench.type('rabbitmqctl version');
    expect(bench.printed.at(-1)).toEqual(['rabbitmqctl version', '3.10.8', 0]);
  });
});

describe('tab completion', () => {
  const names = {
    queues: ['billing', 'dead'],
    exchanges: ['orders'],
    nodes: ['rabbit-1', 'rabbit-2'],
    policies: ['p1'],
    releases: ['4.3'],
  };
  const tab = (line: string, release = '4.3') =>
    complete(line, line.length, { ...names, releases: [release] }).candidates;

  it.each([
    ['rabbitmqc', ['rabbitmqctl']],
    ['', ['clear', 'help', 'rabbitmqadmin', 'rabbitmqctl']],
    ['rabbitmqctl list_e', ['list_exchanges']],
    ['rabbitmqctl list_exchanges ty', ['type']],
    ['rabbitmqctl list_queues name messages_un', ['messages_unacknowledged', 'messages_unacknowledged_ram']],
    ['rabbitmqctl list_queues --on', ['--online']],
    ['rabbitmqctl -n ', ['rabbit@rabbit-1', 'rabbit@rabbit-2']],
    ['rabbitmqctl purge_queue b', ['billing']],
    ['rabbitmqctl clear_policy ', ['p1']],
    ['rabbitmqctl list_queues --formatter=j', ['json']],
    ['rabbitmqctl set_policy p1 x y --apply-to cl', ['classic_queues']],
    ['rabbitmqadmin que', ['queues']],
    ['rabbitmqadmin queues ', ['declare', 'delete', 'list', 'purge', 'show']],
    ['rabbitmqadmin queues delete --n', ['--name', '--non-interactive']],
    ['rabbitmqadmin queues delete --name d', ['dead']],
    ['rabbitmqadmin get messages -a rej', ['reject_requeue_false', 'reject_requeue_true']],
    ['rabbitmqadmin --table-style ps', ['psql']],
    ['rabbitmqadmin declare exchange --type=t', ['topic']],
    ['foo --', []],
  ])('%s', (line, candidates) => {
    expect(tab(line)).toEqual(candidates);
  });

  it.each([
    ['rabbitmqadmin li', ['list']],
    ['rabbitmqadmin list pol', ['policies']],
    ['rabbitmqadmin -f tsv declare b', ['binding']],
    ['rabbitmqadmin declare queue na', ['name=']],
    ['rabbitmqadmin declare queue name=x queue_type=q', ['quorum']],
    ['rabbitmqadmin delete queue name=', ['billing', 'dead']],
    ['rabbitmqadmin publish exchange=o', ['orders']],
    ['rabbitmqadmin get queue=dead ack', ['ackmode=']],
    ['rabbitmqctl set_policy p1 x y --apply-to cl', []],
  ])('3.10: %s', (line, candidates) => {
    expect(tab(line, '3.10')).toEqual(candidates);
  });

  it('replaces what stands before the cursor, and knows the names of a run', () => {
    expect(complete('rabbitmqadmin queues delete --name=de', 37, names).from).toBe(35);
    const scenario = scenarioById('rabbitmq-console');
    const { system, clients } = scenario;
    const fold = modelOf('rabbitmq').createView(system, clients, []);
    const simulation = new Simulation(scenario, [], { on: (event) => fold.on(event) });
    while (simulation.nextAt() <= fromMs(5000) && simulation.step());
    const view = fold.view(fromMs(5000));
    assert(view.broker === 'rabbitmq');
    expect(rabbitmqConsole.names(view)).toMatchObject({
      queues: ['audit', 'billing', 'dead-letters', 'lost', 'shipping'],
      nodes: ['rabbit-1', 'rabbit-2', 'rabbit-3'],
      policies: ['no-floods'],
      releases: ['4.3'],
    });
    // Each example is a command that works.
    const run = consoleOn(scenario as never, 5000);
    for (const { line } of examples(view))
      expect(run(line).exit, line).toBe(line.includes('--durable false') ? 65 : 0);
    const old = { ...view, version: '3.10' as const, nodes: view.nodes.slice(1) };
    expect(examples(old).map(({ line }) => line)).toContainEqual(
      expect.stringMatching(/^rabbitmqadmin publish routing_key=/),
    );
  });

  it('knows which commands read', () => {
    expect(kindOf('rabbitmqadmin publish routing_key=q')).toBe('reads');
    expect(kindOf('rabbitmqadmin publish routing_key=q payload=x')).toBe('works');
    expect(kindOf('rabbitmqadmin publish')).toBe('works');
    expect(kindOf('rabbitmqadmin publish message -k q -f -')).toBe('reads');
    expect(kindOf('rabbitmqctl list_queues')).toBe('works');
    expect(promptOf(null)).toBe('$ ');
    expect(promptOf('rabbitmqadmin publish routing_key=q')).toBe('> ');
    expect(promptOf('rabbitmqctl list_queues')).toBe('');
  });
});
