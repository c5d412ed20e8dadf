/**
 * What becomes of one partition when brokers come and go or its leader asks for another ISR: who leads it (K-60, K-61),
 * its ISR (K-62), and who may lead it beside the ISR (K-63). A pure function of what is and what happens.
 */
import type { PartitionImage } from './cluster-image.ts';

export type Election =
  /** Gives the partition back to its preferred leader where that may lead (K-64). */
  | 'preferred'
  /** Keeps the partition led, by somebody who has all that was confirmed. */
  | 'online'
  /** Keeps it led, by somebody who may not have it if need be (K-61). */
  | 'unclean';

/** What entitles the new leader: from `last-known` on, what was confirmed may be lost by it. */
export type Entitlement = 'isr' | 'elr' | 'last-known' | 'unclean';

export interface PartitionEvent {
  readonly election: Election;
  /** The ISR that is wanted; an election may still change it. */
  readonly isr: readonly string[];
  /** A replica whose broker died without stopping in good order: the ELR cannot count on it (K-63). */
  readonly uncleanShutdown: string | null;
  /** K-57. */
  readonly effectiveMinIsr: number;
  /** Whether eligible leader replicas are on (K-63). */
  readonly elrEnabled: boolean;
  /** Whether a broker can lead now: registered, not fenced, not about to stop. */
  readonly mayLead: (node: string) => boolean;
}

export interface PartitionChange {
  readonly partition: PartitionImage;
  /** Who led when the ISR became empty, while nobody leads (K-60). */
  readonly lastKnownLeader: string | null;
  /** Null where the leader stays, or nobody was found. */
  readonly entitlement: Entitlement | null;
}

interface Candidate {
  readonly node: string;
  readonly entitlement: Entitlement;
}

/** @returns null when nothing changes */
export function changePartition(
  partition: PartitionImage,
  lastKnownLeader: string | null,
  event: PartitionEvent,
): PartitionChange | null {
  const { elrEnabled } = event;
  let elr = targetElr(partition, event);
  const elected = elect(partition, lastKnownLeader, event, elr);
  const leader = elected?.node ?? null;
  const leaderChanges = leader !== partition.leader;
  let { isr } = event;
  if (elected && leaderChanges && !isr.includes(elected.node)) {
    isr = [elected.node];
    elr = lossy(elected.entitlement) ? [] : elr.filter((node) => node !== elected.node);
  }
  // K-62: without ELR the last member stays.
  if (isr.length === 0 && !elrEnabled) ({ isr } = partition);
  const isrChanges = !same(isr, partition.isr);
  let known = lastKnownLeader;
  if (elrEnabled) {
    if (isrChanges && isr.length === 0) known = partition.leader;
    else if (leader !== null) known = null;
  }
  if (!leaderChanges && !isrChanges && same(elr, partition.elr) && known === lastKnownLeader) return null;
  return {
    partition: Object.freeze({
      ...partition,
      isr: isrChanges ? Object.freeze([...isr]) : partition.isr,
      elr: same(elr, partition.elr) ? partition.elr : Object.freeze(elr),
      leader,
      leaderEpoch: partition.leaderEpoch + (leaderChanges ? 1 : 0),
      partitionEpoch: partition.partitionEpoch + 1,
    }),
    lastKnownLeader: known,
    entitlement: leaderChanges ? (elected?.entitlement ?? null) : null,
  };
}

/** K-60, K-61: whether a leader so entitled may lack what was confirmed. */
export function lossy(entitlement: Entitlement): boolean {
  return entitlement === 'last-known' || entitlement === 'unclean';
}

/** K-63, in the order of the assigned replicas. */
function targetElr(
  { replicas, isr, elr }: PartitionImage,
  { isr: wanted, uncleanShutdown, effectiveMinIsr, elrEnabled }: PartitionEvent,
): string[] {
  if (!elrEnabled || wanted.length >= effectiveMinIsr) return [];
  return replicas.filter(
    (node) =>
      (isr.includes(node) || elr.includes(node)) && !wanted.includes(node) && node !== uncleanShutdown,
  );
}

/** K-60. */
function elect(
  { replicas, leader }: PartitionImage,
  lastKnownLeader: string | null,
  { election, isr, elrEnabled, mayLead }: PartitionEvent,
  elr: readonly string[],
): Candidate | null {
  const entitled = isr.length > 0 ? isr : elr;
  const entitlement = isr.length > 0 ? 'isr' : 'elr';
  const valid = (node: string): boolean => entitled.includes(node) && mayLead(node);
  const [preferred] = replicas;
  if (election === 'preferred' && preferred !== undefined && valid(preferred))
    return { node: preferred, entitlement };
  const node = leader !== null && valid(leader) ? leader : replicas.find(valid);
  if (node !== undefined) return { node, entitlement };
  if (elrEnabled && entitled.length === 0 && lastKnownLeader !== null && mayLead(lastKnownLeader))
    return { node: lastKnownLeader, entitlement: 'last-known' };
  const any = election === 'unclean' ? replicas.find(mayLead) : undefined;
  return any === undefined ? null : { node: any, entitlement: 'unclean' };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((node, i) => node === b[i]);
}
