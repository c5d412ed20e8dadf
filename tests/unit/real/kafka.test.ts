// What of Kafka's driver needs neither Java nor a broker: names, content, settings, and what cannot be run for real.
import { describe, expect, it } from 'vitest';
import type { Installation } from '../../../src/real/installation.ts';
import { kafkaDriver } from '../../../src/real/kafka/driver.ts';
import { contentOf, Names } from '../../../src/real/kafka/run.ts';
import { containerProperties, serverProperties } from '../../../src/real/kafka/settings.ts';
import { STARTED_CONFIG } from '../../../src/scenarios/kafka/held.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { hurtsBroker, realScenarios } from '../../../src/scenarios/real.ts';
import type { Scenario } from '../../../src/scenarios/schema.ts';

const started = (count: number): Installation => ({
  broker: 'kafka',
  way: 'packages',
  urls: Array.from({ length: count }, (_, i) => `kafka://127.0.0.1:${9092 + i}`),
  nodes: Array.from({ length: count }, (_, i) => ({ name: `broker-${i + 1}`, pid: 1000 + i })),
  relayed: Array.from({ length: count }, (_, i) => ({ port: 9192 + i, via: 9292 + i })),
  helpers: [],
  folder: '/nowhere',
});

describe('names', () => {
  it('have the run’s prefix at the broker, and none in what comes back', () => {
    const names = new Names('abc', ['kafka://127.0.0.1:40001', 'kafka://127.0.0.1:40002']);
    expect(names.outer('orders')).toBe('brokerbook-abc-orders');
    expect(names.inner('partitions: [brokerbook-abc-orders-0]')).toBe('partitions: [orders-0]');
    expect(names.inner('leader=127.0.0.1:40002 (id: 2')).toBe('leader=broker-2:9092 (id: 2');
    expect(names.innerAll(['brokerbook-abc-orders-1'])).toEqual(['orders-1']);
  });
});

describe('what is sent', () => {
  it('has the message’s number as its value, as long as it is to be', () => {
    expect(contentOf(7, undefined, 4)).toEqual({ value: '7   ', headers: {} });
  });

  it('has it in a header where the value is the scenario’s, a tombstone, or too short', () => {
    const headers = { message: '123' };
    expect(contentOf(123, 'blue', 100)).toEqual({ value: 'blue', headers });
    expect(contentOf(123, null, 0)).toEqual({ value: null, headers });
    expect(contentOf(123, undefined, 2)).toEqual({ value: '  ', headers });
  });
});

describe('server.properties', () => {
  const all = [1, 2, 3].map((n) => ({
    port: 9000 + n,
    controllerPort: 9100 + n,
    relayed: { port: 9200 + n, via: 9300 + n },
  }));

  it('listens on the loopback interface alone, and knows every controller', () => {
    const lines = serverProperties(2, all, '/data', STARTED_CONFIG).split('\n');
    expect(lines).toContain('node.id=2');
    expect(lines).toContain(
      'listeners=PLAINTEXT://127.0.0.1:9002,RELAYED://127.0.0.1:9202,CONTROLLER://127.0.0.1:9102',
    );
    expect(lines).toContain('controller.quorum.voters=1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103');
    expect(lines).toContain('offsets.topic.replication.factor=3');
  });

  it('sends those who come by its second listener to a relay, and other brokers by the first', () => {
    const lines = serverProperties(2, all, '/data', STARTED_CONFIG).split('\n');
    expect(lines).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:9002,RELAYED://127.0.0.1:9302');
    expect(lines).toContain('inter.broker.listener.name=PLAINTEXT');
  });

  it('has the settings of the scenarios made to be held', () => {
    const lines = serverProperties(1, all.slice(0, 1), '/data', STARTED_CONFIG).split('\n');
    for (const [name, value] of Object.entries(STARTED_CONFIG)) expect(lines).toContain(`${name}=${value}`);
    expect(lines).toContain('transaction.state.log.min.isr=1');
  });
});

describe('server.properties of a container', () => {
  const published = [1, 2, 3].map((n) => ({ port: 9000 + n, relayed: { port: 9200 + n, via: 9300 + n } }));
  const lines = containerProperties(2, published, STARTED_CONFIG).split('\n');

  it('listens where compose.yaml leads into it, and sends clients to the ports of this machine', () => {
    const listeners = lines.find((line) => line.startsWith('listeners='));
    expect(listeners).toMatch(/=PLAINTEXT:\/\/:9092,RELAYED:\/\/:9094,/);
    expect(lines.find((line) => line.startsWith('advertised.listeners='))).toContain(
      '=PLAINTEXT://127.0.0.1:9002,RELAYED://127.0.0.1:9302,',
    );
  });

  it('sends other brokers to itself by its name, on a listener of theirs', () => {
    const own = lines.find((line) => line.startsWith('inter.broker.listener.name='))!.split('=')[1]!;
    const port = new RegExp(`${own}://:(\\d+)`).exec(
      lines.find((line) => line.startsWith('listeners='))!,
    )![1]!;
    expect(lines.find((line) => line.startsWith('advertised.listeners='))).toContain(
      `,${own}://broker-2:${port}`,
    );
    expect(lines).toContain('controller.quorum.voters=1@broker-1:9093,2@broker-2:9093,3@broker-3:9093');
  });

  it('has the settings of a process', () => {
    const process = serverProperties(
      2,
      published.map((one) => ({ ...one, controllerPort: 1 })),
      '/data',
      STARTED_CONFIG,
    );
    const isOfNetwork = /listener|voters|log\.dirs/;
    const rest = (all: readonly string[]): string[] => all.filter((line) => !isOfNetwork.test(line));
    expect(rest(lines)).toEqual(rest(process.split('\n')));
  });
});

