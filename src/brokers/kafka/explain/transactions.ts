/** How transactions go, by the producer's word and by their coordinator's (K-43 to K-48). */
import type { Explanation } from '../../broker.ts';
import { detail, key, name, step, type Event } from './words.ts';

export function transactionEnded({ client, outcome, why }: Event<'transaction-ended'>): Explanation {
  switch (outcome) {
    case 'committed':
      return key(
        `${name(client)} has committed its transaction: ${why}. Its records and its offsets count, all of them.`,
        ['K-43', 'K-48'],
      );
    case 'aborted':
      return key(
        `The transaction of ${name(client)} is aborted: ${why}. Its records stay in the log, and readers of committed records never see them.`,
        ['K-43', 'K-50'],
      );
    case 'unknown':
      return key(
        `${name(client)} does not learn how its transaction ended: ${why}. Its coordinator knows; whoever uses the transactional.id next finishes it first.`,
        ['K-43', 'K-44'],
      );
  }
}

export function transactionStateChanged(event: Event<'transaction-state-changed'>): Explanation {
  const { id, state, producer, epoch, why } = event;
  switch (state) {
    case 'Empty':
      return step(`Transactional id ${id} has producer id ${producer} in epoch ${epoch}: ${why}.`, [
        'K-43',
        'K-44',
      ]);
    case 'Ongoing':
      return detail(`The coordinator knows of an open transaction of ${id}: ${why}.`, ['K-43', 'K-45']);
    case 'PrepareCommit':
      return key(
        `The coordinator decides that the transaction of ${id} commits: ${why}. From here there is no way back, only markers to be written.`,
        ['K-43'],
      );
    case 'PrepareAbort':
      return key(`The coordinator decides that the transaction of ${id} is aborted: ${why}.`, [
        'K-43',
        'K-46',
      ]);
    case 'PrepareEpochFence':
      return key(
        `The coordinator raises the epoch of ${id} to ${epoch}: ${why}. Whoever used it before is fenced.`,
        ['K-44'],
      );
    case 'CompleteCommit':
    case 'CompleteAbort':
      return step(
        `The markers of the transaction of ${id} are written: it is ${state === 'CompleteCommit' ? 'committed' : 'aborted'} in every partition that it touched.`,
        ['K-43', 'K-45'],
      );
    default:
      return step(`Transactional id ${id} is ${state}: ${why}.`, ['K-43', 'K-46']);
  }
}
