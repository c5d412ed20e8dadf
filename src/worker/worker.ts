/** The one Web Worker of a page: it runs every simulation that the page shows. What it does is {@link Host}'s matter. */
import { Host } from './host.ts';

const scope = self as unknown as {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
};

const host = new Host(
  (answer) => scope.postMessage(answer),
  (work) => void setTimeout(work, 0),
);
scope.addEventListener('message', (event) => host.receive(event.data));
scope.postMessage({ type: 'ready' });
