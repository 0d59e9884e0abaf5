import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { positionCondition, type ComparisonDialect, type OrderBound } from './position-condition.ts'

const mysql: ComparisonDialect = { nullsFirst: true, comparesRows: false }
const postgres: ComparisonDialect = { nullsFirst: false, comparesRows: true }

function bounds(...values: readonly (number | null)[]): readonly OrderBound[] {
  return values.map((value, index) => ({
    column: 'abc'.charAt(index),
    literal: value === null ? undefined : String(value),
    isNullable: false,
  }))
}

/** The same, where the first column may be NULL. */
function nullable(...values: readonly (number | null)[]): readonly OrderBound[] {
  return bounds(...values).map((bound, index) => ({ ...bound, isNullable: index === 0 }))
}

const rowsBehind = (of: readonly OrderBound[], dialect: ComparisonDialect) =>
  positionCondition('behind', of, dialect)
const rowsUpTo = (of: readonly OrderBound[], dialect: ComparisonDialect) =>
  positionCondition('up-to', of, dialect)

describe('positionCondition', () => {
  it('compares rows where that is looked up in an index', () => {
    expect(rowsBehind(bounds(1), postgres)).toBe('a > 1')
    expect(rowsBehind(bounds(1, 2, 3), postgres)).toBe('(a, b, c) > (1, 2, 3)')
  })

  it('compares step by step elsewhere, beginning with a bound of the first column', () => {
    expect(rowsBehind(bounds(1), mysql)).toBe('a > 1')
    expect(rowsBehind(bounds(1, 2), mysql)).toBe('a >= 1 AND (a > 1 OR (a = 1 AND (b > 2)))')
    expect(rowsBehind(bounds(1, 2, 3), mysql)).toBe(
      'a >= 1 AND (a > 1 OR (a = 1 AND (b >= 2 AND (b > 2 OR (b = 2 AND (c > 3))))))',
    )
  })

  it('takes NULL for the first or the last value, as the database orders it', () => {
    expect(rowsBehind(nullable(null, 2), mysql)).toBe('(a IS NULL AND (b > 2)) OR a IS NOT NULL')
    expect(rowsBehind(nullable(1, 2), mysql)).toBe('a >= 1 AND (a > 1 OR (a = 1 AND (b > 2)))')
    expect(rowsBehind(nullable(null, 2), postgres)).toBe('a IS NULL AND (b > 2)')
    expect(rowsBehind(nullable(1, 2), postgres)).toBe('((a, b) > (1, 2)) OR a IS NULL')
  })

  it('is the other side, with the position itself, up to it', () => {
    expect(rowsUpTo(bounds(1), mysql)).toBe('a <= 1')
    expect(rowsUpTo(bounds(1, 2), mysql)).toBe('a <= 1 AND (a < 1 OR (a = 1 AND (b <= 2)))')
    expect(rowsUpTo(bounds(1, 2), postgres)).toBe('(a, b) <= (1, 2)')
    expect(rowsUpTo(nullable(null, 2), mysql)).toBe('a IS NULL AND (b <= 2)')
    expect(rowsUpTo(nullable(1), mysql)).toBe('(a <= 1) OR a IS NULL')
    expect(rowsUpTo(nullable(null), postgres)).toBe('(a IS NULL AND (TRUE)) OR a IS NOT NULL')
    expect(rowsUpTo(nullable(1), postgres)).toBe('a <= 1')
  })

  it('holds for the same rows step by step as for whole rows', () => {
    const digit = fc.integer({ min: 0, max: 3 })
    const rows = fc.array(digit, { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(rows, rows, (row, last) => {
        const isBehind = row.join('') > last.join('')
        expect(evaluated(rowsBehind(bounds(...last), mysql), row)).toBe(isBehind)
        expect(evaluated(rowsUpTo(bounds(...last), mysql), row)).toBe(!isBehind)
      }),
    )
  })
})

/** What a condition without NULL says of a row of the columns a, b and c. */
function evaluated(condition: string, row: readonly number[]): boolean {
  const script = condition
    .replaceAll(/\b[abc]\b/g, (name) => String(row['abc'.indexOf(name)]))
    .replaceAll(' = ', ' === ')
    .replaceAll('AND', '&&')
    .replaceAll('OR', '||')
  // oxlint-disable-next-line typescript/no-implied-eval -- the condition is made above of digits and operators
  return new Function(`return ${script}`)() as boolean
}
