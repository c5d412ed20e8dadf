/** RabbitMQ in containers of the official image (compose.yaml): one node, or a cluster. */
import { Containers, dockerMissing, servicesOf } from '../docker.ts';
import { eventually, freePort } from '../processes.ts';
import { open } from './connect.ts';
import { clusterConf } from './settings.ts';
import type { RabbitmqStarter } from './starter.ts';

const START_MS = 120_000;

export const dockerStarter: RabbitmqStarter = {
  way: 'docker',

  missing: dockerMissing,

  async start(folder, count) {
    const containers = new Containers(folder);
    const names = servicesOf('rabbit', count);
    const ports: number[] = [];
    for (let i = 0; i < count; i++) ports.push(await freePort());
    const urls = ports.map((port) => `amqp://guest:guest@127.0.0.1:${port}`);
    containers.given(Object.fromEntries(ports.map((port, i) => [`RABBIT_${i + 1}_PORT`, port])));
    for (const [i, name] of names.entries()) {
      containers.write(
        name,
        'rabbitmq.conf',
        clusterConf(names.slice(0, i + 1).map((one) => `rabbit@${one}`)),
      );
      // One after another: the first makes the cluster that the others join.
      await containers.start([name], () => answers(name, urls[i]!));
    }
    return {
      broker: 'rabbitmq',
      way: 'docker',
      urls,
      relayed: [],
      nodes: names.map((name) => ({ name, pid: null })),
      helpers: [],
      folder,
    };
  },

  stop: ({ folder }) => new Containers(folder!).remove(),

  async hurt(installation, name, fault) {
    const { folder, nodes, urls } = installation;
    await new Containers(folder!).hurt(name, fault);
    if (fault === 'restart') await answers(name, urls[nodes.findIndex((one) => one.name === name)]!);
    return installation;
  },

  administer: ({ folder }, node, args) => new Containers(folder!).inside(node, ['rabbitmqctl', ...args]),
};

async function answers(name: string, url: string): Promise<void> {
  await eventually(`${name} did not answer`, START_MS, async () => (await open(url)).close());
}
