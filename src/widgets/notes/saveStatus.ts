/** What a text field says of the fate of its text. Pure but for the reader's time zone. */
import type { TextState } from '../../storage/text.ts';

/** The line under a text while nothing is wrong with it. */
export function saveStatus(state: TextState, nowMs: number): string {
  if (state.problem) return '';
  if (state.unsaved) return 'Saving…';
  if (state.savedAtMs === null) return 'Kept in this browser as you type.';
  return `Saved ${timeOfDay(state.savedAtMs, nowMs)}`;
}

/** `12:03`, or `21 Nov, 12:03` when that was not today. */
export function timeOfDay(timeMs: number, nowMs: number): string {
  const time = new Date(timeMs);
  const clock = time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (time.toDateString() === new Date(nowMs).toDateString()) return clock;
  return `${time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${clock}`;
}

/** A file's name for the text of an id: `chapter-03/my-notes` becomes `chapter-03-my-notes.txt`. */
export function fileNameOf(id: string): string {
  return `${id.replaceAll(/[^a-z0-9.-]+/g, '-')}.txt`;
}
