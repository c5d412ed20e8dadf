/** `kafka-console-producer.sh`: every line that is typed is a record, until the input ends. */
import { toMs } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import { utf8Length } from '../utf8.ts';
import type { KafkaProducerConfig } from './client-config.ts';
import { CONSOLE } from './config.ts';
import { logLine } from './console/format.ts';
import { readLine, type ProducerCommand } from './console/producer.ts';
import { ConnectionLog, INTERRUPTED, type InteractiveTool, type ToolContext } from './console-tool.ts';
import { KafkaProducer } from './producer.ts';
import type { MessageCounter, ProducerApp } from './producer-api.ts';
import type { Reply } from './protocol.ts';

const CLIENT = 'Producer clientId=console-producer';
const CALLBACK = 'org.apache.kafka.clients.producer.internals.ErrorLoggingCallback';
/** Records whose sizes are remembered for the message of one that fails. */
const REMEMBERED_MAX = 10_000;

interface Sizes {
  readonly key: number | null;
  readonly value: number | null;
}

export class ConsoleProducer implements InteractiveTool, ProducerApp {
  private readonly context: ToolContext;
  private readonly command: ProducerCommand;
  private readonly counter: MessageCounter;
  private readonly log: ConnectionLog;
  private readonly producer: KafkaProducer;
  /** Lines that wait until the one before has been handed over. */
  private lines: string[] = [];
  private lineNumber = 0;
  private inputEnded = false;
  private closing = false;
  /** With --sync: the answer to the last record is waited for. */
  private waiting = false;
  private exit = 0;
  private sent = new Map<MessageId, Sizes>();

  constructor(
    context: ToolContext,
    command: ProducerCommand,
    config: KafkaProducerConfig,
    counter: MessageCounter,
  ) {
    const { port, addresses, correlations, timers } = context;
    this.context = context;
    this.command = command;
    this.counter = counter;
    this.log = new ConnectionLog(port, CLIENT, addresses);
    this.producer = new KafkaProducer(
      port,
      {
        client: CONSOLE,
        config,
        topics: [],
        brokers: [...new Set(addresses.flatMap(({ node }) => (node === null ? [] : [node])))],
        counter,
        correlations,
        timers,
      },
      this,
    );
  }

  /** Once its input has ended, what is typed is for the shell. */
  get reads(): boolean {
    return !this.inputEnded && !this.closing;
  }

  start(): void {
    this.print(this.log.began());
    this.producer.start();
  }

  line(text: string): void {
    this.print([`>${text}`]);
    this.lines.push(text);
    this.work();
  }

  key(key: 'interrupt' | 'end'): void {
    if (key === 'end') {
      this.inputEnded = true;
      this.work();
      return;
    }
    this.print(['^C']);
    // Ctrl-C closes the producer, which still sends what it has; a second one does not wait for that.
    if (this.exit === INTERRUPTED) this.context.owner.toolEnded(INTERRUPTED);
    else this.stop(INTERRUPTED);
  }

  receive(correlation: number, reply: Reply, from: string): void {
    this.log.answered(from);
    if (!this.producer.receive(correlation, reply)) return;
    this.print(this.log.metadata(correlation, reply));
    this.work();
  }

  wake(timer: string, data: unknown): void {
    if (this.producer.wake(timer, data)) this.work();
  }

  disconnected(peer: string): void {
    this.print(this.log.broke(peer));
    this.producer.disconnected(peer);
    this.work();
  }

  /** Hands over what was typed as far as `send()` takes it. */
  private work(): void {
    const { producer, command } = this;
    while (!this.closing && !this.waiting && !producer.blocked && this.lines.length > 0) {
      const record = readLine(this.lines.shift()!, ++this.lineNumber, command.reader);
      if ('error' in record) {
        this.print([`org.apache.kafka.common.KafkaException: ${record.error}`]);
        this.stop(1);
        return;
      }
      const { key, value } = record;
      const bytes = value === null ? 0 : utf8Length(value);
      this.remember(this.counter.next, {
        key: key === null ? null : utf8Length(key),
        value: value === null ? null : bytes,
      });
      this.waiting = command.sync;
      producer.send({ topic: command.topic, key, value, bytes });
      if (command.sync) producer.flush();
    }
    if (this.inputEnded && !this.closing && !this.waiting && !producer.blocked && this.lines.length === 0)
      this.stop(0);
  }

  private remember(message: MessageId, sizes: Sizes): void {
    this.sent.set(message, sizes);
    if (this.sent.size > REMEMBERED_MAX) this.sent.delete(this.sent.keys().next().value!);
  }

  private stop(exit: number): void {
    this.exit = exit;
    this.lines = [];
    this.closing = true;
    this.producer.close();
  }

  private print(lines: readonly string[]): void {
    if (lines.length > 0) this.context.owner.toolPrinted(lines);
  }

  // What the library tells (ProducerApp).

  sendFailed(message: MessageId, error: string): void {
    const sizes = this.sent.get(message);
    const told = (bytes: number | null | undefined): string =>
      bytes === null || bytes === undefined ? 'null' : `${bytes} bytes`;
    const { topic } = this.command;
    // The library does not name the topic, the tool's reader wants to know it.
    const named = error.replace(
      /topic not present in metadata after (\d+) ms/,
      `Topic ${topic} not present in metadata after $1 ms.`,
    );
    const exception = named.startsWith('IllegalStateException')
      ? `java.lang.${named}`
      : `org.apache.kafka.common.${named.startsWith('KafkaException') ? '' : 'errors.'}${named}`;
    if (this.command.sync) {
      // `get()` throws what `send()` came to, and the tool ends with it.
      this.print([`java.util.concurrent.ExecutionException: ${exception}`]);
      if (!this.closing) this.stop(1);
      return;
    }
    this.print([
      logLine(
        toMs(this.context.port.clock()),
        'ERROR',
        `Error when sending message to topic ${topic} with key: ${told(sizes?.key)}, value: ${told(sizes?.value)} with error:`,
        CALLBACK,
      ),
      exception,
    ]);
  }

  flushed(): void {
    this.waiting = false;
    this.work();
  }

  closed(): void {
    this.context.owner.toolEnded(this.exit);
  }

  fatal(exception: string, detail: string): void {
    this.print([`org.apache.kafka.common.KafkaException: ${exception}: ${detail}`]);
    if (!this.closing) this.stop(1);
  }

  transactionsReady(): void {
    // It never asks for transactions.
  }

  offsetsSent(): void {
    // It reads nothing, so it sends no offsets.
  }

  transactionEnded(): void {
    // It never begins one.
  }

  transactionFailed(): void {
    // It never begins one.
  }
}
