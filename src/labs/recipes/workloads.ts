/** The labs that run workloads on both brokers: one for what is asked of one node each, one for what is asked of three. */
import type { Outcome } from '../../claims/outcome.ts';
import { carry, CARRYING_BROKERS, outcomeOf, type CarryingBroker } from '../../scenarios/compare.ts';
import { workloads, type NamedWorkload } from '../../scenarios/workloads.ts';
import { AT_HOME, type WorkloadLab } from '../home.ts';
import { composeFiles } from '../compose.ts';
import { imageOf, KAFKA, NODE, type Recipe } from '../lab.ts';
import { duration } from '../readme.ts';
import { MORE_MS } from '../workloads/margin.ts';
import { JAVA_SOURCES } from './kafka.ts';
import { json } from './runs.ts';

const RUN = 'src/labs/workloads/run.ts';

export function workloadsRecipe({ id, title, nodes }: WorkloadLab): Recipe {
  const all = AT_HOME.filter((name) => workloads.get(name)!.workload.nodes === nodes).map((name) =>
    workloads.get(name)!,
  );
  return {
    id,
    title,
    programs: [RUN, 'src/labs/rabbitmq/run.ts', 'src/labs/kafka/run.ts'],
    read: JAVA_SOURCES,
    judge: 'src/labs/workloads/judge.ts',
    bundles: { 'carry.mjs': 'src/labs/workloads/carry.ts' },
    scripts: {
      up: `node ${RUN} up`,
      carry: 'node carry.mjs',
      start: `node ${RUN}`,
      down: `node ${RUN} down`,
    },
    services: ['rabbitmq', 'kafka'],
    needs: 'own',
    clients: 'java',
    texts: {
      'README.md': readme(title, nodes, all),
      // Kafka's own defaults, but for what a small cluster needs: a workload is carried to a cluster as it comes.
      ...composeFiles(['rabbitmq', 'kafka'], nodes),
      'lab.json': json({ nodes, own: true, settings: {}, scenarios: [] }),
      'expected.json': json(Object.fromEntries(all.map((one) => [one.workload.id, simulated(one)]))),
      ...Object.fromEntries(
        all.map(({ workload, choices }) => [`workloads/${workload.id}.json`, json({ workload, choices })]),
      ),
    },
  };
}

/** What a table has of it: the history of the backlog is long. */
function figuresOf(outcome: Outcome): Outcome {
  return { ...outcome, audiences: [], backlog: { ...outcome.backlog, most: [] } };
}

const made = new Map<string, Record<CarryingBroker, Outcome>>();

/** What the simulator makes of it on each broker. */
function simulated({ workload, choices }: NamedWorkload): Record<CarryingBroker, Outcome> {
  let outcomes = made.get(workload.id);
  if (!outcomes) {
    const entries = CARRYING_BROKERS.map(
      (broker) =>
        [broker, figuresOf(outcomeOf(carry(broker, workload, choices[broker]).scenario, workload))] as const,
    );
    outcomes = Object.fromEntries(entries) as Record<CarryingBroker, Outcome>;
    made.set(workload.id, outcomes);
  }
  return outcomes;
}

function readme(title: string, nodes: number, all: readonly NamedWorkload[]): string {
  const whole = all.reduce((sum, { workload }) => sum + workload.durationMs + MORE_MS, 0);
  const many = nodes === 1 ? 'one node of each' : `${nodes} nodes of each`;
  const first = all[0]!.workload.id;
  return `# ${title}

A lab of Brokerbook: the workloads of the page “One workload, two brokers”, on a RabbitMQ and a Kafka of your own, ${many}. A workload says who publishes what and when, who reads it and how long the work takes, and what goes wrong, and names no broker. The book’s own rules carry it to each; both are run at once; one fold says what came of it, beside what came of it on the simulator.

## What it needs

Linux, macOS or WSL, with Node ${NODE} or newer, a JDK of 17 or newer, and Maven, for Kafka’s client is its own Java one: on Debian and Ubuntu \`apt-get install openjdk-17-jdk-headless maven\`, on macOS \`brew install --cask temurin\` and \`brew install maven\`. RabbitMQ’s is amqplib.

With Docker, the brokers are containers of \`compose.yaml\`: \`${imageOf('rabbitmq')}\` and \`${KAFKA}\`, at ports 5672 and 9092${nodes === 1 ? '' : ' and those after them'}; where something listens there already, \`npm run up\` takes the next port that is free, and says so. Without Docker, \`npm run up\` starts processes: Kafka from its artifacts on Maven Central, RabbitMQ on Debian from Debian’s next release, or elsewhere the \`rabbitmq-server\` that is installed, which may be older. Some workloads stop a node, and do so only to what \`npm run up\` has started.

## The commands

\`\`\`sh
npm install
npm run up                 # both, until they answer
npm start -- ${first}${' '.repeat(Math.max(1, 14 - first.length))}# one workload, on both at once
npm run judge -- ${first}
npm start                  # all of them, ${Math.ceil(whole / 60_000)} minutes
npm run judge
npm run down               # stops both, and takes away what is in them
\`\`\`

\`npm run check\` type-checks the sources.

## The workloads

| In \`workloads/\` | Takes | What it is to show |
| :-- | --: | :-- |
${all.map(({ workload, about }) => `| \`${workload.id}\` | ${duration(workload.durationMs + MORE_MS)} | ${workload.title}. ${about} |`).join('\n')}

## What to expect

The judge prints a column for the simulator beside each broker, and then asks: what on the simulator never happens in this workload (a loss, a message out of its order, one that nobody does), does it happen here? Its exit code is 0 when nothing of it does. How often something happens that may, and every latency, is the machine’s: on one machine nothing is far away, and no disk and no card is anybody’s own. What a real broker sets aside nobody sees who reads the queue: in its column it is not finished. Where a node dies, the simulator has some messages on the wire, and a real one on the same machine next to none: so what may be lost then, and is lost on the simulator, may all arrive.

## Your own

Copy a file in \`workloads/\` and change it. \`npm run carry -- <name>\` says by which rules it is carried, and where they leave a choice: \`choices.<broker>.<rule>\` of the file takes it. What a workload may say is described in the book’s page on comparing; a wrong one is answered with the field and what was expected. Of your own nothing is known from a simulator, so the judge asks only that something is published, and all of it finished in time. The book’s repository has a command that runs the file on the simulator; its page on comparing brokers says how.

## The sources

- \`src/labs/workloads/run.ts\`: both at once. \`src/real/rabbitmq/session.ts\` and \`src/real/kafka/session.ts\`: who does what when, with the clients by which the book holds its simulator to the real brokers, unchanged.
- \`carry.mjs\`: the rules of carrying, bundled. \`judge.mjs\`: the fold. It reads the events and nothing else.
`;
}
