/**
 * What clients and nodes say to one another: AMQP 0-9-1's methods, as plain data. What one side has to send in one instant
 * to one peer travels as one {@link Frames}, as it would in one TCP segment. A channel answers its methods in order, so a
 * reply needs no number.
 */
import type { AmqpCode } from './amqp-error.ts';
import type { BindingSettings, ExchangeSettings, QueueSettings, Table } from './config.ts';
import type { Message } from './message.ts';

export interface Frames<F> {
  readonly frames: readonly F[];
}

/** What a publisher sends; the broker makes a {@link Message} of it. */
export type Content = Pick<
  Message,
  'id' | 'key' | 'bytes' | 'persistent' | 'priority' | 'expiration' | 'headers'
> & {
  readonly userId?: string | undefined;
};

type On<M extends string, Fields = unknown> = { readonly method: M; readonly channel: number } & Fields;

export type ClientFrame =
  | { readonly method: 'connection.open'; readonly client: string }
  | { readonly method: 'connection.close' }
  | On<'channel.open'>
  | On<'channel.close'>
  | On<'exchange.declare', { readonly exchange: ExchangeSettings; readonly passive: boolean }>
  | On<'exchange.delete', { readonly name: string; readonly ifUnused: boolean }>
  | On<
      'queue.declare',
      { readonly queue: QueueSettings & { readonly exclusive: boolean }; readonly passive: boolean }
    >
  | On<'queue.delete', { readonly name: string; readonly ifUnused: boolean; readonly ifEmpty: boolean }>
  | On<'queue.purge', { readonly name: string }>
  /** queue.bind or exchange.bind, by the binding's destination. */
  | On<'bind', { readonly binding: BindingSettings }>
  | On<'unbind', { readonly binding: BindingSettings }>
  | On<
      'basic.publish',
      {
        readonly exchange: string;
        readonly routingKey: string;
        readonly mandatory: boolean;
        readonly immediate: boolean;
        readonly content: Content;
      }
    >
  | On<
      'basic.qos',
      { readonly prefetchCount: number; readonly prefetchSize: number; readonly global: boolean }
    >
  | On<
      'basic.consume',
      {
        readonly queue: string;
        readonly tag: string;
        readonly noAck: boolean;
        readonly exclusive: boolean;
        readonly arguments: Table;
      }
    >
  | On<'basic.cancel', { readonly tag: string }>
  | On<'basic.get', { readonly queue: string; readonly noAck: boolean }>
  | On<'basic.ack', { readonly deliveryTag: number; readonly multiple: boolean }>
  | On<'basic.nack', { readonly deliveryTag: number; readonly multiple: boolean; readonly requeue: boolean }>
  | On<'basic.reject', { readonly deliveryTag: number; readonly requeue: boolean }>
  | On<'basic.recover', { readonly requeue: boolean }>
  | On<'confirm.select'>
  | On<'tx.select'>
  | On<'tx.commit'>
  | On<'tx.rollback'>;

/** A message on its way to an application. `headers` are those that it sees: x-death and the like included. */
export interface Delivered {
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly message: Message;
  readonly headers: Table;
  /** The queue, and its own number for the message. */
  readonly place: string;
  readonly position: number;
  /** what the header `x-delivery-count` says; null where there is none. */
  readonly deliveryCount: number | null;
}

export type ServerFrame =
  | { readonly method: 'connection.open-ok' }
  | { readonly method: 'connection.close'; readonly code: AmqpCode; readonly text: string }
  | { readonly method: 'connection.close-ok' }
  /** */
  | { readonly method: 'connection.blocked'; readonly reason: string }
  | { readonly method: 'connection.unblocked' }
  | On<'channel.open-ok'>
  | On<'channel.close', { readonly code: AmqpCode; readonly text: string }>
  | On<'channel.close-ok'>
  | On<'queue.declare-ok', { readonly name: string; readonly messages: number; readonly consumers: number }>
  | On<'queue.delete-ok' | 'queue.purge-ok', { readonly messages: number }>
  /** Every other reply that carries nothing; `to` is the method that it answers. */
  | On<'ok', { readonly to: ClientFrame['method'] }>
  | On<'basic.consume-ok', { readonly tag: string }>
  | On<'basic.cancel-ok', { readonly tag: string }>
  /** the server cancels a consumer. */
  | On<'basic.cancel', { readonly tag: string }>
  | On<'basic.get-ok', { readonly delivery: Delivered; readonly messages: number }>
  | On<'basic.get-empty'>
  | On<'basic.deliver', { readonly tag: string; readonly delivery: Delivered }>
  | On<'basic.return', { readonly code: 312 | 313; readonly text: string; readonly message: Message }>
  /** Publisher confirms. */
  | On<'basic.ack', { readonly deliveryTag: number; readonly multiple: boolean }>
  | On<'basic.nack', { readonly deliveryTag: number; readonly multiple: boolean }>;
