// What a scenario file may say, and what a wrong one is told: the path and what was expected.
import { describe, expect, it } from 'vitest';
import { experimentById, experiments, scenarios } from '../../../src/scenarios/library.ts';
import { currentOption, withKnobs } from '../../../src/scenarios/experiment.ts';
import {
  InvalidInput,
  parseActions,
  parseScenario,
  type ScenarioInput,
} from '../../../src/scenarios/schema.ts';

const minimal: ScenarioInput = {
  version: 1,
  id: 'minimal',
  title: 'Minimal',
  system: { broker: 'kafka', topics: [{ name: 'orders', partitions: 1 }] },
  clients: [],
  durationMs: 1000,
  seed: 1,
};

const producer = { id: 'p', role: 'producer', topic: 'orders', load: { ratePerSecond: 1 } } as const;

/** The minimal scenario with a field left out. */
function without(field: keyof typeof minimal): unknown {
  return Object.fromEntries(Object.entries(minimal).filter(([key]) => key !== field));
}

function problemsOf(input: unknown): readonly string[] {
  try {
    parseScenario(input);
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
}

/** A scenario with one topic that differs from the ordinary in something. */
function topicOf(different: Record<string, unknown>, brokers = 1): unknown {
  const system = { broker: 'kafka', brokers, topics: [{ name: 'orders', partitions: 1, ...different }] };
  return { ...minimal, system };
}

describe('parseScenario', () => {
  it("fills in the broker's own defaults", () => {
    const { clients, network, timeline } = parseScenario({ ...minimal, clients: [producer] });
    expect(network).toEqual({ latencyMs: 1, jitterMs: 0, loss: 0, links: [] });
    expect(timeline).toEqual([]);
    expect(clients[0]).toMatchObject({ config: { acks: 'all', 'linger.ms': 5, 'batch.size': 16_384 } });
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /^the whole: expected an object, got null/],
    ['a list', [], /^the whole: expected an object, got an array/],
    ['a list for the network', { ...minimal, network: [] }, /^network: expected an object, got an array/],
    [
      'a list for settings',
      { ...minimal, clients: [{ ...producer, config: [] }] },
      /^clients\[0\]\.config: expected an object, got an array/,
    ],
    [
      'a list for headers',
      {
        ...minimal,
        system: { broker: 'rabbitmq' },
        clients: [{ id: 'p', role: 'publisher', exchange: '', load: { ratePerSecond: 1 }, headers: [1] }],
      },
      /^clients\[0\]\.headers: expected an object, got an array/,
    ],
    ['another version', { ...minimal, version: 2 }, /^version: expected 1, got 2/],
    ['no version', { ...minimal, version: undefined }, /^version: expected 1, got nothing/],
    [
      'an unknown broker',
      { ...minimal, system: { ...minimal.system, broker: 'carrot' } },
      /^system\.broker: expected "kafka" \| "rabbitmq", got "carrot"/,
    ],
    ['an unknown field', { ...minimal, colour: 'red' }, /^colour: is not a known field/],
    ['a missing field', without('title'), /^title: expected this field, got nothing$/],
    ['a field that is nothing', { ...minimal, title: undefined }, /^title: expected string, got nothing$/],
    ['an empty text', { ...minimal, title: '' }, /^title: expected a length >=1, got 0$/],
    ['an object for a list', { ...minimal, clients: {} }, /^clients: expected an array, got an object$/],
    ['a word for a number', { ...minimal, durationMs: 'long' }, /^durationMs: expected number, got "long"/],
    [
      'too few partitions',
      { ...minimal, system: { broker: 'kafka', topics: [{ name: 'orders', partitions: 0 }] } },
      /^system\.topics\[0\]\.partitions: .*1.*0/,
    ],
    [
      'an unknown choice',
      { ...minimal, clients: [{ ...producer, config: { acks: '2' } }] },
      /^clients\[0\]\.config\.acks: expected \("0" \| "1" \| "all"\), got "2"/,
    ],
    [
      'an unknown setting',
      { ...minimal, clients: [{ ...producer, config: { 'linger.seconds': 1 } }] },
      /^clients\[0\]\.config\["linger\.seconds"\]: is not a known field/,
    ],
    [
      'a topic that is not there',
      { ...minimal, clients: [{ ...producer, topic: 'payments' }] },
      /^clients\[0\]\.topic: expected one of "orders", got "payments"/,
    ],
    [
      'an id used twice',
      { ...minimal, clients: [producer, producer] },
      /^clients\[1\]\.id: expected an id not used before, got "p"/,
    ],
    [
      'an unknown action',
      { ...minimal, timeline: [{ atMs: 1, action: { do: 'explode', target: 'p' } }] },
      /^timeline\[0\]\.action\.do: expected/,
    ],
    [
      'a fault on a process that is not there',
      { ...minimal, clients: [producer], timeline: [{ atMs: 1, action: { do: 'crash', target: 'q' } }] },
      /^timeline\[0\]\.action\.target: expected one of "p", "broker-1", "controller", got "q"/,
    ],
    [
      'a link to nowhere',
      { ...minimal, clients: [producer], network: { links: [{ between: ['p', 'broker-2'], latencyMs: 5 }] } },
      /^network\.links\[0\]\.between\[1\]: expected one of "p", "broker-1", "controller", got "broker-2"/,
    ],
    [
      'more copies than brokers',
      topicOf({ replicationFactor: 3 }, 2),
      /^system\.topics\[0\]\.replicationFactor: expected at most 2, as many as there are brokers, got 3/,
    ],
    [
      'replicas of too few partitions',
      topicOf({ partitions: 2, replicas: [[1]] }, 2),
      /^system\.topics\[0\]\.replicas: expected one list for each of 2 partitions, got 1/,
    ],
    [
      'a replica on a broker that is not there',
      topicOf({ partitions: 1, replicas: [[1, 3]] }, 2),
      /^system\.topics\[0\]\.replicas\[0\]: expected different brokers from 1 to 2, got 1, 3/,
    ],
    [
      'a segment that Kafka 4 does not take',
      topicOf({ config: { 'segment.bytes': 1000 } }),
      /^system\.topics\[0\]\.config\["segment\.bytes"\]: .*1048576.*1000/,
    ],
    [
      'the name of an internal topic',
      topicOf({ name: '__consumer_offsets' }),
      /^system\.topics\[0\]\.name: expected a topic name that does not begin with "__"/,
    ],
    [
      'a client with a broker’s name',
      { ...minimal, clients: [{ ...producer, id: 'broker-1' }] },
      /^clients\[0\]\.id: expected another id than those of the cluster's own processes/,
    ],
    [
      'a transactional.id without idempotence',
      { ...minimal, clients: [{ ...producer, config: { 'transactional.id': 't', acks: '1' } }] },
      /^clients\[0\]\.config\["transactional\.id"\]: expected enable\.idempotence/,
    ],
    [
      'a session timeout where the broker decides it (K-85)',
      {
        ...minimal,
        clients: [
          {
            id: 'c',
            role: 'consumer',
            group: 'g',
            topics: ['orders'],
            config: { 'group.protocol': 'consumer', 'session.timeout.ms': 6000 },
          },
        ],
      },
      /^clients\[0\]\.config\["group\.protocol"\]: expected no session\.timeout\.ms/,
    ],
    [
      'a partition to read that is not there',
      {
        ...minimal,
        clients: [{ id: 'c', role: 'consumer', group: 'g', topics: ['orders'], assign: ['orders-9'] }],
      },
      /^clients\[0\]\.assign\[0\]: expected a partition of its topics, such as "orders-0", got "orders-9"/,
    ],
    [
      'a seek of somebody who does not read',
      {
        ...minimal,
        clients: [producer],
        timeline: [{ atMs: 1, action: { do: 'seek', client: 'p', to: { kind: 'end' } } }],
      },
      /^timeline\[0\]\.action\.client: expected a consumer, got "p"/,
    ],
    [
      'an unknown setting of a topic that runs',
      {
        ...minimal,
        timeline: [
          { atMs: 1, action: { do: 'alter-configs', topic: 'orders', config: { 'retention.days': 1 } } },
        ],
      },
      /^timeline\[0\]\.action\.config\["retention\.days"\]: is not a known field/,
    ],
    ['a seed that is no integer', { ...minimal, seed: 0.5 }, /^seed: expected an integer, got 0.5$/],
  ])('names the field and what was expected for %s', (_, input, expected) => {
    const problems = problemsOf(input);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(expected);
  });

  it('accepts every scenario of the book as its own file', () => {
    for (const scenario of scenarios.values()) {
      expect(parseScenario(JSON.parse(JSON.stringify(scenario)))).toEqual(scenario);
    }
  });
});

