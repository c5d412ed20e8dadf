/** What the README of a lab on Kafka says of Kafka: what it needs, what happens in a run, where its sources are. */
import * as v from 'valibot';
import {
  kafkaConsumerConfig,
  kafkaProducerConfig,
  type KafkaProducer,
} from '../brokers/kafka/client-config.ts';
import type { ScenarioOf } from '../scenarios/schema.ts';
import { NODE, type Needs } from './lab.ts';
import { duration, type Words } from './readme.ts';

export function kafkaWords(needs: Needs, brokers: number): Words<ScenarioOf<'kafka'>> {
  return {
    broker: 'Kafka',
    client: 'Kafka’s own Java client',
    needs: needsPart(needs, brokers),
    sources: sourcesPart(),
    story,
  };
}

/** What has to be there, and how to get it. */
export function needsPart(needs: Needs, brokers: number): string {
  const stops =
    needs === 'own'
      ? 'This lab stops a broker, or comes between it and its clients, and does so only to what `npm run up` has started.'
      : '`KAFKA=127.0.0.1:9092` before `npm start` names another cluster; the settings at the top of `compose.yaml` have to be its settings, for with Kafka’s defaults the same runs would take minutes, and come to something else.';
  return `## What it needs

Linux, macOS or WSL, with Node ${NODE} or newer, a JDK of 17 or newer, and Maven: on Debian and Ubuntu \`apt-get install openjdk-17-jdk-headless maven\`, on macOS \`brew install --cask temurin\` and \`brew install maven\`. The clients are Java’s, because it is they who assign, partition, batch and retry; Maven fetches Kafka once, some 45 MB, into the machine’s temporary folder.

With Docker, ${brokers === 1 ? 'the broker is a container' : `the ${brokers} brokers are containers`} of \`compose.yaml\`, at port 9092${brokers === 1 ? '' : ' and those after it'}; where something listens there already, \`npm run up\` takes the next port that is free, and says so. Without Docker, \`npm run up\` starts the same Kafka as ${brokers === 1 ? 'a process' : 'processes'}, from what Maven has fetched. ${brokers === 1 ? 'It has' : 'Each has'} 384 MB of heap. ${stops}`;
}

/** What is there, who does what, and what is done to them. */
function story({ system, clients, timeline, network }: ScenarioOf<'kafka'>): string[] {
  const settings = (config: object): string => {
    const entries = Object.entries(config).filter(([, value]) => value !== undefined);
    return entries.length === 0
      ? ''
      : `, ${entries.map(([name, value]) => `\`${name}=${String(value)}\``).join(', ')}`;
  };
  return [
    ...system.topics.map(
      ({ name, partitions, replicationFactor, replicas, config }) =>
        `- Topic \`${name}\`: ${count(partitions, 'partition')}${(replicas?.[0]?.length ?? replicationFactor) > 1 ? ` with ${replicas?.[0]?.length ?? replicationFactor} copies` : ''}${settings(config)}.`,
    ),
    ...alike(clients).map(([ids, client]) => {
      const names = ids.map((id) => `\`${id}\``).join(', ');
      const many = ids.length > 1 ? 's' : '';
      const from = client.startMs > 0 ? `, from ${duration(client.startMs)} on` : '';
      switch (client.role) {
        case 'producer':
          return `- Producer${many} ${names}: to \`${client.topic}\`${from}${pace(client.load)}${settings({ acks: client.config.acks, ...changed(client.config, PRODUCER_DEFAULTS, PRODUCER) })}.`;
        case 'consumer':
          return `- Consumer${many} ${names}: ${client.assign ? `\`${client.assign.join('`, `')}\` by assign()` : `\`${client.topics.join('`, `')}\` in group \`${client.group}\``}${from}, ${work(client.processingMs)} of work on a record${settings(changed(client.config, CONSUMER_DEFAULTS, CONSUMER))}${client.config['enable.auto.commit'] ? '' : `, ${COMMITS[client.commit]}`}.`;
        case 'share-consumer':
          return `- Share consumer${many} ${names}: \`${client.topics.join('`, `')}\` in group \`${client.group}\`${from}, ${work(client.processingMs)} of work on a record.`;
        case 'processor':
          return `- Application${many} ${names}: from \`${client.topics.join('`, `')}\` to \`${client.to}\`, in group \`${client.group}\`${from}, ${work(client.processingMs)} of work on a record${settings(changed(client.producer, PRODUCER_DEFAULTS, PRODUCER))}.`;
      }
    }),
    ...network.links.map(
      ({ between: [one, other], latencyMs = 0 }) =>
        `- Between \`${one}\` and \`${other}\` everything takes ${latencyMs} ms, each way.`,
    ),
    ...happens(timeline),
  ];
}

