import { render } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { lastHeading } from '../../src/widgets/resume/lastHeading.ts';
import Resume from '../../src/widgets/resume/Resume.tsx';

describe('the section that the reader is in', () => {
  const headings = [
    { id: 'a', text: 'A', topPx: -900 },
    { id: 'b', text: 'B', topPx: 200 },
    { id: 'c', text: 'C', topPx: 800 },
  ];

  it('is that of the last heading above the line', () => {
    expect(lastHeading(headings, 450)?.id).toBe('b');
    expect(lastHeading(headings, 200)?.id).toBe('b');
    expect(lastHeading(headings, 199)?.id).toBe('a');
    expect(lastHeading(headings, 5_000)?.id).toBe('c');
  });

  it('is none above the first', () => {
    expect(lastHeading(headings, -1_000)).toBeNull();
    expect(lastHeading([], 450)).toBeNull();
  });
});

it('offers the start, below the base path, before anything is known', () => {
  const html = render(<Resume base="/shelf/" start={{ page: 'chapter-03', label: 'Chapter 3' }} />);
  expect(html).toContain('<a href="/shelf/chapter-03/">Start: Chapter 3</a>');
});
