// The book's table of contents: the sidebar, home, the header and the foot of a page all read it.

/** @typedef {{ number: number, title: string, slug?: string }} Chapter a chapter without a slug is planned, and is not a link */
/** @typedef {{ title: string, slug: string, chapter: number }} BrokerPage goes on where the chapter of that number stops */

/** @type {Chapter[]} */
export const chapters = [
  { number: 2, title: 'Events and Messaging' },
  { number: 3, title: 'Message Brokers & Event Infrastructure', slug: 'chapter-03-message-brokers' },
  { number: 4, title: 'Pub/Sub Patterns' },
];

/** @type {BrokerPage[]} */
export const brokerPages = [
  { title: 'Kafka in depth', slug: 'brokers/kafka', chapter: 3 },
  { title: 'RabbitMQ in depth', slug: 'brokers/rabbitmq', chapter: 3 },
  { title: 'One workload, two brokers', slug: 'brokers/compare', chapter: 3 },
];

/** Pages that show the reader their own. @type {{ title: string, slug: string }[]} */
export const yours = [
  { title: 'Your notes', slug: 'notes' },
  { title: 'Your progress and data', slug: 'progress' },
];

/** Pages that are about the book. @type {{ title: string, slug: string }[]} */
export const about = [{ title: 'Fidelity', slug: 'fidelity' }];

/** The pages that belong to a chapter, in the order in which they are read. @param {number} number the chapter's */
export const inDepthOf = (number) => brokerPages.filter(({ chapter }) => chapter === number);

/** Pages beside the chapters. */
export const otherPages = [{ title: 'Practice', slug: 'practice' }];

/** What Starlight is told of the navigation: only pages that exist. */
export const sidebar = [
  { label: 'Home', slug: 'index' },
  ...[...chapters, ...brokerPages].flatMap(({ title, slug }) => (slug ? [{ label: title, slug }] : [])),
  // These are made by src/pages, and no entries of the content: Starlight takes them as links.
  ...otherPages.map(({ title, slug }) => ({ label: title, link: `/${slug}/` })),
];
