/** Kafka from its artifacts on Maven Central (nodes.ts), with the settings of the scenarios made to be held. */
import { STARTED_CONFIG } from '../../scenarios/kafka/held.ts';
import type { Installation, Starter } from '../installation.ts';
import { javaMissing } from './maven.ts';
import { hurtNode, startNodes, stopNodes, type Nodes } from './nodes.ts';

export const packagesStarter: Starter = {
  way: 'packages',

  missing: javaMissing,

  async start(folder, count) {
    return installation(await startNodes(folder, count, STARTED_CONFIG));
  },

  async stop(installed) {
    await stopNodes(nodesOf(installed));
  },

  async hurt(installed, name, fault) {
    return installation(await hurtNode(nodesOf(installed), name, fault));
  },
};

function installation({ urls, relayed, nodes, folder }: Nodes): Installation {
  return { broker: 'kafka', way: 'packages', urls, relayed, nodes, helpers: [], folder };
}

function nodesOf({ urls, relayed, nodes, folder }: Installation): Nodes {
  return { urls, relayed, nodes: nodes.map(({ name, pid }) => ({ name, pid: pid! })), folder: folder! };
}
