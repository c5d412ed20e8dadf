// RabbitMQ in depth as a reader meets it (in-depth.ts), and its routing bench: exchanges, queues and bindings that the
// reader makes, in forms and in the picture.
import type { Locator } from '@playwright/test';
import { expect, rabbitmqInDepth, test } from './site.ts';
import { moment, openExperiment, seek, testInDepth } from './in-depth.ts';

testInDepth({
  path: rabbitmqInDepth,
  title: 'RabbitMQ in depth',
  epigraph: 'Six questions to put to a queue',
  before: /Kafka in depth/,
  after: /Next\s*One workload, two brokers/,
  search: 'dead letter',
  headingsMin: 6,
  buttons: {
    'crash-node': /^Crash Node \d/,
    'stop-node': /^Stop Node \d/,
    'pause-node': /^Pause Node \d/,
    'cut-node': /^Cut off from the cluster: Node \d/,
    alarm: /^Memory alarm on Node \d/,
    publish: /^Publish$/,
    'crash-producer': /^Crash /,
    'pause-producer': /^Pause /,
    'crash-consumer': /^Crash /,
    'pause-consumer': /^Pause /,
    'close-consumer': /^Close /,
    'cancel-consumer': /^Cancel /,
    'add-consumer': /^Add consumer to /,
    'cut-link': /^Cut links? between/,
    'purge-queue': /^Purge /,
  },
  producers: 'Publishers',
  console: {
    button: 'List the queues',
    command: /^rabbitmqctl list_queues /,
    output: ['Listing queues for vhost / ...'],
    completions: [
      ['rabbitmqctl list_exc', 'rabbitmqctl list_exchanges '],
      ['ty', 'rabbitmqctl list_exchanges type '],
    ],
    misspelt: (command) => command.replace('list_queues', 'list_queuse'),
  },
});

const BENCH = 'rabbitmq-routing';

test.describe('the routing bench', () => {
  test('a queue is declared and bound, and the next message finds it; each can be taken back', async ({
    page,
  }) => {
    const figure = await openExperiment(page, rabbitmqInDepth, BENCH);
    const section = (title: string): Locator =>
      figure
        .locator('.xp-desk section')
        .filter({ has: page.getByRole('heading', { name: title, exact: true }) });
    const done = figure.getByRole('button', { name: /^Take back: / });

    const queues = section('Queues');
    const declare = queues.getByRole('button', { name: 'Declare', exact: true });
    await expect(declare).toBeDisabled();
    await queues.getByLabel('Name of the queue', { exact: true }).fill('wiretap');
    await declare.click();
    await expect(done).toHaveCount(1);
    await expect(queues.getByRole('button', { name: 'Delete queue wiretap' })).toBeVisible();

    const bindings = section('Bindings');
    await bindings.getByLabel('From exchange', { exact: true }).selectOption('events');
    await bindings.getByLabel('To', { exact: true }).selectOption({ label: 'wiretap' });
    const key = bindings.getByLabel('Routing key of the binding', { exact: true });
    await key.fill('#');
    await key.press('Enter');
    await expect(done).toHaveCount(2);
    const unbind = bindings.getByRole('button', { name: 'Unbind events → wiretap by #' });
    await expect(unbind).toBeVisible();

    const intervene = section('Intervene');
    await intervene.getByLabel('Exchange', { exact: true }).selectOption('events');
    await intervene.getByLabel('Routing key', { exact: true }).fill('nobody.asked.for.this');
    await intervene.getByRole('button', { name: 'Publish', exact: true }).click();
    await expect(done).toHaveCount(3);
    // It takes 0.1 s to the broker.
    await seek(figure, Math.round(((await moment(figure)) + 0.3) * 10) / 10);
    const picture = figure.locator('.xp-stage svg.xp-svg:visible');
    await expect(picture).toContainText('nobody');
    await expect(picture).toContainText('one copy: wiretap');

    await unbind.click();
    await expect(unbind).toHaveCount(0);
    await done.first().click();
    await expect(figure.getByRole('alert')).toHaveCount(0);
  });

  test('what the broker refuses, it says why', async ({ page }) => {
    const figure = await openExperiment(page, rabbitmqInDepth, BENCH);
    const name = figure.getByLabel('Name of the exchange', { exact: true });
    await name.fill('amq.mine');
    await name.press('Enter');
    await expect(figure.locator('.xp-refused')).toContainText("contains reserved prefix 'amq.*'");
    await expect(name).toHaveAttribute('aria-invalid', 'true');
  });

  test('both ends of a binding are picked in the picture, by keyboard', async ({ page }) => {
    const figure = await openExperiment(page, rabbitmqInDepth, BENCH);
    const picture = figure.locator('.xp-stage svg.xp-svg:visible');
    await picture.getByRole('button', { name: 'Bind from exchange audit: then pick a queue' }).focus();
    await page.keyboard.press('Enter');
    await expect(figure.getByLabel('From exchange', { exact: true })).toHaveValue('audit');
    await picture.getByRole('button', { name: 'Bind exchange audit to queue failures' }).focus();
    await page.keyboard.press('Enter');
    await expect(figure.getByLabel('To', { exact: true })).toHaveValue('queue:failures');
    await expect(figure.getByLabel('Routing key of the binding', { exact: true })).toBeFocused();
  });
});
