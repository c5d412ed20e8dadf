/**
 * An experiment: a scenario, and what a reader is given to play it with. Plain data; the words are short labels, the
 * telling is the chapter's.
 */
import { InvalidInput, parseScenario, type Scenario } from './schema.ts';

export interface Experiment {
  /** Permanent: it is in addresses and in stored predictions. */
  readonly id: string;
  readonly scenario: string;
  /** The workload and the broker, where the scenario is carried (comparisons.ts) and not written. */
  readonly carried?: { readonly workload: string; readonly broker: 'kafka' | 'rabbitmq' };
  /**
   * Scenarios that a reader takes home in the place of its own (src/labs): of those that are run for real, ones that show
   * the same with fewer processes, in less time, by what clients see.
   */
  readonly home?: readonly [string, ...string[]];
  /** Says what to find out. */
  readonly title: string;
  readonly question: string;
  /** The moment of the first frame, milliseconds: chosen so that the frame already says something. */
  readonly posterMs: number;
  /** Virtual seconds per real second to begin with. */
  readonly speed: number;
  readonly predict: Prediction | null;
  readonly knobs: readonly Knob[];
  /** What the figure draws. */
  readonly stage: StageKind;
  /** Whether the broker's command-line tools are offered beside it. */
  readonly console: boolean;
  /** What the reader may do while it runs. */
  readonly controls: readonly Control[];
  /** Ids of the claims listed beside the stage. */
  readonly claims: readonly string[];
}

export interface Prediction {
  readonly question: string;
  readonly options: readonly {
    readonly id: string;
    readonly text: string;
    readonly right: boolean;
    readonly why: string;
  }[];
}

/** A setting of the scenario, under the broker's own name for it. */
export interface Knob {
  readonly id: string;
  /** The configuration's own name, or the field's term. */
  readonly name: string;
  readonly hint: string;
  /**
   * Where in the scenario it is: keys, and for a list an object that its entries must match, in one of several ways.
   * `carried`: it chooses by which rule a workload is carried, and so what the whole scenario is.
   */
  readonly path: Path | 'carried';
  readonly options: readonly { readonly id: string; readonly label: string; readonly value: unknown }[];
}

type Pattern = Readonly<Record<string, string | readonly string[]>>;
type Path = readonly (string | Pattern)[];

/**
 * Kafka's. `groups`: producers, partitions, groups with their members. `replicas`: the brokers side by side with their
 * copies of each partition. `log`: one partition's log with its segments. `timeline`: who read what and when, to scale.
 * `distribution`: how records spread over partitions. `shares`: what a share group holds, beside consumer groups.
 *
 * RabbitMQ's. `queues`: publishers, exchanges, bindings, queues, consumers. `routing`: how one message finds its queues,
 * token by token. `quorum`: the replicas of a quorum queue.
 */
export type StageKind =
  'groups' | 'replicas' | 'log' | 'timeline' | 'distribution' | 'shares' | 'queues' | 'routing' | 'quorum';

/** Stages that draw the ordinary picture and nothing else. */
const ORDINARY: readonly StageKind[] = ['groups', 'shares', 'queues'];

/** The parts of a view that a stage draws beside the ordinary picture (the brokers' view-types.ts). */
export function viewParts(stage: StageKind): readonly string[] {
  return ORDINARY.includes(stage) ? [] : [stage];
}

/** Kinds of buttons; which processes they are for, the view says. Those of another broker than the experiment's offer nothing. */
export type Control =
  | 'crash-consumer'
  | 'restart-consumer'
  | 'pause-consumer'
  | 'close-consumer'
  | 'add-consumer'
  | 'add-partition'
  | 'produce-keyed'
  | 'produce-keyless'
  | 'cut-link'
  | 'crash-broker'
  | 'restart-broker'
  | 'pause-broker'
  | 'stop-broker'
  | 'cut-broker'
  | 'crash-controller'
  | 'crash-producer'
  | 'restart-producer'
  | 'pause-producer'
  | 'elect-preferred'
  | 'elect-unclean'
  | 'seek'
  | 'pause-partitions'
  | 'tombstone'
  // RabbitMQ's, beside those of producers and consumers.
  | 'publish'
  | 'crash-node'
  | 'restart-node'
  | 'pause-node'
  | 'stop-node'
  | 'cut-node'
  | 'alarm'
  | 'cancel-consumer'
  | 'purge-queue'
  /** The routing bench: exchanges, queues and bindings are declared and taken out; with `publish`, to any exchange. */
  | 'declare';

export type KnobChoices = Readonly<Record<string, string>>;

/**
 * The scenario with the reader's choices in it; those of carrying it holds already.
 * @param scenario it is parsed anew when they are in it
 * @param choices knob id → option id
 * @throws InvalidInput for a knob or an option that the experiment does not have
 */
export function withKnobs(scenario: object, experiment: Experiment, choices: KnobChoices): Scenario {
  const changed: unknown = JSON.parse(JSON.stringify(scenario));
  for (const [knobId, optionId] of Object.entries(choices)) {
    const knob = experiment.knobs.find(({ id }) => id === knobId);
    if (!knob) {
      throw new InvalidInput('This run cannot be set up', [
        `knobs.${knobId}: expected one of ${experiment.knobs.map(({ id }) => `"${id}"`).join(', ')}`,
      ]);
    }
    const option = knob.options.find(({ id }) => id === optionId);
    if (!option) {
      throw new InvalidInput('This run cannot be set up', [
        `knobs.${knobId}: expected one of ${knob.options.map(({ id }) => `"${id}"`).join(', ')}, got "${optionId}"`,
      ]);
    }
    if (knob.path !== 'carried') setAt(changed, knob.path, option.value);
  }
  return parseScenario(changed);
}

/** Which option of a knob the scenario itself has, or null when it is set to something else. */
export function currentOption(scenario: Scenario, knob: Knob): string | null {
  const { path } = knob;
  if (path === 'carried') return null;
  const own = JSON.stringify(scenario);
  // Compared as scenarios, and not as values: what an option leaves out has its default in the scenario.
  const chosen = knob.options.find(({ value }) => {
    const changed = JSON.parse(own) as Scenario;
    setAt(changed, path, value);
    return JSON.stringify(parseScenario(changed)) === own;
  });
  return chosen && holders(scenario, path).length > 0 ? chosen.id : null;
}

function matches(entry: unknown, pattern: Pattern): boolean {
  return Object.entries(pattern).every(([key, value]) => {
    const own = (entry as Record<string, unknown>)[key];
    return typeof value === 'string' ? own === value : value.some((one) => own === one);
  });
}

/** Every place that a path leads to, as the object that holds it. */
function holders(root: unknown, path: Path): Record<string, unknown>[] {
  const [head, ...rest] = path;
  if (head === undefined) return [];
  if (typeof head !== 'string')
    return (root as unknown[]).filter((e) => matches(e, head)).flatMap((e) => holders(e, rest));
  if (rest.length === 0) return [root as Record<string, unknown>];
  return holders((root as Record<string, unknown>)[head], rest);
}

function setAt(root: unknown, path: Path, value: unknown): void {
  for (const holder of holders(root, path)) holder[path.at(-1) as string] = value;
}
