import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  integerRanges,
  keyRangeCondition,
  rangesBetween,
  splitsPerTable,
  wholeTable,
  type KeyRange,
} from './key-range.ts'

function holds(range: KeyRange, key: bigint | null): boolean {
  if (key === null) return range.includesNull
  if (range.lower !== undefined && key < BigInt(range.lower)) return false
  return range.upper === undefined || key < BigInt(range.upper)
}

describe('integerRanges', () => {
  const key = fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n })

  it('holds every key in exactly one range, those outside min and max too', () => {
    fc.assert(
      fc.property(
        key,
        key,
        fc.integer({ min: 1, max: 50 }),
        fc.array(key),
        fc.boolean(),
        (first, second, count, keys, isNullable) => {
          const [min, max] = first < second ? [first, second] : [second, first]
          const ranges = integerRanges(min, max, count, { isNullable })
          expect(ranges.length).toBeLessThanOrEqual(count)
          for (const probe of [...keys, min, max, min - 1n, max + 1n]) {
            expect(ranges.filter((range) => holds(range, probe))).toHaveLength(1)
          }
          const withNull = ranges.filter((range) => holds(range, null))
          expect(withNull).toHaveLength(isNullable || ranges.length === 1 ? 1 : 0)
        },
      ),
    )
  })

  it('cuts evenly, and no finer than there are integers', () => {
    expect(integerRanges(1n, 9n, 3, { isNullable: true })).toEqual([
      { upper: '4', includesNull: true },
      { lower: '4', upper: '7', includesNull: false },
      { lower: '7', includesNull: false },
    ])
    expect(integerRanges(5n, 6n, 10, { isNullable: false })).toHaveLength(2)
    expect(integerRanges(5n, 5n, 10, { isNullable: false })).toEqual([wholeTable])
  })
})

describe('keyRangeCondition', () => {
  const literal = (bound: string) => `'${bound}'`

  it('writes half-open conditions, and nulls into one of them', () => {
    const conditions = rangesBetween(['b', 'm'], { isNullable: true }).map((range) =>
      keyRangeCondition(range, '"k"', literal),
    )
    expect(conditions).toEqual([
      `("k" < 'b') OR "k" IS NULL`,
      `"k" >= 'b' AND "k" < 'm'`,
      `"k" >= 'm'`,
    ])
  })

  it('is absent for the whole table', () => {
    expect(keyRangeCondition(wholeTable, 'k', literal)).toBeUndefined()
    expect(rangesBetween([], { isNullable: false })).toEqual([wholeTable])
  })
})

describe('splitsPerTable', () => {
  it.each([
    [1, 1, 5, 1],
    [2, 1, 5, 10],
    [4, 2, 5, 2],
    [5, 2, 5, 3],
    [3, 10, 5, 1],
  ])('desired %i, tables %i, factor %i', (desired, tables, factor, expected) => {
    expect(splitsPerTable(desired, tables, factor)).toBe(expected)
  })
})
