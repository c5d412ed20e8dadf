/**
 * The chapter's table of queue and stream, row by row, as scenes: one workload, carried to RabbitMQ and to Kafka by their
 * rules (each broker's carry.ts), to be watched side by side. Behind the rows stand three more, in which the table is too
 * simple.
 *
 * What is carried is then set out for the eye: letters for keys, small batches, and times of seconds where brokers have
 * minutes.
 */
import type { CarryRule, Workload, WorkloadInput } from '../../brokers/workload.ts';
import { carry, ownWorkload, type CarryingBroker, type Choices } from '../compare.ts';
import type { Control, Experiment, Knob, StageKind } from '../experiment.ts';
import type { ScenarioOf } from '../schema.ts';

export interface Scene {
  /** Permanent: it is in addresses. */
  readonly id: string;
  /** The row of the table that it shows, in the seed's words; null where it shows what the table leaves out. */
  readonly row: string | null;
  /** What it is called where scenes are chosen. */
  readonly title: string;
  /** What to look at. */
  readonly question: string;
  /** Experiments of the library: the queue's, the stream's. */
  readonly queue: string;
  readonly stream: string;
  readonly workload: Workload;
  /** How it was carried to each. */
  readonly rules: { readonly queue: readonly CarryRule[]; readonly stream: readonly CarryRule[] };
}

interface Part {
  readonly claims: readonly string[];
  readonly choices?: Readonly<Record<string, string>>;
  readonly stage?: StageKind;
  readonly knobs?: readonly Knob[];
}

interface Plan {
  readonly id: string;
  readonly row: string | null;
  readonly title: string;
  readonly question: string;
  readonly posterMs: number;
  readonly workload: Omit<WorkloadInput, 'version' | 'id' | 'title'>;
  /** Clients that begin later than their audience, milliseconds. */
  readonly late?: Readonly<Record<string, number>>;
  /** A consumer begins one message that takes many times as long as the others. */
  readonly slow?: { readonly target: string; readonly atMs: number; readonly factor: number };
  /** Where Kafka's Billing goes back to, once everything has been read. */
  readonly seek?: { readonly atMs: number; readonly offset: number };
  readonly queue: Part;
  readonly stream: Part;
}

const KEYS = ['A', 'B', 'C', 'D'];
const NETWORK = { latencyMs: 40, jitterMs: 10 } as const;

const shop = (ratePerSecond: number, untilMs: number): WorkloadInput['producers'][number] => ({
  id: 'shop',
  startMs: 2000,
  load: { ratePerSecond, arrivals: 'poisson', untilMs },
  keys: { distinct: KEYS.length },
  bytes: 200,
});

const REPLAY: Plan['workload'] = {
  producers: [shop(1.5, 26_000)],
  audiences: [
    { id: 'billing', processingMs: 300 },
    { id: 'fraud', startMs: 16_000, processingMs: 150 },
  ],
  network: NETWORK,
  durationMs: 34_000,
  seed: 1,
};

const ORDERED: Plan['workload'] = {
  producers: [shop(2, 28_000)],
  audiences: [{ id: 'billing', count: 2, processingMs: 350, processingTimes: 'exponential' }],
  network: NETWORK,
  durationMs: 38_000,
  seed: 1,
};

const UNEVEN: Plan['workload'] = {
  producers: [shop(2, 26_000)],
  audiences: [{ id: 'billing', count: 2, processingMs: 350 }],
  network: NETWORK,
  durationMs: 40_000,
  seed: 1,
};

const RETENTION: Knob = {
  id: 'retention',
  name: 'retention.ms',
  hint: 'How long the topic keeps its records',
  path: ['system', 'topics', { name: 'messages' }, 'config', 'retention.ms'],
  options: [
    { id: '15000', label: '15 000', value: 15_000 },
    { id: '604800000', label: '604 800 000 (default)', value: 604_800_000 },
  ],
};

