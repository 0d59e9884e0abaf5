import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RdiValue } from '../../../model/expression.ts'
import { sliceText, textLength } from '../functions/characters.ts'
import { compareText, isEqual } from './comparison.ts'
import { jsonText, parseJson } from './json-text.ts'
import { pythonText } from './python-text.ts'

const texts = fc.string({ unit: 'binary' })

describe('pythonText', () => {
  it.each<[number, string]>([
    [5, '5'],
    [1.5, '1.5'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-10, '1.5e-10'],
    [1e16, '1e+16'],
    [9_007_199_254_740_992, '9007199254740992.0'],
    [1.25e300, '1.25e+300'],
    [-0, '0'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
  ])('%d', (value, expected) => {
    expect(pythonText(value)).toBe(expected)
  })

  it('keeps every digit of a number', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        expect(Number(pythonText(value))).toBe(value + 0)
      }),
    )
  })

  it.each<[string, RdiValue]>([
    [`["a'b"]`, ["a'b"]],
    [`['a\\'b"c']`, ['a\'b"c']],
    [String.raw`['a\n\x01\\é']`, ['a\n\u0001\\é']],
    ['[None, 1, [], {}]', [undefined, 1n, [], {}]],
  ])('%s', (expected, value) => {
    expect(pythonText(value)).toBe(expected)
  })
})

/** JSON has no sign of zero, and digits without a fraction are an integer's. */
function isPlainDouble(value: number): boolean {
  return !Object.is(value, -0) && (Number.isSafeInteger(value) || !Number.isInteger(value))
}

describe('JSON', () => {
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      texts,
      fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter(isPlainDouble),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(texts, tie('value')),
    ),
  })).value

  it('keeps every digit of an integer', () => {
    fc.assert(
      fc.property(values, (value) => {
        const parsed = parseJson(jsonText(value as RdiValue, 'as they are'))
        expect(isEqual(parsed, value as RdiValue)).toBe(true)
      }),
    )
  })

  it.each([
    '',
    '{',
    '[1 2]',
    '01234567890123456789',
    '12345678901234567890 1',
    '{"a":12345678901234567890',
  ])('refuses %s', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  it('leaves digits in text alone', () => {
    expect(
      parseJson('{"12345678901234567890": "a 12345678901234567890", "b": [12345678901234567890]}'),
    ).toEqual({
      '12345678901234567890': 'a 12345678901234567890',
      b: [12_345_678_901_234_567_890n],
    })
  })

  it('sorts names by code point where asked to', () => {
    expect(jsonText({ '\u{10000}': 1, '\uffff': { b: 1, a: undefined } }, 'sorted')).toBe(
      '{"\uffff":{"a":null,"b":1},"\u{10000}":1}',
    )
  })
})

describe('compareText', () => {
  it('orders as lists of code points', () => {
    const points = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0) ?? 0)
    const reference = (left: string, right: string): number => {
      const [first, second] = [points(left), points(right)]
      const index = first.findIndex((point, at) => point !== second[at])
      if (index < 0) return first.length === second.length ? 0 : -1
      return index >= second.length ? 1 : Math.sign((first[index] ?? 0) - (second[index] ?? 0))
    }
    fc.assert(
      fc.property(texts, texts, texts, (start, left, right) => {
        expect(Math.sign(compareText(start + left, start + right))).toBe(
          reference(start + left, start + right),
        )
      }),
    )
  })
})

describe('sliceText', () => {
  it('cuts as a list of characters is cut', () => {
    const position = fc.integer({ min: -12, max: 12 })
    fc.assert(
      fc.property(texts, position, fc.option(position, { nil: undefined }), (text, start, stop) => {
        expect(sliceText(text, start, stop)).toBe(Array.from(text).slice(start, stop).join(''))
        expect(textLength(text)).toBe(Array.from(text).length)
      }),
    )
  })
})

describe('isEqual', () => {
  it.each<[RdiValue, RdiValue, boolean]>([
    [5, 5n, true],
    [5.5, 5n, false],
    [9_007_199_254_740_993n, 9_007_199_254_740_992, false],
    [null, undefined, true],
    [{ a: undefined }, { a: null }, true],
    [{ a: null }, { b: null }, false],
    [[1, [2]], [1, [2n]], true],
    [[1], [1, 2], false],
    [[], {}, false],
    [1, true, false],
    ['1', 1, false],
    ['1', 1n, false],
    [null, 0, false],
  ])('case %#', (left, right, expected) => {
    expect(isEqual(left, right)).toBe(expected)
    expect(isEqual(right, left)).toBe(expected)
  })
})
