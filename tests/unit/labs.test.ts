// Each lab as a reader has it: the folder is whole, its commands are there, its sources compile where nothing else of the
// book is, its judge tells right from wrong, and its zip is the same each time. `npm run real -- labs` runs them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { VERSIONS } from '../../src/brokers/rabbitmq/config.ts';
import { unpack } from '../../src/cli/real-labs.ts';
import { homeOf, whyNot } from '../../src/labs/home.ts';
import { labFor, labIds } from '../../src/labs/index.ts';
import { folderOf, zipOf, type Lab } from '../../src/labs/lab.ts';
import { STARTED_CONFIG } from '../../src/scenarios/kafka/held.ts';
import { claimById, experiments, scenarioById } from '../../src/scenarios/library.ts';
import { observableClaims, realScenarios } from '../../src/scenarios/real.ts';
import { parseRecording, traceOfRecording } from '../../src/scenarios/recording.ts';
import { traceOf } from '../../src/scenarios/run.ts';
import { parseScenario } from '../../src/scenarios/schema.ts';
import { isObservable, type ObservableEvent } from '../../src/sim/trace.ts';

/** A zip is a short wait on a phone; one with the sources of both drivers may be a little longer. */
const ZIP_MAX_BYTES = { one: 160_000, both: 200_000 };

const folder = mkdtempSync(join(tmpdir(), 'brokerbook-labs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const labs = await Promise.all(labIds.map((id) => labFor(id)));
const byId = new Map(labs.map((lab) => [lab.id, lab]));
/** Labs whose sources are the same compile alike. */
const distinct = [...new Map(labs.map((lab) => [sourcesOf(lab), lab])).values()];

function sourcesOf({ files }: Lab): string {
  return Object.keys(files)
    .filter((path) => path.startsWith('src/'))
    .join(' ');
}

/** Runs one of its commands. @returns what it printed and its exit code */
function node(cwd: string, ...args: string[]): { code: number; output: string } {
  try {
    return {
      code: 0,
      output: execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: 'pipe' }),
    };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, output: stdout + stderr };
  }
}

/** Its scenarios, each with the name that the lab has for it. */
function runsOf(files: Lab['files']): (readonly [name: string, id: string])[] {
  return Object.entries(files).flatMap(([path, text]) => {
    const name = /^scenarios\/(.*)\.json$/.exec(path)?.[1];
    return name === undefined ? [] : [[name, (JSON.parse(text) as { id: string }).id] as const];
  });
}

function unpacked(lab: Lab): string {
  const own = mkdtempSync(join(folder, `${lab.id}-`));
  unpack(lab, own);
  return own;
}

