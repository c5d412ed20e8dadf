/**
 * The console: a process in which an administrator's command-line tools run, one at a time. It speaks to the nodes over the
 * network, and says what the tools print as `printed` events.
 */
import type { Actor, Port } from '../../sim/kernel.ts';
import type { Ticket } from '../../sim/event-queue.ts';
import { fromMs } from '../../sim/time.ts';
import { tokenise } from '../console-tokens.ts';
import type { MessageCounter } from './clients/counter.ts';
import { CONSOLE, type Version } from './config.ts';
import { programNamed, type ProgramName } from './console/programs.ts';
import { help, scriptOf } from './console/run.ts';
import type { AmqpAnswer, Answer, Step } from './console/script.ts';
import { ConsoleChannel, Payloads, type ChannelOwner } from './console-channel.ts';
import type { ToolAnswer, ToolCall } from './management.ts';
import type { Frames, ServerFrame } from './protocol.ts';

const NOT_FOUND = 127;
const INTERRUPTED = 130;

/** A tool is a script: it is run from its beginning again for each new answer, so that only these are state. */
interface Run {
  /** By its name: a checkpoint copies objects. */
  readonly program: ProgramName;
  readonly words: readonly string[];
  readonly answers: Answer[];
  /** Lines that have been printed already. */
  printed: number;
}

interface Asked {
  readonly node: string;
  readonly correlation: number;
  readonly timeout: Ticket;
}

export class ConsoleActor implements Actor, ChannelOwner {
  readonly id = CONSOLE;
  private readonly port: Port;
  private readonly version: Version;
  private readonly nodes: readonly string[];
  private readonly counter: MessageCounter;
  private readonly payloads = new Payloads();
  private command: string | null = null;
  private run: Run | null = null;
  private asked: Asked | null = null;
  private channel: ConsoleChannel | null = null;
  /** Lines that the tool reads from its user; null: it reads none. */
  private input: string[] | null = null;
  /** Lines typed ahead, while a tool runs that reads none. */
  private ahead: string[] = [];
  private draining = false;
  /** Counts tools, and what they ask. */
  private tools = 0;
  private correlations = 0;

  /**
   * @param nodes names of the cluster's nodes, `rabbit-1` first
   * @param counter numbers the messages that are published here
   */
  constructor(port: Port, version: Version, nodes: readonly string[], counter: MessageCounter) {
    this.port = port;
    this.version = version;
    this.nodes = nodes;
    this.counter = counter;
  }

  /** The command that runs, as it was typed; null when none does. */
  get running(): string | null {
    return this.command;
  }

  start(): void {
    this.forget();
    this.command = null;
    this.ahead = [];
  }

  /** A line and the Enter key: a command, or input of the tool that runs. */
  type(line: string): void {
    if (this.input) {
      this.input.push(line);
      this.print([`> ${line}`], null);
    } else if (this.command !== null) this.ahead.push(line);
    else this.begin(line);
  }

  /** Ctrl-C (`interrupt`) or Ctrl-D (`end`). */
  key(key: 'interrupt' | 'end'): void {
    if (this.command === null) return;
    if (key === 'interrupt') {
      // As a terminal does, Ctrl-C throws away what was typed ahead.
      this.ahead = [];
      this.print(['^C'], null);
      this.end([], INTERRUPTED);
    } else if (this.input) {
      const lines = this.input;
      this.input = null;
      this.answered({ to: 'read', lines });
    }
  }

  receive(message: unknown): void {
    if (isAnswer(message)) {
      // What answers a tool that has ended since is nobody's.
      if (this.asked?.correlation !== message.correlation) return;
      this.port.cancel(this.asked.timeout);
      this.asked = null;
      this.answered({ to: 'ask', reply: message.toolReply });
    } else this.channel?.receive(message as Frames<ServerFrame>);
  }

  wake(timer: string, data: unknown): void {
    if (this.channel?.wake(timer)) return;
    if (timer !== 'ask-timeout' || this.asked?.correlation !== data) return;
    this.asked = null;
    this.answered({ to: 'ask', failure: 'timeout' });
  }

  disconnected(peer: string): void {
    if (this.asked?.node === peer) {
      this.port.cancel(this.asked.timeout);
      this.asked = null;
      this.answered({ to: 'ask', failure: 'unreachable' });
    } else this.channel?.disconnected(peer);
  }

  crash(): void {
    // Nothing can be sent any more: its node learns of it from the connection that broke.
    this.channel = null;
    this.asked = null;
    this.start();
  }

  amqpAnswered(answer: AmqpAnswer): void {
    this.answered({ to: 'amqp', answer });
  }

  // Commands.

  private begin(line: string): void {
    const tokens = tokenise(line);
    if (tokens.ok && tokens.words.length === 0) return;
    this.command = line;
    if (!tokens.ok) {
      this.end([tokens.error], 2);
      return;
    }
    const [first = '', ...words] = tokens.words;
    const program = programNamed(first);
    if (program) {
      this.tools++;
      // Said before anything else: the command has begun.
      this.print([], null);
      this.run = { program, words, answers: [], printed: 0 };
      this.advance(this.run);
    } else if (first === 'help') this.end(help(this.version, this.nodes), 0);
    else if (first === 'clear') this.end([], 0);
    else this.end([`sh: ${first}: command not found`], NOT_FOUND);
  }

  private answered(answer: Answer): void {
    if (!this.run) return;
    this.run.answers.push(answer);
    this.advance(this.run);
  }

  /** Runs a script up to what it does not know yet. */
  private advance(run: Run): void {
    const { version, nodes } = this;
    const out: string[] = [];
    const script = scriptOf(run.program, { words: run.words, version, nodes, out });
    let next = script.next();
    for (const answer of run.answers) {
      if (next.done) break;
      next = script.next(answer);
    }
    const lines = out.slice(run.printed);
    run.printed = out.length;
    if (next.done) {
      this.end(lines, next.value);
      return;
    }
    if (lines.length > 0) this.print(lines, null);
    this.perform(next.value);
  }

  private perform(step: Step): void {
    switch (step.do) {
      case 'read':
        this.input = [];
        return;
      case 'ask': {
        const { node, request, timeoutMs } = step;
        const correlation = ++this.correlations;
        const timeout = this.port.timer(fromMs(timeoutMs), 'ask-timeout', correlation);
        this.asked = { node, correlation, timeout };
        this.port.send(node, { tool: request, correlation } satisfies ToolCall, { what: request.ask });
        return;
      }
      case 'amqp':
        this.channel ??= new ConsoleChannel(
          this.port,
          step.node,
          this,
          this.counter,
          this.payloads,
          `tool-${this.tools} `,
        );
        this.channel.make(step.call);
    }
  }

  private forget(): void {
    this.run = null;
    if (this.asked) this.port.cancel(this.asked.timeout);
    this.asked = null;
    this.channel?.close();
    this.channel = null;
    this.input = null;
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
    while (this.ahead.length > 0 && this.takesLines()) this.type(this.ahead.shift()!);
    this.draining = false;
  }

  /** Whether a line that is typed now is read: by the shell, or by a tool that waits for one. */
  private takesLines(): boolean {
    return this.command === null || this.input !== null;
  }
}

function isAnswer(message: unknown): message is ToolAnswer {
  return typeof message === 'object' && message !== null && 'toolReply' in message;
}
