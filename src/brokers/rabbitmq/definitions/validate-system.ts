/** Whether the server would take everything that a scenario's system declares. */
import { AmqpError } from '../amqp-error.ts';
import type { RabbitmqSystem } from '../config.ts';
import { Definitions } from '../definitions.ts';

/**
 * Declares it all, in the order in which a run does: exchanges, queues, bindings, policies.
 * @returns one line for each refusal: `system.queues[1].arguments.x-max-length: expected what the server accepts, got …`
 */
export function validateSystem(system: RabbitmqSystem): string[] {
  const definitions = new Definitions(system.version);
  const problems: string[] = [];
  const attempt = (path: string, declare: () => void): void => {
    try {
      declare();
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      const argument = /arg '([^']+)'/.exec(error.text)?.[1];
      const where = argument === undefined ? path : `${path}.arguments.${argument}`;
      problems.push(`${where}: expected what the server accepts, got ${error.message}`);
    }
  };
  system.exchanges.forEach((exchange, i) => {
    attempt(`system.exchanges[${i}]`, () => definitions.declareExchange(exchange));
  });
  system.queues.forEach((queue, i) => {
    attempt(`system.queues[${i}]`, () => definitions.declareQueue({ ...queue, exclusive: false }, 'system'));
  });
  system.bindings.forEach((binding, i) => {
    attempt(`system.bindings[${i}]`, () => definitions.bind(binding, 'system'));
  });
  system.policies.forEach((policy, i) => {
    const problem = definitions.setPolicy(policy);
    if (problem === null) return;
    problems.push(`system.policies[${i}]: expected what rabbitmqctl accepts, got ${problem}`);
  });
  return problems;
}
