/** What RabbitMQ's driver asks of a way to start it, beside what any driver does. */
import type { Installation, Starter } from '../installation.ts';

export interface RabbitmqStarter extends Starter {
  /**
   * Runs `rabbitmqctl` on a node, as its administrator.
   * @param node its name in scenarios
   * @returns what it printed
   * @throws Error with what it printed when it failed
   */
  administer(installation: Installation, node: string, args: readonly string[]): Promise<string>;
}
