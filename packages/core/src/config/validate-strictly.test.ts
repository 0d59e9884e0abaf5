import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseConfig } from './parse-config.ts'
import { ProblemList } from './problem-list.ts'
import { validateStrictly, type StrictOptions } from './validate-strictly.ts'

const schema = z.strictObject({
  name: z.string().optional(),
  steps: z
    .array(z.strictObject({ field: z.string(), language: z.enum(['sql', 'jmespath']) }))
    .optional(),
  size: z.strictObject({ rows: z.number(), bytes: z.number().optional() }).optional(),
})

async function read(text: string, options?: StrictOptions) {
  const document = await parseConfig(text, 'config.yaml')
  const problems = new ProblemList(document)
  const result = await validateStrictly(schema, document.value, problems, options)
  const found = problems.problems.map(({ line, column, message, hint }) =>
    [line, column, message, hint].filter((part) => part !== undefined).join(' '),
  )
  return { result, found }
}

describe('validateStrictly', () => {
  it('gives what fits as it is', async () => {
    expect(await read('name: x\nsize: {rows: 1}')).toEqual({
      result: { value: { name: 'x', size: { rows: 1 } }, isWhole: true },
      found: [],
    })
  })

  it('names the nearest key at the place of the unknown one, and no more', async () => {
    const { result, found } = await read('size:\n  rosw: 4\nnames: 5\n')
    expect(found).toEqual([
      '2 3 size.rosw: unknown key Did you mean "rows"?',
      '3 1 names: unknown key Did you mean "name"?',
    ])
    expect(result).toEqual({ value: {}, isWhole: false })
  })

  it('lists what is known where nothing is near', async () => {
    const { found } = await read('size: {rows: 4, unrelated: 1}')
    expect(found).toEqual(['1 17 size.unrelated: unknown key Known here: rows, bytes.'])
  })

  it('looks on without the parts that are wrong', async () => {
    const { result, found } = await read(
      'name: x\nsteps:\n- {field: a, language: sq}\n- {field: 7, language: sql}\n',
    )
    expect(found).toEqual([
      '3 24 steps[0].language: expected "sql" or "jmespath", found "sq" Did you mean "sql"?',
      '4 11 steps[1].field: expected a text in quotes, found 7',
    ])
    expect(result).toEqual({ value: { name: 'x' }, isWhole: false })
  })

  it('gives nothing when nothing fits', async () => {
    expect((await read('- 1')).result).toBeUndefined()
  })

  it('says something better where there is something', async () => {
    const explainKey: StrictOptions['explainKey'] = ({ key }) =>
      key === 'old' ? { message: 'is an old name', hint: 'Use "name".' } : undefined
    expect((await read('old: x', { explainKey })).found).toEqual([
      '1 1 old: is an old name Use "name".',
    ])
  })
})

describe('the place of a text', () => {
  it.each([
    ['a: plain', 1, 4],
    ['a: "quoted"', 1, 5],
    ["a: 'quoted'", 1, 5],
    ['a: |\n  block', 2, 3],
    ['a: >-\n\n    folded\n    more', 3, 5],
    ['a: |2 # why\n  block', 2, 3],
  ])('%j', async (text, line, column) => {
    const document = await parseConfig(text, 'job.yaml')
    expect(document.locate(['a'], 'text')).toEqual({ line, column })
  })

  it('is behind the quote in JSON', async () => {
    const document = await parseConfig('{"a": "text", "b": 1}', 'job.json')
    expect(document.locate(['a'], 'text')).toEqual({ line: 1, column: 8 })
    expect(document.locate(['b'], 'text')).toEqual({ line: 1, column: 20 })
  })
})
