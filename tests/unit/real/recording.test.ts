// The form of a recording: what is behaviour, what is occasion, and that the trace comes out of it as it went in.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  askedOf,
  parseRecording,
  recordingOf,
  recordingText,
  sameBehaviour,
  traceOfRecording,
} from '../../../src/scenarios/recording.ts';
import type { Observed } from '../../../src/sim/trace.ts';

const about = {
  scenario: 'some-run',
  broker: 'rabbitmq',
  made: {
    broker: { name: 'RabbitMQ', version: '3.10.8' },
    client: { name: 'amqplib', version: '2.3.1' },
    settings: { nodes: '1' },
  },
  drawn: new Set<number>(),
  recordedAt: '2026-11-28T04:00:00.000Z',
  command: 'npm run real -- record some-run',
};
const published = (client: string, message: number, at = 0): Observed => ({
  at,
  kind: 'published',
  client,
  message,
  key: null,
  to: 'orders',
  bytes: 100,
});
const confirmed = (client: string, message: number, at = 0): Observed => ({
  at,
  kind: 'publish-confirmed',
  client,
  message,
  place: null,
  position: null,
});

const observed = fc.array(
  fc
    .record({ client: fc.constantFrom('a', 'b'), isConfirm: fc.boolean() })
    .chain(({ client, isConfirm }) =>
      fc
        .tuple(fc.nat(9), fc.nat(99_999))
        .map(([message, at]) => (isConfirm ? confirmed : published)(client, message, at)),
    ),
  { maxLength: 40 },
);

