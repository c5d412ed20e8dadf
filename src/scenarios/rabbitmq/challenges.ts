/** The challenges on RabbitMQ, by rising difficulty (../challenge.ts). */
import { goals } from '../../claims/rabbitmq/goals.ts';
import type { Challenge } from '../challenge.ts';
import { calm, poison, replicas, spill, unbound, workers } from './practice.ts';

type RabbitmqChallenge = Challenge<'rabbitmq'>;

const bind = (destination: string, routingKey: string) => ({
  atMs: 8000,
  action: {
    do: 'bind' as const,
    binding: {
      source: 'events',
      destination,
      destinationType: 'queue' as const,
      routingKey,
      arguments: {},
    },
  },
});

const routedExactly: RabbitmqChallenge = {
  id: 'rabbitmq-bind-exactly',
  broker: 'rabbitmq',
  title: 'To those who want it, and to nobody else',
  ask: 'Bind the queues so that eu-desk gets orders.eu.created and nothing else, warehouse every event of an order, and alarms whatever has failed. Nobody wants users.signup.',
  why: 'A binding that is too wide fills a queue that nobody empties; one that is too narrow loses messages, and the publisher is told that all is well.',
  difficulty: 1,
  play: {
    scenario: unbound.id,
    stage: 'routing',
    console: false,
    posterMs: 4000,
    speed: 1,
    knobs: [],
    controls: ['publish', 'declare'],
  },
  goal: goals.routedExactly,
  hints: [
    '* is exactly one word, # any number of them. Which of the two does each queue need?',
    'orders.eu.item.added has a word more than orders.eu.created: for eu-desk * is right, for the warehouse #. What has failed has three words, the last of which is known.',
  ],
  solution: {
    knobs: {},
    actions: [bind('eu-desk', 'orders.eu.*'), bind('warehouse', 'orders.#'), bind('alarms', '*.*.failed')],
  },
  solved:
    'Three bindings, one for each queue. What is published from then on finds its way; what was published before found none, and is gone, for no queue had asked for it.',
};

const processedTwice: RabbitmqChallenge = {
  id: 'rabbitmq-processed-twice',
  broker: 'rabbitmq',
  title: 'Make the same work be done twice, again',
  ask: 'Have the workers process one message of the queue twice.',
  why: 'A queue knows only what was acknowledged. Between the work and its acknowledgement lies a moment in which a crash means: once more.',
  difficulty: 1,
  play: {
    scenario: workers.id,
    stage: 'queues',
    console: false,
    posterMs: 9000,
    speed: 1,
    knobs: [],
    controls: ['crash-consumer', 'restart-consumer', 'pause-consumer', 'cancel-consumer', 'close-consumer'],
  },
  goal: goals.processedTwice,
  hints: [
    'These workers acknowledge three messages at a time. What of the first of them, until the third is done?',
    'Crash a worker when it has finished one or two since its last acknowledgement. What it owed goes to the other one at once.',
  ],
  solution: { knobs: {}, actions: [{ atMs: 13_900, action: { do: 'crash', target: 'worker-1' } }] },
  solved:
    'Worker 1 has done what it has not acknowledged yet. Its connection breaks, the queue has back all that it owed, and gives it to Worker 2, marked as redelivered. There is no session timeout to wait for: the closed connection is enough, and so an orderly close without an acknowledgement does the same.',
};

const blockedAndOn: RabbitmqChallenge = {
  id: 'rabbitmq-block-and-go-on',
  broker: 'rabbitmq',
  title: 'Hold a publisher up, and let it go on',
  ask: 'Get the broker to block the publisher, and then to take from it again.',
  why: 'A blocked connection looks like a hanging application. Who has seen it once asks the broker first.',
  difficulty: 1,
  play: {
    scenario: calm.id,
    stage: 'queues',
    console: false,
    posterMs: 8000,
    speed: 1,
    knobs: [],
    controls: ['alarm', 'publish', 'pause-producer', 'pause-consumer', 'crash-consumer', 'restart-consumer'],
  },
  goal: goals.blockedAndOn,
  hints: [
    'A full queue holds nobody up. What does the node do when it is itself in trouble?',
    'Raise the memory alarm of the node, wait until the publisher has noticed, and end it.',
  ],
  solution: {
    knobs: {},
    actions: [
      { atMs: 10_000, action: { do: 'alarm', node: 1, resource: 'memory', on: true } },
      { atMs: 16_000, action: { do: 'alarm', node: 1, resource: 'memory', on: false } },
    ],
  },
  solved:
    'Under an alarm the broker reads nothing more from connections that publish, and tells them with connection.blocked. Consumers go on, which is how memory gets free. When the alarm ends, what the publisher had to keep to itself is taken.',
};

