// The book's table of chapters: the sidebar, home and the chapter's foot all read this one list.

/** @typedef {{ number: number, title: string, slug?: string }} Chapter a chapter without a slug is planned, and is not a link */

/** @type {Chapter[]} */
export const chapters = [
  { number: 2, title: 'Events and Messaging' },
  { number: 3, title: 'Message Brokers & Event Infrastructure', slug: 'chapter-03-message-brokers' },
  { number: 4, title: 'Pub/Sub Patterns' },
];

/** What Starlight is told of the navigation: only pages that exist. */
export const sidebar = [
  { label: 'Home', slug: 'index' },
  ...chapters.flatMap(({ title, slug }) => (slug ? [{ label: title, slug }] : [])),
];
