/** Transactions by transactional.id: what is under way, where its records lie, and how the last one ended (K-43 to K-46). */
import type { Micros } from '../../../sim/time.ts';
import type { TraceEvent } from '../../../sim/trace.ts';
import type { KafkaClient } from '../client-config.ts';
import { TRANSACTIONAL_IDS_MAX, type TransactionView } from '../view-types.ts';
import type { Event } from './event.ts';
import type { KnownMessage } from './messages.ts';

interface TransactionState {
  readonly id: string;
  client: string | null;
  producer: number;
  epoch: number;
  state: string;
  open: {
    readonly transaction: string;
    readonly since: Micros;
    records: number;
    readonly places: Set<string>;
    /** The coordinator has decided its end: when it says that all is done, it is this one that is. */
    decided: boolean;
  } | null;
  /** The newest one that is closed, by the name its client gave it. */
  closed: string | null;
  committed: number;
  aborted: number;
  last: TransactionView['last'];
}

export class Transactions {
  private readonly ids = new Map<string, TransactionState>();
  private readonly byClient = new Map<string, string>();
  private readonly byProducer = new Map<number, string>();

  constructor(clients: readonly KafkaClient[]) {
    for (const client of clients) {
      const config =
        client.role === 'producer' ? client.config : client.role === 'processor' ? client.producer : null;
      const id = config?.['transactional.id'];
      if (id !== undefined) this.byClient.set(client.id, id);
    }
  }

  /** The transactional.id that a record belongs to, or null. */
  idOf(known: KnownMessage | undefined): string | null {
    if (!known || known.transaction === null) return null;
    return this.byClient.get(known.client) ?? known.client;
  }

  /** The transactional.id behind a producer id, or null where the coordinator has not told of it. */
  idOfProducer(producer: number): string | null {
    return this.byProducer.get(producer) ?? null;
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'transaction-began':
        this.began(event);
        break;
      case 'transaction-ended':
        this.ended(event);
        break;
      case 'transaction-state-changed':
        this.stateChanged(event);
        break;
    }
  }

  appended(place: string, known: KnownMessage | undefined): void {
    const id = this.idOf(known);
    const open = id === null ? null : this.ids.get(id)?.open;
    if (!open || open.transaction !== known?.transaction) return;
    open.records++;
    open.places.add(place);
  }

  view(): TransactionView[] {
    return [...this.ids.values()].map(
      ({ id, client, producer, epoch, state, open, committed, aborted, last }) => ({
        id,
        client,
        producer,
        epoch,
        state,
        openSince: open?.since ?? null,
        records: open?.records ?? 0,
        places: [...(open?.places ?? [])],
        committed,
        aborted,
        last: last && { ...last },
      }),
    );
  }

  private began({ client, transaction, at }: Event<'transaction-began'>): void {
    let id = this.byClient.get(client);
    if (id === undefined) {
      // Whoever joined the run later: its coordinator has told of its id before.
      const unused = [...this.ids.values()].findLast((state) => state.client === null);
      id = unused?.id ?? client;
      this.byClient.set(client, id);
    }
    const state = this.state(id);
    if (!state) return;
    state.client = client;
    state.open = { transaction, since: at, records: 0, places: new Set(), decided: false };
  }

  private ended({ client, transaction, outcome, why, at }: Event<'transaction-ended'>): void {
    const state = this.ids.get(this.byClient.get(client) ?? client);
    if (!state) return;
    if (state.open?.transaction === transaction) close(state, outcome);
    if (state.closed === transaction) state.last = { outcome, at, why };
  }

  private stateChanged({
    id,
    state: to,
    producer,
    epoch,
    why,
    at,
  }: Event<'transaction-state-changed'>): void {
    const state = this.state(id);
    if (!state) return;
    if (producer >= 0) this.byProducer.set(producer, id);
    state.state = to;
    state.producer = producer;
    state.epoch = epoch;
    if (to.startsWith('Prepare') && state.open) state.open.decided = true;
    const outcome = to === 'CompleteCommit' ? 'committed' : to === 'CompleteAbort' ? 'aborted' : null;
    if (outcome === null || !state.open?.decided) return;
    // Its client has not heard of it yet, and if it died never will.
    close(state, outcome);
    state.last = { outcome, at, why };
  }

  private state(id: string): TransactionState | undefined {
    let state = this.ids.get(id);
    if (!state && this.ids.size < TRANSACTIONAL_IDS_MAX) {
      state = {
        id,
        client: [...this.byClient].find(([, own]) => own === id)?.[0] ?? null,
        producer: -1,
        epoch: -1,
        state: 'Empty',
        open: null,
        closed: null,
        committed: 0,
        aborted: 0,
        last: null,
      };
      this.ids.set(id, state);
    }
    return state;
  }
}

function close(state: TransactionState, outcome: 'committed' | 'aborted' | 'unknown'): void {
  state.closed = state.open?.transaction ?? null;
  state.open = null;
  if (outcome === 'committed') state.committed++;
  if (outcome === 'aborted') state.aborted++;
}
