// Kafka in depth as a reader meets it (in-depth.ts).
import { testInDepth } from './in-depth.ts';
import { kafkaInDepth } from './site.ts';

testInDepth({
  path: kafkaInDepth,
  title: 'Kafka in depth',
  epigraph: 'Ten questions to put to a log',
  before: /Chapter 3/,
  after: /Next\s*RabbitMQ in depth/,
  search: 'share group',
  headingsMin: 10,
  buttons: {
    'crash-broker': /^Crash Broker \d/,
    'stop-broker': /^Stop Broker \d/,
    'pause-broker': /^Pause Broker \d/,
    'cut-broker': /^Cut off from the .*: Broker \d/,
    'crash-controller': /^Crash Controller/,
    'crash-consumer': /^Crash /,
    'pause-consumer': /^Pause /,
    'close-consumer': /^Close /,
    'add-consumer': /^Add (share consumer|consumer|processor) to/,
    'add-partition': /^Add partition/,
    'crash-producer': /^Crash /,
    'pause-producer': /^Pause /,
    'produce-keyed': /^Send$/,
    'produce-keyless': /^Send$/,
    tombstone: /^Send tombstone/,
    'cut-link': /^Cut links? between/,
    'elect-preferred': /^Elect preferred/,
    'pause-partitions': /^Pause reading/,
    seek: /^Seek$/,
  },
  producers: 'Producers',
  console: {
    button: 'Describe the topic',
    command: /^kafka-topics\.sh --bootstrap-server \S+ --describe --topic \S+$/,
    output: ['PartitionCount:', 'Leader:'],
    completions: [
      ['kafka-lead', 'kafka-leader-election.sh '],
      ['--el', 'kafka-leader-election.sh --election-type '],
    ],
    misspelt: (command) => command.replace('--describe', '--descrbe'),
  },
});
