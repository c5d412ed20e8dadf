/** What the README of a lab on RabbitMQ says of RabbitMQ: what it needs, what happens in a run, where its sources are. */
import type { ScenarioOf } from '../scenarios/schema.ts';
import { NODE, type Needs } from './lab.ts';
import { duration, type Words } from './readme.ts';

type Scenario = ScenarioOf<'rabbitmq'>;

export function rabbitmqWords(needs: Needs, nodes: number): Words<Scenario> {
  return {
    broker: 'RabbitMQ',
    client: 'amqplib',
    needs: needsPart(needs, nodes),
    sources: SOURCES,
    story,
  };
}

const SOURCES = `## The sources

- \`src/real/rabbitmq/topology.ts\`, \`publisher.ts\`, \`consumer.ts\`, \`application.ts\`: the clients, on amqplib. They are those with which the book holds its simulator to the real broker, unchanged.
- \`src/real/rabbitmq/session.ts\`: who does what when. \`src/labs/rabbitmq/nodes.ts\`: the nodes. \`src/sim/trace.ts\`: every kind of event, and what it means.
- \`judge.mjs\`: the claims, bundled. It reads the events and nothing else.`;

/** What has to be there, and how to get it. */
function needsPart(needs: Needs, nodes: number): string {
  const many = nodes > 1;
  const own =
    needs === 'own'
      ? `${many ? 'This run needs a cluster, and may do something to its nodes' : 'This run does something to the broker'}, so it has to be what \`npm run up\` has started.`
      : `Any other that listens on \`127.0.0.1:5672\` and lets \`guest\` in does as well, without \`npm run up\`; \`AMQP_URL\` names one elsewhere.${needs === 'plugin' ? ' The exchange of this lab is a plugin, which is on in what \`npm run up\` has started: elsewhere, \`rabbitmq-plugins enable rabbitmq_consistent_hash_exchange\`.' : ''}`;
  return `## What it needs

Node ${NODE} or newer. With Docker, ${many ? `the ${nodes} nodes are containers` : 'RabbitMQ is a container'} of \`compose.yaml\`, at port 5672${many ? ' and those after it' : ''}; where something listens there already, \`npm run up\` takes the next port that is free, and says so. Without Docker, on Debian, \`npm run up\` takes RabbitMQ from Debian’s next release into the machine’s temporary folder, and changes nothing of the system; where that cannot be, it takes the installed \`rabbitmq-server\`, which may be older. Either runs as ${many ? 'processes' : 'a process'} beside any that is there. ${own}`;
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