/** Clients that differ in their names only are told of once. */
function alike(
  clients: ScenarioOf<'kafka'>['clients'],
): [string[], ScenarioOf<'kafka'>['clients'][number]][] {
  const groups = Map.groupBy(clients, ({ id: _, ...rest }) => JSON.stringify(rest));
  return [...groups.values()].map((some) => [some.map(({ id }) => id), some[0]!]);
}

function pace({ ratePerSecond, count: all }: KafkaProducer['load']): string {
  if (ratePerSecond === 0) return '';
  return `, ${ratePerSecond} records a second${all === undefined ? '' : `, ${all} in all`}`;
}

const COMMITS = {
  'after-each': 'commits after each record',
  'after-batch': 'commits when it has done what a poll() brought',
  'before-batch': 'commits what a poll() brought before it works on it',
  never: 'commits nothing',
};
const PRODUCER_DEFAULTS = v.parse(kafkaProducerConfig, {});
const CONSUMER_DEFAULTS = v.parse(kafkaConsumerConfig, {});
const PRODUCER = ['enable.idempotence', 'transactional.id', 'partitioner.class'];
const CONSUMER = [
  'group.protocol',
  'partition.assignment.strategy',
  'group.instance.id',
  'group.remote.assignor',
  'enable.auto.commit',
  'isolation.level',
  'auto.offset.reset',
];

/** Of these settings, those that are not as they come. */
function changed(
  config: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
  names: readonly string[],
): object {
  const isOwn = (name: string): boolean => JSON.stringify(config[name]) !== JSON.stringify(defaults[name]);
  return Object.fromEntries(names.filter(isOwn).map((name) => [name, config[name]]));
}

/** Records that are sent one after another are one line. */
function happens(timeline: ScenarioOf<'kafka'>['timeline']): string[] {
  const lines: { readonly client: string | null; readonly fromMs: number; records: number; text: string }[] =
    [];
  for (const { atMs, action } of [...timeline].sort((a, b) => a.atMs - b.atMs)) {
    const last = lines.at(-1);
    if (action.do === 'produce') {
      if (last?.client === action.client && atMs - last.fromMs < 2000) last.records += action.count;
      else lines.push({ client: action.client, fromMs: atMs, records: action.count, text: '' });
      continue;
    }
    const whom =
      'target' in action
        ? action.target
        : 'client' in action
          ? typeof action.client === 'string'
            ? action.client
            : action.client.id
          : 'topic' in action
            ? action.topic
            : '';
    if (action.do === 'type') {
      lines.push({ client: null, fromMs: atMs, records: 0, text: `\`${action.line}\`` });
      continue;
    }
    const text = `${action.do}${whom === '' ? '' : ` \`${whom}\``}${'to' in action ? `, to ${aim(action.to)}` : ''}`;
    lines.push({ client: null, fromMs: atMs, records: 0, text });
  }
  return lines.map(
    ({ client, fromMs, records, text }) =>
      `- At ${duration(fromMs)}: ${client === null ? text : `\`${client}\` sends ${count(records, 'record')}`}.`,
  );
}

function aim(to: { readonly kind: string; readonly atMs?: number; readonly offset?: number }): string {
  if (to.atMs !== undefined) return `what was written from ${duration(to.atMs)} on`;
  return to.offset === undefined ? `the ${to.kind}` : `offset ${to.offset}`;
}

const work = (ms: number): string => (ms < 1000 ? `${ms} ms` : duration(ms));

function count(many: number, of: string): string {
  return `${many} ${of}${many === 1 ? '' : 's'}`;
}

export function sourcesPart(): string {
  return `## The sources

- \`src/real/kafka/Clients.java\`: Kafka’s producer, consumer, share consumer and administrator, one call after another, told what to do by lines of JSON. \`src/real/kafka/producer.ts\`, \`consumer.ts\`, \`share-consumer.ts\`: what an application does with them. They are those with which the book holds its simulator to the real broker, unchanged.
- \`src/real/kafka/session.ts\`: who does what when. \`src/labs/kafka/brokers.ts\`: the brokers. \`src/sim/trace.ts\`: every kind of event, and what it means.
- \`judge.mjs\`: the claims, bundled. It reads the events and nothing else.`;
}
