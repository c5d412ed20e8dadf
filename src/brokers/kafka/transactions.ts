/** The transaction coordinator of one partition of `__transaction_state` (K-43 to K-46). */
import type { Micros } from '../../sim/time.ts';
import type { CoordinatorShard, ShardContext, ShardEffects } from './coordinator-shard.ts';
import type { Reply, Request } from './protocol.ts';

export class TransactionShard implements CoordinatorShard {
  private readonly context: ShardContext;

  constructor(context: ShardContext) {
    this.context = context;
  }

  handle(_request: Request, _from: string, _correlation: number, _now: Micros, _fx: ShardEffects): void {
    void this.context;
  }

  timer(_timer: string, _data: unknown, _now: Micros, _fx: ShardEffects): void {}

  answered(_context: unknown, _reply: Reply | null, _now: Micros, _fx: ShardEffects): void {}

  replay(_key: string, _value: object | null): void {}

  loaded(_now: Micros, _fx: ShardEffects): void {}

  imageChanged(_now: Micros, _fx: ShardEffects): void {}
}
