import { Decimal128, Double, Int32, Long } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sortKey } from './sort-key.ts'

/** The plain way: both as integers of the same scale. A double is an integer times a power of two. */
interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

function ofDouble(value: number): Fraction {
  let denominator = 1n
  let scaled = value
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    denominator *= 2n
  }
  return { numerator: BigInt(scaled), denominator }
}

const finiteDouble = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 })
  .map((value) => ({ value: new Double(value), exact: ofDouble(value) }))
const integer = fc.integer().map((value) => ({
  value: new Int32(value),
  exact: { numerator: BigInt(value), denominator: 1n },
}))
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({
  value: Long.fromBigInt(value),
  exact: { numerator: value, denominator: 1n },
}))
const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 33n), max: 10n ** 33n }), fc.integer({ min: 0, max: 40 }))
  .map(([digits, scale]) => ({
    value: Decimal128.fromString(`${digits}E-${scale}`),
    exact: { numerator: digits, denominator: 10n ** BigInt(scale) },
  }))
const near = fc
  .tuple(fc.constantFrom(0n, 2n ** 53n, -(2n ** 53n), 2n ** 62n), fc.integer({ min: -3, max: 3 }))
  .map(([base, offset]) => ({
    value: Long.fromBigInt(base + BigInt(offset)),
    exact: { numerator: base + BigInt(offset), denominator: 1n },
  }))
const anyNumber = fc.oneof(finiteDouble, integer, long, decimal, near)

test('keys of numbers are in the order of their exact values', () => {
  fc.assert(
    fc.property(anyNumber, anyNumber, (left, right) => {
      const difference =
        left.exact.numerator * right.exact.denominator -
        right.exact.numerator * left.exact.denominator
      const expected = difference < 0n ? -1 : difference > 0n ? 1 : 0
      const [leftKey, rightKey] = [sortKey(left.value), sortKey(right.value)]
      expect(leftKey < rightKey ? -1 : leftKey > rightKey ? 1 : 0).toBe(expected)
    }),
    { numRuns: 2_000 },
  )
})

test('keys of texts and documents are in the order of their bytes and fields', () => {
  const text = fc.string({ unit: fc.constantFrom('\0', '\x01', 'a', 'ÿ', 'é', '🂡') })
  fc.assert(
    fc.property(text, text, (left, right) => {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right))
      const compared = (wrap: (value: string) => unknown) => {
        const [leftKey, rightKey] = [sortKey(wrap(left)), sortKey(wrap(right))]
        return leftKey < rightKey ? -1 : leftKey > rightKey ? 1 : 0
      }
      expect(compared((value) => value)).toBe(expected)
      expect(compared((value) => ({ name: value, other: 1 }))).toBe(expected)
      expect(compared((value) => [value, 'z'])).toBe(expected)
    }),
  )
})
