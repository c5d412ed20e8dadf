/**
 * Explanations call a process by its id in words, for an event knows no more of it. A reader knows it by the label that its
 * scenario may give it, as on the stage: here it gets that.
 */
import { displayName } from '../sim/names.ts';

interface Labelled {
  readonly id: string;
  readonly label?: string | undefined;
}

export class Labels {
  private readonly labels = new Map<string, string>();
  private readonly names: RegExp | null;

  /** @param clients all that a run may have */
  constructor(clients: readonly Labelled[]) {
    for (const { id, label } of clients)
      if (label !== undefined && label !== displayName(id)) this.labels.set(displayName(id), label);
    // The longest first: a name may be the beginning of another.
    const names = [...this.labels.keys()].sort((a, b) => b.length - a.length);
    const either = names.map((name) => name.replace(/[^\w ]/g, '\\$&')).join('|');
    this.names = names.length === 0 ? null : new RegExp(`(?<![\\w-])(?:${either})(?![\\w-])`, 'g');
  }

  /** A text in which every process is called as its scenario has it. */
  in(text: string): string {
    return this.names ? text.replace(this.names, (name) => this.labels.get(name)!) : text;
  }
}
