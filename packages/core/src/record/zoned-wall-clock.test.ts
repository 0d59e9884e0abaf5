import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { secondsOfWallClock, ZonedWallClock } from './zoned-wall-clock.ts'

describe('ZonedWallClock', () => {
  it.each([
    ['UTC', '2026-02-02 03:04:05.678901', '2026-02-02 03:04:05.678901'],
    ['Asia/Shanghai', '2026-02-01 19:04:05.678901', '2026-02-02 03:04:05.678901'],
    ['GMT+8', '2026-12-31 23:00:00', '2027-01-01 07:00:00'],
    ['+05:30', '2026-01-01 00:00:00.1', '2026-01-01 05:30:00.1'],
    ['-0330', '2024-03-01 00:00:00', '2024-02-29 20:30:00'],
    ['Europe/Berlin', '2026-03-29 00:59:59', '2026-03-29 01:59:59'],
    ['Europe/Berlin', '2026-03-29 01:00:00', '2026-03-29 03:00:00'],
    ['Europe/Berlin', '2026-10-25 00:59:59', '2026-10-25 02:59:59'],
    ['Europe/Berlin', '2026-10-25 01:00:00', '2026-10-25 02:00:00'],
    ['Asia/Kathmandu', '1985-12-31 18:29:59', '1985-12-31 23:59:59'],
    ['Asia/Kathmandu', '1985-12-31 18:30:00', '1986-01-01 00:15:00'],
    ['America/New_York', '1960-07-01 12:00:00', '1960-07-01 08:00:00'],
    ['GMT+8', '275760-09-12 20:00:00.5', '275760-09-13 04:00:00.5'],
    ['Asia/Shanghai', '275760-09-13 00:00:01', '275760-09-13 08:00:01'],
    ['Asia/Shanghai', '294276-12-31 23:59:59.999999', '294277-01-01 07:59:59.999999'],
    ['-0330', '294276-03-01 00:00:00', '294276-02-29 20:30:00'],
  ])('%s: %s', (timeZone, utc, expected) => {
    expect(new ZonedWallClock(timeZone).fromUtc(utc)).toBe(expected)
  })

  it.each(['infinity', '-infinity', '0000-00-00 00:00:00', '0044-03-15 10:00:00 BC', 'x'])(
    'leaves %s as it is',
    (text) => {
      expect(new ZonedWallClock('Asia/Shanghai').fromUtc(text)).toBe(text)
    },
  )

  it.each(['Mars/Olympus', '', 'GMT+99', '+08:75'])('refuses %j', (timeZone) => {
    expect(() => new ZonedWallClock(timeZone)).toThrow(RangeError)
  })

  it('agrees with Intl at any instant', () => {
    const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Shanghai']
    const instants = fc.integer({ min: 63_072_000, max: 4_102_444_800 })
    for (const timeZone of zones) {
      const clock = new ZonedWallClock(timeZone)
      const format = new Intl.DateTimeFormat('sv-SE', {
        timeZone,
        dateStyle: 'short',
        timeStyle: 'medium',
      })
      fc.assert(
        fc.property(instants, (seconds) => {
          const utc = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
          expect(clock.fromUtc(utc)).toBe(format.format(seconds * 1000))
        }),
      )
    }
  })

  it('has the dates of the platform on all days that this one knows', () => {
    const clock = new ZonedWallClock('+00:30')
    const days = fc.integer({ min: -719_528, max: 99_999_998 })
    fc.assert(
      fc.property(days, (day) => {
        const date = new Date(day * 86_400_000)
        const year = String(date.getUTCFullYear()).padStart(4, '0')
        const text = `${year}${date.toISOString().slice(-20, -14)} 00:00:00`
        expect(clock.fromUtc(text)).toBe(text.replace('00:00:00', '00:30:00'))
      }),
      { numRuns: 2000 },
    )
  })

  it('knows the offset of a wall clock', () => {
    const clock = new ZonedWallClock('Europe/Berlin')
    const offset = (text: string) => clock.offsetSecondsOfWall(secondsOfWallClock(text))
    expect(offset('2026-03-29 01:59:59')).toBe(3600)
    expect(offset('2026-03-29 03:00:00')).toBe(7200)
    expect(offset('2026-10-25 02:30:00')).toBe(7200)
    expect(offset('2026-10-25 03:00:00')).toBe(3600)
  })
})

describe('seconds of a wall clock', () => {
  const plain = /^(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?)?$/
  /** What a date says, asked of the platform. */
  const reference = (text: string): number => {
    const match = plain.exec(text)
    if (match === null) return Number.NaN
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
      .slice(1)
      .map((part) => Number(part ?? 0))
    const date = new Date(0)
    date.setUTCFullYear(year, month - 1, day)
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN
    return date.getTime() / 1000 + hour * 3600 + minute * 60 + second
  }
  const part = (most: number) => fc.integer({ min: 0, max: most })
  const texts = fc
    .tuple(part(9999), part(13), part(32), part(24), part(60), part(60), fc.string())
    .map(([year, month, day, hour, minute, second, rest]) => {
      const two = (value: number) => String(value).padStart(2, '0')
      const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
      return `${date} ${two(hour)}:${two(minute)}:${two(second)}${rest}`
    })

  it('are those of the platform, for any date and any text around it', () => {
    const changed = fc
      .tuple(texts, fc.nat(25), fc.constantFrom('', '0', '9', '-', ':', '.', 'T', ' ', '.12', 'x'))
      .map(([text, at, other]) => text.slice(0, at) + other + text.slice(at + 1))
    const usual = texts.map((text) => text.slice(0, 19))
    const fractions = fc.tuple(usual, part(999_999)).map(([text, digits]) => `${text}.${digits}`)
    fc.assert(
      fc.property(fc.oneof(texts, changed, usual, fractions), (text) => {
        expect(secondsOfWallClock(text)).toBe(reference(text))
      }),
      { numRuns: 2000 },
    )
  })
})
