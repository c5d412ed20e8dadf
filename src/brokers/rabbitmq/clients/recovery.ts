/**
 * What automatic recovery asks for on a connection that is open again, in the order of the Java client: channels with their
 * own settings, what was declared, consumers.
 */
import type { ClientFrame } from '../protocol.ts';
import type { Channel, ConsumeFrame } from './channel.ts';
import type { Topology } from './topology.ts';

export const STEPS = ['channels', 'queues', 'bindings', 'consumers'] as const;
export type Step = (typeof STEPS)[number];

export interface RecoveryCall {
  readonly channel: Channel;
  readonly frame: ClientFrame;
  /** The name that a queue had which is declared again: a server-named one gets another. */
  readonly was: string | null;
}

/** @param again what is asked for instead of a consumer that was there */
export function callsOf(
  step: Step,
  channels: readonly Channel[],
  topology: Topology,
  again: { consumeAgain(consume: ConsumeFrame): ConsumeFrame },
): RecoveryCall[] {
  switch (step) {
    case 'channels':
      return channels.flatMap((channel) => settings(channel).map((frame) => ({ channel, frame, was: null })));
    case 'queues':
    case 'bindings': {
      // One channel will do for them all.
      const channel = channels[0];
      if (!channel) return [];
      const on = { channel: channel.number };
      if (step === 'bindings')
        return topology
          .bindingDeclarations()
          .map((frame) => ({ channel, frame: { ...frame, ...on }, was: null }));
      return [
        ...topology
          .exchangeDeclarations()
          .map((frame) => ({ channel, frame: { ...frame, ...on }, was: null })),
        ...topology.queueDeclarations().map(([was, frame]) => ({ channel, frame: { ...frame, ...on }, was })),
      ];
    }
    case 'consumers':
      return channels.flatMap((channel) =>
        [...channel.consumers.values()].map((consume) => ({
          channel,
          frame: again.consumeAgain(consume),
          was: null,
        })),
      );
  }
}

/** what is set on a channel before anything is done on it. */
function settings({ number: channel, qos, globalQos, confirms, transactional }: Channel): ClientFrame[] {
  const frames: ClientFrame[] = [{ method: 'channel.open', channel }];
  if (qos) frames.push(qos);
  if (globalQos) frames.push(globalQos);
  if (confirms) frames.push({ method: 'confirm.select', channel });
  if (transactional) frames.push({ method: 'tx.select', channel });
  return frames;
}
