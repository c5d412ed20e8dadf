/**
 * Brings the stage into view, if it is not, for what was asked for below it: on a phone the lists that lead to a moment
 * are a screen or two away from it.
 * @param from what was pressed, somewhere in the experiment
 */
export function showStage(from: Element): void {
  from.closest('.xp')?.querySelector('.xp-stage')?.scrollIntoView({ block: 'nearest' });
}
