/** A message as the broker holds it: content, properties, where it was published, and what has happened to it since. */
import type { MessageId } from '../../sim/trace.ts';
import type { Micros } from '../../sim/time.ts';
import type { Table } from './config.ts';

/** Why a queue dead-letters a message, in AMQP's words. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** One entry of `x-death`: what happened to a message in one queue for one reason. */
export interface Death {
  readonly queue: string;
  readonly reason: DeathReason;
  readonly count: number;
  /** When it first happened, virtual microseconds; AMQP shows seconds. */
  readonly time: Micros;
  readonly exchange: string;
  /** The message's keys at that moment: the routing key and CC, without BCC. */
  readonly routingKeys: readonly string[];
  readonly originalExpiration?: string;
}

/** The first death, which never changes, and the last. */
export interface DeathSummary {
  readonly queue: string;
  readonly reason: DeathReason;
  readonly exchange: string;
}

/** What the publisher handed over. One object for each publish; it is never changed, so queues and replicas share it. */
export interface Message {
  /** The harness's number: the same for every copy in every queue. */
  readonly id: MessageId;
  readonly key: string | null;
  readonly bytes: number;
  /** The exchange and key that a delivery shows: those of the last publish, a dead letter's included. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Further keys, from the headers `CC` and `BCC`. */
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  /** AMQP's delivery_mode. */
  readonly persistent: boolean;
  readonly priority: number | null;
  /** the property as it was given; removed from a dead letter. */
  readonly expiration: string | null;
  readonly headers: Table;
  /** the broker's own record, latest first. */
  readonly deaths: readonly Death[];
  readonly firstDeath: DeathSummary | null;
  readonly lastDeath: DeathSummary | null;
  /** how often its deliveries had failed where it died last; 0 before 4.3, which takes the count along. */
  readonly failures: number;
}
