/** Kafka in a container of the official image (compose.yaml), one node, with the settings of those that are started here. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HELD_CONFIG } from '../../scenarios/kafka/held.ts';
import { compose, dockerMissing, FAULT_COMMANDS } from '../docker.ts';
import type { Installation, Starter } from '../installation.ts';
import { eventually, freePort } from '../processes.ts';
import { Administrator } from './administrator.ts';
import { javaMissing } from './maven.ts';
import { serverProperties } from './settings.ts';

const START_MS = 120_000;

export const dockerStarter: Starter = {
  way: 'docker',

  // The clients are Java's, wherever the broker is.
  missing: () => dockerMissing() ?? javaMissing(),

  async start(folder, count) {
    if (count > 1) throw new Error('compose.yaml has one node of Kafka; several are started from packages');
    const port = await freePort();
    const relayed = { port: await freePort(), via: await freePort() };
    const inside = { port: 9092, controllerPort: 9093, relayed: { port: 9094, via: relayed.via } };
    writeFileSync(
      join(folder, 'server.properties'),
      serverProperties(1, [inside], '/tmp/kraft-logs', HELD_CONFIG, { listen: '0.0.0.0', port }),
    );
    const installation: Installation = {
      broker: 'kafka',
      way: 'docker',
      urls: [`kafka://127.0.0.1:${port}`],
      relayed: [relayed],
      nodes: [{ name: 'broker-1', pid: null }],
      helpers: [],
      folder,
    };
    await compose(['up', '--detach', 'kafka'], environment(installation));
    try {
      await answers(installation.urls);
    } catch (error) {
      await dockerStarter.stop(installation);
      throw error;
    }
    return installation;
  },

  async stop(installation) {
    await compose(['rm', '--stop', '--force', '--volumes', 'kafka'], environment(installation));
  },

  async hurt(installation, _node, fault) {
    await compose([FAULT_COMMANDS[fault], 'kafka'], environment(installation));
    if (fault === 'restart') await answers(installation.urls);
    return installation;
  },
};

function environment({ urls, relayed, folder }: Installation): NodeJS.ProcessEnv {
  return {
    KAFKA_PORT: new URL(urls[0]!).port,
    KAFKA_RELAYED_PORT: String(relayed[0]!.port),
    KAFKA_CONFIG: folder ?? '',
  };
}

async function answers(urls: readonly string[]): Promise<void> {
  const administrator = await Administrator.open(urls);
  try {
    await eventually('the container did not answer', START_MS, () => administrator.version());
  } finally {
    administrator.end();
  }
}
