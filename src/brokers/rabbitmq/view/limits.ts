/** A queue's arguments and policies as the picture shows them. */
import type { FieldValue } from '../config.ts';
import type { QueueLimitsView } from '../view-types.ts';

export const NO_LIMITS: QueueLimitsView = Object.freeze({
  messageTtlMs: null,
  maxLength: null,
  maxLengthBytes: null,
  overflow: null,
  deadLetterExchange: null,
  deadLetterRoutingKey: null,
  deliveryLimit: null,
  maxPriority: null,
  singleActiveConsumer: false,
});

/** By the name of the argument without `x-`, which is the policy's. */
const FIELDS = {
  'message-ttl': 'messageTtlMs',
  'max-length': 'maxLength',
  'max-length-bytes': 'maxLengthBytes',
  overflow: 'overflow',
  'dead-letter-exchange': 'deadLetterExchange',
  'dead-letter-routing-key': 'deadLetterRoutingKey',
  'delivery-limit': 'deliveryLimit',
  'max-priority': 'maxPriority',
  'single-active-consumer': 'singleActiveConsumer',
} as const satisfies Record<string, keyof QueueLimitsView>;

const WORDS = ['overflow', 'deadLetterExchange', 'deadLetterRoutingKey'] as const;

/**
 * @param limits what holds so far
 * @param settings names as arguments or policies have them; null takes one back. What the picture does not show is ignored
 */
export function withSettings(
  limits: QueueLimitsView,
  settings: Iterable<readonly [name: string, value: FieldValue]>,
): QueueLimitsView {
  const changed: Record<string, unknown> = { ...limits };
  for (const [name, value] of settings) {
    const plain = name.startsWith('x-') ? name.slice(2) : name;
    if (!Object.hasOwn(FIELDS, plain)) continue;
    const field = FIELDS[plain as keyof typeof FIELDS];
    changed[field] = value === null ? NO_LIMITS[field] : read(field, value);
  }
  return Object.freeze(changed) as unknown as QueueLimitsView;
}

/** The trace carries values as the tools print them. */
function read(field: keyof QueueLimitsView, value: FieldValue): string | number | boolean | null {
  if (field === 'singleActiveConsumer') return value === true || value === 'true';
  if ((WORDS as readonly string[]).includes(field)) return typeof value === 'string' ? value : null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
