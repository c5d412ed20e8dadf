/** Tab completion: what could stand where the cursor is. */

/** Names that are there at this moment. */
export interface Knowledge {
  readonly topics: readonly string[];
  readonly groups: readonly string[];
  /** `broker-1`, `broker-2`, … */
  readonly brokers: readonly string[];
}

export interface Completion {
  /** What the candidates replace: the line from `from` up to the cursor. */
  readonly from: number;
  /** Whole words, in the order of the alphabet; empty when nothing fits. */
  readonly candidates: readonly string[];
}

/**
 * @param line what has been typed
 * @param cursor where the cursor is, in characters from the beginning
 */
export function complete(line: string, cursor: number, knowledge: Knowledge): Completion {
  void line;
  void knowledge;
  return { from: cursor, candidates: [] };
}
