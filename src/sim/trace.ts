/**
 * The trace vocabulary: what a run says. A trace is a total order of these events in virtual time, and the
 * only output of a run; claims, metrics and pictures are folds over it.
 *
 * Two kinds. An *observable* event is something a client of the real broker can see, so a recording of a real
 * broker can hold it too. An *internal* one is what only a simulator can show. A claim that is to be judged on
 * a recording uses observable events only.
 *
 * Words shared by all: `client` is the id of a client in the scenario; `node` a broker process; `place` where
 * messages lie in order (a Kafka partition `orders-0`, a queue, a stream); `position` the place's own number for
 * a message (an offset, a sequence); `message` a number that the harness gives each message it publishes, unique
 * in the run; `group` whoever shares the reading.
 */
import type { Micros } from './time.ts';

export type MessageId = number;

interface Observable {
  /** A client process of the scenario began to run. */
  'client-started': { client: string; role: 'producer' | 'consumer' };
  /** It ended: by its own will or not. */
  'client-stopped': { client: string; reason: 'closed' | 'crashed' };
  /** The application handed a message to its client library. */
  published: {
    client: string;
    message: MessageId;
    key: string | null;
    to: string;
    bytes: number;
    /** Its content, where the run gives it one; null deletes its key (a tombstone). */
    value?: string | null;
    /** The transaction that it belongs to, by the name that `transaction-began` gives. */
    transaction?: string;
    /** The message that it was made from, by an application that reads, works and writes. */
    source?: MessageId;
    /** What a router is to go by, where that is not the key: an AMQP routing key, headers. */
    routingKey?: string;
    headers?: Readonly<Record<string, unknown>>;
    /** It need not outlive a restart of the broker: AMQP's delivery_mode 1. */
    transient?: boolean;
    /** Its publisher asks for no word of what becomes of it: AMQP without confirms. */
    untold?: boolean;
    /** How long it may wait in a queue: AMQP's property `expiration`, milliseconds. */
    expiration?: string;
    /** Given out before others: AMQP's property `priority`. */
    priority?: number;
  };
  /** The application sends a message again, not knowing whether the broker has it. */
  republished: { client: string; message: MessageId; to: string; why: string };
  /** The broker's word that it has it. `place` and `position` are null where the broker tells neither: Kafka tells no
   * offset with acks=0, and a publisher confirm of RabbitMQ names no queue, for there may be several, or none. */
  'publish-confirmed': {
    client: string;
    message: MessageId;
    place: string | null;
    position: number | null;
  };
  /** It was refused, or given up. `error` in the broker's word for it. */
  'publish-failed': { client: string; message: MessageId; error: string };
  /** Accepted, matched nothing, sent back. A broker may confirm it as well: it has done with it what was asked. */
  returned: { client: string; message: MessageId; reason: string };
  /** The client library gave a message to the application. `redelivered` and `deliveryCount` are what the
   * broker itself tells the client; a Kafka consumer group tells neither (false, null). */
  delivered: {
    client: string;
    group: string | null;
    message: MessageId;
    key: string | null;
    place: string;
    position: number;
    redelivered: boolean;
    deliveryCount: number | null;
    value?: string | null;
    /** How it came to the place, and what the broker wrote on it on its way: a dead letter's history. */
    exchange?: string;
    routingKey?: string;
    headers?: Readonly<Record<string, unknown>>;
  };
  /** The application finished its work on a message that was delivered to it. */
  processed: {
    client: string;
    group: string | null;
    message: MessageId;
    key: string | null;
    place: string;
    position: number;
  };
  /** What became of a delivery. For `committed`, `position` is the next one to be read (a Kafka offset commit). */
  settled: {
    client: string;
    group: string | null;
    outcome: 'committed' | 'acked' | 'nacked' | 'rejected';
    place: string;
    position: number;
    message: MessageId | null;
  };
  /** Places that a member may read from now on; `all` is what it then holds altogether. */
  assigned: {
    client: string;
    group: string;
    places: readonly string[];
    all: readonly string[];
    generation: number;
    /** Others of the group may be given the same places: it shares messages out, and not places. */
    shared?: boolean;
  };
  /** Places that it gave up, or (`lost`) found to be taken from it. */
  revoked: { client: string; group: string; places: readonly string[]; lost: boolean; generation: number };
  /** A client connected to a node of the broker, or lost its connection to it. */
  connected: { client: string; node: string };
  disconnected: { client: string; node: string; why: string };
  /** A broker that pushes took a client's request for deliveries from a place (basic.consume), or ended it. */
  'consuming-began': {
    client: string;
    group: string | null;
    place: string;
    tag: string;
    /** How many unsettled deliveries it may have at once; null where nothing limits it. */
    prefetch: number | null;
    /** What it is sent counts as settled by that: it acknowledges nothing. */
    noAck?: boolean;
    /** Who is served before others (x-priority); left out, 0. */
    priority?: number;
  };
  'consuming-ended': { client: string; place: string; tag: string; why: string };
  /** A client asked for one message and there was none (basic.get-empty). */
  'nothing-there': { client: string; place: string };
  /** The broker stopped taking messages from a client's connection, or began again (connection.blocked). */
  'publishing-blocked': { client: string; reason: string };
  'publishing-unblocked': { client: string };
  /** A router and its tracks: an exchange, a binding. What `places-created` is for places. */
  'exchange-created': {
    node: string;
    name: string;
    type: string;
    /** What was asked for beside its type: an alternate exchange. */
    arguments?: Readonly<Record<string, unknown>>;
  };
  'exchange-deleted': { node: string; name: string };
  'binding-created': Binding;
  'binding-deleted': Binding;
  /** The place a client begins to read at, and what decided it. */
  positioned: {
    client: string;
    group: string | null;
    place: string;
    position: number;
    by: 'committed' | 'reset' | 'seek';
    /** It goes on where others left off: the place was not its own when it last joined. */
    takeover?: boolean;
    /** What it was to read next is gone from the log: a reset for that, and not for want of a committed position. */
    outOfRange?: boolean;
    /** The moment that was asked for, where it sought the first message of that time or later. */
    time?: Micros;
    /** It asks for nothing that a transaction has not committed. */
    committedOnly?: boolean;
  };
  /** A client stopped, or went on, taking messages from places that it keeps. */
  'reading-paused': { client: string; group: string | null; places: readonly string[] };
  'reading-resumed': { client: string; group: string | null; places: readonly string[] };
  /** Several writes that are to happen together or not at all. `transaction` is unique in the run. */
  'transaction-began': {
    client: string;
    transaction: string;
    /** The name that lets one who comes after it finish its transactions: Kafka's transactional.id. */
    id?: string;
  };
  /** What the client was told; `unknown` when the answer never came. */
  'transaction-ended': {
    client: string;
    transaction: string;
    outcome: 'committed' | 'aborted' | 'unknown';
    why: string;
  };
  /** What a command-line tool printed. `exit` is null while it goes on running. */
  printed: { client: string; command: string; lines: readonly string[]; exit: number | null };
  /** A topic, queue or stream got its places: at the start, or because someone added some. */
  'places-created': {
    node: string;
    name: string;
    places: readonly string[];
    total: number;
    /** What a place does with a message: a `log` keeps it for all who read (the default), a `queue` until one has settled it. */
    holds?: 'log' | 'queue';
    /** The broker's own word for the kind: classic, quorum, stream. */
    type?: string;
    /** Per place, the nodes that are to have a copy of it, the preferred leader first. */
    replicas?: readonly (readonly string[])[];
    /** What it was declared with: limits, times to live. */
    arguments?: Readonly<Record<string, unknown>>;
  };
  /** A topic, queue or stream is gone, with all that was in it. */
  'places-deleted': { node: string; name: string; places: readonly string[] };
  /** Somebody set what holds for a topic, queue or stream; null takes a setting of its own back. */
  configured: {
    node: string;
    name: string;
    settings: readonly (readonly [name: string, value: string | null])[];
    /** Where the name is that of a policy, and not of what it is set for: to which names and kinds it applies. */
    policy?: { pattern: string; 'apply-to': string; priority: number; operator: boolean };
  };
  error: { client: string; code: string; detail: string };
}

