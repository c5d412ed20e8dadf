/**
 * The console: a process in which an administrator's command-line tools run, one at a time. It speaks to the brokers
 * over the network as any client does, and says what the tools print as `printed` events.
 */
import type { Actor, Port } from '../../sim/kernel.ts';
import { CONSOLE } from './config.ts';
import type { MessageCounter } from './producer.ts';

export class ConsoleActor implements Actor {
  readonly id = CONSOLE;
  /** The command that runs, as it was typed; null when none does. */
  running: string | null = null;
  private readonly port: Port;
  private readonly brokers: readonly string[];
  private readonly counter: MessageCounter;

  /**
   * @param brokers names of the cluster's brokers, `broker-1` first
   * @param counter numbers the messages that the console producer sends
   */
  constructor(port: Port, brokers: readonly string[], counter: MessageCounter) {
    this.port = port;
    this.brokers = brokers;
    this.counter = counter;
  }

  start(): void {
    this.running = null;
  }

  /** A line and the Enter key: a command, or input of the tool that runs. */
  type(line: string): void {
    void [line, this.port, this.brokers, this.counter];
  }

  /** Ctrl-C (`interrupt`) or Ctrl-D (`end`). */
  key(key: 'interrupt' | 'end'): void {
    void key;
  }

  receive(message: unknown, from: string): void {
    void [message, from];
  }

  wake(timer: string, data: unknown): void {
    void [timer, data];
  }

  disconnected(peer: string): void {
    void peer;
  }
}