describe('what is refused', () => {
  const made = {
    broker: { name: 'Apache Kafka', version: '4.4.0' },
    client: { name: 'kafka-clients', version: '4.4.0' },
    settings: {},
  };

  it('is nothing of the list, with three nodes that were started here', () => {
    for (const id of realScenarios.kafka)
      expect(kafkaDriver.refusal(scenarioById(id), started(3), made), id).toBeNull();
  });

  it.each([
    ['kafka-held-leader', started(1), /it needs 3 brokers, and 1 is up/],
    [
      'kafka-held-keys',
      { ...started(1), way: 'address' as const, nodes: [] },
      /group\.initial\.rebalance\.delay\.ms/,
    ],
    ['kafka-idempotence', started(3), /group\.initial\.rebalance\.delay\.ms=500, and the brokers 1500/],
    ['kafka-adaptive', started(1), /it needs 2 brokers/],
    ['kafka-share-groups', started(3), /initial\.rebalance|cannot be done/],
    ['rabbitmq-ttl', started(3), /no scenario of Kafka/],
  ])('%s, for what it lacks', (id, installation, why) => {
    expect(kafkaDriver.refusal(scenarioById(id), installation, made)).toMatch(why);
  });

  it.each([
    ['shop', 'broker-1', started(1), null],
    ['shop', 'controller', started(1), /only clients connect through it/],
    ['console', 'broker-1', started(1), /only clients connect through it/],
    [
      'shop',
      'broker-1',
      { ...started(1), way: 'address' as const, relayed: [], nodes: [], folder: null },
      /it does "cut" between shop and broker-1, and only a broker that was started here sends/,
    ],
    // Its coordinator may be one that it does not name.
    ['shop', 'broker-1', started(3), /of the 3 brokers that are up a client may need another one than its 1/],
  ])('a link of %s and %s may be cut where a relay stands between', (end, other, installation, why) => {
    const murmur2 = scenarioById('kafka-murmur2');
    const between: [string, string] = [end, other];
    const scenario = { ...murmur2, timeline: [{ atMs: 1, action: { do: 'cut' as const, between } }] };
    const refusal = kafkaDriver.refusal(scenario, installation, made);
    if (why === null) expect(refusal).toBeNull();
    else expect(refusal).toMatch(why);
  });

  it('is a slow link where nothing of ours stands between its ends, and a cut of one', () => {
    const slow = scenarioById('kafka-adaptive');
    const foreign: Installation = { ...started(2), way: 'address', relayed: [], nodes: [], folder: null };
    expect(kafkaDriver.refusal(slow, foreign, made)).toMatch(/link between web and broker-2 is slow/);
    const between: [string, string] = ['web', 'broker-2'];
    const cut = { ...slow, timeline: [{ atMs: 1, action: { do: 'cut' as const, between } }] };
    expect(kafkaDriver.refusal(cut, started(2), made)).toMatch(/a link that is slow is never cut/);
    // The relays are no other run's meanwhile.
    expect(hurtsBroker(slow)).toBe(true);
  });

  it('is a run in which offsets could expire, on brokers that keep them for longer', () => {
    const long = scenarioById('kafka-offsets-expire');
    const foreign: Installation = { ...started(1), way: 'address', nodes: [], folder: null };
    const alike = {
      ...scenarioById('kafka-murmur2'),
      system: { ...scenarioById('kafka-murmur2').system, config: long.system.config },
    } as Scenario;
    expect(kafkaDriver.refusal(alike, foreign, made)).toBeNull();
    const longer = { ...alike, durationMs: 61_000 };
    expect(kafkaDriver.refusal(longer, foreign, made)).toMatch(/offsets\.retention\.minutes=1, .* 10080/);
    expect(kafkaDriver.refusal(longer, started(1), made)).toBeNull();
  });

  it('runs on a broker of somebody else what hangs on none of its settings', () => {
    const foreign: Installation = { ...started(1), way: 'address', nodes: [], folder: null };
    expect(kafkaDriver.refusal(scenarioById('kafka-murmur2'), foreign, made)).toBeNull();
  });
});
