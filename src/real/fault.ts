/** What can be done to a process of the broker from outside. */
export type Fault = 'crash' | 'close' | 'restart' | 'pause' | 'resume';
