import { describe, expect, it } from 'vitest'
import { change, tableOf } from './acceptance-rows.ts'
import { AcceptanceRedis } from './acceptance-redis.ts'
import { makePipeline } from './pipeline-run.ts'

const place = new AcceptanceRedis()

const stock = tableOf('stock', { shop: 'string', item: 'string', count: 'int' })
const keyless = { ...stock, schema: { ...stock.schema, key: [] } }

describe('what is looked at in the first hour', () => {
  it('a: a snapshot that ended in the middle goes on and leaves the same', async () => {
    const rows = Array.from({ length: 50 }, (_, at) => ['oslo', `item ${at}`, String(at)])
    const schema = { ...stock.schema, key: [0, 1] }
    const jobs = `source: {table: stock}
output:
  - {uses: redis.write, with: {data_type: hash}}
  - {uses: redis.write, with: {data_type: stream, key: {expression: "\`log\`", language: jmespath}}}
`
    const pipeline = await makePipeline(place.setup(jobs, { batchSize: 7 }))
    const input = { tables: [{ schema, rows }], maxSplits: 2 }
    for (const failAfterRows of [10, 20, 9]) {
      const { report } = await pipeline.resume({ ...input, failAfterRows })
      expect(report.status).toBe('failed')
    }
    const { report } = await pipeline.resume(input)
    expect(report).toMatchObject({ status: 'complete', total: { recordsWritten: 50 } })
    expect(await place.keys()).toEqual(
      [...rows.map((row) => `stock:shop:oslo:item:${row[1]}`), 'log'].sort(),
    )
    expect(await place.client.hgetall('stock:shop:oslo:item:item 49')).toMatchObject({
      count: '49',
    })
    const logged = (await place.client.xrange('log', '-', '+')).map(([, fields]) =>
      Number(fields[5]),
    )
    expect(logged.sort((one, other) => one - other)).toEqual(rows.map((_, at) => at))
  })

  it('e: a key that changes is removed and written anew', async () => {
    await place.run(
      {},
      {
        tables: [stock],
        changes: [
          change('c', ['oslo', 'pen', '1']),
          change('u', ['voss', 'pen', '1'], { before: ['oslo', 'pen', '1'] }),
        ],
      },
    )
    expect(await place.keys()).toEqual(['stock:shop:voss'])
  })

  it('g: a table without a primary key has the keys that the config names', async () => {
    const pipeline = await makePipeline(
      place.setup({}, { tables: ['public.stock: {keys: [shop, item]}'] }),
    )
    const changes = [
      change('c', ['oslo', 'pen', '1']),
      change('c', ['oslo', 'ink', '2']),
      change('u', ['oslo', 'pen', '5'], { before: ['oslo', 'pen', '1'] }),
      change('d', ['oslo', 'ink', '2']),
    ]
    const { report } = await pipeline.run({ tables: [keyless], changes })
    expect(report).toMatchObject({ status: 'complete', recordsWritten: 4, recordsDirty: 0 })
    expect(await place.keys()).toEqual(['stock:shop:oslo:item:pen'])
    expect(await place.client.hget('stock:shop:oslo:item:pen', 'count')).toBe('5')
  })
})

describe('d: what is refused before anything is read', () => {
  const write = (options: string) => `source: {table: stock}
output: [{uses: redis.write, with: {${options}}}]
`
  const set = 'data_type: set, key: {expression: shop, language: jmespath}'
  const nest =
    'nest: {parent: {table: stock}, parent_key: a, nesting_key: b, path: $.c, structure: map}'
  it.each<[string, Record<string, string>, RegExp[]]>([
    ['an unknown key', { a: write('data_tpye: hash') }, [/a.yaml:2.*data_tpye.*data_type/]],
    [
      'an unknown block',
      { a: 'source: {table: stock}\ntransform: [{uses: add_feild, with: {}}]\n' },
      [/a.yaml:2.*add_feild.*add_field/],
    ],
    [
      'two jobs for one table',
      { a: write('data_type: hash'), b: write('data_type: json') },
      [/b.yaml:1:17.*second job.*a.yaml/],
    ],
    [
      'an unknown table',
      { a: write('data_type: hash').replace('stock', 'stork') },
      [/stork.*stock/],
    ],
    ['a set without a member', { a: write(set) }, [/a.yaml:2.*member/]],
    [
      'a sorted set without a score',
      { a: write(`${set.replace('set', 'sorted_set')}, args: {member: item}`) },
      [/a.yaml:2.*score/],
    ],
    [
      'a mapping of a set',
      { a: write(`${set}, args: {member: item}, mapping: [item]`) },
      [/a.yaml:2.*mapping/],
    ],
    [
      'a nest with a key',
      {
        a: write(
          `data_type: json, on_update: merge, key: {expression: shop, language: jmespath}, ${nest}`,
        ),
      },
      [/a.yaml:2.*key.*nest/],
    ],
  ])('%s', async (_, jobs, expected) => {
    const pipeline = await makePipeline(place.setup(jobs, { tables: ['public.stock: {}'] }))
    const problems = (await pipeline.problems()).filter((problem) => problem.includes(' error '))
    expect(problems).toEqual(expected.map((text) => expect.stringMatching(text)))
  })
})
