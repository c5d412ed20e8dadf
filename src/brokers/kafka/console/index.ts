/**
 * What a terminal needs of Kafka's command-line tools without the model behind them: the programs there are, the prompt,
 * tab completion. Strings and numbers only.
 */
import type { ConsoleTools } from '../../console-tools.ts';
import type { KafkaView } from '../view-types.ts';
import { complete, namesIn } from './complete.ts';
import { kindOf, PROGRAMS, promptOf } from './programs.ts';

export { addressesOf, complete, type Knowledge } from './complete.ts';
export { BUILT_IN, PROGRAMS, promptOf } from './programs.ts';

export const kafkaConsole: ConsoleTools<KafkaView> = {
  title: 'Kafka’s tools',
  programs: PROGRAMS,
  promptOf,
  kindOf,
  names: namesIn,
  complete,
  // A record that was typed is sent within linger.ms, a second by default; its answer needs a little longer.
  lineMicros: 2_000_000,
  help: [
    'While a console producer runs, each line is a record; ^D ends its input, ^C interrupts a tool, and a record that',
    'begins with a colon is written with two.',
  ],
};
