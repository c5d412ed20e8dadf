/** The page's one client: the only place that makes a Worker. Import it in islands; nothing starts until it is asked. */
import { Client, type WorkerLike } from './client.ts';

let client: Client | null = null;

/** The simulator of this page. Call it in the browser only. */
export function simulator(): Client {
  client ??= new Client(
    () =>
      new Worker(new URL('../worker/worker.ts', import.meta.url), {
        type: 'module',
        name: 'simulator',
      }) as unknown as WorkerLike,
    {
      every(ms, callback) {
        const timer = setInterval(callback, ms);
        return () => clearInterval(timer);
      },
    },
  );
  return client;
}
