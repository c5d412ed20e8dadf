/** What an administrator does to nodes of our own in a run, by `rabbitmqctl`, and takes back when it is over. */
import type { PolicySettings, ServerConfig } from '../../brokers/rabbitmq/config.ts';
import type { Run } from './run.ts';

/** Runs `rabbitmqctl` on a node. @returns what it printed */
export type Ctl = (node: string, args: readonly string[]) => Promise<string>;

/** Settings of rabbitmq.conf that a running node reads again and again, and their defaults. */
export const LIVE_SETTINGS = {
  consumer_timeout: 1_800_000,
  channel_tick_interval: 60_000,
} as const satisfies Partial<ServerConfig>;

/** How an alarm is raised, and what to ask for the limit that stands before. */
const LIMITS = {
  memory: {
    ask: 'vm_memory_monitor:get_vm_memory_high_watermark().',
    set: 'set_vm_memory_high_watermark',
    // Documented as the way to raise it.
    always: '0',
  },
  disk: { ask: 'rabbit_disk_monitor:get_disk_free_limit().', set: 'set_disk_free_limit', always: '1PB' },
} as const;
type Resource = keyof typeof LIMITS;

export class Administration {
  private readonly run: Run;
  private readonly ctl: Ctl;
  /** By what it takes back; the last goes first. */
  private readonly undoing = new Map<string, () => Promise<unknown>>();

  constructor(run: Run, ctl: Ctl) {
    this.run = run;
    this.ctl = ctl;
  }

  /** What of the settings is not as it comes, on every node. */
  async set(config: Pick<ServerConfig, keyof typeof LIVE_SETTINGS>): Promise<void> {
    for (const [name, usual] of Object.entries(LIVE_SETTINGS)) {
      const value = config[name as keyof typeof LIVE_SETTINGS];
      if (value === usual) continue;
      for (const i of this.run.urls.keys()) await this.setOn(`rabbit-${i + 1}`, name, value);
    }
  }

  async setPolicy(policy: PolicySettings): Promise<void> {
    const { name, pattern, priority, operator, definition, 'apply-to': to } = policy;
    const { names, recorder } = this.run;
    await this.ctl('rabbit-1', [
      operator ? 'set_operator_policy' : 'set_policy',
      '--priority',
      String(priority),
      '--apply-to',
      to,
      names.outer(name),
      names.outerPattern(pattern),
      JSON.stringify(names.outerDefinition(definition)),
    ]);
    this.undoing.set(policyId(name, operator), () => this.clear(name, operator));
    const settings = Object.entries(definition).map(
      ([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    );
    const said = { pattern, 'apply-to': to, priority, operator };
    recorder.tell({ kind: 'configured', node: 'rabbit-1', name, settings, policy: said });
  }

  async clearPolicy({ name, operator, definition }: PolicySettings): Promise<void> {
    await this.clear(name, operator);
    this.undoing.delete(policyId(name, operator));
    const settings = Object.keys(definition).map((key) => [key, null] as const);
    this.run.recorder.tell({ kind: 'configured', node: 'rabbit-1', name, settings });
  }

  async alarm(node: string, resource: Resource, on: boolean): Promise<void> {
    const { ask, set, always } = LIMITS[resource];
    const id = `${node} ${resource}`;
    if (on) {
      const before = await this.eval(node, ask);
      this.undoing.set(id, () => this.ctl(node, [set, before]));
      await this.ctl(node, [set, always]);
      return;
    }
    await this.undoing.get(id)?.();
    this.undoing.delete(id);
  }

  /** The broker is left as it was found. */
  async undo(): Promise<void> {
    for (const back of [...this.undoing.values()].reverse()) await back();
    this.undoing.clear();
  }

  private async setOn(node: string, name: string, value: number): Promise<void> {
    const put = (to: string): Promise<string> =>
      this.eval(node, `application:set_env(rabbit, ${name}, ${to}).`);
    const before = await this.eval(node, `{ok, Value} = application:get_env(rabbit, ${name}), Value.`);
    this.undoing.set(`${node} ${name}`, () => put(before));
    await put(String(value));
  }

  private async clear(name: string, operator: boolean): Promise<void> {
    await this.ctl('rabbit-1', [
      operator ? 'clear_operator_policy' : 'clear_policy',
      this.run.names.outer(name),
    ]);
  }

  private async eval(node: string, expression: string): Promise<string> {
    return (await this.ctl(node, ['eval', expression])).trim();
  }
}

function policyId(name: string, operator: boolean): string {
  return `${operator ? 'operator policy' : 'policy'} ${name}`;
}
