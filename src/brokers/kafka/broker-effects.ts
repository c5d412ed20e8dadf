/** What the parts of a broker's machine may ask of the world around it, and what they share. */
import type { Random } from '../../sim/random.ts';
import type { Effects } from '../broker.ts';
import type { ClusterImage } from './cluster-image.ts';
import type { KafkaBrokerConfig } from './config.ts';
import type { Reply, Request } from './protocol.ts';

export interface BrokerEffects extends Effects<Reply> {
  /** Sends a request to another process of the cluster; how it ends comes back with its context. */
  request(to: string, request: Request, context: unknown): void;
  /** Closes a connection: what is asked cannot even be refused properly. */
  disconnect(peer: string): void;
}

/** What every part of one broker knows. */
export interface BrokerContext {
  readonly node: string;
  readonly config: KafkaBrokerConfig;
  readonly random: Random;
  image: ClusterImage;
  /** What the controller gave it when it registered (K-65). */
  brokerEpoch: number;
}
