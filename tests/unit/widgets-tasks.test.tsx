import { readFileSync } from 'node:fs';
import { render } from 'preact-render-to-string';
import { expect, it } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import { keyOf } from '../../src/storage/store.ts';
import Tasks from '../../src/widgets/tasks/Tasks.tsx';

const practice = JSON.parse(
  readFileSync(new URL('../../content/practice/chapter-03.json', import.meta.url), 'utf8'),
) as { tasks: { id: string; text: string }[]; questions: { id: string }[] };

it('is a list of every idea, unticked, and counts', () => {
  const html = render(<Tasks tasks={practice.tasks} />);
  expect(html.match(/<li>/g)).toHaveLength(3);
  for (const { text } of practice.tasks) expect(html).toContain(`<span>${text}</span>`);
  expect(html).not.toContain('checked');
  expect(html).toMatch(/role="status">0 of 3 done/);
});

// Readers' ticks and answers are stored under these. A new id may be added; one that was given stays.
it('keeps the permanent ids', () => {
  expect(practice.tasks.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      'chapter-03/practice/set-up-kafka',
      'chapter-03/practice/compare-rabbitmq-and-kafka',
      'chapter-03/practice/consumer-groups-and-partition-assignment',
    ]),
  );
  expect(practice.questions.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      'chapter-03/questions/best-fit',
      'chapter-03/questions/queue-or-stream',
      'chapter-03/questions/partitioning-ordering-scalability',
    ]),
  );
});

it('gives every id of the practice once, in the form that the storage takes', () => {
  const keys = [
    ...practice.tasks.map(({ id }) => keyOf(kinds.task, id)),
    ...practice.questions.map(({ id }) => keyOf(kinds.answer, id)),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
