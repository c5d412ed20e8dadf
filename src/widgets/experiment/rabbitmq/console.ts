/** RabbitMQ's console in the page; it is loaded when the reader comes near one. Pure. */
import { rabbitmqConsole } from '../../../brokers/rabbitmq/console/index.ts';
import type { RabbitmqView } from '../../../brokers/rabbitmq/view-types.ts';
import type { ConsoleSide, Example } from '../drawing.ts';

export const rabbitmqConsoleSide: ConsoleSide<'rabbitmq'> = {
  tools: rabbitmqConsole,
  examples,
  command: 'A command of RabbitMQ’s command-line tools',
  input: 'A line of the payload that rabbitmqadmin reads',
};

/** Commands worth trying on this run, at this moment: each tool in the syntax of the cluster's release. */
export function examples(view: RabbitmqView): Example[] {
  const alive = view.nodes.find(({ state }) => state === 'running') ?? view.nodes[0];
  const first = alive === undefined || alive === view.nodes[0];
  const ctl = first ? 'rabbitmqctl' : `rabbitmqctl -n rabbit@${alive.id}`;
  const admin = first ? 'rabbitmqadmin' : `rabbitmqadmin -H ${alive.id}`;
  const old = view.version === '3.10';
  // A stream gives nothing to one who polls.
  const queue = view.queues.find(({ type, ready }) => type !== 'stream' && ready > 0)?.name;
  const named = queue ?? view.queues.find(({ type }) => type !== 'stream')?.name;
  return [
    {
      label: 'List the queues',
      line: `${ctl} list_queues name type messages_ready messages_unacknowledged consumers state`,
    },
    { label: 'Consumers', line: `${ctl} list_consumers queue_name consumer_tag prefetch_count active` },
    { label: 'Bindings', line: `${ctl} list_bindings source_name destination_name routing_key arguments` },
    ...(view.nodes.length > 1
      ? [{ label: 'Replicas', line: `${ctl} list_queues name leader members online` }]
      : []),
    ...(named === undefined
      ? []
      : [
          {
            label: 'Publish a message',
            line: old
              ? `${admin} publish routing_key=${named} payload=X`
              : `${admin} publish message --routing-key ${named} --payload X`,
          },
          {
            label: 'Get one, and give it back',
            line: old
              ? `${admin} get queue=${named}`
              : `${admin} get messages --queue ${named} --ack-mode ack_requeue_true`,
          },
          {
            label: 'Declare it otherwise',
            line: old
              ? `${admin} declare queue name=${named} durable=false`
              : `${admin} declare queue --name ${named} --durable false`,
          },
          {
            label: 'Set a policy',
            line: `${ctl} set_policy short "^${named}$" '{"max-length":10}' --apply-to queues`,
          },
        ]),
    { label: 'Help', line: 'help' },
  ];
}
