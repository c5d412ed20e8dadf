/**
 * The scenario: what to run. One schema gives the TypeScript types, the validator and the JSON Schema that the site
 * serves; the parts that belong to one broker come from that broker's config.
 */
import * as v from 'valibot';
import { kafkaClient } from '../brokers/kafka/client-config.ts';
import { brokerName, CONTROLLER, kafkaAction, kafkaSystem } from '../brokers/kafka/config.ts';

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

const kafkaActions = v.variant('do', [
  ...commonActions,
  /** A client that was not there before begins. */
  v.strictObject({ do: v.literal('join'), client: kafkaClient }),
  ...kafkaAction.options,
]);

const timed = v.strictObject({ atMs: moment, action: kafkaActions });

export const kafkaScenario = v.strictObject({
  version: v.literal(SCENARIO_VERSION),
  id,
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  system: kafkaSystem,
  clients: v.pipe(v.array(kafkaClient), v.maxLength(1000)),
  network: v.optional(network, {}),
  timeline: v.optional(v.array(timed), []),
  /** How long the run lasts, milliseconds of virtual time. */
  durationMs: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400_000)),
  seed: v.pipe(v.number(), v.safeInteger()),
});

/** One schema per broker; a scenario is one of them, told apart by `system.broker`. */
const BY_BROKER = { kafka: kafkaScenario } as const;

export const scenarioSchema = v.union(Object.values(BY_BROKER));

export type Scenario = v.InferOutput<typeof scenarioSchema>;
export type ScenarioInput = v.InferInput<typeof scenarioSchema>;
/** Something done at a moment: an entry of the timeline, or a reader's action. */
export type TimedAction = v.InferOutput<typeof timed>;
export type Action = TimedAction['action'];
export type BrokerId = keyof typeof BY_BROKER;

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
export function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string[] {
  return issues.map((issue) => {
    const path = (issue.path ?? []).reduce(
      (text, { key }) =>
        typeof key === 'number'
          ? `${text}[${key}]`
          : /^[A-Za-z_]\w*$/.test(String(key))
            ? `${text}${text ? '.' : ''}${String(key)}`
            : `${text}["${String(key)}"]`,
      '',
    );
    return `${path || 'the whole'}: ${told(issue)}`;
  });
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

/**
 * @param input anything, such as parsed JSON
 * @returns the scenario with every default filled in
 * @throws InvalidInput that names each wrong field and what was expected
 */
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
  if (typeof broker !== 'string' || !Object.hasOwn(BY_BROKER, broker)) {
    const known = Object.keys(BY_BROKER)
      .map((name) => `"${name}"`)
      .join(' | ');
    throw new InvalidInput(what, [`system.broker: expected ${known}, got ${printed(broker)}`]);
  }
  const result = v.safeParse(BY_BROKER[broker as BrokerId], input);
  if (!result.success) throw new InvalidInput(what, describeIssues(result.issues));
  const scenario = result.output;
  const problems = crossCheck(scenario);
  if (problems.length > 0) throw new InvalidInput(what, problems);
  return scenario;
}

/** Checks a reader's actions, such as those of a shared address. @throws InvalidInput */
export function parseActions(input: unknown): TimedAction[] {
  const result = v.safeParse(v.array(timed), input);
  if (!result.success) throw new InvalidInput('These are not actions', describeIssues(result.issues));
  return result.output;
}

