/** `kafka-console-consumer.sh`: prints records as they come, until it has had enough or is interrupted. */
import { fromMs, toMs } from '../../sim/time.ts';
import { offsetOf } from './batch.ts';
import type { KafkaConsumerConfig } from './client-config.ts';
import { CONSOLE } from './config.ts';
import { printRecord, type ConsumerCommand } from './console/consumer.ts';
import { logLine, split } from './console/format.ts';
import { ConnectionLog, INTERRUPTED, type InteractiveTool, type ToolContext } from './console-tool.ts';
import type { ConsumerApp, Run } from './consumer-api.ts';
import { ConsumerLibrary } from './kafka-consumer.ts';
import type { Reply } from './protocol.ts';

const CLIENT = 'Consumer clientId=console-consumer';
const LOGGER = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
/** A group of its own gets a number below this (`console-consumer-12345`). */
const GROUP_NUMBERS = 100_000;

export class ConsoleConsumer implements InteractiveTool, ConsumerApp {
  /** What is typed meanwhile is for the shell. */
  readonly reads = false;
  private readonly context: ToolContext;
  private readonly command: ConsumerCommand;
  private readonly log: ConnectionLog;
  private readonly consumer: ConsumerLibrary;
  /** The one partition that it reads, or null. */
  private readonly place: string | null;
  private printed = 0;
  private exit = 0;
  private closing = false;
  /** Counts waits for the next record: the timer of an earlier one is void. */
  private waits = 0;
  private timestampType: 'CreateTime' | 'LogAppendTime' = 'CreateTime';

  constructor(context: ToolContext, command: ConsumerCommand, config: KafkaConsumerConfig) {
    const { port, addresses, correlations, timers } = context;
    const { topic, partition } = command;
    this.context = context;
    this.command = command;
    this.log = new ConnectionLog(port, CLIENT, addresses);
    this.place = partition === null ? null : `${topic}-${partition}`;
    this.consumer = new ConsumerLibrary(
      port,
      {
        client: CONSOLE,
        group: command.group ?? `console-consumer-${Math.floor(port.random.between(0, GROUP_NUMBERS))}`,
        topics: [topic],
        assign: this.place === null ? undefined : [this.place],
        config,
        brokers: [...new Set(addresses.flatMap(({ node }) => (node === null ? [] : [node])))],
        correlations,
        timers,
      },
      this,
    );
  }

  start(): void {
    const { consumer, command } = this;
    this.print(this.log.began());
    consumer.start();
    if (command.maxMessages === 0) this.stop(0);
    else this.wait();
  }

  line(): void {
    // It reads nothing.
  }

  key(key: 'interrupt' | 'end'): void {
    if (key === 'end') return;
    this.print(['^C']);
    // Ctrl-C leaves the group in good order; a second one does not wait for that.
    if (this.exit === INTERRUPTED) this.closed();
    else this.stop(INTERRUPTED);
  }

  receive(correlation: number, reply: Reply, from: string): void {
    this.log.answered(from);
    if (reply.api === 'Metadata') {
      const own = reply.topics.find(({ topic }) => topic === this.command.topic);
      this.timestampType = own?.config['message.timestamp.type'] ?? this.timestampType;
    }
    if (this.consumer.receive(correlation, reply)) this.print(this.log.metadata(correlation, reply));
  }

  wake(timer: string, data: unknown): void {
    if (timer !== `${this.context.timers}no-record`) {
      this.consumer.wake(timer, data);
      return;
    }
    if (data !== this.waits || this.closing) return;
    this.say('org.apache.kafka.common.errors.TimeoutException');
    this.stop(0);
  }

  disconnected(peer: string): void {
    this.print(this.log.broke(peer));
    this.consumer.disconnected(peer);
  }

  /** The next record, for as long as it may take. */
  private wait(): void {
    const { timeoutMs } = this.command;
    this.waits++;
    if (timeoutMs !== null)
      this.context.port.timer(fromMs(timeoutMs), `${this.context.timers}no-record`, this.waits);
    this.consumer.poll();
  }

  private stop(exit: number): void {
    this.exit = exit;
    if (this.closing) return;
    this.closing = true;
    this.consumer.close();
  }

  private say(exception: string): void {
    const nowMs = toMs(this.context.port.clock());
    const text = 'Error processing message, terminating consumer process: ';
    this.print([logLine(nowMs, 'ERROR', text, LOGGER), exception]);
  }

  private print(lines: readonly string[]): void {
    if (lines.length > 0) this.context.owner.toolPrinted(lines);
  }

  // What the library tells (ConsumerApp).

  polled(runs: readonly Run[]): void {
    if (this.closing) return;
    const { maxMessages, formatter } = this.command;
    const left = maxMessages === null ? Infinity : maxMessages - this.printed;
    const lines: string[] = [];
    const put = new Set<string>();
    for (const { place, batch, from, to } of runs) {
      let i = from;
      for (; i < to && lines.length < left; i++) {
        const value = batch.values?.[i];
        const timestamp = this.timestampType === 'CreateTime' ? batch.timestamps[i]! : batch.maxTimestamp;
        lines.push(
          printRecord(
            {
              partition: split(place).index,
              offset: offsetOf(batch, i),
              timestampMs: toMs(timestamp),
              timestampType: this.timestampType,
              leaderEpoch: batch.leaderEpoch,
              key: batch.keys[i]!,
              // A record whose content the run does not give stands for itself.
              value: value === undefined ? `message-${batch.messages[i]!}` : value,
            },
            formatter,
          ),
        );
      }
      // What was returned and not printed is not to be committed: it goes back to the first of those.
      if (i === to || put.has(place)) continue;
      put.add(place);
      this.consumer.seek({ kind: 'offset', offset: offsetOf(batch, i) }, [place]);
    }
    this.printed += lines.length;
    this.print(lines);
    if (lines.length < left) this.wait();
    else this.stop(0);
  }

  /** The library has ended with it. */
  failed(code: string, detail: string): void {
    this.say(detail === '' ? code : `${code}: ${detail}`);
    this.closed();
  }

  closed(): void {
    this.print([`Processed a total of ${this.printed} messages`]);
    this.context.owner.toolEnded(this.exit);
  }

  revoking(): boolean {
    return true;
  }

  revoked(): void {
    // It has no listener.
  }

  /** With --partition it goes where --offset says, before it reads anything. */
  assigned(): void {
    const { from } = this.command;
    if (this.place === null) return;
    const kind = from === 'earliest' ? 'beginning' : 'end';
    this.consumer.seek(typeof from === 'number' ? { kind: 'offset', offset: from } : { kind }, [this.place]);
  }

  committed(): void {
    // It commits by itself, or not at all.
  }
}