interface Binding {
  node: string;
  source: string;
  destination: string;
  /** Whether it leads to a place or to another router. */
  to: 'queue' | 'exchange';
  routingKey: string;
  arguments: Readonly<Record<string, unknown>>;
}

interface Internal {
  /** A message went on the wire. `arrivesAt` is null while the link is cut. */
  sent: {
    from: string;
    to: string;
    what: string;
    place: string | null;
    messages: readonly MessageId[] | null;
    arrivesAt: Micros | null;
  };
  /** Where a message is to go, and why there: a partitioner's answer, a binding that matched. */
  routed: { by: string; message: MessageId; place: string; why: string };
  appended: {
    node: string;
    place: string;
    position: number;
    message: MessageId;
    key: string | null;
    epoch: number;
  };
  replicated: { node: string; place: string; position: number };
  'high-watermark-advanced': { node: string; place: string; position: number };
  /** `node` null: nobody leads it now. `clean` is false when what was confirmed may have been lost by it. */
  'leader-elected': { place: string; node: string | null; epoch: number; clean: boolean; why: string };
  'isr-changed': { place: string; isr: readonly string[]; why: string };
  /** A replica threw away what its leader does not have: everything from `position` on. */
  truncated: {
    node: string;
    place: string;
    position: number;
    messages: readonly MessageId[];
    why: string;
  };
  /** A new file of the log begins here. */
  'segment-rolled': { node: string; place: string; position: number; why: string };
  /** Gone by age or size: `position`, or everything from `from` up to it. */
  expired: {
    node: string;
    place: string;
    position: number;
    message: MessageId | null;
    from?: number;
    why?: string;
  };
  /** A pass of the log cleaner ended: everything below `position` has been looked at. */
  cleaned: { node: string; place: string; position: number; kept: number; removed: number };
  /** A control record that ends a transaction in one place; it takes a position and is given to nobody. */
  'marker-appended': {
    node: string;
    place: string;
    position: number;
    producer: number;
    epoch: number;
    outcome: 'committed' | 'aborted';
  };
  /** The first position that a reader of committed messages may not pass. */
  'stable-offset-advanced': { node: string; place: string; position: number };
  'transaction-state-changed': {
    node: string;
    /** The producer's own name for itself: Kafka's transactional.id. */
    id: string;
    state: string;
    producer: number;
    epoch: number;
    why: string;
  };
  /** The cluster counts this node out, or in again. */
  'node-fenced': { node: string; why: string };
  'node-unfenced': { node: string };
  /** It stopped by its own will. */
  'node-stopped': { node: string };
  /** Who is to have what: of a group that shares its places at once, else when all have given up what is not theirs. */
  'target-computed': {
    group: string;
    epoch: number;
    shared?: true;
    assignment: readonly (readonly [client: string, places: readonly string[]])[];
  };
  /** A message was locked for one member of a group that shares a place, or given out by a queue and is owed until it is
   * settled; `until` is when the lock runs out, null where only the end of the connection ends it. */
  acquired: {
    node: string;
    group: string;
    client: string;
    place: string;
    position: number;
    message: MessageId | null;
    deliveryCount: number;
    until: Micros | null;
  };
  /** A locked message may be had again by anyone. `message` and `where` (where in the queue it now is) from queues only. */
  released: {
    node: string;
    group: string;
    place: string;
    position: number;
    why: string;
    message?: MessageId;
    where?: string;
  };
  /** A queue forgot a message, which somebody has settled: acknowledged, or given out to one who need not acknowledge. */
  removed: { node: string; place: string; position: number; message: MessageId; why: string };
  /** A message that the group will not see again, though nobody accepted it. */
  archived: {
    node: string;
    group: string;
    place: string;
    position: number;
    message: MessageId | null;
    why: string;
  };
  /** It left `place` for the router `to`. `position` where the place numbers what it holds. */
  'dead-lettered': {
    node: string;
    place: string;
    position?: number;
    message: MessageId;
    to: string;
    reason: string;
  };
  /**
   * It is gone, and nobody has it, for a reason that somebody stated: a limit, a time-to-live, no route. Or for none:
   * `node-crashed`, it was in memory; `unavailable`, the node that should have taken it was not there.
   */
  dropped: { node: string; place: string; position?: number; message: MessageId | null; reason: string };
  /** A node is short of memory or disk, and the broker takes no more from publishers; or it is no longer. */
  'alarm-raised': { node: string; resource: string };
  'alarm-cleared': { node: string; resource: string };
  compacted: { node: string; place: string; position: number; message: MessageId | null };
  'node-crashed': { node: string };
  'node-restarted': { node: string };
  'group-state-changed': {
    group: string;
    /** In the broker's own words: Kafka's PreparingRebalance. */
    state: string;
    /** Whether the group's members may all work in this state; false while it shares its places out anew. */
    stable: boolean;
    generation: number;
    members: readonly string[];
    why: string;
  };
  /** `sessionTimeout`: how long its silence is borne, microseconds; null where there is no such limit. */
  'member-joined': { group: string; client: string; member: string; sessionTimeout: Micros | null };
  'member-removed': { group: string; client: string; member: string; why: string };
  /** Something the scenario's timeline or the reader did took effect, or could not (`refused` says why). */
  acted: { action: string; target: string; refused: string | null };
  /** A bound was reached. Runs bound everything, and say so. */
  'limit-reached': { what: string; limit: number };
}

