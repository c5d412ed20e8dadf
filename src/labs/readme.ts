/** The README of a lab that is an experiment on RabbitMQ: what it runs, the commands, and what to expect. */
import type { Experiment, Knob } from '../scenarios/experiment.ts';
import { observableClaims } from '../scenarios/real.ts';
import type { ScenarioOf } from '../scenarios/schema.ts';
import { NODE, type Needs } from './lab.ts';

type Scenario = ScenarioOf<'rabbitmq'>;

/** @param recordedOn the version of the broker that the book has a recording of */
export function readmeOf(
  experiment: Experiment,
  scenario: Scenario,
  needs: Needs,
  recordedOn: string,
): string {
  const isOwn = scenario.id === experiment.scenario;
  const { nodes } = scenario.system;
  const claims = observableClaims(scenario).map(({ statement }) => `- ${statement}`);
  const parts = [
    `# ${experiment.title}`,
    experiment.question,
    `A lab of Brokerbook, on a RabbitMQ of your own: ${
      isOwn
        ? 'the experiment of the page.'
        : 'not the run of the page’s figure but a smaller one, which shows the same by what clients see.'
    } \`scenario.json\` says what is declared, who publishes and consumes, and what goes wrong when; the run does that with amqplib and writes down what its clients see; the judge asks the book’s own claims of it.`,
    needsPart(needs, nodes),
    `## The commands

\`\`\`sh
npm install
npm run up       # RabbitMQ${nodes === 1 ? '' : `, ${nodes} nodes of one cluster`}, until it answers
npm start        # plays the scenario, ${duration(scenario.durationMs)}, and writes run/events.jsonl
npm run judge    # each claim: does it hold on what happened?
npm run down     # stops RabbitMQ, and takes away what is in it
\`\`\`

\`npm run check\` type-checks the sources. The names of exchanges and queues get a prefix of their own in each run, and are deleted at its end.`,
    `## What happens

${story(scenario).join('\n')}`,
    `## What to expect

The judge prints a line for each of these, and its exit code is 0 when all of them hold:

${claims.join('\n')}

They held on the book’s simulator when this folder was made, and on RabbitMQ ${recordedOn}, where the book has recorded the run. Where the one that you have behaves otherwise, the judge says so, with the moment and the event.`,
    `## Then

Read \`run/events.jsonl\`: an event a line, with microseconds since the beginning. What one message went through:

\`\`\`sh
grep '"message":3[,}]' run/events.jsonl
\`\`\`

Change \`scenario.json\`, run and judge again. Before you do: which claim will fail, and at which event?${isOwn ? changes(experiment.knobs) : ''}`,
    `## The sources

- \`src/real/rabbitmq/topology.ts\`, \`publisher.ts\`, \`consumer.ts\`, \`application.ts\`: the clients, on amqplib. They are those with which the book holds its simulator to the real broker, unchanged.
- \`src/real/rabbitmq/session.ts\`: who does what when. \`src/labs/rabbitmq/nodes.ts\`: the nodes. \`src/sim/trace.ts\`: every kind of event, and what it means.
- \`judge.mjs\`: the claims, bundled. It reads the events and nothing else.`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** What has to be there, and how to get it. */
function needsPart(needs: Needs, nodes: number): string {
  const many = nodes > 1;
  const own =
    needs === 'own'
      ? `${many ? 'This run needs a cluster, and may do something to its nodes' : 'This run does something to the broker'}, so it has to be what \`npm run up\` has started.`
      : `Any other that listens on \`127.0.0.1:5672\` and lets \`guest\` in does as well, without \`npm run up\`; \`AMQP_URL\` names one elsewhere.${needs === 'plugin' ? ' The exchange of this lab is a plugin, which is on in what \`npm run up\` has started: elsewhere, \`rabbitmq-plugins enable rabbitmq_consistent_hash_exchange\`.' : ''}`;
  return `## What it needs

Node ${NODE} or newer. With Docker, ${many ? `the ${nodes} nodes are containers` : 'RabbitMQ is a container'} of \`compose.yaml\`. Without Docker, on Debian, \`npm run up\` takes RabbitMQ from Debian’s next release into the machine’s temporary folder, and changes nothing of the system; where that cannot be, it takes the installed \`rabbitmq-server\`, which may be older. Either runs as ${many ? 'processes' : 'a process'} beside any that is there. ${own}`;
}

export function duration(ms: number): string {
  return `${ms / 1000} s`;
}

function story({ system, clients, timeline }: Scenario): string[] {
  const { exchanges, queues, bindings } = system;
  const name = (of: string): string => (of === '' ? 'the default exchange' : `\`${of}\``);
  return [
    ...exchanges.map((one) => `- Exchange ${name(one.name)}, ${one.type}.`),
    ...queues.map((one) => {
      const settings = Object.entries(one.arguments).map(
        ([key, value]) => `\`${key}\` ${JSON.stringify(value)}`,
      );
      return `- Queue ${name(one.name)}${settings.length > 0 ? `: ${settings.join(', ')}` : ''}.`;
    }),
    ...(bindings.length > 0
      ? [`- ${bindings.length} ${bindings.length === 1 ? 'binding' : 'bindings'} between them.`]
      : []),
    ...clients.map((client) => {
      const to = system.nodes > 1 ? `, connected to \`rabbit-${client.node}\`` : '';
      const from = `${to}${client.startMs > 0 ? `, from ${duration(client.startMs)} on` : ''}`;
      if (client.role === 'publisher')
        return `- \`${client.id}\` publishes to ${name(client.exchange)}${from}${client.confirms ? ', with confirms' : ', without confirms'}.`;
      if (client.role === 'consumer')
        return `- \`${client.id}\` consumes from ${client.queues.map(name).join(' and ')}${from}, ${
          client.autoAck
            ? 'with automatic acknowledgement'
            : `acknowledges ${client.ack} its work${client.prefetchCount === undefined ? '' : `, \`prefetchCount\` ${client.prefetchCount}`}`
        }.`;
      return client.calls.length === 0
        ? `- \`${client.id}\` calls nothing${from}.`
        : `- \`${client.id}\` makes ${client.calls.length} calls, one after the other${from}.`;
    }),
    ...timeline.map(({ atMs, action }) => {
      const whom =
        'target' in action
          ? action.target
          : 'between' in action
            ? action.between.join(' – ')
            : 'policy' in action
              ? action.policy.name
              : 'client' in action && typeof action.client === 'string'
                ? action.client
                : '';
      return `- At ${duration(atMs)}: ${action.do}${whom === '' ? '' : ` \`${whom}\``}.`;
    }),
  ];
}

function changes(knobs: readonly Knob[]): string {
  const lines = knobs.flatMap(({ name, hint, path, options }) =>
    path === 'carried'
      ? []
      : [
          `- \`${path.map((step) => (typeof step === 'string' ? step : `[${Object.values(step).flat().join(', ')}]`)).join('.')}\` (${name}: ${hint}): ${options.map(({ value }) => `\`${JSON.stringify(value)}\``).join(' or ')}`,
        ],
  );
  return lines.length > 0 ? `\n\n${lines.join('\n')}` : '';
}