describe('a recording', () => {
  it('gives back the trace in the order in which it was seen', () => {
    fc.assert(
      fc.property(observed, (events) => {
        const text = recordingText(recordingOf(events, about));
        const trace = traceOfRecording(parseRecording(JSON.parse(text)));
        expect(trace).toEqual(events.map((event, seq) => ({ ...event, seq })));
      }),
    );
  });

  it('has one behaviour however its lanes are interleaved, and whenever it was made', () => {
    const one = recordingOf([published('a', 0, 1), published('b', 1, 2), confirmed('a', 0, 3)], about);
    const later = { ...about, recordedAt: '2027-01-01T00:00:00.000Z' };
    const other = recordingOf([published('b', 1, 5), published('a', 0, 7), confirmed('a', 0, 9)], later);
    expect(sameBehaviour(one, other)).toBe(true);
    expect(one.occasion).not.toEqual(other.occasion);
  });

  it('has one behaviour in whichever order two messages are confirmed', () => {
    const events = [published('a', 0), published('a', 1)];
    const one = recordingOf([...events, confirmed('a', 0), confirmed('a', 1)], about);
    const other = recordingOf([...events, confirmed('a', 1), confirmed('a', 0)], about);
    expect(sameBehaviour(one, other)).toBe(true);
    expect(traceOfRecording(other).map((event) => 'message' in event && event.message)).toEqual([0, 1, 1, 0]);
  });

  it('has one behaviour wherever a record is put by lot, and still tells where that was', () => {
    const lot = { ...about, drawn: new Set([0, 1]) };
    const put = (message: number, place: string, position: number, at: number): Observed[] => [
      { ...confirmed('a', message, at), kind: 'publish-confirmed', client: 'a', message, place, position },
      {
        at: at + 1,
        kind: 'delivered',
        client: 'b',
        group: 'g',
        message,
        key: null,
        place,
        position,
        redelivered: false,
        deliveryCount: null,
      },
    ];
    const events = [published('a', 0), published('a', 1)];
    const one = [...events, ...put(0, 'orders-0', 0, 1), ...put(1, 'orders-0', 1, 4)];
    const other = [...events, ...put(1, 'orders-2', 0, 1), ...put(0, 'orders-1', 0, 4)];
    const [first, second] = [one, other].map((seen) => recordingOf(seen, lot));
    expect(sameBehaviour(first!, second!)).toBe(true);
    expect(sameBehaviour(recordingOf(one, about), recordingOf(other, about))).toBe(false);
    const trace = traceOfRecording(parseRecording(JSON.parse(recordingText(second!))));
    expect(trace).toEqual(other.map((event, seq) => ({ ...event, seq })));
  });

  it('has one behaviour whatever ids, ports and durations an error names', () => {
    const told = (error: string, detail: string) =>
      recordingOf(
        [
          { at: 0, kind: 'publish-failed', client: 'a', message: 0, error },
          { at: 0, kind: 'error', client: 'a', code: 'X', detail },
        ],
        about,
      );
    const expired = (ms: number) => `Expiring 1 record(s) for orders-0:${ms} ms has passed since`;
    const owned = (id: string) =>
      `Static member ${id} with instance id n-1 cannot join: owned by ${id} member.`;
    const fetch = (port: number) =>
      `offset=1, leader=Optional[127.0.0.1:${port} (id: 1)], epoch=0 for orders-0`;
    const one = told(expired(2001), `${owned('Za6hHfAGR0O7k5mjWDvVvQ')} ${fetch(33_981)}`);
    const other = told(expired(2007), `${owned('_Rps2RM-QfadbrXtx3FjoQ')} ${fetch(9092)}`);
    expect(sameBehaviour(one, other)).toBe(true);
    expect(sameBehaviour(one, told(expired(2001), 'another'))).toBe(false);
    expect(JSON.stringify(one.behaviour['a publish-failed'])).toContain('orders-0:… ms');
  });

  it('has another behaviour when the broker does other things', () => {
    const one = recordingOf([published('a', 0), confirmed('a', 0)], about);
    expect(sameBehaviour(one, recordingOf([published('a', 0)], about))).toBe(false);
    expect(sameBehaviour(one, recordingOf([published('a', 0), confirmed('a', 1)], about))).toBe(false);
  });

  it('has in itself the scenario that is none of the book’s, and gives it back as it was written', () => {
    const asked = {
      version: 1,
      id: 'some-run',
      title: 'Found',
      system: { broker: 'rabbitmq' },
      clients: [],
      durationMs: 1000,
      seed: 1,
    };
    const recording = recordingOf([published('a', 0)], { ...about, asked });
    const again = parseRecording(JSON.parse(recordingText(recording)));
    expect(recordingText(again)).toBe(recordingText(recording));
    expect(askedOf(again)).toMatchObject({ id: 'some-run', durationMs: 1000 });
    expect(() => askedOf({ ...again, scenario: 'another' })).toThrow(/expected the scenario "another"/);
    expect(() => askedOf({ ...again, asked: { ...asked, seed: 'x' } })).toThrow(/seed/);
  });

  it.each([
    ['another format', (r: object) => ({ ...r, format: 2 }), /format/],
    ['no behaviour', (r: object) => ({ ...r, behaviour: undefined }), /behaviour/],
    [
      'an event that is told twice',
      (r: ReturnType<typeof recordingOf>) => ({
        ...r,
        occasion: { ...r.occasion, order: [...r.occasion.order, r.occasion.order[0]] },
      }),
      /occasion\.order/,
    ],
    [
      'a place without a position',
      (r: ReturnType<typeof recordingOf>) => ({
        ...r,
        occasion: { ...r.occasion, order: [[0, 0, 0, 'orders-0']] },
      }),
      /occasion\.order/,
    ],
    [
      'what no client sees',
      () => recordingOf([{ at: 0, kind: 'node-crashed', node: 'rabbit-1' }], about),
      /"node-crashed" is nothing that a client sees/,
    ],
  ])('is refused with %s', (_, spoil, expected) => {
    const good = recordingOf([published('a', 0)], about);
    expect(() => parseRecording(JSON.parse(JSON.stringify(spoil(good))))).toThrow(expected);
  });
});
