/** `rabbitmqctl purge_queue` and `delete_queue`. */
import type { CtlCall, Say } from './ctl-call.ts';
import { amqp, gather, type AmqpAnswer, type Script } from './script.ts';

const USAGE = 64;
const UNAVAILABLE = 69;

export function* purgeQueue(call: CtlCall, say: Say, out: string[]): Script {
  const [name = ''] = call.arguments;
  const queue = (yield* gather(call.node, call.asking)).target.queues.find((one) => one.name === name);
  say(`Purging queue '${name}' in vhost '${call.vhost}' ...`);
  if (!queue || call.vhost !== '/') return refused(out, 'not_found', UNAVAILABLE);
  // what is in a stream cannot be taken out of it.
  if (queue.type === 'stream') return refused(out, 'not_supported', UNAVAILABLE);
  const answer = yield* amqp(call.node, { call: 'purge', name });
  if (answer.kind === 'done') return 0;
  return refused(out, words(answer), UNAVAILABLE);
}

export function* deleteQueue(call: CtlCall, say: Say, out: string[]): Script {
  const [name = ''] = call.arguments;
  const [ifEmpty, ifUnused] = [call.has('if-empty'), call.has('if-unused')];
  const conditions = [
    ...(ifEmpty ? ['if queue is empty '] : []),
    ...(ifUnused ? ['if queue is unused '] : []),
  ];
  const known = (yield* gather(call.node, call.asking)).target.queues.some((one) => one.name === name);
  say(`Deleting queue '${name}' on vhost '${call.vhost}' ${conditions.join('and ')}...`);
  const old = call.version === '3.10';
  if (!known || call.vhost !== '/')
    return refused(out, old ? 'Queue not found' : 'No such queue was found', USAGE);
  const answer = yield* amqp(call.node, { call: 'delete-queue', name, ifUnused, ifEmpty });
  if (answer.kind === 'done') {
    out.push(`Queue was successfully deleted with ${answer.messages} ready messages`);
    return 0;
  }
  const text = words(answer);
  if (answer.kind !== 'refused') return refused(out, text, UNAVAILABLE);
  switch (answer.code) {
    case 406:
      if (text.endsWith('not empty'))
        return refused(out, old ? 'Queue is not empty' : 'The queue is not empty', USAGE);
      return refused(out, old ? 'Queue is in use' : 'The queue is in use', USAGE);
    case 405:
      return refused(out, old ? 'resource_locked' : 'The queue is locked or protected from deletion', USAGE);
    case 540: {
      // The tool has no words of its own for this one, and prints the term that it was given; 3.10 succeeds with it.
      if (!old) return refused(out, `{:amqp_error, :not_implemented, ~c"${text}", :none}`, UNAVAILABLE);
      const what = `queue '${name}' in vhost '/'`;
      out.push(
        `{:protocol_error, :not_implemented, '${text.replace(what, '~s')}', ['${what.replace(/'/g, "\\'")}']}`,
      );
      return 0;
    }
    default:
      return refused(out, text, UNAVAILABLE);
  }
}

function refused(out: string[], text: string, code: number): number {
  out.push('Error:', text);
  return code;
}

function words(answer: AmqpAnswer): string {
  return answer.kind === 'refused' ? answer.text : 'nodedown';
}
