import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayToJson, type JsonForm } from './array-to-json.ts'

const arrayOf = (element: JsonForm, delimiter = ','): JsonForm => ({
  kind: 'array',
  element,
  delimiter,
})
const text: JsonForm = { kind: 'text' }
const number: JsonForm = { kind: 'number' }
const pair: JsonForm = {
  kind: 'composite',
  fields: [
    { name: 'a', form: number },
    { name: 'b "x"', form: text },
  ],
}

describe('JSON of arrays', () => {
  it.each<[string, JsonForm, string]>([
    ['{}', number, '[]'],
    ['{1,NULL,-2.50,NaN,1e-10}', number, '[1,null,-2.50,"NaN",1e-10]'],
    ['[0:1][2:3]={{1,2},{3,4}}', number, '[[1,2],[3,4]]'],
    ['{t,f,NULL}', { kind: 'bool' }, '[true,false,null]'],
    ['{"NULL",NULL,"",a b,"{}","\\"\\\\"}', text, '["NULL",null,"","a b","{}","\\"\\\\"]'],
    ['{"{\\"a\\": 1}",null}', { kind: 'json' }, '[{"a": 1},null]'],
    [
      '{"2026-02-03 04:05:06",infinity}',
      { kind: 'datetime' },
      '["2026-02-03T04:05:06","infinity"]',
    ],
    ['{"2026-02-03 04:05:06.5+00"}', { kind: 'instant' }, '["2026-02-03T04:05:06.5+00:00"]'],
    ['{"0044-03-15 10:00:00+00 BC"}', { kind: 'instant' }, '["0044-03-15T10:00:00+00:00 BC"]'],
    [
      '{"(1,\\"x \\"\\"y\\"\\"\\")","(,)"}',
      pair,
      '[{"a":1,"b \\"x\\"":"x \\"y\\""},{"a":null,"b \\"x\\"":null}]',
    ],
  ])('%s', (from, element, to) => {
    expect(arrayToJson(from, arrayOf(element))).toBe(to)
  })

  it('knows the delimiter of boxes', () => {
    expect(arrayToJson('{(3,4),(1,2);(7,8),(5,6)}', arrayOf(text, ';'))).toBe(
      '["(3,4),(1,2)","(7,8),(5,6)"]',
    )
  })

  it('keeps any text', () => {
    const anyTexts = fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 12 })), {
      maxLength: 5,
    })
    const written = (value: string | null) =>
      value === null ? 'NULL' : `"${value.replaceAll(/["\\]/g, '\\$&')}"`
    fc.assert(
      fc.property(anyTexts, (values) => {
        const json = arrayToJson(`{${values.map(written).join(',')}}`, arrayOf(text))
        expect(JSON.parse(json)).toEqual(values)
      }),
    )
  })

  it.each(['{', '{"', '{1,', '{"\\'])('refuses %j, which has no end', (from) => {
    expect(() => arrayToJson(from, arrayOf(text))).toThrow('without an end')
  })
})
