/** RabbitMQ from the machine's own packages (Debian's rabbitmq-server): the version that its system has. */
import { existsSync } from 'node:fs';
import { EPMD, nodesFrom, SERVER } from './nodes.ts';

export const packagesStarter = nodesFrom({
  way: 'packages',

  missing() {
    const absent = [SERVER, EPMD].filter((file) => !existsSync(file));
    return absent.length === 0 ? null : `${absent.join(' and ')} (Debian: apt-get install rabbitmq-server)`;
  },

  ready: () => Promise.resolve((_, program, args) => [program, ...args]),
});
