/**
 * What a terminal needs of Kafka's command-line tools without the model behind them: the programs there are, the prompt,
 * tab completion. Strings and numbers only.
 */
export { addressesOf, complete, type Completion, type Knowledge } from './complete.ts';
export { BUILT_IN, PROGRAMS, promptOf } from './programs.ts';
