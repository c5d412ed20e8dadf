/**
 * A consumer of the scenario on a real broker: what the simulated one does (src/brokers/kafka/consumer.ts). Its application
 * polls, works on what it got and commits; what its library tells on its own, rebalances and commits, comes in between.
 */
import type { KafkaAction } from '../../brokers/kafka/config.ts';
import type { KafkaConsumer } from '../../brokers/kafka/client-config.ts';
import { latePoll } from '../../brokers/kafka/late-poll.ts';
import { workMs } from '../../brokers/load.ts';
import { Random } from '../../sim/random.ts';
import { fromMs } from '../../sim/time.ts';
import { KafkaError, type Told } from './host.ts';
import { configOf, given, RealClient, type Given, type Polled, type Run } from './run.ts';

type Seek = Extract<KafkaAction, { do: 'seek' }>;
type Commit = Extract<KafkaAction, { do: 'commit' }>;

/** So long poll() waits for records; then the application looks whether anything else is to be done. */
const POLL_MS = 100;
/** How long an application waits before it works again on a record that its work failed on. */
const RETRY_MS = 100;
const ASSIGNORS = {
  range: 'org.apache.kafka.clients.consumer.RangeAssignor',
  roundrobin: 'org.apache.kafka.clients.consumer.RoundRobinAssignor',
  sticky: 'org.apache.kafka.clients.consumer.StickyAssignor',
  'cooperative-sticky': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
};

export class RealConsumer extends RealClient {
  protected readonly role = 'consumer';
  private readonly client: KafkaConsumer;
  protected readonly workTimes: Random;
  private readonly struck: number[];
  private closeAsked = false;
  private wishes: (() => Promise<void>)[] = [];
  /** What it has, and what it had when it last was given something. */
  private places: string[] = [];
  private ownedBefore: readonly string[] = [];
  private committed = new Map<string, number>();

  constructor(run: Run, client: KafkaConsumer) {
    super(run, client.id);
    this.client = client;
    this.workTimes = new Random(run.seed, `${client.id} work`);
    this.struck = client.troubles.map(() => 0);
  }

  close(): Promise<void> {
    this.closeAsked = true;
    return Promise.resolve();
  }

  protected async begin(life: number): Promise<void> {
    const { client, run } = this;
    const { group, topics, assign, config } = client;
    this.closeAsked = false;
    this.wishes = [];
    this.places = [...(assign ?? [])];
    this.ownedBefore = [];
    this.committed.clear();
    const { 'partition.assignment.strategy': strategy, ...rest } = config;
    await this.host!.ask(this.id, 'open-consumer', {
      topics: topics.map((topic) => run.names.outer(topic)),
      assign: assign?.map((place) => run.names.outer(place)) ?? null,
      config: configOf(run, client.id, {
        ...rest,
        'group.id': run.names.outer(group),
        'partition.assignment.strategy': strategy?.map((name) => ASSIGNORS[name]),
      }),
    });
    this.thread(life, () => this.live(life));
  }

  // What a reader may have the application do, each before its next poll().

  seek({ to, places }: Seek): void {
    this.wishes.push(() => this.goTo(to, places ?? this.places));
  }

  protected async goTo(to: Seek['to'], places: readonly string[]): Promise<void> {
    const { names } = this.run;
    const { positions } = (await this.host!.ask(this.id, 'seek', {
      places: places.map((place) => names.outer(place)),
      to: to.kind,
      offset: to.kind === 'offset' ? to.offset : null,
      time: to.kind === 'time' ? Math.round(this.run.beganAtMs + to.atMs) : null,
    })) as { positions: Record<string, number> };
    for (const [place, position] of Object.entries(positions))
      this.positioned(names.inner(place), position, 'seek', to.kind === 'time' ? to.atMs : null);
  }

  /** commitSync() or commitAsync(), of these offsets or of all its positions. */
  commitNow({ async, offsets }: Commit): void {
    const { names } = this.run;
    const outer =
      offsets &&
      Object.fromEntries(Object.entries(offsets).map(([place, offset]) => [names.outer(place), offset]));
    this.wishes.push(() => this.commit(outer ?? null, async ? 'commit-async' : 'commit'));
  }

  /** Stops, or goes on, reading partitions that it keeps. */
  hold(what: 'pause' | 'resume', places?: readonly string[]): void {
    this.wishes.push(async () => {
      const wanted = [...(places ?? this.places)];
      await this.host!.ask(this.id, what, { places: wanted.map((place) => this.run.names.outer(place)) });
      this.tell({
        kind: what === 'pause' ? 'reading-paused' : 'reading-resumed',
        client: this.id,
        group: this.client.group,
        places: wanted,
      });
    });
  }

  // The thread.

  private async live(life: number): Promise<void> {
    const { client } = this;
    try {
      await this.prepare();
      while (await this.work(0, life)) {
        if (this.closeAsked) {
          await this.host!.ask(this.id, 'close');
          break;
        }
        for (const wish of this.wishes.splice(0)) await wish();
        const { records } = await this.host!.ask(this.id, 'poll', { timeoutMs: POLL_MS });
        if (this.life !== life) return;
        const polled = (records as Polled[]).map((one) => given(this.run, this.id, client.group, one));
        if (polled.length === 0) continue;
        if (!(await this.workThrough(polled, life))) return;
      }
    } catch (error) {
      if (!(error instanceof KafkaError) || this.life !== life) throw error;
      this.tell({
        kind: 'error',
        client: this.id,
        code: error.code,
        detail: this.run.names.inner(error.message),
      });
    }
    if (this.life === life) this.stopped();
  }

