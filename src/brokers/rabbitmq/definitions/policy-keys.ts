/** What a policy may say: the keys that a version knows, their values, and the server's words for a bad one. */
import { type FieldValue, type PolicySettings, type Table, type Version, VERSIONS } from '../config.ts';
import { parseMaxAge } from './arguments.ts';
import { formatTerm } from './terms.ts';

interface Key {
  /** The version that brought it. */
  readonly since?: '4.2' | '4.3';
  /** Whether an operator's policy may set it, and since when. */
  readonly operator?: Version;
  readonly valid: (value: FieldValue, version: Version) => boolean;
  /** What it is not, in the server's words. */
  readonly noun: string;
}

function atLeast(least: number): Key['valid'] {
  return (value) => typeof value === 'number' && Number.isInteger(value) && value >= least;
}

function among(...words: readonly string[]): Key['valid'] {
  return (value) => typeof value === 'string' && words.includes(value);
}

const isText = (value: FieldValue): boolean => typeof value === 'string';

const KEYS: Readonly<Record<string, Key>> = {
  'alternate-exchange': { valid: isText, noun: 'alternate exchange name' },
  'consumer-timeout': { since: '4.2', valid: atLeast(0), noun: 'consumer timeout' },
  'consumer-disconnected-timeout': {
    since: '4.3',
    valid: atLeast(0),
    noun: 'consumer disconnected timeout',
  },
  'dead-letter-exchange': { valid: isText, noun: 'dead letter exchange name' },
  'dead-letter-routing-key': { valid: isText, noun: 'dead letter routing key' },
  'dead-letter-strategy': { valid: among('at-most-once', 'at-least-once'), noun: 'dead letter strategy' },
  'message-ttl': { operator: '3.10', valid: atLeast(0), noun: 'message TTL' },
  expires: { operator: '3.10', valid: atLeast(1), noun: 'queue expiry' },
  'max-length': { operator: '3.10', valid: atLeast(0), noun: 'maximum length' },
  'max-length-bytes': { operator: '3.10', valid: atLeast(0), noun: 'maximum length in bytes' },
  'max-in-memory-length': { operator: '3.10', valid: atLeast(0), noun: 'maximum memory in bytes' },
  'max-in-memory-bytes': { operator: '3.10', valid: atLeast(0), noun: 'maximum memory in bytes' },
  'queue-mode': { valid: among('default', 'lazy'), noun: 'queue-mode value' },
  'queue-version': {
    operator: '4.2',
    valid: (value) => value === 1 || value === 2,
    noun: 'queue-version value',
  },
  overflow: {
    operator: '4.2',
    valid: among('drop-head', 'reject-publish', 'reject-publish-dlx'),
    noun: 'overflow value',
  },
  'delivery-limit': {
    operator: '3.10',
    valid: (value, version) => atLeast(version === '3.10' ? 0 : -Infinity)(value, version),
    noun: 'delivery limit',
  },
  'max-age': { valid: (value) => typeof value === 'string' && parseMaxAge(value) !== null, noun: 'max age' },
  'queue-leader-locator': {
    valid: among('client-local', 'balanced', 'random', 'least-leaders'),
    noun: 'queue leader locator value',
  },
  'initial-cluster-size': { valid: atLeast(0), noun: 'cluster size' },
  'stream-max-segment-size-bytes': {
    valid: (value, version) => atLeast(0)(value, version) && (value as number) <= 3_000_000_000,
    noun: 'segment size',
  },
  'stream-filter-size-bytes': {
    since: '4.2',
    valid: (value, version) => atLeast(16)(value, version) && (value as number) <= 255,
    noun: 'filter size. Valid range is 16-255',
  },
  'target-group-size': { since: '4.2', operator: '4.2', valid: atLeast(1), noun: 'qq target count value' },
  'delayed-retry-type': {
    since: '4.3',
    operator: '4.3',
    valid: among('all', 'failed', 'returned', 'disabled'),
    noun: 'delayed retry type. Must be one of: all, failed, returned, disabled',
  },
  'delayed-retry-min': {
    since: '4.3',
    operator: '4.3',
    valid: atLeast(1),
    noun: 'delayed retry minimum delay. Must be a positive integer',
  },
  'delayed-retry-max': {
    since: '4.3',
    operator: '4.3',
    valid: atLeast(1),
    noun: 'delayed retry maximum delay. Must be a positive integer',
  },
};

/** Whether a version is this one or a later one. */
function has(version: Version, since: Version): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(since);
}

/** What `rabbitmqctl set_policy` says is wrong with a policy, after `Error:` and `Validation failed`; null, nothing. */
export function policyProblem(policy: PolicySettings, version: Version): string | null {
  const to = policy['apply-to'];
  if (version === '3.10' && !['all', 'exchanges', 'queues'].includes(to)) {
    return `apply-to '${to}' unrecognised; should be 'queues', 'exchanges' or 'all'`;
  }
  const entries = Object.entries(policy.definition);
  if (entries.length === 0) return 'no policy provided';
  const unknown: string[] = [];
  for (const [name, value] of entries) {
    const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    const since = policy.operator ? key?.operator : '3.10';
    if (
      key === undefined ||
      since === undefined ||
      !has(version, since) ||
      !has(version, key.since ?? '3.10')
    ) {
      unknown.push(`{${formatTerm(name)},${formatTerm(value)}}`);
    } else if (!key.valid(value, version)) {
      return `${formatTerm(value)} is not a valid ${key.noun}`;
    }
  }
  if (unknown.length > 0) return `[${unknown.join(',')}] are not recognised policy settings`;
  return delayedRetryProblem(policy.definition);
}

function delayedRetryProblem(definition: Table): string | null {
  const type = definition['delayed-retry-type'];
  const min = definition['delayed-retry-min'];
  const max = definition['delayed-retry-max'];
  if (type !== undefined && type !== 'disabled' && min === undefined) {
    return `delayed-retry-min is required when delayed-retry-type is ${type as string}`;
  }
  if (typeof min === 'number' && typeof max === 'number' && max < min) {
    return `delayed-retry-max (${max}) must not be smaller than delayed-retry-min (${min})`;
  }
  return null;
}