describe('a scenario of RabbitMQ', () => {
  const rabbit = {
    ...minimal,
    system: {
      broker: 'rabbitmq',
      nodes: 2,
      exchanges: [{ name: 'orders', type: 'topic' }],
      queues: [{ name: 'work' }],
    },
  };
  const consumer = { id: 'c', role: 'consumer', queues: ['work'] };
  const publisher = { id: 'p', role: 'publisher', exchange: 'orders', load: { ratePerSecond: 1 } };
  const doing = (action: object) => ({
    ...rabbit,
    clients: [publisher, consumer],
    timeline: [{ atMs: 1, action }],
  });

  it('is told apart by its broker, and filled in with RabbitMQ’s defaults', () => {
    expect(parseScenario({ ...rabbit, clients: [publisher, consumer] })).toMatchObject({
      system: { version: '4.3', queues: [{ durable: true, node: 1 }] },
      clients: [{ routingKey: '{key}', confirms: true }, { ack: 'after' }],
    });
    expect(problemsOf({ ...rabbit, clients: [producer] })[0]).toMatch(/^clients\[0\]\.role: expected/);
  });

  it.each<[string, object, RegExp]>([
    [
      'a queue that nobody declares',
      { ...rabbit, clients: [{ ...consumer, queues: ['wrok'] }] },
      /^clients\[0\]\.queues\[0\]: expected one of "work", got "wrok"/,
    ],
    [
      'an exchange that nobody declares',
      { ...rabbit, clients: [{ ...publisher, exchange: 'x' }] },
      /^clients\[0\]\.exchange: expected one of "", .*"orders", got "x"/,
    ],
    [
      'a node too many',
      { ...rabbit, clients: [{ ...consumer, node: 3 }] },
      /^clients\[0\]\.node: expected a node from 1 to 2, got 3/,
    ],
    [
      'a fault on Kafka’s broker',
      doing({ do: 'crash', target: 'broker-1' }),
      /^timeline\[0\]\.action\.target: expected one of "p", "c", "rabbit-1", "rabbit-2", got "broker-1"/,
    ],
    [
      'a consumer that is to publish',
      doing({ do: 'publish', client: 'c' }),
      /^timeline\[0\]\.action\.client: expected one of "p", got "c"/,
    ],
    [
      'an alarm of a node that is not there',
      doing({ do: 'alarm', node: 3, on: true }),
      /^timeline\[0\]\.action\.node: expected a node from 1 to 2, got 3/,
    ],
    [
      'a binding to nowhere',
      doing({ do: 'bind', binding: { source: 'orders', destination: 'x' } }),
      /^timeline\[0\]\.action\.binding\.destination: expected one of "work", got "x"/,
    ],
    [
      'an action of Kafka',
      doing({ do: 'elect-leaders', election: 'preferred', topic: 'work' }),
      /^timeline\[0\]\.action\.do: expected/,
    ],
    [
      'an id used twice',
      { ...rabbit, clients: [consumer, consumer] },
      /^clients\[1\]\.id: expected an id not used before, got "c"/,
    ],
  ])('names %s', (_, input, expected) => {
    expect(problemsOf(input)[0]).toMatch(expected);
  });

  it('may consume what is declared later, by the timeline, by the consumer or by an application', () => {
    const own = { ...consumer, queues: ['own'], declares: { queues: [{ name: 'own', exclusive: true }] } };
    const calls = [{ do: { call: 'queue.declare', queue: { name: 'called' } } }];
    const declared = { do: 'declare-queue', queue: { name: 'late' } };
    expect(
      problemsOf({
        ...rabbit,
        clients: [
          own,
          { ...consumer, id: 'd', queues: ['late'] },
          { ...consumer, id: 'e', queues: ['called'] },
          { id: 'a', role: 'application', calls },
        ],
        timeline: [{ atMs: 1, action: declared }],
      }),
    ).toEqual([]);
  });
});

