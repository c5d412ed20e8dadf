/**
 * Which leader epoch began at which offset, as one replica knows it (K-8). This is how two replicas find out where
 * their logs part (K-9).
 */

interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

export class LeaderEpochs {
  /** Ascending in both. */
  private starts: readonly EpochStart[] = Object.freeze([]);

  /** The newest epoch known here; −1 for none. */
  get latest(): number {
    return this.starts.length === 0 ? -1 : this.starts[this.starts.length - 1]!.epoch;
  }

  /** The epochs known here, oldest first. */
  get known(): readonly EpochStart[] {
    return this.starts;
  }

  /** An epoch begins at an offset. What contradicts that, an epoch as new or a start as late, is forgotten. */
  begin(epoch: number, startOffset: number): void {
    const last = this.starts[this.starts.length - 1];
    if (last && last.epoch === epoch && last.startOffset <= startOffset) return;
    this.replace([
      ...this.starts.filter((start) => start.epoch < epoch && start.startOffset < startOffset),
      Object.freeze({ epoch, startOffset }),
    ]);
  }

  /**
   * K-9: the largest epoch known here that is not above the one asked for, and where it ends. An epoch older than all
   * that is known is answered by itself, ending where the first known one begins.
   * @param logEnd where the newest epoch ends
   */
  endOffsetFor(epoch: number, logEnd: number): { epoch: number; endOffset: number } {
    const { starts } = this;
    let next = starts.length;
    while (next > 0 && starts[next - 1]!.epoch > epoch) next--;
    const endOffset = next === starts.length ? logEnd : starts[next]!.startOffset;
    if (next > 0) return { epoch: starts[next - 1]!.epoch, endOffset };
    return { epoch: starts.length === 0 ? -1 : epoch, endOffset };
  }

  /** The log now ends there: what began there or later is forgotten. */
  truncateFromEnd(endOffset: number): void {
    if (this.starts.some(({ startOffset }) => startOffset >= endOffset))
      this.replace(this.starts.filter(({ startOffset }) => startOffset < endOffset));
  }

  /** The log now begins there: of what began before, only the last is kept, as beginning there. */
  truncateFromStart(logStart: number): void {
    let covering = this.starts.length - 1;
    while (covering >= 0 && this.starts[covering]!.startOffset > logStart) covering--;
    if (covering < 0 || (covering === 0 && this.starts[0]!.startOffset === logStart)) return;
    const { epoch } = this.starts[covering]!;
    this.replace([Object.freeze({ epoch, startOffset: logStart }), ...this.starts.slice(covering + 1)]);
  }

  clear(): void {
    this.replace([]);
  }

  private replace(starts: readonly EpochStart[]): void {
    this.starts = Object.freeze(starts);
  }
}
