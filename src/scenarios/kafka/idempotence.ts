/**
 * The retry that writes twice: two producers that differ in `enable.idempotence` alone, each with a topic and a reader of
 * its own, and the same faults for both. Then a send that is given up after two minutes, and is in the log all the same.
 * The producers are called after the setting, which no event of a run tells.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Timed = NonNullable<ScenarioInputOf<'kafka'>['timeline']>[number];
type Producer = Extract<Client, { role: 'producer' }>;

const VERSION = 1;
/** The default of `retries`: the time allowed for the delivery ends them, not their number. */
const RETRIES_MAX = 2_147_483_647;
const KINDS = ['plain', 'idempotent'] as const;

function producer(kind: (typeof KINDS)[number], more: Partial<Producer> = {}): Producer {
  return {
    id: kind,
    role: 'producer',
    label: kind === 'idempotent' ? 'Idempotent' : 'Plain',
    topic: kind,
    load: { ratePerSecond: 3, arrivals: 'steady', untilMs: 20_000 },
    // In turn, so that the order sent is the alphabet's.
    keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E', 'F'] },
    ...more,
    config: {
      'enable.idempotence': kind === 'idempotent',
      // A record is a batch: at three records a second it is one anyway.
      'linger.ms': 0,
      'max.in.flight.requests.per.connection': 5,
      retries: RETRIES_MAX,
      // Shorter than the default of 30 000, so that the retry comes before a reader has waited long.
      'request.timeout.ms': 2000,
      ...more.config,
    },
  };
}

function reader(kind: (typeof KINDS)[number]): Client {
  return {
    id: `reads-${kind}`,
    role: 'consumer',
    label: 'Billing',
    group: `reads-${kind}`,
    topics: [kind],
    processingMs: 20,
    config: { 'auto.offset.reset': 'earliest' },
  };
}

/** The producer's link to the broker. */
function link(what: 'cut' | 'heal', kind: (typeof KINDS)[number], atMs: number): Timed {
  return { atMs, action: { do: what, between: [kind, 'broker-1'] } };
}

const system: ScenarioInputOf<'kafka'>['system'] = {
  broker: 'kafka',
  topics: KINDS.map((name) => ({ name, partitions: 1 })),
  config: { 'group.initial.rebalance.delay.ms': 500 },
};

export const idempotenceScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-idempotence',
  title: 'The retry that writes twice',
  system,
  clients: [...KINDS.map((kind) => producer(kind)), ...KINDS.map(reader)],
  network: { latencyMs: 150, jitterMs: 20 },
  timeline: [
    // What is on its way to the broker still arrives, and is written; no answer comes back for longer than
    // request.timeout.ms. What is sent into the cut arrives when it is over, although its connection has been given up.
    ...KINDS.map((kind) => link('cut', kind, 8_080)),
    ...KINDS.map((kind) => link('heal', kind, 11_000)),
  ],
  durationMs: 30_000,
  seed: 1,
};

/** All of the producer's timeouts at their defaults: it gives up after two minutes. */
export const deliveryTimeout: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-delivery-timeout',
  title: 'Given up after two minutes',
  system,
  clients: [
    {
      id: 'idempotent',
      role: 'producer',
      label: 'Orders API',
      topic: 'idempotent',
      load: { ratePerSecond: 3, arrivals: 'steady', untilMs: 9_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E', 'F'] },
    },
    reader('idempotent'),
  ],
  network: { latencyMs: 300, jitterMs: 30 },
  timeline: [link('cut', 'idempotent', 8_300)],
  durationMs: 140_000,
  seed: 1,
};

export const idempotenceScenarios: readonly ScenarioInputOf<'kafka'>[] = [
  idempotenceScenario,
  deliveryTimeout,
];

export const idempotenceExperiment: Experiment = {
  id: 'kafka-idempotence',
  scenario: 'kafka-idempotence',
  home: ['kafka-held-idempotence', 'kafka-held-cut-producer', 'kafka-held-cut-given-up'],
  title: 'The retry that writes twice',
  question: 'The record is written, the answer is lost, the producer sends again: what is in the log?',
  posterMs: 12_900,
  speed: 1,
  stage: 'groups',
  console: false,
  predict: {
    question:
      'Without idempotence, five requests under way when the connection goes. Afterwards the log has…',
    options: [
      {
        id: 'gap',
        text: 'a gap: what was under way is missing',
        right: false,
        why: 'Whatever was not answered is sent again, for up to two minutes. Nothing is missing.',
      },
      {
        id: 'twice',
        text: 'the record whose answer was lost twice, and the others once',
        right: false,
        why: 'It is there twice, and so are the others: they had been sent too. That the connection is closed takes nothing back, and when the link heals the broker gets them and their retries.',
      },
      {
        id: 'twice-and-reordered',
        text: 'each of the five twice, the second time in another order',
        right: true,
        why: 'What had been sent arrives, and then the retries. The five were put back one after another at the head of the queue, and the last one put back goes first.',
      },
    ],
  },
  knobs: [
    {
      id: 'max-in-flight',
      name: 'max.in.flight.requests.per.connection',
      hint: 'How many requests may wait for their answers at once',
      path: ['clients', { role: 'producer' }, 'config', 'max.in.flight.requests.per.connection'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '5', label: '5 (default)', value: 5 },
      ],
    },
    {
      id: 'retries',
      name: 'retries',
      hint: 'Of the producer without idempotence: with 0 it gives up at once',
      path: ['clients', { id: 'plain' }, 'config', 'retries'],
      options: [
        { id: '0', label: '0', value: 0 },
        { id: 'max', label: '2 147 483 647 (default)', value: RETRIES_MAX },
      ],
    },
    {
      id: 'request-timeout',
      name: 'request.timeout.ms',
      hint: 'How long a producer waits for an answer before it sends again',
      path: ['clients', { role: 'producer' }, 'config', 'request.timeout.ms'],
      options: [
        { id: '2000', label: '2 000', value: 2000 },
        { id: '30000', label: '30 000 (default)', value: 30_000 },
      ],
    },
  ],
  controls: [
    'produce-keyed',
    'cut-link',
    'pause-broker',
    'crash-broker',
    'restart-broker',
    'crash-producer',
    'restart-producer',
    'pause-producer',
  ],
  claims: [
    'kafka.retry-writes-twice',
    'kafka.retry-reorders',
    'kafka.idempotent-once',
    'kafka.idempotent-in-order',
    'kafka.retry-answered-with-first-offset',
  ],
};