describe.each(labs)('$id', (lab) => {
  const { files } = lab;
  const { scripts, dependencies } = JSON.parse(files['package.json']!) as {
    scripts: Record<string, string>;
    dependencies: Record<string, string>;
  };

  it('has what a reader needs', () => {
    for (const path of ['README.md', 'compose.yaml', 'package.json', 'tsconfig.json', 'judge.mjs', 'LICENSE'])
      expect(files[path], path).toBeTruthy();
    for (const service of lab.services)
      expect(files['compose.yaml']).toMatch(new RegExp(`\n    image: (apache/)?${service}:\\d`));
    for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d/);
  });

  it('names in its README only commands and files that are there', () => {
    const readme = files['README.md']!;
    const named = [...readme.matchAll(/npm run ([a-z-]+)/g)].map(([, script]) => script!);
    expect(named).toEqual(expect.arrayContaining(['up', 'judge', 'down']));
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    expect(scripts['start']).toBeTruthy();
    for (const [, path] of Object.values(scripts)
      .join('\n')
      .matchAll(/^node (\S+)/gm))
      expect(files).toHaveProperty([path!]);
    for (const [, path] of readme.matchAll(/`((?:src|scenarios)\/[^` ]*)`/g))
      expect(
        Object.keys(files).some((file) => file.startsWith(path!)),
        path,
      ).toBe(true);
    expect(readme).not.toMatch(/\{\{|undefined|NaN|\[object/);
  });

  it('is a small zip that opens, and the same one each time', async () => {
    const zip = zipOf(lab);
    expect(zip.length).toBeLessThan(ZIP_MAX_BYTES[lab.services.length > 1 ? 'both' : 'one']);
    expect(Buffer.from(zipOf(await labFor(lab.id))).equals(Buffer.from(zip))).toBe(true);
    const opened = Object.entries(unzipSync(zip)).map(([path, bytes]) => [path, strFromU8(bytes)]);
    const all = Object.entries(files).map(([path, text]) => [`${folderOf(lab.id)}/${path}`, text]);
    expect(Object.fromEntries(opened)).toEqual(Object.fromEntries(all));
  });
});

it.each(distinct)('the sources of $id compile by themselves', (lab) => {
  const own = unpacked(lab);
  expect(node(own, 'node_modules/typescript/bin/tsc')).toEqual({ code: 0, output: '' });
});

describe('the judge of RabbitMQ’s experiments', () => {
  const recorded = traceOfRecording(
    parseRecording(
      JSON.parse(readFileSync('tests/recordings/rabbitmq/rabbitmq-exchange-types.json', 'utf8')),
    ),
  );
  const lab = byId.get('rabbitmq-routing')!;
  const judged = (events: readonly object[]): { code: number; output: string } => {
    const own = unpacked(lab);
    mkdirSync(join(own, 'run'));
    writeFileSync(
      join(own, 'run', 'exchange-types.jsonl'),
      events.map((event) => JSON.stringify(event)).join('\n'),
    );
    return node(own, 'judge.mjs');
  };

  it('says of what a real broker did that each claim holds', () => {
    const { code, output } = judged(recorded);
    expect(output).toMatch(/^holds +A topic exchange goes by words/m);
    expect(output).not.toMatch(/^(FAILS|not shown)/m);
    expect(code).toBe(0);
  });

  it('says so of each experiment, of the run that was recorded', () => {
    const those = labs.filter(({ services, files }) => services.length === 1 && runsOf(files).length > 0);
    for (const one of those.filter(({ services }) => services.includes('rabbitmq'))) {
      const own = unpacked(one);
      mkdirSync(join(own, 'run'));
      for (const [name, id] of runsOf(one.files)) {
        const text = readFileSync(`tests/recordings/rabbitmq/${id}.json`, 'utf8');
        const events = traceOfRecording(parseRecording(JSON.parse(text)));
        writeFileSync(
          join(own, 'run', `${name}.jsonl`),
          events.map((event) => JSON.stringify(event)).join('\n'),
        );
      }
      const { code, output } = node(own, 'judge.mjs');
      expect(output, one.id).toMatch(/^holds /m);
      expect(output, one.id).not.toMatch(/^(FAILS|not run yet)/m);
      expect(code, one.id).toBe(0);
    }
  });

  it('names the event of a broker that routes otherwise', () => {
    const { code, output } = judged(
      recorded.map((event) =>
        event.kind === 'published' && event.to === 'by-words' ? { ...event, routingKey: 'nowhere' } : event,
      ),
    );
    expect(output).toMatch(/^FAILS +A topic exchange goes by words.*\n +at \d/m);
    expect(code).toBe(1);
  });

  it('holds nothing where nothing happened', () => {
    expect(judged([]).output).toMatch(/^not shown /m);
    expect(judged([]).code).toBe(1);
  });

  it('says that there is nothing to judge', () => {
    const { code, output } = node(unpacked(lab), 'judge.mjs');
    expect(output).toMatch(/npm start runs the scenarios/);
    expect(code).toBe(2);
  });
});

describe('the judge of Kafka’s experiments', () => {
  const recorded = (id: string): readonly object[] =>
    traceOfRecording(parseRecording(JSON.parse(readFileSync(`tests/recordings/kafka/${id}.json`, 'utf8'))));
  /** @param runs events by the name that the lab has for a scenario */
  const judged = (
    lab: string,
    runs: Readonly<Record<string, readonly object[]>>,
    ...args: string[]
  ): { code: number; output: string } => {
    const own = unpacked(byId.get(lab)!);
    mkdirSync(join(own, 'run'));
    for (const [name, events] of Object.entries(runs))
      writeFileSync(join(own, 'run', `${name}.jsonl`), events.map((one) => JSON.stringify(one)).join('\n'));
    return node(own, 'judge.mjs', ...args);
  };
  const GROUPS = 'consumer-groups-and-partition-assignment';

  it('says of what a real broker did that each claim holds, and that partitions were shared out alike', () => {
    for (const lab of labs.filter(({ clients, files }) => clients === 'java' && runsOf(files).length > 0)) {
      const runs = runsOf(lab.files).map(([name, id]) => [name, recorded(id)] as const);
      const { code, output } = judged(lab.id, Object.fromEntries(runs));
      expect(output, lab.id).not.toMatch(/^FAILS/m);
      expect(code, lab.id).toBe(0);
    }
  });

  it('judges what was run, and says what was not', () => {
    const { code, output } = judged(GROUPS, { range: recorded('kafka-held-range') });
    expect(output).toMatch(/^# range\n/m);
    expect(output).not.toMatch(/^# sticky/m);
    expect(output).toMatch(/^holds +Partitions are shared out as on the simulator \(3 times\)/m);
    expect(output).toMatch(/^not run yet: .*npm start -- sticky/m);
    expect(code).toBe(0);
  });

  it('names the event of a broker that gives a key to two partitions', () => {
    const astray = recorded('kafka-held-keys').map((event, i, all) => {
      const { kind } = event as { kind: string };
      const last = all.findLastIndex((one) => (one as { kind: string }).kind === 'publish-confirmed');
      return kind === 'publish-confirmed' && i === last ? { ...event, place: 'orders-9' } : event;
    });
    const { code, output } = judged('home-log', { keys: astray });
    expect(output).toMatch(/^FAILS +Records with the same key land in the same partition\n +at \d/m);
    expect(code).toBe(1);
  });

  it('shows both where partitions were shared out otherwise', () => {
    const otherwise = JSON.parse(
      JSON.stringify(recorded('kafka-held-range'))
        .replaceAll('orders-4', 'orders-x')
        .replaceAll('orders-2', 'orders-4')
        .replaceAll('orders-x', 'orders-2'),
    ) as object[];
    const { code, output } = judged(GROUPS, { range: otherwise }, 'range');
    expect(output).toMatch(/^FAILS +Partitions are shared out as on the simulator/m);
    expect(output).toMatch(
      /c0 orders-0, orders-1, orders-2;[^]*and here[^]*c0 orders-0, orders-1, orders-4;/,
    );
    expect(code).toBe(1);
  });

  it('says that there is nothing to judge', () => {
    for (const args of [[], ['keys']]) {
      const { code, output } = judged('home-log', {}, ...args);
      expect(output).toMatch(/npm start/);
      expect(code).toBe(2);
    }
  });
});

describe('the judge of workloads', () => {
  /** What clients see of a workload on the simulator, carried to the broker by the lab itself. */
  const carried = (
    lab: string,
    name: string,
  ): { own: string; seen: (broker: string) => ObservableEvent[] } => {
    const own = unpacked(byId.get(lab)!);
    expect(node(own, 'carry.mjs', name).code).toBe(0);
    return {
      own,
      seen: (broker) => {
        const text = readFileSync(join(own, 'scenarios', `${name}-${broker}.json`), 'utf8');
        return traceOf(parseScenario(JSON.parse(text))).filter(isObservable);
      },
    };
  };
  const write = (own: string, name: string, broker: string, events: readonly object[]): void =>
    writeFileSync(
      join(own, 'run', `${name}-${broker}.jsonl`),
      events.map((event) => JSON.stringify(event)).join('\n'),
    );
  const isOf = (event: ObservableEvent, message: number): boolean =>
    'message' in event && event.message === message;
  /** Nobody ever gets it. */
  const without = (events: readonly ObservableEvent[], message: number): ObservableEvent[] =>
    events.filter((event) => !isOf(event, message) || event.kind.startsWith('publish'));

  const NAME = 'orders';
  const { own, seen } = carried('workloads-on-one-node', NAME);
  const good = { rabbitmq: seen('rabbitmq'), kafka: seen('kafka') };
  const judged = (runs: Readonly<Record<string, readonly object[]>>): { code: number; output: string } => {
    for (const broker of ['rabbitmq', 'kafka'])
      rmSync(join(own, 'run', `${NAME}-${broker}.jsonl`), { force: true });
    for (const [broker, events] of Object.entries(runs)) write(own, NAME, broker, events);
    return node(own, 'judge.mjs', NAME);
  };

  it('says yes of a run in which all is finished, in its order', () => {
    const { code, output } = judged(good);
    expect(output).toMatch(/^published( +5949){4}$/m);
    for (const broker of ['RabbitMQ', 'Kafka'])
      for (const what of ['nothing is lost or left', 'nothing is finished out of', 'about as much'])
        expect(output).toMatch(new RegExp(`^holds +${broker}: ${what}`, 'm'));
    expect(output).not.toMatch(/^FAILS/m);
    expect(code).toBe(0);
  });

  it.each(['rabbitmq', 'kafka'] as const)('names %s where it loses a message', (broker) => {
    const { code, output } = judged({ ...good, [broker]: without(good[broker], 1000) });
    const failed = output.match(/^FAILS.*$/gm);
    expect(failed).toEqual([
      expect.stringMatching(new RegExp(`${broker}: nothing is lost or left to be done \\(1\\)$`, 'i')),
    ]);
    expect(code).toBe(1);
  });

  it.each(['rabbitmq', 'kafka'] as const)('names %s where one key’s messages change places', (broker) => {
    const events = good[broker];
    const sent = events.filter((event) => event.kind === 'published');
    const given = new Map(
      events.flatMap((event, i) => (event.kind === 'delivered' ? [[event.message, i] as const] : [])),
    );
    // Both are there before the first of them is given to anybody.
    const pairs = sent.flatMap((one) => {
      const { message, client, key } = one;
      const later = sent.find(
        (other) => other.message > message && other.client === client && other.key === key,
      );
      return later && events.indexOf(later) < given.get(message)! ? [[one, later] as const] : [];
    });
    const [first, next] = pairs[0]!;
    const places = new Map([
      [first.message, next.message],
      [next.message, first.message],
    ]);
    const swapped = events.map((event) =>
      'message' in event && !event.kind.startsWith('publish') && places.has(event.message!)
        ? { ...event, message: places.get(event.message!)! }
        : event,
    );
    const { code, output } = judged({ ...good, [broker]: swapped });
    expect(output.match(/^FAILS.*$/gm)).toEqual([
      expect.stringMatching(
        new RegExp(`${broker}: nothing is finished out of its order by key \\(1\\)$`, 'i'),
      ),
    ]);
    expect(code).toBe(1);
  });

  it('does not take a run for good in which much less was published', () => {
    const half = good.kafka.filter((event) => !('message' in event) || event.message! < 2900);
    const { code, output } = judged({ kafka: half });
    expect(output.match(/^FAILS.*$/gm)).toEqual([expect.stringMatching(/Kafka: about as much is published/)]);
    expect(code).toBe(1);
    expect(judged({ kafka: [] }).code).toBe(1);
  });

  it('leaves out what is set aside, which no client sees, and nothing more', () => {
    const poison = carried('workloads-on-three-nodes', 'poison');
    const events = poison.seen('rabbitmq');
    write(poison.own, 'poison', 'rabbitmq', events);
    const yes = node(poison.own, 'judge.mjs', 'poison');
    expect(yes.output).toMatch(
      /^holds +RabbitMQ: nothing is lost .*but what the simulator sets aside \(20\)$/m,
    );
    expect(yes.code).toBe(0);
    write(poison.own, 'poison', 'rabbitmq', without(events, 1000));
    const no = node(poison.own, 'judge.mjs', 'poison');
    expect(no.output).toMatch(/^FAILS +RabbitMQ: nothing is lost .*\(1\)$/m);
    expect(no.code).toBe(1);
  });

  it('says that there is nothing to judge', () => {
    const { code, output } = judged({});
    expect(output).toMatch(/npm start runs the workloads/);
    expect(code).toBe(2);
  });
});

describe('what goes home', () => {
  it('is a lab, or has a reason', () => {
    for (const experiment of experiments) {
      const home = homeOf(experiment);
      if (home) expect(labIds, experiment.id).toContain(home.lab);
      else expect(whyNot(experiment), experiment.id).toMatch(/^[a-z].*[^.]$/);
    }
  });

  it('is run for real, whatever scenario it is', () => {
    const real = Object.values(realScenarios).flat();
    for (const experiment of experiments)
      for (const scenario of homeOf(experiment)?.scenarios ?? []) expect(real).toContain(scenario);
  });

  it('has every scenario that Kafka is held to', () => {
    const taken = new Set(experiments.flatMap((experiment) => homeOf(experiment)?.scenarios ?? []));
    expect(realScenarios.kafka.filter((id) => !taken.has(id))).toEqual([]);
  });

  it('has every scenario that RabbitMQ is held to, as its newest version', () => {
    const taken = new Set(experiments.flatMap((experiment) => homeOf(experiment)?.scenarios ?? []));
    const left = realScenarios.rabbitmq.map(scenarioById).filter(({ id }) => !taken.has(id));
    for (const { id, system } of left)
      expect(system.broker === 'rabbitmq' && system.version, id).not.toBe(VERSIONS.at(-1));
  });

  it('cuts links between clients and brokers, and not between two brokers', () => {
    const homes = (id: string) => homeOf(experiments.find((one) => one.id === id)!);
    expect(homes('kafka-slow-follower')?.by).toBe('claims');
    expect(homes('rabbitmq-cut-off')).toMatchObject({ lab: 'rabbitmq-acks', by: 'run' });
  });

  it('is of the experiment’s subject: clients see a claim by a rule that its figure or the section around it rests on', () => {
    const sections = ['brokers/kafka', 'brokers/rabbitmq', 'chapter-03-message-brokers', 'index'].flatMap(
      (page) => readFileSync(`content/${page}.mdx`, 'utf8').split(/\n(?=## )/),
    );
    const instead = experiments.filter(({ home }) => home !== undefined);
    expect(instead.length).toBeGreaterThan(8);
    for (const { id, home, claims } of instead) {
      const around = sections.filter((text) => text.includes(`id="${id}"`)).join('\n');
      const cited = [...around.matchAll(/<Claim id="([^"]+)"/g)].map(([, one]) => one!);
      const subject = new Set([...claims, ...cited].flatMap((one) => claimById(one).rules));
      for (const scenario of home!) {
        const seen = observableClaims(scenarioById(scenario)).filter(
          ({ scenarios }) => scenarios !== 'every',
        );
        expect(
          seen.some(({ rules }) => rules.some((rule) => subject.has(rule))),
          `${id}: ${scenario}`,
        ).toBe(true);
      }
    }
  });
});

describe('compose.yaml of RabbitMQ’s experiments', () => {
  const filesOf = (id: string): Lab['files'] => byId.get(id)!.files;
  const servicesOf = (id: string): string[] =>
    [...filesOf(id)['compose.yaml']!.matchAll(/^  (\S+):$/gm)].map(([, name]) => name!);

  it('has a service for each node, by its name in the scenario, on a port of its own', () => {
    expect(servicesOf('rabbitmq-acks')).toEqual(['rabbit-1']);
    expect(servicesOf('rabbitmq-alarm')).toEqual(['rabbit-1', 'rabbit-2']);
    expect(servicesOf('rabbitmq-quorum')).toEqual(['rabbit-1', 'rabbit-2', 'rabbit-3']);
    const compose = filesOf('rabbitmq-quorum')['compose.yaml']!;
    const ports = [...compose.matchAll(/- 127\.0\.0\.1:\$\{(\w+):-(\d+)\}:5672$/gm)];
    expect(ports.map(([, name, port]) => [name, port])).toEqual([
      ['RABBIT_1_PORT', '5672'],
      ['RABBIT_2_PORT', '5673'],
      ['RABBIT_3_PORT', '5674'],
    ]);
  });

  it('makes a cluster of them: one cookie, and a file that names each by its host', () => {
    const { 'compose.yaml': compose, 'rabbitmq.conf': conf } = filesOf('rabbitmq-quorum');
    const hosts = [...compose!.matchAll(/hostname: (\S+)/g)].map(([, host]) => host!);
    expect(
      [...conf!.matchAll(/^cluster_formation\.classic_config\.nodes\.\d = rabbit@(\S+)$/gm)].map(
        ([, host]) => host,
      ),
    ).toEqual(hosts);
    expect(compose!.match(/- \.\/rabbitmq\.conf:\/etc\/rabbitmq\/rabbitmq\.conf:ro/g)).toHaveLength(
      hosts.length,
    );
    const cookies = [...compose!.matchAll(/echo (\S+) > \/var\/lib\/rabbitmq\/\.erlang\.cookie/g)].map(
      ([, one]) => one,
    );
    expect(cookies).toHaveLength(hosts.length);
    expect(new Set(cookies).size).toBe(1);
  });

  it('has no cluster where there is one node', () => {
    expect(filesOf('rabbitmq-acks')).not.toHaveProperty(['rabbitmq.conf']);
    expect(filesOf('rabbitmq-acks')['compose.yaml']).not.toMatch(/cookie|volumes/);
  });
});

describe('compose.yaml of Kafka’s experiments', () => {
  const composeOf = (id: string): string => byId.get(id)!.files['compose.yaml']!;

  it('has a broker for each that the scenario has, each on a port of its own', () => {
    const compose = composeOf('kafka-acks');
    for (const [i, port] of [9092, 9093, 9094].entries()) {
      expect(compose).toContain(`\n  broker-${i + 1}:\n`);
      const name = `BROKER_${i + 1}`;
      expect(compose).toContain(`- 127.0.0.1:\${${name}_PORT:-${port}}:9092`);
      expect(compose).toContain(`- 127.0.0.1:\${${name}_RELAYED_PORT:-${port + 100}}:9094`);
      // Whose link is cut goes through a relay of the run, which listens on the machine.
      expect(compose).toContain(
        `PLAINTEXT_HOST://127.0.0.1:\${${name}_PORT:-${port}},RELAYED://127.0.0.1:\${${name}_RELAY_PORT:-${port + 200}}\n`,
      );
    }
    expect(composeOf('home-log')).not.toContain('broker-2');
  });

  it('has the settings of the scenarios, by the names of the image', () => {
    const settings = new Map(
      [...composeOf('home-log').matchAll(/^  (KAFKA_\w+): '(.*)'$/gm)].map(([, name, value]) => [
        name!,
        value!,
      ]),
    );
    for (const [name, value] of Object.entries(STARTED_CONFIG))
      expect(settings.get(`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`), name).toBe(String(value));
    expect(settings.get('KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR')).toBe('1');
  });
});

