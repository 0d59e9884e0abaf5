import { describe, expect, it } from 'vitest'
import {
  compiled,
  jmespath,
  job,
  output,
  routesOf,
  sql,
  table,
  warnings,
} from '../../test/route-fixture.ts'
import { expressionCompiler } from '../expression/expression-compiler.ts'
import type { Expression, TableJob, TransformBlock } from '../model/table-job.ts'

const bill = table('bill', { id: 'int', Country: 'string', data: 'json', 'a b': 'string' })
const filter = (expression: Expression): TransformBlock => ({ uses: 'filter', expression })
const add = (field: string, expression: Expression): TransformBlock => ({
  uses: 'add_field',
  fields: [{ field, expression }],
})

async function warningsOf(options: Partial<TableJob>, schema = bill) {
  const jobs = [
    job({ ...options, match: { table: 'bill', isCaseInsensitive: true, ...options.match } }),
  ]
  const routes = routesOf({ jobs, compiler: expressionCompiler })
  await using _ = await compiled(routes, [schema])
  return warnings.map((message) => message.replace(/^.*reads the field /, ''))
}

describe('an expression that reads a field which rows do not have', () => {
  it('is named with its place and the nearest field', async () => {
    const key = jmespath("concat(['k:', InvoiceId])")
    await warningsOf({ outputs: [output({ key })], blocks: [filter(sql('idd > 3'))] })
    const place = 'jobs/test.yaml:1:1: the expression reads the field'
    const end = 'which rows of bill do not have there: it is null'
    expect(warnings).toEqual([
      `${place} "idd", ${end}; did you mean "id"?`,
      `${place} "InvoiceId", ${end}`,
    ])
  })

  it.each<[string, TransformBlock[], readonly string[]]>([
    ['in JMESPath in another case', [filter(jmespath('country'))], ['"country"', '"Country"']],
    ['as a part of one', [filter(jmespath('datta.x'))], ['"datta.x"']],
    ['in SQL', [filter(sql('upper(contry) = 1'))], ['"contry"', '"Country"']],
    ['in a lookup', [lookup()], ['"nid"', '"id"']],
    ['in a map', [{ uses: 'map', expression: jmespath('{a: idx}') }], ['"idx"', '"id"']],
    ['in an object', [objectMap('idx')], ['"idx"', '"id"']],
    [
      'that was removed',
      [{ uses: 'remove_field', fields: [{ field: 'id' }] }, filter(sql('id'))],
      ['"id"'],
    ],
    ['that is behind it', [filter(jmespath('made')), add('made', jmespath('id'))], ['"made"']],
    ['that a map left out', [objectMap('id'), filter(jmespath('Country'))], ['"Country"']],
    ['of full records', [filter(jmespath("opcode == 'd'"))], ['"opcode"', 'row_format: full']],
  ])('%s', async (_, blocks, expected) => {
    const [message, ...others] = await warningsOf({ blocks })
    for (const part of expected) expect(message).toContain(part)
    expect(others).toEqual([])
  })

  it.each<[string, TransformBlock[]]>([
    ['functions and literals', [filter(jmespath("contains(Country, 'x') && `y` && @"))]],
    [
      'names below a field',
      [filter(jmespath('data.x[?y > `1`].z | [0].w')), filter(sql('data.x'))],
    ],
    ['expressions over elements', [filter(jmespath('sort_by(data.rows, &total)[0].total'))]],
    [
      'SQL in any case, words and quoted text',
      [filter(sql('CASE WHEN COUNTRY IS NULL THEN "x" ELSE CAST(id AS TEXT) END'))],
    ],
    ['quoted names', [filter(jmespath('"a b"')), filter(sql('`a b` || [a b]'))]],
    [
      'fields that blocks make',
      [add('x.y', jmespath('id')), filter(jmespath('x.y')), filter(sql('x.y'))],
    ],
    [
      'new names',
      [{ uses: 'rename_field', fields: [{ from: 'id', to: 'nr' }] }, filter(jmespath('nr'))],
    ],
    [
      'what a lookup found',
      [{ ...lookup(), arguments: [] } as TransformBlock, filter(jmespath('found'))],
    ],
  ])('is not: %s', async (_, blocks) => {
    expect(await warningsOf({ blocks })).toEqual([])
  })

  it('in full records', async () => {
    const full = async (...blocks: TransformBlock[]) =>
      await warningsOf({ rowFormat: 'full', blocks })
    expect(
      await full(
        add('after.made', jmespath("opcode == 'd' && before.id || after.id")),
        add('scratch', jmespath('concat([db, schema, table, keys(key)[0], values(key)[0]])')),
        filter(jmespath('scratch && after.made && key.id && (after || before).anything')),
        filter(sql('`after.country` = "x" AND OPCODE = 1')),
      ),
    ).toEqual([])
    expect(await full(filter(jmespath('id')))).toEqual([
      expect.stringMatching(/^"id".*did you mean "after\.id"\?/),
    ])
    expect(await full(filter(jmespath('after.idd || before.country')))).toEqual([
      expect.stringMatching(/^"after\.idd".*"after\.id"/),
      expect.stringMatching(/^"before\.country".*"before\.Country"/),
    ])
  })

  it('is nothing to say of documents, and of a job for all tables', async () => {
    const blocks = [filter(jmespath('idd'))]
    expect(await warningsOf({ blocks }, { ...bill, documents: 'whole' })).toEqual([])
    expect(await warningsOf({ blocks, match: { table: '*', isCaseInsensitive: true } })).toEqual([])
  })
})

function lookup(): Extract<TransformBlock, { uses: 'redis.lookup' }> {
  return {
    uses: 'redis.lookup',
    connection: 'target',
    command: 'GET',
    arguments: [jmespath('nid')],
    field: 'found',
    batchSize: 1,
  }
}

function objectMap(text: string): TransformBlock {
  return { uses: 'map', expression: { fields: [{ name: 'a', value: jmespath(text) }] } }
}
