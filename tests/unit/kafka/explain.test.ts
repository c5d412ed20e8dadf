// Words: every event of the model has some, they carry their reason and its rules, and what matters is told from noise.
import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/brokers/kafka/explain.ts';
import type { EventBody, TraceEvent, TraceEventKind } from '../../../src/sim/trace.ts';

const words = (body: EventBody, at = 5_000_000) => explain({ ...body, seq: 1, at });

const place = 'orders-0';
const node = 'broker-2';
const group = 'billing';
const client = 'c1';
/** One of each kind that Kafka's model emits. */
const samples: { [K in TraceEventKind]?: Omit<Extract<TraceEvent, { kind: K }>, 'seq' | 'at' | 'kind'> } = {
  'client-started': { client, role: 'consumer' },
  'client-stopped': { client, reason: 'crashed' },
  published: { client, message: 7, key: 'A', to: 'orders', bytes: 10 },
  'publish-confirmed': { client, message: 7, place, position: 3 },
  'publish-failed': { client, message: 7, error: 'TimeoutException: 120000 ms have passed' },
  delivered: {
    client,
    group,
    message: 7,
    key: 'A',
    place,
    position: 3,
    redelivered: false,
    deliveryCount: null,
  },
  processed: { client, group, message: 7, key: 'A', place, position: 3 },
  settled: { client, group, outcome: 'committed', place, position: 4, message: null },
  assigned: { client, group, places: [place], all: [place], generation: 2 },
  revoked: { client, group, places: [place], lost: false, generation: 2 },
  positioned: { client, group, place, position: 4, by: 'committed' },
  'reading-paused': { client, group, places: [place] },
  'reading-resumed': { client, group, places: [place] },
  'transaction-began': { client, transaction: 't1' },
  'transaction-ended': {
    client,
    transaction: 't1',
    outcome: 'committed',
    why: 'commitTransaction() returned',
  },
  printed: { client: 'console', command: 'kafka-topics.sh --list', lines: ['orders'], exit: 0 },
  'places-created': { node, name: 'orders', places: [place], total: 1 },
  'places-deleted': { node, name: 'orders', places: [place] },
  configured: { node, name: 'orders', settings: [['retention.ms', '1000']] },
  error: { client, code: 'ILLEGAL_GENERATION', detail: 'the group has moved on' },
  sent: { from: client, to: node, what: 'Fetch', place: null, messages: null, arrivesAt: 1 },
  routed: { by: 'p', message: 7, place, why: 'key' },
  appended: { node, place, position: 3, message: 7, key: 'A', epoch: 0 },
  replicated: { node, place, position: 4 },
  'high-watermark-advanced': { node, place, position: 4 },
  'leader-elected': {
    place,
    node,
    epoch: 3,
    clean: true,
    why: 'the first replica that is alive and in sync',
  },
  'isr-changed': { place, isr: ['broker-1', node], why: 'broker-3 has not caught up for 30 s' },
  truncated: { node, place, position: 2, messages: [7, 8], why: 'its log parts from its leader’s' },
  'segment-rolled': { node, place, position: 4, why: 'segment.bytes is reached' },
  expired: { node, place, position: 3, message: null, from: 0, why: 'older than retention.ms' },
  cleaned: { node, place, position: 4, kept: 2, removed: 2 },
  'marker-appended': { node, place, position: 4, producer: 7, epoch: 0, outcome: 'committed' },
  'stable-offset-advanced': { node, place, position: 4 },
  'transaction-state-changed': {
    node,
    id: 'tx',
    state: 'PrepareCommit',
    producer: 7,
    epoch: 0,
    why: 'its producer asked for it',
  },
  'node-fenced': { node, why: 'no heartbeat for 9 s' },
  'node-unfenced': { node },
  'node-stopped': { node },
  'node-crashed': { node },
  'node-restarted': { node },
  'target-computed': { group, epoch: 3, assignment: [[client, [place]]] },
  acquired: { node, group, client, place, position: 3, message: 7, deliveryCount: 2, until: 9_000_000 },
  released: { node, group, place, position: 3, why: 'its lock has run out' },
  archived: { node, group, place, position: 3, message: 7, why: 'it was delivered 5 times' },
  compacted: { node, place, position: 1, message: 7 },
  'group-state-changed': {
    group,
    state: 'PreparingRebalance',
    stable: false,
    generation: 2,
    members: [client],
    why: 'C2 joins',
  },
  'member-joined': { group, client, member: 'm1', sessionTimeout: null },
  'member-removed': { group, client, member: 'm1', why: 'its session ran out' },
  acted: { action: 'crash', target: node, refused: null },
  'limit-reached': { what: 'records of orders-0', limit: 100_000 },
};