/** Evaluates an expression in a lab, where `m` is one of its modules. @returns what it comes to */
function asked(own: string, module: string, expression: string): unknown {
  const program = `const m = await import('${module}'); console.log(JSON.stringify((await (${expression})) ?? null));`;
  const { code, output } = node(own, '--input-type=module', '--eval', program);
  expect(code, output).toBe(0);
  return JSON.parse(output);
}

describe('a run with containers', () => {
  /** Docker as it answers where of three nodes these run. */
  const withDocker = (running: readonly string[], act: () => void): void => {
    const bin = mkdtempSync(join(folder, 'bin-'));
    const answers = [
      '#!/bin/sh',
      'case "$*" in',
      '"version "*|"compose version") echo 1 ;;',
      '"compose ps --all --quiet") echo 1 ;;',
      '"compose ps --all --quiet "*) echo "id-of-$5" ;;',
      '"kill id-of-rabbit-1") ;;',
      '"compose config --services") printf "rabbit-1\\nrabbit-2\\nrabbit-3\\n" ;;',
      `"compose ps --services --status running") printf "${running.map((name) => `${name}\\n`).join('')}" ;;`,
      '*) exit 1 ;;',
      'esac',
    ];
    writeFileSync(join(bin, 'docker'), answers.join('\n'), { mode: 0o755 });
    const path = process.env['PATH'];
    process.env['PATH'] = `${bin}:${path}`;
    try {
      act();
    } finally {
      process.env['PATH'] = path;
    }
  };

  it('wants all of its nodes up, for what listens in the place of one may be anybody’s', () => {
    const own = unpacked(byId.get('rabbitmq-quorum')!);
    withDocker(['rabbit-2', 'rabbit-3'], () => {
      const { code, output } = node(own, 'src/labs/rabbitmq/run.ts');
      expect(output).toBe('Not up: rabbit-1; npm run up starts what is not\n');
      expect(code).toBe(1);
    });
    // With all of them it goes to them, and nobody listens there.
    writeFileSync(join(own, '.env'), 'RABBIT_1_PORT=1\n');
    withDocker(['rabbit-1', 'rabbit-2', 'rabbit-3'], () => {
      expect(node(own, 'src/labs/rabbitmq/run.ts').output).toMatch(/^Nobody listens there .*127\.0\.0\.1:1/);
    });
  });

  // While Docker Compose looks through a project first, the clock of the run stands and its clients go on.
  it('has a fault done by the engine itself', () => {
    const own = unpacked(byId.get('rabbitmq-quorum')!);
    withDocker([], () => {
      asked(own, './src/labs/services/docker-compose.ts', "m.hurtContainer('rabbit-1', 'crash')");
    });
  });
});

