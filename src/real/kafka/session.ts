/**
 * A run of a scenario on a real Kafka, from the topics that it makes to the last of its clients. It knows where brokers
 * listen and whom to ask to hurt one; how they were started is the driver's matter, or the lab's (src/labs).
 */
import { randomBytes } from 'node:crypto';
import type { KafkaClient } from '../../brokers/kafka/client-config.ts';
import {
  brokerName,
  type KafkaAction,
  type KafkaBrokerConfig,
  type KafkaSystem,
} from '../../brokers/kafka/config.ts';
import { dealt } from '../../brokers/kafka/dealt.ts';
import type { Observed } from '../../sim/trace.ts';
import { Agenda } from '../agenda.ts';
import type { Fault } from '../fault.ts';
import type { Relayed } from '../installation.ts';
import type { Recorder } from '../recorder.ts';
import { Administrator, bootstrap } from './administrator.ts';
import { RealConsumer } from './consumer.ts';
import { groupsTool } from './groups-tool.ts';
import { Host } from './host.ts';
import { RealProcessor } from './processor.ts';
import { RealProducer } from './producer.ts';
import { Relays } from './relays.ts';
import { Names, type RealClient, type Run } from './run.ts';
import { RealShareConsumer } from './share-consumer.ts';

type Action =
  | KafkaAction
  | { readonly do: 'join'; readonly client: KafkaClient }
  | { readonly do: Fault | 'slow' | 'skew'; readonly target: string }
  | { readonly do: 'cut' | 'heal' | 'link'; readonly between: readonly string[] };

/** What of a scenario a run needs. */
export interface Play {
  readonly system: KafkaSystem;
  readonly clients: readonly KafkaClient[];
  readonly timeline: readonly { readonly atMs: number; readonly action: Action }[];
  readonly network: {
    readonly links: readonly {
      readonly between: readonly [string, string];
      readonly latencyMs?: number | undefined;
    }[];
  };
  readonly durationMs: number;
  readonly seed: number;
}

export interface Stage {
  /** Where clients connect. */
  readonly urls: readonly string[];
  /** For each of them, where those go whose link is cut or slow; empty where nobody's can be. */
  readonly relayed: readonly Relayed[];
  /** Is told what the clients see. */
  readonly recorder: Recorder;
  /** Ends the run before its end. */
  readonly signal: AbortSignal;
  /** @param node its name in scenarios; it is up when a restart resolves */
  hurt(node: string, fault: Fault): Promise<void>;
}

const relayUrl = ({ via }: Relayed): string => `kafka://127.0.0.1:${via}`;

type Setting = keyof KafkaBrokerConfig;

/** A broker's name in scenarios. */
export const BROKER = /^broker-\d+$/;
/** The ends of a link, the broker last. */
const endsOf = (between: readonly string[]): [client: string, node: string] => {
  const [client = '', node = ''] = [...between].sort((a) => (BROKER.test(a) ? 1 : -1));
  return [client, node];
};

interface SlowLink {
  readonly client: string;
  readonly node: string;
  readonly latencyMs: number;
}

/** Links of a client and a broker that are slow, by what the scenario says of them; their jitter and loss are left out. */
export function slowLinks({ network, clients }: Pick<Play, 'network' | 'clients'>): SlowLink[] {
  return network.links.flatMap(({ between, latencyMs = 0 }) => {
    const [client, node] = endsOf(between);
    const fits = latencyMs > 0 && BROKER.test(node) && clients.some(({ id }) => id === client);
    return fits ? [{ client, node, latencyMs }] : [];
  });
}

/** What ends the process of a client, or holds it up. */
const ALONE: readonly string[] = ['crash', 'pause', 'resume'];
/** What brings a broker back after it; nothing, where that is what it did. */
const REMEDIES: Partial<Record<Fault, Fault>> = { crash: 'restart', close: 'restart', pause: 'resume' };

