/** The scenarios that a lab has, each with what is to be expected of it. */
import { readFileSync } from 'node:fs';
import { observableClaims } from '../../scenarios/real.ts';
import { parseRecording, traceOfRecording, type Recording } from '../../scenarios/recording.ts';
import { traceOf } from '../../scenarios/run.ts';
import { isOf, type BrokerId, type Scenario } from '../../scenarios/schema.ts';
import { assignments, same } from '../assignments.ts';
import { isShown } from '../judge.ts';
import type { Needs } from '../lab.ts';
import type { LabRun } from '../readme.ts';

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function recordingOf(broker: BrokerId, id: string): Recording {
  return parseRecording(JSON.parse(readFileSync(`tests/recordings/${broker}/${id}.json`, 'utf8')));
}

export function runOf<S extends Scenario>(scenario: S): LabRun<S> {
  const { broker } = scenario.system;
  const recording = recordingOf(broker, scenario.id);
  const events = traceOf(scenario);
  const found = groupsShare(scenario, events);
  return {
    name: scenario.id.replace(/^(kafka|rabbitmq)-(held-)?/, ''),
    scenario,
    claims: observableClaims(scenario).filter(
      (claim) => claim.scenarios !== 'every' || isShown(claim, events),
    ),
    // Who gets what may be drawn, by random member ids: then nothing is to be expected.
    assignments: same(found, assignments(traceOfRecording(recording))) ? found : [],
    recordedOn: recording.made.broker.version,
  };
}

function groupsShare(scenario: Scenario, events: ReturnType<typeof traceOf>): ReturnType<typeof assignments> {
  if (!isOf(scenario, 'kafka')) return [];
  // What a share group is given its members do not see.
  const groups = scenario.clients.flatMap((client) => (client.role === 'consumer' ? [client.group] : []));
  return assignments(events).filter(({ group }) => groups.includes(group));
}

/** `lab.json` and `scenarios/`, by path. */
export function scenarioFiles(
  runs: readonly LabRun[],
  nodes: number,
  needs: Needs,
  settings: Readonly<Record<string, string | number>> = {},
): Readonly<Record<string, string>> {
  return {
    'lab.json': json({ nodes, own: needs === 'own', settings, scenarios: runs.map(({ name }) => name) }),
    ...Object.fromEntries(runs.map(({ name, scenario }) => [`scenarios/${name}.json`, json(scenario)])),
  };
}
