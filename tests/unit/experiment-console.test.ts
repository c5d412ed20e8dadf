// The console panel without its page: history, completion, the screen, and a command on a real run.
import { describe, expect, test } from 'vitest';
import { experimentPoster } from '../../src/components/experiment-poster.ts';
import { Client, type WorkerLike } from '../../src/client/client.ts';
import { entered, moved, NO_HISTORY, type History } from '../../src/widgets/experiment/console/history.ts';
import { answered, completed, screen } from '../../src/widgets/experiment/console/terminal.ts';
import { kafkaConsoleSide } from '../../src/widgets/experiment/kafka/console.ts';
import { kafkaSide } from '../../src/widgets/experiment/kafka/side.ts';
import { Session } from '../../src/widgets/experiment/session.ts';
import { Host } from '../../src/worker/host.ts';
import { clusterView, printed } from './fixtures/experiment/cluster.ts';
import { crashView, frame } from './fixtures/experiment/frames.ts';

const { tools, examples } = kafkaConsoleSide;

describe('history', () => {
  const typed = (...lines: string[]): History => lines.reduce(entered, NO_HISTORY);

  test('goes back and forth, and gives back what was being typed', () => {
    const up = moved(typed('one', 'two'), -1, 'thr')!;
    expect(up.line).toBe('two');
    const again = moved(up.history, -1, up.line)!;
    expect(again.line).toBe('one');
    expect(moved(again.history, -1, again.line)).toBeNull();
    const down = moved(again.history, 1, again.line)!;
    expect(down.line).toBe('two');
    const end = moved(down.history, 1, down.line)!;
    expect(end.line).toBe('thr');
    expect(moved(end.history, 1, end.line)).toBeNull();
  });

  test('keeps no empty line, none twice in a row, and not all for ever', () => {
    expect(typed('one', ' ', 'one', 'two', 'one').lines).toEqual(['one', 'two', 'one']);
    const many = typed(...Array.from({ length: 300 }, (_, i) => `line ${i}`));
    expect(many.lines).toHaveLength(200);
    expect(many.lines.at(-1)).toBe('line 299');
  });
});

describe('completion', () => {
  const knowledge = { topics: ['orders', 'orders-dlq'], groups: ['billing'], brokers: ['broker-1'] };
  const tab = (line: string, cursor = line.length) => completed(tools, line, cursor, knowledge);

  test('completes a word of its own with a space, and goes as far as several agree', () => {
    expect(tab('kafka-to')).toEqual({ line: 'kafka-topics.sh ', cursor: 16, candidates: [] });
    const several = tab('kafka-topics.sh --topic o');
    expect(several?.line).toBe('kafka-topics.sh --topic orders');
    expect(several?.candidates).toEqual(['orders', 'orders-dlq']);
    expect(tab('kafka-console-')?.candidates).toContain('kafka-console-producer.sh');
  });

  test('keeps what stands behind the cursor', () => {
    expect(tab('kafka-topics.sh --desc --topic x', 22)).toEqual({
      line: 'kafka-topics.sh --describe --topic x',
      cursor: 27,
      candidates: [],
    });
  });

  test('leaves the Tab key alone where nothing fits', () => {
    expect(tab('nothing-like-it')).toBeNull();
  });
});

describe('the screen', () => {
  test('shows what was printed since it was cleared', () => {
    const cleared = { client: 'console', command: 'clear', at: 15_000_000, lines: [], exit: 0 };
    const [first, second] = printed.outputs;
    expect(screen({ ...printed, outputs: [first!, cleared, second!] })).toEqual([second]);
    expect(screen(null)).toEqual([]);
  });

  test('has the prompt of what runs', () => {
    expect(tools.promptOf(null)).toBe('$ ');
    expect(tools.promptOf('kafka-console-producer.sh --topic orders')).toBe('>');
    expect(tools.promptOf('kafka-console-consumer.sh --topic orders')).toBe('');
  });

  test('waits for the end of a command, a while for a record, and for ever for a reader', () => {
    const at = (running: string | null, now: number) =>
      answered(tools, { ...frame({ ...crashView(), console: { ...printed, running } }), at: now }, 1_000_000);
    expect(at(null, 1_000_000)).toBe(true);
    expect(at('kafka-topics.sh --list', 60_000_000)).toBe(false);
    expect(at('kafka-console-producer.sh', 2_000_000)).toBe(false);
    expect(at('kafka-console-producer.sh', 3_000_000)).toBe(true);
    expect(at('kafka-console-consumer.sh', 60_000_000)).toBe(false);
  });

  test('offers commands that name what is there, at a broker that runs', () => {
    const view = clusterView();
    const lines = examples(view).map(({ line }) => line);
    expect(lines).toContain('kafka-topics.sh --bootstrap-server localhost:9092 --describe --topic orders');
    expect(lines.some((line) => line.startsWith('kafka-share-groups.sh'))).toBe(true);
    const [, ...others] = view.nodes;
    const down = {
      ...view,
      nodes: [
        { ...view.nodes[0]!, state: 'crashed' as const },
        { ...others[0]!, state: 'running' as const },
      ],
    };
    expect(examples(down)[0]?.line).toContain('localhost:9093');
    expect(tools.names(view)).toEqual({
      topics: ['orders'],
      groups: ['billing', 'enrich', 'workers'],
      brokers: ['broker-1', 'broker-2', 'broker-3'],
    });
  });
});

describe('a command on a run', () => {
  /** A session on the real simulator, in the same thread. */
  function start() {
    const worker: WorkerLike = {
      onmessage: null,
      onerror: null,
      onmessageerror: null,
      terminate: () => undefined,
      postMessage: (message) => void setTimeout(() => host.receive(structuredClone(message)), 0),
    };
    const host = new Host(
      (answer) => void setTimeout(() => worker.onmessage?.({ data: structuredClone(answer) }), 0),
      (work) => void setTimeout(work, 0),
    );
    const poster = experimentPoster('kafka-consumer-groups');
    const client = new Client(() => worker, { every: () => () => undefined });
    return new Session(poster, client, kafkaSide);
  }

  test('plays the run on until it has ended, and goes when it is taken back', async () => {
    const session = start();
    const typedAt = session.frame.value.at;
    const line = 'kafka-topics.sh --bootstrap-server localhost:9092 --list';
    expect(await session.act(() => ({ do: 'type', line }))).toBe(true);
    await session.playUntil((now) => answered(tools, now, typedAt));
    for (let nowMs = 0; session.playing.value; nowMs += 100) {
      if (nowMs > 20_000) throw new Error('it did not end');
      session.tick(nowMs);
      await new Promise((done) => setTimeout(done, 3));
    }
    const [output] = session.frame.value.view.console?.outputs ?? [];
    expect(output).toMatchObject({ command: line, exit: 0 });
    expect(output?.lines).toContain('orders');
    expect(session.frame.value.ended).toBe(false);
    await session.withdraw(0);
    expect(session.frame.value.view.console).toBeNull();
    session.close();
  });

  test('several things at once happen at one moment, in their order', async () => {
    const session = start();
    await session.act(() => [
      { do: 'pause', target: 'c0' },
      { do: 'crash', target: 'c1' },
    ]);
    expect(session.actions.value.map(({ action }) => action.do)).toEqual(['pause', 'crash']);
    expect(new Set(session.actions.value.map(({ atMs }) => atMs)).size).toBe(1);
    expect(await session.act(() => null)).toBe(false);
    session.close();
  });
});
