// The assignors against the vectors of the dossier (O-12, O-14).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assign,
  assignCooperativeSticky,
  assignRange,
  assignRoundRobin,
  assignSticky,
  type Assignment,
  type AssignorMember,
} from '../../../src/brokers/kafka/assignors.ts';

const topics = (counts: Record<string, number>) =>
  new Map(
    Object.entries(counts).map(([name, count]) => [
      name,
      Array.from({ length: count }, (_, i) => `${name}-${i}`),
    ]),
  );

function member(
  memberId: string,
  of: string,
  owned = '',
  more: Partial<AssignorMember> = {},
): AssignorMember {
  const words = (text: string): string[] => text.split(' ').filter(Boolean);
  return { memberId, instanceId: null, topics: words(of), owned: words(owned), generation: 1, ...more };
}

const told = (assignment: Assignment): Record<string, string> =>
  Object.fromEntries([...assignment].map(([id, places]) => [id, places.join(' ')]));

/** Partition numbers of topic t. */
const t = (numbers: string): string =>
  numbers
    .split(' ')
    .filter(Boolean)
    .map((n) => `t-${n}`)
    .join(' ');

describe('range', () => {
  it('K-92 O-12: t1×3, t2×2; c1{t1} c2{t1,t2} c3{t1}', () => {
    const members = [member('c1', 't1'), member('c2', 't1 t2'), member('c3', 't1')];
    expect(told(assignRange(members, topics({ t1: 3, t2: 2 })))).toEqual({
      c1: 't1-0',
      c2: 't1-1 t2-0 t2-1',
      c3: 't1-2',
    });
  });

  it('K-92 O-12: t1×3, t2×3; the skew adds up over topics', () => {
    const members = [member('c1', 't1 t2'), member('c2', 't1 t2')];
    expect(told(assignRange(members, topics({ t1: 3, t2: 3 })))).toEqual({
      c1: 't1-0 t1-1 t2-0 t2-1',
      c2: 't1-2 t2-2',
    });
  });

  it('K-92 O-14: 7 partitions for 3 members, then for 4, then without C1', () => {
    const range = (...ids: string[]) =>
      told(
        assignRange(
          ids.map((id) => member(id, 't')),
          topics({ t: 7 }),
        ),
      );
    expect(range('C0', 'C1', 'C2')).toEqual({ C0: t('0 1 2'), C1: t('3 4'), C2: t('5 6') });
    expect(range('C0', 'C1', 'C2', 'C3')).toEqual({ C0: t('0 1'), C1: t('2 3'), C2: t('4 5'), C3: t('6') });
    expect(range('C0', 'C2')).toEqual({ C0: t('0 1 2 3'), C2: t('4 5 6') });
  });

  it('K-92: static members come first, by instance id', () => {
    const members = [member('a', 't'), member('z', 't', '', { instanceId: 's' })];
    expect(told(assignRange(members, topics({ t: 3 })))).toEqual({ z: t('0 1'), a: t('2') });
  });

  it('K-100: more members than partitions leave the last ones idle', () => {
    const members = ['c0', 'c1', 'c2', 'c3'].map((id) => member(id, 't'));
    expect(told(assignRange(members, topics({ t: 3 })))).toMatchObject({ c2: t('2'), c3: '' });
  });
});

