/**
 * The scenario: what to run. One schema gives the TypeScript types, the validator and the JSON Schema that the site
 * serves; the parts that belong to one broker come from that broker's config.
 */
import * as v from 'valibot';
import { kafkaParts } from '../brokers/kafka/scenario.ts';
import { quoted, type AnyClient, type At, type BrokerParts, type ScenarioParts } from '../brokers/parts.ts';
import { rabbitmqParts } from '../brokers/rabbitmq/scenario.ts';

export const SCENARIO_VERSION = 1;

const id = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'expected 1 to 60 of a-z, 0-9 and hyphen, not starting with a hyphen'),
);
const process = v.pipe(v.string(), v.minLength(1), v.maxLength(60));
/** Milliseconds of virtual time; fractions reach down to the microsecond. */
const moment = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400_000));
const between = v.strictTuple([process, process]);
const latencyMs = v.pipe(v.number(), v.minValue(0), v.maxValue(600_000));
const probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export const network = v.strictObject({
  /** One-way delay of every link, milliseconds. */
  latencyMs: v.optional(latencyMs, 1),
  jitterMs: v.optional(latencyMs, 0),
  /** Chance that a segment is lost and sent again. */
  loss: v.optional(probability, 0),
  /** Links that differ. */
  links: v.optional(
    v.array(
      v.strictObject({
        between,
        latencyMs: v.optional(latencyMs),
        jitterMs: v.optional(latencyMs),
        loss: v.optional(probability),
      }),
    ),
    [],
  ),
});

/** Faults and commands that any system knows. `target` is a client's id or a broker node's. */
const commonActions = [
  v.strictObject({ do: v.literal('crash'), target: process }),
  v.strictObject({ do: v.literal('restart'), target: process }),
  /** A client leaves the way its library's close() does. */
  v.strictObject({ do: v.literal('close'), target: process }),
  v.strictObject({ do: v.literal('pause'), target: process }),
  v.strictObject({ do: v.literal('resume'), target: process }),
  v.strictObject({ do: v.literal('cut'), between }),
  v.strictObject({ do: v.literal('heal'), between }),
  v.strictObject({
    do: v.literal('link'),
    between,
    latencyMs: v.optional(latencyMs),
    jitterMs: v.optional(latencyMs),
    loss: v.optional(probability),
  }),
  /** Makes a process's disk and work this many times slower. */
  v.strictObject({
    do: v.literal('slow'),
    target: process,
    factor: v.pipe(v.number(), v.minValue(0.01), v.maxValue(10_000)),
  }),
  v.strictObject({
    do: v.literal('skew'),
    target: process,
    ms: v.pipe(v.number(), v.minValue(-86_400_000), v.maxValue(86_400_000)),
  }),
] as const;

/** What only one broker's scenarios say, around what all of them say. */
function schemasOf<
  const System extends v.GenericSchema<unknown, { readonly broker: string }>,
  const Client extends v.GenericSchema<unknown, AnyClient>,
  const Actions extends v.VariantOptions<'do'>,
>(parts: BrokerParts<System, Client, Actions>) {
  const { system, client, actions } = parts;
  const action = v.variant('do', [
    ...commonActions,
    /** A client that was not there before begins. */
    v.strictObject({ do: v.literal('join'), client }),
    ...actions,
  ]);
  const timed = v.strictObject({ atMs: moment, action });
  const scenario = v.strictObject({
    version: v.literal(SCENARIO_VERSION),
    id,
    title: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
    system,
    clients: v.pipe(v.array(client), v.maxLength(1000)),
    network: v.optional(network, {}),
    timeline: v.optional(v.array(timed), []),
    /** How long the run lasts, milliseconds of virtual time. */
    durationMs: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400_000)),
    seed: v.pipe(v.number(), v.safeInteger()),
  });
  return { parts, timed, scenario };
}

/** One entry per broker; a scenario is one of them, told apart by `system.broker`. */
const BY_BROKER = {
  kafka: schemasOf(kafkaParts),
  rabbitmq: schemasOf(rabbitmqParts),
} as const;

type Schemas = typeof BY_BROKER;
export type BrokerId = keyof Schemas;
export const BROKER_IDS = Object.keys(BY_BROKER) as BrokerId[];

/** Any broker's scenario, as JSON Schema and editors want it. */
export const scenarioSchema = v.union(Object.values(BY_BROKER).map(({ scenario }) => scenario));

