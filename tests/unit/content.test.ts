// The words against themselves: every source that is cited is given, every source given is cited, and every sentence that is
// tied to a claim names one that there is. Whether the claims hold, the build says.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sentencesIn } from '../../src/components/claims/sentences.ts';
import { consumerGroupsScenario } from '../../src/scenarios/kafka/consumer-groups.ts';
import { claims } from '../../src/scenarios/library.ts';
import { traceOf } from '../../src/scenarios/run.ts';
import { parseScenario, type ScenarioInputOf } from '../../src/scenarios/schema.ts';

const pages = readdirSync('content', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.mdx'))
  .map((file) => {
    const source = readFileSync(`content/${file}`, 'utf8');
    return { file: `content/${file}`, source };
  });

/** Footnotes of a page: ids in the order in which they are first cited, and what each one says. */
function footnotesOf(source: string): { cited: string[]; given: Map<string, string[]> } {
  const given = new Map<string, string[]>();
  const prose = source.replace(/^\[\^([^\]]+)\]:[ \t]*(.*)$/gm, (_, id: string, text: string) => {
    given.set(id, [...(given.get(id) ?? []), text]);
    return '';
  });
  const cited = [...prose.matchAll(/\[\^([^\]]+)\]/g)].map((match) => match[1]!);
  return { cited: [...new Set(cited)], given };
}

describe.each(pages)('$file', ({ source }) => {
  const { cited, given } = footnotesOf(source);

  test('every source that is cited is given, and every source given is cited, in the order of first citation', () => {
    expect([...given.keys()]).toEqual(cited);
  });

  test('every source is given once, as one link to an address of its own', () => {
    const addresses = [...given].map(([id, texts]) => {
      expect(texts, `[^${id}]`).toHaveLength(1);
      const link = /^\[[^\]]+\]\((https:\/\/[^\s)]+)\)$/.exec(texts[0]!);
      expect(link, `[^${id}] is expected to be one Markdown link to an https address`).not.toBeNull();
      return link![1]!;
    });
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  test('has a description that fits a search result', () => {
    const description = /^description: (.+)$/m.exec(source)?.[1] ?? '';
    expect(description.length).toBeGreaterThan(40);
    expect(description.length).toBeLessThanOrEqual(170);
  });

  test('names only claims that there are, and opens and closes each of them', () => {
    const said = sentencesIn('', source);
    const known = claims.map(({ id }) => id);
    for (const { claim, line } of said) expect(known, `line ${line}`).toContain(claim);
    expect(source.match(/<Claim\b/g)?.length ?? 0).toBe(said.length);
  });
});

test('the book says of which brokers there are marks, and where it stands which a real one has been asked', () => {
  expect([...new Set(claims.map(({ broker }) => broker))]).toEqual(['kafka', 'rabbitmq']);
  for (const { source } of pages.filter((page) => /<Claim |is a claim/.test(page.source))) {
    expect(source).toMatch(/Marks exist for Kafka and RabbitMQ so far/);
    expect(source).toMatch(/\[Fidelity\]\((\.\.?\/)+fidelity\/\)/);
  }
});

test('whatever is claimed stands in a sentence of the book', () => {
  const said = new Set(
    pages.flatMap(({ file, source }) => sentencesIn(file, source)).map(({ claim }) => claim),
  );
  expect(claims.map(({ id }) => id).filter((id) => !said.has(id))).toEqual([]);
});

test('a sentence that is tied to a claim is short enough to be held to it, and carries no citation', () => {
  for (const { file, source } of pages)
    for (const { text, claim, line } of sentencesIn(file, source)) {
      // A cell of the seed's table says it in a word or two; its heading says the rest.
      const cell = source.split('\n')[line - 1]?.startsWith('|') ?? false;
      expect(text.length, claim).toBeGreaterThan(cell ? 5 : 20);
      expect(text.length, claim).toBeLessThan(220);
      expect(text, claim).not.toMatch(/\[\^/);
    }
});

test('what the chapter says of its experiment is what the scenario says', () => {
  const { source } = pages.find(({ file }) => file.endsWith('chapter-03-message-brokers.mdx'))!;
  const told = /^Here are .+$/m.exec(source)?.[0] ?? '';
  const consumers = consumerGroupsScenario.clients.filter((client) => client.role === 'consumer');
  const crashed = (consumerGroupsScenario.timeline ?? []).flatMap(({ action }) =>
    action.do === 'crash' ? [action.target] : [],
  );
  expect(crashed).toEqual(['c1']);
  expect(told).toContain('C1 crashes');
  expect(told).toContain('three partitions');
  expect(consumerGroupsScenario.system.topics).toMatchObject([{ partitions: 3 }]);
  expect(told).toContain('of three');
  expect(consumers).toHaveLength(3);
  for (const { group, processingMs, config } of consumers) {
    expect(told).toContain(`\`${group}\``);
    expect(told).toContain(`take ${String(processingMs)} ms`);
    expect(told).toContain(`every ${(config?.['auto.commit.interval.ms'] ?? 5000) / 1000} seconds`);
    expect(told).toContain(`set to ${(config?.['session.timeout.ms'] ?? 45_000) / 1000} seconds`);
  }
});

describe('what the chapter says to try', () => {
  const { source } = pages.find(({ file }) => file.endsWith('chapter-03-message-brokers.mdx'))!;

  /** The chapter's run with a setting of all its consumers changed. */
  const withSetting = (name: string, value: number) =>
    traceOf(
      parseScenario({
        ...consumerGroupsScenario,
        clients: consumerGroupsScenario.clients.map((client): ScenarioInputOf<'kafka'>['clients'][number] =>
          client.role === 'consumer' ? { ...client, config: { ...client.config, [name]: value } } : client,
        ),
      }),
    );

  test('with the default session timeout C1 is given up 45 seconds after its last heartbeat', () => {
    expect(source).toContain('C1 is now given up 45 seconds after its last heartbeat.');
    const trace = withSetting('session.timeout.ms', 45_000);
    const removed = trace.find((event) => event.kind === 'member-removed' && event.client === 'c1')!;
    const beats = trace.filter(
      (event) => event.kind === 'sent' && event.what === 'Heartbeat' && event.from === 'c1',
    );
    const silentMs = (removed.at - beats.at(-1)!.at) / 1000;
    expect(silentMs).toBeGreaterThanOrEqual(45_000);
    expect(silentMs).toBeLessThan(45_500);
  });

  test('with a commit every second no record is processed twice, in this run', () => {
    expect(source).toContain('In this run no record comes twice.');
    const processed = withSetting('auto.commit.interval.ms', 1000).flatMap((event) =>
      event.kind === 'processed' ? [event.message] : [],
    );
    expect(processed.length).toBeGreaterThan(100);
    expect(new Set(processed).size).toBe(processed.length);
  });
});
