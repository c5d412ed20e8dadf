import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { challengeGroups } from '../../src/components/practice/groups.ts';
import { headingsIn, progressPages, sectionsOf } from '../../src/components/progress-parts.ts';
import { distinct, keyOfItem } from '../../src/widgets/progress/countDone.ts';

const pages = progressPages();
const idsOf = (kind: string): string[] =>
  pages.flatMap(({ sections }) =>
    sections.flatMap(({ items }) => items.filter((item) => item.kind === kind).map(({ id }) => id)),
  );

describe('what counts as progress', () => {
  it('leads to headings that are there', () => {
    for (const { slug, sections } of pages) {
      const written = slug !== 'practice';
      const known = written
        ? headingsIn(readFileSync(`content/${slug}.mdx`, 'utf8')).map(({ id }) => id)
        : challengeGroups.map(({ broker }) => broker);
      for (const { id, items } of sections) {
        expect(known, slug).toContain(id);
        expect(items.length, `${slug}#${id}`).toBeGreaterThan(0);
      }
    }
  });

  it('is every task and question of the practice and of the quizzes, each in a form that the storage takes', () => {
    const practice = JSON.parse(readFileSync('content/practice/chapter-03.json', 'utf8')) as {
      tasks: { id: string }[];
      questions: { id: string }[];
    };
    expect(idsOf('task')).toEqual(expect.arrayContaining(practice.tasks.map(({ id }) => id)));
    // A challenge counts where it is listed, and where an idea names it.
    expect(idsOf('task').filter((id) => id === 'practice/kafka-first-topic')).toHaveLength(2);
    expect(idsOf('task')).toContain('practice/rabbitmq-two-deaths');
    expect(idsOf('answer')).toEqual(practice.questions.map(({ id }) => id));
    const asked = readdirSync('content/quizzes')
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => [
        ...readFileSync(`content/quizzes/${name}`, 'utf8').matchAll(/"id": "([^"]*\/quiz\/[^"]*)"/g),
      ])
      .map((match) => match[1]);
    expect(new Set(idsOf('quiz'))).toEqual(new Set(asked));
    const items = pages.flatMap(({ sections }) => sections.flatMap((section) => section.items));
    expect(new Set(items.map(keyOfItem)).size).toBe(distinct(items).length);
  });

  it('is a prediction of each experiment that asks for one, on each page where it stands', () => {
    expect(idsOf('prediction').filter((id) => id === 'kafka-acks')).toHaveLength(2);
    expect(idsOf('prediction')).not.toContain('kafka-console');
    const chapter = pages.find(({ slug }) => slug === 'chapter-03-message-brokers');
    const section = chapter?.sections.find(({ id }) => id === 'kafka-architecture-deep-dive');
    expect(section?.items).toContainEqual({ kind: 'prediction', id: 'kafka-consumer-groups' });
  });
});

describe('headings', () => {
  const source =
    '# No\n\n## Queue vs. `Stream`\n\n```sh\n## a comment\n```\n\n### Try this\n\n### Try this\n';

  it('have the ids of the build, and comments in code are none', () => {
    expect(headingsIn(source).map(({ id, text }) => `${id}: ${text}`)).toEqual([
      'queue-vs-stream: Queue vs. Stream',
      'try-this: Try this',
      'try-this-1: Try this',
    ]);
  });

  it('take what is done below them', () => {
    const found = [{ kind: 'task' as const, id: 'a', heading: 'try-this-1' }];
    expect(sectionsOf(source, 2, found).map(({ id }) => id)).toEqual(['queue-vs-stream']);
    expect(sectionsOf(source, 3, found).map(({ id }) => id)).toEqual(['try-this-1']);
    expect(() => sectionsOf(source, 3, [{ kind: 'task', id: 'a', heading: 'gone' }])).toThrow(
      '"a" is done under the heading "gone"; expected one of queue-vs-stream, try-this, try-this-1',
    );
  });
});
