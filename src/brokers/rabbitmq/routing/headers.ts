/** The bindings of a headers exchange, made ready to be held against one message after another. */
import type { BindingSettings, FieldValue, Table } from '../config.ts';
import { argumentMatches, isConsidered, matchMode, own } from './explain-headers.ts';

interface Considered {
  readonly binding: BindingSettings;
  readonly all: boolean;
  readonly arguments: readonly (readonly [name: string, value: FieldValue])[];
}

export class HeadersTable {
  private readonly bindings: readonly Considered[];

  constructor(bindings: Iterable<BindingSettings>) {
    this.bindings = Array.from(bindings, (binding) => {
      const mode = matchMode(binding.arguments);
      return {
        binding,
        all: mode.startsWith('all'),
        arguments: Object.entries(binding.arguments).filter(([name]) => isConsidered(name, mode)),
      };
    });
  }

  match(headers: Table): readonly BindingSettings[] {
    const found: BindingSettings[] = [];
    for (const considered of this.bindings) if (matches(considered, headers)) found.push(considered.binding);
    return found;
  }
}

function matches({ all, arguments: asked }: Considered, headers: Table): boolean {
  for (const [name, value] of asked) {
    if (argumentMatches(value, own(headers, name)) !== all) return !all;
  }
  return all;
}
