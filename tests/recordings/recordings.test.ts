// What real brokers have done with the book's scenarios: every observable claim is judged on the recording and on the
// simulated run, and both must say the same. `npm run real -- check` asks the brokers themselves.
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { partedLanes } from '../../src/scenarios/lanes.ts';
import { askedOf, parseRecording, recordingText, traceOfRecording } from '../../src/scenarios/recording.ts';
import { differences, heldBy, observableClaims, parting, realScenarios } from '../../src/scenarios/real.ts';
import { scenarioById } from '../../src/scenarios/library.ts';

const files = globSync('tests/recordings/*/*.json').sort();

it('is there for every scenario that is run for real, and for no other', () => {
  const named = Object.entries(realScenarios).flatMap(([broker, ids]) =>
    ids.map((id) => `tests/recordings/${broker}/${id}.json`),
  );
  expect(files).toEqual(named.sort());
});

it.each(Object.values(realScenarios).flat())('%s has a claim that a real broker can be asked', (id) => {
  expect(observableClaims(scenarioById(id)).length).toBeGreaterThan(0);
});

describe.each(files)('%s', (file) => {
  const text = readFileSync(file, 'utf8');
  const recording = parseRecording(JSON.parse(text));
  const scenario = scenarioById(recording.scenario);

  it('is in its place, in the form in which it is written', () => {
    expect(basename(file, '.json')).toBe(recording.scenario);
    expect(basename(dirname(file))).toBe(recording.broker);
    expect(scenario.system.broker).toBe(recording.broker);
    expect(recordingText(recording)).toBe(text);
  });

  it('holds what the simulated run holds', () => {
    const held = heldBy(scenario, traceOfRecording(recording), recording.made.broker.version);
    expect(held.flatMap((one) => parting(one) ?? [])).toEqual([]);
  });

  it('tells of the same messages and errors as the simulated run', () => {
    expect(differences(scenario, traceOfRecording(recording), recording.made.broker.version)).toEqual([]);
  });
});

// Where the model and a broker once parted at random, or what was drawn to tell: kept with the scenario itself.
describe.each(globSync('tests/recordings/*/found/*.json').sort())('%s', (file) => {
  const text = readFileSync(file, 'utf8');
  const recording = parseRecording(JSON.parse(text));
  const scenario = askedOf(recording);
  const real = traceOfRecording(recording);
  const { version } = recording.made.broker;

  it('is in its place, in the form in which it is written', () => {
    expect(file).toBe(`tests/recordings/${recording.broker}/found/${recording.scenario}.json`);
    expect(realScenarios[scenario.system.broker]).not.toContain(scenario.id);
    expect(recordingText(recording)).toBe(text);
  });

  it('is what the simulated run is, in all that is promised', () => {
    expect(real.length).toBeGreaterThan(0);
    expect(partedLanes(scenario, real, version)).toEqual([]);
    expect(differences(scenario, real, version)).toEqual([]);
    expect(heldBy(scenario, real, version).flatMap((one) => parting(one) ?? [])).toEqual([]);
  });
});
