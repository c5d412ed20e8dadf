import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageOf, pagesOfTheBook } from '../../src/components/notes/book.ts';
import type { NotePlace } from '../../src/storage/kinds.ts';
import type { Note } from '../../src/storage/notes.ts';
import { exportMarkdown } from '../../src/widgets/notes/exportMarkdown.ts';
import {
  addressOf,
  ALL,
  groupByPlace,
  isWanted,
  placeNote,
  tagOf,
  tagsOf,
} from '../../src/widgets/notes/places.ts';
import type { BookPage } from '../../src/widgets/notes/places.ts';
import { findQuote, quoteOf } from '../../src/widgets/notes/quote.ts';

describe('a passage', () => {
  const text =
    'A log keeps records. A queue forgets them. Later: a log keeps records, until retention takes them away.';

  it('is found again where it was', () => {
    const start = text.lastIndexOf('log keeps');
    const quote = quoteOf(text, start, start + 'log keeps records'.length)!;
    expect(quote.exact).toBe('log keeps records');
    expect(findQuote(text, quote, null)).toEqual({ start: quote.start, end: quote.end });
  });

  it('is found again after text has come before and behind it', () => {
    const start = text.lastIndexOf('log keeps');
    const quote = quoteOf(text, start, start + 'log keeps records'.length)!;
    const changed = `A log keeps records, of course. ${text} And a log keeps records.`;
    expect(findQuote(changed, quote, null)?.start).toBe(start + 32);
  });

  it('is found under its own heading rather than elsewhere, where the words alone do not tell', () => {
    const twice = 'one and the same sentence. one and the same sentence.';
    const quote = { exact: 'the same sentence', before: '', after: '' };
    expect(findQuote(twice, quote, { start: 27, end: twice.length })?.start).toBe(35);
    expect(findQuote(twice, quote, null)?.start).toBe(8);
  });

  it('that is not there any more is found nowhere; nor are a few words in other surroundings', () => {
    expect(findQuote(text, { exact: 'never written', before: '', after: '' }, null)).toBe(null);
    expect(findQuote(text, { exact: 'log', before: 'entirely ', after: ' different' }, null)).toBe(null);
    expect(findQuote(text, { exact: '', before: '', after: '' }, null)).toBe(null);
  });

  it('leaves out the white space around it, and is nothing where it is nothing else', () => {
    expect(quoteOf('a  b c', 1, 4)).toMatchObject({ exact: 'b', start: 3, end: 4 });
    expect(quoteOf('a   b', 1, 4)).toBe(null);
  });

  it('whatever the text, is found again in it, as it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', ' ', 'log ', 'x. '), { minLength: 1, maxLength: 80 }),
        fc.nat(),
        fc.nat(),
        (words, from, length) => {
          const whole = words.join('');
          const start = from % whole.length;
          const quote = quoteOf(whole, start, start + 1 + (length % whole.length));
          if (!quote) return;
          const found = findQuote(whole, quote, { start: quote.start, end: quote.end });
          expect(whole.slice(found?.start, found?.end)).toBe(quote.exact);
        },
      ),
    );
  });
});

const book: BookPage[] = [
  {
    id: 'index',
    title: 'Brokerbook',
    headings: [{ id: 'where-to-begin', text: 'Where to begin', depth: 2 }],
    fields: [],
  },
  {
    id: 'chapter-03-message-brokers',
    title: 'Message Brokers',
    headings: [
      { id: 'core-concepts', text: 'Core Concepts', depth: 2 },
      { id: 'my-notes', text: 'My Notes', depth: 2 },
    ],
    fields: [{ id: 'chapter-03/my-notes', heading: 'my-notes' }],
  },
];

