/** Kafka's own tools on a lab's brokers: in a container where those are, else from the artifacts that they are started from. */
import { spawn } from 'node:child_process';
import { classpath, JAVA } from '../../real/kafka/maven.ts';
import { containersThere } from '../services/docker-compose.ts';
import { dockerized, urls } from '../kafka/brokers.ts';
import type { Printed } from './session.ts';

/** The class that each script of Kafka's `bin` folder starts. */
const CLASSES: Readonly<Record<string, string>> = {
  'kafka-topics.sh': 'TopicCommand',
  'kafka-console-producer.sh': 'ConsoleProducer',
  'kafka-console-consumer.sh': 'consumer.ConsoleConsumer',
  'kafka-consumer-groups.sh': 'consumer.group.ConsumerGroupCommand',
  'kafka-share-groups.sh': 'consumer.group.ShareGroupCommand',
  'kafka-configs.sh': 'ConfigCommand',
  'kafka-leader-election.sh': 'LeaderElectionCommand',
  'kafka-get-offsets.sh': 'GetOffsetShell',
};

/** As the release's own scripts have it. */
const QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';

/**
 * @param words the tool, and what stands after it; the address after --bootstrap-server is replaced by the cluster's
 * @param input what is typed into it; null: it takes what the terminal says
 * @throws Error for a tool that there is not, or where nothing is up
 */
export async function kafkaTool(words: readonly string[], input: readonly string[] | null): Promise<Printed> {
  const [tool = '', ...rest] = words;
  const of = CLASSES[tool];
  if (of === undefined)
    throw new Error(`There is no tool "${tool}": expected ${Object.keys(CLASSES).join(', ')}`);
  const inside = dockerized();
  if (inside) containersThere();
  // A container knows the brokers by their names.
  const bootstrap = inside
    ? 'broker-1:19092'
    : urls()
        .map((url) => new URL(url).host)
        .join(',');
  const args = rest.map((word, i) => (rest[i - 1] === '--bootstrap-server' ? bootstrap : word));
  return inside
    ? told('docker', ['compose', 'exec', '--no-TTY', 'broker-1', `/opt/kafka/bin/${tool}`, ...args], input)
    : told(JAVA, [QUIET, '-cp', await classpath(), `org.apache.kafka.tools.${of}`, ...args], input);
}

/** Both streams are one, as on a terminal. */
function told(command: string, args: readonly string[], input: readonly string[] | null): Promise<Printed> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: [input ? 'pipe' : 'inherit', 'pipe', 'pipe'] });
    let text = '';
    const hear = (data: Buffer): void => {
      text += data.toString();
      process.stdout.write(data);
    };
    child.stdout!.on('data', hear);
    child.stderr!.on('data', hear);
    child.once('error', failed);
    child.once('close', (code) => done({ lines: text.split('\n'), code: code ?? 1 }));
    child.stdin?.end(input?.map((line) => `${line}\n`).join('') ?? '');
  });
}
