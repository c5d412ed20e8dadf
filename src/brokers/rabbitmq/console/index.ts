/**
 * What a terminal needs of RabbitMQ's command-line tools without the model behind them: the programs there are, the prompt,
 * tab completion. Strings and numbers only.
 */
import type { ConsoleTools } from '../../console-tools.ts';
import type { RabbitmqView } from '../view-types.ts';
import { complete, namesIn } from './complete.ts';
import { kindOf, PROGRAMS, promptOf } from './programs.ts';

export const rabbitmqConsole: ConsoleTools<RabbitmqView> = {
  title: 'RabbitMQ’s tools',
  programs: PROGRAMS,
  promptOf,
  kindOf,
  names: namesIn,
  complete,
  // A line of a payload is kept at once.
  lineMicros: 0,
  help: [
    'While rabbitmqadmin reads a payload, ^D ends its input; a line that begins with a colon is written with two.',
  ],
};