/** Settings of a broker that a group may have for itself, and by which name there. */
export const OF_GROUPS: Partial<Record<Setting, string>> = {
  'group.consumer.heartbeat.interval.ms': 'consumer.heartbeat.interval.ms',
  'group.consumer.session.timeout.ms': 'consumer.session.timeout.ms',
  'group.share.record.lock.duration.ms': 'share.record.lock.duration.ms',
  'group.share.heartbeat.interval.ms': 'share.heartbeat.interval.ms',
  'group.share.session.timeout.ms': 'share.session.timeout.ms',
  'share.auto.offset.reset': 'share.auto.offset.reset',
};

/**
 * Plays it from beginning to end, and takes away what it made whatever happens.
 * @returns what was seen
 * @throws Error when the brokers cannot be reached or do not take what the scenario declares
 */
export async function play(scenario: Play, stage: Stage): Promise<readonly Observed[]> {
  await new Session(scenario, stage).go();
  return stage.recorder.observed;
}

class Session {
  private readonly scenario: Play;
  private readonly recorder: Recorder;
  private readonly stage: Stage;
  private readonly run: Run;
  private readonly agenda: Agenda;
  private readonly clients = new Map<string, RealClient>();
  private readonly topics = new Map<string, number>();
  /** Processes that are up and belong to no client yet; starting one takes longer than a scenario waits. */
  private readonly spare: Host[] = [];
  private administrator: Administrator | null = null;
  private relays: Relays | null = null;
  /** What would bring back each broker that is not at work. */
  private readonly unwell = new Map<string, Fault>();
  private starting: Promise<void> = Promise.resolve();
  private fail: (error: Error) => void = () => undefined;
  private over = false;

  constructor(scenario: Play, stage: Stage) {
    const { recorder } = stage;
    this.scenario = scenario;
    this.recorder = recorder;
    this.stage = stage;
    const failed = (error: unknown): void =>
      this.fail(error instanceof Error ? error : new Error(String(error)));
    this.agenda = new Agenda(recorder, failed);
    const alone = new Set(
      scenario.timeline.flatMap(({ action }) =>
        'target' in action && ALONE.includes(action.do) ? [action.target] : [],
      ),
    );
    for (const client of scenario.clients)
      if (client.role === 'share-consumer' && client.troubles.some(({ outcome }) => outcome === 'crash'))
        alone.add(client.id);
      // One whose poll() may throw ends without close(), and so must its heartbeats.
      else if (client.role === 'consumer' && client.config['auto.offset.reset'] === 'none')
        alone.add(client.id);
    // A link that is slow or will be cut leads through a relay from the start.
    const relayed = new Set([
      ...scenario.timeline.flatMap(({ action }) => (action.do === 'cut' ? action.between : [])),
      ...slowLinks(scenario).map(({ client }) => client),
    ]);
    this.run = {
      names: new Names(randomBytes(4).toString('hex'), stage.urls),
      recorder,
      agenda: this.agenda,
      bootstrap: (client) => bootstrap(relayed.has(client) ? stage.relayed.map(relayUrl) : stage.urls),
      seed: scenario.seed,
      nextMessage: 0,
      beganAtMs: 0,
      isAlone: (client) => alone.has(client),
      host: async (client) =>
        alone.has(client) ? (this.spare.pop() ?? (await Host.start())) : this.administrator!.host,
      failed,
    };
  }

  async go(): Promise<void> {
    const { recorder, scenario, agenda, run } = this;
    const { signal } = this.stage;
    const failure = new Promise<never>((_, reject) => (this.fail = reject));
    // Nobody may be waiting for it any more.
    failure.catch(() => undefined);
    signal.addEventListener('abort', () => run.failed(new Error('it was interrupted')));
    const end = new Promise<void>((resolve) => {
      void this.setUp()
        .then(() => {
          run.beganAtMs = Date.now();
          recorder.begin();
          for (const client of scenario.clients) this.add(client, client.startMs);
          for (const timed of scenario.timeline) agenda.at(timed.atMs, () => this.act(timed));
          agenda.at(scenario.durationMs, resolve);
        })
        .catch(run.failed);
    });
    try {
      await Promise.race([end, failure]);
    } finally {
      this.over = true;
      recorder.end();
      agenda.end();
      for (const client of this.clients.values()) client.crash();
      for (const host of this.spare) host.kill();
      this.relays?.close();
      await this.revive();
      await this.takeAway();
    }
  }

