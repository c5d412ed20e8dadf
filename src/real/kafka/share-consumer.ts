/** A share consumer of the scenario on a real broker: what the simulated one does (src/brokers/kafka/share/share-consumer.ts). */
import { latePoll } from '../../brokers/kafka/late-poll.ts';
import type { KafkaShareConsumer } from '../../brokers/kafka/client-config.ts';
import { workMs } from '../../brokers/load.ts';
import { Random } from '../../sim/random.ts';
import { KafkaError, type Told } from './host.ts';
import { configOf, given, RealClient, type Given, type Polled, type Run } from './run.ts';

type Outcome = KafkaShareConsumer['troubles'][number]['outcome'];

const POLL_MS = 100;
const SETTLED = { accept: 'acked', release: 'nacked', reject: 'rejected' } as const;

export class RealShareConsumer extends RealClient {
  protected readonly role = 'consumer';
  private readonly client: KafkaShareConsumer;
  private readonly workTimes: Random;
  private closeAsked = false;
  /** What it has said of records, until the broker has heard it. */
  private acknowledging = new Map<string, { readonly given: Given; readonly type: keyof typeof SETTLED }>();

  constructor(run: Run, client: KafkaShareConsumer) {
    super(run, client.id);
    this.client = client;
    this.workTimes = new Random(run.seed, `${client.id} work`);
  }

  close(): Promise<void> {
    this.closeAsked = true;
    return Promise.resolve();
  }

  protected async begin(life: number): Promise<void> {
    const { client, run } = this;
    this.closeAsked = false;
    this.acknowledging.clear();
    await this.host!.ask(this.id, 'open-share', {
      topics: client.topics.map((topic) => run.names.outer(topic)),
      config: configOf(run, client.id, { ...client.config, 'group.id': run.names.outer(client.group) }),
    });
    this.thread(life, () => this.live(life));
  }

  private async live(life: number): Promise<void> {
    const { client } = this;
    const explicit = client.config['share.acknowledgement.mode'] === 'explicit';
    try {
      while (await this.work(0, life)) {
        if (this.closeAsked) {
          await this.host!.ask(this.id, 'close');
          break;
        }
        const { records } = await this.host!.ask(this.id, 'poll', { timeoutMs: POLL_MS });
        if (this.life !== life) return;
        const polled = (records as Polled[]).map((one) => given(this.run, this.id, client.group, one));
        for (const one of polled) {
          const outcome = this.outcomeOf(one);
          // The application never comes back from this record.
          if (outcome === 'stall' || !(await this.work(workMs(client, this.workTimes), life))) return;
          if (outcome === 'crash') {
            this.crash();
            return;
          }
          await this.finish(one, outcome, explicit);
        }
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

  private outcomeOf({ key }: Given): Outcome {
    return this.client.troubles.find((trouble) => trouble.key === key)?.outcome ?? 'accept';
  }

  private async finish(one: Given, outcome: keyof typeof SETTLED, explicit: boolean): Promise<void> {
    const { message, key, place, position, record } = one;
    if (outcome === 'accept')
      this.tell({
        kind: 'processed',
        client: this.id,
        group: this.client.group,
        message,
        key,
        place,
        position,
      });
    this.acknowledging.set(record, { given: one, type: outcome });
    // In the other mode the next poll() accepts all that the last one gave.
    if (explicit) await this.host!.ask(this.id, 'acknowledge', { record, type: outcome });
  }

  protected told(told: Told): void {
    if (told.event === 'late-poll') {
      this.tell(latePoll(this.id, this.client.config['max.poll.interval.ms']));
      return;
    }
    const record = told['record'] as string;
    const said = this.acknowledging.get(record);
    if (!said) return;
    this.acknowledging.delete(record);
    const { place, position, message } = said.given;
    if (told['code'] !== undefined) {
      const detail = `the acknowledgement of ${place} ${position} failed`;
      this.tell({ kind: 'error', client: this.id, code: told['code'] as string, detail });
      return;
    }
    this.tell({
      kind: 'settled',
      client: this.id,
      group: this.client.group,
      outcome: SETTLED[said.type],
      place,
      position,
      message,
    });
  }
}