/** A value as JSON shows it, so that 1 and "1" look different. */
function printed(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** What one field cannot know: names must be there to be used, and be there once. */
function crossCheck(scenario: Scenario): string[] {
  const { system } = scenario;
  const problems: string[] = [];
  const partitions = new Map<string, number>();
  system.topics.forEach(({ name, partitions: count, replicationFactor, replicas }, i) => {
    const path = `system.topics[${i}]`;
    if (partitions.has(name)) problems.push(`${path}.name: expected a name not used before, got "${name}"`);
    partitions.set(name, count);
    if (replicas === undefined && replicationFactor > system.brokers) {
      problems.push(
        `${path}.replicationFactor: expected at most ${system.brokers}, as many as there are brokers, got ${replicationFactor}`,
      );
    }
    if (replicas && replicas.length !== count)
      problems.push(
        `${path}.replicas: expected one list for each of ${count} partitions, got ${replicas.length}`,
      );
    replicas?.forEach((list, index) => {
      if (new Set(list).size !== list.length || list.some((number) => number > system.brokers)) {
        problems.push(
          `${path}.replicas[${index}]: expected different brokers from 1 to ${system.brokers}, got ${list.join(', ')}`,
        );
      }
    });
  });
  const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(', ');
  const topicIsThere = (name: string, path: string): void => {
    if (!partitions.has(name))
      problems.push(`${path}: expected one of ${quoted(partitions.keys())}, got "${name}"`);
  };
  const clients = new Map<string, Scenario['clients'][number]['role']>();
  const check = (client: Scenario['clients'][number], path: string): void => {
    if (clients.has(client.id))
      problems.push(`${path}.id: expected an id not used before, got "${client.id}"`);
    clients.set(client.id, client.role);
    if (client.role === 'producer') topicIsThere(client.topic, `${path}.topic`);
    else client.topics.forEach((topic) => topicIsThere(topic, `${path}.topics`));
    if (client.role === 'processor') topicIsThere(client.to, `${path}.to`);
    if (client.role === 'producer') {
      const count = partitions.get(client.topic);
      if (client.partition !== undefined && count !== undefined && client.partition >= count)
        problems.push(`${path}.partition: expected 0 to ${count - 1}, got ${client.partition}`);
    }
    if (client.role === 'consumer') {
      client.assign?.forEach((place, i) => {
        const at = place.lastIndexOf('-');
        const [topic, number] = [place.slice(0, at), place.slice(at + 1)];
        const there =
          /^\d+$/.test(number) &&
          client.topics.includes(topic) &&
          Number(number) < (partitions.get(topic) ?? 0);
        if (!there)
          problems.push(
            `${path}.assign[${i}]: expected a partition of its topics, such as "orders-0", got "${place}"`,
          );
      });
    }
  };
  scenario.clients.forEach((client, i) => check(client, `clients[${i}]`));
  scenario.timeline.forEach(({ action }, i) => {
    if (action.do === 'join') check(action.client, `timeline[${i}].action.client`);
  });
  const nodes = Array.from({ length: system.brokers }, (_, i) => brokerName(i + 1));
  const processes = new Set([...clients.keys(), ...nodes, CONTROLLER]);
  const known = (name: string, path: string): void => {
    if (!processes.has(name)) problems.push(`${path}: expected one of ${quoted(processes)}, got "${name}"`);
  };
  const hasRole = (name: string, role: string, path: string): void => {
    if (clients.get(name) === role) return;
    const able = [...clients].filter(([, other]) => other === role).map(([id]) => id);
    problems.push(
      `${path}: expected ${able.length > 0 ? `one of ${quoted(able)}` : `a ${role}`}, got "${name}"`,
    );
  };
  scenario.network.links.forEach(({ between }, i) =>
    between.forEach((name, end) => known(name, `network.links[${i}].between[${end}]`)),
  );
  scenario.timeline.forEach(({ action }, i) => {
    const path = `timeline[${i}].action`;
    if ('target' in action) known(action.target, `${path}.target`);
    if ('between' in action) action.between.forEach((name, end) => known(name, `${path}.between[${end}]`));
    if (action.do === 'produce') hasRole(action.client, 'producer', `${path}.client`);
    if (action.do === 'seek' || action.do === 'pause-partitions' || action.do === 'resume-partitions')
      hasRole(action.client, 'consumer', `${path}.client`);
    if (action.do === 'create-partitions' || action.do === 'alter-configs' || action.do === 'elect-leaders')
      topicIsThere(action.topic, `${path}.topic`);
  });
  return problems;
}