describe('parseActions', () => {
  it('takes the actions of one broker only', () => {
    const publish = [{ atMs: 1, action: { do: 'publish', client: 'p' } }];
    expect(parseActions(publish, 'rabbitmq')).toMatchObject([{ action: { count: 1, key: null } }]);
    expect(() => parseActions(publish, 'kafka')).toThrow(/\[0\]\.action\.do: expected .*got "publish"/);
  });

  it('names the action and the field', () => {
    expect(() => parseActions([{ atMs: -1, action: { do: 'crash', target: 'c1' } }], 'kafka')).toThrow(
      /\[0\]\.atMs: /,
    );
    expect(() => parseActions({}, 'kafka')).toThrow(InvalidInput);
  });
});

describe('experiments', () => {
  it('have settings that the scenario really has, and begin with one of their options', () => {
    for (const experiment of experiments) {
      const scenario = scenarios.get(experiment.scenario);
      if (!scenario) throw new Error(`${experiment.id} names no scenario`);
      expect(experiment.posterMs).toBeLessThanOrEqual(scenario.durationMs);
      for (const knob of experiment.knobs) {
        expect(currentOption(scenario, knob), `${experiment.id} ${knob.id}`).not.toBeNull();
        for (const option of knob.options) {
          const changed = withKnobs(scenario, experiment, { [knob.id]: option.id });
          expect(currentOption(changed, knob)).toBe(option.id);
        }
      }
      if (experiment.predict) expect(experiment.predict.options.filter(({ right }) => right)).toHaveLength(1);
    }
  });

  it('refuse a setting or an option that they do not have', () => {
    const experiment = experimentById('kafka-consumer-groups');
    const scenario = scenarios.get(experiment.scenario)!;
    expect(() => withKnobs(scenario, experiment, { colour: 'red' })).toThrow(
      /knobs\.colour: expected one of/,
    );
    expect(() => withKnobs(scenario, experiment, { assignor: 'best' })).toThrow(
      /knobs\.assignor: expected one of.*got "best"/,
    );
  });

  it('are refused by id with the ids there are', () => {
    expect(() => experimentById('nope')).toThrow(/expected one of "kafka-consumer-groups"/);
  });
});
