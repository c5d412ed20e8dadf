/** Which script a program is in which version, and what `help` prints. */
import type { Version } from '../config.ts';
import { rabbitmqadmin } from './admin.ts';
import { rabbitmqadmin2 } from './admin2.ts';
import { rabbitmqctl } from './ctl.ts';
import type { ProgramName } from './programs.ts';
import { guarded, type Context, type Script } from './script.ts';

/** `rabbitmqadmin` is the Python script of the 3.x releases up to 3.10, and from 4.x on version 2, another program. */
export function scriptOf(program: ProgramName, context: Context): Script {
  if (program === 'rabbitmqctl') return guarded(context, rabbitmqctl(context));
  return guarded(context, context.version === '3.10' ? rabbitmqadmin(context) : rabbitmqadmin2(context));
}

export function help(version: Version, nodes: readonly string[]): string[] {
  const first = nodes[0] ?? 'rabbit-1';
  const old = version === '3.10';
  return [
    `RabbitMQ’s own command-line tools, for RabbitMQ ${version}:`,
    '  rabbitmqctl',
    old
      ? '  rabbitmqadmin    the Python tool of the 3.x releases'
      : '  rabbitmqadmin    version 2; RabbitMQ 3.10 has the older tool, with another syntax',
    '',
    `rabbitmqctl asks rabbit@${first} unless -n names another node; rabbitmqadmin asks ${first} at localhost:15672, the`,
    'next node at localhost:15673, and so on:',
    '  rabbitmqctl list_queues name messages consumers',
    old
      ? '  rabbitmqadmin list queues name messages'
      : '  rabbitmqadmin queues list --columns name,message_count',
    old
      ? '  rabbitmqadmin publish routing_key=orders payload=A'
      : '  rabbitmqadmin publish message --routing-key orders --payload A',
    'Each says more with: rabbitmqctl help, ' +
      (old ? 'rabbitmqadmin help subcommands' : 'rabbitmqadmin help'),
  ];
}
