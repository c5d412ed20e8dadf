// The chooser: its tree is the seed's, each way through it ends where the seed says, everything that it shows is there (the
// nodes and edges of the picture, the sources, the experiments and sections), and an address gives back what it was made of.
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import chooser from '../../content/facts/chooser.json' with { type: 'json' };
import { chooserSources, sourceIdsOf } from '../../src/components/chooser-sources.ts';
import { diagramKey, diagramThemes, readTokensCss } from '../../src/components/diagrams/files.ts';
import { experiments } from '../../src/scenarios/library.ts';
import { decodeChoice, encodeChoice } from '../../src/widgets/chooser/address.ts';
import {
  answersOfNext,
  follow,
  leafById,
  lightsOf,
  sayDifference,
  sayPath,
  type Answers,
  type Path,
  type Place,
  type Tree,
} from '../../src/widgets/chooser/tree.ts';

const tree = chooser as Tree;
const chapterPath = 'content/chapter-03-message-brokers.mdx';
const both = ['yes', 'no'] as const;

/** Every way through the tree, from its beginning to each question and leaf. */
function everyPath(answers: Answers = {}): Path[] {
  const path = follow(tree, answers);
  if (!path.open) return [path];
  const { id } = path.open;
  return [path, ...both.flatMap((answer) => everyPath({ ...answers, [id]: answer }))];
}

const paths = everyPath();
const whole = paths.filter(({ leaf }) => leaf !== null);

