/** What the labs at the prompt type, step by step, on a cluster with nothing in it that moves by itself. */
import type { Step } from '../console/session.ts';

export type Typed = Omit<Step, 'printed'>;

const KAFKA = '--bootstrap-server localhost:9092';

export const KAFKA_SESSION: readonly Typed[] = [
  {
    about:
      'A topic, and which broker has which copy: of each partition the first named is the preferred leader. Without `--replica-assignment` the controller deals them out by chance.',
    line: `kafka-topics.sh ${KAFKA} --create --topic orders --replica-assignment 1:2:3,2:3:1,3:1:2 --config min.insync.replicas=2`,
  },
  { about: 'It is there, and it cannot be made again.', line: `kafka-topics.sh ${KAFKA} --list` },
  { about: '', line: `kafka-topics.sh ${KAFKA} --create --topic orders --partitions 3` },
  {
    about: 'Each partition with its leader, its copies, and those that are in sync.',
    line: `kafka-topics.sh ${KAFKA} --describe --topic orders`,
  },
  {
    about: 'Four records with keys. Which go together is up to the hash of the key.',
    line: `kafka-console-producer.sh ${KAFKA} --topic orders --reader-property parse.key=true --reader-property key.separator=:`,
    input: ['alice:one', 'bob:two', 'alice:three', 'carol:four'],
  },
  {
    about: 'Where each partition ends. Before you look: which partitions have something, and how much?',
    line: `kafka-get-offsets.sh ${KAFKA} --topic orders`,
  },
  {
    about:
      'A group reads all four, and ends when it has them. Compare `Partition` of the two of alice. The order between partitions nobody promises.',
    line: `kafka-console-consumer.sh ${KAFKA} --topic orders --group billing --from-beginning --max-messages 4 --formatter-property print.key=true --formatter-property print.partition=true --formatter-property print.offset=true`,
  },
  {
    about:
      'What the group has committed, where the partitions end, and the lag between the two. Nobody is a member now: hence the dashes.',
    line: `kafka-consumer-groups.sh ${KAFKA} --describe --group billing`,
  },
  {
    about: 'Back to the beginning: first only said, then done. What is the lag afterwards?',
    line: `kafka-consumer-groups.sh ${KAFKA} --group billing --topic orders --reset-offsets --to-earliest --dry-run`,
  },
  {
    about: '',
    line: `kafka-consumer-groups.sh ${KAFKA} --group billing --topic orders --reset-offsets --to-earliest --execute`,
  },
  { about: '', line: `kafka-consumer-groups.sh ${KAFKA} --describe --group billing` },
  {
    about: 'A setting of the topic, while it runs.',
    line: `kafka-configs.sh ${KAFKA} --entity-type topics --entity-name orders --alter --add-config retention.ms=60000`,
  },
  {
    about:
      'Where each value could come from, the one that holds first. Nobody has set a minimum for the brokers; with eligible leader replicas the controller does so itself.',
    line: `kafka-configs.sh ${KAFKA} --entity-type topics --entity-name orders --describe`,
  },
  {
    about: 'A broker dies. Which partitions lack a copy, and who leads now what it led?',
    fault: { node: 'broker-2', do: 'crash' },
    line: `kafka-topics.sh ${KAFKA} --describe --topic orders --under-replicated-partitions`,
  },
  {
    about:
      'It comes back, and its copies catch up. But does it lead again? `Isr` is a set: whom a leader adds to it comes in ascending order with the others.',
    fault: { node: 'broker-2', do: 'restart' },
    line: `kafka-topics.sh ${KAFKA} --describe --topic orders`,
  },
  {
    about: 'This gives it back what it should lead, without waiting for the controller’s own round.',
    line: `kafka-leader-election.sh ${KAFKA} --election-type preferred --topic orders --partition 1`,
  },
  { about: '', line: `kafka-topics.sh ${KAFKA} --describe --topic orders` },
];

export const RABBITMQ_SESSION: readonly Typed[] = [
  {
    about:
      'Queues with what lies in them. What is not asked for is not shown: the columns are yours to name.',
    line: 'rabbitmqctl list_queues',
  },
  { about: '', line: 'rabbitmqctl list_queues name type durable messages messages_ready consumers' },
  {
    about: 'Beside those of `declared.json` there are eight exchanges that a broker always has.',
    line: 'rabbitmqctl list_exchanges name type durable',
  },
  {
    about: 'Each queue is bound to the default exchange by its own name, which nobody has asked for.',
    line: 'rabbitmqctl list_bindings source_name destination_name routing_key',
  },
  {
    about: 'A policy limits what is there already: before you look, how many messages are left in `lost`?',
    line: 'rabbitmqctl set_policy --priority 1 --apply-to queues short ^lost$ \'{"max-length":1}\'',
  },
  { about: '', line: 'rabbitmqctl list_policies' },
  { about: '', line: 'rabbitmqctl list_queues name messages policy' },
  { about: 'Without it, what was dropped does not come back.', line: 'rabbitmqctl clear_policy short' },
  { about: '', line: 'rabbitmqctl clear_policy short' },
  { about: 'Everything that is ready goes, and nobody is asked.', line: 'rabbitmqctl purge_queue shipping' },
  { about: '', line: 'rabbitmqctl list_queues name messages' },
  {
    about: 'A queue with something in it, deleted only if it has nothing.',
    line: 'rabbitmqctl delete_queue billing --if-empty',
  },
  { about: '', line: 'rabbitmqctl delete_queue audit' },
  { about: 'A mistake, and how it is answered.', line: 'rabbitmqctl delete_queue audit' },
  { about: '', line: 'rabbitmqctl lst_queues' },
];

/** What the RabbitMQ session asks of. */
export const DECLARED = {
  exchanges: [
    { name: 'orders', type: 'topic' },
    { name: 'unrouted', type: 'fanout' },
  ],
  queues: [
    { name: 'billing', arguments: { 'x-queue-type': 'quorum' } },
    { name: 'shipping', arguments: {} },
    { name: 'lost', arguments: {} },
    { name: 'audit', arguments: {} },
  ],
  bindings: [
    { source: 'orders', destination: 'billing', routingKey: 'order.#' },
    { source: 'orders', destination: 'shipping', routingKey: '*.paid' },
    { source: 'unrouted', destination: 'lost', routingKey: '' },
  ],
  messages: [
    { exchange: 'orders', routingKey: 'order.paid' },
    { exchange: 'orders', routingKey: 'order.made' },
    { exchange: 'orders', routingKey: 'bill.paid' },
    { exchange: 'unrouted', routingKey: '' },
    { exchange: 'unrouted', routingKey: '' },
    { exchange: 'unrouted', routingKey: '' },
  ],
} as const;
