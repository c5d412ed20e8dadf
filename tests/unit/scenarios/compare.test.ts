// A workload and its carrying: what is wrong is named, choices are taken or refused, and nothing is set that no rule tells.
import { describe, expect, it } from 'vitest';
import {
  kafkaConsumer,
  kafkaProducer,
  kafkaShareConsumer,
} from '../../../src/brokers/kafka/client-config.ts';
import { kafkaTopic } from '../../../src/brokers/kafka/config.ts';
import type { CarryRule, WorkloadInput } from '../../../src/brokers/workload.ts';
import { parse, type GenericSchema } from 'valibot';
import {
  carry,
  CARRYING_BROKERS,
  compare,
  outcomeSettings,
  parseWorkload,
  type CarryingBroker,
} from '../../../src/scenarios/compare.ts';
import { InvalidInput, isOf, type Scenario } from '../../../src/scenarios/schema.ts';
import { workloads } from '../../../src/scenarios/workloads.ts';

const SMALL: WorkloadInput = {
  version: 1,
  id: 'small',
  title: 'Small',
  producers: [{ id: 'p', load: { ratePerSecond: 50, untilMs: 15_000 }, keys: { distinct: 4 } }],
  audiences: [{ id: 'a', count: 2 }],
  durationMs: 16_000,
};

function problemsOf(input: unknown): readonly string[] {
  try {
    parseWorkload(input);
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
}

describe('a workload', () => {
  it.each([
    ['no object', 3, ['the whole: expected an object, got 3']],
    ['another version', { ...SMALL, version: 2 }, ['version: expected 1, got 2']],
    ['an unknown field', { ...SMALL, broker: 'kafka' }, ['broker: is not a known field']],
    ['no producers', { ...SMALL, producers: [] }, ['producers: expected a length >=1, got 0']],
    ['no such order', { ...SMALL, order: 'total' }, ['order: expected ("none" | "by-key"), got "total"']],
    [
      'two of one name',
      { ...SMALL, audiences: [{ id: 'p' }] },
      ['audiences[0].id: expected an id not used before, got "p"'],
    ],
    [
      'too few nodes',
      { ...SMALL, survives: 'node' },
      ['nodes: expected at least 3 where survives is "node", got 1'],
    ],
    [
      'a fault of nobody',
      { ...SMALL, faults: [{ atMs: 1, fault: 'crash', of: 'consumer', audience: 'b' }] },
      ['faults[0].audience: expected one of "a", got "b"'],
    ],
    [
      'a fault of one too many',
      { ...SMALL, faults: [{ atMs: 1, fault: 'pause', of: 'consumer', audience: 'a', number: 3 }] },
      ['faults[0].number: expected at most 2, got 3'],
    ],
    [
      'a node that is not',
      { ...SMALL, faults: [{ atMs: 1, fault: 'cut', of: 'node', number: 2 }] },
      ['faults[0].number: expected at most 1, got 2'],
    ],
    [
      'an id that is a member’s of another',
      { ...SMALL, audiences: [{ id: 'a', count: 2 }, { id: 'a-1' }] },
      ['audiences[1].id: expected an id that no member of another has, got "a-1"'],
    ],
    [
      'an id that has a meaning on a broker',
      { ...SMALL, producers: [{ ...SMALL.producers[0]!, id: 'broker' }], audiences: [{ id: 'messages' }] },
      [
        'producers[0].id: expected another id than "broker", "rabbit", "messages", "dead-letters", which have a meaning where it is carried to',
        'audiences[0].id: expected another id than "broker", "rabbit", "messages", "dead-letters", which have a meaning where it is carried to',
      ],
    ],
    [
      'a peak that is over before it begins',
      {
        ...SMALL,
        producers: [{ id: 'p', load: { ratePerSecond: 1, peak: { fromMs: 20, untilMs: 20, factor: 2 } } }],
      },
      ['producers[0].load.peak.untilMs: expected more than 20, its fromMs, got 20'],
    ],
    [
      'too many clients',
      { ...SMALL, audiences: Array.from({ length: 6 }, (_, i) => ({ id: `a${i}`, count: 200 })) },
      ['producers, audiences: expected at most 1000 of them by their counts together, got 1201'],
    ],
    [
      'more messages than a run can take',
      { ...SMALL, producers: [{ id: 'p', count: 2, load: { ratePerSecond: 500_000 } }], durationMs: 70_000 },
      [
        'producers: expected at most 5000000 messages in one run, got about 60000000: a lower rate or a shorter durationMs',
      ],
    ],
  ])('with %s is refused, and the field named', (_, input, expected) => {
    expect(problemsOf(input)).toEqual(expected);
  });

  it('may offer much for a short time', () => {
    const burst = {
      ratePerSecond: 1000,
      bursts: { everyMs: 1000, lastsMs: 10, factor: 1000 },
      count: 1_000_000,
    };
    expect(problemsOf({ ...SMALL, producers: [{ id: 'p', load: burst }], durationMs: 3_600_000 })).toEqual(
      [],
    );
  });

  it('of the book would be taken from anybody', () => {
    for (const { workload } of workloads.values()) expect(problemsOf(workload)).toEqual([]);
  });

  it('names no broker', () => {
    for (const { workload } of workloads.values())
      expect(JSON.stringify(workload)).not.toMatch(/kafka|rabbit|amqp/i);
  });

  it('tells the checkers who reads together and when something is wrong', () => {
    const { workload } = workloads.get('spike')!;
    expect(outcomeSettings(workload)).toEqual({
      audiences: [{ id: 'billing', clients: ['billing-1', 'billing-2'], wants: 'everything' }],
      disturbed: { firstAt: 20_000_000, lastAt: 25_000_000 },
    });
    expect(outcomeSettings(parseWorkload(SMALL)).disturbed).toBeNull();
  });
});

/** Of one thing of a scenario, every setting that is not its schema's default, by name. */
function changed(schema: GenericSchema, of: object, needed: object): string[] {
  const defaults = parse(schema, needed) as Record<string, unknown>;
  return Object.entries(of as Record<string, unknown>)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]))
    .map(([name]) => name);
}

