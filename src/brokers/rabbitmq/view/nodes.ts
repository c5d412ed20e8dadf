/** The cluster's own processes: who runs, and what each is short of. */
import type { Micros } from '../../../sim/time.ts';
import type { TraceEvent } from '../../../sim/trace.ts';
import { nodeName } from '../config.ts';
import type { NodeView } from '../view-types.ts';

interface NodeState {
  readonly id: string;
  state: NodeView['state'];
  since: Micros;
  readonly alarms: Set<string>;
}

export class Nodes {
  private readonly nodes = new Map<string, NodeState>();
  /** Links that are cut, by their ends. */
  private readonly cut = new Set<string>();

  constructor(count: number) {
    for (let number = 1; number <= count; number++) {
      const id = nodeName(number);
      this.nodes.set(id, { id, state: 'running', since: 0, alarms: new Set() });
    }
  }

  has(id: string): boolean {
    return this.nodes.has(id);
  }

  isUp(id: string): boolean {
    const state = this.nodes.get(id)?.state;
    return state === 'running' || state === 'paused';
  }

  /** Whether two nodes hear one another, as far as the link between them goes. */
  linked(a: string, b: string): boolean {
    return !this.cut.has(linkOf(a, b));
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'node-crashed':
        this.enter(event.node, 'crashed', event.at);
        break;
      case 'node-stopped':
        this.enter(event.node, 'stopped', event.at);
        break;
      case 'node-restarted':
        this.enter(event.node, 'running', event.at);
        break;
      case 'alarm-raised':
        this.nodes.get(event.node)?.alarms.add(event.resource);
        break;
      case 'alarm-cleared':
        this.nodes.get(event.node)?.alarms.delete(event.resource);
        break;
      case 'acted':
        if (event.refused !== null) break;
        if (event.action === 'pause') this.enter(event.target, 'paused', event.at);
        if (event.action === 'resume') this.enter(event.target, 'running', event.at);
        if (event.action === 'cut' || event.action === 'heal') {
          const [a = '', b = ''] = event.target.split(' ');
          if (event.action === 'cut') this.cut.add(linkOf(a, b));
          else this.cut.delete(linkOf(a, b));
        }
        break;
    }
  }

  view(): NodeView[] {
    return [...this.nodes.values()].map(({ id, state, since, alarms }) => ({
      id,
      state,
      up: this.isUp(id),
      since,
      alarms: [...alarms],
    }));
  }

  private enter(id: string, state: NodeState['state'], at: Micros): void {
    const node = this.nodes.get(id);
    if (!node) return;
    if (node.state !== state) node.since = at;
    node.state = state;
    if (state === 'crashed' || state === 'stopped') node.alarms.clear();
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
