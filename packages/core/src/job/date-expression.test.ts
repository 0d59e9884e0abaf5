import { describe, expect, it } from 'vitest'
import { businessDate, scheduleClock, scheduledDate, systemParameter } from './date-expression.ts'

const clock = scheduleClock(new Date('2025-11-01T00:00:00Z'), 'UTC')
const scheduled = (expression: string) => scheduledDate(expression, clock)
const business = (expression: string) => businessDate(expression, clock)

describe('system parameters', () => {
  it.each([
    ['bizdate', '20251031'],
    ['cyctime', '20251101000000'],
    ['gmtdate', '20251101'],
    ['bdp.system.bizdate', '20251031'],
    ['bdp.system.cyctime', '20251101000000'],
  ])('%s is %s', (name, expected) => {
    expect(systemParameter(name, clock)).toBe(expected)
  })

  it('bizmonth is the month before only while the business date lies in the current month', () => {
    const at = (iso: string) => systemParameter('bizmonth', scheduleClock(new Date(iso), 'UTC'))
    expect(at('2025-11-01T00:00:00Z')).toBe('202510')
    expect(at('2025-11-02T00:00:00Z')).toBe('202510')
    expect(at('2025-11-30T12:00:00Z')).toBe('202510')
    expect(at('2025-01-15T12:00:00Z')).toBe('202412')
  })

  it('does not know others', () => {
    expect(systemParameter('jobid', clock)).toBeUndefined()
  })
})

describe('scheduledDate', () => {
  it.each([
    ['yyyymmdd', '20251101'],
    ['yyyymmddhh24miss', '20251101000000'],
    ['yyyy-mm-dd', '2025-11-01'],
    ['yyyy-mm-ddThh24:mi:ss', '2025-11-01T00:00:00'],
    ['yy', '25'],
    ['yyyymmdd-1', '20251031'],
    ['yyyy-mm-dd+30', '2025-12-01'],
    ['yyyymmdd-7*2', '20251018'],
    ['hh24miss-1/24', '230000'],
    ['yyyymmddhh24-1/24', '2025103123'],
    ['yyyymmddhh24mi-15/24/60', '202510312345'],
    ['add_months(yyyymmdd,-1)', '20251001'],
    ['add_months(yyyymmdd,12*-1)', undefined],
    ['add_months(yyyymm,-12*2)', '202311'],
  ])('%s is %s', (expression, expected) => {
    if (expected === undefined) expect(scheduled(expression)).toBeUndefined()
    else expect(scheduled(expression)).toEqual({ text: expected })
  })

  it('takes the last day of a shorter month', () => {
    const end = scheduleClock(new Date('2025-03-31T00:00:00Z'), 'UTC')
    expect(scheduledDate('add_months(yyyymmdd,-1)', end)).toEqual({ text: '20250228' })
  })

  it('leaves alone what is no date', () => {
    expect(scheduled('a-z')).toBeUndefined()
    expect(scheduled('0-9')).toBeUndefined()
    expect(scheduled('')).toBeUndefined()
  })

  it.each(['yyyyMMdd', 'yyyymmdd-x', 'yyyymmddd', 'yyyymmddhh', 'yyyymmdd-99999999999999999'])(
    'finds a mistake in %s',
    (expression) => {
      expect(scheduled(expression)).toHaveProperty('problem')
    },
  )

  it('sees the schedule in the time zone of the job', () => {
    const at = new Date('2025-10-31T20:30:00Z')
    const seen = (zone: string) => scheduledDate('yyyymmdd hh24:mi', scheduleClock(at, zone))
    expect(seen('Asia/Shanghai')).toEqual({ text: '20251101 04:30' })
    expect(seen('GMT+8')).toEqual({ text: '20251101 04:30' })
    expect(seen('-03:30')).toEqual({ text: '20251031 17:00' })
    expect(seen('No/Where')).toEqual({ text: '20251031 20:30' })
  })
})

describe('businessDate', () => {
  it.each([
    ['yyyymmdd', '20251031'],
    ['yyyymmdd-1', '20251030'],
    ['yyyy-mm-dd+1', '2025-11-01'],
    ['yyyymm-1', '202509'],
    ['yyyy-1', '2024'],
    ['mm', '10'],
  ])('%s is %s', (expression, expected) => {
    expect(business(expression)).toEqual({ text: expected })
  })

  it.each(['name', 'yyyymmddhh24', 'comment', 'yyyyMMdd', 'dd_x', ''])(
    '%s is none',
    (expression) => {
      expect(business(expression)).toBeUndefined()
    },
  )
})
