/** What is told of a member that comes to poll() too late (K-73). No exception tells of it: its client writes it to its log. */
import type { EventBody } from '../../sim/trace.ts';

/** @param silent a static member of the classic protocol: it leaves nothing, and its session decides */
export function latePoll(client: string, maxPollIntervalMs: number, silent = false): EventBody {
  return {
    kind: 'error',
    client,
    code: 'max.poll.interval.ms',
    detail: `no poll() for ${maxPollIntervalMs} ms: the background thread ${
      silent ? 'sends no more heartbeats' : 'takes this member out of the group'
    }`,
  };
}
