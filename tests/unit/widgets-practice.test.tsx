// What stands beside the figure of a challenge, as the build draws it: nothing is done, nothing can be pressed yet.
import { render } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { challengeGroups } from '../../src/components/practice/groups.ts';
import { experimentPoster } from '../../src/components/experiment-poster.ts';
import { taskOf } from '../../src/scenarios/challenge.ts';
import { challenges } from '../../src/scenarios/library.ts';
import { Client } from '../../src/client/client.ts';
import { announceSession, sessionOf } from '../../src/widgets/experiment/open.ts';
import { kafkaSide } from '../../src/widgets/experiment/kafka/side.ts';
import { Session } from '../../src/widgets/experiment/session.ts';
import Challenges from '../../src/widgets/practice/Challenges.tsx';
import Goal from '../../src/widgets/practice/Goal.tsx';
import Help from '../../src/widgets/practice/Help.tsx';

const id = 'kafka-processed-twice';
const task = taskOf(id);

/** A session that never asks its worker. */
const idle = (): Session =>
  new Session(
    experimentPoster(id),
    new Client(
      () => {
        throw new Error('there is none');
      },
      { every: () => () => undefined },
    ),
    kafkaSide,
  );

describe('the goal', () => {
  const html = render(<Goal id={id} task={task} statement="It is done" waitsFor="a crash" />);

  it('says what it waits for, and its box is the reader’s until the storage has been read', () => {
    expect(html).toContain('<b>It is done.</b>');
    expect(html).toContain('Not yet: it waits for a crash.');
    expect(html).toContain('type="checkbox"');
    expect(html).not.toContain('checked');
    expect(html).toMatch(/role="status"><\/p>/);
  });

  it('has the verdict of the figure’s run once that is there', () => {
    const withdraw = announceSession(idle());
    const there = render(<Goal id={id} task={task} statement="It is done" waitsFor="a crash" />);
    expect(there).toContain('it waits for a message that is processed a second time');
    withdraw();
    expect(sessionOf(id)).toBeNull();
  });
});

it('lets nobody play a solution before the figure is alive', () => {
  const html = render(<Help id={id} task={task} solution="1.x.y" />);
  expect(html.match(/<button[^>]*>/g)).toHaveLength(2);
  for (const [button] of html.matchAll(/<button[^>]*>/g)) expect(button).toContain('disabled');
  expect(html).toContain('The events that reach the goal will be listed here');
});

it('forgets a session that is gone, and not the one that took its place', () => {
  const [first, second] = [idle(), idle()];
  const withdrawFirst = announceSession(first);
  const withdrawSecond = announceSession(second);
  withdrawFirst();
  expect(sessionOf(id)).toBe(second);
  withdrawSecond();
  expect(sessionOf(id)).toBeNull();
});

it('lists every challenge once, by broker, none of them done', () => {
  const listed = challengeGroups.flatMap((group) => group.challenges);
  expect(new Set(listed)).toEqual(new Set(challenges));
  expect(listed).toHaveLength(challenges.length);
  for (const { name, challenges: own } of challengeGroups) {
    const html = render(
      <Challenges
        broker={name}
        challenges={own.map((one) => ({ ...one, task: taskOf(one.id), href: `/practice/${one.id}/` }))}
      />,
    );
    expect(html).toContain(`0 of ${own.length} done`);
    expect(html.match(/aria-label="not done"/g)).toHaveLength(own.length);
    for (const { id: each, title } of own) {
      expect(html).toContain(`href="/practice/${each}/"`);
      expect(html).toContain(`>${title}</a>`);
    }
  }
});
