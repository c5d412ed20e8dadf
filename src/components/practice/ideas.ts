/** Practice ideas with their tasks, as the page draws them: what content/practice says, and the challenges that it names. */
import * as v from 'valibot';
import { taskOf } from '../../scenarios/challenge.ts';
import { challengeById } from '../../scenarios/library.ts';
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
 * @param tasks those of a file of content/practice
 * @param base the path below which the site is served, with a slash at its end
 * @throws ValiError for content of another form, InvalidInput for a challenge that there is not
 */
export function ideasIn(tasks: unknown, base: string): Idea[] {
  return v.parse(ideas, tasks).map(({ steps, ...idea }) => ({
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

/** The ids of what can be ticked in ideas: they themselves, and their tasks. */
export function idsOf(all: readonly Idea[]): string[] {
  return all.flatMap(({ id, steps }) => [id, ...steps.map((one) => one.id)]);
}
