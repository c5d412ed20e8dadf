/** What the commands that run scenarios have in common: which scenario, and which seed. */
import { existsSync, readFileSync } from 'node:fs';
import { scenarioById, scenarios } from '../scenarios/library.ts';
import { InvalidInput, parseScenario, type Scenario } from '../scenarios/schema.ts';

/**
 * @param source the id of a scenario of the book, the path of a file, or `-` for standard input
 * @throws InvalidInput that says what was expected
 */
export function readScenario(source: string): Scenario {
  if (scenarios.has(source)) return scenarioById(source);
  if (source !== '-' && !existsSync(source)) {
    throw new InvalidInput(`"${source}" is neither a scenario of the book nor a file`, [
      `expected one of ${[...scenarios.keys()].join(', ')}, the path of a JSON file, or - for standard input`,
    ]);
  }
  return parseScenario(readJson(source));
}

/**
 * @param source the path of a file, or `-` for standard input
 * @throws InvalidInput that says what is wrong with it
 */
export function readJson(source: string): unknown {
  let text: string;
  try {
    text = readFileSync(source === '-' ? 0 : source, 'utf8');
  } catch (error) {
    throw new InvalidInput(`${source} cannot be read`, [(error as Error).message]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(`${source === '-' ? 'Standard input' : source} is not JSON`, [
      (error as Error).message,
    ]);
  }
}

/**
 * @param args of a command
 * @returns the same, with a negative number made one with the option before it, which could not tell it from another option
 */
export function withNumbers(args: readonly string[]): string[] {
  const made: string[] = [];
  for (const arg of args) {
    const last = made.at(-1);
    if (/^-\d/.test(arg) && last !== undefined && /^--[a-z]+$/.test(last))
      made.splice(-1, 1, `${last}=${arg}`);
    else made.push(arg);
  }
  return made;
}

/** @throws InvalidInput */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(seed)) {
    throw new InvalidInput('The command is wrong', [`--seed: expected an integer, got "${text}"`]);
  }
  return seed;
}
