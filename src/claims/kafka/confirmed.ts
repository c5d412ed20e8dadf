/** Records that were confirmed, for claims about what every reader has in the end. */
import type { TraceEvent } from '../../sim/trace.ts';
import type { SeenByReader } from '../seen.ts';

export class Confirmed {
  private records = new Map<number, TraceEvent>();

  on(event: TraceEvent): void {
    if (event.kind === 'publish-confirmed') this.records.set(event.message, event);
  }

  /** The first confirmed record that some reader lacks, the event that confirmed it, and the reader. */
  missing(seen: SeenByReader): { event: TraceEvent; message: number; reader: string } | undefined {
    for (const [message, event] of this.records) {
      const reader = seen.missing(message);
      if (reader !== undefined) return { event, message, reader };
    }
    return undefined;
  }
}
