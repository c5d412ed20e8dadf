/** The cluster's own processes: who runs, and whom the controller counts out. */
import type { Micros } from '../../../sim/time.ts';
import type { TraceEvent } from '../../../sim/trace.ts';
import { brokerName, CONTROLLER, type KafkaSystem } from '../config.ts';
import type { NodeView } from '../view-types.ts';

interface NodeState {
  readonly id: string;
  state: NodeView['state'];
  fenced: boolean;
  since: Micros;
}

export class Nodes {
  private readonly nodes = new Map<string, NodeState>();

  constructor(system: KafkaSystem) {
    for (let number = 1; number <= system.brokers; number++) this.add(brokerName(number));
    this.add(CONTROLLER);
  }

  private add(id: string): void {
    this.nodes.set(id, { id, state: 'running', fenced: false, since: 0 });
  }

  isUp(id: string): boolean {
    const state = this.nodes.get(id)?.state;
    return state === 'running' || state === 'paused';
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
      case 'node-fenced':
      case 'node-unfenced': {
        const node = this.nodes.get(event.node);
        if (!node) break;
        const fenced = event.kind === 'node-fenced';
        if (node.fenced !== fenced) node.since = event.at;
        node.fenced = fenced;
        break;
      }
      case 'acted': {
        if (event.refused !== null) break;
        if (event.action === 'pause') this.enter(event.target, 'paused', event.at);
        if (event.action === 'resume') this.enter(event.target, 'running', event.at);
        break;
      }
    }
  }

  view(): NodeView[] {
    return [...this.nodes.values()].map(({ id, state, fenced, since }) => ({
      id,
      role: id === CONTROLLER ? 'controller' : 'broker',
      up: this.isUp(id),
      state,
      fenced,
      since,
    }));
  }

  private enter(id: string, state: NodeState['state'], at: Micros): void {
    // The console is a process of the cluster too, but no node.
    const node = this.nodes.get(id);
    if (!node) return;
    if (node.state !== state) node.since = at;
    node.state = state;
  }
}
