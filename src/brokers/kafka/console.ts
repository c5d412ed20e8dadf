/**
 * The console: a process in which an administrator's command-line tools run, one at a time. It speaks to the brokers
 * over the network as any client does, and says what the tools print as `printed` events.
 */
import type { Actor, Port } from '../../sim/kernel.ts';
import { toMs } from '../../sim/time.ts';
import { kafkaConsumerConfig, kafkaProducerConfig } from './client-config.ts';
import { CONSOLE, TOPIC_DEFAULTS } from './config.ts';
import { CONFIG_EXCEPTION, resolve, type Address } from './console/address.ts';
import { consumerCommand } from './console/consumer.ts';
import { logLine } from './console/format.ts';
import { OptionError, type Program } from './console/options.ts';
import { producerCommand } from './console/producer.ts';
import { PRODUCER, programNamed } from './console/programs.ts';
import { help, scriptOf } from './console/run.ts';
import { Exit, type Answer, type Step } from './console/script.ts';
import { tokenise } from '../console-tokens.ts';
import { AdminClient, type AdminOwner } from './console-admin.ts';
import { ConsoleConsumer } from './console-consumer.ts';
import { ConsoleProducer } from './console-producer.ts';
import {
  clientSettings,
  INTERRUPTED,
  unusedWarning,
  type InteractiveTool,
  type ToolContext,
  type ToolOwner,
} from './console-tool.ts';
import type { MessageCounter } from './producer.ts';
import type { ReplyEnvelope } from './protocol.ts';
import type { Correlations } from './requests.ts';

const NOT_FOUND = 127;

/** A tool that is a script: it is run from its beginning again for each new answer, so that only these are state. */
interface ScriptRun {
  /** By its name: a checkpoint copies objects, and programs are told apart by which they are. */
  readonly program: string;
  readonly words: readonly string[];
  readonly startedMs: number;
  readonly answers: (readonly Answer[])[];
  /** Lines that have been printed already. */
  printed: number;
}

export class ConsoleActor implements Actor, AdminOwner, ToolOwner {
  readonly id = CONSOLE;
  private readonly port: Port;
  private readonly brokers: readonly string[];
  private readonly counter: MessageCounter;
  private readonly correlations: Correlations = { next: 0 };
  private command: string | null = null;
  private script: ScriptRun | null = null;
  private admin: AdminClient | null = null;
  private tool: InteractiveTool | null = null;
  /** Lines typed ahead, while a tool runs that reads none. */
  private ahead: string[] = [];
  private draining = false;
  /** Counts tools: each has timers of its own. */
  private tools = 0;

  /**
   * @param brokers names of the cluster's brokers, `broker-1` first
   * @param counter numbers the messages that the console producer sends
   */
  constructor(port: Port, brokers: readonly string[], counter: MessageCounter) {
    this.port = port;
    this.brokers = brokers;
    this.counter = counter;
  }

  /** The command that runs, as it was typed; null when none does. */
  get running(): string | null {
    return this.command;
  }

  /** Whether a line would be taken up now. */
  private get listens(): boolean {
    return this.command === null || this.tool?.reads === true;
  }

  start(): void {
    this.forget();
    this.command = null;
    this.ahead = [];
  }

  /** A line and the Enter key: a command, or input of the tool that runs. */
  type(line: string): void {
    if (this.tool?.reads) this.tool.line(line);
    else if (this.command !== null) this.ahead.push(line);
    else this.run(line);
  }

  /** Ctrl-C (`interrupt`) or Ctrl-D (`end`). */
  key(key: 'interrupt' | 'end'): void {
    if (this.command === null) return;
    // As a terminal does, Ctrl-C throws away what was typed ahead.
    if (key === 'interrupt') this.ahead = [];
    if (this.tool) this.tool.key(key);
    else if (key === 'interrupt') {
      this.toolPrinted(['^C']);
      this.toolEnded(INTERRUPTED);
    }
  }

  receive(message: unknown, from: string): void {
    const { correlation, reply } = message as ReplyEnvelope;
    // What answers a tool that has ended since is nobody's.
    if (this.admin?.receive(correlation, reply)) return;
    this.tool?.receive(correlation, reply, from);
  }

  wake(timer: string, data: unknown): void {
    if (this.admin?.wake(timer, data)) return;
    this.tool?.wake(timer, data);
  }

  disconnected(peer: string): void {
    this.admin?.disconnected(peer);
    this.tool?.disconnected(peer);
  }

  crash(): void {
    this.start();
  }

  // AdminOwner, ToolOwner.

  adminPrinted(lines: readonly string[]): void {
    this.toolPrinted(lines);
  }

  adminAnswered(answers: readonly Answer[]): void {
    if (!this.script) return;
    this.script.answers.push(answers);
    this.advance(this.script);
  }

  toolPrinted(lines: readonly string[]): void {
    if (lines.length > 0) this.print(lines, null);
  }

  toolEnded(exit: number): void {
    this.end([], exit);
  }

  // Commands.

