import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandTableRange } from './expand-table-range.ts'

describe('expandTableRange', () => {
  it.each([
    ['orders', ['orders']],
    ['t_[0-2]', ['t_0', 't_1', 't_2']],
    ['t_[2-0]', ['t_0', 't_1', 't_2']],
    ['t_[08-10]', ['t_08', 't_09', 't_10']],
    ['t_[0-10]x', Array.from({ length: 11 }, (_, n) => `t_${n}x`)],
    ['shop.t[0-1]_[2-3]b', ['shop.t0_2b', 'shop.t0_3b', 'shop.t1_2b', 'shop.t1_3b']],
    [' a , b[1-2], ,c', ['a', 'b1', 'b2', 'c']],
    ['"a,b[0-1]",`c,d`', ['"a,b0"', '"a,b1"', '`c,d`']],
    ['t[a-b]', ['t[a-b]']],
    ['', []],
  ])('%s', (name, tables) => {
    expect(expandTableRange(name)).toEqual(tables)
  })

  it('refuses ranges of absurd size', () => {
    expect(() => expandTableRange('t[0-999999999]')).toThrow(RangeError)
    expect(() => expandTableRange('t[0-999][0-999]')).toThrow(RangeError)
  })

  it('gives every number of the range once, in order, padded alike', () => {
    const bound = fc.integer({ min: 0, max: 300 })
    fc.assert(
      fc.property(bound, bound, fc.integer({ min: 0, max: 5 }), (first, second, width) => {
        const low = Math.min(first, second)
        const high = Math.max(first, second)
        const text = (number: number) => String(number).padStart(width, '0')
        const padding = text(low).startsWith('0') ? text(low).length : 0
        const expected: string[] = []
        for (let number = low; number <= high; number += 1) {
          expected.push(`t${String(number).padStart(padding, '0')}_x`)
        }
        expect(expandTableRange(`t[${text(first)}-${text(second)}]_x`)).toEqual(expected)
      }),
    )
  })
})
