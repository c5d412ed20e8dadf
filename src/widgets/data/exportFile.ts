/** Hands everything that the reader keeps to them as a file, and notes the date. */
import { exportAll } from '../../storage/archive.ts';
import { readerStore } from '../../storage/browser.ts';
import { noteCare } from '../../storage/keeping.ts';
import { isProblem } from '../../storage/store.ts';
import { saveAsFile } from '../notes/saveAsFile.ts';
import { exportName } from './summary.ts';

/** What to say of it. */
export function exportFile(): string {
  const store = readerStore();
  const nowMs = store.clock.nowMs();
  // Noted first, so that the file has it too: what is imported again is what was there.
  noteCare(store, { exportedAtMs: nowMs });
  const text = exportAll(store);
  if (isProblem(text)) return text.message.replace(/^Not saved/, 'Not exported');
  const name = exportName(nowMs);
  saveAsFile(name, text);
  return `Exported to ${name}. Keep it where this browser does not reach.`;
}