  private async setUp(): Promise<void> {
    const { system, clients, timeline } = this.scenario;
    this.administrator = await Administrator.open(this.stage.urls);
    const slow = slowLinks(this.scenario);
    if (slow.length > 0 || timeline.some(({ action }) => action.do === 'cut')) {
      if (this.stage.relayed.length === 0)
        throw new Error(
          'it has a link that is cut or slow, and only brokers that were started here send a client through a relay',
        );
      this.relays = await Relays.open(this.stage.relayed);
      for (const { client, node, latencyMs } of slow) this.relays.link(client, node).latencyMs = latencyMs;
    }
    // It was interrupted meanwhile, and what was there then has been taken away.
    if (this.over) {
      this.relays?.close();
      this.administrator.end();
      return;
    }
    // One for each life of each client that has a process of its own.
    const lives = [
      ...clients.map(({ id }) => id),
      ...timeline.flatMap(({ action }) => (action.do === 'restart' ? [action.target] : [])),
    ].filter((id) => this.run.isAlone(id));
    this.spare.push(...(await Promise.all(lives.map(() => Host.start()))));
    const config = { 'bootstrap.servers': bootstrap(this.stage.urls) };
    await Promise.all(
      [this.administrator.host, ...this.spare].map((host) => host.ask('nobody', 'warm-up', { config })),
    );
    for (const { name, partitions, replicationFactor, replicas, config } of system.topics) {
      const placed =
        replicas ?? Array.from({ length: partitions }, (_, i) => this.placed(i, replicationFactor));
      await this.ask('create-topic', { topic: this.run.names.outer(name), replicas: placed, config });
      this.tellCreated(name, placed, 0);
    }
    await this.configureGroups();
  }

  /** Where the model puts the copies of a partition, as numbers of brokers. */
  private placed(index: number, factor: number): number[] {
    const all = Array.from({ length: this.scenario.system.brokers }, (_, i) => brokerName(i + 1));
    return dealt(all, all, index, factor).map((name) => all.indexOf(name) + 1);
  }

  private tellCreated(name: string, replicas: readonly (readonly number[])[], first: number): void {
    const total = first + replicas.length;
    this.topics.set(name, total);
    const { config } = this.scenario.system.topics.find((topic) => topic.name === name)!;
    this.recorder.tell({
      kind: 'places-created',
      node: 'controller',
      name,
      places: replicas.map((_, i) => `${name}-${first + i}`),
      total,
      replicas: replicas.map((brokers) => brokers.map(brokerName)),
      ...(Object.keys(config).length > 0 && { arguments: config }),
    });
  }

  /** What the scenario says of the brokers, and a group may have for itself. */
  private async configureGroups(): Promise<void> {
    const { system, clients } = this.scenario;
    const groups = new Map<string, 'consumer' | 'share'>();
    for (const client of clients) {
      if (client.role === 'share-consumer') groups.set(client.group, 'share');
      if (client.role === 'consumer' && client.config['group.protocol'] === 'consumer')
        groups.set(client.group, 'consumer');
      if (client.role === 'processor' && client.consumer['group.protocol'] === 'consumer')
        groups.set(client.group, 'consumer');
    }
    for (const [group, type] of groups) {
      const config: Record<string, unknown> = {};
      for (const [name, own] of Object.entries(OF_GROUPS))
        if (own.startsWith(`${type}.`)) config[own] = system.config[name as Setting];
      await this.ask('alter-configs', { type: 'GROUP', name: this.run.names.outer(group), config });
    }
  }

  private async ask(what: string, more: object): Promise<void> {
    await this.administrator!.ask(what, more);
  }

  private async takeAway(): Promise<void> {
    const { administrator } = this;
    if (!administrator) return;
    // With its topics a group loses its offsets, and once its members are out the broker forgets it.
    try {
      if (this.topics.size > 0)
        await administrator.ask('delete-topics', {
          topics: [...this.topics.keys()].map((name) => this.run.names.outer(name)),
        });
    } finally {
      administrator.end();
    }
  }

