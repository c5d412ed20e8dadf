/** What tells bindings apart, and the ones that nobody declared. */
import type { BindingSettings } from '../config.ts';

/** A binding as it is kept: arguments by name, and unchangeable. */
export function normal(binding: BindingSettings): BindingSettings {
  const names = Object.keys(binding.arguments).sort();
  return Object.freeze({
    ...binding,
    arguments: Object.fromEntries(names.map((name) => [name, binding.arguments[name]!])),
  });
}

/** The same for bindings of one source that differ in nothing. @param binding from {@link normal} */
export function identity(binding: BindingSettings): string {
  const { destinationType, destination, routingKey } = binding;
  return JSON.stringify([destinationType, destination, routingKey, binding.arguments]);
}

/** how the default exchange leads to a queue. */
export function implicitBinding(queue: string): BindingSettings {
  return normal({
    source: '',
    destination: queue,
    destinationType: 'queue',
    routingKey: queue,
    arguments: {},
  });
}

/** The order of a source's bindings in the metadata store. */
export function byKeyAndDestination(a: BindingSettings, b: BindingSettings): number {
  return (
    compare(a.routingKey, b.routingKey) ||
    compare(a.destinationType, b.destinationType) ||
    compare(a.destination, b.destination)
  );
}

/** In the order of their characters' codes. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
