/** What was done last, announced, with a way back; its place is there before it is needed. */
import type { Doing } from './useUndo.ts';

export function Said({ doing }: { readonly doing: Doing }) {
  return (
    <div class="data-said">
      <p role="status">{doing.said.words}</p>
      {doing.said.changes && (
        <button type="button" onClick={() => doing.undo()}>
          Undo
        </button>
      )}
    </div>
  );
}