  private add(client: KafkaClient, startMs: number): void {
    const real = this.make(client);
    this.clients.set(client.id, real);
    this.agenda.at(startMs, () => this.start(real));
  }

  private make(client: KafkaClient): RealClient {
    switch (client.role) {
      case 'producer':
        return new RealProducer(this.run, client);
      case 'consumer':
        return new RealConsumer(this.run, client);
      case 'share-consumer':
        return new RealShareConsumer(this.run, client);
      case 'processor':
        return new RealProcessor(this.run, client);
    }
  }

  private start(client: RealClient): void {
    const begin = async (): Promise<void> => {
      if (!this.over) await client.start();
    };
    this.starting = this.starting.then(begin).catch(this.run.failed);
  }

  private act({ atMs, action }: Play['timeline'][number]): void {
    if (action.do === 'join') {
      this.add(action.client, Math.max(atMs, this.agenda.now()));
      return;
    }
    if ('target' in action) {
      if (BROKER.test(action.target))
        void this.hurt(action.target, action.do as Fault).catch(this.run.failed);
      else void this.disturb(action.target, action.do).catch(this.run.failed);
      return;
    }
    if (action.do === 'cut' || action.do === 'heal') {
      this.relays?.link(...endsOf(action.between))[action.do]();
      return;
    }
    void this.do(action as KafkaAction).catch(this.run.failed);
  }

  private async disturb(id: string, what: string): Promise<void> {
    const client = this.clients.get(id)!;
    switch (what) {
      case 'crash':
        client.crash();
        break;
      case 'close':
        await client.close();
        break;
      case 'pause':
        client.pause();
        break;
      case 'resume':
        client.resume();
        break;
      default:
        // One that has not ended goes on.
        if (!client.isUp) this.start(client);
    }
  }

  private async hurt(node: string, fault: Fault): Promise<void> {
    await this.agenda.holding(() => this.stage.hurt(node, fault));
    const remedy = REMEDIES[fault];
    if (remedy) this.unwell.set(node, remedy);
    else this.unwell.delete(node);
  }

  /** The brokers are left as they were found. */
  private async revive(): Promise<void> {
    for (const [node, remedy] of [...this.unwell]) await this.hurt(node, remedy);
  }

  private async do(action: KafkaAction): Promise<void> {
    const { clients, run } = this;
    switch (action.do) {
      case 'produce':
        (clients.get(action.client) as RealProducer).produce(action.key, action.count, action.value);
        return;
      case 'seek':
        (clients.get(action.client) as RealConsumer).seek(action);
        return;
      case 'commit':
        (clients.get(action.client) as RealConsumer).commitNow(action);
        return;
      case 'type':
        this.recorder.tell(await groupsTool(action.line, this.administrator!, run));
        return;
      case 'pause-partitions':
        (clients.get(action.client) as RealConsumer).hold('pause', action.places);
        return;
      case 'resume-partitions':
        (clients.get(action.client) as RealConsumer).hold('resume', action.places);
        return;
      case 'create-partitions': {
        const first = this.topics.get(action.topic)!;
        const factor = this.scenario.system.topics.find(
          ({ name }) => name === action.topic,
        )!.replicationFactor;
        const replicas = Array.from({ length: action.total - first }, (_, i) =>
          this.placed(first + i, factor),
        );
        await this.ask('create-partitions', {
          topic: run.names.outer(action.topic),
          total: action.total,
          replicas,
        });
        this.tellCreated(action.topic, replicas, first);
        return;
      }
      case 'alter-configs':
        await this.ask('alter-configs', {
          type: 'TOPIC',
          name: run.names.outer(action.topic),
          config: action.config,
        });
        this.recorder.tell({
          kind: 'configured',
          node: 'controller',
          name: action.topic,
          settings: Object.entries(action.config).map(([name, value]) => [
            name,
            value === null ? null : String(value),
          ]),
        });
        return;
      default:
        throw new Error(`"${action.do}" cannot be done from outside`);
    }
  }
}
