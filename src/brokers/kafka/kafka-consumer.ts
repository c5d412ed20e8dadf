/** The library: KafkaConsumer (K-5, K-49, K-50, K-67 to K-74, K-79 to K-89). */
import type { Port } from '../../sim/kernel.ts';
import type { ConsumerApp, ConsumerOptions, Offsets, SeekTarget } from './consumer-api.ts';
import type { GroupMetadata } from './producer-api.ts';
import type { Reply } from './protocol.ts';

export class ConsumerLibrary {
  protected readonly port: Port;
  protected readonly options: ConsumerOptions;
  protected readonly app: ConsumerApp;

  /** @param app what the library tells; an actor that lives as long as the library */
  constructor(port: Port, options: ConsumerOptions, app: ConsumerApp) {
    this.port = port;
    this.options = options;
    this.app = app;
  }

  /** The process began: nothing of an earlier life is left. The application calls {@link poll} when it likes. */
  start(): void {}

  /** @returns whether it was the answer to a request of its own */
  receive(correlation: number, reply: Reply): boolean {
    void [correlation, reply];
    return false;
  }

  /** @returns whether the timer was its own */
  wake(timer: string, data: unknown): boolean {
    void [timer, data];
    return false;
  }

  /** The connection to a broker broke. */
  disconnected(peer: string): void {
    void peer;
  }

  // What the application calls.

  /** `poll()`: {@link ConsumerApp.polled} is its return; it waits as long as there is nothing. */
  poll(): void {}

  /** K-72: `commitSync()`; {@link ConsumerApp.committed} is its return. @param offsets left out: the positions */
  commitSync(offsets?: Offsets): void {
    void offsets;
  }

  /** The application's onPartitionsRevoked() returned. */
  revocationDone(): void {}

  /** The partitions that it has now. */
  get assignment(): readonly string[] {
    return [];
  }

  get paused(): readonly string[] {
    return [];
  }

  /** The next offset that poll() returns, of every partition where it is known (K-70). */
  positions(): [string, number][] {
    return [];
  }

  /** Records behind the high watermark, or the last stable offset for read_committed; null before the first fetch. */
  currentLag(place: string): number | null {
    void place;
    return null;
  }

  /** What `sendOffsetsToTransaction()` says of the member (K-48). */
  groupMetadata(): GroupMetadata {
    return { group: this.options.group, memberId: '', instanceId: null, generation: -1 };
  }

  /** Offsets that a transaction carried are committed (K-48): as if it had committed them itself, for the trace. */
  committedByTransaction(offsets: Offsets): void {
    void offsets;
  }

  /** K-70: `seek()`; partitions that it does not have are passed over. */
  seek(to: SeekTarget, places: readonly string[]): void {
    void [to, places];
  }

  /** `pause()`: the partitions stay its own, and nothing of them is returned. */
  pause(places: readonly string[]): void {
    void places;
  }

  resume(places: readonly string[]): void {
    void places;
  }

  /** `close()`: K-71, K-74, K-84; {@link ConsumerApp.closed} is its return. Ends a poll() that waits. */
  close(): void {}
}
