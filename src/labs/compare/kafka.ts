/**
 * The workload on Kafka: `workload.json` says who publishes what when, who reads it, and who dies. Each consumer is a process
 * of its own (consumer.ts), so that it can be killed. What the clients see goes to `run/kafka.jsonl`.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, Producer, stringSerializers } from '@platformatic/kafka';
import { LoadSource, type Keys, type Load } from '../../brokers/load.ts';
import { Agenda } from '../../real/agenda.ts';
import { Recorder } from '../../real/recorder.ts';
import { urls } from '../kafka/brokers.ts';
import { Random } from '../../sim/random.ts';
import { fromMs, toMs } from '../../sim/time.ts';
import type { EventBody } from '../../sim/trace.ts';

interface Workload {
  readonly title: string;
  readonly producers: readonly {
    readonly id: string;
    readonly count: number;
    readonly startMs: number;
    readonly load: Load;
    readonly keys: { readonly distinct: number; readonly skew: number };
    readonly bytes: number;
  }[];
  readonly audiences: readonly {
    readonly id: string;
    readonly count: number;
    readonly processingMs: number;
  }[];
  readonly faults: readonly {
    readonly atMs: number;
    readonly lastsMs: number;
    readonly audience: string;
    readonly number: number;
  }[];
  readonly durationMs: number;
  readonly seed: number;
}

const TOPIC = 'brokerbook-messages';
const FILE = 'run/kafka.jsonl';
const BROKER = new URL(urls()[0]!).host;
/** A deletion is done in the background. */
const WAIT_MS = 500;

const workload = JSON.parse(readFileSync('workload.json', 'utf8')) as Workload;
const client = { bootstrapBrokers: [BROKER], retries: 5, retryDelay: 300 };
const recorder = new Recorder();
const tell = (event: EventBody): void => recorder.tell(event);
let failed: (error: unknown) => void = () => undefined;
const agenda = new Agenda(recorder, (error) => failed(error));
/** Groups of this run, which nobody has used before. */
const group = (audience: string): string => `brokerbook-${audience}-${process.pid}-${Date.now()}`;
const groups = new Map(workload.audiences.map(({ id }) => [id, group(id)]));
const consumers = new Map<string, ChildProcess>();
let messages = 0;

/** As many partitions as the largest audience has consumers: so everybody has work, and each key its order. */
const partitions = Math.max(...workload.audiences.map(({ count }) => count));

async function makeTopic(): Promise<void> {
  const admin = new Admin({ ...client, clientId: 'brokerbook-admin' });
  try {
    if ((await admin.listTopics()).includes(TOPIC)) await admin.deleteTopics({ topics: [TOPIC] });
    while ((await admin.listTopics()).includes(TOPIC)) await sleep(WAIT_MS);
    await admin.createTopics({ topics: [TOPIC], partitions, replicas: 1 });
  } finally {
    await admin.close();
  }
  const places = Array.from({ length: partitions }, (_, i) => `${TOPIC}-${i}`);
  tell({ kind: 'places-created', node: 'broker-1', name: TOPIC, places, total: partitions });
}

function produce(
  id: string,
  { load, keys, bytes, startMs }: Workload['producers'][number],
): () => Promise<void> {
  const producer = new Producer({ ...client, clientId: id, serializers: stringSerializers, acks: -1 });
  const names = Array.from({ length: keys.distinct }, (_, i) => `k${i + 1}`);
  const chosen: Keys =
    keys.skew === 0 ? { kind: 'uniform', keys: names } : { kind: 'zipf', keys: names, skew: keys.skew };
  const source = new LoadSource(
    { load, keys: chosen },
    new Random(workload.seed, `${id} load`),
    fromMs(startMs),
  );
  const send = async (key: string | null): Promise<void> => {
    const message = messages++;
    const value = JSON.stringify({ message, key }).padEnd(bytes);
    tell({ kind: 'published', client: id, message, key, to: TOPIC, bytes });
    try {
      const { offsets } = await producer.send({
        messages: [{ topic: TOPIC, value, ...(key === null ? {} : { key }) }],
      });
      const { partition, offset } = offsets![0]!;
      tell({
        kind: 'publish-confirmed',
        client: id,
        message,
        place: `${TOPIC}-${partition}`,
        position: Number(offset),
      });
    } catch (error) {
      tell({ kind: 'publish-failed', client: id, message, error: (error as Error).message });
    }
  };
  const schedule = (): void => {
    const at = source.next();
    if (at === null) return;
    agenda.at(toMs(at), () => {
      void send(source.take());
      schedule();
    });
  };
  tell({ kind: 'client-started', client: id, role: 'producer' });
  schedule();
  return () => producer.close();
}

/** Begins a consumer's process; it tells what it sees. */
function consume(id: string, audience: string, processingMs: number): void {
  const settings = { id, group: groups.get(audience)!, audience, topic: TOPIC, broker: BROKER, processingMs };
  const child = fork(new URL('./consumer.ts', import.meta.url), [JSON.stringify(settings)]);
  consumers.set(id, child);
  tell({ kind: 'client-started', client: id, role: 'consumer' });
  child.on('message', (event) => {
    if (consumers.get(id) === child) tell(event as EventBody);
  });
  child.on('error', (error) => failed(error));
}

/** Its process dies without a word. */
function kill(id: string): void {
  consumers.get(id)?.kill('SIGKILL');
  consumers.delete(id);
  tell({ kind: 'client-stopped', client: id, reason: 'crashed' });
}

async function run(): Promise<void> {
  await makeTopic();
  console.log(`${workload.title}: ${workload.durationMs / 1000} s on Kafka`);
  const closes: (() => Promise<void>)[] = [];
  const failure = new Promise<never>((_, reject) => (failed = reject));
  try {
    recorder.begin();
    for (const { id, count, processingMs } of workload.audiences)
      for (let i = 1; i <= count; i++) consume(`${id}-${i}`, id, processingMs);
    for (const one of workload.producers)
      for (let i = 1; i <= one.count; i++) closes.push(produce(`${one.id}-${i}`, one));
    for (const { atMs, lastsMs, audience, number } of workload.faults) {
      const id = `${audience}-${number}`;
      const { processingMs } = workload.audiences.find((one) => one.id === audience)!;
      agenda.at(atMs, () => kill(id));
      agenda.at(atMs + lastsMs, () => consume(id, audience, processingMs));
    }
    await Promise.race([new Promise<void>((done) => agenda.at(workload.durationMs, done)), failure]);
  } finally {
    recorder.end();
    agenda.end();
    for (const child of consumers.values()) child.kill('SIGKILL');
    for (const close of closes) await close();
  }
  mkdirSync('run', { recursive: true });
  const lines = recorder.observed.map((event, seq) => JSON.stringify({ seq, ...event }));
  writeFileSync(FILE, `${lines.join('\n')}\n`);
  console.log(`${lines.length} events in ${FILE}`);
}

try {
  await run();
} catch (error) {
  console.error(`Kafka at ${BROKER}: ${(error as Error).message}; npm run up starts it`);
  process.exitCode = 1;
}
