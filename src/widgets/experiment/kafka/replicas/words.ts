/** What the drawing of replicas says: of brokers, copies, cells and as a whole. Pure. */
import type {
  KafkaView,
  LostCell,
  NodeView,
  ProducerView,
  ReplicaCell,
  ReplicaView,
  ReplicatedView,
} from '../../../../brokers/kafka/view-types.ts';
import { displayName } from '../../../../sim/names.ts';
import { shortSeconds } from '../../words.ts';
import { keyWords } from '../look.ts';
import { partitionName } from '../words.ts';

export type Tone = 'plain' | 'waiting' | 'fault';

/** `2` for `broker-2`: what a chip has room for. */
export function brokerNumber(node: string): string {
  return node.slice(node.lastIndexOf('-') + 1);
}

export function list(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

/** @returns what stands below a broker's name: its state, and what there is to say of it */
export function nodeNotes(node: NodeView, leads: number): readonly [string, string] {
  const { state, fenced } = node;
  const since = shortSeconds(node.since);
  switch (state) {
    case 'running':
      return fenced ? ['starting', 'fenced still'] : ['up', leads > 0 ? `leads ${leads}` : 'leads none'];
    case 'paused':
      return fenced ? ['paused', 'fenced'] : [`paused at ${since}`, 'not noticed yet'];
    // The controller counts it out when its session has run out, and not before (K-65).
    case 'crashed':
      return fenced ? ['crashed', `fenced at ${since}`] : [`crashed at ${since}`, 'not noticed yet'];
    case 'stopped':
      return [fenced ? 'stopped' : `stopped at ${since}`, fenced ? 'fenced' : ''];
  }
}

export function producerNote({ state, published, confirmed, failed }: ProducerView): string {
  if (state === 'crashed' || state === 'paused' || state === 'closed') return state;
  return failed > 0 ? `${confirmed} confirmed, ${failed} failed` : `${confirmed} of ${published} confirmed`;
}

/** How far a copy is from its leader's log end. */
export function behind(partition: ReplicatedView, { logEnd }: ReplicaView): number {
  return Math.max(0, partition.logEnd - logEnd);
}

/** What stands above a copy, the longest first. */
export function copyWords(partition: ReplicatedView, replica: ReplicaView): readonly string[] {
  const { role, inIsr, up, cells } = replica;
  if (role === 'leader') {
    const epoch = `epoch ${partition.leaderEpoch}`;
    return up
      ? [`leader, ${epoch}`, 'leader']
      : [`leader still, ${epoch}: down`, `leader, ${epoch}: down`, 'leader, down'];
  }
  const far = behind(partition, replica);
  const lag = far > 0 ? `, ${far} behind` : '';
  const parted = cells.filter(({ diverged }) => diverged).length;
  const apart = parted > 0 ? `, ${parted} not the leader’s` : lag;
  if (!up)
    return inIsr ? ['down, still in the ISR', 'down, in ISR'] : [`down, out of the ISR${apart}`, 'down'];
  return inIsr ? [`in sync${apart}`, 'in sync'] : [`out of sync${apart}`, 'out of sync', 'out'];
}

/** Who in the ISR has not got what the high watermark waits for (K-52, K-59). */
export function awaited(partition: ReplicatedView): readonly string[] {
  const { isr, replicas, leader, highWatermark, logEnd } = partition;
  if (leader === null || highWatermark >= logEnd) return [];
  return replicas
    .filter(({ node, logEnd: end }) => node !== leader && isr.includes(node) && end <= highWatermark)
    .map(({ node }) => node);
}

/** How a partition fares, the longest first. */
export function statusWords(partition: ReplicatedView): {
  readonly texts: readonly string[];
  readonly tone: Tone;
} {
  const { leader, election, underMinIsr, isr, minIsr, highWatermark, logEnd } = partition;
  if (leader === null) {
    const since = election ? ` since ${shortSeconds(election.at)}` : '';
    return {
      texts: [`no leader${since}: nobody writes, nobody reads`, `no leader${since}`, 'no leader'],
      tone: 'fault',
    };
  }
  if (underMinIsr)
    return {
      texts: [
        `${isr.length} in sync, min.insync.replicas is ${minIsr}: acks=all is refused, nothing more is committed`,
        `${isr.length} in sync of at least ${minIsr}: acks=all is refused`,
        `under min ISR ${minIsr}: no acks=all`,
        'under min ISR',
      ],
      tone: 'fault',
    };
  if (highWatermark < logEnd) {
    const names = awaited(partition).map(brokerNumber);
    return names.length > 0
      ? {
          texts: [
            `offset ${highWatermark} waits for ${names.length > 1 ? 'brokers' : 'broker'} ${list(names)}`,
            `${highWatermark} waits for ${list(names)}`,
          ],
          tone: 'waiting',
        }
      : {
          texts: [
            `offset ${highWatermark} is copied: the leader hears of it with the next fetch`,
            `${highWatermark} is copied, not told`,
          ],
          tone: 'waiting',
        };
  }
  if (election && !election.clean) {
    const at = shortSeconds(election.at);
    return {
      texts: [`unclean election of broker ${brokerNumber(leader)} at ${at}`, `unclean at ${at}`],
      tone: 'fault',
    };
  }
  return {
    texts:
      logEnd === 0 ? ['empty'] : [`all is committed, up to offset ${highWatermark - 1}`, 'all is committed'],
    tone: 'plain',
  };
}

export function cellWords(
  partition: ReplicatedView,
  replica: ReplicaView,
  cell: ReplicaCell,
  gone: boolean,
): string {
  const parts = [
    `${partitionName(partition.place)} offset ${cell.position} on ${displayName(replica.node)}`,
    keyWords(cell.key),
    `epoch ${cell.epoch}`,
  ];
  if (gone) parts.push('cut off');
  else if (cell.diverged) parts.push('not in the leader’s log');
  else parts.push(cell.position < replica.highWatermark ? 'committed' : 'not committed yet');
  if (!cell.confirmed) parts.push('not confirmed');
  return parts.join(', ');
}

export function lostWords(place: string, { position, key, client }: LostCell): string {
  return `${partitionName(place)} offset ${position}, ${keyWords(key)}, confirmed to ${displayName(client)}, and gone`;
}

/** How many confirmed records are gone, and where. */
export function lostCount({ lost, lostTotal }: ReplicatedView): readonly string[] {
  if (lostTotal === 0) return ['nothing'];
  const positions = lost.map(({ position }) => position);
  const [from, to] = [Math.min(...positions), Math.max(...positions)];
  const records = count(lostTotal, 'record');
  if (lost.length < lostTotal)
    return [lost.length > 0 ? `${records}, the last at offset ${to}` : records, records];
  return [`${records}: ${from === to ? `offset ${from}` : `offsets ${from} to ${to}`}`, records];
}

/** The whole drawing in words: its text alternative. */
export function summary(view: KafkaView): string {
  const partitions = view.replicas ?? [];
  const producers = view.producers.map((producer) => `${producer.label}: ${producerNote(producer)}`);
  const nodes = view.nodes.map((node) => {
    const [first, second] = nodeNotes(node, 0);
    const more =
      node.role === 'controller' || second === '' || second.startsWith('leads') ? '' : `, ${second}`;
    return `${displayName(node.id)} ${/ at /.test(first) ? '' : 'is '}${first}${more}`;
  });
  const told = partitions.map((partition) => {
    const { place, leader, leaderEpoch, isr, minIsr, replicas, lostTotal } = partition;
    const copies = replicas.map((replica) => {
      const { cells, truncated, highWatermark, logEnd } = replica;
      const parted = cells.filter(({ diverged }) => diverged).length;
      const cut = truncated ? `, just cut off ${truncated.from} to ${truncated.to - 1}` : '';
      const apart = parted > 0 ? `, ${parted} of them not the leader’s` : '';
      const sync = replica.role === 'leader' ? 'leads' : replica.inIsr ? 'in sync' : 'out of sync';
      return `broker ${brokerNumber(replica.node)} ${sync}, log end ${logEnd}${apart}, high watermark ${highWatermark}${cut}`;
    });
    const led =
      leader === null ? 'no leader' : `led by broker ${brokerNumber(leader)} in epoch ${leaderEpoch}`;
    const lost = lostTotal > 0 ? ` Confirmed, and gone: ${lostCount(partition)[0] ?? ''}.` : '';
    return `${place}, ${led}, ISR ${list(isr.map(brokerNumber)) || 'empty'}, at least ${minIsr}: ${copies.join('; ')}. ${capital(statusWords(partition).texts[0] ?? '')}.${lost}`;
  });
  return [`${producers.join(', ')}.`, `${nodes.join(', ')}.`, ...told]
    .filter((text) => text !== '.')
    .join(' ');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
