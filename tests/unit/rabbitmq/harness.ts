// Runs a RabbitMQ cluster with its clients on the kernel, without scenario, view or claims: for tests of nodes.
import * as v from 'valibot';
import { rabbitmqClient } from '../../../src/brokers/rabbitmq/client-config.ts';
import { RabbitmqCluster } from '../../../src/brokers/rabbitmq/cluster.ts';
import { rabbitmqAction, rabbitmqSystem } from '../../../src/brokers/rabbitmq/config.ts';
import { Kernel, type Controller } from '../../../src/sim/kernel.ts';
import { fromMs } from '../../../src/sim/time.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';

type SystemInput = Omit<v.InferInput<typeof rabbitmqSystem>, 'broker'>;
export type ClientInput = v.InferInput<typeof rabbitmqClient>;
type OwnAction = v.InferInput<typeof rabbitmqAction>;
export type Fault =
  | { do: 'crash' | 'restart' | 'pause' | 'resume' | 'close'; target: string }
  | { do: 'cut' | 'heal'; between: readonly [string, string] }
  | { do: 'slow'; target: string; factor: number };
export interface Step {
  atMs: number;
  do: Fault | OwnAction;
}

export interface Setup {
  system?: SystemInput;
  clients?: readonly ClientInput[];
  steps?: readonly Step[];
  latencyMs?: number;
  seed?: number;
}

export class Run implements Controller {
  readonly trace: TraceEvent[] = [];
  readonly kernel: Kernel;
  readonly cluster: RabbitmqCluster;
  /** What actions were refused with. */
  readonly refusals: string[] = [];

  constructor({ system = {}, clients = [], steps = [], latencyMs = 1, seed = 1 }: Setup) {
    this.kernel = new Kernel({
      seed,
      network: { latencyMs, jitterMs: 0, loss: 0 },
      sink: { on: (event) => void this.trace.push(event) },
    });
    this.kernel.setController(this);
    this.cluster = new RabbitmqCluster(
      this.kernel,
      v.parse(rabbitmqSystem, { broker: 'rabbitmq', ...system }),
    );
    const parsed = clients.map((client) => v.parse(rabbitmqClient, client));
    for (const client of parsed) this.cluster.addClient(client);
    for (const node of this.cluster.nodes) this.kernel.start(node);
    for (const { id, startMs } of parsed) this.kernel.control(fromMs(startMs), 'start', id);
    for (const { atMs, do: what } of steps) this.kernel.control(fromMs(atMs), 'act', what);
  }

  until(ms: number): this {
    while (this.kernel.nextAt() <= fromMs(ms)) this.kernel.step();
    return this;
  }

  of<K extends TraceEvent['kind']>(kind: K): Extract<TraceEvent, { kind: K }>[] {
    return this.trace.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
  }

  control(name: string, data: unknown): void {
    if (name === 'start') {
      if (!this.kernel.isUp(data as string)) this.kernel.start(data as string);
      return;
    }
    const refusal = this.act(data as Fault | OwnAction);
    if (refusal !== null) this.refusals.push(refusal);
  }

  private act(action: Fault | OwnAction): string | null {
    const { kernel } = this;
    switch (action.do) {
      case 'crash': {
        const { target } = action;
        if (!kernel.isUp(target)) return `${target} is not running`;
        if (this.cluster.nodes.includes(target)) kernel.emit({ kind: 'node-crashed', node: target });
        else kernel.emit({ kind: 'client-stopped', client: target, reason: 'crashed' });
        kernel.crash(target);
        return null;
      }
      case 'restart':
        if (kernel.isUp(action.target)) return `${action.target} is already running`;
        if (this.cluster.nodes.includes(action.target))
          kernel.emit({ kind: 'node-restarted', node: action.target });
        kernel.start(action.target);
        return null;
      case 'pause':
        kernel.pause(action.target);
        return null;
      case 'resume':
        kernel.resume(action.target);
        return null;
      case 'close':
        return this.cluster.close(action.target);
      case 'slow':
        kernel.setSlowness(action.target, action.factor);
        return null;
      case 'cut':
        kernel.cut(...action.between);
        return null;
      case 'heal':
        kernel.heal(...action.between);
        return null;
      default:
        return this.cluster.act(v.parse(rabbitmqAction, action));
    }
  }
}

export function run(setup: Setup, untilMs: number): Run {
  return new Run(setup).until(untilMs);
}
