/** The other nodes as one node sees them: which it hears, which are silent, and which are lost to it. */
import { fromMs, type Micros } from '../../sim/time.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Notice } from './wire.ts';

/** How often nodes tell one another that they live, and how long one may be silent until it is taken for lost (aten). */
export const BEAT_MS = 1000;
const SILENT_MS = 5000;

interface PeersHost {
  readonly id: string;
  readonly cluster: ClusterState;
  now(): Micros;
  tellNode(node: string, notice: Notice): void;
  /** Gives up the connection to a node. */
  disconnect(node: string): void;
  /** A node is silent: Raft does without it. */
  nodeSilent(node: string): void;
  /** A node's process died, or the connection to it broke. */
  nodeLost(node: string): void;
  /** A node is heard again. */
  nodeBack(node: string): void;
}

export class Peers {
  private readonly host: PeersHost;
  /** Nodes that cannot be spoken to, and those that are silent for longer than they should be. */
  private readonly down = new Set<string>();
  private readonly silent = new Set<string>();
  private readonly heardAt = new Map<string, Micros>();

  constructor(host: PeersHost) {
    this.host = host;
  }

  /** The node starts. @param down the nodes that do not run */
  start(down: Iterable<string>): void {
    this.down.clear();
    for (const node of down) this.down.add(node);
    this.silent.clear();
    for (const node of this.host.cluster.nodes) this.heardAt.set(node, this.host.now());
  }

  isDown(node: string): boolean {
    return this.down.has(node);
  }

  hears(node: string): boolean {
    return node === this.host.id || !(this.down.has(node) || this.silent.has(node));
  }

  /** whether this node hears most of the cluster, itself among them. */
  get hearsMost(): boolean {
    const { nodes } = this.host.cluster;
    return nodes.filter((node) => this.hears(node)).length * 2 > nodes.length;
  }

  heard(node: string): void {
    this.heardAt.set(node, this.host.now());
    if (this.hears(node)) return;
    this.down.delete(node);
    this.silent.delete(node);
    this.host.nodeBack(node);
  }

  lost(node: string): void {
    if (this.down.has(node)) return;
    const wasSilent = this.silent.has(node);
    this.down.add(node);
    this.host.nodeLost(node);
    if (!wasSilent) this.host.nodeSilent(node);
  }

  tellAll(notice: Notice): void {
    const { id, cluster } = this.host;
    for (const node of cluster.nodes)
      if (node !== id && !this.down.has(node)) this.host.tellNode(node, notice);
  }

  /** Tells the others that the node lives, and looks who has not done so. */
  beat(): void {
    const { id, cluster } = this.host;
    const now = this.host.now();
    for (const node of cluster.nodes) {
      if (node === id) continue;
      // Also those that are lost: whoever can be reached again is up again. One whose process is dead refuses.
      if (!this.down.has(node) || cluster.running.has(node)) this.host.tellNode(node, { type: 'alive' });
      if (this.down.has(node)) continue;
      const silence = now - this.heardAt.get(node)!;
      if (silence >= cluster.config.net_ticktime * 1_000_000) {
        this.host.disconnect(node);
        this.lost(node);
      } else if (silence >= fromMs(SILENT_MS) && !this.silent.has(node)) {
        this.silent.add(node);
        this.host.nodeSilent(node);
      }
    }
  }
}
