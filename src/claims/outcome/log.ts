/**
 * A log as far as its outcome matters: where it begins and ends, how much it holds, and whether a record that was appended
 * once is still there, after whatever changes of its leader.
 */

/** A leadership that wrote, and the first position of its own. */
interface Epoch {
  readonly epoch: number;
  readonly start: number;
}

/** One node's copy. */
interface Copy {
  end: number;
  /** Which leaderships wrote what it holds, in order. Never changed in place: followers share their leader's. */
  epochs: readonly Epoch[];
}

/** A stretch of the log, so that what is cut off at either end can be taken off the sums. */
interface Stretch {
  readonly from: number;
  end: number;
  messages: number;
  bytes: number;
}

const STRETCH_MAX = 4096;

export class Log {
  messages = 0;
  bytes = 0;
  private start = 0;
  private leader: string | null = null;
  private copies = new Map<string, Copy>();
  private stretches: Stretch[] = [];

  appended(node: string, position: number, epoch: number, bytes: number): void {
    this.leader ??= node;
    const copy = this.copy(node);
    if (position < copy.end) this.cutCopy(copy, position);
    if (copy.epochs.at(-1)?.epoch !== epoch) copy.epochs = [...copy.epochs, { epoch, start: position }];
    copy.end = position + 1;
    // One that has been deposed and does not know it writes what nobody will read.
    if (node === this.leader) this.add(position, 1, bytes);
  }

  /** A control record: it takes a position and is given to nobody. */
  marked(node: string, position: number): void {
    const copy = this.copy(node);
    copy.end = Math.max(copy.end, position + 1);
    if (node === this.leader) this.add(position, 0, 0);
  }

  /** A follower has what its leader has, up to `end`. */
  replicated(node: string, end: number): void {
    const copy = this.copy(node);
    copy.end = end;
    if (this.leader !== null) copy.epochs = this.copy(this.leader).epochs;
  }

  truncated(node: string, end: number): void {
    const copy = this.copy(node);
    if (end >= copy.end) return;
    this.cutCopy(copy, end);
    if (node === this.leader) this.cutEnd(end);
  }

  led(node: string | null): void {
    this.leader = node;
    if (node !== null) this.cutEnd(this.copy(node).end);
  }

  /** Everything below `start` is gone. A follower's word counts for nothing: it follows. */
  expired(node: string, start: number): void {
    if (this.leader !== null && node !== this.leader) return;
    this.start = Math.max(this.start, start);
    for (let first = this.stretches[0]; first && first.from < start; first = this.stretches[0]) {
      if (first.end <= start) {
        this.messages -= first.messages;
        this.bytes -= first.bytes;
        this.stretches.shift();
      } else {
        const kept = this.part(first, first.end - start);
        this.messages -= first.messages - kept.messages;
        this.bytes -= first.bytes - kept.bytes;
        this.stretches[0] = { from: start, end: first.end, ...kept };
        return;
      }
    }
  }

  /** One record within is gone. */
  compacted(node: string, position: number): void {
    if (this.leader !== null && node !== this.leader) return;
    const stretch = this.stretches.find(({ from, end }) => from <= position && position < end);
    if (!stretch || stretch.messages === 0) return;
    const bytes = stretch.bytes / stretch.messages;
    stretch.messages--;
    stretch.bytes -= bytes;
    this.messages--;
    this.bytes -= bytes;
  }

  /** A new file begins: what is removed by age or size is removed with its file. */
  rolled(position: number): void {
    const last = this.stretches.at(-1);
    if (last && last.from < position)
      this.stretches.push({ from: position, end: position, messages: 0, bytes: 0 });
  }

  /**
   * Whether the record that this leadership wrote at this position can be read, now or when the partition has a leader again:
   * whether the leader has it, or, where nobody leads, anybody.
   */
  has(position: number, epoch: number): boolean {
    if (position < this.start) return false;
    if (this.leader !== null) return holds(this.copy(this.leader), position, epoch);
    for (const copy of this.copies.values()) if (holds(copy, position, epoch)) return true;
    return false;
  }

  isExpired(position: number): boolean {
    return position < this.start;
  }

  private copy(node: string): Copy {
    let copy = this.copies.get(node);
    if (!copy) this.copies.set(node, (copy = { end: 0, epochs: [] }));
    return copy;
  }

  private cutCopy(copy: Copy, end: number): void {
    copy.end = end;
    copy.epochs = copy.epochs.filter(({ start }) => start < end);
  }

  private add(position: number, messages: number, bytes: number): void {
    let last = this.stretches.at(-1);
    if (last && position < last.end) {
      this.cutEnd(position);
      last = this.stretches.at(-1);
    }
    if (!last || last.end - last.from >= STRETCH_MAX)
      this.stretches.push((last = { from: position, end: position, messages: 0, bytes: 0 }));
    last.end = position + 1;
    last.messages += messages;
    last.bytes += bytes;
    this.messages += messages;
    this.bytes += bytes;
  }

  private cutEnd(end: number): void {
    for (let last = this.stretches.at(-1); last && last.end > end; last = this.stretches.at(-1)) {
      const kept = last.from >= end ? { messages: 0, bytes: 0 } : this.part(last, end - last.from);
      this.messages -= last.messages - kept.messages;
      this.bytes -= last.bytes - kept.bytes;
      this.stretches.pop();
      if (last.from < end) this.stretches.push({ from: last.from, end, ...kept });
    }
  }

  /** As much of a stretch as so many of its positions hold: exact where each holds the same. */
  private part(
    { from, end, messages, bytes }: Stretch,
    positions: number,
  ): { messages: number; bytes: number } {
    const share = positions / (end - from);
    return { messages: Math.round(messages * share), bytes: bytes * share };
  }
}

function holds({ end, epochs }: Copy, position: number, epoch: number): boolean {
  if (position >= end) return false;
  let wrote: Epoch | undefined;
  for (const each of epochs) if (each.start <= position) wrote = each;
  return wrote?.epoch === epoch;
}