describe('roundrobin', () => {
  it('K-93 O-12: t1×3, t2×2; c1{t1} c2{t1,t2} c3{t1}', () => {
    const members = [member('c1', 't1'), member('c2', 't1 t2'), member('c3', 't1')];
    expect(told(assignRoundRobin(members, topics({ t1: 3, t2: 2 })))).toEqual({
      c1: 't1-0',
      c2: 't1-1 t2-0 t2-1',
      c3: 't1-2',
    });
  });

  it('K-93 O-12: t1×3, t2×3; it goes on round the members from topic to topic', () => {
    const members = [member('c1', 't1 t2'), member('c2', 't2 t1')];
    expect(told(assignRoundRobin(members, topics({ t2: 3, t1: 3 })))).toEqual({
      c1: 't1-0 t1-2 t2-1',
      c2: 't1-1 t2-0 t2-2',
    });
  });

  it('K-93 O-12: t0×1, t1×2, t2×3; whoever does not read a topic is passed over', () => {
    const members = [member('C0', 't0'), member('C1', 't0 t1'), member('C2', 't0 t1 t2')];
    expect(told(assignRoundRobin(members, topics({ t0: 1, t1: 2, t2: 3 })))).toEqual({
      C0: 't0-0',
      C1: 't1-0',
      C2: 't1-1 t2-0 t2-1 t2-2',
    });
  });

  it('K-93 O-14: 7 partitions for 3 members, then for 4, then without C1', () => {
    const robin = (...ids: string[]) =>
      told(
        assignRoundRobin(
          ids.map((id) => member(id, 't')),
          topics({ t: 7 }),
        ),
      );
    expect(robin('C0', 'C1', 'C2')).toEqual({ C0: t('0 3 6'), C1: t('1 4'), C2: t('2 5') });
    expect(robin('C0', 'C1', 'C2', 'C3')).toEqual({
      C0: t('0 4'),
      C1: t('1 5'),
      C2: t('2 6'),
      C3: t('3'),
    });
    expect(robin('C0', 'C2')).toEqual({ C0: t('0 2 4 6'), C2: t('1 3 5') });
  });

  it('K-93: static members come first, by instance id', () => {
    const members = [member('a', 't'), member('z', 't', '', { instanceId: 's' })];
    expect(told(assignRoundRobin(members, topics({ t: 3 })))).toEqual({ z: t('0 2'), a: t('1') });
  });

  it('K-93: every partition goes to one member that reads it, and equal members differ by one at most', () => {
    const names = ['t1', 't2', 't3'];
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 7 }), { minKeys: 1 }),
        fc.array(fc.subarray(names, { minLength: 1 }), { minLength: 1, maxLength: 6 }),
        (counts, members) => {
          const all = topics(counts);
          const group = members.map((subscribed, i) => member(`m${i}`, subscribed.join(' ')));
          const result = assignRoundRobin(group, all);
          const wanted = [...all].flatMap(([name, places]) =>
            group.some((m) => m.topics.includes(name)) ? places : [],
          );
          expect([...result.values()].flat().toSorted()).toEqual(wanted.toSorted());
          for (const { memberId, topics: read } of group)
            for (const place of result.get(memberId)!) expect(read).toContain(place.split('-')[0]);
          if (group.every((m) => m.topics.join() === group[0]!.topics.join())) {
            const loads = [...result.values()].map((places) => places.length);
            expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(2);
          }
        },
      ),
    );
  });
});

describe('the four assignors', () => {
  it.each([
    ['range', ['2', '4', '6']],
    ['roundrobin', ['3', '4', '5', '6']],
    ['sticky', ['6']],
    ['cooperative-sticky', []],
  ])('K-92 K-93 K-94 K-97 O-14: when C3 joins, %s moves partitions %j', (assignor, moved) => {
    const all = topics({ t: 7 });
    const first = assign(assignor, [member('C0', 't'), member('C1', 't'), member('C2', 't')], all);
    const now = [...first].map(([id, places]) => member(id, 't', places.join(' ')));
    const second = assign(assignor, [...now, member('C3', 't', '', { generation: -1 })], all);
    const owner = (assignment: Assignment, place: string) =>
      [...assignment].find(([, places]) => places.includes(place))?.[0];
    const given = [...second.values()].flat();
    expect(given.filter((place) => owner(first, place) !== owner(second, place)).toSorted()).toEqual(
      moved.map((number) => `t-${number}`),
    );
    // The cooperative one hands out 6 a round later.
    expect(given).toHaveLength(assignor === 'cooperative-sticky' ? 6 : 7);
  });
});

