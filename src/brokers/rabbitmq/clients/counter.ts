/** Numbers for messages, dense over the run, whoever publishes. */
import type { MessageId } from '../../../sim/trace.ts';

export interface MessageCounter {
  next: MessageId;
}
