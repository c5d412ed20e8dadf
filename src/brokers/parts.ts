/**
 * What a broker says of its part of a scenario: the words (valibot schemas of its config), and what no single field can
 * know. `src/scenarios/schema.ts` makes a scenario's schema of it.
 */
import type * as v from 'valibot';

/** Something of a scenario, and where in it that stands: `clients[1]`. */
export interface At<T> {
  readonly of: T;
  readonly path: string;
}

/** A scenario as its broker's own check sees it. */
export interface ScenarioParts<System, Client, Action> {
  readonly system: System;
  /** Those of the scenario, and those that join later. */
  readonly clients: readonly At<Client>[];
  /** Those that only this broker knows. */
  readonly actions: readonly At<Action>[];
}

/** A client of any broker. */
export interface AnyClient {
  readonly id: string;
  readonly role: string;
  readonly startMs: number;
}

export interface BrokerParts<
  System extends v.GenericSchema<unknown, { readonly broker: string }>,
  Client extends v.GenericSchema<unknown, AnyClient>,
  Actions extends v.VariantOptions<'do'>,
> {
  readonly system: System;
  readonly client: Client;
  /** Each with a `do` of its own: what a timeline, or a reader, may do beyond what can be done to any broker. */
  readonly actions: Actions;
  /** The broker's own processes, by name: what can crash, be paused and be cut off. */
  nodes(this: void, system: v.InferOutput<System>): readonly string[];
  /**
   * That names are there to be used and be there once, that settings fit one another.
   * @returns problems, each `path: what was expected, what there is`
   */
  check(
    this: void,
    parts: ScenarioParts<v.InferOutput<System>, v.InferOutput<Client>, v.InferOutput<Actions[number]>>,
  ): readonly string[];
}

/** Types of the parts follow from the schemas. */
export function brokerParts<
  System extends v.GenericSchema<unknown, { readonly broker: string }>,
  Client extends v.GenericSchema<unknown, AnyClient>,
  const Actions extends v.VariantOptions<'do'>,
>(parts: BrokerParts<System, Client, Actions>): BrokerParts<System, Client, Actions> {
  return parts;
}

/** `"a", "b"`: what could have been said. */
export function quoted(names: Iterable<string>): string {
  return [...names].map((name) => `"${name}"`).join(', ');
}