describe('the ports of a lab’s containers', () => {
  const PORTS = './src/labs/services/ports.ts';
  const urls = (own: string, broker: 'rabbitmq/nodes' | 'kafka/brokers'): unknown =>
    asked(own, `./src/labs/${broker}.ts`, 'm.urls()');

  it('are the usual ones, until up has chosen others', () => {
    const quorum = unpacked(byId.get('rabbitmq-quorum')!);
    const at = (port: number): string => `amqp://guest:guest@127.0.0.1:${port}`;
    expect(urls(quorum, 'rabbitmq/nodes')).toEqual([at(5672), at(5673), at(5674)]);
    writeFileSync(join(quorum, '.env'), 'RABBIT_1_PORT=5675\nRABBIT_2_PORT=5673\nRABBIT_3_PORT=5674\n');
    expect(urls(quorum, 'rabbitmq/nodes')).toEqual([at(5675), at(5673), at(5674)]);

    const acks = unpacked(byId.get('kafka-acks')!);
    writeFileSync(join(acks, '.env'), 'BROKER_1_PORT=9095\nBROKER_2_RELAY_PORT=9295\n');
    expect(urls(acks, 'kafka/brokers')).toEqual(
      [9095, 9093, 9094].map((port) => `kafka://127.0.0.1:${port}`),
    );
    expect(asked(acks, './src/labs/kafka/brokers.ts', 'm.relayed()')).toEqual([
      { port: 9192, via: 9292 },
      { port: 9193, via: 9295 },
      { port: 9194, via: 9294 },
    ]);
  });

  it('are the next that are free where somebody listens, and nobody else has to move for that', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port: taken } = server.address() as AddressInfo;
    try {
      const own = unpacked(byId.get('rabbitmq-acks')!);
      const compose = [taken, taken + 1].map(
        (port, i) => `- 127.0.0.1:\${RABBIT_${i + 1}_PORT:-${port}}:5672\n`,
      );
      writeFileSync(join(own, 'compose.yaml'), compose.join(''));
      const lines = asked(own, PORTS, 'm.choosePorts()') as string[];
      const first = asked(own, PORTS, "m.portOf('RABBIT_1_PORT')") as number;
      expect(lines[0]).toBe(`Something listens at port ${taken} already: the lab takes ${first}`);
      expect(first).toBeGreaterThan(taken + 1);
      // Docker Compose reads the file by itself.
      expect(readFileSync(join(own, '.env'), 'utf8')).toContain(`RABBIT_1_PORT=${first}\n`);
      expect(asked(own, PORTS, "m.portOf('RABBIT_2_PORT')")).toBe(taken + 1);
      asked(own, PORTS, 'm.forgetPorts()');
      expect(asked(own, PORTS, "m.portOf('RABBIT_1_PORT')")).toBe(taken);
    } finally {
      server.close();
    }
  });

  it('are named, each once, in every compose.yaml', () => {
    for (const { id, files } of labs) {
      const compose = files['compose.yaml']!;
      const published = [...compose.matchAll(/^      - 127\.0\.0\.1:(\S+):\d+$/gm)].map(([, port]) => port!);
      expect(published.length, id).toBeGreaterThan(0);
      for (const port of published) expect(port, id).toMatch(/^\$\{\w+_PORT:-\d+\}$/);
      expect(new Set(published).size, id).toBe(published.length);
    }
  });
});
