// What is asked of rabbitmqctl in a run, and that all of it is taken back.
import { describe, expect, it } from 'vitest';
import { Agenda } from '../../../src/real/agenda.ts';
import { Administration } from '../../../src/real/rabbitmq/administration.ts';
import { Copies } from '../../../src/real/rabbitmq/copies.ts';
import { Names } from '../../../src/real/rabbitmq/names.ts';
import { Recorder } from '../../../src/real/recorder.ts';
import type { PolicySettings } from '../../../src/brokers/rabbitmq/config.ts';

const setUp = () => {
  const asked: string[] = [];
  const recorder = new Recorder();
  const administration = new Administration(
    {
      names: new Names('abc'),
      made: { exchanges: new Set(), queues: new Set() },
      recorder,
      agenda: new Agenda(recorder, () => undefined),
      copies: new Copies(),
      urls: ['amqp://127.0.0.1:1', 'amqp://127.0.0.1:2'],
      route: () => '',
      seed: 1,
      nextMessage: 0,
      failed: () => undefined,
    },
    (node, args) => {
      asked.push([node, ...args].join(' '));
      return Promise.resolve('before\n');
    },
  );
  return { administration, asked, recorder };
};

const policy: PolicySettings = {
  name: 'short',
  pattern: '^orders$',
  'apply-to': 'queues',
  priority: 2,
  definition: { 'max-length': 2, 'dead-letter-exchange': 'dlx' },
  operator: false,
};

describe('an administrator', () => {
  it('sets a policy for names of the run, tells of it, and takes it back', async () => {
    const { administration, asked, recorder } = setUp();
    await administration.setPolicy(policy);
    const definition = '{"max-length":2,"dead-letter-exchange":"brokerbook-abc.dlx"}';
    expect(asked).toEqual([
      `rabbit-1 set_policy --priority 2 --apply-to queues brokerbook-abc.short ^brokerbook-abc\\.(?:orders$) ${definition}`,
    ]);
    expect(recorder.observed).toMatchObject([
      {
        kind: 'configured',
        name: 'short',
        settings: [
          ['max-length', '2'],
          ['dead-letter-exchange', 'dlx'],
        ],
        policy: { pattern: '^orders$', 'apply-to': 'queues', priority: 2, operator: false },
      },
    ]);
    await administration.undo();
    expect(asked.slice(1)).toEqual(['rabbit-1 clear_policy brokerbook-abc.short']);
  });

  it('clears a policy once', async () => {
    const { administration, asked, recorder } = setUp();
    await administration.setPolicy({ ...policy, operator: true });
    await administration.clearPolicy({ ...policy, operator: true });
    expect(recorder.observed.at(-1)).toMatchObject({
      settings: [
        ['max-length', null],
        ['dead-letter-exchange', null],
      ],
    });
    await administration.undo();
    expect(asked.map((line) => line.split(' ')[1])).toEqual(['set_operator_policy', 'clear_operator_policy']);
  });

  it('turns what is not as it comes, on every node, and turns it back', async () => {
    const { administration, asked } = setUp();
    await administration.set({ consumer_timeout: 1_800_000, channel_tick_interval: 1000 });
    const put = (to: string) => `application:set_env(rabbit, channel_tick_interval, ${to}).`;
    expect(asked.filter((line) => line.includes('set_env'))).toEqual([
      `rabbit-1 eval ${put('1000')}`,
      `rabbit-2 eval ${put('1000')}`,
    ]);
    asked.length = 0;
    await administration.undo();
    expect(asked).toEqual([`rabbit-2 eval ${put('before')}`, `rabbit-1 eval ${put('before')}`]);
  });

  it('raises an alarm, and ends it at the limit that stood before', async () => {
    const { administration, asked } = setUp();
    const sets = () => asked.filter((line) => !line.includes('eval'));
    await administration.alarm('rabbit-2', 'memory', true);
    expect(sets()).toEqual(['rabbit-2 set_vm_memory_high_watermark 0']);
    await administration.alarm('rabbit-2', 'memory', false);
    expect(sets().at(-1)).toBe('rabbit-2 set_vm_memory_high_watermark before');
    await administration.alarm('rabbit-1', 'disk', true);
    await administration.undo();
    expect(sets().slice(2)).toEqual([
      'rabbit-1 set_disk_free_limit 1PB',
      'rabbit-1 set_disk_free_limit before',
    ]);
  });
});
