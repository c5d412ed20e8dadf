/** RabbitMQ's driver: what of a scenario can be done to a real one by amqplib and from outside, and a run of it. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Channel } from 'amqplib';
import * as v from 'valibot';
import { serverConfig, type RabbitmqAction } from '../../brokers/rabbitmq/config.ts';
import { isOf, type ClientOf, type ScenarioOf } from '../../scenarios/schema.ts';
import { Agenda } from '../agenda.ts';
import type { Driver, Fault, Installation, Surroundings } from '../driver.ts';
import type { Recorder } from '../recorder.ts';
import { RealApplication, UNKNOWN_CALLS } from './application.ts';
import { open, unheard } from './connect.ts';
import { RealConsumer } from './consumer.ts';
import { Copies, numbered } from './copies.ts';
import { differ } from './differ.ts';
import { dockerStarter } from './docker.ts';
import { Names } from './names.ts';
import { packagesStarter } from './packages.ts';
import { RealPublisher } from './publisher.ts';
import type { RealClient, Run } from './run.ts';
import { declareBinding, declareExchange, declareQueue, removeBinding, takeAway } from './topology.ts';

type RabbitmqScenario = ScenarioOf<'rabbitmq'>;
type Timed = RabbitmqScenario['timeline'][number];
type Client = ClientOf<'rabbitmq'>;

const NODE = /^rabbit-\d+$/;
const NODE_FAULTS: readonly string[] = ['crash', 'close', 'restart', 'pause', 'resume'];
const CLIENT_FAULTS: readonly string[] = ['crash', 'close', 'restart'];
const OWN_ACTIONS: readonly string[] = [
  'publish',
  'cancel',
  'declare-exchange',
  'delete-exchange',
  'declare-queue',
  'delete-queue',
  'purge-queue',
  'bind',
  'unbind',
  'join',
];
/** What brings a node back after it; nothing, where that is what it did. */
const REMEDIES: Partial<Record<Fault, Fault>> = { crash: 'restart', close: 'restart', pause: 'resume' };
const PLUGIN = 'x-consistent-hash';

export const rabbitmqDriver: Driver = {
  broker: 'rabbitmq',
  name: 'RabbitMQ',
  address: 'amqp://guest:guest@127.0.0.1:5672',
  atOnce: 8,
  starters: [dockerStarter, packagesStarter],

  async made({ urls, way, nodes }) {
    const model = await open(urls[0]!);
    const { product, version, platform } = model.connection.serverProperties;
    await model.close();
    return {
      broker: { name: product, version },
      client: { name: 'amqplib', version: amqplibVersion() },
      settings: {
        runtime: platform,
        nodes: String(urls.length),
        started:
          way === 'address'
            ? 'by somebody else, with settings of their own'
            : `here, by ${way}, with the defaults`,
        ...(nodes.length > 0 ? { plugins: 'rabbitmq_consistent_hash_exchange' } : {}),
      },
    };
  },

  differ,

  refusal(scenario, installation) {
    return isOf(scenario, 'rabbitmq') ? refusalOf(scenario, installation) : 'it is no scenario of RabbitMQ';
  },

  async run(scenario, installation, surroundings) {
    if (!isOf(scenario, 'rabbitmq')) throw new Error(`${scenario.id} is no scenario of RabbitMQ`);
    await new RealRun(scenario, installation, surroundings).go();
    return numbered(surroundings.recorder.observed);
  },
};