/** Settings that are not the broker's defaults: those of its own configuration, by its own names. */
function settingsOf(scenario: Scenario): string[] {
  const found: string[] = [];
  if (isOf(scenario, 'kafka')) {
    const { system, clients } = scenario;
    for (const { config } of system.topics) found.push(...changed(kafkaTopic.entries.config, config, {}));
    for (const client of clients) {
      const { config } = client as { config: object };
      const schema =
        client.role === 'producer'
          ? kafkaProducer
          : client.role === 'consumer'
            ? kafkaConsumer
            : kafkaShareConsumer;
      found.push(...changed(schema.entries.config, config, {}));
    }
    if (system.config['share.auto.offset.reset'] !== 'latest') found.push('share.auto.offset.reset');
  } else if (isOf(scenario, 'rabbitmq')) {
    for (const { arguments: own } of scenario.system.queues) found.push(...Object.keys(own));
    for (const client of scenario.clients) {
      if (client.role === 'publisher' && client.confirms) found.push('publisher confirms');
      if (client.role === 'publisher' && client.deliveryMode === 2) found.push('delivery_mode');
      if (client.role === 'consumer' && client.prefetchCount !== undefined) found.push('prefetch_count');
    }
  }
  return [...new Set(found)];
}

const FAILING: WorkloadInput = { ...SMALL, audiences: [{ id: 'a', count: 2, fails: { key: 4, times: 2 } }] };

/** Every way to carry a workload that changes one rule. */
function ways(broker: CarryingBroker, of: WorkloadInput): [string, Record<string, string>][] {
  const { rules } = carry(broker, parseWorkload(of));
  return rules.flatMap(({ id, options }) =>
    options.map((option): [string, Record<string, string>] => [`${id}=${option.id}`, { [id]: option.id }]),
  );
}

const cases = CARRYING_BROKERS.flatMap((broker) => [
  ...ways(broker, SMALL).map(([name, choices]) => [broker, name, choices] as const),
  [broker, 'its own rules', {}] as const,
]);