const twoDeaths: RabbitmqChallenge = {
  id: 'rabbitmq-two-deaths',
  broker: 'rabbitmq',
  title: 'Died twice',
  ask: 'Have “Reads late” be given a message that was dead-lettered twice, for two different reasons.',
  why: 'x-death is what you have in hand when a message turns up in the wrong place. To read it, one must have seen how it is written.',
  difficulty: 2,
  play: {
    scenario: spill.id,
    stage: 'queues',
    console: false,
    posterMs: 8000,
    speed: 1,
    knobs: [
      {
        id: 'ttl',
        name: 'x-message-ttl',
        hint: 'How long a message stays in “spill”, milliseconds',
        path: ['system', 'queues', { name: 'spill' }, 'arguments', 'x-message-ttl'],
        options: [
          { id: '3000', label: '3 000', value: 3000 },
          { id: '3600000', label: '3 600 000', value: 3_600_000 },
        ],
      },
      {
        id: 'max-length',
        name: 'x-max-length',
        hint: 'Ready messages that “orders” may have',
        path: ['system', 'queues', { name: 'orders' }, 'arguments', 'x-max-length'],
        options: [
          { id: '5', label: '5', value: 5 },
          { id: '200', label: '200', value: 200 },
        ],
      },
    ],
    controls: [
      'publish',
      'pause-consumer',
      'cancel-consumer',
      'crash-consumer',
      'restart-consumer',
      'purge-queue',
    ],
  },
  goal: goals.twoDeaths,
  hints: [
    'Follow the arrows: what makes a message leave “orders”, and what makes it leave “spill”?',
    'Let “orders” overflow by keeping Billing from working, and give “spill” a time to live that is over before the run is.',
  ],
  solution: {
    knobs: { ttl: '3000' },
    actions: [{ atMs: 10_000, action: { do: 'pause', target: 'billing' } }],
  },
  solved:
    'Billing takes nothing any more, “orders” reaches its five and drops from its head: the first death, maxlen. Three seconds later the message expires in “spill”: the second. x-death lists both, the latest first, each with its queue and how often.',
};

const poisonAside: RabbitmqChallenge = {
  id: 'rabbitmq-poison-aside',
  broker: 'rabbitmq',
  title: 'The poison, and not its neighbours',
  ask: 'X fails each time it is delivered. Get it out of “orders” and into “dead”, and lose none of its neighbours. The queue is in use and cannot be declared anew.',
  why: 'By itself the queue gives X up after twenty returns, and drops it: nobody will ever know what it was. What a queue does with what it gives up can be set while it runs.',
  difficulty: 3,
  play: {
    scenario: poison.id,
    stage: 'queues',
    console: true,
    posterMs: 9000,
    speed: 1,
    knobs: [],
    controls: [
      'publish',
      'add-consumer',
      'pause-consumer',
      'crash-consumer',
      'restart-consumer',
      'purge-queue',
    ],
  },
  goal: goals.poisonAside,
  hints: [
    'The exchange dlx is there, and leads to “dead”. The queue only has not been told of it, and arguments cannot be changed. Policies can.',
    'At the console: rabbitmqctl set_policy, with a name, a pattern that fits “orders”, and {"dead-letter-exchange":"dlx"}; with "delivery-limit" beside it you need not wait for the twentieth return.',
  ],
  solution: {
    knobs: {},
    actions: [
      {
        atMs: 10_000,
        action: {
          do: 'type',
          line: `rabbitmqctl set_policy poison "^orders$" '{"dead-letter-exchange":"dlx","delivery-limit":3}' --apply-to quorum_queues`,
        },
      },
    ],
  },
  solved:
    'A policy applies to queues that are there already. With a limit of 3 X is delivered at most four times, and what the queue gives up now goes to dlx, and by it to “dead”. What is returned is given out before everything else, so that the neighbours wait for as long as X may come back: with the limit as it was, for twenty returns.',
};

const leaderLost: RabbitmqChallenge = {
  id: 'rabbitmq-lose-the-leader',
  broker: 'rabbitmq',
  title: 'Lose the leader, and nothing else',
  ask: 'Crash the node that leads the queue while confirmed messages wait in it, and have every one of them worked off, under another leader.',
  why: 'That is what a quorum queue is for. It also shows on what the promise depends: the word quorum in a declaration is not yet a majority of anything.',
  difficulty: 3,
  play: {
    scenario: replicas.id,
    stage: 'quorum',
    console: false,
    posterMs: 10_000,
    speed: 1,
    knobs: [
      {
        id: 'group-size',
        name: 'x-quorum-initial-group-size',
        hint: 'Replicas of the queue',
        path: ['system', 'queues', { name: 'orders' }, 'arguments', 'x-quorum-initial-group-size'],
        options: [
          { id: '1', label: '1', value: 1 },
          { id: '3', label: '3 (default)', value: 3 },
        ],
      },
    ],
    controls: ['crash-node', 'restart-node', 'pause-node', 'stop-node', 'publish'],
  },
  goal: goals.leaderLost,
  hints: [
    'Who leads, and how many replicas are there? With one there is nobody to be elected.',
    'Give the queue three replicas, wait until some messages wait in it, and crash the node whose replica is the leader.',
  ],
  solution: {
    knobs: { 'group-size': '3' },
    actions: [{ atMs: 15_000, action: { do: 'crash', target: 'rabbit-1' } }],
  },
  solved:
    'Each confirmed message is with a majority of three, so that each possible new leader has all of them. The consumer’s node keeps running, and what it had not acknowledged is still its own. With one replica the queue waits for its node to come back.',
};

export const rabbitmqChallenges: readonly RabbitmqChallenge[] = [
  routedExactly,
  processedTwice,
  blockedAndOn,
  twoDeaths,
  poisonAside,
  leaderLost,
];
