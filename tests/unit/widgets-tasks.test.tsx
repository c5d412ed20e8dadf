import { readFileSync } from 'node:fs';
import { render } from 'preact-render-to-string';
import { expect, it } from 'vitest';
import { ideasIn, idsOf } from '../../src/components/practice/ideas.ts';
import { kinds } from '../../src/storage/kinds.ts';
import { keyOf } from '../../src/storage/store.ts';
import Tasks from '../../src/widgets/tasks/Tasks.tsx';

const practice = JSON.parse(
  readFileSync(new URL('../../content/practice/chapter-03.json', import.meta.url), 'utf8'),
) as { tasks: { id: string; text: string }[]; questions: { id: string }[] };
const ideas = ideasIn(practice.tasks, '/book/');

it('is a list of every idea with its tasks, unticked, and counts both', () => {
  const html = render(<Tasks ideas={ideas} />);
  for (const { text, steps } of ideas) {
    expect(html).toContain(`<span>${text}</span>`);
    expect(html).toContain(`0 of ${steps.length} tasks done`);
    for (const step of steps) expect(html).toContain(`<span>${step.text.replaceAll('"', '&quot;')}</span>`);
  }
  const items = ideas.length + ideas.flatMap(({ steps }) => steps).length;
  expect(html.match(/<li>/g)).toHaveLength(items);
  expect(html.match(/<input type="checkbox"/g)).toHaveLength(items);
  expect(html).not.toContain('checked');
  expect(html).toMatch(/role="status">0 of 3 done/);
});

it('breaks every idea into tasks, and leads to the challenges among them', () => {
  for (const { id, steps } of ideas) expect(steps.length, id).toBeGreaterThanOrEqual(4);
  const played = ideas.flatMap(({ steps }) => steps.flatMap(({ challenge }) => challenge ?? []));
  expect(played.length).toBeGreaterThanOrEqual(9);
  for (const { id, href } of played) expect(href).toBe(`/book/practice/${id}/`);
  // The first idea needs a machine; what to type there is said in full.
  const typed = ideas[0]!.steps.flatMap(({ commands }) => commands ?? []).join('\n');
  for (const command of [
    'bin/kafka-storage.sh format --standalone -t $KAFKA_CLUSTER_ID -c config/server.properties',
    'bin/kafka-server-start.sh config/server.properties',
    'bin/kafka-topics.sh',
    'bin/kafka-console-producer.sh',
    'bin/kafka-console-consumer.sh',
    'bin/kafka-consumer-groups.sh',
  ])
    expect(typed).toContain(command);
});

// Readers' ticks and answers are stored under these. A new id may be added; one that was given stays.
it('keeps the permanent ids', () => {
  expect(practice.tasks.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      'chapter-03/practice/set-up-kafka',
      'chapter-03/practice/compare-rabbitmq-and-kafka',
      'chapter-03/practice/consumer-groups-and-partition-assignment',
    ]),
  );
  expect(idsOf(ideas)).toEqual(
    expect.arrayContaining([
      ...['unpack', 'format-storage', 'start', 'create-topic', 'produce', 'consume', 'look-at-offsets'].map(
        (step) => `chapter-03/practice/set-up-kafka/${step}`,
      ),
      'chapter-03/practice/compare-rabbitmq-and-kafka/one-workload',
      'chapter-03/practice/compare-rabbitmq-and-kafka/decide',
      'chapter-03/practice/consumer-groups-and-partition-assignment/real-group',
      'practice/kafka-first-topic',
    ]),
  );
  expect(practice.questions.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      'chapter-03/questions/best-fit',
      'chapter-03/questions/queue-or-stream',
      'chapter-03/questions/partitioning-ordering-scalability',
    ]),
  );
});

it('gives every id of the practice once, in the form that the storage takes', () => {
  const keys = [
    ...idsOf(ideas).map((id) => keyOf(kinds.task, id)),
    ...practice.questions.map(({ id }) => keyOf(kinds.answer, id)),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
