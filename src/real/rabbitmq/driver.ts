/** RabbitMQ's driver: what of a scenario can be done to a real one by amqplib and from outside, and a run of it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { serverConfig } from '../../brokers/rabbitmq/config.ts';
import { isOf, type ScenarioOf } from '../../scenarios/schema.ts';
import type { Driver, Installation } from '../driver.ts';
import { UNKNOWN_CALLS } from './application.ts';
import { open } from './connect.ts';
import { differ } from './differ.ts';
import { dockerStarter } from './docker.ts';
import { packagesStarter } from './packages.ts';
import { NODE, play } from './session.ts';

type RabbitmqScenario = ScenarioOf<'rabbitmq'>;

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

  differentials: { topologies: { runs: 200, differ } },

  refusal(scenario, installation) {
    return isOf(scenario, 'rabbitmq') ? refusalOf(scenario, installation) : 'it is no scenario of RabbitMQ';
  },

  async run(scenario, installation, { recorder, signal, changed }) {
    if (!isOf(scenario, 'rabbitmq')) throw new Error(`${scenario.id} is no scenario of RabbitMQ`);
    let current = installation;
    return play(scenario, {
      urls: installation.urls,
      recorder,
      signal,
      async hurt(node, fault) {
        const starter = rabbitmqDriver.starters.find(({ way }) => way === current.way)!;
        current = await starter.hurt(current, node, fault);
        changed(current);
      },
    });
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
