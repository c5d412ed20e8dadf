/**
 * The picture of a RabbitMQ run at one moment, as plain data: what the stages draw and the worker posts. Bounded whatever
 * the run's length: a queue shows its head, its tail and a count between them.
 *
 * Some of it only one kind of stage needs. Those are the {@link ViewPart}s: a view is made with the parts that its stage
 * draws, and the others are neither folded nor posted.
 */
import type { Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import type { ConsoleView } from '../console-view.ts';
import type { FieldValue, Table, Version } from './config.ts';
import type { HeadersExplanation } from './routing/explain-headers.ts';
import type { TopicExplanation } from './routing/explain-topic.ts';

/** Entities that the picture keeps, those made first; the totals count them all. */
export const EXCHANGES_MAX = 24;
export const BINDINGS_MAX = 64;
export const QUEUES_MAX = 24;
export const CONSUMERS_MAX = 32;
export const PUBLISHERS_MAX = 16;
/** Keys that a publisher lists, in order of first use; exchanges that it addresses, and queues that a consumer consumes. */
export const KEYS_MAX = 32;
export const PEERS_MAX = 8;
/** Messages shown at the head of a queue, and at its tail. */
export const HEAD_MAX = 16;
export const TAIL_MAX = 6;
/** Messages that a consumer is shown to have, the oldest ones. */
export const HELD_MAX = 24;
/** Cells of a stream, the newest ones. */
export const STREAM_CELLS_MAX = 24;
/** What became of messages that left a queue, or found none: the newest ones. */
export const FATES_MAX = 12;
/** How long the picture remembers that: virtual time. */
export const FADE_MICROS: Micros = 3_000_000;
/** Sendings on the wire that the picture keeps, and messages of one sending. */
export const TRAVELS_MAX = 64;
export const TRAVEL_MESSAGES_MAX = 8;
/** Rates are those of the last second. */
export const RATE_MICROS: Micros = 1_000_000;
/** Published messages whose way is explained, the newest ones. */
export const ROUTES_MAX = 3;
/** Errors that the picture keeps, the newest ones. */
export const ERRORS_MAX = 4;
/** Queues whose replicas are shown, those made first. */
export const QUORUM_MAX = 4;
/** Entries of a replica's log that are shown, the newest ones. */
export const LOG_MAX = 32;

/** What a stage may ask for beside the ordinary picture. */
export const VIEW_PARTS = ['routing', 'quorum'] as const;
export type ViewPart = (typeof VIEW_PARTS)[number];

export interface RabbitmqView {
  readonly broker: 'rabbitmq';
  /** Which release it is: its tools differ. */
  readonly version: Version;
  /** In order of their numbers. */
  readonly nodes: readonly NodeView[];
  readonly publishers: readonly PublisherView[];
  readonly exchanges: readonly ExchangeView[];
  readonly bindings: readonly BindingView[];
  readonly queues: readonly QueueView[];
  readonly consumers: readonly ConsumerView[];
  readonly travels: readonly Travel[];
  /** How many there are of each, shown or not. */
  readonly totals: {
    readonly exchanges: number;
    readonly bindings: number;
    readonly queues: number;
    readonly consumers: number;
    readonly publishers: number;
  };
  /** What clients were refused, the newest last. */
  readonly errors: readonly ErrorView[];
  /** What was last done to the run, where the broker refused it. */
  readonly refused: { readonly action: string; readonly why: string; readonly at: Micros } | null;
  /** Names of policies, those of operators too. */
  readonly policies: readonly string[];
  /** Null until a tool has printed something. */
  readonly console: ConsoleView | null;
  /** Part `routing`: the newest messages' ways, the newest last; null where it was not asked for. */
  readonly routes: readonly RouteView[] | null;
  /** Part `quorum`. */
  readonly quorum: readonly QuorumView[] | null;
}

export interface NodeView {
  readonly id: string;
  readonly state: 'running' | 'paused' | 'crashed' | 'stopped';
  /** Whether its process runs. */
  readonly up: boolean;
  readonly since: Micros;
  /** what it is short of. */
  readonly alarms: readonly string[];
}

export interface ClientState {
  readonly id: string;
  readonly label: string;
  readonly state: 'waiting' | 'running' | 'paused' | 'crashed' | 'closed';
  readonly since: Micros;
  /** The node it is connected to; null while it has no connection. */
  readonly node: string | null;
}

export interface PublisherView extends ClientState {
  /** Those it addresses, in order of first use; '' is the default exchange. */
  readonly exchanges: readonly string[];
  /** Its routing key as the scenario has it, `{key}` included; null where it is not known. */
  readonly routingKey: string | null;
  readonly confirms: boolean;
  readonly published: number;
  readonly confirmed: number;
  /** given up, nacked or refused. */
  readonly failed: number;
  /** Sent again, after a nack or a lost connection. */
  readonly resent: number;
  /** */
  readonly returned: number;
  /** published in confirm mode and not answered yet. */
  readonly unconfirmed: number;
  /** why the broker takes nothing from it; null while it does. */
  readonly blocked: string | null;
  readonly keys: readonly (string | null)[];
  /** Messages a second. */
  readonly rate: number;
}

export interface ExchangeView {
  /** '' is the default exchange. */
  readonly name: string;
  readonly type: string;
  /** R-25; null, none. */
  readonly alternate: string | null;
  /** Messages that it took, and those that went nowhere from it. */
  readonly taken: number;
  readonly unroutable: number;
  readonly rate: number;
  /** Unroutable ones, newest last. */
  readonly fates: readonly Fate[];
}

export interface BindingView {
  /** Unique among the bindings. */
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly routingKey: string;
  readonly arguments: Table;
  /** Messages that went along it. Two bindings between the same two count together where the trace tells them not apart. */
  readonly fired: number;
  readonly last: { readonly message: MessageId; readonly key: string | null; readonly at: Micros } | null;
  readonly rate: number;
}

export interface QueueView {
  readonly name: string;
  readonly type: 'classic' | 'quorum' | 'stream';
  readonly durable: boolean;
  /** The node where it lives, or its leader; null: nowhere now. */
  readonly node: string | null;
  /** It can be used: its node runs, or its majority has a leader. */
  readonly up: boolean;
  readonly limits: QueueLimitsView;
  readonly ready: number;
  readonly unacked: number;
  /** Bytes of what is ready. */
  readonly bytes: number;
  /** The next to be given out first. */
  readonly head: readonly CellView[];
  /** The newest ones, in the same order, where not all fit into `head`. */
  readonly tail: readonly CellView[];
  /** Ready messages between head and tail. */
  readonly between: number;
  /** Of a stream instead of head and tail: the newest entries by offset, and where the log begins and ends. */
  readonly log: {
    readonly start: number;
    readonly end: number;
    readonly committed: number;
    readonly cells: readonly CellView[];
  } | null;
  readonly counts: {
    readonly entered: number;
    readonly acked: number;
    readonly redelivered: number;
    readonly deadLettered: number;
    readonly dropped: number;
    readonly expired: number;
  };
  readonly fates: readonly Fate[];
  /** Messages a second in, out to consumers, and to the dead-letter exchange. */
  readonly rates: { readonly in: number; readonly out: number; readonly dead: number };
}

/** Arguments and policies as far as the picture shows them; milliseconds. */
export interface QueueLimitsView {
  readonly messageTtlMs: number | null;
  readonly maxLength: number | null;
  readonly maxLengthBytes: number | null;
  readonly overflow: string;
  readonly deadLetterExchange: string | null;
  readonly deadLetterRoutingKey: string | null;
  readonly deliveryLimit: number | null;
  readonly maxPriority: number | null;
  readonly singleActiveConsumer: boolean;
}

export interface CellView {
  /** The queue's own number for it; a stream's offset. */
  readonly position: number;
  /** Null where the picture no longer knows which one it is: deep in a queue longer than it remembers. */
  readonly message: MessageId | null;
  readonly key: string | null;
  /** Its publisher has been told that it is safe, or wants no word. */
  readonly confirmed: boolean;
  readonly redelivered: boolean;
  /** How often it came back. */
  readonly returns: number;
  /** it came back, and waits before it may be had again. */
  readonly delayed: boolean;
  /** when it is dead, should it be at the head then; null: it does not expire. */
  readonly expiresAt: Micros | null;
  /** It came here as a dead letter: why. */
  readonly died: string | null;
}

/** What became of a message. */
export interface Fate {
  readonly at: Micros;
  readonly message: MessageId | null;
  readonly key: string | null;
  readonly what: 'dead-lettered' | 'dropped' | 'rejected-publish' | 'unroutable' | 'returned';
  /** In the broker's words: expired, rejected, maxlen, delivery_limit. */
  readonly reason: string;
  /** The exchange that a dead letter went to. */
  readonly to: string | null;
}

export interface ConsumerView extends ClientState {
  /** Those that it consumes, or did. */
  readonly queues: readonly string[];
  readonly subscriptions: readonly SubscriptionView[];
  /** of its first subscription, or its channel; null: no limit. */
  readonly prefetch: number | null;
  readonly autoAck: boolean;
  /** Owed: given to it, and not settled. */
  readonly unacked: number;
  /** Owed by a connection of its that is gone: the broker waits, or has not noticed. */
  readonly orphaned: number;
  /** What it has, the oldest first: what it owes, and of the rest what it has not finished; at the end what is orphaned. */
  readonly held: readonly HeldView[];
  /** How many it has altogether. */
  readonly holding: number;
  /** What its application works on. */
  readonly current: HeldView | null;
  readonly processed: number;
  readonly acked: number;
  readonly rejected: number;
  /** Times its application was given a message that some consumer had been given before. */
  readonly again: number;
  /** Settled before it was finished, and gone with its process: how many in all, and the last process's, oldest first. */
  readonly lost: number;
  readonly wreck: readonly Fate[];
  readonly rate: number;
}

export interface SubscriptionView {
  readonly queue: string;
  readonly tag: string;
  /** registered, and waiting for its turn. */
  readonly active: boolean;
  /** Of a stream: the offset that it will be given next; null elsewhere. */
  readonly offset: number | null;
}

export interface HeldView {
  readonly queue: string;
  readonly position: number;
  readonly message: MessageId | null;
  readonly key: string | null;
  readonly redelivered: boolean;
  readonly returns: number;
  /** On its way to the client, in its library, with the application, finished, settled with the word on its way; or its
   * connection is gone. */
  readonly at: 'wire' | 'library' | 'work' | 'done' | 'settled' | 'orphaned';
  /** It is settled by the word of the broker already: automatic acknowledgement. */
  readonly owed: boolean;
}

/** Messages on the wire, or waiting for a cut link to heal (`arrivesAt` null). */
export interface Travel {
  readonly from: string;
  readonly to: string;
  readonly what: string;
  /** The exchange that a publisher addresses, or the queue that a delivery comes from; null between nodes. */
  readonly place: string | null;
  /** The first of them; `count` is how many there are. */
  readonly messages: readonly {
    readonly message: MessageId;
    readonly key: string | null;
    readonly redelivered: boolean;
  }[];
  readonly count: number;
  readonly sentAt: Micros;
  readonly arrivesAt: Micros | null;
}

export interface ErrorView {
  readonly client: string;
  readonly code: string;
  readonly detail: string;
  readonly at: Micros;
}

// Part `routing`.

/** The way of one published message. */
export interface RouteView {
  readonly message: MessageId;
  readonly client: string;
  readonly key: string | null;
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Table;
  readonly at: Micros;
  /** In the order in which they are visited. */
  readonly visits: readonly VisitView[];
  /** Queues, one copy each. */
  readonly queues: readonly string[];
  readonly returned: boolean;
  /** The broker has routed it; before that it is on its way. */
  readonly arrived: boolean;
}

export interface VisitView {
  readonly exchange: string;
  readonly type: string;
  /** Who led there: the publisher, a binding, or another exchange's alternate. */
  readonly via: 'published' | 'binding' | 'alternate';
  readonly verdicts: readonly VerdictView[];
}

export interface VerdictView {
  /** Of {@link BindingView}. */
  readonly binding: string;
  readonly matched: boolean;
  /** Null where nothing is compared: fanout. */
  readonly topic: TopicExplanation | null;
  readonly headers: HeadersExplanation | null;
  /** In words. */
  readonly why: string;
}

// Part `quorum`.

/** A queue as its replicas: of a quorum queue or a stream a log on several nodes, of a classic queue one. */
export interface QuorumView {
  readonly queue: string;
  readonly type: QueueView['type'];
  readonly durable: boolean;
  readonly leader: string | null;
  readonly term: number;
  readonly replicas: readonly QuorumReplicaView[];
  /** Replicas that hear the leader, itself among them, and how many are needed. */
  readonly connected: number;
  readonly majority: number;
  readonly logEnd: number;
  readonly commitIndex: number;
  readonly ready: number;
  readonly unacked: number;
  /** The last election; null before the first. */
  readonly election: { readonly at: Micros; readonly node: string | null; readonly why: string } | null;
}

export interface QuorumReplicaView {
  readonly node: string;
  readonly role: 'leader' | 'follower';
  readonly up: boolean;
  /** It cannot be reached: down, or cut off from the leader. */
  readonly reachable: boolean;
  readonly logEnd: number;
  readonly commitIndex: number;
  /** The newest entries, ascending. */
  readonly entries: readonly LogEntryView[];
  /** What it threw away within the last {@link FADE_MICROS}. */
  readonly truncated: {
    readonly at: Micros;
    readonly from: number;
    readonly entries: readonly LogEntryView[];
    readonly why: string;
  } | null;
}

export interface LogEntryView {
  readonly index: number;
  readonly term: number;
  /** Null for a command that carries no message: an acknowledgement, a new consumer. */
  readonly message: MessageId | null;
  readonly key: string | null;
  readonly confirmed: boolean;
  /** Why what it carries is no longer in the queue, in the broker's words: acknowledged, expired, node-crashed; null: it is. */
  readonly gone: string | null;
}

export type { FieldValue, Table };
