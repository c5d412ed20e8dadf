/** When a broker's request thread and its network card, each doing one thing after another, are done with something. */
import type { Micros } from '../../sim/time.ts';
import type { Costs } from './config.ts';
import type { Reply, Request } from './protocol.ts';

export class Work {
  private readonly costs: Costs;
  /** When the request thread, and the network card each way, are free again. */
  private threadFreeAt: Micros = 0;
  private inFreeAt: Micros = 0;
  private outFreeAt: Micros = 0;

  constructor(costs: Costs) {
    this.costs = costs;
  }

  /** A process that begins has nothing to do. */
  reset(now: Micros): void {
    this.threadFreeAt = now;
    this.inFreeAt = now;
    this.outFreeAt = now;
  }

  /** A request has come. @returns when its work is done */
  request(request: Request, now: Micros, slowness: number): Micros {
    const { requestMicros, appendMicros, networkBytesPerSecond, diskBytesPerSecond } = this.costs;
    let micros = requestMicros;
    let arrived = now;
    if (request.api === 'Produce') {
      micros += appendMicros * request.batches.length;
      if (networkBytesPerSecond !== null || diskBytesPerSecond !== null) {
        const bytes = sizeOf(request.batches);
        if (networkBytesPerSecond !== null)
          arrived = this.inFreeAt = Math.max(this.inFreeAt, now) + seconds(bytes, networkBytesPerSecond);
        if (diskBytesPerSecond !== null) micros += seconds(bytes, diskBytesPerSecond);
      }
    }
    this.threadFreeAt = Math.max(this.threadFreeAt, Math.round(arrived)) + Math.round(micros * slowness);
    return this.threadFreeAt;
  }

  /**
   * Counts what consumers and followers fetch; of share fetches the model knows no sizes.
   * @returns how long it takes until a reply has left: 0 where that is not counted
   */
  reply(reply: Reply, now: Micros): Micros {
    const { networkBytesPerSecond } = this.costs;
    if (networkBytesPerSecond === null) return 0;
    const bytes =
      reply.api === 'Fetch' ? reply.partitions.reduce((sum, { batches }) => sum + storedSize(batches), 0) : 0;
    this.outFreeAt = Math.max(this.outFreeAt, now) + seconds(bytes, networkBytesPerSecond);
    return Math.round(this.outFreeAt) - now;
  }
}

function seconds(bytes: number, perSecond: number): number {
  return (bytes * 1_000_000) / perSecond;
}

function sizeOf(batches: readonly { readonly sizes: readonly number[] }[]): number {
  let sum = 0;
  for (const { sizes } of batches) for (const size of sizes) sum += size;
  return sum;
}

function storedSize(batches: readonly { readonly bytes: number }[]): number {
  let sum = 0;
  for (const { bytes } of batches) sum += bytes;
  return sum;
}
