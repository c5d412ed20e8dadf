/** What AMQP 0-9-1 closes a channel or a connection with: a code, its name and the server's text. */

const NAMES = {
  311: 'CONTENT_TOO_LARGE',
  312: 'NO_ROUTE',
  313: 'NO_CONSUMERS',
  320: 'CONNECTION_FORCED',
  402: 'INVALID_PATH',
  403: 'ACCESS_REFUSED',
  404: 'NOT_FOUND',
  405: 'RESOURCE_LOCKED',
  406: 'PRECONDITION_FAILED',
  501: 'FRAME_ERROR',
  502: 'SYNTAX_ERROR',
  503: 'COMMAND_INVALID',
  504: 'CHANNEL_ERROR',
  505: 'UNEXPECTED_FRAME',
  506: 'RESOURCE_ERROR',
  530: 'NOT_ALLOWED',
  540: 'NOT_IMPLEMENTED',
  541: 'INTERNAL_ERROR',
} as const;

export type AmqpCode = keyof typeof NAMES;

const SOFT: readonly AmqpCode[] = [311, 312, 313, 403, 404, 405, 406];

/** A code as a client shows it: `404 NOT_FOUND`. */
export function codeName(code: AmqpCode): string {
  return `${code} ${NAMES[code]}`;
}

/** Thrown by the model where the server would close; the channel catches it. `text` is without the code's name. */
export class AmqpError extends Error {
  override name = 'AmqpError';
  readonly code: AmqpCode;
  readonly text: string;

  constructor(code: AmqpCode, text: string) {
    super(`${NAMES[code]} - ${text}`);
    this.code = code;
    this.text = text;
  }

  /** What is closed: a soft error closes the channel, a hard one the connection. */
  get scope(): 'channel' | 'connection' {
    return SOFT.includes(this.code) ? 'channel' : 'connection';
  }
}
