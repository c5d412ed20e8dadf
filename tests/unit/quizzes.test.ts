// The quizzes against themselves and the book: ids for good, one right choice, words that do not give it away, claims,
// experiments and headings that there are, and every quiz at the end of the section that it names.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { headingsIn } from '../../src/components/progress-parts.ts';
import {
  experimentPages,
  parseQuizFile,
  quizFiles,
  quizzesIn,
} from '../../src/components/quizzes/quizzes.ts';
import { scenes } from '../../src/scenarios/beside/scenes.ts';
import { claims, experimentById } from '../../src/scenarios/library.ts';
import { kinds } from '../../src/storage/kinds.ts';
import { keyOf } from '../../src/storage/store.ts';

const files = quizFiles();
const sections = files.flatMap(({ page, sections: some }) => some.map((section) => ({ page, ...section })));
const questions = sections.flatMap((section) => section.questions);

describe('a file of quizzes', () => {
  const [file] = files;
  const changed = (change: (copy: Record<string, never>) => void): unknown => {
    const copy = JSON.parse(JSON.stringify(file)) as Record<string, never>;
    change(copy);
    return copy;
  };
  const first = (copy: unknown) =>
    (copy as { sections: { questions: { choices: { right: boolean; id: string }[] }[] }[] }).sections[0]!
      .questions[0]!;

  test('is told what is wrong with it, and where', () => {
    expect(() => parseQuizFile('x.json', { page: 'x' })).toThrow(
      /^x\.json is no file of quizzes:\n {2}sections: /,
    );
    const none = changed((copy) => first(copy).choices.forEach((choice) => (choice.right = false)));
    expect(() => parseQuizFile('x.json', none)).toThrow(
      /sections\.0\.questions\.0\.choices: expected exactly one right choice/,
    );
    const both = changed((copy) => first(copy).choices.forEach((choice) => (choice.id = 'same')));
    expect(() => parseQuizFile('x.json', both)).toThrow(/expected different ids/);
    const unknown = changed((copy) => Object.assign(first(copy), { hint: 'x' }));
    expect(() => parseQuizFile('x.json', unknown)).toThrow(/hint/);
  });
});

