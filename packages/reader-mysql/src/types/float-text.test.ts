import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { floatTextOf } from './float-text.ts'

describe('floatTextOf', () => {
  it.each([
    ['0.10000000149011612', '0.1'],
    ['16777216', '16777216'],
    ['3.4028234663852886e38', '3.4028235e38'],
    ['1.401298464324817e-45', '1e-45'],
    ['-1.5', '-1.5'],
    ['-0', '-0'],
    ['1234567.125', '1234567.1'],
  ])('%s is %s', (double, float) => expect(floatTextOf(double)).toBe(float))

  it('names the same 32-bit number, in no more digits than it takes', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const text = floatTextOf(Object.is(number, -0) ? '-0' : String(number))
        expect(Math.fround(Number(text))).toBe(number)
        const digits = text.replace(/e.*|[-.]/g, '').replace(/^0+|0+$/g, '').length
        if (digits > 1) {
          expect(Math.fround(Number(number.toPrecision(digits - 1)))).not.toBe(number)
        }
      }),
    )
  })
})
