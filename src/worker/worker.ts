/** The one Web Worker of a page: it runs every simulation that the page shows. What it does is {@link Host}'s matter. */
import { Host } from './host.ts';

const scope = self as unknown as {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
};

/** What is to go on once messages were received. A message of its own, for timers that follow one another are made to wait. */
const turns = new MessageChannel();
const waiting: (() => void)[] = [];
turns.port1.onmessage = () => waiting.shift()?.();

const host = new Host(
  (answer) => scope.postMessage(answer),
  (work) => {
    waiting.push(work);
    turns.port2.postMessage(null);
  },
);
scope.addEventListener('message', (event) => host.receive(event.data));
scope.postMessage({ type: 'ready' });
