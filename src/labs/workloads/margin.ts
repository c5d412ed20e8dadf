/** So much longer than on the simulator a workload is run: what is late on a busy machine is done by then; nothing begins in it. */
export const MORE_MS = 20_000;