describe('every event', () => {
  const kinds = Object.keys(samples) as TraceEventKind[];
  it.each(kinds)('%s has words: a sentence that ends, and rules that exist', (kind) => {
    const told = words({ kind, ...samples[kind] } as EventBody);
    expect(told).not.toBeNull();
    expect(told!.text).toMatch(kind === 'printed' ? /^[\w.-]+ / : /^[A-Za-z].*\.$/);
    expect(told!.text).not.toMatch(/undefined|null|NaN|\.\.|: \./);
    for (const rule of told!.rules) expect(rule).toMatch(/^K-\d+$/);
  });

  it('says nothing of what Kafka does not have', () => {
    expect(words({ kind: 'dropped', node, place, message: 1, reason: 'x' })).toBeNull();
  });

  const weightOf = (kind: TraceEventKind) => words({ kind, ...samples[kind] } as EventBody)!.weight;
  it.each([
    'leader-elected',
    'isr-changed',
    'truncated',
    'node-crashed',
    'node-fenced',
    'transaction-ended',
    'transaction-state-changed',
    'expired',
    'cleaned',
    'target-computed',
    'archived',
    'publish-failed',
    'configured',
  ] as const)('%s makes a caption', (kind) => {
    expect(weightOf(kind)).toBe('key');
  });
  it.each([
    'replicated',
    'high-watermark-advanced',
    'stable-offset-advanced',
    'compacted',
    'routed',
    'sent',
    'publish-confirmed',
  ] as const)('%s is for the curious', (kind) => {
    expect(weightOf(kind)).toBe('detail');
  });
});

describe('an election', () => {
  const elected = (more: Partial<Extract<TraceEvent, { kind: 'leader-elected' }>>, at?: number) =>
    words({ kind: 'leader-elected', ...samples['leader-elected']!, ...more }, at)!;

  it('K-60: gives its reason', () => {
    expect(elected({})).toEqual({
      text: 'Broker 2 is elected leader of orders-0 in epoch 3: the first replica that is alive and in sync.',
      rules: ['K-60', 'K-8'],
      weight: 'key',
    });
  });

  it('K-61: says that confirmed records may be lost where it is unclean', () => {
    const { text, rules } = elected({ clean: false, why: 'unclean.leader.election.enable is true' });
    expect(text).toMatch(/though it was not in sync.*is lost, also what producers were told is there/);
    expect(rules).toContain('K-61');
  });

  it('K-62: of nobody says what that means', () => {
    expect(elected({ node: null }).text).toMatch(/^Nobody leads orders-0 now.*nothing is written/);
    expect(elected({ node: null, place: '__consumer_offsets-12' }).text).toMatch(
      /nobody coordinates the groups/,
    );
  });

  it('K-75: of an internal partition moves a coordinator', () => {
    const { text, weight, rules } = elected({ place: '__consumer_offsets-12' });
    expect(text).toMatch(/coordinates the groups that belong to it/);
    expect(weight).toBe('step');
    expect(rules).toContain('K-75');
    expect(elected({ place: '__transaction_state-3' }).rules).toContain('K-43');
  });

  it('K-60: the first of a partition is no caption, and at the beginning of a run only for the curious', () => {
    expect(elected({ epoch: 0 })).toMatchObject({
      weight: 'step',
      text: expect.stringMatching(/first to lead orders-0/) as string,
    });
    expect(elected({ epoch: 0 }, 0).weight).toBe('detail');
  });
});

