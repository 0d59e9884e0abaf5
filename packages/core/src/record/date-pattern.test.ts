import { describe, expect, it } from 'vitest'
import { compileDatePattern } from './date-pattern.ts'

const text = '2026-02-02 03:04:05.678901'

describe('compileDatePattern', () => {
  it.each([
    ['yyyy-MM-dd HH:mm:ss', '2026-02-02 03:04:05'],
    ['yyyyMMddHHmmssSSS', '20260202030405678'],
    ['yyyy-MM-dd HH:mm:ss.SSSSSS', '2026-02-02 03:04:05.678901'],
    ['SSSSSSSSS', '678901000'],
    ['yy/M/d H:m:s', '26/2/2 3:4:5'],
    ["EEE, d MMM yyyy 'at' h:mm a", 'Mon, 2 Feb 2026 at 3:04 AM'],
    ['EEEE d MMMM', 'Monday 2 February'],
    ["''yyyy'' 'o''clock' 'x''y'", "'2026' o'clock x'y"],
    ["yyyy-MM-dd'T'HH:mm:ssXXX", '2026-02-02T03:04:05+08:00'],
    ['Z', '+0800'],
    ['X XX XXX', '+08 +0800 +08:00'],
    ['D DDD F u', '33 033 1 1'],
    ['YYYY w W', '2026 6 1'],
    ['G k K h', 'AD 3 3 3'],
    ['é yyyy年MM月', 'é 2026年02月'],
  ])('%s', (pattern, expected) => {
    expect(compileDatePattern(pattern, { timeZone: 'Asia/Shanghai' })(text)).toBe(expected)
  })

  it('names midnight and noon as Java does', () => {
    const format = compileDatePattern('H k K h a')
    expect(format('2026-02-02 00:00:00')).toBe('0 24 0 12 AM')
    expect(format('2026-02-02 12:00:00')).toBe('12 12 0 12 PM')
  })

  it('counts weeks by ISO 8601 at the turn of the year', () => {
    const format = compileDatePattern("YYYY-'W'ww u")
    expect(format('2025-12-29')).toBe('2026-W01 1')
    expect(format('2021-01-03')).toBe('2020-W53 7')
    expect(format('2026-12-31')).toBe('2026-W53 4')
  })

  it('takes dates as midnight and times as 1970-01-01', () => {
    const format = compileDatePattern('yyyy-MM-dd HH:mm:ss')
    expect(format('2026-02-02')).toBe('2026-02-02 00:00:00')
    expect(format('03:04:05.5')).toBe('1970-01-01 03:04:05')
  })

  it.each([
    '0000-00-00 00:00:00',
    '2026-00-15 00:00:00',
    '2026-02-30 00:00:00',
    '0000-00-00',
    'infinity',
    '-infinity',
    '0044-03-15 00:00:00 BC',
    '-838:59:59',
    '25:00:00',
  ])('leaves %s as it is', (value) => {
    expect(compileDatePattern('yyyyMMdd')(value)).toBe(value)
  })

  it('leaves days that do not exist as they are under the common pattern, too', () => {
    const format = compileDatePattern('yyyy-MM-dd HH:mm:ss')
    expect(format('0000-00-00 00:00:00.5')).toBe('0000-00-00 00:00:00.5')
  })

  it('formats years of more than four digits', () => {
    expect(compileDatePattern('yyyy/MM')('12026-02-02 00:00:00')).toBe('12026/02')
  })

  it('uses the offset of the day for wall clocks', () => {
    const format = compileDatePattern('XXX', { timeZone: 'Europe/Berlin' })
    expect(format('2026-07-01 12:00:00')).toBe('+02:00')
    expect(format('2026-01-01 12:00:00')).toBe('+01:00')
    expect(compileDatePattern('X')('2026-01-01 12:00:00')).toBe('Z')
  })

  it.each([
    ['yyyy-bb', /letter b/],
    ["yyyy 'open", /not closed/],
    ['XXXX', /three times/],
    ['hello', /letter e/],
  ])('refuses %s', (pattern, message) => {
    expect(() => compileDatePattern(pattern)).toThrow(message)
  })
})