describe('the rules of carrying', () => {
  it.each(cases)('to %s with %s tell every setting that is not a default, and why', (broker, _, choices) => {
    for (const input of [
      SMALL,
      { ...SMALL, nodes: 3, survives: 'node', keepMs: 60_000, order: 'by-key' } as const,
    ]) {
      const { scenario, rules } = carry(broker, parseWorkload(input), choices);
      const told = rules.flatMap(({ settings }) =>
        settings.filter(({ value, default: own }) => value !== own).map(({ name }) => name),
      );
      expect(told).toEqual(expect.arrayContaining(settingsOf(scenario)));
      for (const rule of rules) expect(isWhole(rule)).toBe(true);
      expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
      for (const [rule, option] of Object.entries(choices))
        expect(rules.find(({ id }) => id === rule)!.chosen).toBe(option);
    }
  });

  it.each(cases)('to %s with %s make a run that finishes what is published', (broker, name, choices) => {
    const { scenario } = carry(broker, parseWorkload(SMALL), choices);
    expect(scenario.system.broker).toBe(broker);
    const outcome = compare(parseWorkload(SMALL), { brokers: [broker], choices: { [broker]: choices } })
      .brokers[broker]!.outcomes[0]!;
    expect(outcome.published).toBeGreaterThan(200);
    // A stream has two consumers at work from its beginning: nothing is done twice there either.
    expect({ name, finished: outcome.finished, duplicated: outcome.duplicated }).toEqual({
      name,
      finished: outcome.published,
      duplicated: 0,
    });
  });

  it.each(CARRYING_BROKERS)(
    'to %s tell what becomes of work that fails, and leave the reader the choice',
    (broker) => {
      const failures = ways(broker, FAILING).filter(([name]) => name.startsWith('failure='));
      expect(failures.length).toBeGreaterThan(1);
      for (const [, choices] of failures) {
        const { scenario, rules } = carry(broker, parseWorkload(FAILING), choices);
        const told = rules.flatMap(({ settings }) => settings.map(({ name }) => name));
        expect(told).toEqual(expect.arrayContaining(settingsOf(scenario)));
        expect(
          scenario.clients.filter((client) => 'troubles' in client && client.troubles.length === 1),
        ).toHaveLength(2);
      }
      expect(carry(broker, parseWorkload(SMALL)).rules.map(({ id }) => id)).not.toContain('failure');
    },
  );

  it.each([
    ['kafka', { acks: '2' }, 'choices.acks: expected one of "all", "1", "0", got "2"'],
    [
      'kafka',
      { prefetch: '1' },
      'choices.prefetch: expected one of "partitions", "acks", "linger", "reader", "commit"',
    ],
    [
      'rabbitmq',
      { queue: 'mirrored' },
      'choices.queue: expected one of "classic", "quorum", "stream", got "mirrored"',
    ],
    [
      'rabbitmq',
      { queue: 'stream', ack: 'auto', prefetch: 'none', spread: 'by-hash' },
      [
        'choices.ack: expected one of "after", "before", got "auto"',
        'choices.prefetch: expected one of "1", "10", "100", "1000", got "none"',
        'choices.spread: expected one of "queue", "prefetch", "ack", "confirms", "persistence"',
      ].join('\n  '),
    ],
    [
      'kafka',
      { reader: 'share-group', commit: 'after-each' },
      'choices.commit: expected one of "partitions", "acks", "linger", "reader"',
    ],
  ] as const)('of %s refuse what they do not offer', (broker, choices, problem) => {
    expect(() => carry(broker, parseWorkload(SMALL), choices)).toThrow(problem);
  });
});

describe('choices that leave no room for others', () => {
  const small = parseWorkload(SMALL);

  it('leave those out for whoever keeps them, and keep the rest', () => {
    const { rules } = carry(
      'rabbitmq',
      small,
      { queue: 'stream', ack: 'auto', prefetch: '10', spread: 'by-hash' },
      'left-out',
    );
    const chosen = Object.fromEntries(rules.map(({ id, chosen: option }) => [id, option]));
    expect(chosen).toMatchObject({ queue: 'stream', ack: 'after', prefetch: '10', spread: null });
    expect(() => carry('kafka', small, { acks: '2' }, 'left-out')).toThrow('choices.acks');
  });
});

describe('what the rules say of themselves', () => {
  const madeOf = (broker: CarryingBroker, of: WorkloadInput, choices: Record<string, string>, rule: string) =>
    carry(broker, parseWorkload(of), choices).rules.find(({ id }) => id === rule)!;

  it('is of as many replicas as there are nodes for', () => {
    const of = (nodes: number) => madeOf('rabbitmq', { ...SMALL, nodes }, { queue: 'quorum' }, 'queue').made;
    expect(of(1)).toContain('one replica,');
    expect(of(2)).toContain('2 replicas,');
    expect(of(5)).toContain('3 replicas,');
  });

  it('is that no limit holds where nothing is acknowledged', () => {
    expect(madeOf('rabbitmq', SMALL, { ack: 'auto' }, 'prefetch').made).toMatch(/^No limit/);
  });

  it('is that nothing is in order by a key where there are none', () => {
    const producers = [{ id: 'p', load: { ratePerSecond: 1 } }];
    const keyless: WorkloadInput = { ...SMALL, order: 'by-key', producers };
    expect(madeOf('rabbitmq', keyless, {}, 'spread').why).toContain('no message has one');
    expect(madeOf('kafka', keyless, {}, 'partitions').why).not.toContain('each key in order');
  });

  it('is that a stream puts nothing aside', () => {
    const { made, options } = madeOf('rabbitmq', FAILING, { queue: 'stream' }, 'failure');
    expect(made).toContain('changes nothing');
    expect(options).toEqual([]);
  });

  it('is that fewer acks take idempotence with them', () => {
    const settings = (acks: string) =>
      madeOf('kafka', SMALL, { acks }, 'acks').settings.map(({ name }) => name);
    expect(settings('1')).toEqual(['acks', 'enable.idempotence']);
    expect(settings('all')).toEqual(['acks']);
  });
});

