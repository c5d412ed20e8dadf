/** Policies as the tools set and clear them: what is checked before the node is asked, in the server's words. */
import type { PolicySettings, Table, Version } from '../config.ts';
import type { CtlCall, Say } from './ctl-call.ts';
import { applyToWords } from './options.ts';
import { ask, Exit, type Script } from './script.ts';

const UNAVAILABLE = 69;

interface Asked {
  readonly name: string;
  readonly pattern: string;
  /** JSON. */
  readonly definition: string;
  readonly priority: number;
  readonly applyTo: string;
  readonly operator: boolean;
}

export function* policy(call: CtlCall, say: Say, out: string[]): Script {
  const operator = call.command.name.endsWith('operator_policy');
  const [name = '', pattern = '', definition = ''] = call.arguments;
  const kind = operator ? 'operator policy' : 'policy';
  if (call.command.name.startsWith('clear')) {
    say(`Clearing ${kind} "${name}" on vhost "${call.vhost}" ...`);
    const { found } = yield* ask(call.node, { ask: 'clear-policy', name, operator }, call.asking);
    if (found) return 0;
    out.push('Error:', 'Parameter does not exist');
    return UNAVAILABLE;
  }
  const priority = Number(call.value('priority') ?? 0);
  say(
    `Setting ${kind}${operator ? ' override' : ''} "${name}" for pattern "${pattern}" to "${definition}" with priority "${priority}" for vhost "${call.vhost}" ...`,
  );
  const table = tableIn(definition);
  if (table === null) throw new Exit(UNAVAILABLE, ['Error:', 'JSON decoding error. Reason: badarg']);
  const asked = { name, pattern, definition, priority, applyTo: call.value('apply-to') ?? 'all', operator };
  let problem = problemWith(asked, call.version);
  if (problem === null)
    ({ problem } = yield* ask(call.node, { ask: 'set-policy', policy: settings(asked, table) }, call.asking));
  if (problem === null) return 0;
  out.push('Error:', 'Validation failed', '', problem, '');
  return UNAVAILABLE;
}

/** @returns a JSON object as an AMQP table, or null for any other text */
export function tableIn(json: string): Table | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : null;
  } catch {
    return null;
  }
}

/** @returns what the server says of it before it looks at the definition, or null */
export function problemWith({ pattern, applyTo }: Asked, version: Version): string | null {
  try {
    new RegExp(pattern, 'u');
  } catch {
    return `pattern should be regular expression but is invalid: ${reason(pattern)}`;
  }
  if (applyToWords(version).includes(applyTo)) return null;
  return version === '3.10'
    ? `apply-to '${applyTo}' unrecognised; should be 'queues', 'exchanges' or 'all'`
    : `apply-to '${applyTo}' unrecognised; should be one of: 'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'`;
}

/** As PCRE says it, for the usual mistakes. */
function reason(pattern: string): string {
  if (/^[*+?]/.test(pattern)) return '{"nothing to repeat",0}';
  if (/\[[^\]]*$/.test(pattern)) return `{"missing terminating ] for character class",${pattern.length}}`;
  const opened = [...pattern].filter((character) => character === '(').length;
  const closed = [...pattern].filter((character) => character === ')').length;
  if (opened > closed) return `{"missing )",${pattern.length}}`;
  if (closed > opened) return `{"unmatched parentheses",${pattern.lastIndexOf(')')}}`;
  return `{"unrecognized character",0}`;
}

export function settings(asked: Asked, definition: Table): PolicySettings {
  const { name, pattern, priority, operator } = asked;
  return {
    name,
    pattern,
    priority,
    operator,
    definition,
    'apply-to': asked.applyTo as PolicySettings['apply-to'],
  };
}
