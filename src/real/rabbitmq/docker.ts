/** RabbitMQ in containers of the official image (compose.yaml). */
import { compose, dockerMissing, FAULT_COMMANDS } from '../docker.ts';
import { eventually, freePort } from '../processes.ts';
import { open } from './connect.ts';
import type { RabbitmqStarter } from './starter.ts';

const START_MS = 120_000;

export const dockerStarter: RabbitmqStarter = {
  way: 'docker',

  missing: dockerMissing,

  async start(folder, count) {
    if (count > 1)
      throw new Error('compose.yaml has one node of RabbitMQ; several are started from packages');
    const port = await freePort();
    await compose(['up', '--detach', 'rabbitmq'], { RABBITMQ_PORT: String(port) });
    const urls = [`amqp://guest:guest@127.0.0.1:${port}`];
    try {
      await answers(urls[0]!);
    } catch (error) {
      await compose(['rm', '--stop', '--force', '--volumes', 'rabbitmq'], {});
      throw error;
    }
    return {
      broker: 'rabbitmq',
      way: 'docker',
      urls,
      relayed: [],
      nodes: [{ name: 'rabbit-1', pid: null }],
      helpers: [],
      folder,
    };
  },

  async stop() {
    await compose(['rm', '--stop', '--force', '--volumes', 'rabbitmq'], {});
  },

  async hurt(installation, _node, fault) {
    await compose([FAULT_COMMANDS[fault], 'rabbitmq'], {
      RABBITMQ_PORT: new URL(installation.urls[0]!).port,
    });
    if (fault === 'restart') await answers(installation.urls[0]!);
    return installation;
  },

  administer(_installation, _node, args) {
    return compose(['exec', '--no-TTY', 'rabbitmq', 'rabbitmqctl', ...args], {});
  },
};

async function answers(url: string): Promise<void> {
  await eventually('the container did not answer', START_MS, async () => (await open(url)).close());
}
