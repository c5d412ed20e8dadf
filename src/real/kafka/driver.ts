/** Kafka's driver: what of a scenario can be done to a real one by its own clients and from outside, and a run of it. */
import * as v from 'valibot';
import { kafkaBrokerConfig, type KafkaBrokerConfig } from '../../brokers/kafka/config.ts';
import { STARTED_CONFIG } from '../../scenarios/kafka/held.ts';
import { isOf, type ScenarioOf } from '../../scenarios/schema.ts';
import type { Driver } from '../driver.ts';
import type { Installation } from '../installation.ts';
import { Administrator } from './administrator.ts';
import { differ } from './differ.ts';
import { dockerStarter } from './docker.ts';
import { GROUPS_TOOL } from './groups-tool.ts';
import { differInHistories } from './histories.ts';
import { packagesStarter } from './packages.ts';
import { BROKER, OF_GROUPS, play, slowLinks } from './session.ts';

type KafkaScenario = ScenarioOf<'kafka'>;
type Setting = keyof KafkaBrokerConfig;

const BROKER_FAULTS: readonly string[] = ['crash', 'close', 'restart', 'pause', 'resume'];
/** Ends of links, beside brokers, that are none of the driver's clients. */
const NOT_CLIENTS: readonly string[] = ['controller', 'console'];
const OWN_ACTIONS: readonly string[] = [
  'produce',
  'seek',
  'commit',
  'pause-partitions',
  'resume-partitions',
  'create-partitions',
  'alter-configs',
  'join',
];

export const kafkaDriver: Driver = {
  broker: 'kafka',
  name: 'Apache Kafka',
  address: 'kafka://127.0.0.1:9092',
  atOnce: 3,
  starters: [dockerStarter, packagesStarter],

  async made({ urls, way }) {
    const administrator = await Administrator.open(urls);
    try {
      const { release, client, java } = await administrator.version();
      return {
        // Of one that was started from the same artifacts, the client's version is the broker's.
        broker: { name: 'Apache Kafka', version: way === 'packages' ? client : release },
        client: { name: 'kafka-clients', version: client },
        settings: {
          runtime: `Java ${java}`,
          nodes: String(urls.length),
          started:
            way === 'address'
              ? 'by somebody else, with settings of their own'
              : `here, by ${way}, with ${entries(STARTED_CONFIG)}`,
        },
      };
    } finally {
      administrator.end();
    }
  },

  differentials: {
    assignors: { runs: 200, differ },
    histories: {
      runs: 30,
      differ: (installation, asked) =>
        differInHistories(installation, asked, (...run) => kafkaDriver.run(...run)),
    },
  },

  refusal(scenario, installation) {
    return isOf(scenario, 'kafka') ? refusalOf(scenario, installation) : 'it is no scenario of Kafka';
  },

  async run(scenario, installation, { recorder, signal, changed }) {
    if (!isOf(scenario, 'kafka')) throw new Error(`${scenario.id} is no scenario of Kafka`);
    let current = installation;
    return play(scenario, {
      urls: installation.urls,
      relayed: installation.relayed,
      recorder,
      signal,
      async hurt(node, fault) {
        const starter = kafkaDriver.starters.find(({ way }) => way === current.way)!;
        current = await starter.hurt(current, node, fault);
        changed(current);
      },
    });
  },
};

function entries(settings: object): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(', ');
}

function refusalOf(scenario: KafkaScenario, installation: Installation): string | null {
  const { system, timeline } = scenario;
  const { urls, nodes, way } = installation;
  if (system.brokers > urls.length) return `it needs ${system.brokers} brokers, and ${urls.length} is up`;
  const started = v.parse(kafkaBrokerConfig, way === 'address' ? {} : STARTED_CONFIG);
  for (const name of Object.keys(started) as Setting[]) {
    const [wanted, there] = [system.config[name], started[name]].map((value) => JSON.stringify(value));
    if (wanted !== there && !(name in OF_GROUPS) && matters(name, scenario))
      return `it has ${name}=${wanted}, and the brokers ${there}`;
  }
  const [slow] = slowLinks(scenario);
  if (slow && installation.relayed.length === 0)
    return `its link between ${slow.client} and ${slow.node} is slow, and only a broker that was started here sends its clients through a relay`;
  for (const { action } of timeline) {
    if (OWN_ACTIONS.includes(action.do) || (action.do === 'type' && action.line.startsWith(GROUPS_TOOL)))
      continue;
    if (action.do === 'cut' || action.do === 'heal') {
      const refused = refusedCut(action, scenario, installation);
      if (refused !== null) return refused;
      continue;
    }
    if (!('target' in action)) return `"${action.do}" cannot be done from outside`;
    const isBroker = BROKER.test(action.target);
    if (action.target === 'controller' || !BROKER_FAULTS.includes(action.do))
      return `"${action.do}" cannot be done to ${action.target} from outside`;
    if (isBroker && nodes.length === 0)
      return `it does "${action.do}" to ${action.target}, and only a broker that was started here is hurt`;
  }
  return null;
}

function refusedCut(
  { do: what, between }: { readonly do: 'cut' | 'heal'; readonly between: readonly string[] },
  scenario: KafkaScenario,
  { urls, relayed }: Installation,
): string | null {
  const { system } = scenario;
  const ends = between.join(' and ');
  if (
    between.filter((end) => BROKER.test(end)).length !== 1 ||
    between.some((end) => NOT_CLIENTS.includes(end))
  )
    return `"${what}" needs something of ours between ${ends}, and only clients connect through it`;
  if (relayed.length === 0)
    return `it does "${what}" between ${ends}, and only a broker that was started here sends its clients through a relay`;
  if (slowLinks(scenario).some(({ client, node }) => between.includes(client) && between.includes(node)))
    return `it does "${what}" between ${ends}, and a link that is slow is never cut`;
  return urls.length > system.brokers
    ? `it does "${what}" between ${ends}, and of the ${urls.length} brokers that are up a client may need another one than its ${system.brokers}`
    : null;
}

/** Whether anything in a scenario could show what a setting of its brokers is. */
function matters(name: Setting, { clients, system, timeline, durationMs }: KafkaScenario): boolean {
  if (name === 'group.initial.rebalance.delay.ms')
    return clients.some(
      (client) =>
        (client.role === 'consumer' && !client.assign && client.config['group.protocol'] === 'classic') ||
        (client.role === 'processor' && client.consumer['group.protocol'] === 'classic'),
    );
  // They are kept for a minute at least.
  if (name.startsWith('offsets.')) return durationMs > 60_000;
  if (name.startsWith('log.')) return system.topics.some(({ config }) => Object.keys(config).length > 0);
  if (name.startsWith('broker.'))
    return timeline.some(({ action }) => 'target' in action && BROKER.test(action.target));
  if (name.startsWith('transaction'))
    return clients.some(
      (client) =>
        (client.role === 'producer' && client.config['transactional.id'] !== undefined) ||
        (client.role === 'processor' && client.producer['transactional.id'] !== undefined),
    );
  return true;
}
