/** Which positions of a partition something has been done with: all below a mark, but for a few gaps. */

/** Gaps remembered; the oldest are taken for filled when there are more. */
const GAPS_MAX = 64;

export class Coverage {
  private mark = 0;
  private gaps: { from: number; to: number }[] = [];

  /** @returns whether it had been done before */
  add(position: number): boolean {
    if (position >= this.mark) {
      if (position > this.mark) {
        this.gaps.push({ from: this.mark, to: position });
        if (this.gaps.length > GAPS_MAX) this.gaps.shift();
      }
      this.mark = position + 1;
      return false;
    }
    const at = this.gaps.findIndex(({ from, to }) => position >= from && position < to);
    if (at === -1) return true;
    const { from, to } = this.gaps[at]!;
    const rest = [
      { from, to: position },
      { from: position + 1, to },
    ].filter((gap) => gap.from < gap.to);
    this.gaps.splice(at, 1, ...rest);
    return false;
  }

  /** Forgets everything from a position on. @returns how many positions that were */
  cut(from: number): number {
    if (from >= this.mark) return 0;
    let count = this.mark - from;
    this.mark = from;
    this.gaps = this.gaps.flatMap((gap) => {
      count -= Math.max(0, gap.to - Math.max(gap.from, from));
      const to = Math.min(gap.to, from);
      return to > gap.from ? [{ from: gap.from, to }] : [];
    });
    return count;
  }
}