const PLANS: readonly Plan[] = [
  {
    id: 'beside-lifecycle',
    row: 'Message lifecycle',
    title: 'Message lifecycle',
    question: 'Both have done the same work. What is left of it?',
    posterMs: 20_000,
    workload: {
      producers: [shop(1.5, 30_000)],
      audiences: [{ id: 'billing', processingMs: 300 }],
      keepMs: 15_000,
      network: NETWORK,
      durationMs: 50_000,
      seed: 1,
    },
    queue: { claims: ['rabbitmq.acked-is-gone'] },
    stream: { claims: ['kafka.read-and-kept'], knobs: [RETENTION] },
  },
  {
    id: 'beside-replay',
    row: 'Replay',
    title: 'Replay',
    question:
      'At 16 s Fraud comes and asks for everything. What is it given? At 29 s Billing wants to read again from number 20.',
    posterMs: 18_000,
    workload: REPLAY,
    seek: { atMs: 29_000, offset: 20 },
    queue: { claims: ['rabbitmq.past-is-not-given'] },
    stream: { claims: ['kafka.reading-removes-nothing', 'kafka.seek-reads-again'] },
  },
  {
    id: 'beside-consumers',
    row: 'Multiple consumers',
    title: 'Multiple consumers',
    question: 'Billing has two consumers, Analytics one. Who gets which copy?',
    posterMs: 15_000,
    workload: {
      producers: [shop(2, 24_000)],
      audiences: [
        { id: 'billing', count: 2, processingMs: 300 },
        { id: 'analytics', processingMs: 470 },
      ],
      network: NETWORK,
      durationMs: 32_000,
      seed: 1,
    },
    queue: { claims: ['rabbitmq.one-consumer-each', 'rabbitmq.copy-for-each-queue'] },
    stream: { claims: ['kafka.groups-are-independent', 'kafka.one-owner'] },
  },
  {
    id: 'beside-ordering',
    row: 'Ordering',
    title: 'Ordering',
    question: 'One consumer, and from 14 s a second one. Which order holds, and which breaks?',
    posterMs: 21_000,
    workload: ORDERED,
    late: { 'billing-2': 14_000 },
    queue: { claims: ['rabbitmq.one-consumer-in-order', 'rabbitmq.competing-breaks-order'] },
    stream: { claims: ['kafka.offsets-dense', 'kafka.key-order-kept', 'kafka.no-order-across-partitions'] },
  },
  {
    id: 'beside-use',
    row: 'Use case',
    title: 'Use case',
    question:
      'One order takes ten seconds. Who waits behind it? And at 24 s a Ledger wants the balances: who can give them?',
    posterMs: 16_000,
    workload: {
      ...UNEVEN,
      audiences: [...UNEVEN.audiences, { id: 'ledger', startMs: 24_000, processingMs: 50 }],
    },
    slow: { target: 'billing-1', atMs: 7000, factor: 30 },
    queue: { claims: ['rabbitmq.slow-message-passed', 'rabbitmq.past-is-not-given'] },
    stream: { claims: ['kafka.slow-record-blocks-partition', 'kafka.state-rebuilt'] },
  },
  {
    id: 'beside-rabbitmq-stream',
    row: null,
    title: 'RabbitMQ streams',
    question: 'The same workload as for the row on replay; on RabbitMQ it is a stream this time.',
    posterMs: 18_000,
    workload: REPLAY,
    queue: { claims: ['rabbitmq.stream-keeps-what-is-acked'], choices: { queue: 'stream' } },
    stream: { claims: ['kafka.reading-removes-nothing'] },
  },
  {
    id: 'beside-share-group',
    row: null,
    title: 'Kafka share groups',
    question: 'The slow order once more; in Kafka a share group reads. Does anybody wait behind it now?',
    posterMs: 16_000,
    workload: UNEVEN,
    slow: { target: 'billing-1', atMs: 7000, factor: 30 },
    queue: { claims: ['rabbitmq.slow-message-passed', 'rabbitmq.competing-breaks-order'] },
    stream: {
      claims: [
        'kafka.share-partition-shared',
        'kafka.share-slow-record-passed',
        'kafka.share-order-not-kept',
      ],
      choices: { reader: 'share-group' },
      stage: 'shares',
    },
  },
  {
    id: 'beside-single-active',
    row: null,
    title: 'Single active consumer',
    question:
      'Two consumers are there from the beginning; at 14 s the one at work crashes. What becomes of the order?',
    posterMs: 20_000,
    workload: {
      ...ORDERED,
      faults: [
        { atMs: 14_000, fault: 'crash', of: 'consumer', audience: 'billing', number: 1, lastsMs: 10_000 },
      ],
    },
    queue: { claims: ['rabbitmq.single-active-in-order'], choices: { spread: 'single-active' } },
    stream: { claims: ['kafka.key-order-kept', 'kafka.takeover-from-committed'] },
  },
];

