import type { Cell, LogicalType } from '@millrace/core/record'
import { describe, expect, it } from 'vitest'
import type { RdiValue } from '../model/expression.ts'
import { compileRecordValue, type ValueSettings } from './record-value.ts'

const settings: ValueSettings = { decimals: 'string', binary: 'base64', temporal: 'rdi' }

function valueOf(
  type: LogicalType,
  cell: Cell,
  others: Partial<ValueSettings> = {},
  nativeType: string = type,
): RdiValue {
  const field = { name: 'c', type, nullable: true, nativeType }
  return compileRecordValue(field, { ...settings, ...others })(cell)
}

describe('values of records', () => {
  it.each<[LogicalType, Cell, RdiValue]>([
    ['int', '42', 42],
    ['int', '-9007199254740991', -9007199254740991],
    ['int', '9007199254740993', 9007199254740993n],
    ['int', 7n, 7],
    ['int', 18446744073709551615n, 18446744073709551615n],
    ['int', 5, 5],
    ['float', '1.5', 1.5],
    ['float', 'NaN', Number.NaN],
    ['float', '-Infinity', Number.NEGATIVE_INFINITY],
    ['decimal', '12.500', '12.500'],
    ['bool', true, true],
    ['string', 'text', 'text'],
    ['string', new Uint8Array([0xff]), '/w=='],
    ['bytes', new Uint8Array([0xfb, 0xff]), '+/8='],
    ['uuid', 'a-b', 'a-b'],
    ['json', '{"a": 1}', '{"a": 1}'],
    ['date', '2026-01-02', 20455],
    ['time', '00:00:01', 1_000_000],
    ['datetime', '2026-01-02 03:04:05', 1_767_323_045_000],
    ['timestamptz', '2026-01-02 03:04:05', '2026-01-02T03:04:05.000000Z'],
    ['date', null, null],
    ['int', undefined, undefined],
  ])('%s %s is %s', (type, cell, expected) => {
    expect(valueOf(type, cell)).toEqual(expected)
  })

  it('follow the settings', () => {
    expect(valueOf('decimal', '12.500', { decimals: 'double' })).toBe(12.5)
    expect(valueOf('bytes', new Uint8Array([0xfb, 0xff]), { binary: 'hex' })).toBe('fbff')
    expect(valueOf('bytes', new Uint8Array([0xfb, 0xff]), { binary: 'base64-url-safe' })).toBe(
      '-_8',
    )
    expect(valueOf('date', '2026-01-02', { temporal: 'iso' })).toBe('2026-01-02')
    expect(valueOf('datetime', '2026-01-02 03:04:05', { temporal: 'iso' })).toBe(
      '2026-01-02T03:04:05',
    )
  })
})
