import { describe, expect, it } from 'vitest'
import { keyExpression, keyLiteral, orderFormOf, type KeyForm } from './key-literal.ts'

const column = (dataType: string, charset?: string) => ({
  name: 'k',
  dataType,
  columnType: dataType,
  isNullable: false,
  isPrimaryKey: true,
  isReadable: true,
  ...(charset === undefined ? {} : { charset }),
})
const text: KeyForm = { kind: 'text', charset: 'latin1' }

describe('keyLiteral', () => {
  it.each<[KeyForm, string, string]>([
    [{ kind: 'integer' }, '-18446744073709551615', '-18446744073709551615'],
    [{ kind: 'decimal' }, '-1.50', '-1.50'],
    [{ kind: 'year' }, '0', "'0000'"],
    [{ kind: 'moment' }, '-838:59:59.000001', "'-838:59:59.000001'"],
    [{ kind: 'moment' }, '0000-00-00 00:00:00', "'0000-00-00 00:00:00'"],
    [{ kind: 'ordinal' }, '3', '3'],
    [text, 'E96F27', "_latin1 X'E96F27'"],
    [{ kind: 'bytes' }, '', "X''"],
    [{ kind: 'other' }, '3a3a31', "_utf8mb4 X'3a3a31'"],
  ])('%j of %s', (form, value, literal) => {
    expect(keyLiteral(form, value, 'k')).toBe(literal)
  })

  it.each<[KeyForm, string]>([
    [{ kind: 'integer' }, '1 OR 1'],
    [{ kind: 'integer' }, ''],
    [{ kind: 'decimal' }, '1e5'],
    [{ kind: 'moment' }, "2026-01-01' OR '1"],
    [{ kind: 'ordinal' }, '-1'],
    [text, "41'"],
    [{ kind: 'bytes' }, '414'],
  ])('%j refuses %s', (form, value) => {
    expect(() => keyLiteral(form, value, 'k')).toThrow(
      `reading by the column k: a bound is no ${form.kind} value`,
    )
  })
})

describe('keyExpression', () => {
  it('gives what a literal is made of', () => {
    expect(keyExpression({ kind: 'integer' }, '`k`')).toBe('`k`')
    expect(keyExpression({ kind: 'ordinal' }, '`k`')).toBe('`k` + 0')
    expect(keyExpression(text, '`k`')).toBe('HEX(`k`)')
    expect(keyExpression({ kind: 'other' }, '`k`')).toMatch(/^HEX\(CAST\(`k` AS CHAR/)
  })
})

describe('orderFormOf', () => {
  it('knows the types whose values are found again exactly', () => {
    expect(orderFormOf(column('bigint'))).toEqual({ kind: 'integer' })
    expect(orderFormOf(column('varchar', 'latin1'))).toEqual(text)
    expect(orderFormOf(column('enum', 'utf8mb4'))).toEqual({ kind: 'ordinal' })
  })

  it.each(['float', 'double', 'bit', 'set', 'json', 'geometry', 'text', 'blob'])(
    'knows %s for none of them',
    (dataType) => {
      expect(orderFormOf(column(dataType, 'utf8mb4'))).toBeUndefined()
    },
  )
})
