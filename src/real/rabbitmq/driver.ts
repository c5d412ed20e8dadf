/** RabbitMQ's driver: what of a scenario can be done to a real one by amqplib and from outside, and a run of it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { serverConfig } from '../../brokers/rabbitmq/config.ts';
import { fitsVersion } from '../../scenarios/real.ts';
import { isOf, type ScenarioOf } from '../../scenarios/schema.ts';
import type { Driver } from '../driver.ts';
import type { Installation } from '../installation.ts';
import { LIVE_SETTINGS } from './administration.ts';
import { open } from './connect.ts';
import { differ } from './differ.ts';
import { debianStarter } from './debian.ts';
import { dockerStarter } from './docker.ts';
import { packagesStarter } from './packages.ts';
import { NODE, play } from './session.ts';
import type { RabbitmqStarter } from './starter.ts';

type RabbitmqScenario = ScenarioOf<'rabbitmq'>;
type Action = RabbitmqScenario['timeline'][number]['action'];

const isAlarm = (action: Action): boolean => action.do === 'alarm';

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
  'set-policy',
  'clear-policy',
  'alarm',
];
const PLUGIN = 'x-consistent-hash';

const STARTERS: readonly RabbitmqStarter[] = [dockerStarter, debianStarter, packagesStarter];

function starterOf({ way }: Installation): RabbitmqStarter {
  return STARTERS.find((starter) => starter.way === way)!;
}

export const rabbitmqDriver: Driver = {
  broker: 'rabbitmq',
  name: 'RabbitMQ',
  address: 'amqp://guest:guest@127.0.0.1:5672',
  atOnce: 8,
  starters: STARTERS,

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

  refusal(scenario, installation, { broker }) {
    return isOf(scenario, 'rabbitmq')
      ? refusalOf(scenario, installation, broker.version)
      : 'it is no scenario of RabbitMQ';
  },

  async run(scenario, installation, { recorder, signal, changed }) {
    if (!isOf(scenario, 'rabbitmq')) throw new Error(`${scenario.id} is no scenario of RabbitMQ`);
    let current = installation;
    return play(scenario, {
      urls: installation.urls,
      recorder,
      signal,
      async hurt(node, fault) {
        current = await starterOf(current).hurt(current, node, fault);
        changed(current);
      },
      administer: (node, args) => starterOf(current).administer(current, node, args),
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

function refusalOf(scenario: RabbitmqScenario, installation: Installation, version: string): string | null {
  const { system, timeline } = scenario;
  const { urls, nodes } = installation;
  if (system.nodes > urls.length) return `it needs ${system.nodes} nodes, and ${urls.length} is up`;
  if (!fitsVersion(scenario, version)) return `it is about ${system.version}, and ${version} is up`;
  if (nodes.length === 0 && system.exchanges.some(({ type }) => type === PLUGIN))
    return `it needs the plugin for ${PLUGIN}, which is on in a broker that was started here`;
  const config = { ...system.config, ...LIVE_SETTINGS };
  if (JSON.stringify(config) !== JSON.stringify(v.parse(serverConfig, {})))
    return 'it has settings of rabbitmq.conf that a running node does not take';
  const actions = timeline.map(({ action }) => action);
  for (const action of actions) {
    const refused = refusedAction(action, nodes.length > 0);
    if (refused !== null) return refused;
  }
  const policies = [
    ...system.policies,
    ...actions.flatMap((action) => (action.do === 'set-policy' ? [action.policy] : [])),
  ];
  if (policies.some(({ pattern }) => pattern.includes('|')))
    return 'it has a policy for one pattern or another, which a prefix cannot be put before';
  const administers = policies.length > 0 || isOfLiveSettings(scenario) || actions.some(isAlarm);
  if (!administers) return null;
  if (nodes.length === 0) return 'it needs an administrator, and has one in a broker that was started here';
  return isOfLiveSettings(scenario) && actions.some(({ do: what }) => what === 'restart')
    ? 'it restarts a node whose settings were changed while it ran'
    : null;
}

function isOfLiveSettings({ system: { config } }: RabbitmqScenario): boolean {
  return Object.entries(LIVE_SETTINGS).some(
    ([name, usual]) => config[name as keyof typeof LIVE_SETTINGS] !== usual,
  );
}

/** @param isOwn whether the broker was started here */
function refusedAction(action: Action, isOwn: boolean): string | null {
  if (OWN_ACTIONS.includes(action.do)) return null;
  if (action.do === 'cut' || action.do === 'heal')
    return action.between.filter((end) => NODE.test(end)).length === 1
      ? null
      : `"${action.do}" needs something of ours between ${action.between.join(' and ')}, and only clients connect through it`;
  if (!('target' in action)) return `"${action.do}" cannot be done from outside`;
  const isNode = NODE.test(action.target);
  if (!(isNode ? NODE_FAULTS : CLIENT_FAULTS).includes(action.do))
    return `"${action.do}" cannot be done to ${action.target} from outside`;
  return isNode && !isOwn
    ? `it does "${action.do}" to ${action.target}, and only a broker that was started here is hurt`
    : null;
}
