// What the tests of a partition's log share: batches of few words, and a log in short steps.
import { offsetOf, type RecordBatch, type StoredBatch } from '../../../src/brokers/kafka/batch.ts';
import { TOPIC_DEFAULTS, type EffectiveTopicConfig } from '../../../src/brokers/kafka/config.ts';
import { PartitionLog, type AppendOutcome } from '../../../src/brokers/kafka/log.ts';

export const MS = 1000;
/** A batch of one record of this size has 100 bytes. */
export const SIZE = 39;

/** `key`, `key=value`, `key=∅` (a tombstone), or null. */
export type Spec = string | null;

export interface BatchOptions {
  producer?: number;
  epoch?: number;
  sequence?: number;
  transactional?: boolean;
  /** Of all its records, milliseconds. */
  atMs?: number;
  size?: number;
}

let message = 0;

export function batch(specs: number | readonly Spec[], options: BatchOptions = {}): RecordBatch {
  const all = typeof specs === 'number' ? new Array<Spec>(specs).fill('k') : specs;
  const values = all.map((spec) => {
    const value = spec?.split('=')[1];
    return value === '∅' ? null : value;
  });
  return {
    place: 't-0',
    producerId: options.producer ?? -1,
    epoch: options.producer === undefined ? -1 : (options.epoch ?? 0),
    baseSequence: options.producer === undefined ? -1 : (options.sequence ?? 0),
    transactional: options.transactional ?? false,
    messages: all.map(() => message++),
    keys: all.map((spec) => spec?.split('=')[0] ?? null),
    sizes: all.map(() => options.size ?? SIZE),
    timestamps: all.map(() => (options.atMs ?? 0) * MS),
    values: values.every((value) => value === undefined) ? null : values,
  };
}

/** A log, appended to in leader epoch 0 unless said otherwise. */
export class LogBench {
  readonly log: PartitionLog;
  nowMs = 0;
  epoch = 0;
  private own: Partial<EffectiveTopicConfig>;

  constructor(
    own: Partial<EffectiveTopicConfig> = {},
    options: ConstructorParameters<typeof PartitionLog>[3] = {},
  ) {
    this.own = own;
    this.log = new PartitionLog('t-0', { ...TOPIC_DEFAULTS, ...own }, 0, options);
  }

  set(own: Partial<EffectiveTopicConfig>): void {
    this.own = { ...this.own, ...own };
    this.log.setConfig({ ...TOPIC_DEFAULTS, ...this.own });
  }

  append(specs: number | readonly Spec[], options: BatchOptions = {}): AppendOutcome {
    return this.log.appendAsLeader(
      batch(specs, { atMs: this.nowMs, ...options }),
      this.epoch,
      this.nowMs * MS,
    );
  }

  /** What became of it, in words. */
  tell(specs: number | readonly Spec[], options: BatchOptions = {}): string {
    const { error, baseOffset, appended } = this.append(specs, options);
    return error === 'NONE' ? `${appended ? 'appended' : 'duplicate'} ${baseOffset}` : error;
  }

  mark(producerId: number, producerEpoch: number, outcome: 'committed' | 'aborted'): AppendOutcome {
    return this.log.appendMarker({ producerId, producerEpoch, outcome }, this.epoch, this.nowMs * MS);
  }

  /** A marker with its producer's own epoch, as before transactions v2: only a leader's log can bring it. */
  markAsBefore(producerId: number, producerEpoch: number, outcome: 'committed' | 'aborted'): void {
    const other = new LogBench();
    const { batch: marker } = other.mark(producerId, producerEpoch, outcome);
    const { logEnd } = this.log;
    const moved = { ...marker!, baseOffset: logEnd, lastOffset: logEnd, maxTimestamp: this.nowMs * MS };
    this.log.appendAsFollower(Object.freeze(moved), this.nowMs * MS);
  }

  /** Begins a new segment, and everything is replicated. */
  roll(): void {
    const { 'segment.ms': before = TOPIC_DEFAULTS['segment.ms'] } = this.own;
    this.set({ 'segment.ms': -1e12 });
    this.log.truncateTo(this.append(['roll']).baseOffset);
    this.set({ 'segment.ms': before });
    this.log.advanceHighWatermark(this.log.logEnd);
  }

  replicated(to = this.log.logEnd): void {
    this.log.advanceHighWatermark(to);
  }

  expire(): readonly { from: number; to: number; why: string }[] {
    return this.log.runRetention(this.nowMs * MS);
  }

  clean(): ReturnType<PartitionLog['clean']> {
    return this.log.clean(this.nowMs * MS);
  }

  batches(from = this.log.logStart, upTo = this.log.logEnd): StoredBatch[] {
    const all: StoredBatch[] = [];
    for (let offset = from; ;) {
      const { batches } = this.log.read(offset, 1e9, upTo, true);
      if (batches.length === 0) return all;
      all.push(...batches);
      offset = batches.at(-1)!.lastOffset + 1;
    }
  }

  /** `offset:key=value`, `offset:commit` and so on. */
  content(from?: number, upTo?: number): string[] {
    return this.batches(from, upTo).flatMap((stored) => {
      if (stored.marker) return [`${stored.baseOffset}:${stored.marker.outcome}`];
      return stored.messages.map((_, i) => {
        const value = stored.values?.[i];
        const end = value === undefined ? '' : `=${value ?? '∅'}`;
        return `${offsetOf(stored, i)}:${stored.keys[i]}${end}`;
      });
    });
  }

  offsets(): number[] {
    return this.content().map((record) => Number(record.split(':')[0]));
  }

  lastOffsets(): number[] {
    return this.batches().map(({ lastOffset }) => lastOffset);
  }
}
