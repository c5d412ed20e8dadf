/**
 * The contract every broker model fulfils. It knows no broker: what a log and a queue cannot share is not here.
 *
 * A model is a state machine first ({@link StateMachine}), wrapped in actors of the kernel: its nodes, and the client
 * libraries that speak to it, whose behaviour is part of the broker's semantics. It adds its processes to a kernel
 * ({@link BrokerModel.build}), explains its own events, and folds a trace into the picture its engineers would draw.
 */
import type { Kernel } from '../sim/kernel.ts';
import type { Micros } from '../sim/time.ts';
import type { Emission, TraceEvent } from '../sim/trace.ts';
import type { ConsoleTools } from './console-tools.ts';

/** What a state machine may ask of the world while it applies a command. */
export interface Effects<Reply> {
  /** Answers a request: this one, or one that was parked earlier. */
  reply(to: string, correlation: number, reply: Reply): void;
  /** Asks to be given a timer command after a delay. */
  timer(delay: Micros, timer: string, data: unknown): void;
  trace(event: Emission): void;
}

/**
 * `apply(command, now)`: the same machine serves timed runs, command consoles, tests and protocol front ends.
 * It never blocks: a request that must wait is parked and answered by a later effect.
 */
export interface StateMachine<Command, Reply, Fx extends Effects<Reply> = Effects<Reply>> {
  apply(command: Command, now: Micros, effects: Fx): void;
}

/** What the prose says of one event: what happened and why, and the rules behind it. */
export interface Explanation {
  readonly text: string;
  readonly rules: readonly string[];
  /** How much it matters to the story: `key` moments make captions, `step` ones fill the list, `detail` is for the curious. */
  readonly weight: 'key' | 'step' | 'detail';
}

/** A fold of the trace into what the stage draws: plain data, bounded whatever the run's length. */
export interface ViewFold<View> {
  on(event: TraceEvent): void;
  /** @param now the moment shown; what is on the wire then is part of the picture */
  view(now: Micros): View;
}

/** A built system inside one run. `Action`: those that only this broker knows. */
export interface Cluster<Client, Action> {
  /** Ids of the broker's own processes, already added to the kernel. */
  readonly nodes: readonly string[];
  /** Adds a client's process to the kernel; the runner starts it. */
  addClient(client: Client): void;
  /** Ends a client the way its library's `close()` does, a node the way its operators stop it. @returns why not, or null */
  close(id: string): string | null;
  /** Does something only this broker knows. @returns why it was refused, or null */
  act(action: Action): string | null;
}

/** What the conformance suite may demand of this broker's runs. */
export interface Promises {
  /** First deliveries of one place to one group come in order of position, among messages of the same priority. */
  readonly orderedPlaces: boolean;
  /** What was confirmed is processed in the end by every group that reads it, once all faults have healed. */
  readonly atLeastOnce: boolean;
}

/** A figure of a run that is worth showing for this broker, in the order in which it is shown. */
export type FigureName =
  'backlog' | 'processed' | 'duplicates' | 'rebalances' | 'undelivered' | 'latencyP50' | 'latencyP99';

/**
 * What an event does to a stretch of the timeline in which the system is not as it should be: a group shares its places out
 * anew, a queue has no leader. `text` null ends the stretch of this id, if one is open; otherwise one begins, unless one is.
 */
export interface SpanChange {
  readonly id: string;
  readonly text: string | null;
}

/**
 * Its functions are methods on purpose: one broker's model then stands for any broker's (src/scenarios/models.ts). That is
 * sound because the parser reads a whole scenario by one broker's schemas, so a model is only given what is its own.
 */
export interface BrokerModel<System, Client, Action, View> {
  readonly id: string;
  readonly name: string;
  readonly promises: Promises;
  build(kernel: Kernel, system: System): Cluster<Client, Action>;
  /** @param parts what the stage draws beside the ordinary picture; a part nobody draws is neither folded nor posted */
  createView(system: System, clients: readonly Client[], parts: readonly string[]): ViewFold<View>;
  /** @returns null for an event that needs no words */
  explain(event: TraceEvent): Explanation | null;
  /** What one of its own actions is done to, for the trace's `acted`: a client, a topic, a queue, a node. */
  targetOf(action: Action): string;
  /** Its command-line tools, where the model has a console to run them in; null where it has none. */
  readonly console: ConsoleTools<View> | null;
  readonly figures: readonly FigureName[];
  /** @returns null for an event that begins and ends nothing. It is not asked of everyday ones ({@link isEveryday}). */
  span(event: TraceEvent): SpanChange | null;
}
