/**
 * What counts as progress, and where each of it is done: tasks and questions from content/practice, the challenges, quizzes
 * from content/quizzes, and the experiments of a page that ask for a prediction. Node only: it runs in the build.
 */
import { existsSync, readFileSync } from 'node:fs';
import { taskOf } from '../scenarios/challenge.ts';
import { experimentById } from '../scenarios/library.ts';
import type { Countable, ProgressPage, ProgressSection } from '../widgets/progress/countDone.ts';
import { challengeGroups, PRACTICE } from './practice/groups.ts';
import { ideasIn, idsOf } from './practice/ideas.ts';
import { quizFiles } from './quizzes/quizzes.ts';
import { brokerPages, chapters } from './shell/contents.mjs';

/** Where a chapter keeps its tasks, if their file does not say it. */
const TASKS_AT = 'practice-ideas';

export interface Heading {
  readonly level: number;
  readonly id: string;
  readonly text: string;
  /** Where in the source it begins. */
  readonly at: number;
}

/** The headings of a page's source, with the ids that the build gives them. */
export function headingsIn(source: string): Heading[] {
  const taken = new Map<string, number>();
  const prose = source.replace(/^```[\s\S]*?^```/gm, (code) => ' '.repeat(code.length));
  return [...prose.matchAll(/^(#{2,4}) +(.+?) *$/gm)].map((match) => {
    const text = (match[2] ?? '').replace(/[`*_]/g, '');
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const times = taken.get(slug) ?? 0;
    taken.set(slug, times + 1);
    return {
      level: match[1]?.length ?? 0,
      id: times === 0 ? slug : `${slug}-${times}`,
      text,
      at: match.index,
    };
  });
}

interface Found extends Countable {
  /** The heading under which it is done. */
  readonly heading: string;
}

/**
 * What counts on a page, by its sections: down to the third level in a chapter, whose second is broad, and the second elsewhere.
 * @throws Error when something is done under a heading that the page does not have
 */
export function sectionsOf(
  source: string,
  depth: number,
  found: readonly Found[],
): readonly ProgressSection[] {
  const headings = headingsIn(source);
  const items = new Map<string, Countable[]>();
  for (const { heading, kind, id } of found) {
    const at = headings.findIndex((one) => one.id === heading);
    const section = headings.slice(0, at + 1).findLast(({ level }) => level <= depth);
    if (!section) {
      const known = headings.map((one) => one.id).join(', ');
      throw new Error(`"${id}" is done under the heading "${heading}"; expected one of ${known}`);
    }
    items.set(section.id, [...(items.get(section.id) ?? []), { kind, id }]);
  }
  return headings.flatMap(({ id, text }) => {
    const here = items.get(id);
    return here ? [{ id, title: text, items: here }] : [];
  });
}

/** The experiments and questions that stand in a page's source, each with the heading above it. */
function placedIn(source: string): { component: string; id: string; heading: string }[] {
  const headings = headingsIn(source);
  return [...source.matchAll(/<(Experiment|Question) id="([^"]+)"/g)].map((match) => ({
    component: match[1] ?? '',
    id: match[2] ?? '',
    heading: headings.findLast(({ at }) => at < match.index)?.id ?? '',
  }));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8')) as unknown;
}

let pages: readonly ProgressPage[] | null = null;

/** Every page of the book on which something counts, in the order of reading; read once, for every page shows it. */
export function progressPages(): readonly ProgressPage[] {
  return (pages ??= readPages());
}

function readPages(): readonly ProgressPage[] {
  const quizzes = quizFiles();
  const written = [
    ...chapters.flatMap(({ number, title, slug }) => (slug ? [{ number, title, slug }] : [])),
    ...brokerPages.map(({ title, slug }) => ({ number: null, title, slug })),
  ].flatMap(({ number, title, slug }) => {
    const source = readFileSync(`content/${slug}.mdx`, 'utf8');
    const placed = placedIn(source);
    const practice =
      number === null ? '' : `content/practice/chapter-${String(number).padStart(2, '0')}.json`;
    const tasks = existsSync(practice)
      ? idsOf(ideasIn((readJson(practice) as { tasks?: unknown }).tasks, '/'))
      : [];
    const found: Found[] = [
      ...tasks.map((id) => ({ kind: 'task' as const, id, heading: TASKS_AT })),
      ...placed.flatMap(({ component, id, heading }): Found[] => {
        if (component === 'Question') return [{ kind: 'answer', id, heading }];
        return experimentById(id).predict ? [{ kind: 'prediction', id, heading }] : [];
      }),
      ...quizzes
        .filter(({ page }) => page === slug)
        .flatMap(({ sections }) => sections)
        .flatMap(({ section, questions }) =>
          questions.map(({ id }) => ({ kind: 'quiz' as const, id, heading: section })),
        ),
    ];
    const sections = sectionsOf(source, number === null ? 2 : 3, found);
    const name = number === null ? title : `Chapter ${number}: ${title}`;
    return sections.length > 0 ? [{ slug, title: name, sections }] : [];
  });
  const practice = challengeGroups.map(({ broker, name, challenges }) => ({
    id: broker,
    title: name,
    items: challenges.map(({ id }) => ({ kind: 'task' as const, id: taskOf(id) })),
  }));
  return [...written, { ...PRACTICE, sections: practice }];
}
