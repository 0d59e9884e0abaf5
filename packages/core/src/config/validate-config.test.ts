import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { quotedInteger, stringOrList } from '../plugin/quoted.ts'
import { parseJson } from './parse-json.ts'
import { ProblemList } from './problem-list.ts'
import { validateConfig } from './validate-config.ts'

const schema = z.looseObject({
  batchSize: quotedInteger({ min: 1 }).optional(),
  table: stringOrList().optional(),
  mode: z.enum(['lpush', 'rpush']).optional(),
  kind: z.union([z.looseObject({ type: z.literal('a'), size: z.number() }), z.string()]).optional(),
  write: z
    .discriminatedUnion('type', [
      z.looseObject({ type: z.literal('string') }),
      z.looseObject({ type: z.literal('list') }),
    ])
    .optional(),
  list: z.array(z.number().int().min(1)).min(1).optional(),
  password: z.number().optional(),
  url: z.number().optional(),
  flag: z.boolean().optional(),
  cell: z
    .union([z.union([z.string(), z.number(), z.null()]), z.strictObject({ $bytes: z.string() })])
    .optional(),
  name: z.string(),
})

async function problemsOf(parameter: unknown) {
  const text = JSON.stringify({ steps: [0, { parameter }] })
  const document = parseJson(text, 'job.json')
  const problems = new ProblemList(document)
  const value = (document.value as { steps: { parameter: unknown }[] }).steps[1]?.parameter
  await validateConfig(schema, value, problems, { base: ['steps', 1, 'parameter'] })
  return problems.problems.map((problem) =>
    [problem.message.replace('steps[1].parameter.', ''), problem.hint].filter(Boolean).join(' | '),
  )
}

describe('validateConfig', () => {
  it.each<[object, string]>([
    [{ batchSize: 'abc' }, 'batchSize: expected an integer of at least 1, found "abc"'],
    [{ batchSize: true }, 'batchSize: expected a number or a text in quotes, found true'],
    [{ table: 4 }, 'table: expected a text in quotes or a list, found 4'],
    [{ table: ['a', 4] }, 'table[1]: expected a text in quotes, found 4'],
    [{ mode: 'lpsh' }, 'mode: expected "lpush" or "rpush", found "lpsh" | Did you mean "lpush"?'],
    [
      { write: { type: 'strin' } },
      'write.type: expected "string" or "list", found "strin" | Did you mean "string"?',
    ],
    [{ kind: { type: 'a', size: 'x' } }, 'kind.size: expected a number, found "x"'],
    [{ kind: { type: 'a' } }, 'kind.size: is missing: expected a number'],
    [{ cell: [] }, 'cell: expected a text in quotes, a number or an object, found an empty list'],
    [{ cell: { $bytes: 'x', a: 1 } }, 'cell.a: unknown key'],
    [{ cell: {} }, 'cell.$bytes: is missing: expected a text in quotes'],
    [{ list: [0] }, 'list[0]: expected a number of at least 1, found 0'],
    [{ list: [] }, 'list: expected a list of at least 1 entries, found an empty list'],
    [{ list: {} }, 'list: expected a list, found an object'],
    [{ password: 'hush' }, 'password: expected a number, found something else'],
    [{ url: 'redis://:hush@h/0' }, 'url: expected a number, found "redis://h/0"'],
    [{ url: `x${'y'.repeat(1_000_000)}` }, `url: expected a number, found "x${'y'.repeat(56)}..."`],
    [{ flag: 'yes' }, 'flag: expected true or false, found "yes"'],
    [{ tabel: 't' }, 'tabel: unknown key | Did you mean "table"?'],
    [{ tableComment: '' }, 'tableComment: has no effect: no such key is known here'],
  ])('%j', async (parameter, expected) => {
    expect(await problemsOf({ name: 'x', ...parameter })).toEqual([expected])
  })

  it('reports everything at once, in place', async () => {
    const document = parseJson('{\n "batchSize": 0,\n "flag": 1\n}', 'job.json')
    const problems = new ProblemList(document)
    expect(await validateConfig(schema, document.value, problems, { base: [] })).toBeUndefined()
    expect(problems.problems.map(({ message, line, column }) => [message, line, column])).toEqual([
      ['batchSize: expected an integer of at least 1, found 0', 2, 15],
      ['flag: expected true or false, found 1', 3, 10],
      ['name: is missing: expected a text in quotes', 1, 1],
    ])
  })

  it('gives the output of the schema', async () => {
    const document = parseJson('{"name": "x", "batchSize": "5"}', 'job.json')
    const problems = new ProblemList(document)
    const validated = await validateConfig(schema, document.value, problems, { base: [] })
    expect(validated?.value).toEqual({ name: 'x', batchSize: 5 })
    expect(problems.problems).toEqual([])
  })

  it('knows the keys of a schema that JSON Schema cannot express', async () => {
    const odd = z.looseObject({ when: z.date().optional() })
    const problems = new ProblemList(parseJson('{"wehn": 1}', 'job.json'))
    await validateConfig(odd, { wehn: 1 }, problems, { base: [] })
    expect(problems.problems).toMatchObject([{ hint: 'Did you mean "when"?' }])
  })

  it('reports a schema that throws', async () => {
    const broken = z.unknown().transform(() => {
      throw new Error('at redis://u:hush@h')
    })
    const problems = new ProblemList(parseJson('{}', 'job.json'))
    await validateConfig(broken, {}, problems, { base: ['steps'] })
    expect(problems.problems[0]?.message).toBe('steps: cannot be validated: at redis://h')
  })
})
