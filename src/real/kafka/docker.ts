/** Kafka in containers of the official image (compose.yaml), with the settings of the processes that are started here. */
import { STARTED_CONFIG } from '../../scenarios/kafka/held.ts';
import { Containers, dockerMissing, servicesOf } from '../docker.ts';
import type { Starter } from '../installation.ts';
import { freePort } from '../processes.ts';
import { javaMissing } from './maven.ts';
import { answers } from './nodes.ts';
import { containerProperties, type Published } from './settings.ts';

export const dockerStarter: Starter = {
  way: 'docker',

  // The clients are Java's, wherever the broker is.
  missing: () => dockerMissing() ?? javaMissing(),

  async start(folder, count) {
    const containers = new Containers(folder);
    const names = servicesOf('broker', count);
    const published: Published[] = [];
    for (let i = 0; i < count; i++)
      published.push({ port: await freePort(), relayed: { port: await freePort(), via: await freePort() } });
    const urls = published.map(({ port }) => `kafka://127.0.0.1:${port}`);
    const ports = published.flatMap(({ port, relayed }, i) => [
      [`BROKER_${i + 1}_PORT`, port] as const,
      [`BROKER_${i + 1}_RELAYED_PORT`, relayed.port] as const,
    ]);
    containers.given(Object.fromEntries(ports));
    for (const [i, name] of names.entries())
      containers.write(name, 'server.properties', containerProperties(i + 1, published, STARTED_CONFIG));
    // Together: none of them is up before most of them are.
    await containers.start(names, () => answers(urls, [], count));
    return {
      broker: 'kafka',
      way: 'docker',
      urls,
      relayed: published.map(({ relayed }) => relayed),
      nodes: names.map((name) => ({ name, pid: null })),
      helpers: [],
      folder,
    };
  },

  stop: ({ folder }) => new Containers(folder!).remove(),

  async hurt(installation, name, fault) {
    const containers = new Containers(installation.folder!);
    await containers.hurt(name, fault);
    if (fault === 'restart') await answers(installation.urls, [], await containers.running());
    return installation;
  },
};
