/** The README of a lab that is an experiment: which runs it has, the commands, and what to expect of each. */
import type { Claim } from '../claims/claim.ts';
import type { Experiment, Knob } from '../scenarios/experiment.ts';
import type { Scenario } from '../scenarios/schema.ts';
import { told, type Assignment } from './assignments.ts';

/** A scenario of a lab. */
export interface LabRun<S extends Scenario = Scenario> {
  /** What the lab calls it. */
  readonly name: string;
  readonly scenario: S;
  /** What its judge asks. */
  readonly claims: readonly Claim[];
  /** Who had which partition, on the simulator and on a real broker; empty where there is no group to share them. */
  readonly assignments: readonly Assignment[];
  /** Of the broker that the book has recorded it on. */
  readonly recordedOn: string;
}

/** What a README says of the broker that its lab is on, in whole parts. */
export interface Words<S extends Scenario> {
  /** The broker's name, and whose library its clients are. */
  readonly broker: string;
  readonly client: string;
  /** What has to be there, and how to get it. */
  readonly needs: string;
  /** Where what is. */
  readonly sources: string;
  /** What is there, who does what, and what is done to them: a line each. */
  story(scenario: S): string[];
}

export function readmeOf<S extends Scenario>(
  { title, question, scenario: own, knobs }: Experiment,
  runs: readonly LabRun<S>[],
  words: Words<S>,
): string {
  const { broker, client, needs, sources } = words;
  const one = runs.length === 1;
  const isOwn = runs.some(({ scenario }) => scenario.id === own);
  const what = isOwn
    ? one
      ? 'Its run is that of the page’s figure.'
      : 'That of the page’s figure is among its runs.'
    : one
      ? 'Its run is not that of the page’s figure but a smaller one, which shows the same by what clients see.'
      : 'Its runs are not that of the page’s figure but smaller ones, which show the same by what clients see.';
  const versions = [...new Set(runs.map(({ recordedOn }) => recordedOn))].join(' and ');
  const parts = [
    `# ${title}`,
    question,
    `A lab of Brokerbook, on a ${broker} of your own. ${what} ${one ? 'The file' : 'Each file'} in \`scenarios/\` says what is declared, who sends and reads, and what goes wrong when; a run does that with ${client} and writes down what the clients see; the judge asks the book’s own claims of it.`,
    needs,
    commandsPart(broker, runs),
    ...runs.map((run) => runPart(run, words)),
    `The claims held on the book’s simulator when this folder was made, and on ${broker} ${versions}, where the book has recorded ${one ? 'the run' : 'the runs'}. Where the one that you have behaves otherwise, the judge says so, with the moment and the event.`,
    thenPart(broker, runs[0]!.name, isOwn && one ? knobs : []),
    sources,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function commandsPart(broker: string, runs: readonly LabRun[]): string {
  const whole = runs.reduce((sum, { scenario }) => sum + scenario.durationMs, 0);
  const some = runs.length === 1 ? '' : `\nnpm start -- ${runs[0]!.name}    # only that one`;
  return `## The commands

\`\`\`sh
npm install
npm run up       # ${broker}, until it answers
npm start        # ${runs.length === 1 ? 'plays the scenario' : 'plays the scenarios one after another'}, ${duration(whole)}${some}
npm run judge    # each claim: does it hold on what happened?
npm run down     # stops ${broker}, and takes away what is in it
\`\`\`

\`npm run check\` type-checks the sources. What a run declares gets a prefix of its own, and is deleted at its end. The judge’s exit code is 0 when every claim holds.`;
}

function runPart<S extends Scenario>(
  { name, scenario, claims, assignments }: LabRun<S>,
  words: Words<S>,
): string {
  return `## ${name}: ${scenario.title}

${words.story(scenario).join('\n')}

What to expect:

${claims.map(({ statement }) => `- ${statement}`).join('\n')}${sharedPart(assignments)}`;
}

/** Who gets what, as the simulator has it. */
export function sharedPart(assignments: readonly Assignment[]): string {
  return assignments.length === 0
    ? ''
    : `\n\nAnd the partitions, as the simulator shares them out; the moments are the machine’s:\n\n${told(assignments).join('\n')}`;
}

function thenPart(broker: string, name: string, knobs: readonly Knob[]): string {
  return `## Then

Read \`run/${name}.jsonl\`: an event a line, with microseconds since the beginning. What one message went through:

\`\`\`sh
grep '"message":3[,}]' run/${name}.jsonl
\`\`\`

Change \`scenarios/${name}.json\`, run and judge again. Before you do: which claim will fail, and at which event? While a run lasts, ${broker}’s own tools see what it has declared: by names that begin with \`brokerbook-\`.${changes(knobs)}`;
}

function changes(knobs: readonly Knob[]): string {
  const lines = knobs.flatMap(({ name, hint, path, options }) =>
    path === 'carried'
      ? []
      : [
          `- \`${path.map((step) => (typeof step === 'string' ? step : `[${Object.values(step).flat().join(', ')}]`)).join('.')}\` (${name}: ${hint}): ${options.map(({ value }) => `\`${JSON.stringify(value)}\``).join(' or ')}`,
        ],
  );
  return lines.length > 0 ? `\n\n${lines.join('\n')}` : '';
}

export function duration(ms: number): string {
  return `${ms / 1000} s`;
}
