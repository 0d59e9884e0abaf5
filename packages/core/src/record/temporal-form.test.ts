import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Cell } from './cell.ts'
import type { LogicalType } from './table-schema.ts'
import { compileEpochForm, compileIsoForm, unchangedForm } from './temporal-form.ts'

const field = (type: LogicalType, nativeType: string = type) => ({
  name: 'c',
  type,
  nativeType,
  nullable: true,
})
const epoch = (type: LogicalType, nativeType: string, cell: Cell) =>
  compileEpochForm(field(type, nativeType))(cell)

describe('compileEpochForm', () => {
  it.each<[LogicalType, string, Cell, Cell]>([
    ['date', 'date', '2026-01-02', 20455],
    ['date', 'date', '1969-12-31', -1],
    ['date', 'date', '0000-00-00', '0000-00-00'],
    ['date', 'date', 'infinity', 'infinity'],
    ['date', 'date', '0044-03-15 BC', '0044-03-15 BC'],
    ['time', 'time(3)', '07:15:00.5', 26_100_500_000],
    ['time', 'time', '-838:59:59', -3_020_399_000_000],
    ['time', 'time', '-00:00:00.000001', -1],
    ['time', 'time', '24:00:00', 86_400_000_000],
    ['datetime', 'timestamp without time zone', '2026-01-02 03:04:05', 1_767_323_045_000_000],
    ['datetime', 'timestamp(3) without time zone', '1969-12-31 23:59:59.999999', -1],
    ['datetime', 'timestamp without time zone', '294276-01-01 00:00:00.1', 9224286393600100000n],
    ['datetime', 'datetime', '2026-01-02 03:04:05', 1_767_323_045_000],
    ['datetime', 'datetime(3)', '2026-01-02 03:04:05.678', 1_767_323_045_678],
    ['datetime', 'datetime(6)', '2026-01-02 03:04:05.678901', 1_767_323_045_678_901],
    ['datetime', 'datetime(4)', '2026-01-02 03:04:05.6789', 1_767_323_045_678_900],
    ['datetime', 'datetime', '0000-00-00 00:00:00', '0000-00-00 00:00:00'],
    [
      'timestamptz',
      'timestamp with time zone',
      '2026-01-02 03:04:05.12',
      '2026-01-02T03:04:05.120000Z',
    ],
    ['timestamptz', 'timestamp(3)', '2026-01-02 03:04:05.120', '2026-01-02T03:04:05.120Z'],
    ['timestamptz', 'timestamp', '2026-01-02 03:04:05', '2026-01-02T03:04:05Z'],
    ['timestamptz', 'timestamptz', '-infinity', '-infinity'],
    ['string', 'time with time zone', '10:15:00.5+03', '07:15:00.5Z'],
    ['string', 'time(3) with time zone', '01:15:00-05:30', '06:45:00Z'],
    ['string', 'time with time zone', '23:00:00-02', '01:00:00Z'],
    ['string', 'bit(1)', '1', true],
    ['string', 'bit(3)', '101', '101'],
    ['bytes', 'bit(10)', new Uint8Array([2, 5]), '1000000101'],
    ['bool', 'bit(1)', true, true],
    ['string', 'interval', '1 day', '1 day'],
    ['date', 'date', null, null],
    ['date', 'date', undefined, undefined],
  ])('%s (%s) %s is %s', (type, nativeType, cell, expected) => {
    expect(epoch(type, nativeType, cell)).toEqual(expected)
  })

  it('leaves other columns alone', () => {
    expect(compileEpochForm(field('int', 'bigint'))).toBe(unchangedForm)
    expect(compileEpochForm(field('string', 'bitmap'))).toBe(unchangedForm)
    expect(compileIsoForm(field('date'))).toBe(unchangedForm)
  })

  it('gives the microseconds that a Date has', () => {
    const form = compileEpochForm(field('datetime', 'timestamp without time zone'))
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 9_000_000_000_000 }), (ms) => {
        const text = new Date(ms).toISOString().slice(0, -1).replace('T', ' ')
        expect(BigInt(form(text) as number | bigint)).toBe(BigInt(ms) * 1000n)
      }),
    )
  })
})

describe('compileIsoForm', () => {
  it('puts a T between date and time, and a Z behind instants', () => {
    const of = (type: LogicalType, cell: Cell) => compileIsoForm(field(type))(cell)
    expect(of('datetime', '2026-01-02 03:04:05.50')).toBe('2026-01-02T03:04:05.50')
    expect(of('timestamptz', '2026-01-02 03:04:05')).toBe('2026-01-02T03:04:05Z')
    expect(of('datetime', 'infinity')).toBe('infinity')
  })
})
