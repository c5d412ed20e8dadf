/** What the drawing of replicas says in words, and the whole of it for those who cannot see it. Pure. */
import type {
  LogEntryView,
  NodeView,
  QuorumReplicaView,
  QuorumView,
  RabbitmqView,
} from '../../../../brokers/rabbitmq/view-types.ts';
import { keyWords } from '../../kafka/look.ts';
import { shortSeconds } from '../../words.ts';
import { consumerWords, count, nodeLabel, publisherWords } from '../words.ts';

/** What went with a node, and was in no other's log or on no disk. */
export function isLost({ gone }: LogEntryView): boolean {
  return gone === 'node-crashed';
}

export interface StatusWords {
  /** The longest first. */
  readonly texts: readonly string[];
  readonly bad: boolean;
}

/** How a queue stands: who leads it, and whether it can be used. */
export function statusWords({ type, leader, term, connected, majority, replicas }: QuorumView): StatusWords {
  if (type === 'classic') {
    const home = nodeLabel(replicas[0]?.node ?? '').toLowerCase();
    return leader === null
      ? { texts: [`its only node, ${home}, is down`, 'its only node is down'], bad: true }
      : { texts: [`lives on ${home} alone`], bad: false };
  }
  const of = `${connected} of ${replicas.length}`;
  if (leader === null)
    return connected < majority
      ? { texts: [`no leader: ${of} replicas, ${majority} needed`, `${of}, needs ${majority}`], bad: true }
      : { texts: ['no leader: an election is on', 'an election is on'], bad: true };
  if (connected < majority)
    return {
      texts: [`no majority: ${of} replicas, ${majority} needed`, `${of}, needs ${majority}`],
      bad: true,
    };
  const led = `led by ${nodeLabel(leader).toLowerCase()} in term ${term}`;
  return { texts: [`${led}, ${of} replicas in touch`, led, `term ${term}`], bad: false };
}

export function nodeNotes(node: NodeView, queues: readonly QuorumView[]): readonly [string, string] {
  const leads = queues.filter(({ leader, type }) => leader === node.id && type !== 'classic').length;
  const state =
    node.state === 'running'
      ? node.alarms[0] === undefined
        ? 'running'
        : `${node.alarms[0]} alarm`
      : node.state;
  const since =
    node.state === 'running'
      ? leads > 0
        ? `leads ${count(leads, 'queue')}`
        : ''
      : `at ${shortSeconds(node.since)}`;
  return [state, since];
}

/** The longest first. */
export function replicaWords(queue: QuorumView, replica: QuorumReplicaView): readonly string[] {
  if (!replica.up) return ['its node is down', 'down'];
  if (!replica.reachable) return ['cut off from the leader', 'cut off'];
  if (queue.type === 'classic') return ['the only copy'];
  if (replica.role === 'leader') return ['leader'];
  const behind = queue.logEnd - replica.logEnd;
  return behind > 0 ? [`follower, ${behind} behind`, `${behind} behind`] : ['follower'];
}

export function entryWords(queue: QuorumView, replica: QuorumReplicaView, entry: LogEntryView): string {
  const parts = [
    `${queue.queue} on ${nodeLabel(replica.node).toLowerCase()}, number ${entry.index}`,
    keyWords(entry.key),
  ];
  if (queue.type !== 'classic') parts.push(`term ${entry.term}`);
  if (queue.type !== 'classic' && entry.index >= queue.commitIndex) parts.push('not committed');
  if (!entry.confirmed) parts.push('not confirmed');
  if (isLost(entry)) parts.push('lost with its node');
  else if (entry.gone !== null) parts.push(entry.gone);
  return parts.join(', ');
}

export function summary(view: RabbitmqView): string {
  const queues = (view.quorum ?? []).map((queue) => {
    const { texts } = statusWords(queue);
    const replicas = queue.replicas.map((replica) => {
      const words = replicaWords(queue, replica)[0] ?? '';
      return `${nodeLabel(replica.node)}: ${words}, ${count(replica.logEnd, 'message')} in its log`;
    });
    const committed = queue.type === 'classic' ? '' : `, ${queue.commitIndex} of them committed`;
    return `Queue ${queue.queue} (${queue.type}), ${texts[0]}${committed}: ${replicas.join('; ')}. ${queue.ready} ready, ${queue.unacked} owed.`;
  });
  const publishers = view.publishers.map((publisher) => {
    const { notes } = publisherWords(publisher);
    return `${publisher.label}: ${notes.filter(Boolean).join(', ')}`;
  });
  const consumers = view.consumers.map((consumer) => `${consumer.label}: ${consumerWords(consumer).note}`);
  const down = view.nodes
    .filter(({ state }) => state !== 'running')
    .map(({ id, state }) => `${nodeLabel(id)} ${state}`);
  return [
    ...queues,
    publishers.length > 0 ? `${publishers.join('; ')}.` : '',
    consumers.length > 0 ? `${consumers.join('; ')}.` : '',
    down.length > 0 ? `${down.join('; ')}.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}
