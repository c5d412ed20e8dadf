// The coordinator's own assignors (K-98 to K-100, K-102; O-13, O-14).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignOnServer,
  assignSimple,
  type ServerAssignor,
  type ServerMember,
} from '../../../src/brokers/kafka/groups/server-assignors.ts';

/** `{ t1: 3 }` → t1-0, t1-1, t1-2. */
function topicsOf(counts: Record<string, number>): Map<string, string[]> {
  return new Map(
    Object.entries(counts).map(([topic, count]) => [
      topic,
      Array.from({ length: count }, (_, i) => `${topic}-${i}`),
    ]),
  );
}

/** `['t1 0,1', 't2 0']` → t1-0, t1-1, t2-0. */
function places(text: string): string[] {
  return text
    .split('; ')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [topic, numbers] = part.split(' ');
      return numbers!.split(',').map((number) => `${topic!}-${number}`);
    });
}

function member(
  memberId: string,
  topics: string[],
  target = '',
  instanceId: string | null = null,
): ServerMember {
  return { memberId, instanceId, topics, target: places(target) };
}

function assigned(assignor: ServerAssignor, members: ServerMember[], counts: Record<string, number>) {
  return Object.fromEntries(assignOnServer(assignor, members, topicsOf(counts)));
}

function expected(of: Record<string, string>) {
  return Object.fromEntries(Object.entries(of).map(([id, text]) => [id, places(text)]));
}

describe('uniform', () => {
  it('K-99 O-13: who has more than the quota gives up, and keeps the rest', () => {
    const both = ['t1', 't2'];
    expect(
      assigned('uniform', [member('A', both, 't1 0,1; t2 0,1'), member('B', both, 't1 2; t2 2')], {
        t1: 3,
        t2: 3,
      }),
    ).toEqual(expected({ A: 't1 0,1; t2 0', B: 't1 2; t2 1,2' }));
  });

  it('K-99: one more than the least stays with whoever has it, however late that one has joined', () => {
    const one = ['t1'];
    expect(assigned('uniform', [member('A', one), member('B', one, 't1 0')], { t1: 1 })).toEqual(
      expected({ A: '', B: 't1 0' }),
    );
    expect(
      assigned('uniform', [member('A', one, 't1 0'), member('B', one, 't1 1,2'), member('C', one)], {
        t1: 4,
      }),
    ).toEqual(expected({ A: 't1 0', B: 't1 1,2', C: 't1 3' }));
  });

  it('K-99 O-13: a newcomer gets what the others have beyond their quota', () => {
    const both = ['t1', 't2'];
    expect(
      assigned(
        'uniform',
        [member('A', both, 't1 0,2; t2 0'), member('B', both, 't1 1; t2 1,2'), member('C', both)],
        { t1: 3, t2: 3 },
      ),
    ).toEqual(expected({ A: 't1 0,2', B: 't1 1; t2 1', C: 't2 0,2' }));
  });

  it('K-99 K-100 O-13: with more members than partitions, some have nothing', () => {
    expect(
      assigned(
        'uniform',
        ['A', 'B', 'C'].map((id) => member(id, ['t3'])),
        { t3: 2 },
      ),
    ).toEqual(expected({ A: 't3 0', B: 't3 1', C: '' }));
  });

  it('K-99 O-14: 7 partitions, 3 consumers; C3 joins; C1 leaves', () => {
    const topics = ['t'];
    const three = ['C0', 'C1', 'C2'].map((id) => member(id, topics));
    const first = assigned('uniform', three, { t: 7 });
    expect(first).toEqual(expected({ C0: 't 0,1,2', C1: 't 3,4', C2: 't 5,6' }));
    const now = three.map((each) => ({ ...each, target: first[each.memberId]! }));
    expect(assigned('uniform', [...now, member('C3', topics)], { t: 7 })).toEqual(
      expected({ C0: 't 0,1', C1: 't 3,4', C2: 't 5,6', C3: 't 2' }),
    );
    expect(assigned('uniform', [now[0]!, now[2]!], { t: 7 })).toEqual(
      expected({ C0: 't 0,1,2,3', C2: 't 4,5,6' }),
    );
  });

  it('K-99: a topic that nobody subscribes to any more, or that is gone, is given up', () => {
    expect(assigned('uniform', [member('A', ['t2', 't9'], 't1 0,1; t9 0')], { t1: 2, t2: 2 })).toEqual(
      expected({ A: 't2 0,1' }),
    );
  });

  // Values of UniformHeterogeneousAssignmentBuilderTest.
  it('K-99: with different subscriptions, what nobody has goes to the subscriber with the least', () => {
    expect(assigned('uniform', [member('A', ['t1', 't3']), member('B', ['t3'])], { t1: 3, t3: 6 })).toEqual(
      expected({ A: 't1 0,1,2; t3 4', B: 't3 0,1,2,3,5' }),
    );
    const members = [member('A', ['t3']), member('B', ['t3']), member('C', ['t1'])];
    expect(assigned('uniform', members, { t3: 1, t1: 2 })).toEqual(
      expected({ A: 't3 0', B: '', C: 't1 0,1' }),
    );
  });

  it('K-99: with different subscriptions, who has most gives to who has least', () => {
    expect(
      assigned(
        'uniform',
        [
          member('A', ['t1'], 't1 0,1,2'),
          member('B', ['t1', 't2'], 't1 3; t2 0'),
          member('C', ['t1', 't2', 't3'], 't1 4,5; t2 1,2,3; t3 0,1,2,3'),
        ],
        { t1: 6, t2: 4, t3: 4 },
      ),
    ).toEqual(expected({ A: 't1 0,1,2,5', B: 't1 3; t2 0,1,2,3', C: 't1 4; t3 0,1,2,3' }));
  });

  it('K-99: with different subscriptions, partitions move only where that evens things out', () => {
    expect(
      assigned(
        'uniform',
        [member('A', ['t1', 't2'], 't1 0,1,2,3'), member('B', ['t1']), member('C', ['t2'])],
        { t1: 4, t2: 2 },
      ),
    ).toEqual(expected({ A: 't1 0,1', B: 't1 2,3', C: 't2 0,1' }));
  });
});

