/** How a consumer finds the position that it begins at: committed offset, reset policy, seek (K-5, K-69, K-70). */
import { fromMs, type Micros } from '../../sim/time.ts';
import type { ConsumerCore } from './consumer-core.ts';
import { saysMetadataIsOld } from './exceptions.ts';
import type { FetchedPartition, ReplyTo } from './protocol.ts';
import type { Lookup, PartitionState } from './subscription.ts';

type At = 'earliest' | 'latest' | Micros;

export class PositionFinder {
  private readonly core: ConsumerCore;

  constructor(core: ConsumerCore) {
    this.core = core;
  }

  /** Asks for every position that is not known: of the coordinator what is committed, of leaders the rest. */
  find(): void {
    const { subscription, port } = this.core;
    const now = port.now();
    const committed: Lookup[] = [];
    const listed: Lookup[] = [];
    for (const partition of subscription.all()) {
      const { position, asked, finding, notBefore } = partition;
      if (position !== null || asked) continue;
      if (notBefore > now) this.core.lookAt(notBefore);
      else (finding.kind === 'committed' ? committed : listed).push({ partition, finding });
    }
    if (listed.length > 0) this.list(listed);
    if (committed.length > 0) this.fetchCommitted(committed);
  }

  private fetchCommitted(lookups: readonly Lookup[]): void {
    const { network, options } = this.core;
    const coordinator = network.readyCoordinator();
    if (coordinator === null) return;
    for (const { partition } of lookups) partition.asked = true;
    network.send(
      coordinator,
      {
        api: 'OffsetFetch',
        group: options.group,
        places: lookups.map(({ partition }) => partition.place),
        // K-48: whatever its isolation level, so that it never takes over what a transaction is about to move.
        requireStable: true,
      },
      { kind: 'lookup', lookups },
    );
  }

  private list(lookups: readonly Lookup[]): void {
    const { network, options, port } = this.core;
    const policy = options.config['auto.offset.reset'];
    const resets = lookups.filter(({ finding }) => finding.kind === 'reset');
    if (policy === 'none' && resets.length > 0) {
      const places = resets.map(({ partition }) => partition.place).join(', ');
      this.core.die(
        'NoOffsetForPartitionException',
        `Undefined offset with no reset policy for partitions: [${places}]`,
      );
      return;
    }
    // One request to each leader for each moment that is asked for.
    const requests = new Map<string, { to: string; at: At; lookups: Lookup[] }>();
    for (const lookup of lookups) {
      const { partition, finding } = lookup;
      const to = network.leaderOf(partition.place)?.leader ?? null;
      if (to === null) {
        this.leave(partition);
        continue;
      }
      if (!network.ready(to)) continue;
      let at: At = 'latest';
      if (finding.kind === 'seek') ({ at } = finding);
      else if (finding.kind === 'reset' && !finding.toEnd) at = resetTo(policy, port.clock());
      const key = `${to} ${at}`;
      const request = requests.get(key);
      if (request) request.lookups.push(lookup);
      else requests.set(key, { to, at, lookups: [lookup] });
    }
    for (const { to, at, lookups: together } of requests.values()) {
      for (const { partition } of together) partition.asked = true;
      const places = together.map(({ partition }) => partition.place);
      network.send(
        to,
        { api: 'ListOffsets', places, at, isolation: options.config['isolation.level'] },
        { kind: 'lookup', lookups: together },
      );
    }
  }

  foundCommitted({ error, offsets }: ReplyTo<'OffsetFetch'>, lookups: readonly Lookup[]): void {
    const { network, subscription } = this.core;
    if (error !== 'NONE') {
      network.coordinatorFailed(error);
      // Also where a transaction holds offsets of these partitions (K-48): its end is awaited.
      this.failed(lookups);
      return;
    }
    const found = new Map(offsets);
    for (const lookup of lookups) {
      if (!subscription.wants(lookup)) continue;
      const { partition } = lookup;
      const offset = found.get(partition.place) ?? -1;
      if (offset < 0) subscription.find(partition, { kind: 'reset', outOfRange: false, toEnd: false });
      else {
        partition.committed = offset;
        this.positionAt(partition, offset, 'committed');
      }
    }
  }