describe('the quizzes of the book', () => {
  test('are at least so many', () => {
    const count = (page: string) =>
      sections.filter((s) => s.page === page).flatMap((s) => s.questions).length;
    expect(count('chapter-03-message-brokers')).toBeGreaterThanOrEqual(24);
    expect(count('brokers/kafka')).toBeGreaterThanOrEqual(12);
    expect(count('brokers/rabbitmq')).toBeGreaterThanOrEqual(12);
    expect(count('brokers/compare')).toBeGreaterThanOrEqual(2);
  });

  test('each page has one file, and each question an id of its own that can be stored', () => {
    const pages = files.map(({ page }) => page);
    expect(new Set(pages).size).toBe(pages.length);
    const ids = questions.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(keyOf(kinds.quiz, id)).toBe(`brokerbook/v1/quiz/${id}`);
  });

  test('name claims and experiments that there are', () => {
    const known = new Set(claims.map(({ id }) => id));
    const shown = new Set([...experimentPages().keys(), ...scenes.map(({ id }) => id)]);
    for (const { id, claims: named, experiment } of questions) {
      expect(
        named.filter((claim) => !known.has(claim)),
        id,
      ).toEqual([]);
      if (experiment !== null) expect(shown.has(experiment), `${id}: ${experiment}`).toBe(true);
    }
  });

  test('that are about Kafka or RabbitMQ can be seen somewhere', () => {
    const unseen = questions.filter(
      (question) => question.claims.length === 0 && question.experiment === null,
    );
    for (const { id, question } of unseen) expect(question, id).not.toMatch(/RabbitMQ queue|Kafka topic/);
    // Models exist of these two; what is asked of the others stands in the text, with its source.
    expect(unseen.map(({ id }) => id)).toEqual([
      'chapter-03/quiz/sync-every-two-minutes',
      'chapter-03/quiz/forty-five-seconds',
      'chapter-03/quiz/dead-member',
      'chapter-03/quiz/away-for-ten-seconds',
      'chapter-03/quiz/two-benchmarks',
      'compare/quiz/owed',
      'compare/quiz/other-choice',
    ]);
  });

  test('explain every choice, and close their code', () => {
    for (const { id, question, choices } of questions)
      for (const text of [question, ...choices.flatMap((choice) => [choice.text, choice.why])]) {
        expect(text.split('`').length % 2, `${id}: ${text}`).toBe(1);
        expect(text, id).not.toMatch(/[<>[\]*]|\.\.\./);
      }
    for (const { id, choices } of questions)
      for (const { why } of choices) expect(why, id).toMatch(/^[“A-Z`0-9].{20,}[.?]$/);
  });

  test('the place of the right choice gives nothing away', () => {
    const places = questions.map(({ choices }) => choices.findIndex(({ right }) => right));
    for (const place of [0, 1, 2]) {
      const share = places.filter((other) => other === place).length / places.length;
      expect(share, `place ${place}`).toBeGreaterThan(0.25);
      expect(share, `place ${place}`).toBeLessThan(0.42);
    }
    expect(places.join('')).not.toMatch(/(\d)\1{3}/);
  });

  test('the length of the right choice gives nothing away', () => {
    const ranks = questions.map(({ choices }) => {
      const right = choices.find((choice) => choice.right)!.text.length;
      return choices.filter(({ text }) => text.length > right).length;
    });
    for (const rank of [0, 1, 2]) {
      const share = ranks.filter((other) => other === rank).length / ranks.length;
      expect(share, `rank ${rank}`).toBeGreaterThan(0.2);
      expect(share, `rank ${rank}`).toBeLessThan(0.5);
    }
  });
});

describe.each(files.map(({ page, sections: some }) => ({ page, ids: some.map(({ section }) => section) })))(
  'the page $page',
  ({ page, ids }) => {
    const source = readFileSync(`content/${page}.mdx`, 'utf8');

    test('has each quiz once, in the order of the file', () => {
      expect(quizzesIn(source).map(({ section }) => section)).toEqual(ids);
    });

    test('has each quiz at the end of the section that it names', () => {
      const headings = headingsIn(source);
      for (const id of ids) {
        const at = source.indexOf(`<Quiz section="${id}" />`);
        const own = headings.find((heading) => heading.id === id);
        expect(own, id).toBeDefined();
        expect(own!.at, id).toBeLessThan(at);
        const between = headings.filter((heading) => heading.at > own!.at && heading.at < at);
        expect(between.filter(({ level }) => level <= own!.level).map((heading) => heading.id)).toEqual([]);
        const next = headings.find((heading) => heading.at > at)!;
        expect(next.level, `${id}, before ${next.id}`).toBeLessThanOrEqual(own!.level);
        expect(source.slice(at, next.at), id).toMatch(
          /^<Quiz section="[^"]+" \/>\s*(\{\/\*[^*]*\*\/\}\s*)?$/,
        );
      }
    });
  },
);

test('a prediction belongs to the quiz that comes next, and a quiz says only what stands before it', () => {
  const source =
    '<Experiment id="a" />\n<Quiz section="one" />\n<Quiz section="two" />\n<Experiment id="b" atMs={2} />\n<Experiment id="c" />\n<Quiz section="three" />\n<Experiment id="d" />';
  expect(quizzesIn(source)).toEqual([
    { section: 'one', experiments: ['a'] },
    { section: 'two', experiments: [] },
    { section: 'three', experiments: ['b', 'c'] },
  ]);
});

test('the experiments of the two brokers that ask for a prediction each belong to a quiz of their page', () => {
  for (const { page, sections: some } of files.filter((file) => /kafka|rabbitmq/.test(file.page))) {
    const source = readFileSync(`content/${page}.mdx`, 'utf8');
    const asking = [...source.matchAll(/<Experiment id="([^"]+)"/g)]
      .map(([, id = '']) => id)
      .filter((id) => experimentById(id).predict !== null);
    expect(asking.length).toBeGreaterThanOrEqual(some.length);
    const counted = quizzesIn(source).flatMap(({ experiments }) => experiments);
    expect(asking.filter((id) => !counted.includes(id))).toEqual([]);
  }
});
