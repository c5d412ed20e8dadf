/** What stands behind an error of the server, and what to do about it: by its code and by words of its text. */
import type { Explanation } from '../../broker.ts';
import { AmqpError, type AmqpCode } from '../amqp-error.ts';
import { bare, key, name, type Event } from './words.ts';

interface Known {
  readonly code: string;
  /** Found in the text. */
  readonly text: RegExp;
  readonly rules: readonly string[];
  /** What to do, or what it means, as a sentence. */
  readonly advice: string;
}

const known = (code: string, text: RegExp, rules: readonly string[], advice: string): Known => ({
  code,
  text,
  rules,
  advice,
});

/** The first that fits. */
const KNOWN: readonly Known[] = [
  known(
    '404',
    /no exchange/,
    ['R-27'],
    'An exchange must be declared before anything is published to it or bound to it.',
  ),
  known('404', /no queue/, ['R-6'], 'A queue must be declared before it is bound, read or asked for.'),
  known(
    '404',
    /home node/,
    ['R-54'],
    'A classic queue is there again when its node is; a quorum queue would go on.',
  ),
  known(
    '403',
    /default exchange/,
    ['R-2'],
    'The default exchange cannot be bound, unbound or deleted: every queue is bound to it by its name.',
  ),
  known(
    '403',
    /internal exchange/,
    ['R-27'],
    'An internal exchange takes messages from other exchanges only.',
  ),
  known(
    '403',
    /exclusive use/,
    ['R-44'],
    'A consumer has the queue to itself, or another wants it so: one of them must go.',
  ),
  known('403', /amq\.|system exchange/, ['R-3'], 'Names that begin with amq. are the server’s own.'),
  known(
    '405',
    /exclusive|locked/,
    ['R-7'],
    'An exclusive queue is for the connection that declared it, and goes with it.',
  ),
  known(
    '406',
    /inequivalent arg/,
    ['R-6'],
    'Declare it as it is, delete it first, or set by a policy what may change later.',
  ),
  known(
    '406',
    /unknown delivery tag/,
    ['R-48'],
    'That delivery was settled already, or it came on another channel: tags are each channel’s own.',
  ),
  known(
    '406',
    /acknowledgement.*timed out/,
    ['R-53'],
    'Whoever works longer than consumer_timeout needs a longer one, or a smaller prefetch.',
  ),
  known(
    '406',
    /consumer prefetch count is not set/,
    ['R-58'],
    'Whoever reads a stream must say how much it may be sent ahead (basic.qos).',
  ),
  known(
    '406',
    /invalid expiration/,
    ['R-27', 'R-68'],
    'A time-to-live is a string of whole milliseconds, not below zero.',
  ),
  known('406', /user_id/, ['R-27'], 'A message may name no other user than the one who is logged in.'),
  known('406', /x-match/, ['R-18'], 'A headers binding says all, any, all-with-x or any-with-x.'),
  known(
    '406',
    /invalid (arg|property)|argument/,
    ['R-10', 'R-56'],
    'A queue type takes its own arguments, within their bounds.',
  ),
  known(
    '406',
    /confirm mode|tx mode|transactional|tx completion/,
    ['R-33'],
    'A channel is in confirm mode or transactional, and never both.',
  ),
  known('406', /not empty|in use/, ['R-6'], 'It was to be deleted only if nobody needs it.'),
  known(
    '406',
    /message size|larger than/,
    ['R-4', 'R-27'],
    'Send a reference to what is so big, or raise max_message_size.',
  ),
  known('530', /consumer tag/, ['R-47'], 'A consumer tag is unique on its channel.'),
  known('540', /global qos/, ['R-42'], 'Quorum queues and streams have a prefetch for each consumer only.'),
  known('540', /prefetch_size/, ['R-41'], 'A prefetch counts messages, not bytes.'),
  known(
    '540',
    /immediate/,
    ['R-27'],
    'RabbitMQ has no immediate delivery; a time-to-live of 0 comes near it.',
  ),
  known('540', /requeue=false/, ['R-49'], 'What basic.recover takes back is always requeued.'),
  known(
    '540',
    /stream|not supported/,
    ['R-58'],
    'A stream is read by consumers that acknowledge; it has no basic.get and no purge.',
  ),
  known('503', /exchange type/, ['R-5', 'R-21'], 'The type is misspelt, or its plugin is not enabled.'),
  known(
    '541',
    /./,
    ['R-56', 'R-59'],
    'Without a majority of its replicas a queue, or the metadata store, answers nothing.',
  ),
  known('320', /./, ['R-5'], 'The node goes down in good order; another will take the connection.'),
  known('ConnectException', /./, ['R-54'], 'Nobody listens there; it tries the next node.'),
  known(
    'SocketTimeoutException',
    /./,
    ['R-54'],
    'The network between the two is cut; it tries the next node.',
  ),
];

/**
 * @param code with or without its name: `404 NOT_FOUND`
 * @param otherwise for an error that is not known
 */
export function errorRules(code: string, text: string, otherwise: readonly string[]): readonly string[] {
  return find(code, text)?.rules ?? otherwise;
}

export function error({ client, code, detail: text }: Event<'error'>): Explanation {
  const found = find(code, text);
  const closes = closed(code);
  const parts = [`${name(client)} gets an error, ${code}: ${bare(text)}.`];
  if (closes !== null)
    parts.push(
      `The server has closed its ${closes}${closes === 'channel' ? ', and what was unacknowledged on it goes back' : ''}.`,
    );
  if (found) parts.push(found.advice);
  return key(parts.join(' '), [
    ...(closes === null ? [] : ['R-5']),
    ...(found?.rules ?? []).filter((rule) => rule !== 'R-5'),
  ]);
}

function find(code: string, text: string): Known | undefined {
  const word = code.split(' ')[0]!;
  return KNOWN.find((one) => one.code === word && one.text.test(text));
}

/** what an error closes; null where it is not the server's. */
function closed(code: string): 'channel' | 'connection' | null {
  const number = /^(\d{3}) /.exec(code)?.[1];
  return number === undefined ? null : new AmqpError(Number(number) as AmqpCode, '').scope;
}
