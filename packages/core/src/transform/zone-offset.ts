import { ZonedWallClock } from '../record/zoned-wall-clock.ts'

/** The offset of a time zone from UTC at any instant. */
export class ZoneOffset extends ZonedWallClock {
  /** Seconds to add to UTC at an instant given in whole seconds since the epoch. */
  secondsAt(epochSeconds: number): number {
    return this.offsetSecondsAt(epochSeconds)
  }
}
