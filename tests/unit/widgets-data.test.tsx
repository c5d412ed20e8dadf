import { render } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import type { Planned } from '../../src/storage/merge.ts';
import Erase from '../../src/widgets/data/Erase.tsx';
import { ImportPlan } from '../../src/widgets/data/ImportPlan.tsx';
import KeepACopy from '../../src/widgets/data/KeepACopy.tsx';
import ProgressTable from '../../src/widgets/data/ProgressTable.tsx';
import Reminder from '../../src/widgets/data/Reminder.tsx';
import {
  countWords,
  doneWords,
  excerpt,
  exportName,
  kindWords,
  planWords,
  sizeWords,
  storedOf,
  summaryOf,
} from '../../src/widgets/data/summary.ts';

const item = (what: Planned['what'], kind: string, text: string | null = null): Planned => ({
  what,
  why: 'nothing is here',
  key: `brokerbook/v1/${kind}/${what}-${text ?? ''}`,
  kind,
  id: 'a',
  text,
});
const plan = {
  items: [
    item('add', 'note', 'a <b>note</b>'),
    item('keep', 'note'),
    item('change', 'quiz'),
    item('add', '__proto__'),
  ],
  changes: [{ key: 'brokerbook/v1/quiz/a', from: null, to: 'x' }],
};

describe('the words of the page on data', () => {
  it('count a plan by kind', () => {
    const { kinds, all } = summaryOf(plan);
    expect(kinds.get('note')).toEqual({ add: 1, change: 0, keep: 1, 'leave-out': 0 });
    expect(planWords(all)).toBe('This will add 2, change 1 and keep 1.');
    expect(planWords({ add: 0, change: 0, keep: 4, 'leave-out': 1 })).toBe(
      'Nothing to do: all that is in the file is here. 4 kept. It leaves out 1 that the book never wrote.',
    );
    expect(kindWords('answer')).toBe('Answers to questions');
    expect(kindWords('__proto__')).toBe('“__proto__”, unknown to this page');
  });

  it('count things and not the saves that they are made of', () => {
    const stored = storedOf([
      { key: 'brokerbook/v1/note/a/save/x-1', raw: 'xx' },
      { key: 'brokerbook/v1/note/a/save/y-1', raw: 'xx' },
      { key: 'brokerbook/v1/task/a/set-aside/1', raw: '' },
    ]);
    expect(stored).toMatchObject({ things: 1, bytes: 2 * (29 + 2 + 29 + 2 + 32), setAside: [{ raw: '' }] });
    expect([0, 1, 1000, 1001, 2_449_000].map(sizeWords)).toEqual(['0 KB', '1 KB', '1 KB', '2 KB', '2.4 MB']);
    expect(countWords(['quiz', 'task', 'quiz'])).toBe('1 task, 2 quiz answers');
    expect(
      doneWords([
        { kind: 'task', done: true },
        { kind: 'task', done: false },
        { kind: 'quiz', done: false },
      ]),
    ).toBe('1 of 2 tasks done, 0 of 1 quiz question right');
    expect(exportName(Date.UTC(2026, 10, 28, 12))).toMatch(/^brokerbook-2026-11-2[789]\.json$/);
  });

  it('show a text of a megabyte by its beginning', () => {
    expect(excerpt('a\n\n b'.repeat(250_000))).toHaveLength(121);
  });
});

describe('what the build draws of it', () => {
  const pages = [
    {
      slug: 'p',
      title: 'Page',
      sections: [{ id: 's', title: 'Section', items: [{ kind: 'task' as const, id: 'a' }] }],
    },
  ];

  it('has nothing done, everything closed, and no button that would do nothing', () => {
    const table = render(<ProgressTable base="/b/" pages={pages} />);
    expect(table).toContain('href="/b/p/#s"');
    expect(table).toContain('0 of 1 task done');
    for (const html of [table, render(<KeepACopy />), render(<Erase />)]) {
      expect(html).not.toMatch(/<dialog[^>]* open/);
      for (const [button] of html.replace(/<dialog[\s\S]*?<\/dialog>/g, '').matchAll(/<button[^>]*>/g))
        expect(button).toContain('disabled');
    }
    expect(render(<Reminder href="/b/progress/" />)).toBe('<p class="reminder not-content"></p>');
  });

  it('shows what a file holds as text', () => {
    const html = render(
      <ImportPlan
        name="<x>.json"
        exportedAtMs={0}
        plan={plan}
        onImport={() => undefined}
        onCancel={() => undefined}
      />,
    );
    expect(html).toContain('a &lt;b>note&lt;/b>');
    expect(html).not.toContain('<b>note');
    expect(html).not.toContain('<x>');
  });
});
