/**
 * A console session without its terminal: lines go in, what the tools print comes out, and virtual time runs as far as a
 * command needs it to. `console.ts` connects it to standard input and output.
 *
 * A tool that prints what comes goes on until its own limits or Ctrl-C end it. Here Ctrl-C comes with the next line, but not
 * before it has printed nothing for {@link IDLE_MS} of virtual time ({@link FIRST_MS} before its first line), or, where
 * messages never stop coming and it has no limit, has run for {@link ENDLESS_MS}.
 */
import type { ViewFold } from '../brokers/broker.ts';
import type { CommandKind, Completion, ConsoleTools, Names } from '../brokers/console-tools.ts';
import { modelOf, type AnyView } from '../scenarios/models.ts';
import { nodesOf, type Action, type Scenario } from '../scenarios/schema.ts';
import { Simulation } from '../scenarios/simulation.ts';
import { assert } from '../sim/errors.ts';
import { formatSeconds, fromMs, type Micros } from '../sim/time.ts';
import type { TraceEvent } from '../sim/trace.ts';

const IDLE_MS = 5000;
/** Joining a group takes its time. */
const FIRST_MS = 10_000;
const ENDLESS_MS = 30_000;
/** Longer than any limit of the tools: a command that is still at work then is interrupted. */
const COMMAND_MAX_MS = 600_000;
/** How long a run may last at most: a day. */
const RUN_MS = 86_400_000;
const MISUSED = 2;

/** @param node a process that is there, as an example */
export function helpOf({ title, programs, help }: Tools, node: string): string[] {
  return [
    `Commands of the simulation, beside ${title}:`,
    '  :wait 10s            lets virtual time pass (ms, s, m, h)',
    `  ${`:crash ${node}`.padEnd(21)}kills a process; :restart starts it again`,
    '  :pause c1            stops a process without killing it; :resume lets it go on',
    '  :close c1            ends a process in good order',
    '  :cut a b, :heal a b  cuts and heals the network between two processes',
    '  :status              what runs, and how late it is',
    '  :help                this text',
    `${title}:`,
    ...programs.map((name) => `  ${name}`),
    ...help,
  ];
}

type Tools = ConsoleTools<AnyView>;

interface Running {
  readonly command: string;
  readonly since: Micros;
  lastPrinted: Micros | null;
}

export class ConsoleSession {
  /** The exit code of the last command that failed, or 0. */
  exit = 0;
  private readonly simulation: Simulation;
  private readonly write: (line: string) => void;
  private readonly scenario: Scenario;
  private readonly tools: Tools;
  private readonly view: ViewFold<AnyView>;
  private readonly processes = new Map<string, 'running' | 'stopped' | 'paused'>();
  private running: Running | null = null;
  /** What the console shows of the reader's own typing, who has just seen it. */
  private echo: string | null = null;
  private refusal: string | null = null;
  private interrupting = false;

  /**
   * @param write takes each line that is printed
   * @param beginMs virtual time that has passed when the first line comes
   * @throws SimulationError
   */
  constructor(scenario: Scenario, write: (line: string) => void, beginMs = 0) {
    this.write = write;
    this.scenario = scenario;
    const model = modelOf(scenario.system.broker);
    assert(model.console, `${model.name} has no console`);
    this.tools = model.console;
    this.view = model.createView(scenario.system, scenario.clients, []);
    for (const node of nodesOf(scenario)) this.processes.set(node, 'running');
    for (const { id } of scenario.clients) this.processes.set(id, 'stopped');
    this.simulation = new Simulation({ ...scenario, durationMs: RUN_MS }, [], this);
    this.runUntil(fromMs(beginMs));
  }

  /** What stands before the place where the reader types; colon commands are possible whatever it is. */
  get prompt(): string {
    return this.tools.promptOf(this.running?.command ?? null);
  }

  private get busy(): boolean {
    return this.running !== null;
  }

  /** Whether the tool that runs takes lines from its user. */
  private get reads(): boolean {
    return this.running !== null && this.tools.kindOf(this.running.command) === 'reads';
  }

  /** Names for tab completion. */
  get names(): Names {
    return this.tools.names(this.view.view(this.simulation.now));
  }

  /** Tab completion at the end of what is typed. */
  complete(typed: string): Completion {
    return this.tools.complete(typed, typed.length, this.names);
  }

  /** A line of input. @throws SimulationError */
  line(text: string): void {
    const { reads } = this;
    if (text.startsWith(':') && !(reads && text.startsWith('::'))) {
      this.simulationCommand(text.slice(1).trim());
      return;
    }
    if (text === '^C' || text === '^D') {
      if (!this.running) return;
      this.key(text === '^C' ? 'interrupt' : 'end');
      this.settle();
      return;
    }
    if (reads) {
      const record = text.startsWith('::') ? text.slice(1) : text;
      this.echo = `${this.prompt}${record}`;
      this.act({ do: 'type', line: record });
      this.settle();
      return;
    }
    this.finishReading();
    this.act({ do: 'type', line: text });
    this.settle();
  }

  /** Input has ended: so has that of the tool that runs. @throws SimulationError */
  end(): void {
    if (this.reads) {
      this.key('end');
      this.settle();
    }
    this.finishReading();
  }

