/**
 * How often one end of a connection writes to its socket. What it has to say within so long of its last write goes with the
 * next one, as it does where a library's and the kernel's buffers fill faster than they are written: who says little is
 * written at once. Virtual microseconds.
 */
import type { Micros } from '../../sim/time.ts';

export const WRITE_GAP_MICROS: Micros = 200;
