/**
 * The quizzes of the book, read from content/quizzes and checked; where they stand in the pages, and which experiments
 * belong to which. Node only: it runs in the build.
 */
import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';

const words = v.pipe(v.string(), v.minLength(1));
const slug = '[a-z0-9]+(-[a-z0-9]+)*';

const choice = v.strictObject({
  /** Permanent: it is stored as the reader's answer. */
  id: v.pipe(v.string(), v.regex(new RegExp(`^${slug}$`), 'expected a slug, such as "last-processed"')),
  text: words,
  right: v.boolean(),
  /** Why it is right, or what is wrong about it. */
  why: words,
});

const question = v.strictObject({
  /** Permanent, and never positional: the reader's answer is stored under it. */
  id: v.pipe(
    v.string(),
    v.regex(new RegExp(`^(${slug}/)+quiz/${slug}$`), 'expected an id like "chapter-03/quiz/auto-ack"'),
  ),
  question: words,
  choices: v.pipe(
    v.array(choice),
    v.minLength(3),
    v.maxLength(4),
    v.check(
      (choices) => choices.filter(({ right }) => right).length === 1,
      'expected exactly one right choice',
    ),
    v.check(
      (choices) => new Set(choices.map(({ id }) => id)).size === choices.length,
      'expected different ids',
    ),
  ),
  /** The claims whose proofs show the answer. */
  claims: v.array(v.string()),
  /** An experiment of the library, or a scene of the chapter's table, in which it can be seen. */
  experiment: v.nullable(v.string()),
});

const quizFile = v.strictObject({
  /** The page's address below the site's base, without a slash at the end. */
  page: words,
  sections: v.array(
    v.strictObject({
      /** The id of a heading of the page: what stands under it has been read when the quiz is reached. */
      section: words,
      questions: v.pipe(v.array(question), v.minLength(2), v.maxLength(4)),
    }),
  ),
});

export type QuizFile = v.InferOutput<typeof quizFile>;

/** @throws Error that names the file, the place in it, and what was expected there */
export function parseQuizFile(name: string, json: unknown): QuizFile {
  const parsed = v.safeParse(quizFile, json);
  if (parsed.success) return parsed.output;
  const told = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`);
  throw new Error(`${name} is no file of quizzes:\n  ${told.join('\n  ')}`);
}

/** Every file of quizzes, in the order of their names. The build runs in the project's folder. */
export function quizFiles(): QuizFile[] {
  return readdirSync('content/quizzes')
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) =>
      parseQuizFile(name, JSON.parse(readFileSync(`content/quizzes/${name}`, 'utf8')) as unknown),
    );
}

export interface PlacedQuiz {
  readonly section: string;
  /** The experiments between the quiz before it, or the beginning of the page, and itself. */
  readonly experiments: readonly string[];
}

/** The quizzes that stand in the source of a page, in their order. */
export function quizzesIn(source: string): PlacedQuiz[] {
  const placed: PlacedQuiz[] = [];
  let experiments: string[] = [];
  for (const [, component, value = ''] of source.matchAll(/<(Quiz section|Experiment id)="([^"]*)"/g)) {
    if (component === 'Experiment id') {
      experiments.push(value);
      continue;
    }
    placed.push({ section: value, experiments });
    experiments = [];
  }
  return placed;
}

/** The page on which each experiment stands first, by its id; the home page's address is empty. */
export function experimentPages(): ReadonlyMap<string, string> {
  const pages = new Map<string, string>();
  for (const file of readdirSync('content', { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.mdx')) continue;
    const page = file.replace(/(index)?\.mdx$/, '');
    for (const [, id = ''] of readFileSync(`content/${file}`, 'utf8').matchAll(/<Experiment id="([^"]*)"/g))
      if (!pages.has(id)) pages.set(id, page);
  }
  return pages;
}
