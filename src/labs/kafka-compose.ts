/** Kafka in a `compose.yaml`: so many brokers, each a controller as well, with the settings of the scenarios. */
import { clusterSettings, type Settings } from '../scenarios/kafka/cluster-settings.ts';
import { KAFKA, portVariable, type ComposePart } from './lab.ts';

/** Where the first broker is reached from outside, if nobody else listens there; the next ones follow. */
const FIRST_PORT = 9092;
/** Clients whose link is cut come in by the one, and are told to go to the other. */
const FIRST_RELAYED = { port: 9192, via: 9292 };
/** Any: the data of one lab is nobody else's. */
const CLUSTER = Buffer.from('Brokerbook-labs!').toString('base64url');

/** The image takes a setting from a variable of its name. */
function variable(setting: string): string {
  return `KAFKA_${setting.toUpperCase().replaceAll('.', '_')}`;
}

export function kafkaPart(nodes: number, own: Settings): ComposePart {
  const ids = Array.from({ length: nodes }, (_, i) => i + 1);
  const shared: Settings = {
    'process.roles': 'broker,controller',
    'controller.quorum.voters': ids.map((id) => `${id}@broker-${id}:9093`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT,RELAYED:PLAINTEXT',
    listeners: 'PLAINTEXT://:19092,CONTROLLER://:9093,PLAINTEXT_HOST://:9092,RELAYED://:9094',
    'log.dirs': '/tmp/kraft-combined-logs',
    ...clusterSettings(nodes, own),
  };
  const entries = Object.entries(shared).map(([name, value]) => `  ${variable(name)}: '${value}'\n`);
  const services = ids.map((id) => {
    const port = portVariable(`broker-${id}`, 'PORT', FIRST_PORT + id - 1);
    return `  broker-${id}:
    image: ${KAFKA}
    hostname: broker-${id}
    ports:
      - 127.0.0.1:${port}:9092
      - 127.0.0.1:${portVariable(`broker-${id}`, 'RELAYED_PORT', FIRST_RELAYED.port + id - 1)}:9094
    environment:
      <<: *settings
      KAFKA_NODE_ID: ${id}
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://broker-${id}:19092,PLAINTEXT_HOST://127.0.0.1:${port},RELAYED://127.0.0.1:${portVariable(`broker-${id}`, 'RELAY_PORT', FIRST_RELAYED.via + id - 1)}
    healthcheck:
      # The port is open when the broker is up. Kafka's own tools would start a Java of their own for each look.
      test: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/9092']
      interval: 3s
      timeout: 10s
      retries: 40
`;
  });
  return {
    shared: `x-settings: &settings
  CLUSTER_ID: ${CLUSTER}
  KAFKA_HEAP_OPTS: -Xmx384m
${entries.join('')}`,
    services: services.join(''),
    files: {},
  };
}
