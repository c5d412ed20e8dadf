/** Labs at the prompt: the page's console, typed to the real tools. */
import { HELD_CONFIG } from '../../scenarios/kafka/held.ts';
import type { Experiment } from '../../scenarios/experiment.ts';
import { traceOf } from '../../scenarios/run.ts';
import { parseScenario, type BrokerId, type Scenario } from '../../scenarios/schema.ts';
import { composeFiles } from '../compose.ts';
import { kafkaWords } from '../kafka-readme.ts';
import type { Step } from '../console/session.ts';
import type { Recipe } from '../lab.ts';
import { rabbitmqWords } from '../rabbitmq-readme.ts';
import { JAVA_SOURCES } from './kafka.ts';
import { json } from './runs.ts';
import { DECLARED, KAFKA_SESSION, RABBITMQ_SESSION, type Typed } from './sessions.ts';

const RUN = 'src/labs/console/run.ts';
const NODES: Readonly<Record<BrokerId, number>> = { kafka: 3, rabbitmq: 1 };
/** On the simulator: between two commands, longer than any of them takes and than a broker is missed. */
const STEP_MS = 30_000;

export function consoleRecipe(experiment: Experiment, broker: BrokerId): Recipe {
  const { id, title } = experiment;
  const nodes = NODES[broker];
  const steps =
    broker === 'kafka' ? printed(KAFKA_SESSION, kafkaScenario) : printed(RABBITMQ_SESSION, rabbitmqScenario);
  return {
    id,
    title,
    programs: [RUN],
    read: JAVA_SOURCES,
    judge: 'src/labs/console/judge.ts',
    scripts: {
      up: `node ${RUN} up`,
      start: `node ${RUN}`,
      tool: `node ${RUN} tool`,
      down: `node ${RUN} down`,
    },
    services: [broker],
    needs: 'own',
    clients: broker === 'kafka' ? 'java' : 'node',
    texts: {
      'README.md': readme(experiment, broker, steps),
      ...composeFiles([broker], nodes, broker === 'kafka' ? HELD_CONFIG : {}),
      ...(broker === 'rabbitmq' && { 'declared.json': json(DECLARED) }),
      'lab.json': json({
        nodes,
        own: true,
        settings: broker === 'kafka' ? HELD_CONFIG : {},
        scenarios: [],
      }),
      'session.json': json({ broker, steps }),
    },
  };
}

type Timeline = Scenario['timeline'][number][];

function kafkaScenario(timeline: Timeline, durationMs: number): Scenario {
  return parseScenario({
    version: 1,
    id: 'kafka-lab-console',
    title: 'At the prompt',
    system: { broker: 'kafka', brokers: 3, topics: [], config: HELD_CONFIG },
    clients: [],
    timeline,
    durationMs,
    seed: 1,
  });
}

function rabbitmqScenario(timeline: Timeline, durationMs: number): Scenario {
  const { messages, ...declared } = DECLARED;
  const calls = messages.map((message, i) => ({
    atMs: 1000 + 100 * i,
    do: { call: 'basic.publish', ...message, deliveryMode: 2 },
  }));
  return parseScenario({
    version: 1,
    id: 'rabbitmq-lab-console',
    title: 'At the prompt',
    system: { broker: 'rabbitmq', ...declared },
    // It has gone when the session begins.
    clients: [
      {
        id: 'shop',
        role: 'application',
        calls: [...calls, { atMs: 5000, do: { call: 'connection.close' } }],
      },
    ],
    timeline,
    durationMs,
    seed: 1,
  });
}

/** The session as the simulator's console answers it. */
function printed(
  session: readonly Typed[],
  scenario: (timeline: Timeline, durationMs: number) => Scenario,
): Step[] {
  const at = (i: number): number => (i + 1) * STEP_MS;
  const timeline = session.flatMap(({ line, input = [], fault }, i): object[] => [
    ...(fault ? [{ atMs: at(i), action: { do: fault.do, target: fault.node } }] : []),
    ...(line === undefined ? [] : [{ atMs: at(i) + 15_000, action: { do: 'type', line } }]),
    ...input.map((typed, n) => ({ atMs: at(i) + 18_000 + n * 500, action: { do: 'type', line: typed } })),
    ...(input.length > 0 ? [{ atMs: at(i) + 22_000, action: { do: 'key', key: 'end' } }] : []),
  ]);
  const events = traceOf(scenario(timeline as Timeline, at(session.length + 1)));
  return session.map((step, i) => {
    const lines = events.flatMap((event) =>
      event.kind === 'printed' && event.at >= at(i) * 1000 && event.at < at(i + 1) * 1000 ? event.lines : [],
    );
    // What was typed into it stands on the terminal, and not in what it printed.
    const own = lines.filter((line) => !step.input?.includes(line.replace(/^>/, '').trim()));
    return { ...step, printed: own };
  });
}

function readme({ title, question }: Experiment, broker: BrokerId, steps: readonly Step[]): string {
  const kafka = broker === 'kafka';
  const name = kafka ? 'Kafka' : 'RabbitMQ';
  const needs = kafka ? kafkaWords('own', 3).needs : rabbitmqWords('own', 1).needs;
  const example = kafka
    ? 'kafka-topics.sh --bootstrap-server localhost:9092 --list'
    : 'rabbitmqctl list_queues name messages';
  const tools = kafka
    ? 'The tools are Kafka’s own, of the same version as the broker. The address after `--bootstrap-server` is replaced by that of your cluster, wherever it listens.'
    : 'The tool is the server’s own `rabbitmqctl`, on the first node. `rabbitmqadmin` is a program of its own that talks to the management plugin; it comes with neither the image nor the package, so the page’s console has it and this lab has not.';
  const older = kafka
    ? ''
    : ' The page’s console is that of RabbitMQ 4.3; an older one has no `amq.rabbitmq.log`, and other words where a queue cannot be deleted.';
  return `# ${title}

${question}

A lab of Brokerbook, on a ${name} of your own: ${steps.length} commands, one after the other, typed to the real tools; what the page’s console printed for each stands below it; and a judge that compares the two. ${tools}

${needs}

## The commands

\`\`\`sh
npm install
npm run up       # ${name}, until it answers
npm start        # the whole session
npm run judge    # did the real tools print what the page’s console prints?
npm run tool -- ${example}
npm run down     # stops ${name}, and takes away what is in it
\`\`\`

\`npm run check\` type-checks the sources. A session wants a cluster with nothing in it: before you run it again, \`npm run down\` and \`npm run up\`. The judge compares words and lines, in whatever order rows come, and leaves out what is another’s in each cluster: addresses, ids, and what a logger adds.${older} Its exit code is 0 when all is alike.

${steps.map(stepPart).join('\n\n')}

## Then

\`npm run tool -- …\` takes any command of ${kafka ? 'the tools that the page’s console has' : '`rabbitmqctl`, more than the page’s console knows'}; without more words \`--help\` says what there is. Do what you would not dare elsewhere, and guess first.
`;
}

function stepPart({ about, line, input, fault, printed: lines }: Step, i: number): string {
  const done = fault
    ? `${fault.do === 'crash' ? 'Its process is killed' : 'Its process is started again'}: \`${fault.node}\`.`
    : '';
  const typed = [`$ ${line ?? ''}`, ...(input ?? []).map((one) => `> ${one}`)];
  return `## ${i + 1}

${[about, done].filter((part) => part !== '').join(' ')}

\`\`\`
${[...typed, ...lines].map((one) => one.trimEnd()).join('\n')}
\`\`\``.replace('\n\n\n\n', '\n\n');
}
