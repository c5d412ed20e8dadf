// What the reader may do to a RabbitMQ run: buttons by the state of each process, and forms that make actions of the run.
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { rabbitmqClient } from '../../src/brokers/rabbitmq/client-config.ts';
import type { RabbitmqView } from '../../src/brokers/rabbitmq/view-types.ts';
import type { Control } from '../../src/scenarios/experiment.ts';
import { parseActions } from '../../src/scenarios/schema.ts';
import { displayName } from '../../src/sim/names.ts';
import {
  everyButton,
  type Controls,
  type FilledForm,
  type Moment,
  type Typed,
} from '../../src/widgets/experiment/controls.ts';
import { readTable } from '../../src/widgets/experiment/rabbitmq/forms.ts';
import { benchSide, rabbitmqSide } from '../../src/widgets/experiment/rabbitmq/side.ts';
import { benchView, crowdedView, workView } from './fixtures/experiment/rabbitmq.ts';

const all: Control[] = [
  'publish',
  'add-consumer',
  'crash-consumer',
  'restart-consumer',
  'pause-consumer',
  'close-consumer',
  'cancel-consumer',
  'cut-link',
  'crash-producer',
  'crash-node',
  'restart-node',
  'alarm',
  'purge-queue',
];

const template = v.parse(rabbitmqClient, {
  id: 'worker-1',
  role: 'consumer',
  label: 'Worker 1',
  queues: ['billing'],
  prefetchCount: 3,
});

function moment(view: RabbitmqView, offered: readonly Control[]): Moment<'rabbitmq'> {
  return { view, offered, about: { seed: 1, clients: [template] }, actions: [], now: Infinity };
}

function rowsOf(controls: Controls, title: string): unknown {
  const section = controls.sections.find((one) => one.title === title);
  return section?.rows.map(({ id, buttons }) => [id, buttons.map(({ label }) => label)]);
}

function form(controls: Controls, id: string, typed: Typed = {}): FilledForm {
  const forms = [...controls.intervene.forms, ...controls.sections.flatMap((section) => section.forms)];
  const found = forms.find((one) => one.id === id);
  if (!found) throw new Error(`there is no form ${id}`);
  return found.fill(typed);
}

describe('buttons', () => {
  const controls = rabbitmqSide.controls(moment(workView(), all));

  test('depend on the state of each process', () => {
    expect(rowsOf(controls, 'Consumers')).toEqual([
      ['auditor', ['Crash', 'Pause', 'Cancel', 'Close', 'Cut link']],
      ['worker-1', ['Crash', 'Pause', 'Cancel', 'Close', 'Cut link']],
      ['worker-2', ['Restart']],
    ]);
    expect(rowsOf(controls, 'Nodes')).toEqual([['rabbit-1', ['Crash', 'Memory alarm']]]);
    expect(rowsOf(controls, 'Publishers')).toEqual([
      ['shop', ['Crash']],
      ['backoffice', ['Crash']],
    ]);
  });

  test('are those that the experiment offers, and no more', () => {
    const few = rabbitmqSide.controls(moment(workView(), ['purge-queue']));
    expect(few.sections.map(({ title }) => title)).toEqual(['Queues']);
    expect(few.intervene).toEqual({ forms: [], buttons: [] });
  });

  test('each stands for an action that the schema takes', () => {
    const buttons = everyButton(controls).filter(({ action }) => action !== null);
    expect(buttons.length).toBeGreaterThan(12);
    expect(new Set(buttons.map(({ id }) => id)).size).toBe(buttons.length);
    const timed = buttons.flatMap(({ action, also = [] }) =>
      [action, ...also].map((one) => ({ atMs: 1, action: one })),
    );
    expect(() => parseActions(JSON.parse(JSON.stringify(timed)), 'rabbitmq')).not.toThrow();
  });

  test('R-35 an alarm that is on can be ended', () => {
    const view = workView();
    const short = { ...view, nodes: view.nodes.map((node) => ({ ...node, alarms: ['memory'] })) };
    const [, alarm] = everyButton(rabbitmqSide.controls(moment(short, ['crash-node', 'alarm'])));
    expect(alarm).toMatchObject({ label: 'End memory alarm', action: { do: 'alarm', node: 1, on: false } });
  });

  test('a new consumer is a copy of one of the queue’s, under the next free name, and starts at once', () => {
    const [billing, audit] = rabbitmqSide.controls(moment(workView(), ['add-consumer'])).intervene.buttons;
    expect(billing).toMatchObject({
      label: 'Add consumer to billing',
      action: { do: 'join', client: { id: 'worker-3', queues: ['billing'], prefetchCount: 3, startMs: 0 } },
    });
    expect(billing?.action).not.toHaveProperty('client.label');
    // Nobody in the opened run consumes it: there is nothing to copy.
    expect(audit?.action).toBeNull();
    const full = rabbitmqSide.controls(moment(crowdedView(1, 1, 2, 8), ['add-consumer'])).intervene.buttons;
    expect(full.map(({ refused }) => refused)).toEqual(
      full.map(() => 'the figure shows at most 8 consumers'),
    );
  });
});