function isWhole({ carries, made, why, options, chosen }: CarryRule): boolean {
  const told =
    [carries, made, why].every((text) => text.length > 5) && made.endsWith('.') && why.endsWith('.');
  return told && (options.length === 0 ? chosen === null : options.some(({ id }) => id === chosen));
}

describe('faults', () => {
  const timelineOf = (broker: CarryingBroker, faults: WorkloadInput['faults'], more = {}) =>
    carry(broker, parseWorkload({ ...SMALL, faults, ...more })).scenario.timeline.map(({ atMs, action }) =>
      [atMs, ...Object.values(action as Record<string, string | string[]>).flat()].join(' '),
    );
  const consumer = { of: 'consumer', audience: 'a' } as const;
  const node = { of: 'node' } as const;

  it('of one kind that overlap are over when the last of them is', () => {
    const crashes = [
      { ...node, atMs: 30, fault: 'crash', lastsMs: 20 },
      { ...node, atMs: 20, fault: 'crash', lastsMs: 20 },
      { ...node, atMs: 60, fault: 'crash' },
      { ...node, atMs: 70, fault: 'crash', lastsMs: 5 },
    ] as const;
    expect(timelineOf('kafka', [...crashes])).toEqual([
      '20 crash broker-1',
      '50 restart broker-1',
      '60 crash broker-1',
    ]);
    const cuts = [
      { ...consumer, atMs: 20, fault: 'cut', lastsMs: 20 },
      { ...consumer, atMs: 30, fault: 'cut', lastsMs: 20 },
      { ...consumer, atMs: 30, fault: 'pause', lastsMs: 1 },
    ] as const;
    expect(timelineOf('rabbitmq', [...cuts])).toEqual([
      '20 cut a-1 rabbit-1',
      '30 pause a-1',
      '31 resume a-1',
      '50 heal a-1 rabbit-1',
    ]);
  });

  it('cut a node off from all others, and from what decides for them', () => {
    const cut = [
      { ...node, number: 2, atMs: 20, fault: 'cut', lastsMs: 30 },
      { ...node, number: 3, atMs: 30, fault: 'cut' },
    ] as const;
    expect(timelineOf('rabbitmq', [...cut], { nodes: 3 })).toEqual([
      '20 cut rabbit-2 rabbit-1',
      '20 cut rabbit-2 rabbit-3',
      '30 cut rabbit-3 rabbit-1',
      '50 heal rabbit-2 rabbit-1',
    ]);
    expect(timelineOf('kafka', [cut[0]], { nodes: 3 })).toEqual([
      '20 cut broker-2 broker-1',
      '20 cut broker-2 broker-3',
      '20 cut broker-2 controller',
      '50 heal broker-2 broker-1',
      '50 heal broker-2 broker-3',
      '50 heal broker-2 controller',
    ]);
  });
});

describe('a comparison', () => {
  it('is the same each time, and another for another seed', () => {
    const poisson = {
      ...SMALL,
      producers: [
        { ...SMALL.producers[0]!, load: { ...SMALL.producers[0]!.load, arrivals: 'poisson' as const } },
      ],
    };
    const once = compare(parseWorkload(poisson), { seeds: 2 });
    expect(compare(parseWorkload(poisson), { seeds: 2 })).toEqual(once);
    expect(once.seeds).toEqual([1, 2]);
    for (const broker of CARRYING_BROKERS) {
      const [first, second] = once.brokers[broker]!.outcomes;
      expect(first).not.toEqual(second);
    }
  });

  it('gives every broker the same messages', () => {
    for (const { workload, choices } of [workloads.get('orders')!, workloads.get('spike')!]) {
      const { brokers } = compare(workload, { choices });
      const published = Object.values(brokers).map(({ outcomes }) => outcomes[0]!.published);
      expect(new Set(published).size).toBe(1);
    }
  });
});