  private run(line: string): void {
    const tokens = tokenise(line);
    if (tokens.ok && tokens.words.length === 0) return;
    this.command = line;
    if (!tokens.ok) {
      this.end([tokens.error], 2);
      return;
    }
    const [first = '', ...words] = tokens.words;
    const program = programNamed(first);
    if (program) this.begin(program, words);
    else if (first === 'help') this.end(help(this.brokers), 0);
    else if (first === 'clear') this.end([], 0);
    else this.end([`sh: ${first}: command not found`], NOT_FOUND);
  }

  private begin(program: Program, words: readonly string[]): void {
    this.tools++;
    const startedMs = toMs(this.port.clock());
    // Said before anything else: the command has begun.
    this.print([], null);
    if (scriptOf(program, { words, startedMs, out: [] }, TOPIC_DEFAULTS)) {
      this.script = { program: program.name, words, startedMs, answers: [], printed: 0 };
      this.advance(this.script);
      return;
    }
    try {
      if (program === PRODUCER) this.beginProducer(words);
      else this.beginConsumer(words);
    } catch (error) {
      if (error instanceof Exit) this.end(error.message.split('\n'), error.code);
      else if (error instanceof OptionError) this.end([error.message], 1);
      else throw error;
    }
  }

  private beginProducer(words: readonly string[]): void {
    const command = producerCommand(words);
    this.toolPrinted(command.notices);
    const settings = clientSettings(kafkaProducerConfig, command.settings, 'producer');
    if ('error' in settings) {
      this.end(settings.error, 1);
      return;
    }
    this.toolPrinted(unusedWarning(this.port, settings.unused, 'Producer'));
    const context = this.toolContext(command.bootstrap, 'producer');
    if (!context) return;
    const tool = new ConsoleProducer(context, command, settings.config, this.counter);
    this.tool = tool;
    tool.start();
  }

  private beginConsumer(words: readonly string[]): void {
    const command = consumerCommand(words);
    this.toolPrinted(command.notices);
    const settings = clientSettings(kafkaConsumerConfig, command.settings, 'consumer');
    if ('error' in settings) {
      this.end(settings.error, 1);
      return;
    }
    this.toolPrinted(unusedWarning(this.port, settings.unused, 'Consumer'));
    const context = this.toolContext(command.bootstrap, 'consumer');
    if (!context) return;
    const tool = new ConsoleConsumer(context, command, settings.config);
    this.tool = tool;
    tool.start();
  }

  /** @returns null when the addresses lead nowhere, which has been said */
  private toolContext(bootstrap: string, kind: 'producer' | 'consumer'): ToolContext | null {
    const resolved = resolve(bootstrap, this.brokers);
    if ('error' in resolved) {
      this.end(
        [
          `org.apache.kafka.common.KafkaException: Failed to construct kafka ${kind}`,
          `Caused by: ${CONFIG_EXCEPTION}: ${resolved.error}`,
        ],
        1,
      );
      return null;
    }
    const nowMs = toMs(this.port.clock());
    this.toolPrinted(resolved.warnings.map(([text, logger]) => logLine(nowMs, 'WARN', text, logger)));
    const addresses: readonly Address[] = resolved.addresses;
    return {
      port: this.port,
      owner: this,
      addresses,
      correlations: this.correlations,
      timers: `tool-${this.tools} `,
    };
  }

  /** Runs a script up to what it does not know yet. */
  private advance(run: ScriptRun): void {
    for (;;) {
      const out: string[] = [];
      const { program, words, startedMs } = run;
      const script = scriptOf(programNamed(program)!, { words, startedMs, out }, TOPIC_DEFAULTS)!;
      let next = script.next();
      for (const answers of run.answers) {
        if (next.done) break;
        next = script.next(answers);
      }
      const lines = out.slice(run.printed);
      run.printed = out.length;
      if (next.done) {
        this.end(lines, next.value);
        return;
      }
      this.toolPrinted(lines);
      const answers = this.perform(next.value);
      if (!answers) return;
      run.answers.push(answers);
    }
  }

  /** @returns the answers that are known at once, or null: they come through {@link adminAnswered} */
  private perform(step: Step): readonly Answer[] | null {
    if (step.do === 'ask') {
      this.admin!.ask(step.asks);
      return null;
    }
    this.admin = new AdminClient(
      this.port,
      this,
      this.brokers,
      step.timeoutMs,
      this.correlations,
      `tool-${this.tools} `,
    );
    const failure = this.admin.connect(step.bootstrap);
    return failure ? [{ failure }] : [];
  }

  private forget(): void {
    this.script = null;
    this.admin = null;
    this.tool = null;
  }

  private print(lines: readonly string[], exit: number | null): void {
    if (this.command === null) return;
    this.port.emit({
      kind: 'printed',
      client: this.id,
      command: this.command,
      lines: lines.flatMap((line) => line.split('\n')),
      exit,
    });
  }

  private end(lines: readonly string[], exit: number): void {
    if (this.command === null) return;
    this.print(lines, exit);
    this.forget();
    this.command = null;
    if (this.draining) return;
    // What was typed ahead is taken up, by the shell or by a tool that it begins.
    this.draining = true;
    while (this.ahead.length > 0 && this.listens) this.type(this.ahead.shift()!);
    this.draining = false;
  }
}