  /** The sink of the run. */
  on(event: TraceEvent): void {
    this.view.on(event);
    switch (event.kind) {
      case 'printed':
        this.printed(event.command, event.lines, event.exit, event.at);
        break;
      case 'acted':
        this.refusal = event.refused;
        if (event.refused === null && (event.action === 'pause' || event.action === 'resume'))
          this.processes.set(event.target, event.action === 'pause' ? 'paused' : 'running');
        break;
      case 'node-crashed':
      case 'node-stopped':
        this.processes.set(event.node, 'stopped');
        break;
      case 'node-restarted':
        this.processes.set(event.node, 'running');
        break;
      case 'client-started':
        this.processes.set(event.client, 'running');
        break;
      case 'client-stopped':
        this.processes.set(event.client, 'stopped');
        break;
    }
  }

  private printed(command: string, lines: readonly string[], exit: number | null, at: Micros): void {
    for (const line of lines) {
      if (this.echo === line) this.echo = null;
      else this.write(line);
    }
    if (exit === null) {
      this.running ??= { command, since: at, lastPrinted: null };
      if (lines.length > 0) this.running.lastPrinted = at;
      return;
    }
    this.running = null;
    if (exit !== 0 && !this.interrupting) this.exit = exit;
  }

  /** Runs until the command has ended, or waits for its reader. */
  private settle(): void {
    for (;;) {
      const { running } = this;
      if (!running || this.reads) return;
      const kind = this.tools.kindOf(running.command);
      const patience = patienceWith(running, kind);
      if (this.simulation.now >= patience || this.simulation.nextAt() > patience) {
        if (kind === 'works') this.key('interrupt');
        return;
      }
      if (!this.step()) return;
    }
  }

  private finishReading(): void {
    if (!this.running) return;
    this.settle();
    this.interrupting = true;
    // A second Ctrl-C ends what still waits for a broker after the first.
    for (let times = 0; times < 2; times++) {
      const until = this.simulation.now + fromMs(IDLE_MS);
      this.key('interrupt');
      while (this.busy && this.simulation.nextAt() <= until) if (!this.step()) break;
    }
    this.interrupting = false;
  }

  private key(key: 'interrupt' | 'end'): void {
    if (key === 'interrupt') this.echo = '^C';
    this.act({ do: 'key', key });
    // What a producer still has to send, it sends before it ends.
    const from = this.simulation.now;
    while (this.reads && this.simulation.nextAt() <= from + fromMs(COMMAND_MAX_MS) && this.step());
  }

  private act(action: Action): void {
    this.simulation.control('act', action);
    this.echo = null;
  }

  private step(): boolean {
    if (this.simulation.step()) return true;
    this.write(`The run has ended after ${formatSeconds(fromMs(RUN_MS))} of virtual time.`);
    return false;
  }

  private runUntil(at: Micros): void {
    while (this.simulation.nextAt() <= at) if (!this.step()) return;
  }

  // Commands of the simulation.

  private simulationCommand(text: string): void {
    const [name = '', ...args] = text.split(/\s+/);
    const misused = (expected: string): void => {
      this.write(`:${name}: ${expected}`);
      this.exit = MISUSED;
    };
    switch (name) {
      case 'wait': {
        const ms = durationMs(args.join(''));
        if (ms === null) misused(`expected a time such as 10s, got "${args.join(' ')}"`);
        else this.runUntil(this.simulation.now + fromMs(ms));
        return;
      }
      case 'crash':
      case 'restart':
      case 'pause':
      case 'resume':
      case 'close': {
        const [target] = args;
        if (target === undefined || args.length !== 1) misused(`expected one of ${this.processNames()}`);
        else this.order(name, { do: name, target });
        return;
      }
      case 'cut':
      case 'heal': {
        const [a, b] = args;
        if (a === undefined || b === undefined || args.length !== 2)
          misused(`expected two of ${this.processNames()}`);
        else this.order(name, { do: name, between: [a, b] });
        return;
      }
      case 'status':
        this.status();
        return;
      case 'help':
        for (const line of helpOf(this.tools, nodesOf(this.scenario)[0]!)) this.write(line);
        return;
      default:
        misused('expected :wait, :crash, :restart, :pause, :resume, :close, :cut, :heal, :status or :help');
    }
  }

  private order(name: string, action: Action): void {
    this.act(action);
    const { refusal } = this;
    if (refusal === null) return;
    this.write(`:${name}: ${refusal}`);
    this.exit = 1;
  }

  private processNames(): string {
    return [...this.processes.keys()].join(', ');
  }

  private status(): void {
    this.write(`${this.scenario.id}, seed ${this.scenario.seed}, ${formatSeconds(this.simulation.now)}`);
    for (const [process, state] of this.processes) this.write(`  ${process.padEnd(16)} ${state}`);
    if (this.running) this.write(`  ${'console'.padEnd(16)} ${this.running.command}`);
  }
}

/** Until when it may go on by itself. */
function patienceWith({ since, lastPrinted }: Running, kind: CommandKind): Micros {
  if (kind === 'works' || kind === 'waits') return since + fromMs(COMMAND_MAX_MS);
  const idle = lastPrinted === null ? since + fromMs(FIRST_MS) : lastPrinted + fromMs(IDLE_MS);
  return kind === 'counts' ? idle : Math.min(idle, since + fromMs(ENDLESS_MS));
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `10s`, `1.5m`, `250ms`; without a unit, seconds. */
function durationMs(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  return parts ? Number(parts[1]) * UNITS[parts[2] ?? 's']! : null;
}
