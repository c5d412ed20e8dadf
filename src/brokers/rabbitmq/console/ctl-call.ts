/** A command of `rabbitmqctl` as it was understood. */
import type { Version } from '../config.ts';
import type { Shape } from './ctl-format.ts';
import type { CtlCommand } from './options.ts';
import type { AskOptions } from './script.ts';

export interface CtlCall {
  readonly command: CtlCommand;
  readonly version: Version;
  readonly arguments: readonly string[];
  readonly node: string;
  readonly vhost: string;
  /** Nothing is said beside what was asked for. */
  readonly quiet: boolean;
  readonly shape: Omit<Shape, 'streams'>;
  readonly timeoutMs: number;
  has(name: string): boolean;
  value(name: string): string | null;
  readonly asking: AskOptions;
}

/** Says what is no part of the answer: the headings. */
export type Say = (...lines: readonly string[]) => void;
