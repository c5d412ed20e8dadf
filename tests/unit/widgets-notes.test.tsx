import { render } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { UNREAD } from '../../src/storage/text.ts';
import { fileNameOf, saveStatus, timeOfDay } from '../../src/widgets/notes/saveStatus.ts';
import TextField from '../../src/widgets/notes/TextField.tsx';

const noonMs = new Date(2026, 10, 23, 12, 3).getTime();

describe('the line under a text', () => {
  it('says what becomes of it', () => {
    expect(saveStatus(UNREAD, noonMs)).toBe('Kept in this browser as you type.');
    expect(saveStatus({ ...UNREAD, text: 'a', unsaved: true }, noonMs)).toBe('Saving…');
    expect(saveStatus({ ...UNREAD, text: 'a', savedAtMs: noonMs }, noonMs)).toBe('Saved 12:03');
  });

  it('leaves the word to what went wrong', () => {
    const problem = { code: 'full', key: 'k', message: 'Not saved: full.' } as const;
    expect(saveStatus({ ...UNREAD, text: 'a', unsaved: true, problem }, noonMs)).toBe('');
  });

  it('names the day when it was not today', () => {
    expect(timeOfDay(noonMs, noonMs + 1_000)).toBe('12:03');
    expect(timeOfDay(noonMs, noonMs + 86_400_000)).toBe('23 Nov, 12:03');
  });
});

it('names a file after the permanent id', () => {
  expect(fileNameOf('chapter-03/my-notes')).toBe('chapter-03-my-notes.txt');
  expect(fileNameOf('brokerbook/v1/note/a/set-aside/12')).toBe('brokerbook-v1-note-a-set-aside-12.txt');
});

describe('the field as the build draws it', () => {
  const html = render(
    <TextField kind="answer" id="chapter-03/questions/best-fit" label="Your answer" labelContextId="q1" />,
  );

  it('is empty, named by its label and its question, and asks the browser not to fill it', () => {
    expect(html).toContain('aria-labelledby="answer-chapter-03-questions-best-fit-label q1"');
    expect(html).toMatch(/<textarea[^>]*autocomplete="off"[^>]*><\/textarea>/);
  });

  it('has the places of its messages already, so that nothing shifts', () => {
    expect(html).toContain('Kept in this browser as you type.');
    expect(html).toMatch(/role="status"[^>]*><\/p>/);
  });
});
