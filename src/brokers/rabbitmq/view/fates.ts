/** What became of messages that are gone from a place, the newest ones, for as long as the eye needs. */
import type { Micros } from '../../../sim/time.ts';
import { FADE_MICROS, FATES_MAX, type Fate } from '../view-types.ts';

export class Fates {
  private fates: Fate[] = [];

  add(fate: Fate): void {
    this.fates.push(fate);
    if (this.fates.length > 2 * FATES_MAX) this.fates = this.fates.slice(-FATES_MAX);
  }

  view(now: Micros): Fate[] {
    return this.fates.slice(-FATES_MAX).filter(({ at }) => at + FADE_MICROS > now);
  }
}