describe('the tree', () => {
  test.each([
    ['yes.yes', 'Apache Kafka'],
    ['yes.no', 'Pulsar / Redis Streams'],
    ['no.yes', 'RabbitMQ'],
    ['no.no.yes', 'SQS + EventBridge'],
    ['no.no.no', 'NATS'],
  ])('%s leads to %s', (choice, name) => {
    const { answers } = decodeChoice(tree, choice);
    expect(follow(tree, answers ?? {}).leaf?.name).toBe(name);
  });

  test('is the seed’s, word for word and edge for edge', () => {
    const seed = readFileSync('tests/e2e/chapter-03.seed.md', 'utf8');
    const drawn = /flowchart TD\n {4}Choose[\s\S]*?```/.exec(seed)?.[0] ?? '';
    const labels = new Map(
      [...drawn.matchAll(/(\w+)(?:\(\[|\{|\[)"([^"]*)"/g)].map(([, node = '', label = '']) => [
        node,
        label.replace('✅ ', '').replace('<br/>', ' '),
      ]),
    );
    const edges = [...drawn.matchAll(/(\w+)(?:\([^)]*\))? (?:-- (\w+) )?--> (\w+)/g)].map(
      ([, from, label, to]) => `${from} ${label?.toLowerCase() ?? ''} ${to}`,
    );
    const all = [...tree.questions, ...tree.leaves];
    const nodeOf = (id: string): string => all.find((one) => one.id === id)!.node;
    expect(new Map(all.map((one) => [one.node, 'ask' in one ? one.ask : one.name]))).toEqual(
      new Map([...labels].filter(([node]) => node !== tree.start.node)),
    );
    expect(
      [
        `${tree.start.node}  ${nodeOf(tree.start.leads)}`,
        ...tree.questions.flatMap((q) => both.map((answer) => `${q.node} ${answer} ${nodeOf(q[answer])}`)),
      ].sort(),
    ).toEqual(edges.sort());
  });

  test('each leaf is at the end of one way, and ids are given once', () => {
    expect(whole.map(({ leaf }) => leaf!.id).sort()).toEqual(tree.leaves.map(({ id }) => id).sort());
    const ids = [...tree.questions, ...tree.leaves].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('answers off the path are kept and change nothing until the path turns to them', () => {
    const answers: Answers = { replay: 'yes', throughput: 'yes', routing: 'no', serverless: 'yes' };
    expect(follow(tree, answers).leaf?.id).toBe('kafka');
    expect(follow(tree, { ...answers, replay: 'no' }).leaf?.id).toBe('sqs-eventbridge');
  });

  test('a question that leads nowhere is named', () => {
    const broken = { ...tree, start: { ...tree.start, leads: 'cost' } };
    expect(() => follow(broken, {})).toThrow('leads to "cost"');
  });
});

describe('what is shown', () => {
  const source = readFileSync(chapterPath, 'utf8');

  /** The ids that a reader can be taken to on a page. */
  function idsOn(page: string): string[] {
    const path = `content/${page}.mdx`;
    expect(existsSync(path), `${path} is a page of the book`).toBe(true);
    const text = readFileSync(path, 'utf8');
    const headings = [...text.matchAll(/^#{2,4} (.+)$/gm)].map(([, words = '']) =>
      words
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
    return [...headings, ...[...text.matchAll(/<Experiment id="([^"]+)"/g)].map(([, id = '']) => id)];
  }

  const expectToBeThere = ({ page = 'chapter-03-message-brokers', at }: Place): void => {
    const ids = idsOn(page);
    if (at !== undefined) expect(ids, `#${at} on ${page}`).toContain(at);
  };

  test.each(tree.questions)(
    '$id: an experiment shows why it matters, and every place is there',
    ({ see, why }) => {
      see.forEach(expectToBeThere);
      const known = experiments.map(({ id }) => id);
      expect(see.filter(({ at }) => known.includes(at ?? ''))).not.toEqual([]);
      expect(why.sources).not.toEqual([]);
    },
  );

  test.each(tree.leaves)(
    '$id: has a reason for each answer on its way, sources, and its place in the chapter',
    (leaf) => {
      const path = whole.find((one) => one.leaf!.id === leaf.id)!;
      expect(Object.keys(leaf.reasons)).toEqual(path.steps.map(({ question }) => question.id));
      expect(leaf.what.sources).not.toEqual([]);
      expect(leaf.simple.sources).not.toEqual([]);
      leaf.places.forEach(expectToBeThere);
      expect(leaf.places.some(({ page }) => page === undefined)).toBe(true);
    },
  );

  test.each(tree.leaves)(
    '$id: its runner-up wins with the answers that are said to make it win, and with no fewer',
    (leaf) => {
      const path = whole.find((one) => one.leaf!.id === leaf.id)!;
      const changed = answersOfNext(path, leaf);
      expect(follow(tree, changed).leaf?.id).toBe(leaf.next.leaf);
      expect(leaf.next.leaf).not.toBe(leaf.id);
      for (const id of Object.keys(leaf.next.answers)) {
        const given = path.steps.find(({ question }) => question.id === id)?.answer;
        const others = Object.entries(changed).filter(([other]) => other !== id);
        const fewer = Object.fromEntries(given ? [...others, [id, given]] : others) as Answers;
        expect(follow(tree, fewer).leaf?.id, id).not.toBe(leaf.next.leaf);
      }
    },
  );

  test('its sources are the chapter’s, by the numbers that they have there', () => {
    const sources = chooserSources(tree, chapterPath);
    const cited = [...source.replaceAll(/^\[\^[^\]]+\]:.*$/gm, '').matchAll(/\[\^([^\]]+)\]/g)];
    const order = [...new Set(cited.map(([, id]) => id!))];
    expect(Object.keys(sources).sort()).toEqual(sourceIdsOf(tree).sort());
    for (const [id, { number, label }] of Object.entries(sources)) {
      expect(order[number - 1], label).toBe(id);
      expect(label.length).toBeGreaterThan(5);
    }
  });

  test('a source that the chapter does not give stops the build by its name', () => {
    const [first, ...rest] = tree.questions;
    const broken = { ...tree, questions: [{ ...first!, why: { text: '', sources: ['hearsay'] } }, ...rest] };
    expect(() => chooserSources(broken, chapterPath)).toThrow('got "hearsay"');
  });
});

