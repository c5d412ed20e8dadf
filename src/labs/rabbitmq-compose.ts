/** RabbitMQ in a `compose.yaml`, and the settings by which several nodes find one another. */
import { imageOf, portVariable, type ComposePart } from './lab.ts';

/** Where the first node is reached from outside, if nobody else listens there; the next ones follow. */
const FIRST_PORT = 5672;
/** Nodes of one cluster share it; it lets nobody in from outside, where no port is published for it. */
const COOKIE = 'brokerbook-labs';
const PLUGIN = 'rabbitmq-plugins enable --offline rabbitmq_consistent_hash_exchange';

export function rabbitmqPart(nodes: number): ComposePart {
  const isCluster = nodes > 1;
  const ids = Array.from({ length: nodes }, (_, i) => i + 1);
  // The cookie has to be readable by its owner only, which a file that is mounted may not be.
  const cookie = `umask 077 && echo ${COOKIE} > /var/lib/rabbitmq/.erlang.cookie && umask 022 && `;
  const services = ids.map(
    (id) => `  rabbit-${id}:
    image: ${imageOf('rabbitmq')}
    hostname: rabbit-${id}
    command: sh -c "${isCluster ? cookie : ''}${PLUGIN} && exec rabbitmq-server"
${isCluster ? '    volumes:\n      - ./rabbitmq.conf:/etc/rabbitmq/rabbitmq.conf:ro\n' : ''}    ports:
      - 127.0.0.1:${portVariable(`rabbit-${id}`, 'PORT', FIRST_PORT + id - 1)}:5672
    healthcheck:
      # The port is open when the node is up. RabbitMQ's own tool would start an Erlang of its own for each look.
      test: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/5672']
      interval: 3s
      timeout: 10s
      retries: 40
`,
  );
  if (!isCluster) return { shared: '', services: services.join(''), files: {} };
  const conf = [
    '# Nodes that are new look for one another here, and make a cluster. compose.yaml mounts the file.',
    'cluster_formation.peer_discovery_backend = classic_config',
    ...ids.map((id) => `cluster_formation.classic_config.nodes.${id} = rabbit@rabbit-${id}`),
  ];
  return { shared: '', services: services.join(''), files: { 'rabbitmq.conf': `${conf.join('\n')}\n` } };
}