describe('sticky', () => {
  it('K-94 O-12: c1 owns three of three, c2 joins', () => {
    const members = [member('c1', 't', t('0 1 2')), member('c2', 't', '', { generation: -1 })];
    expect(told(assignSticky(members, topics({ t: 3 })))).toEqual({ c1: t('0 1'), c2: t('2') });
  });

  it('K-97 O-12: in the first cooperative round c2 gets nothing that c1 has yet to give up', () => {
    const members = [member('c1', 't', t('0 1 2')), member('c2', 't', '', { generation: -1 })];
    expect(told(assignCooperativeSticky(members, topics({ t: 3 })))).toEqual({ c1: t('0 1'), c2: '' });
  });

  it('K-94 O-12: t1×3, t2×3 from nothing', () => {
    const members = [member('c1', 't1 t2'), member('c2', 't1 t2')];
    expect(told(assignSticky(members, topics({ t1: 3, t2: 3 })))).toEqual({
      c1: 't1-0 t1-2 t2-1',
      c2: 't1-1 t2-0 t2-2',
    });
  });

  it('K-94 O-12: t1×2, t2×3; c1 gains the free one, c2 keeps what it has', () => {
    const members = [member('c1', 't1 t2', 't1-0 t2-1'), member('c2', 't1 t2', 't1-1 t2-2')];
    expect(told(assignSticky(members, topics({ t1: 2, t2: 3 })))).toEqual({
      c1: 't1-0 t2-1 t2-0',
      c2: 't1-1 t2-2',
    });
  });

  it('K-95 O-12: t1×2, t2×2, c3 new, in sorted order', () => {
    const members = [
      member('c1', 't1 t2', 't1-0 t2-0'),
      member('c2', 't1 t2', 't1-1 t2-1'),
      member('c3', 't1 t2', '', { generation: -1 }),
    ];
    expect(told(assignSticky(members, topics({ t1: 2, t2: 2 })))).toEqual({
      c1: 't1-0 t2-0',
      c2: 't1-1',
      c3: 't2-1',
    });
  });

  it('K-94 O-14: 7 partitions for 3 members; C3 joins; C1 leaves', () => {
    const first = [member('C0', 't'), member('C1', 't'), member('C2', 't')];
    expect(told(assignSticky(first, topics({ t: 7 })))).toEqual({
      C0: t('0 3 6'),
      C1: t('1 4'),
      C2: t('2 5'),
    });
    const owners = [member('C0', 't', t('0 3 6')), member('C1', 't', t('1 4')), member('C2', 't', t('2 5'))];
    expect(told(assignSticky([...owners, member('C3', 't')], topics({ t: 7 })))).toEqual({
      C0: t('0 3'),
      C1: t('1 4'),
      C2: t('2 5'),
      C3: t('6'),
    });
    expect(told(assignSticky([owners[0]!, owners[2]!], topics({ t: 7 })))).toEqual({
      C0: t('0 3 6 4'),
      C2: t('2 5 1'),
    });
  });

  it('K-97 O-14: CooperativeSticky hands 6 out in the second round', () => {
    const owned = { C0: t('0 3 6'), C1: t('1 4'), C2: t('2 5'), C3: '' };
    const members = (held: Record<string, string>) =>
      Object.entries(held).map(([id, places]) => member(id, 't', places));
    const round1 = told(assignCooperativeSticky(members(owned), topics({ t: 7 })));
    expect(round1).toEqual({ C0: t('0 3'), C1: t('1 4'), C2: t('2 5'), C3: '' });
    const round2 = told(assignCooperativeSticky(members(round1), topics({ t: 7 })));
    expect(round2).toEqual({ C0: t('0 3'), C1: t('1 4'), C2: t('2 5'), C3: t('6') });
  });

  it('K-94: what is left when all have their least goes first to those who had it from the start, by id', () => {
    const two = [member('c1', 't'), member('c2', 't', t('0'))];
    expect(told(assignSticky(two, topics({ t: 3 })))).toEqual({ c1: t('1'), c2: t('0 2') });
    const three = [member('c3', 't', t('1')), member('c2', 't', t('0')), member('c1', 't')];
    expect(told(assignSticky(three, topics({ t: 5 })))).toEqual({
      c1: t('2'),
      c2: t('0 3'),
      c3: t('1 4'),
    });
  });

  it('K-94: two claims of one generation cancel out, a later generation wins', () => {
    const same = [member('c1', 't', t('0')), member('c2', 't', t('0'))];
    expect(told(assignSticky(same, topics({ t: 2 })))).toEqual({ c1: t('0'), c2: t('1') });
    const later = [member('c1', 't', t('0')), member('c2', 't', t('0'), { generation: 2 })];
    expect(told(assignSticky(later, topics({ t: 2 })))).toEqual({ c1: t('1'), c2: t('0') });
  });

  it('K-96 O-12: unequal subscriptions, fewest candidates first', () => {
    const members = [member('c1', 't1'), member('c2', 't1 t2'), member('c3', 't1')];
    expect(told(assignSticky(members, topics({ t1: 3, t2: 2 })))).toEqual({
      c1: 't1-0 t1-2',
      c2: 't2-0 t2-1',
      c3: 't1-1',
    });
  });

  it('K-94 K-96 K-97: every partition has one owner who may have it, loads are balanced, rounds end', () => {
    const anyGroup = fc.record({
      counts: fc.dictionary(fc.constantFrom('t1', 't2', 't3'), fc.integer({ min: 1, max: 7 }), {
        minKeys: 1,
      }),
      members: fc.array(fc.subarray(['t1', 't2', 't3'], { minLength: 1 }), { minLength: 1, maxLength: 6 }),
      equal: fc.boolean(),
      shuffle: fc.infiniteStream(fc.nat(5)),
    });
    fc.assert(
      fc.property(anyGroup, ({ counts, members, equal, shuffle }) => {
        const all = topics(counts);
        const owned = members.map((): string[] => []);
        for (const places of all.values())
          for (const place of places) owned[shuffle.next().value % (members.length + 1)]?.push(place);
        const group = members.map((subscribed, i) =>
          member(`m${i}`, (equal ? members[0]! : subscribed).join(' '), owned[i]!.join(' ')),
        );
        const result = assignSticky(group, all);
        const given = [...result.values()].flat();
        const wanted = [...all].flatMap(([name, places]) =>
          group.some((m) => m.topics.includes(name)) ? places : [],
        );
        expect(given.toSorted()).toEqual(wanted.toSorted());
        for (const [id, places] of result) {
          const of = group.find(({ memberId }) => memberId === id)!.topics;
          for (const place of places) {
            const name = place.split('-')[0]!;
            expect(of).toContain(name);
            for (const other of group)
              if (other.topics.includes(name))
                expect(places.length - result.get(other.memberId)!.length).toBeLessThan(2);
          }
        }
        const round1 = assignCooperativeSticky(group, all);
        for (const [id, places] of round1)
          for (const place of places)
            for (const other of group)
              if (other.memberId !== id && other.topics.includes(place.split('-')[0]!))
                expect(other.owned).not.toContain(place);
        let round = round1;
        let rounds = 1;
        for (; [...round.values()].flat().length < wanted.length; rounds++) {
          const now = round;
          round = assignCooperativeSticky(
            group.map((m) => ({ ...m, owned: now.get(m.memberId)! })),
            all,
          );
        }
        expect([...round.values()].flat().toSorted()).toEqual(wanted.toSorted());
        // Where subscriptions differ, sharing out what was given up may unbalance the loads and move more.
        const equalSubscriptions = group.every((m) => m.topics.join() === group[0]!.topics.join());
        expect(rounds).toBeLessThanOrEqual(equalSubscriptions ? 2 : 4);
      }),
    );
  });
});