  /** Before its first poll(). */
  protected prepare(): Promise<void> {
    return Promise.resolve();
  }

  /** What the application does with what poll() returned. @returns whether it still lives */
  protected async workThrough(polled: readonly Given[], life: number): Promise<boolean> {
    if (this.commitsItself('before-batch')) await this.commit(null);
    for (const one of polled) if (!(await this.workOn(one, life))) return false;
    if (this.commitsItself('after-batch')) await this.commit(null);
    return true;
  }

  /** @returns whether it still lives */
  private async workOn({ message, key, place, position }: Given, life: number): Promise<boolean> {
    const { client } = this;
    for (;;) {
      if (!(await this.work(workMs(client, this.workTimes), life))) return false;
      const trouble = this.trouble(key);
      if (trouble === 'retry') {
        if (!(await this.work(RETRY_MS, life))) return false;
        continue;
      }
      if (trouble === null)
        this.tell({
          kind: 'processed',
          client: this.id,
          group: client.group,
          message,
          key,
          place,
          position,
        });
      if (this.commitsItself('after-each'))
        await this.commit({ [this.run.names.outer(place)]: position + 1 });
      return this.life === life;
    }
  }

  private trouble(key: string | null): 'retry' | 'skip' | null {
    const { troubles } = this.client;
    const index = troubles.findIndex(
      ({ key: of, times }, i) => of === key && this.struck[i]! < (times ?? Infinity),
    );
    if (index < 0) return null;
    this.struck[index]!++;
    return troubles[index]!.outcome;
  }

  private commitsItself(style: KafkaConsumer['commit']): boolean {
    return !this.client.config['enable.auto.commit'] && this.client.commit === style;
  }

  /** One that fails is an exception that the application catches. @param offsets null: all its positions */
  protected async commit(
    offsets: Readonly<Record<string, number>> | null,
    how: 'commit' | 'commit-async' = 'commit',
  ): Promise<void> {
    try {
      await this.host!.ask(this.id, how, { offsets });
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      this.commitFailed(error.code, error.message);
    }
  }

  private commitFailed(code: string, detail: string): void {
    this.tell({ kind: 'error', client: this.id, code, detail: this.run.names.inner(detail) });
  }

  // What its library tells.

  protected told(told: Told): void {
    const { names } = this.run;
    const { group } = this.client;
    switch (told.event) {
      case 'assigned': {
        const places = names.innerAll(told['places']);
        this.places = names.innerAll(told['all']);
        const generation = told['generation'] as number;
        this.tell({ kind: 'assigned', client: this.id, group, places, all: this.places, generation });
        break;
      }
      case 'revoked':
      case 'lost': {
        const places = names.innerAll(told['places']);
        // What is lost may be another's by now: it takes over what it gets next.
        this.ownedBefore = told.event === 'lost' ? [] : this.places;
        this.places = this.places.filter((place) => !places.includes(place));
        for (const place of places) this.committed.delete(place);
        const generation = told['generation'] as number;
        this.tell({
          kind: 'revoked',
          client: this.id,
          group,
          places,
          lost: told.event === 'lost',
          generation,
        });
        break;
      }
      case 'positioned':
        this.positioned(
          names.inner(told['place'] as string),
          told['position'] as number,
          told['by'] as 'committed' | 'reset',
          null,
          told['outOfRange'] === true,
        );
        break;
      case 'committed':
        for (const [place, position] of Object.entries(told['offsets'] as Record<string, number>))
          this.settled(names.inner(place), position);
        break;
      case 'commit-failed':
        this.commitFailed(told['code'] as string, told['detail'] as string);
        break;
      case 'late-poll': {
        const { config } = this.client;
        const silent = config['group.protocol'] === 'classic' && config['group.instance.id'] !== undefined;
        this.tell(latePoll(this.id, config['max.poll.interval.ms'], silent));
      }
    }
  }

  private positioned(
    place: string,
    position: number,
    by: 'committed' | 'reset' | 'seek',
    timeMs: number | null,
    outOfRange = false,
  ): void {
    const { group, config } = this.client;
    if (by === 'committed') this.committed.set(place, position);
    const takeover = by === 'committed' && !this.ownedBefore.includes(place);
    this.tell({
      kind: 'positioned',
      client: this.id,
      group,
      place,
      position,
      by,
      ...(takeover && { takeover }),
      ...(outOfRange && { outOfRange }),
      ...(timeMs !== null && { time: fromMs(timeMs) }),
      ...(config['isolation.level'] === 'read_committed' && { committedOnly: true }),
    });
  }

  /** Offsets that had not moved are committed again, but that settles nothing. */
  protected settled(place: string, position: number): void {
    if (this.committed.get(place) === position) return;
    // Of what is another's it knows no more than what it has just said.
    if (this.places.includes(place)) this.committed.set(place, position);
    this.tell({
      kind: 'settled',
      client: this.id,
      group: this.client.group,
      outcome: 'committed',
      place,
      position,
      message: null,
    });
  }
}