type Stamped<Events> = {
  [K in keyof Events]: { kind: K; seq: number; at: Micros } & Events[K];
}[keyof Events];

export type ObservableEvent = Stamped<Observable>;
export type InternalEvent = Stamped<Internal>;
export type TraceEvent = ObservableEvent | InternalEvent;
export type TraceEventKind = TraceEvent['kind'];

type Body<K extends TraceEventKind> = {
  [Each in K]: Omit<Extract<TraceEvent, { kind: Each }>, 'seq' | 'at'>;
}[K];

/** An event without its sequence and its time. */
export type EventBody = Body<TraceEventKind>;
/** What every message brings in every run. */
type Everyday =
  | 'published'
  | 'sent'
  | 'routed'
  | 'appended'
  | 'high-watermark-advanced'
  | 'publish-confirmed'
  | 'acquired'
  | 'delivered'
  | 'processed'
  | 'settled'
  | 'removed';
/** Whether it is of a kind that every message brings: what looks for something rare need not look at these. */
export function isEveryday(kind: TraceEventKind): kind is Everyday {
  switch (kind) {
    case 'published':
    case 'sent':
    case 'routed':
    case 'appended':
    case 'high-watermark-advanced':
    case 'publish-confirmed':
    case 'acquired':
    case 'delivered':
    case 'processed':
    case 'settled':
    case 'removed':
      return true;
    default:
      return false;
  }
}

