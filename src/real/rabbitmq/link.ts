/**
 * A client's connection by amqplib. When it is lost it is opened again after `recoveryMs`, at the next node in order, and
 * the application sets up anew what it had: what the Java client's recovery does, which amqplib leaves to applications.
 */
import type { Channel, ChannelModel } from 'amqplib';
import { destroy, open } from './connect.ts';
import type { Run } from './run.ts';

/** What a node says that stops in good order. */
const FORCED = '320 CONNECTION_FORCED';

/** How long who closes waits for what must come first: as long as the simulated clients do. */
const CLOSE_TIMEOUT_MS = 10_000;

export interface LinkApp {
  /** The connection is open; a channel that is opened here is the application's. */
  opened(model: ChannelModel): Promise<void>;
  /** It is gone, and so are its channels. */
  lost(): void;
}

/** What the server said when it closed a channel or a connection; null for any other error. */
export function serverError(error: unknown): { code: string; detail: string } | null {
  const said = /(\d{3}) \(([A-Z-]+)\) with message "([A-Z_]+ - )?(.*)"/s.exec((error as Error).message);
  if (!said) return null;
  return { code: `${said[1]} ${said[2]!.replaceAll('-', '_')}`, detail: said[4]! };
}

/** Whether a call failed because its channel or connection is no longer there: who closed it says so elsewhere. */
export function isGone(error: unknown): boolean {
  const { name, message } = error as Error;
  return name === 'IllegalOperationError' || /^(Channel|Connection) (ended|closed|closing)/i.test(message);
}

/** For a call that nobody waits for: of what the server said, and of a connection that is gone, the trace was told. */
export function failure(run: Run): (error: unknown) => void {
  return (error) => {
    if (!isGone(error) && !serverError(error)) run.failed(error);
  };
}

/** @returns whether it came to its end, while an application waits that closes */
export function inTime({ agenda }: Run, what: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    what.then(() => true),
    new Promise<false>((resolve) => agenda.in(CLOSE_TIMEOUT_MS, () => resolve(false))),
  ]);
}

export class Link {
  private readonly run: Run;
  private readonly client: { readonly id: string; readonly node: number; readonly recoveryMs: number };
  private readonly app: LinkApp;
  private model: ChannelModel | null = null;
  private attempt = 0;
  private over = false;
  /** Whether its last attempt to connect failed. */
  private failing = false;

  constructor(run: Run, client: Link['client'], app: LinkApp) {
    this.run = run;
    this.client = client;
    this.app = app;
  }

  get isOpen(): boolean {
    return this.model !== null;
  }

  async open(): Promise<void> {
    const { urls, recorder, agenda, route } = this.run;
    const { id, node, recoveryMs } = this.client;
    const index = (node - 1 + this.attempt++) % urls.length;
    const name = `rabbit-${index + 1}`;
    let model: ChannelModel;
    try {
      model = await open(route(id, index));
    } catch (error) {
      if (this.over) return;
      // How often it tries until somebody answers is the machine's matter.
      if (!this.failing)
        recorder.tell({
          kind: 'error',
          client: id,
          code: 'ConnectException',
          detail: `${name}: ${reasonOf(error)}`,
        });
      this.failing = true;
      agenda.in(recoveryMs, () => void this.open().catch(this.run.failed));
      return;
    }
    if (this.over) {
      destroy(model);
      return;
    }
    this.model = model;
    this.failing = false;
    model.on('error', (error: Error) => this.complain(error));
    model.on('blocked', (reason: string) =>
      recorder.tell({ kind: 'publishing-blocked', client: id, reason }),
    );
    model.on('unblocked', () => recorder.tell({ kind: 'publishing-unblocked', client: id }));
    model.on('close', (error?: Error) => {
      if (this.model !== model) return;
      // amqplib tells of every other code by an error.
      if (error && serverError(error)?.code === FORCED) this.complain(error);
      this.model = null;
      recorder.tell({
        kind: 'disconnected',
        client: id,
        node: name,
        why: error ? reasonOf(error) : 'it was closed',
      });
      this.app.lost();
      agenda.in(recoveryMs, () => void this.open().catch(this.run.failed));
    });
    recorder.tell({ kind: 'connected', client: id, node: name });
    try {
      await this.app.opened(model);
    } catch (error) {
      if (!isGone(error) && !serverError(error)) throw error;
    }
  }

  /** Says what the server has complained of, when a channel is closed. */
  watch(channel: Channel, closed: () => void): void {
    channel.on('error', (error: Error) => this.complain(error));
    channel.on('close', closed);
  }

  private complain(error: Error): void {
    const said = serverError(error);
    const { names, recorder } = this.run;
    if (said && !this.over)
      recorder.tell({
        kind: 'error',
        client: this.client.id,
        code: said.code,
        detail: names.inner(said.detail),
      });
  }

  /** The process dies. */
  crash(): void {
    const model = this.end();
    if (model) destroy(model);
  }

  /** In good order, or without a word where nobody answers. */
  async close(): Promise<void> {
    const model = this.end();
    if (model && !(await inTime(this.run, model.close()))) destroy(model);
  }

  private end(): ChannelModel | null {
    const { model } = this;
    this.model = null;
    this.over = true;
    return model;
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'Connection refused';
  return serverError(error)?.code ?? (typeof code === 'string' ? code : message);
}
