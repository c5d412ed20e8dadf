/** Publisher confirms of one channel: what waits for which queues, and how answers are grouped. */
import { Numbered } from '../../sim/numbered.ts';

/** An answer to the publisher: basic.ack or basic.nack. */
export interface Answer {
  readonly method: 'basic.ack' | 'basic.nack';
  readonly deliveryTag: number;
  readonly multiple: boolean;
}

export class Confirms {
  /** The number that the next publish gets. */
  next = 1;
  /** By number, lowest first: the one queue that has not answered, or those that have not. */
  private readonly waiting = new Numbered<string | Set<string>>();
  private confirmed: number[] = [];
  private rejected: number[] = [];

  get pending(): number {
    return this.waiting.size;
  }

  /** Whether anything is to be told to the publisher. */
  get hasAnswers(): boolean {
    return this.confirmed.length > 0 || this.rejected.length > 0;
  }

  /** A publish went to these queues; to none, it is confirmed at once. @returns its number */
  published(queues: readonly { readonly name: string }[]): number {
    const number = this.next++;
    if (queues.length === 0) this.confirmed.push(number);
    else
      this.waiting.set(
        number,
        queues.length === 1 ? queues[0]!.name : new Set(queues.map(({ name }) => name)),
      );
    return number;
  }

  /** every target must have confirmed. A number that no longer waits is ignored. */
  confirm(number: number, queue: string): void {
    const queues = this.waiting.get(number);
    if (queues === undefined) return;
    if (typeof queues === 'string') {
      if (queues !== queue) return;
    } else if (!queues.delete(queue) || queues.size > 0) return;
    this.waiting.delete(number);
    this.confirmed.push(number);
  }

  /** one refusal is enough. */
  reject(number: number): void {
    if (this.waiting.delete(number)) this.rejected.push(number);
  }

  /** A target is gone: with its node, which is a refusal, or deleted, and then nothing waits for it any more. */
  lost(queue: string, deleted: boolean): void {
    for (const [number, queues] of this.waiting.entries()) {
      if (typeof queues === 'string' ? queues !== queue : !queues.has(queue)) continue;
      if (deleted) this.confirm(number, queue);
      else this.reject(number);
    }
  }

  /**
   * Everything below the smallest number that still waits or has the other answer goes out as one answer for the
   * largest; the rest one by one.
   */
  take(): Answer[] {
    const { confirmed, rejected } = this;
    this.confirmed = [];
    if (rejected.length > 0) this.rejected = [];
    const answers: Answer[] =
      confirmed.length === 1
        ? [{ method: 'basic.ack', deliveryTag: confirmed[0]!, multiple: false }]
        : this.grouped('basic.ack', confirmed, rejected);
    return rejected.length === 0 ? answers : answers.concat(this.grouped('basic.nack', rejected, confirmed));
  }

  /** what a commit waited for, refused or not. @returns whether everything was confirmed */
  takeAll(): boolean {
    const whole = this.rejected.length === 0;
    this.confirmed = [];
    this.rejected = [];
    return whole;
  }

  private grouped(method: Answer['method'], numbers: number[], others: readonly number[]): Answer[] {
    if (numbers.length === 0) return [];
    if (!isAscending(numbers)) numbers.sort((a, b) => a - b);
    let cutOff = this.waiting.first() ?? Infinity;
    for (const other of others) cutOff = Math.min(cutOff, other);
    const answers: Answer[] = [];
    let below = 0;
    while (below < numbers.length && numbers[below]! < cutOff) below++;
    if (below > 0) answers.push({ method, deliveryTag: numbers[below - 1]!, multiple: true });
    for (let i = below; i < numbers.length; i++)
      answers.push({ method, deliveryTag: numbers[i]!, multiple: false });
    return answers;
  }
}

function isAscending(numbers: readonly number[]): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! < numbers[i - 1]!) return false;
  return true;
}
