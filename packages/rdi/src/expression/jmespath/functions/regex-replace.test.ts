import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ExpressionFailure, RdiValue } from '../../../model/expression.ts'
import { compileJmespath } from '../compile-jmespath.ts'

function replaceIn(
  text: string,
  pattern: string,
  replacement: string,
): RdiValue | ExpressionFailure {
  const program = compileJmespath(['regex_replace(text, pattern, replacement)'])
  return program.evaluate([{ text, pattern, replacement }])[0]?.[0]
}

// Every expected text is what Python 3.11 gives.
describe('regex_replace', () => {
  it.each([
    ['Banana Bannnana', String.raw`Ban\w+`, 'Apple', 'Apple Apple'],
    ['hello World', String.raw`(\w+) (\w+)`, String.raw`\2 \1`, 'World hello'],
    ['hello', '(?P<a>l+)', String.raw`[\g<a>]`, 'he[ll]o'],
    ['hello', '(?P<a>l)(?P=a)', String.raw`\g<1>\g<0>`, 'helllo'],
    ['hello', String.raw`(l)\1`, 'L', 'heLo'],
    ['a.b', String.raw`\.`, String.raw`\.`, String.raw`a\.b`],
    ['hello', 'o', '$0$&', 'hell$0$&'],
    ['one\ntwo\n', '$', 'X', 'one\ntwoX\nX'],
    ['one\ntwo', '^', 'X', 'Xone\ntwo'],
    ['one\ntwo', '(?m)^', 'X', 'Xone\nXtwo'],
    ['a\nb\r', '.', 'X', 'X\nXX'],
    ['a\nb', '(?s).', 'X', 'XXX'],
    ['ÀÉx_1 ٣!', String.raw`\w`, 'X', 'XXXXX X!'],
    ['ÀÉx_1 ٣!', String.raw`\W`, 'X', 'ÀÉx_1X٣X'],
    ['x1 ٣', String.raw`(?a)\d`, 'X', 'xX ٣'],
    ['ÀÉ ab', String.raw`\b`, '|', '|ÀÉ| |ab|'],
    ['HeLLo', '(?i)l', 'x', 'Hexxo'],
    ['a{b}c', '{b}', 'x', 'axc'],
    ['aaa', 'a{,2}', 'x', 'xxx'],
    ['abxd', 'x*', '-', '-a-b--d-'],
    ['a]b', '[]]', 'x', 'axb'],
    ['a-b_c', String.raw`[\w-]`, 'x', 'xxxxx'],
    ['a&&b', '[&&]', 'x', 'axxb'],
    ['a/b', '/', String.raw`\n`, 'a\nb'],
    ['ab', '(a)|(b)', String.raw`<\1\2>`, '<a><b>'],
    ['1234567', String.raw`(?<=\d)(?=(?:\d{3})+$)`, ',', '1,234,567'],
    ['555-1234', '[^0-9]', '', '5551234'],
    ['😀a😀', '[😀-😂]', 'x', 'xax'],
    ['ab', 'a(?#note)b', 'x', 'x'],
    ['tab\tA', String.raw`\x09\u0041|\101`, 'x', 'tabx'],
  ])('%j, %s, %s', (text, pattern, replacement, expected) => {
    expect(replaceIn(text, pattern, replacement)).toBe(expected)
  })

  it.each([
    ['(', 'x', 'Unterminated group'],
    ['[a', 'x', 'a [ is never closed'],
    [String.raw`\q`, 'x', String.raw`\q has no meaning`],
    [String.raw`a\1`, 'x', 'no group "1"'],
    ['(?>a)', 'x', 'not supported'],
    ['(?x) a', 'x', 'not supported'],
    [String.raw`[\w-a]`, 'x', 'a range in []'],
    ['a', String.raw`\1`, 'the pattern has no group "1"'],
    ['a', String.raw`\g<n>`, 'the pattern has no group "n"'],
    ['a', String.raw`\q`, String.raw`\q has no meaning`],
  ])('%s, %s cannot be used', (pattern, replacement, message) => {
    expect((replaceIn('text', pattern, replacement) as ExpressionFailure).message).toContain(
      message,
    )
    const text = `regex_replace(text, '${pattern}', '${replacement}')`
    expect(() => compileJmespath([text])).toThrow(message)
  })

  it('cannot use what ends with a backslash', () => {
    const program = compileJmespath(['regex_replace(a, b, c)'])
    const results = program.evaluate([
      { a: 'a', b: 'a', c: '\\' },
      { a: 'a', b: '\\', c: 'a' },
    ])[0]
    expect(results?.map((failure) => (failure as ExpressionFailure).message)).toEqual([
      expect.stringContaining('a replacement that cannot be used: it ends with a backslash'),
      expect.stringContaining('a pattern that cannot be used: it ends with a backslash'),
    ])
  })

  it('replaces an escaped text as replace() does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ minLength: 1 }), (text, old) => {
        const pattern = old.replace(/[^A-Za-z0-9]/gu, String.raw`\$&`)
        expect(replaceIn(text + old + text, pattern, '<x>')).toBe(
          (text + old + text).replaceAll(old, '<x>'),
        )
      }),
    )
  })
})