function amqplibVersion(): string {
  const main = createRequire(import.meta.url).resolve('amqplib');
  const { version } = JSON.parse(readFileSync(join(dirname(main), 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

function refusalOf(
  { system, clients, timeline }: RabbitmqScenario,
  installation: Installation,
): string | null {
  const { urls, nodes } = installation;
  if (system.nodes > urls.length) return `it needs ${system.nodes} nodes, and ${urls.length} is up`;
  if (system.policies.length > 0) return 'it sets policies, which a client of AMQP cannot';
  if (JSON.stringify(system.config) !== JSON.stringify(v.parse(serverConfig, {})))
    return 'it has settings of the server in rabbitmq.conf';
  if (nodes.length === 0 && system.exchanges.some(({ type }) => type === PLUGIN))
    return `it needs the plugin for ${PLUGIN}, which is on in a broker that was started here`;
  for (const { do: call } of clients.flatMap((client) => (client.role === 'application' ? client.calls : [])))
    if (UNKNOWN_CALLS.includes(call.call)) return `amqplib has no ${call.call}`;
  for (const { action } of timeline) {
    if (OWN_ACTIONS.includes(action.do)) continue;
    if (!('target' in action)) return `"${action.do}" cannot be done from outside`;
    const isNode = NODE.test(action.target);
    if (!(isNode ? NODE_FAULTS : CLIENT_FAULTS).includes(action.do))
      return `"${action.do}" cannot be done to ${action.target} from outside`;
    if (isNode && nodes.length === 0)
      return `it does "${action.do}" to ${action.target}, and only a broker that was started here is hurt`;
  }
  return null;
}

class RealRun {
  private readonly scenario: RabbitmqScenario;
  private readonly recorder: Recorder;
  private readonly surroundings: Surroundings;
  private readonly run: Run;
  private readonly agenda: Agenda;
  private readonly clients = new Map<string, RealClient>();
  private installation: Installation;
  /** What would bring back each node that is not at work. */
  private readonly unwell = new Map<string, Fault>();
  /** Clients that begin together begin one after the other, in the order of the scenario: so each run is like another. */
  private starting: Promise<void> = Promise.resolve();
  private fail: (error: Error) => void = () => undefined;
  private over = false;

  constructor(scenario: RabbitmqScenario, installation: Installation, surroundings: Surroundings) {
    const { recorder } = surroundings;
    this.scenario = scenario;
    this.installation = installation;
    this.recorder = recorder;
    this.surroundings = surroundings;
    const failed = (error: unknown): void =>
      this.fail(error instanceof Error ? error : new Error(String(error)));
    this.agenda = new Agenda(recorder, failed);
    this.run = {
      names: new Names(randomBytes(4).toString('hex')),
      made: { exchanges: new Set(), queues: new Set() },
      recorder,
      agenda: this.agenda,
      copies: new Copies(),
      urls: installation.urls.slice(0, scenario.system.nodes),
      seed: scenario.seed,
      nextMessage: 0,
      failed,
    };
  }

  async go(): Promise<void> {
    const { recorder, scenario, agenda, run } = this;
    const { signal } = this.surroundings;
    const failure = new Promise<never>((_, reject) => (this.fail = reject));
    signal.addEventListener('abort', () => run.failed(new Error('it was interrupted')));
    const end = new Promise<void>((resolve) => {
      void this.setUp()
        .then(() => {
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
      await this.revive();
      await takeAway(run.made, run.urls[0]!);
    }
  }

  private async setUp(): Promise<void> {
    const { exchanges, queues, bindings } = this.scenario.system;
    for (const exchange of exchanges)
      await this.administer((channel) => declareExchange(this.run, channel, exchange));
    for (const queue of queues)
      await this.administer((channel) => declareQueue(this.run, channel, queue), queue.node);
    for (const binding of bindings)
      await this.administer((channel) => declareBinding(this.run, channel, binding));
  }

  /** On a connection of its own, which is there even after a node was. */
  private async administer(act: (channel: Channel) => Promise<unknown>, node = 1): Promise<void> {
    const model = await open(this.run.urls[node - 1]!);
    try {
      const channel = await model.createChannel();
      channel.on('error', unheard);
      await act(channel);
    } finally {
      await model.close();
    }
  }

  private add(client: Client, startMs: number): void {
    const real = this.make(client, startMs);
    this.clients.set(client.id, real);
    this.agenda.at(startMs, () => this.start(real));
  }

  private make(client: Client, startMs: number): RealClient {
    switch (client.role) {
      case 'publisher':
        return new RealPublisher(this.run, client, startMs);
      case 'consumer':
        return new RealConsumer(this.run, client);
      case 'application':
        return new RealApplication(this.run, client);
    }
  }

  private start(client: RealClient): void {
    const begin = async (): Promise<void> => {
      if (!this.over) await client.start();
    };
    this.starting = this.starting.then(begin).catch(this.run.failed);
  }

  private act({ atMs, action }: Timed): void {
    if (action.do === 'join') {
      this.add(action.client, Math.max(atMs, this.agenda.now()));
      return;
    }
    if ('target' in action) {
      if (NODE.test(action.target)) void this.hurt(action.target, action.do as Fault).catch(this.run.failed);
      else void this.disturb(action.target, action.do).catch(this.run.failed);
      return;
    }
    void this.do(action as RabbitmqAction).catch(this.run.failed);
  }

  private async disturb(id: string, what: string): Promise<void> {
    const client = this.clients.get(id)!;
    if (what === 'crash') client.crash();
    else if (what === 'close') await client.close();
    else this.start(client);
  }

  private async hurt(node: string, fault: Fault): Promise<void> {
    const starter = rabbitmqDriver.starters.find(({ way }) => way === this.installation.way)!;
    this.installation = await this.agenda.holding(() => starter.hurt(this.installation, node, fault));
    this.surroundings.changed(this.installation);
    const remedy = REMEDIES[fault];
    if (remedy) this.unwell.set(node, remedy);
    else this.unwell.delete(node);
  }

  /** The broker is left as it was found. */
  private async revive(): Promise<void> {
    for (const [node, remedy] of [...this.unwell]) await this.hurt(node, remedy);
  }

  private async do(action: RabbitmqAction): Promise<void> {
    const { run, recorder } = this;
    const { names } = run;
    const node = 'rabbit-1';
    switch (action.do) {
      case 'publish':
        (this.clients.get(action.client) as RealPublisher).publish(action);
        return;
      case 'cancel':
        await (this.clients.get(action.client) as RealConsumer).cancel();
        return;
      case 'declare-exchange':
        await this.administer((channel) => declareExchange(run, channel, action.exchange));
        return;
      case 'declare-queue':
        await this.administer((channel) => declareQueue(run, channel, action.queue), action.queue.node);
        return;
      case 'delete-exchange':
        await this.administer((channel) => channel.deleteExchange(names.outer(action.name)));
        run.made.exchanges.delete(names.outer(action.name));
        recorder.tell({ kind: 'exchange-deleted', node, name: action.name });
        return;
      case 'delete-queue':
        await this.administer((channel) => channel.deleteQueue(names.outer(action.name)));
        run.made.queues.delete(names.outer(action.name));
        recorder.tell({ kind: 'places-deleted', node, name: action.name, places: [action.name] });
        return;
      case 'purge-queue':
        await this.administer((channel) => channel.purgeQueue(names.outer(action.name)));
        return;
      case 'bind':
        await this.administer((channel) => declareBinding(run, channel, action.binding));
        return;
      case 'unbind':
        await this.administer((channel) => removeBinding(run, channel, action.binding));
        return;
      default:
        throw new Error(`"${action.do}" cannot be done from outside`);
    }
  }
}