describe('range', () => {
  it('K-98 O-13: topic by topic, consecutive partitions', () => {
    const both = ['t1', 't3'];
    expect(assigned('range', [member('A', both), member('B', both)], { t1: 3, t3: 2 })).toEqual(
      expected({ A: 't1 0,1; t3 0', B: 't1 2; t3 1' }),
    );
  });

  it('K-98 O-14: 7 partitions, 3 consumers; C3 joins; C1 leaves: not sticky', () => {
    const ids = ['C0', 'C1', 'C2'];
    const of = (names: string[]) =>
      assigned(
        'range',
        names.map((id) => member(id, ['t'])),
        { t: 7 },
      );
    expect(of(ids)).toEqual(expected({ C0: 't 0,1,2', C1: 't 3,4', C2: 't 5,6' }));
    expect(of([...ids, 'C3'])).toEqual(expected({ C0: 't 0,1', C1: 't 2,3', C2: 't 4,5', C3: 't 6' }));
    expect(of(['C0', 'C2'])).toEqual(expected({ C0: 't 0,1,2,3', C2: 't 4,5,6' }));
  });

  it('K-98: static members come first, by their instance ids, whatever their member ids', () => {
    const members = [member('A', ['t']), member('Z', ['t'], '', 'i1'), member('B', ['t'], '', 'i2')];
    expect(assigned('range', members, { t: 3 })).toEqual(expected({ Z: 't 0', B: 't 1', A: 't 2' }));
  });
});