/** What both sides let the reader do; the buttons press on both at once. */
const CONTROLS: readonly Control[] = ['crash-consumer', 'restart-consumer', 'add-consumer'];

interface Made {
  readonly scene: Scene;
  readonly scenarios: readonly (ScenarioOf<'kafka'> | ScenarioOf<'rabbitmq'>)[];
  readonly experiments: readonly Experiment[];
}

function make(plan: Plan): Made {
  const { id, row, title, question } = plan;
  const workload = ownWorkload({ version: 1, id, title, ...plan.workload });
  const choices: Choices = {
    kafka: { ...plan.stream.choices },
    rabbitmq: { prefetch: '1', ...plan.queue.choices },
  };
  const queue = carry('rabbitmq', workload, choices.rabbitmq);
  const stream = carry('kafka', workload, choices.kafka);
  const rabbitmq = forTheEye(queue.scenario as ScenarioOf<'rabbitmq'>, plan);
  const kafka = forTheEye(withSmallTimes(stream.scenario as ScenarioOf<'kafka'>), plan);
  const experiment = (broker: CarryingBroker, part: Part, stage: StageKind): Experiment => ({
    id: `${id}-${broker}`,
    scenario: `${id}-${broker}`,
    title: `${title}: ${broker === 'kafka' ? 'Kafka' : 'RabbitMQ'}`,
    question: '',
    posterMs: plan.posterMs,
    speed: 1,
    predict: null,
    knobs: part.knobs ?? [],
    stage: part.stage ?? stage,
    console: false,
    controls: CONTROLS,
    claims: part.claims,
  });
  return {
    scene: {
      id,
      row,
      title,
      question,
      queue: `${id}-rabbitmq`,
      stream: `${id}-kafka`,
      workload,
      rules: { queue: queue.rules, stream: stream.rules },
    },
    scenarios: [rabbitmq, kafka],
    experiments: [experiment('rabbitmq', plan.queue, 'queues'), experiment('kafka', plan.stream, 'groups')],
  };
}

/** Letters for keys, who comes late, and what is to happen at which moment. */
function forTheEye<S extends ScenarioOf<'kafka'> | ScenarioOf<'rabbitmq'>>(
  scenario: S,
  { late = {}, slow, seek }: Plan,
): S {
  const clients = scenario.clients.map((client) => ({
    ...client,
    ...('keys' in client ? { keys: { kind: 'uniform' as const, keys: KEYS } } : {}),
    ...(late[client.id] === undefined ? {} : { startMs: late[client.id] }),
  }));
  const timeline: unknown[] = [...scenario.timeline];
  if (slow) {
    const { target, atMs, factor } = slow;
    timeline.push({ atMs, action: { do: 'slow', target, factor } });
    // Before it is done, so that no second one takes as long.
    timeline.push({ atMs: atMs + 6000, action: { do: 'slow', target, factor: 1 } });
  }
  if (seek && scenario.system.broker === 'kafka') {
    const to = { kind: 'offset', offset: seek.offset };
    timeline.push({ atMs: seek.atMs, action: { do: 'seek', client: 'billing-1', to } });
  }
  return { ...scenario, clients, timeline };
}

/** Kafka's times are made for days: a segment is closed after a week, a silent member is missed after 45 seconds. */
function withSmallTimes(scenario: ScenarioOf<'kafka'>): ScenarioOf<'kafka'> {
  const { system } = scenario;
  return {
    ...scenario,
    system: {
      ...system,
      topics: system.topics.map((topic) => ({ ...topic, config: { ...topic.config, 'segment.ms': 5000 } })),
      config: {
        ...system.config,
        'group.initial.rebalance.delay.ms': 500,
        'log.retention.check.interval.ms': 2000,
      },
    },
    clients: scenario.clients.map((client) =>
      client.role === 'consumer'
        ? {
            ...client,
            config: {
              ...client.config,
              'max.poll.records': 1,
              'auto.commit.interval.ms': 1000,
              'session.timeout.ms': 6000,
            },
          }
        : client.role === 'share-consumer'
          ? { ...client, config: { ...client.config, 'max.poll.records': 1 } }
          : client,
    ),
  };
}

const made = PLANS.map(make);

export const scenes: readonly Scene[] = made.map(({ scene }) => scene);
export const besideScenarios = made.flatMap((each) => each.scenarios);
export const besideExperiments: readonly Experiment[] = made.flatMap((each) => each.experiments);