export type ScenarioOf<B extends BrokerId> = v.InferOutput<Schemas[B]['scenario']>;
export type ScenarioInputOf<B extends BrokerId> = v.InferInput<Schemas[B]['scenario']>;
export type SystemOf<B extends BrokerId> = v.InferOutput<Schemas[B]['parts']['system']>;
export type ClientOf<B extends BrokerId> = v.InferOutput<Schemas[B]['parts']['client']>;
/** Something done at a moment: an entry of the timeline, or a reader's action. */
export interface TimedOf<Act> {
  readonly atMs: number;
  readonly action: Act;
}
export type ActionOf<B extends BrokerId> = v.InferOutput<Schemas[B]['timed']>['action'];
/** What can be done to any broker. */
export type CommonAction = Exclude<Action, OwnActionOf<BrokerId>>;
/** The actions that only this broker knows. */
export type OwnActionOf<B extends BrokerId> = v.InferOutput<Schemas[B]['parts']['actions'][number]>;

export type Scenario = { [B in BrokerId]: ScenarioOf<B> }[BrokerId];
export type ScenarioInput = { [B in BrokerId]: ScenarioInputOf<B> }[BrokerId];
export type Client = ClientOf<BrokerId>;
export type Action = ActionOf<BrokerId>;
export type TimedAction = TimedOf<Action>;

/** Whether it is a scenario of this broker. */
export function isOf<B extends BrokerId>(
  scenario: Scenario,
  broker: B,
): scenario is Extract<Scenario, ScenarioOf<B>> {
  return scenario.system.broker === broker;
}

/** A scenario, an action or an address that is not what it should be; each line names a path and what was expected. */
export class InvalidInput extends Error {
  override name = 'InvalidInput';
  readonly problems: readonly string[];

