// What the words are made of: every .md and .mdx file under content/ is a page of the book, and its frontmatter is checked here.
import { defineCollection } from 'astro:content';
import { glob } from 'astro/loaders';
import { z } from 'astro/zod';
import { docsSchema } from '@astrojs/starlight/schema';

export const collections = {
  docs: defineCollection({
    loader: glob({ base: './content', pattern: '**/[^_]*.{md,mdx}' }),
    schema: docsSchema({
      extend: z.object({
        /** The small line above the title, such as "Chapter 3". */
        eyebrow: z.string().optional(),
        /** The line in italics under the title. */
        epigraph: z.string().optional(),
      }),
    }),
  }),
};
