const fixedOffset = /^(?:GMT|UTC|UT)?([+-])(\d{1,2})(?::?(\d{2}))?$/i
const longOffset = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/
/** Since then zones change their offset only at full quarters of an hour, so that offsets can be remembered by quarter. */
const firstRegularSecond = Date.UTC(1972, 0, 1) / 1000
const quarterSeconds = 900

/** The offset of a time zone from UTC at any instant. */
export class ZoneOffset {
  readonly #fixedSeconds: number | undefined
  readonly #format: Intl.DateTimeFormat | undefined
  readonly #known = new Map<number, number>()

  /**
   * @param timeZone an IANA name, or a fixed offset such as `GMT+8` or `+08:00`
   * @throws RangeError when there is no such zone
   */
  constructor(timeZone: string) {
    const fixed = fixedOffset.exec(timeZone)
    if (fixed) {
      const [, sign, hours, minutes] = fixed
      const seconds = Number(hours) * 3600 + Number(minutes ?? 0) * 60
      this.#fixedSeconds = sign === '-' ? -seconds : seconds
    } else if (/^(UTC|GMT|UT|Z)$/i.test(timeZone)) {
      this.#fixedSeconds = 0
    } else {
      this.#format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    }
  }

  /** Seconds to add to UTC at an instant given in whole seconds since the epoch. */
  secondsAt(epochSeconds: number): number {
    if (this.#fixedSeconds !== undefined) return this.#fixedSeconds
    if (epochSeconds < firstRegularSecond) return this.#ask(epochSeconds)
    const quarter = Math.floor(epochSeconds / quarterSeconds)
    let seconds = this.#known.get(quarter)
    if (seconds === undefined) {
      seconds = this.#ask(epochSeconds)
      // Bounded, because dates may be anything.
      if (this.#known.size >= 50_000) this.#known.clear()
      this.#known.set(quarter, seconds)
    }
    return seconds
  }

  /** The instant, in seconds since the epoch, at which clocks of the zone show `wallSeconds` (a wall clock read as UTC). */
  epochSecondsOf(wallSeconds: number): number {
    const near = wallSeconds - this.secondsAt(wallSeconds)
    return wallSeconds - this.secondsAt(near)
  }

  #ask(epochSeconds: number): number {
    const match = longOffset.exec(this.#format?.format(epochSeconds * 1000) ?? '')
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = match ?? []
    const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
    return sign === '-' ? -total : total
  }
}
