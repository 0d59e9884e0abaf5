import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpressionSyntaxError, type RdiValue } from '../../../model/expression.ts'
import { compileJmespath } from '../compile-jmespath.ts'
import { parse } from './parser.ts'

describe('literals', () => {
  it.each<[string, RdiValue]>([
    ['`invoice:events`', 'invoice:events'],
    ['`foo`', 'foo'],
    ['`"foo"`', 'foo'],
    ['`5`', 5],
    ['`-1.5`', -1.5],
    ['`9007199254740993`', 9_007_199_254_740_993n],
    ['`[1, "a", 9007199254740993]`', [1, 'a', 9_007_199_254_740_993n]],
    ['`{"a": null}`', { a: null }],
    ['`true`', true],
    ['`null`', null],
    ['``', ''],
    ['` foo `', 'foo '],
    ['`a\\`b`', 'a`b'],
    ['`"a\\`b"`', 'a`b'],
    ['`caf\\u00e9`', 'café'],
    ["'a`b'", 'a`b'],
    [String.raw`'it\'s'`, "it's"],
    [String.raw`'\w\\'`, String.raw`\w\\`],
    ["''", ''],
  ])('%s', (text, expected) => {
    expect(compileJmespath([text]).evaluate([{}])).toEqual([[expected]])
  })

  it('a back-tick in a quoted name is part of the name', () => {
    expect(compileJmespath(['"a`b"']).evaluate([{ 'a`b': 1 }])).toEqual([[1]])
  })
})

describe('operators', () => {
  it.each([
    ['a || b && c', 'a || (b && c)'],
    ['a | b || c', 'a | (b || c)'],
    ['a == b && c', '(a == b) && c'],
    ['!a == b', '(!a) == b'],
    ['a + b * c', 'a + (b * c)'],
    ['a -b', 'a - b'],
    ['a > b + c', 'a > (b + c)'],
    ['a - b - c', '(a - b) - c'],
    ['-a * b', '(-a) * b'],
  ])('%s is %s', (text, clear) => {
    const withoutOffsets = (_name: string, value: unknown): unknown =>
      typeof value === 'object' && value !== null ? { ...value, offset: undefined } : value
    expect(JSON.stringify(parse(text), withoutOffsets)).toBe(
      JSON.stringify(parse(clear), withoutOffsets),
    )
  })
})

describe('errors', () => {
  it.each<[string, number | undefined, string]>([
    ['', 0, 'found the end of the expression'],
    ['concat([a, b)', 12, 'expected `]` or `,` in the list, but found `)`'],
    ['upper(name', 10, 'expected `)` or `,` in the arguments of upper()'],
    ['concat([a b])', 10, 'but found `b`'],
    ['a = b', 2, 'equality is written `==`'],
    ['left(name, 3)', 11, 'between back-ticks'],
    ["'open", 0, 'never closed'],
    ['a == `open', 5, 'never closed'],
    ['`a"b`', 0, 'neither JSON nor plain text'],
    ['"\\q"', 0, 'JSON'],
    ['a#b', 1, 'unexpected character `#`'],
    ['a.', 2, 'after the dot'],
    ['a[b]', 2, 'after `[`'],
    ['a[0:1:0]', 7, 'cannot be 0'],
    ['{a}', 2, 'expected `:` after the name `a`'],
    ['{a: b', 5, 'expected `}`'],
    ["{'a': b}", 1, 'the name of a field'],
    ['a b', 2, 'found `b`'],
    ['"upper"(a)', 0, 'no quotes'],
    ['&a', 0, '`&`'],
    ['a || uper(b)', 5, 'there is no function uper(); did you mean upper()?'],
    ['zzzzzzzzzz(b)', 0, 'there is no function zzzzzzzzzz()'],
    ['upper()', 0, 'upper() takes 1 argument, but has 0'],
    ['left(a)', 0, 'left() takes 2 arguments, but has 1'],
    ["split(a, ',', b)", 0, 'split() takes at most 2 arguments, but has 3'],
    ['hash()', 0, 'hash() takes at least 1 argument, but has 0'],
    ['merge()', 0, 'merge() takes at least 1 argument, but has 0'],
    ['uuid(a)', 0, 'uuid() takes 0 arguments, but has 1'],
    ['upper(`5`)', 6, 'a string or null as argument 1, but got number'],
    ["left(a, '2')", 8, 'an integer as argument 2, but got string'],
    ['upper(&a)', 6, 'not an expression'],
    ['sort_by(a, b)', 11, 'an expression (`&name`)'],
    ['filter_entries(a, `key ==`)', 0, 'the predicate of filter_entries()'],
    ["split(a, '')", 0, 'empty delimiter'],
    ['('.repeat(5000), 500, 'nested too deeply'],
  ])('%s', (text, offset, message) => {
    let error: unknown
    try {
      compileJmespath(['ok', text])
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ExpressionSyntaxError)
    expect((error as ExpressionSyntaxError).message).toContain(message)
    expect((error as ExpressionSyntaxError).offset).toBe(offset)
  })
})

describe('any text', () => {
  const piece = fc.constantFrom(
    ...'a "b c" \'t\' `1` `x:y` 3 . [ ] [? [] ( ) { } : , * @ & && | || == != < >= ! + - // % = \\ é'.split(
      ' ',
    ),
    'upper(',
    'sort_by(a, &b)',
    "filter_entries(a, '",
  )
  it('compiles, or has an error with its place', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join(' ')
        try {
          compileJmespath([text]).evaluate([{ a: [1] }])
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionSyntaxError)
          const { offset } = error as ExpressionSyntaxError
          if (offset !== undefined) expect(offset).toBeLessThanOrEqual(text.length)
        }
      }),
      { numRuns: 3000 },
    )
  })
})
