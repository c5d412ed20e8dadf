/**
 * A run of a scenario on a real RabbitMQ, from what it declares to the last of its clients. It knows where nodes listen and
 * whom to ask to hurt one; how they were started is the driver's matter, or the lab's (src/labs).
 */
import { randomBytes } from 'node:crypto';
import type { Channel } from 'amqplib';
import type { RabbitmqClient } from '../../brokers/rabbitmq/client-config.ts';
import type { PolicySettings, RabbitmqAction, RabbitmqSystem } from '../../brokers/rabbitmq/config.ts';
import type { Observed } from '../../sim/trace.ts';
import { Agenda } from '../agenda.ts';
import type { Fault } from '../fault.ts';
import type { Recorder } from '../recorder.ts';
import { Relay } from '../relay.ts';
import { Administration, type Ctl } from './administration.ts';
import { RealApplication } from './application.ts';
import { open, unheard } from './connect.ts';
import { RealConsumer } from './consumer.ts';
import { Copies, numbered } from './copies.ts';
import { Names } from './names.ts';
import { RealPublisher } from './publisher.ts';
import type { RealClient, Run } from './run.ts';
import { declareBinding, declareExchange, declareQueue, removeBinding, takeAway } from './topology.ts';

type Action =
  | RabbitmqAction
  | { readonly do: 'join'; readonly client: RabbitmqClient }
  | { readonly do: Fault | 'slow' | 'skew'; readonly target: string }
  | { readonly do: 'cut' | 'heal' | 'link'; readonly between: readonly string[] };

/** What of a scenario a run needs. */
export interface Play {
  readonly system: RabbitmqSystem;
  readonly clients: readonly RabbitmqClient[];
  readonly timeline: readonly { readonly atMs: number; readonly action: Action }[];
  readonly durationMs: number;
  readonly seed: number;
}

export interface Stage {
  /** Where clients connect, for each node in order. */
  readonly urls: readonly string[];
  /** Is told what the clients see. */
  readonly recorder: Recorder;
  /** Ends the run before its end. */
  readonly signal: AbortSignal;
  /** @param node its name in scenarios; it is up when a restart resolves */
  hurt(node: string, fault: Fault): Promise<void>;
  readonly administer: Ctl;
}

/** A node's name in scenarios. */
export const NODE = /^rabbit-\d+$/;
/** Where an address means that names none. */
const AMQP_PORT = 5672;
/** A link by its ends, whichever is named first. */
const linkOf = (between: readonly string[]): string => [...between].sort().join(' – ');
/** What brings a node back after it; nothing, where that is what it did. */
const REMEDIES: Partial<Record<Fault, Fault>> = { crash: 'restart', close: 'restart', pause: 'resume' };

/**
 * Plays it from beginning to end, and takes away what it made whatever happens.
 * @returns what was seen, with positions where the broker's clients see none
 * @throws Error when the broker cannot be reached or does not take what the scenario declares
 */
export async function play(scenario: Play, stage: Stage): Promise<readonly Observed[]> {
  await new Session(scenario, stage).go();
  return numbered(stage.recorder.observed);
}

class Session {
  private readonly scenario: Play;
  private readonly recorder: Recorder;
  private readonly stage: Stage;
  private readonly run: Run;
  private readonly agenda: Agenda;
  private readonly administration: Administration;
  private readonly clients = new Map<string, RealClient>();
  /** Links that are cut in this run, by their ends. */
  private readonly relays = new Map<string, Relay>();
  private readonly policies = new Map<string, PolicySettings>();
  /** What would bring back each node that is not at work. */
  private readonly unwell = new Map<string, Fault>();
  /** Clients that begin together begin one after the other, in the order of the scenario: so each run is like another. */
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
    this.run = {
      names: new Names(randomBytes(4).toString('hex')),
      made: { exchanges: new Set(), queues: new Set() },
      recorder,
      agenda: this.agenda,
      copies: new Copies(),
      urls: stage.urls.slice(0, scenario.system.nodes),
      route: (client, index) => this.route(client, index),
      seed: scenario.seed,
      nextMessage: 0,
      failed,
    };
    this.administration = new Administration(this.run, (node, args) => stage.administer(node, args));
  }

  async go(): Promise<void> {
    const { recorder, scenario, agenda, run } = this;
    const { signal } = this.stage;
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
      for (const relay of this.relays.values()) relay.close();
      await this.revive();
      await this.administration.undo();
      await takeAway(run.made, run.urls[0]!);
    }
  }

  private async setUp(): Promise<void> {
    const { exchanges, queues, bindings, policies, config } = this.scenario.system;
    await this.administration.set(config);
    for (const policy of policies) await this.setPolicy(policy);
    for (const { action } of this.scenario.timeline)
      if (action.do === 'cut') await this.relay(action.between);
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

  private async setPolicy(policy: PolicySettings): Promise<void> {
    await this.administration.setPolicy(policy);
    this.policies.set(`${policy.operator} ${policy.name}`, policy);
  }

  /** A link that will be cut leads through a relay from the start. */
  private async relay(between: readonly string[]): Promise<void> {
    const link = linkOf(between);
    if (this.relays.has(link)) return;
    const node = between.find((end) => NODE.test(end))!;
    const url = new URL(this.run.urls[Number(node.slice('rabbit-'.length)) - 1]!);
    this.relays.set(link, await Relay.to(Number(url.port || AMQP_PORT), url.hostname));
  }

  private route(client: string, index: number): string {
    const url = new URL(this.run.urls[index]!);
    const relay = this.relays.get(linkOf([client, `rabbit-${index + 1}`]));
    if (relay) url.host = `127.0.0.1:${relay.port}`;
    return url.href;
  }

  private add(client: RabbitmqClient, startMs: number): void {
    const real = this.make(client, startMs);
    this.clients.set(client.id, real);
    this.agenda.at(startMs, () => this.start(real));
  }

  private make(client: RabbitmqClient, startMs: number): RealClient {
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

  private act({ atMs, action }: Play['timeline'][number]): void {
    if (action.do === 'join') {
      this.add(action.client, Math.max(atMs, this.agenda.now()));
      return;
    }
    if ('target' in action) {
      if (NODE.test(action.target)) void this.hurt(action.target, action.do as Fault).catch(this.run.failed);
      else void this.disturb(action.target, action.do).catch(this.run.failed);
      return;
    }
    if (action.do === 'cut' || action.do === 'heal') {
      this.relays.get(linkOf(action.between))?.[action.do]();
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
    await this.agenda.holding(() => this.stage.hurt(node, fault));
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
      case 'set-policy':
        await this.agenda.holding(() => this.setPolicy(action.policy));
        return;
      case 'clear-policy': {
        const policy = this.policies.get(`${action.operator} ${action.name}`);
        if (policy) await this.agenda.holding(() => this.administration.clearPolicy(policy));
        return;
      }
      case 'alarm':
        await this.agenda.holding(() =>
          this.administration.alarm(`rabbit-${action.node}`, action.resource, action.on),
        );
        return;
      default:
        throw new Error(`"${action.do}" cannot be done from outside`);
    }
  }
}
