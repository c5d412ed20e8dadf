/**
 * The group coordinator of one partition of `__consumer_offsets` (K-75): which groups belong there, what kind each is
 * (classic, consumer, share), and the offsets that they have committed.
 */
import type { Micros } from '../../../sim/time.ts';
import type { CoordinatorShard, ShardContext, ShardEffects } from '../coordinator-shard.ts';
import type { GroupDescription, Reply, Request } from '../protocol.ts';

export class GroupShard implements CoordinatorShard {
  private readonly context: ShardContext;

  constructor(context: ShardContext) {
    this.context = context;
  }

  handle(_request: Request, _from: string, _correlation: number, _now: Micros, _fx: ShardEffects): void {}

  timer(_timer: string, _data: unknown, _now: Micros, _fx: ShardEffects): void {}

  answered(_context: unknown, _reply: Reply | null, _now: Micros, _fx: ShardEffects): void {}

  replay(_key: string, _value: object | null): void {}

  loaded(_now: Micros, _fx: ShardEffects): void {}

  imageChanged(_now: Micros, _fx: ShardEffects): void {}

  /** What ListGroups says of the groups of this partition. */
  list(): readonly Pick<GroupDescription, 'group' | 'type' | 'state'>[] {
    return [];
  }
}