describe('the lights', () => {
  const mermaid = readFileSync('content/diagrams/broker-comparison.mmd', 'utf8');
  const key = diagramKey(mermaid, readTokensCss('.'));
  const drawn = diagramThemes.map((theme) => {
    const svg = readFileSync(`content/diagrams/rendered/${key}.${theme}.svg`, 'utf8');
    const names = (part: string): string[] => [
      ...new Set([...svg.matchAll(new RegExp(`data-${part}="([^"]+)"`, 'g'))].map((match) => match[1]!)),
    ];
    return { nodes: names('node').sort(), edges: names('edge').sort() };
  });

  test('at a leaf every node and edge of both pictures is on the path, on the runner-up’s, or away', () => {
    for (const path of whole) {
      const { nodes, edges } = lightsOf(tree, path);
      for (const picture of drawn) {
        expect([...nodes.keys()].sort()).toEqual(picture.nodes);
        expect([...edges.keys()].sort()).toEqual(picture.edges);
      }
    }
  });

  test.each([
    ['', { here: 'Q1' }, {}],
    ['yes', { on: 'Choose Q1', here: 'Q2', away: 'Q3 Q4 Rabbit SQS NATS' }, { on: 'Choose_Q1 Q1_Q2' }],
    [
      'no.yes',
      { on: 'Choose Q1 Q3', here: 'Rabbit', next: 'Q4 NATS', away: 'Q2 Kafka Pulsar SQS' },
      { on: 'Choose_Q1 Q1_Q3 Q3_Rabbit', next: 'Q3_Q4 Q4_NATS' },
    ],
    [
      'no.no.no',
      { on: 'Choose Q1 Q3 Q4', here: 'NATS', next: 'Rabbit', away: 'Q2 Kafka Pulsar SQS' },
      { on: 'Choose_Q1 Q1_Q3 Q3_Q4 Q4_NATS', next: 'Q3_Rabbit' },
    ],
  ])('after “%s”', (choice, nodes: Record<string, string>, edges: Record<string, string>) => {
    const answers = choice === '' ? {} : decodeChoice(tree, choice).answers!;
    const lights = lightsOf(tree, follow(tree, answers));
    const lit = (parts: ReadonlyMap<string, string>, light: string): string[] =>
      [...parts]
        .filter(([, value]) => value === light)
        .map(([name]) => name)
        .sort();
    const words = (text = ''): string[] => text.split(' ').filter(Boolean).sort();
    for (const light of ['on', 'here', 'next', 'away'])
      expect(lit(lights.nodes, light), light).toEqual(words(nodes[light]));
    for (const light of ['on', 'next']) expect(lit(lights.edges, light), light).toEqual(words(edges[light]));
  });
});

describe('in words', () => {
  const said = (choice: string): string =>
    sayPath(tree, follow(tree, decodeChoice(tree, choice).answers ?? {}));

  test('the path says the questions, the answers, and what they lead to', () => {
    expect(sayPath(tree, follow(tree, {}))).toBe('The way begins at the first question: Need event replay?');
    expect(said('yes')).toBe('Need event replay? Yes. The next question: High throughput (100K+ events/s)?');
    expect(said('no.yes')).toBe(
      'Need event replay? No. Complex routing patterns? Yes. This leads to RabbitMQ. The runner-up: NATS.',
    );
  });

  test('the difference names each answer that would have to change', () => {
    expect(sayDifference(tree, leafById(tree, 'rabbitmq'))).toBe(
      '“Complex routing patterns?” were answered No and “Serverless?” were answered No',
    );
  });
});

describe('the address', () => {
  test('gives back every path, finished or not', () => {
    for (const path of paths.filter(({ steps }) => steps.length > 0)) {
      const { answers, problem } = decodeChoice(tree, encodeChoice(path));
      expect(problem).toBeNull();
      expect(follow(tree, answers!)).toEqual(path);
    }
  });

  test.each([
    ['', 'expected “yes” or “no” as answer 1, to “Need event replay?”, and found nothing.'],
    ['maybe', 'as answer 1, to “Need event replay?”, and found “maybe”.'],
    ['no.YES', 'as answer 2, to “Complex routing patterns?”, and found “YES”.'],
    ['no..yes', 'as answer 2, to “Complex routing patterns?”, and found nothing.'],
    ['yes.no.yes', '“yes.no” leads to Pulsar / Redis Streams, and nothing is asked after it.'],
    ['x'.repeat(500), `found “${'x'.repeat(24)}…”.`],
  ])('“%s” is refused, and says what was expected', (text, message) => {
    const { answers, problem } = decodeChoice(tree, text);
    expect(answers).toBeNull();
    expect(problem).toMatch(/^This address of a choice cannot be used: /);
    expect(problem).toContain(message);
  });

  test('any text is read or refused in one sentence, and what is read is a path of the tree', () => {
    const word = fc.oneof(fc.constantFrom('yes', 'no'), fc.string());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const text = words.join('.');
        const { answers, problem } = decodeChoice(tree, text);
        if (answers) expect(encodeChoice(follow(tree, answers))).toBe(text);
        else expect(problem.length).toBeLessThan(220);
      }),
    );
  });
});