function note(
  id: string,
  text: string,
  place: Partial<NotePlace> | null = {},
  rest: Partial<Note> = {},
): Note {
  const whole: NotePlace | null = place && {
    page: 'chapter-03-message-brokers',
    heading: { id: 'core-concepts', text: 'Core Concepts' },
    quote: null,
    run: null,
    order: 0,
    tags: [],
    createdAtMs: 1,
    changedAtMs: 1,
    deletedAtMs: null,
    ...place,
  };
  return {
    id,
    text,
    savedAtMs: Date.UTC(2026, 10, 28, 12),
    others: [],
    place: whole,
    deleted: false,
    ...rest,
  };
}
const at = (one: Note, lost: string[] = []): ReturnType<typeof placeNote> =>
  placeNote(one, book, new Set(lost));

describe('the place of a note', () => {
  it('is its heading; under another id, the heading that says the same', () => {
    expect(at(note('n/1', '')).heading?.id).toBe('core-concepts');
    const renamed = note('n/1', '', { heading: { id: 'concepts', text: 'Core Concepts' } });
    expect(at(renamed).heading?.id).toBe('core-concepts');
  });

  it('is none where heading, page or passage has gone', () => {
    expect(at(note('n/1', '', { heading: { id: 'gone', text: 'Gone' } })).page).toBe(null);
    expect(at(note('n/1', '', { page: 'chapter-99' })).page).toBe(null);
    expect(at(note('n/1', '', null)).page).toBe(null);
    expect(at(note('n/1', ''), ['n/1']).page).toBe(null);
  });

  it('of a passage or a run is its page, though the heading above has gone', () => {
    const heading = { id: 'gone', text: 'Gone' };
    expect(at(note('n/1', '', { heading, quote: { exact: 'x', before: '', after: '' } }))).toMatchObject({
      page: book[1],
      heading: null,
    });
  });

  it('of a text that belongs to a page is where that has its field', () => {
    expect(at(note('chapter-03/my-notes', 'x', null))).toMatchObject({
      kind: 'field',
      page: book[1],
      heading: { id: 'my-notes' },
    });
  });

  it('groups in the order of the book, those without a place first', () => {
    const notes = [
      note('chapter-03/my-notes', 'c', null),
      note('n/2', 'b'),
      note('n/3', 'lost', { page: null }),
      note('n/1', 'a', { page: 'index', heading: null }),
    ];
    const groups = groupByPlace(
      notes.map((each) => at(each)),
      book,
    );
    expect(groups.map(({ notes: own }) => own.map((each) => each.note.text).join())).toEqual([
      'lost',
      'a',
      'b',
      'c',
    ]);
  });

  it('has an address: of a heading, a passage, a run at its moment; without a place there is none', () => {
    expect(addressOf(at(note('n/1', '')), '/b/')).toBe('/b/chapter-03-message-brokers/#core-concepts');
    const quote = { exact: 'x', before: '', after: '' };
    expect(addressOf(at(note('n/t1-2', '', { quote })), '/b/')).toBe(
      '/b/chapter-03-message-brokers/?note=t1-2#core-concepts',
    );
    const run = { figure: 'kafka-acks', title: 'Acks', parameters: { run: 'a&b', beside: 'c' } };
    expect(addressOf(at(note('n/1', '', { run })), '/b/')).toBe(
      '/b/chapter-03-message-brokers/?run=a%26b&beside=c#kafka-acks',
    );
    expect(addressOf(at(note('n/1', '', { page: 'index', heading: null })), '/b/')).toBe('/b/#_top');
    expect(addressOf(at(note('n/1', '', { page: null })), '/b/')).toBe(null);
  });
});