describe('the bench', () => {
  const offered: Control[] = ['publish', 'declare'];
  const bench = (view: RabbitmqView) => rabbitmqSide.controls(moment(view, offered));

  test('publishes to any exchange, with any key and headers', () => {
    const filled = form(bench(benchView(null)), 'bench-publish', {
      exchange: 'reports',
      'routing-key': 'a.b',
      headers: 'format=pdf, urgent=true, n=3, there',
    });
    expect(filled.buttons[0]?.action).toMatchObject({
      do: 'publish',
      client: 'shop',
      exchange: 'reports',
      routingKey: 'a.b',
      headers: { format: 'pdf', urgent: true, n: 3, there: null },
    });
  });

  test('binds by key, and a headers exchange by arguments', () => {
    const by = (typed: Typed) => form(bench(benchView(null)), 'bind', typed).buttons[0]?.action;
    expect(by({ source: 'events', destination: 'queue:print', key: 'x.*' })).toEqual({
      do: 'bind',
      binding: {
        source: 'events',
        destination: 'print',
        destinationType: 'queue',
        routingKey: 'x.*',
        arguments: {},
      },
    });
    expect(
      by({ source: 'reports', destination: 'exchange:jobs', arguments: 'x-match=any, a=1' }),
    ).toMatchObject({
      binding: {
        destination: 'jobs',
        destinationType: 'exchange',
        routingKey: '',
        arguments: { 'x-match': 'any', a: 1 },
      },
    });
  });

  test('what is picked in the picture stands in the form, whatever was chosen before', () => {
    let picked = { exchange: 'jobs', destination: 'pdf', serial: 2 };
    const side = benchSide(() => picked);
    const filled = (typed: Typed) => form(side.controls(moment(benchView(null), offered)), 'bind', typed);
    expect(filled({ source: 'events', destination: 'queue:all', key: 'k' }).buttons[0]?.action).toMatchObject(
      {
        binding: { source: 'jobs', destination: 'pdf', routingKey: 'k' },
      },
    );
    // And can be changed again.
    expect(filled({ 'source-2': 'events' }).buttons[0]?.action).toMatchObject({
      binding: { source: 'events' },
    });
    picked = { exchange: 'reports', destination: 'all', serial: 4 };
    expect(filled({ 'source-2': 'events' }).buttons[0]?.action).toMatchObject({
      binding: { source: 'reports' },
    });
  });

  test('declares what has a name', () => {
    const controls = bench(benchView(null));
    expect(form(controls, 'declare-exchange').buttons[0]).toMatchObject({
      action: null,
      refused: 'it needs a name',
    });
    expect(
      form(controls, 'declare-exchange', { name: 'x', type: 'fanout', alternate: 'jobs' }).buttons[0]?.action,
    ).toMatchObject({
      exchange: { name: 'x', type: 'fanout', arguments: { 'alternate-exchange': 'jobs' } },
    });
    expect(form(controls, 'declare-queue', { name: 'q', type: 'quorum' }).buttons[0]?.action).toMatchObject({
      queue: { name: 'q', arguments: { 'x-queue-type': 'quorum' } },
    });
  });

  test('R-6 says what the broker refused at the form and the field that it concerns', () => {
    const why = "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'events' in vhost '/'";
    const view = { ...benchView(null), refused: { action: 'declare-exchange', why, at: 0 } };
    const typed = { name: 'events', type: 'direct' };
    expect(form(bench(view), 'declare-exchange', typed)).toMatchObject({
      problem: why,
      fields: [{ id: 'name', invalid: true }, { id: 'type' }, { id: 'alternate' }],
    });
    expect(form(bench(view), 'declare-queue', typed).problem).toBeNull();
  });

  test('every action of it is one that the schema takes', () => {
    const controls = bench(benchView('orders.x'));
    const actions = [
      ...everyButton(controls).map(({ action }) => action),
      form(controls, 'bench-publish').buttons[0]?.action,
      form(controls, 'bind', { key: 'k' }).buttons[0]?.action,
      form(controls, 'declare-exchange', { name: 'n' }).buttons[0]?.action,
      form(controls, 'declare-queue', { name: 'n' }).buttons[0]?.action,
    ];
    expect(actions).not.toContain(null);
    const timed = JSON.parse(JSON.stringify(actions.map((action) => ({ atMs: 1, action })))) as unknown;
    expect(() => parseActions(timed, 'rabbitmq')).not.toThrow();
    for (const action of actions)
      expect(rabbitmqSide.actionWords(action as never, displayName).length).toBeGreaterThan(4);
  });
});

test('a table is read as it is typed: words, numbers, booleans, presence', () => {
  expect(readTable('a=1, b="1", c = x y ,d=false,e=1.5,f')).toEqual({
    table: { a: 1, b: '1', c: 'x y', d: false, e: 1.5, f: null },
    problem: null,
  });
  expect(readTable('')).toEqual({ table: {}, problem: null });
  expect(readTable('=x').problem).toBe('a header is name=value');
});
