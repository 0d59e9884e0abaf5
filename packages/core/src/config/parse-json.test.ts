import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from './parse-json.ts'

const syntax = (text: string) =>
  parseJson(text, 'job.json').problems.map(
    (problem) => `${problem.line}:${problem.column} ${problem.message}`,
  )

describe('parseJson', () => {
  it('reads comments, trailing commas and strings that look like comments', () => {
    const text = '{ // "a": {\n "a": "// no", /* } */ "b": [1, 2,],\r\n}'
    expect(parseJson(text, 'job.json').value).toEqual({ a: '// no', b: [1, 2] })
  })

  it('keeps the digits of integers that a number cannot hold', () => {
    const text = '{"a": 18446744073709551615, "b": 9007199254740991, "c": -9007199254740993}'
    expect(parseJson(text, 'job.json').value).toEqual({
      a: '18446744073709551615',
      b: 9007199254740991,
      c: '-9007199254740993',
    })
  })

  it('keeps __proto__ an ordinary key', () => {
    const value = parseJson('{"__proto__": {"x": 1}}', 'job.json').value
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value as object)).toEqual(['__proto__'])
  })

  it.each<[string, string, string[]]>([
    [
      'two commas',
      '{\n "a": {},,\n "b": 1}',
      ['2:10 two commas in a row: expected a key or a value between them'],
    ],
    [
      'a missing comma',
      '{"type":"string"\n  "mode": "set"}',
      ['2:3 expected "," or the closing bracket before "\\"mode\\""'],
    ],
    [
      'an unclosed text',
      '{"a": "x,\n"b": 1}',
      ['1:7 expected a closing double quote: the text "\\"x," is not closed on its line'],
    ],
    [
      'a quote too many',
      '{"seconds": 1000"\n}',
      ['1:17 expected a closing double quote: the text "\\"" is not closed on its line'],
    ],
    ['an unclosed object', '{"a": 1', ['1:8 expected "}": an object is not closed']],
    ['an unclosed list', '{"a": [1\n', ['2:1 expected "]": a list is not closed']],
    ['an unclosed comment', '{}\n/* x', ['2:1 expected "*/": a comment is not closed']],
    ['a bare key', '{a: 1}', ['1:2 expected a value or a key in double quotes, found "a"']],
    ['single quotes', "{'a': 1}", ["1:2 expected text in double quotes, found single ones: 'a'"]],
    [
      'typographic quotes',
      '{“a”: 1}',
      ['1:2 expected a plain double quote ", found a typographic one: “a”'],
    ],
    ['a word', '{"a": True}', ['1:7 expected true, false or null in small letters, found True']],
    [
      'a bare parameter',
      '{"a": ${n},\n"b": 1}',
      ['1:7 a parameter has to stand in double quotes: "${n}"'],
    ],
    ['a missing value', '{"a": }', ['1:7 expected a value, found "}"']],
    ['a missing colon', '{"a" 1}', ['1:6 expected ":" after the key, found "1"']],
    ['something after the end', '{} {}', ['1:4 expected the end of the file, found "{"']],
    ['nothing', ' // nothing\n', ['1:1 the file is empty: expected an object']],
    ['a duplicate key', '{"a": 1,\n"b": {"c": 1, "c": 2}}', ['2:15 b.c stands twice']],
  ])('reports %s', (_, text, expected) => {
    expect(syntax(text)).toEqual(expected)
  })

  it('reports mistakes on several lines at once', () => {
    expect(syntax('{\n"a": 1,,\n"b": tru,\n"c": 01x\n}')).toHaveLength(3)
  })

  it('refuses nesting that would overflow the stack', () => {
    expect(syntax('['.repeat(100_000))).toEqual([
      '1:201 objects and lists are nested more than 200 deep',
    ])
  })

  it('locates keys, values and the nearest thing around what is missing', () => {
    const document = parseJson('{\r\n  "a": [\r\n    {"b": 1}\r\n  ]\r\n}', 'job.json')
    expect(document.locate([])).toEqual({ line: 1, column: 1 })
    expect(document.locate(['a'], 'key')).toEqual({ line: 2, column: 3 })
    expect(document.locate(['a', 0, 'b'])).toEqual({ line: 3, column: 11 })
    expect(document.locate(['a', 0, 'b'], 'key')).toEqual({ line: 3, column: 6 })
    expect(document.locate(['a', 0, 'zz', 1])).toEqual({ line: 3, column: 5 })
  })

  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value, null, 1)
        const expected: unknown = JSON.parse(text, (_key, part: unknown) =>
          typeof part === 'number' && Number.isInteger(part) && !Number.isSafeInteger(part)
            ? expect.anything()
            : part,
        )
        expect(parseJson(text, 'x.json').value).toEqual(expected)
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{', '}', '[', ']', '"a"', '"', ':', ',', '1', '//', '\n', 'x')),
        (parts) => {
          const document = parseJson(parts.join(''), 'x.json')
          expect(document.value !== undefined || document.problems.length > 0).toBe(true)
        },
      ),
    )
  })
})
