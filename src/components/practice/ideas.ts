/** The practice ideas of a chapter with their tasks, as the page draws them: what content/practice says, and the challenges that it names. */
import * as v from 'valibot';
import chapter from '../../../content/practice/chapter-03.json' with { type: 'json' };
import { taskOf } from '../../scenarios/challenge.ts';
import { challengeById, challenges } from '../../scenarios/library.ts';
import type { Idea, Step } from '../../widgets/tasks/Tasks.tsx';

const text = v.pipe(v.string(), v.minLength(1));
const step = v.union([
  v.strictObject({ challenge: text, text }),
  v.strictObject({
    id: text,
    text,
    commands: v.optional(v.array(text)),
    page: v.optional(v.strictObject({ to: text, label: text })),
  }),
]);
const ideas = v.array(
  v.strictObject({
    id: text,
    text,
    about: text,
    source: v.optional(v.strictObject({ label: text, url: v.pipe(v.string(), v.url()) })),
    steps: v.array(step),
  }),
);

/**
 * @param base the path below which the site is served, with a slash at its end
 * @throws ValiError for content of another form, InvalidInput for a challenge that there is not
 */
export function ideasOf(base: string): Idea[] {
  return v.parse(ideas, chapter.tasks).map(({ steps, ...idea }) => ({
    ...idea,
    steps: steps.map((one): Step => {
      if ('challenge' in one) {
        const { id, title, difficulty } = challengeById(one.challenge);
        return {
          id: taskOf(id),
          text: one.text,
          challenge: { id, title, difficulty, href: `${base}practice/${id}/` },
        };
      }
      const { page, ...rest } = one;
      return page ? { ...rest, page: { ...page, href: `${base}${page.to}` } } : rest;
    }),
  }));
}

/** The ids of everything that can be ticked in the chapter: its ideas, their tasks, and the challenges that no idea names. */
export function taskIds(): string[] {
  const named = ideasOf('/').flatMap(({ id, steps }) => [id, ...steps.map((one) => one.id)]);
  return [...new Set([...named, ...challenges.map(({ id }) => taskOf(id))])];
}
