/** What the server refuses of basic.publish before it routes anything. */
import { AmqpError } from '../amqp-error.ts';
import type { FieldValue, Table, Version } from '../config.ts';
import type { Definitions } from '../definitions.ts';
import { own } from '../routing/explain-headers.ts';
import { checkExpiry } from './arguments.ts';
import { fieldType, formatString, resource } from './terms.ts';

export interface Publish {
  readonly exchange: string;
  readonly immediate: boolean;
  readonly content: {
    readonly bytes: number;
    readonly expiration: string | null;
    readonly headers: Table;
    readonly userId?: string | undefined;
  };
}

/** bytes of the largest body, where the configuration says nothing. */
export function maxMessageSize(version: Version): number {
  return version === '3.10' ? 134_217_728 : 16_777_216;
}

/** What no configuration can exceed. */
const SIZE_CEILING = 536_870_912;

/**
 * @param user who is logged in
 * @param maxBytes `max_message_size`; {@link maxMessageSize} where the configuration says nothing
 * @returns the message's further keys
 * @throws AmqpError 540 `immediate`; 406 too large, or a property that cannot be; 404 no such exchange; 403 internal
 */
export function checkPublish(
  definitions: Definitions,
  publish: Publish,
  user: string,
  maxBytes: number,
): { readonly cc: readonly string[]; readonly bcc: readonly string[] } {
  const { exchange, content } = publish;
  if (publish.immediate) throw new AmqpError(540, 'immediate=true');
  if (content.bytes > maxBytes) {
    const limit = maxBytes === SIZE_CEILING ? 'max size' : 'configured max size';
    throw new AmqpError(406, `message size ${content.bytes} is larger than ${limit} ${maxBytes}`);
  }
  const declared = definitions.exchange(exchange);
  if (declared === undefined) throw new AmqpError(404, `no ${resource('exchange', exchange)}`);
  if (declared.internal) {
    throw new AmqpError(403, `cannot publish to internal ${resource('exchange', exchange)}`);
  }
  // 3.10 looks at the user first, later versions last.
  if (definitions.version === '3.10') checkUser(content.userId, user);
  if (content.expiration !== null) checkExpiration(content.expiration);
  const keys = senderSelected(content.headers);
  checkUser(content.userId, user);
  return keys;
}

function checkUser(claimed: string | undefined, user: string): void {
  if (claimed === undefined || claimed === user) return;
  throw new AmqpError(406, `user_id property set to '${claimed}' but authenticated user was '${user}'`);
}

function checkExpiration(expiration: string): void {
  const parts = /^([+-]?\d+)([^]*)$/.exec(expiration);
  const problem =
    parts === null
      ? 'no_integer'
      : parts[2] !== ''
        ? `{leftover_string,${formatString(parts[2]!)}}`
        : checkExpiry(Number(parts[1]));
  if (problem !== null) throw new AmqpError(406, `invalid expiration '${expiration}': ${problem}`);
}

const NO_KEYS: readonly string[] = [];

/** what the headers CC and BCC name. @throws AmqpError 406 where one is no array */
export function senderSelected(headers: Table): {
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
} {
  return { cc: keysIn(headers, 'CC'), bcc: keysIn(headers, 'BCC') };
}

function keysIn(headers: Table, name: 'CC' | 'BCC'): readonly string[] {
  const value = own(headers, name);
  if (value === undefined) return NO_KEYS;
  if (!Array.isArray(value)) {
    const reason = `{unacceptable_type_in_header,"${name}",${fieldType(value)}}`;
    throw new AmqpError(406, `invalid message: ${reason}`);
  }
  return (value as readonly FieldValue[]).filter((key) => typeof key === 'string');
}