  constructor(what: string, problems: readonly string[]) {
    super(`${what}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** `clients[1].config.acks: expected "0" | "1" | "all", got "2"`, one line for each issue. */
function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string[] {
  return issues.map(
    (issue) =>
      `${(issue.path ?? []).map(({ key }) => key).reduce(within, '') || 'the whole'}: ${told(issue)}`,
  );
}

/** A path and one step more: `clients`, `clients[1]`, `clients[1].id`. */
function within(path: string, key: unknown): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  const name = String(key);
  return /^[A-Za-z_]\w*$/.test(name) ? `${path}${path ? '.' : ''}${name}` : `${path}["${name}"]`;
}

/**
 * What a schema makes of an input.
 * @param what the sentence for an error's reader
 * @throws InvalidInput
 */
export function taken<Schema extends v.GenericSchema>(
  what: string,
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (!result.success) throw new InvalidInput(what, describeIssues(result.issues));
  const problems = arraysForObjects(input, result.output, '');
  if (problems.length > 0) throw new InvalidInput(what, problems);
  return result.output;
}

/** Valibot takes an array for an object whose fields may all be left out, and makes an object of it. */
function arraysForObjects(input: unknown, output: unknown, path: string): string[] {
  if (typeof input !== 'object' || input === null || typeof output !== 'object' || output === null) return [];
  if (Array.isArray(input) && !Array.isArray(output)) return [`${path}: expected an object, got an array`];
  return Object.entries(input).flatMap(([key, value]) =>
    arraysForObjects(
      value,
      (output as Record<string, unknown>)[key],
      within(path, Array.isArray(input) ? Number(key) : key),
    ),
  );
}

/** Valibot's names for what it expects, where they are not a reader's. */
const WORDS: Readonly<Record<string, string>> = {
  Object: 'an object',
  Array: 'an array',
  undefined: 'nothing',
};

function told(issue: v.BaseIssue<unknown>): string {
  // "Invalid type: Expected X but received Y" is valibot's form; a message of ours is kept as it is.
  if (issue.kind !== 'schema' && !issue.message.startsWith('Invalid ')) return issue.message;
  if (issue.expected === 'never') return 'is not a known field';
  const { received } = issue;
  const got = WORDS[received] ?? received;
  // An object without a field that it needs: what is expected is the field's name.
  if (issue.kind === 'schema' && issue.type === 'strict_object' && issue.expected !== 'Object')
    return 'expected this field, got nothing';
  if (issue.type === 'integer' || issue.type === 'safe_integer') return `expected an integer, got ${got}`;
  const expected = issue.expected === null ? 'something else' : (WORDS[issue.expected] ?? issue.expected);
  const length = issue.type === 'min_length' || issue.type === 'max_length';
  return `expected ${length ? 'a length ' : ''}${expected}, got ${got}`;
}

/** The scenario that an input of a known type becomes. */
type Parsed<Input> = Input extends { readonly system: { readonly broker: infer B extends BrokerId } }
  ? ScenarioOf<B>
  : never;

/**
 * @param input anything, such as parsed JSON
 * @returns the scenario with every default filled in
 * @throws InvalidInput that names each wrong field and what was expected
 */
export function parseScenario<Input extends ScenarioInput>(input: Input): Parsed<Input>;
export function parseScenario(input: unknown): Scenario;
export function parseScenario(input: unknown): Scenario {
  const what = 'This is not a scenario';
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidInput(what, [
      `the whole: expected an object, got ${Array.isArray(input) ? 'an array' : String(input)}`,
    ]);
  }
  const { version, system } = input as { version?: unknown; system?: { broker?: unknown } };
  if (version !== SCENARIO_VERSION) {
    throw new InvalidInput(what, [`version: expected ${SCENARIO_VERSION}, got ${printed(version)}`]);
  }
  const broker = system?.broker;
  if (!isBroker(broker)) {
    const known = BROKER_IDS.map((name) => `"${name}"`).join(' | ');
    throw new InvalidInput(what, [`system.broker: expected ${known}, got ${printed(broker)}`]);
  }
  const scenario: Scenario = taken(what, BY_BROKER[broker].scenario, input);
  const problems = crossCheck(scenario);
  if (problems.length > 0) throw new InvalidInput(what, problems);
  return scenario;
}

function isBroker(name: unknown): name is BrokerId {
  return typeof name === 'string' && Object.hasOwn(BY_BROKER, name);
}

/**
 * Checks a reader's actions, such as those of a shared address.
 * @param broker whose actions they are to be
 * @throws InvalidInput
 */
export function parseActions<B extends BrokerId>(input: unknown, broker: B): TimedOf<ActionOf<B>>[];
export function parseActions(input: unknown, broker: BrokerId): TimedAction[] {
  return taken(
    'These are not actions',
    v.array<v.GenericSchema<unknown, TimedAction>>(BY_BROKER[broker].timed),
    input,
  );
}

/** A value as JSON shows it, so that 1 and "1" look different. */
function printed(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** What one field cannot know: names must be there to be used, and be there once. */
function crossCheck(scenario: Scenario): string[] {
  const clients: At<Client>[] = scenario.clients.map((of, i) => ({ of, path: `clients[${i}]` }));
  const actions: At<Action>[] = scenario.timeline.map(({ action: of }, i) => ({
    of,
    path: `timeline[${i}].action`,
  }));
  for (const { of: action, path } of actions)
    if (action.do === 'join') clients.push({ of: action.client, path: `${path}.client` });
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const { of: client, path } of clients) {
    if (ids.has(client.id)) problems.push(`${path}.id: expected an id not used before, got "${client.id}"`);
    ids.add(client.id);
  }
  const parts: AnyParts = BY_BROKER[scenario.system.broker].parts;
  const own = actions.flatMap(({ of, path }) => (isOwn(of) ? [{ of, path }] : []));
  problems.push(...parts.check({ system: scenario.system, clients, actions: own }));
  const processes = new Set([...ids, ...parts.nodes(scenario.system)]);
  const known = (name: string, path: string): void => {
    if (!processes.has(name)) problems.push(`${path}: expected one of ${quoted(processes)}, got "${name}"`);
  };
  scenario.network.links.forEach(({ between }, i) =>
    between.forEach((name, end) => known(name, `network.links[${i}].between[${end}]`)),
  );
  for (const { of: action, path } of actions) {
    if ('target' in action) known(action.target, `${path}.target`);
    if ('between' in action) action.between.forEach((name, end) => known(name, `${path}.between[${end}]`));
  }
  return problems;
}

/** The broker's own processes, by name. */
export function nodesOf({ system }: Scenario): readonly string[] {
  const parts: AnyParts = BY_BROKER[system.broker].parts;
  return parts.nodes(system);
}

/** What can be done to any broker. */
const COMMON: ReadonlySet<string> = new Set([
  ...commonActions.map(({ entries }) => entries.do.literal),
  'join',
]);

/** Whether it is an action that only one broker knows. */
export function isOwn(action: Action): action is OwnActionOf<BrokerId> {
  return !COMMON.has(action.do);
}

/** Any broker's parts. Their functions are methods, so one's own stand for any's: each is only given its own scenarios. */
type AnyParts = {
  nodes(this: void, system: SystemOf<BrokerId>): readonly string[];
  check(
    this: void,
    parts: ScenarioParts<SystemOf<BrokerId>, Client, OwnActionOf<BrokerId>>,
  ): readonly string[];
};
