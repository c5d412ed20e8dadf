/** An administrator's client: it makes a run's topics, and takes away what the run has made. */
import { Host, type Answer } from './host.ts';

const TIMEOUT_MS = 10_000;
const ADMIN = 'administrator';

export interface Version {
  /** `4.4`: what the cluster has agreed on. */
  readonly release: string;
  readonly nodes: number;
  /** The client library's own, `4.4.0`. */
  readonly client: string;
  readonly java: string;
}

/** `bootstrap.servers` of where clients connect. */
export function bootstrap(urls: readonly string[]): string {
  return urls.map((url) => new URL(url).host).join(',');
}

export class Administrator {
  /** Other clients may share its process. */
  readonly host: Host;

  private constructor(host: Host) {
    this.host = host;
  }

  static async open(urls: readonly string[]): Promise<Administrator> {
    const host = await Host.start();
    const config = {
      'bootstrap.servers': bootstrap(urls),
      'request.timeout.ms': TIMEOUT_MS,
      'default.api.timeout.ms': TIMEOUT_MS,
    };
    try {
      await host.ask(ADMIN, 'open-admin', { config });
    } catch (error) {
      host.kill();
      throw error;
    }
    return new Administrator(host);
  }

  /** @throws KafkaError with the broker's refusal, or when nobody answers */
  ask(what: string, more: object = {}): Promise<Answer> {
    return this.host.ask(ADMIN, what, more);
  }

  async version(): Promise<Version> {
    return (await this.ask('version')) as unknown as Version;
  }

  end(): void {
    this.host.kill();
  }
}
