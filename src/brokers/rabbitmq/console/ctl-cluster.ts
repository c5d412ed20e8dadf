/** `rabbitmqctl ping`, `status` and `cluster_status`: what of them the simulation has something to say about. */
import { erlangNode } from './address.ts';
import type { CtlCall, Say } from './ctl-call.ts';
import { gather, type Script } from './script.ts';

const ALARMS: Readonly<Record<string, string>> = { memory: 'Memory alarm', disk: 'Free disk space alarm' };

export function* cluster(call: CtlCall, say: Say, out: string[], release: string): Script {
  const { command, node, timeoutMs } = call;
  const here = erlangNode(node);
  if (command.name === 'ping') {
    const limit = `Timeout: ${timeoutMs} ms.`;
    say(
      `Will ping ${here}. This only checks if the OS process is running and registered with epmd. ${limit}`,
    );
    yield* gather(node, call.asking);
    out.push('Ping succeeded');
    return 0;
  }
  const { target, nodes } = yield* gather(node, call.asking);
  const alarms = target.alarms.map(
    ({ node: short, resource }) => `${ALARMS[resource] ?? resource} on node ${erlangNode(short)}`,
  );
  const section = (title: string, lines: readonly string[]): string[] => [
    title,
    '',
    ...(lines.length > 0 ? lines : ['(none)']),
    '',
  ];
  if (command.name === 'status') {
    const count = (of: 'connections' | 'queues'): number =>
      nodes.reduce((sum, one) => sum + one.here[of].length, 0);
    say(`Status of node ${here} ...`);
    out.push(
      ...section('Runtime', [`RabbitMQ version: ${release}`, `Node name: ${here}`]),
      ...section('Alarms', alarms),
      ...section('Totals', [
        `Connection count: ${count('connections')}`,
        `Queue count: ${target.queues.length}`,
        'Virtual host count: 1',
      ]).slice(0, -1),
    );
    return 0;
  }
  const running = target.running.map(erlangNode);
  say(`Cluster status of node ${here} ...`);
  out.push(
    ...section('Basics', [`Cluster name: ${erlangNode(target.nodes[0]!)}`]),
    ...section('Disk Nodes', target.nodes.map(erlangNode)),
    ...section('Running Nodes', running),
    ...section(
      'Versions',
      running.map((name) => `${name}: RabbitMQ ${release}`),
    ),
    ...section('Alarms', alarms).slice(0, -1),
  );
  return 0;
}