describe('words tell apart', () => {
  it('K-9: a truncation that loses records from one that does not', () => {
    const truncated = (messages: number[]) => words({ kind: 'truncated', ...samples.truncated!, messages })!;
    expect(truncated([7, 8])).toMatchObject({ weight: 'key' });
    expect(truncated([7, 8]).text).toMatch(/2 records that its leader does not have are gone/);
    expect(truncated([7]).text).toMatch(/One record that its leader does not have is gone/);
    expect(truncated([]).weight).toBe('step');
  });

  it('K-65: the controller from a broker', () => {
    expect(words({ kind: 'node-crashed', node: 'controller' })!.text).toMatch(/nobody is elected/);
    expect(words({ kind: 'node-crashed', node })!.text).toMatch(/Its log stays on disk/);
  });

  it('K-43: the states of a transaction', () => {
    const state = (name: string) =>
      words({ kind: 'transaction-state-changed', ...samples['transaction-state-changed']!, state: name })!;
    expect(state('PrepareCommit').text).toMatch(/no way back/);
    expect(state('Ongoing').weight).toBe('detail');
    expect(state('CompleteAbort').text).toMatch(/it is aborted in every partition/);
    expect(state('PrepareEpochFence').rules).toEqual(['K-44']);
    expect(state('Dead').text).toMatch(/is Dead: its producer asked for it/);
  });

  it('K-50: how a transaction ended', () => {
    const ended = (outcome: 'committed' | 'aborted' | 'unknown') =>
      words({ kind: 'transaction-ended', ...samples['transaction-ended']!, outcome })!.text;
    expect(ended('aborted')).toMatch(/stay in the log, and readers of committed records never see them/);
    expect(ended('unknown')).toMatch(/does not learn how its transaction ended/);
  });

  it('K-103: what a member of a share group does with a record', () => {
    const settled = (outcome: 'acked' | 'nacked' | 'rejected') =>
      words({ kind: 'settled', ...samples.settled!, outcome, message: 7, position: 3 })!;
    expect(settled('acked').text).toBe(
      'C1 accepts record 7 at orders-0, offset 3: its group is done with it.',
    );
    expect(settled('nacked').text).toMatch(/releases/);
    expect(settled('rejected')).toMatchObject({ weight: 'key' });
  });

  it('K-102: what a share group is given from what a consumer group is', () => {
    const none = { kind: 'assigned', client, group, places: [], all: [], generation: 2 } as const;
    expect(words(none)!.text).toMatch(/a partition has one owner/);
    expect(words({ ...none, shared: true })!.text).toMatch(/before its group has the state/);
    const target = { kind: 'target-computed', group, epoch: 3, assignment: [[client, [place]]] } as const;
    expect(words(target)!.text).toMatch(/before it has been given up/);
    expect(words({ ...target, shared: true })!.text).not.toMatch(/given up/);
  });

  it('K-81: a commit from a reset by the tool', () => {
    const reset = words({ kind: 'settled', ...samples.settled!, client: 'console' })!;
    expect(reset).toMatchObject({ weight: 'key' });
    expect(reset.text).toMatch(/committed offset of group billing in orders-0 is set to 4/);
  });

  it('K-70: a seek from a reset and from a committed offset', () => {
    const by = (how: 'seek' | 'reset' | 'committed') =>
      words({ kind: 'positioned', ...samples.positioned!, by: how })!.text;
    expect(by('seek')).toMatch(/seeks in orders-0.*offset 4/);
    expect(by('reset')).toMatch(/auto\.offset\.reset/);
    expect(by('committed')).toMatch(/committed offset 4/);
  });

  it('K-88: the states of both protocols', () => {
    const state = (name: string) =>
      words({ kind: 'group-state-changed', ...samples['group-state-changed']!, state: name })!.text;
    expect(state('PreparingRebalance')).toMatch(/Every member has to join again/);
    expect(state('Reconciling')).toMatch(/who keeps a partition reads on/);
    expect(state('Dead')).toMatch(/is Dead/);
  });

  it('K-19: a tombstone from a record', () => {
    const published = (value?: string | null) =>
      words({ kind: 'published', ...samples.published!, ...(value !== undefined && { value }) })!.text;
    expect(published(null)).toMatch(/a tombstone for key A/);
    expect(published('x')).toMatch(/\(key A\)/);
    expect(published()).toMatch(/\(key A\)/);
  });

  it('K-21 to K-27: why a record goes where it goes', () => {
    const routed = (why: string) => words({ kind: 'routed', ...samples.routed!, why })!.rules;
    expect(routed('key')).toContain('K-23');
    expect(routed('partition')).toEqual(['K-21']);
    expect(routed('round-robin')).toEqual(['K-27']);
    expect(routed('sticky')).toContain('K-24');
  });

  it('errors by code and by exception', () => {
    const failed = (error: string) =>
      words({ kind: 'publish-failed', ...samples['publish-failed']!, error })!.rules;
    expect(failed('NOT_ENOUGH_REPLICAS')).toEqual(['K-57']);
    expect(failed('NotEnoughReplicasAfterAppendException: too few')).toEqual(['K-58']);
    expect(failed('ProducerFencedException')).toEqual(['K-44']);
    expect(failed('something else')).toEqual(['K-31', 'K-32']);
    expect(words({ kind: 'error', ...samples.error! })!.rules).toEqual(['K-81']);
    expect(words({ kind: 'error', client, code: 'WHATEVER', detail: 'x' })!.rules).toEqual([]);
  });

  it('K-12: how much retention took', () => {
    const expired = (from: number | undefined) =>
      words({
        kind: 'expired',
        node,
        place,
        position: 3,
        message: null,
        ...(from !== undefined && { from }),
      })!.text;
    expect(expired(0)).toBe('Broker 2 deletes offsets 0 to 3 of orders-0.');
    expect(expired(3)).toMatch(/deletes offset 3 of/);
    expect(expired(undefined)).toMatch(/everything up to offset 3/);
  });
});
