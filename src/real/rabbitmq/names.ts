/**
 * Names of a run on a broker that others use too: each exchange and queue has the run's prefix there, and none in what is
 * recorded. A vhost of its own would do it as well, and needs an administrator.
 */
import type { BindingSettings, Table } from '../../brokers/rabbitmq/config.ts';

export class Names {
  readonly prefix: string;

  /** @param run unique among all that use the broker */
  constructor(run: string) {
    this.prefix = `brokerbook-${run}.`;
  }

  /** The name at the broker. The default exchange, the predeclared ones and names that the server makes are everybody's. */
  outer(name: string): string {
    return name === '' || name.startsWith('amq.') ? name : `${this.prefix}${name}`;
  }

  /** The key at the broker: the default exchange goes by the names of queues. */
  outerKey(exchange: string, key: string): string {
    return exchange === '' ? this.outer(key) : key;
  }

  /** The arguments of a declaration, whose values may be names. */
  outerArguments(args: Table): Table {
    const out: Record<string, Table[string]> = { ...args };
    for (const name of ['x-dead-letter-exchange', 'alternate-exchange']) {
      const value = out[name];
      if (typeof value === 'string') out[name] = this.outer(value);
    }
    const key = out['x-dead-letter-routing-key'];
    if (args['x-dead-letter-exchange'] === '' && typeof key === 'string')
      out['x-dead-letter-routing-key'] = this.outer(key);
    return out;
  }

  /** The definition of a policy, whose keys are those of arguments without `x-`. */
  outerDefinition(definition: Table): Table {
    const keys = Object.entries(definition).map(([key, value]) => [
      key.startsWith('dead-letter-') ? `x-${key}` : key,
      value,
    ]);
    const outer = this.outerArguments(Object.fromEntries(keys) as Table);
    return Object.fromEntries(Object.entries(outer).map(([key, value]) => [key.replace(/^x-/, ''), value]));
  }

  /** The pattern of a policy, which goes by names of this run and no others. */
  outerPattern(pattern: string): string {
    const own = `^${this.prefix.replaceAll('.', '\\.')}`;
    return pattern.startsWith('^') ? `${own}(?:${pattern.slice(1)})` : `${own}.*(?:${pattern})`;
  }

  outerBinding(binding: BindingSettings): BindingSettings {
    return {
      ...binding,
      source: this.outer(binding.source),
      destination: this.outer(binding.destination),
    };
  }

  /** Anything that came from the broker, as the scenario would say it. */
  inner<T>(value: T): T {
    if (typeof value === 'string') return value.replaceAll(this.prefix, '') as T;
    if (Array.isArray(value)) return value.map((item: unknown) => this.inner(item)) as T;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, this.inner<unknown>(item)]),
    ) as T;
  }
}