  listed({ offsets }: ReplyTo<'ListOffsets'>, lookups: readonly Lookup[]): void {
    const { network, subscription } = this.core;
    const found = new Map(offsets.map(({ place, error, offset }) => [place, { error, offset }]));
    for (const lookup of lookups) {
      if (!subscription.wants(lookup)) continue;
      const { partition, finding } = lookup;
      partition.asked = false;
      const { error, offset } = found.get(partition.place) ?? {
        error: 'UNKNOWN_TOPIC_OR_PARTITION',
        offset: -1,
      };
      if (error !== 'NONE') {
        if (saysMetadataIsOld(error)) network.refresh();
        this.leave(partition);
      } else if (offset < 0) {
        // Nothing is so young: it goes on at the end.
        subscription.find(
          partition,
          finding.kind === 'reset' ? { ...finding, toEnd: true } : { kind: 'seek', at: 'latest' },
        );
      } else this.positionAt(partition, offset, finding.kind === 'seek' ? 'seek' : 'reset');
    }
  }

  /** The answer did not come, or there was none to give: asks again after a pause. */
  failed(lookups: readonly Lookup[]): void {
    for (const lookup of lookups) {
      if (!this.core.subscription.wants(lookup)) continue;
      lookup.partition.asked = false;
      this.leave(lookup.partition);
    }
  }

  /** Leaves a partition alone for a while. */
  leave(partition: PartitionState): void {
    const { network, port } = this.core;
    partition.notBefore = port.now() + network.backoff(1);
    this.core.lookAt(partition.notBefore);
    if (!network.leaderOf(partition.place)?.leader) network.refresh();
  }

  /**
   * K-9, KIP-320: the leader's log parts from what this consumer has read: what it read last has been truncated since.
   * With a reset policy it goes back to where the two part; without one that is for the application to decide.
   */
  diverged(
    partition: PartitionState,
    { epoch, endOffset }: NonNullable<FetchedPartition['diverging']>,
  ): void {
    const { options, subscription } = this.core;
    const { place, position } = partition;
    if (position === null) return;
    if (endOffset >= position) {
      partition.lastEpoch = epoch;
      return;
    }
    if (options.config['auto.offset.reset'] === 'none') {
      this.core.die(
        'LogTruncationException',
        `what was read of ${place} below ${position} is gone from the log from ${Math.max(0, endOffset)} on, and auto.offset.reset is none`,
      );
      return;
    }
    subscription.find(partition, { kind: 'reset', outOfRange: true, toEnd: false });
    if (epoch < 0 || endOffset < 0) return;
    this.positionAt(partition, endOffset, 'reset');
    partition.lastEpoch = epoch;
  }

  positionAt(partition: PartitionState, position: number, by: 'committed' | 'reset' | 'seek'): void {
    const { port, options, subscription } = this.core;
    const { place, finding } = partition;
    const outOfRange = finding.kind === 'reset' && finding.outOfRange;
    const time = finding.kind === 'seek' && typeof finding.at === 'number' ? finding.at : null;
    const takeover = by === 'committed' && !subscription.ownedBefore.includes(place);
    partition.position = position;
    partition.asked = false;
    port.emit({
      kind: 'positioned',
      client: options.client,
      group: options.group,
      place,
      position,
      by,
      ...(takeover && { takeover }),
      ...(outOfRange && { outOfRange }),
      ...(time !== null && { time }),
      ...(options.config['isolation.level'] === 'read_committed' && { committedOnly: true }),
    });
  }
}

/** What `auto.offset.reset` asks a leader for. @param clock what the consumer takes the time to be */
function resetTo(policy: string, clock: Micros): At {
  if (policy === 'earliest' || policy === 'latest') return policy;
  return Math.max(0, clock - durationMicros(policy.slice('by_duration:'.length)));
}

/** An ISO-8601 duration of days, hours, minutes and seconds: `P1DT2H3M4.5S`. */
export function durationMicros(text: string): Micros {
  const [, days, hours, minutes, seconds] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text) ?? [];
  const minutesAll = (Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes ?? 0);
  return fromMs((minutesAll * 60 + Number(seconds ?? 0)) * 1000);
}