describe('looking for notes', () => {
  const tagged = at(
    note('n/1', 'Lag is not loss', { tags: ['Exam'], quote: { exact: 'retention', before: '', after: '' } }),
  );

  it('finds words in the text, the passage, the tags and the place, all of them', () => {
    for (const words of ['lag', 'LOSS lag', 'retention', '#exam', 'core concepts', 'message brokers lag'])
      expect(isWanted(tagged, { ...ALL, words }), words).toBe(true);
    expect(isWanted(tagged, { ...ALL, words: 'lag offsets' })).toBe(false);
  });

  it('goes by tag, page, kind, and what is deleted', () => {
    expect(isWanted(tagged, { ...ALL, tag: 'exam' })).toBe(true);
    expect(isWanted(tagged, { ...ALL, tag: 'ex' })).toBe(false);
    expect(isWanted(tagged, { ...ALL, page: 'index' })).toBe(false);
    expect(isWanted(tagged, { ...ALL, kind: 'passage' })).toBe(true);
    expect(isWanted(tagged, { ...ALL, kind: 'run' })).toBe(false);
    expect(isWanted(tagged, { ...ALL, deleted: true })).toBe(false);
    expect(isWanted(at(note('n/2', '', { page: null })), { ...ALL, page: '-' })).toBe(true);
  });

  it('knows one spelling of each tag, and makes one of what was typed', () => {
    const notes = [note('n/1', '', { tags: ['exam', 'Kafka'] }), note('n/2', '', { tags: ['Exam'] })];
    expect(tagsOf(notes)).toEqual(['exam', 'Kafka']);
    expect([' #to  read, ', '##x', ' , ', 'a'.repeat(99)].map(tagOf)).toEqual([
      'to read',
      'x',
      '',
      'a'.repeat(60),
    ]);
  });
});

it('notes become one file of Markdown: places, passages, texts, tags and addresses', () => {
  const run = { figure: 'kafka-acks', title: 'What *acks* waits for', parameters: { run: 'abc' } };
  const other = { text: 'typed elsewhere', savedAtMs: 1, by: 't2', seen: { t2: 1 } };
  const notes = [
    note('n/1', 'No place for me.', { page: null, heading: { id: 'gone', text: 'Gone' } }),
    note('n/2', '# Mine\n\nLag.', { tags: ['to read'], quote: { exact: 'a log', before: '', after: '' } }),
    note('n/3', ' ', { run }, { others: [other] }),
  ];
  const groups = groupByPlace(
    notes.map((each) => at(each)),
    book,
  );
  expect(exportMarkdown(groups, 'https://a.example/b/', Date.UTC(2026, 10, 28, 12)))
    .toBe(`# Notes on Brokerbook

Made on 28 November 2026 from https://a.example/b/.

## Without a place

It was made at “Gone”.

No place for me.

Saved 28 November 2026

---

## Message Brokers

### Core Concepts

> a log

# Mine

Lag.

Saved 28 November 2026 · #to-read · [In the book](<https://a.example/b/chapter-03-message-brokers/?note=2#core-concepts>)

---

(empty)

Kept beside it:

typed elsewhere

Saved 28 November 2026 · [Play “What \\*acks\\* waits for” from this moment](<https://a.example/b/chapter-03-message-brokers/?run=abc#kafka-acks>)

---
`);
});

describe('the pages of the book', () => {
  it('have their headings by the ids that the site gives them, and their fields', () => {
    const source = [
      '---\ntitle: "A page"\n---',
      '## What `acks` waits for',
      '```sh\n## no heading\n```',
      '#### A [link](https://a.example) and _more_',
      '## What `acks` waits for',
      '<Notes id="a/notes" />',
    ].join('\n\n');
    expect(pageOf('a', source)).toEqual({
      id: 'a',
      title: 'A page',
      headings: [
        { id: 'what-acks-waits-for', text: 'What acks waits for', depth: 2 },
        { id: 'a-link-and-_more_', text: 'A link and _more_', depth: 4 },
        { id: 'what-acks-waits-for-1', text: 'What acks waits for', depth: 2 },
      ],
      fields: [{ id: 'a/notes', heading: 'what-acks-waits-for-1' }],
    });
  });

  it('say what is wrong with a source', () => {
    expect(() => pageOf('a', '## x')).toThrow('content/a.mdx: expected a title');
    expect(() => pageOf('a', 'title: x\n\n<Notes id="n" />')).toThrow('expected a heading above it');
  });

  it('are in the order in which they are read', () => {
    const pages = pagesOfTheBook();
    expect(pages.slice(0, 3).map(({ id }) => id)).toEqual([
      'index',
      'chapter-03-message-brokers',
      'brokers/kafka',
    ]);
    expect(pages[1]?.fields).toEqual([{ id: 'chapter-03/my-notes', heading: 'my-notes' }]);
  });
});