/**
 * An event as an actor emits it: the kernel stamps sequence and time. An everyday one may leave room for the stamp in its
 * literal: what is added to an object later lies outside of it, in a second one.
 */
export type Emission = EventBody | (Body<Everyday> & { seq: 0; at: 0 });
/** What a client of a real broker saw, and when: in order, and not yet numbered. */
export type Observed = { readonly at: Micros } & EventBody;

const OBSERVABLE: Record<keyof Observable, true> = {
  'client-started': true,
  'client-stopped': true,
  published: true,
  'publish-confirmed': true,
  'publish-failed': true,
  republished: true,
  returned: true,
  connected: true,
  disconnected: true,
  'consuming-began': true,
  'consuming-ended': true,
  'nothing-there': true,
  'publishing-blocked': true,
  'publishing-unblocked': true,
  'exchange-created': true,
  'exchange-deleted': true,
  'binding-created': true,
  'binding-deleted': true,
  delivered: true,
  processed: true,
  settled: true,
  assigned: true,
  revoked: true,
  positioned: true,
  'reading-paused': true,
  'reading-resumed': true,
  'transaction-began': true,
  'transaction-ended': true,
  printed: true,
  'places-created': true,
  'places-deleted': true,
  configured: true,
  error: true,
};

/** Whether a client of the real broker could have seen this, so that a recording can hold it. */
export function isObservable(event: TraceEvent): event is ObservableEvent {
  return event.kind in OBSERVABLE;
}

/** Where a run's events go. */
export interface Sink {
  on(event: TraceEvent): void;
}

/** One event as one line of JSON, sequence, time and kind first: the byte-for-byte form of a trace. */
export function toJsonLine(event: TraceEvent): string {
  const { seq, at, kind, ...rest } = event;
  return JSON.stringify({ seq, at, kind, ...rest });
}
