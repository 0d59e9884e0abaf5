import { ZonedWallClock } from '../record/zoned-wall-clock.ts'

/** Whether there is a time zone of this name: an IANA name, or a fixed offset such as `GMT+8` or `+08:00`. */
export function isTimeZone(name: string): boolean {
  try {
    return new ZonedWallClock(name).timeZone !== ''
  } catch {
    return false
  }
}

/**
 * The wall clock of an instant in a time zone, as a `Date` whose UTC fields are that clock's.
 *
 * @throws RangeError when there is no such zone
 */
export function wallClock(instant: Date, timeZone: string): Date {
  const seconds = new ZonedWallClock(timeZone).offsetSecondsAt(Math.floor(instant.getTime() / 1000))
  return new Date(instant.getTime() + seconds * 1000)
}
