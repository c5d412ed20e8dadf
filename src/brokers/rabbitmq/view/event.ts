/** One kind of the trace's events. */
import type { TraceEvent } from '../../../sim/trace.ts';

export type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;