describe('simple', () => {
  const given = (members: ServerMember[], counts: Record<string, number>) =>
    Object.fromEntries(assignSimple(members, topicsOf(counts)));

  it('K-102: each partition has as few members as leave none of them without one', () => {
    const ofOne = (count: number) => Array.from({ length: count }, (_, i) => member(`M${i}`, ['t']));
    expect(given(ofOne(1), { t: 2 })).toEqual(expected({ M0: 't 0,1' }));
    expect(given(ofOne(2), { t: 2 })).toEqual(expected({ M0: 't 0', M1: 't 1' }));
    expect(given(ofOne(2), { t: 1 })).toEqual(expected({ M0: 't 0', M1: 't 0' }));
    expect(given(ofOne(3), { t: 2 })).toEqual(expected({ M0: 't 0,1', M1: 't 0', M2: 't 1' }));
    expect(given(ofOne(4), { t: 2 })).toEqual(expected({ M0: 't 0', M1: 't 0', M2: 't 1', M3: 't 1' }));
    expect(given(ofOne(2), { t: 5 })).toEqual(expected({ M0: 't 0,2,4', M1: 't 1,3' }));
  });

  it('K-102: who has partitions keeps them, as far as others do not need them', () => {
    expect(given([member('A', ['t'], 't 0,1'), member('B', ['t'])], { t: 2 })).toEqual(
      expected({ A: 't 1', B: 't 0' }),
    );
    expect(given([member('B', ['t'], 't 0')], { t: 2 })).toEqual(expected({ B: 't 0,1' }));
    // Of four on one partition of two, two have to go to the other.
    const crowd = ['A', 'B', 'C', 'D'].map((id) => member(id, ['t'], 't 0'));
    expect(given(crowd, { t: 2 })).toEqual(expected({ A: 't 1', B: 't 1', C: 't 0', D: 't 0' }));
  });

  it('K-102: with different subscriptions it is done topic by topic', () => {
    const members = [member('A', ['t1']), member('B', ['t1', 't2']), member('C', ['t9'], 't1 0')];
    expect(given(members, { t1: 2, t2: 1 })).toEqual(expected({ A: 't1 0', B: 't1 1; t2 0', C: '' }));
  });
});

describe('any server assignor', () => {
  const names = ['t1', 't2', 't3'];
  const arbitrary = fc.record({
    counts: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 3, maxLength: 3 }),
    subscriptions: fc.array(fc.subarray(names, { minLength: 1 }), { minLength: 1, maxLength: 6 }),
    joins: fc.array(fc.subarray(names, { minLength: 1 }), { maxLength: 2 }),
    leaves: fc.integer({ min: 0, max: 5 }),
  });

  it.each(['uniform', 'range'] as const)(
    'K-98 K-99: %s gives every partition that has a subscriber to exactly one of them',
    (assignor) => {
      fc.assert(
        fc.property(arbitrary, ({ counts, subscriptions, joins, leaves }) => {
          const topics = topicsOf(Object.fromEntries(names.map((name, i) => [name, counts[i]!])));
          let members = subscriptions.map((of, i) => member(`m${i}`, of));
          const settle = (): void => {
            const assignment = assignOnServer(assignor, members, topics);
            const given = [...assignment.values()].flat().toSorted();
            const wanted = [...topics]
              .flatMap(([topic, all]) => (members.some((each) => each.topics.includes(topic)) ? all : []))
              .toSorted();
            expect(given).toEqual(wanted);
            for (const each of members) {
              for (const place of assignment.get(each.memberId)!)
                expect(each.topics).toContain(place.slice(0, 2));
            }
            if (assignor === 'uniform' && members.every((each) => each.topics.length === 3)) {
              const sizes = [...assignment.values()].map(({ length }) => length);
              expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
            }
            members = members.map((each) => ({ ...each, target: assignment.get(each.memberId)! }));
          };
          settle();
          members.push(...joins.map((of, i) => member(`n${i}`, of)));
          settle();
          if (members.length > 1) members.splice(leaves % members.length, 1);
          settle();
          // Nothing changed: nothing moves.
          const before = members;
          settle();
          if (assignor === 'uniform') expect(members).toEqual(before);
        }),
      );
    },
  );
});
